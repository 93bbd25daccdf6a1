//! How a sensor is doing, as people and programs see it: on the console, in `copmesh status`, on zenoh.

use proto::pb;
use serde_json::{Value, json};

use crate::node::health::Health;
use crate::node::registration::RegistrationReport;
use crate::node::sensor_clock::ClockState;

/// State of one sensor.
#[derive(Clone, Debug, PartialEq)]
pub struct SensorHealth {
    /// Its name.
    pub name: String,
    /// Whether it speaks as often as it should, and can be believed.
    pub state: SensorState,
    /// Why it is degraded; empty if it is not.
    pub reasons: Vec<&'static str>,
    /// Reports in the last seconds, per second.
    pub rate_hz: f64,
    /// How many there should be at the least: one for each scan period.
    pub expected_hz: f64,
    /// Since its last report, seconds; `None` before the first.
    pub age_s: Option<f64>,
    /// Input that could not be understood; by cause among the counters.
    pub errors: u64,
    /// Datagrams that came twice, and counted once.
    pub duplicates: u64,
    /// Scans that came too late for the tracker.
    pub late: u64,
    /// Messages dropped unread: more than is taken in, or more than fit the queue.
    pub dropped: u64,
    /// Whether its clock can be believed.
    pub clock: ClockState,
    /// Its clock less ours, less the least delay, seconds.
    pub clock_offset_s: Option<f64>,
    /// How fast that grows, parts per million.
    pub clock_drift_ppm: Option<f64>,
    /// Steps of its clock.
    pub clock_steps: u64,
    /// What it is off by, if that is estimated.
    pub registration: Option<RegistrationReport>,
    /// Everything counted, by name.
    pub counters: Vec<(&'static str, u64)>,
}

/// Whether a sensor speaks as often as it should, and can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SensorState {
    /// It does, and can.
    Ok,
    /// It speaks, but too seldom, or its clock is off.
    Degraded,
    /// Nothing for three periods.
    Stale,
    /// Nothing for ten periods, or never.
    Down,
}

impl SensorState {
    /// The state of a sensor by its silence and the period it should keep; no period is taken for shorter than a
    /// second.
    #[must_use]
    pub fn of(age_s: Option<f64>, period_s: f64) -> Self {
        match age_s.map(|age| age / period_s.max(1.0)) {
            // A report from the future is a clock that was set back: not a sensor to rely on.
            Some(periods) if (-3.0..=3.0).contains(&periods) => Self::Ok,
            Some(periods) if periods <= 10.0 => Self::Stale,
            _ => Self::Down,
        }
    }

    /// The word in interfaces.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Stale => "stale",
            Self::Down => "down",
        }
    }
}

/// Below this part of the expected rate a sensor is slow.
const SLOW: f64 = 0.5;

impl SensorHealth {
    /// A sensor that the node does not know.
    #[must_use]
    pub fn unknown(name: String) -> Self {
        Self {
            name,
            state: SensorState::Down,
            reasons: vec![],
            rate_hz: 0.0,
            expected_hz: 0.0,
            age_s: None,
            errors: 0,
            duplicates: 0,
            late: 0,
            dropped: 0,
            clock: ClockState::Unknown,
            clock_offset_s: None,
            clock_drift_ppm: None,
            clock_steps: 0,
            registration: None,
            counters: vec![],
        }
    }

    /// What the node knows, with everything that was counted.
    #[must_use]
    pub fn of(name: String, health: &Health, counters: Vec<(&'static str, u64)>) -> Self {
        let period_s = health.period.as_secs_f64();
        let age_s = health.age.map(fusion_core::time::Span::as_secs_f64);
        let expected_hz = if period_s > 0.0 { 1.0 / period_s } else { 0.0 };
        let reasons = reasons(health, expected_hz);
        let by_silence = SensorState::of(age_s, period_s);
        let degraded = by_silence == SensorState::Ok && !reasons.is_empty();
        let state = if degraded { SensorState::Degraded } else { by_silence };
        let counted = |wanted: &str| counters.iter().filter(|(name, _)| *name == wanted).map(|(_, count)| count).sum();
        let (limited, overflowed): (u64, u64) = (counted("rate_limited"), counted("inbox_dropped"));
        Self {
            state,
            reasons,
            rate_hz: health.rate_hz,
            expected_hz,
            age_s,
            errors: health.errors,
            duplicates: health.duplicates,
            late: health.late,
            dropped: limited + overflowed,
            clock: health.clock.state,
            clock_offset_s: health.clock.offset.map(fusion_core::time::Span::as_secs_f64),
            clock_drift_ppm: health.clock.drift_ppm,
            clock_steps: health.clock.steps,
            registration: health.registration,
            counters,
            ..Self::unknown(name)
        }
    }

    /// As JSON, without the counters.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({ "name": self.name, "state": self.state.as_str(), "reasons": self.reasons, "rate_hz": self.rate_hz,
                "expected_hz": self.expected_hz, "age_s": self.age_s, "errors": self.errors,
                "duplicates": self.duplicates, "late": self.late, "dropped": self.dropped,
                "clock": self.clock.as_str(), "clock_offset_s": self.clock_offset_s,
                "clock_drift_ppm": self.clock_drift_ppm, "clock_steps": self.clock_steps,
                "registration": self.registration.as_ref().map(RegistrationReport::json) })
    }

    /// As protobuf.
    #[must_use]
    pub fn protobuf(&self) -> pb::SensorHealth {
        let counter = |&(name, count): &(&'static str, u64)| pb::Counter { name: name.to_owned(), count };
        pb::SensorHealth {
            name: self.name.clone(),
            state: self.state.as_str().to_owned(),
            reasons: self.reasons.iter().map(|&reason| reason.to_owned()).collect(),
            rate_hz: self.rate_hz,
            expected_hz: self.expected_hz,
            age_s: self.age_s,
            errors: self.errors,
            duplicates: self.duplicates,
            late: self.late,
            dropped: self.dropped,
            clock: self.clock.as_str().to_owned(),
            clock_offset_s: self.clock_offset_s,
            clock_drift_ppm: self.clock_drift_ppm,
            clock_steps: self.clock_steps,
            counters: self.counters.iter().map(counter).collect(),
        }
    }
}

fn reasons(health: &Health, expected_hz: f64) -> Vec<&'static str> {
    let clock = match health.clock.state {
        ClockState::Unknown | ClockState::Good => None,
        ClockState::Unused => Some("its clock is off, and not used"),
        ClockState::Corrected => Some("its clock is off, and corrected"),
        ClockState::Refused => Some("its clock is off, and its scans are refused"),
    };
    let slow = (health.rate_hz < SLOW * expected_hz).then_some("it reports too seldom");
    clock.into_iter().chain(slow).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::sensor_clock::ClockReport;
    use fusion_core::time::Span;

    fn health(age_s: i64, rate_hz: f64, state: ClockState) -> Health {
        Health {
            age: Some(Span::from_secs(age_s)),
            rate_hz,
            period: Span::from_secs(4),
            errors: 0,
            duplicates: 0,
            late: 0,
            clock_refused: 0,
            clock: ClockReport { state, offset: Some(Span::from_secs(-1581)), ..ClockReport::default() },
            registration: None,
        }
    }

    fn of(age_s: i64, rate_hz: f64, clock: ClockState) -> SensorHealth {
        let counters = vec![("rate_limited", 2), ("inbox_dropped", 3)];
        SensorHealth::of("radar".into(), &health(age_s, rate_hz, clock), counters)
    }

    #[test]
    fn a_sensor_whose_clock_is_off_is_never_ok() {
        assert_eq!(of(1, 8.0, ClockState::Good).state, SensorState::Ok);
        for clock in [ClockState::Unused, ClockState::Corrected, ClockState::Refused] {
            let health = of(1, 8.0, clock);
            assert_eq!((health.state, health.reasons.len()), (SensorState::Degraded, 1));
        }
    }

    #[test]
    fn a_sensor_that_reports_too_seldom_is_degraded_and_a_silent_one_is_stale_then_down() {
        assert_eq!(of(10, 0.1, ClockState::Good).reasons, ["it reports too seldom"]);
        assert_eq!(of(13, 0.2, ClockState::Good).state, SensorState::Stale);
        assert_eq!(of(41, 0.2, ClockState::Good).state, SensorState::Down);
    }

    #[test]
    fn what_was_dropped_is_the_sum_of_both_bounds() {
        assert_eq!(of(1, 8.0, ClockState::Good).dropped, 5);
    }
}
