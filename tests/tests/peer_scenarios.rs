//! The scenarios on which copmesh is compared with its peers are those for which their figures were recorded.
//!
//! Needs a Python with numpy. The generator itself compares each scenario's digest with the one it was recorded with.

use std::path::Path;
use std::process::{Command, Stdio};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/generate.py");

#[test]
fn a_seed_gives_the_scenario_that_was_recorded() {
    let test = "a_seed_gives_the_scenario_that_was_recorded";
    let Some(python) = tests::oracle_python(test) else { return };
    let numpy = Command::new(&python).args(["-c", "import numpy"]).stderr(Stdio::null()).status();
    if !numpy.expect("a Python interpreter").success() {
        return tests::skip(test, "no numpy among the Python oracles");
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peer_scenarios");
    let names = ["s10", "s50", "s200", "s1000", "dense50"];
    let made = Command::new(python).arg(SCRIPT).arg(folder).args(names).status().expect("a Python interpreter");
    assert!(made.success(), "the generator refuses what this numpy draws, see above");
}
