//! The time of a report: the radar's time of day on the right day, corrected where its clock is plainly wrong.
//!
//! A report comes after what it reports, by the delay of the radar, seconds at the most. So the least delay over a
//! while, received less told, is small and positive if the clocks agree. Where it is not (a real radar was 26 minutes
//! off), it is taken for the error of the radar's clock and added to every time.

use fusion_core::time::{Span, Timestamp};

use crate::asterix::common::TimeOfDay;
use crate::decoder::TimeQuality;

/// Turns times of day into times.
#[derive(Debug)]
pub(super) struct RadarClock {
    error_max: Span,
    /// Of the delays with their sign changed, so that the peak is the least delay.
    least_delay: Peak,
}

/// A delay is forgotten after one to two of these.
const DELAY_WINDOW: Span = Span::from_secs(60);

impl RadarClock {
    /// A clock that corrects delays beyond ± `error_max`.
    pub(super) const fn new(error_max: Span) -> Self {
        Self { error_max, least_delay: Peak::new(DELAY_WINDOW) }
    }

    /// The time meant by a report that came at `received`, and where it comes from.
    pub(super) fn read(&mut self, told: Option<TimeOfDay>, received: Timestamp) -> (Timestamp, TimeQuality) {
        let Some(told) = told.and_then(|told| told.near(received)) else { return (received, TimeQuality::Received) };
        let least_delay = -self.least_delay.note(told - received, received);
        if least_delay.abs() <= self.error_max {
            (told, TimeQuality::Sensor)
        } else {
            (told + least_delay, TimeQuality::Corrected)
        }
    }
}

/// The largest span noted over one to two windows: old ones are forgotten without being kept one by one.
#[derive(Debug)]
pub(super) struct Peak {
    window: Span,
    began: Option<Timestamp>,
    current: Span,
    previous: Span,
}

/// Smaller than any span that is noted.
const NOTHING: Span = Span::from_nanos(i64::MIN / 4);

impl Peak {
    /// Nothing noted yet.
    pub(super) const fn new(window: Span) -> Self {
        Self { window, began: None, current: NOTHING, previous: NOTHING }
    }

    /// Notes a span and tells the largest, this one included.
    pub(super) fn note(&mut self, span: Span, now: Timestamp) -> Span {
        let age = self.began.map(|began| now - began);
        if age.is_none_or(|age| age > self.window || age < Span::ZERO) {
            let adjacent = age.is_some_and(|age| age <= self.window + self.window);
            self.previous = if adjacent { self.current } else { NOTHING };
            self.current = NOTHING;
            self.began = Some(now);
        }
        self.current = self.current.max(span);
        self.largest()
    }

    /// The largest span noted; very negative if none was.
    pub(super) fn largest(&self) -> Span {
        self.current.max(self.previous)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDNIGHT: Timestamp = Timestamp::from_secs(1_700_006_400);

    fn at(seconds: f64) -> Timestamp {
        MIDNIGHT + Span::from_secs_f64(seconds)
    }

    fn told(seconds: f64) -> Option<TimeOfDay> {
        Some(TimeOfDay::at(at(seconds)))
    }

    #[test]
    fn a_report_from_before_midnight_received_after_it_is_of_yesterday() {
        let mut clock = RadarClock::new(Span::from_secs(5));
        assert_eq!(clock.read(told(-0.5), at(0.5)), (at(-0.5), TimeQuality::Sensor));
        assert_eq!(clock.read(told(0.25), at(0.5)), (at(0.25), TimeQuality::Sensor));
        assert_eq!(clock.read(told(0.5), at(-0.25)), (at(0.5), TimeQuality::Sensor));
    }

    #[test]
    fn a_clock_that_is_plainly_wrong_is_corrected_by_the_least_delay() {
        let mut clock = RadarClock::new(Span::from_secs(5));
        assert_eq!(clock.read(told(1581.0), at(0.0)), (at(0.0), TimeQuality::Corrected));
        assert_eq!(clock.read(told(1582.0), at(3.0)), (at(1.0), TimeQuality::Corrected));
        assert_eq!(clock.read(told(1584.0), at(3.0)), (at(3.0), TimeQuality::Corrected));
    }

    #[test]
    fn without_a_time_of_day_the_time_received_stands_in() {
        let mut clock = RadarClock::new(Span::from_secs(5));
        assert_eq!(clock.read(None, at(7.0)), (at(7.0), TimeQuality::Received));
        assert_eq!(clock.read(Some(TimeOfDay { ticks: 0xFF_FFFF }), at(7.0)), (at(7.0), TimeQuality::Received));
    }

    #[test]
    fn a_peak_is_forgotten_after_two_windows() {
        let mut peak = Peak::new(Span::from_secs(10));
        let second = Span::from_secs;
        assert_eq!(peak.note(second(3), at(0.0)), second(3));
        assert_eq!(peak.note(second(1), at(11.0)), second(3));
        assert_eq!(peak.note(second(1), at(22.0)), second(1));
        assert_eq!(peak.note(second(0), at(50.0)), second(0));
    }
}
