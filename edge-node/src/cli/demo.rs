//! `copmesh demo`: a built-in scenario, end to end. Simulated sensors send real wire bytes over loopback through the
//! real drivers; what comes out is fused, published, shown, and scored against truth. With `--nodes`, several nodes
//! hear a part of the sensors each, and share what they know.

use std::sync::Arc;

use fusion_core::time::Span;
use sensor_drivers::sim::Simulation;
use sensor_drivers::sim::scenario::{DURATION_S_MAX, Scenario};

use super::live::Services;
use super::sim::find;
use super::{DemoArgs, Failure};
use crate::board::Board;
use crate::clock::Clock;
use crate::config::Config;
use crate::engine::Sinks;
use crate::recording::recorder::Recorder;
use crate::score::Score;
use crate::tracks_file::TracksFile;

pub mod abreast;
pub mod cable;
pub mod layout;
pub mod nodes;
pub mod referee;
pub mod report;
pub mod station;
pub mod wiring;

use referee::{Referee, Stage};
use report::Report;
use station::Station;

/// From starting the nodes to the scenario's first moment.
const LEAD: Span = Span::from_millis(500);

/// Runs the demo and prints its table.
///
/// # Errors
/// [`Failure`] if something cannot be started or a file cannot be written.
pub fn run(args: &DemoArgs) -> Result<(), Failure> {
    let mut scenario = find::scenario(&args.scenario)?;
    let usual_s = scenario.duration_s;
    // A demo goes on for as long as it is asked to; what ends in the scenario ends all the same.
    scenario.duration_s = match args.duration {
        0 => DURATION_S_MAX,
        seconds => scenario.duration_s.max(f64::from(seconds) + 60.0),
    };
    if args.nodes > 1 { nodes::run(args, &scenario, usual_s) } else { alone(args, &scenario) }
}

/// One node that hears everything.
fn alone(args: &DemoArgs, scenario: &Scenario) -> Result<(), Failure> {
    let clock = Clock::start();
    let seed = args.seed.unwrap_or(scenario.seed);
    let config = wiring::config(scenario, args)?;
    let open = |config: &Config, services: &Services| sinks(args, config, services, clock);
    let (mut station, outlets) = Station::start(config, clock, open)?;
    if let Some(address) = station.services.console {
        eprintln!("console on http://{address}/ (Ctrl-C ends the demo and prints the table)");
    }
    let start = clock.now().validity + LEAD;
    let simulate = || Simulation::new(scenario.clone(), seed, start).map_err(Failure::failed);
    let outlets = outlets.into_iter().map(|outlet| vec![outlet]).collect();
    station.services.runtime().spawn(wiring::emit(simulate()?, outlets, clock));
    let referee = Referee::new(args, simulate()?, start, 1)?;
    let judged = referee.watch(&mut station, clock);
    let board = station.stop()?;
    let (scores, duration_s) = judged?;
    Report::new(&scenario.name, seed, duration_s, scores[0].summary(), &board).print(args.json)
}

fn sinks(args: &DemoArgs, config: &Config, services: &Services, clock: Clock) -> Result<Sinks, Failure> {
    let recorder = match &args.record {
        Some(path) => Some(Recorder::create(path, config, clock.now().validity).map_err(Failure::failed)?),
        None => None,
    };
    let tracks = match &args.tracks {
        Some(path) => Some(TracksFile::create(path).map_err(|e| Failure::failed(format!("{}: {e}", path.display())))?),
        None => None,
    };
    Ok(Sinks {
        records: services.records.clone(),
        tracks,
        recorder,
        counts: services.counts.clone(),
        ..Sinks::default()
    })
}

impl Stage for Station {
    fn boards(&self) -> Vec<Arc<Board>> {
        vec![self.board()]
    }

    fn stopping(&self) -> bool {
        self.services.stopping()
    }

    fn tend(&mut self, _since: Span) {}

    fn message(&self, boards: &[Arc<Board>], scores: &[Score]) -> String {
        let (Some(board), Some(score)) = (boards.first(), scores.first()) else { return String::new() };
        let sensors = board.sensors.iter().filter(|s| s.state == crate::sensor_health::SensorState::Ok).count();
        let rate: f64 = board.sensors.iter().map(|s| s.rate_hz).sum();
        let gospa = score.gospa().mean_m.map_or_else(String::new, |g| format!(", GOSPA {g:.0} m"));
        let p99 = board.latency.p99;
        let (tracks, all) = (board.tracks.len(), board.sensors.len());
        format!("{tracks} tracks, {sensors}/{all} sensors, {rate:.0} scans/s, p99 {p99:.1?}{gospa}")
    }
}
