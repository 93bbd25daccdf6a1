//! Times whole scans: predict, gate, associate, update, found, delete, for three sizes of picture in clutter.
//!
//! `cargo run --release -p fusion-core --example scan_bench`. The targets fly straight and stay; the clutter is even in
//! range and azimuth. The first scans, in which the tracks are founded, are not timed.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::Instant;

use common::{Chance, ORIGIN, fleet, memory, radar, scan};
use fusion_core::measurement::Measurement;
use fusion_core::nalgebra::Vector3;
use fusion_core::time::Timestamp;
use fusion_core::track::height::HeightPrior;
use fusion_core::tracker::{Tracker, TrackerConfig};

/// Looks before the clock counts, and looks that are timed.
const WARM: usize = 10;
const TIMED: usize = 60;
/// The same looks are timed this often by new trackers.
const REPEATS: usize = 5;

fn main() {
    println!(
        "{:>7} {:>8} {:>9} {:>7} {:>8} {:>8} {:>8} {:>8}",
        "targets", "clutter", "confirmed", "tracks", "mean ms", "p50 ms", "p99 ms", "µs/meas"
    );
    for (targets, clutter, range_max_m) in [(50, 100.0, 15e3), (200, 200.0, 20e3), (1_000, 500.0, 30e3)] {
        time_scans(targets, clutter, range_max_m);
    }
}

fn time_scans(targets: u32, clutter: f64, range_max_m: f64) {
    let (radar, mut chance) = (radar(clutter, range_max_m), Chance::new(u64::from(targets)));
    let fleet = fleet(targets, range_max_m, &mut chance);
    let looks: Vec<Vec<Measurement>> = (0..WARM + TIMED)
        .map(|k| {
            let after = Timestamp::from_secs(i64::try_from(k).expect("small")) - Timestamp::EPOCH;
            let at: Vec<Vector3<f64>> = fleet.iter().map(|(place, v)| place + v * after.as_secs_f64()).collect();
            radar.look(&at, &mut chance)
        })
        .collect();
    let config = TrackerConfig {
        velocity_sigma_horizontal_m_s: 50.0,
        height_prior: HeightPrior { height_m: 0.0, sigma_m: 500.0 },
        ..TrackerConfig::default()
    };
    let (mut times_ms, mut measurements) = (Vec::new(), 0);
    let (mut confirmed, mut tracks) = (0, 0);
    for _ in 0..REPEATS {
        let mut tracker = Tracker::new(ORIGIN, config, memory(4_096, 2_048));
        for (k, seen) in looks.iter().enumerate() {
            let time = Timestamp::from_secs(1_700_000_000 + i64::try_from(k).expect("small"));
            let begin = Instant::now();
            tracker.handle_scan(&scan(radar.sensor, time, seen), &radar.model).expect("in order");
            if k >= WARM {
                times_ms.push(begin.elapsed().as_secs_f64() * 1e3);
                measurements += u32::try_from(seen.len()).expect("small");
            }
        }
        confirmed = tracker.tracks().filter(|track| track.is_confirmed()).count();
        tracks = tracker.tracks().count();
    }
    times_ms.sort_by(f64::total_cmp);
    let total: f64 = times_ms.iter().sum();
    let mean = total / f64::from(u32::try_from(times_ms.len()).expect("small"));
    let (median, late) = (times_ms[times_ms.len() / 2], times_ms[times_ms.len() * 99 / 100]);
    let each = 1e3 * total / f64::from(measurements);
    println!("{targets:>7} {clutter:>8} {confirmed:>9} {tracks:>7} {mean:>8.3} {median:>8.3} {late:>8.3} {each:>8.2}");
}
