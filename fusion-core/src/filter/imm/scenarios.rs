//! Whole flights: modes together against one filter alone, by error, by consistency, and by which mode is believed.

use super::*;
use crate::filter::consistency::nees;
use crate::frame;
use crate::gaussian::{Covariance, StateVector};
use crate::maths::{cos, exp, ln, sin, sqrt};
use crate::measurement::Pose;
use crate::model::bearing::Bearing;
use crate::model::constant_velocity::NearlyConstantVelocity;
use crate::model::motion::tests::{PUSH, STAY, STRAIGHT, TURN, set_of};
use crate::model::polar::RangeBearingElevation;
use crate::model::position::Position;
use crate::time::Span;

/// Chance from a seed: a linear congruential generator with Knuth's constants.
struct Chance(u64);

impl Chance {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 32).expect("32 bits")) / 4_294_967_296.0
    }

    fn normal(&mut self) -> f64 {
        sqrt(-2.0 * ln(1.0 - self.uniform())) * cos(core::f64::consts::TAU * self.uniform())
    }
}

const SECONDS: usize = 120;
const RUNS: u32 = 100;
const SIGMA: [f64; 3] = [15.0, 15.0, 20.0];

type Flight = [StateVector; SECONDS];

/// Speed and rate of turn at each second; the truth between is a circle.
fn flight(manner: impl Fn(usize) -> (f64, f64)) -> Flight {
    let (mut place, mut heading) = ([0.0, 0.0], 0.3_f64);
    core::array::from_fn(|second| {
        let (speed, rate) = manner(second);
        let now = StateVector::new(place[0], place[1], 500.0, speed * cos(heading), speed * sin(heading), 0.0);
        for _ in 0..100 {
            heading += 0.005 * rate;
            place[0] += 0.01 * speed * cos(heading);
            place[1] += 0.01 * speed * sin(heading);
            heading += 0.005 * rate;
        }
        now
    })
}

/// 150 m/s; after 40 s a turn to the right by 6° a second (1.6 g) for 40 s.
fn turning() -> Flight {
    flight(|second| (150.0, if (40..80).contains(&second) { -0.105 } else { 0.0 }))
}

/// 12 m/s, and from 40 s to 80 s on station.
fn stopping() -> Flight {
    let speed = |second| match second {
        40..=80 => 0.0,
        81 => 4.0,
        82 => 8.0,
        _ => 12.0,
    };
    flight(|second| (speed(second), 0.0))
}

/// What a filter did over all runs, second by second.
struct Outcome {
    /// Root mean square of the error in place and in velocity.
    place: [f64; SECONDS],
    velocity: [f64; SECONDS],
    /// Mean NEES over six.
    anees: [f64; SECONDS],
    /// Mean probability of the second mode.
    second: [f64; SECONDS],
}

fn rms(errors: &[f64]) -> f64 {
    sqrt(errors.iter().map(|error| error * error).sum::<f64>() / count(errors))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / count(values)
}

fn count(values: &[f64]) -> f64 {
    f64::from(u32::try_from(values.len()).expect("few"))
}

fn first_seen(truth: &Flight, chance: &mut Chance) -> GaussianState {
    let sigmas = StateVector::new(SIGMA[0], SIGMA[1], SIGMA[2], 15.0, 15.0, 2.0);
    let error = StateVector::from_fn(|k, _| sigmas[k] * chance.normal());
    let covariance = Covariance::from_sigmas(&sigmas).expect("positive");
    GaussianState { mean: truth[0] + error, covariance, time: Timestamp::EPOCH }
}

fn fly(set: &MotionSet, truth: &Flight) -> Outcome {
    let zero = [0.0; SECONDS];
    let mut outcome = Outcome { place: zero, velocity: zero, anees: zero, second: zero };
    for seed in 0..RUNS {
        let mut chance = Chance(u64::from(seed) << 40);
        let mut modes = Modes::start(set, &first_seen(truth, &mut chance)).expect("positive");
        for (second, x) in truth.iter().enumerate() {
            if second > 0 {
                let to = Timestamp::from_secs(i64::try_from(second).expect("few"));
                modes = modes.predict(set, to).expect("finite");
                modes = modes.update(&Position, &about(&Position, x, SIGMA, 0.0, &mut chance)).expect("finite");
            }
            let state = modes.combined().prove().expect("positive");
            let error = state.mean - x;
            outcome.place[second] += error.fixed_rows::<3>(0).norm_squared();
            outcome.velocity[second] += error.fixed_rows::<3>(3).norm_squared();
            outcome.anees[second] += nees(&state, x) / 6.0 / f64::from(RUNS);
            outcome.second[second] += modes.probabilities().get(1).unwrap_or(&0.0) / f64::from(RUNS);
        }
    }
    outcome.place = outcome.place.map(|sum| sqrt(sum / f64::from(RUNS)));
    outcome.velocity = outcome.velocity.map(|sum| sqrt(sum / f64::from(RUNS)));
    outcome
}

fn straight(q: f64) -> Motion {
    Motion::ConstantVelocity(NearlyConstantVelocity { horizontal: q, vertical: 0.05 })
}

fn alone(motion: Motion) -> MotionSet {
    MotionSet::single(motion).expect("makes sense")
}

#[test]
fn a_turning_target_is_followed_better_than_by_any_one_filter() {
    let set = set_of([(straight(0.1), 60, 3.0), (TURN, 30, 1.0)]);
    let together = fly(&set, &turning());
    let error = |outcome: &Outcome| (rms(&outcome.place[10..]), rms(&outcome.velocity[10..]));
    for q in [0.1, 1.0, 10.0, 30.0, 100.0, 300.0] {
        let ((place, velocity), (one_place, one_velocity)) =
            (error(&together), error(&fly(&alone(straight(q)), &turning())));
        assert!(place < 0.85 * one_place, "q = {q}: {place} m against {one_place} m");
        assert!(velocity < 0.65 * one_velocity, "q = {q}: {velocity} m/s against {one_velocity} m/s");
    }
    let anees = mean(&together.anees[10..]);
    assert!((0.8..1.2).contains(&anees), "ANEES {anees}");
}

#[test]
fn turning_is_believed_in_the_turn_and_not_after() {
    let outcome = fly(&set_of([(straight(0.1), 60, 3.0), (TURN, 30, 1.0)]), &turning());
    assert!(mean(&outcome.second[20..40]) < 0.1);
    assert!(mean(&outcome.second[50..80]) > 0.85);
    assert!(mean(&outcome.second[90..120]) < 0.1);
    // Within four looks of its beginning.
    assert!(outcome.second[44] > 0.5, "{}", outcome.second[44]);
}

#[test]
fn pushing_is_believed_in_the_turn_too() {
    let outcome = fly(&set_of([(straight(0.1), 60, 3.0), (PUSH, 30, 1.0)]), &turning());
    assert!(mean(&outcome.second[20..40]) < 0.1 && mean(&outcome.second[50..80]) > 0.85);
    assert!(rms(&outcome.place[10..]) < rms(&fly(&alone(straight(30.0)), &turning()).place[10..]));
}

/// The third is there for the moment of starting: from standing still neither of the others could.
#[test]
fn a_hovering_target_is_held_where_it_is() {
    let set = set_of([(straight(0.1), 60, 1.0), (STAY, 60, 1.0), (straight(10.0), 10, 1.0)]);
    let together = fly(&set, &stopping());
    for q in [0.1, 1.0, 10.0] {
        let one = fly(&alone(straight(q)), &stopping());
        assert!(rms(&together.place[45..80]) < 0.7 * rms(&one.place[45..80]), "on station, q = {q}");
        assert!(rms(&together.place[10..]) < 0.95 * rms(&one.place[10..]), "all the time, q = {q}");
    }
    assert!(mean(&together.second[20..40]) < 0.1 && mean(&together.second[50..80]) > 0.8);
    assert!(mean(&together.second[95..120]) < 0.1);
}

/// The target goes anywhere within 20 km as it pleases, seen from 40 km away. Sigmas are right but of any size, and
/// every hundredth measurement or so is another's, some hundred metres off.
#[test]
fn covariances_stay_positive_definite_under_a_hundred_thousand_steps() {
    let set = set_of([(STRAIGHT, 60, 5.0), (TURN, 15, 2.0), (PUSH, 5, 1.0), (STAY, 600, 0.5)]);
    let pose = Pose { origin: frame::Position::new(-40e3, 0.0, 0.0), ..Pose::AT_ORIGIN };
    let (mut chance, mut x) = (Chance(7), turning()[0]);
    let mut modes = Modes::start(&set, &first_seen(&turning(), &mut chance)).expect("positive");
    for step in 0..100_000 {
        let seconds = 5.0 * chance.uniform();
        x = wander(&x, seconds, &mut chance);
        modes = modes.predict(&set, modes.time() + Span::from_secs_f64(seconds)).expect("finite");
        let sigma = exp(7.0 * chance.uniform());
        let stray = if step % 101 == 50 { 300.0 } else { 0.0 };
        let updated = match step % 4 {
            0 => modes.update(&Position, &about(&Position, &x, [sigma; 3], stray, &mut chance)),
            1 => {
                let model = RangeBearingElevation(&pose);
                modes.update(&model, &about(&model, &x, [sigma, 1e-3, 2e-3], stray, &mut chance))
            }
            2 => {
                let model = Bearing(&pose);
                modes.update(&model, &about(&model, &x, [1e-3], 0.0, &mut chance))
            }
            _ => Ok(modes),
        };
        modes = updated.unwrap_or_else(|e| panic!("step {step}, update: {e}"));
        assert!(modes.combined().prove().is_ok(), "step {step}");
        assert!((modes.probabilities().iter().sum::<f64>() - 1.0).abs() < 1e-12, "step {step}");
    }
}

/// On with the old velocity, then a new one now and then; back towards the middle from far out.
fn wander(x: &StateVector, seconds: f64, chance: &mut Chance) -> StateVector {
    let mut next = *x;
    for axis in 0..3 {
        next[axis] += seconds * x[3 + axis];
        if chance.uniform() < 0.1 {
            next[3 + axis] = [100.0, 100.0, 10.0][axis] * chance.normal();
        }
        if next[axis].abs() > [20e3, 20e3, 3e3][axis] {
            next[3 + axis] = -next[axis].signum() * next[3 + axis].abs();
        }
    }
    next
}

/// What a sensor of these sigmas says of x, its first component wrong by `stray`.
fn about<const M: usize>(
    model: &impl MeasurementModel<M>,
    x: &StateVector,
    sigmas: [f64; M],
    stray: f64,
    chance: &mut Chance,
) -> Reading<M> {
    let mut z = model.predict(x) + SVector::from_fn(|k, _| sigmas[k] * chance.normal());
    z[0] += stray;
    Reading { z, noise: Covariance::from_sigmas(&sigmas.into()).expect("positive sigmas") }
}
