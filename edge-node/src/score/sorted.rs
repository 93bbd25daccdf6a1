//! A recording as a stream of lines in strict order of time.
//!
//! Lines may be up to [`REORDER_S`] behind. The earliest line held is handed out once a line has been read that is more
//! than that ahead of it, for then nothing earlier can follow. In memory: the lines of that window, at most
//! [`PENDING_MAX`] of them (at worst some 130 MB), and one line of text.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};
use std::path::PathBuf;

use serde_json::Value;

use fusion_core::time::{Span, Timestamp};

use super::error::ScoreError;
use super::input::{LINE_MAX, Line, LineFault, REORDER_S};

/// The most lines of one file that are held for putting in order; one more is an error that names the line.
///
/// No counter: the error ends the run.
pub const PENDING_MAX: usize = 1 << 18;

const REORDER: Span = Span::from_secs(REORDER_S);

/// The lines of one file in order of time, lines of the same time in the order of the file.
pub(super) struct Sorted<R, L> {
    path: PathBuf,
    reader: R,
    text: Vec<u8>,
    number: u64,
    pending: BTreeMap<(Timestamp, u64), L>,
    newest: Option<Timestamp>,
    has_ended: bool,
}

impl<R: BufRead, L: Line> Sorted<R, L> {
    pub(super) fn new(path: PathBuf, reader: R) -> Self {
        Self { path, reader, text: Vec::new(), number: 0, pending: BTreeMap::new(), newest: None, has_ended: false }
    }

    /// The file's name.
    pub(super) fn path(&self) -> &PathBuf {
        &self.path
    }

    /// When the next line is; `None` at the end.
    pub(super) fn peek_time(&mut self) -> Result<Option<Timestamp>, ScoreError> {
        while !self.has_ended && !self.is_settled() {
            self.handle_line()?;
        }
        Ok(self.pending.first_key_value().map(|(&(time, _), _)| time))
    }

    /// The next line, if it is not later than `time`.
    pub(super) fn next_through(&mut self, time: Timestamp) -> Result<Option<L>, ScoreError> {
        let is_due = self.peek_time()?.is_some_and(|next| next <= time);
        Ok(if is_due { self.pending.pop_first().map(|(_, line)| line) } else { None })
    }

    /// Can no line that is still to be read come before the earliest that is held?
    fn is_settled(&self) -> bool {
        let earliest = self.pending.first_key_value().map(|(&(time, _), _)| time);
        earliest.zip(self.newest).is_some_and(|(earliest, newest)| newest - earliest > REORDER)
    }

    /// Reads one line of text and holds what it says.
    fn handle_line(&mut self) -> Result<(), ScoreError> {
        self.text.clear();
        let length = self.read_text().map_err(|source| self.unreadable(source))?;
        self.has_ended = length == 0;
        self.number += u64::from(!self.has_ended);
        if self.text.trim_ascii().is_empty() {
            return Ok(());
        }
        let line = self.parse().map_err(|fault| self.at_fault(fault))?;
        self.hold(line).map_err(|fault| self.at_fault(fault))
    }

    fn read_text(&mut self) -> io::Result<usize> {
        (&mut self.reader).take(LINE_MAX + 1).read_until(b'\n', &mut self.text)
    }

    fn parse(&self) -> Result<L, LineFault> {
        if u64::try_from(self.text.len()).is_ok_and(|length| length > LINE_MAX) {
            return Err(LineFault::TooLong);
        }
        let value: Value = serde_json::from_slice(&self.text).map_err(|error| LineFault::NotJson(error.column()))?;
        L::read(value.as_object().ok_or(LineFault::NotAnObject)?)
    }

    fn hold(&mut self, line: L) -> Result<(), LineFault> {
        let newest = self.newest.map_or(line.time(), |newest| newest.max(line.time()));
        if newest - line.time() > REORDER {
            return Err(LineFault::TooLate);
        }
        if self.pending.len() == PENDING_MAX {
            return Err(LineFault::TooMany);
        }
        self.newest = Some(newest);
        self.pending.insert((line.time(), self.number), line);
        Ok(())
    }

    fn unreadable(&self, source: io::Error) -> ScoreError {
        ScoreError::Read { path: self.path.clone(), line: self.number, source }
    }

    fn at_fault(&self, fault: LineFault) -> ScoreError {
        ScoreError::Line { path: self.path.clone(), line: self.number, fault }
    }
}

#[cfg(test)]
mod tests {
    use super::super::input::TrackLine;
    use super::*;

    fn deleted(seconds: i64) -> String {
        format!("{{\"time_ns\":{},\"id\":\"x\",\"status\":\"deleted\"}}\n", seconds * 1_000_000_000)
    }

    fn sorted(text: &str) -> Sorted<&[u8], TrackLine> {
        Sorted::new(PathBuf::from("tracks.jsonl"), text.as_bytes())
    }

    fn times(text: &str) -> Result<Vec<i64>, ScoreError> {
        let mut lines = sorted(text);
        let mut times = Vec::new();
        while let Some(line) = lines.next_through(Timestamp::MAX)? {
            times.push(line.time.as_nanos() / 1_000_000_000);
        }
        Ok(times)
    }

    #[test]
    fn late_lines_take_their_place() {
        let text: String = [3, 1, 12, 2, 30, 20].map(deleted).concat();
        assert_eq!(times(&text).expect("in order enough"), [1, 2, 3, 12, 20, 30]);
    }

    #[test]
    fn a_line_that_is_too_late_is_named() {
        let text = deleted(0) + "\n" + &deleted(20) + &deleted(9);
        let error = times(&text).expect_err("11 s behind");
        assert!(error.to_string().starts_with("tracks.jsonl line 4: `time_ns` is more than 10 s behind"), "{error}");
    }

    #[test]
    fn nothing_is_read_beyond_what_is_needed() {
        let text = deleted(0) + &deleted(11) + "rubbish";
        assert!(sorted(&text).next_through(Timestamp::EPOCH).expect("not there yet").is_some());
    }

    #[test]
    fn rubbish_is_named_by_line_and_column() {
        let error = times(&(deleted(0) + "{\"time_ns\": }\n")).expect_err("no JSON");
        assert_eq!(error.to_string(), "tracks.jsonl line 2: not JSON from column 13 on: write one JSON object a line");
        assert!(times("[1]\n").expect_err("a list").to_string().contains("not a JSON object"));
    }

    #[test]
    fn a_line_without_end_is_refused_and_not_held() {
        let endless = "x".repeat(1 << 20);
        let mut lines = sorted(&endless);
        assert!(lines.peek_time().expect_err("too long").to_string().contains("longer than 65536 bytes"));
        assert!(lines.text.len() <= 1 << 17);
    }
}
