//! From a scenario's sensors to a node's configuration, and from the simulator's bytes to real sockets on loopback.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fusion_core::time::Span;
use sensor_drivers::sim::Simulation;
use sensor_drivers::sim::scenario::Scenario;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tracing::warn;

use crate::cli::{DemoArgs, Failure};
use crate::clock::Clock;
use crate::config::label::LevelName;
use crate::config::mesh::ClearanceConfig;
use crate::config::tak::TakEndpoint;
use crate::config::{Config, ConsoleConfig, MeshConfig, SensorKind, TakConfig};
use crate::ingest::links::Links;
use crate::simulated;

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// The longest sleep before looking at the clock again.
const POLL: Duration = Duration::from_millis(20);

/// The configuration of a node that listens to the scenario's sensors and shows what it hears as the arguments ask.
///
/// # Errors
/// [`Failure`] if no driver reads what a sensor of the scenario speaks.
pub fn config(scenario: &Scenario, args: &DemoArgs) -> Result<Config, Failure> {
    let console =
        ConsoleConfig { enabled: args.console != "none", listen: args.console.clone(), ..ConsoleConfig::default() };
    let mesh = match args.zenoh.as_str() {
        "none" => MeshConfig { enabled: false, ..MeshConfig::default() },
        endpoint => MeshConfig {
            listen: vec![endpoint.to_owned()],
            console_clearance: Some(of_simulations()),
            ..MeshConfig::default()
        },
    };
    let listening = simulated::config(scenario).map_err(Failure::refused)?;
    let tak = args.tak.iter().map(|endpoint| handhelds(endpoint)).collect::<Result<_, _>>()?;
    Ok(Config { console, mesh, tak, ..listening })
}

/// A way out to TAK for those who may see what simulated sensors see.
fn handhelds(endpoint: &str) -> Result<TakConfig, Failure> {
    endpoint.parse::<TakEndpoint>().map_err(|e| Failure::refused(format!("--tak: {e}")))?;
    let output = TakConfig::new("demo", endpoint, of_simulations());
    output.check("--tak").map(|()| output).map_err(Failure::refused)
}

/// The clearance of those who may see what simulated sensors see.
fn of_simulations() -> ClearanceConfig {
    ClearanceConfig { level: LevelName::Unclassified, communities: vec!["NATO".to_owned()], caveats: vec![] }
}

/// Where the bytes of one simulated sensor leave.
pub enum Outlet {
    /// As datagrams to the node.
    Udp(UdpSocket, SocketAddr),
    /// As a stream to whoever connects, as ADS-B receivers serve it.
    Tcp(TcpListener, Option<TcpStream>),
    /// As a stream to the node, as SAPIENT sensors come to it. What it answers is read and let go.
    ToNode(SocketAddr, Option<TcpStream>),
}

/// Opens a socket per simulated sensor and writes the matching endpoints into the configuration.
///
/// # Errors
/// If loopback has no sockets to give.
pub async fn outlets(config: &mut Config) -> io::Result<Vec<Outlet>> {
    let mut outlets = Vec::with_capacity(config.sensors.len());
    for sensor in &mut config.sensors {
        let (endpoint, outlet) = outlet(sensor.kind).await?;
        sensor.endpoint = endpoint;
        outlets.push(outlet);
    }
    Ok(outlets)
}

/// The socket that a sensor of a kind speaks through, and what the node is told of it. Where the node itself binds the
/// port, that is a moment later; it is free now, and nothing else on loopback hunts for it.
async fn outlet(kind: SensorKind) -> io::Result<(String, Outlet)> {
    if kind == SensorKind::Beast {
        let listener = TcpListener::bind(LOOPBACK).await?;
        return Ok((format!("tcp://{}", listener.local_addr()?), Outlet::Tcp(listener, None)));
    }
    if kind == SensorKind::Sapient {
        let node = TcpListener::bind(LOOPBACK).await?.local_addr()?;
        return Ok((format!("tcp-listen://{node}"), Outlet::ToNode(node, None)));
    }
    let node = UdpSocket::bind(LOOPBACK).await?.local_addr()?;
    Ok((format!("udp://{node}"), Outlet::Udp(UdpSocket::bind(LOOPBACK).await?, node)))
}

/// Waits until every sensor's endpoint is open, or two seconds.
pub async fn until_listening(links: &[Arc<Links>]) {
    for _ in 0..100 {
        if links.iter().all(|l| l.counters.opened.load(Ordering::Relaxed) > 0) {
            return;
        }
        tokio::time::sleep(POLL).await;
    }
    warn!("not every simulated sensor is connected after two seconds");
}

/// Sends what the simulator emits, each piece when its time has come and to every node that hears the sensor, until the
/// task is dropped.
pub async fn emit(mut simulation: Simulation, mut outlets: Vec<Vec<Outlet>>, clock: Clock) {
    while let Some(emission) = simulation.next_emission() {
        loop {
            let early = emission.time - clock.now().validity;
            if early <= Span::ZERO {
                break;
            }
            let early = Duration::from_nanos(u64::try_from(early.as_nanos()).unwrap_or(0));
            tokio::time::sleep(early.min(POLL)).await;
        }
        for outlet in outlets.get_mut(emission.sensor).into_iter().flatten() {
            if let Err(e) = outlet.send(&emission.bytes).await {
                warn!("simulated sensor {}: {e}", emission.sensor);
            }
        }
    }
}

impl Outlet {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Udp(socket, target) => socket.send_to(bytes, *target).await.map(|_| ()),
            Self::Tcp(listener, stream) => {
                if stream.is_none() {
                    let (accepted, _) = listener.accept().await?;
                    accepted.set_nodelay(true)?;
                    *stream = Some(accepted);
                }
                write(stream, bytes).await
            }
            Self::ToNode(node, stream) => {
                if stream.is_none() {
                    let connected = TcpStream::connect(*node).await?;
                    connected.set_nodelay(true)?;
                    *stream = Some(connected);
                }
                let sent = write(stream, bytes).await;
                let mut answers = [0; 4096];
                while stream.as_ref().is_some_and(|s| s.try_read(&mut answers).is_ok_and(|octets| octets > 0)) {}
                sent
            }
        }
    }
}

/// Writes to a connection, and gives it up if that fails.
async fn write(stream: &mut Option<TcpStream>, bytes: &[u8]) -> io::Result<()> {
    let Some(connected) = stream else { return Ok(()) };
    let sent = connected.write_all(bytes).await;
    if sent.is_err() {
        *stream = None;
    }
    sent
}
