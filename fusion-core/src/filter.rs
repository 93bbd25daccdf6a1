//! The Kalman filter's page of algebra: predict here, innovate and update in [`extended`], and the reduction of a
//! mixture of updates to one Gaussian, which is what probabilistic data association comes down to. Several motions at
//! once are in [`imm`].
//!
//! Letters as in Bar-Shalom, Li & Kirubarajan (2001): x̂, P, ν = z − ẑ, S = H P Hᵀ + R, K = P Hᵀ S⁻¹.

pub mod consistency;
pub mod extended;
pub mod imm;
pub mod intersection;
pub mod monitor;
pub mod retrodiction;
pub mod smoother;
pub mod unscented;

use nalgebra::{SMatrix, SVector, Vector3};

use crate::gaussian::{Covariance, GaussianState, KINEMATIC, NotPositiveDefinite};
use crate::model::TransitionModel;
use crate::time::Timestamp;

/// A predicted state whose covariance is not yet proven: enough to gate with, and most predictions end there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction<const N: usize = KINEMATIC> {
    /// x̂.
    pub mean: SVector<f64, N>,
    /// P.
    pub p: SMatrix<f64, N, N>,
    /// When it holds.
    pub time: Timestamp,
}

impl<const N: usize> Prediction<N> {
    /// x̂ ← f(x̂), P ← F P Fᵀ + Q, valid at `to`.
    #[inline]
    #[must_use]
    pub fn of(model: &impl TransitionModel<N>, state: &GaussianState<N>, to: Timestamp) -> Self {
        let (mean, p) = model.propagate(&state.mean, state.covariance.matrix(), to - state.time);
        Self { mean, p, time: to }
    }

    /// The state, with its covariance proven.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if the numbers overflowed; the state is then beyond use.
    #[inline]
    pub fn prove(&self) -> Result<GaussianState<N>, NotPositiveDefinite> {
        Ok(GaussianState { mean: self.mean, covariance: Covariance::new(self.p)?, time: self.time })
    }
}

/// Where a target is thought to be: the part of a prediction that tells whether a sensor can see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Whereabouts {
    /// East, north, up, metres.
    pub place: Vector3<f64>,
    /// The variances of the three, m².
    pub variance: Vector3<f64>,
}

impl From<&Prediction> for Whereabouts {
    #[inline]
    fn from(predicted: &Prediction) -> Self {
        let p = &predicted.p;
        Self {
            place: predicted.mean.fixed_rows::<3>(0).into(),
            variance: Vector3::new(p[(0, 0)], p[(1, 1)], p[(2, 2)]),
        }
    }
}

/// The state at another time.
///
/// # Errors
/// [`NotPositiveDefinite`] if the numbers overflow; the state is then beyond use.
pub fn predict<const N: usize>(
    model: &impl TransitionModel<N>,
    state: &GaussianState<N>,
    to: Timestamp,
) -> Result<GaussianState<N>, NotPositiveDefinite> {
    Prediction::of(model, state, to).prove()
}

/// A sum of weighted Gaussians on its way to the one Gaussian that has the same mean and covariance.
///
/// The components share the predicted state as their point of reference; with δⱼ = xⱼ − x̂ and weights βⱼ that sum to
/// one, the reduction is mean x̂ + Σ βⱼ δⱼ and covariance Σ βⱼ (Pⱼ + δⱼ δⱼᵀ) − δ̄ δ̄ᵀ (Bar-Shalom, Willett & Tian,
/// *Tracking and Data Fusion* (2011), §1.4.16). Exact, for components of any origin: the measurements of one scan may
/// differ in kind and noise.
#[derive(Clone, Debug)]
pub struct Mixture<const N: usize = KINEMATIC> {
    reference: SVector<f64, N>,
    time: Timestamp,
    shift: SVector<f64, N>,
    spread: SMatrix<f64, N, N>,
}

impl<const N: usize> Mixture<N> {
    /// Begins with the component in which nothing was measured: the predicted state, with weight β₀.
    #[inline]
    #[must_use]
    pub fn new(predicted: &GaussianState<N>, weight: f64) -> Self {
        Self {
            reference: predicted.mean,
            time: predicted.time,
            shift: SVector::zeros(),
            spread: predicted.covariance.matrix() * weight,
        }
    }

    /// Adds weight · covariance of one component or of several that share it.
    #[inline]
    pub fn add_covariance(&mut self, weight: f64, p: &SMatrix<f64, N, N>) {
        for (sum, p) in self.spread.as_mut_slice().iter_mut().zip(p.as_slice()) {
            *sum += p * weight;
        }
    }

    /// Adds the mean of one component by its distance δ from the predicted mean.
    #[inline]
    pub fn add_mean(&mut self, weight: f64, delta: &SVector<f64, N>) {
        self.shift += delta * weight;
        let delta = &delta.data.0[0];
        for (column, delta_k) in self.spread.data.0.iter_mut().zip(delta) {
            let share = delta_k * weight;
            column.iter_mut().zip(delta).for_each(|(sum, delta)| *sum += delta * share);
        }
    }

    /// The one Gaussian.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if the components were not finite or cancelled to rounding error.
    #[inline]
    pub fn reduce(mut self) -> Result<GaussianState<N>, NotPositiveDefinite> {
        let shift = &self.shift.data.0[0];
        for (column, shift_k) in self.spread.data.0.iter_mut().zip(shift) {
            column.iter_mut().zip(shift).for_each(|(sum, shift)| *sum -= shift * shift_k);
        }
        let mean = self.reference + self.shift;
        if !mean.as_slice().iter().all(|v| v.is_finite()) {
            return Err(NotPositiveDefinite);
        }
        Ok(GaussianState { mean, covariance: Covariance::new(self.spread)?, time: self.time })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaussian::StateVector;
    use crate::model::constant_velocity::NearlyConstantVelocity;

    fn standard() -> GaussianState {
        let covariance = Covariance::from_sigmas(&StateVector::repeat(2.0)).expect("positive sigmas");
        GaussianState { mean: StateVector::new(10.0, 20.0, 30.0, 1.0, 2.0, 3.0), covariance, time: Timestamp::EPOCH }
    }

    #[test]
    fn prediction_moves_the_mean_and_grows_the_covariance() {
        let model = NearlyConstantVelocity { horizontal: 1.0, vertical: 0.5 };
        let later = predict(&model, &standard(), Timestamp::from_secs(2)).expect("finite");
        assert!((later.mean - StateVector::new(12.0, 24.0, 36.0, 1.0, 2.0, 3.0)).norm() < 1e-12);
        // 4 + 4·2² + 1·2³/3
        assert!((later.covariance.matrix()[(0, 0)] - (20.0 + 8.0 / 3.0)).abs() < 1e-12);
        assert!(later.covariance.matrix()[(2, 2)] < later.covariance.matrix()[(0, 0)]);
    }

    #[test]
    fn a_mixture_of_two_has_the_spread_of_their_means() {
        let predicted = standard();
        let mut mixture = Mixture::new(&predicted, 0.25);
        let mut delta = StateVector::zeros();
        delta[0] = 4.0;
        mixture.add_mean(0.75, &delta);
        mixture.add_covariance(0.75, predicted.covariance.matrix());
        let one = mixture.reduce().expect("positive definite");
        assert!((one.mean[0] - 13.0).abs() < 1e-12);
        // P + β₀ β₁ δ²
        assert!((one.covariance.matrix()[(0, 0)] - (4.0 + 0.25 * 0.75 * 16.0)).abs() < 1e-12);
    }

    #[test]
    fn a_mixture_that_is_not_finite_is_refused() {
        let mut mixture = Mixture::new(&standard(), 0.5);
        mixture.add_mean(0.5, &StateVector::repeat(f64::NAN));
        assert!(mixture.reduce().is_err());
    }
}
