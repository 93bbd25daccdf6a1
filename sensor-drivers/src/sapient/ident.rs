//! Identifiers as SAPIENT writes them: UUIDs for nodes, ULIDs for reports, objects, tasks and alerts.
//!
//! A UUID is 8-4-4-4-12 hexadecimal digits (RFC 9562). A ULID is 26 characters of Crockford's base 32, of which the
//! first ten are milliseconds since the Unix epoch (github.com/ulid/spec). Neither case matters.

use core::fmt;

use fusion_core::time::Timestamp;

/// Who a node is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub u128);

/// Which report, object, task or alert it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ulid(pub u128);

/// Where the hyphens of a UUID stand.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];
const UUID_LENGTH: usize = 36;
const ULID_LENGTH: usize = 26;
/// Crockford's digits: without I, L, O and U.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// The value of each octet as a digit, 255 if it is none.
const VALUES: [u8; 256] = values();

impl Uuid {
    /// The UUID that a text is, if it is one.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() != UUID_LENGTH {
            return None;
        }
        let mut number = 0_u128;
        for (at, octet) in text.iter().enumerate() {
            if HYPHENS.contains(&at) {
                if *octet != b'-' {
                    return None;
                }
            } else {
                number = number << 4 | u128::from(char::from(*octet).to_digit(16)?);
            }
        }
        Some(Self(number))
    }

    /// The same for the same name, and hardly ever for two: a custom UUID (version 8) of its hash.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        let halves =
            [0xcbf2_9ce4_8422_2325, 0x6c62_272e_07bb_0142].map(|basis| u128::from(hash(basis, name.as_bytes())));
        let number = halves[0] << 64 | halves[1];
        Self(number & !(0xf << 76 | 0x3 << 62) | 0x8 << 76 | 0x2 << 62)
    }

    /// The same with the mark of version 4: there are middlewares that take no other.
    #[must_use]
    pub const fn as_version_4(self) -> Self {
        Self(self.0 & !(0xf << 76) | 0x4 << 76)
    }
}

impl Ulid {
    /// The ULID that a text is, if it is one.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        // 26 digits of five bits are two bits too many.
        if text.len() != ULID_LENGTH || text[0] > b'7' {
            return None;
        }
        text.iter()
            .try_fold(0_u128, |number, octet| match VALUES[usize::from(*octet)] {
                255 => None,
                digit => Some(number << 5 | u128::from(digit)),
            })
            .map(Self)
    }

    /// The ULID of a time and of what tells apart those of one millisecond. No chance is in it: the same arguments give
    /// the same identifier.
    #[must_use]
    pub fn new(time: Timestamp, seed: u64, count: u64) -> Self {
        let millis = u128::from(time.as_millis().max(0).unsigned_abs()) & ((1 << 48) - 1);
        // 16 bits of the seed's hash tell the makers apart, 64 their counts.
        let maker = u128::from(hash(0xcbf2_9ce4_8422_2325, &seed.to_le_bytes()) & 0xffff);
        Self(millis << 80 | maker << 64 | u128::from(count))
    }
}

/// FNV-1a of some octets, from a basis.
pub(super) fn hash(basis: u64, octets: &[u8]) -> u64 {
    octets.iter().fold(basis, |hash, octet| (hash ^ u64::from(*octet)).wrapping_mul(0x0000_0100_0000_01b3))
}

const fn values() -> [u8; 256] {
    let mut values = [255; 256];
    let mut digit = 0_u8;
    while digit < 32 {
        let octet = DIGITS[digit as usize];
        values[octet as usize] = digit;
        values[octet.to_ascii_lowercase() as usize] = digit;
        digit += 1;
    }
    values
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.0;
        let (a, b, c) = (n >> 96, n >> 80 & 0xffff, n >> 64 & 0xffff);
        write!(f, "{a:08x}-{b:04x}-{c:04x}-{:04x}-{:012x}", n >> 48 & 0xffff, n & 0xffff_ffff_ffff)
    }
}

impl fmt::Display for Ulid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..ULID_LENGTH).rev().try_for_each(|place| {
            let digit = usize::try_from(self.0 >> (5 * place) & 31).expect("five bits");
            write!(f, "{}", char::from(DIGITS[digit]))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_come_back_as_they_were_written() {
        let uuid = "a8654cdf-4328-47de-81fa-c495589e30c8";
        assert_eq!(Uuid::parse(uuid.as_bytes()).map(|id| id.to_string()).as_deref(), Some(uuid));
        let ulid = "01GGYFBAXGDG7AGAHRZ6XSNY12";
        assert_eq!(Ulid::parse(ulid.as_bytes()).map(|id| id.to_string()).as_deref(), Some(ulid));
        assert_eq!(Ulid::parse(b"01ggyfbaxgdg7agahrz6xsny12"), Ulid::parse(ulid.as_bytes()));
    }

    #[test]
    fn one_kind_of_identifier_is_not_taken_for_the_other() {
        assert_eq!(Uuid::parse(b"01GGYFBAXGDG7AGAHRZ6XSNY12"), None);
        assert_eq!(Ulid::parse(b"a8654cdf-4328-47de-81fa-c495589e30c8"), None);
        assert_eq!(Ulid::parse(b"01GGYFBAXGDG7AGAHRZ6XSNYU2"), None, "U is no digit");
        assert_eq!(Ulid::parse(b"81GGYFBAXGDG7AGAHRZ6XSNY12"), None, "more than 128 bits");
        assert_eq!(Uuid::parse(b"a8654cdf-4328-47de-81fa+c495589e30c8"), None);
    }

    #[test]
    fn a_ulid_sorts_by_its_time_and_tells_its_makers_apart() {
        let at = Timestamp::from_secs;
        assert!(Ulid::new(at(2), 1, 0) > Ulid::new(at(1), 9, 99));
        assert_ne!(Ulid::new(at(1), 1, 0), Ulid::new(at(1), 2, 0));
        assert_ne!(Ulid::new(at(1), 1, 0), Ulid::new(at(1), 1, 1));
    }

    #[test]
    fn names_give_well_formed_uuids_that_differ() {
        let [a, b] = ["alpha", "bravo"].map(Uuid::of_name);
        assert_ne!(a, b);
        assert_eq!(&a.to_string()[14..15], "8", "{a}");
        assert!(a.to_string()[19..].starts_with(['8', '9', 'a', 'b']), "{a}");
        let (a, b) = (a.as_version_4(), b.as_version_4());
        assert_ne!(a, b);
        assert_eq!(&a.to_string()[14..15], "4", "{a}");
        assert!(a.to_string()[19..].starts_with(['8', '9', 'a', 'b']), "{a}");
    }
}
