//! Balancing: rescales rows and columns by powers of two so that the best joint event has a weight near one.
//!
//! Multiplying every weight of a row, or of a column, including the weight of staying single, by a constant multiplies
//! all joint events alike and changes no marginal. Weights that span more than a double (one track certain to
//! 10³⁰⁰, its neighbour to 10⁻³⁰⁰) are brought into range this way, exactly, since powers of two do not round.
//!
//! The factors are the dual prices of the best assignment, found by auction (Bertsekas 1988) over binary exponents: a
//! track bids for the measurement it values most, above the value of its second choice by at least [`BID`] octaves. At
//! the end every scaled weight is at most about one, a measurement nobody wanted has price zero, and an optimal joint
//! event keeps a weight of at least 2^−[`BID`] per track; whatever then underflows is negligible beside it. Prices that
//! stop short of the end (after [`BIDS_MAX`] bids) are still a valid scaling, only a less helpful one.

use super::graph::{Graph, Side};
use super::workspace::Carver;
use super::{NONE, word};

/// Least bid above the second choice, in octaves: coarse, since only the range matters.
const BID: i32 = 4;

/// Most bids for one cluster; reached only by large clusters with contradictory certainties. If the prices so far do
/// not bring the weights into range, the cluster is left to belief propagation. Counter: `Outcome::belief`.
const BIDS_MAX: usize = 1 << 16;

/// Octaves that the entries of a table may span: below the 1022 of a normal double by a margin for the sums.
const OCTAVES: u32 = 800;

impl Graph<'_> {
    /// Prepares the weights of the core for tables over at most `width` vertices. `ratios` says whether the weights
    /// are ratios already, else they are as given. Returns whether they had to be balanced.
    pub(super) fn prepare(&mut self, ratios: bool, width: u32, auction: &mut Auction<'_>) -> bool {
        let (rows, columns) = (self.rows.len(), self.columns.len());
        self.columns.single[..columns].fill(1.0);
        if ratios {
            self.rows.single[..rows].fill(1.0);
            let peak = self.divide_by_outside();
            if fits(peak, rows.max(columns), width) {
                return false;
            }
        } else {
            self.rows.single[..rows].copy_from_slice(&self.folded[..rows]);
        }
        auction.run(self.rows.side(), columns, self.weight);
        self.apply(auction);
        true
    }

    /// Makes the ratios of the core relative to the folded vertices; returns the largest.
    fn divide_by_outside(&mut self) -> f64 {
        let mut peak = 1.0;
        for row in 0..self.rows.len() {
            for place in self.rows.side().places(row) {
                let (link, column) = (self.rows.link[place] as usize, self.rows.mate[place] as usize);
                let ratio = self.weight[link] / self.rows.outside[row] / self.columns.outside[column];
                self.weight[link] = ratio;
                peak = f64::max(peak, ratio);
            }
        }
        peak
    }

    fn apply(&mut self, auction: &Auction<'_>) {
        for row in 0..self.rows.len() {
            let profit = auction.profit(self.rows.side(), row, self.weight);
            self.rows.single[row] = lower(self.rows.single[row], profit);
            for place in self.rows.side().places(row) {
                let (link, column) = (self.rows.link[place] as usize, self.rows.mate[place] as usize);
                self.weight[link] = lower(self.weight[link], profit + auction.price[column].cast_signed());
            }
        }
        for column in 0..self.columns.len() {
            self.columns.single[column] = lower(1.0, auction.price[column].cast_signed());
        }
    }
}

/// Whether tables over `width` vertices stay in range when no ratio exceeds `peak`.
///
/// An entry is at least (1 + Σρ)^−width of its table's peak, with at most `vertices` terms in the sum.
fn fits(peak: f64, vertices: usize, width: u32) -> bool {
    let octaves = exponent(peak).unsigned_abs() + vertices.ilog2() + 2;
    width * octaves <= OCTAVES
}

/// An auction: memory. By column its price in octaves and the row that holds it; the rows that hold nothing yet.
pub(super) struct Auction<'a> {
    price: &'a mut [u32],
    holder: &'a mut [u32],
    waiting: &'a mut [u32],
}

impl<'a> Auction<'a> {
    pub(super) fn carve(carver: &mut Carver<'a>, rows: usize, columns: usize) -> Option<Self> {
        Some(Self { price: carver.words(columns)?, holder: carver.words(columns)?, waiting: carver.words(rows)? })
    }

    /// Finds prices.
    fn run(&mut self, rows: Side<'_>, columns: usize, weight: &[f64]) {
        self.price[..columns].fill(0);
        self.holder[..columns].fill(NONE);
        let mut left = rows.len();
        for (row, slot) in self.waiting[..left].iter_mut().enumerate() {
            *slot = word(row);
        }
        for _ in 0..BIDS_MAX {
            if left == 0 {
                return;
            }
            let outbid = self.bid(rows, self.waiting[left - 1], weight);
            if outbid == NONE {
                left -= 1;
            } else {
                self.waiting[left - 1] = outbid;
            }
        }
    }

    /// Lets a row bid for its first choice; returns the row that loses it, if any.
    fn bid(&mut self, rows: Side<'_>, row: u32, weight: &[f64]) -> u32 {
        let (mut best, mut first, mut second) = (None, exponent(rows.single[row as usize]), i32::MIN / 2);
        for place in rows.places(row as usize) {
            let column = rows.mate(place);
            let value = exponent(weight[rows.link(place)]) - self.price[column].cast_signed();
            if value > first {
                (best, first, second) = (Some(column), value, first);
            } else {
                second = second.max(value);
            }
        }
        let Some(column) = best else { return NONE };
        self.price[column] += (first - second + BID).unsigned_abs();
        core::mem::replace(&mut self.holder[column], row)
    }

    /// What a row can gain at these prices: the octaves to take off its weights.
    fn profit(&self, rows: Side<'_>, row: usize, weight: &[f64]) -> i32 {
        let values = rows
            .places(row)
            .map(|place| exponent(weight[rows.link(place)]) - self.price[rows.mate(place)].cast_signed());
        values.fold(exponent(rows.single[row]), i32::max)
    }
}

/// ⌊log₂ x⌋ of a positive normal number.
pub(super) const fn exponent(x: f64) -> i32 {
    ((x.to_bits() >> 52) & 0x7ff) as i32 - 1023
}

/// x · 2^−`octaves`, exact unless it leaves the range of a double.
pub(super) fn lower(x: f64, octaves: i32) -> f64 {
    let step = octaves.clamp(-1000, 1000);
    let rest = octaves - step;
    let shifted = x * power_of_two(-step);
    if rest == 0 { shifted } else { lower(shifted, rest) }
}

/// 2^`exponent` for −1022 ≤ `exponent` ≤ 1023.
const fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023).cast_unsigned() as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_its_exponent_times_something_between_one_and_two() {
        for x in [1.0, 1.999, 2.0, 0.75, 1e300, 3e-300, f64::MIN_POSITIVE] {
            let m = lower(x, exponent(x));
            assert!((1.0..2.0).contains(&m), "{x}");
        }
    }

    #[test]
    fn lowering_is_exact_in_range_and_zero_far_below_it() {
        assert!((lower(3.0, 2) - 0.75).abs() < 1e-300);
        assert!((lower(1.5, 1005) - 1.5 * f64::MIN_POSITIVE * 131_072.0).abs() <= 0.0);
        assert!(lower(1e300, 3000) <= 0.0);
    }

    #[test]
    fn tables_fit_while_their_entries_stay_in_range() {
        assert!(fits(1e20, 10, 10));
        assert!(!fits(1e30, 10, 10));
        assert!(fits(1e200, 10, 1));
        assert!(!fits(f64::INFINITY, 10, 1));
    }
}
