//! OSPA: the optimal sub-pattern assignment metric (Schuhmacher, Vo and Vo, IEEE Trans. SP 56(8), 2008).
//!
//! For m ≤ n objects on the two sides,
//!
//! dᵖ = (1/n) · ( Σ min(d(x, y), c)ᵖ over the best assignment of all m + cᵖ · (n − m) )
//!
//! A distance per object between 0 and c: it does not grow with the number of objects, and for the same reason it tells
//! little about how many are missed. GOSPA does; OSPA stands here to be compared with published figures.

use serde::Serialize;

use super::average::{Average, count, real};
use super::gospa::Cut;
use super::pairing::{Pair, Point, one_to_one, within};

/// OSPA of one frame, with its parts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ospa {
    /// The metric itself, metres, at most c.
    pub distance_m: f64,
    /// The part owed to distance between assigned objects, metres.
    pub localisation_m: f64,
    /// The part owed to a different number of objects, metres. The p-th powers of the two parts add up to that of the
    /// metric.
    pub cardinality_m: f64,
}

/// OSPA between truths and tracks in one Cartesian frame. `None` if more than
/// [`PAIRS_MAX`](super::PAIRS_MAX) pairs are nearer than the cut-off.
#[must_use]
pub fn ospa(truths: &[Point], tracks: &[Point], cut: Cut) -> Option<Ospa> {
    Some(of_near(count(truths), count(tracks), &within(truths, tracks, cut.cutoff_m)?, cut))
}

/// OSPA from the numbers of truths and tracks and every pair within the cut-off.
fn of_near(truths: u64, tracks: u64, near: &[Pair], cut: Cut) -> Ospa {
    let (fewer, more) = (truths.min(tracks), truths.max(tracks));
    if more == 0 {
        return Ospa { distance_m: 0.0, localisation_m: 0.0, cardinality_m: 0.0 };
    }
    let pairs = one_to_one(near, cut.cutoff_m, cut.order);
    let at_cutoff = cut.order.raise(cut.cutoff_m);
    let assigned: f64 = pairs.iter().map(|pair| cut.order.raise(pair.distance_m)).sum();
    let localisation = (assigned + at_cutoff * real(fewer - count(&pairs))) / real(more);
    let cardinality = at_cutoff * real(more - fewer) / real(more);
    Ospa {
        distance_m: cut.order.root(localisation + cardinality),
        localisation_m: cut.order.root(localisation),
        cardinality_m: cut.order.root(cardinality),
    }
}

/// OSPA over many frames.
#[derive(Clone, Debug)]
pub(super) struct OspaTotals {
    cut: Cut,
    distance: Average,
    localisation: Average,
    cardinality: Average,
}

/// What OSPA says about a whole run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OspaSummary {
    /// p and c.
    #[serde(flatten)]
    pub cut: Cut,
    /// Mean over the frames of the metric, metres.
    pub mean_m: Option<f64>,
    /// Mean over the frames of its localisation part, metres.
    pub localisation_m: Option<f64>,
    /// Mean over the frames of its cardinality part, metres.
    pub cardinality_m: Option<f64>,
}

impl OspaTotals {
    pub(super) fn new(cut: Cut) -> Self {
        let none = Average::default();
        Self { cut, distance: none, localisation: none, cardinality: none }
    }

    /// Takes in one frame: how many of each there are, and every pair within the cut-off.
    pub(super) fn handle(&mut self, truths: u64, tracks: u64, near: &[Pair]) {
        let frame = of_near(truths, tracks, near, self.cut);
        self.distance.add(frame.distance_m);
        self.localisation.add(frame.localisation_m);
        self.cardinality.add(frame.cardinality_m);
    }

    pub(super) fn summary(&self) -> OspaSummary {
        OspaSummary {
            cut: self.cut,
            mean_m: self.distance.mean(),
            localisation_m: self.localisation.mean(),
            cardinality_m: self.cardinality.mean(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::order::Order;
    use super::*;

    fn at(xs: &[f64]) -> Vec<Point> {
        xs.iter().map(|&x| [x, 0.0, 0.0]).collect()
    }

    #[test]
    fn a_frame_worked_by_hand() {
        // c = 10, p = 2: pairs 3 m and 4 m off, the third truth is left to a track beyond the cut-off, one track too
        // many: (9 + 16 + 100)/4 for localisation, 100/4 for cardinality.
        let cut = Cut { order: Order::TWO, cutoff_m: 10.0 };
        let frame = ospa(&at(&[0.0, 100.0, 200.0]), &at(&[3.0, 104.0, 500.0, 600.0]), cut).expect("few pairs");
        let by_hand = [56.25_f64.sqrt(), 31.25_f64.sqrt(), 5.0];
        let found = [frame.distance_m, frame.localisation_m, frame.cardinality_m];
        assert!(found.iter().zip(by_hand).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
    }

    #[test]
    fn order_one_by_hand_and_the_ends_of_the_scale() {
        let cut = Cut { order: Order::ONE, cutoff_m: 10.0 };
        let d = |x: &[f64], y: &[f64]| ospa(&at(x), &at(y), cut).expect("few pairs").distance_m;
        assert!((d(&[0.0, 50.0], &[3.0]) - 6.5).abs() < 1e-12, "(3 + 10) / 2");
        assert!(d(&[], &[]).abs() < 1e-12 && (d(&[], &[1.0, 2.0]) - 10.0).abs() < 1e-12);
    }
}
