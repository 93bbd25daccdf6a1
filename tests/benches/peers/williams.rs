//! The published crossing of four targets, and what others made of it.
//!
//! J. L. Williams, "Marginal multi-Bernoulli filters: RFS derivation of MHT, JIPDA, and association-based MeMBer", IEEE
//! Trans. AES 51(3), 2015, arXiv:1203.2995; in the form in which García-Fernández et al. compare filters on it
//! ("Poisson multi-Bernoulli mixture filter: direct derivation and implementation", IEEE Trans. AES 54(4), 2018; their
//! repository Agarciafernandez/MTT, `PMBM filter/ScenarioWilliams15.m` and `TrajectoryWilliams15.m`):
//!
//! 81 steps of one second over a square of 300 m. In the middle, at step 41, four targets are within a metre: their
//! states are normal around its centre and rest with covariance 0.1 in each of position (m) and velocity (m/s). From
//! there they are run forwards, x ← F x + w, and backwards, x ← F⁻¹ (x + w), with nearly constant velocity. All exist
//! from the first step; the first target is gone from step 41 on, the others stay. P_D = 0.9, positions are measured
//! with R = 1 m², ten false measurements a step are even over the square. Filters are told that 0.005 targets a step
//! are born, and that one in a hundred ends. GOSPA: c = 10 m, p = 2, α = 2, its root mean square over all steps of all
//! runs.
//!
//! The intensity of the acceleration noise is 0.02 m²/s³ in the comparison that the recorded figures come from, 0.01 in
//! versions of the file that can be read today: both are shown. There, one set of trajectories is drawn for all runs;
//! here, one for each.

use fusion_core::maths::sqrt;

use crate::common::Chance;
use crate::drive::{Scenario, Terms, play, position};
use crate::measure::{Times, mean, real};
use crate::options::Options;
use crate::peer::{Python, folder, write};
use crate::recorded::CROSSING;
use crate::scans::peer_tracks;
use crate::score::{Seen, score};
use crate::table::{Table, fixed, unknown};

const STEPS: usize = 81;
const MIDDLE: usize = 40;
const SIDE_M: f64 = 300.0;
const CLUTTER: f64 = 10.0;
const DETECTION: f64 = 0.9;
const CUTOFF_M: f64 = 10.0;
/// New targets per step, after the first.
const BIRTHS: f64 = 0.005;
/// A target lives on to the next step with a probability of 0.99.
const LIFETIME_S: f64 = 100.0;

pub fn table(options: &Options) -> Table {
    let mut table = Table::new(
        "williams",
        "four targets that meet (Williams 2015): root mean square GOSPA, c = 10 m",
        &["tracker", "noise", "runs", "GOSPA rms", "± of it", "missed", "false", "ms mean", "p99", "max"],
    );
    let runs = options.runs.max(1);
    let ours =
        |noise: f64, runs: u64| Row::of(&(1..=runs).map(|seed| run(&Crossing::new(seed, noise))).collect::<Vec<_>>());
    table.row(ours(0.02, runs).cells("copmesh", "0.02", runs));
    table.row(ours(0.01, runs).cells("copmesh", "0.01", runs));
    let shared = options.peer_runs.min(runs);
    let peer = if shared == 0 || options.trackers.is_empty() {
        None
    } else {
        Python::with(&["stonesoup"], "williams by Stone Soup")
    };
    if let Some(peer) = &peer {
        table.row(ours(0.02, shared).cells("copmesh", "0.02", shared));
        for tracker in &options.trackers {
            let all: Vec<Run> =
                (1..=shared).map(|seed| run_by_peer(peer, &Crossing::new(seed, 0.02), tracker)).collect();
            table.row(Row::of(&all).cells(&format!("Stone Soup {tracker}"), "0.02", shared));
        }
    }
    for (tracker, runs, rms) in CROSSING {
        let mut cells = vec![format!("{tracker}, recorded"), "0.02".to_owned(), runs.to_string(), fixed(rms, 2)];
        cells.resize_with(10, unknown);
        table.row(cells);
    }
    table.note("±: standard error over runs; missed and false per step; each run of ours has targets of its own");
    table
}

/// Truth and measurements of one run; places with the square's centre at the origin.
struct Crossing {
    scenario: Scenario,
    seed: u64,
    /// The measured places.
    measured: Vec<Vec<[f64; 2]>>,
}

impl Crossing {
    fn new(seed: u64, noise: f64) -> Self {
        let mut chance = Chance::new(seed);
        let lives: Vec<Vec<Axes>> = (0..4).map(|_| life(noise, &mut chance)).collect();
        let exists = |target: usize, step: usize| target > 0 || step < MIDDLE;
        let seen = |step: usize| -> Vec<Seen> {
            let alive = (0..).zip(&lives).filter(|(id, _)| exists(*id, step));
            alive.map(|(id, life)| seen(u64::try_from(id).expect("four"), &life[step])).collect()
        };
        let truth: Vec<Vec<Seen>> = (0..STEPS).map(seen).collect();
        let measured: Vec<_> = truth.iter().map(|seen| look(seen, &mut chance)).collect();
        let scans = measured.iter().map(|scan| scan.iter().map(|[x, y]| position(*x, *y, 1.0)).collect()).collect();
        Self { scenario: Scenario { terms: terms(noise), scans, truth }, seed, measured }
    }
}

/// Position and velocity along each axis.
type Axes = [[f64; 2]; 2];

fn seen(id: u64, axes: &Axes) -> Seen {
    Seen { id, place: axes.map(|[place, _]| place), velocity: axes.map(|[_, velocity]| velocity) }
}

/// One target at every step.
fn life(noise: f64, chance: &mut Chance) -> Vec<Axes> {
    let start: Axes = std::array::from_fn(|_| std::array::from_fn(|_| sqrt(0.1) * chance.normal()));
    let mut life = vec![start; STEPS];
    for away in 1..=MIDDLE {
        life[MIDDLE + away] = life[MIDDLE + away - 1].map(|axis| forwards(axis, noise, chance));
        life[MIDDLE - away] = life[MIDDLE - away + 1].map(|axis| backwards(axis, noise, chance));
    }
    life
}

/// x ← F x + w over a second.
fn forwards([place, velocity]: [f64; 2], noise: f64, chance: &mut Chance) -> [f64; 2] {
    let [w, v] = disturbance(noise, chance);
    [place + velocity + w, velocity + v]
}

/// x ← F⁻¹ (x + w) over a second.
fn backwards([place, velocity]: [f64; 2], noise: f64, chance: &mut Chance) -> [f64; 2] {
    let [w, v] = disturbance(noise, chance);
    [place + w - (velocity + v), velocity + v]
}

/// w with covariance Q = q [[1/3, 1/2], [1/2, 1]]: q¹ᐟ² L n, where L Lᵀ is that matrix.
fn disturbance(noise: f64, chance: &mut Chance) -> [f64; 2] {
    let (root, a, b) = (sqrt(noise), chance.normal(), chance.normal());
    [root * a / sqrt(3.0), root * (sqrt(3.0) / 2.0 * a + b / 2.0)]
}

/// The places measured at one step, those of targets first.
fn look(seen: &[Seen], chance: &mut Chance) -> Vec<[f64; 2]> {
    let mut measured = Vec::new();
    for target in seen {
        if chance.uniform() < DETECTION {
            measured.push(target.place.map(|x| x + chance.normal()));
        }
    }
    for _ in 0..chance.poisson(CLUTTER) {
        measured.push(std::array::from_fn(|_| chance.between(-SIDE_M / 2.0, SIDE_M / 2.0)));
    }
    measured
}

/// The sensor sees a circle as large as the square, so that its clutter has the same number and density; no target
/// comes near its rim.
fn terms(noise: f64) -> Terms {
    Terms {
        detection: DETECTION,
        clutter_per_scan: CLUTTER,
        range_min_m: 0.0,
        range_max_m: SIDE_M / sqrt(std::f64::consts::PI),
        acceleration: noise,
        steady_acceleration: None,
        new_per_scan: BIRTHS,
        lifetime_s: LIFETIME_S,
        velocity_sigma_m_s: 1.0,
        tracks: 256,
    }
}

/// The figures of one run: mean square GOSPA, missed and false per step, times.
struct Run {
    square: f64,
    missed: f64,
    false_tracks: f64,
    times_ms: Vec<f64>,
}

fn run(crossing: &Crossing) -> Run {
    let (shown, times_ms) = play(&crossing.scenario);
    figures(crossing, &shown, times_ms)
}

fn figures(crossing: &Crossing, shown: &[Vec<crate::score::Shown>], times_ms: Vec<f64>) -> Run {
    let gospa = score(&crossing.scenario.truth, shown, CUTOFF_M).gospa;
    let known = |x: Option<f64>| x.expect("a run has steps");
    let rms = known(gospa.rms_m);
    Run {
        square: rms * rms,
        missed: known(gospa.missed_per_frame),
        false_tracks: known(gospa.false_per_frame),
        times_ms,
    }
}

/// Stone Soup on the same measurements.
fn run_by_peer(python: &Python, crossing: &Crossing, tracker: &str) -> Run {
    let folder = folder().join(format!("williams_{}", crossing.seed));
    std::fs::create_dir_all(&folder).expect("a folder in cargo's");
    let mut lines = "scan,det_id,x,y,origin\n".to_owned();
    for (scan, measured) in crossing.measured.iter().enumerate() {
        lines.extend(measured.iter().enumerate().map(|(k, [x, y])| format!("{scan},{k},{x},{y},-1\n")));
    }
    write(&folder.join("detections.csv"), &lines);
    let terms = &crossing.scenario.terms;
    let meta = serde_json::json!({
        "kind": "position", "scans": STEPS, "detection": DETECTION, "sigmas": [1.0, 1.0],
        "acceleration": terms.acceleration, "velocity_sigma": terms.velocity_sigma_m_s,
        "clutter_density": CLUTTER / (SIDE_M * SIDE_M),
    });
    write(&folder.join("meta.json"), &meta.to_string());
    let out = folder.join(tracker);
    python.run("stone_soup.py", [folder.as_os_str(), tracker.as_ref(), out.as_os_str()]);
    let (shown, times_ms) = peer_tracks(&out, STEPS);
    figures(crossing, &shown, times_ms)
}

/// Many runs together.
struct Row {
    rms: f64,
    error: f64,
    missed: f64,
    false_tracks: f64,
    times: Times,
}

impl Row {
    fn of(runs: &[Run]) -> Self {
        let part = |of: fn(&Run) -> f64| runs.iter().map(of).collect::<Vec<f64>>();
        let squares = part(|run| run.square);
        let middle = mean(&squares);
        let spread = mean(&squares.iter().map(|x| (x - middle) * (x - middle)).collect::<Vec<_>>());
        // The error of a root is that of its square over twice the root.
        let error = sqrt(spread / real(runs.len())) / (2.0 * sqrt(middle));
        let times = Times::of(runs.iter().flat_map(|run| run.times_ms.iter().copied()).collect());
        let (missed, false_tracks) = (mean(&part(|run| run.missed)), mean(&part(|run| run.false_tracks)));
        Self { rms: sqrt(middle), error, missed, false_tracks, times }
    }

    fn cells(&self, tracker: &str, noise: &str, runs: u64) -> [String; 10] {
        [
            tracker.to_owned(),
            noise.to_owned(),
            runs.to_string(),
            fixed(self.rms, 3),
            fixed(self.error, 3),
            fixed(self.missed, 2),
            fixed(self.false_tracks, 2),
            fixed(self.times.mean, 3),
            fixed(self.times.p99, 3),
            fixed(self.times.max, 3),
        ]
    }
}
