//! What is known of each system on a link: its clocks, where it is, how it lies, where its camera looks.
//!
//! Components of one system share its place and attitude, but each counts time since its own boot.

use ::mavlink::dialects::common::{GLOBAL_POSITION_INT_DATA, GPS_RAW_INT_DATA, GpsFixType};
use fusion_core::geodesy::Geodetic;
use fusion_core::identity::ObjectClass;
use fusion_core::time::{Span, Timestamp};

use super::MavlinkConfig;
use super::clock::BootClock;
use super::sight::{FieldOfView, Quaternion};
use super::tally::Tally;
use crate::decoder::{NAVIGATION_ERROR_LASTS, Platform};
use crate::geoid;

/// Systems remembered at once. Beyond it the one that was silent longest is forgotten, and counted.
///
/// Counter: `evicted`.
pub const SYSTEMS_MAX: usize = 32;

/// Components of a system whose clocks are kept. Those of others are not believed, and counted.
///
/// Counter: `components_beyond_bound`.
pub const COMPONENTS_MAX: usize = 8;

/// A value and when it was true.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<T> {
    pub(super) time: Timestamp,
    pub(super) value: T,
}

/// How a body lies and how fast it turns, radians per second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attitude {
    pub(super) turn: Quaternion,
    pub(super) rate: f64,
}

/// Where and how fast.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fix {
    /// Height above the ellipsoid, as far as the undulation of the geoid is known.
    pub(super) position: Geodetic,
    pub(super) horizontal_sigma_m: f64,
    pub(super) vertical_sigma_m: f64,
    /// North, east, down; m/s.
    pub(super) velocity: [f64; 3],
}

/// What the satellite receiver says of itself.
#[derive(Clone, Copy, Debug)]
struct Gps {
    horizontal_sigma_m: Option<f64>,
    vertical_sigma_m: Option<f64>,
    /// Height of the geoid above the ellipsoid.
    undulation_m: Option<f64>,
}

/// One system.
#[derive(Debug)]
pub(super) struct System {
    pub(super) number: u32,
    pub(super) class: ObjectClass,
    clocks: heapless::Vec<(u8, BootClock), COMPONENTS_MAX>,
    gps: Option<At<Gps>>,
    pub(super) fix: Option<At<Fix>>,
    pub(super) attitude: Option<At<Attitude>>,
    pub(super) pointing: Option<At<Attitude>>,
    pub(super) view: Option<FieldOfView>,
    /// When its own position was last reported.
    pub(super) reported: Option<Timestamp>,
}

impl System {
    pub(super) const fn new(number: u32) -> Self {
        Self {
            number,
            class: ObjectClass::Uav,
            clocks: heapless::Vec::new(),
            gps: None,
            fix: None,
            attitude: None,
            pointing: None,
            view: None,
            reported: None,
        }
    }

    /// The clock of a component; `None` beyond the bound.
    pub(super) fn clock(&mut self, component: u8, tally: &mut Tally) -> Option<&mut BootClock> {
        let at = match self.clocks.iter().position(|(known, _)| *known == component) {
            Some(at) => at,
            None if self.clocks.push((component, BootClock::default())).is_ok() => self.clocks.len() - 1,
            None => {
                tally.components_beyond_bound += 1;
                return None;
            }
        };
        Some(&mut self.clocks[at].1)
    }

    /// Everything that was true by a clock that has been set since.
    pub(super) const fn forget_times(&mut self) {
        self.gps = None;
        self.fix = None;
        self.attitude = None;
        self.pointing = None;
        self.reported = None;
    }

    /// Takes in what the satellite receiver says; true if it has no place to tell.
    pub(super) fn handle_gps(&mut self, gps: &GPS_RAW_INT_DATA, time: Timestamp) -> bool {
        let fixed = !matches!(gps.fix_type, GpsFixType::GPS_FIX_TYPE_NO_GPS | GpsFixType::GPS_FIX_TYPE_NO_FIX);
        if !fixed || gps.lat == 0 && gps.lon == 0 {
            return true;
        }
        let metres = |millimetres: u32| (millimetres > 0).then(|| f64::from(millimetres) * 1e-3);
        let undulation = f64::from(gps.alt_ellipsoid) * 1e-3 - f64::from(gps.alt) * 1e-3;
        let told = gps.alt_ellipsoid != 0 && undulation.abs() < UNDULATION_MAX_M;
        let value = Gps {
            horizontal_sigma_m: metres(gps.h_acc),
            vertical_sigma_m: metres(gps.v_acc),
            undulation_m: told.then_some(undulation),
        };
        self.gps = Some(At { time, value });
        false
    }

    /// Takes in where the autopilot says it is; `None` if that is nowhere.
    pub(super) fn handle_position(
        &mut self,
        told: &GLOBAL_POSITION_INT_DATA,
        time: Timestamp,
        config: &MavlinkConfig,
    ) -> Option<At<Fix>> {
        let height_m = f64::from(told.alt) * 1e-3;
        let (position, no_geoid_sigma_m) = self.above_ellipsoid(place(told.lat, told.lon)?, height_m, config);
        let gps = self.gps.filter(|gps| (time - gps.time).abs() < GPS_AGE_MAX).map(|gps| gps.value);
        let vertical = gps.and_then(|gps| gps.vertical_sigma_m).unwrap_or(config.height_sigma_m);
        let fix = Fix {
            position,
            horizontal_sigma_m: gps.and_then(|gps| gps.horizontal_sigma_m).unwrap_or(config.position_sigma_m),
            vertical_sigma_m: vertical + no_geoid_sigma_m,
            velocity: [told.vx, told.vy, told.vz].map(|cm_s| f64::from(cm_s) * 0.01),
        };
        self.fix = Some(At { time, value: fix });
        self.fix
    }

    /// A place with its height above mean sea level taken to the ellipsoid, and what the geoid adds to its error: as
    /// configured, else as its own receiver knows it, else as modelled.
    pub(super) fn above_ellipsoid(&self, place: Geodetic, height_m: f64, config: &MavlinkConfig) -> (Geodetic, f64) {
        let undulation = config.undulation_m.or(self.gps.and_then(|gps| gps.value.undulation_m));
        geoid::above_ellipsoid(Geodetic { height_m, ..place }, undulation)
    }

    /// Where it is now, if it said so lately: carried on with its speed.
    pub(super) fn platform(&self, now: Timestamp, config: &MavlinkConfig) -> Option<Platform> {
        let fix = self.fix?;
        let age = (now - fix.time).as_secs_f64();
        if age.abs() > FIX_AGE_MAX_S {
            return None;
        }
        let [north, east, down] = fix.value.velocity;
        let axes = fix.value.position.enu_axes();
        let moved = axes.transpose() * fusion_core::nalgebra::Vector3::new(east * age, north * age, -down * age);
        let position = fix.value.position.to_ecef();
        let moved = fusion_core::frame::Position::from_vector(position.vector() + moved);
        Some(Platform {
            position: Geodetic::from_ecef(moved),
            horizontal_sigma_m: fix.value.horizontal_sigma_m,
            vertical_sigma_m: fix.value.vertical_sigma_m,
            heading_sigma: config.heading_sigma,
            tilt_sigma: config.tilt_sigma,
            lasts: Some(NAVIGATION_ERROR_LASTS),
            // A system is told by one octet and the link that it speaks on.
            number: u16::try_from(self.number & 0xFFFF).unwrap_or(0),
        })
    }
}

/// A place in 10⁻⁷ degrees; nowhere at null island and where no place is.
pub(super) fn place(latitude_e7: i32, longitude_e7: i32) -> Option<Geodetic> {
    let (latitude, longitude) = (f64::from(latitude_e7) * 1e-7, f64::from(longitude_e7) * 1e-7);
    let somewhere = (latitude_e7, longitude_e7) != (0, 0) && longitude.abs() <= 180.0;
    if somewhere { Geodetic::from_degrees(latitude, longitude, 0.0) } else { None }
}

/// The geoid lies within 107 m of the ellipsoid.
const UNDULATION_MAX_M: f64 = 120.0;
/// What the receiver says of its accuracy holds so long.
const GPS_AGE_MAX: Span = Span::from_secs(5);
/// A drone is not where it was longer ago.
const FIX_AGE_MAX_S: f64 = 2.0;
