//! Own forces reach the picture past the tracker: from events of Cursor on Target to records.

use edge_node::config::Config;
use edge_node::node::{Arrival, Link, Node, Output, node_id};
use fusion_core::identity::Affiliation;
use fusion_core::measurement::SensorId;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::Origin;
use proto::record::TrackRecord;
use sensor_drivers::plots::Rfc3339;

const NOON: Timestamp = Timestamp::from_secs(1_700_049_600);

fn node() -> Node {
    let config = Config::parse(
        "[node]\nname = \"alpha\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n[[sensors]]\nname = \"own-forces\"\n\
         kind = \"cot\"\nendpoint = \"tcp-listen://127.0.0.1:1\"\nscan-period-s = 30.0\n\
         source-tracks = { coast-after-s = 90.0, lifetime-s = 400.0 }\n\
         label = { level = \"restricted\", releasable-to = [\"POL\"], originator = \"POL\" }\n",
    );
    let config = config.expect("a good configuration");
    Node::new(&config, Origin { node: node_id("alpha"), incarnation: 1 }).expect("a node")
}

fn event(uid: &str, time: Timestamp) -> Arrival {
    let (start, stale) = (Rfc3339(time), Rfc3339(time + Span::from_secs(300)));
    let text = format!(
        "<event version='2.0' uid='{uid}' type='a-f-G-U-C' how='m-g' time='{start}' start='{start}' stale='{stale}'>\
         <point lat='52.1' lon='20.9' hae='140' ce='9.9' le='12'/><detail><contact callsign='{uid}'/></detail></event>"
    );
    Arrival::Bytes(text.into())
}

fn hear(node: &mut Node, link: u8, arrival: &Arrival, received: Timestamp) -> Vec<TrackRecord> {
    node.handle_arrival(SensorId(0), Link(link), arrival, received);
    let mut records = Vec::new();
    while let Some(output) = node.poll() {
        match output {
            Output::Record(record) => records.push(*record),
            Output::Refused { error, .. } => panic!("{error}"),
            Output::Heard(_) | Output::Packet { .. } | Output::Journal(_) => panic!("no mesh is here"),
            Output::Picture(_) | Output::Bearing(_) | Output::Transmit { .. } => {}
        }
    }
    records
}

#[test]
fn a_handheld_is_one_record_whichever_connection_it_speaks_over() {
    let mut node = node();
    let mut all = Vec::new();
    for (step, link) in [(0, 0), (5, 1), (10, 0)] {
        let time = NOON + Span::from_secs(step);
        all.extend(hear(&mut node, link, &event("KILO", time), time + Span::from_millis(300)));
    }
    assert_eq!(all.len(), 3);
    assert!(all.iter().all(|record| record.source_track && record.id == all[0].id));
    assert_eq!(all[2].identity.affiliation, Affiliation::Friend);
    assert_eq!(all[2].identity.name.as_deref(), Some("KILO"));
    assert_eq!((all[2].label.level.as_str(), node.tracks_ever()), ("RESTRICTED", 0));
}

#[test]
fn senders_whose_reports_take_longer_do_not_spoil_the_times_of_others() {
    let mut node = node();
    for step in 0..40 {
        let now = NOON + Span::from_secs(5 * step);
        for (uid, delay) in [("NEAR", Span::from_millis(200)), ("FAR", Span::from_secs(20))] {
            let records = hear(&mut node, 0, &event(uid, now - delay), now);
            assert!(records.iter().all(|record| record.estimate.time == now - delay), "{uid} at {step}: {records:?}");
        }
    }
}
