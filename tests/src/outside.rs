//! What a test may need from outside the tree, and the way to say that it is not there.
//!
//! `tests/run` fetches these things and tells where they are through the environment; without it the places where it
//! would have put them are tried, so that a plain `cargo test` finds what an earlier `tests/run` left.
//!
//! | variable | holds |
//! |---|---|
//! | `COPMESH_ORACLE_PYTHON` | the Python whose packages are `tests/oracle/requirements.txt` |
//! | `COPMESH_DATA` | the folder that `tests/data/fetch` filled |
//! | `COPMESH_BIN` | the built `copmesh` |
//! | `COPMESH_SKIPS` | the file to which [`skip`] appends; the runner reads it |

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use crate::tidy::tree;

/// Says that a test could not run: prints `SKIPPED name: reason` and appends the line to the file named by
/// `COPMESH_SKIPS`, from which the runner counts. The caller then returns; one call stands for one test.
pub fn skip(name: &str, reason: &str) {
    let line = format!("SKIPPED {name}: {}\n", reason.replace('\n', " "));
    eprint!("{line}");
    let Some(path) = std::env::var_os("COPMESH_SKIPS") else { return };
    let written =
        OpenOptions::new().create(true).append(true).open(&path).and_then(|mut f| f.write_all(line.as_bytes()));
    assert!(written.is_ok(), "COPMESH_SKIPS names {}, which cannot be written", path.display());
}

/// The Python that has the oracles, or `None` after saying that `test` is skipped.
#[must_use]
pub fn oracle_python(test: &str) -> Option<PathBuf> {
    let remedy = "no Python oracles; tests/run creates them in tests/oracle/venv";
    found(test, "COPMESH_ORACLE_PYTHON", "tests/oracle/venv/bin/python3", remedy)
}

/// A recording by its file name, or `None` after saying that `test` is skipped.
#[must_use]
pub fn recording(test: &str, file: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("COPMESH_DATA").map_or_else(|| tree::root().join("tests/data/cache"), PathBuf::from);
    let path = folder.join(file);
    if path.is_file() {
        return Some(path);
    }
    skip(test, &format!("no recording {file}; tests/data/fetch obtains it"));
    None
}

/// The built `copmesh`, or `None` after saying that `test` is skipped.
#[must_use]
pub fn copmesh_binary(test: &str) -> Option<PathBuf> {
    found(test, "COPMESH_BIN", "target/debug/copmesh", "no built copmesh; `cargo build -p edge-node` makes it")
}

/// What this process holds in memory, kB; not a number where the system does not tell.
#[must_use]
pub fn resident_kb() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| 1.024 * kib)
}

fn found(test: &str, variable: &str, usual: &str, remedy: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map_or_else(|| tree::root().join(usual), PathBuf::from);
    if path.is_file() {
        return Some(path);
    }
    skip(test, remedy);
    None
}
