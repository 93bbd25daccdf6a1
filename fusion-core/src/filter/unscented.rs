//! The unscented Kalman filter: h probed at points around the predicted state, where the extended one takes its slope
//! at the state alone.
//!
//! For measurements that bend within the state's own uncertainty: a near target seen in range and azimuth, a line of
//! bearing across a wide ellipse. Elsewhere both filters agree and the extended one is cheaper.
//!
//! The scaled unscented transform (Julier & Uhlmann, "Unscented Filtering and Nonlinear Estimation", Proc. IEEE 92
//! (2004) 401; Wan & van der Merwe, "The Unscented Kalman Filter for Nonlinear Estimation", AS-SPCC 2000). With
//! c = α² (n + κ) and P = L Lᵀ the points are x̂ and the n pairs x̂ ± √c L uᵢ. Taken relative to h(x̂), the two values
//! of a pair have an odd and an even half,
//!
//! oᵢ = (zᵢ⁺ − zᵢ⁻) / 2, eᵢ = (zᵢ⁺ + zᵢ⁻) / 2,
//!
//! and in these the weighted sums of the papers, that of the central point included, become
//!
//! * ẑ = h(x̂) + m, m = Σ eᵢ / c;
//! * P Hᵀ = L Gᵀ, with G = (o₁ … oₙ) / √c, hence H = G L⁻¹;
//! * cov z = G Gᵀ + Ω, Ω = Σ eᵢ eᵢᵀ / c + (β − α²) m mᵀ.
//!
//! The odd halves are a slope, averaged over where the state may be. The even halves are what no slope explains, and to
//! the slope they are noise: so an update is that of the extended filter with R + Ω for R (statistical linearisation;
//! Lefebvre, Bruyninckx & De Schutter, IEEE Trans. Automatic Control 47 (2002) 1406), in Joseph's form, and no negative
//! weight of the central point can cost the covariance its definiteness.
//!
//! A value of h is never averaged as it is: only its residual to h(x̂), by the model's own rule. An azimuth about south
//! has no seam.

use nalgebra::{SMatrix, SVector};

use super::extended::{Expectation, Gain, Innovation};
use crate::gaussian::{Covariance, Factor, GaussianState, KINEMATIC, NotPositiveDefinite, StateVector};
use crate::maths::sqrt;
use crate::measurement::Reading;
use crate::model::MeasurementModel;

/// How the points lie about the state and what is believed of it: the three parameters by their usual names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// α: scales the distance of the points from the centre.
    pub alpha: f64,
    /// β: how much the square of the shift m adds to the covariance. α² adds nothing.
    pub beta: f64,
    /// κ: the points lie α √(n + κ) standard deviations from the centre.
    pub kappa: f64,
}

impl Spread {
    /// The points lie √3 standard deviations out, where their fourth moment is a Gaussian's (Julier & Uhlmann).
    ///
    /// β = α², so that Ω is the mean square of the even halves and no more: half again what a quadratic h along the
    /// axes of L deserves, in any number of dimensions. The customary β = 2 is exact in one dimension as α goes to
    /// zero; at this α it would claim twice the deserved or more.
    pub const STANDARD: Self = Self { alpha: 1.0, beta: 1.0, kappa: 3.0 - DIMENSION };
}

/// Why a [`Spread`] is refused: the points would not lie apart, or could yield an Ω that is no covariance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImproperSpread;

impl core::fmt::Display for ImproperSpread {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("improper spread of points: α > 0, κ > −6 and β ≥ −α² κ / 6 are needed, all finite")
    }
}

impl core::error::Error for ImproperSpread {}

/// The unscented transform of a six-dimensional state, with its parameters proven.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unscented {
    /// c.
    reach_squared: f64,
    /// β − α².
    shift_weight: f64,
}

/// What a sensor should see of one predicted state, curvature included.
#[derive(Clone, Debug)]
pub struct Transformed<const M: usize> {
    /// ẑ, H, P Hᵀ, and as its spread the whole of cov z.
    pub expectation: Expectation<M>,
    /// Ω: the part of cov z that no slope explains.
    pub curvature: SMatrix<f64, M, M>,
}

impl Unscented {
    /// With [`Spread::STANDARD`].
    pub const STANDARD: Self = match Self::new(Spread::STANDARD) {
        Ok(standard) => standard,
        Err(_) => panic!("the standard spread is proper"),
    };

    /// The transform with these parameters.
    ///
    /// Since Σ eᵢ eᵢᵀ ≥ c² m mᵀ / n, no h whatever can make Ω indefinite if c / n + β − α² is not negative.
    ///
    /// # Errors
    /// [`ImproperSpread`] unless α > 0, n + κ > 0 and β ≥ −α² κ / n, all finite.
    pub const fn new(spread: Spread) -> Result<Self, ImproperSpread> {
        let Spread { alpha, beta, kappa } = spread;
        let reach_squared = alpha * alpha * (DIMENSION + kappa);
        let shift_weight = beta - alpha * alpha;
        let apart = alpha > 0.0 && reach_squared > 0.0 && reach_squared < f64::INFINITY;
        if apart && shift_weight < f64::INFINITY && reach_squared / DIMENSION + shift_weight >= 0.0 {
            Ok(Self { reach_squared, shift_weight })
        } else {
            Err(ImproperSpread)
        }
    }

    /// The Gaussian that comes of a state through any `h`, where `residual(z, z_hat)` is z − ẑ with angles taken the
    /// short way round. `h` and `residual` are asked 13 and 14 times.
    pub fn transform<const M: usize>(
        &self,
        state: &GaussianState,
        h: impl Fn(&StateVector) -> SVector<f64, M>,
        residual: impl Fn(&SVector<f64, M>, &SVector<f64, M>) -> SVector<f64, M>,
    ) -> Transformed<M> {
        let factor = state.covariance.factor();
        let (reach, centre) = (sqrt(self.reach_squared), h(&state.mean));
        let (mut g, mut even) = (SMatrix::<f64, M, 6>::zeros(), SMatrix::<f64, M, 6>::zeros());
        for (i, axis) in factor.matrix().column_iter().enumerate() {
            let step = axis * reach;
            let plus = residual(&h(&(state.mean + step)), &centre);
            let minus = residual(&h(&(state.mean - step)), &centre);
            g.set_column(i, &((plus - minus) / (2.0 * reach)));
            even.set_column(i, &((plus + minus) * 0.5));
        }
        let shift = even.column_sum() / self.reach_squared;
        let curvature = even * even.transpose() / self.reach_squared + shift * shift.transpose() * self.shift_weight;
        let cross = factor.matrix() * g.transpose();
        let expectation = Expectation {
            // The residual to nothing is the value itself, its angles wrapped.
            z_hat: residual(&(centre + shift), &SVector::zeros()),
            h: factor.solve(&cross).transpose(),
            seen: KINEMATIC,
            cross,
            spread: g * g.transpose() + curvature,
        };
        Transformed { expectation, curvature }
    }

    /// What a sensor should see of this state.
    pub fn expect<const M: usize>(&self, model: &impl MeasurementModel<M>, state: &GaussianState) -> Transformed<M> {
        self.transform(state, |x| model.predict(x), |z, z_hat| model.residual(z, z_hat))
    }

    /// One measurement known to belong to the state: x̂ ← x̂ + K ν, P in Joseph form.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if the numbers overflow; the predicted state is then the best there is.
    pub fn update<const M: usize>(
        &self,
        model: &impl MeasurementModel<M>,
        predicted: &GaussianState,
        reading: &Reading<M>,
    ) -> Result<(GaussianState, Innovation<M>), NotPositiveDefinite> {
        let seen = self.expect(model, predicted);
        let innovation = seen.expectation.innovate(model, reading)?;
        let gain = seen.gain(predicted.covariance.matrix(), &innovation.factor, &reading.noise, &[])?;
        let mean = predicted.mean + gain.shift(&innovation.nu);
        if !mean.iter().all(|v| v.is_finite()) {
            return Err(NotPositiveDefinite);
        }
        Ok((GaussianState { mean, covariance: Covariance::new(gain.p)?, time: predicted.time }, innovation))
    }
}

impl<const M: usize> Transformed<M> {
    /// K for this noise, and the covariance after an update; see [`Expectation::gain`].
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if the numbers overflow.
    pub fn gain(
        &self,
        p: &SMatrix<f64, 6, 6>,
        s: &Factor<M>,
        noise: &Covariance<M>,
        considered: &[usize],
    ) -> Result<Gain<M>, NotPositiveDefinite> {
        let unexplained = Covariance::new(self.curvature + noise.matrix())?;
        Ok(self.expectation.gain(p, s, &unexplained, considered))
    }
}

/// n.
const DIMENSION: f64 = 6.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::angle::wrap;
    use crate::filter::{extended, predict};
    use crate::frame;
    use crate::maths::{cos, exp, ln, sin};
    use crate::measurement::Pose;
    use crate::model::bearing::Bearing;
    use crate::model::constant_velocity::NearlyConstantVelocity;
    use crate::model::polar::{RangeBearing, RangeBearingElevation, RangeBearingElevationRate};
    use crate::model::position::{Position, PositionVelocity};
    use crate::time::{Span, Timestamp};
    use core::f64::consts::{PI, TAU};
    use nalgebra::Rotation3;
    use proptest::prelude::*;

    fn state(mean: StateVector, sigmas: [f64; 6]) -> GaussianState {
        let covariance = Covariance::from_sigmas(&StateVector::from(sigmas)).expect("positive sigmas");
        GaussianState { mean, covariance, time: Timestamp::EPOCH }
    }

    fn reading<const M: usize>(z: [f64; M], sigmas: [f64; M]) -> Reading<M> {
        Reading { z: z.into(), noise: Covariance::from_sigmas(&sigmas.into()).expect("positive sigmas") }
    }

    #[test]
    fn a_linear_model_is_updated_as_by_kalman() {
        let mut belief =
            state(StateVector::new(9_000.0, -40_000.0, 800.0, 40.0, -20.0, 1.0), [300., 200., 90., 9., 5., 2.]);
        let model = NearlyConstantVelocity { horizontal: 1.0, vertical: 0.5 };
        for second in 1..20 {
            belief = predict(&model, &belief, Timestamp::from_secs(second)).expect("finite");
            let z = reading([9_100.0, -40_100.0, 790.0, 44.0, -21.0, 0.0], [60.0, 50.0, 40.0, 8.0, 3.0, 1.0]);
            let (theirs, _) = extended::update(&PositionVelocity, &belief, &z).expect("finite");
            let (ours, _) = Unscented::STANDARD.update(&PositionVelocity, &belief, &z).expect("finite");
            for k in 0..6 {
                let sigma = theirs.covariance.sigma(k);
                assert!((ours.mean[k] - theirs.mean[k]).abs() < 1e-10 * sigma, "{second}, {k}");
                assert!((ours.covariance.sigma(k) - sigma).abs() < 1e-11 * sigma, "{second}, {k}");
            }
            belief = ours;
        }
    }

    #[test]
    fn the_sums_are_those_of_the_papers() {
        let spread = Spread { alpha: 0.5, beta: 2.0, kappa: -3.0 };
        let before = state(StateVector::new(60.0, 80.0, 20.0, 3.0, 4.0, 5.0), [10.0, 20.0, 5.0, 1.0, 2.0, 3.0]);
        let model = RangeBearingElevationRate(&Pose::AT_ORIGIN);
        let seen = Unscented::new(spread).expect("proper").expect(&model, &before);

        let c = 0.25 * 3.0;
        let w0 = 1.0 - 6.0 / c;
        let l = before.covariance.factor();
        let mut points = [(before.mean, w0, w0 + 1.0 - 0.25 + 2.0); 13];
        for (i, axis) in l.matrix().column_iter().enumerate() {
            points[2 * i + 1] = (before.mean + axis * sqrt(c), 0.5 / c, 0.5 / c);
            points[2 * i + 2] = (before.mean - axis * sqrt(c), 0.5 / c, 0.5 / c);
        }
        let values = points.map(|(x, ..)| model.predict(&x));
        let mean = points.iter().zip(&values).fold(SVector::zeros(), |sum, ((_, w, _), z)| sum + z * *w);
        let (mut covariance, mut cross) = (SMatrix::<f64, 4, 4>::zeros(), SMatrix::<f64, 6, 4>::zeros());
        for ((x, _, w), z) in points.iter().zip(&values) {
            covariance += (z - mean) * (z - mean).transpose() * *w;
            cross += (x - before.mean) * (z - mean).transpose() * *w;
        }
        assert!((seen.expectation.z_hat - mean).norm() < 1e-12 * mean.norm());
        assert!((seen.expectation.spread - covariance).norm() < 1e-12 * covariance.norm());
        assert!((seen.expectation.cross - cross).norm() < 1e-12 * cross.norm());
        let explained = seen.expectation.h * cross;
        assert!((explained + seen.curvature - covariance).norm() < 1e-12 * covariance.norm());
    }

    #[test]
    fn what_could_spoil_a_covariance_is_no_spread() {
        let refused = |alpha, beta, kappa| Unscented::new(Spread { alpha, beta, kappa }).is_err();
        assert!(refused(0.0, 2.0, 0.0) && refused(-1.0, 2.0, 0.0) && refused(1.0, 2.0, -6.0));
        assert!(refused(1.0, 0.4, -3.0) && !refused(1.0, 0.5, -3.0) && !refused(1e-3, 2.0, 0.0));
        for bad in [f64::NAN, f64::INFINITY] {
            assert!(refused(bad, 2.0, 0.0) && refused(1.0, bad, 0.0) && refused(1.0, 2.0, bad));
        }
    }

    /// Chance for tests: a linear congruential generator (Knuth's constants), made normal by Box and Muller.
    struct Chance(u64);

    impl Chance {
        fn uniform(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let bits = u32::try_from(self.0 >> 33).expect("31 bits");
            (f64::from(bits) + 0.5) / 2_147_483_648.0
        }

        fn normal(&mut self) -> f64 {
            sqrt(-2.0 * ln(self.uniform())) * cos(TAU * self.uniform())
        }

        fn around(&mut self, state: &GaussianState) -> StateVector {
            let drawn = StateVector::from_fn(|_, _| self.normal());
            state.mean + state.covariance.factor().matrix() * drawn
        }
    }

    /// Mean and position variance of the true posterior: prior samples weighted by their likelihood.
    fn sampled_posterior(chance: &mut Chance, before: &GaussianState, z: &Reading<2>) -> (StateVector, f64) {
        let (model, r) = (RangeBearing(&Pose::AT_ORIGIN), z.noise.factor());
        let (mut total, mut first, mut second) = (0.0, StateVector::zeros(), 0.0);
        for _ in 0..40_000 {
            let x = chance.around(before);
            let weight = exp(-0.5 * r.mahalanobis_squared(&model.residual(&z.z, &model.predict(&x))));
            let from = x - before.mean;
            total += weight;
            first += from * weight;
            second += from.fixed_rows::<2>(0).norm_squared() * weight;
        }
        let shift = first / total;
        (before.mean + shift, second / total - shift.fixed_rows::<2>(0).norm_squared())
    }

    #[test]
    fn a_near_target_is_placed_nearer_the_true_posterior_than_by_a_slope() {
        let mut chance = Chance(1);
        let (mut extended_error, mut unscented_error, mut wins) = (0.0, 0.0, 0);
        let (mut claims, mut truths, mut slope_claims) = (0.0, 0.0, 0.0);
        for case in 0..24 {
            let azimuth = 0.3 * f64::from(case);
            let mean = StateVector::new(100.0 * sin(azimuth), 100.0 * cos(azimuth), 0.0, 0.0, 0.0, 0.0);
            let before = state(mean, [35.0, 35.0, 1.0, 1.0, 1.0, 1.0]);
            let truth = chance.around(&before);
            let seen = RangeBearing(&Pose::AT_ORIGIN).predict(&truth);
            let z = reading([seen[0] + 4.0 * chance.normal(), wrap(seen[1] + 0.5 * chance.normal())], [4.0, 0.5]);
            let (posterior, variance) = sampled_posterior(&mut chance, &before, &z);
            let model = RangeBearing(&Pose::AT_ORIGIN);
            let (by_slope, _) = extended::update(&model, &before, &z).expect("finite");
            let (by_points, _) = Unscented::STANDARD.update(&model, &before, &z).expect("finite");
            let (e, u) = ((by_slope.mean - posterior).norm(), (by_points.mean - posterior).norm());
            extended_error += e;
            unscented_error += u;
            wins += usize::from(u < e);
            truths += variance;
            claims += by_points.position_covariance().fixed_view::<2, 2>(0, 0).trace();
            slope_claims += by_slope.position_covariance().fixed_view::<2, 2>(0, 0).trace();
        }
        assert!(unscented_error < 0.5 * extended_error, "{unscented_error} against {extended_error}");
        assert_eq!(wins, 24, "cases in which the points were nearer");
        // A slope claims to know more than there is to know; the points own up to the curvature.
        assert!(slope_claims < truths && claims > truths && claims < 1.1 * truths, "{slope_claims} {claims} {truths}");
    }

    #[test]
    fn a_wide_ellipse_across_south_is_seen_without_a_seam() {
        let model = RangeBearing(&Pose::AT_ORIGIN);
        let mean = |azimuth: f64| StateVector::new(400.0 * sin(azimuth), 400.0 * cos(azimuth), 0.0, 0.0, 0.0, 0.0);
        let spread = [120.0, 120.0, 1.0, 1.0, 1.0, 1.0];
        for off in [-0.02, 0.0, 0.02] {
            let (at_south, at_east) = (state(mean(PI + off), spread), state(mean(0.5 * PI + off), spread));
            let z = |azimuth| reading([430.0, wrap(azimuth)], [20.0, 0.1]);
            let (south, innovation) = Unscented::STANDARD.update(&model, &at_south, &z(PI - 0.1)).expect("finite");
            let (east, _) = Unscented::STANDARD.update(&model, &at_east, &z(0.5 * PI - 0.1)).expect("finite");
            assert!((innovation.nu[1] + 0.1 + off).abs() < 5e-3, "{}", innovation.nu);
            // A quarter turn clockwise takes east to south: (e, n) becomes (n, −e). Cholesky takes the axes in another
            // order, hence the tolerance.
            let turned = StateVector::new(east.mean[1], -east.mean[0], 0.0, 0.0, 0.0, 0.0);
            assert!((south.mean - turned).norm() < 1e-9, "{} {turned}", south.mean);
            assert!(Unscented::STANDARD.expect(&model, &at_south).expectation.z_hat[1].abs() <= PI);
        }
    }

    #[test]
    fn any_function_can_be_asked() {
        // x² of a Gaussian has mean μ² + σ² and, in one dimension with the points at √3 σ, variance 4 μ² σ² + 3 σ⁴ for
        // this β; the true one is 4 μ² σ² + 2 σ⁴.
        let before = state(StateVector::new(3.0, 0.0, 0.0, 0.0, 0.0, 0.0), [2.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        let square = Unscented::STANDARD.transform(&before, |x| SVector::from([x[0] * x[0]]), |a, b| a - b);
        assert!((square.expectation.z_hat[0] - 13.0).abs() < 1e-12);
        assert!((square.expectation.spread[0] - (4.0 * 9.0 * 4.0 + 3.0 * 16.0)).abs() < 1e-10);
        assert!((square.expectation.h[(0, 0)] - 6.0).abs() < 1e-12 && (square.curvature[0] - 48.0).abs() < 1e-10);
    }

    #[test]
    fn what_is_considered_stays_and_keeps_its_uncertainty() {
        let before = state(StateVector::new(30.0, 40.0, 50.0, 0.0, 0.0, 0.0), [5.0, 5.0, 40.0, 1.0, 1.0, 1.0]);
        let model = RangeBearingElevation(&Pose::AT_ORIGIN);
        let z = reading([75.0, 0.65, 0.8], [2.0, 0.1, 0.1]);
        let seen = Unscented::STANDARD.expect(&model, &before);
        let innovation = seen.expectation.innovate(&model, &z).expect("finite");
        let p = before.covariance.matrix();
        let gain = seen.gain(p, &innovation.factor, &z.noise, &[2, 5]).expect("finite");
        assert!(gain.shift(&innovation.nu)[2].abs() < 1e-12 && gain.shift(&innovation.nu)[0].abs() > 0.1);
        assert!((gain.p[(2, 2)] - p[(2, 2)]).abs() < 1e-9 && Covariance::new(gain.p).is_ok());
    }

    fn extreme() -> impl Strategy<Value = f64> {
        (-1.0..1.0_f64, -300_i32..300).prop_map(|(x, exponent)| x * exp(f64::from(exponent) * 2.302))
    }

    proptest! {
        #[test]
        fn any_finite_input_gives_finite_numbers_or_an_error(
            mean in proptest::array::uniform6(extreme()),
            sigmas in proptest::array::uniform6(extreme()),
            z in proptest::array::uniform4(extreme()),
            noise in proptest::array::uniform4(extreme()),
        ) {
            let sigmas = StateVector::from(sigmas);
            let (Ok(covariance), Ok(noise)) =
                (Covariance::from_sigmas(&sigmas), Covariance::from_sigmas(&noise.into())) else { return Ok(()) };
            let before = GaussianState { mean: mean.into(), covariance, time: Timestamp::EPOCH };
            let model = RangeBearingElevationRate(&Pose::AT_ORIGIN);
            let reading = Reading { z: z.into(), noise };
            if let Ok((after, innovation)) = Unscented::STANDARD.update(&model, &before, &reading) {
                prop_assert!(after.mean.iter().all(|v| v.is_finite()));
                prop_assert!(after.covariance.matrix().iter().all(|v| v.is_finite()));
                prop_assert!(innovation.nu.iter().all(|v| v.is_finite()));
            }
        }

        #[test]
        fn covariance_stays_positive_definite_under_any_steps(
            beta in 0.5..3.0_f64,
            steps in proptest::collection::vec((0_u32..5_000, -4.0..4.0_f64, -6.0..3.0_f64, 0_u8..4), 400),
        ) {
            let model = NearlyConstantVelocity { horizontal: 1.0, vertical: 0.5 };
            let unscented = Unscented::new(Spread { alpha: 1.0, beta, kappa: -3.0 }).expect("proper");
            let axes = Rotation3::from_euler_angles(0.01, 0.02, 0.0).into_inner();
            let pose = Pose { origin: frame::Position::new(500.0, -300.0, 10.0), axes, ..Pose::AT_ORIGIN };
            let mut belief = state(StateVector::new(3_000.0, 4_000.0, 800.0, 40.0, -20.0, 1.0), [300.0; 6]);
            for (milliseconds, angle, log_sigma, kind) in steps {
                let to = belief.time + Span::from_millis(i64::from(milliseconds));
                belief = predict(&model, &belief, to).expect("a prediction is positive definite");
                let sigma = exp(log_sigma * 2.3);
                let fix = reading([3e3 * angle, 4e3, 8e2], [sigma; 3]);
                let polar = reading([5e3, angle, 0.1], [sigma, 1e-3 * sigma, 1e-3 * sigma]);
                belief = match kind {
                    0 => unscented.update(&Position, &belief, &fix).map(|u| u.0),
                    1 => unscented.update(&RangeBearingElevation(&pose), &belief, &polar).map(|u| u.0),
                    2 => unscented.update(&Bearing(&pose), &belief, &reading([angle], [1e-3 * sigma])).map(|u| u.0),
                    _ => Ok(belief),
                }
                .expect("an update is positive definite");
            }
        }
    }
}
