//! Slope or points: how a measurement model is made linear for an update, and when the one is not enough.
//!
//! The extended filter takes the slope of h at x̂. What h bends within the uncertainty of the state it does not see;
//! then it claims a certainty that it has not, or moves the wrong way. The unscented transform sees it, for ten times
//! the price. A range r bends by b = σ²⊥ / 2r across the line of sight, σ⊥ being how far the place is uncertain
//! sideways; a bearing bends by the share σ∥ / ρ along it. [`Linearisation::Auto`] takes points where b exceeds a tenth
//! of the uncertainty along the line, or the distance is uncertain by more than a tenth of itself: that of lines of
//! bearing whose range is hardly known, and of radars whose beam is wide beside their pulse.

use nalgebra::{SMatrix, SVector, Vector2};

use super::extended::{Expectation, Outlook, Tangent};
use super::unscented::{Transformed, Unscented};
use crate::gaussian::{Covariance, GaussianState, KINEMATIC, kinematic_part};
use crate::measurement::Pose;
use crate::model::ObservationModel;
use crate::time::Timestamp;

/// How measurement models are made linear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Linearisation {
    /// By their slope at the predicted state.
    Extended,
    /// By points about it, wherever a model is not linear.
    Unscented,
    /// By points where they bend within the state's own uncertainty, else by their slope.
    #[default]
    Auto,
}

/// Bending by more than this share of the uncertainty along the line of sight, or of the distance, is too much for a
/// slope.
pub(crate) const BEND: f64 = 0.1;

impl Linearisation {
    /// What gating and likelihoods need of a state, whose tangent is known.
    #[inline]
    pub fn outlook<const M: usize, const N: usize, H: ObservationModel<M>>(
        self,
        model: &H,
        pose: &Pose,
        tangent: &Tangent<M>,
        x: &SVector<f64, N>,
        p: &SMatrix<f64, N, N>,
    ) -> Outlook<M> {
        if self.wants_points::<M, N, H>(pose, x, p)
            && let Some(seen) = points(model, x, p)
        {
            return Outlook { z_hat: seen.expectation.z_hat, spread: seen.expectation.spread };
        }
        Outlook::by::<H, N>(tangent, p)
    }

    /// What an update needs of a state. What no slope explains is part of H P Hᵀ.
    #[inline]
    pub fn expectation<const M: usize, const N: usize, H: ObservationModel<M>>(
        self,
        model: &H,
        pose: &Pose,
        tangent: impl FnOnce() -> Tangent<M>,
        x: &SVector<f64, N>,
        p: &SMatrix<f64, N, N>,
    ) -> Expectation<M, N> {
        if !self.wants_points::<M, N, H>(pose, x, p) {
            return Expectation::by::<H>(&tangent(), p);
        }
        let Some(Transformed { expectation, .. }) = points(model, x, p) else {
            return Expectation::by::<H>(&tangent(), p);
        };
        let Expectation { z_hat, h, spread, seen, .. } = expectation;
        let mut cross = SMatrix::<f64, N, M>::zeros();
        for m in 0..M {
            for k in 0..KINEMATIC {
                (0..N).for_each(|i| cross[(i, m)] += p[(i, k)] * h[(m, k)]);
            }
        }
        Expectation { z_hat, h, seen, cross, spread }
    }

    /// Whether a model is made linear by points at this state.
    #[inline]
    fn wants_points<const M: usize, const N: usize, H: ObservationModel<M>>(
        self,
        pose: &Pose,
        x: &SVector<f64, N>,
        p: &SMatrix<f64, N, N>,
    ) -> bool {
        // Without an azimuth a model is linear.
        H::AZIMUTH.is_some()
            && match self {
                Self::Extended => false,
                Self::Unscented => true,
                Self::Auto => bends::<N>(H::RANGE.is_some(), pose, x, p),
            }
    }
}

/// What points about a state say of a measurement; nothing if its numbers overflow.
fn points<const M: usize, const N: usize, H: ObservationModel<M>>(
    model: &H,
    x: &SVector<f64, N>,
    p: &SMatrix<f64, N, N>,
) -> Option<Transformed<M>> {
    let p = SMatrix::<f64, KINEMATIC, KINEMATIC>::from_fn(|i, k| p[(i, k)]);
    let covariance = Covariance::new(p).ok()?;
    let state = GaussianState { mean: kinematic_part(x), covariance, time: Timestamp::EPOCH };
    Some(Unscented::STANDARD.expect(model, &state))
}

/// Whether a measurement of a state bends too much for its slope.
#[inline]
fn bends<const N: usize>(has_range: bool, pose: &Pose, x: &SVector<f64, N>, p: &SMatrix<f64, N, N>) -> bool {
    let origin = pose.origin.vector();
    let away = Vector2::new(x[0] - origin.x, x[1] - origin.y);
    let squared = away.norm_squared();
    let [ee, en, nn] = [p[(0, 0)], p[(0, 1)], p[(1, 1)]];
    let along = (ee * away.x * away.x + 2.0 * en * away.x * away.y + nn * away.y * away.y) / squared;
    let across = ee + nn - along;
    let bend = across * across / (4.0 * squared);
    along > BEND * BEND * squared || (has_range && bend > BEND * BEND * along)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaussian::StateVector;
    use crate::maths::{cos, sin};
    use crate::model::bearing::Bearing;
    use crate::model::polar::RangeBearing;
    use crate::model::position::Position;

    /// A place at (range, azimuth), uncertain by so much along and across the line of sight.
    fn place(range: f64, azimuth: f64, along: f64, across: f64) -> (StateVector, SMatrix<f64, 6, 6>) {
        let (s, c) = (sin(azimuth), cos(azimuth));
        let mut p = SMatrix::<f64, 6, 6>::identity() * 100.0;
        p[(0, 0)] = s * s * along * along + c * c * across * across;
        p[(1, 1)] = c * c * along * along + s * s * across * across;
        p[(0, 1)] = s * c * (along * along - across * across);
        p[(1, 0)] = p[(0, 1)];
        (StateVector::new(range * s, range * c, 0.0, 0.0, 0.0, 0.0), p)
    }

    fn is_by_points(range: f64, along: f64, across: f64) -> [bool; 2] {
        let (x, p) = place(range, 0.7, along, across);
        [true, false].map(|has_range| bends(has_range, &Pose::AT_ORIGIN, &x, &p))
    }

    #[test]
    fn a_track_that_is_well_known_goes_by_slopes() {
        assert_eq!(is_by_points(20_000.0, 10.0, 60.0), [false, false]);
        assert_eq!(is_by_points(500.0, 5.0, 5.0), [false, false]);
    }

    #[test]
    fn a_wide_beam_bends_a_range_and_an_open_range_bends_a_bearing() {
        assert_eq!(is_by_points(20_000.0, 10.0, 700.0), [true, false]);
        assert_eq!(is_by_points(20_000.0, 6_000.0, 100.0), [true, true]);
    }

    #[test]
    fn a_slope_is_what_points_come_to_where_nothing_bends() {
        let (x, p) = place(20_000.0, 2.0, 5.0, 5.0);
        let model = RangeBearing(&Pose::AT_ORIGIN);
        let tangent = || Tangent::at(&model, &x);
        let by_points = Linearisation::Unscented.expectation(&model, &Pose::AT_ORIGIN, tangent, &x, &p);
        let by_slope = Linearisation::Extended.expectation(&model, &Pose::AT_ORIGIN, tangent, &x, &p);
        assert!((by_points.cross - by_slope.cross).norm() < 1e-3 * by_slope.cross.norm());
        assert!((by_points.z_hat - by_slope.z_hat).norm() < 1e-2);
        let tangent = Tangent::at(&Position, &x);
        let linear = Linearisation::Unscented.outlook(&Position, &Pose::AT_ORIGIN, &tangent, &x, &p);
        assert!((linear.spread - p.fixed_view::<3, 3>(0, 0)).norm() < 1e-12);
    }

    #[test]
    fn numbers_that_are_none_are_left_to_the_slope() {
        let (x, _) = place(0.0, 0.0, 1.0, 1.0);
        let p = SMatrix::<f64, 6, 6>::identity() * f64::NAN;
        assert!(!bends(true, &Pose::AT_ORIGIN, &x, &p));
        let model = Bearing(&Pose::AT_ORIGIN);
        let outlook = Linearisation::Unscented.outlook(&model, &Pose::AT_ORIGIN, &Tangent::at(&model, &x), &x, &p);
        assert!(outlook.spread[(0, 0)].is_nan());
    }
}
