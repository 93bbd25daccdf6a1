//! The running picture against truth, at one instant after the other.

use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::nalgebra::Matrix6;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::TrackStatus;
use sensor_drivers::sim::TruthSample;
use serde_json::json;

use crate::picture::{SystemTrack, text_id};
use crate::score::{Cut, FrameRefused, Order, Params, SWITCH_SHARE, Score, Status, TrackPoint, TruthPoint};

/// A record carried forward to a scoring instant, ready to be lent to the score.
pub struct Coasted {
    id: String,
    status: Status,
    position: Geodetic,
    velocity: [f64; 3],
    covariance: Option<[f64; 21]>,
}

/// Beyond this a covariance carried forward without process noise says nothing about the tracker's honesty.
const COVARIANCE_AGE: Span = Span::from_secs(1);

impl Coasted {
    /// Carries an entry to a time at constant velocity, under the id that the tracker gave it.
    #[must_use]
    pub fn new(track: &SystemTrack, time: Timestamp) -> Self {
        let e = &track.record.estimate;
        let age = time - e.time;
        let dt = age.as_secs_f64();
        let plane = TangentPlane::at(Geodetic::from_ecef(e.position));
        let velocity = plane.velocity_to_enu(e.velocity);
        let moved = fusion_core::frame::Position::from_vector(velocity.vector() * dt);
        let position = plane.to_geodetic(moved);
        let mut f = Matrix6::identity();
        for i in 0..3 {
            f[(i, i + 3)] = dt;
        }
        let p = f * e.covariance.matrix() * f.transpose();
        let mut upper = (0..6).flat_map(|i| (i..6).map(move |j| p[(i, j)]));
        let covariance = core::array::from_fn(|_| upper.next().unwrap_or(0.0));
        Self {
            id: text_id(track.own_id()),
            status: match track.record.status {
                Some(TrackStatus::Tentative) => Status::Tentative,
                Some(TrackStatus::Confirmed) => Status::Confirmed,
                Some(TrackStatus::Coasted) => Status::Coasted,
                None => Status::Deleted,
            },
            position,
            velocity: (*velocity.vector()).into(),
            covariance: (age.abs() <= COVARIANCE_AGE).then_some(covariance),
        }
    }

    /// As the score wants it.
    #[must_use]
    pub fn point(&self) -> TrackPoint<'_> {
        TrackPoint {
            id: &self.id,
            status: self.status,
            position: self.position,
            velocity_enu_m_s: self.velocity,
            covariance_enu: self.covariance,
        }
    }
}

/// How a simulated picture is scored: over the ground, GOSPA and OSPA with p = 2 and a cut-off for radars of 70 m.
#[must_use]
pub fn params() -> Params {
    let cut = Cut { order: Order::TWO, cutoff_m: CUTOFF_M };
    Params { gospa: cut, switch_m: SWITCH_SHARE * CUTOFF_M, ospa: cut, gate_m: CUTOFF_M, ..Params::default() }
}

const CUTOFF_M: f64 = 500.0;

/// Takes one instant into a score: where things truly are, and what is known of them. Estimates made elsewhere are left
/// out where no track of the node's own is of the same object: they are not the tracker's.
///
/// # Errors
/// See [`Score::handle_frame`].
pub fn judge<'a>(
    score: &mut Score,
    time: Timestamp,
    truth: &[TruthSample],
    picture: impl Iterator<Item = &'a SystemTrack>,
) -> Result<(), FrameRefused> {
    let names: Vec<String> = truth.iter().map(|sample| sample.id.to_string()).collect();
    let truths: Vec<TruthPoint<'_>> = truth.iter().zip(&names).map(|(sample, id)| point(sample, id)).collect();
    let coasted: Vec<Coasted> =
        picture.filter(|track| !track.record.source_track).map(|track| Coasted::new(track, time)).collect();
    let tracks: Vec<TrackPoint<'_>> = coasted.iter().map(Coasted::point).collect();
    score.handle_frame(time, &truths, &tracks)
}

const fn point<'a>(sample: &TruthSample, id: &'a str) -> TruthPoint<'a> {
    TruthPoint { id, position: sample.position, velocity_enu_m_s: Some(sample.velocity_enu_m_s) }
}

/// A sample of truth as one line of JSON, in the form that `copmesh score` reads.
#[must_use]
pub fn truth_line(sample: &TruthSample) -> serde_json::Value {
    json!({ "time_ns": sample.time.as_nanos(), "id": sample.id.to_string(),
            "lat_deg": sample.position.latitude_deg(), "lon_deg": sample.position.longitude_deg(),
            "height_m": sample.position.height_m, "velocity_enu_m_s": sample.velocity_enu_m_s })
}
