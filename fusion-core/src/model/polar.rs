//! What a radar sees: slant range, azimuth, elevation and range rate, in the sensor's own axes.
//!
//! With d the way from the sensor to the target in the sensor's axes, ρ = √(dₑ² + dₙ²) and r = |d|: range r, azimuth
//! atan2(dₑ, dₙ) clockwise from north, elevation atan2(dᵤ, ρ), range rate d·v / r. The slopes are written out beside
//! each.

use nalgebra::{SMatrix, SVector, Vector3};

use super::{MeasurementModel, ObservationModel};
use crate::angle::wrap;
use crate::gaussian::{KINEMATIC, StateVector};
use crate::maths::{atan2, hypot, sqrt};
use crate::measurement::{Observation, Pose, Reading};

/// One component of a polar measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Component {
    Range,
    Azimuth,
    Elevation,
    RangeRate,
}

impl Component {
    pub(super) const fn is_angle(self) -> bool {
        matches!(self, Self::Azimuth | Self::Elevation)
    }
}

/// The line of sight from a sensor to a state.
pub(super) struct Sight<'a> {
    pose: &'a Pose,
    /// From the sensor to the target, in the sensor's axes.
    d: Vector3<f64>,
    /// Velocity of the target, in the sensor's axes.
    v: Vector3<f64>,
    /// ρ.
    ground: f64,
    /// r.
    range: f64,
}

/// Nearer than this, in metres, the direction of a target means nothing; it keeps slopes finite.
const NEAREST_M: f64 = 1.0;

impl<'a> Sight<'a> {
    #[inline]
    pub(super) fn new(pose: &'a Pose, x: &StateVector) -> Self {
        let d = pose.axes.tr_mul(&(x.fixed_rows::<3>(0) - pose.origin.vector()));
        let v = pose.axes.tr_mul(&x.fixed_rows::<3>(3));
        let across = d.x * d.x + d.y * d.y;
        Self { pose, d, v, ground: sqrt(across).max(NEAREST_M), range: sqrt(across + d.z * d.z).max(NEAREST_M) }
    }

    /// h(x), component by component.
    #[inline]
    pub(super) fn values<const M: usize>(&self, components: [Component; M]) -> SVector<f64, M> {
        SVector::from(components.map(|component| self.value(component)))
    }

    /// H, row by row.
    #[inline]
    pub(super) fn slopes<const M: usize>(&self, components: [Component; M]) -> SMatrix<f64, M, 6> {
        let mut h = SMatrix::zeros();
        for (row, component) in components.into_iter().enumerate() {
            self.write_slope(component, &mut h, row);
        }
        h
    }

    #[inline]
    fn value(&self, component: Component) -> f64 {
        match component {
            Component::Range => self.range,
            Component::Azimuth => atan2(self.d.x, self.d.y),
            Component::Elevation => atan2(self.d.z, self.ground),
            Component::RangeRate => self.d.dot(&self.v) / self.range,
        }
    }

    /// Writes the slope of a component into a row of H, in the axes of the node's plane.
    #[inline]
    fn write_slope<const M: usize>(&self, component: Component, h: &mut SMatrix<f64, M, 6>, row: usize) {
        let position = self.pose.axes * self.slope(component);
        for k in 0..3 {
            h[(row, k)] = position[k];
        }
        if component == Component::RangeRate {
            let velocity = self.pose.axes * (self.d / self.range);
            for k in 0..3 {
                h[(row, k + 3)] = velocity[k];
            }
        }
    }

    /// Slope over position, in the sensor's axes. Only the range rate has one over velocity: the direction u = d / r.
    #[inline]
    fn slope(&self, component: Component) -> Vector3<f64> {
        let (d, r, rho) = (&self.d, self.range, self.ground);
        match component {
            Component::Range => d / r,
            Component::Azimuth => Vector3::new(d.y, -d.x, 0.0) / (rho * rho),
            Component::Elevation => Vector3::new(-d.z * d.x / rho, -d.z * d.y / rho, rho) / (r * r),
            Component::RangeRate => (self.v - d * (d.dot(&self.v) / (r * r))) / r,
        }
    }
}

/// Only a range rate depends on more of the state than the position.
pub(super) const fn seen<const M: usize>(components: [Component; M]) -> usize {
    let (mut seen, mut k) = (3, 0);
    while k < M {
        if matches!(components[k], Component::RangeRate) {
            seen = KINEMATIC;
        }
        k += 1;
    }
    seen
}

/// Which of the components is the one wanted.
pub(super) const fn place_of<const M: usize>(wanted: Component, among: [Component; M]) -> Option<usize> {
    let mut k = 0;
    while k < M {
        if among[k] as u8 == wanted as u8 {
            return Some(k);
        }
        k += 1;
    }
    None
}

/// Declares the model of the [`Observation`] of the same name by its components.
macro_rules! seen_from {
    ($(#[$doc:meta])* $name:ident, $m:literal, [$($component:ident),+]) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name<'a>(
            /// Where the sensor is and how its axes lie.
            pub &'a Pose,
        );

        impl $name<'_> {
            const COMPONENTS: [Component; $m] = [$(Component::$component),+];
        }

        impl MeasurementModel<$m> for $name<'_> {
            const SEEN: usize = seen(Self::COMPONENTS);

            fn predict(&self, x: &StateVector) -> SVector<f64, $m> {
                Sight::new(self.0, x).values(Self::COMPONENTS)
            }

            fn jacobian(&self, x: &StateVector) -> SMatrix<f64, $m, 6> {
                Sight::new(self.0, x).slopes(Self::COMPONENTS)
            }

            fn linearise(&self, x: &StateVector) -> (SVector<f64, $m>, SMatrix<f64, $m, 6>) {
                let sight = Sight::new(self.0, x);
                (sight.values(Self::COMPONENTS), sight.slopes(Self::COMPONENTS))
            }

            fn residual(&self, z: &SVector<f64, $m>, z_hat: &SVector<f64, $m>) -> SVector<f64, $m> {
                let mut nu = z - z_hat;
                for (i, component) in Self::COMPONENTS.into_iter().enumerate() {
                    if component.is_angle() {
                        nu[i] = wrap(nu[i]);
                    }
                }
                nu
            }
        }

        impl ObservationModel<$m> for $name<'_> {
            const FIRST_IS_ANGLE: bool = Self::COMPONENTS[0].is_angle();
            const RANGE: Option<usize> = place_of(Component::Range, Self::COMPONENTS);
            const AZIMUTH: Option<usize> = place_of(Component::Azimuth, Self::COMPONENTS);
            const ELEVATION: Option<usize> = place_of(Component::Elevation, Self::COMPONENTS);

            fn reading<'a>(&self, observation: &'a Observation) -> Option<&'a Reading<$m>> {
                if let Observation::$name(reading) = observation { Some(reading) } else { None }
            }
        }
    };
}
pub(super) use seen_from;

seen_from! {
    /// (range, azimuth).
    RangeBearing, 2, [Range, Azimuth]
}
seen_from! {
    /// (range, azimuth, range rate).
    RangeBearingRate, 3, [Range, Azimuth, RangeRate]
}
seen_from! {
    /// (range, azimuth, elevation).
    RangeBearingElevation, 3, [Range, Azimuth, Elevation]
}
seen_from! {
    /// (range, azimuth, elevation, range rate).
    RangeBearingElevationRate, 4, [Range, Azimuth, Elevation, RangeRate]
}

/// (range rate) alone: what it adds to a velocity when a track is founded.
#[derive(Clone, Copy, Debug)]
pub struct RangeRate<'a>(
    /// Where the sensor is and how its axes lie.
    pub &'a Pose,
);

impl MeasurementModel<1> for RangeRate<'_> {
    fn predict(&self, x: &StateVector) -> SVector<f64, 1> {
        Sight::new(self.0, x).values([Component::RangeRate])
    }

    fn jacobian(&self, x: &StateVector) -> SMatrix<f64, 1, 6> {
        Sight::new(self.0, x).slopes([Component::RangeRate])
    }
}

/// Azimuth (radians, in the sensor's axes) and horizontal distance (metres) of a place: where a sensor must look for
/// it.
#[must_use]
pub fn azimuth_and_distance(pose: &Pose, place: &Vector3<f64>) -> (f64, f64) {
    let d = pose.axes.tr_mul(&(place - pose.origin.vector()));
    (atan2(d.x, d.y), hypot(d.x, d.y))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::{assert_slope_is_numerical_difference, leaning_pose, states};
    use core::f64::consts::PI;

    #[test]
    fn a_target_in_the_north_east_is_seen_there() {
        let x = StateVector::new(300.0, 300.0, 0.0, 10.0, 0.0, 0.0);
        let z = RangeBearingElevationRate(&Pose::AT_ORIGIN).predict(&x);
        assert!((z[0] - sqrt(180_000.0)).abs() < 1e-9 && (z[1] - PI / 4.0).abs() < 1e-12);
        assert!(z[2].abs() < 1e-12 && (z[3] - 10.0 / sqrt(2.0)).abs() < 1e-12);
    }

    #[test]
    fn an_azimuth_residual_across_south_is_the_short_way_round() {
        let model = RangeBearing(&Pose::AT_ORIGIN);
        let nu = model.residual(&SVector::from([1.0, PI - 0.01]), &SVector::from([1.0, -PI + 0.01]));
        assert!((nu[1] + 0.02).abs() < 1e-12);
    }

    #[test]
    fn range_rate_alone_has_the_slope_of_its_difference() {
        for x in states() {
            assert_slope_is_numerical_difference(&RangeRate(&leaning_pose()), &x);
        }
    }

    #[test]
    fn a_target_upon_the_sensor_gives_finite_numbers() {
        let x = StateVector::new(0.0, 0.0, 0.0, 1.0, 2.0, 3.0);
        let model = RangeBearingElevationRate(&Pose::AT_ORIGIN);
        assert!(model.predict(&x).iter().chain(model.jacobian(&x).iter()).all(|v| v.is_finite()));
    }
}
