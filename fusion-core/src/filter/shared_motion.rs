//! One estimate out of several whose errors have the target's motion in common, or nothing at all.
//!
//! Trackers of different nodes see different measurements, but the same target: what it does that none of them
//! predicted is in the errors of all. Taken for independent they would be believed too much; covariance intersection
//! ([`intersection`](super::intersection)), which assumes nothing, believes them too little. Here the common part is
//! reckoned. A tracker of a target pushed by white noise of spectral density q along an axis, measuring its place
//! often, settles (Kalman–Bucy) at
//!
//! * P = q [√2/ω³, 1/ω²; 1/ω², √2/ω], with the gain [√2 ω, ω²]ᵀ, hence ω = σ_v/σ_p and q = σ_v² ω/√2:
//!
//! its covariance tells its bandwidth ω and the q that it reckons with. What else is in a tracker's variances, such as
//! the calibration of its sensor or manoeuvres that it does not exclude, has not come from speed into place, so q is
//! taken from what has: q = ω² σ_pv. Two such trackers, i and j, have errors with the cross-covariance S that solves
//! Aᵢ S + S Aⱼᵀ + diag(0, q) = 0, A = [−√2 ω, 1; −ω², 0], q being the lesser of theirs: the target moves in one
//! way, and who reckons with more than another found knows less of what both have in common. For equal ones that is a
//! quarter of P for place, a half between place and speed, three quarters for speed. The axes are those of each
//! tracker's own ellipse; what pushes along one reaches the other's by the cosine between them.
//!
//! The estimates z = H x + e, e ~ (0, C) with C from the Pᵢ and Sᵢⱼ, are then combined by least squares,
//! P = (Hᵀ C⁻¹ H)⁻¹, x̂ = P Hᵀ C⁻¹ z (the n-ary form of Bar-Shalom & Campo, "The Effect of the Common Process Noise on
//! the Two-Sensor Fused-Track Covariance", IEEE Trans. AES 22(6), 1986). C is positive definite by construction: what
//! is common is a Gram matrix times min(qᵢ, qⱼ), itself a covariance (of a Wiener process at the times q), and no
//! tracker's common part exceeds its share of its own P.
//!
//! A target that has gone straight on for long did nothing that was not predicted, however much trackers reckon with
//! it: then S is zero, and the estimates are independent ([`combine_independent`]).

use nalgebra::{SMatrix, SVector, Vector3};

use crate::gaussian::{Covariance, Factor, GaussianState, KINEMATIC, NotPositiveDefinite, StateVector, ellipse};
use crate::maths::{cos, sin, sqrt};

/// Estimates that are combined at once at the most; what is beyond is left out.
///
/// No counter: whoever calls has chosen the best before.
pub const SHARED_MOTION_MAX: usize = 8;

/// No tracker's error is taken to be more than this share motion: measurements have a part in it.
const SHARE_MAX: f64 = 0.9;

const ROWS: usize = SHARED_MOTION_MAX * KINEMATIC;
type Six = SMatrix<f64, KINEMATIC, KINEMATIC>;

/// The one estimate. The same bits for the same estimates in the same order; all hold at one time, which the caller
/// sees to, and are told in the same axes.
///
/// # Errors
/// [`NotPositiveDefinite`] if the numbers overflow or contradict the model: intersect them then.
pub fn combine(first: &GaussianState, others: &[GaussianState]) -> Result<GaussianState, NotPositiveDefinite> {
    solved(first, others, drives)
}

/// The one estimate out of some that have nothing in common; as [`combine`] else.
///
/// # Errors
/// [`NotPositiveDefinite`] if the numbers overflow.
pub fn combine_independent(
    first: &GaussianState,
    others: &[GaussianState],
) -> Result<GaussianState, NotPositiveDefinite> {
    solved(first, others, |covariance| drives(covariance).map(|drive| Drive { push: 0.0, ..drive }))
}

fn solved(
    first: &GaussianState,
    others: &[GaussianState],
    drives: impl Fn(&Covariance<KINEMATIC>) -> [Drive; 3],
) -> Result<GaussianState, NotPositiveDefinite> {
    if others.is_empty() {
        return Ok(*first);
    }
    let mut joint = Joint::new();
    for estimate in core::iter::once(first).chain(others).take(SHARED_MOTION_MAX) {
        joint.add(first, estimate, drives(&estimate.covariance));
    }
    joint.solve(first)
}

/// What drives one tracker's error along one axis.
#[derive(Clone, Copy)]
struct Drive {
    axis: Vector3<f64>,
    /// ω, 1/s.
    bandwidth: f64,
    /// q, m²/s³.
    push: f64,
}

/// C and z − H x₁, a tracker at a time; the lower triangle of C.
struct Joint {
    c: [[f64; ROWS]; ROWS],
    z: [f64; ROWS],
    drives: heapless::Vec<[Drive; 3], SHARED_MOTION_MAX>,
}

impl Joint {
    const fn new() -> Self {
        Self { c: [[0.0; ROWS]; ROWS], z: [0.0; ROWS], drives: heapless::Vec::new() }
    }

    fn rows(&self) -> usize {
        self.drives.len() * KINEMATIC
    }

    fn add(&mut self, first: &GaussianState, estimate: &GaussianState, drives: [Drive; 3]) {
        let top = self.rows();
        for earlier in 0..self.drives.len() {
            let s = cross(&drives, &self.drives[earlier]);
            self.put(top, earlier * KINEMATIC, &s);
        }
        self.put(top, top, estimate.covariance.matrix());
        for k in 0..KINEMATIC {
            self.z[top + k] = estimate.mean[k] - first.mean[k];
        }
        // `take` in `solved` keeps to the bound.
        let _ = self.drives.push(drives);
    }

    fn put(&mut self, top: usize, left: usize, block: &Six) {
        for i in 0..KINEMATIC {
            for k in 0..KINEMATIC {
                self.c[top + i][left + k] = block[(i, k)];
            }
        }
    }

    /// With C = L Lᵀ: W = L⁻¹ H and w = L⁻¹ z, then P = (Wᵀ W)⁻¹ and x̂ = x₁ + P Wᵀ w.
    fn solve(mut self, first: &GaussianState) -> Result<GaussianState, NotPositiveDefinite> {
        self.factor()?;
        let rows = self.rows();
        let mut w = [[0.0; KINEMATIC + 1]; ROWS];
        for i in 0..rows {
            let mut row = [0.0; KINEMATIC + 1];
            (row[i % KINEMATIC], row[KINEMATIC]) = (1.0, self.z[i]);
            for (k, known) in w.iter().enumerate().take(i) {
                row.iter_mut().zip(known).for_each(|(r, known)| *r -= self.c[i][k] * known);
            }
            w[i] = row.map(|r| r / self.c[i][i]);
        }
        let known = w.iter().take(rows);
        let information = known.clone().fold(Six::zeros(), |sum, row| {
            let row = StateVector::from_fn(|k, _| row[k]);
            sum + row * row.transpose()
        });
        let pull = known.fold(StateVector::zeros(), |sum, row| sum + SVector::from_fn(|k, _| row[k] * row[KINEMATIC]));
        let covariance = Covariance::new(Factor::of(information)?.solve(&Six::identity()))?;
        let mean = first.mean + covariance.matrix() * pull;
        let finite = mean.iter().all(|component| component.is_finite());
        finite.then_some(GaussianState { mean, covariance, time: first.time }).ok_or(NotPositiveDefinite)
    }

    /// The lower triangle of C becomes L.
    fn factor(&mut self) -> Result<(), NotPositiveDefinite> {
        for j in 0..self.rows() {
            let (above, from_j) = self.c.split_at_mut(j);
            let row = &mut from_j[0];
            for (k, known) in above.iter().enumerate() {
                let dot: f64 = row[..k].iter().zip(&known[..k]).map(|(a, b)| a * b).sum();
                row[k] = (row[k] - dot) / known[k];
            }
            let rest = row[j] - row[..j].iter().map(|a| a * a).sum::<f64>();
            // Also false for NaN.
            if !(rest > 0.0 && rest < f64::INFINITY) {
                return Err(NotPositiveDefinite);
            }
            row[j] = sqrt(rest);
        }
        Ok(())
    }
}

/// Along the two axes of the horizontal ellipse, and up.
fn drives(covariance: &Covariance<KINEMATIC>) -> [Drive; 3] {
    let p = covariance.matrix();
    let (_, _, azimuth) = ellipse(p[(0, 0)], p[(0, 1)], p[(1, 1)]);
    let (s, c) = (sin(azimuth), cos(azimuth));
    [Vector3::new(s, c, 0.0), Vector3::new(c, -s, 0.0), Vector3::z()].map(|axis| drive(p, axis))
}

fn drive(p: &Six, axis: Vector3<f64>) -> Drive {
    let along = |i: usize, k: usize| (axis.transpose() * p.fixed_view::<3, 3>(i, k) * axis)[(0, 0)];
    let (place, both, speed) = (along(0, 0), along(0, 3), along(3, 3));
    let bandwidth = sqrt(speed / place);
    let settled = (bandwidth * bandwidth * both).min(speed * bandwidth / SQRT_2);
    // The largest c with c G ≤ P is the smaller root of det(P − c G) = 0, G being S of a push of one.
    let g = response(bandwidth, bandwidth);
    let b = place * g[(1, 1)] + speed * g[(0, 0)] - 2.0 * both * g[(0, 1)];
    let (det_p, det_g) = (place * speed - both * both, g[(0, 0)] * g[(1, 1)] - g[(0, 1)] * g[(0, 1)]);
    let largest = 2.0 * det_p / (b + sqrt((b * b - 4.0 * det_g * det_p).max(0.0)));
    Drive { axis, bandwidth, push: settled.min(SHARE_MAX * largest).max(0.0) }
}

/// S of two trackers' errors, the first's in rows.
fn cross(of: &[Drive; 3], with: &[Drive; 3]) -> Six {
    let mut s = Six::zeros();
    for a in of {
        for b in with {
            let cosine = a.axis.dot(&b.axis);
            if cosine * cosine < 1e-12 {
                continue;
            }
            let g = response(a.bandwidth, b.bandwidth) * (a.push.min(b.push) * cosine);
            let outer = a.axis * b.axis.transpose();
            for (i, k) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let mut block = s.fixed_view_mut::<3, 3>(3 * i, 3 * k);
                block += outer * g[(i, k)];
            }
        }
    }
    s
}

/// The solution of A₁ S + S A₂ᵀ + diag(0, 1) = 0 for trackers of these bandwidths: (place, speed) of the first in rows.
fn response(first: f64, second: f64) -> SMatrix<f64, 2, 2> {
    let (a1, a2) = (SQRT_2 * first, SQRT_2 * second);
    let (b1, b2) = (first * first, second * second);
    let alpha = (a1 + a2) / ((a1 + a2) * a1 * a2 + b1 * a1 + b2 * a2);
    let speeds = 1.0 / (b1 * (1.0 - b2 * alpha) / a1 + b2 * (1.0 - b1 * alpha) / a2);
    let places = speeds * alpha;
    SMatrix::<f64, 2, 2>::new(places, (speeds - b2 * places) / a1, (speeds - b1 * places) / a2, speeds)
}

const SQRT_2: f64 = core::f64::consts::SQRT_2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;
    use proptest::prelude::*;

    /// P of a settled tracker along each axis, turned by an azimuth.
    fn settled(q: f64, bandwidths: [f64; 3], azimuth: f64) -> Covariance<6> {
        let mut p = Six::zeros();
        for (k, w) in bandwidths.into_iter().enumerate() {
            p[(k, k)] = q * SQRT_2 / (w * w * w);
            (p[(k, k + 3)], p[(k + 3, k)]) = (q / (w * w), q / (w * w));
            p[(k + 3, k + 3)] = q * SQRT_2 / w;
        }
        let mut turn = Six::identity();
        for top in [0, 3] {
            (turn[(top, top)], turn[(top + 1, top + 1)]) = (cos(azimuth), cos(azimuth));
            (turn[(top, top + 1)], turn[(top + 1, top)]) = (sin(azimuth), -sin(azimuth));
        }
        Covariance::new(turn * p * turn.transpose()).expect("positive definite")
    }

    fn state(covariance: Covariance<6>) -> GaussianState {
        GaussianState { mean: StateVector::zeros(), covariance, time: Timestamp::EPOCH }
    }

    fn any_tracker() -> impl Strategy<Value = GaussianState> {
        (
            0.01..10.0_f64,
            proptest::array::uniform3(0.02..2.0_f64),
            0.0..3.0_f64,
            proptest::array::uniform6(-9.0..9.0_f64),
        )
            .prop_map(|(q, bandwidths, azimuth, mean)| GaussianState {
                mean: mean.into(),
                ..state(settled(q, bandwidths, azimuth))
            })
    }

    fn is_not_negative(m: &Six, measure: &Covariance<6>) -> bool {
        Covariance::new(m + measure.matrix() * 1e-9).is_ok()
    }

    /// Two discrete trackers of one axis, run until they settle: P of each, S between them.
    fn run(q: f64, noise: [f64; 2], period: f64) -> ([SMatrix<f64, 2, 2>; 2], SMatrix<f64, 2, 2>) {
        let t = period;
        let f = SMatrix::<f64, 2, 2>::new(1.0, t, 0.0, 1.0);
        let push = SMatrix::<f64, 2, 2>::new(t * t * t / 3.0, t * t / 2.0, t * t / 2.0, t) * q;
        let mut p = [SMatrix::<f64, 2, 2>::identity() * 100.0; 2];
        let mut s = SMatrix::<f64, 2, 2>::zeros();
        for _ in 0..20_000 {
            let mut left = [SMatrix::<f64, 2, 2>::identity(); 2];
            for i in 0..2 {
                let m = f * p[i] * f.transpose() + push;
                let gain = m.column(0) / (m[(0, 0)] + noise[i]);
                left[i] -= gain * SMatrix::<f64, 1, 2>::new(1.0, 0.0);
                p[i] = left[i] * m;
            }
            s = left[0] * (f * s * f.transpose() + push) * left[1].transpose();
        }
        (p, s)
    }

    #[test]
    fn the_common_error_is_what_trackers_that_run_come_to_have_in_common() {
        for noise in [[25.0, 25.0], [25.0, 400.0], [9.0, 900.0]] {
            let (p, s) = run(0.5, noise, 0.05);
            let axis = |p: &SMatrix<f64, 2, 2>| {
                let mut whole = Six::identity();
                let at = [0, 3];
                (0..4).for_each(|n| whole[(at[n / 2], at[n % 2])] = p[(n / 2, n % 2)]);
                drive(&whole, Vector3::x())
            };
            let (a, b) = (axis(&p[0]), axis(&p[1]));
            let reckoned = response(a.bandwidth, b.bandwidth) * a.push.min(b.push);
            for n in 0..4 {
                let (told, true_one) = (reckoned[(n / 2, n % 2)], s[(n / 2, n % 2)]);
                assert!((told / true_one - 1.0).abs() < 0.1, "{noise:?} {n}: {told} {true_one}");
            }
        }
    }

    #[test]
    fn who_reckons_with_more_motion_than_another_found_has_no_more_in_common_with_it() {
        let (calm, restless) = (settled(0.01, [0.1; 3], 0.0), settled(1.0, [0.1; 3], 0.0));
        let with = |other: &Covariance<6>| cross(&drives(&calm), &drives(other));
        assert!((with(&restless) - with(&calm)).norm() < 1e-12 * with(&calm).norm());
    }

    #[test]
    fn independent_estimates_add_what_they_know() {
        let (a, b) = (state(settled(1.0, [0.3, 0.2, 0.1], 0.4)), state(settled(0.2, [0.1, 0.3, 0.2], 1.0)));
        let both = combine_independent(&a, &[b]).expect("positive definite");
        let known = |state: &GaussianState| state.covariance.matrix().try_inverse().expect("regular");
        let sum = (known(&a) + known(&b)).try_inverse().expect("regular");
        assert!((both.covariance.matrix() - sum).norm() < 1e-9 * sum.norm());
    }

    #[test]
    fn what_never_came_from_speed_into_place_is_not_common() {
        let plain = settled(0.1, [0.2; 3], 0.0);
        let mut more = *plain.matrix();
        (0..6).for_each(|k| more[(k, k)] *= 2.0);
        let push = |p: &Six| drive(p, Vector3::x()).push;
        assert!(push(&more) < 1.001 * push(plain.matrix()), "{} {}", push(&more), push(plain.matrix()));
    }

    #[test]
    fn two_equal_trackers_have_a_quarter_of_the_place_and_three_quarters_of_the_speed_in_common() {
        let one = state(settled(1.0, [0.3, 0.3, 0.3], 0.0));
        let both = combine(&one, &[one]).expect("positive definite");
        let ratio = |k: usize| both.covariance.matrix()[(k, k)] / one.covariance.matrix()[(k, k)];
        // (P + S) / 2
        assert!((ratio(0) - 0.625).abs() < 1e-9 && (ratio(3) - 0.875).abs() < 1e-9, "{} {}", ratio(0), ratio(3));
    }

    proptest! {
        #[test]
        fn it_is_no_less_sure_than_any_of_its_inputs(
            all in proptest::collection::vec(any_tracker(), 2..=SHARED_MOTION_MAX),
        ) {
            let fused = combine(&all[0], &all[1..]).expect("the model's own covariances");
            for each in &all {
                let less = each.covariance.matrix() - fused.covariance.matrix();
                prop_assert!(is_not_negative(&less, &each.covariance));
            }
        }

        #[test]
        fn the_order_makes_a_difference_of_rounding_only(
            all in proptest::collection::vec(any_tracker(), 2..=SHARED_MOTION_MAX),
        ) {
            let back: heapless::Vec<_, SHARED_MOTION_MAX> = all.iter().rev().copied().collect();
            let (forth, back) = (combine(&all[0], &all[1..]), combine(&back[0], &back[1..]));
            let (forth, back) = (forth.expect("positive"), back.expect("positive"));
            prop_assert!(forth.covariance.factor().mahalanobis_squared(&(forth.mean - back.mean)) < 1e-9);
        }

        #[test]
        fn any_finite_covariances_give_an_estimate_or_an_error(
            sigmas in proptest::collection::vec(proptest::array::uniform6(-80_i32..80), 2..5),
        ) {
            let make = |sigmas: &[i32; 6]| {
                let sigmas = StateVector::from_fn(|k, _| crate::maths::exp(f64::from(sigmas[k]) * 2.302));
                Covariance::from_sigmas(&sigmas).map(state)
            };
            let all: heapless::Vec<_, 5> = sigmas.iter().filter_map(|sigmas| make(sigmas).ok()).collect();
            if let Some(Ok(fused)) = all.first().map(|first| combine(first, &all[1..])) {
                prop_assert!(fused.mean.iter().all(|v| v.is_finite()));
            }
        }
    }
}
