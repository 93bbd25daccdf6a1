//! Links to drones.

use sensor_drivers::mavlink::{MavlinkConfig, MavlinkDecoder, OwnPosition};

/// The driver, drones being measurements and source tracks.
pub fn target(input: &[u8]) {
    for own_position in [OwnPosition::SourceTrack, OwnPosition::Measurement] {
        let config = MavlinkConfig { own_position, ..MavlinkConfig::default() };
        super::feed(&mut MavlinkDecoder::new(config), input);
    }
}
