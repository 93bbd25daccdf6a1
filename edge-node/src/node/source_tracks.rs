//! Estimates made elsewhere as records of this node: each source track becomes a record under a number of our own, past
//! the tracker, since its errors are correlated in time.
//!
//! In silence a source track is carried on: x = x₀ + v t, and its covariance grows as that of a target pushed by white
//! noise of spectral density q in each axis, P(t) = F P F' + Q with F = [I, t I; 0, I] and
//! Q = q [t³/3 I, t²/2 I; t²/2 I, t I] (Bar-Shalom, *Estimation with Applications*, §6.2.2). The axes are those at its
//! last place: over the seconds that it is carried on they hardly turn. After a configured time it is shown as coasted,
//! after another it ends.

use std::collections::BTreeMap;

use fusion_core::frame::{Position, Velocity};
use fusion_core::gaussian::Covariance;
use fusion_core::label::Label;
use fusion_core::measurement::SensorId;
use fusion_core::nalgebra::{Matrix3, Matrix6};
use fusion_core::source_track::{SourceTrack, SourceTrackEnd};
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{Origin, TrackId, TrackNumber, TrackStatus};
use proto::record::{Estimate, InCommon, Seq, TrackRecord};

/// Source tracks at once at the most. For a new one, that which has been silent for longest ends.
///
/// Counter: `SourceTally::displaced`.
pub const SOURCE_TRACKS_MAX: usize = 2048;

/// Source tracks of one sensor have the numbers of a sensor that no configuration has room for, so that they are never
/// those of tracks which the same sensor founded.
const NUMBERED_APART: u16 = 512;

/// A coasted track is published again no sooner than this.
const COAST_PERIOD: Span = Span::from_secs(1);

/// One sigma of a velocity that nobody told, m/s.
const UNKNOWN_SPEED_SIGMA_M_S: f64 = 100.0;

/// What is known of the sensor that reports.
#[derive(Clone, Debug, PartialEq)]
pub struct Reporter {
    /// Its name.
    pub name: String,
    /// Who may know.
    pub label: Label,
    /// After this long without a report a track is coasted.
    pub coast_after: Span,
    /// After this long it ends.
    pub lifetime: Span,
    /// q, m²/s³.
    pub acceleration: f64,
}

/// What became of source tracks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceTally {
    /// Reports that became a version of a record.
    pub taken: u64,
    /// Tracks that were begun.
    pub begun: u64,
    /// Reports of tracks in which their source does not believe yet.
    pub tentative: u64,
    /// Reports no newer than what was held.
    pub late: u64,
    /// Tracks that ended because their source said so.
    pub ended: u64,
    /// Tracks that ended because nothing was heard of them.
    pub aged: u64,
    /// Tracks that ended because there was no room.
    pub displaced: u64,
}

/// All source tracks of a node.
#[derive(Clone, Debug)]
pub struct SourceTracks {
    origin: Origin,
    held: BTreeMap<(SensorId, u32), Held>,
    ordinal: u16,
    tally: SourceTally,
}

/// One of them.
#[derive(Clone, Debug)]
struct Held {
    /// As its source told it last.
    told: TrackRecord,
    /// What was published last.
    status: TrackStatus,
    published: Timestamp,
}

impl SourceTracks {
    /// None yet.
    #[must_use]
    pub const fn new(origin: Origin) -> Self {
        Self { origin, held: BTreeMap::new(), ordinal: 0, tally: SourceTally::EMPTY }
    }

    /// What became of source tracks.
    #[must_use]
    pub const fn tally(&self) -> &SourceTally {
        &self.tally
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Takes an estimate in. `version` numbers the records that come of it, which go to `each`.
    pub fn handle_track(
        &mut self,
        sensor: SensorId,
        reporter: &Reporter,
        track: &SourceTrack,
        now: Timestamp,
        version: &mut dyn FnMut() -> Seq,
        each: &mut dyn FnMut(TrackRecord),
    ) {
        let key = (sensor, track.number);
        if track.status == TrackStatus::Tentative {
            self.tally.tentative += 1;
            return;
        }
        let held = self.held.get(&key);
        if held.is_some_and(|held| held.told.estimate.time >= track.time) {
            self.tally.late += 1;
            return;
        }
        let before = held.map(|held| held.told.clone());
        if before.is_none() && self.held.len() >= SOURCE_TRACKS_MAX {
            self.displace(now, version, each);
        }
        let told = self.record(sensor, reporter, track, before, version());
        self.tally.taken += 1;
        self.held.insert(key, Held { status: track.status, published: now, told: told.clone() });
        each(told);
    }

    /// Takes the end of one in.
    pub fn handle_end(
        &mut self,
        sensor: SensorId,
        end: SourceTrackEnd,
        version: &mut dyn FnMut() -> Seq,
        each: &mut dyn FnMut(TrackRecord),
    ) {
        if let Some(held) = self.held.remove(&(sensor, end.number)) {
            self.tally.ended += 1;
            each(tombstone(held.told, version(), end.time));
        }
    }

    /// Lets time pass: what is silent coasts, then ends. `reporters` are all sensors, in the order of their numbers.
    pub fn handle_timeout(
        &mut self,
        reporters: &[Reporter],
        now: Timestamp,
        version: &mut dyn FnMut() -> Seq,
        each: &mut dyn FnMut(TrackRecord),
    ) {
        let tally = &mut self.tally;
        self.held.retain(|(sensor, _), held| {
            let Some(reporter) = reporters.get(usize::from(sensor.0)) else { return false };
            let silence = now - held.told.estimate.time;
            if silence > reporter.lifetime {
                tally.aged += 1;
                each(tombstone(held.told.clone(), version(), now));
                return false;
            }
            let due = held.status != TrackStatus::Coasted || now - held.published >= COAST_PERIOD;
            if silence > reporter.coast_after && due {
                (held.status, held.published) = (TrackStatus::Coasted, now);
                let estimate = carried_on(&held.told.estimate, now, reporter.acceleration);
                each(TrackRecord {
                    version: version(),
                    status: Some(TrackStatus::Coasted),
                    estimate,
                    ..held.told.clone()
                });
            }
            true
        });
    }

    /// Ends the one that has been silent for longest.
    fn displace(&mut self, now: Timestamp, version: &mut dyn FnMut() -> Seq, each: &mut dyn FnMut(TrackRecord)) {
        let oldest = self.held.iter().min_by_key(|(key, held)| (held.told.estimate.time, **key)).map(|(key, _)| *key);
        if let Some(held) = oldest.and_then(|key| self.held.remove(&key)) {
            self.tally.displaced += 1;
            each(tombstone(held.told, version(), now));
        }
    }

    fn record(
        &mut self,
        sensor: SensorId,
        reporter: &Reporter,
        track: &SourceTrack,
        before: Option<TrackRecord>,
        version: Seq,
    ) -> TrackRecord {
        let begun = before.is_none();
        self.tally.begun += u64::from(begun);
        let (id, updates, mut identity) = match before {
            Some(before) => (before.id, before.updates, before.identity),
            None => (self.number(sensor, track.time), 0, fusion_core::identity::Identity::UNKNOWN),
        };
        // The source has combined what it knew already: a class is not counted again at every report.
        let belief = (track.identity.class, track.identity.belief);
        identity.absorb(&track.identity);
        (identity.class, identity.belief) = belief;
        TrackRecord {
            id,
            version,
            status: Some(track.status),
            estimate: estimate(track),
            identity,
            label: reporter.label,
            sensors: vec![reporter.name.clone()],
            updates: updates.saturating_add(1),
            source_track: true,
            in_common: InCommon::UNKNOWN,
        }
    }

    /// A number of our own, told by the time of founding, the sensor and a count.
    fn number(&mut self, sensor: SensorId, time: Timestamp) -> TrackId {
        let mut number = TrackNumber::founding(time, SensorId(sensor.0 | NUMBERED_APART), self.ordinal);
        self.ordinal = (self.ordinal + 1) % ORDINALS;
        while self.held.values().any(|held| held.told.id.number == number) {
            number = number.next();
        }
        TrackId { origin: self.origin, number }
    }
}

/// Tracks that one sensor may found at one time, by the room that a number has for them.
const ORDINALS: u16 = 4096;

impl SourceTally {
    const EMPTY: Self = Self { taken: 0, begun: 0, tentative: 0, late: 0, ended: 0, aged: 0, displaced: 0 };

    /// Names every counter, in a fixed order.
    pub fn each(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let named = [
            ("source_tracks_taken", self.taken),
            ("source_tracks_begun", self.begun),
            ("source_tracks_tentative", self.tentative),
            ("source_tracks_late", self.late),
            ("source_tracks_ended", self.ended),
            ("source_tracks_aged", self.aged),
            ("source_tracks_displaced", self.displaced),
        ];
        named.into_iter().for_each(|(name, value)| each(name, value));
    }
}

/// The estimate with its errors in six dimensions; position and velocity are told apart, so taken for independent.
fn estimate(track: &SourceTrack) -> Estimate {
    let wide = UNKNOWN_SPEED_SIGMA_M_S * UNKNOWN_SPEED_SIGMA_M_S;
    let unknown = Covariance::new(Matrix3::from_diagonal_element(wide)).expect("a positive diagonal");
    let velocity_covariance = track.velocity_covariance.filter(|_| track.velocity.is_some()).unwrap_or(unknown);
    Estimate {
        time: track.time,
        position: track.position,
        velocity: track.velocity.unwrap_or(Velocity::ZERO),
        covariance: Covariance::of_independent(&track.covariance, &velocity_covariance),
    }
}

/// The estimate at a later time, by the model above.
fn carried_on(from: &Estimate, to: Timestamp, q: f64) -> Estimate {
    let t = (to - from.time).as_secs_f64();
    let unit = Matrix3::<f64>::identity();
    let mut f = Matrix6::identity();
    f.fixed_view_mut::<3, 3>(0, 3).copy_from(&(unit * t));
    let mut noise = Matrix6::zeros();
    noise.fixed_view_mut::<3, 3>(0, 0).copy_from(&(unit * (q * t * t * t / 3.0)));
    noise.fixed_view_mut::<3, 3>(0, 3).copy_from(&(unit * (q * t * t / 2.0)));
    noise.fixed_view_mut::<3, 3>(3, 0).copy_from(&(unit * (q * t * t / 2.0)));
    noise.fixed_view_mut::<3, 3>(3, 3).copy_from(&(unit * (q * t)));
    let p = f * from.covariance.matrix() * f.transpose() + noise;
    Estimate {
        time: to,
        position: Position::from_vector(from.position.vector() + from.velocity.vector() * t),
        velocity: from.velocity,
        // F P F' keeps a matrix positive definite up to rounding; if rounding wins, it stays as it was told.
        covariance: Covariance::new(p).unwrap_or(from.covariance),
    }
}

fn tombstone(told: TrackRecord, version: Seq, time: Timestamp) -> TrackRecord {
    let estimate = Estimate { time, ..told.estimate };
    TrackRecord { version, status: None, estimate, ..told }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_core::geodesy::Geodetic;
    use fusion_core::identity::{Address, Identity, ObjectClass};
    use fusion_core::track::NodeId;

    const ORIGIN: Origin = Origin { node: NodeId(1), incarnation: 2 };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + seconds)
    }

    fn reporter() -> Reporter {
        Reporter {
            name: "sdps".into(),
            label: Label::STRICTEST,
            coast_after: Span::from_secs(10),
            lifetime: Span::from_secs(30),
            acceleration: 1.0,
        }
    }

    fn track(number: u32, seconds: i64) -> SourceTrack {
        let place = Geodetic::from_degrees(52.0, 21.0, 3_000.0).expect("a place");
        let covariance = |variance| Covariance::new(Matrix3::from_diagonal_element(variance)).expect("positive");
        SourceTrack {
            number,
            time: at(seconds),
            position: place.to_ecef(),
            velocity: Some(Velocity::new(10.0, 0.0, 0.0)),
            covariance: covariance(100.0),
            velocity_covariance: Some(covariance(4.0)),
            status: TrackStatus::Confirmed,
            identity: Identity { address: Some(Address::Icao(7)), class: ObjectClass::Air, ..Identity::UNKNOWN },
        }
    }

    /// Source tracks with a counter of versions and all records that came of them.
    struct World {
        tracks: SourceTracks,
        version: u64,
        records: Vec<TrackRecord>,
    }

    impl World {
        fn new() -> Self {
            Self { tracks: SourceTracks::new(ORIGIN), version: 0, records: Vec::new() }
        }

        fn hear(&mut self, sensor: u16, track: &SourceTrack) {
            let (version, records) = (&mut self.version, &mut self.records);
            let mut next = || {
                *version += 1;
                Seq(*version)
            };
            let now = track.time;
            self.tracks.handle_track(SensorId(sensor), &reporter(), track, now, &mut next, &mut |r| records.push(r));
        }

        fn end(&mut self, number: u32, seconds: i64) {
            let (version, records) = (&mut self.version, &mut self.records);
            let mut next = || {
                *version += 1;
                Seq(*version)
            };
            let end = SourceTrackEnd { number, time: at(seconds) };
            self.tracks.handle_end(SensorId(0), end, &mut next, &mut |r| records.push(r));
        }

        fn wait(&mut self, seconds: i64) {
            let (version, records) = (&mut self.version, &mut self.records);
            let mut next = || {
                *version += 1;
                Seq(*version)
            };
            self.tracks.handle_timeout(&[reporter(), reporter()], at(seconds), &mut next, &mut |r| records.push(r));
        }
    }

    #[test]
    fn a_source_track_keeps_its_number_and_two_sensors_have_two() {
        let mut world = World::new();
        world.hear(0, &track(7, 0));
        world.hear(0, &track(7, 4));
        world.hear(1, &track(7, 4));
        let [first, second, other] = world.records.as_slice() else { panic!("three records") };
        assert_eq!((first.id, second.updates, second.status), (second.id, 2, Some(TrackStatus::Confirmed)));
        assert_ne!(other.id, first.id);
        assert!(first.source_track && first.sensors == ["sdps"] && first.version < second.version);
    }

    #[test]
    fn a_silent_one_coasts_with_a_growing_error_and_then_ends() {
        let mut world = World::new();
        world.hear(0, &track(7, 0));
        for seconds in 1..=31 {
            world.wait(seconds);
        }
        let coasted: Vec<_> = world.records.iter().filter(|r| r.status == Some(TrackStatus::Coasted)).collect();
        assert_eq!(coasted.len(), 20);
        let sigmas: Vec<_> = coasted.iter().map(|record| record.estimate.covariance.sigma(0)).collect();
        assert!(sigmas.is_sorted());
        // 100 + 4 t² + t³ / 3 after 11 s.
        assert!((sigmas[0] * sigmas[0] - (100.0 + 4.0 * 121.0 + 1331.0 / 3.0)).abs() < 1e-6);
        let moved = coasted[0].estimate.position.vector() - world.records[0].estimate.position.vector();
        assert!((moved.x - 110.0).abs() < 1e-6);
        let last = world.records.last().expect("an end");
        assert_eq!((last.status, world.tracks.len(), world.tracks.tally().aged), (None, 0, 1));
    }

    #[test]
    fn one_that_comes_back_from_coasting_is_the_same() {
        let mut world = World::new();
        world.hear(0, &track(7, 0));
        world.wait(20);
        world.hear(0, &track(7, 21));
        let statuses: Vec<_> = world.records.iter().filter_map(|record| record.status).collect();
        assert_eq!(statuses, [TrackStatus::Confirmed, TrackStatus::Coasted, TrackStatus::Confirmed]);
        assert!(world.records.iter().all(|record| record.id == world.records[0].id));
    }

    #[test]
    fn a_number_used_again_after_its_end_is_another_track() {
        let mut world = World::new();
        world.hear(0, &track(7, 0));
        world.end(7, 1);
        world.end(7, 1);
        world.hear(0, &track(7, 2));
        assert_eq!(world.records.iter().map(|record| record.status.is_some()).collect::<Vec<_>>(), [true, false, true]);
        assert_ne!(world.records[0].id, world.records[2].id);
    }

    #[test]
    fn what_is_late_or_not_believed_yet_is_counted_and_no_more() {
        let mut world = World::new();
        world.hear(0, &track(7, 4));
        world.hear(0, &track(7, 4));
        world.hear(0, &track(7, 3));
        world.hear(0, &SourceTrack { status: TrackStatus::Tentative, ..track(8, 4) });
        assert_eq!((world.records.len(), world.tracks.tally().late, world.tracks.tally().tentative), (1, 2, 1));
    }

    #[test]
    fn a_class_told_a_thousand_times_is_as_sure_as_told_once() {
        let mut world = World::new();
        (0..1000).for_each(|seconds| world.hear(0, &track(7, seconds)));
        let (first, last) = (&world.records[0].identity, &world.records[999].identity);
        assert_eq!((first.belief, first.address), (last.belief, last.address));
    }

    #[test]
    fn without_a_velocity_nothing_is_claimed_of_it() {
        let mut world = World::new();
        world.hear(0, &SourceTrack { velocity: None, ..track(7, 0) });
        let estimate = &world.records[0].estimate;
        assert!(estimate.velocity.speed().abs() < 1e-12 && (estimate.covariance.sigma(3) - 100.0).abs() < 1e-9);
    }

    #[test]
    fn a_full_table_ends_the_one_silent_for_longest_and_counts_it() {
        let mut world = World::new();
        world.hear(0, &track(0, -5));
        (1..=u32::try_from(SOURCE_TRACKS_MAX).expect("small")).for_each(|number| world.hear(0, &track(number, 0)));
        assert_eq!((world.tracks.len(), world.tracks.tally().displaced), (SOURCE_TRACKS_MAX, 1));
        let ended = world.records.iter().find(|record| record.status.is_none()).expect("one ended");
        assert_eq!(ended.id, world.records[0].id);
        let ids: std::collections::BTreeSet<_> = world.records.iter().map(|record| record.id).collect();
        assert_eq!(ids.len(), SOURCE_TRACKS_MAX + 1);
    }
}
