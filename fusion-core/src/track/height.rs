//! What is believed of a height that nobody measured.
//!
//! Many sensors give range and bearing, or a place on the map, and no height. The state still has one: a prior above
//! the ground at the node's origin, which falls away from the tangent plane as the earth curves. Without care the
//! filter would let the unmeasured height drift without limit, so whenever it has grown less certain than the prior,
//! the prior is taken in once more.

use crate::gaussian::{GaussianState, for_each_column};
use crate::geodesy::SEMI_MAJOR_AXIS_M;

/// Prior belief about a height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeightPrior {
    /// Metres above the node's origin, along the curve of the earth.
    pub height_m: f64,
    /// Its standard deviation, metres.
    pub sigma_m: f64,
}

impl HeightPrior {
    /// The prior mean of "up" in the tangent plane at a place: h − (e² + n²) / 2R.
    #[must_use]
    pub fn up_at(&self, east: f64, north: f64) -> f64 {
        self.height_m - (east * east + north * north) / (2.0 * SEMI_MAJOR_AXIS_M)
    }

    /// Takes the prior in if the height has become less certain than it; otherwise leaves the state alone.
    ///
    /// As if up had been measured, z with variance R: with c the column of P that belongs to it and s = P₃₃ + R, the
    /// state becomes x̂ + c (z − x̂₃) / s and P − c cᵀ / s, in which c itself becomes c R / s.
    pub fn hold<const N: usize>(&self, state: &mut GaussianState<N>) {
        const { assert!(N > UP, "a state has a height") };
        let (r, known) = (self.sigma_m * self.sigma_m, state.covariance.matrix());
        if known[(UP, UP)] <= r {
            return;
        }
        let (mut p, c, s) = (*known, known.data.0[UP], known[(UP, UP)] + r);
        for_each_column!(j < N, {
            let (column, share) = (&mut p.data.0[j], c[j] / s);
            (j..N).for_each(|i| column[i] -= c[i] * share);
        });
        for (k, c) in c.iter().enumerate() {
            (p[(k, UP)], p[(UP, k)]) = (c * (r / s), c * (r / s));
        }
        let way = (self.up_at(state.mean[0], state.mean[1]) - state.mean[UP]) / s;
        // What overflows leaves the state as it is.
        if way.is_finite() && state.covariance.become_lower(&p).is_ok() {
            state.mean.iter_mut().zip(&c).for_each(|(x, c)| *x += c * way);
        }
    }
}

/// Where a state keeps its height.
const UP: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::extended::update;
    use crate::gaussian::{Covariance, StateVector};
    use crate::measurement::Reading;
    use crate::model::position::Position;
    use crate::time::Timestamp;
    use nalgebra::SMatrix;

    const PRIOR: HeightPrior = HeightPrior { height_m: 500.0, sigma_m: 1_000.0 };

    fn state(up: f64, sigma: f64) -> GaussianState {
        let sigmas = StateVector::new(10.0, 10.0, sigma, 1.0, 1.0, 1.0);
        GaussianState {
            mean: StateVector::new(0.0, 0.0, up, 0.0, 0.0, 0.0),
            covariance: Covariance::from_sigmas(&sigmas).expect("positive sigmas"),
            time: Timestamp::EPOCH,
        }
    }

    #[test]
    fn the_prior_follows_the_curve_of_the_earth() {
        assert!((PRIOR.up_at(0.0, 0.0) - 500.0).abs() < 1e-12);
        assert!((PRIOR.up_at(60_000.0, 80_000.0) - (500.0 - 783.9)).abs() < 0.1);
    }

    #[test]
    fn a_height_that_drifted_is_held() {
        let mut drifted = state(9_000.0, 3_000.0);
        PRIOR.hold(&mut drifted);
        assert!(drifted.covariance.sigma(2) < 1_000.0 && drifted.mean[2] < 1_500.0);
    }

    #[test]
    fn holding_is_measuring_the_height_alone() {
        let l = SMatrix::<f64, 6, 6>::from_fn(|i, k| {
            if k > i { 0.0 } else { 300.0 + 200.0 * f64::from(u8::try_from(i * 7 % 5 + k).expect("few")) }
        });
        let covariance = Covariance::new(l * l.transpose()).expect("positive definite");
        let before = GaussianState { covariance, ..state(2_000.0, 1.0) };
        let sigmas = nalgebra::Vector3::new(1e12, 1e12, PRIOR.sigma_m);
        let reading = Reading {
            z: nalgebra::Vector3::new(0.0, 0.0, PRIOR.up_at(0.0, 0.0)),
            noise: Covariance::from_sigmas(&sigmas).expect("positive"),
        };
        let (measured, _) = update(&Position, &before, &reading).expect("finite");
        let mut held = before;
        PRIOR.hold(&mut held);
        assert!((held.mean - measured.mean).norm() < 1e-6 * measured.mean.norm());
        let difference = held.covariance.matrix() - measured.covariance.matrix();
        assert!(difference.norm() < 1e-6 * measured.covariance.matrix().norm());
    }

    #[test]
    fn a_height_that_is_known_is_left_alone() {
        let mut known = state(9_000.0, 50.0);
        PRIOR.hold(&mut known);
        assert_eq!(known, state(9_000.0, 50.0));
    }
}
