//! Writes seeds for the fuzz target `journal`: `cargo run -p tests --example journal_seeds`.

use std::path::Path;

use edge_node::journal::segment::{Kind, put};
use tests::fuzzed::journal::NAMES;
use tests::world::random::Random;

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/journal");
    std::fs::create_dir_all(&folder).expect("the tree can be written");
    for seed in 0..16 {
        let mut random = Random::new(seed);
        let segments = NAMES.map(|name| {
            let mut octets = name.header().to_vec();
            for number in name.first..name.first + 12 {
                if number == name.first + 5 && random.chance(0.7) {
                    put(&mut octets, number, Kind::Whole, &(name.first + random.below(6)).to_le_bytes());
                } else if random.chance(0.95) {
                    let content: Vec<u8> = (0..random.below(40)).map(|_| random.bits().to_le_bytes()[0]).collect();
                    put(&mut octets, number, Kind::Rows, &content);
                }
            }
            octets.extend((0..random.index(64)).map(|_| 0));
            octets
        });
        let mut input = u16::try_from(segments[0].len()).expect("small").to_le_bytes().to_vec();
        input.extend(segments.concat());
        for _ in 0..seed / 4 {
            let at = random.index(input.len());
            input[at] ^= 1 << random.below(8);
        }
        std::fs::write(folder.join(format!("sim-{seed:02}")), input).expect("as above");
    }
}
