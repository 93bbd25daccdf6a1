//! What a node makes of recorded input, as one hash an input. The lines of two builds of this program, for whatever
//! machine and profile, must be the same; `cross/test-determinism` compares them.
//!
//! The node alone, without its shell, fed as `copmesh replay --deterministic` feeds it. The hash is over the lines that
//! `--tracks` would write, so a Mode S recording has the hash that the replay tells.

use std::error::Error;
use std::io::Write;
use std::path::Path;

use edge_node::config::{Config, NodeConfig, SensorConfig, SensorKind};
use edge_node::drivers;
use edge_node::node::{Node, Output, node_id};
use edge_node::simulated;
use edge_node::tracks_file::TracksFile;
use fusion_core::geodesy::Geodetic;
use fusion_core::measurement::SensorId;
use fusion_core::time::Timestamp;
use fusion_core::track::Origin;
use proto::codec::{FNV_BASIS, fnv1a};
use sensor_drivers::decoder::{Place, Report};
use sensor_drivers::mode_s::recorded;
use sensor_drivers::sim::scenario::{self, Scenario};
use sensor_drivers::sim::{Emission, Simulation};

const USAGE: &str = "usage: replay_digest [--lines] INPUT...

Prints for each input: its name, entries fed, updates of the picture, FNV-1a 64 hash of the track lines.

INPUT     demo:SEED:SECONDS, the built-in scenario from its start; or a Mode S recording, lines `unix time,hex`
--lines   the track lines themselves, to find where two machines part";

/// When the simulated scenario begins. Any time will do, as long as it is the same everywhere.
const START: Timestamp = Timestamp::from_secs(1_717_236_000);

/// As for recordings imported by the replay: nobody knows how far the receiver heard.
const IMPORT_RANGE_M: f64 = 3_000_000.0;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (lines, inputs) = match arguments.split_first() {
        Some((first, rest)) if first == "--lines" => (true, rest),
        _ => (false, arguments.as_slice()),
    };
    if inputs.is_empty() || inputs.iter().any(|input| input.starts_with('-')) {
        return Err(USAGE.into());
    }
    for text in inputs {
        let input = Input::open(text).map_err(|e| format!("{text}: {e}"))?;
        if lines {
            input.replay(std::io::stdout().lock())?;
        } else {
            let mut digest = Digest(FNV_BASIS);
            let updates = input.replay(&mut digest)?;
            println!("{}: {} entries, {updates} updates, hash {:016x}", input.name, input.receipts.len(), digest.0);
        }
    }
    Ok(())
}

/// Something to replay.
struct Input {
    name: String,
    config: Config,
    receipts: Vec<Receipt>,
}

/// Bytes as they came in.
struct Receipt {
    received: Timestamp,
    sensor: SensorId,
    bytes: Vec<u8>,
}

impl Input {
    fn open(text: &str) -> Result<Self, Box<dyn Error>> {
        match text.strip_prefix("demo:") {
            Some(numbers) => {
                let (seed, seconds) = numbers.split_once(':').ok_or("write demo:SEED:SECONDS")?;
                demo(text, seed.parse()?, seconds.parse()?)
            }
            None => mode_s(Path::new(text)),
        }
    }

    /// Feeds a node; how many updates its picture had.
    fn replay(&self, lines: impl Write) -> Result<u64, Box<dyn Error>> {
        let mut node = Node::new(&self.config, Origin { node: node_id(&self.config.node.name), incarnation: 1 })?;
        let mut tracks = TracksFile::new(lines);
        let mut updates = 0;
        let mut drain = |node: &mut Node| {
            while let Some(output) = node.poll() {
                if let Output::Picture(change) = output {
                    tracks.write(&change);
                    updates += 1;
                }
            }
        };
        for receipt in &self.receipts {
            while let Some(due) = node.deadline_before(receipt.received) {
                node.handle_timeout(due);
                drain(&mut node);
            }
            node.handle_bytes(receipt.sensor, &receipt.bytes, receipt.received);
            drain(&mut node);
        }
        tracks.finish()?;
        Ok(updates)
    }
}

/// FNV-1a of what is written to it.
struct Digest(u64);

impl Write for Digest {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = fnv1a(self.0, bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn demo(name: &str, seed: u64, seconds: f64) -> Result<Input, Box<dyn Error>> {
    let scenario = Scenario { duration_s: seconds, ..scenario::demo() };
    let config = simulated::config(&scenario)?;
    let mut simulation = Simulation::new(scenario, seed, START)?;
    let emissions = std::iter::from_fn(|| simulation.next_emission());
    let receipts = emissions.map(Receipt::try_from).collect::<Result<_, _>>()?;
    Ok(Input { name: name.to_owned(), config, receipts })
}

impl TryFrom<Emission> for Receipt {
    type Error = std::num::TryFromIntError;

    fn try_from(emission: Emission) -> Result<Self, Self::Error> {
        let sensor = SensorId(u16::try_from(emission.sensor)?);
        Ok(Self { received: emission.time, sensor, bytes: emission.bytes })
    }
}

fn mode_s(path: &Path) -> Result<Input, Box<dyn Error>> {
    let text = std::fs::read(path)?;
    let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let receipts = lines.map(receipt).collect::<Result<Vec<_>, _>>()?;
    let name = path.file_stem().ok_or("is no file")?.to_string_lossy();
    let sensor = SensorConfig::imported(name.replace('_', "-"), SensorKind::Beast);
    let place = first_position(&sensor, &receipts).ok_or("tells no position")?;
    let place = Geodetic { height_m: 0.0, ..place };
    let node = NodeConfig {
        name: sensor.name.clone(),
        latitude_deg: place.latitude_deg(),
        longitude_deg: place.longitude_deg(),
        ..NodeConfig::default()
    };
    let sensor = SensorConfig { range_max_m: IMPORT_RANGE_M, ..standing_at(place, sensor) };
    let name = path.file_name().ok_or("is no file")?.to_string_lossy().into_owned();
    Ok(Input { name, config: Config { node, sensors: vec![sensor], ..Config::default() }, receipts })
}

fn receipt(line: &[u8]) -> Result<Receipt, recorded::RecordedError> {
    let recorded = recorded::parse_line(line)?;
    let mut bytes = Vec::new();
    recorded.frame.encode_into(&mut bytes);
    Ok(Receipt { received: recorded.time, sensor: SensorId(0), bytes })
}

/// Stands in for the place of the receiver, which no such recording tells.
fn first_position(sensor: &SensorConfig, receipts: &[Receipt]) -> Option<Geodetic> {
    let mut decoder = drivers::decoder(sensor);
    receipts.iter().find_map(|receipt| {
        decoder.handle_bytes(&receipt.bytes, receipt.received);
        std::iter::from_fn(|| decoder.poll_report()).find_map(|report| position_in(&report.ok()?))
    })
}

fn position_in(report: &Report) -> Option<Geodetic> {
    let Report::Scan(scan) = report else { return None };
    scan.returns.iter().find_map(|seen| match &seen.place {
        Place::Geodetic(point) => Some(point.position),
        Place::Polar(_) => None,
    })
}

fn standing_at(place: Geodetic, sensor: SensorConfig) -> SensorConfig {
    SensorConfig {
        latitude_deg: Some(place.latitude_deg()),
        longitude_deg: Some(place.longitude_deg()),
        height_m: place.height_m,
        ..sensor
    }
}
