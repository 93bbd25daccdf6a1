//! A drone radar: CAT015, in datagrams and in a stream.

use sensor_drivers::asterix::drone_radar::{DroneRadar, DroneRadarConfig};
use sensor_drivers::asterix::reception::{Framing, ReceptionConfig};

/// The driver in both framings, and the description of every record.
pub fn target(input: &[u8]) {
    for framing in [Framing::Datagrams, Framing::Stream] {
        let reception = ReceptionConfig { framing, ..ReceptionConfig::default() };
        super::feed(&mut DroneRadar::decoder(DroneRadarConfig { reception, ..DroneRadarConfig::default() }), input);
    }
    assert!(sensor_drivers::asterix::describe(input).count() <= input.len());
}
