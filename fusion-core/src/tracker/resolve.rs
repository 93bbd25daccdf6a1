//! Tracks that a sensor may not tell apart: how much of its P_D each keeps, and how far the plot that they share may
//! lie from each.
//!
//! Of every confirmed track it is noted where the sensor would see it; sorted by range, each finds its neighbours. The
//! probability p that two give one plot is that of [`resolution`](crate::sensor::resolution). A track's P_D shrinks to
//! the share of plots that is its own, so that going unseen beside a neighbour says little against it; and since a
//! common plot lies between the two, half their separation Δ away from each, its R grows by p (Δ² + C) / 4 in range and
//! in azimuth, C being how uncertain the neighbour's place is. So neither takes the common plot for its own alone, and
//! close tracks do not draw each other together.

use nalgebra::Vector3;

use super::look::Look;
use crate::angle::wrap;
use crate::maths::{atan2, sqrt};
use crate::measurement::Pose;
use crate::sensor::{Resolution, Separation, own_plot_share};
use crate::time::Timestamp;
use crate::track::Track;
use crate::track::table::TrackTable;

/// Reals of scratch memory for each track.
const REALS: usize = 8;

/// How a sensor sees a track, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Seen {
    slot: u16,
    range: f64,
    azimuth: f64,
    range_variance: f64,
    azimuth_variance: f64,
    existence: f64,
}

/// What its neighbours leave a track.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Left {
    /// The share of its P_D.
    pub(super) share: f64,
    /// By how much R grows in range (m²) and azimuth (rad²).
    pub(super) blur: [f64; 2],
}

impl Left {
    /// Nobody is near.
    pub(super) const ALL: Self = Self { share: 1.0, blur: [0.0; 2] };
}

/// The confirmed tracks as a sensor sees them, in the order of their ranges.
pub(super) struct Crowd<'a> {
    resolution: Option<Resolution>,
    pose: &'a Pose,
    time: Timestamp,
    seen: &'a [[f64; REALS]],
}

impl<'a> Crowd<'a> {
    /// Those of a table; none if the sensor tells any two apart. What finds no room in the scratch memory is taken to
    /// be far from everybody.
    pub(super) fn of(look: &'a Look<'_>, table: &TrackTable<'_>, scratch: &'a mut [f64]) -> Self {
        let (resolution, pose, time) = (look.sensor.resolution, &look.scan.pose, look.scan.time);
        let mut crowd = Self { resolution, pose, time, seen: &[] };
        let Some(resolution) = resolution else { return crowd };
        let places = scratch.as_chunks_mut::<REALS>().0;
        let mut length = 0;
        for (slot, track) in table.indices().filter_map(|slot| Some((slot, table.get(slot)?))) {
            if let Some(seen) = Seen::of(slot, track, pose, time).filter(|seen| seen.is_sharp(&resolution))
                && let Some(place) = places.get_mut(length)
            {
                *place = seen.to_reals();
                length += 1;
            }
        }
        let seen = &mut places[..length];
        seen.sort_unstable_by(|a, b| a[0].total_cmp(&b[0]).then(a[5].total_cmp(&b[5])));
        crowd.seen = seen;
        crowd
    }

    /// What the others leave a track.
    pub(super) fn leaves(&self, slot: u16, track: &Track) -> Left {
        let Some(resolution) = self.resolution.filter(|_| self.seen.len() > 1) else { return Left::ALL };
        let own = Seen::of(slot, track, self.pose, self.time).filter(|seen| seen.is_sharp(&resolution));
        let Some(own) = own else { return Left::ALL };
        let reach = REACH * resolution.range_m;
        let first = self.seen.partition_point(|reals| reals[0] < own.range - reach);
        let near = self.seen[first..].iter().take_while(|reals| reals[0] <= own.range + reach);
        let mut blur = [0.0; 2];
        let unresolved = near.filter_map(|reals| {
            let other = Seen::from_reals(reals);
            if other.slot == slot {
                return None;
            }
            let separation = own.from(&other);
            let p = resolution.unresolved(&separation) * other.existence;
            let Separation { range_m, azimuth_rad, .. } = separation;
            blur[0] += 0.25 * p * (range_m * range_m + other.range_variance);
            blur[1] += 0.25 * p * (azimuth_rad * azimuth_rad + other.azimuth_variance);
            (p > NEGLIGIBLE).then_some(p)
        });
        let share = own_plot_share(unresolved);
        let most = blur_max(&resolution);
        if share < 1.0 { Left { share, blur: [0, 1].map(|k: usize| blur[k].min(most[k])) } } else { Left::ALL }
    }
}

/// R grows by no more than this in range (m²) and azimuth (rad²), however many are near: 2 α each way.
pub(super) fn blur_max(resolution: &Resolution) -> [f64; 2] {
    [resolution.range_m, resolution.azimuth_rad].map(|alpha| 4.0 * alpha * alpha)
}

/// Tracks are compared up to so many α of range: beyond, p is less than 10⁻³ for any two that are sharp.
const REACH: f64 = 11.0;
/// A track is sharp if it is known within so many α.
const SHARP: f64 = 2.0;
/// A neighbour that is less probably unresolved is none.
const NEGLIGIBLE: f64 = 1e-3;

impl Seen {
    /// How a confirmed track is seen, carried on at its velocity; nothing of a tentative one.
    fn of(slot: u16, track: &Track, pose: &Pose, time: Timestamp) -> Option<Self> {
        if !track.is_confirmed() {
            return None;
        }
        let (x, p) = (&track.state.mean, track.state.covariance.matrix());
        let t = (time - track.state.time).as_secs_f64();
        let place = Vector3::new(x[0] + t * x[3], x[1] + t * x[4], x[2] + t * x[5]);
        let block = |i: usize, k: usize| p.fixed_view::<3, 3>(i, k);
        let between = block(0, 3) + block(3, 0);
        let p = block(0, 0) + between * t + block(3, 3) * (t * t);
        let d = pose.axes.tr_mul(&(place - pose.origin.vector()));
        let (range, ground) = (d.norm().max(1.0), sqrt(d.x * d.x + d.y * d.y).max(1.0));
        let along = pose.axes * (d / range);
        let across = pose.axes * (Vector3::new(d.y, -d.x, 0.0) / (ground * ground));
        Some(Self {
            slot,
            range,
            azimuth: atan2(d.x, d.y),
            range_variance: along.dot(&(p * along)),
            azimuth_variance: across.dot(&(p * across)),
            existence: track.existence.probability(),
        })
    }

    /// Whether its place is known well enough to say who is near; false if it is not a number.
    fn is_sharp(&self, resolution: &Resolution) -> bool {
        let [range, azimuth] = [resolution.range_m, resolution.azimuth_rad].map(|alpha| SHARP * alpha);
        self.range_variance <= range * range && self.azimuth_variance <= azimuth * azimuth
    }

    fn from(&self, other: &Self) -> Separation {
        Separation {
            range_m: self.range - other.range,
            range_variance: self.range_variance + other.range_variance,
            azimuth_rad: wrap(self.azimuth - other.azimuth),
            azimuth_variance: self.azimuth_variance + other.azimuth_variance,
        }
    }

    fn to_reals(self) -> [f64; REALS] {
        let Self { slot, range, azimuth, range_variance, azimuth_variance, existence } = self;
        [range, azimuth, range_variance, azimuth_variance, existence, f64::from(slot), 0.0, 0.0]
    }

    fn from_reals(reals: &[f64; REALS]) -> Self {
        let [range, azimuth, range_variance, azimuth_variance, existence, slot, ..] = *reals;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it came from 16 bits")]
        let slot = slot as u16;
        Self { slot, range, azimuth, range_variance, azimuth_variance, existence }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaussian::{Covariance, StateVector};
    use crate::maths::{cos, sin};
    use crate::track::TrackStatus;
    use crate::track::tests::any_track;

    const CELL: Resolution = Resolution { range_m: 150.0, azimuth_rad: 0.02 };

    fn track(range: f64, azimuth: f64, status: TrackStatus) -> Track {
        let mut track = Track { status, ..any_track() };
        track.state.mean = StateVector::new(range * sin(azimuth), range * cos(azimuth), 0.0, 0.0, 0.0, 0.0);
        track.state.covariance = Covariance::from_sigmas(&StateVector::repeat(1.0)).expect("positive");
        track
    }

    /// What is left to the first of these tracks.
    fn left(tracks: &[Track]) -> Left {
        let time = tracks[0].state.time;
        let mut seen: [[f64; REALS]; 4] = [[f64::INFINITY; REALS]; 4];
        let mut length = 0;
        for (slot, track) in (0..).zip(tracks) {
            if let Some(one) = Seen::of(slot, track, &Pose::AT_ORIGIN, time) {
                seen[length] = one.to_reals();
                length += 1;
            }
        }
        seen[..length].sort_unstable_by(|a, b| a[0].total_cmp(&b[0]));
        let crowd = Crowd { resolution: Some(CELL), pose: &Pose::AT_ORIGIN, time, seen: &seen[..length] };
        crowd.leaves(0, &tracks[0])
    }

    #[test]
    fn of_two_in_one_cell_each_keeps_half_and_their_plot_lies_between() {
        let (first, other) =
            (track(10_000.0, 0.5, TrackStatus::Confirmed), track(10_010.0, 0.5, TrackStatus::Confirmed));
        let certain = other.existence.probability();
        let Left { share, blur } = left(&[first, other]);
        assert!((share - (1.0 - 0.5 * certain)).abs() < 0.01, "{share}");
        assert!((blur[0] / (0.25 * certain * 101.0) - 1.0).abs() < 0.02, "{blur:?}");
    }

    #[test]
    fn who_is_far_off_or_tentative_takes_nothing() {
        let first = track(10_000.0, 0.5, TrackStatus::Confirmed);
        let others = [(10_000.0, 0.7), (11_500.0, 0.5)].map(|(r, a)| track(r, a, TrackStatus::Confirmed));
        assert_eq!(left(&[first.clone(), others[0].clone(), others[1].clone()]), Left::ALL);
        let tentative = track(10_000.0, 0.5, TrackStatus::Tentative);
        assert_eq!(left(&[first.clone(), tentative.clone()]), Left::ALL);
        assert_eq!(left(&[tentative, first]), Left::ALL);
    }
}
