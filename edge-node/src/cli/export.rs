//! `copmesh export`: a running node's picture, as other programs read it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::ask::NodeArgs;
use super::{Failure, say};

/// Arguments of `export`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  copmesh export geojson --out picture.geojson
  copmesh export geojson --areas --out areas.geojson     with the areas where tracks are with 95 %
  copmesh export kml --out picture.kml
  copmesh export csv | column -s, -t")]
pub struct ExportArgs {
    /// The form.
    #[arg(value_enum)]
    pub form: Form,
    /// Whom to ask.
    #[command(flatten)]
    pub node: NodeArgs,
    /// Also where each track is with 95 %, as polygons. KML always has them.
    #[arg(long)]
    pub areas: bool,
    /// Write there instead of to standard output. A file that is there is written over.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What to export to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// RFC 7946.
    Geojson,
    /// KML 2.2.
    Kml,
    /// RFC 4180, one line for each track, with a line of names first.
    Csv,
}

/// Columns of a table, by the names of the console's messages.
const COLUMNS: [&str; 18] = [
    "id",
    "name",
    "callsign",
    "address",
    "status",
    "class",
    "affiliation",
    "time_ms",
    "lat_deg",
    "lon_deg",
    "height_m",
    "course_deg",
    "speed_m_s",
    "sigma_m",
    "label",
    "source_track",
    "sensors",
    "remark",
];

/// Columns of the picture that a track is of, behind its own.
const WHOSE: [&str; 2] = ["node", "mode"];

/// Asks and writes.
///
/// # Errors
/// [`Failure`] if nobody answers there, or the file cannot be written.
pub fn run(args: &ExportArgs) -> Result<(), Failure> {
    if args.areas && args.form == Form::Csv {
        return Err(Failure::refused("--areas: a table has no room for polygons; export geojson or kml"));
    }
    let document = match args.form {
        Form::Geojson if args.areas => args.node.ask("/picture.geojson?areas")?,
        Form::Geojson => args.node.ask("/picture.geojson")?,
        Form::Kml => args.node.ask("/picture.kml")?,
        Form::Csv => table(&args.node.ask_json("/picture.json")?).map_err(Failure::failed)?,
    };
    match &args.out {
        Some(path) => std::fs::write(path, document).map_err(|e| Failure::failed(format!("{}: {e}", path.display()))),
        None => say(String::from_utf8_lossy(&document)),
    }
}

fn table(picture: &Value) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(COLUMNS.iter().chain(&WHOSE))?;
    for track in picture["tracks"].as_array().into_iter().flatten() {
        let own = COLUMNS.map(|column| cell(if column == "remark" { &track[column]["text"] } else { &track[column] }));
        table.write_record(own.into_iter().chain(WHOSE.map(|column| cell(&picture[column]))))?;
    }
    table.into_inner().map_err(|e| e.into_error().into())
}

/// Text that a table calculator would take for a formula begins with an apostrophe, as it has it.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => format!("'{text}"),
        Value::String(text) => text.clone(),
        Value::Array(entries) => entries.iter().map(cell).collect::<Vec<_>>().join(" "),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_table_has_a_line_for_each_track_whatever_it_calls_itself() {
        let track = json!({ "id": "7-1", "callsign": "A,\"B\"", "lat_deg": 52.5, "source_track": false,
                            "sensors": ["radar", "adsb"] });
        let formula = json!({ "id": "7-2", "callsign": "=1+1", "remark": { "text": "-2", "who": "ops" } });
        let picture = json!({ "node": "alpha", "mode": "SIM", "tracks": [track, formula] });
        let text = String::from_utf8(table(&picture).expect("written")).expect("text");
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("id,name,callsign,") && lines[0].ends_with(",remark,node,mode"));
        assert_eq!(lines[1], "7-1,,\"A,\"\"B\"\"\",,,,,,52.5,,,,,,,false,radar adsb,,alpha,SIM");
        assert_eq!(lines[2], "7-2,,'=1+1,,,,,,,,,,,,,,,'-2,alpha,SIM");
    }
}
