//! Sensors as a person writes them down, and their usual figures.

use fusion_core::angle::Angle;
use serde::Deserialize;

use super::{DroneCamera, Faults, SpotSpec, TargetClass};

/// What looks or listens.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SensorSpec {
    /// A rotating surveillance radar, primary and secondary.
    Radar(Radar),
    /// Hears ADS-B.
    AdsbReceiver(AdsbReceiver),
    /// A radar against small drones that sees its whole field of view at once.
    DroneRadar(DroneRadar),
    /// Hears emitters and tells their bearings.
    DirectionFinder(DirectionFinder),
    /// Hears AIS.
    AisReceiver(AisReceiver),
    /// Hears Remote ID.
    RemoteIdReceiver(RemoteIdReceiver),
    /// A camera on a target.
    DroneCamera(DroneCamera),
}

/// What a rotating radar speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RadarEncoder {
    /// ASTERIX CAT048 plots and CAT034 service messages.
    #[default]
    AsterixCat048,
    /// Generic plots, a line a sector.
    Plots,
}

/// What an ADS-B receiver speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdsbEncoder {
    /// Mode S frames in Beast form.
    #[default]
    Beast,
}

/// What a drone radar speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DroneRadarEncoder {
    /// Generic plots, a line a look.
    #[default]
    Plots,
    /// ASTERIX CAT015 plots.
    AsterixCat015,
    /// SAPIENT: registration, status, a detection for each return. It tells no range rate.
    Sapient,
}

/// What a direction finder speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FinderEncoder {
    /// Generic plots, a line a report.
    #[default]
    Plots,
    /// ASTERIX CAT205, bearings of one sensor.
    AsterixCat205,
    /// SAPIENT: a passive radio node.
    Sapient,
}

/// What an AIS receiver speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AisEncoder {
    /// Generic plots, a line a position.
    #[default]
    Plots,
    /// NMEA 0183 sentences, `!AIVDM`.
    Nmea,
}

/// What a Remote ID receiver speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemoteIdEncoder {
    /// Generic plots, a line a position.
    #[default]
    Plots,
    /// What was heard, packs of ASTM F3411, as lines of JSON.
    RemoteId,
    /// `OPEN_DRONE_ID_*` of MAVLink.
    Mavlink,
}

/// A rotating surveillance radar. It tells north markers and sector crossings, and the plots of a sector when the
/// antenna leaves it; the antenna points north at the start.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Radar {
    /// What people call it.
    pub name: String,
    /// Where its antenna is.
    pub position: SpotSpec,
    /// Time of one turn, seconds.
    #[serde(default = "default::turn_s")]
    pub period_s: f64,
    /// Instrumented slant range, metres.
    #[serde(default = "default::radar_range_m")]
    pub range_max_m: f64,
    /// Where it looks; all around, if not told.
    pub field_of_view: Option<Sector>,
    /// Lowest elevation that it sees, degrees.
    #[serde(default = "default::radar_elevation_min_deg")]
    pub elevation_min_deg: f64,
    /// Highest elevation that it sees, degrees.
    #[serde(default = "default::radar_elevation_max_deg")]
    pub elevation_max_deg: f64,
    /// P_D of a target with a transponder.
    #[serde(default = "default::secondary_detection")]
    pub detection_probability: f64,
    /// P_D of a target without one.
    #[serde(default = "default::primary_detection")]
    pub primary_detection_probability: f64,
    /// One sigma of the slant range of a target with a transponder, metres.
    #[serde(default = "default::secondary_range_sigma_m")]
    pub range_sigma_m: f64,
    /// One sigma of the azimuth of a target with a transponder, degrees.
    #[serde(default = "default::secondary_azimuth_sigma_deg")]
    pub azimuth_sigma_deg: f64,
    /// One sigma of the slant range of a target without one, metres.
    #[serde(default = "default::primary_range_sigma_m")]
    pub primary_range_sigma_m: f64,
    /// One sigma of the azimuth of a target without one, degrees.
    #[serde(default = "default::primary_azimuth_sigma_deg")]
    pub primary_azimuth_sigma_deg: f64,
    /// False plots expected in one turn, spread evenly over range and azimuth.
    #[serde(default = "default::radar_clutter")]
    pub clutter_per_scan: f64,
    /// What it can see: small drones are below its threshold unless named here.
    #[serde(default = "default::manned_aircraft")]
    pub sees: Vec<TargetClass>,
    /// System area code of the radar.
    pub sac: u8,
    /// System identification code of the radar.
    pub sic: u8,
    /// Time from leaving a sector to its plots being sent, milliseconds.
    #[serde(default = "default::radar_latency_ms")]
    pub latency_ms: f64,
    /// What it speaks.
    #[serde(default)]
    pub encoder: RadarEncoder,
    /// Where its bytes go, where nobody says otherwise: `udp:`, `tcp:` or `tcp-listen://HOST:PORT`.
    pub endpoint: Option<String>,
    /// What goes wrong with it.
    #[serde(default)]
    pub faults: Faults,
}

/// Hears ADS-B.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AdsbReceiver {
    /// What people call it.
    pub name: String,
    /// Where its antenna is.
    pub position: SpotSpec,
    /// How far it hears, metres.
    #[serde(default = "default::receiver_range_m")]
    pub range_max_m: f64,
    /// Share of messages that it misses, 0 to 1.
    #[serde(default = "default::message_loss")]
    pub message_loss: f64,
    /// Time from a message to its bytes being sent on, milliseconds.
    #[serde(default = "default::receiver_latency_ms")]
    pub latency_ms: f64,
    /// What it speaks.
    #[serde(default)]
    pub encoder: AdsbEncoder,
    /// Where its bytes go, where nobody says otherwise: `udp:`, `tcp:` or `tcp-listen://HOST:PORT`.
    pub endpoint: Option<String>,
    /// What goes wrong with it.
    #[serde(default)]
    pub faults: Faults,
}

/// A radar against small drones.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DroneRadar {
    /// What people call it.
    pub name: String,
    /// Where its antenna is.
    pub position: SpotSpec,
    /// Time from look to look, seconds.
    #[serde(default = "default::look_s")]
    pub period_s: f64,
    /// Instrumented slant range, metres.
    #[serde(default = "default::drone_range_m")]
    pub range_max_m: f64,
    /// Where it looks; all around, if not told.
    pub field_of_view: Option<Sector>,
    /// Lowest elevation that it sees, degrees.
    #[serde(default = "default::drone_elevation_min_deg")]
    pub elevation_min_deg: f64,
    /// Highest elevation that it sees, degrees.
    #[serde(default = "default::drone_elevation_max_deg")]
    pub elevation_max_deg: f64,
    /// P_D.
    #[serde(default = "default::primary_detection")]
    pub detection_probability: f64,
    /// One sigma of the slant range, metres.
    #[serde(default = "default::drone_range_sigma_m")]
    pub range_sigma_m: f64,
    /// One sigma of the azimuth, degrees.
    #[serde(default = "default::drone_azimuth_sigma_deg")]
    pub azimuth_sigma_deg: f64,
    /// One sigma of the elevation, degrees.
    #[serde(default = "default::drone_elevation_sigma_deg")]
    pub elevation_sigma_deg: f64,
    /// One sigma of the range rate, metres per second.
    #[serde(default = "default::drone_rate_sigma_m_s")]
    pub range_rate_sigma_m_s: f64,
    /// False plots expected in one look, spread evenly over what it measures.
    #[serde(default = "default::drone_clutter")]
    pub clutter_per_scan: f64,
    /// What it can see.
    #[serde(default = "default::everything")]
    pub sees: Vec<TargetClass>,
    /// Share of what it sees that it says the class of: rightly, and of false plots never. 0 to 1.
    #[serde(default)]
    pub classified_share: f64,
    /// System area code, where it speaks ASTERIX.
    #[serde(default)]
    pub sac: u8,
    /// System identification code, where it speaks ASTERIX.
    #[serde(default)]
    pub sic: u8,
    /// Time from a look to its line being sent, milliseconds.
    #[serde(default = "default::plot_latency_ms")]
    pub latency_ms: f64,
    /// What it speaks.
    #[serde(default)]
    pub encoder: DroneRadarEncoder,
    /// Where its bytes go, where nobody says otherwise: `udp:`, `tcp:` or `tcp-listen://HOST:PORT`.
    pub endpoint: Option<String>,
    /// What goes wrong with it.
    #[serde(default)]
    pub faults: Faults,
}

/// A sector of azimuths.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Sector {
    /// Where it begins, degrees clockwise from true north.
    pub from_deg: f64,
    /// How far it goes clockwise, degrees.
    pub width_deg: f64,
}

/// Hears emitters and tells their bearings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DirectionFinder {
    /// What people call it.
    pub name: String,
    /// Where its antenna is.
    pub position: SpotSpec,
    /// Time from report to report, seconds.
    #[serde(default = "default::look_s")]
    pub period_s: f64,
    /// How far it hears, metres.
    #[serde(default = "default::finder_range_m")]
    pub range_max_m: f64,
    /// Where it looks; all around, if not told.
    pub field_of_view: Option<Sector>,
    /// Lowest and highest frequency that it hears, megahertz; everything, if not told.
    pub band_mhz: Option<[f64; 2]>,
    /// P_D of an emitter in one report.
    #[serde(default = "default::finder_detection")]
    pub detection_probability: f64,
    /// One sigma of the bearing, degrees.
    #[serde(default = "default::finder_sigma_deg")]
    pub azimuth_sigma_deg: f64,
    /// Share of bearings that are anything (reflections), 0 to 1.
    #[serde(default = "default::outlier_share")]
    pub outlier_share: f64,
    /// System area code, where it speaks ASTERIX.
    #[serde(default)]
    pub sac: u8,
    /// System identification code, where it speaks ASTERIX.
    #[serde(default)]
    pub sic: u8,
    /// Time from a measurement to its line being sent, milliseconds.
    #[serde(default = "default::plot_latency_ms")]
    pub latency_ms: f64,
    /// What it speaks.
    #[serde(default)]
    pub encoder: FinderEncoder,
    /// Where its bytes go, where nobody says otherwise: `udp:`, `tcp:` or `tcp-listen://HOST:PORT`.
    pub endpoint: Option<String>,
    /// What goes wrong with it.
    #[serde(default)]
    pub faults: Faults,
}

/// Hears AIS.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AisReceiver {
    /// What people call it.
    pub name: String,
    /// Where its antenna is.
    pub position: SpotSpec,
    /// How far it hears, metres.
    #[serde(default = "default::ais_range_m")]
    pub range_max_m: f64,
    /// Share of messages that it misses, 0 to 1.
    #[serde(default = "default::message_loss")]
    pub message_loss: f64,
    /// Time from a message to its bytes being sent on, milliseconds.
    #[serde(default = "default::plot_latency_ms")]
    pub latency_ms: f64,
    /// What it speaks.
    #[serde(default)]
    pub encoder: AisEncoder,
    /// Where its bytes go, where nobody says otherwise: `udp:`, `tcp:` or `tcp-listen://HOST:PORT`.
    pub endpoint: Option<String>,
    /// What goes wrong with it.
    #[serde(default)]
    pub faults: Faults,
}

/// Hears Remote ID.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RemoteIdReceiver {
    /// What people call it.
    pub name: String,
    /// Where its antenna is.
    pub position: SpotSpec,
    /// How far it hears, metres.
    #[serde(default = "default::remote_id_range_m")]
    pub range_max_m: f64,
    /// Share of messages that it misses, 0 to 1.
    #[serde(default = "default::remote_id_loss")]
    pub message_loss: f64,
    /// Time from a message to its bytes being sent on, milliseconds.
    #[serde(default = "default::plot_latency_ms")]
    pub latency_ms: f64,
    /// What it speaks.
    #[serde(default)]
    pub encoder: RemoteIdEncoder,
    /// Where its bytes go, where nobody says otherwise: `udp:`, `tcp:` or `tcp-listen://HOST:PORT`.
    pub endpoint: Option<String>,
    /// What goes wrong with it.
    #[serde(default)]
    pub faults: Faults,
}

/// The same question to whichever sensor it is.
macro_rules! of_each {
    ($sensor:expr, $spec:ident => $answer:expr) => {
        match $sensor {
            Self::Radar($spec) => $answer,
            Self::AdsbReceiver($spec) => $answer,
            Self::DroneRadar($spec) => $answer,
            Self::DirectionFinder($spec) => $answer,
            Self::AisReceiver($spec) => $answer,
            Self::RemoteIdReceiver($spec) => $answer,
            Self::DroneCamera($spec) => $answer,
        }
    };
}

impl SensorSpec {
    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        of_each!(self, spec => &spec.name)
    }

    /// Where its antenna is; `None` of what is carried about.
    #[must_use]
    pub const fn position(&self) -> Option<&SpotSpec> {
        match self {
            Self::Radar(spec) => Some(&spec.position),
            Self::AdsbReceiver(spec) => Some(&spec.position),
            Self::DroneRadar(spec) => Some(&spec.position),
            Self::DirectionFinder(spec) => Some(&spec.position),
            Self::AisReceiver(spec) => Some(&spec.position),
            Self::RemoteIdReceiver(spec) => Some(&spec.position),
            Self::DroneCamera(_) => None,
        }
    }

    /// How far it sees or hears, metres.
    #[must_use]
    pub const fn range_max_m(&self) -> f64 {
        of_each!(self, spec => spec.range_max_m)
    }

    /// Where its bytes go, if the scenario says so.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        of_each!(self, spec => spec.endpoint.as_deref())
    }

    /// What goes wrong with it.
    #[must_use]
    pub const fn faults(&self) -> &Faults {
        of_each!(self, spec => &spec.faults)
    }

    /// The same, for who wants to spoil it.
    pub const fn faults_mut(&mut self) -> &mut Faults {
        of_each!(self, spec => &mut spec.faults)
    }
}

impl Sector {
    /// Whether an azimuth lies in it.
    #[must_use]
    pub fn holds(&self, azimuth: Angle) -> bool {
        self.width_deg >= 360.0 || (azimuth - Angle::from_degrees(self.from_deg)).turn() < self.width_deg.to_radians()
    }
}

/// Usual figures. Surveillance radar: EUROCONTROL SUR.ET1.ST01 (secondary 70 m, 0.08°, P_D 0.97; primary 120 m, 0.15°,
/// P_D 0.9). Drone radar: electronically scanned, short range (4 m, 1°, 1.5°, 0.5 m/s). Direction finder: a small
/// array in UHF, 3° and 7 % reflections.
mod default {
    use super::TargetClass;

    macro_rules! figures {
        ($($name:ident = $value:expr;)*) => { $(pub(super) const fn $name() -> f64 { $value })* };
    }

    figures! {
        turn_s = 4.0;
        radar_range_m = 100e3;
        secondary_detection = 0.97;
        primary_detection = 0.9;
        secondary_range_sigma_m = 70.0;
        secondary_azimuth_sigma_deg = 0.08;
        primary_range_sigma_m = 120.0;
        primary_azimuth_sigma_deg = 0.15;
        radar_clutter = 5.0;
        radar_latency_ms = 150.0;
        receiver_range_m = 250e3;
        message_loss = 0.1;
        receiver_latency_ms = 5.0;
        look_s = 1.0;
        drone_range_m = 8e3;
        drone_range_sigma_m = 4.0;
        drone_azimuth_sigma_deg = 1.0;
        drone_elevation_sigma_deg = 1.5;
        drone_rate_sigma_m_s = 0.5;
        drone_clutter = 2.0;
        plot_latency_ms = 80.0;
        finder_range_m = 15e3;
        finder_detection = 0.85;
        finder_sigma_deg = 3.0;
        outlier_share = 0.07;
        radar_elevation_min_deg = 0.0;
        radar_elevation_max_deg = 50.0;
        drone_elevation_min_deg = -5.0;
        drone_elevation_max_deg = 75.0;
        ais_range_m = 60e3;
        remote_id_range_m = 3e3;
        remote_id_loss = 0.2;
    }

    pub(super) fn manned_aircraft() -> Vec<TargetClass> {
        vec![TargetClass::Airliner, TargetClass::LightAircraft, TargetClass::Helicopter]
    }

    pub(super) fn everything() -> Vec<TargetClass> {
        [manned_aircraft(), vec![TargetClass::SmallDrone, TargetClass::Vessel, TargetClass::GroundVehicle]].concat()
    }
}
