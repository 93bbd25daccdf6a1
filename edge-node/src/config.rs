//! The configuration: one TOML file, kebab-case, units in the key names, unknown keys refused with a suggestion.
//!
//! Every key with its unit, range and default stands in docs/CONFIG.md; a test holds the two together. Reading has two
//! steps: [`Config::parse`] checks form (types, unknown keys), [`Config::check`] checks sense (ranges, references).

pub mod ais;
pub mod audience;
pub mod cat062;
pub mod console;
pub mod cot;
pub mod endpoint;
pub mod history;
pub mod intake;
pub mod journal;
pub mod keys;
pub mod klv;
pub mod kraken;
pub mod label;
pub mod mesh;
pub mod registration;
pub mod reload;
pub mod sapient_out;
pub mod sensors;
pub mod sensors_asterix;
pub mod sensors_direction_finder;
pub mod sensors_drone_radar;
pub mod sensors_drones;
pub mod sensors_sapient;
pub mod sensors_source_tracks;
pub mod sight;
pub mod tak;
pub mod tracker;

use core::fmt;
use std::path::PathBuf;

use fusion_core::geodesy::Geodetic;
use serde::{Deserialize, Serialize};

pub use cat062::Cat062Config;
pub use console::ConsoleConfig;
pub use endpoint::Endpoint;
pub use history::HistoryConfig;
pub use journal::JournalConfig;
pub use keys::KeysConfig;
pub use label::LabelConfig;
pub use mesh::MeshConfig;
pub use sapient_out::SapientOutConfig;
use sensors::within;
pub use sensors::{SensorConfig, SensorKind};
pub use tak::TakConfig;
pub use tracker::TrackerSettings;

/// Sensors on one node at the most.
///
/// No counter: a configuration with more is refused.
pub const SENSORS_MAX: usize = 64;

/// A node's whole configuration.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Who and where this node is.
    pub node: NodeConfig,
    /// What it listens to.
    #[serde(default)]
    pub sensors: Vec<SensorConfig>,
    /// How it tracks.
    #[serde(default)]
    pub tracker: TrackerSettings,
    /// The web console.
    #[serde(default)]
    pub console: ConsoleConfig,
    /// This node's keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<KeysConfig>,
    /// zenoh.
    #[serde(default)]
    pub mesh: MeshConfig,
    /// What the picture was.
    #[serde(default)]
    pub history: HistoryConfig,
    /// Who is told the picture in Cursor on Target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tak: Vec<TakConfig>,
    /// Who is told the picture as system tracks of ASTERIX.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cat062: Vec<Cat062Config>,
    /// Which SAPIENT middlewares are told the picture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sapient_out: Vec<SapientOutConfig>,
    /// Recording of what came in.
    #[serde(default)]
    pub recorder: RecorderConfig,
    /// What is kept for the next start.
    #[serde(default)]
    pub journal: JournalConfig,
}

/// Who and where a node is.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NodeConfig {
    /// Name, unique in the mesh: 1 to 32 of `a–z 0–9 -`.
    pub name: String,
    /// Latitude of the origin of the tangent plane, degrees.
    pub latitude_deg: f64,
    /// Longitude of the origin of the tangent plane, degrees.
    pub longitude_deg: f64,
    /// Height of the origin above the WGS-84 ellipsoid, metres.
    #[serde(default)]
    pub height_m: f64,
    /// Where the node keeps its state; without it the incarnation is taken from the clock at every start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_directory: Option<PathBuf>,
    /// What is logged; without it, what the command line asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogLevel>,
}

/// What is logged: this and whatever is graver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// What ended.
    Error,
    /// What somebody should look after.
    Warn,
    /// What became of sensors, neighbours and receivers.
    Info,
    /// What was refused, and why; with positions and identities.
    Debug,
    /// Everything.
    Trace,
}

impl Default for NodeConfig {
    fn default() -> Self {
        let (name, latitude_deg, longitude_deg, height_m) = ("copmesh".into(), 0.0, 0.0, 0.0);
        Self { name, latitude_deg, longitude_deg, height_m, state_directory: None, log: None }
    }
}

/// Recording of the exact bytes that came in.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RecorderConfig {
    /// MCAP file to write; without it nothing is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// A file is ended and the next begun at this size, MiB.
    pub file_size_mib: u32,
    /// A file is ended and the next begun at this age, seconds.
    pub file_age_s: f64,
    /// All files of this name together: the oldest are removed so that they stay within it, MiB.
    pub disk_total_mib: u32,
    /// With less room than this on the disk nothing is recorded, MiB.
    pub disk_reserve_mib: u32,
}

impl Default for RecorderConfig {
    fn default() -> Self {
        Self { file: None, file_size_mib: 1024, file_age_s: 3600.0, disk_total_mib: 65_536, disk_reserve_mib: 1024 }
    }
}

impl RecorderConfig {
    fn check(&self) -> Result<(), ConfigError> {
        let total_min = f64::from(self.file_size_mib);
        let ranges = [
            ("file-size-mib", f64::from(self.file_size_mib), 1.0, 4096.0),
            ("file-age-s", self.file_age_s, 1.0, 14_400.0),
            ("disk-total-mib", f64::from(self.disk_total_mib), total_min, 16_777_216.0),
            ("disk-reserve-mib", f64::from(self.disk_reserve_mib), 0.0, 16_777_216.0),
        ];
        ranges.into_iter().try_for_each(|(name, value, low, high)| within("recorder", name, value, low, high))
    }
}

/// Why a configuration is refused. Tells the key and the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Where: a key path such as `sensors[2].azimuth-sigma-deg`, or empty if the text itself says it.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.key, self.message) }
    }
}

impl core::error::Error for ConfigError {}

impl ConfigError {
    /// An error at a key.
    #[must_use]
    pub fn at(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into() }
    }
}

impl Config {
    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// [`ConfigError`] with line and column for faults of form, with the key path for faults of sense.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|e| ConfigError::at("", explain(&e)))?;
        config.check()?;
        Ok(config)
    }

    /// The configuration as TOML, as it is kept inside recordings.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a configuration is plain tables, strings and numbers")
    }

    /// Checks what types cannot: ranges, uniqueness, needed combinations.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn check(&self) -> Result<(), ConfigError> {
        self.node.check()?;
        if self.sensors.len() > SENSORS_MAX {
            let found = self.sensors.len();
            return Err(ConfigError::at("sensors", format!("{found} sensors; at most {SENSORS_MAX} fit one node")));
        }
        for (i, sensor) in self.sensors.iter().enumerate() {
            sensor.check(&format!("sensors[{i}]"))?;
            if let Some(j) = self.sensors[..i].iter().position(|other| other.name == sensor.name) {
                let message = format!("\"{}\" is already the name of sensors[{j}]; names must differ", sensor.name);
                return Err(ConfigError::at(format!("sensors[{i}].name"), message));
            }
        }
        self.tracker.check()?;
        self.recorder.check()?;
        self.history.check()?;
        self.journal.check()?;
        self.keys.as_ref().map_or(Ok(()), KeysConfig::check)?;
        self.mesh.check(&self.node.name, self.keys.is_some())?;
        self.mesh.check_audience()?;
        tak::check(&self.tak)?;
        cat062::check(&self.cat062)?;
        sapient_out::check(&self.sapient_out)?;
        self.console.check()
    }
}

impl NodeConfig {
    /// The origin of the node's tangent plane.
    ///
    /// # Errors
    /// [`ConfigError`] if it is no place on earth.
    pub fn origin(&self) -> Result<Geodetic, ConfigError> {
        Geodetic::from_degrees(self.latitude_deg, self.longitude_deg, self.height_m).ok_or_else(|| {
            ConfigError::at("node.latitude-deg", "latitude-deg, longitude-deg and height-m are no place on earth")
        })
    }

    fn check(&self) -> Result<(), ConfigError> {
        if !is_name(&self.name) {
            return Err(ConfigError::at("node.name", "must be 1 to 32 of a–z, 0–9 and '-'"));
        }
        self.origin().map(|_| ())
    }
}

/// Names travel in zenoh keys, so they are kept plain.
pub(crate) fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=32).contains(&text.len()) && text.bytes().all(plain)
}

/// The parser's message, with the nearest known key where it complains of an unknown one.
fn explain(error: &toml::de::Error) -> String {
    let text = error.to_string();
    let quoted: Vec<&str> = error.message().split('`').skip(1).step_by(2).collect();
    match quoted.split_first() {
        Some((unknown, known)) if error.message().starts_with("unknown") => match nearest(unknown, known) {
            Some(best) => format!("{}\ndid you mean `{best}`?", text.trim_end()),
            None => text,
        },
        _ => text,
    }
}

/// The key that was meant: one of which only the end is missing (usually its unit), else one a few slips away.
fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let ends_early = |k: &str| k.strip_prefix(unknown).is_some_and(|rest| rest.starts_with('-'));
    let distance = |k: &str| if ends_early(k) { 1 } else { strsim::damerau_levenshtein(unknown, k) };
    let scored = known.iter().map(|&k| (distance(k), k));
    scored.min().filter(|(distance, k)| *distance * 2 <= k.len().max(3)).map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = "[node]\nname = \"alpha\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n";

    fn refusal(text: &str) -> String {
        Config::parse(text).expect_err("must be refused").to_string()
    }

    #[test]
    fn the_smallest_configuration_is_a_named_place() {
        let config = Config::parse(MINIMAL).expect("valid");
        assert_eq!(config.console.listen, "127.0.0.1:8477");
    }

    #[test]
    fn an_unknown_key_is_refused_with_line_and_nearest_key() {
        let message = refusal(&MINIMAL.replace("latitude-deg", "lattitude-deg"));
        assert!(message.contains("line 3") && message.contains("did you mean `latitude-deg`?"), "{message}");
    }

    #[test]
    fn a_place_off_the_earth_is_refused_by_key() {
        assert!(refusal(&MINIMAL.replace("52.0", "152.0")).starts_with("node.latitude-deg"));
    }

    #[test]
    fn what_is_written_out_reads_back_the_same() {
        let config = Config::parse(MINIMAL).expect("valid");
        assert_eq!(Config::parse(&config.to_toml()), Ok(config));
    }
}
