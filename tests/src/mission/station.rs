//! A node of a mission: the whole node as the daemon runs it, with a clock that may be wrong, and a disk.

use std::collections::BTreeMap;

use edge_node::node::{Node, Output, node_id};
use edge_node::picture::SystemTrack;
use fusion_core::measurement::SensorId;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::Origin;
use proto::replica::{LinkId, Now, Replica, ReplicaConfig};

use super::ledger::Ledger;
use super::scene::Post;

/// When missions begin.
pub const BEGIN: Timestamp = Timestamp::from_secs(1_717_236_000);

/// A packet for a neighbour.
pub type Sent = (LinkId, Vec<u8>);

/// A node and what surrounds it.
pub struct Station {
    /// The node, while it runs.
    pub node: Option<Node>,
    /// What it is made from.
    pub post: Post,
    /// How far its clock is ahead.
    pub clock_offset: Span,
    /// By how much its clock is faster, parts of one.
    pub drift: f64,
    /// Its disk.
    pub disk: Vec<Vec<u8>>,
    /// Its neighbours, and the largest packet towards each.
    pub neighbours: BTreeMap<usize, usize>,
    /// When the mesh has asked to be woken.
    pub wake_at: Option<Span>,
    /// What came out of it, in all its lives.
    pub ledger: Ledger,
    config: ReplicaConfig,
    incarnation: u32,
    booted: Span,
}

impl Station {
    /// A node that runs.
    #[must_use]
    pub fn new(post: Post, config: ReplicaConfig) -> Self {
        let mut station = Self {
            node: None,
            post,
            clock_offset: Span::ZERO,
            drift: 0.0,
            disk: Vec::new(),
            neighbours: BTreeMap::new(),
            wake_at: None,
            ledger: Ledger::default(),
            config,
            incarnation: 100,
            booted: Span::ZERO,
        };
        station.start(Span::ZERO);
        station
    }

    /// Who it is in this life.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin { node: node_id(&self.post.config.node.name), incarnation: self.incarnation }
    }

    /// Its two readings at a time of the world.
    #[must_use]
    pub fn now(&self, global: Span) -> Now {
        let drifted = Span::from_secs_f64(global.as_secs_f64() * self.drift);
        Now { validity: BEGIN + global + self.clock_offset + drifted, elapsed: global - self.booted }
    }

    /// The time of the world of a monotonic reading.
    #[must_use]
    pub fn global(&self, elapsed: Span) -> Span {
        self.booted + elapsed
    }

    /// What it holds of all nodes' rows, while it runs.
    #[must_use]
    pub fn replica(&self) -> Option<&Replica> {
        self.node.as_ref()?.replica()
    }

    /// The entries of its picture, by number; none while it does not run.
    pub fn picture(&self) -> impl Iterator<Item = &SystemTrack> {
        self.node.iter().flat_map(Node::picture)
    }

    /// Ends a life.
    pub fn stop(&mut self, keep_disk: bool) {
        self.node = None;
        self.wake_at = None;
        if !keep_disk {
            self.disk.clear();
        } else if self.disk.len() > 3 {
            // What was written last had not reached the disk.
            self.disk.truncate(self.disk.len() - 2);
        }
    }

    /// Begins a life; `false` if it lives.
    ///
    /// # Panics
    /// If its configuration is not sound: a bug of the scene.
    pub fn start(&mut self, global: Span) -> bool {
        if self.node.is_some() {
            return false;
        }
        self.incarnation += 1;
        self.booted = global;
        let node = Node::new(&self.post.config, self.origin()).expect("a sound configuration");
        let mut node = node.with_mesh(self.config, self.now(global));
        node.restore(self.disk.iter().map(Vec::as_slice));
        self.node = Some(node);
        self.ledger.begin(self.origin());
        true
    }

    /// A sensor's bytes come in.
    pub fn hear(&mut self, sensor: usize, bytes: &[u8], global: Span) -> Vec<Sent> {
        let Some(place) = self.post.sensors.iter().position(|own| *own == sensor) else { return Vec::new() };
        let id = SensorId(u16::try_from(place).expect("a few sensors"));
        let now = self.now(global);
        let mut sent = self.pass_time(now, true);
        if let Some(node) = &mut self.node {
            node.handle_bytes(id, bytes, now.validity);
        }
        sent.extend(self.drain());
        sent
    }

    /// Time passes: for the mesh, and for sensors if they are there and time has begun for them.
    pub fn wait(&mut self, global: Span, sensing: bool) -> Vec<Sent> {
        let now = self.now(global);
        let begun = self.node.as_ref().is_some_and(|node| node.poll_timeout().is_some());
        self.pass_time(now, sensing && begun)
    }

    /// Something happens to the node, after the mesh's time has passed.
    pub fn act(&mut self, global: Span, act: impl FnOnce(&mut Node, Now)) -> Vec<Sent> {
        let now = self.now(global);
        if let Some(node) = &mut self.node {
            act(node, now);
        }
        self.drain()
    }

    fn pass_time(&mut self, now: Now, sensing: bool) -> Vec<Sent> {
        let mut sent = Vec::new();
        while let Some(due) = self.node.as_ref().filter(|_| sensing).and_then(|n| n.deadline_before(now.validity)) {
            if let Some(node) = &mut self.node {
                node.handle_timeout(due);
            }
            sent.extend(self.drain());
        }
        if let Some(node) = &mut self.node {
            node.handle_mesh_timeout(now);
        }
        sent.extend(self.drain());
        sent
    }

    fn drain(&mut self) -> Vec<Sent> {
        let mut sent = Vec::new();
        let Some(node) = &mut self.node else { return sent };
        while let Some(output) = node.poll() {
            match output {
                Output::Packet { link, bytes } => sent.push((link, bytes)),
                Output::Journal(entry) => self.disk.push(entry),
                Output::Record(record) => self.ledger.handle_record(&record),
                Output::Picture(change) => self.ledger.handle_change(&change),
                Output::Heard(_) => self.ledger.heard += 1,
                Output::Refused { .. } => self.ledger.refused += 1,
                Output::Bearing(_) | Output::Transmit { .. } => {}
            }
        }
        sent
    }
}
