//! How long exact association takes: a table of made-up cases, from sparse to hopelessly tangled.
//!
//! Run with `cargo run --release -p fusion-core --example jpda_bench [-- NAME…]`, NAME being the beginning of case
//! names; the families are told in `tests/common/cases.rs`. Times are the shortest of many runs, in microseconds;
//! "cost" is log₂ of the multiply-adds, "width" of the largest table.

#[path = "../tests/common/cases.rs"]
mod cases;
#[path = "../tests/common/mod.rs"]
mod common;

use std::time::{Duration, Instant};

use cases::{Case, full, geo, rand};
use fusion_core::association::{Budget, Outcome, Sizes, Workspace, marginals};

const RUN_FOR: Duration = Duration::from_millis(200);
const TABLES: usize = 1 << 18;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    println!(
        "{:<18} {:>6} {:>6} {:>6} {:>10} {:>5} {:>5} {:>8} {:>7}  method",
        "case", "tracks", "meas.", "pairs", "µs", "cost", "width", "clusters", "largest"
    );
    for case in all().filter(|case| wanted.is_empty() || wanted.iter().any(|name| case.name.starts_with(name))) {
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

/// The cases that peers are compared on, and some that no budget allows.
fn all() -> impl Iterator<Item = Case> {
    cases::cases().chain([full(14, 14), full(40, 40), geo(200, 0.8), rand(100, 100, 4.0)])
}
