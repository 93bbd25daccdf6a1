//! Where a track with several ways to move can be, without predicting it: a place, how far from it the means of its
//! modes can lie, and how surely each is known at the least.
//!
//! Mixing takes each mode's mean into the hull of all means, and its variance to no more than the largest plus the
//! square of their distance. From there it goes straight on but for what its motion adds: an arc of rate ω leaves the
//! straight line by at most |v| |ω| t²/2 and by 2 |v| t, a push a by |a| t²/2, hovering stays behind by |v| t. Standard
//! deviations add up likewise, correlations being what they may. Every bound is for all modes at once, so it does not
//! matter which ones the chain mixes how.

use super::reach::Rough;
use crate::filter::imm::{ModeVisitor, Modes};
use crate::gaussian::GaussianState;
use crate::maths::sqrt;
use crate::model::motion::{Motion, MotionSet};
use crate::time::Timestamp;
use nalgebra::{SVector, Vector3};

/// What all modes have in common, at the most.
#[derive(Clone, Copy, Debug, Default)]
struct Most {
    /// Distance of their places and of their velocities from those of the first.
    apart: f64,
    apart_speed: f64,
    speed: f64,
    /// Rate of turn and push, of those that have one.
    turn: f64,
    push: f64,
    /// Variances: of the place across and up, of the velocity across and up, of turn and push.
    across: f64,
    up: f64,
    speed_across: f64,
    speed_up: f64,
    turn_variance: f64,
    push_variance: f64,
}

/// What the motions themselves add.
#[derive(Clone, Copy, Debug, Default)]
struct Push {
    /// Spectral densities of white acceleration.
    across: f64,
    up: f64,
    /// Steady standard deviations of a rate of turn, a push, and a hovering speed.
    turn: f64,
    push: f64,
    hover: f64,
    hovers: bool,
}

/// Where the modes of a track can be at a time.
pub(super) fn rough(modes: &Modes, set: &MotionSet, time: Timestamp) -> Rough {
    let t = (time - modes.time()).as_secs_f64();
    let (place, velocity) = modes.states()[0].visit(First);
    let mut most = Most::default();
    for state in modes.states() {
        state.visit(Widen { most: &mut most, place: &place, velocity: &velocity });
    }
    most.spread(&place, &velocity, t, &Push::of(set))
}

impl Push {
    fn of(set: &MotionSet) -> Self {
        let mut push = Self::default();
        for manner in set.manners() {
            match &manner.motion {
                Motion::ConstantVelocity(model) => push.white(model.horizontal, model.vertical),
                Motion::CoordinatedTurn(model) => {
                    push.white(model.horizontal, model.vertical);
                    push.turn = push.turn.max(model.sigma_turn_rad_s);
                }
                Motion::ConstantAcceleration(model) => {
                    push.push = push.push.max(model.sigma_horizontal_m_s2).max(model.sigma_vertical_m_s2);
                }
                Motion::Hover(model) => {
                    push.hover = push.hover.max(model.sigma_horizontal_m_s).max(model.sigma_vertical_m_s);
                    push.hovers = true;
                }
            }
        }
        push
    }

    const fn white(&mut self, across: f64, up: f64) {
        self.across = self.across.max(across);
        self.up = self.up.max(up);
    }
}

impl Most {
    fn spread(self, place: &Vector3<f64>, velocity: &Vector3<f64>, t: f64, push: &Push) -> Rough {
        let (late, half) = (t.abs(), 0.5 * t * t);
        let arc = (self.speed * self.turn * half).min(2.0 * self.speed * late);
        let behind = if push.hovers { self.speed * late } else { 0.0 };
        let roam = self.apart + self.apart_speed * late + arc + self.push * half + behind;
        // Distances within the hull are at most twice those from its first corner.
        let within = |variance: f64, apart: f64| sqrt(variance + 4.0 * apart * apart);
        let turning = self.speed * (half * sqrt(self.turn_variance) + 2.0 * half * push.turn);
        let pushed = half * (sqrt(self.push_variance) + push.push) + late * push.hover;
        let sigma = |place: f64, speed: f64, density: f64| {
            let white = sqrt(density * late * late * late);
            within(place, self.apart) + late * within(speed, self.apart_speed) + pushed + white
        };
        Rough {
            place: place + velocity * t,
            across: sigma(self.across, self.speed_across, push.across) + turning,
            up: sigma(self.up, self.speed_up, push.up),
            roam,
            speed_squared: self.speed * self.speed,
        }
    }
}

/// Place and velocity of a mode.
struct First;

impl ModeVisitor for First {
    type Output = (Vector3<f64>, Vector3<f64>);

    fn visit<const N: usize>(self, state: &GaussianState<N>) -> Self::Output {
        (three(&state.mean, 0), three(&state.mean, 3))
    }
}

fn three<const N: usize>(mean: &SVector<f64, N>, from: usize) -> Vector3<f64> {
    Vector3::new(mean[from], mean[from + 1], mean[from + 2])
}

/// Takes one more mode into the bounds.
struct Widen<'a> {
    most: &'a mut Most,
    place: &'a Vector3<f64>,
    velocity: &'a Vector3<f64>,
}

impl ModeVisitor for Widen<'_> {
    type Output = ();

    fn visit<const N: usize>(self, state: &GaussianState<N>) {
        let Self { most, place, velocity } = self;
        let (mean, p) = (&state.mean, state.covariance.matrix());
        let (here, moving) = (three(mean, 0), three(mean, 3));
        let widen =
            |bound: &mut f64, value: f64| *bound = if value > *bound || value.is_nan() { value } else { *bound };
        widen(&mut most.apart, (here - place).norm());
        widen(&mut most.apart_speed, (moving - velocity).norm());
        widen(&mut most.speed, moving.norm());
        widen(&mut most.across, p[(0, 0)] + p[(1, 1)]);
        widen(&mut most.up, p[(2, 2)]);
        widen(&mut most.speed_across, p[(3, 3)] + p[(4, 4)]);
        widen(&mut most.speed_up, p[(5, 5)]);
        if N == 7 {
            widen(&mut most.turn, mean[6].abs());
            widen(&mut most.turn_variance, p[(6, 6)]);
        }
        if N == 9 {
            widen(&mut most.push, three(mean, 6).norm());
            widen(&mut most.push_variance, p[(6, 6)] + p[(7, 7)] + p[(8, 8)]);
        }
    }
}
