//! What the tracker promises of targets that fly close together.

mod common;

use std::collections::BTreeSet;

use common::{Chance, ORIGIN, memory, radar, scan};
use fusion_core::nalgebra::Vector3;
use fusion_core::time::Timestamp;
use fusion_core::track::TrackNumber;
use fusion_core::track::height::HeightPrior;
use fusion_core::tracker::{Tracker, TrackerConfig};

const MEMBERS: usize = 8;
const SEEDS: u64 = 10;
const LOOKS: u32 = 40;

/// Quick to believe.
fn config() -> TrackerConfig {
    TrackerConfig {
        velocity_sigma_horizontal_m_s: 50.0,
        height_prior: HeightPrior { height_m: 0.0, sigma_m: 100.0 },
        confirm_existence: 0.6,
        ..TrackerConfig::default()
    }
}

/// In echelon, less than three standard deviations of a measurement apart.
fn echelon() -> Vec<Vector3<f64>> {
    (0..8).map(f64::from).map(|k| Vector3::new(3_000.0 + 25.0 * k, 1_000.0 + 25.0 * k, 0.0)).collect()
}

/// How many numbers a formation is shown under in all, and how many at the end.
fn shown(seed: u64) -> (usize, usize) {
    let (radar, mut chance) = (radar(10.0, 10_000.0), Chance::new(seed));
    let mut tracker = Tracker::new(ORIGIN, config(), memory(1_024, 256));
    let mut numbers: BTreeSet<TrackNumber> = BTreeSet::new();
    let mut at_last = 0;
    for k in 0..LOOKS {
        let ahead = Vector3::new(0.0, 40.0 * f64::from(k), 0.0);
        let places: Vec<_> = echelon().iter().map(|place| place + ahead).collect();
        let seen = radar.look(&places, &mut chance);
        let time = Timestamp::from_secs(1_700_000_000 + i64::from(k));
        tracker.handle_scan(&scan(radar.sensor, time, &seen), &radar.model).expect("in order");
        let now: Vec<_> = tracker.tracks().filter(|track| track.is_confirmed()).map(|track| track.id.number).collect();
        at_last = now.len();
        numbers.extend(now);
    }
    (numbers.len(), at_last)
}

#[test]
fn members_of_a_formation_are_shown_when_they_are_told_apart() {
    let runs: Vec<(usize, usize)> = (0..SEEDS).map(shown).collect();
    assert!(runs.iter().all(|(_, at_last)| *at_last == MEMBERS), "{runs:?}");
    // Of what is shown as soon as it exists, two for each formation are given up again.
    let given_up: usize = runs.iter().map(|(all, at_last)| all - at_last).sum();
    assert!(given_up <= 16, "{given_up}: {runs:?}");
}
