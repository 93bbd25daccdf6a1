//! A direction finder that hears emitters: bearings, some of them reflections.

use core::f64::consts::TAU;

use fusion_core::identity::{Identity, ObjectClass};
use fusion_core::measurement::Coverage;
use fusion_core::time::{Span, Timestamp};

use super::encoder::{self, Look, LookEncoder, Means, Seen};
use super::random::{Random, Stream};
use super::scenario::{DirectionFinder, Scenario};
use super::site::{Site, View};
use super::truth::{Live, Truth};
use super::watch::Watch;
use super::{Instrument, span_of_millis};
use crate::decoder::{Measured, Place, Polar, Return};

/// Below this the ground is in the way, degrees.
const ELEVATION_DEG_MIN: f64 = -3.0;

/// The direction finder at work.
#[derive(Debug)]
pub(super) struct Finder {
    spec: DirectionFinder,
    site: Site,
    next_report: Timestamp,
    watch: Watch,
    encoder: Box<dyn LookEncoder>,
    random: Random,
}

impl Finder {
    pub(super) fn new(spec: &DirectionFinder, scenario: &Scenario, seed: u64, start: Timestamp) -> Self {
        let site = Site::new(scenario, &spec.position, &spec.faults);
        Self {
            spec: spec.clone(),
            site,
            next_report: start,
            watch: Watch::new(&spec.faults, start),
            encoder: encoder::of_finder(spec, &site),
            random: Random::new(seed, Stream::sensor(&spec.name)),
        }
    }

    fn listen(&mut self, truth: &Truth, time: Timestamp) -> Vec<Seen> {
        let told = self.watch.reads(time);
        let mut heard = Vec::new();
        for live in truth.live_at(time) {
            let Some(emitter) = live.emission(truth, time) else { continue };
            let view = self.site.view(&live.kinematics);
            let in_band = self.spec.band_mhz.is_none_or(|[low, high]| (low..=high).contains(&emitter.frequency_mhz));
            if in_band && self.can_hear(&live, &view) && self.random.happens(self.spec.detection_probability) {
                let what = self.bearing(view.azimuth.radians());
                heard.push(Seen { time: told, what, means: Means::Emission(emitter.frequency_mhz) });
            }
        }
        heard
    }

    fn can_hear(&self, live: &Live<'_>, view: &View) -> bool {
        view.range_m <= self.spec.range_max_m
            && view.elevation >= ELEVATION_DEG_MIN.to_radians()
            && self.spec.field_of_view.is_none_or(|sector| sector.holds(view.azimuth))
            && self.site.sees_over_the_horizon(view, &live.kinematics)
    }

    fn bearing(&mut self, true_azimuth: f64) -> Return {
        let sigma = self.spec.azimuth_sigma_deg.to_radians();
        let reflected = self.random.happens(self.spec.outlier_share);
        let value = if reflected { self.random.uniform(0.0, TAU) } else { true_azimuth + sigma * self.random.normal() };
        let azimuth = Measured { value: value + self.site.azimuth_bias, sigma };
        let place = Place::Polar(Polar { azimuth, range: None, elevation: None, height: None, range_rate: None });
        Return::unnamed(place, Identity { class: ObjectClass::Emitter, ..Identity::UNKNOWN })
    }
}

impl Instrument for Finder {
    fn next_time(&self) -> Timestamp {
        self.next_report + span_of_millis(self.spec.latency_ms)
    }

    fn step(&mut self, truth: &Truth, out: &mut Vec<u8>) {
        let time = self.next_report;
        self.next_report = time + Span::from_secs_f64(self.spec.period_s);
        let seen = self.listen(truth, time);
        let look = Look { time: self.watch.reads(time), coverage: Coverage::Reports, seen };
        self.encoder.look(&look, out);
    }
}
