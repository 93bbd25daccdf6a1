//! Where rows wait until they are known to be their writer's: what a node does that believes signed rows only.
//!
//! A row is taken in, passed on, told to consoles and counted as held only when a seal of its writer covers it, in this
//! version, with these words. Until then it waits, by the link that brought it, so that no neighbour's rows push out
//! another's. Nothing that cannot be verified is acted upon: not a stream's label, which is part of what is signed;
//! not a life, which begins with its first seal; not a floor, which follows from the seals themselves: whoever holds
//! every seal that is alive and all that they cover holds everything up to the newest.
//!
//! A row that contradicts a seal is forged, and the link that brought it is named. What another link was asked not to
//! send because this one did, is wanted there again.

use std::collections::BTreeMap;
use std::ops::Bound;

use fusion_core::label::Label;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{NodeId, Origin};

use super::papers::Standing as Papers;
use super::proof::StreamProof;
use super::receive::{PRUNED, REPAIR_PAUSE};
use super::table::{Standing, Table};
use super::{LinkId, Replica};
use crate::packet::item::{Declaration, StreamKey};
use crate::row::delta::Base;
use crate::row::seal::Covered;
use crate::row::{Body, Kind, Lifetime, Row, RowKey};

/// Rows of one link that wait at the most.
///
/// Counter: `Tally::waiting_full`. A further one is let go, and asked for again when a seal says that it is lacking.
const WAITING_MAX: usize = 4096;

/// Rows of one stream that seals promise and that are not held, at the most.
///
/// Counter: `Tally::promised_full`. A row beyond waits and is let go, until a later version is promised.
const PROMISED_MAX: usize = 16_384;

/// A row that was not sealed in so long is let go.
const PATIENCE: Span = Span::from_secs(120);

/// Signatures of one node that are verified for one link: so many a second …
const VERIFIED_PER_S: i64 = 64;
/// … and so many at once.
///
/// Counter: `Tally::seals_put_off`. A further seal waits until the next second.
const VERIFIED_AT_ONCE_MAX: i64 = 256;

/// Before every other.
const FIRST: StreamKey = StreamKey { origin: Origin { node: NodeId(0), incarnation: 0 }, number: 0 };

/// What waits from one link of one stream, as that link declared it.
#[derive(Clone, Debug)]
struct Waiting {
    label: Label,
    layer: u8,
    rows: BTreeMap<(RowKey, u32), (Row, Span)>,
    /// Whether something was let go that its sender takes for held.
    dropped: bool,
}

/// What the seals of a stream say of rows that are not held.
#[derive(Clone, Debug)]
struct Book {
    proof: StreamProof,
    /// Marks, and until when such a row can be alive.
    promised: BTreeMap<(RowKey, u32), (u64, Timestamp)>,
}

/// How many signatures may be verified.
#[derive(Clone, Copy, Debug)]
struct Budget {
    left: i64,
    at: Span,
}

/// Everything that waits.
#[derive(Clone, Debug, Default)]
pub(super) struct Porch {
    books: BTreeMap<StreamKey, Book>,
    waiting: BTreeMap<(LinkId, StreamKey), Waiting>,
    budgets: BTreeMap<(LinkId, NodeId), Budget>,
}

/// What is to be done with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It is its writer's.
    Take,
    /// It may be.
    Wait,
    /// It is not.
    Forged,
    /// Its writer's word does not count any more.
    Expired,
}

impl Porch {
    /// A motion row that waits, as a base of differences that its sender tells.
    pub(super) fn base(&self, from: LinkId, stream: StreamKey, handle: u16, version: u32) -> Option<Base> {
        let key = RowKey { kind: Kind::Track, handle };
        let (row, _) = self.waiting.get(&(from, stream))?.rows.get(&(key, version))?;
        let Body::Track(kinematic) = row.body else { return None };
        Some(Base { version, tick: row.tick, kinematic })
    }

    /// A stream is no more.
    pub(super) fn close(&mut self, stream: StreamKey) {
        self.books.remove(&stream);
        self.waiting.retain(|(_, of), _| *of != stream);
    }

    /// How many rows wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.values().map(|waiting| waiting.rows.len()).sum()
    }

    /// What the seals of a table say, which were verified when they came.
    pub(super) fn rebuild(&mut self, table: &Table) {
        for (stream, open) in table.streams() {
            for (_, held) in open.rows_of(Kind::Seal) {
                let proof = StreamProof::of(stream, open.layer, &open.label);
                for covered in held.body.seal().into_iter().flat_map(|seal| &seal.covered) {
                    // What there was no room for is let go, as when it came.
                    let _ = self.promise(table, stream, proof, covered, held.tick.time());
                }
            }
        }
    }

    /// Notes what a seal says, unless it is fulfilled; `false` if there was no room.
    fn promise(
        &mut self,
        table: &Table,
        stream: StreamKey,
        proof: StreamProof,
        covered: &Covered,
        time: Timestamp,
    ) -> bool {
        let Some(open) = table.stream(stream) else { return true };
        let Covered { key, version, mark } = *covered;
        let held = open.row(key).is_some_and(|held| held.version >= version);
        if held || key.kind == Kind::Attributes && open.is_over(key, version) {
            return true;
        }
        let book = self.books.entry(stream).or_insert_with(|| Book { proof, promised: BTreeMap::new() });
        if book.promised.len() >= PROMISED_MAX {
            return false;
        }
        book.promised.insert((key, version), (mark, time + longest(key.kind).span()));
        true
    }

    /// A row was taken in, or has outlived its lifetime: what was promised up to this version is fulfilled.
    fn fulfil(&mut self, stream: StreamKey, key: RowKey, version: u32, ends_track: bool) {
        let Some(book) = self.books.get_mut(&stream) else { return };
        let mut forget = |key: RowKey, version: u32| {
            while let Some((&place, _)) = book.promised.range((key, 0)..=(key, version)).next() {
                book.promised.remove(&place);
            }
        };
        forget(key, version);
        if ends_track {
            forget(RowKey { kind: Kind::Attributes, ..key }, version.saturating_sub(1));
        }
    }

    fn keep(&mut self, from: LinkId, declared: &Declaration, row: Row, now: Span) -> bool {
        let of_link = self.waiting.range((from, FIRST)..).take_while(|((of, _), _)| *of == from);
        let room = of_link.map(|(_, waiting)| waiting.rows.len()).sum::<usize>() < WAITING_MAX;
        let waiting = self.waiting.entry((from, declared.stream)).or_insert_with(|| Waiting {
            label: declared.label,
            layer: declared.layer,
            rows: BTreeMap::new(),
            dropped: false,
        });
        if (waiting.label, waiting.layer) != (declared.label, declared.layer) {
            return true;
        }
        if room {
            waiting.rows.insert((row.key, row.version), (row, now));
        }
        waiting.dropped |= !room;
        room
    }

    /// Takes one signature's worth from what a link may have verified of a node.
    fn pay(&mut self, from: LinkId, node: NodeId, now: Span) -> bool {
        let budget = self.budgets.entry((from, node)).or_insert(Budget { left: VERIFIED_AT_ONCE_MAX, at: now });
        let earned = (now - budget.at).as_nanos() / (1_000_000_000 / VERIFIED_PER_S);
        if earned > 0 {
            *budget = Budget { left: (budget.left + earned).min(VERIFIED_AT_ONCE_MAX), at: now };
        }
        let may = budget.left > 0;
        budget.left -= i64::from(may);
        may
    }

    /// The first place behind another, of one stream or of all, where a row waits that is wanted. One by one: what
    /// waits may be thousands of rows, and whoever wants them has come in one packet.
    fn next_waiting(
        &self,
        of: Option<StreamKey>,
        behind: Option<Place>,
        wanted: impl Fn(RowKey, u32) -> bool,
    ) -> Option<Place> {
        let first = behind.map_or((LinkId(0), FIRST), |(group, _)| group);
        let groups = self.waiting.range(first..).filter(|((_, stream), _)| of.is_none_or(|of| of == *stream));
        let mut places = groups.flat_map(|(group, waiting)| {
            let passed = behind.filter(|(of, _)| of == group).map_or(Bound::Unbounded, |(_, row)| Bound::Excluded(row));
            waiting.rows.range((passed, Bound::Unbounded)).map(|(row, _)| (*group, *row))
        });
        places.find(|(_, (key, version))| wanted(*key, *version))
    }

    /// Takes out what waits at a place.
    fn take(&mut self, (group, row): Place) -> Option<(Declaration, Row)> {
        let waiting = self.waiting.get_mut(&group)?;
        let (row, _) = waiting.rows.remove(&row)?;
        Some((Declaration { index: 0, stream: group.1, layer: waiting.layer, label: waiting.label }, row))
    }
}

/// Where a row waits: which link brought it, of which stream, which row in which version.
type Place = ((LinkId, StreamKey), (RowKey, u32));

/// The longest lifetime of a kind of row.
const fn longest(kind: Kind) -> Lifetime {
    match kind {
        Kind::Track | Kind::Attributes | Kind::Sensor | Kind::Registration => Lifetime::Ground,
        Kind::Refinement | Kind::Bearing => Lifetime::Brief,
        Kind::Assertion | Kind::Seal => Lifetime::Day,
    }
}

impl Replica {
    /// A row came, of which it is not known who wrote it.
    pub(super) fn judge(&mut self, from: LinkId, declared: &Declaration, row: Row) {
        let stream = declared.stream;
        if self.table.standing(stream.origin) == Standing::Denied {
            self.tally.denied += 1;
            return;
        }
        let open = self.table.stream(stream);
        if open.is_some_and(|open| (open.label, open.layer) != (declared.label, declared.layer)) {
            return self.note_forged(from, stream);
        }
        if let Some(held) = open.and_then(|open| open.row(row.key)).filter(|held| held.version >= row.version) {
            if held.version == row.version && (held.tick, &held.body) != (row.tick, &row.body) {
                return self.note_forged(from, stream);
            }
            self.take_row(from, stream, row);
            return;
        }
        match self.verdict(from, declared, &row) {
            Verdict::Take => self.admit(from, declared, row),
            Verdict::Wait => {
                let room = self.porch.keep(from, declared, row, self.now.elapsed);
                self.tally.waiting_full += u64::from(!room);
            }
            Verdict::Forged => self.note_forged(from, stream),
            Verdict::Expired => self.tally.seals_expired += 1,
        }
    }

    fn verdict(&mut self, from: LinkId, declared: &Declaration, row: &Row) -> Verdict {
        let stream = declared.stream;
        let Body::Seal(seal) = &row.body else {
            let book = self.porch.books.get(&stream);
            let promised = book.and_then(|book| Some((book, book.promised.get(&(row.key, row.version))?)));
            return match promised {
                Some((book, (mark, _))) if *mark == book.proof.mark(row) => Verdict::Take,
                Some(_) => Verdict::Forged,
                None => Verdict::Wait,
            };
        };
        let key = match self.keyring.standing(stream.origin.node, self.now.validity) {
            Papers::Good(key) => key,
            Papers::Unknown => return Verdict::Wait,
            Papers::Expired => return Verdict::Expired,
        };
        if !self.porch.pay(from, stream.origin.node, self.now.elapsed) {
            self.tally.seals_put_off += 1;
            return Verdict::Wait;
        }
        self.tally.seals_verified += 1;
        let proof = StreamProof::of(stream, declared.layer, &declared.label);
        if proof.is_signed(&key, (row.key, row.version, row.tick), seal) { Verdict::Take } else { Verdict::Forged }
    }

    /// A row is known to be its writer's.
    fn admit(&mut self, from: LinkId, declared: &Declaration, row: Row) {
        let stream = declared.stream;
        if self.table.open(stream, declared.label, declared.layer).is_none() {
            self.tally.streams_full += 1;
            return;
        }
        let (key, version, time) = (row.key, row.version, row.tick.time());
        let ends_track = key.kind == Kind::Track && matches!(row.body, Body::Gone(_));
        let seal = row.body.seal().cloned();
        if self.take_row(from, stream, row) {
            self.porch.fulfil(stream, key, version, ends_track);
        }
        if let Some(seal) = seal {
            let proof = StreamProof::of(stream, declared.layer, &declared.label);
            for covered in &seal.covered {
                let room = self.porch.promise(&self.table, stream, proof, covered, time);
                self.tally.promised_full += u64::from(!room);
            }
            self.judge_again(stream);
        }
        self.raise_floor(stream);
    }

    /// A seal came: what waited for it is judged.
    fn judge_again(&mut self, stream: StreamKey) {
        let mut behind = None;
        while let Some(place) = self.next_sealed(stream, behind) {
            self.judge_waiting(place);
            behind = Some(place);
        }
    }

    /// The next place where a row of a stream waits of which a seal tells, or which is held by now.
    fn next_sealed(&self, stream: StreamKey, behind: Option<Place>) -> Option<Place> {
        let (open, book) = (self.table.stream(stream)?, self.porch.books.get(&stream));
        let is_promised = |row| book.is_some_and(|book| book.promised.contains_key(&row));
        self.porch.next_waiting(Some(stream), behind, |key, version| {
            let is_held = || open.row(key).is_some_and(|held| held.version >= version);
            key.kind != Kind::Seal && (is_promised((key, version)) || is_held())
        })
    }

    /// Seals that waited, for a passport or their turn, are judged.
    pub(super) fn judge_seals(&mut self) {
        let mut behind = None;
        while let Some(place) = self.porch.next_waiting(None, behind, |key, _| key.kind == Kind::Seal) {
            self.judge_waiting(place);
            behind = Some(place);
        }
    }

    fn judge_waiting(&mut self, place: Place) {
        if let Some((declared, row)) = self.porch.take(place) {
            self.judge(place.0.0, &declared, row);
        }
    }

    /// If all that is alive of a stream is held, so is everything up to its newest seal.
    fn raise_floor(&mut self, stream: StreamKey) {
        if self.porch.books.get(&stream).is_some_and(|book| !book.promised.is_empty()) {
            return;
        }
        let Some(open) = self.table.stream_mut(stream).filter(|open| !open.incomplete) else { return };
        if let Some((_, version)) = open.seals() {
            open.floor = open.floor.max(version);
        }
    }

    /// A link brought what its writer never wrote.
    pub(super) fn note_forged(&mut self, from: LinkId, stream: StreamKey) {
        self.tally.forged += 1;
        if let Some(link) = self.links.get_mut(&from) {
            link.forged += 1;
        }
        for (_, link) in self.links.iter_mut().filter(|(id, _)| **id != from) {
            if link.doubled.get(&stream) == Some(&PRUNED) {
                link.doubled.remove(&stream);
                link.prune_due.push_back((stream, false));
                self.tally.grafts += 1;
            }
        }
    }

    /// Lets go what has waited too long, and asks for what was let go though it was sealed.
    pub(super) fn tidy_porch(&mut self) {
        self.judge_seals();
        let (now, fence, table) = (self.now.elapsed, self.table.fence(), &self.table);
        for (&(_, stream), waiting) in &mut self.porch.waiting {
            let is_held = |key, version| table.row(stream, key).is_some_and(|held| held.version >= version);
            let before = waiting.rows.len();
            waiting.rows.retain(|&(key, version), _| !is_held(key, version));
            let waited = waiting.rows.len();
            waiting.rows.retain(|_, (_, since)| now - *since < PATIENCE);
            let unsealed = waited - waiting.rows.len();
            self.tally.unsealed += unsealed as u64;
            waiting.dropped |= unsealed > 0 && before > 0;
        }
        for book in self.porch.books.values_mut() {
            book.promised.retain(|_, (_, until)| *until > fence);
        }
        for (&(from, stream), waiting) in &mut self.porch.waiting {
            let lacking = self.porch.books.get(&stream).is_some_and(|book| !book.promised.is_empty());
            let Some(link) = self.links.get_mut(&from).filter(|_| lacking && waiting.dropped) else { continue };
            if link.repair_at <= now {
                link.repair_at = now + REPAIR_PAUSE;
                waiting.dropped = false;
                link.ask_again(stream);
            }
        }
        let links = &self.links;
        let heard = |(from, stream): &(LinkId, StreamKey)| {
            links.get(from).is_some_and(|link| link.heard.values().any(|heard| heard.stream == *stream))
        };
        self.porch.waiting.retain(|place, waiting| !waiting.rows.is_empty() || waiting.dropped && heard(place));
        let is_full = |budget: &Budget| (now - budget.at) >= Span::from_secs(VERIFIED_AT_ONCE_MAX / VERIFIED_PER_S);
        self.porch.budgets.retain(|_, budget| !is_full(budget));
    }
}
