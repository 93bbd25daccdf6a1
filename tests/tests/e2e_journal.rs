//! The built daemon, killed in the middle of its work again and again: what was durable is there, no life has the
//! number of an earlier one, no track that of another life's.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tests::copmesh_binary;
use tests::daemon::{Daemon, Target, free_port};

const LIVES: u64 = 20;
const TARGETS: [Target; 2] = [
    Target { callsign: "ONE", icao: "48ad01", latitude_deg: 52.05, longitude_deg: 21.0 },
    Target { callsign: "TWO", icao: "48ad02", latitude_deg: 52.0, longitude_deg: 21.1 },
];

fn journal(binary: &Path, folder: &Path) -> Value {
    let told = Command::new(binary).args(["journal", "--json"]).arg(folder).output().expect("the built daemon starts");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    serde_json::from_slice(&told.stdout).expect("one JSON object")
}

/// The records of each life.
fn lives(journal: &Value) -> BTreeMap<u64, u64> {
    let segments = journal["segments"].as_array().expect("a list");
    let mut lives = BTreeMap::new();
    for segment in segments {
        let life = segment["incarnation"].as_u64().expect("a number");
        let count = |key: &str| segment[key].as_u64().expect("a number");
        *lives.entry(life).or_default() += count("entries") + count("wholes");
    }
    lives
}

/// The tracks of this life that are confirmed: number and callsign. Waits for half a minute.
fn own_tracks(daemon: &Daemon) -> Vec<(String, String)> {
    for _ in 0..300 {
        let picture = daemon.page("/picture.json").and_then(|(_, body)| serde_json::from_str::<Value>(&body).ok());
        let tracks = picture.as_ref().and_then(|picture| picture["tracks"].as_array());
        let is_fresh = |track: &&Value| track["status"] == "confirmed" && track["stale"] != true;
        let text = |track: &Value, key: &str| track[key].as_str().unwrap_or_default().to_owned();
        let fresh = tracks.into_iter().flatten().filter(is_fresh);
        let own: Vec<_> = fresh.map(|track| (text(track, "id"), text(track, "callsign"))).collect();
        if own.len() == TARGETS.len() {
            return own;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("no tracks after half a minute:\n{}", daemon.log());
}

#[test]
fn a_daemon_that_is_killed_twenty_times_forgets_nothing_durable_and_reuses_no_number() {
    let Some(binary) = copmesh_binary("e2e_journal") else { return };
    let folder = std::env::temp_dir().join(format!("copmesh-killed-state-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let node = format!("state-directory = {folder:?}");
    // A neighbour that never answers: rows are written for it, and kept.
    let more = format!(
        "[journal]\nkeep-every-s = 1.0\nsegment-mib = 1\ntotal-mib = 64\n\
         [[mesh.neighbours]]\nname = \"far\"\nclearance = {{ level = \"secret\", communities = [\"POL\"] }}\n\
         ways = [{{ bearer = \"wifi\", endpoint = \"tcp/127.0.0.1:{}\" }}]\n",
        free_port()
    );
    let (mut named, mut last) = (BTreeMap::new(), 0);
    for life in 0..LIVES {
        let daemon = Daemon::start_with_state(&binary, "killed", &TARGETS, &node, &more);
        for (id, callsign) in own_tracks(&daemon) {
            let first = named.entry(id.clone()).or_insert_with(|| callsign.clone());
            assert_eq!(*first, callsign, "life {life}: {id} was another's");
        }
        std::thread::sleep(Duration::from_millis(1200 + 37 * life));
        let status = daemon.page("/status.json").and_then(|(_, body)| serde_json::from_str::<Value>(&body).ok());
        let kept = status.expect("it answers")["counters"]["journal_kept"].as_u64().expect("a number");
        drop(daemon);
        let told = journal(&binary, &folder);
        let (incarnation, entries) = lives(&told).pop_last().expect("a life");
        assert!(incarnation > last, "life {life}: {incarnation} after {last}");
        assert!(entries >= kept && kept > 1, "life {life}: {kept} entries were durable, {entries} are there");
        assert!(told["restart"]["rows"].as_u64() > Some(0), "{told}");
        last = incarnation;
    }
    let left = lives(&journal(&binary, &folder)).len();
    println!("{LIVES} lives, {left} of them in the journal, {} track numbers", named.len());
    assert_eq!(u64::try_from(left), Ok(LIVES));
    std::fs::remove_dir_all(&folder).expect("removed");
}
