//! A rotating surveillance radar: the plots of a sector when the antenna has left it, and what it says of its turning.
//!
//! The beam is a half plane that turns steadily. A target is seen when the beam passes it: between two sector
//! crossings its azimuth falls from ahead of the beam to behind it. Both ends of a sector are computed the same way by
//! the sector before and the sector after, so nobody is seen twice or slips between. What is measured is slant range
//! and azimuth in the radar's own tangent plane; a height is known only from a transponder, in its steps.

use core::f64::consts::TAU;

use fusion_core::angle::Angle;
use fusion_core::identity::{Address, Identity};
use fusion_core::maths::round;
use fusion_core::measurement::Coverage;
use fusion_core::time::{Span, Timestamp};

use super::clutter::Clutter;
use super::encoder::{self, Crossing, Look, LookEncoder, Means, Seen, unknown};
use super::random::{Random, Stream};
use super::scenario::{Radar, Scenario};
use super::site::{Site, View};
use super::truth::{Live, Truth};
use super::watch::Watch;
use super::{Instrument, span_of_millis};
use crate::asterix::common::FOOT_M;
use crate::decoder::{Measured, Place, Polar, Return};

/// Sectors of a turn.
const SECTORS: u8 = 32;
/// One sigma of a height told by pressure, metres; for forms that carry one.
const HEIGHT_SIGMA_M: f64 = 30.0;
/// A quarter of a flight level, the unit of transmitted heights.
const QUARTER_LEVEL_M: f64 = 25.0 * FOOT_M;

/// The radar at work.
#[derive(Debug)]
pub(super) struct RotatingRadar {
    spec: Radar,
    site: Site,
    watch: Watch,
    encoder: Box<dyn LookEncoder>,
    start: Timestamp,
    period: Span,
    latency: Span,
    /// Sector crossings told so far; the antenna now enters sector `crossings` of all turns.
    crossings: i64,
    random: Random,
}

impl RotatingRadar {
    pub(super) fn new(spec: &Radar, scenario: &Scenario, seed: u64, start: Timestamp) -> Self {
        let site = Site::new(scenario, &spec.position, &spec.faults);
        Self {
            site,
            watch: Watch::new(&spec.faults, start),
            encoder: encoder::of_radar(spec, &site),
            start,
            period: Span::from_secs_f64(spec.period_s),
            latency: span_of_millis(spec.latency_ms),
            crossings: 0,
            random: Random::new(seed, Stream::sensor(&spec.name)),
            spec: spec.clone(),
        }
    }

    /// When the antenna enters a sector, counted through all turns.
    const fn crossing(&self, number: i64) -> Timestamp {
        let nanos = self.start.as_nanos() + self.period.as_nanos() * number / SECTORS as i64;
        Timestamp::from_nanos(nanos)
    }

    /// The plots between two crossings, in the order of time.
    fn sweep(&mut self, truth: &Truth, sector: i64) -> Vec<Seen> {
        let (entry, exit) = (self.crossing(sector), self.crossing(sector + 1));
        let mut seen: Vec<Seen> = Vec::new();
        for live in truth.live_at(entry) {
            if let Some(time) = self.passes(truth, &live, sector, entry, exit) {
                seen.extend(self.observe(truth, &live, time));
            }
        }
        seen.extend(self.false_alarms(sector, entry, exit));
        seen.sort_by_key(|one| one.time);
        for one in &mut seen {
            one.time = self.watch.reads(one.time);
        }
        seen
    }

    /// When the beam passes a target in a sector, if it does.
    fn passes(
        &self,
        truth: &Truth,
        live: &Live<'_>,
        sector: i64,
        entry: Timestamp,
        exit: Timestamp,
    ) -> Option<Timestamp> {
        let at_exit = truth.one_at(live.id, exit)?;
        let ahead = (self.site.view(&live.kinematics).azimuth - beam(sector)).radians();
        let behind = (self.site.view(&at_exit.kinematics).azimuth - beam(sector + 1)).radians();
        let passed = ahead >= 0.0 && behind < 0.0 && ahead - behind < 0.5 * TAU;
        let share = ahead / (ahead - behind);
        passed.then(|| entry + Span::from_secs_f64((exit - entry).as_secs_f64() * share))
    }

    /// The plot of a target in the beam, if the radar sees it.
    fn observe(&mut self, truth: &Truth, live: &Live<'_>, time: Timestamp) -> Option<Seen> {
        let live = truth.one_at(live.id, time)?;
        let view = self.site.view(&live.kinematics);
        let answers = live.actor.transponder.is_some();
        let spec = &self.spec;
        let (detection, range_sigma_m, azimuth_sigma_deg) = if answers {
            (spec.detection_probability, spec.range_sigma_m, spec.azimuth_sigma_deg)
        } else {
            (spec.primary_detection_probability, spec.primary_range_sigma_m, spec.primary_azimuth_sigma_deg)
        };
        let primary_too = spec.primary_detection_probability;
        if !self.can_see(&live, &view) || !self.random.happens(detection) {
            return None;
        }
        let range_m = view.range_m + range_sigma_m * self.random.normal();
        let azimuth = view.azimuth.radians() + azimuth_sigma_deg.to_radians() * self.random.normal();
        let plot = self.plot(time, range_m, azimuth, [range_sigma_m, azimuth_sigma_deg]);
        Some(if answers { answered(plot, &live, self.random.happens(primary_too)) } else { plot })
    }

    fn can_see(&self, live: &Live<'_>, view: &View) -> bool {
        let elevations = self.spec.elevation_min_deg.to_radians()..self.spec.elevation_max_deg.to_radians();
        let in_beam = elevations.contains(&view.elevation)
            && self.spec.field_of_view.is_none_or(|sector| sector.holds(view.azimuth));
        in_beam
            && view.range_m <= self.spec.range_max_m
            && self.spec.sees.contains(&live.actor.class())
            && self.site.sees_over_the_horizon(view, &live.kinematics)
    }

    fn false_alarms(&mut self, sector: i64, entry: Timestamp, exit: Timestamp) -> Vec<Seen> {
        let share = 1.0 / f64::from(SECTORS);
        let clutter = Clutter {
            mean: self.spec.clutter_per_scan * share,
            range_max_m: self.spec.range_max_m,
            from: beam(sector),
            width_rad: TAU * share,
        };
        let alarms = clutter.draw(&mut self.random).into_iter();
        let within = alarms.filter(|one| self.spec.field_of_view.is_none_or(|sector| sector.holds(one.azimuth)));
        let sigmas = [self.spec.primary_range_sigma_m, self.spec.primary_azimuth_sigma_deg];
        let placed = within.map(|alarm| {
            let time = entry + Span::from_secs_f64((exit - entry).as_secs_f64() * alarm.share);
            self.plot(time, alarm.range_m, alarm.azimuth.radians(), sigmas)
        });
        placed.collect()
    }

    fn plot(&self, time: Timestamp, range_m: f64, azimuth: f64, [range_sigma_m, azimuth_sigma_deg]: [f64; 2]) -> Seen {
        let range = Measured { value: (range_m + self.site.range_bias_m).max(0.0), sigma: range_sigma_m };
        let azimuth = Measured { value: azimuth + self.site.azimuth_bias, sigma: azimuth_sigma_deg.to_radians() };
        let place =
            Place::Polar(Polar { azimuth, range: Some(range), elevation: None, height: None, range_rate: None });
        Seen { time, what: unknown(place), means: Means::Echo }
    }
}

impl Instrument for RotatingRadar {
    fn next_time(&self) -> Timestamp {
        self.crossing(self.crossings) + self.latency
    }

    fn step(&mut self, truth: &Truth, out: &mut Vec<u8>) {
        let entered = self.crossings;
        self.crossings += 1;
        if entered > 0 {
            let seen = self.sweep(truth, entered - 1);
            let coverage = Coverage::Sector { from: beam(entered - 1), width_rad: TAU / f64::from(SECTORS) };
            let time = self.watch.reads(self.crossing(entered));
            self.encoder.look(&Look { time, coverage, seen }, out);
        }
        let time = self.watch.reads(self.crossing(entered));
        self.encoder.crossing(Crossing { time, sector: sector_of_turn(entered), sectors: SECTORS }, out);
    }
}

/// Adds what the transponder answered.
fn answered(mut plot: Seen, live: &Live<'_>, primary_too: bool) -> Seen {
    let (told, identity) = answer(live);
    if let Place::Polar(polar) = &mut plot.what.place {
        polar.height = told;
    }
    plot.what = Return { identity, ..plot.what };
    plot.means = if primary_too { Means::EchoAndAnswer } else { Means::Answer };
    plot
}

/// What a transponder answered: its steps of height, its code, its name.
fn answer(live: &Live<'_>) -> (Option<Measured>, Identity) {
    let Some(transponder) = &live.actor.transponder else { return (None, Identity::UNKNOWN) };
    let step_m = QUARTER_LEVEL_M * f64::from(transponder.altitude_quarters);
    let height_m = live.sample(Timestamp::EPOCH).position.height_m;
    let told = Measured { value: round(height_m / step_m) * step_m, sigma: step_m.max(HEIGHT_SIGMA_M) };
    let identity = Identity {
        address: live.icao().map(Address::Icao),
        name: transponder.callsign(live.id.instance).as_str().try_into().ok(),
        mode_3a: Some(transponder.mode_3a),
        ..Identity::UNKNOWN
    };
    (Some(told), identity)
}

/// Where the beam points as it enters a sector.
fn beam(sector: i64) -> Angle {
    Angle::from_radians(TAU * f64::from(sector_of_turn(sector)) / f64::from(SECTORS))
}

fn sector_of_turn(sector: i64) -> u8 {
    u8::try_from(sector.rem_euclid(i64::from(SECTORS))).expect("a remainder of 32")
}
