//! One radar: CAT048 and CAT034, in datagrams and in a stream.

use sensor_drivers::asterix::radar::{RadarConfig, RadarDecoder};
use sensor_drivers::asterix::reception::{Framing, ReceptionConfig};

/// The driver in both framings, and the description of every record.
pub fn target(input: &[u8]) {
    for framing in [Framing::Datagrams, Framing::Stream] {
        let reception = ReceptionConfig { framing, ..ReceptionConfig::default() };
        super::feed(&mut RadarDecoder::new(RadarConfig { reception, ..RadarConfig::default() }), input);
    }
    assert!(sensor_drivers::asterix::describe(input).count() <= input.len());
}
