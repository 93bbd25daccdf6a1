//! Which truths and tracks are near one another, and which of these pairs belong together.
//!
//! Every metric here cuts distances off at some c, so a pair farther apart than c is worth no more than no pair at all.
//! The pairs within c therefore fall into clusters that do not see one another, and the best one-to-one assignment is
//! found cluster by cluster: with 1000 truths and 1000 tracks spread over a region, a few hundred tiny problems instead
//! of one of a million cells.

use super::assignment::{Costs, assign};
use super::order::Order;

/// A point in any one Cartesian frame, metres.
pub type Point = [f64; 3];

/// A truth and a track of one frame that are near one another, by their places in the two lists.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Place in the list of truths.
    pub truth: usize,
    /// Place in the list of tracks.
    pub track: usize,
    /// The distance between the two, metres.
    pub distance_m: f64,
}

/// The most pairs that one frame may hold within the widest cut-off (64 MB of them). A frame with more is refused as a
/// whole and counted: a cut-off so wide that everything is near everything measures nothing.
///
/// Counter: `refused`.
pub const PAIRS_MAX: usize = 1 << 22;

/// Every pair strictly nearer than the radius, by truth and then by track; `None` if there are more than [`PAIRS_MAX`].
#[must_use]
pub fn within(truths: &[Point], tracks: &[Point], radius_m: f64) -> Option<Vec<Pair>> {
    let axis = widest_axis(tracks);
    let mut by_axis: Vec<usize> = (0..tracks.len()).collect();
    by_axis.sort_by(|&a, &b| tracks[a][axis].total_cmp(&tracks[b][axis]));
    let mut pairs = Vec::new();
    for (truth, point) in truths.iter().enumerate() {
        let first = by_axis.partition_point(|&track| tracks[track][axis] <= point[axis] - radius_m);
        let slab = by_axis[first..].iter().take_while(|&&track| tracks[track][axis] < point[axis] + radius_m);
        let near = slab.map(|&track| Pair { truth, track, distance_m: distance(point, &tracks[track]) });
        pairs.extend(near.filter(|pair| pair.distance_m < radius_m));
        if pairs.len() > PAIRS_MAX {
            return None;
        }
    }
    pairs.sort_unstable_by_key(|pair| (pair.truth, pair.track));
    Some(pairs)
}

/// The one-to-one pairs with the least Σ min(d, c)ᵖ over everything, of which those with d < c are returned, by truth.
///
/// This is the assignment of GOSPA with α = 2 and of OSPA alike: both pay the same for a pair at the cut-off as for
/// leaving its two members alone.
#[must_use]
pub fn one_to_one(pairs: &[Pair], cutoff_m: f64, order: Order) -> Vec<Pair> {
    let near: Vec<Pair> = pairs.iter().copied().filter(|pair| pair.distance_m < cutoff_m).collect();
    let mut chosen: Vec<Pair> = clusters(near).iter().flat_map(|cluster| best_of(cluster, cutoff_m, order)).collect();
    chosen.sort_unstable_by_key(|pair| pair.truth);
    chosen
}

/// Solves one cluster: each pair is worth cᵖ − dᵖ.
fn best_of(cluster: &[Pair], cutoff_m: f64, order: Order) -> Vec<Pair> {
    if let [only] = cluster {
        return vec![*only];
    }
    let truths = sorted_set(cluster.iter().map(|pair| pair.truth));
    let tracks = sorted_set(cluster.iter().map(|pair| pair.track));
    let cell = |pair: &Pair| (place(&truths, pair.truth), place(&tracks, pair.track));
    let mut costs = Costs::filled(truths.len(), tracks.len(), 0.0);
    for pair in cluster {
        let (row, column) = cell(pair);
        costs.set(row, column, order.raise(pair.distance_m) - order.raise(cutoff_m));
    }
    let column_of = assign(&costs);
    let is_chosen = |pair: &Pair| {
        let (row, column) = cell(pair);
        column_of[row] == Some(column)
    };
    cluster.iter().copied().filter(is_chosen).collect()
}

/// Groups pairs that are linked by a shared truth or track, directly or through others.
fn clusters(mut pairs: Vec<Pair>) -> Vec<Vec<Pair>> {
    let truths = pairs.iter().map(|pair| pair.truth + 1).max().unwrap_or(0);
    let tracks = pairs.iter().map(|pair| pair.track + 1).max().unwrap_or(0);
    let mut forest = Forest::of(truths + tracks);
    for pair in &pairs {
        forest.join(pair.truth, truths + pair.track);
    }
    let cluster: Vec<usize> = (0..truths).map(|truth| forest.root(truth)).collect();
    pairs.sort_unstable_by_key(|pair| (cluster[pair.truth], pair.truth, pair.track));
    pairs.chunk_by(|a, b| cluster[a.truth] == cluster[b.truth]).map(<[Pair]>::to_vec).collect()
}

/// Disjoint sets, each named by its smallest member.
pub(super) struct Forest(Vec<usize>);

impl Forest {
    /// As many sets of one.
    pub(super) fn of(members: usize) -> Self {
        Self((0..members).collect())
    }

    /// Finds the name of a member's set, and halves the way there for the next search.
    pub(super) fn root(&mut self, mut node: usize) -> usize {
        while self.0[node] != node {
            self.0[node] = self.0[self.0[node]];
            node = self.0[node];
        }
        node
    }

    pub(super) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}

pub(super) fn sorted_set(members: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut set: Vec<usize> = members.collect();
    set.sort_unstable();
    set.dedup();
    set
}

pub(super) fn place(set: &[usize], member: usize) -> usize {
    set.binary_search(&member).expect("the set was made of these members")
}

/// The axis along which the points are spread most, so that a slab across it holds the fewest.
fn widest_axis(points: &[Point]) -> usize {
    let spread = |axis: usize| {
        let low = points.iter().map(|p| p[axis]).fold(f64::INFINITY, f64::min);
        let high = points.iter().map(|p| p[axis]).fold(f64::NEG_INFINITY, f64::max);
        high - low
    };
    (1..3).fold(0, |best, axis| if spread(axis) > spread(best) { axis } else { best })
}

/// The distance between two points.
#[must_use]
pub fn distance(a: &Point, b: &Point) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Point>> {
        prop::collection::vec(prop::array::uniform3(-100.0..100.0_f64), count)
    }

    /// Σ min(d, c)ᵖ over the best assignment of the whole matrix at once.
    fn whole_matrix(truths: &[Point], tracks: &[Point], c: f64, order: Order) -> f64 {
        let mut costs = Costs::filled(truths.len(), tracks.len(), 0.0);
        let cost = |i: usize, j: usize| order.raise(distance(&truths[i], &tracks[j]).min(c));
        for i in 0..truths.len() {
            for j in 0..tracks.len() {
                costs.set(i, j, cost(i, j));
            }
        }
        assign(&costs).iter().enumerate().filter_map(|(i, j)| j.map(|j| cost(i, j))).sum()
    }

    #[test]
    fn a_pair_exactly_at_the_cut_off_is_no_pair() {
        let at = |x: f64| [x, 0.0, 0.0];
        assert_eq!(within(&[at(0.0)], &[at(5.0), at(4.9)], 5.0).expect("few").len(), 1);
    }

    #[test]
    fn a_truth_yields_its_nearest_track_where_both_gain() {
        // On a line: truths at 0 and 6, tracks at 5 and 9. Nearest first pairs 6 with 5 (1) and leaves 0 to 9: cut off.
        // Squares: 25 + 9 = 34 against 1 + 64.
        let at = |x: f64| [x, 0.0, 0.0];
        let pairs = within(&[at(0.0), at(6.0)], &[at(5.0), at(9.0)], 8.0).expect("few");
        let chosen: Vec<_> = one_to_one(&pairs, 8.0, Order::TWO).iter().map(|p| (p.truth, p.track)).collect();
        assert_eq!(chosen, [(0, 0), (1, 1)]);
    }

    proptest! {
        #[test]
        fn the_slab_finds_every_pair_within_reach(
            truths in points(0..20), tracks in points(0..20), c in 1.0..150.0_f64
        ) {
            let near = |i: usize, j: usize| distance(&truths[i], &tracks[j]) < c;
            let all = (0..truths.len()).flat_map(|i| (0..tracks.len()).map(move |j| (i, j)));
            let expected: Vec<_> = all.filter(|&(i, j)| near(i, j)).collect();
            let found: Vec<_> = within(&truths, &tracks, c).expect("few").iter().map(|p| (p.truth, p.track)).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn clusters_cost_the_same_as_the_whole_matrix(
            truths in points(0..12), tracks in points(0..12), c in 5.0..150.0_f64, p in 1..=3_u8
        ) {
            let order = Order::new(p).expect("in range");
            let chosen = one_to_one(&within(&truths, &tracks, c).expect("few"), c, order);
            let alone = truths.len().min(tracks.len()) - chosen.len();
            let cost = chosen.iter().map(|pair| order.raise(pair.distance_m)).sum::<f64>()
                + (0..alone).map(|_| order.raise(c)).sum::<f64>();
            let best = whole_matrix(&truths, &tracks, c, order);
            prop_assert!((cost - best).abs() <= 1e-9 * best.max(1.0), "{} against {}", cost, best);
        }
    }
}
