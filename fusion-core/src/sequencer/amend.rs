//! A scan from before everything that can be done again: what it says of the tracks as they stood afterwards.
//!
//! The association of its time is settled, so only what admits no doubt is used: a measurement that one confirmed track
//! gates and no other, where that track gates no other measurement of the scan. The track takes it by retrodiction
//! ([`Past`]) between its state in an older copy of the table, the anchor, and its state now, weighed against
//! clutter as every measurement is. Nothing is founded, confirmed, merged or deleted, and silence says nothing: looks
//! and scores stay as they are.

use heapless::Vec;

use crate::association::gate::Gate;
use crate::association::likelihood::{Likelihood, weight};
use crate::capacity::AMENDING_MEASUREMENTS_MAX;
use crate::filter::extended::Expectation;
use crate::filter::retrodiction::Past;
use crate::filter::{Mixture, predict};
use crate::gaussian::GaussianState;
use crate::maths::ln;
use crate::measurement::{Coverage, Measurement, Scan};
use crate::model::polar::azimuth_and_distance;
use crate::model::{Kind, KindVisitor, ObservationModel, visit};
use crate::sensor::SensorModel;
use crate::tally::Tally;
use crate::track::{SlotCopy, Track};
use crate::tracker::TrackerConfig;

/// What amending needs to know.
pub(super) struct Amendment<'a> {
    pub(super) scan: &'a Scan<'a>,
    pub(super) sensor: &'a SensorModel,
    pub(super) config: &'a TrackerConfig,
    pub(super) gate: &'a Gate,
    /// A copy of the table from before the scan.
    pub(super) anchor: &'a [SlotCopy],
}

/// Which confirmed tracks gate a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    Nobody,
    /// The track in this slot, and no other.
    Slot(u16),
    Several,
}

/// Where a track stood at the time of the scan, and the state about which that is told.
struct Standing {
    state: GaussianState,
    past: Past,
}

/// A measurement is used if it is at least this likely to be the track's.
const CREDIBLE: f64 = 0.5;

impl Amendment<'_> {
    /// Amends the tracks of a table, and the modes among its words; tells how many measurements were used.
    pub(super) fn apply(&self, table: &mut [SlotCopy], words: &mut [u64], tally: &mut Tally) -> usize {
        let claims = self.claims(table);
        let alone = |slot: u16| claims.iter().filter(|claim| **claim == Claim::Slot(slot)).count() == 1;
        let mut used = 0;
        for (measurement, claim) in self.scan.measurements.iter().zip(&claims) {
            let Claim::Slot(slot) = *claim else { continue };
            let copy = &mut table[usize::from(slot)];
            let Some(track) = copy.track().filter(|_| alone(slot)) else { continue };
            let Some(state) = self.amended(slot, track, measurement) else { continue };
            if let Some(track) = copy.set_state(words, state) {
                self.note(track, measurement, tally);
            }
            used += 1;
        }
        used
    }

    fn claims(&self, table: &[SlotCopy]) -> Vec<Claim, AMENDING_MEASUREMENTS_MAX> {
        let mut claims: Vec<Claim, _> =
            self.scan.measurements.iter().take(AMENDING_MEASUREMENTS_MAX).map(|_| Claim::Nobody).collect();
        for (slot, copy) in (0..).zip(table) {
            let Some(track) = copy.track().filter(|track| track.is_confirmed()) else { continue };
            let Some(standing) = self.standing(slot, track) else { continue };
            for (claim, measurement) in claims.iter_mut().zip(self.scan.measurements) {
                if self.gates(track, &standing, measurement) {
                    *claim = if *claim == Claim::Nobody { Claim::Slot(slot) } else { Claim::Several };
                }
            }
        }
        claims
    }

    /// Nothing, for a track that the anchor does not know yet.
    fn standing(&self, slot: u16, track: &Track) -> Option<Standing> {
        let (motion, time) = (&self.config.motion, self.scan.time);
        if track.state.time <= time {
            // Nothing has touched it since: for this track the scan is not late.
            let state = predict(motion, &track.state, time).ok()?;
            return Some(Standing { state, past: Past::between(motion, &state, &state, time).ok()? });
        }
        let anchor = self.anchor.get(usize::from(slot))?.track().filter(|anchor| anchor.id == track.id)?;
        Some(Standing { state: track.state, past: Past::between(motion, &anchor.state, &track.state, time).ok()? })
    }

    fn gates(&self, track: &Track, standing: &Standing, measurement: &Measurement) -> bool {
        let kind = Kind::of(&measurement.observation);
        let (_, distance) = azimuth_and_distance(&self.scan.pose, &standing.past.mean().fixed_rows::<3>(0).into());
        if kind.is_bearing_only() && distance > self.sensor.field_of_view.range_max_m {
            return false;
        }
        if self.config.use_identity && !track.identity.compatible_with(&measurement.identity) {
            return false;
        }
        visit(kind, &self.scan.pose, Gated { amendment: self, standing, measurement })
    }

    fn amended(&self, slot: u16, track: &Track, measurement: &Measurement) -> Option<GaussianState> {
        let standing = self.standing(slot, track)?;
        let kind = Kind::of(&measurement.observation);
        let taking = Taking { amendment: self, standing: &standing, measurement, kind };
        let mut state = visit(kind, &self.scan.pose, taking)?;
        if kind.leaves_height_open() {
            self.config.height_prior.hold(&mut state);
        }
        Some(state)
    }

    /// Who contributed, who may know, and what was said: of what is known already, the newer stands.
    fn note(&self, track: &mut Track, measurement: &Measurement, tally: &mut Tally) {
        track.label = track.label.join(self.scan.label.join(self.sensor.label));
        track.last_update = track.last_update.max(self.scan.time);
        track.updates = track.updates.saturating_add(1);
        let mut identity = measurement.identity.clone();
        identity.absorb(&track.identity);
        track.identity = identity;
        let remembered = track.contributors.note(self.scan.sensor, self.scan.time);
        tally.contributors_forgotten += u64::from(!remembered);
    }

    /// β of a measurement that has only clutter for a rival.
    fn probability(&self, measurement: &Measurement, log_density: f64) -> f64 {
        let density = self.sensor.clutter_density(&measurement.observation);
        let weight = weight(ln(self.sensor.detection), log_density, ln(density));
        let looked = self.scan.coverage != Coverage::Reports;
        let missed = if looked { 1.0 - self.sensor.detection * self.gate.probability() } else { 1.0 };
        weight / (missed + weight)
    }
}

/// Whether a track gates a measurement of its past.
struct Gated<'a> {
    amendment: &'a Amendment<'a>,
    standing: &'a Standing,
    measurement: &'a Measurement,
}

impl KindVisitor for Gated<'_> {
    type Output = bool;

    fn visit<const M: usize>(self, model: &impl ObservationModel<M>) -> bool {
        let Standing { state, past } = self.standing;
        let seen = past.seen_by(model);
        let Some(reading) = model.reading(&self.measurement.observation) else { return false };
        let Ok(reading) = seen.widen(reading) else { return false };
        let expectation = Expectation::of(&seen, &state.mean, state.covariance.matrix());
        let Ok(innovation) = expectation.innovate(&seen, &reading) else { return false };
        innovation.factor.mahalanobis_squared(&innovation.nu) <= self.amendment.gate.threshold::<M>()
    }
}

/// The state with a measurement of its past taken in; nothing, if it is not credible.
struct Taking<'a> {
    amendment: &'a Amendment<'a>,
    standing: &'a Standing,
    measurement: &'a Measurement,
    kind: Kind,
}

impl KindVisitor for Taking<'_> {
    type Output = Option<GaussianState>;

    fn visit<const M: usize>(self, model: &impl ObservationModel<M>) -> Option<GaussianState> {
        let Standing { state, past } = self.standing;
        let seen = past.seen_by(model);
        let reading = seen.widen(model.reading(&self.measurement.observation)?).ok()?;
        let p = state.covariance.matrix();
        let expectation = Expectation::of(&seen, &state.mean, p);
        let innovation = expectation.innovate(&seen, &reading).ok()?;
        let likelihood = Likelihood::new(innovation.factor);
        let log_density = likelihood.log_density(likelihood.distance_squared(&innovation.nu));
        let beta = self.amendment.probability(self.measurement, log_density);
        // NaN is not credible.
        if !(CREDIBLE..=1.0).contains(&beta) {
            return None;
        }
        // As in the tracker: a sensor that cannot tell the height must not move it.
        let considered: &[usize] = if self.kind.leaves_height_open() { &VERTICAL } else { &[] };
        let gain = expectation.gain(p, &innovation.factor, &reading.noise, considered);
        let mut mixture = Mixture::new(state, 1.0 - beta);
        mixture.add_covariance(beta, &gain.p);
        mixture.add_mean(beta, &gain.shift(&innovation.nu));
        mixture.reduce().ok()
    }
}

/// Height and its rate in the state.
const VERTICAL: [usize; 2] = [2, 5];
