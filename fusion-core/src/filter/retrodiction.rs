//! Measurements from before the state: an update out of sequence, without going back.
//!
//! With an estimate x̂(k|k) and an earlier one x̂(l|l) out of which it grew, where the target was at a time τ between
//! them is a linear function of where it is now, up to noise of its own:
//! ```text
//! x(τ) = x̄ + G (x(k) − x̂(k|k)) + e,    e ~ N(0, D), independent of x(k)
//! G = P(τ|l) Fᵀ P(k|l)⁻¹,    x̄ = x̂(τ|l) + G (x̂(k|k) − x̂(k|l)),    D = (I − G F) P(τ|l) (I − G F)ᵀ + G Q Gᵀ
//! ```
//! which is the backward step of Rauch, Tung and Striebel from k to τ. So a measurement z = h(x(τ)) + w of then is a
//! measurement of *now*, with slope H G and noise R + H D Hᵀ, and the ordinary filter takes it: gate, likelihood and
//! Joseph form come with it, and the covariance stays positive definite because it is an ordinary update.
//!
//! If nothing was measured between τ and k this is exact: algorithm A1 of Bar-Shalom ("Update with out-of-sequence
//! measurements in tracking: exact solution", IEEE Trans. AES 38(3), 2002). Otherwise all that was measured between l
//! and k is taken for one equivalent measurement at k: algorithm Al1 of Bar-Shalom, Chen & Mallick ("One-step solution
//! for the multistep out-of-sequence-measurement problem in tracking", IEEE Trans. AES 40(1), 2004). Their Bl1 sets
//! x̄ = F⁻¹ x̂(k|k) to save keeping x̂(l|l) beside P(l|l); with it kept, Al1 costs the same and is never worse. Their C
//! keeps nothing and leaves out the process noise, which makes it overconfident; so does every way that keeps nothing.
//! The figures are printed by `tests/late_data.rs`.

use nalgebra::{SMatrix, SVector};

use super::Prediction;
use super::extended::update;
use crate::gaussian::{Covariance, GaussianState, NotPositiveDefinite, StateVector};
use crate::measurement::Reading;
use crate::model::{MeasurementModel, TransitionModel};
use crate::time::Timestamp;

/// What two estimates say of a time between them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Past {
    /// x̂(k|k), about which the past is told.
    now: StateVector,
    /// x̄.
    then: StateVector,
    /// G.
    gain: SMatrix<f64, 6, 6>,
    /// D.
    own: SMatrix<f64, 6, 6>,
}

impl Past {
    /// The past between an earlier estimate and the present one that grew out of it; `earlier.time ≤ then ≤ now.time`.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if the numbers overflow.
    pub fn between(
        model: &impl TransitionModel,
        earlier: &GaussianState,
        now: &GaussianState,
        then: Timestamp,
    ) -> Result<Self, NotPositiveDefinite> {
        let before = Prediction::of(model, earlier, then);
        let span = now.time - then;
        let (f, q) = (model.slope(&before.mean, span), model.noise(&before.mean, span));
        let (mean, p) = model.propagate(&before.mean, &before.p, span);
        let gain = Covariance::new(p)?.factor().solve(&(f * before.p)).transpose();
        let rest = SMatrix::<f64, 6, 6>::identity() - gain * f;
        let own = rest * before.p * rest.transpose() + gain * q * gain.transpose();
        Ok(Self { now: now.mean, then: before.mean + gain * (now.mean - mean), gain, own })
    }

    /// x̄: the mean of then.
    #[must_use]
    pub const fn mean(&self) -> &StateVector {
        &self.then
    }

    /// A sensor that saw the past, as a model of what it says of the present.
    #[must_use]
    pub const fn seen_by<'a, H>(&'a self, sensor: &'a H) -> SeenThen<'a, H> {
        SeenThen { past: self, sensor }
    }
}

/// A sensor's model of the past as one of the present: h(x̄ + G (x − x̂)), slope H G.
#[derive(Clone, Copy, Debug)]
pub struct SeenThen<'a, H> {
    past: &'a Past,
    sensor: &'a H,
}

impl<H> SeenThen<'_, H> {
    /// The reading with its noise widened by what happened on the way: R + H D Hᵀ.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if the numbers overflow.
    pub fn widen<const M: usize>(&self, reading: &Reading<M>) -> Result<Reading<M>, NotPositiveDefinite>
    where
        H: MeasurementModel<M>,
    {
        let h = self.sensor.jacobian(&self.past.then);
        let noise = Covariance::new(reading.noise.matrix() + h * self.past.own * h.transpose())?;
        Ok(Reading { z: reading.z, noise })
    }

    fn then(&self, x: &StateVector) -> StateVector {
        self.past.then + self.past.gain * (x - self.past.now)
    }
}

impl<const M: usize, H: MeasurementModel<M>> MeasurementModel<M> for SeenThen<'_, H> {
    fn predict(&self, x: &StateVector) -> SVector<f64, M> {
        self.sensor.predict(&self.then(x))
    }

    fn jacobian(&self, x: &StateVector) -> SMatrix<f64, M, 6> {
        self.sensor.jacobian(&self.then(x)) * self.past.gain
    }

    fn residual(&self, z: &SVector<f64, M>, z_hat: &SVector<f64, M>) -> SVector<f64, M> {
        self.sensor.residual(z, z_hat)
    }
}

/// Updates an estimate with one reading from before it, given an estimate from before the reading out of which the
/// present one grew: `earlier.time ≤ time_of_reading ≤ state.time`.
///
/// # Errors
/// [`NotPositiveDefinite`] if the numbers overflow; the estimate is then the best there is.
pub fn retrodict<const M: usize>(
    model: &impl TransitionModel,
    state: &GaussianState,
    earlier: &GaussianState,
    sensor: &impl MeasurementModel<M>,
    reading: &Reading<M>,
    time_of_reading: Timestamp,
) -> Result<GaussianState, NotPositiveDefinite> {
    let past = Past::between(model, earlier, state, time_of_reading)?;
    let seen = past.seen_by(sensor);
    update(&seen, state, &seen.widen(reading)?).map(|(state, _)| state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::predict;
    use crate::frame;
    use crate::maths::exp;
    use crate::measurement::Pose;
    use crate::model::constant_velocity::NearlyConstantVelocity;
    use crate::model::polar::RangeBearingElevation;
    use crate::model::position::Position;
    use crate::time::Span;
    use nalgebra::Vector3;
    use proptest::prelude::*;

    const DISTURBED: NearlyConstantVelocity = NearlyConstantVelocity { horizontal: 3.0, vertical: 0.7 };
    const STRAIGHT: NearlyConstantVelocity = NearlyConstantVelocity { horizontal: 0.0, vertical: 0.0 };

    fn start() -> GaussianState {
        let covariance =
            Covariance::from_sigmas(&StateVector::new(30.0, 40.0, 50.0, 8.0, 9.0, 10.0)).expect("positive");
        let mean = StateVector::new(1_000.0, 2_000.0, 300.0, 40.0, -30.0, 2.0);
        GaussianState { mean, covariance, time: Timestamp::EPOCH }
    }

    fn fix(east: f64, sigma: f64) -> Reading<3> {
        let noise = Covariance::from_sigmas(&Vector3::repeat(sigma)).expect("positive");
        Reading { z: Vector3::new(east, 1_950.0, 310.0), noise }
    }

    /// The filter that takes the readings in order.
    fn in_order(model: &NearlyConstantVelocity, readings: &[(i64, Reading<3>)]) -> GaussianState {
        readings.iter().fold(start(), |state, (millis, reading)| {
            let predicted = predict(model, &state, Timestamp::EPOCH + Span::from_millis(*millis)).expect("finite");
            update(&Position, &predicted, reading).expect("finite").0
        })
    }

    fn assert_same(a: &GaussianState, b: &GaussianState) {
        let (mean, p) = ((a.mean - b.mean).norm(), (a.covariance.matrix() - b.covariance.matrix()).norm());
        assert!(mean < 1e-8 && p < 1e-7, "means differ by {mean:e}, covariances by {p:e}");
    }

    #[test]
    fn a_reading_late_by_one_step_gives_what_it_would_have_given_in_time() {
        let (first, late, last) = ((700, fix(1_030.0, 12.0)), (1_900, fix(1_070.0, 9.0)), (4_000, fix(1_190.0, 15.0)));
        let earlier = in_order(&DISTURBED, &[first]);
        let now = in_order(&DISTURBED, &[first, last]);
        let time = Timestamp::EPOCH + Span::from_millis(late.0);
        let mended = retrodict(&DISTURBED, &now, &earlier, &Position, &late.1, time).expect("finite");
        assert_same(&mended, &in_order(&DISTURBED, &[first, late, last]));
    }

    #[test]
    fn without_process_noise_any_delay_gives_what_it_would_have_given_in_time() {
        let readings = [(700, fix(1_030.0, 12.0)), (1_500, fix(1_060.0, 9.0)), (2_600, fix(1_090.0, 7.0))];
        let late = (400, fix(1_010.0, 8.0));
        let time = Timestamp::EPOCH + Span::from_millis(late.0);
        let now = in_order(&STRAIGHT, &readings);
        let mended = retrodict(&STRAIGHT, &now, &start(), &Position, &late.1, time).expect("finite");
        assert_same(&mended, &in_order(&STRAIGHT, &[late, readings[0], readings[1], readings[2]]));
    }

    #[test]
    fn a_reading_of_now_is_an_ordinary_update() {
        let now = in_order(&DISTURBED, &[(700, fix(1_030.0, 12.0))]);
        let reading = fix(1_020.0, 10.0);
        let mended = retrodict(&DISTURBED, &now, &start(), &Position, &reading, now.time).expect("finite");
        assert_same(&mended, &update(&Position, &now, &reading).expect("finite").0);
    }

    #[test]
    fn an_azimuth_of_the_past_turns_the_short_way_across_south() {
        let mut earlier = start();
        earlier.mean = StateVector::new(100.0, -10_000.0, 0.0, -40.0, 0.0, 0.0);
        let now = predict(&DISTURBED, &earlier, Timestamp::from_secs(5)).expect("finite");
        let noise = Covariance::from_sigmas(&Vector3::new(10.0, 0.002, 0.01)).expect("positive");
        let reading = Reading { z: Vector3::new(10_000.0, core::f64::consts::PI - 1e-3, 0.0), noise };
        let sensor = RangeBearingElevation(&Pose::AT_ORIGIN);
        let mended = retrodict(&DISTURBED, &now, &earlier, &sensor, &reading, Timestamp::from_secs(3)).expect("finite");
        assert!((mended.mean - now.mean).fixed_rows::<3>(0).norm() < 100.0, "{}", mended.mean);
    }

    #[test]
    fn numbers_that_overflow_are_refused() {
        let now = in_order(&DISTURBED, &[(700, fix(1_030.0, 12.0))]);
        for z in [f64::NAN, f64::INFINITY, 1e308] {
            let mended = retrodict(&DISTURBED, &now, &start(), &Position, &fix(z, 1.0), Timestamp::EPOCH);
            assert!(mended.is_err() || mended.is_ok_and(|state| state.mean.iter().all(|v| v.is_finite())));
        }
    }

    /// Updates in each of the random runs below; 256 runs make 10⁴.
    const STEPS: usize = 40;

    proptest! {
        #[test]
        fn covariance_stays_positive_definite_under_any_late_readings(
            steps in proptest::collection::vec((1_u32..20_000, 0.0..1.0_f64, -7.0..4.0_f64, -5.0..5.0_f64), STEPS),
        ) {
            let pose = Pose { origin: frame::Position::new(500.0, -300.0, 10.0), ..Pose::AT_ORIGIN };
            let sensor = RangeBearingElevation(&pose);
            let mut earlier = start();
            for (millis, share, log_sigma, log_density) in steps {
                let model = NearlyConstantVelocity { horizontal: exp(2.3 * log_density), vertical: 1.0 };
                let span = Span::from_millis(i64::from(millis));
                let sigma = exp(2.3 * log_sigma);
                let now = predict(&model, &earlier, earlier.time + span).expect("finite");
                let now = update(&Position, &now, &fix(900.0, sigma)).expect("finite").0;
                let then = earlier.time + Span::from_secs_f64(span.as_secs_f64() * share);
                let sigmas = Vector3::new(sigma, 1e-4 * sigma, 1e-4 * sigma);
                let noise = Covariance::from_sigmas(&sigmas).expect("positive");
                let reading = Reading { z: Vector3::new(2_300.0, 0.2, 0.1), noise };
                let mended = retrodict(&model, &now, &earlier, &sensor, &reading, then).expect("positive definite");
                for k in 0..6 {
                    prop_assert!(mended.covariance.matrix()[(k, k)] <= now.covariance.matrix()[(k, k)] * (1.0 + 1e-9));
                }
                earlier = mended;
            }
        }
    }
}
