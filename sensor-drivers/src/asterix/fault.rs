//! Why some octets are not the ASTERIX they claim to be: where, in which item, and what would have been right.

use std::fmt;

use super::block::HEADER_OCTETS;
use super::spec::{CATALOGUE, find};
use crate::error::{self, DecodeError};

/// A refusal, with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Octet in the datagram (or in the bytes given) at which the trouble was seen.
    pub offset: usize,
    /// Category of the block, once its header was read.
    pub category: Option<u8>,
    /// Name of the item as in the user application profile, for example `250`.
    pub item: Option<&'static str>,
    /// What is wrong there.
    pub reason: Reason,
}

/// What was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Octets are left over that are too few for a block header.
    HeaderTruncated {
        /// How many there are.
        have: usize,
    },
    /// The block states a length that does not even cover its own header.
    LengthTooShort {
        /// The stated length.
        stated: usize,
    },
    /// The block states more octets than there are.
    BlockTruncated {
        /// The stated length.
        stated: usize,
        /// Octets from the header on.
        have: usize,
    },
    /// The catalogue has no table for this category; the block is skipped as a whole.
    UnknownCategory,
    /// A field specification does not end before the octets do.
    FspecTruncated,
    /// A field specification goes on beyond the last item of the table.
    FspecTooLong {
        /// Octets that the table allows.
        allowed: usize,
    },
    /// A field reference number is set to which the table assigns no item.
    UnusedFrn {
        /// The number, counted from 1.
        frn: usize,
    },
    /// An item does not end before the octets do.
    ItemTruncated {
        /// Octets the item needs at least.
        needs: usize,
        /// Octets from its start to the end of the block.
        have: usize,
    },
    /// An explicit-length item states length zero, but it counts its own length octet.
    ExplicitZero,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: ", self.offset)?;
        match (self.category, self.item) {
            (Some(category), Some(item)) => write!(f, "I{category:03}/{item}: ")?,
            (Some(category), None) => write!(f, "CAT{category:03}: ")?,
            (None, _) => {}
        }
        self.reason.fmt(f)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::HeaderTruncated { have } => write!(f, "{have} octets left over, a block header takes 3"),
            Self::LengthTooShort { stated } => write!(f, "block states length {stated}, its header alone takes 3"),
            Self::BlockTruncated { stated, have } => write!(f, "block states {stated} octets, {have} are here"),
            Self::UnknownCategory => f.write_str("no table for this category, block skipped"),
            Self::FspecTruncated => f.write_str("field specification is cut off"),
            Self::FspecTooLong { allowed } => {
                write!(f, "field specification exceeds {allowed} octets, check the edition of the source")
            }
            Self::UnusedFrn { frn } => write!(f, "FRN {frn} has no item, check the edition of the source"),
            Self::ItemTruncated { needs, have } => write!(f, "needs {needs} octets, {have} left in the block"),
            Self::ExplicitZero => f.write_str("explicit length 0, the length counts itself"),
        }
    }
}

impl std::error::Error for Fault {}

impl From<Fault> for DecodeError {
    fn from(fault: Fault) -> Self {
        let spec = fault.category.and_then(|category| find(CATALOGUE, category));
        Self {
            format: spec.map_or("ASTERIX", |spec| spec.title),
            offset: fault.offset,
            field: fault.item.unwrap_or(fault.reason.place()),
            reason: fault.reason.in_general(fault.category),
        }
    }
}

impl Reason {
    /// What was being read when it is no item.
    const fn place(self) -> &'static str {
        match self {
            Self::HeaderTruncated { .. } | Self::LengthTooShort { .. } | Self::BlockTruncated { .. } => "block length",
            Self::UnknownCategory => "category",
            Self::FspecTruncated | Self::FspecTooLong { .. } | Self::UnusedFrn { .. } => "FSPEC",
            Self::ItemTruncated { .. } | Self::ExplicitZero => "item",
        }
    }

    /// The same in the words that all drivers share.
    fn in_general(self, category: Option<u8>) -> error::Reason {
        match self {
            Self::HeaderTruncated { have } => error::Reason::Truncated { missing: HEADER_OCTETS - have },
            Self::LengthTooShort { stated } => error::Reason::BadLength { told: stated },
            Self::BlockTruncated { stated: needs, have } | Self::ItemTruncated { needs, have } => {
                error::Reason::Truncated { missing: needs - have }
            }
            Self::UnknownCategory => error::Reason::Unsupported { kind: category.unwrap_or_default().into() },
            Self::FspecTruncated => error::Reason::Truncated { missing: 1 },
            Self::FspecTooLong { allowed } => error::Reason::BadLength { told: allowed + 1 },
            Self::UnusedFrn { frn } => error::Reason::Unsupported { kind: u32::try_from(frn).unwrap_or(u32::MAX) },
            Self::ExplicitZero => error::Reason::BadLength { told: 0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_general_error_keeps_the_place() {
        let reason = Reason::ItemTruncated { needs: 17, have: 3 };
        let error = DecodeError::from(Fault { offset: 21, category: Some(48), item: Some("250"), reason });
        assert_eq!(error.to_string(), "ASTERIX CAT048: 250 at byte 21: ends 14 byte(s) too early");
    }

    #[test]
    fn text_names_byte_item_and_reason() {
        let reason = Reason::ItemTruncated { needs: 17, have: 3 };
        let fault = Fault { offset: 21, category: Some(48), item: Some("250"), reason };
        assert_eq!(fault.to_string(), "byte 21: I048/250: needs 17 octets, 3 left in the block");
        let fault = Fault { offset: 0, category: Some(62), item: None, reason: Reason::UnknownCategory };
        assert_eq!(fault.to_string(), "byte 0: CAT062: no table for this category, block skipped");
    }
}
