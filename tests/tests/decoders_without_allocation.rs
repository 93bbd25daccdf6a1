//! No driver asks for memory once it runs: the simulated sensors of all shipped scenarios, with allocations counted.
//!
//! Lists of returns go back to their driver, as the node gives them back. What a driver is told for the first time may
//! take memory that it keeps, and an answer to a registration is a message of its own: both are rare.

#[path = "../../fusion-core/tests/common/allocations.rs"]
mod allocations;

use allocations::allocations;
use edge_node::config::SensorConfig;
use edge_node::{drivers, simulated};
use fusion_core::time::{Span, Timestamp};
use sensor_drivers::decoder::{Decoder, Report};
use sensor_drivers::sim::Simulation;
use sensor_drivers::sim::scenario::{SHIPPED, Scenario};

const START: Timestamp = Timestamp::from_secs(1_717_236_000);

/// By then a driver has what it needs.
const RUNNING_AFTER: Span = Span::from_secs(40);

/// What one sensor sent once it ran, and how often its driver asked for memory.
struct Driver {
    decoder: Box<dyn Decoder>,
    reports: u64,
    allocations: u64,
}

impl Driver {
    /// Takes in what was sent; how many reports that gave.
    fn hear(&mut self, bytes: &[u8], time: Timestamp) -> u64 {
        self.decoder.handle_bytes(bytes, time);
        self.decoder.handle_timeout(time);
        let mut reports = 0;
        while let Some(report) = self.decoder.poll_report() {
            reports += 1;
            if let Ok(Report::Scan(scan)) = report {
                self.decoder.recycle(scan);
            }
        }
        while self.decoder.poll_transmit().is_some() {}
        reports
    }
}

fn lived(scenario: &Scenario) -> Vec<Driver> {
    let config = simulated::config(scenario).expect("drivers for all that is simulated");
    let driver = |sensor: &SensorConfig| Driver { decoder: drivers::decoder(sensor), reports: 0, allocations: 0 };
    let mut heard: Vec<Driver> = config.sensors.iter().map(driver).collect();
    let mut simulation = Simulation::new(scenario.clone(), scenario.seed, START).expect("a sound scenario");
    while let Some(emission) = simulation.next_emission() {
        let driver = &mut heard[emission.sensor];
        let before = allocations();
        let reports = driver.hear(&emission.bytes, emission.time);
        if emission.time - START > RUNNING_AFTER {
            driver.reports += reports;
            driver.allocations += allocations() - before;
        }
    }
    heard
}

#[test]
fn no_driver_allocates_for_a_report_once_it_runs() {
    println!("{:<10} {:<16} {:>9} {:>12}", "scenario", "sensor", "reports", "allocations");
    let mut greedy = Vec::new();
    for one in SHIPPED {
        let mut scenario = one.scenario();
        scenario.duration_s = 80.0;
        scenario.traffic.iter_mut().for_each(|traffic| traffic.count /= 10);
        for (driver, sensor) in lived(&scenario).iter().zip(&scenario.sensors) {
            println!("{:<10} {:<16} {:>9} {:>12}", one.name, sensor.name(), driver.reports, driver.allocations);
            if driver.allocations > driver.reports / 100 + 16 {
                greedy.push((one.name, sensor.name().to_owned()));
            }
        }
    }
    assert!(greedy.is_empty(), "{greedy:?}");
}
