//! The built daemon under a flood: garbage on every input, and what the good sensor's picture suffers by it.

use std::fmt::Write as _;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use edge_node::clock::Clock;
use serde_json::Value;
use tests::daemon::{Daemon, Target, free_port};

/// Every kind of sensor that may be heard over datagrams.
const KINDS: [&str; 14] = [
    "asterix",
    "asterix-surface",
    "asterix-adsb",
    "asterix-drone-radar",
    "asterix-df",
    "asterix-tracks",
    "beast",
    "ais",
    "sbs",
    "mavlink",
    "remote-id",
    "klv",
    "cot",
    "plots",
];

/// What a daemon may grow by under a flood, kB: its queues, each of 8 MB at the most, stay far from full.
const GROWTH_KB: u64 = 64_000;

/// Datagrams a second over all inputs.
const RATE: u64 = 100_000;

static TARGETS: [Target; 3] =
    [target("KILO 1", "480001", 21.2), target("KILO 2", "480002", 21.4), target("KILO 3", "480003", 21.6)];

const fn target(callsign: &'static str, icao: &'static str, longitude_deg: f64) -> Target {
    Target { callsign, icao, latitude_deg: 52.1, longitude_deg }
}

/// Sends noise to all of them in turn until told to stop; what was sent.
fn flood(ports: &[u16], stop: &AtomicBool, sent: &AtomicU64) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback");
    let (clock, mut state, mut datagram) = (Clock::start(), 1_u64, [0_u8; 64]);
    let begun = clock.now().monotonic;
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        for _ in 0..RATE / 1000 {
            for octets in datagram.chunks_mut(8) {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                octets.copy_from_slice(&(state ^ state >> 29).to_le_bytes());
            }
            // A full socket loses it, which is the receiver's right.
            let _ = socket.send_to(&datagram, ("127.0.0.1", ports[count % ports.len()]));
            count += 1;
        }
        sent.store(count as u64, Ordering::Relaxed);
        let due = Duration::from_micros(count as u64 * 1_000_000 / RATE);
        std::thread::sleep(due.saturating_sub(clock.now().monotonic.since(begun)));
    }
}

/// How old the oldest track of the picture is, seconds: median and longest of so many looks, ten a second.
fn ages(daemon: &Daemon, looks: usize) -> (f64, f64) {
    let clock = Clock::start();
    let look = |_| {
        std::thread::sleep(Duration::from_millis(100));
        let (_, body) = daemon.page("/picture.json").expect("it runs");
        let now_ms = clock.now().validity.as_millis();
        let picture: Value = serde_json::from_str(&body).expect("JSON");
        let tracks = picture["tracks"].as_array().expect("a list").iter();
        let confirmed = tracks.filter(|track| track["status"] == "confirmed");
        let oldest_ms = confirmed.filter_map(|track| track["time_ms"].as_i64()).min().expect("a track is always there");
        Duration::from_millis(u64::try_from(now_ms - oldest_ms).unwrap_or(0)).as_secs_f64()
    };
    let mut ages: Vec<f64> = (0..looks).map(look).collect();
    ages.sort_by(f64::total_cmp);
    (ages[looks / 2], ages[looks - 1])
}

/// The figures of `/metrics` whose line begins so.
fn figures(metrics: &str, name: &str) -> Vec<f64> {
    let lines = metrics.lines().filter(|line| line.starts_with(name));
    lines.filter_map(|line| line.rsplit_once(' ')?.1.parse().ok()).collect()
}

#[test]
fn garbage_on_every_input_takes_neither_the_picture_nor_the_memory() {
    const NAME: &str = "e2e_flood";
    let Some(binary) = tests::copmesh_binary(NAME) else { return };
    let told = std::env::var("COPMESH_FLOOD_SECONDS").ok();
    let seconds: usize = told.map_or(15, |told| told.parse().expect("COPMESH_FLOOD_SECONDS is a number of seconds"));
    let mut ports = Vec::new();
    let sensors = KINDS.iter().fold(String::new(), |mut text, kind| {
        ports.push(free_port());
        write!(
            text,
            "[[sensors]]\nname = \"{kind}-flooded\"\nkind = \"{kind}\"\nendpoint = \"udp://127.0.0.1:{}\"\n\
             latitude-deg = 52.0\nlongitude-deg = 21.0\n\
             label = {{ level = \"restricted\", releasable-to = [\"POL\"], originator = \"POL\" }}\n",
            ports[ports.len() - 1]
        )
        .expect("text");
        text
    });
    let daemon = Daemon::start(&binary, NAME, &TARGETS, &sensors);
    let _ = daemon.picture_of(TARGETS.len());
    let (before, before_kb) = (ages(&daemon, 20), daemon.resident_kb());

    let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let flooding = std::thread::spawn({
        let (stop, sent) = (Arc::clone(&stop), Arc::clone(&sent));
        move || flood(&ports, &stop, &sent)
    });
    std::thread::sleep(Duration::from_secs(2));
    let during = ages(&daemon, 10 * seconds);
    let during_kb = daemon.resident_kb();
    stop.store(true, Ordering::Relaxed);
    flooding.join().expect("it ends");

    let (_, metrics) = daemon.page("/metrics").expect("it runs");
    let misunderstood = |kind: &&str| {
        figures(&metrics, &format!("copmesh_sensor_errors_total{{sensor=\"{kind}-flooded\"}}")).iter().sum::<f64>()
    };
    let dropped: f64 = figures(&metrics, "copmesh_sensor_dropped_total").iter().sum();
    println!(
        "{NAME}: {} datagrams of noise in {} s on {} inputs, {} found to be noise and {dropped} dropped unread; the \
         oldest of {} tracks {:.2} s old in the median and {:.2} s at most, {:.2} and {:.2} s before; \
         {before_kb} kB, then {during_kb} kB",
        sent.load(Ordering::Relaxed),
        seconds + 2,
        KINDS.len(),
        KINDS.iter().map(misunderstood).sum::<f64>(),
        TARGETS.len(),
        during.0,
        during.1,
        before.0,
        before.1
    );
    let spared: Vec<&str> = KINDS.into_iter().filter(|kind| misunderstood(kind) < 100.0).collect();
    assert!(spared.is_empty(), "no flood reached {spared:?}");
    assert!(during_kb < before_kb + GROWTH_KB, "{before_kb} kB, then {during_kb} kB");
    assert!(during.1 < before.1 + 1.0, "the picture was {} s old: {}", during.1, daemon.log());
}
