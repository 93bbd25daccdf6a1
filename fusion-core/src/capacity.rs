//! Every bound of the tracker, and how they hang together.
//!
//! Tables are lent at construction and may be smaller than these. What a bound refuses is counted, and what is left is
//! always a valid state.

/// Tracks in one table. Those founded beyond it are refused. Counter: `Tally::tracks_table_full`.
pub const TRACKS_MAX: usize = 16_384;

/// Tracks for which a node lends memory unless it is told otherwise.
pub const TRACKS_DEFAULT: usize = 1_024;

/// Measurements of one scan that are looked at; the rest of the scan is dropped. Counter:
/// `Tally::measurements_over_limit`.
pub const SCAN_MEASUREMENTS_MAX: usize = 4_096;

/// Measurements that one track gates in one scan; the most likely are kept. Counter: `Tally::edges_dropped`.
pub const ROW_EDGES_MAX: usize = 64;

/// Pairs of track and measurement lent per track, on average over the table; when they run out, every track keeps its
/// most likely one at least (`Tally::edges_dropped`).
pub const EDGES_PER_TRACK: usize = 8;

/// Reals lent to the elimination tables of association; clusters that need more are cut (`Tally::clusters_cut`).
pub const ASSOCIATION_TABLES: usize = 1 << 17;

/// Sensors remembered as contributors of one track; the longest silent is forgotten. Counter:
/// `Tally::contributors_forgotten`.
pub const CONTRIBUTORS_MAX: usize = 8;

/// Sensors for which newcomers are reckoned one by one; those numbered beyond are taken to be in their steady state.
///
/// No counter: the count of sensors is known at start.
pub const SENSORS_MAX: usize = 64;

/// Common errors of its sensors that one track knows of: three each of four sensors, or six each of two that fly. What
/// is beyond is forgotten where it matters least. Counter: `Tally::common_errors_forgotten`.
pub const CONSIDERED_MAX: usize = 12;

/// Common errors of one scan. No counter: it is how many a sensor and its platform can have.
pub const COMMON_ERRORS_MAX: usize = 12;

/// Families of hypotheses reckoned in one scan; the members of others are taken as independent tracks. Counter:
/// `Tally::families_over_limit`.
pub const FAMILIES_MAX: usize = 64;

/// Sensors whose clutter is learnt by region; that of others is taken to be even. Counter: `Tally::clutter_maps_full`.
pub const CLUTTER_MAPS_MAX: usize = 8;

/// Scans kept for replay; when they run out, the past is closed early. Counter: `SequencerTally::scans_released_early`.
pub const HELD_SCANS_MAX: usize = 4_096;

/// Copies of the track table kept for replay. Fewer only make a replay longer.
pub const CHECKPOINTS: usize = 8;

/// Copies of the table kept beyond the horizon for retrodiction, out of those above.
pub const ANCHORS: usize = 2;

/// Scans no longer held whose keys are remembered, so that none is taken twice; what is older than the oldest of them
/// is refused. Counter: `SequencerTally::scans_too_late`.
pub const HEARD_MAX: usize = 1_024;

/// Measurements of one scan from beyond the horizon that are looked at. Counter:
/// `SequencerTally::measurements_too_late`.
pub const AMENDING_MEASUREMENTS_MAX: usize = 512;

/// Looks remembered by a track's history.
pub const HISTORY_LOOKS: u32 = 64;

/// Dimensions that a measurement can have.
pub const DIMENSIONS: usize = 6;

/// Bits of a track number that tell milliseconds, sensor and ordinal within the scan.
pub const NUMBER_BITS: [u32; 3] = [42, 10, 12];

const _: () = {
    // Rows, slots and columns are numbered in 16 bits.
    assert!(TRACKS_MAX < u16::MAX as usize);
    assert!(SCAN_MEASUREMENTS_MAX < u16::MAX as usize);
    assert!(TRACKS_DEFAULT <= TRACKS_MAX);
    // Every track can keep one pair even when the lent pairs run out.
    assert!(EDGES_PER_TRACK >= 1);
    assert!(EDGES_PER_TRACK <= ROW_EDGES_MAX);
    assert!(ROW_EDGES_MAX <= SCAN_MEASUREMENTS_MAX);
    // Pairs are numbered in 32 bits.
    assert!(TRACKS_MAX * ROW_EDGES_MAX < u32::MAX as usize);
    // Every measurement of a scan can found a track of its own number.
    assert!(NUMBER_BITS[0] + NUMBER_BITS[1] + NUMBER_BITS[2] == u64::BITS);
    assert!(SCAN_MEASUREMENTS_MAX <= 1 << NUMBER_BITS[2]);
    // A history is one word.
    assert!(HISTORY_LOOKS <= u64::BITS);
    // A track can know of all errors of a scan.
    assert!(COMMON_ERRORS_MAX <= CONSIDERED_MAX);
    // One copy to go back to, one that will take its place, beside those that retrodiction keeps.
    assert!(CHECKPOINTS >= 2 + ANCHORS);
};
