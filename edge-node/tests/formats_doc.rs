//! docs/FORMATS.md is true where no socket is needed: the files that are scored, ids and words, imported frames.
//!
//! What the shell writes is held by `formats_doc_shell.rs`; the chapter on plots by the crate of the drivers.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use edge_node::node::node_id;
use edge_node::picture::{short_name, text_id};
use edge_node::score::{LineFault, Params, ScoreError, Summary, streams};
use edge_node::words;
use fusion_core::identity::Affiliation;
use fusion_core::measurement::SensorId;
use fusion_core::time::Timestamp;
use fusion_core::track::TrackStatus;
use fusion_core::track::number::{Origin, TrackId, TrackNumber};
use proto::row::attributes::CLASSES;
use sensor_drivers::mode_s::recorded::parse_line;
use serde_json::{Map, Value};

fn chapter(title: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/FORMATS.md");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let after = text.split(&format!("\n## {title}\n")).nth(1).unwrap_or_else(|| panic!("no chapter \"{title}\""));
    after.split("\n## ").next().expect("a split has a first part").to_owned()
}

/// The fenced block of a language.
fn block(chapter: &str, language: &str) -> String {
    let after = chapter.split(&format!("```{language}\n")).nth(1).expect("the block is there");
    after.split("```").next().expect("a split has a first part").to_owned()
}

fn lines(chapter: &str) -> Vec<Map<String, Value>> {
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    block(chapter, "jsonl").lines().map(parse).collect()
}

/// The keys of a chapter's table, and whether a living track or an object must have each.
fn keys(chapter: &str) -> Vec<(String, bool)> {
    let row = |line: &str| {
        let key = line.strip_prefix("| `")?.split('`').next()?;
        let last = line.trim_end_matches(" |").rsplit(" | ").next()?;
        Some((key.to_owned(), last.starts_with("required")))
    };
    chapter.lines().filter_map(row).collect()
}

fn tracks() -> String {
    chapter("Tracks file (JSON lines)")
}

fn truth() -> String {
    chapter("Truth file (JSON lines)")
}

fn score(tracks: &str, truth: &str) -> Result<Summary, ScoreError> {
    let (a, b) = (Path::new("tracks"), Path::new("truth"));
    streams((a, tracks.as_bytes()), (b, truth.as_bytes()), Params::default())
}

/// The key that a line of either file was refused for want of, if it was.
fn missing(outcome: Result<Summary, ScoreError>) -> Option<String> {
    match outcome {
        Err(ScoreError::Line { fault: LineFault::Missing(key), .. }) => Some(key.name.to_owned()),
        Err(ScoreError::Line { fault, .. }) => panic!("{fault}"),
        // What is left of the examples may have no time in common; that is another matter.
        Ok(_) | Err(_) => None,
    }
}

/// The line without one key, or nothing if it has no such key.
fn without(line: &Map<String, Value>, key: &str) -> Option<String> {
    let mut line = line.clone();
    line.remove(key)?;
    Some(Value::Object(line).to_string())
}

#[test]
fn the_two_examples_can_be_scored_against_each_other() {
    let summary = score(&block(&tracks(), "jsonl"), &block(&truth(), "jsonl")).expect("good examples");
    assert!(summary.gospa.mean_m.expect("frames") < 100.0, "{summary}");
    assert!(summary.siap.completeness.expect("frames") > 0.5, "{summary}");
}

#[test]
fn the_examples_have_exactly_the_keys_of_their_tables() {
    for chapter in [tracks(), truth()] {
        let mut listed: Vec<String> = keys(&chapter).into_iter().map(|(key, _)| key).collect();
        listed.sort_unstable();
        assert_eq!(lines(&chapter)[0].keys().cloned().collect::<Vec<_>>(), listed);
    }
}

#[test]
fn a_key_is_required_where_the_tables_say_so_and_nowhere_else() {
    let (tracks, truth) = (tracks(), truth());
    for (key, required) in keys(&tracks) {
        let text = without(&lines(&tracks)[0], &key).expect("the example has it");
        assert_eq!(missing(score(&text, &block(&truth, "jsonl"))), required.then_some(key));
    }
    for (key, required) in keys(&truth) {
        let text = without(&lines(&truth)[0], &key).expect("the example has it");
        assert_eq!(missing(score(&block(&tracks, "jsonl"), &text)), required.then_some(key));
    }
}

#[test]
fn the_end_of_a_track_needs_no_more_than_the_example_has() {
    let tracks = tracks();
    let end = &lines(&tracks)[1];
    assert_eq!(end.keys().collect::<Vec<_>>(), ["id", "status", "time_ns"]);
    for key in end.keys() {
        let text = without(end, key).expect("it is one of its keys");
        assert_eq!(missing(score(&text, &block(&truth(), "jsonl"))).as_ref(), Some(key));
    }
}

#[test]
fn the_id_in_the_examples_is_what_its_parts_make() {
    let text = lines(&tracks())[0]["id"].as_str().expect("text").to_owned();
    let incarnation = text.split('-').nth(1).and_then(|part| part.parse().ok()).expect("a decimal number");
    let founded = Timestamp::from_nanos(1_717_235_000_250_000_000);
    let id = TrackId {
        origin: Origin { node: node_id("alpha"), incarnation },
        number: TrackNumber::founding(founded, SensorId(0), 3),
    };
    assert_eq!(text_id(id), text);
    assert_eq!(lines(&tracks())[0]["name"], short_name(id));
}

#[test]
fn every_status_is_in_the_table_by_its_word() {
    let tracks = tracks();
    let row = tracks.lines().find(|line| line.starts_with("| `status`")).expect("a row");
    let statuses = [Some(TrackStatus::Tentative), Some(TrackStatus::Confirmed), Some(TrackStatus::Coasted), None];
    for word in statuses.map(words::status) {
        assert!(row.contains(&format!("`{word}`")), "{word}");
    }
}

#[test]
fn classes_and_affiliations_are_called_as_in_plots_but_for_one() {
    let plots = chapter("Generic plots (NDJSON)");
    let values = |key: &str| {
        let row = plots.lines().find(|line| line.starts_with(&format!("| `{key}`"))).expect("a row");
        row.split('`').skip(3).step_by(2).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(values("class"), CLASSES.map(words::class));
    let but_for_one = |word: String| if word == "assumed-friend" { "assumed_friend".into() } else { word };
    let expected: Vec<String> = values("affiliation").into_iter().map(but_for_one).collect();
    assert_eq!(expected, Affiliation::ALL.map(words::affiliation));
}

#[test]
fn the_recorded_frame_is_read() {
    for line in block(&chapter("Imported recordings"), "csv").lines() {
        parse_line(line.as_bytes()).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}

#[test]
fn the_zenoh_keys_are_those_that_the_mesh_declares() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/mesh.rs");
    let source = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(source.contains("format!(\"copmesh/1/{node}/{end}\""), "how keys begin");
    let published = between(&source, "session, \"", '"').chain(between(&source, "key(&self.teller.node, \"", '"'));
    let declared: BTreeSet<&str> = published.filter(|name| *name != "*").chain(["history/…"]).collect();
    let chapter = chapter("zenoh keys and protobuf");
    let told: BTreeSet<&str> = between(&chapter, "| `copmesh/1/NODE/", '`').collect();
    assert_eq!(told, declared);
}

/// What stands between each `before` and the next `end`.
fn between<'a>(text: &'a str, before: &'a str, end: char) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).filter_map(move |rest| rest.split(end).next())
}
