//! What is known of a sensor before it speaks: how likely it detects, how often it is wrong, how far it sees.

use core::f64::consts::{PI, TAU};

use crate::label::Label;
use crate::measurement::Observation;
use crate::time::Span;

/// The model of one sensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SensorModel {
    /// P_D: probability that a target in the field of view gives a measurement in one look, in (0, 1).
    pub detection: f64,
    /// Expected false measurements in one look at the whole field of view; above zero.
    pub clutter_per_scan: f64,
    /// Where it can see, and therefore over which volume its clutter spreads.
    pub field_of_view: FieldOfView,
    /// Time from one look at a target to the next.
    pub period: Span,
    /// The lowest label of anything it says.
    pub label: Label,
}

/// Where a sensor can see.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldOfView {
    /// Largest range, metres.
    pub range_max_m: f64,
    /// Heights over which targets and clutter are found, metres.
    pub height_span_m: f64,
    /// Elevations over which it measures, radians.
    pub elevation_span_rad: f64,
    /// Range rates and speeds over which it measures, metres per second from lowest to highest.
    pub speed_span_m_s: f64,
}

impl SensorModel {
    /// λ: expected false measurements per unit of the measurement's own space (m · rad for range and bearing, m³ for a
    /// position, …), spread evenly over the field of view.
    #[must_use]
    pub fn clutter_density(&self, observation: &Observation) -> f64 {
        self.clutter_per_scan / self.field_of_view.volume(observation)
    }
}

impl FieldOfView {
    fn volume(&self, observation: &Observation) -> f64 {
        let area = PI * self.range_max_m * self.range_max_m;
        let polar = self.range_max_m * TAU;
        match observation {
            Observation::Position(_) => area * self.height_span_m,
            Observation::HorizontalPosition(_) => area,
            Observation::PositionVelocity(_) => {
                let v = self.speed_span_m_s;
                area * self.height_span_m * v * v * v
            }
            Observation::RangeBearing(_) => polar,
            Observation::RangeBearingRate(_) => polar * self.speed_span_m_s,
            Observation::RangeBearingElevation(_) => polar * self.elevation_span_rad,
            Observation::RangeBearingElevationRate(_) => polar * self.elevation_span_rad * self.speed_span_m_s,
            Observation::Bearing(_) => TAU,
            Observation::BearingElevation(_) => TAU * self.elevation_span_rad,
        }
    }
}
