//! One target report of CAT021, whatever its edition, and the return that it is.

use fusion_core::geodesy::Geodetic;
use fusion_core::identity::{Address, Identity, ObjectClass};
use fusion_core::maths::{cos, sin, sqrt};

use super::AdsbConfig;
use super::quality::{height_quality, horizontal_sigma_m, sigma_of_version_0_m};
use crate::asterix::cat021::{AdsbReport, DataAges, FinePosition, Position};
use crate::asterix::cat021_early::EarlyReport;
use crate::asterix::common::AircraftAddress;
use crate::asterix::ground_station::Dismissal;
use crate::asterix::target::with_rounding;
use crate::decoder::{HorizontalError, Place, Point, PointVelocity, Return};
use crate::mode_s::accuracy::{self, HeightSource};

/// What is used of a target report.
#[derive(Clone, Debug)]
pub(super) struct Target {
    described: bool,
    simulated: bool,
    test: bool,
    field_monitor: bool,
    on_ground: bool,
    doubted: bool,
    /// Latitude and longitude, and the step to which they were rounded, degrees.
    position: Option<([f64; 2], f64)>,
    /// One sigma that the target claims, metres.
    sigma_m: Option<f64>,
    /// Above the ellipsoid, metres.
    geometric_height_m: Option<f64>,
    height_quality: accuracy::Quality,
    altitude_m: Option<f64>,
    /// Speed over ground, m/s, and track, radians.
    ground: Option<(f64, f64)>,
    climb_m_s: Option<f64>,
    /// NACv or NUCr, which have the same steps.
    velocity_accuracy: u8,
    /// How much older than the position its parts are.
    ages: DataAges,
    identity: Identity,
}

impl From<&AdsbReport> for Target {
    fn from(report: &AdsbReport) -> Self {
        let first = report.descriptor.unwrap_or_default();
        let second = first.more.unwrap_or_default();
        let fine = report.fine_position.map(|position| (position.degrees(), FinePosition::STEP_DEG));
        let coarse = report.position.map(|position| (position.degrees(), Position::STEP_DEG));
        let version = report.version.map(|version| version.vn);
        let speed = report.ground_vector.and_then(|told| Some((told.speed_m_s()?, told.track_rad())));
        let climb = report.geometric_rate.and_then(|rate| rate.climb_m_s());
        Self {
            described: report.descriptor.is_some(),
            simulated: second.sim,
            test: second.tst,
            field_monitor: first.rab,
            on_ground: second.gbs,
            doubted: first.is_doubted() || report.quality.is_some_and(|quality| quality.failed_validation()),
            position: fine.or(coarse),
            sigma_m: report.quality.and_then(|quality| horizontal_sigma_m(&quality, version)),
            geometric_height_m: report.height.and_then(|height| height.metres()),
            height_quality: height_quality(report.quality.as_ref(), version),
            altitude_m: report.flight_level.map(|level| level.altitude_m()),
            ground: speed,
            climb_m_s: climb.or_else(|| report.barometric_rate.and_then(|rate| rate.climb_m_s())),
            velocity_accuracy: report.quality.map_or(0, |quality| quality.nucrnacv),
            ages: report.ages.unwrap_or_default(),
            identity: Identity {
                address: report.address.map(|told| address(told, first.atp, AddressType::ICAO)),
                name: report.identification.and_then(|told| told.name()),
                mode_3a: report.mode_3a.map(|code| code.mode3a),
                class: class(report.emitter.map(|emitter| emitter.class()), first.atp),
                ..Identity::UNKNOWN
            },
        }
    }
}

impl From<&EarlyReport> for Target {
    fn from(report: &EarlyReport) -> Self {
        let descriptor = report.descriptor.unwrap_or_default();
        let merit = report.merit.unwrap_or_default();
        let climb = report.geometric_rate.or(report.barometric_rate).map(|rate| rate.climb_m_s());
        let code = report.mode_3a.filter(|code| !code.v && !code.g);
        Self {
            described: report.descriptor.is_some(),
            simulated: descriptor.sim,
            test: descriptor.tst,
            field_monitor: descriptor.rab,
            on_ground: descriptor.gbs,
            doubted: false,
            position: report.position.map(|position| (position.degrees(), position.step_deg())),
            sigma_m: sigma_of_version_0_m(merit.pa),
            geometric_height_m: report.height.and_then(|height| height.metres()),
            height_quality: accuracy::Quality::default(),
            altitude_m: report.flight_level.map(|level| level.altitude_m()),
            ground: report.ground_vector.and_then(|told| Some((told.speed_m_s()?, told.track_rad()))),
            climb_m_s: climb,
            velocity_accuracy: report.velocity_accuracy.map_or(0, |accuracy| accuracy.va),
            ages: DataAges::default(),
            identity: Identity {
                address: report.address.map(|told| address(told, descriptor.atp, AddressType::EARLY_ICAO)),
                name: report.identification.and_then(|told| told.name()),
                mode_3a: code.map(|code| code.mode3a),
                class: class(report.emitter.map(|emitter| emitter.class()), descriptor.atp),
                ..Identity::UNKNOWN
            },
        }
    }
}

/// Numbers of the types of addresses.
struct AddressType;

impl AddressType {
    /// An ICAO address, since edition 2.1.
    const ICAO: u8 = 0;
    /// An ICAO address before.
    const EARLY_ICAO: u8 = 1;
    /// A surface vehicle's, in all editions.
    const SURFACE_VEHICLE: u8 = 2;
}

/// An address is everybody's own only if it is an ICAO address; vehicles have those too.
const fn address(told: AircraftAddress, kind: u8, icao: u8) -> Address {
    if kind == icao || kind == AddressType::SURFACE_VEHICLE {
        Address::Icao(told.address)
    } else {
        Address::NonIcao(told.address)
    }
}

fn class(emitter: Option<ObjectClass>, kind: u8) -> ObjectClass {
    match emitter {
        Some(ObjectClass::Unknown) | None if kind == AddressType::SURFACE_VEHICLE => ObjectClass::Ground,
        told => told.unwrap_or_default(),
    }
}

impl Target {
    /// The return, if the report is a position that the configuration wants.
    pub(super) fn measured(self, config: &AdsbConfig) -> Result<Return, Dismissal> {
        if !self.described {
            return Err(Dismissal::Incomplete);
        }
        if let Some(dismissal) = config.station.unwanted(self.simulated, self.test, self.field_monitor) {
            return Err(dismissal);
        }
        if self.doubted {
            return Err(Dismissal::Doubted);
        }
        let (degrees, step_deg) = self.position.ok_or(Dismissal::Incomplete)?;
        let told_m = self.sigma_m.ok_or(Dismissal::AccuracyUnknown)?;
        let (height, vertical_sigma_m) = self.height(config).unzip();
        let point = Point {
            position: place(degrees, height.unwrap_or(0.0))?,
            horizontal: HorizontalError::round(self.sigma_with_time_m(told_m, step_deg, config)),
            vertical_sigma_m,
            velocity: self.velocity(),
        };
        Ok(Return::unnamed(Place::Geodetic(point), self.identity))
    }

    /// The sigma that was told, that of rounding, and how far the target may have come in the time that is uncertain.
    fn sigma_with_time_m(&self, told_m: f64, step_deg: f64, config: &AdsbConfig) -> f64 {
        let untold = if self.on_ground { 0.0 } else { UNTOLD_SPEED_M_S };
        let speed = self.ground.map_or(untold, |(speed, _)| speed);
        let moved = speed * config.latency_sigma.as_secs_f64();
        let told = with_rounding(told_m, step_deg * METRES_IN_DEGREE);
        sqrt(told * told + moved * moved).max(HORIZONTAL_SIGMA_MIN_M)
    }

    /// Height above the ellipsoid and its sigma. On the ground neither source says much.
    fn height(&self, config: &AdsbConfig) -> Option<(f64, f64)> {
        if self.on_ground {
            return None;
        }
        let sigma = accuracy::vertical_sigma_m(HeightSource::Geometric, &self.height_quality);
        let geometric = self.geometric_height_m.and_then(|height| self.aged(height, sigma, self.ages.geometric_height));
        let level = || self.aged(self.altitude_m?, config.flight_level_sigma_m, self.ages.flight_level);
        geometric.or_else(level)
    }

    /// A height with the sigma that it has after some tenths of a second of climbing as told; none if it is too old.
    fn aged(&self, height: f64, sigma: f64, tenths: u8) -> Option<(f64, f64)> {
        let age = f64::from(tenths) / 10.0;
        let climbed = age * self.climb_m_s.map_or(UNTOLD_CLIMB_SIGMA_M_S, f64::abs);
        (age <= AGE_MAX_S).then(|| (height, sqrt(sigma * sigma + climbed * climbed)))
    }

    fn velocity(&self) -> Option<PointVelocity> {
        let age = f64::from(self.ages.ground_vector) / 10.0;
        let (speed, track) = self.ground.filter(|_| age <= AGE_MAX_S)?;
        let told = accuracy::velocity_sigma_m_s(self.velocity_accuracy);
        let level = if self.on_ground { CLIMB_SIGMA_M_S } else { UNTOLD_CLIMB_SIGMA_M_S };
        let measured_before = MANOEUVRE_M_S2 * (MEASURED_BEFORE_S + age);
        Some(PointVelocity {
            east_north_up: [speed * sin(track), speed * cos(track), self.climb_m_s.unwrap_or(0.0)],
            horizontal_sigma: sqrt(told * told + measured_before * measured_before),
            vertical_sigma: if self.climb_m_s.is_some() { CLIMB_SIGMA_M_S } else { level },
        })
    }
}

fn place([latitude_deg, longitude_deg]: [f64; 2], height_m: f64) -> Result<Geodetic, Dismissal> {
    // Both exactly zero stand for a position that is not known.
    let known = latitude_deg.abs() + longitude_deg.abs() > 0.0;
    let place = Geodetic::from_degrees(latitude_deg, longitude_deg, height_m).filter(|_| known);
    place.ok_or(Dismissal::Nowhere)
}

/// Metres in a degree of latitude, near enough for the error of rounding.
const METRES_IN_DEGREE: f64 = 111_000.0;
/// No position is believed to be better than an aircraft's antenna is from its centre.
const HORIZONTAL_SIGMA_MIN_M: f64 = 5.0;
/// What the uncertainty of time is multiplied with where no speed was told.
const UNTOLD_SPEED_M_S: f64 = 250.0;
/// How fast a velocity over the ground changes in an ordinary turn (3° a second at 60 m/s), m/s².
const MANOEUVRE_M_S2: f64 = 3.0;
/// A velocity was measured this long before it was told, seconds (DO-260B allows 1.5, and the station joins the last
/// one to the position).
const MEASURED_BEFORE_S: f64 = 1.0;
/// What is older than the position by more than this belongs to another situation.
const AGE_MAX_S: f64 = 10.0;
const CLIMB_SIGMA_M_S: f64 = 1.0;
const UNTOLD_CLIMB_SIGMA_M_S: f64 = 10.0;
