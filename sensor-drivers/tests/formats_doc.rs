//! docs/FORMATS.md is true: its examples are read, its refusals happen as told, its tables list the keys that exist.

use std::fs;
use std::path::Path;

use fusion_core::time::Timestamp;
use sensor_drivers::decoder::{Decoder, Report};
use sensor_drivers::error::DecodeError;
use sensor_drivers::plots::{PlotsDecoder, keys};

/// The chapter on generic plots.
fn chapter() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/FORMATS.md");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let after = text.split("\n## Generic plots (NDJSON)\n").nth(1).expect("the chapter is there");
    after.split("\n## ").next().expect("a split has a first part").to_owned()
}

/// The lines of all fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}");
    let mut lines = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == fence;
        } else if inside {
            lines.push(line.to_owned());
        }
    }
    lines
}

fn decode(line: &str) -> Vec<Result<Report, DecodeError>> {
    let mut decoder = PlotsDecoder::default();
    decoder.handle_bytes(format!("{line}\n").as_bytes(), Timestamp::EPOCH);
    std::iter::from_fn(|| decoder.poll_report()).collect()
}

#[test]
fn every_example_is_understood() {
    let examples = blocks(&chapter(), "ndjson");
    assert!(examples.len() >= 10, "{} examples", examples.len());
    for line in examples {
        assert!(matches!(&decode(&line)[..], [Ok(Report::Scan(_))]), "{line}\n{:?}", decode(&line));
    }
}

#[test]
fn every_refusal_happens_as_told() {
    let lines = blocks(&chapter(), "text");
    assert!(lines.len() >= 10 && lines.len().is_multiple_of(2));
    for pair in lines.chunks(2) {
        match &decode(&pair[0])[..] {
            [Err(error)] => assert_eq!(error.to_string(), pair[1], "{}", pair[0]),
            other => panic!("{}: {other:?}", pair[0]),
        }
    }
}

#[test]
fn the_tables_list_exactly_the_keys_that_exist() {
    let chapter = chapter();
    let first_cells = chapter.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let mut listed: Vec<&str> = first_cells.filter(|key| !["time", "identity"].contains(key)).collect();
    let mut existing: Vec<&str> = keys().collect();
    listed.sort_unstable();
    existing.sort_unstable();
    assert_eq!(listed, existing);
}
