//! The recent scans, owned, in canonical order, in lent memory.
//!
//! Headers lie in a ring sorted by [`Key`]: a scan in order goes to the end, a late one shifts the few after it, the
//! oldest leave at the front. Measurements lie in a second ring in the order of their arrival, each scan's in one
//! piece; a piece is free again when every piece that arrived before it is.
//!
//! Both rings turn in as much of their memory as they have needed so far, and are widened when that is full, up to all
//! of it.

use crate::capacity::HELD_SCANS_MAX;
use crate::gaussian::Covariance;
use crate::identity::Identity;
use crate::label::Label;
use crate::measurement::{Coverage, Measurement, Observation, Pose, Reading, Scan, SensorId};
use crate::room::Room;
use crate::sensor::SensorModel;
use crate::time::Timestamp;

/// The canonical order of scans: by time, then by sensor, then by the sensor's own count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Time of validity.
    pub time: Timestamp,
    /// Who looked.
    pub sensor: SensorId,
    /// Count of that sensor's scans.
    pub sequence: u64,
}

impl Key {
    /// Before every scan.
    pub const FIRST: Self = Self { time: Timestamp::from_nanos(i64::MIN), sensor: SensorId(0), sequence: 0 };

    /// The key of a scan.
    #[must_use]
    pub const fn of(scan: &Scan<'_>) -> Self {
        Self { time: scan.time, sensor: scan.sensor, sequence: scan.sequence }
    }
}

/// A scan without its measurements, and the sensor's model as it was.
#[derive(Clone, Copy, Debug)]
pub struct HeldScan {
    key: Key,
    pose: Pose,
    label: Label,
    coverage: Coverage,
    sensor: SensorModel,
    /// Number of the scan's piece, counted in order of arrival.
    arrival: u64,
    first: usize,
    length: usize,
}

impl HeldScan {
    /// A place in memory for one.
    pub const EMPTY: Self = Self {
        key: Key { time: Timestamp::EPOCH, sensor: SensorId(0), sequence: 0 },
        pose: Pose::AT_ORIGIN,
        label: Label::STRICTEST,
        coverage: Coverage::Reports,
        sensor: SensorModel::PLAIN,
        arrival: 0,
        first: 0,
        length: 0,
    };
}

/// One piece of the measurement ring.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// Where it begins, counted on without end.
    first: u64,
    held: bool,
}

impl Piece {
    /// A place in memory for one.
    pub const EMPTY: Self = Self { first: 0, held: false };
}

/// A measurement that says nothing, to fill memory with.
#[must_use]
pub fn blank_measurement() -> Measurement {
    let noise = Covariance::from_sigmas(&[1.0].into()).expect("one is above zero");
    Measurement { observation: Observation::Bearing(Reading { z: [0.0].into(), noise }), identity: Identity::UNKNOWN }
}

/// Memory lent to the ring.
pub(super) struct RingMemory<'a> {
    pub(super) scans: &'a mut (dyn Room<HeldScan> + 'a),
    pub(super) pieces: &'a mut [Piece],
    pub(super) measurements: &'a mut (dyn Room<Measurement> + 'a),
}

/// By how many headers, and measurements, a ring is widened at least.
const STEP: (usize, usize) = (64, 512);

/// Which parts of that memory are in use.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RingState {
    /// How far the rings go at present: headers, measurements.
    turn: (usize, usize),
    /// Place of the oldest header, and how many there are.
    front: usize,
    length: usize,
    /// Pieces from the oldest not yet free to the newest, by number of arrival.
    oldest: u64,
    next: u64,
    /// Where the next piece would begin.
    end: u64,
}

/// The ring, while its memory is lent.
pub(super) struct Ring<'a> {
    memory: RingMemory<'a>,
    state: &'a mut RingState,
}

impl<'a> Ring<'a> {
    pub(super) fn new(memory: RingMemory<'a>, state: &'a mut RingState) -> Self {
        let room = memory.scans.bound().min(memory.pieces.len()).min(HELD_SCANS_MAX);
        let RingMemory { scans, pieces, measurements } = memory;
        Self { memory: RingMemory { scans, pieces: &mut pieces[..room], measurements }, state }
    }

    pub(super) fn len(&self) -> usize {
        self.state.length
    }

    /// Whether a scan of so many measurements could be held if the ring were empty.
    pub(super) fn could_hold(&self, measurements: usize) -> bool {
        !self.memory.pieces.is_empty() && measurements <= self.memory.measurements.bound()
    }

    /// The place that a key has or would have.
    ///
    /// # Errors
    /// The place where it belongs, if it is not held.
    pub(super) fn find(&self, key: Key) -> Result<usize, usize> {
        // From the end, because that is where new scans go.
        let mut place = self.len();
        while place > 0 && self.key(place - 1) > key {
            place -= 1;
        }
        if place > 0 && self.key(place - 1) == key { Ok(place - 1) } else { Err(place) }
    }

    /// Puts a copy of a scan at its place; `false`, and no change, if there is no room.
    #[must_use]
    pub(super) fn insert(&mut self, place: usize, scan: &Scan<'_>, sensor: &SensorModel) -> bool {
        let length = scan.measurements.len();
        if self.len() == self.state.turn.0 && !self.widen_scans() {
            return false;
        }
        let Some(first) = self.claim_widening(length) else { return false };
        self.memory.measurements.reaching(0)[first..first + length].clone_from_slice(scan.measurements);
        let arrival = self.state.next - 1;
        self.state.length += 1;
        for later in (place + 1..self.len()).rev() {
            let (from, to) = (self.header(later - 1), self.header(later));
            *self.scan_mut(to) = self.memory.scans.reached()[from];
        }
        let header = self.header(place);
        *self.scan_mut(header) = HeldScan {
            key: Key::of(scan),
            pose: scan.pose,
            label: scan.label,
            coverage: scan.coverage,
            sensor: *sensor,
            arrival,
            first,
            length,
        };
        true
    }

    /// Forgets the oldest scan.
    pub(super) fn release_front(&mut self) {
        let piece = self.piece(self.scan(0).arrival);
        self.memory.pieces[piece].held = false;
        self.state.front = self.header(1);
        self.state.length -= 1;
        while self.state.oldest < self.state.next && !self.memory.pieces[self.piece(self.state.oldest)].held {
            self.state.oldest += 1;
        }
    }

    /// The key of the oldest scan.
    pub(super) fn first(&self) -> Option<Key> {
        (self.len() > 0).then(|| self.key(0))
    }

    pub(super) fn key(&self, place: usize) -> Key {
        self.scan(place).key
    }

    /// The scan at a place, with its sensor's model.
    pub(super) fn get(&self, place: usize) -> (Scan<'_>, &SensorModel) {
        let held = self.scan(place);
        let scan = Scan {
            sensor: held.key.sensor,
            pose: held.pose,
            time: held.key.time,
            sequence: held.key.sequence,
            label: held.label,
            coverage: held.coverage,
            measurements: &self.memory.measurements.reached()[held.first..held.first + held.length],
        };
        (scan, &held.sensor)
    }

    /// Where the header at a place lies.
    fn header(&self, place: usize) -> usize {
        (self.state.front + place) % self.state.turn.0
    }

    fn scan(&self, place: usize) -> &HeldScan {
        &self.memory.scans.reached()[self.header(place)]
    }

    /// The header that lies here.
    fn scan_mut(&mut self, header: usize) -> &mut HeldScan {
        &mut self.memory.scans.reaching(0)[header]
    }

    /// Where the piece with this number lies.
    fn piece(&self, arrival: u64) -> usize {
        narrow(arrival % wide(self.memory.pieces.len()))
    }

    /// The same where the ring may be widened for it.
    fn claim_widening(&mut self, length: usize) -> Option<usize> {
        if self.state.next - self.state.oldest >= wide(self.memory.pieces.len()) {
            return None;
        }
        loop {
            let claimed = self.claim(length);
            if claimed.is_some() || !self.widen_measurements(length) {
                return claimed;
            }
        }
    }

    /// Widens the ring of headers, which is full; `false` if there is no more memory for it.
    fn widen_scans(&mut self) -> bool {
        let (turn, bound) = (self.state.turn.0, self.memory.pieces.len());
        if turn >= bound {
            return false;
        }
        self.state.turn.0 = (turn + STEP.0).min(bound);
        // The oldest goes to the beginning, so that what is new follows the newest.
        self.memory.scans.reaching(self.state.turn.0)[..turn].rotate_left(self.state.front);
        self.state.front = 0;
        true
    }

    /// Widens the ring of measurements; `false` if there is no more memory for it.
    fn widen_measurements(&mut self, length: usize) -> bool {
        let (turn, bound) = (self.state.turn.1, self.memory.measurements.bound());
        if turn >= bound {
            return false;
        }
        self.state.turn.1 = (turn + STEP.1.max(length)).min(bound);
        let nothing_held = self.state.oldest == self.state.next;
        let oldest =
            if nothing_held { self.state.end } else { self.memory.pieces[self.piece(self.state.oldest)].first };
        // The oldest piece goes to the beginning, and places are counted from there.
        let measurements = self.memory.measurements.reaching(self.state.turn.1);
        if turn > 0 {
            measurements[..turn].rotate_left(narrow(oldest % wide(turn)));
        }
        for arrival in self.state.oldest..self.state.next {
            let piece = self.piece(arrival);
            self.memory.pieces[piece].first -= oldest;
        }
        self.state.end -= oldest;
        for place in 0..self.len() {
            let (header, piece) = (self.header(place), self.piece(self.scan(place).arrival));
            let first = narrow(self.memory.pieces[piece].first);
            let held = self.scan_mut(header);
            held.first = if held.length > 0 { first } else { 0 };
        }
        true
    }

    /// Finds room for so many measurements in one piece, and numbers the piece. Places count on without end and are
    /// taken modulo the length of the ring; a piece that would straddle its end begins at the next turn.
    fn claim(&mut self, length: usize) -> Option<usize> {
        let (pool, length) = (wide(self.state.turn.1), wide(length));
        if length > pool {
            return None;
        }
        let end = self.state.end;
        let first = if length > 0 && end % pool + length > pool { end.next_multiple_of(pool) } else { end };
        let nothing_held = self.state.oldest == self.state.next;
        let oldest = if nothing_held { first } else { self.memory.pieces[self.piece(self.state.oldest)].first };
        if first + length - oldest > pool {
            return None;
        }
        let piece = self.piece(self.state.next);
        self.memory.pieces[piece] = Piece { first, held: true };
        self.state.next += 1;
        self.state.end = first + length;
        Some(if length > 0 { narrow(first % pool) } else { 0 })
    }
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).expect("a length fits 64 bits")
}

fn narrow(place: u64) -> usize {
    usize::try_from(place).expect("a place in memory fits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;
    use std::vec;
    use std::vec::Vec;

    extern crate std;

    const SENSOR: SensorModel = HeldScan::EMPTY.sensor;

    fn numbered(number: u64, count: usize) -> Vec<Measurement> {
        let noise = Covariance::from_sigmas(&[1.0].into()).expect("positive");
        let number = f64::from(u32::try_from(number).expect("small"));
        let bearing = |k| Observation::Bearing(Reading { z: [number + 0.1 * f64::from(k)].into(), noise });
        (0..u32::try_from(count).expect("small"))
            .map(|k| Measurement { observation: bearing(k), identity: Identity::UNKNOWN })
            .collect()
    }

    fn scan(time: i64, sequence: u64, measurements: &[Measurement]) -> Scan<'_> {
        Scan {
            sensor: SensorId(0),
            pose: Pose::AT_ORIGIN,
            time: Timestamp::from_secs(time),
            sequence,
            label: Label::STRICTEST,
            coverage: Coverage::Full,
            measurements,
        }
    }

    proptest! {
        /// Against a plain list: whatever is held is held whole and in order, and what is refused had no room.
        #[test]
        fn the_ring_holds_what_a_list_would(
            steps in proptest::collection::vec((0_i64..40, 0_usize..6, 0_u8..4), 1..200),
        ) {
            let mut scans = vec![HeldScan::EMPTY; 8];
            let mut pieces = vec![Piece::EMPTY; 8];
            let mut measurements = vec![blank_measurement(); 16];
            let mut state = RingState::default();
            let mut list: VecDeque<(Key, Vec<Measurement>)> = VecDeque::new();
            let mut arrived: Vec<(Key, usize)> = Vec::new();
            for (sequence, (time, count, act)) in (0..).zip(steps) {
                let memory = RingMemory { scans: &mut scans, pieces: &mut pieces, measurements: &mut measurements };
                let mut ring = Ring::new(memory, &mut state);
                if act == 0 && ring.len() > 0 {
                    ring.release_front();
                    list.pop_front();
                } else {
                    let content = numbered(sequence, count);
                    let new = scan(time, sequence, &content);
                    let place = ring.find(Key::of(&new)).expect_err("every key is new");
                    if ring.insert(place, &new, &SENSOR) {
                        let at = list.partition_point(|(key, _)| *key < Key::of(&new));
                        prop_assert_eq!(at, place);
                        arrived.push((Key::of(&new), count));
                        list.insert(at, (Key::of(&new), content));
                    } else {
                        // What arrived since the oldest piece still held takes room, and so may both ends of the ring.
                        let held = |(key, _): &(Key, usize)| list.iter().any(|(other, _)| other == key);
                        let since = arrived.iter().position(held).map_or(&[][..], |oldest| &arrived[oldest..]);
                        let room: usize = since.iter().map(|(_, count)| count).sum();
                        prop_assert!(since.len() >= 8 || room + count + 5 + 5 > 16, "{:?} refused {}", since, count);
                    }
                }
                prop_assert_eq!(ring.len(), list.len());
                for (place, (key, content)) in list.iter().enumerate() {
                    prop_assert_eq!(ring.key(place), *key);
                    prop_assert_eq!(ring.get(place).0.measurements, content.as_slice());
                }
            }
        }
    }

    #[test]
    fn an_empty_ring_has_all_its_room() {
        let (mut scans, mut pieces) = (vec![HeldScan::EMPTY; 4], vec![Piece::EMPTY; 4]);
        let mut measurements = vec![blank_measurement(); 10];
        let mut state = RingState::default();
        for (time, count) in [(0, 7), (1, 10), (2, 3), (3, 10)] {
            let memory = RingMemory { scans: &mut scans, pieces: &mut pieces, measurements: &mut measurements };
            let mut ring = Ring::new(memory, &mut state);
            let content = numbered(0, count);
            assert!(ring.insert(0, &scan(time, 0, &content), &SENSOR), "{count}");
            ring.release_front();
            assert_eq!(ring.len(), 0);
        }
    }

    /// A ring that must widen while it has turned, at every phase: nothing that is held moves from under its scan.
    #[test]
    fn a_ring_that_is_widened_holds_what_it_held() {
        for phase in 0..40 {
            let (mut scans, mut pieces) = (vec![HeldScan::EMPTY; 1_000], vec![Piece::EMPTY; 1_000]);
            let mut measurements = vec![blank_measurement(); 8_000];
            let mut state = RingState::default();
            let mut list: VecDeque<Vec<Measurement>> = VecDeque::new();
            for time in 0..600_i64 {
                let memory = RingMemory { scans: &mut scans, pieces: &mut pieces, measurements: &mut measurements };
                let mut ring = Ring::new(memory, &mut state);
                let step = u64::try_from(time).expect("from zero");
                let content = numbered(step, (usize::try_from(step).expect("small") * 7 + phase) % 23);
                assert!(ring.insert(ring.len(), &scan(time, step, &content), &SENSOR), "{time} at phase {phase}");
                list.push_back(content);
                // One leaves for one that comes, then fewer leave, so that it turns before it must widen.
                if time > 20 && (time < 250 || time % 3 > 0) {
                    ring.release_front();
                    list.pop_front();
                }
                assert_eq!(ring.len(), list.len());
                if time % 10 == 0 || time > 500 {
                    let held = (0..ring.len()).map(|place| ring.get(place).0.measurements);
                    assert!(held.eq(list.iter().map(Vec::as_slice)), "{time} at phase {phase}");
                }
            }
            assert!(state.turn.0 > STEP.0 && state.turn.1 > STEP.1, "it was never widened: {:?}", state.turn);
            assert!(state.turn.0 < 300 && state.turn.1 < 3_000, "wider than needed: {:?}", state.turn);
        }
    }
}
