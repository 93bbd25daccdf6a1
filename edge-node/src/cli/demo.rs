//! `copmesh demo`: a built-in scenario, end to end. Simulated sensors send real wire bytes over loopback through the
//! real drivers; what comes out is fused, published, shown, and scored against truth.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::time::Duration;

use fusion_core::time::{Span, Timestamp};
use fusion_core::track::Origin;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sensor_drivers::sim::scenario::DURATION_S_MAX;
use sensor_drivers::sim::{Simulation, TruthSample};
use tokio::sync::watch;

use super::live::Services;
use super::sim::find;
use super::{DemoArgs, Failure};
use crate::board::{Board, Mode};
use crate::clock::Clock;
use crate::config::Config;
use crate::engine::{Engine, STOP_PERIOD, Sinks};
use crate::inbox::Inbox;
use crate::node::{Node, node_id};
use crate::recording::recorder::Recorder;
use crate::score::Score;
use crate::simulated::{Coverage, frames};
use crate::store;
use crate::tracks_file::TracksFile;

pub mod report;
pub mod wiring;

use report::Report;

/// From starting the node to the scenario's first moment.
const LEAD: Span = Span::from_millis(500);

/// Runs the demo and prints its table.
///
/// # Errors
/// [`Failure`] if something cannot be started or a file cannot be written.
pub fn run(args: &DemoArgs) -> Result<(), Failure> {
    let clock = Clock::start();
    let mut scenario = find::scenario(&args.scenario)?;
    // A demo goes on for as long as it is asked to; what ends in the scenario ends all the same.
    scenario.duration_s = scenario.duration_s.max(f64::from(args.duration) + 60.0);
    if args.duration == 0 {
        scenario.duration_s = DURATION_S_MAX;
    }
    let seed = args.seed.unwrap_or(scenario.seed);
    let mut config = wiring::config(&scenario, args)?;
    let (sender, receiver) = watch::channel(Arc::new(Board::default()));
    let services = Services::start(&config, Mode::Sim, receiver)?;
    let outlets = services.runtime().block_on(wiring::outlets(&mut config)).map_err(Failure::failed)?;
    // Every demo is a life of its own, so that a console that stayed does not take its tracks for the last one's.
    let incarnation = store::next_incarnation(None, clock.now().validity).map_err(Failure::failed)?;
    let origin = Origin { node: node_id(&config.node.name), incarnation };
    let node = Node::new(&config, origin).map_err(Failure::failed)?;
    let inbox = Arc::new(Inbox::new(config.sensors.len()));
    let links = services.ingest(&config, &inbox, clock)?;
    services.runtime().block_on(wiring::until_listening(&links));
    let sinks = Sinks { links, ..sinks(args, &config, &services, clock.now().validity)? };
    let engine = Engine::new(node, sender, sinks);
    let fusion = engine.spawn_live(Arc::clone(&inbox), clock).map_err(Failure::failed)?;

    let start = clock.now().validity + LEAD;
    let simulate = || Simulation::new(scenario.clone(), seed, start).map_err(Failure::failed);
    services.runtime().spawn(wiring::emit(simulate()?, outlets, clock));
    let referee = Referee::new(args, simulate()?, start)?;
    let score = referee.watch(&services, clock);
    inbox.close();
    fusion.join().map_err(|_| Failure::failed("the fusion thread died"))?.map_err(Failure::failed)?;
    let board = services.board.borrow().clone();
    services.shut_down();
    let (score, duration_s) = score?;
    Report::new(&scenario.name, seed, duration_s, score.summary(), &board).print(args.json)
}

fn sinks(args: &DemoArgs, config: &Config, services: &Services, now: Timestamp) -> Result<Sinks, Failure> {
    let recorder = match &args.record {
        Some(path) => Some(Recorder::create(path, config, now).map_err(Failure::failed)?),
        None => None,
    };
    let tracks = match &args.tracks {
        Some(path) => Some(TracksFile::create(path).map_err(|e| Failure::failed(format!("{}: {e}", path.display())))?),
        None => None,
    };
    Ok(Sinks { records: services.records.clone(), tracks, recorder, ..Sinks::default() })
}

/// Compares the running picture with truth, once a second, and shows how it goes.
struct Referee<'a> {
    args: &'a DemoArgs,
    simulation: Simulation,
    coverage: Coverage,
    start: Timestamp,
    score: Score,
    truth: Option<BufWriter<File>>,
}

impl<'a> Referee<'a> {
    fn new(args: &'a DemoArgs, simulation: Simulation, start: Timestamp) -> Result<Self, Failure> {
        let truth = match &args.truth {
            Some(path) => {
                let file = File::create(path).map_err(|e| Failure::failed(format!("{}: {e}", path.display())))?;
                Some(BufWriter::new(file))
            }
            None => None,
        };
        let score = Score::new(frames::params()).map_err(Failure::failed)?;
        let coverage = Coverage::of(simulation.scenario());
        Ok(Self { args, simulation, coverage, start, score, truth })
    }

    fn watch(mut self, services: &Services, clock: Clock) -> Result<(Score, f64), Failure> {
        let bar = status_line(self.args, services);
        let mut second = 0_u32;
        while self.args.duration == 0 || second < self.args.duration {
            let time = self.start + Span::from_secs(i64::from(second) + 1);
            while clock.now().validity < time && !services.stopping() {
                std::thread::sleep(STOP_PERIOD.min(Duration::from_millis(20)));
            }
            if services.stopping() {
                break;
            }
            let board = services.board.borrow().clone();
            self.judge(time, &board)?;
            second += 1;
            bar.set_position(second.into());
            bar.set_message(progress(&board, self.score.gospa().mean_m));
        }
        bar.finish_and_clear();
        if let Some(truth) = &mut self.truth {
            truth.flush().map_err(Failure::failed)?;
        }
        Ok((self.score, f64::from(second)))
    }

    fn judge(&mut self, time: Timestamp, board: &Board) -> Result<(), Failure> {
        let samples: Vec<TruthSample> =
            self.simulation.truth(time).into_iter().filter(|sample| self.coverage.includes(sample)).collect();
        if let Some(file) = &mut self.truth {
            for sample in &samples {
                writeln!(file, "{}", frames::truth_line(sample)).map_err(Failure::failed)?;
            }
        }
        frames::judge(&mut self.score, time, &samples, board.tracks.values()).map_err(Failure::failed)
    }
}

fn status_line(args: &DemoArgs, services: &Services) -> ProgressBar {
    let target = if args.json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let (length, template) = match args.duration {
        0 => (None, "{spinner} {elapsed} {msg}"),
        seconds => (Some(u64::from(seconds)), "{bar:24} {pos:>3}/{len} s {msg}"),
    };
    let bar = ProgressBar::with_draw_target(length, target);
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    if let Some(address) = services.console {
        eprintln!("console on http://{address}/ (Ctrl-C ends the demo and prints the table)");
    }
    bar
}

fn progress(board: &Board, gospa: Option<f64>) -> String {
    let sensors = board.sensors.iter().filter(|s| s.state == crate::sensor_health::SensorState::Ok).count();
    let rate: f64 = board.sensors.iter().map(|s| s.rate_hz).sum();
    let gospa = gospa.map_or_else(String::new, |g| format!(", GOSPA {g:.0} m"));
    let p99 = board.latency.p99;
    format!(
        "{} tracks, {sensors}/{} sensors, {rate:.0} scans/s, p99 {p99:.1?}{gospa}",
        board.tracks.len(),
        board.sensors.len()
    )
}
