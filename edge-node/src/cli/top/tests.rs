//! Frames as they are kept: whoever changes one looks at it.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::{Value, json};

use super::*;

const TIME_MS: i64 = 1_717_235_061_500;

fn sensor(name: &str, state: &str, age_s: f64, reasons: &[&str]) -> Value {
    json!({ "name": name, "state": state, "reasons": reasons, "rate_hz": 12.5, "expected_hz": 0.25, "age_s": age_s })
}

fn neighbour(name: &str, state: &str, bearer: Option<&str>, trouble: Option<&str>) -> Value {
    json!({ "name": name, "state": state, "bearer": bearer, "age_s": 0.2, "waiting": 3, "trouble": trouble })
}

fn track(number: i64) -> Value {
    let place = f64::from(u16::try_from(number).expect("few")) / 1000.0;
    json!({ "id": format!("7-{number}"), "name": format!("TV{number:04}"), "callsign": format!("LOT{number}"),
            "class": "fixed-wing", "status": "confirmed", "affiliation": "unknown", "lat_deg": 50.0 + place,
            "lon_deg": 20.0 - place, "height_m": 9_144.0, "speed_m_s": 231.4, "course_deg": 271.0,
            "time_ms": TIME_MS - number * 10, "sensors": ["adsb", "radar-north"] })
}

fn status(tracks: i64) -> Value {
    json!({ "node": "alpha", "mode": "LIVE", "time_ms": TIME_MS, "tracks": tracks,
            "sensors": [sensor("adsb", "ok", 0.4, &[]), sensor("radar-north", "ok", 1.9, &[])],
            "neighbours": [neighbour("bravo", "ready", Some("wifi"), None)],
            "counters": { "scans": 900, "births": 12, "late": 0 } })
}

fn state(status: Value, tracks: i64) -> State {
    let picture = json!({ "time_ms": TIME_MS, "tracks": (0..tracks).map(track).collect::<Vec<Value>>() });
    let mut state = State::new("127.0.0.1:8477");
    state.take(Ok(Answer { status, picture, latency_s: Some(0.0031) }));
    state
}

/// Through a terminal, as it is shown.
fn frame(state: &State, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
    let drawn = terminal.draw(|frame| {
        let drawn = view::view(state, frame.area());
        frame.buffer_mut().merge(&drawn);
    });
    view::text(drawn.expect("drawn").buffer)
}

fn both(name: &str, state: &State) {
    insta::assert_snapshot!(format!("{name}_80x24"), frame(state, 80, 24));
    insta::assert_snapshot!(format!("{name}_120x40"), frame(state, 120, 40));
}

#[test]
fn a_picture_without_tracks_is_readable() {
    both("zero_tracks", &state(status(0), 0));
}

#[test]
fn one_track_is_readable() {
    both("one_track", &state(status(1), 1));
}

#[test]
fn five_thousand_tracks_are_readable_and_the_last_is_within_reach() {
    let mut state = state(status(5_000), 5_000);
    both("many_tracks", &state);
    let _ = state.press(event::KeyEvent::from(event::KeyCode::End));
    assert!(frame(&state, 80, 24).contains("tracks 5000 to 5000 of 5000"));
}

#[test]
fn a_sensor_that_is_down_stands_first_with_its_reason() {
    let mut status = status(1);
    status["sensors"] = (0..20).map(|i| sensor(&format!("camera-{i:02}"), "ok", 0.1, &[])).collect();
    status["sensors"][17] = sensor("radar-north", "down", 61.0, &["connection refused"]);
    status["sensors"][18] = sensor("ais", "degraded", 3.0, &["its clock is off, and corrected"]);
    both("sensor_down", &state(status, 1));
}

#[test]
fn a_mesh_that_is_split_says_who_is_out_of_reach_and_why() {
    let mut status = status(1);
    status["neighbours"] = json!([
        neighbour("bravo", "ready", Some("wifi"), None),
        neighbour("charlie", "down", None, Some("refused at tls/10.0.0.3:7450: expired")),
        neighbour("delta", "greeting", Some("hf"), None),
        neighbour("echo", "down", None, None),
    ]);
    status["recorder_trouble"] = "No space left on device".into();
    both("mesh_split", &state(status, 1));
}

#[test]
fn a_node_that_cannot_be_reached_is_told_with_where_it_was_asked() {
    let mut nobody = State::new("127.0.0.1:8477");
    nobody.take(Err("Connection refused".into()));
    both("unreachable", &nobody);
}

#[test]
fn a_replay_and_a_simulation_are_never_taken_for_the_world() {
    for mode in ["SIM", "REPLAY"] {
        let mut status = status(0);
        status["mode"] = mode.into();
        let drawn = view::view(&state(status, 0), Rect::new(0, 0, 80, 24));
        let live = view::view(&state(self::status(0), 0), Rect::new(0, 0, 80, 24));
        assert!(view::text(&drawn).starts_with(&format!("[ {mode} ] alpha")));
        assert_ne!(drawn.content()[0].bg, live.content()[0].bg, "{mode} has a colour of its own");
    }
}

#[test]
fn no_size_of_a_terminal_is_too_small_to_draw_in() {
    let state = state(status(50), 50);
    for (width, height) in [(0, 0), (1, 1), (3, 2), (20, 5), (40, 9), (300, 3)] {
        let _ = view::text(&view::view(&state, Rect::new(0, 0, width, height)));
    }
}

#[test]
fn what_others_send_moves_no_cursor() {
    let mut state = state(status(1), 1);
    state.answer.as_mut().expect("taken").picture["tracks"][0]["callsign"] = "\x1b[2J\x07X".into();
    let drawn = frame(&state, 80, 24);
    assert!(!drawn.contains('\x1b') && !drawn.contains('\x07'), "{drawn}");
}

#[test]
fn the_latency_is_read_from_the_metrics() {
    let metrics = "# TYPE copmesh_fusion_latency_seconds gauge\n\
                   copmesh_fusion_latency_seconds{quantile=\"0.5\"} 0.001\n\
                   copmesh_fusion_latency_seconds{quantile=\"0.99\"} 0.0031\n";
    assert_eq!(latency(metrics), Some(0.0031));
    assert_eq!(latency(""), None);
}
