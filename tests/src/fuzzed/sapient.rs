//! SAPIENT connections, as a server and as a client.

use sensor_drivers::decoder::Decoder as _;
use sensor_drivers::sapient::{Reporting, Role, SapientConfig, SapientDecoder};

/// The driver in both roles; and what it answers is itself sound.
///
/// # Panics
/// If an answer breaks the rules of the edition, or a message is counted twice or not at all.
pub fn target(input: &[u8]) {
    for (role, reporting) in [(Role::Server, Reporting::Declared), (Role::Client, Reporting::Tracks)] {
        let mut decoder = SapientDecoder::new(SapientConfig { role, reporting, ..SapientConfig::default() });
        decoder.handle_connection(true);
        super::feed(&mut decoder, input);
        assert!(decoder.tally().balances(), "{:?}", decoder.tally());
        while let Some(answer) = decoder.poll_transmit() {
            assert!(sensor_drivers::sapient::check(&answer[4..]).is_ok(), "{answer:?}");
        }
    }
}
