//! What only links to drones and receivers of Remote ID have.

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::sensors::within;

/// What only a MAVLink link has.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct MavlinkConfig {
    /// What becomes of a drone's own position.
    pub own_position: OwnPositionConfig,
    /// How often it is reported at the most, seconds.
    pub own_period_s: f64,
    /// One sigma of roll and pitch, degrees.
    pub tilt_sigma_deg: f64,
    /// One sigma of heading, degrees.
    pub heading_sigma_deg: f64,
    /// One sigma of where a gimbal points, against what it says, degrees.
    pub gimbal_sigma_deg: f64,
    /// One sigma of the time between an image and the attitude beside it, seconds.
    pub time_sigma_s: f64,
    /// Field of view of cameras that do not tell theirs, across, degrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view_across_deg: Option<f64>,
    /// The same down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view_down_deg: Option<f64>,
    /// Height of the geoid above the ellipsoid, metres, for drones that tell only heights above the sea.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undulation_m: Option<f64>,
}

/// What becomes of a drone's own position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnPositionConfig {
    /// It only serves its camera.
    Ignored,
    /// An estimate made elsewhere.
    #[default]
    SourceTrack,
    /// A measurement for the tracker.
    Measurement,
}

/// What only a receiver of Remote ID has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RemoteIdConfig {
    /// How it delivers.
    pub form: RemoteIdForm,
    /// Whether the places of operators are shown.
    pub show_operators: bool,
}

/// How a receiver of Remote ID delivers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemoteIdForm {
    /// Lines of JSON.
    #[default]
    Lines,
    /// Datagrams: six octets of a MAC address, then what was heard.
    Datagrams,
}

impl Default for MavlinkConfig {
    /// A small drone whose heading is magnetic.
    fn default() -> Self {
        Self {
            own_position: OwnPositionConfig::SourceTrack,
            own_period_s: 1.0,
            tilt_sigma_deg: 0.5,
            heading_sigma_deg: 2.0,
            gimbal_sigma_deg: 0.3,
            time_sigma_s: 0.1,
            view_across_deg: None,
            view_down_deg: None,
            undulation_m: None,
        }
    }
}

impl MavlinkConfig {
    /// Checks ranges.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn check(&self, key: &str) -> Result<(), ConfigError> {
        let ranges = [
            ("own-period-s", Some(self.own_period_s), 0.0, 3600.0),
            ("tilt-sigma-deg", Some(self.tilt_sigma_deg), 0.01, 45.0),
            ("heading-sigma-deg", Some(self.heading_sigma_deg), 0.01, 45.0),
            ("gimbal-sigma-deg", Some(self.gimbal_sigma_deg), 0.01, 45.0),
            ("time-sigma-s", Some(self.time_sigma_s), 0.0, 10.0),
            ("view-across-deg", self.view_across_deg, 0.1, 169.0),
            ("view-down-deg", self.view_down_deg, 0.1, 169.0),
            ("undulation-m", self.undulation_m, -120.0, 120.0),
        ];
        let told = ranges.into_iter().filter_map(|(name, value, low, high)| value.map(|v| (name, v, low, high)));
        let key = format!("{key}.mavlink");
        told.into_iter().try_for_each(|(name, value, low, high)| within(&key, name, value, low, high))
    }
}
