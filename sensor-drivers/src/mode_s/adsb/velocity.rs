//! Type code 19: how it moves in the air. Subtypes 1 and 2 give the velocity over the ground, 3 and 4 (which an
//! aircraft sends that has lost its position source) heading and airspeed; even subtypes count in four knots for the
//! supersonic.

use fusion_core::angle::Angle;

use super::{FOOT_M, FOOT_PER_MINUTE_M_S, KNOT_M_S, Me, nearest};

/// A velocity message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Velocity {
    /// The horizontal part.
    pub horizontal: VelocityOverWhat,
    /// Rate of climb, metres per second, if told.
    pub climb_m_s: Option<f64>,
    /// Whether the rate of climb is barometric; otherwise it comes from GNSS.
    pub climb_is_barometric: bool,
    /// GNSS height minus barometric altitude, metres, if told and within ±3,137 ft.
    pub gnss_minus_baro_m: Option<f64>,
    /// NACv, 0 (unknown) to 4: how well the velocity is known. In version 0 this is NUCr, with the same meaning.
    pub nac_v: u8,
}

/// What the horizontal velocity is relative to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum VelocityOverWhat {
    /// The ground: east and north, metres per second; `None` if not told.
    Ground(Option<[f64; 2]>),
    /// The air, which itself moves: of no use to a tracker that knows no wind.
    Air {
        /// Where the nose points, clockwise from north (true or magnetic, the message does not say), if told.
        heading: Option<Angle>,
        /// How fast, if told.
        airspeed: Option<Airspeed>,
    },
}

/// A speed through the air.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Airspeed {
    /// Metres per second.
    pub speed_m_s: f64,
    /// True airspeed; otherwise indicated.
    pub is_true: bool,
}

impl Velocity {
    /// `None` for the reserved subtypes.
    pub(super) fn decode(me: Me) -> Option<Self> {
        let subtype = me.bits(6, 8);
        let step = if subtype.is_multiple_of(2) { SUPERSONIC_STEP } else { 1.0 };
        let horizontal = match subtype {
            1 | 2 => VelocityOverWhat::Ground(decode_ground(me, step)),
            3 | 4 => decode_air(me, step),
            _ => return None,
        };
        let climb = signed_steps(me, 37, 46).map(|steps| steps * CLIMB_STEP_FT_MIN * FOOT_PER_MINUTE_M_S);
        // The highest difference means "that or more", which corrects nothing.
        let difference = (me.bits(50, 56) < 127).then(|| signed_steps(me, 49, 56)).flatten();
        Some(Self {
            horizontal,
            climb_m_s: climb,
            climb_is_barometric: me.bit(36),
            gnss_minus_baro_m: difference.map(|steps| steps * DIFFERENCE_STEP_FT * FOOT_M),
            nac_v: me.small(11, 13),
        })
    }

    pub(super) fn encode(&self) -> Me {
        let me = Me::of_type(19)
            .with(11, 13, u32::from(self.nac_v))
            .with(36, 36, u32::from(self.climb_is_barometric))
            .with(37, 46, steps_field(self.climb_m_s.map(|v| v / FOOT_PER_MINUTE_M_S / CLIMB_STEP_FT_MIN), 9))
            .with(49, 56, difference_field(self.gnss_minus_baro_m));
        match self.horizontal {
            VelocityOverWhat::Ground(velocity) => encode_ground(me, velocity),
            VelocityOverWhat::Air { heading, airspeed } => encode_air(me, heading, airspeed),
        }
    }
}

fn decode_ground(me: Me, step: f64) -> Option<[f64; 2]> {
    let east = signed_steps(me, 14, 24)?;
    let north = signed_steps(me, 25, 35)?;
    Some([east, north].map(|steps| steps * step * KNOT_M_S))
}

fn encode_ground(me: Me, velocity: Option<[f64; 2]>) -> Me {
    let Some([east, north]) = velocity.map(|v| v.map(|component| component / KNOT_M_S)) else {
        return me.with(6, 8, 1);
    };
    let supersonic = east.abs().max(north.abs()) > STEPS_MAX;
    let (subtype, step) = if supersonic { (2, SUPERSONIC_STEP) } else { (1, 1.0) };
    let [east, north] = [east, north].map(|component| steps_field(Some(component / step), 10));
    me.with(6, 8, subtype).with(14, 24, east).with(25, 35, north)
}

fn decode_air(me: Me, step: f64) -> VelocityOverWhat {
    let heading = me.bit(14).then(|| Angle::from_degrees(f64::from(me.bits(15, 24)) * HEADING_STEP_DEG));
    let airspeed = me
        .bits(26, 35)
        .checked_sub(1)
        .map(|steps| Airspeed { speed_m_s: f64::from(steps) * step * KNOT_M_S, is_true: me.bit(25) });
    VelocityOverWhat::Air { heading, airspeed }
}

fn encode_air(me: Me, heading: Option<Angle>, airspeed: Option<Airspeed>) -> Me {
    let me = match heading {
        // 1024 steps wrap to zero by the width of the field.
        Some(heading) => me.with(14, 14, 1).with(15, 24, nearest(heading.compass_degrees() / HEADING_STEP_DEG, 1024)),
        None => me,
    };
    let Some(Airspeed { speed_m_s, is_true }) = airspeed else {
        return me.with(6, 8, 3);
    };
    let knots = speed_m_s / KNOT_M_S;
    let (subtype, step) = if knots > STEPS_MAX { (4, SUPERSONIC_STEP) } else { (3, 1.0) };
    me.with(6, 8, subtype).with(25, 25, u32::from(is_true)).with(26, 35, nearest(knots / step, 1022) + 1)
}

/// A sign bit and a magnitude that counts from one, zero meaning "not told".
fn signed_steps(me: Me, first: u32, last: u32) -> Option<f64> {
    let steps = f64::from(me.bits(first + 1, last).checked_sub(1)?);
    // Zero has no sign: "minus zero" is the same velocity.
    Some(if me.bit(first) && steps > 0.0 { -steps } else { steps })
}

/// The inverse: sign bit and magnitude of `width` bits together.
fn steps_field(steps: Option<f64>, width: u32) -> u32 {
    steps.map_or(0, |steps| {
        let magnitude = nearest(steps.abs(), (1 << width) - 2) + 1;
        u32::from(steps < 0.0) << width | magnitude
    })
}

/// A difference that does not fit is told as "that or more".
fn difference_field(difference_m: Option<f64>) -> u32 {
    steps_field(difference_m.map(|d| d / FOOT_M / DIFFERENCE_STEP_FT), 7)
}

const STEPS_MAX: f64 = 1022.0;
const SUPERSONIC_STEP: f64 = 4.0;
const CLIMB_STEP_FT_MIN: f64 = 64.0;
const DIFFERENCE_STEP_FT: f64 = 25.0;
const HEADING_STEP_DEG: f64 = 360.0 / 1024.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn the_published_ground_velocity_is_read() {
        let message = Velocity::decode(Me(0x99_4409_9408_3817)).expect("subtype 1");
        let VelocityOverWhat::Ground(Some([east, north])) = message.horizontal else { panic!("{message:?}") };
        assert!(close(east / KNOT_M_S, -8.0) && close(north / KNOT_M_S, -159.0));
        assert!(close(message.climb_m_s.expect("told") / FOOT_PER_MINUTE_M_S, -832.0));
        assert!(!message.climb_is_barometric);
        assert!(close(message.gnss_minus_baro_m.expect("told") / FOOT_M, 550.0));
    }

    #[test]
    fn the_published_airspeed_is_read() {
        let message = Velocity::decode(Me(0x9B_06B6_AF18_9400)).expect("subtype 3");
        let VelocityOverWhat::Air { heading: Some(heading), airspeed: Some(airspeed) } = message.horizontal else {
            panic!("{message:?}")
        };
        assert!(close(heading.compass_degrees(), 243.984_375));
        assert!(close(airspeed.speed_m_s / KNOT_M_S, 375.0) && airspeed.is_true);
        assert!(close(message.climb_m_s.expect("told") / FOOT_PER_MINUTE_M_S, -2304.0));
        assert!(message.climb_is_barometric && message.gnss_minus_baro_m.is_none());
    }

    #[test]
    fn a_supersonic_aircraft_is_told_in_coarser_steps() {
        let told = Velocity {
            horizontal: VelocityOverWhat::Ground(Some([-700.0, 300.0])),
            climb_m_s: None,
            climb_is_barometric: true,
            gnss_minus_baro_m: None,
            nac_v: 1,
        };
        let me = told.encode();
        assert_eq!(me.bits(6, 8), 2);
        let VelocityOverWhat::Ground(Some([east, north])) = Velocity::decode(me).expect("subtype 2").horizontal else {
            panic!("over the ground")
        };
        assert!((east + 700.0).abs() < 1.1 && (north - 300.0).abs() < 1.1);
    }

    #[test]
    fn the_highest_difference_means_or_more_and_is_not_used() {
        assert_eq!(difference_field(Some(2000.0)) & 127, 127);
        let me = Me::of_type(19).with(6, 8, 1).with(49, 56, difference_field(Some(-2000.0)));
        assert_eq!(Velocity::decode(me).expect("subtype 1").gnss_minus_baro_m, None);
    }
}
