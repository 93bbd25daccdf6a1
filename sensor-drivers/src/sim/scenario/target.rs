//! Targets as a person writes them down.

use serde::Deserialize;

use super::super::paths::{self, Waypoint};
use super::{ReadFile, Spell, SpotSpec};

/// What moves.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Target {
    /// What people call it.
    pub name: String,
    /// What it is.
    pub class: TargetClass,
    /// Where it appears; not with `path`.
    pub start: Option<SpotSpec>,
    /// Where to, degrees clockwise from true north.
    #[serde(default)]
    pub heading_deg: f64,
    /// How fast over ground, metres per second; along a `path` without times, all the way.
    #[serde(default)]
    pub speed_m_s: f64,
    /// When it appears, seconds from the start of the scenario.
    #[serde(default)]
    pub appear_s: f64,
    /// When it is gone, seconds from the start of the scenario; never, if not told.
    pub disappear_s: Option<f64>,
    /// After how many seconds another one like it appears, and so on: with the next address and callsign.
    pub again_every_s: Option<f64>,
    /// What it does, one after the other; after the last it goes straight on.
    #[serde(default)]
    pub legs: Vec<Leg>,
    /// Whether it begins its legs anew after the last.
    #[serde(default)]
    pub loop_legs: bool,
    /// A recorded path that it follows instead of legs; it is gone at the path's end.
    pub path: Option<PathSpec>,
    /// What answers secondary radar; without it the target is dark.
    pub transponder: Option<Transponder>,
    /// What tells its position to everybody; needs a transponder.
    pub adsb: Option<AdsbOut>,
    /// What tells a vessel's position and particulars to everybody; without it the vessel is dark.
    pub ais: Option<AisOut>,
    /// What tells a drone's position and serial number to everybody.
    pub remote_id: Option<RemoteIdOut>,
    /// What direction finders hear of it: a control or video link, a radar, a voice.
    pub emitter: Option<Emitter>,
}

impl Target {
    /// A target of a class that does nothing, has nothing and is nowhere yet.
    pub(super) const fn standing(class: TargetClass) -> Self {
        Self {
            name: String::new(),
            class,
            start: None,
            heading_deg: 0.0,
            speed_m_s: 0.0,
            appear_s: 0.0,
            disappear_s: None,
            again_every_s: None,
            legs: Vec::new(),
            loop_legs: false,
            path: None,
            transponder: None,
            adsb: None,
            ais: None,
            remote_id: None,
            emitter: None,
        }
    }
}

/// A recorded path: a file beside the scenario, or points written down in it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PathSpec {
    /// CSV, KML or GPX, told by its ending; relative to the scenario.
    pub file: Option<String>,
    /// `[seconds, latitude, longitude, height]` each.
    pub points: Option<Vec<[f64; 4]>>,
    /// Height above the ellipsoid of points that tell none, metres.
    #[serde(default)]
    pub height_m: f64,
    /// What was read, in the order of time, the first at zero.
    #[serde(skip)]
    pub waypoints: Vec<Waypoint>,
}

impl PathSpec {
    /// Reads what is named; a fault comes with its key.
    pub(super) fn load(&mut self, speed_m_s: f64, read: ReadFile<'_>) -> Result<(), (&'static str, String)> {
        self.waypoints = match (&self.file, &self.points) {
            (Some(file), None) => {
                let text = read(file).map_err(|reason| ("path.file", format!("{file}: {reason}")))?;
                paths::read(file, &text, self.height_m, speed_m_s)
                    .map_err(|fault| ("path.file", format!("{file}: {fault}")))?
            }
            (None, Some(points)) => paths::from_points(points).map_err(|fault| ("path.points", fault.to_string()))?,
            _ => return Err(("path", "give either file or points".into())),
        };
        Ok(())
    }
}

/// What a direction finder hears of a target.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Emitter {
    /// Where in the spectrum, megahertz.
    pub frequency_mhz: f64,
    /// For how long it is on, seconds; for ever, if not told.
    pub on_s: Option<f64>,
    /// For how long it is off in between, seconds.
    #[serde(default)]
    pub off_s: f64,
}

impl Emitter {
    /// Whether it is on so many seconds after the target's appearance.
    #[must_use]
    pub fn is_on(&self, seconds: f64) -> bool {
        self.on_s.is_none_or(|on| {
            let beat = on + self.off_s;
            seconds - fusion_core::maths::floor(seconds / beat) * beat < on
        })
    }
}

/// What an AIS transponder tells.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AisOut {
    /// Nine digits; later appearances of the target count up.
    pub mmsi: u32,
    /// Of the vessel: at most 20 of A–Z, 0–9 and blank.
    pub name: String,
    /// Radio call sign: at most 7 of A–Z and 0–9.
    #[serde(default)]
    pub callsign: String,
    /// What it is.
    #[serde(default)]
    pub ship_type: AisType,
    /// Over all, metres.
    #[serde(default = "usual_length_m")]
    pub length_m: f64,
    /// Metres.
    #[serde(default = "usual_beam_m")]
    pub beam_m: f64,
    /// Whether it is the small kind of transponder, which speaks half as often and tells less.
    #[serde(default)]
    pub class_b: bool,
    /// When it is switched off, seconds from the start of the scenario.
    #[serde(default)]
    pub silent: Vec<Spell>,
}

/// What a vessel says it is (ITU-R M.1371-5, table 53).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AisType {
    /// Says nothing.
    #[default]
    Unknown,
    /// Fishing.
    Fishing,
    /// Pleasure craft.
    Pleasure,
    /// Pilot vessel.
    Pilot,
    /// Search and rescue.
    Rescue,
    /// Tug.
    Tug,
    /// Passengers, ferries.
    Passenger,
    /// Cargo.
    Cargo,
    /// Tanker.
    Tanker,
}

const fn usual_length_m() -> f64 {
    30.0
}

const fn usual_beam_m() -> f64 {
    8.0
}

/// What a drone tells by Remote ID (ASTM F3411).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RemoteIdOut {
    /// Serial number: 1 to 20 visible characters.
    pub serial: String,
    /// One sigma of the position that it tells, metres along each axis.
    #[serde(default = "usual_remote_id_sigma_m")]
    pub position_sigma_m: f64,
}

const fn usual_remote_id_sigma_m() -> f64 {
    3.0
}

/// What a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetClass {
    /// A jet or turboprop of an airline.
    Airliner,
    /// A small aircraft with one or two pistons.
    LightAircraft,
    /// A helicopter.
    Helicopter,
    /// An unmanned aircraft of a few kilograms.
    SmallDrone,
    /// A ship or boat.
    Vessel,
    /// A car, truck or tank; at no speed, whatever stands on the ground.
    GroundVehicle,
}

/// What a class can do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Performance {
    /// The fastest, metres per second over ground.
    pub(crate) speed_m_s_max: f64,
    /// The steepest, metres per second up or down.
    pub(crate) climb_m_s_max: f64,
    /// How it slows down to stand still and gets going again, metres per second squared; `None` if it cannot stand.
    pub(crate) stop_m_s2: Option<f64>,
}

impl TargetClass {
    /// What it can do: a generous envelope, whose purpose is to find mistakes.
    pub(crate) const fn performance(self) -> Performance {
        let (speed_m_s_max, climb_m_s_max, stop_m_s2) = match self {
            Self::Airliner => (350.0, 40.0, None),
            Self::LightAircraft => (150.0, 15.0, None),
            Self::Helicopter => (110.0, 15.0, Some(1.5)),
            Self::SmallDrone => (60.0, 15.0, Some(4.0)),
            Self::Vessel => (35.0, 0.0, Some(0.1)),
            Self::GroundVehicle => (45.0, 8.0, Some(2.0)),
        };
        Performance { speed_m_s_max, climb_m_s_max, stop_m_s2 }
    }
}

/// One manoeuvre.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Leg {
    /// Straight on, level unless told otherwise.
    Straight {
        /// How long, seconds.
        seconds: f64,
        /// Climb, metres per second, down negative.
        #[serde(default)]
        climb_m_s: f64,
    },
    /// A turn at constant speed.
    Turn {
        /// By how much, degrees; to the right positive, more than a full turn allowed.
        by_deg: f64,
        /// Rate of turn, degrees per second. Either this or the bank.
        rate_deg_s: Option<f64>,
        /// Angle of bank, degrees: the rate is g · tan(bank) / speed.
        bank_deg: Option<f64>,
        /// Climb, metres per second, down negative.
        #[serde(default)]
        climb_m_s: f64,
    },
    /// Straight on, up or down to a height.
    Climb {
        /// To which height above the ellipsoid, metres.
        to_height_m: f64,
        /// How fast, metres per second, of either sign.
        rate_m_s: f64,
    },
    /// Straight and level to another speed.
    Speed {
        /// To which, metres per second.
        to_m_s: f64,
        /// In how many seconds.
        seconds: f64,
    },
    /// Circles to the right, level.
    Hold {
        /// How long, seconds.
        seconds: f64,
        /// Rate of turn, degrees per second.
        #[serde(default = "standard_rate_deg_s")]
        rate_deg_s: f64,
    },
    /// Slows down, stands still, goes on as before. For what can.
    Hover {
        /// How long it stands, seconds.
        seconds: f64,
    },
}

/// A standard turn: a full circle in two minutes.
const fn standard_rate_deg_s() -> f64 {
    3.0
}

/// What answers secondary radar. Pressure altitude is taken to equal the height above the ellipsoid: standard weather.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Transponder {
    /// 24-bit ICAO address, six hexadecimal digits.
    pub icao: String,
    /// What it calls itself: at most eight of A–Z and 0–9.
    pub callsign: String,
    /// Mode 3/A code, four octal digits.
    #[serde(default = "conspicuity")]
    pub mode_3a: String,
    /// In which steps it tells its height, feet: 25 or 100.
    #[serde(default = "fine_step_ft")]
    pub altitude_step_ft: u32,
}

fn conspicuity() -> String {
    "1000".into()
}

const fn fine_step_ft() -> u32 {
    25
}

/// What tells its position to everybody (ADS-B out, version 2).
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AdsbOut {
    /// NACp that it tells and keeps, 1 to 11.
    #[serde(default = "usual_nac_p")]
    pub nac_p: u8,
    /// How old a position is when it is sent, milliseconds.
    #[serde(default = "usual_latency_ms")]
    pub latency_ms: f64,
}

const fn usual_nac_p() -> u8 {
    9
}

const fn usual_latency_ms() -> f64 {
    150.0
}
