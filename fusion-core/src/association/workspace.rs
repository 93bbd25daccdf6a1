//! The memory that association works in: two slices, lent by the caller and cut into named pieces for each call.
//!
//! Association allocates nothing. [`Sizes`] says how much memory serves given maxima; more is welcome (it goes to the
//! tables of the elimination), less is survived: see [`Outcome::alone`](super::Outcome::alone).

use core::mem;

/// How long the two slices of a [`Workspace`] have to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// 32-bit words: adjacency, order, bookkeeping.
    pub words: usize,
    /// 64-bit reals: weights, marginals, messages, tables.
    pub reals: usize,
}

/// Pieces that are as long as a problem has rows, columns, edges, or vertices on its larger side: clusters, graph,
/// leaves, plan, auction, messages, in the order in which they are carved.
const WORDS_PER_ROW: usize = 3 + 3 + 1 + 1;
const WORDS_PER_COLUMN: usize = 1 + 3 + 1 + 2;
const WORDS_PER_EDGE: usize = 4 + 2 * 2;
const WORDS_PER_VERTEX: usize = 12 + 2 * 10;
const REALS_PER_ROW: usize = 5;
const REALS_PER_COLUMN: usize = 3;
const REALS_PER_EDGE: usize = 1 + 2 + 2;
const REALS_PER_VERTEX: usize = 1;
/// One range has an end of its own.
const ENDS: usize = 1;

impl Sizes {
    /// What serves every problem up to `rows` tracks, `columns` measurements and `edges` gated pairs, with `tables`
    /// reals for the elimination (2¹⁷, one megabyte, is plenty for a thousand tracks; each table entry is one real).
    #[must_use]
    pub const fn for_maxima(rows: usize, columns: usize, edges: usize, tables: usize) -> Self {
        let vertices = if rows > columns { rows } else { columns };
        Self {
            words: WORDS_PER_ROW * rows
                + WORDS_PER_COLUMN * columns
                + WORDS_PER_VERTEX * vertices
                + WORDS_PER_EDGE * edges
                + ENDS,
            reals: REALS_PER_ROW * rows
                + REALS_PER_COLUMN * columns
                + REALS_PER_VERTEX * vertices
                + REALS_PER_EDGE * edges
                + tables,
        }
    }
}

/// Memory lent to [`marginals`](super::marginals). What it holds between calls means nothing.
pub struct Workspace<'w> {
    words: &'w mut [u32],
    reals: &'w mut [f64],
}

impl<'w> Workspace<'w> {
    /// Wraps two slices, at least as long as [`Sizes`] says.
    #[must_use]
    pub const fn new(words: &'w mut [u32], reals: &'w mut [f64]) -> Self {
        Self { words, reals }
    }

    pub(super) const fn carver(&mut self) -> Carver<'_> {
        Carver::of(self.words, self.reals)
    }
}

/// Cuts pieces off the front of the lent memory.
pub(super) struct Carver<'a> {
    words: &'a mut [u32],
    reals: &'a mut [f64],
}

impl<'a> Carver<'a> {
    pub(super) const fn of(words: &'a mut [u32], reals: &'a mut [f64]) -> Self {
        Self { words, reals }
    }

    /// The next `count` words; `None` if there are not so many.
    pub(super) fn words(&mut self, count: usize) -> Option<&'a mut [u32]> {
        let (piece, rest) = mem::take(&mut self.words).split_at_mut_checked(count)?;
        self.words = rest;
        Some(piece)
    }

    /// The next `count` reals; `None` if there are not so many.
    pub(super) fn reals(&mut self, count: usize) -> Option<&'a mut [f64]> {
        let (piece, rest) = mem::take(&mut self.reals).split_at_mut_checked(count)?;
        self.reals = rest;
        Some(piece)
    }

    /// All that is left of the reals.
    pub(super) fn into_tables(self) -> &'a mut [f64] {
        self.reals
    }
}
