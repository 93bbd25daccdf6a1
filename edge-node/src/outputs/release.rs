//! Who may have what: the one place where the label of a thing is held against the clearance of those behind an output.
//!
//! A thing leaves only if its label permits. What bears no label (counters, neighbours, ways out) leaves the console
//! only for those who are trusted with the node's health.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use fusion_core::label::{Clearance, Label};
use fusion_core::track::TrackId;
use proto::record::TrackRecord;

use crate::board::{Board, Declared, Remark};
use crate::config::{Config, ConfigError};
use crate::node::Bearing;
use crate::node::mesh::Heard;
use crate::picture::SystemTrack;
use crate::registration_health::RegistrationHealth;

/// What bears a label.
pub trait Labelled {
    /// Who may have it.
    fn label(&self) -> &Label;
}

impl Labelled for Label {
    fn label(&self) -> &Label {
        self
    }
}

impl Labelled for SystemTrack {
    fn label(&self) -> &Label {
        &self.record.label
    }
}

impl Labelled for Bearing {
    fn label(&self) -> &Label {
        &self.label
    }
}

impl Labelled for Heard {
    fn label(&self) -> &Label {
        &self.label
    }
}

impl Labelled for Remark {
    fn label(&self) -> &Label {
        &self.label
    }
}

impl Labelled for Declared {
    fn label(&self) -> &Label {
        &self.label
    }
}

impl Labelled for RegistrationHealth {
    fn label(&self) -> &Label {
        &self.known.label
    }
}

/// Whether those with this clearance may have a thing.
#[must_use]
pub fn is_for(clearance: &Clearance, thing: &impl Labelled) -> bool {
    thing.label().permits(clearance)
}

/// Whether a track is in the picture, and they may have it.
#[must_use]
pub fn is_there_for(clearance: &Clearance, board: &Board, id: TrackId) -> bool {
    board.tracks.get(&id).is_some_and(|track| is_for(clearance, track.as_ref()))
}

/// The tracks that they may have, and how many others there are.
#[must_use]
pub fn tracks_for<'a>(clearance: &Clearance, board: &'a Board) -> (Vec<&'a SystemTrack>, usize) {
    let tracks = board.tracks.values().map(Arc::as_ref);
    let permitted: Vec<&SystemTrack> = tracks.filter(|track| is_for(clearance, *track)).collect();
    let withheld = board.tracks.len() - permitted.len();
    (permitted, withheld)
}

/// Those who look at the console in one way.
#[derive(Debug)]
pub struct Receiver {
    /// What they may see; `None` for everything.
    clearance: Option<Clearance>,
    health: bool,
    /// Sensors of this node that they may not know of.
    hidden: Arc<BTreeSet<String>>,
    /// What they were shown last, and of what that was made.
    last: Mutex<Option<(Arc<Board>, Released)>>,
}

/// What of the board may leave. Nothing else is given to what serialises.
#[derive(Clone, Debug)]
pub struct Released {
    board: Arc<Board>,
    hidden: Arc<BTreeSet<String>>,
    health: bool,
    withheld: usize,
}

impl Deref for Released {
    type Target = Board;

    fn deref(&self) -> &Board {
        &self.board
    }
}

impl Default for Released {
    /// What there is before the first state.
    fn default() -> Self {
        Self::whole(Arc::default())
    }
}

impl Released {
    /// Everything, for those on this machine who may see everything.
    #[must_use]
    pub fn whole(board: Arc<Board>) -> Self {
        Self { board, hidden: Arc::default(), health: true, withheld: 0 }
    }

    /// Whether a sensor of this node may be known of.
    #[must_use]
    pub fn names_sensor(&self, name: &str) -> bool {
        !self.hidden.contains(name)
    }

    /// Whether what bears no label may leave.
    #[must_use]
    pub const fn tells_health(&self) -> bool {
        self.health
    }

    /// How many tracks are withheld; `None` to those who are not to know.
    #[must_use]
    pub fn withheld(&self) -> Option<usize> {
        self.health.then_some(self.withheld)
    }
}

impl Receiver {
    /// Those with this clearance, or with every one; `health`: whether they also see what bears no label.
    ///
    /// # Errors
    /// [`ConfigError`] if a sensor's label is none.
    pub fn new(config: &Config, clearance: Option<Clearance>, health: bool) -> Result<Self, ConfigError> {
        let mut hidden = BTreeSet::new();
        for (i, sensor) in config.sensors.iter().enumerate() {
            let label = sensor.label.label(&format!("sensors[{i}].label"))?;
            if clearance.is_some_and(|clearance| !is_for(&clearance, &label)) {
                hidden.insert(sensor.name.clone());
            }
        }
        Ok(Self { clearance, health, hidden: Arc::new(hidden), last: Mutex::default() })
    }

    /// Whether others look in the same way.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        (self.clearance, self.health, &self.hidden) == (other.clearance, other.health, &other.hidden)
    }

    /// Whether they may have a thing.
    #[must_use]
    pub fn may_have(&self, thing: &impl Labelled) -> bool {
        self.clearance.is_none_or(|clearance| is_for(&clearance, thing))
    }

    /// Whether a sensor of this node may be named to them.
    #[must_use]
    pub fn names_sensor(&self, name: &str) -> bool {
        !self.hidden.contains(name)
    }

    /// What of the board is for them. Made once for each state of the board.
    #[must_use]
    pub fn released(&self, board: &Arc<Board>) -> Released {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((of, released)) if Arc::ptr_eq(of, board) => released.clone(),
            _ => {
                let released = self.sift(board);
                *last = Some((Arc::clone(board), released.clone()));
                released
            }
        }
    }

    /// The same of a board that is asked for once.
    #[must_use]
    pub fn sift(&self, board: &Arc<Board>) -> Released {
        let Some(clearance) = self.clearance else { return Released::whole(Arc::clone(board)) };
        let (tracks, withheld) = tracks_for(&clearance, board);
        let tracks: BTreeMap<_, _> = tracks.into_iter().map(|t| (t.id(), Arc::new(self.without(t)))).collect();
        let trails = tracks.values().filter_map(|track| board.trails.get_key_value(&track.own_id()));
        let board = Board {
            sequence: board.sequence,
            time: board.time,
            trails: Arc::new(trails.map(|(id, points)| (*id, points.clone())).collect()),
            bearings: self.of(&board.bearings),
            heard: self.of(&board.heard),
            told: of_tracks(&board.told, &tracks, |_| true),
            remarks: of_tracks(&board.remarks, &tracks, |remark| self.may_have(remark)),
            declared: of_tracks(&board.declared, &tracks, |declared| self.may_have(declared)),
            sensors: board.sensors.iter().filter(|s| !self.hidden.contains(&s.name)).cloned().collect(),
            registrations: self.of(&board.registrations),
            nodes: board.nodes.clone(),
            progress: board.progress,
            tracks: Arc::new(tracks),
            ..self.unlabelled(board)
        };
        Released { board: Arc::new(board), hidden: Arc::clone(&self.hidden), health: self.health, withheld }
    }

    /// A track without the names of sensors that they may not know of.
    #[must_use]
    pub fn without(&self, track: &SystemTrack) -> SystemTrack {
        let track = track.clone();
        SystemTrack { record: self.without_hidden(track.record), ..track }
    }

    /// A record without them.
    #[must_use]
    pub fn without_hidden(&self, mut record: TrackRecord) -> TrackRecord {
        record.sensors.retain(|sensor| !self.hidden.contains(sensor));
        record
    }

    fn of<T: Labelled + Clone>(&self, all: &[T]) -> Vec<T> {
        all.iter().filter(|thing| self.may_have(*thing)).cloned().collect()
    }

    /// What bears no label, for those who are trusted with it.
    fn unlabelled(&self, board: &Board) -> Board {
        if !self.health {
            return Board::default();
        }
        Board {
            neighbours: board.neighbours.clone(),
            counters: board.counters.clone(),
            recorder_trouble: board.recorder_trouble.clone(),
            journal_trouble: board.journal_trouble.clone(),
            latency: board.latency,
            ..Board::default()
        }
    }
}

fn of_tracks<V: Clone>(
    all: &BTreeMap<TrackId, V>,
    tracks: &BTreeMap<TrackId, Arc<SystemTrack>>,
    is_for_them: impl Fn(&V) -> bool,
) -> BTreeMap<TrackId, V> {
    let theirs = all.iter().filter(|(id, value)| tracks.contains_key(id) && is_for_them(value));
    theirs.map(|(id, value)| (*id, value.clone())).collect()
}

#[cfg(test)]
mod tests;
