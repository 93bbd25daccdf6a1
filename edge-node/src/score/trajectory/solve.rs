//! A piece solved: exactly where it is small, otherwise by descent from two plans, with a bound on what could be
//! better.
//!
//! *Descent* takes one truth, and then two truths that share a track, gives their pairs the best course that all the
//! others leave room for, and goes on until nothing is gained. Each step is exact, so the worth never falls.
//!
//! *The bound* is Lagrangian. Without the rule that a track serves one truth only, each truth has its own best course.
//! A price on each (track, step) that several truths gain by, paid by those who use it and refunded once, makes the
//! sum of those courses an upper bound of the worth of every plan, whatever the prices are; subgradient steps
//! (Polyak's length) lower it towards the value of the linear programme of the paper.

use std::collections::{BTreeMap, BTreeSet};

use super::super::average::count;
use super::lattice::{Change, Event, Lattice};
use super::piece::{OPEN_END, Piece, Plan};

/// The work, in events times states, that the crowded pieces of one block are worth. What is left undone when it is
/// used up shows as a gap between the figure and its lower bound.
///
/// No counter: the gap says what it cost.
const WORK_MAX: u64 = 1 << 28;

/// The most rounds over all truths of a descent, and the most steps of the prices; the tests need far fewer.
///
/// No counter: as with [`WORK_MAX`].
const ROUNDS_MAX: u32 = 10;
/// See [`ROUNDS_MAX`].
///
/// No counter: as with [`WORK_MAX`].
const PRICE_STEPS_MAX: u32 = 40;

/// Work that may still be done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget(u64);

impl Budget {
    pub(super) fn of_a_block() -> Self {
        Self(WORK_MAX)
    }

    fn spend(&mut self, work: u64) {
        self.0 = self.0.saturating_sub(work);
    }

    fn is_spent(self) -> bool {
        self.0 == 0
    }

    /// A part of it, taken off.
    fn part(&mut self, parts: u64) -> Self {
        let part = self.0 / parts;
        self.0 -= part;
        Self(part)
    }

    fn give_back(&mut self, rest: Self) {
        self.0 += rest.0;
    }
}

/// A plan, and a worth that no plan exceeds that starts afresh.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Solution {
    pub(super) plan: Plan,
    pub(super) worth_at_most: f64,
}

/// Solves a piece within the budget.
pub(super) fn solve(piece: &Piece, budget: &mut Budget) -> Solution {
    if let Some((plan, worth_at_most)) = piece.exact() {
        return Solution { plan, worth_at_most };
    }
    let crowd = Crowd::new(piece);
    let mut best = descended(&crowd, piece.stepwise(), budget, 4);
    let other = descended(&crowd, piece.empty(), budget, 3);
    if piece.worth(&other) > piece.worth(&best) {
        best = other;
    }
    let mut part = budget.part(2);
    let worth_at_most = crowd.bound(piece.worth(&best), &mut part).min(piece.stepwise_gain());
    budget.give_back(part);
    Solution { plan: best, worth_at_most }
}

/// Descent with one of so many parts of the budget.
fn descended(crowd: &Crowd<'_>, mut plan: Plan, budget: &mut Budget, parts: u64) -> Plan {
    let mut part = budget.part(parts);
    crowd.descend(&mut plan, &mut part);
    budget.give_back(part);
    plan
}

/// A piece too large to be solved at once.
struct Crowd<'a> {
    piece: &'a Piece,
    /// By truth: its pairs, and their states unless there are too many.
    truths: Vec<(Vec<usize>, Option<Lattice>)>,
    /// By pair: the place of its truth.
    truth_of: Vec<usize>,
    by_track: BTreeMap<usize, Vec<usize>>,
}

impl<'a> Crowd<'a> {
    fn new(piece: &'a Piece) -> Self {
        let groups = piece.by_truth();
        let truth_of = groups.iter().enumerate().flat_map(|(place, group)| vec![place; group.len()]).collect();
        let truths = groups.into_iter().map(|group| (group.clone(), piece.lattice(&group))).collect();
        let mut by_track: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (place, pair) in piece.pairs.iter().enumerate() {
            by_track.entry(pair.edge.track).or_default().push(place);
        }
        Self { piece, truths, truth_of, by_track }
    }

    fn descend(&self, plan: &mut Plan, budget: &mut Budget) {
        for _ in 0..ROUNDS_MAX {
            let alone = self.each_alone(plan, budget);
            let together = self.each_two(plan, budget);
            if budget.is_spent() || !(alone || together) {
                return;
            }
        }
    }

    /// Improves each truth by itself; has anything changed?
    fn each_alone(&self, plan: &mut Plan, budget: &mut Budget) -> bool {
        let mut changed = false;
        for (pairs, lattice) in &self.truths {
            if let Some(lattice) = lattice.as_ref().filter(|_| !budget.is_spent()) {
                let (work, better) = self.piece.improve(plan, pairs, lattice, &self.rivals(pairs));
                budget.spend(work);
                changed |= better;
            }
        }
        changed
    }

    /// Improves every two truths that share a track; has anything changed?
    fn each_two(&self, plan: &mut Plan, budget: &mut Budget) -> bool {
        let mut changed = false;
        for (first, (pairs, _)) in self.truths.iter().enumerate() {
            let near: BTreeSet<usize> = self.rivals(pairs).iter().map(|&pair| self.truth_of[pair]).collect();
            for second in near.range(first + 1..) {
                if budget.is_spent() {
                    return changed;
                }
                changed |= self.improve_two(plan, pairs, &self.truths[*second].0, budget);
            }
        }
        changed
    }

    fn improve_two(&self, plan: &mut Plan, first: &[usize], second: &[usize], budget: &mut Budget) -> bool {
        let both: Vec<usize> = first.iter().chain(second).copied().collect();
        // Making the states costs about as much as using them a few times.
        budget.spend(8 * (count(first) + 1) * (count(second) + 1));
        let Some(lattice) = self.piece.lattice(&both) else { return false };
        let (work, better) = self.piece.improve(plan, &both, &lattice, &self.rivals(&both));
        budget.spend(work);
        better
    }

    /// The pairs of other truths whose tracks are among those of these pairs.
    fn rivals(&self, pairs: &[usize]) -> Vec<usize> {
        let truths: BTreeSet<usize> = pairs.iter().map(|&pair| self.truth_of[pair]).collect();
        let tracks: BTreeSet<usize> = pairs.iter().map(|&pair| self.piece.pairs[pair].edge.track).collect();
        let all = tracks.iter().flat_map(|track| &self.by_track[track]).copied();
        all.filter(|&pair| !truths.contains(&self.truth_of[pair])).collect()
    }

    /// A worth that no plan exceeds; infinite if some truth has too many pairs.
    fn bound(&self, worth: f64, budget: &mut Budget) -> f64 {
        let Some(mut chains) = self.chains() else { return f64::INFINITY };
        let slots = chains.iter().flat_map(|chain| &chain.slots).max().map_or(0, |last| last + 1);
        let mut prices = vec![0.0; slots];
        let mut least = f64::INFINITY;
        for _ in 0..PRICE_STEPS_MAX {
            let mut excess = vec![-1.0; slots];
            let mut value: f64 = prices.iter().sum();
            for chain in &mut chains {
                value += chain.follow(&prices, &mut excess, self.piece.toggle);
                budget.spend(chain.lattice.work() * count(&chain.events));
            }
            least = least.min(value);
            if budget.is_spent() || least - worth <= 1e-9 * worth.abs() || !adjust(&mut prices, &excess, value - worth)
            {
                break;
            }
        }
        least
    }

    /// Each truth with its gains, and the places of their prices.
    fn chains(&self) -> Option<Vec<Chain<'_>>> {
        let mut numbers: BTreeMap<(usize, u32), usize> = BTreeMap::new();
        self.truths.iter().map(|(pairs, lattice)| self.chain(pairs, lattice.as_ref()?, &mut numbers)).collect()
    }

    fn chain<'b>(
        &'b self,
        pairs: &[usize],
        lattice: &'b Lattice,
        numbers: &mut BTreeMap<(usize, u32), usize>,
    ) -> Option<Chain<'b>> {
        let mut gains = Vec::new();
        for (place, &pair) in pairs.iter().enumerate() {
            let candidate = &self.piece.pairs[pair];
            for gain in &candidate.gains {
                let new = numbers.len();
                let slot = *numbers.entry((candidate.edge.track, gain.step)).or_insert(new);
                gains.push((
                    Event { step: gain.step, pair: place, change: Change::Gain(gain.worth) },
                    gain.worth,
                    slot,
                ));
            }
        }
        gains.sort_by_key(|(event, _, _)| (event.step, event.pair));
        let events = gains.iter().map(|gain| gain.0).collect();
        let worths = gains.iter().map(|gain| gain.1).collect();
        let slots = gains.iter().map(|gain| gain.2).collect();
        Some(Chain { lattice, events, worths, slots })
    }
}

/// A truth by itself: its events, and for each what it is worth and which price it pays.
struct Chain<'a> {
    lattice: &'a Lattice,
    events: Vec<Event>,
    worths: Vec<f64>,
    slots: Vec<usize>,
}

impl Chain<'_> {
    /// The worth of the best course at these prices; adds what it uses to `excess`.
    fn follow(&mut self, prices: &[f64], excess: &mut [f64], toggle: f64) -> f64 {
        for (place, event) in self.events.iter_mut().enumerate() {
            event.change = Change::Gain(self.worths[place] - prices[self.slots[place]]);
        }
        let course = self.lattice.best(&self.events, toggle, |_| 0.0);
        let mut place = 0;
        for (leg, &(_, state)) in course.legs.iter().enumerate() {
            let end = course.legs.get(leg + 1).map_or(OPEN_END, |next| next.0);
            while let Some(event) = self.events.get(place).filter(|event| event.step < end) {
                if self.lattice.pairs_of(state).contains(&event.pair) {
                    excess[self.slots[place]] += 1.0;
                }
                place += 1;
            }
        }
        course.worth
    }
}

/// A subgradient step towards closing the gap; false if the prices are right already.
fn adjust(prices: &mut [f64], excess: &[f64], gap: f64) -> bool {
    // A track that nobody uses and that is free cannot become cheaper.
    let slope = |(price, excess): (&f64, &f64)| if *price <= 0.0 { excess.max(0.0) } else { *excess };
    let square: f64 = prices.iter().zip(excess).map(slope).map(|s| s * s).sum();
    if square <= 0.0 {
        return false;
    }
    for (price, excess) in prices.iter_mut().zip(excess) {
        *price = (*price + gap / square * slope((price, excess))).max(0.0);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::super::reference::Noise;
    use super::super::piece::{Candidate, Edge, Gain, Past};
    use super::*;

    fn piece(noise: &mut Noise, truths: usize, tracks: usize, steps: u32) -> Piece {
        let mut pairs = Vec::new();
        for place in 0..truths * tracks {
            let edge = Edge { truth: place / tracks, track: place % tracks };
            let worth: Vec<f64> = (0..steps).map(|_| (5.0 + 4.0 * noise.normal()).clamp(0.0, 10.0)).collect();
            let gain = |(step, worth): (u32, &f64)| Gain { step, worth: *worth, chosen: false, sample: None };
            pairs.push(Candidate { edge, past: Past::Open, gains: (0..).zip(&worth).map(gain).collect() });
        }
        Piece { pairs, toggle: 2.0 }
    }

    #[test]
    fn descent_comes_near_the_exact_course_and_the_bound_lies_above_it() {
        let mut noise = Noise(5);
        let mut reached = 0;
        for _ in 0..40 {
            let piece = piece(&mut noise, 3, 3, 4);
            let (exact, _) = piece.exact().expect("34 states");
            let crowd = Crowd::new(&piece);
            let found = [piece.empty(), piece.stepwise()]
                .map(|start| piece.worth(&descended(&crowd, start, &mut Budget::of_a_block(), 1)));
            let (best, exact) = (found[0].max(found[1]), piece.worth(&exact));
            let bound = crowd.bound(best, &mut Budget::of_a_block());
            assert!(best <= exact + 1e-9 && bound >= exact - 1e-9, "{best} {exact} {bound}");
            assert!(best > 0.9 * exact && bound < 1.1 * exact, "{best} {exact} {bound}");
            reached += u32::from(best > exact - 1e-9);
        }
        assert!(reached >= 30, "reached the exact course {reached} times of 40");
    }

    #[test]
    fn a_spent_budget_leaves_the_stepwise_plan_and_its_bound() {
        let mut piece = piece(&mut Noise(6), 8, 8, 4);
        for pair in &mut piece.pairs {
            let is_own = pair.edge.truth == pair.edge.track;
            pair.gains.iter_mut().for_each(|gain| *gain = Gain { worth: 1.0, chosen: is_own, ..*gain });
        }
        let solution = solve(&piece, &mut Budget(0));
        assert_eq!(solution.plan, piece.stepwise());
        assert!((solution.worth_at_most - 32.0).abs() < 1e-12);
    }
}
