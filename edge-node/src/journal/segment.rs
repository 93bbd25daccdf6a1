//! A segment's octets: a header, then records one after the other, then zeros. docs/FORMATS.md shows them.
//!
//! Every octet is under a checksum or must be zero, so a single flipped bit anywhere is found. Records begin at
//! multiples of eight, and their numbers only grow: where one is damaged, the next whole one is looked for from there.

use proto::packet::checksum::crc32c;

/// Octets of a segment's header.
pub const HEADER_BYTES: usize = 24;

/// Largest content of a record, octets.
///
/// No counter: an entry of 64 rows is smaller by far; the clerk's `Health::dropped` counts one that is not.
pub const CONTENT_BYTES_MAX: usize = 1 << 16;

const MAGIC: [u8; 4] = *b"CPMJ";
const VERSION: u16 = 1;
const RECORD_HEADER_BYTES: usize = 20;
const ALIGN: usize = 8;
/// So far may a record's number be from the last one's: further, it is noise that looks like a record.
const SKIPPED_MAX_BITS: u32 = 40;

/// What a segment is called: by the number of its first record and its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// No record in it has a lower number.
    pub first: u64,
    /// Which of the node's lives wrote it.
    pub incarnation: u32,
}

impl core::fmt::Display for Name {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:016x}-{:08x}.journal", self.first, self.incarnation)
    }
}

impl Name {
    /// Reads a file's name; `None` if it is no segment's.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (first, incarnation) = text.strip_suffix(".journal")?.split_once('-')?;
        let name = Self {
            first: u64::from_str_radix(first, 16).ok()?,
            incarnation: u32::from_str_radix(incarnation, 16).ok()?,
        };
        (name.to_string() == text).then_some(name)
    }

    /// The header of this segment.
    #[must_use]
    pub fn header(self) -> [u8; HEADER_BYTES] {
        let mut header = [0; HEADER_BYTES];
        header[..4].copy_from_slice(&MAGIC);
        header[4..6].copy_from_slice(&VERSION.to_le_bytes());
        header[8..12].copy_from_slice(&self.incarnation.to_le_bytes());
        header[12..20].copy_from_slice(&self.first.to_le_bytes());
        let sum = crc32c(&header[..20]);
        header[20..].copy_from_slice(&sum.to_le_bytes());
        header
    }
}

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// Rows of one stream, as the replica framed them.
    Rows = 1,
    /// All rows that the node held are in the records from the number in the content up to this one.
    Whole = 2,
    /// Part of what the picture was, in the segments of the history.
    Past = 3,
}

/// A record of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Where it begins.
    pub offset: usize,
    /// Its number: one more than that of the entry before, whether that was kept or lost.
    pub number: u64,
    /// What it holds.
    pub kind: Kind,
    /// That.
    pub content: &'a [u8],
}

impl Record<'_> {
    /// The number from which on all rows are there, if this record says that they are.
    #[must_use]
    pub fn since(&self) -> Option<u64> {
        if self.kind != Kind::Whole {
            return None;
        }
        self.content.try_into().ok().map(u64::from_le_bytes).filter(|since| *since <= self.number)
    }
}

/// What a segment holds, piece by piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A record that is whole.
    Record(Record<'a>),
    /// Octets that are neither a record nor free.
    Damage {
        /// Where.
        offset: usize,
        /// How many.
        octets: usize,
    },
    /// The segment was written by another version of this program. Nothing more follows.
    Foreign(u16),
}

/// Appends a record.
pub fn put(out: &mut Vec<u8>, number: u64, kind: Kind, content: &[u8]) {
    let begin = out.len();
    let length = u32::try_from(content.len()).expect("no longer than CONTENT_BYTES_MAX");
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(&(kind as u32).to_le_bytes());
    out.extend_from_slice(content);
    out.resize(out.len().next_multiple_of(ALIGN), 0);
    let sum = crc32c(&out[begin + 4..]);
    out[begin..begin + 4].copy_from_slice(&sum.to_le_bytes());
}

/// Reads a segment to its end.
#[must_use]
pub fn read(name: Name, octets: &[u8]) -> Reader<'_> {
    Reader { octets, offset: 0, name, next: name.first }
}

/// Reads pieces.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    octets: &'a [u8],
    offset: usize,
    name: Name,
    /// No further record has a lower number.
    next: u64,
}

impl<'a> Iterator for Reader<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.offset == 0
            && let Some(piece) = self.read_header()
        {
            return Some(piece);
        }
        if self.offset >= self.octets.len() {
            return None;
        }
        let begin = self.offset;
        let found = (begin..self.octets.len()).step_by(ALIGN).find_map(|offset| self.record_at(offset));
        let until = match found {
            Some((record, after)) if record.offset == begin => {
                (self.offset, self.next) = (after, record.number + 1);
                return Some(Piece::Record(record));
            }
            Some((record, _)) => record.offset,
            None => self.octets.len(),
        };
        self.offset = until;
        let octets = self.octets[begin..until].iter().rposition(|&octet| octet != 0).map(|last| last + 1);
        match (octets, found) {
            (Some(octets), _) => Some(Piece::Damage { offset: begin, octets }),
            (None, Some(_)) => Some(Piece::Damage { offset: begin, octets: until - begin }),
            (None, None) => None,
        }
    }
}

impl<'a> Reader<'a> {
    /// Passes over the header; tells what is wrong with it.
    fn read_header(&mut self) -> Option<Piece<'a>> {
        self.offset = HEADER_BYTES.min(self.octets.len());
        let header = &self.octets[..self.offset];
        if header == self.name.header() {
            return None;
        }
        let (before, sum) = header.split_last_chunk::<4>().unwrap_or((&[], &[0; 4]));
        if let [b'C', b'P', b'M', b'J', v0, v1, ..] = *before
            && crc32c(before) == u32::from_le_bytes(*sum)
            && u16::from_le_bytes([v0, v1]) != VERSION
        {
            self.offset = self.octets.len();
            return Some(Piece::Foreign(u16::from_le_bytes([v0, v1])));
        }
        let octets = self.offset.max(1);
        self.offset = octets;
        Some(Piece::Damage { offset: 0, octets })
    }

    /// The record at an offset, and where the next one begins.
    fn record_at(&self, offset: usize) -> Option<(Record<'a>, usize)> {
        let rest = &self.octets[offset..];
        let (header, body) = rest.split_first_chunk::<RECORD_HEADER_BYTES>()?;
        let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let number = u64::from(word(8)) | u64::from(word(12)) << 32;
        let length = usize::try_from(word(4)).ok().filter(|length| *length <= CONTENT_BYTES_MAX)?;
        let is_next = number.checked_sub(self.next).is_some_and(|skipped| skipped >> SKIPPED_MAX_BITS == 0);
        let kind = [Kind::Rows, Kind::Whole, Kind::Past].into_iter().find(|kind| *kind as u32 == word(16))?;
        let end = (RECORD_HEADER_BYTES + length).next_multiple_of(ALIGN);
        if !is_next || number == u64::MAX || end > rest.len() || crc32c(&rest[4..end]) != word(0) {
            return None;
        }
        Some((Record { offset, number, kind, content: &body[..length] }, offset + end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: Name = Name { first: 7, incarnation: 3 };

    fn segment() -> Vec<u8> {
        let mut octets = NAME.header().to_vec();
        for (number, content) in [(7, &b"alpha"[..]), (8, b"bravo bravo"), (10, b""), (11, &[0xFF; 40])] {
            put(&mut octets, number, Kind::Rows, content);
        }
        put(&mut octets, 12, Kind::Whole, &8_u64.to_le_bytes());
        octets.resize(512, 0);
        octets
    }

    fn records(octets: &[u8]) -> Vec<Record<'_>> {
        let whole = |piece| if let Piece::Record(record) = piece { Some(record) } else { None };
        read(NAME, octets).filter_map(whole).collect()
    }

    fn damage(octets: &[u8]) -> usize {
        read(NAME, octets).filter(|piece| !matches!(piece, Piece::Record(_))).count()
    }

    #[test]
    fn what_was_put_is_read() {
        let octets = segment();
        let (numbers, since): (Vec<u64>, Vec<_>) = records(&octets).iter().map(|r| (r.number, r.since())).unzip();
        assert_eq!(numbers, [7, 8, 10, 11, 12]);
        assert_eq!(since, [None, None, None, None, Some(8)]);
        assert_eq!(damage(&octets), 0);
        assert_eq!(Name::parse(&NAME.to_string()), Some(NAME));
        assert_eq!(Name::parse("7-3.journal"), None);
    }

    #[test]
    fn a_flipped_bit_anywhere_is_found_and_costs_one_record_at_the_most() {
        let good = segment();
        let all = records(&good);
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(damage(&bad) > 0, "bit {bit}");
            let left = records(&bad);
            assert!(left.len() + 1 >= all.len(), "bit {bit}: {} of {}", left.len(), all.len());
            assert!(left.iter().all(|record| all.contains(record)), "bit {bit}");
        }
    }

    #[test]
    fn a_segment_cut_anywhere_gives_its_whole_records() {
        let good = segment();
        let all = records(&good);
        for end in 0..good.len() {
            let left = records(&good[..end]);
            assert!(left.len() <= all.len() && left == all[..left.len()], "cut at {end}");
        }
    }

    #[test]
    fn records_of_a_file_that_was_there_before_are_not_taken_for_new_ones() {
        let mut octets = Name { first: 100, incarnation: 4 }.header().to_vec();
        octets.extend_from_slice(&segment()[HEADER_BYTES..]);
        let pieces: Vec<_> = read(Name { first: 100, incarnation: 4 }, &octets).collect();
        assert!(matches!(pieces[..], [Piece::Damage { offset: HEADER_BYTES, .. }]), "{pieces:?}");
    }

    #[test]
    fn another_version_is_named() {
        let mut octets = segment();
        octets[4] = 9;
        let sum = crc32c(&octets[..20]);
        octets[20..24].copy_from_slice(&sum.to_le_bytes());
        assert_eq!(read(NAME, &octets).collect::<Vec<_>>(), [Piece::Foreign(9)]);
    }
}
