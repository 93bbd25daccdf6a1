//! What befalls a mission, from a seed: its scene and links, and everything that goes wrong.

use fusion_core::time::Span;
use proto::replica::ReplicaConfig;

use super::against::{self, Figures};
use super::scene::Scene;
use super::{Mission, oracle};
use crate::world::channel::Quality;
use crate::world::random::Random;

/// Something that happens to a mission.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// A direction of a link carries nothing from now on.
    Cut {
        /// From here.
        from: usize,
        /// To there.
        to: usize,
    },
    /// It carries again.
    Heal {
        /// From here.
        from: usize,
        /// To there.
        to: usize,
    },
    /// A node's carrier tells it that a link is down.
    Lower {
        /// Which node.
        node: usize,
        /// The link to this one.
        to: usize,
    },
    /// A node's carrier tells it that a link is up.
    Raise {
        /// Which node.
        node: usize,
        /// The link to this one.
        to: usize,
    },
    /// A node stops.
    Stop {
        /// Which.
        node: usize,
        /// Whether its disk survives.
        keep_disk: bool,
    },
    /// It starts again.
    Start {
        /// Which.
        node: usize,
    },
    /// A node's clock is set.
    Clock {
        /// Which.
        node: usize,
        /// So far ahead.
        offset_s: f64,
    },
    /// The line of a sensor takes so long from now on.
    Delay {
        /// Which sensor of the scenario.
        sensor: usize,
        /// How long.
        delay_s: f64,
    },
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was found.
    pub found: Vec<String>,
    /// How long after the last fault everybody held the same, seconds.
    pub rest_s: f64,
    /// Packets sent.
    pub packets: u64,
    /// Lines of bearing of others that nodes heard.
    pub heard: u64,
    /// Tracks of their own that nodes numbered.
    pub numbers: usize,
    /// Entries that came back to a picture after they went.
    pub returned: u64,
    /// Of each node, where nothing goes wrong.
    pub figures: Vec<Figures>,
    /// A digest of everything that is held at the end: the same for the same seed.
    pub digest: u64,
}

/// After the last fault everybody must hold the same within so long.
const REST: Span = Span::from_secs(200);

/// How long a mission lasts before its faults end, seconds.
const DURATION_S: f64 = 70.0;
/// In missions where nothing goes wrong, pictures are judged from here on.
const JUDGED_FROM: Span = Span::from_secs(35);
/// After the faults have ended, sensors are heard so much longer.
const SETTLE: Span = Span::from_secs(12);

/// Whether nothing goes wrong in the mission of a seed: then its pictures are judged by the truth.
#[must_use]
pub const fn is_calm(seed: u64) -> bool {
    seed.is_multiple_of(3)
}

/// Runs the mission of a seed to its rest and judges it.
#[must_use]
pub fn run(seed: u64, log: Option<Box<dyn FnMut(String)>>) -> Outcome {
    let mut random = Random::new(seed);
    let calm = is_calm(seed);
    let nodes = 2 + random.index(3);
    let scene = Scene::draw(nodes, DURATION_S + 60.0, &mut random);
    let sensors = scene.scenario.sensors.len();
    let edges = edges(nodes, &mut random);
    let faults = if calm { Vec::new() } else { faults(nodes, sensors, &edges, &mut random) };
    let config = ReplicaConfig { refine: random.chance(0.3), journal: random.chance(0.6), ..ReplicaConfig::default() };
    let mut mission = Mission::new(scene, config, faults, random.clone());
    mission.log = log;
    for &(a, b) in &edges {
        let (quality, mtu) = quality(calm, &mut random);
        mission.tell(|| format!("link n{a}–n{b}: {quality:?}, packets of {mtu}"));
        mission.link(a, b, quality, mtu);
    }
    if !calm {
        wrong_clocks(&mut mission, &mut random);
    }
    let figures = if calm {
        against::run(&mut mission, JUDGED_FROM, Span::from_secs_f64(DURATION_S))
    } else {
        mission.run_until(Span::from_secs_f64(DURATION_S));
        end_faults(&mut mission);
        Vec::new()
    };
    let settled = mission.now + SETTLE;
    mission.run_until(settled);
    mission.sensing = false;
    let rest = come_to_rest(&mut mission);
    judge(mission, rest, figures)
}

fn edges(nodes: usize, random: &mut Random) -> Vec<(usize, usize)> {
    let mut edges: Vec<(usize, usize)> = (1..nodes).map(|k| (random.index(k), k)).collect();
    for a in 0..nodes {
        for b in a + 1..nodes {
            if !edges.contains(&(a, b)) && random.chance(0.4) {
                edges.push((a, b));
            }
        }
    }
    edges
}

fn quality(calm: bool, random: &mut Random) -> (Quality, usize) {
    let rate = [9600.0, 64_000.0, 1e6][random.index(3)];
    let mut quality = Quality {
        rate,
        queue: rate / 8.0 * 2.0,
        delay_s: random.between(0.002, 0.2),
        jitter_s: 0.0,
        loss: random.between(0.0, 0.1),
        burst: 1.0,
        doubled: 0.0,
        damaged: 0.0,
        overhead: 41.0,
    };
    if !calm {
        quality.jitter_s = random.between(0.0, 0.4);
        quality.loss = random.between(0.0, 0.3);
        quality.burst = random.between(1.0, 6.0);
        quality.doubled = 0.03;
        quality.damaged = 0.02;
    }
    (quality, [300, 600, 1400][random.index(3)])
}

fn wrong_clocks(mission: &mut Mission, random: &mut Random) {
    for station in &mut mission.stations {
        station.clock_offset = Span::from_secs_f64(random.between(-1.0, 1.0));
        station.drift = random.between(-50e-6, 50e-6);
    }
}

fn faults(nodes: usize, sensors: usize, edges: &[(usize, usize)], random: &mut Random) -> Vec<(Span, Fault)> {
    let mut faults = Vec::new();
    let mut at = random.exponential(6.0);
    while at < DURATION_S {
        let now = Span::from_secs_f64(at);
        let until = |random: &mut Random, mean| Span::from_secs_f64((at + random.exponential(mean)).min(DURATION_S));
        let (node, sensor) = (random.index(nodes), random.index(sensors));
        let (a, b) = edges[random.index(edges.len())];
        match random.below(10) {
            0..=3 => faults.extend(cut(a, b, now, until(random, 20.0), random)),
            4 | 5 => {
                let (from, to) = if random.chance(0.5) { (a, b) } else { (b, a) };
                faults.push((now, Fault::Cut { from, to }));
                faults.push((until(random, 15.0), Fault::Heal { from, to }));
            }
            6 => {
                faults.push((now, Fault::Stop { node, keep_disk: random.chance(0.5) }));
                faults.push((until(random, 6.0), Fault::Start { node }));
            }
            7 => faults.extend(step(node, now, random)),
            _ => {
                faults.push((now, Fault::Delay { sensor, delay_s: random.between(0.2, 2.5) }));
                faults.push((until(random, 20.0), Fault::Delay { sensor, delay_s: 0.0 }));
            }
        }
        at += random.exponential(5.0);
    }
    faults
}

/// A whole cut, of which the carriers may know or not.
fn cut(a: usize, b: usize, now: Span, end: Span, random: &mut Random) -> Vec<(Span, Fault)> {
    let mut faults = Vec::new();
    for (from, to) in [(a, b), (b, a)] {
        faults.push((now, Fault::Cut { from, to }));
        faults.push((end, Fault::Heal { from, to }));
        if random.chance(0.6) {
            let noticed = now + Span::from_secs_f64(random.between(0.1, 10.0));
            faults.push((noticed.min(end), Fault::Lower { node: from, to }));
            faults.push((end, Fault::Raise { node: from, to }));
        }
    }
    faults
}

/// A clock is set: forwards or a little back the node goes on, further back it ends, as the daemon does.
fn step(node: usize, now: Span, random: &mut Random) -> Vec<(Span, Fault)> {
    let offset_s = random.between(-20.0, 20.0);
    let set = (now, Fault::Clock { node, offset_s });
    if offset_s > 1.0 {
        return vec![set];
    }
    let again = now + Span::from_millis(1500);
    vec![(now, Fault::Stop { node, keep_disk: true }), set, (again, Fault::Start { node })]
}

/// Ends all faults: everything runs, every link carries, every clock is nearly right.
fn end_faults(mission: &mut Mission) {
    for node in 0..mission.stations.len() {
        if mission.stations[node].clock_offset.abs() > Span::from_secs(3) {
            mission.inflict(Fault::Stop { node, keep_disk: true });
            mission.inflict(Fault::Clock { node, offset_s: 0.2 });
        }
        mission.inflict(Fault::Start { node });
    }
    for sensor in 0..mission.delays.len() {
        mission.delays[sensor] = Span::ZERO;
    }
    let channels: Vec<(usize, usize)> = mission.channels.keys().copied().collect();
    for (from, to) in channels {
        mission.inflict(Fault::Heal { from, to });
        mission.inflict(Fault::Lower { node: from, to });
        mission.inflict(Fault::Raise { node: from, to });
    }
}

/// Runs until everybody holds and shows the same; after how long.
fn come_to_rest(mission: &mut Mission) -> Option<f64> {
    let from = mission.now;
    while mission.now - from < REST {
        mission.run_until(mission.now + Span::from_secs(2));
        if oracle::difference(mission).is_none() {
            return Some((mission.now - from).as_secs_f64());
        }
    }
    None
}

fn judge(mut mission: Mission, rest: Option<f64>, figures: Vec<Figures>) -> Outcome {
    oracle::look(&mut mission);
    let mut found = core::mem::take(&mut mission.found);
    if rest.is_none() {
        found.push("never came to rest".to_owned());
        found.extend(oracle::difference(&mission));
        found.extend(oracle::state(&mission));
    }
    let stations = &mission.stations;
    Outcome {
        found,
        rest_s: rest.unwrap_or(f64::INFINITY),
        packets: mission.channels.values().map(|channel| channel.packets).sum(),
        heard: stations.iter().map(|station| station.ledger.heard).sum(),
        numbers: stations.iter().map(|station| station.ledger.numbers()).sum(),
        returned: stations.iter().map(|station| station.ledger.returned).sum(),
        figures,
        digest: digest(&mission),
    }
}

fn digest(mission: &Mission) -> u64 {
    let mut digest = proto::codec::FNV_BASIS;
    for station in &mission.stations {
        let streams = station.replica().into_iter().flat_map(|replica| replica.table().streams());
        for (_, stream) in streams {
            digest = proto::codec::fnv1a(digest, &stream.hash.to_le_bytes());
        }
        for track in station.picture() {
            digest = proto::codec::fnv1a(digest, &track.id().number.0.to_le_bytes());
            digest = proto::codec::fnv1a(digest, &track.record.estimate.position.vector().x.to_bits().to_le_bytes());
        }
    }
    digest
}
