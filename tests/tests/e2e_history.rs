//! The built daemon, stopped and killed: where tracks were before is told after.

use std::time::Duration;

use serde_json::Value;
use tests::copmesh_binary;
use tests::daemon::{Daemon, Target};

const TARGETS: [Target; 2] = [
    Target { callsign: "ONE", icao: "48ad01", latitude_deg: 52.05, longitude_deg: 21.0 },
    Target { callsign: "TWO", icao: "48ad02", latitude_deg: 52.0, longitude_deg: 21.1 },
];
/// Longer than it takes until what is closed is written.
const WRITTEN: Duration = Duration::from_secs(13);

fn json(daemon: &Daemon, path: &str) -> Value {
    let (head, body) = daemon.page(path).expect("it runs");
    assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head} {body}");
    serde_json::from_str(&body).expect("JSON")
}

fn ids(picture: &Value) -> Vec<String> {
    let tracks = picture["tracks"].as_array().expect("a list");
    tracks.iter().map(|track| track["id"].as_str().expect("text").to_owned()).collect()
}

/// From when to when, in milliseconds.
fn span(daemon: &Daemon) -> (i64, i64) {
    let span = json(daemon, "/history/span");
    (span["from"].as_i64().expect("ms"), span["to"].as_i64().expect("ms"))
}

/// What is told of a track's way: when it was shown, and whether it was gone then.
fn way(daemon: &Daemon, id: &str) -> Vec<(i64, bool)> {
    let way = json(daemon, &format!("/history/track/{id}"));
    let label = way["identities"][0]["label"].as_str().expect("a label");
    assert!(label.contains("RESTRICTED"), "{label}");
    let points = way["points"].as_array().expect("a list");
    points.iter().map(|point| (point["shown_ms"].as_i64().expect("ms"), point["status"] == "deleted")).collect()
}

#[test]
fn where_tracks_were_is_known_after_a_stop_and_after_a_kill() {
    const NAME: &str = "e2e_history";
    let Some(binary) = copmesh_binary(NAME) else { return };
    let folder = std::env::temp_dir().join(format!("copmesh-history-state-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let node = format!("state-directory = {folder:?}");
    let start = || Daemon::start_with_state(&binary, NAME, &TARGETS, &node, "");

    let first = start();
    let of_first = ids(&first.picture_of(TARGETS.len()));
    std::thread::sleep(Duration::from_secs(3));
    let (begun, seen) = span(&first);
    first.stop();

    let second = start();
    let of_second = ids(&second.picture_of(TARGETS.len()));
    assert!(of_first.iter().all(|id| !of_second.contains(id)), "the node has another incarnation");
    assert_eq!(span(&second).0, begun, "the slider begins where it began");
    let then = json(&second, &format!("/history/picture?at={seen}"));
    assert_eq!(ids(&then), of_first);
    for id in &of_first {
        let way = way(&second, id);
        assert!(way.iter().any(|(shown, gone)| !gone && *shown <= seen), "{id}: {way:?}");
        assert!(way.last().is_some_and(|(shown, gone)| *gone && *shown >= seen), "{id}: {way:?}");
    }
    std::thread::sleep(WRITTEN);
    let killed = span(&second).1;
    drop(second);

    let third = start();
    let _ = third.picture_of(TARGETS.len());
    for id in of_first.iter().chain(&of_second) {
        let way = way(&third, id);
        assert!(way.iter().any(|(shown, gone)| !gone && *shown <= killed), "{id}: {way:?}");
        assert!(way.last().is_some_and(|(shown, gone)| *gone && *shown <= killed), "{id}: {way:?}");
    }
    assert_eq!(span(&third).0, begun);
    // Counters are told with the picture that follows the first look.
    std::thread::sleep(Duration::from_secs(3));
    let counters = &json(&third, "/status.json")["counters"];
    let count = |name: &str| counters[name].as_u64().unwrap_or_else(|| panic!("no {name} in {counters}"));
    assert!(count("history_restored") >= 6, "{counters}");
    assert_eq!(count("history_disk_dropped") + count("history_unkept"), 0);
    drop(third);
    std::fs::remove_dir_all(&folder).expect("removed");
}
