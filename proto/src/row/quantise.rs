//! The steps in which a row tells times, places, speeds and standard deviations.
//!
//! A row is a value of whole numbers: everybody who holds it holds the same bits, its writer included. What is lost by
//! rounding is known, and is added to the covariance before that is rounded up: nobody is told more than is true.

use fusion_core::maths::{floor, round};
use fusion_core::time::Timestamp;

/// Time in rows: hundredths of a second since 2020-01-01T00:00:00Z, 40 bits (348 years). Earlier times are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(u64);

/// 2020-01-01T00:00:00Z in nanoseconds since the Unix epoch.
const NANOS_2020: i64 = 1_577_836_800_000_000_000;
const NANOS_PER_TICK: i64 = 10_000_000;

impl Tick {
    /// Bits of a whole time.
    pub const BITS: u32 = 40;
    /// Ticks in a second.
    pub const PER_SECOND: u64 = 100;

    /// The tick nearest to a time.
    #[must_use]
    pub fn nearest(time: Timestamp) -> Self {
        let since = time.as_nanos().saturating_sub(NANOS_2020).max(0);
        Self::new((since.saturating_add(NANOS_PER_TICK / 2) / NANOS_PER_TICK).cast_unsigned())
    }

    /// A tick by its number; of one that has more than 40 bits the last.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        if number >> Self::BITS == 0 { Self(number) } else { Self((1 << Self::BITS) - 1) }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The time that it stands for.
    #[must_use]
    pub const fn time(self) -> Timestamp {
        Timestamp::from_nanos(NANOS_2020.saturating_add(self.0.cast_signed().saturating_mul(NANOS_PER_TICK)))
    }

    /// Seconds from an earlier tick, or less than none from a later one.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "40 bits fit")]
    pub const fn seconds_since(self, earlier: Self) -> f64 {
        (self.0.cast_signed() - earlier.0.cast_signed()) as f64 / Self::PER_SECOND as f64
    }
}

/// Ratios of neighbouring steps of the standard deviation of a place: the cube root of two and its square.
const THIRDS: [f64; 3] = [1.0, 1.259_921_049_894_873_2, 1.587_401_051_968_199_4];
/// The same for a speed: the fourth root of two, and so on.
const QUARTERS: [f64; 4] = [1.0, 1.189_207_115_002_721, 1.414_213_562_373_095_1, 1.681_792_830_507_429];
/// The same for the full covariance: the twelfth root of two; 2^(k/12) = 2^(a/3) · 2^(b/12) with k = 4 a + b.
const TWELFTHS: [f64; 4] = [1.0, 1.059_463_094_359_295_3, 1.122_462_048_309_373, 1.189_207_115_002_721];

/// Standard deviation of a place by its step: 1/8 m · 2^(step/3), up to 262 km.
#[must_use]
pub fn place_sigma_m(step: u8) -> f64 {
    0.125 * octaves(step / 3) * THIRDS[usize::from(step % 3)]
}

/// Standard deviation of a speed by its step: 1/50 m/s · 2^(step/4), up to 1.1 km/s.
#[must_use]
pub fn rate_sigma_m_s(step: u8) -> f64 {
    0.02 * octaves(step / 4) * QUARTERS[usize::from(step % 4)]
}

/// Standard deviation in a full covariance by its step: 0.01 · 2^(step/12), up to 25 km or 25 km/s.
#[must_use]
pub fn fine_sigma(step: u8) -> f64 {
    0.01 * octaves(step / 12) * THIRDS[usize::from(step % 12 / 4)] * TWELFTHS[usize::from(step % 4)]
}

/// The highest step whose value is not above `value`, of so many; 0 if there is none.
#[must_use]
pub fn step_below(value: f64, steps: u8, of: impl Fn(u8) -> f64) -> u8 {
    (1..steps).rev().find(|&step| of(step) <= value).unwrap_or(0)
}

/// The lowest step whose value is not below `value`, of so many; the last if there is none.
#[must_use]
pub fn step_above(value: f64, steps: u8, of: impl Fn(u8) -> f64) -> u8 {
    (0..steps).find(|&step| of(step) >= value).unwrap_or(steps - 1)
}

fn octaves(k: u8) -> f64 {
    f64::from(1_u32 << k.min(31))
}

/// The whole number of units nearest to a value, within limits. NaN becomes the lower limit.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "clamped to limits that fit")]
pub fn units(value: f64, unit: f64, low: i32, high: i32) -> i32 {
    round(value / unit).max(f64::from(low)).min(f64::from(high)) as i32
}

/// The unit of a turn cut into 2^`bits` parts in which an angle lies, rounded to the nearest.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within one turn of 32 bits at the most")]
pub fn turn_units(turns: f64, bits: u32) -> u32 {
    let parts = f64::from(1_u32 << bits.min(31));
    let units = round((turns - floor(turns)) * parts);
    (units as u32) & ((1 << bits.min(31)) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_the_nearest_hundredth() {
        let time = Timestamp::from_nanos(NANOS_2020 + 1_234_567_890);
        assert_eq!(Tick::nearest(time).number(), 123);
        assert_eq!((Tick::nearest(time).time() - time).as_nanos(), -4_567_890);
        assert_eq!(Tick::nearest(Timestamp::EPOCH).number(), 0);
        assert_eq!(Tick::nearest(Timestamp::MAX).number() >> 40, 0);
    }

    #[test]
    fn steps_rise_without_gaps_and_find_their_values() {
        for (steps, of) in [(64, place_sigma_m as fn(u8) -> f64), (64, rate_sigma_m_s), (255, fine_sigma)] {
            for step in 1..steps {
                let ratio = of(step) / of(step - 1);
                assert!((1.05..1.27).contains(&ratio), "{step}: {ratio}");
                let middle = 0.5 * (of(step) + of(step - 1));
                assert_eq!((step_below(middle, steps, of), step_above(middle, steps, of)), (step - 1, step));
            }
            assert_eq!((step_below(0.0, steps, of), step_above(f64::NAN, steps, of)), (0, steps - 1));
        }
    }
}
