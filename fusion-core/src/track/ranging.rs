//! A line of bearing as the start of tracks: one hypothesis for each part of the range.
//!
//! A bearing says nothing of how far its source is, and a single Gaussian along the line is either confident without
//! reason or useless to an extended filter. So the range is parameterised (Peach 1995, "Bearings-only tracking using
//! a set of range-parameterised extended Kalman filters"; Kronhamn 1998): it is cut into parts that grow
//! geometrically, so that the range in each is known to the same fraction, and each part becomes a hypothesis of its
//! own. They are tracks of one *family*: at most one of them is the target. What each explains of later bearings
//! moves existence from one to another; the motion of the sensor, or a second sensor, makes one of them win. Until
//! then none is confirmed, so that nobody is shown a range that nobody knows.

use nalgebra::{Matrix2, Matrix3, Vector3};

use super::initiator::{Start, Unfounded};
use crate::gaussian::GaussianState;
use crate::maths::{exp, ln, sqrt};
use crate::measurement::Observation;

/// Parts into which a range is cut: the hypotheses of one family. No counter: it is how many are made.
pub const RANGES_MAX: usize = 8;

/// One part of the range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RangePart {
    /// Its middle, metres.
    pub range_m: f64,
    /// Standard deviation of a range spread evenly over it, metres.
    pub sigma_m: f64,
}

/// Cuts a range into parts of equal ratio.
pub fn parts(nearest_m: f64, farthest_m: f64) -> impl Iterator<Item = RangePart> {
    let nearest = nearest_m.min(farthest_m);
    let count = f64::from(u32::try_from(RANGES_MAX).expect("few parts"));
    let ratio = exp(ln(farthest_m / nearest) / count);
    (0..RANGES_MAX).scan(nearest, move |near, _| {
        let (from, to) = (*near, *near * ratio);
        *near = to;
        Some(RangePart { range_m: 0.5 * (from + to), sigma_m: (to - from) / sqrt(12.0) })
    })
}

impl Start<'_> {
    /// Makes the state that a bearing founds if its source lies in one part of the range, where it will lie.
    ///
    /// # Errors
    /// [`Unfounded::NoPosition`] if the observation is no bearing; [`Unfounded::NotFinite`] if its numbers overflow.
    /// Then the state means nothing.
    pub fn along(
        &self,
        observation: &Observation,
        part: RangePart,
        state: &mut GaussianState,
    ) -> Result<(), Unfounded> {
        let variance = part.sigma_m * part.sigma_m;
        match observation {
            Observation::Bearing(r) => {
                let noise = Matrix2::new(variance, 0.0, 0.0, r.noise.matrix()[(0, 0)]);
                self.without_elevation(part.range_m, r.z[0], &noise, state)
            }
            Observation::BearingElevation(r) => {
                let mut noise = Matrix3::zeros();
                noise[(0, 0)] = variance;
                noise.fixed_view_mut::<2, 2>(1, 1).copy_from(r.noise.matrix());
                self.polar(&Vector3::new(part.range_m, r.z[0], r.z[1]), &noise, state)
            }
            Observation::Position(_)
            | Observation::HorizontalPosition(_)
            | Observation::PositionVelocity(_)
            | Observation::RangeBearing(_)
            | Observation::RangeBearingRate(_)
            | Observation::RangeBearingElevation(_)
            | Observation::RangeBearingElevationRate(_) => Err(Unfounded::NoPosition),
        }?;
        if state.mean.iter().all(|v| v.is_finite()) { Ok(()) } else { Err(Unfounded::NotFinite) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaussian::Covariance;
    use crate::measurement::{Pose, Reading};
    use crate::time::Timestamp;
    use crate::tracker::TrackerConfig;
    use std::vec::Vec;

    extern crate std;

    #[test]
    fn the_parts_cover_the_range_and_know_it_to_one_fraction() {
        let parts: Vec<RangePart> = parts(500.0, 100_000.0).collect();
        assert_eq!(parts.len(), RANGES_MAX);
        let half = |part: &RangePart| part.sigma_m * sqrt(3.0);
        assert!((parts[0].range_m - half(&parts[0]) - 500.0).abs() < 1e-6);
        assert!((parts[7].range_m + half(&parts[7]) - 100_000.0).abs() < 1e-3);
        for pair in parts.windows(2) {
            assert!((pair[0].range_m + half(&pair[0]) - pair[1].range_m + half(&pair[1])).abs() < 1e-6);
            assert!((pair[0].sigma_m / pair[0].range_m - pair[1].sigma_m / pair[1].range_m).abs() < 1e-12);
        }
        assert!(parts[0].sigma_m / parts[0].range_m < 0.2);
    }

    #[test]
    fn a_hypothesis_lies_on_the_line_and_is_narrow_across_it() {
        let config = TrackerConfig::default();
        let start = Start { pose: &Pose::AT_ORIGIN, time: Timestamp::EPOCH, config: &config };
        let noise = Covariance::from_sigmas(&nalgebra::SVector::from([0.01])).expect("positive");
        let east = Observation::Bearing(Reading { z: [core::f64::consts::FRAC_PI_2].into(), noise });
        let part = RangePart { range_m: 10_000.0, sigma_m: 1_500.0 };
        let mut state = GaussianState::STANDARD;
        start.along(&east, part, &mut state).expect("a state");
        assert!(state.mean[1].abs() < 1e-6 && state.mean[0] > 9_000.0);
        assert!((state.covariance.sigma(1) - 100.0).abs() < 2.0 && state.covariance.sigma(0) > 1_000.0);
    }

    #[test]
    fn nearest_beyond_farthest_is_no_harm() {
        assert!(parts(5_000.0, 1_000.0).all(|part| part.range_m.is_finite() && part.sigma_m >= 0.0));
    }
}
