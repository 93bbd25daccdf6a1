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

use super::sealer::Sealer;
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

/// Rows that one call looks at for what has grown old, and handles for what they stood for: a fraction of a
/// millisecond's work. A node with tracks in the thousands looks at all of them within half a minute, and the shortest
/// time after which a row is told again is ten.
///
/// No counter: the rest have their turn in the next calls.
const REFRESHED_AT_ONCE_MAX: usize = 128;

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

/// Behind which line, saying and track the next look for free handles begins.
#[derive(Clone, Debug, Default)]
struct Freeing {
    line: Option<(u8, u8, u32)>,
    saying: Option<(u8, TrackId, bool)>,
    track: Option<TrackNumber>,
}

/// The writing side.
#[derive(Clone, Debug, Default)]
pub(super) struct Writer {
    labels: Vec<Label>,
    tracks: BTreeMap<TrackNumber, Own>,
    next_handle: BTreeMap<(u8, Kind), u16>,
    sensors: Vec<String>,
    bearings: BTreeMap<(u8, u8, u32), u16>,
    /// By stream, subject, and whether it is a remark.
    assertions: BTreeMap<(u8, TrackId, bool), u16>,
    clock: Hybrid,
    /// Behind which row of which stream the next look for old rows begins.
    refreshing: (u8, Option<RowKey>),
    freeing: Freeing,
}

/// What writing needs beside the writer, and what came of it.
pub(super) struct Desk<'a> {
    pub table: &'a mut Table,
    pub tally: &'a mut Tally,
    pub me: Origin,
    /// The time of what is written now.
    pub now: Timestamp,
    pub written: Vec<Written>,
    /// Where rows are gathered that are to be sealed; without it they are written at once.
    pub sealer: Option<&'a mut Sealer>,
}

/// An own record with what is told beside it.
#[derive(Clone, Copy)]
pub(super) struct Publication<'a> {
    pub record: &'a TrackRecord,
    /// The system track that it is taken for.
    pub claim: Option<TrackId>,
    pub gate: GateWidth,
    /// Whether its full covariance is told too.
    pub refine: bool,
}

impl Writer {
    /// An own track as it is now.
    pub(super) fn publish(&mut self, publication: Publication<'_>, desk: &mut Desk<'_>) {
        let (record, now) = (publication.record, desk.now);
        let number = record.id.number;
        let Some(status) = record.status else {
            if let Some(own) = self.tracks.remove(&number) {
                desk.end_track(own, now);
            }
            return;
        };
        let Some(stream) = self.stream(&record.label, desk) else { return };
        if let Some(own) = self.tracks.get(&number).copied().filter(|own| own.stream != stream) {
            self.tracks.remove(&number);
            desk.end_track(own, now);
        }
        let Some(own) = self.own(number, stream, desk) else { return };
        self.write_attributes(own, record, publication.claim, desk);
        desk.write_motion(own, status, publication);
    }

    /// A line of bearing, in the place of the last of its sensor and emitter.
    pub(super) fn bearing(&mut self, bearing: Bearing, label: &Label, desk: &mut Desk<'_>) {
        let Some(stream) = self.stream(label, desk) else { return };
        let line = (stream, bearing.sensor, bearing.emitter);
        let handle = self.bearings.get(&line).copied().or_else(|| self.free_handle(stream, Kind::Bearing, desk));
        if let Some(handle) = handle {
            self.bearings.insert(line, handle);
            desk.write(stream, RowKey { kind: Kind::Bearing, handle }, Tick::nearest(desk.now), Body::Bearing(bearing));
        }
    }

    /// What a person says, by a clock that is ahead of all that was said before. Whose a track is and what is remarked
    /// of it are rows of their own: who says the one leaves the other as it was, with who said it and when.
    pub(super) fn assertion(&mut self, mut assertion: Assertion, label: &Label, desk: &mut Desk<'_>) {
        let latest = table_clock(desk.table).max(self.clock).max(assertion.said);
        self.clock = latest.next(desk.now.as_millis());
        assertion.said = self.clock;
        self.assertion_again(assertion, label, desk);
    }

    /// What a person said before, by the clock of then.
    pub(super) fn assertion_again(&mut self, assertion: Assertion, label: &Label, desk: &mut Desk<'_>) {
        let Some(stream) = self.stream(label, desk) else { return };
        if assertion.affiliation.is_some() && assertion.remark.is_some() {
            let remark = Assertion { affiliation: None, ..assertion.clone() };
            self.part(stream, Assertion { remark: None, ..assertion }, desk);
            self.part(stream, remark, desk);
        } else {
            self.part(stream, assertion, desk);
        }
    }

    fn part(&mut self, stream: u8, assertion: Assertion, desk: &mut Desk<'_>) {
        let about = (stream, assertion.subject, assertion.remark.is_some());
        let held = self.assertions.get(&about).copied();
        if let Some(handle) = held.or_else(|| self.free_handle(stream, Kind::Assertion, desk)) {
            self.assertions.insert(about, handle);
            let key = RowKey { kind: Kind::Assertion, handle };
            desk.write(stream, key, Tick::nearest(desk.now), Body::Assertion(Box::new(assertion)));
        }
    }

    /// What a sensor is off by, under the number of its name.
    pub(super) fn registration(
        &mut self,
        sensor: &str,
        registration: Registration,
        label: &Label,
        desk: &mut Desk<'_>,
    ) {
        let Some(stream) = self.stream(label, desk) else { return };
        if let Some(number) = self.sensor(stream, sensor, desk) {
            let key = RowKey { kind: Kind::Registration, handle: number.into() };
            desk.write(stream, key, Tick::nearest(desk.now), Body::Registration(registration));
        }
    }

    /// The name of a sensor, whether it has seen anything or not: with it everybody who may hear of the sensor learns
    /// that this life has begun, and lets the former go.
    pub(super) fn introduce(&mut self, sensor: &str, label: &Label, desk: &mut Desk<'_>) {
        if let Some(stream) = self.stream(label, desk) {
            self.sensor(stream, sensor, desk);
        }
    }

    /// Tells again what grows old without having changed, as long as it is about something alive, and frees what has
    /// outlived itself. One call looks at some of the rows; returns whether there are more to look at.
    pub(super) fn refresh(&mut self, desk: &mut Desk<'_>) -> bool {
        let more_rows = self.refresh_rows(desk);
        let more_handles = self.free_handles(desk);
        more_rows || more_handles
    }

    fn refresh_rows(&mut self, desk: &mut Desk<'_>) -> bool {
        let streams = u8::try_from(self.labels.len()).unwrap_or(0);
        let mut left = REFRESHED_AT_ONCE_MAX;
        while left > 0 && self.refreshing.0 < streams {
            let (number, after) = self.refreshing;
            let looked = desk.refresh(number, after, left);
            left -= looked.count;
            self.refreshing = if looked.last.is_some() { (number, looked.last) } else { (number + 1, None) };
        }
        let over = self.refreshing.0 >= streams;
        if over {
            self.refreshing = (0, None);
        }
        !over
    }

    /// Handles of what has outlived itself are free again: looks at some, returns whether there are more.
    fn free_handles(&mut self, desk: &Desk<'_>) -> bool {
        let over = |stream: u8, kind, handle: u16| desk.told(stream, RowKey { kind, handle }).is_none();
        let lines = |line: &(u8, u8, u32), handle: &u16| over(line.0, Kind::Bearing, *handle);
        let sayings = |about: &(u8, TrackId, bool), handle: &u16| over(about.0, Kind::Assertion, *handle);
        let tracks = |_: &TrackNumber, own: &Own| over(own.stream, Kind::Track, own.handle);
        // All three go on, whichever comes to its end first.
        let more = [
            sweep(&mut self.bearings, &mut self.freeing.line, lines),
            sweep(&mut self.assertions, &mut self.freeing.saying, sayings),
            sweep(&mut self.tracks, &mut self.freeing.track, tracks),
        ];
        more.contains(&true)
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
        let held = |handle| {
            let of = |kind| desk.told(stream, RowKey { kind, handle }).is_some();
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
        attributes.own_word = record.in_common.word;
        attributes.updates_log2 = u8::try_from(record.updates.max(1).ilog2()).unwrap_or(31);
        for name in &record.sensors {
            let Some(sensor) = self.sensor(own.stream, name, desk) else { continue };
            if attributes.sensors.push(sensor).is_err() {
                break;
            }
        }
        attributes.sensors.sort_unstable();
        let key = RowKey { kind: Kind::Attributes, handle: own.handle };
        let body = Body::Attributes(Box::new(attributes));
        if desk.told(own.stream, key) != Some(&body) {
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
        if desk.told(stream, key).is_none() {
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
            Kind::Track | Kind::Refinement | Kind::Bearing | Kind::Seal => false,
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

    pub(super) const fn key(&self, number: u8) -> StreamKey {
        StreamKey { origin: self.me, number }
    }

    /// What is told of a row, or will be.
    fn told(&self, number: u8, key: RowKey) -> Option<&Body> {
        let drafted = self.sealer.as_ref().and_then(|sealer| sealer.drafted(number, key));
        drafted.or_else(|| self.table.row(self.key(number), key).map(|held| &held.body))
    }

    fn write_motion(&mut self, own: Own, status: TrackStatus, publication: Publication<'_>) {
        let Publication { record, gate, refine, .. } = publication;
        let lifetime = Lifetime::of(record.identity.class);
        let (tick, mut kinematic) = Kinematic::of(&record.estimate, status, lifetime, gate);
        kinematic.steady = status == TrackStatus::Confirmed && !record.in_common.motion;
        let key = RowKey { kind: Kind::Track, handle: own.handle };
        let told = self.table.row(self.key(own.stream), key);
        let last = told.and_then(|held| {
            let Body::Track(last) = &held.body else { return None };
            Some((held.tick, last))
        });
        let within = last.is_some_and(|last| gate::reason(last, (tick, &kinematic), &record.estimate).is_none());
        // What is to be told anyway is told as it is now.
        let drafted = self.sealer.as_ref().is_some_and(|sealer| sealer.drafted(own.stream, key).is_some());
        if within && !drafted {
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
        if let Some(sealer) = &mut self.sealer {
            sealer.forget_track(own.stream, own.handle);
        }
        let Some(held) = self.table.row(self.key(own.stream), key) else { return };
        let (tick, lifetime) = (held.tick.max(Tick::nearest(now)), held.body.lifetime());
        self.write(own.stream, key, tick, Body::Gone(lifetime));
    }

    fn write(&mut self, number: u8, key: RowKey, tick: Tick, body: Body) {
        if let Some(sealer) = &mut self.sealer {
            sealer.draft(number, key, tick, body);
        } else {
            self.put(number, key, tick, body);
        }
    }

    /// Writes a row; its version.
    pub(super) fn put(&mut self, number: u8, key: RowKey, tick: Tick, body: Body) -> Option<u32> {
        let stream = self.key(number);
        let Some(version) = self.table.stream(stream).and_then(|open| open.top.checked_add(1)) else {
            self.tally.versions_full += 1;
            return None;
        };
        match self.table.accept(stream, Row { key, version, tick, body }, self.now) {
            Accepted::New { ended, .. } => {
                if let Some(open) = self.table.stream_mut(stream) {
                    open.floor = version;
                }
                self.written.push((stream, key, version, ended));
                return Some(version);
            }
            // The newest version of an open stream of ours finds nothing newer, and always room.
            Accepted::Full | Accepted::Same | Accepted::Older => {}
            Accepted::Expired => self.tally.rows_expired += 1,
        }
        None
    }
}

/// Takes out what is over, among some entries from behind a cursor on; returns whether there are more behind them.
fn sweep<K: Ord + Copy, V>(map: &mut BTreeMap<K, V>, cursor: &mut Option<K>, is_over: impl Fn(&K, &V) -> bool) -> bool {
    let after = cursor.map_or(Bound::Unbounded, Bound::Excluded);
    let (mut looked, mut last, mut over) = (0, None, Vec::new());
    for (key, value) in map.range((after, Bound::Unbounded)).take(REFRESHED_AT_ONCE_MAX) {
        (looked, last) = (looked + 1, Some(*key));
        if is_over(key, value) {
            over.push(*key);
        }
    }
    for key in over {
        map.remove(&key);
    }
    *cursor = last.filter(|_| looked == REFRESHED_AT_ONCE_MAX);
    cursor.is_some()
}

/// The latest that anybody said, by the hybrid clock.
fn table_clock(table: &Table) -> Hybrid {
    let rows = table.streams().flat_map(|(_, stream)| stream.rows_of(Kind::Assertion));
    let said = rows.filter_map(|(_, held)| {
        let Body::Assertion(assertion) = &held.body else { return None };
        Some(assertion.said)
    });
    said.max().unwrap_or_default()
}
