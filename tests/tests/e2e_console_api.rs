//! The built daemon and consoles of other people's making, over zenoh: docs/CONSOLE-API.md is true.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use serde_json::Value;
use tests::daemon::{Daemon, Target, free_port};

/// What a daemon may grow by while somebody reads nothing: what waits for two of them, what it learns itself, and what
/// a young one touches for the first time.
const GROWTH_KB: u64 = 14_000;

/// A console: a Python program that says a line of JSON, or of text, at a time.
struct Console {
    process: Child,
    lines: Receiver<String>,
}

impl Console {
    fn start(python: &Path, script: &str, arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(script);
        let mut process = Command::new(python)
            .arg(script)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a Python interpreter");
        let (sender, lines) = sync_channel(65_536);
        let said = BufReader::new(process.stdout.take().expect("piped"));
        std::thread::spawn(move || said.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok()));
        Self { process, lines }
    }

    fn joiner(python: &Path, endpoint: &str) -> Self {
        Self::start(python, "docs/examples/late_joiner.py", &["--connect", endpoint])
    }

    /// The next thing that it says.
    fn next(&self, seconds: u64) -> Option<Value> {
        let line = self.lines.recv_timeout(Duration::from_secs(seconds)).ok()?;
        Some(serde_json::from_str(&line).unwrap_or(Value::String(line)))
    }

    /// Waits until it says this.
    fn until(&self, what: &str, seconds: u64) -> Value {
        std::iter::from_fn(|| self.next(seconds))
            .find(|said| said["what"] == what)
            .unwrap_or_else(|| panic!("no {what}"))
    }

    /// All that it has said by now.
    fn so_far(&self) -> Vec<Value> {
        self.lines.try_iter().map(|line| serde_json::from_str(&line).expect("JSON")).collect()
    }

    /// All that it says until it is silent for so long.
    fn all(&self, silence: Duration) -> Vec<Value> {
        let lines = std::iter::from_fn(|| self.lines.recv_timeout(silence).ok());
        lines.map(|line| serde_json::from_str(&line).expect("JSON")).collect()
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.process.id().to_string()]).status();
        assert!(sent.expect("kill is everywhere").success());
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// So many targets, ten kilometres apart.
fn targets(count: u32) -> &'static [Target] {
    let target = |k: u32| Target {
        callsign: Box::leak(format!("KILO {k}").into_boxed_str()),
        icao: Box::leak(format!("48{k:04X}").into_boxed_str()),
        latitude_deg: 51.5 + 0.1 * f64::from(k / 10),
        longitude_deg: 20.5 + 0.15 * f64::from(k % 10),
    };
    Box::leak((0..count).map(target).collect::<Vec<_>>().into_boxed_slice())
}

fn mesh(endpoint: &str, clearance: &str) -> String {
    format!("[mesh]\nlisten = [\"{endpoint}\"]\n{clearance}")
}

fn endpoint() -> String {
    format!("tcp/127.0.0.1:{}", free_port())
}

fn json(daemon: &Daemon, path: &str) -> Value {
    let (head, body) = daemon.page(path).expect("it runs");
    assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head} {body}");
    serde_json::from_str(&body).expect("JSON")
}

fn ids(picture: &Value) -> BTreeSet<String> {
    let tracks = picture["tracks"].as_array().expect("a list");
    tracks.iter().map(|track| track["id"].as_str().expect("text").to_owned()).collect()
}

/// The digest under each number that a console has held.
fn held(said: &[Value]) -> BTreeMap<u64, String> {
    let pictures = said.iter().filter(|each| each["digest"].is_string());
    pictures.map(|each| (each["sequence"].as_u64().expect("a number"), each["digest"].to_string())).collect()
}

#[test]
fn who_comes_late_holds_what_who_came_first_holds_and_both_see_the_end() {
    const NAME: &str = "e2e_console_api";
    let (Some(binary), Some(python)) = (tests::copmesh_binary(NAME), tests::oracle_python(NAME)) else { return };
    let endpoint = endpoint();
    let daemon = Daemon::start(&binary, NAME, targets(20), &mesh(&endpoint, ""));
    let first = Console::joiner(&python, &endpoint);
    first.until("alive", 30);
    let _ = daemon.picture_of(20);
    let late = Console::joiner(&python, &endpoint);
    let snapshot = late.until("snapshot", 30);
    assert_eq!(snapshot["tracks"], 20, "{snapshot}");
    std::thread::sleep(Duration::from_secs(5));
    let picture = json(&daemon, "/picture.json");
    assert_eq!(picture["tracks"].as_array().map(Vec::len), Some(20));
    drop(daemon);
    let gone = |console: &Console| {
        let said = console.all(Duration::from_secs(5));
        assert!(said.iter().any(|each| each["what"] == "gone"), "{:?}", said.last());
        assert!(!said.iter().any(|each| each["what"] == "gap"), "a message was lost");
        held(&said)
    };
    let (first, late) = (gone(&first), gone(&late));
    let common: Vec<u64> = late.keys().copied().filter(|sequence| first.contains_key(sequence)).collect();
    println!("{NAME}: {} pictures held by the first, {} by the late one", first.len(), late.len());
    assert!(common.len() > 8 && common.len() == late.len(), "{} of {}", common.len(), late.len());
    assert!(common.iter().all(|sequence| first[sequence] == late[sequence]), "two pictures under one number");
    let whole = common.windows(2).all(|pair| pair[1] == pair[0] + 1);
    assert!(whole, "a number was left out: {common:?}");
}

#[test]
fn where_tracks_were_is_told_over_zenoh_and_http_alike() {
    const NAME: &str = "e2e_console_history";
    let (Some(binary), Some(python)) = (tests::copmesh_binary(NAME), tests::oracle_python(NAME)) else { return };
    let endpoint = endpoint();
    let daemon = Daemon::start(&binary, NAME, targets(3), &mesh(&endpoint, ""));
    let now = daemon.picture_of(3);
    std::thread::sleep(Duration::from_secs(4));
    let span = json(&daemon, "/history/span");
    let (from, to) = (span["from"].as_i64().expect("ms"), span["to"].as_i64().expect("ms"));
    assert!(to - from >= 1_000, "{span}");
    let then = json(&daemon, &format!("/history/picture?at={to}"));
    assert_eq!((then["type"].as_str(), then["time_ms"].as_i64()), (Some("snapshot"), Some(to)));
    assert_eq!(ids(&then), ids(&now));
    let id = ids(&now).into_iter().next().expect("three");
    let way = json(&daemon, &format!("/history/track/{id}?from={from}&to={to}"));
    let points = way["points"].as_array().expect("a list");
    assert!(
        !points.is_empty() && way["identities"][0]["callsign"].as_str().is_some_and(|name| name.starts_with("KILO"))
    );
    assert!(points.iter().all(|point| point["time_ms"].as_i64() <= Some(to)), "{way}");
    for wrong in ["/history/track/nobody", "/history/track/0000000000000000-1-0000000000000000"] {
        assert!(daemon.page(wrong).is_some_and(|(head, _)| head.starts_with("HTTP/1.1 404")), "{wrong}");
    }
    assert!(daemon.page("/history/picture").is_some_and(|(head, _)| head.starts_with("HTTP/1.1 400")));
    let console = Console::start(&python, "docs/examples/track_history.py", &["--connect", &endpoint]);
    let told = console.all(Duration::from_secs(15));
    assert_eq!(
        told.iter().map(|way| way["id"].as_str().unwrap_or_default().to_owned()).collect::<BTreeSet<_>>(),
        ids(&now)
    );
    for way in &told {
        let points = way["points"].as_array().unwrap_or_else(|| panic!("{way}"));
        let north = points.last().and_then(|point| point["lat_deg"].as_f64()).expect("a place");
        assert!((51.5..51.7).contains(&north) && way["callsigns"][0].as_str().is_some(), "{way}");
    }
}

#[test]
fn a_console_sees_what_it_is_cleared_for() {
    const NAME: &str = "e2e_console_clearance";
    let (Some(binary), Some(python)) = (tests::copmesh_binary(NAME), tests::oracle_python(NAME)) else { return };
    for (community, seen) in [("POL", 2), ("GBR", 0)] {
        let endpoint = endpoint();
        let clearance = format!("console-clearance = {{ level = \"restricted\", communities = [\"{community}\"] }}\n");
        let daemon = Daemon::start(&binary, NAME, targets(2), &mesh(&endpoint, &clearance));
        let now = daemon.picture_of(2);
        let joiner = Console::joiner(&python, &endpoint);
        assert_eq!(joiner.until("snapshot", 30)["tracks"], seen, "{community}");
        std::thread::sleep(Duration::from_secs(2));
        let changes = joiner.so_far();
        assert_eq!(changes.iter().any(|said| said["what"] == "change"), seen > 0, "{community}: {changes:?}");
        let id = ids(&now).into_iter().next().expect("two");
        let console = Console::start(&python, "docs/examples/track_history.py", &["--connect", &endpoint, "--id", &id]);
        let told = console.next(30).expect("an answer");
        assert_eq!(told["points"].is_array(), seen > 0, "{community}: {told}");
    }
}

#[test]
fn the_console_in_rust_follows_the_picture() {
    const NAME: &str = "e2e_console_rust";
    let Some(binary) = tests::copmesh_binary(NAME) else { return };
    let example: PathBuf = binary.with_file_name("examples").join("console");
    if !example.is_file() {
        tests::skip(NAME, "no built example; `cargo build -p edge-node --example console` makes it");
        return;
    }
    let endpoint = endpoint();
    let daemon = Daemon::start(&binary, NAME, targets(4), &mesh(&endpoint, ""));
    let _ = daemon.picture_of(4);
    let output = Command::new(example).args([&endpoint, "5"]).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.lines().count() == 5, "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.lines().all(|line| line.ends_with(" 4 tracks")), "{said}");
}

/// What the node says of itself: the figures of `/metrics` that begin so, and its counters.
fn figure(daemon: &Daemon, name: &str) -> f64 {
    let (_, body) = daemon.page("/metrics").expect("it runs");
    let line = body.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim().parse().ok()).unwrap_or_else(|| panic!("no {name} in {body}"))
}

#[test]
fn consoles_that_read_nothing_do_not_hold_up_the_picture() {
    const NAME: &str = "e2e_console_stuck";
    let (Some(binary), Some(python)) = (tests::copmesh_binary(NAME), tests::oracle_python(NAME)) else { return };
    let told = std::env::var("COPMESH_STUCK_SECONDS").ok();
    let seconds: u64 = told.map_or(20, |told| told.parse().expect("COPMESH_STUCK_SECONDS is a number of seconds"));
    let endpoint = endpoint();
    let daemon = Daemon::start(&binary, NAME, targets(100), &mesh(&endpoint, ""));
    let stopped = Console::joiner(&python, &endpoint);
    let reader = Console::joiner(&python, &endpoint);
    let full = Console::start(&python, "tests/oracle/stuck_console.py", &[&endpoint]);
    assert_eq!(full.next(30), Some("subscribed".into()));
    stopped.until("snapshot", 30);
    let _ = daemon.picture_of(100);
    let _ = reader.so_far();
    let latency = |daemon: &Daemon| {
        [0.5, 0.99].map(|q| figure(daemon, &format!("copmesh_fusion_latency_seconds{{quantile=\"{q}\"}}")))
    };
    let (before, before_kb) = (latency(&daemon), daemon.resident_kb());
    stopped.signal("-STOP");
    std::thread::sleep(Duration::from_secs(seconds));
    let (after, after_kb) = (latency(&daemon), daemon.resident_kb());
    let stuck = figure(&daemon, "copmesh_count{name=\"console_stuck\"}");
    let read = reader.so_far();
    let changes = read.iter().filter(|said| said["what"] == "change").count();
    println!(
        "{NAME}: two stuck for {seconds} s, found full {stuck} times; {changes} changes read by another; \
         {before_kb} kB then {after_kb} kB; receipt to picture p50, p99 {before:?} s then {after:?} s"
    );
    assert!(stuck > 0.0, "nobody was found stuck");
    assert!(after_kb < before_kb + GROWTH_KB, "{before_kb} kB, then {after_kb} kB");
    assert!(changes as u64 > seconds, "the one who reads is told all the while: {changes}");
    stopped.signal("-CONT");
    let again = stopped.until("snapshot", 60);
    assert_eq!(again["tracks"], 100, "who wakes up asks anew");
}
