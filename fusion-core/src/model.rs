//! How targets move and how sensors see them: f(x), its slope F and its noise Q; h(x) and its slope H.
//!
//! A motion may know more of a target than its kinematics (an acceleration, a rate of turn) and then has states of more
//! than six dimensions; a sensor sees the first six of any. Several motions make a [`motion::MotionSet`].
//!
//! A measurement's kind is matched once per scan ([`visit`]); behind that door everything is monomorphic in its
//! dimension M. Notation as in Bar-Shalom, Li & Kirubarajan, *Estimation with Applications to Tracking and Navigation*
//! (2001): x is the [`StateVector`] (east, north, up and their rates), z = h(x) + noise.

pub mod bearing;
pub mod constant_acceleration;
pub mod constant_velocity;
pub mod coordinated_turn;
pub mod hover;
mod markov;
pub mod motion;

pub mod polar;
pub mod position;

use nalgebra::{ArrayStorage, SMatrix, SVector};

use crate::gaussian::{GaussianState, KINEMATIC, NotPositiveDefinite, StateVector, mirror};
use crate::measurement::{Observation, Pose, Reading};
use crate::time::Span;

/// How a state goes from one time to another: x(t + dt) = f(x(t)) + noise. The first six components of an N-dimensional
/// state are its [`StateVector`].
pub trait TransitionModel<const N: usize = KINEMATIC> {
    /// f(x).
    fn advance(&self, x: &SVector<f64, N>, dt: Span) -> SVector<f64, N>;

    /// F, the slope of f at x. A linear model has the same everywhere.
    fn slope(&self, x: &SVector<f64, N>, dt: Span) -> SMatrix<f64, N, N>;

    /// Q: covariance of the noise that enters on the way from x.
    fn noise(&self, x: &SVector<f64, N>, dt: Span) -> SMatrix<f64, N, N>;

    /// f(x) and F P Fᵀ + Q. A model whose F is sparse does it cheaper than this.
    fn propagate(
        &self,
        x: &SVector<f64, N>,
        p: &SMatrix<f64, N, N>,
        dt: Span,
    ) -> (SVector<f64, N>, SMatrix<f64, N, N>) {
        let f = self.slope(x, dt);
        (self.advance(x, dt), f * p * f.transpose() + self.noise(x, dt))
    }

    /// The same where x and P lie: of P, before and after, only the diagonal and what is below counts.
    fn propagate_lower(&self, x: &mut SVector<f64, N>, p: &mut SMatrix<f64, N, N>, dt: Span) {
        mirror(&mut p.data.0);
        (*x, *p) = self.propagate(x, p, dt);
    }

    /// A state of this model of which only the kinematics are known.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if the model's own numbers make no variance.
    fn start(&self, kinematics: &GaussianState) -> Result<GaussianState<N>, NotPositiveDefinite>;
}

/// F P Fᵀ of a symmetric P, by what F does to one vector: F (F P)ᵀ.
pub(crate) fn sandwich<const N: usize>(
    p: &SMatrix<f64, N, N>,
    f: impl Fn(&[f64; N]) -> [f64; N],
) -> SMatrix<f64, N, N> {
    let once = p.data.0.map(|column| f(&column));
    let turned = core::array::from_fn(|i| f(&core::array::from_fn(|k| once[k][i])));
    SMatrix::from_array_storage(ArrayStorage(turned))
}

/// How a state appears to a sensor.
pub trait MeasurementModel<const M: usize> {
    /// How many components of the state h depends on: the first so many. Beyond them H has zeros.
    const SEEN: usize = KINEMATIC;

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

    /// Which component is the slant range, if any is.
    const RANGE: Option<usize> = None;

    /// Which component is the azimuth, if any is: then it is seen from where the sensor stands, in its own axes.
    const AZIMUTH: Option<usize> = None;

    /// Which component is the elevation, if any is.
    const ELEVATION: Option<usize> = None;

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
    use crate::gaussian::Covariance;
    use nalgebra::{Rotation3, Vector3};

    /// A sensor away from the origin whose axes lean, as a distant one's do.
    pub(crate) fn leaning_pose() -> Pose {
        let axes = Rotation3::from_euler_angles(0.02, -0.03, 0.1);
        Pose { origin: Position::new(1_000.0, -2_000.0, 30.0), axes: axes.into_inner(), ..Pose::AT_ORIGIN }
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

    /// The slope against numerical differences, the short way against the long, Q a covariance, and two steps against
    /// one up to `halving` (relative; infinite where f is not linear).
    pub(crate) fn assert_transition_is_sound<const N: usize>(
        model: &impl TransitionModel<N>,
        x: &SVector<f64, N>,
        halving: f64,
    ) {
        let l = SMatrix::<f64, N, N>::from_fn(|i, k| if k > i { 0.0 } else { 1.0 + 0.05 * x[i] + 0.02 * x[k] });
        let p = l * l.transpose() * 0.01;
        for millis in [1, 50, 1_000, 10_000] {
            let dt = Span::from_millis(millis);
            assert_slope_of_transition(model, x, dt);
            let (moved, spread) = model.propagate(x, &p, dt);
            let (f, q) = (model.slope(x, dt), model.noise(x, dt));
            assert!((moved - model.advance(x, dt)).norm() < 1e-12 * moved.norm());
            assert!((spread - (f * p * f.transpose() + q)).norm() < 1e-12 * spread.norm());
            assert!(Covariance::new(q).is_ok(), "Q of {millis} ms");
            assert!((q - q.transpose()).norm() <= 1e-15 * q.norm());
            let (first, second) = (Span::from_millis(millis / 4), Span::from_millis(millis - millis / 4));
            let (x1, p1) = model.propagate(x, &p, first);
            let (x2, p2) = model.propagate(&x1, &p1, second);
            assert!((x2 - moved).norm() <= halving * moved.norm() && (p2 - spread).norm() <= halving * spread.norm());
        }
    }

    pub(crate) fn assert_slope_of_transition<const N: usize>(
        model: &impl TransitionModel<N>,
        x: &SVector<f64, N>,
        dt: Span,
    ) {
        let f = model.slope(x, dt);
        for k in 0..N {
            let mut step = SVector::<f64, N>::zeros();
            step[k] = 1e-5 * (1.0 + x[k].abs());
            let difference = (model.advance(&(x + step), dt) - model.advance(&(x - step), dt)) / (2.0 * step[k]);
            let slope = f.column(k).into_owned();
            let gap = (difference - slope).norm();
            assert!(gap < 1e-5 * (1.0 + slope.norm()), "component {k}: {difference} against {slope}");
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
