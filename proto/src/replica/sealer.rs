//! How a node seals what it writes.
//!
//! What is to be told is gathered, and once in an interval written at once: rows, and behind them seals over these very
//! versions ([`Seal`]). So whatever a node tells of its own is sealed in the version that it tells, and what changed
//! several times in between is told once.
//!
//! Seals stand in a ring, by count. Its oldest is let go when nothing that it covers is alive; what is, is covered by a
//! new one beside what is new, as soon as there are twice as many seals as the live rows need, or it is old. So a
//! row that never changes costs one entry in that time, and the ring is in proportion to what is alive.

use std::collections::{BTreeMap, VecDeque};

use fusion_core::time::{Span, Timestamp};

use super::proof::StreamProof;
use super::writer::{Desk, UPPER};
use crate::packet::item::StreamKey;
use crate::passport::SigningKey;
use crate::row::seal::{Covered, SIGNATURE_BYTES, Seal};
use crate::row::{Body, Kind, Lifetime, RowKey, Tick};

/// What is written first after a pause waits so long for what belongs to it.
const GATHER: Span = Span::from_millis(50);

/// What an older seal covers is covered anew: long before the seal has outlived its lifetime.
const OLD: Span = Span::from_secs(600);

/// Seals alive in a stream, though fewer would do.
const SPARE: usize = 8;

/// A row in one version.
type Version = (RowKey, u32);

/// A seal that was written, as far as it must be known.
#[derive(Clone, Debug)]
struct Written {
    count: u32,
    time: Timestamp,
    rows: Vec<Version>,
}

/// The seals of one stream.
#[derive(Clone, Debug, Default)]
struct Ring {
    alive: VecDeque<Written>,
    count: u32,
    /// The oldest, as the last seal said.
    told: u32,
}

/// What is to be written, and what was sealed.
#[derive(Clone, Debug)]
pub(super) struct Sealer {
    key: SigningKey,
    interval: Span,
    packet: usize,
    drafts: BTreeMap<(u8, RowKey), (Tick, Body)>,
    rings: BTreeMap<u8, Ring>,
    last: Option<Span>,
    due: Option<Span>,
}

impl Sealer {
    /// Seals with a key, once in an interval, for packets of so many octets.
    pub(super) const fn new(key: SigningKey, interval: Span, packet: usize) -> Self {
        Self { key, interval, packet, drafts: BTreeMap::new(), rings: BTreeMap::new(), last: None, due: None }
    }

    /// A row is to be written, in the place of what was to be written of it before.
    pub(super) fn draft(&mut self, number: u8, key: RowKey, tick: Tick, body: Body) {
        self.drafts.insert((number, key), (tick, body));
    }

    /// What is to be written of a row.
    pub(super) fn drafted(&self, number: u8, key: RowKey) -> Option<&Body> {
        self.drafts.get(&(number, key)).map(|(_, body)| body)
    }

    /// A track is over: what else was to be told of it need not be.
    pub(super) fn forget_track(&mut self, number: u8, handle: u16) {
        for kind in [Kind::Track, Kind::Attributes] {
            self.drafts.remove(&(number, RowKey { kind, handle }));
        }
        self.drafts.remove(&(number | UPPER, RowKey { kind: Kind::Refinement, handle }));
    }

    /// When to write.
    pub(super) const fn due(&self) -> Option<Span> {
        self.due
    }

    /// After something was drafted, or time has passed: says when to write.
    pub(super) fn arrange(&mut self, now: Span, validity: Timestamp) {
        let old = |ring: &Ring| ring.alive.front().is_some_and(|first| validity - first.time > OLD);
        if self.due.is_none() && (!self.drafts.is_empty() || self.rings.values().any(old)) {
            let next = self.last.map_or(now, |last| last + self.interval);
            self.due = Some(next.max(now + GATHER));
        }
    }

    /// All that is to be written, by stream; of every stream that has seals, be it nothing.
    fn take(&mut self) -> BTreeMap<u8, Vec<(RowKey, Tick, Body)>> {
        let mut all: BTreeMap<u8, Vec<_>> = self.rings.keys().map(|number| (*number, Vec::new())).collect();
        for ((number, key), (tick, body)) in core::mem::take(&mut self.drafts) {
            all.entry(number).or_default().push((key, tick, body));
        }
        all
    }
}

impl Desk<'_> {
    /// Writes what was drafted, and seals it.
    pub(super) fn commit(&mut self, now: Span) {
        let Some(sealer) = self.sealer.take() else { return };
        (sealer.due, sealer.last) = (None, Some(now));
        for (number, drafts) in sealer.take() {
            let put = |(key, tick, body)| self.put(number, key, tick, body).map(|version| (key, version));
            let rows: Vec<Version> = drafts.into_iter().filter_map(put).collect();
            self.seal(sealer, number, rows);
        }
        self.sealer = Some(sealer);
    }

    /// Seals rows that were just written, and what has to be sealed anew.
    fn seal(&mut self, sealer: &mut Sealer, number: u8, mut rows: Vec<Version>) {
        let stream = self.key(number);
        let ring = sealer.rings.entry(number).or_default();
        self.clean(ring, stream, Seal::fitting(0..u32::MAX, sealer.packet), &mut rows);
        rows.sort_unstable_by_key(|(_, version)| *version);
        let mut left = rows.as_slice();
        while !left.is_empty() {
            let fitting = Seal::fitting(left.iter().map(|(_, version)| *version), sealer.packet);
            let (batch, others) = left.split_at(fitting);
            left = others;
            ring.count += 1;
            ring.alive.push_back(Written { count: ring.count, time: self.now, rows: batch.to_vec() });
            if left.is_empty() {
                // Only now all that was alive is covered again.
                ring.told = ring.alive.front().map_or(ring.count, |first| first.count);
            }
            let oldest = if ring.told == 0 { 1 } else { ring.told };
            self.put_seal(&sealer.key, number, (ring.count, oldest, left.is_empty()), batch);
        }
    }

    /// Takes from the ring what is not needed, and what of it is to be covered anew.
    fn clean(&self, ring: &mut Ring, stream: StreamKey, most: usize, rows: &mut Vec<Version>) {
        let held = self.table.stream(stream).map_or(0, |open| open.len().saturating_sub(ring.alive.len()));
        let enough = SPARE + 2 * held.div_ceil(most);
        let is_alive =
            |&(key, version): &Version| self.table.row(stream, key).is_some_and(|held| held.version == version);
        while let Some(first) = ring.alive.front() {
            let alive: Vec<Version> = first.rows.iter().copied().filter(is_alive).collect();
            let many = ring.alive.len() + rows.len().div_ceil(most) > enough;
            if !alive.is_empty() && !many && self.now - first.time <= OLD {
                return;
            }
            rows.extend(alive);
            ring.alive.pop_front();
        }
    }

    fn put_seal(&mut self, signing: &SigningKey, number: u8, place: (u32, u32, bool), batch: &[Version]) {
        let (count, oldest, last) = place;
        let stream = self.key(number);
        let Some(open) = self.table.stream(stream) else { return };
        let proof = StreamProof::of(stream, open.layer, &open.label);
        let covered = batch.iter().filter_map(|&(key, version)| {
            let held = open.row(key)?;
            Some(Covered { key, version, mark: proof.mark(&held.row(key)) })
        });
        let covered: Vec<Covered> = covered.collect();
        let said = covered.iter().any(|covered| covered.key.kind == Kind::Assertion);
        // In the upper layer stand refinements alone.
        let lifetime = match open.layer {
            0 if said => Lifetime::Day,
            0 => Lifetime::Ground,
            _ => Lifetime::Brief,
        };
        let mut seal = Seal { count, oldest, last, lifetime, covered, signature: [0; SIGNATURE_BYTES] };
        let [low, high, ..] = count.to_le_bytes();
        let key = RowKey { kind: Kind::Seal, handle: u16::from_le_bytes([low, high]) };
        let (version, tick) = (open.top.saturating_add(1), Tick::nearest(self.now));
        seal.signature = proof.sign(signing, (key, version, tick), &seal);
        self.tally.seals_written += u64::from(self.put(number, key, tick, Body::Seal(Box::new(seal))).is_some());
    }
}
