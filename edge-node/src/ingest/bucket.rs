//! How much of a sensor is taken in: so many bytes and messages a second, with some seconds' worth at once.
//!
//! A sensor that babbles, by fault or by intent, must not take the node's time from the others. What is above is
//! dropped where it comes in, before it is copied.

use crate::clock::Monotonic;

/// Seconds' worth that may come at once.
const BURST_S: f64 = 2.0;

/// Two buckets that fill evenly and are emptied by what is taken in.
#[derive(Clone, Copy, Debug)]
pub(super) struct TokenBucket {
    bytes: Level,
    messages: Level,
    filled: Monotonic,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    per_second: f64,
    left: f64,
}

impl TokenBucket {
    /// Full buckets.
    #[must_use]
    pub(super) fn new(bytes_per_second: u32, messages_per_second: u32, now: Monotonic) -> Self {
        let level = |per_second: u32| Level { per_second: per_second.into(), left: BURST_S * f64::from(per_second) };
        Self { bytes: level(bytes_per_second), messages: level(messages_per_second), filled: now }
    }

    /// Whether a message of so many bytes may come in now. One that may is paid for in full, if need be with what comes
    /// later: so a message larger than the bucket passes too.
    pub(super) fn admits(&mut self, bytes: usize, now: Monotonic) -> bool {
        let elapsed_s = now.since(self.filled).as_secs_f64();
        self.filled = self.filled.max(now);
        self.bytes.fill(elapsed_s);
        self.messages.fill(elapsed_s);
        if self.bytes.left <= 0.0 || self.messages.left < 1.0 {
            return false;
        }
        self.bytes.left -= u32::try_from(bytes).map_or(f64::INFINITY, f64::from);
        self.messages.left -= 1.0;
        true
    }
}

impl Level {
    fn fill(&mut self, elapsed_s: f64) {
        self.left = (self.left + self.per_second * elapsed_s).min(BURST_S * self.per_second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn admitted(bucket: &mut TokenBucket, messages: u32, bytes: usize, from: u64, every: u64) -> u32 {
        let times = (0..messages).map(|k| Monotonic(from + u64::from(k) * every));
        u32::try_from(times.filter(|now| bucket.admits(bytes, *now)).count()).unwrap_or(u32::MAX)
    }

    #[test]
    fn a_sensor_within_its_rate_never_waits() {
        let mut bucket = TokenBucket::new(10_000, 100, Monotonic(0));
        assert_eq!(admitted(&mut bucket, 10_000, 100, 0, SECOND / 100), 10_000);
    }

    #[test]
    fn above_the_rate_the_rate_and_one_burst_are_let_in() {
        let mut bucket = TokenBucket::new(1_000_000, 100, Monotonic(0));
        let admitted = admitted(&mut bucket, 10_000, 10, 0, SECOND / 1000);
        assert!((1_195..=1_205).contains(&admitted), "{admitted}: 2 s at once and 10 s");
    }

    #[test]
    fn bytes_count_as_well_and_a_large_message_is_paid_for_later() {
        let mut bucket = TokenBucket::new(1_000, 1_000, Monotonic(0));
        assert!(bucket.admits(50_000, Monotonic(0)));
        assert!(!bucket.admits(1, Monotonic(40 * SECOND)));
        assert!(bucket.admits(1, Monotonic(49 * SECOND)));
    }

    #[test]
    fn a_time_that_steps_back_fills_nothing_twice() {
        let mut bucket = TokenBucket::new(1_000, 1, Monotonic(10 * SECOND));
        assert_eq!(admitted(&mut bucket, 5, 1, 10 * SECOND, 0), 2);
        assert!(!bucket.admits(1, Monotonic(5 * SECOND)) && !bucket.admits(1, Monotonic(10 * SECOND)));
    }
}
