//! The messages of the web console: JSON text over a WebSocket. What each field means stands in docs/FORMATS.md.

use std::sync::Arc;

use fusion_core::gaussian::ellipse;
use fusion_core::geodesy::{Geodetic, course_and_speed};
use fusion_core::label::Label;
use serde_json::{Value, json};

use super::release::Released;
use super::ways_out::{Kind, WaysHealth};
use super::web::health::ConsoleHealth;
use crate::board::{Mode, node_name};
use crate::config::Config;
use crate::keys::in_use::Papers;
use crate::neighbour_health::NeighbourHealth;
use crate::node::Bearing;
use crate::node::mesh::Heard;
use crate::node::trails::TrailPoint;
use crate::picture::{SystemTrack, short_name, text_id};
use crate::registration_health::RegistrationHealth;
use crate::sensor_health::SensorHealth;
use crate::words;

/// What does not change while a node runs.
#[derive(Clone, Debug)]
pub struct Hello {
    /// The configuration that the sensors are taken from.
    pub config: Config,
    /// Where the picture comes from.
    pub mode: Mode,
    /// This node's keys, if it has any.
    pub keys: Option<Arc<Papers>>,
    /// The ways out beside the consoles.
    pub ways_out: Arc<WaysHealth>,
    /// Who looks at the console.
    pub console: Arc<ConsoleHealth>,
}

/// A range beyond any horizon is a setting, not something to draw a ring for.
const RING_M: f64 = 1e6;

/// The first message on a connection.
#[must_use]
pub fn hello(hello: &Hello, board: &Released) -> Value {
    let node = &hello.config.node;
    let sensors: Vec<Value> = hello
        .config
        .sensors
        .iter()
        .filter(|s| board.names_sensor(&s.name))
        .map(|s| {
            json!({ "name": s.name, "kind": s.kind.as_str(), "lat_deg": s.latitude_deg, "lon_deg": s.longitude_deg,
                    "range_m": (s.range_max_m < RING_M).then_some(s.range_max_m) })
        })
        .collect();
    json!({ "type": "hello", "protocol": 1, "node": node.name, "mode": hello.mode.as_str(),
            "classification": banner(board),
            "origin": { "lat_deg": node.latitude_deg, "lon_deg": node.longitude_deg }, "sensors": sensors })
}

/// The whole picture, for those who were not told by a hello whose it is.
#[must_use]
pub fn snapshot(hello: &Hello, board: &Released) -> Value {
    let tracks: Vec<Value> = board.tracks.values().map(|each| track(board, each)).collect();
    json!({ "type": "snapshot", "node": hello.config.node.name, "mode": hello.mode.as_str(),
            "classification": banner(board), "time_ms": board.time.as_millis(), "tracks": tracks,
            "bearings": bearings(hello, board) })
}

/// All lines of bearing.
#[must_use]
pub fn bearings(hello: &Hello, board: &Released) -> Vec<Value> {
    let own = board.bearings.iter().map(|b| bearing(hello, b));
    own.chain(board.heard.iter().map(|h| heard(board, h))).collect()
}

/// Lines of bearing that were not there before.
#[must_use]
pub fn fresh_bearings(hello: &Hello, board: &Released, before: &Released) -> Vec<Value> {
    let fresh = board.bearings.iter().filter(|b| !before.bearings.contains(b)).map(|b| bearing(hello, b));
    fresh.chain(board.heard.iter().filter(|h| !before.heard.contains(h)).map(|h| heard(board, h))).collect()
}

/// Health; `held` is how many tracks the page should hold.
#[must_use]
pub fn status(board: &Released, held: usize) -> Value {
    let sensors: Vec<Value> = board.sensors.iter().map(SensorHealth::json).collect();
    let mut counters = by_name(&board.counters);
    // The page compares this with what it holds and asks for a snapshot if they differ.
    counters.insert("tracks".into(), json!(held));
    json!({ "type": "status", "time_ms": board.time.as_millis(), "sensors": sensors, "counters": counters,
            "progress": board.progress })
}

/// Everything that is known of the node's health, for programs that ask: sensors with their counters, and what the node
/// counts.
#[must_use]
pub fn node_status(hello: &Hello, board: &Released) -> Value {
    let sensor = |sensor: &SensorHealth| {
        let mut value = sensor.json();
        value["counters"] = by_name(&sensor.counters).into();
        value
    };
    let sensors: Vec<Value> = board.sensors.iter().map(sensor).collect();
    let neighbours: Vec<Value> = board.neighbours.iter().map(NeighbourHealth::json).collect();
    let registrations: Vec<Value> = board.registrations.iter().map(RegistrationHealth::json).collect();
    let mut value = json!({ "node": hello.config.node.name, "mode": hello.mode.as_str(),
            "time_ms": board.time.as_millis(), "tracks": board.tracks.len(), "sensors": sensors,
            "neighbours": neighbours, "registrations": registrations, "counters": by_name(&board.counters),
            "recorder_trouble": board.recorder_trouble, "journal_trouble": board.journal_trouble });
    if let Some(withheld) = board.withheld() {
        let more = [
            ("tak", json!(hello.ways_out.json(Kind::Tak))),
            ("cat062", json!(hello.ways_out.json(Kind::Cat062))),
            ("sapient_out", json!(hello.ways_out.json(Kind::SapientOut))),
            ("withheld", json!(withheld)),
            ("keys", keys(hello, board)),
            ("console", hello.console.json()),
        ];
        more.into_iter().for_each(|(name, what)| value[name] = what);
    }
    value
}

/// How this node's keys are doing, by the time of its picture; null if it has none.
fn keys(hello: &Hello, board: &Released) -> Value {
    let Some(papers) = &hello.keys else { return Value::Null };
    let mut value = papers.keys().health(board.time, papers.config().warning_days).json();
    value["signatures"] = papers.config().signatures.as_str().into();
    value
}

fn by_name(counters: &[(&'static str, u64)]) -> serde_json::Map<String, Value> {
    counters.iter().map(|&(name, count)| (name.to_owned(), json!(count))).collect()
}

/// The strictest label in view, as a banner; `UNCLASSIFIED` for an empty picture.
#[must_use]
pub fn banner(board: &Released) -> String {
    let lines = board.bearings.iter().map(|b| b.label).chain(board.heard.iter().map(|h| h.label));
    let labels = board.tracks.values().map(|t| t.record.label).chain(lines);
    let joined = labels.reduce(Label::join);
    joined.map_or_else(|| "UNCLASSIFIED".to_owned(), |label| label.to_string())
}

pub(super) fn bearing(hello: &Hello, b: &Bearing) -> Value {
    let sensor = hello.config.sensors.get(usize::from(b.sensor.0));
    let azimuth_deg = b.azimuth.compass_degrees();
    // What moves tells where it was; what stands is where the configuration has it.
    let told = b.from.map(|from| (Some(from.latitude_deg()), Some(from.longitude_deg())));
    let configured = || sensor.map_or((None, None), |s| (s.latitude_deg, s.longitude_deg));
    let (lat_deg, lon_deg) = told.unwrap_or_else(configured);
    json!({ "id": format!("{}-{}-{azimuth_deg:.3}", b.sensor.0, b.time.as_nanos()),
            "sensor": sensor.map(|s| &s.name), "lat_deg": lat_deg, "lon_deg": lon_deg,
            "range_m": sensor.map(|s| s.range_max_m),
            "bearing_deg": azimuth_deg, "sigma_deg": b.sigma_rad.to_degrees(), "time_ms": b.time.as_millis(),
            "label": b.label.to_string() })
}

/// A line that another node heard: told by its name, since its sensors' names are its own.
pub(super) fn heard(board: &Released, h: &Heard) -> Value {
    let (place, node) = (h.line.place(), node_name(&board.nodes, h.origin.node));
    json!({ "id": format!("{node}-{}-{}", h.line.sensor, h.line.emitter), "sensor": node, "node": node,
            "lat_deg": place.latitude_deg(), "lon_deg": place.longitude_deg(), "range_m": null,
            "bearing_deg": h.line.azimuth().compass_degrees(), "sigma_deg": h.line.sigma_rad().to_degrees(),
            "time_ms": h.time.as_millis(), "label": h.label.to_string() })
}

pub(super) fn track(board: &Released, track: &SystemTrack) -> Value {
    let record = &track.record;
    let estimate = &record.estimate;
    let place = Geodetic::from_ecef(estimate.position);
    let (course, speed) = course_and_speed(&(place.enu_axes() * estimate.velocity.vector()));
    let p = estimate.covariance.matrix();
    let (major, minor, azimuth) = ellipse(p[(0, 0)], p[(0, 1)], p[(1, 1)]);
    let mut value = json!({
        "id": text_id(record.id), "name": short_name(record.id), "status": words::status(record.status),
        "lat_deg": place.latitude_deg(), "lon_deg": place.longitude_deg(), "height_m": place.height_m,
        "course_deg": course.compass_degrees(), "speed_m_s": speed,
        "ellipse": { "major_m": major, "minor_m": minor, "azimuth_deg": azimuth.to_degrees() },
        "sigma_m": (0.5 * (p[(0, 0)] + p[(1, 1)])).sqrt(), "time_ms": estimate.time.as_millis(),
        "class": words::class(record.identity.class), "affiliation": words::affiliation(record.identity.affiliation),
        "sensors": record.sensors, "label": record.label.to_string(), "source_track": record.source_track,
    });
    if let Some(address) = record.identity.address {
        value["address"] = json!(address.to_string());
    }
    if let Some(name) = &record.identity.name {
        value["callsign"] = json!(name.as_str());
    }
    if !track.formerly.is_empty() {
        value["formerly"] = track.formerly.iter().map(|id| text_id(*id)).collect();
        value["former_names"] = track.formerly.iter().map(|id| short_name(*id)).collect();
    }
    if track.stale {
        value["stale"] = json!(true);
        value["told_ms"] = json!(board.told.get(&record.id).map(|told| told.as_millis()));
    }
    if let Some(remark) = board.remarks.get(&record.id) {
        value["remark"] = json!({ "text": remark.text, "who": remark.who, "by": remark.by,
                                  "time_ms": remark.time_ms });
    }
    if let Some(declared) = board.declared.get(&record.id) {
        value["declared"] = json!({ "affiliation": words::affiliation(declared.affiliation), "who": declared.who,
                                    "by": declared.by, "time_ms": declared.time_ms });
    }
    if let Some(points) = board.trails.get(&track.own_id()) {
        let point = |p: &TrailPoint| json!([p.time.as_millis(), p.place.latitude_deg(), p.place.longitude_deg()]);
        value["trail"] = points.iter().map(point).collect();
    }
    value
}
