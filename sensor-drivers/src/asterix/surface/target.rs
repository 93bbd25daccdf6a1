//! One target report of CAT010 or CAT020 in one form, and the return that it is.

use fusion_core::frame::{Enu, Position};
use fusion_core::geodesy::Geodetic;
use fusion_core::identity::{Address, Identity, ObjectClass};
use fusion_core::maths::{cos, sin};

use super::{Reference, SurfaceConfig};
use crate::asterix::cat010::{self, Method, SurfaceReport};
use crate::asterix::cat020::{self, MlatReport};
use crate::asterix::cat048::{FlightLevel, Mode3A};
use crate::asterix::common::AircraftAddress;
use crate::asterix::ground_station::Dismissal;
use crate::asterix::target::with_rounding;
use crate::decoder::{HorizontalError, Measured, Place, Point, Return};

/// What is used of a target report.
#[derive(Clone, Debug)]
pub(super) struct Target {
    method: Option<Method>,
    simulated: bool,
    test: bool,
    field_monitor: bool,
    on_ground: bool,
    extrapolated: bool,
    ghost: bool,
    smoothed: bool,
    spot: Option<Spot>,
    accuracy: Accuracy,
    flight_level: Option<FlightLevel>,
    /// Above the ellipsoid, metres, and its sigma if told.
    geometric_height: Option<(f64, Option<f64>)>,
    /// Above the plane of the reference point, metres.
    local_height_m: Option<f64>,
    identity: Identity,
}

/// A horizontal position as it was told, with the step in metres to which it was rounded.
#[derive(Clone, Copy, Debug)]
enum Spot {
    Geodetic { latitude_deg: f64, longitude_deg: f64, step_m: f64 },
    Local { east_north_m: [f64; 2], step_m: f64 },
}

/// What a report tells of its accuracy.
#[derive(Clone, Copy, Debug)]
enum Accuracy {
    Untold,
    Told(HorizontalError),
    Diluted(cat020::Dilution),
}

/// Metres in a degree of latitude, near enough for the error of rounding.
const METRES_IN_DEGREE: f64 = 111_000.0;

impl From<&SurfaceReport> for Target {
    fn from(report: &SurfaceReport) -> Self {
        let second = report.descriptor.and_then(|descriptor| descriptor.more).unwrap_or_default();
        let status = report.track_status.unwrap_or_default();
        let geodetic = report.position.map(|position| Spot::Geodetic {
            latitude_deg: position.latitude_deg(),
            longitude_deg: position.longitude_deg(),
            step_m: cat010::Position::STEP_DEG * METRES_IN_DEGREE,
        });
        let local = report.cartesian.map(|position| position.east_north_m());
        let local = local.or_else(|| report.polar.map(from_polar));
        let class = match second.tot {
            1 => ObjectClass::Air,
            2 => ObjectClass::Ground,
            3 => ObjectClass::Rotary,
            _ => report.fleet.map_or(ObjectClass::Unknown, |fleet| fleet.class()),
        };
        Self {
            method: report.descriptor.map(|descriptor| descriptor.method()),
            simulated: second.sim,
            test: second.tst,
            field_monitor: second.rab,
            on_ground: report.descriptor.is_some_and(|descriptor| descriptor.gbs),
            extrapolated: status.cst != 0,
            ghost: status.is_ghost(),
            smoothed: status.sth,
            spot: geodetic.or_else(|| local.map(|east_north_m| Spot::Local { east_north_m, step_m: 1.0 })),
            accuracy: told(report.deviation.and_then(|deviation| deviation.horizontal_error())),
            flight_level: report.flight_level,
            geometric_height: None,
            local_height_m: report.height.map(|height| height.metres()),
            identity: Identity {
                address: report.address.map(|address| Address::Icao(address.address)),
                name: report.identification.and_then(|said| said.name()),
                mode_3a: report.mode_3a.and_then(clear),
                class,
                ..Identity::UNKNOWN
            },
        }
    }
}

impl From<&MlatReport> for Target {
    fn from(report: &MlatReport) -> Self {
        let second = report.descriptor.and_then(|descriptor| descriptor.more).unwrap_or_default();
        let status = report.track_status.unwrap_or_default();
        let geodetic = report.position.map(|position| Spot::Geodetic {
            latitude_deg: position.latitude_deg(),
            longitude_deg: position.longitude_deg(),
            step_m: cat020::Position::STEP_DEG * METRES_IN_DEGREE,
        });
        let local = report.cartesian.map(|position| position.east_north_m());
        let flying = report.capability.and_then(|capability| capability.airborne());
        let fleet = report.fleet.map_or(ObjectClass::Unknown, |fleet| fleet.class());
        let is_flying = fleet == ObjectClass::Unknown && flying == Some(true);
        let class = if is_flying { ObjectClass::Air } else { fleet };
        let accuracy = report.accuracy.unwrap_or_default();
        let height_sigma = accuracy.height.map(|sigma| sigma.metres()).filter(|sigma| *sigma > 0.0);
        Self {
            method: report.descriptor.map(|_| Method::Multilateration),
            simulated: second.sim,
            test: second.tst,
            field_monitor: second.rab,
            on_ground: second.gbs || flying == Some(false),
            extrapolated: status.cst,
            ghost: status.is_ghost(),
            smoothed: status.sth,
            spot: geodetic.or_else(|| local.map(|east_north_m| Spot::Local { east_north_m, step_m: 0.5 })),
            accuracy: match (accuracy.deviation.and_then(|told| told.horizontal_error()), accuracy.dilution) {
                (None, Some(dilution)) => Accuracy::Diluted(dilution),
                (error, _) => told(error),
            },
            flight_level: report.flight_level,
            geometric_height: report.geometric_height.map(|height| (height.metres(), height_sigma)),
            local_height_m: report.local_height.map(|height| height.metres()),
            identity: Identity {
                address: report.address.map(|address| mlat_address(address, second.more)),
                name: report.identification.and_then(|said| said.name()),
                mode_3a: report.mode_3a.and_then(clear),
                class,
                ..Identity::UNKNOWN
            },
        }
    }
}

fn told(error: Option<HorizontalError>) -> Accuracy {
    error.map_or(Accuracy::Untold, Accuracy::Told)
}

fn from_polar(position: cat010::PolarPosition) -> [f64; 2] {
    let (range, azimuth) = (position.range_m(), position.azimuth_rad());
    [range * sin(azimuth), range * cos(azimuth)]
}

/// A code that was validated, came through clear and is not carried over from an earlier look.
fn clear(code: Mode3A) -> Option<u16> {
    (!code.v && !code.g && !code.l).then_some(code.mode3a)
}

fn mlat_address(address: AircraftAddress, third: Option<cat020::Descriptor3>) -> Address {
    const NOT_ICAO: u8 = 1;
    match third {
        Some(cat020::Descriptor3 { cf: NOT_ICAO, .. }) => Address::NonIcao(address.address),
        _ => Address::Icao(address.address),
    }
}

impl Target {
    /// The return, if the report is a measurement that the configuration wants.
    pub(super) fn measured(self, config: &SurfaceConfig, reference: Option<&Reference>) -> Result<Return, Dismissal> {
        let method = self.method.ok_or(Dismissal::Incomplete)?;
        if let Some(dismissal) = self.dismissed(method, config) {
            return Err(dismissal);
        }
        let spot = self.spot.ok_or(Dismissal::Incomplete)?;
        let height = self.height(config, reference);
        let position = spot.position(height.map(|height| height.value), reference)?;
        let point = Point {
            position,
            horizontal: self.horizontal(method, spot, config),
            vertical_sigma_m: height.map(|height| height.sigma),
            velocity: None,
        };
        Ok(Return::unnamed(Place::Geodetic(point), self.identity))
    }

    fn dismissed(&self, method: Method, config: &SurfaceConfig) -> Option<Dismissal> {
        let unwanted = config.station.unwanted(self.simulated, self.test, self.field_monitor);
        unwanted.or(if self.ghost {
            Some(Dismissal::Ghost)
        } else if self.extrapolated {
            Some(Dismissal::Extrapolated)
        } else if method == Method::SelfReport && !config.keep_self_reports {
            Some(Dismissal::SelfReported)
        } else {
            None
        })
    }

    /// Of a target in the air, the best height that was told. On the ground a pressure altitude says nothing.
    fn height(&self, config: &SurfaceConfig, reference: Option<&Reference>) -> Option<Measured> {
        let geometric = self.geometric_height.map(|(value, sigma)| {
            let sigma = sigma.unwrap_or(config.height_sigma_m);
            Measured { value, sigma }
        });
        let local = self.local_height_m.zip(reference).map(|(above, reference)| {
            let value = reference.point.height_m + above;
            Measured { value, sigma: config.height_sigma_m }
        });
        let level = self.flight_level.filter(|level| level.is_good() && !self.on_ground);
        let level = level.map(|level| Measured { value: level.altitude_m(), sigma: config.flight_level_sigma_m });
        geometric.or(local).or(level)
    }

    /// What the system tells of its error, else what the configuration says. Smoothed positions are never better than
    /// that.
    fn horizontal(&self, method: Method, spot: Spot, config: &SurfaceConfig) -> HorizontalError {
        let usual_m = match method {
            Method::Echo => config.echo_sigma_m,
            Method::Multilateration | Method::SelfReport | Method::Other => config.multilateration_sigma_m,
        };
        let told = match self.accuracy {
            Accuracy::Untold => None,
            Accuracy::Told(error) => Some(error),
            Accuracy::Diluted(dilution) => dilution.horizontal_error(usual_m),
        };
        let believed = match told {
            None => HorizontalError::round(usual_m),
            Some(error) if self.smoothed => HorizontalError::round(error.worst_sigma_m().max(usual_m)),
            Some(error) => error,
        };
        let step_m = spot.step_m();
        HorizontalError {
            east_sigma_m: with_rounding(believed.east_sigma_m, step_m),
            north_sigma_m: with_rounding(believed.north_sigma_m, step_m),
            correlation: believed.correlation,
        }
    }
}

impl Spot {
    const fn step_m(self) -> f64 {
        match self {
            Self::Geodetic { step_m, .. } | Self::Local { step_m, .. } => step_m,
        }
    }

    /// The place on earth, at this height above the ellipsoid if one is known.
    fn position(self, height_m: Option<f64>, reference: Option<&Reference>) -> Result<Geodetic, Dismissal> {
        match self {
            // Both exactly zero stand for a position that is not known.
            Self::Geodetic { latitude_deg: 0.0, longitude_deg: 0.0, .. } => Err(Dismissal::Nowhere),
            Self::Geodetic { latitude_deg, longitude_deg, .. } => {
                Geodetic::from_degrees(latitude_deg, longitude_deg, height_m.unwrap_or(0.0)).ok_or(Dismissal::Nowhere)
            }
            Self::Local { east_north_m, .. } => {
                let reference = reference.ok_or(Dismissal::Unplaced)?;
                Ok(on_plane(east_north_m, height_m, reference))
            }
        }
    }
}

/// The place that lies at these coordinates of the plane that touches the earth at the reference point. Far out the
/// plane rises above the ellipsoid by d²/2R; without a height the place is taken to be as high as the reference point.
fn on_plane([east, north]: [f64; 2], height_m: Option<f64>, reference: &Reference) -> Geodetic {
    const EARTH_RADIUS_M: f64 = 6_371_000.0;
    let height_m = height_m.unwrap_or(reference.point.height_m);
    let rise = (east * east + north * north) / (2.0 * EARTH_RADIUS_M);
    let up = height_m - reference.point.height_m - rise;
    let place = reference.plane.to_geodetic(Position::<Enu>::new(east, north, up));
    Geodetic { height_m, ..place }
}
