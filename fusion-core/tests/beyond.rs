//! Scans from beyond the sequencer's horizon: taken where they admit no doubt, once, and never to the tracks' harm.

mod common;

use common::{Chance, Memory, ORIGIN, PastMemory, Radar, memory, past, radar, scan};
use fusion_core::filter::consistency::nees;
use fusion_core::filter::predict;
use fusion_core::gaussian::{GaussianState, StateVector, state_vector};
use fusion_core::label::{Label, Level};
use fusion_core::maths::sqrt;
use fusion_core::measurement::{Measurement, Scan, SensorId};
use fusion_core::model::constant_velocity::NearlyConstantVelocity;
use fusion_core::nalgebra::Vector3;
use fusion_core::sequencer::{REACH_DEFAULT, Sequencer};
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::Track;
use fusion_core::tracker::{ScanError, Tracker, TrackerConfig};

const TRACKS: usize = 128;
const SECONDS: i64 = 60;

/// A look on its way.
#[derive(Clone)]
struct Look {
    radar: Radar,
    time: Timestamp,
    arrival: Timestamp,
    seen: Vec<Measurement>,
}

impl Look {
    fn scan(&self) -> Scan<'_> {
        scan(self.radar.sensor, self.time, &self.seen)
    }
}

struct World {
    /// In order of arrival.
    looks: Vec<Look>,
    targets: Vec<(Vector3<f64>, Vector3<f64>)>,
    begin: Timestamp,
}

impl World {
    /// Two radars see eight targets in clutter, once a second each; after ten seconds, in which tracks are founded,
    /// this share of the looks comes late by up to `delay_max_s`.
    fn new(share: f64, delay_max_s: f64, seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let targets = common::fleet(8, 6_000.0, &mut chance);
        let begin = Timestamp::from_secs(1_700_000_000);
        let mut looks = Vec::new();
        for k in 0..2 * SECONDS {
            let radar = Radar { sensor: SensorId(u16::from(k % 2 == 1)), ..radar(5.0, 6_000.0) };
            let time = begin + Span::from_millis(500 * k);
            let places = places(&targets, time - begin);
            let late = k > 20 && chance.uniform() < share;
            let delay = if late { chance.between(0.6, delay_max_s) } else { 0.0 };
            let arrival = time + Span::from_secs_f64(delay);
            looks.push(Look { radar, time, arrival, seen: radar.look(&places, &mut chance) });
        }
        looks.sort_by_key(|look| (look.arrival, look.time));
        Self { looks, targets, begin }
    }

    fn truth(&self, time: Timestamp) -> Vec<StateVector> {
        let places = places(&self.targets, time - self.begin);
        places.iter().zip(&self.targets).map(|(place, (_, velocity))| state_vector(place, velocity)).collect()
    }
}

fn places(targets: &[(Vector3<f64>, Vector3<f64>)], after: Span) -> Vec<Vector3<f64>> {
    targets.iter().map(|(place, velocity)| place + velocity * after.as_secs_f64()).collect()
}

fn config() -> TrackerConfig {
    TrackerConfig { motion: NearlyConstantVelocity { horizontal: 0.1, vertical: 0.1 }, ..TrackerConfig::default() }
}

fn sequencer(horizon_s: i64, reach: Span, copies: usize) -> Sequencer<Memory, PastMemory> {
    let tracker = Tracker::new(ORIGIN, config(), memory(TRACKS, 64));
    Sequencer::new(tracker, Span::from_secs(horizon_s), past(TRACKS, 512, 8_192, copies)).with_reach(reach)
}

/// Errors of the confirmed tracks next to the targets.
#[derive(Default)]
struct Errors {
    square: f64,
    count: f64,
    missing: u32,
    used: u64,
}

impl Errors {
    fn rmse(&self) -> f64 {
        sqrt(self.square / self.count)
    }

    fn note(&mut self, sequencer: &Sequencer<Memory, PastMemory>, truth: &[StateVector], now: Timestamp) {
        for x in truth {
            let gap = |state: &GaussianState| {
                let way = state.mean - x;
                way[0] * way[0] + way[1] * way[1]
            };
            let confirmed = sequencer.tracks().filter(|track| track.is_confirmed());
            let states = confirmed.map(|track| predict(&config().motion, &track.state, now).expect("finite"));
            match states.map(|state| gap(&state)).min_by(f64::total_cmp).filter(|gap| *gap < 1e4) {
                Some(gap) => {
                    self.square += gap;
                    self.count += 1.0;
                }
                None => self.missing += 1,
            }
        }
    }
}

/// Runs worlds through a sequencer and looks at it once a second, as late looks are still on their way.
fn errors(horizon_s: i64, reach: Span) -> Errors {
    let mut errors = Errors::default();
    for seed in 0..20 {
        let world = World::new(0.4, 6.0, seed);
        let mut sequencer = sequencer(horizon_s, reach, 8);
        let mut waiting = world.looks.iter().peekable();
        for second in 1..SECONDS {
            let now = world.begin + Span::from_secs(second);
            while let Some(look) = waiting.next_if(|look| look.arrival <= now) {
                let _ = sequencer.handle_scan(&look.scan(), &look.radar.model);
            }
            if second > 15 {
                errors.note(&sequencer, &world.truth(now), now);
            }
        }
        errors.used += sequencer.tally().measurements_retrodicted;
    }
    errors
}

#[test]
fn what_comes_late_beyond_the_horizon_costs_little_accuracy() {
    let replay = errors(30, Span::ZERO);
    println!("40 % late by up to 6 s: {:31} {:6.2} m, missing {}", "replay", replay.rmse(), replay.missing);
    for (horizon_s, bar) in [(4, 1.01), (2, 1.025), (1, 1.05)] {
        for (name, reach) in [("retrodiction", REACH_DEFAULT), ("refused", Span::ZERO)] {
            let of = errors(horizon_s, reach);
            let ratio = of.rmse() / replay.rmse();
            let Errors { missing, used, .. } = of;
            println!("  horizon {horizon_s} s, {name:12} RMSE to replay {ratio:.4}, missing {missing}, used {used}");
            assert!(reach == Span::ZERO || (ratio < bar && used > 100), "{ratio}");
        }
    }
}

fn only_track(sequencer: &Sequencer<Memory, PastMemory>) -> Track {
    let confirmed: Vec<&Track> = sequencer.tracks().filter(|track| track.is_confirmed()).collect();
    assert_eq!(confirmed.len(), 1);
    confirmed[0].clone()
}

/// One target that flies east at 40 m/s, seen twice a second for thirty seconds, but for the look after 23 seconds,
/// which is handed out.
fn one_target(reach: Span, copies: usize) -> (Sequencer<Memory, PastMemory>, Look) {
    let begin = Timestamp::from_secs(1_700_000_000);
    let radar = radar(0.01, 20_000.0);
    let look = |k: i64| {
        let time = begin + Span::from_millis(500 * k);
        let place = Vector3::new(-500.0 + 40.0 * (time - begin).as_secs_f64(), 5_000.0, 0.0);
        Look { radar, time, arrival: time, seen: vec![radar.see(&place, &mut Chance::new(k.unsigned_abs()))] }
    };
    let mut sequencer = sequencer(3, reach, copies);
    for k in (0..60).filter(|k| *k != 46) {
        sequencer.handle_scan(&look(k).scan(), &radar.model).expect("in order");
    }
    (sequencer, look(46))
}

#[test]
fn a_late_fix_of_one_track_makes_it_surer_and_is_taken_once() {
    let (mut sequencer, late) = one_target(REACH_DEFAULT, 8);
    let before = only_track(&sequencer);
    sequencer.handle_scan(&late.scan(), &late.radar.model).expect("retrodicted");
    let after = only_track(&sequencer);
    assert!(after.state.horizontal_sigma_m() < before.state.horizontal_sigma_m());
    assert_eq!((after.updates, after.last_update, after.id), (before.updates + 1, before.last_update, before.id));
    let time = after.state.time;
    let east = -500.0 + 40.0 * (time - Timestamp::from_secs(1_700_000_000)).as_secs_f64();
    let truth = StateVector::new(east, 5_000.0, after.state.mean[2], 40.0, 0.0, after.state.mean[5]);
    assert!(nees(&after.state, &truth) < 20.0, "{}", nees(&after.state, &truth));
    assert_eq!(sequencer.tally().measurements_retrodicted, 1);
    assert_eq!(sequencer.handle_scan(&late.scan(), &late.radar.model), Err(ScanError::Repeated));
    assert_eq!(only_track(&sequencer), after);
}

#[test]
fn a_scan_that_was_heard_in_time_is_not_taken_again_from_beyond() {
    let (mut sequencer, late) = one_target(REACH_DEFAULT, 8);
    let before = only_track(&sequencer);
    let heard = Look { time: late.time - Span::from_millis(500), ..late };
    assert_eq!(sequencer.handle_scan(&heard.scan(), &heard.radar.model), Err(ScanError::Repeated));
    assert_eq!(only_track(&sequencer), before);
}

#[test]
fn what_was_taken_from_beyond_outlives_a_later_replay() {
    let (mut sequencer, late) = one_target(REACH_DEFAULT, 8);
    sequencer.handle_scan(&late.scan(), &late.radar.model).expect("retrodicted");
    let taken = only_track(&sequencer);
    // An empty look within the horizon, beyond the reach of the radar: it changes nothing but replays everything.
    let radar = Radar { sensor: SensorId(9), ..common::radar(0.01, 1.0) };
    let time = late.time + Span::from_millis(4_700);
    sequencer.handle_scan(&scan(radar.sensor, time, &[]), &radar.model).expect("within the horizon");
    assert!(sequencer.tally().scans_replayed > 0);
    assert_eq!(only_track(&sequencer).state, taken.state);
}

#[test]
fn a_late_fix_that_two_tracks_could_claim_moves_neither() {
    let begin = Timestamp::from_secs(1_700_000_000);
    let radar = radar(0.01, 20_000.0);
    let mut sequencer = sequencer(3, REACH_DEFAULT, 8);
    let place = |k: i64, apart: f64| {
        let east = -500.0 + 20.0 * f64::from(i32::try_from(k).expect("small"));
        Vector3::new(east, 5_000.0 + apart, 0.0)
    };
    for k in (0..60).filter(|k| *k != 46) {
        let time = begin + Span::from_millis(500 * k);
        let mut chance = Chance::new(k.unsigned_abs());
        let seen = [radar.see(&place(k, 0.0), &mut chance), radar.see(&place(k, 45.0), &mut chance)];
        sequencer.handle_scan(&scan(radar.sensor, time, &seen), &radar.model).expect("in order");
    }
    assert_eq!(sequencer.tracks().filter(|track| track.is_confirmed()).count(), 2);
    let before: Vec<Track> = sequencer.tracks().cloned().collect();
    let between = place(46, 22.0);
    let seen = [radar.measurement(between.norm(), fusion_core::maths::atan2(between.x, between.y))];
    let late = sequencer.handle_scan(&scan(radar.sensor, begin + Span::from_secs(23), &seen), &radar.model);
    assert!(matches!(late, Err(ScanError::TooLate { .. })), "{late:?}");
    assert_eq!(sequencer.tally().measurements_too_late, 1);
    assert!(sequencer.tracks().eq(&before));
}

#[test]
fn too_few_copies_or_no_reach_refuse_what_is_too_late() {
    for (reach, copies) in [(REACH_DEFAULT, 3), (Span::ZERO, 8)] {
        let (mut sequencer, late) = one_target(reach, copies);
        let before = only_track(&sequencer);
        let refused = sequencer.handle_scan(&late.scan(), &late.radar.model);
        assert!(matches!(refused, Err(ScanError::TooLate { .. })), "{refused:?}");
        assert_eq!(only_track(&sequencer), before);
    }
}

#[test]
fn the_label_of_a_late_scan_travels_with_the_track_from_then_on() {
    let open = Label { level: Level::Unclassified, ..Label::STRICTEST };
    let begin = Timestamp::from_secs(1_700_000_000);
    let mut radar = radar(0.01, 20_000.0);
    radar.model.label = open;
    let mut sequencer = sequencer(3, REACH_DEFAULT, 8);
    let seen = [radar.measurement(5_000.0, 0.3)];
    let look = |k: i64| Scan { label: open, ..scan(radar.sensor, begin + Span::from_millis(500 * k), &seen) };
    for k in (0..60).filter(|k| *k != 46) {
        sequencer.handle_scan(&look(k), &radar.model).expect("in order");
    }
    assert_eq!(only_track(&sequencer).label, open);
    let secret = Scan { label: Label::STRICTEST, ..look(46) };
    sequencer.handle_scan(&secret, &radar.model).expect("retrodicted");
    assert_eq!(only_track(&sequencer).label, Label::STRICTEST);
}
