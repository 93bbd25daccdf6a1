//! Scoring one recording against another, line by line: memory is bounded whatever their length (some 10 MB for a
//! picture of hundreds; the bounds of [`sorted`](super::sorted), [`timeline`](super::timeline) and [`Score`] add up to
//! less than 1 GB at worst).
//!
//! Instants run from the first sample of truth to the last, one interval apart: where there is truth there is
//! judgement, and nowhere else. At each of them truth is interpolated, tracks are carried on, and the frame goes to
//! [`Score`]. A late update counts from its time of validity, not from when it was heard: a recording does not tell.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use fusion_core::time::{Span, Timestamp};

use super::error::ScoreError;
use super::input::{TrackLine, TruthLine};
use super::params::Params;
use super::sorted::Sorted;
use super::summary::Summary;
use super::timeline::{LiveTracks, TruthTimeline};
use super::{FRAMES_MAX, Score};

/// Scores a recording of tracks against a recording of truth. What a line
/// holds stands at the head of `score/input.rs` and in docs/FORMATS.md.
///
/// # Errors
/// [`ScoreError`] with the file, the line, the key and the remedy.
pub fn files(tracks: &Path, truth: &Path, params: Params) -> Result<Summary, ScoreError> {
    streams((tracks, open(tracks)?), (truth, open(truth)?), params)
}

fn open(path: &Path) -> Result<BufReader<File>, ScoreError> {
    File::open(path).map(BufReader::new).map_err(|source| ScoreError::Read { path: path.to_owned(), line: 0, source })
}

/// The same over open streams (decompressed, say), with the names that errors are to use.
///
/// # Errors
/// As [`files`].
pub fn streams(
    tracks: (&Path, impl BufRead),
    truth: (&Path, impl BufRead),
    params: Params,
) -> Result<Summary, ScoreError> {
    Comparison::new(tracks, truth, params)?.run(FRAMES_MAX)
}

/// Two recordings being read side by side.
struct Comparison<A, B> {
    params: Params,
    score: Score,
    truth: Sorted<A, TruthLine>,
    tracks: Sorted<B, TrackLine>,
    truths: TruthTimeline,
    live: LiveTracks,
    truth_span: Option<[Timestamp; 2]>,
    track_span: Option<[Timestamp; 2]>,
}

impl<A: BufRead, B: BufRead> Comparison<A, B> {
    fn new(tracks: (&Path, B), truth: (&Path, A), params: Params) -> Result<Self, ScoreError> {
        Ok(Self {
            score: Score::new(params).map_err(ScoreError::Params)?,
            truth: Sorted::new(truth.0.to_owned(), truth.1),
            tracks: Sorted::new(tracks.0.to_owned(), tracks.1),
            truths: TruthTimeline::new(Span::from_secs_f64(params.truth_gap_s)),
            live: LiveTracks::new(Span::from_secs_f64(params.coast_limit_s), Span::from_secs_f64(params.nees_age_s)),
            truth_span: None,
            track_span: None,
            params,
        })
    }

    fn run(mut self, frames_max: u32) -> Result<Summary, ScoreError> {
        let interval = Span::from_secs_f64(self.params.interval_s);
        let first = self.truth.peek_time()?;
        let mut now = first.ok_or_else(|| ScoreError::NoTruth { path: self.truth.path().clone() })?;
        for _ in 0..frames_max {
            self.load_truth(now)?;
            if self.truth_span.is_none_or(|[_, last]| last < now) && self.truth.peek_time()?.is_none() {
                return self.finish();
            }
            self.load_tracks(now)?;
            self.handle_instant(now)?;
            now = now + interval;
        }
        Err(ScoreError::TooManyFrames)
    }

    /// Reads truth as far ahead as a sample can matter at `now`.
    fn load_truth(&mut self, now: Timestamp) -> Result<(), ScoreError> {
        let horizon = now + Span::from_secs_f64(self.params.truth_gap_s);
        self.truths.handle_time(now);
        while let Some(line) = self.truth.next_through(horizon)? {
            widen(&mut self.truth_span, line.time);
            self.truths.handle_line(line, now).map_err(|_| ScoreError::TooManySamples(now))?;
        }
        Ok(())
    }

    fn load_tracks(&mut self, now: Timestamp) -> Result<(), ScoreError> {
        while let Some(line) = self.tracks.next_through(now)? {
            widen(&mut self.track_span, line.time);
            self.live.handle_line(line).map_err(|_| ScoreError::TooManyLive(now))?;
        }
        self.live.handle_time(now);
        Ok(())
    }

    fn handle_instant(&mut self, now: Timestamp) -> Result<(), ScoreError> {
        let (truths, tracks) = (self.truths.points(now), self.live.points(now));
        self.score.handle_frame(now, &truths, &tracks).map_err(|refused| ScoreError::Frame { time: now, refused })
    }

    /// The summary, unless the two recordings have no time in common: that is a mistake, not a bad tracker.
    fn finish(mut self) -> Result<Summary, ScoreError> {
        if let Some(next) = self.tracks.peek_time()? {
            self.track_span.get_or_insert([next, next]);
        }
        if let Some((truth, tracks)) = self.truth_span.zip(self.track_span) {
            let last_alive = tracks[1] + Span::from_secs_f64(self.params.coast_limit_s);
            if tracks[0] > truth[1] || last_alive < truth[0] {
                return Err(ScoreError::Disjoint { truth, tracks });
            }
        }
        Ok(self.score.summary())
    }
}

/// Lets a span of time reach to one more time.
fn widen(span: &mut Option<[Timestamp; 2]>, time: Timestamp) {
    *span = Some(span.map_or([time, time], |[first, last]| [first.min(time), last.max(time)]));
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;

    const DEGREE_M: f64 = 111_319.490_793_273_57;

    /// A line at a place along the equator, in metres from the zero meridian.
    fn line(seconds: f64, id: &str, east_m: f64, more: &str) -> String {
        let (time_ns, lon_deg) = (Span::from_secs_f64(seconds).as_nanos(), east_m / DEGREE_M);
        format!(
            "{{\"time_ns\":{time_ns},\"id\":\"{id}\",\"lat_deg\":0,\"lon_deg\":{lon_deg},\"height_m\":0,\
             \"velocity_enu_m_s\":[10,0,0]{more}}}\n"
        )
    }

    fn score(tracks: &str, truth: &str) -> Result<Summary, ScoreError> {
        let path = |name: &str| PathBuf::from(name);
        streams((&path("tracks"), tracks.as_bytes()), (&path("truth"), truth.as_bytes()), Params::default())
    }

    const CONFIRMED: &str = ",\"status\":\"confirmed\"";

    #[test]
    fn a_track_that_lags_by_three_metres_scores_three_metres() {
        let truth: String = (0..5).map(|k| line(2.0 * f64::from(k), "t", 20.0 * f64::from(k), "")).collect();
        let tracks = line(0.0, "a", -3.0, CONFIRMED) + &line(4.5, "a", 42.0, CONFIRMED);
        let summary = score(&tracks, &truth).expect("good files");
        assert_eq!((summary.frames.count, summary.identity.switches), (9, 0));
        assert!((summary.gospa.mean_m.expect("frames") - 3.0).abs() < 1e-4, "{:?}", summary.gospa);
        assert!(summary.siap.velocity_rms_m_s.expect("velocities") < 1e-4);
    }

    #[test]
    fn a_tentative_track_and_a_deleted_one_do_not_count() {
        let truth: String = (0..4).map(|k| line(f64::from(k), "t", 10.0 * f64::from(k), "")).collect();
        let tracks = line(0.0, "a", 0.0, ",\"status\":\"tentative\"")
            + &line(1.0, "a", 10.0, CONFIRMED)
            + "{\"time_ns\":3000000000,\"id\":\"a\",\"status\":\"deleted\"}\n";
        let summary = score(&tracks, &truth).expect("good files");
        assert_eq!((summary.siap.completeness, summary.gospa.false_per_frame), (Some(0.5), Some(0.0)));
    }

    #[test]
    fn recordings_of_different_times_are_a_mistake_not_a_bad_tracker() {
        let truth = line(0.0, "t", 0.0, "") + &line(1.0, "t", 0.0, "");
        let after = score(&line(100.0, "a", 0.0, CONFIRMED), &truth).expect_err("later");
        assert!(matches!(after, ScoreError::Disjoint { .. }), "{after}");
        let before = score(&line(-31.0, "a", 0.0, CONFIRMED), &truth).expect_err("earlier");
        assert!(matches!(before, ScoreError::Disjoint { .. }), "{before}");
    }

    #[test]
    fn a_tracker_that_said_nothing_missed_everything() {
        let summary = score("", &line(0.0, "t", 0.0, "")).expect("good files");
        assert_eq!(summary.siap.completeness, Some(0.0));
        assert!((summary.gospa.mean_m.expect("one frame") - 5000_f64.sqrt()).abs() < 1e-9);
    }

    #[test]
    fn no_truth_is_an_error_that_names_the_file() {
        let error = score("", "\n").expect_err("nothing there");
        assert_eq!(error.to_string(), "truth holds no line: there is nothing to score against");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = files(Path::new("no-such-file"), Path::new("none"), Params::default()).expect_err("not there");
        assert!(error.to_string().starts_with("cannot open no-such-file: "), "{error}");
    }

    #[test]
    fn more_instants_than_the_bound_end_the_run() {
        let truth = line(0.0, "t", 0.0, "") + &line(9.0, "t", 0.0, "");
        let run = |frames_max| {
            let (tracks, truth) = ((Path::new("tracks"), &b""[..]), (Path::new("truth"), truth.as_bytes()));
            Comparison::new(tracks, truth, Params::default()).expect("sensible").run(frames_max)
        };
        assert!(matches!(run(10), Err(ScoreError::TooManyFrames)));
        assert_eq!(run(11).expect("one more shows the end").frames.count, 10);
    }

    #[test]
    fn a_recording_cut_anywhere_is_scored_or_its_last_line_named() {
        let truth = line(0.0, "t", 0.0, "") + &line(1.0, "t", 10.0, "");
        let tracks = line(0.0, "a", 0.0, CONFIRMED) + &line(1.0, "a", 10.0, CONFIRMED);
        let first = tracks.find('\n').expect("two lines");
        for end in 0..=tracks.len() {
            match score(&tracks[..end], &truth) {
                Ok(_) => assert!([0, first, first + 1, tracks.len() - 1, tracks.len()].contains(&end), "cut at {end}"),
                Err(error) => {
                    let last = if end > first { "tracks line 2: not JSON" } else { "tracks line 1: not JSON" };
                    assert!(error.to_string().starts_with(last), "cut at {end}: {error}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_whatever_cause_a_panic(
            noise in prop::collection::vec(any::<u8>(), 0..200), at in 0..200_usize, flip in any::<u8>()
        ) {
            let truth = line(0.0, "t", 0.0, "") + &line(1.0, "t", 10.0, "");
            let mut damaged = line(0.0, "a", 0.0, CONFIRMED).into_bytes();
            let place = at % damaged.len();
            damaged[place] ^= flip;
            for tracks in [&noise[..], &damaged[..]] {
                let name = Path::new("x");
                let _ = streams((name, tracks), (name, truth.as_bytes()), Params::default());
                let _ = streams((name, truth.as_bytes()), (name, tracks), Params::default());
            }
        }
    }
}
