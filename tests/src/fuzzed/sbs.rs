//! SBS-1 lines.

use fusion_core::time::Span;
use sensor_drivers::sbs::{SbsConfig, SbsDecoder};

/// The driver.
pub fn target(input: &[u8]) {
    super::feed(&mut SbsDecoder::new(SbsConfig { sigma_m: 40.0, latency: Span::ZERO }), input);
}
