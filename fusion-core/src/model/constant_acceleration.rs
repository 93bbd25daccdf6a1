//! Nearly constant acceleration: each axis is pushed by an acceleration that lasts for a while and is then forgotten.
//!
//! The acceleration is exponentially correlated, with a steady sigma and a time constant τ (R. A. Singer, "Estimating
//! optimal tracking filter performance for manned maneuvering targets", IEEE Trans. AES 6 (1970); Bar-Shalom, Li &
//! Kirubarajan 2001, §8.2). Short τ is nearly constant velocity with q = 2 σ² τ. As τ grows with σ² = q τ / 2 the
//! acceleration becomes a Wiener process of density q (§6.2.3), nearly constant acceleration in the narrow sense.

use nalgebra::{SMatrix, SVector};

use super::TransitionModel;
use super::markov::Forgetting;
use crate::gaussian::{GaussianState, NotPositiveDefinite};
use crate::time::Span;

/// Position, velocity, acceleration: nine components, m, m/s and m/s².
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NearlyConstantAcceleration {
    /// Steady sigma of the accelerations east and north, m/s².
    pub sigma_horizontal_m_s2: f64,
    /// Steady sigma of the acceleration up, m/s².
    pub sigma_vertical_m_s2: f64,
    /// τ: how long an acceleration lasts.
    pub time_constant: Span,
}

impl NearlyConstantAcceleration {
    const fn markov(&self) -> Forgetting {
        Forgetting {
            sigma_horizontal: self.sigma_horizontal_m_s2,
            sigma_vertical: self.sigma_vertical_m_s2,
            time_constant: self.time_constant,
        }
    }
}

impl TransitionModel<9> for NearlyConstantAcceleration {
    fn advance(&self, x: &SVector<f64, 9>, dt: Span) -> SVector<f64, 9> {
        self.markov().acceleration(dt).advance(x)
    }

    fn slope(&self, _: &SVector<f64, 9>, dt: Span) -> SMatrix<f64, 9, 9> {
        self.markov().acceleration(dt).slope()
    }

    fn noise(&self, _: &SVector<f64, 9>, dt: Span) -> SMatrix<f64, 9, 9> {
        self.markov().noise(&self.markov().acceleration(dt))
    }

    fn propagate(
        &self,
        x: &SVector<f64, 9>,
        p: &SMatrix<f64, 9, 9>,
        dt: Span,
    ) -> (SVector<f64, 9>, SMatrix<f64, 9, 9>) {
        self.markov().propagate(&self.markov().acceleration(dt), x, p)
    }

    /// No acceleration known: its steady spread.
    fn start(&self, kinematics: &GaussianState) -> Result<GaussianState<9>, NotPositiveDefinite> {
        kinematics.augmented(&[0, 1, 2].map(|axis| self.markov().variance(axis)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaussian::StateVector;
    use crate::maths::{exp, sqrt};
    use crate::model::constant_velocity::NearlyConstantVelocity;
    use crate::model::tests::assert_transition_is_sound;

    const MODEL: NearlyConstantAcceleration = NearlyConstantAcceleration {
        sigma_horizontal_m_s2: 3.0,
        sigma_vertical_m_s2: 1.0,
        time_constant: Span::from_secs(12),
    };

    fn x() -> SVector<f64, 9> {
        SVector::from([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.7, -0.8, 0.9])
    }

    #[test]
    fn it_moves_as_its_matrices_say() {
        assert_transition_is_sound(&MODEL, &x(), 1e-9);
    }

    #[test]
    fn an_acceleration_that_lasts_gives_half_a_t_squared() {
        let lasting = NearlyConstantAcceleration { time_constant: Span::from_secs(1_000_000_000), ..MODEL };
        let moved = lasting.advance(&x(), Span::from_secs(2));
        assert!((moved[0] - (1.0 + 2.0 * 4.0 + 0.5 * 0.7 * 4.0)).abs() < 1e-7 && (moved[4] - (5.0 - 1.6)).abs() < 1e-7);
    }

    #[test]
    fn a_fading_acceleration_has_singers_values() {
        let (a, t): (f64, f64) = (1.0 / 12.0, 4.0);
        let moved = MODEL.advance(&x(), Span::from_secs(4));
        let e = exp(-a * t);
        let expected = 1.0 + t * 4.0 + 0.7 * (a * t - 1.0 + e) / (a * a);
        assert!((moved[0] - expected).abs() < 1e-12 && (moved[8] - 0.9 * e).abs() < 1e-15);
        let q = MODEL.noise(&x(), Span::from_secs(4));
        let velocity = (4.0 * e - 3.0 - e * e + 2.0 * a * t) / (2.0 * a * a * a) * 2.0 * a * 9.0;
        assert!((q[(3, 3)] - velocity).abs() < 1e-9 && (q[(8, 8)] - (1.0 - e * e)).abs() < 1e-14);
    }

    #[test]
    fn an_acceleration_never_forgotten_is_a_wiener_process() {
        // Density 2 m²/s⁵: t⁵/20, t⁴/8, t³/6, t³/3, t²/2, t.
        let tau = 1_000_000_000_i32;
        let sigma = sqrt(f64::from(tau));
        let model = NearlyConstantAcceleration {
            sigma_horizontal_m_s2: sigma,
            sigma_vertical_m_s2: sigma,
            time_constant: Span::from_secs(i64::from(tau)),
        };
        let q = model.noise(&x(), Span::from_secs(3));
        for ((i, k), expected) in [
            ((0, 0), 243.0 / 20.0),
            ((1, 4), 81.0 / 8.0),
            ((2, 8), 27.0 / 6.0),
            ((3, 3), 27.0 / 3.0),
            ((4, 7), 9.0 / 2.0),
            ((8, 8), 3.0),
        ] {
            assert!((q[(i, k)] - 2.0 * expected).abs() < 1e-6, "Q[{i},{k}] = {}", q[(i, k)]);
        }
    }

    #[test]
    fn an_acceleration_soon_forgotten_is_white() {
        let model = NearlyConstantAcceleration { time_constant: Span::from_millis(1), ..MODEL };
        let white = NearlyConstantVelocity { horizontal: 2.0 * 9.0 * 1e-3, vertical: 2.0 * 1e-3 };
        let (q, w) = (model.noise(&x(), Span::from_secs(5)), white.noise(&StateVector::zeros(), Span::from_secs(5)));
        for i in 0..6 {
            for k in 0..6 {
                assert!((q[(i, k)] - w[(i, k)]).abs() <= 1e-3 * w[(i, k)], "Q[{i},{k}]");
            }
        }
    }

    #[test]
    fn an_acceleration_settles_at_its_steady_spread() {
        let (state, later) = (SMatrix::<f64, 9, 9>::identity() * 1e-3, Span::from_secs(600));
        let (_, p) = MODEL.propagate(&x(), &state, later);
        assert!((p[(6, 6)] - 9.0).abs() < 1e-9 && (p[(8, 8)] - 1.0).abs() < 1e-9);
    }
}
