//! The memory that a sequencer is lent: the ring of held scans, and the copies of the track table.

use heapless::Vec;

use super::{HeldScan, Piece};
use crate::capacity::{CHECKPOINTS, HELD_SCANS_MAX, SCAN_MEASUREMENTS_MAX};
use crate::measurement::Measurement;
use crate::track::SlotCopy;

/// Everything lent to a sequencer beside its tracker's memory.
pub struct SequencerLent<'a, C> {
    /// Headers of held scans.
    pub scans: &'a mut [HeldScan],
    /// As many as headers.
    pub pieces: &'a mut [Piece],
    /// Measurements of held scans.
    pub measurements: &'a mut [Measurement],
    /// Copies of the track table, at least two.
    pub copies: &'a mut [C],
}

/// Whoever lends a sequencer its memory. The same memory each time.
pub trait SequencerMemory {
    /// Room for one copy of the track table.
    type Copy: TableCopy;

    /// All of it.
    fn lend(&mut self) -> SequencerLent<'_, Self::Copy>;
}

/// Room for one copy of the track table: for as many tracks as the table has slots, of which few are ever used at once.
/// So a lender may leave what no track has reached yet as it found it.
pub trait TableCopy {
    /// Tracks that it has room for.
    fn room(&mut self) -> usize;

    /// At least the first so many places, if there is room for them.
    fn reaching(&mut self, tracks: usize) -> &mut [SlotCopy];
}

impl<T: AsMut<[SlotCopy]>> TableCopy for T {
    fn room(&mut self) -> usize {
        self.as_mut().len()
    }

    fn reaching(&mut self, _: usize) -> &mut [SlotCopy] {
        self.as_mut()
    }
}

/// Memory of a sequencer as buffers of any kind.
pub struct SequencerBuffers<H, P, M, C> {
    /// Headers of held scans.
    pub scans: H,
    /// As many as headers.
    pub pieces: P,
    /// Measurements of held scans.
    pub measurements: M,
    /// Copies of the track table.
    pub copies: Vec<C, CHECKPOINTS>,
}

impl<H, P, M, C> SequencerMemory for SequencerBuffers<H, P, M, C>
where
    H: AsMut<[HeldScan]>,
    P: AsMut<[Piece]>,
    M: AsMut<[Measurement]>,
    C: TableCopy,
{
    type Copy = C;

    fn lend(&mut self) -> SequencerLent<'_, C> {
        SequencerLent {
            scans: self.scans.as_mut(),
            pieces: self.pieces.as_mut(),
            measurements: self.measurements.as_mut(),
            copies: &mut self.copies,
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
        Self { scans, measurements, copies, tracks }
    }
}
