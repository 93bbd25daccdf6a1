//! What is taken off a sensor's measurements: only what is known, and only while it is.
//!
//! A bias is corrected once it is several sigmas away from none, after enough pairs of enough objects, and when the
//! estimate has come to rest: what it was some pairs ago must agree with what it is. It stays corrected until it is
//! hardly distinguishable from none, so that nothing flaps. What is left in either case is the sigma, which whoever
//! corrects has to consider ([`consider`](crate::filter::consider)).

use super::{BIASES, Biases};

/// When a bias is corrected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CorrectionRules {
    /// Pairs at the least.
    pub pairs_min: u32,
    /// Objects at the least.
    pub targets_min: u32,
    /// Sigmas that it has to be away from none.
    pub sigmas_begin: f64,
    /// Sigmas below which it is corrected no more.
    pub sigmas_end: f64,
    /// Sigmas above which a bias is not known, whatever it is.
    pub known_max: [f64; BIASES],
}

impl CorrectionRules {
    /// A bias four times its sigma, of thirty pairs of three objects; known is what is known to 60 m, 0.3°, 0.3 s.
    pub const CAREFUL: Self =
        Self { pairs_min: 30, targets_min: 3, sigmas_begin: 4.0, sigmas_end: 2.0, known_max: [60.0, 0.005, 0.3, 0.0] };
}

/// What is corrected of one sensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correction {
    rules: CorrectionRules,
    /// To be taken off what the sensor says.
    biases: [Option<f64>; BIASES],
    before: Option<Biases>,
    stable: [bool; BIASES],
    settled: [bool; BIASES],
}

impl Correction {
    /// Nothing is corrected yet.
    #[must_use]
    pub const fn new(rules: CorrectionRules) -> Self {
        Self { rules, biases: [None; BIASES], before: None, stable: [false; BIASES], settled: [false; BIASES] }
    }

    /// What is to be taken off, by bias: range, azimuth, time, range per range. `None` is left as it is.
    #[must_use]
    pub const fn biases(&self) -> &[Option<f64>; BIASES] {
        &self.biases
    }

    /// Which biases are known and at rest, whether there is anything to take off or not.
    #[must_use]
    pub const fn settled(&self) -> &[bool; BIASES] {
        &self.settled
    }

    /// Follows the estimate.
    pub fn handle_estimate(&mut self, now: &Biases) {
        match self.before {
            Some(before) if now.pairs >= before.pairs + AT_REST_PAIRS => {
                // What came since is part of both, so their difference is no larger than the sigma there was.
                let moved = |k: usize| (now.mean[k] - before.mean[k]).abs();
                self.stable = core::array::from_fn(|k| moved(k) <= AT_REST_SIGMAS * before.sigma(k));
                self.before = Some(*now);
            }
            Some(before) if now.pairs >= before.pairs => {}
            Some(_) | None => {
                self.stable = [false; BIASES];
                self.before = Some(*now);
            }
        }
        let enough = now.pairs >= self.rules.pairs_min && now.targets >= self.rules.targets_min;
        for k in 0..BIASES {
            let limit = if self.biases[k].is_some() { self.rules.sigmas_end } else { self.rules.sigmas_begin };
            let known = now.sigma(k) > 0.0 && now.mean[k].abs() > limit * now.sigma(k);
            self.biases[k] = (enough && known && self.stable[k]).then_some(now.mean[k]);
            self.settled[k] = enough && self.stable[k] && now.sigma(k) <= self.rules.known_max[k];
        }
    }
}

/// Pairs between two looks at whether the estimate has come to rest.
const AT_REST_PAIRS: u32 = 10;
/// How far it may have moved meanwhile.
const AT_REST_SIGMAS: f64 = 2.0;

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::SMatrix;

    fn known(azimuth: f64, sigma: f64, pairs: u32) -> Biases {
        let mut covariance = SMatrix::zeros();
        covariance[(1, 1)] = sigma * sigma;
        Biases { mean: [0.0, azimuth, 0.0, 0.0], covariance, pairs, targets: 5 }
    }

    fn followed(estimates: &[Biases]) -> Option<f64> {
        let mut correction = Correction::new(CorrectionRules::CAREFUL);
        estimates.iter().for_each(|biases| correction.handle_estimate(biases));
        correction.biases()[1]
    }

    #[test]
    fn a_bias_is_corrected_when_it_is_known_and_at_rest() {
        assert_eq!(followed(&[known(0.026, 0.002, 20), known(0.026, 0.001, 40)]), Some(0.026));
    }

    #[test]
    fn what_is_uncertain_or_moving_or_of_few_pairs_is_left_alone() {
        assert_eq!(followed(&[known(0.026, 0.02, 20), known(0.026, 0.02, 40)]), None);
        assert_eq!(followed(&[known(0.026, 0.002, 20), known(0.036, 0.001, 40)]), None);
        assert_eq!(followed(&[known(0.026, 0.002, 5), known(0.026, 0.001, 20)]), None);
    }

    #[test]
    fn a_bias_of_none_is_settled_too_and_one_that_is_hardly_known_is_not() {
        let settled = |azimuth, sigma| {
            let mut correction = Correction::new(CorrectionRules::CAREFUL);
            let estimates = [known(azimuth, 2.0 * sigma, 20), known(azimuth, sigma, 40)];
            estimates.iter().for_each(|biases| correction.handle_estimate(biases));
            correction.settled()[1]
        };
        assert!(settled(0.0, 0.001) && settled(0.026, 0.001) && !settled(0.026, 0.01));
    }

    #[test]
    fn a_correction_stays_until_the_bias_is_hardly_one() {
        let found = [known(0.026, 0.002, 20), known(0.026, 0.001, 40)];
        let weaker = known(0.025, 0.009, 41);
        assert_eq!(followed(&[found[0], found[1], weaker]), Some(0.025));
        assert_eq!(followed(&[found[0], weaker]), None);
        assert_eq!(followed(&[found[0], found[1], known(0.025, 0.02, 41)]), None);
    }

    #[test]
    fn an_estimate_that_begins_anew_ends_its_corrections() {
        let found = [known(0.026, 0.002, 20), known(0.026, 0.001, 40)];
        assert_eq!(followed(&[found[0], found[1], known(0.0, 0.05, 0)]), None);
    }
}
