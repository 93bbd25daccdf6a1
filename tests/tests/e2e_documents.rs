//! The built daemon gives its picture to maps, monitors and the terminal.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tests::daemon::{Daemon, Target};

const TARGETS: [Target; 2] = [
    Target { callsign: "KILO 1", icao: "48AD01", latitude_deg: 52.05, longitude_deg: 21.02 },
    Target { callsign: "<LIMA&>", icao: "48AD02", latitude_deg: 51.97, longitude_deg: 20.95 },
];

fn told(binary: &Path, arguments: &[&str]) -> String {
    let output = Command::new(binary).args(arguments).output().expect("the built daemon starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn maps_monitors_and_the_terminal_get_the_same_tracks() {
    let Some(binary) = tests::copmesh_binary("e2e_documents") else { return };
    let daemon = Daemon::start(&binary, "documents", &TARGETS, "");
    let _ = daemon.picture_of(TARGETS.len());
    let document = |path: &str, media_type: &str| {
        let (head, body) = daemon.page(path).expect("it runs");
        assert!(head.starts_with("HTTP/1.1 200") && head.contains(media_type), "{path}: {head}");
        body
    };
    let points: Value = serde_json::from_str(&document("/picture.geojson", "application/geo+json")).expect("JSON");
    assert_eq!(points["features"].as_array().map(Vec::len), Some(TARGETS.len()));
    let areas: Value = serde_json::from_str(&document("/picture.geojson?areas", "geo+json")).expect("JSON");
    assert_eq!(areas["features"].as_array().map(Vec::len), Some(2 * TARGETS.len()));
    let kml = document("/picture.kml", "application/vnd.google-earth.kml+xml");
    assert!(kml.contains("KILO 1</name>") && kml.contains("&lt;LIMA&amp;&gt;</name>"), "{kml}");
    assert!(document("/link.kml", "kml").contains(&format!("<href>http://{}/picture.kml</href>", daemon.console())));
    let metrics = document("/metrics", "application/openmetrics-text");
    assert!(metrics.contains("copmesh_tracks{status=\"confirmed\"} 2.0") && metrics.ends_with("# EOF\n"), "{metrics}");
    assert_eq!(document("/health", "application/json"), "{\"reasons\":[],\"status\":\"ok\"}");

    let console = daemon.console();
    let ask = |arguments: &[&str]| told(&binary, &[arguments, &["--console", &console]].concat());
    let table = ask(&["export", "csv"]);
    assert_eq!(table.lines().count(), 1 + TARGETS.len(), "{table}");
    assert_eq!(ask(&["tracks"]).lines().count(), 2 + TARGETS.len());
    let again: Value = serde_json::from_str(&ask(&["tracks", "--geojson"])).expect("JSON");
    assert_eq!(again["type"], "FeatureCollection");
}

#[test]
fn doctor_and_top_tell_programs_of_the_running_node() {
    let Some(binary) = tests::copmesh_binary("e2e_doctor_and_top") else { return };
    let daemon = Daemon::start(&binary, "doctor-and-top", &TARGETS, "");
    let _ = daemon.picture_of(TARGETS.len());
    let console = daemon.console();
    let top: Value = serde_json::from_str(&told(&binary, &["top", "--json", "--console", &console])).expect("JSON");
    assert_eq!((&top["status"]["node"], &top["status"]["tracks"]), (&"box".into(), &TARGETS.len().into()));
    assert_eq!(top["picture"]["tracks"].as_array().map(Vec::len), Some(TARGETS.len()));
    assert!(top["latency_p99_s"].as_f64().is_some_and(|seconds| seconds > 0.0), "{}", top["latency_p99_s"]);
    assert!(told(&binary, &["top", "--once", "--console", &console]).contains("KILO 1"));
    // Whether this machine is well is not for this test to say; that the node and its sensor are looked at is.
    let output = Command::new(&binary).args(["doctor", "--json", "--console", &console]).output().expect("it starts");
    let looked: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(looked["well"].as_bool(), Some(output.status.success()), "{looked}");
    let findings = looked["findings"].as_array().expect("a list");
    let state = |what: &str| findings.iter().find(|finding| finding["what"] == what).map(|finding| &finding["state"]);
    assert_eq!(state("node"), Some(&"well".into()), "{looked}");
    assert_eq!(state("sensor plots"), Some(&"well".into()), "{looked}");
    let nobody = ["doctor", "--json", "--console", "127.0.0.1:1"];
    let output = Command::new(&binary).args(nobody).output().expect("it starts");
    let looked: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(
        looked["findings"].as_array().expect("a list").iter().any(|f| f["what"] == "node" && f["state"] == "doubtful")
    );
}

#[test]
fn the_manual_and_completions_need_no_node() {
    let Some(binary) = tests::copmesh_binary("e2e_manual") else { return };
    assert!(told(&binary, &["man"]).contains(".TH copmesh 1"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(told(&binary, &["completions", shell]).contains("tracks"), "{shell}");
    }
}
