//! Simulated worlds of nodes and links in virtual time, from one seed.
//!
//! A [`realm`] is such a world, whatever its nodes are: see [`resident::Resident`]. Here each is a
//! [`Replica`](proto::replica::Replica) alone, with tracks of its own; whole nodes are in [`mission`](crate::mission).
//! Each node has a clock that is wrong and a disk; each link is two [`channel`]s. A [`plan`] made from the seed says
//! what goes wrong, in the words of [`fault`]. Beside it stands a [`mod@reference`] that knows everything that was ever
//! written, and oracles that compare: during the run, and after it has come to rest. One line per event; the seed
//! reproduces the run.

pub mod channel;
pub mod fault;
pub mod forger;
pub mod keys;
pub mod node;
pub mod oracle;
pub mod plan;
pub mod random;
pub mod realm;
pub mod reference;
pub mod resident;
pub mod seeds;
pub mod tracks;

use fusion_core::time::Span;

use fault::{Fault, Plan};
use node::SimNode;
use random::Random;
use realm::Realm;
use reference::Reference;

/// A world of replicas.
pub type World = Realm<SimNode>;

/// What replicas have around them.
#[derive(Debug)]
pub struct Stage {
    /// Everything that was written.
    pub reference: Reference,
    /// Whether nodes look at their tracks.
    pub publishing: bool,
    watched: bool,
}

/// A node looks at its tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scan(usize);

impl World {
    /// A world of nodes without links, which looks at itself if `watched`.
    #[must_use]
    pub fn new(nodes: Vec<SimNode>, plan: Plan, random: Random, watched: bool) -> Self {
        let stage = Stage { reference: Reference::default(), publishing: true, watched };
        Self::begin(nodes, stage, plan, random, watched)
    }

    fn begin_scans(&mut self) {
        for k in 0..self.nodes.len() {
            let first = Span::from_secs_f64(self.random.between(0.0, 1.0));
            self.at_own(first, Scan(k));
        }
    }

    fn scan(&mut self, Scan(k): Scan) {
        self.at_own(self.now + tracks::SCAN, Scan(k));
        if !self.stage.publishing || self.nodes[k].replica.is_none() {
            return;
        }
        let records = self.nodes[k].scan(self.now, &mut self.random);
        for record in records {
            self.with(k, |node, now| node.publish(&record, now));
        }
    }

    fn change_tracks(&mut self, fault: Fault) {
        let (now, random) = (self.now, &mut self.random);
        if let Fault::Found { node, close } = fault {
            self.nodes[node].found(now, close, random);
        } else if let Fault::End { node } = fault {
            self.nodes[node].end_one(random);
        } else if let Fault::Relabel { node } = fault {
            self.nodes[node].relabel_one(random);
        }
    }
}
