//! How fast a viewer may say something: a bucket that fills with time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Monotonic;

/// What a viewer may say at once, before it waits.
///
/// Counter: `sayings_refused`.
const SAYINGS_AT_ONCE_MAX: u32 = 10;

/// After so long there is room for one more.
const SAYING_PERIOD: Duration = Duration::from_secs(2);

/// A bucket, kept as the time at which it will be full again.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<Monotonic>);

impl Pace {
    /// Takes one, if there is one.
    pub(super) fn take(&self, now: Monotonic) -> bool {
        let mut full_at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lacking = full_at.since(now);
        if lacking + SAYING_PERIOD > SAYING_PERIOD * SAYINGS_AT_ONCE_MAX {
            return false;
        }
        let lacking = u64::try_from((lacking + SAYING_PERIOD).as_nanos()).unwrap_or(u64::MAX);
        *full_at = Monotonic(now.0.saturating_add(lacking));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_much_at_once_waits() {
        let pace = Pace::default();
        let taken = (0..100).filter(|_| pace.take(Monotonic(0))).count();
        assert_eq!(taken, 10);
        assert!(!pace.take(Monotonic(1_999_999_999)) && pace.take(Monotonic(2_000_000_000)));
        assert!(!pace.take(Monotonic(2_000_000_001)));
    }
}
