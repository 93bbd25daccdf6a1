//! One neighbour: the session with it, what it holds, what it is to be told.
//!
//! A link comes up with a greeting each way, which tells who is there, in which life, and counts the sessions; packets
//! carry the tags of both sessions, so that what was long under way belongs to none. Then each tells what it holds, by
//! stream ([digest](crate::packet::item::Item::Digest)), and only what lies beyond is sent. What a neighbour has
//! acknowledged is remembered for as long as it lives, cut or not; a neighbour that begins a new life is a stranger.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fusion_core::label::Clearance;
use fusion_core::time::Span;
use fusion_core::track::Origin;

use super::outgoing::{Declared, Outgoing};
use super::pace::Pace;
use super::papers::PiecesDue;
use super::pass::{ROWS_AT_ONCE, SLICE_PAUSE};
use super::sack::{Flight, Received, Sent};
use super::schedule::Plan;
use super::table::{STREAMS_MAX, Stream, Table};
use crate::codec::Greeting;
use crate::packet::item::{Declaration, FloorItem, StreamKey};
use crate::row::RowKey;

/// What carries packets to a neighbour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bearer {
    /// What it is believed to carry, bytes per second; measured from then on.
    pub rate_hint: f64,
    /// Largest packet, at least 200 and at most 1500 octets.
    pub mtu: usize,
    /// Octets that it adds to each packet.
    pub overhead: usize,
    /// What the neighbour may see.
    pub clearance: Clearance,
    /// The highest layer of streams that it is fast enough for: 0 or 1.
    pub layer: u8,
}

/// What happened to a link.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "comes when a link does, and is taken at once")]
pub enum LinkEvent {
    /// It carries packets now.
    Up(Bearer),
    /// It does not.
    Down,
}

/// Indexes that a link's streams may be given.
///
/// Counter: `Tally::indexes_full`. A further stream is not sent on this link.
pub(super) const INDEXES_MAX: u16 = 0x7FFF;

/// What a packet held, to know what it means that it came or was lost.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    /// Rows and their versions.
    pub rows: Vec<(u16, RowKey, u32)>,
    /// Floors told.
    pub floors: Vec<(u16, u32)>,
    /// The era they hold for.
    pub era: Option<u8>,
    /// Streams declared.
    pub declared: Vec<u16>,
    /// Parts of the digest.
    pub parts: Vec<u8>,
    /// Streams asked for again.
    pub again: Vec<u16>,
    /// Streams not to be sent, and to be sent again.
    pub prune: Vec<(StreamKey, bool)>,
    /// Pieces of passports and deny-lists.
    pub pieces: Vec<(u64, u8)>,
}

/// The other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Neighbour {
    /// Who it is.
    pub origin: Origin,
    /// Its session.
    pub session: u32,
    /// The highest layer that it wants.
    pub layer: u8,
}

/// How the digest of the other side comes in.
#[derive(Clone, Debug, Default)]
pub(super) struct Incoming {
    /// Its era, once a part came.
    pub era: Option<u8>,
    seen: BTreeSet<u8>,
    floors: BTreeMap<StreamKey, (u32, bool)>,
    /// Streams that were asked for again before it was whole: what it says of them no longer holds.
    again: BTreeSet<StreamKey>,
}

impl Incoming {
    /// The neighbour names an era. Returns whether it is a newer one.
    fn handle_era(&mut self, era: u8) -> bool {
        let newer = self.era.is_none_or(|known| era.wrapping_sub(known).cast_signed() > 0);
        if newer {
            self.era = Some(era);
        }
        newer
    }
}

/// One link.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// What carries it; `None` while it is down.
    pub bearer: Option<Bearer>,
    /// Our session.
    pub session: u32,
    /// Who is there.
    pub neighbour: Option<Neighbour>,
    /// Whether that was heard since the link came up.
    pub heard_now: bool,
    /// Whether the neighbour knows our session.
    pub greeted: bool,
    /// When to greet (again).
    pub greet_at: Option<Span>,
    greet_pause: Span,
    /// Packets of the neighbour.
    pub received: Received,
    /// When to acknowledge at the latest.
    pub ack_at: Option<Span>,
    /// Our packets under way.
    pub flight: Flight<Content>,
    /// How fast they may leave.
    pub pace: Pace,
    /// Streams towards the neighbour.
    pub streams: BTreeMap<StreamKey, Outgoing>,
    keys: BTreeMap<u16, StreamKey>,
    next_index: u16,
    /// The neighbour's indexes.
    pub heard: BTreeMap<u16, Declaration>,
    /// Era of our digest.
    pub era: u8,
    /// Our digest in parts.
    pub digest: Vec<Vec<(StreamKey, FloorItem)>>,
    /// Which parts are to be sent.
    pub parts_due: VecDeque<u8>,
    /// The neighbour's digest.
    pub incoming: Incoming,
    /// Whether it is whole: only then rows are sent.
    pub ready: bool,
    /// Streams to be asked for again, and whether they were just now.
    pub again: BTreeMap<u16, bool>,
    /// Streams not to be sent (`true`) or to be sent again.
    pub prune_due: VecDeque<(StreamKey, bool)>,
    /// When to tell floors, clock, checks next.
    pub tell_at: Span,
    /// How often floors were told.
    pub turns: u32,
    /// What to send first.
    pub plan: Plan,
    /// When to go on with what concerns many rows.
    pub slice_at: Option<Span>,
    /// Streams that looked different at the last check: the neighbour's top and hash, and ours.
    pub unlike: BTreeMap<StreamKey, (u32, u32, u32)>,
    /// When a stream may be asked for again.
    pub repair_at: Span,
    /// Least difference of clocks seen: theirs, less ours at receipt, milliseconds.
    pub clock_ahead_ms: Option<i64>,
    /// Rows that came although they had come another way, by stream.
    pub doubled: BTreeMap<StreamKey, u8>,
    /// Pruned streams of which the neighbour holds more than we: since when, and how much it was then.
    pub behind: BTreeMap<StreamKey, (Span, u32)>,
    /// Passports and deny-lists that the neighbour was told or told us.
    pub papers_told: BTreeSet<u64>,
    /// Pieces of them to be sent.
    pub papers_due: PiecesDue,
    /// How often it brought what nobody wrote.
    pub forged: u64,
}

const GREET_PAUSE: Span = Span::from_millis(500);
const GREET_PAUSE_LONGEST: Span = Span::from_secs(4);

impl Link {
    /// A link that is down.
    #[must_use]
    pub(super) fn new(incarnation: u32, now: Span) -> Self {
        Self {
            bearer: None,
            // Spread by incarnation, so that a session of an earlier life is not taken for one of this.
            session: incarnation.wrapping_mul(37) & 0xFF,
            neighbour: None,
            heard_now: false,
            greeted: false,
            greet_at: None,
            greet_pause: GREET_PAUSE,
            received: Received::default(),
            ack_at: None,
            flight: Flight::default(),
            pace: Pace::new(1000.0, now),
            streams: BTreeMap::new(),
            keys: BTreeMap::new(),
            next_index: 0,
            heard: BTreeMap::new(),
            era: 0,
            digest: Vec::new(),
            parts_due: VecDeque::new(),
            incoming: Incoming::default(),
            ready: false,
            again: BTreeMap::new(),
            prune_due: VecDeque::new(),
            tell_at: now,
            turns: 0,
            plan: Plan::default(),
            slice_at: None,
            unlike: BTreeMap::new(),
            repair_at: now,
            clock_ahead_ms: None,
            doubled: BTreeMap::new(),
            behind: BTreeMap::new(),
            papers_told: BTreeSet::new(),
            papers_due: PiecesDue::new(),
            forged: 0,
        }
    }

    /// It carries packets: begins a session.
    pub(super) fn handle_up(&mut self, bearer: Bearer, now: Span) {
        let mtu = bearer.mtu.clamp(200, crate::packet::PACKET_BYTES_MAX);
        self.handle_down();
        self.bearer = Some(Bearer { mtu, ..bearer });
        self.session = self.session.wrapping_add(1);
        self.pace = Pace::new(bearer.rate_hint, now);
        self.greet_at = Some(now);
        self.greet_pause = GREET_PAUSE;
    }

    /// It does not: what was under way is lost.
    pub(super) fn handle_down(&mut self) {
        for sent in self.flight.take_all() {
            self.handle_lost(&sent);
        }
        self.bearer = None;
        (self.heard_now, self.greeted, self.ready) = (false, false, false);
        (self.greet_at, self.ack_at) = (None, None);
    }

    /// Our tag.
    #[must_use]
    pub(super) const fn tag(&self) -> u8 {
        self.session.to_le_bytes()[0]
    }

    /// The neighbour's tag, once it was heard in this session.
    #[must_use]
    pub(super) fn neighbour_tag(&self) -> Option<u8> {
        self.neighbour.filter(|_| self.heard_now).map(|neighbour| neighbour.session.to_le_bytes()[0])
    }

    /// Whether both sides know each other's session.
    #[must_use]
    pub(super) fn is_open(&self) -> bool {
        self.bearer.is_some() && self.heard_now && self.greeted
    }

    /// The greeting to send now.
    pub(super) fn greeting(&mut self, me: Origin, fingerprint: u64, now: Span) -> Greeting {
        // Until we are known, again and again; each pause longer, so that a dead link costs little.
        self.greet_at = (!self.greeted).then(|| now + self.greet_pause);
        let doubled = Span::from_nanos(self.greet_pause.as_nanos() * 2);
        self.greet_pause = doubled.min(GREET_PAUSE_LONGEST);
        Greeting {
            node: me.node.0,
            incarnation: me.incarnation,
            session: self.session,
            heard: self.neighbour.filter(|_| self.heard_now).map(|neighbour| neighbour.session),
            layer: self.bearer.map_or(0, |bearer| bearer.layer),
            fingerprint,
        }
    }

    /// A greeting came. Returns whether it begins a session.
    pub(super) fn handle_greeting(&mut self, origin: Origin, greeting: &Greeting, now: Span) -> bool {
        let knows_us = greeting.heard == Some(self.session);
        let known = self.neighbour.filter(|neighbour| neighbour.origin == origin);
        let before = known.map(|neighbour| neighbour.session);
        if self.neighbour.is_some_and(|n| n.origin.node == origin.node && n.origin.incarnation > origin.incarnation)
            || before.is_some_and(|before| greeting.session < before)
        {
            return false;
        }
        let begins = before != Some(greeting.session) || !self.heard_now;
        if !begins && knows_us && self.greeted && self.received.acks().is_none() {
            // It greets again and has sent nothing else: it has not heard that we know it. Any packet tells it.
            self.ack_at = Some(now);
        }
        if known.is_none() {
            self.forget_neighbour();
        }
        self.neighbour = Some(Neighbour { origin, session: greeting.session, layer: greeting.layer });
        self.heard_now = true;
        self.greeted = if begins { knows_us } else { self.greeted || knows_us };
        if begins || !knows_us {
            self.greet_at = Some(now);
            self.greet_pause = GREET_PAUSE;
        }
        if begins {
            self.begin();
        }
        begins
    }

    fn begin(&mut self) {
        for sent in self.flight.take_all() {
            self.handle_lost(&sent);
        }
        self.received = Received::default();
        self.incoming = Incoming::default();
        self.ready = false;
        self.era = self.era.wrapping_add(1);
        self.again.values_mut().for_each(|asked| *asked = false);
        self.prune_due.clear();
        self.doubled.clear();
        self.behind.clear();
        self.unlike.clear();
        self.streams.values_mut().for_each(|out| out.pruned = false);
    }

    /// Another node, or a new life of the same: nothing that was known of it holds.
    fn forget_neighbour(&mut self) {
        self.flight.take_all();
        self.streams.clear();
        self.keys.clear();
        self.heard.clear();
        self.again.clear();
        self.next_index = 0;
        self.papers_told.clear();
        self.papers_due.clear();
        self.clock_ahead_ms = None;
    }

    /// Whether the neighbour may have a stream, and can bear it.
    #[must_use]
    pub(super) fn admits(&self, stream: &Stream) -> bool {
        let Some(bearer) = self.bearer.filter(|_| self.neighbour.is_some()) else { return false };
        stream.layer <= self.layer() && stream.label.permits(&bearer.clearance)
    }

    /// The highest layer that both sides take this link to be fast enough for.
    #[must_use]
    pub(super) fn layer(&self) -> u8 {
        self.bearer.zip(self.neighbour).map_or(0, |(bearer, neighbour)| bearer.layer.min(neighbour.layer))
    }

    /// How many rows the neighbour is still to be told.
    #[must_use]
    pub(super) fn waiting(&self) -> usize {
        self.streams.values().map(Outgoing::waiting).sum()
    }

    /// A stream towards the neighbour, opened if need be; `None` if the neighbour may not have it or indexes are used
    /// up.
    pub(super) fn outgoing(&mut self, key: StreamKey, stream: &Stream, now: Span) -> Option<&mut Outgoing> {
        if !self.admits(stream) {
            return None;
        }
        if !self.streams.contains_key(&key) {
            if self.next_index >= INDEXES_MAX {
                return None;
            }
            let mut outgoing = Outgoing::new(self.next_index);
            outgoing.handle_digest(0, false);
            if self.ready {
                reckon(&mut outgoing, stream, now, &mut ROWS_AT_ONCE.clone());
                self.slice_at = outgoing.has_passes().then_some(now + SLICE_PAUSE).or(self.slice_at);
            }
            self.keys.insert(self.next_index, key);
            self.next_index += 1;
            self.streams.insert(key, outgoing);
        }
        self.streams.get_mut(&key)
    }

    /// Whether indexes are used up.
    #[must_use]
    pub(super) const fn is_full(&self) -> bool {
        self.next_index >= INDEXES_MAX
    }

    /// The stream of an index of ours, towards the neighbour.
    pub(super) fn by_index(&mut self, index: u16) -> Option<(StreamKey, &mut Outgoing)> {
        let key = *self.keys.get(&index)?;
        self.streams.get_mut(&key).map(|outgoing| (key, outgoing))
    }

    /// A stream is no more.
    pub(super) fn handle_closed(&mut self, key: StreamKey) {
        if let Some(outgoing) = self.streams.remove(&key) {
            self.keys.remove(&outgoing.index);
        }
        self.unlike.remove(&key);
        self.doubled.remove(&key);
        self.behind.remove(&key);
    }

    /// The neighbour declares a stream. `false` if there are too many already.
    pub(super) fn handle_declaration(&mut self, declaration: Declaration, table: &Table) -> bool {
        if self.heard.len() >= 2 * STREAMS_MAX {
            self.heard.retain(|_, old| table.stream(old.stream).is_some());
        }
        let room = self.heard.len() < 2 * STREAMS_MAX || self.heard.contains_key(&declaration.index);
        if room {
            self.heard.insert(declaration.index, declaration);
        }
        room
    }

    /// Our digest, cut into parts that fit into a packet.
    pub(super) fn begin_digest(&mut self, table: &Table, now: Span) {
        let room = self.bearer.map_or(200, |bearer| bearer.mtu).saturating_sub(40);
        let held: Vec<(StreamKey, u32)> = table.streams().map(|(key, stream)| (key, stream.floor)).collect();
        let again = |index| self.heard.get(index).map(|declaration| declaration.stream);
        let again: BTreeSet<StreamKey> = self.again.keys().filter_map(again).collect();
        let (mut parts, mut part, mut size) = (Vec::new(), Vec::new(), 0);
        for (key, floor) in held {
            let Some(stream) = table.stream(key) else { continue };
            let Some(outgoing) = self.outgoing(key, stream, now) else { continue };
            let declared = if outgoing.declared == Declared::Yes { 0 } else { declaration_bytes(stream) };
            let floor = FloorItem { index: outgoing.index, floor, forget: stream.incomplete || again.contains(&key) };
            if size + declared + 7 > room && !part.is_empty() {
                parts.push(core::mem::take(&mut part));
                size = 0;
            }
            size += declared + 7;
            part.push((key, floor));
        }
        parts.push(part);
        parts.truncate(255);
        self.parts_due = (0..=254).take(parts.len()).collect();
        self.digest = parts;
    }

    /// A part of the neighbour's digest came. Returns whether it was the last that was missing. There is one digest a
    /// session; its parts bear the eras in which they were sent.
    pub(super) fn handle_digest_part(&mut self, era: u8, part: u8, parts: u8, floors: &[FloorItem]) -> bool {
        self.incoming.handle_era(era);
        for floor in floors {
            if let Some(declaration) = self.heard.get(&floor.index) {
                self.incoming.floors.insert(declaration.stream, (floor.floor, floor.forget));
            }
        }
        self.incoming.seen.insert(part);
        !self.ready && self.incoming.seen.len() >= usize::from(parts.max(1))
    }

    /// The neighbour's digest is whole: reckons what it lacks.
    pub(super) fn handle_digest(&mut self, table: &Table, now: Span) {
        self.ready = true;
        let held: Vec<StreamKey> = table.streams().map(|(key, _)| key).collect();
        for key in held {
            let Some(stream) = table.stream(key) else { continue };
            let (floor, forget) = self.incoming.floors.get(&key).copied().unwrap_or_default();
            let (floor, forget) = if self.incoming.again.contains(&key) { (0, true) } else { (floor, forget) };
            let Some(outgoing) = self.outgoing(key, stream, now) else { continue };
            outgoing.handle_digest(floor, forget);
        }
        self.incoming.floors.clear();
        self.incoming.again.clear();
        self.plan.stale = true;
        self.go_on(table, now);
    }

    /// The neighbour holds less of our streams of these indexes than it said or acknowledged.
    pub(super) fn handle_again(&mut self, era: u8, indexes: &[u16]) {
        if self.incoming.handle_era(era) {
            self.streams.values_mut().for_each(|outgoing| outgoing.told = 0);
        }
        for &index in indexes {
            let Some((key, outgoing)) = self.by_index(index) else { continue };
            outgoing.handle_digest(0, true);
            if !self.ready {
                self.incoming.again.insert(key);
            }
        }
        self.plan.stale = true;
    }

    /// Goes on with what concerns all rows of a stream, or all that are due: a slice of it. Returns how many rows were
    /// looked at.
    pub(super) fn go_on(&mut self, table: &Table, now: Span) -> usize {
        let mut left = ROWS_AT_ONCE;
        // Before that everything is reckoned anew.
        let ready = self.ready;
        for (key, outgoing) in self.streams.iter_mut().filter(|(_, outgoing)| ready && outgoing.has_passes()) {
            let Some(stream) = table.stream(*key) else { continue };
            self.plan.stale |= outgoing.reckoned_to().is_some();
            reckon(outgoing, stream, now, &mut left);
            outgoing.sweep(|row| stream.row(row).map(|held| held.version), &mut left);
        }
        self.slice_at = (left == 0).then_some(now + SLICE_PAUSE);
        ROWS_AT_ONCE - left
    }

    /// A packet came to the neighbour. What its floors say is to be gone on with.
    pub(super) fn handle_came(&mut self, sent: &Sent<Content>, table: &Table) {
        let content = &sent.content;
        for &(index, key, version) in &content.rows {
            if let Some((stream, outgoing)) = self.by_index(index) {
                outgoing.handle_acked(key, version, table.row(stream, key).map(|held| held.version));
            }
        }
        let of_now = content.era.is_some() && content.era == self.incoming.era;
        for &(index, floor) in content.floors.iter().filter(|_| of_now) {
            if let Some((_, outgoing)) = self.by_index(index) {
                outgoing.told = outgoing.told.max(floor);
                outgoing.handle_floor(floor);
            }
        }
        for &index in &content.declared {
            if let Some((_, outgoing)) = self.by_index(index) {
                outgoing.declared = Declared::Yes;
            }
        }
        for index in &content.again {
            self.again.remove(index);
        }
    }

    /// A packet was lost.
    pub(super) fn handle_lost(&mut self, sent: &Sent<Content>) {
        let content = &sent.content;
        for &(index, key, version) in &content.rows {
            if let Some((_, outgoing)) = self.by_index(index) {
                outgoing.handle_lost(key, version);
            }
        }
        self.parts_due.extend(&content.parts);
        for index in &content.again {
            self.again.entry(*index).and_modify(|asked| *asked = false);
        }
        self.prune_due.extend(&content.prune);
        self.papers_due.extend(&content.pieces);
        self.plan.stale = true;
    }

    /// Asks for all that the neighbour holds of a stream, if it has declared it.
    pub(super) fn ask_again(&mut self, key: StreamKey) {
        let indexes: Vec<u16> =
            self.heard.iter().filter(|(_, heard)| heard.stream == key).map(|(index, _)| *index).collect();
        if !indexes.is_empty() {
            self.era = self.era.wrapping_add(1);
            self.again.extend(indexes.into_iter().map(|index| (index, false)));
        }
    }

    /// Whether there is anything beside rows to send.
    #[must_use]
    pub(super) fn has_errands(&self) -> bool {
        !self.parts_due.is_empty()
            || self.again.values().any(|asked| !asked)
            || !self.prune_due.is_empty()
            || !self.papers_due.is_empty()
    }
}

fn reckon(outgoing: &mut Outgoing, stream: &Stream, now: Span, left: &mut usize) {
    if let Some(last) = outgoing.reckoned_to() {
        outgoing.reckon(stream.rows_after(last).map(|(key, held)| (key, held.version)), now, left);
    }
}

/// Octets of a stream's declaration, and some to spare.
#[must_use]
pub(super) fn declaration_bytes(stream: &Stream) -> usize {
    let mut out = crate::packet::octets::Octets::default();
    crate::packet::label::put(&mut out, &stream.label);
    17 + out.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_core::label::{Code, Codes, Label, Level};
    use fusion_core::time::Timestamp;
    use fusion_core::track::NodeId;

    const T: Span = Span::ZERO;

    fn greeting(session: u32, heard: Option<u32>) -> Greeting {
        Greeting { node: 2, incarnation: 1, session, heard, layer: 0, fingerprint: 0 }
    }

    fn all() -> Codes {
        let mut codes = Codes::EMPTY;
        assert!(codes.insert(Code::new("ALL").expect("a code")));
        codes
    }

    fn bearer() -> Bearer {
        let clearance = Clearance { level: Level::Unclassified, communities: all(), caveats: Codes::EMPTY };
        Bearer { rate_hint: 1e3, mtu: 300, overhead: 41, clearance, layer: 0 }
    }

    /// Found by mission 203: what answered the first greeting was lost, and from then on both kept silent, one of them
    /// open and waiting for a digest, the other not.
    #[test]
    fn who_greets_again_though_it_is_known_is_answered_at_once() {
        let neighbour = Origin { node: NodeId(2), incarnation: 1 };
        let mut link = Link::new(1, T);
        link.handle_up(bearer(), T);
        let ours = link.session;
        assert!(link.handle_greeting(neighbour, &greeting(7, None), T), "a session begins");
        assert_eq!((link.is_open(), link.ack_at), (false, None));
        assert!(!link.handle_greeting(neighbour, &greeting(7, Some(ours)), T));
        assert_eq!((link.is_open(), link.ack_at), (true, None), "a handshake without loss costs nothing more");
        let later = Span::from_secs(4);
        assert!(!link.handle_greeting(neighbour, &greeting(7, Some(ours)), later));
        assert_eq!(link.ack_at, Some(later));
    }

    /// Found by world 3927: the second part of a digest came late, behind a packet that asked for a stream again and so
    /// began an era. The first part was forgotten, and no row was ever sent on this link.
    #[test]
    fn a_digest_of_which_a_part_comes_late_is_whole_though_a_stream_was_asked_for_again() {
        let me = Origin { node: NodeId(1), incarnation: 1 };
        let neighbour = Origin { node: NodeId(2), ..me };
        let label = Label {
            level: Level::Unclassified,
            releasable_to: all(),
            caveats: Codes::EMPTY,
            originators: Codes::EMPTY,
        };
        let mut table = Table::new(me, 10, Timestamp::from_secs(0));
        let keys = [0, 1].map(|number| StreamKey { origin: me, number });
        let mut link = Link::new(1, T);
        link.handle_up(bearer(), T);
        assert!(link.handle_greeting(neighbour, &greeting(7, None), T));
        for (index, stream) in (0..).zip(keys) {
            let open = table.open(stream, label, 0).expect("room");
            assert!(link.outgoing(stream, open, T).is_some(), "admitted");
            assert!(link.handle_declaration(Declaration { index, stream, label, layer: 0 }, &table));
        }
        let part = |index| [FloorItem { index, floor: 40, forget: false }];
        assert!(!link.handle_digest_part(2, 0, 2, &part(0)));
        link.handle_again(3, &[0]);
        assert!(link.handle_digest_part(2, 1, 2, &part(1)), "now it is whole");
        link.handle_digest(&table, T);
        let key = RowKey { kind: crate::row::Kind::Track, handle: 0 };
        assert_eq!(keys.map(|stream| link.streams[&stream].known(key)), [0, 40], "what was asked for again is lacking");
        assert_eq!(link.incoming.era, Some(3));
    }
}
