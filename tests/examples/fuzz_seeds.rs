//! Writes seeds for the fuzz targets from the simulator: `cargo run -p tests --example fuzz_seeds`.
//!
//! What the committed corpora began with; fuzzing then adds to `target/fuzz` what it finds. Existing files stay.

use std::path::Path;

use fusion_core::time::Timestamp;
use sensor_drivers::sim::{Simulation, scenario};

/// Inputs per sensor, and the largest of them in octets.
const SEEDS: usize = 16;
const BYTES_MAX: usize = 4000;

fn main() {
    let mut simulation =
        Simulation::new(scenario::demo(), 1, Timestamp::from_secs(1_717_236_000)).expect("the demo is sound");
    let names = ["asterix", "asterix", "mode_s", "plots", "plots"];
    let mut written = [0; 5];
    while let Some(emission) = simulation.next_emission() {
        let count = &mut written[emission.sensor];
        if *count >= SEEDS || emission.bytes.len() > BYTES_MAX {
            continue;
        }
        let name = names[emission.sensor];
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
        // The first octet tells how the target cuts the rest.
        let cut = u8::try_from(*count * 5).expect("a few");
        let input: Vec<u8> = std::iter::once(cut).chain(emission.bytes).collect();
        std::fs::create_dir_all(&folder).expect("the tree can be written");
        std::fs::write(folder.join(format!("sim-{}-{count:02}", emission.sensor)), input).expect("as above");
        *count += 1;
    }
}
