//! The schema for consoles, octet by octet: every message with every field set. A field that is removed, renumbered or
//! of another type changes what stands here; one that is added is added here too, at the end of its message.
//!
//! What is expected was written by Google's implementation, from the schema alone.

use prost::Message;
use proto::pb;

const TIME_NS: i64 = 1_717_236_000_250_000_000;

fn estimate() -> Option<pb::Estimate> {
    Some(pb::Estimate {
        time_ns: TIME_NS,
        position: Some(pb::Geodetic { latitude_deg: 52.5, longitude_deg: -21.25, height_m: 1500.0 }),
        velocity_east_m_s: 1.5,
        velocity_north_m_s: -2.5,
        velocity_up_m_s: 0.5,
        covariance: vec![400.0, -1.0],
    })
}

fn identity() -> Option<pb::Identity> {
    Some(pb::Identity {
        address: "icao:48AD01".into(),
        name: "LOT3PX".into(),
        mode_3a: Some(0o2301),
        object_class: pb::ObjectClass::Uav.into(),
        affiliation: pb::Affiliation::Hostile.into(),
    })
}

fn label() -> Option<pb::Label> {
    Some(pb::Label {
        level: "SECRET".into(),
        releasable_to: vec!["GBR".into(), "POL".into()],
        caveats: vec!["NOFORN".into()],
        originators: vec!["POL".into()],
    })
}

fn counter() -> pb::Counter {
    pb::Counter { name: "scans".into(), count: 300 }
}

fn picture() -> pb::Picture {
    let track = pb::SystemTrack {
        id: "a-1-2".into(),
        name: "T0".into(),
        status: pb::Status::Confirmed.into(),
        estimate: estimate(),
        identity: identity(),
        label: label(),
        sensors: vec!["radar".into()],
        updates: 17,
        source_track: true,
        formerly: vec!["a-1-1".into()],
        stale: true,
        remark: Some(pb::Remark { text: "seen".into(), by: "bravo".into(), time_ns: TIME_NS }),
    };
    pb::Picture {
        node: "alpha".into(),
        mode: pb::Mode::Replay.into(),
        time_ns: TIME_NS,
        sequence: 300,
        snapshot: true,
        tracks: vec![track],
        gone: vec!["a-1-3".into()],
    }
}

fn records() -> pb::TrackRecords {
    let record = pb::TrackRecord {
        origin: Some(pb::Origin { node: 7, incarnation: 3 }),
        track_number: 9,
        version: 300,
        status: pb::Status::Deleted.into(),
        estimate: estimate(),
        identity: identity(),
        label: label(),
        sensors: vec!["radar".into()],
        updates: 17,
        source_track: true,
    };
    pb::TrackRecords { records: vec![record] }
}

fn sensors() -> pb::SensorHealths {
    let sensor = pb::SensorHealth {
        name: "radar".into(),
        state: "ok".into(),
        reasons: vec!["late".into()],
        rate_hz: 12.5,
        expected_hz: 0.25,
        age_s: Some(0.5),
        errors: 1,
        duplicates: 2,
        late: 3,
        dropped: 4,
        clock: "good".into(),
        clock_offset_s: Some(-0.5),
        clock_drift_ppm: Some(20.5),
        clock_steps: 5,
        counters: vec![counter()],
    };
    let bias = |state: &str| Some(pb::Bias { value: -0.5, sigma: 0.25, state: state.into() });
    let registration = pb::Registration {
        node: "bravo".into(),
        own: true,
        sensor: "radar".into(),
        grade: 2,
        pairs: 256,
        targets: 8,
        range_m: bias("settled"),
        azimuth_deg: bias("applied"),
        time_s: bias("estimating"),
        time_ns: TIME_NS,
        label: label(),
    };
    pb::SensorHealths {
        node: "alpha".into(),
        mode: pb::Mode::Live.into(),
        time_ns: TIME_NS,
        sensors: vec![sensor],
        registrations: vec![registration],
    }
}

fn neighbours() -> pb::NeighbourHealths {
    let neighbour = pb::NeighbourHealth {
        name: "bravo".into(),
        state: "ready".into(),
        bearer: Some("mast".into()),
        kept: vec!["vhf".into()],
        age_s: Some(0.5),
        waiting: 3,
        rate_bytes_s: Some(250_000.0),
        clock_ahead_s: Some(-0.25),
        bytes_in: 40_000,
        bytes_out: 52_000,
        forged: 2,
        withheld: Some(7),
    };
    let (node, mode) = ("alpha".into(), pb::Mode::Sim.into());
    pb::NeighbourHealths { node, mode, time_ns: TIME_NS, neighbours: vec![neighbour] }
}

fn health() -> pb::NodeHealth {
    pb::NodeHealth {
        node: "alpha".into(),
        mode: pb::Mode::Live.into(),
        time_ns: TIME_NS,
        state: "degraded".into(),
        reasons: vec!["radar is down".into()],
        version: "0.1.0".into(),
        revision: 4,
        tracks: 12,
        latency_p50_s: 0.5,
        latency_p99_s: 0.25,
        latency_max_s: 1.5,
        counters: vec![counter()],
    }
}

fn span() -> pb::HistorySpan {
    let (node, mode) = ("alpha".into(), pb::Mode::Live.into());
    pb::HistorySpan { node, mode, from_ns: TIME_NS - 1_000_000_000, to_ns: TIME_NS }
}

fn way() -> pb::TrackHistory {
    let status = pb::Status::Coasted.into();
    let point = pb::HistoryPoint { shown_ns: TIME_NS, status, estimate: estimate(), stale: true };
    let said = pb::HistoryIdentity {
        since_ns: TIME_NS,
        identity: identity(),
        label: label(),
        sensors: vec!["radar".into()],
        source_track: true,
    };
    pb::TrackHistory {
        node: "alpha".into(),
        mode: pb::Mode::Live.into(),
        id: "a-1-2".into(),
        name: "T0".into(),
        kept: 300,
        points: vec![point],
        identities: vec![said],
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Encoded as expected, and read back the same from what is expected.
fn assert_golden<M: Message + Default + PartialEq + core::fmt::Debug>(message: &M, expected: &str) {
    assert_eq!(hex(&message.encode_to_vec()), expected, "{message:?}");
    let bytes: Vec<u8> = (0..expected.len() / 2)
        .map(|k| u8::from_str_radix(&expected[2 * k..2 * k + 2], 16).expect("hexadecimal"))
        .collect();
    assert_eq!(M::decode(&bytes[..]).as_ref(), Ok(message));
}

#[test]
fn every_message_is_what_consoles_that_were_built_before_expect() {
    assert_golden(&picture(), PICTURE);
    assert_golden(&records(), RECORDS);
    assert_golden(&sensors(), SENSORS);
    assert_golden(&neighbours(), NEIGHBOURS);
    assert_golden(&health(), HEALTH);
    assert_golden(&span(), SPAN);
    assert_golden(&way(), WAY);
    assert_eq!(pb::REVISION, health().revision, "an addition is a new revision: add it here and above");
}

/// Fields of each wire type under a number that nobody has yet: what a later revision may bring.
fn from_later() -> Vec<u8> {
    let number = |wire: u64| {
        let mut key = Vec::new();
        prost::encoding::encode_varint((1_000 << 3) | wire, &mut key);
        key
    };
    let fields = [(0, vec![0x96, 0x01]), (1, vec![7; 8]), (2, vec![3, b'n', b'e', b'w']), (5, vec![9; 4])];
    fields.into_iter().flat_map(|(wire, value)| [number(wire), value].concat()).collect()
}

#[test]
fn what_a_later_revision_adds_is_passed_over() {
    for known in [picture().encode_to_vec(), Vec::new()] {
        let with_more = [from_later(), known.clone(), from_later()].concat();
        assert_eq!(pb::Picture::decode(&with_more[..]), pb::Picture::decode(&known[..]));
    }
    // Within a message of a message, too.
    let track = [picture().tracks[0].encode_to_vec(), from_later()].concat();
    let mut outer = vec![6 << 3 | 2];
    prost::encoding::encode_varint(track.len() as u64, &mut outer);
    outer.extend(track);
    assert_eq!(pb::Picture::decode(&outer[..]).expect("read").tracks, picture().tracks);
}

#[test]
fn a_word_that_a_later_revision_adds_to_a_list_of_words_is_kept_as_its_number() {
    let newer = pb::SystemTrack { status: 99, ..pb::SystemTrack::default() };
    let read = pb::SystemTrack::decode(&newer.encode_to_vec()[..]).expect("read");
    assert_eq!((read.status, read.status()), (99, pb::Status::Unspecified));
}

const PICTURE: &str = "\
    0a05616c70686110021980f2693e0bd9d41720ac02280132cd010a05612d312d3212025430180222530980f2693e0bd9d417\
    121b090000000000404a401100000000004035c019000000000070974019000000000000f83f2100000000000004c0290000\
    00000000e03f32100000000000007940000000000000f0bf2a1c0a0b6963616f3a34384144303112064c4f5433505818c109\
    20032806321f0a0653454352455412034742521203504f4c1a064e4f464f524e2203504f4c3a057261646172401148015205\
    612d312d31580162160a047365656e1205627261766f1980f2693e0bd9d4173a05612d312d33";
const RECORDS: &str = "\
    0aba010a0b090700000000000000100311090000000000000018ac0220042a530980f2693e0bd9d417121b09000000000040\
    4a401100000000004035c019000000000070974019000000000000f83f2100000000000004c029000000000000e03f321000\
    00000000007940000000000000f0bf321c0a0b6963616f3a34384144303112064c4f5433505818c109200328063a1f0a0653\
    454352455412034742521203504f4c1a064e4f464f524e2203504f4c4205726164617248115001";
const SENSORS: &str = "\
    0a05616c70686110011980f2693e0bd9d417225a0a05726164617212026f6b1a046c61746521000000000000294029000000\
    000000d03f31000000000000e03f38014002480350045a04676f6f6461000000000000e0bf69000000000080344070057a0a\
    0a057363616e7310ac022a9b010a05627261766f10011a057261646172200228800230083a1b09000000000000e0bf110000\
    00000000d03f1a07736574746c6564421b09000000000000e0bf11000000000000d03f1a076170706c6965644a1e09000000\
    000000e0bf11000000000000d03f1a0a657374696d6174696e675180f2693e0bd9d4175a1f0a065345435245541203474252\
    1203504f4c1a064e4f464f524e2203504f4c";
const NEIGHBOURS: &str = "\
    0a05616c70686110031980f2693e0bd9d41722420a05627261766f120572656164791a046d61737422037668662900000000\
    0000e03f3003390000000080840e4141000000000000d0bf48c0b80250a0960358026007";
const HEALTH: &str = "\
    0a05616c70686110011980f2693e0bd9d417220864656772616465642a0d726164617220697320646f776e3205302e312e30\
    3804400c49000000000000e03f51000000000000d03f59000000000000f83f620a0a057363616e7310ac02";
const SPAN: &str = "\
    0a05616c7068611001198028cf020bd9d4172180f2693e0bd9d417";
const WAY: &str = "\
    0a05616c70686110011a05612d312d322202543028ac0232620980f2693e0bd9d41710031a530980f2693e0bd9d417121b09\
    0000000000404a401100000000004035c019000000000070974019000000000000f83f2100000000000004c0290000000000\
    00e03f32100000000000007940000000000000f0bf20013a510980f2693e0bd9d417121c0a0b6963616f3a34384144303112\
    064c4f5433505818c109200328061a1f0a0653454352455412034742521203504f4c1a064e4f464f524e2203504f4c220572\
    616461722801";
