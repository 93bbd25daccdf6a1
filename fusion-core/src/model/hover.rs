//! Hover: things that stay about where they are, such as a drone on station, a ship at anchor, a parked vehicle.
//!
//! The velocity is an Ornstein–Uhlenbeck process: it is pushed about with a steady sigma, and what it has it loses with
//! a time constant τ. Sooner or later the target has stopped, but it may have drifted to anywhere: the place itself is
//! not held. As τ grows with q = 2 σ²/τ held, this is nearly constant velocity of density q (Bar-Shalom, Li &
//! Kirubarajan 2001, §8.2, one integral lower).

use nalgebra::SMatrix;

use super::TransitionModel;
use super::markov::Forgetting;
use crate::gaussian::{GaussianState, NotPositiveDefinite, StateVector};
use crate::time::Span;

/// Position and a velocity that decays to zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hover {
    /// Steady sigma of the velocities east and north, m/s.
    pub sigma_horizontal_m_s: f64,
    /// Steady sigma of the velocity up, m/s.
    pub sigma_vertical_m_s: f64,
    /// τ: how long a velocity lasts.
    pub time_constant: Span,
}

impl Hover {
    const fn markov(&self) -> Forgetting {
        Forgetting {
            sigma_horizontal: self.sigma_horizontal_m_s,
            sigma_vertical: self.sigma_vertical_m_s,
            time_constant: self.time_constant,
        }
    }
}

impl TransitionModel for Hover {
    fn advance(&self, x: &StateVector, dt: Span) -> StateVector {
        self.markov().velocity(dt).advance(x)
    }

    fn slope(&self, _: &StateVector, dt: Span) -> SMatrix<f64, 6, 6> {
        self.markov().velocity(dt).slope()
    }

    fn noise(&self, _: &StateVector, dt: Span) -> SMatrix<f64, 6, 6> {
        self.markov().noise(&self.markov().velocity(dt))
    }

    fn propagate(&self, x: &StateVector, p: &SMatrix<f64, 6, 6>, dt: Span) -> (StateVector, SMatrix<f64, 6, 6>) {
        self.markov().propagate(&self.markov().velocity(dt), x, p)
    }

    fn start(&self, kinematics: &GaussianState) -> Result<GaussianState, NotPositiveDefinite> {
        Ok(*kinematics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maths::{exp, sqrt};
    use crate::model::constant_velocity::NearlyConstantVelocity;
    use crate::model::tests::assert_transition_is_sound;

    const MODEL: Hover =
        Hover { sigma_horizontal_m_s: 1.5, sigma_vertical_m_s: 0.5, time_constant: Span::from_secs(4) };

    fn x() -> StateVector {
        StateVector::new(1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    }

    #[test]
    fn it_moves_as_its_matrices_say() {
        assert_transition_is_sound(&MODEL, &x(), 1e-9);
    }

    #[test]
    fn what_moves_runs_out_after_tau_times_its_velocity() {
        let moved = MODEL.advance(&x(), Span::from_secs(4));
        assert!((moved[3] - 4.0 * exp(-1.0)).abs() < 1e-14);
        let stopped = MODEL.advance(&x(), Span::from_secs(4_000));
        assert!((stopped - StateVector::new(17.0, 22.0, 27.0, 0.0, 0.0, 0.0)).norm() < 1e-12);
    }

    #[test]
    fn the_noise_has_the_textbook_values() {
        // q = 2σ²/τ; q τ²(dt − 2τ(1 − e) + τ(1 − e²)/2), q τ²(1 − e)²/2, q τ(1 − e²)/2.
        let (q, tau, t) = (2.0 * 2.25 / 4.0, 4.0, 6.0);
        let (e, noise) = (exp(-1.5), MODEL.noise(&x(), Span::from_secs(6)));
        let place = q * tau * tau * (t - 2.0 * tau * (1.0 - e) + 0.5 * tau * (1.0 - e * e));
        assert!((noise[(0, 0)] - place).abs() < 1e-12);
        assert!((noise[(0, 3)] - 0.5 * q * tau * tau * (1.0 - e) * (1.0 - e)).abs() < 1e-12);
        assert!((noise[(4, 4)] - 0.5 * q * tau * (1.0 - e * e)).abs() < 1e-12);
        assert!((noise[(5, 5)] * 9.0 - noise[(4, 4)]).abs() < 1e-12 && noise[(0, 1)].abs() < 1e-15);
    }

    #[test]
    fn a_velocity_that_lasts_is_nearly_constant() {
        let tau = 1_000_000_000_i32;
        let model = Hover {
            sigma_horizontal_m_s: sqrt(0.5 * 3.0 * f64::from(tau)),
            sigma_vertical_m_s: sqrt(0.5 * f64::from(tau)),
            time_constant: Span::from_secs(i64::from(tau)),
        };
        let constant = NearlyConstantVelocity { horizontal: 3.0, vertical: 1.0 };
        let (p, dt) = (SMatrix::<f64, 6, 6>::identity() * 4.0, Span::from_secs(5));
        let ((a, pa), (b, pb)) = (model.propagate(&x(), &p, dt), constant.propagate(&x(), &p, dt));
        assert!((a - b).norm() < 1e-6 && (pa - pb).norm() < 1e-5);
    }

    #[test]
    fn a_velocity_settles_at_its_steady_spread() {
        let (_, p) = MODEL.propagate(&x(), &SMatrix::identity(), Span::from_secs(400));
        assert!((p[(3, 3)] - 2.25).abs() < 1e-12 && (p[(5, 5)] - 0.25).abs() < 1e-12);
    }
}
