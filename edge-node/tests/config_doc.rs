//! docs/CONFIG.md is true: its examples are read, its tables hold every key that exists with its default and range.
//!
//! No list of keys is typed here. A key that cannot exist is put into each table in turn, and serde's refusal names
//! those that do; what a key is when nobody writes it, is what it becomes when it is taken out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use edge_node::config::Config;
use toml::{Table, Value};

/// No key and no word of the configuration is called this, nor anything like it.
const NOBODY: &str = "qqqqqqqq";

// --- The document ---

/// A row of one of its tables.
struct Row {
    section: String,
    key: String,
    unit: String,
    range: String,
    default: String,
}

impl Row {
    /// The key with its path, as the program names it in refusals of sense.
    fn path(&self) -> Vec<&str> {
        self.section.split('.').filter(|part| !part.is_empty()).chain([self.key.as_str()]).collect()
    }
}

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/CONFIG.md");
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All rows, each under the section that the heading above it names (`` ### `[sensors.sigma]` ``); the table without
/// such a heading is the top level, called "".
fn rows() -> Vec<Row> {
    let mut section = String::new();
    let mut rows = Vec::new();
    for line in document().lines() {
        if let Some(heading) = line.strip_prefix("### `[") {
            section = heading.trim_matches(['[', ']', '`']).to_owned();
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let ["", key, unit, range, default, meaning, ""] = cells[..]
            && key.starts_with('`')
        {
            assert!(!meaning.is_empty(), "[{section}] {key} has no meaning");
            let [key, unit, range, default] = [key.trim_matches('`'), unit, range, default].map(str::to_owned);
            rows.push(Row { section: section.clone(), key, unit, range, default });
        }
    }
    rows
}

fn row<'a>(rows: &'a [Row], section: &str, key: &str) -> &'a Row {
    rows.iter().find(|row| row.section == section && row.key == key).expect("the row is there")
}

/// The fenced examples in TOML, of this document and of docs/SENSORS.md; those without a node are parts, and go below
/// the first one.
fn examples() -> Vec<String> {
    let text = document();
    let sensors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/SENSORS.md");
    let sensors = fs::read_to_string(&sensors).unwrap_or_else(|error| panic!("{}: {error}", sensors.display()));
    let fenced = |text: &str| -> Vec<String> {
        text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
    };
    let blocks = [fenced(&text), fenced(&sensors)].concat();
    let whole = |block: &String| {
        if block.contains("[node]") { block.clone() } else { format!("{}\n{block}", blocks[0]) }
    };
    blocks.iter().map(whole).collect()
}

// --- The program ---

/// What the program says to a configuration of which only the form matters.
fn refusal(text: &str) -> Option<String> {
    toml::from_str::<Config>(text).err().map(|error| error.message().to_owned())
}

/// The words that serde would have taken, if it refuses an unknown `what` ("field" or "variant").
fn expected(text: &str, what: &str) -> Option<BTreeSet<String>> {
    let message = refusal(text)?;
    let rest = message.strip_prefix(&format!("unknown {what} `{NOBODY}`, expected "))?;
    Some(rest.split('`').skip(1).step_by(2).map(str::to_owned).collect())
}

/// Every table that exists, by its section in the document, with its keys.
fn tables() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    explore("", "", &mut found);
    found
}

/// Whether a section exists, whose keys come after `header` in a file; if so it is noted, and what lies below it.
fn explore(section: &str, header: &str, found: &mut BTreeMap<String, BTreeSet<String>>) -> bool {
    let Some(keys) = expected(&format!("{header}{NOBODY} = 1\n"), "field") else { return false };
    for key in &keys {
        let path = if section.is_empty() { key.clone() } else { format!("{section}.{key}") };
        let _ = explore(&path, &format!("{header}[{path}]\n"), found)
            || explore(&path, &format!("{header}[[{path}]]\n"), found);
    }
    found.insert(section.to_owned(), keys);
    true
}

/// A configuration in which every table stands, and every key that has a default or is required: the radar's.
fn complete() -> Table {
    let example = examples().into_iter().find(|text| text.contains("source = {")).expect("a radar names its source");
    Config::parse(&example).expect("a good example").to_toml().parse().expect("what is written out is TOML")
}

/// The table of a section: with `[[sensors]]`, that of the first sensor.
fn section<'a>(config: &'a mut Table, name: &str) -> &'a mut Table {
    name.split('.').filter(|part| !part.is_empty()).fold(config, |table, part| {
        let value = table.get_mut(part).expect("the section is there");
        let value = if value.is_array() { &mut value[0] } else { value };
        value.as_table_mut().expect("a section is a table or a list of tables")
    })
}

/// What a key is when nobody writes it: an error if it is required, nothing if it stays away.
fn default_of(row: &Row) -> Result<Option<Value>, String> {
    let mut config = complete();
    section(&mut config, &row.section).remove(&row.key);
    let read = toml::from_str::<Config>(&config.to_string()).map_err(|error| error.message().to_owned())?;
    let mut full: Table = read.to_toml().parse().expect("what is written out is TOML");
    Ok(section(&mut full, &row.section).get(&row.key).cloned())
}

// --- The two together ---

#[test]
fn every_example_is_good() {
    let examples = examples();
    assert!(examples.len() >= 6, "{} examples", examples.len());
    for example in examples {
        let config = Config::parse(&example).unwrap_or_else(|error| panic!("{error}\n{example}"));
        assert_eq!(Config::parse(&config.to_toml()), Ok(config), "written out and read back");
    }
}

#[test]
fn every_kind_of_sensor_has_an_example() {
    let rows = rows();
    let spoken: BTreeSet<String> = examples().iter().flat_map(|text| quoted(text, "kind = \"")).collect();
    let in_prose: BTreeSet<String> = quoted(&document(), "`kind = \"").into_iter().collect();
    let kinds: BTreeSet<String> = words(&row(&rows, "sensors", "kind").range).collect();
    assert_eq!(spoken.union(&in_prose).cloned().collect::<BTreeSet<_>>(), kinds);
}

#[test]
fn the_tables_list_exactly_the_keys_that_exist() {
    let mut listed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows() {
        let new = listed.entry(row.section.clone()).or_default().insert(row.key.clone());
        assert!(new, "[{}] lists {} twice", row.section, row.key);
    }
    assert_eq!(listed, tables());
}

#[test]
fn the_defaults_are_the_true_ones() {
    for row in rows() {
        let (path, default) = (row.path().join("."), row.default.as_str());
        match default_of(&row) {
            Err(message) => {
                assert_eq!(message, format!("missing field `{}`", row.key));
                assert_eq!(default, "required", "{path}");
            }
            Ok(None) => assert_eq!(default, "none", "{path}"),
            Ok(Some(Value::Table(_))) => assert_eq!(default, "below", "{path}"),
            Ok(Some(value)) => assert!(same(&value, &literal(default)), "{path} is {value}, not {default}"),
        }
    }
}

#[test]
fn words_to_choose_from_are_the_true_ones() {
    let choice = |row: &Row| {
        let mut config = complete();
        section(&mut config, &row.section).insert(row.key.clone(), NOBODY.into());
        expected(&config.to_string(), "variant")
    };
    let chosen: Vec<(Row, BTreeSet<String>)> = rows().into_iter().filter_map(|r| choice(&r).map(|c| (r, c))).collect();
    assert!(chosen.len() >= 3, "{} keys that choose a word", chosen.len());
    for (row, choice) in chosen {
        assert_eq!(words(&row.range).collect::<BTreeSet<_>>(), choice, "{}", row.path().join("."));
    }
}

#[test]
fn a_key_that_needs_a_unit_carries_it() {
    for row in rows().iter().filter(|row| is_number(row)) {
        assert_eq!(unit_of(&row.key).0, row.unit, "{}", row.path().join("."));
    }
}

// --- Ranges ---

/// One end of a range, and whether it is within.
struct Bound {
    at: f64,
    within: bool,
}

/// What a cell such as `above 0 to 0.999999` says; ends may be keys of the same section.
fn bounds(row: &Row) -> [Option<Bound>; 2] {
    let text = row.range.split(',').next().unwrap_or_default();
    let bound = |text: &str| {
        let (strict, end) =
            text.strip_prefix("above ").or(text.strip_prefix("below ")).map_or((false, text), |end| (true, end));
        Some(Bound { at: end.parse().unwrap_or_else(|_| value_of(row, end)), within: !strict })
    };
    match (text, text.split_once(" to ")) {
        ("finite", _) => [None, None],
        (_, Some((low, high))) => [bound(low), bound(high)],
        (low, None) => [bound(low), None],
    }
}

/// The value of another key of the same section.
fn value_of(row: &Row, key: &str) -> f64 {
    let mut config = complete();
    let value = section(&mut config, &row.section).get(key).cloned();
    as_f64(&value.unwrap_or_else(|| panic!("{}: {key} is neither a number nor a key", row.path().join("."))))
}

/// What the program says to the complete configuration with one value changed.
fn said_to(row: &Row, value: Value) -> Result<Config, String> {
    let mut config = complete();
    section(&mut config, &row.section).insert(row.key.clone(), value);
    Config::parse(&config.to_string()).map_err(|error| error.to_string())
}

/// A value of the key's own type, this many of the smallest steps from a bound.
fn beside(row: &Row, at: f64, steps: i64) -> Value {
    if sample(row).is_integer() {
        return Value::Integer(whole(at) + steps);
    }
    Value::Float(match steps {
        ..0 => at.next_down(),
        0 => at,
        1.. => (at + 1e-9).max(at.next_up()),
    })
}

#[test]
fn values_within_the_ranges_are_taken() {
    for row in rows().iter().filter(|row| is_number(row)) {
        let [low, high] = bounds(row);
        let inward = |bound: &Bound, inward: i64| beside(row, bound.at, if bound.within { 0 } else { inward });
        for value in low.iter().map(|b| inward(b, 1)).chain(high.iter().map(|b| inward(b, -1))) {
            let said = said_to(row, value.clone());
            assert!(said.is_ok(), "{} = {value}: {}", row.path().join("."), said.expect_err("not ok"));
        }
    }
}

#[test]
fn values_outside_the_ranges_are_refused_by_key_and_with_a_remedy() {
    for row in rows().iter().filter(|row| is_number(row)) {
        let [low, high] = bounds(row);
        let outward = |bound: &Bound, outward: i64| beside(row, bound.at, if bound.within { outward } else { 0 });
        for value in low.iter().map(|b| outward(b, -1)).chain(high.iter().map(|b| outward(b, 1))) {
            assert_refused(row, value);
        }
        if sample(row).is_float() {
            assert_refused(row, Value::Float(f64::NAN));
        }
    }
}

/// Refused, naming the key and saying what would be right.
fn assert_refused(row: &Row, value: Value) {
    let path = row.path().join(".");
    let refusal = said_to(row, value.clone()).expect_err(&format!("{path} = {value}"));
    let remedy = ["must be ", "is not within ", "expected ", "are no place on earth"];
    assert!(refusal.contains(&row.key), "{path} = {value}: does not name the key: {refusal}");
    assert!(remedy.iter().any(|words| refusal.contains(words)), "{path} = {value}: does not say what to do: {refusal}");
}

// --- Refusals that people meet ---

const NODE: &str = "[node]\nname = \"alpha\"\nlatitude-deg = 52\nlongitude-deg = 21\n";

fn refused(text: &str) -> String {
    Config::parse(text).expect_err(text).to_string()
}

/// What the program says to the complete configuration with one key under another name.
fn said_to_misspelt(row: &Row, name: &str) -> String {
    let mut config = complete();
    let table = section(&mut config, &row.section);
    let value = table.remove(&row.key).unwrap_or(Value::Integer(1));
    table.insert(name.to_owned(), value);
    refused(&config.to_string())
}

#[test]
fn a_key_without_its_unit_is_answered_with_the_key_that_has_it() {
    for row in rows().iter().filter(|row| is_number(row) && !row.unit.is_empty()) {
        let bare = row.key.strip_suffix(unit_of(&row.key).1).expect("its unit is its end");
        let refusal = said_to_misspelt(row, bare);
        assert!(refusal.contains(&format!("did you mean `{}`?", row.key)), "[{}] {bare}: {refusal}", row.section);
    }
}

#[test]
fn a_slip_of_the_keyboard_is_answered_with_the_nearest_key() {
    for row in rows().iter().filter(|row| row.key.len() >= 5) {
        let slip = format!("{}{}", row.key, &row.key[row.key.len() - 1..]);
        let refusal = said_to_misspelt(row, &slip);
        assert!(refusal.contains(&format!("did you mean `{}`?", row.key)), "[{}] {slip}: {refusal}", row.section);
    }
}

#[test]
fn what_resembles_no_key_gets_no_guess() {
    let refusal = refused(&format!("{NODE}{NOBODY} = 1\n"));
    assert!(refusal.contains("line 5") && refusal.contains(NOBODY) && !refusal.contains("did you mean"), "{refusal}");
}

#[test]
fn a_sensor_without_a_label_is_refused() {
    let refusal = refused(&format!("{NODE}[[sensors]]\nname = \"a\"\nkind = \"avr\"\n"));
    assert!(refusal.contains("missing field `label`") && refusal.contains("[[sensors]]"), "{refusal}");
}

#[test]
fn the_second_of_two_sensors_needs_a_label_of_its_own() {
    let labelled = "[[sensors]]\nname = \"a\"\nkind = \"avr\"\nlabel = { level = \"secret\", originator = \"POL\" }\n";
    let refusal = refused(&format!("{NODE}{labelled}[[sensors]]\nname = \"b\"\nkind = \"avr\"\n"));
    assert!(refusal.contains("missing field `label`"), "{refusal}");
}

#[test]
fn a_refusal_of_sense_names_the_key_with_its_path_and_the_remedy() {
    let sensor = "[[sensors]]\nname = \"a\"\nkind = \"plots\"\nlabel = { level = \"secret\", originator = \"POL\" }\n";
    let cases = [
        ("name = \"a\"", "name = \"A b\"", "sensors[0].name: must be 1 to 32 of a–z, 0–9 and '-'"),
        (
            "kind = \"plots\"",
            "kind = \"asterix\"",
            "sensors[0].latitude-deg: a radar needs latitude-deg and longitude-deg",
        ),
        ("kind", "latitude-deg = 1\nkind", "sensors[0].latitude-deg: needs latitude-deg and longitude-deg together"),
        ("kind", "endpoint = \"udp://x\"\nkind", "sensors[0].endpoint: \"x\" is no address and port; write udp://"),
        ("kind", "latency-s = -1\nkind", "sensors[0].latency-s: -1 is not within 0 to 600"),
        ("kind", "sigma = { range-m = 0 }\nkind", "sensors[0].sigma.range-m: 0 is not within 0.001 to 100000"),
        ("\"POL\"", "\"pol\"", "sensors[0].label.originator: \"pol\" is no code; write 1 to 8 of A–Z"),
    ];
    for (good, bad, refusal) in cases {
        let text = format!("{NODE}{}", sensor.replacen(good, bad, 1));
        assert!(refused(&text).starts_with(refusal), "{}", refused(&text));
    }
    let twice = refused(&format!("{NODE}{sensor}{sensor}"));
    assert_eq!(twice, "sensors[1].name: \"a\" is already the name of sensors[0]; names must differ");
    let console = refused(&format!("{NODE}[console]\nlisten = \"8477\"\n"));
    assert!(console.starts_with("console.listen: \"8477\" is no address and port; write e.g."), "{console}");
}

#[test]
fn a_refusal_of_the_trackers_settings_names_the_operators_key() {
    for (key, value) in [("silence-limit-s", "0.0"), ("height-sigma-m", "0"), ("acceleration-vertical-m2-s3", "-1")] {
        let refusal = refused(&format!("{NODE}[tracker]\n{key} = {value}\n"));
        assert!(refusal.starts_with(&format!("tracker.{key}: must be above 0")), "{refusal}");
    }
}

// --- Reading cells and values ---

/// The value of a key in the complete configuration; a truth value stands for none.
fn sample(row: &Row) -> Value {
    let mut config = complete();
    section(&mut config, &row.section).get(&row.key).cloned().unwrap_or(Value::Boolean(false))
}

fn is_number(row: &Row) -> bool {
    let sample = sample(row);
    sample.is_integer() || sample.is_float()
}

fn words(cell: &str) -> impl Iterator<Item = String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// What stands between `before` and the next quote, wherever it does.
fn quoted(text: &str, before: &str) -> Vec<String> {
    text.split(before).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

fn literal(cell: &str) -> Value {
    let text = words(cell).next().unwrap_or_else(|| panic!("\"{cell}\" holds no value in backquotes"));
    let table: Table = format!("x = {text}").parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    table["x"].clone()
}

/// Whether the two are one value: `30` and `30.0` are, and a time that went through nanoseconds.
fn same(a: &Value, b: &Value) -> bool {
    let numbers = [a, b].iter().all(|value| value.is_integer() || value.is_float());
    if numbers { (as_f64(a) - as_f64(b)).abs() <= 1e-12 * as_f64(a).abs() } else { a == b }
}

fn as_f64(value: &Value) -> f64 {
    let whole = value.as_integer().map(|whole| f64::from(i32::try_from(whole).expect("a small number")));
    whole.or(value.as_float()).unwrap_or_else(|| panic!("{value} is no number"))
}

#[expect(clippy::cast_possible_truncation, reason = "bounds of whole numbers are whole and small")]
fn whole(at: f64) -> i64 {
    at as i64
}

/// The unit that the end of a key tells, and that end; both empty if it tells none.
fn unit_of(key: &str) -> (&'static str, &'static str) {
    let units = [
        ("m²/s³", "-m2-s3"),
        ("m/s", "-m-s"),
        ("bit/s", "-bit-s"),
        ("octets", "-bytes"),
        ("m", "-m"),
        ("days", "-days"),
        ("s", "-s"),
        ("MiB", "-mib"),
        ("°", "-deg"),
        ("σ", "-sigmas"),
        ("pixels", "-pixels"),
    ];
    units.into_iter().find(|(_, end)| key.ends_with(end)).unwrap_or_default()
}
