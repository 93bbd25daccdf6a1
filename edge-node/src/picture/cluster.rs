//! Which of the records that hang together are one object, and under which number.
//!
//! A number holds together whoever claims it and is not too far off: the gate for staying is wider than the one for
//! joining ([`super::courtship`]), so nothing flickers. One address does the same across numbers. Against it stand
//! contradictory addresses, and that no tracker has two tracks of one object. Pairs are taken by what binds them, then
//! by their distance, and join two groups if every pair across them may be one: whatever the order in which records
//! came, the groups are the same.
//!
//! Of two numbers that a group claims, the older holds. A number that two groups claim is that of the group with its
//! founder, else of the larger; the other takes a new one, the oldest of its own tracks.

use std::collections::BTreeSet;

use fusion_core::track::TrackId;

use super::predict::{Predicted, distance_squared};
use super::records::{Held, Records, marks};

/// d² up to which a record stays with the number that it claims: six sigma along one axis.
pub const STAY: f64 = 36.0;

/// d² up to which an address is believed against the place: ten sigma along one axis.
const SAME_ADDRESS: f64 = 100.0;

/// One object: its number and which of the records are of it, by index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The number.
    pub number: TrackId,
    /// Indices into the records, ascending.
    pub members: Vec<usize>,
}

/// One record and where it is at the time that counts.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// The record.
    pub held: &'a Held,
    /// The number that it counts for.
    pub number: TrackId,
    /// Where it is.
    pub at: Predicted,
}

/// The older first: by the time of founding that a number tells, then by origin.
#[must_use]
pub const fn age_key(id: TrackId) -> (fusion_core::track::TrackNumber, fusion_core::track::Origin) {
    (id.number, id.origin)
}

/// Whether two records can be one object at all, wherever they are.
#[must_use]
pub fn can_be_one(a: &Held, b: &Held) -> bool {
    let (a, b) = (&a.record, &b.record);
    let one_writer = a.id.origin == b.id.origin && a.source_track == b.source_track;
    // A sensor that reports tracks reports each object once, as a tracker does.
    let one_tracker = one_writer && (!a.source_track || a.sensors.first() == b.sensors.first());
    !one_tracker && a.identity.compatible_with(&b.identity)
}

/// Whether one address says that two records are one object.
#[must_use]
pub fn share_a_mark(a: &Held, b: &Held) -> bool {
    marks(&a.record.identity).any(|mark| marks(&b.record.identity).any(|other| mark == other))
}

/// The objects among records that hang together, in the order of their first members. `members` are sorted by track.
#[must_use]
pub fn partition(records: &Records, members: &[Member<'_>]) -> Vec<Cluster> {
    let groups = groups(members);
    let numbers = numbers(records, members, &groups);
    groups.into_iter().zip(numbers).map(|(members, number)| Cluster { number, members }).collect()
}

fn groups(members: &[Member<'_>]) -> Vec<Vec<usize>> {
    let mut group_of: Vec<usize> = (0..members.len()).collect();
    let mut groups: Vec<Vec<usize>> = (0..members.len()).map(|k| vec![k]).collect();
    for (i, k) in bonds(members) {
        let (one, other) = (group_of[i].min(group_of[k]), group_of[i].max(group_of[k]));
        let fits = |a: &usize| groups[other].iter().all(|b| may_be_one(&members[*a], &members[*b]));
        if one != other && groups[one].iter().all(fits) {
            let joining = std::mem::take(&mut groups[other]);
            joining.iter().for_each(|member| group_of[*member] = one);
            groups[one].extend(joining);
        }
    }
    groups.retain(|group| !group.is_empty());
    groups.iter_mut().for_each(|group| group.sort_unstable());
    groups
}

/// The pairs that something binds, the strongest first: one address before one number, then the nearer, then by track.
fn bonds(members: &[Member<'_>]) -> Vec<(usize, usize)> {
    let mut bonds = Vec::new();
    for k in 1..members.len() {
        for i in 0..k {
            let (a, b) = (&members[i], &members[k]);
            let marked = share_a_mark(a.held, b.held);
            if (marked || a.number == b.number) && may_be_one(a, b) {
                bonds.push((!marked, distance_squared(&a.at, &b.at), i, k));
            }
        }
    }
    bonds.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then((a.2, a.3).cmp(&(b.2, b.3))));
    bonds.into_iter().map(|(_, _, i, k)| (i, k)).collect()
}

fn may_be_one(a: &Member<'_>, b: &Member<'_>) -> bool {
    let gate = if share_a_mark(a.held, b.held) { SAME_ADDRESS } else { STAY };
    can_be_one(a.held, b.held) && distance_squared(&a.at, &b.at) <= gate
}

fn numbers(records: &Records, members: &[Member<'_>], groups: &[Vec<usize>]) -> Vec<TrackId> {
    let claimed: BTreeSet<TrackId> = members.iter().map(|member| member.number).collect();
    let mut own: Vec<Vec<TrackId>> = vec![Vec::new(); groups.len()];
    for number in claimed {
        if let Some(owner) = owner(number, members, groups) {
            own[owner].push(number);
        }
    }
    let mut taken = BTreeSet::new();
    own.into_iter()
        .zip(groups)
        .map(|(own, group)| {
            let oldest = own.into_iter().min_by_key(|number| age_key(*number));
            let number = oldest.unwrap_or_else(|| new_number(records, members, group, &taken));
            taken.insert(number);
            number
        })
        .collect()
}

/// Which group a number belongs to: the one with its founder, else with most who claim it, else the first.
fn owner(number: TrackId, members: &[Member<'_>], groups: &[Vec<usize>]) -> Option<usize> {
    let rank = |group: &Vec<usize>| {
        let claiming = || group.iter().filter(|k| members[**k].number == number);
        (claiming().any(|k| members[*k].held.record.id == number), claiming().count())
    };
    let ranked = groups.iter().map(rank).enumerate().filter(|(_, (_, count))| *count > 0);
    ranked.max_by_key(|(k, rank)| (*rank, std::cmp::Reverse(*k))).map(|(k, _)| k)
}

/// The oldest of a group's own tracks whose number nobody else bears; else the next free after the oldest.
fn new_number(records: &Records, members: &[Member<'_>], group: &[usize], taken: &BTreeSet<TrackId>) -> TrackId {
    let free = |id: &TrackId| !records.is_used(*id) && !taken.contains(id);
    let mut ids: Vec<TrackId> = group.iter().map(|k| members[*k].held.record.id).collect();
    ids.sort_unstable_by_key(|id| age_key(*id));
    let next = |id: TrackId| TrackId { number: id.number.next(), ..id };
    let after = |oldest: TrackId| {
        let mut after = next(oldest);
        while !free(&after) || records.get(after).is_some() {
            after = next(after);
        }
        after
    };
    ids.iter().copied().find(free).unwrap_or_else(|| after(ids[0]))
}
