//! Latency as a histogram of fixed size: buckets that grow by a quarter octave, from a microsecond to a minute.

use std::time::Duration;

const BUCKETS_PER_OCTAVE: u32 = 4;
/// Buckets of the histogram.
///
/// No counter: what lies beyond the last bucket is counted in it, and the exact maximum is kept beside.
pub const LATENCY_BUCKETS_MAX: usize = 26 * 4;

/// How long things took.
#[derive(Clone, Debug)]
pub struct Latency {
    counts: [u64; LATENCY_BUCKETS_MAX],
    total: u64,
    max: Duration,
}

/// What a table says of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many were measured.
    pub count: u64,
    /// Half took no longer than this (upper edge of the bucket).
    pub p50: Duration,
    /// 99 of 100 took no longer than this (upper edge of the bucket).
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
}

impl Default for Latency {
    fn default() -> Self {
        Self { counts: [0; LATENCY_BUCKETS_MAX], total: 0, max: Duration::ZERO }
    }
}

impl Latency {
    /// Counts one.
    pub fn record(&mut self, took: Duration) {
        self.counts[bucket(took)] += 1;
        self.total += 1;
        self.max = self.max.max(took);
    }

    /// The figures so far.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary { count: self.total, p50: self.quantile(50), p99: self.quantile(99), max: self.max }
    }

    fn quantile(&self, percent: u64) -> Duration {
        let wanted = (self.total * percent).div_ceil(100);
        let mut seen = 0;
        for (i, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted && seen > 0 {
                return upper_edge(i).min(self.max);
            }
        }
        Duration::ZERO
    }
}

/// Octave from the position of the highest bit of the microseconds, quarter from the two bits below it.
fn bucket(took: Duration) -> usize {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
    let octave = micros.ilog2();
    let quarter = if octave >= 2 { (micros >> (octave - 2)) & 3 } else { (micros << (2 - octave)) & 3 };
    let index = u64::from(octave * BUCKETS_PER_OCTAVE) + quarter;
    usize::try_from(index).unwrap_or(usize::MAX).min(LATENCY_BUCKETS_MAX - 1)
}

fn upper_edge(bucket: usize) -> Duration {
    let (octave, quarter) = (bucket / 4, bucket % 4);
    Duration::from_nanos((1000_u64 << octave) / 4 * (5 + quarter as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_quarter_octave() {
        let mut latency = Latency::default();
        for micros in 1..=1000 {
            latency.record(Duration::from_micros(micros));
        }
        let s = latency.summary();
        assert_eq!(s.max, Duration::from_millis(1));
        assert!((500..=640).contains(&s.p50.as_micros()), "{:?}", s.p50);
        assert!((990..=1000).contains(&s.p99.as_micros()), "{:?}", s.p99);
    }

    #[test]
    fn the_longest_imaginable_is_counted_and_told_exactly() {
        let mut latency = Latency::default();
        latency.record(Duration::from_secs(1 << 40));
        assert_eq!(latency.summary().max, Duration::from_secs(1 << 40));
        assert_eq!(latency.summary().count, 1);
    }

    #[test]
    fn nothing_measured_is_zero() {
        assert_eq!(Latency::default().summary(), Summary::default());
    }
}
