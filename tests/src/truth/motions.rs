//! The ways in which the recorded things move, for the tracker that knows several.

use fusion_core::model::constant_acceleration::NearlyConstantAcceleration;
use fusion_core::model::constant_velocity::NearlyConstantVelocity;
use fusion_core::model::coordinated_turn::CoordinatedTurn;
use fusion_core::model::hover::Hover;
use fusion_core::model::motion::{Manner, Motion, MotionSet};
use fusion_core::time::Span;

fn manner(motion: Motion, sojourn_s: i64) -> Manner {
    Manner { motion, sojourn: Span::from_secs(sojourn_s), share: 1.0 }
}

fn straight(horizontal: f64, vertical: f64, sojourn_s: i64) -> Manner {
    manner(Motion::ConstantVelocity(NearlyConstantVelocity { horizontal, vertical }), sojourn_s)
}

fn pushed(horizontal: f64, vertical: f64, constant_s: i64, sojourn_s: i64) -> Manner {
    let motion = NearlyConstantAcceleration {
        sigma_horizontal_m_s2: horizontal,
        sigma_vertical_m_s2: vertical,
        time_constant: Span::from_secs(constant_s),
    };
    manner(Motion::ConstantAcceleration(motion), sojourn_s)
}

fn turning(degrees_per_s: f64, vertical: f64, constant_s: i64, sojourn_s: i64) -> Manner {
    let motion = CoordinatedTurn {
        horizontal: 2.0,
        vertical,
        sigma_turn_rad_s: degrees_per_s.to_radians(),
        time_constant: Span::from_secs(constant_s),
    };
    manner(Motion::CoordinatedTurn(motion), sojourn_s)
}

fn set(manners: &[Manner]) -> MotionSet {
    MotionSet::new(manners).expect("sound motions")
}

/// A small drone: straight on, pushed about by its rotors, on station.
#[must_use]
pub fn of_a_uav(vertical: f64) -> MotionSet {
    let hover = Hover { sigma_horizontal_m_s: 0.3, sigma_vertical_m_s: 0.1, time_constant: Span::from_secs(5) };
    set(&[straight(0.05, vertical, 20), pushed(2.5, 0.3, 3, 5), manner(Motion::Hover(hover), 20)])
}

/// Gliders: straight on, circling, pushed.
#[must_use]
pub fn of_gliders(vertical: f64) -> MotionSet {
    set(&[straight(1.0, vertical, 20), turning(12.0, vertical, 30, 20), pushed(3.0, 0.3, 5, 10)])
}

/// Airliners and the like: straight on, in a turn, speeding up or slowing down.
#[must_use]
pub fn of_aircraft(vertical: f64) -> MotionSet {
    set(&[straight(0.1, vertical, 60), turning(1.0, vertical, 60, 30), pushed(1.0, 0.5, 15, 20)])
}
