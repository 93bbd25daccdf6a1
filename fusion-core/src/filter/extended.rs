//! The extended Kalman filter: h linearised at the predicted state, the covariance updated in Joseph form.
//!
//! What depends on the state alone is worked out once per kind of measurement ([`Expectation`]); what depends on R once
//! per noise ([`Gain`]); only ν is left to each measurement.

use nalgebra::{ArrayStorage, SMatrix, SVector};

use crate::gaussian::{Covariance, Factor, GaussianState, KINEMATIC, NotPositiveDefinite, kinematic_part};
use crate::measurement::Reading;
use crate::model::MeasurementModel;

/// A measurement model made linear at a mean: what it costs most to work out, and what depends on the mean alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tangent<const M: usize> {
    /// ẑ = h(x̂).
    pub z_hat: SVector<f64, M>,
    /// H at x̂.
    pub h: SMatrix<f64, M, KINEMATIC>,
}

/// What a sensor should see of one predicted state, by one kind of measurement.
#[derive(Clone, Debug)]
pub struct Expectation<const M: usize, const N: usize = KINEMATIC> {
    /// ẑ = h(x̂).
    pub z_hat: SVector<f64, M>,
    /// H at x̂.
    pub h: SMatrix<f64, M, KINEMATIC>,
    /// Columns of H that are not zero: [`MeasurementModel::SEEN`].
    pub seen: usize,
    /// P Hᵀ.
    pub cross: SMatrix<f64, N, M>,
    /// H P Hᵀ: the part of S that is the track's own.
    pub spread: SMatrix<f64, M, M>,
}

/// The part of an [`Expectation`] that gating and likelihoods need, for less than half its price.
#[derive(Clone, Debug)]
pub struct Outlook<const M: usize> {
    /// ẑ = h(x̂).
    pub z_hat: SVector<f64, M>,
    /// H P Hᵀ.
    pub spread: SMatrix<f64, M, M>,
}

/// ν and S of one measurement against one state.
#[derive(Clone, Debug)]
pub struct Innovation<const M: usize> {
    /// ν = z − ẑ.
    pub nu: SVector<f64, M>,
    /// S.
    pub covariance: Covariance<M>,
    /// Factor of S.
    pub factor: Factor<M>,
}

/// K, and the covariance that an update with it leaves: equal for all measurements of one kind and noise.
#[derive(Clone, Debug)]
pub struct Gain<const M: usize, const N: usize = KINEMATIC> {
    /// K = P Hᵀ S⁻¹.
    pub k: SMatrix<f64, N, M>,
    /// (I − K H) P (I − K H)ᵀ + K R Kᵀ, symmetric up to rounding, not yet proven.
    pub p: SMatrix<f64, N, N>,
}

impl<const M: usize> Tangent<M> {
    /// Linearises h at a mean x̂.
    #[inline]
    #[must_use]
    pub fn at<H: MeasurementModel<M>, const N: usize>(model: &H, x: &SVector<f64, N>) -> Self {
        let (z_hat, h) = model.linearise(&kinematic_part(x));
        Self { z_hat, h }
    }

    /// Reals of one of a model that sees the place alone: ẑ, and three columns of H.
    pub(crate) const REALS: usize = M * (1 + SEEN);

    /// Whether one of this model is kept in so many reals, and is small.
    pub(crate) const fn is_small<H: MeasurementModel<M>>() -> bool {
        H::SEEN <= SEEN && Self::REALS <= TANGENT_REALS_MAX
    }

    /// Writes its reals, if there is room.
    #[inline]
    pub(crate) fn store(&self, reals: &mut [f64]) {
        if let Some([z_hat, h @ ..]) = reals.as_chunks_mut().0.first_chunk_mut::<{ 1 + SEEN }>() {
            *z_hat = self.z_hat.data.0[0];
            h.iter_mut().zip(&self.h.data.0).for_each(|(kept, column)| *kept = *column);
        }
    }

    /// Reads them, if they are there.
    #[inline]
    pub(crate) fn load(reals: &[f64]) -> Option<Self> {
        let [z_hat, kept @ ..] = reals.as_chunks().0.first_chunk::<{ 1 + SEEN }>()?;
        let mut h = SMatrix::<f64, M, KINEMATIC>::zeros();
        h.data.0.iter_mut().zip(kept).for_each(|(column, kept)| *column = *kept);
        Some(Self { z_hat: SVector::from(*z_hat), h })
    }
}

/// Columns of H that a small [`Tangent`] has: the place's east, north and up.
const SEEN: usize = 3;

/// Reals of a small [`Tangent`]: that of three components. No counter: what is larger is worked out again.
pub(crate) const TANGENT_REALS_MAX: usize = 3 * (1 + SEEN);

impl<const M: usize, const N: usize> Expectation<M, N> {
    /// Linearises h at a predicted mean x̂ with covariance P.
    #[inline]
    #[must_use]
    pub fn of<H: MeasurementModel<M>>(model: &H, x: &SVector<f64, N>, p: &SMatrix<f64, N, N>) -> Self {
        Self::by::<H>(&Tangent::at(model, x), p)
    }

    /// The same where h is linear already.
    #[inline]
    #[must_use]
    pub fn by<H: MeasurementModel<M>>(&Tangent { z_hat, h }: &Tangent<M>, p: &SMatrix<f64, N, N>) -> Self {
        let cross = times_transposed(p, &h, H::SEEN);
        Self { z_hat, spread: spread(&h, &cross, H::SEEN), h, seen: H::SEEN, cross }
    }

    /// S = H P Hᵀ + R.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if the numbers overflow.
    pub fn innovation_covariance(&self, noise: &Covariance<M>) -> Result<Covariance<M>, NotPositiveDefinite> {
        Covariance::new(self.spread + noise.matrix())
    }

    /// The factor of S, for those who need no more of it.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if the numbers overflow.
    #[inline]
    pub fn innovation_factor(&self, noise: &Covariance<M>) -> Result<Factor<M>, NotPositiveDefinite> {
        Factor::of(self.spread + noise.matrix())
    }

    /// ν and S of one measurement.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if the numbers overflow.
    pub fn innovate(
        &self,
        model: &impl MeasurementModel<M>,
        reading: &Reading<M>,
    ) -> Result<Innovation<M>, NotPositiveDefinite> {
        let covariance = self.innovation_covariance(&reading.noise)?;
        Ok(Innovation { nu: model.residual(&reading.z, &self.z_hat), covariance, factor: covariance.factor() })
    }

    /// K for this noise, and the covariance after an update. The components in `considered` are not moved: their rows
    /// of K are zero, while the covariance still accounts for what they contribute (Schmidt's consider filter).
    #[must_use]
    pub fn gain(
        &self,
        p: &SMatrix<f64, N, N>,
        s: &Factor<M>,
        noise: &Covariance<M>,
        considered: &[usize],
    ) -> Gain<M, N> {
        let k = self.gain_alone(s, considered);
        Gain { p: self.covariance_after(p, &k, noise), k }
    }

    /// K alone.
    #[inline]
    #[must_use]
    pub fn gain_alone(&self, s: &Factor<M>, considered: &[usize]) -> SMatrix<f64, N, M> {
        let mut k = s.solve_rows(&self.cross);
        for &component in considered {
            k.row_mut(component).fill(0.0);
        }
        k
    }

    /// The covariance after an update with this K, for this noise.
    ///
    /// Joseph's form, multiplied out so that nothing larger than N × M is formed on the way: with B = (I − K H) P it is
    /// B + (K R − B Hᵀ) Kᵀ. Unlike B alone it holds for any K.
    #[inline]
    #[must_use]
    pub fn covariance_after(
        &self,
        p: &SMatrix<f64, N, N>,
        k: &SMatrix<f64, N, M>,
        noise: &Covariance<M>,
    ) -> SMatrix<f64, N, N> {
        let mut after = *p;
        add_outer(&mut after, k, &-self.cross);
        let rest = k * noise.matrix() - times_transposed(&after, &self.h, self.seen);
        add_outer(&mut after, &rest, k);
        after
    }
}

impl<const M: usize> Outlook<M> {
    /// Linearises h at a predicted mean x̂ with covariance P.
    #[inline]
    #[must_use]
    pub fn of<H: MeasurementModel<M>, const N: usize>(model: &H, x: &SVector<f64, N>, p: &SMatrix<f64, N, N>) -> Self {
        Self::by::<H, N>(&Tangent::at(model, x), p)
    }

    /// The same where h is linear already.
    #[inline]
    #[must_use]
    pub fn by<H: MeasurementModel<M>, const N: usize>(tangent: &Tangent<M>, p: &SMatrix<f64, N, N>) -> Self {
        let Tangent { z_hat, h } = tangent;
        // Of P Hᵀ only the rows are needed that H sees.
        let mut cross = SMatrix::<f64, KINEMATIC, M>::zeros();
        for m in 0..M {
            for k in 0..H::SEEN {
                (0..H::SEEN).for_each(|i| cross[(i, m)] += p[(i, k)] * h[(m, k)]);
            }
        }
        Self { z_hat: *z_hat, spread: spread(h, &cross, H::SEEN) }
    }

    /// The factor of S = H P Hᵀ + R.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if the numbers overflow.
    #[inline]
    pub fn innovation_factor(&self, noise: &Covariance<M>) -> Result<Factor<M>, NotPositiveDefinite> {
        Factor::of(self.spread + noise.matrix())
    }
}

/// H P Hᵀ from H and P Hᵀ, where H has `seen` columns that are not zero.
#[inline]
fn spread<const M: usize, const N: usize>(
    h: &SMatrix<f64, M, KINEMATIC>,
    cross: &SMatrix<f64, N, M>,
    seen: usize,
) -> SMatrix<f64, M, M> {
    let mut spread = SMatrix::zeros();
    for m in 0..M {
        for k in 0..seen {
            (0..M).for_each(|i| spread[(i, m)] += h[(i, k)] * cross[(k, m)]);
        }
    }
    spread
}

/// P ← P + A Bᵀ. By itself, so that the compiler takes the columns for what they are.
#[inline(never)]
fn add_outer<const M: usize, const N: usize>(
    p: &mut SMatrix<f64, N, N>,
    a: &SMatrix<f64, N, M>,
    b: &SMatrix<f64, N, M>,
) {
    let (a, b) = (&a.data.0, &b.data.0);
    for (j, column) in p.data.0.iter_mut().enumerate() {
        for (i, sum) in column.iter_mut().enumerate() {
            let mut product = a[0][i] * b[0][j];
            for m in 1..M {
                product += a[m][i] * b[m][j];
            }
            *sum += product;
        }
    }
}

impl<const M: usize, const N: usize> Gain<M, N> {
    /// K ν: how far an update moves the mean.
    #[must_use]
    pub fn shift(&self, nu: &SVector<f64, M>) -> SVector<f64, N> {
        self.k * nu
    }
}

/// A Hᵀ, where H has `seen` columns that are not zero.
#[inline]
fn times_transposed<const M: usize, const N: usize>(
    a: &SMatrix<f64, N, N>,
    h: &SMatrix<f64, M, KINEMATIC>,
    seen: usize,
) -> SMatrix<f64, N, M> {
    let (a, h) = (&a.data.0, &h.data.0);
    let mut product = [[0.0; N]; M];
    for (m, column) in product.iter_mut().enumerate() {
        for (a, h) in a.iter().zip(h).take(seen) {
            (0..N).for_each(|i| column[i] += a[i] * h[m]);
        }
    }
    SMatrix::from_array_storage(ArrayStorage(product))
}

/// One measurement known to belong to the state: x̂ ← x̂ + K ν, P in Joseph form.
///
/// # Errors
/// [`NotPositiveDefinite`] if the numbers overflow; the predicted state is then the best there is.
pub fn update<const M: usize, const N: usize>(
    model: &impl MeasurementModel<M>,
    predicted: &GaussianState<N>,
    reading: &Reading<M>,
) -> Result<(GaussianState<N>, Innovation<M>), NotPositiveDefinite> {
    let p = predicted.covariance.matrix();
    let expectation = Expectation::of(model, &predicted.mean, p);
    let innovation = expectation.innovate(model, reading)?;
    let gain = expectation.gain(p, &innovation.factor, &reading.noise, &[]);
    let mean = predicted.mean + gain.shift(&innovation.nu);
    if !mean.as_slice().iter().all(|v| v.is_finite()) {
        return Err(NotPositiveDefinite);
    }
    Ok((GaussianState { mean, covariance: Covariance::new(gain.p)?, time: predicted.time }, innovation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::predict;
    use crate::frame;
    use crate::gaussian::StateVector;
    use crate::measurement::Pose;
    use crate::model::constant_velocity::NearlyConstantVelocity;
    use crate::model::polar::{RangeBearingElevation, RangeBearingRate};
    use crate::model::position::Position;
    use crate::time::{Span, Timestamp};
    use nalgebra::{Rotation3, Vector2, Vector3};
    use proptest::prelude::*;

    fn state(mean: StateVector, sigmas: [f64; 6]) -> GaussianState {
        let covariance = Covariance::from_sigmas(&StateVector::from(sigmas)).expect("positive sigmas");
        GaussianState { mean, covariance, time: Timestamp::EPOCH }
    }

    fn reading<const M: usize>(z: [f64; M], sigmas: [f64; M]) -> Reading<M> {
        Reading { z: z.into(), noise: Covariance::from_sigmas(&sigmas.into()).expect("positive sigmas") }
    }

    #[test]
    fn a_linear_update_equals_hand_values() {
        // Per axis P = 4, R = 12: K = 1/4, x̂ = 0 + 8/4 = 2, P⁺ = 3.
        let before = state(StateVector::zeros(), [2.0; 6]);
        let (after, innovation) =
            update(&Position, &before, &reading([8.0, 0.0, -8.0], [12_f64.sqrt(); 3])).expect("finite");
        assert!((after.mean - StateVector::new(2.0, 0.0, -2.0, 0.0, 0.0, 0.0)).norm() < 1e-12);
        assert!((after.covariance.matrix()[(0, 0)] - 3.0).abs() < 1e-12);
        assert!((after.covariance.matrix()[(3, 3)] - 4.0).abs() < 1e-12);
        // ν² / S on two axes: 2 · 64 / 16.
        assert!((innovation.factor.mahalanobis_squared(&innovation.nu) - 8.0).abs() < 1e-12);
    }

    #[test]
    fn a_tangent_that_was_kept_is_as_it_was_to_the_bit() {
        let (model, x) = (RangeBearingElevation(&Pose::AT_ORIGIN), StateVector::new(1e3, -2e3, 300.0, 4.0, 5.0, 6.0));
        let (tangent, mut reals) = (Tangent::at(&model, &x), [0.0; TANGENT_REALS_MAX]);
        tangent.store(&mut reals);
        assert_eq!(Tangent::load(&reals), Some(tangent));
        assert_eq!(Tangent::<3>::load(&reals[..TANGENT_REALS_MAX - 1]), None);
    }

    #[test]
    fn no_tangent_is_kept_of_what_sees_velocities() {
        const { assert!(Tangent::<3>::is_small::<RangeBearingElevation<'_>>()) };
        const { assert!(!Tangent::<3>::is_small::<RangeBearingRate<'_>>()) };
    }

    #[test]
    fn an_update_across_north_moves_the_short_way() {
        // The target is a degree west of north, the plot a degree east: the state moves east by some, not round the
        // world.
        let before = state(StateVector::new(-175.0, 10_000.0, 0.0, 0.0, 0.0, 0.0), [200.0; 6]);
        let z = reading([10_000.0, 1_f64.to_radians(), 0.0], [10.0, 0.01, 0.01]);
        let (after, innovation) = update(&RangeBearingElevation(&Pose::AT_ORIGIN), &before, &z).expect("finite");
        assert!((innovation.nu[1] - 2_f64.to_radians()).abs() < 1e-4);
        assert!((-175.0..175.0).contains(&after.mean[0]) && (after.mean[1] - 10_000.0).abs() < 50.0);
    }

    #[test]
    fn the_order_of_independent_updates_does_not_matter() {
        let before = state(StateVector::new(1.0, 2.0, 3.0, 4.0, 5.0, 6.0), [5.0, 6.0, 7.0, 1.0, 2.0, 3.0]);
        let (a, b) = (reading([2.0, 1.0, 4.0], [1.0, 2.0, 3.0]), reading([0.5, 2.5, 2.0], [3.0, 1.0, 2.0]));
        let twice = |first, second| {
            let (middle, _) = update(&Position, &before, first).expect("finite");
            update(&Position, &middle, second).expect("finite").0
        };
        let (ab, ba) = (twice(&a, &b), twice(&b, &a));
        assert!((ab.mean - ba.mean).norm() < 1e-12);
        assert!((ab.covariance.matrix() - ba.covariance.matrix()).norm() < 1e-12);
    }

    #[test]
    fn numbers_that_overflow_are_refused() {
        let before = state(StateVector::zeros(), [1.0; 6]);
        assert!(update(&Position, &before, &reading([f64::INFINITY, 0.0, 0.0], [1.0; 3])).is_err());
        assert!(update(&Position, &before, &reading([f64::NAN, 0.0, 0.0], [1.0; 3])).is_err());
    }

    /// Steps of one run of the random walk below; 256 runs make 10⁶ steps.
    const STEPS: usize = 4_000;

    proptest! {
        #[test]
        fn covariance_stays_positive_definite_under_any_steps(
            steps in proptest::collection::vec((0_u32..5_000, -4.0..4.0_f64, -6.0..3.0_f64, 0_u8..3), STEPS),
        ) {
            let model = NearlyConstantVelocity { horizontal: 1.0, vertical: 0.5 };
            let pose = Pose {
                origin: frame::Position::new(500.0, -300.0, 10.0),
                axes: Rotation3::from_euler_angles(0.01, 0.02, 0.0).into_inner(),
                ..Pose::AT_ORIGIN
            };
            let mut belief = state(StateVector::new(3_000.0, 4_000.0, 800.0, 40.0, -20.0, 1.0), [300.0; 6]);
            for (milliseconds, angle, log_sigma, kind) in steps {
                let to = belief.time + Span::from_millis(i64::from(milliseconds));
                belief = predict(&model, &belief, to).expect("a prediction is positive definite");
                let sigma = crate::maths::exp(log_sigma * 2.3);
                let updated = match kind {
                    0 => update(&Position, &belief, &reading([3e3 * angle, 4e3, 8e2], [sigma; 3])).map(|u| u.0),
                    1 => update(
                        &RangeBearingElevation(&pose),
                        &belief,
                        &reading([5e3, angle, 0.1], [sigma, 1e-3 * sigma, 1e-3 * sigma]),
                    )
                    .map(|u| u.0),
                    _ => Ok(belief),
                };
                belief = updated.expect("an update is positive definite");
            }
        }
    }

    #[test]
    fn a_shared_gain_is_each_measurements_own() {
        let before = state(StateVector::new(3_000.0, 4_000.0, 100.0, 0.0, 0.0, 0.0), [50.0; 6]);
        let model = RangeBearingElevation(&Pose::AT_ORIGIN);
        let z = reading([5_010.0, 0.65, 0.02], [10.0, 0.01, 0.02]);
        let (after, innovation) = update(&model, &before, &z).expect("finite");
        let p = before.covariance.matrix();
        let gain = Expectation::of(&model, &before.mean, p).gain(p, &innovation.factor, &z.noise, &[]);
        assert!((before.mean + gain.shift(&innovation.nu) - after.mean).norm() < 1e-12);
    }

    #[test]
    fn what_is_considered_stays_and_keeps_its_uncertainty() {
        let before =
            state(StateVector::new(3_000.0, 4_000.0, 500.0, 0.0, 0.0, 0.0), [50.0, 50.0, 400.0, 1.0, 1.0, 1.0]);
        let model = RangeBearingElevation(&Pose::AT_ORIGIN);
        let z = reading([5_100.0, 0.65, 0.12], [10.0, 0.01, 0.02]);
        let p = before.covariance.matrix();
        let expectation = Expectation::of(&model, &before.mean, p);
        let innovation = expectation.innovate(&model, &z).expect("finite");
        let free = expectation.gain(p, &innovation.factor, &z.noise, &[]);
        let held = expectation.gain(p, &innovation.factor, &z.noise, &[2, 5]);
        assert!(held.shift(&innovation.nu)[2].abs() < 1e-12 && held.shift(&innovation.nu)[0].abs() > 1.0);
        assert!((held.p[(2, 2)] - p[(2, 2)]).abs() < 1e-6 && free.p[(2, 2)] < 0.5 * p[(2, 2)]);
        assert!((held.p[(0, 0)] - free.p[(0, 0)]).abs() < 1e-6 && Covariance::new(held.p).is_ok());
    }

    #[test]
    fn two_ranges_at_a_right_angle_make_a_fix() {
        let truth = Vector3::new(3_000.0, 4_000.0, 0.0);
        let mut belief =
            state(StateVector::new(2_900.0, 4_150.0, 0.0, 0.0, 0.0, 0.0), [300.0, 300.0, 1.0, 1.0, 1.0, 1.0]);
        for origin in [Vector2::new(0.0, 4_000.0), Vector2::new(3_000.0, 0.0)] {
            let from = Vector3::new(origin.x, origin.y, 0.0);
            let pose = Pose { origin: frame::Position::from_vector(from), ..Pose::AT_ORIGIN };
            let away = truth - from;
            let z = reading([away.norm(), crate::maths::atan2(away.x, away.y), 0.0], [1.0, 0.5, 0.5]);
            belief = update(&RangeBearingElevation(&pose), &belief, &z).expect("finite").0;
        }
        assert!((belief.position().vector() - truth).norm() < 5.0);
    }
}
