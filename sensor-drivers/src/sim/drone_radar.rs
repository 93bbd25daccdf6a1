//! A radar against small drones that sees its whole field of view at once: range, azimuth, elevation and range rate.

use core::f64::consts::TAU;

use fusion_core::angle::Angle;
use fusion_core::identity::ObjectClass;
use fusion_core::measurement::Coverage;
use fusion_core::time::{Span, Timestamp};

use super::clutter::{Clutter, FalseAlarm};
use super::encoder::{self, Look, LookEncoder, Means, Seen, unknown};
use super::random::{Random, Stream};
use super::scenario::{DroneRadar, Scenario};
use super::site::{Site, View};
use super::truth::{Live, Truth};
use super::watch::Watch;
use super::{Instrument, span_of_millis};
use crate::decoder::{Measured, Place, Polar, Return};

/// False alarms move no faster than this, metres per second.
const FALSE_RATE_M_S_MAX: f64 = 60.0;

/// The radar at work.
#[derive(Debug)]
pub(super) struct StaringRadar {
    spec: DroneRadar,
    site: Site,
    from: Angle,
    width_rad: f64,
    next_look: Timestamp,
    watch: Watch,
    encoder: Box<dyn LookEncoder>,
    random: Random,
}

impl StaringRadar {
    pub(super) fn new(spec: &DroneRadar, scenario: &Scenario, seed: u64, start: Timestamp) -> Self {
        let sector = spec.field_of_view;
        let site = Site::new(scenario, &spec.position, &spec.faults);
        Self {
            site,
            watch: Watch::new(&spec.faults, start),
            encoder: encoder::of_drone_radar(spec, &site),
            from: Angle::from_degrees(sector.map_or(0.0, |sector| sector.from_deg)),
            width_rad: sector.map_or(TAU, |sector| sector.width_deg.to_radians()),
            next_look: start,
            random: Random::new(seed, Stream::sensor(&spec.name)),
            spec: spec.clone(),
        }
    }

    fn look(&mut self, truth: &Truth, time: Timestamp) -> Vec<Return> {
        let mut returns = Vec::new();
        for live in truth.live_at(time) {
            let view = self.site.view(&live.kinematics);
            if self.can_see(&live, &view) && self.random.happens(self.spec.detection_probability) {
                let mut seen = self.measure(&view);
                seen.identity.class = self.classify(&live);
                returns.push(seen);
            }
        }
        let clutter = Clutter {
            mean: self.spec.clutter_per_scan,
            range_max_m: self.spec.range_max_m,
            from: self.from,
            width_rad: self.width_rad,
        };
        for alarm in clutter.draw(&mut self.random) {
            returns.push(self.false_return(&alarm));
        }
        returns
    }

    fn can_see(&self, live: &Live<'_>, view: &View) -> bool {
        let elevations = self.spec.elevation_min_deg.to_radians()..self.spec.elevation_max_deg.to_radians();
        let in_field = self.spec.field_of_view.is_none_or(|sector| sector.holds(view.azimuth))
            && elevations.contains(&view.elevation);
        in_field
            && view.range_m <= self.spec.range_max_m
            && self.spec.sees.contains(&live.actor.class())
            && self.site.sees_over_the_horizon(view, &live.kinematics)
    }

    fn measure(&mut self, view: &View) -> Return {
        let spec = &self.spec;
        let random = &mut self.random;
        let range = (view.range_m + spec.range_sigma_m * random.normal()).max(0.0);
        let azimuth = view.azimuth.radians() + spec.azimuth_sigma_deg.to_radians() * random.normal();
        let elevation = view.elevation + spec.elevation_sigma_deg.to_radians() * random.normal();
        let rate = view.range_rate + spec.range_rate_sigma_m_s * random.normal();
        self.polar(range, azimuth, elevation, rate)
    }

    fn classify(&mut self, live: &Live<'_>) -> ObjectClass {
        let share = self.spec.classified_share;
        if share > 0.0 && self.random.happens(share) { live.object_class() } else { ObjectClass::Unknown }
    }

    fn false_return(&mut self, alarm: &FalseAlarm) -> Return {
        let (low, high) = (self.spec.elevation_min_deg, self.spec.elevation_max_deg);
        let elevation = self.random.uniform(low, high).to_radians();
        let rate = self.random.uniform(-FALSE_RATE_M_S_MAX, FALSE_RATE_M_S_MAX);
        self.polar(alarm.range_m, alarm.azimuth.radians(), elevation, rate)
    }

    fn polar(&self, range_m: f64, azimuth: f64, elevation: f64, range_rate: f64) -> Return {
        let spec = &self.spec;
        let measured = |value, sigma| Measured { value, sigma };
        let place = Place::Polar(Polar {
            azimuth: measured(azimuth + self.site.azimuth_bias, spec.azimuth_sigma_deg.to_radians()),
            range: Some(measured((range_m + self.site.range_bias_m).max(0.0), spec.range_sigma_m)),
            elevation: Some(measured(elevation, spec.elevation_sigma_deg.to_radians())),
            height: None,
            range_rate: Some(measured(range_rate, spec.range_rate_sigma_m_s)),
        });
        unknown(place)
    }

    fn coverage(&self) -> Coverage {
        match self.spec.field_of_view {
            None => Coverage::Full,
            Some(_) => Coverage::Sector { from: self.from, width_rad: self.width_rad },
        }
    }
}

impl Instrument for StaringRadar {
    fn next_time(&self) -> Timestamp {
        self.next_look + span_of_millis(self.spec.latency_ms)
    }

    fn step(&mut self, truth: &Truth, out: &mut Vec<u8>) {
        let time = self.next_look;
        self.next_look = time + Span::from_secs_f64(self.spec.period_s);
        let told = self.watch.reads(time);
        let seen = |what| Seen { time: told, what, means: Means::Echo };
        let seen = self.look(truth, time).into_iter().map(seen).collect();
        self.encoder.look(&Look { time: told, coverage: self.coverage(), seen }, out);
    }
}
