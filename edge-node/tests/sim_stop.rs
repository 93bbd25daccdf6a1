//! Ctrl-C ends `copmesh sim` as its end would: what was recorded and what was true till then are whole files.
#![cfg(feature = "shell")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

#[test]
fn what_was_simulated_before_ctrl_c_is_written() {
    let folder = std::env::temp_dir().join(format!("copmesh-sim-stop-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let (truth, recording) = (folder.join("truth.jsonl"), folder.join("sim.mcap"));
    let mut sim = Command::new(env!("CARGO_BIN_EXE_copmesh"))
        .args(["sim", "airfield", "--speed", "1", "--json", "--out"])
        .arg(&recording)
        .arg("--truth")
        .arg(&truth)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // It has begun once its recording is there; a buffer's worth of truth takes far longer than this.
    for _ in 0..600 {
        if recording.exists() {
            break;
        }
        sleep(Duration::from_millis(100));
    }
    sleep(Duration::from_millis(2_500));
    assert!(Command::new("kill").args(["-INT", &sim.id().to_string()]).status().unwrap().success());
    assert!(sim.wait().unwrap().success());
    let truth = fs::read_to_string(&truth).unwrap();
    assert!(truth.lines().count() >= 11 && truth.ends_with("}\n"), "{} bytes", truth.len());
    let read = Command::new(env!("CARGO_BIN_EXE_copmesh")).arg("info").arg(&recording).output().unwrap();
    assert!(String::from_utf8_lossy(&read.stdout).contains("whole"), "{read:?}");
    fs::remove_dir_all(&folder).unwrap();
}
