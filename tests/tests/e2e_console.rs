//! The built daemon's console: who is let in from the network, what people say of tracks, pages that read nothing.
//!
//! `COPMESH_STUCK_SECONDS` lets pages hang for longer than the seconds of every test run.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tests::daemon::{Daemon, Target, free_port};

/// How many pages hang.
const STUCK: usize = 16;

/// From this time on buffers are full, and those who hang are left.
const FULL_AFTER_S: u32 = 300;

/// By so much memory may grow, kB: some 6 MB in ten minutes that the demonstration takes by itself, and 8 MB.
const GROWTH_KB: u64 = 14_000;

const TARGETS: [Target; 1] = [Target { callsign: "KILO 1", icao: "48AD01", latitude_deg: 52.05, longitude_deg: 21.02 }];

const OPS: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const GUEST: &str = "ffffffffffffffffffffffffffffffff";

/// What a program is answered that sends this to an address.
fn answer(address: &str, request: &str) -> Option<(String, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text).ok()?;
    let text = String::from_utf8_lossy(&text).into_owned();
    text.split_once("\r\n\r\n").map(|(head, body)| (head.to_owned(), body.to_owned()))
}

fn page(address: &str, path: &str) -> Option<Value> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    serde_json::from_str(&answer(address, &request)?.1).ok()
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("not within a minute: {what}");
}

// --- From the network ---

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("copmesh-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    folder
}

fn secret(path: &Path, content: &str) {
    std::fs::write(path, content).expect("a file");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("ours");
}

fn certificate(folder: &Path) -> bool {
    let (key, certificate) = (folder.join("key.pem"), folder.join("certificate.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=box", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output();
    let is_made = made.is_ok_and(|made| made.status.success());
    is_made && std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).is_ok()
}

/// What is answered over TLS, by a client that believes this certificate alone.
fn secure(folder: &Path, address: &str, request: &str) -> String {
    let mut client = Command::new("openssl")
        .args(["s_client", "-quiet", "-verify_return_error", "-connect", address, "-CAfile"])
        .arg(folder.join("certificate.pem"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl made the certificate");
    client.stdin.take().expect("piped").write_all(request.as_bytes()).expect("it reads");
    let output = client.wait_with_output().expect("it ends with the connection");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn from_the_network_a_token_opens_what_its_clearance_permits_and_nothing_else_does() {
    let Some(binary) = tests::copmesh_binary("e2e_console_lan") else { return };
    let folder = folder("console-lan");
    if !certificate(&folder) {
        tests::skip("e2e_console_lan", "openssl made no certificate");
        return;
    }
    secret(&folder.join("ops.token"), &format!("{OPS}\n"));
    secret(&folder.join("guest.token"), GUEST);
    let address = format!("127.0.0.1:{}", free_port());
    let here = folder.display();
    let lan = format!(
        "[console.lan]\nlisten = \"{address}\"\ncertificate = \"{here}/certificate.pem\"\nkey = \"{here}/key.pem\"\n\
         [[console.lan.viewers]]\nname = \"ops\"\ntoken-file = \"{here}/ops.token\"\nannotate = true\n\
         clearance = {{ level = \"restricted\", communities = [\"POL\"] }}\n\
         [[console.lan.viewers]]\nname = \"guest\"\ntoken-file = \"{here}/guest.token\"\n\
         clearance = {{ level = \"unclassified\", communities = [\"POL\"] }}\n"
    );
    let daemon = Daemon::start(&binary, "console-lan-box", &TARGETS, &lan);
    let picture = daemon.picture_of(1);
    let ask = |what: &str, more: &str| {
        secure(&folder, &address, &format!("{what} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{more}\r\n"))
    };
    let bearer = |token: &str| format!("Authorization: Bearer {token}\r\n");
    for refused in [ask("GET /picture.json", ""), ask("GET /", ""), ask("GET /picture.json", &bearer("wrong"))] {
        assert!(refused.starts_with("HTTP/1.1 401") && refused.contains("console.lan.viewers"), "{refused}");
        assert!(!refused.contains("KILO"), "{refused}");
    }
    assert!(ask("GET /picture.json", &bearer(OPS)).contains("KILO 1"));
    let guest = ask("GET /picture.json", &bearer(GUEST));
    assert!(guest.starts_with("HTTP/1.1 200") && !guest.contains("KILO") && !guest.contains("RESTRICTED"), "{guest}");
    let sent_on = ask(&format!("GET /picture.json?token={OPS}"), "");
    let has = |part: &str| assert!(sent_on.to_ascii_lowercase().contains(part), "{part}: {sent_on}");
    ["303", "location: /picture.json\r\n", "httponly", "samesite=strict", "secure"].into_iter().for_each(has);
    let cookie = format!("Cookie: __Host-copmesh-box={OPS}\r\n");
    assert!(ask("GET /picture.json", &cookie).contains("KILO 1"));
    let foreign = ask("GET /picture.json", &format!("{cookie}Origin: https://evil.example\r\n"));
    assert!(foreign.starts_with("HTTP/1.1 403"), "{foreign}");
    let id = picture["tracks"][0]["id"].as_str().expect("an id");
    let body = format!("{{\"track\":\"{id}\",\"remark\":\"seen\"}}");
    let json = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    let post = |who: &str| {
        let head = format!("POST /annotations HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{json}");
        secure(&folder, &address, &format!("{head}{}\r\n{body}", bearer(who)))
    };
    assert!(post(GUEST).starts_with("HTTP/1.1 403"));
    assert!(post(OPS).starts_with("HTTP/1.1 202"));
    let remark = until("the remark", || {
        let told = page(&daemon.console(), "/picture.json")?;
        told["tracks"][0].get("remark").cloned()
    });
    assert_eq!((&remark["text"], &remark["who"], &remark["by"]), (&"seen".into(), &"ops".into(), &"box".into()));
    let log = daemon.log();
    assert!(!log.contains(OPS) && !log.contains(GUEST) && !log.contains("KILO"), "{log}");
}

#[test]
fn a_renewed_certificate_and_token_are_in_force_once_it_reads_its_file_again() {
    let Some(binary) = tests::copmesh_binary("e2e_console_renewed") else { return };
    let [folder, before] = [folder("console-renewed"), folder("console-renewed-before")];
    if !certificate(&folder) {
        tests::skip("e2e_console_renewed", "openssl made no certificate");
        return;
    }
    secret(&folder.join("ops.token"), OPS);
    let address = format!("127.0.0.1:{}", free_port());
    let here = folder.display();
    let lan = format!(
        "[console.lan]\nlisten = \"{address}\"\ncertificate = \"{here}/certificate.pem\"\nkey = \"{here}/key.pem\"\n\
         [[console.lan.viewers]]\nname = \"ops\"\ntoken-file = \"{here}/ops.token\"\n\
         clearance = {{ level = \"restricted\", communities = [\"POL\"] }}\n"
    );
    let daemon = Daemon::start(&binary, "console-renewed-box", &TARGETS, &lan);
    let track = daemon.picture_of(1)["tracks"][0]["id"].clone();
    let ask = |believed: &Path, token: &str| {
        let head = format!("GET /picture.json HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
        secure(believed, &address, &format!("{head}Authorization: Bearer {token}\r\n\r\n"))
    };
    assert!(ask(&folder, OPS).contains("KILO 1"));
    std::fs::copy(folder.join("certificate.pem"), before.join("certificate.pem")).expect("ours");
    assert!(certificate(&folder), "another one");
    secret(&folder.join("ops.token"), GUEST);
    assert!(ask(&before, OPS).contains("KILO 1"), "files alone change nothing");
    daemon.reload(|text| text);
    until("the file is read", || daemon.log().contains("read again").then_some(()));
    assert_eq!(ask(&before, GUEST), "", "who believes the old certificate alone meets somebody else");
    assert!(ask(&folder, OPS).starts_with("HTTP/1.1 401"), "the old token opens nothing");
    assert!(ask(&folder, GUEST).contains("KILO 1"));
    assert_eq!(daemon.picture_of(1)["tracks"][0]["id"], track);
}

#[test]
fn a_key_that_others_may_read_starts_nothing() {
    let Some(binary) = tests::copmesh_binary("e2e_console_key") else { return };
    let folder = folder("console-key");
    if !certificate(&folder) {
        tests::skip("e2e_console_key", "openssl made no certificate");
        return;
    }
    secret(&folder.join("ops.token"), OPS);
    std::fs::set_permissions(folder.join("key.pem"), std::fs::Permissions::from_mode(0o644)).expect("ours");
    let here = folder.display();
    let text = format!(
        "[node]\nname = \"box\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n[mesh]\nenabled = false\n\
         [console]\nlisten = \"127.0.0.1:0\"\n\
         [console.lan]\nlisten = \"127.0.0.1:0\"\ncertificate = \"{here}/certificate.pem\"\nkey = \"{here}/key.pem\"\n\
         [[console.lan.viewers]]\nname = \"ops\"\ntoken-file = \"{here}/ops.token\"\n\
         clearance = {{ level = \"restricted\", communities = [\"POL\"] }}\n"
    );
    let config = folder.join("box.toml");
    std::fs::write(&config, text).expect("a file");
    let output = Command::new(&binary).args(["run", "--config"]).arg(&config).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("0644") && said.contains("chmod 600"), "{said}");
    let demo = Command::new(&binary).args(["demo", "--duration", "5", "--console", "0.0.0.0:0"]).output();
    let demo = demo.expect("it starts");
    let said = String::from_utf8_lossy(&demo.stderr);
    assert!(demo.status.code() == Some(2) && said.contains("console.lan.listen"), "{said}");
}

// --- What people say ---

struct Demo {
    process: Child,
    base: u16,
    handhelds: String,
}

impl Demo {
    fn start(binary: &Path, more: &[&str]) -> Self {
        let (base, handhelds) = (free_port(), format!("127.0.0.1:{}", free_port()));
        let process = Command::new(binary)
            .args(["demo", "--json", "--seed", "3", "--console", &format!("127.0.0.1:{base}"), "--zenoh", "none"])
            .args(["--tak", &format!("tcp-listen://{handhelds}")])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the built daemon starts");
        Self { process, base, handhelds }
    }

    /// The console of the k-th node: of several, behind the page of all.
    fn console(&self, k: u16) -> String {
        format!("127.0.0.1:{}", self.base + k)
    }

    fn resident_kb(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }

    fn result(mut self) -> Value {
        let mut text = String::new();
        self.process.stdout.take().expect("piped").read_to_string(&mut text).expect("text");
        serde_json::from_str(&text).expect("--json prints one JSON object")
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn what_a_person_says_at_one_node_is_seen_at_the_other_and_by_handhelds() {
    let Some(binary) = tests::copmesh_binary("e2e_annotate") else { return };
    let demo = Demo::start(&binary, &["--nodes", "2", "--duration", "0"]);
    let (first, second) = (demo.console(1), demo.console(2));
    let tracks = |console: &str| page(console, "/picture.json").map(|picture| picture["tracks"].clone());
    let shown_by_both = || {
        let (here, there) = (tracks(&first)?, tracks(&second)?);
        let confirmed = here.as_array()?.iter().filter(|track| track["status"] == "confirmed");
        let mut both =
            confirmed.filter(|track| there.as_array().is_some_and(|t| t.iter().any(|o| o["id"] == track["id"])));
        both.next().and_then(|track| track["id"].as_str()).map(str::to_owned)
    };
    let id = until("a track that both nodes show", shown_by_both);
    let told = Command::new(&binary)
        .args(["annotate", &id, "--affiliation", "suspect", "--remark", "lights out", "--by", "mast 2"])
        .args(["--console", &second])
        .output()
        .expect("it starts");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let seen_at = |console: &str| {
        tracks(console)?.as_array()?.iter().find(|track| track["id"] == *id && track.get("remark").is_some()).cloned()
    };
    for console in [&second, &first] {
        let track = until("what was said", || seen_at(console));
        assert_eq!((&track["affiliation"], &track["remark"]["text"]), (&"suspect".into(), &"lights out".into()));
        assert_eq!((&track["remark"]["who"], &track["declared"]["who"]), (&"mast 2".into(), &"mast 2".into()));
        assert!(track["declared"]["time_ms"].as_i64() > Some(0));
    }
    let handheld = TcpStream::connect(&demo.handhelds).expect("it listens");
    handheld.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    let mut heard = BufReader::new(handheld);
    let mut text = Vec::new();
    for _ in 0..10_000 {
        if String::from_utf8_lossy(&text).contains("mast 2: lights out") {
            return;
        }
        let more = heard.fill_buf().expect("events come").to_vec();
        heard.consume(more.len());
        text.extend_from_slice(&more);
    }
    panic!("no handheld was told");
}

#[test]
fn what_cannot_be_said_is_answered_with_what_can() {
    let Some(binary) = tests::copmesh_binary("e2e_annotate_refused") else { return };
    let daemon = Daemon::start(&binary, "annotate", &TARGETS, "");
    let id = daemon.picture_of(1)["tracks"][0]["id"].as_str().expect("an id").to_owned();
    let long = "x".repeat(121);
    let cases: [(&[&str], &str); 4] = [
        (&["annotate", "NOBODY", "--remark", "x"], "/picture.json"),
        (&["annotate", &id, "--remark", &long], "120"),
        (&["annotate", &id, "--remark", "two\nlines"], "one line"),
        (&["annotate", &id, "--affiliation", "enemy"], "hostile"),
    ];
    for (arguments, remedy) in cases {
        let told = Command::new(&binary).args(arguments).args(["--console", &daemon.console()]).output();
        let told = told.expect("it starts");
        let said = String::from_utf8_lossy(&told.stderr);
        assert!(told.status.code() == Some(2) && said.contains(remedy), "{arguments:?}: {said}");
    }
}

// --- Pages that read nothing ---

fn socket(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("sent");
    stream
}

/// Octets that come in a second of reading.
fn read(stream: &mut TcpStream) -> usize {
    stream.set_read_timeout(Some(Duration::from_secs(1))).expect("a timeout");
    let mut buffer = vec![0; 1 << 20];
    stream.read(&mut buffer).unwrap_or(0)
}

/// Connects anew where a page was left, and reads nothing: a masked ping tells whether it was.
fn hang(stuck: &mut [TcpStream], address: &str) {
    for stream in stuck {
        if stream.write_all(&[0x89, 0x80, 0, 0, 0, 0]).is_err() {
            *stream = socket(address);
        }
    }
}

#[test]
fn pages_that_read_nothing_do_not_hold_up_the_picture() {
    let Some(binary) = tests::copmesh_binary("e2e_console_stuck") else { return };
    let told = std::env::var("COPMESH_STUCK_SECONDS").ok();
    let seconds: u32 = told.map_or(20, |told| told.parse().expect("COPMESH_STUCK_SECONDS is a number of seconds"));
    let demo = Demo::start(&binary, &["--duration", &seconds.to_string()]);
    let console = demo.console(0);
    let _ = until("the console", || page(&console, "/status.json"));
    let mut stuck: Vec<TcpStream> = (0..STUCK).map(|_| socket(&console)).collect();
    let mut reader = socket(&console);
    let (mut octets, mut silent_s, mut before_kb) = (0, 0, 0);
    for second in 0..seconds.saturating_sub(9) {
        let more = read(&mut reader);
        (octets, silent_s) = (octets + more, if more > 0 { 0 } else { silent_s + 1 });
        hang(&mut stuck, &console);
        before_kb = if second == 5 { demo.resident_kb() } else { before_kb };
        std::thread::sleep(Duration::from_millis(900));
    }
    let status = until("the status", || page(&console, "/status.json"));
    let (of, after_kb) = (&status["console"], demo.resident_kb());
    println!("{STUCK} stuck for {seconds} s: {of}, {octets} octets read by another, {before_kb} kB then {after_kb} kB");
    assert!(of["viewers"].as_u64() > Some(1), "those who hang are there: {of}");
    assert!(octets > 0 && silent_s < 10, "the one who reads is told to the end");
    assert!(after_kb < before_kb + GROWTH_KB, "{before_kb} kB, then {after_kb} kB");
    assert!(seconds < FULL_AFTER_S || of["viewers_stuck"].as_u64() > Some(0), "nobody was left: {of}");
    let result = demo.result();
    println!(
        "receipt to picture p50 {} µs, p99 {} µs, longest {} µs",
        result["latency"]["p50_us"], result["latency"]["p99_us"], result["latency"]["max_us"],
    );
    let tracks = result.pointer("/score/frames/tracks_per_frame").and_then(Value::as_f64);
    assert!(tracks > Some(5.0), "{tracks:?} tracks are shown");
}
