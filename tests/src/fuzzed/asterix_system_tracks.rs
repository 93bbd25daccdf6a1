//! A system that tracks: CAT062, CAT063 and CAT065, in datagrams and in a stream.

use sensor_drivers::asterix::radar::Framing;
use sensor_drivers::asterix::reception::StationConfig;
use sensor_drivers::asterix::system_tracks::{SystemTracks, SystemTracksConfig};

/// The driver in both framings, and the description of every record.
pub fn target(input: &[u8]) {
    for framing in [Framing::Datagrams, Framing::Stream] {
        let station = StationConfig { framing, ..StationConfig::default() };
        super::feed(&mut SystemTracks::decoder(SystemTracksConfig { station, ..SystemTracksConfig::default() }), input);
    }
    assert!(sensor_drivers::asterix::describe(input).count() <= input.len());
}
