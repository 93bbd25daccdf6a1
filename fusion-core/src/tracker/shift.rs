//! How the measurements of a scan move a track's state: the mixture of what may have happened, by one filter or by
//! several.
//!
//! One filter: the state becomes the mixture of "missed" and of the update with each measurement, by their
//! probabilities (probabilistic data association). Several (IMM-JPDA; Bar-Shalom & Blair, *Multitarget-Multisensor
//! Tracking III* (2000), ch. 1): mode m explains measurement j as well as its own likelihood Λₘⱼ says, so with
//! Λ̄ⱼ = Σₘ μₘ Λₘⱼ the pair (m, j) has probability μₘ βⱼ Λₘⱼ / Λ̄ⱼ and (m, missed) μₘ β₀. Summed over j they are the new
//! μₘ; within m they are the weights of its mixture.

use heapless::Vec;
use nalgebra::SMatrix;

use super::update::{Pairs, Updating};
use crate::association::likelihood::Likelihood;
use crate::capacity::ROW_EDGES_MAX;
use crate::filter::Mixture;
use crate::filter::extended::{Expectation, Gain};
use crate::filter::imm::{ModeVisitor, ModeVisitorMut, Modes};
use crate::gaussian::{Covariance, GaussianState, NotPositiveDefinite};
use crate::maths::{exp, ln};
use crate::model::motion::MOTIONS_MAX;
use crate::model::{Kind, KindVisitor, ObservationModel, visit};
use crate::track::Track;

/// What may have happened to a track that exists: by edge how probably it gave that measurement, and how probably none.
struct Shares {
    pairs: Vec<f64, ROW_EDGES_MAX>,
    missed: f64,
}

impl Shares {
    /// From β, and the probability that a track which was not seen still exists; nothing if nothing was seen.
    fn of(pairs: &Pairs<'_>, still: f64) -> Option<Self> {
        let used: f64 = pairs.used().map(|(_, beta)| beta).sum();
        if used <= 0.0 {
            return None;
        }
        let missed = (1.0 - used).max(0.0) * still;
        let total = used + missed;
        let share = |beta: &f64| if Pairs::counts(*beta) { *beta / total } else { 0.0 };
        Some(Self { pairs: pairs.beta.iter().map(share).collect(), missed: missed / total })
    }

    /// As they are under one mode: each share times what the mode explains of the pair; and their sum.
    fn under(&self, explained: &[f64]) -> (Self, f64) {
        let weighed: Vec<f64, ROW_EDGES_MAX> = self.pairs.iter().zip(explained).map(|(p, e)| p * e).collect();
        let total = self.missed + weighed.iter().sum::<f64>();
        let pairs = weighed.iter().map(|p| p / total).collect();
        (Self { pairs, missed: self.missed / total }, total)
    }
}

impl Updating<'_> {
    /// Moves a track's state, and its modes if it has any. `still` is the probability that it exists if it was missed.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`] if the numbers overflow; then nothing is moved.
    pub(super) fn shift(
        &self,
        track: &mut Track,
        modes: &mut Option<Modes>,
        pairs: &Pairs<'_>,
        still: f64,
    ) -> Result<(), NotPositiveDefinite> {
        let Some(shares) = Shares::of(pairs, still) else { return Ok(()) };
        match modes {
            None => track.state = self.mix(&track.state, pairs, &shares)?,
            Some(modes) => {
                self.shift_modes(modes, pairs, &shares)?;
                track.state = modes.combined().prove()?;
            }
        }
        Ok(())
    }

    fn shift_modes(&self, modes: &mut Modes, pairs: &Pairs<'_>, shares: &Shares) -> Result<(), NotPositiveDefinite> {
        let explained = self.explained(modes, pairs);
        let mut totals: Vec<f64, MOTIONS_MAX> = Vec::new();
        for (state, explained) in modes.states_mut().iter_mut().zip(&explained) {
            let (shares, total) = shares.under(explained);
            state.visit_mut(Mixing { updating: self, pairs, shares: &shares })?;
            totals.push(total).expect("no more modes than fit");
        }
        modes.reweigh(&totals).map_err(|_| NotPositiveDefinite)
    }

    /// By mode and pair, Λₘⱼ / Λ̄ⱼ; one where no mode explains the pair.
    fn explained(&self, modes: &Modes, pairs: &Pairs<'_>) -> Vec<Vec<f64, ROW_EDGES_MAX>, MOTIONS_MAX> {
        let mut logs: Vec<Vec<f64, ROW_EDGES_MAX>, MOTIONS_MAX> = Vec::new();
        for state in modes.states() {
            logs.push(state.visit(Likelihoods { updating: self, pairs })).expect("no more modes than fit");
        }
        for pair in 0..pairs.beta.len() {
            let largest = logs.iter().map(|mode| mode[pair]).fold(f64::NEG_INFINITY, f64::max);
            if largest == f64::NEG_INFINITY {
                logs.iter_mut().for_each(|mode| mode[pair] = 1.0);
                continue;
            }
            logs.iter_mut().for_each(|mode| mode[pair] = exp(mode[pair] - largest));
            let mean: f64 = logs.iter().zip(modes.probabilities()).map(|(mode, share)| mode[pair] * share).sum();
            logs.iter_mut().for_each(|mode| mode[pair] /= mean);
        }
        logs
    }

    /// The mixture of a state updated with each of its measurements.
    fn mix<const N: usize>(
        &self,
        state: &GaussianState<N>,
        pairs: &Pairs<'_>,
        shares: &Shares,
    ) -> Result<GaussianState<N>, NotPositiveDefinite> {
        let mut mixture = Mixture::new(state, shares.missed);
        let mut height_open = false;
        for kind in self.kinds(pairs) {
            let mix = Mix { updating: self, kind, pairs, shares, predicted: state, mixture: &mut mixture };
            visit(kind, &self.look.scan.pose, mix);
            height_open |= kind.leaves_height_open();
        }
        let mut state = mixture.reduce()?;
        if height_open {
            self.config.height_prior.hold(&mut state);
        }
        Ok(state)
    }

    /// The kinds of measurement among the pairs that count.
    fn kinds(&self, pairs: &Pairs<'_>) -> impl Iterator<Item = Kind> {
        let among = |kind: Kind| pairs.used().any(|(column, _)| self.kind(column) == kind);
        self.look.groups.iter().map(|group| group.kind()).filter(move |kind| among(*kind))
    }
}

struct Mixing<'a> {
    updating: &'a Updating<'a>,
    pairs: &'a Pairs<'a>,
    shares: &'a Shares,
}

impl ModeVisitorMut for Mixing<'_> {
    type Output = Result<(), NotPositiveDefinite>;

    fn visit<const N: usize>(self, state: &mut GaussianState<N>) -> Self::Output {
        *state = self.updating.mix(state, self.pairs, self.shares)?;
        Ok(())
    }
}

/// ln Λₘⱼ of one mode for every pair that counts; −∞ for the others.
struct Likelihoods<'a> {
    updating: &'a Updating<'a>,
    pairs: &'a Pairs<'a>,
}

impl ModeVisitor for Likelihoods<'_> {
    type Output = Vec<f64, ROW_EDGES_MAX>;

    fn visit<const N: usize>(self, state: &GaussianState<N>) -> Self::Output {
        let mut logs: Self::Output = self.pairs.beta.iter().map(|_| f64::NEG_INFINITY).collect();
        for kind in self.updating.kinds(self.pairs) {
            let fill = Fill { updating: self.updating, pairs: self.pairs, state, logs: &mut logs };
            visit(kind, &self.updating.look.scan.pose, fill);
        }
        logs
    }
}

struct Fill<'a, const N: usize> {
    updating: &'a Updating<'a>,
    pairs: &'a Pairs<'a>,
    state: &'a GaussianState<N>,
    logs: &'a mut [f64],
}

impl<const N: usize> KindVisitor for Fill<'_, N> {
    type Output = ();

    fn visit<const M: usize>(self, model: &impl ObservationModel<M>) {
        let expectation = Expectation::of(model, &self.state.mean, self.state.covariance.matrix());
        let mut shared: Option<(Covariance<M>, Likelihood<M>)> = None;
        for ((edge, beta), log) in self.pairs.edges.iter().zip(self.pairs.beta).zip(self.logs) {
            let observation = &self.updating.look.measurements[usize::from(edge.column)].observation;
            let Some(reading) = model.reading(observation).filter(|_| Pairs::counts(*beta)) else { continue };
            let likelihood = match shared {
                Some((noise, likelihood)) if noise == reading.noise => likelihood,
                _ => {
                    let Ok(s) = expectation.innovation_covariance(&reading.noise) else { continue };
                    shared.insert((reading.noise, Likelihood::new(s.factor()))).1
                }
            };
            let nu = model.residual(&reading.z, &expectation.z_hat);
            *log = likelihood.log_density(likelihood.distance_squared(&nu));
        }
    }
}

/// Adds the measurements of one kind to a mixture.
struct Mix<'a, const N: usize> {
    updating: &'a Updating<'a>,
    kind: Kind,
    pairs: &'a Pairs<'a>,
    shares: &'a Shares,
    predicted: &'a GaussianState<N>,
    mixture: &'a mut Mixture<N>,
}

impl<const N: usize> KindVisitor for Mix<'_, N> {
    type Output = ();

    fn visit<const M: usize>(self, model: &impl ObservationModel<M>) {
        let p = self.predicted.covariance.matrix();
        let expectation = Expectation::of(model, &self.predicted.mean, p);
        // A sensor that cannot tell the height must not move it: its range would be linearised into one.
        let considered: &[usize] = if self.kind.leaves_height_open() { vertical::<N>() } else { &[] };
        let mut batch: Option<Batch<M, N>> = None;
        for (edge, &share) in self.pairs.edges.iter().zip(&self.shares.pairs).filter(|(_, share)| **share > 0.0) {
            let observation = &self.updating.look.measurements[usize::from(edge.column)].observation;
            let Some(reading) = model.reading(observation) else { continue };
            if batch.as_ref().is_none_or(|batch| batch.noise != reading.noise) {
                if let Some(full) = batch.take() {
                    self.mixture.add_covariance(full.share, &full.gain.p);
                }
                // Numbers at the edge of the representable may fail here though they passed the gate: then nothing
                // moves.
                let gain = expectation.innovation_covariance(&reading.noise).map_or_else(
                    |_| Gain { k: SMatrix::zeros(), p: *p },
                    |s| expectation.gain(p, &s.factor(), &reading.noise, considered),
                );
                batch = Some(Batch { noise: reading.noise, gain, share: 0.0 });
            }
            let batch = batch.as_mut().expect("just filled");
            self.mixture.add_mean(share, &batch.gain.shift(&model.residual(&reading.z, &expectation.z_hat)));
            batch.share += share;
        }
        if let Some(last) = batch {
            self.mixture.add_covariance(last.share, &last.gain.p);
        }
    }
}

/// Height, its rate, and its acceleration where the state has one.
const fn vertical<const N: usize>() -> &'static [usize] {
    if N == 9 { &[2, 5, 8] } else { &[2, 5] }
}

/// Measurements in a row that share their noise, hence gain and covariance: a radar's mostly do.
struct Batch<const M: usize, const N: usize> {
    noise: Covariance<M>,
    gain: Gain<M, N>,
    share: f64,
}

/// ln Σₘ μₘ Λₘ from the logarithms of the Λₘ.
pub(super) fn log_mixture(parts: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let largest = parts.clone().map(|(_, log)| log).fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    largest + ln(parts.map(|(share, log)| share * exp(log - largest)).sum())
}
