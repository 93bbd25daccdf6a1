//! Who numbered a track, and how: from its founding measurement, so that a replay renames nothing.
//!
//! A number is 64 bits, most significant first:
//!
//! | bits | meaning |
//! |---|---|
//! | 63–22 | milliseconds since 2020-01-01T00:00:00Z, modulo 2⁴² (139 years; older recordings wrap round) |
//! | 21–12 | the founding sensor, modulo 2¹⁰ |
//! | 11–0 | the measurement's place in its scan |
//!
//! Should a live track carry the number already (two scans of one sensor within a millisecond), the next higher free
//! number is taken: a function of the table alone, hence the same on every replay.

use crate::capacity::NUMBER_BITS;
use crate::measurement::SensorId;
use crate::time::Timestamp;

/// A node of the mesh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u64);

/// A node and its incarnation: who made a track. A node that lost its memory comes back as the next incarnation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The node.
    pub node: NodeId,
    /// How often it has begun anew.
    pub incarnation: u32,
}

/// A track's number, unique within its origin for as long as the track lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackNumber(pub u64);

/// A track, unique across nodes and reboots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackId {
    /// Who made it.
    pub origin: Origin,
    /// Its number there.
    pub number: TrackNumber,
}

const SENSOR_BITS: u32 = NUMBER_BITS[1];
const ORDINAL_BITS: u32 = NUMBER_BITS[2];

/// 2020-01-01T00:00:00Z in milliseconds since the Unix epoch.
const MILLIS_2020: i64 = 1_577_836_800_000;

impl TrackNumber {
    /// The number of a track founded by the measurement at this place of a scan.
    #[must_use]
    pub const fn founding(time: Timestamp, sensor: SensorId, ordinal: u16) -> Self {
        let millis = time.as_millis().wrapping_sub(MILLIS_2020).cast_unsigned() << (SENSOR_BITS + ORDINAL_BITS);
        let sensor = (sensor.0 as u64 & ((1 << SENSOR_BITS) - 1)) << ORDINAL_BITS;
        Self(millis | sensor | (ordinal as u64 & ((1 << ORDINAL_BITS) - 1)))
    }

    /// The next higher number, after the highest the lowest.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

impl core::fmt::Display for TrackNumber {
    /// Sixteen hexadecimal digits.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_tells_when_where_and_which() {
        let time = Timestamp::from_nanos((MILLIS_2020 + 5) * 1_000_000 + 999_999);
        assert_eq!(TrackNumber::founding(time, SensorId(3), 7), TrackNumber(5 << 22 | 3 << 12 | 7));
    }

    #[test]
    fn a_later_founding_has_a_higher_number() {
        let number =
            |s: i64, sensor, ordinal| TrackNumber::founding(Timestamp::from_secs(s), SensorId(sensor), ordinal);
        assert!(number(1_700_000_000, 1_023, 4_095) < number(1_700_000_001, 0, 0));
        assert!(number(1_700_000_000, 1, 4_095) < number(1_700_000_000, 2, 0));
    }

    #[test]
    fn times_before_2020_and_the_ends_of_time_have_numbers_too() {
        for time in [Timestamp::EPOCH, Timestamp::from_nanos(i64::MIN), Timestamp::MAX] {
            let number = TrackNumber::founding(time, SensorId(u16::MAX), u16::MAX);
            assert_eq!(number.0 & 0xFFF, 0xFFF);
        }
    }
}
