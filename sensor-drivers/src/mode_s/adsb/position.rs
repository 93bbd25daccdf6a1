//! Type codes 5 to 18 and 20 to 22: where it is. Latitude and longitude stay encoded; [`cpr`](crate::mode_s::cpr)
//! needs more than one message to tell them.

use fusion_core::angle::Angle;

use super::{FOOT_M, KNOT_M_S, Me, altitude, nearest};
use crate::mode_s::cpr::{Cpr, Format, Parity};

/// A position in the air.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AirbornePosition {
    /// 9 to 18, or 20 to 22: how well the position is known, see [`accuracy`](crate::mode_s::accuracy).
    pub type_code: u8,
    /// NIC supplement B: refines the type code from version 2 on.
    pub nic_supplement_b: bool,
    /// Altitude, if told: above the ellipsoid where [`height_is_geometric`](Self::height_is_geometric), else pressure
    /// altitude. Metres.
    pub altitude_m: Option<f64>,
    /// Latitude and longitude, encoded.
    pub cpr: Cpr,
}

/// A position on the ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurfacePosition {
    /// 5 to 8: how well the position is known.
    pub type_code: u8,
    /// Speed over the ground, metres per second, if told.
    pub speed_m_s: Option<f64>,
    /// Course over the ground, clockwise from true north, if told.
    pub track: Option<Angle>,
    /// Latitude and longitude, encoded.
    pub cpr: Cpr,
}

impl AirbornePosition {
    /// Whether the altitude is the height above the ellipsoid that its GNSS receiver gives.
    #[must_use]
    pub const fn height_is_geometric(&self) -> bool {
        self.type_code >= 20
    }

    pub(super) fn decode(me: Me) -> Self {
        Self {
            type_code: me.type_code(),
            nic_supplement_b: me.bit(8),
            altitude_m: altitude::decode_feet(me.bits(9, 20)).map(|feet| f64::from(feet) * FOOT_M),
            cpr: decode_cpr(me, Format::Airborne),
        }
    }

    pub(super) fn encode(&self) -> Me {
        let me = Me::of_type(self.type_code).with(8, 8, u32::from(self.nic_supplement_b)).with(
            9,
            20,
            self.altitude_m.map_or(0, altitude::encode_m),
        );
        encode_cpr(me, self.cpr)
    }
}

impl SurfacePosition {
    pub(super) fn decode(me: Me) -> Self {
        Self {
            type_code: me.type_code(),
            speed_m_s: decode_movement(me.small(6, 12)).map(|knots| knots * KNOT_M_S),
            track: me.bit(13).then(|| Angle::from_degrees(f64::from(me.bits(14, 20)) * TRACK_STEP_DEG)),
            cpr: decode_cpr(me, Format::Surface),
        }
    }

    pub(super) fn encode(&self) -> Me {
        let movement = self.speed_m_s.map_or(0, |speed| encode_movement(speed / KNOT_M_S));
        let me = Me::of_type(self.type_code).with(6, 12, movement);
        let me = match self.track {
            // 128 steps wrap to zero by the width of the field.
            Some(track) => me.with(13, 13, 1).with(14, 20, nearest(track.compass_degrees() / TRACK_STEP_DEG, 128)),
            None => me,
        };
        encode_cpr(me, self.cpr)
    }
}

fn decode_cpr(me: Me, format: Format) -> Cpr {
    let parity = if me.bit(22) { Parity::Odd } else { Parity::Even };
    Cpr { format, parity, latitude: me.bits(23, 39), longitude: me.bits(40, 56) }
}

fn encode_cpr(me: Me, cpr: Cpr) -> Me {
    let odd = u32::from(cpr.parity == Parity::Odd);
    me.with(22, 22, odd).with(23, 39, cpr.latitude).with(40, 56, cpr.longitude)
}

/// Movement to knots: steps that widen with speed. `None` for "not told" and for reserved codes.
fn decode_movement(code: u8) -> Option<f64> {
    if code == 1 {
        return Some(0.0);
    }
    MOVEMENT.iter().rev().find(|span| code >= span.first && code <= MOVEMENT_MAX).map(|span| {
        let steps = f64::from(code - span.first);
        span.knots + steps * span.step
    })
}

/// Knots to the nearest movement code.
fn encode_movement(knots: f64) -> u32 {
    let span = MOVEMENT.iter().rev().find(|span| knots >= span.knots);
    // Below the first span: stopped.
    span.map_or(1, |span| {
        (u32::from(span.first) + nearest((knots - span.knots) / span.step, 127)).min(MOVEMENT_MAX.into())
    })
}

/// From which code on, which speed, in which steps.
struct MovementSpan {
    first: u8,
    knots: f64,
    step: f64,
}

const MOVEMENT: [MovementSpan; 7] = [
    MovementSpan { first: 2, knots: 0.125, step: 0.125 },
    MovementSpan { first: 9, knots: 1.0, step: 0.25 },
    MovementSpan { first: 13, knots: 2.0, step: 0.5 },
    MovementSpan { first: 39, knots: 15.0, step: 1.0 },
    MovementSpan { first: 94, knots: 70.0, step: 2.0 },
    MovementSpan { first: 109, knots: 100.0, step: 5.0 },
    MovementSpan { first: 124, knots: 175.0, step: 5.0 },
];
/// 175 knots and more.
///
/// No counter: a value of the code, no bound.
const MOVEMENT_MAX: u8 = 124;
const TRACK_STEP_DEG: f64 = 360.0 / 128.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_airborne_position_is_read() {
        let message = AirbornePosition::decode(Me(0x58_C382_D690_C8AC));
        assert_eq!((message.type_code, message.nic_supplement_b), (11, false));
        assert!((message.altitude_m.expect("told") - 38_000.0 * 0.3048).abs() < 1e-9);
        assert_eq!(
            message.cpr,
            Cpr { format: Format::Airborne, parity: Parity::Even, latitude: 93_000, longitude: 51_372 }
        );
        assert_eq!(message.encode(), Me(0x58_C382_D690_C8AC));
    }

    #[test]
    fn the_published_surface_position_is_read() {
        // 8C4841753A9A153237AEF0F275BE: 17 kt, 92.8°, odd.
        let message = SurfacePosition::decode(Me(0x3A_9A15_3237_AEF0));
        assert!((message.speed_m_s.expect("told") / KNOT_M_S - 17.0).abs() < 1e-9);
        assert!((message.track.expect("told").compass_degrees() - 92.8125).abs() < 1e-9);
        assert_eq!(
            message.cpr,
            Cpr { format: Format::Surface, parity: Parity::Odd, latitude: 39_195, longitude: 110_320 }
        );
        assert_eq!(message.encode(), Me(0x3A_9A15_3237_AEF0));
    }

    #[test]
    fn every_movement_code_comes_back_and_speeds_rise_with_it() {
        assert_eq!([0, 125, 126, 127].map(decode_movement), [None; 4]);
        let mut previous = -1.0;
        for code in 1..=MOVEMENT_MAX {
            let knots = decode_movement(code).expect("a speed");
            assert!(knots > previous, "{code}");
            assert_eq!(encode_movement(knots), u32::from(code));
            previous = knots;
        }
        assert_eq!(encode_movement(500.0), 124);
    }
}
