//! The records that a picture is composed from, and which of them may concern each other: those that claim one system
//! track, and those whose equipment transmits one address.

use std::collections::{BTreeMap, BTreeSet};

use fusion_core::identity::{Address, Identity};
use fusion_core::label::Label;
use fusion_core::track::TrackId;
use proto::record::TrackRecord;
use proto::row::gate::GateWidth;

/// Records held at the most.
///
/// Counter: `Tally::records_full`; a further one is not taken in.
pub const RECORDS_MAX: usize = 16_384;

/// Records that may claim one number, or transmit one address, at the most.
///
/// Counter: `Tally::crowded`; a number or an address that more than these have says nothing.
pub const HOLDERS_MAX: usize = 32;

/// Records that hang together by numbers and addresses at the most.
///
/// Counter: `Tally::crowded`; beyond, addresses say nothing there and only numbers count.
pub const COMPONENT_MAX: usize = 64;

/// A fingerprint that more emitters than one in so many share settles nothing.
const FINGERPRINT_CONFUSION: f64 = 1.0 / 256.0;

/// One record with what its writer said beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The record.
    pub record: TrackRecord,
    /// The system track that its writer takes it for; none: one of its own.
    pub claim: Option<TrackId>,
    /// How far it may have strayed unsaid.
    pub gate: GateWidth,
}

impl Held {
    /// The number of the system track that it is claimed to be.
    #[must_use]
    pub fn number(&self) -> TrackId {
        self.claim.unwrap_or(self.record.id)
    }
}

/// What settles that two records are one object, if the place allows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// An address that is unique everywhere.
    Address(Address),
    /// An emitter's fingerprint.
    Fingerprint(u64),
}

/// The marks of an identity.
pub fn marks(identity: &Identity) -> impl Iterator<Item = Mark> {
    let unique = identity.address.filter(|address| !matches!(address, Address::NonIcao(_)));
    let sharp = identity.fingerprint.filter(|fingerprint| fingerprint.confusion() <= FINGERPRINT_CONFUSION);
    unique.map(Mark::Address).into_iter().chain(sharp.map(|fingerprint| Mark::Fingerprint(fingerprint.hash)))
}

/// What a bound was met by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records that were not taken in.
    pub records_full: u64,
    /// Looks at records of which too many hang together.
    pub crowded: u64,
}

/// All records, by track, by number and by mark.
#[derive(Clone, Debug, Default)]
pub struct Records {
    held: BTreeMap<TrackId, Held>,
    numbers: BTreeMap<TrackId, BTreeSet<TrackId>>,
    marked: BTreeMap<Mark, BTreeSet<TrackId>>,
    tally: Tally,
}

impl Records {
    /// Takes one in, in the place of its former version. `false` if there is no room.
    pub fn insert(&mut self, held: Held) -> bool {
        let id = held.record.id;
        if self.held.len() >= RECORDS_MAX && !self.held.contains_key(&id) {
            self.tally.records_full += 1;
            return false;
        }
        self.remove(id);
        self.numbers.entry(held.number()).or_default().insert(id);
        marks(&held.record.identity).for_each(|mark| {
            self.marked.entry(mark).or_default().insert(id);
        });
        self.held.insert(id, held);
        true
    }

    /// Forgets one.
    pub fn remove(&mut self, id: TrackId) -> Option<Held> {
        let held = self.held.remove(&id)?;
        take_out(&mut self.numbers, held.number(), id);
        marks(&held.record.identity).for_each(|mark| take_out(&mut self.marked, mark, id));
        Some(held)
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: TrackId) -> Option<&Held> {
        self.held.get(&id)
    }

    /// All, by track.
    pub fn iter(&self) -> impl Iterator<Item = (&TrackId, &Held)> {
        self.held.iter()
    }

    /// The tracks that come after one, or from the first.
    pub fn after(&self, id: Option<TrackId>) -> impl Iterator<Item = TrackId> + '_ {
        let from = id.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
        self.held.range((from, std::ops::Bound::Unbounded)).map(|(id, _)| *id)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// The number that a record counts for: what is claimed, unless too many claim it.
    #[must_use]
    pub fn number_of(&self, held: &Held) -> TrackId {
        let number = held.number();
        let crowded = self.numbers.get(&number).is_some_and(|holders| holders.len() > HOLDERS_MAX);
        if crowded { held.record.id } else { number }
    }

    /// Whether a number is anybody's.
    #[must_use]
    pub fn is_used(&self, number: TrackId) -> bool {
        self.numbers.contains_key(&number)
    }

    /// Whether all who may have what bears this label may know of a number: a track that bears it is for them too.
    #[must_use]
    pub fn is_number_for(&self, label: &Label, number: TrackId) -> bool {
        let claiming = self.numbers.get(&number).into_iter().flatten();
        claiming.chain([&number]).filter_map(|id| self.held.get(id)).any(|held| label.covers(&held.record.label))
    }

    /// What was refused or ignored.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Notes that a bound of [`Records::component`] was met.
    pub const fn note_crowded(&mut self) {
        self.tally.crowded += 1;
    }

    /// All records that hang together with one by number or mark, sorted, itself among them; and whether a bound was
    /// met. A function of the set of records alone: from each of them the answer is the same.
    #[must_use]
    pub fn component(&self, id: TrackId) -> (Vec<TrackId>, bool) {
        let (found, crowded) = self.reach(id, true);
        if found.len() <= COMPONENT_MAX {
            return (found.into_iter().collect(), crowded);
        }
        (self.reach(id, false).0.into_iter().collect(), true)
    }

    fn reach(&self, id: TrackId, with_marks: bool) -> (BTreeSet<TrackId>, bool) {
        let (mut found, mut waiting, mut crowded) = (BTreeSet::from([id]), vec![id], false);
        while let Some(next) = waiting.pop() {
            let Some(held) = self.held.get(&next) else { continue };
            let marked = marks(&held.record.identity).filter(|_| with_marks);
            let groups = marked.filter_map(|mark| self.marked.get(&mark)).chain(self.numbers.get(&held.number()));
            for group in groups {
                if group.len() > HOLDERS_MAX {
                    crowded = true;
                    continue;
                }
                waiting.extend(group.iter().filter(|id| found.insert(**id)));
            }
            if found.len() > COMPONENT_MAX {
                break;
            }
        }
        (found, crowded)
    }
}

fn take_out<K: Ord>(index: &mut BTreeMap<K, BTreeSet<TrackId>>, key: K, id: TrackId) {
    if let Some(holders) = index.get_mut(&key) {
        holders.remove(&id);
        if holders.is_empty() {
            index.remove(&key);
        }
    }
}
