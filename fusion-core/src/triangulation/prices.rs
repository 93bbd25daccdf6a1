//! Prices of lines such that no set is worth more than its lines: then no packing is worth more than all of them.
//!
//! The lowest such prices are the dual of set packing without its integers. Subgradient steps come near to them
//! (Held, Wolfe & Crowder, "Validation of subgradient optimization", Mathematical Programming 6, 1974): the price of a
//! line that several sets want rises, that of one that none wants sinks. Then prices are raised to where they hold, and
//! sink in turn as far as each can.

use super::LINES_MAX;
use super::growth::Candidate;
use super::packing::lines;

/// A price for each line; nought for those that no set has.
pub(super) type Prices = [f64; LINES_MAX];

/// Prices for a cluster, from nothing.
pub(super) fn relaxed(candidates: &mut [Candidate], cluster: u128, prices: &mut Prices) {
    for set in candidates.iter().filter(|c| is_in(c, cluster)) {
        let share = set.score / f64::from(set.count());
        lines(set.mask).for_each(|line| prices[line] = prices[line].max(share));
    }
    let (mut tried, mut lowest, mut pace) = (*prices, lines(cluster).fold(0.0, |sum, l| sum + prices[l]), 0.1);
    let mut idle = 0;
    for _ in 0..STEPS {
        let Slope { worth, slope } = Slope::at(candidates, cluster, &tried);
        idle += 1;
        if worth < lowest {
            (lowest, *prices, idle) = (worth, tried, 0);
        } else if idle % PATIENCE == 0 {
            pace *= 0.5;
        }
        let steepness = lines(cluster).fold(0.0, |sum, l| sum + slope[l] * slope[l]);
        if steepness == 0.0 {
            break;
        }
        let step = pace * worth / steepness;
        lines(cluster).for_each(|l| tried[l] = (tried[l] - step * slope[l]).max(0.0));
    }
    raise(candidates, cluster, prices);
    cheapened(candidates, cluster, prices);
}

/// Steps of the subgradient.
const STEPS: u32 = 200;
/// Steps without gain after which they become shorter.
const PATIENCE: u32 = 5;

/// What prices are worth as a bound, and how that changes with each.
struct Slope {
    /// Σ prices + Σ of what sets are worth beyond them.
    worth: f64,
    slope: Prices,
}

impl Slope {
    fn at(candidates: &[Candidate], cluster: u128, prices: &Prices) -> Self {
        let mut slope: Prices = [0.0; LINES_MAX];
        let mut worth = 0.0;
        for line in lines(cluster) {
            slope[line] = 1.0;
            worth += prices[line];
        }
        for set in candidates.iter().filter(|c| is_in(c, cluster)) {
            let beyond = lines(set.mask).fold(set.score, |sum, line| sum - prices[line]);
            if beyond > 0.0 {
                worth += beyond;
                lines(set.mask).for_each(|line| slope[line] -= 1.0);
            }
        }
        lines(cluster).filter(|line| prices[*line] <= 0.0).for_each(|line| slope[line] = slope[line].min(0.0));
        Self { worth, slope }
    }
}

/// Raises prices until no set is worth more than its lines.
fn raise(candidates: &[Candidate], cluster: u128, prices: &mut Prices) {
    for set in candidates.iter().filter(|c| is_in(c, cluster)) {
        let beyond = lines(set.mask).fold(set.score, |sum, line| sum - prices[line]);
        let part = beyond.max(0.0) / f64::from(set.count());
        lines(set.mask).for_each(|line| prices[line] += part);
    }
}

/// Lets prices that hold sink in turn, little at first, so that the first in order do not take all there is to take.
pub(super) fn cheapened(candidates: &mut [Candidate], cluster: u128, prices: &mut Prices) {
    for set in candidates.iter_mut().filter(|c| is_in(c, cluster)) {
        set.slack = lines(set.mask).fold(-set.score, |sum, line| sum + prices[line]);
    }
    for part in [0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.0] {
        for line in lines(cluster) {
            let touched = |c: &&mut Candidate| c.mask >> line & 1 == 1 && is_in(c, cluster);
            let least = candidates.iter_mut().filter(touched).fold(prices[line], |least, set| least.min(set.slack));
            let step = part * least.max(0.0);
            prices[line] -= step;
            candidates.iter_mut().filter(touched).for_each(|set| set.slack -= step);
        }
    }
}

const fn is_in(candidate: &Candidate, cluster: u128) -> bool {
    !candidate.barred && candidate.mask & !cluster == 0
}
