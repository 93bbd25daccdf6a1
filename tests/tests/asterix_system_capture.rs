//! What a real system sent decodes without a fault: every item of every record, and the tracks in it lie on the earth.
//!
//! The capture is small: one datagram with a CAT062 and a CAT065 block.

use std::collections::BTreeMap;

use fusion_core::geodesy::Geodetic;
use fusion_core::time::Timestamp;
use sensor_drivers::asterix::cat062::SystemTrack;
use sensor_drivers::asterix::system_tracks::{SystemTracks, SystemTracksConfig};
use sensor_drivers::asterix::wire::TypedRecord;
use sensor_drivers::asterix::{CATALOGUE, blocks, compose_block, describe, records};
use sensor_drivers::decoder::{Decoder, Report};

/// UDP payloads of a pcap file of Ethernet frames with IPv4 (libpcap's own format, little-endian).
fn datagrams(pcap: &[u8]) -> Vec<&[u8]> {
    const FILE_HEADER: usize = 24;
    const PACKET_HEADER: usize = 16;
    const ETHERNET_HEADER: usize = 14;
    const UDP_HEADER: usize = 8;
    let mut rest = &pcap[FILE_HEADER..];
    let mut found = Vec::new();
    while let Some((header, after)) = rest.split_at_checked(PACKET_HEADER) {
        let length = u32::from_le_bytes(header[8..12].try_into().expect("four octets"));
        let (frame, next) = after.split_at(usize::try_from(length).expect("a packet"));
        let ip = &frame[ETHERNET_HEADER..];
        let udp = &ip[usize::from(ip[0] & 0x0F) * 4..];
        let end = usize::from(u16::from_be_bytes([udp[4], udp[5]]));
        found.push(&udp[UDP_HEADER..end]);
        rest = next;
    }
    found
}

#[test]
fn every_record_of_a_real_system_decodes_and_its_tracks_are_source_tracks() {
    let Some(path) = tests::recording("asterix_system_capture", "cat_062_065.pcap") else { return };
    let pcap = std::fs::read(path).expect("readable");
    let mut counts = BTreeMap::new();
    let mut decoder = SystemTracks::decoder(SystemTracksConfig::default());
    let mut source_tracks = 0;
    for datagram in datagrams(&pcap) {
        for record in records(datagram, CATALOGUE) {
            let record = record.unwrap_or_else(|fault| panic!("{fault} in {datagram:02x?}"));
            *counts.entry(record.spec.category).or_insert(0) += 1;
            if let Some(track) = SystemTrack::of(&record) {
                assert!(
                    track.number.is_some() && track.position_deg.is_some() && track.velocity.is_some(),
                    "{track:?}"
                );
            }
        }
        for block in blocks(datagram).flatten() {
            let octets = &datagram[block.offset..][..block.body.len() + 3];
            let shown: Vec<_> = describe(octets).map(|record| record.expect("sound")["items"].take()).collect();
            assert_eq!(compose_block(block.category, &shown).as_deref(), Ok(octets));
        }
        decoder.handle_bytes(datagram, Timestamp::from_secs(1_700_000_000));
        while let Some(report) = decoder.poll_report() {
            if let Report::SourceTrack(track) = report.expect("sound") {
                source_tracks += 1;
                let place = Geodetic::from_ecef(track.position);
                assert!((-500.0..20_000.0).contains(&place.height_m), "{place:?}");
                assert!(track.velocity.is_some_and(|velocity| velocity.speed() < 400.0));
            }
        }
    }
    eprintln!("asterix_system_capture: {counts:?}, {source_tracks} source tracks");
    assert!(counts.contains_key(&62) && counts.contains_key(&65), "{counts:?}");
    assert_eq!(decoder.listener().tally().records(), decoder.tally().records);
    assert!(source_tracks > 0);
}
