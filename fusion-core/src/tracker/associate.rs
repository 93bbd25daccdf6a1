//! Every track against the scan: predicted, gated, weighed. The result is the sparse table of track–measurement pairs
//! that joint association takes.

use heapless::Vec;
use nalgebra::{SMatrix, SVector};

use super::consider::Common;
use super::look::{Column, Look, Owner, View, span};
use super::reach::{Concern, Reach};
use super::resolve::{Crowd, blur_max};
use super::sharpen::is_believed;
use crate::association::Edge;
use crate::association::gate::{Gate, Group};
use crate::association::likelihood::{Likelihood, weight};
use crate::capacity::ROW_EDGES_MAX;
use crate::filter::consider::Consideration;
use crate::filter::extended::{Outlook, Tangent};
use crate::filter::imm::{Change, ModeState, ModeVisitor, Modes};
use crate::filter::{Prediction, Whereabouts};
use crate::gaussian::{Covariance, GaussianState, NotPositiveDefinite};
use crate::identity::Address;
use crate::maths::{exp, ln, sqrt};
use crate::measurement::{Measurement, Reading};
use crate::model::motion::{MOTIONS_MAX, MotionSet};
use crate::model::{Kind, KindVisitor, ObservationModel, visit};
use crate::tally::{Tally, count};
use crate::time::{Span, Timestamp};
use crate::track::Track;
use crate::track::deleter::Deletion;
use crate::track::existence::Fading;
use crate::track::table::{Beside, TrackTable};
use crate::tracker::TrackerConfig;

/// One track in the association of one scan: it was looked at, or it gates something, or both.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub(super) slot: u16,
    /// Whether its association is sharpened: what is asked of every row lies with the rows, not far off in the table.
    pub(super) believed: bool,
    /// Whether it is one of a family.
    pub(super) has_family: bool,
    /// P_D P_G: how probably the look sees the track if it is there; zero where it did not look.
    pub(super) detection: f64,
    /// By how much R grows for it in slant range and azimuth.
    pub(super) blur: [f64; 2],
    first_edge: u32,
    edges: u16,
    first_tangent: u32,
    tangents: u16,
}

impl Row {
    /// A place in memory for one.
    pub const EMPTY: Self = Self {
        slot: 0,
        believed: false,
        has_family: false,
        detection: 0.0,
        blur: [0.0; 2],
        first_edge: 0,
        edges: 0,
        first_tangent: 0,
        tangents: 0,
    };

    /// Whether the look would have seen it.
    pub(super) const fn covered(&self) -> bool {
        self.detection > 0.0
    }

    /// Its pairs among all pairs.
    pub(super) fn edges(&self) -> core::ops::Range<usize> {
        span(self.first_edge, self.edges)
    }

    /// Its reals among those of all tangents.
    pub(super) fn tangents(&self) -> core::ops::Range<usize> {
        span(self.first_tangent, self.tangents)
    }
}

/// By mode m of a track, Λₘⱼ / Λ̄ⱼ: how much better the mode explains a measurement than all of them together.
pub(super) type Explained = [f64; MOTIONS_MAX];

/// Every mode explains it alike.
const ALIKE: Explained = [1.0; MOTIONS_MAX];

/// The pairs of a scan as they are collected.
pub(super) struct Pairing<'a> {
    rows: &'a mut [Row],
    nulls: &'a mut [f64],
    edges: &'a mut [Edge],
    explained: &'a mut [Explained],
    /// The measurement model's tangents at the modes of each row: the gate works them out, the update needs them again.
    tangents: &'a mut [f64],
    row_count: usize,
    edge_count: usize,
    tangent_count: usize,
    /// Measurements that the rows lead to expect.
    pub(super) known: f64,
}

impl<'a> Pairing<'a> {
    pub(super) fn new(
        rows: &'a mut [Row],
        nulls: &'a mut [f64],
        edges: &'a mut [Edge],
        explained: &'a mut [Explained],
        tangents: &'a mut [f64],
    ) -> Self {
        Self { rows, nulls, edges, explained, tangents, row_count: 0, edge_count: 0, tangent_count: 0, known: 0.0 }
    }

    /// The rows, the weights of their misses, and the pairs, sorted by row and column.
    pub(super) fn finish(self) -> Paired<'a> {
        let edges = 0..self.edge_count;
        (
            &self.rows[..self.row_count],
            &mut self.nulls[..self.row_count],
            &mut self.edges[edges.clone()],
            &self.explained[edges],
            &self.tangents[..self.tangent_count],
        )
    }

    /// Adds a row with its candidates; `waiting` more tracks may come, and each must find room for one pair.
    fn add(&mut self, slot: u16, r: f64, detection: f64, candidates: &mut Candidates, waiting: usize) -> usize {
        let room = (self.edges.len() - self.edge_count).saturating_sub(waiting);
        let dropped = candidates.keep_likeliest(room);
        let row = u16::try_from(self.row_count).expect("rows are numbered in 16 bits");
        let first_edge = u32::try_from(self.edge_count).expect("pairs are numbered in 32 bits");
        for &Candidate { column, weight, explained } in candidates.by_column() {
            self.edges[self.edge_count] = Edge { row, column, weight: weight * r };
            self.explained[self.edge_count] = explained;
            self.edge_count += 1;
        }
        let edges = u16::try_from(candidates.kept.len()).expect("a row has few pairs");
        self.rows[self.row_count] = Row { slot, detection, first_edge, edges, ..Row::EMPTY };
        self.nulls[self.row_count] = 1.0 - r * detection;
        self.known += r * detection;
        self.row_count += 1;
        dropped
    }

    /// Gives the last row the next so many reals of the tangents, if it will need them.
    fn keep_tangents(&mut self, count: u16) {
        let row = &mut self.rows[self.row_count - 1];
        if row.edges == 0 {
            return;
        }
        row.first_tangent = u32::try_from(self.tangent_count).expect("they are numbered in 32 bits");
        row.tangents = count;
        self.tangent_count += usize::from(count);
    }
}

/// Rows, weights of their misses, pairs, what explains them, and tangents.
type Paired<'a> = (&'a [Row], &'a mut [f64], &'a mut [Edge], &'a [Explained], &'a [f64]);

/// What gating needs to know.
pub(super) struct Gating<'a> {
    pub(super) look: &'a Look<'a>,
    pub(super) gate: &'a Gate,
    pub(super) config: &'a TrackerConfig,
    pub(super) common: &'a Common<'a>,
}

impl Gating<'_> {
    /// Predicts every track to the time of the scan and collects its pairs. Tracks that gate anything move to that
    /// time; should their prediction overflow, they are removed.
    pub(super) fn pair(
        &self,
        table: &mut TrackTable<'_>,
        columns: &[Column],
        crowd: &Crowd<'_>,
        pairing: &mut Pairing<'_>,
        tally: &mut Tally,
    ) {
        let mut candidates = Candidates::default();
        let mut waiting = table.live();
        let (mut ahead, mut fading) = (Foreseen::default(), Fading::over(Span::ZERO, self.config.lifetime));
        let (look, errors) = (self.look, &self.common.errors);
        let blur = look.sensor.resolution.as_ref().map_or([0.0; 2], blur_max);
        let mut fields = Vec::new();
        let reach = Reach::of(look.scan, &look.groups, self.gate, &self.config.motion, errors, blur, &mut fields);
        for slot in table.indices() {
            let Some((track, Beside { modes, considered })) = table.whole_mut(slot) else { continue };
            waiting -= 1;
            let concern =
                reach.as_ref().map_or(Concern::Perhaps, |reach| self.concern(reach, track, track.modes_of(modes)));
            if concern == Concern::Nothing {
                continue;
            }
            candidates.clear();
            let left = crowd.leaves(slot, track);
            let mut tangents = 0;
            let view = if concern == Concern::Silence && track.modes_of(modes).is_none() {
                let whereabouts = self.config.motion.whereabouts(&track.state, look.scan.time);
                look.view_of(&whereabouts).shared(left.share)
            } else {
                let Ok(predicted) = self.predict(track, track.modes_of(modes), &mut ahead) else {
                    self.give_up(table, slot, tally);
                    continue;
                };
                let whereabouts = predicted.whereabouts();
                let view = look.view_of(&whereabouts).shared(left.share);
                let common = self.common.to(considered, left.blur);
                let target = Target { slot, track, predicted, whereabouts, view, common };
                let room = &mut pairing.tangents[pairing.tangent_count..];
                tangents = self.find_candidates(&target, columns, &mut candidates, room, tally);
                if !candidates.kept.is_empty() && predicted.take_effect(track, modes).is_err() {
                    self.give_up(table, slot, tally);
                    continue;
                }
                view
            };
            if candidates.kept.is_empty() && !view.covered {
                continue;
            }
            let time = self.look.scan.time;
            fading.set_span(time - track.existence_time);
            track.existence = fading.of(track.existence);
            track.existence_time = time;
            let r = track.existence.probability();
            let detection = if view.covered { view.detection * self.gate.probability() } else { 0.0 };
            let dropped = pairing.add(slot, r, detection, &mut candidates, waiting);
            pairing.keep_tangents(tangents);
            let row = &mut pairing.rows[pairing.row_count - 1];
            (row.blur, row.believed, row.has_family) =
                (left.blur, is_believed(track.existence), track.family.is_some());
            tally.edges += u64::from(row.edges);
            tally.edges_dropped += count(dropped + candidates.dropped);
            self.look.trail.dropped(track, dropped + candidates.dropped);
        }
    }

    /// Removes a track whose prediction overflows.
    fn give_up(&self, table: &mut TrackTable<'_>, slot: u16, tally: &mut Tally) {
        self.look.trail.deleted(table.get(slot), Deletion::Uncertain);
        table.delete(slot);
        tally.deleted_uncertain += 1;
    }

    /// The track at the time of the scan; `ahead` becomes its modes if it has any.
    pub(super) fn predict<'a>(
        &self,
        track: &Track,
        modes: Option<&Modes>,
        ahead: &'a mut Foreseen,
    ) -> Result<Ahead<'a>, NotPositiveDefinite> {
        let time = self.look.scan.time;
        match (modes, &self.config.motions) {
            (Some(modes), Some(set)) => Ok(Ahead::Several(ahead.several(modes, set, time)?)),
            _ => {
                ahead.alone.become_that_of(&self.config.motion, &track.state, time);
                Ok(Ahead::Alone(&ahead.alone))
            }
        }
    }

    /// What the look has to do with a track, whichever way it moves.
    fn concern(&self, reach: &Reach<'_>, track: &Track, modes: Option<&Modes>) -> Concern {
        match (modes, &self.config.motions) {
            _ if self.may_own(track) => Concern::Perhaps,
            (Some(modes), Some(set)) => reach.concern_of_all(modes, set),
            (None, _) | (_, None) => reach.concern(track),
        }
    }

    /// Whether a measurement is the track's by its address, wherever it is.
    fn may_own(&self, track: &Track) -> bool {
        let address = self.address_of(track);
        address.is_some_and(|address| self.look.with_address(address).next().is_some())
    }

    /// The address of a track, where any measurement could carry it.
    fn address_of(&self, track: &Track) -> Option<Address> {
        if self.config.use_identity && self.look.has_addresses() { track.identity.address } else { None }
    }

    /// The measurements that a track gates. Where all are of one kind, the tangents of its states are left for the
    /// update; tells how many reals they are.
    fn find_candidates(
        &self,
        target: &Target<'_>,
        columns: &[Column],
        candidates: &mut Candidates,
        room: &mut [f64],
        tally: &mut Tally,
    ) -> u16 {
        if let Some(address) = self.address_of(target.track) {
            for column in self.look.with_address(address) {
                if let Some(owner) = columns[usize::from(column)].owner.filter(|owner| owner.slot == target.slot) {
                    let measurement = &self.look.measurements[usize::from(column)];
                    let (modes, common) = (target.predicted.modes(), target.common);
                    let explain = Explain { look: self.look, measurement, modes, common };
                    let explained = visit(Kind::of(&measurement.observation), &self.look.scan.pose, explain);
                    candidates.push(Candidate { column, weight: owner.weight, explained });
                }
            }
        }
        // A line of bearing does not say how far its source is: beyond the sensor's reach it was somebody else.
        let reached = self.look.may_reach(&target.whereabouts);
        let (mut tangents, alone) = (0, self.look.groups.len() == 1);
        for group in self.look.groups.iter().filter(|group| reached || !group.kind().is_bearing_only()) {
            let (candidates, room) = (&mut *candidates, if alone { &mut *room } else { &mut [] });
            let row = RowGate { gating: self, group, target, columns, candidates, room, tally };
            tangents = visit(group.kind(), &self.look.scan.pose, row);
        }
        tangents
    }

    /// Gives each measurement that carries a track's own address to that track, if it lies within a generous gate of
    /// it. Of two tracks with one address the nearer has it.
    pub(super) fn match_addresses(&self, table: &TrackTable<'_>, columns: &mut [Column], tally: &mut Tally) {
        if !self.config.use_identity || !self.look.has_addresses() {
            return;
        }
        let mut ahead = Foreseen::default();
        for slot in table.indices() {
            let Some(track) = table.get(slot) else { continue };
            let Some(address) = track.identity.address else { continue };
            let mut own = self.look.with_address(address).peekable();
            let Some(_) = own.peek() else { continue };
            let Ok(predicted) = self.predict(track, table.modes(slot), &mut ahead) else { continue };
            let common = self.common.to(table.considered(slot), [0.0; 2]);
            for column in own {
                let claimant = Claimant { slot, track, predicted: &predicted, common };
                self.claim(&claimant, column, &mut columns[usize::from(column)], tally);
            }
        }
    }

    fn claim(&self, claimant: &Claimant<'_>, number: u16, column: &mut Column, tally: &mut Tally) {
        let &Claimant { slot, track, predicted, common } = claimant;
        let measurement = &self.look.measurements[usize::from(number)];
        let fit = Fit { gating: self, measurement, predicted, common };
        let Some(fit) = visit(Kind::of(&measurement.observation), &self.look.scan.pose, fit) else { return };
        let limit = self.config.address_gate_sigmas * self.config.address_gate_sigmas;
        if fit.distance_squared > limit {
            tally.addresses_implausible += 1;
            self.look.trail.address_implausible(track, number, fit.distance_squared, limit);
        } else if column.owner.is_none_or(|owner| fit.distance_squared < owner.distance_squared) {
            tally.addresses_matched += u64::from(column.owner.is_none());
            let log_clutter = column.log_clutter.unwrap_or(0.0);
            let ordinary = weight(self.look.log_detection(self.look.sensor.detection), fit.log_density, log_clutter);
            let certain = ADDRESS_ODDS * exp(-0.5 * fit.distance_squared.min(fit.threshold));
            column.owner = Some(Owner { slot, distance_squared: fit.distance_squared, weight: ordinary.max(certain) });
        }
    }
}

/// An address that matches outweighs everything kinematics can say inside the gate; a power of two near 10⁶.
const ADDRESS_ODDS: f64 = 1_048_576.0;

/// A track that carries the address of a measurement.
struct Claimant<'a> {
    slot: u16,
    track: &'a Track,
    predicted: &'a Ahead<'a>,
    common: Consideration<'a>,
}

/// How one measurement fits one track: by the motion that it fits best, and by all together.
struct Fitted {
    distance_squared: f64,
    log_density: f64,
    threshold: f64,
}

/// Finds how one measurement fits one track, whatever its kind.
struct Fit<'a> {
    gating: &'a Gating<'a>,
    measurement: &'a Measurement,
    predicted: &'a Ahead<'a>,
    common: Consideration<'a>,
}

impl KindVisitor for Fit<'_> {
    type Output = Option<Fitted>;

    fn visit<const M: usize>(self, model: &impl ObservationModel<M>) -> Option<Fitted> {
        let reading = model.reading(&self.measurement.observation)?;
        let noise = self.gating.look.noise(reading);
        let (mut nearest, mut log_density) = (f64::INFINITY, f64::NEG_INFINITY);
        for (share, outlook) in self.predicted.outlooks(model, self.common) {
            let likelihood = Likelihood::new(outlook.innovation_factor(&noise).ok()?);
            let distance_squared = likelihood.distance_squared(&model.residual(&reading.z, &outlook.z_hat));
            nearest = nearest.min(distance_squared);
            log_density = log_sum(log_density, ln(share) + likelihood.log_density(distance_squared));
        }
        Some(Fitted { distance_squared: nearest, log_density, threshold: self.gating.gate.threshold::<M>() })
    }
}

/// ln(eᵃ + eᵇ), a being possibly the logarithm of nothing.
fn log_sum(a: f64, b: f64) -> f64 {
    let (less, more) = if a < b { (a, b) } else { (b, a) };
    if less == f64::NEG_INFINITY { more } else { more + ln(1.0 + exp(less - more)) }
}

/// One track against the measurements of one kind.
struct RowGate<'a> {
    gating: &'a Gating<'a>,
    group: &'a Group<'a>,
    target: &'a Target<'a>,
    columns: &'a [Column],
    candidates: &'a mut Candidates,
    /// For tangents, if they shall be kept.
    room: &'a mut [f64],
    tally: &'a mut Tally,
}

impl KindVisitor for RowGate<'_> {
    /// Reals of the tangents that were kept.
    type Output = u16;

    fn visit<const M: usize>(mut self, model: &impl ObservationModel<M>) -> u16 {
        let states = match self.target.predicted {
            Ahead::Alone(_) => 1,
            Ahead::Several(modes) => modes.states().len(),
        };
        let reals = if is_small(model) { states * Tangent::<M>::REALS } else { 0 };
        self.room = core::mem::take(&mut self.room).get_mut(..reals).unwrap_or_default();
        let kept = u16::try_from(self.room.len()).expect("a track has few modes");
        match self.target.predicted {
            Ahead::Alone(predicted) => self.gate_state(model, predicted),
            Ahead::Several(modes) => self.gate_modes(model, modes),
        }
        kept
    }
}

/// Whether tangents of this model are small enough to be kept.
const fn is_small<const M: usize, H: ObservationModel<M>>(_: &H) -> bool {
    Tangent::<M>::is_small::<H>()
}

impl RowGate<'_> {
    /// The measurements inside the gate of a track with one state.
    fn gate_state<const M: usize>(mut self, model: &impl ObservationModel<M>, predicted: &Prediction) {
        let tangent = Tangent::at(model, &predicted.mean);
        tangent.store(self.room);
        let outlook = self.target.common.outlook_by(model, &tangent, &predicted.mean, &predicted.p);
        let threshold = self.gating.gate.threshold::<M>();
        let mut shared: Option<(&Covariance<M>, Likelihood<M>)> = None;
        for column in self.group.candidates(model, &outlook.z_hat, &outlook.spread, threshold) {
            let measurement = &self.gating.look.measurements[usize::from(column)];
            let Some(reading) = model.reading(&measurement.observation) else { continue };
            let likelihood = match &mut shared {
                // A radar's plots mostly have one noise: then they have one S.
                Some((noise, likelihood)) if **noise == reading.noise => likelihood,
                shared => {
                    let Ok(factor) = outlook.innovation_factor(&self.gating.look.noise(reading)) else { continue };
                    &mut shared.insert((&reading.noise, Likelihood::new(factor))).1
                }
            };
            let distance_squared = likelihood.distance_squared(&model.residual(&reading.z, &outlook.z_hat));
            if distance_squared <= threshold {
                self.consider(column, measurement, likelihood.log_density(distance_squared), ALIKE);
            }
        }
    }

    /// The measurements inside the gate of any mode. The gate of their mixture would be as narrow as that of the mode
    /// which is on, and lose a target that begins to turn.
    fn gate_modes<const M: usize>(mut self, model: &impl ObservationModel<M>, modes: &Modes) {
        let threshold = self.gating.gate.threshold::<M>();
        let mut sights = Sights::of(model, modes, self.gating.look, self.target.common, self.room);
        let (z_hat, spread) = sights.around(model, threshold);
        for column in self.group.candidates(model, &z_hat, &spread, threshold) {
            let measurement = &self.gating.look.measurements[usize::from(column)];
            let Some(reading) = model.reading(&measurement.observation) else { continue };
            if let Some((log_density, explained)) = sights.fit(model, reading, threshold) {
                self.consider(column, measurement, log_density, explained);
            }
        }
    }

    /// Takes a measurement inside the gate for a candidate, unless addresses speak against it.
    fn consider(&mut self, number: u16, measurement: &Measurement, mut log_density: f64, explained: Explained) {
        let column = &self.columns[usize::from(number)];
        let Some(log_clutter) = column.log_clutter else { return };
        if self.gating.config.use_identity {
            if column.owner.is_some() {
                return;
            }
            if !self.gating.look.is_anonymous {
                let Some(evidence) = self.target.track.identity.evidence(&measurement.identity) else {
                    self.tally.edges_contradicted += 1;
                    return;
                };
                log_density += evidence;
            }
        }
        let weight = weight(self.target.view.log_detection, log_density, log_clutter);
        self.candidates.push(Candidate { column: number, weight, explained });
    }
}

/// A track as the gate sees it.
struct Target<'a> {
    slot: u16,
    track: &'a Track,
    predicted: Ahead<'a>,
    whereabouts: Whereabouts,
    view: View,
    common: Consideration<'a>,
}

/// A place for one track after the other at the time of the scan; and for how modes change over a span, which most
/// tracks have in common.
pub(super) struct Foreseen {
    alone: Prediction,
    modes: Option<Modes>,
    span: Option<Span>,
    change: Change,
}

impl Default for Foreseen {
    fn default() -> Self {
        let alone = Prediction { mean: SVector::zeros(), p: SMatrix::zeros(), time: Timestamp::EPOCH };
        Self { alone, modes: None, span: None, change: Change::default() }
    }
}

impl Foreseen {
    fn several(&mut self, modes: &Modes, set: &MotionSet, time: Timestamp) -> Result<&Modes, NotPositiveDefinite> {
        let span = time - modes.time();
        if self.span != Some(span) {
            (self.span, self.change) = (Some(span), set.change_over(span));
        }
        let ahead = self.modes.get_or_insert_with(|| modes.clone());
        modes.foresee_into(set, &self.change, time, ahead)?;
        Ok(ahead)
    }
}

/// A track at the time of the scan: its state, or its modes if it has any.
#[derive(Clone, Copy)]
pub(super) enum Ahead<'a> {
    Alone(&'a Prediction),
    Several(&'a Modes),
}

impl Ahead<'_> {
    /// What each of its motions leads to expect, and how probable that is.
    pub(super) fn outlooks<const M: usize>(
        &self,
        model: &impl ObservationModel<M>,
        common: Consideration<'_>,
    ) -> Vec<(f64, Outlook<M>), MOTIONS_MAX> {
        match self {
            Self::Alone(predicted) => {
                [(1.0, common.outlook(model, &predicted.mean, &predicted.p))].into_iter().collect()
            }
            Self::Several(modes) => {
                let states = modes.probabilities().iter().zip(modes.states());
                let sight = |state: &ModeState| state.visit(SightOf::<_, M> { model, common, room: &mut [] });
                states.map(|(share, state)| (*share, sight(state))).collect()
            }
        }
    }

    pub(super) fn whereabouts(&self) -> Whereabouts {
        match self {
            Self::Alone(predicted) => (*predicted).into(),
            Self::Several(modes) => modes.whereabouts(),
        }
    }

    fn modes(&self) -> Option<&Modes> {
        match self {
            Self::Alone(_) => None,
            Self::Several(modes) => Some(modes),
        }
    }

    /// Moves the track there; the state of one with modes follows when they have been updated.
    fn take_effect(&self, track: &mut Track, modes: &mut Option<Modes>) -> Result<(), NotPositiveDefinite> {
        match (self, modes) {
            (Self::Several(ahead), Some(modes)) => modes.copy_from(ahead),
            (Self::Several(_), None) => {}
            (Self::Alone(predicted), _) => predicted.prove_into(&mut track.state)?,
        }
        Ok(())
    }
}

/// What the modes of a track expect to be measured.
struct Sights<'r, const M: usize> {
    look: &'r Look<'r>,
    modes: Vec<Sight<M>, MOTIONS_MAX>,
    /// The noise for which their likelihoods hold.
    noise: Option<&'r Covariance<M>>,
}

/// What one mode expects.
struct Sight<const M: usize> {
    share: f64,
    outlook: Outlook<M>,
    /// Under the noise at hand; none if the numbers overflow.
    likelihood: Option<Likelihood<M>>,
}

impl<'r, const M: usize> Sights<'r, M> {
    /// Leaves the tangents of the modes in the room, if there is any.
    fn of(
        model: &impl ObservationModel<M>,
        modes: &Modes,
        look: &'r Look<'r>,
        common: Consideration<'_>,
        room: &mut [f64],
    ) -> Self {
        let states = modes.probabilities().iter().zip(modes.states());
        let mut rooms = room.chunks_exact_mut(Tangent::<M>::REALS);
        let sight = |(share, state): (&f64, &ModeState)| {
            let room = rooms.next().unwrap_or_default();
            let outlook = state.visit(SightOf::<_, M> { model, common, room });
            Sight { share: *share, outlook, likelihood: None }
        };
        Self { look, modes: states.map(sight).collect(), noise: None }
    }

    /// Where to look for measurements inside the gate of any mode: about the first, as far as any reaches. Slightly
    /// more than is needed, unless the noise hides how far the modes are apart.
    fn around(&self, model: &impl ObservationModel<M>, threshold: f64) -> (SVector<f64, M>, SMatrix<f64, M, M>) {
        let first = self.modes[0].outlook.z_hat;
        let mut spread = SMatrix::zeros();
        for Sight { outlook, .. } in &self.modes {
            let apart = model.residual(&outlook.z_hat, &first);
            for k in 0..M {
                let reach = 2.0 * apart[k].abs() / sqrt(threshold) + sqrt(outlook.spread[(k, k)].max(0.0));
                spread[(k, k)] = (reach * reach).max(spread[(k, k)]);
            }
        }
        (first, spread)
    }

    /// ln Λ̄ = ln Σₘ μₘ N(ν; 0, S) over the modes, and how much each has part in it; nothing outside of all gates.
    fn fit(
        &mut self,
        model: &impl ObservationModel<M>,
        reading: &'r Reading<M>,
        threshold: f64,
    ) -> Option<(f64, Explained)> {
        if self.noise.is_none_or(|noise| *noise != reading.noise) {
            self.noise = Some(&reading.noise);
            for sight in &mut self.modes {
                let noise = self.look.noise(reading);
                sight.likelihood = sight.outlook.innovation_factor(&noise).ok().map(Likelihood::new);
            }
        }
        let mut logs = [f64::NEG_INFINITY; MOTIONS_MAX];
        let mut inside = false;
        for (log, sight) in logs.iter_mut().zip(&self.modes) {
            if let Some(likelihood) = &sight.likelihood {
                let nu = model.residual(&reading.z, &sight.outlook.z_hat);
                let distance_squared = likelihood.distance_squared(&nu);
                inside |= distance_squared <= threshold;
                *log = likelihood.log_density(distance_squared);
            }
        }
        let largest = logs.into_iter().fold(f64::NEG_INFINITY, f64::max);
        if !inside {
            return None;
        }
        let mut explained = ALIKE;
        let mut mean = 0.0;
        for ((explained, log), sight) in explained.iter_mut().zip(logs).zip(&self.modes) {
            *explained = if log >= largest { 1.0 } else { exp(log - largest) };
            mean += sight.share * *explained;
        }
        Some((largest + ln(mean), explained.map(|density| density / mean)))
    }
}

struct SightOf<'a, H, const M: usize> {
    model: &'a H,
    common: Consideration<'a>,
    /// Where the tangent is left, if there is room.
    room: &'a mut [f64],
}

impl<const M: usize, H: ObservationModel<M>> ModeVisitor for SightOf<'_, H, M> {
    type Output = Outlook<M>;

    fn visit<const N: usize>(self, state: &GaussianState<N>) -> Self::Output {
        let tangent = Tangent::at(self.model, &state.mean);
        tangent.store(self.room);
        self.common.outlook_by(self.model, &tangent, &state.mean, state.covariance.matrix())
    }
}

/// What each mode explains of a measurement that belongs to its track for another reason.
struct Explain<'a> {
    look: &'a Look<'a>,
    measurement: &'a Measurement,
    modes: Option<&'a Modes>,
    common: Consideration<'a>,
}

impl KindVisitor for Explain<'_> {
    type Output = Explained;

    fn visit<const M: usize>(self, model: &impl ObservationModel<M>) -> Explained {
        let (Some(modes), Some(reading)) = (self.modes, model.reading(&self.measurement.observation)) else {
            return ALIKE;
        };
        let mut sights = Sights::of(model, modes, self.look, self.common, &mut []);
        sights.fit(model, reading, f64::INFINITY).map_or(ALIKE, |(_, explained)| explained)
    }
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    column: u16,
    weight: f64,
    explained: Explained,
}

impl Candidate {
    /// Likeliest first; equals by column, so that the order is one.
    fn rank(&self, other: &Self) -> core::cmp::Ordering {
        other.weight.total_cmp(&self.weight).then(self.column.cmp(&other.column))
    }
}

/// The measurements that one track gates: the likeliest, if there are too many.
#[derive(Debug, Default)]
struct Candidates {
    kept: Vec<Candidate, ROW_EDGES_MAX>,
    dropped: usize,
}

impl Candidates {
    fn clear(&mut self) {
        self.kept.clear();
        self.dropped = 0;
    }

    fn push(&mut self, candidate: Candidate) {
        let Err(candidate) = self.kept.push(candidate) else { return };
        self.dropped += 1;
        let least = self.kept.iter_mut().max_by(|a, b| a.rank(b)).expect("a full list is not empty");
        if candidate.rank(least).is_lt() {
            *least = candidate;
        }
    }

    /// Keeps the likeliest so many; tells how many were dropped.
    fn keep_likeliest(&mut self, room: usize) -> usize {
        let excess = self.kept.len().saturating_sub(room);
        if excess > 0 {
            self.kept.sort_unstable_by(Candidate::rank);
            self.kept.truncate(room);
        }
        excess
    }

    fn by_column(&mut self) -> &[Candidate] {
        self.kept.sort_unstable_by_key(|candidate| candidate.column);
        &self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_list_keeps_the_likeliest() {
        let mut candidates = Candidates::default();
        let crowd = u16::try_from(ROW_EDGES_MAX).expect("small") + 6;
        for column in 0..crowd {
            candidates.push(Candidate { column, weight: f64::from(column % 50), explained: ALIKE });
        }
        assert_eq!((candidates.kept.len(), candidates.dropped), (ROW_EDGES_MAX, 6));
        // 70 candidates: weights 0 to 19 occur twice, so the weakest six are those of weight 0, 1 and 2.
        assert!(candidates.kept.iter().all(|candidate| candidate.weight > 2.5));
        assert_eq!(candidates.keep_likeliest(2), ROW_EDGES_MAX - 2);
        assert_eq!(candidates.by_column().iter().map(|c| c.column).collect::<Vec<u16, 2>>(), [48, 49]);
    }
}
