//! What no track explains founds new ones: one track for a measurement that fixes a position, a family of them for a
//! line of bearing.

use super::look::Column;
use super::update::Updating;
use crate::capacity::SCAN_MEASUREMENTS_MAX;
use crate::filter::consider::{CommonError, Considered};
use crate::filter::monitor::TrackMonitor;
use crate::gaussian::{GaussianState, NotPositiveDefinite};
use crate::identity::Identity;
use crate::measurement::{Coverage, Observation};
use crate::model::{Kind, KindVisitor, ObservationModel, visit};
use crate::tally::Tally;
use crate::track::initiator::{Start, Unfounded, found};
use crate::track::ranging::{RANGES_MAX, parts};
use crate::track::table::TrackTable;
use crate::track::{Existence, History, Track, TrackId, TrackNumber, TrackStatus};
use crate::trail::{Decision, NotFounded};

/// The tracks that a scan adds.
pub(super) struct Foundings<'a, 't> {
    pub(super) updating: &'a Updating<'a>,
    pub(super) table: &'a mut TrackTable<'t>,
    pub(super) tally: &'a mut Tally,
    /// How many numbers beyond those of its measurements the scan has given away.
    pub(super) extra: u16,
}

/// A founding as it is worked out: one place for all of a scan, because both are large.
struct Draft {
    state: GaussianState,
    /// What the state has of common errors; nothing where the scan has none.
    known: Option<Considered>,
}

impl Foundings<'_, '_> {
    /// Founds tracks from every measurement that no track explains well enough.
    pub(super) fn found_all(&mut self, columns: &[Column]) {
        let config = self.updating.config;
        let mut draft = Draft { state: GaussianState::STANDARD, known: None };
        for (ordinal, column) in (0..).zip(columns) {
            let (unexplained, existence) = unexplained(column);
            if !self.updating.may_found(column) {
                let left_over = column.log_clutter.is_some() && unexplained >= config.founding_mass;
                self.updating.look.trail.passed_over(ordinal, left_over);
                continue;
            }
            if let Err(unfounded) = self.found_from(ordinal, existence, &mut draft) {
                self.updating.look.trail.plot(ordinal, Decision::NotFounded(unfounded.into()));
                *match unfounded {
                    Unfounded::NoPosition => &mut self.tally.bearings_unexplained,
                    Unfounded::TooUncertain => &mut self.tally.foundings_too_uncertain,
                    Unfounded::NotFinite => &mut self.tally.foundings_not_finite,
                } += 1;
            }
        }
    }

    fn found_from(&mut self, ordinal: u16, existence: f64, draft: &mut Draft) -> Result<(), Unfounded> {
        let (look, config) = (self.updating.look, self.updating.config);
        let measurement = &look.measurements[usize::from(ordinal)];
        match found(&measurement.observation, &look.scan.pose, look.scan.time, config, &mut draft.state) {
            Ok(()) => {
                self.consider(draft, &measurement.observation)?;
                let number = self.updating.number(ordinal, self.table, self.tally);
                self.insert(number, ordinal, draft, existence, None);
                Ok(())
            }
            Err(Unfounded::NoPosition) => self.found_family(ordinal, existence, draft),
            Err(unfounded) => Err(unfounded),
        }
    }

    /// A line of bearing: one hypothesis for each part of the range, of which at most one is a target.
    fn found_family(&mut self, ordinal: u16, existence: f64, draft: &mut Draft) -> Result<(), Unfounded> {
        let (look, config) = (self.updating.look, self.updating.config);
        let measurement = &look.measurements[usize::from(ordinal)];
        let start = Start { pose: &look.scan.pose, time: look.scan.time, config };
        let share = existence / f64::from(u32::try_from(RANGES_MAX).expect("few parts"));
        let mut family = None;
        for part in parts(config.nearest_emitter_m, look.sensor.field_of_view.range_max_m) {
            start.along(&measurement.observation, part, &mut draft.state)?;
            self.consider(draft, &measurement.observation)?;
            let Some(number) = self.updating.extra_number(&mut self.extra, self.table, self.tally) else {
                self.updating.look.trail.plot(ordinal, Decision::NotFounded(NotFounded::NoNumber));
                return Ok(());
            };
            let family = *family.get_or_insert(number);
            self.insert(number, ordinal, draft, share, Some(family));
        }
        self.tally.families_founded += 1;
        Ok(())
    }

    /// Adds what a state has of the errors that the scan's measurements have in common, if they have any; its
    /// covariance grows by them.
    fn consider(&self, draft: &mut Draft, observation: &Observation) -> Result<(), Unfounded> {
        let errors = &self.updating.common.errors;
        if !errors.is_empty() {
            let rest = Rest { state: &mut draft.state, errors };
            draft.known = Some(visit(Kind::of(observation), &self.updating.look.scan.pose, rest)?);
        }
        Ok(())
    }

    fn insert(
        &mut self,
        number: TrackNumber,
        ordinal: u16,
        draft: &Draft,
        existence: f64,
        family: Option<TrackNumber>,
    ) {
        let trail = &self.updating.look.trail;
        let make = |place: &mut Track| self.updating.found_in(place, number, ordinal, &draft.state, existence, family);
        if let Some(track) = self.table.insert_with(draft.known.as_ref(), make) {
            trail.founded(track, Some(ordinal), false);
            self.updating.keep_safe(track);
            self.tally.tracks_founded += 1;
        } else {
            let mut nowhere = Track::BLANK;
            make(&mut nowhere);
            trail.founded(&nowhere, Some(ordinal), true);
            self.tally.tracks_table_full += 1;
        }
    }
}

/// What a state founded by R alone has of common errors.
struct Rest<'a> {
    state: &'a mut GaussianState,
    errors: &'a [CommonError],
}

impl KindVisitor for Rest<'_> {
    type Output = Result<Considered, NotPositiveDefinite>;

    fn visit<const M: usize>(self, model: &impl ObservationModel<M>) -> Self::Output {
        Considered::found(model, self.state, self.errors)
    }
}

/// What is less probably a target than this founds none, however dense the clutter.
const LEAST_EXISTENCE: f64 = 1e-9;

/// How much of a measurement no track explains, and how probably that is a new target.
fn unexplained(column: &Column) -> (f64, f64) {
    let unexplained = (1.0 - column.explained).max(0.0);
    (unexplained, unexplained * column.newcomer / (1.0 + column.newcomer))
}

impl Updating<'_> {
    /// Whether a measurement is to found what it can.
    fn may_found(&self, column: &Column) -> bool {
        let (unexplained, existence) = unexplained(column);
        column.log_clutter.is_some() && unexplained >= self.config.founding_mass && existence >= LEAST_EXISTENCE
    }

    /// How many tracks measurements may found at the most.
    pub(super) fn foundings(&self, columns: &[Column]) -> usize {
        let founders = (0..).zip(columns).filter(|(_, column)| self.may_found(column));
        founders.map(|(ordinal, _)| if self.kind(ordinal).is_bearing_only() { RANGES_MAX } else { 1 }).sum()
    }

    /// The number of a track founded by a measurement. Only if another track was founded in the same millisecond by the
    /// same sensor can it be taken.
    fn number(&self, ordinal: u16, table: &TrackTable<'_>, tally: &mut Tally) -> TrackNumber {
        let wanted = TrackNumber::founding(self.look.scan.time, self.look.scan.sensor, ordinal);
        let number = if self.clash { table.free_number(wanted) } else { wanted };
        tally.numbers_bumped += u64::from(number != wanted);
        number
    }

    /// A number for a track that has no measurement of the scan to itself, as if the scan had so many more. There are
    /// no more of them than a number can tell.
    pub(super) fn extra_number(
        &self,
        extra: &mut u16,
        table: &TrackTable<'_>,
        tally: &mut Tally,
    ) -> Option<TrackNumber> {
        let ordinal = self.look.measurements.len() + usize::from(*extra);
        let ordinal = u16::try_from(ordinal).ok().filter(|&ordinal| usize::from(ordinal) < SCAN_MEASUREMENTS_MAX);
        if ordinal.is_none() {
            tally.branches_dropped += 1;
        }
        *extra += u16::from(ordinal.is_some());
        ordinal.map(|ordinal| self.number(ordinal, table, tally))
    }

    /// A tentative track as it begins, made where it will lie. The compiler sees to it that nothing is left of whoever
    /// lay there; what is large and mostly the same as before is only written if it is not.
    #[inline]
    fn found_in(
        &self,
        place: &mut Track,
        number: TrackNumber,
        ordinal: u16,
        founded: &GaussianState,
        r: f64,
        of: Option<TrackNumber>,
    ) {
        let scan = self.look.scan;
        #[rustfmt::skip]
        let Track {
            status, reported, own_word, updates, existence, founding_existence, family, history, existence_time,
            last_update, swerved, state, id, first_seen, twin, monitor, contributors, label, identity,
        } = place;
        (*status, *reported, *updates) = (TrackStatus::Tentative, scan.coverage == Coverage::Reports, 1);
        (*existence, *founding_existence, *family) = (Existence::new(r), Existence::new(r), of);
        (*existence_time, *last_update, *first_seen, *swerved) = (scan.time, scan.time, scan.time, scan.time);
        (*state, *id) = (*founded, TrackId { origin: self.origin, number });
        *own_word = self.look.is_own_word;
        (*history, *twin, *monitor) = (History::default(), None, TrackMonitor::NEW);
        history.record(true);
        contributors.begin(scan.sensor, scan.time);
        if *label != self.look.label {
            *label = self.look.label;
        }
        *identity = Identity::UNKNOWN;
        if !self.look.is_anonymous {
            identity.absorb(&self.look.measurements[usize::from(ordinal)].identity);
        }
    }
}
