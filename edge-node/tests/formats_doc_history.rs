//! docs/FORMATS.md is true where it tells of the past: the shape of its example is that of what is written.
#![cfg(feature = "shell")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use edge_node::history::{History, Limits};
use edge_node::outputs::history_http::told;
use edge_node::picture::{SystemTrack, id_of, short_name, text_id};
use fusion_core::frame::Velocity;
use fusion_core::gaussian::Covariance;
use fusion_core::geodesy::Geodetic;
use fusion_core::identity::{Address, Identity};
use fusion_core::label::Label;
use fusion_core::nalgebra::{SVector, Vector3};
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::TrackStatus;
use fusion_core::track::number::{NodeId, Origin, TrackId, TrackNumber};
use proto::record::{Estimate, InCommon, Seq, TrackRecord};
use serde_json::Value;

const NOW: Timestamp = Timestamp::from_nanos(1_717_235_001_250_000_000);

fn track() -> SystemTrack {
    let place = Geodetic::from_degrees(52.1657, 20.9671, 3048.0).expect("a place");
    let velocity = place.enu_axes().transpose() * Vector3::new(120.0, -35.5, 0.0);
    let record = TrackRecord {
        id: TrackId { origin: Origin { node: NodeId(1), incarnation: 2 }, number: TrackNumber(3) },
        version: Seq(1),
        status: Some(TrackStatus::Confirmed),
        estimate: Estimate {
            time: NOW,
            position: place.to_ecef(),
            velocity: Velocity::from_vector(velocity),
            covariance: Covariance::from_sigmas(&SVector::from([5.0, 6.0, 20.0, 1.0, 1.0, 2.0])).expect("positive"),
        },
        identity: Identity {
            address: Some(Address::Icao(0x48_AD01)),
            name: "LOT3PX".parse().ok(),
            ..Identity::UNKNOWN
        },
        label: Label::STRICTEST,
        sensors: vec!["radar-north".into(), "adsb".into()],
        updates: 17,
        source_track: false,
        in_common: InCommon::UNKNOWN,
    };
    SystemTrack { members: vec![record.id], formerly: vec![], own: Some(record.id), stale: false, record }
}

/// Every path of a value with the kind of value at its end; all elements of a list are alike.
fn shape(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Array(all) => all.iter().flat_map(shape).map(|path| format!("[]{path}")).collect(),
        Value::Object(fields) => {
            fields.iter().flat_map(|(key, v)| shape(v).into_iter().map(move |path| format!(".{key}{path}"))).collect()
        }
        Value::Null => BTreeSet::from([" null".to_owned()]),
        Value::Bool(_) => BTreeSet::from([" truth value".to_owned()]),
        Value::Number(_) => BTreeSet::from([" number".to_owned()]),
        Value::String(_) => BTreeSet::from([" text".to_owned()]),
    }
}

#[test]
fn the_way_of_a_track_is_written_as_the_example_has_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/FORMATS.md");
    let text = fs::read_to_string(path).expect("the document");
    let chapter = text.split("\n## The past (JSON over HTTP)\n").nth(1).expect("the chapter");
    let example = chapter.split("```json\n").nth(2).and_then(|rest| rest.split("```").next()).expect("the example");
    let example: Value = serde_json::from_str(example).expect("JSON");

    let mut history = History::new(Limits { bytes: 1 << 16, age: Span::from_secs(3600) });
    let track = track();
    history.handle_picture(NOW, &BTreeMap::from([(track.id(), track.clone())]));
    let way = history.way(track.id(), (NOW, NOW), 10, |_| true).expect("just kept");
    let mut written = told(&way);
    (written["id"], written["name"]) = (text_id(track.id()).into(), short_name(track.id()).into());
    assert_eq!(shape(&example), shape(&written));
    assert_eq!((&example["id"], &example["points"][0]["time_ms"]), (&written["id"], &written["points"][0]["time_ms"]));
    assert_eq!(example["name"], written["name"]);
}

#[test]
fn an_id_is_read_as_it_is_written_and_nothing_else_is() {
    let id = track().id();
    assert_eq!(id_of(&text_id(id)), Some(id));
    for wrong in ["", "-", "1-2-3", "0000000000000001-2-000000000000000G", "0000000000000001-02-0000000000000003"] {
        assert_eq!(id_of(wrong), None, "{wrong}");
    }
}
