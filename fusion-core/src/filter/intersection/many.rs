//! Covariance intersection of more than two estimates at once, so that their order makes no difference of substance.
//!
//! With weights ωᵢ ≥ 0 that sum to one,
//!
//! * P⁻¹ = Σ ωᵢ Pᵢ⁻¹,
//! * x̂ = P Σ ωᵢ Pᵢ⁻¹ xᵢ,
//!
//! is never too sure, whatever the correlations, for any weights (Julier & Uhlmann 1997; Niehsen 2002 for many). Those
//! of the least det P are sought by multiplication: ωᵢ ← ωᵢ tr(P Pᵢ⁻¹) / N keeps their sum and never makes the
//! determinant larger. It is the algorithm of optimal design of experiments (Silvey, Titterington & Torsney,
//! "An algorithm for optimal designs on a finite design space", Comm. Stat. A7, 1978), whose problem this is. A fixed
//! count of steps is taken: wherever it stops, the result is consistent.

use heapless::Vec;
use nalgebra::SMatrix;

use super::IntersectionError;
use crate::gaussian::{Covariance, Factor, GaussianState, KINEMATIC, StateVector};

/// Estimates that are intersected at once at the most; what is beyond is left out, which is consistent too.
///
/// No counter: whoever calls has bounded them before.
pub const INTERSECTED_MAX: usize = 16;

/// Steps of the search for weights: by then the determinant is within a hundredth of the least.
const STEPS: usize = 24;

type Information = SMatrix<f64, KINEMATIC, KINEMATIC>;

/// The intersection of all: the same bits for the same estimates in the same order.
///
/// # Errors
/// [`IntersectionError`] if the estimates hold at different times, or if the numbers overflow.
pub fn intersect_all(first: &GaussianState, others: &[GaussianState]) -> Result<GaussianState, IntersectionError> {
    let all = || core::iter::once(first).chain(others).take(INTERSECTED_MAX);
    if all().any(|estimate| estimate.time != first.time) {
        return Err(IntersectionError::DifferentTimes);
    }
    if others.is_empty() {
        return Ok(*first);
    }
    let information: Vec<Information, INTERSECTED_MAX> =
        all().map(|estimate| estimate.covariance.factor().solve(&Information::identity())).collect();
    let weights = weights(&information)?;
    let covariance = covariance(&blend(&information, &weights))?;
    // From the first mean only differences count, and equal means stay what they are.
    let pull = all()
        .zip(information.iter().zip(&weights))
        .fold(StateVector::zeros(), |sum, (estimate, (i, w))| sum + i * (estimate.mean - first.mean) * *w);
    let mean = first.mean + covariance.matrix() * pull;
    if !mean.iter().all(|component| component.is_finite()) {
        return Err(IntersectionError::NotPositiveDefinite);
    }
    Ok(GaussianState { mean, covariance, time: first.time })
}

fn weights(information: &[Information]) -> Result<Vec<f64, INTERSECTED_MAX>, IntersectionError> {
    #[expect(clippy::cast_precision_loss, reason = "sixteen at the most")]
    let equal = 1.0 / information.len() as f64;
    let mut weights: Vec<f64, INTERSECTED_MAX> = information.iter().map(|_| equal).collect();
    for _ in 0..STEPS {
        let p = covariance(&blend(information, &weights))?;
        for (weight, i) in weights.iter_mut().zip(information) {
            // tr(P Pᵢ⁻¹) of symmetric matrices is the sum of the products of their elements.
            *weight *= p.matrix().dot(i) * (1.0 / 6.0);
        }
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
    }
    Ok(weights)
}

fn blend(information: &[Information], weights: &[f64]) -> Information {
    information.iter().zip(weights).fold(Information::zeros(), |sum, (i, weight)| sum + i * *weight)
}

fn covariance(information: &Information) -> Result<Covariance<KINEMATIC>, IntersectionError> {
    Ok(Covariance::new(Factor::of(*information)?.solve(&Information::identity()))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::intersection::{Weight, intersect};
    use crate::maths::exp;
    use crate::time::Timestamp;
    use proptest::prelude::*;
    use std::vec::Vec as List;

    extern crate std;

    fn estimate() -> impl Strategy<Value = GaussianState> {
        (proptest::collection::vec(-1.0..1.0_f64, 36), proptest::array::uniform6(-2.3..2.3_f64)).prop_map(
            |(entries, scales)| {
                let mut l = Information::from_iterator(entries.iter().copied());
                l.fill_upper_triangle(0.0, 1);
                (0..6).for_each(|k| l[(k, k)] = 0.3 + l[(k, k)].abs());
                let scaled = Information::from_diagonal(&StateVector::from(scales.map(exp))) * l;
                let covariance = Covariance::new(scaled * scaled.transpose()).expect("positive definite");
                let mean = StateVector::from_fn(|k, _| entries[k] * 100.0);
                GaussianState { mean, covariance, time: Timestamp::EPOCH }
            },
        )
    }

    fn together(all: &[GaussianState]) -> GaussianState {
        intersect_all(&all[0], &all[1..]).expect("finite")
    }

    proptest! {
        #[test]
        fn it_never_claims_more_than_the_surest_of_its_inputs_in_any_direction(
            all in proptest::collection::vec(estimate(), 1..6), direction in proptest::array::uniform6(-1.0..1.0_f64),
        ) {
            let d = StateVector::from(direction);
            let surest = all.iter().map(|e| e.covariance.factor().mahalanobis_squared(&d)).fold(0.0, f64::max);
            let fused = together(&all);
            prop_assert!(fused.covariance.factor().mahalanobis_squared(&d) <= surest * (1.0 + 1e-9));
        }

        #[test]
        fn two_are_intersected_nearly_as_well_as_by_the_exact_search(a in estimate(), b in estimate()) {
            let best = intersect(&a, &b, Weight::of_least_determinant(&a.covariance, &b.covariance)).expect("finite");
            let size = |state: &GaussianState| state.covariance.factor().log_determinant();
            let loss = size(&together(&[a, b])) - size(&best);
            prop_assert!((-1e-6..0.3).contains(&loss), "{}", loss);
        }

        #[test]
        fn the_order_makes_a_difference_of_rounding_only(all in proptest::collection::vec(estimate(), 2..6)) {
            let mut back: List<_> = all.clone();
            back.reverse();
            let (forth, back) = (together(&all), together(&back));
            let apart = forth.covariance.factor().mahalanobis_squared(&(forth.mean - back.mean));
            prop_assert!(apart < 1e-9, "{}", apart);
        }
    }

    #[test]
    fn the_same_told_many_times_is_no_surer_than_told_once() {
        let covariance = Covariance::from_sigmas(&StateVector::repeat(3.0)).expect("positive");
        let once = GaussianState { mean: StateVector::repeat(5.0), covariance, time: Timestamp::EPOCH };
        let often = together(&[once; 9]);
        assert!((often.covariance.matrix() - once.covariance.matrix()).norm() < 1e-9);
        assert_eq!(often.mean, once.mean);
    }

    #[test]
    fn estimates_of_different_times_are_refused() {
        let covariance = Covariance::from_sigmas(&StateVector::repeat(3.0)).expect("positive");
        let now = GaussianState { mean: StateVector::zeros(), covariance, time: Timestamp::EPOCH };
        let later = GaussianState { time: Timestamp::from_secs(1), ..now };
        assert_eq!(intersect_all(&now, &[later]), Err(IntersectionError::DifferentTimes));
    }
}
