//! Does a number stay with its object? Switches, fragmentation, longest segment; CLEAR-MOT.
//!
//! Frame by frame as in CLEAR-MOT (Bernardin and Stiefelhagen, EURASIP J. Image and Video Processing, 2008):
//! 1. *Continuity first.* A truth and a track that were each other's last partner, however long ago, stay together
//!    while they are within the gate, even if another partner is nearer now.
//! 2. The truths and tracks that are left are paired so that Σ min(d, gate)² is least; pairs within the gate count.
//!
//! Switches, fragmentations and segments of the pairs so found are counted as [`lives`](super::lives) says. "Each
//! other's last" makes the first rule independent of any order: a track that has since held another truth has left the
//! first.
//!
//! MOTA = 1 − (missed + false + switches) / truths, MOTP = mean distance of the pairs.

use std::collections::BTreeSet;

use serde::Serialize;

use super::average::{Average, count, ratio, real};
use super::lives::{Life, Lives};
use super::order::Order;
use super::pairing::{Pair, one_to_one};
use super::point::Frame;

/// The most distinct truth–track pairings that are remembered (some 50 MB). Beyond it `tracks_per_truth`,
/// `truths_per_track` and `mixed_tracks` are lower bounds and `pairings_over_bound` says so; nothing else depends on
/// them.
///
/// Counter: `pairings_over_bound`.
pub const PAIRINGS_MAX: usize = 1 << 20;

/// From this share of its life on a truth counts as mostly tracked.
const MOSTLY_TRACKED: f64 = 0.8;
/// Below this share of its life a truth counts as mostly lost.
const MOSTLY_LOST: f64 = 0.2;

/// Identity over many frames.
#[derive(Clone, Debug)]
pub(super) struct IdentityTotals {
    gate_m: f64,
    lives: Lives,
    /// By track: the truth that it held last.
    held_last: Vec<Option<usize>>,
    pairings: BTreeSet<(usize, usize)>,
    pairings_over_bound: u64,
    distance: Average,
    missed: u64,
    false_tracks: u64,
}

/// What identity says about a whole run; the definitions stand at the head of the file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct IdentitySummary {
    /// How near a track must be to hold a truth, metres.
    pub gate_m: f64,
    /// Times that a truth went over to another track number.
    pub switches: u64,
    /// Times that a truth was lost and held again.
    pub fragmentations: u64,
    /// The share of truth frames in which a track held the truth.
    pub held: Option<f64>,
    /// Σ of the longest segments over Σ of the lives.
    pub longest_segment: Option<f64>,
    /// Distinct track numbers per truth that was ever held, best 1.
    pub tracks_per_truth: Option<f64>,
    /// Distinct truths per track number that ever held one, best 1.
    pub truths_per_track: Option<f64>,
    /// Track numbers that held more than one truth in the run.
    pub mixed_tracks: u64,
    /// Truths held for at least 80 % of their lives.
    pub mostly_tracked: u64,
    /// Truths held for less than 20 % of their lives.
    pub mostly_lost: u64,
    /// Multiple object tracking accuracy, best 1, may be negative.
    pub mota: Option<f64>,
    /// Multiple object tracking precision: mean distance, metres.
    pub motp_m: Option<f64>,
    /// Pairings that were not remembered because there were too many.
    pub pairings_over_bound: u64,
}

impl IdentityTotals {
    pub(super) fn new(gate_m: f64) -> Self {
        Self {
            gate_m,
            lives: Lives::default(),
            held_last: Vec::new(),
            pairings: BTreeSet::new(),
            pairings_over_bound: 0,
            distance: Average::default(),
            missed: 0,
            false_tracks: 0,
        }
    }

    /// Takes in one frame and every pair within the gate.
    pub(super) fn handle(&mut self, frame: &Frame, near: &[Pair]) {
        let pairs = self.pair(frame, near);
        self.lives.handle(frame, &pairs);
        self.missed += count(&frame.truths) - count(&pairs);
        self.false_tracks += count(&frame.tracks) - count(&pairs);
        for pair in &pairs {
            self.distance.add(pair.distance_m);
            self.remember(frame.truths[pair.truth].who, frame.tracks[pair.track].who);
        }
    }

    fn pair(&self, frame: &Frame, near: &[Pair]) -> Vec<Pair> {
        let within_gate = near.iter().copied().filter(|pair| pair.distance_m < self.gate_m);
        let (mut pairs, others): (Vec<_>, Vec<_>) = within_gate.partition(|pair| self.are_partners(frame, pair));
        let kept_truths: BTreeSet<usize> = pairs.iter().map(|pair| pair.truth).collect();
        let kept_tracks: BTreeSet<usize> = pairs.iter().map(|pair| pair.track).collect();
        let is_free = |pair: &Pair| !kept_truths.contains(&pair.truth) && !kept_tracks.contains(&pair.track);
        let free: Vec<Pair> = others.into_iter().filter(is_free).collect();
        pairs.extend(one_to_one(&free, self.gate_m, Order::TWO));
        pairs
    }

    fn are_partners(&self, frame: &Frame, pair: &Pair) -> bool {
        let (truth, track) = (frame.truths[pair.truth].who, frame.tracks[pair.track].who);
        self.lives.of(truth).holder() == Some(track) && self.held_last.get(track) == Some(&Some(truth))
    }

    fn remember(&mut self, truth: usize, track: usize) {
        if self.held_last.len() <= track {
            self.held_last.resize(track + 1, None);
        }
        self.held_last[track] = Some(truth);
        if self.pairings.len() < PAIRINGS_MAX {
            self.pairings.insert((truth, track));
        } else if !self.pairings.contains(&(truth, track)) {
            self.pairings_over_bound += 1;
        }
    }

    /// One truth's life, by its number.
    pub(super) fn life(&self, truth: usize) -> Life {
        self.lives.of(truth)
    }

    /// How many distinct tracks held one truth.
    pub(super) fn tracks_of(&self, truth: usize) -> u64 {
        self.pairings.range((truth, 0)..=(truth, usize::MAX)).map(|_| 1).sum()
    }

    pub(super) fn summary(&self) -> IdentitySummary {
        let lives = self.lives.all();
        let frames = self.lives.total(|life| life.frames);
        let switches = self.lives.total(|life| life.switches);
        let errors = self.missed + self.false_tracks + switches;
        let holders = self.truths_by_track();
        let distinct = holders.iter().sum();
        IdentitySummary {
            gate_m: self.gate_m,
            switches,
            fragmentations: self.lives.total(|life| life.fragmentations),
            held: ratio(self.distance.terms, frames),
            longest_segment: ratio(self.lives.total(|life| life.longest), frames),
            tracks_per_truth: ratio(distinct, number_of(lives, |life| life.held > 0)),
            truths_per_track: ratio(distinct, number_of(&holders, |&truths| truths > 0)),
            mixed_tracks: number_of(&holders, |&truths| truths > 1),
            mostly_tracked: number_of(lives, |life| share_held(life).is_some_and(|held| held >= MOSTLY_TRACKED)),
            mostly_lost: number_of(lives, |life| share_held(life).is_some_and(|held| held < MOSTLY_LOST)),
            mota: (frames > 0).then(|| 1.0 - real(errors) / real(frames)),
            motp_m: self.distance.mean(),
            pairings_over_bound: self.pairings_over_bound,
        }
    }

    /// By track: how many distinct truths it held.
    fn truths_by_track(&self) -> Vec<u64> {
        let mut truths = vec![0; self.held_last.len()];
        self.pairings.iter().for_each(|&(_, track)| truths[track] += 1);
        truths
    }
}

fn share_held(life: &Life) -> Option<f64> {
    ratio(life.held, life.frames)
}

fn number_of<T>(all: &[T], is_such: impl Fn(&T) -> bool) -> u64 {
    all.iter().map(|one| u64::from(is_such(one))).sum()
}

#[cfg(test)]
mod tests {
    use super::super::pairing::within;
    use super::super::point::Seen;
    use super::*;

    /// Objects on a line, each as (number, place).
    type Line<'a> = &'a [(usize, f64)];

    /// Frames of truths and tracks.
    fn run(frames: &[(Line<'_>, Line<'_>)]) -> IdentitySummary {
        let seen = |&(who, x): &(usize, f64)| Seen { who, position: [x, 0.0, 0.0], velocity: None };
        let mut totals = IdentityTotals::new(10.0);
        for (truths, tracks) in frames {
            let frame = Frame { truths: truths.iter().map(seen).collect(), tracks: tracks.iter().map(seen).collect() };
            let near = within(&frame.truth_positions(), &frame.track_positions(), 50.0).expect("few pairs");
            totals.handle(&frame, &near);
        }
        totals.summary()
    }

    #[test]
    fn a_pairing_is_kept_while_it_is_within_the_gate() {
        // The nearest track changes in the second frame; the number does not.
        let truths: Line<'_> = &[(0, 0.0), (1, 8.0)];
        let summary = run(&[(truths, &[(5, 0.0), (6, 8.0)]), (truths, &[(5, 7.0), (6, 1.0)])]);
        assert_eq!((summary.switches, summary.fragmentations), (0, 0));
        assert!((summary.motp_m.expect("pairs") - 14.0 / 4.0).abs() < 1e-12);
    }

    #[test]
    fn a_run_worked_by_hand() {
        // Truth 0 is held by 5 twice, lost once (5 is 20 m off: one missed, one false), held by 5 again, then by 6.
        let truth: Line<'_> = &[(0, 0.0)];
        let summary = run(&[
            (truth, &[(5, 1.0)]),
            (truth, &[(5, 2.0)]),
            (truth, &[(5, 20.0)]),
            (truth, &[(5, 3.0)]),
            (truth, &[(6, 4.0)]),
        ]);
        assert_eq!((summary.switches, summary.fragmentations, summary.mixed_tracks), (1, 1, 0));
        assert_eq!((summary.held, summary.longest_segment), (Some(0.8), Some(0.4)));
        assert_eq!((summary.tracks_per_truth, summary.truths_per_track), (Some(2.0), Some(1.0)));
        assert_eq!((summary.mostly_tracked, summary.mostly_lost), (1, 0));
        assert!((summary.mota.expect("frames") - (1.0 - 3.0 / 5.0)).abs() < 1e-12);
        assert!((summary.motp_m.expect("pairs") - 2.5).abs() < 1e-12);
    }

    #[test]
    fn two_objects_that_swap_numbers_are_two_switches_and_two_mixed_tracks() {
        let summary = run(&[
            (&[(0, 0.0), (1, 100.0)], &[(5, 0.0), (6, 100.0)]),
            (&[(0, 0.0), (1, 100.0)], &[(6, 0.0), (5, 100.0)]),
        ]);
        assert_eq!((summary.switches, summary.mixed_tracks), (2, 2));
    }

    #[test]
    fn a_track_that_has_held_another_since_is_no_longer_kept() {
        // 5 leaves truth 0 for truth 1; when both are within reach again, distance decides, not memory of old.
        let both: Line<'_> = &[(0, 0.0), (1, 8.0)];
        let summary = run(&[(&[(0, 0.0)], &[(5, 0.0)]), (&[(1, 8.0)], &[(5, 8.0)]), (both, &[(5, 1.0), (6, 0.0)])]);
        assert_eq!(summary.switches, 1, "truth 1 keeps 5, truth 0 goes over to 6");
    }
}
