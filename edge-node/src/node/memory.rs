//! The memory that a node lends to its tracker: set aside once, at start, for the bounds in the configuration, and
//! touched as far as tracks and scans have come.

use fusion_core::association::Edge;
use fusion_core::association::gate::Plot;
use fusion_core::capacity::{CHECKPOINTS, SCAN_MEASUREMENTS_MAX};
use fusion_core::measurement::Measurement;
use fusion_core::room::Room;
use fusion_core::sequencer::{HeldScan, Piece, Sequencer, SequencerBuffers, SequencerSizes, blank_measurement};
use fusion_core::time::Span;
use fusion_core::track::{ModeSlot, Origin, Slot, SlotCopy};
use fusion_core::tracker::{Addressed, Buffers, Column, Row, Sizes, Tracker};
use fusion_core::trail::Entry;

use crate::config::TrackerSettings;

/// Scans that a node keeps for late ones: four a second of 64 sensors over two horizons of three seconds, and some.
const HELD_SCANS: usize = 2_048;
/// Measurements in them.
const HELD_MEASUREMENTS: usize = 16_384;

type TrackerBoxes = Buffers<
    Reserved<Slot>,
    Reserved<ModeSlot>,
    Box<[Row]>,
    Box<[Column]>,
    Box<[Plot]>,
    Box<[Addressed]>,
    Box<[Edge]>,
    Box<[f64]>,
    Box<[u32]>,
    Box<[Entry]>,
>;
type SequencerBoxes =
    SequencerBuffers<Reserved<HeldScan>, Box<[Piece]>, Reserved<Measurement>, Reserved<SlotCopy>, Reserved<u64>>;

/// The tracker of a node, in memory of its own.
pub type NodeSequencer = Sequencer<TrackerBoxes, SequencerBoxes>;

/// A tracker that has seen nothing yet, with a trail of so many decisions.
#[must_use]
pub fn sequencer(origin: Origin, settings: &TrackerSettings, plane_height_m: f64, trail: usize) -> NodeSequencer {
    let mut core = settings.core();
    // The operator counts heights from the ellipsoid, the core from its plane.
    core.height_prior.height_m -= plane_height_m;
    let tracker = Tracker::new(origin, core, tracker_boxes(settings.tracks_max, trail));
    let horizon = Span::from_secs_f64(settings.late_horizon_s);
    let reach = Span::from_secs_f64(settings.late_reach_s);
    Sequencer::new(tracker, horizon, sequencer_boxes(settings.tracks_max)).with_reach(reach)
}

fn tracker_boxes(tracks: usize, trail: usize) -> TrackerBoxes {
    let sizes = Sizes::new(tracks, SCAN_MEASUREMENTS_MAX);
    Buffers {
        slots: Reserved::new(Slot::EMPTY, sizes.tracks),
        modes: Reserved::new(ModeSlot::EMPTY, sizes.tracks),
        rows: boxed(Row::EMPTY, sizes.tracks),
        columns: boxed(Column::EMPTY, sizes.measurements),
        plots: boxed(Plot::EMPTY, sizes.measurements),
        addressed: boxed(Addressed::EMPTY, sizes.measurements),
        edges: boxed(Edge { row: 0, column: 0, weight: 0.0 }, sizes.edges),
        probabilities: boxed(0.0, sizes.probabilities),
        reals: boxed(0.0, sizes.reals),
        words: boxed(0, sizes.words),
        trail: boxed(Entry::EMPTY, trail),
    }
}

fn sequencer_boxes(tracks: usize) -> SequencerBoxes {
    let sizes = SequencerSizes::new(tracks, HELD_SCANS, HELD_MEASUREMENTS, CHECKPOINTS);
    SequencerBuffers {
        scans: Reserved::new(HeldScan::EMPTY, sizes.scans),
        pieces: boxed(Piece::EMPTY, sizes.scans),
        measurements: Reserved::new(blank_measurement(), sizes.measurements),
        copies: (0..sizes.copies).map(|_| Reserved::new(SlotCopy::EMPTY, sizes.tracks)).collect(),
        besides: (0..sizes.besides).map(|_| Reserved::new(0, sizes.words)).collect(),
    }
}

/// Room for things: all of it is set aside at the start, but no page of it is touched before so many are there.
pub struct Reserved<T> {
    /// Never grows beyond its capacity.
    reached: Vec<T>,
    bound: usize,
    blank: T,
}

impl<T> Reserved<T> {
    /// For so many, of which each is blank when it is reached first.
    fn new(blank: T, bound: usize) -> Self {
        Self { reached: Vec::with_capacity(bound), bound, blank }
    }
}

impl<T: Clone> Room<T> for Reserved<T> {
    fn bound(&self) -> usize {
        self.bound
    }

    fn reaching(&mut self, places: usize) -> &mut [T] {
        let reached = places.min(self.bound);
        if self.reached.len() < reached {
            self.reached.resize(reached, self.blank.clone());
        }
        &mut self.reached
    }

    fn reached(&self) -> &[T] {
        &self.reached
    }
}

fn boxed<T: Clone>(blank: T, length: usize) -> Box<[T]> {
    vec![blank; length].into_boxed_slice()
}

#[cfg(test)]
mod tests {
    use super::*;

    impl<T> Reserved<T> {
        fn octets(&self) -> usize {
            self.bound * size_of::<T>()
        }
    }

    /// Octets set aside for a tracker and a sequencer, largest first, with their names.
    fn taken(tracks: usize) -> Vec<(usize, &'static str)> {
        let (tracker, held) = (tracker_boxes(tracks, 0), sequencer_boxes(tracks));
        let mut boxes = vec![
            (tracker.slots.octets(), "slots"),
            (tracker.modes.octets(), "modes"),
            (size_of_val(&*tracker.rows), "rows"),
            (size_of_val(&*tracker.columns), "columns"),
            (size_of_val(&*tracker.plots), "plots"),
            (size_of_val(&*tracker.addressed), "addressed"),
            (size_of_val(&*tracker.edges), "edges"),
            (size_of_val(&*tracker.probabilities), "probabilities"),
            (size_of_val(&*tracker.reals), "reals"),
            (size_of_val(&*tracker.words), "words"),
            (held.scans.octets(), "held scans"),
            (size_of_val(&*held.pieces), "pieces"),
            (held.measurements.octets(), "held measurements"),
            (held.copies.iter().map(Reserved::octets).sum(), "copies of tracks"),
            (held.besides.iter().map(Reserved::octets).sum(), "copies of what lies apart"),
        ];
        boxes.sort_unstable_by(|a, b| b.cmp(a));
        boxes
    }

    #[test]
    fn each_track_costs_what_the_architecture_says() {
        let total = |boxes: &[(usize, &str)]| boxes.iter().map(|(octets, _)| octets).sum::<usize>();
        let (few, many) = (taken(1_024), taken(2_048));
        println!("a node for 1,024 tracks, kB:");
        few.iter().for_each(|(octets, name)| println!("{:>9} {name}", octets / 1_000));
        let per_track = (total(&many) - total(&few)) / 1_024;
        println!("{:>9} in all; {per_track} octets for each track more", total(&few) / 1_000);
        assert!(per_track <= 31_500, "{per_track} octets a track");
        assert!(total(&few) - 1_024 * per_track <= 13_000_000, "{} octets without tracks", total(&few));
    }

    #[test]
    fn room_is_touched_as_far_as_it_was_reached_and_asks_for_no_memory_then() {
        let mut room = Reserved::new(7, 1_024);
        let begins = room.reached().as_ptr();
        for (places, reached) in [(0, 0), (200, 200), (100, 200), (1_024, 1_024), (1_025, 1_024)] {
            assert_eq!((room.reaching(places).len(), room.reached().as_ptr()), (reached, begins), "{places} places");
        }
        assert!(room.reached().iter().all(|place| *place == 7));
    }

    #[test]
    fn a_node_that_has_seen_nothing_has_touched_none_of_what_is_large() {
        let (tracker, held) = (tracker_boxes(1_024, 0), sequencer_boxes(1_024));
        assert!(tracker.slots.reached().is_empty() && tracker.modes.reached().is_empty());
        assert!(held.scans.reached().is_empty() && held.measurements.reached().is_empty());
        assert!(held.copies.iter().all(|copy| copy.reached().is_empty()));
        assert!(held.besides.iter().all(|words| words.reached().is_empty()));
    }
}
