//! A whole node over a whole day: what it holds in memory and how long its calls take, hour by hour.
//!
//! The scenario of the demonstration keeps its density for ever: whatever passes comes again, each time as a new
//! track. So a table that forgets to forget, or a number that runs out, shows as a column that climbs. Memory is what
//! this thread has allocated and not given back: exactly what the node holds, and the simulation beside it.

use edge_node::node::{Node, Output, node_id};
use edge_node::picture::PictureChange;
use edge_node::simulated;
use fusion_core::measurement::SensorId;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::Origin;
use sensor_drivers::sim::scenario::{self, Scenario};
use sensor_drivers::sim::{Emission, Simulation};
use tests::resident_kb;

use crate::allocations::held;
use crate::measure::{Times, real, timed_cpu};
use crate::options::Options;
use crate::table::{Table, fixed};

const BEGIN: Timestamp = Timestamp::from_secs(1_717_236_000);
const HOUR_S: i64 = 3_600;
const SEED: u64 = 1;

pub fn table(options: &Options) -> Table {
    const COLUMNS: [&str; 11] =
        ["hour", "receipts", "updates", "ended", "shown", "held kB", "RSS MB", "CPU %", "ms mean", "p99", "max"];
    let mut table = Table::new("day", "a node over the scenario of the demonstration", &COLUMNS);
    let mut day = Day::new(options.hours);
    for hour in 1..=options.hours {
        let before = (day.receipts, day.updates, day.ended);
        let times_ms = day.run(hour);
        let load = times_ms.iter().sum::<f64>() / 1e3 / 3.6e3;
        let times = Times::of(times_ms);
        table.row([
            hour.to_string(),
            (day.receipts - before.0).to_string(),
            (day.updates - before.1).to_string(),
            (day.ended - before.2).to_string(),
            day.node.picture().count().to_string(),
            fixed(real(held()) / 1e3, 0),
            fixed(1e-3 * resident_kb(), 1),
            fixed(100.0 * load, 2),
            fixed(times.mean, 4),
            fixed(times.p99, 3),
            fixed(times.max, 2),
        ]);
    }
    table.note(
        "per hour; held: what the node and the simulation have allocated at its end; times of a call to the node",
    );
    table
}

/// A node and what is simulated for it.
struct Day {
    node: Node,
    simulation: Simulation,
    next: Option<Emission>,
    receipts: u64,
    updates: u64,
    ended: u64,
}

impl Day {
    fn new(hours: u32) -> Self {
        let scenario = Scenario { duration_s: 3_600.0 * f64::from(hours), ..scenario::demo() };
        let config = simulated::config(&scenario).expect("the scenario that ships is sound");
        let origin = Origin { node: node_id(&config.node.name), incarnation: 1 };
        let node = Node::new(&config, origin).expect("as above");
        let mut simulation = Simulation::new(scenario, SEED, BEGIN).expect("as above");
        let next = simulation.next_emission();
        Self { node, simulation, next, receipts: 0, updates: 0, ended: 0 }
    }

    /// Goes on for an hour; how long each call took, ms.
    fn run(&mut self, hour: u32) -> Vec<f64> {
        let end = BEGIN + Span::from_secs(HOUR_S * i64::from(hour));
        let mut times_ms = Vec::new();
        while let Some(emission) = self.next.take_if(|next| next.time < end) {
            while let Some(due) = self.node.deadline_before(emission.time) {
                times_ms.push(self.call(|node| node.handle_timeout(due)));
            }
            let sensor = SensorId(u16::try_from(emission.sensor).expect("few"));
            times_ms.push(self.call(|node| node.handle_bytes(sensor, &emission.bytes, emission.time)));
            self.receipts += 1;
            self.next = self.simulation.next_emission();
        }
        times_ms
    }

    /// One call, and all that comes out of it: how long it took, ms.
    fn call(&mut self, call: impl FnOnce(&mut Node)) -> f64 {
        let ((), seconds) = timed_cpu(|| {
            call(&mut self.node);
            while let Some(output) = self.node.poll() {
                if let Output::Picture(change) = output {
                    self.updates += 1;
                    self.ended += u64::from(matches!(change, PictureChange::Gone { .. }));
                }
            }
        });
        1e3 * seconds
    }
}
