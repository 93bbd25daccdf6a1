//! What a node keeps of others' rows for its next life, so that it does not come back blind.
//!
//! Entries stand on their own: a stream, some of its rows as they are now, and up to where the stream was held. A floor
//! is kept only with an entry after which nothing of the stream waits to be kept, so that an end that is torn off
//! leaves what remains true. A node's own rows need no keeping: it begins a new life, whose versions count anew, and
//! finds what it said in the last among its neighbours' rows, or here.

use std::collections::{BTreeSet, VecDeque};

use fusion_core::label::Label;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{NodeId, Origin};

use super::table::{Accepted, Table};
use super::tally::Tally;
use crate::codec::{self, KeptPaper, KeptRows};
use crate::packet::item::{Declaration, Item, StreamKey};
use crate::packet::octets::{Octets, Reader};
use crate::row::delta::Basis;
use crate::row::wire::{self, Packed};
use crate::row::{Assertion, Body, Kind, RowKey, Tick};

/// Rows noted and not yet taken, at the most.
///
/// Counter: `Tally::journal_full`. Further ones are not kept; all rows are kept anew.
const NOTED_MAX: usize = 65_536;

/// The version of an entry of rows.
const ENTRY_VERSION: u16 = 3;
/// The version of an entry that is a passport or a deny-list.
const PAPER_VERSION: u16 = 0x103;
/// Rows in one entry.
const ROWS: usize = 64;

/// How long an assertion waits to be kept.
const SAID_PERIOD: Span = Span::from_millis(500);

/// Rows that one call looks at while all are kept anew.
///
/// No counter: the rest go in the next calls.
const SWEPT_AT_ONCE_MAX: usize = 1024;

/// Rows that are to be kept.
///
/// A row that changes is kept at most once in a period, with all others that changed meanwhile: so a medium is written
/// seldom, and a stream's rows are whole when its floor is told.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    /// Rows that wait for their time.
    noted: BTreeSet<(StreamKey, RowKey)>,
    /// When they are kept.
    due: Option<Span>,
    /// Rows whose time has come.
    ready: BTreeSet<(StreamKey, RowKey)>,
    /// Passports and deny-lists, which do not wait.
    papers: VecDeque<KeptPaper>,
    /// All rows are kept anew: those from this one on, or all, are still to come.
    sweep: Option<Option<(StreamKey, RowKey)>>,
    /// Whether rows were given up: until all are kept anew no floor is.
    holes: bool,
}

impl Journal {
    /// A row is different.
    pub(super) fn note(&mut self, stream: StreamKey, key: RowKey, (now, period): (Span, Span), tally: &mut Tally) {
        if self.noted.len() + self.ready.len() >= NOTED_MAX {
            (self.holes, self.sweep) = (true, Some(None));
            tally.journal_full += 1;
            return;
        }
        self.noted.insert((stream, key));
        let due = now + if key.kind == Kind::Assertion { period.min(SAID_PERIOD) } else { period };
        self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
    }

    /// What waits need not wait any longer.
    pub(super) fn hasten(&mut self) {
        self.due = self.due.map(|_| Span::ZERO);
    }

    /// Begins to keep everything anew: all papers that hold, and all rows, some with each [`Journal::go_on`].
    pub(super) fn begin_sweep<'a>(&mut self, papers: impl Iterator<Item = &'a (u8, Vec<u8>)>) {
        self.papers = papers.map(|(kind, octets)| KeptPaper { kind: *kind, octets: octets.clone() }).collect();
        self.sweep = Some(None);
    }

    /// Whether everything is being kept anew.
    pub(super) fn is_sweeping(&self) -> bool {
        self.sweep.is_some() || !self.ready.is_empty() || !self.papers.is_empty()
    }

    /// Goes on keeping all rows anew.
    pub(super) fn go_on(&mut self, table: &Table) {
        let Some(first) = self.sweep else { return };
        let mut rows = table.rows_from(first);
        for row in rows.by_ref().take(SWEPT_AT_ONCE_MAX) {
            self.noted.remove(&row);
            self.ready.insert(row);
        }
        self.sweep = rows.next().map(Some);
        self.holes &= self.sweep.is_some();
    }

    /// A passport or a deny-list is to be kept.
    pub(super) fn note_paper(&mut self, kind: u8, octets: Vec<u8>) {
        self.papers.push_back(KeptPaper { kind, octets });
    }

    /// The next entry.
    pub(super) fn poll(&mut self, table: &Table, me: Origin, now: Span) -> Option<Vec<u8>> {
        if let Some(paper) = self.papers.pop_front() {
            return codec::encode(PAPER_VERSION, &paper).ok();
        }
        if self.due.is_some_and(|due| due <= now) {
            self.due = None;
            self.ready.append(&mut self.noted);
        }
        loop {
            let (stream, _) = *self.ready.first()?;
            let of_stream = self.ready.iter().take_while(|(key, _)| *key == stream).take(ROWS);
            let some: Vec<RowKey> = of_stream.map(|(_, key)| *key).collect();
            for row in &some {
                self.ready.remove(&(stream, *row));
            }
            let whole = stream.origin != me && !self.holes && !self.waits(stream);
            if let Some(bytes) = entry(table, stream, &some, whole) {
                return Some(bytes);
            }
        }
    }

    /// Whether rows of a stream are still to be kept.
    fn waits(&self, stream: StreamKey) -> bool {
        let of = |rows: &BTreeSet<(StreamKey, RowKey)>| {
            let first = (stream, RowKey { kind: Kind::Track, handle: 0 });
            rows.range(first..).next().is_some_and(|(key, _)| *key == stream)
        };
        of(&self.ready) || of(&self.noted) || matches!(self.sweep, Some(Some((next, _))) if next == stream)
    }
}

fn entry(table: &Table, key: StreamKey, rows: &[RowKey], whole: bool) -> Option<Vec<u8>> {
    let stream = table.stream(key)?;
    let held = rows.iter().filter_map(|row| stream.row(*row).map(|held| Packed::new(&held.row(*row), None)));
    let packed: Vec<Packed> = held.collect();
    let count = u8::try_from(packed.len()).ok()?;
    let (first, newest, bits) = wire::encode(packed);
    let mut out = Octets::default();
    let declaration = Declaration { index: 0, stream: key, layer: stream.layer, label: stream.label };
    crate::packet::item::put(&mut out, &Item::Stream(Box::new(declaration)));
    let kept = KeptRows {
        node: key.origin.node.0,
        incarnation: key.origin.incarnation,
        declaration: out.into_bytes(),
        floor: if whole { stream.floor } else { 0 },
        first,
        newest: newest.number(),
        count,
        bits,
    };
    codec::encode(ENTRY_VERSION, &kept).ok()
}

/// A passport or a deny-list, if the entry is one.
pub(super) fn paper(entry: &[u8]) -> Option<KeptPaper> {
    codec::decode(PAPER_VERSION, entry).ok()
}

/// Takes an entry into a table; `None` if it is none, or is of this very life. Returns which rows are new. Floors are
/// taken in only where nothing is missing before the entry.
pub(super) fn restore(
    entry: &[u8],
    floors: bool,
    me: Origin,
    table: &mut Table,
    now: Timestamp,
) -> Option<Vec<(StreamKey, RowKey)>> {
    let (kept, declaration) = open(entry)?;
    let stream = declaration.stream;
    if stream.origin == me {
        return None;
    }
    table.open(stream, declaration.label, declaration.layer)?;
    let newest = Tick::new(kept.newest);
    let (rows, _) = wire::decode(&kept.bits, kept.count, kept.first, newest, &mut |_, _| Basis::Unknown).ok()?;
    let mut new = Vec::new();
    for row in rows {
        let key = row.key;
        if matches!(table.accept(stream, row, now), Accepted::New { .. }) {
            new.push((stream, key));
        }
    }
    let open = table.stream_mut(stream)?;
    if floors && !open.incomplete {
        open.floor = open.floor.max(kept.floor);
    }
    Some(new)
}

/// What persons said at this node in former lives, with label and time; of what was said of one track, the latest
/// last.
pub(super) fn said_formerly(table: &Table, me: Origin) -> Vec<(Assertion, Label, Timestamp)> {
    let former = table.streams().filter(|(key, _)| key.origin.node == me.node && key.origin != me);
    let rows = former.flat_map(|(_, stream)| {
        stream.rows_of(Kind::Assertion).filter_map(|(_, held)| {
            let Body::Assertion(assertion) = &held.body else { return None };
            Some(((**assertion).clone(), stream.label, held.tick.time()))
        })
    });
    let mut said: Vec<(Assertion, Label, Timestamp)> = rows.collect();
    said.sort_by_key(|(assertion, ..)| assertion.said);
    said
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSummary {
    /// Who wrote the rows, in which life.
    pub origin: Origin,
    /// The stream that they are of.
    pub stream: StreamKey,
    /// Up to where it was held; zero: not told.
    pub floor: u32,
    /// The rows' keys.
    pub rows: Vec<RowKey>,
}

/// What an entry is about; `None` if it is none.
#[must_use]
pub fn summary(entry: &[u8]) -> Option<KeptSummary> {
    let (kept, declaration) = open(entry)?;
    let stream = declaration.stream;
    let (rows, _) =
        wire::decode(&kept.bits, kept.count, kept.first, Tick::new(kept.newest), &mut |_, _| Basis::Unknown).ok()?;
    let rows = rows.into_iter().map(|row| row.key).collect();
    Some(KeptSummary { origin: stream.origin, stream, floor: kept.floor, rows })
}

/// An entry and its stream, if they are of one writer.
fn open(entry: &[u8]) -> Option<(KeptRows, Declaration)> {
    let kept: KeptRows = codec::decode(ENTRY_VERSION, entry).ok()?;
    let mut reader = Reader::new(&kept.declaration);
    let Some(Item::Stream(declaration)) = crate::packet::item::get(&mut reader) else { return None };
    let origin = Origin { node: NodeId(kept.node), incarnation: kept.incarnation };
    (declaration.stream.origin == origin).then_some((kept, *declaration))
}
