//! Late scans: the picture is what it would be if every scan had come in time, bit for bit.
//!
//! A scan in order goes straight to the tracker. The recent scans are kept in a ring, with copies of the track table at
//! a few times among them. When a scan comes late, the tracker goes back to the last copy before it, and the scans from
//! there on are processed again with the late one in its place. The order is canonical ([`Key`]), so whatever way the
//! scans came, the tracks, their numbers and the tally end the same. That holds for delays up to the horizon. What is
//! older is refused and counted; or, with a reach ([`Sequencer::with_reach`]), taken by retrodiction as far as it
//! admits no doubt, which keeps the association that was made without it (Bar-Shalom, Willett & Tian 2011, §10).
//!
//! Cost: a scan in order pays for a copy of the table every horizon / (copies − 1); a late scan pays for the scans
//! between it and the last copy before it.

mod amend;
mod beyond;
mod lent;
mod ring;

pub use beyond::REACH_DEFAULT;
pub use lent::{SequencerBuffers, SequencerLent, SequencerMemory, SequencerSizes};
pub use ring::{HeldScan, Key, Piece, blank_measurement};

use heapless::Deque;

use crate::association::gate::Gate;
use crate::capacity::{ANCHORS, CHECKPOINTS};
use crate::measurement::Scan;
use crate::room::Room;
use crate::sensor::SensorModel;
use crate::tally::{SequencerTally, Tally, count};
use crate::time::{Span, Timestamp};
use crate::track::{PACKED_WORDS, Track};
use crate::tracker::{Progress, ScanError, ScanOutcome, Tracker, TrackerMemory};
use crate::trail::{Decision, few};
use beyond::Beyond;
use ring::{Ring, RingMemory, RingState};

/// How far back scans are awaited unless it is told otherwise.
pub const HORIZON_DEFAULT: Span = Span::from_secs(3);

/// The state of the tracker after one scan.
#[derive(Clone, Debug)]
struct Checkpoint {
    /// The scan, or none for the beginning.
    after: Option<Key>,
    progress: Progress,
    /// Which copy of the table.
    copy: usize,
    /// Which copy of what lies apart from its tracks; of an anchor, nobody's.
    beside: usize,
}

/// A tracker that takes scans in any order within a horizon.
pub struct Sequencer<M: TrackerMemory, N: SequencerMemory> {
    tracker: Tracker<M>,
    memory: N,
    horizon: Span,
    ring: RingState,
    /// Oldest first; never empty.
    checkpoints: Deque<Checkpoint, CHECKPOINTS>,
    beyond: Beyond,
    /// The latest scan that the tracker has taken.
    latest: Option<Key>,
    /// The latest time told without a scan.
    told: Option<Timestamp>,
    /// The latest of them that changed tracks, unless scans have passed it.
    changed: Option<Timestamp>,
    tally: SequencerTally,
}

impl<M: TrackerMemory, N: SequencerMemory> Sequencer<M, N> {
    /// Wraps a tracker that has seen nothing yet.
    ///
    /// # Panics
    /// If there are fewer than two copies, or one has no room for the tracker's table: a bug of the caller
    /// ([`SequencerSizes`]).
    #[must_use]
    pub fn new(mut tracker: Tracker<M>, horizon: Span, mut memory: N) -> Self {
        let SequencerLent { copies, besides, .. } = memory.lend();
        let (slots, words) = (tracker.slots(), tracker.slots() * PACKED_WORDS);
        assert!(copies.len().min(besides.len()) >= 2, "a sequencer needs two copies of the table");
        assert!(copies.iter().all(|copy| copy.bound() >= slots), "a copy holds the whole table");
        assert!(besides.iter().all(|words_of| words_of.bound() >= words), "and what lies apart from it");
        let mut checkpoints = Deque::new();
        let beginning = Checkpoint { after: None, progress: tracker.progress(), copy: 0, beside: 0 };
        checkpoints.push_back(beginning).expect("a new queue has room");
        let beyond = Beyond::new(Gate::new(tracker.config().gate_probability));
        Self {
            tracker,
            memory,
            horizon,
            ring: RingState::default(),
            checkpoints,
            beyond,
            latest: None,
            told: None,
            changed: None,
            tally: SequencerTally::default(),
        }
    }

    /// Takes one scan, in order or late; from beyond the horizon only with a reach ([`Self::with_reach`]).
    ///
    /// # Errors
    /// [`ScanError::TooLate`], [`ScanError::Repeated`] or [`ScanError::SensorModel`]; counted, nothing else changed.
    pub fn handle_scan(&mut self, scan: &Scan<'_>, sensor: &SensorModel) -> Result<ScanOutcome, ScanError> {
        let key = Key::of(scan);
        if !sensor.is_usable() {
            self.tally.scans_without_sensor_model += 1;
            return Err(self.refused(key, ScanError::SensorModel));
        }
        if let Some(horizon) = self.is_beyond(key) {
            return self.handle_beyond(scan, sensor, horizon);
        }
        let late = self.latest.is_some_and(|latest| key < latest);
        let Err(place) = self.ring().find(key) else {
            self.tally.scans_repeated += 1;
            return Err(self.refused(key, ScanError::Repeated));
        };
        self.tally.scans_late += u64::from(late);
        if !self.hold(place, scan, sensor) {
            return self.take_without_holding(late, scan, sensor);
        }
        // Time that was told is taken back for a scan from before it, if it changed any track.
        let rewind = late || self.changed.is_some_and(|changed| scan.time < changed);
        let outcome = if rewind { self.replay_from(key) } else { self.take_next(scan, sensor) };
        self.close_the_past();
        outcome
    }

    /// Lets time pass without a scan; see [`Tracker::handle_timeout`].
    pub fn handle_timeout(&mut self, now: Timestamp) -> bool {
        let changed = self.tracker.handle_timeout(now);
        if changed {
            self.changed = self.changed.max(Some(now));
        }
        self.told = self.told.max(Some(now));
        changed
    }

    /// The tracks, in the order of their slots.
    pub fn tracks(&self) -> impl Iterator<Item = &Track> {
        self.tracker.tracks()
    }

    /// The tracker inside.
    #[must_use]
    pub const fn tracker(&self) -> &Tracker<M> {
        &self.tracker
    }

    /// What the tracker did and refused, as if every scan had come in time.
    #[must_use]
    pub const fn tracker_tally(&self) -> &Tally {
        self.tracker.tally()
    }

    /// What the sequencer did and refused.
    #[must_use]
    pub const fn tally(&self) -> &SequencerTally {
        &self.tally
    }

    /// Notes why a scan was refused.
    fn refused(&mut self, key: Key, error: ScanError) -> ScanError {
        self.tracker.note(key, Decision::ScanRefused(error.into()));
        error
    }

    fn ring(&mut self) -> Ring<'_> {
        let SequencerLent { scans, pieces, measurements, .. } = self.memory.lend();
        Ring::new(RingMemory { scans, pieces, measurements }, &mut self.ring)
    }

    /// The oldest time that can still be inserted.
    fn horizon_time(&self) -> Timestamp {
        self.latest.map_or(Timestamp::from_nanos(i64::MIN), |latest| latest.time - self.horizon)
    }

    /// The oldest time that can still be inserted, if a scan is older. With a reach, a scan from before the horizon is
    /// put in its place all the same as long as everything after it is held.
    fn is_beyond(&self, key: Key) -> Option<Timestamp> {
        let closed = self.checkpoints.front().and_then(|oldest| oldest.after);
        let horizon = self.horizon_time();
        let held = closed.is_none_or(|closed| key > closed) && (self.beyond.is_on() || key.time >= horizon);
        (!held).then(|| closed.map_or(horizon, |closed| closed.time.max(horizon)))
    }

    /// Copies a scan into the ring, closing the past early if it has no room otherwise.
    fn hold(&mut self, place: usize, scan: &Scan<'_>, sensor: &SensorModel) -> bool {
        if !self.ring().could_hold(scan.measurements.len()) {
            return false;
        }
        let mut place = place;
        while !self.ring().insert(place, scan, sensor) {
            let released = self.close_early();
            // What lay before the scan's place has gone; a scan older than what was closed has nowhere to go.
            let Some(left) = place.checked_sub(released) else { return false };
            place = left;
        }
        true
    }

    /// Takes a scan that cannot be held. In order it is processed and the past is closed behind it; late it is refused.
    fn take_without_holding(
        &mut self,
        late: bool,
        scan: &Scan<'_>,
        sensor: &SensorModel,
    ) -> Result<ScanOutcome, ScanError> {
        self.tally.scans_too_large += 1;
        self.tracker.note(Key::of(scan), Decision::TooLargeToHold);
        if late {
            self.tally.scans_too_late += 1;
            return Err(self.refused(Key::of(scan), ScanError::TooLate { horizon: self.horizon_time() }));
        }
        let outcome = self.take_next(scan, sensor);
        self.beyond.remember(Key::of(scan));
        self.start_afresh();
        outcome
    }

    /// Processes a scan that comes after all others, and copies the table if it is time to.
    fn take_next(&mut self, scan: &Scan<'_>, sensor: &SensorModel) -> Result<ScanOutcome, ScanError> {
        let outcome = self.tracker.handle_scan(scan, sensor)?;
        self.latest = Some(Key::of(scan));
        self.changed = None;
        self.copy_if_due();
        Ok(outcome)
    }

    /// Goes back before a key and processes everything from there on again.
    fn replay_from(&mut self, key: Key) -> Result<ScanOutcome, ScanError> {
        while self.checkpoints.len() > 1 && self.checkpoints.back().is_some_and(|last| last.after >= Some(key)) {
            self.checkpoints.pop_back();
        }
        let start = self.checkpoints.back().expect("one checkpoint always remains").clone();
        let SequencerLent { copies, besides, .. } = self.memory.lend();
        self.tracker.restore(copies[start.copy].reached(), besides[start.beside].reached(), start.progress);
        self.tracker.note(start.after.unwrap_or(Key::FIRST), Decision::Rewound);
        let mut outcome = ScanOutcome::default();
        let mut place = start.after.map_or(0, |after| self.ring().find(after).map_or_else(|place| place, |at| at + 1));
        while place < self.ring().len() {
            outcome = self.replay_one(place, key)?;
            self.copy_if_due();
            place += 1;
        }
        self.tracker.set_replaying(true);
        self.changed = self.told.filter(|told| self.tracker.handle_timeout(*told));
        self.tracker.set_replaying(false);
        Ok(outcome)
    }

    /// Processes a held scan: again, unless it is the late one.
    fn replay_one(&mut self, place: usize, late: Key) -> Result<ScanOutcome, ScanError> {
        let SequencerLent { scans, pieces, measurements, .. } = self.memory.lend();
        let ring = Ring::new(RingMemory { scans, pieces, measurements }, &mut self.ring);
        let (scan, sensor) = ring.get(place);
        self.tally.scans_replayed += 1;
        self.latest = Some(Key::of(&scan));
        self.tracker.set_replaying(Key::of(&scan) != late);
        let outcome = self.tracker.handle_scan(&scan, sensor);
        self.tracker.set_replaying(false);
        outcome
    }

    /// How many copies of the table fit the lent memory, beside those that retrodiction keeps.
    fn copies(&mut self) -> usize {
        let kept = if self.beyond.is_on() { ANCHORS } else { 0 };
        let SequencerLent { copies, besides, .. } = self.memory.lend();
        (copies.len().min(CHECKPOINTS) - kept).min(besides.len())
    }

    /// Copies the table after the latest scan, if the last copy is old enough and there is room for one more.
    fn copy_if_due(&mut self) {
        let copies = self.copies();
        let Some(key) = self.latest else { return };
        let last = self.checkpoints.back().and_then(|last| last.after);
        let pause = Span::from_nanos(self.horizon.as_nanos() / i64::try_from(copies.max(2) - 1).unwrap_or(1));
        if self.checkpoints.len() < copies && last.is_none_or(|last| key.time - last.time >= pause) {
            self.copy_table(key);
        }
    }

    fn copy_table(&mut self, key: Key) {
        let copy = first_free(self.checkpoints.iter().map(|checkpoint| checkpoint.copy).chain(self.beyond.copies()));
        let beside = first_free(self.checkpoints.iter().map(|checkpoint| checkpoint.beside));
        let SequencerLent { copies, besides, .. } = self.memory.lend();
        self.tracker.save(&mut copies[copy], &mut besides[beside]);
        let checkpoint = Checkpoint { after: Some(key), progress: self.tracker.progress(), copy, beside };
        self.checkpoints.push_back(checkpoint).expect("fewer checkpoints than there is room for");
    }

    /// Forgets scans and copies that no admissible scan can need any more.
    fn close_the_past(&mut self) {
        let horizon = self.horizon_time();
        let beyond = |checkpoint: Option<&Checkpoint>| {
            checkpoint.and_then(|checkpoint| checkpoint.after).is_some_and(|after| after.time < horizon)
        };
        while beyond(self.checkpoints.iter().nth(1)) {
            self.close_oldest();
        }
        self.release_closed();
    }

    /// Closes the past up to the second oldest copy, or altogether, for want of room; tells how many scans went.
    fn close_early(&mut self) -> usize {
        if self.checkpoints.len() > 1 {
            self.close_oldest();
        } else {
            self.start_afresh();
        }
        let released = self.release_closed();
        self.tally.scans_released_early += count(released);
        if let Some(key) = self.latest.filter(|_| released > 0) {
            self.tracker.note(key, Decision::ReleasedEarly(few(released)));
        }
        released
    }

    /// Forgets the past altogether: the oldest time to go back to is now.
    fn start_afresh(&mut self) {
        while !self.checkpoints.is_empty() {
            self.close_oldest();
        }
        if let Some(key) = self.latest {
            self.copy_table(key);
        }
        self.release_closed();
    }

    /// Takes the oldest copy out of use, unless retrodiction keeps it.
    fn close_oldest(&mut self) {
        if let Some(closed) = self.checkpoints.pop_front() {
            self.beyond.keep(closed);
        }
    }

    /// Releases the scans up to the oldest copy; tells how many.
    fn release_closed(&mut self) -> usize {
        let Some(closed) = self.checkpoints.front().and_then(|oldest| oldest.after) else { return 0 };
        let mut released = 0;
        while let Some(key) = self.ring().first().filter(|first| *first <= closed) {
            self.ring().release_front();
            self.beyond.remember(key);
            released += 1;
        }
        released
    }
}

/// The first copy that is not taken.
fn first_free(taken: impl Iterator<Item = usize>) -> usize {
    let mut free = [true; CHECKPOINTS];
    taken.for_each(|copy| free[copy] = false);
    free.iter().position(|free| *free).expect("fewer checkpoints than copies")
}
