//! Block boundaries in a byte stream: TCP, serial lines, files of concatenated blocks.
//!
//! ASTERIX has no sync pattern, so a boundary is believed only because what it bounds makes sense: a block counts when
//! its records fill it exactly by the table of its category. Where they do not, octets are dropped and the search goes
//! on: one at a time, or, so that the work per octet stays bounded, as many as had read as good records. A block of a
//! category without a table is passed over by its length, but only right after a good one. What comes out does not
//! depend on how the stream was cut into pieces.

use super::block::HEADER_OCTETS;
use super::fault::{Fault, Reason};
use super::record::Records;
use super::spec::{Catalogue, find};

/// Finds the blocks of a stream. Holds at most one block and the last piece pushed.
#[derive(Debug)]
pub struct Framer {
    catalogue: Catalogue,
    buffer: Vec<u8>,
    /// Start of what has not been given out or dropped yet.
    start: usize,
    /// Octets from the start of the block whose records were found good already.
    verified: usize,
    /// Whether the last block was good, so that the next header is believed.
    in_step: bool,
    /// First fault since the last good block.
    fault: Option<Fault>,
    blocks: u64,
    dropped: u64,
}

/// Records that go on for longer than this are taken to be a damaged block, not a chance resemblance, and are not
/// searched for other blocks.
const RESYNC_OCTETS: usize = 256;

enum Verdict {
    /// A block of this length.
    Good(usize),
    /// More octets are needed to tell.
    Open,
    Bad(Fault),
}

impl Framer {
    /// A framer for the start of a stream, whose blocks are judged by these tables.
    #[must_use]
    pub const fn new(catalogue: Catalogue) -> Self {
        Self {
            catalogue,
            buffer: Vec::new(),
            start: 0,
            verified: HEADER_OCTETS,
            in_step: false,
            fault: None,
            blocks: 0,
            dropped: 0,
        }
    }

    /// Takes the next piece of the stream. Call [`Self::next_block`] until `None` before the next piece, or the buffer
    /// grows by what is left.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole block, header included; `None` when more of the stream is needed.
    pub fn next_block(&mut self) -> Option<&[u8]> {
        loop {
            match self.judge() {
                Verdict::Open => return None,
                Verdict::Bad(fault) => self.drop_octets(fault),
                Verdict::Good(length) => {
                    let block = self.start..self.start + length;
                    self.start = block.end;
                    self.verified = HEADER_OCTETS;
                    self.in_step = true;
                    self.blocks += 1;
                    return self.buffer.get(block);
                }
            }
        }
    }

    /// Why octets were dropped since this was asked last, if any were; the offset counts from where a block should
    /// have started.
    pub const fn take_fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    /// Blocks given out.
    #[must_use]
    pub const fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Octets that belong to no block.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Octets held back because their block is not whole yet.
    #[must_use]
    pub const fn pending(&self) -> usize {
        self.buffer.len() - self.start
    }

    fn drop_octets(&mut self, fault: Fault) {
        let count = if self.verified > RESYNC_OCTETS { self.verified } else { 1 };
        self.start += count;
        self.verified = HEADER_OCTETS;
        self.in_step = false;
        self.dropped += count as u64;
        self.fault.get_or_insert(fault);
    }

    /// Judges what starts at `start`, going on where the last judgement stopped for want of octets.
    fn judge(&mut self) -> Verdict {
        let octets = self.buffer.get(self.start..).unwrap_or_default();
        let Some(&[category, high, low]) = octets.first_chunk::<HEADER_OCTETS>() else { return Verdict::Open };
        let stated = usize::from(u16::from_be_bytes([high, low]));
        let bad = |reason| Verdict::Bad(Fault { offset: 0, category: Some(category), item: None, reason });
        if stated <= HEADER_OCTETS {
            return bad(Reason::LengthTooShort { stated });
        }
        let Some(spec) = find(self.catalogue, category) else {
            return match octets.len() {
                _ if !self.in_step => bad(Reason::UnknownCategory),
                have if have < stated => Verdict::Open,
                _ => Verdict::Good(stated),
            };
        };
        let body = &octets[self.verified.min(octets.len())..stated.min(octets.len())];
        for record in Records::new(spec, body, self.verified) {
            match record {
                Ok(record) => self.verified = record.offset + record.octets.len(),
                Err(fault) if octets.len() < stated && is_truncation(fault.reason) => return Verdict::Open,
                Err(fault) => return Verdict::Bad(fault),
            }
        }
        if self.verified == stated { Verdict::Good(stated) } else { Verdict::Open }
    }
}

/// Whether more octets could mend it.
const fn is_truncation(reason: Reason) -> bool {
    matches!(reason, Reason::FspecTruncated | Reason::ItemTruncated { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asterix::CATALOGUE;
    use proptest::prelude::*;

    /// CAT048 with 010 and 040; CAT034 with 010 and 000; a category without a table.
    const REPORT: &[u8] = &[48, 0, 10, 0b1001_0000, 7, 9, 1, 2, 3, 4];
    const SERVICE: &[u8] = &[34, 0, 7, 0b1100_0000, 7, 9, 2];
    const STRANGE: &[u8] = &[240, 0, 5, 0xFF, 0xFF];

    fn frame(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, u64) {
        let mut framer = Framer::new(CATALOGUE);
        let mut found = Vec::new();
        for piece in pieces {
            framer.push(piece);
            while let Some(block) = framer.next_block() {
                found.push(block.to_vec());
            }
        }
        (found, framer.dropped())
    }

    #[test]
    fn junk_between_blocks_is_dropped_and_counted() {
        let stream = [REPORT, &[48, 0, 200, 0b0000_0001, 1, 1, 1, 0], SERVICE, STRANGE, REPORT].concat();
        let (found, dropped) = frame(&[&stream]);
        assert_eq!(found, [REPORT, SERVICE, STRANGE, REPORT]);
        assert_eq!(dropped, 8);
    }

    #[test]
    fn an_unknown_category_is_not_believed_before_a_known_one() {
        assert_eq!(frame(&[STRANGE, REPORT]), (vec![REPORT.to_vec()], 5));
    }

    #[test]
    fn the_fault_says_why_octets_were_dropped() {
        let mut framer = Framer::new(CATALOGUE);
        framer.push(&[48, 0, 2]);
        assert_eq!(framer.next_block(), None);
        assert_eq!(framer.take_fault().map(|fault| fault.reason), Some(Reason::LengthTooShort { stated: 2 }));
        assert_eq!((framer.take_fault(), framer.dropped(), framer.pending()), (None, 1, 2));
    }

    proptest! {
        #[test]
        fn the_cuts_of_a_stream_do_not_matter(
            parts in prop::collection::vec(
                prop_oneof![
                    Just(REPORT.to_vec()), Just(SERVICE.to_vec()), Just(STRANGE.to_vec()),
                    prop::collection::vec(prop_oneof![Just(48_u8), Just(34), Just(0), any::<u8>()], 0..12),
                ], 0..12),
            cuts in prop::collection::vec(1_usize..9, 1..40),
        ) {
            let stream = parts.concat();
            let whole = frame(&[&stream]);
            let single: Vec<&[u8]> = stream.chunks(1).collect();
            prop_assert_eq!(&frame(&single), &whole);
            let mut pieces = Vec::new();
            let mut rest = stream.as_slice();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break }
                let (head, tail) = rest.split_at((*cut).min(rest.len()));
                pieces.push(head);
                rest = tail;
            }
            prop_assert_eq!(frame(&pieces), whole);
        }
    }
}
