//! How a track ends: by misses, by silence, by uncertainty.

use crate::maths::sqrt;
use crate::time::{Span, Timestamp};
use crate::track::Track;
use crate::tracker::TrackerConfig;

/// Why a track was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deletion {
    /// Too many of the last looks missed it, or too few of its first ones saw it.
    Missed,
    /// Nothing was heard of it for too long.
    Silent,
    /// It is no longer known well enough where it is.
    Uncertain,
}

/// Judges a track by its looks, after one of them.
///
/// A confirmed track ends by K misses among its last L looks. A tentative one ends as soon as the looks that are left
/// of its first N cannot bring it to M hits, or when misses have made it much less likely than it once was: two in a
/// row for a sensor that sees nine of ten, more for one that sees less.
#[must_use]
pub fn judge_by_looks(track: &Track, config: &TrackerConfig) -> Option<Deletion> {
    let history = &track.history;
    let missed = if track.is_confirmed() {
        history.misses(config.delete_looks) >= config.delete_misses
    } else {
        let left = config.confirm_looks.saturating_sub(history.looks());
        let hopeless = history.hits(config.confirm_looks) + left < config.confirm_hits;
        hopeless || track.score.fall() > crate::maths::ln(config.tentative_odds_fall)
    };
    missed.then_some(Deletion::Missed)
}

/// Judges a track by the clock: what it would be at `now` without another measurement.
///
/// Once this deletes a track it does so at every later time too, so it does not matter how often it is asked.
#[must_use]
pub fn judge_by_time(track: &Track, now: Timestamp, config: &TrackerConfig) -> Option<Deletion> {
    let limit = if track.reported { config.report_silence_limit } else { config.silence_limit };
    if now - track.last_update > limit {
        return Some(Deletion::Silent);
    }
    let sigma = horizontal_sigma_at(track, now - track.state.time, config.motion.horizontal);
    (sigma > config.horizontal_sigma_limit_m).then_some(Deletion::Uncertain)
}

/// The horizontal standard deviation after coasting for `dt`, never shrinking with time: per axis
/// A + 2 max(B, 0) t + C t² + q t³ / 3.
fn horizontal_sigma_at(track: &Track, dt: Span, q: f64) -> f64 {
    let (p, t) = (track.state.covariance.matrix(), dt.as_secs_f64().max(0.0));
    let axis = |k: usize| p[(k, k)] + t * (2.0 * p[(k, k + 3)].max(0.0) + t * (p[(k + 3, k + 3)] + t * q / 3.0));
    sqrt(0.5 * (axis(0) + axis(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::TrackStatus;
    use crate::track::tests::any_track;

    fn after(looks: &[bool], status: TrackStatus) -> Option<Deletion> {
        let mut track = any_track();
        track.status = status;
        looks.iter().for_each(|&hit| track.history.record(hit));
        judge_by_looks(&track, &TrackerConfig::default())
    }

    #[test]
    fn a_confirmed_track_survives_four_misses_and_ends_by_five() {
        let (hit, miss) = (true, false);
        assert_eq!(after(&[hit, hit, hit, miss, miss, miss, miss], TrackStatus::Confirmed), None);
        let five = [hit, hit, hit, miss, miss, miss, miss, miss];
        assert_eq!(after(&five, TrackStatus::Coasted), Some(Deletion::Missed));
        assert_eq!(after(&[hit, miss, miss, miss, hit, miss, miss], TrackStatus::Coasted), Some(Deletion::Missed));
    }

    #[test]
    fn a_tentative_track_ends_when_it_can_no_longer_be_confirmed() {
        assert_eq!(after(&[true, false, false], TrackStatus::Tentative), None);
        assert_eq!(after(&[true, false, false, false], TrackStatus::Tentative), Some(Deletion::Missed));
        assert_eq!(after(&[true, false, true, false, true], TrackStatus::Tentative), None);
    }

    #[test]
    fn a_tentative_track_ends_by_two_misses_of_a_good_sensor() {
        let mut track = any_track();
        track.history.record(true);
        track.score.look(0.1, 1.0);
        assert_eq!(judge_by_looks(&track, &TrackerConfig::default()), None);
        track.score.look(0.1, 1.0);
        assert_eq!(judge_by_looks(&track, &TrackerConfig::default()), Some(Deletion::Missed));
        track.status = TrackStatus::Confirmed;
        assert_eq!(judge_by_looks(&track, &TrackerConfig::default()), None);
    }

    #[test]
    fn silence_ends_a_track_and_reports_may_be_silent_longer() {
        let config = TrackerConfig { horizontal_sigma_limit_m: 1e9, ..TrackerConfig::default() };
        let mut track = any_track();
        assert_eq!(judge_by_time(&track, Timestamp::from_secs(30), &config), None);
        assert_eq!(judge_by_time(&track, Timestamp::from_secs(31), &config), Some(Deletion::Silent));
        track.reported = true;
        assert_eq!(judge_by_time(&track, Timestamp::from_secs(60), &config), None);
        assert_eq!(judge_by_time(&track, Timestamp::from_secs(61), &config), Some(Deletion::Silent));
    }

    #[test]
    fn uncertainty_ends_a_track_and_never_revives_it() {
        let config = TrackerConfig { horizontal_sigma_limit_m: 100.0, ..TrackerConfig::default() };
        let track = any_track();
        let ended: std::vec::Vec<bool> =
            (0..30).map(|s| judge_by_time(&track, Timestamp::from_secs(s), &config).is_some()).collect();
        assert!(!ended[0] && ended[29] && ended.is_sorted());
    }

    extern crate std;
}
