//! How a track starts: from one measurement that fixes a position, with a prior for what it leaves open.
//!
//! Polar measurements are turned into position and covariance by their slope at the measurement, in the sensor's own
//! axes, then rotated into the node's plane. Without an elevation the height comes from the prior, and the ground range
//! is what the slant range leaves: ρ = √(r² − d²), with d the height above the sensor.

use nalgebra::{Matrix2, Matrix3, SMatrix, Vector3};

use crate::filter::extended::update;
use crate::gaussian::{Covariance, GaussianState, NotPositiveDefinite, state_vector};
use crate::maths::{cos, sin, sqrt};
use crate::measurement::{Observation, Pose, Reading};
use crate::model::polar::RangeRate;
use crate::time::Timestamp;
use crate::track::Track;
use crate::tracker::TrackerConfig;

/// Why a measurement starts no track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfounded {
    /// It fixes no position: a line of bearing.
    NoPosition,
    /// The position it fixes is less certain than a track may be.
    TooUncertain,
    /// Its numbers overflow.
    NotFinite,
}

impl From<NotPositiveDefinite> for Unfounded {
    fn from(_: NotPositiveDefinite) -> Self {
        Self::NotFinite
    }
}

/// Makes the state that one measurement founds, where it will lie: states are large.
///
/// # Errors
/// [`Unfounded`], if it founds none; then the state means nothing.
pub fn found(
    observation: &Observation,
    pose: &Pose,
    time: Timestamp,
    config: &TrackerConfig,
    state: &mut GaussianState,
) -> Result<(), Unfounded> {
    let start = Start { pose, time, config };
    match observation {
        Observation::Position(r) => start.at(&Vector3::from(r.z), r.noise.matrix(), state),
        Observation::HorizontalPosition(r) => start.on_the_map(r, state),
        Observation::PositionVelocity(r) => {
            *state = GaussianState { mean: r.z, covariance: r.noise, time };
            Ok(())
        }
        Observation::RangeBearing(r) => start.without_elevation(r.z[0], r.z[1], r.noise.matrix(), state),
        Observation::RangeBearingRate(r) => {
            let place = r.noise.matrix().fixed_view::<2, 2>(0, 0).into_owned();
            start.without_elevation(r.z[0], r.z[1], &place, state)?;
            start.with_rate(r.z[2], r.noise.matrix()[(2, 2)], state)
        }
        Observation::RangeBearingElevation(r) => start.polar(&Vector3::from(r.z), r.noise.matrix(), state),
        Observation::RangeBearingElevationRate(r) => {
            let place = r.noise.matrix().fixed_view::<3, 3>(0, 0).into_owned();
            start.polar(&Vector3::new(r.z[0], r.z[1], r.z[2]), &place, state)?;
            start.with_rate(r.z[3], r.noise.matrix()[(3, 3)], state)
        }
        Observation::Bearing(_) | Observation::BearingElevation(_) => Err(Unfounded::NoPosition),
    }?;
    if !state.mean.iter().all(|v| v.is_finite()) {
        return Err(Unfounded::NotFinite);
    }
    // Written so that NaN is not certain.
    let certain = state.horizontal_sigma_m() <= config.horizontal_sigma_limit_m;
    if certain { Ok(()) } else { Err(Unfounded::TooUncertain) }
}

/// What the arc of a wide beam adds to the variance of a range, for angles with these variances: with δ² the sum of
/// their squares, E[(r δ² / 2)²]. A slope does not see it.
fn bend(range: f64, azimuth: f64, elevation: f64) -> f64 {
    0.25 * range * range * (3.0 * (azimuth * azimuth + elevation * elevation) + 2.0 * azimuth * elevation)
}

/// Whether a tentative track is to be believed: it exists probably enough, and where M of N is asked for, has M hits
/// among its last N looks. A hypothesis about a line of bearing must also know where it is.
#[must_use]
pub fn confirms(track: &Track, config: &TrackerConfig) -> bool {
    let seen = config.looks.is_none_or(|rule| track.history.hits(rule.confirm_looks) >= rule.confirm_hits);
    let located = track.family.is_none() || track.state.horizontal_sigma_m() <= config.horizontal_sigma_limit_m;
    seen && located && track.existence.probability() >= config.confirm_existence
}

/// What founding needs to know beside the measurement.
pub struct Start<'a> {
    /// Where the sensor is.
    pub pose: &'a Pose,
    /// When it measured.
    pub time: Timestamp,
    /// The priors.
    pub config: &'a TrackerConfig,
}

/// Each makes the state where it will lie; if it cannot, that means nothing.
impl Start<'_> {
    /// A position in the node's plane, with the prior of velocity.
    fn at(&self, position: &Vector3<f64>, p: &Matrix3<f64>, state: &mut GaussianState) -> Result<(), Unfounded> {
        let (h, v) = (self.config.velocity_sigma_horizontal_m_s, self.config.velocity_sigma_vertical_m_s);
        let velocity = Covariance::from_sigmas(&Vector3::new(h, h, v))?;
        state.covariance.become_independent(&Covariance::new(*p)?, &velocity);
        (state.mean, state.time) = (state_vector(position, &Vector3::zeros()), self.time);
        Ok(())
    }

    /// A place on the map, with the prior of height.
    fn on_the_map(&self, reading: &Reading<2>, state: &mut GaussianState) -> Result<(), Unfounded> {
        let prior = &self.config.height_prior;
        let mut p = Matrix3::zeros();
        p.fixed_view_mut::<2, 2>(0, 0).copy_from(reading.noise.matrix());
        p[(2, 2)] = prior.sigma_m * prior.sigma_m;
        let up = prior.up_at(reading.z[0], reading.z[1]);
        self.at(&Vector3::new(reading.z[0], reading.z[1], up), &p, state)
    }

    /// (range, azimuth, elevation): x = r cos ε sin α, y = r cos ε cos α, z = r sin ε.
    pub(super) fn polar(
        &self,
        z: &Vector3<f64>,
        noise: &Matrix3<f64>,
        state: &mut GaussianState,
    ) -> Result<(), Unfounded> {
        let (r, sa, ca, se, ce) = (z[0], sin(z[1]), cos(z[1]), sin(z[2]), cos(z[2]));
        let place = Vector3::new(r * ce * sa, r * ce * ca, r * se);
        #[rustfmt::skip]
        let slope = Matrix3::new(
            ce * sa,  r * ce * ca, -r * se * sa,
            ce * ca, -r * ce * sa, -r * se * ca,
            se,       0.0,          r * ce,
        );
        let mut noise = *noise;
        noise[(0, 0)] += bend(r, noise[(1, 1)] * ce * ce, noise[(2, 2)]);
        self.seen_at(&place, &(slope * noise * slope.transpose()), state)
    }

    /// (range, azimuth) with the prior of height: x = ρ sin α, y = ρ cos α, ρ² = r² − d².
    pub(super) fn without_elevation(
        &self,
        range: f64,
        azimuth: f64,
        noise: &Matrix2<f64>,
        state: &mut GaussianState,
    ) -> Result<(), Unfounded> {
        let (sa, ca) = (sin(azimuth), cos(azimuth));
        let d = self.height_above_sensor(range, sa, ca);
        let rho = sqrt(range * range - d * d);
        // No target is higher above the sensor than it is away from it.
        let sigma = self.config.height_prior.sigma_m.min(0.5 * range);
        let mut p = Matrix3::zeros();
        p.fixed_view_mut::<2, 2>(0, 0).copy_from(noise);
        p[(0, 0)] += bend(range, noise[(1, 1)], 0.0);
        p[(2, 2)] = sigma * sigma;
        #[rustfmt::skip]
        let slope = Matrix3::new(
            sa * range / rho,  rho * ca, -sa * d / rho,
            ca * range / rho, -rho * sa, -ca * d / rho,
            0.0,               0.0,       1.0,
        );
        self.seen_at(&Vector3::new(rho * sa, rho * ca, d), &(slope * p * slope.transpose()), state)
    }

    /// d: where the prior height lies above the sensor's horizon, at this slant range; at most 45° up or down.
    fn height_above_sensor(&self, range: f64, sa: f64, ca: f64) -> f64 {
        let (axes, from) = (&self.pose.axes, self.pose.origin.vector());
        let steepest = range * core::f64::consts::FRAC_1_SQRT_2;
        let mut d = 0.0_f64;
        // Converges at once: the curvature changes by millimetres between the first and the second ground range.
        for _ in 0..3 {
            let rho = sqrt(range * range - d * d);
            let seen = from + axes * Vector3::new(rho * sa, rho * ca, d);
            let wanted = self.config.height_prior.up_at(seen.x, seen.y);
            d = (d + wanted - seen.z).clamp(-steepest, steepest);
        }
        d
    }

    /// A place in the sensor's axes.
    fn seen_at(&self, place: &Vector3<f64>, p: &Matrix3<f64>, state: &mut GaussianState) -> Result<(), Unfounded> {
        let axes = &self.pose.axes;
        self.at(&(self.pose.origin.vector() + axes * place), &(axes * p * axes.transpose()), state)
    }

    /// Adds what a range rate says of the velocity.
    fn with_rate(&self, rate: f64, variance: f64, state: &mut GaussianState) -> Result<(), Unfounded> {
        let noise = Covariance::new(SMatrix::from([[variance]]))?;
        *state = update(&RangeRate(self.pose), state, &Reading { z: [rate].into(), noise })?.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaussian::StateVector;
    use crate::model::MeasurementModel;
    use crate::model::polar::{RangeBearing, RangeBearingElevationRate};
    use crate::model::tests::leaning_pose;
    use crate::track::Existence;
    use crate::track::height::HeightPrior;
    use crate::track::tests::any_track;
    use crate::tracker::LooksRule;

    fn config() -> TrackerConfig {
        TrackerConfig { height_prior: HeightPrior { height_m: 900.0, sigma_m: 600.0 }, ..TrackerConfig::default() }
    }

    fn reading<const M: usize>(z: [f64; M], sigmas: [f64; M]) -> Reading<M> {
        Reading { z: z.into(), noise: Covariance::from_sigmas(&sigmas.into()).expect("positive sigmas") }
    }

    fn found_at(observation: &Observation, pose: &Pose) -> Result<GaussianState, Unfounded> {
        let mut state = GaussianState::STANDARD;
        found(observation, pose, Timestamp::EPOCH, &config(), &mut state).map(|()| state)
    }

    #[test]
    fn a_founded_state_looks_like_its_measurement() {
        let z = reading([8_000.0, 2.0, 0.2, -35.0], [10.0, 0.002, 0.005, 0.01]);
        let pose = leaning_pose();
        let state = found_at(&Observation::RangeBearingElevationRate(z), &pose).expect("fixes a position");
        let again = RangeBearingElevationRate(&pose).predict(&state.mean);
        assert!((again - z.z).norm() < 1e-3, "{again}");
        // Noise of the place is the measurement's own: 10 m along, 16 m across, 40 m up.
        let h = RangeBearingElevationRate(&pose).jacobian(&state.mean);
        let s = h * state.covariance.matrix() * h.transpose();
        assert!((s[(0, 0)] / 100.0 - 1.0).abs() < 1e-3 && (s[(1, 1)] / 4e-6 - 1.0).abs() < 1e-3);
        assert!(state.covariance.sigma(3) < 151.0);
    }

    #[test]
    fn without_elevation_the_slant_range_and_the_prior_height_both_hold() {
        let z = reading([5_000.0, 1.0], [10.0, 0.002]);
        let state = found_at(&Observation::RangeBearing(z), &leaning_pose()).expect("fixes a position");
        assert!((RangeBearing(&leaning_pose()).predict(&state.mean) - z.z).norm() < 1e-6);
        assert!((state.mean[2] - config().height_prior.up_at(state.mean[0], state.mean[1])).abs() < 0.01);
        assert!((state.covariance.sigma(2) - 600.0).abs() < 10.0);
    }

    #[test]
    fn a_target_nearer_than_its_prior_height_is_still_founded() {
        let z = reading([300.0, 1.0], [10.0, 0.002]);
        let state = found_at(&Observation::RangeBearing(z), &Pose::AT_ORIGIN).expect("fixes a position");
        assert!((RangeBearing(&Pose::AT_ORIGIN).predict(&state.mean) - z.z).norm() < 1e-6);
    }

    #[test]
    fn a_line_of_bearing_founds_nothing() {
        let bearing = Observation::Bearing(reading([1.0], [0.01]));
        assert_eq!(found_at(&bearing, &Pose::AT_ORIGIN), Err(Unfounded::NoPosition));
    }

    #[test]
    fn a_vague_position_founds_nothing() {
        let vague = Observation::HorizontalPosition(reading([0.0, 0.0], [5_000.0, 5_000.0]));
        assert_eq!(found_at(&vague, &Pose::AT_ORIGIN), Err(Unfounded::TooUncertain));
    }

    #[test]
    fn existence_confirms() {
        let config = config();
        let track = |r: f64| Track { existence: Existence::new(r), ..any_track() };
        assert!(!confirms(&track(0.5), &config) && confirms(&track(0.995), &config));
    }

    #[test]
    fn where_hits_are_asked_for_existence_alone_does_not_confirm() {
        let looks = Some(LooksRule { confirm_hits: 3, confirm_looks: 5, delete_misses: 5, delete_looks: 6 });
        let config = TrackerConfig { looks, ..config() };
        let mut track = Track { existence: Existence::new(0.995), ..any_track() };
        for (hit, confirmed) in
            [(true, false), (true, false), (true, true), (false, true), (false, true), (false, false)]
        {
            track.history.record(hit);
            assert_eq!(confirms(&track, &config), confirmed);
        }
    }

    #[test]
    fn a_hypothesis_that_does_not_know_where_it_is_is_not_confirmed() {
        let mut track = Track { existence: Existence::new(0.995), ..any_track() };
        let wide = StateVector::new(30_000.0, 10.0, 10.0, 1.0, 1.0, 1.0);
        track.state.covariance = Covariance::from_sigmas(&wide).expect("positive");
        assert!(confirms(&track, &config()));
        track.family = Some(track.id.number);
        assert!(!confirms(&track, &config()));
    }
}
