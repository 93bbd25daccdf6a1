//! What the fusion thread shows to everybody else: a snapshot of the picture and of health, swapped whole.
//!
//! Readers (web, zenoh, status line) hold an `Arc` of one state and never wait for the fusion thread, nor it for them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fusion_core::identity::Affiliation;
use fusion_core::label::Label;
use fusion_core::time::Timestamp;
use fusion_core::track::{NodeId, TrackId};

use crate::latency::Summary;
use crate::neighbour_health::NeighbourHealth;
use crate::node::Bearing;
use crate::node::mesh::Heard;
use crate::node::parents::Parent;
use crate::node::trails::TrailPoints;
use crate::picture::SystemTrack;
use crate::registration_health::RegistrationHealth;
use crate::sensor_health::SensorHealth;

/// Where the picture comes from. Nobody may take a replay for the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// From sensors, now.
    #[default]
    Live,
    /// From a recording.
    Replay,
    /// From simulated sensors.
    Sim,
}

impl Mode {
    /// The word on a badge.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "LIVE",
            Self::Replay => "REPLAY",
            Self::Sim => "SIM",
        }
    }
}

/// One state of everything that is shown.
#[derive(Clone, Debug, Default)]
pub struct Board {
    /// Counts up with every new state.
    pub sequence: u64,
    /// Picture time.
    pub time: Timestamp,
    /// The picture.
    pub tracks: Arc<BTreeMap<TrackId, Arc<SystemTrack>>>,
    /// Smoothed trails of the node's own tracks; empty unless the configuration asks for them.
    pub trails: Arc<BTreeMap<TrackId, TrailPoints>>,
    /// The latest lines of bearing, oldest first; at most [`BEARINGS_SHOWN_MAX`].
    pub bearings: Vec<Bearing>,
    /// Those of other nodes, likewise.
    pub heard: Vec<Heard>,
    /// Which objects of other systems this node's own tracks were made from; empty unless somebody is told.
    pub parents: Arc<BTreeMap<TrackId, Vec<Parent>>>,
    /// When anybody told last of entries that are stale.
    pub told: BTreeMap<TrackId, Timestamp>,
    /// What people remarked last on entries.
    pub remarks: BTreeMap<TrackId, Remark>,
    /// Whose people said last that entries are.
    pub declared: BTreeMap<TrackId, Declared>,
    /// The sensors.
    pub sensors: Vec<SensorHealth>,
    /// The neighbours.
    pub neighbours: Vec<NeighbourHealth>,
    /// What all nodes' sensors are off by, own ones first.
    pub registrations: Vec<RegistrationHealth>,
    /// Names of nodes, as far as they are known.
    pub nodes: BTreeMap<NodeId, String>,
    /// Counters of tracker, picture and queues, by name.
    pub counters: Vec<(&'static str, u64)>,
    /// Why nothing is kept for the next start, if something should be.
    pub journal_trouble: Option<String>,
    /// Why nothing is being recorded, if something should be.
    pub recorder_trouble: Option<String>,
    /// From receipt of bytes to the changed picture.
    pub latency: Summary,
    /// How far a replay has come, 0 to 1.
    pub progress: Option<f64>,
}

/// Who counts something beside the fusion thread, which shows it. Nothing here may wait.
pub trait Counts: Send + Sync {
    /// Names every counter, in a fixed order.
    fn counters(&self, each: &mut dyn FnMut(&'static str, u64));
}

/// What a person remarked on an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// It.
    pub text: String,
    /// Who.
    pub who: Option<String>,
    /// At which node.
    pub by: String,
    /// When, milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// Who may know.
    pub label: Label,
}

/// Whose a person said that an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// It.
    pub affiliation: Affiliation,
    /// Who.
    pub who: Option<String>,
    /// At which node.
    pub by: String,
    /// When, milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// Who may know.
    pub label: Label,
}

/// The name of a node; of one that is no neighbour, the beginning of its number.
#[must_use]
pub fn node_name(nodes: &BTreeMap<NodeId, String>, node: NodeId) -> String {
    nodes.get(&node).cloned().unwrap_or_else(|| format!("{:08x}", node.0 >> 32))
}

/// Lines of bearing on the board at the most.
///
/// No counter: they fade within seconds, and older ones leave as newer ones come.
pub const BEARINGS_SHOWN_MAX: usize = 64;

/// The shortest time between two states.
pub const BOARD_PERIOD: Duration = Duration::from_millis(100);

impl Board {
    /// Which objects of other systems this node has made an entry from, those told of last first; so many at the most.
    #[must_use]
    pub fn parents_of(&self, track: &SystemTrack, most: usize) -> Vec<Parent> {
        if self.parents.is_empty() {
            return Vec::new();
        }
        let ids: BTreeSet<TrackId> = track.members.iter().copied().chain([track.own_id()]).collect();
        let mut parents: Vec<Parent> = ids.iter().filter_map(|id| self.parents.get(id)).flatten().copied().collect();
        parents.sort_by_key(|parent| (Reverse(parent.time), parent.name));
        parents.truncate(most);
        parents
    }

    /// What of `self` a reader who last saw `before` does not know: changed tracks, and ids that are gone.
    #[must_use]
    pub fn since<'a>(&'a self, before: &'a Self) -> (Vec<&'a SystemTrack>, Vec<TrackId>) {
        let known =
            |t: &SystemTrack| before.tracks.get(&t.id()).is_some_and(|old| old.record.version == t.record.version);
        let changed = self.tracks.values().map(Arc::as_ref).filter(|t| !known(t)).collect();
        let gone = before.tracks.keys().filter(|id| !self.tracks.contains_key(id)).copied().collect();
        (changed, gone)
    }
}
