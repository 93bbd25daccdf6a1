//! The web console: on this machine without a login, on a local network with TLS and a token for each viewer.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::mesh::ClearanceConfig;
use super::{ConfigError, is_name};

/// Viewers with a token of their own at the most.
///
/// No counter: a configuration with more is refused.
pub const TOKENS_MAX: usize = 64;

/// Further names of this machine at the most.
///
/// No counter: a configuration with more is refused.
pub const HOSTS_MAX: usize = 16;

/// The web console.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ConsoleConfig {
    /// Whether it is served at all.
    pub enabled: bool,
    /// Address and port on loopback: whoever is on this machine needs no token.
    pub listen: String,
    /// The site whose pages may show the console in a frame, e.g. `http://127.0.0.1:8477`; without it, none may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub framed_by: Option<String>,
    /// Names by which this machine may be asked, beside its addresses and `localhost`.
    pub hosts: Vec<String>,
    /// Folder with base maps: PMTiles and MBTiles files, and folders of tiles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maps: Option<PathBuf>,
    /// What those on this machine may see; without it, everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clearance: Option<ClearanceConfig>,
    /// The same console for others on the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lan: Option<LanConfig>,
}

impl Default for ConsoleConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: "127.0.0.1:8477".into(),
            framed_by: None,
            hosts: vec![],
            maps: None,
            clearance: None,
            lan: None,
        }
    }
}

/// The console for others on the network.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LanConfig {
    /// Address and port.
    pub listen: String,
    /// This node's certificate and those that lead to its authority, a PEM file.
    pub certificate: PathBuf,
    /// The key to it, a PEM file that nobody else may read.
    pub key: PathBuf,
    /// Who may look.
    pub viewers: Vec<ViewerConfig>,
}

/// Who may look, and at what.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ViewerConfig {
    /// Their name, which stands by what they say of tracks.
    pub name: String,
    /// File with their token and nothing else, which nobody else may read.
    pub token_file: PathBuf,
    /// What they may see.
    pub clearance: ClearanceConfig,
    /// Whether they may say whose a track is, and remark on it.
    #[serde(default)]
    pub annotate: bool,
    /// Whether they also see what bears no label: counters, neighbours, ways out, how many tracks are withheld.
    #[serde(default)]
    pub health: bool,
}

impl ConsoleConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if let Some(site) = self.framed_by.as_ref().filter(|site| !is_site(site)) {
            let message = format!("\"{site}\" is no site; write e.g. \"http://127.0.0.1:8477\"");
            return Err(ConfigError::at("console.framed-by", message));
        }
        if self.hosts.len() > HOSTS_MAX {
            return Err(ConfigError::at("console.hosts", format!("at most {HOSTS_MAX} names")));
        }
        if let Some(host) = self.hosts.iter().find(|host| !is_host(host)) {
            let message = format!("\"{host}\" is no name of a machine; write e.g. \"box.local\", without a port");
            return Err(ConfigError::at("console.hosts", message));
        }
        if let Some(clearance) = &self.clearance {
            clearance.clearance("console.clearance")?;
        }
        if self.enabled && !address("console.listen", &self.listen)?.ip().is_loopback() {
            return Err(ConfigError::at("console.listen", no_loopback(&self.listen)));
        }
        self.lan.as_ref().map_or(Ok(()), LanConfig::check)
    }
}

/// Why an address that others can reach is refused, and what to do instead.
#[must_use]
pub fn no_loopback(listen: &str) -> String {
    format!(
        "\"{listen}\" can be reached from other machines, and there is no login there; give an address of this machine \
         alone, e.g. \"127.0.0.1:8477\", and for the network console.lan.listen with console.lan.certificate, \
         console.lan.key (mode 0600) and console.lan.viewers, each with a token-file (mode 0600)"
    )
}

impl LanConfig {
    fn check(&self) -> Result<(), ConfigError> {
        let _ = address("console.lan.listen", &self.listen)?;
        if self.viewers.is_empty() || self.viewers.len() > TOKENS_MAX {
            let message = format!("1 to {TOKENS_MAX} viewers; without a token nobody sees anything");
            return Err(ConfigError::at("console.lan.viewers", message));
        }
        for (i, viewer) in self.viewers.iter().enumerate() {
            let key = format!("console.lan.viewers[{i}]");
            if !is_name(&viewer.name) {
                return Err(ConfigError::at(format!("{key}.name"), "must be 1 to 32 of a–z, 0–9 and '-'"));
            }
            if self.viewers[..i].iter().any(|other| other.name == viewer.name) {
                let message = format!("\"{}\" is already the name of another; names must differ", viewer.name);
                return Err(ConfigError::at(format!("{key}.name"), message));
            }
            viewer.clearance.clearance(&format!("{key}.clearance"))?;
        }
        Ok(())
    }
}

fn address(key: &str, text: &str) -> Result<SocketAddr, ConfigError> {
    text.parse()
        .map_err(|_| ConfigError::at(key, format!("\"{text}\" is no address and port; write e.g. \"127.0.0.1:8477\"")))
}

/// A site as browsers name it: it travels in a header, so nothing that could end its field may be in it.
fn is_site(text: &str) -> bool {
    let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-.:[]*".contains(&b);
    host.is_some_and(|host| !host.is_empty() && host.bytes().all(plain))
}

fn is_host(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    (1..=253).contains(&text.len()) && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    const NODE: &str = "[node]\nname = \"alpha\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n";
    const LAN: &str = "[console.lan]\nlisten = \"0.0.0.0:8478\"\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n";
    const VIEWER: &str = "[[console.lan.viewers]]\nname = \"ops\"\ntoken-file = \"ops.token\"\n\
                          clearance = { level = \"restricted\", communities = [\"POL\"] }\n";

    fn refusal(more: &str) -> String {
        Config::parse(&format!("{NODE}{more}")).expect_err("must be refused").to_string()
    }

    #[test]
    fn nobody_else_reaches_a_console_without_a_login() {
        for listen in ["0.0.0.0:8477", "192.168.1.7:8477", "[::]:8477"] {
            let message = refusal(&format!("[console]\nlisten = \"{listen}\"\n"));
            assert!(message.starts_with("console.listen: ") && message.contains(listen), "{message}");
            for key in ["console.lan.listen", "certificate", "key", "viewers", "token-file", "0600"] {
                assert!(message.contains(key), "{key}: {message}");
            }
        }
    }

    #[test]
    fn a_network_needs_a_certificate_a_key_and_a_token() {
        assert!(Config::parse(&format!("{NODE}{LAN}{VIEWER}")).is_ok());
        assert!(refusal(LAN).contains("viewers"));
        assert!(refusal("[console.lan]\nlisten = \"0.0.0.0:8478\"\n").contains("certificate"));
        assert!(refusal(&format!("{LAN}viewers = []\n")).starts_with("console.lan.viewers"));
        assert!(refusal(&format!("{LAN}{VIEWER}{VIEWER}")).starts_with("console.lan.viewers[1].name"));
    }

    #[test]
    fn what_a_network_may_see_is_written_out_and_reads_back_the_same() {
        let config = Config::parse(&format!("{NODE}{LAN}{VIEWER}")).expect("valid");
        assert_eq!(Config::parse(&config.to_toml()), Ok(config));
    }

    #[test]
    fn a_host_is_a_bare_name() {
        assert!(refusal("[console]\nhosts = [\"box.local:8477\"]\n").starts_with("console.hosts"));
    }
}
