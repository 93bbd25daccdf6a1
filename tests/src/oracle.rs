//! How a test talks with another implementation: a script in `tests/oracle/`, run by the Python that has its packages.
//!
//! The script asks, a line each; the test answers, a line each, and `!` with a reason where it cannot. A line that
//! begins with `#` is for people. The script judges the answers, and ends with an error if the two disagree.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::outside::oracle_python;

/// Answers all questions of `tests/oracle/NAME.py` for the test of this name, which is skipped without the oracles.
///
/// # Panics
/// If the script finds an answer wrong: it has said which.
pub fn ask(test: &str, script: &str, answer: impl Fn(&str) -> Result<String, String>) {
    let Some(python) = oracle_python(test) else { return };
    let mut oracle = Command::new(python)
        .arg(format!("{}/oracle/{script}.py", env!("CARGO_MANIFEST_DIR")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a Python interpreter");
    let mut answers = oracle.stdin.take().expect("piped");
    let questions = BufReader::new(oracle.stdout.take().expect("piped"));
    for question in questions.lines() {
        let question = question.expect("text");
        if question.starts_with('#') {
            eprintln!("{test} {question}");
        } else {
            let answer = answer(&question).unwrap_or_else(|error| format!("!{error}"));
            writeln!(answers, "{answer}").expect("the oracle listens");
        }
    }
    assert!(oracle.wait().expect("a child").success(), "the two disagree, see above");
}

/// Octets as hexadecimal text.
#[must_use]
pub fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Octets from hexadecimal text.
///
/// # Errors
/// The text is none.
pub fn unhex(text: &str) -> Result<Vec<u8>, String> {
    let octet = |index| text.get(index..index + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..text.len()).step_by(2).map(|index| octet(index).ok_or_else(|| "not hexadecimal".to_owned())).collect()
}
