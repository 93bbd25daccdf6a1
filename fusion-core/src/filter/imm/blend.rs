//! Mixtures of modes: of all that the modes know, to one Gaussian of the dimension wanted; or of a part of it.
//!
//! Formulas and the care for what modes of other dimensions lack are those of [`imm`](super).

use nalgebra::{SMatrix, SVector};

use super::{ModeState, ModeVisitor};
use crate::gaussian::{GaussianState, KINEMATIC, NotPositiveDefinite, are_finite, for_each_column};
use crate::model::TransitionModel;
use crate::time::Timestamp;

/// The mixture of all modes, by weights that sum to one.
pub(super) struct Blend<'a> {
    pub(super) weights: &'a [f64],
    pub(super) states: &'a [ModeState],
}

impl Blend<'_> {
    pub(super) fn predict<const N: usize>(
        &self,
        model: &impl TransitionModel<N>,
        own: &GaussianState<N>,
        to: Timestamp,
        next: &mut GaussianState<N>,
    ) -> Result<(), NotPositiveDefinite> {
        let GaussianState { mean, covariance, time } = next;
        covariance.become_sum(|p| {
            self.reduce_lower(own, mean, p);
            model.propagate_lower(mean, p, to - own.time);
        })?;
        *time = to;
        if are_finite(mean) { Ok(()) } else { Err(NotPositiveDefinite) }
    }

    /// Mean and covariance: Σ wᵢ xᵢ and Σ wᵢ (Pᵢ + δᵢ δᵢᵀ), δᵢ = xᵢ − x̄. What a mode lacks of N dimensions is taken
    /// from `own`. A sum of covariances with weights above zero is one; only its diagonal and what is below counts.
    #[inline]
    pub(super) fn reduce_lower<const N: usize>(
        &self,
        own: &GaussianState<N>,
        mean: &mut SVector<f64, N>,
        p: &mut SMatrix<f64, N, N>,
    ) {
        match (self.states, self.weights) {
            ([_], _) => (*mean, *p) = (own.mean, *own.covariance.matrix()),
            ([one, other], &[a, b, ..]) if let (Some(one), Some(other)) = (one.numbers(), other.numbers()) => {
                mix_two([a, b], [one, other], mean, p);
            }
            _ => self.reduce_many(own, mean, p),
        }
    }

    /// The same of modes of any dimensions.
    fn reduce_many<const N: usize>(
        &self,
        own: &GaussianState<N>,
        mean: &mut SVector<f64, N>,
        p: &mut SMatrix<f64, N, N>,
    ) {
        mean.fill(0.0);
        p.fill(0.0);
        for (&weight, state) in self.weights.iter().zip(self.states) {
            state.visit(AddMean { weight, own, mean: &mut *mean });
        }
        for (&weight, state) in self.weights.iter().zip(self.states) {
            state.visit(AddSpread { weight, own, mean, p: &mut *p });
        }
    }
}

/// x̂ and P, column by column.
pub(super) type Numbers<'a, const N: usize> = (&'a [f64; N], &'a [[f64; N]]);

/// The mixture of two of one dimension, in one pass: with d = x₁ − x₂ it is w₁ P₁ + w₂ P₂ + w₁ w₂ d dᵀ, if w₁ + w₂ = 1.
#[inline]
fn mix_two<const N: usize>(
    [a, b]: [f64; 2],
    [(one, p_one), (other, p_other)]: [Numbers<'_, N>; 2],
    mean: &mut SVector<f64, N>,
    p: &mut SMatrix<f64, N, N>,
) {
    let apart: [f64; N] = core::array::from_fn(|k| one[k] - other[k]);
    mean.data.0[0] = core::array::from_fn(|k| a * one[k] + b * other[k]);
    for_each_column!(k < N, {
        let (column, one, other) = (&mut p.data.0[k], &p_one[k], &p_other[k]);
        (k..N).for_each(|i| column[i] = a * one[i] + b * other[i] + a * b * (apart[i] * apart[k]));
    });
}

struct AddMean<'a, const N: usize> {
    weight: f64,
    own: &'a GaussianState<N>,
    mean: &'a mut SVector<f64, N>,
}

impl<const N: usize> ModeVisitor for AddMean<'_, N> {
    type Output = ();

    fn visit<const S: usize>(self, state: &GaussianState<S>) {
        let (theirs, own) = (&state.mean.data.0[0], &self.own.mean.data.0[0]);
        for (k, sum) in self.mean.data.0[0].iter_mut().enumerate() {
            *sum += self.weight * if k < shared(S, N) { theirs[k] } else { own[k] };
        }
    }
}

struct AddSpread<'a, const N: usize> {
    weight: f64,
    own: &'a GaussianState<N>,
    mean: &'a SVector<f64, N>,
    p: &'a mut SMatrix<f64, N, N>,
}

impl<const N: usize> ModeVisitor for AddSpread<'_, N> {
    type Output = ();

    fn visit<const S: usize>(self, state: &GaussianState<S>) {
        let shared = shared(S, N);
        let (theirs, own) = (&state.covariance.matrix().data.0, &self.own.covariance.matrix().data.0);
        let (place, own_place, mean) = (&state.mean.data.0[0], &self.own.mean.data.0[0], &self.mean.data.0[0]);
        let delta: [f64; N] = core::array::from_fn(|k| if k < shared { place[k] } else { own_place[k] } - mean[k]);
        for (k, column) in self.p.data.0.iter_mut().enumerate() {
            for (i, sum) in column.iter_mut().enumerate() {
                let p = match (i < shared, k < shared) {
                    (true, true) => theirs[k][i],
                    (false, false) => own[k][i],
                    _ => 0.0,
                };
                *sum += self.weight * (p + delta[k] * delta[i]);
            }
        }
    }
}

pub(super) struct AddFirstMean<'a, const K: usize> {
    pub(super) weight: f64,
    pub(super) mean: &'a mut SVector<f64, K>,
}

impl<const K: usize> ModeVisitor for AddFirstMean<'_, K> {
    type Output = ();

    fn visit<const S: usize>(self, state: &GaussianState<S>) {
        for (sum, theirs) in self.mean.data.0[0].iter_mut().zip(&state.mean.data.0[0]) {
            *sum += self.weight * theirs;
        }
    }
}

pub(super) struct AddFirstSpread<'a, const K: usize> {
    pub(super) weight: f64,
    pub(super) mean: &'a SVector<f64, K>,
    pub(super) p: &'a mut SMatrix<f64, K, K>,
}

impl<const K: usize> ModeVisitor for AddFirstSpread<'_, K> {
    type Output = ();

    fn visit<const S: usize>(self, state: &GaussianState<S>) {
        let (theirs, place) = (&state.covariance.matrix().data.0, &state.mean.data.0[0]);
        let delta: [f64; K] = core::array::from_fn(|k| place[k] - self.mean[k]);
        for (k, column) in self.p.data.0.iter_mut().enumerate() {
            for (i, sum) in column.iter_mut().enumerate() {
                *sum += self.weight * (theirs[k][i] + delta[k] * delta[i]);
            }
        }
    }
}

pub(super) struct AddVariance<'a, const K: usize> {
    pub(super) weight: f64,
    pub(super) mean: &'a SVector<f64, K>,
    pub(super) variance: &'a mut SVector<f64, K>,
}

impl<const K: usize> ModeVisitor for AddVariance<'_, K> {
    type Output = ();

    fn visit<const S: usize>(self, state: &GaussianState<S>) {
        for k in 0..K {
            let delta = state.mean[k] - self.mean[k];
            self.variance[k] += self.weight * (state.covariance.matrix()[(k, k)] + delta * delta);
        }
    }
}

/// How many components states of two dimensions have in common: all if the dimension is the same, for then they mean
/// the same; else the kinematics.
const fn shared(a: usize, b: usize) -> usize {
    if a == b { a } else { KINEMATIC }
}
