//! A quantity that forgets, and its integrals, along three like axes.
//!
//! On each axis a first-order Markov (Ornstein–Uhlenbeck) quantity with steady sigma σ and time constant τ, correlated
//! in time as σ² e^(−|t|/τ), is integrated D − 1 times: D = 2 is a forgetting velocity, D = 3 a forgetting
//! acceleration (Singer 1970; Bar-Shalom, Li & Kirubarajan 2001, §8.2). Discretised exactly, for any dt.
//!
//! With x = dt/τ and φₖ(x) = Σⱼ (−x)ʲ / (j + k)!, so that φ₀ = e^(−x) and φₖ = 1/k! − x φₖ₊₁, what the quantity
//! becomes after dt is (dt² φ₂, dt φ₁, φ₀), and the noise is the integral of the products of that column. The textbook
//! forms of both lose all their digits as τ grows; written in φ they keep them, and pass into white noise's t⁵/20 and
//! its kin.

use nalgebra::{ArrayStorage, SMatrix, SVector};

use super::sandwich;
use crate::maths::exp;
use crate::time::Span;

/// The quantity's own numbers; sigmas in its own unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Forgetting {
    pub(super) sigma_horizontal: f64,
    pub(super) sigma_vertical: f64,
    pub(super) time_constant: Span,
}

/// What one span does to one axis (place, rate, …), and the noise that it adds to an axis of σ = 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis<const D: usize> {
    phi: [[f64; D]; D],
    gamma: [[f64; D]; D],
}

impl Forgetting {
    /// Place and velocity, of which the velocity forgets.
    pub(super) fn velocity(&self, dt: Span) -> Axis<2> {
        let (t, x) = (dt.as_secs_f64(), self.ages(dt));
        let (one, two) = (Phi::at(x), Phi::at(2.0 * x));
        let cross = x * t * one.0[1] * one.0[1];
        Axis {
            phi: [[1.0, t * one.0[1]], [0.0, one.0[0]]],
            gamma: [[2.0 * x * t * t * velocity_squared(&one, &two), cross], [cross, 2.0 * x * two.0[1]]],
        }
    }

    /// Place, velocity and acceleration, of which the acceleration forgets.
    pub(super) fn acceleration(&self, dt: Span) -> Axis<3> {
        let (t, x) = (dt.as_secs_f64(), self.ages(dt));
        let (one, two) = (Phi::at(x), Phi::at(2.0 * x));
        let [p0, p1, p2, _, p4, _] = one.0;
        let (density, tt) = (2.0 * x, t * t);
        // ∫ of the products of (u² φ₂, u φ₁, φ₀)(x u) over u from 0 to 1.
        let pp = density * tt * tt * (16.0 * two.0[5] - 2.0 * p4);
        let pv = density * tt * t * (0.5 * p2 * p2);
        let pa = density * tt * (4.0 * two.0[3] - p2);
        let vv = density * tt * velocity_squared(&one, &two);
        let va = density * t * (0.5 * p1 * p1);
        let aa = density * two.0[1];
        Axis {
            phi: [[1.0, t, tt * p2], [0.0, 1.0, t * p1], [0.0, 0.0, p0]],
            gamma: [[pp, pv, pa], [pv, vv, va], [pa, va, aa]],
        }
    }

    /// dt/τ.
    fn ages(&self, dt: Span) -> f64 {
        dt.as_secs_f64() / self.time_constant.as_secs_f64()
    }

    /// σ² by component: two horizontal axes and a vertical one.
    pub(super) const fn variance(&self, component: usize) -> f64 {
        let sigma = if component % 3 == 2 { self.sigma_vertical } else { self.sigma_horizontal };
        sigma * sigma
    }

    /// Q of three axes.
    pub(super) fn noise<const D: usize, const N: usize>(&self, axis: &Axis<D>) -> SMatrix<f64, N, N> {
        let mut q = SMatrix::zeros();
        self.add_noise(axis, &mut q);
        q
    }

    pub(super) fn add_noise<const D: usize, const N: usize>(&self, axis: &Axis<D>, q: &mut SMatrix<f64, N, N>) {
        const { assert!(N == 3 * D, "three axes") };
        for i in 0..D {
            for k in 0..D {
                for a in 0..3 {
                    q[(3 * i + a, 3 * k + a)] += self.variance(a) * axis.gamma[i][k];
                }
            }
        }
    }

    /// F x and F P Fᵀ + Q.
    pub(super) fn propagate<const D: usize, const N: usize>(
        &self,
        axis: &Axis<D>,
        x: &SVector<f64, N>,
        p: &SMatrix<f64, N, N>,
    ) -> (SVector<f64, N>, SMatrix<f64, N, N>) {
        let mut spread = sandwich(p, |column| axis.turn(column));
        self.add_noise(axis, &mut spread);
        (axis.advance(x), spread)
    }
}

impl<const D: usize> Axis<D> {
    /// F x: the same on each axis.
    pub(super) fn advance<const N: usize>(&self, x: &SVector<f64, N>) -> SVector<f64, N> {
        SVector::from_array_storage(ArrayStorage([self.turn(&x.data.0[0])]))
    }

    /// F.
    pub(super) fn slope<const N: usize>(&self) -> SMatrix<f64, N, N> {
        SMatrix::from_fn(|i, k| if i % 3 == k % 3 { self.phi[i / 3][k / 3] } else { 0.0 })
    }

    fn turn<const N: usize>(&self, x: &[f64; N]) -> [f64; N] {
        const { assert!(N == 3 * D, "three axes") };
        let mut moved = [0.0; N];
        for i in 0..D {
            // What is derived from a component does not depend on it: F is upper triangular.
            for k in i..D {
                for a in 0..3 {
                    moved[3 * i + a] += self.phi[i][k] * x[3 * k + a];
                }
            }
        }
        moved
    }
}

/// ∫ (u φ₁(x u))² du from 0 to 1, from φ at x and at 2x.
fn velocity_squared(one: &Phi, two: &Phi) -> f64 {
    4.0 * two.0[3] - 2.0 * one.0[3]
}

/// φ₀ to φ₅ at one x.
struct Phi([f64; 6]);

impl Phi {
    /// Below one from the series of φ₅, down; above from e^(−x), up: each way the errors shrink.
    fn at(x: f64) -> Self {
        let mut phi = [0.0; 6];
        if x < 1.0 {
            phi[5] = last_by_series(x);
            for k in (0..5).rev() {
                phi[k] = INVERSE_FACTORIALS[k] - x * phi[k + 1];
            }
        } else {
            phi[0] = exp(-x);
            for k in 0..5 {
                phi[k + 1] = (INVERSE_FACTORIALS[k] - phi[k]) / x;
            }
        }
        Self(phi)
    }
}

/// φ₅ = (1 − x/6 (1 − x/7 (1 − …))) / 5!, to the last bit for |x| ≤ 1.
fn last_by_series(x: f64) -> f64 {
    let mut sum = 1.0;
    for inverse in INVERSES {
        sum = 1.0 - x * inverse * sum;
    }
    sum * INVERSE_FACTORIALS[5]
}

const INVERSE_FACTORIALS: [f64; 6] = [1.0, 1.0, 1.0 / 2.0, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0];

/// 1/19 to 1/6: the first term left out is 5!/20!, a twentieth of the last bit.
const INVERSES: [f64; 14] = {
    let mut inverses = [0.0; 14];
    let (mut k, mut divisor) = (0, 19.0);
    while k < inverses.len() {
        inverses[k] = 1.0 / divisor;
        divisor -= 1.0;
        k += 1;
    }
    inverses
};

#[cfg(test)]
mod tests {
    use super::*;

    /// φₖ(x) = ∫ e^(−x(1−u)) uᵏ⁻¹/(k−1)! du, by Simpson's rule.
    fn phi_by_integral(k: u16, x: f64) -> f64 {
        let factorial: f64 = (1..k).map(f64::from).product();
        integral(|u| {
            let power: f64 = (1..k).map(|_| u).product();
            exp(-x * (1.0 - u)) * power / factorial
        })
    }

    fn integral(f: impl Fn(f64) -> f64) -> f64 {
        let steps = 2_000_u16;
        let h = 1.0 / f64::from(steps);
        let sum: f64 = (0..=steps)
            .map(|k| {
                let weight = if k == 0 || k == steps { 1.0 } else { 2.0 + 2.0 * f64::from(k % 2) };
                weight * f(f64::from(k) * h)
            })
            .sum();
        sum * h / 3.0
    }

    #[test]
    fn phi_is_its_integral_on_both_sides_of_the_seam() {
        for x in [0.0, 1e-9, 0.3, 0.999_999, 1.0, 1.7, 12.0] {
            let phi = Phi::at(x);
            assert!((phi.0[0] - exp(-x)).abs() < 1e-15);
            for k in 1..6 {
                let expected = phi_by_integral(k, x);
                let gap = phi.0[usize::from(k)] - expected;
                assert!(gap.abs() < 1e-10 * expected, "φ{k}({x}) off by {gap}");
            }
        }
    }

    #[test]
    fn the_noise_is_the_integral_of_the_column() {
        for (seconds, tau) in [(0.5, 20.0), (3.0, 5.0), (8.0, 2.0), (60.0, 1.0)] {
            let time_constant = Span::from_secs_f64(tau);
            let markov = Forgetting { sigma_horizontal: 1.0, sigma_vertical: 1.0, time_constant };
            let (x, axis) = (seconds / tau, markov.acceleration(Span::from_secs_f64(seconds)));
            let column = |u: f64| {
                let (s, phi) = (u * seconds, Phi::at(x * u).0);
                [s * s * phi[2], s * phi[1], phi[0]]
            };
            for i in 0..3 {
                for k in 0..3 {
                    let expected = 2.0 * x * integral(|u| column(u)[i] * column(u)[k]);
                    let gap = axis.gamma[i][k] - expected;
                    assert!(gap.abs() < 1e-7 * expected, "Γ[{i}][{k}] = {} not {expected}", axis.gamma[i][k]);
                }
            }
        }
    }
}
