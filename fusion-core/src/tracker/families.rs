//! Tracks of which at most one is a target: what one of them explains speaks against the others.
//!
//! For tracks that are independent, one that was not seen keeps what a miss leaves it. Of a family only one can have
//! been seen, so the miss of each member is the miss of all: with B = Σ β over the family, member k has
//! r ← βₖ + (1 − B) · r (1 − d) / (1 − r d), which is Bayes' rule for the choice between them.

use heapless::Vec;

use super::associate::Row;
use crate::capacity::FAMILIES_MAX;
use crate::tally::Tally;
use crate::track::table::TrackTable;
use crate::track::{Track, TrackNumber};

/// What each family of a scan explains.
#[derive(Debug, Default)]
pub(super) struct Families(Vec<(TrackNumber, f64), FAMILIES_MAX>);

impl Families {
    /// Adds up the families among the rows, whose probabilities of having been missed are given.
    pub(super) fn of(table: &TrackTable<'_>, rows: &[Row], missed: &[f64], tally: &mut Tally) -> Self {
        let mut families = Self::default();
        for (row, missed) in rows.iter().zip(missed).filter(|(row, _)| row.has_family) {
            if let Some(family) = table.get(row.slot).and_then(|track| track.family)
                && !families.add(family, 1.0 - missed)
            {
                tally.families_over_limit += 1;
            }
        }
        families
    }

    fn add(&mut self, family: TrackNumber, seen: f64) -> bool {
        if let Some((_, sum)) = self.0.iter_mut().find(|(known, _)| *known == family) {
            *sum += seen;
            return true;
        }
        self.0.push((family, seen)).is_ok()
    }

    /// The probability that a track's whole family was missed; its own, given here, if it has none.
    pub(super) fn missed(&self, track: &Track, own: f64) -> f64 {
        let family = track.family.and_then(|family| self.0.iter().find(|(known, _)| *known == family));
        family.map_or(own, |(_, seen)| (1.0 - seen).clamp(0.0, own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::tests::any_track;

    #[test]
    fn what_one_member_explains_is_no_miss_of_the_family() {
        let mut families = Families::default();
        let number = TrackNumber(7);
        assert!(families.add(number, 0.5) && families.add(number, 0.3) && families.add(TrackNumber(8), 0.9));
        let member = Track { family: Some(number), ..any_track() };
        assert!((families.missed(&member, 0.7) - 0.2).abs() < 1e-12);
        assert!((families.missed(&any_track(), 0.7) - 0.7).abs() < 1e-12);
    }

    #[test]
    fn more_families_than_there_is_room_for_stand_alone() {
        let mut families = Families::default();
        let added = (0..100).filter(|&k| families.add(TrackNumber(k), 0.1)).count();
        assert_eq!(added, FAMILIES_MAX);
        let member = Track { family: Some(TrackNumber(99)), ..any_track() };
        assert!((families.missed(&member, 0.6) - 0.6).abs() < 1e-12);
    }
}
