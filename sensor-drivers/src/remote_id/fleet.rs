//! Unmanned aircraft by the transmitter that was heard: who each is, gathered from messages that come apart, and a
//! report for each new location.
//!
//! Legacy Bluetooth sends one message at a time, so a location says where and an earlier message said who. Radios
//! repeat a location several times and on several bands; a copy is a copy, whoever sent it, and is counted.

use fusion_core::gaussian::Covariance;
use fusion_core::geodesy::Geodetic;
use fusion_core::identity::{Address, Identity, NAME_BYTES_MAX, ObjectClass, Serial};
use fusion_core::maths::{cos, sin, sqrt};
use fusion_core::measurement::Coverage;
use fusion_core::nalgebra::SVector;
use fusion_core::source_track::SourceTrack;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::TrackStatus;
use heapless::String;

use super::message::{BasicId, Location, Message, System};
use super::{RemoteIdConfig, accuracy, clock};
use crate::decoder::{HorizontalError, OwnedScan, Place, Point, PointVelocity, Report, Return, TimeQuality};
use crate::error::Reason;
use crate::heard::Heard;
use crate::outbox::Outbox;

/// Transmitters remembered at once. Beyond it the one that was silent longest is forgotten, and counted.
///
/// Counter: `evicted`.
pub const TRANSMITTERS_MAX: usize = 512;

/// Who transmits: a MAC address or whatever else the receiver tells it by, padded with zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Transmitter(pub [u8; 20]);

/// All that were heard.
#[derive(Debug)]
pub struct Fleet {
    config: RemoteIdConfig,
    drones: Heard<Transmitter, Drone>,
    tally: Tally,
    /// Given out so far, one for each transmitter.
    numbers: u32,
}

/// What one transmitter said.
#[derive(Clone, Debug)]
struct Drone {
    identity: Identity,
    last: Option<Fix>,
    /// Of the operator's source track.
    number: u32,
}

/// What tells one location from its copies.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Fix {
    latitude_e7: i32,
    longitude_e7: i32,
    tenths: Option<u16>,
}

/// What became of the messages.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    locations: u64,
    locations_repeated: u64,
    locations_unknown: u64,
    basic_ids: u64,
    systems: u64,
    others: u64,
    refused: u64,
    ids_refused: u64,
    times_refused: u64,
    operators_unknown: u64,
}

impl Fleet {
    /// Nobody heard yet.
    #[must_use]
    pub fn new(config: RemoteIdConfig) -> Self {
        Self { config, drones: Heard::new(TRANSMITTERS_MAX), tally: Tally::default(), numbers: 0 }
    }

    /// Takes a message of a transmitter.
    pub(crate) fn handle(&mut self, from: Transmitter, message: &Message, received: Timestamp, out: &mut Outbox) {
        match message {
            Message::BasicId(id) => {
                self.tally.basic_ids += 1;
                let understood = self.hear(from, received).identify(id);
                self.tally.ids_refused += u64::from(!understood);
            }
            Message::Location(location) => self.locate(from, location, received, out),
            Message::System(system) => self.place_operator(from, system, received, out),
            Message::Authentication(_) | Message::SelfId(_) | Message::OperatorId(_) => {
                self.hear(from, received);
                self.tally.others += 1;
            }
        }
    }

    /// Counts a message that could not be read.
    pub(crate) const fn refuse(&mut self) {
        self.tally.refused += 1;
    }

    /// Counters by name.
    pub fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let t = &self.tally;
        each("remote_id_locations", t.locations);
        each("remote_id_locations_repeated", t.locations_repeated);
        each("remote_id_locations_unknown", t.locations_unknown);
        each("remote_id_basic_ids", t.basic_ids);
        each("remote_id_operators", t.systems);
        each("remote_id_operators_unknown", t.operators_unknown);
        each("remote_id_others", t.others);
        each("remote_id_refused", t.refused);
        each("remote_id_ids_refused", t.ids_refused);
        each("remote_id_times_refused", t.times_refused);
        each("transmitters", self.drones.len() as u64);
        each("transmitters_evicted", self.drones.evicted());
    }

    fn hear(&mut self, from: Transmitter, received: Timestamp) -> &mut Drone {
        let numbers = &mut self.numbers;
        self.drones.hear(from, received, || {
            *numbers = numbers.wrapping_add(1);
            Drone { identity: NOT_TOLD, last: None, number: *numbers }
        })
    }

    fn locate(&mut self, from: Transmitter, location: &Location, received: Timestamp, out: &mut Outbox) {
        let drone = self.hear(from, received);
        let Some(position) = place(location.latitude_e7, location.longitude_e7) else {
            self.tally.locations_unknown += 1;
            return;
        };
        let fix =
            Fix { latitude_e7: location.latitude_e7, longitude_e7: location.longitude_e7, tenths: location.tenths };
        let repeated = drone.last.replace(fix) == Some(fix);
        let identity = drone.identity.clone();
        if repeated || self.is_told_by_another(from, identity.address, fix) {
            self.tally.locations_repeated += 1;
            return;
        }
        self.tally.locations += 1;
        let (time, time_quality) = self.time(location.tenths, received);
        let place = Place::Geodetic(point(location, position, &self.config));
        let mut returns = out.list();
        returns.push(Return::unnamed(place, identity));
        out.push(Report::Scan(OwnedScan { time, time_quality, from: None, coverage: Coverage::Reports, returns }));
    }

    /// Whether another transmitter of the same aircraft said the same.
    fn is_told_by_another(&self, from: Transmitter, address: Option<Address>, fix: Fix) -> bool {
        let same = |(who, drone): (&Transmitter, &Drone)| {
            drone.last == Some(fix) && drone.identity.address == address && *who != from
        };
        address.is_some() && self.drones.entries().any(same)
    }

    fn time(&mut self, tenths: Option<u16>, received: Timestamp) -> (Timestamp, TimeQuality) {
        let told = tenths.map(|tenths| clock::near(tenths, received));
        match told {
            Some(told) if (told - received).abs() <= self.config.time_error_max => (told, TimeQuality::Sensor),
            _ => {
                self.tally.times_refused += u64::from(told.is_some());
                (received - self.config.latency, TimeQuality::Received)
            }
        }
    }

    fn place_operator(&mut self, from: Transmitter, system: &System, received: Timestamp, out: &mut Outbox) {
        let number = self.hear(from, received).number;
        self.tally.systems += 1;
        let Some(position) = place(system.latitude_e7, system.longitude_e7) else {
            self.tally.operators_unknown += 1;
            return;
        };
        if self.config.show_operators {
            let time = received - self.config.latency;
            out.push(Report::SourceTrack(operator(number, time, position, system.altitude_m)));
        }
    }
}

impl Drone {
    /// Takes in who it is; false if that is nobody.
    fn identify(&mut self, id: &BasicId) -> bool {
        let identity = &mut self.identity;
        if id.aircraft == GROUND_OBSTACLE {
            identity.class = ObjectClass::Ground;
        }
        let address = match id.kind {
            0 => return true,
            1 => text(&id.id).and_then(Serial::new).map(Address::RemoteId),
            2 => {
                let name = text(&id.id).and_then(name);
                let understood = name.is_some();
                identity.name = name.or(identity.name.take());
                return understood;
            }
            3 => Some(session("utm-", &id.id)),
            4 => Some(session("ses-", &id.id)),
            _ => None,
        };
        identity.address = address.or(identity.address);
        address.is_some()
    }
}

fn operator(number: u32, time: Timestamp, position: Geodetic, height_m: Option<f64>) -> SourceTrack {
    let vertical = if height_m.is_some() { OPERATOR_SIGMA_M } else { NO_HEIGHT_SIGMA_M };
    let covariance = Covariance::from_sigmas(&SVector::from([OPERATOR_SIGMA_M, OPERATOR_SIGMA_M, vertical]));
    SourceTrack {
        number,
        time,
        position: Geodetic { height_m: height_m.unwrap_or(0.0), ..position }.to_ecef(),
        velocity: None,
        covariance: covariance.expect("the sigmas are constants above zero"),
        velocity_covariance: None,
        status: TrackStatus::Confirmed,
        identity: Identity { class: ObjectClass::Ground, name: name("operator"), ..Identity::UNKNOWN },
    }
}

/// Whoever transmits Remote ID is an unmanned aircraft until it says otherwise.
const NOT_TOLD: Identity = Identity { class: ObjectClass::Uav, ..Identity::UNKNOWN };
/// A kind of aircraft that is none: something that may be flown into.
const GROUND_OBSTACLE: u8 = 14;
/// A phone's position.
const OPERATOR_SIGMA_M: f64 = 10.0;
/// Of a height that nobody told.
const NO_HEIGHT_SIGMA_M: f64 = 1_000.0;
/// Of a height in the standard atmosphere taken for one above the ellipsoid: weather and geoid.
const PRESSURE_SIGMA_M: f64 = 150.0;

fn point(location: &Location, position: Geodetic, config: &RemoteIdConfig) -> Point {
    let told = location.accuracy;
    let horizontal = accuracy::horizontal_sigma_m(told.horizontal).unwrap_or(config.horizontal_sigma_m);
    let time = accuracy::time_sigma_s(told.time).unwrap_or(config.time_sigma_s);
    let drift = time * location.speed_m_s.unwrap_or(0.0);
    let (height_m, vertical_sigma_m) = match (location.geodetic_altitude_m, location.pressure_altitude_m) {
        (Some(h), _) => (h, Some(accuracy::vertical_sigma_m(told.vertical).unwrap_or(config.vertical_sigma_m))),
        (None, Some(h)) => (h, Some(PRESSURE_SIGMA_M)),
        (None, None) => (0.0, None),
    };
    Point {
        position: Geodetic { height_m, ..position },
        horizontal: HorizontalError::round(sqrt(horizontal * horizontal + drift * drift)),
        vertical_sigma_m,
        velocity: velocity(location, config),
    }
}

fn velocity(location: &Location, config: &RemoteIdConfig) -> Option<PointVelocity> {
    let (speed, climb) = (location.speed_m_s?, location.climb_m_s);
    // Who stands still has no course.
    let course = location.course_deg.or((speed <= 0.0).then_some(0.0))?.to_radians();
    let sigma = accuracy::speed_sigma_m_s(location.accuracy.speed).unwrap_or(config.velocity_sigma_m_s);
    Some(PointVelocity {
        east_north_up: [speed * sin(course), speed * cos(course), climb.unwrap_or(0.0)],
        horizontal_sigma: sigma,
        vertical_sigma: if climb.is_some() { sigma } else { NO_CLIMB_SIGMA_M_S },
    })
}

/// Of a rate of climb that nobody told.
const NO_CLIMB_SIGMA_M_S: f64 = 5.0;

/// A place on earth; both zero mean that it is not known.
fn place(latitude_e7: i32, longitude_e7: i32) -> Option<Geodetic> {
    if latitude_e7 == 0 && longitude_e7 == 0 {
        return None;
    }
    let longitude_deg = f64::from(longitude_e7) * 1e-7;
    (longitude_deg.abs() <= 180.0)
        .then(|| Geodetic::from_degrees(f64::from(latitude_e7) * 1e-7, longitude_deg, 0.0))
        .flatten()
}

/// Text padded with zeros, if it is text.
fn text(octets: &[u8]) -> Option<&str> {
    let end = octets.iter().position(|&octet| octet == 0).unwrap_or(octets.len());
    core::str::from_utf8(&octets[..end]).ok().map(str::trim_end).filter(|text| !text.is_empty())
}

fn name(text: &str) -> Option<String<NAME_BYTES_MAX>> {
    if text.bytes().all(|octet| (b' '..=b'~').contains(&octet)) { String::try_from(text).ok() } else { None }
}

/// A number of a flight that is no text, in twenty characters: what kind it is, and its hash (FNV-1a, 64 bits).
fn session(kind: &str, id: &[u8; 20]) -> Address {
    let hash = id
        .iter()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, &octet| (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01B3));
    let mut written = String::<20>::new();
    core::fmt::write(&mut written, format_args!("{kind}{hash:016x}")).expect("four and sixteen characters");
    Address::RemoteId(Serial::new(&written).expect("visible characters"))
}

/// Whether a configuration is sound.
pub(super) fn check(config: &RemoteIdConfig) -> Result<(), Reason> {
    let sigmas = [config.horizontal_sigma_m, config.vertical_sigma_m, config.velocity_sigma_m_s, config.time_sigma_s];
    let sound = sigmas.iter().all(|sigma| sigma.is_finite() && *sigma > 0.0);
    if sound && config.time_error_max >= Span::ZERO { Ok(()) } else { Err(Reason::OutOfRange) }
}
