//! The built daemon, whose configuration becomes another while it runs: ways out, viewers, the log. No track is lost by
//! it and none gets another number. And what it logs names no track, and has colours only where someone sees them.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use fusion_core::geodesy::Geodetic;
use serde_json::Value;
use tests::daemon::{Daemon, Target, free_port};

const TARGETS: [Target; 2] = [
    Target { callsign: "ZULU 1", icao: "48AE01", latitude_deg: 52.0555, longitude_deg: 21.0255 },
    Target { callsign: "ZULU 2", icao: "48AE02", latitude_deg: 52.1155, longitude_deg: 21.2255 },
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

const REMARK: &str = "seen at the mill";

/// What no log may hold: who the targets say they are, what is said of them, and where they are, as far as an estimate
/// keeps the digits: in degrees, in radians, and in metres of an axis that is not a vector's first.
fn secrets() -> Vec<String> {
    let of = |target: &Target| {
        let (north, east) = (target.latitude_deg, target.longitude_deg);
        let place = Geodetic::from_degrees(north, east, 300.0).expect("on Earth").to_ecef();
        let begins = |number: f64, length: usize| number.to_string()[..length].to_owned();
        let degrees = [begins(north, 6), begins(east, 6)];
        let others = [begins(north.to_radians(), 6), format!(" {}", begins(place.vector().y, 5))];
        [target.callsign.to_owned(), target.icao.to_owned()].into_iter().chain(degrees).chain(others)
    };
    TARGETS.iter().flat_map(of).chain([REMARK.to_owned(), NOISE.to_owned()]).collect()
}

/// What calls itself so comes with something wrong in every line.
const NOISE: &str = "ZULU 9";

fn noise(port: u16) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback");
    let head = "\"latitude_deg\":52.0555,\"longitude_deg\":21.0255,\"horizontal_sigma_m\":5";
    let name = format!("\"identity\":{{\"name\":\"{NOISE}\"}}");
    for line in [
        format!("{{\"time\":1.5,{head},{name},\"{NOISE}\":1}}"),
        format!("{{\"time\":\"{NOISE}\",{head},{name}}}"),
        format!("{{\"time\":1.5,{},{name}}}", head.replace("52", "152")),
        format!("{{\"time\":1.5,{head},{name}"),
        NOISE.to_owned(),
    ] {
        socket.send_to(format!("{line}\n").as_bytes(), ("127.0.0.1", port)).expect("sent");
    }
}

/// A node's bearer, at a port, and neighbours at theirs, each with the level that it may see.
fn meshed(own: u16, neighbours: &[(&str, u16, &str)]) -> String {
    let mut text = format!(
        "[[mesh.bearers]]\nname = \"lan\"\nprofile = \"lan\"\nlisten = [\"tcp/127.0.0.1:{own}\"]\n\
         scouting = false\nprotection = \"none\"\n"
    );
    for (name, port, level) in neighbours {
        text += &format!(
            "[[mesh.neighbours]]\nname = \"{name}\"\nclearance = {{ level = \"{level}\", communities = [\"POL\"] }}\n\
             ways = [{{ bearer = \"lan\", endpoint = \"tcp/127.0.0.1:{port}\" }}]\n"
        );
    }
    text
}

fn remark(daemon: &Daemon, track: &str) {
    let (address, body) = (daemon.console(), format!("{{\"track\":\"{track}\",\"remark\":\"{REMARK}\"}}"));
    let mut stream = TcpStream::connect(&address).expect("it listens");
    write!(
        stream,
        "POST /annotations HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
}

/// Three nodes, of which the first tells the second all and the third nothing.
fn box_north_south(binary: &Path, name: &str, more: &str) -> [Daemon; 3] {
    let ports = [(); 3].map(|()| free_port());
    let start = |called: &str, targets, more: &str| {
        Daemon::start_talkative(binary, &format!("{name}_{called}"), targets, called, more)
    };
    let neighbours = [("north", ports[1], "restricted"), ("south", ports[2], "unclassified")];
    let told_by = |port| meshed(port, &[("box", ports[0], "secret")]);
    [
        start("box", &TARGETS, &format!("{more}{}", meshed(ports[0], &neighbours))),
        start("north", &[], &told_by(ports[1])),
        start("south", &[], &told_by(ports[2])),
    ]
}

/// Whether a node reaches this neighbour, and withholds something from it.
fn withholds(daemon: &Daemon, neighbour: &str) -> bool {
    let status: Value = serde_json::from_str(&daemon.page("/status.json").expect("it runs").1).expect("JSON");
    let mut neighbours = status["neighbours"].as_array().expect("a list").iter();
    let is_ready = |of: &Value| of["state"] == "ready" && of["withheld"].as_u64() > Some(0);
    neighbours.any(|of| of["name"] == neighbour && is_ready(of))
}

/// Of our own crates down to the last level, of others as far as `node.log = "debug"` goes.
#[test]
fn what_is_logged_names_no_track_at_any_level_nor_at_a_neighbour() {
    const NAME: &str = "e2e_reload_log";
    let Some(binary) = tests::copmesh_binary(NAME) else { return };
    let (receiver, noisy) = (Receiver::new(), free_port());
    let sensor = format!(
        "[[sensors]]\nname = \"noisy\"\nkind = \"plots\"\nendpoint = \"udp://127.0.0.1:{noisy}\"\n\
         label = {{ level = \"restricted\", releasable-to = [\"POL\"], originator = \"POL\" }}\n"
    );
    let [daemon, north, south] =
        box_north_south(&binary, NAME, &format!("{}{sensor}", receiver.output("out", "restricted")));
    let picture = daemon.picture_of(2);
    noise(noisy);
    tracks(&picture).iter().for_each(|(id, _)| remark(&daemon, id));
    let at_north = || north.page("/picture.json").expect("it runs").1;
    until("a neighbour has all of it", &daemon, || at_north().matches(REMARK).count() == 2);
    until("another is told nothing", &daemon, || withholds(&daemon, "south"));
    let told = receiver.told(Duration::from_secs(1));
    daemon.reload(|text| text.replace("period-s = 0.5", "period-s = 1.0"));
    until("the file is read", &daemon, || daemon.log().contains("read again"));
    // Without the time of each line, whose digits are anybody's.
    let timeless = |line: &str| {
        let (_, rest) = line.split_once("Z ").filter(|(time, _)| !time.contains(' ')).unwrap_or(("", line));
        rest.to_owned()
    };
    let logs = [&daemon, &north, &south].map(|of| of.log().lines().map(timeless).collect::<Vec<_>>());
    let complaints = logs[0].iter().filter(|line| line.contains("DEBUG") && line.contains("noisy")).count();
    assert!(complaints >= 5 && logs.iter().flatten().any(|line| line.contains("plots")), "{logs:?}");
    let ids = tracks(&picture).into_iter().map(|(id, callsign)| {
        assert!(told.contains(&id) && told.contains(&callsign), "it is found where it may be: {told}");
        assert!(at_north().contains(&id) && at_north().contains(&callsign), "and at a neighbour");
        id.rsplit('-').next().expect("the last part").to_owned()
    });
    for secret in ids.chain(secrets()).map(|secret| secret.to_ascii_uppercase()) {
        let line = logs.iter().flatten().find(|line| line.to_ascii_uppercase().contains(&secret));
        assert!(line.is_none(), "{secret}: {line:?}");
    }
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
