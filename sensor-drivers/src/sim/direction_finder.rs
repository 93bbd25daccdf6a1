//! A direction finder that hears radio links and speaks generic plots: bearings, some of them reflections.

use core::f64::consts::TAU;

use fusion_core::identity::{Identity, ObjectClass};
use fusion_core::measurement::Coverage;
use fusion_core::time::{Span, Timestamp};

use super::random::{Random, Stream};
use super::scenario::{DirectionFinder, Scenario};
use super::site::Site;
use super::truth::Truth;
use super::{Instrument, span_of_millis};
use crate::decoder::{Measured, OwnedScan, Place, Polar, Return, TimeQuality};
use crate::plots::encode;

/// Below this the ground is in the way, degrees.
const ELEVATION_DEG_MIN: f64 = -1.0;

/// The direction finder at work.
#[derive(Debug)]
pub(super) struct Finder {
    spec: DirectionFinder,
    site: Site,
    next_report: Timestamp,
    random: Random,
}

impl Finder {
    pub(super) fn new(spec: &DirectionFinder, scenario: &Scenario, sensor: u16, seed: u64, start: Timestamp) -> Self {
        let position = scenario.locate(&spec.position).expect("a checked scenario has places on earth");
        let random = Random::new(seed, Stream::Sensor(sensor));
        Self { spec: spec.clone(), site: Site::at(position), next_report: start, random }
    }

    fn listen(&mut self, truth: &Truth, time: Timestamp) -> Vec<Return> {
        let mut returns = Vec::new();
        for live in truth.live_at(time).filter(|live| live.actor.radio_emitter) {
            let view = self.site.view(&live.kinematics);
            let audible = view.range_m <= self.spec.range_max_m && view.elevation >= ELEVATION_DEG_MIN.to_radians();
            if audible && self.random.happens(self.spec.detection_probability) {
                returns.push(self.bearing(view.azimuth.radians()));
            }
        }
        returns
    }

    fn bearing(&mut self, true_azimuth: f64) -> Return {
        let sigma = self.spec.azimuth_sigma_deg.to_radians();
        let reflected = self.random.happens(self.spec.outlier_share);
        let value = if reflected { self.random.uniform(0.0, TAU) } else { true_azimuth + sigma * self.random.normal() };
        let azimuth = Measured { value, sigma };
        let place = Place::Polar(Polar { azimuth, range: None, elevation: None, height: None, range_rate: None });
        Return { place, identity: Identity { class: ObjectClass::Emitter, ..Identity::UNKNOWN } }
    }
}

impl Instrument for Finder {
    fn next_time(&self) -> Timestamp {
        self.next_report + span_of_millis(self.spec.latency_ms)
    }

    fn step(&mut self, truth: &Truth, out: &mut Vec<u8>) {
        let time = self.next_report;
        self.next_report = time + Span::from_secs_f64(self.spec.period_s);
        let returns = self.listen(truth, time);
        if returns.is_empty() {
            return;
        }
        let scan =
            OwnedScan { time, time_quality: TimeQuality::Sensor, from: None, coverage: Coverage::Reports, returns };
        encode(&scan, out).expect("bearings have bounded values, and targets are bounded");
    }
}
