//! The elementary functions, always in software.
//!
//! `f64::sin` and its kin call the platform's C library, whose last bit differs between glibc, musl and ARM. Everything
//! that affects a track goes through these instead: nalgebra's traits with `libm-force`, hence the same bits on every
//! machine, debug and release. `sqrt`, `abs`, `floor` and the four operations are exact by IEEE 754 and need no detour.

use nalgebra::{ComplexField, RealField};

macro_rules! elementary {
    ($($(#[$doc:meta])* $name:ident = $trait:ident;)*) => {
        $($(#[$doc])*
        #[inline]
        #[must_use]
        pub fn $name(x: f64) -> f64 {
            $trait::$name(x)
        })*
    };
}

elementary! {
    /// Sine of an angle in radians.
    sin = ComplexField;
    /// Cosine of an angle in radians.
    cos = ComplexField;
    /// Tangent of an angle in radians.
    tan = ComplexField;
    /// Arc sine, in radians; NaN outside [−1, 1].
    asin = ComplexField;
    /// Arc cosine, in radians; NaN outside [−1, 1].
    acos = ComplexField;
    /// Arc tangent, in radians.
    atan = ComplexField;
    /// Exponential.
    exp = ComplexField;
    /// Natural logarithm; NaN below zero.
    ln = ComplexField;
    /// Square root; NaN below zero.
    sqrt = ComplexField;
    /// Largest integer not above `x`.
    floor = ComplexField;
    /// Nearest integer, halves away from zero.
    round = ComplexField;
    /// Absolute value.
    abs = ComplexField;
}

/// Angle of the point (`x`, `y`) from the x axis, in radians in (−π, π].
#[inline]
#[must_use]
pub fn atan2(y: f64, x: f64) -> f64 {
    RealField::atan2(y, x)
}

/// √(x² + y²), without care for overflow: every use here is in metres.
#[inline]
#[must_use]
pub fn hypot(x: f64, y: f64) -> f64 {
    sqrt(x * x + y * y)
}

/// `x` to the real power `y`.
#[inline]
#[must_use]
pub fn powf(x: f64, y: f64) -> f64 {
    ComplexField::powf(x, y)
}
