//! Whole scans over the five scenarios of `tests/peers/generate.py`: accuracy, identity and time, beside Stone Soup.
//!
//! Times are CPU times of one core, over every scan, the first ones too.

use std::path::{Path, PathBuf};

use edge_node::score::Summary;
use serde_json::Value;

use crate::drive::{LIFETIME_S, NEW_PER_SCAN, Scenario, Terms, is_reached, play, range_bearing, sensor_for};
use crate::measure::{Times, mean, real};
use crate::options::Options;
use crate::peer::{Python, folder, read};
use crate::recorded::{Recorded, STONE_SOUP};
use crate::score::{Seen, Shown, score};
use crate::table::{Table, fixed, unknown};

/// Name, own seed, and with how many detections Stone Soup confirms a track there and with how many misses it gives one
/// up before: with three and two it drowns on dense50.
const SCENARIOS: [(&str, u64, Patience); 5] = [
    ("s10", 1010, ["3", "2"]),
    ("s50", 1050, ["3", "2"]),
    ("s200", 1200, ["3", "2"]),
    ("s1000", 2000, ["3", "2"]),
    ("dense50", 3050, ["5", "1"]),
];
type Patience = [&'static str; 2];

/// c of GOSPA and the gate of SIAP.
const CUTOFF_M: f64 = 100.0;
/// Our tracker goes over the own seed so often, for the times.
const REPEATS: usize = 10;

const COLUMNS: [&str; 16] = [
    "scenario", "tracker", "seeds", "GOSPA", "rms", "missed", "false", "switches", "LS", "ANEES", "of state",
    "ms mean", "p50", "p99", "max", "ratio",
];

pub fn table(options: &Options) -> Table {
    let mut table = Table::new("scans", "whole scans (GOSPA c = 100 m, p = 2; SIAP switches and LS)", &COLUMNS);
    match Python::with(&["numpy"], "scans") {
        Some(python) => run(options, &python, &mut table),
        None => {
            STONE_SOUP.iter().for_each(|recorded| table.row(recorded_row(recorded, None)));
            table.note("SKIPPED: the scenarios need a Python with numpy");
        }
    }
    table.note(
        "missed and false per scan; ANEES of the position, and of the whole state with velocity; ratio: mean time over \
         ours on the same seeds",
    );
    table.note(format!(
        "seeds: the scenario's own and those after it; times of ours over {REPEATS} runs of the own seed"
    ));
    table
}

fn run(options: &Options, python: &Python, table: &mut Table) {
    let peer = if options.trackers.is_empty() { None } else { Python::with(&["stonesoup"], "Stone Soup") };
    let wanted = |name: &str| options.scenarios.iter().any(|scenario| scenario == name);
    for (name, own, patience) in SCENARIOS.into_iter().filter(|(name, ..)| wanted(name)) {
        let folders: Vec<PathBuf> = (own..own + options.seeds.max(1)).map(|seed| made(python, name, seed)).collect();
        let ours: Vec<Figures> = folders.iter().enumerate().map(|(k, folder)| track(folder, k == 0)).collect();
        table.row(ours[0].row(name, "copmesh", 1, None));
        let shared = usize::try_from(options.peer_seeds.max(1)).expect("few").min(folders.len());
        let mut measured = Vec::new();
        for tracker in options.trackers.iter().filter(|_| peer.is_some()) {
            let python = peer.as_ref().expect("asked just now");
            let theirs = folders[..shared].iter().map(|folder| track_by_peer(python, folder, tracker, patience));
            measured.push((tracker.as_str(), theirs.collect::<Vec<Figures>>()));
        }
        compare(name, &ours, &measured, table);
    }
}

/// The rows of one scenario below our first: Stone Soup on the own seed, both on the seeds that both have, we on all.
fn compare(name: &str, ours: &[Figures], measured: &[(&str, Vec<Figures>)], table: &mut Table) {
    let who = |tracker: &str| format!("Stone Soup {tracker}");
    for (tracker, theirs) in measured {
        table.row(theirs[0].row(name, &who(tracker), 1, Some(&ours[0])));
    }
    let unmeasured = |recorded: &&Recorded| !measured.iter().any(|(tracker, _)| *tracker == recorded.tracker);
    let recorded = STONE_SOUP.iter().filter(|recorded| recorded.scenario == name);
    recorded.filter(unmeasured).for_each(|recorded| table.row(recorded_row(recorded, Some(&ours[0]))));
    let shared = measured.first().map_or(0, |(_, theirs)| theirs.len());
    if shared > 1 {
        let together = Figures::mean(&ours[..shared]);
        table.row(together.row(name, "copmesh", shared, None));
        for (tracker, theirs) in measured {
            table.row(Figures::mean(theirs).row(name, &who(tracker), shared, Some(&together)));
            let below = ours.iter().zip(theirs).filter(|(ours, theirs)| ours.gospa[0] < theirs.gospa[0]).count();
            table.note(format!("{name}: GOSPA below that of Stone Soup {tracker} on {below} of {shared} seeds"));
        }
    }
    if ours.len() > shared.max(1) {
        table.row(Figures::mean(ours).row(name, "copmesh", ours.len(), None));
    }
}

/// The folder of a scenario, which is made if it is not there.
fn made(python: &Python, name: &str, seed: u64) -> PathBuf {
    let folder = folder();
    let scenario = folder.join(format!("{name}_{seed}"));
    if !scenario.join("meta.json").exists() {
        python.run("generate.py", [folder.as_os_str(), format!("{name}:{seed}").as_ref()]);
    }
    scenario
}

/// What one tracker made of a scenario, or of several on average.
#[derive(Clone)]
struct Figures {
    gospa: [f64; 4],
    switches: f64,
    longest_segment: f64,
    /// Of the position, and of position and velocity.
    anees: [Option<f64>; 2],
    times_ms: Vec<f64>,
}

impl Figures {
    fn new(summary: &Summary, times_ms: Vec<f64>) -> Self {
        let known = |x: Option<f64>| x.expect("a scenario has scans and truth");
        let g = &summary.gospa;
        Self {
            gospa: [g.mean_m, g.rms_m, g.missed_per_frame, g.false_per_frame].map(known),
            switches: real(usize::try_from(summary.siap.number_changes).expect("few")),
            longest_segment: known(summary.siap.longest_segment),
            anees: [summary.nees.position.anees, summary.nees.state.anees],
            times_ms,
        }
    }

    fn mean(all: &[Self]) -> Self {
        let over = |part: &dyn Fn(&Self) -> f64| mean(&all.iter().map(part).collect::<Vec<_>>());
        Self {
            gospa: std::array::from_fn(|i| over(&|one| one.gospa[i])),
            switches: over(&|one| one.switches),
            longest_segment: over(&|one| one.longest_segment),
            anees: std::array::from_fn(|i| all[0].anees[i].map(|_| over(&|one| one.anees[i].unwrap_or(f64::NAN)))),
            times_ms: all.iter().flat_map(|one| one.times_ms.iter().copied()).collect(),
        }
    }

    fn row(&self, scenario: &str, tracker: &str, seeds: usize, ours: Option<&Self>) -> [String; 16] {
        let times = Times::of(self.times_ms.clone());
        let digits = if times.mean < 10.0 { 3 } else { 0 };
        let [mean, rms, missed, false_tracks] = self.gospa;
        [
            scenario.to_owned(),
            tracker.to_owned(),
            seeds.to_string(),
            fixed(mean, 1),
            fixed(rms, 1),
            fixed(missed, 2),
            fixed(false_tracks, 2),
            fixed(self.switches, usize::from(seeds > 1)),
            fixed(self.longest_segment, 3),
            fixed(self.anees[0], 2),
            fixed(self.anees[1], 2),
            fixed(times.mean, digits),
            fixed(times.p50, digits),
            fixed(times.p99, digits),
            fixed(times.max, digits),
            fixed(ours.map(|ours| times.mean / Times::of(ours.times_ms.clone()).mean), 0),
        ]
    }
}

fn recorded_row(recorded: &Recorded, ours: Option<&Figures>) -> [String; 16] {
    [
        recorded.scenario.to_owned(),
        format!("Stone Soup {}, recorded", recorded.tracker),
        "1".to_owned(),
        fixed(recorded.gospa_mean, 1),
        fixed(recorded.gospa_rms, 1),
        fixed(recorded.missed, 2),
        fixed(recorded.false_tracks, 2),
        recorded.switches.to_string(),
        fixed(recorded.longest_segment, 3),
        unknown(),
        unknown(),
        fixed(recorded.ms_mean, 0),
        fixed(recorded.ms_p50, 0),
        unknown(),
        unknown(),
        fixed(ours.map(|ours| recorded.ms_mean / mean(&ours.times_ms)), 0),
    ]
}

/// Our tracker over a scenario; often if the times are to be known well.
fn track(folder: &Path, often: bool) -> Figures {
    let scenario = scenario(folder);
    let (shown, mut times_ms) = play(&scenario);
    if often {
        times_ms = (0..REPEATS).flat_map(|_| play(&scenario).1).collect();
    }
    Figures::new(&score(&scenario.truth, &shown, CUTOFF_M), times_ms)
}

/// A tracker of Stone Soup over a scenario.
fn track_by_peer(python: &Python, folder: &Path, tracker: &str, [points, misses]: Patience) -> Figures {
    let out = folder.join(tracker);
    python.run(
        "stone_soup.py",
        [folder.as_os_str(), tracker.as_ref(), out.as_os_str(), points.as_ref(), misses.as_ref()],
    );
    let Scenario { truth, terms, .. } = scenario(folder);
    let (mut shown, times_ms) = peer_tracks(&out, truth.len());
    // What is out of the sensor's reach is no truth, so it must be nobody's false track either.
    let sensor = sensor_for(&terms);
    shown.iter_mut().for_each(|scan| scan.retain(|shown| is_reached(shown, &sensor)));
    Figures::new(&score(&truth, &shown, CUTOFF_M), times_ms)
}

/// The tracks that the script left, and the CPU milliseconds of each scan.
pub fn peer_tracks(out: &Path, scans: usize) -> (Vec<Vec<Shown>>, Vec<f64>) {
    let shown = seen_by_scan(&out.with_extension("csv"), scans);
    let shown = shown.into_iter().map(|scan| scan.into_iter().map(|seen| Shown { seen, covariance: None }).collect());
    let told: Value = serde_json::from_str(&read(&out.with_extension("json"))).expect("the script writes JSON");
    let times = told["cpu_ms"].as_array().expect("a list of times").iter().filter_map(Value::as_f64);
    (shown.collect(), times.collect())
}

/// A scenario from its folder.
fn scenario(folder: &Path) -> Scenario {
    let meta: Value = serde_json::from_str(&read(&folder.join("meta.json"))).expect("the generator writes JSON");
    let get = |key: &str| meta[key].as_f64().unwrap_or_else(|| panic!("meta.json tells {key}"));
    let [range_min_m, range_max_m] = [get("range_min_m"), get("range_max_m")];
    let speed = |i: usize| meta["speeds"][i].as_f64().expect("meta.json tells speeds");
    let terms = Terms {
        detection: get("detection"),
        clutter_per_scan: get("clutter_density") * std::f64::consts::TAU * (range_max_m - range_min_m),
        range_min_m,
        range_max_m,
        acceleration: get("acceleration"),
        steady_acceleration: Some(get("steady_acceleration")),
        new_per_scan: NEW_PER_SCAN,
        lifetime_s: LIFETIME_S,
        velocity_sigma_m_s: component_sigma([speed(0), speed(1)]),
        tracks: 4_096,
    };
    let sigma = |i: usize| meta["sigmas"][i].as_f64().expect("meta.json tells sigmas");
    let scans = usize::try_from(meta["scans"].as_u64().expect("meta.json tells scans")).expect("few");
    let mut measured = vec![Vec::new(); scans];
    for [scan, _, bearing, range, _] in rows(&folder.join("detections.csv")) {
        measured[index(scan)].push(range_bearing(range, bearing, sigma(1), sigma(0)));
    }
    Scenario { terms, scans: measured, truth: seen_by_scan(&folder.join("truth.csv"), scans) }
}

/// Root mean square of either component of a velocity whose speed is even over a range and whose course is any.
fn component_sigma([least, most]: [f64; 2]) -> f64 {
    ((least * least + least * most + most * most) / 6.0).sqrt()
}

/// Rows of scan, id, x, y, vx, vy.
fn seen_by_scan(path: &Path, scans: usize) -> Vec<Vec<Seen>> {
    let mut all = vec![Vec::new(); scans];
    for [scan, id, x, y, vx, vy] in rows(path) {
        let id = u64::try_from(index(id)).expect("an index");
        all[index(scan)].push(Seen { id, place: [x, y], velocity: [vx, vy] });
    }
    all
}

/// The first columns of a CSV file of numbers, without its heading.
fn rows<const N: usize>(path: &Path) -> Vec<[f64; N]> {
    let parse = |line: &str| {
        let mut words = line.split(',').map(|word| word.parse().expect("a number"));
        std::array::from_fn(|_| words.next().expect("as many columns"))
    };
    read(path).lines().skip(1).map(parse).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number that our scripts wrote")]
const fn index(x: f64) -> usize {
    x as usize
}
