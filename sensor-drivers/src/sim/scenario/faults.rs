//! What goes wrong with a sensor and on its way to the node: clocks, biases, outages, a bad line.

use serde::Deserialize;

/// What goes wrong with one sensor. By default, nothing does.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Faults {
    /// By how much its clock is ahead, seconds; behind, negative.
    pub clock_offset_s: f64,
    /// By how much its clock gains, parts in a million.
    pub clock_drift_ppm: f64,
    /// When its clock jumps, and by how much.
    pub clock_step: Option<ClockStep>,
    /// Added to every range that it measures, metres.
    pub range_bias_m: f64,
    /// Added to every azimuth that it measures, degrees: a badly aligned antenna.
    pub azimuth_bias_deg: f64,
    /// When nothing comes from it.
    pub outages: Vec<Spell>,
    /// Share of its messages that arrive twice, 0 to 1: two networks, or one that repeats.
    pub duplicate_share: f64,
    /// How long after the first the second arrives, milliseconds.
    pub duplicate_after_ms: f64,
    /// Share of its messages that arrive late, 0 to 1.
    pub reorder_share: f64,
    /// By how much at the most, seconds.
    pub reorder_by_s: f64,
    /// Share of its messages before which noise arrives, 0 to 1.
    pub garbage_share: f64,
    /// Share of its messages of which only the beginning arrives, 0 to 1.
    pub truncated_share: f64,
}

/// A jump of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ClockStep {
    /// When, seconds from the start of the scenario.
    pub at_s: f64,
    /// By how much, seconds; back, negative.
    pub by_s: f64,
}

/// A stretch of time, seconds from the start of the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Spell {
    /// From when on.
    pub from_s: f64,
    /// Until when.
    pub to_s: f64,
}

impl Spell {
    /// Whether a moment lies in it: its beginning does, its end does not.
    #[must_use]
    pub fn holds(&self, seconds: f64) -> bool {
        (self.from_s..self.to_s).contains(&seconds)
    }
}
