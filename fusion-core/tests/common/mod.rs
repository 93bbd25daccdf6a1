//! What the tests of the tracker share: memory from the heap, chance from a seed, and a simulated radar.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

use core::f64::consts::{PI, TAU};

use fusion_core::association::Edge;
use fusion_core::association::gate::Plot;
use fusion_core::frame::{Enu, Position};
use fusion_core::gaussian::Covariance;
use fusion_core::identity::Identity;
use fusion_core::label::Label;
use fusion_core::maths::{atan2, cos, hypot, ln, sin, sqrt};
use fusion_core::measurement::{Coverage, Measurement, Observation, Pose, Reading, Scan, SensorId};
use fusion_core::nalgebra::{Vector2, Vector3};
use fusion_core::sensor::{FieldOfView, SensorModel};
use fusion_core::sequencer::{HeldScan, Piece, SequencerBuffers, SequencerSizes, blank_measurement};
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{ModeSlot, NodeId, Origin, Slot, SlotCopy};
use fusion_core::tracker::{Addressed, Buffers, Column, Row, Sizes};
use fusion_core::trail::Entry;

pub type Memory = Buffers<
    Vec<Slot>,
    Vec<ModeSlot>,
    Vec<Row>,
    Vec<Column>,
    Vec<Plot>,
    Vec<Addressed>,
    Vec<Edge>,
    Vec<f64>,
    Vec<u32>,
    Vec<Entry>,
>;

pub fn memory(tracks: usize, measurements: usize) -> Memory {
    let sizes = Sizes::new(tracks, measurements);
    Buffers {
        slots: vec![Slot::EMPTY; sizes.tracks],
        modes: vec![ModeSlot::EMPTY; sizes.tracks],
        rows: vec![Row::EMPTY; sizes.tracks],
        columns: vec![Column::EMPTY; sizes.measurements],
        plots: vec![Plot::EMPTY; sizes.measurements],
        addressed: vec![Addressed::EMPTY; sizes.measurements],
        edges: vec![Edge { row: 0, column: 0, weight: 0.0 }; sizes.edges],
        probabilities: vec![0.0; sizes.probabilities],
        reals: vec![0.0; sizes.reals],
        words: vec![0; sizes.words],
        trail: Vec::new(),
    }
}

/// The same with a trail of so many entries.
pub fn memory_with_trail(tracks: usize, measurements: usize, entries: usize) -> Memory {
    Memory { trail: vec![Entry::EMPTY; entries], ..memory(tracks, measurements) }
}

pub type PastMemory = SequencerBuffers<Vec<HeldScan>, Vec<Piece>, Vec<Measurement>, Vec<SlotCopy>, Vec<u64>>;

pub fn past(tracks: usize, scans: usize, measurements: usize, copies: usize) -> PastMemory {
    let sizes = SequencerSizes::new(tracks, scans, measurements, copies);
    SequencerBuffers {
        scans: vec![HeldScan::EMPTY; sizes.scans],
        pieces: vec![Piece::EMPTY; sizes.scans],
        measurements: vec![blank_measurement(); sizes.measurements],
        copies: (0..sizes.copies).map(|_| vec![SlotCopy::EMPTY; sizes.tracks]).collect(),
        besides: (0..sizes.besides).map(|_| vec![0; sizes.words]).collect(),
    }
}

pub const ORIGIN: Origin = Origin { node: NodeId(1), incarnation: 1 };

/// Chance from a seed: a 64-bit linear congruential generator (Knuth's MMIX constants), high bits used.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        let mut chance = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03);
        chance.uniform();
        chance
    }

    /// In [0, 1).
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 32).expect("32 bits")) / 4_294_967_296.0
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Standard normal, by Box and Muller.
    pub fn normal(&mut self) -> f64 {
        let radius = sqrt(-2.0 * ln(1.0 - self.uniform()));
        radius * cos(TAU * self.uniform())
    }

    /// Poisson, by Knuth's product.
    pub fn poisson(&mut self, mean: f64) -> u32 {
        let (limit, mut product, mut count) = (fusion_core::maths::exp(-mean), self.uniform(), 0);
        while product > limit {
            product *= self.uniform();
            count += 1;
        }
        count
    }

    /// An index below `length`.
    pub fn index(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).expect("a length fits 64 bits");
        let draw = (self.uniform() * 4_294_967_296.0).to_bits() >> 20;
        usize::try_from(draw % length).expect("smaller than a length")
    }

    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            things.swap(last, self.index(last + 1));
        }
    }
}

/// A radar at the node's origin that sees range and azimuth, with even clutter in both.
#[derive(Clone, Copy)]
pub struct Radar {
    pub sigma_range_m: f64,
    pub sigma_azimuth: f64,
    pub model: SensorModel,
    pub sensor: SensorId,
}

pub fn radar(clutter_per_scan: f64, range_max_m: f64) -> Radar {
    Radar {
        sigma_range_m: 10.0,
        sigma_azimuth: 0.2_f64.to_radians(),
        model: sensor_model(clutter_per_scan, range_max_m),
        sensor: SensorId(0),
    }
}

pub fn sensor_model(clutter_per_scan: f64, range_max_m: f64) -> SensorModel {
    SensorModel {
        detection: 0.9,
        clutter_per_scan,
        field_of_view: FieldOfView {
            range_max_m,
            height_span_m: 10_000.0,
            elevation_min_rad: 0.0,
            elevation_max_rad: 1.0,
            speed_span_m_s: 600.0,
            ..FieldOfView::WIDE
        },
        period: Span::from_secs(1),
        label: Label::STRICTEST,
        ..SensorModel::PLAIN
    }
}

impl Radar {
    pub fn measurement(&self, range: f64, azimuth: f64) -> Measurement {
        let noise = Covariance::from_sigmas(&Vector2::new(self.sigma_range_m, self.sigma_azimuth)).expect("positive");
        let observation = Observation::RangeBearing(Reading { z: Vector2::new(range, azimuth), noise });
        Measurement { observation, identity: Identity::UNKNOWN }
    }

    /// Sees a target on the ground with noise, certainly.
    pub fn see(&self, target: &Vector3<f64>, chance: &mut Chance) -> Measurement {
        let range = target.norm() + self.sigma_range_m * chance.normal();
        let azimuth = atan2(target.x, target.y) + self.sigma_azimuth * chance.normal();
        self.measurement(range, azimuth)
    }

    /// One look: targets by chance, clutter by chance.
    pub fn look(&self, targets: &[Vector3<f64>], chance: &mut Chance) -> Vec<Measurement> {
        let mut seen = Vec::new();
        for target in targets {
            if chance.uniform() < self.model.detection {
                seen.push(self.see(target, chance));
            }
        }
        for _ in 0..chance.poisson(self.model.clutter_per_scan) {
            let range = chance.between(1.0, self.model.field_of_view.range_max_m);
            seen.push(self.measurement(range, chance.between(-PI, PI)));
        }
        seen
    }
}

/// A scan at the origin with full coverage.
pub fn scan(sensor: SensorId, time: Timestamp, measurements: &[Measurement]) -> Scan<'_> {
    Scan {
        sensor,
        pose: Pose::AT_ORIGIN,
        time,
        sequence: u64::try_from(time.as_millis()).unwrap_or(0),
        label: Label::STRICTEST,
        coverage: Coverage::Full,
        measurements,
    }
}

/// A position fix with one sigma on all axes.
pub fn fix(position: Position<Enu>, sigma: f64) -> Measurement {
    let noise = Covariance::from_sigmas(&Vector3::repeat(sigma)).expect("positive");
    Measurement {
        observation: Observation::Position(Reading { z: *position.vector(), noise }),
        identity: Identity::UNKNOWN,
    }
}

/// A line of bearing of a place, without noise.
pub fn bearing(place: &Vector3<f64>, from: &Vector3<f64>, sigma: f64) -> Measurement {
    let way = place - from;
    let noise = Covariance::from_sigmas(&[sigma].into()).expect("positive");
    let observation = Observation::Bearing(Reading { z: [atan2(way.x, way.y)].into(), noise });
    Measurement { observation, identity: Identity::UNKNOWN }
}

/// Targets on a regular grid, flying in all directions, for timing.
pub fn fleet(count: u32, range_max_m: f64, chance: &mut Chance) -> Vec<(Vector3<f64>, Vector3<f64>)> {
    (0..count)
        .map(|_| {
            let (azimuth, range) = (chance.between(-PI, PI), range_max_m * sqrt(chance.between(0.06, 0.64)));
            let (course, speed) = (chance.between(-PI, PI), chance.between(15.0, 80.0));
            let place = Vector3::new(range * sin(azimuth), range * cos(azimuth), 0.0);
            (place, Vector3::new(speed * sin(course), speed * cos(course), 0.0))
        })
        .collect()
}

pub fn horizontal_distance(a: &Vector3<f64>, b: &Vector3<f64>) -> f64 {
    hypot(a.x - b.x, a.y - b.y)
}
