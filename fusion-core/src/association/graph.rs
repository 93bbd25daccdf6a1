//! One cluster as a bipartite graph: rows (tracks) and columns (measurements) are vertices, gated pairs are links, and
//! every vertex has a weight for staying single.
//!
//! A measurement that only one track gates competes with nobody: for the rest of the cluster, taking it is the same as
//! taking none. It never becomes a vertex; it is folded into its track, b_i = n_i + Σ_private w_ij, and the posterior
//! of "single" is split pro rata at the end. That removes nearly all clutter before the work begins. What becomes a
//! leaf later on is treated likewise ([`fold`](super::fold)).

use core::ops::Range;

use super::cluster::{PRIVATE, SHARED, UNUSED};
use super::solver::Problem;
use super::workspace::Carver;
use super::{Marginals, word};

/// The mark of a shared column that has its local number is this and the number.
const FIRST_ID: u32 = SHARED + 1;

/// One cluster.
pub(super) struct Graph<'a> {
    /// By global column: [`UNUSED`], [`PRIVATE`], [`SHARED`], or its local number and [`FIRST_ID`].
    pub(super) mark: &'a mut [u32],
    /// By row: its global number, and b_i.
    global: &'a mut [u32],
    pub(super) folded: &'a mut [f64],
    pub(super) rows: Half<'a>,
    pub(super) columns: Half<'a>,
    /// By link, in the order of the edges: its weight, rescaled as the work goes on.
    pub(super) weight: &'a mut [f64],
    /// By link: its probability, once known.
    pub(super) beta: &'a mut [f64],
}

/// The vertices of one side.
pub(super) struct Half<'a> {
    count: usize,
    /// Vertex v has the places `first[v]..first[v] + degree[v]` in the lists `mate` and `link`.
    pub(super) first: &'a mut [u32],
    pub(super) degree: &'a mut [u32],
    pub(super) mate: &'a mut [u32],
    pub(super) link: &'a mut [u32],
    /// The weight of having none of its core links: with leaves folded in, relative to truly single; and as the solver
    /// sees it, after rescaling.
    pub(super) outside: &'a mut [f64],
    pub(super) single: &'a mut [f64],
    /// The probability of having none of these links, once known.
    pub(super) free: &'a mut [f64],
}

/// A side to be read.
#[derive(Clone, Copy)]
pub(super) struct Side<'g> {
    first: &'g [u32],
    degree: &'g [u32],
    mate: &'g [u32],
    link: &'g [u32],
    pub(super) single: &'g [f64],
}

impl<'a> Half<'a> {
    fn carve(carver: &mut Carver<'a>, vertices: usize, edges: usize) -> Option<Self> {
        Some(Self {
            count: 0,
            first: carver.words(vertices)?,
            degree: carver.words(vertices)?,
            mate: carver.words(edges)?,
            link: carver.words(edges)?,
            outside: carver.reals(vertices)?,
            single: carver.reals(vertices)?,
            free: carver.reals(vertices)?,
        })
    }

    /// Number of vertices.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The side to be read.
    pub(super) fn side(&self) -> Side<'_> {
        Side {
            first: &self.first[..self.count],
            degree: &self.degree[..self.count],
            mate: self.mate,
            link: self.link,
            single: &self.single[..self.count],
        }
    }

    /// Number of vertices that have links left, and of these links.
    pub(super) fn core(&self) -> (usize, u64) {
        let degrees = self.degree[..self.count].iter().filter(|&&degree| degree > 0);
        degrees.fold((0, 0), |(vertices, links), &degree| (vertices + 1, links + u64::from(degree)))
    }

    /// The side to be read, and its `free` to be written.
    pub(super) fn split(&mut self) -> (Side<'_>, &mut [f64]) {
        let side = Side {
            first: &self.first[..self.count],
            degree: &self.degree[..self.count],
            mate: self.mate,
            link: self.link,
            single: &self.single[..self.count],
        };
        (side, self.free)
    }

    /// The links of a vertex.
    pub(super) fn links(&self, vertex: usize) -> impl Iterator<Item = usize> + '_ {
        let first = self.first[vertex] as usize;
        self.link[first..first + self.degree[vertex] as usize].iter().map(|&link| link as usize)
    }

    /// Takes a link out of a vertex's list.
    pub(super) fn remove(&mut self, vertex: usize, link: u32) {
        let first = self.first[vertex] as usize;
        let last = first + self.degree[vertex] as usize - 1;
        let place = (first..last).find(|&place| self.link[place] == link).unwrap_or(last);
        self.link.swap(place, last);
        self.mate.swap(place, last);
        self.degree[vertex] -= 1;
    }

    /// Gives each vertex that has links what they leave of one; if (by rounding) they have more than one, they are
    /// reduced in proportion.
    pub(super) fn complete(&mut self, beta: &mut [f64]) {
        for vertex in 0..self.count {
            if self.degree[vertex] == 0 {
                continue;
            }
            let taken: f64 = self.links(vertex).map(|link| beta[link]).sum();
            if taken > 1.0 {
                self.links(vertex).for_each(|link| beta[link] /= taken);
            }
            self.free[vertex] = (1.0 - taken).max(0.0);
        }
    }
}

impl Side<'_> {
    /// Number of vertices.
    pub(super) fn len(&self) -> usize {
        self.first.len()
    }

    /// Number of links of a vertex.
    pub(super) fn degree(&self, vertex: usize) -> u32 {
        self.degree[vertex]
    }

    /// Places that belong to a vertex.
    pub(super) fn places(&self, vertex: usize) -> Range<usize> {
        let first = self.first[vertex] as usize;
        first..first + self.degree[vertex] as usize
    }

    /// The links of a vertex.
    pub(super) fn links(&self, vertex: usize) -> impl DoubleEndedIterator<Item = usize> + Clone + '_ {
        self.link[self.places(vertex)].iter().map(|&link| link as usize)
    }

    /// The vertices of the other side that a vertex is linked to.
    pub(super) fn mates(&self, vertex: usize) -> impl Iterator<Item = usize> + '_ {
        self.mate[self.places(vertex)].iter().map(|&mate| mate as usize)
    }

    /// The vertex of the other side at a place.
    pub(super) fn mate(&self, place: usize) -> usize {
        self.mate[place] as usize
    }

    /// The link at a place.
    pub(super) fn link(&self, place: usize) -> usize {
        self.link[place] as usize
    }
}

impl<'a> Graph<'a> {
    pub(super) fn carve(carver: &mut Carver<'a>, rows: usize, columns: usize, edges: usize) -> Option<Self> {
        Some(Self {
            mark: carver.words(columns)?,
            global: carver.words(rows)?,
            folded: carver.reals(rows)?,
            rows: Half::carve(carver, rows, edges)?,
            columns: Half::carve(carver, columns, edges)?,
            weight: carver.reals(edges)?,
            beta: carver.reals(edges)?,
        })
    }

    /// Loads the cluster of `root`, whose columns are marked as unused, private or shared.
    pub(super) fn load(&mut self, problem: &Problem<'_>, root: usize) {
        self.link_rows(problem, root, |_| true);
        self.link_columns();
    }

    /// Loads the cluster of `root` once more, now without the edges whose β is below `cut`.
    pub(super) fn reload(&mut self, problem: &Problem<'_>, root: usize, beta: &[f64], cut: f64) {
        self.count_users(problem, root, beta, cut);
        self.link_rows(problem, root, |edge| beta[edge] >= cut);
        self.link_columns();
    }

    fn count_users(&mut self, problem: &Problem<'_>, root: usize, beta: &[f64], cut: f64) {
        for edge in problem.clusters.members(root).flat_map(|row| problem.edges_of(row)) {
            self.mark[problem.column(edge)] = UNUSED;
        }
        for row in problem.clusters.members(root) {
            for edge in problem.edges_of(row).filter(|&edge| beta[edge] >= cut) {
                let mark = &mut self.mark[problem.column(edge)];
                *mark = (*mark + 1).min(SHARED);
            }
        }
    }

    fn link_rows(&mut self, problem: &Problem<'_>, root: usize, is_kept: impl Fn(usize) -> bool) {
        (self.rows.count, self.columns.count) = (0, 0);
        let mut links = 0;
        for row in problem.clusters.members(root) {
            let first = links;
            let mut folded = problem.null(row);
            for edge in problem.edges_of(row).filter(|&edge| is_kept(edge)) {
                if self.mark[problem.column(edge)] == PRIVATE {
                    folded += problem.weight[edge];
                    continue;
                }
                let column = self.local_column(problem.column(edge));
                self.columns.degree[column] += 1;
                self.rows.mate[links] = word(column);
                self.rows.link[links] = word(links);
                self.weight[links] = problem.weight[edge];
                links += 1;
            }
            let local = self.rows.count;
            self.rows.first[local] = word(first);
            self.rows.degree[local] = word(links - first);
            self.global[local] = word(row);
            self.folded[local] = folded;
            self.rows.count += 1;
        }
    }

    fn local_column(&mut self, column: usize) -> usize {
        if self.mark[column] == SHARED {
            let local = self.columns.count;
            self.mark[column] = word(local) + FIRST_ID;
            self.columns.degree[local] = 0;
            self.columns.count += 1;
        }
        (self.mark[column] - FIRST_ID) as usize
    }

    /// Writes the lists of the columns; rows come ascending within each.
    fn link_columns(&mut self) {
        let mut next = 0;
        for column in 0..self.columns.count {
            self.columns.first[column] = next;
            next += core::mem::take(&mut self.columns.degree[column]);
        }
        for row in 0..self.rows.count {
            let first = self.rows.first[row] as usize;
            for link in first..first + self.rows.degree[row] as usize {
                let column = self.rows.mate[link] as usize;
                let place = (self.columns.first[column] + self.columns.degree[column]) as usize;
                self.columns.degree[column] += 1;
                self.columns.mate[place] = word(row);
                self.columns.link[place] = word(link);
            }
        }
    }

    /// Hands the probabilities back to the edges: private measurements get their share of "free", cut edges nothing.
    /// Returns a bound on the error that the cut can have caused in any probability of this cluster (see [`super`]).
    pub(super) fn unload(&self, problem: &Problem<'_>, cut: f64, out: &mut Marginals<'_>) -> f64 {
        let mut error = 0.0;
        let mut link = 0;
        for local in 0..self.rows.count {
            let row = self.global[local] as usize;
            let share = |weight: f64| self.rows.free[local] * (weight / self.folded[local]);
            out.missed[row] = share(problem.null(row));
            for edge in problem.edges_of(row) {
                if out.beta[edge] < cut {
                    error += share(problem.weight[edge]);
                    out.beta[edge] = 0.0;
                } else if self.mark[problem.column(edge)] == PRIVATE {
                    out.beta[edge] = share(problem.weight[edge]);
                } else {
                    out.beta[edge] = self.beta[link];
                    link += 1;
                }
            }
        }
        f64::min(error, 1.0)
    }
}
