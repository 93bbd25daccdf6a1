//! WGS-84: the only door between frames.
//!
//! Geodetic to ECEF is exact; ECEF to geodetic follows Bowring (1976) with one refinement, good to well below a
//! millimetre from the sea floor to low orbit. A tangent plane is an exact Cartesian frame, so distances of hundreds of
//! kilometres are no loss; only "up" leans away from the local vertical, so heights and headings are read off at the
//! track.

use nalgebra::{Matrix3, Vector3};

use crate::frame::{Ecef, Enu, Position, Velocity};
use crate::maths::{atan2, cos, hypot, sin, sqrt};

/// Semi-major axis of WGS-84, in metres.
pub const SEMI_MAJOR_AXIS_M: f64 = 6_378_137.0;
/// Flattening of WGS-84.
pub const FLATTENING: f64 = 1.0 / 298.257_223_563;
const SEMI_MINOR_AXIS_M: f64 = SEMI_MAJOR_AXIS_M * (1.0 - FLATTENING);
const ECCENTRICITY_2: f64 = FLATTENING * (2.0 - FLATTENING);
const SECOND_ECCENTRICITY_2: f64 = ECCENTRICITY_2 / (1.0 - ECCENTRICITY_2);

/// Latitude and longitude in radians, height above the ellipsoid in metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geodetic {
    /// Geodetic latitude, radians, north positive.
    pub latitude: f64,
    /// Longitude, radians, east positive.
    pub longitude: f64,
    /// Height above the WGS-84 ellipsoid, metres.
    pub height_m: f64,
}

impl Geodetic {
    /// From degrees and metres. `None` if anything is not finite, |latitude| > 90°, |longitude| > 180° (360° is taken
    /// as a turn) or the height is outside −12 km … 100,000 km: such a point is a fault of its source.
    #[must_use]
    pub fn from_degrees(latitude_deg: f64, longitude_deg: f64, height_m: f64) -> Option<Self> {
        let plausible = latitude_deg.abs() <= 90.0 && longitude_deg.abs() <= 360.0 && (-12e3..=1e8).contains(&height_m);
        plausible.then(|| Self {
            latitude: latitude_deg.to_radians(),
            longitude: crate::angle::wrap(longitude_deg.to_radians()),
            height_m,
        })
    }

    /// Latitude in degrees.
    #[must_use]
    pub fn latitude_deg(&self) -> f64 {
        self.latitude.to_degrees()
    }

    /// Longitude in degrees.
    #[must_use]
    pub fn longitude_deg(&self) -> f64 {
        self.longitude.to_degrees()
    }

    /// The same point in ECEF. Exact.
    #[must_use]
    pub fn to_ecef(self) -> Position<Ecef> {
        let (sin_lat, cos_lat) = (sin(self.latitude), cos(self.latitude));
        let n = SEMI_MAJOR_AXIS_M / sqrt(1.0 - ECCENTRICITY_2 * sin_lat * sin_lat);
        let across = (n + self.height_m) * cos_lat;
        Position::new(
            across * cos(self.longitude),
            across * sin(self.longitude),
            (n * (1.0 - ECCENTRICITY_2) + self.height_m) * sin_lat,
        )
    }

    /// The geodetic reading of an ECEF point (Bowring 1976, applied twice). At the centre of the earth, where no
    /// latitude is defined, the answer is finite but means nothing.
    #[must_use]
    pub fn from_ecef(point: Position<Ecef>) -> Self {
        let v = point.vector();
        let p = hypot(v.x, v.y);
        let mut reduced = atan2(v.z * SEMI_MAJOR_AXIS_M, p * SEMI_MINOR_AXIS_M);
        let mut latitude = 0.0;
        for _ in 0..2 {
            let (s, c) = (sin(reduced), cos(reduced));
            latitude = atan2(
                v.z + SECOND_ECCENTRICITY_2 * SEMI_MINOR_AXIS_M * s * s * s,
                p - ECCENTRICITY_2 * SEMI_MAJOR_AXIS_M * c * c * c,
            );
            reduced = atan2((1.0 - FLATTENING) * sin(latitude), cos(latitude));
        }
        let (s, c) = (sin(latitude), cos(latitude));
        let n = SEMI_MAJOR_AXIS_M / sqrt(1.0 - ECCENTRICITY_2 * s * s);
        // Stable at the poles and at the equator alike, unlike p / cos φ − N.
        let height_m = p * c + v.z * s - n * (1.0 - ECCENTRICITY_2 * s * s);
        Self { latitude, longitude: atan2(v.y, v.x), height_m }
    }

    /// The rotation whose rows are east, north and up at this point, in ECEF axes.
    #[must_use]
    pub fn enu_axes(&self) -> Matrix3<f64> {
        let (sp, cp) = (sin(self.latitude), cos(self.latitude));
        let (sl, cl) = (sin(self.longitude), cos(self.longitude));
        Matrix3::new(-sl, cl, 0.0, -sp * cl, -sp * sl, cp, cp * cl, cp * sl, sp)
    }
}

/// A plane touching the ellipsoid at one point: east, north, up there, and the exact Cartesian frame they span.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TangentPlane {
    origin: Position<Ecef>,
    rotation: Matrix3<f64>,
}

impl TangentPlane {
    /// The plane at a point.
    #[must_use]
    pub fn at(origin: Geodetic) -> Self {
        Self { origin: origin.to_ecef(), rotation: origin.enu_axes() }
    }

    /// A point seen in the plane.
    #[must_use]
    pub fn to_enu(&self, point: Position<Ecef>) -> Position<Enu> {
        Position::from_vector(self.rotation * (point - self.origin).vector())
    }

    /// A point of the plane in ECEF.
    #[must_use]
    pub fn to_ecef(&self, point: Position<Enu>) -> Position<Ecef> {
        Position::from_vector(self.origin.vector() + self.rotation.tr_mul(point.vector()))
    }

    /// A velocity seen in the plane.
    #[must_use]
    pub fn velocity_to_enu(&self, velocity: Velocity<Ecef>) -> Velocity<Enu> {
        Velocity::from_vector(self.rotation * velocity.vector())
    }

    /// A velocity of the plane in ECEF.
    #[must_use]
    pub fn velocity_to_ecef(&self, velocity: Velocity<Enu>) -> Velocity<Ecef> {
        Velocity::from_vector(self.rotation.tr_mul(velocity.vector()))
    }

    /// Rows are the axes of the plane in ECEF: ENU = rotation · (ECEF − origin).
    #[must_use]
    pub const fn rotation(&self) -> &Matrix3<f64> {
        &self.rotation
    }

    /// Turns a vector in this plane's axes into the local east-north-up axes at a point: what "north" and "up" mean
    /// there.
    #[must_use]
    pub fn local_axes_at(&self, point: Geodetic) -> Matrix3<f64> {
        point.enu_axes() * self.rotation.transpose()
    }

    /// The geodetic reading of a point of the plane.
    #[must_use]
    pub fn to_geodetic(&self, point: Position<Enu>) -> Geodetic {
        Geodetic::from_ecef(self.to_ecef(point))
    }

    /// A geodetic point seen in the plane.
    #[must_use]
    pub fn geodetic_to_enu(&self, point: Geodetic) -> Position<Enu> {
        self.to_enu(point.to_ecef())
    }
}

/// Course over ground (radians clockwise from true north) and speed of a velocity given in local east, north, up.
#[must_use]
pub fn course_and_speed(east_north_up: &Vector3<f64>) -> (crate::angle::Angle, f64) {
    let course = crate::angle::Angle::from_radians(atan2(east_north_up.x, east_north_up.y));
    (course, hypot(east_north_up.x, east_north_up.y))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lat: f64, lon: f64, h: f64) -> Geodetic {
        Geodetic::from_degrees(lat, lon, h).expect("a plausible point")
    }

    #[test]
    fn the_equator_and_the_pole_lie_on_the_axes() {
        let e = at(0.0, 0.0, 0.0).to_ecef();
        assert!((e.vector() - Vector3::new(SEMI_MAJOR_AXIS_M, 0.0, 0.0)).norm() < 1e-9);
        let p = at(90.0, 0.0, 0.0).to_ecef();
        assert!((p.vector() - Vector3::new(0.0, 0.0, SEMI_MINOR_AXIS_M)).norm() < 1e-8);
    }

    #[test]
    fn geodetic_to_ecef_and_back_is_the_same_point_everywhere() {
        for lat in [-90.0, -89.9999, -45.0, -1e-9, 0.0, 33.3, 60.0, 89.9999, 90.0] {
            for lon in [-179.999, -90.0, 0.0, 12.34, 180.0] {
                for h in [-11_000.0, 0.0, 120.0, 12_000.0, 400_000.0] {
                    let g = at(lat, lon, h);
                    let back = Geodetic::from_ecef(g.to_ecef());
                    assert!((back.to_ecef() - g.to_ecef()).length() < 1e-4, "{lat} {lon} {h}");
                    assert!((back.height_m - h).abs() < 1e-4, "{lat} {lon} {h}");
                }
            }
        }
    }

    #[test]
    fn east_north_up_point_where_they_should() {
        let plane = TangentPlane::at(at(52.0, 21.0, 100.0));
        let north = plane.geodetic_to_enu(at(52.01, 21.0, 100.0));
        assert!(north.vector().y > 1_100.0 && north.vector().x.abs() < 1e-6);
        let east = plane.geodetic_to_enu(at(52.0, 21.01, 100.0));
        assert!(east.vector().x > 680.0 && east.vector().y.abs() < 1.0);
        let up = plane.geodetic_to_enu(at(52.0, 21.0, 400.0));
        assert!((up.vector() - Vector3::new(0.0, 0.0, 300.0)).norm() < 1e-6);
    }

    #[test]
    fn faulty_coordinates_are_refused() {
        for (lat, lon, h) in [(90.1, 0.0, 0.0), (f64::NAN, 0.0, 0.0), (0.0, 361.0, 0.0), (0.0, 0.0, -13e3)] {
            assert!(Geodetic::from_degrees(lat, lon, h).is_none());
        }
    }

    #[test]
    fn course_is_clockwise_from_north() {
        let (course, speed) = course_and_speed(&Vector3::new(3.0, 0.0, 9.0));
        assert!((course.compass_degrees() - 90.0).abs() < 1e-12 && (speed - 3.0).abs() < 1e-12);
    }
}
