//! Tracks of any tracker against the truth, by the metrics of the product (`edge_node::score`).
//!
//! GOSPA has p = 2 and α = 2; its mean and root mean square are over scans. Number changes and the longest segment are
//! SIAP's: each scan is assigned by itself, and a truth that goes over to another number counts once.

use edge_node::score::{Cut, Order, Params, SWITCH_SHARE, Score, Status, Summary, TrackPoint, TruthPoint};
use fusion_core::frame::Position;
use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::time::Span;

use crate::drive::BEGIN;

/// A target or a track: a place (x, y) in metres and its rates.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub id: u64,
    pub place: [f64; 2],
    pub velocity: [f64; 2],
}

/// A track, with the covariance of (x, y, vx, vy) if its tracker tells it.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    pub seen: Seen,
    pub covariance: Option<[[f64; 4]; 4]>,
}

/// Scores one frame after another. Where on earth the plane lies makes no difference beyond a part in 10⁵.
pub struct Scorer {
    plane: TangentPlane,
    score: Score,
    frames: i64,
}

impl Scorer {
    /// With this cut-off for all metrics, metres.
    pub fn new(cutoff_m: f64) -> Self {
        let cut = Cut { order: Order::TWO, cutoff_m };
        let params =
            Params { gospa: cut, switch_m: SWITCH_SHARE * cutoff_m, ospa: cut, gate_m: cutoff_m, ..Params::default() };
        let score = Score::new(params).expect("a cut-off above zero");
        let origin = Geodetic::from_degrees(47.0, 8.0, 0.0).expect("a place on earth");
        Self { plane: TangentPlane::at(origin), score, frames: 0 }
    }

    /// Takes in the next frame.
    pub fn handle(&mut self, truth: &[Seen], shown: &[Shown]) {
        let names = |id: u64| id.to_string();
        let (truth_names, track_names): (Vec<_>, Vec<_>) =
            (truth.iter().map(|t| names(t.id)).collect(), shown.iter().map(|t| names(t.seen.id)).collect());
        let truths: Vec<_> = truth.iter().zip(&truth_names).map(|(seen, id)| self.truth(id, seen)).collect();
        let tracks: Vec<_> = shown.iter().zip(&track_names).map(|(shown, id)| self.track(id, shown)).collect();
        let time = BEGIN + Span::from_secs(self.frames);
        self.score.handle_frame(time, &truths, &tracks).expect("finite, distinct, few");
        self.frames += 1;
    }

    pub fn summary(&self) -> Summary {
        self.score.summary()
    }

    fn truth<'n>(&self, id: &'n str, seen: &Seen) -> TruthPoint<'n> {
        TruthPoint { id, position: self.place(seen), velocity_enu_m_s: Some(velocity(seen)) }
    }

    fn track<'n>(&self, id: &'n str, shown: &Shown) -> TrackPoint<'n> {
        TrackPoint {
            id,
            status: Status::Confirmed,
            position: self.place(&shown.seen),
            velocity_enu_m_s: velocity(&shown.seen),
            covariance_enu: shown.covariance.as_ref().map(upper),
        }
    }

    /// x is laid to the east, y to the north.
    fn place(&self, seen: &Seen) -> Geodetic {
        self.plane.to_geodetic(Position::new(seen.place[0], seen.place[1], 0.0))
    }
}

/// Scores a whole run.
pub fn score(truth: &[Vec<Seen>], shown: &[Vec<Shown>], cutoff_m: f64) -> Summary {
    let mut scorer = Scorer::new(cutoff_m);
    truth.iter().zip(shown).for_each(|(truth, shown)| scorer.handle(truth, shown));
    scorer.summary()
}

const fn velocity(seen: &Seen) -> [f64; 3] {
    [seen.velocity[0], seen.velocity[1], 0.0]
}

/// The upper triangle over three axes and their rates, of which the vertical ones are not looked at.
fn upper(p: &[[f64; 4]; 4]) -> [f64; 21] {
    let axis = |i: usize| [Some(0), Some(1), None, Some(2), Some(3), None][i];
    let cell = |i: usize, j: usize| match (axis(i), axis(j)) {
        (Some(row), Some(column)) => p[row][column],
        _ => f64::from(u8::from(i == j)),
    };
    let mut cells = (0..6).flat_map(|i| (i..6).map(move |j| cell(i, j)));
    std::array::from_fn(|_| cells.next().expect("21 cells"))
}
