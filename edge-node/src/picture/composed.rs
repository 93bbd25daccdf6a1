//! The composition as it stands, kept up to date by what changes: only what hangs together with a changed record, or
//! did so before, is composed again.

use std::collections::{BTreeMap, BTreeSet};

use fusion_core::time::Timestamp;
use fusion_core::track::TrackId;

use super::compose::{Composition, compose_component};
use super::records::Records;

/// Which record is of which object.
#[derive(Clone, Debug, Default)]
pub struct Composed {
    numbers: BTreeMap<TrackId, TrackId>,
    members: BTreeMap<TrackId, Vec<TrackId>>,
}

/// What composing again has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revision {
    /// Each object concerned, with the other numbers that its members had before.
    pub objects: Vec<(TrackId, Vec<TrackId>)>,
    /// Numbers that nobody bears any more.
    pub gone: Vec<TrackId>,
}

impl Composed {
    /// The number of a track's object.
    #[must_use]
    pub fn number_of(&self, id: TrackId) -> Option<TrackId> {
        self.numbers.get(&id).copied()
    }

    /// The tracks of a number, sorted.
    #[must_use]
    pub fn members(&self, number: TrackId) -> &[TrackId] {
        self.members.get(&number).map_or(&[], Vec::as_slice)
    }

    /// Composes again what these tracks and numbers concern: one that came, changed or went, and what it claimed
    /// before.
    pub fn refresh(&mut self, records: &mut Records, ids: &[TrackId], at: Timestamp) -> Revision {
        let (objects, numbers) = self.concerned(records, ids, at);
        numbers.iter().for_each(|number| {
            self.members.remove(number);
        });
        let mut revision = Revision::default();
        for Composition { number, members } in objects {
            let formerly: BTreeSet<TrackId> = members
                .iter()
                .filter_map(|member| self.numbers.get(member))
                .copied()
                .filter(|old| *old != number)
                .collect();
            members.iter().for_each(|member| {
                self.numbers.insert(*member, number);
            });
            self.members.insert(number, members);
            revision.objects.push((number, formerly.into_iter().collect()));
        }
        ids.iter().filter(|id| records.get(**id).is_none()).for_each(|id| {
            self.numbers.remove(id);
        });
        revision.gone = numbers.into_iter().filter(|number| !self.members.contains_key(number)).collect();
        revision
    }

    /// Whether composing a component at this time would change nothing.
    #[must_use]
    pub fn is_current(&self, records: &Records, component: &[TrackId], at: Timestamp) -> bool {
        let now = compose_component(records, component, at);
        now.iter().all(|object| self.members(object.number) == object.members)
    }

    /// The objects among all that a track hangs together with, now and before, and the numbers that these had.
    fn concerned(
        &self,
        records: &mut Records,
        ids: &[TrackId],
        at: Timestamp,
    ) -> (Vec<Composition>, BTreeSet<TrackId>) {
        let (mut seen, mut waiting) = (BTreeSet::new(), ids.to_vec());
        let (mut objects, mut numbers) = (Vec::new(), BTreeSet::new());
        while let Some(next) = waiting.pop() {
            if seen.contains(&next) {
                continue;
            }
            let (component, crowded) = records.component(next);
            if crowded {
                records.note_crowded();
            }
            for member in &component {
                seen.insert(*member);
                let number = self.numbers.get(member).copied();
                numbers.extend(number);
                waiting.extend(number.map(|number| self.members(number)).unwrap_or_default());
                // Whether a number is borne by others decides what its founder takes when it leaves.
                waiting.extend(records.get(*member).map(|held| held.number()));
            }
            if records.get(next).is_some() {
                objects.extend(compose_component(records, &component, at));
            }
        }
        (objects, numbers)
    }
}
