//! Messages per second of each decoder on one core, beside a peer on the same messages in the same run.
//!
//! Each load is a module: the bytes, our decoder over them, and the peer's script. A peer that is not installed is said
//! to be absent. Allocations are counted in the second pass, when all buffers have their size.

#![allow(unreachable_pub, reason = "one program, whose modules have no other users")]

#[path = "../../../fusion-core/tests/common/allocations.rs"]
mod allocations;
#[path = "../peers/table.rs"]
mod table;

mod ais;
mod asterix;
mod asterix_stations;
mod asterix_targets;
mod cot;
mod klv;
mod load;
mod mavlink;
mod mode_s;
mod remote_id;
mod sapient;

use load::Load;
use table::Table;

/// Makes one load.
type Make = fn() -> Load;

/// The loads by name, in the order in which they are shown.
const LOADS: &[(&str, Make)] = &[
    ("ais", ais::load),
    ("asterix", asterix::load),
    ("asterix-mlat", asterix_targets::multilateration),
    ("asterix-adsb", asterix_targets::adsb),
    ("asterix-drone-radar", asterix_stations::drone_radar),
    ("asterix-df", asterix_stations::direction_finder),
    ("asterix-tracks", asterix_stations::system_tracks),
    ("cot", cot::xml),
    ("cot-protobuf", cot::protobuf),
    ("klv", klv::load),
    ("mavlink", mavlink::load),
    ("mode-s", mode_s::load),
    ("remote-id", remote_id::load),
    ("sapient", sapient::load),
];

const HELP: &str = "usage: cargo bench -p tests --bench decode -- [--json] [load ...]

loads: the rows of the table by name, such as asterix or mode-s (all, unless some are named)
COPMESH_ORACLE_PYTHON names the Python that has the peers; else tests/oracle/venv is tried.";

fn main() {
    // cargo passes --bench.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let (options, names): (Vec<_>, Vec<_>) = arguments.into_iter().partition(|a| a.starts_with("--"));
    let known = |name: &String| LOADS.iter().any(|(known, _)| known == name);
    if options.iter().any(|o| o != "--json") || !names.iter().all(known) {
        println!("{HELP}");
        std::process::exit(if options.iter().any(|o| o == "--help") { 0 } else { 2 });
    }
    let mut table = Table::new("decode", "Decoders, one core", &load::COLUMNS);
    for (_, make) in LOADS.iter().filter(|(name, _)| names.is_empty() || names.iter().any(|n| n == name)) {
        make().measure(&mut table);
    }
    if options.is_empty() {
        println!("{table}");
    } else {
        println!("{}", table.to_json());
    }
}
