//! Whether the picture can leave: each receiver reached, each port for handhelds free, each socket opened.
//!
//! Connections that the running node has are left alone, as those to sensors are.

use std::net::SocketAddr;

use serde_json::Value;

use super::findings::Finding;
use super::network::{connection, listener};
use crate::config::Config;
use crate::config::endpoint::UdpEndpoint;
use crate::config::tak::TakEndpoint;
use crate::outputs::datagrams;

/// What is needed of a way out, in whichever language.
#[derive(Debug)]
enum Need {
    /// Datagrams to an address or a group.
    Datagrams(UdpEndpoint),
    /// A server at `HOST:PORT`.
    Server(String),
    /// A port of our own.
    Port(SocketAddr),
}

/// One way out, as the configuration names it.
#[derive(Debug)]
struct WayOut {
    /// `tak[0]`.
    key: String,
    name: String,
    endpoint: String,
    need: Need,
    /// What the running node says of it, if it has it.
    held: Option<Value>,
}

/// All ways out. `status`: what the running node says, if it is the one of this configuration.
pub async fn look(config: &Config, status: Option<&Value>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let under_way: Vec<_> = all(config, status).into_iter().map(|one| tokio::spawn(one.look())).collect();
    for task in under_way {
        findings.extend(task.await);
    }
    findings
}

fn all(config: &Config, status: Option<&Value>) -> Vec<WayOut> {
    let mut all = Vec::new();
    // An endpoint that is none was refused with the configuration.
    let mut add = |kind: &str, place: usize, name: &str, endpoint: &str, need: Option<Need>| {
        let same = |told: &&Value| told["name"] == *name && told["endpoint"] == *endpoint;
        let told = status.and_then(|status| status[kind.replace('-', "_")].as_array());
        let held = told.into_iter().flatten().find(same).cloned();
        let (key, name, endpoint) = (format!("{kind}[{place}]"), name.to_owned(), endpoint.to_owned());
        all.extend(need.map(|need| WayOut { key, name, endpoint, need, held }));
    };
    for (i, output) in config.tak.iter().enumerate() {
        let need = output.parsed_endpoint("tak").ok().map(|endpoint| match endpoint {
            TakEndpoint::Udp(endpoint) => Need::Datagrams(endpoint),
            TakEndpoint::Tcp(server) | TakEndpoint::Tls(server) => Need::Server(server),
            TakEndpoint::TcpListen(address) | TakEndpoint::TlsListen(address) => Need::Port(address),
        });
        add("tak", i, &output.name, &output.endpoint, need);
    }
    for (i, output) in config.cat062.iter().enumerate() {
        let need = output.parsed_endpoint("cat062").ok().map(Need::Datagrams);
        add("cat062", i, &output.name, &output.endpoint, need);
    }
    for (i, output) in config.sapient_out.iter().enumerate() {
        let need = output.server("sapient-out").ok().map(Need::Server);
        add("sapient-out", i, &output.name, &output.endpoint, need);
    }
    all
}

impl WayOut {
    async fn look(self) -> Finding {
        let what = format!("{}.endpoint ({})", self.key, self.name);
        match (&self.need, &self.held) {
            (Need::Port(address), held) => listener(what, *address, held.is_some()),
            (Need::Datagrams(endpoint), _) => datagrams(what, &self.endpoint, endpoint),
            (Need::Server(server), None) => connection(what, server).await,
            (Need::Server(_), Some(held)) if held["trouble"].is_null() => {
                Finding::well(what, format!("{}: the running node has no trouble with it", self.endpoint))
            }
            (Need::Server(_), Some(_)) => {
                let text = format!("{}: left to the running node, see way out {}", self.endpoint, self.name);
                Finding::skipped(what, text)
            }
        }
    }
}

/// Opens the socket as a node does, and asks the system for the way; nothing is sent.
fn datagrams(what: String, text: &str, endpoint: &UdpEndpoint) -> Finding {
    let is_group = endpoint.address.ip().is_multicast();
    let opened = datagrams::sender(endpoint).and_then(|socket| socket.into_std()?.connect(endpoint.address));
    match opened {
        Ok(()) => Finding::well(what, format!("{text}: there is a way to it")),
        Err(e) if is_group => {
            let remedy = "name an interface that is there: udp://GROUP:PORT?interface=NAME; ip -brief address";
            Finding::failing(what, format!("{text}: {e}"), remedy)
        }
        Err(e) => Finding::failing(what, format!("{text}: {e}"), format!("ip route get {}", endpoint.address.ip())),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::net::TcpListener;

    use serde_json::json;

    use super::*;
    use crate::cli::doctor::findings::State;

    const NODE: &str = "[node]\nname = \"alpha\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n";
    const CLEARANCE: &str = "clearance = { level = \"restricted\", communities = [\"POL\"] }";

    fn config(kind: &str, endpoint: &str) -> Config {
        let codes = if kind == "cat062" { "sac = 25\nsic = 200\n" } else { "" };
        Config::parse(&format!("{NODE}[[{kind}]]\nname = \"hq\"\nendpoint = \"{endpoint}\"\n{codes}{CLEARANCE}\n"))
            .unwrap()
    }

    async fn of(kind: &str, endpoint: &str, status: Option<&Value>) -> Finding {
        let mut findings = look(&config(kind, endpoint), status).await;
        assert_eq!(findings.len(), 1, "{findings:?}");
        findings.remove(0)
    }

    #[tokio::test]
    async fn a_receiver_is_well_while_it_takes_connections() {
        for kind in ["tak", "sapient-out"] {
            let server = TcpListener::bind("127.0.0.1:0").unwrap();
            let endpoint = format!("tcp://{}", server.local_addr().unwrap());
            let finding = of(kind, &endpoint, None).await;
            assert_eq!((finding.what, finding.state), (format!("{kind}[0].endpoint (hq)"), State::Well));
            drop(server);
            assert_eq!(of(kind, &endpoint, None).await.state, State::Failing);
        }
    }

    #[tokio::test]
    async fn what_a_running_node_has_open_is_not_opened_beside_it() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        server.set_nonblocking(true).unwrap();
        let endpoint = format!("tcp://{}", server.local_addr().unwrap());
        for (kind, key) in [("tak", "tak"), ("sapient-out", "sapient_out")] {
            let status = |trouble: Value| json!({ key: [{ "name": "hq", "endpoint": endpoint, "trouble": trouble }] });
            assert_eq!(of(kind, &endpoint, Some(&status(Value::Null))).await.state, State::Well);
            let finding = of(kind, &endpoint, Some(&status("refused".into()))).await;
            assert!(finding.state == State::Skipped && finding.text.ends_with("see way out hq"), "{finding:?}");
        }
        assert!(server.accept().is_err(), "nobody connected");
        let elsewhere = json!({ "tak": [{ "name": "hq", "endpoint": "tcp://127.0.0.1:1", "trouble": null }] });
        assert_eq!(of("tak", &endpoint, Some(&elsewhere)).await.state, State::Well);
        assert!(server.accept().is_ok(), "the node that runs has another configuration");
    }

    #[tokio::test]
    async fn a_port_for_handhelds_is_free_or_held_by_the_running_node() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("tcp-listen://{}", taken.local_addr().unwrap());
        let status = json!({ "tak": [{ "name": "hq", "endpoint": endpoint, "trouble": null }] });
        let finding = of("tak", &endpoint, None).await;
        assert!(finding.state == State::Failing && finding.remedy.unwrap().starts_with("ss -tlpn"), "{}", finding.text);
        assert_eq!(of("tak", &endpoint, Some(&status)).await.state, State::Well);
        drop(taken);
        assert_eq!(of("tak", &endpoint, None).await.state, State::Well);
    }

    #[tokio::test]
    async fn a_group_over_an_interface_that_is_not_there_is_told_with_how_to_name_one() {
        for kind in ["tak", "cat062"] {
            assert_eq!(of(kind, "udp://127.0.0.1:8600", None).await.state, State::Well);
            assert_eq!(of(kind, "udp://239.1.2.3:8600?interface=127.0.0.1", None).await.state, State::Well);
            let finding = of(kind, "udp://239.1.2.3:8600?interface=not-there", None).await;
            assert_eq!(finding.state, State::Failing, "{finding:?}");
            assert!(finding.remedy.unwrap().contains("interface=NAME"));
        }
    }
}
