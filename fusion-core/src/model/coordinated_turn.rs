//! Coordinated turn: the velocity turns about the vertical at a rate ω that the filter learns; up is nearly constant
//! velocity.
//!
//! Over one step ω is held, and the turn is exact (Bar-Shalom, Li & Kirubarajan 2001, §11.7.2): with θ = ω t the
//! velocity v turns by θ and the place moves by t (1 − θ² c₃) v + t θ c₂ J v, where J turns by a quarter. The functions
//! c₂ = (1 − cos θ)/θ² and c₃ = (θ − sin θ)/θ³ (Stumpff's) have no pole at zero, and everything else is made of them:
//! flying straight is nothing special. ω is positive to the left, counterclockwise as seen from above.
//!
//! Noise is white acceleration as in [`constant_velocity`](super::constant_velocity), carried round the turn exactly
//! for its ω; and a push on ω, through the change that it makes to the path. ω itself forgets with a time constant τ
//! towards flying straight, so that it stays within its steady sigma even when nothing is seen of it; within one step
//! ω is its mean over that step, exact to first order in dt/τ.

use nalgebra::{SMatrix, SVector, Vector2};

use super::{TransitionModel, sandwich};
use crate::gaussian::{GaussianState, NotPositiveDefinite};
use crate::maths::{cos, exp, sin};
use crate::time::Span;

/// Position, velocity, and the rate of turn in rad/s: seven components.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CoordinatedTurn {
    /// Spectral density of white acceleration east and north, m²/s³.
    pub horizontal: f64,
    /// The same up.
    pub vertical: f64,
    /// Steady sigma of ω, rad/s: how hard things turn.
    pub sigma_turn_rad_s: f64,
    /// τ: how long a turn lasts.
    pub time_constant: Span,
}

/// One step from one state.
struct Turn {
    t: f64,
    /// ω after the step, by ω before.
    kept: f64,
    /// ω over the step.
    omega: f64,
    cos: f64,
    sin: f64,
    /// The place moves by along · v + across · J v.
    along: f64,
    across: f64,
    /// ∂/∂ω of place and velocity, east and north.
    place_by_omega: Vector2<f64>,
    velocity_by_omega: Vector2<f64>,
    c2: f64,
    c3: f64,
}

impl Turn {
    fn from(model: &CoordinatedTurn, x: &SVector<f64, 7>, dt: Span) -> Self {
        let t = dt.as_secs_f64();
        let ages = t / model.time_constant.as_secs_f64();
        let kept = exp(-ages);
        // (1 − e^(−a))/a, which has lost its digits where its series has but two terms.
        let mean = if ages.abs() < 1e-4 { 1.0 - 0.5 * ages } else { (1.0 - kept) / ages };
        let omega = x[6] * mean;
        let theta = omega * t;
        let (c2, c3) = stumpff(theta);
        let (cos, sin) = (1.0 - theta * theta * c2, theta * (1.0 - theta * theta * c3));
        let v = Vector2::new(x[3], x[4]);
        // d/dθ of (1 − θ² c₃) is θ (c₃ − c₂), of θ c₂ it is 1 − θ² c₃ − c₂; dθ/dω = t · mean.
        let (along_by_theta, across_by_theta) = (theta * (c3 - c2), 1.0 - theta * theta * c3 - c2);
        Self {
            t,
            kept,
            omega,
            cos,
            sin,
            along: t * (1.0 - theta * theta * c3),
            across: t * theta * c2,
            place_by_omega: (v * along_by_theta + left_of(&v) * across_by_theta) * (t * t * mean),
            velocity_by_omega: (left_of(&v) * cos - v * sin) * (t * mean),
            c2,
            c3,
        }
    }

    /// Where a vector's first six components go while ω is held.
    fn carry(&self, x: &[f64; 7]) -> [f64; 7] {
        let [e, n, u, ve, vn, vu, rest] = *x;
        [
            e + self.along * ve - self.across * vn,
            n + self.along * vn + self.across * ve,
            u + self.t * vu,
            self.cos * ve - self.sin * vn,
            self.cos * vn + self.sin * ve,
            vu,
            rest * self.kept,
        ]
    }

    /// F times a vector.
    fn slope(&self, x: &[f64; 7]) -> [f64; 7] {
        let mut moved = self.carry(x);
        for axis in 0..2 {
            moved[axis] += self.place_by_omega[axis] * x[6];
            moved[3 + axis] += self.velocity_by_omega[axis] * x[6];
        }
        moved
    }

    /// White acceleration of density q on both horizontal axes: the integral of M Mᵀ, M Rᵀ and R Rᵀ, where R turns the
    /// velocity and M, its integral, moves the place.
    fn add_horizontal(&self, q: f64, p: &mut SMatrix<f64, 7, 7>) {
        let tt = self.t * self.t;
        let (place, velocity) = (2.0 * q * tt * self.t * self.c3, q * self.t);
        let (straight, askew) = (q * tt * self.c2, q * tt * self.omega * self.t * self.c3);
        for axis in 0..2 {
            p[(axis, axis)] += place;
            p[(3 + axis, 3 + axis)] += velocity;
            add_pair(p, axis, 3 + axis, straight);
        }
        add_pair(p, 0, 4, askew);
        add_pair(p, 1, 3, -askew);
    }

    fn add_vertical(&self, q: f64, p: &mut SMatrix<f64, 7, 7>) {
        let t = self.t;
        p[(2, 2)] += q * t * t * t / 3.0;
        add_pair(p, 2, 5, q * t * t / 2.0);
        p[(5, 5)] += q * t;
    }

    /// Pushes on ω of steady variance σ²: the integral of g gᵀ, where g(s) is what a push of one does in the time s
    /// that is left. With v the velocity at the end it moves the velocity by s J v and the place by
    /// s² c₂ J v + ω s³ c₃ v. By Gauss' three nodes: exact for the leading terms, and a covariance in any case.
    fn add_turning(&self, variance: f64, end: &Vector2<f64>, p: &mut SMatrix<f64, 7, 7>) {
        let total = variance * (1.0 - self.kept * self.kept);
        for (node, weight) in NODES {
            let s = node * self.t;
            let (c2, c3) = stumpff(self.omega * s);
            let velocity = left_of(end) * s;
            let place = left_of(end) * (s * s * c2) + end * (self.omega * s * s * s * c3);
            let g = [place.x, place.y, 0.0, velocity.x, velocity.y, 0.0, 1.0];
            for k in 0..7 {
                for i in 0..7 {
                    p[(i, k)] += total * weight * g[i] * g[k];
                }
            }
        }
    }

    fn add_noise(&self, model: &CoordinatedTurn, end: &SVector<f64, 7>, p: &mut SMatrix<f64, 7, 7>) {
        self.add_horizontal(model.horizontal, p);
        self.add_vertical(model.vertical, p);
        self.add_turning(model.sigma_turn_rad_s * model.sigma_turn_rad_s, &Vector2::new(end[3], end[4]), p);
    }
}

impl TransitionModel<7> for CoordinatedTurn {
    fn advance(&self, x: &SVector<f64, 7>, dt: Span) -> SVector<f64, 7> {
        Turn::from(self, x, dt).carry(&x.data.0[0]).into()
    }

    fn slope(&self, x: &SVector<f64, 7>, dt: Span) -> SMatrix<f64, 7, 7> {
        let turn = Turn::from(self, x, dt);
        let mut f = SMatrix::<f64, 7, 7>::identity();
        for column in &mut f.data.0 {
            *column = turn.slope(column);
        }
        f
    }

    fn noise(&self, x: &SVector<f64, 7>, dt: Span) -> SMatrix<f64, 7, 7> {
        let mut q = SMatrix::zeros();
        Turn::from(self, x, dt).add_noise(self, &self.advance(x, dt), &mut q);
        q
    }

    fn propagate(
        &self,
        x: &SVector<f64, 7>,
        p: &SMatrix<f64, 7, 7>,
        dt: Span,
    ) -> (SVector<f64, 7>, SMatrix<f64, 7, 7>) {
        let turn = Turn::from(self, x, dt);
        let moved = turn.carry(&x.data.0[0]).into();
        let mut spread = sandwich(p, |column| turn.slope(column));
        turn.add_noise(self, &moved, &mut spread);
        (moved, spread)
    }

    /// No turn known: straight, with the steady spread.
    fn start(&self, kinematics: &GaussianState) -> Result<GaussianState<7>, NotPositiveDefinite> {
        kinematics.augmented(&[self.sigma_turn_rad_s * self.sigma_turn_rad_s])
    }
}

/// J v: a quarter to the left.
fn left_of(v: &Vector2<f64>) -> Vector2<f64> {
    Vector2::new(-v.y, v.x)
}

fn add_pair(p: &mut SMatrix<f64, 7, 7>, i: usize, k: usize, value: f64) {
    p[(i, k)] += value;
    p[(k, i)] += value;
}

/// c₂ = (1 − cos θ)/θ² and c₃ = (θ − sin θ)/θ³.
fn stumpff(theta: f64) -> (f64, f64) {
    let squared = theta * theta;
    if squared < 0.25 {
        return (series(squared, 3.0, 0.5), series(squared, 4.0, 1.0 / 6.0));
    }
    ((1.0 - cos(theta)) / squared, (theta - sin(theta)) / (squared * theta))
}

/// first · (1 − y/(k (k+1)) (1 − y/((k+2)(k+3)) (…))): six terms, to the last bits for y below a quarter.
fn series(y: f64, k: f64, first: f64) -> f64 {
    let mut sum = 1.0;
    for step in [10.0, 8.0, 6.0, 4.0, 2.0, 0.0] {
        sum = 1.0 - y / ((k + step) * (k + step + 1.0)) * sum;
    }
    first * sum
}

/// Nodes and weights of Gauss' rule on [0, 1].
const NODES: [(f64, f64); 3] =
    [(0.112_701_665_379_258_31, 5.0 / 18.0), (0.5, 8.0 / 18.0), (0.887_298_334_620_741_7, 5.0 / 18.0)];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaussian::{Covariance, StateVector, kinematic_part};
    use crate::model::constant_velocity::NearlyConstantVelocity;
    use crate::model::tests::{assert_slope_of_transition, assert_transition_is_sound};
    use core::f64::consts::FRAC_PI_2;

    /// A turn that lasts for ever.
    const LASTING: CoordinatedTurn = CoordinatedTurn {
        horizontal: 1.5,
        vertical: 0.5,
        sigma_turn_rad_s: 0.1,
        time_constant: Span::from_secs(1_000_000_000),
    };
    const FADING: CoordinatedTurn = CoordinatedTurn { time_constant: Span::from_secs(20), ..LASTING };

    fn x(omega: f64) -> SVector<f64, 7> {
        SVector::from([100.0, 200.0, 300.0, 40.0, -50.0, 6.0, omega])
    }

    #[test]
    fn it_moves_as_its_matrices_say_at_any_rate_and_at_none() {
        for omega in [0.0, 1e-12, -1e-5, 0.05, -0.2, 0.3, -0.7, 3.0] {
            assert_transition_is_sound(&LASTING, &x(omega), f64::INFINITY);
            assert_transition_is_sound(&FADING, &x(omega), f64::INFINITY);
        }
    }

    #[test]
    fn a_turn_not_known_is_straight_flight() {
        let (p, dt) = (SMatrix::<f64, 7, 7>::identity() * 1e-18, Span::from_secs(3));
        let still = CoordinatedTurn { sigma_turn_rad_s: 1e-9, ..LASTING };
        let (moved, spread) = still.propagate(&x(0.0), &p, dt);
        let straight = NearlyConstantVelocity { horizontal: 1.5, vertical: 0.5 };
        let (expected, noise) = straight.propagate(&kinematic_part(&x(0.0)), &SMatrix::zeros(), dt);
        assert!((kinematic_part(&moved) - expected).norm() < 1e-9);
        assert!((Covariance::new(spread).expect("positive").leading::<6>().matrix() - noise).norm() < 1e-9);
    }

    #[test]
    fn a_quarter_turn_to_the_left_goes_from_north_to_west() {
        // Radius v/ω = 100 m: from the origin northward to 100 m north, 100 m west.
        let north = SVector::<f64, 7>::from([0.0, 0.0, 0.0, 0.0, 10.0, 0.0, 0.1]);
        let west = LASTING.advance(&north, Span::from_secs_f64(FRAC_PI_2 / 0.1));
        assert!((kinematic_part(&west) - StateVector::new(-100.0, 100.0, 0.0, -10.0, 0.0, 0.0)).norm() < 1e-4);
        let mut right = north;
        right[6] = -0.1;
        let east = LASTING.advance(&right, Span::from_secs_f64(FRAC_PI_2 / 0.1));
        assert!((kinematic_part(&east) - StateVector::new(100.0, 100.0, 0.0, 10.0, 0.0, 0.0)).norm() < 1e-4);
    }

    #[test]
    fn a_whole_turn_comes_back() {
        let back = LASTING.advance(&x(0.5), Span::from_secs_f64(4.0 * core::f64::consts::PI));
        let mut expected = kinematic_part(&x(0.5));
        expected[2] += 6.0 * 4.0 * core::f64::consts::PI;
        assert!((kinematic_part(&back) - expected).norm() < 1e-5);
    }

    #[test]
    fn two_steps_turn_as_far_as_one() {
        for omega in [0.0, 0.1, -0.4] {
            let (first, second) = (Span::from_millis(400), Span::from_millis(600));
            let p = SMatrix::<f64, 7, 7>::from_diagonal(&SVector::from([9.0, 9.0, 9.0, 4.0, 4.0, 4.0, 1e-3]));
            let (x1, p1) = LASTING.propagate(&x(omega), &p, first);
            let (x2, p2) = LASTING.propagate(&x1, &p1, second);
            let (whole, spread) = LASTING.propagate(&x(omega), &p, first + second);
            assert!((x2 - whole).norm() < 1e-7, "mean at {omega}");
            assert!((p2 - spread).norm() < 1e-8 * spread.norm(), "spread at {omega}");
        }
    }

    #[test]
    fn a_step_of_a_twentieth_of_tau_may_be_halved() {
        let (half, p) = (Span::from_millis(500), SMatrix::<f64, 7, 7>::identity() * 1e-2);
        let (x1, p1) = FADING.propagate(&x(0.2), &p, half);
        let (x2, p2) = FADING.propagate(&x1, &p1, half);
        let (whole, spread) = FADING.propagate(&x(0.2), &p, half + half);
        assert!((x2 - whole).norm() < 0.05 && (p2 - spread).norm() < 2e-2 * spread.norm());
        assert!((x2[6] - whole[6]).abs() < 1e-15 && (p2[(6, 6)] - spread[(6, 6)]).abs() < 1e-15);
    }

    #[test]
    fn c2_and_c3_are_smooth_where_the_series_ends() {
        for theta in [0.499_999, 0.500_001, -0.499_999, -0.500_001] {
            let (c2, c3) = stumpff(theta);
            assert!((c2 - (1.0 - cos(theta)) / (theta * theta)).abs() < 2e-15);
            assert!((c3 - (theta - sin(theta)) / (theta * theta * theta)).abs() < 2e-15);
        }
        assert!((stumpff(0.0).0 - 0.5).abs() < 1e-16 && (stumpff(0.0).1 - 1.0 / 6.0).abs() < 1e-16);
    }

    #[test]
    fn the_slope_by_omega_holds_near_zero() {
        for omega in [0.0, 1e-7, -1e-7, 1e-3] {
            assert_slope_of_transition(&FADING, &x(omega), Span::from_secs(4));
        }
    }

    #[test]
    fn the_rate_settles_at_its_steady_spread() {
        let mut p = SMatrix::<f64, 7, 7>::identity();
        let mut state = x(0.3);
        for _ in 0..200 {
            (state, p) = FADING.propagate(&state, &p, Span::from_secs(1));
        }
        assert!((p[(6, 6)] - 0.01).abs() < 1e-6 && state[6].abs() < 1e-4);
    }
}
