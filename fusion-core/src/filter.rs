//! The Kalman filter's page of algebra: predict here, innovate and update in [`extended`], and the reduction of a
//! mixture of updates to one Gaussian, which is what probabilistic data association comes down to. Several motions at
//! once are in [`imm`].
//!
//! Letters as in Bar-Shalom, Li & Kirubarajan (2001): x̂, P, ν = z − ẑ, S = H P Hᵀ + R, K = P Hᵀ S⁻¹.

pub mod consider;
pub mod consistency;
pub mod extended;
pub mod imm;
pub mod intersection;
pub mod linearise;
pub mod monitor;
pub mod retrodiction;
pub mod shared_motion;
pub mod smoother;
pub mod unscented;

use core::array;

use nalgebra::{SMatrix, SVector, Vector3};

use crate::gaussian::{Covariance, GaussianState, KINEMATIC, NotPositiveDefinite, are_finite, for_each_column, mirror};
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

    /// Becomes another prediction, where it lies.
    #[inline]
    pub(crate) fn become_that_of(&mut self, model: &impl TransitionModel<N>, state: &GaussianState<N>, to: Timestamp) {
        (self.mean, self.p, self.time) = (state.mean, *state.covariance.matrix(), to);
        model.propagate_lower(&mut self.mean, &mut self.p, to - state.time);
        mirror(&mut self.p.data.0);
    }

    /// The state, with its covariance proven.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if the numbers overflowed; the state is then beyond use.
    #[inline]
    pub fn prove(&self) -> Result<GaussianState<N>, NotPositiveDefinite> {
        Ok(GaussianState { mean: self.mean, covariance: Covariance::new(self.p)?, time: self.time })
    }

    /// The same where the state lies.
    ///
    /// # Errors
    /// As [`prove`](Self::prove); then the state is as it was.
    #[inline]
    pub(crate) fn prove_into(&self, state: &mut GaussianState<N>) -> Result<(), NotPositiveDefinite> {
        state.covariance = Covariance::new(self.p)?;
        (state.mean, state.time) = (self.mean, self.time);
        Ok(())
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

/// Updates of one state with several measurements of one kind and noise, by their weights β.
#[derive(Clone, Copy, Debug)]
pub struct Updates<'a, const M: usize, const N: usize> {
    /// K.
    pub k: &'a SMatrix<f64, N, M>,
    /// P Hᵀ.
    pub cross: &'a SMatrix<f64, N, M>,
    /// S.
    pub s: &'a SMatrix<f64, M, M>,
    /// Σ β.
    pub weight: f64,
    /// Σ β ν.
    pub nu: SVector<f64, M>,
    /// Σ β ν νᵀ.
    pub nu_squared: SMatrix<f64, M, M>,
}

impl<const M: usize, const N: usize> Updates<'_, M, N> {
    /// The predicted state becomes the mixture of nothing but these updates and of itself with the weight that is left,
    /// `missed`, at once: what [`Mixture`] makes of them.
    ///
    /// With the letters of [`Mixture::add_updates`] its mean lies K ν̄ from x̂, and about that the updates spread by
    /// K (A − ν̄ ν̄ᵀ) Kᵀ; so nothing is taken back from what is larger. Only one half is worked out.
    ///
    /// # Errors
    /// As [`Mixture::reduce`]; then the state is not changed.
    #[inline]
    pub fn mix_into(&self, state: &mut GaussianState<N>, missed: f64) -> Result<(), NotPositiveDefinite> {
        let Self { k, cross, s, weight, nu, nu_squared } = self;
        let (k, c, nu, p) = (&k.data.0, &cross.data.0, &nu.data.0[0], &state.covariance.matrix().data.0);
        let mut mean = state.mean;
        let (mut lost, mut back) = ([[0.0; N]; M], [[0.0; N]; M]);
        for m in 0..M {
            for i in 0..N {
                mean.data.0[0][i] += k[m][i] * nu[m];
                lost[m][i] = weight * c[m][i];
                back[m][i] = -lost[m][i];
            }
            for l in 0..M {
                let inner = s[(l, m)] * weight + nu_squared[(l, m)] - nu[l] * nu[m];
                (0..N).for_each(|i| back[m][i] += k[l][i] * inner);
            }
        }
        let (kept, mut after) = (missed + weight, SMatrix::<f64, N, N>::zeros());
        for_each_column!(j < N, {
            let column = &mut after.data.0[j];
            for i in j..N {
                column[i] = kept * p[j][i];
                (0..M).for_each(|m| column[i] += back[m][i] * k[m][j] - k[m][i] * lost[m][j]);
            }
        });
        if !are_finite(&mean) {
            return Err(NotPositiveDefinite);
        }
        state.covariance.become_lower(&after)?;
        state.mean = mean;
        Ok(())
    }
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

    /// Adds updates of the predicted state, of covariance P, with several measurements that share K and S.
    ///
    /// With w = Σ βⱼ, ν̄ = Σ βⱼ νⱼ and A = Σ βⱼ νⱼ νⱼᵀ they have the mean K ν̄ and the second moment w P⁺ + K A Kᵀ,
    /// where P⁺ = P − K Cᵀ − C Kᵀ + K S Kᵀ is Joseph's form multiplied out, C = P Hᵀ: it holds for any K. So nothing
    /// larger than N × M is formed for each, whatever their number.
    #[inline]
    pub fn add_updates<const M: usize>(&mut self, p: &SMatrix<f64, N, N>, updates: &Updates<'_, M, N>) {
        let Updates { k, cross, s, weight, nu, nu_squared } = updates;
        let (k, c, nu) = (&k.data.0, &cross.data.0, &nu.data.0[0]);
        let shift = &mut self.shift.data.0[0];
        *shift = array::from_fn(|i| (0..M).fold(shift[i], |sum, m| sum + k[m][i] * nu[m]));
        // K (w S + A) − w C, which K takes back.
        let back: [[f64; N]; M] = array::from_fn(|m| {
            let inner: [f64; M] = array::from_fn(|l| s[(l, m)] * weight + nu_squared[(l, m)]);
            array::from_fn(|i| (0..M).fold(-weight * c[m][i], |sum, l| sum + k[l][i] * inner[l]))
        });
        for (j, (sum, p)) in self.spread.data.0.iter_mut().zip(&p.data.0).enumerate() {
            let lost: [f64; M] = array::from_fn(|m| -weight * c[m][j]);
            let held: [f64; M] = array::from_fn(|m| k[m][j]);
            *sum = array::from_fn(|i| {
                (0..M).fold(sum[i] + p[i] * weight, |sum, m| sum + (k[m][i] * lost[m] + back[m][i] * held[m]))
            });
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
    use crate::filter::extended::Expectation;
    use crate::gaussian::StateVector;
    use crate::model::constant_velocity::NearlyConstantVelocity;
    use crate::model::position::Position;

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
    fn updates_added_together_are_those_added_one_by_one() {
        let predicted = standard();
        let p = predicted.covariance.matrix();
        let noise = Covariance::from_sigmas(&Vector3::new(3.0, 4.0, 5.0)).expect("positive");
        let expectation = Expectation::of(&Position, &predicted.mean, p);
        let s = expectation.innovation_covariance(&noise).expect("positive");
        // Of a component that is only considered, P⁺ is not what the optimal K would leave.
        let gain = expectation.gain(p, &s.factor(), &noise, &[2, 5]);
        let seen = [(0.25, Vector3::new(1.0, -2.0, 0.5)), (0.375, Vector3::new(-3.0, 0.0, 4.0))];
        let (mut together, mut by_one) = (Mixture::new(&predicted, 0.375), Mixture::new(&predicted, 0.375));
        let (mut nu, mut nu_squared) = (Vector3::zeros(), SMatrix::zeros());
        for (beta, one) in seen {
            by_one.add_covariance(beta, &gain.p);
            by_one.add_mean(beta, &gain.shift(&one));
            (nu, nu_squared) = (nu + one * beta, nu_squared + one * one.transpose() * beta);
        }
        let (k, cross) = (&gain.k, &expectation.cross);
        together.add_updates(p, &Updates { k, cross, s: s.matrix(), weight: 0.625, nu, nu_squared });
        let (together, by_one) = (together.reduce().expect("sound"), by_one.reduce().expect("sound"));
        assert!((together.mean - by_one.mean).norm() < 1e-13);
        assert!((together.covariance.matrix() - by_one.covariance.matrix()).norm() < 1e-13);
    }

    #[test]
    fn a_mixture_made_at_once_is_that_made_bit_by_bit() {
        let predicted = standard();
        let p = predicted.covariance.matrix();
        let noise = Covariance::from_sigmas(&Vector3::new(3.0, 4.0, 5.0)).expect("positive");
        let expectation = Expectation::of(&Position, &predicted.mean, p);
        let s = expectation.innovation_covariance(&noise).expect("positive");
        for considered in [&[][..], &[2, 5]] {
            let k = expectation.gain_alone(&s.factor(), considered);
            let seen = [(0.25, Vector3::new(1.0, -2.0, 0.5)), (0.375, Vector3::new(-3.0, 0.0, 4.0))];
            let (nu, nu_squared) =
                seen.iter().fold((Vector3::zeros(), SMatrix::zeros()), |(nu, squared), (beta, one)| {
                    (nu + one * *beta, squared + one * one.transpose() * *beta)
                });
            let updates = Updates { k: &k, cross: &expectation.cross, s: s.matrix(), weight: 0.625, nu, nu_squared };
            let mut mixture = Mixture::new(&predicted, 0.375);
            mixture.add_updates(p, &updates);
            let (mut at_once, by_bit) = (predicted, mixture.reduce().expect("sound"));
            updates.mix_into(&mut at_once, 0.375).expect("sound");
            assert!((at_once.mean - by_bit.mean).norm() < 1e-13);
            assert!((at_once.covariance.matrix() - by_bit.covariance.matrix()).norm() < 1e-13);
        }
    }

    #[test]
    fn a_mixture_that_is_not_finite_is_refused() {
        let mut mixture = Mixture::new(&standard(), 0.5);
        mixture.add_mean(0.5, &StateVector::repeat(f64::NAN));
        assert!(mixture.reduce().is_err());
    }
}
