//! How a tracker is set: every number with its unit, defaults for a mix of aircraft and small unmanned ones.

use crate::association::Budget;
use crate::capacity::HISTORY_LOOKS;
use crate::model::constant_velocity::NearlyConstantVelocity;
use crate::time::Span;
use crate::track::height::HeightPrior;

/// The settings of a tracker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackerConfig {
    /// How hard targets manoeuvre.
    pub motion: NearlyConstantVelocity,
    /// Standard deviation of east and north velocity when nothing is known of it, m/s.
    pub velocity_sigma_horizontal_m_s: f64,
    /// Standard deviation of vertical velocity when nothing is known of it, m/s.
    pub velocity_sigma_vertical_m_s: f64,
    /// Height of a target whose height nobody measured.
    pub height_prior: HeightPrior,
    /// P_G: probability that a target's own measurement passes its gate.
    pub gate_probability: f64,
    /// A measurement founds a track if at least this much of it (0 to 1) is explained by no track.
    pub founding_mass: f64,
    /// New targets expected in one scan of a sensor's whole field of view.
    pub new_per_scan: f64,
    /// A track is confirmed by this many hits …
    pub confirm_hits: u32,
    /// … among this many looks, …
    pub confirm_looks: u32,
    /// … if the odds of target against clutter are at least this.
    pub confirm_odds: f64,
    /// A tentative track is dropped once its odds have fallen by this factor from their best.
    pub tentative_odds_fall: f64,
    /// A confirmed track is deleted by this many misses …
    pub delete_misses: u32,
    /// … among this many looks.
    pub delete_looks: u32,
    /// A track is deleted after this long without a measurement.
    pub silence_limit: Span,
    /// The same for a track whose last measurement was a report (a source that says nothing by its silence).
    pub report_silence_limit: Span,
    /// A confirmed track that lives on reports counts as coasted after this long without one.
    pub report_coast_after: Span,
    /// A track is deleted when its horizontal standard deviation exceeds this, m.
    pub horizontal_sigma_limit_m: f64,
    /// Whether transmitted addresses take part in association. Without, they are only reported.
    pub use_identity: bool,
    /// A measurement with a track's own address is believed to be that track's up to this many standard deviations.
    pub address_gate_sigmas: f64,
    /// Two tracks that coincide for this many looks in a row are one.
    pub duplicate_looks: u8,
    /// Work allowed to one joint association.
    pub budget: Budget,
}

impl Default for TrackerConfig {
    fn default() -> Self {
        Self {
            motion: NearlyConstantVelocity { horizontal: 10.0, vertical: 2.0 },
            velocity_sigma_horizontal_m_s: 150.0,
            velocity_sigma_vertical_m_s: 15.0,
            height_prior: HeightPrior { height_m: 0.0, sigma_m: 1_500.0 },
            gate_probability: 0.9995,
            founding_mass: 0.5,
            new_per_scan: 0.5,
            confirm_hits: 3,
            confirm_looks: 5,
            confirm_odds: 10.0,
            tentative_odds_fall: 50.0,
            delete_misses: 5,
            delete_looks: 6,
            silence_limit: Span::from_secs(30),
            report_silence_limit: Span::from_secs(60),
            report_coast_after: Span::from_secs(15),
            horizontal_sigma_limit_m: 2_000.0,
            use_identity: true,
            address_gate_sigmas: 10.0,
            duplicate_looks: 4,
            budget: Budget::default(),
        }
    }
}

/// A setting that makes no sense, by its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// The field of [`TrackerConfig`].
    pub field: &'static str,
    /// What it must be.
    pub must: &'static str,
}

impl core::fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} must be {}", self.field, self.must)
    }
}

impl core::error::Error for ConfigFault {}

impl TrackerConfig {
    /// Checks that the settings make sense together. A tracker runs without panic on any settings, but not to any use.
    ///
    /// # Errors
    /// The first [`ConfigFault`].
    pub fn check(&self) -> Result<(), ConfigFault> {
        let positive = |x: f64| x > 0.0 && x.is_finite();
        let share = |x: f64| x > 0.0 && x < 1.0;
        let window = |hits: u32, looks: u32| hits >= 1 && hits <= looks && looks <= HISTORY_LOOKS;
        let rules = [
            (positive(self.motion.horizontal), "motion.horizontal", "above 0 m²/s³"),
            (positive(self.motion.vertical), "motion.vertical", "above 0 m²/s³"),
            (positive(self.velocity_sigma_horizontal_m_s), "velocity_sigma_horizontal_m_s", "above 0 m/s"),
            (positive(self.velocity_sigma_vertical_m_s), "velocity_sigma_vertical_m_s", "above 0 m/s"),
            (self.height_prior.height_m.is_finite(), "height_prior.height_m", "finite"),
            (positive(self.height_prior.sigma_m), "height_prior.sigma_m", "above 0 m"),
            (share(self.gate_probability) && self.gate_probability >= 0.5, "gate_probability", "in [0.5, 1)"),
            (share(self.founding_mass), "founding_mass", "between 0 and 1"),
            (positive(self.new_per_scan), "new_per_scan", "above 0"),
            (window(self.confirm_hits, self.confirm_looks), "confirm_hits", "1 to confirm_looks, which is at most 64"),
            (positive(self.confirm_odds), "confirm_odds", "above 0"),
            (self.tentative_odds_fall > 1.0, "tentative_odds_fall", "above 1"),
            (window(self.delete_misses, self.delete_looks), "delete_misses", "1 to delete_looks, which is at most 64"),
            (self.silence_limit > Span::ZERO, "silence_limit", "above 0 s"),
            (self.report_silence_limit > Span::ZERO, "report_silence_limit", "above 0 s"),
            (self.report_coast_after > Span::ZERO, "report_coast_after", "above 0 s"),
            (positive(self.horizontal_sigma_limit_m), "horizontal_sigma_limit_m", "above 0 m"),
            (positive(self.address_gate_sigmas), "address_gate_sigmas", "above 0"),
            (self.duplicate_looks >= 1, "duplicate_looks", "at least 1"),
        ];
        rules.into_iter().find(|(holds, ..)| !holds).map_or(Ok(()), |(_, field, must)| Err(ConfigFault { field, must }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_make_sense() {
        assert_eq!(TrackerConfig::default().check(), Ok(()));
    }

    #[test]
    fn a_fault_names_its_field() {
        let config = TrackerConfig { confirm_hits: 6, ..TrackerConfig::default() };
        assert_eq!(config.check().map_err(|fault| fault.field), Err("confirm_hits"));
        let config = TrackerConfig { new_per_scan: f64::NAN, ..TrackerConfig::default() };
        assert_eq!(config.check().map_err(|fault| fault.field), Err("new_per_scan"));
    }
}
