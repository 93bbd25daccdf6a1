//! Instructions per detection: four radars over two hundred targets, counted by callgrind.
//!
//! Instructions do not depend on what else the machine does, and little on which machine it is. The program starts
//! itself under valgrind with `--work`; only [`counted`] is counted, after the tracks have settled. On aarch64
//! `cross/count-instructions` counts the same, and knows [`work`] and [`counted`] by their names.

use std::process::Command;

use fusion_core::frame::Position;
use fusion_core::measurement::{Measurement, Pose, Scan, SensorId};
use fusion_core::nalgebra::Vector3;
use fusion_core::sensor::SensorModel;
use fusion_core::time::Span;
use fusion_core::tracker::Tracker;

use crate::common::{Chance, Memory, fleet, radar, scan};
use crate::drive::{BEGIN, LIFETIME_S, NEW_PER_SCAN, Terms, sensor_for, tracker_for};
use crate::options::Options;
use crate::peer::folder;
use crate::table::{Table, fixed};

const TARGETS: u32 = 200;
/// Where the radars stand, metres east and north.
const SITES: [[f64; 2]; 4] = [[0.0, 0.0], [6e3, 2e3], [-3e3, 5e3], [1e3, -7e3]];
/// Seconds before the count, and those that are counted; each radar looks once a second.
const WARM: i64 = 15;
const COUNTED: i64 = 10;
const TERMS: Terms = Terms {
    detection: 0.9,
    clutter_per_scan: 50.0,
    range_min_m: 0.0,
    range_max_m: 30_000.0,
    acceleration: 0.5,
    steady_acceleration: None,
    new_per_scan: NEW_PER_SCAN,
    lifetime_s: LIFETIME_S,
    velocity_sigma_m_s: 50.0,
    tracks: 1_024,
};

pub fn table(_: &Options) -> Table {
    let title = "instructions per detection, 200 targets and four radars (wanted: 50 000, aim 10 000)";
    let columns = ["machine", "detections", "confirmed", "instructions", "per detection"];
    let mut table = Table::new("instructions", title, &columns);
    match count() {
        Ok([detections, confirmed, instructions]) => table.row([
            std::env::consts::ARCH.to_owned(),
            fixed(detections, 0),
            fixed(confirmed, 0),
            fixed(instructions, 0),
            fixed(instructions / detections, 0),
        ]),
        Err(why) => {
            tests::skip("instructions", &why);
            table.note(format!("SKIPPED: {why}"));
        }
    }
    table
}

/// Detections and confirmed tracks as the workload tells them, instructions as callgrind does; or why there are none.
fn count() -> Result<[f64; 3], String> {
    let program = std::env::current_exe().map_err(|error| format!("this program cannot find itself: {error}"))?;
    let out = folder().join("callgrind.out");
    let valgrind = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*instructions::counted*"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .arg("--work")
        .output()
        .map_err(|error| format!("valgrind: {error}; apt-get install valgrind"))?;
    let (told, log) = (String::from_utf8_lossy(&valgrind.stdout), String::from_utf8_lossy(&valgrind.stderr));
    let mut words = told.split_whitespace().map_while(|word| word.parse().ok());
    let collected = log.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    match (words.next(), words.next(), collected) {
        (Some(detections), Some(confirmed), Some(instructions)) => Ok([detections, confirmed, instructions]),
        _ => Err(format!("valgrind counted nothing:\n{log}")),
    }
}

/// The workload: prints how many detections it took while it was counted, and the confirmed tracks at its end.
#[inline(never)]
pub fn work() {
    let mut chance = Chance::new(1);
    let fleet = fleet(TARGETS, 20_000.0, &mut chance);
    let (mut tracker, sensor) = (tracker_for(&TERMS), sensor_for(&TERMS));
    let mut detections = 0;
    for quarter in 0..4 * (WARM + COUNTED) {
        let sensor_index = usize::try_from(quarter % 4).expect("four");
        let after = Span::from_millis(250 * quarter);
        let [east, north] = SITES[sensor_index];
        let site = Vector3::new(east, north, 0.0);
        let places: Vec<_> = fleet.iter().map(|(place, v)| place + v * after.as_secs_f64() - site).collect();
        let seen = radar(TERMS.clutter_per_scan, TERMS.range_max_m).look(&places, &mut chance);
        let scan = look(u16::try_from(sensor_index).expect("four"), site, after, &seen);
        if quarter < 4 * WARM {
            tracker.handle_scan(&scan, &sensor).expect("in order");
        } else {
            counted(&mut tracker, &scan, &sensor);
            detections += seen.len();
        }
    }
    println!("{detections} {}", tracker.tracks().filter(|track| track.is_confirmed()).count());
}

/// One scan, in a function of its own so that callgrind finds it.
#[inline(never)]
fn counted(tracker: &mut Tracker<Memory>, scan: &Scan<'_>, sensor: &SensorModel) {
    tracker.handle_scan(scan, sensor).expect("in order");
}

fn look(sensor: u16, site: Vector3<f64>, after: Span, seen: &[Measurement]) -> Scan<'_> {
    let pose = Pose { origin: Position::from_vector(site), ..Pose::AT_ORIGIN };
    Scan { pose, ..scan(SensorId(sensor), BEGIN + after, seen) }
}
