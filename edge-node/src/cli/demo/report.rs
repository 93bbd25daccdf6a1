//! The table at the end of a demo.

use serde::Serialize;

use crate::board::Board;
use crate::cli::{Failure, say, say_json};
use crate::latency::Summary as LatencySummary;
use crate::score;

/// What a demo showed.
#[derive(Debug, Serialize)]
pub struct Report {
    /// What was simulated.
    pub scenario: String,
    /// Seed of the simulated noise.
    pub seed: u64,
    /// How long it ran, seconds.
    pub duration_s: f64,
    /// Tracks against truth.
    pub score: score::Summary,
    /// What each sensor delivered.
    pub sensors: Vec<SensorLine>,
    /// From receipt of bytes to the changed picture.
    pub latency: LatencyLine,
    /// Counters of tracker, picture and queues.
    pub counters: Vec<(&'static str, u64)>,
}

/// One sensor.
#[derive(Debug, Serialize)]
pub struct SensorLine {
    /// Its name.
    pub name: String,
    /// Its state at the end.
    pub state: &'static str,
    /// Scans that reached the tracker.
    pub scans: u64,
    /// Measurements in them.
    pub measurements: u64,
    /// Measurements per second.
    pub measurements_per_s: f64,
    /// Input that was not understood.
    pub errors: u64,
}

/// How long things took, microseconds.
#[derive(Debug, Serialize)]
pub struct LatencyLine {
    /// Inputs measured.
    pub count: u64,
    /// Half took no longer.
    pub p50_us: u64,
    /// 99 of 100 took no longer.
    pub p99_us: u64,
    /// The longest.
    pub max_us: u64,
}

impl Report {
    /// From the last state of the board and the score.
    #[must_use]
    pub fn new(scenario: &str, seed: u64, duration_s: f64, score: score::Summary, board: &Board) -> Self {
        let sensors = board.sensors.iter().map(|s| {
            let count = |wanted: &str| s.counters.iter().find(|(n, _)| *n == wanted).map_or(0, |(_, c)| *c);
            let measurements = count("measurements");
            #[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 53 bits")]
            let measurements_per_s = if duration_s > 0.0 { measurements as f64 / duration_s } else { 0.0 };
            SensorLine {
                name: s.name.clone(),
                state: s.state.as_str(),
                scans: count("scans"),
                measurements,
                measurements_per_s,
                errors: s.errors,
            }
        });
        Self {
            scenario: scenario.to_owned(),
            seed,
            duration_s,
            score,
            sensors: sensors.collect(),
            latency: board.latency.into(),
            counters: board.counters.clone(),
        }
    }

    /// Prints it as the command line asks.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be written as JSON.
    pub fn print(&self, json: bool) -> Result<(), Failure> {
        if json { say_json(self) } else { say(self) }
    }
}

impl From<LatencySummary> for LatencyLine {
    fn from(s: LatencySummary) -> Self {
        let us = |d: std::time::Duration| u64::try_from(d.as_micros()).unwrap_or(u64::MAX);
        Self { count: s.count, p50_us: us(s.p50), p99_us: us(s.p99), max_us: us(s.max) }
    }
}

impl core::fmt::Display for Report {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        writeln!(f, "copmesh {}, seed {}, {:.0} s", self.scenario, self.seed, self.duration_s)?;
        writeln!(f, "\n{}", self.score)?;
        writeln!(
            f,
            "{:<16} {:>6} {:>8} {:>13} {:>8} {:>7}",
            "sensor", "state", "scans", "measurements", "per s", "errors"
        )?;
        for s in &self.sensors {
            writeln!(
                f,
                "{:<16} {:>6} {:>8} {:>13} {:>8.1} {:>7}",
                s.name, s.state, s.scans, s.measurements, s.measurements_per_s, s.errors
            )?;
        }
        let l = &self.latency;
        writeln!(
            f,
            "\nreceipt to picture: p50 {} µs, p99 {} µs, max {} µs over {} inputs",
            l.p50_us, l.p99_us, l.max_us, l.count
        )?;
        for (name, count) in self.counters.iter().filter(|(_, count)| *count > 0) {
            writeln!(f, "  {name:<36} {count:>12}")?;
        }
        Ok(())
    }
}
