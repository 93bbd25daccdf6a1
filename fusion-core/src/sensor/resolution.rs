//! Two targets that a sensor sees as one.
//!
//! With separations Δr and Δφ and the sensor's resolution α_r and α_φ, the probability of one common plot is taken as
//! p = exp(−ln 2 (Δr/α_r)²) · exp(−ln 2 (Δφ/α_φ)²): one when they coincide, a half at a distance of α on one axis
//! (Koch & van Keuk 1997). That is a Gaussian in Δ with variance A = α² / (2 ln 2), so where Δ itself is uncertain with
//! variance C its mean is known: √(A / (A + C)) exp(−Δ² / 2(A + C)), axis by axis.
//!
//! Of k targets that give one plot, each has that plot for its own with probability 1/k. So a track's P_D shrinks by
//! E[1 / (1 + K)], K the number of its neighbours that are not resolved from it; then a miss is no evidence against a
//! track that flies close to another.

use core::f64::consts::LN_2;

use crate::maths::{exp, sqrt};

/// How near two targets may be to give two plots as often as one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resolution {
    /// α_r, metres: about the length of a pulse.
    pub range_m: f64,
    /// α_φ, radians: about the width of the beam.
    pub azimuth_rad: f64,
}

/// How far two targets are from each other, as a sensor sees them, and how surely.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Separation {
    /// Δr, metres.
    pub range_m: f64,
    /// Variance of Δr, m².
    pub range_variance: f64,
    /// Δφ, radians, the short way round.
    pub azimuth_rad: f64,
    /// Variance of Δφ, rad².
    pub azimuth_variance: f64,
}

impl Resolution {
    /// Probability that two targets so far apart give one plot: 0 to 1. What is not finite is far apart.
    #[must_use]
    pub fn unresolved(&self, separation: &Separation) -> f64 {
        let along = merging(separation.range_m, separation.range_variance, self.range_m);
        along * merging(separation.azimuth_rad, separation.azimuth_variance, self.azimuth_rad)
    }
}

/// The mean of exp(−ln 2 (Δ/α)²) over a Gaussian Δ.
fn merging(delta: f64, variance: f64, alpha: f64) -> f64 {
    let scale = alpha * alpha / (2.0 * LN_2);
    let total = scale + variance.max(0.0);
    let p = sqrt(scale / total) * exp(-0.5 * delta * delta / total);
    if p.is_finite() { p } else { 0.0 }
}

/// E[1 / (1 + K)]: the share of its P_D that a target keeps for itself, given the probabilities that it is unresolved
/// from each of its neighbours, taken for independent.
///
/// Since 1/(1 + K) = ∫₀¹ x^K dx, the mean is ∫₀¹ ∏ (1 − pᵢ + pᵢ x) dx, by four points of Gauss and Legendre: exact for
/// up to seven neighbours.
#[must_use]
pub fn own_plot_share(unresolved: impl IntoIterator<Item = f64>) -> f64 {
    let mut products = GAUSS_LEGENDRE.map(|(_, weight)| weight);
    for p in unresolved {
        let p = p.clamp(0.0, 1.0);
        for (product, (x, _)) in products.iter_mut().zip(GAUSS_LEGENDRE) {
            *product *= 1.0 - p * (1.0 - x);
        }
    }
    products.iter().sum()
}

/// Abscissas and weights of four points on [0, 1] (Abramowitz & Stegun, table 25.4, moved from [−1, 1]).
const GAUSS_LEGENDRE: [(f64, f64); 4] = [
    (0.069_431_844_202_973_71, 0.173_927_422_568_726_93),
    (0.330_009_478_207_571_87, 0.326_072_577_431_273_07),
    (0.669_990_521_792_428_1, 0.326_072_577_431_273_07),
    (0.930_568_155_797_026_3, 0.173_927_422_568_726_93),
];

#[cfg(test)]
mod tests {
    use super::*;

    const RADAR: Resolution = Resolution { range_m: 150.0, azimuth_rad: 0.02 };

    fn apart(range_m: f64, azimuth_rad: f64) -> Separation {
        Separation { range_m, azimuth_rad, ..Separation::default() }
    }

    #[test]
    fn two_in_one_place_are_one_and_at_the_resolution_they_are_as_often_two() {
        assert!((RADAR.unresolved(&apart(0.0, 0.0)) - 1.0).abs() < 1e-15);
        assert!((RADAR.unresolved(&apart(150.0, 0.0)) - 0.5).abs() < 1e-12);
        assert!((RADAR.unresolved(&apart(0.0, -0.02)) - 0.5).abs() < 1e-12);
        assert!((RADAR.unresolved(&apart(-150.0, 0.02)) - 0.25).abs() < 1e-12);
        assert!(RADAR.unresolved(&apart(1_000.0, 0.0)) < 1e-12);
    }

    #[test]
    fn what_is_far_beyond_reason_is_resolved() {
        for bad in [f64::NAN, f64::INFINITY] {
            assert!(RADAR.unresolved(&apart(bad, 0.0)).abs() < 1e-15);
            let vague = Separation { range_variance: bad, ..apart(0.0, 0.0) };
            let p = RADAR.unresolved(&vague);
            assert!((0.0..=1.0).contains(&p), "{p}");
        }
    }

    #[test]
    fn an_uncertain_separation_gives_the_mean_over_what_it_may_be() {
        let (delta, sigma) = (200.0, 120.0);
        // The mean by the rectangle rule over ±8 σ.
        let (mut mean, mut mass) = (0.0, 0.0);
        for step in -800..=800 {
            let z = f64::from(step) * 0.01;
            let weight = exp(-0.5 * z * z);
            mean += weight * RADAR.unresolved(&apart(delta + sigma * z, 0.0));
            mass += weight;
        }
        let uncertain = Separation { range_variance: sigma * sigma, ..apart(delta, 0.0) };
        assert!((RADAR.unresolved(&uncertain) - mean / mass).abs() < 1e-9);
    }

    #[test]
    fn of_k_targets_in_one_plot_each_has_a_kth() {
        assert!((own_plot_share([]) - 1.0).abs() < 1e-15);
        assert!((own_plot_share([1.0]) - 0.5).abs() < 1e-15);
        assert!((own_plot_share([1.0, 1.0]) - 1.0 / 3.0).abs() < 1e-15);
        assert!((own_plot_share([1.0; 7]) - 1.0 / 8.0).abs() < 1e-15);
        assert!((own_plot_share([1.0; 20]) - 1.0 / 21.0).abs() < 1e-2);
    }

    #[test]
    fn the_share_is_the_mean_over_who_is_unresolved() {
        let (p, q) = (0.3, 0.8);
        let mean = (1.0 - p) * (1.0 - q) + (p * (1.0 - q) + q * (1.0 - p)) / 2.0 + p * q / 3.0;
        assert!((own_plot_share([p, q]) - mean).abs() < 1e-15);
        assert!((own_plot_share([q, p]) - mean).abs() < 1e-15);
    }

    #[test]
    fn a_pair_that_is_never_resolved_is_seen_once_a_look() {
        let detection = 0.9;
        let plots = 2.0 * detection * own_plot_share([1.0]);
        assert!((plots - detection).abs() < 1e-15);
    }
}
