//! From a scenario's sensors to a node's configuration, and from the simulator's bytes to real sockets on loopback.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fusion_core::time::Span;
use sensor_drivers::sim::Simulation;
use sensor_drivers::sim::scenario::{Scenario, SensorSpec};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tracing::warn;

use crate::cli::{DemoArgs, Failure};
use crate::clock::Clock;
use crate::config::label::LevelName;
use crate::config::sensors::SigmaConfig;
use crate::config::{Config, ConsoleConfig, LabelConfig, MeshConfig, NodeConfig, SensorConfig, SensorKind};
use crate::ingest::links::Links;

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// The longest sleep before looking at the clock again.
const POLL: Duration = Duration::from_millis(20);

/// The configuration of a node that listens to the scenario's sensors.
///
/// # Errors
/// [`Failure`] if the scenario places a sensor nowhere.
pub fn config(scenario: &Scenario, args: &DemoArgs) -> Result<Config, Failure> {
    let sensors = scenario.sensors.iter().map(|s| sensor(scenario, s)).collect::<Result<_, _>>()?;
    let origin = &scenario.origin;
    let node = NodeConfig {
        name: "demo".into(),
        latitude_deg: origin.latitude_deg,
        longitude_deg: origin.longitude_deg,
        height_m: origin.height_m,
        state_directory: None,
    };
    let console = ConsoleConfig { enabled: args.console != "none", listen: args.console.clone() };
    let mesh = match args.zenoh.as_str() {
        "none" => MeshConfig { enabled: false, ..MeshConfig::default() },
        endpoint => MeshConfig { listen: vec![endpoint.to_owned()], ..MeshConfig::default() },
    };
    Ok(Config { node, sensors, console, mesh, ..Config::default() })
}

fn sensor(scenario: &Scenario, spec: &SensorSpec) -> Result<SensorConfig, Failure> {
    let place =
        scenario.locate(spec.position()).ok_or_else(|| Failure::failed("the scenario places a sensor nowhere"))?;
    let label = LabelConfig {
        level: LevelName::Unclassified,
        releasable_to: vec!["NATO".into()],
        caveats: vec![],
        originator: "SIM".into(),
    };
    let placed = SensorConfig {
        latitude_deg: Some(place.latitude_deg()),
        longitude_deg: Some(place.longitude_deg()),
        height_m: place.height_m,
        label,
        ..SensorConfig::imported(spec.name().to_owned(), kind(spec))
    };
    Ok(match spec {
        SensorSpec::Radar(radar) => SensorConfig {
            detection_probability: radar.detection_probability,
            clutter_per_scan: radar.clutter_per_scan.max(0.01),
            scan_period_s: radar.period_s,
            range_max_m: radar.range_max_m,
            sigma: SigmaConfig {
                range_m: radar.range_sigma_m,
                azimuth_deg: radar.azimuth_sigma_deg,
                ..SigmaConfig::default()
            },
            ..placed
        },
        SensorSpec::AdsbReceiver(receiver) => SensorConfig {
            detection_probability: 1.0 - receiver.message_loss.clamp(0.01, 0.99),
            clutter_per_scan: 1e-3,
            range_max_m: receiver.range_max_m,
            ..placed
        },
        SensorSpec::DroneRadar(radar) => SensorConfig {
            detection_probability: radar.detection_probability,
            clutter_per_scan: radar.clutter_per_scan.max(0.01),
            scan_period_s: radar.period_s,
            range_max_m: radar.range_max_m,
            ..placed
        },
        SensorSpec::DirectionFinder(finder) => SensorConfig {
            detection_probability: finder.detection_probability,
            scan_period_s: finder.period_s,
            range_max_m: finder.range_max_m,
            ..placed
        },
    })
}

const fn kind(spec: &SensorSpec) -> SensorKind {
    match spec {
        SensorSpec::Radar(_) => SensorKind::Asterix,
        SensorSpec::AdsbReceiver(_) => SensorKind::Beast,
        SensorSpec::DroneRadar(_) | SensorSpec::DirectionFinder(_) => SensorKind::Plots,
    }
}

/// Where the bytes of one simulated sensor leave.
pub enum Outlet {
    /// As datagrams to the node.
    Udp(UdpSocket, SocketAddr),
    /// As a stream to whoever connects, as ADS-B receivers serve it.
    Tcp(TcpListener, Option<TcpStream>),
}

/// Opens a socket per simulated sensor and writes the matching endpoints into the configuration.
///
/// # Errors
/// If loopback has no sockets to give.
pub async fn outlets(config: &mut Config) -> io::Result<Vec<Outlet>> {
    let mut outlets = Vec::with_capacity(config.sensors.len());
    for sensor in &mut config.sensors {
        if sensor.kind == SensorKind::Beast {
            let listener = TcpListener::bind(LOOPBACK).await?;
            sensor.endpoint = format!("tcp://{}", listener.local_addr()?);
            outlets.push(Outlet::Tcp(listener, None));
        } else {
            // The node binds the port itself a moment later; it is free now, and nothing else on loopback hunts for it.
            let target = UdpSocket::bind(LOOPBACK).await?.local_addr()?;
            sensor.endpoint = format!("udp://{target}");
            outlets.push(Outlet::Udp(UdpSocket::bind(LOOPBACK).await?, target));
        }
    }
    Ok(outlets)
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

/// Sends what the simulator emits, each piece when its time has come, until the task is dropped.
pub async fn emit(mut simulation: Simulation, mut outlets: Vec<Outlet>, clock: Clock) {
    while let Some(emission) = simulation.next_emission() {
        loop {
            let early = emission.time - clock.now().validity;
            if early <= Span::ZERO {
                break;
            }
            let early = Duration::from_nanos(u64::try_from(early.as_nanos()).unwrap_or(0));
            tokio::time::sleep(early.min(POLL)).await;
        }
        if let Some(outlet) = outlets.get_mut(emission.sensor)
            && let Err(e) = outlet.send(&emission.bytes).await
        {
            warn!("simulated sensor {}: {e}", emission.sensor);
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
                let Some(connected) = stream else { return Ok(()) };
                let sent = connected.write_all(bytes).await;
                if sent.is_err() {
                    *stream = None;
                }
                sent
            }
        }
    }
}
