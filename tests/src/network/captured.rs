//! A captured relay on real links: it holds good keys and relays for its neighbours, but what it tells one of them is
//! forged on the way out.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use edge_node::clock::Clock;
use edge_node::node::node_id;
use fusion_core::label::{Clearance, Codes, Level};
use fusion_core::time::Span;
use fusion_core::track::Origin;
use proto::passport::{Passport, SigningKey, verifying};
use proto::replica::{Bearer, Identity, Keys, LinkEvent, LinkId, Now, Replica, ReplicaConfig, Signatures};
use toml::Table;

use super::Node;
use crate::world::forger::Forger;
use crate::world::random::Random;
use crate::world::tracks::codes;
use crate::{hex, unhex};

/// How often its replica's time passes.
const LOOK: Duration = Duration::from_millis(20);

/// Lines of the carrier that wait to be read; then it waits.
const LINES_WAITING: usize = 1024;

/// A relay that lies. It ends with the value.
pub struct Captured {
    carrier: Child,
    stop: Arc<AtomicBool>,
    relaying: Option<JoinHandle<()>>,
    sent: Arc<AtomicU64>,
    lies: Arc<Mutex<BTreeMap<&'static str, u64>>>,
}

impl Captured {
    /// Stands in for a node that was not started, and lies to the neighbour whose place among its neighbours this is.
    /// `None` after saying that `test` is skipped.
    ///
    /// # Panics
    /// If the node has no keys, or its carrier does not start.
    #[must_use]
    pub fn start(test: &str, node: &mut Node, victim: LinkId) -> Option<Self> {
        let keys = keys(node.keys.as_deref().expect("it was enrolled"));
        let mut carrier = node.carrier(test)?;
        let (input, output) = (carrier.stdin.take().expect("piped"), carrier.stdout.take().expect("piped"));
        let (sender, lines) = sync_channel(LINES_WAITING);
        std::thread::spawn(move || {
            BufReader::new(output).lines().map_while(Result::ok).try_for_each(|l| sender.send(l))
        });
        let (stop, lies, sent) = (Arc::<AtomicBool>::default(), Arc::default(), Arc::<AtomicU64>::default());
        let signing = keys.identity.as_ref().expect("made with one").signing_key.clone();
        let relay = Relay {
            replica: replica(&node.name, &keys),
            forger: Forger::new(Random::new(1), signing),
            victim,
            packets: BTreeMap::new(),
            input,
        };
        let relaying = std::thread::spawn({
            let (stop, lies, sent) = (Arc::clone(&stop), Arc::clone(&lies), Arc::clone(&sent));
            move || relay.run(&lines, &stop, &lies, &sent)
        });
        Some(Self { carrier, stop, relaying: Some(relaying), sent, lies })
    }

    /// Lies told so far, by what they were.
    #[must_use]
    pub fn lies(&self) -> BTreeMap<&'static str, u64> {
        self.lies.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Packets sent so far.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

impl Drop for Captured {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(relaying) = self.relaying.take() {
            let _ = relaying.join();
        }
        let _ = self.carrier.kill();
        let _ = self.carrier.wait();
    }
}

/// What is behind the carrier's pipes.
struct Relay {
    replica: Replica,
    forger: Forger,
    victim: LinkId,
    /// How large packets may be, by link that is up.
    packets: BTreeMap<LinkId, usize>,
    input: ChildStdin,
}

impl Relay {
    fn run(
        mut self,
        lines: &Receiver<String>,
        stop: &AtomicBool,
        lies: &Mutex<BTreeMap<&'static str, u64>>,
        sent: &AtomicU64,
    ) {
        let clock = Clock::start();
        while !stop.load(Ordering::Relaxed) {
            let first = lines.recv_timeout(LOOK).ok();
            for line in first.into_iter().chain(lines.try_iter()) {
                self.handle_line(&line, now(&clock));
            }
            self.replica.handle_timeout(now(&clock));
            while self.replica.poll_change().is_some() {}
            for (link, octets) in self.packets.clone() {
                while let Some(mut packet) = self.replica.poll_transmit(link) {
                    if link == self.victim {
                        packet = self.forger.tamper(&self.replica, link, packet, octets);
                    }
                    sent.fetch_add(1, Ordering::Relaxed);
                    if writeln!(self.input, "packet {} {}", link.0, hex(&packet)).is_err() {
                        return;
                    }
                }
            }
            lies.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&self.forger.lies);
        }
    }

    fn handle_line(&mut self, line: &str, now: Now) {
        let words: Vec<&str> = line.split(' ').collect();
        let Some(link) = words.get(1).and_then(|link| link.parse().ok()).map(LinkId) else { return };
        match words[..] {
            ["up", _, octets] => {
                let mtu = octets.parse().expect("a number of octets");
                self.packets.insert(link, mtu);
                self.replica.handle_link(link, LinkEvent::Up(bearer(mtu)), now);
            }
            ["down", _] => {
                self.packets.remove(&link);
                self.replica.handle_link(link, LinkEvent::Down, now);
            }
            ["packet", _, packet] => {
                let packet = unhex(packet).expect("the carrier writes hexadecimal");
                let _ = self.replica.handle_packet(link, &packet, now);
            }
            _ => {}
        }
    }
}

fn now(clock: &Clock) -> Now {
    let now = clock.now();
    Now { validity: now.validity, elapsed: Span::from_nanos(i64::try_from(now.monotonic.0).expect("centuries")) }
}

fn bearer(mtu: usize) -> Bearer {
    let clearance = Clearance { level: Level::Secret, communities: codes("POL"), caveats: Codes::EMPTY };
    Bearer { rate_hint: 1e6, mtu, overhead: 92, clearance, layer: 1 }
}

fn replica(name: &str, keys: &Keys) -> Replica {
    let now = now(&Clock::start());
    let incarnation = u32::try_from(now.validity.as_millis() / 1000).expect("before 2106");
    let config = ReplicaConfig { signatures: Signatures::Required, ..ReplicaConfig::default() };
    Replica::new(Origin { node: node_id(name), incarnation }, config, now).with_keys(keys)
}

/// What enrolment has put into a folder.
fn keys(folder: &Path) -> Keys {
    let file = std::fs::read_to_string(folder.join("keys.toml")).expect("a file");
    let installed: Table = file.parse().expect("TOML");
    let octets = |table: &str, key: &str| unhex(installed[table][key].as_str().expect("a text")).expect("octets");
    let array = |table: &str, key: &str| <[u8; 32]>::try_from(octets(table, key)).expect("32 octets");
    let passport = Passport::decode(&octets("bundle", "passport")).expect("a passport");
    let signing_key = SigningKey::from_bytes(&array("private", "signing-key"));
    let authority = verifying(&array("bundle", "authority-key")).expect("a key");
    Keys { identity: Some(Identity { signing_key, passport }), authority: Some(authority) }
}
