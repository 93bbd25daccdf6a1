//! Exact marginals of one cluster: the matching polynomial, summed out row by row, and differentiated backwards.
//!
//! See [`super`] for the polynomial. For the step that sums out row i, with separator B_i and children c, let
//!
//! f_i(U) = Σ over the ways to assign row i and all rows below it without the columns U ⊆ B_i,
//!
//! where a column of B_i outside U that stays unused pays its single weight m_j here. Two tracks on one measurement x,
//! with m_x = 1: the first gives f_1(∅) = n_1 + w_1 and f_1({x}) = n_1, and with it the second, whose separator is
//! empty, f_2(∅) = n_2 f_1(∅) + w_2 f_1({x}) = Z.
//!
//! In general write, for each child, the pair of tables over the columns V that outlive row i
//!
//! F_c(V) = f_c(V), G_c(V) = Σ w_ij f_c(V ∪ j) over the columns j of row i that are in child c and not in V:
//!
//! row i takes nothing, or something, out of child c. The row's own columns make one more pair, in which "nothing" is
//! not yet decided and "something" includes staying single: start with (1, n_i) and let each own column j turn (F, G)
//! into (m_j F, m_j G + w_ij F) where j is left to this row, and leave it as it is where j ∈ U. Pairs multiply like
//! F + ε G with ε² = 0, because the row takes one thing at most and separators of children are disjoint; so
//!
//! f_i = the ε-part of own ⊗ child ⊗ child ….
//!
//! This is the *up* pass. Every table is scaled by a power of two to a peak in [1, 2). At the roots stands Z. Since
//! ln Z is a function of the weights, β_ij = ∂ ln Z / ∂ ln w_ij, and the *down* pass computes all of them at the price
//! of about two up passes, by running the same operations backwards with the adjoints f̄ = ∂ ln Z / ∂ f (reverse
//! accumulation). The adjoint of a child's table overwrites the table.
//!
//! Cost: Σ_i 2^|B_i| times the links into it, three times over. All terms are products and sums of numbers that are not
//! negative, so relative errors only add: no cancellation anywhere.

use super::balance::{exponent, lower};
use super::graph::Side;
use super::pair::{Bar, Pair, PairMut, combine, lower_adjoint, multiply, upper_adjoint};
use super::plan::{Child, Plan};
use super::table::{Part, add_shifted, dot, peak, take_shifted};

/// The total weight of some row came out as zero or not finite: the weights span more than balancing could mend.
pub(super) struct Degenerate;

/// What an elimination finds: β by link, and by row the probability of having none of its links.
pub(super) struct Posterior<'p> {
    pub(super) beta: &'p mut [f64],
    pub(super) free: &'p mut [f64],
}

/// One elimination: the plan, both sides of the graph as seen from the one that is summed out, and the weights.
pub(super) struct Elimination<'e> {
    pub(super) plan: &'e Plan<'e>,
    pub(super) rows: Side<'e>,
    pub(super) columns: Side<'e>,
    pub(super) weight: &'e [f64],
}

impl Elimination<'_> {
    /// Computes the posterior, normalised by row. `tables` and `scale` are memory: tables and scratch as planned, one
    /// scale for each step.
    ///
    /// # Errors
    /// [`Degenerate`]; the posterior is then worthless.
    pub(super) fn run(&self, tables: &mut [f64], scale: &mut [f64], to: &mut Posterior<'_>) -> Result<(), Degenerate> {
        let (tables, scratch) = tables.split_at_mut(self.plan.tables_len());
        for (step, scale) in scale[..self.plan.steps].iter_mut().enumerate() {
            *scale = self.up(step, tables, scratch);
        }
        for (step, &scale) in scale[..self.plan.steps].iter().enumerate().rev() {
            self.down(step, scale, tables, scratch, to);
            self.normalise(step, to)?;
        }
        Ok(())
    }

    /// Computes f_i for the row of this step, scaled; returns the scale.
    fn up(&self, step: usize, tables: &mut [f64], scratch: &mut [f64]) -> f64 {
        let at = self.plan.table(step);
        let (below, table) = tables.split_at_mut(at.start);
        let table = &mut table[..at.len()];
        let end = self.assemble(step, 1.0, true, below, scratch);
        match self.plan.children(step).next_back() {
            None => table.copy_from_slice(Pair::of(scratch, table.len()).g),
            Some(child) => {
                let (upper, lift, _) = unstack(scratch, end, child.kept, table.len() >> child.kept);
                combine(upper, lift, table);
            }
        }
        let scale = lower(1.0, exponent(peak(table)));
        table.iter_mut().for_each(|f| *f *= scale);
        scale
    }

    /// Turns the adjoint of f_i, which stands in its table, into the marginals of the row and the adjoints of its
    /// children.
    fn down(&self, step: usize, scale: f64, tables: &mut [f64], scratch: &mut [f64], to: &mut Posterior<'_>) {
        let at = self.plan.table(step);
        let (below, table) = tables.split_at_mut(at.start);
        let table = &mut table[..at.len()];
        if let [z] = table {
            // A table over nothing is a root: ∂ ln Z / ∂ Z.
            *z = 1.0 / *z;
        }
        let children = self.plan.children(step);
        let several = children.len() > 1;
        let widest = children.clone().map(|child| child.kept).max().unwrap_or(0);
        let mut terms = self.plan.own_terms(step).2 + children.clone().map(|child| child.terms).sum::<usize>();
        let mut end = self.assemble(step, scale, several, below, scratch);
        let (stack, bars) = scratch.split_at_mut(end);
        let (child_bars, mut bars) = bars.split_at_mut(2 << widest);

        let mut bar = Bar { f: None, g: table };
        for child in children.rev() {
            let (upper, lift, rest_of_stack) = unstack(stack, end, child.kept, bar.g.len() >> child.kept);
            end = rest_of_stack;
            let mut child_bar = PairMut::split(child_bars, 1 << child.kept).0;
            lower_adjoint(bar, upper, &mut child_bar);
            let (upper_bar, rest) = PairMut::split(bars, upper.f.len());
            bars = rest;
            bar = upper_adjoint(bar, lift, upper_bar, several);
            terms -= child.terms;
            self.push(child, terms, lift.f, child_bar, &mut below[self.plan.table(child.step)], to);
        }
        let own_bar = &mut bars[..bar.g.len()];
        own_bar.copy_from_slice(bar.g);
        self.settle_own(step, scale, Pair::of(stack, own_bar.len()), own_bar, to);
    }

    /// Builds, in `scratch`, the row's own pair (times `scale`), the pairs of its children, and all products but the
    /// last, stacked as own, child, product, child, product, …, child. Returns where the stack ends. `with_g` says
    /// whether the ε-parts of the children are wanted.
    fn assemble(&self, step: usize, scale: f64, with_g: bool, below: &[f64], scratch: &mut [f64]) -> usize {
        let (mut len, mut terms) = self.own(step, scale, scratch);
        let (mut upper_at, mut end) = (0, 2 * len);
        for (later, child) in self.plan.children(step).rev().enumerate().rev() {
            let (stack, rest) = scratch.split_at_mut(end);
            let (mut lift, rest) = PairMut::split(rest, 1 << child.kept);
            self.lift(child, terms, with_g, &below[self.plan.table(child.step)], &mut lift);
            terms += child.terms;
            end += 2 << child.kept;
            if later > 0 {
                let upper = Pair::of(&stack[upper_at..], len);
                len <<= child.kept;
                multiply(upper, lift.read(), &mut PairMut::split(rest, len).0);
                upper_at = end;
                end += 2 * len;
            }
        }
        end
    }

    /// The pair of the row's own columns. Returns its length, and where the terms of the children begin.
    fn own(&self, step: usize, scale: f64, scratch: &mut [f64]) -> (usize, usize) {
        let (private, fresh, end) = self.plan.own_terms(step);
        let (mut f, mut g) = (scale, scale * self.rows.single[self.plan.row(step)]);
        for (link, column) in private.iter() {
            let m = self.columns.single[column as usize];
            (f, g) = (m * f, m * g + self.weight[link] * f);
        }
        let whole = 1 << fresh.len();
        let own = PairMut::split(scratch, whole).0;
        (own.f[0], own.g[0]) = (f, g);
        let mut len = 1;
        for (link, column) in fresh.iter() {
            let (m, w) = (self.columns.single[column as usize], self.weight[link]);
            for x in 0..len {
                let (f, g) = (own.f[x], own.g[x]);
                (own.f[len + x], own.g[len + x]) = (f, g);
                (own.f[x], own.g[x]) = (m * f, m * g + w * f);
            }
            len *= 2;
        }
        (whole, end)
    }

    /// The marginals of the row's own links and of staying single, from the adjoint of the ε-part of its own pair.
    fn settle_own(&self, step: usize, scale: f64, own: Pair<'_>, bar: &mut [f64], to: &mut Posterior<'_>) {
        let (private, fresh, _) = self.plan.own_terms(step);
        let whole = own.f.len();
        let mut len = whole;
        for (link, column) in fresh.iter().rev() {
            len /= 2;
            // The pair as it was before this column is the half where the column is taken from outside.
            let before = &own.f[whole - len..];
            let (without, with) = bar[..2 * len].split_at_mut(len);
            to.beta[link] = self.weight[link] * dot(without, before);
            for (without, with) in without.iter_mut().zip(with) {
                *without = self.columns.single[column as usize] * *without + *with;
            }
        }
        let mut f = scale;
        for (link, column) in private.iter() {
            to.beta[link] = self.weight[link] * f;
            f *= self.columns.single[column as usize];
        }
        let mut g_bar = bar[0];
        for (link, column) in private.iter().rev() {
            to.beta[link] *= g_bar;
            g_bar *= self.columns.single[column as usize];
        }
        let row = self.plan.row(step);
        to.free[row] = scale * self.rows.single[row] * g_bar;
    }

    /// The pair of a child, from its table.
    fn lift(&self, child: Child, terms: usize, with_g: bool, table: &[f64], lift: &mut PairMut<'_>) {
        let (closing, keeping) = self.plan.child_terms(child, terms);
        let part = Part::without(closing.mask());
        part.copy(table, lift.f);
        if with_g {
            lift.g.fill(0.0);
            for (link, bit) in closing.iter() {
                part.with(bit).add(table, self.weight[link], lift.g);
            }
            for (link, bit) in keeping.iter() {
                add_shifted(lift.g, lift.f, bit, self.weight[link]);
            }
        }
    }

    /// Turns the adjoint of a child's pair into the marginals of the links into it, and into the adjoint of its table.
    fn push(&self, child: Child, terms: usize, f: &[f64], bar: PairMut<'_>, table: &mut [f64], to: &mut Posterior<'_>) {
        let (closing, keeping) = self.plan.child_terms(child, terms);
        for (link, bit) in keeping.iter() {
            let w = self.weight[link];
            to.beta[link] = w * take_shifted(bar.g, f, bar.f, bit, w);
        }
        let part = Part::without(closing.mask());
        for (link, bit) in closing.iter() {
            to.beta[link] = self.weight[link] * part.with(bit).dot(table, bar.g);
        }
        if closing.len() > 1 {
            // The row takes one of them at most.
            table.fill(0.0);
        }
        part.write(table, 1.0, bar.f);
        for (link, bit) in closing.iter() {
            part.with(bit).write(table, self.weight[link], bar.g);
        }
    }

    /// Divides the marginals of a row by their sum, which is one but for rounding.
    fn normalise(&self, step: usize, to: &mut Posterior<'_>) -> Result<(), Degenerate> {
        let row = self.plan.row(step);
        let links = self.plan.links(step, self.rows.degree(row));
        let total = to.free[row] + links.clone().map(|link| to.beta[link]).sum::<f64>();
        if !(total > 0.0 && total.is_finite()) {
            return Err(Degenerate);
        }
        to.free[row] /= total;
        links.for_each(|link| to.beta[link] /= total);
        Ok(())
    }
}

/// The last two pairs of a stack that ends at `end`, given their lengths, and where the stack below the last one ends.
fn unstack(stack: &[f64], end: usize, lift_bits: u32, upper_len: usize) -> (Pair<'_>, Pair<'_>, usize) {
    let lift = end - (2 << lift_bits);
    let upper = lift - 2 * upper_len;
    (Pair::of(&stack[upper..], upper_len), Pair::of(&stack[lift..], 1 << lift_bits), upper)
}
