//! What real radars sent decodes without a fault, and encodes back to the same octets.
//!
//! The capture holds CAT034 and CAT048 of several radars, each record twice over two networks, with Mode S targets that
//! carry one to three BDS registers.

use std::collections::BTreeMap;

use sensor_drivers::asterix::cat034::ServiceMessage;
use sensor_drivers::asterix::cat048::TargetReport;
use sensor_drivers::asterix::wire::{TypedRecord, Wire};
use sensor_drivers::asterix::{CATALOGUE, Record, blocks, compose_block, describe, records};

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

fn encoded_again(record: &Record<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(report) = TargetReport::of(record) {
        report.encode(&mut out).expect("it was on the wire");
    } else {
        let message = ServiceMessage::of(record).expect("of one of the two categories");
        message.encode(&mut out).expect("it was on the wire");
    }
    out
}

#[test]
fn every_record_of_real_radars_decodes_and_encodes_back() {
    let Some(path) = tests::recording("asterix_capture", "cat_034_048.pcap") else { return };
    let pcap = std::fs::read(path).expect("readable");
    let mut counts = BTreeMap::new();
    for datagram in datagrams(&pcap) {
        for record in records(datagram, CATALOGUE) {
            let record = record.unwrap_or_else(|fault| panic!("{fault} in {datagram:02x?}"));
            assert_eq!(encoded_again(&record), record.octets);
            *counts.entry(record.spec.category).or_insert(0) += 1;
        }
        for block in blocks(datagram).flatten() {
            let octets = &datagram[block.offset..][..block.body.len() + 3];
            let shown: Vec<_> = describe(octets).map(|record| record.expect("sound")["items"].take()).collect();
            assert_eq!(compose_block(block.category, &shown).as_deref(), Ok(octets));
        }
    }
    assert_eq!(counts, BTreeMap::from([(34, 34), (48, 128)]));
}
