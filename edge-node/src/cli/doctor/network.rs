//! Whether each endpoint of the configuration can be had: bound, joined, connected to, opened.
//!
//! While the node runs it holds them itself; what it holds is left alone, since some sensors serve one client only.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::time::Duration;

use rustix::fs::Access;
use tokio::net::{TcpStream, lookup_host};

use super::findings::Finding;
use crate::config::endpoint::{Endpoint, UdpEndpoint};
use crate::config::{Config, ConsoleConfig};
use crate::ingest::udp;

/// Who does not take a connection by then is not there: this is a local network.
const PATIENCE: Duration = Duration::from_secs(1);

/// The endpoints of sensors. `held` are the names of those that a running node has.
pub async fn sensors(config: &Config, held: &[String]) -> Vec<Finding> {
    let mut under_way = Vec::new();
    for sensor in &config.sensors {
        let is_held = held.contains(&sensor.name);
        for text in [Some(&sensor.endpoint), sensor.endpoint_b.as_ref()].into_iter().flatten() {
            let (what, text) = (format!("endpoint {}", sensor.name), text.clone());
            under_way.push(tokio::spawn(async move { endpoint(what, &text, is_held).await }));
        }
    }
    let mut findings = Vec::new();
    for task in under_way {
        findings.extend(task.await);
    }
    findings
}

async fn endpoint(what: String, text: &str, is_held: bool) -> Finding {
    let parsed = match text.parse::<Endpoint>() {
        Ok(Endpoint::None) => return Finding::skipped(what, "none: fed by a replay or a simulator"),
        Ok(parsed) => parsed,
        Err(why) => return Finding::failing(what, why, "docs/SENSORS.md"),
    };
    if is_held {
        return Finding::skipped(what, format!("{text}: left to the running node, see the sensor"));
    }
    match &parsed {
        Endpoint::None => Finding::skipped(what, "none"),
        Endpoint::Udp(udp) => datagrams(what, text, udp),
        Endpoint::TcpListen(address) => listener(what, *address, false),
        Endpoint::HttpListen(push) => listener(what, push.address, false),
        Endpoint::Tcp(authority) => connection(what, authority).await,
        Endpoint::Http(page) => connection(what, &page.authority).await,
        Endpoint::Serial(serial) => device(what, &serial.path),
        Endpoint::File(path) => file(what, path),
    }
}

fn datagrams(what: String, text: &str, endpoint: &UdpEndpoint) -> Finding {
    let is_group = endpoint.address.ip().is_multicast();
    match udp::bind(endpoint) {
        Ok(_) if is_group => Finding::well(what, format!("{text}: the group can be joined")),
        Ok(_) => Finding::well(what, format!("{text}: free")),
        Err(e) if is_group && e.kind() != ErrorKind::AddrInUse => Finding::failing(
            what,
            format!("{text}: the group cannot be joined: {e}"),
            "name the interface: udp://GROUP:PORT?interface=NAME; ip -brief address",
        ),
        Err(e) => unbound(what, endpoint.address, &e, "-ulpn", false),
    }
}

/// `held`: a running node has said that it is the one that listens.
pub(super) fn listener(what: String, address: SocketAddr, held: bool) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding::well(what, format!("{address}: free")),
        Err(e) => unbound(what, address, &e, "-tlpn", held),
    }
}

/// `option` is what `ss` takes to list such sockets with their programs.
fn unbound(what: String, address: SocketAddr, e: &io::Error, option: &str, held: bool) -> Finding {
    let port = address.port();
    if e.kind() == ErrorKind::AddrInUse && held {
        return Finding::well(what, format!("{address}: held by the running node"));
    }
    let remedy = if e.kind() == ErrorKind::AddrInUse {
        format!("ss {option} 'sport = :{port}' tells which program has it")
    } else if e.kind() == ErrorKind::AddrNotAvailable {
        format!("{} is no address of this machine: ip -brief address", address.ip())
    } else if e.kind() == ErrorKind::PermissionDenied {
        "take a port above 1023, or give the service AmbientCapabilities=CAP_NET_BIND_SERVICE".to_owned()
    } else {
        "ip -brief address; ip route".to_owned()
    };
    Finding::failing(what, format!("{address}: {e}"), remedy)
}

/// Nothing is said there, and the connection is closed at once.
pub(super) async fn connection(what: String, authority: &str) -> Finding {
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let unnamed = format!("getent hosts {host} must tell its address; or write the address instead of the name");
    let addresses: Vec<SocketAddr> = match tokio::time::timeout(PATIENCE, lookup_host(authority)).await {
        Ok(Ok(found)) => found.collect(),
        Ok(Err(e)) => return Finding::failing(what, format!("{authority}: {e}"), unnamed),
        Err(_) => return Finding::failing(what, format!("{authority}: nobody told its address within 1 s"), unnamed),
    };
    let remedy = "is it switched on, and are address and port right? ping it; ip route";
    match tokio::time::timeout(PATIENCE, TcpStream::connect(&addresses[..])).await {
        Ok(Ok(_)) => Finding::well(what, format!("{authority}: takes connections")),
        Ok(Err(e)) => Finding::failing(what, format!("{authority}: {e}"), remedy),
        Err(_) => Finding::failing(what, format!("{authority}: no connection within 1 s"), remedy),
    }
}

/// Not opened: that would move its control lines.
fn device(what: String, path: &Path) -> Finding {
    let shown = path.display();
    if !path.exists() {
        return Finding::failing(what, format!("{shown} is not there"), "plug it in; ls -l /dev/serial/by-id");
    }
    match rustix::fs::access(path, Access::READ_OK | Access::WRITE_OK) {
        Ok(()) => Finding::well(what, format!("{shown}: there, and may be opened")),
        Err(e) => Finding::failing(what, format!("{shown}: {e}"), "usermod --append --groups dialout copmesh"),
    }
}

fn file(what: String, path: &Path) -> Finding {
    let shown = path.display();
    match rustix::fs::access(path, Access::READ_OK) {
        Ok(()) => Finding::well(what, format!("{shown}: can be read")),
        Err(e) => Finding::failing(what, format!("{shown}: {e}"), format!("ls -l {shown}")),
    }
}

/// The ports of console and mesh. `held`: the node that answers is the one of this configuration.
#[must_use]
pub fn own_ports(config: &Config, held: bool) -> Vec<Finding> {
    let mut findings = console(&config.console, held);
    let of_bearers = config.mesh.bearers.iter().flat_map(|bearer| &bearer.listen);
    let to_listen = config.mesh.listen.iter().filter(|_| config.mesh.enabled);
    findings.extend(to_listen.chain(of_bearers).filter_map(|text| mesh_port(text, held)));
    findings
}

fn console(console: &ConsoleConfig, held: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    match console.listen.parse() {
        Ok(address) if console.enabled => findings.push(listener("console".into(), address, held)),
        _ => findings.push(Finding::skipped("console", "console.enabled is false")),
    }
    if let Some(address) = console.lan.as_ref().and_then(|lan| lan.listen.parse().ok()) {
        findings.push(listener("console.lan".into(), address, held));
    }
    findings
}

/// Of zenoh's endpoints, those with an address; `None` for serial lines and names.
fn mesh_port(text: &str, held: bool) -> Option<Finding> {
    let (protocol, rest) = text.split_once('/')?;
    let address: SocketAddr = rest.split(['#', '?']).next()?.parse().ok()?;
    let what = format!("mesh {text}");
    match protocol {
        "tcp" | "tls" => Some(listener(what, address, held)),
        "udp" | "quic" => Some(match UdpSocket::bind(address) {
            Ok(_) => Finding::well(what, format!("{address}: free")),
            Err(e) => unbound(what, address, &e, "-ulpn", held),
        }),
        _ => None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::cli::doctor::findings::State;

    async fn of(text: &str) -> Finding {
        endpoint("endpoint x".into(), text, false).await
    }

    #[tokio::test]
    async fn a_port_that_another_program_has_is_told_with_how_to_find_it() {
        let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let finding = of(&format!("udp://{address}")).await;
        assert_eq!(finding.state, State::Failing, "{finding:?}");
        let port = format!("'sport = :{}'", address.port());
        assert!(finding.remedy.is_some_and(|remedy| remedy.contains(&port)));
        drop(taken);
        assert_eq!(of(&format!("udp://{address}")).await.state, State::Well);
    }

    #[tokio::test]
    async fn a_server_is_well_while_it_takes_connections() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let text = format!("tcp://{}", server.local_addr().unwrap());
        assert_eq!(of(&text).await.state, State::Well);
        drop(server);
        assert_eq!(of(&text).await.state, State::Failing);
    }

    #[tokio::test]
    async fn a_name_that_nobody_knows_is_told_apart_from_a_port_that_nobody_holds() {
        let finding = of("tcp://no..name:1").await;
        assert_eq!(finding.state, State::Failing, "{finding:?}");
        assert!(finding.remedy.as_ref().is_some_and(|remedy| remedy.contains("getent hosts no..name")), "{finding:?}");
        let finding = of("tcp://127.0.0.1:1").await;
        assert!(finding.remedy.is_some_and(|remedy| remedy.contains("port")));
    }

    #[tokio::test]
    async fn what_a_running_node_has_is_left_alone() {
        let finding = endpoint("endpoint x".into(), "tcp://127.0.0.1:1", true).await;
        assert_eq!(finding.state, State::Skipped);
    }

    #[tokio::test]
    async fn lines_files_and_foreign_addresses_are_told_with_a_remedy() {
        for text in ["serial:///dev/not-there", "file:///not/there", "udp://192.0.2.1:8600"] {
            let finding = of(text).await;
            assert!(finding.state == State::Failing && finding.remedy.is_some(), "{finding:?}");
        }
    }

    #[test]
    fn a_port_of_a_running_node_is_well_and_of_anybody_else_not() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let state = |held| mesh_port(&format!("tls/{address}#iface=lo"), held).unwrap().state;
        assert_eq!((state(true), state(false)), (State::Well, State::Failing));
        assert_eq!(mesh_port("serial//dev/ttyS0#baudrate=9600", false), None);
    }
}
