//! What a link sends next: greetings, errands, then rows, as many as fit and as the pace allows.

use std::collections::BTreeMap;
use std::ops::Bound;

use fusion_core::time::Span;

use super::link::{Content, Link, declaration_bytes};
use super::outgoing::Declared;
use super::papers::{Keyring, PIECE_BYTES};
use super::receive::PRUNED;
use super::sack::{FLIGHT_MAX, Sent};
use super::schedule::{self, Outlook};
use super::{LinkId, Replica};
use crate::codec::encode_greeting;
use crate::packet::item::{self, CheckItem, Declaration, FloorItem, StreamKey};
use crate::packet::octets::Octets;
use crate::packet::{self, Header, Item, OVERHEAD_BYTES};
use crate::row::wire::{self, Packed};

/// How often floors are told.
const TELL: Span = Span::from_secs(1);
/// In every so many-th telling, the clock; what streams look like.
const CLOCK_TURNS: u32 = 10;
const CHECK_TURNS: u32 = 30;
/// Entries of one telling: the rest have their turn in the next.
const FLOORS_AT_ONCE: usize = 12;
const KNOWN_AT_ONCE: usize = 20;
/// Octets of one floor.
const FLOOR_BYTES: usize = 6;
/// Octets of what one stream looks like.
const CHECK_BYTES: usize = 10;
/// A packet is no larger than what the link carries in so long.
const PACKET_S: f64 = 0.3;
/// Octets of a list of rows before its bits.
const ROWS_BYTES: usize = 13;

/// A packet as it grows.
struct Draft {
    out: Octets,
    content: Content,
    room: usize,
}

impl Draft {
    fn left(&self) -> usize {
        self.room.saturating_sub(self.out.len())
    }
}

impl Replica {
    /// The next packet for a link. Until `None`, then again at [`Replica::poll_timeout`].
    #[must_use]
    pub fn poll_transmit(&mut self, id: LinkId) -> Option<Vec<u8>> {
        let now = self.now.elapsed;
        let link = self.links.get_mut(&id)?;
        link.bearer?;
        if link.greet_at.is_some_and(|at| at <= now) {
            let greeting = link.greeting(self.me, self.config.fingerprint, now);
            let bytes = packet::hello(&encode_greeting(&greeting));
            return Some(self.sent(bytes));
        }
        if !link.is_open() {
            return None;
        }
        if let Some(bytes) = self.compose(id) {
            return Some(self.sent(bytes));
        }
        let link = self.links.get_mut(&id)?;
        link.ack_at.filter(|at| *at <= now)?;
        link.ack_at = None;
        let header = Header { from: link.tag(), to: link.neighbour_tag()?, number: None, acks: link.received.acks() };
        Some(self.sent(packet::data(&header, &[])))
    }

    fn sent(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        self.tally.packets_sent += 1;
        self.tally.bytes_sent += bytes.len() as u64;
        bytes
    }

    /// When a link has something to do.
    pub(super) fn link_timeout(&self, link: &Link) -> Option<Span> {
        let bearer = link.bearer?;
        let resend = link.flight.oldest().map(|oldest| oldest + link.pace.patience(bearer.mtu));
        let busy = link.is_open() && self.may_fly(link) && (link.has_errands() || link.ready && !link.plan.is_idle());
        let next = busy.then(|| link.pace.next());
        let tell = (link.is_open() && link.ready && self.may_fly(link)).then(|| link.tell_at.max(link.pace.next()));
        let slice = link.next_slice();
        [link.greet_at, link.ack_at.filter(|_| link.is_open()), resend, next, tell, slice].into_iter().flatten().min()
    }

    /// Goes on, for one link in turn, with what concerns many rows.
    pub(super) fn go_on(&mut self) {
        let now = self.now.elapsed;
        let is_due = |(_, link): &(&LinkId, &Link)| link.next_slice().is_some_and(|at| at <= now);
        let others = self.links.range((Bound::Excluded(self.served), Bound::Unbounded));
        let Some(id) = others.chain(&self.links).find(is_due).map(|(id, _)| *id) else { return };
        self.served = id;
        let Some(link) = self.links.get_mut(&id) else { return };
        let looked = match link.slice_at {
            Some(at) if at <= now => link.go_on(&self.table, now),
            Some(_) | None => link.plan.go_on(Outlook { streams: &link.streams, table: &self.table, now: self.now }),
        };
        self.tally.rows_looked_at += looked as u64;
    }

    /// Whether one more packet may be under way.
    fn may_fly(&self, link: &Link) -> bool {
        let Some(bearer) = link.bearer else { return false };
        let full = link.flight.len() >= FLIGHT_MAX;
        let bytes = f64::from(link.flight.bytes());
        !full && (link.flight.is_empty() || bytes < link.pace.flight_bytes(bearer.mtu))
    }

    fn compose(&mut self, id: LinkId) -> Option<Vec<u8>> {
        let now = self.now.elapsed;
        let link = self.links.get(&id)?;
        let bearer = link.bearer?;
        if !self.may_fly(link) || link.pace.next() > now {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size, clamped")]
        let room = ((link.pace.rate() * PACKET_S) as usize).clamp(200, bearer.mtu);
        let room = room.saturating_sub(OVERHEAD_BYTES);
        let mut draft = Draft { out: Octets::default(), content: Content::default(), room };
        self.put_errands(id, &mut draft);
        if self.links.get(&id)?.ready {
            self.put_rows(id, &mut draft);
        }
        let link = self.links.get_mut(&id)?;
        if draft.out.is_empty() {
            link.pace.handle_idle(now);
            return None;
        }
        let number = link.flight.next_number();
        let header =
            Header { from: link.tag(), to: link.neighbour_tag()?, number: Some(number), acks: link.received.acks() };
        link.ack_at = None;
        let bytes = packet::data(&header, draft.out.as_slice());
        let size = u32::try_from(bytes.len() + bearer.overhead).unwrap_or(u32::MAX);
        let resolved = link.pace.mark();
        link.pace.handle_sent(size, now);
        let idle = link.plan.is_idle() && !link.has_errands();
        link.flight.push(Sent { number, time: now, bytes: size, content: draft.content, resolved, idle });
        Some(bytes)
    }

    /// Everything but rows.
    fn put_errands(&mut self, id: LinkId, draft: &mut Draft) {
        self.put_digest(id, draft);
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.again.values().any(|asked| !asked) && draft.left() > 20 {
            let all: Vec<u16> = link.again.keys().copied().take((draft.left() - 8) / 2).take(255).collect();
            link.again.extend(all.iter().map(|index| (*index, true)));
            item::put(&mut draft.out, &Item::Again(link.era, all.clone()));
            draft.content.again = all;
        }
        put_prunes(link, draft);
        put_pieces(link, &self.keyring, draft);
        if link.ready && link.tell_at <= self.now.elapsed && draft.left() > 40 {
            link.tell_at = self.now.elapsed + TELL;
            link.turns = link.turns.wrapping_add(1);
            self.put_tellings(id, draft);
        }
    }

    fn put_digest(&mut self, id: LinkId, draft: &mut Draft) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let Some(part) = link.parts_due.pop_front() else { return };
        let Some(entries) = link.digest.get(usize::from(part)).cloned() else { return };
        // Parts are cut for the largest packet; early on the pace may be for smaller ones.
        draft.room = link.bearer.map_or(draft.room, |bearer| bearer.mtu - OVERHEAD_BYTES);
        entries.iter().for_each(|(key, _)| declare(link, &self.table, *key, draft));
        let floors: Vec<FloorItem> = entries.iter().map(|(_, floor)| *floor).collect();
        let parts = u8::try_from(link.digest.len()).unwrap_or(u8::MAX);
        item::put(&mut draft.out, &Item::Digest(link.era, part, parts, floors));
        draft.content.parts.push(part);
    }

    /// Floors, what pruned streams hold, the clock, what streams look like: by turns.
    fn put_tellings(&mut self, id: LinkId, draft: &mut Draft) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let (table, turn) = (&self.table, link.turns);
        for outgoing in link.streams.values_mut().filter(|outgoing| outgoing.is_long()) {
            outgoing.begin_sweep();
            link.slice_at = link.slice_at.or(Some(self.now.elapsed));
        }
        if let Some(era) = link.incoming.era {
            let floors = floors_to_tell(link, table, draft.left());
            draft.content.floors = floors.iter().map(|floor| (floor.index, floor.floor)).collect();
            draft.content.era = Some(era);
            if !floors.is_empty() {
                item::put(&mut draft.out, &Item::Floors(era, floors));
            }
        }
        if draft.left() > 2 + KNOWN_AT_ONCE * FLOOR_BYTES {
            let known = known_of_pruned(link, table, turn);
            if !known.is_empty() {
                item::put(&mut draft.out, &Item::Know(known));
            }
        }
        if turn % CLOCK_TURNS == 1 && draft.left() > 40 {
            item::put(&mut draft.out, &Item::Clock(self.now.validity.as_millis()));
        }
        if turn % CHECK_TURNS == 0 && draft.left() > 100 {
            let checks = checks(link, table, turn / CHECK_TURNS, (draft.left() - 2) / CHECK_BYTES);
            if !checks.is_empty() {
                item::put(&mut draft.out, &Item::Check(checks));
            }
        }
    }

    /// Rows, the worthiest first, as many as fit.
    fn put_rows(&mut self, id: LinkId, draft: &mut Draft) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let mut plan = core::mem::take(&mut link.plan);
        let outlook = Outlook { streams: &link.streams, table: &self.table, now: self.now };
        self.tally.rows_looked_at += plan.refresh(outlook) as u64;
        let mut lists: BTreeMap<StreamKey, (usize, Vec<Packed>)> = BTreeMap::new();
        let mut left = draft.left();
        while let Some((candidate, oldest)) = plan.pop() {
            let (stream, key) = (candidate.stream, candidate.key);
            let Some(held) = self.table.row(stream, key) else { continue };
            let Some(outgoing) = link.streams.get_mut(&stream) else { continue };
            let Some(due) = outgoing.due_row(key).filter(|due| schedule::is_sendable(due, held)) else { continue };
            // A base that was overtaken at the receiver shows as loss upon loss.
            let whole = due.losses > 1;
            let acked = outgoing.acked(key).filter(|_| !whole);
            let base = acked.and_then(|version| self.table.base(stream, key.handle, version));
            let packed = Packed::new(&held.row(key), base.as_ref());
            let opening = if lists.contains_key(&stream) { 0 } else { opening(outgoing, &self.table, stream, draft) };
            let bits = lists.get(&stream).map_or(0, |(bits, _)| *bits);
            let grows = (bits + packed.bits()).div_ceil(8) - bits.div_ceil(8) + opening;
            let count = lists.get(&stream).map_or(0, |(_, rows)| rows.len());
            if grows > left && draft.out.is_empty() && lists.is_empty() {
                // Seals are cut for the smallest packet of any link; early on the pace may be for smaller ones.
                let most = link.bearer.map_or(0, |bearer| bearer.mtu - OVERHEAD_BYTES);
                if grows <= most && draft.room < most {
                    left += most - draft.room;
                    draft.room = most;
                    plan.push_back(candidate);
                    continue;
                }
                // Too large for any packet of this link: it stays due, and others go.
                continue;
            }
            if grows > left || count >= wire::ROWS_MAX {
                plan.push_back(candidate);
                break;
            }
            left -= grows;
            outgoing.handle_sent(key, held.version);
            draft.content.rows.push((outgoing.index, key, held.version));
            plan.handle_sent(packed.bits_at_least(), oldest);
            let list = lists.entry(stream).or_default();
            list.0 += packed.bits();
            list.1.push(packed);
        }
        link.plan = plan;
        for (stream, (_, rows)) in lists {
            put_list((link, &self.table), &mut self.tally, stream, rows, draft);
        }
    }
}

/// Rows of one stream. Should they take more than was reckoned, which sparse versions can bring about, they wait.
fn put_list(
    (link, table): (&mut Link, &super::table::Table),
    tally: &mut super::Tally,
    stream: StreamKey,
    rows: Vec<Packed>,
    draft: &mut Draft,
) {
    declare(link, table, stream, draft);
    let Some(outgoing) = link.streams.get_mut(&stream) else { return };
    let count = u8::try_from(rows.len()).unwrap_or(u8::MAX);
    let mut counted = *tally;
    let (first, newest, bits) = wire::encode_telling(rows, |row, bits| count_row(&mut counted, row, bits));
    if ROWS_BYTES + bits.len() > draft.left() {
        let index = outgoing.index;
        let (back, sent): (Vec<_>, Vec<_>) = draft.content.rows.drain(..).partition(|(of, ..)| *of == index);
        draft.content.rows = sent;
        back.into_iter().for_each(|(_, key, version)| outgoing.handle_lost(key, version));
        link.plan.stale = true;
        return;
    }
    *tally = counted;
    item::put(&mut draft.out, &Item::Rows { index: outgoing.index, count, first, newest, bits: &bits });
}

/// What rows of motion take among those that they are sent with.
fn count_row(tally: &mut super::Tally, packed: &Packed, bits: usize) {
    let bits = bits as u64;
    if packed.is_delta() {
        tally.rows_sent_delta += 1;
        tally.bits_sent_delta += bits;
    } else if packed.is_full() {
        tally.rows_sent_full += 1;
        tally.bits_sent_full += bits;
    }
}

/// Octets before the first row of a stream.
fn opening(outgoing: &super::outgoing::Outgoing, table: &super::table::Table, key: StreamKey, draft: &Draft) -> usize {
    let known = outgoing.declared == Declared::Yes || draft.content.declared.contains(&outgoing.index);
    ROWS_BYTES + if known { 0 } else { table.stream(key).map_or(0, declaration_bytes) }
}

/// Declares a stream before it is first named, until that is known to have come.
fn declare(link: &Link, table: &super::table::Table, key: StreamKey, draft: &mut Draft) {
    let (Some(outgoing), Some(stream)) = (link.streams.get(&key), table.stream(key)) else { return };
    if outgoing.declared == Declared::Yes || draft.content.declared.contains(&outgoing.index) {
        return;
    }
    let (index, label, layer) = (outgoing.index, stream.label, stream.layer);
    item::put(&mut draft.out, &Item::Stream(Box::new(Declaration { index, stream: key, layer, label })));
    draft.content.declared.push(index);
}

fn put_prunes(link: &mut Link, draft: &mut Draft) {
    for pruned in [true, false] {
        let (now, later): (Vec<_>, Vec<_>) =
            link.prune_due.drain(..).partition(|(_, prune)| *prune == pruned && draft.left() > 60);
        link.prune_due.extend(later);
        let index =
            |key: &StreamKey| link.heard.iter().find(|(_, heard)| heard.stream == *key).map(|(index, _)| *index);
        let streams: Vec<u16> = now.iter().filter_map(|(key, _)| index(key)).take(16).collect();
        if streams.is_empty() {
            continue;
        }
        item::put(&mut draft.out, &if pruned { Item::Prune(streams) } else { Item::Graft(streams) });
        link.prune_due.extend(now.iter().skip(16));
        draft.content.prune.extend(now.into_iter().take(16));
    }
}

/// Pieces of passports and deny-lists, as many as fit.
fn put_pieces(link: &mut Link, keyring: &Keyring, draft: &mut Draft) {
    while draft.left() > PIECE_BYTES + 20 {
        let Some((tag, part)) = link.papers_due.pop_front() else { return };
        if let Some(piece) = keyring.piece(tag, part) {
            item::put(&mut draft.out, &Item::Piece(piece));
            draft.content.pieces.push((tag, part));
        }
    }
}

/// Floors that the neighbour has not been told yet: the stalest first, so many at once.
fn floors_to_tell(link: &Link, table: &super::table::Table, left: usize) -> Vec<FloorItem> {
    let each = link.streams.iter().filter(|(_, out)| out.declared == Declared::Yes);
    let mut floors: Vec<(u32, FloorItem)> = each
        .filter_map(|(key, out)| {
            let own = table.stream(*key).filter(|stream| !stream.incomplete)?.floor;
            let floor = out.floor_for_peer(own);
            (floor > out.told).then_some((floor - out.told, FloorItem { index: out.index, floor, forget: false }))
        })
        .collect();
    floors.sort_by_key(|(news, floor)| (core::cmp::Reverse(*news), floor.index));
    let room = left.saturating_sub(3) / FLOOR_BYTES;
    floors.into_iter().take(room.min(FLOORS_AT_ONCE)).map(|(_, floor)| floor).collect()
}

/// Our floors of streams that one side does not want of the other: some at a time, in turn.
fn known_of_pruned(link: &Link, table: &super::table::Table, turn: u32) -> Vec<FloorItem> {
    let pruned = |key: &StreamKey, out: &super::outgoing::Outgoing| {
        out.declared == Declared::Yes && (out.pruned || link.doubled.get(key) == Some(&PRUNED))
    };
    let of: Vec<_> = link.streams.iter().filter(|(key, out)| pruned(key, out)).collect();
    let from = usize::try_from(turn).unwrap_or(0) * KNOWN_AT_ONCE % of.len().max(1);
    let some = of.iter().cycle().skip(from).take(of.len().min(KNOWN_AT_ONCE));
    let known = some.filter_map(|(key, out)| Some((out.index, table.stream(**key)?.floor)));
    known.map(|(index, floor)| FloorItem { index, floor, forget: false }).collect()
}

/// What streams look like of which the neighbour lacks nothing: some at a time, in turn.
fn checks(link: &Link, table: &super::table::Table, turn: u32, room: usize) -> Vec<CheckItem> {
    let clean: Vec<(&StreamKey, u16)> = link
        .streams
        .iter()
        .filter(|(_, out)| out.declared == Declared::Yes && (out.is_clean() || out.pruned))
        .map(|(key, out)| (key, out.index))
        .collect();
    let many = room.clamp(1, 8);
    let from = usize::try_from(turn).unwrap_or(0) * many % clean.len().max(1);
    let some = clean.iter().cycle().skip(from).take(many.min(clean.len()));
    let check = |(key, index): &(&StreamKey, u16)| {
        table.stream(**key).map(|stream| CheckItem { index: *index, top: stream.top, hash: stream.hash })
    };
    some.filter_map(check).collect()
}

impl Link {
    /// When to go on with what concerns many rows.
    fn next_slice(&self) -> Option<Span> {
        self.bearer.filter(|_| self.ready)?;
        self.slice_at.into_iter().chain(self.plan.next_slice()).min()
    }

    /// Whether rows of a stream may come over this link unasked.
    pub(super) fn feeds(&self, stream: StreamKey) -> bool {
        self.forged == 0
            && self.doubled.get(&stream).is_none_or(|count| *count != PRUNED)
            && self.heard.values().any(|heard| heard.stream == stream)
    }
}
