//! What only a drone radar with ASTERIX CAT015 has.

use fusion_core::angle::Angle;
use fusion_core::identity::ObjectClass;
use fusion_core::measurement::Coverage;
use sensor_drivers::asterix::drone_radar::{ClassMeaning, Tracks};
use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::sensors::within;

/// What only a drone radar with ASTERIX CAT015 has.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct DroneRadarSection {
    /// What its silence says.
    pub coverage: CoverageConfig,
    /// Where the sector at which it stares begins, degrees.
    pub sector_from_deg: f64,
    /// How far that sector goes clockwise, degrees.
    pub sector_width_deg: f64,
    /// What its own tracks count as.
    pub tracks: TracksConfig,
    /// One sigma along each axis of a position that tells no error, metres.
    pub horizontal_sigma_m: f64,
    /// One sigma along each axis of the velocity of a track that tells no error, m/s.
    pub velocity_sigma_m_s: f64,
    /// What the numbers of its classes mean.
    pub classes: ClassesConfig,
}

impl Default for DroneRadarSection {
    fn default() -> Self {
        Self {
            coverage: CoverageConfig::Reports,
            sector_from_deg: 0.0,
            sector_width_deg: 360.0,
            tracks: TracksConfig::SourceTracks,
            horizontal_sigma_m: 20.0,
            velocity_sigma_m_s: 3.0,
            classes: ClassesConfig::default(),
        }
    }
}

/// What a sensor's silence says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CoverageConfig {
    /// Nothing.
    #[default]
    Reports,
    /// That there was nothing in the sector, at every update.
    Sector,
}

/// What a sensor's own tracks count as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TracksConfig {
    /// As estimates made elsewhere.
    #[default]
    SourceTracks,
    /// As measurements.
    Measurements,
    /// As nothing.
    Ignored,
}

/// The numbers of classes, by what they mean.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ClassesConfig {
    /// Aircraft with people aboard.
    pub air: Vec<u16>,
    /// Helicopters.
    pub rotary: Vec<u16>,
    /// Unmanned aircraft.
    pub uav: Vec<u16>,
    /// Vessels.
    pub surface: Vec<u16>,
    /// Vehicles and people on the ground.
    pub ground: Vec<u16>,
}

impl ClassesConfig {
    /// As the driver takes them.
    #[must_use]
    pub fn meanings(&self) -> Vec<ClassMeaning> {
        let words = [
            (&self.air, ObjectClass::Air),
            (&self.rotary, ObjectClass::Rotary),
            (&self.uav, ObjectClass::Uav),
            (&self.surface, ObjectClass::Surface),
            (&self.ground, ObjectClass::Ground),
        ];
        let meaning = |(numbers, meaning): (&Vec<u16>, ObjectClass)| {
            numbers.iter().map(move |&class| ClassMeaning { class, meaning }).collect::<Vec<_>>()
        };
        words.into_iter().flat_map(meaning).collect()
    }
}

impl DroneRadarSection {
    /// What a look covers.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        match self.coverage {
            CoverageConfig::Reports => Coverage::Reports,
            CoverageConfig::Sector => Coverage::Sector {
                from: Angle::from_degrees(self.sector_from_deg),
                width_rad: self.sector_width_deg.to_radians(),
            },
        }
    }

    /// What its own tracks count as.
    #[must_use]
    pub const fn tracks(&self) -> Tracks {
        match self.tracks {
            TracksConfig::SourceTracks => Tracks::SourceTracks,
            TracksConfig::Measurements => Tracks::Measurements,
            TracksConfig::Ignored => Tracks::Ignored,
        }
    }

    /// Checks ranges.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn check(&self, key: &str) -> Result<(), ConfigError> {
        within(key, "drone-radar.sector-from-deg", self.sector_from_deg, 0.0, 360.0)?;
        within(key, "drone-radar.sector-width-deg", self.sector_width_deg, 1.0, 360.0)?;
        within(key, "drone-radar.horizontal-sigma-m", self.horizontal_sigma_m, 0.01, 1e5)?;
        within(key, "drone-radar.velocity-sigma-m-s", self.velocity_sigma_m_s, 0.01, 1e3)
    }
}
