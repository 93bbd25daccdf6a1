//! Whether a filter's claims match its errors: NIS, NEES, and the χ² bounds that they should keep.
//!
//! The normalised estimation error squared (x − x̂)ᵀ P⁻¹ (x − x̂) of a consistent filter is χ² with the dimension of x
//! as its degrees of freedom; its sum over N independent runs has N times as many (Bar-Shalom, Li & Kirubarajan 2001,
//! §5.4). The χ² distribution comes from the series of the incomplete gamma function (Abramowitz & Stegun 6.5.29).

use crate::filter::extended::Innovation;
use crate::gaussian::{GaussianState, StateVector};
use crate::maths::{exp, ln};

/// νᵀ S⁻¹ ν: normalised innovation squared.
#[must_use]
pub fn nis<const M: usize>(innovation: &Innovation<M>) -> f64 {
    innovation.factor.mahalanobis_squared(&innovation.nu)
}

/// (x − x̂)ᵀ P⁻¹ (x − x̂): normalised estimation error squared.
#[must_use]
pub fn nees(state: &GaussianState, truth: &StateVector) -> f64 {
    state.covariance.factor().mahalanobis_squared(&(truth - state.mean))
}

/// The interval that holds the mean of `runs` independent χ² values of `dimension` degrees of freedom each, divided by
/// `dimension`, with the given confidence. A consistent filter's average NEES per dimension (ANEES) lies in it.
#[must_use]
pub fn anees_bounds(dimension: u32, runs: u32, confidence: f64) -> (f64, f64) {
    let freedom = dimension * runs;
    let tail = 0.5 * (1.0 - confidence);
    let scale = f64::from(freedom);
    (chi_square_quantile(tail, freedom) / scale, chi_square_quantile(1.0 - tail, freedom) / scale)
}

/// P(χ² ≤ x) with `freedom` degrees of freedom.
#[must_use]
pub fn chi_square_cdf(x: f64, freedom: u32) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let (a, y) = (0.5 * f64::from(freedom), 0.5 * x);
    let (mut term, mut sum, mut n) = (1.0, 1.0, a);
    // Falls geometrically once n > y; the bound is never met below 10⁵ degrees of freedom.
    for _ in 0..SERIES_TERMS {
        n += 1.0;
        term *= y / n;
        sum += term;
        if term < 1e-17 * sum {
            break;
        }
    }
    exp(a * ln(y) - y - ln_gamma_of_half(freedom + 2) + ln(sum)).min(1.0)
}

/// The x with P(χ² ≤ x) = `probability`, by halving an interval until it has no middle.
#[must_use]
pub fn chi_square_quantile(probability: f64, freedom: u32) -> f64 {
    let (mut low, mut high) = (0.0, 100.0 + 4.0 * f64::from(freedom));
    for _ in 0..128 {
        let middle = 0.5 * (low + high);
        if chi_square_cdf(middle, freedom) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

const SERIES_TERMS: u32 = 200_000;

/// ln Γ(n / 2), from Γ(1) = 1 and Γ(1/2) = √π by Γ(x + 1) = x Γ(x).
fn ln_gamma_of_half(n: u32) -> f64 {
    let mut sum = if n.is_multiple_of(2) { 0.0 } else { 0.5 * ln(core::f64::consts::PI) };
    let mut k = if n.is_multiple_of(2) { 2 } else { 1 };
    while k < n {
        sum += ln(0.5 * f64::from(k));
        k += 2;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaussian::Covariance;
    use crate::time::Timestamp;

    #[test]
    fn quantiles_are_those_of_the_printed_tables() {
        for (probability, freedom, expected) in [
            (0.95, 1, 3.841_459),
            (0.99, 2, 9.210_340),
            (0.95, 3, 7.814_728),
            (0.999, 4, 18.466_827),
            (0.99, 6, 16.811_894),
            (0.025, 100, 74.221_927),
            (0.975, 1_000, 1_089.530_9),
        ] {
            let x = chi_square_quantile(probability, freedom);
            assert!((x / expected - 1.0).abs() < 1e-6, "χ²({probability}, {freedom}) = {x}");
        }
    }

    #[test]
    fn two_degrees_of_freedom_are_an_exponential() {
        for x in [0.1, 1.0, 5.0, 20.0] {
            assert!((chi_square_cdf(x, 2) - (1.0 - exp(-0.5 * x))).abs() < 1e-14);
        }
    }

    #[test]
    fn a_hundred_runs_of_four_dimensions_have_the_textbook_band() {
        let (low, high) = anees_bounds(4, 100, 0.95);
        assert!((low - 0.866).abs() < 2e-3 && (high - 1.143).abs() < 2e-3, "{low} {high}");
    }

    #[test]
    fn an_error_of_one_sigma_on_each_axis_has_nees_six() {
        let covariance = Covariance::from_sigmas(&StateVector::new(1.0, 2.0, 3.0, 4.0, 5.0, 6.0)).expect("positive");
        let state = GaussianState { mean: StateVector::zeros(), covariance, time: Timestamp::EPOCH };
        assert!((nees(&state, &StateVector::new(1.0, -2.0, 3.0, -4.0, 5.0, -6.0)) - 6.0).abs() < 1e-12);
    }
}
