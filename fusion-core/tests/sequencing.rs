//! Late scans give the same bits: what the sequencer promises.

mod common;

use common::{Chance, Memory, ORIGIN, PastMemory, Radar, memory, past, radar, scan};
use fusion_core::measurement::{Coverage, Measurement, Scan, SensorId};
use fusion_core::nalgebra::Vector3;
use fusion_core::sequencer::{Key, Sequencer};
use fusion_core::time::{Span, Timestamp};
use fusion_core::tracker::{ScanError, Tracker, TrackerConfig};
use proptest::prelude::*;

const TRACKS: usize = 128;

/// A look of one of two radars, held for as long as the test shuffles it.
#[derive(Clone)]
struct Held {
    radar: Radar,
    time: Timestamp,
    sequence: u64,
    coverage: Coverage,
    seen: Vec<Measurement>,
}

impl Held {
    fn scan(&self) -> Scan<'_> {
        let plain = scan(self.radar.sensor, self.time, &self.seen);
        Scan { sequence: self.sequence, coverage: self.coverage, ..plain }
    }
}

/// Two radars, one a second and one every 0.7 s, that look at the same eight targets in clutter; and a source that
/// reports one of them now and then.
fn recording(seconds: i64, seed: u64) -> Vec<Held> {
    let mut chance = Chance::new(seed);
    let targets = common::fleet(8, 6_000.0, &mut chance);
    let begin = Timestamp::from_secs(1_700_000_000);
    let mut looks = Vec::new();
    for (sensor, period, coverage) in
        [(0, 1_000, Coverage::Full), (1, 700, Coverage::Full), (2, 1_300, Coverage::Reports)]
    {
        let radar = Radar { sensor: SensorId(sensor), ..radar(8.0, 6_000.0) };
        for k in 0..seconds * 1_000 / period {
            let time = begin + Span::from_millis(k * period);
            let after = (time - begin).as_secs_f64();
            let places: Vec<Vector3<f64>> = targets.iter().map(|(place, v)| place + v * after).collect();
            let mut seen = radar.look(&places, &mut chance);
            if coverage == Coverage::Reports {
                seen.truncate(1);
            }
            looks.push(Held { radar, time, sequence: u64::try_from(k).expect("counts up"), coverage, seen });
        }
    }
    looks.sort_by_key(|look| Key::of(&look.scan()));
    looks
}

fn in_order(looks: &[Held]) -> Tracker<Memory> {
    let mut tracker = Tracker::new(ORIGIN, TrackerConfig::default(), memory(TRACKS, 64));
    for look in looks {
        tracker.handle_scan(&look.scan(), &look.radar.model).expect("in order");
    }
    tracker
}

fn sequencer(horizon: Span, scans: usize, copies: usize) -> Sequencer<Memory, PastMemory> {
    let tracker = Tracker::new(ORIGIN, TrackerConfig::default(), memory(TRACKS, 64));
    Sequencer::new(tracker, horizon, past(TRACKS, scans, 2_048, copies))
}

/// The looks as they arrive when each is delayed by chance, up to `delay_max`.
fn delayed(looks: &[Held], delay_max: Span, seed: u64) -> Vec<Held> {
    let mut chance = Chance::new(seed);
    let mut arrivals: Vec<(Timestamp, Held)> = looks
        .iter()
        .map(|look| {
            let delay = Span::from_secs_f64(delay_max.as_secs_f64() * chance.uniform());
            (look.time + delay, look.clone())
        })
        .collect();
    arrivals.sort_by_key(|(arrival, look)| (*arrival, Key::of(&look.scan())));
    arrivals.into_iter().map(|(_, look)| look).collect()
}

/// Every bit of the tracks, in the order of their slots. `Debug` tells numbers apart down to the last bit.
fn bits<'a>(tracks: impl Iterator<Item = &'a fusion_core::track::Track>) -> Vec<String> {
    tracks.map(|track| format!("{track:?}")).collect()
}

#[test]
fn delays_within_the_horizon_change_not_one_bit() {
    let looks = recording(40, 1);
    let reference = in_order(&looks);
    for (seed, copies) in (0..12).zip([2, 3, 4, 8].into_iter().cycle()) {
        let mut sequencer = sequencer(Span::from_secs(3), 128, copies);
        for look in delayed(&looks, Span::from_secs(3), seed) {
            sequencer.handle_scan(&look.scan(), &look.radar.model).expect("within the horizon");
        }
        assert_eq!(bits(sequencer.tracks()), bits(reference.tracks()), "seed {seed}");
        assert_eq!(sequencer.tracker_tally(), reference.tally(), "seed {seed}");
        assert!(sequencer.tally().scans_late > 30 && sequencer.tally().scans_replayed > 100);
    }
}

#[test]
fn time_told_between_scans_changes_not_one_bit() {
    let looks = recording(40, 2);
    let reference = in_order(&looks);
    let mut sequencer = sequencer(Span::from_secs(3), 128, 4);
    for look in delayed(&looks, Span::from_secs(2), 5) {
        sequencer.handle_scan(&look.scan(), &look.radar.model).expect("within the horizon");
        // As a node does: the wall clock runs ahead of the times of validity.
        sequencer.handle_timeout(look.time + Span::from_millis(1_500));
    }
    let last = looks.last().map(|look| look.time).expect("not empty");
    let mut reference = reference;
    reference.handle_timeout(last + Span::from_millis(1_500));
    assert_eq!(bits(sequencer.tracks()), bits(reference.tracks()));
}

#[test]
fn a_track_dropped_by_time_told_lives_on_if_an_earlier_scan_had_seen_it() {
    let seen = [common::fix(fusion_core::frame::Position::new(1_000.0, 0.0, 0.0), 20.0)];
    let begin = Timestamp::from_secs(1_700_000_000);
    let look = |millis: i64| Scan {
        coverage: Coverage::Reports,
        ..scan(SensorId(0), begin + Span::from_millis(millis), &seen)
    };
    let model = common::sensor_model(0.01, 20_000.0);
    let config = TrackerConfig { report_silence_limit: Span::from_secs(5), ..TrackerConfig::default() };
    let tracker = Tracker::new(ORIGIN, config, memory(TRACKS, 64));
    let mut sequencer = Sequencer::new(tracker, Span::from_secs(3), past(TRACKS, 64, 2_048, 3));
    for millis in [0, 500, 1_000] {
        sequencer.handle_scan(&look(millis), &model).expect("in order");
    }
    let number = sequencer.tracks().next().map(|track| track.id.number);
    assert!(sequencer.handle_timeout(begin + Span::from_millis(6_500)));
    assert_eq!(sequencer.tracks().count(), 0);
    // It was on its way: of a time at which the track was still alive.
    sequencer.handle_scan(&look(5_900), &model).expect("in order");
    assert_eq!(sequencer.tracks().map(|track| track.id.number).next(), number);
    assert_eq!(sequencer.tracker_tally().tracks_founded, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_permutation_within_the_horizon_ends_in_the_same_bits(
        order in Just((0..30_usize).collect::<Vec<_>>()).prop_shuffle(),
        copies in 2_usize..6,
    ) {
        let looks: Vec<Held> = recording(14, 3).into_iter().take(30).collect();
        let mut sequencer = sequencer(Span::from_secs(60), 64, copies);
        for index in order {
            sequencer.handle_scan(&looks[index].scan(), &looks[index].radar.model).expect("within the horizon");
        }
        let reference = in_order(&looks);
        prop_assert_eq!(bits(sequencer.tracks()), bits(reference.tracks()));
        prop_assert_eq!(sequencer.tracker_tally(), reference.tally());
    }
}

#[test]
fn what_is_older_than_the_horizon_is_refused_and_counted() {
    let looks = recording(10, 4);
    let mut sequencer = sequencer(Span::from_secs(3), 128, 2);
    for look in &looks[1..] {
        sequencer.handle_scan(&look.scan(), &look.radar.model).expect("in order");
    }
    let before = bits(sequencer.tracks());
    let late = sequencer.handle_scan(&looks[0].scan(), &looks[0].radar.model);
    assert!(matches!(late, Err(ScanError::TooLate { .. })), "{late:?}");
    assert_eq!((sequencer.tally().scans_too_late, bits(sequencer.tracks())), (1, before));
}

#[test]
fn a_scan_heard_twice_counts_once() {
    let looks = recording(6, 5);
    let mut sequencer = sequencer(Span::from_secs(3), 128, 2);
    for look in &looks {
        sequencer.handle_scan(&look.scan(), &look.radar.model).expect("in order");
    }
    let again = looks.last().expect("not empty");
    assert_eq!(sequencer.handle_scan(&again.scan(), &again.radar.model), Err(ScanError::Repeated));
    assert_eq!(sequencer.tally().scans_repeated, 1);
    assert_eq!(bits(sequencer.tracks()), bits(in_order(&looks).tracks()));
}

#[test]
fn a_ring_without_room_closes_the_past_early_and_loses_no_scan_in_order() {
    let looks = recording(20, 6);
    let mut sequencer = sequencer(Span::from_secs(3), 5, 3);
    for look in &looks {
        sequencer.handle_scan(&look.scan(), &look.radar.model).expect("in order");
    }
    assert_eq!(bits(sequencer.tracks()), bits(in_order(&looks).tracks()));
    assert!(sequencer.tally().scans_released_early > 0);
    // Two seconds back is within the horizon, but the ring did not reach so far.
    let late = Held { time: looks[looks.len() - 1].time - Span::from_millis(2_001), ..looks[0].clone() };
    assert!(matches!(sequencer.handle_scan(&late.scan(), &late.radar.model), Err(ScanError::TooLate { .. })));
}
