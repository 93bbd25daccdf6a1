//! How long exact association takes: a table of made-up cases, from sparse to hopelessly tangled.
//!
//! Run with `cargo run --release -p fusion-core --example jpda_bench [-- NAME…]`, NAME being the beginning of case
//! names. Times are the shortest of many runs, in microseconds; "cost" is log₂ of the multiply-adds, "width" of the
//! largest table. Families: `line`, tracks abreast, each gating its k nearest measurements; `full`, everything gated by
//! everything; `swarm`, groups of s tracks that gate most of their group's measurements; `field`, tracks on a jittered
//! grid with a spacing given in gate radii, each detected with probability 0.9, in clutter; `random`, d measurements a
//! track, drawn from all.

use std::time::{Duration, Instant};

use fusion_core::association::{Budget, Edge, Outcome, Sizes, Workspace, marginals};
use fusion_core::maths::powf;

const RUN_FOR: Duration = Duration::from_millis(200);
const TABLES: usize = 1 << 18;

struct Case {
    name: String,
    nulls: Vec<f64>,
    edges: Vec<Edge>,
    columns: usize,
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    println!(
        "{:<18} {:>6} {:>6} {:>6} {:>10} {:>5} {:>5} {:>8} {:>7}  method",
        "case", "tracks", "meas.", "pairs", "µs", "cost", "width", "clusters", "largest"
    );
    for case in cases().filter(|case| wanted.is_empty() || wanted.iter().any(|name| case.name.starts_with(name))) {
        let (outcome, shortest) = measure(&case);
        println!(
            "{:<18} {:>6} {:>6} {:>6} {:>10.2} {:>5} {:>5} {:>8} {:>7}  {:?}",
            case.name,
            case.nulls.len(),
            case.columns,
            case.edges.len(),
            shortest.as_secs_f64() * 1e6,
            outcome.log2_cost(),
            outcome.widest_separator,
            outcome.clusters,
            outcome.largest_cluster,
            outcome.method(),
        );
    }
}

/// Solves a case again and again; returns the outcome and the shortest time.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn measure(case: &Case) -> (Outcome, Duration) {
    let sizes = Sizes::for_maxima(case.nulls.len(), case.columns, case.edges.len(), TABLES);
    let (mut words, mut reals) = (vec![0; sizes.words], vec![0.0; sizes.reals]);
    let mut workspace = Workspace::new(&mut words, &mut reals);
    let (mut beta, mut missed) = (vec![0.0; case.edges.len()], vec![0.0; case.nulls.len()]);
    let budget = Budget::default();
    let mut run = || {
        let start = Instant::now();
        let outcome =
            marginals(&case.nulls, &case.edges, case.columns, &budget, &mut workspace, &mut beta, &mut missed);
        (outcome, start.elapsed())
    };
    let begin = Instant::now();
    let (outcome, mut shortest) = run();
    while begin.elapsed() < RUN_FOR {
        shortest = shortest.min(run().1);
    }
    (outcome, shortest)
}

fn cases() -> impl Iterator<Item = Case> {
    let lines = [10, 50, 200, 1000].into_iter().flat_map(|n| [2, 4, 6].map(|k| line(n, k)));
    let fulls = [(4, 4), (6, 6), (8, 8), (10, 10), (6, 12), (14, 14), (40, 40)].map(|(n, m)| full(n, m));
    let swarms = [(50, 4), (200, 4), (1000, 4), (50, 6), (200, 6), (1000, 6), (200, 8), (200, 10)];
    let fields = [(10, 2.0), (50, 2.0), (200, 2.0), (1000, 2.0), (10, 1.2), (50, 1.2), (200, 1.2), (1000, 1.2)];
    let fields = fields.into_iter().chain([(200, 1.0), (200, 0.8)]).map(|(n, spacing)| field(n, spacing));
    let randoms = [(10, 20, 2), (20, 40, 2), (20, 40, 3), (50, 150, 2), (1000, 3000, 1), (100, 100, 4)];
    lines
        .chain(fulls)
        .chain(swarms.map(|(n, s)| swarm(n, s)))
        .chain(fields)
        .chain(randoms.map(|(n, m, d)| random(n, m, d)))
}

fn line(tracks: u16, k: u16) -> Case {
    gated(format!("line_{tracks}_k{k}"), tracks, tracks + k - 1, |_, i, j| (i..i + k).contains(&j))
}

fn full(tracks: u16, columns: u16) -> Case {
    gated(format!("full_{tracks}x{columns}"), tracks, columns, |_, _, _| true)
}

fn swarm(tracks: u16, size: u16) -> Case {
    let together = move |draws: &mut Draws, i: u16, j: u16| i / size == j / size && draws.uniform() < 0.8;
    gated(format!("swarm_{tracks}_s{size}"), tracks, tracks, together)
}

fn random(tracks: u16, columns: u16, degree: u16) -> Case {
    let share = f64::from(degree) / f64::from(columns);
    gated(format!("random_{tracks}x{columns}_d{degree}"), tracks, columns, move |draws, _, _| draws.uniform() < share)
}

/// Tracks and measurements in the plane; the gate has radius one, clutter comes at 0.3 a gate.
fn field(tracks: u16, spacing: f64) -> Case {
    let mut draws = Draws(u64::from(tracks));
    let side = (1..).find(|side| side * side >= tracks).unwrap_or(1);
    let near = |draws: &mut Draws, at: (f64, f64), reach: f64| {
        (at.0 + reach * (draws.uniform() - 0.5), at.1 + reach * (draws.uniform() - 0.5))
    };
    let grid = |i: u16| (spacing * f64::from(i % side), spacing * f64::from(i / side));
    let places: Vec<_> = (0..tracks).map(|i| near(&mut draws, grid(i), 0.3 * spacing)).collect();
    let mut measured: Vec<_> = places.iter().map(|&at| near(&mut draws, at, 0.8)).collect();
    measured.retain(|_| draws.uniform() < 0.9);
    let extent = spacing * f64::from(side);
    let clutter = 0.3 / std::f64::consts::PI * extent * extent;
    for _ in (0..).map(f64::from).take_while(|&count| count < clutter) {
        measured.push((extent * draws.uniform(), extent * draws.uniform()));
    }
    let within = |i: u16, j: u16| {
        let ((x, y), (u, v)) = (places[usize::from(i)], measured[usize::from(j)]);
        (x - u) * (x - u) + (y - v) * (y - v) < 1.0
    };
    let columns = u16::try_from(measured.len()).expect("a field has few thousand measurements");
    gated(format!("field_{tracks}_s{spacing:.1}"), tracks, columns, |_, i, j| within(i, j))
}

/// The case in which track i gates measurement j if `gate` says so; weights spread over four decades.
fn gated(name: String, tracks: u16, columns: u16, mut gate: impl FnMut(&mut Draws, u16, u16) -> bool) -> Case {
    let mut draws = Draws(u64::from(tracks) + u64::from(columns));
    let mut edges = Vec::new();
    for (row, column) in (0..tracks).flat_map(|i| (0..columns).map(move |j| (i, j))) {
        if gate(&mut draws, row, column) {
            edges.push(Edge { row, column, weight: 0.01 * powf(10.0, 4.0 * draws.uniform()) });
        }
    }
    Case { name, nulls: vec![0.1; tracks.into()], edges, columns: columns.into() }
}

/// SplitMix64 (Steele, Lea & Flood 2014): the same cases every time.
struct Draws(u64);

impl Draws {
    /// Uniform in [0, 1).
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from(u32::try_from((z ^ (z >> 31)) >> 32).expect("half of the bits are left")) / 4_294_967_296.0
    }
}
