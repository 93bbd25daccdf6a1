//! Position fixes: parts of the state seen directly, in the node's tangent plane. Linear.

use nalgebra::{SMatrix, SVector};

use super::{MeasurementModel, ObservationModel};
use crate::gaussian::StateVector;
use crate::measurement::{Observation, Reading};

/// (east, north, up).
#[derive(Clone, Copy, Debug)]
pub struct Position;

/// (east, north).
#[derive(Clone, Copy, Debug)]
pub struct HorizontalPosition;

/// (east, north, up and their rates).
#[derive(Clone, Copy, Debug)]
pub struct PositionVelocity;

macro_rules! leading_components {
    ($name:ident, $m:literal) => {
        impl MeasurementModel<$m> for $name {
            const SEEN: usize = $m;

            fn predict(&self, x: &StateVector) -> SVector<f64, $m> {
                x.fixed_rows::<$m>(0).into_owned()
            }

            fn jacobian(&self, _: &StateVector) -> SMatrix<f64, $m, 6> {
                SMatrix::identity()
            }
        }

        impl ObservationModel<$m> for $name {
            const FIRST_IS_ANGLE: bool = false;

            fn reading<'a>(&self, observation: &'a Observation) -> Option<&'a Reading<$m>> {
                if let Observation::$name(reading) = observation { Some(reading) } else { None }
            }
        }
    };
}

leading_components!(Position, 3);
leading_components!(HorizontalPosition, 2);
leading_components!(PositionVelocity, 6);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fix_is_the_leading_part_of_the_state() {
        let x = StateVector::new(1.0, 2.0, 3.0, 4.0, 5.0, 6.0);
        assert_eq!(HorizontalPosition.predict(&x), SVector::<f64, 2>::new(1.0, 2.0));
        assert_eq!(PositionVelocity.jacobian(&x), SMatrix::<f64, 6, 6>::identity());
    }
}
