//! What `copmesh doctor` finds: one sentence for each thing that was looked at, and one remedy where it is amiss.

use core::fmt::Write as _;

use serde_json::{Value, json};

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Well,
    /// The node works, but it may not stay so, or this cannot be known from here.
    Doubtful,
    /// The node cannot do this part of its work.
    Failing,
    /// Not looked at; the sentence says why.
    Skipped,
}

impl State {
    /// The word in table and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Doubtful => "doubtful",
            Self::Failing => "failing",
            Self::Skipped => "skipped",
        }
    }

    /// What turns a terminal to this state's colour.
    const fn colour(self) -> &'static str {
        match self {
            Self::Well => "\x1b[32m",
            Self::Doubtful => "\x1b[33m",
            Self::Failing => "\x1b[1;31m",
            Self::Skipped => "\x1b[2m",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// It: `clock`, `sensor radar-n`.
    pub what: String,
    /// How it is.
    pub state: State,
    /// The same as a sentence.
    pub text: String,
    /// What helps: a command, or a key of the configuration. There whenever something is doubtful or failing.
    pub remedy: Option<String>,
}

impl Finding {
    /// Something is as it should be.
    #[must_use]
    pub fn well(what: impl Into<String>, text: impl Into<String>) -> Self {
        Self { what: what.into(), state: State::Well, text: text.into(), remedy: None }
    }

    /// Something was not looked at.
    #[must_use]
    pub fn skipped(what: impl Into<String>, text: impl Into<String>) -> Self {
        Self { what: what.into(), state: State::Skipped, text: text.into(), remedy: None }
    }

    /// Something is amiss or cannot be known.
    #[must_use]
    pub fn doubtful(what: impl Into<String>, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), state: State::Doubtful, text: text.into(), remedy: Some(remedy.into()) }
    }

    /// Something does not work.
    #[must_use]
    pub fn failing(what: impl Into<String>, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), state: State::Failing, text: text.into(), remedy: Some(remedy.into()) }
    }

    /// As JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({ "what": self.what, "state": self.state.as_str(), "text": self.text, "remedy": self.remedy })
    }
}

/// How many are in a state.
#[must_use]
pub fn count(findings: &[Finding], state: State) -> usize {
    findings.iter().filter(|finding| finding.state == state).count()
}

/// A line for each, its remedy below, and the sum of it.
#[must_use]
pub fn table(findings: &[Finding], coloured: bool) -> String {
    let width = findings.iter().map(|finding| finding.what.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for finding in findings {
        let word = finding.state.as_str();
        let (on, off) = if coloured { (finding.state.colour(), "\x1b[0m") } else { ("", "") };
        let _ = writeln!(text, "{on}{word:<8}{off}  {:<width$}  {}", finding.what, finding.text);
        if let Some(remedy) = &finding.remedy {
            let _ = writeln!(text, "{:<8}  {:<width$}  → {remedy}", "", "");
        }
    }
    let [well, doubtful, failing, skipped] =
        [State::Well, State::Doubtful, State::Failing, State::Skipped].map(|state| count(findings, state));
    let _ = writeln!(text, "\n{well} well, {doubtful} doubtful, {failing} failing, {skipped} skipped");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> [Finding; 3] {
        [
            Finding::well("clock", "synchronised"),
            Finding::failing("sensor radar", "another program has 0.0.0.0:8600", "ss -ulpn 'sport = :8600'"),
            Finding::skipped("keys", "the configuration names none"),
        ]
    }

    #[test]
    fn each_failure_stands_with_its_remedy_below_and_columns_are_aligned() {
        insta::assert_snapshot!(table(&some(), false), @r"
        well      clock         synchronised
        failing   sensor radar  another program has 0.0.0.0:8600
                                → ss -ulpn 'sport = :8600'
        skipped   keys          the configuration names none

        1 well, 0 doubtful, 1 failing, 1 skipped
        ");
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let coloured = table(&some(), true);
        assert!(coloured.contains("\x1b[1;31mfailing \x1b[0m"), "{coloured}");
        let mut plain = coloured;
        for code in ["\x1b[32m", "\x1b[1;31m", "\x1b[2m", "\x1b[0m"] {
            plain = plain.replace(code, "");
        }
        assert_eq!(plain, table(&some(), false));
    }
}
