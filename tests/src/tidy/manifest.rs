//! Who depends on whom: the manifests, compared with the arrows drawn in docs/ARCHITECTURE.md.
//!
//! An arrow line reads `crate → a, b [feature: c, d] [build: e]`: always `a` and `b`; `c` and `d` only with the
//! feature; for building `e`. Dev-dependencies are not drawn.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::{Finding, tree};

/// A crate's manifest.
pub struct Manifest {
    /// Its path from the top of the tree.
    pub path: String,
    /// The manifest itself.
    pub table: Table,
}

/// A line of the arrows: crate, what it always needs, and what it needs by feature (or for `build`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// The crate that depends.
    pub name: String,
    /// What it always depends on.
    pub always: BTreeSet<String>,
    /// What it depends on under a feature, sorted by the feature's name; `build` stands for building.
    pub gated: Vec<(String, BTreeSet<String>)>,
}

impl Manifest {
    /// The manifest in a folder of the tree; the empty string means the workspace.
    ///
    /// # Panics
    /// If it is missing or no TOML; cargo would not have come this far.
    #[must_use]
    pub fn of(folder: &str) -> Self {
        let path = format!("{folder}/Cargo.toml").trim_start_matches('/').to_owned();
        let table = tree::read(&path).parse().expect("cargo has read this manifest before us");
        Self { path, table }
    }

    /// A value at a path of keys.
    #[must_use]
    pub fn at(&self, keys: &[&str]) -> Option<&Value> {
        let (first, rest) = keys.split_first()?;
        rest.iter().try_fold(self.table.get(*first)?, |value, key| value.get(*key))
    }

    /// The names in a table.
    #[must_use]
    pub fn names(&self, keys: &[&str]) -> BTreeSet<String> {
        let table = self.at(keys).and_then(Value::as_table);
        table.map(|table| table.keys().cloned().collect()).unwrap_or_default()
    }

    /// The strings of a list.
    #[must_use]
    pub fn strings(&self, keys: &[&str]) -> Vec<String> {
        let list = self.at(keys).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// What this manifest draws.
    #[must_use]
    pub fn arrow(&self) -> Arrow {
        let name = self.at(&["package", "name"]).and_then(Value::as_str).unwrap_or_default().to_owned();
        let optional = |dependency: &String| self.is_optional(dependency);
        let always = self.names(&["dependencies"]).into_iter().filter(|dependency| !optional(dependency)).collect();
        let features = self.names(&["features"]).into_iter().map(|feature| (feature.clone(), self.lets_in(&feature)));
        let build = std::iter::once(("build".to_owned(), self.names(&["build-dependencies"])));
        let mut gated: Vec<_> = features.chain(build).filter(|(_, names)| !names.is_empty()).collect();
        gated.sort();
        Arrow { name, always, gated }
    }

    fn is_optional(&self, dependency: &str) -> bool {
        self.at(&["dependencies", dependency, "optional"]).and_then(Value::as_bool) == Some(true)
    }

    /// The dependencies that a feature lets in by itself.
    fn lets_in(&self, feature: &str) -> BTreeSet<String> {
        let enabled = self.strings(&["features", feature]);
        enabled.iter().filter_map(|name| name.strip_prefix("dep:")).map(str::to_owned).collect()
    }
}

impl Arrow {
    /// Reads one line; `None` if it is no arrow.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let (name, rest) = line.split_once('→')?;
        let mut parts = rest.split('[');
        let always = set(parts.next()?);
        let mut gated = Vec::new();
        for part in parts {
            let (gate, names) = part.trim().trim_end_matches(']').split_once(':')?;
            gated.push((gate.trim().to_owned(), set(names)));
        }
        gated.sort();
        Some(Self { name: name.trim().to_owned(), always, gated })
    }

    /// What differs between the manifest (self) and the drawing.
    #[must_use]
    pub fn differs_from(&self, drawn: &Self) -> Option<String> {
        (self != drawn).then(|| format!("Cargo.toml has {self}; docs/ARCHITECTURE.md draws {drawn}"))
    }
}

impl std::fmt::Display for Arrow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |names: &BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        write!(f, "`{} → {}", self.name, list(&self.always))?;
        for (gate, names) in &self.gated {
            write!(f, " [{gate}: {}]", list(names))?;
        }
        f.write_str("`")
    }
}

/// The members of the workspace, by folder.
#[must_use]
pub fn members() -> Vec<String> {
    Manifest::of("").strings(&["workspace", "members"])
}

/// Crates that depend on `edge-node` without being `tests`, in any way.
#[must_use]
pub fn depending_on_the_daemon(manifest: &Manifest) -> Vec<Finding> {
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let found = kinds.iter().filter(|kind| manifest.names(&[kind]).contains("edge-node"));
    found
        .map(|kind| Finding::of_file(&manifest.path, format!("{kind}: no arrow leads to edge-node but from tests")))
        .collect()
}

fn set(names: &str) -> BTreeSet<String> {
    names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        [package]
        name = "drivers"
        [features]
        io = ["dep:tokio", "other/io"]
        [dependencies]
        core.workspace = true
        tokio = { workspace = true, optional = true }
        [build-dependencies]
        prost-build = "1"
    "#;

    fn manifest(text: &str) -> Manifest {
        Manifest { path: "drivers/Cargo.toml".into(), table: text.parse().expect("the text above is TOML") }
    }

    #[test]
    fn a_manifest_and_its_drawing_agree() {
        let drawn = Arrow::parse("drivers  → core   [io: tokio] [build: prost-build]").expect("it has an arrow");
        assert_eq!(manifest(TEXT).arrow(), drawn);
        assert_eq!(drawn.to_string(), "`drivers → core [build: prost-build] [io: tokio]`");
    }

    #[test]
    fn a_new_dependency_is_an_arrow_not_drawn() {
        let drawn = Arrow::parse("drivers → core [io: tokio] [build: prost-build]").expect("it has an arrow");
        let text = TEXT.replace("core.workspace = true", "core.workspace = true\n serde = \"1\"");
        assert!(manifest(&text).arrow().differs_from(&drawn).is_some_and(|what| what.contains("core, serde")));
    }

    #[test]
    fn only_tests_reach_for_the_daemon() {
        assert!(depending_on_the_daemon(&manifest(TEXT)).is_empty());
        let text = format!("{TEXT}\n[dev-dependencies]\nedge-node.workspace = true\n");
        assert_eq!(depending_on_the_daemon(&manifest(&text)).len(), 1);
    }
}
