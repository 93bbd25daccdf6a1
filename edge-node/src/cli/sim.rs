//! `copmesh sim`: the sensors of a scenario, their real bytes to sockets in real time or into a recording, and the
//! truth beside them.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fusion_core::measurement::SensorId;
use fusion_core::time::{Span, Timestamp};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sensor_drivers::sim::scenario::{SHIPPED, Scenario};
use sensor_drivers::sim::{Emission, Simulation};
use serde::Serialize;

use super::{Failure, SimArgs, say, say_json, stop};
use crate::clock::{Clock, Monotonic};
use crate::recording::Entry;
use crate::recording::recorder::Recorder;
use crate::simulated::{self, Coverage, frames};

pub mod find;

use super::outlet::Outlets;

/// From the start of the command to the scenario's first moment, where sockets are fed.
const LEAD: Span = Span::from_millis(500);
/// Truth is written this often.
const TRUTH_EVERY: Span = Span::from_secs(1);
/// The longest sleep before looking at the clock again.
const POLL: Duration = Duration::from_millis(20);

/// Runs a scenario.
///
/// # Errors
/// [`Failure`] if the scenario or an argument is refused, or a file or socket cannot be used.
pub fn run(args: &SimArgs) -> Result<(), Failure> {
    let Some(name) = args.scenario.as_deref().filter(|_| !args.list) else { return list(args.json) };
    if args.print {
        return say(find::text(name)?);
    }
    let speed = speed(args)?;
    let mut scenario = find::scenario(name)?;
    scenario.duration_s = args.duration.map_or(scenario.duration_s, |asked| asked.min(scenario.duration_s));
    scenario.check().map_err(|e| Failure::refused(format!("--duration: {e}")))?;
    let sensors: Vec<_> = scenario.sensors.iter().map(|spec| (spec.name(), spec.endpoint())).collect();
    let outlets = Outlets::open(&sensors, &args.to)?;
    if outlets.is_empty() && args.out.is_none() && args.truth.is_none() {
        return Err(Failure::refused(
            "nowhere to send to: give --out FILE.mcap, --to SENSOR=udp://HOST:PORT, or endpoints in the scenario",
        ));
    }
    let clock = Clock::start();
    let start = if outlets.is_empty() { scenario.recorded_start() } else { clock.now().validity + LEAD };
    let pace = speed.filter(|_| !outlets.is_empty() || args.speed.is_some()).map(|speed| Pace {
        clock,
        began: clock.now().monotonic,
        start,
        speed,
    });
    let seed = args.seed.unwrap_or(scenario.seed);
    let simulation = Simulation::new(scenario, seed, start).map_err(Failure::refused)?;
    let files = Files::create(args, &simulation, start)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let stop = stop::on_signal(runtime.as_ref().map_err(Failure::failed)?);
    let summary = Run { simulation, outlets, files, pace, seed, stop }.run(args.json)?;
    if args.json { say_json(&summary) } else { say(&summary) }
}

/// Times real time; `None` is as fast as the machine goes.
fn speed(args: &SimArgs) -> Result<Option<f64>, Failure> {
    match args.speed {
        Some(speed) if !(speed > 0.0 && speed.is_finite()) => {
            Err(Failure::refused(format!("--speed {speed}: choose a number above zero")))
        }
        _ if args.fast => Ok(None),
        told => Ok(Some(told.unwrap_or(1.0))),
    }
}

#[derive(Serialize)]
struct Listed {
    name: &'static str,
    about: String,
    duration_s: f64,
    targets: usize,
    sensors: Vec<String>,
}

fn list(json: bool) -> Result<(), Failure> {
    let listed: Vec<Listed> = SHIPPED.iter().map(|one| listed(one.name, &one.scenario())).collect();
    if json {
        return say_json(&listed);
    }
    say(format_args!("{:<10} {:>7} {:>7}  {}\n", "scenario", "targets", "sensors", "what it shows"))?;
    for one in listed {
        say(format_args!("{:<10} {:>7} {:>7}  {}\n", one.name, one.targets, one.sensors.len(), one.about))?;
    }
    say("\ncopmesh sim NAME --print shows how one is written; docs/SCENARIOS.md explains every key\n")
}

fn listed(name: &'static str, scenario: &Scenario) -> Listed {
    Listed {
        name,
        about: scenario.about.clone(),
        duration_s: scenario.duration_s,
        targets: scenario.peopled(scenario.seed).targets.len(),
        sensors: scenario.sensors.iter().map(|spec| spec.name().to_owned()).collect(),
    }
}

/// When things are due by the clock on the wall.
struct Pace {
    clock: Clock,
    began: Monotonic,
    start: Timestamp,
    speed: f64,
}

impl Pace {
    /// Sleeps until a time has come, or it is time to stop.
    fn wait_for(&self, time: Timestamp, stop: &AtomicBool) {
        let due = (time - self.start + LEAD).as_secs_f64().max(0.0) / self.speed;
        loop {
            let early = due - self.clock.now().monotonic.since(self.began).as_secs_f64();
            if early <= 0.0 || stop.load(Ordering::Relaxed) {
                return;
            }
            std::thread::sleep(Duration::from_secs_f64(early).min(POLL));
        }
    }
}

/// What is written.
struct Files {
    recorder: Option<Recorder>,
    truth: Option<(BufWriter<File>, Coverage)>,
}

impl Files {
    fn create(args: &SimArgs, simulation: &Simulation, start: Timestamp) -> Result<Self, Failure> {
        let recorder = match &args.out {
            Some(path) => Some(recorder(path, simulation, start)?),
            None => None,
        };
        let truth = match &args.truth {
            Some(path) => {
                let file = File::create(path).map_err(|e| Failure::failed(format!("{}: {e}", path.display())))?;
                Some((BufWriter::new(file), Coverage::of(simulation.scenario())))
            }
            None => None,
        };
        Ok(Self { recorder, truth })
    }
}

fn recorder(path: &Path, simulation: &Simulation, start: Timestamp) -> Result<Recorder, Failure> {
    if path.exists() {
        return Err(Failure::refused(format!(
            "--out {}: is there already; give another name, or remove it",
            path.display()
        )));
    }
    let config = simulated::config(simulation.scenario()).map_err(|e| Failure::refused(format!("--out: {e}")))?;
    Recorder::create(path, &config, start).map_err(Failure::failed)
}

/// A scenario on its way.
struct Run {
    simulation: Simulation,
    outlets: Outlets,
    files: Files,
    pace: Option<Pace>,
    seed: u64,
    stop: Arc<AtomicBool>,
}

/// What became of it.
#[derive(Serialize)]
struct Summary {
    scenario: String,
    seed: u64,
    start_ns: i64,
    simulated_s: f64,
    /// Somebody stopped it before its end.
    stopped: bool,
    targets: usize,
    truth_samples: u64,
    sensors: Vec<SensorLine>,
}

#[derive(Serialize)]
struct SensorLine {
    name: String,
    messages: u64,
    bytes: u64,
    /// Messages that no socket took.
    unsent: u64,
    to: String,
}

impl Run {
    fn run(mut self, quiet: bool) -> Result<Summary, Failure> {
        let mut summary = self.blank();
        let bar = progress(&self.simulation, quiet);
        let start = self.simulation.start();
        let mut next_truth = start;
        while let Some(emission) = self.simulation.next_emission() {
            if let Some(pace) = &self.pace {
                pace.wait_for(emission.time, &self.stop);
            }
            if self.stop.load(Ordering::Relaxed) {
                summary.stop_at(next_truth - start);
                break;
            }
            while next_truth <= emission.time {
                summary.truth_samples += self.write_truth(next_truth)?;
                bar.set_position(u64::try_from((next_truth - start).as_nanos() / 1_000_000_000).unwrap_or(0));
                next_truth = next_truth + TRUTH_EVERY;
            }
            self.pass_on(emission, &mut summary)?;
        }
        while !summary.stopped && next_truth <= self.simulation.end() {
            summary.truth_samples += self.write_truth(next_truth)?;
            next_truth = next_truth + TRUTH_EVERY;
        }
        bar.finish_and_clear();
        if let Some(recorder) = self.files.recorder {
            recorder.finish().map_err(|e| Failure::failed(format!("--out: {e}")))?;
        }
        if let Some((mut file, _)) = self.files.truth {
            file.flush().map_err(|e| Failure::failed(format!("--truth: {e}")))?;
        }
        Ok(summary)
    }

    fn blank(&self) -> Summary {
        let scenario = self.simulation.scenario();
        let lines = scenario.sensors.iter().enumerate().map(|(place, spec)| SensorLine {
            name: spec.name().to_owned(),
            messages: 0,
            bytes: 0,
            unsent: 0,
            to: self.outlets.name(place).unwrap_or("-").to_owned(),
        });
        Summary {
            scenario: scenario.name.clone(),
            seed: self.seed,
            start_ns: self.simulation.start().as_nanos(),
            simulated_s: scenario.duration_s,
            stopped: false,
            targets: scenario.targets.len(),
            truth_samples: 0,
            sensors: lines.collect(),
        }
    }

    fn write_truth(&mut self, time: Timestamp) -> Result<u64, Failure> {
        let Some((file, coverage)) = &mut self.files.truth else { return Ok(0) };
        let mut written = 0;
        for sample in self.simulation.truth(time).iter().filter(|sample| coverage.includes(sample)) {
            writeln!(file, "{}", frames::truth_line(sample)).map_err(|e| Failure::failed(format!("--truth: {e}")))?;
            written += 1;
        }
        Ok(written)
    }

    fn pass_on(&mut self, emission: Emission, summary: &mut Summary) -> Result<(), Failure> {
        let line = &mut summary.sensors[emission.sensor];
        line.messages += 1;
        line.bytes += emission.bytes.len() as u64;
        line.unsent += u64::from(!self.outlets.send(emission.sensor, &emission.bytes));
        let Some(recorder) = &mut self.files.recorder else { return Ok(()) };
        let Emission { time, sensor, bytes } = emission;
        let sensor = SensorId(u16::try_from(sensor).expect("a scenario has few sensors"));
        // Chunks end by the scenario's own time: the same scenario gives the same file.
        let since = u64::try_from((time - self.simulation.start()).as_nanos()).unwrap_or(0);
        recorder
            .write(&Entry::of(time, sensor, bytes), Monotonic(since))
            .map_err(|e| Failure::failed(format!("--out: {e}")))
    }
}

fn progress(simulation: &Simulation, quiet: bool) -> ProgressBar {
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let seconds = u64::try_from((simulation.end() - simulation.start()).as_nanos() / 1_000_000_000).unwrap_or(0);
    let bar = ProgressBar::with_draw_target(Some(seconds), target);
    let style = ProgressStyle::with_template("{bar:24} {pos:>4}/{len} s of the scenario, {elapsed}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

impl Summary {
    /// It was stopped so long after its start: all that was made till then is written.
    fn stop_at(&mut self, since: Span) {
        self.stopped = true;
        self.simulated_s = since.as_secs_f64();
    }
}

impl core::fmt::Display for Summary {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { scenario, seed, simulated_s, targets, truth_samples, .. } = self;
        let stopped = if self.stopped { " (stopped)" } else { "" };
        writeln!(f, "copmesh sim {scenario}, seed {seed}, {simulated_s:.0} s{stopped}: {targets} targets")?;
        writeln!(f, "\n{:<24} {:>9} {:>11} {:>8}  to", "sensor", "messages", "bytes", "unsent")?;
        for s in &self.sensors {
            writeln!(f, "{:<24} {:>9} {:>11} {:>8}  {}", s.name, s.messages, s.bytes, s.unsent, s.to)?;
        }
        if *truth_samples > 0 {
            writeln!(f, "\n{truth_samples} samples of truth")?;
        }
        Ok(())
    }
}
