//! What one receiver is to be told next: the newest state of what changed and is released to it, within a rate.
//!
//! Nothing waits in a queue. A receiver that is slow, or whose link is thin, is told less often, never of the past;
//! what it was told of longest ago comes first. A track of which there is no news is not told again: it goes stale on
//! the receiver's screen, and is taken off it when it leaves the picture.

use std::collections::BTreeMap;

use fusion_core::gaussian::ellipse;
use fusion_core::geodesy::Geodetic;
use fusion_core::label::Clearance;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::TrackId;
use proto::record::Seq;

use super::describe::{Describer, LINE_LIFE, Line, area_uid, uid};
use super::event::Event;
use crate::board::{Board, Remark, node_name};
use crate::outputs::moment::Moment;
use crate::outputs::release;
use crate::picture::SystemTrack;

/// This node is told of so often.
const OWN_PERIOD: Span = Span::from_secs(30);

/// A track goes stale after so many of its usual pauses, so that one lost event does not grey it.
const PAUSES: f64 = 3.0;

/// The shortest life of what is told.
const LIFE_MIN: Span = Span::from_secs(10);

/// The longest.
const LIFE_MAX: Span = Span::from_secs(300);

/// Lines of one sensor at once on a receiver's screen; a newer one takes the place of the oldest.
const LINES_PER_SENSOR: usize = 8;

/// How long the lines of other nodes' sensors are drawn, whose range is not told, metres.
const HEARD_RANGE_M: f64 = 20_000.0;

/// How a receiver is told.
#[derive(Clone, Copy, Debug)]
pub struct FeedSettings {
    /// What it may see.
    pub clearance: Clearance,
    /// A track is told no more often than this.
    pub period: Span,
    /// Events of tracks and their areas within one call of [`Feed::advance`] at the most, and lines of bearing
    /// likewise. That something is gone is told at once.
    pub events_max: usize,
    /// A track whose position is less certain than this is drawn with the area where it may be, metres (one sigma).
    pub area_above_m: f64,
}

/// Where a sensor is, and how far it hears.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Its name.
    pub name: String,
    /// Where it stands, if it does.
    pub place: Option<Geodetic>,
    /// How far it hears, metres.
    pub range_m: f64,
}

/// What a receiver was told of a track.
#[derive(Clone, Copy, Debug)]
struct Told {
    version: Seq,
    /// When it was told.
    at: Timestamp,
    /// The time of validity told then.
    valid: Timestamp,
    /// How long the pauses between its states are.
    pause: Span,
    has_area: bool,
}

/// What a receiver was told, and what it lacks.
#[derive(Debug)]
pub struct Feed {
    settings: FeedSettings,
    told: BTreeMap<TrackId, Told>,
    own: Option<Timestamp>,
    /// By source, where the next line goes, and the time of the last.
    lines: BTreeMap<String, (usize, Timestamp)>,
    deferred: u64,
    withheld: usize,
}

impl Feed {
    /// Of a receiver that knows nothing yet.
    #[must_use]
    pub const fn new(settings: FeedSettings) -> Self {
        Self { settings, told: BTreeMap::new(), own: None, lines: BTreeMap::new(), deferred: 0, withheld: 0 }
    }

    /// How often a track had to wait for its turn, because others filled the rate.
    #[must_use]
    pub const fn deferred(&self) -> u64 {
        self.deferred
    }

    /// How many tracks of the picture the receiver may not see.
    #[must_use]
    pub const fn withheld(&self) -> usize {
        self.withheld
    }

    /// What is to be told now.
    pub fn advance(&mut self, board: &Board, listeners: &[Listener], by: &Describer, now: Timestamp) -> Vec<Event> {
        let mut events = Vec::new();
        let moment = Moment::of(by.mode, board.time, now);
        if self.own.is_none_or(|last| now - last >= OWN_PERIOD || now < last) {
            self.own = Some(now);
            events.push(by.own(moment));
        }
        self.tell_gone(board, by, now, &mut events);
        self.tell_tracks(board, by, moment, &mut events);
        self.tell_lines(board, listeners, by, moment, &mut events);
        events
    }

    fn tell_gone(&mut self, board: &Board, by: &Describer, now: Timestamp, events: &mut Vec<Event>) {
        let clearance = self.settings.clearance;
        self.told.retain(|id, told| {
            let stays = release::is_there_for(&clearance, board, *id);
            if !stays {
                events.push(by.gone(&uid(*id), now));
                if told.has_area {
                    events.push(by.gone(&area_uid(*id), now));
                }
            }
            stays
        });
    }

    fn tell_tracks(&mut self, board: &Board, by: &Describer, moment: Moment, events: &mut Vec<Event>) {
        let now = moment.now;
        let mut due: Vec<(Option<Timestamp>, &SystemTrack)> = Vec::new();
        let (permitted, withheld) = release::tracks_for(&self.settings.clearance, board);
        self.withheld = withheld;
        for track in permitted {
            let told = self.told.get(&track.id());
            let is_news = told.is_none_or(|told| {
                track.record.version != told.version && (now - told.at >= self.settings.period || now < told.at)
            });
            if is_news {
                due.push((told.map(|told| told.at), track));
            }
        }
        due.sort_by_key(|(at, track)| (*at, track.id()));
        let full = events.len() + self.settings.events_max;
        for (_, track) in due {
            if events.len() < full {
                let remark = board.remarks.get(&track.id());
                let remark = remark.filter(|remark| release::is_for(&self.settings.clearance, *remark));
                self.tell_track(track, remark, by, moment, events);
            } else {
                self.deferred += 1;
            }
        }
    }

    fn tell_track(
        &mut self,
        track: &SystemTrack,
        remark: Option<&Remark>,
        by: &Describer,
        moment: Moment,
        events: &mut Vec<Event>,
    ) {
        let now = moment.now;
        let (id, valid) = (track.id(), track.record.estimate.time);
        let before = self.told.get(&id);
        let pause = before.map_or(self.settings.period, |told| usual(told.pause, valid - told.valid));
        let life = Span::from_secs_f64(PAUSES * pause.as_secs_f64()).clamp(LIFE_MIN, LIFE_MAX);
        events.push(by.track_with(track, remark, life, moment));
        let p = track.record.estimate.covariance.matrix();
        let (major, _, _) = ellipse(p[(0, 0)], p[(0, 1)], p[(1, 1)]);
        let has_area = major > self.settings.area_above_m;
        if has_area {
            events.push(by.area(track, life, moment));
        } else if before.is_some_and(|told| told.has_area) {
            events.push(by.gone(&area_uid(id), now));
        }
        self.told.insert(id, Told { version: track.record.version, at: now, valid, pause, has_area });
    }

    fn tell_lines(
        &mut self,
        board: &Board,
        listeners: &[Listener],
        by: &Describer,
        moment: Moment,
        events: &mut Vec<Event>,
    ) {
        let clearance = self.settings.clearance;
        let lines = own_lines(board, listeners, by).chain(heard_lines(board));
        let lines = lines.filter(|line| release::is_for(&clearance, &line.label) && board.time - line.time < LINE_LIFE);
        let fresh = self.fresh(lines, board.time);
        let over = fresh.len().saturating_sub(self.settings.events_max);
        self.deferred += over as u64;
        events.extend(fresh.iter().skip(over).flat_map(|line| by.line(line, moment)));
    }

    /// Those that the receiver was not told of, each in a place of its own. Sources that are no longer on the board are
    /// forgotten; so is what was told later than it is now, since a replay has begun anew.
    fn fresh(&mut self, lines: impl Iterator<Item = Line>, now: Timestamp) -> Vec<Line> {
        let (mut fresh, mut sources) = (Vec::new(), BTreeMap::new());
        for mut line in lines {
            let told = self.lines.get(&line.source).filter(|(_, last)| *last <= now);
            let (slot, before) = told.copied().unwrap_or_default();
            let (slot, last) = sources.entry(line.source.clone()).or_insert((slot, before));
            if line.time > before {
                (line.slot, *slot, *last) = (*slot, (*slot + 1) % LINES_PER_SENSOR, line.time.max(*last));
                fresh.push(line);
            }
        }
        self.lines = sources;
        fresh
    }
}

/// What this node's sensors heard.
fn own_lines<'a>(board: &'a Board, listeners: &'a [Listener], by: &'a Describer) -> impl Iterator<Item = Line> + 'a {
    board.bearings.iter().filter_map(|bearing| {
        let listener = listeners.get(usize::from(bearing.sensor.0))?;
        Some(Line {
            source: format!("{}.{}", by.node, listener.name),
            slot: 0,
            name: listener.name.clone(),
            from: bearing.from.or(listener.place)?,
            azimuth: bearing.azimuth,
            sigma_rad: bearing.sigma_rad,
            range_m: listener.range_m,
            time: bearing.time,
            label: bearing.label,
        })
    })
}

/// What those of other nodes heard.
fn heard_lines(board: &Board) -> impl Iterator<Item = Line> + '_ {
    board.heard.iter().map(|heard| {
        let node = node_name(&board.nodes, heard.origin.node);
        Line {
            source: format!("{node}.{}.{}", heard.line.sensor, heard.line.emitter),
            slot: 0,
            name: node,
            from: heard.line.place(),
            azimuth: heard.line.azimuth(),
            sigma_rad: heard.line.sigma_rad(),
            range_m: HEARD_RANGE_M,
            time: heard.time,
            label: heard.label,
        }
    })
}

/// The pause between states, as it was and as it is now: it grows at once and falls slowly.
fn usual(before: Span, now: Span) -> Span {
    let (before, now) = (before.as_secs_f64(), now.as_secs_f64());
    Span::from_secs_f64(if now > before { now } else { 0.75 * before + 0.25 * now.max(0.0) })
}
