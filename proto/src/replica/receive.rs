//! What a packet does to a replica.
//!
//! A packet that makes sense is taken in and acknowledged. One that does not is neither: its sender takes it for lost
//! and tells what it told anew.

use std::collections::BTreeSet;

use fusion_core::time::Span;
use fusion_core::track::{NodeId, Origin};

use super::table::Standing;
use super::{LinkId, Now, Refused, Replica, Signatures};
use crate::codec::decode_greeting;
use crate::packet::item::{self, CheckItem, FloorItem, StreamKey};
use crate::packet::octets::Reader;
use crate::packet::{Acks, Header, Item, Packet, PacketError, open};
use crate::row::delta::Basis;
use crate::row::wire::{self, RowError};
use crate::row::{Kind, RowKey, Tick};

/// Acknowledgements wait so long for a packet to go with; the second packet does not wait.
const ACK_PAUSE: Span = Span::from_millis(100);
/// A stream may be asked for again once in so long.
pub(super) const REPAIR_PAUSE: Span = Span::from_secs(120);
/// For so long a pruned stream may lag behind what a neighbour is known to hold.
const PATIENCE: Span = Span::from_secs(4);
/// So many doubled rows of a stream, and it is not wanted on this link.
const DOUBLED: u8 = 4;

impl Replica {
    /// A packet came over a link.
    ///
    /// # Errors
    /// [`Refused`] if it was not taken in. Nothing needs to be done about it.
    pub fn handle_packet(&mut self, id: LinkId, bytes: &[u8], now: Now) -> Result<(), Refused> {
        self.now = now;
        let done = self.take_packet(id, bytes);
        match done {
            Ok(()) => self.tally.packets_taken += 1,
            Err(Refused::Strange | Refused::Stale | Refused::NoLink) => self.tally.packets_strange += 1,
            Err(Refused::BaseUnknown) => self.tally.bases_unknown += 1,
            Err(Refused::Full) => self.tally.streams_full += 1,
            Err(Refused::Forged) => self.tally.rows_own += 1,
            Err(Refused::Denied) => self.tally.denied += 1,
            Err(Refused::Packet(_) | Refused::Greeting | Refused::Undeclared(_)) => self.tally.packets_refused += 1,
        }
        done
    }

    fn take_packet(&mut self, id: LinkId, bytes: &[u8]) -> Result<(), Refused> {
        let packet = open(bytes).map_err(Refused::Packet)?;
        let link = self.links.get_mut(&id).filter(|link| link.bearer.is_some()).ok_or(Refused::NoLink)?;
        match packet {
            Packet::Hello(payload) => self.take_greeting(id, payload),
            Packet::Data(header, items) => {
                if Some(header.from) != link.neighbour_tag() || header.to != link.tag() {
                    // One of us does not know the other's session: say ours, now and then.
                    let at = self.now.elapsed + Span::from_millis(500);
                    link.greet_at = Some(link.greet_at.map_or(at, |due| due.min(at)));
                    return Err(Refused::Strange);
                }
                link.greeted = true;
                self.take_data(id, header, items)
            }
        }
    }

    fn take_greeting(&mut self, id: LinkId, payload: &[u8]) -> Result<(), Refused> {
        let greeting = decode_greeting(payload).map_err(|_| Refused::Greeting)?;
        let origin = Origin { node: NodeId(greeting.node), incarnation: greeting.incarnation };
        if origin.node == self.me.node {
            return Err(Refused::Stale);
        }
        let Some(link) = self.links.get_mut(&id) else { return Err(Refused::NoLink) };
        if self.table.standing(origin) == Standing::Denied {
            return Err(Refused::Denied);
        }
        // Anybody can say that a node lives anew; where signatures count, its first seal does.
        if self.config.signatures == Signatures::Off {
            self.table.note_life(origin);
        }
        if link.handle_greeting(origin, &greeting, self.now.elapsed) {
            link.begin_digest(&self.table, self.now.elapsed);
            self.keyring.offer(link);
        }
        Ok(())
    }

    fn take_data(&mut self, id: LinkId, header: Header, items: &[u8]) -> Result<(), Refused> {
        if let Some(acks) = header.acks {
            self.take_acks(id, acks);
        }
        let Some(number) = header.number else { return Ok(()) };
        let Some(link) = self.links.get_mut(&id) else { return Err(Refused::NoLink) };
        if !link.received.is_new(number) {
            self.tally.packets_doubled += 1;
            link.ack_at = Some(link.ack_at.unwrap_or(self.now.elapsed + ACK_PAUSE));
            return Ok(());
        }
        self.take_items(id, items)?;
        let Some(link) = self.links.get_mut(&id) else { return Err(Refused::NoLink) };
        link.received.note(number);
        let later = self.now.elapsed + ACK_PAUSE;
        link.ack_at = Some(if link.ack_at.is_some() { self.now.elapsed } else { later });
        Ok(())
    }

    fn take_acks(&mut self, id: LinkId, acks: Acks) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let (came, lost) = link.flight.handle_acks(acks);
        for sent in &came {
            link.pace.handle_resolved(sent, true, self.now.elapsed);
            link.handle_came(sent, &self.table);
        }
        if !came.is_empty() {
            self.tally.rows_looked_at += link.go_on(&self.table, self.now.elapsed) as u64;
        }
        for sent in &lost {
            link.pace.handle_resolved(sent, false, self.now.elapsed);
            link.handle_lost(sent);
        }
        self.tally.packets_lost += lost.len() as u64;
    }

    /// Takes for lost what was not acknowledged in time.
    pub(super) fn give_up_lost(&mut self) {
        for link in self.links.values_mut() {
            let Some(bearer) = link.bearer else { continue };
            let lost = link.flight.sent_before(self.now.elapsed - link.pace.patience(bearer.mtu));
            for sent in &lost {
                link.pace.handle_resolved(sent, false, self.now.elapsed);
                link.handle_lost(sent);
            }
            self.tally.packets_lost += lost.len() as u64;
        }
    }

    fn take_items(&mut self, id: LinkId, items: &[u8]) -> Result<(), Refused> {
        let mut reader = Reader::new(items);
        while !reader.rest().is_empty() {
            let at = reader.at();
            let item = item::get(&mut reader).ok_or(Refused::Packet(PacketError::Malformed(at)))?;
            if let Item::Rows { index, count, first, newest, bits } = item {
                let used = self.take_rows(id, index, count, first, newest, bits, at)?;
                reader.bytes(used);
            } else {
                self.take_item(id, item)?;
            }
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one item")]
    fn take_rows(
        &mut self,
        id: LinkId,
        index: u16,
        count: u8,
        first: u32,
        newest: Tick,
        bits: &[u8],
        at: usize,
    ) -> Result<usize, Refused> {
        let stream = self.heard(id, index)?;
        let declared = self.links.get(&id).and_then(|link| link.heard.get(&index)).copied();
        let (table, porch) = (&self.table, &self.porch);
        let mut base = |handle, version| {
            let base = table.base(stream, handle, version).or_else(|| porch.base(id, stream, handle, version));
            let is_held = || table.row(stream, RowKey { kind: Kind::Track, handle }).is_some();
            if base.is_none() && !table.has_room(stream.origin) && !is_held() { Basis::NoRoom } else { base.into() }
        };
        let (rows, used) = wire::decode(bits, count, first, newest, &mut base).map_err(|error| match error {
            RowError::Malformed => Refused::Packet(PacketError::Malformed(at)),
            RowError::BaseUnknown => Refused::BaseUnknown,
        })?;
        let passed_over = u64::from(count) - rows.len() as u64;
        if passed_over > 0 {
            // To be asked for again once there is room; refused, the packet would take all others with it.
            self.tally.rows_full += passed_over;
            self.table.stream_mut(stream).into_iter().for_each(|open| open.incomplete = true);
        }
        if stream.origin == self.me {
            let written = self.table.stream(stream).map_or(0, |own| own.top);
            let forged = rows.iter().any(|row| row.version > written);
            return if forged { Err(Refused::Forged) } else { self.take_own(id, stream, &rows, used) };
        }
        for row in rows {
            match (self.config.signatures, &declared) {
                (Signatures::Required, Some(declared)) => self.judge(id, declared, row),
                (Signatures::Required | Signatures::Off, _) => drop(self.take_row(id, stream, row)),
            }
        }
        Ok(used)
    }

    /// Rows of our own that come back: whoever sent them holds them.
    fn take_own(
        &mut self,
        id: LinkId,
        stream: StreamKey,
        rows: &[crate::row::Row],
        used: usize,
    ) -> Result<usize, Refused> {
        let Some(link) = self.links.get_mut(&id) else { return Err(Refused::NoLink) };
        for row in rows {
            let current = self.table.row(stream, row.key).map(|held| held.version);
            if let Some(outgoing) = link.streams.get_mut(&stream) {
                outgoing.handle_acked(row.key, row.version, current);
            }
        }
        self.tally.rows_doubled += rows.len() as u64;
        Ok(used)
    }

    fn take_item(&mut self, id: LinkId, item: Item<'_>) -> Result<(), Refused> {
        match item {
            Item::Stream(declaration) => return self.take_declaration(id, *declaration),
            Item::Floors(era, floors) => self.take_floors(id, era, &floors)?,
            Item::Digest(era, part, parts, floors) => {
                let Some(link) = self.links.get_mut(&id) else { return Err(Refused::NoLink) };
                if link.handle_digest_part(era, part, parts, &floors) {
                    link.handle_digest(&self.table, self.now.elapsed);
                }
            }
            Item::Know(floors) => self.take_know(id, &floors)?,
            Item::Prune(streams) => self.set_pruned(id, &streams, true),
            Item::Graft(streams) => self.set_pruned(id, &streams, false),
            Item::Check(checks) => self.take_checks(id, &checks)?,
            Item::Again(era, streams) => self.take_again(id, era, &streams),
            Item::Clock(millis) => self.take_clock(id, millis),
            Item::Piece(piece) => self.take_piece(id, piece),
            Item::Rows { .. } => {}
        }
        Ok(())
    }

    fn take_declaration(&mut self, id: LinkId, declaration: item::Declaration) -> Result<(), Refused> {
        let stream = declaration.stream;
        let known = self.table.stream(stream).map(|known| (known.label, known.layer));
        // Where signatures count, the first seal says under which label the stream is; see `porch`.
        if self.config.signatures == Signatures::Required && stream.origin != self.me {
            let link = self.links.get_mut(&id).ok_or(Refused::NoLink)?;
            return if link.handle_declaration(declaration, &self.table) { Ok(()) } else { Err(Refused::Full) };
        }
        // Who may see a stream never changes; another label for the same would be a leak in the making.
        if known.is_some_and(|known| known != (declaration.label, declaration.layer)) {
            return Err(Refused::Forged);
        }
        if stream.origin == self.me && known.is_none() {
            return Err(Refused::Forged);
        }
        self.table.open(stream, declaration.label, declaration.layer).ok_or(Refused::Full)?;
        let link = self.links.get_mut(&id).ok_or(Refused::NoLink)?;
        if link.handle_declaration(declaration, &self.table) { Ok(()) } else { Err(Refused::Full) }
    }

    /// The neighbour tells up to where we hold everything.
    fn take_floors(&mut self, id: LinkId, era: u8, floors: &[FloorItem]) -> Result<(), Refused> {
        let of_now = self.links.get(&id).is_some_and(|link| link.era == era);
        for floor in floors.iter().filter(|_| of_now) {
            let key = self.heard(id, floor.index)?;
            // Where signatures count, they say what is held: a neighbour's word could keep us from asking.
            if key.origin == self.me || self.config.signatures == Signatures::Required {
                continue;
            }
            if let Some(stream) = self.table.stream_mut(key).filter(|stream| !stream.incomplete) {
                stream.floor = stream.floor.max(floor.floor);
            }
        }
        Ok(())
    }

    /// The neighbour tells up to where it holds everything.
    fn take_know(&mut self, id: LinkId, floors: &[FloorItem]) -> Result<(), Refused> {
        for floor in floors {
            let key = self.heard(id, floor.index)?;
            self.note_known(id, key, floor.floor);
            let outgoing = self.links.get_mut(&id).and_then(|link| link.streams.get_mut(&key));
            if let Some(outgoing) = outgoing {
                outgoing.handle_floor(floor.floor);
            }
        }
        if let Some(link) = self.links.get_mut(&id) {
            self.tally.rows_looked_at += link.go_on(&self.table, self.now.elapsed) as u64;
        }
        Ok(())
    }

    /// A neighbour that was asked not to send a stream holds more of it than we do: if that stays so, it is asked
    /// again.
    fn note_known(&mut self, id: LinkId, key: StreamKey, floor: u32) {
        let ours = self.table.stream(key).map_or(0, |stream| stream.floor);
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.doubled.get(&key) != Some(&PRUNED) || floor <= ours {
            link.behind.remove(&key);
            return;
        }
        let since = *link.behind.entry(key).or_insert((self.now.elapsed, floor));
        if self.now.elapsed - since.0 >= PATIENCE && ours < since.1 {
            link.behind.remove(&key);
            link.doubled.remove(&key);
            link.prune_due.push_back((key, false));
            self.tally.grafts += 1;
        } else if ours >= since.1 {
            link.behind.insert(key, (self.now.elapsed, floor));
        }
    }

    fn set_pruned(&mut self, id: LinkId, streams: &[u16], pruned: bool) {
        let Some(link) = self.links.get_mut(&id) else { return };
        for &index in streams {
            if let Some((_, outgoing)) = link.by_index(index) {
                outgoing.pruned = pruned;
            }
        }
        link.plan.stale = true;
    }

    /// The neighbour holds less than it acknowledged.
    fn take_again(&mut self, id: LinkId, era: u8, streams: &[u16]) {
        let Some(link) = self.links.get_mut(&id) else { return };
        link.handle_again(era, streams);
        self.tally.rows_looked_at += link.go_on(&self.table, self.now.elapsed) as u64;
    }

    /// Compares what streams look like on both sides. A difference that stays, while both have seen the same newest
    /// version and neither moves, is one that floors and acknowledgements did not account for.
    fn take_checks(&mut self, id: LinkId, checks: &[CheckItem]) -> Result<(), Refused> {
        for check in checks {
            let key = self.heard(id, check.index)?;
            let Some(stream) = self.table.stream(key) else { continue };
            let (top, hash) = (stream.top, stream.hash);
            let Some(link) = self.links.get_mut(&id) else { return Err(Refused::NoLink) };
            if (check.top, check.hash) == (top, hash) || check.top != top || key.origin == self.me {
                link.unlike.remove(&key);
                continue;
            }
            let seen = link.unlike.insert(key, (check.top, check.hash, hash));
            if seen == Some((check.top, check.hash, hash)) && link.repair_at <= self.now.elapsed {
                link.repair_at = self.now.elapsed + REPAIR_PAUSE;
                self.tally.checks_failed += 1;
                self.ask_again(key);
            }
        }
        Ok(())
    }

    /// Asks every neighbour for all that it holds of a stream: what was taken for granted is not any more.
    pub(super) fn ask_again(&mut self, key: StreamKey) {
        let Some(stream) = self.table.stream_mut(key) else { return };
        (stream.floor, stream.incomplete) = (0, false);
        // Links that are down, too: their next digest has to say it.
        self.links.values_mut().for_each(|link| link.ask_again(key));
    }

    /// Streams of which rows were refused, once there is room again.
    pub(super) fn ask_again_where_incomplete(&mut self) {
        if self.table.len() * 10 > self.config.rows_max * 9 {
            return;
        }
        let lacking = self.table.streams().filter(|(_, stream)| stream.incomplete).map(|(key, _)| key);
        for key in lacking.collect::<Vec<_>>() {
            self.ask_again(key);
        }
    }

    fn take_clock(&mut self, id: LinkId, millis: i64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let ahead = millis.saturating_sub(self.now.validity.as_millis());
        // What comes late looks behind: the most that was seen ahead is the nearest to the truth.
        link.clock_ahead_ms = Some(link.clock_ahead_ms.map_or(ahead, |most| most.max(ahead)));
    }

    fn heard(&self, id: LinkId, index: u16) -> Result<StreamKey, Refused> {
        let link = self.links.get(&id).ok_or(Refused::NoLink)?;
        link.heard.get(&index).map(|declaration| declaration.stream).ok_or(Refused::Undeclared(index))
    }

    /// A row came that was held already: when that goes on, the stream comes another way, and need not come this one.
    pub(super) fn note_doubled(&mut self, id: LinkId, stream: StreamKey) {
        self.tally.rows_doubled += 1;
        let others = self.links.iter().any(|(other, link)| *other != id && link.ready && link.feeds(stream));
        let Some(link) = self.links.get_mut(&id) else { return };
        let count = link.doubled.entry(stream).or_default();
        *count = count.saturating_add(1);
        if others && *count >= DOUBLED && link.neighbour.is_some_and(|n| n.origin != stream.origin) {
            link.doubled.insert(stream, PRUNED);
            link.prune_due.push_back((stream, true));
            self.tally.prunes += 1;
        }
    }

    /// A link is down: of what came over it alone, what was not wanted on others is wanted again.
    pub(super) fn graft_elsewhere(&mut self, down: LinkId) {
        let mut fed = BTreeSet::new();
        for (_, link) in self.links.iter().filter(|(id, link)| **id != down && link.ready) {
            fed.extend(link.heard.values().map(|heard| heard.stream).filter(|stream| link.feeds(*stream)));
        }
        for (_, link) in self.links.iter_mut().filter(|(id, link)| **id != down && link.ready) {
            let pruned = link.doubled.iter().filter(|(key, count)| **count == PRUNED && !fed.contains(*key));
            for key in pruned.map(|(key, _)| *key).collect::<Vec<_>>() {
                link.doubled.remove(&key);
                link.prune_due.push_back((key, false));
                self.tally.grafts += 1;
            }
        }
    }
}

/// The count that says that the neighbour was asked not to send a stream.
pub(super) const PRUNED: u8 = u8::MAX;
