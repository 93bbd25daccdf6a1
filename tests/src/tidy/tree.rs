//! The files of the tree: what git would keep, or, where git does not answer, what lies there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::source::Source;

/// A text file.
pub struct File {
    /// The path from the top of the tree, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// The top of the tree.
///
/// # Panics
/// If this crate does not lie one folder below it.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests crate lies one folder below the top").to_path_buf()
}

/// Paths of all files that belong to the tree, from its top: those in git's index and those that a commit could add.
/// Where there is no git, all files outside the folders that builds and tests make.
#[must_use]
pub fn paths() -> Vec<String> {
    let mut paths = known_to_git().unwrap_or_else(lying_there);
    paths.retain(|path| root().join(path).is_file());
    paths.sort();
    paths
}

/// The same as far as git knows them; `None` where the tree is no git checkout.
#[must_use]
pub fn known_to_git() -> Option<Vec<String>> {
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(arguments).current_dir(root()).output().ok()?;
    let listed = String::from_utf8(output.stdout).ok()?;
    let paths: Vec<String> = listed.split_terminator('\0').map(str::to_owned).collect();
    (output.status.success() && !paths.is_empty()).then_some(paths)
}

/// The text files of the tree; what is not UTF-8 is left out.
#[must_use]
pub fn files() -> Vec<File> {
    let read = |path: String| fs::read_to_string(root().join(&path)).ok().map(|text| File { path, text });
    paths().into_iter().filter_map(read).collect()
}

/// The Rust files of the tree.
#[must_use]
pub fn sources() -> Vec<Source> {
    let rust = |file: &File| Path::new(&file.path).extension().is_some_and(|e| e == "rs");
    files().iter().filter(|file| rust(file)).map(|file| Source::new(&file.path, &file.text)).collect()
}

/// One file of the tree; empty if it is not there.
#[must_use]
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}

fn lying_there() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let (below, here): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
        folders.extend(below.into_iter().filter(|path| !is_made(path)));
        found.extend(here.iter().filter_map(|path| from_top(path)));
    }
    found
}

/// Whether a folder is made by a build or a test run.
fn is_made(folder: &Path) -> bool {
    let made = [".git", "target", "node_modules", "dist", ".test-build", "venv", "cache", "__pycache__"];
    folder.file_name().is_some_and(|name| made.iter().any(|made| name == *made))
}

fn from_top(path: &Path) -> Option<String> {
    Some(path.strip_prefix(root()).ok()?.to_str()?.replace('\\', "/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_holds_this_file() {
        assert!(paths().iter().any(|path| path == "tests/src/tidy/tree.rs"));
    }

    #[test]
    fn without_git_the_same_sources_are_found() {
        let rust = |paths: Vec<String>| {
            let mut paths: Vec<String> = paths.into_iter().filter(|path| path.ends_with("tidy.rs")).collect();
            paths.sort();
            paths
        };
        assert_eq!(rust(lying_there()), ["tests/src/tidy.rs", "tests/tests/tidy.rs"]);
    }

    #[test]
    fn folders_that_a_build_makes_are_not_the_tree() {
        assert!(paths().iter().all(|path| !path.starts_with("target/") && !path.contains("node_modules/")));
    }
}
