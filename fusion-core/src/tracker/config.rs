//! How a tracker is set: every number with its unit, defaults for a mix of aircraft and small unmanned ones.

use crate::association::Budget;
use crate::capacity::HISTORY_LOOKS;
use crate::filter::linearise::Linearisation;
use crate::model::constant_velocity::NearlyConstantVelocity;
use crate::model::motion::MotionSet;
use crate::time::Span;
use crate::track::History;
use crate::track::height::HeightPrior;

/// The settings of a tracker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackerConfig {
    /// How a target moves of which little is known yet, and any target if nothing else is said.
    pub motion: NearlyConstantVelocity,
    /// The ways in which a confirmed target may move.
    pub motions: Option<MotionSet>,
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
    /// Mean time that a target stays in view.
    pub lifetime: Span,
    /// A track is confirmed when it exists at least this probably, …
    pub confirm_existence: f64,
    /// … and deleted when less probably than this: a confirmed track …
    pub delete_existence: f64,
    /// … and a tentative one, unless it began as improbable as that: then by what it has lost since.
    pub prune_existence: f64,
    /// What a track must show beside its probability of existence.
    pub looks: Option<LooksRule>,
    /// κ: the power to which the weights of confirmed tracks are raised when their states are updated. One is JPDA,
    /// whose close tracks grow together; the higher, the nearer to the single best assignment.
    pub sharpness: u8,
    /// A track is deleted after this long without a measurement.
    pub silence_limit: Span,
    /// The same for a track whose last measurement was a report (a source that says nothing by its silence).
    pub report_silence_limit: Span,
    /// A confirmed track that lives on reports counts as coasted after this long without one.
    pub report_coast_after: Span,
    /// A track is deleted when its horizontal standard deviation exceeds this, m.
    pub horizontal_sigma_limit_m: f64,
    /// Nothing whose bearing is taken is nearer than this, m.
    pub nearest_emitter_m: f64,
    /// Whether transmitted addresses take part in association. Without, they are only reported.
    pub use_identity: bool,
    /// A measurement with a track's own address is believed to be that track's up to this many standard deviations.
    pub address_gate_sigmas: f64,
    /// Two tracks that coincide for this many looks in a row are one.
    pub duplicate_looks: u8,
    /// Work allowed to one joint association.
    pub budget: Budget,
    /// How measurement models are made linear.
    pub filter: Linearisation,
}

/// M of N: a track is confirmed by M hits among its first N looks, and deleted by K misses among its last L. The rule
/// works beside the probability of existence, for those whose procedures ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LooksRule {
    /// M.
    pub confirm_hits: u32,
    /// N.
    pub confirm_looks: u32,
    /// K.
    pub delete_misses: u32,
    /// L.
    pub delete_looks: u32,
}

impl LooksRule {
    /// Whether these looks end a track.
    #[must_use]
    pub fn ends(&self, confirmed: bool, history: &History) -> bool {
        if confirmed {
            return history.misses(self.delete_looks) >= self.delete_misses;
        }
        let left = self.confirm_looks.saturating_sub(history.looks());
        history.hits(self.confirm_looks) + left < self.confirm_hits
    }
}

/// Largest κ. No counter: a setting.
pub const SHARPNESS_MAX: u8 = 8;

impl Default for TrackerConfig {
    fn default() -> Self {
        Self {
            motion: NearlyConstantVelocity { horizontal: 10.0, vertical: 2.0 },
            motions: None,
            velocity_sigma_horizontal_m_s: 150.0,
            velocity_sigma_vertical_m_s: 15.0,
            height_prior: HeightPrior { height_m: 0.0, sigma_m: 1_500.0 },
            gate_probability: 0.9995,
            founding_mass: 0.2,
            new_per_scan: 0.1,
            lifetime: Span::from_secs(600),
            confirm_existence: 0.99,
            delete_existence: 0.01,
            prune_existence: 3e-4,
            looks: None,
            sharpness: 3,
            silence_limit: Span::from_secs(30),
            report_silence_limit: Span::from_secs(60),
            report_coast_after: Span::from_secs(15),
            horizontal_sigma_limit_m: 2_000.0,
            nearest_emitter_m: 500.0,
            use_identity: true,
            address_gate_sigmas: 10.0,
            duplicate_looks: 4,
            budget: Budget::default(),
            filter: Linearisation::Auto,
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
        let looks = self.looks;
        let ordered = self.prune_existence <= self.delete_existence && self.delete_existence < self.confirm_existence;
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
            (self.lifetime > Span::ZERO, "lifetime", "above 0 s"),
            (share(self.confirm_existence), "confirm_existence", "between 0 and 1"),
            (ordered, "delete_existence", "from prune_existence to below confirm_existence"),
            (share(self.prune_existence), "prune_existence", "between 0 and 1"),
            (
                looks.is_none_or(|l| window(l.confirm_hits, l.confirm_looks)),
                "confirm_hits",
                "1 to confirm_looks, at most 64",
            ),
            (
                looks.is_none_or(|l| window(l.delete_misses, l.delete_looks)),
                "delete_misses",
                "1 to delete_looks, at most 64",
            ),
            ((1..=SHARPNESS_MAX).contains(&self.sharpness), "sharpness", "1 to 8"),
            (self.silence_limit > Span::ZERO, "silence_limit", "above 0 s"),
            (self.report_silence_limit > Span::ZERO, "report_silence_limit", "above 0 s"),
            (self.report_coast_after > Span::ZERO, "report_coast_after", "above 0 s"),
            (positive(self.horizontal_sigma_limit_m), "horizontal_sigma_limit_m", "above 0 m"),
            (positive(self.nearest_emitter_m), "nearest_emitter_m", "above 0 m"),
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
        let looks = Some(LooksRule { confirm_hits: 6, confirm_looks: 5, delete_misses: 5, delete_looks: 6 });
        let config = TrackerConfig { looks, ..TrackerConfig::default() };
        assert_eq!(config.check().map_err(|fault| fault.field), Err("confirm_hits"));
        let config = TrackerConfig { new_per_scan: f64::NAN, ..TrackerConfig::default() };
        assert_eq!(config.check().map_err(|fault| fault.field), Err("new_per_scan"));
    }
}
