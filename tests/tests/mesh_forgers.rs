//! Simulated worlds in which rows count when their writers signed them, with a captured node among the neighbours or
//! without: nobody takes in what nobody wrote, and whoever can be reached over honest nodes comes to hold the same.
//!
//! Verifying takes time: as many worlds as take half a minute on two cores. `COPMESH_FORGER_WORLDS=5` runs five times
//! as many; for any range of seeds:
//! `cargo run --release -p tests --example forger_seeds -- FROM TO signed|forged|believing`.

use tests::world::plan::{Trust, run_with};
use tests::world::seeds::{self, Outcome};

const SIGNED: u64 = 40;
const FORGED: u64 = 60;
const BELIEVING: u64 = 15;

fn times() -> u64 {
    let told = std::env::var("COPMESH_FORGER_WORLDS").ok();
    told.map_or(1, |told| told.parse().expect("COPMESH_FORGER_WORLDS: how many times as many worlds, 1 or more"))
}

fn all(count: u64, trust: Trust) -> Vec<Outcome> {
    let count = count * times();
    let all = seeds::all(0..count, |seed| run_with(seed, trust, None));
    let sum = |of: fn(&Outcome) -> u64| all.iter().map(of).sum::<u64>();
    println!(
        "{count} worlds, {trust:?}: {} packets, {} lies, {} rows seen to be forged, {} let go unsealed",
        sum(|outcome| outcome.packets),
        sum(|outcome| outcome.lies),
        sum(|outcome| outcome.forged),
        sum(|outcome| outcome.unsealed)
    );
    all
}

fn complaints(all: &[Outcome]) -> Vec<String> {
    (0..).zip(all).filter_map(|(seed, outcome)| outcome.complaint(seed)).collect()
}

#[test]
fn worlds_of_signed_rows_come_to_rest_and_nobody_is_suspected() {
    let all = all(SIGNED, Trust::Signatures);
    let bad = complaints(&all);
    assert!(bad.is_empty(), "{} bad:\n{}", bad.len(), bad.join("\n"));
    assert_eq!(all.iter().map(|outcome| outcome.forged).sum::<u64>(), 0);
}

#[test]
fn among_forgers_nobody_holds_what_nobody_wrote_and_the_honest_come_to_hold_the_same() {
    let all = all(FORGED, Trust::SignaturesAmongForgers);
    let bad = complaints(&all);
    assert!(bad.is_empty(), "{} bad:\n{}", bad.len(), bad.join("\n"));
    assert!(all.iter().map(|outcome| outcome.forged).sum::<u64>() > all.len() as u64, "forgeries are counted");
}

/// The oracles can see it.
#[test]
fn who_believes_forgers_is_found_out() {
    let all = all(BELIEVING, Trust::NeighboursAmongForgers);
    let holds_lies = |outcome: &&Outcome| outcome.found.iter().any(|line| line.contains("nobody wrote"));
    let deceived = all.iter().filter(holds_lies).count();
    assert!(deceived * 3 > all.len() * 2, "{deceived} of {} worlds", all.len());
}
