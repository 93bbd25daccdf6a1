//! The composition: which objects there are, given the records. A pure function of the records held and of a time, the
//! same bits on every node that holds the same, whatever the order in which they came.
//!
//! There is no memory in it. What lasts, which records belong together, lasts in the claims that their writers publish.

use std::collections::BTreeMap;

use fusion_core::time::{Span, Timestamp};
use fusion_core::track::TrackId;

use super::SystemTrack;
use super::cluster::{Cluster, Member, partition};
use super::combine::combine;
use super::predict::{UNDER_WAY, grown, predicted, restlessness};
use super::records::{Held, Records};
use proto::record::Estimate;

/// After so long a silence an object is stale: every writer tells what it tracks sooner, even over loaded links.
pub const STALE_AFTER: Span = Span::from_secs(75);

/// One object: its number and its members, sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composition {
    /// The number.
    pub number: TrackId,
    /// Its records.
    pub members: Vec<TrackId>,
}

/// The objects among records that hang together: `ids` are all of [`Records::component`], sorted.
#[must_use]
pub fn compose_component(records: &Records, ids: &[TrackId], at: Timestamp) -> Vec<Composition> {
    let held: Vec<&Held> = ids.iter().filter_map(|id| records.get(*id)).collect();
    if let [only] = held[..] {
        let number = records.number_of(only);
        return vec![Composition { number, members: vec![only.record.id] }];
    }
    let member = |held| Member { held, number: records.number_of(held), at: predicted(held, at) };
    let members: Vec<Member<'_>> = held.into_iter().map(member).collect();
    let named = |Cluster { number, members: indices }| Composition {
        number,
        members: indices.into_iter().map(|k: usize| members[k].held.record.id).collect(),
    };
    partition(records, &members).into_iter().map(named).collect()
}

/// The whole picture at a time, by number.
#[must_use]
pub fn compose(records: &Records, at: Timestamp) -> BTreeMap<TrackId, SystemTrack> {
    let mut whole = BTreeMap::new();
    for (id, _) in records.iter() {
        let (component, _) = records.component(*id);
        // Each component once: with its first.
        if component.first() == Some(id) {
            for composition in compose_component(records, &component, at) {
                let track = system_track(records, &composition, at);
                whole.insert(composition.number, track);
            }
        }
    }
    whole
}

/// An object as it is at a time.
#[must_use]
pub fn system_track(records: &Records, composition: &Composition, at: Timestamp) -> SystemTrack {
    let members: Vec<&Held> = composition.members.iter().filter_map(|id| records.get(*id)).collect();
    let mut record = combine(composition.number, &members);
    let stale = at - record.estimate.time > STALE_AFTER;
    record.estimate = aged(&record.estimate, record.identity.class, at);
    SystemTrack { record, members: composition.members.clone(), formerly: Vec::new(), own: None, stale }
}

/// An estimate carried on through silence to a later time; itself if the time is not later.
#[must_use]
pub fn aged(estimate: &Estimate, class: fusion_core::identity::ObjectClass, at: Timestamp) -> Estimate {
    let age = (at - estimate.time).as_secs_f64();
    if age <= 0.0 {
        return *estimate;
    }
    let moved = estimate.position.vector() + estimate.velocity.vector() * age;
    Estimate {
        time: at,
        position: fusion_core::frame::Position::from_vector(moved),
        velocity: estimate.velocity,
        covariance: grown(&estimate.covariance, age - UNDER_WAY.as_secs_f64(), restlessness(class)),
    }
}
