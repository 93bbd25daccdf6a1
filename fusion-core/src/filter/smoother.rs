//! Fixed-lag smoothing of what a track has been through: for people to look at, never fed back into the track.
//!
//! A ring keeps the last estimates as they were filtered, and [`Trace::smooth`] goes through them backwards with the
//! gain of Rauch, Tung and Striebel ("Maximum likelihood estimates of linear dynamic systems", AIAA Journal 3(8), 1965;
//! Bar-Shalom, Li & Kirubarajan 2001, §8.6):
//! ```text
//! C = P(k|k) Fᵀ P(k+1|k)⁻¹
//! x̂(k|n) = x̂(k|k) + C (x̂(k+1|n) − x̂(k+1|k))
//! P(k|n) = P(k|k) + C (P(k+1|n) − P(k+1|k)) Cᵀ
//! ```
//! Steps may differ in length, and a step may be a missed look: F and Q do the rest. What the ring has forgotten is in
//! its oldest estimate, so the result is that of a smoother that had run from the beginning.
//!
//! Memory is lent: 344 bytes an estimate, 5.4 KB a track with [`LAG`] of them. Work: some 3 µs an estimate, when
//! somebody asks for the trail.

use nalgebra::SMatrix;

use super::Prediction;
use crate::gaussian::{Covariance, GaussianState, NotPositiveDefinite};
use crate::model::TransitionModel;

/// Estimates that a trace holds unless it is told otherwise. The gain over the filter is all but complete after the
/// time in which the filter forgets, a few looks.
pub const LAG: usize = 16;

/// The last filtered estimates of one track, oldest first, in lent memory.
#[derive(Clone, Debug)]
pub struct Trace<B> {
    /// A ring.
    estimates: B,
    /// Place of the oldest.
    first: usize,
    length: usize,
}

impl<B: AsRef<[GaussianState]> + AsMut<[GaussianState]>> Trace<B> {
    /// An empty trace in this memory, whose length is the lag. What the memory holds does not matter.
    pub const fn new(memory: B) -> Self {
        Self { estimates: memory, first: 0, length: 0 }
    }

    /// Adds an estimate; the oldest makes room for it. One of the same time as the newest takes its place, and one from
    /// before it takes the place of all that are not older: so it goes when a late scan changed the past.
    pub fn push(&mut self, estimate: GaussianState) {
        while self.newest().is_some_and(|newest| newest.time >= estimate.time) {
            self.length -= 1;
        }
        let room = self.estimates.as_ref().len();
        if room == 0 {
            return;
        }
        if self.length == room {
            self.first = (self.first + 1) % room;
            self.length -= 1;
        }
        let place = (self.first + self.length) % room;
        self.estimates.as_mut()[place] = estimate;
        self.length += 1;
    }

    /// How many estimates there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The estimates as they were filtered, oldest first.
    pub fn filtered(&self) -> impl Iterator<Item = &GaussianState> {
        let (newer, older) = self.estimates.as_ref().split_at(self.first);
        older.iter().chain(newer).take(self.length)
    }

    /// Writes the smoothed estimates into `out`, oldest first, and hands out the part that was filled: the newest of
    /// them, if `out` is too short for all. The last is the filter's own.
    ///
    /// Should a step overflow, the estimates before it are those of the filter.
    pub fn smooth<'a>(&self, model: &impl TransitionModel, out: &'a mut [GaussianState]) -> &'a [GaussianState] {
        let filled = out.len().min(self.length);
        let out = &mut out[..filled];
        for (place, estimate) in out.iter_mut().zip(self.filtered().skip(self.length - filled)) {
            *place = *estimate;
        }
        for k in (1..filled).rev() {
            let Ok(smoothed) = step_back(model, &out[k - 1], &out[k]) else { break };
            out[k - 1] = smoothed;
        }
        out
    }

    fn newest(&self) -> Option<&GaussianState> {
        let room = self.estimates.as_ref().len();
        self.length.checked_sub(1).map(|last| &self.estimates.as_ref()[(self.first + last) % room])
    }
}

/// One step back: what the smoothed `next` says of the filtered estimate before it.
///
/// The covariance is put together as (I − C F) P (I − C F)ᵀ + C Q Cᵀ + C P(k+1|n) Cᵀ: the same, but a sum of what is
/// positive.
fn step_back(
    model: &impl TransitionModel,
    filtered: &GaussianState,
    next: &GaussianState,
) -> Result<GaussianState, NotPositiveDefinite> {
    let span = next.time - filtered.time;
    let (f, p) = (model.slope(&filtered.mean, span), filtered.covariance.matrix());
    let predicted = Prediction::of(model, filtered, next.time);
    let gain = Covariance::new(predicted.p)?.factor().solve(&(f * p)).transpose();
    let rest = SMatrix::<f64, 6, 6>::identity() - gain * f;
    let arriving = model.noise(&filtered.mean, span) + next.covariance.matrix();
    let covariance = Covariance::new(rest * p * rest.transpose() + gain * arriving * gain.transpose())?;
    let mean = filtered.mean + gain * (next.mean - predicted.mean);
    if !mean.iter().all(|v| v.is_finite()) {
        return Err(NotPositiveDefinite);
    }
    Ok(GaussianState { mean, covariance, time: filtered.time })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::extended::update;
    use crate::filter::predict;
    use crate::gaussian::StateVector;
    use crate::maths::{cos, ln, sqrt};
    use crate::measurement::Reading;
    use crate::model::constant_velocity::NearlyConstantVelocity;
    use crate::model::position::Position;
    use crate::time::{Span, Timestamp};
    use nalgebra::{SVector, Vector3};
    use std::println;
    use std::vec;
    use std::vec::Vec;

    extern crate std;

    const MODEL: NearlyConstantVelocity = NearlyConstantVelocity { horizontal: 2.0, vertical: 0.5 };
    const SIGMA_M: f64 = 15.0;

    /// Standard normal numbers from a seed: Knuth's linear congruential generator, Box and Muller.
    struct Chance(u64);

    impl Chance {
        fn uniform(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f64::from(u32::try_from(self.0 >> 32).expect("32 bits")) / 4_294_967_296.0
        }

        fn normal(&mut self) -> f64 {
            sqrt(-2.0 * ln(1.0 - self.uniform())) * cos(core::f64::consts::TAU * self.uniform())
        }
    }

    fn start() -> GaussianState {
        let sigmas = StateVector::new(50.0, 50.0, 50.0, 10.0, 10.0, 10.0);
        let mean = StateVector::new(0.0, 0.0, 500.0, 20.0, -10.0, 0.0);
        let covariance = Covariance::from_sigmas(&sigmas).expect("positive");
        GaussianState { mean, covariance, time: Timestamp::EPOCH }
    }

    /// A look: how long after the one before, and what was seen, if anything was.
    type Look = (Span, Option<Reading<3>>);

    /// Looks at uneven times, some of which miss, and where the target truly was.
    fn looks(count: usize, seed: u64) -> (Vec<Look>, Vec<StateVector>) {
        let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut x = start().mean + start().covariance.factor().matrix() * StateVector::from_fn(|_, _| chance.normal());
        let noise = Covariance::from_sigmas(&Vector3::repeat(SIGMA_M)).expect("positive");
        let (mut looks, mut truth) = (vec![], vec![]);
        for k in 0..count {
            let span = Span::from_millis(400 + i64::try_from(700 * (k % 3)).expect("small"));
            let q = Covariance::new(MODEL.noise(&StateVector::zeros(), span)).expect("positive").factor();
            x = MODEL.advance(&x, span) + q.matrix() * StateVector::from_fn(|_, _| chance.normal());
            let z = Vector3::from_fn(|i, _| x[i] + SIGMA_M * chance.normal());
            looks.push((span, (k % 5 != 3).then_some(Reading { z, noise })));
            truth.push(x);
        }
        (looks, truth)
    }

    fn filter(looks: &[Look]) -> Vec<GaussianState> {
        let mut state = start();
        let estimates = looks.iter().map(|(span, seen)| {
            state = predict(&MODEL, &state, state.time + *span).expect("finite");
            if let Some(reading) = seen {
                state = update(&Position, &state, reading).expect("finite").0;
            }
            state
        });
        estimates.collect()
    }

    fn traced(estimates: &[GaussianState], lag: usize) -> Trace<Vec<GaussianState>> {
        let mut trace = Trace::new(vec![start(); lag]);
        estimates.iter().for_each(|estimate| trace.push(*estimate));
        trace
    }

    /// Looks that are solved at once, and the unknowns in them: the start and the state at each.
    const LOOKS: usize = 12;
    const UNKNOWNS: usize = 6 * (LOOKS + 1);

    /// The normal equations of least squares.
    struct Equations {
        information: SMatrix<f64, UNKNOWNS, UNKNOWNS>,
        right: SVector<f64, UNKNOWNS>,
    }

    impl Equations {
        /// Adds `row · x = z` with this noise.
        fn add<const M: usize>(&mut self, row: &SMatrix<f64, M, UNKNOWNS>, z: &SVector<f64, M>, noise: &Covariance<M>) {
            let factor = noise.factor();
            self.information += row.transpose() * factor.solve(row);
            self.right += row.transpose() * factor.solve(z);
        }
    }

    /// All states at once by least squares: the equations of the start, of each step and of each reading.
    fn batch(looks: &[Look]) -> (SVector<f64, UNKNOWNS>, SMatrix<f64, UNKNOWNS, UNKNOWNS>) {
        let mut equations = Equations { information: SMatrix::zeros(), right: SVector::zeros() };
        let mut row = SMatrix::<f64, 6, UNKNOWNS>::zeros();
        row.fixed_view_mut::<6, 6>(0, 0).fill_with_identity();
        equations.add(&row, &start().mean, &start().covariance);
        for (k, (span, seen)) in looks.iter().enumerate() {
            let mut row = SMatrix::<f64, 6, UNKNOWNS>::zeros();
            row.fixed_view_mut::<6, 6>(0, 6 * k).copy_from(&-MODEL.slope(&StateVector::zeros(), *span));
            row.fixed_view_mut::<6, 6>(0, 6 * k + 6).fill_with_identity();
            equations.add(
                &row,
                &SVector::zeros(),
                &Covariance::new(MODEL.noise(&StateVector::zeros(), *span)).expect("positive"),
            );
            if let Some(reading) = seen {
                let mut row = SMatrix::<f64, 3, UNKNOWNS>::zeros();
                row.fixed_view_mut::<3, 3>(0, 6 * k + 6).fill_with_identity();
                equations.add(&row, &reading.z, &reading.noise);
            }
        }
        let factor = Covariance::new(equations.information).expect("positive").factor();
        (factor.solve(&equations.right), factor.solve(&SMatrix::identity()))
    }

    #[test]
    fn the_whole_trace_is_that_of_batch_least_squares() {
        let (looks, _) = looks(LOOKS, 1);
        let trace = traced(&filter(&looks), LAG);
        let mut out = [start(); LAG];
        let smoothed = trace.smooth(&MODEL, &mut out);
        let (states, covariance) = batch(&looks);
        assert_eq!(smoothed.len(), LOOKS);
        for (k, estimate) in smoothed.iter().enumerate() {
            let at = 6 * k + 6;
            let (gap, size) = ((estimate.mean - states.fixed_rows::<6>(at)).norm(), estimate.mean.norm());
            assert!(gap < 1e-9 * size, "{k}: {gap:e} of {size}");
            let p = estimate.covariance.matrix();
            let gap = (p - covariance.fixed_view::<6, 6>(at, at)).norm();
            assert!(gap < 1e-9 * p.norm(), "{k}: {gap:e} of {}", p.norm());
        }
    }

    #[test]
    fn the_last_estimate_is_the_filters_own() {
        let estimates = filter(&looks(40, 2).0);
        let mut out = [start(); LAG];
        let trace = traced(&estimates, LAG);
        let smoothed = trace.smooth(&MODEL, &mut out);
        assert_eq!((smoothed.len(), smoothed.last()), (LAG, estimates.last()));
        assert!(trace.filtered().eq(&estimates[40 - LAG..]));
    }

    #[test]
    fn what_the_ring_forgot_does_not_change_what_it_holds() {
        let estimates = filter(&looks(40, 3).0);
        let (mut short, mut long) = (vec![start(); LAG], vec![start(); 40]);
        let of_all = traced(&estimates, 40).smooth(&MODEL, &mut long).to_vec();
        assert_eq!(traced(&estimates, LAG).smooth(&MODEL, &mut short), &of_all[40 - LAG..]);
        assert_eq!(traced(&estimates, 40).smooth(&MODEL, &mut short), &of_all[40 - LAG..]);
    }

    #[test]
    fn a_smoothed_trail_is_nearer_to_the_truth_than_the_filter() {
        let mut squares = [[0.0; 2]; LAG];
        for seed in 0..200 {
            let (looks, truth) = looks(60, seed);
            let estimates = filter(&looks);
            let mut out = [start(); LAG];
            let trace = traced(&estimates, LAG);
            for (back, smoothed) in trace.smooth(&MODEL, &mut out).iter().rev().enumerate() {
                let k = 59 - back;
                for (square, estimate) in squares[back].iter_mut().zip([&estimates[k], smoothed]) {
                    *square += (estimate.mean - truth[k]).fixed_rows::<3>(0).norm_squared();
                }
            }
        }
        println!("looks back: RMSE of the filter in metres, of the smoothed trail, ratio");
        for (back, [filtered, smoothed]) in squares.map(|pair| pair.map(|sum| sqrt(sum / 200.0))).iter().enumerate() {
            println!("{back:2}: {filtered:6.2} {smoothed:6.2}  {:.3}", smoothed / filtered);
            assert!(back == 0 || smoothed < filtered);
        }
        let all = |which: usize| squares.iter().map(|pair| pair[which]).sum::<f64>();
        let ratio = sqrt(all(1) / all(0));
        println!("whole trail: {ratio:.3}");
        assert!(ratio < 0.8, "{ratio}");
    }

    #[test]
    fn an_estimate_from_the_past_replaces_what_it_changes() {
        let estimates = filter(&looks(10, 4).0);
        let mut trace = traced(&estimates, LAG);
        trace.push(estimates[6]);
        assert!(trace.filtered().eq(&estimates[..7]));
        trace.push(estimates[6]);
        assert_eq!(trace.len(), 7);
    }

    #[test]
    fn without_memory_there_is_no_trace() {
        let nothing: [GaussianState; 0] = [];
        let mut trace = Trace::new(nothing);
        trace.push(start());
        assert!(trace.is_empty() && trace.smooth(&MODEL, &mut []).is_empty());
    }
}
