//! `copmesh trail`: why did this recording give these tracks?
//!
//! The recording is replayed as `copmesh replay --deterministic` does, so tracks have the same numbers, and the node is
//! asked after every scan what it decided.

use super::replay::merge::Merged;
use super::{Failure, TrailArgs, say, say_json};
use crate::config::Config;
use crate::decisions::report::Report;
use crate::decisions::{Decisions, TRAIL_ENTRIES, Wanted};
use crate::engine::sensor_id;
use crate::node::{Node, node_id};
use crate::recording::Entry;
use fusion_core::measurement::SensorId;
use fusion_core::time::Timestamp;
use fusion_core::track::Origin;

/// Replays recordings and prints the decisions that are asked for.
///
/// # Errors
/// [`Failure`] if an input is refused, nothing concerns the track, or the answer cannot be written.
pub fn run(args: &TrailArgs) -> Result<(), Failure> {
    let merged = Merged::open(&args.files, args.config.as_deref(), args.import.date, args.import.port)?;
    merged.config.check().map_err(Failure::refused)?;
    let sensor = args.sensor.as_deref().map(|name| sensor(&merged.config, name)).transpose()?;
    let origin = Origin { node: node_id(&merged.config.node.name), incarnation: 1 };
    let node = Node::listening(&merged.config, origin, TRAIL_ENTRIES).map_err(Failure::refused)?;
    let decisions = Decisions::new(Wanted { sensor, track: args.track.clone() });
    let mut asking = Asking { node, decisions, newest: Timestamp::EPOCH };
    for entry in merged {
        match entry {
            Ok(entry) => asking.handle(&entry),
            // What can be read of it was; the other recordings go on.
            Err(e) => eprintln!("copmesh: {e}"),
        }
    }
    let report = Report::of(&asking.decisions, &asking.node, args.last);
    if let Some(track) = args.track.as_ref().filter(|_| report.decisions.is_empty()) {
        return Err(Failure::refused(format!(
            "--track {track}: no decision concerns it; give a number, an id, a name or an address as in the tracks file"
        )));
    }
    if args.json { say_json(&report) } else { say(&report) }
}

struct Asking {
    node: Node,
    decisions: Decisions,
    newest: Timestamp,
}

impl Asking {
    fn handle(&mut self, entry: &Entry) {
        // Receipts may step back by a little where files are merged or clocks corrected; time itself does not.
        self.newest = self.newest.max(entry.received);
        while let Some(due) = self.node.deadline_before(self.newest) {
            self.node.handle_timeout(due);
            self.follow();
        }
        self.node.handle_arrival(entry.sensor, entry.link, &entry.arrival, entry.received);
        self.follow();
    }

    fn follow(&mut self) {
        while self.node.poll().is_some() {
            self.decisions.follow(&self.node);
        }
        self.decisions.follow(&self.node);
    }
}

fn sensor(config: &Config, name: &str) -> Result<SensorId, Failure> {
    config.sensors.iter().position(|sensor| sensor.name == name).map(sensor_id).ok_or_else(|| {
        let names: Vec<&str> = config.sensors.iter().map(|sensor| sensor.name.as_str()).collect();
        Failure::refused(format!("--sensor {name}: the recording has {}", names.join(", ")))
    })
}
