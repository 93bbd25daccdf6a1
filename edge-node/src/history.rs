//! What the picture was, kept in memory for as long as there is room: for the time slider, and for where a track has
//! been.
//!
//! All points of all tracks lie in one queue in the order in which they were shown; each knows how far back the one
//! before of its track is. A point is kept when a track does something that a straight line from its last one does not
//! foretell (`history/point.rs`), and once in [`KEY_PERIOD`] anyhow. So the oldest points can go whenever room is
//! needed: what is a key period younger than they were is still whole. Who a track was stands beside its points and
//! changes seldom.
//!
//! What is closed, and will not change any more, may be handed out to be kept for the next life, which takes it in
//! again (`history/kept.rs`).
//!
//! Pure: time comes with the picture, nothing is read from anywhere. One budget of octets bounds all of it.

mod kept;
mod point;

use std::borrow::Borrow;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use fusion_core::identity::Identity;
use fusion_core::identity::class::ClassBelief;
use fusion_core::label::Label;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{TrackId, TrackStatus};
use proto::record::{Estimate, InCommon, Seq, TrackRecord};

use crate::picture::SystemTrack;
use kept::Outbox;
use point::{Point, timestamp};

pub use kept::{Part, WAITING_MAX};

/// Changes of who a track is that are kept of one track at the most.
///
/// Counter: `Tally::said_dropped`; what was shown before the oldest that is left is not shown any more, for nobody
/// knows any more who may see it.
pub const SAID_MAX: usize = 64;

/// Points that one answer tells of a track at the most.
///
/// No counter: a longer way is thinned evenly, and the answer says so.
pub const POINTS_TOLD_MAX: usize = 10_000;

/// A track has a point at least so often.
pub const KEY_PERIOD: Span = Span::from_secs(60);

/// Octets that a point takes.
pub const POINT_BYTES: usize = 72;

/// Octets that a track takes beside its points and what is said of it: itself, and its places in two trees.
const LIFE_BYTES: usize = 256;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets at the most.
    pub bytes: usize,
    /// Nothing is kept for longer.
    pub age: Span,
}

/// What was shown.
#[derive(Clone, Debug)]
pub struct History {
    limits: Limits,
    points: VecDeque<Point>,
    /// How many points have gone.
    base: u64,
    lives: BTreeMap<TrackId, Life>,
    names: BTreeMap<u32, TrackId>,
    next: u32,
    life_bytes: usize,
    /// Tracks that are gone and still have points.
    ended: usize,
    first_ms: i64,
    now_ms: Option<i64>,
    tally: Tally,
    /// What is to be kept for the next life, if anything is.
    outbox: Option<Outbox>,
}

/// How often a bound was met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Points that went before their age, for want of room.
    pub crowded_out: u64,
    /// Looks at tracks that were not kept, for want of room.
    pub refused: u64,
    /// Changes of who a track is that went for want of room.
    pub said_dropped: u64,
    /// How often all was forgotten because time went back.
    pub restarts: u64,
    /// Points and changes of who a track is that are not kept for the next life, for want of room until they are asked
    /// for.
    pub unkept: u64,
    /// Points of former lives that were taken in.
    pub restored: u64,
    /// Points of former lives that were not: nobody knows any more who may see them.
    pub unknown: u64,
}

/// One track, for as long as it has points.
#[derive(Clone, Debug)]
struct Life {
    number: u32,
    newest: u64,
    version: Seq,
    seen_ms: i64,
    gone: bool,
    /// Who it was, each from a time on.
    said: VecDeque<(i64, Arc<Said>)>,
    bytes: usize,
}

/// Who a track was.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// Who it is, without what the class was concluded from.
    pub identity: Identity,
    /// Who may know.
    pub label: Label,
    /// Names of the sensors that contributed.
    pub sensors: Vec<String>,
    /// Whether only estimates made elsewhere told of it.
    pub source_track: bool,
    /// Numbers under which some of it was shown before.
    pub formerly: Vec<TrackId>,
}

/// A point of a track's way.
#[derive(Clone, Debug, PartialEq)]
pub struct PastPoint {
    /// Since when it was shown.
    pub shown: Timestamp,
    /// Where it was.
    pub estimate: Estimate,
    /// `None`: it was gone.
    pub status: Option<TrackStatus>,
    /// Whether nobody told of it any more.
    pub stale: bool,
}

/// Where a track was, and who.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Way {
    /// Oldest first.
    pub points: Vec<PastPoint>,
    /// How many there were before the way was thinned.
    pub kept: usize,
    /// Who it was, each from a time on, oldest first; the first holds where the way begins.
    pub said: Vec<(Timestamp, Arc<Said>)>,
}

impl Said {
    fn of(track: &SystemTrack) -> Self {
        let record = &track.record;
        Self {
            identity: Identity { belief: ClassBelief::default(), ..record.identity.clone() },
            label: record.label,
            sensors: record.sensors.clone(),
            source_track: record.source_track,
            formerly: track.formerly.clone(),
        }
    }

    fn bytes(&self) -> usize {
        let texts: usize = self.sensors.iter().map(|name| size_of::<String>() + name.len()).sum();
        size_of::<Self>() + texts + self.formerly.len() * size_of::<TrackId>()
    }
}

/// Keeping.
impl History {
    /// Nothing yet. The memory for points is asked for here, once.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            points: VecDeque::with_capacity(limits.bytes / POINT_BYTES),
            base: 0,
            lives: BTreeMap::new(),
            names: BTreeMap::new(),
            next: 0,
            life_bytes: 0,
            ended: 0,
            first_ms: 0,
            now_ms: None,
            tally: Tally::default(),
            outbox: None,
        }
    }

    /// Takes in the picture as it is shown at a time. Time that goes back begins a new history: the old one would stand
    /// beside it.
    pub fn handle_picture<T: Borrow<SystemTrack>>(&mut self, time: Timestamp, tracks: &BTreeMap<TrackId, T>) {
        let now_ms = time.as_millis();
        match self.now_ms {
            Some(before) if before == now_ms => return,
            Some(before) if before < now_ms => {}
            before => self.begin(now_ms, before.is_some()),
        }
        self.now_ms = Some(now_ms);
        tracks.iter().for_each(|(id, track)| self.take(*id, track.borrow(), now_ms));
        self.end_absent(now_ms);
        self.make_room(now_ms);
    }

    fn begin(&mut self, now_ms: i64, again: bool) {
        self.points.clear();
        self.lives.clear();
        self.names.clear();
        (self.life_bytes, self.ended) = (0, 0);
        self.first_ms = now_ms;
        self.tally.restarts += u64::from(again);
        self.outbox = self.outbox.take().map(|before| before.begun_anew());
    }

    fn take(&mut self, id: TrackId, track: &SystemTrack, now_ms: i64) {
        if !self.lives.contains_key(&id) && !self.admit(id) {
            return;
        }
        let (base, oldest_ms) = (self.base, self.points.front().map_or(now_ms, |point| point.shown_ms));
        let life = self.lives.get_mut(&id).expect("there or admitted");
        life.seen_ms = now_ms;
        let last = life.newest.checked_sub(base).and_then(|at| usize::try_from(at).ok());
        let last = last.and_then(|at| self.points.get_mut(at)).filter(|last| last.track == life.number);
        let changed = life.gone || life.version != track.record.version;
        let due = last.as_ref().is_none_or(|last| now_ms - last.shown_ms >= KEY_PERIOD.as_nanos() / 1_000_000);
        if !changed && !due {
            return;
        }
        let returned = life.gone;
        self.ended -= usize::from(returned);
        (life.version, life.gone) = (track.record.version, false);
        let before = life.bytes;
        // Who may see a point is who might see it when it was shown first: none reaches beyond a change of that.
        let renamed = changed && life.say(Said::of(track), now_ms, oldest_ms, &mut self.tally.said_dropped);
        if let (true, Some(outbox), Some((since, said))) = (renamed || returned, &mut self.outbox, life.said.back()) {
            outbox.say(id, *since, said, &mut self.tally.unkept);
        }
        self.life_bytes = self.life_bytes - before + life.bytes;
        let newer = Point::of(track, now_ms);
        match last {
            Some(last) if !due && !renamed && last.covers(&newer) => *last = last.until(&newer),
            _ => self.push(id, newer),
        }
    }

    /// Makes a place for a track, if there is room: half of the budget is for points. Those that are gone make room,
    /// oldest first; those that are still there do not.
    fn admit(&mut self, id: TrackId) -> bool {
        while self.life_bytes + LIFE_BYTES > self.limits.bytes / 2 && self.ended > 0 && !self.points.is_empty() {
            self.tally.crowded_out += 1;
            self.drop_oldest();
        }
        if self.life_bytes + LIFE_BYTES > self.limits.bytes / 2 {
            self.tally.refused += 1;
            return false;
        }
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.names.insert(number, id);
        let life = Life {
            number,
            newest: 0,
            version: Seq(0),
            seen_ms: 0,
            gone: false,
            said: VecDeque::new(),
            bytes: LIFE_BYTES,
        };
        self.lives.insert(id, life);
        self.life_bytes += LIFE_BYTES;
        true
    }

    /// Puts a point behind all others.
    fn push(&mut self, id: TrackId, mut point: Point) {
        self.hand_out_newest(id);
        if self.points.len() == self.points.capacity() {
            self.tally.crowded_out += 1;
            self.drop_oldest();
        }
        let at = self.base + self.points.len() as u64;
        let before = self.lives.get(&id).filter(|life| self.way_back(life).next().is_some()).map(|life| life.newest);
        let Some(life) = self.lives.get_mut(&id) else { return };
        let back = before.and_then(|before| u32::try_from(at - before).ok()).unwrap_or(0);
        life.newest = at;
        if self.points.capacity() > self.points.len() {
            (point.track, point.back) = (life.number, back);
            self.points.push_back(point);
        }
        if point.status.is_none() {
            self.hand_out(id, at);
        }
    }

    /// Notes the end of those that are not in the picture any more.
    fn end_absent(&mut self, now_ms: i64) {
        let absent = self.lives.iter().filter(|(_, life)| !life.gone && life.seen_ms != now_ms);
        let absent: Vec<(TrackId, u64)> = absent.map(|(id, life)| (*id, life.newest)).collect();
        for (id, newest) in absent {
            let last = self.point(newest).copied();
            match (last, self.lives.get_mut(&id)) {
                (Some(last), Some(life)) => {
                    life.gone = true;
                    self.ended += 1;
                    self.push(id, last.end(now_ms));
                }
                _ => self.forget(id),
            }
        }
    }

    /// Lets the oldest go: those that are too old, and as many as there is no room for.
    fn make_room(&mut self, now_ms: i64) {
        let horizon = now_ms.saturating_sub(self.limits.age.as_nanos() / 1_000_000);
        while self.points.front().is_some_and(|point| point.shown_ms < horizon) {
            self.drop_oldest();
        }
        while self.bytes() > self.limits.bytes && !self.points.is_empty() {
            self.tally.crowded_out += 1;
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let Some(point) = self.points.pop_front() else { return };
        let (gone, name) = (self.base, self.names.get(&point.track).copied());
        self.base += 1;
        let Some(id) = name else { return };
        if self.lives.get(&id).is_some_and(|life| life.gone && life.newest == gone) {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: TrackId) {
        if let Some(life) = self.lives.remove(&id) {
            self.names.remove(&life.number);
            self.ended -= usize::from(life.gone);
            self.life_bytes = self.life_bytes.saturating_sub(life.bytes);
        }
    }
}

impl Life {
    /// Notes who the track is, if that is new; what no point needs any more goes. Whether it was new.
    fn say(&mut self, now: Said, now_ms: i64, oldest_ms: i64, dropped: &mut u64) -> bool {
        if self.said.back().is_some_and(|(_, said)| **said == now) {
            return false;
        }
        while self.said.get(1).is_some_and(|(since, _)| *since <= oldest_ms) {
            self.said.pop_front();
        }
        if self.said.len() >= SAID_MAX {
            self.said.pop_front();
            *dropped += 1;
        }
        // The sensors of a track often change to and fro.
        let known = self.said.iter().find(|(_, said)| **said == now).map(|(_, said)| Arc::clone(said));
        self.said.push_back((now_ms, known.unwrap_or_else(|| Arc::new(now))));
        let each = self.said.iter().map(|(_, said)| size_of::<(i64, Arc<Said>)>() + said.bytes());
        self.bytes = LIFE_BYTES + each.sum::<usize>();
        true
    }

    /// Who it was at a time; nothing if that is not known any more.
    fn said_at(&self, at_ms: i64) -> Option<&Arc<Said>> {
        self.saying_at(at_ms).map(|(_, said)| said)
    }

    /// The same, with since when.
    fn saying_at(&self, at_ms: i64) -> Option<&(i64, Arc<Said>)> {
        let after = self.said.partition_point(|(since, _)| *since <= at_ms);
        after.checked_sub(1).and_then(|at| self.said.get(at))
    }
}

/// Reading. `permits` says of a label whether the reader may see what bears it.
impl History {
    /// From when to when the picture is known; nothing before the first picture.
    #[must_use]
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let now_ms = self.now_ms?;
        let oldest_ms = self.points.front().map_or(self.first_ms, |point| point.shown_ms);
        let whole_ms = oldest_ms.saturating_add(KEY_PERIOD.as_nanos() / 1_000_000);
        let from_ms = if self.base == 0 { self.first_ms } else { whole_ms.min(now_ms) };
        Some((timestamp(from_ms.max(self.first_ms)), timestamp(now_ms)))
    }

    /// The picture at a time, or at the nearest that is known, and which that was. Trails, remarks and how many
    /// measurements there were are not kept.
    #[must_use]
    pub fn picture(
        &self,
        at: Timestamp,
        permits: impl Fn(&Label) -> bool,
    ) -> Option<(Timestamp, BTreeMap<TrackId, SystemTrack>)> {
        let (from, to) = self.span()?;
        let at = at.clamp(from, to);
        let at_ms = at.as_millis();
        let entry = |(id, life): (&TrackId, &Life)| {
            let point = self.way_back(life).find(|point| point.shown_ms <= at_ms)?;
            point.status?;
            let said = life.said_at(at_ms).filter(|said| permits(&said.label))?;
            Some((*id, entry(*id, point, said, at_ms)))
        };
        Some((at, self.lives.iter().filter_map(entry).collect()))
    }

    /// Where a track was between two times, in so many points at the most; nothing if there was none of that number
    /// that the reader may see.
    #[must_use]
    pub fn way(
        &self,
        id: TrackId,
        between: (Timestamp, Timestamp),
        points_max: usize,
        permits: impl Fn(&Label) -> bool,
    ) -> Option<Way> {
        let life = self.lives.get(&id)?;
        let (from_ms, to_ms) = (between.0.as_millis(), between.1.as_millis());
        let permitted = |point: &&Point| life.said_at(point.shown_ms).is_some_and(|said| permits(&said.label));
        let known = self.way_back(life).skip_while(|point| point.shown_ms > to_ms);
        let known = known.take_while(|point| point.shown_ms.max(point.told_ms()) >= from_ms).filter(permitted);
        let mut points: Vec<&Point> = known.collect();
        points.reverse();
        let (first_ms, last_ms) = (points.first()?.shown_ms, points.last()?.shown_ms);
        let said = life.said.iter().filter(|(since, said)| *since <= last_ms && permits(&said.label));
        let before = life.said.partition_point(|(since, _)| *since <= first_ms).saturating_sub(1);
        let begins_ms = life.said.get(before).map_or(first_ms, |(since, _)| *since);
        let said = said.filter(|(since, _)| *since >= begins_ms);
        let kept = points.len();
        Some(Way {
            points: thinned(&points, points_max.clamp(1, POINTS_TOLD_MAX), to_ms),
            kept,
            said: said.map(|(since, said)| (timestamp(*since), Arc::clone(said))).collect(),
        })
    }

    /// The points of a track, newest first, as far as they are kept.
    fn way_back<'a>(&'a self, life: &Life) -> impl Iterator<Item = &'a Point> + use<'a> {
        let number = life.number;
        let mut next = Some(life.newest);
        std::iter::from_fn(move || {
            let at = next?;
            let point = self.point(at).filter(|point| point.track == number)?;
            next = (point.back > 0).then(|| at.checked_sub(point.back.into())).flatten();
            Some(point)
        })
    }

    fn point(&self, at: u64) -> Option<&Point> {
        self.points.get(usize::try_from(at.checked_sub(self.base)?).ok()?)
    }

    /// Octets that are taken.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.points.len() * POINT_BYTES + self.life_bytes
    }

    /// Names every counter, in a fixed order.
    pub fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        each("history_bytes", self.bytes() as u64);
        each("history_points", self.points.len() as u64);
        each("history_tracks", self.lives.len() as u64);
        each("history_crowded_out", self.tally.crowded_out);
        each("history_refused", self.tally.refused);
        each("history_said_dropped", self.tally.said_dropped);
        each("history_restarts", self.tally.restarts);
        each("history_unkept", self.tally.unkept);
        each("history_restored", self.tally.restored);
        each("history_restored_unknown", self.tally.unknown);
    }
}

fn entry(id: TrackId, point: &Point, said: &Said, at_ms: i64) -> SystemTrack {
    let record = TrackRecord {
        id,
        version: Seq(0),
        status: point.status,
        estimate: point.estimate(at_ms),
        identity: said.identity.clone(),
        label: said.label,
        sensors: said.sensors.clone(),
        updates: 0,
        source_track: said.source_track,
        in_common: InCommon::UNKNOWN,
    };
    SystemTrack { record, members: vec![id], formerly: said.formerly.clone(), own: None, stale: point.stale }
}

/// Points at even steps, the first and the last among them, and where the last line led to.
fn thinned(points: &[&Point], points_max: usize, to_ms: i64) -> Vec<PastPoint> {
    let told = |point: &Point, at_ms: i64| PastPoint {
        shown: timestamp(point.shown_ms.max(at_ms.min(point.told_ms()))),
        estimate: point.estimate(at_ms),
        status: point.status,
        stale: point.stale,
    };
    let step = points.len().saturating_sub(1).div_ceil(points_max.saturating_sub(2).max(1)).max(1);
    let mut way: Vec<PastPoint> = points.iter().step_by(step).map(|point| told(point, i64::MIN)).collect();
    let Some(last) = points.last() else { return way };
    let led_to = told(last, to_ms);
    if way.last().is_none_or(|end| end.estimate.time < led_to.estimate.time || end.status != led_to.status) {
        way.push(led_to);
    }
    // The last one counts most.
    way.drain(..way.len().saturating_sub(points_max));
    way
}

#[cfg(test)]
mod tests;
