//! How a sensor is doing: its pulse.

use std::collections::VecDeque;

use fusion_core::time::{Span, Timestamp};

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
