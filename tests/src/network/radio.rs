//! A link of the simulated world between real sockets: datagrams that come in one side go out of the other when, and
//! if, the [`Channel`] says so.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use edge_node::clock::Clock;
use fusion_core::time::Span;

use crate::world::channel::{Channel, Quality};
use crate::world::random::Random;

/// Stands between those who dial it and one listener.
pub struct Radio {
    address: SocketAddr,
    open: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// How often it looks what has come and what is due.
const TICK: Duration = Duration::from_millis(2);

impl Radio {
    /// Towards this listener, with this quality each way.
    #[must_use]
    pub fn new(listener: SocketAddr, quality: Quality, seed: u64) -> Self {
        let front = bound();
        let address = front.local_addr().expect("bound");
        let (open, stop) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        let mut relay = Relay {
            front,
            listener,
            dialled: BTreeMap::new(),
            ways: [Channel::new(quality), Channel::new(quality)],
            under_way: BTreeMap::new(),
            count: 0,
            random: Random::new(seed),
        };
        let (opened, stopped) = (Arc::clone(&open), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let clock = Clock::start();
            while !stopped.load(Ordering::Relaxed) {
                let now = Span::from_nanos(i64::try_from(clock.now().monotonic.0).expect("short"));
                relay.ways.iter_mut().for_each(|way| way.open = opened.load(Ordering::Relaxed));
                relay.turn(now);
                std::thread::sleep(TICK);
            }
        });
        Self { address, open, stop, thread: Some(thread) }
    }

    /// Where to dial.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether anything comes through.
    pub fn set_open(&self, open: bool) {
        self.open.store(open, Ordering::Relaxed);
    }
}

impl Drop for Radio {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Relay {
    front: UdpSocket,
    listener: SocketAddr,
    /// By who dialled: the socket that stands for it before the listener.
    dialled: BTreeMap<SocketAddr, UdpSocket>,
    /// Towards the listener, and back.
    ways: [Channel; 2],
    /// By when it comes out: for whom, and whether towards the listener.
    under_way: BTreeMap<(Span, u64), (SocketAddr, bool, Vec<u8>)>,
    count: u64,
    random: Random,
}

impl Relay {
    fn turn(&mut self, now: Span) {
        while let Some((who, bytes)) = received(&self.front) {
            self.dialled.entry(who).or_insert_with(bound);
            self.put(0, who, &bytes, now);
        }
        let back =
            self.dialled.iter().flat_map(|(&who, socket)| std::iter::from_fn(move || Some((who, received(socket)?.1))));
        for (who, bytes) in back.collect::<Vec<_>>() {
            self.put(1, who, &bytes, now);
        }
        while let Some(entry) = self.under_way.first_entry().filter(|entry| entry.key().0 <= now) {
            let (who, forth, bytes) = entry.remove();
            // What the system refuses is lost, as on a radio.
            let _ = match self.dialled.get(&who) {
                Some(socket) if forth => socket.send_to(&bytes, self.listener),
                _ => self.front.send_to(&bytes, who),
            };
        }
    }

    fn put(&mut self, way: usize, who: SocketAddr, bytes: &[u8], now: Span) {
        for (due, bytes) in self.ways[way].carry(bytes, now, &mut self.random) {
            self.count += 1;
            self.under_way.insert((due, self.count), (who, way == 0, bytes));
        }
    }
}

fn bound() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback");
    socket.set_nonblocking(true).expect("a socket");
    socket
}

fn received(socket: &UdpSocket) -> Option<(SocketAddr, Vec<u8>)> {
    let mut buffer = [0; 65_536];
    loop {
        match socket.recv_from(&mut buffer) {
            Ok((length, who)) => return Some((who, buffer[..length].to_vec())),
            // Nobody listens there just now.
            Err(e) if e.kind() == ErrorKind::ConnectionRefused => {}
            Err(_) => return None,
        }
    }
}
