//! What only a KrakenSDR has: where its array points.

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::sensors::within;

/// What only a KrakenSDR has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct KrakenConfig {
    /// Where the heading of the array comes from.
    pub heading_from: HeadingConfig,
    /// With `fixed`: where the array's forward direction points, degrees clockwise from true north.
    pub heading_deg: f64,
    /// With `compass`: what to add to magnetic north to get true north, degrees, east positive.
    pub declination_deg: f64,
    /// Bearings with less confidence are not taken.
    pub confidence_min: f64,
    /// Whether it measures from the place that it tells, rather than from the configured one.
    pub mobile: bool,
}

/// Where the heading of the array comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeadingConfig {
    /// It stands still, and somebody measured it.
    #[default]
    Fixed,
    /// The course that its GPS tells: of a vehicle that drives.
    Gps,
    /// Its compass.
    Compass,
}

impl KrakenConfig {
    /// Checks ranges.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn check(&self, key: &str) -> Result<(), ConfigError> {
        let key = format!("{key}.kraken");
        within(&key, "heading-deg", self.heading_deg, -360.0, 360.0)?;
        within(&key, "declination-deg", self.declination_deg, -180.0, 180.0)?;
        within(&key, "confidence-min", self.confidence_min, 0.0, 99.0)
    }
}
