//! KLV of drones, bare and in transport streams.

use sensor_drivers::klv::{KlvConfig, KlvDecoder};

/// The driver over a stream and over datagrams, taking everything for a target.
pub fn target(input: &[u8]) {
    for datagrams in [false, true] {
        let config = KlvConfig {
            datagrams,
            take_target_location: true,
            take_frame_centre: true,
            report_platform: true,
            ..KlvConfig::default()
        };
        super::feed(&mut KlvDecoder::new(config), input);
    }
}
