//! The one file that reads clocks.
//!
//! Two readings, always taken together so that nobody mixes them: *validity* (UTC, for what was true when) and
//! *monotonic* (for deadlines and latencies; never steps). Everything below the shell gets them as arguments.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fusion_core::time::Timestamp;

/// Nanoseconds since the process's clock was made. Never steps back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Monotonic(pub u64);

impl Monotonic {
    /// How long after `earlier` this is; zero if it is before.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Both readings, taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// UTC.
    pub validity: Timestamp,
    /// Local, for deadlines.
    pub monotonic: Monotonic,
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
}

impl Clock {
    /// Begins to count.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// What time it is.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn now(&self) -> Now {
        let monotonic = u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let nanos = i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX);
        Now { validity: Timestamp::from_nanos(nanos), monotonic: Monotonic(monotonic) }
    }
}
