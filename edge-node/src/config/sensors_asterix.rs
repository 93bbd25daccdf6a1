//! What only an ASTERIX source other than a radar has: surface movement and multilateration systems, ADS-B stations.

use serde::{Deserialize, Serialize};

/// What only a surface movement radar or a multilateration system has (`asterix-surface`).
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SurfaceConfig {
    /// One sigma of a position by echo along each axis, metres, where the system tells none.
    pub echo_sigma_m: f64,
    /// One sigma of a position by multilateration along each axis, metres, where the system tells none; and of the
    /// ranges that a dilution of precision multiplies.
    pub multilateration_sigma_m: f64,
    /// Whether what targets say of themselves (ADS-B through CAT010) is taken for a measurement of the system.
    pub keep_self_reports: bool,
}

impl Default for SurfaceConfig {
    /// As measured at an airport, the two against each other and against ADS-B.
    fn default() -> Self {
        Self { echo_sigma_m: 8.5, multilateration_sigma_m: 4.0, keep_self_reports: false }
    }
}

/// What only an ADS-B ground station has (`asterix-adsb`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct AdsbStationConfig {
    /// Which edition of CAT021 it speaks.
    pub edition: EditionConfig,
}

/// An edition of CAT021: they differ on the wire, and nothing in a record tells them apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum EditionConfig {
    /// 0.23.
    #[serde(rename = "0.23")]
    V0_23,
    /// 0.24 to 0.26.
    #[serde(rename = "0.26")]
    V0_26,
    /// 2.1 or any later one.
    #[default]
    #[serde(rename = "2")]
    V2,
}
