//! The solver: takes the clusters of one scan, one after the other, through the steps of [`super`].

use super::balance::Auction;
use super::belief::{Belief, Messages};
use super::cluster::Clusters;
use super::couple;
use super::fold::Leaves;
use super::graph::Graph;
use super::jpda::{Elimination, Posterior};
use super::order::{Limit, Need, Planner};
use super::plan::Plan;
use super::workspace::Carver;
use super::{Budget, Given, Marginals, Outcome, usable_null, usable_weight, word};

/// First threshold of β below which pairs are cut, and the step to the next.
const CUT_FIRST: f64 = 1e-6;
const CUT_STEP: f64 = 10.0;

/// A plan may look at links this often, and at least once for so many multiply-adds of the budget: planning is bounded
/// too.
const LOOKS_PER_LINK: u64 = 64;
const COST_PER_LOOK: u64 = 256;

/// Multiply-adds per link from which it is worth while to look for an order the other way round as well.
const COST_PER_LINK: u64 = 400;

/// The whole problem: the edges that count, and the clusters.
pub(super) struct Problem<'p> {
    given: Given<'p>,
    /// By row: n_i.
    nulls: &'p mut [f64],
    /// By edge: w_ij, zero if it does not count.
    pub(super) weight: &'p mut [f64],
    pub(super) clusters: Clusters<'p>,
}

impl<'p> Problem<'p> {
    fn carve(given: Given<'p>, carver: &mut Carver<'p>) -> Option<Self> {
        let (nulls, weight) = (carver.reals(given.nulls.len())?, carver.reals(given.edges.len())?);
        let clusters = Clusters::carve(carver, given.nulls.len(), given.columns)?;
        Some(Self { given, nulls, weight, clusters })
    }

    /// Reads the arguments, and counts the users of each column; returns how many arguments made no sense.
    fn load(&mut self, users: &mut [u32]) -> u32 {
        let mut refused = 0;
        let mut last = None;
        for (edge, weight) in self.given.edges.iter().zip(self.weight.iter_mut()) {
            let usable;
            (*weight, usable) = self.given.weight(edge);
            let place = Some((edge.row, edge.column));
            if !usable || place <= last {
                *weight = 0.0;
                refused += 1;
            } else {
                last = place;
            }
        }
        self.clusters.load(self.given.edges, self.weight, users);
        for (row, null) in self.nulls.iter_mut().enumerate() {
            let usable;
            (*null, usable) = self.given.null(row);
            refused += u32::from(!usable);
        }
        refused
    }

    /// n_i.
    pub(super) fn null(&self, row: usize) -> f64 {
        self.nulls[row]
    }

    /// Whether the second weights of a cluster are the first.
    fn has_same(&self, root: usize, others: &Marginals<'_>) -> bool {
        self.clusters.members(root).all(|row| {
            let mut pairs = self.edges_of(row);
            others.missed[row].to_bits() == self.given.nulls[row].to_bits()
                && pairs.all(|edge| others.beta[edge].to_bits() == self.given.edges[edge].weight.to_bits())
        })
    }

    /// Gives a cluster the same probabilities by the second weights as by the first.
    fn copy(&self, root: usize, out: &Marginals<'_>, others: &mut Marginals<'_>) {
        for row in self.clusters.members(root) {
            let edges = self.clusters.edges_of(row);
            others.missed[row] = out.missed[row];
            others.beta[edges.clone()].copy_from_slice(&out.beta[edges]);
        }
    }

    /// Takes the second weights of a cluster in the place of the first, and leaves zeros there.
    fn exchange(&mut self, root: usize, others: &mut Marginals<'_>) {
        for row in self.clusters.members(root) {
            self.nulls[row] = usable_null(others.missed[row]).0;
            for edge in self.clusters.edges_of(row) {
                if self.weight[edge] > 0.0 {
                    self.weight[edge] = usable_weight(others.beta[edge]);
                }
                others.beta[edge] = 0.0;
            }
        }
    }

    /// The column of an edge.
    pub(super) fn column(&self, edge: usize) -> usize {
        usize::from(self.given.edges[edge].column)
    }

    /// The edges of a row that count.
    pub(super) fn edges_of(&self, row: usize) -> impl Iterator<Item = usize> + '_ {
        self.clusters.edges_of(row).filter(|&edge| self.weight[edge] > 0.0)
    }
}

/// All memory, cut into pieces.
pub(super) struct Solver<'a> {
    problem: Problem<'a>,
    graph: Graph<'a>,
    leaves: Leaves<'a>,
    planner: Planner<'a>,
    /// One for each side.
    plans: [Plan<'a>; 2],
    auction: Auction<'a>,
    messages: Messages<'a>,
    scale: &'a mut [f64],
    tables: &'a mut [f64],
}

/// Which side of a graph is summed out.
#[derive(Clone, Copy)]
enum SumOut {
    Rows,
    Columns,
}

/// How a cluster was solved exactly: its plan is that of the side. It depends on the pairs alone, and on whether they
/// could be folded.
#[derive(Clone, Copy)]
struct Found {
    ratios: bool,
    side: Option<SumOut>,
    need: Need,
}

impl<'a> Solver<'a> {
    /// Cuts the memory; `None` if there is too little.
    pub(super) fn carve(given: Given<'a>, mut carver: Carver<'a>) -> Option<Self> {
        let (rows, columns, edges) = (given.nulls.len(), given.columns, given.edges.len());
        let vertices = rows.max(columns);
        let from = &mut carver;
        Some(Self {
            problem: Problem::carve(given, from)?,
            graph: Graph::carve(from, rows, columns, edges)?,
            leaves: Leaves::carve(from, rows, columns)?,
            planner: Planner::carve(from, vertices)?,
            plans: [Plan::carve(from, vertices, edges)?, Plan::carve(from, vertices, edges)?],
            auction: Auction::carve(from, rows, columns)?,
            messages: Messages::carve(from, edges)?,
            scale: from.reals(vertices)?,
            tables: carver.into_tables(),
        })
    }

    /// Solves all clusters; and once more by second weights, if there are any.
    pub(super) fn run(
        &mut self,
        budget: &Budget,
        out: &mut Marginals<'_>,
        mut others: Option<&mut Marginals<'_>>,
    ) -> Outcome {
        let mut outcome = Outcome { refused: self.problem.load(self.graph.mark), ..Outcome::default() };
        let mut aside = Outcome::default();
        out.beta.fill(0.0);
        for root in 0..out.missed.len() {
            if !self.problem.clusters.is_root(root) {
                continue;
            }
            if self.problem.clusters.edges_of(root).is_empty() {
                // Most rows of a scan are tracks that clutter founded: they gate nothing.
                out.missed[root] = 1.0;
                others.iter_mut().for_each(|others| others.missed[root] = 1.0);
                continue;
            }
            let size = self.problem.clusters.members(root).count();
            outcome.clusters += u32::from(size > 1);
            outcome.largest_cluster = outcome.largest_cluster.max(if size > 1 { word(size) } else { 0 });
            let found = self.solve_sized(root, size, budget, out, &mut outcome, None);
            if let Some(others) = &mut others {
                if self.problem.has_same(root, others) {
                    self.problem.copy(root, out, others);
                    continue;
                }
                self.problem.exchange(root, others);
                self.solve_sized(root, size, budget, others, &mut aside, Some(found));
            }
        }
        outcome
    }

    /// Solves a cluster of so many rows; for the second time, if it is told what was found the first time.
    fn solve_sized(
        &mut self,
        root: usize,
        size: usize,
        budget: &Budget,
        out: &mut Marginals<'_>,
        outcome: &mut Outcome,
        before: Option<Option<Found>>,
    ) -> Option<Found> {
        match size {
            1 => self.solve_single(root, out),
            2 if self.solve_couple(root, out) => {}
            _ => return self.solve(root, budget, out, outcome, before),
        }
        None
    }

    /// A track without rivals: β_j = w_j / (n + Σ w).
    fn solve_single(&self, row: usize, out: &mut Marginals<'_>) {
        let null = self.problem.null(row);
        let total = null + self.problem.edges_of(row).map(|edge| self.problem.weight[edge]).sum::<f64>();
        out.missed[row] = null / total;
        for edge in self.problem.edges_of(row) {
            out.beta[edge] = self.problem.weight[edge] / total;
        }
    }

    fn solve(
        &mut self,
        root: usize,
        budget: &Budget,
        out: &mut Marginals<'_>,
        outcome: &mut Outcome,
        before: Option<Option<Found>>,
    ) -> Option<Found> {
        match before {
            None => self.graph.load(&self.problem, root),
            Some(_) => self.graph.reload(&self.problem, root, out.beta, 0.0),
        }
        if let Some(found) = self.solve_exactly(budget, outcome, before.flatten()) {
            self.graph.unload(&self.problem, 0.0, out);
            return Some(found);
        }
        self.graph.reload(&self.problem, root, out.beta, 0.0);
        self.estimate(budget);
        self.graph.unload(&self.problem, 0.0, out);
        if !self.solve_cut(root, budget, out, outcome) {
            outcome.belief += 1;
        }
        None
    }

    /// Solves a cluster of two rows, if that can be done so.
    fn solve_couple(&self, root: usize, out: &mut Marginals<'_>) -> bool {
        let mut members = self.problem.clusters.members(root);
        let both = [members.next(), members.next()].map(|row| row.expect("a cluster of two"));
        couple::solve(&self.problem, both, out)
    }

    /// Solves the loaded graph, if the budget allows; by the plan that was found for it before, if there is one, and
    /// the graph was folded alike.
    fn solve_exactly(&mut self, budget: &Budget, outcome: &mut Outcome, before: Option<Found>) -> Option<Found> {
        let ratios = self.graph.fold(&mut self.leaves);
        let limit = Limit {
            cost: budget.cost_max - outcome.cost,
            reals: self.tables.len(),
            looks: budget.cost_max / COST_PER_LOOK,
        };
        let known = before.filter(|before| before.ratios == ratios && before.need.cost <= limit.cost);
        let (side, need) = match known {
            Some(Found { side, need, .. }) => (side, need),
            None => self.find_order(limit)?,
        };
        outcome.cost += need.cost;
        outcome.widest_separator = outcome.widest_separator.max(need.width);
        if let Some(side) = side {
            let balanced = self.graph.prepare(ratios, need.width, &mut self.auction);
            if !self.eliminate(side) {
                return None;
            }
            outcome.balanced += u32::from(balanced);
        }
        self.graph.unfold(&self.leaves);
        Some(Found { ratios, side, need })
    }

    /// Plans to sum out one side or the other: first the one with fewer vertices, hence fewer steps; separators consist
    /// of vertices of the other side, so if that is dear, the other one as well. No side if there is nothing left to
    /// do.
    fn find_order(&mut self, limit: Limit) -> Option<(Option<SumOut>, Need)> {
        let ((rows, links), (columns, _)) = (self.graph.rows.core(), self.graph.columns.core());
        if links == 0 {
            return Some((None, Need::default()));
        }
        let (few, many) =
            if rows <= columns { (SumOut::Rows, SumOut::Columns) } else { (SumOut::Columns, SumOut::Rows) };
        let limit = Limit { looks: limit.looks.max(LOOKS_PER_LINK * links), ..limit };
        match self.plan(few, limit) {
            Some(need) if need.cost <= COST_PER_LINK * links => Some((Some(few), need)),
            Some(need) => {
                let other = self.plan(many, Limit { cost: need.cost, ..limit });
                Some(other.map_or((Some(few), need), |need| (Some(many), need)))
            }
            None => self.plan(many, limit).map(|need| (Some(many), need)),
        }
    }

    fn plan(&mut self, side: SumOut, limit: Limit) -> Option<Need> {
        let (rows, columns) = (self.graph.rows.side(), self.graph.columns.side());
        let plan = &mut self.plans[side as usize];
        match side {
            SumOut::Rows => self.planner.make(plan, rows, columns, limit),
            SumOut::Columns => self.planner.make(plan, columns, rows, limit),
        }
    }

    /// Runs the plan; false if the weights defeat it.
    fn eliminate(&mut self, side: SumOut) -> bool {
        let graph = &mut self.graph;
        let (own, other) = match side {
            SumOut::Rows => (&mut graph.rows, &mut graph.columns),
            SumOut::Columns => (&mut graph.columns, &mut graph.rows),
        };
        let (rows, free) = own.split();
        let elimination =
            Elimination { plan: &self.plans[side as usize], rows, columns: other.side(), weight: graph.weight };
        let solved = elimination.run(self.tables, self.scale, &mut Posterior { beta: graph.beta, free });
        other.complete(graph.beta);
        solved.is_ok()
    }

    /// Estimates the loaded graph by belief propagation.
    fn estimate(&mut self, budget: &Budget) {
        let ratios = self.graph.fold(&mut self.leaves);
        // Messages behave like tables over two vertices: a product of two weights stays in range.
        self.graph.prepare(ratios, 2, &mut self.auction);
        let graph = &mut self.graph;
        let belief = Belief { rows: graph.rows.side(), columns: graph.columns.side(), weight: graph.weight };
        belief.run(budget, &mut self.messages, graph.beta);
        graph.rows.complete(graph.beta);
        graph.columns.complete(graph.beta);
        graph.unfold(&self.leaves);
    }

    /// Cuts unlikely pairs, as estimated, until the rest can be solved exactly; false if it never can.
    fn solve_cut(&mut self, root: usize, budget: &Budget, out: &mut Marginals<'_>, outcome: &mut Outcome) -> bool {
        let mut cut = CUT_FIRST;
        while cut <= budget.cut_max {
            self.graph.reload(&self.problem, root, out.beta, cut);
            if self.solve_exactly(budget, outcome, None).is_some() {
                let bound = self.graph.unload(&self.problem, cut, out);
                outcome.cut += 1;
                outcome.error_bound = outcome.error_bound.max(bound);
                return true;
            }
            cut *= CUT_STEP;
        }
        false
    }
}
