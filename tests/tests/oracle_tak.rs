//! The picture as other people's TAK software receives it: a server with and without certificates, handhelds that
//! connect to the node, datagrams to a group and to one receiver; in XML and in protobuf.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use edge_node::clock::Clock;
use fusion_core::maths::cos;
use serde_json::{Value, json};
use tests::{copmesh_binary, oracle_python, skip};

const NAME: &str = "oracle_tak::everybody_sees_the_picture_where_it_is";

/// What the sensor sees: callsigns and places.
const TARGETS: [(&str, f64, f64); 3] = [("KILO 1", 52.05, 21.02), ("LIMA 2", 52.02, 20.95), ("<MIKE&3>", 51.97, 21.05)];

/// Half a metre of rounding, and the sensor's noise.
const TOLERANCE_M: f64 = 25.0;

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("loopback").local_addr().expect("bound").port()
}

/// Ends the daemon when the test ends.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn script(python: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(python);
    command.arg(format!("{}/oracle/tak_oracle.py", env!("CARGO_MANIFEST_DIR"))).args(arguments);
    command
}

fn config(folder: &Path, console: u16, sensor: u16, ports: &Value) -> String {
    let papers = |authority: &str, name: &str| {
        let folder = folder.display();
        format!(
            "authority = \"{folder}/{authority}/ssl/ca.crt\"\n\
             certificate = \"{folder}/{name}.crt\"\nkey = \"{folder}/{name}.key\"\n"
        )
    };
    let by_name = |authority: &str, name: &str| papers(authority, name) + "server-name = \"localhost\"\n";
    let mut text = format!(
        "[node]\nname = \"box\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n\
         [console]\nlisten = \"127.0.0.1:{console}\"\n\
         [mesh]\nenabled = false\n\
         [[sensors]]\nname = \"plots\"\nkind = \"plots\"\nendpoint = \"udp://127.0.0.1:{sensor}\"\n\
         scan-period-s = 0.25\n\
         label = {{ level = \"restricted\", releasable-to = [\"POL\"], originator = \"POL\" }}\n"
    );
    let outputs = [
        ("server", format!("tcp://127.0.0.1:{}", ports["taky"]), String::new()),
        ("secure-server", format!("tls://127.0.0.1:{}", ports["taky_tls"]), by_name("taky", "copmesh")),
        ("handhelds", format!("tcp-listen://127.0.0.1:{}", ports["listen"]), String::new()),
        (
            "secure-handhelds",
            format!("tls-listen://127.0.0.1:{}", ports["listen_tls"]),
            papers("taky", "taky/ssl/server"),
        ),
        // taky does not know who signed this certificate; and this node not who signed taky's.
        ("stranger", format!("tls://127.0.0.1:{}", ports["taky_tls"]), by_name("taky", "stranger")),
        ("doubter", format!("tls://127.0.0.1:{}", ports["taky_tls"]), by_name("others", "copmesh")),
        ("group", format!("udp://239.2.3.1:{}?interface=127.0.0.1", ports["group"]), String::new()),
        ("single", format!("udp://127.0.0.1:{}", ports["datagrams"]), "language = \"protobuf\"\n".to_owned()),
    ];
    for (name, endpoint, more) in outputs {
        text += &format!(
            "[[tak]]\nname = \"{name}\"\nendpoint = \"{endpoint}\"\nperiod-s = 0.5\n\
             clearance = {{ level = \"restricted\", communities = [\"POL\"] }}\n{more}"
        );
    }
    text
}

/// Reports the targets four times a second until it is told to stop.
fn look(port: u16, stop: &AtomicBool) {
    let (socket, clock) = (UdpSocket::bind("127.0.0.1:0").expect("loopback"), Clock::start());
    while !stop.load(Ordering::Relaxed) {
        for (callsign, latitude, longitude) in TARGETS {
            let nanos = clock.now().validity.as_nanos();
            let time = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
            let plot = json!({ "latitude_deg": latitude, "longitude_deg": longitude, "horizontal_sigma_m": 5.0,
                               "identity": { "name": callsign } });
            let plot = plot.to_string().replacen('{', &format!("{{\"time\":{time},"), 1);
            // Before the daemon listens nobody takes it.
            let _ = socket.send_to(format!("{plot}\n").as_bytes(), ("127.0.0.1", port));
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}

/// A folder of its own, removed at the end unless the test fails.
fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("copmesh-tak-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[test]
fn everybody_sees_the_picture_where_it_is() {
    let (Some(python), Some(binary)) = (oracle_python(NAME), copmesh_binary(NAME)) else { return };
    let folder = folder();
    if !script(&python, &["papers", &folder.display().to_string()]).status().is_ok_and(|status| status.success()) {
        skip(NAME, "taky and pytak are not among the Python oracles, or cannot make certificates");
        return;
    }
    let keys = ["taky", "taky_tls", "listen", "listen_tls", "group", "datagrams"];
    let ports: Value =
        keys.iter().map(|key| ((*key).to_owned(), json!(free_port()))).collect::<serde_json::Map<_, _>>().into();
    let (console, sensor) = (free_port(), free_port());
    let path = folder.join("box.toml");
    std::fs::write(&path, config(&folder, console, sensor, &ports)).expect("a file");
    let log = File::create(folder.join("log")).expect("a file");
    let daemon = Command::new(binary).args(["run", "--config"]).arg(&path).stdout(Stdio::null()).stderr(log).spawn();
    let daemon = Daemon(daemon.expect("the built daemon starts"));
    let stop = Arc::new(AtomicBool::new(false));
    let sensing = std::thread::spawn({
        let stop = Arc::clone(&stop);
        move || look(sensor, &stop)
    });
    let want = json!({ "tracks": TARGETS.len(), "ports": ports }).to_string();
    let output = script(&python, &["meet", &folder.display().to_string(), &want]).output().expect("it starts");
    stop.store(true, Ordering::Relaxed);
    sensing.join().expect("it only sends");
    drop(daemon);
    let told = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    let trouble = format!("{}\n{told}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{trouble}");
    let mut heard: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let seen = serde_json::from_value(heard["seen"].take()).expect("events by uid by client");
    check(&seen, &trouble);
    check_refusals(heard["stranger"].as_str().unwrap_or_default(), &told);
    std::fs::remove_dir_all(folder).expect("our own folder");
}

/// Everybody has every target at its place, under the same uid.
fn check(seen: &BTreeMap<String, BTreeMap<String, Value>>, trouble: &str) {
    let mut numbers: BTreeMap<&str, &str> = BTreeMap::new();
    for (who, events) in seen {
        for (callsign, latitude, longitude) in TARGETS {
            let ends = |event: &Value| event["callsign"].as_str().is_some_and(|name| name.ends_with(callsign));
            let found = events.iter().find(|(_, event)| ends(event));
            let (uid, event) = found.unwrap_or_else(|| panic!("{who} has not seen {callsign}: {events:?}\n{trouble}"));
            let degrees = |key: &str| event[key].as_f64().expect("a number");
            let north_m = 111_200.0 * (degrees("lat") - latitude);
            let east_m = 111_200.0 * cos(latitude.to_radians()) * (degrees("lon") - longitude);
            let off_m = (north_m * north_m + east_m * east_m).sqrt();
            assert!(off_m < TOLERANCE_M, "{who} sees {callsign} {off_m:.1} m off");
            assert!((0.1..100.0).contains(&degrees("ce")), "{who}: ce {}", degrees("ce"));
            let word = |key: &str| event[key].as_str().unwrap_or_default();
            assert_eq!((word("type"), word("how")), ("a-p-A", "m-f"), "{who}");
            // taky knows no such attribute and drops it.
            assert!(word("access") == "RESTRICTED" || who.starts_with("taky"), "{who}: {event}");
            assert_eq!(*numbers.entry(callsign).or_insert(uid), uid, "{who} has another number for {callsign}");
        }
        for (client, other) in [("handheld", "phone-2"), ("second handheld", "phone-1")] {
            assert!(who != client || events.contains_key(other), "{who} has not seen {other}\n{trouble}");
        }
        println!("{who}: {} events by uid, all {} targets within {TOLERANCE_M} m", events.len(), TARGETS.len());
    }
}

/// Whoever shows a certificate that the other does not know is refused, and both sides say why.
fn check_refusals(stranger: &str, log: &str) {
    assert!(stranger.contains("alert"), "a handheld with a foreign certificate is told: {stranger}");
    let line = |of: &str, what: &str| {
        let found = log.lines().find(|line| line.contains(of) && line.contains(what));
        println!("{}", found.unwrap_or_else(|| panic!("{of} does not say {what}:\n{log}")));
    };
    line("output=secure-handhelds", "invalid peer certificate");
    line("output=stranger", "does not accept our `certificate`");
    line("output=doubter", "signed by an `authority` of ours");
}
