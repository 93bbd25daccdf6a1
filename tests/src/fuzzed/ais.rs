//! AIS sentences with and without TAG blocks.

use sensor_drivers::ais::{AisConfig, AisDecoder};

/// The driver over a stream and over datagrams.
pub fn target(input: &[u8]) {
    for datagrams in [false, true] {
        super::feed(&mut AisDecoder::new(AisConfig { datagrams, ..AisConfig::default() }), input);
    }
}
