//! What an event says of a thing: where it is, how it moves, who it is, with errors.

use fusion_core::frame::Velocity;
use fusion_core::gaussian::Covariance;
use fusion_core::geodesy::Geodetic;
use fusion_core::identity::{Identity, NAME_BYTES_MAX};
use fusion_core::maths::{cos, sin};
use fusion_core::nalgebra::{SVector, Vector3};
use fusion_core::source_track::SourceTrack;
use fusion_core::time::Timestamp;
use fusion_core::track::TrackStatus;
use heapless::String;

use super::event::{Event, Told};
use super::kind::Kind;
use super::xml::{Fault, Text};
use super::{CotConfig, Why, missing};
use crate::error::Reason;

/// A source track whose number and time are not told yet.
#[derive(Debug)]
pub(super) struct Made {
    /// Without number and time.
    pub track: SourceTrack,
    /// Its name did not fit.
    pub name_shortened: bool,
    /// Its speed or course cannot be.
    pub motion_unknown: bool,
}

/// What an event says of a thing of that kind.
pub(super) fn source_track(event: &Event<'_>, kind: Kind, config: &CotConfig) -> Result<Made, Why> {
    let (horizontal, vertical) = (error(event.circular_error, "ce")?, error(event.linear_error, "le")?);
    let (place, vertical_sigma_m) = place(event, vertical, config)?;
    let horizontal_sigma_m = horizontal.unwrap_or(config.horizontal_sigma_m);
    let motion = motion(event);
    let (name, name_shortened) = name(event);
    let velocity = motion.unwrap_or(None).map(|enu| Velocity::from_vector(place.enu_axes().transpose() * enu));
    let sigma = config.velocity_sigma_m_s;
    Ok(Made {
        track: SourceTrack {
            number: 0,
            time: Timestamp::EPOCH,
            position: place.to_ecef(),
            velocity,
            covariance: covariance([horizontal_sigma_m, horizontal_sigma_m, vertical_sigma_m])?,
            velocity_covariance: Some(covariance([sigma, sigma, CLIMB_SIGMA_M_S])?).filter(|_| velocity.is_some()),
            status: if event.how.is_some_and(is_predicted) { TrackStatus::Coasted } else { TrackStatus::Confirmed },
            identity: Identity { name, class: kind.class, affiliation: kind.affiliation, ..Identity::UNKNOWN },
        },
        name_shortened,
        motion_unknown: motion.is_err(),
    })
}

/// From here on a length means that nobody knows it: 9999999 in XML, 999999 in protobuf.
const UNKNOWN_M: f64 = 999_999.0;
/// Whoever does not know better than that does not know where the thing is.
const ERROR_M_LARGEST: f64 = 100_000.0;
/// Nobody is surer than that: satellite navigation, datum and the moment of the fix.
const SIGMA_LEAST_M: f64 = 1.0;
/// Of a height that nobody told.
const NO_HEIGHT_SIGMA_M: f64 = 1_000.0;
/// Of a rate of climb, which is never used.
const CLIMB_SIGMA_M_S: f64 = 5.0;
/// Faster, nothing is that reports its own place.
const SPEED_LARGEST_M_S: f64 = 1_000.0;
/// Nearer to latitude and longitude zero, degrees, nobody stands by chance: about a tenth of a metre.
const NULL_ISLAND_DEG: f64 = 1e-6;

/// An error that is told: zero and the words for "unknown" are none.
fn error(told: Option<Told<f64>>, field: &'static str) -> Result<Option<f64>, Fault> {
    let Some(told) = told else { return Ok(None) };
    if told.value >= UNKNOWN_M || told.value == 0.0 {
        return Ok(None);
    }
    if !(0.0..=ERROR_M_LARGEST).contains(&told.value) {
        return Err(told.out_of_range(field));
    }
    Ok(Some(told.value.max(SIGMA_LEAST_M)))
}

/// Where it is, and one sigma of the height.
fn place(event: &Event<'_>, vertical: Option<f64>, config: &CotConfig) -> Result<(Geodetic, f64), Why> {
    let (latitude, longitude) = event.latitude.zip(event.longitude).ok_or(missing("point"))?;
    let nowhere = Why::Nowhere(latitude.out_of_range("point"));
    if latitude.value.abs() < NULL_ISLAND_DEG && longitude.value.abs() < NULL_ISLAND_DEG {
        return Err(nowhere);
    }
    let told = event.height.map(|height| height.value).filter(|height| (-12e3..=1e5).contains(height));
    // Programs that know no height write zero, and that they do not know how good it is.
    let told = told.filter(|height| *height != 0.0 || vertical.is_some());
    let sigma = if told.is_some() { vertical.unwrap_or(config.height_sigma_m) } else { NO_HEIGHT_SIGMA_M };
    let longitude_in_range = longitude.value.abs() <= 180.0;
    let place = Geodetic::from_degrees(latitude.value, longitude.value, told.unwrap_or(0.0));
    place.filter(|_| longitude_in_range).map(|place| (place, sigma)).ok_or(nowhere)
}

/// How it moves in local east, north and up; an error if what is told cannot be.
fn motion(event: &Event<'_>) -> Result<Option<Vector3<f64>>, ()> {
    let Some(speed) = event.detail.speed else { return Ok(None) };
    if !(0.0..=SPEED_LARGEST_M_S).contains(&speed) {
        return Err(());
    }
    // Who stands still has no course.
    let course = event.detail.course.filter(|course| (0.0..=360.0).contains(course));
    let course = course.or((speed <= 0.0).then_some(0.0)).ok_or(())?.to_radians();
    Ok(Some(Vector3::new(speed * sin(course), speed * cos(course), 0.0)))
}

/// The callsign, else the uid, as far as there is room; and whether there was not enough.
fn name(event: &Event<'_>) -> (Option<String<NAME_BYTES_MAX>>, bool) {
    let mut name = String::new();
    let callsign = event.detail.callsign.filter(|callsign| callsign.clone().next().is_some());
    let Some(text) = callsign.or(event.uid.map(|uid| uid.value)) else { return (None, false) };
    let shortened = visible(text).any(|character| name.push(character).is_err());
    ((!name.is_empty()).then_some(name), shortened)
}

fn visible(text: Text<'_>) -> impl Iterator<Item = char> {
    text.filter(|character| !character.is_control())
}

fn is_predicted(how: &str) -> bool {
    how == "m-p" || how.starts_with("m-p-")
}

fn covariance(sigmas: [f64; 3]) -> Result<Covariance<3>, Fault> {
    let fault = Fault { at: 0, field: "point", reason: Reason::OutOfRange };
    Covariance::from_sigmas(&SVector::from(sigmas)).map_err(|_| fault)
}
