//! What came out of a node in all its lives: its numbers, and what its console was told.

use std::collections::{BTreeMap, BTreeSet};

use edge_node::picture::PictureChange;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{Origin, TrackId};
use proto::record::TrackRecord;

/// Everything that was told, as far as it is needed to find it wrong.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Entries that a console would show.
    pub shown: BTreeSet<TrackId>,
    /// Entries that came back after they went, in this life.
    pub returned: u64,
    /// Lines of bearing of others.
    pub heard: u64,
    /// Input of sensors that was not understood.
    pub refused: u64,
    /// What was found wrong.
    pub found: Vec<String>,
    gone: BTreeSet<TrackId>,
    own: BTreeMap<TrackId, Own>,
    me: Option<Origin>,
}

/// An own track as it was published last.
#[derive(Clone, Copy, Debug)]
struct Own {
    updates: u32,
    alive: bool,
    /// Of a life that is over.
    past: bool,
    time: Timestamp,
}

/// How late a scan may be to show that a track that ended is still there: with what else it explains, the track may
/// have fewer measurements than it had before.
const LATE: Span = Span::from_secs(10);

impl Ledger {
    /// A life begins: a console is told everything anew, numbers are not.
    pub fn begin(&mut self, me: Origin) {
        self.me = Some(me);
        self.shown.clear();
        self.gone.clear();
        self.own.values_mut().for_each(|own| own.past = true);
    }

    /// An own record: its number is of this life, and was never used for another track. One that ended may go on
    /// where it was: a scan that came late can show that it is still there.
    pub fn handle_record(&mut self, record: &TrackRecord) {
        let (id, updates, alive) = (record.id, record.updates, record.status.is_some());
        let time = record.estimate.time;
        let is_other = |before: &Own| updates < before.updates && time - before.time > LATE;
        if Some(id.origin) != self.me {
            self.found.push(format!("{id:?} is published by {:?}", self.me));
        }
        match self.own.insert(id, Own { updates, alive, past: false, time }) {
            Some(before) if before.past || !before.alive && is_other(&before) => {
                self.found.push(format!("{id:?} is used again"));
            }
            Some(before) if !before.alive && !alive => self.found.push(format!("{id:?} ends twice")),
            None if !alive => self.found.push(format!("{id:?} ends and never was")),
            Some(_) | None => {}
        }
    }

    /// A change of the picture: what goes was there.
    pub fn handle_change(&mut self, change: &PictureChange) {
        match change {
            PictureChange::Updated(track) => {
                self.returned += u64::from(self.gone.remove(&track.id()));
                self.shown.insert(track.id());
            }
            PictureChange::Gone { id, .. } => {
                if !self.shown.remove(id) {
                    self.found.push(format!("{id:?} goes and was not shown"));
                }
                self.gone.insert(*id);
            }
        }
    }

    /// How many numbers this node has used.
    #[must_use]
    pub fn numbers(&self) -> usize {
        self.own.len()
    }
}
