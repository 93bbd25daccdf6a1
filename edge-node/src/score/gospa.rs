//! GOSPA: the generalised optimal sub-pattern assignment metric (Rahmathullah, García-Fernández and Svensson, FUSION
//! 2017).
//!
//! With α = 2, the only choice for which the metric splits into what an operator asks about:
//!
//! dᵖ = Σ over assigned pairs with d < c of d(x, y)ᵖ + cᵖ/2 · (missed + false)
//!
//! where a truth without a partner is missed and a track without one is false.

use serde::Serialize;

use super::average::{Average, count, ratio, real};
use super::order::Order;
use super::pairing::{Pair, Point, one_to_one, within};

/// How a set metric weighs distance against wrong numbers: the order p and the cut-off c.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cut {
    /// The order p.
    #[serde(rename = "p")]
    pub order: Order,
    /// The cut-off distance c, metres: farther apart than this, a track is no estimate of that truth at all.
    pub cutoff_m: f64,
}

/// GOSPA of one frame, with its parts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gospa {
    /// The metric itself, metres.
    pub distance_m: f64,
    /// Σ dᵖ over the assigned pairs: the part of the cost that is owed to inaccuracy.
    pub localisation_cost: f64,
    /// cᵖ/2 for each missed truth.
    pub missed_cost: f64,
    /// cᵖ/2 for each false track.
    pub false_cost: f64,
    /// Pairs nearer than the cut-off.
    pub assigned: u64,
    /// Truths without a track.
    pub missed: u64,
    /// Tracks without a truth.
    pub false_tracks: u64,
}

/// GOSPA between truths and tracks in one Cartesian frame. `None` if more than
/// [`PAIRS_MAX`](super::PAIRS_MAX) pairs are nearer than the cut-off.
#[must_use]
pub fn gospa(truths: &[Point], tracks: &[Point], cut: Cut) -> Option<Gospa> {
    let pairs = one_to_one(&within(truths, tracks, cut.cutoff_m)?, cut.cutoff_m, cut.order);
    Some(of_pairs(count(truths), count(tracks), &pairs, cut))
}

/// GOSPA from the numbers of truths and tracks and the optimal pairs among them.
fn of_pairs(truths: u64, tracks: u64, pairs: &[Pair], cut: Cut) -> Gospa {
    let (missed, false_tracks) = (truths - count(pairs), tracks - count(pairs));
    let localisation_cost: f64 = pairs.iter().map(|pair| cut.order.raise(pair.distance_m)).sum();
    let alone = cut.order.raise(cut.cutoff_m) / 2.0;
    let (missed_cost, false_cost) = (alone * real(missed), alone * real(false_tracks));
    let distance_m = cut.order.root(localisation_cost + missed_cost + false_cost);
    Gospa { distance_m, localisation_cost, missed_cost, false_cost, assigned: count(pairs), missed, false_tracks }
}

/// GOSPA over many frames.
#[derive(Clone, Debug)]
pub(super) struct GospaTotals {
    cut: Cut,
    distance: Average,
    square: Average,
    square_error: Average,
    localisation: Average,
    missed_cost: Average,
    false_cost: Average,
    missed: u64,
    false_tracks: u64,
}

/// What GOSPA says about a whole run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GospaSummary {
    /// p and c; α is 2.
    #[serde(flatten)]
    pub cut: Cut,
    /// The third parameter, always 2.
    pub alpha: u8,
    /// Mean over the frames of the metric, metres.
    pub mean_m: Option<f64>,
    /// Root mean square over the frames of the metric, metres.
    pub rms_m: Option<f64>,
    /// Root mean square distance of the assigned pairs, metres.
    pub localisation_rms_m: Option<f64>,
    /// Assigned pairs per frame.
    pub assigned_per_frame: Option<f64>,
    /// Missed truths per frame.
    pub missed_per_frame: Option<f64>,
    /// False tracks per frame.
    pub false_per_frame: Option<f64>,
    /// Mean over the frames of the localisation part of dᵖ, in mᵖ.
    pub localisation_cost: Option<f64>,
    /// Mean over the frames of the missed part of dᵖ, in mᵖ.
    pub missed_cost: Option<f64>,
    /// Mean over the frames of the false part of dᵖ, in mᵖ.
    pub false_cost: Option<f64>,
}

impl GospaTotals {
    pub(super) fn new(cut: Cut) -> Self {
        let none = Average::default();
        Self {
            cut,
            distance: none,
            square: none,
            square_error: none,
            localisation: none,
            missed_cost: none,
            false_cost: none,
            missed: 0,
            false_tracks: 0,
        }
    }

    /// Takes in one frame: how many of each there are, and every pair within the cut-off; tells the optimal pairs.
    pub(super) fn handle(&mut self, truths: u64, tracks: u64, near: &[Pair]) -> Vec<Pair> {
        let pairs = one_to_one(near, self.cut.cutoff_m, self.cut.order);
        let frame = of_pairs(truths, tracks, &pairs, self.cut);
        self.distance.add(frame.distance_m);
        self.square.add(frame.distance_m * frame.distance_m);
        self.localisation.add(frame.localisation_cost);
        self.missed_cost.add(frame.missed_cost);
        self.false_cost.add(frame.false_cost);
        pairs.iter().for_each(|pair| self.square_error.add(pair.distance_m * pair.distance_m));
        self.missed += frame.missed;
        self.false_tracks += frame.false_tracks;
        pairs
    }

    pub(super) fn summary(&self) -> GospaSummary {
        let frames = self.distance.terms;
        GospaSummary {
            cut: self.cut,
            alpha: 2,
            mean_m: self.distance.mean(),
            rms_m: self.square.root_mean(),
            localisation_rms_m: self.square_error.root_mean(),
            assigned_per_frame: ratio(self.square_error.terms, frames),
            missed_per_frame: ratio(self.missed, frames),
            false_per_frame: ratio(self.false_tracks, frames),
            localisation_cost: self.localisation.mean(),
            missed_cost: self.missed_cost.mean(),
            false_cost: self.false_cost.mean(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CUT: Cut = Cut { order: Order::TWO, cutoff_m: 10.0 };

    #[test]
    fn a_frame_worked_by_hand() {
        // Pairs 3 m and 4 m off (9 + 16); one truth missed and two tracks false: 3 · 10²/2 = 150. √175.
        let truths = [[0.0, 0.0, 0.0], [100.0, 0.0, 0.0], [200.0, 0.0, 0.0]];
        let tracks = [[3.0, 0.0, 0.0], [100.0, 4.0, 0.0], [500.0, 0.0, 0.0], [600.0, 0.0, 0.0]];
        let frame = gospa(&truths, &tracks, CUT).expect("few pairs");
        assert!((frame.distance_m - 175_f64.sqrt()).abs() < 1e-12);
        assert_eq!((frame.assigned, frame.missed, frame.false_tracks), (2, 1, 2));
        let parts = [frame.localisation_cost, frame.missed_cost, frame.false_cost];
        assert!(parts.iter().zip([25.0, 50.0, 100.0]).all(|(part, by_hand)| (part - by_hand).abs() < 1e-12));
    }

    #[test]
    fn order_one_adds_distances() {
        // 3 + 10/2 for the one that is false.
        let cut = Cut { order: Order::ONE, ..CUT };
        let frame = gospa(&[[0.0; 3]], &[[3.0, 0.0, 0.0], [50.0, 0.0, 0.0]], cut).expect("few pairs");
        assert!((frame.distance_m - 8.0).abs() < 1e-12);
    }

    #[test]
    fn an_empty_frame_is_perfect_and_no_frame_is_unknown() {
        let mut totals = GospaTotals::new(CUT);
        assert_eq!(totals.summary().mean_m, None);
        totals.handle(0, 0, &[]);
        assert_eq!((totals.summary().mean_m, totals.summary().localisation_rms_m), (Some(0.0), None));
    }

    fn points() -> impl Strategy<Value = Vec<Point>> {
        prop::collection::vec(prop::array::uniform3(-20.0..20.0_f64), 0..8)
    }

    proptest! {
        #[test]
        fn it_is_a_metric(x in points(), y in points(), z in points(), p in 1..=4_u8) {
            let cut = Cut { order: Order::new(p).expect("in range"), cutoff_m: 10.0 };
            let d = |a: &[Point], b: &[Point]| gospa(a, b, cut).expect("few pairs").distance_m;
            prop_assert!(d(&x, &x).abs() < 1e-9);
            prop_assert!((d(&x, &y) - d(&y, &x)).abs() < 1e-9);
            prop_assert!(d(&x, &z) <= d(&x, &y) + d(&y, &z) + 1e-9);
        }
    }
}
