//! Aircraft by address, in a table of fixed size.

use fusion_core::identity::Address;

use super::aircraft::Aircraft;
use crate::heard::Heard;

/// Aircraft remembered at once. A receiver on a mountain in the busiest airspace hears some 600. Beyond it, the one
/// that was silent longest is forgotten, and counted.
///
/// Counter: `evicted`.
pub const AIRCRAFT_MAX: usize = 2048;

/// Aircraft by address: the same number of another kind is another aircraft.
pub type AircraftTable = Heard<Address, Aircraft>;
