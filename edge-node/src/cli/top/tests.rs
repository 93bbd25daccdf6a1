//! Frames as they are kept: whoever changes one looks at it.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::Value;

use super::super::samples::{self, picture, status};
use super::*;

fn state(status: Value, tracks: i64) -> State {
    let mut state = State::new("127.0.0.1:8477");
    state.take(Ok(Answer { status, picture: picture(tracks), latency_s: Some(0.0031) }));
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
    both("sensor_down", &state(samples::with_a_sensor_down(), 1));
}

#[test]
fn a_mesh_that_is_split_says_who_is_out_of_reach_and_why() {
    both("mesh_split", &state(samples::with_the_mesh_split(), 1));
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

#[test]
fn a_program_is_told_what_a_frame_is_drawn_from() {
    let answer = state(status(2), 2).answer.expect("taken");
    let told = json(&answer);
    assert_eq!((&told["status"], &told["picture"]), (&answer.status, &answer.picture));
    assert_eq!(told["latency_p99_s"], 0.0031);
}
