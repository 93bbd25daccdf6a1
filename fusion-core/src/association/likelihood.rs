//! How well a measurement fits a track, against the chance that it is false.
//!
//! With β ∝ weight, a pair has weight w = P_D · N(ν; 0, S) / λ and a missed detection has weight 1 − P_D P_G, both
//! relative to "this measurement is clutter" (Bar-Shalom, Willett & Tian 2011, §6.2). The tracker multiplies in the
//! probability of existence, and counts newcomers beside clutter.

use nalgebra::SVector;

use crate::gaussian::Factor;
use crate::maths::exp;

/// ln N(ν; 0, S) with its squared Mahalanobis distance, for all ν of one S.
#[derive(Clone, Copy, Debug)]
pub struct Likelihood<const M: usize> {
    factor: Factor<M>,
    /// ln det 2πS / 2.
    log_scale: f64,
}

impl<const M: usize> Likelihood<M> {
    /// The likelihood under S, given by its factor.
    #[inline]
    #[must_use]
    pub fn new(factor: Factor<M>) -> Self {
        let dimension = f64::from(u32::try_from(M).expect("a measurement has few dimensions"));
        Self { factor, log_scale: 0.5 * (factor.log_determinant() + dimension * LN_TAU) }
    }

    /// νᵀ S⁻¹ ν.
    #[inline]
    #[must_use]
    pub fn distance_squared(&self, nu: &SVector<f64, M>) -> f64 {
        self.factor.mahalanobis_squared(nu)
    }

    /// ln N(ν; 0, S) of a ν at this squared distance.
    #[inline]
    #[must_use]
    pub fn log_density(&self, distance_squared: f64) -> f64 {
        -0.5 * distance_squared - self.log_scale
    }
}

/// w = P_D · N / λ from its logarithms, kept finite so that products of a few never overflow.
#[must_use]
pub fn weight(log_detection: f64, log_density: f64, log_clutter: f64) -> f64 {
    exp((log_detection + log_density - log_clutter).min(LOG_WEIGHT_CEILING))
}

const LOG_WEIGHT_CEILING: f64 = 200.0;

/// ln 2π.
const LN_TAU: f64 = 1.837_877_066_409_345_3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaussian::Covariance;
    use crate::maths::ln;
    use core::f64::consts::TAU;

    #[test]
    fn the_density_of_a_standard_normal_is_known() {
        let s = Covariance::from_sigmas(&SVector::from([1.0, 1.0])).expect("positive");
        let likelihood = Likelihood::new(s.factor());
        let d2 = likelihood.distance_squared(&SVector::from([1.0, 1.0]));
        assert!((exp(likelihood.log_density(d2)) - exp(-1.0) / TAU).abs() < 1e-15);
    }

    #[test]
    fn the_constant_is_the_logarithm_to_the_last_bit() {
        assert_eq!(LN_TAU.to_bits(), ln(TAU).to_bits());
    }

    #[test]
    fn a_weight_is_the_ratio_of_target_to_clutter() {
        assert!((weight(ln(0.9), ln(1e-3), ln(1e-6)) - 900.0).abs() < 1e-9);
        assert!(weight(0.0, 5_000.0, -5_000.0).is_finite());
    }
}
