//! The smallest covariance of three independent axes that is not below a given one.
//!
//! Along each axis Q = [σp² ρσpσv; · σv²], from steps. The search begins below and raises, again and again, that
//! standard deviation which stands for most of the direction in which P exceeds Q most (power iteration on
//! L⁻¹ P L⁻ᵀ, Q = L Lᵀ), until Q − P is positive definite; then it lowers each step that need not be so high.

use fusion_core::gaussian::Covariance;
use fusion_core::maths::sqrt;
use fusion_core::nalgebra::{Matrix6, Vector6};

use super::kinematic::{Axis, CORRELATIONS, PLACE_BITS, SPEED_BITS, speed_sigma_m_s};
use super::quantise::{place_sigma_m, step_below};

/// Raisings of a step at the most: more than all steps of all axes together.
///
/// No counter: the search ends when no step can be raised any more.
const RAISES_MAX: usize = 400;
const POWER_ITERATIONS: usize = 24;

/// The steps of three axes that together are not below `p`, given in (major, minor, up, and their rates).
#[must_use]
pub fn axes(p: &Matrix6<f64>) -> [Axis; 3] {
    let mut axes: [Axis; 3] = core::array::from_fn(|k| start(p, k));
    for _ in 0..RAISES_MAX {
        if covers(&axes, p) {
            break;
        }
        if !raise(&mut axes, p) {
            return axes;
        }
    }
    lower(&mut axes, p);
    axes
}

/// The covariance that the steps of three axes tell.
#[must_use]
pub fn matrix(axes: &[Axis; 3]) -> Matrix6<f64> {
    let mut q = Matrix6::zeros();
    for (k, axis) in axes.iter().enumerate() {
        let (place, speed) = (place_sigma_m(axis.place), speed_sigma_m_s(k, axis.speed));
        let cross = CORRELATIONS[usize::from(axis.correlation & 7)] * place * speed;
        (q[(k, k)], q[(k + 3, k + 3)]) = (place * place, speed * speed);
        (q[(k, k + 3)], q[(k + 3, k)]) = (cross, cross);
    }
    q
}

/// Whether Q is not below P.
#[must_use]
pub fn covers(axes: &[Axis; 3], p: &Matrix6<f64>) -> bool {
    Covariance::new(matrix(axes) - p).is_ok()
}

fn start(p: &Matrix6<f64>, k: usize) -> Axis {
    let (place, speed) = (sqrt(p[(k, k)].max(0.0)), sqrt(p[(k + 3, k + 3)].max(0.0)));
    let told = p[(k, k + 3)] / (place * speed).max(f64::MIN_POSITIVE);
    let away = |correlation: &f64| (correlation - told).abs();
    let nearest = (0_u8..).zip(CORRELATIONS).min_by(|(_, a), (_, b)| away(a).total_cmp(&away(b)));
    Axis {
        place: step_below(place, 1 << PLACE_BITS, place_sigma_m),
        speed: step_below(speed, 1 << SPEED_BITS[k], |step| speed_sigma_m_s(k, step)),
        correlation: nearest.map_or(1, |(index, _)| index),
    }
}

/// Raises the standard deviation that lacks most; `false` if none can be raised.
fn raise(axes: &mut [Axis; 3], p: &Matrix6<f64>) -> bool {
    let lacking = excess(axes, p);
    let mut order: [usize; 6] = core::array::from_fn(|k| k);
    order.sort_by(|&a, &b| lacking[b].abs().total_cmp(&lacking[a].abs()));
    order.into_iter().any(|component| {
        let (step, steps) = step_of(axes, component);
        let raised = *step + 1 < steps;
        *step += u8::from(raised);
        raised
    })
}

/// Takes back every raising that was not needed.
fn lower(axes: &mut [Axis; 3], p: &Matrix6<f64>) {
    for component in 0..6 {
        loop {
            let mut less = *axes;
            let (step, _) = step_of(&mut less, component);
            if *step == 0 {
                break;
            }
            *step -= 1;
            if !covers(&less, p) {
                break;
            }
            *axes = less;
        }
    }
}

/// The step of a component (places first, then speeds), and how many steps there are.
fn step_of(axes: &mut [Axis; 3], component: usize) -> (&mut u8, u8) {
    let axis = &mut axes[component % 3];
    if component < 3 { (&mut axis.place, 1 << PLACE_BITS) } else { (&mut axis.speed, 1 << SPEED_BITS[component - 3]) }
}

/// The direction in which P exceeds Q most, in the components that Q's own factor makes independent.
fn excess(axes: &[Axis; 3], p: &Matrix6<f64>) -> Vector6<f64> {
    let mut direction = Vector6::from_element(1.0);
    for _ in 0..POWER_ITERATIONS {
        direction = solve(axes, &(p * solve_transposed(axes, &direction)));
        let length = sqrt(direction.norm_squared());
        if length.is_nan() || length <= 0.0 || length.is_infinite() {
            return Vector6::from_element(1.0);
        }
        direction /= length;
    }
    direction
}

/// Of one axis: σp, ρ, σv and √(1 − ρ²), from which L = [σp 0; ρσv √(1−ρ²)σv].
fn factors(axes: &[Axis; 3], k: usize) -> (f64, f64, f64) {
    let (place, speed) = (place_sigma_m(axes[k].place), speed_sigma_m_s(k, axes[k].speed));
    let rho = CORRELATIONS[usize::from(axes[k].correlation & 7)];
    (place, rho * speed, sqrt(1.0 - rho * rho) * speed)
}

/// L⁻¹ x.
fn solve(axes: &[Axis; 3], x: &Vector6<f64>) -> Vector6<f64> {
    let mut y = *x;
    for k in 0..3 {
        let (l11, l21, l22) = factors(axes, k);
        y[k] = x[k] / l11;
        y[k + 3] = (x[k + 3] - l21 * y[k]) / l22;
    }
    y
}

/// L⁻ᵀ x.
fn solve_transposed(axes: &[Axis; 3], x: &Vector6<f64>) -> Vector6<f64> {
    let mut y = *x;
    for k in 0..3 {
        let (l11, l21, l22) = factors(axes, k);
        y[k + 3] = x[k + 3] / l22;
        y[k] = (x[k] - l21 * y[k + 3]) / l11;
    }
    y
}
