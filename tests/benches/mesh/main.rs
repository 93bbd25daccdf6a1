//! The tables of the mesh: octets per update, staleness on a thin link, time and octets to heal, fifty nodes; beside a
//! first-in-first-out replay of messages of the sizes of CoT XML and TAK protobuf over the same link. Then the picture
//! that nodes share beside that of one tracker that hears everything. Last, how soon flow comes back with a link.
//!
//! `cargo bench -p tests --bench mesh -- [sizes] [thin] [heal] [fifty] [shared] [day] [seals] [journal] [flow]`;
//! without a name, all. Virtual time: the figures are the same on every machine, but for what a day without neighbours
//! and signatures cost, and for `flow`: it runs the built daemon (`COPMESH_BIN`, else `target/debug/copmesh`) in
//! network namespaces and real time, needs root and `ip`, and says what it skips without them.

#![allow(unreachable_pub, reason = "one program, whose modules have no other users")]

mod day;
mod fifo;
mod flow;
mod journal;
mod lag;
mod scenes;
mod seals;
mod shared;

type Table = (&'static str, fn());

const TABLES: [Table; 9] = [
    ("sizes", scenes::sizes),
    ("thin", scenes::thin),
    ("heal", scenes::heal),
    ("fifty", scenes::fifty),
    ("shared", shared::shared),
    ("day", day::day),
    ("seals", seals::seals),
    ("journal", journal::journal),
    ("flow", flow::flow),
];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for (name, show) in TABLES {
        if wanted.is_empty() || wanted.iter().any(|each| each == name) {
            show();
            println!();
        }
    }
}
