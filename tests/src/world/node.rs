//! One node of the world: a replica, tracks, where it stands, and what its console shows.

use std::collections::BTreeMap;

use fusion_core::label::{Clearance, Codes, Level};
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{NodeId, Origin, TrackId};
use proto::packet::item::StreamKey;
use proto::record::TrackRecord;
use proto::replica::{Change, Keys, LinkEvent, LinkId, Now, Refused, Replica, ReplicaConfig};
use proto::row::RowKey;

use super::fault::Fault;
use super::forger::Forger;
use super::random::Random;
use super::realm::{Realm, link_id};
use super::resident::{Resident, Sent, Site};
use super::tracks::{Target, close_label, codes, end, open_label};
use super::{Scan, Stage, oracle};

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
    /// Where it stands.
    pub site: Site,
    /// What it has to say.
    pub targets: Vec<Target>,
    /// Tracks that ended and are to be told.
    pub ending: Vec<Target>,
    /// What it shows.
    pub shown: Shown,
    /// Versions seen of each row in this life, and whether it was there at the last look.
    pub seen: BTreeMap<(StreamKey, RowKey), (u32, bool)>,
    /// Who sends in its place, if it was captured.
    pub forger: Option<Forger>,
    config: ReplicaConfig,
    keys: Keys,
    ordinal: u16,
}

impl SimNode {
    /// A node that runs.
    #[must_use]
    pub fn new(number: usize, close: bool, config: ReplicaConfig) -> Self {
        Self::with_keys(number, close, config, Keys::default())
    }

    /// A node that runs and has keys.
    #[must_use]
    pub fn with_keys(number: usize, close: bool, config: ReplicaConfig, keys: Keys) -> Self {
        let mut node = Self {
            id: Self::name(number),
            replica: None,
            site: Site::new(BEGIN, clearance(close)),
            targets: Vec::new(),
            ending: Vec::new(),
            shown: Shown::default(),
            seen: BTreeMap::new(),
            forger: None,
            config,
            keys,
            ordinal: 0,
        };
        node.site.layer = Some(1);
        node.start(Span::ZERO);
        node
    }

    /// Whose name a node of this number has.
    #[must_use]
    pub const fn name(number: usize) -> NodeId {
        NodeId(0x1000 + number as u64)
    }

    /// Who it is in this life.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        Origin { node: self.id, incarnation: self.site.incarnation }
    }

    /// Its two readings at a time of the world.
    #[must_use]
    pub fn now(&self, global: Span) -> Now {
        self.site.now(global)
    }

    /// One of its own tracks changed.
    pub fn publish(&mut self, record: &TrackRecord, now: Now) {
        if let Some(replica) = &mut self.replica {
            replica.handle_publish(record, None, now);
        }
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

impl Resident for SimNode {
    type Event = Scan;
    type Stage = Stage;
    const LOOK: Span = Span::from_secs(10);

    fn site(&self) -> &Site {
        &self.site
    }

    fn site_mut(&mut self) -> &mut Site {
        &mut self.site
    }

    fn replica(&self) -> Option<&Replica> {
        self.replica.as_ref()
    }

    fn start(&mut self, global: Span) -> bool {
        if self.replica.is_some() {
            return false;
        }
        self.site.start(global);
        let mut replica = Replica::new(self.origin(), self.config, self.now(global)).with_keys(&self.keys);
        replica.restore(self.site.disk.iter().map(Vec::as_slice));
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

    fn stop(&mut self, keep_disk: bool) {
        self.replica = None;
        self.site.stop(keep_disk);
    }

    fn handle_link(&mut self, link: LinkId, event: LinkEvent, now: Now) {
        if let Some(replica) = &mut self.replica {
            replica.handle_link(link, event, now);
        }
    }

    fn handle_packet(&mut self, link: LinkId, bytes: &[u8], now: Now) -> Result<(), Refused> {
        self.replica.as_mut().map_or(Ok(()), |replica| replica.handle_packet(link, bytes, now))
    }

    fn handle_wake(&mut self, _: &mut Stage, now: Now) {
        if let Some(replica) = &mut self.replica {
            replica.handle_timeout(now);
        }
    }

    fn poll_timeout(&self) -> Option<Span> {
        self.replica.as_ref()?.poll_timeout()
    }

    fn drain(&mut self, stage: &mut Stage) -> Vec<Sent> {
        let mut sent = Vec::new();
        let Some(replica) = &mut self.replica else { return sent };
        for link in self.site.neighbours.keys().map(|to| link_id(*to)) {
            while let Some(mut bytes) = replica.poll_transmit(link) {
                if let Some(forger) = &mut self.forger {
                    bytes = forger.tamper(replica, link, bytes, self.site.neighbours[&usize::from(link.0)]);
                }
                sent.push((link, bytes));
            }
        }
        while let Some(change) = replica.poll_change() {
            self.shown.handle_change(&change);
        }
        self.site.disk.extend(std::iter::from_fn(|| replica.poll_journal()));
        if stage.watched {
            stage.reference.note(replica);
        }
        sent
    }

    fn begin(realm: &mut Realm<Self>) {
        realm.begin_scans();
    }

    fn happen(realm: &mut Realm<Self>, event: Scan) {
        realm.scan(event);
    }

    fn inflict(realm: &mut Realm<Self>, fault: Fault) {
        realm.change_tracks(fault);
    }

    fn look_at(realm: &mut Realm<Self>, k: usize) {
        oracle::look_at(realm, k);
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
