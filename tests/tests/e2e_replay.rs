//! Recordings through the real daemon: every frame accounted for, the same tracks on every run, one track per aircraft
//! even when their addresses are hidden.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use fusion_core::geodesy::Geodetic;
use serde_json::Value;

fn run(binary: &Path, arguments: &[&str]) -> Output {
    Command::new(binary).args(arguments).output().expect("the built daemon starts")
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("--json prints one JSON object")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// A folder of this test's own, empty.
fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("copmesh-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a temporary folder");
    path
}

/// The sum of the first sensor's counters of this family.
fn counters(result: &Value, family: &str) -> u64 {
    let list = result["sensors"][0][1].as_array().expect("the counters of the first sensor");
    let of_family = list.iter().filter(|c| c[0].as_str().is_some_and(|name| name.starts_with(family)));
    of_family.filter_map(|c| c[1].as_u64()).sum()
}

#[test]
fn two_runs_over_a_recording_of_the_demo_give_the_same_bytes() {
    let Some(binary) = tests::copmesh_binary("e2e_record_replay") else { return };
    let folder = folder("record-replay");
    let recording = folder.join("demo.mcap");
    let common = ["demo", "--json", "--duration", "12", "--console", "none", "--zenoh", "none", "--record"];
    json(&run(&binary, &[&common[..], &[text(&recording)]].concat()));
    let files = [folder.join("a.jsonl"), folder.join("b.jsonl")];
    let hashes = files.each_ref().map(|file| {
        let arguments = ["replay", text(&recording), "--deterministic", "--json", "--tracks", text(file)];
        json(&run(&binary, &arguments))["tracks_hash"].as_str().expect("a hash").to_owned()
    });
    assert_eq!(hashes[0], hashes[1]);
    let tracks = files.each_ref().map(|file| std::fs::read(file).expect("written"));
    assert!(!tracks[0].is_empty() && tracks[0] == tracks[1]);
    std::fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn a_recording_that_was_cut_replays_up_to_the_cut_and_says_so() {
    let Some(binary) = tests::copmesh_binary("e2e_cut_recording") else { return };
    let folder = folder("cut");
    let (whole, cut) = (folder.join("demo.mcap"), folder.join("cut.mcap"));
    let common = ["demo", "--json", "--duration", "6", "--console", "none", "--zenoh", "none", "--record"];
    json(&run(&binary, &[&common[..], &[text(&whole)]].concat()));
    let bytes = std::fs::read(&whole).expect("written");
    std::fs::write(&cut, &bytes[..bytes.len() * 2 / 3]).expect("written");
    let output = run(&binary, &["replay", text(&cut), "--fast", "--json"]);
    assert!(json(&output)["entries"].as_u64() > Some(0));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("cut.mcap") && said.contains("was cut at byte"), "{said}");
    std::fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn every_frame_of_a_long_flight_is_accounted_for() {
    const NAME: &str = "e2e_long_flight";
    let Some(binary) = tests::copmesh_binary(NAME) else { return };
    let Some(flight) = tests::recording(NAME, "long_flight.csv") else { return };
    let result = json(&run(&binary, &["replay", text(&flight), "--fast", "--json"]));
    assert_eq!(result["entries"].as_u64(), Some(172_432));
    let (decoded, ignored, damaged) =
        (counters(&result, "decoded_"), counters(&result, "ignored_"), counters(&result, "damaged_"));
    println!(
        "long_flight: decoded {decoded}, ignored by type {ignored}, damaged {damaged}; {:.0} frames/s",
        result["entries_per_s"].as_f64().expect("a rate")
    );
    assert_eq!(decoded + ignored + damaged, 172_432);
}

/// Nearer than this, two things that stand still cannot be told apart by reports of this accuracy.
const RESOLUTION_M: f64 = 25.0;

#[test]
fn position_alone_keeps_one_track_per_aircraft() {
    const NAME: &str = "e2e_blind";
    let Some(binary) = tests::copmesh_binary(NAME) else { return };
    let Some(flight) = tests::recording(NAME, "long_flight.csv") else { return };
    let folder = folder("blind");
    let (seeing, blind) = (folder.join("seeing.jsonl"), folder.join("blind.jsonl"));
    let common = ["replay", text(&flight), "--fast", "--json", "--tracks"];
    json(&run(&binary, &[&common[..], &[text(&seeing)]].concat()));
    let result = json(&run(&binary, &[&common[..], &[text(&blind), "--blind"]].concat()));

    let lines = result["addresses"]["lines"].as_array().expect("a list");
    println!("position alone against addresses:");
    for line in lines {
        println!(
            "  {} updates {} tracks {} switches {}",
            line["address"], line["updates"], line["tracks"], line["switches"]
        );
        assert_eq!((line["tracks"].as_u64(), line["switches"].as_u64()), (Some(1), Some(0)), "{line}");
    }
    assert!(lines.len() >= 10, "aircraft in the air and on the ground");

    // The addresses, used as truth, say where each of them was: only what stood too near may share a track.
    let places = last_places(&seeing);
    for (id, addresses) in addresses_by_track(&blind).iter().filter(|(_, addresses)| addresses.len() > 1) {
        let places: Vec<&[f64; 2]> = addresses.iter().filter_map(|a| places.get(a)).collect();
        let apart = places.windows(2).map(|pair| distance_m(pair[0], pair[1])).fold(0.0, f64::max);
        println!("  {id} holds {addresses:?}, which stand {apart:.0} m apart at the most");
        assert!(apart < RESOLUTION_M, "{id} mixes {addresses:?}");
    }
    std::fs::remove_dir_all(folder).expect("removed");
}

fn lines_of(tracks: &Path) -> Vec<Value> {
    let content = std::fs::read_to_string(tracks).expect("written");
    content.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn last_places(tracks: &Path) -> BTreeMap<String, [f64; 2]> {
    let place = |line: &Value| {
        let address = line["identity"]["address"].as_str()?.to_owned();
        Some((address, [line["lat_deg"].as_f64()?, line["lon_deg"].as_f64()?]))
    };
    lines_of(tracks).iter().filter_map(place).collect()
}

fn addresses_by_track(tracks: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut by_track: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in lines_of(tracks) {
        if let (Some(id), Some(address)) = (line["id"].as_str(), line["identity"]["address"].as_str()) {
            by_track.entry(id.to_owned()).or_default().insert(address.to_owned());
        }
    }
    by_track
}

fn distance_m(a: &[f64; 2], b: &[f64; 2]) -> f64 {
    let place = |p: &[f64; 2]| Geodetic::from_degrees(p[0], p[1], 0.0).expect("a place on earth").to_ecef();
    (place(a) - place(b)).length()
}

#[test]
fn a_recording_of_unknown_form_is_refused_with_the_remedy() {
    let Some(binary) = tests::copmesh_binary("e2e_unknown_form") else { return };
    let output = run(&binary, &["replay", "no-such-file.xyz"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("no-such-file.xyz") && said.contains(".mcap"), "{said}");
}

#[test]
fn a_misspelt_key_is_refused_with_the_right_one() {
    let Some(binary) = tests::copmesh_binary("e2e_check") else { return };
    let folder = folder("check");
    let file = folder.join("node.toml");
    std::fs::write(&file, "[node]\nname = \"alpha\"\nlatitude-deg = 52.0\nlongitud-deg = 21.0\n").expect("written");
    let output = run(&binary, &["check", text(&file)]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("node.toml") && said.contains("did you mean `longitude-deg`"), "{said}");
    std::fs::remove_dir_all(folder).expect("removed");
}
