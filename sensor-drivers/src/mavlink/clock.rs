//! From the time since boot, which most messages tell, to UTC.
//!
//! `SYSTEM_TIME` tells both; where it is believed, it sets the offset. Until then the offset is the least that was seen
//! between boot time and receipt over the last minutes: a message comes after what it tells, never before. A boot time
//! that leaps against the time of receipt is refused; a second one that agrees with the first is a clock that was set,
//! or a reboot, and everything is estimated anew.

use fusion_core::time::{Span, Timestamp};

use crate::decoder::TimeQuality;

/// The clock of one component.
#[derive(Clone, Copy, Debug, Default)]
pub struct BootClock {
    newest: Option<Pair>,
    suspect: Option<Pair>,
    /// UTC less boot time as `SYSTEM_TIME` told.
    told: Option<Span>,
    receipt: LeastOffset,
}

/// A boot time and when it was received.
#[derive(Clone, Copy, Debug)]
struct Pair {
    boot: Span,
    received: Timestamp,
}

/// What became of a boot time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// It follows those before.
    Steady,
    /// It leaps: not to be used.
    Refused,
    /// It leaps as the one before did: the clock was set.
    Jumped,
}

/// What became of a UTC time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Utc {
    /// It is believed.
    Believed,
    /// It is zero: no satellite has told it yet.
    Zero,
    /// It is far from when it was received.
    Refused,
}

/// How far a boot time may leap ahead of the time of receipt, or behind the newest boot time.
const LEAP: Span = Span::from_secs(2);

impl BootClock {
    /// Takes in a boot time.
    pub fn note(&mut self, boot: Span, received: Timestamp) -> Noted {
        let pair = Pair { boot, received };
        if self.newest.is_none_or(|newest| self.is_steady(newest, pair)) {
            self.suspect = None;
            self.take(pair);
            return Noted::Steady;
        }
        let confirmed = self.suspect.is_some_and(|suspect| follows(suspect, pair));
        self.suspect = Some(pair);
        if !confirmed {
            return Noted::Refused;
        }
        *self = Self::default();
        self.take(pair);
        Noted::Jumped
    }

    /// Takes in what `SYSTEM_TIME` says of UTC, of a boot time that was noted. It is believed within `error_max` of the
    /// time of receipt.
    pub fn tell(&mut self, boot: Span, utc_us: u64, received: Timestamp, error_max: Span) -> Utc {
        if utc_us == 0 {
            return Utc::Zero;
        }
        let nanos = i64::try_from(utc_us).ok().and_then(|us| us.checked_mul(1000));
        let Some(utc) = nanos.map(Timestamp::from_nanos) else { return Utc::Refused };
        if (utc - received).abs() > error_max {
            return Utc::Refused;
        }
        self.told = Some((utc - Timestamp::EPOCH) - boot);
        Utc::Believed
    }

    /// When a boot time was; by receipt, less the latency of the link.
    #[must_use]
    pub fn time(&self, boot: Span, latency: Span) -> Option<(Timestamp, TimeQuality)> {
        if let Some(told) = self.told {
            return Some((Timestamp::EPOCH + told + boot, TimeQuality::Sensor));
        }
        let least = self.receipt.least()?;
        Some((Timestamp::EPOCH + least + boot - latency, TimeQuality::Corrected))
    }

    /// The newest boot time, for messages that tell none.
    #[must_use]
    pub fn newest(&self) -> Option<Span> {
        self.newest.map(|pair| pair.boot)
    }

    /// Whether a boot time is neither far behind the newest (a reboot) nor ahead of what the least delay so far allows.
    /// One that comes late was held up on its way.
    fn is_steady(&self, newest: Pair, pair: Pair) -> bool {
        let ahead = self.receipt.least().map(|least| (Timestamp::EPOCH + least + pair.boot) - pair.received);
        pair.boot - newest.boot > -LEAP && ahead.is_none_or(|ahead| ahead < LEAP)
    }

    fn take(&mut self, pair: Pair) {
        self.receipt.note((pair.received - Timestamp::EPOCH) - pair.boot, pair.received);
        let newer = self.newest.is_none_or(|newest| pair.boot >= newest.boot);
        if newer {
            self.newest = Some(pair);
        }
    }
}

/// Whether a boot time may come after another, of which no more is known.
fn follows(earlier: Pair, later: Pair) -> bool {
    let (boot, received) = (later.boot - earlier.boot, later.received - earlier.received);
    boot > -LEAP && boot < received + LEAP
}

/// The least offset over one to two windows.
#[derive(Clone, Copy, Debug, Default)]
struct LeastOffset {
    began: Option<Timestamp>,
    current: Option<Span>,
    previous: Option<Span>,
}

const WINDOW: Span = Span::from_secs(60);

impl LeastOffset {
    fn note(&mut self, offset: Span, now: Timestamp) {
        if self.began.is_none_or(|began| (now - began).abs() > WINDOW) {
            (self.previous, self.current, self.began) = (self.current, None, Some(now));
        }
        self.current = Some(self.current.map_or(offset, |least| least.min(offset)));
    }

    fn least(&self) -> Option<Span> {
        self.current.into_iter().chain(self.previous).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn after(seconds: f64) -> Timestamp {
        START + Span::from_secs_f64(seconds)
    }

    fn boot(seconds: f64) -> Span {
        Span::from_secs_f64(seconds)
    }

    fn time(clock: &BootClock, seconds: f64) -> Option<(Timestamp, TimeQuality)> {
        clock.time(boot(seconds), Span::ZERO)
    }

    #[test]
    fn without_utc_the_least_delay_counts() {
        let mut clock = BootClock::default();
        for (told, delay) in [(100.0, 0.3), (101.0, 0.05), (102.0, 1.5)] {
            assert_eq!(clock.note(boot(told), after(told + delay)), Noted::Steady);
        }
        assert_eq!(time(&clock, 102.0), Some((after(102.05), TimeQuality::Corrected)));
    }

    #[test]
    fn a_clock_jump_of_632_s_is_refused_once_and_then_estimated_anew() {
        let mut clock = BootClock::default();
        assert_eq!(clock.note(boot(76_673.997), after(0.0)), Noted::Steady);
        assert_eq!(clock.note(boot(77_305.245), after(0.03)), Noted::Refused);
        assert_eq!(clock.note(boot(77_305.247), after(0.05)), Noted::Jumped);
        let told = time(&clock, 77_305.247);
        assert_eq!(told, Some((after(0.05), TimeQuality::Corrected)));
    }

    #[test]
    fn one_wrong_boot_time_is_refused_and_forgotten() {
        let mut clock = BootClock::default();
        let noted = [10.0, 500.0, 11.0, 700.0, 12.0]
            .map(|told| clock.note(boot(told), after(if told < 100.0 { told } else { 11.0 })));
        assert_eq!(noted, [Noted::Steady, Noted::Refused, Noted::Steady, Noted::Refused, Noted::Steady]);
    }

    #[test]
    fn a_reboot_is_a_jump_and_a_burst_after_an_outage_is_none() {
        let mut clock = BootClock::default();
        clock.note(boot(1000.0), after(0.0));
        for told in [1001.0, 1002.0, 1005.0, 1030.0] {
            assert_eq!(clock.note(boot(told), after(30.0)), Noted::Steady);
        }
        assert_eq!(clock.note(boot(1.0), after(31.0)), Noted::Refused);
        assert_eq!(clock.note(boot(1.1), after(31.1)), Noted::Jumped);
    }

    #[test]
    fn unix_time_zero_and_a_wrong_one_are_not_believed() {
        let mut clock = BootClock::default();
        let error_max = Span::from_secs(10);
        clock.note(boot(5.0), after(0.2));
        assert_eq!(clock.tell(boot(5.0), 0, after(0.2), error_max), Utc::Zero);
        assert_eq!(clock.tell(boot(5.0), 1_600_000_000_000_000, after(0.2), error_max), Utc::Refused);
        assert_eq!(clock.tell(boot(5.0), u64::MAX, after(0.2), error_max), Utc::Refused);
        assert_eq!(time(&clock, 5.0), Some((after(0.2), TimeQuality::Corrected)));
        assert_eq!(clock.tell(boot(5.0), 1_700_000_000_000_000, after(0.2), error_max), Utc::Believed);
        assert_eq!(time(&clock, 6.0), Some((after(1.0), TimeQuality::Sensor)));
    }
}
