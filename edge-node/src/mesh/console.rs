//! What a console is told: the board as messages of the schema, without what it may not see.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fusion_core::time::Timestamp;
use fusion_core::track::{TrackId, TrackStatus};
use proto::record::TrackRecord;
use proto::{convert, pb};

use crate::board::{Board, Mode};
use crate::clock::Clock;
use crate::history::{PastPoint, Said, Way};
use crate::neighbour_health::NeighbourHealth;
use crate::outputs::health::Wellbeing;
use crate::outputs::release::{Receiver, Released};
use crate::picture::{SystemTrack, short_name, text_id};
use crate::registration_health::RegistrationHealth;
use crate::sensor_health::SensorHealth;

/// What subscribers have been told so far; a snapshot answers with exactly this, so that the next change fits on it.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pub(super) board: Released,
    pub(super) sequence: u64,
}

/// Puts things into messages for those who may see them.
#[derive(Clone, Debug)]
pub struct Teller {
    /// The node's name.
    pub node: String,
    /// Where the picture comes from.
    pub mode: Mode,
    /// Who is told.
    pub receiver: Arc<Receiver>,
    /// Our time, by which a live picture is judged.
    pub clock: Clock,
}

impl Teller {
    pub(super) fn records(&self, records: &[TrackRecord]) -> Option<pb::TrackRecords> {
        let permitted = records.iter().filter(|record| self.receiver.may_have(&record.label));
        let named = permitted.map(|record| self.receiver.without_hidden(record.clone()));
        let records: Vec<_> = named.map(|record| convert::track_record(&record)).collect();
        (!records.is_empty()).then_some(pb::TrackRecords { records })
    }

    /// What of a board may leave.
    pub(super) fn released(&self, board: &Arc<Board>) -> Released {
        self.receiver.released(board)
    }

    /// What of a board those who were told so much do not know yet; nothing if there is nothing.
    pub(super) fn changes(&self, told: &Told, board: &Released) -> Option<pb::Picture> {
        let (changed, gone) = board.since(&told.board);
        if changed.is_empty() && gone.is_empty() {
            return None;
        }
        let tracks = changed.into_iter().map(|track| system_track(board, track)).collect();
        let gone = gone.into_iter().map(text_id).collect();
        Some(pb::Picture { tracks, gone, ..self.picture(board.time, told.sequence + 1, false) })
    }

    pub(super) fn snapshot(&self, told: &Told) -> pb::Picture {
        let tracks = told.board.tracks.values().map(|track| system_track(&told.board, track)).collect();
        pb::Picture { tracks, ..self.picture(told.board.time, told.sequence, true) }
    }

    /// A picture of the past, which no change follows.
    pub(super) fn past(&self, time: Timestamp, tracks: &BTreeMap<TrackId, SystemTrack>) -> pb::Picture {
        let nothing = Board::default();
        let named = tracks.values().map(|track| self.receiver.without(track));
        let tracks = named.map(|track| system_track(&nothing, &track)).collect();
        pb::Picture { tracks, ..self.picture(time, 0, true) }
    }

    pub(super) fn sensors(&self, board: &Released) -> pb::SensorHealths {
        pb::SensorHealths {
            node: self.node.clone(),
            mode: self.mode().into(),
            time_ns: board.time.as_nanos(),
            sensors: board.sensors.iter().map(SensorHealth::protobuf).collect(),
            registrations: board.registrations.iter().map(RegistrationHealth::protobuf).collect(),
        }
    }

    /// Nothing if there are none.
    pub(super) fn neighbours(&self, board: &Released) -> Option<pb::NeighbourHealths> {
        (!board.neighbours.is_empty()).then(|| pb::NeighbourHealths {
            node: self.node.clone(),
            mode: self.mode().into(),
            time_ns: board.time.as_nanos(),
            neighbours: board.neighbours.iter().map(NeighbourHealth::protobuf).collect(),
        })
    }

    pub(super) fn health(&self, board: &Released) -> pb::NodeHealth {
        let state = Wellbeing::of(self.mode, board, self.clock.now().validity);
        let counter = |(name, count): &(&str, u64)| pb::Counter { name: (*name).to_owned(), count: *count };
        let seconds = |took: Duration| took.as_secs_f64();
        pb::NodeHealth {
            node: self.node.clone(),
            mode: self.mode().into(),
            time_ns: board.time.as_nanos(),
            state: state.word().to_owned(),
            reasons: state.reasons(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            revision: pb::REVISION,
            tracks: u32::try_from(board.tracks.len()).unwrap_or(u32::MAX),
            latency_p50_s: seconds(board.latency.p50),
            latency_p99_s: seconds(board.latency.p99),
            latency_max_s: seconds(board.latency.max),
            counters: board.counters.iter().map(counter).collect(),
        }
    }

    pub(super) fn span(&self, (from, to): (Timestamp, Timestamp)) -> pb::HistorySpan {
        let (node, mode) = (self.node.clone(), self.mode().into());
        pb::HistorySpan { node, mode, from_ns: from.as_nanos(), to_ns: to.as_nanos() }
    }

    pub(super) fn way(&self, id: TrackId, way: &Way) -> pb::TrackHistory {
        pb::TrackHistory {
            node: self.node.clone(),
            mode: self.mode().into(),
            id: text_id(id),
            name: short_name(id),
            kept: u32::try_from(way.kept).unwrap_or(u32::MAX),
            points: way.points.iter().map(history_point).collect(),
            identities: way.said.iter().map(|(since, said)| self.history_identity(*since, said)).collect(),
        }
    }

    fn history_identity(&self, since: Timestamp, said: &Said) -> pb::HistoryIdentity {
        pb::HistoryIdentity {
            since_ns: since.as_nanos(),
            identity: Some(convert::identity(&said.identity)),
            label: Some(convert::label(&said.label)),
            sensors: said.sensors.iter().filter(|name| self.receiver.names_sensor(name)).cloned().collect(),
            source_track: said.source_track,
        }
    }

    fn picture(&self, time: Timestamp, sequence: u64, snapshot: bool) -> pb::Picture {
        pb::Picture {
            node: self.node.clone(),
            mode: self.mode().into(),
            time_ns: time.as_nanos(),
            sequence,
            snapshot,
            tracks: vec![],
            gone: vec![],
        }
    }

    const fn mode(&self) -> pb::Mode {
        match self.mode {
            Mode::Live => pb::Mode::Live,
            Mode::Replay => pb::Mode::Replay,
            Mode::Sim => pb::Mode::Sim,
        }
    }
}

fn system_track(board: &Board, track: &SystemTrack) -> pb::SystemTrack {
    let remark = board.remarks.get(&track.id());
    pb::SystemTrack {
        remark: remark.map(|remark| pb::Remark {
            text: remark.text.clone(),
            by: remark.by.clone(),
            time_ns: remark.time_ms.saturating_mul(1_000_000),
        }),
        formerly: track.formerly.iter().map(|id| text_id(*id)).collect(),
        stale: track.stale,
        ..convert::system_track(&track.record, text_id(track.id()), short_name(track.id()))
    }
}

fn history_point(point: &PastPoint) -> pb::HistoryPoint {
    let status: Option<TrackStatus> = point.status;
    pb::HistoryPoint {
        shown_ns: point.shown.as_nanos(),
        status: convert::status(status).into(),
        estimate: Some(convert::estimate(&point.estimate)),
        stale: point.stale,
    }
}
