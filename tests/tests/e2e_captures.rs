//! Captures of real systems in the forms of others' recorders: the same blocks come out of each, through the real
//! daemon.
//!
//! The bytes are those of CAT062 and CAT065 that `asterix-decoder` comes with, once as a capture of a network and once
//! bare. FINAL frames of real sites are published by nobody whom a registry carries, so the real blocks are put into
//! frames here, as that program's reader has them.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const NAME: &str = "e2e_captures";

/// A node at the place around which the tracks lie, so that nothing has to be guessed.
const CONFIG: &str = r#"
[node]
name = "import"
latitude-deg = 45.0
longitude-deg = 16.0
height-m = 100.0

[[sensors]]
name = "tracks"
kind = "asterix-tracks"
endpoint = "udp://127.0.0.1:8062"
label = { level = "unclassified", releasable-to = ["POL"], originator = "POL" }
"#;

#[test]
fn a_real_capture_gives_the_same_tracks_bare_and_in_final_frames_as_it_was_captured() {
    let Some(binary) = tests::copmesh_binary(NAME) else { return };
    let Some(capture) = tests::recording(NAME, "cat_062_065.pcap") else { return };
    let Some(bare) = tests::recording(NAME, "cat062cat065.ast") else { return };
    let folder = std::env::temp_dir().join(format!("copmesh-captures-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let config = folder.join("node.toml");
    std::fs::write(&config, CONFIG).expect("written");
    let framed = folder.join("tracks.ff");
    std::fs::write(&framed, final_frames(&std::fs::read(&bare).expect("readable"))).expect("written");
    let replayed = |file: &Path| replayed(&binary, &config, file);
    let (captured, bare, framed) = (replayed(&capture), replayed(&bare), replayed(&framed));
    println!("{NAME}: records by form: captured {captured:?}, bare {bare:?}, in FINAL frames {framed:?}");
    // The capture is one datagram of both blocks; the bare file has another minute of the same system.
    assert!(captured.0 > 0 && captured.1 == 0, "{captured:?}");
    assert!(bare.0 > 0 && bare.1 == 0, "{bare:?}");
    assert_eq!(bare, framed);
    std::fs::remove_dir_all(folder).expect("removed");
}

/// Each block in a frame of its own, a second apart: length, board, line, day, time of day in hundredths; the block;
/// four octets of padding.
fn final_frames(blocks: &[u8]) -> Vec<u8> {
    let (mut frames, mut rest, mut hundredths) = (Vec::new(), blocks, 4_582_700_u32);
    while let [_, high, low, ..] = *rest {
        let (block, after) = rest.split_at(usize::from(u16::from_be_bytes([high, low])));
        let length = u16::try_from(block.len() + 12).expect("a block is short");
        frames.extend(length.to_be_bytes());
        frames.extend([0, 0, 0]);
        frames.extend(&hundredths.to_be_bytes()[1..]);
        frames.extend(block);
        frames.extend([0xA5; 4]);
        (rest, hundredths) = (after, hundredths + 100);
    }
    frames
}

/// Records that were decoded, and faults.
fn replayed(binary: &PathBuf, config: &Path, file: &Path) -> (u64, u64) {
    let output = Command::new(binary)
        .args(["replay", "--fast", "--json", "--date", "2014-02-25", "--config"])
        .args([config, file])
        .output()
        .expect("the built daemon starts");
    assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
    let result: Value = serde_json::from_slice(&output.stdout).expect("--json prints one JSON object");
    let counters = result["sensors"][0][1].as_array().expect("the counters of the first sensor").clone();
    let of = |names: &[&str]| {
        let named = counters.iter().filter(|c| c[0].as_str().is_some_and(|name| names.contains(&name)));
        named.filter_map(|c| c[1].as_u64()).sum()
    };
    (of(&["records"]), of(&["faults", "garbage_bytes"]))
}
