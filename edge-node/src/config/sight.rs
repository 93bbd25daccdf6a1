//! What a sensor's eyes are like: P_D over range, how near two targets may be to be told apart, and how far its claims
//! about its own noise may be corrected.

use fusion_core::sensor::{Bias, DetectionPoint, DetectionProfile, NoiseLimits, Resolution};
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// P_D at one range.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DetectionPointConfig {
    /// Slant range, metres.
    pub range_m: f64,
    /// P_D there, 0 to 1.
    pub detection_probability: f64,
}

/// How near to each other two targets may be to give two plots as often as one.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ResolutionConfig {
    /// In slant range, metres.
    pub range_m: f64,
    /// In azimuth, degrees.
    pub azimuth_deg: f64,
}

/// Limits of the factor by which the variances that a sensor claims may be corrected.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct NoiseScaleConfig {
    /// The smallest, 0.01 to 1.
    pub min: f64,
    /// The largest, 1 to 100.
    pub max: f64,
}

impl Default for NoiseScaleConfig {
    /// What a sensor claims is believed.
    fn default() -> Self {
        Self { min: NoiseLimits::FIXED.min, max: NoiseLimits::FIXED.max }
    }
}

impl NoiseScaleConfig {
    pub(super) const fn limits(self) -> NoiseLimits {
        NoiseLimits { min: self.min, max: self.max }
    }
}

/// Errors that all measurements of a polar sensor have in common, one sigma each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct BiasConfig {
    /// Of the slant range, metres.
    pub range_m: f64,
    /// Of the azimuth, degrees.
    pub azimuth_deg: f64,
    /// Of the elevation, degrees.
    pub elevation_deg: f64,
}

impl BiasConfig {
    /// With what reports of a target share: one sigma of place (metres) and of time (seconds).
    pub(super) const fn bias(self, (place_m, time_s): (f64, f64)) -> Bias {
        Bias {
            range_m: self.range_m,
            azimuth_rad: self.azimuth_deg.to_radians(),
            elevation_rad: self.elevation_deg.to_radians(),
            place_m,
            time_s,
        }
    }
}

impl ResolutionConfig {
    pub(super) const fn resolution(self) -> Resolution {
        Resolution { range_m: self.range_m, azimuth_rad: self.azimuth_deg.to_radians() }
    }
}

/// The profile through points in any order.
///
/// # Errors
/// [`ConfigError`] if there are too many, or two at one range.
pub(super) fn profile(points: &[DetectionPointConfig], key: &str) -> Result<DetectionProfile, ConfigError> {
    let point = |p: &DetectionPointConfig| DetectionPoint { range_m: p.range_m, detection: p.detection_probability };
    let mut points: Vec<DetectionPoint> = points.iter().map(point).collect();
    points.sort_by(|a, b| a.range_m.total_cmp(&b.range_m));
    DetectionProfile::new(&points)
        .map_err(|fault| ConfigError::at(format!("{key}.detection-by-range"), format!("in order of range, {fault}")))
}
