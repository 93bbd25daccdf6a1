//! What is simulated: targets with their manoeuvres and equipment, sensors with their errors. Read from TOML.
//!
//! Everything here is what a person writes down; [`Scenario::check`] refuses what cannot be, by the name of its key.
//! Heights are above the WGS-84 ellipsoid, headings and azimuths clockwise from true north.

use core::fmt::{self, Display, Formatter};

use fusion_core::geodesy::{Geodetic, TangentPlane};
use serde::Deserialize;

mod check;
mod sensor;
mod target;

pub use sensor::{AdsbReceiver, DirectionFinder, DroneRadar, Radar, Sector, SensorSpec};
pub use target::{AdsbOut, Leg, Target, TargetClass, Transponder};

/// Targets in a scenario at the most.
///
/// No counter: a scenario with more is refused.
pub const TARGETS_MAX: usize = 1024;
/// Sensors in a scenario at the most.
///
/// No counter: a scenario with more is refused.
pub const SENSORS_MAX: usize = 64;
/// Legs of one target at the most.
///
/// No counter: a scenario with more is refused.
pub const LEGS_MAX: usize = 256;
/// Copies of one target that may be under way at once, where it comes again and again.
///
/// No counter: a scenario with more is refused.
pub const COPIES_MAX: usize = 16;
/// The longest simulation, seconds: a year.
pub const DURATION_S_MAX: f64 = 365.0 * 86_400.0;

/// A scenario. Made with [`Scenario::from_toml`], or built in code and then checked by whoever runs it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Scenario {
    /// What it is called.
    pub name: String,
    /// How long it lasts, seconds.
    pub duration_s: f64,
    /// The point that places in metres are counted from.
    pub origin: Origin,
    /// What moves.
    #[serde(rename = "target", default)]
    pub targets: Vec<Target>,
    /// What looks and listens. [`super::Emission::sensor`] counts in this order.
    #[serde(rename = "sensor", default)]
    pub sensors: Vec<SensorSpec>,
}

/// The point that places in metres are counted from.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Origin {
    /// Degrees, north positive.
    pub latitude_deg: f64,
    /// Degrees, east positive.
    pub longitude_deg: f64,
    /// Metres above the ellipsoid.
    pub height_m: f64,
}

/// A place: either coordinates, or metres east and north of the origin; and a height above the ellipsoid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SpotSpec {
    /// Degrees, north positive.
    pub latitude_deg: Option<f64>,
    /// Degrees, east positive.
    pub longitude_deg: Option<f64>,
    /// Metres east of the origin.
    pub east_m: Option<f64>,
    /// Metres north of the origin.
    pub north_m: Option<f64>,
    /// Metres above the ellipsoid.
    pub height_m: f64,
}

/// Why a scenario is refused.
#[derive(Debug)]
pub enum ScenarioError {
    /// It is not TOML, or has a key that does not exist, or lacks one, or has one of the wrong kind.
    Toml(Box<toml::de::Error>),
    /// A value that cannot be.
    Value {
        /// Its key, e.g. `target[3].speed-m-s`.
        key: String,
        /// What is wrong and what would be right.
        reason: String,
    },
}

impl Display for ScenarioError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Toml(error) => write!(f, "scenario: {error}"),
            Self::Value { key, reason } => write!(f, "scenario: {key}: {reason}"),
        }
    }
}

impl core::error::Error for ScenarioError {}

/// The scenario of the demonstration: the air around a regional airfield, with traffic, helicopters and drones.
///
/// # Panics
/// Never: a test reads it.
#[must_use]
pub fn demo() -> Scenario {
    Scenario::from_toml(DEMO).expect("a test reads the built-in scenario")
}

/// The text of [`demo`], as an example to start from.
pub const DEMO: &str = include_str!("demo.toml");

impl Scenario {
    /// Reads and checks a scenario.
    ///
    /// # Errors
    /// See [`ScenarioError`].
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text).map_err(|error| ScenarioError::Toml(Box::new(error)))?;
        scenario.check()?;
        Ok(scenario)
    }

    /// Where a place is; `None` if it is told neither way, or both ways, or is no place on earth.
    #[must_use]
    pub fn locate(&self, spot: &SpotSpec) -> Option<Geodetic> {
        let (latitude, longitude) = match (spot.latitude_deg, spot.longitude_deg, spot.east_m, spot.north_m) {
            (Some(latitude), Some(longitude), None, None) => (latitude, longitude),
            (None, None, Some(east), Some(north)) => {
                let ground = Geodetic { height_m: 0.0, ..self.origin.place()? };
                let plane = TangentPlane::at(ground);
                let foot = plane.to_geodetic(super::truth::along_the_ground(&ground, east, north));
                (foot.latitude_deg(), foot.longitude_deg())
            }
            _ => return None,
        };
        Geodetic::from_degrees(latitude, longitude, spot.height_m)
    }
}

impl Origin {
    /// The point; `None` if it is no place on earth.
    #[must_use]
    pub fn place(&self) -> Option<Geodetic> {
        Geodetic::from_degrees(self.latitude_deg, self.longitude_deg, self.height_m)
    }
}
