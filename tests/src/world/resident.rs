//! What lives in a simulated world: a replica alone, or all that the daemon runs; and where it stands, with a clock
//! that may be wrong and a disk.

use std::collections::BTreeMap;

use fusion_core::label::Clearance;
use fusion_core::time::{Span, Timestamp};
use proto::replica::{LinkEvent, LinkId, Now, Refused, Replica};

use super::fault::Fault;
use super::realm::Realm;

/// A packet for a neighbour.
pub type Sent = (LinkId, Vec<u8>);

/// What a node has while it runs and while it does not.
#[derive(Clone, Debug)]
pub struct Site {
    /// How far its clock is ahead.
    pub clock_offset: Span,
    /// By how much its clock is faster, parts of one.
    pub drift: f64,
    /// Its disk.
    pub disk: Vec<Vec<u8>>,
    /// Its neighbours, and the largest packet towards each.
    pub neighbours: BTreeMap<usize, usize>,
    /// When it is to be woken.
    pub wake_at: Option<Span>,
    /// What it may see.
    pub clearance: Clearance,
    /// The highest layer of streams that it wants; without one, as profiles have it for links of that rate.
    pub layer: Option<u8>,
    /// What it believes of its links, as a share of the truth.
    pub hint: f64,
    /// Counts its lives.
    pub incarnation: u32,
    begin: Timestamp,
    booted: Span,
}

impl Site {
    /// A place in a world that begins at a time.
    #[must_use]
    pub const fn new(begin: Timestamp, clearance: Clearance) -> Self {
        Self {
            clock_offset: Span::ZERO,
            drift: 0.0,
            disk: Vec::new(),
            neighbours: BTreeMap::new(),
            wake_at: None,
            clearance,
            layer: None,
            hint: 1.0,
            incarnation: 100,
            begin,
            booted: Span::ZERO,
        }
    }

    /// Both readings of its clock at a time of the world.
    #[must_use]
    pub fn now(&self, global: Span) -> Now {
        let drifted = Span::from_secs_f64(global.as_secs_f64() * self.drift);
        Now { validity: self.begin + global + self.clock_offset + drifted, elapsed: global - self.booted }
    }

    /// The time of the world of a monotonic reading.
    #[must_use]
    pub fn global(&self, elapsed: Span) -> Span {
        self.booted + elapsed
    }

    /// A life begins.
    pub const fn start(&mut self, global: Span) {
        self.incarnation += 1;
        self.booted = global;
    }

    /// A life ends.
    pub fn stop(&mut self, keep_disk: bool) {
        self.wake_at = None;
        if !keep_disk {
            self.disk.clear();
        } else if self.disk.len() > 3 {
            // What was written last had not reached the disk.
            self.disk.truncate(self.disk.len() - 2);
        }
    }
}

/// A node as a world sees it.
pub trait Resident: Sized {
    /// What happens in such a world beside packets and faults.
    type Event: Clone + Ord;
    /// What its nodes have around them.
    type Stage;
    /// How often the oracles look.
    const LOOK: Span;

    /// Where it stands.
    fn site(&self) -> &Site;
    /// The same, to change it.
    fn site_mut(&mut self) -> &mut Site;
    /// What it holds of all nodes' rows, while it runs.
    fn replica(&self) -> Option<&Replica>;
    /// Begins a life; `false` if it lives.
    fn start(&mut self, global: Span) -> bool;
    /// Ends a life.
    fn stop(&mut self, keep_disk: bool);
    /// Its carrier tells of a link.
    fn handle_link(&mut self, link: LinkId, event: LinkEvent, now: Now);
    /// A packet comes.
    ///
    /// # Errors
    /// If it is refused and the node says so.
    fn handle_packet(&mut self, link: LinkId, bytes: &[u8], now: Now) -> Result<(), Refused>;
    /// It is woken.
    fn handle_wake(&mut self, stage: &mut Self::Stage, now: Now);
    /// When it wants to be woken, by its monotonic clock.
    fn poll_timeout(&self) -> Option<Span>;
    /// Takes all that came of what happened; the packets are handed out.
    fn drain(&mut self, stage: &mut Self::Stage) -> Vec<Sent>;

    /// A world begins.
    fn begin(realm: &mut Realm<Self>);
    /// Something of its own kind happens.
    fn happen(realm: &mut Realm<Self>, event: Self::Event);
    /// A fault that not every world knows; of those that this one does not know, nothing comes.
    fn inflict(realm: &mut Realm<Self>, fault: Fault);
    /// The oracles look at a node.
    fn look_at(realm: &mut Realm<Self>, k: usize);
}
