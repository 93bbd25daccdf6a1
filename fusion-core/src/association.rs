//! Association: which measurement came from which track, as probabilities.
//!
//! # The model
//!
//! In one scan of one sensor a track gives one measurement or none, and a measurement comes from one track or from none
//! (clutter, or something new). A *joint event* says who gave what: a matching between tracks i and measurements j. Its
//! probability is proportional to
//!
//! ∏ w_ij over the pairs it contains · ∏ n_i over the tracks it leaves without a measurement,
//!
//! where w_ij is the weight of "j came from i" relative to "j is clutter", and n_i the weight of "i was missed":
//! w_ij = P_D N(z_j; ẑ_i, S_i) / λ and n_i = 1 − P_D P_G for joint probabilistic data association (JPDA; Fortmann,
//! Bar-Shalom & Scheffe 1983; Bar-Shalom & Fortmann 1988, §9.3), the same times the probability of existence, and the
//! rest to n_i, for joint *integrated* PDA (Mušicki & Evans 2004). [`marginals`] computes, from these weights,
//!
//! β_ij = P(j came from i) and β_i0 = P(i was missed), with Σ_j β_ij + β_i0 = 1.
//!
//! # The polynomial
//!
//! Give each measurement a variable x_j with x_j² = 0: used once, or not at all. The total weight of all joint events
//! is the matching polynomial
//!
//! Z = ∏_i (n_i + Σ_j w_ij x_j), multiplied out, then every x_j = 1,
//!
//! and the marginals are its logarithmic derivatives, β_ij = ∂ ln Z / ∂ ln w_ij. Multiplying out costs as much as there
//! are joint events. It is cheaper to eliminate: x_j occurs in few factors, so the sum can be carried out track by
//! track, with a table over the measurements that are still contested where two parts of the problem meet. Its size is
//! 2^(contested), whatever the number of tracks. Horridge and Maskell (2006) exploit the same structure by merging
//! equal nodes of the hypothesis tree; here it is variable elimination along a chosen order, and differentiation
//! backwards.
//!
//! # The way of a scan
//!
//! 1. `cluster`: tracks that share no measurement, even through others, are independent.
//! 2. `couple`: two tracks alone have a closed form. `graph`, `fold`: measurements of a single track, then all
//!    leaves, are folded away; trees vanish.
//! 3. `order`, `plan`: an order for what is left, tracks first or measurements first, whichever is cheaper; it gives
//!    the exact cost before any work.
//! 4. `balance`: weights too far apart for a double are rescaled, exactly.
//! 5. `jpda`: tables up, derivatives down.
//!
//! # Beyond the budget
//!
//! A cluster that would cost more than the [`Budget`] leaves is first estimated by loopy belief propagation (`belief`;
//! Williams & Lau 2014). Then pairs with an estimated β below a threshold are cut, from 10⁻⁶ up to [`Budget::cut_max`],
//! until the rest can be solved exactly. If nothing fits, the estimate is the result. Every path is counted in the
//! [`Outcome`].
//!
//! What a cut can spoil is known afterwards. The cut problem is the given one under the condition that no cut pair
//! occurs, so no probability changes by more than the probability δ that one occurs. Which tracks are missed and which
//! measurements are taken is distributed according to a polynomial, ∏_i (n_i x_i + Σ_j w_ij y_j) without squares of
//! y_j, that is real stable; therefore "i was missed" are negatively associated over the tracks (Borcea, Brändén &
//! Liggett 2009), and with β⁰ the probabilities of the cut problem
//!
//! δ ≤ Σ β⁰_i0 w_ij / n_i over the cut pairs.
//!
//! # Promises
//!
//! Nothing is allocated; the work is bounded; the result depends on the arguments only, and on their order only in the
//! last digits. No input panics: what is no weight counts as zero and is counted.

pub mod gate;
pub mod likelihood;

mod balance;
mod belief;
mod cluster;
mod couple;
mod fold;
mod graph;
mod jpda;
mod order;
mod pair;
mod plan;
mod queue;
mod solver;
mod table;
mod workspace;

mod oracle;
mod properties;

use solver::Solver;

pub use order::SEPARATOR_MAX;
pub use workspace::{Sizes, Workspace};

/// One gated pair. Rows are tracks, columns are measurements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// Track i.
    pub row: u16,
    /// Measurement j.
    pub column: u16,
    /// w_ij ≥ 0, relative to clutter. Below 10⁻³⁰⁰ it counts as zero, above 10³⁰⁰ as that.
    pub weight: f64,
}

/// What one call may spend, and what it does when that is not enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// Multiply-adds for all exact eliminations together, with 512 for each step besides its arithmetic; a desktop core
    /// does some four thousand in a microsecond.
    pub cost_max: u64,
    /// Largest estimated β of a pair that may be cut to make the rest exact; zero forbids cutting.
    pub cut_max: f64,
    /// Most sweeps of belief propagation; it stops earlier when it has settled.
    pub sweeps: u32,
    /// Share of the old message kept in each sweep, in [0, 1). The iteration converges without, and fastest so.
    pub damping: f64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { cost_max: 1 << 24, cut_max: 1e-3, sweeps: 100, damping: 0.0 }
    }
}

/// How the marginals of a cluster were found, from best to worst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Exactly.
    #[default]
    Exact,
    /// Exactly, after cutting unlikely pairs: within [`Outcome::error_bound`].
    EdgeCut,
    /// By belief propagation.
    Belief,
    /// Each track by itself, as if no measurement were shared (PDA): the workspace was too small for the problem.
    Alone,
}

/// How the marginals were found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Clusters of at least two tracks.
    pub clusters: u32,
    /// Tracks in the largest cluster.
    pub largest_cluster: u32,
    /// Multiply-adds spent on exact elimination.
    pub cost: u64,
    /// Measurements (or tracks) in the widest separator, log₂ of the largest table.
    pub widest_separator: u32,
    /// Clusters whose weights had to be balanced.
    pub balanced: u32,
    /// Clusters of which pairs were cut.
    pub cut: u32,
    /// No marginal of a cut cluster is further than this from the exact one.
    pub error_bound: f64,
    /// Clusters left to belief propagation.
    pub belief: u32,
    /// Tracks taken one by one, since the workspace was too small.
    pub alone: u32,
    /// Inputs that made no sense: weights that are negative or not finite, edges out of order or out of range, null
    /// weights that are not above zero and finite.
    pub refused: u32,
}

impl Outcome {
    /// ⌈log₂⌉ of the multiply-adds spent.
    #[must_use]
    pub const fn log2_cost(&self) -> u32 {
        self.cost.next_power_of_two().ilog2()
    }

    /// The worst method that was used.
    #[must_use]
    pub const fn method(&self) -> Method {
        match (self.alone, self.belief, self.cut) {
            (0, 0, 0) => Method::Exact,
            (0, 0, _) => Method::EdgeCut,
            (0, _, _) => Method::Belief,
            _ => Method::Alone,
        }
    }
}

/// Computes the marginal association probabilities.
///
/// `nulls[i]` is n_i > 0; one that is not above zero counts as 10⁻³⁰⁰, and a track whose null weight is not finite is
/// left without a measurement. `edges` are sorted by (row, column), without repetition, with columns below `columns`.
/// Writes `beta[k]` for `edges[k]` and `missed[i]` for each row; `missed[i]` and the `beta` of row i sum to one, and
/// the `beta` of a column to one at most, but for rounding.
///
/// # Panics
/// If `beta` is not as long as `edges`, or `missed` not as `nulls`: a bug of the caller.
pub fn marginals(
    nulls: &[f64],
    edges: &[Edge],
    columns: usize,
    budget: &Budget,
    workspace: &mut Workspace<'_>,
    beta: &mut [f64],
    missed: &mut [f64],
) -> Outcome {
    assert_eq!(edges.len(), beta.len(), "one β for each edge");
    assert_eq!(nulls.len(), missed.len(), "one probability of being missed for each row");
    let given = Given { nulls, edges, columns };
    let mut out = Marginals { beta, missed };
    match Solver::carve(given, workspace.carver()) {
        Some(mut solver) => solver.run(budget, &mut out, None),
        None => given.solve_alone(&mut out),
    }
}

/// The same of one set of pairs by two sets of weights: what depends on the pairs alone, clusters and order of
/// elimination, is found once; and a cluster whose weights are the same is solved once.
///
/// The second weights, of missed detections and by pair, stand in `others`, and their probabilities take the places. A
/// pair has two weights above zero or none: one that vanishes in the second set counts as 10⁻³⁰⁰ there. The outcome is
/// that of the first set; the second has a budget of its own.
///
/// # Panics
/// As [`marginals`].
pub fn marginals_twice(
    nulls: &[f64],
    edges: &[Edge],
    columns: usize,
    budget: &Budget,
    workspace: &mut Workspace<'_>,
    [beta, others_beta]: [&mut [f64]; 2],
    [missed, others_missed]: [&mut [f64]; 2],
) -> Outcome {
    assert!(edges.len() == beta.len() && edges.len() == others_beta.len(), "one β for each edge");
    assert!(nulls.len() == missed.len() && nulls.len() == others_missed.len(), "one probability for each row");
    let given = Given { nulls, edges, columns };
    let mut out = Marginals { beta, missed };
    let mut others = Marginals { beta: others_beta, missed: others_missed };
    match Solver::carve(given, workspace.carver()) {
        Some(mut solver) => solver.run(budget, &mut out, Some(&mut others)),
        None => {
            given.solve_others_alone(&mut others);
            given.solve_alone(&mut out)
        }
    }
}

/// The arguments of [`marginals`], sanitised on reading.
#[derive(Clone, Copy)]
struct Given<'g> {
    nulls: &'g [f64],
    edges: &'g [Edge],
    columns: usize,
}

/// Where the result goes.
struct Marginals<'m> {
    beta: &'m mut [f64],
    missed: &'m mut [f64],
}

impl Given<'_> {
    /// n_i, made usable; and whether it was.
    fn null(&self, row: usize) -> (f64, bool) {
        usable_null(self.nulls[row])
    }

    /// w_ij of an edge, zero if there is none; and whether the edge made sense on its own.
    fn weight(&self, edge: &Edge) -> (f64, bool) {
        let row = usize::from(edge.row);
        let usable = row < self.nulls.len()
            && usize::from(edge.column) < self.columns
            && edge.weight.is_finite()
            && edge.weight >= 0.0;
        let wanted = usable && edge.weight >= WEIGHT_LEAST && self.nulls[row].is_finite();
        (if wanted { edge.weight.min(WEIGHT_MOST) } else { 0.0 }, usable)
    }

    /// Each track by itself: β_ij = w_ij / (n_i + Σ_k w_ik), without any other memory.
    fn solve_alone(&self, out: &mut Marginals<'_>) -> Outcome {
        let mut outcome = Outcome { alone: word(self.nulls.len()), ..Outcome::default() };
        for (row, missed) in out.missed.iter_mut().enumerate() {
            let (null, usable) = self.null(row);
            outcome.refused += u32::from(!usable);
            *missed = null;
        }
        for (edge, beta) in self.edges.iter().zip(out.beta.iter_mut()) {
            let (weight, usable) = self.weight(edge);
            outcome.refused += u32::from(!usable);
            *beta = weight;
            if weight > 0.0 {
                out.missed[usize::from(edge.row)] += weight;
            }
        }
        for (edge, beta) in self.edges.iter().zip(out.beta.iter_mut()) {
            if *beta > 0.0 {
                *beta /= out.missed[usize::from(edge.row)];
            }
        }
        for (row, missed) in out.missed.iter_mut().enumerate() {
            *missed = self.null(row).0 / *missed;
        }
        outcome
    }

    /// The same by second weights, which stand where the result goes.
    fn solve_others_alone(&self, others: &mut Marginals<'_>) {
        let mut pair = 0;
        let (mut rows, edges) = (others.missed.iter_mut().zip(0_u16..), self.edges);
        for (missed, row) in &mut rows {
            let null = usable_null(*missed).0;
            let own = &edges[pair..];
            let count = own.iter().take_while(|edge| edge.row == row).count();
            let beta = &mut others.beta[pair..pair + count];
            for (edge, weight) in own.iter().zip(beta.iter_mut()) {
                *weight = if self.weight(edge).0 > 0.0 { usable_weight(*weight) } else { 0.0 };
            }
            let total = null + beta.iter().sum::<f64>();
            beta.iter_mut().for_each(|beta| *beta /= total);
            (*missed, pair) = (null / total, pair + count);
        }
        // What is out of order is refused.
        others.beta[pair..].fill(0.0);
    }
}

/// A weight of a missed detection, made usable; and whether it was.
fn usable_null(n: f64) -> (f64, bool) {
    if n.is_finite() { (n.clamp(WEIGHT_LEAST, WEIGHT_MOST), n > 0.0) } else { (1.0, false) }
}

/// The second weight of a pair that has a first.
fn usable_weight(w: f64) -> f64 {
    if w.is_finite() { w.clamp(WEIGHT_LEAST, WEIGHT_MOST) } else { WEIGHT_LEAST }
}

/// Weights are kept between these, so that sums of them stay in the range of a double.
const WEIGHT_LEAST: f64 = 1e-300;
const WEIGHT_MOST: f64 = 1e300;

/// No such row, column, table: the end of a list.
const NONE: u32 = u32::MAX;

/// A count or an index in 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "rows, columns, edges and tables of one scan count below 2³²")]
const fn word(n: usize) -> u32 {
    n as u32
}
