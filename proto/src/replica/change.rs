//! From rows to what consoles and the picture know: records of tracks, lines of bearing, what people said.
//!
//! A pure function of the rows that are held, hence the same on every node that holds the same; the writer's own tracks
//! come out of their rows too.

use std::collections::{BTreeMap, BTreeSet};

use fusion_core::label::Label;
use fusion_core::time::Timestamp;
use fusion_core::track::{Origin, TrackId, TrackNumber};

use super::table::{Held, Stream, Table};
use super::writer::UPPER;
use crate::packet::item::StreamKey;
use crate::record::{InCommon, Seq, TrackRecord};
use crate::row::assertion::{Said, merge};
use crate::row::gate::GateWidth;
use crate::row::{Bearing, Body, Kind, RowKey};

/// What has changed.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one at a time, taken at once")]
pub enum Change {
    /// A track is new or different.
    Track {
        /// Its record, made from its rows.
        record: Box<TrackRecord>,
        /// The system track that its writer takes it for.
        claim: Option<TrackId>,
        /// How far it may have strayed unsaid: see [`GateWidth::inflation`].
        gate: GateWidth,
    },
    /// A track is gone: ended by its writer, or not heard of for its lifetime.
    Gone {
        /// Which.
        id: TrackId,
        /// When.
        time: Timestamp,
    },
    /// A line of bearing was heard.
    Bearing {
        /// By whom.
        origin: Origin,
        /// The line.
        bearing: Bearing,
        /// When.
        time: Timestamp,
        /// Who may know.
        label: Label,
    },
    /// What people say of a track is different.
    Said {
        /// Of which.
        subject: TrackId,
        /// All of it.
        said: Box<Said>,
    },
}

/// What is to be told, and what was.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    noted: BTreeSet<(StreamKey, RowKey)>,
    shown: BTreeMap<(StreamKey, u16), (TrackNumber, Timestamp)>,
    held: BTreeMap<TrackId, u8>,
    gone: Vec<Change>,
    subjects: BTreeMap<(StreamKey, u16), TrackId>,
    /// Sensors of streams, and behind which row their names are still to be shown.
    naming: BTreeMap<(StreamKey, u16), Option<RowKey>>,
}

/// Rows that one call looks at for a sensor whose name has come: each may be a track to be told anew.
const NAMED_AT_ONCE: usize = 256;

impl Changes {
    /// A row is different, or gone.
    pub fn note(&mut self, stream: StreamKey, key: RowKey) {
        let shows = StreamKey { number: stream.number & !UPPER, ..stream };
        match key.kind {
            Kind::Track | Kind::Attributes | Kind::Refinement => {
                self.noted.insert((shows, RowKey { kind: Kind::Track, ..key }));
            }
            Kind::Bearing | Kind::Assertion | Kind::Sensor => {
                self.noted.insert((stream, key));
            }
            // Read where they are wanted: `replica::registered`, `replica::porch`.
            Kind::Registration | Kind::Seal => {}
        }
    }

    /// The next change.
    pub fn poll(&mut self, table: &Table) -> Option<Change> {
        loop {
            if let Some(gone) = self.gone.pop() {
                return Some(gone);
            }
            let (stream, key) = self.noted.pop_first()?;
            let change = match key.kind {
                Kind::Bearing => bearing(table, stream, key),
                Kind::Assertion => self.assertion(table, stream, key),
                Kind::Track | Kind::Attributes | Kind::Refinement => self.track(table, stream, key),
                Kind::Sensor => {
                    self.note_named(table, stream, key.handle, None);
                    None
                }
                Kind::Registration | Kind::Seal => None,
            };
            if change.is_some() {
                return change;
            }
        }
    }

    /// A sensor's name may come after the tracks that it contributed to: they show it from now on.
    fn note_named(&mut self, table: &Table, stream: StreamKey, sensor: u16, after: Option<RowKey>) {
        let rows = table.stream(stream).into_iter().flat_map(|open| open.rows_after(after));
        let (mut looked, mut last) = (0, after);
        for (row, held) in rows.take(NAMED_AT_ONCE) {
            (looked, last) = (looked + 1, Some(row));
            let Body::Attributes(attributes) = &held.body else { continue };
            if attributes.sensors.iter().any(|named| u16::from(*named) == sensor) {
                self.noted.insert((stream, RowKey { kind: Kind::Track, ..row }));
            }
        }
        if looked == NAMED_AT_ONCE {
            self.naming.insert((stream, sensor), last);
        }
    }

    /// Goes on with tracks that show a sensor's name from now on: some of them.
    pub fn go_on(&mut self, table: &Table) {
        if let Some(((stream, sensor), after)) = self.naming.pop_first() {
            self.note_named(table, stream, sensor, after);
        }
    }

    /// Whether there is something to go on with.
    #[must_use]
    pub fn has_more(&self) -> bool {
        !self.naming.is_empty()
    }

    fn track(&mut self, table: &Table, stream: StreamKey, key: RowKey) -> Option<Change> {
        let place = (stream, key.handle);
        let now = record(table, stream, key.handle);
        let before = self.shown.get(&place).copied();
        let over = before.filter(|(number, _)| now.as_ref().is_none_or(|(record, ..)| record.id.number != *number));
        if let Some((number, time)) = over {
            self.shown.remove(&place);
            self.release(TrackId { origin: stream.origin, number }, time);
        }
        let (record, claim, gate) = now?;
        let time = record.estimate.time;
        if self.shown.insert(place, (record.id.number, time)).is_none() {
            *self.held.entry(record.id).or_default() += 1;
        }
        Some(Change::Track { record: Box::new(record), claim, gate })
    }

    /// One stream less shows a track; with the last it is gone.
    fn release(&mut self, id: TrackId, time: Timestamp) {
        let Some(count) = self.held.get_mut(&id) else { return };
        *count -= 1;
        if *count == 0 {
            self.held.remove(&id);
            self.gone.push(Change::Gone { id, time });
        }
    }

    fn assertion(&mut self, table: &Table, stream: StreamKey, key: RowKey) -> Option<Change> {
        let place = (stream, key.handle);
        let subject = if let Some(Body::Assertion(assertion)) = table.row(stream, key).map(|held| &held.body) {
            self.subjects.insert(place, assertion.subject);
            assertion.subject
        } else {
            self.subjects.remove(&place)?
        };
        Some(Change::Said { subject, said: Box::new(said(table, subject)) })
    }
}

/// What all who said something of a track say together.
#[must_use]
pub fn said(table: &Table, subject: TrackId) -> Said {
    let rows = table.streams().flat_map(|(key, open)| {
        open.rows_of(Kind::Assertion).map(move |(_, held)| (key.origin.node, &open.label, held))
    });
    merge(rows.filter_map(|(node, label, held)| {
        let Body::Assertion(assertion) = &held.body else { return None };
        (assertion.subject == subject).then_some((node, label, &**assertion))
    }))
}

fn bearing(table: &Table, stream: StreamKey, key: RowKey) -> Option<Change> {
    let open = table.stream(stream)?;
    let held = open.row(key)?;
    let Body::Bearing(bearing) = held.body else { return None };
    Some(Change::Bearing { origin: stream.origin, bearing, time: held.tick.time(), label: open.label })
}

/// The record of a track, if both of its rows are held.
#[must_use]
pub fn record(table: &Table, stream: StreamKey, handle: u16) -> Option<(TrackRecord, Option<TrackId>, GateWidth)> {
    let open = table.stream(stream)?;
    let motion = open.row(RowKey { kind: Kind::Track, handle })?;
    let about = open.row(RowKey { kind: Kind::Attributes, handle })?;
    let (Body::Track(kinematic), Body::Attributes(attributes)) = (&motion.body, &about.body) else { return None };
    let mut estimate = kinematic.estimate(motion.tick);
    if let Some(covariance) = refinement(table, stream, handle, motion) {
        estimate.covariance = covariance;
    }
    let record = TrackRecord {
        id: TrackId { origin: stream.origin, number: attributes.number },
        version: Seq(motion.version.max(about.version).into()),
        status: Some(kinematic.status),
        estimate,
        identity: attributes.identity.clone(),
        label: open.label,
        sensors: attributes.sensors.iter().filter_map(|sensor| name(open, *sensor)).collect(),
        updates: 1 << attributes.updates_log2.min(31),
        source_track: attributes.source_track,
        in_common: InCommon { word: attributes.own_word, motion: !kinematic.steady },
    };
    Some((record, attributes.claim, kinematic.gate))
}

fn refinement(
    table: &Table,
    stream: StreamKey,
    handle: u16,
    motion: &Held,
) -> Option<fusion_core::gaussian::Covariance<6>> {
    let upper = StreamKey { number: stream.number | UPPER, ..stream };
    let held = table.row(upper, RowKey { kind: Kind::Refinement, handle })?;
    let Body::Refinement(refinement) = &held.body else { return None };
    if held.tick == motion.tick { refinement.covariance() } else { None }
}

pub(super) fn name(stream: &Stream, sensor: u8) -> Option<String> {
    let held = stream.row(RowKey { kind: Kind::Sensor, handle: sensor.into() })?;
    let Body::Sensor(name) = &held.body else { return None };
    Some(name.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Attributes, Row, Tick, text};
    use fusion_core::frame::{Position, Velocity};
    use fusion_core::gaussian::Covariance;
    use fusion_core::geodesy::Geodetic;
    use fusion_core::identity::Identity;
    use fusion_core::nalgebra::Vector6;
    use fusion_core::track::{NodeId, TrackStatus};

    const NOW: Timestamp = Timestamp::from_secs(1_750_000_000);

    fn bodies() -> [(Kind, u16, Body); 3] {
        let place = Geodetic::from_degrees(52.0, 20.0, 100.0).expect("plausible").to_ecef();
        let estimate = crate::record::Estimate {
            time: NOW,
            position: Position::from_vector(*place.vector()),
            velocity: Velocity::new(10.0, 0.0, 0.0),
            covariance: Covariance::from_sigmas(&Vector6::new(9.0, 9.0, 9.0, 2.0, 2.0, 2.0)).expect("positive"),
        };
        let lifetime = crate::row::Lifetime::Air;
        let (_, motion) =
            crate::row::kinematic::Kinematic::of(&estimate, TrackStatus::Confirmed, lifetime, GateWidth::Two);
        let mut about = Attributes::new(TrackNumber(7), &Identity::UNKNOWN);
        about.sensors.push(5).expect("room");
        let name = Body::Sensor(Box::new(text::cut("radar")));
        [
            (Kind::Track, 3, Body::Track(motion)),
            (Kind::Attributes, 3, Body::Attributes(Box::new(about))),
            (Kind::Sensor, 5, name),
        ]
    }

    #[test]
    fn a_name_that_comes_late_shows_at_once() {
        let stream = StreamKey { origin: Origin { node: NodeId(2), incarnation: 1 }, number: 0 };
        let (mut table, mut changes) =
            (Table::new(Origin { node: NodeId(1), incarnation: 1 }, 10, NOW), Changes::default());
        table.open(stream, Label::STRICTEST, 0).expect("room");
        let mut shown = Vec::new();
        for (version, (kind, handle, body)) in (1..).zip(bodies()) {
            let key = RowKey { kind, handle };
            table.accept(stream, Row { key, version, tick: Tick::nearest(NOW), body }, NOW);
            changes.note(stream, key);
            while let Some(Change::Track { record, .. }) = changes.poll(&table) {
                shown.push(record.sensors);
            }
        }
        assert_eq!(shown, [vec![], vec!["radar".to_owned()]]);
    }
}
