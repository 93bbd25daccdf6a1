//! What `copmesh top` shows and in which order: the node's last answers, and what the viewer chose by keys.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use serde_json::Value;

/// Lines that a page key moves by.
const PAGE: usize = 10;

/// Characters of a search at the most.
///
/// No counter: whoever types sees that no more appears.
const SEARCH_CHARS_MAX: usize = 32;

/// What a node answered, all at about the same time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// `/status.json`.
    pub status: Value,
    /// `/picture.json`.
    pub picture: Value,
    /// From receipt of bytes to the changed picture, 99 of 100 times, seconds; `None` if it is not told.
    pub latency_s: Option<f64>,
}

/// The order of tracks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Those heard last first.
    #[default]
    Age,
    /// By name.
    Name,
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Show again.
    Stay,
    /// The viewer has seen enough.
    Quit,
}

/// Everything that a frame is drawn from.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Where the node is asked.
    pub console: String,
    /// Its last answer; that of before stays while it does not answer.
    pub answer: Option<Answer>,
    /// The counters of the answer before, and its time: for rates.
    before: Option<(Value, f64)>,
    /// Why there is no answer now.
    pub trouble: Option<String>,
    /// How tracks are sorted.
    pub order: Order,
    /// Only tracks with this in a name, a callsign, an address, a class or a sensor.
    pub search: String,
    /// Whether keys are part of the search.
    pub is_typing: bool,
    /// Tracks above the first that is shown.
    pub scroll: usize,
}

impl State {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(console: impl Into<String>) -> Self {
        Self { console: console.into(), ..Self::default() }
    }

    /// What the node answered, or why not.
    pub fn take(&mut self, answer: Result<Answer, String>) {
        match answer {
            Ok(answer) => {
                let last = self.answer.replace(answer);
                self.before = last.and_then(|last| {
                    let time_ms = last.status["time_ms"].as_f64()?;
                    Some((last.status["counters"].clone(), time_ms))
                });
                self.trouble = None;
            }
            Err(why) => self.trouble = Some(why),
        }
    }

    /// A key was pressed.
    pub fn press(&mut self, key: KeyEvent) -> Next {
        if key.kind == KeyEventKind::Release {
            return Next::Stay;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return if key.code == KeyCode::Char('c') { Next::Quit } else { Next::Stay };
        }
        if self.is_typing { self.type_key(key.code) } else { self.command(key.code) }
    }

    fn type_key(&mut self, code: KeyCode) -> Next {
        self.scroll = 0;
        if code == KeyCode::Enter {
            self.is_typing = false;
        } else if code == KeyCode::Esc {
            self.is_typing = false;
            self.search.clear();
        } else if code == KeyCode::Backspace {
            self.search.pop();
        } else if let KeyCode::Char(typed) = code
            && self.search.chars().count() < SEARCH_CHARS_MAX
        {
            self.search.push(typed);
        }
        Next::Stay
    }

    fn command(&mut self, code: KeyCode) -> Next {
        let last = self.tracks().len().saturating_sub(1);
        if code == KeyCode::Char('q') {
            return Next::Quit;
        } else if code == KeyCode::Char('s') {
            self.order = if self.order == Order::Age { Order::Name } else { Order::Age };
            self.scroll = 0;
        } else if code == KeyCode::Char('/') {
            self.is_typing = true;
        } else if code == KeyCode::Esc {
            self.search.clear();
        } else if code == KeyCode::Up {
            self.scroll = self.scroll.saturating_sub(1);
        } else if code == KeyCode::Down {
            self.scroll = (self.scroll + 1).min(last);
        } else if code == KeyCode::PageUp {
            self.scroll = self.scroll.saturating_sub(PAGE);
        } else if code == KeyCode::PageDown {
            self.scroll = (self.scroll + PAGE).min(last);
        } else if code == KeyCode::Home {
            self.scroll = 0;
        } else if code == KeyCode::End {
            self.scroll = last;
        }
        Next::Stay
    }

    /// The tracks that are searched for, in order.
    #[must_use]
    pub fn tracks(&self) -> Vec<&Value> {
        let all = self.answer.iter().flat_map(|answer| answer.picture["tracks"].as_array()).flatten();
        let search = self.search.to_lowercase();
        let mut tracks: Vec<&Value> = all.filter(|track| search.is_empty() || holds(track, &search)).collect();
        match self.order {
            Order::Age => tracks.sort_by_key(|track| (core::cmp::Reverse(track["time_ms"].as_i64()), name(track))),
            Order::Name => tracks.sort_by_key(|track| name(track)),
        }
        tracks
    }

    /// What the node counts: name, count and growth a second. What grows most stands first; what is zero is left out.
    #[must_use]
    pub fn counters(&self) -> Vec<(&str, f64, f64)> {
        let Some(answer) = &self.answer else { return Vec::new() };
        let now_ms = answer.status["time_ms"].as_f64();
        let rate = |name: &str, count: f64| {
            let (before, then_ms) = self.before.as_ref()?;
            let seconds = (now_ms? - then_ms) / 1000.0;
            (seconds > 0.0).then_some((count - before[name].as_f64()?) / seconds)
        };
        let all = answer.status["counters"].as_object().into_iter().flatten();
        let counted =
            all.filter_map(|(name, count)| Some((name.as_str(), count.as_f64().filter(|count| *count > 0.0)?)));
        let mut counters: Vec<_> =
            counted.map(|(name, count)| (name, count, rate(name, count).unwrap_or(0.0))).collect();
        counters.sort_by(|a, b| b.2.total_cmp(&a.2).then_with(|| a.0.cmp(b.0)));
        counters
    }
}

/// What a track is called.
#[must_use]
pub fn name(track: &Value) -> &str {
    track["name"].as_str().or_else(|| track["id"].as_str()).unwrap_or("?")
}

fn holds(track: &Value, search: &str) -> bool {
    let words = ["name", "id", "callsign", "address", "class", "affiliation"].map(|key| &track[key]);
    let sensors = track["sensors"].as_array().into_iter().flatten();
    words.into_iter().chain(sensors).filter_map(Value::as_str).any(|word| word.to_lowercase().contains(search))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn track(name: &str, time_ms: i64, callsign: &str) -> serde_json::Value {
        json!({ "name": name, "time_ms": time_ms, "callsign": callsign })
    }

    fn state() -> State {
        let tracks = [track("TV0VB", 1, "LOT1"), track("TV0VA", 3, "LOT2"), track("TV0VC", 2, "DLH3")];
        let picture = json!({ "tracks": tracks });
        let mut state = State::new("here");
        state.take(Ok(Answer { picture, ..Answer::default() }));
        state
    }

    fn names(state: &State) -> Vec<&str> {
        state.tracks().into_iter().map(name).collect()
    }

    fn press(state: &mut State, keys: &str) {
        for key in keys.chars() {
            let code = if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) };
            assert_eq!(state.press(KeyEvent::from(code)), Next::Stay);
        }
    }

    #[test]
    fn tracks_stand_by_age_and_with_s_by_name() {
        let mut state = state();
        assert_eq!(names(&state), ["TV0VA", "TV0VC", "TV0VB"]);
        press(&mut state, "s");
        assert_eq!(names(&state), ["TV0VA", "TV0VB", "TV0VC"]);
    }

    #[test]
    fn a_search_keeps_what_holds_it_and_q_is_a_letter_in_it() {
        let mut state = state();
        press(&mut state, "/lot\n");
        assert_eq!(names(&state), ["TV0VA", "TV0VB"]);
        press(&mut state, "/q");
        assert_eq!(names(&state), [""; 0]);
        let _ = state.press(KeyEvent::from(KeyCode::Esc));
        assert_eq!(names(&state).len(), 3);
        assert_eq!(state.press(KeyEvent::from(KeyCode::Char('q'))), Next::Quit);
    }

    #[test]
    fn scrolling_ends_at_the_last_track() {
        let mut state = state();
        for _ in 0..9 {
            let _ = state.press(KeyEvent::from(KeyCode::Down));
        }
        assert_eq!(state.scroll, 2);
        let _ = state.press(KeyEvent::from(KeyCode::PageUp));
        assert_eq!(state.scroll, 0);
    }

    #[test]
    fn a_counter_tells_how_fast_it_grows_from_the_second_answer_on() {
        let answer = |time_ms: i64, scans: u64| Answer {
            status: json!({ "time_ms": time_ms, "counters": { "scans": scans, "late": 0, "births": 5 } }),
            ..Answer::default()
        };
        let mut state = State::new("here");
        state.take(Ok(answer(1_000, 10)));
        assert_eq!(state.counters(), [("births", 5.0, 0.0), ("scans", 10.0, 0.0)]);
        state.take(Ok(answer(3_000, 30)));
        assert_eq!(state.counters(), [("scans", 30.0, 10.0), ("births", 5.0, 0.0)]);
    }

    #[test]
    fn what_was_known_stays_while_the_node_does_not_answer() {
        let mut state = state();
        state.take(Err("connection refused".into()));
        assert_eq!((names(&state).len(), state.trouble.as_deref()), (3, Some("connection refused")));
    }
}
