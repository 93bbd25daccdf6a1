//! Cursor on Target, in datagrams and over a stream.

use sensor_drivers::cot::{CotConfig, CotDecoder, Take};

/// Both framings, with everything taken and no time refused, so that what is told is used. Each event must end in
/// exactly one counter.
pub fn target(input: &[u8]) {
    for datagrams in [true, false] {
        for trust_times in [true, false] {
            let config =
                CotConfig { datagrams, trust_times, take: Take::All, keep_simulated: true, ..CotConfig::default() };
            let mut decoder = CotDecoder::new(config);
            super::feed(&mut decoder, input);
            assert!(decoder.tally().balances(), "{:?}", decoder.tally());
        }
    }
}
