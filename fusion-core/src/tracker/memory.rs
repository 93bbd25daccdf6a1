//! The memory a tracker works in: lent by whoever owns it, so that a node takes it from the heap at start and bare
//! metal from a static array, and nobody allocates afterwards.

use super::associate::Row;
use super::look::{Addressed, Column};
use crate::association::gate::Plot;
use crate::association::{self, Edge, Workspace};
use crate::capacity::{ASSOCIATION_TABLES, EDGES_PER_TRACK, SCAN_MEASUREMENTS_MAX, TRACKS_MAX};
use crate::filter::extended::TANGENT_REALS_MAX;
use crate::model::motion::MOTIONS_MAX;
use crate::room::Room;
use crate::track::{ModeSlot, Slot};
use crate::trail::Entry;

/// Everything lent to a tracker for one call. What the slices hold between calls matters only for `slots`, `modes` and
/// `trail`.
pub struct Lent<'a> {
    /// The tracks.
    pub slots: &'a mut (dyn Room<Slot> + 'a),
    /// Their modes: as many.
    pub modes: &'a mut (dyn Room<ModeSlot> + 'a),
    /// One per track.
    pub rows: &'a mut [Row],
    /// One per track: the weight of its missed detection.
    pub nulls: &'a mut [f64],
    /// One per track: the probability of its missed detection.
    pub missed: &'a mut [f64],
    /// One per track: the same, sharpened.
    pub missed_sharpened: &'a mut [f64],
    /// One per measurement of a scan.
    pub columns: &'a mut [Column],
    /// One per measurement of a scan.
    pub plots: &'a mut [Plot],
    /// One per measurement of a scan.
    pub addressed: &'a mut [Addressed],
    /// One per gated pair.
    pub edges: &'a mut [Edge],
    /// One per gated pair.
    pub beta: &'a mut [f64],
    /// One per gated pair.
    pub sharpened: &'a mut [f64],
    /// One per gated pair: by mode, how much of it that explains.
    pub explained: &'a mut [[f64; MOTIONS_MAX]],
    /// Reals for the tangents of the measurement model at every mode of every track.
    pub tangents: &'a mut [f64],
    /// What the association needs for itself.
    pub workspace: Workspace<'a>,
    /// The trail: as many decisions as it shall remember; none, if it shall be off.
    pub trail: &'a mut [Entry],
}

/// Whoever lends a tracker its memory. The same memory each time: the tracks live in it.
pub trait TrackerMemory {
    /// The slots that were reached, to read tracks from.
    fn slots(&self) -> &[Slot];

    /// The modes that were reached, to read them.
    fn modes(&self) -> &[ModeSlot];

    /// The trail, to read it.
    fn trail(&self) -> &[Entry];

    /// All of it, to work in.
    fn lend(&mut self) -> Lent<'_>;
}

/// Memory of a tracker as buffers of any kind: boxed slices on a node, arrays on bare metal.
pub struct Buffers<S, O, R, C, P, A, E, F, W, T = [Entry; 0]> {
    /// The tracks.
    pub slots: S,
    /// Their modes.
    pub modes: O,
    /// Rows of the association.
    pub rows: R,
    /// Columns of the association.
    pub columns: C,
    /// The scan, sorted.
    pub plots: P,
    /// The addresses in the scan, sorted.
    pub addressed: A,
    /// Gated pairs.
    pub edges: E,
    /// β by pair, the same sharpened, by pair and mode what explains it, then the weights and then the probabilities of
    /// missed detections by track, then the tangents.
    pub probabilities: F,
    /// The association's reals.
    pub reals: F,
    /// The association's words.
    pub words: W,
    /// The trail; empty, if it shall be off.
    pub trail: T,
}

impl<S, O, R, C, P, A, E, F, W, T> TrackerMemory for Buffers<S, O, R, C, P, A, E, F, W, T>
where
    S: Room<Slot>,
    O: Room<ModeSlot>,
    R: AsMut<[Row]>,
    C: AsMut<[Column]>,
    P: AsMut<[Plot]>,
    A: AsMut<[Addressed]>,
    E: AsMut<[Edge]>,
    F: AsMut<[f64]>,
    W: AsMut<[u32]>,
    T: AsRef<[Entry]> + AsMut<[Entry]>,
{
    fn slots(&self) -> &[Slot] {
        self.slots.reached()
    }

    fn modes(&self) -> &[ModeSlot] {
        self.modes.reached()
    }

    fn trail(&self) -> &[Entry] {
        self.trail.as_ref()
    }

    fn lend(&mut self) -> Lent<'_> {
        let (tracks, edges) = (self.slots.bound(), self.edges.as_mut());
        let (beta, rest) = self.probabilities.as_mut().split_at_mut(edges.len());
        let (sharpened, rest) = rest.split_at_mut(edges.len());
        let (explained, rest) = rest.split_at_mut(MOTIONS_MAX * edges.len());
        let (nulls, rest) = rest.split_at_mut(tracks);
        let (missed, rest) = rest.split_at_mut(tracks);
        let (missed_sharpened, tangents) = rest.split_at_mut(tracks);
        Lent {
            slots: &mut self.slots,
            modes: &mut self.modes,
            rows: self.rows.as_mut(),
            nulls,
            missed,
            missed_sharpened,
            columns: self.columns.as_mut(),
            plots: self.plots.as_mut(),
            addressed: self.addressed.as_mut(),
            edges,
            beta,
            sharpened,
            explained: explained.as_chunks_mut().0,
            tangents,
            workspace: Workspace::new(self.words.as_mut(), self.reals.as_mut()),
            trail: self.trail.as_mut(),
        }
    }
}

/// How long the buffers of a tracker are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Length of `slots`, `modes` and `rows`.
    pub tracks: usize,
    /// Length of `columns`, `plots` and `addressed`.
    pub measurements: usize,
    /// Length of `edges`.
    pub edges: usize,
    /// Length of `probabilities`.
    pub probabilities: usize,
    /// Length of `reals`.
    pub reals: usize,
    /// Length of `words`.
    pub words: usize,
}

impl Sizes {
    /// What serves this many tracks and this many measurements in a scan; no more than the tracker can use.
    #[must_use]
    pub const fn new(tracks: usize, measurements: usize) -> Self {
        let tracks = if tracks < TRACKS_MAX { tracks } else { TRACKS_MAX };
        let measurements = if measurements < SCAN_MEASUREMENTS_MAX { measurements } else { SCAN_MEASUREMENTS_MAX };
        let edges = tracks * EDGES_PER_TRACK;
        let association = association::Sizes::for_maxima(tracks, measurements, edges, ASSOCIATION_TABLES);
        Self {
            tracks,
            measurements,
            edges,
            probabilities: (2 + MOTIONS_MAX) * edges + (3 + MOTIONS_MAX * TANGENT_REALS_MAX) * tracks,
            reals: association.reals,
            words: association.words,
        }
    }
}
