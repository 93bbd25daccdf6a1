//! Why bytes could not be understood. Never a panic, always counted, always with the place and the reason.

use core::fmt;

/// Bytes that could not be understood. The decoder skipped them and goes on; nothing of them became a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// Which format refused them, e.g. `"asterix"`.
    pub format: &'static str,
    /// Offset of the fault within the datagram, line or frame that was handed in, in bytes.
    pub offset: usize,
    /// What was being read, e.g. `"I048/250"`.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What is wrong with a piece of input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It ends before the field does: so many more bytes were needed.
    Truncated {
        /// Bytes missing.
        missing: usize,
    },
    /// A length or count contradicts what surrounds it.
    BadLength {
        /// The length that was told.
        told: usize,
    },
    /// The checksum or parity does not match.
    BadChecksum,
    /// It is not of this format at all.
    NotThisFormat,
    /// A kind that is not supported, by its number.
    Unsupported {
        /// The number, e.g. an ASTERIX category.
        kind: u32,
    },
    /// The value is outside what the standard or physics allows.
    OutOfRange,
    /// The text is not what the format wants there.
    BadText,
    /// A required field is absent.
    Missing,
    /// No such key is allowed there; the nearest one that is, if any is near.
    UnknownKey {
        /// What was probably meant.
        nearest: Option<&'static str>,
    },
    /// It cannot stand together with another field.
    Contradicts {
        /// The other field.
        other: &'static str,
    },
    /// It is given twice.
    Repeated,
    /// More was handed in than the stated bound.
    TooLarge {
        /// The bound.
        bound: usize,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} at byte {}: {}", self.format, self.field, self.offset, self.reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { missing } => write!(f, "ends {missing} byte(s) too early"),
            Self::BadLength { told } => write!(f, "the length {told} does not fit what surrounds it"),
            Self::BadChecksum => f.write_str("the checksum does not match"),
            Self::NotThisFormat => f.write_str("this is not the expected format"),
            Self::Unsupported { kind } => write!(f, "kind {kind} is not supported"),
            Self::OutOfRange => f.write_str("the value is outside the allowed range"),
            Self::BadText => f.write_str("the text is malformed"),
            Self::Missing => f.write_str("a required field is absent"),
            Self::UnknownKey { nearest: Some(nearest) } => write!(f, "no such key here, did you mean \"{nearest}\"?"),
            Self::UnknownKey { nearest: None } => f.write_str("no such key here"),
            Self::Contradicts { other } => write!(f, "cannot stand together with \"{other}\""),
            Self::Repeated => f.write_str("given twice"),
            Self::TooLarge { bound } => write!(f, "larger than the bound of {bound}"),
        }
    }
}

impl core::error::Error for DecodeError {}
