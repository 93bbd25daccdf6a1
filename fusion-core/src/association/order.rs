//! The elimination order: which row is summed out when, and what that will cost. No weight is looked at here.
//!
//! Summing out row i needs a table over its *separator* B_i: the columns that row i or the tables it takes in touch,
//! and that a row still live touches too. Rows are taken greedily: the smallest separator first, of equal ones that
//! which grows least over the largest table it takes in. A column belongs to at most one live table, since a row that
//! touched two would take in both; so the separators of children are disjoint, and B_i is their union, less the columns
//! that
//! *close* at i (no live row left), plus the *fresh* columns, which i is the first to touch.
//!
//! The bits of B_i, from the lowest: what is kept of the widest child, …, of the narrowest child, then the fresh
//! columns.

use super::graph::Side;
use super::plan::Plan;
use super::queue::Queue;
use super::workspace::Carver;
use super::{NONE, word};

/// Widest separator: tables have up to 2²⁰ entries. A cluster that needs more is cut, or left to belief propagation.
/// Counter: `Outcome::cut`, `Outcome::belief`.
pub const SEPARATOR_MAX: usize = 20;

/// Priorities: separator size, then growth in [`GROWTHS`] grades. Beyond them lies what is too wide.
const GROWTHS: u32 = 4;
const PRIORITIES: usize = (SEPARATOR_MAX + 1) * GROWTHS as usize + 1;

/// What a step costs beside its arithmetic, in multiply-adds.
const STEP_COST: u64 = 512;

/// What a plan may spend.
#[derive(Clone, Copy)]
pub(super) struct Limit {
    /// Multiply-adds of the elimination.
    pub(super) cost: u64,
    /// Reals for tables and scratch.
    pub(super) reals: usize,
    /// Links looked at while planning.
    pub(super) looks: u64,
}

/// What a plan needs.
#[derive(Clone, Copy, Default)]
pub(super) struct Need {
    /// Multiply-adds, up and down.
    pub(super) cost: u64,
    /// Reals of all tables together, and of the scratch memory of the hungriest step.
    tables: usize,
    scratch: usize,
    /// Widest separator.
    pub(super) width: u32,
}

/// Where elimination stands: memory.
pub(super) struct Planner<'a> {
    queue: Queue<'a, PRIORITIES>,
    /// By column: live rows that touch it; the table (step) it lives in, or `NONE`; its bit there; the next column of
    /// that separator.
    live: &'a mut [u32],
    tree: &'a mut [u32],
    bit: &'a mut [u32],
    next: &'a mut [u32],
    /// By step: the first column of its separator; where its next terms go; when it was last visited.
    head: &'a mut [u32],
    next_closing: &'a mut [u32],
    next_keeping: &'a mut [u32],
    visited: &'a mut [u32],
    /// By row: when it was last refreshed.
    refreshed: &'a mut [u32],
    clock: u32,
    /// Links looked at so far, to find priorities.
    looks: u64,
}

/// A list of columns, linked through [`Planner::next`].
#[derive(Clone, Copy)]
struct Separator {
    head: u32,
    tail: u32,
}

impl<'a> Planner<'a> {
    pub(super) fn carve(carver: &mut Carver<'a>, vertices: usize) -> Option<Self> {
        Some(Self {
            queue: Queue::carve(carver, vertices)?,
            live: carver.words(vertices)?,
            tree: carver.words(vertices)?,
            bit: carver.words(vertices)?,
            next: carver.words(vertices)?,
            head: carver.words(vertices)?,
            next_closing: carver.words(vertices)?,
            next_keeping: carver.words(vertices)?,
            visited: carver.words(vertices)?,
            refreshed: carver.words(vertices)?,
            clock: 0,
            looks: 0,
        })
    }

    /// Plans to sum out `rows`; `None` as soon as that exceeds `limit` or [`SEPARATOR_MAX`].
    pub(super) fn make(
        &mut self,
        plan: &mut Plan<'_>,
        rows: Side<'_>,
        columns: Side<'_>,
        limit: Limit,
    ) -> Option<Need> {
        plan.steps = 0;
        self.open(rows, columns);
        let mut need = Need::default();
        let mut children_end = 0;
        while let Some((row, priority)) = self.queue.pop() {
            if priority == PRIORITIES - 1 {
                return None;
            }
            let step = plan.steps;
            plan.row[step] = word(row);
            plan.terms[step] = word(rows.places(row).start);
            let children = children_end;
            children_end = self.take_in(plan, rows, row, children);
            need.add(plan, step);
            if !need.is_within(limit) || self.looks > limit.looks {
                return None;
            }
            self.write_terms(plan, rows, row, children..children_end);
            self.refresh(plan, rows, columns, step);
            plan.steps += 1;
        }
        Some(need)
    }

    /// Every row that has links is live, no column is in a table.
    fn open(&mut self, rows: Side<'_>, columns: Side<'_>) {
        (self.clock, self.looks) = (0, 0);
        self.visited[..rows.len()].fill(0);
        self.refreshed[..rows.len()].fill(0);
        self.tree[..columns.len()].fill(NONE);
        for column in 0..columns.len() {
            self.live[column] = columns.degree(column);
        }
        self.queue.clear(rows.len());
        for row in (0..rows.len()).rev().filter(|&row| rows.degree(row) > 0) {
            // Nothing is in a table yet, and in a core every column has other rows as well.
            self.queue.push(row, priority_of(rows.degree(row), 0));
        }
    }

    fn tick(&mut self) -> u32 {
        self.clock += 1;
        self.clock
    }

    /// How soon a row should be summed out: by the size of its separator, and by growth.
    fn priority(&mut self, rows: Side<'_>, row: usize, width: &[u32]) -> u32 {
        let now = self.tick();
        self.looks += u64::from(rows.degree(row));
        let (live, tree, visited) = (&*self.live, &*self.tree, &mut *self.visited);
        let (mut size, mut closing, mut largest) = (0, 0, 0);
        for column in rows.mates(row) {
            let child = tree[column];
            if child == NONE {
                size += u32::from(live[column] > 1);
                continue;
            }
            closing += u32::from(live[column] == 1);
            if visited[child as usize] != now {
                visited[child as usize] = now;
                size += width[child as usize];
                largest = width[child as usize].max(largest);
            }
        }
        priority_of(size - closing, largest)
    }

    /// Finds the children of a row, and what its links do to each. Returns where the list of children ends.
    fn take_in(&mut self, plan: &mut Plan<'_>, rows: Side<'_>, row: usize, children: usize) -> usize {
        let now = self.tick();
        let (live, tree, visited) = (&mut *self.live, &*self.tree, &mut *self.visited);
        let (mut end, mut private, mut fresh) = (children, 0, 0);
        for column in rows.mates(row) {
            live[column] -= 1;
            let closes = u32::from(live[column] == 0);
            if tree[column] == NONE {
                private += closes;
                fresh += 1 - closes;
                continue;
            }
            let child = tree[column] as usize;
            if visited[child] != now {
                visited[child] = now;
                (plan.closing[child], plan.keeping[child]) = (0, 0);
                plan.children[end] = tree[column];
                end += 1;
            }
            plan.closing[child] += closes;
            plan.keeping[child] += 1 - closes;
        }
        (plan.private[plan.steps], plan.fresh[plan.steps]) = (private, fresh);
        plan.children_end[plan.steps] = word(end);
        if end - children > 1 {
            let (width, closing) = (&*plan.width, &*plan.closing);
            plan.children[children..end]
                .sort_unstable_by_key(|&child| (width[child as usize] - closing[child as usize], child));
        }
        end
    }

    /// Writes the terms of the step and makes its separator.
    fn write_terms(&mut self, plan: &mut Plan<'_>, rows: Side<'_>, row: usize, children: core::ops::Range<usize>) {
        let step = plan.steps;
        let mut next_private = plan.terms[step];
        let mut next_fresh = next_private + plan.private[step];
        let mut next = next_fresh + plan.fresh[step];
        let mut separator = Separator { head: NONE, tail: NONE };
        for &child in &plan.children[children.clone()] {
            self.next_closing[child as usize] = next;
            next += plan.closing[child as usize];
            self.next_keeping[child as usize] = next;
            next += plan.keeping[child as usize];
        }
        for &child in plan.children[children].iter().rev() {
            self.keep(child as usize, &mut separator);
        }
        for place in rows.places(row) {
            let (column, link) = (rows.mate(place), rows.link(place));
            let closes = self.live[column] == 0;
            let (next, spot) = match (self.tree[column], closes) {
                (NONE, true) => (&mut next_private, word(column)),
                (NONE, false) => {
                    self.append(column, &mut separator);
                    (&mut next_fresh, word(column))
                }
                (child, true) => (&mut self.next_closing[child as usize], self.bit[column]),
                (child, false) => (&mut self.next_keeping[child as usize], self.bit[column]),
            };
            plan.link[*next as usize] = word(link);
            plan.spot[*next as usize] = spot;
            *next += 1;
        }
        self.settle(separator, step);
    }

    /// Moves the columns of a child that stay open to the end of the separator, numbering them within the kept part.
    fn keep(&mut self, child: usize, separator: &mut Separator) {
        let mut kept = 0;
        let mut column = self.head[child];
        while column != NONE {
            let at = column as usize;
            column = self.next[at];
            if self.live[at] > 0 {
                self.bit[at] = kept;
                kept += 1;
                self.append(at, separator);
            }
        }
    }

    fn append(&mut self, column: usize, separator: &mut Separator) {
        self.next[column] = NONE;
        if separator.tail == NONE {
            separator.head = word(column);
        } else {
            self.next[separator.tail as usize] = word(column);
        }
        separator.tail = word(column);
    }

    /// Makes the separator that of the step: its columns live there now, their bits in the order of the list.
    fn settle(&mut self, separator: Separator, step: usize) {
        self.head[step] = separator.head;
        let mut column = separator.head;
        let mut bit = 0;
        while column != NONE {
            let at = column as usize;
            self.tree[at] = word(step);
            self.bit[at] = bit;
            bit += 1;
            column = self.next[at];
        }
    }

    /// Brings the queue up to date with a new table: every live row that touches it. If the table is over the same
    /// columns as its only child was, only a row that has become the last of some column sees a difference.
    fn refresh(&mut self, plan: &Plan<'_>, rows: Side<'_>, columns: Side<'_>, step: usize) {
        let now = self.tick();
        let mut children = plan.children(step);
        let same =
            plan.fresh[step] == 0 && children.len() == 1 && children.all(|child| child.kept == plan.width[child.step]);
        let mut at = self.head[step];
        while at != NONE {
            let column = at as usize;
            at = self.next[column];
            if same && self.live[column] > 1 {
                continue;
            }
            for row in columns.mates(column) {
                if self.refreshed[row] != now && self.queue.contains(row) {
                    self.refreshed[row] = now;
                    let priority = self.priority(rows, row, plan.width);
                    self.queue.change(row, priority);
                }
            }
        }
    }
}

/// The priority of a row with a separator of this size, when the largest table it takes in is over so many columns.
fn priority_of(size: u32, largest: u32) -> u32 {
    GROWTHS * size + size.saturating_sub(largest).min(GROWTHS - 1)
}

impl Need {
    fn is_within(&self, limit: Limit) -> bool {
        self.cost <= limit.cost && self.tables + self.scratch <= limit.reals
    }

    /// Adds a step, and gives it its table.
    fn add(&mut self, plan: &mut Plan<'_>, step: usize) {
        let mut bits = plan.fresh[step];
        let own = 1_usize << bits;
        let (mut products, mut lifts, mut widest, mut cost) = (own, 0, 1, 0);
        for (later, child) in plan.children(step).rev().enumerate().rev() {
            let lift = 1_usize << child.kept;
            bits += child.kept;
            if later > 0 {
                products += 1 << bits;
            }
            lifts += lift;
            widest = lift.max(widest);
            cost += (child.terms as u64 + 3) << child.kept;
        }
        plan.width[step] = bits;
        plan.table[step] = word(self.tables);
        self.cost = self.cost.saturating_add(STEP_COST + 2 * (cost + (3 << bits)));
        self.tables += 1 << bits;
        // A stack of pairs going up; going down another one of adjoints, one for a child, and the row's own.
        self.scratch = self.scratch.max(4 * products + 2 * lifts + 2 * widest + own);
        self.width = self.width.max(bits);
    }
}
