//! Which files a rule is for.
//!
//! The pure part of a crate is its `src` without `main.rs` and without the modules behind a feature gate
//! (`edge-node`: `shell`, `console`; `sensor-drivers`: `io`). What the gate lets in may touch the world.

use super::Finding;
use super::source::{Source, declared_module};

/// The crates whose pure part decides what a track is: the same bits on every machine.
pub const CORES: [&str; 4] = ["fusion-core", "sensor-drivers", "proto", "edge-node"];

/// The sources of a crate's `src`.
pub fn of_crate<'a>(sources: &'a [Source], name: &str) -> impl Iterator<Item = &'a Source> {
    let folder = format!("{name}/src/");
    sources.iter().filter(move |source| source.path.starts_with(&folder))
}

/// The pure part of a crate.
#[must_use]
pub fn pure_part<'a>(sources: &'a [Source], name: &str) -> Vec<&'a Source> {
    let gated: Vec<String> = of_crate(sources, name).flat_map(gated_stems).collect();
    let shell = |path: &str| {
        path.ends_with("/src/main.rs")
            || gated.iter().any(|stem| path == format!("{stem}.rs") || path.starts_with(&format!("{stem}/")))
    };
    of_crate(sources, name).filter(|source| !shell(&source.path)).collect()
}

/// The pure part of all cores.
#[must_use]
pub fn cores(sources: &[Source]) -> Vec<&Source> {
    CORES.iter().flat_map(|name| pure_part(sources, name)).collect()
}

/// Files of `src` that no `mod` reaches: rustc does not read them, and nobody else does.
#[must_use]
pub fn unreached(sources: &[Source]) -> Vec<Finding> {
    let in_src = sources.iter().filter(|source| source.path.contains("/src/"));
    let dead = in_src.filter(|source| !is_root(&source.path) && !declared(sources, &source.path));
    dead.map(|source| Finding::of_file(&source.path, "no `mod` reaches this file")).collect()
}

/// Paths, without `.rs`, of the modules that this file declares behind a feature gate.
fn gated_stems(source: &Source) -> Vec<String> {
    let folder = children(&source.path);
    source.gated_modules().iter().map(|(module, _)| format!("{folder}/{module}")).collect()
}

/// The folder in which the modules declared by this file lie.
fn children(path: &str) -> &str {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    let root = stem.strip_suffix("/lib").or_else(|| stem.strip_suffix("/main"));
    root.unwrap_or(stem)
}

fn is_root(path: &str) -> bool {
    path.ends_with("/src/lib.rs") || path.ends_with("/src/main.rs") || path.contains("/src/bin/")
}

fn declared(sources: &[Source], path: &str) -> bool {
    let Some((folder, file)) = path.rsplit_once('/') else { return false };
    let module = file.strip_suffix(".rs").unwrap_or(file);
    let parents = sources.iter().filter(|source| children(&source.path) == folder);
    parents.flat_map(Source::code_lines).any(|(_, line)| declared_module(line) == Some(module))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Vec<Source> {
        let lib = "pub mod node;\n#[cfg(feature = \"shell\")]\npub mod run;\n";
        vec![
            Source::new("edge-node/src/lib.rs", lib),
            Source::new("edge-node/src/main.rs", "fn main() {}\n"),
            Source::new("edge-node/src/node.rs", "mod convert;\n"),
            Source::new("edge-node/src/node/convert.rs", ""),
            Source::new("edge-node/src/node/forgotten.rs", ""),
            Source::new("edge-node/src/run.rs", "mod signals;\n"),
            Source::new("edge-node/src/run/signals.rs", ""),
        ]
    }

    #[test]
    fn what_a_feature_lets_in_is_not_pure() {
        let sources = sources();
        let paths: Vec<&str> = pure_part(&sources, "edge-node").iter().map(|s| s.path.as_str()).collect();
        let expected = ["lib.rs", "node.rs", "node/convert.rs", "node/forgotten.rs"];
        assert_eq!(paths, expected.map(|file| format!("edge-node/src/{file}")));
    }

    #[test]
    fn a_file_without_its_mod_is_dead() {
        let found = unreached(&sources());
        assert_eq!(found.iter().map(|f| f.file.as_str()).collect::<Vec<_>>(), ["edge-node/src/node/forgotten.rs"]);
    }
}
