//! docs/SCENARIOS.md is true: its example is read, its tables list exactly the keys that exist, with their defaults.
//!
//! No list of keys is typed here: a key that cannot exist is put into each table in turn, and serde's refusal names
//! those that do.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use sensor_drivers::sim::scenario::Scenario;
use toml::{Table, Value};

const NOBODY: &str = "qqqqqqqq";

/// A row of one of its tables.
struct Row {
    section: String,
    key: String,
    default: String,
}

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/SCENARIOS.md");
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn example() -> Table {
    let text = document();
    let block = text.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    block.parse().expect("TOML")
}

/// All rows of tables of keys, under the section that the heading above them names.
fn rows() -> Vec<Row> {
    let text = document();
    let keys = text.split("\n## Keys\n").nth(1).expect("the chapter").split("### Legs").next().expect("a part");
    let mut section = String::new();
    let mut rows = Vec::new();
    for line in keys.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            section = heading.trim_matches(['[', ']', '`']).replace("The top level", "");
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let ["", key, default, meaning, ""] = cells[..]
            && key.starts_with('`')
        {
            assert!(!meaning.is_empty(), "[{section}] {key} has no meaning");
            rows.push(Row { section: section.clone(), key: key.trim_matches('`').into(), default: default.into() });
        }
    }
    assert!(rows.len() > 100, "{} rows", rows.len());
    rows
}

/// The table of a section in the example: the first entry of a list that has what the section needs.
fn section<'a>(whole: &'a mut Table, name: &str) -> &'a mut Table {
    let (path, kind) = name.split_once(": ").map_or((name, None), |(path, kind)| (path, Some(kind)));
    let mut parts = path.split('.').filter(|part| !part.is_empty()).peekable();
    let mut table = whole;
    while let Some(part) = parts.next() {
        let next = parts.peek().copied();
        table = match table.get_mut(part).unwrap_or_else(|| panic!("the example has no {part} for [{name}]")) {
            Value::Table(table) => table,
            Value::Array(list) => list
                .iter_mut()
                .filter_map(Value::as_table_mut)
                .find(|entry| {
                    kind.is_none_or(|kind| entry["kind"].as_str() == Some(kind))
                        && next.is_none_or(|next| entry.contains_key(next))
                })
                .unwrap_or_else(|| panic!("the example has no entry for [{name}]")),
            other @ (Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)) => panic!("[{name}] is {other}"),
        };
    }
    table
}

fn read(table: &Table) -> Result<Scenario, String> {
    toml::from_str::<Scenario>(&table.to_string()).map_err(|error| error.message().to_owned())
}

#[test]
fn the_example_is_a_sound_scenario() {
    let scenario = Scenario::from_toml(&example().to_string()).expect("sound");
    assert!(scenario.sensors.len() >= 6 && scenario.nodes.len() == 2 && scenario.links.len() == 1);
}

#[test]
fn the_tables_list_exactly_the_keys_that_exist() {
    let rows = rows();
    let sections: BTreeSet<&str> = rows.iter().map(|row| row.section.as_str()).collect();
    for name in sections {
        let mut whole = example();
        section(&mut whole, name).insert(NOBODY.into(), 1.into());
        let refusal = read(&whole).expect_err(name);
        let expected = refusal.split_once("expected").unwrap_or_else(|| panic!("[{name}]: {refusal}")).1;
        let exist: BTreeSet<&str> = expected.split('`').skip(1).step_by(2).collect();
        let listed: BTreeSet<&str> =
            rows.iter().filter(|row| row.section == name).map(|row| row.key.as_str()).collect();
        assert_eq!(listed, exist, "[{name}]");
    }
}

#[test]
fn the_defaults_are_the_true_ones() {
    for Row { section: name, key, default } in rows() {
        let mut without = example();
        section(&mut without, &name).remove(&key);
        let bare = read(&without);
        match default.as_str() {
            "required" => {
                let refusal = bare.expect_err(&format!("[{name}] {key} is required"));
                assert!(refusal.contains(&format!("missing field `{key}`")), "[{name}] {key}: {refusal}");
            }
            literal if literal.starts_with('`') => {
                let literal: Table = format!("x = {}", literal.trim_matches('`')).parse().expect("a literal");
                let mut written = without;
                section(&mut written, &name).insert(key.clone(), literal["x"].clone());
                assert_eq!(read(&written), bare, "[{name}] {key}");
            }
            _ => assert!(bare.is_ok(), "[{name}] {key}: {bare:?}"),
        }
    }
}
