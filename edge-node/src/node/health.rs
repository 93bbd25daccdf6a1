//! How a sensor is doing: its pulse, its clock, and what became of what it sent.

use std::collections::VecDeque;

use fusion_core::time::{Span, Timestamp};

use super::registration::RegistrationReport;
use super::sensor_clock::ClockReport;

/// How a sensor is doing, as the node sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Health {
    /// Since its last report; `None` before the first.
    pub age: Option<Span>,
    /// Reports per second lately.
    pub rate_hz: f64,
    /// How often a report must come at the least: the time from one look to the next.
    pub period: Span,
    /// Input that could not be understood.
    pub errors: u64,
    /// Datagrams that came twice, and counted once.
    pub duplicates: u64,
    /// Scans from before all that the tracker holds.
    pub late: u64,
    /// Scans whose time could not be believed.
    pub clock_refused: u64,
    /// Its clock.
    pub clock: ClockReport,
    /// What it is off by, if that is estimated.
    pub registration: Option<RegistrationReport>,
}

/// Reports remembered for the rate.
///
/// No counter: older ones leave as newer ones come.
pub const PULSE_REPORTS_MAX: usize = 64;

/// Times of the latest reports of one sensor.
#[derive(Clone, Debug, Default)]
pub struct Pulse {
    latest: VecDeque<Timestamp>,
}

impl Pulse {
    /// Notes a report received at this time.
    pub fn beat(&mut self, received: Timestamp) {
        if self.latest.len() == PULSE_REPORTS_MAX {
            self.latest.pop_front();
        }
        self.latest.push_back(received);
    }

    /// Time since the last report; `None` before the first.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Option<Span> {
        self.latest.back().map(|&last| now - last)
    }

    /// Reports per second over the remembered ones, up to now.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "at most 64 reports")]
    pub fn rate_hz(&self, now: Timestamp) -> f64 {
        let Some(&first) = self.latest.front() else { return 0.0 };
        let seconds = (now - first).as_secs_f64();
        if seconds > 0.0 { self.latest.len() as f64 / seconds } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_falls_when_a_sensor_falls_silent() {
        let mut pulse = Pulse::default();
        for k in 0..10 {
            pulse.beat(Timestamp::from_secs(k));
        }
        let (then, later) = (Timestamp::from_secs(10), Timestamp::from_secs(100));
        assert!((pulse.rate_hz(then) - 1.0).abs() < 1e-12 && pulse.rate_hz(later) < 0.2);
        assert_eq!(pulse.age(later), Some(Span::from_secs(91)));
    }
}
