//! The time of a report: the radar's time of day on the right day, or the time of receipt.
//!
//! Whether the radar's clock is right is not judged here: the decoder tells its times as they are, and the node, which
//! judges the clocks of all sensors alike, corrects or refuses what follows from them.

use fusion_core::time::{Span, Timestamp};

use super::config::Clock;
use crate::asterix::common::TimeOfDay;
use crate::decoder::TimeQuality;

/// Turns times of day into times.
#[derive(Debug)]
pub(in crate::asterix) struct RadarClock {
    rule: Clock,
    /// The latest time told since it was asked for.
    told: Option<Timestamp>,
}

impl RadarClock {
    /// A clock that nobody has read yet.
    pub(in crate::asterix) const fn new(rule: Clock) -> Self {
        Self { rule, told: None }
    }

    /// The time meant by a report that came at `received`, and where it comes from.
    pub(in crate::asterix) fn read(
        &mut self,
        told: Option<TimeOfDay>,
        received: Timestamp,
    ) -> (Timestamp, TimeQuality) {
        let told = told.and_then(|told| told.near(received));
        self.told = self.told.max(told);
        match (self.rule, told) {
            (Clock::Told, Some(told)) => (told, TimeQuality::Sensor),
            (Clock::Told, None) => (received, TimeQuality::Received),
            (Clock::Receipt { latency }, _) => (received - latency, TimeQuality::Received),
        }
    }

    /// The latest time told since this was asked last.
    pub(in crate::asterix) const fn take_told(&mut self) -> Option<Timestamp> {
        self.told.take()
    }
}

/// The largest span noted over one to two windows: old ones are forgotten without being kept one by one.
#[derive(Debug)]
pub(in crate::asterix) struct Peak {
    window: Span,
    began: Option<Timestamp>,
    current: Span,
    previous: Span,
}

/// Smaller than any span that is noted.
const NOTHING: Span = Span::from_nanos(i64::MIN / 4);

impl Peak {
    /// Nothing noted yet.
    pub(in crate::asterix) const fn new(window: Span) -> Self {
        Self { window, began: None, current: NOTHING, previous: NOTHING }
    }

    /// Notes a span and tells the largest, this one included.
    pub(in crate::asterix) fn note(&mut self, span: Span, now: Timestamp) -> Span {
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
    pub(in crate::asterix) fn largest(&self) -> Span {
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
        let mut clock = RadarClock::new(Clock::Told);
        assert_eq!(clock.read(told(-0.5), at(0.5)), (at(-0.5), TimeQuality::Sensor));
        assert_eq!(clock.read(told(0.25), at(0.5)), (at(0.25), TimeQuality::Sensor));
        assert_eq!(clock.read(told(0.5), at(-0.25)), (at(0.5), TimeQuality::Sensor));
        assert_eq!((clock.take_told(), clock.take_told()), (Some(at(0.5)), None));
    }

    #[test]
    fn a_clock_that_is_26_minutes_off_is_told_as_it_is() {
        let mut clock = RadarClock::new(Clock::Told);
        assert_eq!(clock.read(told(-1581.0), at(0.0)), (at(-1581.0), TimeQuality::Sensor));
    }

    #[test]
    fn by_receipt_the_time_of_day_does_not_matter_but_is_told() {
        let mut clock = RadarClock::new(Clock::Receipt { latency: Span::from_secs(1) });
        assert_eq!(clock.read(told(-1581.0), at(7.0)), (at(6.0), TimeQuality::Received));
        assert_eq!(clock.take_told(), Some(at(-1581.0)));
    }

    #[test]
    fn without_a_time_of_day_the_time_received_stands_in() {
        let mut clock = RadarClock::new(Clock::Told);
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
