//! MISB ST 0601, the UAS datalink local set: where a sensor was, how it was turned, what it looked at.
//!
//! Read are the tags in [`Uas`]; the rest is counted and skipped. A value that says of itself that it is out of range
//! is absent.

use fusion_core::time::Timestamp;

use super::ber::{Imapb, Item, Items, Linear, unsigned};
use crate::error::Reason;

/// The universal key of the set.
pub const KEY: [u8; 16] = [0x06, 0x0E, 0x2B, 0x34, 0x02, 0x0B, 0x01, 0x01, 0x0E, 0x01, 0x03, 0x01, 0x01, 0, 0, 0];

/// Two octets of a height, metres.
pub(super) const HEIGHT: Linear = Linear::unsigned(2, -900.0, 19_000.0);
/// Four octets of a height above the ellipsoid or so, metres, in newer sets.
const HEIGHT_EXTENDED: Imapb = Imapb::new(-900.0, 40_000.0);
/// A latitude, degrees.
pub(super) const LATITUDE: Linear = Linear::signed(4, 90.0);
/// A longitude, or any angle either side of zero, degrees.
pub(super) const LONGITUDE: Linear = Linear::signed(4, 180.0);
/// An angle all round, degrees.
pub(super) const ROUND: Linear = Linear::unsigned(4, 0.0, 360.0);
/// The platform's heading, degrees.
pub(super) const HEADING: Linear = Linear::unsigned(2, 0.0, 360.0);
/// Pitch in two octets, degrees.
pub(super) const PITCH: Linear = Linear::signed(2, 20.0);
/// Roll in two octets, degrees.
pub(super) const ROLL: Linear = Linear::signed(2, 50.0);
/// Width or height of the field of view, degrees.
pub(super) const FIELD: Linear = Linear::unsigned(2, 0.0, 180.0);
/// Slant range, metres.
pub(super) const RANGE: Linear = Linear::unsigned(4, 0.0, 5e6);
/// CE90 and LE90, metres.
pub(super) const ERROR: Linear = Linear::unsigned(2, 0.0, 4095.0);

/// What is read of a set. Angles in degrees, lengths in metres, as the standard has them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Uas<'a> {
    /// 2: when it held.
    pub time: Option<Timestamp>,
    /// 5: heading of the platform, clockwise from true north.
    pub heading_deg: Option<f64>,
    /// 90, else 6: pitch of the platform, nose up positive.
    pub pitch_deg: Option<f64>,
    /// 91, else 7: roll of the platform, right wing down positive.
    pub roll_deg: Option<f64>,
    /// 13: latitude of the sensor.
    pub latitude_deg: Option<f64>,
    /// 14: longitude of the sensor.
    pub longitude_deg: Option<f64>,
    /// 15: height of the sensor above mean sea level.
    pub altitude_m: Option<f64>,
    /// 104, else 75: height of the sensor above the ellipsoid.
    pub height_m: Option<f64>,
    /// 16: width of the field of view.
    pub field_width_deg: Option<f64>,
    /// 17: height of the field of view.
    pub field_height_deg: Option<f64>,
    /// 18: azimuth of the sensor from the platform's nose, clockwise seen from above.
    pub relative_azimuth_deg: Option<f64>,
    /// 19: elevation of the sensor from the platform's plane, up positive.
    pub relative_elevation_deg: Option<f64>,
    /// 20: roll of the sensor about its axis, clockwise seen from behind.
    pub relative_roll_deg: Option<f64>,
    /// 21: slant range to the middle of the frame.
    pub slant_range_m: Option<f64>,
    /// 23 and 24: latitude and longitude of the middle of the frame.
    pub frame_centre_deg: [Option<f64>; 2],
    /// 25: height of the middle of the frame above mean sea level.
    pub frame_centre_altitude_m: Option<f64>,
    /// 78: height of the middle of the frame above the ellipsoid.
    pub frame_centre_height_m: Option<f64>,
    /// 40 and 41: latitude and longitude of the target.
    pub target_deg: [Option<f64>; 2],
    /// 42: height of the target above mean sea level.
    pub target_altitude_m: Option<f64>,
    /// 45: the target lies in a circle of this radius with 90 %.
    pub target_ce90_m: Option<f64>,
    /// 46: and within this much of the height.
    pub target_le90_m: Option<f64>,
    /// 48: whether a security set is there.
    pub security: bool,
    /// 59: call sign of the platform.
    pub call_sign: Option<&'a str>,
    /// 65: version of ST 0601.
    pub version: Option<u64>,
    /// 74: the ST 0903 set, and where it begins in this one.
    pub vmti: Option<(usize, &'a [u8])>,
    /// Items that are not read.
    pub unknown: u64,
    /// Values that say that they are out of range.
    pub out_of_range: u64,
    /// The first item that cannot be read; the others are. Offset in the set, which, why.
    pub fault: Option<(usize, &'static str, Reason)>,
    /// How many cannot be read.
    pub faults: u64,
}

impl<'a> Uas<'a> {
    /// Reads the value of a packet, its checksum being right.
    #[must_use]
    pub fn read(set: &'a [u8]) -> Self {
        let mut uas = Self::default();
        let mut short = [None; 2];
        for item in Items::new(set) {
            match item {
                Ok(item) => uas.take(&item, &mut short),
                Err((offset, reason)) => uas.fail(offset, "ST 0601 item", reason),
            }
        }
        uas.pitch_deg = uas.pitch_deg.or(short[0]);
        uas.roll_deg = uas.roll_deg.or(short[1]);
        uas
    }

    /// Takes one item; `short` is for pitch and roll in two octets. An empty value is one not known.
    #[rustfmt::skip] // one line each
    fn take(&mut self, item: &Item<'a>, short: &mut [Option<f64>; 2]) {
        if item.value.is_empty() {
            return;
        }
        match item.tag {
            1 => {}
            2 => self.time = self.time_of(item),
            5 => self.heading_deg = self.real(item, HEADING, "tag 5"),
            6 => short[0] = self.real(item, PITCH, "tag 6"),
            7 => short[1] = self.real(item, ROLL, "tag 7"),
            13 => self.latitude_deg = self.real(item, LATITUDE, "tag 13"),
            14 => self.longitude_deg = self.real(item, LONGITUDE, "tag 14"),
            15 => self.altitude_m = self.real(item, HEIGHT, "tag 15"),
            16 => self.field_width_deg = self.real(item, FIELD, "tag 16"),
            17 => self.field_height_deg = self.real(item, FIELD, "tag 17"),
            18 => self.relative_azimuth_deg = self.real(item, ROUND, "tag 18"),
            19 => self.relative_elevation_deg = self.real(item, LONGITUDE, "tag 19"),
            20 => self.relative_roll_deg = self.real(item, ROUND, "tag 20"),
            21 => self.slant_range_m = self.real(item, RANGE, "tag 21"),
            23 => self.frame_centre_deg[0] = self.real(item, LATITUDE, "tag 23"),
            24 => self.frame_centre_deg[1] = self.real(item, LONGITUDE, "tag 24"),
            25 => self.frame_centre_altitude_m = self.real(item, HEIGHT, "tag 25"),
            40 => self.target_deg[0] = self.real(item, LATITUDE, "tag 40"),
            41 => self.target_deg[1] = self.real(item, LONGITUDE, "tag 41"),
            42 => self.target_altitude_m = self.real(item, HEIGHT, "tag 42"),
            45 => self.target_ce90_m = self.real(item, ERROR, "tag 45"),
            46 => self.target_le90_m = self.real(item, ERROR, "tag 46"),
            48 => self.security = true,
            59 => self.call_sign = self.text(item),
            65 => self.version = unsigned(item.value),
            74 => self.vmti = Some((item.offset, item.value)),
            75 => self.height_m = self.height_m.or(self.real(item, HEIGHT, "tag 75")),
            78 => self.frame_centre_height_m = self.real(item, HEIGHT, "tag 78"),
            90 => self.pitch_deg = self.real(item, LATITUDE, "tag 90"),
            91 => self.roll_deg = self.real(item, LATITUDE, "tag 91"),
            104 => self.height_m = self.extended(item).or(self.height_m),
            _ => self.unknown += 1,
        }
    }

    fn real(&mut self, item: &Item<'_>, scale: Linear, field: &'static str) -> Option<f64> {
        self.kept(item, field, scale.read(item.value))
    }

    fn extended(&mut self, item: &Item<'_>) -> Option<f64> {
        self.kept(item, "tag 104", HEIGHT_EXTENDED.read(item.value))
    }

    fn kept(&mut self, item: &Item<'_>, field: &'static str, read: Result<Option<f64>, Reason>) -> Option<f64> {
        match read {
            Ok(value) => {
                self.out_of_range += u64::from(value.is_none());
                value
            }
            Err(reason) => {
                self.fail(item.offset, field, reason);
                None
            }
        }
    }

    fn time_of(&mut self, item: &Item<'_>) -> Option<Timestamp> {
        let time = timestamp(item.value);
        if time.is_none() {
            self.fail(item.offset, "tag 2", Reason::BadLength { told: item.value.len() });
        }
        time
    }

    fn text(&mut self, item: &Item<'a>) -> Option<&'a str> {
        let text = core::str::from_utf8(item.value).ok();
        if text.is_none() {
            self.fail(item.offset, "tag 59", Reason::BadText);
        }
        text
    }

    fn fail(&mut self, offset: usize, field: &'static str, reason: Reason) {
        self.faults += 1;
        self.fault = self.fault.or(Some((offset, field, reason)));
    }
}

/// A precision time stamp: microseconds since 1970 in eight octets, those that 64 bits of nanoseconds hold.
#[must_use]
pub(super) fn timestamp(value: &[u8]) -> Option<Timestamp> {
    let micros = unsigned(value).filter(|_| value.len() == 8)?;
    i64::try_from(micros).ok()?.checked_mul(1000).map(Timestamp::from_nanos)
}

/// The running sum over 16-bit words of everything from the first octet of the key to the length of the checksum.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u16 {
    bytes.chunks(2).fold(0_u16, |sum, pair| {
        let word = [pair[0], pair.get(1).copied().unwrap_or(0)];
        sum.wrapping_add(u16::from_be_bytes(word))
    })
}

/// Checks the checksum that ends a packet.
///
/// # Errors
/// [`Reason::Missing`] if the packet does not end in one, [`Reason::BadChecksum`].
pub fn verify(packet: &[u8]) -> Result<(), Reason> {
    match packet.split_last_chunk::<4>() {
        Some((_, &[1, 2, high, low])) => {
            let told = u16::from_be_bytes([high, low]);
            if checksum(&packet[..packet.len() - 2]) == told { Ok(()) } else { Err(Reason::BadChecksum) }
        }
        _ => Err(Reason::Missing),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn value(scale: Linear, octets: &[u8]) -> f64 {
        scale.read(octets).unwrap().unwrap()
    }

    /// The values that the tables of ST 0601 give as examples. Those of pitch and roll were divided by one step too
    /// many there, hence their tolerance.
    #[test]
    fn the_examples_of_the_standard_come_out() {
        for (scale, octets, expected, tolerance) in [
            (HEADING, &[0x71, 0xC2][..], 159.974_4, 1e-4),
            (PITCH, &[0xFD, 0x3D], -0.431_525_1, 1e-5),
            (ROLL, &[0x08, 0xB8], 3.405_814, 1e-4),
            (LATITUDE, &[0x55, 0x95, 0xB6, 0x6D], 60.176_822_966_978_3, 1e-9),
            (LONGITUDE, &[0x5B, 0x53, 0x60, 0xC4], 128.426_759_042_045, 1e-9),
            (HEIGHT, &[0xC2, 0x21], 14_190.72, 1e-2),
            (FIELD, &[0xCD, 0x9C], 144.571_3, 1e-4),
            (FIELD, &[0xD9, 0x17], 152.643_6, 1e-4),
            (ROUND, &[0x72, 0x4A, 0x0A, 0x20], 160.719_211_436_976, 1e-9),
            (LONGITUDE, &[0x87, 0xF8, 0x4B, 0x86], -168.792_324_833_941, 1e-9),
            (RANGE, &[0x03, 0x83, 0x09, 0x26], 68_590.983_298_744_6, 1e-6),
        ] {
            let read = value(scale, octets);
            assert!((read - expected).abs() < tolerance, "{octets:02x?}: {read}, not {expected}");
            let mut written = Vec::new();
            scale.write(expected, &mut written);
            assert_eq!(written, octets, "{expected}");
        }
    }

    #[test]
    fn pitch_in_four_octets_counts_before_pitch_in_two_in_any_order() {
        let (long, short) = ([90, 4, 0, 0, 0, 0], [6, 2, 0x40, 0]);
        for set in [[&long[..], &short].concat(), [&short[..], &long].concat()] {
            assert_eq!(Uas::read(&set).pitch_deg, Some(0.0));
        }
    }

    #[test]
    fn an_item_of_the_wrong_length_is_told_of_and_costs_only_itself() {
        let uas = Uas::read(&[13, 2, 1, 2, 5, 2, 0x71, 0xC2, 200, 1, 1, 9]);
        assert_eq!(uas.fault, Some((2, "tag 13", Reason::BadLength { told: 2 })));
        assert!(uas.latitude_deg.is_none() && uas.heading_deg.is_some());
    }

    #[test]
    fn the_sum_takes_a_last_odd_octet_for_a_high_one() {
        assert_eq!(checksum(&[0xFF, 0xFF, 0x01]), 0x00FF);
        assert_eq!(verify(&[0, 1, 1, 2, 0x01, 0x03]), Ok(()));
        assert_eq!(verify(&[0, 1, 1, 2, 0x01, 0x04]), Err(Reason::BadChecksum));
        assert_eq!(verify(&[9, 9, 9]), Err(Reason::Missing));
    }
}
