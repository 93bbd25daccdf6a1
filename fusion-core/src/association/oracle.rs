//! For tests: the same marginals by listing every joint event, and cases to try.

#![cfg(test)]

extern crate std;

use std::vec;
use std::vec::Vec;

use super::{Budget, Edge, Outcome, Sizes, Workspace, marginals};

/// n_i, and the pairs (j, w_ij).
pub(super) type Row<'r> = (f64, &'r [(u16, f64)]);

/// A problem.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) nulls: Vec<f64>,
    pub(super) edges: Vec<Edge>,
    pub(super) columns: usize,
}

/// Its marginals.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) beta: Vec<f64>,
    pub(super) missed: Vec<f64>,
}

impl Case {
    /// The problem with these rows.
    pub(super) fn new(columns: usize, rows: &[Row<'_>]) -> Self {
        let edges_of = |(row, &(_, pairs)): (u16, &Row<'_>)| {
            pairs.iter().map(move |&(column, weight)| Edge { row, column, weight }).collect::<Vec<_>>()
        };
        Self {
            nulls: rows.iter().map(|&(null, _)| null).collect(),
            edges: (0..).zip(rows).flat_map(edges_of).collect(),
            columns,
        }
    }

    /// Every pair that `gated` admits, with weights drawn by `draw`.
    pub(super) fn drawn(
        rows: u16,
        columns: u16,
        mut gated: impl FnMut(u16, u16) -> bool,
        mut draw: impl FnMut() -> f64,
    ) -> Self {
        let nulls = (0..rows).map(|_| draw()).collect();
        let pairs = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let edges = pairs.filter(|&(row, column)| gated(row, column));
        let edges = edges.map(|(row, column)| Edge { row, column, weight: draw() }).collect();
        Self { nulls, edges, columns: columns.into() }
    }

    /// Solves it in memory that is exactly large enough, with this many reals for tables.
    pub(super) fn solve_within(&self, budget: &Budget, tables: usize) -> (Outcome, Answer) {
        let sizes = Sizes::for_maxima(self.nulls.len(), self.columns, self.edges.len(), tables);
        let (mut words, mut reals) = (vec![u32::MAX; sizes.words], vec![f64::NAN; sizes.reals]);
        let (mut beta, mut missed) = (vec![f64::NAN; self.edges.len()], vec![f64::NAN; self.nulls.len()]);
        let mut workspace = Workspace::new(&mut words, &mut reals);
        let outcome = marginals(&self.nulls, &self.edges, self.columns, budget, &mut workspace, &mut beta, &mut missed);
        (outcome, Answer { beta, missed })
    }

    pub(super) fn solve(&self) -> (Outcome, Answer) {
        self.solve_within(&Budget::default(), 1 << 17)
    }

    /// The marginals from every joint event in turn.
    pub(super) fn enumerate(&self) -> Answer {
        let mut sums = Sums {
            case: self,
            taken: vec![false; self.columns],
            chosen: Vec::new(),
            total: Wide::ZERO,
            beta: vec![Wide::ZERO; self.edges.len()],
            missed: vec![Wide::ZERO; self.nulls.len()],
        };
        sums.descend(0, Wide::of(1.0));
        let total = sums.total;
        Answer {
            beta: sums.beta.iter().map(|x| x.over(total)).collect(),
            missed: sums.missed.iter().map(|x| x.over(total)).collect(),
        }
    }

    /// The same with row r renamed `rows[r]` and column c renamed `columns[c]`; and where each edge went.
    pub(super) fn permuted(&self, rows: &[u16], columns: &[u16]) -> (Self, Vec<usize>) {
        let mut nulls = self.nulls.clone();
        for (&row, &null) in rows.iter().zip(&self.nulls) {
            nulls[usize::from(row)] = null;
        }
        let renamed = |edge: &Edge| Edge {
            row: rows[usize::from(edge.row)],
            column: columns[usize::from(edge.column)],
            weight: edge.weight,
        };
        let mut edges: Vec<(usize, Edge)> = self.edges.iter().map(renamed).enumerate().collect();
        edges.sort_by_key(|(_, edge)| (edge.row, edge.column));
        let mut places = vec![0; edges.len()];
        for (place, &(k, _)) in edges.iter().enumerate() {
            places[k] = place;
        }
        let edges = edges.into_iter().map(|(_, edge)| edge).collect();
        (Self { nulls, edges, columns: self.columns }, places)
    }
}

impl Answer {
    /// Largest difference in any probability.
    pub(super) fn distance(&self, other: &Self) -> f64 {
        let pairs = self.beta.iter().zip(&other.beta).chain(self.missed.iter().zip(&other.missed));
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, |worst, d| if d <= worst { worst } else { d })
    }

    /// Largest amount by which a row misses one, or a column exceeds it; infinite if a probability is none.
    pub(super) fn inconsistency(&self, case: &Case) -> f64 {
        let all = self.beta.iter().chain(&self.missed);
        if !all.clone().all(|p| (0.0..=1.0).contains(p)) {
            return f64::INFINITY;
        }
        let mut rows = self.missed.clone();
        let mut columns = vec![0.0; case.columns];
        for (edge, beta) in case.edges.iter().zip(&self.beta).filter(|&(_, &beta)| beta > 0.0) {
            rows[usize::from(edge.row)] += beta;
            columns[usize::from(edge.column)] += beta;
        }
        let rows = rows.iter().map(|sum| (sum - 1.0).abs());
        rows.chain(columns.iter().map(|sum| sum - 1.0)).fold(0.0, f64::max)
    }
}

/// The sums over all joint events that continue the choices so far.
struct Sums<'c> {
    case: &'c Case,
    taken: Vec<bool>,
    chosen: Vec<Option<usize>>,
    total: Wide,
    beta: Vec<Wide>,
    missed: Vec<Wide>,
}

impl Sums<'_> {
    fn descend(&mut self, row: usize, weight: Wide) {
        if row == self.case.nulls.len() {
            self.total = self.total.plus(weight);
            for (row, choice) in self.chosen.iter().enumerate() {
                let sum = choice.map_or(&mut self.missed[row], |edge| &mut self.beta[edge]);
                *sum = sum.plus(weight);
            }
            return;
        }
        self.chosen.push(None);
        self.descend(row + 1, weight.times(self.case.nulls[row]));
        self.chosen.pop();
        for k in 0..self.case.edges.len() {
            let edge = self.case.edges[k];
            let column = usize::from(edge.column);
            if usize::from(edge.row) == row && !self.taken[column] && edge.weight > 0.0 {
                self.taken[column] = true;
                self.chosen.push(Some(k));
                self.descend(row + 1, weight.times(edge.weight));
                self.chosen.pop();
                self.taken[column] = false;
            }
        }
    }
}

/// A number m · 2^e whose exponent cannot overflow.
#[derive(Clone, Copy)]
struct Wide {
    m: f64,
    e: i32,
}

impl Wide {
    const ZERO: Self = Self { m: 0.0, e: i32::MIN / 2 };

    fn of(x: f64) -> Self {
        let e = super::balance::exponent(x);
        Self { m: super::balance::lower(x, e), e }
    }

    fn times(self, x: f64) -> Self {
        let x = Self::of(x);
        let product = Self::of(self.m * x.m);
        Self { m: product.m, e: self.e + x.e + product.e }
    }

    fn plus(self, other: Self) -> Self {
        let e = self.e.max(other.e);
        Self { m: self.at(e) + other.at(e), e }
    }

    fn over(self, total: Self) -> f64 {
        self.at(total.e) / total.m
    }

    /// The mantissa for another exponent.
    fn at(self, e: i32) -> f64 {
        if e - self.e > 2000 { 0.0 } else { super::balance::lower(self.m, e - self.e) }
    }
}

/// SplitMix64 (Steele, Lea & Flood 2014): numbers for cases, the same every time.
pub(super) struct Draws(pub(super) u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    pub(super) fn uniform(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).expect("half of the bits are left")) / 4_294_967_296.0
    }

    /// One of 0, …, n − 1.
    pub(super) fn below(&mut self, n: u16) -> u16 {
        u16::try_from(self.next() % u64::from(n)).expect("a remainder is below its divisor")
    }

    /// The numbers 0, …, n − 1 in some order.
    pub(super) fn permutation(&mut self, n: usize) -> Vec<u16> {
        let mut numbers: Vec<u16> = (0..).take(n).collect();
        for last in (1..n).rev() {
            let bound = u16::try_from(last + 1).expect("cases are small");
            numbers.swap(last, self.below(bound).into());
        }
        numbers
    }

    /// 2 to a power uniform in ±`octaves`.
    pub(super) fn weight(&mut self, octaves: f64) -> f64 {
        crate::maths::powf(2.0, octaves * (2.0 * self.uniform() - 1.0))
    }
}
