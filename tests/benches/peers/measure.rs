//! Clocks.
#![allow(unsafe_code, reason = "the thread's clock cannot be had without")]

use std::time::Instant;

/// What came of some work, and the seconds that it took.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let begin = Instant::now();
    let result = work();
    (result, begin.elapsed().as_secs_f64())
}

/// What came of some work, and the seconds that this thread was at work on it: what else the machine does is left out.
/// A call costs some 0.2 µs; [`timed`] is for what is shorter.
pub fn timed_cpu<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let begin = cpu::seconds();
    let result = work();
    (result, cpu::seconds() - begin)
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod cpu {
    #[repr(C)]
    struct Timespec {
        seconds: i64,
        nanos: i64,
    }

    unsafe extern "C" {
        fn clock_gettime(clock: i32, time: *mut Timespec) -> i32;
    }

    const CLOCK_THREAD_CPUTIME_ID: i32 = 3;

    /// Seconds that this thread has been running.
    #[expect(clippy::cast_precision_loss, reason = "a benchmark takes no month")]
    pub fn seconds() -> f64 {
        let mut time = Timespec { seconds: 0, nanos: 0 };
        // SAFETY: the place is valid for a write, and of the layout of a 64-bit Linux; the clock exists on every one.
        let failed = unsafe { clock_gettime(CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
        assert_eq!(failed, 0, "Linux has a clock for each thread");
        time.seconds as f64 + 1e-9 * time.nanos as f64
    }
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
mod cpu {
    /// Seconds of the wall clock, for want of a better one.
    #[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
    pub fn seconds() -> f64 {
        static BEGIN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        BEGIN.get_or_init(std::time::Instant::now).elapsed().as_secs_f64()
    }
}

/// Times of many scans, milliseconds.
#[derive(Clone, Copy)]
pub struct Times {
    pub mean: f64,
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
}

impl Times {
    /// # Panics
    /// Without a time.
    pub fn of(mut ms: Vec<f64>) -> Self {
        ms.sort_by(f64::total_cmp);
        let at = |percent: usize| ms[(ms.len() * percent / 100).min(ms.len() - 1)];
        Self { mean: mean(&ms), p50: at(50), p99: at(99), max: at(100) }
    }
}

/// The mean, which of nothing is not a number.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / real(values.len())
}

/// The value in the middle.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "nothing here is counted beyond 2⁵²")]
pub const fn real(count: usize) -> f64 {
    count as f64
}
