//! What is believed of a height that nobody measured.
//!
//! Many sensors give range and bearing, or a place on the map, and no height. The state still has one: a prior above
//! the ground at the node's origin, which falls away from the tangent plane as the earth curves. Without care the
//! filter would let the unmeasured height drift without limit, so whenever it has grown less certain than the prior,
//! the prior is taken in once more.

use nalgebra::{SMatrix, SVector};

use crate::filter::extended::update;
use crate::gaussian::{Covariance, GaussianState, StateVector};
use crate::geodesy::SEMI_MAJOR_AXIS_M;
use crate::measurement::Reading;
use crate::model::MeasurementModel;

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
    pub fn hold<const N: usize>(&self, state: &mut GaussianState<N>) {
        let variance = self.sigma_m * self.sigma_m;
        if state.covariance.matrix()[(2, 2)] <= variance {
            return;
        }
        let Ok(noise) = Covariance::new(SMatrix::from([[variance]])) else { return };
        let z = SVector::from([self.up_at(state.mean[0], state.mean[1])]);
        if let Ok((held, _)) = update(&Up, state, &Reading { z, noise }) {
            *state = held;
        }
    }
}

/// (up): what the prior pretends to have measured.
struct Up;

impl MeasurementModel<1> for Up {
    const SEEN: usize = 3;

    fn predict(&self, x: &StateVector) -> SVector<f64, 1> {
        SVector::from([x[2]])
    }

    fn jacobian(&self, _: &StateVector) -> SMatrix<f64, 1, 6> {
        let mut h = SMatrix::zeros();
        h[(0, 2)] = 1.0;
        h
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

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
    fn a_height_that_is_known_is_left_alone() {
        let mut known = state(9_000.0, 50.0);
        PRIOR.hold(&mut known);
        assert_eq!(known, state(9_000.0, 50.0));
    }
}
