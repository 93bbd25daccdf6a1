//! The replica: every row that a node holds, and how it comes to hold what its neighbours hold.
//!
//! Time and packets in, packets and changes out; no clock, no socket, no task. After every `handle_…` call `poll_…`
//! until `None`.
//!
//! Rows are grouped into *streams*: one writer, one label, one layer, versions counted together. A stream is given to a
//! neighbour whole or not at all, so that a *floor*, "every row of this stream up to this version is held", can be told
//! on and stays true. What a link owes is always a set of rows, never a queue of messages: what was lost, or never sent
//! during a cut, goes out as it is now. Rows are passed on as they came. Duplicates, loops and old news change nothing:
//! of each row the writer's own count decides.

pub mod change;
mod compose;
mod journal;
mod link;
mod outgoing;
mod pace;
pub mod papers;
mod pass;
mod porch;
pub mod proof;
mod receive;
pub mod registered;
mod sack;
mod schedule;
mod sealer;
pub mod table;
pub mod tally;
mod writer;

use std::collections::BTreeMap;

use fusion_core::label::Label;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{Origin, TrackId};

use crate::packet::PacketError;
use crate::packet::item::StreamKey;
use crate::record::TrackRecord;
use crate::row::{Assertion, Bearing, Registration, Row, RowKey};

pub use change::Change;
pub use journal::{KeptSummary, summary};
pub use link::{Bearer, LinkEvent};
pub use papers::{Identity, Keys};
pub use registered::Registered;
pub use tally::Tally;

use change::Changes;
use journal::Journal;
use link::Link;
use papers::Keyring;
use porch::Porch;
use sealer::Sealer;
use table::{Accepted, Table};
use writer::{Desk, Publication, Writer};

/// Links of a node at the most.
///
/// Counter: `Tally::links_full`. A further one is not used.
pub const LINKS_MAX: usize = 64;

/// Both readings of the clock, taken together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// UTC, for lifetimes.
    pub validity: Timestamp,
    /// Monotonic, for deadlines: since whenever.
    pub elapsed: Span,
}

/// A link of this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u16);

/// Whose rows count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signatures {
    /// All: neighbours are believed.
    #[default]
    Off,
    /// Those that their writers have signed, under passports of the mission's authority: [`Replica::with_keys`].
    Required,
}

/// What can be set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReplicaConfig {
    /// Rows of others held at the most. Beyond, new ones are refused and asked for again when there is room.
    pub rows_max: usize,
    /// Whether full covariances are written for neighbours on fast links.
    pub refine: bool,
    /// Whether rows are kept for the next life.
    pub journal: bool,
    /// A row is kept at most once in so long; what a person says, within half a second.
    pub keep_every: Span,
    /// A hash of what must be alike for two nodes to compose one picture: told in greetings.
    pub fingerprint: u64,
    /// Whose rows count.
    pub signatures: Signatures,
    /// A node that has a key writes and seals once in so long.
    pub seal_interval: Span,
    /// The smallest packet of any link in the mesh, in octets: a seal is to fit.
    pub seal_packet: usize,
}

impl Default for ReplicaConfig {
    fn default() -> Self {
        Self {
            rows_max: 65_536,
            refine: false,
            journal: false,
            keep_every: KEEP_EVERY,
            fingerprint: 0,
            signatures: Signatures::Off,
            seal_interval: Span::from_secs(1),
            seal_packet: 300,
        }
    }
}

/// Why a packet was refused. It is not acknowledged; whatever it told comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is no packet of ours.
    Packet(PacketError),
    /// A greeting that does not decode.
    Greeting,
    /// A greeting of this very node, or of an earlier life of the neighbour, or an earlier session.
    Stale,
    /// It belongs to another session.
    Strange,
    /// There is no such link, or it is down.
    NoLink,
    /// It names a stream that was not declared.
    Undeclared(u16),
    /// A difference from a row that is not held (any more).
    BaseUnknown,
    /// It declares more streams than there is room for.
    Full,
    /// It gives as ours what we never wrote.
    Forged,
    /// The neighbour's key does not count any more.
    Denied,
}

impl core::fmt::Display for Refused {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Packet(error) => error.fmt(f),
            Self::Greeting => f.write_str("a greeting that does not decode: is the neighbour of another version?"),
            Self::Stale => f.write_str("a greeting from the past, or from ourselves: is a link looped back?"),
            Self::Strange => f.write_str("a packet of another session: late, it will be sent again"),
            Self::NoLink => f.write_str("a packet on a link that is down or does not exist"),
            Self::Undeclared(index) => write!(f, "stream {index} was not declared: late, it will be sent again"),
            Self::BaseUnknown => f.write_str("a difference from a row that is not held: it will be sent whole"),
            Self::Full => {
                f.write_str("too many streams: raise STREAMS_MAX, or look for a node that restarts on and on")
            }
            Self::Forged => f.write_str("rows under this node's own name that it never wrote: are names unique?"),
            Self::Denied => {
                f.write_str("its key is on the deny-list: enrol it anew with new keys, if it may come back")
            }
        }
    }
}

impl core::error::Error for Refused {}

/// The replica of one node.
#[derive(Clone, Debug)]
pub struct Replica {
    me: Origin,
    config: ReplicaConfig,
    now: Now,
    table: Table,
    writer: Writer,
    links: BTreeMap<LinkId, Link>,
    porch: Porch,
    keyring: Keyring,
    sealer: Option<Sealer>,
    changes: Changes,
    journal: Journal,
    tally: Tally,
    tick_at: Span,
    /// When the look at what grows old goes on, if a tick did not come to its end.
    ageing_at: Option<Span>,
    /// The link that went on last with what concerns many rows.
    served: LinkId,
}

/// How often floors are told, lifetimes are looked at and own rows are refreshed.
const TICK: Span = Span::from_secs(1);

/// Between two looks at what grows old, where there is very much: two thousand rows a second.
const AGEING_PAUSE: Span = Span::from_millis(50);

/// What a power cut takes from the journal at the most; neighbours have it still.
pub const KEEP_EVERY: Span = Span::from_secs(15);

/// Octets of a row that waits, between a whole one and a difference.
const ROW_BYTES: f64 = 20.0;

impl Replica {
    /// A replica of a node in this life, which no earlier one had.
    #[must_use]
    pub fn new(me: Origin, config: ReplicaConfig, now: Now) -> Self {
        Self {
            me,
            config,
            now,
            table: Table::new(me, config.rows_max, now.validity),
            writer: Writer::default(),
            links: BTreeMap::new(),
            porch: Porch::default(),
            keyring: Keyring::default(),
            sealer: None,
            changes: Changes::default(),
            journal: Journal::default(),
            tally: Tally::default(),
            tick_at: now.elapsed,
            ageing_at: None,
            served: LinkId(0),
        }
    }

    /// With keys: it seals what it writes, if it has an identity, and knows an authority. To be said before anything
    /// is told or restored.
    #[must_use]
    pub fn with_keys(mut self, keys: &Keys) -> Self {
        let (interval, packet) = (self.config.seal_interval, self.config.seal_packet);
        self.sealer = keys.identity.as_ref().map(|own| Sealer::new(own.signing_key.clone(), interval, packet));
        self.keyring = Keyring::new(keys);
        self
    }

    /// One of this node's own tracks changed; `claim` is the system track that it is taken for. Writes rows if
    /// neighbours would otherwise be wrong by more than the gate.
    pub fn handle_publish(&mut self, record: &TrackRecord, claim: Option<TrackId>, now: Now) {
        self.now = now;
        let gate = crate::row::gate::GateWidth::for_load(self.load(), self.is_fast());
        let publication = Publication { record, claim, gate, refine: self.config.refine };
        self.write(record.estimate.time, |writer, desk| writer.publish(publication, desk));
    }

    /// A line of bearing was heard: the latest of this sensor and emitter stands for all before.
    pub fn handle_bearing(&mut self, bearing: Bearing, time: Timestamp, label: Label, now: Now) {
        self.now = now;
        self.write(time, |writer, desk| writer.bearing(bearing, &label, desk));
    }

    /// A person at this node said something of a track.
    pub fn handle_assertion(&mut self, assertion: Assertion, label: Label, now: Now) {
        self.now = now;
        self.write(now.validity, |writer, desk| writer.assertion(assertion, &label, desk));
    }

    /// What one of this node's sensors is known to be off by. Told again while the node lives.
    pub fn handle_registration(&mut self, sensor: &str, registration: Registration, label: Label, now: Now) {
        self.now = now;
        self.write(now.validity, |writer, desk| writer.registration(sensor, registration, &label, desk));
    }

    /// This node has a sensor. To be told of each when a life begins: whoever holds rows of the last one learns from
    /// the name, which is passed on as any row is, that they are over, though nothing may be seen yet.
    pub fn handle_sensor(&mut self, sensor: &str, label: Label, now: Now) {
        self.now = now;
        self.write(now.validity, |writer, desk| writer.introduce(sensor, &label, desk));
    }

    /// What happened to a link.
    pub fn handle_link(&mut self, id: LinkId, event: LinkEvent, now: Now) {
        self.now = now;
        if !self.links.contains_key(&id) && self.links.len() >= LINKS_MAX {
            self.tally.links_full += 1;
            return;
        }
        let (me, elapsed) = (self.me, now.elapsed);
        let link = self.links.entry(id).or_insert_with(|| Link::new(me.incarnation, elapsed));
        match event {
            LinkEvent::Up(bearer) => link.handle_up(bearer, now.elapsed),
            LinkEvent::Down => {
                link.handle_down();
                self.graft_elsewhere(id);
            }
        }
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Now) {
        self.now = now;
        self.give_up_lost();
        self.go_on();
        self.changes.go_on(&self.table);
        let is_tick = now.elapsed >= self.tick_at;
        if is_tick {
            self.tick_at = now.elapsed + TICK;
            self.journal.go_on(&self.table);
            self.ask_again_where_incomplete();
            self.tidy_porch();
        }
        if self.sealer.as_ref().and_then(Sealer::due).is_some_and(|due| now.elapsed >= due) {
            self.write(now.validity, |_, desk| desk.commit(now.elapsed));
        }
        if is_tick || self.ageing_at.is_some_and(|at| now.elapsed >= at) {
            let more_ends = self.expire();
            let more_old = self.write(now.validity, |writer, desk| writer.refresh(desk));
            self.ageing_at = (more_ends || more_old).then(|| now.elapsed + AGEING_PAUSE);
        }
    }

    /// When time has to pass next, on the monotonic clock.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Span> {
        let links = self.links.values().filter_map(|link| self.link_timeout(link));
        let naming = self.changes.has_more().then(|| self.now.elapsed + pass::SLICE_PAUSE);
        let sealing = self.sealer.as_ref().and_then(Sealer::due);
        links.chain([self.tick_at]).chain(self.ageing_at).chain(naming).chain(sealing).min()
    }

    /// What has changed for consoles and the picture.
    #[must_use]
    pub fn poll_change(&mut self) -> Option<Change> {
        self.changes.poll(&self.table)
    }

    /// What is to be kept for the next life.
    #[must_use]
    pub fn poll_journal(&mut self) -> Option<Vec<u8>> {
        self.journal.poll(&self.table, self.me, self.now.elapsed)
    }

    /// What waits to be kept is kept now: the node is about to stop.
    pub fn keep_now(&mut self) {
        let Now { validity, elapsed } = self.now;
        if self.sealer.as_ref().is_some_and(|sealer| sealer.due().is_some()) {
            self.write(validity, |_, desk| desk.commit(elapsed));
        }
        self.journal.hasten();
    }

    /// Begins to keep every row anew, some with each second: what was kept before is needed no longer once
    /// [`Replica::is_keeping_all`] says that it is done.
    pub fn keep_all(&mut self) {
        if self.config.journal {
            self.journal.begin_sweep(self.keyring.papers());
            self.journal.go_on(&self.table);
        }
    }

    /// Whether rows are still being kept anew.
    #[must_use]
    pub fn is_keeping_all(&self) -> bool {
        self.journal.is_sweeping()
    }

    /// What a former life kept, in the order in which it was kept. What does not decode ends it.
    pub fn restore<'a>(&mut self, entries: impl Iterator<Item = &'a [u8]>) -> usize {
        let restored = entries.map_while(|entry| self.restore_entry(entry, true)).sum();
        self.go_on_from_restored();
        restored
    }

    /// Likewise where something may be missing before or between entries: rows are good wherever they stand, how far a
    /// stream was held is not believed. What does not decode is passed over.
    pub fn restore_rows<'a>(&mut self, entries: impl Iterator<Item = &'a [u8]>) -> usize {
        let restored = entries.filter_map(|entry| self.restore_entry(entry, false)).sum();
        self.go_on_from_restored();
        restored
    }

    fn restore_entry(&mut self, entry: &[u8], floors: bool) -> Option<usize> {
        if let Some(paper) = journal::paper(entry) {
            // What is of another mission's authority is passed over.
            self.restore_paper(paper.kind, &paper.octets);
            return Some(0);
        }
        let rows = journal::restore(entry, floors, self.me, &mut self.table, self.now.validity)?;
        rows.iter().for_each(|(stream, key)| self.changes.note(*stream, *key));
        Some(rows.len())
    }

    fn go_on_from_restored(&mut self) {
        if self.config.signatures == Signatures::Required {
            self.porch.rebuild(&self.table);
        }
        self.say_again();
    }

    /// What persons said at this node in former lives they say in this one: rows of former lives go.
    fn say_again(&mut self) {
        for (assertion, label, time) in journal::said_formerly(&self.table, self.me) {
            self.write(time, |writer, desk| writer.assertion_again(assertion, &label, desk));
        }
    }

    /// The share of what the busiest link can carry in two seconds that is waiting: what the gate widens with.
    #[must_use]
    pub fn load(&self) -> f64 {
        let open = self.links.values().filter(|link| link.ready);
        #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
        let octets = |link: &Link| ROW_BYTES * link.waiting() as f64;
        open.map(|link| octets(link) / (2.0 * link.pace.rate())).fold(0.0, f64::max)
    }

    /// Whether there are neighbours, and the links to all of them carry the upper layer.
    fn is_fast(&self) -> bool {
        let mut open = self.links.values().filter(|link| link.ready).peekable();
        open.peek().is_some() && open.all(|link| link.layer() > 0)
    }

    /// Has rows of our own written into the table, and tells them on.
    fn write<T>(&mut self, now: Timestamp, act: impl FnOnce(&mut Writer, &mut Desk<'_>) -> T) -> T {
        let (table, tally, me) = (&mut self.table, &mut self.tally, self.me);
        let mut desk = Desk { table, tally, me, now, written: Vec::new(), sealer: self.sealer.as_mut() };
        let result = act(&mut self.writer, &mut desk);
        let written = desk.written;
        if let Some(sealer) = &mut self.sealer {
            sealer.arrange(self.now.elapsed, self.now.validity);
        }
        for (stream, key, version, ended) in written {
            self.tally.rows_written += 1;
            self.spread(None, stream, key, version, version, &ended);
        }
        result
    }

    /// A row in the table is new: others are to be told, consoles too.
    fn spread(
        &mut self,
        from: Option<LinkId>,
        stream: StreamKey,
        key: RowKey,
        version: u32,
        lacking: u32,
        ended: &[RowKey],
    ) {
        let Some(open) = self.table.stream(stream) else { return };
        for (id, link) in self.links.iter_mut().filter(|(_, link)| link.ready) {
            let now = self.now.elapsed;
            let Some(outgoing) = link.outgoing(stream, open, now) else {
                self.tally.indexes_full += u64::from(link.is_full());
                continue;
            };
            ended.iter().for_each(|key| outgoing.handle_removed(*key));
            if from == Some(*id) {
                outgoing.handle_acked(key, version, Some(version));
            } else {
                outgoing.handle_changed(key, version, lacking, now);
                link.plan.stale = true;
            }
        }
        self.changes.note(stream, key);
        ended.iter().for_each(|key| self.changes.note(stream, *key));
        if self.config.journal {
            let when = (self.now.elapsed, self.config.keep_every);
            self.journal.note(stream, key, when, &mut self.tally);
        }
    }

    /// Takes in a row that a neighbour sent; `false` if there was no room.
    fn take_row(&mut self, from: LinkId, stream: StreamKey, row: Row) -> bool {
        let (key, version) = (row.key, row.version);
        let accepted = self.table.accept(stream, row, self.now.validity);
        match &accepted {
            Accepted::New { lacking, ended } => {
                self.tally.rows_taken += 1;
                self.spread(Some(from), stream, key, version, *lacking, ended);
                return true;
            }
            Accepted::Same => self.note_doubled(from, stream),
            Accepted::Older => self.tally.rows_older += 1,
            Accepted::Expired => self.tally.rows_expired += 1,
            Accepted::Full => self.tally.rows_full += 1,
        }
        let current = self.table.row(stream, key).map(|held| held.version);
        let outgoing = self.links.get_mut(&from).and_then(|link| link.streams.get_mut(&stream));
        if let Some(outgoing) = outgoing {
            outgoing.handle_acked(key, version, current);
        }
        accepted != Accepted::Full
    }

    /// Lets go some of what has outlived its lifetime; returns whether there is more.
    fn expire(&mut self) -> bool {
        let (links, changes) = (&mut self.links, &mut self.changes);
        let more = self.table.expire(self.now.validity, |stream, key| {
            for outgoing in links.values_mut().filter_map(|link| link.streams.get_mut(&stream)) {
                outgoing.handle_removed(key);
            }
            changes.note(stream, key);
        });
        for closed in self.table.close_empty() {
            self.links.values_mut().for_each(|link| link.handle_closed(closed));
            self.porch.close(closed);
        }
        more
    }
}

/// Reading what a replica holds.
impl Replica {
    /// Who this node is.
    #[must_use]
    pub const fn me(&self) -> Origin {
        self.me
    }

    /// All rows, by stream.
    #[must_use]
    pub const fn table(&self) -> &Table {
        &self.table
    }

    /// Counters.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// All links that there ever were, up or down.
    pub fn links(&self) -> impl Iterator<Item = LinkId> {
        self.links.keys().copied()
    }

    /// Whether a link has a session and both sides have told what they hold.
    #[must_use]
    pub fn is_ready(&self, id: LinkId) -> bool {
        self.links.get(&id).is_some_and(|link| link.ready)
    }

    /// How much the neighbour of a link is still to be told, in rows.
    #[must_use]
    pub fn waiting(&self, id: LinkId) -> usize {
        self.links.get(&id).map_or(0, Link::waiting)
    }

    /// What is remembered beside the table, in entries: for the bound on memory.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.links.values().flat_map(|link| link.streams.values().map(outgoing::Outgoing::len)).sum()
    }

    /// How often the neighbour of a link brought what nobody wrote.
    #[must_use]
    pub fn forged(&self, id: LinkId) -> u64 {
        self.links.get(&id).map_or(0, |link| link.forged)
    }

    /// How many rows are held that a neighbour may not have, because their label does not permit it; `None` while it is
    /// not there.
    #[must_use]
    pub fn withheld(&self, id: LinkId) -> Option<usize> {
        let bearer = self.links.get(&id).filter(|link| link.is_open())?.bearer?;
        let denied = self.table.streams().filter(|(_, stream)| !stream.label.permits(&bearer.clearance));
        Some(denied.map(|(_, stream)| stream.len()).sum())
    }

    /// How many rows wait for their seals.
    #[must_use]
    pub fn unsealed(&self) -> usize {
        self.porch.len()
    }

    /// What a link is measured to carry, bytes per second.
    #[must_use]
    pub fn rate(&self, id: LinkId) -> Option<f64> {
        self.links.get(&id).filter(|link| link.is_open()).map(|link| link.pace.rate())
    }

    /// The least that the neighbour's clock was seen ahead of ours, in milliseconds: it and the delay together.
    /// Informs; orders nothing.
    #[must_use]
    pub fn clock_ahead_ms(&self, id: LinkId) -> Option<i64> {
        self.links.get(&id)?.clock_ahead_ms
    }

    /// What is held of all nodes' sensors' errors, this node's too, by stream.
    pub fn registered(&self) -> impl Iterator<Item = Registered> {
        registered::registered(&self.table)
    }

    /// What all who said something of a track say together.
    #[must_use]
    pub fn said_of(&self, subject: TrackId) -> crate::row::assertion::Said {
        change::said(&self.table, subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Body;
    use crate::row::assertion::Hybrid;
    use fusion_core::angle::Angle;
    use fusion_core::geodesy::Geodetic;
    use fusion_core::label::{Clearance, Code, Codes, Level};
    use fusion_core::track::NodeId;

    fn all() -> Codes {
        let mut codes = Codes::EMPTY;
        assert!(codes.insert(Code::new("ALL").expect("a code")));
        codes
    }

    fn open() -> Label {
        let (level, releasable_to) = (Level::Unclassified, all());
        Label { level, releasable_to, caveats: Codes::EMPTY, originators: Codes::EMPTY }
    }

    fn at(millis: i64) -> Now {
        let elapsed = Span::from_millis(millis);
        Now { validity: Timestamp::from_secs(1_750_000_000) + elapsed, elapsed }
    }

    fn node(node: u64, incarnation: u32, now: Now) -> Replica {
        Replica::new(Origin { node: NodeId(node), incarnation }, ReplicaConfig::default(), now)
    }

    fn up() -> LinkEvent {
        let clearance = Clearance { level: Level::Unclassified, communities: all(), caveats: Codes::EMPTY };
        LinkEvent::Up(Bearer { rate_hint: 1e5, mtu: 1400, overhead: 41, clearance, layer: 0 })
    }

    /// Links 0 and 1 of each lead to the one before and the one behind it in the line; packets take no time.
    fn run(line: &mut [Replica], millis: core::ops::Range<i64>) {
        for now in millis.step_by(50).map(at) {
            for k in 0..line.len() {
                line[k].handle_timeout(now);
                for (link, to) in [(0, k.checked_sub(1)), (1, Some(k + 1))] {
                    while let Some(bytes) = line[k].poll_transmit(LinkId(link)) {
                        if let Some(there) = to.and_then(|to| line.get_mut(to)) {
                            let _ = there.handle_packet(LinkId(1 - link), &bytes, now);
                        }
                    }
                }
            }
        }
    }

    fn line_heard() -> Bearing {
        let from = Geodetic::from_degrees(52.0, 20.0, 0.0).expect("plausible");
        Bearing::new(from, Angle::from_degrees(40.0), 0.02, 1, 1)
    }

    /// Mission 143: behind a relay, what the last life had said stayed for its whole lifetime.
    #[test]
    fn a_life_that_has_seen_nothing_yet_ends_the_last_one_behind_relays_too() {
        let mut line = [node(1, 1, at(0)), node(2, 1, at(0)), node(3, 1, at(0))];
        line[0].handle_bearing(line_heard(), at(0).validity, open(), at(0));
        for (k, link) in [(0, 1), (1, 0), (1, 1), (2, 0)] {
            line[k].handle_link(LinkId(link), up(), at(0));
        }
        run(&mut line, 0..5_000);
        let lives = |replica: &Replica| -> Vec<u32> {
            let of = |(key, stream): (StreamKey, &table::Stream)| {
                stream.rows().next().filter(|_| key.origin.node == NodeId(1)).map(|_| key.origin.incarnation)
            };
            replica.table().streams().filter_map(of).collect()
        };
        assert_eq!(lives(&line[2]), [1]);
        line[0] = node(1, 2, at(5_000));
        line[0].handle_sensor("radar", open(), at(5_000));
        line[0].handle_link(LinkId(1), up(), at(5_000));
        line[1].handle_link(LinkId(0), LinkEvent::Down, at(5_000));
        line[1].handle_link(LinkId(0), up(), at(5_000));
        run(&mut line, 5_000..70_000);
        assert_eq!((lives(&line[1]), lives(&line[2])), (vec![2], vec![2]));
    }

    #[test]
    fn very_much_that_ends_at_once_goes_in_slices_and_all_of_it() {
        let mut replica = node(1, 1, at(0));
        for emitter in 0..250 {
            for sensor in 0..4 {
                let mut line = line_heard();
                (line.emitter, line.sensor) = (emitter, sensor);
                replica.handle_bearing(line, at(0).validity, open(), at(0));
            }
        }
        let (mut now, mut before) = (at(121_000), replica.table().len());
        assert_eq!(before, 1_000);
        while before > 0 {
            replica.handle_timeout(now);
            let after = replica.table().len();
            assert!(after < before && before - after <= 128, "{before} {after}");
            before = after;
            now = Now { elapsed: replica.poll_timeout().expect("a tick at the least"), ..now };
        }
        assert!(now.elapsed <= at(122_000).elapsed, "before the next tick");
    }

    #[test]
    fn what_is_alive_is_told_again_in_time_though_one_call_looks_at_little() {
        let mut replica = node(1, 1, at(0));
        (0..60).for_each(|k| replica.handle_sensor(&format!("radar {k}"), open(), at(0)));
        for number in 0..1_000_u64 {
            let subject = TrackId { origin: replica.me(), number: fusion_core::track::TrackNumber(number) };
            let said = crate::row::assertion::Hybrid(0);
            let said = Assertion { subject, said, affiliation: None, remark: None, by: None };
            replica.handle_assertion(said, open(), at(0));
        }
        let mut now = at(0);
        while now.elapsed < at(700_000).elapsed {
            let written = replica.tally().rows_written;
            replica.handle_timeout(now);
            assert!(replica.tally().rows_written - written <= 128);
            let due = replica.poll_timeout().expect("a tick at the least").max(now.elapsed);
            now = Now { validity: now.validity + (due - now.elapsed), elapsed: due };
        }
        let names = replica.table().streams().flat_map(|(_, stream)| stream.rows_of(crate::row::Kind::Sensor));
        let fresh =
            |held: &table::Held| matches!(held.body, Body::Sensor(_)) && held.tick.time() > at(590_000).validity;
        assert_eq!(names.filter(|(_, held)| fresh(held)).count(), 60);
    }

    fn keeping(incarnation: u32) -> Replica {
        let config = ReplicaConfig { journal: true, ..ReplicaConfig::default() };
        Replica::new(Origin { node: NodeId(2), incarnation }, config, at(0))
    }

    fn kept(replica: &mut Replica) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| replica.poll_journal()).collect()
    }

    fn floors(replica: &Replica) -> Vec<u32> {
        replica.table().streams().filter(|(key, _)| key.origin.node == NodeId(1)).map(|(_, s)| s.floor).collect()
    }

    /// A node that keeps what another one said, and entries with all of it.
    fn heard_and_kept() -> (Vec<Replica>, Vec<Vec<u8>>) {
        let mut pair = vec![node(1, 1, at(0)), keeping(1)];
        pair[0].handle_bearing(line_heard(), at(0).validity, open(), at(0));
        pair[0].handle_link(LinkId(1), up(), at(0));
        pair[1].handle_link(LinkId(0), up(), at(0));
        run(&mut pair, 0..5_000);
        assert_eq!(kept(&mut pair[1]), Vec::<Vec<u8>>::new(), "rows wait until others have changed too");
        run(&mut pair, 5_000..17_000);
        let entries = kept(&mut pair[1]);
        (pair, entries)
    }

    #[test]
    fn a_row_is_kept_once_in_a_period_and_at_once_before_a_stop() {
        let (mut pair, entries) = heard_and_kept();
        assert_eq!(entries.len(), 1);
        let mut later = line_heard();
        later.emitter = 2;
        pair[0].handle_bearing(later, at(17_000).validity, open(), at(17_000));
        run(&mut pair, 17_000..18_000);
        assert!(kept(&mut pair[1]).is_empty());
        pair[1].keep_now();
        assert_eq!(kept(&mut pair[1]).len(), 1);
    }

    #[test]
    fn how_far_a_stream_was_held_is_believed_only_where_nothing_is_missing() {
        let (_, entries) = heard_and_kept();
        let (mut sure, mut unsure) = (keeping(2), keeping(2));
        assert_eq!(sure.restore(entries.iter().map(Vec::as_slice)), 1);
        assert_eq!(unsure.restore_rows(entries.iter().map(Vec::as_slice)), 1);
        assert_eq!((floors(&sure), floors(&unsure)), (vec![1], vec![0]));
        assert_eq!(unsure.restore_rows([&b"damaged"[..], &entries[0]].into_iter()), 0, "held already");
    }

    #[test]
    fn all_rows_are_kept_anew_with_floors_and_then_it_is_said() {
        let (mut pair, first) = heard_and_kept();
        pair[1].keep_all();
        let again = kept(&mut pair[1]);
        run(&mut pair, 17_000..19_000);
        assert!(!pair[1].is_keeping_all());
        let of = |entries: &[Vec<u8>]| entries.iter().filter_map(|entry| summary(entry)).collect::<Vec<_>>();
        assert_eq!(of(&again), of(&first));
        assert!(of(&again)[0].floor > 0);
    }

    #[test]
    fn what_a_person_said_in_a_former_life_is_said_in_the_next_one_by_the_clock_of_then() {
        let subject =
            TrackId { origin: Origin { node: NodeId(9), incarnation: 1 }, number: fusion_core::track::TrackNumber(1) };
        let remark = "grey van".parse().ok();
        let said = Assertion { subject, said: Hybrid::default(), affiliation: None, remark, by: None };
        let mut before = keeping(1);
        before.handle_assertion(said, open(), at(0));
        before.keep_now();
        let mut after = keeping(2);
        after.restore(kept(&mut before).iter().map(Vec::as_slice));
        let own = after.table().streams().filter(|(key, _)| key.origin == after.me());
        let rows: Vec<_> = own.flat_map(|(_, stream)| stream.rows().map(|(_, held)| held.body.clone())).collect();
        let Some(Body::Assertion(again)) = rows.first() else { panic!("nothing was said again: {rows:?}") };
        assert_eq!(before.said_of(subject), after.said_of(subject));
        assert_eq!(again.said.millis(), at(0).validity.as_millis());
    }
}
