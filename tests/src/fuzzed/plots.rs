//! Our own plots as NDJSON.

use sensor_drivers::plots::{PlotsConfig, PlotsDecoder};

/// The driver over a stream and over datagrams.
pub fn target(input: &[u8]) {
    for datagrams in [false, true] {
        let config = PlotsConfig { datagrams, ..PlotsConfig::default() };
        super::feed(&mut PlotsDecoder::new(config).expect("the default is sound"), input);
    }
}
