//! `copmesh tracks`: asks a running node, over its console's address, for its picture.

use core::fmt::Write as _;

use serde_json::Value;

use super::{Failure, StatusArgs, say, say_json, status};

/// Asks and prints.
///
/// # Errors
/// [`Failure`] if nobody answers there, or not as a node does.
pub fn run(args: &StatusArgs) -> Result<(), Failure> {
    let picture = status::ask(args, "/picture.json")?;
    if args.json { say_json(&picture) } else { say(table(&picture)) }
}

/// One line for each track.
fn table(picture: &Value) -> String {
    let mut text = format!(
        "{:<28} {:<12} {:<10} {:>10} {:>11} {:>8} {:>7} {:>6} {:>8}  sensors\n",
        "track", "callsign", "status", "lat °", "lon °", "height m", "v m/s", "to °", "sigma m"
    );
    for track in picture["tracks"].as_array().into_iter().flatten() {
        let word = |key: &str| track[key].as_str().unwrap_or("-");
        let number = |key: &str, places: usize| {
            track[key].as_f64().map_or_else(|| "-".to_owned(), |value| format!("{value:.places$}"))
        };
        let sensors: Vec<&str> = track["sensors"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let _ = writeln!(
            text,
            "{:<28} {:<12} {:<10} {:>10} {:>11} {:>8} {:>7} {:>6} {:>8}  {}",
            word("id"),
            word("callsign"),
            word("status"),
            number("lat_deg", 5),
            number("lon_deg", 5),
            number("height_m", 0),
            number("speed_m_s", 1),
            number("course_deg", 0),
            number("sigma_m", 0),
            sensors.join(" ")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_track_is_a_line_and_what_is_not_known_of_it_a_dash() {
        let track =
            json!({ "id": "7-1", "status": "confirmed", "lat_deg": 52.0, "lon_deg": 21.0, "sensors": ["radar"] });
        let text = table(&json!({ "tracks": [track] }));
        let row = text.lines().nth(1).expect("a line");
        assert!(row.starts_with("7-1 ") && row.contains(" - ") && row.contains("52.00000") && row.ends_with("radar"));
    }
}
