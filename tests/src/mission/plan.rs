//! What befalls a mission, from a seed: its scene and links, and everything that goes wrong.

use fusion_core::time::Span;
use proto::replica::ReplicaConfig;

use super::against::{self, Figures};
use super::scene::{Scene, Size};
use super::{Mission, oracle};
use crate::world::channel::Quality;
use crate::world::fault::{Fault, Faults, Moment, edges};
use crate::world::random::Random;
use crate::world::realm::Log;
use crate::world::resident::Resident;
use crate::world::seeds::Outcome;

/// What came of a mission, beside what comes of every world.
#[derive(Clone, Debug)]
pub struct Report {
    /// What comes of every world.
    pub outcome: Outcome,
    /// Lines of bearing of others that nodes heard.
    pub heard: u64,
    /// Tracks of their own that nodes numbered.
    pub numbers: usize,
    /// Entries that came back to a picture after they went.
    pub returned: u64,
    /// Of each node, where nothing goes wrong.
    pub figures: Vec<Figures>,
    /// Things that move in its scene.
    targets: usize,
}

impl Report {
    /// Objects that were seen and judged: no more than there are, nor than any node had tracks.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a few")]
    pub fn objects(&self) -> f64 {
        self.figures.iter().map(|figures| figures.tracks).fold(0.0, f64::max).min(self.targets as f64)
    }
}

/// After the last fault everybody must hold the same within so long.
const REST: Span = Span::from_secs(200);

/// In missions where nothing goes wrong, pictures are judged from here on.
const JUDGED_FROM: Span = Span::from_secs(35);
/// After the faults have ended, sensors are heard so much longer.
const SETTLE: Span = Span::from_secs(12);

/// Whether nothing goes wrong in the mission of a seed: then its pictures are judged by the truth.
#[must_use]
pub const fn is_calm(seed: u64) -> bool {
    seed.is_multiple_of(3)
}

/// How large a mission is, and how long it lasts before its faults end, seconds: most are small and short, some are
/// neither.
fn size(random: &mut Random) -> (Size, f64) {
    match random.below(20) {
        0 => (Size { nodes: 4 + random.index(3), sensors: 2, targets: 4 + random.index(5) }, 180.0),
        1 | 2 => (Size { nodes: 2 + random.index(3), sensors: 2, targets: 3 + random.index(4) }, 90.0),
        _ => (Size { nodes: 2 + random.index(3), sensors: 1, targets: 2 + random.index(2) }, 50.0),
    }
}

/// Runs the mission of a seed to its rest and judges it.
#[must_use]
pub fn run(seed: u64, log: Option<Log>) -> Report {
    let mut random = Random::new(seed);
    let calm = is_calm(seed);
    let (size, duration) = size(&mut random);
    let scene = Scene::draw(size, duration + 60.0, &mut random);
    let sensors = scene.scenario.sensors.len();
    let edges = edges(size.nodes, 0.4, &mut random);
    let faults = if calm { Faults::new() } else { faults(duration, size.nodes, sensors, &edges, &mut random) };
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
        against::run(&mut mission, JUDGED_FROM, Span::from_secs_f64(duration))
    } else {
        mission.run_until(Span::from_secs_f64(duration));
        mission.end_faults(0.2);
        Vec::new()
    };
    mission.stage.delays.fill(Span::ZERO);
    let settled = mission.now + SETTLE;
    mission.run_until(settled);
    mission.stage.sensing = false;
    let rest = mission.come_to_rest(Span::from_secs(2), REST, |mission| oracle::difference(mission).is_none());
    judge(mission, rest, figures, size.targets)
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
    for station in &mut mission.nodes {
        station.site.clock_offset = Span::from_secs_f64(random.between(-1.0, 1.0));
        station.site.drift = random.between(-50e-6, 50e-6);
    }
}

fn faults(duration: f64, nodes: usize, sensors: usize, edges: &[(usize, usize)], random: &mut Random) -> Faults {
    let mut faults = Faults::new();
    let mut moment = Moment { at_s: random.exponential(6.0), end_s: duration };
    while moment.at_s < duration {
        let (node, sensor) = (random.index(nodes), random.index(sensors));
        let (a, b) = edges[random.index(edges.len())];
        match random.below(10) {
            0..=3 => faults.extend(moment.cut(a, b, 20.0, random)),
            4 | 5 => faults.extend(moment.one_way(a, b, 15.0, random)),
            6 => faults.extend(moment.reboot(node, 6.0, random)),
            7 => faults.extend(step(&moment, node, random)),
            _ => {
                faults.push((moment.now(), Fault::Delay { sensor, delay_s: random.between(0.2, 2.5) }));
                faults.push((moment.until(20.0, random), Fault::Delay { sensor, delay_s: 0.0 }));
            }
        }
        moment.at_s += random.exponential(5.0);
    }
    faults
}

/// A clock is set: forwards the node goes on, back it ends, as the daemon does.
fn step(moment: &Moment, node: usize, random: &mut Random) -> Faults {
    let offset_s = random.between(-20.0, 20.0);
    if offset_s > 1.0 {
        return vec![(moment.now(), Fault::Clock { node, offset_s })];
    }
    moment.reset_clock(node, offset_s)
}

fn judge(mut mission: Mission, rest: Option<f64>, figures: Vec<Figures>, targets: usize) -> Report {
    mission.look();
    let mut found = core::mem::take(&mut mission.found);
    if rest.is_none() {
        found.push("never came to rest".to_owned());
        found.extend(oracle::difference(&mission));
        found.extend(mission.state());
    }
    let (stations, channels) = (&mission.nodes, mission.channels.values());
    let outcome = Outcome {
        found,
        rest_s: rest.unwrap_or(f64::INFINITY),
        packets: channels.clone().map(|channel| channel.packets).sum(),
        octets: channels.map(|channel| channel.octets).sum(),
        digest: digest(&mission),
        ..Outcome::default()
    };
    Report {
        outcome,
        heard: stations.iter().map(|station| station.ledger.heard).sum(),
        numbers: stations.iter().map(|station| station.ledger.numbers()).sum(),
        returned: stations.iter().map(|station| station.ledger.returned).sum(),
        figures,
        targets,
    }
}

fn digest(mission: &Mission) -> u64 {
    let mut digest = proto::codec::FNV_BASIS;
    for station in &mission.nodes {
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
