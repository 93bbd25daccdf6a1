//! What became of a replay: every entry accounted for, the rate, the tracks, and their hash.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use fusion_core::measurement::SensorId;
use proto::codec::{FNV_BASIS, fnv1a};
use serde::Serialize;

use super::Fed;
use super::merge::Merged;
use crate::addresses::AddressSummary;
use crate::cli::{Failure, ReplayArgs, say, say_json};
use crate::clock::Monotonic;
use crate::engine::{Engine, sensor_id};
use crate::node::Node;

/// The result of a replay.
#[derive(Clone, Debug, Serialize)]
pub struct Replayed {
    /// Entries fed.
    pub entries: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Length of the recording, seconds.
    pub recorded_s: f64,
    /// How long the replay took, seconds.
    pub took_s: f64,
    /// Entries per second of the replay.
    pub entries_per_s: f64,
    /// Lines or packets of imports that could not be used, with the first reason.
    pub refused: Vec<(u64, Option<String>)>,
    /// Recordings that could not be read to their end, and why.
    pub broken: Vec<String>,
    /// What each sensor's driver counted.
    pub sensors: Vec<(String, Vec<(&'static str, u64)>)>,
    /// What the tracker and the picture counted.
    pub counters: Vec<(&'static str, u64)>,
    /// Tracks that were ever confirmed.
    pub tracks: u64,
    /// Tracks against the addresses that targets transmit.
    pub addresses: AddressSummary,
    /// Whether addresses were hidden from association.
    pub blind: bool,
    /// Hash of the tracks file (FNV-1a, 64 bits).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracks_hash: Option<String>,
}

/// Collects the result, completing the files.
///
/// # Errors
/// [`Failure`] if a file could not be completed.
pub fn collect(
    engine: Engine,
    fed: Fed,
    merged: &Merged,
    took: Monotonic,
    args: &ReplayArgs,
) -> Result<Replayed, Failure> {
    let took_s = took.since(Monotonic::default()).as_secs_f64();
    let addresses = engine.addresses();
    let node = engine.finish().map_err(Failure::failed)?;
    let mut counters = Vec::new();
    node.counters(&mut |name, count| counters.push((name, count)));
    let refusal = |r: &crate::recording::Refused| {
        let (count, first) = r.summary();
        (count, first.map(str::to_owned))
    };
    let tracks_hash = match &args.tracks {
        Some(path) => Some(hash(path)?),
        None => None,
    };
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 53 bits")]
    let entries_per_s = if took_s > 0.0 { fed.entries as f64 / took_s } else { 0.0 };
    Ok(Replayed {
        entries: fed.entries,
        bytes: fed.bytes,
        recorded_s: fed.span.map_or(0.0, |(first, last)| (last - first).as_secs_f64()),
        took_s,
        entries_per_s,
        broken: fed.broken,
        refused: merged.refused.iter().map(|r| refusal(r)).collect(),
        sensors: (0..node.sensors()).map(|i| counted(&node, sensor_id(i))).collect(),
        counters,
        tracks: node.tracks_ever(),
        addresses,
        blind: args.blind,
        tracks_hash,
    })
}

fn counted(node: &Node, id: SensorId) -> (String, Vec<(&'static str, u64)>) {
    let mut counters = Vec::new();
    node.sensor_counters(id, &mut |name, count| counters.push((name, count)));
    (node.sensor_name(id).to_owned(), counters)
}

/// Prints the result.
///
/// # Errors
/// [`Failure`] if it cannot be written as JSON.
pub fn print(args: &ReplayArgs, replayed: &Replayed) -> Result<(), Failure> {
    if args.json { say_json(replayed) } else { say(replayed) }
}

impl core::fmt::Display for Replayed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        writeln!(
            f,
            "{} entries ({} bytes, {:.1} s recorded) in {:.2} s: {:.0} entries/s, {:.0} x real time",
            self.entries,
            self.bytes,
            self.recorded_s,
            self.took_s,
            self.entries_per_s,
            if self.took_s > 0.0 { self.recorded_s / self.took_s } else { 0.0 }
        )?;
        for broken in &self.broken {
            writeln!(f, "not read to its end: {broken}")?;
        }
        for (count, first) in self.refused.iter().filter(|(count, _)| *count > 0) {
            writeln!(f, "{count} lines or packets could not be used; the first: {}", first.as_deref().unwrap_or("?"))?;
        }
        for (name, counters) in &self.sensors {
            writeln!(f, "\nsensor {name}")?;
            list(f, counters)?;
        }
        writeln!(f, "\ntracker and picture")?;
        list(f, &self.counters)?;
        writeln!(f, "\n{} tracks were confirmed", self.tracks)?;
        if !self.addresses.lines.is_empty() {
            let how = if self.blind { "hidden from association" } else { "used in association" };
            writeln!(f, "\naddresses ({how}) against tracks")?;
            write!(f, "{}", self.addresses)?;
        }
        if let Some(hash) = &self.tracks_hash {
            writeln!(f, "\ntracks file hash {hash}")?;
        }
        Ok(())
    }
}

fn list(f: &mut core::fmt::Formatter<'_>, counters: &[(&'static str, u64)]) -> core::fmt::Result {
    for (name, count) in counters.iter().filter(|(_, count)| *count > 0) {
        writeln!(f, "  {name:<36} {count:>12}")?;
    }
    Ok(())
}

fn hash(path: &Path) -> Result<String, Failure> {
    let fail = |e: std::io::Error| Failure::failed(format!("{}: {e}", path.display()));
    let mut file = File::open(path).map_err(fail)?;
    let mut buffer = vec![0; 1 << 16];
    let mut hash = FNV_BASIS;
    loop {
        let length = file.read(&mut buffer).map_err(fail)?;
        if length == 0 {
            return Ok(format!("{hash:016x}"));
        }
        hash = fnv1a(hash, &buffer[..length]);
    }
}
