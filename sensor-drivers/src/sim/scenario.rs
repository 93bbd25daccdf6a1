//! What is simulated: targets with their manoeuvres and equipment, sensors with their errors. Read from TOML.
//!
//! Everything here is what a person writes down; [`Scenario::check`] refuses what cannot be, by the name of its key.
//! Heights are above the WGS-84 ellipsoid, headings and azimuths clockwise from true north.

use core::fmt::{self, Display, Formatter};

use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::time::Timestamp;
use serde::Deserialize;

mod camera;
mod check;
mod faults;
mod network;
mod sensor;
mod shipped;
mod target;
mod traffic;

pub use camera::{CameraEncoder, DroneCamera};
pub use faults::{ClockStep, Faults, Spell};
pub use network::{LinkSpec, NodeSpec};
pub use sensor::{
    AdsbEncoder, AdsbReceiver, AisEncoder, AisReceiver, DirectionFinder, DroneRadar, DroneRadarEncoder, FinderEncoder,
    Radar, RadarEncoder, RemoteIdEncoder, RemoteIdReceiver, Sector, SensorSpec,
};
pub use shipped::{SHIPPED, Shipped, demo, shipped};
pub use target::{AdsbOut, AisOut, AisType, Emitter, Leg, PathSpec, RemoteIdOut, Target, TargetClass, Transponder};
pub use traffic::{Area, Traffic};

/// Targets in a scenario at the most.
///
/// No counter: a scenario with more is refused.
pub const TARGETS_MAX: usize = 4096;
/// Sensors in a scenario at the most.
///
/// No counter: a scenario with more is refused.
pub const SENSORS_MAX: usize = 64;
/// Legs of one target at the most.
///
/// No counter: a scenario with more is refused.
pub const LEGS_MAX: usize = 256;
/// Nodes in a scenario at the most.
///
/// No counter: a scenario with more is refused.
pub const NODES_MAX: usize = 64;
/// Links in a scenario at the most.
///
/// No counter: a scenario with more is refused.
pub const LINKS_MAX: usize = 1024;
/// Spells (outages, cuts, silences) in one list at the most.
///
/// No counter: a scenario with more is refused.
pub const SPELLS_MAX: usize = 256;
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
    /// What it shows, in one line.
    #[serde(default)]
    pub about: String,
    /// How long it lasts, seconds.
    pub duration_s: f64,
    /// The seed of all chance where nobody asks for another.
    #[serde(default = "usual_seed")]
    pub seed: u64,
    /// When it begins if it is recorded, RFC 3339; live, it begins when it is started.
    pub start: Option<String>,
    /// Height of a target whose height nobody measures, for the nodes' trackers: metres above the ellipsoid.
    pub usual_height_m: Option<f64>,
    /// One sigma of that height, metres.
    pub usual_height_sigma_m: Option<f64>,
    /// The point that places in metres are counted from.
    pub origin: Origin,
    /// What moves.
    #[serde(rename = "target", default)]
    pub targets: Vec<Target>,
    /// What moves in numbers: each block stands for many targets, drawn by chance.
    #[serde(default)]
    pub traffic: Vec<Traffic>,
    /// What looks and listens. [`super::Emission::sensor`] counts in this order.
    #[serde(rename = "sensor", default)]
    pub sensors: Vec<SensorSpec>,
    /// Who fuses what; without any, one node hears every sensor.
    #[serde(rename = "node", default)]
    pub nodes: Vec<NodeSpec>,
    /// What connects the nodes.
    #[serde(rename = "link", default)]
    pub links: Vec<LinkSpec>,
}

const fn usual_seed() -> u64 {
    1
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

/// Gives the text of a file that a scenario names.
pub type ReadFile<'a> = &'a mut dyn FnMut(&str) -> Result<String, String>;

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

impl Scenario {
    /// Reads and checks a scenario that names no files.
    ///
    /// # Errors
    /// See [`ScenarioError`].
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        Self::from_toml_with(text, &mut |_| Err("a scenario without a place on disk has no files beside it".into()))
    }

    /// Reads and checks a scenario; `read` gives the text of the files that it names, or says why it cannot.
    ///
    /// # Errors
    /// See [`ScenarioError`].
    pub fn from_toml_with(text: &str, read: ReadFile<'_>) -> Result<Self, ScenarioError> {
        let mut scenario: Self = toml::from_str(text).map_err(|error| ScenarioError::Toml(Box::new(error)))?;
        scenario.load_paths(read)?;
        scenario.check()?;
        Ok(scenario)
    }

    fn load_paths(&mut self, read: ReadFile<'_>) -> Result<(), ScenarioError> {
        for (place, target) in self.targets.iter_mut().enumerate() {
            let Some(path) = &mut target.path else { continue };
            let key = |inner: &str| format!("target[{place}] ({}).{inner}", target.name);
            path.load(target.speed_m_s, read)
                .map_err(|(inner, reason)| ScenarioError::Value { key: key(inner), reason })?;
        }
        Ok(())
    }

    /// When it begins if nobody says otherwise: [`Scenario::start`], or 1 June 2024, 10:00 UTC.
    #[must_use]
    pub fn recorded_start(&self) -> Timestamp {
        let told = self.start.as_deref().and_then(crate::plots::from_rfc3339);
        told.unwrap_or(Timestamp::from_secs(1_717_236_000))
    }

    /// The same with every block of [`Scenario::traffic`] drawn: one entry among the targets for each.
    #[must_use]
    pub fn peopled(&self, seed: u64) -> Self {
        let mut peopled = Self { traffic: Vec::new(), ..self.clone() };
        for (block, traffic) in (0..).zip(&self.traffic) {
            peopled.targets.extend(traffic.draw(seed, block));
        }
        peopled
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
