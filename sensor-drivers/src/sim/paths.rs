//! Recorded paths, as people have them: CSV, KML (`gx:Track` or `LineString`), GPX.
//!
//! Each form is read to points in the order of time, the first at zero seconds. A path without times is flown at one
//! speed all the way. Points of equal time after the first are passed over; a time that runs backwards is refused.

use core::fmt::{self, Display, Formatter};

use fusion_core::geodesy::{Geodetic, TangentPlane};

mod csv;
mod xml;

/// Points of one path at the most.
///
/// No counter: a longer path is refused.
pub const PATH_POINTS_MAX: usize = 100_000;

/// A point of a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waypoint {
    /// Seconds from the first point.
    pub seconds: f64,
    /// Where.
    pub position: Geodetic,
}

/// Why a path is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathFault {
    /// The line, from 1; zero means the whole file.
    pub line: usize,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl PathFault {
    fn at(line: usize, reason: impl Into<String>) -> Self {
        Self { line, reason: reason.into() }
    }
}

impl Display for PathFault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.reason),
            line => write!(f, "line {line}: {}", self.reason),
        }
    }
}

/// A point as a file has it.
#[derive(Clone, Copy, Debug)]
struct RawPoint {
    line: usize,
    /// Seconds since whenever.
    time: Option<f64>,
    latitude_deg: f64,
    longitude_deg: f64,
    height_m: Option<f64>,
}

/// Reads a file by the ending of its name. Points without height have `height_m`, a path without times `speed_m_s`.
pub(super) fn read(name: &str, text: &str, height_m: f64, speed_m_s: f64) -> Result<Vec<Waypoint>, PathFault> {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let points = match ending.as_deref() {
        Some("csv") => csv::read(text)?,
        Some("kml") => xml::kml(text)?,
        Some("gpx") => xml::gpx(text)?,
        _ => return Err(PathFault::at(0, "is no recorded path; wants a name that ends in .csv, .kml or .gpx")),
    };
    timed(&points, height_m, speed_m_s)
}

/// From points written down in a scenario: seconds, latitude, longitude, height.
pub(super) fn from_points(points: &[[f64; 4]]) -> Result<Vec<Waypoint>, PathFault> {
    let raw = |(line, [time, latitude_deg, longitude_deg, height]): (usize, &[f64; 4])| RawPoint {
        line,
        time: Some(*time),
        latitude_deg: *latitude_deg,
        longitude_deg: *longitude_deg,
        height_m: Some(*height),
    };
    timed(&(1..).zip(points).map(raw).collect::<Vec<_>>(), 0.0, 0.0)
}

fn timed(points: &[RawPoint], height_m: f64, speed_m_s: f64) -> Result<Vec<Waypoint>, PathFault> {
    if points.len() > PATH_POINTS_MAX {
        return Err(PathFault::at(0, format!("{} points, the bound is {PATH_POINTS_MAX}: thin it out", points.len())));
    }
    let with_time = points.iter().filter(|point| point.time.is_some()).count();
    if with_time != 0 && with_time != points.len() {
        let bare = points.iter().find(|point| point.time.is_none()).map_or(0, |point| point.line);
        return Err(PathFault::at(bare, "this point has no time, others have: give all or none"));
    }
    if with_time == 0 && speed_m_s < 0.1 {
        return Err(PathFault::at(0, "tells no times: give the target's speed-m-s, at least 0.1"));
    }
    let mut way: Vec<Waypoint> = Vec::with_capacity(points.len());
    let first = points.first().and_then(|point| point.time).unwrap_or(0.0);
    for point in points {
        let height = point.height_m.unwrap_or(height_m);
        let position = Geodetic::from_degrees(point.latitude_deg, point.longitude_deg, height)
            .filter(|place| place.latitude_deg().abs() < 89.0 && (-500.0..30_000.0).contains(&place.height_m))
            .ok_or_else(|| PathFault::at(point.line, NO_PLACE))?;
        let seconds = match (point.time, way.last()) {
            (Some(time), _) => time - first,
            (None, None) => 0.0,
            (None, Some(last)) => last.seconds + distance_m(&last.position, &position) / speed_m_s,
        };
        match way.last() {
            Some(last) if seconds < last.seconds || !seconds.is_finite() => {
                return Err(PathFault::at(point.line, "its time is before that of the point before: sort by time"));
            }
            Some(last) if seconds - last.seconds < STEP_S_MIN => {}
            _ => way.push(Waypoint { seconds, position }),
        }
    }
    if way.len() < 2 {
        return Err(PathFault::at(0, "a path needs two points of different time"));
    }
    Ok(way)
}

const NO_PLACE: &str = "is no place to be: wants latitude ±89°, longitude ±180°, height −500 to 30,000 m";
/// Points nearer in time are one.
const STEP_S_MIN: f64 = 1e-3;

fn distance_m(from: &Geodetic, to: &Geodetic) -> f64 {
    TangentPlane::at(*from).geodetic_to_enu(*to).vector().norm()
}

/// Seconds since the epoch, of RFC 3339 text.
fn rfc3339_seconds(text: &str) -> Option<f64> {
    let time = crate::plots::from_rfc3339(text)?;
    Some((time - fusion_core::time::Timestamp::EPOCH).as_secs_f64())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const CSV: &str = "time,lat,lon,h\n100,52.0,21.0,300\n110,52.001,21.002,310\n\n125.5,52.002,21.001,320\n";
    const GPX: &str = "<?xml version=\"1.0\"?>\n<gpx xmlns=\"http://www.topografix.com/GPX/1/1\" version=\"1.1\"><trk>\
        <trkseg>\n<trkpt lat=\"52.0\" lon=\"21.0\"><ele>300</ele><time>2024-06-01T10:00:00Z</time></trkpt>\n\
        <trkpt lat=\"52.001\" lon=\"21.002\"><ele>310</ele><time>2024-06-01T10:00:10Z</time></trkpt></trkseg>\n\
        <trkseg><trkpt lat=\"52.002\" lon=\"21.001\"><ele>320</ele><time>2024-06-01T10:00:25.5Z</time></trkpt></trkseg>\
        </trk></gpx>";
    const TRACK: &str = "<kml xmlns=\"http://www.opengis.net/kml/2.2\" xmlns:gx=\"http://www.google.com/kml/ext/2.2\">\
        <Placemark><gx:Track><when>2024-06-01T10:00:00Z</when><when>2024-06-01T10:00:10Z</when>\
        <when>2024-06-01T10:00:25.5Z</when><gx:coord>21.0 52.0 300</gx:coord><gx:coord>21.002 52.001 310</gx:coord>\
        <gx:coord>21.001 52.002 320</gx:coord></gx:Track></Placemark></kml>";
    const LINE: &str = "<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Placemark><LineString><coordinates>\n\
        21.0,52.0,300 21.002,52.001,310\n 21.001,52.002 </coordinates></LineString></Placemark></kml>";

    #[test]
    fn the_three_forms_of_one_path_are_one_path() {
        let csv = read("a.csv", CSV, 0.0, 0.0).unwrap();
        assert_eq!(csv.iter().map(|point| point.seconds).collect::<Vec<_>>(), [0.0, 10.0, 25.5]);
        assert!((csv[1].position.height_m - 310.0).abs() < 1e-9);
        assert_eq!(read("a.gpx", GPX, 0.0, 0.0).unwrap(), csv);
        assert_eq!(read("A.KML", TRACK, 0.0, 0.0).unwrap(), csv);
    }

    #[test]
    fn a_line_without_times_is_flown_at_one_speed() {
        let way = read("a.kml", LINE, 320.0, 20.0).unwrap();
        assert_eq!(way.len(), 3);
        for pair in way.windows(2) {
            let speed = distance_m(&pair[0].position, &pair[1].position) / (pair[1].seconds - pair[0].seconds);
            assert!((speed - 20.0).abs() < 1e-6, "{speed}");
        }
        let slow = read("a.kml", LINE, 320.0, 0.0).unwrap_err();
        assert!(slow.reason.contains("speed-m-s"), "{slow}");
    }

    #[test]
    fn what_is_no_path_is_refused_by_line_and_with_a_remedy() {
        let cases = [
            ("a.csv", CSV.replace("lat,", "latte,"), "line 1: wants the columns time,lat,lon,h"),
            ("a.csv", CSV.replace("52.001", "north"), "line 3: lat is \"north\", which is no number"),
            ("a.csv", CSV.replace("110,", "90,"), "line 3: its time is before"),
            ("a.csv", CSV.replace("52.001", "97"), "line 3: is no place"),
            ("a.csv", "time,lat,lon\n1,2,3\n".into(), "a path needs two points"),
            ("a.csv", String::new(), "line 1: wants the columns"),
            ("a.txt", CSV.into(), "wants a name that ends in"),
            ("a.gpx", GPX.replace("</gpx>", ""), "is no XML"),
            ("a.gpx", TRACK.into(), "is no GPX"),
            ("a.gpx", GPX.replace("<time>2024-06-01T10:00:10Z</time>", ""), "line 4: this point has no time"),
            ("a.kml", TRACK.replace("<when>2024-06-01T10:00:10Z</when>", ""), "as many <when> as <gx:coord>"),
            ("a.kml", "<kml><Placemark/></kml>".into(), "holds neither"),
            ("a.kml", LINE.replace("21.0,52.0", "21.0;52.0"), "\"21.0;52.0,300\" is no longitude,latitude"),
        ];
        for (name, text, told) in cases {
            let fault = read(name, &text, 0.0, 10.0).unwrap_err().to_string();
            assert!(fault.contains(told), "{told}: {fault}");
        }
    }

    #[test]
    fn a_path_cut_anywhere_is_read_or_refused_and_never_panics() {
        for (name, text) in [("a.csv", CSV), ("a.gpx", GPX), ("a.kml", TRACK), ("a.kml", LINE)] {
            for end in 0..text.len() {
                let _ = read(name, &text[..end], 0.0, 10.0);
            }
        }
    }
}
