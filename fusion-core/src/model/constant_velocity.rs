//! Nearly constant velocity: straight flight disturbed by white-noise acceleration.
//!
//! Per axis F = [1 dt; 0 1] and Q = q [dt³/3 dt²/2; dt²/2 dt] (Bar-Shalom, Li & Kirubarajan 2001, §6.2.2). The spectral
//! density q differs between the horizontal and the vertical: things turn harder than they climb.

use nalgebra::{Matrix3, SMatrix, Vector3};

use super::TransitionModel;
use crate::filter::Whereabouts;
use crate::gaussian::{GaussianState, NotPositiveDefinite, StateVector, mirror};
use crate::time::{Span, Timestamp};

/// The model, by its two spectral densities in m²/s³.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NearlyConstantVelocity {
    /// q of east and of north.
    pub horizontal: f64,
    /// q of up.
    pub vertical: f64,
}

impl NearlyConstantVelocity {
    /// Diagonal of q over the three axes.
    fn density(&self) -> Matrix3<f64> {
        Matrix3::from_diagonal(&Vector3::new(self.horizontal, self.horizontal, self.vertical))
    }

    /// Where a target is at another time: what [`propagate`](TransitionModel::propagate) says of its place, to the bit,
    /// for a fraction of the price.
    #[must_use]
    pub fn whereabouts(&self, state: &GaussianState, to: Timestamp) -> Whereabouts {
        let (x, p, t) = (&state.mean, &state.covariance.matrix().data.0, (to - state.time).as_secs_f64());
        let q = [self.horizontal, self.horizontal, self.vertical];
        let grown = |k: usize| p[k][k] + (p[k + 3][k] + p[k + 3][k]) * t + p[k + 3][k + 3] * (t * t);
        Whereabouts {
            place: Vector3::from_fn(|k, _| x[k] + t * x[k + 3]),
            variance: Vector3::from_fn(|k, _| grown(k) + q[k] * (t * t * t / 3.0)),
        }
    }

    /// The three distinct blocks of Q: position, cross, velocity.
    fn blocks(&self, t: f64) -> [Matrix3<f64>; 3] {
        let q = self.density();
        [q * (t * t * t / 3.0), q * (t * t / 2.0), q * t]
    }
}

impl TransitionModel for NearlyConstantVelocity {
    #[inline]
    fn advance(&self, x: &StateVector, dt: Span) -> StateVector {
        let t = dt.as_secs_f64();
        StateVector::from_fn(|k, _| if k < 3 { x[k] + t * x[k + 3] } else { x[k] })
    }

    fn slope(&self, _: &StateVector, dt: Span) -> SMatrix<f64, 6, 6> {
        let mut f = SMatrix::<f64, 6, 6>::identity();
        f.fixed_view_mut::<3, 3>(0, 3).fill_diagonal(dt.as_secs_f64());
        f
    }

    fn noise(&self, _: &StateVector, dt: Span) -> SMatrix<f64, 6, 6> {
        let [position, cross, velocity] = self.blocks(dt.as_secs_f64());
        assemble(&position, &cross, &velocity)
    }

    fn propagate(&self, x: &StateVector, p: &SMatrix<f64, 6, 6>, dt: Span) -> (StateVector, SMatrix<f64, 6, 6>) {
        let (mut x, mut p) = (*x, *p);
        self.propagate_lower(&mut x, &mut p, dt);
        mirror(&mut p.data.0);
        (x, p)
    }

    /// In blocks, with P = [A B; Bᵀ C]: A + (B + Bᵀ) t + C t², B + C t, C, each plus its part of Q.
    #[inline]
    fn propagate_lower(&self, x: &mut StateVector, p: &mut SMatrix<f64, 6, 6>, dt: Span) {
        let (t, p) = (dt.as_secs_f64(), &mut p.data.0);
        *x = self.advance(x, dt);
        for j in 0..3 {
            for i in j..3 {
                p[j][i] = p[j][i] + (p[i][j + 3] + p[j][i + 3]) * t + p[j + 3][i + 3] * (t * t);
            }
        }
        for j in 0..3 {
            // Of C what would be above the diagonal lies below.
            (0..j).for_each(|i| p[j][i + 3] += p[i + 3][j + 3] * t);
            (j..3).for_each(|i| p[j][i + 3] += p[j + 3][i + 3] * t);
        }
        let [of_place, of_both, of_velocity] = [t * t * t / 3.0, t * t / 2.0, t];
        for (k, q) in [self.horizontal, self.horizontal, self.vertical].into_iter().enumerate() {
            p[k][k] += q * of_place;
            p[k][k + 3] += q * of_both;
            p[k + 3][k + 3] += q * of_velocity;
        }
    }

    fn start(&self, kinematics: &GaussianState) -> Result<GaussianState, NotPositiveDefinite> {
        Ok(*kinematics)
    }
}

fn assemble(position: &Matrix3<f64>, cross: &Matrix3<f64>, velocity: &Matrix3<f64>) -> SMatrix<f64, 6, 6> {
    let mut p = SMatrix::<f64, 6, 6>::zeros();
    p.fixed_view_mut::<3, 3>(0, 0).copy_from(position);
    p.fixed_view_mut::<3, 3>(0, 3).copy_from(cross);
    p.fixed_view_mut::<3, 3>(3, 0).copy_from(&cross.transpose());
    p.fixed_view_mut::<3, 3>(3, 3).copy_from(velocity);
    p
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Prediction;
    use crate::gaussian::Covariance;

    const MODEL: NearlyConstantVelocity = NearlyConstantVelocity { horizontal: 1.5, vertical: 0.5 };

    #[test]
    fn the_blocks_give_what_the_full_matrices_give() {
        let x = StateVector::new(1.0, 2.0, 3.0, 4.0, 5.0, 6.0);
        let l = SMatrix::<f64, 6, 6>::from_fn(|i, k| if k > i { 0.0 } else { 1.0 + x[i] * 0.75 + x[k] * 0.25 });
        let (p, dt) = (l * l.transpose(), Span::from_millis(1_700));
        let f = MODEL.slope(&x, dt);
        let (moved, spread) = MODEL.propagate(&x, &p, dt);
        assert!((moved - f * x).norm() < 1e-12);
        assert!((spread - (f * p * f.transpose() + MODEL.noise(&x, dt))).norm() < 1e-9);
    }

    #[test]
    fn where_it_is_alone_has_the_bits_of_the_whole_prediction() {
        let l = SMatrix::<f64, 6, 6>::from_fn(|i, k| if k > i { 0.0 } else { 1.3 + 0.7 * x_of(i) + 0.3 * x_of(k) });
        let covariance = Covariance::new(l * l.transpose()).expect("positive definite");
        let mean = StateVector::from_fn(|k, _| 1e3 / x_of(k));
        let state = GaussianState { mean, covariance, time: Timestamp::EPOCH };
        for millis in [-300, 0, 1, 370, 1_700] {
            let to = Timestamp::EPOCH + Span::from_millis(millis);
            assert_eq!(MODEL.whereabouts(&state, to), Whereabouts::from(&Prediction::of(&MODEL, &state, to)));
        }
    }

    fn x_of(k: usize) -> f64 {
        1.0 + f64::from(u32::try_from(k).expect("small"))
    }

    #[test]
    fn two_steps_are_one_long_step() {
        let p = SMatrix::<f64, 6, 6>::identity() * 9.0;
        let x = StateVector::new(1.0, 2.0, 3.0, 4.0, 5.0, 6.0);
        let (x1, p1) = MODEL.propagate(&x, &p, Span::from_millis(400));
        let (x2, p2) = MODEL.propagate(&x1, &p1, Span::from_millis(600));
        let (x3, p3) = MODEL.propagate(&x, &p, Span::from_secs(1));
        assert!((x2 - x3).norm() < 1e-12 && (p2 - p3).norm() < 1e-12);
    }

    #[test]
    fn noise_of_one_second_has_the_textbook_values() {
        let q = MODEL.noise(&StateVector::zeros(), Span::from_secs(2));
        assert!((q[(0, 0)] - 1.5 * 8.0 / 3.0).abs() < 1e-12 && (q[(1, 4)] - 1.5 * 2.0).abs() < 1e-12);
        assert!((q[(5, 5)] - 1.0).abs() < 1e-12 && q[(0, 1)].abs() < 1e-12);
    }
}
