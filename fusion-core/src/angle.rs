//! Angles that wrap by construction, so that 359° and 1° are two degrees apart without anybody thinking of it.

use core::f64::consts::{PI, TAU};
use core::ops::{Add, Neg, Sub};

use crate::maths;

/// An angle in radians, kept in (−π, π].
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Angle(f64);

impl Angle {
    /// No turn.
    pub const ZERO: Self = Self(0.0);

    /// An angle from radians of any size; NaN stays NaN.
    #[must_use]
    pub fn from_radians(radians: f64) -> Self {
        Self(wrap(radians))
    }

    /// An angle from degrees of any size.
    #[must_use]
    pub fn from_degrees(degrees: f64) -> Self {
        Self::from_radians(degrees.to_radians())
    }

    /// Radians in (−π, π].
    #[must_use]
    pub const fn radians(self) -> f64 {
        self.0
    }

    /// Degrees in (−180, 180].
    #[must_use]
    pub const fn degrees(self) -> f64 {
        self.0.to_degrees()
    }

    /// Degrees in [0, 360), as compasses and consoles show them.
    #[must_use]
    pub fn compass_degrees(self) -> f64 {
        let degrees = self.0.to_degrees();
        if degrees < 0.0 { degrees + 360.0 } else { degrees }
    }

    /// Radians in [0, 2π): how far clockwise from zero.
    #[must_use]
    pub fn turn(self) -> f64 {
        if self.0 < 0.0 { self.0 + TAU } else { self.0 }
    }
}

/// Brings radians into (−π, π]. Differences of bearings are below two turns, so the common cases need no division.
#[inline]
#[must_use]
pub fn wrap(radians: f64) -> f64 {
    if radians > -PI && radians <= PI {
        return radians;
    }
    let turns = if radians.abs() <= ONE_TURN_UP_TO { 1_f64.copysign(radians) } else { maths::round(radians / TAU) };
    let turned = radians - TAU * turns;
    if turned <= -PI {
        turned + TAU
    } else if turned > PI {
        turned - TAU
    } else {
        turned
    }
}

/// Up to here, a little less than 3π, what lies beyond π is one turn away.
const ONE_TURN_UP_TO: f64 = 9.0;

impl Add for Angle {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::from_radians(self.0 + other.0)
    }
}

impl Sub for Angle {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::from_radians(self.0 - other.0)
    }
}

impl Neg for Angle {
    type Output = Self;
    fn neg(self) -> Self {
        Self::from_radians(-self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_across_north_is_the_short_way_round() {
        let d = Angle::from_degrees(1.0) - Angle::from_degrees(359.0);
        assert!((d.degrees() - 2.0).abs() < 1e-12);
    }

    #[test]
    fn any_size_wraps_into_half_open_turn() {
        for k in -1000..1000 {
            let a = wrap(f64::from(k) * 0.37 + f64::from(k) * TAU);
            assert!(a > -PI && a <= PI, "{k}: {a}");
        }
        assert!((wrap(-PI) - PI).abs() < 1e-15);
    }

    #[test]
    fn compass_degrees_are_never_negative() {
        assert!((Angle::from_degrees(-90.0).compass_degrees() - 270.0).abs() < 1e-12);
        assert!((Angle::from_degrees(-90.0).turn() - 1.5 * PI).abs() < 1e-12);
    }
}
