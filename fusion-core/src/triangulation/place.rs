//! The place of an emitter as it is told: what all versions of its set of lines say together, and how vague that is.
//!
//! A line that agrees by chance with the others draws the place to it and narrows the ellipse. The set without it is
//! less likely, but says something else; so the place is the mean over all versions, weighted, and the covariance takes
//! in how they differ. Where they differ much the place becomes vague, and is not told.

use nalgebra::{Matrix3, Vector3};

use super::growth::Candidate;
use super::ray::{Ray, Rays};
use crate::frame::Position;
use crate::gaussian::{Covariance, Factor, NotPositiveDefinite};
use crate::geodesy::Geodetic;
use crate::maths::{atan2, cos, sin, sqrt};

/// A place and its covariance.
pub(super) struct Place {
    /// ECEF.
    pub(super) position: Position<crate::frame::Ecef>,
    /// Local east, north, up.
    local: Matrix3<f64>,
    /// Sigma along the long axis of the horizontal ellipse as a part of the distance to the nearest finder.
    pub(super) vagueness: f64,
}

impl Place {
    /// The mean of weighted sets, the vagueness as seen from the finders of `lines`.
    pub(super) fn of(sets: &[Candidate], lines: &Candidate, rays: &Rays) -> Self {
        let versions = || sets.iter().filter(|set| set.weight > 0.0);
        let weight = versions().fold(0.0, |sum, set| sum + set.weight);
        let mean = versions().fold(Vector3::zeros(), |sum, set| sum + set.position() * (set.weight / weight));
        let spread = versions().fold(Matrix3::zeros(), |sum, set| {
            let off = set.position() - mean;
            sum + (set.covariance() + off * off.transpose()) * (set.weight / weight)
        });
        let distance = |ray: &Ray| (ray.start - mean).norm_squared();
        let nearest = lines.members(rays).map(distance).fold(f64::INFINITY, f64::min);
        Self::widened(Position::from_vector(mean), &spread, nearest)
    }

    /// With what the linear model leaves out along the long axis: where a distance is known to a part v of itself, it
    /// is its inverse that is Gaussian, and to second order the variance of the distance is 1 + 9 v² times as large.
    fn widened(position: Position<crate::frame::Ecef>, covariance: &Matrix3<f64>, nearest_squared: f64) -> Self {
        let axes = Geodetic::from_ecef(position).enu_axes();
        let mut local = axes * covariance * axes.transpose();
        let (half, off) = (0.5 * (local[(0, 0)] - local[(1, 1)]), local[(0, 1)]);
        let long = 0.5 * (local[(0, 0)] + local[(1, 1)]) + sqrt(half * half + off * off);
        let turn = 0.5 * atan2(off, half);
        let axis = Vector3::new(cos(turn), sin(turn), 0.0);
        let squared = long / nearest_squared;
        local += axis * axis.transpose() * (long * 9.0 * squared);
        Self { position, local, vagueness: sqrt(squared) }
    }

    /// Whether a place is this one as far as can be told.
    pub(super) fn includes(&self, place: &Vector3<f64>) -> bool {
        let position = self.position.vector();
        let off = Geodetic::from_ecef(self.position).enu_axes() * (place - position);
        Factor::of(self.local).is_ok_and(|factor| factor.mahalanobis_squared(&off) < ELSEWHERE)
    }

    /// Its covariance, local east, north, up.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if its numbers overflow.
    pub(super) fn covariance(&self) -> Result<Covariance<3>, NotPositiveDefinite> {
        Covariance::new(self.local)
    }
}

/// Squared distance in sigmas from which a place is another one.
const ELSEWHERE: f64 = 36.0;
