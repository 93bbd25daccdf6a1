//! A plan of elimination: which row is summed out when, and where each of its links finds its table.
//!
//! [`order`](super::order) makes it, [`jpda`](super::jpda) carries it out. No weight is in it. A *step* sums out one
//! row into a table over its separator; the tables that it takes in are those of its *children*, earlier steps.

use core::ops::Range;

use super::workspace::Carver;

/// A plan.
pub(super) struct Plan<'a> {
    pub(super) steps: usize,
    /// By step: its row, the first of its terms, log₂ length of its table, where that begins, the end of its children.
    pub(super) row: &'a mut [u32],
    pub(super) terms: &'a mut [u32],
    pub(super) width: &'a mut [u32],
    pub(super) table: &'a mut [u32],
    pub(super) children_end: &'a mut [u32],
    /// Children of all steps, narrowest first in each.
    pub(super) children: &'a mut [u32],
    /// By step: how many of its columns no other step has, and how many it is the first to have.
    pub(super) private: &'a mut [u32],
    pub(super) fresh: &'a mut [u32],
    /// By step, in the role of a child: how many terms of its parent close a column of it, and how many keep theirs.
    pub(super) closing: &'a mut [u32],
    pub(super) keeping: &'a mut [u32],
    /// Terms, by step: private, fresh, then by child closing, keeping. A term is a link, and: for the step's own
    /// columns, the column; for a closing one, its bit in the child's table; for a keeping one, its bit in the part
    /// that is kept.
    pub(super) link: &'a mut [u32],
    pub(super) spot: &'a mut [u32],
}

/// A group of terms: links with their bits or columns.
#[derive(Clone, Copy)]
pub(super) struct Terms<'p> {
    link: &'p [u32],
    spot: &'p [u32],
}

/// A child as its parent sees it.
#[derive(Clone, Copy)]
pub(super) struct Child {
    pub(super) step: usize,
    /// log₂ length of its table without the columns that close.
    pub(super) kept: u32,
    /// How many terms lead into it.
    pub(super) terms: usize,
}

impl<'a> Plan<'a> {
    pub(super) fn carve(carver: &mut Carver<'a>, vertices: usize, edges: usize) -> Option<Self> {
        Some(Self {
            steps: 0,
            row: carver.words(vertices)?,
            terms: carver.words(vertices)?,
            width: carver.words(vertices)?,
            table: carver.words(vertices)?,
            children_end: carver.words(vertices)?,
            children: carver.words(vertices)?,
            private: carver.words(vertices)?,
            fresh: carver.words(vertices)?,
            closing: carver.words(vertices)?,
            keeping: carver.words(vertices)?,
            link: carver.words(edges)?,
            spot: carver.words(edges)?,
        })
    }

    /// The row of a step.
    pub(super) fn row(&self, step: usize) -> usize {
        self.row[step] as usize
    }

    /// The table of a step.
    pub(super) fn table(&self, step: usize) -> Range<usize> {
        let begin = self.table[step] as usize;
        begin..begin + (1 << self.width[step])
    }

    /// Length of all tables together.
    pub(super) fn tables_len(&self) -> usize {
        self.steps.checked_sub(1).map_or(0, |last| self.table(last).end)
    }

    /// The children of a step, narrowest first.
    pub(super) fn children(
        &self,
        step: usize,
    ) -> impl DoubleEndedIterator<Item = Child> + ExactSizeIterator + Clone + '_ {
        let begin = if step == 0 { 0 } else { self.children_end[step - 1] as usize };
        self.children[begin..self.children_end[step] as usize].iter().map(|&child| self.child(child as usize))
    }

    fn child(&self, step: usize) -> Child {
        let (closing, keeping) = (self.closing[step], self.keeping[step]);
        Child { step, kept: self.width[step] - closing, terms: (closing + keeping) as usize }
    }

    /// The terms of a step's own columns, private and fresh, and where those of its children begin.
    pub(super) fn own_terms(&self, step: usize) -> (Terms<'_>, Terms<'_>, usize) {
        let begin = self.terms[step] as usize;
        let middle = begin + self.private[step] as usize;
        let end = middle + self.fresh[step] as usize;
        (self.group(begin..middle), self.group(middle..end), end)
    }

    /// The terms of a child, closing and keeping, given where they begin.
    pub(super) fn child_terms(&self, child: Child, begin: usize) -> (Terms<'_>, Terms<'_>) {
        let middle = begin + self.closing[child.step] as usize;
        (self.group(begin..middle), self.group(middle..begin + child.terms))
    }

    /// The links of a step that sums out a row with this many.
    pub(super) fn links(&self, step: usize, degree: u32) -> impl Iterator<Item = usize> + Clone + '_ {
        let begin = self.terms[step] as usize;
        self.link[begin..begin + degree as usize].iter().map(|&link| link as usize)
    }

    fn group(&self, span: Range<usize>) -> Terms<'_> {
        Terms { link: &self.link[span.clone()], spot: &self.spot[span] }
    }
}

impl Terms<'_> {
    /// (link, bit or column) of each.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (usize, u32)> + Clone + '_ {
        self.link.iter().zip(self.spot).map(|(&link, &spot)| (link as usize, spot))
    }

    pub(super) fn len(&self) -> usize {
        self.link.len()
    }

    /// All bits together.
    pub(super) fn mask(&self) -> usize {
        self.spot.iter().fold(0, |mask, &bit| mask | 1 << bit)
    }
}
