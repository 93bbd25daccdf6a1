//! The house rules, applied to the tree. Each test is named by what it promises; the rules are in `src/tidy`.
//!
//! Numbers in brackets are the invariants of docs/ARCHITECTURE.md.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::LazyLock;

use tests::tidy::manifest::{Arrow, Manifest, depending_on_the_daemon, members};
use tests::tidy::source::Source;
use tests::tidy::{Finding, assert_none, bounds, docs, scope, shape, tree, words};

static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(tree::sources);

const ARCHITECTURE: &str = "docs/ARCHITECTURE.md";

/// All that may lie at the top: the eight places of the design, what people read first, and what tools require.
const TOP_LEVEL: [&str; 17] = [
    ".cargo",
    ".ci",
    ".gitignore",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "cross",
    "docs",
    "edge-node",
    "fusion-core",
    "proto",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "sensor-drivers",
    "systemd",
    "tests",
];

const ASYNC_AND_CLOCKS: [&str; 4] = ["tokio", "zenoh", "Instant", "SystemTime"];

fn each(sources: &[&Source], rule: impl Fn(&Source) -> Vec<Finding>) {
    assert_none(&sources.iter().flat_map(|source| rule(source)).collect::<Vec<_>>());
}

fn everywhere(rule: impl Fn(&Source) -> Vec<Finding>) {
    each(&SOURCES.iter().collect::<Vec<_>>(), rule);
}

fn in_every_text(rule: impl Fn(&tree::File) -> Vec<Finding>) {
    let generated = |path: &str| path.ends_with("Cargo.lock") || path.ends_with("package-lock.json");
    let files = tree::files();
    let written = files.iter().filter(|file| !generated(&file.path));
    assert_none(&written.flat_map(rule).collect::<Vec<_>>());
}

fn all_but_the_clock(mut sources: Vec<&Source>) -> Vec<&Source> {
    sources.retain(|source| source.path != "edge-node/src/clock.rs");
    sources
}

// --- Who may depend on whom ---

#[test]
fn the_arrows_are_those_of_the_architecture() {
    let text = tree::read(ARCHITECTURE);
    let drawn: Vec<Arrow> = docs::fenced(&text, "arrows").iter().filter_map(|(_, line)| Arrow::parse(line)).collect();
    let mut found = Vec::new();
    for manifest in members().iter().map(|folder| Manifest::of(folder)) {
        let arrow = manifest.arrow();
        let what = match drawn.iter().find(|drawn| drawn.name == arrow.name) {
            Some(drawn) => arrow.differs_from(drawn),
            None => Some(format!("{ARCHITECTURE} draws no arrow for it")),
        };
        found.extend(what.map(|what| Finding::of_file(&manifest.path, what)));
    }
    assert_none(&found);
}

#[test]
fn only_tests_depends_on_the_daemon() {
    let others = members().into_iter().filter(|folder| folder != "tests");
    assert_none(&others.flat_map(|folder| depending_on_the_daemon(&Manifest::of(&folder))).collect::<Vec<_>>());
}

#[test]
fn the_mathematics_depends_on_two_crates() {
    let arrow = Manifest::of("fusion-core").arrow();
    assert_eq!(arrow.always, BTreeSet::from(["heapless".to_owned(), "nalgebra".to_owned()]));
    assert!(arrow.gated.is_empty(), "fusion-core has no features: {arrow}");
}

#[test]
fn the_daemon_reaches_the_world_only_through_its_shell() {
    let node = Manifest::of("edge-node");
    for runtime in ["tokio", "zenoh"] {
        assert!(!node.arrow().always.contains(runtime), "{runtime} must be optional in edge-node");
        assert!(node.strings(&["features", "shell"]).contains(&format!("dep:{runtime}")), "shell lets {runtime} in");
    }
    let drivers = Manifest::of("sensor-drivers");
    assert!(!drivers.arrow().always.contains("tokio"), "tokio must be optional in sensor-drivers");
    let off = Manifest::of("").at(&["workspace", "dependencies", "edge-node", "default-features"]).cloned();
    assert_eq!(off, Some(toml::Value::Boolean(false)), "tests runs the node without its shell");
}

#[test]
fn drivers_name_of_proto_only_the_generated_messages() {
    let drivers: Vec<&Source> = scope::of_crate(&SOURCES, "sensor-drivers").collect();
    each(&drivers, |source| {
        let lines = source.product_lines().filter(|(_, line)| line.replace("proto::pb", "").contains("proto::"));
        lines.map(|(line, _)| Finding::at(&source.path, line, "names more of proto than `proto::pb`")).collect()
    });
}

// --- What the cores may not name (invariants 1 to 5, 9) ---

#[test]
fn the_mathematics_is_no_std_and_forbids_unsafe() {
    let head = tree::read("fusion-core/src/lib.rs");
    for attribute in ["#![no_std]", "#![forbid(unsafe_code)]"] {
        assert!(
            head.lines().any(|line| line == attribute),
            "fusion-core/src/lib.rs lacks {attribute}, unconditionally"
        );
    }
}

#[test]
fn the_mathematics_names_neither_alloc_nor_std() {
    let why = "is not for fusion-core: memory is lent, there is no system";
    each(&scope::pure_part(&SOURCES, "fusion-core"), |source| words::crate_named(source, &["std", "alloc"], why));
}

#[test]
fn pure_code_names_no_runtime_and_no_clock() {
    let why = "belongs to the shell; pure code takes bytes and times as arguments";
    each(&all_but_the_clock(scope::cores(&SOURCES)), |source| words::named(source, &ASYNC_AND_CLOCKS, why));
}

#[test]
fn the_clock_is_read_in_one_file() {
    let product = scope::CORES.iter().flat_map(|name| scope::of_crate(&SOURCES, name));
    each(&all_but_the_clock(product.collect()), words::clock_read);
}

#[test]
fn cores_hold_no_hash_maps() {
    let why = "iterates in an order of its own; use a sorted vector or a BTreeMap";
    each(&scope::cores(&SOURCES), |source| words::named(source, &["HashMap", "HashSet"], why));
}

#[test]
fn cores_compute_the_same_bits_on_every_machine() {
    each(&scope::cores(&SOURCES), words::platform_libm);
    let nalgebra = Manifest::of("");
    let features = nalgebra.strings(&["workspace", "dependencies", "nalgebra", "features"]);
    assert_eq!(features, ["libm-force"], "without it nalgebra calls the platform's libm");
}

// --- Dependencies ---

#[test]
fn bincode_is_named_in_one_file_and_pinned() {
    let others: Vec<&Source> = SOURCES.iter().filter(|source| source.path != "proto/src/codec.rs").collect();
    each(&others, |source| words::named(source, &["bincode"], "is for proto/src/codec.rs alone"));
    let version = Manifest::of("").at(&["workspace", "dependencies", "bincode", "version"]).cloned();
    assert_eq!(version, Some("=2.0.1".into()), "bincode is pinned: the version after it does not compile");
}

#[test]
fn zenoh_carries_only_what_we_ship() {
    let workspace = Manifest::of("");
    let off = workspace.at(&["workspace", "dependencies", "zenoh", "default-features"]).cloned();
    assert_eq!(off, Some(toml::Value::Boolean(false)));
    let features = workspace.strings(&["workspace", "dependencies", "zenoh", "features"]);
    let shipped = ["tcp", "udp", "tls", "quic", "serial", "unixsock-stream"].map(|name| format!("transport_{name}"));
    assert_eq!(features, shipped, "auth_pubkey and transport_compression bring advisories");
    assert!(!tree::read("Cargo.lock").contains("name = \"rsa\""), "something lets zenoh's auth_pubkey in again");
}

#[test]
fn every_dependency_has_its_reason() {
    let page = "docs/decisions/0002-dependencies.md";
    let text = tree::read(page);
    let explained = docs::explained(&text);
    let names = Manifest::of("").names(&["workspace", "dependencies"]);
    let own: BTreeSet<String> = members().into_iter().collect();
    let unexplained = names.difference(&own).filter(|name| !explained.contains(name.as_str()));
    let unused = explained.iter().filter(|name| !names.contains(**name));
    let missing = unexplained.map(|name| Finding::of_file(page, format!("{name} has no row: what for, licence, why")));
    let stale = unused.map(|name| Finding::of_file(page, format!("{name} is no dependency of the workspace")));
    assert_none(&missing.chain(stale).collect::<Vec<_>>());
}

#[test]
fn every_declared_dependency_is_used() {
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let manifests: Vec<Manifest> = members().iter().map(|folder| Manifest::of(folder)).collect();
    let used: BTreeSet<String> =
        manifests.iter().flat_map(|m| kinds.iter().flat_map(|kind| m.names(&[kind]))).collect();
    let declared = Manifest::of("").names(&["workspace", "dependencies"]);
    let unused = declared.difference(&used).filter(|name| !members().contains(name));
    assert_none(
        &unused.map(|name| Finding::of_file("Cargo.toml", format!("{name}: no crate uses it"))).collect::<Vec<_>>(),
    );
}

#[test]
fn versions_are_declared_in_one_place() {
    let mut found = Vec::new();
    for manifest in members().iter().map(|folder| Manifest::of(folder)) {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let own =
                manifest.names(&[kind]).into_iter().filter(|name| manifest.at(&[kind, name, "workspace"]).is_none());
            found.extend(
                own.map(|name| Finding::of_file(&manifest.path, format!("{name}: declare it in the workspace"))),
            );
        }
    }
    assert_none(&found);
}

#[test]
fn every_crate_obeys_the_workspace_lints() {
    for manifest in members().iter().map(|folder| Manifest::of(folder)) {
        let obeys = manifest.at(&["lints", "workspace"]).cloned();
        assert_eq!(obeys, Some(toml::Value::Boolean(true)), "{}", manifest.path);
    }
}

// --- Bounds (invariant 8) ---

#[test]
fn every_bound_names_its_counter() {
    let product: Vec<&Source> = scope::CORES.iter().flat_map(|name| scope::of_crate(&SOURCES, name)).collect();
    let known = bounds::known_words(&SOURCES);
    each(&product, |source| bounds::without_counter(source, &known));
}

// --- Shape ---

#[test]
fn every_source_file_says_what_it_is() {
    everywhere(shape::opening);
}

#[test]
fn no_line_is_wider_than_the_page() {
    everywhere(shape::widths);
}

#[test]
fn every_file_holds_one_idea() {
    everywhere(shape::length);
}

#[test]
fn every_function_can_be_said_in_a_sentence() {
    everywhere(shape::functions);
}

#[test]
fn every_source_file_is_reached() {
    assert_none(&scope::unreached(&SOURCES));
}

#[test]
fn nothing_is_left_unfinished() {
    everywhere(words::unwritten);
    in_every_text(words::unfinished);
}

// --- The tree ---

#[test]
fn the_top_level_is_the_agreed_list() {
    let top: BTreeSet<String> =
        tree::paths().iter().filter_map(|path| path.split('/').next().map(str::to_owned)).collect();
    let strangers = top.iter().filter(|name| !TOP_LEVEL.contains(&name.as_str()));
    assert_none(&strangers.map(|name| Finding::of_file(name, "does not belong at the top")).collect::<Vec<_>>());
}

#[test]
fn nothing_names_a_machine_or_a_registry() {
    in_every_text(words::places);
}

#[test]
fn nothing_third_party_is_in_the_tree() {
    let Some(paths) = tree::known_to_git() else {
        return tests::skip("nothing_third_party_is_in_the_tree", "the tree is no git checkout");
    };
    let folders = ["node_modules", "dist", "vendor", "venv", "target"];
    let foreign = |path: &str| path.split('/').any(|part| folders.contains(&part)) || path.contains(".min.");
    let found = paths.iter().filter(|path| foreign(path));
    assert_none(&found.map(|path| Finding::of_file(path, "is fetched or built, never committed")).collect::<Vec<_>>());
}

#[test]
fn scripts_can_be_run_as_they_stand() {
    let mut found = Vec::new();
    for file in tree::files().iter().filter(|file| file.text.starts_with("#!/")) {
        let mode = std::fs::metadata(tree::root().join(&file.path)).map_or(0, |status| status.permissions().mode());
        if mode & 0o111 == 0 {
            found.push(Finding::of_file(&file.path, "opens with `#!` and is not executable"));
        }
    }
    assert_none(&found);
}

// --- Documents ---

#[test]
fn the_architecture_draws_only_what_is_there() {
    let text = tree::read(ARCHITECTURE);
    let drawn = docs::drawn_paths(&docs::fenced(&text, "tree"));
    assert!(!drawn.is_empty(), "{ARCHITECTURE} has no block fenced with ```tree");
    assert_none(&docs::drawn_but_absent(ARCHITECTURE, &drawn, &tree::paths()));
}

/// `cargo run -- demo` must not have to ask which one is meant.
#[test]
fn the_workspace_has_one_binary() {
    let is_binary = |path: &String| path.ends_with("/src/main.rs") || path.contains("/src/bin/");
    let binaries: Vec<String> = tree::paths().into_iter().filter(is_binary).collect();
    assert_eq!(binaries, ["edge-node/src/main.rs"]);
}

#[test]
fn the_architecture_draws_every_crate() {
    let text = tree::read(ARCHITECTURE);
    let drawn = docs::drawn_paths(&docs::fenced(&text, "tree"));
    let missing = members().into_iter().filter(|folder| !drawn.iter().any(|(_, path)| path == folder));
    assert_none(
        &missing.map(|name| Finding::of_file(ARCHITECTURE, format!("does not draw {name}"))).collect::<Vec<_>>(),
    );
}
