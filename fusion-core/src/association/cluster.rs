//! Clusters: tracks that compete for measurements, directly or through others, and therefore have to be solved
//! together.
//!
//! Tracks of different clusters are independent: the joint weight is a product over clusters. Union-find over the
//! measurements, O(E α(E)) (Tarjan 1975), with the lowest row of a cluster as its root.

use core::ops::Range;

use super::workspace::Carver;
use super::{Edge, NONE, word};

/// How many rows gate a column: none, one, or several.
pub(super) const UNUSED: u32 = 0;
pub(super) const PRIVATE: u32 = 1;
pub(super) const SHARED: u32 = 2;

/// The rows of a problem, each with its range of edges, grouped into clusters.
pub(super) struct Clusters<'a> {
    /// Row `i` owns the edges `first[i]..first[i + 1]`.
    first: &'a mut [u32],
    /// Union-find: a row of the same cluster with a lower number, or itself.
    parent: &'a mut [u32],
    /// The next higher row of the same cluster, or `NONE`.
    next: &'a mut [u32],
    /// By column: the first row seen to gate it, or `NONE`.
    gated_by: &'a mut [u32],
}

impl<'a> Clusters<'a> {
    pub(super) fn carve(carver: &mut Carver<'a>, rows: usize, columns: usize) -> Option<Self> {
        Some(Self {
            first: carver.words(rows + 1)?,
            parent: carver.words(rows)?,
            next: carver.words(rows)?,
            gated_by: carver.words(columns)?,
        })
    }

    /// Reads the edges (sorted by row; those with weight zero are no edges), groups the rows, and counts in `users` how
    /// many rows gate each column, up to [`SHARED`].
    pub(super) fn load(&mut self, edges: &[Edge], weight: &[f64], users: &mut [u32]) {
        users.fill(UNUSED);
        for (i, parent) in self.parent.iter_mut().enumerate() {
            *parent = word(i);
        }
        self.gated_by.fill(NONE);
        let rows = self.parent.len();
        let mut k = 0;
        for i in 0..rows {
            self.first[i] = word(k);
            // An edge out of order has weight zero, so whose range it falls into does not matter.
            while k < edges.len() && (weight[k] <= 0.0 || usize::from(edges[k].row) == i) {
                if weight[k] > 0.0 {
                    let column = usize::from(edges[k].column);
                    users[column] = (users[column] + 1).min(SHARED);
                    self.join(i, column);
                }
                k += 1;
            }
        }
        self.first[rows] = word(k);
        self.chain();
    }

    /// Whether the row is the lowest of its cluster.
    pub(super) fn is_root(&self, row: usize) -> bool {
        self.parent[row] as usize == row
    }

    /// The rows of the cluster with this root, ascending.
    pub(super) fn members(&self, root: usize) -> impl Iterator<Item = usize> + '_ {
        let mut at = word(root);
        core::iter::from_fn(move || {
            let row = at as usize;
            (at != NONE).then(|| at = self.next[row])?;
            Some(row)
        })
    }

    /// The edges of a row.
    pub(super) fn edges_of(&self, row: usize) -> Range<usize> {
        self.first[row] as usize..self.first[row + 1] as usize
    }

    fn join(&mut self, row: usize, column: usize) {
        let other = self.gated_by[column];
        if other == NONE {
            self.gated_by[column] = word(row);
            return;
        }
        let (a, b) = (self.root(row), self.root(other as usize));
        self.parent[a.max(b)] = word(a.min(b));
    }

    /// Path halving: every visited row skips to its grandparent.
    fn root(&mut self, mut row: usize) -> usize {
        while self.parent[row] as usize != row {
            self.parent[row] = self.parent[self.parent[row] as usize];
            row = self.parent[row] as usize;
        }
        row
    }

    /// Links the members of each cluster: descending insertion behind the root leaves the chain ascending.
    fn chain(&mut self) {
        self.next.fill(NONE);
        for row in (0..self.parent.len()).rev() {
            let root = self.root(row);
            if root != row {
                self.next[row] = self.next[root];
                self.next[root] = word(row);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn tracks_are_together_if_a_chain_of_shared_measurements_joins_them() {
        let pairs = [(0, 0), (1, 1), (2, 0), (2, 2), (3, 3), (4, 1), (4, 3)];
        let edges = pairs.map(|(row, column)| Edge { row, column, weight: 1.0 });
        let (mut words, mut users) = (vec![7; 25], [7; 5]);
        let mut clusters = Clusters::carve(&mut Carver::of(&mut words, &mut []), 6, 5).expect("enough words");
        clusters.load(&edges, &[1.0; 7], &mut users);

        let groups: Vec<Vec<usize>> =
            (0..6).filter(|&row| clusters.is_root(row)).map(|root| clusters.members(root).collect()).collect();
        assert_eq!(groups, [vec![0, 2], vec![1, 3, 4], vec![5]]);
        assert_eq!(users, [SHARED, SHARED, PRIVATE, SHARED, UNUSED]);
        assert_eq!((clusters.edges_of(2), clusters.edges_of(5)), (2..4, 7..7));
    }

    #[test]
    fn an_edge_without_weight_joins_nothing() {
        let edges = [(0, 0), (0, 1), (1, 1)].map(|(row, column)| Edge { row, column, weight: 1.0 });
        let (mut words, mut users) = (vec![7; 10], [7; 2]);
        let mut clusters = Clusters::carve(&mut Carver::of(&mut words, &mut []), 2, 2).expect("enough words");
        clusters.load(&edges, &[1.0, 0.0, 1.0], &mut users);
        assert!(clusters.is_root(0) && clusters.is_root(1));
        assert_eq!(users, [PRIVATE, PRIVATE]);
    }
}
