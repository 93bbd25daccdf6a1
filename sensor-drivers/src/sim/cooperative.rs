//! Receivers of what vessels and drones tell of themselves: AIS and Remote ID.
//!
//! What a target says, when, and with which error of position follows from the target's own stream of chance, not the
//! receiver's: two receivers hear the very same reports, each less what it misses. Satellite positions wander slowly
//! (first-order Gauss-Markov). Intervals are those of ITU-R M.1371-5, table 1, and ASTM F3411.

use core::fmt::Debug;

use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::maths::{exp, hypot, sqrt};
use fusion_core::time::{Span, Timestamp};

use super::encoder::{self, Heard, ReportEncoder};
use super::random::{Random, Stream};
use super::scenario::{AisReceiver, RemoteIdReceiver, Scenario, Spell};
use super::site::Site;
use super::truth::{Live, Truth, TruthId, along_the_ground};
use super::watch::Watch;
use super::{Instrument, span_of_millis};
use crate::decoder::{HorizontalError, Point, PointVelocity};

/// The receiver looks who speaks next in such steps.
const WINDOW: Span = Span::from_secs(1);
/// How fast the error of a satellite position wanders, seconds.
const WANDER_S: f64 = 60.0;
/// One sigma of a vessel's position along each axis: GPS without corrections, metres.
const AIS_SIGMA_M: f64 = 5.0;
/// How often a vessel tells its particulars.
const PARTICULARS_EVERY: Span = Span::from_secs(360);
/// One sigma of each component of a velocity that is told, metres per second.
const VELOCITY_SIGMA_M_S: f64 = 0.2;
/// One sigma of a height that is told, in sigmas of the position along the ground.
const HEIGHT_SIGMAS: f64 = 1.5;

/// Which system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Ais,
    RemoteId,
}

/// A receiver at work.
#[derive(Debug)]
pub(super) struct CooperativeReceiver {
    system: System,
    range_max_m: f64,
    message_loss: f64,
    latency: Span,
    site: Site,
    watch: Watch,
    encoder: Box<dyn ReportEncoder>,
    seed: u64,
    window: Timestamp,
    speakers: Vec<Speaker>,
    /// Who speaks in the window under way, the last first.
    due: Vec<(Timestamp, TruthId)>,
    random: Random,
}

/// A target as it speaks.
#[derive(Debug)]
struct Speaker {
    id: TruthId,
    next: Timestamp,
    /// When it tells its particulars again.
    particulars: Timestamp,
    spoke: Timestamp,
    sigma_m: f64,
    /// Position error, east and north; metres.
    error_m: [f64; 2],
    random: Random,
}

impl CooperativeReceiver {
    pub(super) fn ais(spec: &AisReceiver, scenario: &Scenario, seed: u64, start: Timestamp) -> Self {
        Self {
            system: System::Ais,
            range_max_m: spec.range_max_m,
            message_loss: spec.message_loss,
            latency: span_of_millis(spec.latency_ms),
            site: Site::new(scenario, &spec.position, &spec.faults),
            watch: Watch::new(&spec.faults, start),
            encoder: encoder::of_ais(spec.encoder),
            seed,
            window: start,
            speakers: Vec::new(),
            due: Vec::new(),
            random: Random::new(seed, Stream::sensor(&spec.name)),
        }
    }

    pub(super) fn remote_id(spec: &RemoteIdReceiver, scenario: &Scenario, seed: u64, start: Timestamp) -> Self {
        Self {
            system: System::RemoteId,
            range_max_m: spec.range_max_m,
            message_loss: spec.message_loss,
            latency: span_of_millis(spec.latency_ms),
            site: Site::new(scenario, &spec.position, &spec.faults),
            watch: Watch::new(&spec.faults, start),
            encoder: encoder::of_remote_id(spec.encoder),
            seed,
            window: start,
            speakers: Vec::new(),
            due: Vec::new(),
            random: Random::new(seed, Stream::sensor(&spec.name)),
        }
    }

    /// Prepares the next window: who has come, who has gone, who speaks when.
    fn begin_window(&mut self, truth: &Truth) {
        let (start, end) = (self.window, self.window + WINDOW);
        let system = self.system;
        let live: Vec<Live<'_>> = truth.live_at(start).filter(|live| system.sigma_m(live).is_some()).collect();
        self.speakers.retain(|speaker| live.iter().any(|live| live.id == speaker.id));
        for live in &live {
            if !self.speakers.iter().any(|speaker| speaker.id == live.id) {
                self.speakers.extend(Speaker::new(system, live, start, self.seed));
            }
        }
        let due = self.speakers.iter().filter(|speaker| speaker.next < end);
        self.due = due.map(|speaker| (speaker.next, speaker.id)).collect();
        self.due.sort_by(|a, b| b.cmp(a));
        self.window = end;
    }

    fn hear(&mut self, truth: &Truth, time: Timestamp, id: TruthId, out: &mut Vec<u8>) {
        let system = self.system;
        let Some(speaker) = self.speakers.iter_mut().find(|speaker| speaker.id == id) else { return };
        let Some(live) = truth.one_at(id, time) else { return };
        // It speaks whether or not anybody hears it.
        let particulars = time >= speaker.particulars;
        let point = speaker.speak(system, &live, time);
        let seconds = truth.seconds(time);
        if system.silences(&live).iter().any(|spell| spell.holds(seconds)) {
            return;
        }
        let view = self.site.view(&live.kinematics);
        let audible = view.range_m <= self.range_max_m && self.site.sees_over_the_horizon(&view, &live.kinematics);
        if audible && !self.random.happens(self.message_loss) {
            let heard = Heard { time: self.watch.reads(time), point, live: &live, particulars };
            self.encoder.report(&heard, out);
        }
    }
}

impl Instrument for CooperativeReceiver {
    fn next_time(&self) -> Timestamp {
        self.due.last().map_or(self.window, |(time, _)| *time) + self.latency
    }

    fn step(&mut self, truth: &Truth, out: &mut Vec<u8>) {
        match self.due.pop() {
            None => self.begin_window(truth),
            Some((time, id)) => self.hear(truth, time, id, out),
        }
    }
}

impl System {
    /// The accuracy of what a target tells, if it speaks this at all.
    fn sigma_m(self, live: &Live<'_>) -> Option<f64> {
        match self {
            Self::Ais => live.actor.ais.as_ref().map(|_| AIS_SIGMA_M),
            Self::RemoteId => live.actor.remote_id.as_ref().map(|remote_id| remote_id.position_sigma_m),
        }
    }

    fn silences<'a>(self, live: &Live<'a>) -> &'a [Spell] {
        match self {
            Self::Ais => live.actor.ais.as_ref().map_or(&[], |ais| &ais.silent),
            Self::RemoteId => &[],
        }
    }

    /// How long a target waits between two reports.
    fn interval(self, live: &Live<'_>, speed_m_s: f64) -> Span {
        const KNOT_M_S: f64 = 1852.0 / 3600.0;
        let knots = speed_m_s / KNOT_M_S;
        let class_b = live.actor.ais.as_ref().is_some_and(|ais| ais.class_b);
        let seconds = match (self, class_b) {
            (Self::RemoteId, _) => 1,
            (Self::Ais, true) if knots <= 2.0 => 180,
            (Self::Ais, true) => 30,
            (Self::Ais, false) if knots < 0.2 => 180,
            (Self::Ais, false) if knots <= 14.0 => 10,
            (Self::Ais, false) if knots <= 23.0 => 6,
            (Self::Ais, false) => 2,
        };
        Span::from_secs(seconds)
    }
}

impl Speaker {
    fn new(system: System, live: &Live<'_>, now: Timestamp, seed: u64) -> Option<Self> {
        let TruthId { target, instance } = live.id;
        let mut random = Random::new(seed, Stream::Beacon { target, instance });
        let sigma_m = system.sigma_m(live)?;
        let error_m = [sigma_m * random.normal(), sigma_m * random.normal()];
        let interval = system.interval(live, live.kinematics.velocity.speed()).as_secs_f64();
        // Whoever speaks seldom is heard early for once: a picture that begins has listened before.
        let next = now + Span::from_secs_f64(random.uniform(0.0, interval.min(10.0)));
        Some(Self { id: live.id, next, particulars: next, spoke: now, sigma_m, error_m, random })
    }

    /// A report, telling where it is; and when the next one is due.
    fn speak(&mut self, system: System, live: &Live<'_>, time: Timestamp) -> Point {
        self.wander((time - self.spoke).as_secs_f64());
        self.spoke = time;
        if time >= self.particulars {
            self.particulars = time + PARTICULARS_EVERY;
        }
        let sample = live.sample(time);
        let [east, north, up] = sample.velocity_enu_m_s;
        let interval = system.interval(live, hypot(east, north));
        self.next = time + Span::from_secs_f64(interval.as_secs_f64() * self.random.uniform(0.95, 1.05));
        let noisy = [east, north, up].map(|component| component + VELOCITY_SIGMA_M_S * self.random.normal());
        let ground = Geodetic { height_m: 0.0, ..sample.position };
        let shifted = TangentPlane::at(ground).to_geodetic(along_the_ground(&ground, self.error_m[0], self.error_m[1]));
        let vertical = (system == System::RemoteId).then_some(self.sigma_m * HEIGHT_SIGMAS);
        let height_error = vertical.unwrap_or(0.0) * self.random.normal();
        Point {
            position: Geodetic { height_m: sample.position.height_m + height_error, ..shifted },
            horizontal: HorizontalError::round(self.sigma_m),
            vertical_sigma_m: vertical,
            velocity: Some(PointVelocity {
                east_north_up: noisy,
                horizontal_sigma: VELOCITY_SIGMA_M_S,
                vertical_sigma: VELOCITY_SIGMA_M_S,
            }),
        }
    }

    fn wander(&mut self, seconds: f64) {
        let kept = exp(-seconds / WANDER_S);
        let fresh = self.sigma_m * sqrt(1.0 - kept * kept);
        for error in &mut self.error_m {
            *error = kept * *error + fresh * self.random.normal();
        }
    }
}
