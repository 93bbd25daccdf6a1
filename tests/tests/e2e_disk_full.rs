//! The built daemon on a disk that fills up under it: what it goes on doing, what it says, and what it does once there
//! is room again. The disk is a real file system of 8 MiB; needs root.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use edge_node::clock::Clock;
use serde_json::Value;
use tests::daemon::{Daemon, Target};

static TARGETS: [Target; 2] = [
    Target { callsign: "KILO 1", icao: "480001", latitude_deg: 52.1, longitude_deg: 21.2 },
    Target { callsign: "KILO 2", icao: "480002", latitude_deg: 52.1, longitude_deg: 21.4 },
];

/// A small disk of its own; goes with the value.
struct Disk(PathBuf);

impl Disk {
    fn new(name: &str) -> Result<Self, String> {
        let folder = std::env::temp_dir().join(format!("copmesh-{name}-disk-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
        let mut mount = Command::new("mount");
        let made = mount.args(["-t", "tmpfs", "-o", "size=8m", "copmesh-test"]).arg(&folder).output();
        match made {
            Ok(made) if made.status.success() => Ok(Self(folder)),
            Ok(made) => Err(String::from_utf8_lossy(&made.stderr).trim().to_owned()),
            Err(e) => Err(e.to_string()),
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Leaves no octet.
    fn fill(&self) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.at("filler")).expect("a file");
        for octets in [65_536, 4_096, 1] {
            while let Ok(()) = file.write_all(&vec![0; octets]) {}
        }
        let refused = File::create(self.at("more")).and_then(|mut more| more.write_all(&[0; 4_096]));
        assert_eq!(refused.expect_err("no room").kind(), ErrorKind::StorageFull);
    }

    fn clear(&self) {
        for name in ["filler", "more"] {
            std::fs::remove_file(self.at(name)).expect("it was filled");
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Whoever was killed may hold it for a moment yet; then it goes with the last of them.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
        let _ = std::fs::remove_dir(&self.0);
    }
}

fn json(daemon: &Daemon, path: &str) -> Value {
    let (_, body) = daemon.page(path).expect("it runs");
    serde_json::from_str(&body).expect("JSON")
}

/// Waits for half a minute until its state is so.
fn until(daemon: &Daemon, promise: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..150 {
        let status = json(daemon, "/status.json");
        if is_so(&status) {
            return status;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    panic!("{promise}: not after half a minute: {}\n{}", json(daemon, "/status.json"), daemon.log());
}

/// How old the older of both tracks is, seconds.
fn age_s(daemon: &Daemon) -> f64 {
    let picture = daemon.picture_of(TARGETS.len());
    let times = picture["tracks"].as_array().expect("a list").iter().filter_map(|track| track["time_ms"].as_i64());
    let age_ms = Clock::start().now().validity.as_millis() - times.min().expect("two");
    Duration::from_millis(u64::try_from(age_ms).unwrap_or(0)).as_secs_f64()
}

fn recorded(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).expect("the disk").flatten();
    let recordings = files.filter(|file| file.path().extension().is_some_and(|name| name == "mcap"));
    recordings.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
}

#[test]
fn a_full_disk_stops_the_recording_and_not_the_picture() {
    const NAME: &str = "e2e_disk_full";
    let Some(binary) = tests::copmesh_binary(NAME) else { return };
    let disk = match Disk::new(NAME) {
        Ok(disk) => disk,
        Err(reason) => return tests::skip(NAME, &format!("no file system of its own ({reason}); it needs root")),
    };
    let state = format!("state-directory = {:?}\n", disk.at("state"));
    let more = format!(
        "[recorder]\nfile = {:?}\ndisk-reserve-mib = 0\n[journal]\nsegment-mib = 1\ntotal-mib = 2\n",
        disk.at("box.mcap")
    );
    let daemon = Daemon::start_with_state(&binary, NAME, &TARGETS, &state, &more);
    let _ = daemon.picture_of(TARGETS.len());
    let told = until(&daemon, "nothing is wrong at first", |status| status["recorder_trouble"].is_null());
    assert!(told["journal_trouble"].is_null(), "{told}");

    disk.fill();
    let told = until(&daemon, "it says that nothing is recorded", |status| status["recorder_trouble"].is_string());
    let trouble = told["recorder_trouble"].as_str().expect("text");
    assert!(trouble.contains("No space left"), "{trouble}");
    let full = recorded(&disk.0);
    let oldest = (0..50).map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        age_s(&daemon)
    });
    let oldest = oldest.fold(0.0, f64::max);
    assert!(oldest < 3.0, "the picture was {oldest} s old on a full disk: {}", daemon.log());
    assert_eq!(recorded(&disk.0), full, "there was no room");
    assert_eq!(json(&daemon, "/health")["status"], "degraded");

    disk.clear();
    until(&daemon, "it records again", |status| status["recorder_trouble"].is_null());
    for _ in 0..100 {
        if recorded(&disk.0) > full {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    println!("{NAME}: {oldest:.2} s old at most while full; {full} octets then, {} after", recorded(&disk.0));
    assert!(recorded(&disk.0) > full, "nothing more was recorded: {}", daemon.log());
    let skipped = json(&daemon, "/status.json")["counters"]["recorder_skipped"].as_u64();
    assert!(skipped.is_some_and(|skipped| skipped > 0), "what was not kept is counted: {skipped:?}");
}

#[test]
fn a_box_starts_on_a_full_disk_and_keeps_its_state_once_there_is_room() {
    const NAME: &str = "e2e_disk_full_start";
    let Some(binary) = tests::copmesh_binary(NAME) else { return };
    let disk = match Disk::new(NAME) {
        Ok(disk) => disk,
        Err(reason) => return tests::skip(NAME, &format!("no file system of its own ({reason}); it needs root")),
    };
    std::fs::create_dir(disk.at("state")).expect("a folder");
    disk.fill();
    let state = format!("state-directory = {:?}\n", disk.at("state"));
    let daemon = Daemon::start_with_state(&binary, NAME, &TARGETS, &state, "[journal]\nsegment-mib = 1\n");
    let _ = daemon.picture_of(TARGETS.len());
    let told = until(&daemon, "it says that nothing is kept", |status| status["journal_trouble"].is_string());
    let trouble = told["journal_trouble"].as_str().expect("text");
    assert!(trouble.contains("No space left"), "{trouble}");
    assert!(age_s(&daemon) < 3.0);
    disk.clear();
    until(&daemon, "it keeps its state", |status| status["journal_trouble"].is_null());
    let kept = std::fs::read_dir(disk.at("state")).expect("a folder").flatten();
    let segments = kept.filter(|file| file.path().extension().is_some_and(|name| name == "journal"));
    assert!(segments.filter_map(|file| file.metadata().ok()).any(|file| file.len() > 0));
}
