//! A frame of `copmesh top`: header, sensors, mesh, tracks, load. Drawn from the state alone, so tests can read it.

use fusion_core::time::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Widget as _};
use sensor_drivers::plots::Rfc3339;
use serde_json::Value;

use super::state::{Order, State, name};

/// From this width on, tracks are told with their sensors.
const WIDE: u16 = 110;

const BAD: Style = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
const DOUBTFUL: Style = Style::new().fg(Color::Yellow);
const FAINT: Style = Style::new().add_modifier(Modifier::DIM);
const HEAD: Style = Style::new().add_modifier(Modifier::BOLD);

/// Draws a frame of a size.
#[must_use]
pub fn view(state: &State, area: Rect) -> Buffer {
    let mut frame = Buffer::empty(area);
    let upper = (area.height / 3).clamp(3, 16);
    let [top, health, tracks, load, bottom] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(upper),
        Constraint::Min(3),
        Constraint::Length(4),
        Constraint::Length(1),
    ])
    .areas(area);
    let [sensors, mesh] = Layout::horizontal([Constraint::Percentage(50), Constraint::Percentage(50)]).areas(health);
    header(state, top, &mut frame);
    sensor_pane(state, sensors, &mut frame);
    mesh_pane(state, mesh, &mut frame);
    track_pane(state, tracks, &mut frame);
    load_pane(state, load, &mut frame);
    footer(state, bottom, &mut frame);
    frame
}

/// A frame as text: a line for each row, without what is blank at its end.
#[must_use]
pub fn text(frame: &Buffer) -> String {
    let mut text = String::new();
    for row in frame.content().chunks(usize::from(frame.area.width).max(1)) {
        let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn status(state: &State) -> &Value {
    state.answer.as_ref().map_or(&Value::Null, |answer| &answer.status)
}

fn list<'a>(state: &'a State, key: &str) -> &'a [Value] {
    status(state)[key].as_array().map_or(&[][..], Vec::as_slice)
}

fn word<'a>(of: &'a Value, key: &str) -> &'a str {
    of[key].as_str().unwrap_or("-")
}

fn number(value: &Value, places: usize) -> String {
    value.as_f64().map_or_else(|| "-".to_owned(), |value| format!("{value:.places$}"))
}

/// A text in so many columns: cut with an ellipsis if it is longer.
fn fit(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return format!("{text:<columns$}");
    }
    text.chars().take(columns.saturating_sub(1)).chain(['…']).collect()
}

/// Nobody may take a replay for the world: each mode has a colour and a word of its own.
fn header(state: &State, area: Rect, frame: &mut Buffer) {
    let status = status(state);
    let (node, mode) = (status["node"].as_str().unwrap_or("?"), status["mode"].as_str().unwrap_or("NO NODE"));
    let colour = match mode {
        "LIVE" => Color::Green,
        "SIM" => Color::Yellow,
        "REPLAY" => Color::Magenta,
        _ => Color::Red,
    };
    let badge = Style::new().fg(Color::Black).bg(colour).add_modifier(Modifier::BOLD);
    let mut line = vec![Span::styled(format!("[ {mode} ]"), badge), Span::styled(format!(" {node}"), HEAD)];
    if let Some(why) = &state.trouble {
        line.push(Span::styled(format!("  no answer from {}: {why}", state.console), BAD));
    } else if let Some(answer) = &state.answer {
        let time = status["time_ms"].as_i64().map(|ms| Rfc3339(Timestamp::from_secs(ms.div_euclid(1_000))));
        let time = time.map_or_else(String::new, |time| format!("  {time}"));
        let latency = answer.latency_s.map_or_else(|| "-".to_owned(), |s| format!("{:.1} ms", s * 1000.0));
        line.push(Span::raw(format!("{time}  {} tracks  latency {latency}", status["tracks"])));
    } else {
        line.push(Span::raw(format!("  asking {}", state.console)));
    }
    Line::from(line).render(area, frame);
}

/// A frame with a title around lines; of those that do not fit it is told how many they are.
fn pane(title: Line<'_>, mut lines: Vec<Line<'_>>, area: Rect, frame: &mut Buffer) {
    let room = usize::from(area.height.saturating_sub(2));
    if lines.len() > room {
        let more = lines.len() + 1 - room.max(1);
        lines.truncate(room.saturating_sub(1));
        lines.push(Line::styled(format!("… {more} more lines"), FAINT));
    }
    Paragraph::new(lines).block(Block::bordered().title(title)).render(area, frame);
}

fn state_style(word: &str) -> Style {
    match word {
        "ok" | "ready" => Style::new(),
        "down" => BAD,
        _ => DOUBTFUL,
    }
}

/// Which matters most stands first: a sensor that is down is seen even among sixty.
fn urgency(of: &Value) -> u8 {
    match word(of, "state") {
        "down" => 0,
        "ok" | "ready" => 2,
        _ => 1,
    }
}

fn by_urgency<'a>(state: &'a State, key: &str) -> Vec<&'a Value> {
    let mut all: Vec<&Value> = list(state, key).iter().collect();
    all.sort_by_key(|of| (urgency(of), name(of)));
    all
}

/// How many of how many are well, in a title.
fn title<'a>(what: &'a str, all: &[&Value]) -> Line<'a> {
    let well = all.iter().filter(|of| urgency(of) == 2).count();
    let style = if well == all.len() { HEAD } else { BAD };
    Line::styled(format!(" {what}: {well} of {} well ", all.len()), style)
}

fn sensor_pane(state: &State, area: Rect, frame: &mut Buffer) {
    let all = by_urgency(state, "sensors");
    let head = Line::styled(format!("{:<14} {:<8} {:>6} {:>6}", "sensor", "state", "rate/s", "age s"), HEAD);
    let mut lines = vec![head];
    for sensor in &all {
        let told = word(sensor, "state");
        let (rate, age) = (number(&sensor["rate_hz"], 1), number(&sensor["age_s"], 1));
        let row = format!("{} {} {rate:>6} {age:>6}", fit(name(sensor), 14), fit(told, 8));
        lines.push(Line::styled(row, state_style(told)));
        let reasons = sensor["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str);
        lines.extend(reasons.map(|why| Line::styled(format!("  {why}"), state_style(told))));
    }
    pane(title("sensors", &all), lines, area, frame);
}

fn mesh_pane(state: &State, area: Rect, frame: &mut Buffer) {
    let all = by_urgency(state, "neighbours");
    if all.is_empty() {
        return pane(Line::styled(" mesh: no neighbours ", HEAD), Vec::new(), area, frame);
    }
    let head = format!("{:<11} {:<8} {:<6} {:>5} {:>4}", "neighbour", "state", "bearer", "age s", "wait");
    let mut lines = vec![Line::styled(head, HEAD)];
    for neighbour in &all {
        let told = word(neighbour, "state");
        let row = format!(
            "{} {} {} {:>5} {:>4}",
            fit(name(neighbour), 11),
            fit(told, 8),
            fit(word(neighbour, "bearer"), 6),
            number(&neighbour["age_s"], 1),
            number(&neighbour["waiting"], 0)
        );
        lines.push(Line::styled(row, state_style(told)));
        let trouble = neighbour["trouble"].as_str();
        lines.extend(trouble.map(|why| Line::styled(format!("  {why}"), state_style(told))));
    }
    pane(title("mesh", &all), lines, area, frame);
}

fn track_pane(state: &State, area: Rect, frame: &mut Buffer) {
    let tracks = state.tracks();
    let order = match state.order {
        Order::Age => "latest first",
        Order::Name => "by name",
    };
    let first = state.scroll.min(tracks.len().saturating_sub(1));
    let room = usize::from(area.height.saturating_sub(3));
    let shown = tracks.get(first..).unwrap_or_default().iter().take(room);
    let until = (first + room).min(tracks.len());
    let from = if tracks.is_empty() { 0 } else { first + 1 };
    let title = format!(" tracks {from} to {until} of {}, {order} ", tracks.len());
    let is_wide = area.width >= WIDE;
    let mut lines = vec![Line::styled(track_head(is_wide), HEAD)];
    let now_ms = state.answer.as_ref().and_then(|answer| answer.picture["time_ms"].as_f64());
    lines.extend(shown.map(|track| Line::raw(track_row(track, now_ms, is_wide))));
    if tracks.is_empty() {
        let why = if state.search.is_empty() { "no tracks" } else { "no track holds what is searched for" };
        lines.push(Line::styled(why, FAINT));
    }
    Paragraph::new(lines).block(Block::bordered().title(Line::styled(title, HEAD))).render(area, frame);
}

fn track_head(is_wide: bool) -> String {
    let more = if is_wide { format!(" {:<10} {:<10} sensors", "status", "whose") } else { String::new() };
    format!(
        "{:<9} {:<9} {:<8} {:>8} {:>9} {:>7} {:>5} {:>4} {:>6}{more}",
        "track", "callsign", "class", "lat °", "lon °", "height", "m/s", "to °", "age s"
    )
}

fn track_row(track: &Value, now_ms: Option<f64>, is_wide: bool) -> String {
    let age_s = now_ms.zip(track["time_ms"].as_f64()).map(|(now, then)| (now - then) / 1000.0);
    let mut row = format!(
        "{} {} {} {:>8} {:>9} {:>7} {:>5} {:>4} {:>6}",
        fit(name(track), 9),
        fit(word(track, "callsign"), 9),
        fit(word(track, "class"), 8),
        number(&track["lat_deg"], 4),
        number(&track["lon_deg"], 4),
        number(&track["height_m"], 0),
        number(&track["speed_m_s"], 0),
        number(&track["course_deg"], 0),
        age_s.map_or_else(|| "-".to_owned(), |age| format!("{age:.1}")),
    );
    if is_wide {
        let sensors: Vec<&str> = track["sensors"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let (status, whose) = (fit(word(track, "status"), 10), fit(word(track, "affiliation"), 10));
        row.push_str(&format!(" {status} {whose} {}", sensors.join(" ")));
    }
    row
}

/// What keeps the node from its work, else what it counts: fastest first, as many as fit two lines.
fn load_pane(state: &State, area: Rect, frame: &mut Buffer) {
    const COLUMNS: usize = 38;
    let status = status(state);
    let troubles = [("recorder_trouble", "nothing is recorded"), ("journal_trouble", "nothing is kept")];
    let troubles =
        troubles.into_iter().filter_map(|(key, effect)| Some(format!("{effect}: {}", status[key].as_str()?)));
    let mut lines: Vec<Line<'_>> = troubles.map(|trouble| Line::styled(trouble, BAD)).collect();
    let told = state.counters();
    let cells: Vec<String> =
        told.iter().map(|(name, count, rate)| fit(&format!("{name} {count:.0} +{rate:.1}/s"), COLUMNS)).collect();
    let across = (usize::from(area.width.saturating_sub(2)) / (COLUMNS + 1)).max(1);
    let room = usize::from(area.height.saturating_sub(2)).saturating_sub(lines.len());
    lines.extend(cells.chunks(across).take(room).map(|row| Line::raw(row.join(" "))));
    Paragraph::new(lines).block(Block::bordered().title(Line::styled(" load ", HEAD))).render(area, frame);
}

fn footer(state: &State, area: Rect, frame: &mut Buffer) {
    let line = match (state.is_typing, state.search.as_str()) {
        (true, search) => format!("/{search}▏  Enter keeps it, Esc drops it"),
        (false, "") => "q quit  s sort  / search  ↑↓ PgUp PgDn scroll".to_owned(),
        (false, search) => format!("q quit  s sort  / search: {search} (Esc: all)  ↑↓ PgUp PgDn scroll"),
    };
    Line::styled(line, FAINT).render(area, frame);
}
