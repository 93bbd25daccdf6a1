//! How the measurements of a scan move a track's state: the mixture of what may have happened, by one filter or by
//! several.
//!
//! One filter: the state becomes the mixture of "missed" and of the update with each measurement, by their
//! probabilities (probabilistic data association). Several (IMM-JPDA; Bar-Shalom & Blair, *Multitarget-Multisensor
//! Tracking III* (2000), ch. 1): mode m explains measurement j as well as its own likelihood Λₘⱼ says, so with Λ̄ⱼ =
//! Σₘ μₘ Λₘⱼ the pair (m, j) has probability μₘ βⱼ Λₘⱼ / Λ̄ⱼ and (m, missed) μₘ β₀. Summed over j they are the new
//! μₘ; within m they are the weights of its mixture.

use heapless::Vec;
use nalgebra::{SMatrix, SVector};

use super::update::{Pairs, Updating};
use crate::filter::consider::{Considered, Pull};
use crate::filter::extended::{Expectation, Tangent};
use crate::filter::imm::{ModeVisitorMut, Modes};
use crate::filter::{Mixture, Updates};
use crate::gaussian::{Covariance, Factor, GaussianState, NotPositiveDefinite};
use crate::model::motion::MOTIONS_MAX;
use crate::model::{Kind, KindVisitor, ObservationModel, visit};
use crate::tally::{Tally, count};
use crate::track::Track;
use crate::trail::Decision;

/// What may have happened to a track that exists: how probably it gave each of its measurements, and how probably none.
struct Shares<'a> {
    pairs: &'a Pairs<'a>,
    /// What β adds up to, with what was missed.
    total: f64,
    missed: f64,
    /// The mode under which it happened, and the probability of that.
    under: Option<(usize, f64)>,
}

impl<'a> Shares<'a> {
    /// From β, and the probability that a track which was not seen still exists; nothing if nothing was seen.
    fn of(pairs: &'a Pairs<'a>, still: f64) -> Option<Self> {
        let used: f64 = pairs.used().map(|(_, beta)| beta).sum();
        if used <= 0.0 {
            return None;
        }
        let missed = (1.0 - used).max(0.0) * still;
        let total = used + missed;
        Some(Self { pairs, total, missed: missed / total, under: None })
    }

    /// As they are under one mode: each share times what the mode explains of the pair; and their sum.
    fn under(&self, mode: usize) -> (Self, f64) {
        let pairs = self.pairs.beta.iter().zip(self.pairs.explained);
        let total = self.missed + pairs.map(|(beta, explained)| self.share(*beta) * explained[mode]).sum::<f64>();
        (Self { missed: self.missed / total, under: Some((mode, total)), ..*self }, total)
    }

    /// How probably each pair is what happened, in the order of the edges.
    fn pairs(&self) -> impl Iterator<Item = f64> {
        self.pairs.beta.iter().enumerate().map(|(pair, beta)| match self.under {
            None => self.share(*beta),
            Some((mode, total)) => self.share(*beta) * self.pairs.explained[pair][mode] / total,
        })
    }

    /// The tangent at the state that is to be moved, if the gate left it.
    fn tangent<const M: usize>(&self) -> Option<Tangent<M>> {
        let mode = self.under.map_or(0, |(mode, _)| mode);
        Tangent::load(self.pairs.tangents.get(mode * Tangent::<M>::REALS..)?)
    }

    fn share(&self, beta: f64) -> f64 {
        if Pairs::counts(beta) { beta / self.total } else { 0.0 }
    }
}

impl Updating<'_> {
    /// Moves a track's state, and its modes if it has any. `still` is the probability that it exists if it was missed.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if the numbers overflow; then the state is not moved, and the modes, of which some may
    /// have been, are given up.
    pub(super) fn shift(
        &self,
        track: &mut Track,
        modes: &mut Option<Modes>,
        pull: Option<&mut Pull<'_>>,
        pairs: &Pairs<'_>,
        still: f64,
    ) -> Result<(), NotPositiveDefinite> {
        let shares = Shares::of(pairs, still);
        let Some(several) = track.modes_of_mut(modes) else {
            return shares.map_or(Ok(()), |shares| self.mix(&mut track.state, &shares, pull));
        };
        let moved = match shares {
            Some(shares) => self.shift_modes(several, &shares, pull),
            None => several.prove(),
        };
        moved.and_then(|()| several.combine_into(&mut track.state)).inspect_err(|_| *modes = None)
    }

    /// The same where what a track has of common errors goes with it.
    pub(super) fn shift_considering(
        &self,
        track: &mut Track,
        modes: &mut Option<Modes>,
        considered: &mut Considered,
        pairs: &Pairs<'_>,
        still: f64,
        tally: &mut Tally,
    ) -> Result<(), NotPositiveDefinite> {
        considered.advance(self.look.scan.time);
        let forgotten = considered.admit(&self.common.errors);
        if forgotten > 0 {
            tally.common_errors_forgotten += count(forgotten);
            let forgotten = u32::try_from(forgotten).expect("a scan has few errors");
            self.look.trail.track(track, None, Decision::CommonErrorsForgotten(forgotten));
        }
        let mut pull = Pull::new(self.common.to(considered, pairs.blur));
        let moved = self.shift(track, modes, Some(&mut pull), pairs, still);
        let sums = pull.sums();
        if moved.is_ok() {
            considered.subtract(&sums);
        }
        moved
    }

    fn shift_modes(
        &self,
        modes: &mut Modes,
        shares: &Shares<'_>,
        mut pull: Option<&mut Pull<'_>>,
    ) -> Result<(), NotPositiveDefinite> {
        let mut totals: Vec<f64, MOTIONS_MAX> = Vec::new();
        let before: Vec<f64, MOTIONS_MAX> = modes.probabilities().iter().copied().collect();
        for (mode, state) in modes.states_mut().iter_mut().enumerate() {
            let (shares, total) = shares.under(mode);
            if let Some(pull) = &mut pull {
                pull.begin(before[mode] * total);
            }
            state.visit_mut(Mixing { updating: self, shares: &shares, pull: pull.as_deref_mut() })?;
            totals.push(total).expect("no more modes than fit");
        }
        modes.reweigh(&totals).map_err(|_| NotPositiveDefinite)
    }

    /// The state becomes the mixture of itself and of its updates with each measurement.
    fn mix<const N: usize>(
        &self,
        state: &mut GaussianState<N>,
        shares: &Shares<'_>,
        mut pull: Option<&mut Pull<'_>>,
    ) -> Result<(), NotPositiveDefinite> {
        let mut mixture = None;
        let (mut at_once, mut height_open) = (false, false);
        for kind in self.kinds(shares.pairs) {
            let pull = pull.as_deref_mut();
            let mix = Mix { updating: self, kind, shares, state: &mut *state, mixture: &mut mixture, pull };
            at_once = visit(kind, &self.look.scan.pose, mix)?;
            height_open |= kind.leaves_height_open();
        }
        match mixture {
            Some(mixture) => *state = mixture.reduce()?,
            // Nothing that counts could be read: a bug elsewhere, and no reason to move.
            None if !at_once => return Ok(()),
            None => {}
        }
        if height_open {
            self.config.height_prior.hold(state);
        }
        Ok(())
    }

    /// The kinds of measurement among the pairs that count: of several in the scan not all need be.
    fn kinds(&self, pairs: &Pairs<'_>) -> impl Iterator<Item = Kind> {
        let only = self.look.groups.len() == 1;
        let among = move |kind: Kind| only || pairs.used().any(|(column, _)| self.kind(column) == kind);
        self.look.groups.iter().map(|group| group.kind()).filter(move |kind| among(*kind))
    }
}

struct Mixing<'a, 'p> {
    updating: &'a Updating<'a>,
    shares: &'a Shares<'a>,
    pull: Option<&'a mut Pull<'p>>,
}

impl ModeVisitorMut for Mixing<'_, '_> {
    type Output = Result<(), NotPositiveDefinite>;

    fn visit<const N: usize>(self, state: &mut GaussianState<N>) -> Self::Output {
        self.updating.mix(state, self.shares, self.pull)
    }
}

/// Adds the measurements of one kind to a mixture, which is begun if there is none; or moves the state by them at once
/// if they are alone and share their noise, and tells so.
struct Mix<'a, 'p, const N: usize> {
    updating: &'a Updating<'a>,
    kind: Kind,
    shares: &'a Shares<'a>,
    /// As predicted, until it is moved.
    state: &'a mut GaussianState<N>,
    mixture: &'a mut Option<Mixture<N>>,
    pull: Option<&'a mut Pull<'p>>,
}

impl<const N: usize> KindVisitor for Mix<'_, '_, N> {
    type Output = Result<bool, NotPositiveDefinite>;

    fn visit<const M: usize>(mut self, model: &impl ObservationModel<M>) -> Self::Output {
        let (x, p) = (&self.state.mean, self.state.covariance.matrix());
        let tangent = || self.shares.tangent().unwrap_or_else(|| Tangent::at(model, x));
        let expectation = match &self.pull {
            Some(pull) => pull.consideration().expectation(model, tangent, x, p),
            None => self.updating.config.filter.expectation(model, &self.updating.look.scan.pose, tangent, x, p),
        };
        // A sensor that cannot tell the height must not move it: its range would be linearised into one.
        let considered: &[usize] = if self.kind.leaves_height_open() { vertical::<N>() } else { &[] };
        let mut batch: Option<Batch<'_, M, N>> = None;
        for (edge, share) in self.shares.pairs.edges.iter().zip(self.shares.pairs()).filter(|(_, share)| *share > 0.0) {
            let observation = &self.updating.look.measurements[usize::from(edge.column)].observation;
            let Some(reading) = model.reading(observation) else { continue };
            if batch.as_ref().is_none_or(|batch| *batch.claimed != reading.noise) {
                if let Some(full) = &batch {
                    self.close(model, full, &expectation);
                }
                // Numbers at the edge of the representable may fail here though they passed the gate: then nothing
                // moves.
                let s = expectation.spread + self.updating.look.noise(reading).matrix();
                let k = Factor::of(s).map_or_else(|_| SMatrix::zeros(), |s| expectation.gain_alone(&s, considered));
                let none = SMatrix::zeros();
                batch =
                    Some(Batch { claimed: &reading.noise, s, k, share: 0.0, nu: SVector::zeros(), nu_squared: none });
            }
            batch.as_mut().expect("just filled").add(share, &model.residual(&reading.z, &expectation.z_hat));
        }
        // Looked at where it lies.
        let Some(last) = &batch else { return Ok(false) };
        if self.updating.look.groups.len() == 1 && self.mixture.is_none() {
            self.draw(model, last, &expectation);
            last.updates(&expectation.cross).mix_into(self.state, self.shares.missed)?;
            return Ok(true);
        }
        self.close(model, last, &expectation);
        Ok(false)
    }
}

impl<const N: usize> Mix<'_, '_, N> {
    /// Adds what a batch makes of the state, and of what it has of common errors, to the mixture, which begins with
    /// what was missed.
    fn close<const M: usize, H: ObservationModel<M>>(
        &mut self,
        model: &H,
        batch: &Batch<'_, M, N>,
        expectation: &Expectation<M, N>,
    ) {
        let mixture = self.mixture.get_or_insert_with(|| Mixture::new(self.state, self.shares.missed));
        batch.close(&expectation.cross, self.state.covariance.matrix(), mixture);
        self.draw(model, batch, expectation);
    }

    /// Tells what is had of common errors of a batch.
    fn draw<const M: usize, H: ObservationModel<M>>(
        &mut self,
        model: &H,
        batch: &Batch<'_, M, N>,
        expectation: &Expectation<M, N>,
    ) {
        if let Some(pull) = &mut self.pull {
            pull.draw(model, &self.state.mean, &expectation.h, &batch.k, batch.share);
        }
    }
}

/// Height, its rate, and its acceleration where the state has one.
const fn vertical<const N: usize>() -> &'static [usize] {
    if N == 9 { &[2, 5, 8] } else { &[2, 5] }
}

/// Measurements in a row that share their noise, hence gain and covariance: a radar's mostly do.
struct Batch<'a, const M: usize, const N: usize> {
    claimed: &'a Covariance<M>,
    s: SMatrix<f64, M, M>,
    k: SMatrix<f64, N, M>,
    share: f64,
    nu: SVector<f64, M>,
    nu_squared: SMatrix<f64, M, M>,
}

impl<const M: usize, const N: usize> Batch<'_, M, N> {
    fn add(&mut self, share: f64, nu: &SVector<f64, M>) {
        self.share += share;
        let weighed = nu * share;
        self.nu += weighed;
        self.nu_squared += weighed * nu.transpose();
    }

    /// Adds what its measurements make of the state.
    #[inline(never)]
    fn close(&self, cross: &SMatrix<f64, N, M>, p: &SMatrix<f64, N, N>, mixture: &mut Mixture<N>) {
        mixture.add_updates(p, &self.updates(cross));
    }

    fn updates<'u>(&'u self, cross: &'u SMatrix<f64, N, M>) -> Updates<'u, M, N> {
        let Self { k, s, share, nu, nu_squared, .. } = self;
        Updates { k, cross, s, weight: *share, nu: *nu, nu_squared: *nu_squared }
    }
}
