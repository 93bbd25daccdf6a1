//! Positions, displacements and velocities that know their frame.
//!
//! Two frames exist: [`Ecef`], earth-centred earth-fixed (WGS-84), in which records travel; and [`Enu`], east-north-up
//! in the tangent plane of *this node*, in which everything is filtered. The only door between them is
//! [`TangentPlane`](crate::geodesy::TangentPlane). What the types do not protect against: two `Enu` of two different
//! planes are one type, which is why a plane is made once per node and lent out.

use core::marker::PhantomData;
use core::ops::{Add, Sub};

use nalgebra::Vector3;

/// A reference frame: a name at compile time, nothing at run time.
pub trait Frame: Copy + 'static {}

/// Earth-centred, earth-fixed, WGS-84: x to (0° N, 0° E), z to the north pole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ecef;

/// East, north, up in the node's tangent plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enu;

impl Frame for Ecef {}
impl Frame for Enu {}

/// A point, in metres.
///
/// Frames do not mix:
/// ```compile_fail
/// use fusion_core::frame::{Ecef, Enu, Position};
/// let a = Position::<Ecef>::new(1.0, 0.0, 0.0);
/// let b = Position::<Enu>::new(1.0, 0.0, 0.0);
/// let _ = a - b;
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position<F: Frame>(Vector3<f64>, PhantomData<F>);

/// The way from one point to another, in metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Displacement<F: Frame>(Vector3<f64>, PhantomData<F>);

/// A velocity relative to the ground, in metres per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Velocity<F: Frame>(Vector3<f64>, PhantomData<F>);

macro_rules! triple {
    ($name:ident) => {
        impl<F: Frame> $name<F> {
            /// All components zero.
            pub const ZERO: Self = Self(Vector3::new(0.0, 0.0, 0.0), PhantomData);

            /// From the three components along the axes of the frame.
            #[must_use]
            pub const fn new(x: f64, y: f64, z: f64) -> Self {
                Self(Vector3::new(x, y, z), PhantomData)
            }

            /// From a bare vector that the caller knows to be in this frame.
            #[must_use]
            pub const fn from_vector(vector: Vector3<f64>) -> Self {
                Self(vector, PhantomData)
            }

            /// The three components.
            #[must_use]
            pub const fn vector(&self) -> &Vector3<f64> {
                &self.0
            }
        }
    };
}

triple!(Position);
triple!(Displacement);
triple!(Velocity);

impl<F: Frame> Displacement<F> {
    /// Its length in metres.
    #[must_use]
    pub fn length(&self) -> f64 {
        self.0.norm()
    }
}

impl<F: Frame> Velocity<F> {
    /// Its size in metres per second.
    #[must_use]
    pub fn speed(&self) -> f64 {
        self.0.norm()
    }
}

impl<F: Frame> Sub for Position<F> {
    type Output = Displacement<F>;
    fn sub(self, other: Self) -> Displacement<F> {
        Displacement::from_vector(self.0 - other.0)
    }
}

impl<F: Frame> Add<Displacement<F>> for Position<F> {
    type Output = Self;
    fn add(self, way: Displacement<F>) -> Self {
        Self::from_vector(self.0 + way.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_displacement_leads_from_one_point_to_the_other() {
        let (a, b) = (Position::<Enu>::new(1.0, 2.0, 3.0), Position::<Enu>::new(4.0, 6.0, 3.0));
        assert_eq!(a + (b - a), b);
        assert!(((b - a).length() - 5.0).abs() < 1e-12);
    }
}
