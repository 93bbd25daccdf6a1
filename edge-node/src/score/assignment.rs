//! Minimum-cost rectangular assignment by shortest augmenting paths.
//!
//! Jonker and Volgenant (Computing 38, 1987) in the rectangular form of Crouse (IEEE Trans. AES 52(4), 2016): rows are
//! assigned one after another, each along the cheapest alternating path to a free column. Dijkstra's algorithm finds
//! that path over the reduced costs c(i, j) − u(i) − v(j), which the dual variables u and v keep at or above zero;
//! after each path the duals are lifted so that this holds again. O(n² m) for n ≤ m, whatever the costs.

/// A matrix of costs, one row per thing to assign.
#[derive(Clone, Debug, PartialEq)]
pub struct Costs {
    columns: usize,
    cells: Vec<f64>,
}

impl Costs {
    /// A matrix with the same cost everywhere.
    #[must_use]
    pub fn filled(rows: usize, columns: usize, cost: f64) -> Self {
        Self { columns, cells: vec![cost; rows * columns] }
    }

    /// Sets one cost; it must be finite. A pair whose cost is not finite is never chosen.
    ///
    /// # Panics
    /// If the row or the column is outside the matrix.
    pub fn set(&mut self, row: usize, column: usize, cost: f64) {
        assert!(column < self.columns, "a column of the matrix");
        self.cells[row * self.columns + column] = cost;
    }

    fn rows(&self) -> usize {
        self.cells.len().checked_div(self.columns).unwrap_or(0)
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.cells[row * self.columns..(row + 1) * self.columns]
    }

    fn transposed(&self) -> Self {
        let mut other = Self::filled(self.columns, self.rows(), 0.0);
        for row in 0..self.rows() {
            for (column, &cost) in self.row(row).iter().enumerate() {
                other.set(column, row, cost);
            }
        }
        other
    }
}

/// The cheapest way to give rows and columns to one another, min(rows, columns) pairs in all.
///
/// Entry `i` is the column of row `i`, or `None` where there are more rows than columns and row `i` is left over. Among
/// equally cheap answers the same one is chosen on every machine.
#[must_use]
pub fn assign(costs: &Costs) -> Vec<Option<usize>> {
    if costs.rows() <= costs.columns { Search::new(costs).run().0 } else { Search::new(&costs.transposed()).run().1 }
}

/// The state of the algorithm between two augmentations, and the scratch of one.
struct Search<'a> {
    costs: &'a Costs,
    u: Vec<f64>,
    v: Vec<f64>,
    column_of: Vec<Option<usize>>,
    row_of: Vec<Option<usize>>,
    /// Length of the shortest path found so far to each column, and the row before it on that path.
    length: Vec<f64>,
    parent: Vec<usize>,
    settled: Vec<bool>,
}

impl<'a> Search<'a> {
    fn new(costs: &'a Costs) -> Self {
        let (n, m) = (costs.rows(), costs.columns);
        Self {
            costs,
            u: vec![0.0; n],
            v: vec![0.0; m],
            column_of: vec![None; n],
            row_of: vec![None; m],
            length: vec![f64::INFINITY; m],
            parent: vec![0; m],
            settled: vec![false; m],
        }
    }

    /// Columns by row, and rows by column.
    fn run(mut self) -> (Vec<Option<usize>>, Vec<Option<usize>>) {
        for row in 0..self.costs.rows() {
            if let Some((free, length)) = self.shortest_path(row) {
                self.lift_duals(row, length);
                self.augment(free);
            }
        }
        (self.column_of, self.row_of)
    }

    /// The nearest free column from a free row, and how far it is. `None` only if costs are not finite.
    fn shortest_path(&mut self, start: usize) -> Option<(usize, f64)> {
        self.length.fill(f64::INFINITY);
        self.settled.fill(false);
        let (mut row, mut so_far) = (start, 0.0);
        loop {
            self.relax(row, so_far);
            let column = self.nearest_open()?;
            so_far = self.length[column];
            self.settled[column] = true;
            match self.row_of[column] {
                Some(next) => row = next,
                None => return Some((column, so_far)),
            }
        }
    }

    /// Offers every open column the path that ends in `row`.
    fn relax(&mut self, row: usize, so_far: f64) {
        for (column, cost) in self.costs.row(row).iter().enumerate() {
            let through = so_far + cost - self.u[row] - self.v[column];
            if !self.settled[column] && through < self.length[column] {
                self.length[column] = through;
                self.parent[column] = row;
            }
        }
    }

    fn nearest_open(&self) -> Option<usize> {
        let mut best = None;
        let mut shortest = f64::INFINITY;
        for (column, &length) in self.length.iter().enumerate() {
            if !self.settled[column] && length < shortest {
                (best, shortest) = (Some(column), length);
            }
        }
        best
    }

    /// Restores c − u − v ≥ 0 everywhere, with equality along the path that was found.
    fn lift_duals(&mut self, start: usize, length: f64) {
        self.u[start] += length;
        for column in 0..self.costs.columns {
            if self.settled[column] {
                let lift = length - self.length[column];
                self.v[column] -= lift;
                if let Some(row) = self.row_of[column] {
                    self.u[row] += lift;
                }
            }
        }
    }

    /// Shifts every row on the path to the next column along it.
    fn augment(&mut self, free: usize) {
        let mut vacant = Some(free);
        while let Some(column) = vacant {
            let row = self.parent[column];
            self.row_of[column] = Some(row);
            vacant = self.column_of[row].replace(column);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn costs(rows: &[&[f64]]) -> Costs {
        Costs { columns: rows[0].len(), cells: rows.concat() }
    }

    fn total(costs: &Costs, columns: &[Option<usize>]) -> f64 {
        columns.iter().enumerate().filter_map(|(row, column)| column.map(|c| costs.row(row)[c])).sum()
    }

    /// The least total over every injective choice; rows ≤ columns.
    fn brute_force(costs: &Costs, row: usize, taken: u32) -> f64 {
        if row == costs.rows() {
            return 0.0;
        }
        let free = (0..costs.columns).filter(|c| taken & (1 << c) == 0);
        free.map(|c| costs.row(row)[c] + brute_force(costs, row + 1, taken | (1 << c))).fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn the_greedy_choice_is_given_up_where_it_costs_more() {
        // Row 0 would take column 0 (1 < 2), which leaves row 1 with 9: 10 in all. Crossing over costs 2 + 3.
        let c = costs(&[&[1.0, 2.0], &[3.0, 9.0]]);
        assert_eq!(assign(&c), [Some(1), Some(0)]);
    }

    #[test]
    fn surplus_rows_are_left_over() {
        let c = costs(&[&[5.0], &[2.0], &[7.0]]);
        assert_eq!(assign(&c), [None, Some(0), None]);
    }

    #[test]
    fn nothing_to_assign_is_not_an_error() {
        assert_eq!(assign(&Costs::filled(0, 3, 1.0)), []);
        assert_eq!(assign(&Costs::filled(0, 0, 1.0)), []);
    }

    #[test]
    fn costs_that_are_not_numbers_are_never_chosen() {
        let c = costs(&[&[f64::NAN, f64::INFINITY], &[1.0, f64::NAN]]);
        assert_eq!(assign(&c), [None, Some(0)]);
    }

    proptest! {
        #[test]
        fn no_assignment_is_cheaper(
            rows in 0..7_usize, columns in 1..8_usize, seed in prop::collection::vec(-50.0..50.0_f64, 56)
        ) {
            let c = Costs { columns, cells: seed[..rows * columns].to_vec() };
            let best = if rows <= columns { brute_force(&c, 0, 0) } else { brute_force(&c.transposed(), 0, 0) };
            let found = assign(&c);
            prop_assert!((total(&c, &found) - best).abs() < 1e-9);
            prop_assert_eq!(found.iter().flatten().count(), rows.min(columns));
        }

        #[test]
        fn ties_do_not_lose_a_pair(
            rows in 1..7_usize, columns in 1..7_usize, seed in prop::collection::vec(0..3_u8, 49)
        ) {
            let c = Costs { columns, cells: seed[..rows * columns].iter().map(|&x| f64::from(x)).collect() };
            let found = assign(&c);
            let best = if rows <= columns { brute_force(&c, 0, 0) } else { brute_force(&c.transposed(), 0, 0) };
            let mut used: Vec<usize> = found.iter().flatten().copied().collect();
            used.sort_unstable();
            used.dedup();
            prop_assert_eq!(used.len(), rows.min(columns));
            prop_assert!((total(&c, &found) - best).abs() < 1e-12);
        }
    }
}
