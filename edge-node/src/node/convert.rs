//! From a sensor's own terms to measurements in the node's tangent plane.
//!
//! Polar returns stay polar: the measurement model takes them through the sensor's [`Pose`]. Where a target tells its
//! height (a flight level), the elevation follows from slant range and height over a sphere of the local radius:
//! sin ε = ((R + h)² − (R + h₀)² − ρ²) / (2 ρ (R + h₀)). At 100 km the sphere is within 3 m of the ellipsoid.

use fusion_core::gaussian::{Covariance, NotPositiveDefinite};
use fusion_core::geodesy::{FLATTENING, Geodetic, SEMI_MAJOR_AXIS_M, TangentPlane};
use fusion_core::identity::ObjectClass;
use fusion_core::maths::{asin, cos, hypot, sin, sqrt};
use fusion_core::measurement::{Measurement, Observation, Pose, PoseError, Reading};
use fusion_core::nalgebra::{Matrix3, Matrix6, SVector, Vector1, Vector2, Vector3, Vector4, Vector6};
use sensor_drivers::decoder::{Measured, Place, Platform, Point, Polar, Return, SensorStatus, TILT_ERROR_LASTS};
use sensor_drivers::geoid;

/// Where a sensor stands, for both kinds of return.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// In the node's plane.
    pub pose: Pose,
    /// On the earth; `None` for a sensor that told no place and so cannot measure from it.
    pub geodetic: Option<Geodetic>,
}

/// Heights to assume where none was told: mean and one sigma above the ellipsoid, metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeightPrior {
    /// Mean.
    pub mean_m: f64,
    /// One sigma.
    pub sigma_m: f64,
}

/// Why a return became no measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// A value is not finite, or a sigma is not above zero.
    NotANumber,
    /// It is polar, and nobody said where the sensor stands.
    NoSite,
}

impl From<NotPositiveDefinite> for Unusable {
    fn from(_: NotPositiveDefinite) -> Self {
        Self::NotANumber
    }
}

impl Site {
    /// A sensor at a place, its axes the local east, north and up there.
    #[must_use]
    pub fn new(plane: &TangentPlane, geodetic: Option<Geodetic>) -> Self {
        let pose = geodetic.map_or(Pose::AT_ORIGIN, |g| Pose {
            origin: plane.geodetic_to_enu(g),
            axes: plane.local_axes_at(g).transpose(),
            error: PoseError::NONE,
        });
        Self { pose, geodetic }
    }

    /// The same, its place and its north known no better than so: one sigma of the place along each axis, metres, and
    /// of north, radians. Neither gets better with time.
    #[must_use]
    pub fn surveyed(self, position_sigma_m: f64, north_sigma: f64) -> Self {
        let place = Matrix3::from_diagonal_element(position_sigma_m);
        let error = PoseError { place, azimuth_rad: north_sigma, ..PoseError::NONE };
        Self { pose: Pose { error, ..self.pose }, ..self }
    }

    /// The sensor on a platform that tells where it is, as far as that is right; north is known no better than before.
    #[must_use]
    pub fn on(&self, plane: &TangentPlane, platform: &Platform) -> Self {
        let site = Self::new(plane, Some(platform.position));
        let (across, up) = (platform.horizontal_sigma_m, platform.vertical_sigma_m);
        let place = site.pose.axes * Matrix3::from_diagonal(&Vector3::new(across, across, up));
        let azimuth_rad = hypot(platform.heading_sigma, self.pose.error.azimuth_rad);
        let error = PoseError {
            place,
            azimuth_rad,
            lasts: platform.lasts,
            tilt_rad: platform.tilt_sigma,
            tilt_lasts: Some(TILT_ERROR_LASTS),
            platform: platform.number,
        };
        Self { pose: Pose { error, ..site.pose }, ..site }
    }

    /// Whether a sensor says that it stands more than a kilometre from where the configuration has it: one of the two
    /// is wrong, and every plot with it.
    #[must_use]
    pub fn is_contradicted_by(&self, status: &SensorStatus) -> bool {
        match (self.geodetic, status.position) {
            (Some(configured), Some(told)) => (configured.to_ecef() - told.to_ecef()).length() > ELSEWHERE_M,
            _ => false,
        }
    }

    /// The measurement that a return is.
    ///
    /// # Errors
    /// [`Unusable`]; the caller counts it.
    pub fn measurement(
        &self,
        plane: &TangentPlane,
        seen: &Return,
        prior: HeightPrior,
    ) -> Result<Measurement, Unusable> {
        let observation = match &seen.place {
            Place::Polar(polar) => polar_observation(polar, self.geodetic.ok_or(Unusable::NoSite)?)?,
            Place::Geodetic(point) => point_observation(plane, point, prior_for(seen.identity.class, point, prior))?,
        };
        Ok(Measurement { observation, identity: seen.identity.clone() })
    }
}

const ELSEWHERE_M: f64 = 1_000.0;

/// What floats has no unknown height: the sea is its prior, give or take tides and masts.
fn prior_for(class: ObjectClass, point: &Point, prior: HeightPrior) -> HeightPrior {
    if matches!(class, ObjectClass::Surface) {
        HeightPrior { mean_m: geoid::undulation_m(&point.position), sigma_m: AFLOAT_SIGMA_M }
    } else {
        prior
    }
}

const AFLOAT_SIGMA_M: f64 = 10.0;

fn polar_observation(polar: &Polar, site: Geodetic) -> Result<Observation, Unusable> {
    let azimuth = polar.azimuth;
    let Some(range) = polar.range else {
        return Ok(match polar.elevation {
            Some(e) => Observation::BearingElevation(reading(
                Vector2::new(azimuth.value, e.value),
                Vector2::new(azimuth.sigma, e.sigma),
            )?),
            None => Observation::Bearing(reading(Vector1::new(azimuth.value), Vector1::new(azimuth.sigma))?),
        });
    };
    let elevation = polar.elevation.or_else(|| polar.height.and_then(|h| elevation_of_height(range, h, site)));
    Ok(match (elevation, polar.range_rate) {
        (Some(e), Some(rate)) => Observation::RangeBearingElevationRate(reading(
            Vector4::new(range.value, azimuth.value, e.value, rate.value),
            Vector4::new(range.sigma, azimuth.sigma, e.sigma, rate.sigma),
        )?),
        (Some(e), None) => Observation::RangeBearingElevation(reading(
            Vector3::new(range.value, azimuth.value, e.value),
            Vector3::new(range.sigma, azimuth.sigma, e.sigma),
        )?),
        (None, Some(rate)) => Observation::RangeBearingRate(reading(
            Vector3::new(range.value, azimuth.value, rate.value),
            Vector3::new(range.sigma, azimuth.sigma, rate.sigma),
        )?),
        (None, None) => Observation::RangeBearing(reading(
            Vector2::new(range.value, azimuth.value),
            Vector2::new(range.sigma, azimuth.sigma),
        )?),
    })
}

/// The elevation at which a target of this slant range has this height; `None` if there is none (the height is wrong).
fn elevation_of_height(range: Measured, height: Measured, site: Geodetic) -> Option<Measured> {
    let radius = local_radius(site.latitude);
    let (to_site, to_target) = (radius + site.height_m, radius + height.value);
    let sine =
        ((to_target - to_site) * (to_target + to_site) - range.value * range.value) / (2.0 * range.value * to_site);
    if !(-0.999..=0.999).contains(&sine) {
        return None;
    }
    let value = asin(sine);
    let cosine = cos(value);
    // ∂ε/∂h and ∂ε/∂ρ of the formula above.
    let by_height = to_target / (range.value * to_site * cosine) * height.sigma;
    let by_range = (range.value / to_site + sine) / (range.value * cosine) * range.sigma;
    Some(Measured { value, sigma: sqrt(by_height * by_height + by_range * by_range) })
}

/// Gaussian radius √(M N) of the ellipsoid at a latitude, metres.
fn local_radius(latitude: f64) -> f64 {
    let e2 = FLATTENING * (2.0 - FLATTENING);
    let s = sin(latitude);
    SEMI_MAJOR_AXIS_M * sqrt(1.0 - e2) / (1.0 - e2 * s * s)
}

fn point_observation(plane: &TangentPlane, point: &Point, prior: HeightPrior) -> Result<Observation, Unusable> {
    let (height_m, vertical) = match point.vertical_sigma_m {
        Some(sigma) => (point.position.height_m, sigma),
        None => (prior.mean_m, prior.sigma_m),
    };
    let place = Geodetic { height_m, ..point.position };
    let position = plane.geodetic_to_enu(place);
    let to_plane = plane.local_axes_at(place).transpose();
    let [east, north, both] = point.horizontal.covariance();
    let local = Matrix3::new(east, both, 0.0, both, north, 0.0, 0.0, 0.0, vertical * vertical);
    let r = to_plane * local * to_plane.transpose();
    let Some(v) = point.velocity else {
        return Ok(Observation::Position(Reading { z: *position.vector(), noise: Covariance::new(finite(r)?)? }));
    };
    let velocity = to_plane * Vector3::from(v.east_north_up);
    let rv = rotated(&to_plane, Vector3::new(v.horizontal_sigma, v.horizontal_sigma, v.vertical_sigma));
    let mut noise = Matrix6::zeros();
    noise.fixed_view_mut::<3, 3>(0, 0).copy_from(&r);
    noise.fixed_view_mut::<3, 3>(3, 3).copy_from(&rv);
    let p = position.vector();
    let z = Vector6::new(p.x, p.y, p.z, velocity.x, velocity.y, velocity.z);
    if z.iter().any(|v| !v.is_finite()) {
        return Err(Unusable::NotANumber);
    }
    Ok(Observation::PositionVelocity(Reading { z, noise: Covariance::new(noise)? }))
}

fn rotated(axes: &Matrix3<f64>, sigmas: Vector3<f64>) -> Matrix3<f64> {
    axes * Matrix3::from_diagonal(&sigmas.component_mul(&sigmas)) * axes.transpose()
}

fn finite(m: Matrix3<f64>) -> Result<Matrix3<f64>, Unusable> {
    if m.iter().all(|v| v.is_finite()) { Ok(m) } else { Err(Unusable::NotANumber) }
}

fn reading<const M: usize>(z: SVector<f64, M>, sigmas: SVector<f64, M>) -> Result<Reading<M>, Unusable> {
    if z.iter().any(|v| !v.is_finite()) {
        return Err(Unusable::NotANumber);
    }
    Ok(Reading { z, noise: Covariance::from_sigmas(&sigmas)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_core::identity::Identity;
    use sensor_drivers::decoder::HorizontalError;
    use sensor_drivers::decoder::NAVIGATION_ERROR_LASTS;

    const PRIOR: HeightPrior = HeightPrior { mean_m: 5_000.0, sigma_m: 5_000.0 };

    fn at(lat: f64, lon: f64, h: f64) -> Geodetic {
        Geodetic::from_degrees(lat, lon, h).expect("a place")
    }

    fn measured(value: f64, sigma: f64) -> Measured {
        Measured { value, sigma }
    }

    #[test]
    fn a_flight_level_gives_the_elevation_that_the_geometry_has() {
        let (radar, target) = (at(52.0, 21.0, 100.0), at(52.6, 21.9, 10_000.0));
        let seen = TangentPlane::at(radar).geodetic_to_enu(target);
        let v = seen.vector();
        let range = v.norm();
        let elevation =
            elevation_of_height(measured(range, 70.0), measured(10_000.0, 60.0), radar).expect("consistent");
        let error_m = (sin(elevation.value) * range - v.z).abs();
        assert!(error_m < 15.0, "{error_m} m at {range} m");
        assert!((elevation.sigma * range - 60.0).abs() < 6.0);
    }

    #[test]
    fn an_impossible_height_leaves_the_elevation_open() {
        let polar = Polar {
            azimuth: measured(0.3, 0.01),
            range: Some(measured(2_000.0, 70.0)),
            elevation: None,
            height: Some(measured(12_000.0, 60.0)),
            range_rate: None,
        };
        let observation = polar_observation(&polar, at(52.0, 21.0, 100.0)).expect("range and azimuth are sound");
        assert!(matches!(observation, Observation::RangeBearing(_)));
    }

    #[test]
    fn a_distant_point_keeps_its_own_vertical() {
        let plane = TangentPlane::at(at(52.0, 21.0, 0.0));
        let point = Point {
            position: at(52.0, 25.0, 1_000.0),
            horizontal: HorizontalError::round(10.0),
            vertical_sigma_m: Some(100.0),
            velocity: None,
        };
        let Ok(Observation::Position(reading)) = point_observation(&plane, &point, PRIOR) else { panic!("a position") };
        let up = plane.local_axes_at(point.position).row(2).transpose();
        let along_up = (up.transpose() * reading.noise.matrix() * up)[0];
        assert!((sqrt(along_up) - 100.0).abs() < 1e-6);
    }

    #[test]
    fn a_radar_that_says_it_stands_elsewhere_is_noticed() {
        let plane = TangentPlane::at(at(52.0, 21.0, 0.0));
        let site = Site::new(&plane, Some(at(52.0, 21.0, 100.0)));
        let told = |position| SensorStatus { position: Some(position), ..SensorStatus::default() };
        assert!(!site.is_contradicted_by(&told(at(52.001, 21.001, 120.0))));
        assert!(site.is_contradicted_by(&told(at(52.1, 21.0, 100.0))));
        assert!(!site.is_contradicted_by(&SensorStatus::default()));
    }

    #[test]
    fn a_platform_stands_as_surely_as_it_says() {
        let plane = TangentPlane::at(at(52.0, 21.0, 0.0));
        let position = at(52.3, 22.0, 300.0);
        let (horizontal_sigma_m, vertical_sigma_m, lasts) = (4.0, 9.0, Some(NAVIGATION_ERROR_LASTS));
        let platform = Platform {
            position,
            horizontal_sigma_m,
            vertical_sigma_m,
            heading_sigma: 0.03,
            lasts,
            tilt_sigma: 0.01,
            number: 5,
        };
        let Pose { error, axes, .. } = Site::new(&plane, None).on(&plane, &platform).pose;
        let own = axes.transpose() * error.place * error.place.transpose() * axes;
        assert!((own - Matrix3::from_diagonal(&Vector3::new(16.0, 16.0, 81.0))).norm() < 1e-9);
        assert!(error.lasts == lasts && error.platform == 5 && (error.azimuth_rad - 0.03).abs() < 1e-15);
        assert!((error.tilt_rad - 0.01).abs() < 1e-15 && error.tilt_lasts == Some(TILT_ERROR_LASTS));
        // Who stands firm is off by the same for ever.
        let firm = Site::new(&plane, Some(position)).surveyed(2.0, 0.01).pose.error;
        assert!(firm.lasts.is_none() && (firm.place[(1, 1)] - 2.0).abs() < 1e-15);
    }

    #[test]
    fn what_is_not_a_number_becomes_no_measurement() {
        let site = Site::new(&TangentPlane::at(at(52.0, 21.0, 0.0)), None);
        let bearing = |azimuth: Measured| {
            let polar = Polar { azimuth, range: None, elevation: None, height: None, range_rate: None };
            Return::unnamed(Place::Polar(polar), Identity::UNKNOWN)
        };
        let plane = TangentPlane::at(at(52.0, 21.0, 0.0));
        assert_eq!(site.measurement(&plane, &bearing(measured(0.0, 0.1)), PRIOR), Err(Unusable::NoSite));
        let sited = Site::new(&plane, Some(at(52.0, 21.0, 0.0)));
        for bad in [measured(f64::NAN, 0.1), measured(0.0, 0.0), measured(0.0, f64::NAN)] {
            assert_eq!(sited.measurement(&plane, &bearing(bad), PRIOR), Err(Unusable::NotANumber));
        }
    }
}
