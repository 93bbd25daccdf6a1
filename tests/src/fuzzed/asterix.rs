//! One radar: CAT048 and CAT034, in datagrams and in a stream.

use sensor_drivers::asterix::radar::{Framing, RadarConfig, RadarDecoder};

/// The driver in both framings, and the description of every record.
pub fn target(input: &[u8]) {
    for framing in [Framing::Datagrams, Framing::Stream] {
        super::feed(&mut RadarDecoder::new(RadarConfig { framing, ..RadarConfig::default() }), input);
    }
    assert!(sensor_drivers::asterix::describe(input).count() <= input.len());
}
