//! The scenarios: recorded paths before simulated sensors.
//!
//! The plane's origin is the radar. Where a recording has its own region (the gliders), each is moved as a whole to a
//! place of its own around the radar; only the traffic is left where it was. No time of day survives: a scenario begins
//! at second 0.

use core::f64::consts::TAU;
use core::ops::Range;
use std::path::Path as File;

use fusion_core::frame::Position;
use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::maths::{cos, sin};
use fusion_core::measurement::{Pose, SensorId};
use fusion_core::nalgebra::{Rotation3, Vector3};
use fusion_core::model::motion::MotionSet;
use fusion_core::tracker::TrackerConfig;

use super::Path;
use super::recordings::{self, Fixes, RecordingFault};
use super::sensors::{Errors, Sensor};
use super::smooth::{self, Spline};

/// Recorded things before simulated sensors.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name in the table.
    pub name: &'static str,
    /// What is there.
    pub paths: Vec<Path>,
    /// From when to when.
    pub seconds: Range<i64>,
    /// The sensors; the first decides when things are compared and where.
    pub sensors: Vec<Sensor>,
    /// A track holds a truth no farther off than this, m.
    pub gate_m: f64,
    /// c of GOSPA, m.
    pub cutoff_m: f64,
    /// What accelerates harder than this manoeuvres, m/s².
    pub manoeuvre_m_s2: f64,
    /// How many times it is run, each time with other errors, misses and clutter.
    pub runs: u64,
    /// The tracker's settings but for how things move.
    pub config: TrackerConfig,
    /// Spectral densities q of the single models that compete, m²/s³, horizontal.
    pub densities: &'static [f64],
    /// Their q upwards, m²/s³.
    pub vertical_density: f64,
    /// The motions of the tracker that knows several.
    pub motions: MotionSet,
    /// q of that tracker's tracks until they are confirmed, m²/s³, horizontal.
    pub start_density: f64,
}

/// The files that the scenarios need.
#[must_use]
pub fn files() -> Vec<String> {
    let gliders = GLIDERS.iter().map(|glider| format!("glider_{}.json.gz", glider.name));
    let mut files: Vec<String> =
        ["uav.csv", "tanker.json.gz", "traffic.json.gz"].into_iter().map(str::to_owned).chain(gliders).collect();
    files.sort();
    files.dedup();
    files
}

/// All scenarios, from the recordings in a folder.
///
/// # Errors
/// [`RecordingFault`]
pub fn all(folder: &File) -> Result<Vec<Scenario>, RecordingFault> {
    let uav = uav(&folder.join("uav.csv"))?;
    let with_direction_finder = with_direction_finder(uav.clone());
    let gliders = gliders(folder)?;
    let tanker = tanker(&folder.join("tanker.json.gz"))?;
    let three_hours = paris(&folder.join("traffic.json.gz"))?;
    Ok(vec![uav, with_direction_finder, gliders, tanker, traffic(&three_hours), folded(&three_hours)])
}

impl Scenario {
    /// What there is to see, in a line.
    #[must_use]
    pub fn summary(&self) -> String {
        let seen = |second: i64| {
            let there = self.paths.iter().filter_map(|path| path.at(second));
            there.filter(|moment| self.sensors[0].covers(&moment.position)).count()
        };
        format!(
            "{:<10} {} paths, up to {} at once; {} s, {} runs; manoeuvring above {} m/s², GOSPA c = {} m",
            self.name,
            self.paths.len(),
            self.seconds.clone().map(seen).max().unwrap_or(0),
            self.seconds.end - self.seconds.start,
            self.runs,
            self.manoeuvre_m_s2,
            self.cutoff_m,
        )
    }
}

fn smoothed(fixes: &Fixes, spline: &Spline) -> Vec<Path> {
    fixes.iter().flat_map(|(id, fixes)| smooth::paths(id, fixes, spline)).collect()
}

fn plane(latitude_deg: f64, longitude_deg: f64, height_m: f64) -> TangentPlane {
    TangentPlane::at(Geodetic::from_degrees(latitude_deg, longitude_deg, height_m).expect("a place on the earth"))
}

// --- The UAV ---

/// Its GPS is better than a metre.
const UAV_SPLINE: Spline = Spline {
    horizontal_sigma_m: 0.5,
    vertical_sigma_m: 1.0,
    velocity_sigma_m_s: 1.0,
    horizontal_jerk: 1.0,
    vertical_jerk: 0.2,
    gap_max_s: 10,
};

/// The radar stands two kilometres south of where the UAV starts, on the same height.
fn uav(file: &File) -> Result<Scenario, RecordingFault> {
    let fixes = recordings::uav(file, &plane(50.279_3, -30.891_0, 708.0))?;
    let paths = smoothed(&fixes, &UAV_SPLINE);
    let [from, to] = life(&paths);
    Ok(Scenario {
        name: "uav",
        seconds: 0..to - from,
        paths: paths.into_iter().map(|path| begun_at(path, from)).collect(),
        sensors: vec![short_range_radar(0.9)],
        gate_m: 150.0,
        cutoff_m: 50.0,
        manoeuvre_m_s2: 0.5,
        runs: 20,
        config: TrackerConfig {
            velocity_sigma_horizontal_m_s: 10.0,
            velocity_sigma_vertical_m_s: 3.0,
            ..TrackerConfig::default()
        },
        densities: &[0.5, 1.0, 2.0, 4.0, 8.0],
        vertical_density: 0.1,
        motions: MotionSet::drones(),
        start_density: 4.0,
    })
}

fn short_range_radar(detection: f64) -> Sensor {
    Sensor {
        id: SensorId(0),
        pose: Pose::AT_ORIGIN,
        period_s: 1,
        errors: Errors::Radar { range_m: 5.0, azimuth_deg: 0.3, elevation_deg: 0.5 },
        detection,
        clutter: 5.0,
        range_m: [50.0, 5_000.0],
    }
}

/// The same UAV before a radar that sees it every other time only, and a direction finder to the west that hears it.
fn with_direction_finder(uav: Scenario) -> Scenario {
    let finder = Sensor {
        id: SensorId(1),
        pose: Pose { origin: Position::new(-3_500.0, 1_800.0, 0.0), ..Pose::AT_ORIGIN },
        period_s: 1,
        errors: Errors::DirectionFinder { azimuth_deg: 1.0 },
        detection: 0.9,
        clutter: 0.5,
        range_m: [50.0, 8_000.0],
    };
    Scenario { name: "uav+df", sensors: vec![short_range_radar(0.5), finder], ..uav }
}

// --- Gliders ---

/// A piece of a glider's day: from which second of it.
struct Glider {
    name: &'static str,
    from_s: i64,
}

/// Pieces in which a glider circles for a quarter of the time and more, and is heard often enough (no silence above
/// 35 s) for its path to be one that a glider can fly (below 62 m/s, below 0.6 g sideways).
const GLIDERS: [Glider; 8] = [
    Glider { name: "oxford_cambridge", from_s: 20_349 },
    Glider { name: "oxford_cambridge", from_s: 15_866 },
    Glider { name: "franconia", from_s: 22_871 },
    Glider { name: "franconia", from_s: 21_011 },
    Glider { name: "sisteron", from_s: 17_131 },
    Glider { name: "danube_valley", from_s: 27_833 },
    Glider { name: "alto_adige", from_s: 5_736 },
    Glider { name: "alpi_italiane", from_s: 8_035 },
];

const GLIDER_SECONDS: i64 = 1_200;

/// Some fixes are two seconds late; velocities are rounded to knots and degrees, and late as well.
const GLIDER_SPLINE: Spline = Spline {
    horizontal_sigma_m: 30.0,
    vertical_sigma_m: 10.0,
    velocity_sigma_m_s: 4.0,
    horizontal_jerk: 0.4,
    vertical_jerk: 0.05,
    gap_max_s: 40,
};

/// Eight gliders at once, their middles on a circle of 15 km around the radar.
fn gliders(folder: &File) -> Result<Scenario, RecordingFault> {
    let mut paths = Vec::new();
    for (k, glider) in (0..).zip(&GLIDERS) {
        let found = glider_paths(&folder.join(format!("glider_{}.json.gz", glider.name)), glider)?;
        let angle = TAU * real(k) / 8.0;
        let place = Vector3::new(15_000.0 * sin(angle), 15_000.0 * cos(angle), 0.0);
        let by = place - horizontal_middle(&found);
        paths.extend(found.into_iter().map(|path| moved_by(path, &by)));
    }
    Ok(Scenario {
        name: "gliders",
        paths,
        seconds: 0..GLIDER_SECONDS,
        sensors: vec![Sensor {
            id: SensorId(0),
            pose: Pose::AT_ORIGIN,
            period_s: 2,
            errors: Errors::Radar { range_m: 20.0, azimuth_deg: 0.15, elevation_deg: 0.2 },
            detection: 0.9,
            clutter: 10.0,
            range_m: [1_000.0, 40_000.0],
        }],
        gate_m: 600.0,
        cutoff_m: 200.0,
        manoeuvre_m_s2: 2.0,
        runs: 4,
        config: TrackerConfig {
            velocity_sigma_horizontal_m_s: 30.0,
            velocity_sigma_vertical_m_s: 5.0,
            ..TrackerConfig::default()
        },
        densities: &[10.0, 20.0, 40.0, 80.0, 160.0],
        vertical_density: 0.5,
        motions: MotionSet::mixed(),
        start_density: 40.0,
    })
}

fn glider_paths(file: &File, glider: &Glider) -> Result<Vec<Path>, RecordingFault> {
    let (from, place) = recordings::place_after(file, glider.from_s)?;
    let fixes = recordings::aircraft(file, &TangentPlane::at(place), true)?;
    let pieces = smoothed(&fixes, &GLIDER_SPLINE).into_iter().filter_map(|path| path.cut(from, from + GLIDER_SECONDS));
    let name = format!("{}.{}", glider.name, glider.from_s);
    Ok(pieces.map(|path| named(begun_at(path, from), &name)).collect())
}

// --- The tanker ---

/// Up to half a second late at 200 m/s; it turns wide.
const TANKER_SPLINE: Spline = Spline {
    horizontal_sigma_m: 40.0,
    vertical_sigma_m: 10.0,
    velocity_sigma_m_s: 1.0,
    horizontal_jerk: 0.05,
    vertical_jerk: 0.005,
    gap_max_s: 15,
};

/// An hour and a half of racetracks, seen from the side.
fn tanker(file: &File) -> Result<Scenario, RecordingFault> {
    let fixes = recordings::aircraft(file, &plane(46.3, 1.3, 0.0), false)?;
    let paths = smoothed(&fixes, &TANKER_SPLINE);
    let [from, _] = life(&paths);
    Ok(Scenario {
        name: "tanker",
        paths: paths.into_iter().map(|path| begun_at(path, from)).collect(),
        seconds: 2_400..7_800,
        sensors: vec![surveillance_radar(150_000.0, 20.0)],
        gate_m: 3_000.0,
        cutoff_m: 500.0,
        manoeuvre_m_s2: 1.5,
        runs: 6,
        config: aircraft_config(),
        densities: &[10.0, 20.0, 40.0, 80.0, 160.0],
        vertical_density: 0.3,
        motions: MotionSet::aircraft(),
        start_density: 80.0,
    })
}

fn surveillance_radar(range_max_m: f64, clutter: f64) -> Sensor {
    Sensor {
        id: SensorId(0),
        pose: Pose::AT_ORIGIN,
        period_s: 4,
        errors: Errors::Radar { range_m: 50.0, azimuth_deg: 0.1, elevation_deg: 0.1 },
        detection: 0.9,
        clutter,
        range_m: [8_000.0, range_max_m],
    }
}

fn aircraft_config() -> TrackerConfig {
    TrackerConfig {
        velocity_sigma_horizontal_m_s: 150.0,
        velocity_sigma_vertical_m_s: 10.0,
        ..TrackerConfig::default()
    }
}

// --- Traffic around Paris ---

const TRAFFIC_SPLINE: Spline = Spline {
    horizontal_sigma_m: 30.0,
    vertical_sigma_m: 8.0,
    velocity_sigma_m_s: 1.0,
    horizontal_jerk: 0.2,
    vertical_jerk: 0.01,
    gap_max_s: 10,
};

fn paris(file: &File) -> Result<Vec<Path>, RecordingFault> {
    let fixes = recordings::aircraft(file, &plane(48.8, 2.1, 100.0), true)?;
    let paths = smoothed(&fixes, &TRAFFIC_SPLINE);
    let [from, _] = life(&paths);
    Ok(paths.into_iter().map(|path| begun_at(path, from)).collect())
}

/// The twenty minutes with most aircraft within 100 km, as they were.
fn traffic(paths: &[Path]) -> Scenario {
    let seconds = 7_200..8_400;
    let cut = paths.iter().filter_map(|path| path.cut(seconds.start, seconds.end));
    Scenario {
        name: "traffic",
        paths: cut.collect(),
        seconds,
        sensors: vec![surveillance_radar(100_000.0, 20.0)],
        gate_m: 2_000.0,
        cutoff_m: 500.0,
        manoeuvre_m_s2: 1.5,
        runs: 3,
        config: aircraft_config(),
        densities: &[5.0, 10.0, 20.0, 40.0, 80.0],
        vertical_density: 1.0,
        motions: MotionSet::aircraft(),
        start_density: 40.0,
    }
}

/// The whole three hours at once: each quarter of an hour turned about the radar by 30° more than the one before, so
/// that everybody keeps his way, his height and his neighbours, but not everybody is on the same approach.
fn folded(paths: &[Path]) -> Scenario {
    let mut folded = Vec::new();
    for fold in 0..FOLDS {
        let turn = Rotation3::from_axis_angle(&Vector3::z_axis(), TAU * real(fold) / real(FOLDS));
        for part in paths.iter().filter_map(|path| path.cut(fold * FOLD_S, (fold + 1) * FOLD_S)) {
            let name = format!("{}.{fold}", part.id);
            folded.push(named(begun_at(part, fold * FOLD_S), &name).turned(turn.matrix()));
        }
    }
    Scenario { name: "traffic×12", paths: folded, seconds: 0..FOLD_S, runs: 1, ..traffic(paths) }
}

const FOLDS: i64 = 12;
const FOLD_S: i64 = 900;

// --- Paths, moved about ---

/// The first second and the one after the last.
fn life(paths: &[Path]) -> [i64; 2] {
    let from = paths.iter().map(|path| path.from).min().unwrap_or(0);
    [from, paths.iter().map(Path::end).max().unwrap_or(from)]
}

/// The same path, its seconds counted from another.
fn begun_at(path: Path, zero: i64) -> Path {
    let from = path.from - zero;
    path.moved(from, &Vector3::zeros())
}

fn moved_by(path: Path, by: &Vector3<f64>) -> Path {
    let from = path.from;
    path.moved(from, by)
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn real(k: i64) -> f64 {
    k as f64
}

fn named(path: Path, id: &str) -> Path {
    Path { id: id.to_owned(), ..path }
}

/// The middle of the paths' extent over the ground.
fn horizontal_middle(paths: &[Path]) -> Vector3<f64> {
    let places = || paths.iter().flat_map(|path| &path.moments).map(|moment| moment.position);
    let low = places().fold(Vector3::repeat(f64::INFINITY), |low, place| low.inf(&place));
    let high = places().fold(Vector3::repeat(f64::NEG_INFINITY), |high, place| high.sup(&place));
    let middle = (low + high) / 2.0;
    Vector3::new(middle.x, middle.y, 0.0)
}
