//! zenoh, and nothing but zenoh. What consoles get is here; what goes between nodes is in [`carrier`], under other keys
//! and over sessions of its own.
//!
//! Records and the composed picture go out as protobuf; a late joiner asks for a snapshot. All of it is told in
//! docs/CONSOLE-API.md.
//!
//! | key, after `copmesh/1/NODE/` | payload | when | asked for |
//! |---|---|---|---|
//! | `records` | `TrackRecords` | this node's own tracks, as they change | |
//! | `picture` | `Picture` | what changed in the composed picture, each tick and when asked for | all of it |
//! | `sensors` | `SensorHealths` | how its sensors are doing, and what all nodes' are off by, once a second | yes |
//! | `neighbours` | `NeighbourHealths` | how its neighbours are doing, once a second | yes |
//! | `health` | `NodeHealth` | how it is doing itself, once a second | yes |
//! | `history/span`, `history/picture`, `history/track/ID` | `HistorySpan`, `Picture`, `TrackHistory` | | yes |
//! | `alive` (liveliness) | – | while the node runs | |
//!
//! Nothing is declared per track. Everything is published with congestion control *drop*: a slow subscriber must never
//! hold up the node; the picture's sequence number tells it to ask for a snapshot. What is published and what is
//! answered have a thread each, so that none of this ever waits on a thread that reads sensors.

mod answers;
mod bearer;
pub mod carrier;
pub mod choice;
mod console;
pub mod gate;
pub mod hearing;
mod lookout;
mod neighbour;
pub mod refusals;
mod session;
mod telling;
pub mod threads;
mod waits;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use proto::record::TrackRecord;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tracing::{error, info};
use zenoh::Session;
use zenoh::pubsub::Publisher as Way;
use zenoh::qos::CongestionControl;

use crate::board::Board;
use crate::config::MeshConfig;
use crate::outputs::history_keeper::Keeper;
use crate::pulse::Beat;
use answers::Answers;
use telling::{PATIENCE, Telling};

pub use answers::Tally;
pub use console::Teller;
pub use neighbour::Reach;

/// Records waiting for zenoh at the most.
///
/// Counter: `records_dropped`; the record is not sent, its next version will be.
pub const RECORDS_WAITING_MAX: usize = 4096;

const PICTURE_PERIOD: Duration = Duration::from_millis(250);
const HEALTH_PERIOD: Duration = Duration::from_secs(1);

/// What may wait in the system on the way to one console, octets; the system takes twice as much for it.
const SEND_BUFFER: &str = "262144";

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
        ("transport/link/tx/queue/congestion_control/drop/wait_before_drop", micros(PATIENCE)),
        ("transport/link/tx/queue/congestion_control/drop/max_wait_before_drop_fragments", micros(PATIENCE)),
        ("transport/link/tcp/so_sndbuf", SEND_BUFFER.to_owned()),
        ("transport/link/tls/so_sndbuf", SEND_BUFFER.to_owned()),
    ];
    let mut zenoh_config = zenoh::Config::default();
    for (key, value) in settings {
        zenoh_config.insert_json5(key, &value).map_err(|e| MeshError(format!("mesh setting {key} = {value}: {e}")))?;
    }
    zenoh::open(zenoh_config).await.map_err(|e| {
        MeshError(format!("cannot listen on {} ({e}); set mesh.listen or mesh.enabled = false", json(&config.listen)))
    })
}

fn micros(time: Duration) -> String {
    time.as_micros().to_string()
}

/// The key of something that a node tells.
fn key(node: &str, end: &str) -> String {
    format!("copmesh/1/{node}/{end}")
}

/// What a publisher needs to know of its node.
#[derive(Clone, Debug)]
pub struct Publisher {
    /// How things are told.
    pub teller: Teller,
    /// The picture.
    pub board: watch::Receiver<Arc<Board>>,
    /// What it was.
    pub history: Option<Arc<Keeper>>,
    /// What is counted.
    pub tally: Arc<Tally>,
    /// Beats with every pass.
    pub beat: Beat,
}

/// The ways out.
struct Ways {
    records: Way<'static>,
    sensors: Way<'static>,
    neighbours: Way<'static>,
    health: Way<'static>,
}

impl Publisher {
    /// Publishes on a thread of its own until the node stops feeding records.
    ///
    /// # Errors
    /// If the system has no thread to give.
    pub fn spawn(
        self,
        session: Session,
        records: mpsc::Receiver<TrackRecord>,
        runtime: Handle,
    ) -> std::io::Result<JoinHandle<()>> {
        let run = move || match runtime.block_on(self.run(session, records)) {
            Ok(()) => info!("nothing more to publish"),
            Err(e) => error!("{e}"),
        };
        std::thread::Builder::new().name("copmesh-consoles".into()).spawn(run)
    }

    async fn run(self, session: Session, mut records: mpsc::Receiver<TrackRecord>) -> Result<(), MeshError> {
        let ways = self.declare(&session).await?;
        let picture = self.way(&session, "picture").await?;
        let telling = Telling::new(self.teller.clone(), self.board.clone(), Arc::clone(&self.tally), picture);
        let telling = Arc::new(telling);
        let answers = Answers { telling: Arc::clone(&telling), history: self.history.clone() };
        let _answers = answers.start(&session).await?;
        let alive = key(&self.teller.node, "alive");
        let _alive = session.liveliness().declare_token(alive).await.map_err(error("declaring liveliness"))?;
        info!("publishing on {}", key(&self.teller.node, "*"));
        let mut tick = tokio::time::interval(PICTURE_PERIOD);
        let mut health_tick = tokio::time::interval(HEALTH_PERIOD);
        let mut batch = Vec::new();
        loop {
            self.beat.beat();
            tokio::select! {
                received = records.recv_many(&mut batch, RECORDS_WAITING_MAX) => {
                    if received == 0 {
                        return Ok(());
                    }
                    if let Some(message) = self.teller.records(&batch) {
                        telling.put(&ways.records, &message);
                    }
                    batch.clear();
                }
                _ = tick.tick() => drop(telling.tell()),
                _ = health_tick.tick() => self.tell_health(&ways, &telling),
            }
        }
    }

    async fn declare(&self, session: &Session) -> Result<Ways, MeshError> {
        Ok(Ways {
            records: self.way(session, "records").await?,
            sensors: self.way(session, "sensors").await?,
            neighbours: self.way(session, "neighbours").await?,
            health: self.way(session, "health").await?,
        })
    }

    async fn way(&self, session: &Session, end: &str) -> Result<Way<'static>, MeshError> {
        let way = session.declare_publisher(key(&self.teller.node, end));
        way.congestion_control(CongestionControl::Drop).await.map_err(error(&format!("declaring {end}")))
    }

    fn tell_health(&self, ways: &Ways, telling: &Telling) {
        let board = self.teller.released(&self.board.borrow().clone());
        self.tally.withheld.store(board.withheld().unwrap_or(0) as u64, Ordering::Relaxed);
        telling.put(&ways.sensors, &self.teller.sensors(&board));
        if let Some(message) = self.teller.neighbours(&board) {
            telling.put(&ways.neighbours, &message);
        }
        telling.put(&ways.health, &self.teller.health(&board));
    }
}
