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
use crate::filter::extended::Expectation;
use crate::filter::imm::{ModeVisitorMut, Modes};
use crate::filter::{Mixture, Updates};
use crate::gaussian::{Covariance, Factor, GaussianState, NotPositiveDefinite};
use crate::model::motion::MOTIONS_MAX;
use crate::model::{Kind, KindVisitor, ObservationModel, visit};
use crate::track::Track;

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
        pairs: &Pairs<'_>,
        still: f64,
    ) -> Result<(), NotPositiveDefinite> {
        let shares = Shares::of(pairs, still);
        let Some(several) = modes.as_mut() else {
            return shares.map_or(Ok(()), |shares| self.mix(&mut track.state, &shares));
        };
        let moved = match shares {
            Some(shares) => self.shift_modes(several, &shares),
            None => several.prove(),
        };
        match moved.and_then(|()| several.combined_state()) {
            Ok(state) => track.state = state,
            Err(fault) => {
                *modes = None;
                return Err(fault);
            }
        }
        Ok(())
    }

    fn shift_modes(&self, modes: &mut Modes, shares: &Shares<'_>) -> Result<(), NotPositiveDefinite> {
        let mut totals: Vec<f64, MOTIONS_MAX> = Vec::new();
        for (mode, state) in modes.states_mut().iter_mut().enumerate() {
            let (shares, total) = shares.under(mode);
            state.visit_mut(Mixing { updating: self, shares: &shares })?;
            totals.push(total).expect("no more modes than fit");
        }
        modes.reweigh(&totals).map_err(|_| NotPositiveDefinite)
    }

    /// The state becomes the mixture of itself and of its updates with each measurement.
    fn mix<const N: usize>(
        &self,
        state: &mut GaussianState<N>,
        shares: &Shares<'_>,
    ) -> Result<(), NotPositiveDefinite> {
        let mut mixture = None;
        let (mut at_once, mut height_open) = (None, false);
        for kind in self.kinds(shares.pairs) {
            let mix = Mix { updating: self, kind, shares, predicted: state, mixture: &mut mixture };
            at_once = visit(kind, &self.look.scan.pose, mix);
            height_open |= kind.leaves_height_open();
        }
        *state = match (at_once, mixture) {
            (Some(mixed), _) => mixed?,
            (None, Some(mixture)) => mixture.reduce()?,
            // Nothing that counts could be read: a bug elsewhere, and no reason to move.
            (None, None) => return Ok(()),
        };
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

struct Mixing<'a> {
    updating: &'a Updating<'a>,
    shares: &'a Shares<'a>,
}

impl ModeVisitorMut for Mixing<'_> {
    type Output = Result<(), NotPositiveDefinite>;

    fn visit<const N: usize>(self, state: &mut GaussianState<N>) -> Self::Output {
        self.updating.mix(state, self.shares)
    }
}

/// Adds the measurements of one kind to a mixture, which is begun if there is none; or gives what they make of the
/// state if they are alone and share their noise.
struct Mix<'a, const N: usize> {
    updating: &'a Updating<'a>,
    kind: Kind,
    shares: &'a Shares<'a>,
    predicted: &'a GaussianState<N>,
    mixture: &'a mut Option<Mixture<N>>,
}

impl<const N: usize> KindVisitor for Mix<'_, N> {
    type Output = Option<Result<GaussianState<N>, NotPositiveDefinite>>;

    fn visit<const M: usize>(mut self, model: &impl ObservationModel<M>) -> Self::Output {
        let p = self.predicted.covariance.matrix();
        let expectation = Expectation::of(model, &self.predicted.mean, p);
        // A sensor that cannot tell the height must not move it: its range would be linearised into one.
        let considered: &[usize] = if self.kind.leaves_height_open() { vertical::<N>() } else { &[] };
        let mut batch: Option<Batch<'_, M, N>> = None;
        for (edge, share) in self.shares.pairs.edges.iter().zip(self.shares.pairs()).filter(|(_, share)| *share > 0.0) {
            let observation = &self.updating.look.measurements[usize::from(edge.column)].observation;
            let Some(reading) = model.reading(observation) else { continue };
            if batch.as_ref().is_none_or(|batch| *batch.claimed != reading.noise) {
                if let Some(full) = &batch {
                    full.close(&expectation.cross, p, self.begun());
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
        let last = batch?;
        if self.updating.look.groups.len() == 1 && self.mixture.is_none() {
            return Some(last.updates(&expectation.cross).mixed_with(self.predicted, self.shares.missed));
        }
        last.close(&expectation.cross, p, self.begun());
        None
    }
}

impl<const N: usize> Mix<'_, N> {
    /// The mixture, with what was missed if it has only begun.
    fn begun(&mut self) -> &mut Mixture<N> {
        self.mixture.get_or_insert_with(|| Mixture::new(self.predicted, self.shares.missed))
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
