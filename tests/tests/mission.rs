//! Simulated missions of whole nodes in virtual time: whatever happens, they come to hold and show the same, no number
//! is ever used twice, consoles are told what the picture is, and its errors are as large as it says.

use tests::mission::against::Figures;
use tests::mission::plan::{self, Report};
use tests::world::seeds;

const SEEDS: u64 = 500;

#[test]
fn five_hundred_missions_come_to_rest_and_nothing_is_found() {
    let all = seeds::all(0..SEEDS, |seed| plan::run(seed, None));
    let bad: Vec<String> = (0..).zip(&all).filter_map(|(seed, report)| report.outcome.complaint(seed)).collect();
    let packets: u64 = all.iter().map(|report| report.outcome.packets).sum();
    let numbers: usize = all.iter().map(|report| report.numbers).sum();
    let slowest = all.iter().map(|report| report.outcome.rest_s).fold(0.0, f64::max);
    println!("{SEEDS} missions, {packets} packets, {numbers} numbers, slowest rest {slowest:.0} s");
    assert!(bad.is_empty(), "{} bad:\n{}", bad.len(), bad.join("\n"));
    // They had something to say.
    assert!(numbers > 1500 && all.iter().any(|report| report.heard > 0));
    judge_calm(&all);
}

/// Where nothing goes wrong, what is shown is there once, and its errors are about as large as it says: turns are told
/// late, as a gate does.
fn judge_calm(all: &[Report]) {
    let calm: Vec<&Report> = all.iter().filter(|report| !report.figures.is_empty()).collect();
    let figures: Vec<Figures> = calm.iter().flat_map(|report| report.figures.clone()).collect();
    let mean = Figures::mean(&figures.into_iter().filter(|figures| figures.samples > 0.0).collect::<Vec<_>>());
    println!("{} where nothing goes wrong: {mean:.2?}", calm.len());
    let returned: u64 = calm.iter().map(|report| report.returned).sum();
    println!("  entries that went and came again: {returned}");
    assert!(mean.samples > 1000.0 && (0.3..1.4).contains(&mean.anees), "ANEES {:.2}", mean.anees);
    assert!(mean.ambiguity < 1.05, "{:.2} entries for each object", mean.ambiguity);
    assert!(mean.completeness > 0.9, "completeness {:.2}", mean.completeness);
}

#[test]
fn a_seed_gives_the_same_mission_every_time() {
    for seed in [1, 3] {
        let [one, other] = [(); 2].map(|()| plan::run(seed, None).outcome);
        assert_eq!((one.digest, one.packets), (other.digest, other.packets), "seed {seed}");
    }
}
