//! How a track ends: by misses, by silence, by uncertainty.

use crate::maths::sqrt;
use crate::time::{Span, Timestamp};
use crate::track::{Track, TrackStatus};
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
/// It ends when it hardly exists any more: soon for a sensor that sees nine of ten, late for one that sees less. Where
/// M of N is asked for, a confirmed track ends by K misses among its last L looks as well, and a tentative one as soon
/// as the looks that are left of its first N cannot bring it to M hits.
#[must_use]
pub fn judge_by_looks(track: &Track, config: &TrackerConfig) -> Option<Deletion> {
    let least = least_existence(track, config);
    let missed = config.looks.is_some_and(|rule| rule.ends(track.is_confirmed(), &track.history));
    (missed || track.existence.probability() < least).then_some(Deletion::Missed)
}

/// What a track must exist at least: it is deleted when it is less probable than this.
pub(crate) fn least_existence(track: &Track, config: &TrackerConfig) -> f64 {
    if track.is_confirmed() {
        return config.delete_existence;
    }
    config.prune_existence.min(LEAST_SHARE * track.founding_existence.probability())
}

/// In dense clutter every track begins as hardly existing: there it ends by what it has lost since. One miss by a
/// sensor that sees nine of ten is enough.
const LEAST_SHARE: f64 = 0.12;

/// Judges a track by the clock: what it would be at `now` without another measurement.
///
/// Once this deletes a track it does so at every later time too, so it does not matter how often it is asked.
#[must_use]
pub fn judge_by_time(track: &Track, now: Timestamp, config: &TrackerConfig) -> Option<Deletion> {
    let limit = if track.reported { config.report_silence_limit } else { config.silence_limit };
    if now - track.last_update > limit {
        return Some(Deletion::Silent);
    }
    if track.family.is_some() && !track.is_confirmed() {
        // It is one of several, each with its part of the range; existence decides between them.
        return None;
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

/// Until when [`judge_by_time`] certainly lets a track live, if nothing happens to it, and no report has coasted:
/// `most` if it lives as long, else a time from now that is mostly not much too early.
#[must_use]
pub(crate) fn safe_until(track: &Track, now: Timestamp, config: &TrackerConfig, most: Timestamp) -> Timestamp {
    let due = heard_until(track, config).min(most).max(now);
    // Uncertainty grows with time, so what is certain enough at some time was so before.
    (0..HALVINGS)
        .map(|halvings| now + Span::from_nanos((due - now).as_nanos() >> halvings))
        .find(|until| is_surely_certain(track, *until, config))
        .unwrap_or(now)
}

/// The same without looking for less: `None` unless the track lives from now until it will have been silent for too
/// long, or until `most`.
#[must_use]
pub(crate) fn lives_until(track: &Track, now: Timestamp, config: &TrackerConfig, most: Timestamp) -> Option<Timestamp> {
    let due = heard_until(track, config).min(most);
    (due > now && is_surely_certain(track, due, config)).then_some(due)
}

/// Whether [`judge_by_time`] finds a track certain enough: every track is asked at every look, so without root and
/// division, and in doubt it is not.
fn is_surely_certain(track: &Track, time: Timestamp, config: &TrackerConfig) -> bool {
    /// By which share a variance may be off that was worked out in another way.
    const DOUBT: f64 = 1e-9;
    if track.family.is_some() && !track.is_confirmed() {
        return true;
    }
    let (p, limit) = (track.state.covariance.matrix(), config.horizontal_sigma_limit_m);
    let t = (time - track.state.time).nearly_secs_f64().max(0.0);
    let q_third = config.motion.horizontal * (1.0 / 3.0);
    let axis = |k: usize| p[(k, k)] + t * (2.0 * p[(k, k + 3)].max(0.0) + t * (p[(k + 3, k + 3)] + t * q_third));
    limit > 0.0 && 0.5 * (axis(0) + axis(1)) * (1.0 + DOUBT) <= limit * limit
}

/// When silence first tells on a track: ends it, or coasts it.
fn heard_until(track: &Track, config: &TrackerConfig) -> Timestamp {
    let limit = if track.reported { config.report_silence_limit } else { config.silence_limit };
    let coasts = track.reported && track.status == TrackStatus::Confirmed;
    let limit = if coasts { limit.min(config.report_coast_after) } else { limit };
    track.last_update + limit
}

/// How often the time until a track is silent is halved to find one at which it is certain enough.
const HALVINGS: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::Existence;
    use crate::track::tests::any_track;
    use crate::tracker::LooksRule;

    const RULE: LooksRule = LooksRule { confirm_hits: 3, confirm_looks: 5, delete_misses: 5, delete_looks: 6 };

    fn after(looks: &[bool], status: TrackStatus) -> Option<Deletion> {
        let mut track = any_track();
        track.status = status;
        track.existence = Existence::new(0.9);
        looks.iter().for_each(|&hit| track.history.record(hit));
        judge_by_looks(&track, &TrackerConfig { looks: Some(RULE), ..TrackerConfig::default() })
    }

    #[test]
    fn by_looks_a_confirmed_track_survives_four_misses_and_ends_by_five() {
        let (hit, miss) = (true, false);
        assert_eq!(after(&[hit, hit, hit, miss, miss, miss, miss], TrackStatus::Confirmed), None);
        let five = [hit, hit, hit, miss, miss, miss, miss, miss];
        assert_eq!(after(&five, TrackStatus::Coasted), Some(Deletion::Missed));
        assert_eq!(after(&[hit, miss, miss, miss, hit, miss, miss], TrackStatus::Coasted), Some(Deletion::Missed));
    }

    #[test]
    fn by_looks_a_tentative_track_ends_when_it_can_no_longer_be_confirmed() {
        assert_eq!(after(&[true, false, false], TrackStatus::Tentative), None);
        assert_eq!(after(&[true, false, false, false], TrackStatus::Tentative), Some(Deletion::Missed));
        assert_eq!(after(&[true, false, true, false, true], TrackStatus::Tentative), None);
    }

    #[test]
    fn a_track_ends_when_it_hardly_exists() {
        let config = TrackerConfig::default();
        let mut track = any_track();
        let judged = |track: &Track, r: f64| {
            let track = Track { existence: Existence::new(r), ..track.clone() };
            judge_by_looks(&track, &config)
        };
        assert_eq!((judged(&track, 0.01), judged(&track, 1e-4)), (None, Some(Deletion::Missed)));
        track.status = TrackStatus::Coasted;
        assert_eq!((judged(&track, 0.1), judged(&track, 1e-3)), (None, Some(Deletion::Missed)));
    }

    #[test]
    fn in_dense_clutter_a_track_ends_by_what_it_has_lost() {
        let config = TrackerConfig::default();
        let faint = Track { founding_existence: Existence::new(1e-4), ..any_track() };
        let judged = |r: f64| judge_by_looks(&Track { existence: Existence::new(r), ..faint.clone() }, &config);
        assert_eq!((judged(5e-5), judged(1e-5)), (None, Some(Deletion::Missed)));
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

    #[test]
    fn nobody_ends_before_he_is_safe_no_longer() {
        let mut track = any_track();
        let mut faults = 0;
        for limit in [12.0, 40.0, 100.0, 1e9] {
            let config = TrackerConfig { horizontal_sigma_limit_m: limit, ..TrackerConfig::default() };
            for (reported, now) in [(false, 0), (true, 0), (false, 7), (true, 14), (false, 29), (true, 100)] {
                track.reported = reported;
                let now = Timestamp::from_secs(now);
                let until = safe_until(&track, now, &config, Timestamp::MAX);
                let ends = |time: Timestamp| judge_by_time(&track, time, &config).is_some();
                let asked = (0..=100).map(|k| now + Span::from_nanos((until - now).as_nanos() / 100 * k));
                faults += asked.filter(|time| until > now && ends(*time)).count();
            }
        }
        assert_eq!(faults, 0);
    }

    extern crate std;
}
