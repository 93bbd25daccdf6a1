//! SIAP: the single integrated air picture attributes (SIAP SE TF technical reports 2001-003 and 2003-029).
//!
//! In each frame truths and tracks are paired one to one so that Σ min(d, gate)² is least; pairs within the gate count.
//! Over all frames, with N(·) summed over them:
//! * completeness C = N(paired truths) / N(truths);
//! * ambiguity A = N(tracks within the gate of any truth) / N(paired truths): 1 is one track for each tracked truth;
//! * spuriousness S = N(tracks within the gate of no truth) / N(tracks);
//! * positional accuracy PA and velocity accuracy VA: root mean square over the pairs;
//! * rate of track number change R = switches / truth seconds;
//! * longest track segment LS = Σ over truths of the longest run with one track number / Σ over truths of their lives.
//!
//! R and LS follow [`lives`](super::lives) on that same frame-wise assignment, which has no memory: where objects come
//! close it may swap numbers although the tracker did not. [`identity`](super::identity) keeps pairings and does not.

use serde::Serialize;

use super::average::{Average, count, ratio, real};
use super::lives::{Life, Lives};
use super::order::Order;
use super::pairing::{Pair, distance, one_to_one};
use super::point::Frame;

/// SIAP over many frames.
#[derive(Clone, Debug)]
pub(super) struct SiapTotals {
    gate_m: f64,
    interval_s: f64,
    lives: Lives,
    truths: u64,
    tracks: u64,
    tracks_near: u64,
    square_error: Average,
    square_velocity_error: Average,
}

/// What SIAP says about a whole run; the definitions stand at the head of the file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SiapSummary {
    /// How near a track must be to count as tracking a truth, metres.
    pub gate_m: f64,
    /// C: the share of truth that is tracked, best 1.
    pub completeness: Option<f64>,
    /// A: tracks per tracked truth, best 1.
    pub ambiguity: Option<f64>,
    /// S: the share of tracks that track nothing, best 0.
    pub spuriousness: Option<f64>,
    /// PA: root mean square position error, metres.
    pub position_rms_m: Option<f64>,
    /// VA: root mean square velocity error, m/s, over truths whose velocity is known.
    pub velocity_rms_m_s: Option<f64>,
    /// R: changes of track number per second of truth, best 0.
    pub number_changes_per_s: Option<f64>,
    /// LS: the share of a truth's life covered by its longest segment, best 1.
    pub longest_segment: Option<f64>,
    /// The changes of track number behind R.
    pub number_changes: u64,
}

impl SiapTotals {
    pub(super) fn new(gate_m: f64, interval_s: f64) -> Self {
        Self {
            gate_m,
            interval_s,
            lives: Lives::default(),
            truths: 0,
            tracks: 0,
            tracks_near: 0,
            square_error: Average::default(),
            square_velocity_error: Average::default(),
        }
    }

    /// Takes in one frame and every pair within the gate.
    pub(super) fn handle(&mut self, frame: &Frame, near: &[Pair]) {
        let pairs = one_to_one(near, self.gate_m, Order::TWO);
        self.lives.handle(frame, &pairs);
        self.truths += count(&frame.truths);
        self.tracks += count(&frame.tracks);
        self.tracks_near += tracks_within(near, self.gate_m, frame.tracks.len());
        for pair in &pairs {
            self.square_error.add(pair.distance_m * pair.distance_m);
            let velocities = (frame.truths[pair.truth].velocity, frame.tracks[pair.track].velocity);
            if let (Some(truth), Some(track)) = velocities {
                let error = distance(&truth, &track);
                self.square_velocity_error.add(error * error);
            }
        }
    }

    pub(super) fn summary(&self) -> SiapSummary {
        let paired = self.square_error.terms;
        let number_changes = self.lives.total(|life| life.switches);
        let truth_seconds = real(self.truths) * self.interval_s;
        SiapSummary {
            gate_m: self.gate_m,
            completeness: ratio(paired, self.truths),
            ambiguity: ratio(self.tracks_near, paired),
            spuriousness: ratio(self.tracks - self.tracks_near, self.tracks),
            position_rms_m: self.square_error.root_mean(),
            velocity_rms_m_s: self.square_velocity_error.root_mean(),
            number_changes_per_s: (self.truths > 0).then(|| real(number_changes) / truth_seconds),
            longest_segment: ratio(self.lives.total(|life| life.longest), self.lives.total(|life: &Life| life.frames)),
            number_changes,
        }
    }
}

/// How many tracks have any truth within the gate.
fn tracks_within(near: &[Pair], gate_m: f64, tracks: usize) -> u64 {
    let mut is_near = vec![false; tracks];
    near.iter().filter(|pair| pair.distance_m < gate_m).for_each(|pair| is_near[pair.track] = true);
    is_near.iter().map(|&yes| u64::from(yes)).sum()
}

#[cfg(test)]
mod tests {
    use super::super::pairing::within;
    use super::super::point::Seen;
    use super::*;

    fn seen(who: usize, x: f64, speed: f64) -> Seen {
        Seen { who, position: [x, 0.0, 0.0], velocity: Some([speed, 0.0, 0.0]) }
    }

    fn run(frames: &[Frame]) -> SiapSummary {
        let mut totals = SiapTotals::new(10.0, 2.0);
        for frame in frames {
            let near = within(&frame.truth_positions(), &frame.track_positions(), 50.0).expect("few pairs");
            totals.handle(frame, &near);
        }
        totals.summary()
    }

    #[test]
    fn two_frames_worked_by_hand() {
        // Truth 0 near 0, truth 1 near 100. First frame: track 7 is 3 m from truth 0, track 8 is a second track of it,
        // track 9 tracks nothing. Second frame, 2 s later: track 8 alone, 4 m off; truth 1 is never tracked.
        let truths = vec![seen(0, 0.0, 10.0), seen(1, 100.0, 0.0)];
        let summary = run(&[
            Frame { truths: truths.clone(), tracks: vec![seen(7, 3.0, 11.0), seen(8, -5.0, 0.0), seen(9, 500.0, 0.0)] },
            Frame { truths, tracks: vec![seen(8, 4.0, 13.0)] },
        ]);
        let found = [
            (summary.completeness, 2.0 / 4.0),
            (summary.ambiguity, 3.0 / 2.0),
            (summary.spuriousness, 1.0 / 4.0),
            (summary.position_rms_m, 12.5_f64.sqrt()), // (9 + 16) / 2
            (summary.velocity_rms_m_s, 5_f64.sqrt()),  // (1 + 9) / 2
            (summary.number_changes_per_s, 1.0 / 8.0), // 7 to 8, in 2 truths · 2 frames · 2 s
            (summary.longest_segment, 1.0 / 4.0),      // one frame of truth 0, none of truth 1
        ];
        for (place, (value, by_hand)) in found.iter().enumerate() {
            assert!((value.expect("defined") - by_hand).abs() < 1e-12, "figure {place}: {value:?} against {by_hand}");
        }
    }

    #[test]
    fn figures_without_samples_are_unknown_not_zero() {
        let summary = run(&[Frame { truths: vec![], tracks: vec![seen(1, 0.0, 0.0)] }]);
        assert_eq!((summary.completeness, summary.ambiguity, summary.position_rms_m), (None, None, None));
        assert_eq!(summary.spuriousness, Some(1.0));
    }
}
