//! zenoh, and nothing but zenoh. What consoles get is here; what goes between nodes is in [`carrier`], under other keys
//! and over sessions of its own.
//!
//! Records and the composed picture go out as protobuf; a late joiner asks for a snapshot.
//!
//! | key | payload | when |
//! |---|---|---|
//! | `copmesh/1/NODE/records` | `TrackRecords` | this node's own tracks, as they change |
//! | `copmesh/1/NODE/picture` | `Picture` | what changed in the composed picture, up to four times a second |
//! | `copmesh/1/NODE/picture` (query) | `Picture`, `snapshot = true` | on request |
//! | `copmesh/1/NODE/sensors` | `SensorHealths` | how its sensors are doing, and what all nodes' are off by, once a second |
//! | `copmesh/1/NODE/neighbours` | `NeighbourHealths` | how its neighbours are doing, once a second |
//! | `copmesh/1/NODE/alive` (liveliness) | – | while the node runs |
//!
//! Nothing is declared per track. Everything is sent with congestion control *drop*: a slow subscriber must never hold
//! up the node; the picture's sequence number tells it to ask for a snapshot.

mod bearer;
pub mod carrier;
pub mod choice;
pub mod hearing;
mod neighbour;
mod session;
pub mod threads;

use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use proto::record::TrackRecord;
use proto::{convert, pb};
use tokio::sync::{mpsc, watch};
use tracing::{info, warn};
use zenoh::Session;
use zenoh::qos::CongestionControl;

use crate::board::{Board, Mode};
use crate::config::MeshConfig;
use crate::neighbour_health::NeighbourHealth;
use crate::picture::{SystemTrack, short_name, text_id};
use crate::registration_health::RegistrationHealth;
use crate::sensor_health::SensorHealth;

pub use neighbour::Reach;

/// Records waiting for zenoh at the most.
///
/// Counter: `records_dropped`; the record is not sent, its next version will be.
pub const RECORDS_WAITING_MAX: usize = 4096;

const PICTURE_PERIOD: Duration = Duration::from_millis(250);
const SENSORS_PERIOD: Duration = Duration::from_secs(1);

/// Why zenoh did not start.
#[derive(Debug)]
pub struct MeshError(String);

impl core::fmt::Display for MeshError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "zenoh: {}", self.0)
    }
}

impl core::error::Error for MeshError {}

fn error(context: &str) -> impl FnOnce(zenoh::Error) -> MeshError {
    move |e| MeshError(format!("{context}: {e}"))
}

/// Opens a session as configured: peer mode, scouting only if wanted.
///
/// # Errors
/// [`MeshError`] that names the endpoint or key at fault.
pub async fn open(config: &MeshConfig) -> Result<Session, MeshError> {
    let json = |list: &[String]| serde_json::to_string(list).expect("a list of strings is JSON");
    let settings = [
        ("mode", "\"peer\"".to_owned()),
        ("listen/endpoints", json(&config.listen)),
        ("connect/endpoints", json(&config.connect)),
        ("connect/timeout_ms", "-1".to_owned()),
        ("connect/exit_on_failure", "false".to_owned()),
        ("scouting/multicast/enabled", config.scouting.to_string()),
        ("scouting/gossip/enabled", config.scouting.to_string()),
    ];
    let mut zenoh_config = zenoh::Config::default();
    for (key, value) in settings {
        zenoh_config.insert_json5(key, &value).map_err(|e| MeshError(format!("mesh setting {key} = {value}: {e}")))?;
    }
    zenoh::open(zenoh_config).await.map_err(|e| {
        MeshError(format!("cannot listen on {} ({e}); set mesh.listen or mesh.enabled = false", json(&config.listen)))
    })
}

/// What a publisher needs to know of its node.
#[derive(Clone, Debug)]
pub struct Publisher {
    /// The node's name.
    pub node: String,
    /// Where the picture comes from.
    pub mode: Mode,
    /// The picture.
    pub board: watch::Receiver<Arc<Board>>,
}

impl Publisher {
    /// Publishes until the node stops feeding records.
    ///
    /// # Errors
    /// [`MeshError`] if something cannot be declared.
    pub async fn run(self, session: Session, mut records: mpsc::Receiver<TrackRecord>) -> Result<(), MeshError> {
        let key = |what: &str| format!("copmesh/1/{}/{what}", self.node);
        let drop = CongestionControl::Drop;
        let records_out = session.declare_publisher(key("records")).congestion_control(drop).await;
        let records_out = records_out.map_err(error("declaring records"))?;
        let picture_out = session.declare_publisher(key("picture")).congestion_control(drop).await;
        let picture_out = picture_out.map_err(error("declaring picture"))?;
        let sensors_out = session.declare_publisher(key("sensors")).congestion_control(drop).await;
        let sensors_out = sensors_out.map_err(error("declaring sensors"))?;
        let neighbours_out = session.declare_publisher(key("neighbours")).congestion_control(drop).await;
        let neighbours_out = neighbours_out.map_err(error("declaring neighbours"))?;
        let queries = session.declare_queryable(key("picture")).await.map_err(error("declaring snapshots"))?;
        let _alive = session.liveliness().declare_token(key("alive")).await.map_err(error("declaring liveliness"))?;
        info!("publishing on {}", key("*"));
        let mut sent = Sent { board: self.board.borrow().clone(), sequence: 0 };
        let mut tick = tokio::time::interval(PICTURE_PERIOD);
        let mut sensors_tick = tokio::time::interval(SENSORS_PERIOD);
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                received = records.recv_many(&mut batch, RECORDS_WAITING_MAX) => {
                    if received == 0 {
                        return Ok(());
                    }
                    let message = pb::TrackRecords { records: batch.iter().map(convert::track_record).collect() };
                    batch.clear();
                    warn_on(records_out.put(message.encode_to_vec()).await);
                }
                _ = tick.tick() => {
                    if let Some(message) = self.changes(&mut sent) {
                        warn_on(picture_out.put(message.encode_to_vec()).await);
                    }
                }
                _ = sensors_tick.tick() => {
                    warn_on(sensors_out.put(self.sensors().encode_to_vec()).await);
                    if let Some(message) = self.neighbours() {
                        warn_on(neighbours_out.put(message.encode_to_vec()).await);
                    }
                }
                query = queries.recv_async() => {
                    let Ok(query) = query else { return Ok(()) };
                    let payload = self.snapshot(&sent).encode_to_vec();
                    warn_on(query.reply(key("picture"), payload).await);
                }
            }
        }
    }

    fn changes(&self, sent: &mut Sent) -> Option<pb::Picture> {
        let board = self.board.borrow().clone();
        let (changed, gone) = board.since(&sent.board);
        if changed.is_empty() && gone.is_empty() {
            return None;
        }
        let tracks = changed.into_iter().map(|track| system_track(&board, track)).collect();
        let gone = gone.into_iter().map(text_id).collect();
        sent.sequence += 1;
        let picture = self.picture(&board, sent.sequence, tracks, gone, false);
        sent.board = board;
        Some(picture)
    }

    fn sensors(&self) -> pb::SensorHealths {
        let board = self.board.borrow().clone();
        pb::SensorHealths {
            node: self.node.clone(),
            mode: self.mode().into(),
            time_ns: board.time.as_nanos(),
            sensors: board.sensors.iter().map(SensorHealth::protobuf).collect(),
            registrations: board.registrations.iter().map(RegistrationHealth::protobuf).collect(),
        }
    }

    /// Nothing if there are none.
    fn neighbours(&self) -> Option<pb::NeighbourHealths> {
        let board = self.board.borrow().clone();
        (!board.neighbours.is_empty()).then(|| pb::NeighbourHealths {
            node: self.node.clone(),
            mode: self.mode().into(),
            time_ns: board.time.as_nanos(),
            neighbours: board.neighbours.iter().map(NeighbourHealth::protobuf).collect(),
        })
    }

    const fn mode(&self) -> pb::Mode {
        match self.mode {
            Mode::Live => pb::Mode::Live,
            Mode::Replay => pb::Mode::Replay,
            Mode::Sim => pb::Mode::Sim,
        }
    }

    fn snapshot(&self, sent: &Sent) -> pb::Picture {
        let tracks = sent.board.tracks.values().map(|track| system_track(&sent.board, track)).collect();
        self.picture(&sent.board, sent.sequence, tracks, vec![], true)
    }

    fn picture(
        &self,
        board: &Board,
        sequence: u64,
        tracks: Vec<pb::SystemTrack>,
        gone: Vec<String>,
        snapshot: bool,
    ) -> pb::Picture {
        pb::Picture {
            node: self.node.clone(),
            mode: self.mode().into(),
            time_ns: board.time.as_nanos(),
            sequence,
            snapshot,
            tracks,
            gone,
        }
    }
}

/// What subscribers have been told so far; a snapshot answers with exactly this, so that the next change fits on it.
struct Sent {
    board: Arc<Board>,
    sequence: u64,
}

fn system_track(board: &Board, track: &SystemTrack) -> pb::SystemTrack {
    let remark = board.remarks.get(&track.id());
    pb::SystemTrack {
        remark: remark.map(|remark| pb::Remark {
            text: remark.text.clone(),
            by: remark.by.clone(),
            time_ns: remark.time_ms.saturating_mul(1_000_000),
        }),
        formerly: track.formerly.iter().map(|id| text_id(*id)).collect(),
        stale: track.stale,
        ..convert::system_track(&track.record, text_id(track.id()), short_name(track.id()))
    }
}

fn warn_on(result: zenoh::Result<()>) {
    if let Err(e) = result {
        warn!("zenoh refused a publication: {e}");
    }
}
