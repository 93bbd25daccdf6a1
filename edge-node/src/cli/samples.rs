//! What nodes answer, for tests of what is made of it in a terminal.

use serde_json::{Value, json};

pub(super) const TIME_MS: i64 = 1_717_235_061_500;

fn sensor(name: &str, state: &str, age_s: f64, reasons: &[&str]) -> Value {
    json!({ "name": name, "state": state, "reasons": reasons, "rate_hz": 12.5, "expected_hz": 0.25, "age_s": age_s,
            "errors": 0, "duplicates": 3, "late": 1, "dropped": 0, "clock": "unknown" })
}

fn neighbour(name: &str, state: &str, bearer: Option<&str>, trouble: Option<&str>) -> Value {
    json!({ "name": name, "state": state, "bearer": bearer, "age_s": 0.2, "waiting": 3, "trouble": trouble,
            "withheld": 0, "rate_bytes_s": 250_000.0, "clock_ahead_s": -0.012, "bytes_in": 40_000, "bytes_out": 52_000,
            "kept": ["hf"] })
}

fn track(number: i64) -> Value {
    let place = f64::from(u16::try_from(number).expect("few")) / 1000.0;
    json!({ "id": format!("8ac625bb85ed202b-1717230000-{number:016x}"), "name": format!("T{number:04}"),
            "callsign": format!("LOT{number}"), "class": "air", "status": "confirmed", "affiliation": "unknown",
            "lat_deg": 50.0 + place,
            "lon_deg": 20.0 - place, "height_m": 9_144.0, "speed_m_s": 231.4, "course_deg": 271.0, "sigma_m": 12.3,
            "time_ms": TIME_MS - number * 10, "sensors": ["adsb", "radar-north"] })
}

/// Two sensors and a neighbour, all well.
pub(super) fn status(tracks: i64) -> Value {
    json!({ "node": "alpha", "mode": "LIVE", "time_ms": TIME_MS, "tracks": tracks,
            "sensors": [sensor("adsb", "ok", 0.4, &[]), sensor("radar-north", "ok", 1.9, &[])],
            "neighbours": [neighbour("bravo", "ready", Some("wifi"), None)],
            "counters": { "scans": 900, "births": 12, "late": 0 } })
}

/// One that is down and one that is degraded among many.
pub(super) fn with_a_sensor_down() -> Value {
    let mut status = status(1);
    status["sensors"] = (0..20).map(|i| sensor(&format!("camera-{i:02}"), "ok", 0.1, &[])).collect();
    status["sensors"][17] = sensor("radar-north", "down", 61.0, &["connection refused"]);
    status["sensors"][18] = sensor("ais", "degraded", 3.0, &["its clock is off, and corrected"]);
    status
}

/// Of four neighbours one is there; and nothing can be recorded.
pub(super) fn with_the_mesh_split() -> Value {
    let mut status = status(1);
    status["neighbours"] = json!([
        neighbour("bravo", "ready", Some("wifi"), None),
        neighbour("charlie", "down", None, Some("refused at tls/10.0.0.3:7450: expired")),
        neighbour("delta", "greeting", Some("hf"), None),
        neighbour("echo", "down", None, None),
    ]);
    status["recorder_trouble"] = "No space left on device".into();
    status
}

pub(super) fn picture(tracks: i64) -> Value {
    json!({ "node": "alpha", "mode": "LIVE", "classification": "RESTRICTED//REL TO POL", "time_ms": TIME_MS,
            "tracks": (0..tracks).map(track).collect::<Vec<Value>>() })
}
