//! What the gate and the association decided in a scan, told for the trail, pair by pair.
//!
//! The tracker itself looks only where something can be near, and keeps no distances. So with the trail on, everything
//! is compared once more: each measurement with each track, as the gate compares them. Nothing here changes anything,
//! and nothing here runs with the trail off.

use super::associate::{Ahead, Foreseen, Gating, Row};
use super::look::Column;
use crate::association::Edge;
use crate::filter::consider::Consideration;
use crate::measurement::Coverage;
use crate::model::{Kind, KindVisitor, ObservationModel, visit};
use crate::track::Track;
use crate::track::table::TrackTable;
use crate::trail::{Apart, Decision, narrow};

/// The association of a scan before it moves anything.
pub(super) struct Explaining<'a> {
    pub(super) gating: &'a Gating<'a>,
    pub(super) columns: &'a [Column],
    pub(super) rows: &'a [Row],
    pub(super) edges: &'a [Edge],
    /// By pair.
    pub(super) beta: &'a [f64],
    /// By row.
    pub(super) missed: &'a [f64],
}

/// Measurements compared at a time.
const BLOCK: usize = 256;

/// A look that found a track less probably than this is told as a miss.
const SEEN: f64 = 0.5;

/// The track nearest to a measurement: whether it is tentative, how far it is, γ, its slot.
type Nearest = Option<(bool, Apart, u16)>;

/// A track as the gate saw it.
struct Gated<'a> {
    predicted: Ahead<'a>,
    common: Consideration<'a>,
}

/// How a measurement of some dimension and a track fit.
#[derive(Clone, Copy)]
struct Fit {
    apart: Apart,
    dimension: u8,
}

impl Explaining<'_> {
    /// Notes what became of every pair, of every measurement that no track gates, and of every track that was missed.
    pub(super) fn explain(&self, table: &TrackTable<'_>) {
        let mut first = 0;
        for block in self.columns.chunks(BLOCK) {
            let mut nearest: [Nearest; BLOCK] = [None; BLOCK];
            let place = &mut nearest[..block.len()];
            self.each_track(table, |slot, track, gated| self.compare(slot, track, gated, first, place));
            self.tell_unclaimed(table, first, &nearest[..block.len()]);
            first += block.len();
        }
        self.each_track(table, |slot, track, gated| self.tell_unseen(slot, track, gated));
    }

    /// Compares each track with measurements, as the gate saw it: at the time of the scan, by each of its motions.
    fn each_track(&self, table: &TrackTable<'_>, mut each: impl FnMut(u16, &Track, &Gated<'_>)) {
        let mut ahead = Foreseen::default();
        for slot in table.indices() {
            let Some(track) = table.get(slot) else { continue };
            let Ok(predicted) = self.gating.predict(track, table.modes(slot), &mut ahead) else { continue };
            let blur = self.row(slot).map_or([0.0; 2], |row| self.rows[row].blur);
            let common = self.gating.common.to(table.considered(slot), blur);
            each(slot, track, &Gated { predicted, common });
        }
    }

    /// Compares a track with a block of measurements: tells its pairs, and keeps the nearest of what is no pair.
    fn compare(&self, slot: u16, track: &Track, gated: &Gated<'_>, first: usize, nearest: &mut [Nearest]) {
        let pairs = self.row(slot).map_or(&[][..], |row| &self.edges[self.rows[row].edges()]);
        let betas = self.row(slot).map_or(&[][..], |row| &self.beta[self.rows[row].edges()]);
        self.each_fit(gated, first..first + nearest.len(), |column, fit| {
            if let Some(pair) = pairs.iter().position(|edge| edge.column == column) {
                self.tell_pair(track, column, fit, betas[pair]);
            } else {
                self.tell_refused(slot, track, column, fit.apart);
                let tentative = !track.is_confirmed();
                let place = &mut nearest[usize::from(column) - first];
                let nearer = |(other, apart, _): &(bool, Apart, u16)| {
                    (tentative, fit.apart.distance_squared) < (*other, apart.distance_squared)
                };
                if place.as_ref().is_none_or(nearer) {
                    *place = Some((tentative, fit.apart, slot));
                }
            }
        });
    }

    fn tell_pair(&self, track: &Track, column: u16, fit: Fit, beta: f64) {
        let Fit { apart: Apart { distance_squared, gate }, dimension } = fit;
        let decision = Decision::Weighed { distance_squared, gate, beta: narrow(beta), dimension };
        self.gating.look.trail.track(track, Some(column), decision);
    }

    /// A pair inside the gate that is none all the same: addresses speak against it.
    fn tell_refused(&self, slot: u16, track: &Track, number: u16, apart: Apart) {
        let column = &self.columns[usize::from(number)];
        if !self.gating.config.use_identity || apart.distance_squared > apart.gate {
            return;
        }
        let measurement = &self.gating.look.measurements[usize::from(number)];
        let trail = &self.gating.look.trail;
        if column.owner.is_some_and(|owner| owner.slot != slot) {
            trail.track(track, Some(number), Decision::Owned(apart));
        } else if column.owner.is_none() && !track.identity.compatible_with(&measurement.identity) {
            trail.track(track, Some(number), Decision::Contradicted(apart));
        }
    }

    /// Of each measurement that no track gates: which track is nearest.
    fn tell_unclaimed(&self, table: &TrackTable<'_>, first: usize, nearest: &[Nearest]) {
        for (number, nearest) in (first..).zip(nearest) {
            let column = u16::try_from(number).expect("columns are numbered in 16 bits");
            let Some((_, apart, slot)) = nearest.filter(|(_, apart, _)| apart.distance_squared > apart.gate) else {
                continue;
            };
            let gated = self.edges.iter().any(|edge| edge.column == column);
            if let Some(track) = table.get(slot).filter(|_| !gated) {
                self.gating.look.trail.track(track, Some(column), Decision::OutsideGate(apart));
            }
        }
    }

    /// Of a track that was looked for and not seen: which measurement was nearest. Of a track that this sensor has seen
    /// and now cannot: that.
    fn tell_unseen(&self, slot: u16, track: &Track, gated: &Gated<'_>) {
        let (look, trail) = (self.gating.look, &self.gating.look.trail);
        let row = self.row(slot);
        let covered = row.is_some_and(|row| self.rows[row].covered());
        if covered && row.is_some_and(|row| 1.0 - self.missed[row] < SEEN) {
            let (ordinal, apart) = self.nearest_to(gated);
            trail.track(track, ordinal, Decision::Missed(apart));
        }
        let known = track.contributors.as_slice().iter().any(|(sensor, _)| *sensor == look.scan.sensor);
        if row.is_none() && known && look.scan.coverage == Coverage::Full {
            trail.track(track, None, Decision::OutOfView);
        }
    }

    fn nearest_to(&self, gated: &Gated<'_>) -> (Option<u16>, Apart) {
        let mut nearest = (None, Apart { distance_squared: f32::INFINITY, gate: 0.0 });
        self.each_fit(gated, 0..self.columns.len(), |column, fit| {
            if fit.apart.distance_squared < nearest.1.distance_squared {
                nearest = (Some(column), fit.apart);
            }
        });
        nearest
    }

    /// Which row a slot has; rows are in the order of slots.
    fn row(&self, slot: u16) -> Option<usize> {
        self.rows.binary_search_by_key(&slot, |row| row.slot).ok()
    }

    /// Compares a predicted track with all measurements of a range that take part, as the gate does.
    fn each_fit(&self, gated: &Gated<'_>, range: core::ops::Range<usize>, mut told: impl FnMut(u16, Fit)) {
        let look = self.gating.look;
        let reached = look.may_reach(&gated.predicted.whereabouts());
        for kind in look.groups.iter().map(|group| group.kind()).filter(|kind| reached || !kind.is_bearing_only()) {
            let fits = Fits { explaining: self, kind, gated, range: range.clone(), told: &mut told };
            visit(kind, &look.scan.pose, fits);
        }
    }
}

/// One track against the measurements of one kind.
struct Fits<'a, F> {
    explaining: &'a Explaining<'a>,
    kind: Kind,
    gated: &'a Gated<'a>,
    range: core::ops::Range<usize>,
    told: &'a mut F,
}

impl<F: FnMut(u16, Fit)> KindVisitor for Fits<'_, F> {
    type Output = ();

    fn visit<const M: usize>(self, model: &impl ObservationModel<M>) {
        let Explaining { gating, columns, .. } = self.explaining;
        let outlooks = self.gated.predicted.outlooks(model, self.gated.common);
        let gate = narrow(gating.gate.threshold::<M>());
        let dimension = u8::try_from(M).expect("a measurement has few dimensions");
        for number in self.range {
            let observation = &gating.look.measurements[number].observation;
            if columns[number].log_clutter.is_none() || Kind::of(observation) != self.kind {
                continue;
            }
            let Some(reading) = model.reading(observation) else { continue };
            let noise = gating.look.noise(reading);
            // The gate is that of any motion, so what counts is the nearest.
            let nearest = outlooks.iter().filter_map(|(_, outlook)| {
                let s = outlook.innovation_factor(&noise).ok()?;
                Some(s.mahalanobis_squared(&model.residual(&reading.z, &outlook.z_hat)))
            });
            let Some(nearest) = nearest.reduce(f64::min) else { continue };
            let apart = Apart { distance_squared: narrow(nearest), gate };
            let column = u16::try_from(number).expect("columns are numbered in 16 bits");
            (self.told)(column, Fit { apart, dimension });
        }
    }
}
