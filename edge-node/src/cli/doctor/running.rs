//! What a running node says of itself, as findings.

use serde_json::Value;

use super::findings::Finding;

/// From what it answers to `/status.json`; the form is that of docs/FORMATS.md.
#[must_use]
pub fn findings(status: &Value) -> Vec<Finding> {
    let list = |key: &str| status[key].as_array().map_or(&[][..], Vec::as_slice);
    let sensors = list("sensors").iter().map(sensor);
    let neighbours = list("neighbours").iter().map(neighbour);
    let troubles = [
        trouble(&status["recorder_trouble"], "recorder", "nothing is recorded", "df; recorder.disk-reserve-mib"),
        trouble(&status["journal_trouble"], "journal", "nothing is kept for the next start", "df; journal.total-mib"),
    ];
    let outlets = ["tak", "cat062", "sapient_out"].into_iter().flat_map(list).filter_map(way_out);
    sensors
        .chain(neighbours)
        .chain(keys(&status["keys"]))
        .chain(outlets)
        .chain(troubles.into_iter().flatten())
        .collect()
}

fn name(of: &Value) -> &str {
    of["name"].as_str().unwrap_or("?")
}

fn sensor(sensor: &Value) -> Finding {
    let (what, state) = (format!("sensor {}", name(sensor)), sensor["state"].as_str().unwrap_or("?"));
    let reasons: Vec<&str> = sensor["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let why = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join("; ")) };
    let age = sensor["age_s"].as_f64().map_or_else(|| "never heard".to_owned(), |age| format!("heard {age:.0} s ago"));
    match state {
        "ok" => Finding::well(what, age),
        "down" => Finding::failing(
            what,
            format!("down, {age}{why}"),
            "is it switched on, and does it send to its endpoint? copmesh status; tcpdump -ni any port PORT",
        ),
        _ => Finding::doubtful(what, format!("{state}, {age}{why}"), "copmesh status"),
    }
}

fn neighbour(neighbour: &Value) -> Finding {
    let (what, state) = (format!("neighbour {}", name(neighbour)), neighbour["state"].as_str().unwrap_or("?"));
    let bearer = neighbour["bearer"].as_str().unwrap_or("no bearer");
    let why = neighbour["trouble"].as_str().map(|why| format!(": {why}")).unwrap_or_default();
    if let Some(count) = neighbour["forged"].as_u64().filter(|count| *count > 0) {
        return Finding::failing(
            what,
            format!("{state} over {bearer}; it brought {count} forgeries, which were refused"),
            "is it captured, or one behind it that believes its neighbours? copmesh revoke (docs/KEYS.md)",
        );
    }
    match state {
        "ready" if why.is_empty() => Finding::well(what, format!("ready over {bearer}")),
        "down" => Finding::failing(
            what,
            format!("down, no bearer carries{why}"),
            "does it run, and is the way to it open? copmesh doctor there; mesh.neighbours.ways here",
        ),
        _ => Finding::doubtful(what, format!("{state} over {bearer}{why}"), "copmesh status"),
    }
}

/// Keys that the node uses are worth a line only when something is wrong with them, or soon will be.
fn keys(keys: &Value) -> Option<Finding> {
    let (name, why) = (name(keys), keys["trouble"].as_str()?);
    let remedy = "copmesh renew, then enrol sign and enrol install (docs/KEYS.md)";
    Some(if keys["days_left"].as_f64().is_some_and(|days| days > 0.0) && why.starts_with("expires") {
        Finding::doubtful("keys in use", format!("of {name}: {why}"), remedy)
    } else {
        Finding::failing("keys in use", format!("of {name}: {why}"), remedy)
    })
}

/// A way out is worth a line only when it is closed.
fn way_out(output: &Value) -> Option<Finding> {
    let why = output["trouble"].as_str()?;
    let endpoint = output["endpoint"].as_str().unwrap_or("?");
    let what = format!("way out {}", name(output));
    Some(Finding::failing(what, format!("{endpoint}: {why}"), "is the receiver there, and its endpoint right?"))
}

fn trouble(told: &Value, what: &str, effect: &str, remedy: &str) -> Option<Finding> {
    let why = told.as_str()?;
    Some(Finding::failing(what, format!("{effect}: {why}"), remedy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::findings::table;
    use serde_json::json;

    #[test]
    fn what_a_node_suffers_from_is_told_and_what_is_well_in_a_line() {
        let status = json!({
            "sensors": [
                { "name": "adsb", "state": "ok", "age_s": 0.4, "reasons": [] },
                { "name": "radar-n", "state": "down", "age_s": 61.0, "reasons": ["connection refused"] },
                { "name": "ais", "state": "degraded", "age_s": 3.0, "reasons": ["its clock is off", "errors"] },
            ],
            "neighbours": [
                { "name": "bravo", "state": "ready", "bearer": "wifi", "trouble": null },
                { "name": "charlie", "state": "down", "trouble": "refused at tls/10.0.0.3:7450: expired" },
            ],
            "tak": [{ "name": "phones", "endpoint": "tcp-listen://0.0.0.0:8087", "trouble": null }],
            "cat062": [{ "name": "atc", "endpoint": "udp://10.0.0.7:8600", "trouble": "Network is unreachable" }],
            "recorder_trouble": "No space left", "journal_trouble": null,
        });
        insta::assert_snapshot!(table(&findings(&status), false));
    }

    #[test]
    fn an_answer_without_anything_is_no_trouble() {
        assert_eq!(findings(&json!({})), []);
    }
}
