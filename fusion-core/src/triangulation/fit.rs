//! The most likely place of an emitter that gave a set of lines: Gauss-Newton on the differences of azimuth.
//!
//! The state is place and velocity at the time of the newest line, in ECEF. Beside the lines there is a prior: the
//! height above the ellipsoid, and a velocity about zero, so that lines some seconds apart of what may have moved agree
//! as far as they must. With residuals ν, variances r and Jacobian H, each step solves (Hᵀ R⁻¹ H + Λ) δ = Hᵀ R⁻¹ ν + λ.
//! The start is the crossing of two lines, so few steps do.
//!
//! The log evidence is that of Laplace: ln of the likelihood with the state integrated out, the prior of the place
//! taken as even, 1 per square metre (the caller divides by the area).

use core::f64::consts::TAU;

use nalgebra::{Matrix3, Matrix6, Vector3, Vector6};

use super::TriangulationConfig;
use super::ray::Ray;
use crate::frame::Position;
use crate::gaussian::Factor;
use crate::geodesy::Geodetic;
use crate::maths::ln;
use crate::time::Timestamp;

/// A place and how well it explains its lines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fit {
    /// ECEF, metres.
    pub(super) position: Vector3<f64>,
    /// Of the place, ECEF axes, m².
    pub(super) covariance: Matrix3<f64>,
    /// Σ ν²/r and what the priors add to it.
    pub(super) chi_squared: f64,
    /// Logarithm of the likelihood of the lines, the state integrated out; per square metre of prior area.
    pub(super) log_evidence: f64,
    /// Of the newest line.
    pub(super) time: Timestamp,
}

impl Fit {
    /// The place that explains the lines best; `None` if the steps do not come to rest, or come to where a line has no
    /// direction.
    pub(super) fn of<'a>(
        config: &TriangulationConfig,
        rays: impl Iterator<Item = &'a Ray> + Clone,
        start: Vector3<f64>,
    ) -> Option<Self> {
        let time = rays.clone().map(|ray| ray.time).max()?;
        let mut state = Vector6::zeros();
        state.fixed_rows_mut::<3>(0).copy_from(&start);
        for _ in 0..STEPS_MAX {
            let normal = Normal::at(config, rays.clone(), &state, time)?;
            let factor = Factor::of(normal.information).ok()?;
            let step = factor.solve(&normal.gradient);
            state += step;
            let length = step.norm();
            if length < REST_M {
                return Self::at_rest(config, rays, &state, time);
            }
            if length.is_nan() || length > FARTHEST_STEP_M {
                return None;
            }
        }
        None
    }

    fn at_rest<'a>(
        config: &TriangulationConfig,
        rays: impl Iterator<Item = &'a Ray> + Clone,
        state: &Vector6<f64>,
        time: Timestamp,
    ) -> Option<Self> {
        let normal = Normal::at(config, rays, state, time)?;
        let factor = Factor::of(normal.information).ok()?;
        let inverse = factor.solve(&Matrix6::identity());
        // Each Gaussian of one dimension brings ½ ln 2π, the integral over six takes them back; the place has no prior
        // in two of its dimensions.
        let dimensions = normal.log_sigmas + 0.5 * factor.log_determinant() - ln(TAU);
        Some(Self {
            position: state.fixed_rows::<3>(0).into(),
            covariance: inverse.fixed_view::<3, 3>(0, 0).into(),
            chi_squared: normal.chi_squared,
            log_evidence: -0.5 * normal.chi_squared - dimensions,
            time,
        })
    }

    /// How far a line passes by, in squared sigmas of the place and of the line together; `None` where it has no
    /// direction.
    pub(super) fn distance_squared(&self, config: &TriangulationConfig, ray: &Ray) -> Option<f64> {
        let sight = ray.sight(&self.position)?;
        let moved = config.speed_sigma_m_s * ray.age_at(self.time);
        let g = sight.gradient;
        let variance = g.dot(&(self.covariance * g)) + moved * moved * g.norm_squared() + ray.variance;
        Some(sight.residual * sight.residual / variance)
    }
}

/// The normal equations at one state, and the sums that the likelihood is made of.
struct Normal {
    information: Matrix6<f64>,
    gradient: Vector6<f64>,
    chi_squared: f64,
    /// Σ ln σ over lines and priors, and ½ ln 2π for each line.
    log_sigmas: f64,
}

impl Normal {
    fn at<'a>(
        config: &TriangulationConfig,
        rays: impl Iterator<Item = &'a Ray>,
        state: &Vector6<f64>,
        time: Timestamp,
    ) -> Option<Self> {
        let (place, velocity) = (state.fixed_rows::<3>(0).into_owned(), state.fixed_rows::<3>(3).into_owned());
        let mut normal = Self::of_priors(config, &place, &velocity);
        for ray in rays {
            let age = ray.age_at(time);
            let sight = ray.sight(&(place - velocity * age))?;
            let mut row = Vector6::zeros();
            row.fixed_rows_mut::<3>(0).copy_from(&sight.gradient);
            row.fixed_rows_mut::<3>(3).copy_from(&(sight.gradient * -age));
            normal.add(&row, sight.residual, ray.variance);
            normal.log_sigmas += 0.5 * ln(TAU);
        }
        Some(normal)
    }

    fn of_priors(config: &TriangulationConfig, place: &Vector3<f64>, velocity: &Vector3<f64>) -> Self {
        let mut normal =
            Self { information: Matrix6::zeros(), gradient: Vector6::zeros(), chi_squared: 0.0, log_sigmas: 0.0 };
        let geodetic = Geodetic::from_ecef(Position::from_vector(*place));
        let mut up = Vector6::zeros();
        up.fixed_rows_mut::<3>(0).copy_from(&geodetic.enu_axes().row(2).transpose());
        let variance = config.height_sigma_m * config.height_sigma_m;
        normal.add(&up, config.height_mean_m - geodetic.height_m, variance);
        for k in 0..3 {
            let mut axis = Vector6::zeros();
            axis[k + 3] = 1.0;
            normal.add(&axis, -velocity[k], config.speed_sigma_m_s * config.speed_sigma_m_s);
        }
        normal
    }

    fn add(&mut self, row: &Vector6<f64>, residual: f64, variance: f64) {
        self.information += row * row.transpose() / variance;
        self.gradient += row * (residual / variance);
        self.chi_squared += residual * residual / variance;
        self.log_sigmas += 0.5 * ln(variance);
    }
}

/// Steps of Gauss-Newton. No counter: a start from which it takes more is no crossing.
const STEPS_MAX: usize = 12;
/// A step so short is none: a thousandth of the least error that matters.
const REST_M: f64 = 0.01;
/// A step so long leads nowhere.
const FARTHEST_STEP_M: f64 = 200_000.0;
