//! The memory that a node lends to its tracker: allocated once, at start, from the bounds in the configuration.

use fusion_core::association::Edge;
use fusion_core::association::gate::Plot;
use fusion_core::capacity::{CHECKPOINTS, SCAN_MEASUREMENTS_MAX};
use fusion_core::measurement::Measurement;
use fusion_core::sequencer::{
    HeldScan, Piece, Sequencer, SequencerBuffers, SequencerSizes, TableCopy, blank_measurement,
};
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
    Box<[Slot]>,
    Box<[ModeSlot]>,
    Box<[Row]>,
    Box<[Column]>,
    Box<[Plot]>,
    Box<[Addressed]>,
    Box<[Edge]>,
    Box<[f64]>,
    Box<[u32]>,
    Box<[Entry]>,
>;
type SequencerBoxes = SequencerBuffers<Box<[HeldScan]>, Box<[Piece]>, Box<[Measurement]>, Reserved>;

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
        slots: boxed(Slot::EMPTY, sizes.tracks),
        modes: boxed(ModeSlot::EMPTY, sizes.tracks),
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
        scans: boxed(HeldScan::EMPTY, sizes.scans),
        pieces: boxed(Piece::EMPTY, sizes.scans),
        measurements: boxed(blank_measurement(), sizes.measurements),
        copies: (0..sizes.copies).map(|_| Reserved(Vec::with_capacity(sizes.tracks))).collect(),
    }
}

/// Room for a copy of the track table: all of it is set aside at the start, but no page of it is touched before so many
/// tracks are there.
pub struct Reserved(Vec<SlotCopy>);

impl TableCopy for Reserved {
    fn room(&mut self) -> usize {
        self.0.capacity()
    }

    fn reaching(&mut self, tracks: usize) -> &mut [SlotCopy] {
        let reached = tracks.min(self.0.capacity());
        if self.0.len() < reached {
            self.0.resize(reached, SlotCopy::EMPTY);
        }
        &mut self.0
    }
}

fn boxed<T: Clone>(blank: T, length: usize) -> Box<[T]> {
    vec![blank; length].into_boxed_slice()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Octets of the boxes of a tracker and a sequencer, largest first, with their names.
    fn taken(tracks: usize) -> Vec<(usize, &'static str)> {
        let (tracker, held) = (tracker_boxes(tracks, 0), sequencer_boxes(tracks));
        let mut boxes = vec![
            (size_of_val(&*tracker.slots), "slots"),
            (size_of_val(&*tracker.modes), "modes"),
            (size_of_val(&*tracker.rows), "rows"),
            (size_of_val(&*tracker.columns), "columns"),
            (size_of_val(&*tracker.plots), "plots"),
            (size_of_val(&*tracker.addressed), "addressed"),
            (size_of_val(&*tracker.edges), "edges"),
            (size_of_val(&*tracker.probabilities), "probabilities"),
            (size_of_val(&*tracker.reals), "reals"),
            (size_of_val(&*tracker.words), "words"),
            (size_of_val(&*held.scans), "held scans"),
            (size_of_val(&*held.pieces), "pieces"),
            (size_of_val(&*held.measurements), "held measurements"),
            (
                held.copies.iter().map(|copy| copy.0.capacity()).sum::<usize>() * size_of::<SlotCopy>(),
                "copies of tracks",
            ),
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
        assert!(per_track <= 47_000, "{per_track} octets a track");
        assert!(total(&few) - 1_024 * per_track <= 13_000_000, "{} octets without tracks", total(&few));
    }

    #[test]
    fn a_copy_is_touched_as_far_as_tracks_have_come_and_asks_for_no_memory_then() {
        let mut copies = sequencer_boxes(1_024).copies;
        assert!(copies.iter_mut().all(|copy| copy.0.is_empty() && copy.room() >= 1_024));
        let copy = &mut copies[0];
        let (begins, room) = (copy.0.as_ptr(), copy.room());
        for (tracks, reached) in [(0, 0), (200, 200), (100, 200), (1_024, 1_024), (room + 1, room)] {
            assert_eq!((copy.reaching(tracks).len(), copy.0.as_ptr()), (reached, begins), "{tracks} tracks");
        }
    }
}
