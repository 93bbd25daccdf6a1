//! Where a sensor stands, and what a target looks like from there.

use fusion_core::angle::Angle;
use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::maths::{atan2, hypot, sqrt};

use super::scenario::{Faults, Scenario, SpotSpec};
use super::truth::Kinematics;

/// A sensor's own tangent plane, and how its measurements are off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site {
    pub(super) position: Geodetic,
    plane: TangentPlane,
    /// Height of the ground about it.
    ground_m: f64,
    /// Added to every range that it measures.
    pub(super) range_bias_m: f64,
    /// Added to every azimuth that it measures, radians.
    pub(super) azimuth_bias: f64,
}

/// What stands above the place that is taken for a target's: masts, superstructures, roofs. Metres.
const ABOVE_THE_KEEL_M: f64 = 8.0;

/// Mean radius of the earth.
const EARTH_RADIUS_M: f64 = 6_371_000.0;

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
    /// Of a sensor in a scenario that has been checked.
    pub(super) fn new(scenario: &Scenario, spot: &SpotSpec, faults: &Faults) -> Self {
        let position = scenario.locate(spot).expect("a checked scenario has places on earth");
        Self {
            position,
            plane: TangentPlane::at(position),
            ground_m: scenario.origin.height_m,
            range_bias_m: faults.range_bias_m,
            azimuth_bias: faults.azimuth_bias_deg.to_radians(),
        }
    }

    /// Whether the earth is not in the way: the distance is less than to the horizon from here and from there.
    pub(super) fn sees_over_the_horizon(&self, view: &View, target: &Kinematics) -> bool {
        if view.elevation >= 0.0 {
            return true;
        }
        let horizon = |height_m: f64| sqrt(2.0 * EARTH_RADIUS_M * (height_m - self.ground_m).max(1.0));
        let top_m = Geodetic::from_ecef(target.position).height_m + ABOVE_THE_KEEL_M;
        view.range_m <= horizon(self.position.height_m) + horizon(top_m)
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
