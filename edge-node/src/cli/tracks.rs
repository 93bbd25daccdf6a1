//! `copmesh tracks`: asks a running node for its picture.

use core::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::ask::NodeArgs;
use super::{Failure, say, say_json};

/// Arguments of `tracks`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  copmesh tracks
  copmesh tracks --watch                 again and again, until Ctrl-C
  copmesh tracks --watch 10 --json       a line of JSON every ten seconds
  copmesh tracks --geojson > picture.geojson
  copmesh tracks --json | jq '.tracks[] | select(.class == \"uav\")'")]
pub struct TracksArgs {
    /// Whom to ask.
    #[command(flatten)]
    pub node: NodeArgs,
    /// Print what the node answers, as one JSON object; with --watch, one a line.
    #[arg(long)]
    pub json: bool,
    /// Print GeoJSON: one collection of tracks and lines of bearing; with --watch, one a line.
    #[arg(long, conflicts_with = "json")]
    pub geojson: bool,
    /// Ask again every so many seconds.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "1", value_parser = seconds)]
    pub watch: Option<Duration>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is no time between 0.1 and 86400 seconds");
    let seconds: f64 = text.parse().map_err(|_| wrong())?;
    (0.1..=86_400.0).contains(&seconds).then(|| Duration::from_secs_f64(seconds)).ok_or_else(wrong)
}

/// Asks and prints.
///
/// # Errors
/// [`Failure`] if nobody answers there, or not as a node does.
pub fn run(args: &TracksArgs) -> Result<(), Failure> {
    let question = if args.geojson { "/picture.geojson" } else { "/picture.json" };
    let is_json = args.json || args.geojson;
    let Some(pause) = args.watch else {
        let picture = args.node.ask_json(question)?;
        return if is_json { say_json(&picture) } else { say(table(&picture)) };
    };
    loop {
        let picture = args.node.ask_json(question)?;
        let text = if is_json { format!("{picture}\n") } else { screen(&picture) };
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => std::thread::sleep(pause),
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            Err(e) => return Err(Failure::failed(format!("standard output: {e}"))),
        }
    }
}

/// In a terminal, in place of what was there; elsewhere after it.
fn screen(picture: &Value) -> String {
    const HOME_AND_CLEAR: &str = "\x1b[H\x1b[2J";
    let table = table(picture);
    if io::stdout().is_terminal() { format!("{HOME_AND_CLEAR}{table}") } else { format!("{table}\n") }
}

/// Whose picture it is and what it is of, and one line for each track.
fn table(picture: &Value) -> String {
    let said = |key: &str| plain(picture[key].as_str().unwrap_or("-"));
    let shown = picture["tracks"].as_array().map_or(0, Vec::len);
    let mut text = format!("{} {}  {}  {shown} tracks\n", said("mode"), said("node"), said("classification"));
    let _ = writeln!(
        text,
        "{:<6} {:<12} {:<9} {:<7} {:<14} {:>10} {:>11} {:>8} {:>6} {:>4} {:>7} {:>6}  sensors",
        "track",
        "callsign",
        "status",
        "class",
        "affiliation",
        "lat °",
        "lon °",
        "height m",
        "v m/s",
        "to °",
        "sigma m",
        "age s"
    );
    let now_ms = picture["time_ms"].as_f64();
    for track in picture["tracks"].as_array().into_iter().flatten() {
        let word = |key: &str| plain(track[key].as_str().unwrap_or("-"));
        let told = |value: Option<f64>, places: usize| {
            value.map_or_else(|| "-".to_owned(), |value| format!("{value:.places$}"))
        };
        let number = |key: &str, places: usize| told(track[key].as_f64(), places);
        let age_s = now_ms.zip(track["time_ms"].as_f64()).map(|(now, then)| (now - then) / 1000.0);
        let sensors: Vec<&str> = track["sensors"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let _ = writeln!(
            text,
            "{:<6} {:<12} {:<9} {:<7} {:<14} {:>10} {:>11} {:>8} {:>6} {:>4} {:>7} {:>6}  {}",
            word("name"),
            word("callsign"),
            word("status"),
            word("class"),
            word("affiliation"),
            number("lat_deg", 5),
            number("lon_deg", 5),
            number("height_m", 0),
            number("speed_m_s", 1),
            number("course_deg", 0),
            number("sigma_m", 0),
            told(age_s, 1),
            plain(&sensors.join(" "))
        );
    }
    text
}

/// Without what a terminal would obey: names come from whoever sends them.
fn plain(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::super::samples::picture;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_picture_is_readable_with_no_track_one_or_five_thousand() {
        insta::assert_snapshot!("zero_tracks", table(&picture(0)));
        insta::assert_snapshot!("one_track", table(&picture(1)));
        let many = table(&picture(5_000));
        assert_eq!(many.lines().count(), 2 + 5_000);
        let head: Vec<&str> = many.lines().take(12).collect();
        insta::assert_snapshot!("many_tracks_head", head.join("\n"));
    }

    #[test]
    fn a_track_is_a_line_and_what_is_not_known_of_it_a_dash() {
        let track = json!({ "name": "TV0VV", "status": "confirmed", "lat_deg": 52.0, "lon_deg": 21.0,
                            "time_ms": 97_500, "sensors": ["radar"] });
        let text = table(&json!({ "time_ms": 100_000, "tracks": [track] }));
        let row = text.lines().nth(2).expect("a line");
        assert!(row.starts_with("TV0VV ") && row.contains(" - ") && row.contains("52.00000"), "{row}");
        assert!(row.ends_with(" 2.5  radar"), "{row}");
        assert_eq!(table(&json!({ "tracks": [] })).lines().count(), 2);
    }

    #[test]
    fn columns_stand_below_one_another_and_no_name_moves_the_cursor() {
        let mut picture = picture(3);
        picture["tracks"][1]["callsign"] = "\x1b[2J\x07AB".into();
        picture["tracks"][2]["affiliation"] = "assumed_friend".into();
        let text = table(&picture);
        assert!(!text.replace('\n', "").contains(char::is_control), "{text}");
        let sensors: Vec<Option<usize>> =
            text.lines().skip(2).map(|row| row.find("adsb").map(|at| row[..at].chars().count())).collect();
        let head = text.lines().nth(1).and_then(|row| row.find("sensors").map(|at| row[..at].chars().count()));
        assert!(head.is_some() && sensors.iter().all(|at| *at == head), "{head:?}, {sensors:?}");
    }

    #[test]
    fn a_pause_is_some_time_and_no_more_than_a_day() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for wrong in ["0", "-1", "nan", "inf", "1e9", "soon"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
