//! Legs as written, to segments as flown: each with one acceleration, one rate of turn and one rate of climb.

use fusion_core::maths::tan;

use super::super::scenario::{Leg, Target};

/// Longest piece of a straight flight, seconds. Each piece follows a circle in the plane of its first heading; short
/// ones keep its height and its course true to the ellipsoid within millimetres.
const PIECE_S_MAX: f64 = 60.0;
/// Standard gravity, metres per second squared.
const GRAVITY_M_S2: f64 = 9.806_65;
/// Below this, a speed is standing still.
const STANDSTILL_M_S: f64 = 1e-9;

/// A stretch of motion with constant controls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) struct Segment {
    /// How long, seconds; above zero.
    pub(super) seconds: f64,
    /// Of the speed over ground, m/s².
    pub(super) acceleration: f64,
    /// Radians per second, to the right positive.
    pub(super) turn_rate: f64,
    /// Metres per second.
    pub(super) climb_rate: f64,
}

/// A leg that cannot be flown.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct LegFault {
    /// Its place among the legs.
    pub(in super::super) leg: usize,
    /// The key at fault.
    pub(in super::super) key: &'static str,
    /// What is wrong and what would be right.
    pub(in super::super) reason: String,
}

impl Segment {
    /// A piece of straight and level flight, which whoever has no more legs repeats.
    pub(super) const CRUISE: Self = Self::straight(PIECE_S_MAX, 0.0);

    const fn straight(seconds: f64, climb_rate: f64) -> Self {
        Self { seconds, acceleration: 0.0, turn_rate: 0.0, climb_rate }
    }
}

/// The segments of a target's legs.
pub(in super::super) fn segments(target: &Target, start_height_m: f64) -> Result<Vec<Segment>, LegFault> {
    let mut planner = Planner { target, leg: 0, speed: target.speed_m_s, height: start_height_m, planned: Vec::new() };
    for (place, leg) in target.legs.iter().enumerate() {
        planner.leg = place;
        planner.plan(*leg)?;
    }
    if target.loop_legs {
        planner.check_loop(start_height_m)?;
    }
    Ok(planner.planned)
}

struct Planner<'a> {
    target: &'a Target,
    leg: usize,
    speed: f64,
    height: f64,
    planned: Vec<Segment>,
}

impl Planner<'_> {
    fn plan(&mut self, leg: Leg) -> Result<(), LegFault> {
        match leg {
            Leg::Straight { seconds, climb_m_s } => {
                self.climbs("climb-m-s", climb_m_s)?;
                self.lasts(seconds)?;
                self.straight(seconds, climb_m_s);
            }
            Leg::Turn { by_deg, rate_deg_s, bank_deg, climb_m_s } => {
                self.climbs("climb-m-s", climb_m_s)?;
                self.within("by-deg", by_deg, -36_000.0, 36_000.0)?;
                let rate = self.rate_of_turn(rate_deg_s, bank_deg)?;
                self.turn(by_deg.to_radians().abs() / rate, rate * by_deg.signum(), climb_m_s);
            }
            Leg::Climb { to_height_m, rate_m_s } => {
                self.within("to-height-m", to_height_m, -500.0, 30_000.0)?;
                self.climbs("rate-m-s", rate_m_s)?;
                self.within("rate-m-s", rate_m_s.abs(), 1e-3, f64::MAX)?;
                let way = to_height_m - self.height;
                self.straight(way.abs() / rate_m_s.abs(), rate_m_s.abs() * way.signum());
            }
            Leg::Speed { to_m_s, seconds } => {
                self.flies("to-m-s", to_m_s)?;
                self.lasts(seconds)?;
                self.change_speed(to_m_s, seconds);
            }
            Leg::Hold { seconds, rate_deg_s } => {
                self.lasts(seconds)?;
                let rate = self.rate_of_turn(Some(rate_deg_s), None)?;
                self.turn(seconds, rate, 0.0);
            }
            Leg::Hover { seconds } => {
                self.lasts(seconds)?;
                self.hover(seconds)?;
            }
        }
        Ok(())
    }

    fn straight(&mut self, seconds: f64, climb_rate: f64) {
        let mut rest = seconds;
        while rest > 0.0 {
            self.push(Segment::straight(rest.min(PIECE_S_MAX), climb_rate));
            rest -= PIECE_S_MAX;
        }
    }

    fn turn(&mut self, seconds: f64, turn_rate: f64, climb_rate: f64) {
        self.push(Segment { seconds, acceleration: 0.0, turn_rate, climb_rate });
    }

    fn change_speed(&mut self, to: f64, seconds: f64) {
        let acceleration = (to - self.speed) / seconds;
        let mut rest = seconds;
        while rest > 0.0 {
            self.push(Segment { acceleration, ..Segment::straight(rest.min(PIECE_S_MAX), 0.0) });
            rest -= PIECE_S_MAX;
        }
        self.speed = to;
    }

    fn hover(&mut self, seconds: f64) -> Result<(), LegFault> {
        let Some(stop) = self.target.class.performance().stop_m_s2 else {
            return Err(self.fault("kind", "only a helicopter, a small-drone or a vessel can hover".into()));
        };
        let before = self.speed;
        if before > STANDSTILL_M_S {
            self.change_speed(0.0, before / stop);
        }
        self.straight(seconds, 0.0);
        if before > STANDSTILL_M_S {
            self.change_speed(before, before / stop);
        }
        Ok(())
    }

    fn push(&mut self, segment: Segment) {
        if segment.seconds > 0.0 {
            self.height += segment.climb_rate * segment.seconds;
            self.planned.push(segment);
        }
    }

    /// Radians per second, above zero.
    fn rate_of_turn(&self, rate_deg_s: Option<f64>, bank_deg: Option<f64>) -> Result<f64, LegFault> {
        match (rate_deg_s, bank_deg) {
            (Some(rate), None) => {
                self.within("rate-deg-s", rate, 0.01, 360.0)?;
                Ok(rate.to_radians())
            }
            (None, Some(bank)) => {
                self.within("bank-deg", bank, 0.1, 80.0)?;
                self.within("bank-deg (at this speed-m-s)", self.speed, 1.0, f64::MAX)?;
                Ok(GRAVITY_M_S2 * tan(bank.to_radians()) / self.speed)
            }
            _ => Err(self.fault("rate-deg-s", "a turn needs either rate-deg-s or bank-deg".into())),
        }
    }

    fn lasts(&self, seconds: f64) -> Result<(), LegFault> {
        self.within("seconds", seconds, 0.1, 86_400.0)
    }

    fn flies(&self, key: &'static str, speed: f64) -> Result<(), LegFault> {
        self.within(key, speed, 0.0, self.target.class.performance().speed_m_s_max)
    }

    fn climbs(&self, key: &'static str, rate: f64) -> Result<(), LegFault> {
        let most = self.target.class.performance().climb_m_s_max;
        self.within(key, rate, -most, most)
    }

    /// A loop must lead back to where it can begin again.
    fn check_loop(&self, start_height_m: f64) -> Result<(), LegFault> {
        let seconds: f64 = self.planned.iter().map(|segment| segment.seconds).sum();
        let text = if seconds < 1.0 {
            "a loop of legs takes at least a second".into()
        } else if (self.height - start_height_m).abs() > 1.0 {
            format!("the legs end at height {} m, the loop began at {start_height_m} m", self.height)
        } else if (self.speed - self.target.speed_m_s).abs() > 1e-6 {
            format!("the legs end at {} m/s, the loop began at {} m/s", self.speed, self.target.speed_m_s)
        } else {
            return Ok(());
        };
        Err(self.fault("loop-legs", text))
    }

    fn within(&self, key: &'static str, value: f64, low: f64, high: f64) -> Result<(), LegFault> {
        if (low..=high).contains(&value) {
            return Ok(());
        }
        let most = if high < f64::MAX { format!(" to {high}") } else { " or more".into() };
        Err(self.fault(key, format!("{value} is not within {low}{most}")))
    }

    fn fault(&self, key: &'static str, reason: String) -> LegFault {
        LegFault { leg: self.leg, key, reason }
    }
}
