//! `copmesh status`: asks a running node how its sensors are doing.

use core::fmt::Write as _;

use serde_json::Value;

use super::{Failure, StatusArgs, say, say_json};

/// Asks and prints.
///
/// # Errors
/// [`Failure`] if nobody answers there, or not as a node does.
pub fn run(args: &StatusArgs) -> Result<(), Failure> {
    let status = args.node.ask_json("/status.json")?;
    if args.json { say_json(&status) } else { say(table(&status)) }
}

/// One line for the node, one for each sensor, and one below a sensor for whatever is wrong with it.
fn table(status: &Value) -> String {
    let mut text = format!(
        "{}  {}  {} tracks\n\n{:<24} {:<9} {:>8} {:>8} {:>7} {:>7} {:>6} {:>6} {:>7}  clock\n",
        status["node"].as_str().unwrap_or("?"),
        status["mode"].as_str().unwrap_or("?"),
        status["tracks"],
        "sensor",
        "state",
        "rate/s",
        "needs/s",
        "age s",
        "errors",
        "twice",
        "late",
        "dropped",
    );
    for sensor in status["sensors"].as_array().into_iter().flatten() {
        row(&mut text, sensor);
    }
    neighbours(&mut text, status);
    keys(&mut text, status);
    registrations(&mut text, status);
    ways_out(&mut text, status);
    if let Some(trouble) = status["recorder_trouble"].as_str() {
        let _ = writeln!(text, "\nnothing is recorded: {trouble}");
    }
    if let Some(trouble) = status["journal_trouble"].as_str() {
        let _ = writeln!(text, "\nnothing is kept for the next start: {trouble}");
    }
    text
}

/// One line for each neighbour, if there are any.
fn neighbours(text: &mut String, status: &Value) {
    let all = status["neighbours"].as_array().map_or(&[][..], Vec::as_slice);
    if all.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "\n{:<24} {:<9} {:<12} {:>7} {:>8} {:>8} {:>9} {:>9} {:>10} {:>10}  kept",
        "neighbour", "state", "bearer", "age s", "waiting", "withheld", "rate B/s", "clock s", "in B", "out B"
    );
    for neighbour in all {
        let word = |key: &str| neighbour[key].as_str().unwrap_or("-");
        let number = |key: &str, places: usize| {
            neighbour[key].as_f64().map_or_else(|| "-".to_owned(), |value| format!("{value:.places$}"))
        };
        let kept: Vec<&str> = neighbour["kept"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let forged = neighbour["forged"].as_u64().filter(|count| *count > 0);
        let forged = forged.map_or_else(String::new, |count| format!("  BROUGHT {count} FORGERIES"));
        let _ = writeln!(
            text,
            "{:<24} {:<9} {:<12} {:>7} {:>8} {:>8} {:>9} {:>9} {:>10} {:>10}  {}{forged}",
            word("name"),
            word("state"),
            word("bearer"),
            number("age_s", 1),
            number("waiting", 0),
            number("withheld", 0),
            number("rate_bytes_s", 0),
            number("clock_ahead_s", 3),
            number("bytes_in", 0),
            number("bytes_out", 0),
            kept.join(" ")
        );
        if let Some(trouble) = neighbour["trouble"].as_str() {
            let _ = writeln!(text, "{:<24} {trouble}", "");
        }
    }
}

/// Until when this node's keys count, and what is wrong with them.
fn keys(text: &mut String, status: &Value) {
    let keys = &status["keys"];
    let Some(days) = keys["days_left"].as_f64() else { return };
    let word = |key: &str| keys[key].as_str().unwrap_or("?");
    let (version, authority) = (keys["deny_list_version"].as_u64().unwrap_or(0), word("authority"));
    let (name, signatures) = (word("name"), word("signatures"));
    let _ = writeln!(
        text,
        "\nkeys of {name}: {days:.1} days left, authority {authority}, deny-list {version}, signatures {signatures}"
    );
    if signatures == "required" {
        let _ = writeln!(text, "{:<24} {}", "", refused(&status["counters"]));
    }
    if let Some(trouble) = keys["trouble"].as_str() {
        let _ = writeln!(text, "{:<24} {trouble}", "");
    }
}

/// What others said and was not taken in.
fn refused(counters: &Value) -> String {
    let count = |name: &str| counters[name].as_u64().unwrap_or(0);
    format!(
        "refused: {} forged, {} never signed, {} said again too late, {} packets sent again, {} of denied keys, {} of \
         expired passports; {} wait for signatures",
        count("mesh_forged") + count("mesh_papers_refused"),
        count("mesh_unsealed"),
        count("mesh_rows_expired") + count("mesh_rows_older"),
        count("mesh_packets_doubled") + count("mesh_packets_strange"),
        count("mesh_denied"),
        count("mesh_seals_expired"),
        count("mesh_waiting_for_seals"),
    )
}

/// One line for each sensor, of this node and of others, of which it is known what it is off by.
fn registrations(text: &mut String, status: &Value) {
    let all = status["registrations"].as_array().map_or(&[][..], Vec::as_slice);
    if all.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "\n{:<16} {:<20} {:>5} {:>7} {:>7}  {:<28} {:<30} time s",
        "off by: node", "sensor", "grade", "pairs", "targets", "range m", "azimuth °"
    );
    for known in all {
        let word = |key: &str| known[key].as_str().unwrap_or("-");
        let count = |key: &str| known[key].as_u64().map_or_else(|| "-".to_owned(), |value| value.to_string());
        let _ = writeln!(
            text,
            "{:<16} {:<20} {:>5} {:>7} {:>7}  {:<28} {:<30} {}",
            word("node"),
            word("sensor"),
            count("grade"),
            count("pairs"),
            count("targets"),
            bias(&known["range_m"], 1),
            bias(&known["azimuth_deg"], 3),
            bias(&known["time_s"], 2),
        );
    }
}

/// An error with one sigma, and what becomes of it.
fn bias(told: &Value, places: usize) -> String {
    let number = |key: &str| told[key].as_f64().unwrap_or(f64::NAN);
    let state = told["state"].as_str().unwrap_or("?");
    format!("{:+.places$} ± {:.places$} {state}", number("bias"), number("sigma"))
}

/// One line for each way out, if there are any, and one below for what keeps it from its receivers.
fn ways_out(text: &mut String, status: &Value) {
    let of = |key: &str| status[key].as_array().map_or(&[][..], Vec::as_slice);
    if of("tak").is_empty() && of("cat062").is_empty() && of("sapient_out").is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "\n{:<24} {:<9} {:>9} {:>8} {:>8} {:>8} {:>8}  endpoint",
        "way out", "speaks", "receivers", "told", "heard", "deferred", "withheld"
    );
    let all = [("tak", "CoT"), ("cat062", "CAT062"), ("sapient_out", "SAPIENT")];
    for (speaks, output) in all.iter().flat_map(|(key, speaks)| of(key).iter().map(move |output| (speaks, output))) {
        let count = |value: &Value| value.as_u64().map_or_else(|| "-".to_owned(), |count| count.to_string());
        let counter = |key: &str| count(&output["counters"][key]);
        let _ = writeln!(
            text,
            "{:<24} {speaks:<9} {:>9} {:>8} {:>8} {:>8} {:>8}  {}",
            output["name"].as_str().unwrap_or("?"),
            count(&output["receivers"]),
            counter("told"),
            counter("heard"),
            counter("deferred"),
            counter("withheld"),
            output["endpoint"].as_str().unwrap_or("?")
        );
        if let Some(trouble) = output["trouble"].as_str() {
            let _ = writeln!(text, "{:<24} {trouble}", "");
        }
    }
}

fn row(text: &mut String, sensor: &Value) {
    let number = |key: &str| sensor[key].as_f64().map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"));
    let count = |key: &str| sensor[key].as_u64().map_or_else(|| "-".to_owned(), |value| value.to_string());
    let _ = writeln!(
        text,
        "{:<24} {:<9} {:>8} {:>8} {:>7} {:>7} {:>6} {:>6} {:>7}  {}",
        sensor["name"].as_str().unwrap_or("?"),
        sensor["state"].as_str().unwrap_or("?"),
        number("rate_hz"),
        number("expected_hz"),
        number("age_s"),
        count("errors"),
        count("duplicates"),
        count("late"),
        count("dropped"),
        clock(sensor),
    );
    for reason in sensor["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let _ = writeln!(text, "{:<24} {reason}", "");
    }
}

fn clock(sensor: &Value) -> String {
    let mut text = sensor["clock"].as_str().unwrap_or("?").to_owned();
    if let Some(offset_s) = sensor["clock_offset_s"].as_f64() {
        let _ = write!(text, " {offset_s:+.3} s");
    }
    if let Some(drift_ppm) = sensor["clock_drift_ppm"].as_f64() {
        let _ = write!(text, " {drift_ppm:+.1} ppm");
    }
    match sensor["clock_steps"].as_u64() {
        None | Some(0) => {}
        Some(steps) => {
            let _ = write!(text, ", {steps} steps");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_node_is_readable_with_no_track_one_or_five_thousand() {
        for (name, tracks) in [("zero_tracks", 0), ("one_track", 1), ("many_tracks", 5_000)] {
            insta::assert_snapshot!(name, table(&samples::status(tracks)));
        }
    }

    #[test]
    fn a_sensor_that_is_down_has_its_reason_below() {
        insta::assert_snapshot!("sensor_down", table(&samples::with_a_sensor_down()));
    }

    #[test]
    fn a_mesh_that_is_split_shows_who_is_out_of_reach_and_why() {
        insta::assert_snapshot!("mesh_split", table(&samples::with_the_mesh_split()));
    }

    #[test]
    fn a_wrong_clock_stands_in_the_table_with_what_is_done_about_it() {
        let sensor = json!({ "name": "radar", "state": "degraded", "reasons": ["its clock is off, and corrected"],
            "rate_hz": 8.0, "expected_hz": 0.25, "age_s": 0.1, "errors": 0, "duplicates": 3, "late": 1, "dropped": 0,
            "clock": "corrected", "clock_offset_s": -1581.7, "clock_drift_ppm": 20.0, "clock_steps": 1 });
        let text = table(&json!({ "node": "alpha", "mode": "LIVE", "tracks": 4, "sensors": [sensor] }));
        assert!(text.contains("corrected -1581.700 s +20.0 ppm, 1 steps"), "{text}");
        assert!(text.contains("its clock is off, and corrected"), "{text}");
        let [head, row] = [2, 3].map(|line| text.lines().nth(line).expect("a line"));
        assert_eq!(head.find("clock"), row.find("corrected"), "columns stand below their heads");
    }

    #[test]
    fn neighbours_stand_below_the_sensors_with_the_bearer_in_use() {
        let bravo = json!({ "name": "bravo", "state": "ready", "bearer": "wifi", "kept": ["hf"], "age_s": 0.25,
            "waiting": 3, "rate_bytes_s": 250_000.0, "clock_ahead_s": -0.012, "bytes_in": 400, "bytes_out": 500 });
        let text = table(&json!({ "node": "alpha", "sensors": [], "neighbours": [bravo] }));
        let row = text.lines().last().expect("a line");
        assert!(row.starts_with("bravo  ") && row.contains("ready") && row.ends_with("500  hf"), "{row}");
        assert!(!table(&json!({ "node": "alpha", "sensors": [] })).contains("neighbour"));
    }

    #[test]
    fn why_a_neighbour_is_refused_and_when_keys_expire_is_told() {
        let bravo = json!({ "name": "bravo", "state": "down", "trouble": "refused at tls/10.0.0.2:7450: expired" });
        let keys = json!({ "name": "alpha", "days_left": 9.96, "authority": "00ff", "deny_list_version": 2,
            "signatures": "required", "trouble": "expires in 10.0 days" });
        let counters = json!({ "mesh_forged": 3, "mesh_denied": 2, "mesh_waiting_for_seals": 5, "mesh_rows_older": 4,
            "mesh_rows_expired": 3, "mesh_packets_doubled": 1, "mesh_packets_strange": 10 });
        let text = table(
            &json!({ "node": "alpha", "sensors": [], "neighbours": [bravo], "keys": keys, "counters": counters }),
        );
        assert!(text.contains("\n                         refused at tls/10.0.0.2:7450: expired\n"), "{text}");
        assert!(
            text.contains("keys of alpha: 10.0 days left, authority 00ff, deny-list 2, signatures required\n"),
            "{text}"
        );
        let refused =
            "refused: 3 forged, 0 never signed, 7 said again too late, 11 packets sent again, 2 of denied keys";
        assert!(text.contains(refused) && text.contains("5 wait for signatures\n"), "{text}");
        assert!(text.ends_with(" expires in 10.0 days\n"), "{text}");
    }

    #[test]
    fn what_sensors_are_off_by_stands_below_with_sigma_and_state() {
        let bias = |bias: f64, sigma: f64, state: &str| json!({ "bias": bias, "sigma": sigma, "state": state });
        let radar = json!({ "node": "bravo", "own": false, "sensor": "radar", "grade": 2, "pairs": 256, "targets": 8,
            "range_m": bias(80.2, 3.0, "applied"), "azimuth_deg": bias(0.498, 0.01, "applied"),
            "time_s": bias(0.02, 0.21, "settled") });
        let text = table(&json!({ "node": "alpha", "sensors": [], "registrations": [radar] }));
        let row = text.lines().last().expect("a line");
        assert!(row.starts_with("bravo  ") && row.contains("+0.498 ± 0.010 applied"), "{row}");
        assert!(row.contains("+80.2 ± 3.0 applied") && row.ends_with("+0.02 ± 0.21 settled"), "{row}");
    }

    #[test]
    fn that_nothing_is_recorded_is_told_with_the_reason() {
        let status = |trouble: Value| json!({ "node": "alpha", "sensors": [], "recorder_trouble": trouble });
        assert!(table(&status("No space left".into())).ends_with("nothing is recorded: No space left\n"));
        assert!(!table(&status(Value::Null)).contains("recorded"));
    }

    #[test]
    fn ways_out_are_told_with_what_they_speak_and_what_is_wrong() {
        let phones = json!({ "name": "phones", "endpoint": "tcp-listen://0.0.0.0:8087", "receivers": 2,
            "trouble": null, "counters": { "told": 40, "heard": 3, "deferred": 0, "withheld": 1 } });
        let atc = json!({ "name": "atc", "endpoint": "udp://10.0.0.7:8600", "trouble": "Network is unreachable",
            "counters": { "told": 7, "deferred": 0, "withheld": 0 } });
        let text = table(&json!({ "node": "alpha", "sensors": [], "tak": [phones], "cat062": [atc] }));
        let rows: Vec<&str> = text.lines().rev().take(3).collect();
        assert!(rows[2].starts_with("phones  ") && rows[2].contains(" CoT ") && rows[2].ends_with("0.0.0.0:8087"));
        assert!(rows[1].contains(" CAT062 ") && rows[1].contains(" - "), "nobody is heard there: {}", rows[1]);
        assert!(rows[0].ends_with("Network is unreachable"));
        assert!(!table(&json!({ "node": "alpha", "sensors": [] })).contains("way out"));
    }
}
