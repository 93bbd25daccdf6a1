//! What the trail promises: every refusal told, with its numbers; nothing changed by telling.

mod common;

use std::collections::BTreeMap;

use common::{Chance, Memory, ORIGIN, Radar, fleet, memory, memory_with_trail, past, radar, scan};
use fusion_core::filter::monitor::TrackMonitor;
use fusion_core::identity::{Address, Identity};
use fusion_core::measurement::{Measurement, Observation, SensorId};
use fusion_core::model::motion::MotionSet;
use fusion_core::nalgebra::{Vector2, Vector3};
use fusion_core::sequencer::Sequencer;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{Track, TrackStatus};
use fusion_core::tracker::{ScanError, Tracker, TrackerConfig};
use fusion_core::trail::{Apart, Decision, Ending, Entry, NotFounded, Refusal};

const ENTRIES: usize = 1 << 17;

fn second(k: i64) -> Timestamp {
    Timestamp::from_secs(1_700_000_000 + k)
}

fn listening() -> Tracker<Memory> {
    Tracker::new(ORIGIN, TrackerConfig::default(), memory_with_trail(512, 256, ENTRIES))
}

/// A crowd in clutter, some of it with addresses, some of these contradictory, and some numbers that are none.
fn hard_looks(radar: &Radar, looks: i32) -> Vec<Vec<Measurement>> {
    let mut chance = Chance::new(5);
    let targets = fleet(40, 6_000.0, &mut chance);
    let look = |k: i32, chance: &mut Chance| {
        let places: Vec<Vector3<f64>> = targets.iter().map(|(place, v)| place + v * f64::from(k)).collect();
        let mut seen = radar.look(&places, chance);
        for (bits, measurement) in (1..).zip(seen.iter_mut().step_by(3)) {
            measurement.identity.address = Some(Address::Icao(bits % 7));
        }
        if let Observation::RangeBearing(reading) = &mut seen[1].observation {
            reading.z = Vector2::new(if k % 2 == 0 { f64::NAN } else { -1.0 }, 0.0);
        }
        seen
    };
    (0..looks).map(|k| look(k, &mut chance)).collect()
}

fn told(tracker: &Tracker<Memory>) -> Vec<Entry> {
    assert!(tracker.trail().noted() < u64::try_from(ENTRIES).expect("fits"), "the ring is long enough for the test");
    tracker.trail().entries().copied().collect()
}

/// How much an entry counts for in its counter.
fn counted(entry: &Entry) -> u64 {
    use Decision::{ClustersApproximate, ClustersCut, CommonErrorsForgotten, OverLimit, PairsDropped, RowsAlone};
    let decision = entry.decision;
    let (CommonErrorsForgotten(n)
    | PairsDropped(n)
    | OverLimit(n)
    | ClustersCut(n)
    | ClustersApproximate(n)
    | RowsAlone(n)) = decision
    else {
        return 1;
    };
    n.into()
}

#[test]
fn the_trail_tells_as_many_cases_as_the_tally_counts() {
    let radar = radar(60.0, 8_000.0);
    let mut tracker = listening();
    for (k, seen) in (0..).zip(&hard_looks(&radar, 60)) {
        tracker.handle_scan(&scan(radar.sensor, second(k), seen), &radar.model).expect("in order");
    }
    tracker.handle_timeout(second(90));
    let mut told_by: BTreeMap<&str, u64> = BTreeMap::new();
    for entry in told(&tracker) {
        if let Some(counter) = entry.decision.counter() {
            *told_by.entry(counter).or_default() += counted(&entry);
        }
    }
    let done = ["scans", "measurements", "addresses_matched", "numbers_bumped", "clusters"];
    tracker.tally().each(&mut |name, count| {
        if !done.contains(&name) {
            assert_eq!(told_by.get(name).copied().unwrap_or(0), count, "{name}");
        }
    });
    for needed in
        ["edges_contradicted", "measurements_implausible", "deleted_missed", "deleted_silent", "tracks_confirmed"]
    {
        assert!(told_by.contains_key(needed), "the test should meet {needed}");
    }
}

#[test]
fn telling_changes_nothing() {
    let radar = radar(60.0, 8_000.0);
    let mut silent = Tracker::new(ORIGIN, TrackerConfig::default(), memory(512, 256));
    let mut telling = listening();
    for (k, seen) in (0..).zip(&hard_looks(&radar, 40)) {
        let scan = scan(radar.sensor, second(k), seen);
        assert_eq!(silent.handle_scan(&scan, &radar.model), telling.handle_scan(&scan, &radar.model));
    }
    assert!(silent.tracks().eq(telling.tracks()));
    assert_eq!((silent.tally(), silent.trail().noted()), (telling.tally(), 0));
}

/// A track of one target that stands 3 km north, seen for so many seconds.
fn settled(tracker: &mut Tracker<Memory>, radar: &Radar, looks: i64) -> Track {
    for k in 0..looks {
        let seen = [radar.measurement(3_000.0, 0.0)];
        tracker.handle_scan(&scan(radar.sensor, second(k), &seen), &radar.model).expect("in order");
    }
    tracker.tracks().next().expect("a track").clone()
}

#[test]
fn a_refused_plot_is_explained_with_its_distance_and_its_gate() {
    let (radar, mut tracker) = (radar(0.1, 10_000.0), listening());
    let track = settled(&mut tracker, &radar, 30);
    let before = tracker.trail().noted();
    let seen = [radar.measurement(3_400.0, 0.0)];
    tracker.handle_scan(&scan(radar.sensor, second(30), &seen), &radar.model).expect("in order");
    let entries: Vec<Entry> = tracker.trail().since(before).copied().collect();
    let apart = entries.iter().filter(|entry| entry.track == Some(track.id.number)).find_map(|entry| {
        if let Decision::OutsideGate(apart) = entry.decision { Some((entry.ordinal, apart)) } else { None }
    });
    let (ordinal, Apart { distance_squared, gate }) = apart.expect("a refusal");
    assert_eq!(ordinal, Some(0));
    // The prediction is good to some 15 m in range, so 400 m are far outside.
    assert!((15.2 - gate).abs() < 0.1 && (15.0..60.0).contains(&distance_squared.sqrt()), "{distance_squared} {gate}");
    assert!(entries.iter().any(|entry| matches!(entry.decision, Decision::Missed(_)) && entry.ordinal == Some(0)));
    assert!(entries.iter().any(|entry| matches!(entry.decision, Decision::Founded { .. })));
}

#[test]
fn a_track_is_followed_from_its_founding_to_its_end() {
    let (radar, mut tracker) = (radar(0.1, 10_000.0), listening());
    let number = settled(&mut tracker, &radar, 10).id.number;
    for k in 10..20 {
        tracker.handle_scan(&scan(radar.sensor, second(k), &[]), &radar.model).expect("in order");
    }
    let entries = told(&tracker);
    let of: Vec<Decision> = entries.iter().filter(|e| e.track == Some(number)).map(|e| e.decision).collect();
    let place = |wanted: fn(&Decision) -> bool| of.iter().position(wanted).expect("told");
    let founded = place(|d| matches!(d, Decision::Founded { .. }));
    let taken = place(|d| matches!(d, Decision::Weighed { .. }));
    let confirmed = place(|d| matches!(d, Decision::Confirmed { .. }));
    let missed = place(|d| matches!(d, Decision::Missed(apart) if !apart.distance_squared.is_finite()));
    let deleted = place(|d| matches!(d, Decision::Deleted { ending: Ending::Unlikely, .. }));
    assert!([founded, taken, confirmed, missed, deleted].is_sorted());
    assert_eq!(deleted, of.len() - 1);
}

fn with_address(measurement: Measurement, bits: u32) -> Measurement {
    let address = Some(Address::Icao(bits));
    Measurement { identity: Identity { address, ..Identity::UNKNOWN }, ..measurement }
}

#[test]
fn a_contradicting_address_and_one_too_far_away_are_told() {
    let (radar, mut tracker) = (radar(0.1, 10_000.0), listening());
    for k in 0..20 {
        let seen = [with_address(radar.measurement(3_000.0, 0.0), 1)];
        tracker.handle_scan(&scan(radar.sensor, second(k), &seen), &radar.model).expect("in order");
    }
    let before = tracker.trail().noted();
    let near = with_address(radar.measurement(3_005.0, 0.0), 2);
    let far = with_address(radar.measurement(8_000.0, 0.0), 1);
    tracker.handle_scan(&scan(radar.sensor, second(20), &[near, far]), &radar.model).expect("in order");
    let decision = |ordinal| {
        let mut entries = tracker.trail().since(before).filter(move |entry| entry.ordinal == Some(ordinal));
        entries.next().map(|entry| entry.decision)
    };
    assert!(matches!(decision(0), Some(Decision::Contradicted(apart)) if apart.distance_squared < apart.gate));
    assert!(matches!(decision(1), Some(Decision::AddressImplausible(apart)) if apart.distance_squared > apart.gate));
}

#[test]
fn a_monitor_tells_of_a_sensor_that_claims_too_much() {
    let radar = radar(0.1, 10_000.0);
    let monitored = |exaggeration: f64| {
        let (mut tracker, mut chance) = (listening(), Chance::new(3));
        for k in 0..200 {
            let range = 3_000.0 + exaggeration * radar.sigma_range_m * chance.normal();
            let azimuth = exaggeration * radar.sigma_azimuth * chance.normal();
            let seen = [radar.measurement(range, azimuth)];
            tracker.handle_scan(&scan(radar.sensor, second(k), &seen), &radar.model).expect("in order");
        }
        let track = tracker.tracks().find(|track| track.status == TrackStatus::Confirmed).expect("a track").clone();
        let mut told = TrackMonitor::NEW;
        let of_track = tracker.trail().entries().filter(|entry| entry.track == Some(track.id.number));
        for (nis, dimension, beta) in of_track.filter_map(Entry::innovation) {
            told.handle(nis, dimension, beta);
        }
        assert!((told.ratio() - track.monitor.ratio()).abs() < 1e-4, "the trail tells what the monitor was told");
        track.monitor.ratio()
    };
    let (honest, boastful) = (monitored(1.0), monitored(2.2));
    assert!(honest < 1.3 && boastful > 2.0 * honest, "{honest} {boastful}");
}

#[test]
fn after_a_replay_the_trail_that_holds_is_that_of_scans_in_order() {
    let radar = radar(20.0, 8_000.0);
    let looks = hard_looks(&radar, 24);
    let run = |order: &[i64]| {
        let mut sequencer = Sequencer::new(listening(), Span::from_secs(5), past(512, 64, 4_096, 4));
        for &k in order {
            let seen = &looks[usize::try_from(k).expect("not negative")];
            sequencer.handle_scan(&scan(radar.sensor, second(k), seen), &radar.model).expect("within the horizon");
        }
        let mut held: Vec<Entry> = Vec::new();
        for entry in told(sequencer.tracker()) {
            held.retain(|earlier| !earlier.is_superseded_by(&entry));
            held.extend(Some(entry).filter(|entry| entry.decision != Decision::Rewound));
        }
        (held, told(sequencer.tracker()))
    };
    let late = [0, 1, 3, 2, 4, 5, 8, 7, 6, 9, 10, 13, 11, 12, 14, 15, 16, 19, 17, 18, 20, 21, 22, 23];
    let ((in_order, _), (held, all)) = (run(&(0..24).collect::<Vec<_>>()), run(&late));
    let plain = |entry: &Entry| Entry { replayed: false, ..*entry };
    assert!(in_order.iter().map(plain).eq(held.iter().map(plain)));
    assert!(in_order.iter().all(|entry| !entry.replayed) && held.iter().any(|entry| entry.replayed));
    assert!(all.len() > held.len());
}

#[test]
fn refused_scans_are_told() {
    let radar = radar(1.0, 8_000.0);
    let mut sequencer = Sequencer::new(listening(), Span::from_secs(2), past(512, 64, 4_096, 4));
    for k in [0, 10, 20] {
        sequencer.handle_scan(&scan(radar.sensor, second(k), &[]), &radar.model).expect("in order");
    }
    assert_eq!(sequencer.handle_scan(&scan(radar.sensor, second(20), &[]), &radar.model), Err(ScanError::Repeated));
    let late = sequencer.handle_scan(&scan(SensorId(1), second(3), &[]), &radar.model);
    assert!(matches!(late, Err(ScanError::TooLate { .. })));
    let refusals: Vec<_> = sequencer.tracker().trail().entries().map(|entry| (entry.sensor, entry.decision)).collect();
    assert!(refusals.contains(&(Some(radar.sensor), Decision::ScanRefused(Refusal::Repeated))));
    assert!(refusals.contains(&(Some(SensorId(1)), Decision::ScanRefused(Refusal::TooLate))));
}

#[test]
fn what_found_no_room_is_told() {
    let radar = radar(1.0, 8_000.0);
    let mut tracker = Tracker::new(ORIGIN, TrackerConfig::default(), memory_with_trail(2, 3, 100));
    let seen: Vec<_> = (1..=4).map(|k| radar.measurement(1_000.0 * f64::from(k), 0.0)).collect();
    tracker.handle_scan(&scan(radar.sensor, second(0), &seen), &radar.model).expect("in order");
    let decisions: Vec<_> = tracker.trail().entries().map(|entry| entry.decision).collect();
    assert!(decisions.contains(&Decision::OverLimit(1)));
    assert_eq!(decisions.iter().filter(|d| **d == Decision::NotFounded(NotFounded::TableFull)).count(), 1);
}

#[test]
fn what_is_told_of_a_pair_is_how_the_gate_saw_it() {
    let config = TrackerConfig { motions: Some(MotionSet::drones()), use_identity: false, ..TrackerConfig::default() };
    let mut tracker = Tracker::new(ORIGIN, config, memory_with_trail(512, 256, ENTRIES));
    let (radar, mut chance) = (radar(20.0, 8_000.0), Chance::new(11));
    // One way, then sharply another: a gate about the mean of the motions would not tell why the pair was one.
    for k in 0..60 {
        let t = f64::from(k);
        let place = Vector3::new(2_000.0 + 40.0 * t.min(30.0), 1_000.0 + 40.0 * (t - 30.0).max(0.0), 0.0);
        let seen = radar.look(&[place], &mut chance);
        tracker.handle_scan(&scan(radar.sensor, second(i64::from(k)), &seen), &radar.model).expect("in order");
    }
    let distance = |entry: Entry| {
        let Decision::Weighed { distance_squared, gate, .. } = entry.decision else { return None };
        Some((distance_squared, gate))
    };
    let pairs: Vec<(f32, f32)> = told(&tracker).into_iter().filter_map(distance).collect();
    assert!(pairs.len() > 100 && pairs.iter().all(|(distance, gate)| distance <= gate), "{pairs:?}");
}
