//! Scenarios through a whole node: each that is shipped gives a sound picture, and every fault shows in a counter.

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
    score: Summary,
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
        let mut score = Score::new(frames::params()).expect("sensible");
        let mut lived = Self { node, score: score.summary(), scans: 0, seconds_spent: 0.0 };
        let mut judged = start + Span::from_secs(1);
        while let Some(emission) = simulation.next_emission() {
            while judged <= emission.time {
                let truth: Vec<TruthSample> =
                    simulation.truth(judged).into_iter().filter(|sample| coverage.includes(sample)).collect();
                lived.pass_time_to(judged);
                frames::judge(&mut score, judged, &truth, lived.node.picture()).expect("a sound frame");
                judged = judged + Span::from_secs(1);
            }
            lived.pass_time_to(emission.time);
            let sensor = SensorId(u16::try_from(emission.sensor).expect("few sensors"));
            let began = Instant::now();
            lived.node.handle_bytes(sensor, &emission.bytes, emission.time);
            lived.drain();
            lived.seconds_spent += began.elapsed().as_secs_f64();
        }
        lived.score = score.summary();
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

fn of_seconds(scenario: Scenario, duration_s: f64) -> Scenario {
    Scenario { duration_s, ..scenario }
}

// --- The scenarios that are shipped ---

/// Tracks against truth, of the last frame's time on average.
fn row(name: &str, lived: &Lived) -> String {
    let score = &lived.score;
    let part = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.1}"));
    #[expect(clippy::cast_precision_loss, reason = "few scans")]
    let per_scan_ms = 1e3 * lived.seconds_spent / lived.scans.max(1) as f64;
    format!(
        "{name:<10} {:>8} {:>8} {:>9} {:>8} {:>8} {:>9} {:>10.3}",
        part(score.frames.truths_per_frame),
        part(score.frames.tracks_per_frame),
        part(score.gospa.mean_m),
        part(score.gospa.missed_per_frame),
        part(score.gospa.false_per_frame),
        score.identity.switches,
        per_scan_ms,
    )
}

#[test]
fn every_shipped_scenario_gives_a_sound_picture_within_thirty_seconds() {
    println!("{:<10} {:>8} {:>8} {:>9} {:>8} {:>8} {:>9} {:>10}", "scenario", "targets", "tracks", "GOSPA m", "missed", "false", "switches", "ms a scan");
    for one in SHIPPED {
        let lived = Lived::through(&of_seconds(one.scenario(), 30.0), START);
        println!("{}", row(one.name, &lived));
    }
}
