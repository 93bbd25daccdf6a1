//! Truth and tracks at an instant, from samples before and after it.

use std::collections::{BTreeMap, VecDeque};

use fusion_core::frame::{Position, Velocity};
use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::time::{Span, Timestamp};

use super::covariance::coasted;
use super::input::{Estimate, TrackLine, TruthLine};
use super::point::{TrackPoint, TruthPoint};

/// The most samples of truth that are held at once, all objects together (some 30 MB); one more ends the run with an
/// error.
///
/// No counter: the error ends the run.
pub const SAMPLES_MAX: usize = 1 << 18;

/// The most tracks that are alive at once, shown or not (some 30 MB); one more ends the run with an error.
///
/// No counter: the error ends the run.
pub const LIVE_MAX: usize = 1 << 16;

/// The samples of truth around an instant.
#[derive(Debug)]
pub(super) struct TruthTimeline {
    gap: Span,
    objects: BTreeMap<String, VecDeque<Sample>>,
    held: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Sample {
    time: Timestamp,
    position: Geodetic,
    velocity: Option<[f64; 3]>,
}

/// A bound of this file was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl TruthTimeline {
    /// Objects are there between samples up to `gap` apart.
    pub(super) fn new(gap: Span) -> Self {
        Self { gap, objects: BTreeMap::new(), held: 0 }
    }

    /// Takes in a sample, in order of time, of which the instants from `now` on are to know.
    pub(super) fn handle_line(&mut self, line: TruthLine, now: Timestamp) -> Result<(), Full> {
        let sample = Sample { time: line.time, position: line.position, velocity: line.velocity_enu_m_s };
        let samples = self.objects.entry(line.id).or_default();
        let before = samples.len();
        if samples.back().is_some_and(|last| last.time == sample.time) {
            samples.pop_back();
        }
        samples.push_back(sample);
        forget_past(samples, now);
        self.held = self.held + samples.len() - before;
        if self.held > SAMPLES_MAX { Err(Full) } else { Ok(()) }
    }

    /// Lets go of what no instant from `now` on needs.
    pub(super) fn handle_time(&mut self, now: Timestamp) {
        let gap = self.gap;
        self.objects.retain(|_, samples| {
            forget_past(samples, now);
            samples.back().is_some_and(|last| now - last.time <= gap)
        });
        self.held = self.objects.values().map(VecDeque::len).sum();
    }

    /// Every object that exists at `now`, by name.
    pub(super) fn points(&self, now: Timestamp) -> Vec<TruthPoint<'_>> {
        let there = self.objects.iter().filter_map(|(id, samples)| Some((id, at(samples, now, self.gap)?)));
        there.map(|(id, at)| TruthPoint { id, position: at.position, velocity_enu_m_s: at.velocity }).collect()
    }
}

/// Keeps the last sample that is not later than `now`, and everything after it.
fn forget_past(samples: &mut VecDeque<Sample>, now: Timestamp) {
    while samples.get(1).is_some_and(|second| second.time <= now) {
        samples.pop_front();
    }
}

/// The object at `now`, of which the first sample held is the last that is not later.
fn at(samples: &VecDeque<Sample>, now: Timestamp, gap: Span) -> Option<Sample> {
    let before = samples.front().filter(|sample| sample.time <= now)?;
    if before.time == now {
        return Some(*before);
    }
    let after = samples.get(1).filter(|after| after.time - before.time <= gap)?;
    let share = (now - before.time).as_secs_f64() / (after.time - before.time).as_secs_f64();
    Some(between(before, after, share, now))
}

/// A share of the straight way from one sample to the next. The chord of a few seconds of flight is below the arc by
/// centimetres, and not at all over the ground.
fn between(a: &Sample, b: &Sample, share: f64, time: Timestamp) -> Sample {
    let (from, to) = (a.position.to_ecef(), b.position.to_ecef());
    let position = Position::from_vector(from.vector() + (to - from).vector() * share);
    let mix = |(a, b): ([f64; 3], [f64; 3])| std::array::from_fn(|axis| a[axis] + share * (b[axis] - a[axis]));
    Sample { time, position: Geodetic::from_ecef(position), velocity: a.velocity.zip(b.velocity).map(mix) }
}

/// The tracks that are alive, each as it was last heard of.
#[derive(Debug)]
pub(super) struct LiveTracks {
    coast_limit: Span,
    nees_age: Span,
    tracks: BTreeMap<String, (Timestamp, Estimate)>,
}

impl LiveTracks {
    pub(super) fn new(coast_limit: Span, nees_age: Span) -> Self {
        Self { coast_limit, nees_age, tracks: BTreeMap::new() }
    }

    /// Takes in an update or a deletion, in order of time.
    pub(super) fn handle_line(&mut self, line: TrackLine) -> Result<(), Full> {
        match line.estimate {
            Some(estimate) => self.tracks.insert(line.id, (line.time, estimate)),
            None => self.tracks.remove(&line.id),
        };
        if self.tracks.len() > LIVE_MAX { Err(Full) } else { Ok(()) }
    }

    /// Lets go of tracks that have not been heard of for too long.
    pub(super) fn handle_time(&mut self, now: Timestamp) {
        let limit = self.coast_limit;
        self.tracks.retain(|_, (time, _)| now - *time <= limit);
    }

    /// Every living track, carried on to `now` with its velocity, by name.
    pub(super) fn points(&self, now: Timestamp) -> Vec<TrackPoint<'_>> {
        self.tracks.iter().map(|(id, (time, estimate))| self.point(id, estimate, now - *time)).collect()
    }

    fn point<'a>(&self, id: &'a str, estimate: &Estimate, age: Span) -> TrackPoint<'a> {
        let seconds = age.as_secs_f64();
        let covariance = estimate.covariance_enu.filter(|_| age <= self.nees_age);
        TrackPoint {
            id,
            status: estimate.status,
            position: carried(estimate.position, estimate.velocity_enu_m_s, seconds),
            velocity_enu_m_s: estimate.velocity_enu_m_s,
            covariance_enu: covariance.map(|upper| coasted(&upper, seconds)),
        }
    }
}

/// Where straight flight leads from a point.
fn carried(position: Geodetic, velocity_enu: [f64; 3], seconds: f64) -> Geodetic {
    let [east, north, up] = velocity_enu;
    let plane = TangentPlane::at(position);
    let way = plane.velocity_to_ecef(Velocity::new(east, north, up)).vector() * seconds;
    Geodetic::from_ecef(Position::from_vector(position.to_ecef().vector() + way))
}

#[cfg(test)]
mod tests {
    use super::super::point::Status;
    use super::*;

    fn secs(seconds: f64) -> Timestamp {
        Timestamp::EPOCH + Span::from_secs_f64(seconds)
    }

    fn truth(samples: &[(f64, f64)]) -> TruthTimeline {
        let mut timeline = TruthTimeline::new(Span::from_secs(10));
        for &(seconds, latitude_deg) in samples {
            let position = Geodetic::from_degrees(latitude_deg, 179.999, 100.0).expect("plausible");
            let velocity_enu_m_s = Some([seconds, 0.0, 0.0]);
            let line = TruthLine { time: secs(seconds), id: "t".to_owned(), position, velocity_enu_m_s };
            timeline.handle_line(line, Timestamp::EPOCH).expect("few samples");
        }
        timeline
    }

    fn latitude(timeline: &TruthTimeline, seconds: f64) -> Option<f64> {
        timeline.points(secs(seconds)).first().map(|point| point.position.latitude_deg())
    }

    #[test]
    fn truth_is_straight_between_samples_and_nowhere_else() {
        let mut timeline = truth(&[(2.0, 47.0), (6.0, 47.01)]);
        assert_eq!(latitude(&timeline, 1.0), None);
        assert!((latitude(&timeline, 3.0).expect("between") - 47.0025).abs() < 1e-8);
        assert_eq!(timeline.points(secs(3.0))[0].velocity_enu_m_s, Some([3.0, 0.0, 0.0]));
        timeline.handle_time(secs(6.0));
        assert!((latitude(&timeline, 6.0).expect("the last") - 47.01).abs() < 1e-12);
        assert_eq!(latitude(&timeline, 6.5), None);
    }

    #[test]
    fn truth_is_not_invented_across_a_gap() {
        let timeline = truth(&[(0.0, 47.0), (10.5, 47.01)]);
        assert_eq!(latitude(&timeline, 5.0), None);
        assert_eq!(latitude(&timeline, 0.0), Some(47.0));
    }

    #[test]
    fn what_is_past_is_let_go() {
        let mut timeline = truth(&[(0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 4.0)]);
        timeline.handle_time(secs(2.5));
        assert_eq!(timeline.held, 2);
        timeline.handle_time(secs(14.0));
        assert_eq!((timeline.held, timeline.objects.len()), (0, 0));
    }

    #[test]
    fn the_later_of_two_samples_of_one_time_holds() {
        let timeline = truth(&[(0.0, 1.0), (0.0, 2.0)]);
        assert_eq!((latitude(&timeline, 0.0).map(|lat| (lat * 1e6).round()), timeline.held), (Some(2e6), 1));
    }

    fn estimate(velocity_enu_m_s: [f64; 3]) -> Estimate {
        let position = Geodetic::from_degrees(0.0, 0.0, 0.0).expect("plausible");
        let mut upper = [0.0; 21];
        (upper[0], upper[15]) = (1.0, 1.0);
        Estimate { status: Status::Confirmed, position, velocity_enu_m_s, covariance_enu: Some(upper) }
    }

    fn live() -> LiveTracks {
        let mut live = LiveTracks::new(Span::from_secs(30), Span::from_secs(1));
        let line = TrackLine { time: secs(0.0), id: "a".to_owned(), estimate: Some(estimate([100.0, 0.0, 0.0])) };
        live.handle_line(line).expect("one track");
        live
    }

    #[test]
    fn a_track_is_carried_on_with_its_velocity() {
        // 1000 m along the equator: 1000 / 6378137 rad.
        let longitude = live().points(secs(10.0))[0].position.longitude;
        assert!((longitude - 1000.0 / 6_378_137.0).abs() < 1e-11);
    }

    #[test]
    fn a_covariance_is_carried_only_as_long_as_it_means_something() {
        let live = live();
        assert_eq!(live.points(secs(0.5))[0].covariance_enu.map(|upper| upper[0]), Some(1.25));
        assert_eq!(live.points(secs(1.5))[0].covariance_enu, None);
    }

    #[test]
    fn a_track_ends_when_deleted_or_long_unheard_of() {
        let mut unheard = live();
        unheard.handle_time(secs(30.5));
        assert!(unheard.points(secs(30.5)).is_empty());
        let mut deleted = live();
        deleted.handle_line(TrackLine { time: secs(1.0), id: "a".to_owned(), estimate: None }).expect("none left");
        assert!(deleted.points(secs(1.0)).is_empty());
    }
}
