//! Aircraft and vessels that a drone heard and passes on: `ADSB_VEHICLE` and `AIS_VESSEL`.
//!
//! A drone repeats what it heard, with a growing age: a place that was passed on before is a copy. What is older than
//! a few seconds is no measurement any more.

use ::mavlink::dialects::common::{
    ADSB_VEHICLE_DATA, AIS_VESSEL_DATA, AdsbAltitudeType, AdsbEmitterType, AdsbFlags, AisFlags,
};
use fusion_core::geodesy::Geodetic;
use fusion_core::identity::{Address, Identity, NAME_BYTES_MAX, ObjectClass};
use fusion_core::maths::{cos, hypot, sin};
use fusion_core::time::Span;
use heapless::{String, Vec};

use super::system::place;
use super::tally::Tally;
use crate::decoder::{HorizontalError, Place, Point, PointVelocity, Return};

/// Relayed targets whose last place is remembered. Beyond it the one that came first is forgotten, and counted.
///
/// Counter: `relayed_evicted`.
pub(super) const RELAYED_MAX: usize = 256;

/// A target's last place, by its address.
type Last = (Address, [i32; 2]);

/// What was passed on before.
#[derive(Debug, Default)]
pub(super) struct Relayed {
    last: Vec<Last, RELAYED_MAX>,
    oldest: usize,
}

/// Older than that, nothing is passed on.
const AGE_MAX_S: u16 = 5;
/// Ages are whole seconds, rounded down: half a second is added, and this is one sigma of the rest.
const AGE_SIGMA_S: f64 = 0.3;
/// ADS-B receivers on drones tell no accuracy: that of the worst that may fly, NACp 8.
const ADSB_SIGMA_M: f64 = 92.6 / 2.447_746_830_680_816;
const GEOMETRIC_SIGMA_M: f64 = 30.0;
const PRESSURE_SIGMA_M: f64 = 150.0;
const AIS_PRECISE_SIGMA_M: f64 = 5.0;
const AIS_SIGMA_M: f64 = 20.0;
const VELOCITY_SIGMA_M_S: f64 = 2.0;
const NO_CLIMB_SIGMA_M_S: f64 = 10.0;

/// A target and how long ago it was there.
pub(super) type Seen = (Return, Span);

impl Relayed {
    /// The aircraft that a message tells, if it tells something new.
    pub(super) fn aircraft(&mut self, told: &ADSB_VEHICLE_DATA, tally: &mut Tally) -> Option<Seen> {
        let has = |flag| told.flags.contains(flag);
        let valid = has(AdsbFlags::ADSB_FLAGS_VALID_COORDS) && !has(AdsbFlags::ADSB_FLAGS_SIMULATED);
        let address = Address::Icao(told.ICAO_address & 0xFF_FFFF);
        let age = u16::from(told.tslc);
        let position = self.fresh(address, [told.lat, told.lon], valid, age, tally)?;
        let (height_m, vertical_sigma_m) = altitude(told);
        let velocity = has(AdsbFlags::ADSB_FLAGS_VALID_VELOCITY | AdsbFlags::ADSB_FLAGS_VALID_HEADING).then(|| {
            let climb = has(AdsbFlags::ADSB_FLAGS_VERTICAL_VELOCITY_VALID).then(|| f64::from(told.ver_velocity) * 0.01);
            moving(told.hor_velocity, told.heading, climb)
        });
        let identity = Identity {
            address: Some(address),
            name: has(AdsbFlags::ADSB_FLAGS_VALID_CALLSIGN).then(|| name(told.callsign.to_str())).flatten(),
            mode_3a: has(AdsbFlags::ADSB_FLAGS_VALID_SQUAWK).then(|| squawk(told.squawk)).flatten(),
            class: aircraft_class(told.emitter_type),
            ..Identity::UNKNOWN
        };
        let position = Geodetic { height_m, ..position };
        Some((seen(position, ADSB_SIGMA_M, vertical_sigma_m, velocity, identity), since(age)))
    }

    /// The vessel that a message tells, if it tells something new.
    pub(super) fn vessel(&mut self, told: &AIS_VESSEL_DATA, tally: &mut Tally) -> Option<Seen> {
        let has = |flag| told.flags.contains(flag);
        let address = Address::Mmsi(told.MMSI);
        let position = self.fresh(address, [told.lat, told.lon], true, told.tslc, tally)?;
        let sigma_m = if has(AisFlags::AIS_FLAGS_POSITION_ACCURACY) { AIS_PRECISE_SIGMA_M } else { AIS_SIGMA_M };
        let moves = has(AisFlags::AIS_FLAGS_VALID_VELOCITY | AisFlags::AIS_FLAGS_VALID_COG)
            && !has(AisFlags::AIS_FLAGS_HIGH_VELOCITY);
        let velocity = moves.then(|| moving(told.velocity, told.COG, Some(0.0)));
        let identity = Identity {
            address: Some(address),
            name: has(AisFlags::AIS_FLAGS_VALID_NAME).then(|| name(told.name.to_str())).flatten(),
            class: ObjectClass::Surface,
            ..Identity::UNKNOWN
        };
        Some((seen(position, sigma_m, None, velocity, identity), since(told.tslc)))
    }

    /// Where it is, unless that is invalid, old, or was told before.
    fn fresh(&mut self, of: Address, at: [i32; 2], valid: bool, age: u16, tally: &mut Tally) -> Option<Geodetic> {
        let Some(position) = place(at[0], at[1]).filter(|_| valid) else {
            tally.relayed_invalid += 1;
            return None;
        };
        if age > AGE_MAX_S {
            tally.relayed_old += 1;
            return None;
        }
        if !self.is_new((of, at), tally) {
            tally.relayed_repeated += 1;
            return None;
        }
        tally.relayed += 1;
        Some(position)
    }

    fn is_new(&mut self, told: Last, tally: &mut Tally) -> bool {
        if let Some(known) = self.last.iter_mut().find(|(address, _)| *address == told.0) {
            let new = known.1 != told.1;
            known.1 = told.1;
            return new;
        }
        if self.last.push(told).is_err() {
            self.last[self.oldest] = told;
            self.oldest = (self.oldest + 1) % RELAYED_MAX;
            tally.relayed_evicted += 1;
        }
        true
    }
}

fn since(age_s: u16) -> Span {
    Span::from_millis(i64::from(age_s) * 1000 + 500)
}

fn seen(
    position: Geodetic,
    sigma_m: f64,
    vertical_sigma_m: Option<f64>,
    velocity: Option<PointVelocity>,
    identity: Identity,
) -> Return {
    let speed = velocity.map_or(0.0, |v| hypot(v.east_north_up[0], v.east_north_up[1]));
    let horizontal = HorizontalError::round(hypot(sigma_m, speed * AGE_SIGMA_S));
    Return::unnamed(Place::Geodetic(Point { position, horizontal, vertical_sigma_m, velocity }), identity)
}

/// From centimetres per second and hundredths of a degree.
fn moving(speed_cm_s: u16, course_cdeg: u16, climb: Option<f64>) -> PointVelocity {
    let (speed, course) = (f64::from(speed_cm_s) * 0.01, (f64::from(course_cdeg) * 0.01).to_radians());
    PointVelocity {
        east_north_up: [speed * sin(course), speed * cos(course), climb.unwrap_or(0.0)],
        horizontal_sigma: VELOCITY_SIGMA_M_S,
        vertical_sigma: if climb.is_some() { VELOCITY_SIGMA_M_S } else { NO_CLIMB_SIGMA_M_S },
    }
}

fn altitude(told: &ADSB_VEHICLE_DATA) -> (f64, Option<f64>) {
    if !told.flags.contains(AdsbFlags::ADSB_FLAGS_VALID_ALTITUDE) {
        return (0.0, None);
    }
    let sigma = match told.altitude_type {
        AdsbAltitudeType::ADSB_ALTITUDE_TYPE_GEOMETRIC => GEOMETRIC_SIGMA_M,
        AdsbAltitudeType::ADSB_ALTITUDE_TYPE_PRESSURE_QNH => PRESSURE_SIGMA_M,
    };
    (f64::from(told.altitude) * 1e-3, Some(sigma))
}

/// Four octal digits written as a decimal number.
fn squawk(told: u16) -> Option<u16> {
    let digits = [told / 1000, told / 100 % 10, told / 10 % 10, told % 10];
    let octal = digits.iter().all(|digit| *digit < 8);
    octal.then(|| digits.iter().fold(0, |code, digit| code * 8 + digit))
}

fn aircraft_class(emitter: AdsbEmitterType) -> ObjectClass {
    match emitter as u8 {
        7 => ObjectClass::Rotary,
        14 => ObjectClass::Uav,
        17..=19 => ObjectClass::Ground,
        _ => ObjectClass::Air,
    }
}

pub(super) fn name<E>(told: Result<&str, E>) -> Option<String<NAME_BYTES_MAX>> {
    let text = told.ok()?.trim();
    let visible = !text.is_empty() && text.bytes().all(|octet| (b' '..=b'~').contains(&octet));
    visible.then(|| String::try_from(text).ok()).flatten()
}
