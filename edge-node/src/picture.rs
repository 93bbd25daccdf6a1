//! The picture: what this node shows, one entry per object.
//!
//! Composed from records alone, so that nodes with the same records show the same picture. With one origin there is
//! nothing to correlate yet: each record is one system track, under the number of its track.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fusion_core::time::Timestamp;
use fusion_core::track::TrackId;
use proto::record::TrackRecord;
use proto::replica::Change;

/// Entries in a picture at the most: more than all tracks of a node, so only a fault can reach it.
///
/// Counter: `picture_full`; the new entry is not shown.
pub const PICTURE_TRACKS_MAX: usize = 4096;

/// What happened to the picture.
#[derive(Clone, Debug, PartialEq)]
pub enum PictureChange {
    /// An entry is new or different.
    Updated(Box<TrackRecord>),
    /// An entry is gone.
    Gone {
        /// Which.
        id: TrackId,
        /// When it was deleted.
        time: Timestamp,
    },
}

/// All entries.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    entries: BTreeMap<TrackId, TrackRecord>,
    /// Entries that this node made: shown as it knows them, not as it told them.
    own: BTreeSet<TrackId>,
    changes: VecDeque<PictureChange>,
    picture_full: u64,
}

impl Picture {
    /// Takes in an own record, if it is newer than what is held.
    pub fn handle_own(&mut self, record: &TrackRecord) {
        let held = self.entries.get(&record.id);
        if held.is_some_and(|held| held.version >= record.version) {
            return;
        }
        if record.status.is_none() {
            self.own.remove(&record.id);
            self.remove(record.id, record.estimate.time);
        } else {
            self.own.insert(record.id);
            self.show(record);
        }
    }

    /// Takes in what has changed of the rows that are held.
    pub fn handle_change(&mut self, change: &Change) {
        match change {
            Change::Track { record, .. } if !self.own.contains(&record.id) => self.show(record),
            Change::Gone { id, time } if !self.own.contains(id) => self.remove(*id, *time),
            Change::Track { .. } | Change::Gone { .. } | Change::Bearing { .. } | Change::Said { .. } => {}
        }
    }

    /// Lets time pass.
    pub const fn handle_timeout(&mut self, _now: Timestamp) {}

    /// The next change.
    pub fn poll_change(&mut self) -> Option<PictureChange> {
        self.changes.pop_front()
    }

    /// An own track, and the system track that it is taken for.
    pub const fn poll_claim(&mut self) -> Option<(TrackId, TrackId)> {
        None
    }

    fn show(&mut self, record: &TrackRecord) {
        if !self.entries.contains_key(&record.id) && self.entries.len() >= PICTURE_TRACKS_MAX {
            self.picture_full += 1;
            return;
        }
        self.entries.insert(record.id, record.clone());
        self.changes.push_back(PictureChange::Updated(Box::new(record.clone())));
    }

    fn remove(&mut self, id: TrackId, time: Timestamp) {
        if self.entries.remove(&id).is_some() {
            self.changes.push_back(PictureChange::Gone { id, time });
        }
    }

    /// The entries, by id.
    pub fn entries(&self) -> impl Iterator<Item = &TrackRecord> {
        self.entries.values()
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many entries were not shown because the picture was full.
    #[must_use]
    pub const fn full(&self) -> u64 {
        self.picture_full
    }
}

/// A short name for people: four characters of Crockford's base 32, the same on every node. May repeat; the id does
/// not.
#[must_use]
pub fn short_name(id: TrackId) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mixed = (id.number.0 ^ id.origin.node.0.rotate_left(17)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let digit = |k: u32| char::from(DIGITS[usize::try_from((mixed >> (44 + 5 * k)) & 31).unwrap_or(0)]);
    ['T'].into_iter().chain((0..4).rev().map(digit)).collect()
}

/// The id that consoles and files use: node, incarnation and number in hexadecimal.
#[must_use]
pub fn text_id(id: TrackId) -> String {
    format!("{:016x}-{}-{:016x}", id.origin.node.0, id.origin.incarnation, id.number.0)
}
