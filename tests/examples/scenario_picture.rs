//! The picture that a node makes of a scenario, against its truth: a table over time, in virtual time, from a seed.
//!
//! `cargo run --release -p tests --example scenario_picture -- SCENARIO SECONDS [SEED] [without SENSOR...]`. What is
//! false is a track that is farther than the cut-off of GOSPA from any target, per instant; one instant a second.

use std::error::Error;

use edge_node::node::{Node, node_id};
use edge_node::score::{Score, Summary};
use edge_node::simulated::{self, Coverage, frames};
use fusion_core::measurement::SensorId;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{Origin, TrackStatus};
use sensor_drivers::sim::scenario::{Scenario, shipped};
use sensor_drivers::sim::{Simulation, TruthSample};

const USAGE: &str = "usage: scenario_picture SCENARIO SECONDS [SEED] [without SENSOR...]";

/// When the simulated scenario begins. Any time will do.
const START: Timestamp = Timestamp::from_secs(1_717_236_000);

/// What is farther from every target is listed at the end, metres.
const FAR_M: f64 = 500.0;

/// Parts of the table.
const PARTS: u32 = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut words = arguments.iter().map(String::as_str);
    let (Some(name), Some(seconds)) = (words.next(), words.next()) else { return Err(USAGE.into()) };
    let mut scenario = shipped(name).ok_or("no such scenario comes with the program")?.scenario();
    scenario.duration_s = seconds.parse()?;
    if let Some(seed) = words.next() {
        scenario.seed = seed.parse()?;
    }
    let without: Vec<&str> = words.skip(1).collect();
    scenario.sensors.retain(|sensor| !without.contains(&sensor.name()));
    // One node hears whatever is left.
    scenario.nodes.clear();
    scenario.links.clear();
    table(&scenario)
}

/// A row for each part of the time, and one for all of it.
fn table(scenario: &Scenario) -> Result<(), Box<dyn Error>> {
    println!(
        "{:>9} {:>8} {:>8} {:>9} {:>8} {:>8} {:>9} {:>8}",
        "to s", "targets", "tracks", "GOSPA m", "missed", "false", "switches", "ANEES"
    );
    let mut run = Run::of(scenario)?;
    let part = Span::from_secs_f64(scenario.duration_s / f64::from(PARTS));
    let mut whole = Score::new(frames::params())?;
    let mut until = START;
    for _ in 0..PARTS {
        until = until + part;
        let mut score = Score::new(frames::params())?;
        run.live_until(until, &mut [&mut score, &mut whole])?;
        row(&format!("{:.0}", (until - START).as_secs_f64()), &score.summary());
    }
    row("all", &whole.summary());
    run.list_false();
    Ok(())
}

fn row(name: &str, score: &Summary) {
    let part = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.2}"));
    println!(
        "{name:>9} {:>8} {:>8} {:>9} {:>8} {:>8} {:>9} {:>8}",
        part(score.frames.truths_per_frame),
        part(score.frames.tracks_per_frame),
        part(score.gospa.mean_m),
        part(score.gospa.missed_per_frame),
        part(score.gospa.false_per_frame),
        score.identity.switches,
        part(score.nees.position.anees),
    );
}

/// A node on its way through a scenario.
struct Run {
    node: Node,
    simulation: Simulation,
    coverage: Coverage,
    judged: Timestamp,
}

impl Run {
    fn of(scenario: &Scenario) -> Result<Self, Box<dyn Error>> {
        let config = simulated::config(scenario)?;
        let node = Node::new(&config, Origin { node: node_id("picture"), incarnation: 1 })?;
        let simulation = Simulation::new(scenario.clone(), scenario.seed, START)?;
        let coverage = Coverage::of(simulation.scenario());
        Ok(Self { node, simulation, coverage, judged: START + Span::from_secs(1) })
    }

    fn live_until(&mut self, until: Timestamp, scores: &mut [&mut Score]) -> Result<(), Box<dyn Error>> {
        while self.judged <= until {
            let Some(emission) = self.simulation.next_emission() else { break };
            while self.judged <= emission.time {
                self.judge(scores)?;
            }
            self.pass_time_to(emission.time);
            self.node.handle_bytes(SensorId(u16::try_from(emission.sensor)?), &emission.bytes, emission.time);
            self.drain();
        }
        Ok(())
    }

    fn judge(&mut self, scores: &mut [&mut Score]) -> Result<(), Box<dyn Error>> {
        let truth = self.simulation.truth(self.judged);
        let truth: Vec<TruthSample> = truth.into_iter().filter(|sample| self.coverage.includes(sample)).collect();
        self.pass_time_to(self.judged);
        for score in scores {
            frames::judge(score, self.judged, &truth, self.node.picture())?;
        }
        self.judged = self.judged + Span::from_secs(1);
        Ok(())
    }

    /// What of the picture is far from everything at the end, so that one may ask why.
    fn list_false(&self) {
        let truth = self.simulation.truth(self.judged);
        for track in self.node.picture().filter(|track| !track.record.source_track) {
            let record = &track.record;
            let away = |sample: &TruthSample| (sample.position.to_ecef() - record.estimate.position).length();
            let nearest = truth.iter().map(away).fold(f64::INFINITY, f64::min);
            if record.status != Some(TrackStatus::Tentative) && nearest > FAR_M {
                let sigma_m = record.estimate.covariance.leading::<3>().matrix().trace().sqrt();
                println!(
                    "{:?}: {nearest:.0} m from anything, sigma {sigma_m:.0} m, {} updates, by {:?}",
                    record.status, record.updates, record.sensors
                );
            }
        }
    }

    fn pass_time_to(&mut self, time: Timestamp) {
        while let Some(due) = self.node.deadline_before(time) {
            self.node.handle_timeout(due);
            self.drain();
        }
    }

    fn drain(&mut self) {
        while self.node.poll().is_some() {}
    }
}
