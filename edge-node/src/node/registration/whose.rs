//! Of which own track a plot without an address is, where that is beyond doubt.
//!
//! A track that the same sensor alone has made is off as its plots are, so nearness to it says nothing about the errors
//! that are sought: pairs that are made this way are not picked for being small.

use fusion_core::angle::wrap;
use fusion_core::maths::atan2;
use fusion_core::measurement::{Pose, SensorId};
use fusion_core::time::Timestamp;
use fusion_core::track::{Track, TrackId};
use sensor_drivers::decoder::Polar;

/// An own track as a sensor would see it.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    id: TrackId,
    range: f64,
    azimuth: f64,
    /// Of its place over the ground, in any direction.
    variance: f64,
    /// Whether this sensor alone has made it.
    alone: bool,
}

impl Candidate {
    /// A confirmed track at the time of a scan; `None` if it was not heard of for long.
    #[must_use]
    pub fn of(track: &Track, sensor: SensorId, pose: &Pose, at: Timestamp) -> Option<Self> {
        let seconds = (at - track.state.time).as_secs_f64();
        if !track.is_confirmed() || seconds.abs() > LONG_S {
            return None;
        }
        let place = track.state.position().vector() + track.state.velocity().vector() * seconds;
        let local = pose.axes.tr_mul(&(place - pose.origin.vector()));
        let p = track.state.covariance.matrix();
        let bent = 0.5 * ACCELERATION_M_S2 * seconds * seconds;
        let spread = |k: usize| p[(k, k)] + 2.0 * p[(k, k + 3)] * seconds + p[(k + 3, k + 3)] * seconds * seconds;
        let made_by = track.contributors.as_slice();
        Some(Self {
            id: track.id,
            range: local.norm(),
            azimuth: atan2(local.x, local.y),
            variance: (spread(0) + spread(1)).max(0.0) + bent * bent,
            alone: matches!(made_by, [(only, _)] if *only == sensor),
        })
    }

    fn distance_squared(&self, polar: &Polar) -> f64 {
        let Some(range) = polar.range else { return f64::INFINITY };
        let (along, noise) = (range.value - self.range, range.sigma * range.sigma + self.variance);
        let across = wrap(polar.azimuth.value - self.azimuth) * self.range;
        let sigma = polar.azimuth.sigma * self.range;
        along * along / noise + across * across / (sigma * sigma + self.variance)
    }
}

/// The track of each plot, where one is near, no other track is nearly as near, and no other plot claims it.
#[must_use]
pub fn whose(plots: &[Polar], tracks: &[Candidate]) -> Vec<Option<TrackId>> {
    let found: Vec<Option<TrackId>> = plots.iter().map(|plot| nearest(plot, tracks)).collect();
    let claims = |id: TrackId| found.iter().filter(|other| **other == Some(id)).count();
    found.iter().map(|found| found.filter(|id| claims(*id) == 1)).collect()
}

fn nearest(plot: &Polar, tracks: &[Candidate]) -> Option<TrackId> {
    let (mut best, mut second) = ((f64::INFINITY, None), f64::INFINITY);
    for track in tracks {
        let distance = track.distance_squared(plot);
        if distance < best.0 {
            second = best.0;
            best = (distance, Some(track));
        } else {
            second = second.min(distance);
        }
    }
    let alone = best.1.filter(|track| track.alone)?;
    (best.0 < NEAR && second > FAR).then_some(alone.id)
}

/// A track that was not updated for so long says nothing of plots.
const LONG_S: f64 = 15.0;
/// What a course may bend by, one sigma.
const ACCELERATION_M_S2: f64 = 2.0;
/// Squared distances of what is near and of what is beyond doubt another.
const NEAR: f64 = 9.0;
const FAR: f64 = 36.0;

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_core::track::{NodeId, Origin, TrackNumber};
    use sensor_drivers::decoder::Measured;

    fn track(number: u64, range: f64, azimuth: f64) -> Candidate {
        let id = TrackId { origin: Origin { node: NodeId(1), incarnation: 1 }, number: TrackNumber(number) };
        Candidate { id, range, azimuth, variance: 1_600.0, alone: true }
    }

    fn plot(range: f64, azimuth: f64) -> Polar {
        Polar {
            azimuth: Measured { value: azimuth, sigma: 0.002 },
            range: Some(Measured { value: range, sigma: 50.0 }),
            elevation: None,
            height: None,
            range_rate: None,
        }
    }

    fn numbers(plots: &[Polar], tracks: &[Candidate]) -> Vec<Option<u64>> {
        whose(plots, tracks).into_iter().map(|id| id.map(|id| id.number.0)).collect()
    }

    #[test]
    fn a_plot_is_of_the_one_track_that_is_near() {
        let tracks = [track(1, 20_000.0, 0.5), track(2, 22_000.0, 0.5), track(3, 20_000.0, 6.281)];
        let plots = [plot(20_060.0, 0.501), plot(22_040.0, 0.499), plot(20_010.0, -0.003), plot(30_000.0, 0.5)];
        assert_eq!(numbers(&plots, &tracks), [Some(1), Some(2), Some(3), None]);
    }

    #[test]
    fn where_two_tracks_or_two_plots_are_near_nothing_is_said() {
        let close = [track(1, 20_000.0, 0.5), track(2, 20_200.0, 0.5)];
        assert_eq!(numbers(&[plot(20_000.0, 0.5)], &close), [None]);
        let one = [track(1, 20_000.0, 0.5)];
        assert_eq!(numbers(&[plot(20_000.0, 0.5), plot(20_050.0, 0.501)], &one), [None, None]);
    }

    #[test]
    fn a_track_that_others_made_too_says_nothing() {
        let shared = [Candidate { alone: false, ..track(1, 20_000.0, 0.5) }];
        assert_eq!(numbers(&[plot(20_000.0, 0.5)], &shared), [None]);
    }
}
