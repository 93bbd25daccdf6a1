//! A simulated world of nodes and links in virtual time, from one seed.
//!
//! Each node is a [`Replica`](proto::replica::Replica) with tracks of its own, a clock that is wrong, and a disk; each
//! link is two [`channel`]s. A [`plan`] made from the seed cuts and heals links, stops and starts nodes, sets clocks,
//! ends tracks. Beside it stands a [`mod@reference`] that knows everything that was ever written, and oracles that
//! compare: during the run, and after it has come to rest. One line per event; the seed reproduces the run.

pub mod channel;
pub mod node;
pub mod oracle;
pub mod plan;
pub mod random;
pub mod reference;
pub mod tracks;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use fusion_core::time::Span;
use proto::replica::{Bearer, LinkEvent, LinkId};

use channel::{Channel, Quality};
use node::SimNode;
use plan::{Fault, Plan};
use random::Random;
use reference::Reference;

/// What is to happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A node has asked to be woken.
    Wake(usize),
    /// A node looks at its tracks.
    Scan(usize),
    /// A packet arrives over the link from the first node at the second.
    Arrive(usize, usize, Vec<u8>),
    /// The next of the plan.
    Fault,
    /// The oracles look.
    Look,
}

/// A world.
pub struct World {
    /// Time since its beginning.
    pub now: Span,
    /// The nodes.
    pub nodes: Vec<SimNode>,
    /// Channels by (from, to).
    pub channels: BTreeMap<(usize, usize), Channel>,
    /// Everything that was written.
    pub reference: Reference,
    /// Chance.
    pub random: Random,
    /// Lines told, if anybody listens.
    pub log: Option<Box<dyn FnMut(String)>>,
    /// Whether nodes look at their tracks.
    pub publishing: bool,
    /// What the oracles found.
    pub found: Vec<String>,
    /// Packets given to nodes that were refused, by reason.
    pub refused: BTreeMap<String, u64>,
    /// Whether the oracles look during the run.
    pub watched: bool,
    plan: Plan,
    events: BinaryHeap<Reverse<(Span, u64, Event)>>,
    count: u64,
}

/// How often the oracles look.
const LOOK: Span = Span::from_secs(10);

impl World {
    /// A world of nodes without links, which looks at itself if `watched`.
    #[must_use]
    pub fn new(nodes: Vec<SimNode>, plan: Plan, random: Random, watched: bool) -> Self {
        let mut world = Self {
            now: Span::ZERO,
            nodes,
            channels: BTreeMap::new(),
            reference: Reference::default(),
            random,
            log: None,
            publishing: true,
            found: Vec::new(),
            refused: BTreeMap::new(),
            watched,
            plan,
            events: BinaryHeap::new(),
            count: 0,
        };
        for k in 0..world.nodes.len() {
            let first = Span::from_secs_f64(world.random.between(0.0, 1.0));
            world.at(first, Event::Scan(k));
        }
        if watched {
            world.at(LOOK, Event::Look);
        }
        if let Some((first, _)) = world.plan.faults.front() {
            let first = *first;
            world.at(first, Event::Fault);
        }
        world
    }

    /// Links two nodes.
    pub fn link(&mut self, a: usize, b: usize, quality: Quality, mtu: usize) {
        for (from, to) in [(a, b), (b, a)] {
            self.channels.insert((from, to), Channel::new(quality));
            self.nodes[from].neighbours.insert(to, mtu);
        }
        self.raise(a, b);
        self.raise(b, a);
    }

    /// Runs until a time.
    pub fn run_until(&mut self, end: Span) {
        while let Some(Reverse((time, ..))) = self.events.peek() {
            if *time > end {
                break;
            }
            let Some(Reverse((time, _, event))) = self.events.pop() else { break };
            self.now = time;
            self.happen(event);
        }
        self.now = end;
    }

    /// Tells a line to whoever listens.
    pub fn tell(&mut self, line: impl FnOnce() -> String) {
        let now = self.now.as_secs_f64();
        if let Some(log) = &mut self.log {
            log(format!("{now:10.3} {}", line()));
        }
    }

    /// Tells a node that a link of its is up.
    pub fn raise(&mut self, node: usize, to: usize) {
        let Some(mtu) = self.nodes[node].neighbours.get(&to).copied() else { return };
        let Some(quality) = self.channels.get(&(node, to)).map(|channel| channel.quality) else { return };
        let bearer = Bearer {
            rate_hint: quality.rate / 8.0 * self.nodes[node].hint,
            mtu,
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some octets")]
            overhead: quality.overhead as usize,
            clearance: self.nodes[to].clearance,
            layer: self.nodes[node].layer,
        };
        self.with(node, |replica, now| replica.handle_link(link_id(to), LinkEvent::Up(bearer), now));
    }

    /// Tells a node that a link of its is down.
    pub fn lower(&mut self, node: usize, to: usize) {
        self.with(node, |replica, now| replica.handle_link(link_id(to), LinkEvent::Down, now));
    }

    fn at(&mut self, time: Span, event: Event) {
        self.count += 1;
        self.events.push(Reverse((time, self.count, event)));
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Wake(k) => {
                if self.nodes[k].wake_at.is_some_and(|at| at <= self.now) {
                    self.nodes[k].wake_at = None;
                    self.with(k, |replica, now| replica.handle_timeout(now));
                }
            }
            Event::Scan(k) => {
                self.at(self.now + tracks::SCAN, Event::Scan(k));
                if self.publishing {
                    self.scan(k);
                }
            }
            Event::Arrive(from, to, bytes) => self.arrive(from, to, &bytes),
            Event::Fault => self.next_fault(),
            Event::Look => {
                self.at(self.now + LOOK, Event::Look);
                oracle::look(self);
            }
        }
    }

    fn arrive(&mut self, from: usize, to: usize, bytes: &[u8]) {
        let mut refused = None;
        self.with(to, |replica, now| refused = replica.handle_packet(link_id(from), bytes, now).err());
        if let Some(refused) = refused {
            let name = format!("{refused:?}");
            let name = name.split('(').next().unwrap_or_default().to_owned();
            *self.refused.entry(name).or_default() += 1;
            self.tell(|| format!("n{to} refuses {} octets from n{from}: {refused}", bytes.len()));
        }
    }

    fn scan(&mut self, k: usize) {
        let node = &mut self.nodes[k];
        if node.replica.is_none() {
            return;
        }
        let records = node.scan(self.now, &mut self.random);
        for record in records {
            self.with(k, |replica, now| replica.handle_publish(&record, None, now));
        }
    }

    fn next_fault(&mut self) {
        let Some((_, fault)) = self.plan.faults.pop_front() else { return };
        if let Some((next, _)) = self.plan.faults.front() {
            let next = *next;
            self.at(next.max(self.now), Event::Fault);
        }
        self.tell(|| format!("{fault:?}"));
        self.inflict(fault);
    }

    /// Does something to the world.
    pub fn inflict(&mut self, fault: Fault) {
        match fault {
            Fault::Cut { from, to } => self.set_open(from, to, false),
            Fault::Heal { from, to } => self.set_open(from, to, true),
            Fault::Lower { node, to } => self.lower(node, to),
            Fault::Raise { node, to } => self.raise(node, to),
            Fault::Stop { node, keep_disk } => {
                oracle::look_at(self, node);
                self.nodes[node].stop(keep_disk);
            }
            Fault::Start { node } => self.start(node),
            Fault::Clock { node, offset_s } => self.nodes[node].clock_offset = Span::from_secs_f64(offset_s),
            Fault::Found { node, close } => self.nodes[node].found(self.now, close, &mut self.random),
            Fault::End { node } => self.nodes[node].end_one(&mut self.random),
            Fault::Relabel { node } => self.nodes[node].relabel_one(&mut self.random),
        }
    }

    fn set_open(&mut self, from: usize, to: usize, open: bool) {
        if let Some(channel) = self.channels.get_mut(&(from, to)) {
            channel.open = open;
        }
    }

    fn start(&mut self, k: usize) {
        if !self.nodes[k].start(self.now) {
            return;
        }
        let neighbours: Vec<usize> = self.nodes[k].neighbours.keys().copied().collect();
        for to in neighbours {
            self.raise(k, to);
        }
    }

    /// Does something with a node's replica, and then takes all that comes of it.
    pub fn with(&mut self, k: usize, act: impl FnOnce(&mut proto::replica::Replica, proto::replica::Now)) {
        let now = self.nodes[k].now(self.now);
        let Some(replica) = self.nodes[k].replica.as_mut() else { return };
        act(replica, now);
        self.drain(k);
    }

    fn drain(&mut self, k: usize) {
        let neighbours: Vec<usize> = self.nodes[k].neighbours.keys().copied().collect();
        for to in neighbours {
            while let Some(bytes) = self.nodes[k].replica.as_mut().and_then(|r| r.poll_transmit(link_id(to))) {
                self.send(k, to, &bytes);
            }
        }
        self.take_output(k);
        let Some(next) = self.nodes[k].replica.as_ref().and_then(|replica| replica.poll_timeout()) else { return };
        let next = self.nodes[k].global(next).max(self.now + Span::from_nanos(1000));
        if self.nodes[k].wake_at.is_none_or(|at| next < at) {
            self.nodes[k].wake_at = Some(next);
            self.at(next, Event::Wake(k));
        }
    }

    fn send(&mut self, from: usize, to: usize, bytes: &[u8]) {
        assert!(bytes.len() <= self.nodes[from].neighbours[&to].max(200), "a packet of {} octets", bytes.len());
        let Some(channel) = self.channels.get_mut(&(from, to)) else { return };
        for (time, bytes) in channel.carry(bytes, self.now, &mut self.random) {
            self.at(time, Event::Arrive(from, to, bytes));
        }
    }

    fn take_output(&mut self, k: usize) {
        let node = &mut self.nodes[k];
        let Some(replica) = node.replica.as_mut() else { return };
        while let Some(change) = replica.poll_change() {
            node.shown.handle_change(&change);
        }
        while let Some(entry) = replica.poll_journal() {
            node.disk.push(entry);
        }
        if self.watched {
            self.reference.note(replica);
        }
    }
}

/// The link to a node.
#[must_use]
pub fn link_id(to: usize) -> LinkId {
    LinkId(u16::try_from(to).expect("a few nodes"))
}
