//! Late scans: nothing is lost while the buffer lasts, and little beyond it.
//!
//! Two radars look at twenty targets once a second each. Two scans of five come late, by 0.6 to 6 s. The picture is
//! scored every second at the time it is shown, so that lateness itself costs something even if nothing is lost; the
//! first row is free of it.

use fusion_core::frame::Position;
use fusion_core::measurement::{Measurement, Pose, Scan, SensorId};
use fusion_core::nalgebra::Vector3;
use fusion_core::sequencer::{Key, Sequencer};
use fusion_core::time::{Span, Timestamp};
use fusion_core::tracker::Tracker;

use crate::common::{Chance, Memory, PastMemory, fleet, past, radar, scan};
use crate::drive::{BEGIN, LIFETIME_S, NEW_PER_SCAN, Terms, sensor_for, shown_at, tracker_for};
use crate::options::Options;
use crate::score::{Scorer, Seen};
use crate::table::{Table, fixed};

const SECONDS: i64 = 120;
const TARGETS: u32 = 20;
const SEEDS: u64 = 5;
const TERMS: Terms = Terms {
    detection: 0.9,
    clutter_per_scan: 20.0,
    range_min_m: 0.0,
    range_max_m: 10_000.0,
    acceleration: 1.0,
    steady_acceleration: None,
    new_per_scan: NEW_PER_SCAN,
    lifetime_s: LIFETIME_S,
    velocity_sigma_m_s: 50.0,
    tracks: 256,
};
/// The whole delay, and shorter buffers than it takes.
const HORIZONS_S: [f64; 4] = [6.5, 4.0, 2.0, 0.5];

pub fn table(_: &Options) -> Table {
    let mut table = Table::new(
        "late",
        "40 % of scans late by 0.6 to 6 s: position error of what is shown",
        &["buffer s", "delay", "position rms m", "to 6.5 s", "GOSPA", "late", "refused", "the same bits"],
    );
    let recordings: Vec<Vec<Look>> = (1..=SEEDS).map(record).collect();
    let none = Outcome::of(HORIZONS_S[0], &recordings, false);
    let all: Vec<Outcome> = HORIZONS_S.iter().map(|&horizon_s| Outcome::of(horizon_s, &recordings, true)).collect();
    table.row(none.cells("none", &all[0]));
    all.iter().for_each(|outcome| table.row(outcome.cells("to 6 s", &all[0])));
    table.note("the same bits: instants at which all tracks equal those of a tracker that got the same scans in order");
    table
}

/// A scan, and when it comes.
struct Look {
    sensor: u16,
    time: Timestamp,
    comes: Timestamp,
    seen: Vec<Measurement>,
    /// The targets at the end of this second.
    truth: Vec<Seen>,
}

impl Look {
    fn scan(&self) -> Scan<'_> {
        let pose = Pose { origin: Position::from_vector(site(self.sensor)), ..Pose::AT_ORIGIN };
        Scan { pose, ..scan(SensorId(self.sensor), self.time, &self.seen) }
    }
}

/// Where a radar stands.
fn site(sensor: u16) -> Vector3<f64> {
    [Vector3::zeros(), Vector3::new(2_000.0, -1_000.0, 0.0)][usize::from(sensor)]
}

/// Two radars, half a second apart, at moving targets.
fn record(seed: u64) -> Vec<Look> {
    let mut chance = Chance::new(seed);
    let mut targets = fleet(TARGETS, 6_000.0, &mut chance);
    let mut looks = Vec::new();
    for half in 0..2 * SECONDS {
        let sensor = u16::from(half % 2 == 1);
        let time = BEGIN + Span::from_millis(500 * half);
        targets.iter_mut().for_each(|target| step(target, 0.5, &mut chance));
        let places: Vec<Vector3<f64>> = targets.iter().map(|(place, _)| place - site(sensor)).collect();
        let seen = radar(TERMS.clutter_per_scan, TERMS.range_max_m).look(&places, &mut chance);
        let late = if chance.uniform() < 0.4 { chance.between(0.6, 6.0) } else { 0.0 };
        let truth = (0..).zip(&targets).map(|(id, target)| ahead(id, target, 0.4)).collect();
        looks.push(Look { sensor, time, comes: time + Span::from_secs_f64(late), seen, truth });
    }
    looks
}

/// Nearly constant velocity over a step, acceleration held within it.
fn step((place, velocity): &mut (Vector3<f64>, Vector3<f64>), dt: f64, chance: &mut Chance) {
    let sigma = fusion_core::maths::sqrt(TERMS.acceleration / dt);
    let a = Vector3::new(sigma * chance.normal(), sigma * chance.normal(), 0.0);
    *place += *velocity * dt + a * (dt * dt / 2.0);
    *velocity += a * dt;
}

/// A target so many seconds later; x is north and y is east.
fn ahead(id: u64, (place, velocity): &(Vector3<f64>, Vector3<f64>), dt: f64) -> Seen {
    let later = place + velocity * dt;
    Seen { id, place: [later.y, later.x], velocity: [velocity.y, velocity.x] }
}

/// What came of all recordings with one buffer.
struct Outcome {
    horizon_s: f64,
    rms_m: f64,
    gospa_m: f64,
    late: u64,
    refused: u64,
    same: u64,
    compared: u64,
}

impl Outcome {
    fn of(horizon_s: f64, recordings: &[Vec<Look>], delayed: bool) -> Self {
        let mut outcome = Self { horizon_s, rms_m: 0.0, gospa_m: 0.0, late: 0, refused: 0, same: 0, compared: 0 };
        let mut scorer = Scorer::new(100.0);
        for looks in recordings {
            outcome.run(looks, delayed, &mut scorer);
        }
        let summary = scorer.summary();
        outcome.rms_m = summary.siap.position_rms_m.expect("tracks are shown");
        outcome.gospa_m = summary.gospa.mean_m.expect("frames were scored");
        outcome
    }

    /// Lets the scans come; scores the picture at the end of each second, and compares it every tenth.
    fn run(&mut self, looks: &[Look], delayed: bool, scorer: &mut Scorer) {
        let mut sequencer = sequencer(self.horizon_s);
        let sensor = sensor_for(&TERMS);
        let comes = |look: &Look| if delayed { look.comes } else { look.time };
        let mut arrivals: Vec<&Look> = looks.iter().collect();
        arrivals.sort_by_key(|look| (comes(look), look.time));
        let mut waiting = arrivals.iter().copied().peekable();
        for second in 0..SECONDS {
            let now = BEGIN + Span::from_millis(1_000 * second + 900);
            while let Some(look) = waiting.next_if(|look| comes(look) <= now) {
                self.refused += u64::from(sequencer.handle_scan(&look.scan(), &sensor).is_err());
            }
            let shown = shown_at(sequencer.tracker(), &sensor, now);
            let last = looks.iter().rfind(|look| look.time <= now).expect("there was one");
            scorer.handle(&last.truth, &shown);
            if second % 10 == 9 {
                let came: Vec<&Look> = arrivals.iter().copied().filter(|look| comes(look) <= now).collect();
                self.compared += 1;
                self.same += u64::from(sequencer.tracks().eq(in_order(came).tracks()));
            }
        }
        self.late += sequencer.tally().scans_late;
    }

    fn cells(&self, delay: &str, full: &Self) -> [String; 8] {
        [
            fixed(self.horizon_s, 1),
            delay.to_owned(),
            fixed(self.rms_m, 2),
            fixed(self.rms_m / full.rms_m, 3),
            fixed(self.gospa_m, 1),
            self.late.to_string(),
            self.refused.to_string(),
            format!("{} of {}", self.same, self.compared),
        ]
    }
}

fn sequencer(horizon_s: f64) -> Sequencer<Memory, PastMemory> {
    let memory = past(TERMS.tracks, 64, 4_096, 4);
    Sequencer::new(tracker_for(&TERMS), Span::from_secs_f64(horizon_s), memory)
}

/// A tracker that gets the same scans in the order of their times.
fn in_order(mut looks: Vec<&Look>) -> Tracker<Memory> {
    let (mut tracker, sensor) = (tracker_for(&TERMS), sensor_for(&TERMS));
    looks.sort_by_key(|look| Key::of(&look.scan()));
    for look in looks {
        tracker.handle_scan(&look.scan(), &sensor).expect("in order");
    }
    tracker
}
