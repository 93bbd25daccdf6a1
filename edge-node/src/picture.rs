//! The picture: what this node shows, one entry per object.
//!
//! [`Picture::agreed`] is a pure function of the records that are held and of a time: nodes that hold the same records
//! have the same, bit for bit ([`compose`]). Objects bear *system track numbers*: that of the track which founded them.
//! Whoever takes a track of its own for an object claims its number in its own row, so the number outlives its founder,
//! and what the picture remembers is what writers claim ([`cluster`], [`courtship`]).
//!
//! [`Picture::entries`] is what this node shows: the same objects under the same numbers, but its own tracks in full
//! precision and as they are now, not as its rows told them last.
//!
//! Without a mesh nobody else writes: a node's own records are all there is, and its claims stay at home.

pub mod cluster;
pub mod combine;
pub mod compose;
pub mod composed;
pub mod courtship;
pub mod emitters;
pub mod grid;
pub mod predict;
pub mod records;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use fusion_core::label::Label;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{NodeId, Origin, TrackId, TrackNumber};
use proto::record::{Seq, TrackRecord};
use proto::replica::Change;
use proto::row::Assertion;
use proto::row::assertion::Said;
use proto::row::gate::GateWidth;

use combine::combine;
use compose::{STALE_AFTER, aged};
use composed::Composed;
use courtship::{Courtship, Objects};
use emitters::Emitters;
use grid::Grid;
use records::{Held, Records};

/// Entries in a picture at the most.
///
/// Counter: `picture_full`; the new entry is not shown.
pub const PICTURE_TRACKS_MAX: usize = 8_192;

/// Tracks that people have said something of at the most.
///
/// Counter: `said_full`; what is said of a further one is not shown.
pub const SAID_MAX: usize = 4_096;

/// Former numbers that are told of one object at the most.
///
/// No counter: whoever drew more than these under one number has seen the others go.
pub const FORMERLY_MAX: usize = 8;

/// Records that one call looks at anew at the most: less than a millisecond of work.
///
/// No counter: the rest have their turn at the next call.
const SLICE_MAX: usize = 128;

/// Of a picture of any size, so many calls look at all of it, as far as a slice reaches.
const SLICES: usize = 16;

/// How often emitters are looked for.
const LOCATE_PERIOD: Span = Span::from_secs(2);

/// What nobody has told of for so long is shown anew as it has aged.
const AGE_PERIOD: Span = Span::from_secs(10);

/// One entry of the picture: an object.
#[derive(Clone, Debug, PartialEq)]
pub struct SystemTrack {
    /// What is known of it, under its system track number. A source track is what only estimates made elsewhere tell
    /// of.
    pub record: TrackRecord,
    /// The records that it was composed from, sorted by track.
    pub members: Vec<TrackId>,
    /// Numbers that some of its members had before they came here; what was drawn under them is this now, or was.
    pub formerly: Vec<TrackId>,
    /// This node's own track of it. In the agreed picture always none.
    pub own: Option<TrackId>,
    /// Whether nobody has told of it for longer than anybody who tracks it would be silent.
    pub stale: bool,
}

impl SystemTrack {
    /// Its number.
    #[must_use]
    pub const fn id(&self) -> TrackId {
        self.record.id
    }

    /// The id under which this node's own tracker knows it, if it does; else its number.
    #[must_use]
    pub fn own_id(&self) -> TrackId {
        self.own.unwrap_or(self.record.id)
    }
}

/// What happened to the picture.
#[derive(Clone, Debug, PartialEq)]
pub enum PictureChange {
    /// An entry is new or different.
    Updated(Box<SystemTrack>),
    /// An entry is gone.
    Gone {
        /// Which.
        id: TrackId,
        /// When it was deleted.
        time: Timestamp,
    },
}

/// All entries.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// Who this node is in the mesh, if it is in one.
    me: Option<Origin>,
    records: Records,
    /// This node's own newest records.
    own: BTreeMap<TrackId, TrackRecord>,
    said: BTreeMap<TrackId, Said>,
    composed: Composed,
    grid: Grid,
    courtship: Courtship,
    emitters: Emitters,
    /// Emitters that are shown, and when they were looked for last.
    located: (BTreeMap<TrackId, SystemTrack>, Timestamp),
    /// What this node claims of its tracks.
    claimed: BTreeMap<TrackId, TrackId>,
    /// Shared with those who look at it: most of it is the same from one look to the next.
    shown: BTreeMap<TrackId, Arc<SystemTrack>>,
    changes: VecDeque<PictureChange>,
    claims: VecDeque<(TrackId, TrackId)>,
    /// Up to where the last call looked.
    cursor: Option<TrackId>,
    now: Timestamp,
    version: u64,
    picture_full: u64,
    said_full: u64,
}

/// What goes in and what comes out. After every `handle_…`, call `poll_…` until `None`.
impl Picture {
    /// The picture of a node in a mesh: composed from what its replica holds, its own rows among it.
    #[must_use]
    pub fn shared(me: Origin) -> Self {
        Self { me: Some(me), ..Self::default() }
    }

    /// Takes in what has changed in the replica.
    pub fn handle_change(&mut self, change: &Change) {
        match change {
            Change::Track { record, claim, gate } => {
                self.take(Held { record: (**record).clone(), claim: *claim, gate: *gate });
            }
            Change::Gone { id, time } => self.forget(*id, *time),
            Change::Said { subject, said } => self.handle_said(*subject, said),
            Change::Bearing { origin, bearing, time, label } => self.emitters.handle(*origin, *bearing, *time, *label),
        }
    }

    /// Takes in this node's own newest record of a track. In a mesh it refines what is shown here and nothing else;
    /// without one it is all there is.
    pub fn handle_own(&mut self, record: &TrackRecord) {
        let id = record.id;
        if self.own.get(&id).is_some_and(|held| held.version >= record.version) {
            return;
        }
        if record.status.is_none() {
            self.own.remove(&id);
            if self.me.is_none() {
                self.said.remove(&id);
                self.forget(id, record.estimate.time);
            }
            return;
        }
        self.own.insert(id, record.clone());
        if self.me.is_none() {
            self.now = self.now.max(record.estimate.time);
            let claim = self.claimed.get(&id).copied();
            self.take(Held { record: record.clone(), claim, gate: GateWidth::default() });
        } else if let Some(number) = self.composed.number_of(id) {
            self.show(number, None);
        }
    }

    /// Takes in what a person said at a node without a mesh, which has no rows to keep it in.
    pub fn handle_alone(&mut self, node: NodeId, label: &Label, mut told: Assertion, now_ms: i64) {
        let mut said = self.said.get(&told.subject).cloned().unwrap_or_default();
        let before = said.affiliation.iter().map(|saying| saying.said).chain(said.remark.iter().map(|r| r.said)).max();
        told.said = before.unwrap_or_default().next(now_ms);
        said.hear(node, label, &told);
        self.handle_said(told.subject, &said);
    }

    /// Lets time pass: looks anew at some of the picture, in turn.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        let slice = (self.records.len() / SLICES + 1).min(SLICE_MAX);
        let turn: Vec<TrackId> = self.records.after(self.cursor).take(slice).collect();
        self.cursor = turn.last().copied().filter(|_| turn.len() == slice);
        for id in turn {
            self.look_at(id);
        }
        if self.at() - self.located.1 >= LOCATE_PERIOD {
            self.locate();
        }
    }

    /// What has changed in what is shown.
    pub fn poll_change(&mut self) -> Option<PictureChange> {
        self.changes.pop_front()
    }

    /// A claim that this node is to publish from now on: its own track, and the system track that it is taken for.
    pub fn poll_claim(&mut self) -> Option<(TrackId, TrackId)> {
        self.claims.pop_front()
    }
}

/// Reading.
impl Picture {
    /// The picture at a time as every node has it that holds the same records, by number.
    #[must_use]
    pub fn agreed(&self, at: Timestamp) -> BTreeMap<TrackId, SystemTrack> {
        let mut agreed = compose::compose(&self.records, whole_second(at));
        let emitters = self.emitters.located(whole_second(at), agreed.values().map(|track| &track.record.estimate));
        agreed.extend(emitters);
        agreed.values_mut().for_each(|track| self.apply_said(track));
        agreed
    }

    /// What this node shows, by number.
    pub fn entries(&self) -> impl Iterator<Item = &SystemTrack> {
        self.shown.values().map(Arc::as_ref)
    }

    /// The same, to keep.
    pub fn to_keep(&self) -> impl Iterator<Item = &Arc<SystemTrack>> {
        self.shown.values()
    }

    /// What is claimed of one of this node's tracks.
    #[must_use]
    pub fn claim_of(&self, id: TrackId) -> Option<TrackId> {
        self.claimed.get(&id).copied()
    }

    /// This node's own track of the object that a track is of, if there is just one.
    #[must_use]
    pub fn own_of(&self, id: TrackId) -> Option<TrackId> {
        let members = self.composed.members(self.composed.number_of(id)?);
        let own = |member: &TrackId| self.own.get(member).is_some_and(|own| !own.source_track);
        let mut mine = members.iter().copied().filter(own);
        mine.next().filter(|_| mine.next().is_none())
    }

    /// When anybody told last of an object.
    #[must_use]
    pub fn told(&self, track: &SystemTrack) -> Option<Timestamp> {
        track.members.iter().filter_map(|id| self.records.get(*id)).map(|held| held.record.estimate.time).max()
    }

    /// Whether all who may have what bears this label may know of a number.
    #[must_use]
    pub fn is_number_for(&self, label: &Label, number: TrackId) -> bool {
        self.records.is_number_for(label, number)
    }

    /// What people say of an object, by its number or by one of its tracks; `None` if nothing.
    #[must_use]
    pub fn said_of(&self, track: &SystemTrack) -> Option<Said> {
        if self.said.is_empty() {
            return None;
        }
        let subjects = || [track.record.id].into_iter().chain(track.members.iter().copied());
        let affiliation = subjects().find_map(|subject| self.said.get(&subject)?.affiliation.clone());
        let remark = subjects().find_map(|subject| self.said.get(&subject)?.remark.clone());
        (affiliation.is_some() || remark.is_some()).then_some(Said { affiliation, remark })
    }

    /// An entry.
    #[must_use]
    pub fn entry(&self, id: TrackId) -> Option<&SystemTrack> {
        self.shown.get(&id).map(Arc::as_ref)
    }

    /// How many entries are shown.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// Whether nothing is shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// Names every counter, in a fixed order.
    pub fn each_counter(&self, each: &mut dyn FnMut(&'static str, u64)) {
        each("picture_tracks", self.shown.len() as u64);
        each("picture_full", self.picture_full);
        each("picture_records", self.records.len() as u64);
        each("picture_records_full", self.records.tally().records_full);
        each("picture_crowded", self.records.tally().crowded + self.courtship.crowded());
        each("picture_said_full", self.said_full);
        each("picture_lines_full", self.emitters.full());
    }

    fn is_mine(&self, id: TrackId) -> bool {
        self.me.is_none_or(|me| me == id.origin)
    }

    const fn at(&self) -> Timestamp {
        whole_second(self.now)
    }
}

/// How it is done.
impl Picture {
    fn take(&mut self, held: Held) {
        let id = held.record.id;
        let before = self.hangs_together(id);
        self.grid.place(id, held.record.estimate.position.vector());
        if self.records.insert(held) {
            self.refresh(&before, self.now);
        } else {
            self.grid.remove(id);
        }
    }

    /// What hangs together with a track before it changes: itself, and the founder of its number.
    fn hangs_together(&self, id: TrackId) -> Vec<TrackId> {
        let number = self.records.get(id).map(Held::number);
        self.records.component(id).0.into_iter().chain(number).collect()
    }

    fn forget(&mut self, id: TrackId, time: Timestamp) {
        let before = self.hangs_together(id);
        self.records.remove(id);
        self.grid.remove(id);
        self.courtship.remove(id);
        self.claimed.remove(&id);
        self.refresh(&before, time);
    }

    fn handle_said(&mut self, subject: TrackId, said: &Said) {
        if *said == Said::default() {
            self.said.remove(&subject);
        } else if self.said.len() < SAID_MAX || self.said.contains_key(&subject) {
            self.said.insert(subject, said.clone());
        } else {
            self.said_full += 1;
        }
        let number = self.composed.number_of(subject).unwrap_or(subject);
        self.show(number, None);
    }

    /// Composes again what tracks concern, and shows it.
    fn refresh(&mut self, ids: &[TrackId], time: Timestamp) {
        let at = self.at();
        let revision = self.composed.refresh(&mut self.records, ids, at);
        for (number, formerly) in revision.objects {
            self.agree(number);
            self.show(number, Some(formerly));
        }
        for id in revision.gone {
            if self.shown.remove(&id).is_some() {
                self.changes.push_back(PictureChange::Gone { id, time });
            }
        }
    }

    fn look_at(&mut self, id: TrackId) {
        let at = self.at();
        let Some(held) = self.records.get(id) else { return };
        let estimate = aged(&held.record.estimate, held.record.identity.class, at);
        self.grid.place(id, estimate.position.vector());
        let (component, _) = self.records.component(id);
        let first = component.first() == Some(&id);
        if first && component.len() > 1 && !self.composed.is_current(&self.records, &component, at) {
            self.refresh(&[id], at);
        }
        if self.is_mine(id) {
            self.court(id, at);
        }
        self.age(id, at);
    }

    /// Looks for emitters among the lines, and shows what has changed.
    fn locate(&mut self) {
        let at = self.at();
        self.emitters.handle_timeout(at);
        let objects = self.shown.iter().filter(|(number, _)| !self.located.0.contains_key(*number));
        let found = self.emitters.located(at, objects.map(|(_, track)| &track.record.estimate));
        let before = std::mem::replace(&mut self.located, (found.clone(), at)).0;
        for (id, mut track) in found {
            if before.get(&id) != Some(&track) {
                self.apply_said(&mut track);
                self.put_up(track);
            }
        }
        for id in before.into_keys().filter(|id| !self.located.0.contains_key(id)).collect::<Vec<_>>() {
            if self.shown.remove(&id).is_some() {
                self.changes.push_back(PictureChange::Gone { id, time: at });
            }
        }
    }

    /// Looks whether one of this node's tracks is an object that has an older number.
    fn court(&mut self, id: TrackId, at: Timestamp) {
        let me = self.me;
        let objects = Objects {
            records: &self.records,
            grid: &self.grid,
            composed: &self.composed,
            is_mine: &|id: TrackId| me.is_none_or(|me| me == id.origin),
        };
        let Some(claim) = self.courtship.consider(&objects, id, at) else { return };
        let number = self.composed.number_of(id);
        let together = number.map(|number| self.composed.members(number).to_vec()).unwrap_or_default();
        let mine: Vec<TrackId> = together.into_iter().filter(|id| self.is_mine(*id)).collect();
        mine.iter().for_each(|id| self.claim(*id, claim));
        if self.me.is_none() {
            self.refresh(&[id], at);
        }
    }

    /// This node claims what was composed of its tracks.
    fn agree(&mut self, number: TrackId) {
        let mine = self.composed.members(number).iter().copied().filter(|id| self.is_mine(*id));
        let differs = |id: &TrackId| self.records.get(*id).is_some_and(|held| held.number() != number);
        let differing: Vec<TrackId> = mine.filter(differs).collect();
        differing.into_iter().for_each(|id| self.claim(id, number));
    }

    fn claim(&mut self, id: TrackId, number: TrackId) {
        let is_told = |held: &Held| self.is_number_for(&held.record.label, number);
        if !self.records.get(id).is_some_and(is_told) {
            return;
        }
        if self.claimed.insert(id, number) == Some(number) {
            return;
        }
        if self.me.is_some() {
            self.claims.push_back((id, number));
        } else if let Some(held) = self.records.get(id).cloned() {
            self.records.insert(Held { claim: Some(number), ..held });
        }
    }

    /// Shows anew what others have been silent about.
    fn age(&mut self, id: TrackId, at: Timestamp) {
        let Some(number) = self.composed.number_of(id) else { return };
        let members = self.composed.members(number);
        if members.first() != Some(&id) || members.iter().all(|id| self.is_mine(*id)) {
            return;
        }
        if self.shown.get(&number).is_some_and(|shown| at - shown.record.estimate.time >= AGE_PERIOD) {
            self.show(number, None);
        }
    }

    /// Shows an object as it is now. `formerly`: its membership is new.
    fn show(&mut self, number: TrackId, formerly: Option<Vec<TrackId>>) {
        let members = self.composed.members(number);
        if members.is_empty() {
            return;
        }
        let mut track = self.refined(number, members);
        let before = self.shown.get(&number);
        let same = before.filter(|before| before.members == track.members).map(|before| before.formerly.clone());
        track.formerly = same.or(formerly).unwrap_or_default();
        self.apply_said(&mut track);
        // A number that was withheld stays unknown to those from whom it was.
        let label = track.record.label;
        let is_known = |number: &TrackId| self.shown.get(number).is_none_or(|old| label.covers(&old.record.label));
        track.formerly.retain(|old| is_known(old) && is_known(&number));
        track.formerly.truncate(FORMERLY_MAX);
        self.put_up(track);
    }

    /// Puts an entry up, if there is room.
    fn put_up(&mut self, mut track: SystemTrack) {
        if self.shown.len() >= PICTURE_TRACKS_MAX && !self.shown.contains_key(&track.id()) {
            self.picture_full += 1;
            return;
        }
        self.version += 1;
        track.record.version = Seq(self.version);
        self.shown.insert(track.id(), Arc::new(track.clone()));
        self.changes.push_back(PictureChange::Updated(Box::new(track)));
    }

    /// An object with this node's own newest records in the place of its rows. What is this node's alone moves as its
    /// own track of it does, to the last bit.
    fn refined(&self, number: TrackId, members: &[TrackId]) -> SystemTrack {
        let refine = |held: &Held| {
            let newest = self.own.get(&held.record.id).filter(|_| self.is_mine(held.record.id));
            newest.map_or_else(|| held.clone(), |newest| Held { record: newest.clone(), ..held.clone() })
        };
        let refined: Vec<Held> = members.iter().filter_map(|id| self.records.get(*id)).map(refine).collect();
        let held: Vec<&Held> = refined.iter().collect();
        let mine = || refined.iter().map(|held| &held.record).filter(|record| self.is_mine(record.id));
        let own = mine().find(|record| !record.source_track);
        let mut track = SystemTrack {
            record: combine(number, &held),
            members: members.to_vec(),
            formerly: Vec::new(),
            own: own.map(|record| record.id),
            stale: false,
        };
        let newest = mine().max_by_key(|record| (record.estimate.time, record.id));
        match own.or(newest).filter(|_| mine().count() == refined.len()) {
            Some(alone) => {
                (track.record.estimate, track.record.status) = (alone.estimate, alone.status);
                track.record.updates = alone.updates;
            }
            None if self.at() - track.record.estimate.time >= AGE_PERIOD => {
                track.stale = self.at() - track.record.estimate.time > STALE_AFTER;
                track.record.estimate = aged(&track.record.estimate, track.record.identity.class, self.at());
            }
            None => {}
        }
        track
    }

    /// What people say of an object, by its number or by one of its tracks, holds above what sensors tell.
    fn apply_said(&self, track: &mut SystemTrack) {
        let subjects = [track.record.id].into_iter().chain(track.members.iter().copied());
        let said = subjects.filter_map(|subject| self.said.get(&subject)?.affiliation.as_ref()).next();
        if let Some(saying) = said {
            track.record.identity.affiliation = saying.what;
            track.record.label = track.record.label.join(saying.label);
        }
    }
}

const fn whole_second(time: Timestamp) -> Timestamp {
    let second = Span::from_secs(1).as_nanos();
    Timestamp::from_nanos(time.as_nanos().div_euclid(second) * second)
}

/// A short name for people: four characters of Crockford's base 32, the same on every node. May repeat; the id does
/// not.
#[must_use]
pub fn short_name(id: TrackId) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mixed = (id.number.0 ^ id.origin.node.0.rotate_left(17)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let digit = |k: u32| char::from(DIGITS[usize::try_from((mixed >> (44 + 5 * k)) & 31).unwrap_or(0)]);
    ['T'].into_iter().chain((0..4).rev().map(digit)).collect()
}

/// The id that consoles and files use: node, incarnation and number in hexadecimal.
#[must_use]
pub fn text_id(id: TrackId) -> String {
    format!("{:016x}-{}-{:016x}", id.origin.node.0, id.origin.incarnation, id.number.0)
}

/// The track that an id names; nothing if it is none.
#[must_use]
pub fn id_of(text: &str) -> Option<TrackId> {
    let mut parts = text.splitn(3, '-');
    let node = u64::from_str_radix(parts.next()?, 16).ok()?;
    let incarnation = parts.next()?.parse().ok()?;
    let number = u64::from_str_radix(parts.next()?, 16).ok()?;
    let id = TrackId { origin: Origin { node: NodeId(node), incarnation }, number: TrackNumber(number) };
    (text_id(id) == text).then_some(id)
}
