//! The recordings that `tests/data/fetch` obtains, read into fixes in a tangent plane.
//!
//! | file | what | its time, place and velocity |
//! |---|---|---|
//! | `uav.csv` | a small UAV by its own GPS | 1 Hz; 0.1 m; its velocity is empty while it hovers and is not used |
//! | `traffic.json.gz` | ADS-B around Paris | 1 Hz; up to a second late, 25 ft; speed in knots, track in degrees |
//! | `tanker.json.gz` | ADS-B of a tanker | the same, but speed and track are one constant and not used |
//! | `glider_*.json.gz` | gliders | every 3 to 30 s; some 30 m; speed in knots, track in degrees |
//!
//! Barometric altitudes are taken as heights above the ellipsoid: the shape of the path is what counts here. A position
//! that stands twice in a row is the receiver's memory and not a fix.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::Path;

use flate2::read::GzDecoder;
use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::maths::{cos, sin};
use fusion_core::nalgebra::Vector3;
use serde::Deserialize;

use super::smooth::Fix;

/// Fixes by their seconds, of every thing by its name.
pub type Fixes = BTreeMap<String, BTreeMap<i64, Fix>>;

/// Why a recording cannot be read.
#[derive(Debug)]
pub enum RecordingFault {
    /// It cannot be opened or unpacked.
    Io(std::io::Error),
    /// It is not the JSON that it should be.
    Json(serde_json::Error),
    /// A line of a CSV lacks a column or holds no number there.
    Line(usize),
    /// It ends before the wanted part begins.
    TooShort,
}

impl core::fmt::Display for RecordingFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Io(fault) => write!(f, "cannot be read: {fault}"),
            Self::Json(fault) => write!(f, "is not the JSON that it should be: {fault}"),
            Self::Line(line) => write!(f, "line {line} lacks a column or holds no number there"),
            Self::TooShort => f.write_str("ends before the wanted part begins"),
        }
    }
}

impl core::error::Error for RecordingFault {}

/// Reads the UAV's CSV: `time,timestamp,latitude,longitude,altitude (m),…`.
///
/// # Errors
/// [`RecordingFault`]
pub fn uav(file: &Path, plane: &TangentPlane) -> Result<Fixes, RecordingFault> {
    let text = std::fs::read_to_string(file).map_err(RecordingFault::Io)?;
    let mut fixes = BTreeMap::new();
    for (line, row) in text.lines().enumerate().skip(1) {
        let columns: Option<Vec<f64>> = row.split(',').skip(1).take(4).map(|column| column.parse().ok()).collect();
        let (second, fix) = columns.and_then(|c| uav_fix(&c, plane)).ok_or(RecordingFault::Line(line + 1))?;
        fixes.insert(second, fix);
    }
    Ok([("uav".to_owned(), fixes)].into())
}

fn uav_fix(columns: &[f64], plane: &TangentPlane) -> Option<(i64, Fix)> {
    let &[second, latitude, longitude, height] = columns else { return None };
    let place = Geodetic::from_degrees(latitude, longitude, height)?;
    Some((whole(second), Fix { position: *plane.geodetic_to_enu(place).vector(), velocity: None }))
}

#[expect(clippy::cast_possible_truncation, reason = "seconds of a day")]
fn whole(second: f64) -> i64 {
    second.round() as i64
}

/// Reads gzipped JSON as the package `traffic` keeps it; velocities only where they mean something.
///
/// # Errors
/// [`RecordingFault`]
pub fn aircraft(file: &Path, plane: &TangentPlane, with_velocity: bool) -> Result<Fixes, RecordingFault> {
    let rows = rows(file)?;
    let mut fixes = Fixes::new();
    for of_one in rows.chunk_by(|a, b| a.icao24 == b.icao24) {
        let seen = of_one.iter().filter(|row| !row.onground.unwrap_or(false));
        let mut last = None;
        let fresh = seen.filter(|row| {
            let place = Some((row.latitude, row.longitude));
            core::mem::replace(&mut last, place) != place
        });
        let found = fresh.filter_map(|row| Some((row.second(), row.fix(plane, with_velocity)?)));
        fixes.insert(of_one[0].icao24.clone(), found.collect());
    }
    Ok(fixes)
}

/// Where a recording of one thing has come to after some seconds, and at which second that is: a plane that touches the
/// earth there has "up" for up.
///
/// # Errors
/// [`RecordingFault`]
pub fn place_after(file: &Path, seconds: i64) -> Result<(i64, Geodetic), RecordingFault> {
    let rows = rows(file)?;
    let begin = rows.first().map_or(0, Row::second) + seconds;
    let place = |row: &Row| Geodetic::from_degrees(row.latitude?, row.longitude?, 0.0);
    let found = rows.iter().filter(|row| row.second() >= begin).find_map(place);
    Ok((begin, found.ok_or(RecordingFault::TooShort)?))
}

/// The rows of a recording by thing and time.
fn rows(file: &Path) -> Result<Vec<Row>, RecordingFault> {
    let packed = std::fs::File::open(file).map_err(RecordingFault::Io)?;
    let text = std::io::read_to_string(GzDecoder::new(BufReader::new(packed))).map_err(RecordingFault::Io)?;
    let mut rows: Vec<Row> = serde_json::from_str(&text).map_err(RecordingFault::Json)?;
    rows.sort_by(|a, b| (&a.icao24, a.timestamp).cmp(&(&b.icao24, b.timestamp)));
    Ok(rows)
}

#[derive(Deserialize)]
struct Row {
    /// Milliseconds since the Unix epoch.
    timestamp: i64,
    icao24: String,
    latitude: Option<f64>,
    longitude: Option<f64>,
    /// Feet.
    altitude: Option<f64>,
    /// Knots.
    groundspeed: Option<f64>,
    /// Degrees.
    track: Option<f64>,
    onground: Option<bool>,
}

const FOOT_M: f64 = 0.3048;
const KNOT_M_S: f64 = 1852.0 / 3600.0;

impl Row {
    fn second(&self) -> i64 {
        self.timestamp.div_euclid(1000)
    }

    fn fix(&self, plane: &TangentPlane, with_velocity: bool) -> Option<Fix> {
        let place = Geodetic::from_degrees(self.latitude?, self.longitude?, self.altitude? * FOOT_M)?;
        let velocity = if with_velocity { Some(self.velocity(plane, place)?) } else { None };
        Some(Fix { position: *plane.geodetic_to_enu(place).vector(), velocity })
    }

    /// East and north velocity in the plane, whose axes are not those at the aircraft.
    fn velocity(&self, plane: &TangentPlane, place: Geodetic) -> Option<[f64; 2]> {
        let (speed, track) = (self.groundspeed? * KNOT_M_S, self.track?.to_radians());
        let local = Vector3::new(speed * sin(track), speed * cos(track), 0.0);
        let seen = plane.local_axes_at(place).tr_mul(&local);
        Some([seen.x, seen.y])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane() -> TangentPlane {
        TangentPlane::at(Geodetic::from_degrees(49.0, 2.0, 0.0).expect("plausible"))
    }

    #[test]
    fn a_row_of_traffic_becomes_metres_and_metres_per_second() {
        let text = r#"{"timestamp": 5000, "icao24": "a", "latitude": 49.0, "longitude": 2.0, "altitude": 1000,
            "groundspeed": 100.0, "track": 90.0}"#;
        let row: Row = serde_json::from_str(text).expect("as recorded");
        let fix = row.fix(&plane(), true).expect("complete");
        assert!((fix.position - Vector3::new(0.0, 0.0, 304.8)).norm() < 1e-3);
        let [east, north] = fix.velocity.expect("given");
        assert!((east - 51.444).abs() < 1e-3 && north.abs() < 1e-9);
    }

    #[test]
    fn a_row_without_a_place_is_no_fix() {
        let row: Row =
            serde_json::from_str(r#"{"timestamp": 1, "icao24": "a", "latitude": null}"#).expect("as recorded");
        assert_eq!(row.fix(&plane(), false), None);
    }

    #[test]
    fn a_row_of_the_uav_needs_all_its_numbers() {
        assert!(uav_fix(&[38_975.0, 49.0, 2.0, 700.0], &plane()).is_some_and(|(second, _)| second == 38_975));
        assert_eq!(uav_fix(&[38_975.0, 149.0, 2.0, 700.0], &plane()), None);
    }
}
