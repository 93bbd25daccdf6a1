//! The picture as GeoJSON (RFC 7946), for QGIS and whatever else reads it.
//!
//! Properties bear the names that the console's messages have; `kind` tells tracks, areas and lines apart.

use fusion_core::angle::Angle;
use fusion_core::geodesy::Geodetic;
use serde_json::{Value, json};

use super::console_json::{self, Hello};
use super::release::Released;
use super::shapes::{area, reached};
use crate::picture::SystemTrack;

/// A line of a node that does not tell how far it hears is drawn so far, metres.
const LINE_M: f64 = 20_000.0;

/// The media type.
pub const MEDIA_TYPE: &str = "application/geo+json";

/// Tracks and lines of bearing; with `areas`, also where each track is with 95 %.
#[must_use]
pub fn collection(hello: &Hello, board: &Released, areas: bool) -> Value {
    let tracks = board.tracks.values().map(|each| track(board, each));
    let outlines = board.tracks.values().filter(|_| areas).map(|each| outline(each));
    let own = board.bearings.iter().map(|bearing| console_json::bearing(hello, bearing));
    let lines = own.chain(board.heard.iter().map(|heard| console_json::heard(board, heard))).filter_map(line);
    let features: Vec<Value> = tracks.chain(outlines).chain(lines).collect();
    // Members of our own, which RFC 7946 (6.1) allows: whoever opens a file sees what it is of.
    json!({ "type": "FeatureCollection", "node": hello.config.node.name, "mode": hello.mode.as_str(),
            "classification": console_json::banner(board), "time_ms": board.time.as_millis(), "features": features })
}

fn track(board: &Released, track: &SystemTrack) -> Value {
    let mut told = console_json::track(board, track);
    let coordinates = json!([told["lon_deg"].take(), told["lat_deg"].take(), told["height_m"].take()]);
    feature("track", json!({ "type": "Point", "coordinates": coordinates }), told)
}

fn outline(track: &SystemTrack) -> Value {
    let ring: Vec<Value> = area(&track.record.estimate).map(|corner| coordinates(&corner)).collect();
    let told = json!({ "id": format!("{}.area", crate::picture::text_id(track.id())),
                       "track": crate::picture::text_id(track.id()), "probability": 0.95,
                       "label": track.record.label.to_string() });
    feature("area", json!({ "type": "Polygon", "coordinates": [ring] }), told)
}

/// A line from who heard it; none if nobody knows where that is.
fn line(mut told: Value) -> Option<Value> {
    let number = |key: &str| told[key].as_f64();
    let from = Geodetic::from_degrees(number("lat_deg")?, number("lon_deg")?, 0.0)?;
    let to = reached(&from, Angle::from_degrees(number("bearing_deg")?), number("range_m").unwrap_or(LINE_M));
    for key in ["lat_deg", "lon_deg"] {
        told[key].take();
    }
    let geometry = json!({ "type": "LineString", "coordinates": [coordinates(&from), coordinates(&to)] });
    Some(feature("line", geometry, told))
}

fn coordinates(place: &Geodetic) -> Value {
    json!([place.longitude_deg(), place.latitude_deg()])
}

/// What was taken out of the properties, because the geometry tells it, is left out.
fn feature(kind: &str, geometry: Value, mut properties: Value) -> Value {
    let id = properties["id"].clone();
    properties["kind"] = json!(kind);
    if let Some(fields) = properties.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    json!({ "type": "Feature", "id": id, "geometry": geometry, "properties": properties })
}

#[cfg(test)]
mod tests {
    use fusion_core::label::Level;
    use fusion_core::measurement::SensorId;

    use super::*;
    use crate::board::Mode;
    use crate::node::Bearing;
    use crate::outputs::samples::{NOW, board, hello, place, track, whole};

    #[test]
    fn a_track_is_a_point_with_what_the_console_tells_of_it() {
        let told = collection(&hello(Mode::Live), &whole(board([track(1, Level::Restricted)])), false);
        let [feature] = &told["features"].as_array().expect("features")[..] else { panic!("one") };
        let [lon, lat, height] = [0, 1, 2].map(|k| feature["geometry"]["coordinates"][k].as_f64().expect("a number"));
        assert!((lon - 20.9).abs() < 1e-9 && (lat - 52.1).abs() < 1e-9 && (height - 120.0).abs() < 1e-3);
        let properties = &feature["properties"];
        assert_eq!((&properties["kind"], &properties["class"]), (&json!("track"), &json!("uav")));
        assert_eq!((&properties["callsign"], &feature["id"]), (&json!("DRONE 1"), &properties["id"]));
        assert!(properties.get("lat_deg").is_none(), "the geometry tells it");
    }

    #[test]
    fn an_area_is_a_closed_ring_that_names_its_track() {
        let told = collection(&hello(Mode::Live), &whole(board([track(1, Level::Restricted)])), true);
        let (track, area) = (&told["features"][0], &told["features"][1]);
        let ring = area["geometry"]["coordinates"][0].as_array().expect("a ring");
        assert_eq!((ring.len(), ring.first()), (25, ring.last()));
        assert_eq!((&area["properties"]["track"], &area["properties"]["kind"]), (&track["id"], &json!("area")));
        assert_eq!(area["properties"]["label"], track["properties"]["label"]);
    }

    #[test]
    fn a_line_leads_from_who_heard_it() {
        let bearing = |from| Bearing {
            sensor: SensorId(0),
            time: NOW,
            from,
            azimuth: Angle::from_degrees(90.0),
            sigma_rad: 0.02,
            label: track(1, Level::Restricted).record.label,
        };
        let shown = crate::board::Board { bearings: vec![bearing(Some(place())), bearing(None)], ..board([]) };
        let told = collection(&hello(Mode::Live), &whole(shown), false);
        let [line] = &told["features"].as_array().expect("features")[..] else { panic!("one: the other is nowhere") };
        let [from, to] = [0, 1].map(|k| line["geometry"]["coordinates"][k][0].as_f64().expect("a number"));
        assert!((from - 20.9).abs() < 1e-9 && to > 21.1, "eastward");
        assert_eq!(line["properties"]["kind"], "line");
    }
}
