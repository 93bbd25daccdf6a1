//! Data blocks: category, length, records; as many as the datagram holds.

use super::fault::{Fault, Reason};
use super::record::Records;
use super::spec::Spec;

/// Category octet and two octets of length.
pub const HEADER_OCTETS: usize = 3;

/// One data block, header checked, contents not yet looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// Category of all its records.
    pub category: u8,
    /// Octet of the datagram at which the header starts.
    pub offset: usize,
    /// The records, without the header.
    pub body: &'a [u8],
}

impl<'a> Block<'a> {
    /// Its records by this table, which must be that of its category.
    #[must_use]
    pub fn records(&self, spec: &'static Spec) -> Records<'a> {
        Records::new(spec, self.body, self.offset + HEADER_OCTETS)
    }
}

/// Walks the blocks of a datagram (or of any bytes that start with a block). What comes before a bad header is kept;
/// after the fault nothing more comes, since there is nothing to hold on to.
#[must_use]
pub const fn blocks(bytes: &[u8]) -> Blocks<'_> {
    Blocks { rest: bytes, offset: 0 }
}

/// Iterator of [`blocks`].
#[derive(Clone, Debug)]
pub struct Blocks<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Result<Block<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match split_block(self.rest) {
            Ok((category, body, rest)) => {
                let block = Block { category, offset: self.offset, body };
                self.offset += HEADER_OCTETS + body.len();
                self.rest = rest;
                Some(Ok(block))
            }
            Err(reason) => {
                let category = self.rest.first().copied();
                self.rest = &[];
                Some(Err(Fault { offset: self.offset, category, item: None, reason }))
            }
        }
    }
}

/// Splits off the first block: its category, its body, what follows.
fn split_block(bytes: &[u8]) -> Result<(u8, &[u8], &[u8]), Reason> {
    let Some((&[category, high, low], after)) = bytes.split_first_chunk::<HEADER_OCTETS>() else {
        return Err(Reason::HeaderTruncated { have: bytes.len() });
    };
    let stated = usize::from(u16::from_be_bytes([high, low]));
    let body = stated.checked_sub(HEADER_OCTETS).ok_or(Reason::LengthTooShort { stated })?;
    let (body, rest) = after.split_at_checked(body).ok_or(Reason::BlockTruncated { stated, have: bytes.len() })?;
    Ok((category, body, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_blocks_before_junk_are_kept() {
        let bytes = [48, 0, 5, 1, 2, 34, 0, 4, 9, 0xAA, 0xBB];
        let all: Vec<_> = blocks(&bytes).collect();
        assert_eq!(all[0], Ok(Block { category: 48, offset: 0, body: &[1, 2] }));
        assert_eq!(all[1], Ok(Block { category: 34, offset: 5, body: &[9] }));
        let reason = Reason::HeaderTruncated { have: 2 };
        assert_eq!(all[2], Err(Fault { offset: 9, category: Some(0xAA), item: None, reason }));
        assert_eq!(all.len(), 3);
    }

    #[test]
    fn a_length_shorter_than_the_header_ends_the_walk() {
        let mut walk = blocks(&[48, 0, 2, 48, 0, 3]);
        let reason = Reason::LengthTooShort { stated: 2 };
        assert_eq!(walk.next(), Some(Err(Fault { offset: 0, category: Some(48), item: None, reason })));
        assert_eq!(walk.next(), None);
    }

    #[test]
    fn an_empty_block_is_a_block() {
        assert_eq!(blocks(&[48, 0, 3]).next(), Some(Ok(Block { category: 48, offset: 0, body: &[] })));
    }
}
