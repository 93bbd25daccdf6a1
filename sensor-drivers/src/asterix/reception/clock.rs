//! The time of a record: the station's time of day on the right day, or the time of receipt.
//!
//! Whether the station's clock is right is not judged here: the decoder tells its times as they are, and the node,
//! which judges the clocks of all sensors alike, corrects or refuses what follows from them.

use fusion_core::time::{Span, Timestamp};

use super::Clock;
use crate::asterix::common::TimeOfDay;
use crate::decoder::TimeQuality;

/// Turns times of day into times.
#[derive(Debug)]
pub(super) struct StationClock {
    rule: Clock,
    latency: Span,
    /// The latest time told since it was asked for.
    told: Option<Timestamp>,
}

impl StationClock {
    /// A clock that nobody has read yet; what tells no time is as old as this latency.
    pub(super) const fn new(rule: Clock, latency: Span) -> Self {
        Self { rule, latency, told: None }
    }

    /// The time meant by a record that came at `received`, and where it comes from.
    pub(super) fn read(&mut self, told: Option<TimeOfDay>, received: Timestamp) -> (Timestamp, TimeQuality) {
        let told = told.and_then(|told| told.near(received));
        self.told = self.told.max(told);
        match (self.rule, told) {
            (Clock::Told, Some(told)) => (told, TimeQuality::Sensor),
            (Clock::Told, None) | (Clock::Receipt, _) => (received - self.latency, TimeQuality::Received),
        }
    }

    /// The latest time told since this was asked last.
    pub(super) const fn take_told(&mut self) -> Option<Timestamp> {
        self.told.take()
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
        let mut clock = StationClock::new(Clock::Told, Span::ZERO);
        assert_eq!(clock.read(told(-0.5), at(0.5)), (at(-0.5), TimeQuality::Sensor));
        assert_eq!(clock.read(told(0.25), at(0.5)), (at(0.25), TimeQuality::Sensor));
        assert_eq!(clock.read(told(0.5), at(-0.25)), (at(0.5), TimeQuality::Sensor));
        assert_eq!((clock.take_told(), clock.take_told()), (Some(at(0.5)), None));
    }

    #[test]
    fn a_clock_that_is_26_minutes_off_is_told_as_it_is() {
        let mut clock = StationClock::new(Clock::Told, Span::ZERO);
        assert_eq!(clock.read(told(-1581.0), at(0.0)), (at(-1581.0), TimeQuality::Sensor));
    }

    #[test]
    fn by_receipt_the_time_of_day_does_not_matter_but_is_told() {
        let mut clock = StationClock::new(Clock::Receipt, Span::from_secs(1));
        assert_eq!(clock.read(told(-1581.0), at(7.0)), (at(6.0), TimeQuality::Received));
        assert_eq!(clock.take_told(), Some(at(-1581.0)));
    }

    #[test]
    fn without_a_time_of_day_the_time_received_stands_in_less_the_latency() {
        let mut clock = StationClock::new(Clock::Told, Span::from_secs(2));
        assert_eq!(clock.read(None, at(7.0)), (at(5.0), TimeQuality::Received));
        assert_eq!(clock.read(Some(TimeOfDay { ticks: 0xFF_FFFF }), at(7.0)), (at(5.0), TimeQuality::Received));
    }
}
