//! Whole nodes in a simulated world, in virtual time, from one seed.
//!
//! Where [`world`](crate::world) torments replicas, this runs what the daemon runs: each node decodes the bytes of its
//! own simulated sensors, tracks, publishes and composes its picture; packets go over the same simulated links. A
//! [`plan`] cuts links, stops nodes, sets clocks, delays sensors; an [`oracle`] compares what nodes hold and show, and
//! [`against`] measures the picture by the truth. One line per event; the seed reproduces the run.

pub mod against;
pub mod ledger;
pub mod oracle;
pub mod plan;
pub mod scene;
pub mod station;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use edge_node::node::Node;
use fusion_core::time::Span;
use proto::replica::{Bearer, LinkEvent, LinkId, Now, ReplicaConfig};
use sensor_drivers::sim::{Emission, Simulation, TruthSample};

use crate::world::channel::{Channel, Quality};
use crate::world::random::Random;
use plan::Fault;
use scene::Scene;
use station::{BEGIN, Sent, Station};

/// What is to happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A sensor's bytes come to a node, after the delay of its line.
    Sense(usize, usize, Vec<u8>),
    /// The next emission of the simulation is due.
    Emit,
    /// A node lets time pass, as its loop does.
    Turn(usize),
    /// A node's mesh has asked to be woken.
    Wake(usize),
    /// A packet arrives over the link from the first node at the second.
    Arrive(usize, usize, Vec<u8>),
    /// The next of the plan.
    Fault,
    /// The oracle looks.
    Look,
}

/// A world of whole nodes.
pub struct Mission {
    /// Time since its beginning.
    pub now: Span,
    /// The nodes.
    pub stations: Vec<Station>,
    /// Channels by (from, to).
    pub channels: BTreeMap<(usize, usize), Channel>,
    /// Delay of the line of each sensor.
    pub delays: Vec<Span>,
    /// Chance.
    pub random: Random,
    /// Lines told, if anybody listens.
    pub log: Option<Box<dyn FnMut(String)>>,
    /// Whether sensors are heard and time passes for them.
    pub sensing: bool,
    /// What the oracle found.
    pub found: Vec<String>,
    faults: Vec<(Span, Fault)>,
    simulation: Simulation,
    next: Option<Emission>,
    events: BinaryHeap<Reverse<(Span, u64, Event)>>,
    count: u64,
}

/// How often a node's loop lets time pass when nothing comes.
const TURN: Span = Span::from_millis(125);

/// How often the oracle looks.
const LOOK: Span = Span::from_secs(5);

impl Mission {
    /// Nodes of a scene without links.
    ///
    /// # Panics
    /// If the scenario is not sound: a bug of the scene.
    #[must_use]
    pub fn new(scene: Scene, config: ReplicaConfig, mut faults: Vec<(Span, Fault)>, random: Random) -> Self {
        let seed = scene.scenario.seed;
        let delays = vec![Span::ZERO; scene.scenario.sensors.len()];
        let simulation = Simulation::new(scene.scenario, seed, BEGIN).expect("a sound scenario");
        faults.sort_by_key(|(time, _)| Reverse(*time));
        let mut mission = Self {
            now: Span::ZERO,
            stations: scene.posts.into_iter().map(|post| Station::new(post, config)).collect(),
            channels: BTreeMap::new(),
            delays,
            random,
            log: None,
            sensing: true,
            found: Vec::new(),
            faults,
            simulation,
            next: None,
            events: BinaryHeap::new(),
            count: 0,
        };
        mission.begin();
        mission
    }

    fn begin(&mut self) {
        for k in 0..self.stations.len() {
            let first = Span::from_secs_f64(self.random.between(0.0, 0.1));
            self.at(first, Event::Turn(k));
        }
        self.at(LOOK, Event::Look);
        self.fetch();
        if let Some((first, _)) = self.faults.last() {
            self.at(*first, Event::Fault);
        }
    }

    /// Links two nodes.
    pub fn link(&mut self, a: usize, b: usize, quality: Quality, mtu: usize) {
        for (from, to) in [(a, b), (b, a)] {
            self.channels.insert((from, to), Channel::new(quality));
            self.stations[from].neighbours.insert(to, mtu);
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

    /// Where everything truly is.
    #[must_use]
    pub fn truth(&self) -> Vec<TruthSample> {
        self.simulation.truth(BEGIN + self.now)
    }

    /// The simulation.
    #[must_use]
    pub const fn simulation(&self) -> &Simulation {
        &self.simulation
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
        let Some(mtu) = self.stations[node].neighbours.get(&to).copied() else { return };
        let Some(channel) = self.channels.get(&(node, to)) else { return };
        let bearer = Bearer {
            rate_hint: channel.quality.rate / 8.0,
            mtu,
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some octets")]
            overhead: channel.quality.overhead as usize,
            clearance: oracle::clearance(),
            layer: u8::from(channel.quality.rate > 5e5),
        };
        self.with(node, |node, now| node.handle_link(link_id(to), LinkEvent::Up(bearer), now));
    }

    /// Tells a node that a link of its is down.
    pub fn lower(&mut self, node: usize, to: usize) {
        self.with(node, |node, now| node.handle_link(link_id(to), LinkEvent::Down, now));
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
                oracle::look_at(self, node);
                self.stations[node].stop(keep_disk);
            }
            Fault::Start { node } => self.start(node),
            Fault::Clock { node, offset_s } => self.stations[node].clock_offset = Span::from_secs_f64(offset_s),
            Fault::Delay { sensor, delay_s } => self.delays[sensor] = Span::from_secs_f64(delay_s),
        }
    }

    fn set_open(&mut self, from: usize, to: usize, open: bool) {
        if let Some(channel) = self.channels.get_mut(&(from, to)) {
            channel.open = open;
        }
    }

    fn start(&mut self, k: usize) {
        if !self.stations[k].start(self.now) {
            return;
        }
        let neighbours: Vec<usize> = self.stations[k].neighbours.keys().copied().collect();
        for to in neighbours {
            self.raise(k, to);
        }
    }

    fn at(&mut self, time: Span, event: Event) {
        self.count += 1;
        self.events.push(Reverse((time, self.count, event)));
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Emit => self.emit(),
            Event::Sense(k, sensor, bytes) => {
                let sent = if self.sensing { self.stations[k].hear(sensor, &bytes, self.now) } else { Vec::new() };
                self.carry(k, sent);
            }
            Event::Turn(k) => {
                self.at(self.now + TURN, Event::Turn(k));
                self.wait(k);
            }
            Event::Wake(k) => {
                if self.stations[k].wake_at.is_some_and(|at| at <= self.now) {
                    self.stations[k].wake_at = None;
                    self.wait(k);
                }
            }
            Event::Arrive(from, to, bytes) => self.with(to, |node, now| node.handle_packet(link_id(from), &bytes, now)),
            Event::Fault => self.next_fault(),
            Event::Look => {
                self.at(self.now + LOOK, Event::Look);
                oracle::look(self);
            }
        }
    }

    /// Sends the emission that is due on its way, and fetches the next.
    fn emit(&mut self) {
        if let Some(emission) = self.next.take() {
            let heard = self.stations.iter().position(|station| station.post.sensors.contains(&emission.sensor));
            let comes = self.now + self.delays[emission.sensor];
            if let Some(k) = heard {
                self.at(comes, Event::Sense(k, emission.sensor, emission.bytes));
            }
        }
        self.fetch();
    }

    fn fetch(&mut self) {
        self.next = self.simulation.next_emission();
        if let Some(emission) = &self.next {
            let due = emission.time - BEGIN;
            self.at(due, Event::Emit);
        }
    }

    fn next_fault(&mut self) {
        let Some((_, fault)) = self.faults.pop() else { return };
        if let Some((next, _)) = self.faults.last() {
            let next = (*next).max(self.now);
            self.at(next, Event::Fault);
        }
        self.inflict(fault);
    }

    fn wait(&mut self, k: usize) {
        let sent = self.stations[k].wait(self.now, self.sensing);
        self.carry(k, sent);
    }

    fn with(&mut self, k: usize, act: impl FnOnce(&mut Node, Now)) {
        let sent = self.stations[k].act(self.now, act);
        self.carry(k, sent);
    }

    /// Puts packets on their links, and notes when the mesh wants to be woken.
    fn carry(&mut self, from: usize, sent: Vec<Sent>) {
        for (link, bytes) in sent {
            let to = usize::from(link.0);
            assert!(bytes.len() <= self.stations[from].neighbours[&to].max(200), "a packet of {} octets", bytes.len());
            let Some(channel) = self.channels.get_mut(&(from, to)) else { continue };
            for (time, bytes) in channel.carry(&bytes, self.now, &mut self.random) {
                self.at(time, Event::Arrive(from, to, bytes));
            }
        }
        self.plan_wake(from);
    }

    fn plan_wake(&mut self, k: usize) {
        let station = &mut self.stations[k];
        let Some(next) = station.node.as_ref().and_then(Node::poll_mesh_timeout) else { return };
        let next = station.global(next).max(self.now + Span::from_nanos(1000));
        if station.wake_at.is_none_or(|at| next < at) {
            station.wake_at = Some(next);
            self.at(next, Event::Wake(k));
        }
    }
}

/// The link to a node.
#[must_use]
pub fn link_id(to: usize) -> LinkId {
    LinkId(u16::try_from(to).expect("a few nodes"))
}
