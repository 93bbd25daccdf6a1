//! Lines of bearing: what a direction finder, a camera or a microphone array sees.
//!
//! They update a track that another sensor located; alone they start none.

use nalgebra::{SMatrix, SVector};

use super::polar::{Component, Sight, place_of, seen, seen_from};
use super::{MeasurementModel, ObservationModel};
use crate::angle::wrap;
use crate::gaussian::StateVector;
use crate::measurement::{Observation, Pose, Reading};

seen_from! {
    /// (azimuth).
    Bearing, 1, [Azimuth]
}
seen_from! {
    /// (azimuth, elevation).
    BearingElevation, 2, [Azimuth, Elevation]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_bearing_says_nothing_of_the_distance() {
        let near = StateVector::new(100.0, 100.0, 0.0, 0.0, 0.0, 0.0);
        let model = Bearing(&Pose::AT_ORIGIN);
        assert!((model.predict(&near) - model.predict(&(near * 50.0))).norm() < 1e-12);
        assert!((model.jacobian(&near) * near).norm() < 1e-12);
    }

    #[test]
    fn a_bearing_residual_across_north_is_two_degrees() {
        let model = Bearing(&Pose::AT_ORIGIN);
        let degrees = |d: f64| SVector::from([d.to_radians()]);
        assert!((model.residual(&degrees(1.0), &degrees(359.0))[0] - 2_f64.to_radians()).abs() < 1e-12);
    }
}
