//! `copmesh replay --to`: recorded bytes back onto wires, at the recorded pace, for other programs' drivers.
//!
//! No node runs. A datagram is sent as one; what came in pieces of a stream goes out in the same pieces, on one
//! connection even where several clients had spoken for the sensor.

use core::fmt;

use fusion_core::time::{Span, Timestamp};
use serde::Serialize;

use super::merge::Merged;
use super::{Pace, Window};
use crate::cli::outlet::Outlets;
use crate::cli::{Failure, ReplayArgs, say, say_json};
use crate::clock::Clock;
use crate::node::Arrival;
use crate::node::feed::SILENCE_MAX;

/// Sends what the recordings hold for the sensors that `--to` names.
///
/// # Errors
/// [`Failure`] for an endpoint that is none, or if a file cannot be read.
pub fn run(args: &ReplayArgs, merged: &mut Merged) -> Result<(), Failure> {
    let names: Vec<String> = merged.config.sensors.iter().map(|sensor| sensor.name.clone()).collect();
    let sensors: Vec<(&str, Option<&str>)> = names.iter().map(|name| (name.as_str(), None)).collect();
    let outlets = Outlets::open(&sensors, &args.to)?;
    for (place, name) in names.iter().enumerate() {
        if let Some(to) = outlets.name(place) {
            eprintln!("{name} to {to}");
        }
    }
    let line = |(place, name): (usize, &String)| Line {
        name: name.clone(),
        to: outlets.name(place).unwrap_or("-").to_owned(),
        ..Line::default()
    };
    let lines = names.iter().enumerate().map(line).collect();
    let rate = (!args.fast).then_some(args.rate);
    let mut wire = Wire { outlets, clock: Clock::start(), rate, window: Window::of(args), pace: None, before: None };
    let sent = wire.send_all(merged, Sent { sensors: lines, broken: vec![] });
    if args.json { say_json(&sent) } else { say(&sent) }
}

/// What was sent.
#[derive(Clone, Debug, Default, Serialize)]
struct Sent {
    sensors: Vec<Line>,
    /// Recordings that could not be read to their end, and why.
    broken: Vec<String>,
}

#[derive(Clone, Debug, Default, Serialize)]
struct Line {
    name: String,
    messages: u64,
    bytes: u64,
    /// Messages that nobody took.
    unsent: u64,
    to: String,
}

struct Wire {
    outlets: Outlets,
    clock: Clock,
    rate: Option<f64>,
    window: Window,
    pace: Option<Pace>,
    before: Option<Timestamp>,
}

impl Wire {
    fn send_all(&mut self, merged: &mut Merged, mut sent: Sent) -> Sent {
        let mut began = None;
        for entry in merged {
            let entry = match entry {
                Ok(entry) => entry,
                Err(e) => {
                    // What can be read of it was sent; the other recordings go on.
                    eprintln!("copmesh: {e}");
                    sent.broken.push(e.to_string());
                    continue;
                }
            };
            let offset: Span = entry.received - *began.get_or_insert(entry.received);
            if self.window.end.is_some_and(|end| offset > end) {
                break;
            }
            let place = usize::from(entry.sensor.0);
            let (Arrival::Bytes(bytes), Some(_)) = (&entry.arrival, self.outlets.name(place)) else { continue };
            if offset >= self.window.start {
                self.wait_for(entry.received);
                let line = &mut sent.sensors[place];
                line.messages += 1;
                line.bytes += bytes.len() as u64;
                line.unsent += u64::from(!self.outlets.send(place, bytes));
            }
        }
        sent
    }

    fn wait_for(&mut self, received: Timestamp) {
        let Some(rate) = self.rate else { return };
        // As in a replay into a node: nobody sits through a longer silence.
        if self.before.is_some_and(|before| (received - before).abs() > SILENCE_MAX) {
            self.pace = None;
        }
        self.before = Some(received);
        let now = self.clock.now().monotonic;
        let pace = *self.pace.get_or_insert(Pace { recorded: received, played: now, rate });
        std::thread::sleep(pace.due(received).since(now));
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<32} {:>9} {:>11} {:>8}  to", "sensor", "messages", "bytes", "unsent")?;
        for Line { name, messages, bytes, unsent, to } in &self.sensors {
            writeln!(f, "{name:<32} {messages:>9} {bytes:>11} {unsent:>8}  {to}")?;
        }
        for broken in &self.broken {
            writeln!(f, "not read to its end: {broken}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::path::PathBuf;
    use std::time::Duration;

    use clap::Parser as _;
    use fusion_core::measurement::SensorId;

    use super::*;
    use crate::cli::{Cli, Command};
    use crate::config::Config;
    use crate::recording::Entry;
    use crate::recording::copier::Copier;

    fn recording(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("copmesh-wire-{name}-{}.mcap", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let text = "[node]\nname = \"alpha\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n\
                    [[sensors]]\nname = \"plots\"\nkind = \"plots\"\n\
                    label = { level = \"unclassified\", originator = \"TEST\" }\n";
        let mut copier = Copier::create(&path, Config::parse(text).expect("valid")).expect("a new file");
        for (millis, bytes) in [(0, &b"one"[..]), (100, b"two and more"), (300, b"3")] {
            let received = Timestamp::from_secs(1_700_000_000) + Span::from_millis(millis);
            copier.write(&Entry::of(received, SensorId(0), bytes.to_vec())).expect("written");
        }
        copier.finish().expect("completed");
        path
    }

    fn replay(path: &std::path::Path, more: &[&str]) -> Result<(), Failure> {
        let file = path.display().to_string();
        let words = ["copmesh", "replay", file.as_str()].into_iter().chain(more.iter().copied());
        let Command::Replay(args) = Cli::parse_from(words).command else { panic!("replay") };
        super::super::run(&args)
    }

    #[test]
    fn a_replay_to_udp_gives_the_recorded_datagrams_at_the_recorded_pace() {
        let path = recording("udp");
        let receiver = UdpSocket::bind("127.0.0.1:0").expect("loopback");
        receiver.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
        let to = format!("plots=udp://{}", receiver.local_addr().expect("bound"));
        let clock = Clock::start();
        replay(&path, &["--to", &to, "--speed", "2"]).expect("sent");
        let took = clock.now().monotonic.since(crate::clock::Monotonic::default());
        let mut buffer = [0; 64];
        for expected in [&b"one"[..], b"two and more", b"3"] {
            let length = receiver.recv(&mut buffer).expect("a datagram");
            assert_eq!(&buffer[..length], expected);
        }
        assert!(took >= Duration::from_millis(150), "0.3 s at twice the speed took {took:?}");
        std::fs::remove_file(&path).expect("removed");
    }

    #[test]
    fn a_sensor_that_is_not_in_the_recording_is_refused_with_those_that_are() {
        let path = recording("nobody");
        let refusal = replay(&path, &["--to", "radar=udp://127.0.0.1:9"]).expect_err("no such sensor").message;
        assert!(refusal.contains("there are plots"), "{refusal}");
        std::fs::remove_file(&path).expect("removed");
    }
}
