//! What a scoring run is asked to do.

use core::fmt;

use serde::Serialize;

use super::gospa::Cut;
use super::order::Order;
use super::point::Dimensions;

/// The parameters of a score. They are part of its result: a figure without them means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Params {
    /// Whether height counts.
    pub dimensions: Dimensions,
    /// p and c of GOSPA; α is 2.
    pub gospa: Cut,
    /// γ of T-GOSPA: what a change of track number costs, metres; its p and c are those of GOSPA.
    pub switch_m: f64,
    /// p and c of OSPA.
    pub ospa: Cut,
    /// How near a track must be to a truth for SIAP and identity, metres.
    pub gate_m: f64,
    /// Whether tentative tracks count like confirmed ones.
    pub count_tentative: bool,
    /// Seconds from one scoring instant to the next. In-process too: every frame stands for so much time.
    pub interval_s: f64,
    /// Files only: truth is interpolated between samples up to this far apart; where they are farther apart, or before
    /// the first and after the last, the object is not there.
    pub truth_gap_s: f64,
    /// Files only: a track that has neither been updated nor deleted for longer than this is taken to be gone.
    pub coast_limit_s: f64,
    /// Files only: NEES takes a track's covariance, carried forward without process noise, up to this age.
    pub nees_age_s: f64,
}

impl Default for Params {
    fn default() -> Self {
        let cut = Cut { order: Order::TWO, cutoff_m: 100.0 };
        Self {
            dimensions: Dimensions::Horizontal,
            gospa: cut,
            switch_m: SWITCH_SHARE * cut.cutoff_m,
            ospa: cut,
            gate_m: 100.0,
            count_tentative: false,
            interval_s: 1.0,
            truth_gap_s: 10.0,
            coast_limit_s: 30.0,
            nees_age_s: 1.0,
        }
    }
}

/// What part of the cut-off c a switch costs in T-GOSPA, where nothing else is asked for: as in the examples of the
/// paper, c = 10 and γ = 2.
pub const SWITCH_SHARE: f64 = 0.2;

/// A parameter that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParamFault {
    /// Which one.
    pub name: &'static str,
    /// What it was.
    pub value: f64,
    /// The least and the greatest that make sense.
    pub range: [f64; 2],
}

impl fmt::Display for ParamFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [least, greatest] = self.range;
        write!(f, "score parameter {} = {}: choose a number from {least} to {greatest}", self.name, self.value)
    }
}

impl core::error::Error for ParamFault {}

/// From a millimetre to half way round the earth.
const DISTANCE_RANGE_M: [f64; 2] = [1e-3, 2e7];
/// From nothing to half way round the earth.
const SWITCH_RANGE_M: [f64; 2] = [0.0, 2e7];
/// From a millisecond to a day.
const INTERVAL_RANGE_S: [f64; 2] = [1e-3, 86_400.0];
/// From none to an hour: what lies within is held in memory.
const SPAN_RANGE_S: [f64; 2] = [0.0, 3600.0];

impl Params {
    /// The widest distance that any metric looks at, metres.
    pub(super) fn reach_m(&self) -> f64 {
        self.gospa.cutoff_m.max(self.ospa.cutoff_m).max(self.gate_m)
    }

    /// Refuses what makes no sense.
    pub(super) fn check(&self) -> Result<(), ParamFault> {
        let all = [
            ("gospa.cutoff_m", self.gospa.cutoff_m, DISTANCE_RANGE_M),
            ("switch_m", self.switch_m, SWITCH_RANGE_M),
            ("ospa.cutoff_m", self.ospa.cutoff_m, DISTANCE_RANGE_M),
            ("gate_m", self.gate_m, DISTANCE_RANGE_M),
            ("interval_s", self.interval_s, INTERVAL_RANGE_S),
            ("truth_gap_s", self.truth_gap_s, SPAN_RANGE_S),
            ("coast_limit_s", self.coast_limit_s, SPAN_RANGE_S),
            ("nees_age_s", self.nees_age_s, SPAN_RANGE_S),
        ];
        let bad = all.into_iter().find(|(_, value, [least, greatest])| !(least..=greatest).contains(&value));
        bad.map_or(Ok(()), |(name, value, range)| Err(ParamFault { name, value, range }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_makes_sense() {
        assert_eq!(Params::default().check(), Ok(()));
    }

    #[test]
    fn a_parameter_that_makes_no_sense_is_named_with_its_range() {
        let fault = Params { interval_s: 0.0, ..Params::default() }.check().expect_err("zero seconds");
        assert_eq!(fault.to_string(), "score parameter interval_s = 0: choose a number from 0.001 to 86400");
        let not_a_number = Params { gate_m: f64::NAN, ..Params::default() };
        assert_eq!(not_a_number.check().expect_err("NaN").name, "gate_m");
    }
}
