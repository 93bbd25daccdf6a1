//! Scans from beyond what is held: retrodiction, for a sequencer that was given a reach.
//!
//! The table as the oldest checkpoint holds it is amended by the scan ([`Amendment`]), and the held scans are run again
//! on top of it. So the live table is still the oldest copy followed by the scans that are held, and whatever comes
//! late within the horizon is put in its place as ever. For the amendment two things are kept longer than the horizon:
//!
//! * **Anchors**, copies of the table that have just been closed, two of them at least half a reach apart. A checkpoint
//!   that closes becomes one by changing hands; nothing is copied, and what lies apart from its tracks is let go. A
//!   scan older than both is refused.
//! * **What was heard**: the keys of the scans that were released, so that one that is heard again is not taken for new
//!   evidence. What is older than these keys is refused. They take 25 KB.
//!
//! Within the horizon the result does not depend on the order of arrival. Beyond it, it does: what is settled when a
//! scan arrives is settled by what came before. The same scans in the same order still give the same bits, and a
//! recording keeps the order.

use heapless::{Deque, Vec};

use super::amend::Amendment;
use super::{Checkpoint, Key, Sequencer, SequencerLent, SequencerMemory};
use crate::association::gate::Gate;
use crate::capacity::{ANCHORS, HEARD_MAX};
use crate::measurement::Scan;
use crate::room::Room;
use crate::sensor::SensorModel;
use crate::tally::count;
use crate::time::{Span, Timestamp};
use crate::tracker::{ScanError, ScanOutcome, TrackerMemory};
use crate::trail::{Decision, few};

/// How far beyond the horizon retrodiction goes unless it is told otherwise: to where a track of which nothing newer is
/// known has little to learn.
pub const REACH_DEFAULT: Span = Span::from_secs(10);

/// What is kept for scans from beyond.
#[derive(Clone, Debug)]
pub(super) struct Beyond {
    /// How far back; zero, if such scans are refused.
    reach: Span,
    gate: Gate,
    /// Oldest first.
    anchors: Deque<Checkpoint, ANCHORS>,
    heard: Heard,
}

impl Beyond {
    pub(super) fn new(gate: Gate) -> Self {
        Self { reach: Span::ZERO, gate, anchors: Deque::new(), heard: Heard::default() }
    }

    pub(super) fn is_on(&self) -> bool {
        self.reach > Span::ZERO
    }

    /// The copies of the table that checkpoints must leave alone.
    pub(super) fn copies(&self) -> impl Iterator<Item = usize> {
        self.anchors.iter().map(|anchor| anchor.copy)
    }

    /// Takes over a checkpoint that closes, if the last anchor is old enough.
    pub(super) fn keep(&mut self, closed: Checkpoint) {
        let half = Span::from_nanos(self.reach.as_nanos() / 2);
        let last = self.anchors.back().and_then(|anchor| anchor.after);
        let (Some(key), true) = (closed.after, self.is_on()) else { return };
        if last.is_some_and(|last| key.time - last.time < half) {
            return;
        }
        if self.anchors.is_full() {
            self.anchors.pop_front();
        }
        self.anchors.push_back(closed).expect("there is room for one more");
    }

    /// Remembers a scan that is held no longer.
    pub(super) fn remember(&mut self, key: Key) {
        if self.is_on() {
            self.heard.note(key);
        }
    }

    /// The newest anchor from before a scan.
    fn anchor(&self, time: Timestamp) -> Option<Checkpoint> {
        let before = |anchor: &&Checkpoint| anchor.after.is_some_and(|after| after.time <= time);
        self.anchors.iter().rev().find(before).cloned()
    }
}

/// Keys of scans that are held no longer, sorted, and the limit up to which they have been forgotten.
#[derive(Clone, Debug, Default)]
struct Heard {
    keys: Vec<Key, HEARD_MAX>,
    forgotten: Option<Key>,
}

impl Heard {
    fn note(&mut self, key: Key) {
        if self.has_forgotten(key) {
            return;
        }
        if self.keys.is_full() {
            self.forgotten = Some(self.keys.remove(0));
        }
        if let (false, Err(place)) = (self.has_forgotten(key), self.keys.binary_search(&key)) {
            self.keys.insert(place, key).expect("there is room for one more");
        }
    }

    /// Whether that sensor's look at that time was heard, whatever its count: a count may be of arrivals.
    fn knows(&self, key: Key) -> bool {
        self.keys.binary_search_by_key(&(key.time, key.sensor), |known| (known.time, known.sensor)).is_ok()
    }

    fn has_forgotten(&self, key: Key) -> bool {
        Some(key) <= self.forgotten
    }
}

impl<M: TrackerMemory, N: SequencerMemory> Sequencer<M, N> {
    /// Lets scans from beyond the horizon amend tracks by retrodiction, up to so far back beyond what is held. It takes
    /// two of the lent copies of the table; if fewer than four are lent, such scans are refused as without it.
    #[must_use]
    pub fn with_reach(mut self, reach: Span) -> Self {
        if self.memory.lend().copies.len() >= ANCHORS + 2 {
            self.beyond.reach = reach;
        }
        self
    }

    /// Takes what can be taken of a scan that is older than all that is held.
    pub(super) fn handle_beyond(
        &mut self,
        scan: &Scan<'_>,
        sensor: &SensorModel,
        horizon: Timestamp,
    ) -> Result<ScanOutcome, ScanError> {
        let key = Key::of(scan);
        if self.beyond.heard.knows(key) {
            self.tally.scans_repeated += 1;
            return Err(self.refused(key, ScanError::Repeated));
        }
        let used = self.amend(scan, sensor);
        self.beyond.remember(key);
        self.tally.measurements_retrodicted += count(used);
        self.tally.measurements_too_late += count(scan.measurements.len() - used);
        let left = few(scan.measurements.len() - used);
        self.tracker.note(key, Decision::Retrodicted { taken: few(used), left });
        if used == 0 {
            self.tally.scans_too_late += 1;
            return Err(self.refused(key, ScanError::TooLate { horizon }));
        }
        self.tally.scans_retrodicted += 1;
        self.replay_from(key)
    }

    /// Amends the oldest copy of the table; tells how many measurements were used.
    fn amend(&mut self, scan: &Scan<'_>, sensor: &SensorModel) -> usize {
        let too_far = self.horizon_time() - self.beyond.reach > scan.time;
        if too_far || self.beyond.heard.has_forgotten(Key::of(scan)) {
            return 0;
        }
        let Some(anchor) = self.beyond.anchor(scan.time) else { return 0 };
        let Checkpoint { progress, copy, beside, .. } =
            self.checkpoints.front_mut().expect("one checkpoint always remains");
        let SequencerLent { copies, besides, .. } = self.memory.lend();
        let [before, live] = copies.get_disjoint_mut([anchor.copy, *copy]).expect("copies that differ, of those lent");
        let anchor = before.reached();
        let top = progress.occupancy.top();
        let live = &mut live.reaching(top)[..top];
        let words = besides[*beside].reaching(0);
        let amendment = Amendment { scan, sensor, config: self.tracker.config(), gate: &self.beyond.gate, anchor };
        let forgotten = progress.tally.contributors_forgotten;
        let used = amendment.apply(live, words, &mut progress.tally);
        for _ in forgotten..progress.tally.contributors_forgotten {
            self.tracker.note(Key::of(scan), Decision::ContributorForgotten);
        }
        used
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::SensorId;

    fn key(millis: usize) -> Key {
        let time = Timestamp::EPOCH + Span::from_millis(i64::try_from(millis).expect("small"));
        Key { time, sensor: SensorId(0), sequence: 0 }
    }

    #[test]
    fn what_was_heard_is_known_or_so_old_that_it_is_refused() {
        let mut heard = Heard::default();
        for k in 0..HEARD_MAX + 100 {
            heard.note(key(k));
            assert!(heard.knows(key(k)));
        }
        assert!((0..HEARD_MAX + 100).all(|k| heard.knows(key(k)) != heard.has_forgotten(key(k))));
        heard.note(key(50));
        assert!(!heard.knows(key(50)) && heard.keys.len() == HEARD_MAX);
        assert!(heard.knows(Key { sequence: 7, ..key(200) }) && !heard.knows(Key { sensor: SensorId(1), ..key(200) }));
    }
}
