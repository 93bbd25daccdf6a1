//! Writes seeds for the fuzz target `past`: `cargo run -p tests --example past_seeds`.

use std::path::Path;

use fusion_core::label::Label;
use proto::codec::{KeptPast, KeptPoint, KeptSaid, KeptWay, encode_past};
use proto::packet::label;
use proto::packet::octets::Octets;
use tests::world::random::Random;

const NOW_MS: i64 = 1_800_000_000_000;

fn said(random: &mut Random, track: (u64, u32, u64), since_ms: i64) -> KeptSaid {
    let mut octets = Octets::default();
    label::put(&mut octets, &Label::STRICTEST);
    KeptSaid {
        track,
        since_ms,
        label: octets.into_bytes(),
        address: random.chance(0.5).then(|| (0, 0x48_0001, String::new())),
        name: random.chance(0.5).then(|| "KILO 1".to_owned()),
        class: random.bits().to_le_bytes()[0] % 7,
        affiliation: random.bits().to_le_bytes()[0] % 4,
        sensors: vec!["radar".to_owned()],
        ..KeptSaid::default()
    }
}

fn way(random: &mut Random, track: (u64, u32, u64), said_ms: i64, ago_ms: u32) -> KeptWay {
    let point = |k: u32| KeptPoint {
        ago_ms: ago_ms.saturating_sub(k * 5000),
        lag_ms: 250,
        held_ms: 4750,
        position_cm: [366_000_000, 140_000_000 + i32::try_from(k).expect("few") * 10_000, 501_000_000],
        velocity_m_s: [0.0, 20.0, 0.0],
        variances: [100.0, 0.0, 100.0, 400.0, 4.0],
        status: if random.chance(0.9) { 2 } else { 0 },
    };
    KeptWay { track, said_ms, points: (0..8).map(point).collect() }
}

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/past");
    std::fs::create_dir_all(&folder).expect("the tree can be written");
    for seed in 0..16 {
        let mut random = Random::new(seed);
        let mut input = Vec::new();
        for part in 0..4_i64 {
            let until_ms = NOW_MS + part * 60_000;
            let tracks: Vec<_> = (0..random.below(4)).map(|number| (1, 1, number)).collect();
            let past = KeptPast {
                begins: part == 0,
                gap: random.chance(0.1),
                begun_ms: NOW_MS - 60_000,
                until_ms,
                said: tracks.iter().map(|&track| said(&mut random, track, until_ms - 60_000)).collect(),
                ways: tracks.iter().map(|&track| way(&mut random, track, until_ms - 60_000, 60_000)).collect(),
            };
            let octets = encode_past(&past).expect("small");
            let length = u16::try_from(octets.len()).expect("small");
            input.extend((length | if random.chance(0.8) { 0x8000 } else { 0 }).to_le_bytes());
            input.extend(octets);
        }
        for _ in 0..seed / 4 {
            let at = random.index(input.len());
            input[at] ^= 1 << random.below(8);
        }
        std::fs::write(folder.join(format!("sim-{seed:02}")), input).expect("as above");
    }
}
