//! Items that several categories share.

use std::fmt;

use fusion_core::maths;
use fusion_core::time::{DAY, Span, Timestamp};

use super::wire::{Unencodable, Wire, packed, take};

/// Metres in a nautical mile.
pub const NAUTICAL_MILE_M: f64 = 1852.0;

/// Metres in a foot.
pub const FOOT_M: f64 = 0.3048;

packed! {
    /// Data source identifier (010).
    DataSource: 2 {
        /// System area code.
        sac: u8 = 16..9,
        /// System identification code.
        sic: u8 = 8..1,
    }
}

packed! {
    /// Time of day (140, 030), UTC, in 1/128 s. It starts again at midnight.
    TimeOfDay: 3 {
        /// 1/128 s since midnight; below 11,059,200.
        ticks: u32 = 24..1,
    }
}

/// A tick is 1/128 s, which is this many nanoseconds without remainder.
const TICK_NANOS: i64 = 7_812_500;

impl TimeOfDay {
    /// The time of day nearest to this time.
    #[must_use]
    pub fn at(time: Timestamp) -> Self {
        let nanos = time.time_of_day().as_nanos() + TICK_NANOS / 2;
        let ticks = nanos.rem_euclid(DAY.as_nanos()) / TICK_NANOS;
        Self { ticks: u32::try_from(ticks).expect("a day has 11,059,200 ticks") }
    }

    /// Time since midnight.
    #[must_use]
    pub fn since_midnight(self) -> Span {
        Span::from_nanos(i64::from(self.ticks) * TICK_NANOS)
    }

    /// Seconds since midnight.
    #[must_use]
    pub fn seconds(self) -> f64 {
        f64::from(self.ticks) / 128.0
    }

    /// The time with this time of day that lies nearest to `reference`, which must be right within twelve hours;
    /// `None` for a time of day of 24 h or more.
    #[must_use]
    pub fn near(self, reference: Timestamp) -> Option<Timestamp> {
        if self.since_midnight() >= DAY {
            return None;
        }
        let same_day = reference.midnight() + self.since_midnight();
        let half_day = Span::from_nanos(DAY.as_nanos() / 2);
        Some(if same_day - reference > half_day {
            same_day - DAY
        } else if reference - same_day > half_day {
            same_day + DAY
        } else {
            same_day
        })
    }
}

packed! {
    /// 24-bit aircraft address (220).
    AircraftAddress: 3 {
        /// ICAO address.
        address: u32 = 24..1,
    }
}

impl fmt::Display for AircraftAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06X}", self.address)
    }
}

packed! {
    /// Aircraft identification (240): eight characters of six bits each (ICAO Annex 10 vol. IV, table 3-9).
    AircraftIdentification: 6 {
        /// The characters, first one highest.
        characters: u64 = 48..1,
    }
}

impl AircraftIdentification {
    /// From text of at most eight of `A` to `Z`, `0` to `9` and space; shorter text is padded with spaces.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        if text.len() > 8 {
            return None;
        }
        let padded = text.bytes().chain(std::iter::repeat(b' ')).take(8);
        let characters = padded.map(six_bits).try_fold(0, |word, six| Some(word << 6 | u64::from(six?)));
        characters.map(|characters| Self { characters })
    }

    /// The characters in ASCII; a code without a character shows as `?`.
    #[must_use]
    pub fn ascii(self) -> [u8; 8] {
        let [_, _, octets @ ..] = self.characters.to_be_bytes();
        let [a, b, c, d, e, f] = octets;
        [a >> 2, a << 4 | b >> 4, b << 2 | c >> 6, c, d >> 2, d << 4 | e >> 4, e << 2 | f >> 6, f]
            .map(|six| character(six & 0x3F))
    }
}

impl fmt::Display for AircraftIdentification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ascii = self.ascii();
        f.write_str(std::str::from_utf8(ascii.trim_ascii_end()).unwrap_or_default())
    }
}

const fn six_bits(ascii: u8) -> Option<u8> {
    match ascii {
        b'A'..=b'Z' => Some(ascii - b'A' + 1),
        b' ' | b'0'..=b'9' => Some(ascii),
        _ => None,
    }
}

const fn character(six: u8) -> u8 {
    match six {
        1..=26 => b'A' + six - 1,
        0x20 | 0x30..=0x39 => six,
        _ => b'?',
    }
}

packed! {
    /// One Comm-B register as the transponder sent it (in 250).
    BdsRegister: 8 {
        /// The 56 bits of the message.
        mbdata: u64 = 64..9,
        /// First half of the register number.
        bds1: u8 = 8..5,
        /// Second half of the register number.
        bds2: u8 = 4..1,
    }
}

/// Warnings, errors and classification (030): seven-bit codes chained by FX; never empty on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Warnings(pub Vec<u8>);

impl Wire for Warnings {
    fn decode(octets: &mut &[u8]) -> Option<Self> {
        let mut codes = Vec::new();
        loop {
            let word = take::<1>(octets)?.to_le_bytes()[0];
            codes.push(word >> 1);
            if word & 1 == 0 {
                return Some(Self(codes));
            }
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Unencodable> {
        let (last, before) = self.0.split_last().ok_or(Unencodable::field("warnings"))?;
        if self.0.iter().any(|&code| code > 0x7F) {
            return Err(Unencodable::field("warnings"));
        }
        out.extend(before.iter().map(|code| code << 1 | 1));
        out.push(last << 1);
        Ok(())
    }
}

/// Contents private to the source (RE, SP), without their length octet: at most 254 octets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explicit(pub Vec<u8>);

impl Wire for Explicit {
    fn decode(octets: &mut &[u8]) -> Option<Self> {
        let length = usize::try_from(take::<1>(octets)?).ok()?.checked_sub(1)?;
        let (contents, rest) = octets.split_at_checked(length)?;
        *octets = rest;
        Some(Self(contents.to_vec()))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Unencodable> {
        out.push(u8::try_from(self.0.len() + 1).map_err(|_| Unencodable::field("length"))?);
        out.extend_from_slice(&self.0);
        Ok(())
    }
}

/// Nearest number of steps of `step` in `value`, if it fits 16 bits without a sign.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked against the range before")]
pub(super) fn steps_u16(value: f64, step: f64) -> Option<u16> {
    let steps = maths::round(value / step);
    (steps >= 0.0 && steps <= f64::from(u16::MAX)).then_some(steps as u16)
}

/// Nearest number of steps of `step` in `value`, if it is within ± `limit`.
#[expect(clippy::cast_possible_truncation, reason = "checked against the range before")]
pub(super) fn steps_i32(value: f64, step: f64, limit: i32) -> Option<i32> {
    let steps = maths::round(value / step);
    (maths::abs(steps) <= f64::from(limit)).then_some(steps as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDNIGHT: Timestamp = Timestamp::from_secs(1_700_006_400);

    #[test]
    fn the_day_is_the_one_nearest_to_the_reference() {
        let late = TimeOfDay { ticks: 86_399 * 128 };
        let early = TimeOfDay { ticks: 128 };
        let second = |s| Span::from_secs(s);
        assert_eq!(late.near(MIDNIGHT + second(2)), Some(MIDNIGHT - second(1)));
        assert_eq!(early.near(MIDNIGHT - second(2)), Some(MIDNIGHT + second(1)));
        assert_eq!(early.near(MIDNIGHT + second(2)), Some(MIDNIGHT + second(1)));
        assert_eq!(TimeOfDay { ticks: 86_400 * 128 }.near(MIDNIGHT), None);
    }

    #[test]
    fn a_time_goes_to_the_wire_and_back_within_half_a_tick() {
        for nanos in (0..86_400_000_000_000_i64).step_by(7_777_777_777) {
            let time = MIDNIGHT + Span::from_nanos(nanos);
            let back = TimeOfDay::at(time).near(time).expect("a time of day");
            assert!((back - time).abs() <= Span::from_nanos(TICK_NANOS / 2));
        }
        assert_eq!(TimeOfDay::at(MIDNIGHT - Span::from_nanos(1)), TimeOfDay { ticks: 0 });
    }

    #[test]
    fn callsigns_are_six_bit_characters() {
        let callsign = AircraftIdentification::from_text("KLM1023").expect("valid");
        assert_eq!(callsign.to_string(), "KLM1023");
        assert_eq!(callsign.characters, 0x2CC3_71C3_2CE0);
        assert_eq!(AircraftIdentification::from_text("klm"), None);
        assert_eq!(AircraftIdentification::from_text("NINECHARS"), None);
        assert_eq!(AircraftIdentification { characters: 0 }.ascii(), *b"????????");
    }

    #[test]
    fn warnings_chain_and_are_never_empty() {
        let mut octets = Vec::new();
        Warnings(vec![1, 24]).encode(&mut octets).expect("fits");
        assert_eq!(octets, [0b11, 0b11_0000]);
        assert_eq!(Warnings::decode(&mut octets.as_slice()), Some(Warnings(vec![1, 24])));
        assert!(Warnings(vec![]).encode(&mut octets).is_err() && Warnings(vec![128]).encode(&mut octets).is_err());
    }

    #[test]
    fn explicit_contents_are_limited_by_their_length_octet() {
        let mut octets = Vec::new();
        Explicit(vec![9; 254]).encode(&mut octets).expect("fits");
        assert_eq!((octets.len(), octets[0]), (255, 255));
        assert_eq!(Explicit::decode(&mut octets.as_slice()), Some(Explicit(vec![9; 254])));
        assert!(Explicit(vec![9; 255]).encode(&mut octets).is_err());
        assert_eq!(Explicit::decode(&mut [0].as_slice()), None);
    }
}
