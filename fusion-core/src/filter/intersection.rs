//! Covariance intersection: one estimate out of two whose errors may be correlated in any way at all.
//!
//! Two estimates that came by ways nobody kept book of share an unknown part of their errors; to combine them as if
//! they were independent would count that part twice. With weights ω and 1 − ω,
//!
//! * P⁻¹ = ω A⁻¹ + (1 − ω) B⁻¹,
//! * x̂ = P (ω A⁻¹ a + (1 − ω) B⁻¹ b),
//!
//! P is never too small, whatever the correlation, if A and B were not (Julier & Uhlmann, "A Non-divergent Estimation
//! Algorithm in the Presence of Unknown Correlations", American Control Conference 1997).
//!
//! Nothing is inverted here but the blend C = (1 − ω) A + ω B, since P = A C⁻¹ B. With V = B C⁻¹ and W = A C⁻¹,
//! P = ω V A Vᵀ + (1 − ω) W B Wᵀ: a sum of what cannot be negative, good for ω = 0 and 1 as well.
//!
//! Nothing is associative either: folded pair by pair, more than two estimates give a result that depends on the order;
//! [`many`] takes them all at once.

pub mod many;

use nalgebra::SMatrix;

use crate::gaussian::{Covariance, Factor, GaussianState, NotPositiveDefinite};
use crate::maths::{abs, exp};

/// How much either estimate counts, ω for the first and 1 − ω for the second; every weight gives a consistent result.
///
/// Kept as the balance t = 2 ω − 1, which turns its sign when the estimates change places: so the result is the same to
/// the last bit in either order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weight(f64);

/// Why two estimates have no intersection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntersectionError {
    /// They hold at different times: predict one to the time of the other.
    DifferentTimes,
    /// The numbers overflowed; either estimate alone is the best there is.
    NotPositiveDefinite,
}

impl core::fmt::Display for IntersectionError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::DifferentTimes => "the estimates hold at different times: predict one to the time of the other",
            Self::NotPositiveDefinite => "the intersection of the estimates overflows: keep either alone",
        })
    }
}

impl core::error::Error for IntersectionError {}

impl From<NotPositiveDefinite> for IntersectionError {
    fn from(_: NotPositiveDefinite) -> Self {
        Self::NotPositiveDefinite
    }
}

impl Weight {
    /// ω = ½: right for estimates of equal worth, and what is left where determinants and traces overflow.
    pub const EQUAL: Self = Self(0.0);

    /// The weight with this ω. `None` unless it is in [0, 1].
    #[must_use]
    pub fn of_first(omega: f64) -> Option<Self> {
        (0.0..=1.0).contains(&omega).then_some(Self(2.0 * omega - 1.0))
    }

    /// ω.
    #[must_use]
    pub fn first(self) -> f64 {
        0.5 * (1.0 + self.0)
    }

    /// 1 − ω.
    #[must_use]
    pub fn second(self) -> f64 {
        0.5 * (1.0 - self.0)
    }

    /// The weight that leaves the least det P: the smallest ellipsoid, in whatever units the components are.
    ///
    /// Since det P = det A det B / det C and ln det C is concave in the weight, the one maximum of the latter is sought
    /// by Newton's steps, kept in an interval that holds it and is halved where they would leave it. To 10⁻¹² in ω; a
    /// handful of steps is usual, 64 are all there are.
    #[must_use]
    pub fn of_least_determinant<const N: usize>(a: &Covariance<N>, b: &Covariance<N>) -> Self {
        let (only_second, only_first) = (Self(-1.0), Self(1.0));
        let found = || {
            let falls_at_once = Blend::new(a, b, only_second)?.slope_and_curvature(a, b).0 <= 0.0;
            let rises_to_the_end = Blend::new(a, b, only_first)?.slope_and_curvature(a, b).0 >= 0.0;
            match (falls_at_once, rises_to_the_end) {
                (true, true) => Some(Self::EQUAL),
                (true, false) => Some(only_second),
                (false, true) => Some(only_first),
                (false, false) => Self::within(a, b),
            }
        };
        found().unwrap_or(Self::EQUAL)
    }

    /// The maximum of ln det C, known to lie between the ends.
    fn within<const N: usize>(a: &Covariance<N>, b: &Covariance<N>) -> Option<Self> {
        let (mut low, mut high, mut balance) = (-1.0, 1.0, 0.0);
        for _ in 0..STEPS {
            let (slope, curvature) = Blend::new(a, b, Self(balance))?.slope_and_curvature(a, b);
            if slope > 0.0 {
                low = balance;
            } else if slope < 0.0 {
                high = balance;
            } else {
                break;
            }
            let newton = balance - slope / curvature;
            let next = if low < newton && newton < high { newton } else { 0.5 * (low + high) };
            let step = abs(next - balance);
            balance = next;
            if step < 1e-12 {
                break;
            }
        }
        Some(Self(balance))
    }

    /// ω = tr B / (tr A + tr B), without a search (Niehsen, "Information Fusion based on Fast Covariance Intersection
    /// Filtering", FUSION 2002). For components of one unit: a trace adds metres to metres per second unasked.
    #[must_use]
    pub fn by_traces<const N: usize>(a: &Covariance<N>, b: &Covariance<N>) -> Self {
        let (a, b) = (a.matrix().trace(), b.matrix().trace());
        Self::leaning((b - a) / (a + b))
    }

    /// ω = ½ (1 + (det B − det A) / det (A + B)), without a search: the improved fast weight of Fränken & Hüpper
    /// ("Improved Fast Covariance Intersection for Distributed Data Fusion", FUSION 2005), theirs for two estimates
    /// with the determinants of information matrices written as those of covariances. Independent of units.
    #[must_use]
    pub fn by_determinants<const N: usize>(a: &Covariance<N>, b: &Covariance<N>) -> Self {
        let Ok(sum) = Covariance::new(a.matrix() + b.matrix()) else { return Self::EQUAL };
        let sum = sum.factor().log_determinant();
        let share = |part: &Covariance<N>| exp(part.factor().log_determinant() - sum);
        Self::leaning(share(b) - share(a))
    }

    fn leaning(balance: f64) -> Self {
        if balance.is_finite() { Self(balance.clamp(-1.0, 1.0)) } else { Self::EQUAL }
    }
}

/// The factor of C = (1 − ω) A + ω B.
struct Blend<const N: usize>(Factor<N>);

impl<const N: usize> Blend<N> {
    fn new(a: &Covariance<N>, b: &Covariance<N>, weight: Weight) -> Option<Self> {
        let c = a.matrix() * weight.second() + b.matrix() * weight.first();
        Covariance::new(c).ok().map(|c| Self(c.factor()))
    }

    /// Of ln det C over the balance t: with T = C⁻¹ (B − A) / 2, which is C⁻¹ dC/dt, they are tr T and −tr T².
    fn slope_and_curvature(&self, a: &Covariance<N>, b: &Covariance<N>) -> (f64, f64) {
        let t = self.0.solve(&(b.matrix() * 0.5 - a.matrix() * 0.5));
        (t.trace(), -t.dot(&t.transpose()))
    }
}

/// The one estimate, with this weight.
///
/// # Errors
/// [`IntersectionError`] if the estimates hold at different times, or if the numbers overflow.
pub fn intersect(a: &GaussianState, b: &GaussianState, weight: Weight) -> Result<GaussianState, IntersectionError> {
    if a.time != b.time {
        return Err(IntersectionError::DifferentTimes);
    }
    let blend = Blend::new(&a.covariance, &b.covariance, weight).ok_or(IntersectionError::NotPositiveDefinite)?;
    let (p, q) = (a.covariance.matrix(), b.covariance.matrix());
    let (v, w) = (blend.0.solve(q).transpose(), blend.0.solve(p).transpose());
    // ω V and (1 − ω) W are the shares of the two means and add up to one; from the middle between the means only their
    // difference counts, and equal means stay what they are.
    let (first, second) = (v * weight.first(), w * weight.second());
    let mean = (a.mean + b.mean) * 0.5 + (second - first) * ((b.mean - a.mean) * 0.5);
    if !mean.iter().all(|component| component.is_finite()) {
        return Err(IntersectionError::NotPositiveDefinite);
    }
    let covariance = Covariance::new(sandwich(&first, p, &v) + sandwich(&second, q, &w))?;
    Ok(GaussianState { mean, covariance, time: a.time })
}

/// L M Rᵀ.
fn sandwich(l: &SMatrix<f64, 6, 6>, m: &SMatrix<f64, 6, 6>, r: &SMatrix<f64, 6, 6>) -> SMatrix<f64, 6, 6> {
    l * m * r.transpose()
}

/// Steps of the search at the most: enough to halve the interval to the last bit of its middle.
const STEPS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaussian::StateVector;
    use crate::time::Timestamp;
    use proptest::prelude::*;

    type Six = SMatrix<f64, 6, 6>;

    /// Covariances of any shape: a random lower triangle, and sigmas over two decades each.
    fn covariance() -> impl Strategy<Value = Covariance<6>> {
        (proptest::collection::vec(-1.0..1.0_f64, 36), proptest::array::uniform6(-2.3..2.3_f64)).prop_map(
            |(entries, scales)| {
                let mut l = Six::from_iterator(entries);
                l.fill_upper_triangle(0.0, 1);
                for k in 0..6 {
                    l[(k, k)] = 0.3 + abs(l[(k, k)]);
                }
                let scaled = Six::from_diagonal(&StateVector::from(scales.map(exp))) * l;
                Covariance::new(scaled * scaled.transpose()).expect("positive definite")
            },
        )
    }

    fn mean() -> impl Strategy<Value = StateVector> {
        proptest::array::uniform6(-1e4..1e4_f64).prop_map(StateVector::from)
    }

    fn estimate() -> impl Strategy<Value = GaussianState> {
        (mean(), covariance()).prop_map(|(mean, covariance)| GaussianState { mean, covariance, time: Timestamp::EPOCH })
    }

    fn weights(a: &Covariance<6>, b: &Covariance<6>) -> [Weight; 5] {
        [
            Weight::of_least_determinant(a, b),
            Weight::by_traces(a, b),
            Weight::by_determinants(a, b),
            Weight::EQUAL,
            Weight::of_first(0.9).expect("in the interval"),
        ]
    }

    /// A correlation between whitened errors: any matrix whose greatest singular value is one at the most. Identities
    /// of either sign, reflections, and what its Frobenius norm bounds.
    fn correlation() -> impl Strategy<Value = Six> {
        (proptest::collection::vec(-1.0..1.0_f64, 36), 0_u8..4, -1.0..1.0_f64).prop_map(|(entries, kind, scale)| {
            let m = Six::from_iterator(entries);
            let u = m.column(0).normalize();
            let reflection = Six::identity() - u * u.transpose() * 2.0;
            match kind {
                0 => Six::identity() * scale,
                1 => reflection,
                2 => reflection * scale,
                _ => m / m.norm(),
            }
        })
    }

    fn inverse(m: &Covariance<6>) -> Six {
        m.factor().solve(&Six::identity())
    }

    /// Whether no direction of m is below zero by more than rounding, measured by the covariance itself.
    fn is_not_negative(m: &Six, measure: &Covariance<6>) -> bool {
        Covariance::new(m + measure.matrix() * 1e-9).is_ok()
    }

    proptest! {
        #[test]
        fn the_definition_is_met(a in estimate(), b in estimate()) {
            for weight in weights(&a.covariance, &b.covariance) {
                let fused = intersect(&a, &b, weight).expect("finite");
                let (ia, ib) = (inverse(&a.covariance) * weight.first(), inverse(&b.covariance) * weight.second());
                let product = (ia + ib) * fused.covariance.matrix();
                prop_assert!((product - Six::identity()).norm() < 1e-6);
                let gap = (ia + ib) * fused.mean - (ia * a.mean + ib * b.mean);
                let distance = fused.covariance.factor();
                prop_assert!(distance.mahalanobis_squared(&(fused.covariance.matrix() * gap)) < 1e-12);
            }
        }

        #[test]
        fn the_ellipsoid_covers_the_intersection_of_the_two(
            a in covariance(), b in covariance(), direction in mean(),
        ) {
            let (fa, fb) = (a.factor(), b.factor());
            let outer = fa.mahalanobis_squared(&direction).max(fb.mahalanobis_squared(&direction));
            let origin = |covariance| GaussianState { mean: StateVector::zeros(), covariance, time: Timestamp::EPOCH };
            for weight in weights(&a, &b) {
                let fused = intersect(&origin(a), &origin(b), weight).expect("finite");
                prop_assert!(fused.covariance.factor().mahalanobis_squared(&direction) <= outer * (1.0 + 1e-9));
            }
        }

        #[test]
        fn whatever_the_correlation_no_more_is_claimed_than_is_known(
            a in estimate(), b in estimate(), whitened in correlation(),
        ) {
            let (la, lb) = (a.covariance.factor(), b.covariance.factor());
            let x = la.matrix() * whitened * lb.matrix().transpose();
            for weight in weights(&a.covariance, &b.covariance) {
                let fused = intersect(&a, &b, weight).expect("finite").covariance;
                let true_error = error_of(&a.covariance, &b.covariance, &x, weight, &fused);
                prop_assert!(is_not_negative(&(fused.matrix() - true_error), &fused));
            }
        }

        #[test]
        fn the_order_of_the_two_makes_no_bit_of_difference(a in estimate(), b in estimate()) {
            let (forth, back) = (weights(&a.covariance, &b.covariance), weights(&b.covariance, &a.covariance));
            for (forth, back) in forth.into_iter().zip(back).take(4) {
                prop_assert_eq!(forth.first().to_bits(), back.second().to_bits());
                let (ab, ba) = (intersect(&a, &b, forth), intersect(&b, &a, back));
                prop_assert_eq!(ab.expect("finite"), ba.expect("finite"));
            }
        }

        #[test]
        fn no_other_weight_leaves_a_smaller_ellipsoid(a in estimate(), b in estimate()) {
            let size = |weight| {
                intersect(&a, &b, weight).expect("finite").covariance.factor().log_determinant()
            };
            let least = size(Weight::of_least_determinant(&a.covariance, &b.covariance));
            for percent in 0..=100_u8 {
                let other = Weight::of_first(f64::from(percent) / 100.0).expect("in the interval");
                prop_assert!(least <= size(other) + 1e-9);
            }
            for fast in weights(&a.covariance, &b.covariance) {
                prop_assert!(least <= size(fast) + 1e-9);
            }
        }

        #[test]
        fn any_finite_estimates_give_finite_numbers_or_an_error(
            means in proptest::array::uniform12(-300_i32..300),
            sigmas in proptest::array::uniform12(-160_i32..154),
        ) {
            let power = |exponent: i32| exp(f64::from(exponent) * 2.302);
            let make = |half: usize| {
                let part = |all: [i32; 12]| StateVector::from_fn(|k, _| power(all[6 * half + k]));
                let covariance = Covariance::from_sigmas(&part(sigmas)).ok()?;
                Some(GaussianState { mean: part(means), covariance, time: Timestamp::EPOCH })
            };
            let (Some(a), Some(b)) = (make(0), make(1)) else { return Ok(()) };
            for weight in weights(&a.covariance, &b.covariance) {
                prop_assert!((0.0..=1.0).contains(&weight.first()));
                if let Ok(fused) = intersect(&a, &b, weight) {
                    prop_assert!(fused.mean.iter().all(|v| v.is_finite()));
                }
            }
        }
    }

    /// The covariance that the fused error really has, if that of the two is `x`.
    fn error_of(a: &Covariance<6>, b: &Covariance<6>, x: &Six, weight: Weight, fused: &Covariance<6>) -> Six {
        let ga = fused.matrix() * inverse(a) * weight.first();
        let gb = fused.matrix() * inverse(b) * weight.second();
        let crossed = ga * x * gb.transpose();
        ga * a.matrix() * ga.transpose() + gb * b.matrix() * gb.transpose() + crossed + crossed.transpose()
    }

    fn of_sigmas(sigmas: [f64; 6]) -> Covariance<6> {
        Covariance::from_sigmas(&sigmas.into()).expect("positive sigmas")
    }

    #[test]
    fn adding_information_as_if_independent_would_claim_too_much() {
        // The control of the property above: of errors that are the same, halving the covariance claims too much.
        let a = of_sigmas([10.0, 10.0, 10.0, 1.0, 1.0, 1.0]);
        let naive = Covariance::new(a.matrix() * 0.5).expect("positive definite");
        let true_error = *a.matrix();
        assert!(!is_not_negative(&(naive.matrix() - true_error), &naive));
        let origin = GaussianState { mean: StateVector::zeros(), covariance: a, time: Timestamp::EPOCH };
        let fused = intersect(&origin, &origin, Weight::of_least_determinant(&a, &a)).expect("finite");
        assert!((fused.covariance.matrix() - a.matrix()).norm() < 1e-12);
    }

    #[test]
    fn the_better_of_two_nested_estimates_stands_alone() {
        let (small, large) = (of_sigmas([1.0; 6]), of_sigmas([2.0, 3.0, 4.0, 5.0, 6.0, 7.0]));
        assert_eq!(Weight::of_least_determinant(&small, &large), Weight::of_first(1.0).expect("in the interval"));
        assert_eq!(Weight::of_least_determinant(&large, &small), Weight::of_first(0.0).expect("in the interval"));
        assert_eq!(Weight::of_least_determinant(&small, &small), Weight::EQUAL);
        let at = |x: f64, covariance| GaussianState {
            mean: StateVector::repeat(x),
            covariance,
            time: Timestamp::from_secs(1),
        };
        let fused = intersect(&at(3.0, large), &at(5.0, small), Weight::of_least_determinant(&large, &small));
        assert!((fused.expect("finite").mean - StateVector::repeat(5.0)).norm() < 1e-12);
    }

    #[test]
    fn fast_weights_are_those_of_their_formulas() {
        // Along one axis each is better: tr A = 9 + 1 · 5, tr B = 1 + 4 + 1 · 4; det A = 9, det B = 4, det (A + B) =
        // 10 · 5 · 2⁴.
        let (a, b) = (of_sigmas([3.0, 1.0, 1.0, 1.0, 1.0, 1.0]), of_sigmas([1.0, 2.0, 1.0, 1.0, 1.0, 1.0]));
        assert!((Weight::by_traces(&a, &b).first() - 9.0 / 23.0).abs() < 1e-15);
        assert!((Weight::by_determinants(&a, &b).first() - 0.5 * (1.0 - 5.0 / 800.0)).abs() < 1e-15);
        // det C = (9 − 8 ω)(1 + 3 ω) is greatest at ω = 19 / 48.
        assert!((Weight::of_least_determinant(&a, &b).first() - 19.0 / 48.0).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_intersected_is_told() {
        let now = GaussianState { mean: StateVector::zeros(), covariance: of_sigmas([1.0; 6]), time: Timestamp::EPOCH };
        let later = GaussianState { time: Timestamp::from_secs(1), ..now };
        assert_eq!(intersect(&now, &later, Weight::EQUAL), Err(IntersectionError::DifferentTimes));
        let lost = GaussianState { mean: StateVector::repeat(f64::NAN), ..now };
        assert_eq!(intersect(&now, &lost, Weight::EQUAL), Err(IntersectionError::NotPositiveDefinite));
        for outside in [-0.1, 1.1, f64::NAN] {
            assert_eq!(Weight::of_first(outside), None);
        }
    }
}
