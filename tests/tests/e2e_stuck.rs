//! Receivers of every kind that read nothing, at the built daemon, beside one that nobody troubles: the picture is as
//! soon made, memory stays where it is, and each of them is left and counted. Zenoh has a test of its own.
//!
//! `COPMESH_STUCK_SECONDS` lets them hang for longer than the seconds of every test run.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use sensor_drivers::sapient::Uuid;
use sensor_drivers::sapient::encode::Sender;
use serde_json::Value;
use tests::daemon::{Daemon, Target, free_port};

const NAME: &str = "e2e_stuck";

/// How many of each kind hang that connect to the node.
const STUCK: usize = 4;

/// How often each of them asks in a second, until there is no room for more.
const ASKED_AT_ONCE: usize = 10;

/// Until then every kind has been left once: buffers fill within seconds, then the node is patient for 15 s or 30 s.
const SECONDS: u64 = 50;

/// By so much memory may grow beyond that of the node that nobody troubles, kB: some 7 MB in 50 s and in 200 s alike,
/// and 5 MB.
const GROWTH_KB: i64 = 12_000;

/// By so much longer than at the node that nobody troubles may 99 of 100 updates of the picture take, s: more than a
/// busy machine makes of it, and less than anybody who reads nothing is waited for.
const SLACK_S: f64 = 1.0;

const TARGETS: usize = 100;

fn targets() -> &'static [Target] {
    let target = |k: u32| Target {
        callsign: Box::leak(format!("KILO {k}").into_boxed_str()),
        icao: Box::leak(format!("48{k:04X}").into_boxed_str()),
        latitude_deg: 51.5 + 0.1 * f64::from(k / 10),
        longitude_deg: 20.5 + 0.15 * f64::from(k % 10),
    };
    Box::leak((0..).take(TARGETS).map(target).collect::<Vec<_>>().into_boxed_slice())
}

/// A client that asks and asks, or only connects, and never reads; again and again where it is left.
struct Client {
    address: String,
    /// What it says once it is connected.
    greeting: String,
    request: Vec<u8>,
    stream: Option<TcpStream>,
    left: u64,
}

impl Client {
    fn of_page(daemon: &Daemon, path: &str) -> Self {
        let address = daemon.console();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").into_bytes();
        Self { address, greeting: String::new(), request, stream: None, left: 0 }
    }

    /// The page's own socket; what it says on and on is a masked ping.
    fn of_socket(daemon: &Daemon) -> Self {
        let address = daemon.console();
        let greeting = format!(
            "GET /ws HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        Self { address, greeting, request: vec![0x89, 0x80, 0, 0, 0, 0], stream: None, left: 0 }
    }

    fn of_cot(port: u16) -> Self {
        let address = format!("127.0.0.1:{port}");
        Self { address, greeting: String::new(), request: b" ".to_vec(), stream: None, left: 0 }
    }

    /// Says what it has to say, unless there is no room for more.
    fn press(&mut self) {
        let stream = self.stream.get_or_insert_with(|| {
            let mut stream = TcpStream::connect(&self.address).expect("it listens");
            stream.write_all(self.greeting.as_bytes()).expect("there is room at first");
            stream.set_nonblocking(true).expect("a socket");
            stream
        });
        for _ in 0..ASKED_AT_ONCE {
            match stream.write(&self.request) {
                Ok(_) => {}
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(_) => {
                    self.left += 1;
                    self.stream = None;
                    return;
                }
            }
        }
    }
}

/// A server that takes whoever comes, greets, and never reads again.
fn server(greet: impl Fn(&mut TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        let mut last = None;
        for stream in listener.incoming() {
            let mut stream = stream.expect("accepted");
            greet(&mut stream);
            // The one before was left.
            drop(last.replace(stream));
        }
    });
    port
}

/// A SAPIENT middleware: takes the registration, says yes, and reads no more.
fn middleware() -> u16 {
    server(|stream| {
        let now = edge_node::clock::Clock::start().now().validity;
        let mut length = [0; 4];
        stream.read_exact(&mut length).expect("a registration");
        let mut message = vec![0; u32::from_le_bytes(length) as usize];
        stream.read_exact(&mut message).expect("a registration");
        let mut sender = Sender::new(Uuid::of_name("middleware").as_version_4(), 1);
        let ack = sender.registration_ack(Uuid::of_name("copmesh box").as_version_4(), true, vec![], now);
        stream.write_all(&ack).expect("it listens");
    })
}

fn json(daemon: &Daemon, path: &str) -> Value {
    let (head, body) = daemon.page(path).expect("it runs");
    assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head} {body}");
    serde_json::from_str(&body).expect("JSON")
}

/// From receipt to picture since the start, seconds: half of all, all but one of a hundred, and the longest.
fn latency(daemon: &Daemon) -> [f64; 3] {
    let (_, body) = daemon.page("/metrics").expect("it runs");
    ["0.5", "0.99", "1"].map(|q| {
        let name = format!("copmesh_fusion_latency_seconds{{quantile=\"{q}\"}}");
        let line = body.lines().find_map(|line| line.strip_prefix(&name));
        line.and_then(|line| line.trim().parse().ok()).unwrap_or_else(|| panic!("no {name} in {body}"))
    })
}

fn kb(daemon: &Daemon) -> i64 {
    i64::try_from(daemon.resident_kb()).expect("kB")
}

/// Ways out to receivers that read nothing; the second of CAT062 goes to a port that nobody has.
fn ways_out(cot: u16, sink: u16) -> String {
    let clearance = "clearance = { level = \"restricted\", communities = [\"POL\"] }";
    let (middleware, tak, nobody) = (middleware(), server(|_| {}), free_port());
    let asterix = "sac = 25\nsic = 200\nperiod-s = 0.25";
    format!(
        "[[tak]]\nname = \"camp\"\nendpoint = \"tcp-listen://127.0.0.1:{cot}\"\n{clearance}\n\
         [[tak]]\nname = \"server\"\nendpoint = \"tcp://127.0.0.1:{tak}\"\nlanguage = \"xml\"\n{clearance}\n\
         [[sapient-out]]\nname = \"hq\"\nendpoint = \"tcp://127.0.0.1:{middleware}\"\n{clearance}\n\
         [[cat062]]\nname = \"sink\"\nendpoint = \"udp://127.0.0.1:{sink}\"\n{asterix}\n{clearance}\n\
         [[cat062]]\nname = \"nobody\"\nendpoint = \"udp://127.0.0.1:{nobody}\"\n{asterix}\n{clearance}\n"
    )
}

#[test]
fn receivers_that_read_nothing_do_not_hold_up_the_picture() {
    let Some(binary) = tests::copmesh_binary(NAME) else { return };
    let told = std::env::var("COPMESH_STUCK_SECONDS").ok();
    let seconds: u64 = told.map_or(SECONDS, |told| told.parse().expect("COPMESH_STUCK_SECONDS is a number of seconds"));
    let (cot, sink) = (free_port(), UdpSocket::bind("127.0.0.1:0").expect("loopback"));
    let ways_out = ways_out(cot, sink.local_addr().expect("bound").port());
    let targets = targets();
    let free = Daemon::start(&binary, "e2e_stuck_free", targets, "");
    let pressed = Daemon::start(&binary, NAME, targets, &ways_out);
    let _ = (free.picture_of(TARGETS), pressed.picture_of(TARGETS));
    let of = |path| (0..STUCK).map(move |_| path);
    let pages = of("/picture.kml").chain(of("/picture.geojson")).map(|path| Client::of_page(&pressed, path));
    let sockets = (0..STUCK).map(|_| Client::of_socket(&pressed));
    let mut clients: Vec<Client> = pages.chain(sockets).chain((0..STUCK).map(|_| Client::of_cot(cot))).collect();
    let both = |say: fn(&Daemon) -> i64| [say(&free), say(&pressed)];
    let (before, before_kb) = ([latency(&free), latency(&pressed)], both(kb));
    for _ in 0..seconds {
        clients.iter_mut().for_each(Client::press);
        std::thread::sleep(Duration::from_secs(1));
    }
    let (after, after_kb) = ([latency(&free), latency(&pressed)], both(kb));
    let status = json(&pressed, "/status.json");
    println!(
        "{NAME}: {seconds} s; [untroubled, pressed]: receipt to picture p50, p99, longest {before:?} s then {after:?} s"
    );
    println!(
        "{NAME}: {before_kb:?} kB then {after_kb:?} kB; clients left {}",
        clients.iter().map(|c| c.left).sum::<u64>()
    );
    println!("{NAME}: {}\n{}\n{}\n{}", status["tak"], status["sapient_out"], status["cat062"], status["console"]);
    let count = |way: &Value, name: &str| way["counters"][name].as_u64().unwrap_or(0);
    for way in [&status["tak"][0], &status["sapient_out"][0]] {
        assert!(count(way, "stuck") > 0, "nobody was left: {way}");
    }
    // A server that does not answer a ping is left for that, before there is no room for more.
    let server = &status["tak"][1];
    assert!(count(server, "stuck") + count(server, "failed") > 0, "it was not left: {server}");
    for name in ["connections_stuck", "viewers_stuck"] {
        assert!(status["console"][name].as_u64() > Some(0), "nobody was left, {name}: {}", status["console"]);
    }
    for way in [&status["cat062"][0], &status["cat062"][1]] {
        let periods = 4 * seconds * TARGETS as u64;
        assert!(count(way, "told") > periods / 2 && count(way, "failed") == 0, "datagrams go on: {way}");
    }
    assert_eq!(json(&pressed, "/picture.json")["tracks"].as_array().map(Vec::len), Some(TARGETS));
    let grown = |k: usize| after_kb[k] - before_kb[k];
    assert!(grown(1) - grown(0) < GROWTH_KB, "grown by {} kB, and untroubled by {} kB", grown(1), grown(0));
    assert!(after[1][0] < 2.0 * after[0][0] + 1e-3, "half of all within {after:?} s");
    assert!(after[1][1] < after[0][1] + SLACK_S, "99 of 100 within {after:?} s");
}
