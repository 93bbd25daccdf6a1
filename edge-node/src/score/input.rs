//! The two recordings that `copmesh score` compares: what a line holds.
//!
//! Both are JSON lines: UTF-8, one object a line, at most [`LINE_MAX`] bytes, empty lines skipped, keys that are not
//! listed ignored, a `null` taken as absent. Lines stand in order of `time_ns`; one may be up to [`REORDER_S`] seconds
//! behind the latest before it (late updates), not more. Of two lines with the same id and time the later one holds.
//!
//! **Tracks**, as written by `copmesh replay --tracks`: one line for each update of each track.
//!
//! | key | value | |
//! |---|---|---|
//! | `time_ns` | integer: time of validity, nanoseconds since the Unix epoch, UTC | required |
//! | `id` | string of 1 to 128 bytes: the track's name; another name is another track | required |
//! | `status` | `"tentative"`, `"confirmed"`, `"coasted"` or `"deleted"` | required |
//! | `lat_deg`, `lon_deg` | WGS-84, degrees | required unless deleted |
//! | `height_m` | above the WGS-84 ellipsoid, metres | required unless deleted |
//! | `velocity_enu_m_s` | `[east, north, up]` at the track, m/s | required unless deleted |
//! | `covariance_enu` | 21 numbers, see below | optional; NEES needs it |
//! | `sensors`, `identity`, `label` | which sensors contributed, who it is, who may know | not read here |
//!
//! The covariance is the upper triangle, row by row, of the 6 × 6 matrix over east, north, up (m) and their rates
//! (m/s), in the axes at the track.
//!
//! A track is shown from its first line on, carried on with its last velocity, until a `deleted` line or until it has
//! not been heard of for [`coast_limit_s`](super::Params::coast_limit_s).
//!
//! **Truth**: one line for each sample of each object.
//!
//! | key | value | |
//! |---|---|---|
//! | `time_ns` | as above | required |
//! | `id` | string of 1 to 128 bytes: the object's name | required |
//! | `lat_deg`, `lon_deg`, `height_m` | as above | required |
//! | `velocity_enu_m_s` | as above; without it no velocity is scored | optional |
//!
//! An object exists from its first sample to its last, straight from each to the next, except where two samples are
//! more than [`truth_gap_s`](super::Params::truth_gap_s) apart.

use core::fmt;

use serde_json::{Map, Value};

use fusion_core::geodesy::Geodetic;
use fusion_core::time::Timestamp;

use super::point::Status;

/// The longest line, bytes. A longer one is an error that names it.
///
/// No counter: the error ends the run.
pub const LINE_MAX: u64 = 1 << 16;

/// How far behind the latest line before it a line may be, seconds.
pub const REORDER_S: i64 = 10;

/// The longest name of a truth or track, bytes: a run remembers every name that it has seen.
///
/// No counter: a longer one is an error that ends the run.
pub const ID_MAX: usize = 128;

/// One line of a recording of truth.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TruthLine {
    pub(super) time: Timestamp,
    pub(super) id: String,
    pub(super) position: Geodetic,
    pub(super) velocity_enu_m_s: Option<[f64; 3]>,
}

/// One line of a recording of tracks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TrackLine {
    pub(super) time: Timestamp,
    pub(super) id: String,
    /// `None` once it is deleted.
    pub(super) estimate: Option<Estimate>,
}

/// What a line says of a living track.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Estimate {
    pub(super) status: Status,
    pub(super) position: Geodetic,
    pub(super) velocity_enu_m_s: [f64; 3],
    pub(super) covariance_enu: Option<[f64; 21]>,
}

/// A line of a recording: something with a time.
pub(super) trait Line: Sized {
    /// Reads it from the object that stands on the line.
    fn read(object: &Map<String, Value>) -> Result<Self, LineFault>;

    /// Its time of validity.
    fn time(&self) -> Timestamp;
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineFault {
    /// It is longer than [`LINE_MAX`].
    TooLong,
    /// It is not JSON from this column (counted in bytes from 1) on.
    NotJson(usize),
    /// It is JSON, but not an object.
    NotAnObject,
    /// A required key is not there.
    Missing(Key),
    /// A key has a value that it cannot have.
    Wrong(Key),
    /// It is more than [`REORDER_S`] behind the latest line before it.
    TooLate,
    /// It is one more within [`REORDER_S`], or within the gap of truth, than is held in memory.
    TooMany,
}

/// A key, and what its value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What its value must be.
    pub wanted: &'static str,
}

const TIME: Key = Key { name: "time_ns", wanted: "an integer of nanoseconds since the Unix epoch, UTC" };
const ID: Key = Key { name: "id", wanted: "a string of 1 to 128 bytes" };
const _: () = assert!(ID_MAX == 128, "as the text of the fault says");
const STATUS: Key = Key { name: "status", wanted: "\"tentative\", \"confirmed\", \"coasted\" or \"deleted\"" };
const LATITUDE: Key = Key { name: "lat_deg", wanted: "a number of degrees from -90 to 90" };
const LONGITUDE: Key = Key { name: "lon_deg", wanted: "a number of degrees from -180 to 180" };
const HEIGHT: Key = Key { name: "height_m", wanted: "a number of metres above the ellipsoid from -12000 to 100000000" };
const VELOCITY: Key =
    Key { name: "velocity_enu_m_s", wanted: "three numbers [east, north, up] in m/s, none beyond 100000 either way" };
const COVARIANCE: Key =
    Key { name: "covariance_enu", wanted: "21 numbers, the upper triangle of a 6 x 6 matrix row by row" };

/// Faster than anything in orbit; beyond it, a value is a fault and its square might overflow a sum.
const SPEED_MAX_M_S: f64 = 1e5;

impl fmt::Display for LineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "longer than {LINE_MAX} bytes: write one JSON object a line"),
            Self::NotJson(column) => write!(f, "not JSON from column {column} on: write one JSON object a line"),
            Self::NotAnObject => write!(f, "not a JSON object: write {{\"time_ns\": ..., \"id\": ..., ...}}"),
            Self::Missing(key) => write!(f, "key `{}` is missing: add it, {}", key.name, key.wanted),
            Self::Wrong(key) => write!(f, "key `{}` must be {}", key.name, key.wanted),
            Self::TooLate => {
                write!(f, "`time_ns` is more than {REORDER_S} s behind an earlier line: sort the file by `time_ns`")
            }
            Self::TooMany => {
                write!(f, "too many lines within a few seconds to hold: thin the file out or shorten the gap of truth")
            }
        }
    }
}

impl core::error::Error for LineFault {}

impl Line for TruthLine {
    fn read(object: &Map<String, Value>) -> Result<Self, LineFault> {
        Ok(Self {
            time: time(object)?,
            id: required(object, ID, name)?.to_owned(),
            position: position(object)?,
            velocity_enu_m_s: optional(object, VELOCITY, velocity)?,
        })
    }

    fn time(&self) -> Timestamp {
        self.time
    }
}

impl Line for TrackLine {
    fn read(object: &Map<String, Value>) -> Result<Self, LineFault> {
        let status = required(object, STATUS, status)?;
        let estimate = if status == Status::Deleted { None } else { Some(Estimate::read(object, status)?) };
        Ok(Self { time: time(object)?, id: required(object, ID, name)?.to_owned(), estimate })
    }

    fn time(&self) -> Timestamp {
        self.time
    }
}

impl Estimate {
    fn read(object: &Map<String, Value>, status: Status) -> Result<Self, LineFault> {
        Ok(Self {
            status,
            position: position(object)?,
            velocity_enu_m_s: required(object, VELOCITY, velocity)?,
            covariance_enu: optional(object, COVARIANCE, numbers::<21>)?,
        })
    }
}

fn time(object: &Map<String, Value>) -> Result<Timestamp, LineFault> {
    required(object, TIME, Value::as_i64).map(Timestamp::from_nanos)
}

fn name(value: &Value) -> Option<&str> {
    value.as_str().filter(|name| (1..=ID_MAX).contains(&name.len()))
}

fn position(object: &Map<String, Value>) -> Result<Geodetic, LineFault> {
    let latitude = required(object, LATITUDE, Value::as_f64)?;
    let longitude = required(object, LONGITUDE, Value::as_f64)?;
    let height = required(object, HEIGHT, Value::as_f64)?;
    // One by one, so that the fault names the key.
    let alone = [(LATITUDE, [latitude, 0.0, 0.0]), (LONGITUDE, [0.0, longitude, 0.0]), (HEIGHT, [0.0, 0.0, height])];
    let implausible = alone.into_iter().find(|(_, [lat, lon, h])| Geodetic::from_degrees(*lat, *lon, *h).is_none());
    let fault = LineFault::Wrong(implausible.map_or(HEIGHT, |(key, _)| key));
    Geodetic::from_degrees(latitude, longitude, height).ok_or(fault)
}

fn status(value: &Value) -> Option<Status> {
    match value.as_str()? {
        "tentative" => Some(Status::Tentative),
        "confirmed" => Some(Status::Confirmed),
        "coasted" => Some(Status::Coasted),
        "deleted" => Some(Status::Deleted),
        _ => None,
    }
}

fn velocity(value: &Value) -> Option<[f64; 3]> {
    numbers::<3>(value).filter(|v| v.iter().all(|component| component.abs() <= SPEED_MAX_M_S))
}

fn numbers<const N: usize>(value: &Value) -> Option<[f64; N]> {
    let all: Option<Vec<f64>> = value.as_array()?.iter().map(Value::as_f64).collect();
    all?.try_into().ok()
}

fn required<'a, T>(
    object: &'a Map<String, Value>,
    key: Key,
    read: impl Fn(&'a Value) -> Option<T>,
) -> Result<T, LineFault> {
    optional(object, key, read)?.ok_or(LineFault::Missing(key))
}

fn optional<'a, T>(
    object: &'a Map<String, Value>,
    key: Key,
    read: impl Fn(&'a Value) -> Option<T>,
) -> Result<Option<T>, LineFault> {
    match object.get(key.name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => read(value).map(Some).ok_or(LineFault::Wrong(key)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn track(value: &Value) -> Result<TrackLine, LineFault> {
        TrackLine::read(value.as_object().expect("an object"))
    }

    fn good() -> Value {
        json!({
            "time_ns": 1_700_000_000_000_000_000_i64, "id": "a.1", "status": "confirmed", "lat_deg": 47.0,
            "lon_deg": 8, "height_m": 500.0, "velocity_enu_m_s": [1.0, 2.0, 0.0], "sensors": ["north"], "more": {}
        })
    }

    #[test]
    fn a_track_needs_no_covariance_and_may_hold_more_than_is_read() {
        let line = track(&good()).expect("good");
        let estimate = line.estimate.expect("alive");
        assert_eq!((line.id.as_str(), estimate.status), ("a.1", Status::Confirmed));
        assert_eq!((estimate.velocity_enu_m_s, estimate.covariance_enu), ([1.0, 2.0, 0.0], None));
    }

    #[test]
    fn a_deletion_needs_no_position() {
        let line = track(&json!({"time_ns": 5, "id": "x", "status": "deleted"})).expect("good");
        assert_eq!((line.time, line.estimate), (Timestamp::from_nanos(5), None));
    }

    #[test]
    fn every_fault_names_its_key_and_what_it_must_be() {
        let cases = [
            ("time_ns", json!(1.5)),
            ("id", json!(7)),
            ("id", json!("x".repeat(ID_MAX + 1))),
            ("status", json!("lost")),
            ("lat_deg", json!(91)),
            ("lon_deg", json!("8")),
            ("height_m", json!(-2e4)),
            ("velocity_enu_m_s", json!([1, 2])),
            ("covariance_enu", json!([1, 2, 3])),
        ];
        for (name, value) in cases {
            let mut line = good();
            line[name] = value;
            let fault = track(&line).expect_err(name);
            assert!(matches!(fault, LineFault::Wrong(key) if key.name == name), "{name}: {fault}");
            assert!(fault.to_string().contains("must be"), "{fault}");
        }
    }

    #[test]
    fn a_missing_key_is_named() {
        let mut line = good();
        line["velocity_enu_m_s"] = Value::Null;
        assert_eq!(track(&line), Err(LineFault::Missing(VELOCITY)));
    }

    #[test]
    fn truth_may_do_without_velocity() {
        let value = json!({"time_ns": 1, "id": "t", "lat_deg": -10, "lon_deg": 190, "height_m": 0});
        let line = TruthLine::read(value.as_object().expect("an object")).expect("good");
        assert_eq!(line.velocity_enu_m_s, None);
        assert!((line.position.longitude_deg() + 170.0).abs() < 1e-9);
    }
}
