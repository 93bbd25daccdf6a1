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
    /// Half a sigma, half a minute at the most: next to nothing that is measured goes unsaid.
    Half,
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
    pub const ALL: [Self; 4] = [Self::Half, Self::Two, Self::Three, Self::Five];

    /// k.
    #[must_use]
    pub const fn sigmas(self) -> f64 {
        match self {
            Self::Half => 0.5,
            Self::Two => 2.0,
            Self::Three => 3.0,
            Self::Five => 5.0,
        }
    }

    /// The age at which a row is told anew in any case.
    #[must_use]
    pub const fn age_max(self) -> Span {
        match self {
            Self::Half | Self::Two | Self::Three => Span::from_secs(30),
            Self::Five => Span::from_secs(60),
        }
    }

    /// The width for a load: the share of what the busiest link can carry that there is to say, 1 being all of it.
    /// `fast`: there are neighbours, and every one is reached over a link that carries full covariances. Such links
    /// are idle between two updates of every track; thin ones need what the gate leaves over to catch up after a cut.
    #[must_use]
    pub fn for_load(load: f64, fast: bool) -> Self {
        if fast && load < IDLE {
            Self::Half
        } else if load < 0.35 {
            Self::Two
        } else if load < 0.8 {
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

/// Below this load a fast link has nothing to catch up with.
const IDLE: f64 = 0.05;

/// Why a row is to be written, if it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The prediction is off by more than the gate.
    Strayed,
    /// The covariance has changed by more than a factor of two.
    Spread,
    /// Status, lifetime or steadiness has changed, or readers count on a narrow gate that holds no longer.
    Changed,
    /// The last row has become old.
    Aged,
}

/// Compares what readers predict from the last row with what is known now, as a row of its own would tell it.
#[must_use]
pub fn reason(last: (Tick, &Kinematic), now: (Tick, &Kinematic), estimate: &Estimate) -> Option<Reason> {
    let ((last_tick, last), (tick, current)) = (last, now);
    if (last.status, last.lifetime, last.steady) != (current.status, current.lifetime, current.steady) {
        return Some(Reason::Changed);
    }
    if last.gate == GateWidth::Half && current.gate != last.gate {
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

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_core::frame::{Position, Velocity};
    use fusion_core::geodesy::Geodetic;
    use fusion_core::time::Timestamp;
    use fusion_core::track::TrackStatus;

    use crate::row::Lifetime;

    /// So many metres east of where it is predicted, known to ten metres.
    fn off_by(metres: f64, second: i64) -> Estimate {
        let place = Geodetic::from_degrees(52.0, 21.0, 500.0).expect("plausible");
        let east = place.enu_axes().tr_mul(&fusion_core::nalgebra::Vector3::new(metres, 0.0, 0.0));
        Estimate {
            time: Timestamp::from_secs(1_750_000_000 + second),
            position: Position::from_vector(place.to_ecef().vector() + east),
            velocity: Velocity::new(0.0, 0.0, 0.0),
            covariance: Covariance::from_sigmas(&Vector6::new(10.0, 10.0, 10.0, 1.0, 1.0, 1.0)).expect("positive"),
        }
    }

    fn why(metres: f64, told: GateWidth, gate: GateWidth) -> Option<Reason> {
        let row = |estimate: &Estimate, gate| Kinematic::of(estimate, TrackStatus::Confirmed, Lifetime::Air, gate);
        let (tick, last) = row(&off_by(0.0, 0), told);
        let now = off_by(metres, 1);
        let (later, current) = row(&now, gate);
        reason((tick, &last), (later, &current), &now)
    }

    #[test]
    fn a_row_is_written_when_readers_are_off_by_more_than_the_gate() {
        for (gate, inside, outside) in [(GateWidth::Half, 4.0, 6.0), (GateWidth::Two, 18.0, 22.0)] {
            assert_eq!((why(inside, gate, gate), why(outside, gate, gate)), (None, Some(Reason::Strayed)));
        }
    }

    #[test]
    fn nobody_goes_on_counting_on_a_narrow_gate_that_holds_no_longer() {
        assert_eq!(why(0.0, GateWidth::Half, GateWidth::Two), Some(Reason::Changed));
        assert_eq!(why(0.0, GateWidth::Two, GateWidth::Half), None);
    }

    #[test]
    fn only_fast_links_that_have_nothing_to_catch_up_with_are_told_everything() {
        let widths =
            [0.0, 0.1, 0.5, 2.0].map(|load| (GateWidth::for_load(load, true), GateWidth::for_load(load, false)));
        let (two, three, five) = (GateWidth::Two, GateWidth::Three, GateWidth::Five);
        assert_eq!(widths, [(GateWidth::Half, two), (two, two), (three, three), (five, five)]);
    }
}
