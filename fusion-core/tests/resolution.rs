//! Two targets that a radar does not tell apart for a while: whether both tracks and their numbers outlive it.

mod common;

use common::{Chance, ORIGIN, Radar, horizontal_distance, memory, radar, scan};
use fusion_core::maths::{atan2, cos, sin};
use fusion_core::measurement::Measurement;
use fusion_core::model::constant_velocity::NearlyConstantVelocity;
use fusion_core::nalgebra::Vector3;
use fusion_core::sensor::{Resolution, SensorModel, Separation};
use fusion_core::time::Timestamp;
use fusion_core::tracker::{Tracker, TrackerConfig};

const CELL: Resolution = Resolution { range_m: 150.0, azimuth_rad: 0.03 };
const RUNS: u32 = 60;

/// What became of two tracks.
#[derive(Default)]
struct Fates {
    kept: u32,
    swapped: u32,
    lost: u32,
}

/// One look at two targets, which give one plot between them as often as the resolution says.
fn look(radar: &Radar, places: [Vector3<f64>; 2], chance: &mut Chance) -> Vec<Measurement> {
    let azimuths = places.map(|place| atan2(place.x, place.y));
    let separation = Separation {
        range_m: places[0].norm() - places[1].norm(),
        azimuth_rad: azimuths[0] - azimuths[1],
        ..Separation::default()
    };
    if chance.uniform() < CELL.unresolved(&separation) {
        return radar.look(&[(places[0] + places[1]) * 0.5], chance);
    }
    radar.look(&places, chance)
}

/// Targets that meet 20 km away at a small angle.
fn meeting(angle: f64, t: f64) -> [Vector3<f64>; 2] {
    let middle = Vector3::new(12_000.0, 16_000.0, 0.0);
    [-0.5, 0.5].map(|half| {
        let course = 2.2 + half * angle;
        middle + Vector3::new(sin(course), cos(course), 0.0) * (120.0 * (t - 120.0))
    })
}

fn fates(angle: f64, resolution: Option<Resolution>) -> Fates {
    let mut fates = Fates::default();
    for seed in 0..RUNS {
        let mut chance = Chance::new(u64::from(seed));
        let mut radar = radar(3.0, 40_000.0);
        radar.model = SensorModel { resolution, ..radar.model };
        let motion = NearlyConstantVelocity { horizontal: 1.0, vertical: 0.1 };
        let config = TrackerConfig { motion, ..TrackerConfig::default() };
        let mut tracker = Tracker::new(ORIGIN, config, memory(256, 256));
        let (mut before, mut after) = ([None; 2], [None; 2]);
        for k in 0..60_u32 {
            let t = 4.0 * f64::from(k);
            let places = meeting(angle, t);
            let seen = look(&radar, places, &mut chance);
            let time = Timestamp::from_secs(i64::from(4 * k));
            tracker.handle_scan(&scan(radar.sensor, time, &seen), &radar.model).expect("in order");
            let nearest = |place: &Vector3<f64>| {
                let confirmed = tracker.states_at(time).filter(|(track, _)| track.is_confirmed());
                let away = confirmed
                    .map(|(track, state)| (horizontal_distance(state.position().vector(), place), track.id.number));
                let nearest = away.min_by(|a, b| a.0.total_cmp(&b.0));
                nearest.filter(|(away, _)| *away < 500.0).map(|(_, number)| number)
            };
            match k {
                10 => before = places.each_ref().map(nearest),
                59 => after = places.each_ref().map(nearest),
                _ => {}
            }
        }
        let both = after[0].is_some() && after[1].is_some() && after[0] != after[1];
        match () {
            () if both && after == before => fates.kept += 1,
            () if both && after == [before[1], before[0]] => fates.swapped += 1,
            () => fates.lost += 1,
        }
    }
    fates
}

#[test]
fn two_targets_that_cross_unresolved_keep_tracks_and_numbers() {
    println!("angle   with resolution: kept swapped lost   without: kept swapped lost");
    let mut kept = [0, 0];
    for degrees in [10.0_f64, 15.0, 20.0, 30.0] {
        let (with, without) = (fates(degrees.to_radians(), Some(CELL)), fates(degrees.to_radians(), None));
        println!(
            "{degrees:4}°   {:21} {:7} {:4}   {:13} {:7} {:4}",
            with.kept, with.swapped, with.lost, without.kept, without.swapped, without.lost
        );
        kept = [kept[0] + with.kept, kept[1] + without.kept];
    }
    // Four angles, 60 runs each.
    assert!(kept[0] >= 230 && kept[1] <= 200, "{kept:?}");
}
