//! Whatever comes in, a node stands: no panic, no growth, and counters that say what was refused.

use edge_node::config::Config;
use edge_node::node::{Node, Output, node_id};
use fusion_core::measurement::SensorId;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::Origin;

const SENSORS: [&str; 4] = ["asterix", "beast", "avr", "plots"];
const NOISE_BYTES: usize = 1 << 30;
const PIECE_BYTES: usize = 1 << 20;
/// What a node may grow by while a gigabyte of noise passes through it.
const GROWTH_KB_MAX: f64 = 64_000.0;

fn node() -> Node {
    let mut text = String::from("[node]\nname = \"noise\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n");
    for kind in SENSORS {
        text.push_str(&format!(
            "[[sensors]]\nname = \"{kind}\"\nkind = \"{kind}\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n\
             label = {{ level = \"unclassified\", originator = \"TEST\" }}\n"
        ));
    }
    let config = Config::parse(&text).expect("a valid configuration");
    Node::new(&config, Origin { node: node_id("noise"), incarnation: 1 }).expect("a valid configuration")
}

/// Words in the names of counters for what was not understood.
const REFUSALS: [&str; 7] = ["garbage", "refused", "long", "fault", "damaged", "dropped", "decode_errors"];

fn scans(node: &Node, sensor: SensorId) -> u64 {
    let mut scans = 0;
    node.sensor_counters(sensor, &mut |name, count| scans += if name == "measurements" { count } else { 0 });
    scans
}

/// Xorshift: noise without a library, the same every time.
fn noise(state: &mut u64, piece: &mut [u8]) {
    for chunk in piece.chunks_mut(8) {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        chunk.copy_from_slice(&state.to_le_bytes()[..chunk.len()]);
    }
}

fn refusals(node: &mut Node) -> u64 {
    let mut count = 0;
    while let Some(output) = node.poll() {
        if let Output::Refused { error, .. } = output {
            assert!(!error.field.is_empty() && !error.to_string().is_empty());
            count += 1;
        }
    }
    count
}

#[test]
fn a_gigabyte_of_noise_passes_without_growth_and_is_counted() {
    let mut node = node();
    let mut piece = vec![0; PIECE_BYTES];
    let (mut state, mut refused, mut before) = (0x9E37_79B9_7F4A_7C15, 0, 0.0);
    for k in 0..NOISE_BYTES / PIECE_BYTES {
        noise(&mut state, &mut piece);
        let sensor = u16::try_from(k % SENSORS.len()).expect("four sensors");
        let now = Timestamp::from_secs(1_700_000_000) + Span::from_millis(i64::try_from(k).expect("small") * 10);
        node.handle_bytes(SensorId(sensor), &piece, now);
        refused += refusals(&mut node);
        node.handle_timeout(now);
        refused += refusals(&mut node);
        if k == 64 {
            before = tests::resident_kb();
        }
    }
    let grown = tests::resident_kb() - before;
    println!("a gigabyte of noise: {refused} refusals told, {grown:.0} kB grown");
    assert!(refused > 0, "what was refused is told");
    assert!(grown < GROWTH_KB_MAX, "grown by {grown:.0} kB");
}

#[test]
fn a_datagram_of_a_megabyte_is_refused_with_its_place_and_reason() {
    for (sensor, kind) in (0_u16..).zip(SENSORS) {
        let mut node = node();
        node.handle_bytes(SensorId(sensor), &vec![0xFF; PIECE_BYTES], Timestamp::from_secs(1_700_000_000));
        node.handle_timeout(Timestamp::from_secs(1_700_000_010));
        let told = refusals(&mut node);
        let mut refused = Vec::new();
        node.sensor_counters(SensorId(sensor), &mut |name, count| refused.push((name, count)));
        refused.retain(|(name, count)| *count > 0 && REFUSALS.iter().any(|word| name.contains(word)));
        println!("a megabyte of 0xFF to {kind}: {told} refusals told, {refused:?}");
        assert!(told > 0, "{kind} tells that it refused");
        assert!(!refused.is_empty(), "{kind} counts what it refuses, under a name that says so");
        assert_eq!(scans(&node, SensorId(sensor)), 0, "nothing of it is taken for a scan");
    }
}
