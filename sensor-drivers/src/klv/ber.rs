//! What every MISB local set is made of: tags and lengths by the basic encoding rules (BER, SMPTE ST 336), whole
//! numbers, linear scales (ST 0601) and IMAPB (ST 1201), each in both directions.

use fusion_core::maths::{floor, round};

use crate::error::Reason;

/// Octets of a tag's number at the most: 28 bits.
///
/// No counter: a longer one is an error of its set.
const OID_OCTETS_MAX: usize = 4;

/// A number in seven bits an octet, the first octet highest, and how many octets it takes (BER-OID).
///
/// # Errors
/// [`Reason::Truncated`], or [`Reason::BadLength`] beyond 28 bits.
pub fn oid(bytes: &[u8]) -> Result<(u32, usize), Reason> {
    let mut number = 0;
    for (at, &octet) in bytes.iter().take(OID_OCTETS_MAX).enumerate() {
        number = number << 7 | u32::from(octet & 0x7F);
        if octet < 0x80 {
            return Ok((number, at + 1));
        }
    }
    if bytes.len() < OID_OCTETS_MAX {
        return Err(Reason::Truncated { missing: 1 });
    }
    Err(Reason::BadLength { told: OID_OCTETS_MAX })
}

/// A length, and how many octets it takes: one below 128, else a count of octets and as many octets.
///
/// # Errors
/// [`Reason::Truncated`], or [`Reason::BadLength`] for the indefinite form and lengths beyond 32 bits.
pub fn length(bytes: &[u8]) -> Result<(usize, usize), Reason> {
    let Some((&first, rest)) = bytes.split_first() else { return Err(Reason::Truncated { missing: 1 }) };
    let octets = usize::from(first & 0x7F);
    if first < 0x80 {
        return Ok((octets, 1));
    }
    if octets == 0 || octets > 4 {
        return Err(Reason::BadLength { told: octets });
    }
    let told = rest.get(..octets).ok_or(Reason::Truncated { missing: octets.saturating_sub(rest.len()) })?;
    Ok((told.iter().fold(0, |length, &octet| length << 8 | usize::from(octet)), 1 + octets))
}

/// Appends a tag's number.
pub fn write_oid(number: u32, out: &mut Vec<u8>) {
    for seven in (0..OID_OCTETS_MAX).rev() {
        let rest = number >> (7 * seven);
        if rest > 0 || seven == 0 {
            let more = if seven > 0 { 0x80 } else { 0 };
            out.push(low(u64::from(rest & 0x7F)) | more);
        }
    }
}

/// Appends a length.
pub fn write_length(length: usize, out: &mut Vec<u8>) {
    match length {
        0..0x80 => out.push(low(length as u64)),
        0x80..0x100 => out.extend([0x81, low(length as u64)]),
        _ => out.extend([0x82, low(length as u64 >> 8), low(length as u64)]),
    }
}

/// The lowest octet.
#[expect(clippy::cast_possible_truncation, reason = "that is what it is for")]
pub(super) const fn low(number: u64) -> u8 {
    number as u8
}

/// One item of a local set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// Its tag.
    pub tag: u32,
    /// Where its value begins in the set, octets.
    pub offset: usize,
    /// Its value.
    pub value: &'a [u8],
}

/// The items of a local set. After an error there are no more.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    set: &'a [u8],
    at: usize,
    /// Elements of a series have no tag.
    tagged: bool,
}

impl<'a> Items<'a> {
    /// The items of a local set: tag, length, value.
    #[must_use]
    pub const fn new(set: &'a [u8]) -> Self {
        Self { set, at: 0, tagged: true }
    }

    /// The elements of a series: length, value. Their tag is zero.
    #[must_use]
    pub const fn series(set: &'a [u8]) -> Self {
        Self { set, at: 0, tagged: false }
    }

    fn read(&mut self) -> Result<Item<'a>, Reason> {
        let (tag, tag_octets) = if self.tagged { oid(&self.set[self.at..])? } else { (0, 0) };
        let (length, length_octets) = length(&self.set[self.at + tag_octets..])?;
        let offset = self.at + tag_octets + length_octets;
        let rest = &self.set[offset..];
        let value = rest.get(..length).ok_or(Reason::Truncated { missing: length.saturating_sub(rest.len()) })?;
        self.at = offset + length;
        Ok(Item { tag, offset, value })
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<Item<'a>, (usize, Reason)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.set.len() {
            return None;
        }
        let begin = self.at;
        let item = self.read();
        if item.is_err() {
            self.at = self.set.len();
        }
        Some(item.map_err(|reason| (begin, reason)))
    }
}

/// A whole number of one to eight octets, the highest first; `None` for other lengths.
#[must_use]
pub fn unsigned(bytes: &[u8]) -> Option<u64> {
    (1..=8).contains(&bytes.len()).then(|| bytes.iter().fold(0, |number, &octet| number << 8 | u64::from(octet)))
}

/// Appends the lowest `octets` octets of a whole number, the highest first.
pub fn write_unsigned(number: u64, octets: usize, out: &mut Vec<u8>) {
    out.extend((0..octets).rev().map(|octet| low(number >> (8 * octet))));
}

/// How ST 0601 maps a real number to a whole one of two or four octets, straight from end to end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    octets: usize,
    /// Two's complement around zero; its lowest number says that the value is out of range.
    signed: bool,
    low: f64,
    high: f64,
}

impl Linear {
    /// From `low` (all bits zero) to `high` (all bits one).
    #[must_use]
    pub const fn unsigned(octets: usize, low: f64, high: f64) -> Self {
        Self { octets, signed: false, low, high }
    }

    /// From -`high` to `high`.
    #[must_use]
    pub const fn signed(octets: usize, high: f64) -> Self {
        Self { octets, signed: true, low: -high, high }
    }

    /// The value of one step.
    #[must_use]
    pub fn step(&self) -> f64 {
        let steps = (1_u64 << (8 * self.octets)) - if self.signed { 2 } else { 1 };
        (self.high - self.low) / real(steps)
    }

    /// The value; `None` if it says of itself that it is out of range.
    ///
    /// # Errors
    /// [`Reason::BadLength`].
    pub fn read(&self, bytes: &[u8]) -> Result<Option<f64>, Reason> {
        let raw = unsigned(bytes).filter(|_| bytes.len() == self.octets);
        let raw = raw.ok_or(Reason::BadLength { told: bytes.len() })?;
        if !self.signed {
            return Ok(Some(self.low + real(raw) * self.step()));
        }
        let sign = 1_u64 << (8 * self.octets - 1);
        let above_lowest = raw ^ sign;
        Ok((above_lowest > 0).then(|| (real(above_lowest) - real(sign)) * self.step()))
    }

    /// Appends a value; one outside the range, or not a number, as out of range where there is a way to say so, else
    /// as the nearest end.
    pub fn write(&self, value: f64, out: &mut Vec<u8>) {
        let inside = (self.low..=self.high).contains(&value);
        let sign = 1_u64 << (8 * self.octets - 1);
        let raw = match (self.signed, inside) {
            (true, false) => sign,
            (true, true) => whole(round(value / self.step()) + real(sign)) ^ sign,
            (false, _) => whole(round((value.clamp(self.low, self.high) - self.low) / self.step())),
        };
        write_unsigned(raw, self.octets, out);
    }
}

/// How ST 1201 maps a real number from `low` to `high` to octets of any number (IMAPB): by a power of two, with zero
/// kept exact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Imapb {
    low: f64,
    high: f64,
}

impl Imapb {
    /// The mapping of this interval.
    #[must_use]
    pub const fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// Steps per unit, and the offset that keeps zero exact, for a number of octets.
    fn scale(&self, octets: usize) -> (f64, f64) {
        let span = self.high - self.low;
        let mut steps = real(1_u64 << (8 * octets - 1));
        let mut power = 1.0;
        while power < span {
            power *= 2.0;
        }
        steps /= power;
        let from_zero = steps * self.low;
        let offset = if self.low < 0.0 && self.high > 0.0 { from_zero - floor(from_zero) } else { 0.0 };
        (steps, offset)
    }

    /// The value; `None` for the special ones (infinite, not a number, out of range).
    ///
    /// # Errors
    /// [`Reason::BadLength`] for no octets, or more than eight.
    pub fn read(&self, bytes: &[u8]) -> Result<Option<f64>, Reason> {
        let raw = unsigned(bytes).ok_or(Reason::BadLength { told: bytes.len() })?;
        if raw > 1 << (8 * bytes.len() - 1) {
            return Ok(None);
        }
        let (steps, offset) = self.scale(bytes.len());
        let value = (real(raw) - offset) / steps + self.low;
        Ok((value <= self.high + 1.0 / steps).then(|| value.clamp(self.low, self.high)))
    }

    /// Appends a value in one to six octets; one outside the interval, or not a number, as "not a number".
    pub fn write(&self, value: f64, octets: usize, out: &mut Vec<u8>) {
        let (steps, offset) = self.scale(octets);
        let raw = if (self.low..=self.high).contains(&value) {
            whole(floor(steps * (value - self.low) + offset))
        } else {
            0b1101 << (8 * octets - 4)
        };
        write_unsigned(raw, octets, out);
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of more than six octets lose what nobody measures")]
const fn real(number: u64) -> f64 {
    number as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the caller keeps it between 0 and 2⁴⁸")]
const fn whole(number: f64) -> u64 {
    number as u64
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn tags_and_lengths_come_back(tag in 0..1_u32 << 28, told in 0..0x1_0000_usize) {
            let mut out = Vec::new();
            write_oid(tag, &mut out);
            prop_assert_eq!(oid(&out), Ok((tag, out.len())));
            let mut out = Vec::new();
            write_length(told, &mut out);
            prop_assert_eq!(length(&out), Ok((told, out.len())));
        }

        #[test]
        fn a_scale_gives_a_value_back_within_half_a_step(
            part in 0.0..=1.0, octets in prop_oneof![Just(2_usize), Just(4)],
        ) {
            for scale in [Linear::unsigned(octets, -900.0, 19_000.0), Linear::signed(octets, 180.0)] {
                let value = scale.low + part * (scale.high - scale.low);
                let mut out = Vec::new();
                scale.write(value, &mut out);
                let back = scale.read(&out).unwrap().unwrap();
                prop_assert!((back - value).abs() <= 0.51 * scale.step(), "{value} {back}");
            }
        }

        #[test]
        fn imapb_gives_a_value_back_within_a_step(part in 0.0..=1.0, octets in 1..=6_usize) {
            for map in [Imapb::new(-19.2, 19.2), Imapb::new(0.0, 650.0), Imapb::new(-1.0, 1.0)] {
                let value = map.low + part * (map.high - map.low);
                let mut out = Vec::new();
                map.write(value, octets, &mut out);
                let back = map.read(&out).unwrap().unwrap();
                prop_assert!((back - value).abs() <= 1.001 / map.scale(octets).0, "{value} {back}");
            }
        }

        #[test]
        fn any_octets_are_items_or_an_error_and_end(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            prop_assert!(Items::new(&bytes).count() <= bytes.len());
            prop_assert!(Items::series(&bytes).count() <= bytes.len());
        }
    }

    #[test]
    fn imapb_keeps_zero_exact() {
        let mut out = Vec::new();
        Imapb::new(-900.0, 19_000.0).write(0.0, 2, &mut out);
        assert_eq!(Imapb::new(-900.0, 19_000.0).read(&out), Ok(Some(0.0)));
    }

    #[test]
    fn what_is_out_of_range_says_so() {
        let mut out = Vec::new();
        Linear::signed(2, 20.0).write(21.0, &mut out);
        assert_eq!((out.as_slice(), Linear::signed(2, 20.0).read(&out)), (&[0x80, 0x00][..], Ok(None)));
        let mut out = Vec::new();
        Imapb::new(0.0, 650.0).write(f64::NAN, 2, &mut out);
        assert_eq!(Imapb::new(0.0, 650.0).read(&out), Ok(None));
    }
}
