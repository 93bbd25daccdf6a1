//! What a target's own equipment gives away: the address that it transmits, and the way in which it transmits.

use core::num::NonZeroU16;

use crate::maths::round;

/// An address that a target's own equipment transmits, unique within its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// 24-bit ICAO aircraft address (Mode S, ADS-B).
    Icao(u32),
    /// An address that is unique where it was heard but is no ICAO address (TIS-B track file, anonymous).
    NonIcao(u32),
    /// Maritime Mobile Service Identity (AIS).
    Mmsi(u32),
    /// Serial number of an unmanned aircraft (Remote ID, ASTM F3411; ANSI/CTA-2063-A).
    RemoteId(Serial),
}

impl Address {
    /// Whether the two say that there are two targets: different addresses of one kind.
    #[must_use]
    pub fn contradicts(self, other: Self) -> bool {
        core::mem::discriminant(&self) == core::mem::discriminant(&other) && self != other
    }
}

impl core::fmt::Display for Address {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Icao(a) => write!(f, "icao:{a:06X}"),
            Self::NonIcao(a) => write!(f, "non-icao:{a:06X}"),
            Self::Mmsi(a) => write!(f, "mmsi:{a:09}"),
            Self::RemoteId(serial) => write!(f, "remote-id:{serial}"),
        }
    }
}

/// Bytes of a serial number: the field of a Remote ID message.
///
/// No counter: what is longer is no serial number, and its driver refuses it.
pub const SERIAL_BYTES_MAX: usize = 20;

/// A serial number: 1 to 20 visible ASCII characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial([u8; SERIAL_BYTES_MAX]);

impl Serial {
    /// The serial number that a text is, if it is one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.is_empty() || text.len() > SERIAL_BYTES_MAX || !visible {
            return None;
        }
        let mut bytes = [0; SERIAL_BYTES_MAX];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Some(Self(bytes))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let length = self.0.iter().take_while(|byte| **byte != 0).count();
        core::str::from_utf8(&self.0[..length]).expect("the constructor takes ASCII only")
    }
}

impl core::fmt::Display for Serial {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// By what a fingerprint knows its bearer again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FingerprintKind {
    /// The channel that it transmits in, by number.
    Channel = 0,
    /// The channel that it transmits in, by a name that is no frequency.
    ChannelName = 1,
    /// Whatever others measured of its signal.
    Signal = 2,
    /// The track that somebody's video tracker has of it.
    VideoTrack = 3,
}

/// A mark by which a thing is known again, without saying who it is: what somebody measured of it, hashed, with how
/// often that errs. The upper octet of the hash is its [kind](FingerprintKind): two of different kinds say nothing of
/// each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// The same for the same emitter; means nothing else.
    pub hash: u64,
    /// In steps of 2⁻¹⁶.
    confusion: NonZeroU16,
}

impl Fingerprint {
    /// A fingerprint that two emitters share with probability `confusion`, and that one emitter fails to show as often:
    /// taken between 2⁻¹⁶ and a half, at which it says nothing. NaN says nothing.
    #[must_use]
    pub fn new(hash: u64, confusion: f64) -> Self {
        let steps = if confusion.is_nan() { HALF } else { round(confusion * STEPS).clamp(1.0, HALF) };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 1 to 2¹⁵ fits 16 bits"
        )]
        let confusion = NonZeroU16::new(steps as u16).expect("at least one");
        Self { hash, confusion }
    }

    /// One of a kind, of which the lower 56 bits of `hash` count.
    #[must_use]
    pub fn of(kind: FingerprintKind, hash: u64, confusion: f64) -> Self {
        Self::new((kind as u64) << KIND_SHIFT | hash & ((1 << KIND_SHIFT) - 1), confusion)
    }

    /// What kind it is, by number: one that is heard from elsewhere may be of a kind that is not known here.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        self.hash.to_be_bytes()[0]
    }

    /// Probability that two emitters share it.
    #[must_use]
    pub fn confusion(&self) -> f64 {
        f64::from(self.confusion.get()) / STEPS
    }
}

/// Bits of a hash below its kind.
const KIND_SHIFT: u32 = 56;
const STEPS: f64 = 65_536.0;
const HALF: f64 = 0.5 * STEPS;

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    extern crate std;

    #[test]
    fn a_serial_number_is_kept_as_it_is_told() {
        let serial = Serial::new("1581F5BKD239A00DK4RT").expect("twenty characters");
        assert_eq!(Address::RemoteId(serial).to_string(), "remote-id:1581F5BKD239A00DK4RT");
        assert_eq!(Serial::new("A1").expect("short").as_str(), "A1");
    }

    #[test]
    fn what_is_no_serial_number_is_refused() {
        for bad in ["", "1581F5BKD239A00DK4RTX", "with space", "nul\0", "ümlaut"] {
            assert_eq!(Serial::new(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn only_addresses_of_one_kind_contradict_each_other() {
        let serial = |text| Address::RemoteId(Serial::new(text).expect("a serial"));
        assert!(serial("A").contradicts(serial("B")) && !serial("A").contradicts(serial("A")));
        assert!(!serial("A").contradicts(Address::Icao(1)) && !Address::Icao(1).contradicts(Address::NonIcao(2)));
    }

    #[test]
    fn a_fingerprint_errs_between_never_quite_and_always() {
        for (told, kept) in [(0.01, 0.01), (0.0, 1.0 / STEPS), (-1.0, 1.0 / STEPS), (0.9, 0.5), (f64::NAN, 0.5)] {
            let confusion = Fingerprint::new(1, told).confusion();
            assert!((confusion - kept).abs() < 1e-5, "{told}: {confusion}");
        }
    }

    #[test]
    fn one_of_a_kind_keeps_its_kind_and_56_bits() {
        let of = |kind| Fingerprint::of(kind, u64::MAX, 0.1);
        assert_eq!(of(FingerprintKind::Channel).hash, u64::MAX >> 8);
        assert_eq!(of(FingerprintKind::VideoTrack).kind(), 3);
        let again = Fingerprint::of(FingerprintKind::Signal, of(FingerprintKind::Signal).hash, 0.1);
        assert_eq!(again, of(FingerprintKind::Signal));
    }

    #[test]
    fn they_are_small() {
        assert_eq!((size_of::<Option<Address>>(), size_of::<Option<Fingerprint>>()), (24, 16));
    }
}
