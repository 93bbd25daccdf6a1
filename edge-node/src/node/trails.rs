//! Where confirmed tracks have been, smoothed: an optional help to the eye, kept beside the tracks and never fed back.
//!
//! Each track's latest filtered states stay in a trace; when somebody looks, what the later ones say of the earlier is
//! taken in ([`Trace::smooth`]). A state that a late scan changed replaces those that it outdates. The smoother moves
//! targets as [`TrackerConfig::motion`](fusion_core::tracker::TrackerConfig) says.
//!
//! Memory: one trace a confirmed track, 5.4 KB each. Work: about 40 µs a changed track, at most ten times a second.

use std::collections::BTreeMap;
use std::sync::Arc;

use fusion_core::filter::smoother::{LAG, Trace};
use fusion_core::gaussian::GaussianState;
use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::model::constant_velocity::NearlyConstantVelocity;
use fusion_core::time::Timestamp;
use fusion_core::track::TrackId;

/// One place where a track has been.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrailPoint {
    /// When.
    pub time: Timestamp,
    /// Where.
    pub place: Geodetic,
}

/// Points of a trail, oldest first; the last is the track's own state.
pub type TrailPoints = Arc<[TrailPoint]>;

/// The trails of all confirmed tracks.
#[derive(Clone, Debug)]
pub struct Trails {
    motion: NearlyConstantVelocity,
    trails: BTreeMap<TrackId, Trail>,
    generation: u64,
}

#[derive(Clone, Debug)]
struct Trail {
    trace: Trace<Box<[GaussianState]>>,
    newest: GaussianState,
    generation: u64,
    /// Nothing, since the trace has changed.
    points: Option<TrailPoints>,
}

impl Trails {
    /// No trails yet, of targets that move like this.
    #[must_use]
    pub const fn new(motion: NearlyConstantVelocity) -> Self {
        Self { motion, trails: BTreeMap::new(), generation: 0 }
    }

    /// Takes in the states of all confirmed tracks, and forgets the trails of those that are gone.
    pub fn follow(&mut self, tracks: impl Iterator<Item = (TrackId, GaussianState)>) {
        self.generation += 1;
        let generation = self.generation;
        for (id, state) in tracks {
            let trail = self.trails.entry(id).or_insert_with(|| Trail::new(state));
            trail.take(state);
            trail.generation = generation;
        }
        self.trails.retain(|_, trail| trail.generation == generation);
    }

    /// The trails, by id. Only those that have changed are smoothed anew.
    pub fn smoothed(&mut self, plane: &TangentPlane) -> BTreeMap<TrackId, TrailPoints> {
        let motion = self.motion;
        self.trails.iter_mut().map(|(id, trail)| (*id, trail.points(&motion, plane))).collect()
    }
}

impl Trail {
    fn new(first: GaussianState) -> Self {
        let mut trace = Trace::new(vec![first; LAG].into_boxed_slice());
        trace.push(first);
        Self { trace, newest: first, generation: 0, points: None }
    }

    fn take(&mut self, state: GaussianState) {
        if state != self.newest {
            self.trace.push(state);
            self.newest = state;
            self.points = None;
        }
    }

    fn points(&mut self, motion: &NearlyConstantVelocity, plane: &TangentPlane) -> TrailPoints {
        let trace = &self.trace;
        let smooth = || {
            let mut states = [self.newest; LAG];
            let states = trace.smooth(motion, &mut states).iter();
            states.map(|state| TrailPoint { time: state.time, place: plane.to_geodetic(state.position()) }).collect()
        };
        self.points.get_or_insert_with(smooth).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_core::filter::extended::update;
    use fusion_core::filter::predict;
    use fusion_core::gaussian::{Covariance, StateVector};
    use fusion_core::measurement::Reading;
    use fusion_core::model::position::Position;
    use fusion_core::nalgebra::Vector3;
    use fusion_core::track::{NodeId, Origin, TrackNumber};

    const MOTION: NearlyConstantVelocity = NearlyConstantVelocity { horizontal: 1.0, vertical: 1.0 };

    fn plane() -> TangentPlane {
        TangentPlane::at(Geodetic::from_degrees(52.0, 21.0, 100.0).expect("a place"))
    }

    fn id(number: u64) -> TrackId {
        TrackId { origin: Origin { node: NodeId(1), incarnation: 1 }, number: TrackNumber(number) }
    }

    /// A target that flies east at 50 m/s, believed to be `off` metres north of its way.
    fn state(second: i64, off: f64) -> GaussianState {
        let covariance = Covariance::from_sigmas(&StateVector::new(20.0, 20.0, 20.0, 3.0, 3.0, 3.0)).expect("positive");
        let east = 50.0 * f64::from(i32::try_from(second).expect("small"));
        let mean = StateVector::new(east, 1_000.0 + off, 500.0, 50.0, 0.0, 0.0);
        GaussianState { mean, covariance, time: Timestamp::from_secs(second) }
    }

    fn north(point: &TrailPoint) -> f64 {
        plane().to_enu(point.place.to_ecef()).vector().y
    }

    /// The same target, filtered from fixes that are 15 m off to either side in turn.
    fn filtered(seconds: i64) -> Vec<GaussianState> {
        let noise = Covariance::from_sigmas(&Vector3::repeat(15.0)).expect("positive");
        let mut believed = state(0, 15.0);
        let estimates = (1..=seconds).map(|second| {
            let off = if second % 2 == 0 { 15.0 } else { -15.0 };
            let z = state(second, off).mean.fixed_rows::<3>(0).into_owned();
            let predicted = predict(&MOTION, &believed, Timestamp::from_secs(second)).expect("finite");
            believed = update(&Position, &predicted, &Reading { z, noise }).expect("finite").0;
            believed
        });
        estimates.collect()
    }

    #[test]
    fn a_trail_ends_where_the_track_is_and_is_calmer_before() {
        let (mut trails, states) = (Trails::new(MOTION), filtered(40));
        states.iter().for_each(|state| trails.follow([(id(1), *state)].into_iter()));
        let points = trails.smoothed(&plane()).remove(&id(1)).expect("a trail");
        assert_eq!((points.len(), points[LAG - 1].time), (LAG, Timestamp::from_secs(40)));
        assert!((north(&points[LAG - 1]) - states[39].mean[1]).abs() < 1e-3);
        let calm: f64 = points.iter().map(|point| (north(point) - 1_000.0).abs()).sum();
        let restless: f64 = states[40 - LAG..].iter().map(|state| (state.mean[1] - 1_000.0).abs()).sum();
        assert!(calm < 0.6 * restless, "{calm} m against {restless} m");
    }

    #[test]
    fn only_a_trail_that_changed_is_made_anew() {
        let mut trails = Trails::new(MOTION);
        trails.follow([(id(1), state(0, 0.0)), (id(2), state(0, 50.0))].into_iter());
        let before = trails.smoothed(&plane());
        trails.follow([(id(1), state(1, 0.0)), (id(2), state(0, 50.0))].into_iter());
        let after = trails.smoothed(&plane());
        assert_eq!((after[&id(1)].len(), after[&id(2)].len()), (2, 1));
        assert!(Arc::ptr_eq(&before[&id(2)], &after[&id(2)]));
    }

    #[test]
    fn the_trail_of_a_track_that_is_gone_goes_with_it() {
        let mut trails = Trails::new(MOTION);
        trails.follow([(id(1), state(0, 0.0)), (id(2), state(0, 50.0))].into_iter());
        trails.follow([(id(2), state(1, 50.0))].into_iter());
        assert!(trails.smoothed(&plane()).into_keys().eq([id(2)]));
    }
}
