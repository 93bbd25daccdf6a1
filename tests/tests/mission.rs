//! Simulated missions of whole nodes in virtual time: whatever happens, they come to hold and show the same, no number
//! is ever used twice, consoles are told what the picture is, and its errors are as large as it says.

use fusion_core::filter::consistency::anees_bounds;
use tests::mission::against::Figures;
use tests::mission::plan::{self, Report};
use tests::world::realm::lines;
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

/// Where nothing goes wrong, what is shown is there once, keeps its number, and its errors are about as large as it
/// says.
fn judge_calm(all: &[Report]) {
    let calm: Vec<&Report> = all.iter().filter(|report| !report.figures.is_empty()).collect();
    let figures = calm.iter().flat_map(|report| report.figures.clone()).filter(|figures| figures.samples > 0.0);
    let figures: Vec<Figures> = figures.collect();
    let mean = Figures::mean(&figures);
    println!("{} where nothing goes wrong: {mean:.2?}", calm.len());
    judge_errors(&calm, &mean);
    judge_numbers(&calm, &figures);
    assert!(mean.ambiguity < 1.05, "{:.2} entries for each object", mean.ambiguity);
    assert!(mean.completeness > 0.9, "completeness {:.2}", mean.completeness);
}

/// What is counted twice is believed to be surer than it is: it shows above the band of χ². Below it is loose: rows are
/// rounded outwards, and what is told within a gate is told with the gate's width.
fn judge_errors(calm: &[&Report], mean: &Figures) {
    let independent = independent(calm);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, rounded down")]
    let (_, most) = anees_bounds(2, independent as u32, 0.95);
    println!("  ANEES {:.3}, at the most {most:.3}: {independent:.0} independent samples", mean.anees);
    assert!(mean.samples > 1000.0 && (0.3..most).contains(&mean.anees), "ANEES {:.2}", mean.anees);
}

/// How often what is shown of an object takes another number, and how often an entry goes and comes again under its
/// own. Over these seeds a number changes 5.7 times in each hour that an object is shown, and 0.28 entries return for
/// each number. A mission's nodes see the same, so that missions are what is independent: as they scatter, the bounds
/// are two standard deviations above and more.
fn judge_numbers(calm: &[&Report], figures: &[Figures]) {
    let numbers: usize = calm.iter().map(|report| report.numbers).sum();
    let returned: u64 = calm.iter().map(|report| report.returned).sum();
    let changes: f64 = figures.iter().map(|figures| figures.changes).sum();
    let hours: f64 = figures.iter().map(|figures| figures.samples / 3600.0).sum();
    println!(
        "  {changes} changes of number in {hours:.1} hours of objects; of {numbers} numbers {returned} came again"
    );
    assert!(changes / hours < 13.0, "{:.1} changes of number for each object and hour", changes / hours);
    assert!(returned * 2 < numbers as u64, "of {numbers} numbers {returned} went and came again");
}

/// How many independent samples the mean over all samples is worth. Nodes of a mission show the same tracks, and errors
/// of a track go on for as long as the run: each object of each mission counts once. Longer missions weigh more, hence
/// (Σ w)² / Σ w² (Kish, Survey Sampling, 1965).
fn independent(calm: &[&Report]) -> f64 {
    let weights = calm.iter().filter_map(|report| {
        let weight: f64 = report.figures.iter().map(|figures| figures.samples).sum();
        (weight > 0.0).then(|| (weight, weight * weight / report.objects()))
    });
    let (sum, squares) = weights.fold((0.0, 0.0), |(sum, squares), (weight, square)| (sum + weight, squares + square));
    sum * sum / squares
}

#[test]
fn a_seed_gives_the_same_mission_every_time() {
    for seed in [1, 3] {
        let [one, other] = [(); 2].map(|()| plan::run(seed, None).outcome);
        assert_eq!((one.digest, one.packets), (other.digest, other.packets), "seed {seed}");
    }
}

#[test]
fn a_seed_tells_the_same_lines_every_time_and_what_was_lost_and_refused_is_among_them() {
    let [(report, one), (_, other)] = [(); 2].map(|()| lines(|log| plan::run(1, Some(log))));
    assert_eq!(one, other);
    let count = |what: &str| one.iter().filter(|line| line.contains(what)).count();
    let (sent, lost, refused) = (count(" sends "), count(" are lost "), count(" refuses "));
    println!("{} lines: {sent} packets sent, {lost} lost, {refused} refused", one.len());
    assert_eq!(sent as u64, report.outcome.packets);
    assert!(lost > 0 && refused > 0 && refused < sent, "{lost} lost, {refused} refused");
}
