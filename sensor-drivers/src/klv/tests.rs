//! What becomes of packets, from octets to reports.

use super::encode::{Frame, Mux, packet, vmti_packet};
use super::*;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_001);
const THEN: Timestamp = Timestamp::from_secs(1_700_000_000);

fn uas() -> Uas<'static> {
    Uas {
        time: Some(THEN),
        heading_deg: Some(90.0),
        pitch_deg: Some(2.0),
        roll_deg: Some(-1.0),
        latitude_deg: Some(52.0),
        longitude_deg: Some(21.0),
        height_m: Some(1_500.0),
        field_width_deg: Some(10.0),
        field_height_deg: Some(6.0),
        relative_azimuth_deg: Some(350.0),
        relative_elevation_deg: Some(-25.0),
        relative_roll_deg: Some(0.0),
        frame_centre_deg: [Some(52.01), Some(21.02)],
        frame_centre_height_m: Some(110.0),
        target_deg: [Some(52.011), Some(21.021)],
        target_altitude_m: Some(100.0),
        target_ce90_m: Some(21.459_66),
        target_le90_m: Some(16.448_54),
        call_sign: Some("HAWK 1"),
        ..Uas::default()
    }
}

fn by_place() -> Target {
    let location = Location {
        latitude_deg: 52.02,
        longitude_deg: 21.03,
        height_m: Some(120.0),
        sigma_m: Some([6.0, 4.0, 10.0]),
        correlation: 0.5,
    };
    let velocity = Some(([10.0, -5.0, 0.0], Some([1.0, 1.0, 0.5])));
    Target { number: 7, confidence: Some(90), location: Some(location), track: Some([9; 16]), velocity, ..target() }
}

fn by_pixel() -> Target {
    Target { number: 300, pixel: Some(540 * 1920 + 961), confidence: Some(40), ..target() }
}

fn target() -> Target {
    Target::default()
}

fn frame<'a>(targets: &'a [Target], classes: &'a [&'a str]) -> Frame<'a> {
    Frame { size: Some((1920, 1080)), targets, classes }
}

fn bytes(targets: &[Target], classes: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    packet(&uas(), Some(&frame(targets, classes)), &mut out);
    out
}

fn drain(decoder: &mut KlvDecoder) -> (Vec<OwnedScan>, Vec<DecodeError>) {
    let (mut scans, mut errors) = (Vec::new(), Vec::new());
    while let Some(report) = decoder.poll_report() {
        match report {
            Ok(Report::Scan(scan)) => scans.push(scan),
            Ok(_) => {}
            Err(error) => errors.push(error),
        }
    }
    (scans, errors)
}

fn fed(config: KlvConfig, bytes: &[u8]) -> (KlvDecoder, Vec<OwnedScan>, Vec<DecodeError>) {
    let mut decoder = KlvDecoder::new(config);
    decoder.handle_bytes(bytes, NOW);
    let (scans, errors) = drain(&mut decoder);
    (decoder, scans, errors)
}

fn stream() -> KlvConfig {
    KlvConfig { datagrams: false, ..KlvConfig::default() }
}

#[test]
fn a_target_with_a_place_is_a_point_with_its_covariance_and_its_track() {
    let (_, scans, errors) = fed(KlvConfig::default(), &bytes(&[by_place()], &["Truck"]));
    assert_eq!(errors, []);
    let [OwnedScan { time: THEN, from: Some(platform), returns, .. }] = &scans[..] else { panic!("{scans:?}") };
    assert!((platform.position.height_m - 1_500.0).abs() < 0.2);
    let [Return { place: Place::Geodetic(point), identity, .. }] = &returns[..] else { panic!("{returns:?}") };
    assert!((point.position.latitude_deg() - 52.02).abs() < 1e-6);
    assert!((point.horizontal.east_sigma_m - 6.0).abs() < 0.05 && (point.horizontal.correlation - 0.5).abs() < 1e-3);
    assert!((point.velocity.unwrap().east_north_up[1] + 5.0).abs() < 0.1);
    assert_eq!(identity.class, ObjectClass::Ground);
    assert_eq!(
        identity.fingerprint,
        Some(Fingerprint::of(FingerprintKind::VideoTrack, fnv1a(&[9; 16]), TRACK_CONFUSION))
    );
}

#[test]
fn a_target_with_only_a_pixel_is_a_line_of_sight_from_the_platform() {
    let level = Uas { pitch_deg: Some(0.0), roll_deg: Some(0.0), ..uas() };
    let mut out = Vec::new();
    packet(&level, Some(&frame(&[by_pixel()], &[])), &mut out);
    let (decoder, scans, _) = fed(KlvConfig::default(), &out);
    assert_eq!((decoder.tally().sights, decoder.tally().points), (1, 0));
    let [Return { place: Place::Polar(polar), .. }] = &scans[0].returns[..] else { panic!("{scans:?}") };
    // The pixel is half a pixel right and below of the middle.
    assert!((polar.azimuth.value.to_degrees() - 80.0).abs() < 0.01);
    assert!((polar.elevation.unwrap().value.to_degrees() + 25.0).abs() < 0.01);
    // What turns the whole platform is told once, beside its place.
    assert!(hypot(polar.azimuth.sigma, scans[0].from.unwrap().heading_sigma) > 0.035);
}

#[test]
fn what_the_operator_points_at_and_the_platform_are_taken_only_if_configured() {
    let plain = bytes(&[], &[]);
    assert_eq!(fed(KlvConfig::default(), &plain).1, []);
    let config = KlvConfig {
        take_target_location: true,
        take_frame_centre: true,
        report_platform: true,
        geoid_m: Some(30.0),
        ..KlvConfig::default()
    };
    let (_, scans, _) = fed(config, &plain);
    let points: Vec<_> = scans.iter().flat_map(|scan| &scan.returns).collect();
    let [pointed, centre, own] = &points[..] else { panic!("{points:?}") };
    let point = |seen: &Return| match &seen.place {
        Place::Geodetic(point) => *point,
        Place::Polar(polar) => panic!("{polar:?}"),
    };
    assert!((point(pointed).horizontal.east_sigma_m - 10.0).abs() < 0.05, "CE90 of 21.46 m is 10 m");
    assert!((point(pointed).vertical_sigma_m.unwrap() - 10.0).abs() < 0.05);
    assert!((point(pointed).position.height_m - 130.0).abs() < 0.2, "above the ellipsoid");
    assert!((point(centre).position.latitude_deg() - 52.01).abs() < 1e-6);
    assert_eq!(own.identity.name.as_deref(), Some("HAWK 1"));
}

#[test]
fn a_target_beside_the_middle_of_the_frame_is_found_by_its_offset() {
    let beside = Target { offset_deg: [Some(0.001), Some(-0.002)], ..target() };
    let (_, scans, _) = fed(KlvConfig::default(), &bytes(&[beside], &[]));
    let Place::Geodetic(point) = &scans[0].returns[0].place else { panic!("{scans:?}") };
    assert!((point.position.latitude_deg() - 52.011).abs() < 1e-5);
    assert!((point.position.longitude_deg() - 21.018).abs() < 1e-5);
}

#[test]
fn a_target_of_which_the_tracker_is_not_sure_is_counted_and_not_taken() {
    let config = KlvConfig { confidence_min: 50, ..KlvConfig::default() };
    let (decoder, scans, _) = fed(config, &bytes(&[by_place(), by_pixel()], &[]));
    assert_eq!((scans[0].returns.len(), decoder.tally().uncertain), (1, 1));
}

#[test]
fn a_set_of_targets_may_stand_alone() {
    let mut out = Vec::new();
    vmti_packet(THEN, &frame(&[by_place(), by_pixel()], &[]), &mut out);
    let (decoder, scans, errors) = fed(KlvConfig::default(), &out);
    assert_eq!((scans[0].returns.len(), scans[0].from, scans[0].time), (1, None, THEN));
    assert_eq!((decoder.tally().unplaced, errors.len()), (1, 0), "a pixel needs a platform");
}

#[test]
fn any_wrong_octet_is_refused_by_the_checksum_or_breaks_the_frame() {
    let whole = bytes(&[by_place()], &[]);
    for at in 0..whole.len() {
        let mut wrong = whole.clone();
        wrong[at] ^= 0x10;
        assert_eq!(fed(KlvConfig::default(), &wrong).1, [], "octet {at}");
    }
}

#[test]
fn a_packet_cut_short_anywhere_is_an_error_with_its_place() {
    let whole = bytes(&[by_place()], &[]);
    for length in 1..whole.len() {
        let (_, scans, errors) = fed(KlvConfig::default(), &whole[..length]);
        assert!(scans.is_empty() && matches!(errors[0].reason, Reason::Truncated { .. }), "{length}");
    }
}

#[test]
fn a_transport_stream_of_either_kind_gives_what_bare_packets_give() {
    let klv = bytes(&[by_place(), by_pixel()], &["Boat"]);
    let bare = fed(KlvConfig::default(), &klv).1;
    for synchronous in [false, true] {
        let (mut mux, mut out) = (Mux::new(synchronous), Vec::new());
        mux.tables(&mut out);
        mux.packet(&klv, &mut out);
        assert_eq!(fed(KlvConfig::default(), &out).1, bare);
        assert_eq!(fed(stream(), &out).1, bare);
    }
}

#[test]
fn a_lost_transport_packet_costs_its_own_unit_and_no_other() {
    let klv = bytes(&[by_place(); 8], &[]);
    let (mut mux, mut out) = (Mux::new(false), Vec::new());
    mux.tables(&mut out);
    (0..3).for_each(|_| mux.packet(&klv, &mut out));
    out.drain(4 * 188..5 * 188);
    let (decoder, scans, _) = fed(stream(), &out);
    assert_eq!(scans.len(), 2);
    decoder.counters(&mut |name, count| assert!(name != "ts_gaps" || count == 1));
}

#[test]
fn editions_that_map_places_otherwise_are_refused() {
    let mut set = bytes(&[by_place()], &[]);
    let at = set.windows(3).rposition(|octets| octets == [4, 1, 6]).unwrap();
    set[at + 2] = 3;
    let end = set.len() - 2;
    let sum = st0601::checksum(&set[..end]);
    set.splice(end.., sum.to_be_bytes());
    let (decoder, scans, errors) = fed(KlvConfig::default(), &set);
    assert_eq!((scans.len(), decoder.tally().bad_targets), (0, 1));
    assert_eq!(errors[0].reason, Reason::Unsupported { kind: 3 });
}

proptest! {
    #[test]
    fn a_stream_may_be_split_anywhere(step in 1..400_usize, synchronous: bool, transport: bool) {
        let klv = bytes(&[by_place(), by_pixel()], &["Car"]);
        let (mut mux, mut out) = (Mux::new(synchronous), b"\x06\x0E noise".to_vec());
        for _ in 0..3 {
            if transport {
                mux.tables(&mut out);
                mux.packet(&klv, &mut out);
            } else {
                out.extend(&klv);
            }
        }
        let mut decoder = KlvDecoder::new(stream());
        out.chunks(step).for_each(|piece| decoder.handle_bytes(piece, NOW));
        prop_assert_eq!(drain(&mut decoder).0.len(), 3);
    }

    #[test]
    fn angles_and_places_come_back_within_a_step(
        heading in 0.0..360.0, pitch in -90.0..90.0, latitude in -90.0..90.0, longitude in -180.0..180.0,
        range in 0.0..5e6,
    ) {
        let sent = Uas {
            heading_deg: Some(heading), pitch_deg: Some(pitch), latitude_deg: Some(latitude),
            longitude_deg: Some(longitude), slant_range_m: Some(range), ..uas()
        };
        let mut out = Vec::new();
        packet(&sent, None, &mut out);
        prop_assert_eq!(st0601::verify(&out), Ok(()));
        let begin = 16 + ber::length(&out[16..]).unwrap().1;
        let back = Uas::read(&out[begin..]);
        prop_assert!((back.heading_deg.unwrap() - heading).abs() < 0.003);
        prop_assert!((back.pitch_deg.unwrap() - pitch).abs() < 1e-7);
        prop_assert!((back.latitude_deg.unwrap() - latitude).abs() < 1e-7);
        prop_assert!((back.longitude_deg.unwrap() - longitude).abs() < 1e-7);
        prop_assert!((back.slant_range_m.unwrap() - range).abs() < 1e-3);
    }

    #[test]
    fn any_octets_behind_a_right_frame_are_survived(set in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut out = st0601::KEY.to_vec();
        ber::write_length(set.len() + 4, &mut out);
        out.extend(&set);
        out.extend([1, 2]);
        let sum = st0601::checksum(&out);
        out.extend(sum.to_be_bytes());
        prop_assert_eq!(fed(KlvConfig::default(), &out).0.tally().refused, 0);
    }
}

/// The packet that the Motion Imagery Standards Board publishes with its minimum set (ST 0902), item by item, but for
/// its checksum, C850.
const WORKED_EXAMPLE: [(u8, &[u8]); 18] = [
    (2, &[0x00, 0x04, 0x60, 0x50, 0x58, 0x4E, 0x01, 0x80]),
    (5, &[0x71, 0xC2]),
    (6, &[0xFD, 0x3D]),
    (7, &[0x08, 0xB8]),
    (13, &[0x55, 0x95, 0xB6, 0x6D]),
    (14, &[0x5B, 0x53, 0x60, 0xC4]),
    (15, &[0xC2, 0x21]),
    (16, &[0xCD, 0x9C]),
    (17, &[0xD9, 0x17]),
    (18, &[0x72, 0x4A, 0x0A, 0x20]),
    (19, &[0x87, 0xF8, 0x4B, 0x86]),
    (20, &[0x00, 0x00, 0x00, 0x00]),
    (21, &[0x03, 0x83, 0x09, 0x26]),
    (22, &[0x12, 0x81]),
    (23, &[0xF1, 0x01, 0xA2, 0x29]),
    (24, &[0x14, 0xBC, 0x08, 0x2B]),
    (25, &[0x34, 0xF3]),
    (65, &[6]),
];

#[test]
fn the_published_worked_example_is_read_whole() {
    let mut packet = st0601::KEY.to_vec();
    packet.push(0x61);
    for (tag, value) in WORKED_EXAMPLE {
        packet.extend([tag, u8::try_from(value.len()).unwrap()]);
        packet.extend(value);
    }
    packet.extend([1, 2, 0xC8, 0x50]);
    assert_eq!((packet.len(), st0601::verify(&packet)), (16 + 1 + 0x61, Ok(())), "as long as told, with the sum told");
    let uas = Uas::read(&packet[17..]);
    assert_eq!((uas.faults, uas.out_of_range, uas.version), (0, 0, Some(6)));
    assert_eq!(uas.time, Some(Timestamp::from_secs(1_231_798_102)), "12 January 2009, 22:08:22 UTC");
    let read = [
        (uas.heading_deg, 159.974_365),
        (uas.pitch_deg, -0.431_532),
        (uas.roll_deg, 3.405_866),
        (uas.latitude_deg, 60.176_823),
        (uas.longitude_deg, 128.426_759),
        (uas.altitude_m, 14_190.719_463),
        (uas.field_width_deg, 144.571_298),
        (uas.field_height_deg, 152.643_626),
        (uas.relative_azimuth_deg, 160.719_211),
        (uas.relative_elevation_deg, -168.792_325),
        (uas.relative_roll_deg, 0.0),
        (uas.slant_range_m, 68_590.983_299),
        (uas.frame_centre_deg[0], -10.542_389),
        (uas.frame_centre_deg[1], 29.157_890),
        (uas.frame_centre_altitude_m, 3_216.037_232),
    ];
    for (ours, published) in read {
        assert!((ours.unwrap() - published).abs() < 1e-6, "{ours:?}, not {published}");
    }
}
