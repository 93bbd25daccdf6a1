//! One kept point of a track in 72 octets, and what may be read off it later: a straight line at constant velocity, for
//! as long as what was told agreed with that.
//!
//! Places are ECEF, to the centimetre. Of the covariance the horizontal ellipse, the height's variance and one variance
//! of velocity are kept, in single precision; what they have in common otherwise is not.

use fusion_core::frame::{Ecef, Position, Velocity};
use fusion_core::gaussian::Covariance;
use fusion_core::nalgebra::{Matrix6, Vector3, Vector6};
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::TrackStatus;
use proto::codec::KeptPoint;
use proto::record::Estimate;

use crate::picture::SystemTrack;

/// What a reader of the kept points may be off by at the least: metres over ground, metres of height.
const TOLERANCE_M: (f64, f64) = (10.0, 20.0);

/// Of errors that have grown or shrunk by more than this factor, variances, a new point tells.
const SPREAD_FACTOR: f32 = 2.0;

/// The least variance that is told: one below single precision would be no covariance.
const VARIANCE_MIN: f32 = 1e-6;

/// Beside the status of a kept point: nobody told of it any more.
const STALE: u8 = 128;

/// Where a track was, and until when that line held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    /// Since when it was shown: picture time, milliseconds since the Unix epoch.
    pub(super) shown_ms: i64,
    /// How far the estimate lay back then.
    lag_ms: i32,
    /// For how long after its time what was told agreed with it.
    held_ms: u32,
    position_cm: [i32; 3],
    velocity_m_s: [f32; 3],
    /// East, east with north, north, up; velocity along each axis.
    variances: [f32; 5],
    /// Which track.
    pub(super) track: u32,
    /// How many points back the one before of the same track is; 0: there is none.
    pub(super) back: u32,
    /// `None`: from here on it was gone.
    pub(super) status: Option<TrackStatus>,
    /// Whether nobody told of it any more.
    pub(super) stale: bool,
}

impl Point {
    /// What is shown of a track from now on.
    pub(super) fn of(track: &SystemTrack, now_ms: i64) -> Self {
        let estimate = &track.record.estimate;
        let p = estimate.covariance.matrix();
        let velocity = (p[(3, 3)] + p[(4, 4)] + p[(5, 5)]) / 3.0;
        Self {
            shown_ms: now_ms,
            lag_ms: lag(now_ms, estimate.time.as_millis()),
            held_ms: 0,
            position_cm: three(estimate.position.vector()).map(centimetres),
            velocity_m_s: three(estimate.velocity.vector()).map(single),
            variances: [p[(0, 0)], p[(0, 1)], p[(1, 1)], p[(2, 2)], velocity].map(single),
            track: 0,
            back: 0,
            status: track.record.status,
            stale: track.stale,
        }
    }

    /// The same place, shown anew.
    pub(super) fn again(self, now_ms: i64) -> Self {
        Self { shown_ms: now_ms, lag_ms: lag(now_ms, self.time_ms()), ..self }
    }

    /// The end of a track, where it was last.
    pub(super) fn end(self, now_ms: i64) -> Self {
        Self { status: None, ..self.again(now_ms) }
    }

    /// As it is kept for the next life, in a part of the past that ends at a time.
    pub(super) fn kept(&self, until_ms: i64) -> KeptPoint {
        let status = match self.status {
            None => 0,
            Some(TrackStatus::Tentative) => 1,
            Some(TrackStatus::Confirmed) => 2,
            Some(TrackStatus::Coasted) => 3,
        };
        KeptPoint {
            ago_ms: u32::try_from(until_ms.saturating_sub(self.shown_ms).max(0)).unwrap_or(u32::MAX),
            lag_ms: self.lag_ms,
            held_ms: self.held_ms,
            position_cm: self.position_cm,
            velocity_m_s: self.velocity_m_s,
            variances: self.variances,
            status: if self.stale { status | STALE } else { status },
        }
    }

    /// A point of a former life; nothing if that is none.
    pub(super) fn restored(kept: &KeptPoint, until_ms: i64) -> Option<Self> {
        let status = match kept.status & !STALE {
            0 => None,
            1 => Some(TrackStatus::Tentative),
            2 => Some(TrackStatus::Confirmed),
            3 => Some(TrackStatus::Coasted),
            _ => return None,
        };
        let numbers = kept.velocity_m_s.iter().chain(&kept.variances);
        numbers.into_iter().all(|number| number.is_finite()).then(|| Self {
            shown_ms: until_ms.saturating_sub(kept.ago_ms.into()),
            lag_ms: kept.lag_ms,
            held_ms: kept.held_ms,
            position_cm: kept.position_cm,
            velocity_m_s: kept.velocity_m_s,
            variances: kept.variances,
            track: 0,
            back: 0,
            status,
            stale: kept.status & STALE != 0,
        })
    }

    /// Whether a newer point says nothing that this one does not. If so this one holds for longer.
    pub(super) fn covers(&self, newer: &Self) -> bool {
        let alike = |(a, b): (&f32, &f32)| a.max(VARIANCE_MIN) <= SPREAD_FACTOR * b.max(VARIANCE_MIN);
        let spread = |a: &[f32; 5], b: &[f32; 5]| [0, 2, 3, 4].iter().all(|&i| alike((&a[i], &b[i])));
        let same = self.status == newer.status && self.stale == newer.stale;
        let alike = spread(&self.variances, &newer.variances) && spread(&newer.variances, &self.variances);
        same && alike && newer.time_ms() >= self.told_ms() && self.leads_to(newer)
    }

    /// Whether its line comes by the newer place.
    fn leads_to(&self, newer: &Self) -> bool {
        let there = newer.place();
        let off = there - self.place_at(newer.time_ms());
        let up = off.dot(&there) / there.norm().max(1.0);
        let over_ground = (off.norm_squared() - up * up).max(0.0).sqrt();
        let sigma = |variance: f32| f64::from(variance).max(0.0).sqrt();
        let sigma_m = sigma(0.5 * (newer.variances[0] + newer.variances[2]));
        over_ground <= TOLERANCE_M.0.max(sigma_m) && up.abs() <= TOLERANCE_M.1.max(sigma(newer.variances[3]))
    }

    /// The same, which holds until a newer one.
    pub(super) fn until(self, newer: &Self) -> Self {
        let held = (newer.time_ms() - self.time_ms()).max(0);
        Self { held_ms: u32::try_from(held).unwrap_or(u32::MAX), ..self }
    }

    /// When the estimate holds.
    pub(super) fn time_ms(&self) -> i64 {
        self.shown_ms.saturating_sub(i64::from(self.lag_ms))
    }

    /// When it was told last that it holds.
    pub(super) fn told_ms(&self) -> i64 {
        self.time_ms().saturating_add(i64::from(self.held_ms))
    }

    fn place(&self) -> Vector3<f64> {
        Vector3::from(self.position_cm.map(|cm| f64::from(cm) / 100.0))
    }

    fn velocity(&self) -> Vector3<f64> {
        Vector3::from(self.velocity_m_s.map(f64::from))
    }

    fn place_at(&self, time_ms: i64) -> Vector3<f64> {
        let ahead = Span::from_millis(time_ms.saturating_sub(self.time_ms())).as_secs_f64();
        self.place() + self.velocity() * ahead
    }

    /// The estimate at a time: as it was told last by then.
    pub(super) fn estimate(&self, at_ms: i64) -> Estimate {
        let time_ms = at_ms.clamp(self.time_ms(), self.told_ms());
        Estimate {
            time: timestamp(time_ms),
            position: Position::<Ecef>::from_vector(self.place_at(time_ms)),
            velocity: Velocity::from_vector(self.velocity()),
            covariance: self.covariance(),
        }
    }

    fn covariance(&self) -> Covariance<6> {
        let [east, common, north, up, velocity] = self.variances.map(f64::from);
        let floor = |variance: f64| if variance.is_finite() { variance.max(f64::from(VARIANCE_MIN)) } else { 1e12 };
        let [east, north, up, velocity] = [east, north, up, velocity].map(floor);
        let diagonal = Vector6::new(east, north, up, velocity, velocity, velocity);
        let mut matrix = Matrix6::from_diagonal(&diagonal);
        (matrix[(0, 1)], matrix[(1, 0)]) = (common, common);
        // Rounded, a needle may be no covariance any more: then its axes are told without what they have in common.
        let fallback = |_| Covariance::from_sigmas(&diagonal.map(f64::sqrt)).expect("floored and finite");
        Covariance::new(matrix).unwrap_or_else(fallback)
    }
}

/// A time of milliseconds.
pub(super) const fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from_nanos(ms.saturating_mul(1_000_000))
}

fn lag(now_ms: i64, time_ms: i64) -> i32 {
    let lag = now_ms.saturating_sub(time_ms).clamp(i32::MIN.into(), i32::MAX.into());
    i32::try_from(lag).expect("clamped")
}

const fn three(v: &Vector3<f64>) -> [f64; 3] {
    v.data.0[0]
}

#[expect(clippy::cast_possible_truncation, reason = "a cast from floating point saturates")]
fn centimetres(metres: f64) -> i32 {
    (metres * 100.0).round() as i32
}

#[expect(clippy::cast_possible_truncation, reason = "single precision is what is kept")]
const fn single(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_takes_as_much_memory_as_is_reckoned_with() {
        assert_eq!(size_of::<Point>(), super::super::POINT_BYTES);
    }
}
