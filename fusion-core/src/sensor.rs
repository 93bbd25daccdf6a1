//! What is known of a sensor before it speaks: how likely it detects, how often it is wrong, where it sees, and how
//! near to each other two targets may be before it takes them for one.

pub mod bias;
pub mod detection;
pub mod resolution;

use core::f64::consts::{FRAC_PI_2, PI, TAU};

pub use bias::Bias;
pub use detection::{DetectionPoint, DetectionProfile, ProfileFault};
pub use resolution::{Resolution, Separation, own_plot_share};

use crate::label::Label;
use crate::measurement::Observation;
use crate::time::Span;

/// The model of one sensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SensorModel {
    /// P_D: probability that a target in the field of view gives a measurement in one look, in (0, 1). Where a
    /// [`profile`](Self::detection_by_range) is given, that counts instead.
    pub detection: f64,
    /// P_D over range; without points, [`detection`](Self::detection) holds at every range.
    pub detection_by_range: DetectionProfile,
    /// Expected false measurements in one look at the whole field of view; above zero.
    pub clutter_per_scan: f64,
    /// Whether clutter is learnt by region ([`ClutterMap`](crate::clutter::ClutterMap)), beginning with
    /// [`clutter_per_scan`](Self::clutter_per_scan); otherwise it stays even.
    pub learn_clutter: bool,
    /// Where it can see, and therefore over which volume its clutter spreads.
    pub field_of_view: FieldOfView,
    /// How near two targets may be to give two plots; `None` if it tells any two apart.
    pub resolution: Option<Resolution>,
    /// How far its R may be scaled when its innovations contradict it
    /// ([`NoiseScale`](crate::filter::monitor::NoiseScale)).
    pub noise_limits: NoiseLimits,
    /// What all its measurements of a target have in common beside R.
    pub bias: Bias,
    /// Time from one look at a target to the next.
    pub period: Span,
    /// The lowest label of anything it says.
    pub label: Label,
}

/// Where a sensor can see. Ranges are slant ranges, elevations are above the sensor's own horizontal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldOfView {
    /// Smallest range, metres: nearer than that a pulse radar is deaf.
    pub range_min_m: f64,
    /// Largest range, metres.
    pub range_max_m: f64,
    /// Heights over which targets and clutter are found, metres.
    pub height_span_m: f64,
    /// Lowest elevation, radians.
    pub elevation_min_rad: f64,
    /// Highest elevation, radians: above it lies the cone of silence.
    pub elevation_max_rad: f64,
    /// Range rates and speeds over which it measures, metres per second from lowest to highest.
    pub speed_span_m_s: f64,
}

/// Limits of the factor on a sensor's R (variances, not sigmas), 0 < min ≤ 1 ≤ max.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseLimits {
    /// The smallest factor.
    pub min: f64,
    /// The largest factor.
    pub max: f64,
}

impl NoiseLimits {
    /// R is taken as it is claimed.
    pub const FIXED: Self = Self { min: 1.0, max: 1.0 };
}

impl SensorModel {
    /// A sensor without subtleties, from which others are written with `..`: it detects alike at every range, its
    /// clutter is even, it tells any two targets apart, and its R is believed.
    pub const PLAIN: Self = Self {
        detection: 0.9,
        detection_by_range: DetectionProfile::NONE,
        clutter_per_scan: 1.0,
        learn_clutter: false,
        field_of_view: FieldOfView::WIDE,
        resolution: None,
        noise_limits: NoiseLimits::FIXED,
        bias: Bias::NONE,
        period: Span::from_secs(1),
        label: Label::STRICTEST,
    };

    /// Whether the numbers make sense together; a tracker refuses scans of a sensor of which they do not.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        let positive = |x: f64| x > 0.0 && x.is_finite();
        let NoiseLimits { min, max } = self.noise_limits;
        let view = &self.field_of_view;
        self.detection > 0.0
            && self.detection < 1.0
            && positive(self.clutter_per_scan)
            && positive(view.range_max_m)
            && (0.0..view.range_max_m).contains(&view.range_min_m)
            && positive(view.elevation_span_rad())
            && positive(min)
            && max.is_finite()
            && min <= 1.0
            && max >= 1.0
            && self.bias.is_usable()
            && self.resolution.is_none_or(|r| positive(r.range_m) && positive(r.azimuth_rad))
    }

    /// P_D of a target at this slant range, in (0, 1).
    #[must_use]
    pub fn detection_at(&self, range_m: f64) -> f64 {
        self.detection_by_range.at(range_m).unwrap_or(self.detection)
    }

    /// λ: expected false measurements per unit of the measurement's own space (m · rad for range and bearing, m³ for a
    /// position, …), spread evenly over the field of view.
    #[must_use]
    pub fn clutter_density(&self, observation: &Observation) -> f64 {
        self.clutter_per_scan / self.field_of_view.volume(observation)
    }
}

impl FieldOfView {
    /// The surroundings of a sensor on the ground: to 400 km, from a little below its horizon to the zenith.
    pub const WIDE: Self = Self {
        range_min_m: 0.0,
        range_max_m: 400_000.0,
        height_span_m: 15_000.0,
        elevation_min_rad: -FRAC_PI_2 / 9.0,
        elevation_max_rad: FRAC_PI_2,
        speed_span_m_s: 700.0,
    };

    /// Whether a target at this slant range (metres) and elevation (radians) can be seen at all.
    #[must_use]
    pub fn includes(&self, range_m: f64, elevation_rad: f64) -> bool {
        (self.range_min_m..=self.range_max_m).contains(&range_m)
            && (self.elevation_min_rad..=self.elevation_max_rad).contains(&elevation_rad)
    }

    /// Elevations over which it measures, radians.
    #[must_use]
    pub const fn elevation_span_rad(&self) -> f64 {
        self.elevation_max_rad - self.elevation_min_rad
    }

    fn volume(&self, observation: &Observation) -> f64 {
        let (near, far, speed) = (self.range_min_m, self.range_max_m, self.speed_span_m_s);
        let area = PI * far * far - PI * near * near;
        let polar = (far - near) * TAU;
        let elevation = self.elevation_span_rad();
        match observation {
            Observation::Position(_) => area * self.height_span_m,
            Observation::HorizontalPosition(_) => area,
            Observation::PositionVelocity(_) => area * self.height_span_m * speed * speed * speed,
            Observation::RangeBearing(_) => polar,
            Observation::RangeBearingRate(_) => polar * speed,
            Observation::RangeBearingElevation(_) => polar * elevation,
            Observation::RangeBearingElevationRate(_) => polar * elevation * speed,
            Observation::Bearing(_) => TAU,
            Observation::BearingElevation(_) => TAU * elevation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaussian::Covariance;
    use crate::measurement::Reading;
    use nalgebra::Vector2;

    fn plot() -> Observation {
        let noise = Covariance::from_sigmas(&Vector2::new(10.0, 0.01)).expect("positive");
        Observation::RangeBearing(Reading { z: Vector2::new(1_000.0, 0.0), noise })
    }

    #[test]
    fn a_sensor_that_cannot_be_is_found_out() {
        let view = FieldOfView::WIDE;
        let bad = [
            SensorModel { detection: 1.0, ..SensorModel::PLAIN },
            SensorModel { clutter_per_scan: f64::NAN, ..SensorModel::PLAIN },
            SensorModel { field_of_view: FieldOfView { range_min_m: 5e5, ..view }, ..SensorModel::PLAIN },
            SensorModel { field_of_view: FieldOfView { elevation_max_rad: -1.0, ..view }, ..SensorModel::PLAIN },
            SensorModel { noise_limits: NoiseLimits { min: 2.0, max: 3.0 }, ..SensorModel::PLAIN },
            SensorModel { resolution: Some(Resolution { range_m: 0.0, azimuth_rad: 0.1 }), ..SensorModel::PLAIN },
        ];
        assert!(SensorModel::PLAIN.is_usable() && bad.iter().all(|sensor| !sensor.is_usable()));
    }

    #[test]
    fn without_points_detection_is_the_same_at_every_range() {
        let sensor = SensorModel { detection: 0.7, ..SensorModel::PLAIN };
        assert!([0.0, 1e3, 1e9, f64::NAN].iter().all(|&range_m| (sensor.detection_at(range_m) - 0.7).abs() < 1e-15));
    }

    #[test]
    fn points_stand_in_for_the_one_number() {
        let points =
            [(10_000.0, 0.9), (20_000.0, 0.5)].map(|(range_m, detection)| DetectionPoint { range_m, detection });
        let detection_by_range = DetectionProfile::new(&points).expect("in order");
        let sensor = SensorModel { detection: 0.1, detection_by_range, ..SensorModel::PLAIN };
        assert!((sensor.detection_at(15_000.0) - 0.7).abs() < 1e-12);
    }

    #[test]
    fn what_is_too_near_too_far_or_overhead_is_not_seen() {
        let view = FieldOfView { range_min_m: 500.0, range_max_m: 9e3, elevation_max_rad: 0.7, ..FieldOfView::WIDE };
        assert!(view.includes(500.0, 0.0) && view.includes(9e3, 0.7));
        assert!(!view.includes(499.0, 0.0) && !view.includes(9_001.0, 0.0));
        assert!(!view.includes(1e3, 0.71) && !view.includes(1e3, -0.2) && !view.includes(f64::NAN, 0.0));
    }

    #[test]
    fn clutter_spreads_over_what_is_seen_only() {
        let ring = FieldOfView { range_min_m: 10_000.0, range_max_m: 20_000.0, ..FieldOfView::WIDE };
        let sensor = SensorModel { clutter_per_scan: 8.0, field_of_view: ring, ..SensorModel::PLAIN };
        assert!((sensor.clutter_density(&plot()) * 10_000.0 * TAU - 8.0).abs() < 1e-9);
    }
}
