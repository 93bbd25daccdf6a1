//! Loopy belief propagation: approximate marginals of one cluster in bounded time.
//!
//! J. L. Williams, R. A. Lau, "Approximate evaluation of marginal association probabilities with belief propagation",
//! IEEE Trans. Aerospace and Electronic Systems 50(4), 2014. With a_i and m_j the weights of staying single,
//!
//! μ_ij = w_ij / (a_i + Σ_{k≠j} w_ik ν_ik) (row i to column j: "I want you"),
//! ν_ij = 1 / (m_j + Σ_{l≠i} μ_lj) (column j to row i: "I am free"),
//! β_ij = w_ij ν_ij / (a_i + Σ_k w_ik ν_ik).
//!
//! Exact on trees; on loops the iteration still converges, to marginals that favour the favourite too much. The number
//! of sweeps is fixed, so the time is. What is still inconsistent then is resolved for the side of caution: a column
//! claimed by more than one measurement's worth has its claims scaled down, and the tracks keep the rest as "missed".

use super::Budget;
use super::graph::Side;
use super::workspace::Carver;

/// Messages are kept below this, so that a sum of products of two stays finite.
const MESSAGE_MOST: f64 = 1e150;

/// One cluster, scaled.
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
    /// Runs the sweeps; writes β of every link.
    pub(super) fn run(&self, budget: &Budget, messages: &mut Messages<'_>, beta: &mut [f64]) {
        for column in 0..self.columns.len() {
            for position in self.columns.places(column) {
                messages.nu[self.columns.link(position)] = ratio(1.0, self.columns.single[column]);
            }
        }
        for _ in 0..budget.sweeps {
            self.ask(messages);
            self.answer(budget.damping.clamp(0.0, 1.0), messages, beta);
        }
        self.conclude(messages, beta);
        self.respect_columns(beta);
    }

    /// Rows to columns. The sums without one term are made of the sum before it and the sum after it: a difference
    /// would cancel.
    fn ask(&self, messages: &mut Messages<'_>) {
        for row in 0..self.rows.len() {
            let links = self.rows.places(row).map(|position| self.rows.link(position));
            let mut before = self.rows.single[row];
            for link in links.clone() {
                messages.mu[link] = before;
                before += self.weight[link] * messages.nu[link];
            }
            let mut after = 0.0;
            for link in links.rev() {
                messages.mu[link] = ratio(self.weight[link], messages.mu[link] + after);
                after += self.weight[link] * messages.nu[link];
            }
        }
    }

    /// Columns to rows.
    fn answer(&self, damping: f64, messages: &mut Messages<'_>, sum: &mut [f64]) {
        for column in 0..self.columns.len() {
            let links = self.columns.places(column).map(|position| self.columns.link(position));
            let mut before = self.columns.single[column];
            for link in links.clone() {
                sum[link] = before;
                before += messages.mu[link];
            }
            let mut after = 0.0;
            for link in links.rev() {
                let nu = ratio(1.0, sum[link] + after);
                messages.nu[link] = damping * messages.nu[link] + (1.0 - damping) * nu;
                after += messages.mu[link];
            }
        }
    }

    fn conclude(&self, messages: &Messages<'_>, beta: &mut [f64]) {
        for row in 0..self.rows.len() {
            let links = || self.rows.places(row).map(|position| self.rows.link(position));
            let belief = |link: usize| self.weight[link] * messages.nu[link];
            let total = self.rows.single[row] + links().map(belief).sum::<f64>();
            links().for_each(|link| beta[link] = ratio(belief(link), total).min(1.0));
        }
    }

    fn respect_columns(&self, beta: &mut [f64]) {
        for column in 0..self.columns.len() {
            let links = || self.columns.places(column).map(|position| self.columns.link(position));
            let claimed: f64 = links().map(|link| beta[link]).sum();
            if claimed > 1.0 {
                links().for_each(|link| beta[link] /= claimed);
            }
        }
    }
}

/// x / y for x, y ≥ 0, never NaN and never above [`MESSAGE_MOST`].
fn ratio(x: f64, y: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { (x / y).min(MESSAGE_MOST) }
}
