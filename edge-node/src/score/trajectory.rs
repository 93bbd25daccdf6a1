//! T-GOSPA: GOSPA between sets of trajectories (García-Fernández, Rahmathullah and Svensson, IEEE Trans. SP 68, 2020).
//!
//! Where GOSPA assigns each frame by itself, T-GOSPA assigns truths to track *numbers* through the whole run, and a
//! change of number costs. With α = 2 and over all sequences π of one-to-one assignments
//!
//! dᵖ = min over π of Σ over frames (Σ over pairs with d < c of d(x, y)ᵖ + cᵖ/2 · (missed + false)) + γᵖ · switches
//!
//! where a truth that goes from one track to another is one switch, and one that goes from a track to none or from none
//! to a track half a switch. An assignment may stand while one of the two is absent, or they are farther than c apart:
//! the frame then counts as missed and false, and nothing changes, so a gap that ends with the same number is no
//! switch. How the run begins and ends is free.
//!
//! # What is computed
//! The minimum is a linear programme in all frames at once. Here the run falls into *pieces*, truths and tracks that
//! came near one another directly or through others; each is minimised by itself:
//! * exactly, by dynamic programming, if it has no more than 1024 one-to-one sets of pairs;
//! * otherwise by descent (`solve`), which gives a figure that is reached, so never too small, and a bound below it.
//!
//! `cost`, `distance_m` and the parts belong to the assignment that was found; `at_least_m` is the certified lower
//! bound. Where the two agree the figure is the metric itself; they are both printed.
//!
//! Frames are held in blocks of at most [`BLOCK_FRAMES_MAX`] frames or [`BLOCK_PAIRS_MAX`] near pairs; a full block is
//! solved and its assignment stands. A run longer than a block is thus bounded in memory; the seams cost a part of the
//! gap, as the bound takes each block as beginning afresh.

mod block;
mod lattice;
mod piece;
mod solve;

use std::collections::BTreeSet;

use serde::Serialize;

use super::average::{count, real};
use super::gospa::Cut;
use super::nees::{NeesSummary, NeesTotals, Sample};
use super::pairing::Pair;
use super::point::{Dimensions, Frame};

use block::Block;
use piece::{Edge, OPEN_END, Past, Piece, Tally};
use solve::{Budget, solve};

/// The most frames of a block: more than an hour at one a second.
///
/// No counter: a full block is solved and another begun.
pub const BLOCK_FRAMES_MAX: u32 = 4096;

/// The near pairs of truth and track that a block holds before it is solved (67 MB; the frame that fills it may bring
/// up to [`PAIRS_MAX`](super::PAIRS_MAX) more).
///
/// No counter: a full block is solved and another begun.
pub const BLOCK_PAIRS_MAX: usize = 1 << 20;

/// T-GOSPA over many frames.
#[derive(Clone, Debug)]
pub(super) struct TrajectoryTotals {
    cut: Cut,
    switch_m: f64,
    frames: u64,
    truths: u64,
    tracks: u64,
    block: Block,
    past: Memory,
    done: Done,
}

/// What the blocks so far leave behind.
#[derive(Clone, Debug, Default)]
struct Memory {
    /// The pairs that stand.
    held: BTreeSet<Edge>,
    /// Who was ever assigned.
    truths: BTreeSet<usize>,
    tracks: BTreeSet<usize>,
}

/// What the blocks so far came to.
#[derive(Clone, Debug)]
struct Done {
    tally: Tally,
    /// Of the pairs that stand.
    nees: NeesTotals,
    /// Gains less changes that no assignment exceeds.
    worth_at_most: f64,
}

/// What T-GOSPA says about a whole run; the definitions stand at the head of the file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TrajectorySummary {
    /// p and c; α is 2.
    #[serde(flatten)]
    pub cut: Cut,
    /// γ: what a switch costs, metres.
    pub switch_m: f64,
    /// The metric between the two sets of trajectories, metres: it grows with the length of the run.
    pub distance_m: f64,
    /// The metric for comparison between runs: the p-th root of the mean cost of a frame, metres.
    pub per_frame_m: Option<f64>,
    /// No assignment has less per frame, metres; equal to `per_frame_m` where that is exact.
    pub at_least_m: Option<f64>,
    /// Mean over the frames of the localisation part of dᵖ, in mᵖ.
    pub localisation_cost: Option<f64>,
    /// Mean over the frames of the missed part of dᵖ, in mᵖ.
    pub missed_cost: Option<f64>,
    /// Mean over the frames of the false part of dᵖ, in mᵖ.
    pub false_cost: Option<f64>,
    /// Mean over the frames of the switching part of dᵖ, in mᵖ.
    pub switch_cost: Option<f64>,
    /// Switches in all; from a track to none or from none to a track is half of one.
    pub switches: f64,
}

impl TrajectoryTotals {
    /// `dimensions` are those in which covariances are judged.
    pub(super) fn new(cut: Cut, switch_m: f64, dimensions: Dimensions) -> Self {
        let (block, past) = (Block::default(), Memory::default());
        let done = Done { tally: Tally::default(), nees: NeesTotals::new(dimensions), worth_at_most: 0.0 };
        Self { cut, switch_m, frames: 0, truths: 0, tracks: 0, block, past, done }
    }

    /// Takes in one frame, every pair within the cut-off and what it says of the track's covariance, and the best
    /// assignment of this frame alone.
    pub(super) fn handle(
        &mut self,
        frame: &Frame,
        near: &[Pair],
        chosen: &[Pair],
        sample: impl Fn(&Pair) -> Option<Sample>,
    ) {
        self.frames += 1;
        self.truths += count(&frame.truths);
        self.tracks += count(&frame.tracks);
        self.block.hold(frame, near, chosen, self.cut, sample);
        if self.block.frames() >= BLOCK_FRAMES_MAX || self.block.pairs() >= BLOCK_PAIRS_MAX {
            let block = core::mem::take(&mut self.block);
            let toggle = self.toggle();
            self.done.add(&mut self.past, &block, toggle);
        }
    }

    /// λ: half of γᵖ.
    fn toggle(&self) -> f64 {
        self.cut.order.raise(self.switch_m) / 2.0
    }

    /// The figures so far, and those of NEES over the pairs that were assigned. What is still held is solved for it,
    /// which takes its time.
    pub(super) fn summary(&self) -> (TrajectorySummary, NeesSummary) {
        let mut done = self.done.clone();
        done.add(&mut self.past.clone(), &self.block, self.toggle());
        (self.summary_of(&done), done.nees.summary())
    }

    fn summary_of(&self, done: &Done) -> TrajectorySummary {
        let whole = self.cut.order.raise(self.cut.cutoff_m);
        let Tally { gain, assigned, toggles } = done.tally;
        let localisation = (whole * real(assigned) - gain).max(0.0);
        let [missed, falsely] = [self.truths, self.tracks].map(|all| whole / 2.0 * real(all - assigned));
        let switching = self.toggle() * real(toggles);
        let cost = localisation + missed + falsely + switching;
        let at_least = (whole / 2.0 * real(self.truths + self.tracks) - done.worth_at_most).clamp(0.0, cost);
        let mean = |cost: f64| (self.frames > 0).then(|| cost / real(self.frames));
        TrajectorySummary {
            cut: self.cut,
            switch_m: self.switch_m,
            distance_m: self.cut.order.root(cost),
            per_frame_m: mean(cost).map(|mean| self.cut.order.root(mean)),
            at_least_m: mean(at_least).map(|mean| self.cut.order.root(mean)),
            localisation_cost: mean(localisation),
            missed_cost: mean(missed),
            false_cost: mean(falsely),
            switch_cost: mean(switching),
            switches: real(toggles) / 2.0,
        }
    }
}

impl Done {
    /// Solves a block and adds what it comes to.
    fn add(&mut self, past: &mut Memory, block: &Block, toggle: f64) {
        let mut budget = Budget::of_a_block();
        let pieces = block.pieces(&past.held, |edge| past.of(edge), toggle);
        for piece in pieces {
            let solution = solve(&piece, &mut budget);
            self.tally.add(piece.tally(&solution.plan));
            for (pair, stands) in piece.pairs.iter().zip(&solution.plan.0) {
                let samples = pair.collected(stands).filter_map(|gain| gain.sample.as_ref());
                samples.for_each(|sample| self.nees.add(pair.edge.track, sample));
            }
            self.worth_at_most += solution.worth_at_most;
            past.remember(&piece, &solution.plan.0);
        }
    }
}

impl Memory {
    fn of(&self, edge: Edge) -> Past {
        if self.held.contains(&edge) {
            Past::Held
        } else if !self.truths.contains(&edge.truth) && !self.tracks.contains(&edge.track) {
            Past::Open
        } else {
            Past::Apart
        }
    }

    fn remember(&mut self, piece: &Piece, plan: &[Vec<piece::Stand>]) {
        for (pair, stands) in piece.pairs.iter().zip(plan) {
            self.held.remove(&pair.edge);
            if let Some(&(_, to)) = stands.last() {
                self.truths.insert(pair.edge.truth);
                self.tracks.insert(pair.edge.track);
                if to == OPEN_END {
                    self.held.insert(pair.edge);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::order::Order;
    use super::super::pairing::{one_to_one, within};
    use super::super::point::Seen;
    use super::*;

    const CUT: Cut = Cut { order: Order::TWO, cutoff_m: 10.0 };
    const SWITCH: f64 = 4.0;

    /// Objects on a line, each as (number, place).
    type Line = Vec<(usize, f64)>;

    fn run_with(cut: Cut, switch_m: f64, frames: &[(Line, Line)]) -> TrajectorySummary {
        let seen = |&(who, x): &(usize, f64)| Seen { who, position: [x, 0.0, 0.0], velocity: None };
        let mut totals = TrajectoryTotals::new(cut, switch_m, Dimensions::Horizontal);
        for (truths, tracks) in frames {
            let frame = Frame { truths: truths.iter().map(seen).collect(), tracks: tracks.iter().map(seen).collect() };
            let near = within(&frame.truth_positions(), &frame.track_positions(), 50.0).expect("few pairs");
            totals.handle(&frame, &near, &one_to_one(&near, cut.cutoff_m, cut.order), |_| None);
        }
        totals.summary().0
    }

    fn run(frames: &[(Line, Line)]) -> TrajectorySummary {
        run_with(CUT, SWITCH, frames)
    }

    fn assert_cost(summary: &TrajectorySummary, by_hand: f64) {
        let found = summary.distance_m * summary.distance_m;
        assert!((found - by_hand).abs() < 1e-9, "{found} against {by_hand}");
        let (value, bound) = (summary.per_frame_m.expect("frames"), summary.at_least_m.expect("frames"));
        assert!((value - bound).abs() < 1e-9, "not exact: {value}, at least {bound}");
    }

    /// One truth at zero, and tracks.
    fn one(tracks: &[(usize, f64)]) -> (Line, Line) {
        (vec![(0, 0.0)], tracks.to_vec())
    }

    #[test]
    fn a_change_of_number_costs_gamma_once() {
        let summary = run(&[one(&[(5, 0.0)]), one(&[(5, 0.0)]), one(&[(6, 0.0)]), one(&[(6, 0.0)])]);
        assert_cost(&summary, 16.0);
        assert!((summary.switches - 1.0).abs() < 1e-12);
    }

    #[test]
    fn two_objects_that_swap_numbers_cost_gamma_twice() {
        let truths = vec![(0, 0.0), (1, 100.0)];
        let (before, after) = (vec![(5, 0.0), (6, 100.0)], vec![(6, 0.0), (5, 100.0)]);
        let frames = [&before, &before, &after, &after].map(|tracks| (truths.clone(), tracks.clone()));
        assert_cost(&run(&frames), 32.0);
    }

    #[test]
    fn a_track_that_goes_over_to_another_truth_is_two_half_switches() {
        // Track 5 follows truth 0, then truth 1, which had none: 0 loses it and 1 wins it, γᵖ/2 each; each is missed
        // twice (cᵖ/2).
        let truths = vec![(0, 0.0), (1, 100.0)];
        let frames = [0.0, 0.0, 100.0, 100.0].map(|x| (truths.clone(), vec![(5, x)]));
        let summary = run(&frames);
        assert_cost(&summary, 4.0 * 50.0 + 16.0);
        assert!((summary.switches - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_gap_that_ends_with_the_same_number_is_no_switch() {
        // Twice missed, once of these with the track 20 m off: 2 · 50 and 50 for false.
        let summary = run(&[one(&[(5, 1.0)]), one(&[]), one(&[(5, 20.0)]), one(&[(5, 2.0)])]);
        assert_cost(&summary, 1.0 + 150.0 + 4.0);
        assert!(summary.switches.abs() < 1e-12);
    }

    #[test]
    fn a_nearer_track_for_a_moment_is_not_worth_two_switches() {
        // Track 6 is nearer in one frame by 9 against 1; going there and back would cost 32.
        let frames = [one(&[(5, 1.0)]), one(&[(5, 3.0), (6, 1.0)]), one(&[(5, 1.0)])];
        assert_cost(&run(&frames), 1.0 + 9.0 + 50.0 + 1.0);
    }

    #[test]
    fn order_one_adds_distances_and_switches() {
        let cut = Cut { order: Order::ONE, ..CUT };
        let summary = run_with(cut, SWITCH, &[one(&[(5, 1.0)]), one(&[(6, 2.0)])]);
        assert!((summary.distance_m - 7.0).abs() < 1e-12, "1 + 2 + 4");
    }

    #[test]
    fn parts_add_up_and_no_frame_is_unknown() {
        let summary = run(&[one(&[(5, 3.0), (7, 90.0)]), one(&[(6, 4.0)]), one(&[])]);
        let parts = [summary.localisation_cost, summary.missed_cost, summary.false_cost, summary.switch_cost];
        let by_hand = [25.0, 50.0, 50.0, 16.0].map(|cost| cost / 3.0);
        for (part, by_hand) in parts.iter().zip(by_hand) {
            assert!((part.expect("frames") - by_hand).abs() < 1e-12, "{parts:?}");
        }
        assert_eq!((run(&[]).per_frame_m, run(&[]).at_least_m), (None, None));
    }

    #[test]
    fn the_seam_between_blocks_neither_makes_nor_hides_a_switch() {
        // Lost shortly before the seam, back shortly after it; a newcomer after it; later another number.
        let frame = |k: u32| {
            let track = if k < 5000 { 5 } else { 6 };
            let is_lost = (BLOCK_FRAMES_MAX - 3..BLOCK_FRAMES_MAX + 3).contains(&k);
            let (mut truths, mut tracks) = one(&[(track, 0.0)][usize::from(is_lost)..]);
            if k > 4500 {
                truths.push((1, 100.0));
                tracks.push((9, 100.0));
            }
            (truths, tracks)
        };
        let frames: Vec<_> = (0..6000).map(frame).collect();
        assert_cost(&run(&frames), 6.0 * 50.0 + 16.0);
    }

    /// The definition itself: every sequence of assignments, truth by truth.
    fn exhaustive(frames: &[(Line, Line)], tracks: usize) -> f64 {
        let truths = frames[0].0.len();
        let mut choices: Vec<Vec<usize>> = vec![Vec::new()];
        for _ in 0..truths {
            let extend = |choice: &Vec<usize>| {
                let free = (0..=tracks).filter(|&to| to == 0 || !choice.contains(&to));
                free.map(|to| choice.iter().copied().chain([to]).collect()).collect::<Vec<_>>()
            };
            choices = choices.iter().flat_map(extend).collect();
        }
        let here: Vec<Vec<f64>> =
            frames.iter().map(|frame| choices.iter().map(|pi| frame_cost(frame, pi)).collect()).collect();
        let between: Vec<Vec<f64>> =
            choices.iter().map(|a| choices.iter().map(|b| switching(a, b)).collect()).collect();
        (0..choices.len()).map(|first| least(&here, &between, 0, first)).fold(f64::INFINITY, f64::min)
    }

    /// The cheapest end of a run that begins with this choice in this frame.
    fn least(here: &[Vec<f64>], between: &[Vec<f64>], frame: usize, choice: usize) -> f64 {
        let rest = if frame + 1 == here.len() {
            0.0
        } else {
            let next = (0..between.len()).map(|next| between[choice][next] + least(here, between, frame + 1, next));
            next.fold(f64::INFINITY, f64::min)
        };
        here[frame][choice] + rest
    }

    /// Tracks are numbered from 1, and 0 is none.
    fn frame_cost((truths, tracks): &(Line, Line), pi: &[usize]) -> f64 {
        let alone = CUT.cutoff_m * CUT.cutoff_m / 2.0;
        let all = alone * (real(count(truths)) + real(count(tracks)));
        truths.iter().fold(all, |cost, (who, x)| {
            let partner = tracks.iter().find(|(track, _)| *track == pi[*who]).map(|(_, y)| (x - y).abs());
            partner.filter(|d| *d < CUT.cutoff_m).map_or(cost, |d| cost - 2.0 * alone + d * d)
        })
    }

    fn switching(a: &[usize], b: &[usize]) -> f64 {
        let one = |(a, b): (&usize, &usize)| match (*a, *b) {
            (a, b) if a == b => 0.0,
            (0, _) | (_, 0) => SWITCH * SWITCH / 2.0,
            _ => SWITCH * SWITCH,
        };
        a.iter().zip(b).map(one).sum()
    }

    /// Frames in which all of so many truths are there, and each of so many tracks or not.
    fn frames(truths: usize, tracks: usize, count: usize) -> impl Strategy<Value = Vec<(Line, Line)>> {
        let places = prop::collection::vec(0.0..25.0_f64, truths);
        let shown = prop::collection::vec(prop::option::weighted(0.8, 0.0..25.0_f64), tracks);
        let number = |shown: Vec<Option<f64>>| (1..).zip(shown).filter_map(|(n, x)| x.map(|x| (n, x))).collect();
        let frame = (places, shown).prop_map(move |(xs, ys)| (xs.into_iter().enumerate().collect(), number(ys)));
        prop::collection::vec(frame, count)
    }

    /// A set of up to three trajectories over three frames.
    fn set() -> impl Strategy<Value = Vec<Line>> {
        let shown = prop::collection::vec(prop::option::weighted(0.8, 0.0..25.0_f64), 0..=3);
        let number = |shown: Vec<Option<f64>>| (0..).zip(shown).filter_map(|(n, x)| x.map(|x| (n, x))).collect();
        prop::collection::vec(shown.prop_map(number), 3)
    }

    fn between(x: &[Line], y: &[Line]) -> f64 {
        run(&x.iter().cloned().zip(y.iter().cloned()).collect::<Vec<_>>()).distance_m
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn three_by_three_over_four_frames_is_the_exhaustive_minimum(frames in frames(3, 3, 4)) {
            let (found, by_definition) = (run(&frames), exhaustive(&frames, 3));
            prop_assert!((found.distance_m * found.distance_m - by_definition).abs() < 1e-9);
            prop_assert!(found.at_least_m.zip(found.per_frame_m).is_some_and(|(low, at)| (at - low).abs() < 1e-9));
        }
    }

    proptest! {
        #[test]
        fn it_is_a_metric(x in set(), y in set(), z in set()) {
            prop_assert!(between(&x, &x).abs() < 1e-6);
            prop_assert!((between(&x, &y) - between(&y, &x)).abs() < 1e-9);
            prop_assert!(between(&x, &z) <= between(&x, &y) + between(&y, &z) + 1e-9);
        }
    }
}
