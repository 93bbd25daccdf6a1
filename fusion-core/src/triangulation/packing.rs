//! Which sets of lines hold together: no line twice, the greatest sum of log-likelihood ratios.
//!
//! Set packing falls into clusters of sets that share lines, directly or through others. In each, the lowest line that
//! is free belongs to one of its sets or to none; branch and bound goes through that. The bound is what each free line
//! could bring at the most, if each set gave every one of its lines the same share.

use heapless::Vec;

use super::growth::Candidate;
use super::{LINES_MAX, TriangulationTally};

/// Sets that can be chosen at once: each has two lines or more. No counter: there are no more disjoint pairs of lines.
pub(super) const CHOSEN_MAX: usize = super::EMITTERS_MAX;

/// Nodes of one search. Counter: `TriangulationTally::searches_cut`; the bound stands for what was not looked at.
const NODES_MAX: u32 = 4_000;

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

/// The best packing. Puts the sets in order of their lowest line, the best first.
pub(super) fn best(candidates: &mut [Candidate], tally: &mut TriangulationTally) -> Vec<Chosen, CHOSEN_MAX> {
    candidates.sort_unstable_by(|a, b| {
        let lowest = a.mask.trailing_zeros().cmp(&b.mask.trailing_zeros());
        lowest.then_with(|| b.score.total_cmp(&a.score)).then_with(|| a.mask.cmp(&b.mask))
    });
    let mut chosen = Vec::new();
    for cluster in clusters(candidates) {
        let mut search = Search::new(candidates, cluster);
        search.run(tally);
        let sum = search.best;
        let all = search.best_sets.iter().map(|set| Chosen { candidate: usize::from(*set), cluster, sum });
        // Clusters share no lines, so all fit together.
        chosen.extend(all);
    }
    chosen.sort_unstable_by_key(|one| candidates[one.candidate].mask.trailing_zeros());
    chosen
}

/// What the cluster of a chosen set is worth at the most with no emitter at its place.
pub(super) fn best_without(candidates: &mut [Candidate], chosen: &Chosen, tally: &mut TriangulationTally) -> f64 {
    let there = candidates[chosen.candidate];
    let factor = there.factor();
    for candidate in candidates.iter_mut() {
        let same = factor.as_ref().is_some_and(|f| there.is_place_of(f, &candidate.position()));
        candidate.barred = same || candidate.mask == there.mask;
    }
    let mut search = Search::new(candidates, chosen.cluster);
    let rival = search.run(tally);
    candidates.iter_mut().for_each(|candidate| candidate.barred = false);
    rival
}

/// The lines of each cluster.
fn clusters(candidates: &[Candidate]) -> Vec<u128, CHOSEN_MAX> {
    let mut clusters: Vec<u128, CHOSEN_MAX> = Vec::new();
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
    /// What each line could bring at the most.
    shares: [f64; LINES_MAX],
    /// Where the sets begin whose lowest line is this one.
    begins: [u16; LINES_MAX + 1],
    nodes: u32,
    best: f64,
    best_sets: Vec<u16, CHOSEN_MAX>,
    sets: Vec<u16, CHOSEN_MAX>,
}

impl<'a> Search<'a> {
    fn new(candidates: &'a [Candidate], cluster: u128) -> Self {
        let mut shares = [0.0_f64; LINES_MAX];
        for candidate in candidates.iter().filter(|c| !c.barred && c.mask & cluster != 0) {
            let share = candidate.score / f64::from(candidate.count());
            lines(candidate.mask).for_each(|line| shares[line] = shares[line].max(share));
        }
        let begins = core::array::from_fn(|line| {
            let before =
                candidates.partition_point(|c| usize::try_from(c.mask.trailing_zeros()).is_ok_and(|l| l < line));
            u16::try_from(before).unwrap_or(u16::MAX)
        });
        let (best_sets, sets) = (Vec::new(), Vec::new());
        Self { candidates, cluster, shares, begins, nodes: 0, best: 0.0, best_sets, sets }
    }

    /// Searches, and returns what the cluster is worth at the most: the best found unless the search was cut.
    fn run(&mut self, tally: &mut TriangulationTally) -> f64 {
        let bound = self.bound(self.cluster);
        self.descend(self.cluster, 0.0);
        if self.nodes < NODES_MAX {
            return self.best;
        }
        tally.searches_cut += 1;
        bound
    }

    fn bound(&self, free: u128) -> f64 {
        lines(free).fold(0.0, |sum, line| sum + self.shares[line])
    }

    /// Goes on with the lowest free line, `value` being the sum so far.
    fn descend(&mut self, mut free: u128, value: f64) {
        if value > self.best {
            self.best = value;
            self.best_sets.clone_from(&self.sets);
        }
        while free != 0 && self.nodes < NODES_MAX && value + self.bound(free) > self.best {
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

/// The bits that are set, lowest first.
fn lines(mut mask: u128) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let line = usize::try_from(mask.trailing_zeros()).ok().filter(|line| *line < LINES_MAX)?;
        mask &= mask - 1;
        Some(line)
    })
}
