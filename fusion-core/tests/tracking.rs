//! What the tracker promises, one promise a test, on simulated sensors with seeded chance.

mod common;

use common::{Chance, ORIGIN, Radar, bearing, fix, horizontal_distance, memory, radar, scan, sensor_model};
use fusion_core::angle::Angle;
use fusion_core::filter::consistency::{anees_bounds, nees};
use fusion_core::frame::Position;
use fusion_core::gaussian::{Covariance, StateVector};
use fusion_core::identity::{Address, Identity};
use fusion_core::label::{Code, Codes, Label, Level};
use fusion_core::maths::{atan2, cos, sin, sqrt};
use fusion_core::measurement::{Coverage, Measurement, Observation, Pose, Reading, Scan, SensorId};
use fusion_core::model::motion::MotionSet;
use fusion_core::nalgebra::{SVector, Vector2, Vector3};
use fusion_core::sensor::NoiseLimits;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::height::HeightPrior;
use fusion_core::track::{Track, TrackStatus};
use fusion_core::tracker::{ScanError, Tracker, TrackerConfig};
use proptest::prelude::*;

/// Slow things on the ground, so that a radar without elevation errs by nothing but its noise.
fn config() -> TrackerConfig {
    TrackerConfig {
        velocity_sigma_horizontal_m_s: 50.0,
        height_prior: HeightPrior { height_m: 0.0, sigma_m: 100.0 },
        ..TrackerConfig::default()
    }
}

fn tracker(config: TrackerConfig) -> Tracker<common::Memory> {
    assert_eq!(config.check(), Ok(()));
    Tracker::new(ORIGIN, config, memory(256, 256))
}

fn second(k: u32) -> Timestamp {
    Timestamp::from_secs(1_700_000_000 + i64::from(k))
}

/// Radar looks once a second at targets that move straight on; calls back after every look.
fn fly(
    tracker: &mut Tracker<common::Memory>,
    radar: &Radar,
    targets: &[(Vector3<f64>, Vector3<f64>)],
    looks: u32,
    chance: &mut Chance,
    mut after: impl FnMut(u32, &Tracker<common::Memory>, &[Vector3<f64>]),
) {
    for k in 0..looks {
        let places: Vec<Vector3<f64>> =
            targets.iter().map(|(place, velocity)| place + velocity * f64::from(k)).collect();
        let seen = radar.look(&places, chance);
        tracker.handle_scan(&scan(radar.sensor, second(k), &seen), &radar.model).expect("in order");
        after(k, tracker, &places);
    }
}

fn confirmed(tracker: &Tracker<common::Memory>) -> Vec<&Track> {
    tracker.tracks().filter(|track| track.is_confirmed()).collect()
}

/// The confirmed track nearest to a place.
fn nearest<'a>(tracker: &'a Tracker<common::Memory>, place: &Vector3<f64>) -> &'a Track {
    let distance = |track: &&Track| horizontal_distance(track.state.position().vector(), place);
    let tracks = confirmed(tracker).into_iter();
    tracks.min_by(|a, b| distance(a).total_cmp(&distance(b))).expect("a confirmed track")
}

#[test]
fn one_target_in_clutter_becomes_one_track() {
    let mut tracker = tracker(config());
    let target = (Vector3::new(3_000.0, 4_000.0, 0.0), Vector3::new(-30.0, 10.0, 0.0));
    fly(&mut tracker, &radar(20.0, 10_000.0), &[target], 40, &mut Chance::new(1), |k, tracker, places| {
        if k > 10 {
            assert_eq!(confirmed(tracker).len(), 1, "look {k}");
            let error = horizontal_distance(nearest(tracker, &places[0]).state.position().vector(), &places[0]);
            assert!(error < 60.0, "look {k}: {error} m");
        }
    });
}

#[test]
fn two_crossing_targets_keep_their_tracks() {
    for seed in 0..20 {
        let mut tracker = tracker(config());
        // They meet after 30 s at a right angle, 5 km out.
        let (a, b) = (Vector3::new(40.0, 0.0, 0.0), Vector3::new(0.0, 40.0, 0.0));
        let meeting = Vector3::new(3_000.0, 4_000.0, 0.0);
        let targets = [(meeting - a * 30.0, a), (meeting - b * 30.0, b)];
        let mut numbers = Vec::new();
        fly(&mut tracker, &radar(5.0, 10_000.0), &targets, 61, &mut Chance::new(seed), |k, tracker, places| {
            if k == 20 || k == 60 {
                numbers.push([0, 1].map(|target: usize| nearest(tracker, &places[target]).id.number));
            }
        });
        assert_eq!(numbers[0], numbers[1], "seed {seed}");
        assert_ne!(numbers[0][0], numbers[0][1], "seed {seed}");
    }
}

#[test]
fn clutter_alone_confirms_nothing() {
    for seed in 0..5 {
        let mut tracker = tracker(config());
        fly(&mut tracker, &radar(30.0, 10_000.0), &[], 200, &mut Chance::new(seed), |_, _, _| {});
        let tally = tracker.tally();
        assert!(tally.tracks_founded > 3_000, "{}", tally.tracks_founded);
        assert_eq!(tally.tracks_confirmed, 0, "seed {seed}");
    }
}

#[test]
fn a_track_survives_two_missed_looks() {
    let mut tracker = tracker(config());
    let (radar, mut chance) = (radar(0.01, 10_000.0), Chance::new(3));
    let at = |k: u32| Vector3::new(2_000.0 + 30.0 * f64::from(k), 3_000.0, 0.0);
    let mut number = None;
    for k in 0..20 {
        let seen = if k == 10 || k == 11 { vec![] } else { vec![radar.see(&at(k), &mut chance)] };
        tracker.handle_scan(&scan(radar.sensor, second(k), &seen), &radar.model).expect("in order");
        let tracks = confirmed(&tracker);
        match k {
            9 => number = Some(tracks[0].id.number),
            10 | 11 => assert_eq!(tracks[0].status, TrackStatus::Coasted),
            12.. => assert_eq!((tracks[0].status, Some(tracks[0].id.number)), (TrackStatus::Confirmed, number)),
            _ => {}
        }
    }
    assert_eq!(tracker.tracks().count(), 1);
}

#[test]
fn a_track_ends_after_five_missed_looks() {
    let mut tracker = tracker(config());
    let (radar, mut chance) = (radar(0.01, 10_000.0), Chance::new(4));
    for k in 0..16 {
        let seen = if k > 9 { vec![] } else { vec![radar.see(&Vector3::new(2_000.0, 3_000.0, 0.0), &mut chance)] };
        tracker.handle_scan(&scan(radar.sensor, second(k), &seen), &radar.model).expect("in order");
        assert_eq!(tracker.tracks().count(), usize::from(k < 14), "look {k}");
    }
    assert_eq!(tracker.tally().deleted_missed, 1);
}

/// Mean and covariance of all tracks, ordered by place.
fn states(tracker: &Tracker<common::Memory>) -> Vec<[f64; 42]> {
    let mut states: Vec<[f64; 42]> = tracker
        .tracks()
        .map(|track| {
            let mut numbers = [0.0; 42];
            numbers[..6].copy_from_slice(track.state.mean.as_slice());
            numbers[6..].copy_from_slice(track.state.covariance.matrix().as_slice());
            numbers
        })
        .collect();
    states.sort_by(|a, b| a[0].total_cmp(&b[0]));
    states
}

#[test]
fn the_order_of_measurements_in_a_scan_does_not_matter() {
    let (radar, mut chance, mut other) = (radar(20.0, 8_000.0), Chance::new(5), Chance::new(50));
    let (mut one, mut two) = (tracker(config()), tracker(config()));
    let targets = common::fleet(20, 8_000.0, &mut chance);
    for k in 0..30 {
        let places: Vec<Vector3<f64>> =
            targets.iter().map(|(place, velocity)| place + velocity * f64::from(k)).collect();
        let seen = radar.look(&places, &mut chance);
        let mut shuffled = seen.clone();
        other.shuffle(&mut shuffled);
        one.handle_scan(&scan(radar.sensor, second(k), &seen), &radar.model).expect("in order");
        two.handle_scan(&scan(radar.sensor, second(k), &shuffled), &radar.model).expect("in order");
        let (a, b) = (states(&one), states(&two));
        assert_eq!(a.len(), b.len());
        for (x, y) in a.iter().flatten().zip(b.iter().flatten()) {
            assert!((x - y).abs() <= 1e-9 * x.abs().max(1.0), "look {k}: {x} against {y}");
        }
    }
}

#[test]
fn a_single_target_is_as_uncertain_as_it_is_wrong() {
    // A target that moves as the filter believes, seen by position fixes: NEES over 200 runs is χ² with 6 · 200
    // degrees.
    const RUNS: u32 = 200;
    let (settings, sigma) = (config(), 15.0);
    let q = settings.motion;
    let mut total = 0.0;
    for run in 0..RUNS {
        let (mut tracker, mut chance) = (tracker(settings), Chance::new(1_000 + u64::from(run)));
        let mut truth = StateVector::new(2_000.0, -3_000.0, 500.0, 0.0, 0.0, 0.0);
        for k in 0..3 {
            let sigma =
                if k < 2 { settings.velocity_sigma_horizontal_m_s } else { settings.velocity_sigma_vertical_m_s };
            truth[3 + k] = sigma * chance.normal();
        }
        for k in 0..25 {
            if k > 0 {
                truth = disturbed(&truth, [q.horizontal, q.horizontal, q.vertical], &mut chance);
            }
            let noise = Vector3::new(chance.normal(), chance.normal(), chance.normal()) * sigma;
            let place = Vector3::new(truth[0], truth[1], truth[2]) + noise;
            let seen = [fix(Position::from_vector(place), sigma)];
            tracker.handle_scan(&scan(SensorId(0), second(k), &seen), &sensor_model(1e-6, 20_000.0)).expect("in order");
        }
        let tracks: Vec<&Track> = tracker.tracks().collect();
        assert_eq!(tracks.len(), 1, "run {run}");
        total += nees(&tracks[0].state, &truth);
    }
    let anees = total / (6.0 * f64::from(RUNS));
    let (low, high) = anees_bounds(6, RUNS, 0.99);
    assert!((low..high).contains(&anees), "ANEES {anees} outside {low}..{high}");
}

/// One second of straight flight disturbed by white-noise acceleration, drawn from Q's own factor.
fn disturbed(x: &StateVector, density: [f64; 3], chance: &mut Chance) -> StateVector {
    let mut next = *x;
    for (k, q) in density.into_iter().enumerate() {
        let (a, b) = (chance.normal(), chance.normal());
        // Cholesky of q [1/3 1/2; 1/2 1].
        next[k] += x[k + 3] + sqrt(q / 3.0) * a;
        next[k + 3] += sqrt(q) * (sqrt(3.0) / 2.0 * a + 0.5 * b);
    }
    next
}

fn addressed(mut measurement: Measurement, address: u32) -> Measurement {
    measurement.identity = Identity { address: Some(Address::Icao(address)), ..Identity::UNKNOWN };
    measurement
}

fn reports<'a>(time: Timestamp, measurements: &'a [Measurement]) -> Scan<'a> {
    Scan { coverage: Coverage::Reports, ..scan(SensorId(7), time, measurements) }
}

#[test]
fn an_address_holds_a_track_where_position_alone_would_lose_it() {
    // A turn far harder than the model believes, between two reports.
    let place = |k: u32| Position::new(if k < 6 { 150.0 * f64::from(k) } else { 500.0 }, 0.0, 0.0);
    for (use_identity, expected) in [(true, 1), (false, 2)] {
        let mut tracker = tracker(TrackerConfig { use_identity, ..config() });
        for k in 0..7 {
            let seen = [addressed(fix(place(k), 40.0), 0xABCDEF)];
            tracker.handle_scan(&reports(second(k), &seen), &sensor_model(0.01, 400_000.0)).expect("in order");
        }
        assert_eq!(tracker.tracks().count(), expected, "identity {use_identity}");
        assert!(tracker.tracks().all(|track| track.identity.address == Some(Address::Icao(0xABCDEF))));
    }
}

#[test]
fn two_addresses_in_one_place_are_two_tracks() {
    for (use_identity, expected) in [(true, 2), (false, 1)] {
        let mut tracker = tracker(TrackerConfig { use_identity, ..config() });
        for k in 0..12 {
            let place = Position::new(1_000.0 + 50.0 * f64::from(k), 0.0, 0.0);
            let seen = [addressed(fix(place, 40.0), 1 + k % 2)];
            tracker.handle_scan(&reports(second(k), &seen), &sensor_model(0.01, 400_000.0)).expect("in order");
        }
        assert_eq!(confirmed(&tracker).len(), expected, "identity {use_identity}");
    }
}

#[test]
fn a_measurement_with_an_address_goes_to_its_track_though_another_is_nearer() {
    let mut tracker = tracker(config());
    let model = sensor_model(0.01, 20_000.0);
    let (known, other) = (Position::new(1_000.0, 0.0, 0.0), Position::new(1_090.0, 0.0, 0.0));
    for k in 0..6 {
        let seen = [addressed(fix(known, 30.0), 7), fix(other, 30.0)];
        tracker.handle_scan(&scan(SensorId(0), second(k), &seen), &model).expect("in order");
    }
    let between = [addressed(fix(Position::new(1_070.0, 0.0, 0.0), 30.0), 7)];
    tracker.handle_scan(&scan(SensorId(0), second(6), &between), &model).expect("in order");
    let status = |address: Option<Address>| {
        tracker.tracks().find(|track| track.identity.address == address).map(|track| track.status)
    };
    assert_eq!(status(Some(Address::Icao(7))), Some(TrackStatus::Confirmed));
    assert_eq!(status(None), Some(TrackStatus::Coasted));
}

#[test]
fn an_objects_own_word_stays_in_its_track_and_what_a_radar_or_a_camera_says_is_none() {
    let place = |k: u32| Position::new(1_000.0, 40.0 * f64::from(k), 0.0);
    let said = |addressed_from: u32, reported: bool| {
        let mut tracker = tracker(config());
        for k in 0..8 {
            let plain = fix(place(k), 20.0);
            let seen = [if (addressed_from..6).contains(&k) { addressed(plain, 7) } else { plain }];
            let look = if reported { reports(second(k), &seen) } else { scan(SensorId(0), second(k), &seen) };
            tracker.handle_scan(&look, &sensor_model(0.01, 400_000.0)).expect("in order");
        }
        confirmed(&tracker).iter().map(|track| track.own_word).collect::<Vec<_>>()
    };
    assert_eq!((said(0, true), said(5, true)), (vec![true], vec![true]));
    assert_eq!((said(0, false), said(8, true)), (vec![false], vec![false]));
}

#[test]
fn a_track_remembers_when_its_target_swerved() {
    let swerved = |motions: Option<MotionSet>, turning: std::ops::Range<u32>| {
        let mut tracker = tracker(TrackerConfig { motions, ..config() });
        let (mut east, mut north, mut heading) = (0.0, 0.0, 0.0);
        for k in 0..60 {
            heading += if turning.contains(&k) { 0.15 } else { 0.0 };
            (east, north) = (east + 60.0 * cos(heading), north + 60.0 * sin(heading));
            let seen = [fix(Position::new(east, north, 0.0), 5.0)];
            tracker
                .handle_scan(&scan(SensorId(0), second(k), &seen), &sensor_model(0.01, 400_000.0))
                .expect("in order");
        }
        let [track] = confirmed(&tracker)[..] else { panic!("one target") };
        (track.swerved - second(0)).as_secs_f64()
    };
    assert!(swerved(Some(MotionSet::mixed()), 0..0) < 20.0, "{}", swerved(Some(MotionSet::mixed()), 0..0));
    let turn = swerved(Some(MotionSet::mixed()), 30..38);
    assert!((30.0..55.0).contains(&turn), "{turn}");
    assert!((swerved(None, 0..0) - 59.0).abs() < 1e-9, "without modes nobody can tell");
}

#[test]
fn silence_of_a_reporting_source_is_no_miss() {
    let mut tracker = tracker(config());
    let model = sensor_model(0.01, 400_000.0);
    for k in 0..4 {
        let seen = [fix(Position::new(1_000.0, 40.0 * f64::from(k), 0.0), 20.0)];
        tracker.handle_scan(&reports(second(k), &seen), &model).expect("in order");
    }
    for k in 4..30 {
        tracker.handle_scan(&reports(second(k), &[]), &model).expect("in order");
        assert_eq!(confirmed(&tracker).len(), 1, "second {k}");
    }
    assert_eq!(confirmed(&tracker)[0].status, TrackStatus::Coasted);
    assert!(tracker.handle_timeout(second(64)));
    assert_eq!((tracker.tracks().count(), tracker.tally().deleted_silent), (0, 1));
}

#[test]
fn a_look_elsewhere_is_no_miss() {
    let mut tracker = tracker(config());
    let (radar, mut chance) = (radar(0.01, 10_000.0), Chance::new(6));
    let place = Vector3::new(0.0, 5_000.0, 0.0);
    for k in 0..5 {
        let seen = [radar.see(&place, &mut chance)];
        tracker.handle_scan(&scan(radar.sensor, second(k), &seen), &radar.model).expect("in order");
    }
    let behind = Coverage::Sector { from: Angle::from_degrees(90.0), width_rad: core::f64::consts::PI };
    for k in 5..20 {
        let look = Scan { coverage: behind, ..scan(radar.sensor, second(k), &[]) };
        tracker.handle_scan(&look, &radar.model).expect("in order");
        let near = Scan { pose: Pose { origin: Position::new(0.0, -6_000.0, 0.0), ..Pose::AT_ORIGIN }, ..look };
        let near = Scan { coverage: Coverage::Full, ..near };
        tracker.handle_scan(&near, &radar.model).expect("in order");
        assert_eq!(confirmed(&tracker)[0].status, TrackStatus::Confirmed, "look {k}");
    }
}

#[test]
fn a_target_between_two_sectors_is_not_missed() {
    // The sweep comes in quarters; the target flies along the seam between two of them, and shows in either.
    let mut tracker = tracker(config());
    let (radar, mut chance) = (radar(0.01, 20_000.0), Chance::new(9));
    let quarter = core::f64::consts::FRAC_PI_2;
    for k in 0..60 {
        let seen = radar.see(&Vector3::new(5_000.0 + 40.0 * f64::from(k), 0.0, 0.0), &mut chance);
        let Observation::RangeBearing(reading) = seen.observation else { panic!("the radar sees range and bearing") };
        for sector in 0..4 {
            let from = Angle::from_radians(f64::from(sector) * quarter);
            let coverage = Coverage::Sector { from, width_rad: quarter };
            let here = coverage.includes(Angle::from_radians(reading.z[1]));
            let plots = if here { vec![seen.clone()] } else { vec![] };
            let time = second(k) + Span::from_millis(250 * i64::from(sector));
            let look = Scan { coverage, ..scan(radar.sensor, time, &plots) };
            tracker.handle_scan(&look, &radar.model).expect("in order");
            assert!(confirmed(&tracker).iter().all(|track| track.status == TrackStatus::Confirmed), "look {k}");
        }
    }
    assert_eq!((confirmed(&tracker).len(), tracker.tally().tracks_founded), (1, 1));
}

#[test]
fn a_radar_without_elevation_invents_no_height() {
    let prior = HeightPrior { height_m: 0.0, sigma_m: 1_500.0 };
    let mut tracker = tracker(TrackerConfig { height_prior: prior, ..config() });
    let target = (Vector3::new(-4_000.0, 2_500.0, 0.0), Vector3::new(40.0, 0.0, 0.0));
    fly(&mut tracker, &radar(1.0, 10_000.0), &[target], 200, &mut Chance::new(10), |k, tracker, places| {
        if k > 10 {
            let state = nearest(tracker, &places[0]).state;
            assert!(horizontal_distance(state.position().vector(), &places[0]) < 50.0, "look {k}");
            assert!(state.mean[2].abs() < 50.0, "look {k}: {} m up", state.mean[2]);
            assert!(state.covariance.sigma(2) < 1.02 * prior.sigma_m, "look {k}");
        }
    });
}

#[test]
fn two_targets_side_by_side_stay_two_tracks() {
    for seed in 0..10 {
        let mut tracker = tracker(config());
        let velocity = Vector3::new(0.0, 40.0, 0.0);
        // So close that their tracks are statistically in one place.
        let targets =
            [(Vector3::new(2_000.0, 1_000.0, 0.0), velocity), (Vector3::new(2_025.0, 1_000.0, 0.0), velocity)];
        fly(&mut tracker, &radar(1.0, 10_000.0), &targets, 80, &mut Chance::new(seed), |_, _, _| {});
        assert_eq!(confirmed(&tracker).len(), 2, "seed {seed}");
    }
}

#[test]
fn a_bearing_sharpens_a_track_and_shows_no_range_of_its_own() {
    let mut tracker = tracker(config());
    let (radar, mut chance) = (radar(0.01, 20_000.0), Chance::new(8));
    let place = Vector3::new(100.0, 12_000.0, 0.0);
    let finder = Vector3::new(4_000.0, 11_900.0, 0.0);
    let pose = Pose { origin: Position::from_vector(finder), ..Pose::AT_ORIGIN };
    let lines = [bearing(&place, &finder, 0.002), bearing(&(place + Vector3::new(0.0, 4_000.0, 0.0)), &finder, 0.002)];
    for k in 0..6 {
        let seen = [radar.see(&place, &mut chance)];
        tracker.handle_scan(&scan(radar.sensor, second(k), &seen), &radar.model).expect("in order");
    }
    let before = confirmed(&tracker)[0].state.covariance.sigma(1);
    let df = Scan { pose, coverage: Coverage::Reports, ..scan(SensorId(9), second(6), &lines) };
    tracker.handle_scan(&df, &sensor_model(1.0, 50_000.0)).expect("in order");
    assert_eq!((confirmed(&tracker).len(), tracker.tally().families_founded), (1, 1));
    let track = confirmed(&tracker)[0];
    assert!(track.state.covariance.sigma(1) < 1.05 * before && track.contributors.as_slice().len() == 2);
}

/// Direction finders take one bearing each second of emitters that stand still; what is confirmed after each second.
fn listen(finders: &[Vector3<f64>], emitters: &[Vector3<f64>], seconds: u32, mut after: impl FnMut(u32, &[&Track])) {
    let (mut tracker, mut chance, sigma) = (tracker(config()), Chance::new(3), 0.01);
    for k in 0..seconds {
        for (number, finder) in (0..).zip(finders) {
            let lines: Vec<Measurement> = emitters
                .iter()
                .map(|emitter| {
                    let across = Vector3::new(finder.y - emitter.y, emitter.x - finder.x, 0.0);
                    bearing(&(emitter + across * (sigma * chance.normal())), finder, sigma)
                })
                .collect();
            let pose = Pose { origin: Position::from_vector(*finder), ..Pose::AT_ORIGIN };
            let look = Scan { pose, coverage: Coverage::Reports, ..scan(SensorId(number), second(k), &lines) };
            tracker.handle_scan(&look, &sensor_model(0.1, 50_000.0)).expect("in order");
        }
        after(k, &confirmed(&tracker));
    }
}

#[test]
fn one_finder_that_stands_still_never_claims_a_range() {
    listen(&[Vector3::zeros()], &[Vector3::new(6_000.0, 9_000.0, 0.0)], 120, |k, tracks| {
        assert!(tracks.is_empty(), "second {k}: {:?}", tracks[0].state);
    });
}

#[test]
fn two_finders_locate_an_emitter_that_neither_can() {
    let emitter = Vector3::new(6_000.0, 9_000.0, 0.0);
    let finders = [Vector3::zeros(), Vector3::new(12_000.0, 0.0, 0.0)];
    let mut found = None;
    listen(&finders, &[emitter], 60, |k, tracks| {
        for track in tracks {
            let error = horizontal_distance(track.state.position().vector(), &emitter);
            let sigma = track.state.horizontal_sigma_m();
            assert!(error < 5.0 * sigma, "second {k}: {error} m off, and claims {sigma} m");
        }
        found = found.or((!tracks.is_empty()).then_some(k));
        if k > 30 {
            assert_eq!(tracks.len(), 1, "second {k}");
        }
    });
    assert!(found.is_some_and(|k| k < 30), "{found:?}");
}

#[test]
fn a_bearing_is_not_believed_of_a_track_beyond_the_sensors_reach() {
    let mut tracker = tracker(config());
    let (radar, mut chance) = (radar(0.01, 60_000.0), Chance::new(8));
    let place = Vector3::new(100.0, 40_000.0, 0.0);
    for k in 0..6 {
        let seen = [radar.see(&place, &mut chance)];
        tracker.handle_scan(&scan(radar.sensor, second(k), &seen), &radar.model).expect("in order");
    }
    let before = confirmed(&tracker)[0].updates;
    let line = [bearing(&place, &Vector3::zeros(), 0.02)];
    let df = |k| Scan { coverage: Coverage::Reports, ..scan(SensorId(9), second(k), &line) };
    tracker.handle_scan(&df(6), &sensor_model(1.0, 15_000.0)).expect("in order");
    assert_eq!(confirmed(&tracker)[0].updates, before, "it hears for 15 km");
    tracker.handle_scan(&df(7), &sensor_model(1.0, 60_000.0)).expect("in order");
    assert_eq!(confirmed(&tracker)[0].updates, before + 1, "it hears for 60 km");
}

#[test]
fn one_scan_may_mix_kinds() {
    // Three targets, each seen by another kind in the same look.
    let places =
        [Vector3::new(2_000.0, 0.0, 300.0), Vector3::new(0.0, 2_500.0, 0.0), Vector3::new(-3_000.0, 500.0, 800.0)];
    let mut tracker = tracker(config());
    let noise3 = Covariance::from_sigmas(&Vector3::new(10.0, 0.003, 0.003)).expect("positive");
    let noise2 = Covariance::from_sigmas(&Vector2::new(10.0, 0.003)).expect("positive");
    for k in 0..8 {
        let [a, b, c] = places;
        let polar = |p: &Vector3<f64>| Vector3::new(p.norm(), atan2(p.x, p.y), atan2(p.z, p.xy().norm()));
        let z = polar(&b);
        let seen = [
            Observation::RangeBearingElevation(Reading { z: polar(&a), noise: noise3 }),
            Observation::RangeBearing(Reading { z: Vector2::new(z.x, z.y), noise: noise2 }),
            fix(Position::from_vector(c), 10.0).observation,
        ]
        .map(|observation| Measurement { observation, identity: Identity::UNKNOWN });
        tracker.handle_scan(&scan(SensorId(0), second(k), &seen), &sensor_model(0.1, 20_000.0)).expect("in order");
    }
    assert_eq!(confirmed(&tracker).len(), 3);
    for place in places {
        assert!((nearest(&tracker, &place).state.position().vector() - place).norm() < 20.0);
    }
}

#[test]
fn two_tracks_on_one_target_become_the_older_one() {
    let mut tracker = tracker(config());
    let radar = radar(0.01, 10_000.0);
    let at = |k: u32, aside: f64| Vector3::new(2_000.0 + 30.0 * f64::from(k), 3_000.0 + aside, 0.0);
    let mut elder = None;
    for k in 0..30 {
        // For a while a split echo gives two plots; then the target shows as the one that it is.
        let aside: &[f64] = if k < 8 { &[-25.0, 25.0] } else { &[0.0] };
        let mut quiet = Chance::new(u64::from(k));
        let seen: Vec<Measurement> = aside.iter().map(|&aside| radar.see(&at(k, aside), &mut quiet)).collect();
        tracker.handle_scan(&scan(radar.sensor, second(k), &seen), &radar.model).expect("in order");
        if k == 7 {
            assert_eq!(confirmed(&tracker).len(), 2);
            elder = tracker.tracks().map(|track| track.id.number).min();
        }
    }
    assert_eq!(tracker.tracks().count(), 1);
    assert_eq!((tracker.tracks().next().map(|track| track.id.number), tracker.tally().deleted_merged), (elder, 1));
}

#[test]
fn a_track_carries_the_join_of_the_labels_that_made_it() {
    let label = |level, code| {
        let mut originators = Codes::EMPTY;
        assert!(originators.insert(Code::new(code).expect("a code")));
        Label { level, releasable_to: originators, caveats: Codes::EMPTY, originators }
    };
    let (low, high) = (label(Level::Unclassified, "POL"), label(Level::Secret, "GBR"));
    let mut tracker = tracker(config());
    let model = fusion_core::sensor::SensorModel { label: low, ..sensor_model(0.1, 20_000.0) };
    let seen = [fix(Position::new(1_000.0, 1_000.0, 100.0), 10.0)];
    for (k, label) in [low, low, high, low].into_iter().enumerate() {
        let time = second(u32::try_from(k).expect("small"));
        tracker.handle_scan(&Scan { label, ..scan(SensorId(0), time, &seen) }, &model).expect("in order");
        let track = tracker.tracks().next().expect("one track");
        assert_eq!(track.label, if k < 2 { low } else { low.join(high) });
    }
}

#[test]
fn a_scan_from_the_past_is_refused_and_counted() {
    let mut tracker = tracker(config());
    let model = sensor_model(1.0, 10_000.0);
    tracker.handle_scan(&scan(SensorId(0), second(5), &[]), &model).expect("the first");
    let error = tracker.handle_scan(&scan(SensorId(0), second(4), &[]), &model);
    assert_eq!(error, Err(ScanError::OutOfOrder { reached: second(5) }));
    let useless = fusion_core::sensor::SensorModel { detection: 1.0, ..model };
    assert_eq!(tracker.handle_scan(&scan(SensorId(0), second(6), &[]), &useless), Err(ScanError::SensorModel));
    let tally = tracker.tally();
    assert_eq!((tally.scans, tally.scans_out_of_order, tally.scans_without_sensor_model), (1, 1, 1));
}

#[test]
fn a_full_table_refuses_new_tracks_and_says_so() {
    let mut tracker = Tracker::new(ORIGIN, config(), memory(4, 8));
    let seen: Vec<Measurement> = (0..10).map(|k| fix(Position::new(1_000.0 * f64::from(k), 0.0, 0.0), 10.0)).collect();
    tracker.handle_scan(&scan(SensorId(0), second(0), &seen), &sensor_model(1.0, 20_000.0)).expect("in order");
    let tally = tracker.tally();
    assert_eq!((tally.tracks_founded, tally.tracks_table_full, tally.measurements_over_limit), (4, 4, 2));
}

#[test]
fn two_scans_in_one_millisecond_number_their_tracks_apart() {
    let mut tracker = tracker(config());
    for (k, nanos) in (0..).zip([0, 400_000, 800_000]) {
        let seen = [fix(Position::new(5_000.0 * f64::from(k), 0.0, 0.0), 10.0)];
        let time = second(0) + Span::from_nanos(nanos);
        tracker.handle_scan(&reports(time, &seen), &sensor_model(1.0, 20_000.0)).expect("in order");
    }
    let numbers: Vec<u64> = tracker.tracks().map(|track| track.id.number.0).collect();
    assert_eq!(numbers, [numbers[0], numbers[0] + 1, numbers[0] + 2]);
    assert_eq!(tracker.tally().numbers_bumped, 2);
}

/// Any number at all, the awkward ones often.
fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -20_000.0..20_000.0_f64,
        2 => -4.0..4.0_f64,
        1 => any::<f64>(),
        1 => proptest::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, 1e308, 5e-324]),
    ]
}

fn any_reading<const M: usize>() -> impl Strategy<Value = Reading<M>> {
    let sigma = prop_oneof![8 => 0.001..1_000.0_f64, 1 => Just(1e-140), 1 => Just(1e140)];
    (proptest::collection::vec(any_number(), M), proptest::collection::vec(sigma, M)).prop_map(|(z, sigmas)| Reading {
        z: SVector::from_column_slice(&z),
        noise: Covariance::from_sigmas(&SVector::from_column_slice(&sigmas)).expect("squares are finite and positive"),
    })
}

fn any_measurement() -> impl Strategy<Value = Measurement> {
    let observation = prop_oneof![
        any_reading().prop_map(Observation::Position),
        any_reading().prop_map(Observation::HorizontalPosition),
        any_reading().prop_map(Observation::PositionVelocity),
        any_reading().prop_map(Observation::RangeBearing),
        any_reading().prop_map(Observation::RangeBearingRate),
        any_reading().prop_map(Observation::RangeBearingElevation),
        any_reading().prop_map(Observation::RangeBearingElevationRate),
        any_reading().prop_map(Observation::Bearing),
        any_reading().prop_map(Observation::BearingElevation),
    ];
    (observation, proptest::option::of(0_u32..3)).prop_map(|(observation, address)| {
        let measurement = Measurement { observation, identity: Identity::UNKNOWN };
        address.map_or(measurement.clone(), |address| addressed(measurement, address))
    })
}

fn any_scans() -> impl Strategy<Value = Vec<(i64, Vec<Measurement>, u8)>> {
    let measurements = proptest::collection::vec(any_measurement(), 0..12);
    proptest::collection::vec((any::<i64>(), measurements, 0_u8..3), 1..12)
}

proptest! {
    #[test]
    fn no_measurement_can_cause_a_panic(scans in any_scans()) {
        let mut tracker = tracker(config());
        let mut time = second(0);
        for (step, measurements, coverage) in scans {
            // Mostly seconds, sometimes centuries.
            let nanos = if step % 5 == 0 { step.saturating_abs() } else { step.rem_euclid(3_000_000_000) };
            time = time + Span::from_nanos(nanos);
            let coverage = match coverage {
                0 => Coverage::Full,
                1 => Coverage::Reports,
                _ => Coverage::Sector { from: Angle::from_degrees(10.0), width_rad: 2.0 },
            };
            let scan = Scan { coverage, ..scan(SensorId(1), time, &measurements) };
            let _ = tracker.handle_scan(&scan, &sensor_model(5.0, 30_000.0));
            for track in tracker.tracks() {
                prop_assert!(track.state.mean.iter().all(|v| v.is_finite()));
                prop_assert!((0.0..1.0).contains(&track.existence.probability()));
            }
        }
    }
}

#[test]
fn a_radar_worse_than_it_claims_is_found_out_and_believed_less() {
    // It claims 10 m and 0.2°, and errs twice as much.
    let claimed = radar(1.0, 20_000.0);
    let true_radar = Radar { sigma_range_m: 20.0, sigma_azimuth: 0.4_f64.to_radians(), ..radar(1.0, 20_000.0) };
    let mut model = claimed.model;
    model.noise_limits = NoiseLimits { min: 1.0, max: 9.0 };
    let (mut tracker, mut chance) = (tracker(config()), Chance::new(11));
    let targets = common::fleet(12, 12_000.0, &mut chance);
    for k in 0..150 {
        let places: Vec<Vector3<f64>> =
            targets.iter().map(|(place, velocity)| place + velocity * f64::from(k % 100)).collect();
        let seen: Vec<Measurement> = places
            .iter()
            .map(|place| {
                let mut seen = true_radar.see(place, &mut chance);
                if let Observation::RangeBearing(reading) = &mut seen.observation {
                    let sigmas = [claimed.sigma_range_m, claimed.sigma_azimuth];
                    reading.noise = Covariance::from_sigmas(&sigmas.into()).expect("positive");
                }
                seen
            })
            .collect();
        tracker.handle_scan(&scan(claimed.sensor, second(k), &seen), &model).expect("in order");
    }
    let noise = tracker.sensor_noise(claimed.sensor).expect("one of the first sensors");
    assert!((2.5..6.0).contains(&noise.scale()), "variances times {}", noise.scale());
}
