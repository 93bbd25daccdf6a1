//! What only KLV of a drone's camera has: how sure its attitude is, and what of it is taken for a target.

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::sensors::within;

/// What only KLV of a drone's camera has.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct KlvConfig {
    /// One sigma of the platform's heading, degrees.
    pub heading_sigma_deg: f64,
    /// One sigma of its pitch and roll, degrees.
    pub tilt_sigma_deg: f64,
    /// One sigma of the camera's angles on it, degrees.
    pub pointing_sigma_deg: f64,
    /// One sigma of the middle of a target in the frame, pixels.
    pub target_sigma_pixels: f64,
    /// One sigma of a point that tells none, metres along each axis.
    pub position_sigma_m: f64,
    /// One sigma of a height that tells none, metres.
    pub height_sigma_m: f64,
    /// One sigma of the platform's position along each axis, metres; of its height twice as much.
    pub platform_sigma_m: f64,
    /// Height of the geoid above the ellipsoid where it flies, metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geoid_m: Option<f64>,
    /// Targets of which its video tracker is less sure are not taken, percent.
    pub confidence_min: u8,
    /// Whether what its operator points at is taken for a target.
    pub take_target_location: bool,
    /// Whether the middle of the frame is.
    pub take_frame_centre: bool,
    /// Whether the platform itself is.
    pub report_platform: bool,
}

impl Default for KlvConfig {
    /// A small drone whose heading is from a magnetometer.
    fn default() -> Self {
        Self {
            heading_sigma_deg: 2.0,
            tilt_sigma_deg: 0.5,
            pointing_sigma_deg: 0.3,
            target_sigma_pixels: 3.0,
            position_sigma_m: 30.0,
            height_sigma_m: 30.0,
            platform_sigma_m: 5.0,
            geoid_m: None,
            confidence_min: 0,
            take_target_location: false,
            take_frame_centre: false,
            report_platform: false,
        }
    }
}

impl KlvConfig {
    /// Checks ranges.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn check(&self, key: &str) -> Result<(), ConfigError> {
        let key = format!("{key}.klv");
        within(&key, "heading-sigma-deg", self.heading_sigma_deg, 0.001, 45.0)?;
        within(&key, "tilt-sigma-deg", self.tilt_sigma_deg, 0.001, 45.0)?;
        within(&key, "pointing-sigma-deg", self.pointing_sigma_deg, 0.001, 45.0)?;
        within(&key, "target-sigma-pixels", self.target_sigma_pixels, 0.1, 1000.0)?;
        within(&key, "position-sigma-m", self.position_sigma_m, 0.1, 1e5)?;
        within(&key, "height-sigma-m", self.height_sigma_m, 0.1, 1e4)?;
        within(&key, "platform-sigma-m", self.platform_sigma_m, 0.1, 1e4)?;
        within(&key, "geoid-m", self.geoid_m.unwrap_or(0.0), -120.0, 120.0)?;
        within(&key, "confidence-min", f64::from(self.confidence_min), 0.0, 100.0)
    }
}
