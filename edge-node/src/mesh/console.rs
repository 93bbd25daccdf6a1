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
use crate::config::audience::Audience;
use crate::history::{PastPoint, Said, Way};
use crate::neighbour_health::NeighbourHealth;
use crate::outputs::health::Wellbeing;
use crate::picture::{SystemTrack, short_name, text_id};
use crate::registration_health::RegistrationHealth;
use crate::sensor_health::SensorHealth;

/// What subscribers have been told so far; a snapshot answers with exactly this, so that the next change fits on it.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pub(super) board: Arc<Board>,
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
    pub audience: Audience,
    /// Our time, by which a live picture is judged.
    pub clock: Clock,
}

impl Teller {
    pub(super) fn records(&self, records: &[TrackRecord]) -> Option<pb::TrackRecords> {
        let permitted = records.iter().filter(|record| self.audience.permits(&record.label));
        let records: Vec<_> = permitted.map(convert::track_record).collect();
        (!records.is_empty()).then_some(pb::TrackRecords { records })
    }

    /// What of a board those who were told so much do not know yet; nothing if there is nothing.
    pub(super) fn changes(&self, told: &Told, board: &Board) -> Option<pb::Picture> {
        let (before, now) = (&told.board.tracks, &board.tracks);
        let known = |track: &SystemTrack| {
            let old = before.get(&track.id()).filter(|old| self.may_see(old));
            old.is_some_and(|old| old.record.version == track.record.version)
        };
        let changed = now.values().filter(|track| self.may_see(track) && !known(track));
        let changed: Vec<_> = changed.map(|track| system_track(board, track)).collect();
        let left = |id: &TrackId| !now.get(id).is_some_and(|track| self.may_see(track));
        let gone = before.iter().filter(|(id, track)| self.may_see(track) && left(id));
        let gone: Vec<String> = gone.map(|(id, _)| text_id(*id)).collect();
        if changed.is_empty() && gone.is_empty() {
            return None;
        }
        let head = self.picture(board.time, told.sequence + 1, false);
        Some(pb::Picture { tracks: changed, gone, ..head })
    }

    pub(super) fn snapshot(&self, told: &Told) -> pb::Picture {
        let tracks = told.board.tracks.values().filter(|track| self.may_see(track));
        let tracks = tracks.map(|track| system_track(&told.board, track)).collect();
        pb::Picture { tracks, ..self.picture(told.board.time, told.sequence, true) }
    }

    /// A picture of the past, which no change follows.
    pub(super) fn past(&self, time: Timestamp, tracks: &BTreeMap<TrackId, SystemTrack>) -> pb::Picture {
        let nothing = Board::default();
        let tracks = tracks.values().map(|track| system_track(&nothing, track)).collect();
        pb::Picture { tracks, ..self.picture(time, 0, true) }
    }

    pub(super) fn sensors(&self, board: &Board) -> pb::SensorHealths {
        let permitted = board.registrations.iter().filter(|each| self.audience.permits(&each.known.label));
        pb::SensorHealths {
            node: self.node.clone(),
            mode: self.mode().into(),
            time_ns: board.time.as_nanos(),
            sensors: board.sensors.iter().map(SensorHealth::protobuf).collect(),
            registrations: permitted.map(RegistrationHealth::protobuf).collect(),
        }
    }

    /// Nothing if there are none.
    pub(super) fn neighbours(&self, board: &Board) -> Option<pb::NeighbourHealths> {
        (!board.neighbours.is_empty()).then(|| pb::NeighbourHealths {
            node: self.node.clone(),
            mode: self.mode().into(),
            time_ns: board.time.as_nanos(),
            neighbours: board.neighbours.iter().map(NeighbourHealth::protobuf).collect(),
        })
    }

    pub(super) fn health(&self, board: &Board) -> pb::NodeHealth {
        let state = Wellbeing::of(self.mode, board, self.clock.now().validity);
        let tracks = board.tracks.values().filter(|track| self.may_see(track)).count();
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
            tracks: u32::try_from(tracks).unwrap_or(u32::MAX),
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
            identities: way.said.iter().map(|(since, said)| history_identity(*since, said)).collect(),
        }
    }

    /// How many tracks its audience may not see.
    pub(super) fn withheld(&self, board: &Board) -> u64 {
        board.tracks.values().filter(|track| !self.may_see(track)).count() as u64
    }

    fn may_see(&self, track: &SystemTrack) -> bool {
        self.audience.permits(&track.record.label)
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

fn history_identity(since: Timestamp, said: &Said) -> pb::HistoryIdentity {
    pb::HistoryIdentity {
        since_ns: since.as_nanos(),
        identity: Some(convert::identity(&said.identity)),
        label: Some(convert::label(&said.label)),
        sensors: said.sensors.clone(),
        source_track: said.source_track,
    }
}
