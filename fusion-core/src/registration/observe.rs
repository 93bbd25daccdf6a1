//! A pair as the estimator needs it: innovation, slope by every bias and shared error, noise.

use nalgebra::{Matrix2, Matrix2x3, Matrix3x2, SMatrix, SVector, Vector2, Vector3};

use super::{BIASES, Pair, RegistrationConfig, Shared};
use crate::angle::wrap;
use crate::maths::{atan2, sqrt};
use crate::time::Span;

/// What a pair says of the biases.
pub(super) struct Observed<const N: usize> {
    /// Range and azimuth seen, less those of the reference with what is known of the biases.
    pub(super) innovation: Vector2<f64>,
    /// How both change with each bias and each shared error.
    pub(super) slope: SMatrix<f64, 2, N>,
    /// Of what is neither.
    pub(super) noise: Matrix2<f64>,
}

/// Whether all numbers of a pair can be reckoned with.
pub(super) fn is_sound(pair: &Pair) -> bool {
    let (seen, reference) = (&pair.seen, &pair.reference);
    let measured = |(value, sigma): (f64, f64)| value.is_finite() && sigma > 0.0 && sigma.is_finite();
    let not_negative = |x: &f64| (0.0..f64::INFINITY).contains(x);
    seen.range.is_none_or(measured)
        && measured(seen.azimuth)
        && reference.position.vector().iter().chain(reference.velocity.vector()).all(|x| x.is_finite())
        && not_negative(&reference.velocity_sigma_m_s)
        && reference.shared.sigmas().iter().all(not_negative)
        && not_negative(&reference.shared_time_s)
        && pair.reference_lasts >= Span::ZERO
}

impl<const N: usize> Observed<N> {
    /// `since` is the time since the last pair of the object, `shared` where the errors of the reference's source
    /// stand. `None` where there is no azimuth: right above the sensor.
    pub(super) fn of(
        config: &RegistrationConfig,
        pair: &Pair,
        since: Option<Span>,
        biases: &SVector<f64, BIASES>,
        shared: usize,
    ) -> Option<Self> {
        let (seen, reference) = (&pair.seen, &pair.reference);
        let velocity = *reference.velocity.vector();
        let apart = (seen.time - reference.time).as_secs_f64();
        let true_place = reference.position.vector() + velocity * (apart - biases[2]);
        let polar = Polar::of(&seen.pose, &true_place)?;
        let along = polar.slope * velocity;
        let mut slope = SMatrix::<f64, 2, N>::zeros();
        slope[(0, 0)] = 1.0;
        slope[(1, 1)] = 1.0;
        slope.column_mut(2).copy_from(&-along);
        slope[(0, 3)] = polar.range;
        // A reference that is moved east shows a true object east of where it is.
        slope.fixed_columns_mut::<2>(shared).copy_from(&(-polar.slope * moves(&reference.shared, &true_place)));
        slope.column_mut(shared + 2).copy_from(&along);
        let bent = 0.5 * config.acceleration_m_s2 * apart * apart;
        let spread = reference.velocity_sigma_m_s * apart;
        let place = reference.covariance.matrix() * lasting(pair.reference_lasts, since)
            + nalgebra::Matrix3::from_diagonal_element(bent * bent + spread * spread);
        let mut noise = polar.slope * place * polar.slope.transpose();
        let (range, range_sigma) = seen.range.unwrap_or((polar.range, 0.0));
        noise[(0, 0)] += range_sigma * range_sigma;
        noise[(1, 1)] += seen.azimuth.1 * seen.azimuth.1;
        let expected = Vector2::new(polar.range * (1.0 + biases[3]) + biases[0], polar.azimuth + biases[1]);
        let mut innovation = Vector2::new(range - expected.x, wrap(seen.azimuth.0 - expected.y));
        if seen.range.is_none() {
            // Nothing was said of the range.
            slope.row_mut(0).fill(0.0);
            innovation.x = 0.0;
            noise = Matrix2::new(1.0, 0.0, 0.0, noise[(1, 1)]);
        }
        Some(Self { innovation, slope, noise })
    }
}

/// How a place moves with each of the two errors that all places of its source share.
fn moves(shared: &Shared, place: &Vector3<f64>) -> Matrix3x2<f64> {
    match shared {
        Shared::Moved { .. } => Matrix3x2::identity(),
        Shared::Seen { site, .. } => {
            let arm = place - site.vector();
            let outwards = arm.try_normalize(NEAREST_M).unwrap_or_else(Vector3::zeros);
            Matrix3x2::from_columns(&[outwards, Vector3::new(arm.y, -arm.x, 0.0)])
        }
    }
}

/// By how much a lasting error counts more when it is met again after so long.
fn lasting(lasts: Span, since: Option<Span>) -> f64 {
    since.filter(|since| *since > Span::ZERO).map_or(1.0, |since| 1.0 + 2.0 * lasts.as_secs_f64() / since.as_secs_f64())
}

/// A place as a sensor sees it.
struct Polar {
    range: f64,
    azimuth: f64,
    /// How both change with the place, by the axes of the plane.
    slope: Matrix2x3<f64>,
}

impl Polar {
    fn of(pose: &crate::measurement::Pose, place: &Vector3<f64>) -> Option<Self> {
        let local = pose.axes.tr_mul(&(place - pose.origin.vector()));
        let squared = local.x * local.x + local.y * local.y;
        if squared < NEAREST_M * NEAREST_M {
            return None;
        }
        let range = sqrt(squared + local.z * local.z);
        let rows = Matrix2x3::new(
            local.x / range,
            local.y / range,
            local.z / range,
            local.y / squared,
            -local.x / squared,
            0.0,
        );
        Some(Self { range, azimuth: atan2(local.x, local.y), slope: rows * pose.axes.transpose() })
    }
}

/// Nearer than this, an azimuth says nothing.
const NEAREST_M: f64 = 100.0;
