//! Metrics of merit: how good is the picture, where the truth is known?
//!
//! One set of definitions for `copmesh score`, for the table at the end of the demo and for the tests. Truth and tracks
//! are compared frame by frame, a frame being one instant with every truth that exists and every track that is shown:
//!
//! * [`gospa`](self::gospa()) and [`ospa`](self::ospa()): one number for distance, missed and false;
//! * T-GOSPA ([`TrajectorySummary`]): GOSPA over whole trajectories, with a price for changes of number;
//! * `siap`: completeness, ambiguity, spuriousness, accuracy, rate of number changes, longest segment;
//! * `identity`: switches and fragmentation with continuity (CLEAR-MOT), and each truth by itself;
//! * `nees`: whether the covariances are honest.
//!
//! In process, give frames to a [`Score`]; from the command line, [`files`] makes the frames from two recordings.
//! Everything here is a plain function of its inputs: no clock, no randomness, the same bits on every machine.

mod assignment;
mod average;
mod covariance;
mod error;
mod files;
mod gospa;
mod identity;
mod input;
mod lives;
mod names;
mod nees;
mod order;
mod ospa;
mod pairing;
mod params;
mod point;
#[cfg(test)]
mod reference;
mod siap;
mod sorted;
mod summary;
mod table;
mod timeline;
mod trajectory;

use core::fmt;

use fusion_core::time::Timestamp;

use average::{count, ratio};
use gospa::GospaTotals;
use identity::IdentityTotals;
use names::Names;
use nees::Sample;
use ospa::OspaTotals;
use point::{Frame, Seen};
use siap::SiapTotals;
use trajectory::TrajectoryTotals;

pub use assignment::{Costs, assign};
pub use error::ScoreError;
pub use files::{files, streams};
pub use gospa::{Cut, Gospa, GospaSummary, gospa};
pub use identity::{IdentitySummary, PAIRINGS_MAX};
pub use input::{ID_MAX, Key, LINE_MAX, LineFault, REORDER_S};
pub use nees::{ConsistencySummary, NeesSummary};
pub use order::{ORDER_MAX, Order};
pub use ospa::{Ospa, OspaSummary, ospa};
pub use pairing::{PAIRS_MAX, Pair, Point, distance, one_to_one, within};
pub use params::{ParamFault, Params, SWITCH_SHARE};
pub use point::{Dimensions, Status, TrackPoint, TruthPoint};
pub use siap::SiapSummary;
pub use sorted::PENDING_MAX;
pub use summary::{FrameSummary, Summary, TruthSummary};
pub use timeline::{LIVE_MAX, SAMPLES_MAX};
pub use trajectory::{BLOCK_FRAMES_MAX, BLOCK_PAIRS_MAX, TrajectorySummary};

/// The most truths, and the most counted tracks, of one frame. A frame with more is refused as a whole and counted.
/// Were all of them one cluster, its matrix would take 134 MB, twice that with more truths than tracks.
///
/// Counter: `refused`.
pub const FRAME_POINTS_MAX: usize = 4096;

/// The most distinct truths, and the most distinct tracks, of a run (at worst some 100 MB of names and lives). A frame
/// that brings one more is refused as a whole and counted.
///
/// Counter: `refused`.
pub const NAMES_MAX: usize = 1 << 18;

/// The most scoring instants of two recordings, some four months at one a second; one more ends the run with an error.
///
/// No counter: the error ends the run.
pub const FRAMES_MAX: u32 = 10_000_000;

/// A scoring run: frames in, a summary out.
#[derive(Clone, Debug)]
pub struct Score {
    params: Params,
    truth_names: Names,
    track_names: Names,
    gospa: GospaTotals,
    trajectory: TrajectoryTotals,
    ospa: OspaTotals,
    siap: SiapTotals,
    identity: IdentityTotals,
    span: Option<(Timestamp, Timestamp)>,
    frames: u64,
    truths: u64,
    tracks: u64,
    refused: u64,
}

/// Why a frame is in no figure. Nothing has changed but the count of refused frames (and new names may have numbers).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameRefused {
    /// It is not later than the frame before.
    NotLater,
    /// More truths or more tracks than [`FRAME_POINTS_MAX`].
    TooManyPoints(usize),
    /// More distinct truths or tracks in the run than [`NAMES_MAX`].
    TooManyNames,
    /// More than [`PAIRS_MAX`] pairs within the widest cut-off.
    TooManyPairs,
    /// A position or velocity that is not finite, or an id that stands twice: the place in the list of truths.
    BadTruth(usize),
    /// The same among the tracks: the place in the list that was given.
    BadTrack(usize),
}

impl fmt::Display for FrameRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLater => write!(f, "the frame is not later than the one before: give frames in order of time"),
            Self::TooManyPoints(points) => {
                write!(
                    f,
                    "the frame has {points} truths or tracks, at most {FRAME_POINTS_MAX} are scored: score a part"
                )
            }
            Self::TooManyNames => {
                write!(
                    f,
                    "more than {NAMES_MAX} distinct ids in the run: score a shorter part, or confirmed tracks only"
                )
            }
            Self::TooManyPairs => {
                write!(f, "more than {PAIRS_MAX} pairs are within the widest cut-off: choose a smaller cut-off or gate")
            }
            Self::BadTruth(place) => write!(f, "truth {place} of the frame is not finite or its id stands twice"),
            Self::BadTrack(place) => write!(f, "track {place} of the frame is not finite or its id stands twice"),
        }
    }
}

impl core::error::Error for FrameRefused {}

impl Score {
    /// A run without frames yet.
    ///
    /// # Errors
    /// [`ParamFault`] names the parameter that makes no sense.
    pub fn new(params: Params) -> Result<Self, ParamFault> {
        params.check()?;
        Ok(Self {
            params,
            truth_names: Names::default(),
            track_names: Names::default(),
            gospa: GospaTotals::new(params.gospa),
            trajectory: TrajectoryTotals::new(params.gospa, params.switch_m, params.dimensions),
            ospa: OspaTotals::new(params.ospa),
            siap: SiapTotals::new(params.gate_m, params.interval_s),
            identity: IdentityTotals::new(params.gate_m),
            span: None,
            frames: 0,
            truths: 0,
            tracks: 0,
            refused: 0,
        })
    }

    /// Takes in one instant: every truth that exists and every track that is known, both coasted to `time`. Tracks
    /// whose status does not count are passed over. Frames come in order of time.
    ///
    /// # Errors
    /// [`FrameRefused`]; the frame is then in no figure, and counted as refused.
    pub fn handle_frame(
        &mut self,
        time: Timestamp,
        truths: &[TruthPoint<'_>],
        tracks: &[TrackPoint<'_>],
    ) -> Result<(), FrameRefused> {
        let result = self.score_frame(time, truths, tracks);
        self.refused += u64::from(result.is_err());
        result
    }

    fn score_frame(
        &mut self,
        time: Timestamp,
        truths: &[TruthPoint<'_>],
        tracks: &[TrackPoint<'_>],
    ) -> Result<(), FrameRefused> {
        if self.span.is_some_and(|(_, last)| time <= last) {
            return Err(FrameRefused::NotLater);
        }
        let counted: Vec<(usize, &TrackPoint<'_>)> =
            tracks.iter().enumerate().filter(|(_, track)| self.counts(track.status)).collect();
        let frame = self.frame(truths, &counted)?;
        let near = within(&frame.truth_positions(), &frame.track_positions(), self.params.reach_m())
            .ok_or(FrameRefused::TooManyPairs)?;
        let dimensions = self.params.dimensions;
        let sample = |pair: &Pair| Sample::of(dimensions, &truths[pair.truth], counted[pair.track].1);
        self.handle_pairs(&frame, &near, sample);
        self.span = Some((self.span.map_or(time, |(first, _)| first), time));
        Ok(())
    }

    fn counts(&self, status: Status) -> bool {
        match status {
            Status::Confirmed | Status::Coasted => true,
            Status::Tentative => self.params.count_tentative,
            Status::Deleted => false,
        }
    }

    /// The frame in Cartesian coordinates with numbers for names, if it can be scored.
    fn frame(&mut self, truths: &[TruthPoint<'_>], tracks: &[(usize, &TrackPoint<'_>)]) -> Result<Frame, FrameRefused> {
        let most = truths.len().max(tracks.len());
        if most > FRAME_POINTS_MAX {
            return Err(FrameRefused::TooManyPoints(most));
        }
        let dimensions = self.params.dimensions;
        let mut frame = Frame::default();
        for truth in truths {
            let who = self.truth_names.number(truth.id, NAMES_MAX).ok_or(FrameRefused::TooManyNames)?;
            frame.truths.push(Seen::new(who, truth.position, truth.velocity_enu_m_s, dimensions));
        }
        for (_, track) in tracks {
            let who = self.track_names.number(track.id, NAMES_MAX).ok_or(FrameRefused::TooManyNames)?;
            frame.tracks.push(Seen::new(who, track.position, Some(track.velocity_enu_m_s), dimensions));
        }
        if let Some(place) = first_bad(&frame.truths) {
            return Err(FrameRefused::BadTruth(place));
        }
        if let Some(place) = first_bad(&frame.tracks) {
            return Err(FrameRefused::BadTrack(tracks[place].0));
        }
        Ok(frame)
    }

    /// Lets every metric see the frame and the pairs within reach.
    fn handle_pairs(&mut self, frame: &Frame, near: &[Pair], sample: impl Fn(&Pair) -> Option<Sample>) {
        let (truths, tracks) = (count(&frame.truths), count(&frame.tracks));
        self.frames += 1;
        self.truths += truths;
        self.tracks += tracks;
        let chosen = self.gospa.handle(truths, tracks, near);
        self.trajectory.handle(frame, near, &chosen, sample);
        self.ospa.handle(truths, tracks, near);
        self.siap.handle(frame, near);
        self.identity.handle(frame, near);
    }

    /// GOSPA so far: cheap, unlike the whole summary.
    #[must_use]
    pub fn gospa(&self) -> GospaSummary {
        self.gospa.summary()
    }

    /// Every figure so far.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let (trajectory_gospa, nees) = self.trajectory.summary();
        Summary {
            params: self.params,
            frames: self.frame_summary(),
            gospa: self.gospa.summary(),
            trajectory_gospa,
            ospa: self.ospa.summary(),
            siap: self.siap.summary(),
            identity: self.identity.summary(),
            nees,
            truths: self.truth_names.iter().map(|(id, number)| self.truth_summary(id, number)).collect(),
        }
    }

    fn frame_summary(&self) -> FrameSummary {
        FrameSummary {
            count: self.frames,
            first_time_ns: self.span.map(|(first, _)| first.as_nanos()),
            last_time_ns: self.span.map(|(_, last)| last.as_nanos()),
            truths: self.truth_names.count(),
            tracks: self.track_names.count(),
            truths_per_frame: ratio(self.truths, self.frames),
            tracks_per_frame: ratio(self.tracks, self.frames),
            refused: self.refused,
        }
    }

    fn truth_summary(&self, id: &str, number: usize) -> TruthSummary {
        let life = self.identity.life(number);
        TruthSummary {
            id: id.to_owned(),
            frames: life.frames,
            held: life.held,
            tracks: self.identity.tracks_of(number),
            switches: life.switches,
            fragmentations: life.fragmentations,
            longest: life.longest,
        }
    }
}

/// The first object that is not finite or bears the name of one before it.
fn first_bad(seen: &[Seen]) -> Option<usize> {
    let mut names = std::collections::BTreeSet::new();
    seen.iter().position(|one| !one.is_finite() || !names.insert(one.who))
}

#[cfg(test)]
mod tests {
    use fusion_core::geodesy::Geodetic;

    use super::reference::Noise;
    use super::*;

    fn secs(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    fn place(latitude_deg: f64) -> Geodetic {
        Geodetic { latitude: latitude_deg.to_radians(), longitude: 0.1, height_m: 500.0 }
    }

    fn truth(id: &str, latitude_deg: f64) -> TruthPoint<'_> {
        TruthPoint { id, position: place(latitude_deg), velocity_enu_m_s: Some([1.0, 2.0, 3.0]) }
    }

    fn track(id: &str, status: Status, latitude_deg: f64) -> TrackPoint<'_> {
        let velocity_enu_m_s = [1.0, 2.0, 3.0];
        TrackPoint { id, status, position: place(latitude_deg), velocity_enu_m_s, covariance_enu: None }
    }

    fn score(params: Params) -> Score {
        Score::new(params).expect("sensible")
    }

    #[test]
    fn only_tracks_that_are_believed_count_unless_asked_otherwise() {
        let tracks = [track("a", Status::Tentative, 47.0), track("b", Status::Deleted, 48.0)];
        let counted = [false, true].map(|count_tentative| {
            let mut score = score(Params { count_tentative, ..Params::default() });
            score.handle_frame(secs(1), &[truth("t", 47.0)], &tracks).expect("good");
            score.summary().siap.completeness
        });
        assert_eq!(counted, [Some(0.0), Some(1.0)]);
    }

    #[test]
    fn a_refused_frame_changes_nothing_but_the_count_of_refusals() {
        let mut score = score(Params::default());
        let (good_truth, good_track) = ([truth("t", 47.0)], [track("a", Status::Confirmed, 47.0)]);
        score.handle_frame(secs(1), &good_truth, &good_track).expect("good");
        let before = score.summary();
        let twice = [truth("t", 47.0), truth("t", 48.0)];
        let nowhere = [track("x", Status::Tentative, 1.0), track("a", Status::Confirmed, f64::NAN)];
        let refusals = [
            score.handle_frame(secs(1), &good_truth, &good_track),
            score.handle_frame(secs(2), &twice, &good_track),
            score.handle_frame(secs(2), &good_truth, &nowhere),
            score.handle_frame(secs(2), &[truth("t", 47.0); FRAME_POINTS_MAX + 1], &[]),
        ];
        assert_eq!(
            refusals.map(|refusal| refusal.expect_err("bad")),
            [
                FrameRefused::NotLater,
                FrameRefused::BadTruth(1),
                FrameRefused::BadTrack(1),
                FrameRefused::TooManyPoints(FRAME_POINTS_MAX + 1)
            ]
        );
        let mut after = score.summary();
        assert_eq!(after.frames.refused, 4);
        after.frames.refused = 0;
        assert_eq!(after, before);
    }

    #[test]
    fn everything_within_reach_of_everything_is_refused() {
        let names: Vec<String> = (0..2100).map(|i| i.to_string()).collect();
        let truths: Vec<_> = names.iter().map(|id| truth(id, 47.0)).collect();
        let tracks: Vec<_> = names.iter().map(|id| track(id, Status::Confirmed, 47.0)).collect();
        let refused = score(Params::default()).handle_frame(secs(1), &truths, &tracks);
        assert_eq!(refused, Err(FrameRefused::TooManyPairs));
    }

    #[test]
    fn the_summary_carries_its_parameters_and_says_null_for_unknown() {
        let json = serde_json::to_value(score(Params::default()).summary()).expect("plain data");
        assert_eq!((json["gospa"]["p"].as_u64(), json["gospa"]["cutoff_m"].as_f64()), (Some(2), Some(100.0)));
        assert_eq!(
            (json["gospa"]["alpha"].as_u64(), json["params"]["dimensions"].as_str()),
            (Some(2), Some("horizontal"))
        );
        assert!(json["gospa"]["mean_m"].is_null());
    }

    /// A track with standard deviations of 10 m and 2 m/s.
    fn sure(id: &str, position: Geodetic, velocity_enu_m_s: [f64; 3]) -> TrackPoint<'_> {
        let mut upper = [0.0; 21];
        [0, 6, 11].iter().for_each(|&i| upper[i] = 100.0);
        [15, 18, 20].iter().for_each(|&i| upper[i] = 4.0);
        TrackPoint { position, velocity_enu_m_s, covariance_enu: Some(upper), ..track(id, Status::Confirmed, 47.0) }
    }

    /// So many metres north of latitude 47°.
    fn north(metres: f64) -> Geodetic {
        let plane = fusion_core::geodesy::TangentPlane::at(place(47.0));
        Geodetic::from_ecef(plane.to_ecef(fusion_core::frame::Position::new(0.0, metres, 0.0)))
    }

    #[test]
    fn a_track_that_turns_out_to_be_the_neighbours_is_not_off_by_their_distance() {
        // Two objects 60 m apart, within the gate of 100 m. When they are new, each track is nearer to the other one.
        let mut score = score(Params::default());
        for second in 0..50 {
            let [a, b] = if second == 0 { [35.0, 25.0] } else { [0.0, 60.0] };
            let truths = [("t", 0.0), ("u", 60.0)].map(|(id, x)| TruthPoint { position: north(x), ..truth(id, 47.0) });
            let tracks = [("a", a), ("b", b)].map(|(id, x)| sure(id, north(x), [1.0, 2.0, 3.0]));
            score.handle_frame(secs(second), &truths, &tracks).expect("good");
        }
        let summary = score.summary();
        // At first 2.5 σ; later nothing.
        let anees = summary.nees.position.anees.expect("samples");
        assert!((anees - 2.0 * 6.25 / 200.0).abs() < 1e-3, "{anees}");
        assert_eq!(summary.identity.switches, 0, "identity keeps them together");
    }

    #[test]
    fn a_nearer_track_of_one_frame_does_not_flatter() {
        // The truth's own track is off by 1 σ in every frame; in one of them another is upon it.
        let mut score = score(Params::default());
        for second in 0..11 {
            let other = if second == 5 { 0.0 } else { 90.0 };
            let tracks = [("a", 10.0), ("b", other)].map(|(id, x)| sure(id, north(x), [1.0, 2.0, 3.0]));
            score.handle_frame(secs(second), &[truth("t", 47.0)], &tracks).expect("good");
        }
        let found = score.summary().nees.position;
        assert_eq!((found.samples, found.tracks), (11, 1));
        assert!((found.anees.expect("samples") - 0.5).abs() < 1e-3, "{found:?}");
    }

    #[test]
    fn a_consistent_tracker_is_found_consistent() {
        let mut noise = Noise(1);
        let mut score = score(Params { dimensions: Dimensions::Spatial, ..Params::default() });
        for second in 0..2000 {
            let off = [(); 3].map(|()| 10.0 * noise.normal());
            let plane = fusion_core::geodesy::TangentPlane::at(place(47.0));
            let position = plane.to_ecef(fusion_core::frame::Position::new(off[0], off[1], off[2]));
            let velocity = [1.0, 2.0, 3.0].map(|v: f64| v + 2.0 * noise.normal());
            let track = sure("a", Geodetic::from_ecef(position), velocity);
            score.handle_frame(secs(second), &[truth("t", 47.0)], &[track]).expect("good");
        }
        for consistency in [score.summary().nees.position, score.summary().nees.state] {
            let ([low, high], anees) = (consistency.band_by_sample.expect("many"), consistency.anees.expect("many"));
            assert!(low < anees && anees < high, "{consistency:?}");
            assert!((consistency.inside.expect("many") - 0.95).abs() < 0.015, "{consistency:?}");
        }
    }
}
