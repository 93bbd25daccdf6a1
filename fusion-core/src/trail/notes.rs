//! Writing the trail: where entries go, and one short call for each kind of decision, so that those who decide need
//! not know how it is told.

use core::cell::Cell;

use super::{Apart, Decision, Ending, Entry, NotFounded, TrailView};
use crate::association::Outcome;
use crate::measurement::{Scan, SensorId};
use crate::time::Timestamp;
use crate::track::deleter::least_existence;
use crate::track::{Track, TrackStatus};
use crate::tracker::TrackerConfig;

/// What a tracker keeps of its trail beside the lent memory. No part of its state: a replay goes on from it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Book {
    noted: u64,
    /// Whether scans are being done again.
    pub(crate) replaying: bool,
}

impl Book {
    /// Opens it for notes about a scan.
    pub(crate) fn at_scan<'a>(&'a mut self, entries: &'a mut [Entry], scan: &Scan<'_>) -> Trail<'a> {
        self.open(entries, scan.time, Some(scan.sensor), scan.sequence)
    }

    /// Opens it for notes about time that passes.
    pub(crate) fn at_time<'a>(&'a mut self, entries: &'a mut [Entry], time: Timestamp) -> Trail<'a> {
        self.open(entries, time, None, 0)
    }

    pub(crate) fn open<'a>(
        &'a mut self,
        entries: &'a mut [Entry],
        time: Timestamp,
        sensor: Option<SensorId>,
        sequence: u64,
    ) -> Trail<'a> {
        let blank = Entry { time, sensor, sequence, replayed: self.replaying, ..Entry::EMPTY };
        let places = Cell::from_mut(entries).as_slice_of_cells();
        Trail { places, noted: Cell::from_mut(&mut self.noted), blank }
    }

    pub(crate) const fn view<'a>(&self, entries: &'a [Entry]) -> TrailView<'a> {
        TrailView { entries, noted: self.noted }
    }
}

/// The trail for writing, during one scan. Shared by all who work on it: a note changes nothing that they read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trail<'a> {
    places: &'a [Cell<Entry>],
    noted: &'a Cell<u64>,
    /// An entry of this scan that says nothing yet.
    blank: Entry,
}

impl Trail<'_> {
    /// Whether anybody listens.
    pub(crate) const fn is_on(&self) -> bool {
        !self.places.is_empty()
    }

    /// Of the scan as a whole.
    pub(crate) fn scan(&self, decision: Decision) {
        if self.is_on() {
            self.note(Entry { decision, ..self.blank });
        }
    }

    /// Of one measurement.
    pub(crate) fn plot(&self, ordinal: u16, decision: Decision) {
        if self.is_on() {
            self.note(Entry { ordinal: Some(ordinal), decision, ..self.blank });
        }
    }

    /// Of one track, and of a measurement if there is one.
    pub(crate) fn track(&self, track: &Track, ordinal: Option<u16>, decision: Decision) {
        if self.is_on() {
            let tentative = track.status == TrackStatus::Tentative;
            self.note(Entry { track: Some(track.id.number), tentative, ordinal, decision, ..self.blank });
        }
    }

    /// Of a track that has just left the table.
    pub(crate) fn deleted(&self, track: Option<&Track>, ending: impl Into<Ending>) {
        if let Some(track) = track.filter(|_| self.is_on()) {
            let existence = narrow(track.existence.probability());
            self.track(track, None, Decision::Deleted { ending: ending.into(), existence });
        }
    }

    /// Of a track that too many looks missed.
    pub(crate) fn deleted_by_looks(&self, track: Option<&Track>, config: &TrackerConfig) {
        if let Some(track) = track.filter(|_| self.is_on()) {
            let unlikely = track.existence.probability() < least_existence(track, config);
            self.deleted(Some(track), if unlikely { Ending::Unlikely } else { Ending::Looks });
        }
    }

    /// Of a track that is believed from now on.
    pub(crate) fn confirmed(&self, track: &Track) {
        self.track(track, None, Decision::Confirmed { existence: narrow(track.existence.probability()) });
    }

    /// Of a track that is about to be founded, if there is room.
    pub(crate) fn founded(&self, track: &Track, ordinal: Option<u16>, full: bool) {
        let founded = Decision::Founded { existence: narrow(track.existence.probability()) };
        self.track(track, ordinal, if full { Decision::NotFounded(NotFounded::TableFull) } else { founded });
    }

    /// Of a track that is about to be split off from another by a measurement, if there is room.
    pub(crate) fn branched(&self, branch: &Track, stem: &Track, ordinal: u16, full: bool) {
        let branched = Decision::Branched { from: stem.id.number };
        self.track(branch, Some(ordinal), if full { Decision::NotFounded(NotFounded::TableFull) } else { branched });
    }

    /// Of a measurement that founds nothing: only if it was left over is that a decision.
    pub(crate) fn passed_over(&self, ordinal: u16, left_over: bool) {
        if left_over {
            self.plot(ordinal, Decision::NotFounded(NotFounded::TooUnlikely));
        }
    }

    /// Which measurements of a scan take part, out of so many.
    pub(crate) fn admission(&self, admitted: impl ExactSizeIterator<Item = bool>, all: usize) {
        if self.is_on() {
            let over = all.saturating_sub(admitted.len());
            (0..)
                .zip(admitted)
                .filter(|(_, admitted)| !admitted)
                .for_each(|(k, _)| self.plot(k, Decision::Implausible));
            if over > 0 {
                self.scan(Decision::OverLimit(few(over)));
            }
        }
    }

    /// Of a track whose pairs found no room, if there are any.
    pub(crate) fn dropped(&self, track: &Track, pairs: usize) {
        if pairs > 0 {
            self.track(track, None, Decision::PairsDropped(few(pairs)));
        }
    }

    /// Of a measurement that carries a track's address too far from it.
    pub(crate) fn address_implausible(&self, track: &Track, ordinal: u16, distance_squared: f64, limit: f64) {
        let apart = Apart { distance_squared: narrow(distance_squared), gate: narrow(limit) };
        self.track(track, Some(ordinal), Decision::AddressImplausible(apart));
    }

    /// By which fallbacks the association was solved.
    pub(crate) fn solved(&self, outcome: &Outcome) {
        let counts = [outcome.cut, outcome.belief, outcome.alone];
        let decisions = [Decision::ClustersCut, Decision::ClustersApproximate, Decision::RowsAlone];
        for (count, decision) in counts.into_iter().zip(decisions).filter(|(count, _)| *count > 0) {
            self.scan(decision(count));
        }
    }

    fn note(&self, entry: Entry) {
        let count = self.noted.get();
        if let Some(cell) = place(count, wide(self.places.len())).and_then(|place| self.places.get(place)) {
            cell.set(entry);
            self.noted.set(count + 1);
        }
    }
}

/// Where the entry of a count lies in a ring of so much room.
pub(super) fn place(count: u64, room: u64) -> Option<usize> {
    usize::try_from(count.checked_rem(room)?).ok()
}

pub(super) fn wide(length: usize) -> u64 {
    u64::try_from(length).expect("a length fits 64 bits")
}

/// A number of things as the trail keeps it.
pub(crate) fn few(things: usize) -> u32 {
    u32::try_from(things).unwrap_or(u32::MAX)
}

/// A number as the trail keeps it.
#[expect(clippy::cast_possible_truncation, reason = "seven digits are enough to be told, and `as` rounds or saturates")]
pub(crate) const fn narrow(number: f64) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::tests::any_track;
    use std::vec::Vec;

    extern crate std;

    fn opened<'a>(book: &'a mut Book, entries: &'a mut [Entry]) -> Trail<'a> {
        book.at_time(entries, Timestamp::from_secs(5))
    }

    #[test]
    fn a_full_ring_forgets_the_oldest_and_a_reader_goes_on_where_it_was() {
        let (mut book, mut entries) = (Book::default(), [Entry::EMPTY; 4]);
        let trail = opened(&mut book, &mut entries);
        (0..6).for_each(|ordinal| trail.plot(ordinal, Decision::Implausible));
        let told = |view: TrailView<'_>, since| view.since(since).map(|e| e.ordinal).collect::<Vec<_>>();
        assert_eq!(told(book.view(&entries), 0), [Some(2), Some(3), Some(4), Some(5)]);
        assert_eq!(told(book.view(&entries), 5), [Some(5)]);
        assert_eq!((book.view(&entries).noted(), told(book.view(&entries), 6).len()), (6, 0));
    }

    #[test]
    fn without_memory_nothing_is_noted() {
        let mut book = Book::default();
        let trail = opened(&mut book, &mut []);
        trail.scan(Decision::Rewound);
        trail.deleted(Some(&any_track()), Ending::Silent);
        assert!(!trail.is_on());
        assert_eq!((book.view(&[]).noted(), book.view(&[]).entries().count()), (0, 0));
    }
}
