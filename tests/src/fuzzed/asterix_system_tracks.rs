//! A system that tracks: CAT062, CAT063 and CAT065, in datagrams and in a stream.

use sensor_drivers::asterix::reception::{Framing, ReceptionConfig};
use sensor_drivers::asterix::system_tracks::{SystemTracks, SystemTracksConfig};

/// The driver in both framings, and the description of every record.
pub fn target(input: &[u8]) {
    for framing in [Framing::Datagrams, Framing::Stream] {
        let reception = ReceptionConfig { framing, ..ReceptionConfig::default() };
        super::feed(
            &mut SystemTracks::decoder(SystemTracksConfig { reception, ..SystemTracksConfig::default() }),
            input,
        );
    }
    assert!(sensor_drivers::asterix::describe(input).count() <= input.len());
}
