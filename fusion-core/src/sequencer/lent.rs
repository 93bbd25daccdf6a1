//! The memory that a sequencer is lent: the ring of held scans, and the copies of the track table. All of it is made
//! for bounds that few come near, so most of it is lent as [`Room`].

use heapless::Vec;

use super::{HeldScan, Piece};
use crate::capacity::{ANCHORS, CHECKPOINTS, HELD_SCANS_MAX, SCAN_MEASUREMENTS_MAX};
use crate::measurement::Measurement;
use crate::room::Room;
use crate::track::{PACKED_WORDS, SlotCopy};

/// Everything lent to a sequencer beside its tracker's memory.
pub struct SequencerLent<'a, C, W> {
    /// Headers of held scans.
    pub scans: &'a mut (dyn Room<HeldScan> + 'a),
    /// As many as headers.
    pub pieces: &'a mut [Piece],
    /// Measurements of held scans.
    pub measurements: &'a mut (dyn Room<Measurement> + 'a),
    /// Copies of the track table, at least two.
    pub copies: &'a mut [C],
    /// What lies apart from the tracks, of those copies that may be gone back to: at least two.
    pub besides: &'a mut [W],
}

/// Whoever lends a sequencer its memory. The same memory each time.
pub trait SequencerMemory {
    /// Room for one copy of the tracks.
    type Copy: Room<SlotCopy>;

    /// Room for what lies apart from them.
    type Beside: Room<u64>;

    /// All of it.
    fn lend(&mut self) -> SequencerLent<'_, Self::Copy, Self::Beside>;
}

/// Memory of a sequencer as buffers of any kind.
pub struct SequencerBuffers<H, P, M, C, W> {
    /// Headers of held scans.
    pub scans: H,
    /// As many as headers.
    pub pieces: P,
    /// Measurements of held scans.
    pub measurements: M,
    /// Copies of the track table.
    pub copies: Vec<C, CHECKPOINTS>,
    /// What lies apart from the tracks of a copy.
    pub besides: Vec<W, CHECKPOINTS>,
}

impl<H, P, M, C, W> SequencerMemory for SequencerBuffers<H, P, M, C, W>
where
    H: Room<HeldScan>,
    P: AsMut<[Piece]>,
    M: Room<Measurement>,
    C: Room<SlotCopy>,
    W: Room<u64>,
{
    type Copy = C;
    type Beside = W;

    fn lend(&mut self) -> SequencerLent<'_, C, W> {
        SequencerLent {
            scans: &mut self.scans,
            pieces: self.pieces.as_mut(),
            measurements: &mut self.measurements,
            copies: &mut self.copies,
            besides: &mut self.besides,
        }
    }
}

/// How long the buffers of a sequencer are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequencerSizes {
    /// Length of `scans` and of `pieces`.
    pub scans: usize,
    /// Length of `measurements`.
    pub measurements: usize,
    /// Copies of the table.
    pub copies: usize,
    /// Tracks for which each has room.
    pub tracks: usize,
    /// Copies of what lies apart from the tracks: retrodiction keeps its copies without.
    pub besides: usize,
    /// Words for which each of these has room.
    pub words: usize,
}

impl SequencerSizes {
    /// What serves a tracker with so many slots, sensors that give so many scans and measurements in two horizons, and
    /// so many copies of the table (at least two; each more shortens replays).
    #[must_use]
    pub const fn new(tracks: usize, scans: usize, measurements: usize, copies: usize) -> Self {
        let copies = if copies < 2 { 2 } else { copies };
        let copies = if copies < CHECKPOINTS { copies } else { CHECKPOINTS };
        let scans = if scans < HELD_SCANS_MAX { scans } else { HELD_SCANS_MAX };
        let measurements = if measurements < SCAN_MEASUREMENTS_MAX { SCAN_MEASUREMENTS_MAX } else { measurements };
        let besides = if copies < ANCHORS + 2 { copies } else { copies - ANCHORS };
        Self { scans, measurements, copies, tracks, besides, words: tracks * PACKED_WORDS }
    }
}
