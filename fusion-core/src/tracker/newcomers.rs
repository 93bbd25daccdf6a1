//! How many targets each sensor has not found yet: what an unexplained measurement is worth as the start of a track.
//!
//! Targets that exist and were never detected are a Poisson process (Williams 2015, §III; García-Fernández et al.
//! 2018). Here its density is even over a sensor's field of view, so one number per sensor carries it, u: the
//! expected number of undetected targets in view. A look finds P_D of them; new ones come at a rate that the operator
//! sets:
//!
//! u ← u (1 − P_D · share) + new · share, share = the part of the field of view that the look covered.
//!
//! In a sensor's first turn nobody knows how many there are. There the scan itself says it: measurements beyond what
//! clutter and known tracks lead to expect are targets. Clutter varies, so that a surplus of nothing, or less, does not
//! say that nobody is there.
//!
//! The rate of newcomers is learnt: tracks that have lasted, and that a settled sensor did not find before, have come
//! since.

use core::f64::consts::{PI, TAU};

use super::look::Look;
use crate::capacity::SENSORS_MAX;
use crate::maths::sqrt;
use crate::measurement::{Cone, Coverage, Scan, SensorId};
use crate::time::Timestamp;
use crate::track::Track;

/// u by sensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Newcomers([Waiting; SENSORS_MAX]);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Waiting {
    /// How often its whole field of view has been looked at.
    turns: f64,
    /// u.
    expected: f64,
    /// Measurements of the first turn so far beyond what was to be expected, and the variance of that.
    surplus: f64,
    variance: f64,
    /// When its second turn was done: who is found later came later.
    settled: Option<Timestamp>,
    /// Tracks confirmed by it that were founded after that.
    came: f64,
    /// Turns since then.
    since: f64,
    /// Time of its last scan.
    last_scan: Option<Timestamp>,
}

impl Waiting {
    const NEW: Self = Self {
        turns: 0.0,
        expected: 0.0,
        surplus: 0.0,
        variance: 0.0,
        settled: None,
        came: 0.0,
        since: 0.0,
        last_scan: None,
    };

    /// New targets in one turn: the operator's rate, and what was seen since, weighed by turns (the mean of a gamma
    /// distribution that counts of a Poisson process have updated).
    ///
    /// However long nobody came, somebody may: the rate never falls below a tenth of the operator's.
    fn rate(&self, operator: f64) -> f64 {
        ((operator * RATE_TURNS + self.came) / (RATE_TURNS + self.since)).max(LEAST_SHARE * operator)
    }

    /// How many targets there are in the whole field of view, by what the first turn has shown of it so far: the mean
    /// of what the surplus x ± σ leaves likely, given that it cannot be negative. For x + σ φ(x/σ) / Φ(x/σ) stands
    /// (x + √(x² + 8 σ² / π)) / 2, which agrees at zero and far from it.
    fn at_first_sight(&mut self, count: &Count, new: f64) -> f64 {
        let background = count.clutter * count.share + count.known;
        self.surplus += count.seen - background;
        self.variance += count.seen.max(background);
        let likely = 0.5 * (self.surplus + sqrt(self.surplus * self.surplus + self.variance * 8.0 / PI));
        (likely / (self.turns + count.share) + new) / count.detection
    }

    /// Lets a part of a turn pass; what was counted long ago fades.
    fn pass(&mut self, share: f64) {
        let kept = 1.0 - (share / MEMORY_TURNS).min(1.0);
        self.came *= kept;
        self.since = self.since * kept + share;
    }
}

/// Turns that the operator's rate of newcomers counts for.
const RATE_TURNS: f64 = 10.0;
/// Turns after which what was counted weighs e⁻¹.
const MEMORY_TURNS: f64 = 300.0;
/// The least share of the operator's rate.
const LEAST_SHARE: f64 = 0.1;
/// Updates after which a confirmed track is surely a target.
const SURE_UPDATES: u32 = 8;
/// Turns after which whoever is found must be new.
const SETTLED_TURNS: f64 = 2.0;

impl Default for Newcomers {
    fn default() -> Self {
        Self([Waiting::NEW; SENSORS_MAX])
    }
}

/// What a look expects and what it got.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count {
    /// When it is.
    pub(super) time: Timestamp,
    /// P_D.
    pub(super) detection: f64,
    /// Share of the field of view that was looked at.
    pub(super) share: f64,
    /// False measurements expected in the whole field of view.
    pub(super) clutter: f64,
    /// Measurements that the known tracks lead to expect.
    pub(super) known: f64,
    /// Measurements there are.
    pub(super) seen: f64,
    /// New targets expected in one look at the whole field of view.
    pub(super) new: f64,
}

impl Newcomers {
    /// The odds that a measurement which no track explains is a new target rather than clutter, before anything else
    /// is known of it; and moves u past this look. A sensor beyond the bound is taken to be in its steady state.
    pub(super) fn look(&mut self, sensor: SensorId, count: &Count) -> f64 {
        let Some(waiting) = self.0.get_mut(usize::from(sensor.0)) else {
            return odds_of(count.new / count.detection, count);
        };
        let new = waiting.rate(count.new);
        let first_turn = waiting.turns < 1.0;
        let share = count.share;
        let expected = if first_turn { waiting.at_first_sight(count, new) } else { waiting.expected };
        let missed = expected * (1.0 - count.detection) + new;
        waiting.expected = if first_turn { missed } else { waiting.expected * (1.0 - share) + missed * share };
        waiting.turns += share;
        if waiting.settled.is_some() {
            waiting.pass(share);
        } else if waiting.turns >= SETTLED_TURNS {
            waiting.settled = Some(count.time);
        }
        odds_of(expected, count)
    }
}

/// The odds that a measurement of this look which no track explains is a new target rather than clutter.
pub(super) fn odds(newcomers: &mut Newcomers, look: &Look<'_>, known: f64, new: f64) -> f64 {
    let sensor = look.sensor;
    let (detection, clutter) = (sensor.detection, sensor.clutter_per_scan);
    let share = match look.scan.coverage {
        Coverage::Full => 1.0,
        Coverage::Sector { width_rad, .. } | Coverage::Cone(Cone { width_rad, .. }) => {
            (width_rad / TAU).clamp(1e-3, 1.0)
        }
        // Whoever reports does so of himself: nobody is looked for.
        Coverage::Reports => return (new / clutter).min(EVEN),
    };
    let seen = f64::from(u32::try_from(look.measurements.len()).expect("a scan is small"));
    newcomers.look(look.scan.sensor, &Count { time: look.scan.time, detection, share, clutter, known, seen, new })
}

impl Newcomers {
    /// Whether a track may have been founded in the same millisecond by the same sensor, so that its number is taken;
    /// and notes the scan.
    pub(super) fn may_clash(&mut self, sensor: SensorId, time: Timestamp) -> bool {
        let Some(waiting) = self.0.get_mut(usize::from(sensor.0)) else { return true };
        waiting.last_scan.replace(time).is_some_and(|last| last.as_millis() == time.as_millis())
    }

    /// Counts the tracks among those of a scan that have just lasted long enough to be surely targets.
    pub(super) fn learn<'t>(&mut self, scan: &Scan<'_>, tracks: impl Iterator<Item = &'t Track>) {
        let Some(waiting) = self.0.get_mut(usize::from(scan.sensor.0)) else { return };
        let Some(settled) = waiting.settled else { return };
        let came = |track: &&Track| track.last_update == scan.time && track.first_seen > settled;
        let lasting = tracks.filter(|track| track.updates == SURE_UPDATES && track.is_confirmed()).filter(came);
        waiting.came += lasting.map(|_| 1.0).sum::<f64>();
    }
}

fn odds_of(expected: f64, count: &Count) -> f64 {
    (expected * count.detection / count.clutter).min(EVEN)
}

/// One measurement proves nothing: a newcomer is never believed more than its being false.
const EVEN: f64 = 1.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::Label;
    use crate::measurement::Pose;
    use crate::track::TrackStatus;
    use crate::track::tests::any_track;

    const COUNT: Count = Count {
        time: Timestamp::EPOCH,
        detection: 0.9,
        share: 1.0,
        clutter: 100.0,
        known: 0.0,
        seen: 100.0,
        new: 0.45,
    };

    #[test]
    fn a_crowd_at_first_sight_is_believed_to_be_one() {
        let mut newcomers = Newcomers::default();
        let first = newcomers.look(SensorId(0), &Count { seen: 145.0, ..COUNT });
        // Somewhat more than the surplus, which cannot have come from less than nobody.
        assert!((45.0 / 100.0..47.5 / 100.0).contains(&first), "{first}");
        let second = newcomers.look(SensorId(0), &COUNT);
        assert!((second - 0.1 * first - 0.9 * 0.45 / 100.0).abs() < 1e-12, "{second}");
    }

    #[test]
    fn too_little_clutter_at_first_sight_does_not_say_that_nobody_is_there() {
        let odds = |seen: f64| Newcomers::default().look(SensorId(0), &Count { seen, ..COUNT });
        let (fewer, even, more) = (odds(80.0), odds(100.0), odds(120.0));
        assert!(0.02 < fewer && fewer < even && even < more && more < 0.25, "{fewer} {even} {more}");
        // Of a normal distribution about zero, the upper half has its mean at σ √(2/π).
        assert!((even - (10.0 * 0.797_885 + 0.45) / 100.0).abs() < 1e-6, "{even}");
    }

    #[test]
    fn in_the_long_run_only_those_who_come_are_expected() {
        let mut newcomers = Newcomers::default();
        newcomers.look(SensorId(3), &Count { seen: 400.0, ..COUNT });
        let last = (0..12).map(|_| newcomers.look(SensorId(3), &COUNT)).last();
        // The rate that the operator set, diluted by ten turns in which nobody came.
        assert!(last.is_some_and(|odds| (odds - 0.45 / 100.0 * 0.5).abs() < 2e-4), "{last:?}");
    }

    #[test]
    fn however_long_nobody_came_somebody_may() {
        let mut newcomers = Newcomers::default();
        let last = (0..100_000).map(|_| newcomers.look(SensorId(0), &COUNT)).last();
        assert!(last.is_some_and(|odds| odds >= 0.1 * 0.45 / 100.0 * 0.999), "{last:?}");
    }

    #[test]
    fn who_comes_often_is_expected_often() {
        let time = Timestamp::from_secs(50);
        let scan = Scan {
            sensor: SensorId(0),
            pose: Pose::AT_ORIGIN,
            time,
            sequence: 0,
            label: Label::STRICTEST,
            coverage: Coverage::Full,
            measurements: &[],
        };
        let status = TrackStatus::Confirmed;
        let track = Track { status, first_seen: time, last_update: time, updates: SURE_UPDATES, ..any_track() };
        let tracks = [track.clone(), track.clone(), track.clone(), track];
        let mut newcomers = Newcomers::default();
        for _ in 0..40 {
            newcomers.look(SensorId(0), &COUNT);
            newcomers.learn(&scan, tracks.iter());
        }
        let odds = newcomers.look(SensorId(0), &COUNT);
        assert!((0.03..0.05).contains(&odds), "{odds}");
    }

    #[test]
    fn a_turn_in_sectors_is_a_turn() {
        let (mut whole, mut sectors) = (Newcomers::default(), Newcomers::default());
        whole.look(SensorId(0), &Count { seen: 155.0, ..COUNT });
        for _ in 0..8 {
            sectors.look(SensorId(0), &Count { share: 0.125, seen: 155.0 / 8.0, ..COUNT });
        }
        let (a, b) = (whole.look(SensorId(0), &COUNT), sectors.look(SensorId(0), &COUNT));
        assert!((a - b).abs() < 1e-9, "{a} {b}");
    }

    #[test]
    fn known_tracks_are_no_newcomers() {
        let odds = |known: f64| Newcomers::default().look(SensorId(0), &Count { seen: 155.0, known, ..COUNT });
        let (strangers, known) = (odds(0.0), odds(55.0));
        assert!(known < 0.2 * strangers, "{known} {strangers}");
    }

    #[test]
    fn a_newcomer_is_never_more_than_even() {
        let odds = Newcomers::default().look(SensorId(0), &Count { clutter: 1e-6, ..COUNT });
        assert!((odds - 1.0).abs() < 1e-12);
    }
}
