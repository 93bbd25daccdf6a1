//! Discrete events: nodes and links in virtual time, whatever the nodes are.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::rc::Rc;

use fusion_core::time::Span;
use proto::replica::{Bearer, LinkEvent, LinkId, Now};

use super::channel::{Channel, Quality};
use super::fault::{Fault, Plan};
use super::random::Random;
use super::resident::Resident;

/// Bits per second from which on profiles of links have two layers.
const FAST: f64 = 5e5;

/// What is to happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event<E> {
    /// A node has asked to be woken.
    Wake(usize),
    /// A packet arrives over the link from the first node at the second.
    Arrive(usize, usize, Vec<u8>),
    /// The next of the plan.
    Fault,
    /// The oracles look.
    Look,
    /// Something that happens in worlds of this kind only.
    Own(E),
}

/// When it happens, in which order among what happens then, what.
type Due<E> = (Span, u64, Event<E>);

/// Takes lines that a world tells.
pub type Log = Box<dyn FnMut(String)>;

/// A world of nodes of one kind.
pub struct Realm<R: Resident> {
    /// Time since its beginning.
    pub now: Span,
    /// The nodes.
    pub nodes: Vec<R>,
    /// What is around them.
    pub stage: R::Stage,
    /// Channels by (from, to).
    pub channels: BTreeMap<(usize, usize), Channel>,
    /// Chance.
    pub random: Random,
    /// Lines told, if anybody listens.
    pub log: Option<Log>,
    /// What the oracles found.
    pub found: Vec<String>,
    /// Packets given to nodes that were refused, by reason.
    pub refused: BTreeMap<String, u64>,
    plan: Plan,
    events: BinaryHeap<Reverse<Due<R::Event>>>,
    count: u64,
}

impl<R: Resident> Realm<R> {
    /// A world of nodes without links, which looks at itself if `watched`.
    #[must_use]
    pub fn begin(nodes: Vec<R>, stage: R::Stage, plan: Plan, random: Random, watched: bool) -> Self {
        let mut realm = Self {
            now: Span::ZERO,
            nodes,
            stage,
            channels: BTreeMap::new(),
            random,
            log: None,
            found: Vec::new(),
            refused: BTreeMap::new(),
            plan,
            events: BinaryHeap::new(),
            count: 0,
        };
        R::begin(&mut realm);
        if watched {
            realm.at(R::LOOK, Event::Look);
        }
        if let Some((first, _)) = realm.plan.faults.front() {
            let first = *first;
            realm.at(first, Event::Fault);
        }
        realm
    }

    /// Links two nodes.
    pub fn link(&mut self, a: usize, b: usize, quality: Quality, mtu: usize) {
        for (from, to) in [(a, b), (b, a)] {
            self.channels.insert((from, to), Channel::new(quality));
            self.nodes[from].site_mut().neighbours.insert(to, mtu);
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
        if let Some(log) = &mut self.log {
            let now = self.now.as_secs_f64();
            log(format!("{now:10.3} {}", line()));
        }
    }

    /// Notes what the oracles found at a node.
    pub fn note_found(&mut self, found: Vec<String>) {
        for line in found {
            self.tell(|| format!("FOUND {line}"));
            self.found.push(line);
        }
    }

    /// Tells a node that a link of its is up.
    pub fn raise(&mut self, node: usize, to: usize) {
        let site = self.nodes[node].site();
        let Some(mtu) = site.neighbours.get(&to).copied() else { return };
        let Some(quality) = self.channels.get(&(node, to)).map(|channel| channel.quality) else { return };
        let bearer = Bearer {
            rate_hint: quality.rate / 8.0 * site.hint,
            mtu,
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some octets")]
            overhead: quality.overhead as usize,
            clearance: self.nodes[to].site().clearance,
            layer: site.layer.unwrap_or_else(|| u8::from(quality.rate > FAST)),
        };
        self.with(node, |node, now| node.handle_link(link_id(to), LinkEvent::Up(bearer), now));
    }

    /// Tells a node that a link of its is down.
    pub fn lower(&mut self, node: usize, to: usize) {
        self.with(node, |node, now| node.handle_link(link_id(to), LinkEvent::Down, now));
    }

    /// Something of this kind of world is to happen.
    pub fn at_own(&mut self, time: Span, event: R::Event) {
        self.at(time, Event::Own(event));
    }

    fn at(&mut self, time: Span, event: Event<R::Event>) {
        self.count += 1;
        self.events.push(Reverse((time, self.count, event)));
    }

    fn happen(&mut self, event: Event<R::Event>) {
        match event {
            Event::Wake(k) => {
                if self.nodes[k].site().wake_at.is_some_and(|at| at <= self.now) {
                    self.nodes[k].site_mut().wake_at = None;
                    self.wake(k);
                }
            }
            Event::Arrive(from, to, bytes) => self.arrive(from, to, &bytes),
            Event::Fault => self.next_fault(),
            Event::Look => {
                self.at(self.now + R::LOOK, Event::Look);
                self.look();
            }
            Event::Own(event) => R::happen(self, event),
        }
    }

    /// The oracles look at every node.
    pub fn look(&mut self) {
        (0..self.nodes.len()).for_each(|k| R::look_at(self, k));
    }

    /// Lets time pass at a node.
    pub fn wake(&mut self, k: usize) {
        let now = self.nodes[k].site().now(self.now);
        if self.nodes[k].replica().is_some() {
            self.tell(|| format!("n{k} wakes"));
            self.nodes[k].handle_wake(&mut self.stage, now);
            self.drain(k);
        }
    }

    fn arrive(&mut self, from: usize, to: usize, bytes: &[u8]) {
        let octets = bytes.len();
        if self.nodes[to].replica().is_none() {
            self.tell(|| format!("n{to} does not run: {octets} octets from n{from} are lost"));
            return;
        }
        self.tell(|| format!("n{to} hears {octets} octets from n{from}"));
        let mut refused = None;
        self.with(to, |node, now| refused = node.handle_packet(link_id(from), bytes, now).err());
        if let Some(refused) = refused {
            let name = format!("{refused:?}");
            let name = name.split('(').next().unwrap_or_default().to_owned();
            *self.refused.entry(name).or_default() += 1;
            self.tell(|| format!("n{to} refuses {octets} octets from n{from}: {refused}"));
        }
    }

    fn next_fault(&mut self) {
        let Some((_, fault)) = self.plan.faults.pop_front() else { return };
        if let Some((next, _)) = self.plan.faults.front() {
            let next = (*next).max(self.now);
            self.at(next, Event::Fault);
        }
        self.inflict(fault);
    }

    /// Does something to the world.
    pub fn inflict(&mut self, fault: Fault) {
        self.tell(|| format!("{fault:?}"));
        match fault {
            Fault::Cut { from, to } => self.set_open(from, to, false),
            Fault::Heal { from, to } => self.set_open(from, to, true),
            Fault::Lower { node, to } => self.lower(node, to),
            Fault::Raise { node, to } => self.raise(node, to),
            Fault::Stop { node, keep_disk } => {
                R::look_at(self, node);
                self.nodes[node].stop(keep_disk);
            }
            Fault::Start { node } => self.start(node),
            Fault::Clock { node, offset_s } => {
                self.nodes[node].site_mut().clock_offset = Span::from_secs_f64(offset_s);
            }
            Fault::Delay { .. } | Fault::Found { .. } | Fault::End { .. } | Fault::Relabel { .. } => {
                R::inflict(self, fault);
            }
        }
    }

    /// Ends all faults: everything runs, every link carries, every clock is nearly right.
    pub fn end_faults(&mut self, offset_s: f64) {
        for node in 0..self.nodes.len() {
            if self.nodes[node].site().clock_offset.abs() > Span::from_secs(3) {
                self.inflict(Fault::Stop { node, keep_disk: true });
                self.inflict(Fault::Clock { node, offset_s });
            }
            self.inflict(Fault::Start { node });
        }
        let channels: Vec<(usize, usize)> = self.channels.keys().copied().collect();
        for (from, to) in channels {
            self.inflict(Fault::Heal { from, to });
            self.inflict(Fault::Lower { node: from, to });
            self.inflict(Fault::Raise { node: from, to });
        }
    }

    /// Runs in steps until it has come to rest, at most for so long; after how many seconds it had.
    pub fn come_to_rest(&mut self, step: Span, most: Span, is_at_rest: impl Fn(&Self) -> bool) -> Option<f64> {
        let from = self.now;
        while self.now - from < most {
            self.run_until(self.now + step);
            if is_at_rest(self) {
                return Some((self.now - from).as_secs_f64());
            }
        }
        None
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
        let neighbours: Vec<usize> = self.nodes[k].site().neighbours.keys().copied().collect();
        for to in neighbours {
            self.raise(k, to);
        }
    }

    /// Does something with a node that runs, and then takes all that comes of it.
    pub fn with(&mut self, k: usize, act: impl FnOnce(&mut R, Now)) {
        let now = self.nodes[k].site().now(self.now);
        if self.nodes[k].replica().is_some() {
            act(&mut self.nodes[k], now);
            self.drain(k);
        }
    }

    /// Puts packets on their links, and notes when the node wants to be woken.
    fn drain(&mut self, from: usize) {
        for (link, bytes) in self.nodes[from].drain(&mut self.stage) {
            let to = usize::from(link.0);
            let mtu = self.nodes[from].site().neighbours[&to];
            assert!(bytes.len() <= mtu.max(200), "a packet of {} octets", bytes.len());
            let Some(channel) = self.channels.get_mut(&(from, to)) else { continue };
            let (octets, is_open) = (bytes.len(), channel.open);
            let come = channel.carry(&bytes, self.now, &mut self.random);
            self.tell(|| format!("n{from} sends {octets} octets to n{to}"));
            if come.is_empty() {
                let way = if is_open { "on the way" } else { "where the link is cut" };
                self.tell(|| format!("{octets} octets from n{from} to n{to} are lost {way}"));
            }
            for (time, bytes) in come {
                self.at(time, Event::Arrive(from, to, bytes));
            }
        }
        let Some(next) = self.nodes[from].poll_timeout() else { return };
        let site = self.nodes[from].site_mut();
        let next = site.global(next).max(self.now + Span::from_nanos(1000));
        if site.wake_at.is_none_or(|at| next < at) {
            site.wake_at = Some(next);
            self.at(next, Event::Wake(from));
        }
    }

    /// How every node stands, for whoever has to find out why there is no rest.
    #[must_use]
    pub fn state(&self) -> Vec<String> {
        let of = |(k, node): (usize, &R)| {
            let replica = node.replica()?;
            let link = |to: &usize| {
                let id = link_id(*to);
                let (ready, waiting, rate) = (replica.is_ready(id), replica.waiting(id), replica.rate(id));
                format!("n{to}: ready {ready} waiting {waiting} rate {rate:?}")
            };
            let links: Vec<String> = node.site().neighbours.keys().map(link).collect();
            Some(format!("n{k} has {} rows; {}; {:?}", replica.table().len(), links.join(", "), replica.tally()))
        };
        self.nodes.iter().enumerate().filter_map(of).collect()
    }
}

/// What a run told.
pub fn lines<T>(run: impl FnOnce(Log) -> T) -> (T, Vec<String>) {
    let told = Rc::new(RefCell::new(Vec::new()));
    let listener = Rc::clone(&told);
    let outcome = run(Box::new(move |line| listener.borrow_mut().push(line)));
    (outcome, told.take())
}

/// The link to a node.
#[must_use]
pub fn link_id(to: usize) -> LinkId {
    LinkId(u16::try_from(to).expect("a few nodes"))
}
