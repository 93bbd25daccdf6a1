//! Time of validity: when something was true, as distinct from when anybody heard of it.
//!
//! UTC as nanoseconds since the Unix epoch. A leap second appears as a step of the clock and is treated as one.

use core::ops::{Add, Neg, Sub};

/// Nanoseconds since the Unix epoch, UTC.
///
/// Two of them subtract to a [`Span`]; they do not add:
/// ```compile_fail
/// use fusion_core::time::Timestamp;
/// let _ = Timestamp::EPOCH + Timestamp::EPOCH;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A signed span of time, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);
    /// The latest time that can be told.
    pub const MAX: Self = Self(i64::MAX);

    /// A time from nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// A time from whole seconds since the Unix epoch; saturates at the ends of the range.
    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// Nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Milliseconds since the Unix epoch, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Time since the last UTC midnight, in [0, 24 h).
    #[must_use]
    pub const fn time_of_day(self) -> Span {
        Span(self.0.rem_euclid(DAY.0))
    }

    /// The UTC midnight at or before this time.
    #[must_use]
    pub const fn midnight(self) -> Self {
        Self(self.0 - self.0.rem_euclid(DAY.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span from nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// A span from milliseconds; saturates.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// A span from whole seconds; saturates.
    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// A span from seconds, to the nearest nanosecond; saturates, and zero for NaN.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates and turns NaN to zero, which is the contract")]
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self(crate::maths::round(seconds * 1e9) as i64)
    }

    /// The span in seconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "spans of filtering are far below 2⁵³ ns (104 days)")]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The span in seconds, or the number beside it: for bounds that need not be exact, without a division.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "spans of filtering are far below 2⁵³ ns (104 days)")]
    pub(crate) fn nearly_secs_f64(self) -> f64 {
        self.0 as f64 * 1e-9
    }

    /// The span in nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// The length of the span, without its sign.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }
}

/// 24 hours.
pub const DAY: Span = Span(86_400 * NANOS_PER_SECOND);

const NANOS_PER_SECOND: i64 = 1_000_000_000;

impl Sub for Timestamp {
    type Output = Span;
    fn sub(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Timestamp {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Span {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Span {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_leads_from_one_time_to_another() {
        let (a, b) = (Timestamp::from_secs(100), Timestamp::from_secs(97));
        assert_eq!(b - a, Span::from_secs(-3));
        assert_eq!(a + (b - a), b);
    }

    #[test]
    fn time_of_day_is_never_negative_even_before_1970() {
        let t = Timestamp::from_secs(-1);
        assert_eq!(t.time_of_day(), Span::from_secs(86_399));
        assert_eq!(t.midnight() + t.time_of_day(), t);
    }

    #[test]
    fn the_ends_of_the_range_saturate_instead_of_wrapping() {
        assert_eq!(Timestamp::MAX + Span::from_secs(1), Timestamp::MAX);
        assert_eq!(Span::from_secs_f64(f64::NAN), Span::ZERO);
        assert_eq!(Span::from_secs_f64(1e300).as_nanos(), i64::MAX);
    }
}
