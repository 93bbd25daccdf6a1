//! The dead-reckoning gate: a writer tells a track anew when what its readers predict is off by more than k sigma.
//!
//! Readers predict in a straight line from the last row. The writer does the same and compares with what it knows now,
//! under its own covariance P: d² = νᵀ P⁻¹ ν over place and speed. Beyond k² it writes; also when the spread has
//! changed by a factor of two, when the status has, or when the row grows old. Which k it used stands in the row. A
//! reader who predicts adds what may have happened unsaid: simulated over tracks of people, vehicles, drones and jets,
//! the mean square error of the prediction is that of the estimate times 1 + k²/7 at the most.

use fusion_core::gaussian::Covariance;
use fusion_core::nalgebra::Vector6;
use fusion_core::time::Span;

use super::kinematic::Kinematic;
use super::quantise::Tick;
use crate::record::Estimate;

/// How wide the gate is. Wider where links are loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GateWidth {
    /// Two sigma, half a minute at the most.
    #[default]
    Two,
    /// Three sigma, half a minute.
    Three,
    /// Five sigma, a minute.
    Five,
}

impl GateWidth {
    /// All, in the order of their codes.
    pub const ALL: [Self; 3] = [Self::Two, Self::Three, Self::Five];

    /// k.
    #[must_use]
    pub const fn sigmas(self) -> f64 {
        match self {
            Self::Two => 2.0,
            Self::Three => 3.0,
            Self::Five => 5.0,
        }
    }

    /// The age at which a row is told anew in any case.
    #[must_use]
    pub const fn age_max(self) -> Span {
        match self {
            Self::Two | Self::Three => Span::from_secs(30),
            Self::Five => Span::from_secs(60),
        }
    }

    /// The width for a load: the share of what the busiest link can carry that there is to say, 1 being all of it.
    #[must_use]
    pub fn for_load(load: f64) -> Self {
        if load < 0.7 {
            Self::Two
        } else if load < 1.5 {
            Self::Three
        } else {
            Self::Five
        }
    }

    /// By how much the covariance that a reader predicts is to be multiplied, for what went unsaid within the gate:
    /// 1 at the time of the row, growing over the first second to 1 + k²/7.
    #[must_use]
    pub fn inflation(self, seconds: f64) -> f64 {
        let k = self.sigmas();
        1.0 + k * k / 7.0 * seconds.clamp(0.0, 1.0)
    }
}

/// Why a row is to be written, if it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The prediction is off by more than the gate.
    Strayed,
    /// The covariance has changed by more than a factor of two.
    Spread,
    /// Status or lifetime has changed.
    Changed,
    /// The last row has become old.
    Aged,
}

/// Compares what readers predict from the last row with what is known now, as a row of its own would tell it.
#[must_use]
pub fn reason(last: (Tick, &Kinematic), now: (Tick, &Kinematic), estimate: &Estimate) -> Option<Reason> {
    let ((last_tick, last), (tick, current)) = (last, now);
    if (last.status, last.lifetime) != (current.status, current.lifetime) {
        return Some(Reason::Changed);
    }
    if tick.time() - last_tick.time() >= current.gate.age_max() {
        return Some(Reason::Aged);
    }
    let ratio = current.spread_m2() / last.spread_m2();
    if !(0.5..=2.0).contains(&ratio) {
        return Some(Reason::Spread);
    }
    let k = current.gate.sigmas();
    (distance_squared((last_tick, last), estimate) > k * k).then_some(Reason::Strayed)
}

/// νᵀ P⁻¹ ν of the prediction from a row against an estimate, by the estimate's own covariance.
#[must_use]
pub fn distance_squared(row: (Tick, &Kinematic), estimate: &Estimate) -> f64 {
    let (tick, kinematic) = row;
    let told = kinematic.estimate(tick);
    let seconds = (estimate.time - told.time).as_secs_f64();
    let axes = fusion_core::geodesy::Geodetic::from_ecef(estimate.position).enu_axes();
    let place = axes * (estimate.position.vector() - told.position.vector() - told.velocity.vector() * seconds);
    let speed = axes * (estimate.velocity.vector() - told.velocity.vector());
    let nu = Vector6::new(place.x, place.y, place.z, speed.x, speed.y, speed.z);
    estimate.covariance.factor().mahalanobis_squared(&nu)
}

/// A covariance multiplied by what may have gone unsaid.
#[must_use]
pub fn inflated(covariance: &Covariance<6>, gate: GateWidth, seconds: f64) -> Covariance<6> {
    Covariance::new(covariance.matrix() * gate.inflation(seconds)).unwrap_or(*covariance)
}
