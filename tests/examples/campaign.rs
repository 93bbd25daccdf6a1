//! Many simulated worlds, of replicas or of whole nodes:
//! `cargo run --release -p tests --example campaign -- replicas|nodes [first seed] [seed behind the last] [threads]`.
//! `-v` in the place of the end tells every event of the first. Seeds of which something was found are told at the end,
//! and the program fails.

use std::io::Write;
use std::process::ExitCode;

use tests::mission;
use tests::world::realm::Log;
use tests::world::seeds::{self, Outcome};

/// So many seeds between two lines about how far it has come.
const PROGRESS: u64 = 100;

/// Sums over seeds.
#[derive(Default)]
struct Table {
    seeds: u64,
    packets: u64,
    octets: f64,
    slowest: (f64, u64),
    bad: Vec<(u64, String)>,
}

impl Table {
    fn take(&mut self, seed: u64, outcome: &Outcome) {
        self.seeds += 1;
        self.packets += outcome.packets;
        self.octets += outcome.octets;
        if outcome.rest_s > self.slowest.0 {
            self.slowest = (outcome.rest_s, seed);
        }
        if let Some(complaint) = outcome.complaint(seed) {
            println!("{complaint}");
            self.bad.push((seed, complaint));
        }
        if self.seeds.is_multiple_of(PROGRESS) {
            println!("{} seeds, {} bad", self.seeds, self.bad.len());
            let _ = std::io::stdout().flush();
        }
    }

    fn tell(&mut self, name: &str) {
        self.bad.sort();
        println!("{name:10} seeds      packets       MB   slowest rest          bad");
        let Self { seeds, packets, octets, slowest: (rest, seed), .. } = self;
        let (megabytes, bad) = (*octets / 1e6, self.bad.len());
        println!("{seeds:16} {packets:12} {megabytes:8.1}   {rest:5.0} s (seed {seed}) {bad:5}");
        self.bad.iter().for_each(|(_, complaint)| println!("  {complaint}"));
    }
}

fn run(kind: &str, seed: u64, log: Option<Log>) -> Outcome {
    match kind {
        "replicas" => tests::world::plan::run(seed, log),
        _ => mission::plan::run(seed, log).outcome,
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let text = |k: usize| arguments.get(k).map_or("", String::as_str);
    let number = |k: usize, default: u64| text(k).parse().unwrap_or(default);
    let kind = text(0);
    if !["replicas", "nodes"].contains(&kind) {
        println!("say replicas or nodes, then the first seed, the seed behind the last, threads");
        return ExitCode::FAILURE;
    }
    let first = number(1, 0);
    if text(2) == "-v" {
        println!("{:#?}", run(kind, first, Some(Box::new(|line| println!("{line}")))));
        return ExitCode::SUCCESS;
    }
    let threads = text(3).parse().ok();
    let mut table = Table::default();
    seeds::each(first..number(2, first + 1000), threads, |seed| run(kind, seed, None), |seed, o| table.take(seed, &o));
    table.tell(kind);
    ExitCode::from(u8::from(!table.bad.is_empty()))
}
