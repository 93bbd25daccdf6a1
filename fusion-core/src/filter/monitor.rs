//! Whether innovations keep what S promises, watched while the tracker runs; and R corrected where a sensor's claims
//! about its own noise prove wrong.
//!
//! The NIS νᵀ S⁻¹ ν of an m-dimensional measurement is χ² with m degrees of freedom if the filter is consistent
//! ([`consistency`](super::consistency)). A monitor keeps the mean q = Σ w d² / Σ w m, old values forgotten. Under the
//! hypothesis of consistency its mean is 1 and its variance 2 Σ w² m / (Σ w m)², which is that of χ²_f / f with
//! f = (Σ w m)² / Σ w² m effective degrees of freedom (Satterthwaite 1946). The band follows by the cube root of
//! Wilson & Hilferty (1931), χ²_f / f ≈ (1 − c + z √c)³ with c = 2 / 9f: no table, no logarithm, within 0.012 from
//! f = 20 on. The same monitor serves for NEES, with the dimension of the state.
//!
//! What is watched is chosen by the association, so q is a little too good: of a Gaussian cut off at the gate, and
//! never of a measurement that another track explains better.

use crate::maths::{abs, sqrt};
use crate::sensor::NoiseLimits;

/// A running mean of NIS per degree of freedom that forgets after about `MEMORY` updates.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NisMonitor<const MEMORY: u32> {
    /// Σ w d².
    nis: f64,
    /// Σ w m.
    freedom: f64,
    /// Σ w² m.
    freedom_squared: f64,
}

/// The monitor of one track: a minute of a surveillance radar is enough to tell of a manoeuvre.
pub type TrackMonitor = NisMonitor<16>;

/// The monitor of one sensor: slow, because many tracks tell of it.
pub type SensorMonitor = NisMonitor<1_000>;

/// What innovations say of S.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Smaller than promised: S is too large.
    TooCautious,
    /// As promised, or too few to tell.
    Consistent,
    /// Larger than promised: S is too small.
    TooConfident,
}

impl<const MEMORY: u32> NisMonitor<MEMORY> {
    /// Nothing was seen.
    pub const NEW: Self = Self { nis: 0.0, freedom: 0.0, freedom_squared: 0.0 };

    /// Takes in one innovation: its NIS, its dimension, and how much it counts (0 to 1), such as the probability β that
    /// the measurement was the track's.
    pub fn handle(&mut self, nis: f64, dimension: u32, weight: f64) {
        let usable = weight > 0.0 && nis >= 0.0 && nis.is_finite();
        if !usable {
            return;
        }
        let weight = weight.min(1.0);
        const { assert!(MEMORY > 0, "a monitor remembers at least its last update") };
        let kept = 1.0 - weight / f64::from(MEMORY);
        let m = f64::from(dimension);
        self.nis = kept * self.nis + weight * nis;
        self.freedom = kept * self.freedom + weight * m;
        self.freedom_squared = kept * kept * self.freedom_squared + weight * weight * m;
    }

    /// q: the mean of NIS per degree of freedom; 1 if nothing was seen.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        if self.freedom > 0.0 { self.nis / self.freedom } else { 1.0 }
    }

    /// f: effective degrees of freedom of the mean.
    #[must_use]
    pub fn effective_freedom(&self) -> f64 {
        if self.freedom_squared > 0.0 { self.freedom * self.freedom / self.freedom_squared } else { 0.0 }
    }

    /// Where the mean of a consistent filter would be, all but once in some two thousand times.
    #[must_use]
    pub fn band(&self) -> (f64, f64) {
        mean_quantiles(self.effective_freedom(), BAND_SIGMAS)
    }

    /// Whether the mean has left its band.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict_at(BAND_SIGMAS)
    }

    fn verdict_at(&self, sigmas: f64) -> Verdict {
        let ((low, high), q) = (mean_quantiles(self.effective_freedom(), sigmas), self.ratio());
        if q < low {
            Verdict::TooCautious
        } else if q > high {
            Verdict::TooConfident
        } else {
            Verdict::Consistent
        }
    }
}

/// Half the width of the band in standard normal deviations: 0.05 % outside.
const BAND_SIGMAS: f64 = 3.5;

/// The values that χ²_f / f exceeds with the probabilities with which a standard normal exceeds −z and z.
fn mean_quantiles(freedom: f64, z: f64) -> (f64, f64) {
    if freedom <= 0.0 {
        return (0.0, f64::INFINITY);
    }
    let c = 2.0 / (9.0 * freedom);
    let cube = |x: f64| x * x * x;
    (cube((1.0 - c - z * sqrt(c)).max(0.0)), cube(1.0 - c + z * sqrt(c)))
}

/// The factor on one sensor's R, moved within limits when its innovations are far out of their band, and otherwise
/// left alone.
///
/// It assumes that S is computed with R already multiplied by the factor, so that q tells what is still wrong. After
/// each move the evidence is collected anew: what was seen before says nothing of the new R.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseScale {
    monitor: SensorMonitor,
    scale: f64,
}

impl NoiseScale {
    /// R as it is claimed.
    pub const CLAIMED: Self = Self { monitor: SensorMonitor::NEW, scale: 1.0 };

    /// Takes in one innovation. `noise_share`, 0 to 1, is how much of S is R (tr R S⁻¹ / m): where the track's own
    /// uncertainty prevails, its innovations tell of the track and not of the sensor.
    pub fn handle(&mut self, nis: f64, dimension: u32, weight: f64, noise_share: f64, limits: NoiseLimits) {
        self.monitor.handle(nis, dimension, weight * noise_share);
        let unsettled = self.monitor.effective_freedom() < SETTLED_FREEDOM;
        if unsettled || self.monitor.verdict_at(MOVING_SIGMAS) == Verdict::Consistent {
            return;
        }
        let step = sqrt(self.monitor.ratio()).clamp(1.0 / STEP_CEILING, STEP_CEILING);
        let scale = (self.scale * step).min(limits.max).max(limits.min);
        // At a limit the evidence is kept: it goes on telling that the claim is wrong.
        if abs(scale - self.scale) > 0.0 {
            *self = Self { scale, ..Self::CLAIMED };
        }
    }

    /// The factor on variances.
    #[must_use]
    pub const fn scale(&self) -> f64 {
        self.scale
    }

    /// What the sensor's innovations have been since the last move.
    #[must_use]
    pub const fn monitor(&self) -> &SensorMonitor {
        &self.monitor
    }
}

impl Default for NoiseScale {
    fn default() -> Self {
        Self::CLAIMED
    }
}

/// Effective degrees of freedom before which nothing is moved.
const SETTLED_FREEDOM: f64 = 200.0;
/// How far the mean must be out before R is moved, in standard normal deviations. Wider than the band of the verdict:
/// over a day there are many occasions to leave that by chance.
const MOVING_SIGMAS: f64 = 4.5;
/// A single move never changes variances by more than this factor.
const STEP_CEILING: f64 = 2.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::consistency::chi_square_quantile;

    #[test]
    fn they_are_small() {
        assert!(size_of::<TrackMonitor>() <= 24 && size_of::<NoiseScale>() <= 32);
    }

    #[test]
    fn the_cheap_quantiles_are_near_the_true_ones() {
        // A standard normal exceeds 3.5 with probability 2.326e-4.
        let tail = 2.326_291e-4;
        for freedom in [20, 50, 200, 1_000, 4_000] {
            let true_of = |p| chi_square_quantile(p, freedom) / f64::from(freedom);
            let (low, high) = mean_quantiles(f64::from(freedom), 3.5);
            let errors = [low - true_of(tail), high - true_of(1.0 - tail)];
            assert!(errors.iter().all(|error| error.abs() < 0.012), "{freedom}: {errors:?}");
        }
    }

    #[test]
    fn nothing_seen_is_consistent() {
        let new = TrackMonitor::NEW;
        assert_eq!(new.verdict(), Verdict::Consistent);
        assert!((new.ratio() - 1.0).abs() < 1e-15 && new.effective_freedom().abs() < 1e-15);
    }

    #[test]
    fn a_mean_of_equal_updates_is_as_sure_as_their_number() {
        let mut monitor = NisMonitor::<1_000_000>::NEW;
        (0..100).for_each(|_| monitor.handle(3.0, 2, 1.0));
        assert!((monitor.ratio() - 1.5).abs() < 1e-9);
        assert!((monitor.effective_freedom() / 200.0 - 1.0).abs() < 1e-3);
    }

    #[test]
    fn evidence_is_forgotten() {
        let mut monitor = TrackMonitor::NEW;
        (0..1_000).for_each(|_| monitor.handle(2.0, 2, 1.0));
        // A geometric mean over N updates is as sure as 2 N of them.
        assert!((monitor.effective_freedom() - 2.0 * 31.0).abs() < 1.0, "{}", monitor.effective_freedom());
        (0..40).for_each(|_| monitor.handle(10.0, 2, 1.0));
        assert_eq!(monitor.verdict(), Verdict::TooConfident);
        (0..200).for_each(|_| monitor.handle(2.0, 2, 1.0));
        assert_eq!(monitor.verdict(), Verdict::Consistent);
    }

    #[test]
    fn what_is_no_number_or_hardly_believed_moves_nothing() {
        let mut monitor = TrackMonitor::NEW;
        for (nis, weight) in
            [(f64::NAN, 1.0), (f64::INFINITY, 1.0), (-1.0, 1.0), (1.0, f64::NAN), (1.0, -1.0), (9.0, 0.0)]
        {
            monitor.handle(nis, 3, weight);
        }
        assert_eq!(monitor, TrackMonitor::NEW);
    }

    #[test]
    fn limits_that_allow_nothing_leave_r_as_it_is_claimed() {
        let mut scale = NoiseScale::CLAIMED;
        (0..10_000).for_each(|_| scale.handle(50.0, 2, 1.0, 1.0, NoiseLimits::FIXED));
        assert!((scale.scale() - 1.0).abs() < 1e-15);
        assert_eq!(scale.monitor().verdict(), Verdict::TooConfident);
    }
}
