//! Decisions for people and for programs: one line each, then how far sensors and tracks keep what they promise.

use std::collections::BTreeMap;
use std::fmt::{Display, Formatter, Result};

use fusion_core::filter::monitor::{NisMonitor, Verdict};
use fusion_core::track::TrackNumber;
use fusion_core::trail::{ClockTime, Decision, Entry};
use serde::Serialize;

use super::{Decisions, Told};
use crate::node::Node;
use crate::picture::short_name;

/// The answer of `copmesh trail`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The latest decisions that are wanted, oldest first.
    pub decisions: Vec<Line>,
    /// Decisions that were forgotten, for want of room.
    pub forgotten: u64,
    /// Each sensor's innovations.
    pub sensors: Vec<Consistency>,
    /// Each track's innovations.
    pub tracks: Vec<Consistency>,
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Time of validity, nanoseconds since the Unix epoch.
    pub time_ns: i64,
    /// Whose scan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensor: Option<String>,
    /// Which measurement of the scan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plot: Option<u16>,
    /// Which track, by its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track: Option<String>,
    /// How far measurement and track are apart, in sigmas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigmas: Option<f64>,
    /// How far they might be, in sigmas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate_sigmas: Option<f64>,
    /// β: how probably the measurement is the track's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// The counter that counted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counter: Option<&'static str>,
    /// Whether it was decided again because another scan came late.
    pub replayed: bool,
    /// In words.
    pub what: String,
}

/// What innovations say of a sensor or of a track.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Consistency {
    /// Its name.
    pub name: String,
    /// Innovations.
    pub hits: u64,
    /// Mean NIS per degree of freedom: one, if S is right.
    pub ratio: f64,
    /// Where that is for a consistent filter: from …
    pub low: f64,
    /// … to.
    pub high: f64,
    /// In words.
    pub verdict: &'static str,
}

impl Report {
    /// The latest so many decisions, and all that was found out of sensors and tracks.
    #[must_use]
    pub fn of(decisions: &Decisions, node: &Node, most: usize) -> Self {
        let names: BTreeMap<TrackNumber, String> =
            node.picture().map(|track| (track.own_id().number, short_name(track.id()))).collect();
        let sensors = decisions.sensors().map(|(id, told)| Consistency::of(node.sensor_name(id).to_owned(), told));
        let tracks = decisions.tracks().map(|(number, told)| {
            let name = names.get(&number).map_or_else(String::new, |name| format!(" {name}"));
            Consistency::of(format!("{number}{name}"), told)
        });
        Self {
            decisions: decisions.latest(most).map(|entry| line(entry, node)).collect(),
            forgotten: decisions.forgotten(),
            sensors: sensors.collect(),
            tracks: tracks.collect(),
        }
    }
}

fn line(entry: &Entry, node: &Node) -> Line {
    let apart = entry.decision.apart().filter(|apart| apart.distance_squared.is_finite());
    let probability = if let Decision::Weighed { beta, .. } = entry.decision { Some(beta.into()) } else { None };
    Line {
        time_ns: entry.time.as_nanos(),
        sensor: entry.sensor.map(|id| node.sensor_name(id).to_owned()),
        plot: entry.ordinal,
        track: entry.track.map(|number| number.to_string()),
        sigmas: apart.map(|apart| apart.sigmas()),
        gate_sigmas: apart.map(|apart| apart.gate_sigmas()),
        probability,
        counter: entry.decision.counter(),
        replayed: entry.replayed,
        what: entry.what().to_string(),
    }
}

impl Consistency {
    fn of<const MEMORY: u32>(name: String, told: &Told<NisMonitor<MEMORY>>) -> Self {
        let (low, high) = told.monitor.band();
        let verdict = match told.monitor.verdict() {
            _ if told.monitor.effective_freedom() < FREEDOM_TOLD => "too few to tell",
            Verdict::TooCautious => "errs less than it claims",
            Verdict::Consistent => "as it claims",
            Verdict::TooConfident => "errs more than it claims",
        };
        Self { name, hits: told.hits, ratio: told.monitor.ratio(), low, high, verdict }
    }
}

/// Effective degrees of freedom below which the band is so wide that it tells nothing.
const FREEDOM_TOLD: f64 = 10.0;

/// Rows of the table of tracks; a program gets all.
const TRACKS_SHOWN: usize = 20;

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let width = self.decisions.iter().filter_map(|line| line.sensor.as_ref()).map(String::len).max().unwrap_or(0);
        for line in &self.decisions {
            let sensor = line.sensor.as_deref().unwrap_or_default();
            let plot = line.plot.map_or_else(String::new, |plot| format!("plot {plot}"));
            let time = ClockTime(fusion_core::time::Timestamp::from_nanos(line.time_ns));
            writeln!(f, "{time}  {sensor:<width$}  {plot:<9}  {}", line.what)?;
        }
        if self.forgotten > 0 {
            writeln!(f, "\n{} earlier decisions were forgotten for want of room", self.forgotten)?;
        }
        let mut tracks: Vec<&Consistency> = self.tracks.iter().collect();
        tracks.sort_by_key(|track| std::cmp::Reverse(track.hits));
        table(f, "sensor", self.sensors.iter())?;
        table(f, "track", tracks.iter().copied().take(TRACKS_SHOWN))?;
        let left = tracks.len().saturating_sub(TRACKS_SHOWN);
        if left > 0 { writeln!(f, "and {left} tracks with fewer hits") } else { Ok(()) }
    }
}

fn table<'a>(f: &mut Formatter<'_>, of: &str, rows: impl Iterator<Item = &'a Consistency>) -> Result {
    writeln!(
        f,
        "\n{of:<24} {:>6}  {:>5}  {:<13}  innovations of confirmed tracks (NIS; 1 is right)",
        "hits", "ratio", "band"
    )?;
    for row in rows {
        let band = format!("{:.2} to {:.2}", row.low, row.high);
        writeln!(f, "{:<24} {:>6}  {:>5.2}  {band:<13}  {}", row.name, row.hits, row.ratio, row.verdict)?;
    }
    Ok(())
}
