//! Times one cycle of the models' filters per track: prediction, and prediction with the reduction to one Gaussian.
//!
//! `cargo run --release -p fusion-core --example imm_bench`. A thousand tracks, as one scan would take them in turn.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::hint::black_box;
use std::time::Instant;

use fusion_core::filter::imm::Modes;
use fusion_core::filter::predict;
use fusion_core::gaussian::{Covariance, GaussianState, StateVector};
use fusion_core::model::TransitionModel;
use fusion_core::model::constant_acceleration::NearlyConstantAcceleration;
use fusion_core::model::constant_velocity::NearlyConstantVelocity;
use fusion_core::model::coordinated_turn::CoordinatedTurn;
use fusion_core::model::hover::Hover;
use fusion_core::model::motion::{Manner, Motion, MotionSet};
use fusion_core::time::{Span, Timestamp};

const TRACKS: usize = 1_000;
const REPEATS: u32 = 200;

const CALM: NearlyConstantVelocity = NearlyConstantVelocity { horizontal: 0.5, vertical: 0.2 };
const BUSY: NearlyConstantVelocity = NearlyConstantVelocity { horizontal: 20.0, vertical: 5.0 };
const STAY: Hover = Hover { sigma_horizontal_m_s: 0.5, sigma_vertical_m_s: 0.3, time_constant: Span::from_secs(3) };
const TURN: CoordinatedTurn =
    CoordinatedTurn { horizontal: 0.5, vertical: 0.2, sigma_turn_rad_s: 0.15, time_constant: Span::from_secs(30) };
const PUSH: NearlyConstantAcceleration = NearlyConstantAcceleration {
    sigma_horizontal_m_s2: 4.0,
    sigma_vertical_m_s2: 1.0,
    time_constant: Span::from_secs(10),
};

fn main() {
    println!("{:<24} {:>12} {:>14}", "", "predict ns", "+ combined ns");
    one("constant velocity", &CALM);
    one("hover", &STAY);
    one("coordinated turn", &TURN);
    one("constant acceleration", &PUSH);
    let (calm, busy) = (Motion::ConstantVelocity(CALM), Motion::ConstantVelocity(BUSY));
    let (stay, turn, push) = (Motion::Hover(STAY), Motion::CoordinatedTurn(TURN), Motion::ConstantAcceleration(PUSH));
    several("IMM: one", &[calm]);
    several("IMM: two velocities", &[calm, busy]);
    several("IMM: velocity, hover", &[calm, stay]);
    several("IMM: velocity, turn", &[calm, turn]);
    several("IMM: all four", &[calm, turn, push, stay]);
}

fn track() -> GaussianState {
    let sigmas = StateVector::new(20.0, 20.0, 30.0, 10.0, 10.0, 5.0);
    let covariance = Covariance::from_sigmas(&sigmas).expect("positive sigmas");
    let mean = StateVector::new(1_000.0, 2_000.0, 300.0, 60.0, -80.0, 1.0);
    GaussianState { mean, covariance, time: Timestamp::EPOCH }
}

fn one<const N: usize>(name: &str, model: &impl TransitionModel<N>) {
    let tracks = vec![model.start(&track()).expect("positive"); TRACKS];
    let each = time(|| {
        for track in &tracks {
            black_box(predict(model, black_box(track), Timestamp::from_secs(1)).expect("finite"));
        }
    });
    println!("{name:<24} {each:>12.0}");
}

fn several(name: &str, motions: &[Motion]) {
    let manners: Vec<Manner> =
        motions.iter().map(|&motion| Manner { motion, sojourn: Span::from_secs(30), share: 1.0 }).collect();
    let set = MotionSet::new(&manners).expect("makes sense");
    let tracks = vec![Modes::start(&set, &track()).expect("positive"); TRACKS];
    let mut predicted = tracks[0].clone();
    let predicting = time(|| {
        for track in &tracks {
            black_box(track).predict_into(&set, Timestamp::from_secs(1), &mut predicted).expect("finite");
            black_box(&predicted);
        }
    });
    let combining = time(|| {
        for track in &tracks {
            black_box(track).predict_into(&set, Timestamp::from_secs(1), &mut predicted).expect("finite");
            black_box(predicted.combined());
        }
    });
    println!("{name:<24} {predicting:>12.0} {combining:>14.0}");
}

/// Nanoseconds per track: the best of all repeats.
fn time(mut work: impl FnMut()) -> f64 {
    let best = (0..REPEATS)
        .map(|_| {
            let begin = Instant::now();
            work();
            begin.elapsed()
        })
        .min()
        .expect("repeated");
    best.as_secs_f64() * 1e9 / f64::from(u32::try_from(TRACKS).expect("few"))
}
