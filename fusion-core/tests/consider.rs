//! What sensors have in common from look to look does not average out: whether tracks know it.
//!
//! Each scenario is run many times, each time with errors drawn anew from what the sensors are configured to have. A
//! covariance tells the truth if the mean of the position's NEES over the runs is its dimension, three; `--nocapture`
//! shows the table.

mod common;

use common::{Chance, Memory, ORIGIN, memory};
use fusion_core::frame::Position;
use fusion_core::gaussian::{Covariance, GaussianState, StateVector};
use fusion_core::identity::Identity;
use fusion_core::label::Label;
use fusion_core::maths::{cos, sin, sqrt};
use fusion_core::measurement::{Coverage, Measurement, Observation, Pose, PoseError, Reading, Scan, SensorId};
use fusion_core::model::MeasurementModel;
use fusion_core::model::bearing::BearingElevation;
use fusion_core::model::constant_velocity::NearlyConstantVelocity;
use fusion_core::model::motion::MotionSet;
use fusion_core::model::polar::RangeBearingElevation;
use fusion_core::nalgebra::{Matrix3, Vector2, Vector3};
use fusion_core::sensor::{Bias, FieldOfView, SensorModel};
use fusion_core::time::{Span, Timestamp};
use fusion_core::tracker::{Tracker, TrackerConfig};

const RUNS: u32 = 150;
const RUNS_REAL: f64 = 150.0;

/// What a sensor measures.
#[derive(Clone, Copy)]
enum Sees {
    /// Range, azimuth, elevation.
    Polar([f64; 3]),
    /// Azimuth, elevation.
    Line([f64; 2]),
    /// Its place, told by the target.
    Place(f64),
}

/// A sensor with what it is configured to have in common.
#[derive(Clone, Copy)]
struct Sensor {
    sees: Sees,
    bias: Bias,
    error: PoseError,
    /// Where it stands at a time.
    stands: fn(f64) -> Vector3<f64>,
}

/// What the errors turned out to be in one run.
struct Drawn {
    polar: Vector3<f64>,
    place: Vector3<f64>,
    time_s: f64,
    standing: Vector3<f64>,
    /// By what all that is seen appears turned.
    tilt: Vector3<f64>,
}

impl Sensor {
    fn draw(&self, chance: &mut Chance) -> Drawn {
        let Bias { range_m, azimuth_rad, elevation_rad, place_m, time_s } = self.bias;
        let mut three = || Vector3::new(chance.normal(), chance.normal(), chance.normal());
        let (polar, place, standing, turn) = (three(), three(), three(), three());
        let heading = self.error.azimuth_rad * turn.x;
        Drawn {
            polar: Vector3::new(range_m, azimuth_rad, elevation_rad).component_mul(&polar) + Vector3::y() * heading,
            place: Vector3::new(place_m, place_m, 0.0).component_mul(&place),
            time_s: time_s * turn.y,
            standing: self.error.place * standing,
            tilt: Vector3::new(turn.z, place.z, 0.0) * self.error.tilt_rad,
        }
    }

    fn see(&self, pose: &Pose, drawn: &Drawn, truth: &StateVector, chance: &mut Chance) -> Observation {
        let mut x = *truth;
        for k in 0..3 {
            x[k] += truth[k + 3] * drawn.time_s;
        }
        let real = Pose { origin: Position::from_vector(pose.origin.vector() + drawn.standing), ..*pose };
        let away = x.fixed_rows::<3>(0) - real.origin.vector();
        for (k, turned) in (0..3).zip(&drawn.tilt.cross(&away)) {
            x[k] += turned;
        }
        match self.sees {
            Sees::Polar(sigmas) => {
                let sigmas = Vector3::from(sigmas);
                let noise = Vector3::new(chance.normal(), chance.normal(), chance.normal());
                let z = RangeBearingElevation(&real).predict(&x) + drawn.polar + sigmas.component_mul(&noise);
                Observation::RangeBearingElevation(reading(z, sigmas))
            }
            Sees::Line(sigmas) => {
                let sigmas = Vector2::from(sigmas);
                let noise = Vector2::new(chance.normal(), chance.normal());
                let bias = Vector2::new(drawn.polar.y, drawn.polar.z);
                let z = BearingElevation(&real).predict(&x) + bias + sigmas.component_mul(&noise);
                Observation::BearingElevation(Reading { z, noise: Covariance::from_sigmas(&sigmas).expect("positive") })
            }
            Sees::Place(sigma) => {
                let noise = Vector3::new(chance.normal(), chance.normal(), chance.normal()) * sigma;
                let z: Vector3<f64> = x.fixed_rows::<3>(0) + drawn.place + noise;
                Observation::Position(reading(z, Vector3::repeat(sigma)))
            }
        }
    }
}

fn reading(z: Vector3<f64>, sigmas: Vector3<f64>) -> Reading<3> {
    Reading { z, noise: Covariance::from_sigmas(&sigmas).expect("positive") }
}

/// Sensors that look in turn at one target.
struct Scenario {
    name: &'static str,
    sensors: Vec<Sensor>,
    truth: fn(f64) -> StateVector,
    /// The density with which the filter expects accelerations.
    motion: f64,
    several_motions: bool,
    looks: u32,
    period_s: f64,
}

impl Scenario {
    fn tracker(&self) -> Tracker<Memory> {
        let config = TrackerConfig {
            motion: NearlyConstantVelocity { horizontal: self.motion, vertical: 0.1 * self.motion },
            motions: self.several_motions.then(MotionSet::aircraft),
            looks: None,
            horizontal_sigma_limit_m: 1e5,
            ..TrackerConfig::default()
        };
        Tracker::new(ORIGIN, config, memory(64, 16))
    }

    /// The state of the track at the end, and how far it is from the truth in its own terms; `None` if there is none.
    fn run(&self, seed: u32, considering: bool) -> Option<(GaussianState, f64)> {
        let mut chance = Chance::new(u64::from(seed) + 1);
        let drawn: Vec<Drawn> = self.sensors.iter().map(|sensor| sensor.draw(&mut chance)).collect();
        let mut tracker = self.tracker();
        for look in 0..self.looks {
            let t = f64::from(look) * self.period_s;
            let which = usize::try_from(look).expect("few") % self.sensors.len();
            let sensor = &self.sensors[which];
            let origin = Position::from_vector((sensor.stands)(t));
            let error = if considering { sensor.error } else { PoseError::NONE };
            let pose = Pose { origin, error, ..Pose::AT_ORIGIN };
            let observation = sensor.see(&pose, &drawn[which], &(self.truth)(t), &mut chance);
            if chance.uniform() < 0.05 {
                continue;
            }
            let measurements = [Measurement { observation, identity: Identity::UNKNOWN }];
            let model = SensorModel {
                detection: 0.95,
                clutter_per_scan: 1e-3,
                bias: if considering { sensor.bias } else { Bias::NONE },
                field_of_view: FieldOfView { range_max_m: 200_000.0, ..FieldOfView::WIDE },
                ..SensorModel::PLAIN
            };
            let scan = Scan {
                sensor: SensorId(u16::try_from(which).expect("few")),
                pose,
                time: Timestamp::EPOCH + Span::from_secs_f64(t),
                sequence: u64::from(look),
                label: Label::STRICTEST,
                coverage: Coverage::Full,
                measurements: &measurements,
            };
            tracker.handle_scan(&scan, &model).expect("in order");
        }
        assert_eq!(tracker.tally().updates_not_finite, 0, "{}", self.name);
        let end = f64::from(self.looks) * self.period_s;
        let confirmed = tracker.states_at(Timestamp::EPOCH + Span::from_secs_f64(end));
        let (_, state) = confirmed.filter(|(track, _)| track.is_confirmed()).max_by_key(|(track, _)| track.updates)?;
        let away: Vector3<f64> = ((self.truth)(end) - state.mean).fixed_rows::<3>(0).into();
        let nees = state.covariance.leading::<3>().factor().mahalanobis_squared(&away);
        Some((state, nees))
    }

    /// Mean NEES, mean claimed and root mean square horizontal error, of the runs that end with a track, and how many.
    fn judge(&self, considering: bool) -> Verdict {
        let mut verdict = Verdict { nees: 0.0, claimed_m: 0.0, error_m: 0.0, runs: 0.0 };
        for (state, nees) in (0..RUNS).filter_map(|seed| self.run(seed, considering)) {
            let away = (self.truth)(f64::from(self.looks) * self.period_s) - state.mean;
            verdict.nees += nees;
            verdict.claimed_m += state.horizontal_sigma_m() * state.horizontal_sigma_m();
            verdict.error_m += 0.5 * (away.x * away.x + away.y * away.y);
            verdict.runs += 1.0;
        }
        let Verdict { nees, claimed_m, error_m, runs } = verdict;
        Verdict { nees: nees / runs, claimed_m: sqrt(claimed_m / runs), error_m: sqrt(error_m / runs), runs }
    }
}

const HEAD: &str = "runs  NEES   claimed     error";

impl core::fmt::Display for Verdict {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:4} {:5.1}  {:6.0} m  {:6.0} m", self.runs, self.nees, self.claimed_m, self.error_m)
    }
}

struct Verdict {
    nees: f64,
    claimed_m: f64,
    error_m: f64,
    runs: f64,
}

/// Half the band about three in which the mean of NEES of so many runs lies with probability 0.999.
fn band(runs: f64) -> f64 {
    3.29 * sqrt(2.0 * 3.0 / runs)
}

fn straight(t: f64) -> StateVector {
    let velocity = Vector3::new(-180.0, 90.0, 2.0);
    let place = Vector3::new(40_000.0, 30_000.0, 6_000.0) + velocity * t;
    StateVector::new(place.x, place.y, place.z, velocity.x, velocity.y, velocity.z)
}

/// Straight for a minute, then in a circle of 3° per second.
fn turning(t: f64) -> StateVector {
    let (before, rate) = (t.min(60.0), 3_f64.to_radians());
    let begun = straight(before);
    let angle = rate * (t - before);
    let (vx, vy) = (begun[3], begun[4]);
    let (s, c) = (sin(angle), cos(angle));
    let x = begun[0] + (vx * s - vy * (1.0 - c)) / rate;
    let y = begun[1] + (vx * (1.0 - c) + vy * s) / rate;
    StateVector::new(x, y, begun[2] + 2.0 * (t - before), vx * c - vy * s, vx * s + vy * c, 2.0)
}

fn still(_: f64) -> StateVector {
    StateVector::new(800.0, 2_500.0, 20.0, 0.0, 0.0, 0.0)
}

fn here(_: f64) -> Vector3<f64> {
    Vector3::zeros()
}

fn there(_: f64) -> Vector3<f64> {
    Vector3::new(50_000.0, -10_000.0, 100.0)
}

/// A drone that circles about where the target is not.
fn circling(t: f64) -> Vector3<f64> {
    Vector3::new(600.0 * sin(t / 40.0), 600.0 * cos(t / 40.0), 400.0)
}

const RADAR: Sensor = Sensor {
    sees: Sees::Polar([25.0, 0.0015, 0.0015]),
    bias: Bias { range_m: 60.0, azimuth_rad: 0.005, elevation_rad: 0.004, ..Bias::NONE },
    error: PoseError::NONE,
    stands: here,
};

/// Two minutes of straight flight.
const fn named(name: &'static str, sensors: Vec<Sensor>) -> Scenario {
    Scenario { name, sensors, truth: straight, motion: 1e-3, several_motions: false, looks: 60, period_s: 2.0 }
}

fn scenarios() -> [Scenario; 6] {
    let other = Sensor {
        bias: Bias { range_m: 20.0, azimuth_rad: 0.002, elevation_rad: 0.006, ..Bias::NONE },
        stands: there,
        ..RADAR
    };
    let reports = Sensor {
        sees: Sees::Place(30.0),
        bias: Bias { place_m: 15.0, time_s: 0.4, ..Bias::NONE },
        error: PoseError::NONE,
        stands: here,
    };
    let near = Sensor { sees: Sees::Polar([10.0, 0.01, 0.01]), ..RADAR };
    let drone = Sensor {
        sees: Sees::Line([0.004, 0.004]),
        bias: Bias::NONE,
        error: PoseError {
            place: Matrix3::from_diagonal(&Vector3::new(8.0, 8.0, 15.0)),
            azimuth_rad: 0.01,
            lasts: None,
            tilt_rad: 0.006,
            tilt_lasts: None,
            platform: 3,
        },
        stands: circling,
    };
    [
        named("one radar", vec![RADAR]),
        named("two radars", vec![RADAR, other]),
        named("reports with late times", vec![reports]),
        named("radar and reports", vec![other, reports]),
        Scenario {
            truth: turning,
            motion: 5.0,
            several_motions: true,
            ..named("two radars, a turn, several motions", vec![RADAR, other])
        },
        Scenario { truth: still, ..named("a radar and a drone's lines of sight", vec![near, drone]) },
    ]
}

#[test]
fn no_track_claims_to_know_more_than_what_its_sensors_share_allows() {
    println!("{:36}{:>30}   {:>30}", "", "considered", "taken for independent");
    println!("{:36}{}   {}", "", HEAD, HEAD);
    let judged = scenarios().map(|scenario| (scenario.judge(true), scenario.judge(false), scenario));
    judged.iter().for_each(|(with, without, scenario)| println!("{:36}{with}   {without}", scenario.name));
    for (with, without, scenario) in &judged {
        assert!(with.runs > 0.97 * RUNS_REAL, "{}: {} runs", scenario.name, with.runs);
        // Several motions allow for more than there is, before and after a turn.
        let least = if scenario.several_motions { 0.0 } else { 3.0 - band(with.runs) };
        assert!((least..3.0 + band(with.runs)).contains(&with.nees), "{}: {}", scenario.name, with.nees);
        assert!(without.nees > 3.0 * (3.0 + band(without.runs)), "{}: {}", scenario.name, without.nees);
    }
}
