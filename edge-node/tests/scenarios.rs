//! Scenarios through a whole node: each that is shipped gives a sound picture, and every fault shows in a counter.

#![expect(clippy::disallowed_methods, reason = "the table tells the time spent on a scan")]

use std::time::Instant;

use edge_node::config::Config;
use edge_node::node::{Node, Output, node_id};
use edge_node::score::{Score, Summary};
use edge_node::simulated::{self, Coverage, frames};
use fusion_core::measurement::SensorId;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::Origin;
use sensor_drivers::sim::scenario::{ClockStep, Faults, SHIPPED, Scenario, Spell, demo, shipped};
use sensor_drivers::sim::{Simulation, TruthSample};

/// A node that has lived through a scenario.
struct Lived {
    node: Node,
    /// Of the first [`SETTLED_AFTER`].
    score: Summary,
    /// Of what came then.
    settled: Summary,
    scans: u64,
    seconds_spent: f64,
}

impl Lived {
    fn through(scenario: &Scenario, start: Timestamp) -> Self {
        let config = simulated::config(scenario).expect("drivers for all that is simulated");
        Self::through_as(scenario, &config, start)
    }

    fn through_as(scenario: &Scenario, config: &Config, start: Timestamp) -> Self {
        let node = Node::new(config, Origin { node: node_id("test"), incarnation: 1 }).expect("a sound configuration");
        let mut simulation = Simulation::new(scenario.clone(), scenario.seed, start).expect("a sound scenario");
        let coverage = Coverage::of(simulation.scenario());
        let [mut score, mut settled] = [(); 2].map(|()| Score::new(frames::params()).expect("sensible"));
        let none = score.summary();
        let mut lived = Self { node, score: none.clone(), settled: none, scans: 0, seconds_spent: 0.0 };
        let mut judged = start + Span::from_secs(1);
        while let Some(emission) = simulation.next_emission() {
            while judged <= emission.time {
                let truth: Vec<TruthSample> =
                    simulation.truth(judged).into_iter().filter(|sample| coverage.includes(sample)).collect();
                lived.pass_time_to(judged);
                let score = if judged - start > SETTLED_AFTER { &mut settled } else { &mut score };
                frames::judge(score, judged, &truth, lived.node.picture()).expect("a sound frame");
                judged = judged + Span::from_secs(1);
            }
            lived.pass_time_to(emission.time);
            let sensor = SensorId(u16::try_from(emission.sensor).expect("few sensors"));
            let began = Instant::now();
            lived.node.handle_bytes(sensor, &emission.bytes, emission.time);
            lived.drain();
            lived.seconds_spent += began.elapsed().as_secs_f64();
        }
        (lived.score, lived.settled) = (score.summary(), settled.summary());
        lived.scans = (0..lived.node.sensors()).map(|sensor| lived.counter(sensor, "scans")).sum();
        lived
    }

    fn pass_time_to(&mut self, time: Timestamp) {
        let began = Instant::now();
        while let Some(due) = self.node.deadline_before(time) {
            self.node.handle_timeout(due);
            self.drain();
        }
        self.seconds_spent += began.elapsed().as_secs_f64();
    }

    fn drain(&mut self) {
        while let Some(output) = self.node.poll() {
            if let Output::Refused { .. } = output {}
        }
    }

    /// A counter of a sensor, or of the node where no sensor has one of that name.
    fn counter(&self, sensor: usize, wanted: &str) -> u64 {
        let mut found = 0;
        let id = SensorId(u16::try_from(sensor).expect("few sensors"));
        self.node.sensor_counters(id, &mut |name, count| found += if name == wanted { count } else { 0 });
        self.node.counters(&mut |name, count| found += if name == wanted { count } else { 0 });
        found
    }

    /// All counters of a sensor that are not zero, for a message.
    fn counters(&self, sensor: usize) -> Vec<(&'static str, u64)> {
        let mut found = Vec::new();
        let id = SensorId(u16::try_from(sensor).expect("few sensors"));
        self.node.sensor_counters(id, &mut |name, count| found.push((name, count)));
        self.node.counters(&mut |name, count| found.push((name, count)));
        found.retain(|(_, count)| *count > 0);
        found
    }
}

const START: Timestamp = Timestamp::from_secs(1_717_236_000);

/// A picture begins with whatever is there at once; after so long it has found it.
const SETTLED_AFTER: Span = Span::from_secs(30);

fn of_seconds(scenario: Scenario, duration_s: f64) -> Scenario {
    Scenario { duration_s, ..scenario }
}

// --- The scenarios that are shipped ---

/// Tracks against truth, per instant on average.
fn row(name: &str, lived: &Lived, score: &Summary) -> String {
    let part = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.1}"));
    #[expect(clippy::cast_precision_loss, reason = "few scans")]
    let per_scan_ms = 1e3 * lived.seconds_spent / lived.scans.max(1) as f64;
    format!(
        "{name:<10} {:>8} {:>8} {:>9} {:>8} {:>8} {:>9} {:>8} {:>10.3}",
        part(score.frames.truths_per_frame),
        part(score.frames.tracks_per_frame),
        part(score.gospa.mean_m),
        part(score.gospa.missed_per_frame),
        part(score.gospa.false_per_frame),
        score.identity.switches,
        part(score.nees.position.anees),
        per_scan_ms,
    )
}

#[test]
fn every_shipped_scenario_gives_a_sound_picture_within_thirty_seconds_and_keeps_it() {
    println!(
        "{:<10} {:>8} {:>8} {:>9} {:>8} {:>8} {:>9} {:>8} {:>10}",
        "scenario", "targets", "tracks", "GOSPA m", "missed", "false", "switches", "ANEES", "ms a scan"
    );
    for one in SHIPPED {
        let lived = Lived::through(&thinned(of_seconds(one.scenario(), 90.0)), START);
        let score = &lived.score;
        println!("{}", row(one.name, &lived, score));
        println!("{}", row("  settled", &lived, &lived.settled));
        assert_settled(one.name, &lived.settled);
        let targets = score.frames.truths_per_frame.expect("targets");
        let (missed, wrong) =
            (score.gospa.missed_per_frame.expect("frames"), score.gospa.false_per_frame.expect("frames"));
        // Bearings alone take their time, and cross where nothing is.
        let (missed_max, false_max) = if one.name == "emitters" { (0.7, 0.7) } else { (0.3, 0.1) };
        assert!(missed <= missed_max * targets, "{}: {missed} missed of {targets}", one.name);
        assert!(wrong <= false_max * targets + 0.5, "{}: {wrong} false", one.name);
    }
}

/// What nobody missed and what is nowhere, once the picture has been found; and that errors are as large as told.
fn assert_settled(name: &str, score: &Summary) {
    let targets = score.frames.truths_per_frame.expect("targets");
    let missed = score.gospa.missed_per_frame.expect("frames");
    assert!(missed <= 0.02 * targets + 0.2, "{name}: {missed} missed of {targets} once settled");
    let wrong = score.gospa.false_per_frame.expect("frames");
    // Lines of bearing of several finders cross where nothing is; clutter of many radars makes a track now and then.
    let wrong_max = match name {
        "airfield" | "coast" => 2.0,
        "emitters" | "crossing" => 0.3,
        _ => 1.0,
    };
    assert!(wrong <= wrong_max, "{name}: {wrong} false once settled");
    let anees = score.nees.position.anees.expect("tracks with covariances");
    assert!((0.3..2.0).contains(&anees), "{name}: ANEES {anees}");
}

/// A build for debugging is too slow for a thousand targets: it gets a tenth of those that are drawn.
fn thinned(mut scenario: Scenario) -> Scenario {
    let share = if cfg!(debug_assertions) { 10 } else { 1 };
    for traffic in &mut scenario.traffic {
        traffic.count /= share;
    }
    scenario
}

// --- Faults ---

/// Half a minute of the demonstration with faults at one of its sensors.
fn spoilt(sensor: usize, faults: Faults) -> Lived {
    let mut scenario = of_seconds(demo(), 30.0);
    *scenario.sensors[sensor].faults_mut() = faults;
    Lived::through(&scenario, START)
}

const RADAR: usize = 0;
const ADSB: usize = 2;
const DRONE_RADAR: usize = 3;

/// The picture is as good as without the fault, within a quarter.
fn assert_sound(lived: &Lived) {
    let missed = lived.score.gospa.missed_per_frame.expect("frames");
    assert!(missed < 4.0, "{missed} missed of 24");
    let wrong = lived.score.gospa.false_per_frame.expect("frames");
    assert!(wrong < 2.0, "{wrong} false");
}

#[test]
fn a_duplicated_network_is_counted_and_changes_nothing() {
    let twice = Faults { duplicate_share: 1.0, duplicate_after_ms: 2.0, ..Faults::default() };
    let lived = spoilt(RADAR, twice.clone());
    assert!(lived.counter(RADAR, "duplicates") > 100, "{:?}", lived.counters(RADAR));
    assert_sound(&lived);
    let lived = spoilt(ADSB, twice);
    assert!(lived.counter(ADSB, "duplicates") > 500, "{:?}", lived.counters(ADSB));
}

#[test]
fn a_third_of_all_scans_up_to_two_seconds_late_is_put_in_its_place() {
    let lived = spoilt(DRONE_RADAR, Faults { reorder_share: 0.3, reorder_by_s: 2.0, ..Faults::default() });
    assert!(lived.counter(DRONE_RADAR, "scans_late") >= 5, "{:?}", lived.counters(DRONE_RADAR));
    assert_eq!(lived.counter(DRONE_RADAR, "scans_too_late"), 0);
    assert_sound(&lived);
}

#[test]
fn noise_and_messages_cut_short_are_refused_and_counted() {
    for faults in
        [Faults { garbage_share: 0.2, ..Faults::default() }, Faults { truncated_share: 0.1, ..Faults::default() }]
    {
        let lived = spoilt(RADAR, faults.clone());
        assert!(lived.counter(RADAR, "decode_errors") > 5, "{faults:?}: {:?}", lived.counters(RADAR));
        assert_sound(&lived);
        let lived = spoilt(DRONE_RADAR, faults.clone());
        assert!(lived.counter(DRONE_RADAR, "decode_errors") > 1, "{faults:?}: {:?}", lived.counters(DRONE_RADAR));
        assert_sound(&lived);
    }
}

#[test]
fn a_clock_that_is_1581_seconds_behind_is_corrected() {
    let behind = Faults { clock_offset_s: -1581.0, ..Faults::default() };
    for sensor in [RADAR, DRONE_RADAR] {
        let lived = spoilt(sensor, behind.clone());
        assert!(lived.counter(sensor, "clock_corrected") > 20, "{:?}", lived.counters(sensor));
        assert_sound(&lived);
    }
}

#[test]
fn what_a_radar_says_after_its_clock_stepped_back_is_refused_until_the_step_is_known() {
    let step = Some(ClockStep { at_s: 15.0, by_s: -40.0 });
    let lived = spoilt(RADAR, Faults { clock_step: step, ..Faults::default() });
    assert!(lived.counter(RADAR, "clock_refused") > 10, "{:?}", lived.counters(RADAR));
    assert!(lived.counter(RADAR, "clock_corrected") > 10, "{:?}", lived.counters(RADAR));
}

#[test]
fn midnight_is_a_time_like_any_other() {
    let mut scenario = of_seconds(demo(), 30.0);
    scenario.start = Some("2024-06-01T23:59:45Z".into());
    let lived = Lived::through(&scenario, scenario.recorded_start());
    assert_eq!(lived.counter(RADAR, "clock_corrected"), 0);
    assert_sound(&lived);
}

#[test]
fn after_an_outage_of_460_seconds_the_picture_comes_back() {
    let mut scenario = shipped("airfield").expect("shipped").scenario();
    scenario.duration_s = 500.0;
    scenario.sensors.truncate(1);
    let outage = Spell { from_s: 20.0, to_s: 480.0 };
    scenario.sensors[RADAR].faults_mut().outages = vec![outage];
    let mut simulation = Simulation::new(scenario.clone(), 1, START).expect("sound");
    let times: Vec<f64> = std::iter::from_fn(|| simulation.next_emission())
        .map(|emission| (emission.time - START).as_secs_f64())
        .collect();
    assert!(times.iter().all(|time| !outage.holds(*time)));
    let lived = Lived::through(&scenario, START);
    let held: Vec<_> = lived.node.picture().filter(|track| track.record.status.is_some()).collect();
    assert!(held.len() >= 4, "{} tracks at the end", held.len());
}
