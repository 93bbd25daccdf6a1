//! What the tracker learns of its sensors while it works, against sensors whose truth is drawn by chance: clutter by
//! region, and noise that is not what it claims to be.

mod common;

use common::Chance;
use fusion_core::angle::Angle;
use fusion_core::clutter::{ClutterMap, Place, RINGS, Reach, SECTORS};
use fusion_core::filter::monitor::{NoiseScale, TrackMonitor, Verdict};
use fusion_core::measurement::Coverage;
use fusion_core::sensor::{NoiseLimits, SensorModel};

const RANGE_MAX_M: f64 = 40_000.0;

fn sensor(clutter_per_scan: f64) -> SensorModel {
    SensorModel { learn_clutter: true, ..common::sensor_model(clutter_per_scan, RANGE_MAX_M) }
}

/// The middle of a cell.
fn middle(sector: usize, ring: usize) -> Place {
    let number = |index: usize| f64::from(u32::try_from(index).expect("small"));
    let (inner, outer) = (number(ring) / 8.0, number(ring + 1) / 8.0);
    Place {
        azimuth: Angle::from_degrees(30.0 * number(sector) + 15.0),
        reach: Reach::Range(0.5 * RANGE_MAX_M * (inner * inner + outer * outer)),
    }
}

/// Clutter that is even but for one sector, in which it is `times` as dense.
fn look(even: f64, hot_sector: usize, times: f64, chance: &mut Chance) -> Vec<(Place, f64)> {
    let anywhere = |chance: &mut Chance, azimuth_deg: f64| {
        let reach = Reach::Range(chance.between(0.0, RANGE_MAX_M));
        (Place { azimuth: Angle::from_degrees(azimuth_deg), reach }, 1.0)
    };
    let mut seen = Vec::new();
    for sector in 0..SECTORS {
        let (start, dense) = (30.0 * f64::from(u32::try_from(sector).expect("small")), sector == hot_sector);
        for _ in 0..chance.poisson(even / 12.0 * if dense { times } else { 1.0 }) {
            let azimuth_deg = start + chance.between(0.0, 30.0);
            seen.push(anywhere(chance, azimuth_deg));
        }
    }
    seen
}

fn mean_factor(map: &ClutterMap, model: &SensorModel, sector: usize) -> f64 {
    // Weighted by the width of the rings, as even clutter falls.
    let widths = [1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 13.0, 15.0];
    let sum: f64 = (0..RINGS).zip(widths).map(|(ring, w)| w * map.density_factor(model, middle(sector, ring))).sum();
    sum / 64.0
}

#[test]
fn even_clutter_is_found_even_within_what_is_believed() {
    let (model, mut chance) = (sensor(60.0), Chance::new(1));
    let mut map = ClutterMap::EMPTY;
    for _ in 0..300 {
        map.handle_scan(&model, &Coverage::Full, look(60.0, 0, 1.0, &mut chance));
    }
    let (mut sum, mut worst) = (0.0, 0.0_f64);
    for (sector, ring) in (0..SECTORS).flat_map(|sector| (0..RINGS).map(move |ring| (sector, ring))) {
        let (factor, sigma) = map.believed_factor(&model, middle(sector, ring));
        let off = (factor - 1.0) / sigma;
        sum += off * off;
        worst = worst.max(off.abs());
    }
    assert!(sum / 96.0 < 1.0 && worst < 4.0, "mean square {} worst {worst}", sum / 96.0);
}

#[test]
fn a_sensor_with_five_times_the_configured_clutter_is_corrected() {
    let (model, mut chance) = (sensor(4.0), Chance::new(2));
    let mut map = ClutterMap::EMPTY;
    for _ in 0..60 {
        map.handle_scan(&model, &Coverage::Full, look(20.0, 0, 1.0, &mut chance));
    }
    let mean: f64 = (0..SECTORS).map(|sector| mean_factor(&map, &model, sector)).sum::<f64>() / 12.0;
    assert!((mean / 5.0 - 1.0).abs() < 0.2, "{mean}");
}

#[test]
fn a_sector_with_ten_times_the_clutter_is_learnt_and_forgotten() {
    let (model, mut chance) = (sensor(24.0), Chance::new(3));
    let mut map = ClutterMap::EMPTY;
    let mut history = Vec::new();
    for scan in 0..400 {
        let times = if scan < 100 { 10.0 } else { 1.0 };
        map.handle_scan(&model, &Coverage::Full, look(24.0, 4, times, &mut chance));
        history.push((mean_factor(&map, &model, 4), mean_factor(&map, &model, 10)));
    }
    assert!(history[9].0 > 4.0, "after ten scans {:?}", history[9]);
    assert!((7.0..12.0).contains(&history[99].0) && (0.7..1.5).contains(&history[99].1), "{:?}", history[99]);
    assert!((0.7..1.5).contains(&history[399].0) && (0.7..1.5).contains(&history[399].1), "{:?}", history[399]);
}

/// NIS of a two-dimensional innovation that is `ratio` times as large, squared, as claimed.
fn nis(ratio: f64, chance: &mut Chance) -> f64 {
    let (x, y) = (chance.normal(), chance.normal());
    ratio * (x * x + y * y)
}

#[test]
fn a_consistent_filter_stays_in_its_band_and_its_r_is_left_alone() {
    let limits = NoiseLimits { min: 0.25, max: 16.0 };
    for seed in 0..20 {
        let (mut chance, mut scale, mut track, mut outside) =
            (Chance::new(seed), NoiseScale::CLAIMED, TrackMonitor::NEW, 0);
        for _ in 0..5_000 {
            let nis = nis(1.0, &mut chance);
            scale.handle(nis, 2, 1.0, 1.0, limits);
            track.handle(nis, 2, 1.0);
            outside += u32::from(track.verdict() != Verdict::Consistent);
        }
        assert!((scale.scale() - 1.0).abs() < 1e-15, "seed {seed}: {}", scale.scale());
        assert!(outside < 50, "seed {seed}: {outside} of 5000 outside");
    }
}

#[test]
fn noise_twice_as_large_as_claimed_is_found() {
    let limits = NoiseLimits { min: 0.25, max: 16.0 };
    for (seed, truth) in (0..20).map(|seed| (seed, if seed % 2 == 0 { 4.0 } else { 0.5 })) {
        let (mut chance, mut scale) = (Chance::new(seed), NoiseScale::CLAIMED);
        for _ in 0..6_000 {
            scale.handle(nis(truth / scale.scale(), &mut chance), 2, 1.0, 1.0, limits);
        }
        assert!((scale.scale() / truth - 1.0).abs() < 0.2, "seed {seed}: {} for {truth}", scale.scale());
        assert_eq!(scale.monitor().verdict(), Verdict::Consistent);
    }
}

#[test]
fn a_tracks_own_uncertainty_in_s_does_not_hide_the_sensor() {
    // Half of S is the track's covariance, which is true; R is a quarter of what it should be.
    let (limits, mut chance, mut scale) = (NoiseLimits { min: 1.0, max: 16.0 }, Chance::new(5), NoiseScale::CLAIMED);
    for _ in 0..20_000 {
        let (p, r) = (1.0, scale.scale());
        scale.handle(nis((p + 4.0) / (p + r), &mut chance), 2, 1.0, r / (p + r), limits);
    }
    assert!((scale.scale() / 4.0 - 1.0).abs() < 0.25, "{}", scale.scale());
}

#[test]
fn limits_hold_whatever_the_innovations_are() {
    let limits = NoiseLimits { min: 0.5, max: 3.0 };
    for (truth, bound) in [(100.0, 3.0), (0.01, 0.5)] {
        let (mut chance, mut scale) = (Chance::new(9), NoiseScale::CLAIMED);
        for _ in 0..20_000 {
            scale.handle(nis(truth / scale.scale(), &mut chance), 2, 1.0, 1.0, limits);
            assert!((limits.min..=limits.max).contains(&scale.scale()));
        }
        assert!((scale.scale() - bound).abs() < 1e-12, "{}", scale.scale());
    }
}
