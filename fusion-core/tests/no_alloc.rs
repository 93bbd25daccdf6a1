//! No allocation per scan: the tracker and the sequencer work in the memory lent to them at the start.

#[path = "common/allocations.rs"]
mod counting;

mod common;

use common::{Chance, ORIGIN, fleet, memory, memory_with_trail, past, radar, scan};
use counting::allocations;
use fusion_core::measurement::Measurement;
use fusion_core::nalgebra::Vector3;
use fusion_core::sequencer::{HORIZON_DEFAULT, Sequencer};
use fusion_core::time::Timestamp;
use fusion_core::tracker::{Tracker, TrackerConfig};

fn allocations_during(work: impl FnOnce()) -> u64 {
    let before = allocations();
    work();
    allocations() - before
}

/// Looks of one radar at thirty targets in clutter, one a second.
fn looks(count: u32) -> Vec<Vec<Measurement>> {
    let (radar, mut chance) = (radar(40.0, 10_000.0), Chance::new(1));
    let targets = fleet(30, 10_000.0, &mut chance);
    let at = |k: u32| -> Vec<Vector3<f64>> { targets.iter().map(|(place, v)| place + v * f64::from(k)).collect() };
    (0..count).map(|k| radar.look(&at(k), &mut chance)).collect()
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations_during(|| drop(std::hint::black_box(vec![1_u8]))), 1);
}

#[test]
fn a_scan_allocates_nothing() {
    let radar = radar(40.0, 10_000.0);
    let mut tracker = Tracker::new(ORIGIN, TrackerConfig::default(), memory(512, 256));
    for (second, seen) in (0..).zip(&looks(40)) {
        let scan = scan(radar.sensor, Timestamp::from_secs(second), seen);
        let count = allocations_during(|| {
            tracker.handle_scan(&scan, &radar.model).expect("in order");
            tracker.handle_timeout(scan.time);
        });
        assert_eq!(count, 0, "second {second}");
    }
    assert!(tracker.tracks().count() > 30);
}

#[test]
fn the_trail_allocates_nothing() {
    let radar = radar(40.0, 10_000.0);
    let mut tracker = Tracker::new(ORIGIN, TrackerConfig::default(), memory_with_trail(512, 256, 1_000));
    for (second, seen) in (0..).zip(&looks(20)) {
        let scan = scan(radar.sensor, Timestamp::from_secs(second), seen);
        let count = allocations_during(|| {
            tracker.handle_scan(&scan, &radar.model).expect("in order");
        });
        assert_eq!(count, 0, "second {second}");
    }
    assert!(tracker.trail().noted() > 1_000);
}

#[test]
fn a_late_scan_allocates_nothing() {
    let radar = radar(40.0, 10_000.0);
    let tracker = Tracker::new(ORIGIN, TrackerConfig::default(), memory(512, 256));
    let mut sequencer = Sequencer::new(tracker, HORIZON_DEFAULT, past(512, 64, 4_096, 4));
    let looks = looks(40);
    for second in [0, 2, 1, 3, 6, 5, 4, 7, 8, 10, 9, 12, 13, 11, 14] {
        let seen = &looks[usize::try_from(second).expect("small")];
        let scan = scan(radar.sensor, Timestamp::from_secs(second), seen);
        let count = allocations_during(|| {
            sequencer.handle_scan(&scan, &radar.model).expect("within the horizon");
        });
        assert_eq!(count, 0, "second {second}");
    }
    assert_eq!(sequencer.tally().scans_late, 5);
}
