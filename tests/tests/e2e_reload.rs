//! The built daemon, whose configuration becomes another while it runs: ways out, viewers, the log. No track is lost by
//! it and none gets another number. And what it logs names no track, and has colours only where someone sees them.

use std::net::UdpSocket;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tests::daemon::{Daemon, Target};

const TARGETS: [Target; 2] = [
    Target { callsign: "ZULU 1", icao: "48AE01", latitude_deg: 52.05, longitude_deg: 21.02 },
    Target { callsign: "ZULU 2", icao: "48AE02", latitude_deg: 52.11, longitude_deg: 21.22 },
];

/// Somebody who is told the picture in datagrams.
struct Receiver(UdpSocket);

impl Receiver {
    fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback");
        socket.set_read_timeout(Some(Duration::from_millis(250))).expect("a socket");
        Self(socket)
    }

    /// The way out to it.
    fn output(&self, name: &str, level: &str) -> String {
        let port = self.0.local_addr().expect("bound").port();
        format!(
            "[[tak]]\nname = \"{name}\"\nendpoint = \"udp://127.0.0.1:{port}\"\nlanguage = \"xml\"\nperiod-s = 0.5\n\
             clearance = {{ level = \"{level}\", communities = [\"POL\"] }}\n"
        )
    }

    /// All that comes within a time.
    fn told(&self, time: Duration) -> String {
        let (mut told, mut buffer) = (String::new(), [0; 2000]);
        let looks = time.as_millis() / 250;
        let mut silent = 0;
        while silent < looks {
            match self.0.recv(&mut buffer) {
                Ok(length) => told += &String::from_utf8_lossy(&buffer[..length]),
                Err(_) => silent += 1,
            }
        }
        told
    }
}

/// Numbers of tracks with the callsigns of their targets.
fn tracks(picture: &Value) -> Vec<(String, String)> {
    let text = |track: &Value, key: &str| track[key].as_str().unwrap_or_default().to_owned();
    let all = picture["tracks"].as_array().expect("a list");
    all.iter().map(|track| (text(track, "id"), text(track, "callsign"))).collect()
}

fn until(what: &str, daemon: &Daemon, mut holds: impl FnMut() -> bool) {
    for _ in 0..300 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("not within half a minute: {what}\n{}", daemon.log());
}

#[test]
fn who_is_told_changes_while_it_runs_and_every_track_keeps_its_number() {
    const NAME: &str = "e2e_reload";
    let Some(binary) = tests::copmesh_binary(NAME) else { return };
    let [one, other] = [(); 2].map(|()| Receiver::new());
    let first = one.output("one", "restricted");
    let daemon = Daemon::start(&binary, NAME, &TARGETS, &first);
    let before = tracks(&daemon.picture_of(2));
    until("the first is told", &daemon, || before.iter().all(|(id, _)| one.told(Duration::from_secs(1)).contains(id)));
    let read = || daemon.log().matches("read again").count();
    daemon.reload(|text| text.replace(&first, &other.output("other", "restricted")));
    until("the file is read", &daemon, || read() == 1);
    let told = other.told(Duration::from_secs(2));
    assert!(before.iter().all(|(id, callsign)| told.contains(id) && told.contains(callsign)), "{told}");
    let _on_the_way = one.told(Duration::from_millis(250));
    assert_eq!(one.told(Duration::from_secs(2)), "", "the first is told no more");
    assert_eq!(tracks(&daemon.picture_of(2)), before);
    // Less clearance, and what needs a start beside it: nothing at all is changed.
    let fewer =
        |text: String| text.replace("level = \"restricted\", communities", "level = \"unclassified\", communities");
    daemon.reload(|text| fewer(text).replace("latitude-deg = 52.0\n", "latitude-deg = 52.5\n"));
    until("it is refused", &daemon, || daemon.log().contains("node.latitude-deg: a change of this needs a start"));
    daemon.reload(|text| text.replace("latitude-deg = 52.5\n", "latitude-deg = 52.0\nlog = \"debug\"\n"));
    until("the file is read", &daemon, || read() == 2);
    let told = other.told(Duration::from_secs(2));
    // A way out begins with who tells; before that stands what was on the way from the other.
    let (_, since) = told.rsplit_once("<event version=\"2.0\" uid=\"copmesh.box\"").expect("it began anew");
    assert!(before.iter().all(|(id, _)| !since.contains(id)), "{told}");
    assert_eq!(tracks(&daemon.picture_of(2)), before);
    let status: Value = serde_json::from_str(&daemon.page("/status.json").expect("it runs").1).expect("JSON");
    let outputs = status["tak"].as_array().expect("a list");
    assert_eq!(
        (outputs.len(), &outputs[0]["name"], &outputs[0]["counters"]["withheld"]),
        (1, &"other".into(), &2.into())
    );
}

/// The levels below are for those who look for a fault, and are asked for.
#[test]
fn what_is_logged_names_no_track() {
    const NAME: &str = "e2e_reload_log";
    let Some(binary) = tests::copmesh_binary(NAME) else { return };
    let receiver = Receiver::new();
    let output = receiver.output("out", "restricted");
    let daemon = Daemon::start(&binary, NAME, &TARGETS, &output);
    let picture = daemon.picture_of(2);
    let told = receiver.told(Duration::from_secs(1));
    daemon.reload(|text| text.replace("period-s = 0.5", "period-s = 1.0"));
    until("the file is read", &daemon, || daemon.log().contains("read again"));
    for (id, callsign) in tracks(&picture) {
        let number = id.rsplit('-').next().expect("the last part");
        assert!(told.contains(&id) && told.contains(&callsign), "it is found where it may be: {told}");
        let log = daemon.log();
        assert!(!log.contains(number) && !log.contains(&callsign) && log.contains("plots"), "{log}");
    }
    let log = daemon.log().to_ascii_uppercase();
    assert!(TARGETS.iter().all(|target| !log.contains(target.icao)), "{log}");
}

#[test]
fn what_of_rust_log_is_not_understood_is_said_and_without_a_terminal_it_has_no_colours() {
    let Some(binary) = tests::copmesh_binary("e2e_reload_levels") else { return };
    for (levels, is_refused) in [("edge_node=loud", true), ("info,edge_node::mesh=debug", false), ("off", false)] {
        let mut command = Command::new(&binary);
        command.args(["sim", "--list"]).env("RUST_LOG", levels).env_remove("NO_COLOR");
        let output = command.output().expect("the built program starts");
        let log = String::from_utf8_lossy(&output.stderr);
        assert_eq!(log.contains("RUST_LOG is not of the form"), is_refused, "{levels}: {log}");
        assert!(output.status.success() && !log.contains('\x1b'), "{levels}: {log}");
    }
}
