//! Where a record says that its track is at another time, how surely, and how far two such sayings are apart.
//!
//! A writer tells a track anew as soon as straight-line prediction from its last row is off by more than its gate
//! ([`proto::row::gate`]). So for as long as a row could not yet have come, the error of the prediction is that of
//! the row, inflated by what may have gone unsaid; under the narrowest gate for a second only, since whoever writes
//! under it writes what he measures, and is silent because he has not. From then on nobody vouches for it: it grows by
//! its own spread of speed and by white noise acceleration of spectral density q,
//! Q(t) = q [t³/3 I, t²/2 I; t²/2 I, t I], as things of its class move.

use fusion_core::gaussian::Covariance;
use fusion_core::geodesy::Geodetic;
use fusion_core::identity::ObjectClass;
use fusion_core::nalgebra::{Matrix3, Matrix6, Vector3, Vector6};
use fusion_core::time::{Span, Timestamp};
use proto::record::Estimate;
use proto::row::gate::{GateWidth, inflated};

use super::records::Held;

/// How long a row may be on its way: what mesh links are built for.
pub const UNDER_WAY: Span = Span::from_secs(5);

/// The same over links that carry all that is measured.
const UNDER_WAY_FAST: Span = Span::from_secs(1);

/// Silence that matters no more: by then everything has long been forgotten.
const SILENCE_S_MAX: f64 = 7_200.0;

/// A prediction, with the local axes that its covariance is told in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predicted {
    /// ECEF, metres.
    pub place: Vector3<f64>,
    /// ECEF, metres per second.
    pub velocity: Vector3<f64>,
    /// In east, north, up and their rates at the place.
    pub covariance: Covariance<6>,
    /// Rows are east, north and up at the place.
    pub axes: Matrix3<f64>,
}

/// Spectral density of the acceleration of things of a class, m²/s³.
#[must_use]
pub const fn restlessness(class: ObjectClass) -> f64 {
    match class {
        ObjectClass::Surface => 0.05,
        ObjectClass::Ground | ObjectClass::Emitter => 0.5,
        ObjectClass::Unknown | ObjectClass::Uav => 2.0,
        ObjectClass::Air | ObjectClass::Rotary => 4.0,
    }
}

/// A record's estimate carried to a time, by a straight line either way.
#[must_use]
pub fn predict(estimate: &Estimate, class: ObjectClass, gate: GateWidth, to: Timestamp) -> Predicted {
    let age = (to - estimate.time).as_secs_f64().clamp(-SILENCE_S_MAX, SILENCE_S_MAX);
    let place = estimate.position.vector() + estimate.velocity.vector() * age;
    let told = inflated(&carried(&estimate.covariance, gate, age), gate, age);
    Predicted {
        place,
        velocity: *estimate.velocity.vector(),
        covariance: grown(&told, age - UNDER_WAY.as_secs_f64(), restlessness(class)),
        axes: axes_at(&place),
    }
}

/// F P Fᵀ for as long as the next row may be under way, if the writer tells next to everything that it measures: then
/// silence means that it has not measured anything. A wider gate vouches for the straight line instead.
fn carried(p: &Covariance<6>, gate: GateWidth, age_s: f64) -> Covariance<6> {
    match gate {
        GateWidth::Half => grown(p, age_s.min(UNDER_WAY.as_secs_f64()) - UNDER_WAY_FAST.as_secs_f64(), 0.0),
        GateWidth::Two | GateWidth::Three | GateWidth::Five => *p,
    }
}

/// A record's, as it is held.
#[must_use]
pub fn predicted(held: &Held, to: Timestamp) -> Predicted {
    predict(&held.record.estimate, held.record.identity.class, held.gate, to)
}

/// F P Fᵀ + Q after so many seconds of silence; P itself before there is any.
#[must_use]
pub fn grown(p: &Covariance<6>, silence_s: f64, q: f64) -> Covariance<6> {
    if silence_s <= 0.0 {
        return *p;
    }
    let t = silence_s;
    let unit = Matrix3::<f64>::identity();
    let mut f = Matrix6::identity();
    f.fixed_view_mut::<3, 3>(0, 3).copy_from(&(unit * t));
    let mut grown = f * p.matrix() * f.transpose();
    for (top, left, noise) in [(0, 0, t * t * t / 3.0), (0, 3, t * t / 2.0), (3, 0, t * t / 2.0), (3, 3, t)] {
        let mut block = grown.fixed_view_mut::<3, 3>(top, left);
        block += unit * (q * noise);
    }
    Covariance::new(grown).unwrap_or(*p)
}

/// East, north and up at a point of ECEF, as rows.
#[must_use]
pub fn axes_at(place: &Vector3<f64>) -> Matrix3<f64> {
    Geodetic::from_ecef(fusion_core::frame::Position::from_vector(*place)).enu_axes()
}

/// νᵀ (P₁ + P₂)⁻¹ ν over place and speed: what two estimates of one object with independent errors have six of on
/// average. Errors in common make it smaller. Where the sum overflows they are infinitely far apart.
#[must_use]
pub fn distance_squared(a: &Predicted, b: &Predicted) -> f64 {
    let (place, velocity) = (a.axes * (b.place - a.place), a.axes * (b.velocity - a.velocity));
    let nu = Vector6::new(place.x, place.y, place.z, velocity.x, velocity.y, velocity.z);
    let sum = Covariance::new(a.covariance.matrix() + b.covariance.matrix());
    sum.map_or(f64::INFINITY, |sum| sum.factor().mahalanobis_squared(&nu))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_core::frame::Velocity;
    use fusion_core::gaussian::StateVector;

    fn estimate() -> Estimate {
        let place = Geodetic::from_degrees(52.0, 21.0, 300.0).expect("plausible");
        Estimate {
            time: Timestamp::from_secs(100),
            position: place.to_ecef(),
            velocity: Velocity::from_vector(place.enu_axes().tr_mul(&Vector3::new(10.0, 0.0, 0.0))),
            covariance: Covariance::from_sigmas(&StateVector::new(5.0, 5.0, 9.0, 1.0, 1.0, 1.0)).expect("positive"),
        }
    }

    fn sigma_after(seconds: i64, class: ObjectClass) -> f64 {
        let to = Timestamp::from_secs(100 + seconds);
        predict(&estimate(), class, GateWidth::Two, to).covariance.sigma(0)
    }

    #[test]
    fn at_its_own_time_a_record_says_what_it_says() {
        let now = predict(&estimate(), ObjectClass::Air, GateWidth::Five, Timestamp::from_secs(100));
        assert_eq!((now.place, now.covariance), (*estimate().position.vector(), estimate().covariance));
    }

    #[test]
    fn what_may_have_gone_unsaid_is_in_and_silence_grows() {
        let gate = GateWidth::Two.inflation(1.0).sqrt() * 5.0;
        assert!((sigma_after(1, ObjectClass::Air) - gate).abs() < 1e-9);
        assert!((sigma_after(5, ObjectClass::Air) - gate).abs() < 1e-9);
        assert!(sigma_after(60, ObjectClass::Surface) > 60.0);
        assert!(sigma_after(60, ObjectClass::Air) > 2.0 * sigma_after(60, ObjectClass::Surface));
        assert!(sigma_after(600, ObjectClass::Air) > 10.0 * sigma_after(60, ObjectClass::Air));
    }

    #[test]
    fn whoever_tells_all_that_he_measures_vouches_for_a_second() {
        let sigma = |seconds: i64, gate| {
            predict(&estimate(), ObjectClass::Air, gate, Timestamp::from_secs(100 + seconds)).covariance.sigma(0)
        };
        let narrow = |seconds: i64| sigma(seconds, GateWidth::Half);
        assert!(narrow(1) < sigma(1, GateWidth::Two));
        assert!(narrow(1) < narrow(2) && narrow(2) < narrow(4));
        let carried = (25.0_f64 + 9.0).sqrt() * GateWidth::Half.inflation(1.0).sqrt();
        assert!((narrow(4) - carried).abs() < 1e-9, "{} {carried}", narrow(4));
    }

    #[test]
    fn distance_counts_speed_too() {
        let (a, mut b) = (estimate(), estimate());
        let at = |e: &Estimate| predict(e, ObjectClass::Air, GateWidth::Two, e.time);
        assert!(distance_squared(&at(&a), &at(&b)) < 1e-12);
        b.velocity = Velocity::from_vector(b.velocity.vector() * -1.0);
        assert!((distance_squared(&at(&a), &at(&b)) - 400.0 / 2.0).abs() < 1e-6);
    }
}
