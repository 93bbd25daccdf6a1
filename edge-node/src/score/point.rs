//! What is compared: truths and tracks at one instant.
//!
//! Points come as they are published: WGS-84 positions, velocities and covariances in the east-north-up axes at the
//! object itself. For the metrics they become Cartesian (ECEF), where a distance needs no common origin and is right
//! across a whole theatre. In [`Dimensions::Horizontal`] heights and climb rates are first set to zero: distance over
//! the ground, so that a radar that cannot measure height is not blamed for it. Within any sensible cut-off the chord
//! equals the distance in a local tangent plane to better than one part in a million.

use serde::Serialize;

use fusion_core::frame::{Position, Velocity};
use fusion_core::geodesy::{Geodetic, TangentPlane};

use super::pairing::Point;

/// A truth at a scoring instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TruthPoint<'a> {
    /// Its name; the same name is the same object.
    pub id: &'a str,
    /// Where it is.
    pub position: Geodetic,
    /// East, north, up at the object, m/s; without it only positions are scored.
    pub velocity_enu_m_s: Option<[f64; 3]>,
}

/// A track at a scoring instant, coasted to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackPoint<'a> {
    /// Its name; another name is another track.
    pub id: &'a str,
    /// How sure the tracker is of it.
    pub status: Status,
    /// Where it is said to be.
    pub position: Geodetic,
    /// East, north, up at the track, m/s.
    pub velocity_enu_m_s: [f64; 3],
    /// Its covariance: the upper triangle, row by row, of the 6 × 6 matrix over east, north, up (m) and their rates
    /// (m/s) at the track. Only NEES needs it.
    pub covariance_enu: Option<[f64; 21]>,
}

/// How far a track has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not yet believed; counts only if the parameters say so.
    Tentative,
    /// Believed and held by measurements.
    Confirmed,
    /// Believed, carried on without measurements.
    Coasted,
    /// Ended; never counts.
    Deleted,
}

/// Which distances are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dimensions {
    /// Over the ground; height and climb are left out, in NEES too.
    Horizontal,
    /// In space.
    Spatial,
}

/// One instant, ready for the metrics.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Frame {
    pub(super) truths: Vec<Seen>,
    pub(super) tracks: Vec<Seen>,
}

/// An object of a frame in Cartesian coordinates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Seen {
    /// The number given to its name when that was first seen.
    pub(super) who: usize,
    pub(super) position: Point,
    pub(super) velocity: Option<Point>,
}

impl Frame {
    pub(super) fn truth_positions(&self) -> Vec<Point> {
        self.truths.iter().map(|truth| truth.position).collect()
    }

    pub(super) fn track_positions(&self) -> Vec<Point> {
        self.tracks.iter().map(|track| track.position).collect()
    }
}

impl Seen {
    /// An object in ECEF, flattened if only horizontal distances are meant.
    pub(super) fn new(who: usize, position: Geodetic, velocity_enu: Option<[f64; 3]>, dimensions: Dimensions) -> Self {
        let flat = dimensions == Dimensions::Horizontal;
        let plane = TangentPlane::at(Geodetic { height_m: if flat { 0.0 } else { position.height_m }, ..position });
        let velocity = velocity_enu.map(|[east, north, up]| {
            let v = plane.velocity_to_ecef(Velocity::new(east, north, if flat { 0.0 } else { up }));
            [v.vector().x, v.vector().y, v.vector().z]
        });
        let p = plane.to_ecef(Position::ZERO);
        Self { who, position: [p.vector().x, p.vector().y, p.vector().z], velocity }
    }

    pub(super) fn is_finite(&self) -> bool {
        self.position.iter().chain(self.velocity.iter().flatten()).all(|x| x.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::super::pairing::distance;
    use super::*;

    fn seen(latitude_deg: f64, height_m: f64, climb: f64, dimensions: Dimensions) -> Seen {
        let position = Geodetic::from_degrees(latitude_deg, 7.0, height_m).expect("plausible");
        Seen::new(0, position, Some([3.0, 4.0, climb]), dimensions)
    }

    #[test]
    fn a_horizontal_distance_knows_no_height() {
        let (low, high) = (seen(47.0, 0.0, 0.0, Dimensions::Horizontal), seen(47.0, 9e3, 5.0, Dimensions::Horizontal));
        assert_eq!(low, high);
    }

    #[test]
    fn a_spatial_distance_does() {
        let (low, high) = (seen(47.0, 0.0, 0.0, Dimensions::Spatial), seen(47.0, 9e3, 5.0, Dimensions::Spatial));
        assert!((distance(&low.position, &high.position) - 9e3).abs() < 1e-6);
        let climb = distance(&low.velocity.expect("given"), &high.velocity.expect("given"));
        assert!((climb - 5.0).abs() < 1e-12);
    }

    #[test]
    fn a_minute_of_latitude_is_a_nautical_mile() {
        let (a, b) =
            (seen(45.0, 0.0, 0.0, Dimensions::Horizontal), seen(45.0 + 1.0 / 60.0, 0.0, 0.0, Dimensions::Horizontal));
        assert!((distance(&a.position, &b.position) - 1852.2).abs() < 1.0);
    }
}
