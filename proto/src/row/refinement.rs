//! A track's full covariance: what the three axes of its motion row cannot tell, for links that can afford it.
//!
//! P = D C D: D holds the standard deviations, C the correlations, of which the lower factor R (C = R Rᵀ) is told. Its
//! rows have length one, so their last element follows from the others. Rounding may make C smaller somewhere; then D
//! is raised as a whole until nothing is below P. It belongs to the motion row of the same handle and tick and to no
//! other.

use fusion_core::gaussian::Covariance;
use fusion_core::maths::sqrt;
use fusion_core::nalgebra::Matrix6;

use super::bits::{BitReader, BitWriter};
use super::quantise::{fine_sigma, step_below, units};

/// Bits of each standard deviation.
const SIGMA_BITS: u32 = 8;
/// Bits of each element of the factor below its diagonal.
const FACTOR_BITS: u32 = 6;
const FACTOR_STEPS: i32 = 31;
/// What the other elements of a row of the factor may sum to in squares, so that its last one is not lost.
const SQUARES: f64 = 0.999;
/// Raisings of all standard deviations at the most.
///
/// No counter: the steps end, and the last covariance is as large as can be told.
const RAISES_MAX: usize = 60;

/// The numbers of one full covariance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Refinement {
    sigmas: [u8; 6],
    /// Row by row, without the diagonal.
    factor: [i8; 15],
}

impl Refinement {
    /// The numbers of the smallest covariance that can be told and is not below this one. `None` if there is none.
    #[must_use]
    pub fn of(covariance: &Covariance<6>) -> Option<Self> {
        let p = covariance.matrix();
        let sigmas = core::array::from_fn(|k| step_below(covariance.sigma(k), u8::MAX, fine_sigma));
        let mut told = Self { sigmas, factor: factor(covariance) };
        for _ in 0..RAISES_MAX {
            if Covariance::new(told.matrix() - p).is_ok() {
                return Some(told);
            }
            told.sigmas = told.sigmas.map(|step| step.saturating_add(1));
        }
        None
    }

    /// The covariance that the numbers tell: of (east, north, up, and their rates), metres and metres per second.
    #[must_use]
    pub fn covariance(&self) -> Option<Covariance<6>> {
        Covariance::new(self.matrix()).ok()
    }

    fn matrix(&self) -> Matrix6<f64> {
        let mut l = Matrix6::zeros();
        let mut told = self.factor.iter();
        for row in 0..6 {
            let mut squares = 0.0;
            for column in 0..row {
                let element = f64::from(*told.next().unwrap_or(&0)) / f64::from(FACTOR_STEPS);
                squares += element * element;
                l[(row, column)] = element;
            }
            let shrink = if squares > SQUARES { sqrt(SQUARES / squares) } else { 1.0 };
            for column in 0..row {
                l[(row, column)] *= shrink;
            }
            l[(row, row)] = sqrt(1.0 - squares.min(SQUARES));
            for column in 0..=row {
                l[(row, column)] *= fine_sigma(self.sigmas[row]);
            }
        }
        l * l.transpose()
    }

    pub(super) fn put(&self, w: &mut BitWriter) {
        self.sigmas.iter().for_each(|&step| w.put(step.into(), SIGMA_BITS));
        let from_lowest = |element: i8| (i64::from(element) + i64::from(FACTOR_STEPS)).cast_unsigned();
        self.factor.iter().for_each(|&element| w.put(from_lowest(element), FACTOR_BITS));
    }

    pub(super) fn get(r: &mut BitReader<'_>) -> Option<Self> {
        let mut told = Self { sigmas: [0; 6], factor: [0; 15] };
        for step in &mut told.sigmas {
            *step = r.narrow(SIGMA_BITS)?;
        }
        for element in &mut told.factor {
            let from_lowest = r.narrow::<i8>(FACTOR_BITS)?;
            *element = from_lowest - 31;
        }
        let known = told.sigmas.iter().all(|&step| step < u8::MAX) && told.factor.iter().all(|&e| e <= 31);
        known.then_some(told)
    }
}

fn factor(covariance: &Covariance<6>) -> [i8; 15] {
    let l = *covariance.factor().matrix();
    let mut elements = [0; 15];
    let mut each = elements.iter_mut();
    for row in 1..6 {
        for column in 0..row {
            let told = units(l[(row, column)] / covariance.sigma(row), 1.0 / f64::from(FACTOR_STEPS), -31, 31);
            if let Some(element) = each.next() {
                *element = i8::try_from(told).unwrap_or(0);
            }
        }
    }
    elements
}
