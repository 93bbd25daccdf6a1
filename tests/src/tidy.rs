//! The house rules as functions over source text.
//!
//! Each rule takes text and returns what it found, so that each is itself tested on text that breaks it. The reading
//! of Rust is rough on purpose ([`source`]): comments and literals are blanked out, braces are matched, words are
//! compared. That is enough for every rule here, and needs no parser among the dependencies.

pub mod bounds;
pub mod docs;
pub mod manifest;
pub mod scope;
pub mod shape;
pub mod source;
pub mod tree;
pub mod words;

use std::fmt;

/// One place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, from the top of the tree.
    pub file: String,
    /// The line, from one; zero means the whole file.
    pub line: usize,
    /// What is wrong and what to do about it.
    pub what: String,
}

impl Finding {
    /// A finding at a line, counted from one.
    #[must_use]
    pub fn at(file: &str, line: usize, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into() }
    }

    /// A finding about a whole file.
    #[must_use]
    pub fn of_file(file: &str, what: impl Into<String>) -> Self {
        Self::at(file, 0, what)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.what),
            line => write!(f, "{}:{line}: {}", self.file, self.what),
        }
    }
}

/// Fails with the whole list, so that one run shows everything there is to mend.
///
/// # Panics
/// If there is any finding.
pub fn assert_none(findings: &[Finding]) {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} found:\n{}", lines.len(), lines.join("\n"));
}
