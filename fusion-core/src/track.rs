//! A track: one target as believed by one node, with its number, its status and what it was made from.

pub mod deleter;
pub mod existence;
pub mod height;
pub mod initiator;
pub mod number;
pub(crate) mod packed;
pub mod ranging;
pub mod table;

use heapless::Vec;

use crate::capacity::{CONTRIBUTORS_MAX, HISTORY_LOOKS};
use crate::filter::imm::Modes;
use crate::filter::monitor::TrackMonitor;
use crate::gaussian::GaussianState;
use crate::identity::Identity;
use crate::label::Label;
use crate::measurement::SensorId;
use crate::time::Timestamp;
pub use existence::Existence;
pub use number::{NodeId, Origin, TrackId, TrackNumber};
pub use packed::PACKED_WORDS;
pub use table::{ModeSlot, Slot, SlotCopy};

/// How far a track has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrackStatus {
    /// Founded, not yet believed; never published.
    Tentative,
    /// Believed, and seen by the last look that covered it.
    Confirmed,
    /// Believed, but missed by the last look, or silent for longer than its reports should be.
    Coasted,
}

/// One target as believed by one node.
///
/// In memory it lies in this order: what every look asks comes first and together, what few ask comes last.
#[derive(Clone, Debug, PartialEq)]
#[repr(C)]
pub struct Track {
    /// How far it has come.
    pub status: TrackStatus,
    /// Whether the last measurement came from a source that reports only what it hears (no looks, so no misses).
    pub reported: bool,
    /// Whether reports that tell an address of its own are in it: what the object said of itself, which whoever hears
    /// it has too. Once in, it stays: how soon a filter forgets is not known.
    pub own_word: bool,
    /// Scans that contributed a measurement.
    pub updates: u32,
    /// r: how probably it is a target at all, at `existence_time`.
    pub existence: Existence,
    /// r when it was founded.
    pub founding_existence: Existence,
    /// The hypotheses among which it is one, of which at most one is a target ([`ranging`]).
    pub family: Option<TrackNumber>,
    /// Which of the last looks saw it.
    pub history: History,
    /// Time of the last look that could have seen it.
    pub existence_time: Timestamp,
    /// Time of the last measurement.
    pub last_update: Timestamp,
    /// Where it is and how it moves, at the time of the last scan in which it gated a measurement.
    pub state: GaussianState,
    /// Who made it, and its number.
    pub id: TrackId,
    /// Time of the founding measurement.
    pub first_seen: Timestamp,
    /// When it was last believed to do anything but fly straight on or stand; without modes, which alone can tell,
    /// the time of the last measurement.
    pub swerved: Timestamp,
    /// The older track with which this one has coincided in the latest looks.
    pub(crate) twin: Option<Twin>,
    /// What its certain hits, since it was confirmed, say of its S.
    pub monitor: TrackMonitor,
    /// Which sensors contributed, and when last.
    pub contributors: Contributors,
    /// The join of the labels of all scans that made it.
    pub label: Label,
    /// Who it is, as far as anybody said.
    pub identity: Identity,
}

/// An older track that may be the same target, and for how many looks it has seemed so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Twin {
    pub(crate) number: TrackNumber,
    pub(crate) looks: u8,
}

impl Track {
    /// Nobody's: what lies in a slot that was never used.
    pub(crate) const BLANK: Self = Self {
        status: TrackStatus::Tentative,
        reported: false,
        own_word: false,
        updates: 0,
        existence: Existence::new(0.0),
        founding_existence: Existence::new(0.0),
        family: None,
        history: History { hits: 0, looks: 0 },
        existence_time: Timestamp::EPOCH,
        last_update: Timestamp::EPOCH,
        state: GaussianState::STANDARD,
        id: TrackId { origin: Origin { node: NodeId(0), incarnation: 0 }, number: TrackNumber(0) },
        first_seen: Timestamp::EPOCH,
        swerved: Timestamp::EPOCH,
        twin: None,
        monitor: TrackMonitor::NEW,
        contributors: Contributors(Vec::new()),
        label: Label::STRICTEST,
        identity: Identity::UNKNOWN,
    };

    /// Whether it is believed, seen at present or not.
    #[must_use]
    pub const fn is_confirmed(&self) -> bool {
        matches!(self.status, TrackStatus::Confirmed | TrackStatus::Coasted)
    }

    /// Its modes, where it may have any: they begin when it is believed, so those of others are not looked for, and
    /// most tracks are others.
    pub(crate) const fn modes_of<'m>(&self, beside: &'m Option<Modes>) -> Option<&'m Modes> {
        if self.is_confirmed() { beside.as_ref() } else { None }
    }

    /// The same, to change them.
    pub(crate) const fn modes_of_mut<'m>(&self, beside: &'m mut Option<Modes>) -> Option<&'m mut Modes> {
        if self.is_confirmed() { beside.as_mut() } else { None }
    }

    /// Whether it came before another: by founding time, then by number.
    #[must_use]
    pub fn is_older_than(&self, other: &Self) -> bool {
        (self.first_seen, self.id) < (other.first_seen, other.id)
    }
}

/// Which of the latest looks saw the track: the newest in the lowest bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    hits: u64,
    looks: u32,
}

impl History {
    /// Remembers one look.
    pub const fn record(&mut self, hit: bool) {
        self.hits = self.hits << 1 | hit as u64;
        if self.looks < HISTORY_LOOKS {
            self.looks += 1;
        }
    }

    /// Looks remembered.
    #[must_use]
    pub const fn looks(&self) -> u32 {
        self.looks
    }

    /// Hits among the last `window` looks.
    #[must_use]
    pub const fn hits(&self, window: u32) -> u32 {
        (self.hits & mask(window)).count_ones()
    }

    /// Misses among the last `window` looks.
    #[must_use]
    pub fn misses(&self, window: u32) -> u32 {
        self.looks.min(window) - self.hits(window)
    }
}

const fn mask(bits: u32) -> u64 {
    if bits >= u64::BITS { u64::MAX } else { (1 << bits) - 1 }
}

/// The sensors that contributed to a track, each with the time of its last contribution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contributors(Vec<(SensorId, Timestamp), CONTRIBUTORS_MAX>);

impl Contributors {
    /// Becomes that of a track which one sensor founded.
    pub(crate) fn begin(&mut self, sensor: SensorId, time: Timestamp) {
        self.0.clear();
        self.note(sensor, time);
    }

    /// The sensors in the order in which they first contributed.
    #[must_use]
    pub fn as_slice(&self) -> &[(SensorId, Timestamp)] {
        &self.0
    }

    /// Notes a contribution; `false` if the longest silent sensor was forgotten to make room.
    pub fn note(&mut self, sensor: SensorId, time: Timestamp) -> bool {
        if let Some((_, last)) = self.0.iter_mut().find(|(known, _)| *known == sensor) {
            *last = time.max(*last);
            return true;
        }
        if self.0.push((sensor, time)).is_ok() {
            return true;
        }
        if let Some(longest_silent) = self.0.iter_mut().min_by_key(|(known, last)| (*last, *known)) {
            *longest_silent = (sensor, time);
        }
        false
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::gaussian::{Covariance, StateVector};

    /// A track at rest at the origin, founded at the epoch by sensor 0.
    pub(crate) fn any_track() -> Track {
        let covariance = Covariance::from_sigmas(&StateVector::repeat(10.0)).expect("positive sigmas");
        let number = TrackNumber::founding(Timestamp::EPOCH, SensorId(0), 0);
        Track {
            id: TrackId { origin: Origin { node: NodeId(1), incarnation: 1 }, number },
            status: TrackStatus::Tentative,
            state: GaussianState { mean: StateVector::zeros(), covariance, time: Timestamp::EPOCH },
            existence: Existence::new(0.1),
            existence_time: Timestamp::EPOCH,
            founding_existence: Existence::new(0.1),
            family: None,
            identity: Identity::UNKNOWN,
            label: Label::STRICTEST,
            first_seen: Timestamp::EPOCH,
            swerved: Timestamp::EPOCH,
            own_word: false,
            last_update: Timestamp::EPOCH,
            updates: 1,
            history: History::default(),
            contributors: Contributors::default(),
            reported: false,
            monitor: TrackMonitor::NEW,
            twin: None,
        }
    }

    #[test]
    fn history_counts_only_the_window() {
        let mut history = History::default();
        for hit in [true, true, false, true, false, false] {
            history.record(hit);
        }
        assert_eq!((history.looks(), history.hits(5), history.misses(5)), (6, 2, 3));
        assert_eq!((history.hits(64), history.misses(64)), (3, 3));
        (0..100).for_each(|_| history.record(false));
        assert_eq!((history.looks(), history.misses(6), history.hits(64)), (64, 6, 0));
    }

    #[test]
    fn contributors_forget_the_longest_silent() {
        let mut contributors = Contributors::default();
        for k in 0..8 {
            assert!(contributors.note(SensorId(k), Timestamp::from_secs(i64::from(k))));
        }
        assert!(contributors.note(SensorId(0), Timestamp::from_secs(20)));
        assert!(!contributors.note(SensorId(9), Timestamp::from_secs(21)));
        let known = |k| contributors.as_slice().iter().any(|&(sensor, _)| sensor == SensorId(k));
        assert!(known(0) && !known(1) && known(9));
    }
}
