//! What only an AIS receiver has, and what only SBS-1 lines need.

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::sensors::within;

/// What only an AIS receiver has.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct AisConfig {
    /// One sigma of a position that the transponder does not call accurate, metres along each axis.
    pub position_sigma_m: f64,
    /// Whether what the own transponder sends (VDO) is taken in.
    pub keep_own: bool,
}

impl Default for AisConfig {
    fn default() -> Self {
        Self { position_sigma_m: 15.0, keep_own: true }
    }
}

impl AisConfig {
    /// Checks ranges.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn check(&self, key: &str) -> Result<(), ConfigError> {
        within(&format!("{key}.ais"), "position-sigma-m", self.position_sigma_m, 0.1, 1e5)
    }
}

/// What only SBS-1 lines need.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SbsConfig {
    /// One sigma of a position, metres along each axis: the lines tell none.
    pub position_sigma_m: f64,
}

impl Default for SbsConfig {
    fn default() -> Self {
        Self { position_sigma_m: 40.0 }
    }
}

impl SbsConfig {
    /// Checks ranges.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn check(&self, key: &str) -> Result<(), ConfigError> {
        within(&format!("{key}.sbs"), "position-sigma-m", self.position_sigma_m, 0.1, 1e5)
    }
}
