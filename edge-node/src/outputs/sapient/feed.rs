//! What a middleware is to be told next: how this node is, what is lost, and the newest state of what changed.
//!
//! Nothing waits in a queue. What finds no room within the rate has its turn later, as it is then; what was told
//! longest ago comes first. A track of which there is no news is not told again.

use std::collections::BTreeMap;

use fusion_core::identity::ObjectClass;
use fusion_core::label::Clearance;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::TrackId;
use proto::pb::sapient::SapientMessage;
use proto::record::{Estimate, Seq};
use sensor_drivers::sapient::Uuid;
use sensor_drivers::sapient::encode::Sender;

use super::describe::{Condition, Describer, STATUS_PERIOD, is_old};
use crate::board::Board;
use crate::outputs::moment::Moment;
use crate::outputs::release;
use crate::picture::SystemTrack;

/// Two reports of one object are apart by more than what middlewares refuse (80 ms), whatever is configured.
const GAP: Span = Span::from_millis(100);

/// Parents that are told of a track at the most, those heard of last.
///
/// No counter: a track has more only from nodes that name each detection anew, and those name it again with the next.
const PARENTS_TOLD_MAX: usize = 8;

/// How a middleware is told.
#[derive(Clone, Copy, Debug)]
pub struct FeedSettings {
    /// What those behind it may see.
    pub clearance: Clearance,
    /// A track is told no more often than this.
    pub period: Span,
    /// Detections within one call of [`Feed::advance`] at the most.
    pub detections_max: usize,
}

/// What was told of a track.
#[derive(Clone, Copy, Debug)]
struct Told {
    version: Seq,
    at: Timestamp,
    estimate: Estimate,
    class: ObjectClass,
}

/// What a middleware was told, and what it lacks.
#[derive(Debug)]
pub struct Feed {
    settings: FeedSettings,
    reports: Sender,
    told: BTreeMap<TrackId, Told>,
    status: Option<(Timestamp, Condition)>,
    deferred: u64,
    withheld: usize,
}

impl Feed {
    /// Of a middleware that knows nothing yet of this node.
    #[must_use]
    pub fn new(settings: FeedSettings, me: Uuid) -> Self {
        let seed = u64::try_from(me.0 & u128::from(u64::MAX)).expect("64 bits");
        let reports = Sender::new(me, seed);
        Self { settings, reports, told: BTreeMap::new(), status: None, deferred: 0, withheld: 0 }
    }

    /// How often a track had to wait for its turn, because others filled the rate.
    #[must_use]
    pub const fn deferred(&self) -> u64 {
        self.deferred
    }

    /// How many tracks of the picture those behind the middleware may not see.
    #[must_use]
    pub const fn withheld(&self) -> usize {
        self.withheld
    }

    /// What is to be told now.
    pub fn advance(&mut self, board: &Board, by: &Describer, now: Timestamp) -> Vec<SapientMessage> {
        let moment = Moment::of(by.mode, board.time, now);
        let mut messages: Vec<SapientMessage> = self.status(board, by, now).into_iter().collect();
        let full = messages.len() + self.settings.detections_max;
        self.tell_lost(board, by, moment, full, &mut messages);
        self.tell_tracks(board, by, moment, full, &mut messages);
        messages
    }

    /// How this node is, as often as was registered, and at once when that changes.
    fn status(&mut self, board: &Board, by: &Describer, now: Timestamp) -> Option<SapientMessage> {
        let condition = Condition::of(board);
        let is_new = self.status.is_none_or(|(_, told)| told != condition);
        let is_due = self.status.is_none_or(|(at, _)| now - at >= STATUS_PERIOD || now < at);
        (is_new || is_due).then(|| {
            self.status = Some((now, condition));
            by.status(condition, is_new, self.reports.ulid(now), now)
        })
    }

    fn tell_lost(
        &mut self,
        board: &Board,
        by: &Describer,
        moment: Moment,
        full: usize,
        messages: &mut Vec<SapientMessage>,
    ) {
        let Self { settings, reports, told, deferred, .. } = self;
        told.retain(|id, last| {
            let stays = release::is_there_for(&settings.clearance, board, *id);
            if stays || !is_apart(last.at, moment.now, GAP) {
                return true;
            }
            if messages.len() >= full {
                *deferred += 1;
                return true;
            }
            messages.push(by.lost(*id, &last.estimate, last.class, reports.ulid(moment.now), moment));
            false
        });
    }

    fn tell_tracks(
        &mut self,
        board: &Board,
        by: &Describer,
        moment: Moment,
        full: usize,
        messages: &mut Vec<SapientMessage>,
    ) {
        let mut due: Vec<(Option<Timestamp>, &SystemTrack)> = Vec::new();
        let (permitted, withheld) = release::tracks_for(&self.settings.clearance, board);
        self.withheld = withheld;
        for track in permitted {
            let told = self.told.get(&track.id());
            let pause = self.settings.period.max(GAP);
            let is_news =
                told.is_none_or(|told| track.record.version != told.version && is_apart(told.at, moment.now, pause));
            if is_news && !is_old(&track.record.estimate, moment) {
                due.push((told.map(|told| told.at), track));
            }
        }
        due.sort_by_key(|(at, track)| (*at, track.id()));
        let room = full.saturating_sub(messages.len());
        self.deferred += due.len().saturating_sub(room) as u64;
        for (_, track) in due.into_iter().take(room) {
            let record = &track.record;
            let parents = board.parents_of(track, PARENTS_TOLD_MAX);
            messages.push(by.detection(track, &parents, self.reports.ulid(moment.now), moment));
            let (version, estimate, class) = (record.version, record.estimate, record.identity.class);
            self.told.insert(record.id, Told { version, at: moment.now, estimate, class });
        }
    }
}

/// Whether so much time lies between; after our clock was set back, nobody knows.
fn is_apart(earlier: Timestamp, now: Timestamp, gap: Span) -> bool {
    now - earlier >= gap || now < earlier
}
