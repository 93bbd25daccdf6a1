//! A link of the simulated world between real sockets: datagrams that come in one side go out of the other when, and
//! if, the [`Channel`] says so.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use edge_node::clock::Clock;
use fusion_core::time::Span;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::world::channel::{Channel, Quality};
use crate::world::random::Random;

/// Stands between those who dial it and one listener.
pub struct Radio {
    address: SocketAddr,
    open: Arc<AtomicBool>,
    octets: Arc<Mutex<[f64; 2]>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Where a radio stands.
pub(super) struct Place {
    /// The namespace; without one, that of this process.
    pub space: Option<PathBuf>,
    /// Where it is dialled.
    pub front: SocketAddr,
    /// From where it speaks to the listener.
    pub back: IpAddr,
}

/// How often it looks what has come and what is due.
const TICK: Duration = Duration::from_millis(2);

impl Radio {
    /// On this machine's loopback, towards this listener, with this quality each way.
    #[must_use]
    pub fn new(listener: SocketAddr, quality: Quality, seed: u64) -> Self {
        let back = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Self::at(Place { space: None, front: (back, 0).into(), back }, listener, quality, seed)
    }

    /// The same elsewhere.
    pub(super) fn at(place: Place, listener: SocketAddr, quality: Quality, seed: u64) -> Self {
        let (open, stop) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        let octets = Arc::<Mutex<[f64; 2]>>::default();
        let (opened, told, stopped) = (Arc::clone(&open), Arc::clone(&octets), Arc::clone(&stop));
        let (stands, stood) = sync_channel(1);
        let thread = std::thread::spawn(move || {
            // A thread is in a namespace by itself, and so are the sockets that it makes.
            if let Some(space) = &place.space {
                let space = File::open(space).expect("the namespace was made");
                move_into_link_name_space(space.as_fd(), Some(LinkNameSpaceType::Network)).expect("root may");
            }
            let mut relay = Relay::new(&place, listener, quality, seed);
            stands.send(relay.front.local_addr().expect("bound")).expect("it is waited for");
            let clock = Clock::start();
            while !stopped.load(Ordering::Relaxed) {
                let now = Span::from_nanos(i64::try_from(clock.now().monotonic.0).expect("short"));
                relay.ways.iter_mut().for_each(|way| way.open = opened.load(Ordering::Relaxed));
                relay.turn(now);
                *told.lock().unwrap_or_else(PoisonError::into_inner) = relay.ways.each_ref().map(|way| way.octets);
                std::thread::sleep(TICK);
            }
        });
        let address = stood.recv().expect("it stands where it was put");
        Self { address, open, octets, stop, thread: Some(thread) }
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

    /// Octets that were given to it towards the listener, and back, with what carries them.
    #[must_use]
    pub fn octets(&self) -> [f64; 2] {
        *self.octets.lock().unwrap_or_else(PoisonError::into_inner)
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
    back: IpAddr,
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
    fn new(place: &Place, listener: SocketAddr, quality: Quality, seed: u64) -> Self {
        Self {
            front: bound(place.front),
            back: place.back,
            listener,
            dialled: BTreeMap::new(),
            ways: [Channel::new(quality), Channel::new(quality)],
            under_way: BTreeMap::new(),
            count: 0,
            random: Random::new(seed),
        }
    }

    fn turn(&mut self, now: Span) {
        while let Some((who, bytes)) = received(&self.front) {
            self.dialled.entry(who).or_insert_with(|| bound((self.back, 0).into()));
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

fn bound(at: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind(at).expect("an address of this place");
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
