//! Targets as a person writes them down.

use serde::Deserialize;

use super::SpotSpec;

/// What moves.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Target {
    /// What people call it.
    pub name: String,
    /// What it is.
    pub class: TargetClass,
    /// Where it appears.
    pub start: SpotSpec,
    /// Where to, degrees clockwise from true north.
    pub heading_deg: f64,
    /// How fast over ground, metres per second.
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
    /// What answers secondary radar; without it the target is dark.
    pub transponder: Option<Transponder>,
    /// What tells its position to everybody; needs a transponder.
    pub adsb: Option<AdsbOut>,
    /// Whether it emits what a direction finder hears: a control or video link.
    #[serde(default)]
    pub radio_emitter: bool,
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
