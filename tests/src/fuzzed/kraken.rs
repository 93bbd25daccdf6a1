//! KrakenSDR pages and pushes.

use sensor_drivers::kraken::{Heading, KrakenConfig, KrakenDecoder};

/// The driver as of a vehicle, which believes most of what is told.
pub fn target(input: &[u8]) {
    let config = KrakenConfig { azimuth_sigma: 0.05, heading: Heading::Gps, confidence_min: 0.0, mobile: true };
    super::feed(&mut KrakenDecoder::new(config), input);
}
