//! What several drivers make of values in local axes: errors with their correlations, and estimates made elsewhere.
//!
//! A correlation for which a return has no place is not dropped but bounded: for any ρ,
//! diag((1 + |ρ|) σ₁², (1 + |ρ|) σ₂²) is no smaller than the covariance of two errors that correlate by ρ, since the
//! difference has the rows (|ρ| σ₁², −ρ σ₁ σ₂) and (−ρ σ₁ σ₂, |ρ| σ₂²), whose determinant is zero.

use fusion_core::frame::Velocity;
use fusion_core::gaussian::Covariance;
use fusion_core::geodesy::Geodetic;
use fusion_core::identity::Identity;
use fusion_core::maths::sqrt;
use fusion_core::nalgebra::{Matrix3, Vector3};
use fusion_core::source_track::SourceTrack;
use fusion_core::time::Timestamp;
use fusion_core::track::TrackStatus;

use crate::decoder::HorizontalError;

/// The largest correlation that is believed: beyond, a covariance would be singular.
const CORRELATION_MAX: f64 = 0.99;

/// A sigma that is told and above zero, with the rounding to a step; else the one that is configured.
pub(super) fn sigma_or(told: Option<f64>, configured: f64, step: f64) -> f64 {
    let sigma = told.filter(|sigma| *sigma > 0.0).unwrap_or(configured);
    sqrt(sigma * sigma + step * step / 12.0)
}

/// The factor of a sigma whose error correlates with errors that are told apart from it.
pub(super) fn bound_of_correlations(correlations: &[f64]) -> f64 {
    let sum: f64 = correlations.iter().map(|correlation| correlation.abs().min(1.0)).sum();
    sqrt(1.0 + sum)
}

/// A horizontal error whose correlation is kept within what a covariance allows.
pub(super) fn horizontal(east_sigma_m: f64, north_sigma_m: f64, correlation: f64) -> HorizontalError {
    let correlation = correlation.clamp(-CORRELATION_MAX, CORRELATION_MAX);
    HorizontalError { east_sigma_m, north_sigma_m, correlation }
}

/// An estimate in local east, north and up.
#[derive(Clone, Debug)]
pub(super) struct LocalEstimate {
    /// Where.
    pub(super) position: Geodetic,
    /// The error of the horizontal position.
    pub(super) horizontal: HorizontalError,
    /// One sigma of the height, metres.
    pub(super) vertical_sigma_m: f64,
    /// How it moves, m/s.
    pub(super) velocity: Option<LocalVelocity>,
}

/// A velocity in local east, north and up, with its errors; m/s.
#[derive(Clone, Copy, Debug)]
pub(super) struct LocalVelocity {
    pub(super) east_north_up: [f64; 3],
    /// Of east and north.
    pub(super) horizontal: HorizontalError,
    /// One sigma of up.
    pub(super) vertical_sigma: f64,
}

impl LocalEstimate {
    /// The estimate as a source track; `None` if a value is not finite or a sigma not above zero.
    pub(super) fn source_track(
        &self,
        number: u32,
        time: Timestamp,
        status: TrackStatus,
        identity: Identity,
    ) -> Option<SourceTrack> {
        let to_ecef = self.position.enu_axes().transpose();
        let velocity = self.velocity.map(|velocity| Vector3::from(velocity.east_north_up));
        if velocity.is_some_and(|velocity| velocity.iter().any(|component| !component.is_finite())) {
            return None;
        }
        let velocity_covariance = match self.velocity {
            Some(velocity) => Some(covariance(velocity.horizontal, velocity.vertical_sigma)?),
            None => None,
        };
        Some(SourceTrack {
            number,
            time,
            position: self.position.to_ecef(),
            velocity: velocity.map(|velocity| Velocity::from_vector(to_ecef * velocity)),
            covariance: covariance(self.horizontal, self.vertical_sigma_m)?,
            velocity_covariance,
            status,
            identity,
        })
    }
}

fn covariance(horizontal: HorizontalError, vertical_sigma: f64) -> Option<Covariance<3>> {
    let [east, north, both] = horizontal.covariance();
    let m = Matrix3::new(east, both, 0.0, both, north, 0.0, 0.0, 0.0, vertical_sigma * vertical_sigma);
    if m.iter().all(|v| v.is_finite()) { Covariance::new(m).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_no_smaller_than_what_it_bounds() {
        for correlation in [-1.0, -0.6, 0.0, 0.3, 0.99] {
            let (a, b) = (3.0, 70.0);
            let factor = bound_of_correlations(&[correlation]);
            let (more_a, more_b) = (factor * factor * a * a - a * a, factor * factor * b * b - b * b);
            let both = correlation * a * b;
            assert!(more_a >= 0.0 && more_b >= 0.0 && more_a * more_b >= both * both * (1.0 - 1e-9));
        }
    }

    #[test]
    fn a_sigma_of_zero_was_not_told() {
        assert!((sigma_or(Some(0.0), 5.0, 0.0) - 5.0).abs() < 1e-12);
        assert!((sigma_or(Some(2.0), 5.0, 0.0) - 2.0).abs() < 1e-12);
        assert!(sigma_or(Some(f64::NAN), 5.0, 0.0) > 0.0);
    }

    #[test]
    fn what_is_not_a_number_is_no_source_track() {
        let place = Geodetic::from_degrees(52.0, 21.0, 100.0).expect("a place");
        let sound = LocalEstimate {
            position: place,
            horizontal: horizontal(5.0, 6.0, 1.0),
            vertical_sigma_m: 10.0,
            velocity: None,
        };
        let track = |estimate: &LocalEstimate| {
            estimate.source_track(1, Timestamp::EPOCH, TrackStatus::Confirmed, Identity::UNKNOWN)
        };
        assert!(track(&sound).is_some(), "a full correlation is brought within bounds");
        assert!(track(&LocalEstimate { vertical_sigma_m: 0.0, ..sound.clone() }).is_none());
        let spinning = LocalVelocity {
            east_north_up: [f64::NAN, 0.0, 0.0],
            horizontal: HorizontalError::round(1.0),
            vertical_sigma: 1.0,
        };
        assert!(track(&LocalEstimate { velocity: Some(spinning), ..sound }).is_none());
    }
}
