//! Stations that report targets one by one: CAT010, CAT019, CAT020, and CAT021 in three editions, in datagrams and in a
//! stream.

use fusion_core::geodesy::Geodetic;
use sensor_drivers::asterix::adsb::{AdsbConfig, AdsbDecoder, Edition};
use sensor_drivers::asterix::describe_by;
use sensor_drivers::asterix::ground_station::GroundStationConfig;
use sensor_drivers::asterix::reception::{Framing, ReceptionConfig};
use sensor_drivers::asterix::surface::{SurfaceConfig, SurfaceDecoder};

/// All drivers in both framings, and the description of every record by every edition.
pub fn target(input: &[u8]) {
    for framing in [Framing::Datagrams, Framing::Stream] {
        let position = Geodetic::from_degrees(41.297, 2.078, 50.0);
        let reception = ReceptionConfig { framing, ..ReceptionConfig::default() };
        let station = GroundStationConfig { reception, position, ..GroundStationConfig::default() };
        super::feed(&mut SurfaceDecoder::new(SurfaceConfig { station, ..SurfaceConfig::default() }), input);
        for edition in [Edition::V0_23, Edition::V0_26, Edition::V2] {
            super::feed(&mut AdsbDecoder::new(AdsbConfig { station, edition, ..AdsbConfig::default() }), input);
            assert!(describe_by(edition.catalogue(), input).count() <= input.len());
        }
    }
}
