//! Sets of motions that serve: for drones, for aircraft, and for whatever may come.
//!
//! Their numbers were chosen on recorded flights (a multirotor, gliders in thermals, a tanker on its racetrack, dense
//! traffic about an airport): the tests judge them there against every single motion.

use super::{Manner, Motion, MotionSet};
use crate::model::constant_acceleration::NearlyConstantAcceleration;
use crate::model::constant_velocity::NearlyConstantVelocity;
use crate::model::coordinated_turn::CoordinatedTurn;
use crate::model::hover::Hover;
use crate::time::Span;

impl MotionSet {
    /// Small drones: straight on, pushed about by their rotors, on station.
    #[must_use]
    pub fn drones() -> Self {
        set(&[straight(0.05, 0.1, 20), pushed(2.5, 0.3, 3, 5), hovering()])
    }

    /// Airliners and the like: straight on, in a turn, speeding up or slowing down.
    #[must_use]
    pub fn aircraft() -> Self {
        set(&[straight(0.1, 0.5, 60), turning(1.0, 0.5, 60, 30), pushed(1.0, 0.5, 15, 20)])
    }

    /// Whatever flies, drives or floats: straight on, circling, pushed, on station.
    #[must_use]
    pub fn mixed() -> Self {
        set(&[straight(0.5, 0.5, 20), turning(12.0, 0.5, 30, 20), pushed(3.0, 0.5, 5, 10), hovering()])
    }
}

fn set(manners: &[Manner]) -> MotionSet {
    MotionSet::new(manners).expect("its numbers are above zero")
}

fn manner(motion: Motion, sojourn_s: i64) -> Manner {
    Manner { motion, sojourn: Span::from_secs(sojourn_s), share: 1.0 }
}

/// q in m²/s³.
fn straight(horizontal: f64, vertical: f64, sojourn_s: i64) -> Manner {
    manner(Motion::ConstantVelocity(NearlyConstantVelocity { horizontal, vertical }), sojourn_s)
}

/// One sigma in m/s².
fn pushed(horizontal: f64, vertical: f64, constant_s: i64, sojourn_s: i64) -> Manner {
    let motion = NearlyConstantAcceleration {
        sigma_horizontal_m_s2: horizontal,
        sigma_vertical_m_s2: vertical,
        time_constant: Span::from_secs(constant_s),
    };
    manner(Motion::ConstantAcceleration(motion), sojourn_s)
}

/// One sigma of the rate of turn.
fn turning(degrees_per_s: f64, vertical: f64, constant_s: i64, sojourn_s: i64) -> Manner {
    let motion = CoordinatedTurn {
        horizontal: 2.0,
        vertical,
        sigma_turn_rad_s: degrees_per_s * (core::f64::consts::PI / 180.0),
        time_constant: Span::from_secs(constant_s),
    };
    manner(Motion::CoordinatedTurn(motion), sojourn_s)
}

fn hovering() -> Manner {
    let motion = Hover { sigma_horizontal_m_s: 0.3, sigma_vertical_m_s: 0.1, time_constant: Span::from_secs(5) };
    manner(Motion::Hover(motion), 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_a_set() {
        for (set, count) in [(MotionSet::drones(), 3), (MotionSet::aircraft(), 3), (MotionSet::mixed(), 4)] {
            assert_eq!(set.manners().len(), count);
        }
    }
}
