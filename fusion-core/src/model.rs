//! How targets move and how sensors see them: F and Q, h(x) and its slope H.
//!
//! A measurement's kind is matched once per scan ([`visit`]); behind that door everything is monomorphic in its
//! dimension M. Notation as in Bar-Shalom, Li & Kirubarajan, *Estimation with Applications to Tracking and Navigation*
//! (2001): x is the [`StateVector`] (east, north, up and their rates), z = h(x) + noise.

pub mod bearing;
pub mod constant_velocity;
pub mod polar;
pub mod position;

use nalgebra::{SMatrix, SVector};

use crate::gaussian::StateVector;
use crate::measurement::{Observation, Pose, Reading};
use crate::time::Span;

/// How a state goes from one time to another.
pub trait TransitionModel {
    /// F: x(t + dt) = F x(t) + noise.
    fn transition(&self, dt: Span) -> SMatrix<f64, 6, 6>;

    /// Q: covariance of that noise.
    fn noise(&self, dt: Span) -> SMatrix<f64, 6, 6>;

    /// F x and F P Fᵀ + Q. A model whose F is sparse does it cheaper than this.
    fn propagate(&self, x: &StateVector, p: &SMatrix<f64, 6, 6>, dt: Span) -> (StateVector, SMatrix<f64, 6, 6>) {
        let f = self.transition(dt);
        (f * x, f * p * f.transpose() + self.noise(dt))
    }
}

/// How a state appears to a sensor.
pub trait MeasurementModel<const M: usize> {
    /// h(x).
    fn predict(&self, x: &StateVector) -> SVector<f64, M>;

    /// H, the slope of h at x.
    fn jacobian(&self, x: &StateVector) -> SMatrix<f64, M, 6>;

    /// h(x) and H together, for models that share work between them.
    fn linearise(&self, x: &StateVector) -> (SVector<f64, M>, SMatrix<f64, M, 6>) {
        (self.predict(x), self.jacobian(x))
    }

    /// ν = z − ẑ, angles taken the short way round.
    fn residual(&self, z: &SVector<f64, M>, z_hat: &SVector<f64, M>) -> SVector<f64, M> {
        z - z_hat
    }
}

/// The model of one kind of [`Observation`].
pub trait ObservationModel<const M: usize>: MeasurementModel<M> {
    /// Whether the first component is an angle, so that it has no order to search by.
    const FIRST_IS_ANGLE: bool;

    /// z and R, if the observation is of this kind.
    fn reading<'a>(&self, observation: &'a Observation) -> Option<&'a Reading<M>>;
}

/// The kind of an [`Observation`], without its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "they are the variants of `Observation`, documented there")]
pub enum Kind {
    Position,
    HorizontalPosition,
    PositionVelocity,
    RangeBearing,
    RangeBearingRate,
    RangeBearingElevation,
    RangeBearingElevationRate,
    Bearing,
    BearingElevation,
}

impl Kind {
    /// How many kinds there are.
    pub const COUNT: usize = 9;

    /// Whether nothing is said of how far the target is.
    #[must_use]
    pub const fn is_bearing_only(self) -> bool {
        matches!(self, Self::Bearing | Self::BearingElevation)
    }

    /// The kind of an observation.
    #[must_use]
    pub const fn of(observation: &Observation) -> Self {
        match observation {
            Observation::Position(_) => Self::Position,
            Observation::HorizontalPosition(_) => Self::HorizontalPosition,
            Observation::PositionVelocity(_) => Self::PositionVelocity,
            Observation::RangeBearing(_) => Self::RangeBearing,
            Observation::RangeBearingRate(_) => Self::RangeBearingRate,
            Observation::RangeBearingElevation(_) => Self::RangeBearingElevation,
            Observation::RangeBearingElevationRate(_) => Self::RangeBearingElevationRate,
            Observation::Bearing(_) => Self::Bearing,
            Observation::BearingElevation(_) => Self::BearingElevation,
        }
    }

    /// Whether such a measurement leaves the height of its target open.
    #[must_use]
    pub const fn leaves_height_open(self) -> bool {
        matches!(self, Self::HorizontalPosition | Self::RangeBearing | Self::RangeBearingRate)
    }
}

/// Something to be done with the model of a kind that is only known at run time.
pub trait KindVisitor {
    /// What comes of it.
    type Output;

    /// Does it.
    fn visit<const M: usize>(self, model: &impl ObservationModel<M>) -> Self::Output;
}

/// Opens the door from a kind known at run time to its model.
pub fn visit<V: KindVisitor>(kind: Kind, pose: &Pose, visitor: V) -> V::Output {
    match kind {
        Kind::Position => visitor.visit(&position::Position),
        Kind::HorizontalPosition => visitor.visit(&position::HorizontalPosition),
        Kind::PositionVelocity => visitor.visit(&position::PositionVelocity),
        Kind::RangeBearing => visitor.visit(&polar::RangeBearing(pose)),
        Kind::RangeBearingRate => visitor.visit(&polar::RangeBearingRate(pose)),
        Kind::RangeBearingElevation => visitor.visit(&polar::RangeBearingElevation(pose)),
        Kind::RangeBearingElevationRate => visitor.visit(&polar::RangeBearingElevationRate(pose)),
        Kind::Bearing => visitor.visit(&bearing::Bearing(pose)),
        Kind::BearingElevation => visitor.visit(&bearing::BearingElevation(pose)),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::frame::Position;
    use nalgebra::{Rotation3, Vector3};

    /// A sensor away from the origin whose axes lean, as a distant one's do.
    pub(crate) fn leaning_pose() -> Pose {
        let axes = Rotation3::from_euler_angles(0.02, -0.03, 0.1);
        Pose { origin: Position::new(1_000.0, -2_000.0, 30.0), axes: axes.into_inner() }
    }

    /// States all round the sensor, near and far, moving every way.
    pub(crate) fn states() -> impl Iterator<Item = StateVector> {
        (0..24).map(|k| {
            let a = f64::from(k);
            let away = Vector3::new(crate::maths::sin(a), crate::maths::cos(a), 0.1 + 0.02 * a) * (900.0 + 1_700.0 * a);
            StateVector::new(away.x, away.y, away.z, 80.0 - 9.0 * a, 3.0 * a - 20.0, 0.5 * a - 4.0)
        })
    }

    struct SlopeCheck;

    impl KindVisitor for SlopeCheck {
        type Output = ();

        fn visit<const M: usize>(self, model: &impl ObservationModel<M>) {
            for x in states() {
                assert_slope_is_numerical_difference(model, &x);
            }
        }
    }

    pub(crate) fn assert_slope_is_numerical_difference<const M: usize>(
        model: &impl MeasurementModel<M>,
        x: &StateVector,
    ) {
        let h = model.jacobian(x);
        for k in 0..6 {
            let mut step = StateVector::zeros();
            step[k] = 1e-2;
            let difference = model.residual(&model.predict(&(x + step)), &model.predict(&(x - step))) / 2e-2;
            let slope = h.column(k).into_owned();
            let gap = (difference - slope).norm();
            assert!(gap < 1e-6 * (1.0 + slope.norm()), "component {k}: {difference} against {slope}");
        }
    }

    const ALL: [Kind; Kind::COUNT] = [
        Kind::Position,
        Kind::HorizontalPosition,
        Kind::PositionVelocity,
        Kind::RangeBearing,
        Kind::RangeBearingRate,
        Kind::RangeBearingElevation,
        Kind::RangeBearingElevationRate,
        Kind::Bearing,
        Kind::BearingElevation,
    ];

    #[test]
    fn every_slope_is_the_numerical_difference() {
        for kind in ALL {
            visit(kind, &leaning_pose(), SlopeCheck);
        }
    }
}
