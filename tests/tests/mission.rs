//! Simulated missions of whole nodes in virtual time: whatever happens, they come to hold and show the same, no number
//! is ever used twice, consoles are told what the picture is, and its errors are as large as it says.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use tests::mission::against::Figures;
use tests::mission::plan::{self, Outcome};

const SEEDS: u64 = 60;

fn judge(seed: u64, outcome: &Outcome) -> Option<String> {
    let first = outcome.found.first()?;
    Some(format!("seed {seed}: {} found, first: {first}", outcome.found.len()))
}

/// The outcomes of seeds, in their order.
fn outcomes(seeds: u64) -> Vec<Outcome> {
    let (next, all) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    let outcome = plan::run(seed, None);
                    all.lock().expect("nobody panics with it").push((seed, outcome));
                }
            });
        }
    });
    let mut all = all.into_inner().expect("nobody panics with it");
    all.sort_by_key(|(seed, _)| *seed);
    all.into_iter().map(|(_, outcome)| outcome).collect()
}

#[test]
fn sixty_missions_come_to_rest_and_nothing_is_found() {
    let all = outcomes(SEEDS);
    let bad: Vec<String> = (0..).zip(&all).filter_map(|(seed, outcome)| judge(seed, outcome)).collect();
    let packets: u64 = all.iter().map(|outcome| outcome.packets).sum();
    let numbers: usize = all.iter().map(|outcome| outcome.numbers).sum();
    let slowest = all.iter().map(|outcome| outcome.rest_s).fold(0.0, f64::max);
    println!("{SEEDS} missions, {packets} packets, {numbers} numbers, slowest rest {slowest:.0} s");
    assert!(bad.is_empty(), "{} bad:\n{}", bad.len(), bad.join("\n"));
    // They had something to say.
    assert!(numbers > 200 && all.iter().any(|outcome| outcome.heard > 0));
    judge_calm(&all);
}

/// Where nothing goes wrong, what is shown is there once, and its errors are about as large as it says: turns are told
/// late, as a gate does.
fn judge_calm(all: &[Outcome]) {
    let calm: Vec<&Outcome> = all.iter().filter(|outcome| !outcome.figures.is_empty()).collect();
    let figures: Vec<Figures> = calm.iter().flat_map(|outcome| outcome.figures.clone()).collect();
    let mean = Figures::mean(&figures.into_iter().filter(|figures| figures.samples > 0.0).collect::<Vec<_>>());
    println!("{} where nothing goes wrong: {mean:.2?}", calm.len());
    let returned: u64 = calm.iter().map(|outcome| outcome.returned).sum();
    println!("  entries that went and came again: {returned}");
    assert!(mean.samples > 1000.0 && (0.3..1.4).contains(&mean.anees), "ANEES {:.2}", mean.anees);
    assert!(mean.ambiguity < 1.05, "{:.2} entries for each object", mean.ambiguity);
    assert!(mean.completeness > 0.9, "completeness {:.2}", mean.completeness);
}

#[test]
fn a_seed_gives_the_same_mission_every_time() {
    for seed in [1, 3] {
        let (one, other) = (plan::run(seed, None), plan::run(seed, None));
        assert_eq!((one.digest, one.packets), (other.digest, other.packets), "seed {seed}");
    }
}
