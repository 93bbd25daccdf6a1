//! The pictures of a mission against the truth, second by second.

use edge_node::picture::compose::aged;
use edge_node::picture::{SystemTrack, text_id};
use edge_node::score::{Score, Status, Summary, TrackPoint, TruthPoint};
use edge_node::simulated::{Coverage, frames};
use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::time::{Span, Timestamp};
use sensor_drivers::sim::TruthSample;

use super::Mission;
use super::station::{BEGIN, Station};

/// One score for each node.
#[derive(Debug)]
pub struct Against {
    scores: Vec<Score>,
    coverage: Coverage,
}

/// What a few scores say together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Root mean square distance of assigned pairs over the ground, metres.
    pub rms_m: f64,
    /// GOSPA, root mean square over frames, metres.
    pub gospa_m: f64,
    /// ANEES of position over the ground.
    pub anees: f64,
    /// Samples of NEES.
    pub samples: f64,
    /// Entries for each object that is shown.
    pub ambiguity: f64,
    /// Share of what could be seen that is shown.
    pub completeness: f64,
    /// Changes of number for each object and hour.
    pub changes_per_h: f64,
    /// The changes behind them.
    pub changes: f64,
    /// Tracks with samples of NEES.
    pub tracks: f64,
}

impl Against {
    /// Scores for so many pictures of what the sensors of a mission can see.
    ///
    /// # Panics
    /// Never: the parameters of simulated pictures are sensible.
    #[must_use]
    pub fn new(mission: &Mission) -> Self {
        let score = || Score::new(frames::params()).expect("sensible parameters");
        let coverage = Coverage::of(mission.simulation().scenario());
        Self { scores: mission.nodes.iter().map(|_| score()).collect(), coverage }
    }

    /// Takes in the present second.
    ///
    /// # Panics
    /// If a frame is refused: there are far fewer tracks than fit.
    pub fn look(&mut self, mission: &Mission) {
        let all = mission.truth();
        let truth: Vec<TruthSample> = all.into_iter().filter(|sample| self.coverage.includes(sample)).collect();
        let time = BEGIN + mission.now;
        for (score, station) in self.scores.iter_mut().zip(&mission.nodes) {
            if station.node.is_some() {
                judge(score, time, &truth, station);
            }
        }
    }

    /// Each node's picture by itself.
    #[must_use]
    pub fn each(&mut self) -> Vec<Figures> {
        self.scores.iter_mut().map(|score| Figures::of(&score.summary())).collect()
    }
}

impl Figures {
    #[expect(clippy::cast_precision_loss, reason = "a few thousand samples")]
    fn of(summary: &Summary) -> Self {
        let nees = &summary.nees.position;
        Self {
            rms_m: summary.gospa.localisation_rms_m.unwrap_or(f64::NAN),
            gospa_m: summary.gospa.rms_m.unwrap_or(f64::NAN),
            anees: nees.anees.unwrap_or(f64::NAN),
            samples: nees.samples as f64,
            ambiguity: summary.siap.ambiguity.unwrap_or(f64::NAN),
            completeness: summary.siap.completeness.unwrap_or(f64::NAN),
            changes_per_h: summary.siap.number_changes_per_s.unwrap_or(f64::NAN) * 3600.0,
            changes: summary.siap.number_changes as f64,
            tracks: nees.tracks as f64,
        }
    }

    /// The mean of some, the ANEES by its samples, errors by their squares.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a few of them")]
    pub fn mean(all: &[Self]) -> Self {
        let share = |of: fn(&Self) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
        let samples: f64 = all.iter().map(|figures| figures.samples).sum();
        Self {
            rms_m: fusion_core::maths::sqrt(share(|f| f.rms_m * f.rms_m)),
            gospa_m: fusion_core::maths::sqrt(share(|f| f.gospa_m * f.gospa_m)),
            anees: all.iter().map(|f| f.anees * f.samples).sum::<f64>() / samples,
            samples,
            ambiguity: share(|f| f.ambiguity),
            completeness: share(|f| f.completeness),
            changes_per_h: share(|f| f.changes_per_h),
            changes: share(|f| f.changes),
            tracks: share(|f| f.tracks),
        }
    }
}

/// Takes what a node shows, as it has aged since it was last told, under the numbers that all agree on.
fn judge(score: &mut Score, time: Timestamp, truth: &[TruthSample], station: &Station) {
    let names: Vec<String> = truth.iter().map(|sample| sample.id.to_string()).collect();
    let truths: Vec<TruthPoint<'_>> = truth.iter().zip(&names).map(|(sample, id)| true_point(sample, id)).collect();
    let tracks: Vec<&SystemTrack> = station.picture().filter(|track| !track.record.source_track).collect();
    let numbers: Vec<String> = tracks.iter().map(|track| text_id(track.id())).collect();
    let shown: Vec<TrackPoint<'_>> = tracks.iter().zip(&numbers).map(|(track, id)| point(track, id, time)).collect();
    score.handle_frame(time, &truths, &shown).expect("a few tracks");
}

const fn true_point<'a>(sample: &TruthSample, id: &'a str) -> TruthPoint<'a> {
    TruthPoint { id, position: sample.position, velocity_enu_m_s: Some(sample.velocity_enu_m_s) }
}

fn point<'a>(track: &SystemTrack, id: &'a str, time: Timestamp) -> TrackPoint<'a> {
    let estimate = aged(&track.record.estimate, track.record.identity.class, time);
    let position = Geodetic::from_ecef(estimate.position);
    let velocity = TangentPlane::at(position).velocity_to_enu(estimate.velocity);
    let p = estimate.covariance.matrix();
    let mut upper = (0..6).flat_map(|i| (i..6).map(move |j| p[(i, j)]));
    TrackPoint {
        id,
        status: Status::Confirmed,
        position,
        velocity_enu_m_s: (*velocity.vector()).into(),
        covariance_enu: Some(core::array::from_fn(|_| upper.next().unwrap_or(0.0))),
    }
}

/// Runs a mission to a time, second by second, and judges from another on.
pub fn run(mission: &mut Mission, from: Span, to: Span) -> Vec<Figures> {
    let mut against = Against::new(mission);
    while mission.now < to {
        mission.run_until(mission.now + Span::from_secs(1));
        if mission.now >= from {
            against.look(mission);
        }
    }
    against.each()
}
