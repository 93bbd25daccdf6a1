//! A node of a mission: the whole node as the daemon runs it.

use edge_node::node::{Node, Output, node_id};
use edge_node::picture::SystemTrack;
use fusion_core::measurement::SensorId;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::Origin;
use proto::replica::{LinkEvent, LinkId, Now, Refused, Replica, ReplicaConfig};

use super::ledger::Ledger;
use super::scene::Post;
use super::{Event, Mission, Stage, oracle};
use crate::world::fault::Fault;
use crate::world::resident::{Resident, Sent, Site};

/// When missions begin.
pub const BEGIN: Timestamp = Timestamp::from_secs(1_717_236_000);

/// A node and what surrounds it.
pub struct Station {
    /// The node, while it runs.
    pub node: Option<Node>,
    /// What it is made from.
    pub post: Post,
    /// Where it stands.
    pub site: Site,
    /// What came out of it, in all its lives.
    pub ledger: Ledger,
    config: ReplicaConfig,
    sent: Vec<Sent>,
}

impl Station {
    /// A node that runs.
    #[must_use]
    pub fn new(post: Post, config: ReplicaConfig) -> Self {
        let mut station = Self {
            node: None,
            post,
            site: Site::new(BEGIN, oracle::clearance()),
            ledger: Ledger::default(),
            config,
            sent: Vec::new(),
        };
        station.start(Span::ZERO);
        station
    }

    /// Who it is in this life.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin { node: node_id(&self.post.config.node.name), incarnation: self.site.incarnation }
    }

    /// The entries of its picture, by number; none while it does not run.
    pub fn picture(&self) -> impl Iterator<Item = &SystemTrack> {
        self.node.iter().flat_map(Node::picture)
    }

    /// A sensor's bytes come in.
    pub fn hear(&mut self, sensor: usize, bytes: &[u8], now: Now) {
        let Some(place) = self.post.sensors.iter().position(|own| *own == sensor) else { return };
        let id = SensorId(u16::try_from(place).expect("a few sensors"));
        self.pass_time(now, true);
        if let Some(node) = &mut self.node {
            node.handle_bytes(id, bytes, now.validity);
        }
    }

    /// Time passes: for the mesh, and for sensors if they are there.
    fn pass_time(&mut self, now: Now, sensing: bool) {
        while let Some(due) = self.node.as_ref().filter(|_| sensing).and_then(|n| n.deadline_before(now.validity)) {
            if let Some(node) = &mut self.node {
                node.handle_timeout(due);
            }
            self.take_output();
        }
        if let Some(node) = &mut self.node {
            node.handle_mesh_timeout(now);
        }
        self.take_output();
    }

    fn take_output(&mut self) {
        let Some(node) = &mut self.node else { return };
        while let Some(output) = node.poll() {
            match output {
                Output::Packet { link, bytes } => self.sent.push((link, bytes)),
                Output::Journal(entry) => self.site.disk.push(entry),
                Output::Record(record) => self.ledger.handle_record(&record),
                Output::Picture(change) => self.ledger.handle_change(&change),
                Output::Heard(_) => self.ledger.heard += 1,
                Output::Refused { .. } => self.ledger.refused += 1,
                Output::Bearing(_) | Output::Transmit { .. } => {}
            }
        }
    }
}

impl Resident for Station {
    type Event = Event;
    type Stage = Stage;
    const LOOK: Span = Span::from_secs(5);

    fn site(&self) -> &Site {
        &self.site
    }

    fn site_mut(&mut self) -> &mut Site {
        &mut self.site
    }

    fn replica(&self) -> Option<&Replica> {
        self.node.as_ref()?.replica()
    }

    fn start(&mut self, global: Span) -> bool {
        if self.node.is_some() {
            return false;
        }
        self.site.start(global);
        let node = Node::new(&self.post.config, self.origin()).expect("a sound configuration");
        let mut node = node.with_mesh(self.config, self.site.now(global));
        node.restore(self.site.disk.iter().map(Vec::as_slice));
        self.node = Some(node);
        self.ledger.begin(self.origin());
        true
    }

    fn stop(&mut self, keep_disk: bool) {
        self.node = None;
        self.site.stop(keep_disk);
    }

    fn handle_link(&mut self, link: LinkId, event: LinkEvent, now: Now) {
        if let Some(node) = &mut self.node {
            node.handle_link(link, event, now);
        }
    }

    fn handle_packet(&mut self, link: LinkId, bytes: &[u8], now: Now) -> Result<(), Refused> {
        let Some(node) = &mut self.node else { return Ok(()) };
        let taken = |node: &Node| node.replica().map(|replica| replica.tally().packets_taken);
        let before = taken(node);
        node.handle_packet(link, bytes, now);
        if taken(node) != before {
            return Ok(());
        }
        // The node counts what it refuses and keeps the reason to itself; a copy of its replica refuses it again.
        node.replica().cloned().map_or(Ok(()), |mut replica| replica.handle_packet(link, bytes, now))
    }

    fn handle_wake(&mut self, stage: &mut Stage, now: Now) {
        let begun = self.node.as_ref().is_some_and(|node| node.poll_timeout().is_some());
        self.pass_time(now, stage.sensing && begun);
    }

    fn poll_timeout(&self) -> Option<Span> {
        self.node.as_ref()?.poll_mesh_timeout()
    }

    fn drain(&mut self, _: &mut Stage) -> Vec<Sent> {
        self.take_output();
        core::mem::take(&mut self.sent)
    }

    fn begin(mission: &mut Mission) {
        mission.begin_turns();
    }

    fn happen(mission: &mut Mission, event: Event) {
        mission.handle_event(event);
    }

    fn inflict(mission: &mut Mission, fault: Fault) {
        mission.delay(fault);
    }

    fn look_at(mission: &mut Mission, k: usize) {
        oracle::look_at(mission, k);
    }
}
