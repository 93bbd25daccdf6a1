//! The life of each truth, frame by frame: by which track it was held, for how long, and how often that changed.
//!
//! Definitions, which SIAP (with the optimal assignment of each frame) and identity (with continuity) share:
//! * a *switch*: a truth is held by another track than the one that held it last, however long ago that was;
//! * a *fragmentation*: a truth that was held, then for a frame or more not, is held again, by whichever track;
//! * a *segment*: a run of successive frames of the truth in which one and the same track held it.
//!
//! Frames in which the truth does not exist are not part of its life and neither end a segment nor lengthen it.

use super::pairing::Pair;
use super::point::Frame;

/// One truth's life so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Life {
    /// Frames in which the truth existed.
    pub(super) frames: u64,
    /// Of these, frames in which a track held it.
    pub(super) held: u64,
    pub(super) switches: u64,
    pub(super) fragmentations: u64,
    /// Frames of the longest segment.
    pub(super) longest: u64,
    segment: u64,
    holder: Option<usize>,
    is_held: bool,
}

impl Life {
    fn handle(&mut self, track: Option<usize>) {
        self.frames += 1;
        match track {
            Some(track) => self.handle_held(track),
            None => self.segment = 0,
        }
        self.is_held = track.is_some();
        self.longest = self.longest.max(self.segment);
    }

    fn handle_held(&mut self, track: usize) {
        let is_same = self.holder == Some(track);
        self.held += 1;
        self.switches += u64::from(self.holder.is_some() && !is_same);
        self.fragmentations += u64::from(self.holder.is_some() && !self.is_held);
        self.segment = if is_same { self.segment + 1 } else { 1 };
        self.holder = Some(track);
    }

    /// The track that held the truth last, now or long ago.
    pub(super) fn holder(&self) -> Option<usize> {
        self.holder
    }
}

/// The lives of all truths, by the number that each was given when it was first seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Lives(Vec<Life>);

impl Lives {
    /// Takes in one frame and its one-to-one pairs.
    pub(super) fn handle(&mut self, frame: &Frame, pairs: &[Pair]) {
        let mut held_by = vec![None; frame.truths.len()];
        for pair in pairs {
            held_by[pair.truth] = Some(frame.tracks[pair.track].who);
        }
        for (truth, track) in frame.truths.iter().zip(held_by) {
            if self.0.len() <= truth.who {
                self.0.resize(truth.who + 1, Life::default());
            }
            self.0[truth.who].handle(track);
        }
    }

    pub(super) fn of(&self, truth: usize) -> Life {
        self.0.get(truth).copied().unwrap_or_default()
    }

    pub(super) fn all(&self) -> &[Life] {
        &self.0
    }

    pub(super) fn total(&self, part: impl Fn(&Life) -> u64) -> u64 {
        self.0.iter().map(part).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(holders: &[Option<usize>]) -> Life {
        let mut life = Life::default();
        holders.iter().for_each(|&track| life.handle(track));
        life
    }

    #[test]
    fn a_life_worked_by_hand() {
        // Held by 1 for two frames, lost, by 1 again for one, then by 2 for three.
        let life = life(&[None, Some(1), Some(1), None, Some(1), Some(2), Some(2), Some(2)]);
        assert_eq!((life.frames, life.held, life.longest), (8, 6, 3));
        assert_eq!((life.switches, life.fragmentations), (1, 1));
    }

    #[test]
    fn a_new_number_after_a_gap_is_both_a_switch_and_a_fragmentation() {
        let life = life(&[Some(1), None, None, Some(2)]);
        assert_eq!((life.switches, life.fragmentations, life.longest), (1, 1, 1));
    }

    #[test]
    fn a_gap_ends_a_segment() {
        assert_eq!(life(&[Some(1), Some(1), None, Some(1), Some(1)]).longest, 2);
    }
}
