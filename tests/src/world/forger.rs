//! A captured node: it has its own key and everything that it was ever told, and lies in the name of others.
//!
//! Its replica runs as any other; what it sends is changed on its way out, with good checksums and acknowledgements.

use std::collections::BTreeMap;

use fusion_core::time::Span;
use fusion_core::track::{Origin, TrackNumber};
use proto::packet::item::{self, Declaration, Piece, StreamKey};
use proto::packet::octets::{Octets, Reader};
use proto::packet::{self, Item, Packet};
use proto::passport::SigningKey;
use proto::replica::proof::StreamProof;
use proto::replica::{LinkId, Replica};
use proto::row::seal::{Covered, Seal};
use proto::row::wire::{self, Packed};
use proto::row::{Body, Kind, Lifetime, Row, RowKey};

use super::keys;
use super::node::BEGIN;
use super::random::Random;
use super::tracks::open_label;

/// What it remembers of the past, in rows.
const PAST: usize = 400;

/// An index that no honest stream has here.
const STRANGE: u16 = 0x3000;

/// A forger.
pub struct Forger {
    random: Random,
    key: SigningKey,
    /// What it has declared, by link and index.
    declared: BTreeMap<(LinkId, u16), Declaration>,
    past: Vec<(Declaration, Row)>,
    /// Lies told, by what they were.
    pub lies: BTreeMap<&'static str, u64>,
}

/// A part of a packet.
enum Part<'a> {
    Item(Item<'a>),
    Rows(u16, Vec<Row>),
}

impl Forger {
    /// One with this key of its own.
    #[must_use]
    pub const fn new(random: Random, key: SigningKey) -> Self {
        Self { random, key, declared: BTreeMap::new(), past: Vec::new(), lies: BTreeMap::new() }
    }

    /// What it sends in the place of a packet of its replica.
    pub fn tamper(&mut self, replica: &Replica, link: LinkId, bytes: Vec<u8>, mtu: usize) -> Vec<u8> {
        let Ok(Packet::Data(header, items)) = packet::open(&bytes) else { return bytes };
        if header.number.is_none() {
            return bytes;
        }
        let Some(mut parts) = self.take_apart(replica, link, items) else { return bytes };
        if self.random.chance(0.3) {
            self.lie(replica.me(), link, &mut parts);
        }
        let forged = packet::data(&header, &put_together(&parts));
        if forged.len() <= mtu { forged } else { bytes }
    }

    fn take_apart<'a>(&mut self, replica: &Replica, link: LinkId, items: &'a [u8]) -> Option<Vec<Part<'a>>> {
        let (mut reader, mut parts) = (Reader::new(items), Vec::new());
        while !reader.rest().is_empty() {
            match item::get(&mut reader)? {
                Item::Rows { index, count, first, newest, bits } => {
                    let declared = *self.declared.get(&(link, index))?;
                    let mut base = |handle, version| replica.table().base(declared.stream, handle, version).into();
                    let (rows, used) = wire::decode(bits, count, first, newest, &mut base).ok()?;
                    reader.bytes(used);
                    if declared.stream.origin.node != replica.me().node {
                        self.past.extend(rows.iter().map(|row| (declared, row.clone())));
                    }
                    parts.push(Part::Rows(index, rows));
                }
                Item::Stream(declared) => {
                    self.declared.insert((link, declared.index), *declared);
                    parts.push(Part::Item(Item::Stream(declared)));
                }
                item @ (Item::Floors(..)
                | Item::Digest(..)
                | Item::Know(_)
                | Item::Prune(_)
                | Item::Graft(_)
                | Item::Check(_)
                | Item::Again(..)
                | Item::Clock(_)
                | Item::Piece(_)) => parts.push(Part::Item(item)),
            }
        }
        let over = self.past.len().saturating_sub(PAST);
        self.past.drain(..over);
        Some(parts)
    }

    fn lie(&mut self, me: Origin, link: LinkId, parts: &mut Vec<Part<'_>>) {
        let lie = self.random.below(9);
        for part in &mut *parts {
            match part {
                Part::Rows(index, rows) => {
                    let declared = self.declared.get(&(link, *index)).copied();
                    if let Some(declared) = declared.filter(|declared| declared.stream.origin.node != me.node) {
                        self.lie_in_rows(lie, &declared, rows);
                    }
                }
                Part::Item(Item::Stream(declared)) if lie == 5 && declared.stream.origin.node != me.node => {
                    declared.label = open_label();
                    self.note("label");
                }
                Part::Item(Item::Floors(_, floors)) if lie == 6 => {
                    floors.iter_mut().for_each(|floor| floor.floor = u32::MAX - 1);
                    self.note("floor");
                }
                Part::Item(_) => {}
            }
        }
        match lie {
            7 => self.tell_another_life(link, parts),
            8 => self.tell_papers(parts),
            _ => {}
        }
    }

    fn lie_in_rows(&mut self, lie: u64, declared: &Declaration, rows: &mut Vec<Row>) {
        match lie {
            0 => rows.iter_mut().for_each(alter),
            1 => self.invent(declared, rows),
            2 => rows.iter_mut().for_each(|row| row.version = u32::MAX - row.version),
            3 => self.repeat(declared.stream, rows, false),
            4 => self.repeat(declared.stream, rows, true),
            _ => rows.retain(|row| !matches!(row.body, Body::Gone(_))),
        }
        self.note(
            ["altered", "invented", "ahead", "repeated", "old as new", "ends dropped"]
                [usize::try_from(lie).map_or(5, |lie| lie.min(5))],
        );
    }

    /// Another track beside each, and a seal over them, with its own key.
    fn invent(&mut self, declared: &Declaration, rows: &mut Vec<Row>) {
        let Some(top) = rows.iter().map(|row| row.version).max() else { return };
        let mut invented: Vec<Row> = rows.iter().filter(|row| row.key.kind != Kind::Seal).cloned().collect();
        invented.truncate(2);
        for (row, further) in invented.iter_mut().zip(1..) {
            row.key.handle = row.key.handle.wrapping_add(7000);
            row.version = top.saturating_add(further);
            if let Body::Attributes(attributes) = &mut row.body {
                attributes.number = TrackNumber(attributes.number.0 ^ 0xFFFF);
            }
        }
        let proof = StreamProof::of(declared.stream, declared.layer, &declared.label);
        let cover = |row: &Row| Covered { key: row.key, version: row.version, mark: proof.mark(row) };
        let covered: Vec<Covered> = invented.iter().map(cover).collect();
        let count = u32::from(u16::MAX) / 2;
        let mut seal =
            Seal { count, oldest: count, last: true, lifetime: Lifetime::Ground, covered, signature: [0; 64] };
        let Some(last) = invented.last().cloned() else { return };
        let key = RowKey { kind: Kind::Seal, handle: u16::MAX / 2 };
        let version = last.version.saturating_add(1);
        seal.signature = proof.sign(&self.key, (key, version, last.tick), &seal);
        rows.extend(invented);
        rows.push(Row { key, version, tick: last.tick, body: Body::Seal(Box::new(seal)) });
    }

    /// What it said once: as it was, or under the version of what it says now.
    fn repeat(&mut self, stream: StreamKey, rows: &mut [Row], as_new: bool) {
        for row in rows {
            let past: Vec<&Row> = self.past.iter().filter(|(of, _)| of.stream == stream).map(|(_, row)| row).collect();
            let Some(old) = past.get(self.random.index(past.len().max(1))) else { continue };
            let version = if as_new { row.version } else { old.version };
            *row = Row { version, ..(*old).clone() };
        }
    }

    /// A life that is over, as it was; or one that never was.
    fn tell_another_life(&mut self, link: LinkId, parts: &mut Vec<Part<'_>>) {
        // To whom it may tell it: that it could tell others is nothing that signatures prevent.
        let may = |of: &Declaration| self.declared.iter().any(|(at, each)| at.0 == link && each.stream == of.stream);
        let told: Vec<Declaration> = self.past.iter().map(|(of, _)| *of).filter(may).collect();
        if told.is_empty() {
            return;
        }
        let mut declared = told[self.random.index(told.len())];
        let stream = declared.stream;
        let mut rows: Vec<Row> =
            self.past.iter().filter(|(of, _)| of.stream == stream).map(|(_, row)| row.clone()).take(3).collect();
        rows.sort_by_key(|row| row.version);
        declared.index = STRANGE;
        if self.random.chance(0.5) {
            declared.stream.origin.incarnation += 1000;
            declared.index += 1;
        }
        parts.push(Part::Item(Item::Stream(Box::new(declared))));
        parts.push(Part::Rows(declared.index, rows));
        self.note("another life");
    }

    /// A passport that gives another's name its own key, or a list that denies another: signed by itself.
    fn tell_papers(&mut self, parts: &mut Vec<Part<'_>>) {
        let Some((declared, _)) = self.past.first() else { return };
        let node = declared.stream.origin.node;
        let until = BEGIN + Span::from_secs(200_000);
        let (kind, octets) = if self.random.chance(0.5) {
            (0, keys::passport(&self.key, node, &self.key, until).encode())
        } else {
            (1, keys::deny_list(&self.key, 99, &[node]).encode())
        };
        let tag = self.random.bits();
        let count = u8::try_from(octets.len().div_ceil(100)).expect("short");
        for (part, octets) in (0..).zip(octets.chunks(100)) {
            parts.push(Part::Item(Item::Piece(Piece { kind, tag, part, parts: count, octets: octets.to_vec() })));
        }
        self.note("papers");
    }

    fn note(&mut self, lie: &'static str) {
        *self.lies.entry(lie).or_default() += 1;
    }
}

fn alter(row: &mut Row) {
    match &mut row.body {
        Body::Track(kinematic) => kinematic.latitude = (kinematic.latitude + 5000) & ((1 << 25) - 1),
        Body::Attributes(attributes) => attributes.number = TrackNumber(attributes.number.0 ^ 1),
        Body::Seal(seal) => seal.covered.iter_mut().for_each(|covered| covered.mark ^= 1),
        Body::Refinement(_) | Body::Bearing(_) | Body::Sensor(_) | Body::Assertion(_) => {}
        Body::Registration(_) | Body::Gone(_) => {}
    }
}

fn put_together(parts: &[Part<'_>]) -> Vec<u8> {
    let mut out = Octets::default();
    for part in parts {
        match part {
            Part::Item(each) => item::put(&mut out, each),
            Part::Rows(index, rows) => {
                let count = u8::try_from(rows.len()).unwrap_or(u8::MAX);
                let packed = rows.iter().take(count.into()).map(|row| Packed::new(row, None)).collect();
                let (first, newest, bits) = wire::encode(packed);
                item::put(&mut out, &Item::Rows { index: *index, count, first, newest, bits: &bits });
            }
        }
    }
    out.into_bytes()
}
