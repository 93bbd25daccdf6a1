//! Loopy belief propagation: approximate marginals of one cluster in bounded time.
//!
//! J. L. Williams and R. A. Lau, "Approximate evaluation of marginal association probabilities with belief
//! propagation", IEEE Transactions on Aerospace and Electronic Systems 50(4), 2014. With n_i and m_j the weights of
//! staying single,
//!
//! μ_ij = w_ij / (n_i + Σ_{k≠j} w_ik ν_ik) (row i to column j: "so much I want you"),
//! ν_ij = 1 / (m_j + Σ_{l≠i} μ_lj) (column j to row i: "so free I am"),
//! β_ij = w_ij ν_ij / (n_i + Σ_k w_ik ν_ik).
//!
//! On a tree this is exact. On loops the iteration contracts (loc. cit.), without any damping, to marginals that favour
//! the favourite too much. It ends when no message changes any more, or after a fixed number of sweeps; what is then
//! inconsistent is resolved on the side of caution: a column claimed by more than one measurement's worth has the
//! claims scaled down, and the tracks keep the rest as "missed".

use super::Budget;
use super::graph::Side;
use super::workspace::Carver;

/// Relative change of a message below which it has settled.
const SETTLED: f64 = 1e-10;

/// Messages are kept below this, so that a sum of products of two stays finite.
const MESSAGE_MOST: f64 = 1e150;

/// One cluster, prepared.
pub(super) struct Belief<'e> {
    pub(super) rows: Side<'e>,
    pub(super) columns: Side<'e>,
    pub(super) weight: &'e [f64],
}

/// The messages μ and ν, by link: memory.
pub(super) struct Messages<'a> {
    mu: &'a mut [f64],
    nu: &'a mut [f64],
}

impl<'a> Messages<'a> {
    pub(super) fn carve(carver: &mut Carver<'a>, edges: usize) -> Option<Self> {
        Some(Self { mu: carver.reals(edges)?, nu: carver.reals(edges)? })
    }
}

impl Belief<'_> {
    /// Estimates β of every link.
    pub(super) fn run(&self, budget: &Budget, messages: &mut Messages<'_>, beta: &mut [f64]) {
        for column in 0..self.columns.len() {
            for link in self.columns.links(column) {
                messages.nu[link] = ratio(1.0, self.columns.single[column]);
            }
        }
        let damping = if budget.damping > 0.0 { budget.damping.min(1.0) } else { 0.0 };
        for _ in 0..budget.sweeps {
            self.ask(messages);
            if self.answer(damping, messages, beta) {
                break;
            }
        }
        self.conclude(messages, beta);
        self.respect_columns(beta);
    }

    /// Rows to columns. A sum without one term is made of the sum before it and the sum after it: a difference would
    /// cancel.
    fn ask(&self, messages: &mut Messages<'_>) {
        for row in 0..self.rows.len() {
            let mut before = self.rows.single[row];
            for link in self.rows.links(row) {
                messages.mu[link] = before;
                before += self.weight[link] * messages.nu[link];
            }
            let mut after = 0.0;
            for link in self.rows.links(row).rev() {
                messages.mu[link] = ratio(self.weight[link], messages.mu[link] + after);
                after += self.weight[link] * messages.nu[link];
            }
        }
    }

    /// Columns to rows; `before` is memory. Returns whether all messages have settled.
    fn answer(&self, damping: f64, messages: &mut Messages<'_>, before: &mut [f64]) -> bool {
        let mut settled = true;
        for column in 0..self.columns.len() {
            let mut sum = self.columns.single[column];
            for link in self.columns.links(column) {
                before[link] = sum;
                sum += messages.mu[link];
            }
            let mut after = 0.0;
            for link in self.columns.links(column).rev() {
                let old = messages.nu[link];
                let new = damping * old + (1.0 - damping) * ratio(1.0, before[link] + after);
                settled &= (new - old).abs() <= SETTLED * new;
                messages.nu[link] = new;
                after += messages.mu[link];
            }
        }
        settled
    }

    fn conclude(&self, messages: &Messages<'_>, beta: &mut [f64]) {
        for row in 0..self.rows.len() {
            let claim = |link: usize| self.weight[link] * messages.nu[link];
            let total = self.rows.single[row] + self.rows.links(row).map(claim).sum::<f64>();
            self.rows.links(row).for_each(|link| beta[link] = ratio(claim(link), total).min(1.0));
        }
    }

    fn respect_columns(&self, beta: &mut [f64]) {
        for column in 0..self.columns.len() {
            let claimed: f64 = self.columns.links(column).map(|link| beta[link]).sum();
            if claimed > 1.0 {
                self.columns.links(column).for_each(|link| beta[link] /= claimed);
            }
        }
    }
}

/// x / y for x, y ≥ 0, never NaN and never above [`MESSAGE_MOST`].
fn ratio(x: f64, y: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { (x / y).min(MESSAGE_MOST) }
}
