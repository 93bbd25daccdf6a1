//! Folding: a vertex with one link is a leaf, and a leaf needs no table.
//!
//! Let v have one link left, of ratio ρ, to u. Whatever else u does leaves v single; u with v is one more way for u to
//! stay out of the rest of the cluster. So v disappears, and the weight of u's staying out grows, s_u ← s_u + ρ / s_v
//! (every s starts at 1). If that leaves u with one link, u is a leaf in its turn: trees vanish altogether, and what
//! remains of the cluster is its core, in which every vertex has two links or more.
//!
//! Once the core is solved, leaves are taken back in reverse order: of the probability that u stays out, the share
//! ρ / (s_v s_u) belongs to the link, and v is free with what remains of one.

use super::graph::{Graph, Half};
use super::word;
use super::workspace::Carver;

/// Largest ratio w_ij / b_i for which folding is safe: sums of such ratios stay finite.
const RATIO_MOST: f64 = 1e303;

/// The leaves that were folded, in order: memory for every vertex. A row r is 2 r, a column c is 2 c + 1.
pub(super) struct Leaves<'a> {
    queue: &'a mut [u32],
    folded: usize,
}

impl<'a> Leaves<'a> {
    pub(super) fn carve(carver: &mut Carver<'a>, rows: usize, columns: usize) -> Option<Self> {
        Some(Self { queue: carver.words(rows + columns)?, folded: 0 })
    }
}

impl<'a> Graph<'a> {
    /// Makes the weights ratios to those of staying single, ρ_ij = w_ij / b_i, and folds all leaves. Returns whether
    /// the ratios fit a double; if they do not, nothing is folded.
    pub(super) fn fold(&mut self, leaves: &mut Leaves<'_>) -> bool {
        leaves.folded = 0;
        for half in [&mut self.rows, &mut self.columns] {
            let count = half.len();
            half.outside[..count].fill(1.0);
            half.free[..count].fill(1.0);
        }
        if !self.make_ratios() {
            return false;
        }
        let mut end = 0;
        for row in 0..self.rows.len() {
            if self.rows.degree[row] == 1 {
                leaves.queue[end] = word(2 * row);
                end += 1;
            }
        }
        let mut next = 0;
        while next < end {
            let leaf = leaves.queue[next];
            next += 1;
            // The last vertex of a tree was a leaf as well, until its only mate was folded into it.
            if let Some((mate, left)) = self.fold_leaf(leaf) {
                leaves.queue[leaves.folded] = leaf;
                leaves.folded += 1;
                if left == 1 {
                    leaves.queue[end] = mate;
                    end += 1;
                }
            }
        }
        true
    }

    /// Folds a leaf into its mate, if it has one; returns the mate and how many links that has left.
    fn fold_leaf(&mut self, leaf: u32) -> Option<(u32, u32)> {
        let weight = &mut *self.weight;
        let (own, other) = halves(&mut self.rows, &mut self.columns, leaf);
        let v = leaf as usize / 2;
        if own.degree[v] == 0 {
            return None;
        }
        own.degree[v] = 0;
        let place = own.first[v] as usize;
        let (u, link) = (own.mate[place] as usize, own.link[place]);
        weight[link as usize] /= own.outside[v];
        other.outside[u] += weight[link as usize];
        other.remove(u, link);
        Some((word(2 * u) + (1 - leaf % 2), other.degree[u]))
    }

    /// Takes the leaves back, after the core is solved.
    pub(super) fn unfold(&mut self, leaves: &Leaves<'_>) {
        for &leaf in leaves.queue[..leaves.folded].iter().rev() {
            let (own, other) = halves(&mut self.rows, &mut self.columns, leaf);
            let v = leaf as usize / 2;
            let place = own.first[v] as usize;
            let (u, link) = (own.mate[place] as usize, own.link[place] as usize);
            self.beta[link] = other.free[u] * (self.weight[link] / other.outside[u]);
            own.free[v] = 1.0 - self.beta[link];
        }
        for row in 0..self.rows.len() {
            self.rows.free[row] /= self.rows.outside[row];
        }
    }

    fn make_ratios(&mut self) -> bool {
        let mut peak = 0.0;
        for row in 0..self.rows.len() {
            let scale = 1.0 / self.folded[row];
            peak = self.rows.links(row).fold(peak, |peak, link| f64::max(peak, self.weight[link] * scale));
        }
        if peak > RATIO_MOST {
            return false;
        }
        for row in 0..self.rows.len() {
            let scale = 1.0 / self.folded[row];
            self.rows.links(row).for_each(|link| self.weight[link] *= scale);
        }
        true
    }
}

/// The half a vertex is in, and the other.
fn halves<'h, 'a>(
    rows: &'h mut Half<'a>,
    columns: &'h mut Half<'a>,
    vertex: u32,
) -> (&'h mut Half<'a>, &'h mut Half<'a>) {
    if vertex.is_multiple_of(2) { (rows, columns) } else { (columns, rows) }
}
