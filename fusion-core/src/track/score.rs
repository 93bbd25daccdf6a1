//! The score of a track: how much better "there is a target" explains its looks than "there is only clutter".
//!
//! A cumulative log-likelihood ratio (Blackman & Popoli, *Design and Analysis of Modern Tracking Systems* (1999),
//! §6.2). It begins at the odds that a founding measurement is a new target, and each look multiplies the odds by the
//! ratio of the evidence with this track to the evidence without it. In joint association that ratio needs no extra
//! work: it is (weight of a miss) / (probability of a miss), because the joint events that miss the track are exactly
//! those of the picture without it.

use crate::maths::ln;

/// Natural logarithm of the odds of target against clutter, and the best it ever was.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Score {
    log_odds: f64,
    peak: f64,
}

/// Evidence of one look counts no more than this, so that no single measurement settles a track's fate.
const LOOK_EVIDENCE: f64 = 20.0;

impl Score {
    /// The odds that an unexplained measurement is a new target: new targets expected in a scan, against false
    /// measurements expected in it; never better than even, because one measurement proves nothing.
    #[must_use]
    pub fn founding(new_per_scan: f64, clutter_per_scan: f64) -> Self {
        let log_odds = ln(new_per_scan / clutter_per_scan).clamp(-LOOK_EVIDENCE, 0.0);
        Self { log_odds, peak: log_odds }
    }

    /// Takes in one look that covered the track or gave it measurements.
    pub fn look(&mut self, missed_weight: f64, missed_probability: f64) {
        let evidence = ln(missed_weight / missed_probability.max(f64::MIN_POSITIVE));
        self.log_odds += evidence.clamp(-LOOK_EVIDENCE, LOOK_EVIDENCE);
        self.peak = self.peak.max(self.log_odds);
    }

    /// ln odds.
    #[must_use]
    pub const fn log_odds(self) -> f64 {
        self.log_odds
    }

    /// How far ln odds have fallen from their best.
    #[must_use]
    pub const fn fall(self) -> f64 {
        self.peak - self.log_odds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_measurement_among_much_clutter_is_hardly_believed() {
        assert!((Score::founding(1.0, 100.0).log_odds() + ln(100.0)).abs() < 1e-12);
        assert!(Score::founding(1.0, 0.001).log_odds().abs() < 1e-12);
    }

    #[test]
    fn a_lone_track_gains_the_likelihood_ratio_of_its_measurement() {
        // Weights: missed 0.1, measured 45. Evidence 45.1 against 1.
        let mut score = Score::default();
        score.look(0.1, 0.1 / 45.1);
        assert!((score.log_odds() - ln(45.1)).abs() < 1e-12);
    }

    #[test]
    fn a_miss_costs_what_it_was_unlikely() {
        let mut score = Score::default();
        score.look(0.1, 1.0);
        assert!((score.log_odds() - ln(0.1)).abs() < 1e-12 && (score.fall() - ln(10.0)).abs() < 1e-12);
    }

    #[test]
    fn impossible_numbers_leave_a_finite_score() {
        let mut score = Score::founding(1.0, f64::INFINITY);
        score.look(1.0, 0.0);
        assert!(score.log_odds().is_finite());
    }
}
