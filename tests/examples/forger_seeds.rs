//! Runs signed worlds of a range of seeds: `forger_seeds FROM TO signed|forged|believing [log]`.

use tests::world::plan::{Trust, run_with};
use tests::world::seeds;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |k: usize| arguments.get(k).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let trust = match arguments.get(2).map(String::as_str) {
        Some("forged") => Trust::SignaturesAmongForgers,
        Some("believing") => Trust::NeighboursAmongForgers,
        Some(_) | None => Trust::Signatures,
    };
    if arguments.get(3).is_some() {
        let outcome = run_with(number(0), trust, Some(Box::new(|line| println!("{line}"))));
        outcome.found.iter().for_each(|line| println!("{line}"));
        return;
    }
    let (mut packets, mut octets, mut forged, mut unsealed, mut lies, mut bad) = (0, 0.0, 0, 0, 0, 0);
    seeds::each(
        number(0)..number(1),
        None,
        |seed| run_with(seed, trust, None),
        |seed, outcome| {
            (packets, octets, forged) = (packets + outcome.packets, octets + outcome.octets, forged + outcome.forged);
            (unsealed, lies) = (unsealed + outcome.unsealed, lies + outcome.lies);
            bad += u64::from(!outcome.found.is_empty());
            if let Some(complaint) = outcome.complaint(seed) {
                println!("{complaint}");
            }
        },
    );
    println!("{bad} bad, {packets} packets, {octets} octets, {lies} lies, {forged} forged, {unsealed} unsealed");
}
