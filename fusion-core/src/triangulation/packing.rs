//! Which sets of lines hold together: no line twice, the greatest sum of log-likelihood ratios.
//!
//! Set packing falls into clusters of sets that share lines, directly or through others. In each, the lowest line that
//! is free belongs to one of its sets or to none; branch and bound goes through that. The bound is that of the `prices`
//! of the lines: no packing is worth more than the lines that are free.

use heapless::Vec;

use super::growth::Candidate;
use super::place::Place;
use super::prices::{Prices, cheapened, relaxed};
use super::{EMITTERS_MAX, LINES_MAX, TriangulationTally};
use crate::maths::exp;

/// Nodes of one search. Counter: `TriangulationTally::searches_cut`; the bound stands for what was not looked at.
const NODES_MAX: u32 = 20_000;

/// The same where only the weight of one set depends on it. Counter: `TriangulationTally::searches_cut`.
const NODES_OF_WEIGHT_MAX: u32 = 400;

/// A set of the best packing, and what its cluster is worth.
#[derive(Clone, Copy)]
pub(super) struct Chosen {
    /// Which set.
    pub(super) candidate: usize,
    /// All lines of its cluster.
    cluster: u128,
    /// The sum over its cluster.
    pub(super) sum: f64,
}

/// The best packing.
pub(super) struct Packing {
    /// Its sets, in the order of their lines.
    pub(super) chosen: Vec<Chosen, EMITTERS_MAX>,
    prices: Prices,
}

impl Packing {
    /// The best of all. Puts the sets in order of their lowest line, the best first.
    pub(super) fn of(candidates: &mut [Candidate], tally: &mut TriangulationTally) -> Self {
        candidates.sort_unstable_by(|a, b| {
            let lowest = a.mask.trailing_zeros().cmp(&b.mask.trailing_zeros());
            lowest.then_with(|| b.score.total_cmp(&a.score)).then_with(|| a.mask.cmp(&b.mask))
        });
        let mut packing = Self { chosen: Vec::new(), prices: [0.0; LINES_MAX] };
        for cluster in clusters(candidates) {
            relaxed(candidates, cluster, &mut packing.prices);
            let mut search = Search::new(candidates, cluster, &packing.prices, NODES_MAX);
            search.run(tally);
            let sum = search.best;
            // Clusters share no lines, so all fit together.
            packing.chosen.extend(search.best_sets.iter().map(|set| Chosen {
                candidate: usize::from(*set),
                cluster,
                sum,
            }));
        }
        packing.chosen.sort_unstable_by_key(|one| candidates[one.candidate].mask.trailing_zeros());
        packing
    }

    /// What the cluster of a chosen set is worth at the most with no emitter at the place that is told.
    pub(super) fn rival(
        &self,
        candidates: &mut [Candidate],
        chosen: &Chosen,
        place: &Place,
        tally: &mut TriangulationTally,
    ) -> f64 {
        let there = candidates[chosen.candidate].mask;
        for candidate in candidates.iter_mut() {
            candidate.barred = candidate.mask == there || place.includes(&candidate.position());
        }
        let mut prices = self.prices;
        cheapened(candidates, chosen.cluster, &mut prices);
        let rival = Search::new(candidates, chosen.cluster, &prices, NODES_MAX).run(tally);
        candidates.iter_mut().for_each(|candidate| candidate.barred = false);
        rival
    }

    /// Weighs the sets that may be of the emitter of a chosen one, itself with one: by how much less the best packing
    /// is worth that has the set. They have two lines in common with it, so they place one emitter somewhere on both,
    /// the one better than the other. All others weigh nothing.
    pub(super) fn weigh(&self, candidates: &mut [Candidate], chosen: &Chosen, tally: &mut TriangulationTally) {
        let there = candidates[chosen.candidate].mask;
        for k in 0..candidates.len() {
            let set = &candidates[k];
            candidates[k].weight = match (set.mask & there).count_ones() {
                _ if set.mask == there => 1.0,
                0 | 1 => 0.0,
                _ => self.weight(candidates, set, chosen, tally),
            };
        }
    }

    fn weight(
        &self,
        candidates: &[Candidate],
        set: &Candidate,
        chosen: &Chosen,
        tally: &mut TriangulationTally,
    ) -> f64 {
        let mut search = Search::new(candidates, chosen.cluster & !set.mask, &self.prices, NODES_OF_WEIGHT_MAX);
        let least = chosen.sum - set.score - NEGLIGIBLE;
        if search.bound(search.cluster) < least {
            return 0.0;
        }
        search.best = least.max(0.0);
        let worth = set.score + search.run(tally);
        if worth > chosen.sum - NEGLIGIBLE { exp((worth - chosen.sum).min(0.0)) } else { 0.0 }
    }
}

/// A packing that is worth so much less (less likely by a factor of ten thousand) moves nothing.
const NEGLIGIBLE: f64 = 9.2;

/// The lines of each cluster.
fn clusters(candidates: &[Candidate]) -> Vec<u128, EMITTERS_MAX> {
    let mut clusters: Vec<u128, EMITTERS_MAX> = Vec::new();
    for candidate in candidates {
        let mut merged = candidate.mask;
        clusters.retain(|cluster| {
            let apart = cluster & candidate.mask == 0;
            merged |= if apart { 0 } else { *cluster };
            apart
        });
        clusters.push(merged).expect("clusters share no lines and have two each");
    }
    clusters
}

struct Search<'a> {
    candidates: &'a [Candidate],
    cluster: u128,
    prices: &'a Prices,
    /// Where the sets begin whose lowest line is this one.
    begins: [u16; LINES_MAX + 1],
    nodes: u32,
    nodes_max: u32,
    best: f64,
    best_sets: Vec<u16, EMITTERS_MAX>,
    sets: Vec<u16, EMITTERS_MAX>,
}

impl<'a> Search<'a> {
    fn new(candidates: &'a [Candidate], cluster: u128, prices: &'a Prices, nodes_max: u32) -> Self {
        let begins = core::array::from_fn(|line| {
            let is_before = |c: &Candidate| usize::try_from(c.mask.trailing_zeros()).is_ok_and(|lowest| lowest < line);
            u16::try_from(candidates.partition_point(is_before)).unwrap_or(u16::MAX)
        });
        Self {
            candidates,
            cluster,
            prices,
            begins,
            nodes: 0,
            nodes_max,
            best: 0.0,
            best_sets: Vec::new(),
            sets: Vec::new(),
        }
    }

    /// Searches, and returns what the cluster is worth at the most: the best found unless the search was cut.
    fn run(&mut self, tally: &mut TriangulationTally) -> f64 {
        self.descend(self.cluster, 0.0);
        if self.nodes < self.nodes_max {
            return self.best;
        }
        tally.searches_cut += 1;
        self.bound(self.cluster)
    }

    fn bound(&self, free: u128) -> f64 {
        lines(free).fold(0.0, |sum, line| sum + self.prices[line])
    }

    /// Goes on with the lowest free line, `value` being the sum so far.
    fn descend(&mut self, mut free: u128, value: f64) {
        if value > self.best {
            self.best = value;
            self.best_sets.clone_from(&self.sets);
        }
        while free != 0 && self.nodes < self.nodes_max && value + self.bound(free) > self.best + LEAST_GAIN {
            self.nodes += 1;
            let line = lines(free).next().expect("a line is free");
            for set in self.begins[line]..self.begins[line + 1] {
                let Candidate { mask, score, barred, .. } = self.candidates[usize::from(set)];
                if !barred && mask & !free == 0 && self.sets.push(set).is_ok() {
                    self.descend(free & !mask, value + score);
                    self.sets.pop();
                }
            }
            free &= !(1 << line);
        }
    }
}

/// A packing better by less is not looked for.
const LEAST_GAIN: f64 = 1e-9;

/// The bits that are set, lowest first.
pub(super) fn lines(mut mask: u128) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let line = usize::try_from(mask.trailing_zeros()).ok().filter(|line| *line < LINES_MAX)?;
        mask &= mask - 1;
        Some(line)
    })
}
