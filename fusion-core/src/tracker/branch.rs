//! The second measurement of a track: one track for each that it may be.
//!
//! A track of a single measurement does not know its velocity, so its gate is wide, and in a formation it admits the
//! neighbours too. Their mixture is a blob that covers the formation and learns nothing. But while a track hardly
//! exists, it is as good as a Poisson process, and a Poisson process may be split into the parts of its mixture
//! without loss (which is what track-oriented filters exploit the other way round when they recycle tracks; Williams
//! 2012). So each pair that counts becomes a track of its own, with the probability of the pair as its existence; the
//! next looks tell which of them are targets.

use super::associate::Row;
use super::update::{BETA_USED, Pairs, Updating};
use crate::association::Edge;
use crate::tally::Tally;
use crate::track::deleter::least_existence;
use crate::track::table::TrackTable;
use crate::track::{Existence, Track};
use crate::trail::{Decision, NotFounded};

impl Updating<'_> {
    /// Whether a track is one that may be split.
    pub(super) fn may_branch(track: &Track) -> bool {
        track.updates == 1 && track.family.is_none()
    }

    /// How many tracks may be split off at the most.
    pub(super) fn branches(table: &TrackTable<'_>, rows: &[Row]) -> usize {
        let stems = rows.iter().filter(|row| table.get(row.slot).is_some_and(Self::may_branch));
        stems.map(|row| row.edges().len()).sum()
    }

    /// Splits a track: the likeliest pair, and what was perhaps missed, stay with it; the others found tracks.
    ///
    /// `branches` counts those of the scan.
    pub(super) fn branch(
        &self,
        table: &mut TrackTable<'_>,
        row: &Row,
        pairs: &Pairs<'_>,
        missed: f64,
        branches: &mut u16,
        tally: &mut Tally,
    ) {
        let Some(stem) = table.get(row.slot).cloned() else { return };
        let known = table.considered(row.slot).clone();
        let least = least_existence(&stem, self.config).max(BETA_USED);
        let worth = |beta: f64| beta >= least;
        let all = || pairs.edges.iter().zip(pairs.beta.iter().copied());
        let Some((likeliest, seen)) = all().reduce(|a, b| if b.1 > a.1 { b } else { a }) else { return };
        for (edge, beta) in all().filter(|(edge, beta)| worth(*beta) && edge.column != likeliest.column) {
            let Some(number) = self.extra_number(branches, table, tally) else {
                self.look.trail.plot(edge.column, Decision::NotFounded(NotFounded::NoNumber));
                continue;
            };
            let mut branch = stem.clone();
            branch.id.number = number;
            branch.existence = Existence::new(beta);
            branch.founding_existence = branch.existence;
            let pairs = only(edge, &[1.0]);
            let mut considered = known.clone();
            self.move_state(&mut branch, &mut None, &mut considered, &pairs, 0.0, tally);
            self.note_look(&mut branch, &pairs, true, row.covered(), tally);
            self.keep_safe(&branch);
            self.look.trail.branched(&branch, &stem, edge.column, table.is_full());
            let considered = Some(&considered).filter(|considered| !considered.is_empty());
            if table.insert_with(considered, |place| *place = branch).is_some() {
                tally.tracks_branched += 1;
            } else {
                tally.tracks_table_full += 1;
            }
        }
        let Some((stem, beside)) = table.whole_mut(row.slot) else { return };
        let gone = missed * stem.existence.if_missed(row.detection);
        let existence = seen + gone;
        let share = [seen / existence];
        let pairs = only(likeliest, &share);
        self.move_state(stem, &mut None, beside.considered, &pairs, 1.0, tally);
        stem.existence = Existence::new(existence);
        self.note_look(stem, &pairs, seen >= gone, row.covered(), tally);
        self.keep_safe(stem);
    }
}

/// One pair as if it were all of a row.
fn only<'a>(edge: &'a Edge, beta: &'a [f64; 1]) -> Pairs<'a> {
    Pairs { edges: core::slice::from_ref(edge), beta, explained: &[], tangents: &[], blur: [0.0; 2] }
}
