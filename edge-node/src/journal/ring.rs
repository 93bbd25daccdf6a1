//! The segments of a journal, one of which is being written: appends, commits, and turns within a bounded room.
//!
//! After an error nothing is written into the same segment again, for nobody knows what of it has become durable: what
//! waited is lost, which its numbers show, and the next commit begins another segment.

use std::collections::VecDeque;
use std::io;

use super::segment::{self, Kind, Name};
use super::{Settings, Storage};

/// Segments on a storage.
#[derive(Debug)]
pub struct Ring<S> {
    storage: S,
    settings: Settings,
    incarnation: u32,
    segments: VecDeque<Name>,
    /// The segment being written, and how far.
    current: Option<(String, u64)>,
    waiting: Vec<u8>,
    /// Numbers of the first and the last record that waits.
    numbers: Option<(u64, u64)>,
    /// From which number on all rows are durable.
    since: Option<u64>,
    /// That number, of a record that waits.
    whole: Option<u64>,
    tally: Tally,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Octets of records and headers.
    pub octets: u64,
    /// How often the medium was asked to make something durable.
    pub syncs: u64,
    /// Segments begun.
    pub segments: u64,
}

impl<S: Storage> Ring<S> {
    /// A ring in which a new life is about to write, after these segments of former lives.
    pub fn new(storage: S, settings: Settings, incarnation: u32, segments: Vec<Name>, since: Option<u64>) -> Self {
        Self {
            storage,
            settings,
            incarnation,
            segments: segments.into(),
            current: None,
            waiting: Vec::new(),
            numbers: None,
            since,
            whole: None,
            tally: Tally::default(),
        }
    }

    /// Begins the life: once this is done, no later life has its incarnation.
    ///
    /// # Errors
    /// What the medium says. The ring may be used all the same.
    pub fn begin(&mut self, next: u64) -> io::Result<()> {
        self.begin_segment(next)
    }

    /// Takes a record, to be written with the next commit.
    pub fn append(&mut self, number: u64, kind: Kind, content: &[u8]) {
        segment::put(&mut self.waiting, number, kind, content);
        self.numbers = Some((self.numbers.map_or(number, |(first, _)| first), number));
    }

    /// Takes the record that says that all rows are in the records from a number on.
    pub fn append_whole(&mut self, number: u64, since: u64) {
        self.append(number, Kind::Whole, &since.to_le_bytes());
        self.whole = Some(since);
    }

    /// Octets that wait.
    #[must_use]
    pub const fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Makes durable what waits. Returns the number of the last record that is durable now, and whether a segment was
    /// begun: then it is time to keep all rows anew.
    ///
    /// # Errors
    /// What the medium says. What waited is lost.
    pub fn commit(&mut self) -> io::Result<Option<(u64, bool)>> {
        let Some((first, last)) = self.numbers.take() else { return Ok(None) };
        let (waiting, whole) = (core::mem::take(&mut self.waiting), self.whole.take());
        let begun = !self.has_room(waiting.len());
        let outcome = if begun { self.begin_segment(first) } else { Ok(()) };
        outcome.and_then(|()| self.write(&waiting)).inspect_err(|_| self.current = None)?;
        self.since = whole.or(self.since);
        self.waiting = waiting;
        self.waiting.clear();
        Ok(Some((last, begun)))
    }

    /// What was written.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    /// The storage.
    pub fn into_storage(self) -> S {
        self.storage
    }

    /// The storage, in use.
    pub const fn storage_mut(&mut self) -> &mut S {
        &mut self.storage
    }

    fn has_room(&self, octets: usize) -> bool {
        self.current.as_ref().is_some_and(|(_, at)| at + octets as u64 <= self.settings.segment_bytes)
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        let Some((name, at)) = &mut self.current else { return Err(io::ErrorKind::NotFound.into()) };
        self.storage.write(name, *at, octets)?;
        *at += octets.len() as u64;
        self.tally.octets += octets.len() as u64;
        self.tally.syncs += 1;
        self.storage.sync(name)
    }

    /// Begins a segment. Where the medium is full, segments that are needed no longer make room.
    fn begin_segment(&mut self, first: u64) -> io::Result<()> {
        let name = Name { first, incarnation: self.incarnation };
        self.current = None;
        self.make_room(self.settings.segments() - 1);
        let outcome = self.create(name).or_else(|error| {
            let is_full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
            let freed = is_full && self.give_up_old();
            if freed { self.create(name) } else { Err(error) }
        });
        if outcome.is_err() {
            self.current = None;
            // What is left of the attempt of a life's first segment holds the incarnation: it stays.
            if self.segments.iter().any(|before| before.incarnation == self.incarnation && *before != name) {
                let _ = self.storage.remove(&name.to_string());
                return outcome;
            }
        }
        if self.segments.back() != Some(&name) {
            self.segments.push_back(name);
        }
        outcome
    }

    fn create(&mut self, name: Name) -> io::Result<()> {
        let text = name.to_string();
        self.storage.create(&text, self.settings.segment_bytes)?;
        self.current = Some((text, 0));
        self.tally.segments += 1;
        self.write(&name.header())?;
        self.storage.sync_folder()
    }

    /// Removes the oldest segments until there are no more than so many.
    fn make_room(&mut self, left: usize) {
        while self.segments.len() > left.max(1) {
            let Some(oldest) = self.segments.pop_front() else { return };
            // One that cannot be removed is found again by the next life.
            let _ = self.storage.remove(&oldest.to_string());
        }
    }

    /// Removes all segments that hold nothing but what was kept anew since; returns whether there were any.
    fn give_up_old(&mut self) -> bool {
        let Some(since) = self.since else { return false };
        let needed = self.segments.iter().filter(|name| name.first > since).count() + 1;
        let before = self.segments.len();
        self.make_room(needed);
        self.segments.len() < before
    }
}
