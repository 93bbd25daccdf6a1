//! The daemon as a user meets it: the demo runs, shows its page, publishes on zenoh, and its own table says that the
//! picture agrees with the truth.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

const SECONDS: u32 = 25;

/// A port that is free now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("loopback").local_addr().expect("bound").port()
}

struct Demo {
    process: Child,
    console: String,
    zenoh: String,
}

impl Demo {
    fn start(binary: &Path, seconds: u32) -> Self {
        let (console, zenoh) = (format!("127.0.0.1:{}", free_port()), format!("tcp/127.0.0.1:{}", free_port()));
        let process = Command::new(binary)
            .args(["demo", "--json", "--seed", "3", "--duration", &seconds.to_string()])
            .args(["--console", &console, "--zenoh", &zenoh])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the built daemon starts");
        let mut demo = Self { process, console, zenoh };
        // Its first line says that the page is there.
        let mut line = String::new();
        let stderr = demo.process.stderr.as_mut().expect("piped");
        BufReader::new(stderr).read_line(&mut line).expect("text");
        assert!(line.contains(&demo.console), "{line}");
        demo
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.console).expect("the console listens");
        stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.console).expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("answered");
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn result(self) -> Value {
        let output = self.process.wait_with_output().expect("it ends by itself");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("--json prints one JSON object")
    }
}

#[test]
fn the_demo_agrees_with_its_truth_and_shows_its_page() {
    let Some(binary) = tests::copmesh_binary("e2e_demo") else { return };
    let demo = Demo::start(&binary, SECONDS);
    let page = demo.get("/");
    assert!(page.contains("200 OK") || page.contains("built without the console page"), "{page}");
    assert!(demo.get("/no-such-file").contains("404"));
    let result = demo.result();

    let number = |path: &str| result.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("no {path}"));
    println!(
        "demo: GOSPA mean {:.1} m, missed {:.2}, false {:.2}, receipt to picture p99 {} µs",
        number("/score/gospa/mean_m"),
        number("/score/gospa/missed_per_frame"),
        number("/score/gospa/false_per_frame"),
        number("/latency/p99_us"),
    );
    assert!(number("/score/frames/count") >= f64::from(SECONDS) - 1.0);
    assert!(number("/score/frames/tracks_per_frame") > 5.0, "tracks are shown");
    assert!(number("/score/siap/completeness") > 0.5, "most truths have a track after {SECONDS} s from a cold start");
    let sensors = result["sensors"].as_array().expect("a list");
    for sensor in sensors {
        assert!(sensor["scans"].as_u64() > Some(0), "every sensor delivers: {sensor}");
        assert_eq!(sensor["errors"].as_u64(), Some(0), "our own bytes decode: {sensor}");
    }
}

#[test]
fn a_python_console_sees_the_tracks_of_the_running_demo() {
    const NAME: &str = "e2e_python_console";
    let Some(binary) = tests::copmesh_binary(NAME) else { return };
    let Some(python) = tests::oracle_python(NAME) else { return };
    let demo = Demo::start(&binary, 18);
    std::thread::sleep(Duration::from_secs(10));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/picture_table.py");
    let output = Command::new(python).arg(script).args(["--once", "--json", "--connect", &demo.zenoh]).output();
    let output = output.expect("the example starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tracks: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let tracks = tracks.as_array().expect("a list");
    assert!(tracks.len() > 3, "{tracks:?}");
    assert!(tracks.iter().all(|t| t["label"] == "UNCLASSIFIED" && t["lat_deg"].as_f64().is_some()));
    demo.result();
}

#[test]
fn ctrl_c_ends_the_demo_with_its_table() {
    let Some(binary) = tests::copmesh_binary("e2e_ctrl_c") else { return };
    let demo = Demo::start(&binary, 0);
    std::thread::sleep(Duration::from_secs(3));
    let interrupted = Command::new("kill").args(["-INT", &demo.process.id().to_string()]).status();
    assert!(interrupted.expect("kill is everywhere").success());
    assert!(demo.result()["duration_s"].as_f64() >= Some(1.0));
}
