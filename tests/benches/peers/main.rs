//! The tables of figures: copmesh beside pyehm, Stone Soup and published results, in one run on one machine.
//!
//! Each table is a module that makes its problems, solves them, has the peers solve the same ones (`peer`), and fills
//! rows ([`table::Table`]). Where a peer is not installed, the table says so and shows what was recorded elsewhere,
//! marked as that. Every setting of the tracker stands in `drive::tracker_for`.

#![allow(unreachable_pub, reason = "one program, whose modules have no other users")]

#[path = "../../../fusion-core/tests/common/allocations.rs"]
mod allocations;
#[path = "../../../fusion-core/tests/common/cases.rs"]
mod cases;
#[path = "../../../fusion-core/tests/common/mod.rs"]
mod common;

mod day;
mod drive;
mod growth;
mod instructions;
mod late;
mod marginals;
mod measure;
mod options;
mod peer;
mod problems;
mod recorded;
mod scans;
mod score;
mod table;
mod williams;

use options::{Options, Request};
use table::Table;

/// Fills one table.
type Make = fn(&Options) -> Table;

/// The tables by their names, in the order in which they are shown.
const TABLES: [(&str, Make); 7] = [
    ("marginals", marginals::table),
    ("scans", scans::table),
    ("williams", williams::table),
    ("late", late::table),
    ("growth", growth::table),
    ("day", day::table),
    ("instructions", instructions::table),
];

fn main() {
    match options::parse(std::env::args().skip(1), &TABLES.map(|(name, _)| name)) {
        Ok(Request::Tables(options)) => show(&options),
        Ok(Request::Work) => instructions::work(),
        Ok(Request::Help) => println!("{}", options::HELP),
        Err(fault) => {
            eprintln!("{fault}\n\n{}", options::HELP);
            std::process::exit(2);
        }
    }
}

fn show(options: &Options) {
    let wanted =
        TABLES.iter().filter(|(name, _)| options.tables.is_empty() || options.tables.iter().any(|t| t == name));
    let mut all = Vec::new();
    for (_, make) in wanted {
        let table = make(options);
        if options.json {
            all.push(table.to_json());
        } else {
            println!("{table}");
        }
    }
    if options.json {
        println!("{}", serde_json::Value::Array(all));
    }
}
