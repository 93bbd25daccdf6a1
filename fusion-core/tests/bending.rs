//! Measurements that bend within what is known of the target: slopes beside points, by the whole tracker.

mod common;

use common::{Chance, ORIGIN, memory};
use fusion_core::filter::linearise::Linearisation;
use fusion_core::frame::Position;
use fusion_core::gaussian::{Covariance, StateVector};
use fusion_core::identity::Identity;
use fusion_core::label::Label;
use fusion_core::maths::{cos, sin, sqrt};
use fusion_core::measurement::{Coverage, Measurement, Observation, Pose, Reading, Scan, SensorId};
use fusion_core::model::MeasurementModel;
use fusion_core::model::bearing::BearingElevation;
use fusion_core::model::constant_velocity::NearlyConstantVelocity;
use fusion_core::model::polar::RangeBearingElevation;
use fusion_core::nalgebra::{Vector2, Vector3};
use fusion_core::sensor::{FieldOfView, SensorModel};
use fusion_core::time::Timestamp;
use fusion_core::tracker::{Tracker, TrackerConfig};

const RUNS: u32 = 100;

/// One sensor and one target.
struct Scenario {
    name: &'static str,
    stands: fn(f64) -> Vector3<f64>,
    truth: fn(f64) -> StateVector,
    see: fn(&Pose, &StateVector, &mut Chance) -> Observation,
    looks: u32,
}

/// What became of it.
#[derive(Default)]
struct Verdict {
    /// Runs that ended with a track.
    located: f64,
    /// Mean over runs and looks.
    nees: f64,
    error_m: f64,
    judged: f64,
}

impl Scenario {
    fn judge(&self, filter: Linearisation) -> Verdict {
        let mut verdict = Verdict::default();
        (0..RUNS).for_each(|seed| self.run(filter, seed, &mut verdict));
        let Verdict { located, nees, error_m, judged } = verdict;
        Verdict { located, nees: nees / judged, error_m: sqrt(error_m / judged), judged }
    }

    fn run(&self, filter: Linearisation, seed: u32, verdict: &mut Verdict) {
        let mut chance = Chance::new(u64::from(seed) + 77);
        let motion = NearlyConstantVelocity { horizontal: 1e-3, vertical: 1e-4 };
        let config = TrackerConfig { motion, filter, velocity_sigma_horizontal_m_s: 30.0, ..TrackerConfig::default() };
        let mut tracker = Tracker::new(ORIGIN, config, memory(64, 16));
        let model = SensorModel {
            detection: 0.95,
            clutter_per_scan: 1e-3,
            field_of_view: FieldOfView { range_max_m: 50_000.0, ..FieldOfView::WIDE },
            ..SensorModel::PLAIN
        };
        for look in 0..self.looks {
            let t = f64::from(look) * 2.0;
            let pose = Pose { origin: Position::from_vector((self.stands)(t)), ..Pose::AT_ORIGIN };
            let truth = (self.truth)(t);
            let observation = (self.see)(&pose, &truth, &mut chance);
            let measurements = [Measurement { observation, identity: Identity::UNKNOWN }];
            let scan = Scan {
                sensor: SensorId(0),
                pose,
                time: Timestamp::from_secs(2 * i64::from(look)),
                sequence: u64::from(look),
                label: Label::STRICTEST,
                coverage: Coverage::Full,
                measurements: &measurements,
            };
            tracker.handle_scan(&scan, &model).expect("in order");
            let believed = tracker.states_at(scan.time).filter(|(track, _)| track.is_confirmed());
            let Some((_, state)) = believed.max_by_key(|(track, _)| track.updates) else { continue };
            let away: Vector3<f64> = (truth - state.mean).fixed_rows::<3>(0).into();
            verdict.nees += state.covariance.leading::<3>().factor().mahalanobis_squared(&away);
            verdict.error_m += away.norm_squared();
            verdict.judged += 1.0;
            verdict.located += f64::from(u8::from(look + 1 == self.looks));
        }
    }
}

fn still(_: f64) -> StateVector {
    StateVector::new(800.0, 4_500.0, 20.0, 0.0, 0.0, 0.0)
}

fn crossing(t: f64) -> StateVector {
    StateVector::new(-4_000.0 + 60.0 * t, 9_000.0, 800.0, 60.0, 0.0, 0.0)
}

fn here(_: f64) -> Vector3<f64> {
    Vector3::zeros()
}

/// A drone in a circle.
fn circling(t: f64) -> Vector3<f64> {
    Vector3::new(600.0 * sin(t / 30.0), 600.0 * cos(t / 30.0), 300.0)
}

fn line(pose: &Pose, truth: &StateVector, chance: &mut Chance) -> Observation {
    let sigmas = Vector2::new(0.008, 0.008);
    let noise = Vector2::new(chance.normal(), chance.normal()).component_mul(&sigmas);
    let z = BearingElevation(pose).predict(truth) + noise;
    Observation::BearingElevation(Reading { z, noise: Covariance::from_sigmas(&sigmas).expect("positive") })
}

fn wide_beam(pose: &Pose, truth: &StateVector, chance: &mut Chance) -> Observation {
    let sigmas = Vector3::new(4.0, 0.08, 0.08);
    let noise = Vector3::new(chance.normal(), chance.normal(), chance.normal()).component_mul(&sigmas);
    let z = RangeBearingElevation(pose).predict(truth) + noise;
    Observation::RangeBearingElevation(Reading { z, noise: Covariance::from_sigmas(&sigmas).expect("positive") })
}

const SCENARIOS: [Scenario; 2] = [
    Scenario { name: "lines of sight from a drone", stands: circling, truth: still, see: line, looks: 120 },
    Scenario { name: "a wide beam with a short pulse", stands: here, truth: crossing, see: wide_beam, looks: 60 },
];

#[test]
fn where_measurements_bend_points_are_truer_than_slopes() {
    println!("{:32}{:>12} {:>8} {:>10} {:>10}", "", "", "located", "NEES (3)", "error");
    for scenario in SCENARIOS {
        let filters = [Linearisation::Extended, Linearisation::Unscented, Linearisation::Auto];
        let [extended, unscented, auto] = filters.map(|filter| scenario.judge(filter));
        for (name, verdict) in [("extended", &extended), ("unscented", &unscented), ("auto", &auto)] {
            let Verdict { located, nees, error_m, .. } = verdict;
            println!("{:32}{name:>12} {located:8} {nees:10.2} {error_m:8.0} m", scenario.name);
        }
        assert!(auto.located >= extended.located && auto.nees < 1.05 * extended.nees, "{}", scenario.name);
        let much = scenario.name.starts_with("a wide beam");
        assert!(!much || (auto.nees < 0.1 * extended.nees && auto.error_m < 0.6 * extended.error_m));
    }
}
