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
use super::{Budget, Given, Marginals, Outcome, word};

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
    /// By edge: w_ij, zero if it does not count.
    pub(super) weight: &'p mut [f64],
    pub(super) clusters: Clusters<'p>,
}

impl<'p> Problem<'p> {
    fn carve(given: Given<'p>, carver: &mut Carver<'p>) -> Option<Self> {
        let weight = carver.reals(given.edges.len())?;
        let clusters = Clusters::carve(carver, given.nulls.len(), given.columns)?;
        Some(Self { given, weight, clusters })
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
        refused + word((0..self.given.nulls.len()).filter(|&row| !self.given.null(row).1).count())
    }

    /// n_i.
    pub(super) fn null(&self, row: usize) -> f64 {
        self.given.null(row).0
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

    pub(super) fn run(&mut self, budget: &Budget, out: &mut Marginals<'_>) -> Outcome {
        let mut outcome = Outcome { refused: self.problem.load(self.graph.mark), ..Outcome::default() };
        out.beta.fill(0.0);
        for root in 0..out.missed.len() {
            if !self.problem.clusters.is_root(root) {
                continue;
            }
            let size = self.problem.clusters.members(root).count();
            if size == 1 {
                self.solve_single(root, out);
            } else {
                outcome.clusters += 1;
                outcome.largest_cluster = outcome.largest_cluster.max(word(size));
                self.solve(root, budget, out, &mut outcome);
            }
        }
        outcome
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

    fn solve(&mut self, root: usize, budget: &Budget, out: &mut Marginals<'_>, outcome: &mut Outcome) {
        if let Some(rows) = self.couple(root)
            && couple::solve(&self.problem, rows, out)
        {
            return;
        }
        self.graph.load(&self.problem, root);
        if self.solve_exactly(budget, outcome) {
            self.graph.unload(&self.problem, 0.0, out);
            return;
        }
        self.graph.reload(&self.problem, root, out.beta, 0.0);
        self.estimate(budget);
        self.graph.unload(&self.problem, 0.0, out);
        if !self.solve_cut(root, budget, out, outcome) {
            outcome.belief += 1;
        }
    }

    /// The rows of a cluster of two.
    fn couple(&self, root: usize) -> Option<[usize; 2]> {
        let mut members = self.problem.clusters.members(root);
        let both = [members.next()?, members.next()?];
        members.next().is_none().then_some(both)
    }

    /// Solves the loaded graph, if the budget allows.
    fn solve_exactly(&mut self, budget: &Budget, outcome: &mut Outcome) -> bool {
        let ratios = self.graph.fold(&mut self.leaves);
        let limit = Limit {
            cost: budget.cost_max - outcome.cost,
            reals: self.tables.len(),
            looks: budget.cost_max / COST_PER_LOOK,
        };
        let Some((side, need)) = self.find_order(limit) else { return false };
        outcome.cost += need.cost;
        outcome.widest_separator = outcome.widest_separator.max(need.width);
        if let Some(side) = side {
            let balanced = self.graph.prepare(ratios, need.width, &mut self.auction);
            if !self.eliminate(side) {
                return false;
            }
            outcome.balanced += u32::from(balanced);
        }
        self.graph.unfold(&self.leaves);
        true
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
            if self.solve_exactly(budget, outcome) {
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
