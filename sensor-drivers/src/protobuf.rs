//! Protobuf as it lies on the wire, read where it lies: no copy, no allocation, every part with its offset.
//!
//! A message is a row of parts, each a number and a value of one of four wire types (protobuf.dev, "Encoding"). Groups,
//! withdrawn long ago, are refused.

use crate::error::Reason;

/// One part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    /// Number of the field.
    pub number: u32,
    /// Offset of its value within the message, in bytes.
    pub at: usize,
    /// The value.
    pub value: Value<'a>,
}

/// A value as the wire types have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// Integers, truth values, enumerations.
    Varint(u64),
    /// A double.
    Eight(u64),
    /// A float.
    Four(u32),
    /// Texts, octets, messages.
    Octets(&'a [u8]),
}

/// The parts of a message, in order; after a fault, nothing more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Parts<'a> {
    pub(crate) const fn of(message: &'a [u8]) -> Self {
        Self { message, at: 0 }
    }

    /// The parts of a message that has been checked.
    pub(crate) fn checked(message: &'a [u8]) -> impl Iterator<Item = Part<'a>> {
        Self::of(message).map_while(Result::ok)
    }

    fn part(&mut self) -> Result<Part<'a>, Reason> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).map_err(|_| Reason::NotThisFormat)?;
        if number == 0 {
            return Err(Reason::NotThisFormat);
        }
        match key & 7 {
            0 => {
                let at = self.at;
                Ok(Part { number, at, value: Value::Varint(self.varint()?) })
            }
            1 => self.octets(8).map(|(at, octets)| Part { number, at, value: Value::Eight(little(octets)) }),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Reason::NotThisFormat)?;
                self.octets(length).map(|(at, octets)| Part { number, at, value: Value::Octets(octets) })
            }
            5 => self.octets(4).map(|(at, octets)| {
                let four = u32::try_from(little(octets)).expect("four octets");
                Part { number, at, value: Value::Four(four) }
            }),
            kind => Err(Reason::Unsupported { kind: u32::try_from(kind).expect("three bits") }),
        }
    }

    fn varint(&mut self) -> Result<u64, Reason> {
        let rest = &self.message[self.at..];
        // Most are of one octet.
        if let Some(&only) = rest.first().filter(|octet| **octet < 0x80) {
            self.at += 1;
            return Ok(only.into());
        }
        let (value, length) = varint(rest)?;
        self.at += length;
        Ok(value)
    }

    fn octets(&mut self, length: usize) -> Result<(usize, &'a [u8]), Reason> {
        let at = self.at;
        let rest = &self.message[at..];
        let octets = rest.get(..length).ok_or(Reason::Truncated { missing: length - rest.len().min(length) })?;
        self.at += length;
        Ok((at, octets))
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Result<Part<'a>, (usize, Reason)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.message.len() {
            return None;
        }
        let begin = self.at;
        let part = self.part().map_err(|reason| (begin, reason));
        if part.is_err() {
            self.at = self.message.len();
        }
        Some(part)
    }
}

/// A number of variable length at the beginning of some octets, and that length: seven bits an octet, lowest first.
pub(crate) fn varint(octets: &[u8]) -> Result<(u64, usize), Reason> {
    let mut value = 0;
    for (length, &octet) in (1..=10).zip(octets) {
        value |= u64::from(octet & 0x7f).wrapping_shl(7 * (u32::try_from(length).expect("at most ten") - 1));
        if octet < 0x80 {
            return Ok((value, length));
        }
    }
    Err(if octets.len() < 10 { Reason::Truncated { missing: 1 } } else { Reason::NotThisFormat })
}

/// Up to eight octets, lowest first, as a number.
fn little(octets: &[u8]) -> u64 {
    octets.iter().rev().fold(0, |number, octet| number << 8 | u64::from(*octet))
}

impl<'a> Value<'a> {
    /// As a double, be it told as one or as a float.
    pub(crate) fn real(self) -> Option<f64> {
        match self {
            Self::Eight(bits) => Some(f64::from_bits(bits)),
            Self::Four(bits) => Some(f64::from(f32::from_bits(bits))),
            Self::Varint(_) | Self::Octets(_) => None,
        }
    }

    /// As an enumeration's number; what does not fit is none that exists.
    pub(crate) fn word(self) -> Option<u32> {
        match self {
            Self::Varint(number) => u32::try_from(number).ok(),
            Self::Eight(_) | Self::Four(_) | Self::Octets(_) => None,
        }
    }

    /// As a signed integer.
    pub(crate) const fn integer(self) -> Option<i64> {
        match self {
            Self::Varint(number) => Some(number.cast_signed()),
            Self::Eight(_) | Self::Four(_) | Self::Octets(_) => None,
        }
    }

    /// As octets.
    pub(crate) const fn octets(self) -> Option<&'a [u8]> {
        match self {
            Self::Octets(octets) => Some(octets),
            Self::Varint(_) | Self::Eight(_) | Self::Four(_) => None,
        }
    }

    /// As text.
    pub(crate) fn text(self) -> Option<&'a str> {
        core::str::from_utf8(self.octets()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wire_type_is_read_with_its_offset() {
        let message = [0x08, 0x96, 0x01, 0x11, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0x1a, 2, b'h', b'i', 0x25, 0, 0, 0, 0x40];
        let parts: Vec<_> = Parts::checked(&message).map(|part| (part.number, part.at, part.value)).collect();
        assert_eq!(parts[0], (1, 1, Value::Varint(150)));
        assert_eq!((parts[1].1, parts[1].2.real()), (4, Some(1.5)));
        assert_eq!((parts[2].1, parts[2].2.text()), (14, Some("hi")));
        assert_eq!((parts[3].1, parts[3].2.real()), (17, Some(2.0)));
    }

    #[test]
    fn what_ends_too_early_says_how_much_is_missing() {
        let fault = |message: &[u8]| Parts::of(message).find_map(Result::err);
        assert_eq!(fault(&[0x1a, 5, 1, 2]), Some((0, Reason::Truncated { missing: 3 })));
        assert_eq!(fault(&[0x08, 1, 0x08, 0x80]), Some((2, Reason::Truncated { missing: 1 })));
        assert_eq!(fault(&[0x0b]), Some((0, Reason::Unsupported { kind: 3 })));
        assert_eq!(fault(&[0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255]), Some((0, Reason::NotThisFormat)));
    }

    #[test]
    fn negative_integers_take_ten_octets() {
        let minus_one = [0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
        assert_eq!(Parts::checked(&minus_one).next().and_then(|part| part.value.integer()), Some(-1));
    }
}
