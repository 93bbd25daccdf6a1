//! Every input that fuzzing found worth keeping passes again, and every target has its binary and its corpus.

use std::path::{Path, PathBuf};

use tests::fuzzed::TARGETS;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn corpus(name: &str) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(folder().join("corpus").join(name)).expect("each target has a corpus");
    let mut files: Vec<_> = listed.map(|entry| entry.expect("readable").path()).collect();
    files.sort();
    files
}

#[test]
fn every_corpus_passes_again() {
    for &(name, target) in TARGETS {
        let files = corpus(name);
        assert!(files.len() >= 10, "{name}: a corpus of {} inputs is none", files.len());
        for file in &files {
            target(&std::fs::read(file).expect("readable"));
        }
        println!("{name:12} {:5} inputs", files.len());
    }
}

#[test]
fn every_input_may_be_cut_anywhere() {
    for &(name, target) in TARGETS {
        for file in corpus(name).iter().take(40) {
            let bytes = std::fs::read(file).expect("readable");
            (0..bytes.len().min(300)).for_each(|length| target(&bytes[..length]));
        }
    }
}

#[test]
fn every_target_has_a_binary_and_no_binary_lacks_a_target() {
    let manifest = std::fs::read_to_string(folder().join("Cargo.toml")).expect("readable");
    let mut binaries: Vec<_> = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("path = \"fuzz_targets/")?.strip_suffix(".rs\""))
        .collect();
    let mut names: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
    binaries.sort_unstable();
    names.sort_unstable();
    assert_eq!(binaries, names);
}
