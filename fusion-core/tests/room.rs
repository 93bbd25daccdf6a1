//! Lent memory that is reached little by little gives the same bits as memory that lies there whole.

mod common;

use common::{Chance, ORIGIN, Radar, bearing, memory, past, radar, scan, sensor_model};
use fusion_core::frame::Position;
use fusion_core::measurement::{Coverage, Measurement, Pose, Scan, SensorId};
use fusion_core::nalgebra::Vector3;
use fusion_core::room::Room;
use fusion_core::sensor::SensorModel;
use fusion_core::sequencer::{Sequencer, SequencerBuffers, SequencerMemory};
use fusion_core::time::{Span, Timestamp};
use fusion_core::tracker::{Buffers, Tracker, TrackerConfig, TrackerMemory};
use proptest::prelude::*;

/// What of a whole was reached: not one place more than was asked for.
struct Reached<T> {
    whole: Vec<T>,
    reached: usize,
}

impl<T> Room<T> for Reached<T> {
    fn bound(&self) -> usize {
        self.whole.len()
    }

    fn reaching(&mut self, places: usize) -> &mut [T] {
        self.reached = self.reached.max(places.min(self.whole.len()));
        &mut self.whole[..self.reached]
    }

    fn reached(&self) -> &[T] {
        &self.whole[..self.reached]
    }
}

const fn little_by_little<T>(whole: Vec<T>) -> Reached<T> {
    Reached { whole, reached: 0 }
}

fn reached_memory(tracks: usize) -> impl TrackerMemory {
    let whole = memory(tracks, 64);
    Buffers {
        slots: little_by_little(whole.slots),
        modes: little_by_little(whole.modes),
        rows: whole.rows,
        columns: whole.columns,
        plots: whole.plots,
        addressed: whole.addressed,
        edges: whole.edges,
        probabilities: whole.probabilities,
        reals: whole.reals,
        words: whole.words,
        trail: whole.trail,
    }
}

fn reached_past(tracks: usize, scans: usize, copies: usize) -> impl SequencerMemory {
    let whole = past(tracks, scans, 2_048, copies);
    SequencerBuffers {
        scans: little_by_little(whole.scans),
        pieces: whole.pieces,
        measurements: little_by_little(whole.measurements),
        copies: whole.copies.into_iter().map(little_by_little).collect(),
        besides: whole.besides.into_iter().map(little_by_little).collect(),
    }
}

/// A look and when it is heard.
struct Heard {
    arrival: Timestamp,
    sensor: SensorId,
    model: SensorModel,
    pose: Pose,
    time: Timestamp,
    coverage: Coverage,
    seen: Vec<Measurement>,
}

/// A radar in clutter and a direction finder, of targets that come one after the other and go again; each look is late
/// by chance.
fn heard(seed: u64, delay_max_s: f64) -> Vec<Heard> {
    let (mut chance, begin) = (Chance::new(seed), Timestamp::from_secs(1_700_000_000));
    let targets = common::fleet(12, 6_000.0, &mut chance);
    let (radar, finder) = (radar(4.0, 6_000.0), Vector3::new(3_000.0, -500.0, 0.0));
    let mut looks = Vec::new();
    for second in 0..30_u32 {
        let present = targets.iter().zip(0..).filter(|(_, k)| (*k..*k + 18).contains(&second));
        let places: Vec<Vector3<f64>> = present.map(|((place, v), _)| place + v * f64::from(second)).collect();
        let time = begin + Span::from_secs(second.into());
        let late = |chance: &mut Chance| Span::from_secs_f64(delay_max_s * chance.uniform());
        let Radar { sensor, model, .. } = radar;
        let seen = radar.look(&places, &mut chance);
        let arrival = time + late(&mut chance);
        looks.push(Heard { arrival, sensor, model, pose: Pose::AT_ORIGIN, time, coverage: Coverage::Full, seen });
        let mut off = || 50.0 * chance.normal();
        let heard = places.iter().step_by(4).map(|place| place + Vector3::new(off(), off(), 0.0));
        let seen = heard.map(|place| bearing(&place, &finder, 0.01)).collect();
        let (time, arrival) = (time + Span::from_millis(300), time + late(&mut chance));
        let pose = Pose { origin: Position::from_vector(finder), ..Pose::AT_ORIGIN };
        let (sensor, model) = (SensorId(1), sensor_model(0.5, 20_000.0));
        looks.push(Heard { arrival, sensor, model, pose, time, coverage: Coverage::Reports, seen });
    }
    looks.sort_by_key(|look| (look.arrival, look.time));
    looks
}

/// Every bit of the tracks after each look, and all that was counted.
fn told(memory: impl TrackerMemory, past: impl SequencerMemory, looks: &[Heard]) -> (Vec<String>, bool) {
    let tracker = Tracker::new(ORIGIN, TrackerConfig::default(), memory);
    let mut sequencer = Sequencer::new(tracker, Span::from_secs(3), past);
    let mut told = Vec::new();
    for look in looks {
        let plain = scan(look.sensor, look.time, &look.seen);
        let judged = sequencer
            .handle_scan(&Scan { pose: look.pose, coverage: look.coverage, ..plain }, &look.model)
            .map_err(|error| error.to_string())
            .map(drop);
        sequencer.handle_timeout(look.arrival + Span::from_secs(1));
        told.push(format!("{judged:?} {:?}", sequencer.tracks().collect::<Vec<_>>()));
    }
    let tally = sequencer.tracker_tally();
    told.push(format!("{tally:?} {:?}", sequencer.tally()));
    (told, tally.tracks_table_full > 0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 64, ..ProptestConfig::default() })]

    #[test]
    fn memory_that_is_reached_little_by_little_gives_the_same_bits(
        seed in any::<u64>(),
        tracks in 8_usize..200,
        scans in 6_usize..64,
        copies in 2_usize..9,
        delay_max_s in 0.0..5.0,
    ) {
        let looks = heard(seed, delay_max_s);
        let (whole, _) = told(memory(tracks, 64), past(tracks, scans, 2_048, copies), &looks);
        let (reached, _) = told(reached_memory(tracks), reached_past(tracks, scans, copies), &looks);
        prop_assert_eq!(reached, whole);
    }
}

#[test]
fn what_is_compared_fills_a_small_table_and_leaves_a_large_one_room() {
    let looks = heard(1, 2.0);
    let full = [8, 400].map(|tracks| told(memory(tracks, 64), past(tracks, 64, 2_048, 4), &looks).1);
    assert_eq!(full, [true, false]);
}
