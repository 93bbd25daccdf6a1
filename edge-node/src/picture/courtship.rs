//! When a node takes a track of its own for an object that others have numbered: it has been near for a while, in place
//! and in speed, nothing else was nearly as near, and nothing forbids it.
//!
//! This is the one place with a memory, and it is the writer's own: what comes of it is a claim in the writer's row, by
//! which every node composes the same. The younger number gives way to the older, so it is the writer of the younger
//! that moves.

use std::collections::BTreeMap;

use fusion_core::time::{Span, Timestamp};
use fusion_core::track::TrackId;

use super::cluster::{STAY, age_key, can_be_one};
use super::grid::{CUBE_M, Grid};
use super::predict::{Predicted, distance_squared, predicted};
use super::records::{Held, Records};

/// d², less twice the logarithm of what the identities say, up to which two tracks may be taken for one: 99 % of those
/// that are one (χ² of six degrees).
pub const JOIN: f64 = 16.8;

/// By how much the next nearest has to be farther: e² times less likely.
const AMBIGUITY: f64 = 4.0;

/// How long they have to have been near.
pub const JOIN_AFTER: Span = Span::from_secs(3);

/// Neighbours that are looked at for one track at the most.
///
/// Counter: `Courtship::crowded`; in such a crowd the track keeps its number.
pub const NEIGHBOURS_MAX: usize = 64;

/// What is not known to within this is joined by address alone: the grid would not find all that is near it.
const SIGMA_M_MAX: f64 = CUBE_M / 8.0;

/// Which of a node's tracks have been near which object, and since when.
#[derive(Clone, Debug, Default)]
pub struct Courtship {
    since: BTreeMap<TrackId, (TrackId, Timestamp)>,
    crowded: u64,
}

/// The objects as they are composed, for whoever looks for one.
pub struct Objects<'a> {
    /// All records.
    pub records: &'a Records,
    /// Where they are.
    pub grid: &'a Grid,
    /// The number of each track's object, and the tracks of each number.
    pub composed: &'a super::composed::Composed,
    /// Whether a track is this node's.
    pub is_mine: &'a dyn Fn(TrackId) -> bool,
}

impl Courtship {
    /// Looks at one of this node's tracks; the number that it is now to claim, if that is another.
    pub fn consider(&mut self, objects: &Objects<'_>, id: TrackId, at: Timestamp) -> Option<TrackId> {
        let Some(best) = self.best(objects, id, at) else {
            self.since.remove(&id);
            return None;
        };
        let (number, since) = *self.since.entry(id).or_insert((best, at));
        if number != best {
            self.since.insert(id, (best, at));
            return None;
        }
        if at - since < JOIN_AFTER {
            return None;
        }
        self.since.remove(&id);
        Some(best)
    }

    /// Forgets a track.
    pub fn remove(&mut self, id: TrackId) {
        self.since.remove(&id);
    }

    /// How many looks found too many neighbours.
    #[must_use]
    pub const fn crowded(&self) -> u64 {
        self.crowded
    }

    /// The oldest object that a track may be, if its own has to give way to that and nothing speaks against it.
    fn best(&mut self, objects: &Objects<'_>, id: TrackId, at: Timestamp) -> Option<TrackId> {
        let held = objects.records.get(id)?;
        let number = objects.composed.number_of(id)?;
        let here = located(held, at)?;
        let near: Vec<TrackId> = objects.grid.near(&here.place).take(NEIGHBOURS_MAX + 1).collect();
        if near.len() > NEIGHBOURS_MAX {
            self.crowded += 1;
            return None;
        }
        let mut costs: BTreeMap<TrackId, (f64, TrackId)> = BTreeMap::new();
        for other in near {
            let theirs = objects.composed.number_of(other).filter(|theirs| *theirs != number);
            let cost = cost(held, &here, objects.records.get(other)?, at);
            if let Some((theirs, cost)) = theirs.zip(cost) {
                let nearest = costs.entry(theirs).or_insert((cost, other));
                *nearest = if cost < nearest.0 { (cost, other) } else { *nearest };
            }
        }
        let is_near = |theirs: &TrackId| {
            costs[theirs].0 <= JOIN && may_bear(objects, number, *theirs) && fits(objects, number, *theirs, at)
        };
        let best = costs.keys().copied().filter(is_near).min_by_key(|theirs| age_key(*theirs))?;
        let (least, nearest) = costs[&best];
        // Several numbers that may be one object do not contradict each other: they are about to become one.
        let contradicts = |theirs: &TrackId| *theirs != best && !fits(objects, best, *theirs, at);
        let clear = costs.iter().all(|(theirs, (cost, _))| *cost >= least + AMBIGUITY || !contradicts(theirs));
        let gives_way = age_key(best) < age_key(number) || !may_bear(objects, best, number);
        (gives_way && clear && !has_rival(objects, id, nearest, least, at)).then_some(best)
    }
}

/// Whether all who may have any track of one object may know of another number.
fn may_bear(objects: &Objects<'_>, one: TrackId, number: TrackId) -> bool {
    let members = objects.composed.members(one).iter().filter_map(|id| objects.records.get(*id));
    members.map(|held| &held.record.label).all(|label| objects.records.is_number_for(label, number))
}

/// Whether all of one object may be all of another.
fn fits(objects: &Objects<'_>, one: TrackId, other: TrackId, at: Timestamp) -> bool {
    let members = |number| objects.composed.members(number).iter().filter_map(|id| objects.records.get(*id));
    members(one).all(|a| {
        members(other).all(|b| can_be_one(a, b) && distance_squared(&predicted(a, at), &predicted(b, at)) <= STAY)
    })
}

/// Whether another track of the same maker is nearly as near to what this one is nearest to.
fn has_rival(objects: &Objects<'_>, id: TrackId, nearest: TrackId, least: f64, at: Timestamp) -> bool {
    let (Some(held), Some(target)) = (objects.records.get(id), objects.records.get(nearest)) else { return false };
    let there = predicted(target, at);
    objects.grid.near(&there.place).filter(|other| *other != id && (objects.is_mine)(*other)).any(|other| {
        let Some(rival) = objects.records.get(other).filter(|rival| !can_be_one(rival, held)) else { return false };
        cost(target, &there, rival, at).is_some_and(|cost| cost < least + AMBIGUITY)
    })
}

/// d² − 2 ln (how much likelier the identities are of one than of two); none if they cannot be one.
fn cost(held: &Held, here: &Predicted, other: &Held, at: Timestamp) -> Option<f64> {
    if !can_be_one(held, other) {
        return None;
    }
    let evidence = held.record.identity.evidence(&other.record.identity)?;
    Some(distance_squared(here, &located(other, at)?) - 2.0 * evidence)
}

/// Where it is, if that is known well enough. Height may be guessed: nothing is sought by it alone.
fn located(held: &Held, at: Timestamp) -> Option<Predicted> {
    let predicted = predicted(held, at);
    let known = predicted.covariance.sigma(0).max(predicted.covariance.sigma(1)) <= SIGMA_M_MAX;
    known.then_some(predicted)
}
