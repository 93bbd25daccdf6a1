//! Two tracks that compete for measurements: the commonest cluster by far, and one that needs no tables.
//!
//! With A = n_a + Σ w_aj and B likewise, of all pairs of choices those are left out in which both take one measurement:
//!
//! Z = n_a B + Σ_j w_aj (B − w_bj), β_a0 = n_a B / Z, β_aj = w_aj (B − w_bj) / Z,
//!
//! and the same with a and b exchanged. Weights are taken relative to A and B, so that Z is one at the most. B − w_bj
//! loses nothing to cancellation, because the one weight that may be most of B is left out of the sum instead of being
//! subtracted from it.

use super::Marginals;
use super::solver::Problem;

/// Below this, Z has lost digits, or might have: such weights are for the general way.
const Z_LEAST: f64 = 1e-200;

/// One of the two.
struct Side {
    row: usize,
    /// n + Σ w.
    total: f64,
    /// The edge of the largest weight, and n + Σ w without it.
    largest: usize,
    rest: f64,
}

impl Side {
    fn of(problem: &Problem<'_>, row: usize) -> Self {
        let mut side = Self { row, total: 0.0, largest: usize::MAX, rest: problem.null(row) };
        let mut most = 0.0;
        for edge in problem.edges_of(row) {
            let weight = problem.weight[edge];
            if weight > most {
                side.rest += most;
                (side.largest, most) = (edge, weight);
            } else {
                side.rest += weight;
            }
        }
        side.total = side.rest + most;
        side
    }

    /// What is left of it, relative to its total, if one of its measurements is taken by the other.
    fn without(&self, problem: &Problem<'_>, edge: Option<usize>) -> f64 {
        match edge {
            None => 1.0,
            Some(edge) if edge == self.largest => self.rest / self.total,
            Some(edge) => 1.0 - problem.weight[edge] / self.total,
        }
    }

    /// Writes what each of its measurements adds to Z, and n; returns Z as it sees it.
    fn weigh(&self, other: &Self, problem: &Problem<'_>, out: &mut Marginals<'_>) -> f64 {
        let missed = problem.null(self.row) / self.total;
        out.missed[self.row] = missed;
        let mut z = missed;
        let mut theirs = problem.edges_of(other.row).peekable();
        for edge in problem.edges_of(self.row) {
            let column = problem.column(edge);
            while theirs.next_if(|&their| problem.column(their) < column).is_some() {}
            let shared = theirs.next_if(|&their| problem.column(their) == column);
            let term = problem.weight[edge] / self.total * other.without(problem, shared);
            out.beta[edge] = term;
            z += term;
        }
        z
    }

    fn normalise(&self, z: f64, problem: &Problem<'_>, out: &mut Marginals<'_>) {
        out.missed[self.row] /= z;
        problem.edges_of(self.row).for_each(|edge| out.beta[edge] /= z);
    }
}

/// Solves a cluster of two rows; false if the weights lie too far apart.
pub(super) fn solve(problem: &Problem<'_>, rows: [usize; 2], out: &mut Marginals<'_>) -> bool {
    let [a, b] = rows.map(|row| Side::of(problem, row));
    let [z_a, z_b] = [a.weigh(&b, problem, out), b.weigh(&a, problem, out)];
    // The same but for rounding; each row is divided by its own, so that it sums to one.
    let solved = z_a > Z_LEAST && z_b > Z_LEAST;
    if solved {
        a.normalise(z_a, problem, out);
        b.normalise(z_b, problem, out);
    }
    solved
}
