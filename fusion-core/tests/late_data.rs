//! How much late measurements are worth, by what is done with them: the study behind the sequencer's choice.
//!
//! Two sensors look once a second each; a good part of what they say comes late by up to some seconds. Errors are
//! compared with those of a filter that replays everything in order, however late it came.

mod common;

use common::Chance;
use fusion_core::filter::consistency::nees;
use fusion_core::filter::extended::update;
use fusion_core::filter::predict;
use fusion_core::filter::retrodiction::retrodict;
use fusion_core::gaussian::{Covariance, GaussianState, NotPositiveDefinite, StateVector};
use fusion_core::maths::sqrt;
use fusion_core::measurement::Reading;
use fusion_core::model::constant_velocity::NearlyConstantVelocity;
use fusion_core::model::position::Position;
use fusion_core::nalgebra::Vector3;
use fusion_core::time::{Span, Timestamp};

/// What is done with a measurement that is older than the buffer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Beyond {
    Drop,
    /// Retrodiction between the oldest estimate that can still change and the last one before the measurement.
    Between,
    /// The same, as if nothing were known from before the measurement.
    NothingKept,
    /// The same, and as if nothing had disturbed the target since (algorithm C).
    Undisturbed,
}

#[derive(Clone, Copy)]
struct Method {
    name: &'static str,
    buffer_s: i64,
    beyond: Beyond,
}

const REPLAY: Method = Method { name: "replay everything", buffer_s: 60, beyond: Beyond::Drop };

const METHODS: [Method; 8] = [
    Method { name: "4 s buffer, Al1 beyond", buffer_s: 4, beyond: Beyond::Between },
    Method { name: "4 s buffer, nothing kept", buffer_s: 4, beyond: Beyond::NothingKept },
    Method { name: "4 s buffer, drop beyond", buffer_s: 4, beyond: Beyond::Drop },
    Method { name: "2 s buffer, Al1 beyond", buffer_s: 2, beyond: Beyond::Between },
    Method { name: "no buffer, Al1", buffer_s: 0, beyond: Beyond::Between },
    Method { name: "no buffer, nothing kept", buffer_s: 0, beyond: Beyond::NothingKept },
    Method { name: "no buffer, undisturbed (C)", buffer_s: 0, beyond: Beyond::Undisturbed },
    Method { name: "no buffer, drop", buffer_s: 0, beyond: Beyond::Drop },
];

/// A setting of the study.
#[derive(Clone, Copy)]
struct Setting {
    /// Spectral density of the acceleration, m²/s³.
    q: f64,
    delay_max_s: f64,
    late_share: f64,
}

const SETTINGS: [Setting; 5] = [
    Setting { q: 0.1, delay_max_s: 6.0, late_share: 0.4 },
    Setting { q: 1.0, delay_max_s: 6.0, late_share: 0.4 },
    Setting { q: 5.0, delay_max_s: 6.0, late_share: 0.4 },
    Setting { q: 1.0, delay_max_s: 12.0, late_share: 0.6 },
    Setting { q: 5.0, delay_max_s: 12.0, late_share: 0.6 },
];

const RUNS: u64 = 100;
const SECONDS: i64 = 60;
const SIGMA_M: f64 = 10.0;

/// A measurement on its way.
#[derive(Clone, Copy)]
struct Late {
    time: Timestamp,
    arrival: Timestamp,
    reading: Reading<3>,
}

struct Run {
    start: GaussianState,
    /// In order of arrival.
    heard: Vec<Late>,
    /// Once a second.
    truth: Vec<StateVector>,
}

fn run(setting: Setting, seed: u64) -> Run {
    let mut chance = Chance::new(seed);
    let start_sigmas = StateVector::new(30.0, 30.0, 30.0, 10.0, 10.0, 10.0);
    let covariance = Covariance::from_sigmas(&start_sigmas).expect("positive");
    let mean = StateVector::new(0.0, 0.0, 1_000.0, 30.0, 10.0, 0.0);
    let mut x = mean + start_sigmas.map(|sigma| sigma * chance.normal());
    let noise = Covariance::from_sigmas(&Vector3::repeat(SIGMA_M)).expect("positive");
    let (mut heard, mut truth) = (Vec::new(), Vec::new());
    for step in 0..2 * SECONDS {
        x = disturb(&x, setting.q, 0.5, &mut chance);
        let time = Timestamp::EPOCH + Span::from_millis(500 * (step + 1));
        let z = Vector3::from_fn(|k, _| x[k] + SIGMA_M * chance.normal());
        let late = chance.uniform() < setting.late_share;
        let delay = if late { chance.between(0.6, setting.delay_max_s) } else { 0.0 };
        heard.push(Late { time, arrival: time + Span::from_secs_f64(delay), reading: Reading { z, noise } });
        if step % 2 == 1 {
            truth.push(x);
        }
    }
    heard.sort_by_key(|late| (late.arrival, late.time));
    Run { start: GaussianState { mean, covariance, time: Timestamp::EPOCH }, heard, truth }
}

/// One step of the target: position and velocity with the noise of Q, by its Cholesky factor.
fn disturb(x: &StateVector, q: f64, t: f64, chance: &mut Chance) -> StateVector {
    let mut moved = *x;
    for k in 0..3 {
        let (a, b) = (chance.normal(), chance.normal());
        moved[k] += t * x[k + 3] + sqrt(q * t * t * t / 3.0) * a;
        moved[k + 3] += sqrt(q * t) * (0.5 * sqrt(3.0) * a + 0.5 * b);
    }
    moved
}

/// A filter with a buffer: what is older than the buffer is settled, the rest is run again when it is asked.
struct Buffered {
    method: Method,
    model: NearlyConstantVelocity,
    settled: GaussianState,
    /// Settled estimates, for retrodiction between two.
    earlier: Vec<GaussianState>,
    held: Vec<Late>,
}

impl Buffered {
    fn handle(&mut self, late: Late) {
        if late.time >= self.settled.time {
            let place = self.held.partition_point(|held| held.time <= late.time);
            self.held.insert(place, late);
        } else {
            self.settled = self.beyond(&late).expect("finite");
        }
        self.settle(late.arrival);
    }

    fn beyond(&self, late: &Late) -> Result<GaussianState, NotPositiveDefinite> {
        let before = self.earlier.iter().rev().find(|state| state.time <= late.time);
        let (undisturbed, vague) = (NearlyConstantVelocity { horizontal: 0.0, vertical: 0.0 }, vague(late.time));
        let (model, earlier) = match self.method.beyond {
            Beyond::Drop => return Ok(self.settled),
            Beyond::Between => (&self.model, before.unwrap_or(&vague)),
            Beyond::NothingKept => (&self.model, &vague),
            Beyond::Undisturbed => (&undisturbed, &vague),
        };
        retrodict(model, &self.settled, earlier, &Position, &late.reading, late.time)
    }

    fn settle(&mut self, now: Timestamp) {
        let horizon = now - Span::from_secs(self.method.buffer_s);
        while self.held.first().is_some_and(|held| held.time <= horizon) {
            let held = self.held.remove(0);
            self.earlier.push(self.settled);
            self.settled = step(&self.model, &self.settled, &held);
        }
    }

    fn estimate(&self, now: Timestamp) -> GaussianState {
        let live = self.held.iter().fold(self.settled, |state, held| step(&self.model, &state, held));
        predict(&self.model, &live, now).expect("finite")
    }
}

/// An estimate that knows next to nothing.
fn vague(time: Timestamp) -> GaussianState {
    let covariance = Covariance::from_sigmas(&StateVector::repeat(1e5)).expect("positive");
    GaussianState { mean: StateVector::zeros(), covariance, time }
}

fn step(model: &NearlyConstantVelocity, state: &GaussianState, late: &Late) -> GaussianState {
    let predicted = predict(model, state, late.time).expect("finite");
    update(&Position, &predicted, &late.reading).expect("finite").0
}

/// RMSE of position and ANEES of a method, over all runs and all seconds but the first few.
fn measure(method: Method, setting: Setting) -> (f64, f64) {
    let model = NearlyConstantVelocity { horizontal: setting.q, vertical: setting.q };
    let (mut square, mut normalised, mut count) = (0.0, 0.0, 0.0);
    for seed in 0..RUNS {
        let Run { start, heard, truth } = run(setting, seed);
        let mut filter = Buffered { method, model, settled: start, earlier: vec![], held: vec![] };
        let mut waiting = heard.iter().peekable();
        for (second, x) in (1..).zip(&truth) {
            let now = Timestamp::from_secs(second);
            while let Some(late) = waiting.next_if(|late| late.arrival <= now) {
                filter.handle(*late);
            }
            if second > 15 {
                let estimate = filter.estimate(now);
                square += (estimate.mean - x).fixed_rows::<3>(0).norm_squared();
                normalised += nees(&estimate, x) / 6.0;
                count += 1.0;
            }
        }
    }
    (sqrt(square / count), normalised / count)
}

#[test]
fn beyond_the_buffer_retrodiction_is_as_good_as_replay_and_knows_its_errors() {
    for setting in SETTINGS {
        let Setting { q, delay_max_s, late_share } = setting;
        let (best, consistent) = measure(REPLAY, setting);
        println!("q = {q} m²/s³, {:.0} % late by up to {delay_max_s} s: RMSE to replay, ANEES", 100.0 * late_share);
        println!("  {:28} {:.3} {consistent:.3}   ({best:.2} m)", REPLAY.name, 1.0);
        for method in METHODS {
            let (rmse, anees) = measure(method, setting);
            println!("  {:28} {:.3} {anees:.3}", method.name, rmse / best);
            if method.beyond == Beyond::Between {
                assert!(rmse / best < if method.buffer_s == 0 { 1.015 } else { 1.005 }, "{}", method.name);
                assert!((0.95..1.05).contains(&anees), "{}: {anees}", method.name);
            }
        }
    }
}
