//! All rows that a node holds, its own and others', by stream.
//!
//! Of each row the newest version is held, and of motion the three before it, against which differences may be told.
//! Rows go when their lifetime is over, by the time that their writer told; what has outlived it is not accepted
//! either, and that clock never goes back. So what went does not come again. Of a life that its writer has left behind
//! they go sooner. No call lets go more than some hundred rows; of very many the rest go in the next calls.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use fusion_core::label::Label;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{NodeId, Origin};

use crate::codec::fnv1a;
use crate::packet::item::StreamKey;
use crate::row::delta::Base;
use crate::row::{Body, Kind, Row, RowKey, Seal, Tick};

/// Streams held at the most: fifty nodes, their former lives, some labels each.
///
/// Counter: `Tally::streams_full`. A further one is refused, and with it the packet that declares it.
pub const STREAMS_MAX: usize = 1024;

/// Rows that one call lets go, and that it looks at to let them go sooner: a fraction of a millisecond's work.
///
/// No counter: the rest go in the next calls.
const EXPIRED_AT_ONCE_MAX: usize = 128;

/// Earlier versions of a motion row that are kept.
///
/// No counter: a difference from an older one is refused and comes again as a whole.
const BASES_MAX: usize = 3;

/// So far ahead of our clock may a writer's be; beyond, its rows do not live longer for it.
const AHEAD: Span = Span::from_secs(60);

/// Rows of a life that its writer has left behind are held so long.
const LEFT_BEHIND: Span = Span::from_secs(60);

/// A row that is held.
#[derive(Clone, Debug)]
pub struct Held {
    /// Its version.
    pub version: u32,
    /// Its time.
    pub tick: Tick,
    /// What it says.
    pub body: Body,
    received: Timestamp,
    /// When it is looked at whether it has outlived its lifetime: its place in [`Table::ends`].
    due: Timestamp,
    bases: Vec<Base>,
}

/// A stream and its rows.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Who may have it.
    pub label: Label,
    /// Zero: everybody gets it; one: fast links only.
    pub layer: u8,
    /// Every row up to this version is held.
    pub floor: u32,
    /// The newest version held.
    pub top: u32,
    /// Hash over keys and versions.
    pub hash: u32,
    /// A row had to be refused for want of room: nothing is known of completeness until it was asked for again.
    pub incomplete: bool,
    /// The count of the oldest seal that is alive.
    sealed_from: u32,
    rows: BTreeMap<RowKey, Held>,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It is new. No version of it below `lacking` was lacking before; these others ended with it.
    New {
        /// The first version that may have been lacking.
        lacking: u32,
        /// Rows that it ended.
        ended: Vec<RowKey>,
    },
    /// This very version is held.
    Same,
    /// A newer one is held.
    Older,
    /// It has outlived its lifetime.
    Expired,
    /// There is no room.
    Full,
}

/// All streams.
#[derive(Clone, Debug)]
pub struct Table {
    me: Origin,
    streams: BTreeMap<StreamKey, Stream>,
    rows: usize,
    rows_max: usize,
    fence: Timestamp,
    /// Each row once, at a time at which it has not ended yet or ends.
    ends: BTreeSet<(Timestamp, StreamKey, RowKey)>,
    latest: BTreeMap<NodeId, u32>,
    /// Nodes whose rows do not count.
    denied: BTreeSet<NodeId>,
    /// Streams of lives that were left behind, whose rows are still to end sooner: those behind the row.
    hastening: BTreeMap<StreamKey, Option<RowKey>>,
}

impl Table {
    /// An empty table for so many rows of others; the node's own are as many as it has tracks.
    #[must_use]
    pub const fn new(me: Origin, rows_max: usize, now: Timestamp) -> Self {
        Self {
            me,
            streams: BTreeMap::new(),
            rows: 0,
            rows_max,
            fence: now,
            ends: BTreeSet::new(),
            latest: BTreeMap::new(),
            denied: BTreeSet::new(),
            hastening: BTreeMap::new(),
        }
    }

    /// Opens a stream, or finds it; `None` if there are too many.
    pub fn open(&mut self, key: StreamKey, label: Label, layer: u8) -> Option<&mut Stream> {
        if !self.streams.contains_key(&key) && self.streams.len() >= STREAMS_MAX {
            return None;
        }
        self.note_life(key.origin);
        let stream = Stream {
            label,
            layer,
            floor: 0,
            top: 0,
            hash: 0,
            incomplete: false,
            sealed_from: 0,
            rows: BTreeMap::new(),
        };
        Some(self.streams.entry(key).or_insert(stream))
    }

    /// A node lives in this life: what it wrote in earlier ones goes sooner. Of nodes that have written nothing it is
    /// known only as long as there is room.
    pub fn note_life(&mut self, origin: Origin) {
        if !self.latest.contains_key(&origin.node) && self.latest.len() >= 2 * STREAMS_MAX {
            let streams = &self.streams;
            self.latest.retain(|node, _| streams.keys().any(|key| key.origin.node == *node));
        }
        let latest = self.latest.entry(origin.node).or_default();
        if origin.incarnation > *latest {
            *latest = origin.incarnation;
            self.hasten(origin.node);
        }
    }

    /// A stream, if it is held.
    #[must_use]
    pub fn stream(&self, key: StreamKey) -> Option<&Stream> {
        self.streams.get(&key)
    }

    /// A stream, to change its floor.
    pub fn stream_mut(&mut self, key: StreamKey) -> Option<&mut Stream> {
        self.streams.get_mut(&key)
    }

    /// All streams in order.
    pub fn streams(&self) -> impl Iterator<Item = (StreamKey, &Stream)> {
        self.streams.iter().map(|(key, stream)| (*key, stream))
    }

    /// The rows from one on, or all, by stream.
    pub fn rows_from(&self, first: Option<(StreamKey, RowKey)>) -> impl Iterator<Item = (StreamKey, RowKey)> + '_ {
        let from = first.map_or(Bound::Unbounded, |(stream, _)| Bound::Included(stream));
        self.streams.range((from, Bound::Unbounded)).flat_map(move |(stream, open)| {
            let first = first.filter(|(of, _)| of == stream);
            let from = first.map_or(Bound::Unbounded, |(_, key)| Bound::Included(key));
            open.rows.range((from, Bound::Unbounded)).map(|(key, _)| (*stream, *key))
        })
    }

    /// A row, if it is held.
    #[must_use]
    pub fn row(&self, stream: StreamKey, key: RowKey) -> Option<&Held> {
        self.streams.get(&stream)?.rows.get(&key)
    }

    /// How many rows are held.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows
    }

    /// Whether none is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The latest time that this node has known: lifetimes are judged by it.
    #[must_use]
    pub const fn fence(&self) -> Timestamp {
        self.fence
    }

    /// An earlier or the present version of a motion row.
    #[must_use]
    pub fn base(&self, stream: StreamKey, handle: u16, version: u32) -> Option<Base> {
        self.streams.get(&stream)?.base(handle, version)
    }

    /// Whether a row that is not held would be let in.
    #[must_use]
    pub fn has_room(&self, origin: Origin) -> bool {
        self.rows < self.rows_max || origin == self.me
    }

    /// Takes a row in, if it is newer than what is held. The stream must be open.
    pub fn accept(&mut self, stream: StreamKey, row: Row, now: Timestamp) -> Accepted {
        self.fence = self.fence.max(now);
        let standing = self.standing(stream.origin);
        let has_room = self.has_room(stream.origin);
        let Some(open) = self.streams.get_mut(&stream) else { return Accepted::Full };
        let held = open.rows.get(&row.key);
        match held.map(|held| held.version.cmp(&row.version)) {
            Some(core::cmp::Ordering::Equal) => return Accepted::Same,
            Some(core::cmp::Ordering::Greater) => return Accepted::Older,
            Some(core::cmp::Ordering::Less) | None if open.ended(row.key, row.version, &row.body) => {
                return Accepted::Older;
            }
            Some(core::cmp::Ordering::Less) | None => {}
        }
        let ends = end(&row.body, row.tick, now, standing);
        if ends <= self.fence {
            return Accepted::Expired;
        }
        let before = held.map(|held| (held.version, held.due));
        if before.is_none() {
            if !has_room {
                open.incomplete = true;
                return Accepted::Full;
            }
            self.rows += 1;
        }
        let due = before.map_or(ends, |(_, due)| due.min(ends));
        if let Some((_, old)) = before.filter(|(_, old)| *old != due) {
            self.ends.remove(&(old, stream, row.key));
        }
        self.ends.insert((due, stream, row.key));
        let lacking = before.map_or(0, |(version, _)| version).max(open.floor).saturating_add(1);
        let ended = open.put(row, now, due);
        for (key, due) in &ended {
            self.ends.remove(&(*due, stream, *key));
            self.rows -= 1;
        }
        Accepted::New { lacking, ended: ended.into_iter().map(|(key, _)| key).collect() }
    }

    /// Removes some of what has outlived its lifetime, and hands out what was removed. Returns whether there is more to
    /// look at now.
    pub fn expire(&mut self, now: Timestamp, mut each: impl FnMut(StreamKey, RowKey)) -> bool {
        self.fence = self.fence.max(now);
        self.go_on_hastening();
        for _ in 0..EXPIRED_AT_ONCE_MAX {
            let Some((_, stream, key)) = self.ends.first().copied().filter(|(due, ..)| *due <= self.fence) else {
                return !self.hastening.is_empty();
            };
            self.ends.pop_first();
            let standing = self.standing(stream.origin);
            let Some(open) = self.streams.get_mut(&stream) else { continue };
            let Some(held) = open.rows.get_mut(&key) else { continue };
            held.due = end(&held.body, held.tick, held.received, standing);
            if held.due > self.fence {
                self.ends.insert((held.due, stream, key));
                continue;
            }
            open.remove(key);
            self.rows -= 1;
            each(stream, key);
        }
        true
    }

    /// Streams of lives that were left behind and have no rows any more: taken out.
    pub fn close_empty(&mut self) -> Vec<StreamKey> {
        let over =
            |key: &StreamKey, stream: &Stream| stream.rows.is_empty() && self.standing(key.origin) != Standing::Alive;
        let closed: Vec<StreamKey> = self.streams.iter().filter(|(k, s)| over(k, s)).map(|(key, _)| *key).collect();
        for key in &closed {
            self.streams.remove(key);
        }
        closed
    }

    /// A node began a new life: what it wrote before goes sooner.
    fn hasten(&mut self, node: NodeId) {
        let former = self.streams.keys().filter(|key| key.origin.node == node);
        self.hastening.extend(former.map(|stream| (*stream, None)));
    }

    /// What these nodes write does not count, and what they wrote goes; what others wrote counts.
    pub fn deny(&mut self, nodes: BTreeSet<NodeId>) {
        let before = core::mem::replace(&mut self.denied, nodes);
        let denied: Vec<NodeId> = self.denied.difference(&before).copied().collect();
        denied.into_iter().for_each(|node| self.hasten(node));
    }

    /// Goes on with rows that are to go sooner: some of them.
    fn go_on_hastening(&mut self) {
        let mut left = EXPIRED_AT_ONCE_MAX;
        while let Some((stream, mut last)) = self.hastening.pop_first() {
            let standing = self.standing(stream.origin);
            let Some(open) = self.streams.get_mut(&stream) else { continue };
            let behind = last.map_or(Bound::Unbounded, Bound::Excluded);
            for (key, held) in open.rows.range_mut((behind, Bound::Unbounded)).take(left) {
                let sooner = end(&held.body, held.tick, held.received, standing).min(held.due);
                self.ends.remove(&(held.due, stream, *key));
                self.ends.insert((sooner, stream, *key));
                held.due = sooner;
                (left, last) = (left - 1, Some(*key));
            }
            if left == 0 {
                self.hastening.insert(stream, last);
                return;
            }
        }
    }

    /// How a life of a node stands.
    #[must_use]
    pub fn standing(&self, life: Origin) -> Standing {
        if self.denied.contains(&life.node) {
            return Standing::Denied;
        }
        let left = self.latest.get(&life.node).is_some_and(|&latest| latest > life.incarnation);
        if left { Standing::LeftBehind } else { Standing::Alive }
    }
}

/// How a life of a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is the latest that is known.
    Alive,
    /// Its node has begun a later one.
    LeftBehind,
    /// Its node does not count any more.
    Denied,
}

/// When a row ends: its lifetime after its own time, but of a clock that is far ahead after the time of its receipt.
fn end(body: &Body, tick: Tick, received: Timestamp, standing: Standing) -> Timestamp {
    let span = match standing {
        Standing::Alive => body.lifetime().span(),
        Standing::LeftBehind => body.lifetime().span().min(LEFT_BEHIND),
        Standing::Denied => return Timestamp::from_nanos(0),
    };
    tick.time().min(received + AHEAD) + span
}

impl Stream {
    /// The rows in order.
    pub fn rows(&self) -> impl Iterator<Item = (RowKey, &Held)> {
        self.rows.iter().map(|(key, held)| (*key, held))
    }

    /// The rows behind a key, or all, in order.
    pub fn rows_after(&self, key: Option<RowKey>) -> impl Iterator<Item = (RowKey, &Held)> {
        let after = key.map_or(Bound::Unbounded, Bound::Excluded);
        self.rows.range((after, Bound::Unbounded)).map(|(key, held)| (*key, held))
    }

    /// The rows of a kind.
    pub fn rows_of(&self, kind: Kind) -> impl Iterator<Item = (RowKey, &Held)> {
        let of = |handle| RowKey { kind, handle };
        self.rows.range(of(0)..=of(u16::MAX)).map(|(key, held)| (*key, held))
    }

    /// A row.
    #[must_use]
    pub fn row(&self, key: RowKey) -> Option<&Held> {
        self.rows.get(&key)
    }

    /// An earlier or the present version of a motion row.
    #[must_use]
    pub fn base(&self, handle: u16, version: u32) -> Option<Base> {
        let held = self.row(RowKey { kind: Kind::Track, handle })?;
        if held.version == version {
            return held.as_base();
        }
        held.bases.iter().find(|base| base.version == version).copied()
    }

    /// How many rows are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The newest seal and its version, if every seal that is alive is held: then all rows up to there are covered.
    #[must_use]
    pub fn seals(&self) -> Option<(&Seal, u32)> {
        let all = self.rows_of(Kind::Seal).filter_map(|(_, held)| Some((held.body.seal()?, held.version)));
        let (count, newest) = all.fold((0, None), |(count, newest): (u32, Option<(&Seal, u32)>), each| {
            (count + 1, newest.filter(|(seal, _)| seal.count > each.0.count).or(Some(each)))
        });
        // A writer may say of its first seal what it likes, zero too.
        let alive = |seal: &Seal| seal.count.checked_sub(self.sealed_from.max(1)).map(|before| before + 1);
        newest.filter(|(seal, _)| seal.last && alive(seal) == Some(count))
    }

    /// Whether something newer is held that ended this version: of a track's attributes, its end; of a seal, one that
    /// says so.
    pub(super) fn ended(&self, key: RowKey, version: u32, body: &Body) -> bool {
        if let Some(seal) = body.seal() {
            return seal.count < self.sealed_from;
        }
        self.is_over(key, version)
    }

    /// Whether the end of a track is held that is newer than this version of its attributes.
    pub(super) fn is_over(&self, key: RowKey, version: u32) -> bool {
        let end = self.rows.get(&RowKey { kind: Kind::Track, ..key });
        key.kind == Kind::Attributes && end.is_some_and(|e| matches!(e.body, Body::Gone(_)) && e.version > version)
    }

    /// Puts a row in the place of its former version; what it ended, and when that was due.
    fn put(&mut self, row: Row, received: Timestamp, due: Timestamp) -> Vec<(RowKey, Timestamp)> {
        let mut ended = Vec::new();
        if row.key.kind == Kind::Track && matches!(row.body, Body::Gone(_)) {
            let key = RowKey { kind: Kind::Attributes, ..row.key };
            if self.rows.get(&key).is_some_and(|held| held.version < row.version) {
                ended.extend(self.remove(key).map(|held| (key, held.due)));
            }
        }
        if let Some(seal) = row.body.seal().filter(|seal| seal.oldest > self.sealed_from) {
            self.sealed_from = seal.oldest;
            ended = self.remove_old_seals();
        }
        let before = self.remove(row.key);
        let mut bases = Vec::new();
        if let (Some(before), Body::Track(_)) = (before, &row.body) {
            bases = before.bases.clone();
            if bases.len() == BASES_MAX {
                bases.remove(0);
            }
            bases.extend(before.as_base());
        }
        self.top = self.top.max(row.version);
        self.hash ^= mixed(row.key, row.version);
        let held = Held { version: row.version, tick: row.tick, body: row.body, received, due, bases };
        self.rows.insert(row.key, held);
        ended
    }

    fn remove_old_seals(&mut self) -> Vec<(RowKey, Timestamp)> {
        let is_old = |held: &Held| held.body.seal().is_some_and(|seal| seal.count < self.sealed_from);
        let old: Vec<RowKey> = self.rows_of(Kind::Seal).filter(|(_, held)| is_old(held)).map(|(key, _)| key).collect();
        old.into_iter().filter_map(|key| self.remove(key).map(|held| (key, held.due))).collect()
    }

    fn remove(&mut self, key: RowKey) -> Option<Held> {
        let held = self.rows.remove(&key)?;
        self.hash ^= mixed(key, held.version);
        Some(held)
    }
}

impl Held {
    /// As a row under its key.
    #[must_use]
    pub fn row(&self, key: RowKey) -> Row {
        Row { key, version: self.version, tick: self.tick, body: self.body.clone() }
    }

    fn as_base(&self) -> Option<Base> {
        let Body::Track(kinematic) = self.body else { return None };
        Some(Base { version: self.version, tick: self.tick, kinematic })
    }
}

fn mixed(key: RowKey, version: u32) -> u32 {
    let [a, b] = key.handle.to_le_bytes();
    let [c, d, e, f] = version.to_le_bytes();
    let hash = fnv1a(crate::codec::FNV_BASIS, &[key.kind as u8, a, b, c, d, e, f]);
    // Folded: the last octets barely reach the top bits otherwise.
    u32::try_from((hash ^ hash >> 32) & 0xFFFF_FFFF).unwrap_or(0)
}
