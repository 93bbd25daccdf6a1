//! Whether the certificates, keys and tokens of the configuration can be shown, and for how long yet.
//!
//! Each is read by what reads it in a running node, so that both think alike of it.

use std::path::Path;

use fusion_core::time::Timestamp;
use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use super::findings::Finding;
use crate::config::console::LanConfig;
use crate::config::tak::TakEndpoint;
use crate::config::{Config, KeysConfig, TakConfig};
use crate::keys::files;
use crate::outputs::tak::tls;
use crate::outputs::web;

const NANOS_PER_DAY: f64 = 86_400.0 * 1e9;
const SECRETS: &str = "docs/CONFIG.md, Files that nobody else may read";

/// What a certificate is held against.
#[derive(Clone, Copy, Debug)]
struct Horizon {
    now: Timestamp,
    /// With fewer days left it is doubtful.
    warning_days: u16,
}

/// A certificate, and the key to it, as the configuration names them.
struct Pair<'a> {
    /// The table: `tak[0]`.
    table: &'a str,
    /// Whose, in brackets behind a space, where there may be several.
    of: &'a str,
    certificate: &'a Path,
    key: &'a Path,
    /// What to do when it is renewed.
    then: &'a str,
}

/// Those of TAK and of the console for others. Certificates are held against as many days as the node's own keys.
pub fn look(config: &Config, now: Timestamp) -> Vec<Finding> {
    let warning_days =
        config.keys.as_ref().map_or_else(|| KeysConfig::default().warning_days, |keys| keys.warning_days);
    let horizon = Horizon { now, warning_days };
    let of_tak = config.tak.iter().enumerate().flat_map(|(i, output)| tak(&format!("tak[{i}]"), output, horizon));
    let of_console = config.console.lan.iter().flat_map(|lan| console(lan, horizon));
    of_tak.chain(of_console).collect()
}

fn tak(table: &str, config: &TakConfig, horizon: Horizon) -> Vec<Finding> {
    let (mut findings, of) = (Vec::new(), format!(" ({})", config.name));
    let endpoint = match config.parsed_endpoint(table) {
        Ok(endpoint) if endpoint.is_secure() => endpoint,
        _ => return findings,
    };
    let [authority, certificate, key] = tls::named(config);
    if let Err(why) = tls::authorities(authority) {
        findings.push(Finding::failing(format!("{table}.authority{of}"), why, legible(authority)));
    }
    if let TakEndpoint::Tls(server) = &endpoint
        && let Err(why) = tls::server_name(config, server)
    {
        let remedy = format!("write {table}.server-name as it stands in the server's certificate");
        findings.push(Finding::failing(format!("{table}.server-name{of}"), why, remedy));
    }
    let is_sound = findings.is_empty();
    let together = || match &endpoint {
        _ if !is_sound => Ok(()),
        TakEndpoint::Tls(server) => tls::connector(config, server).map(drop),
        TakEndpoint::Udp(_) | TakEndpoint::Tcp(_) | TakEndpoint::TcpListen(_) | TakEndpoint::TlsListen(_) => {
            tls::acceptor(config).map(drop)
        }
    };
    let then = "the next connection shows it";
    findings.extend(Pair { table, of: &of, certificate, key, then }.look(together, horizon));
    findings
}

fn console(lan: &LanConfig, horizon: Horizon) -> Vec<Finding> {
    let (certificate, key) = (&lan.certificate, &lan.key);
    let pair = Pair { table: "console.lan", of: "", certificate, key, then: "systemctl reload copmesh" };
    let mut findings = pair.look(|| web::acceptor(lan).map(drop), horizon);
    let mut read = 0;
    for (i, viewer) in lan.viewers.iter().enumerate() {
        let (what, path) = (format!("console.lan.viewers[{i}].token-file ({})", viewer.name), &viewer.token_file);
        if files::is_handed_to_another(path) {
            findings.push(handed(what, path));
            continue;
        }
        match web::Token::read(path) {
            Ok(_) => read += 1,
            Err(why) => findings.push(Finding::failing(what, why, secret(path, "what openssl rand -hex 32 prints"))),
        }
    }
    if read > 0 {
        findings.push(Finding::well("console.lan.viewers", format!("{read} token(s) that nobody else may read")));
    }
    findings
}

impl Pair<'_> {
    fn what(&self, key: &str) -> String {
        format!("{}.{key}{}", self.table, self.of)
    }

    /// `together` makes of both what the node makes of them.
    fn look(&self, together: impl FnOnce() -> Result<(), String>, horizon: Horizon) -> Vec<Finding> {
        let mut findings = Vec::new();
        let is_handed = files::is_handed_to_another(self.key);
        if is_handed {
            findings.push(handed(self.what("key"), self.key));
        } else if let Err(why) = tls::private_key(self.key) {
            findings.push(Finding::failing(self.what("key"), why, secret(self.key, "one private key as PEM")));
        }
        match tls::certificates(self.certificate) {
            Ok(chain) => {
                if findings.is_empty()
                    && let Err(why) = together()
                {
                    let (certificate, key) = (self.certificate.display(), self.key.display());
                    let remedy = format!(
                        "these must print the same: openssl x509 -noout -pubkey -in {certificate}; \
                         openssl pkey -pubout -in {key}"
                    );
                    findings.push(Finding::failing(self.what("key"), why, remedy));
                }
                findings.push(self.validity(&chain, horizon));
            }
            Err(why) => {
                findings.push(Finding::failing(self.what("certificate"), why, legible(self.certificate)));
            }
        }
        findings
    }

    /// A chain counts while all of it does.
    fn validity(&self, chain: &[CertificateDer<'_>], Horizon { now, warning_days }: Horizon) -> Finding {
        let (what, path) = (self.what("certificate"), self.certificate.display());
        let (mut until_begin, mut left) = (f64::NEG_INFINITY, f64::INFINITY);
        for certificate in chain {
            let validity = match X509Certificate::from_der(certificate) {
                Ok((_, parsed)) => parsed.validity().clone(),
                Err(e) => {
                    return Finding::failing(what, format!("{path}: no certificate: {e}"), legible(self.certificate));
                }
            };
            until_begin = until_begin.max(days(now, validity.not_before.timestamp()));
            left = left.min(days(now, validity.not_after.timestamp()));
        }
        let remedy = format!("have it renewed by its authority, put it into {path}; {}", self.then);
        if until_begin > 0.0 {
            let text = format!("{path}: counts only in {until_begin:.1} days");
            Finding::failing(what, text, "is the clock right? date; else wait, or have it issued from now on")
        } else if left <= 0.0 {
            Finding::failing(what, format!("{path}: expired {:.1} days ago", -left), remedy)
        } else if left < f64::from(warning_days) {
            Finding::doubtful(what, format!("{path}: expires in {left:.1} days"), remedy)
        } else {
            Finding::well(what, format!("{path}: {left:.0} days left"))
        }
    }
}

/// From now to a time in seconds since 1970, which may be later than a [`Timestamp`] can tell.
#[expect(clippy::cast_precision_loss, reason = "days, of which a thousandth is enough")]
fn days(now: Timestamp, seconds: i64) -> f64 {
    (seconds as f64 * 1e9 - now.as_nanos() as f64) / NANOS_PER_DAY
}

/// What systemd hands to the service, only the service can read.
fn handed(what: String, path: &Path) -> Finding {
    let name = path.file_name().unwrap_or_default().display();
    let text =
        format!("{}: handed to the service alone, see LoadCredential={name}: in systemctl cat copmesh", path.display());
    Finding::skipped(what, text)
}

fn legible(path: &Path) -> String {
    let path = path.display();
    format!("a PEM file that the service may read: ls -l {path}; openssl x509 -noout -text -in {path}")
}

fn secret(path: &Path, content: &str) -> String {
    format!("chmod 600 {}, with {content} in it ({SECRETS})", path.display())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;
    use crate::cli::doctor::findings::{State, table};

    const NODE: &str = "[node]\nname = \"alpha\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n";
    const CLEARANCE: &str = "clearance = { level = \"restricted\", communities = [\"POL\"] }";

    /// A folder with a certificate that counts throughout January 2027, its key, and a token.
    struct Bench(PathBuf);

    impl Bench {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("copmesh-papers-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::new(["box".to_owned()]).unwrap();
            (params.not_before, params.not_after) = (date_time_ymd(2027, 1, 1), date_time_ymd(2027, 2, 1));
            let bench = Self(folder);
            bench.write("me.pem", &params.self_signed(&key).unwrap().pem(), 0o644);
            bench.write("me.key", &key.serialize_pem(), 0o600);
            bench.write("ops.token", "0123456789abcdef0123456789abcdef\n", 0o600);
            bench
        }

        fn write(&self, name: &str, text: &str, mode: u32) {
            fs::write(self.0.join(name), text).unwrap();
            fs::set_permissions(self.0.join(name), Permissions::from_mode(mode)).unwrap();
        }

        /// A server, handhelds, and the console for others.
        fn config(&self) -> Config {
            let folder = self.0.display();
            let pair = format!("certificate = \"{folder}/me.pem\"\nkey = \"{folder}/me.key\"\n");
            let tak = |name: &str, endpoint: &str| {
                format!(
                    "[[tak]]\nname = \"{name}\"\nendpoint = \"{endpoint}\"\nauthority = \"{folder}/me.pem\"\n\
                     {pair}{CLEARANCE}\n"
                )
            };
            Config::parse(&format!(
                "{NODE}{}{}[console.lan]\nlisten = \"0.0.0.0:8478\"\n{pair}[[console.lan.viewers]]\nname = \"ops\"\n\
                 token-file = \"{folder}/ops.token\"\n{CLEARANCE}\n",
                tak("hq", "tls://tak.example:8089"),
                tak("phones", "tls-listen://0.0.0.0:8089")
            ))
            .unwrap()
        }

        fn table(&self, findings: &[Finding]) -> String {
            table(findings, false).replace(&self.0.display().to_string(), "FOLDER")
        }
    }

    impl Drop for Bench {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn january(day: i64) -> Timestamp {
        Timestamp::from_secs(date_time_ymd(2027, 1, 1).unix_timestamp() + (day - 1) * 86_400)
    }

    #[test]
    fn papers_that_a_node_would_show_are_well_until_their_end_is_near() {
        let bench = Bench::new("days");
        let states = |day| -> Vec<State> {
            let findings = look(&bench.config(), january(day));
            findings.iter().filter(|finding| finding.what.contains("certificate")).map(|f| f.state).collect()
        };
        assert_eq!(states(0), [State::Failing; 3], "not yet");
        assert_eq!(states(18), [State::Well; 3], "14 days left");
        assert_eq!(states(19), [State::Doubtful; 3], "13 days left");
        assert_eq!(states(32), [State::Failing; 3], "no more");
        let keys = Some(KeysConfig { warning_days: 3, ..KeysConfig::default() });
        let findings = look(&Config { keys, ..bench.config() }, january(19));
        assert!(findings.iter().all(|finding| finding.state == State::Well), "{findings:?}");
        insta::assert_snapshot!(bench.table(&look(&bench.config(), january(30))));
    }

    #[test]
    fn each_paper_that_cannot_be_shown_is_told_with_its_key_of_the_configuration_and_a_remedy() {
        let bench = Bench::new("faults");
        let mut told = String::new();
        let mut tell = |what: &str| {
            told += &format!("{what}:\n{}\n", bench.table(&look(&bench.config(), january(2))));
        };
        bench.write("me.key", &fs::read_to_string(bench.0.join("me.key")).unwrap(), 0o640);
        bench.write("ops.token", "0123456789abcdef0123456789abcdef", 0o644);
        tell("others may read what is secret");
        bench.write("me.key", &KeyPair::generate().unwrap().serialize_pem(), 0o600);
        bench.write("ops.token", "short", 0o600);
        tell("the key is to another certificate");
        bench.write("me.pem", "no PEM", 0o644);
        fs::remove_file(bench.0.join("me.key")).unwrap();
        tell("no certificate, and no key");
        insta::assert_snapshot!(told);
    }

    #[test]
    fn a_server_name_that_is_none_is_told_apart_from_its_papers() {
        let bench = Bench::new("server-name");
        let mut config = bench.config();
        config.tak[0].server_name = Some("no name".into());
        let findings = look(&config, january(2));
        let failing: Vec<&str> =
            findings.iter().filter(|finding| finding.state == State::Failing).map(|f| f.what.as_str()).collect();
        assert_eq!(failing, ["tak[0].server-name (hq)"], "{findings:?}");
    }

    #[test]
    fn what_systemd_hands_to_the_service_alone_is_not_called_missing() {
        let bench = Bench::new("handed");
        let mut config = bench.config();
        config.tak[0].key = Some("/run/credentials/copmesh.service/tak.key".into());
        let lan = config.console.lan.as_mut().unwrap();
        lan.viewers[0].token_file = "/run/credentials/copmesh.service/ops.token".into();
        let findings = look(&config, january(2));
        assert!(findings.iter().all(|finding| finding.state != State::Failing), "{findings:?}");
        let skipped = findings.iter().filter(|finding| finding.state == State::Skipped);
        let names: Vec<&str> = skipped.map(|finding| finding.what.as_str()).collect();
        assert_eq!(names, ["tak[0].key (hq)", "console.lan.viewers[0].token-file (ops)"]);
    }

    #[test]
    fn a_certificate_that_counts_longer_than_time_can_be_told_is_well() {
        let centuries = days(january(1), date_time_ymd(9999, 12, 31).unix_timestamp());
        assert!((centuries - 2_912_077.0).abs() < 2.0, "{centuries}");
    }
}
