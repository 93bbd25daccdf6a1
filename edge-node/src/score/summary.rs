//! The result of a scoring run: every figure, with the parameters that it was made with.

use serde::Serialize;

use super::gospa::GospaSummary;
use super::identity::IdentitySummary;
use super::nees::NeesSummary;
use super::ospa::OspaSummary;
use super::params::Params;
use super::siap::SiapSummary;
use super::trajectory::TrajectorySummary;

/// Tracks against truth. Figures for which there was no sample are `None` (`null` in JSON), never zero.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// What was asked for.
    pub params: Params,
    /// What was compared.
    pub frames: FrameSummary,
    /// Distance and numbers in one metric, split into localisation, missed and false.
    pub gospa: GospaSummary,
    /// The same over whole trajectories, with a price for changes of track number.
    pub trajectory_gospa: TrajectorySummary,
    /// The older metric, for comparison with published figures.
    pub ospa: OspaSummary,
    /// The attributes of an air picture.
    pub siap: SiapSummary,
    /// Whether numbers stay with their objects.
    pub identity: IdentitySummary,
    /// Whether errors are as large as the covariances say.
    pub nees: NeesSummary,
    /// Each truth by itself, by name.
    pub truths: Vec<TruthSummary>,
}

/// How much was compared.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FrameSummary {
    /// Scoring instants.
    pub count: u64,
    /// The first of them, nanoseconds since the Unix epoch, UTC.
    pub first_time_ns: Option<i64>,
    /// The last of them, nanoseconds since the Unix epoch, UTC.
    pub last_time_ns: Option<i64>,
    /// Distinct truths.
    pub truths: u64,
    /// Distinct tracks that counted.
    pub tracks: u64,
    /// Mean number of truths.
    pub truths_per_frame: Option<f64>,
    /// Mean number of tracks that counted.
    pub tracks_per_frame: Option<f64>,
    /// Frames that were refused and are in no figure.
    pub refused: u64,
}

/// How one truth fared (by the pairs of the identity metrics).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TruthSummary {
    /// Its name.
    pub id: String,
    /// Frames in which it existed.
    pub frames: u64,
    /// Of these, frames in which a track held it.
    pub held: u64,
    /// Distinct tracks that held it.
    pub tracks: u64,
    /// Times that it went over to another track number.
    pub switches: u64,
    /// Times that it was lost and held again.
    pub fragmentations: u64,
    /// Frames of the longest run with one track number.
    pub longest: u64,
}
