//! One node of the world: a replica, tracks, a clock, a disk, and what its console shows.

use std::collections::BTreeMap;

use fusion_core::label::{Clearance, Codes, Level};
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{NodeId, Origin, TrackId};
use proto::packet::item::StreamKey;
use proto::record::TrackRecord;
use proto::replica::{Change, Now, Replica, ReplicaConfig};
use proto::row::RowKey;

use super::random::Random;
use super::tracks::{Target, close_label, codes, end, open_label};

/// When the world begins.
pub const BEGIN: Timestamp = Timestamp::from_secs(1_750_000_000);

/// What a console would show.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// Tracks by id.
    pub tracks: BTreeMap<TrackId, TrackRecord>,
}

impl Shown {
    /// Takes a change in.
    pub fn handle_change(&mut self, change: &Change) {
        match change {
            Change::Track { record, .. } => drop(self.tracks.insert(record.id, (**record).clone())),
            Change::Gone { id, .. } => drop(self.tracks.remove(id)),
            Change::Bearing { .. } | Change::Said { .. } => {}
        }
    }
}

/// A node.
pub struct SimNode {
    /// Its name.
    pub id: NodeId,
    /// Its replica, while it runs.
    pub replica: Option<Replica>,
    /// Counts its lives.
    pub incarnation: u32,
    /// What it may see.
    pub clearance: Clearance,
    /// How far its clock is ahead.
    pub clock_offset: Span,
    /// By how much its clock is faster, parts of one.
    pub drift: f64,
    /// What it has to say.
    pub targets: Vec<Target>,
    /// Tracks that ended and are to be told.
    pub ending: Vec<Target>,
    /// Its disk.
    pub disk: Vec<Vec<u8>>,
    /// What it shows.
    pub shown: Shown,
    /// Its neighbours, and the largest packet towards each.
    pub neighbours: BTreeMap<usize, usize>,
    /// When it is to be woken.
    pub wake_at: Option<Span>,
    /// The highest layer that it wants.
    pub layer: u8,
    /// What it believes of its links, as a share of the truth.
    pub hint: f64,
    /// Versions seen of each row in this life, and whether it was there at the last look.
    pub seen: BTreeMap<(StreamKey, RowKey), (u32, bool)>,
    config: ReplicaConfig,
    booted: Span,
    ordinal: u16,
}

impl SimNode {
    /// A node that runs.
    #[must_use]
    pub fn new(number: usize, close: bool, config: ReplicaConfig) -> Self {
        let mut node = Self {
            id: NodeId(0x1000 + number as u64),
            replica: None,
            incarnation: 100,
            clearance: clearance(close),
            clock_offset: Span::ZERO,
            drift: 0.0,
            targets: Vec::new(),
            ending: Vec::new(),
            disk: Vec::new(),
            shown: Shown::default(),
            neighbours: BTreeMap::new(),
            wake_at: None,
            layer: 1,
            hint: 1.0,
            seen: BTreeMap::new(),
            config,
            booted: Span::ZERO,
            ordinal: 0,
        };
        node.start(Span::ZERO);
        node
    }

    /// Who it is in this life.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        Origin { node: self.id, incarnation: self.incarnation }
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

    /// Ends a life.
    pub fn stop(&mut self, keep_disk: bool) {
        self.replica = None;
        self.wake_at = None;
        if !keep_disk {
            self.disk.clear();
        } else if self.disk.len() > 3 {
            // What was written last had not reached the disk.
            self.disk.truncate(self.disk.len() - 2);
        }
    }

    /// Begins a life; `false` if it lives.
    pub fn start(&mut self, global: Span) -> bool {
        if self.replica.is_some() {
            return false;
        }
        self.incarnation += 1;
        self.booted = global;
        let mut replica = Replica::new(self.origin(), self.config, self.now(global));
        replica.restore(self.disk.iter().map(Vec::as_slice));
        self.replica = Some(replica);
        self.shown = Shown::default();
        self.seen.clear();
        // Tracks are found anew, under new numbers: a tracker forgets.
        let time = self.now(global).validity;
        for target in &mut self.targets {
            self.ordinal += 1;
            target.number =
                fusion_core::track::TrackNumber::founding(time, fusion_core::measurement::SensorId(1), self.ordinal);
        }
        self.ending.clear();
        true
    }

    /// A new track.
    pub fn found(&mut self, global: Span, close: bool, random: &mut Random) {
        self.ordinal = self.ordinal.wrapping_add(1);
        let label = if close { close_label() } else { open_label() };
        self.targets.push(Target::found(self.now(global).validity, self.ordinal, label, random));
    }

    /// A track ends.
    pub fn end_one(&mut self, random: &mut Random) {
        if !self.targets.is_empty() {
            let which = random.index(self.targets.len());
            self.ending.push(self.targets.swap_remove(which));
        }
    }

    /// A track may be seen by others than before.
    pub fn relabel_one(&mut self, random: &mut Random) {
        if !self.targets.is_empty() {
            let which = random.index(self.targets.len());
            let target = &mut self.targets[which];
            target.label = if target.label == open_label() { close_label() } else { open_label() };
        }
    }

    /// Looks at all tracks: what there is to publish.
    pub fn scan(&mut self, global: Span, random: &mut Random) -> Vec<TrackRecord> {
        let (origin, time) = (self.origin(), self.now(global).validity);
        let mut records: Vec<TrackRecord> = self.ending.drain(..).map(|target| end(&target, origin, time)).collect();
        for target in &mut self.targets {
            target.advance(1.0, random);
            records.push(target.record(origin, time));
        }
        records
    }
}

/// What a node may see: everything, or what is open.
#[must_use]
pub fn clearance(close: bool) -> Clearance {
    let mut communities = codes("ALL");
    if close {
        assert!(communities.insert(fusion_core::label::Code::new("FEW").expect("a code")));
    }
    Clearance { level: if close { Level::Secret } else { Level::Unclassified }, communities, caveats: Codes::EMPTY }
}
