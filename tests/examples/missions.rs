//! Many simulated missions of whole nodes: `cargo run --release -p tests --example missions -- [first seed] [how
//! many]`; `-v SEED` tells every event of one.

use tests::mission::plan;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |k: usize, default: u64| arguments.get(k).and_then(|text| text.parse().ok()).unwrap_or(default);
    if arguments.first().is_some_and(|first| first == "-v") {
        let outcome = plan::run(number(1, 0), Some(Box::new(|line| println!("{line}"))));
        println!("{outcome:#?}");
        return;
    }
    let (first, count) = (number(0, 0), number(1, 100));
    let (mut bad, mut slowest) = (0, 0.0_f64);
    for seed in first..first + count {
        let outcome = plan::run(seed, None);
        slowest = slowest.max(outcome.rest_s);
        if !outcome.found.is_empty() {
            bad += 1;
            println!("seed {seed}: {} found, first: {}", outcome.found.len(), outcome.found[0]);
        }
    }
    println!("{count} seeds from {first}: {bad} bad, slowest rest {slowest:.0} s");
    if bad > 0 {
        std::process::exit(1);
    }
}
