//! What a restart brings back: the latest segments, back to where all rows were kept anew and nothing since is missing.
//!
//! Where the newest such place is damaged the one before serves; where there is none, rows are taken from whatever is
//! whole, and how far streams were held is not believed. Damage is told, never repaired: the next life writes into
//! segments of its own.

use std::collections::VecDeque;
use std::io;

use super::Storage;
use super::segment::{self, Kind, Name, Piece};

/// Octets that are neither a record nor free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// In which segment.
    pub segment: Name,
    /// Where in it.
    pub offset: usize,
    /// How many.
    pub octets: usize,
    /// Whether whole records come after: what was written last was cut, if not.
    pub records_follow: bool,
    /// Why, if it is not a checksum.
    pub cause: Option<String>,
}

impl core::fmt::Display for Damage {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { segment, offset, octets, .. } = self;
        match (&self.cause, self.records_follow) {
            (Some(cause), _) => write!(f, "{segment}: {cause}; passed over"),
            (None, true) => write!(f, "{segment}: {octets} octets damaged at {offset}; passed over"),
            (None, false) => write!(f, "{segment}: cut at {offset}, {octets} octets written in part"),
        }
    }
}

/// A record, kept apart from its segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its number.
    pub number: u64,
    /// What it holds.
    pub kind: Kind,
    /// That.
    pub content: Vec<u8>,
    since: Option<u64>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The latest life that left a segment; zero: none did.
    pub incarnation: u32,
    /// The number after the last one found.
    pub next: u64,
    /// From which number on everything is there that matters; none: nowhere.
    pub since: Option<u64>,
    /// The entries, in order.
    pub entries: Vec<(u64, Vec<u8>)>,
    /// So many of them, the first, have nothing missing before them.
    pub believed: usize,
    /// What was damaged in the segments that were read.
    pub damage: Vec<Damage>,
    /// Segments that were read.
    pub read: usize,
    /// All segments, oldest first.
    pub segments: Vec<Name>,
}

/// Reads as many segments as it needs, newest first.
///
/// # Errors
/// What the medium says when asked for its files. A segment that cannot be read is damage.
pub fn recover(storage: &mut impl Storage) -> io::Result<Recovered> {
    let mut segments: Vec<Name> = storage.list()?.iter().filter_map(|name| Name::parse(name)).collect();
    segments.sort_unstable();
    let incarnation = segments.iter().map(|name| name.incarnation).max().unwrap_or(0);
    let (mut records, mut wholes, mut damage) = (VecDeque::<Kept>::new(), Vec::new(), Vec::new());
    let (mut read, mut since) = (0, None);
    for &name in segments.iter().rev() {
        for record in load(storage, name, &mut damage).into_iter().rev() {
            wholes.extend(record.since.map(|since| Whole { after: records.len(), since }));
            records.push_front(record);
        }
        read += 1;
        since = latest_whole(&records, &wholes);
        if since.is_some() {
            break;
        }
    }
    let mut records = Vec::from(records);
    // Numbers go on behind all there are, an older segment's too, should it have higher ones.
    let last = records.iter().map(|record| record.number + 1).max();
    let next = last.into_iter().chain(segments.last().map(|name| name.first)).max().unwrap_or(0);
    records.retain(|record| since.is_none_or(|since| record.number >= since));
    let numbers = records.iter().map(|record| record.number);
    let sure = since.map_or(0, |since| contiguous(numbers, since));
    let is_rows = |record: &Kept| record.kind == Kind::Rows;
    let believed = records[..sure].iter().filter(|record| is_rows(record)).count();
    let entries = records.into_iter().filter(is_rows).map(|record| (record.number, record.content)).collect();
    Ok(Recovered { incarnation, next, since, entries, believed, damage, read, segments })
}

/// The records of a segment; what is damaged in it is noted.
pub fn load(storage: &mut impl Storage, name: Name, damage: &mut Vec<Damage>) -> Vec<Kept> {
    let of = |offset, octets, cause| Damage { segment: name, offset, octets, records_follow: false, cause };
    let octets = match storage.read(&name.to_string()) {
        Ok(octets) => octets,
        Err(error) => {
            damage.push(of(0, 0, Some(format!("cannot be read: {error}"))));
            return Vec::new();
        }
    };
    let (mut records, of_others) = (Vec::new(), damage.len());
    for piece in segment::read(name, &octets) {
        match piece {
            Piece::Record(record) => {
                damage[of_others..].iter_mut().for_each(|damage| damage.records_follow = true);
                let (number, kind, since) = (record.number, record.kind, record.since());
                records.push(Kept { number, kind, content: record.content.to_vec(), since });
            }
            Piece::Damage { offset, octets } => damage.push(of(offset, octets, None)),
            Piece::Foreign(version) => {
                let cause = format!("written by another version of this program, in format {version}");
                damage.push(of(0, octets.len(), Some(cause)));
            }
        }
    }
    records
}

/// A record that says that all rows are in those from a number on.
struct Whole {
    /// How many records come after it.
    after: usize,
    since: u64,
}

/// The latest place from which on all rows are there, and everything after it up to where that was noted. Looked for
/// among the wholes, which are few: without any, a journal has a million records.
fn latest_whole(records: &VecDeque<Kept>, wholes: &[Whole]) -> Option<u64> {
    wholes.iter().find_map(|&Whole { after, since }| {
        let first = records.partition_point(|record| record.number < since);
        let until = records.len() - after;
        let numbers = || records.range(first..until).map(|record| record.number);
        (first < until && contiguous(numbers(), since) == until - first).then_some(since)
    })
}

/// How many of these numbers follow one another, the first of them being this.
fn contiguous(numbers: impl Iterator<Item = u64>, since: u64) -> usize {
    numbers.zip(since..).take_while(|(number, expected)| number == expected).count()
}
