//! The peers: Python packages, run by the scripts of `tests/peers`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tests::tidy::tree;

/// A Python in which packages can be imported.
pub struct Python(PathBuf);

impl Python {
    /// The oracles' Python with these packages, or `None` after saying that `what` is skipped.
    pub fn with(packages: &[&str], what: &str) -> Option<Self> {
        let python = tests::oracle_python(what)?;
        let import = format!("import {}", packages.join(", "));
        let imported = Command::new(&python).args(["-c", &import]).stderr(Stdio::null()).status();
        if !imported.is_ok_and(|status| status.success()) {
            tests::skip(what, &format!("{} cannot `{import}`; tests/run installs the oracles", python.display()));
            return None;
        }
        Some(Self(python))
    }

    /// Runs a script of `tests/peers`, whose lines tell how far it is.
    ///
    /// # Panics
    /// If it fails: it is ours, and what it needs is there.
    pub fn run<S: AsRef<std::ffi::OsStr>>(&self, script: &str, arguments: impl IntoIterator<Item = S>) {
        let path = tree::root().join("tests/peers").join(script);
        let status = Command::new(&self.0).arg(path).args(arguments).stdout(std::io::stderr()).status();
        assert!(status.is_ok_and(|status| status.success()), "{script} failed, see above");
    }
}

/// A folder for what is passed to peers and back.
///
/// # Panics
/// If it cannot be made.
pub fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers");
    std::fs::create_dir_all(&folder).expect("cargo's folder for such things can be written");
    folder
}

/// A file's text.
///
/// # Panics
/// If it cannot be read, naming it.
pub fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Writes a file.
///
/// # Panics
/// If it cannot be written, naming it.
pub fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
