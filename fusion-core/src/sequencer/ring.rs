//! The recent scans, owned, in canonical order, in lent memory.
//!
//! Headers lie in a ring sorted by [`Key`]: a scan in order goes to the end, a late one shifts the few after it, the
//! oldest leave at the front. Measurements lie in a second ring in the order of their arrival, each scan's in one
//! piece; a piece is free again when every piece that arrived before it is.

use crate::capacity::HELD_SCANS_MAX;
use crate::gaussian::Covariance;
use crate::identity::Identity;
use crate::label::Label;
use crate::measurement::{Coverage, Measurement, Observation, Pose, Reading, Scan, SensorId};
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
    pub(super) scans: &'a mut [HeldScan],
    pub(super) pieces: &'a mut [Piece],
    pub(super) measurements: &'a mut [Measurement],
}

/// Which parts of that memory are in use.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RingState {
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
        let room = memory.scans.len().min(memory.pieces.len()).min(HELD_SCANS_MAX);
        let RingMemory { scans, pieces, measurements } = memory;
        Self { memory: RingMemory { scans: &mut scans[..room], pieces: &mut pieces[..room], measurements }, state }
    }

    pub(super) fn len(&self) -> usize {
        self.state.length
    }

    /// Whether a scan of so many measurements could be held if the ring were empty.
    pub(super) fn could_hold(&self, measurements: usize) -> bool {
        !self.memory.scans.is_empty() && measurements <= self.memory.measurements.len()
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
        if self.len() == self.memory.scans.len() {
            return false;
        }
        let Some(first) = self.claim(length) else { return false };
        self.memory.measurements[first..first + length].clone_from_slice(scan.measurements);
        let arrival = self.state.next - 1;
        self.state.length += 1;
        for later in (place + 1..self.len()).rev() {
            let (from, to) = (self.header(later - 1), self.header(later));
            self.memory.scans[to] = self.memory.scans[from];
        }
        let header = self.header(place);
        self.memory.scans[header] = HeldScan {
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
        let piece = self.piece(self.memory.scans[self.header(0)].arrival);
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
        self.memory.scans[self.header(place)].key
    }

    /// The scan at a place, with its sensor's model.
    pub(super) fn get(&self, place: usize) -> (Scan<'_>, &SensorModel) {
        let held = &self.memory.scans[self.header(place)];
        let scan = Scan {
            sensor: held.key.sensor,
            pose: held.pose,
            time: held.key.time,
            sequence: held.key.sequence,
            label: held.label,
            coverage: held.coverage,
            measurements: &self.memory.measurements[held.first..held.first + held.length],
        };
        (scan, &held.sensor)
    }

    /// Where the header at a place lies.
    fn header(&self, place: usize) -> usize {
        (self.state.front + place) % self.memory.scans.len()
    }

    /// Where the piece with this number lies.
    fn piece(&self, arrival: u64) -> usize {
        narrow(arrival % wide(self.memory.pieces.len()))
    }

    /// Finds room for so many measurements in one piece, and numbers the piece. Places count on without end and are
    /// taken modulo the length of the ring; a piece that would straddle its end begins at the next turn.
    fn claim(&mut self, length: usize) -> Option<usize> {
        let (pool, length) = (wide(self.memory.measurements.len()), wide(length));
        if self.state.next - self.state.oldest >= wide(self.memory.pieces.len()) || length > pool {
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
}
