//! What this node writes: streams by label, handles, versions, sensors' names.
//!
//! A track has a handle in the stream of its label. When its label changes it ends in one stream and begins in another:
//! whoever may see one of them only, sees an end or a beginning. Handles go round; one that is still held, or whose end
//! is, is passed over.

use std::collections::BTreeMap;
use std::ops::Bound;

use fusion_core::label::Label;
use fusion_core::time::Timestamp;
use fusion_core::track::{Origin, TrackId, TrackNumber, TrackStatus};

use super::table::{Accepted, Table};
use super::tally::Tally;
use crate::packet::item::StreamKey;
use crate::record::TrackRecord;
use crate::row::assertion::Hybrid;
use crate::row::gate::{self, GateWidth};
use crate::row::kinematic::Kinematic;
use crate::row::{
    Assertion, Attributes, Bearing, Body, Kind, Lifetime, Refinement, Registration, Row, RowKey, Tick, text,
};

/// Labels that a node's own records may have at one time.
///
/// Counter: `Tally::labels_full`. A record of a further one is not written.
const LABELS_MAX: u8 = 64;

/// Sensors of a node: what six bits tell apart.
///
/// Counter: `Tally::sensors_full`. A further one is not named.
const SENSORS_MAX: usize = 64;

/// Rows, and tracks, that one call looks at for what has grown old: a millisecond's work. A node with tracks in the
/// thousands looks at all of them within seconds, and the shortest time after which a row is told again is 40 s.
const REFRESH_AT_ONCE: usize = 2048;

/// The bit of a stream's number that says that it is of the upper layer of the stream without it.
pub(super) const UPPER: u8 = 0x80;

/// What was written: where, which, its version, and what it ended.
pub(super) type Written = (StreamKey, RowKey, u32, Vec<RowKey>);

/// A track of our own that is alive.
#[derive(Clone, Copy, Debug)]
struct Own {
    stream: u8,
    handle: u16,
}

/// The writing side.
#[derive(Clone, Debug, Default)]
pub(super) struct Writer {
    labels: Vec<Label>,
    tracks: BTreeMap<TrackNumber, Own>,
    next_handle: BTreeMap<(u8, Kind), u16>,
    sensors: Vec<String>,
    bearings: BTreeMap<(u8, u8, u32), u16>,
    assertions: BTreeMap<(u8, TrackId), u16>,
    clock: Hybrid,
    /// Behind which row of which stream the next look for old rows begins.
    refreshing: (u8, Option<RowKey>),
    /// Behind which track the next look for free handles begins.
    freeing: Option<TrackNumber>,
}

/// What writing needs beside the writer.
struct Desk<'a> {
    table: &'a mut Table,
    tally: &'a mut Tally,
    me: Origin,
    written: Vec<Written>,
    now: Timestamp,
}

impl Writer {
    #[expect(clippy::too_many_arguments, reason = "called once")]
    pub(super) fn publish(
        &mut self,
        record: &TrackRecord,
        claim: Option<TrackId>,
        gate: GateWidth,
        refine: bool,
        table: &mut Table,
        me: Origin,
        tally: &mut Tally,
    ) -> Vec<Written> {
        let now = record.estimate.time;
        let mut desk = Desk { table, tally, me, written: Vec::new(), now };
        let number = record.id.number;
        let Some(status) = record.status else {
            if let Some(own) = self.tracks.remove(&number) {
                desk.end_track(own, now);
            }
            return desk.written;
        };
        let Some(stream) = self.stream(&record.label, &mut desk) else { return desk.written };
        if let Some(own) = self.tracks.get(&number).copied().filter(|own| own.stream != stream) {
            self.tracks.remove(&number);
            desk.end_track(own, now);
        }
        let Some(own) = self.own(number, stream, &mut desk) else { return desk.written };
        self.write_attributes(own, record, claim, &mut desk);
        desk.write_motion(own, record, status, gate, refine);
        desk.written
    }

    pub(super) fn bearing(
        &mut self,
        bearing: Bearing,
        time: Timestamp,
        label: Label,
        table: &mut Table,
        me: Origin,
        tally: &mut Tally,
    ) -> Vec<Written> {
        let mut desk = Desk { table, tally, me, written: Vec::new(), now: time };
        let Some(stream) = self.stream(&label, &mut desk) else { return desk.written };
        let line = (stream, bearing.sensor, bearing.emitter);
        let handle = self.bearings.get(&line).copied().or_else(|| self.free_handle(stream, Kind::Bearing, &mut desk));
        if let Some(handle) = handle {
            self.bearings.insert(line, handle);
            desk.write(stream, RowKey { kind: Kind::Bearing, handle }, Tick::nearest(time), Body::Bearing(bearing));
        }
        desk.written
    }

    pub(super) fn assertion(
        &mut self,
        mut assertion: Assertion,
        label: Label,
        now: Timestamp,
        table: &mut Table,
        me: Origin,
        tally: &mut Tally,
    ) -> Vec<Written> {
        self.clock = table_clock(table).max(self.clock).max(assertion.said).next(now.as_millis());
        assertion.said = self.clock;
        let mut desk = Desk { table, tally, me, written: Vec::new(), now };
        let Some(stream) = self.stream(&label, &mut desk) else { return desk.written };
        let about = (stream, assertion.subject);
        let held = self.assertions.get(&about).copied();
        if let Some(handle) = held.or_else(|| self.free_handle(stream, Kind::Assertion, &mut desk)) {
            self.assertions.insert(about, handle);
            let key = RowKey { kind: Kind::Assertion, handle };
            desk.write(stream, key, Tick::nearest(now), Body::Assertion(Box::new(assertion)));
        }
        desk.written
    }

    /// What a sensor is off by, under the number of its name.
    #[expect(clippy::too_many_arguments, reason = "called once")]
    pub(super) fn registration(
        &mut self,
        sensor: &str,
        registration: Registration,
        label: Label,
        now: Timestamp,
        table: &mut Table,
        me: Origin,
        tally: &mut Tally,
    ) -> Vec<Written> {
        let mut desk = Desk { table, tally, me, written: Vec::new(), now };
        let Some(stream) = self.stream(&label, &mut desk) else { return desk.written };
        if let Some(number) = self.sensor(stream, sensor, &mut desk) {
            let key = RowKey { kind: Kind::Registration, handle: number.into() };
            desk.write(stream, key, Tick::nearest(now), Body::Registration(registration));
        }
        desk.written
    }

    /// Tells again what grows old without having changed, as long as it is about something alive. One call looks at a
    /// part of the rows; where there are many, old ones are told some calls later, well within their lifetime.
    pub(super) fn refresh(&mut self, now: Timestamp, table: &mut Table, me: Origin, tally: &mut Tally) -> Vec<Written> {
        let mut desk = Desk { table, tally, me, written: Vec::new(), now };
        let streams = u8::try_from(self.labels.len()).unwrap_or(0);
        let mut left = REFRESH_AT_ONCE;
        while left > 0 && self.refreshing.0 < streams {
            let (number, after) = self.refreshing;
            let looked = desk.refresh(number, after, left);
            left -= looked.count;
            self.refreshing = if looked.last.is_some() { (number, looked.last) } else { (number + 1, None) };
        }
        if self.refreshing.0 >= streams {
            self.refreshing = (0, None);
        }
        self.free_handles(desk.table, me);
        desk.written
    }

    /// Handles of what has outlived itself are free again.
    fn free_handles(&mut self, table: &Table, me: Origin) {
        let of = |stream: u8, kind, handle: u16| {
            table.row(StreamKey { origin: me, number: stream }, RowKey { kind, handle }).is_some()
        };
        self.bearings.retain(|(stream, ..), handle| of(*stream, Kind::Bearing, *handle));
        self.assertions.retain(|(stream, _), handle| of(*stream, Kind::Assertion, *handle));
        let after = self.freeing.map_or(Bound::Unbounded, Bound::Excluded);
        let looked = self.tracks.range((after, Bound::Unbounded)).take(REFRESH_AT_ONCE);
        let mut over = Vec::new();
        self.freeing = None;
        for (count, (number, own)) in (1..).zip(looked) {
            if !of(own.stream, Kind::Track, own.handle) {
                over.push(*number);
            }
            self.freeing = (count == REFRESH_AT_ONCE).then_some(*number);
        }
        for number in over {
            self.tracks.remove(&number);
        }
    }

    /// The stream of a label, opened if need be.
    fn stream(&mut self, label: &Label, desk: &mut Desk<'_>) -> Option<u8> {
        let known = (0..LABELS_MAX).zip(&self.labels).find(|(_, known)| *known == label);
        if let Some((number, _)) = known {
            return Some(number);
        }
        let number = u8::try_from(self.labels.len()).ok().filter(|number| *number < LABELS_MAX);
        let number = number.filter(|number| desk.table.open(desk.key(*number), *label, 0).is_some());
        match number {
            Some(_) => self.labels.push(*label),
            None => desk.tally.labels_full += 1,
        }
        number
    }

    /// The handle of a track, a new one if need be.
    fn own(&mut self, number: TrackNumber, stream: u8, desk: &mut Desk<'_>) -> Option<Own> {
        if let Some(own) = self.tracks.get(&number) {
            return Some(*own);
        }
        let own = Own { stream, handle: self.free_handle(stream, Kind::Track, desk)? };
        self.tracks.insert(number, own);
        Some(own)
    }

    /// The next handle that nothing is held under.
    fn free_handle(&mut self, stream: u8, kind: Kind, desk: &mut Desk<'_>) -> Option<u16> {
        let next = self.next_handle.entry((stream, kind)).or_default();
        let open = desk.table.stream(desk.key(stream))?;
        let held = |handle| {
            let of = |kind| open.row(RowKey { kind, handle }).is_some();
            of(kind) || kind == Kind::Track && of(Kind::Attributes)
        };
        let free = (0..=u16::MAX).map(|k| next.wrapping_add(k)).find(|handle| !held(*handle));
        match free {
            Some(handle) => *next = handle.wrapping_add(1),
            None => desk.tally.handles_full += 1,
        }
        free
    }

    fn write_attributes(&mut self, own: Own, record: &TrackRecord, claim: Option<TrackId>, desk: &mut Desk<'_>) {
        let mut attributes = Attributes::new(record.id.number, &record.identity);
        attributes.claim = claim;
        attributes.source_track = record.source_track;
        attributes.updates_log2 = u8::try_from(record.updates.max(1).ilog2()).unwrap_or(31);
        for name in &record.sensors {
            let Some(sensor) = self.sensor(own.stream, name, desk) else { continue };
            if attributes.sensors.push(sensor).is_err() {
                break;
            }
        }
        attributes.sensors.sort_unstable();
        let key = RowKey { kind: Kind::Attributes, handle: own.handle };
        let told = desk.table.row(desk.key(own.stream), key).map(|held| &held.body);
        let body = Body::Attributes(Box::new(attributes));
        if told != Some(&body) {
            desk.write(own.stream, key, Tick::nearest(desk.now), body);
        }
    }

    /// The number of a sensor; its name is written into the stream if it is not there.
    fn sensor(&mut self, stream: u8, name: &str, desk: &mut Desk<'_>) -> Option<u8> {
        let known = self.sensors.iter().position(|known| known == name);
        if known.is_none() && self.sensors.len() >= SENSORS_MAX {
            desk.tally.sensors_full += 1;
            return None;
        }
        let number = known.unwrap_or(self.sensors.len());
        if known.is_none() {
            self.sensors.push(name.to_owned());
        }
        let key = RowKey { kind: Kind::Sensor, handle: u16::try_from(number).ok()? };
        if desk.table.row(desk.key(stream), key).is_none() {
            desk.write(stream, key, Tick::nearest(desk.now), Body::Sensor(Box::new(text::cut(name))));
        }
        u8::try_from(number).ok()
    }
}

/// What one look at a stream came to.
struct Looked {
    /// Rows looked at.
    count: usize,
    /// The last of them; `None` if there are no more behind it.
    last: Option<RowKey>,
}

impl Desk<'_> {
    /// Tells again what has grown old among so many rows of a stream, from behind a key on.
    fn refresh(&mut self, number: u8, after: Option<RowKey>, count: usize) -> Looked {
        let Some(stream) = self.table.stream(self.key(number)) else { return Looked { count: 0, last: None } };
        let alive = |key: RowKey| match key.kind {
            Kind::Attributes => {
                let motion = stream.row(RowKey { kind: Kind::Track, ..key });
                motion.is_some_and(|held| matches!(held.body, Body::Track(_)))
            }
            Kind::Sensor | Kind::Assertion | Kind::Registration => true,
            Kind::Track | Kind::Refinement | Kind::Bearing => false,
        };
        let mut looked = Looked { count: 0, last: None };
        let mut old = Vec::new();
        for (key, held) in stream.rows_after(after).take(count) {
            looked = Looked { count: looked.count + 1, last: Some(key) };
            let age = self.now - held.tick.time();
            if alive(key) && !matches!(held.body, Body::Gone(_)) && age >= held.body.lifetime().refresh() {
                old.push((key, held.body.clone()));
            }
        }
        if looked.count < count {
            looked.last = None;
        }
        for (key, body) in old {
            self.write(number, key, Tick::nearest(self.now), body);
        }
        looked
    }

    const fn key(&self, number: u8) -> StreamKey {
        StreamKey { origin: self.me, number }
    }

    fn write_motion(&mut self, own: Own, record: &TrackRecord, status: TrackStatus, gate: GateWidth, refine: bool) {
        let lifetime = Lifetime::of(record.identity.class);
        let (tick, kinematic) = Kinematic::of(&record.estimate, status, lifetime, gate);
        let key = RowKey { kind: Kind::Track, handle: own.handle };
        let told = self.table.row(self.key(own.stream), key);
        let last = told.and_then(|held| {
            let Body::Track(last) = &held.body else { return None };
            Some((held.tick, last))
        });
        let within = last.is_some_and(|last| gate::reason(last, (tick, &kinematic), &record.estimate).is_none());
        if within {
            self.tally.rows_within_gate += 1;
            return;
        }
        self.write(own.stream, key, tick, Body::Track(kinematic));
        if refine {
            self.write_refinement(own, record, tick);
        }
    }

    fn write_refinement(&mut self, own: Own, record: &TrackRecord, tick: Tick) {
        let Some(label) = self.table.stream(self.key(own.stream)).map(|stream| stream.label) else { return };
        let upper = own.stream | UPPER;
        let open = self.table.open(self.key(upper), label, 1).is_some();
        if let Some(refinement) = Refinement::of(&record.estimate.covariance).filter(|_| open) {
            let key = RowKey { kind: Kind::Refinement, handle: own.handle };
            self.write(upper, key, tick, Body::Refinement(Box::new(refinement)));
        }
    }

    fn end_track(&mut self, own: Own, now: Timestamp) {
        let key = RowKey { kind: Kind::Track, handle: own.handle };
        let Some(held) = self.table.row(self.key(own.stream), key) else { return };
        let (tick, lifetime) = (held.tick.max(Tick::nearest(now)), held.body.lifetime());
        self.write(own.stream, key, tick, Body::Gone(lifetime));
    }

    fn write(&mut self, number: u8, key: RowKey, tick: Tick, body: Body) {
        let stream = self.key(number);
        let Some(version) = self.table.stream(stream).and_then(|open| open.top.checked_add(1)) else {
            self.tally.versions_full += 1;
            return;
        };
        match self.table.accept(stream, Row { key, version, tick, body }, self.now) {
            Accepted::New { ended, .. } => {
                if let Some(open) = self.table.stream_mut(stream) {
                    open.floor = version;
                }
                self.written.push((stream, key, version, ended));
            }
            // The newest version of an open stream of ours finds nothing newer, and always room.
            Accepted::Full | Accepted::Same | Accepted::Older => {}
            Accepted::Expired => self.tally.rows_expired += 1,
        }
    }
}

/// The latest that anybody said, by the hybrid clock.
fn table_clock(table: &Table) -> Hybrid {
    let rows = table.streams().flat_map(|(_, stream)| stream.rows());
    let said = rows.filter_map(|(_, held)| {
        let Body::Assertion(assertion) = &held.body else { return None };
        Some(assertion.said)
    });
    said.max().unwrap_or_default()
}
