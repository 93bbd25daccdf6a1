//! Where a sensor stands, and what a target looks like from there.

use fusion_core::angle::Angle;
use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::maths::{atan2, hypot};

use super::truth::Kinematics;

/// A sensor's own tangent plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site {
    pub(super) position: Geodetic,
    plane: TangentPlane,
}

/// A target seen from a sensor, without error.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    /// Slant range, metres.
    pub(super) range_m: f64,
    /// Clockwise from true north at the sensor.
    pub(super) azimuth: Angle,
    /// Above the horizontal at the sensor, radians.
    pub(super) elevation: f64,
    /// Opening positive, metres per second.
    pub(super) range_rate: f64,
}

impl Site {
    pub(super) fn at(position: Geodetic) -> Self {
        Self { position, plane: TangentPlane::at(position) }
    }

    pub(super) fn view(&self, target: &Kinematics) -> View {
        let way = self.plane.to_enu(target.position);
        let way = way.vector();
        let range_m = way.norm();
        let rate = self.plane.velocity_to_enu(target.velocity).vector().dot(way);
        View {
            range_m,
            azimuth: Angle::from_radians(atan2(way.x, way.y)),
            elevation: atan2(way.z, hypot(way.x, way.y)),
            range_rate: if range_m > 0.0 { rate / range_m } else { 0.0 },
        }
    }
}
