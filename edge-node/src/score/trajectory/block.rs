//! The near pairs of some successive frames, and the pieces into which they fall.

use std::collections::{BTreeMap, BTreeSet};

use super::super::gospa::Cut;
use super::super::nees::Sample;
use super::super::pairing::{Forest, Pair, place, sorted_set};
use super::super::point::Frame;
use super::piece::{Candidate, Edge, Gain, Past, Piece};

/// Some successive frames.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    frames: u32,
    near: Vec<(Edge, Gain)>,
}

impl Block {
    pub(super) fn frames(&self) -> u32 {
        self.frames
    }

    pub(super) fn pairs(&self) -> usize {
        self.near.len()
    }

    /// Takes in one frame, and what each pair says of the track's covariance.
    pub(super) fn hold(
        &mut self,
        frame: &Frame,
        near: &[Pair],
        chosen: &[Pair],
        cut: Cut,
        sample: impl Fn(&Pair) -> Option<Sample>,
    ) {
        let chosen: BTreeSet<(usize, usize)> = chosen.iter().map(|pair| (pair.truth, pair.track)).collect();
        let step = self.frames;
        for pair in near.iter().filter(|pair| pair.distance_m < cut.cutoff_m) {
            let edge = Edge { truth: frame.truths[pair.truth].who, track: frame.tracks[pair.track].who };
            let worth = cut.order.raise(cut.cutoff_m) - cut.order.raise(pair.distance_m);
            let chosen = chosen.contains(&(pair.truth, pair.track));
            self.near.push((edge, Gain { step, worth, chosen, sample: sample(pair) }));
        }
        self.frames += 1;
    }

    /// The pieces: every pair that is near at some time, and every pair that stood before and shares a truth or a
    /// track with one of these.
    pub(super) fn pieces(&self, held: &BTreeSet<Edge>, past: impl Fn(Edge) -> Past, toggle: f64) -> Vec<Piece> {
        let mut gains: BTreeMap<Edge, Vec<Gain>> = BTreeMap::new();
        for &(edge, gain) in &self.near {
            gains.entry(edge).or_default().push(gain);
        }
        let truths: BTreeSet<usize> = gains.keys().map(|edge| edge.truth).collect();
        let tracks: BTreeSet<usize> = gains.keys().map(|edge| edge.track).collect();
        for &edge in held.iter().filter(|edge| truths.contains(&edge.truth) || tracks.contains(&edge.track)) {
            gains.entry(edge).or_default();
        }
        let candidate = |(edge, gains)| Candidate { edge, past: past(edge), gains };
        split(gains.into_iter().map(candidate).collect(), toggle)
    }
}

/// Groups pairs that are linked by a shared truth or track, directly or through others.
fn split(pairs: Vec<Candidate>, toggle: f64) -> Vec<Piece> {
    let truths = sorted_set(pairs.iter().map(|pair| pair.edge.truth));
    let tracks = sorted_set(pairs.iter().map(|pair| pair.edge.track));
    let mut forest = Forest::of(truths.len() + tracks.len());
    for pair in &pairs {
        forest.join(place(&truths, pair.edge.truth), truths.len() + place(&tracks, pair.edge.track));
    }
    let mut pieces: BTreeMap<usize, Vec<Candidate>> = BTreeMap::new();
    for pair in pairs {
        pieces.entry(forest.root(place(&truths, pair.edge.truth))).or_default().push(pair);
    }
    pieces.into_values().map(|pairs| Piece { pairs, toggle }).collect()
}
