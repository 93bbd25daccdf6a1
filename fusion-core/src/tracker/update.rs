//! What a scan changes: states by the mixture of what may have happened, scores, histories, identities; then tracks
//! that turned out to be one are merged, and what no track explains founds new ones.

use core::cell::Cell;

use super::TrackerConfig;
use super::associate::{Explained, Row};
use super::consider::Common;
use super::families::Families;
use super::look::{Column, Look};
use super::sharpen::is_believed;
use crate::association::Edge;
use crate::filter::consider::Considered;
use crate::filter::imm::Modes;
use crate::filter::monitor::NoiseScale;
use crate::gaussian::Covariance;
use crate::measurement::Coverage;
use crate::model::Kind;
use crate::tally::Tally;
use crate::time::Timestamp;
use crate::track::deleter::{Deletion, judge_by_looks, safe_until};
use crate::track::initiator::confirms;
use crate::track::table::TrackTable;
use crate::track::{Existence, Origin, Track, TrackStatus, Twin};
use crate::trail::Decision;

/// The association of a scan, solved.
pub(super) struct Solution<'a> {
    pub(super) rows: &'a [Row],
    pub(super) edges: &'a [Edge],
    /// By pair.
    pub(super) beta: &'a [f64],
    /// By pair, for moving states.
    pub(super) sharpened: &'a [f64],
    /// By pair, for moving modes.
    pub(super) explained: &'a [Explained],
    /// By row, those that the gate left.
    pub(super) tangents: &'a [f64],
    /// By row.
    pub(super) missed: &'a [f64],
    /// By row, of believed tracks.
    pub(super) missed_sharpened: &'a [f64],
}

/// A target goes straight on while its straight motions are believed so much together.
const STRAIGHT: f64 = 0.5;

/// What updating needs to know.
pub(super) struct Updating<'a> {
    pub(super) look: &'a Look<'a>,
    pub(super) config: &'a TrackerConfig,
    pub(super) common: &'a Common<'a>,
    pub(super) origin: Origin,
    /// Whether all scans so far had the label of this one: then so has every track, or a stricter one.
    pub(super) one_label: bool,
    /// Whether a number of this scan may be taken.
    pub(super) clash: bool,
    /// Until then time ends no track.
    pub(super) safe_until: Cell<Timestamp>,
}

/// A pair less likely than this moves nothing; its share counts as missed.
pub(super) const BETA_USED: f64 = 1e-6;

/// A look that found a track with at least this probability is a hit.
const HIT: f64 = 0.5;

impl Updating<'_> {
    /// Updates every track that took part, and tells each measurement who explains it; returns how many tracks were
    /// split off.
    pub(super) fn update(
        &self,
        table: &mut TrackTable<'_>,
        solution: &Solution<'_>,
        columns: &mut [Column],
        noise: &mut NoiseScale,
        tally: &mut Tally,
    ) -> u16 {
        let mut branches = 0;
        let families = Families::of(table, solution.rows, solution.missed, tally);
        for (number, row) in (0..).zip(solution.rows) {
            let (track, beside) = table.whole_mut(row.slot).expect("a row's track stays until the scan is done");
            let explained = &solution.explained[row.edges()];
            let (edges, beta) = (&solution.edges[row.edges()], &solution.beta[row.edges()]);
            let tangents = &solution.tangents[row.tangents()];
            let pairs = Pairs { edges, beta, explained, tangents, blur: row.blur };
            for (edge, &beta) in pairs.edges.iter().zip(pairs.beta) {
                columns[usize::from(edge.column)].explain(number, beta);
            }
            let missed = solution.missed[usize::from(number)];
            if Self::may_branch(track) && pairs.used().nth(1).is_some() {
                self.branch(table, row, &pairs, missed, &mut branches, tally);
                continue;
            }
            let sharpened = Pairs { beta: &solution.sharpened[row.edges()], ..pairs };
            let still = track.existence.if_missed(row.detection);
            self.watch(track, &beside, &pairs, noise);
            self.move_state(track, beside.modes, beside.considered, &sharpened, still, tally);
            let believed = is_believed(track.existence) && track.family.is_none();
            let judged = if believed { solution.missed_sharpened[usize::from(number)] } else { missed };
            let all_missed = families.missed(track, judged);
            track.existence = Existence::new(1.0 - judged + all_missed * still);
            self.note_look(track, &pairs, 1.0 - all_missed.min(missed) >= HIT, row.covered(), tally);
            self.note_motion(track, beside.modes.as_ref());
            self.consider_modes(track, beside.modes);
            // Without a pair nothing changed that time judges by, unless a report became a confirmed track.
            if !row.edges().is_empty() || track.reported {
                self.keep_safe(track);
            }
        }
        branches
    }

    /// Moves the state by what the pairs say, and what it has of common errors with it.
    pub(super) fn move_state(
        &self,
        track: &mut Track,
        modes: &mut Option<Modes>,
        considered: &mut Considered,
        pairs: &Pairs<'_>,
        still: f64,
        tally: &mut Tally,
    ) {
        let blurred = pairs.blur.iter().any(|variance| *variance > 0.0);
        let moved = if pairs.edges.is_empty() && track.modes_of(modes).is_none() {
            // It gates nothing, as most that clutter founded: its state stays as and when it is.
            Ok(())
        } else if (self.common.is_on || blurred) && pairs.used().next().is_some() {
            self.shift_considering(track, modes, considered, pairs, still, tally)
        } else {
            self.shift(track, modes, None, pairs, still)
        };
        if moved.is_err() {
            tally.updates_not_finite += 1;
            self.look.trail.track(track, None, Decision::UpdateNotFinite);
        } else if !self.one_label && track.label != self.look.label {
            track.label = track.label.join(self.look.label);
        }
    }

    /// Heeds when time may end a track that is new or was changed.
    pub(super) fn keep_safe(&self, track: &Track) {
        self.safe_until.set(safe_until(track, self.look.scan.time, self.config, self.safe_until.get()));
    }

    /// A track that is believed may move in more than one way.
    fn consider_modes(&self, track: &Track, modes: &mut Option<Modes>) {
        if track.is_confirmed()
            && modes.is_none()
            && let Some(set) = &self.config.motions
        {
            *modes = Modes::start(set, &track.state).ok();
        }
    }

    /// Remembers when it was last believed to do anything but go straight on or stand.
    fn note_motion(&self, track: &mut Track, modes: Option<&Modes>) {
        let known = self.config.motions.as_ref().zip(modes);
        if known.is_none_or(|(set, modes)| modes.straightness(set) < STRAIGHT) {
            track.swerved = track.last_update;
        }
    }

    pub(super) fn kind(&self, column: u16) -> Kind {
        Kind::of(&self.look.measurements[usize::from(column)].observation)
    }

    /// Remembers the look, who contributed and what was said, and sets the status.
    pub(super) fn note_look(&self, track: &mut Track, pairs: &Pairs<'_>, hit: bool, covered: bool, tally: &mut Tally) {
        if hit {
            let scan = self.look.scan;
            track.last_update = scan.time;
            track.updates = track.updates.saturating_add(1);
            track.reported = scan.coverage == Coverage::Reports;
            track.own_word |= self.look.is_own_word;
            if !track.contributors.note(scan.sensor, scan.time) {
                tally.contributors_forgotten += 1;
                self.look.trail.track(track, None, Decision::ContributorForgotten);
            }
            if !self.look.is_anonymous
                && let Some(column) = pairs.certain()
            {
                track.identity.absorb(&self.look.measurements[usize::from(column)].identity);
            }
        }
        if hit || covered {
            track.history.record(hit);
            track.status = match track.status {
                TrackStatus::Tentative if confirms(track, self.config) && is_itself(track, pairs) => {
                    tally.tracks_confirmed += 1;
                    self.look.trail.confirmed(track);
                    TrackStatus::Confirmed
                }
                TrackStatus::Tentative => TrackStatus::Tentative,
                TrackStatus::Confirmed | TrackStatus::Coasted if hit => TrackStatus::Confirmed,
                TrackStatus::Confirmed | TrackStatus::Coasted => TrackStatus::Coasted,
            };
        }
    }

    /// Deletes tracks that too many looks missed.
    pub(super) fn delete_missed(&self, table: &mut TrackTable<'_>, rows: &[Row], tally: &mut Tally) {
        for row in rows.iter().filter(|row| row.covered()) {
            if table.get(row.slot).and_then(|track| judge_by_looks(track, self.config)) == Some(Deletion::Missed) {
                self.look.trail.deleted_by_looks(table.get(row.slot), self.config);
                table.delete(row.slot);
                tally.deleted_missed += 1;
            }
        }
    }

    /// Merges tracks that have been one for long enough: the older keeps its number.
    ///
    /// Two tracks on one target coincide *and* share one measurement a look; two targets flying close give two. Only
    /// pairs that compete for a measurement are compared, so the cost grows with the measurements.
    pub(super) fn merge_twins(
        &self,
        table: &mut TrackTable<'_>,
        solution: &Solution<'_>,
        columns: &[Column],
        tally: &mut Tally,
    ) {
        for column in columns.iter().filter(|column| column.claims[1].beta >= TWIN_SHARE) {
            let rows = column.claims.map(|claim| usize::from(claim.row));
            let seen: f64 = rows.iter().map(|&row| 1.0 - solution.missed[row]).sum();
            let slots = rows.map(|row| solution.rows[row].slot);
            if let Some((elder, younger)) = self.coincide(table, slots) {
                self.suspect(table, elder, younger, seen, tally);
            }
        }
    }

    /// The elder's and the younger's slot, if two tracks are statistically in one place and nothing says they are two.
    fn coincide(&self, table: &TrackTable<'_>, [a, b]: [u16; 2]) -> Option<(u16, u16)> {
        let (one, other) = (table.get(a)?, table.get(b)?);
        if self.config.use_identity && !one.identity.compatible_with(&other.identity) {
            return None;
        }
        let difference = one.state.mean - other.state.mean;
        let sum = Covariance::new(one.state.covariance.matrix() + other.state.covariance.matrix()).ok()?;
        let together = sum.factor().mahalanobis_squared(&difference) <= COINCIDENCE;
        together.then(|| if one.is_older_than(other) { (a, b) } else { (b, a) })
    }

    fn suspect(&self, table: &mut TrackTable<'_>, elder: u16, younger: u16, seen: f64, tally: &mut Tally) {
        let Some((number, existence)) = table.get(elder).map(|track| (track.id.number, track.existence)) else {
            return;
        };
        let Some(track) = table.get_mut(younger) else { return };
        let looks = match track.twin {
            _ if seen > SEEN_AS_ONE => 0,
            Some(twin) if twin.number == number => twin.looks.saturating_add(1),
            _ => 1,
        };
        track.twin = Some(Twin { number, looks });
        // Where the younger wins the measurements, the elder must not die of it: its number has been told to people.
        let urgent = looks >= URGENT_LOOKS && !is_believed(existence);
        if looks >= self.config.duplicate_looks || urgent {
            self.look.trail.track(track, None, Decision::Merged { into: number });
            merge(table, elder, younger);
            table.get(elder).into_iter().for_each(|track| self.keep_safe(track));
            tally.deleted_merged += 1;
        }
    }
}

/// Whether a track is known apart from its neighbours: the look tells which measurement is its own, or so many have
/// seen it that it will not become clearer.
///
/// In a formation the first looks make tracks of measurements of different targets too, as probable as the right ones.
/// What is shown then would be renamed as soon as the next looks tell them apart.
fn is_itself(track: &Track, pairs: &Pairs<'_>) -> bool {
    track.updates >= PATIENT_UPDATES || pairs.beta.iter().any(|&beta| beta >= CLEAR)
}

/// A measurement with at least this probability is a track's own.
const CLEAR: f64 = 0.6;
/// A track seen so often is confirmed even where its measurements stay in dispute.
const PATIENT_UPDATES: u32 = 6;

/// A row must explain at least this much of a measurement to compete for it.
const TWIN_SHARE: f64 = 0.1;
/// Squared distance, over six dimensions, up to which two tracks may be one: about the mean of χ² with six degrees.
const COINCIDENCE: f64 = 6.0;
/// Together, two tracks on one target are seen once a look at the most; two targets mostly twice.
const SEEN_AS_ONE: f64 = 1.5;

/// Looks after which two tracks are one if otherwise the elder would end.
const URGENT_LOOKS: u8 = 2;

/// The younger becomes part of the elder. Both were made from the same measurements, so the state of that which exists
/// more probably stands alone.
fn merge(table: &mut TrackTable<'_>, elder: u16, younger: u16) {
    let Some((absorbed, absorbed_beside)) = table.take(younger) else { return };
    let Some((track, mut beside)) = table.whole_mut(elder) else { return };
    let existence = track.existence.probability() + absorbed.existence.probability();
    if absorbed.existence > track.existence {
        (track.state, track.existence, track.monitor) = (absorbed.state, absorbed.existence, absorbed.monitor);
        beside.become_that_of(absorbed_beside);
    }
    let mut identity = absorbed.identity;
    identity.absorb(&track.identity);
    track.identity = identity;
    track.label = track.label.join(absorbed.label);
    track.last_update = track.last_update.max(absorbed.last_update);
    if !track.is_confirmed() {
        track.status = absorbed.status;
    }
    if track.family.is_some() && track.family == absorbed.family {
        // They excluded each other, so one is as probable as either.
        track.existence = Existence::new(existence);
    }
}

/// The pairs of one row with their probabilities.
pub(super) struct Pairs<'a> {
    pub(super) edges: &'a [Edge],
    pub(super) beta: &'a [f64],
    /// Of a track with modes, what each explains.
    pub(super) explained: &'a [Explained],
    /// By mode, those at the states that the pairs may move; nothing if the gate did not leave them.
    pub(super) tangents: &'a [f64],
    /// By how much R grows in slant range and azimuth.
    pub(super) blur: [f64; 2],
}

impl Pairs<'_> {
    /// Whether a pair of this probability counts.
    pub(super) fn counts(beta: f64) -> bool {
        beta >= BETA_USED
    }

    /// Column and probability of those that count.
    pub(super) fn used(&self) -> impl Iterator<Item = (u16, f64)> {
        let pairs = self.edges.iter().zip(self.beta);
        pairs.filter(|(_, beta)| Self::counts(**beta)).map(|(edge, beta)| (edge.column, *beta))
    }

    /// The column that is more likely than all the rest together.
    fn certain(&self) -> Option<u16> {
        self.used().find(|(_, beta)| *beta >= HIT).map(|(column, _)| column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::tests::any_track;

    #[test]
    fn a_track_is_itself_when_a_measurement_is_clearly_its_own() {
        let edges = [0, 1].map(|column| Edge { row: 0, column, weight: 1.0 });
        let judged = |beta: &[f64; 2], updates: u32| {
            let pairs = Pairs { edges: &edges, beta, explained: &[], tangents: &[], blur: [0.0; 2] };
            is_itself(&Track { updates, ..any_track() }, &pairs)
        };
        assert!(judged(&[0.1, 0.7], 2) && !judged(&[0.45, 0.5], 2));
        // Nor does a miss tell.
        assert!(!judged(&[0.0, 0.1], 2));
        assert!(judged(&[0.45, 0.5], PATIENT_UPDATES));
    }
}
