//! An estimate made elsewhere: a radar's own tracker, a drone's self-report.
//!
//! Its errors are correlated in time, so it is never filtered as if it were white noise: it skips the tracker, becomes
//! a record under its own number, and is combined in the picture.

use crate::frame::{Ecef, Position, Velocity};
use crate::gaussian::Covariance;
use crate::identity::Identity;
use crate::time::Timestamp;
use crate::track::TrackStatus;

/// An estimate from another tracker, in ECEF.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceTrack {
    /// The number its source gives it, unique within that source.
    pub number: u32,
    /// When it holds.
    pub time: Timestamp,
    /// Where it is.
    pub position: Position<Ecef>,
    /// How it moves, if the source says so.
    pub velocity: Option<Velocity<Ecef>>,
    /// Covariance of the position in local east, north, up; m².
    pub covariance: Covariance<3>,
    /// Covariance of the velocity in local east, north, up, if the source says so; (m/s)².
    pub velocity_covariance: Option<Covariance<3>>,
    /// How far its source believes it.
    pub status: TrackStatus,
    /// Who it is.
    pub identity: Identity,
}

/// A source says that a track of its own has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceTrackEnd {
    /// The number that its source gave it.
    pub number: u32,
    /// When it ended.
    pub time: Timestamp,
}
