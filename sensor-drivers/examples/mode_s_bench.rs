//! Frames per second of the Mode S driver on one core, from bytes to reports.
//!
//! `cargo run --release --example mode_s_bench [-- FILE]`. Without a file, the input is ten minutes of 1,000 made
//! aircraft; with one, recorded lines `unix_time,hex`.

use std::time::{Duration, Instant};

use fusion_core::geodesy::Geodetic;
use fusion_core::identity::Address;
use fusion_core::time::{Span, Timestamp};
use sensor_drivers::decoder::{Decoder, Report};
use sensor_drivers::mode_s::adsb::Category;
use sensor_drivers::mode_s::beast::{BeastFrame, Payload};
use sensor_drivers::mode_s::recorded::parse_line;
use sensor_drivers::mode_s::transponder::{Motion, Transponder};
use sensor_drivers::mode_s::{ModeSConfig, ModeSDecoder};

/// What came at one time.
struct Chunk {
    received: Timestamp,
    bytes: Vec<u8>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let chunks = match std::env::args().nth(1) {
        Some(path) => recorded(&std::fs::read(path)?),
        None => made(),
    };
    let decoder = run(&chunks).0;
    decoder.counters(&mut |name, value| println!("{name:32} {value:>12}"));
    println!("{:32} {:>12}", "balances", decoder.tally().balances());
    let best = (0..5).map(|_| run(&chunks).1).min().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "for display")]
    let frames = decoder.tally().frames as f64;
    println!("best of five: {:.3} s, {:.0} frames/s on one core", best.as_secs_f64(), frames / best.as_secs_f64());
    Ok(())
}

/// Decodes everything and throws the reports away, as the next stage would take them.
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn run(chunks: &[Chunk]) -> (ModeSDecoder, Duration) {
    let mut decoder = ModeSDecoder::new(ModeSConfig::default());
    let begun = Instant::now();
    let mut returns = 0;
    for chunk in chunks {
        decoder.handle_bytes(&chunk.bytes, chunk.received);
        while let Some(report) = decoder.poll_report() {
            if let Ok(Report::Scan(scan)) = report {
                returns += scan.returns.len();
            }
        }
    }
    let taken = begun.elapsed();
    assert_eq!(returns as u64, decoder.tally().positions_reported);
    (decoder, taken)
}

/// Lines that cannot be read are told and left out.
fn recorded(text: &[u8]) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    for (number, line) in text.split(|&byte| byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty()) {
        match parse_line(line) {
            Ok(recorded) => {
                let mut bytes = Vec::new();
                recorded.frame.encode_into(&mut bytes);
                chunks.push(Chunk { received: recorded.time, bytes });
            }
            Err(error) => eprintln!("line {}: {error}", number + 1),
        }
    }
    chunks
}

/// A thousand aircraft flying east for ten minutes, a chunk every half second.
fn made() -> Vec<Chunk> {
    let mut fleet: Vec<_> = (0..1000)
        .map(|n| Transponder::new(Address::Icao(0x40_0000 + n), None, Category::LARGE))
        .zip((0..1000).map(|n| (30.0 + 0.03 * f64::from(n), 0.01 * f64::from(n % 97))))
        .collect();
    (0..1200).map(|half_second| chunk(&mut fleet, half_second)).collect()
}

fn chunk(fleet: &mut [(Transponder, (f64, f64))], half_second: i32) -> Chunk {
    let mut bytes = Vec::new();
    for (transponder, (latitude, longitude)) in fleet {
        let east = *longitude + 0.001 * f64::from(half_second);
        let motion = Motion {
            position: Geodetic::from_degrees(*latitude, east, 10_000.0).expect("a place on earth"),
            baro_minus_gnss_m: -60.0,
            east_north_up: [210.0, 0.0, 0.0],
            on_ground: false,
        };
        for frame in transponder.next_half_second(&motion) {
            BeastFrame { counter: 0, signal: 100, payload: Payload::ModeS(frame) }.encode_into(&mut bytes);
        }
    }
    Chunk { received: Timestamp::from_secs(1_700_000_000) + Span::from_millis(500 * i64::from(half_second)), bytes }
}
