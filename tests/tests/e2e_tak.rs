//! Handhelds that read nothing, at the built daemon: the picture goes on as without them, and memory stays where it is.
//!
//! `COPMESH_STUCK_SECONDS` lets them hang for longer than the seconds of every test run.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// How many hang.
const STUCK: usize = 16;

/// From this time on buffers are full, and those who hang are left.
const FULL_AFTER_S: u32 = 300;

/// By so much memory may grow, kB: some 6 MB in ten minutes that the demonstration takes by itself, and 8 MB.
const GROWTH_KB: u64 = 14_000;

fn free_address() -> String {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    free.expect("loopback").to_string()
}

struct Demo {
    process: Child,
    console: String,
    handhelds: String,
}

impl Demo {
    fn start(binary: &Path, seconds: u32) -> Self {
        let (console, handhelds) = (free_address(), free_address());
        let mut process = Command::new(binary)
            .args(["demo", "--json", "--seed", "3", "--duration", &seconds.to_string()])
            .args(["--console", &console, "--zenoh", "none", "--tak", &format!("tcp-listen://{handhelds}")])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the built daemon starts");
        // Its first line says that the page is there; the rest is not read.
        let mut line = String::new();
        BufReader::new(process.stderr.as_mut().expect("piped")).read_line(&mut line).expect("text");
        assert!(line.contains(&console), "{line}");
        Self { process, console, handhelds }
    }

    /// How its way out to TAK is doing.
    fn tak(&self) -> Value {
        let mut stream = TcpStream::connect(&self.console).expect("the console listens");
        let request = format!("GET /status.json HTTP/1.0\r\nHost: {}\r\n\r\n", self.console);
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        let body = answer.split_once("\r\n\r\n").expect("a head").1;
        serde_json::from_str::<Value>(body).expect("JSON")["tak"][0].take()
    }

    fn resident_kb(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }

    fn result(self) -> Value {
        let output = self.process.wait_with_output().expect("it ends by itself");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("--json prints one JSON object")
    }
}

/// Octets that come in a second of reading.
fn read(stream: &mut TcpStream) -> usize {
    stream.set_read_timeout(Some(Duration::from_secs(1))).expect("a timeout");
    let mut buffer = vec![0; 1 << 20];
    stream.read(&mut buffer).unwrap_or(0)
}

/// Connects anew where a client was left, and reads nothing.
fn hang(stuck: &mut [TcpStream], address: &str) {
    for stream in stuck {
        if stream.write_all(b" ").is_err() {
            *stream = TcpStream::connect(address).expect("it listens");
        }
    }
}

#[test]
fn handhelds_that_read_nothing_do_not_hold_up_the_picture() {
    let Some(binary) = tests::copmesh_binary("e2e_tak") else { return };
    let told = std::env::var("COPMESH_STUCK_SECONDS").ok();
    let seconds: u32 = told.map_or(20, |told| told.parse().expect("COPMESH_STUCK_SECONDS is a number of seconds"));
    let demo = Demo::start(&binary, seconds);
    let connect = |_| TcpStream::connect(&demo.handhelds).expect("it listens");
    let mut stuck: Vec<TcpStream> = (0..STUCK).map(connect).collect();
    let mut reader = connect(0);
    let (mut octets, mut silent_s, mut before_kb) = (0, 0, 0);
    for second in 0..seconds - 6 {
        let more = read(&mut reader);
        (octets, silent_s) = (octets + more, if more > 0 { 0 } else { silent_s + 1 });
        hang(&mut stuck, &demo.handhelds);
        before_kb = if second == 5 { demo.resident_kb() } else { before_kb };
        std::thread::sleep(Duration::from_millis(900));
    }
    let (tak, after_kb) = (demo.tak(), demo.resident_kb());
    let result = demo.result();
    println!(
        "{STUCK} stuck for {seconds} s: left {}, {octets} octets read by another, {before_kb} kB then {after_kb} kB; \
         receipt to picture p50 {} µs, p99 {} µs, longest {} µs",
        tak["counters"]["stuck"], result["latency"]["p50_us"], result["latency"]["p99_us"], result["latency"]["max_us"],
    );
    assert!(tak["receivers"].as_u64() > Some(1), "those who hang are there: {tak}");
    assert!(octets > 0 && silent_s < 10, "the one who reads is told to the end");
    assert!(after_kb < before_kb + GROWTH_KB, "{before_kb} kB, then {after_kb} kB");
    assert!(seconds < FULL_AFTER_S || tak["counters"]["stuck"].as_u64() > Some(0), "nobody was left: {tak}");
    let tracks = result.pointer("/score/frames/tracks_per_frame").and_then(Value::as_f64);
    assert!(tracks > Some(5.0), "{tracks:?} tracks are shown");
}
