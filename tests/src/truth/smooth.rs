//! From recorded fixes to a path that a thing can fly: a smoothing spline.
//!
//! A smoothing spline of degree five is the mean of a thrice integrated white noise (a jerk of constant spectral
//! density), given the samples (Wahba, *Spline Models for Observational Data*, 1990, §1.5); so each axis is smoothed by
//! a Kalman filter over position, velocity and acceleration, and a Rauch–Tung–Striebel pass back. Velocities that were
//! recorded beside the positions take part, which is what makes a turn of sparse fixes round.
//!
//! Fixes fall on whole seconds, as those of all our recordings do. One that lies beyond six standard deviations of what
//! those before it predict is left out.

use std::collections::BTreeMap;

use fusion_core::nalgebra::{Matrix3, Vector3};

use super::{Moment, Path};

/// One recorded position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fix {
    /// East, north, up in the tangent plane, m.
    pub position: Vector3<f64>,
    /// East and north velocity, m/s, where it was recorded.
    pub velocity: Option<[f64; 2]>,
}

/// How far a recording is believed, and how hard its things can turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spline {
    /// Standard deviation of east and north, m.
    pub horizontal_sigma_m: f64,
    /// Standard deviation of up, m.
    pub vertical_sigma_m: f64,
    /// Standard deviation of recorded velocities, m/s.
    pub velocity_sigma_m_s: f64,
    /// Spectral density of the jerk in east and north, m²/s⁵.
    pub horizontal_jerk: f64,
    /// Spectral density of the jerk upwards, m²/s⁵.
    pub vertical_jerk: f64,
    /// Two fixes farther apart than this belong to two paths, s.
    pub gap_max_s: i64,
}

/// The paths in the fixes of one thing, by their seconds, without their ends: there a spline knows least.
#[must_use]
pub fn paths(id: &str, fixes: &BTreeMap<i64, Fix>, spline: &Spline) -> Vec<Path> {
    let seconds: Vec<i64> = fixes.keys().copied().collect();
    let pieces = seconds.chunk_by(|a, b| b - a <= spline.gap_max_s);
    let begun = |piece: &&[i64]| piece.len() >= PIECE_FIXES_MIN;
    let whole = pieces.filter(begun).map(|piece| path(id, piece[0], piece[piece.len() - 1], fixes, spline));
    whole.filter_map(|path| path.cut(path.from + END_S, path.end() - END_S)).collect()
}

/// How much of each end is left out, s.
const END_S: i64 = 5;

/// Fewer fixes in a row are no path.
const PIECE_FIXES_MIN: usize = 10;

fn path(id: &str, first: i64, last: i64, fixes: &BTreeMap<i64, Fix>, spline: &Spline) -> Path {
    let axis = |k: usize| {
        let (sigma, jerk) = if k < 2 {
            (spline.horizontal_sigma_m, spline.horizontal_jerk)
        } else {
            (spline.vertical_sigma_m, spline.vertical_jerk)
        };
        let sample = |second: i64| {
            fixes.get(&second).map(|fix| Sample {
                position: fix.position[k],
                velocity: fix.velocity.and_then(|velocity| velocity.get(k).copied()),
            })
        };
        let samples: Vec<Option<Sample>> = (first..=last).map(sample).collect();
        smooth(&samples, sigma, spline.velocity_sigma_m_s, jerk)
    };
    let [east, north, up] = [0, 1, 2].map(axis);
    let moment = |((e, n), u): ((&Vector3<f64>, &Vector3<f64>), &Vector3<f64>)| {
        let derivative = |k: usize| Vector3::new(e[k], n[k], u[k]);
        Moment { position: derivative(0), velocity: derivative(1), acceleration: derivative(2) }
    };
    let moments = east.iter().zip(&north).zip(&up).map(moment).collect();
    Path { id: id.to_owned(), from: first, moments }
}

/// What a fix says of one axis.
#[derive(Clone, Copy, Debug)]
struct Sample {
    position: f64,
    velocity: Option<f64>,
}

/// Position, velocity and acceleration at every second, the first of which has a sample.
fn smooth(samples: &[Option<Sample>], sigma: f64, velocity_sigma: f64, jerk: f64) -> Vec<Vector3<f64>> {
    // F and Q of one second of integrated white jerk.
    let f = Matrix3::new(1.0, 1.0, 0.5, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0);
    #[rustfmt::skip]
    let q = Matrix3::new(
        1.0 / 20.0, 1.0 / 8.0, 1.0 / 6.0,
        1.0 / 8.0,  1.0 / 3.0, 1.0 / 2.0,
        1.0 / 6.0,  1.0 / 2.0, 1.0,
    ) * jerk;
    let start = samples.first().copied().flatten().map_or(0.0, |sample| sample.position);
    let mut belief = Belief { x: Vector3::new(start, 0.0, 0.0), p: Matrix3::from_diagonal(&START_VARIANCE.into()) };
    let mut filtered = Vec::with_capacity(samples.len());
    for (k, sample) in samples.iter().enumerate() {
        if k > 0 {
            belief = Belief { x: f * belief.x, p: f * belief.p * f.transpose() + q };
        }
        if let Some(sample) = sample {
            belief.take(0, sample.position, sigma);
            if let Some(velocity) = sample.velocity {
                belief.take(1, velocity, velocity_sigma);
            }
        }
        filtered.push(belief);
    }
    let mut later = belief.x;
    let mut smoothed: Vec<Vector3<f64>> = filtered
        .iter()
        .rev()
        .skip(1)
        .map(|at| {
            let inverse = (f * at.p * f.transpose() + q).try_inverse().expect("Q is positive definite");
            later = at.x + at.p * f.transpose() * inverse * (later - f * at.x);
            later
        })
        .collect();
    smoothed.reverse();
    smoothed.push(belief.x);
    smoothed
}

/// Nothing is known at first but where about: a kilometre, 300 m/s, 5 m/s².
const START_VARIANCE: [f64; 3] = [1e6, 9e4, 25.0];

/// A fix farther off than so many standard deviations is a fault of its source.
const GATE_SIGMAS: f64 = 6.0;

#[derive(Clone, Copy, Debug)]
struct Belief {
    x: Vector3<f64>,
    p: Matrix3<f64>,
}

impl Belief {
    /// Takes in one component, or leaves it if it cannot be.
    fn take(&mut self, component: usize, z: f64, sigma: f64) {
        let s = self.p[(component, component)] + sigma * sigma;
        let nu = z - self.x[component];
        if nu * nu > GATE_SIGMAS * GATE_SIGMAS * s {
            return;
        }
        let column = self.p.column(component).into_owned();
        self.x += column * (nu / s);
        self.p -= column * column.transpose() / s;
    }
}

#[cfg(test)]
mod tests {
    use super::super::chance::Chance;
    use super::*;
    use fusion_core::maths::{cos, sin};

    const SPLINE: Spline = Spline {
        horizontal_sigma_m: 10.0,
        vertical_sigma_m: 5.0,
        velocity_sigma_m_s: 1.0,
        horizontal_jerk: 0.1,
        vertical_jerk: 0.01,
        gap_max_s: 20,
    };

    /// A circle of 600 m at 60 m/s: 6 m/s².
    fn circle(second: i64) -> (Vector3<f64>, [f64; 2]) {
        let angle = 0.1 * f64::from(i32::try_from(second).expect("a small number"));
        (Vector3::new(600.0 * sin(angle), 600.0 * cos(angle), 1000.0), [60.0 * cos(angle), -60.0 * sin(angle)])
    }

    fn recorded(every: usize, outlier: Option<i64>) -> BTreeMap<i64, Fix> {
        let mut chance = Chance::new(1, 1);
        let fix = |second: i64| {
            let (place, velocity) = circle(second);
            let noise = Vector3::new(10.0 * chance.normal(), 10.0 * chance.normal(), 5.0 * chance.normal());
            let off = if Some(second) == outlier { Vector3::new(0.0, 0.0, 3e4) } else { noise };
            (second, Fix { position: place + off, velocity: Some(velocity) })
        };
        (0..200).step_by(every).map(fix).collect()
    }

    fn worst(paths: &[Path]) -> f64 {
        (10..180)
            .map(|second| (paths[0].at(second).expect("within").position - circle(second).0).norm())
            .fold(0.0, f64::max)
    }

    #[test]
    fn a_turn_is_found_again_below_its_noise() {
        let found = paths("c", &recorded(1, None), &SPLINE);
        assert!(worst(&found) < 12.0, "{}", worst(&found));
        let pull = found[0].at(100).expect("within").acceleration.norm();
        assert!((pull - 6.0).abs() < 1.0, "{pull}");
    }

    #[test]
    fn recorded_velocities_make_a_turn_of_sparse_fixes_round() {
        let found = paths("c", &recorded(8, None), &SPLINE);
        assert!(worst(&found) < 30.0, "{}", worst(&found));
    }

    #[test]
    fn a_fix_that_cannot_be_is_left_out() {
        assert!(worst(&paths("c", &recorded(1, Some(60)), &SPLINE)) < 12.0);
    }

    #[test]
    fn a_silence_ends_a_path() {
        let mut fixes = recorded(1, None);
        fixes.retain(|second, _| !(80..110).contains(second));
        let lives: Vec<_> = paths("c", &fixes, &SPLINE).iter().map(|path| (path.from, path.end())).collect();
        assert_eq!(lives, [(5, 75), (115, 195)]);
    }
}
