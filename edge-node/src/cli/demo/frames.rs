//! The running picture against truth, once a second.

use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::nalgebra::Matrix6;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::TrackStatus;
use proto::record::TrackRecord;

use crate::config::Config;
use crate::picture::text_id;
use crate::score::{Cut, Order, Params, Status, TrackPoint};

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
    /// Carries a record to a time at constant velocity.
    #[must_use]
    pub fn new(record: &TrackRecord, time: Timestamp) -> Self {
        let e = &record.estimate;
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
            id: text_id(record.id),
            status: match record.status {
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

/// What the sensors together can see: only what is in reach of one of them can be missed.
pub struct Coverage {
    sites: Vec<(TangentPlane, f64)>,
}

impl Coverage {
    /// From the sensors that say where they stand.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let sites = config.sensors.iter().filter_map(|s| {
            let place = s.position("").ok().flatten()?;
            Some((TangentPlane::at(place), s.range_max_m))
        });
        Self { sites: sites.collect() }
    }

    /// Whether a target is within reach of a sensor.
    #[must_use]
    pub fn includes(&self, position: Geodetic) -> bool {
        self.sites.iter().any(|(plane, range_m)| plane.geodetic_to_enu(position).vector().norm() <= *range_m)
    }
}

/// How the demo is scored: over the ground, GOSPA and OSPA with p = 2 and a cut-off that suits radars of 70 m.
#[must_use]
pub fn params() -> Params {
    let cut = Cut { order: Order::TWO, cutoff_m: CUTOFF_M };
    Params { gospa: cut, ospa: cut, gate_m: CUTOFF_M, ..Params::default() }
}

const CUTOFF_M: f64 = 500.0;
