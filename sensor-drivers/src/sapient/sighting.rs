//! Whose a detection is, and the state of a track in the frame of the earth.

use fusion_core::frame::{Ecef, Position, Velocity};
use fusion_core::gaussian::Covariance;
use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::identity::{Identity, NAME_BYTES_MAX, ObjectClass};
use fusion_core::maths::{cos, sin};
use fusion_core::nalgebra::{Matrix3, Vector3};
use fusion_core::source_track::SourceTrack;
use fusion_core::track::TrackStatus;
use heapless::String;

use super::class::belief;
use super::message::Detection;
use crate::decoder::{Measured, Point, Polar};
use crate::emission::{CHANNEL_CONFUSION, fingerprint};
use crate::error::Reason;

/// One sigma of the elevation of a track that tells none: low, as most things are.
const ELEVATION_SIGMA_RAD: f64 = 0.2;
/// One sigma of the height of a track that tells none, metres.
const HEIGHT_SIGMA_M: f64 = 3_000.0;

/// Who it is, as far as was said; and whether its name was too long.
pub(super) fn identity(detection: &Detection<'_>) -> (Identity, bool) {
    let belief = if detection.classified { belief(detection.classifications()) } else { Identity::UNKNOWN.belief };
    let word = belief.word();
    let emits = detection.frequency.is_some() && word == ObjectClass::Unknown;
    let name = detection.name.filter(|name| !name.is_empty());
    let kept = name.and_then(|name| String::<NAME_BYTES_MAX>::try_from(name).ok());
    let cut = name.is_some() && kept.is_none();
    let identity = Identity {
        name: kept,
        fingerprint: detection.frequency.and_then(|hz| fingerprint(hz, CHANNEL_CONFUSION)),
        class: if emits { ObjectClass::Emitter } else { word },
        belief,
        ..Identity::UNKNOWN
    };
    (identity, cut)
}

/// The state of a track that is told as a point.
pub(super) fn of_point(point: &Point) -> Result<State, (&'static str, Reason)> {
    let [east, north, both] = point.horizontal.covariance();
    let up = point.vertical_sigma_m.unwrap_or(HEIGHT_SIGMA_M);
    let covariance = Matrix3::new(east, both, 0.0, both, north, 0.0, 0.0, 0.0, up * up);
    let axes = point.position.enu_axes();
    let velocity = point.velocity.map(|velocity| axes.transpose() * Vector3::from(velocity.east_north_up));
    Ok(State {
        position: point.position.to_ecef(),
        velocity: velocity.map(Velocity::from_vector),
        covariance: Covariance::new(covariance).map_err(|_| ("Location.x_error", Reason::OutOfRange))?,
    })
}

/// The state of a track that is told as seen from a place; without a range there is none.
pub(super) fn of_polar(polar: &Polar, site: Geodetic) -> Option<Result<State, (&'static str, Reason)>> {
    let range = polar.range?;
    let unknown = Measured { value: 0.0, sigma: ELEVATION_SIGMA_RAD };
    let elevation = polar.elevation.unwrap_or(unknown);
    let (azimuth, across) = (polar.azimuth, range.value * cos(elevation.value));
    let (sin_a, cos_a) = (sin(azimuth.value), cos(azimuth.value));
    let (sin_e, cos_e) = (sin(elevation.value), cos(elevation.value));
    let line = Vector3::new(cos_e * sin_a, cos_e * cos_a, sin_e);
    let right = Vector3::new(cos_a, -sin_a, 0.0);
    let over = Vector3::new(-sin_e * sin_a, -sin_e * cos_a, cos_e);
    let part = |axis: Vector3<f64>, sigma: f64| axis * axis.transpose() * (sigma * sigma);
    let seen = part(line, range.sigma)
        + part(right, (across * azimuth.sigma).max(LEAST_M))
        + part(over, (range.value * elevation.sigma).max(LEAST_M));
    let plane = TangentPlane::at(site);
    let position = plane.to_ecef(Position::from_vector(line * range.value));
    let there = plane.local_axes_at(Geodetic::from_ecef(position));
    let covariance = Covariance::new(there * seen * there.transpose());
    Some(covariance.map_err(|_| ("RangeBearing.range_error", Reason::OutOfRange)).map(|covariance| State {
        position,
        velocity: None,
        covariance,
    }))
}

/// The smallest sigma across a line of sight, metres: at short range an angle's error vanishes.
const LEAST_M: f64 = 0.1;

/// Where a track is and how it moves.
#[derive(Clone, Debug)]
pub(super) struct State {
    position: Position<Ecef>,
    velocity: Option<Velocity<Ecef>>,
    covariance: Covariance<3>,
}

impl State {
    /// With a number, a time and an identity it is a source track.
    pub(super) fn track(self, number: u32, time: fusion_core::time::Timestamp, identity: Identity) -> SourceTrack {
        let Self { position, velocity, covariance } = self;
        let status = TrackStatus::Confirmed;
        SourceTrack { number, time, position, velocity, covariance, velocity_covariance: None, status, identity }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_that_is_seen_lies_where_it_is_seen() {
        let site = Geodetic::from_degrees(52.0, 5.0, 0.0).expect("a place");
        let measured = |value, sigma| Measured { value, sigma };
        let east = Polar {
            azimuth: measured(core::f64::consts::FRAC_PI_2, 0.01),
            range: Some(measured(1_000.0, 5.0)),
            elevation: Some(measured(0.1, 0.01)),
            height: None,
            range_rate: None,
        };
        let state = of_polar(&east, site).expect("it has a range").expect("sound");
        let place = Geodetic::from_ecef(state.position);
        assert!((place.height_m - 99.9).abs() < 0.2 && place.longitude_deg() > 5.014, "{place:?}");
        // 5 m along, 10 m to either side.
        let trace = state.covariance.matrix().trace();
        assert!((trace - 225.0).abs() < 2.0, "{trace}");
        assert!(of_polar(&Polar { range: None, ..east }, site).is_none());
    }
}
