//! A record: one writer's published version of one track of its own sensors.
//!
//! A node publishes what its own sensors measured, never what it heard. So a record has one writer, its versions are
//! ordered by that writer's own counter, and no estimate is ever counted twice.

use fusion_core::frame::{Ecef, Position, Velocity};
use fusion_core::gaussian::Covariance;
use fusion_core::identity::Identity;
use fusion_core::label::Label;
use fusion_core::time::Timestamp;
use fusion_core::track::{TrackId, TrackStatus};

/// Counts the versions that one origin has written, over all its records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u64);

/// An estimate in a form that needs no node's tangent plane to be understood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// When it holds.
    pub time: Timestamp,
    /// Where.
    pub position: Position<Ecef>,
    /// How it moves.
    pub velocity: Velocity<Ecef>,
    /// Covariance of (east, north, up, and their rates) in the local axes at the position; m, m/s.
    pub covariance: Covariance<6>,
}

/// One version of one track.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackRecord {
    /// Which track, of which origin.
    pub id: TrackId,
    /// Which version.
    pub version: Seq,
    /// `None`: the track is gone (a tombstone).
    pub status: Option<TrackStatus>,
    /// Where it is; for a tombstone, where it was last.
    pub estimate: Estimate,
    /// Who it is.
    pub identity: Identity,
    /// Who may know.
    pub label: Label,
    /// Names of the sensors that contributed lately.
    pub sensors: Vec<String>,
    /// How many measurements the track has had.
    pub updates: u32,
    /// Whether it is an estimate made elsewhere that a sensor reported, and not this node's own.
    pub source_track: bool,
    /// What its errors may have in common with those of others.
    pub in_common: InCommon,
}

/// What the errors of an estimate may have in common with those of other trackers' estimates of the same object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InCommon {
    /// The object's own word: reports of its place which whoever was in range has heard too.
    pub word: bool,
    /// The object's motion: it has lately done what no tracker foresees.
    pub motion: bool,
}

impl InCommon {
    /// Whatever may be: what is to be assumed where nothing is known.
    pub const UNKNOWN: Self = Self { word: true, motion: true };
}
