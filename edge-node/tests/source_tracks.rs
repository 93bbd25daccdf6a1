//! Estimates made elsewhere reach the picture past the tracker: from the bytes of a system's tracks to records.

use edge_node::config::Config;
use edge_node::node::{Node, Output, node_id};
use edge_node::picture::PictureChange;
use fusion_core::measurement::SensorId;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{Origin, TrackStatus};
use proto::record::TrackRecord;
use sensor_drivers::asterix::common::TimeOfDay;
use sensor_drivers::asterix::compose_block;
use serde_json::json;

const CONFIG: &str = r#"
[node]
name = "alpha"
latitude-deg = 52.0
longitude-deg = 21.0

[[sensors]]
name = "atc-tracks"
kind = "asterix-tracks"
scan-period-s = 4.0
label = { level = "restricted", releasable-to = ["POL"], originator = "POL" }
"#;

const NOON: Timestamp = Timestamp::from_secs(1_700_049_600);

fn node() -> Node {
    let config = Config::parse(CONFIG).expect("a good configuration");
    Node::new(&config, Origin { node: node_id("alpha"), incarnation: 1 }).expect("a node")
}

/// A CAT062 track that flies east at 200 m/s.
fn track(number: u16, time: Timestamp) -> Vec<u8> {
    let east = u32::try_from((time - NOON).as_nanos() / 1_000_000_000 * 540).expect("a few seconds");
    let items = json!({
        "010": { "SAC": 1, "SIC": 2 }, "040": number, "070": TimeOfDay::at(time).ticks,
        "105": { "LAT": 0x93_E93E, "LON": 0x3B_BBBB + east }, "185": { "VX": 800, "VY": 0 }, "130": 4800,
        "500": { "APC": { "X": 60, "Y": 40 }, "COV": 0, "AGA": 8, "ATV": { "X": 4, "Y": 4 } },
    });
    compose_block(62, &[items]).expect("by the table")
}

/// What comes out: records, and how often the picture changed and an entry went.
fn drain(node: &mut Node) -> (Vec<TrackRecord>, usize, usize) {
    let (mut records, mut updated, mut gone) = (Vec::new(), 0, 0);
    while let Some(output) = node.poll() {
        match output {
            Output::Record(record) => records.push(*record),
            Output::Picture(PictureChange::Updated(_)) => updated += 1,
            Output::Picture(PictureChange::Gone { .. }) => gone += 1,
            Output::Bearing(_) | Output::Transmit { .. } => {}
            Output::Refused { error, .. } => panic!("{error}"),
            Output::Heard(_) | Output::Packet { .. } | Output::Journal(_) => panic!("no mesh is here"),
        }
    }
    (records, updated, gone)
}

fn counter(node: &Node, wanted: &str) -> Option<u64> {
    let mut found = None;
    node.counters(&mut |name, count| {
        if name == wanted {
            found = Some(count);
        }
    });
    found
}

#[test]
fn a_system_track_becomes_one_record_of_its_own_and_no_track_of_ours() {
    let mut node = node();
    let mut all = Vec::new();
    for step in 0..5 {
        let time = NOON + Span::from_secs(4 * step);
        node.handle_bytes(SensorId(0), &track(7, time), time + Span::from_millis(200));
        let (records, updated, _) = drain(&mut node);
        assert_eq!((records.len(), updated), (1, 1));
        all.extend(records);
    }
    assert!(all.iter().all(|record| record.source_track && record.id == all[0].id && record.sensors == ["atc-tracks"]));
    assert!(all.is_sorted_by_key(|record| record.version));
    assert!((all[4].estimate.covariance.sigma(0) - 30.0).abs() < 0.1, "what the system claims is kept, not averaged");
    assert!((all[4].estimate.velocity.speed() - 200.0).abs() < 1e-6);
    assert_eq!(all[4].label.level.as_str(), "RESTRICTED");
    assert_eq!((node.picture().count(), node.tracks_ever(), counter(&node, "source_tracks_taken")), (1, 0, Some(5)));
}

#[test]
fn a_system_that_falls_silent_leaves_tracks_that_coast_and_end() {
    let mut node = node();
    node.handle_bytes(SensorId(0), &track(7, NOON), NOON + Span::from_millis(200));
    drain(&mut node);
    let (mut sigmas, mut ends) = (Vec::new(), 0);
    for quarter in 1..160 {
        node.handle_timeout(NOON + Span::from_millis(250 * quarter));
        let (records, _, gone) = drain(&mut node);
        let coasted = records.iter().filter(|record| record.status == Some(TrackStatus::Coasted));
        sigmas.extend(coasted.map(|record| record.estimate.covariance.sigma(0)));
        ends += gone;
    }
    assert!((15..=25).contains(&sigmas.len()) && sigmas.is_sorted(), "{sigmas:?}");
    assert_eq!((ends, node.picture().count(), counter(&node, "source_tracks_aged")), (1, 0, Some(1)));
}

#[test]
fn the_first_track_of_a_clock_that_cannot_be_right_is_refused_and_counted() {
    let mut node = node();
    node.handle_bytes(SensorId(0), &track(7, NOON + Span::from_secs(3)), NOON);
    assert!(drain(&mut node).0.is_empty());
    let mut refused = None;
    node.sensor_counters(SensorId(0), &mut |name, count| {
        if name == "source_tracks_refused" {
            refused = Some(count);
        }
    });
    assert_eq!(refused, Some(1));
}
