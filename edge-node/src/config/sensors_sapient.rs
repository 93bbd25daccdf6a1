//! What only a SAPIENT connection has.

use fusion_core::time::Span;
use sensor_drivers::sapient::{Reporting, Role, SapientConfig as DriverConfig, Sigmas, Uuid};
use serde::{Deserialize, Serialize};

use super::{ConfigError, SensorConfig};

/// What only a SAPIENT connection has.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SapientConfig {
    /// Who opens the connection.
    pub role: RoleConfig,
    /// Who we are to the others: a UUID. Without it, one made from the sensor's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// Whether reports are measurements or states of tracks.
    pub reporting: ReportingConfig,
    /// Whether x is the latitude or northing, against the standard.
    pub swap_xy: bool,
    /// Whether errors of latitudes and longitudes are told in metres.
    pub errors_in_metres: bool,
    /// One sigma of a location that tells no error, metres.
    pub position_sigma_m: f64,
    /// One sigma of each component of a velocity that tells no error, metres per second.
    pub velocity_sigma_m_s: f64,
    /// From true north clockwise to magnetic north, degrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declination_deg: Option<f64>,
    /// From true north clockwise to where the platform heads, degrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heading_deg: Option<f64>,
    /// Height of the geoid above the ellipsoid, metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geoid_m: Option<f64>,
    /// How often a client says how it is, seconds.
    pub status_period_s: f64,
}

/// Who opens the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoleConfig {
    /// Sensor nodes come and register with us.
    #[default]
    Server,
    /// We register with a middleware as a fusion node.
    Client,
}

/// Whether reports are measurements or states of tracks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportingConfig {
    /// As the node registered.
    #[default]
    Declared,
    /// Measurements.
    Detections,
    /// Tracks.
    Tracks,
}

impl Default for SapientConfig {
    fn default() -> Self {
        Self {
            role: RoleConfig::Server,
            node_id: None,
            reporting: ReportingConfig::Declared,
            swap_xy: false,
            errors_in_metres: false,
            position_sigma_m: 10.0,
            velocity_sigma_m_s: 2.0,
            declination_deg: None,
            heading_deg: None,
            geoid_m: None,
            status_period_s: 5.0,
        }
    }
}

impl SapientConfig {
    /// Ranges of its numbers, by key.
    pub(super) const fn ranges(&self) -> [(&'static str, Option<f64>, f64, f64); 6] {
        [
            ("sapient.position-sigma-m", Some(self.position_sigma_m), 1e-3, 1e5),
            ("sapient.velocity-sigma-m-s", Some(self.velocity_sigma_m_s), 1e-3, 1e3),
            ("sapient.declination-deg", self.declination_deg, -180.0, 180.0),
            ("sapient.heading-deg", self.heading_deg, -360.0, 360.0),
            ("sapient.geoid-m", self.geoid_m, -200.0, 200.0),
            ("sapient.status-period-s", Some(self.status_period_s), 0.5, 3600.0),
        ]
    }

    /// Checks what is neither a range nor a word.
    pub(super) fn check(&self, key: &str) -> Result<(), ConfigError> {
        let key = || format!("{key}.sapient.node-id");
        match &self.node_id {
            Some(id) if Uuid::parse(id.as_bytes()).is_none() => {
                Err(ConfigError::at(key(), format!("\"{id}\" is no UUID; write e.g. \"{}\"", Uuid::of_name(id))))
            }
            None if self.role == RoleConfig::Client => {
                Err(ConfigError::at(key(), "a client needs a UUID that no other node of the middleware has"))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// The driver's configuration of a sensor that has been checked.
#[must_use]
pub fn driver_config(sensor: &SensorConfig) -> DriverConfig {
    let (sapient, sigma) = (&sensor.sapient, &sensor.sigma);
    let told = sapient.node_id.as_ref().and_then(|id| Uuid::parse(id.as_bytes()));
    DriverConfig {
        role: match sapient.role {
            RoleConfig::Server => Role::Server,
            RoleConfig::Client => Role::Client,
        },
        node_id: told.unwrap_or_else(|| Uuid::of_name(&sensor.name)),
        site: sensor.position("").ok().flatten(),
        range_max_m: sensor.range_max_m,
        sigmas: Sigmas {
            range_m: sigma.range_m,
            azimuth_rad: sigma.azimuth_deg.to_radians(),
            elevation_rad: sigma.elevation_deg.to_radians(),
            horizontal_m: sapient.position_sigma_m,
            height_m: sigma.height_m,
            velocity_m_s: sapient.velocity_sigma_m_s,
        },
        swap_xy: sapient.swap_xy,
        errors_in_metres: sapient.errors_in_metres,
        declination_rad: sapient.declination_deg.map(f64::to_radians),
        heading_rad: sapient.heading_deg.map(f64::to_radians),
        geoid_m: sapient.geoid_m,
        reporting: match sapient.reporting {
            ReportingConfig::Declared => Reporting::Declared,
            ReportingConfig::Detections => Reporting::Detections,
            ReportingConfig::Tracks => Reporting::Tracks,
        },
        status_period: Span::from_secs_f64(sapient.status_period_s),
        look_period: Span::from_secs_f64(sensor.scan_period_s),
    }
}
