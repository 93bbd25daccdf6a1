//! What befalls a world, from a seed: its nodes and links, and everything that goes wrong.

use std::collections::VecDeque;

use fusion_core::time::Span;
use proto::replica::ReplicaConfig;

use super::channel::Quality;
use super::node::SimNode;
use super::oracle;
use super::random::Random;
use super::{World, tracks};

/// Something that happens to a world.
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
    /// A node finds a track.
    Found {
        /// Which node.
        node: usize,
        /// Whether only some may know.
        close: bool,
    },
    /// A node's track ends.
    End {
        /// Which node.
        node: usize,
    },
    /// A node's track may be seen by others than before.
    Relabel {
        /// Which node.
        node: usize,
    },
}

/// What befalls a world, in the order of time.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// When, what.
    pub faults: VecDeque<(Span, Fault)>,
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
    /// Octets sent.
    pub octets: f64,
    /// A digest of everything that is held at the end: the same for the same seed.
    pub digest: u64,
}

/// After the last fault everybody must hold the same within so long.
const REST: Span = Span::from_secs(600);

/// Runs the world of a seed to its rest and judges it.
#[must_use]
pub fn run(seed: u64, log: Option<Box<dyn FnMut(String)>>) -> Outcome {
    let mut random = Random::new(seed);
    let (nodes, edges) = shape(&mut random);
    let duration = random.between(60.0, 240.0);
    let plan = plan(nodes.len(), &edges, duration, &mut random);
    let mut world = World::new(nodes, plan, random.clone(), true);
    world.log = log;
    for &(a, b) in &edges {
        let (quality, mtu) = quality(&mut random);
        world.tell(|| format!("link n{a}–n{b}: {quality:?}, packets of {mtu}"));
        world.link(a, b, quality, mtu);
    }
    world.run_until(Span::from_secs_f64(duration));
    calm(&mut world);
    let rest = come_to_rest(&mut world);
    judge(world, rest)
}

fn shape(random: &mut Random) -> (Vec<SimNode>, Vec<(usize, usize)>) {
    let count = 2 + random.index(5);
    let nodes = (0..count).map(|k| {
        let config = ReplicaConfig {
            refine: random.chance(0.3),
            journal: random.chance(0.5),
            rows_max: if random.chance(0.05) { 40 } else { 65_536 },
            ..ReplicaConfig::default()
        };
        let mut node = SimNode::new(k, random.chance(0.7), config);
        node.clock_offset = Span::from_secs_f64(random.between(-2.0, 2.0));
        node.drift = random.between(-50e-6, 50e-6);
        node.layer = u8::from(random.chance(0.5));
        node.hint = if random.chance(0.7) { 1.0 } else { random.between(0.2, 4.0) };
        (0..random.index(12)).for_each(|_| node.found(Span::ZERO, random.chance(0.3), random));
        node
    });
    let nodes: Vec<SimNode> = nodes.collect();
    let mut edges: Vec<(usize, usize)> = (1..count).map(|k| (random.index(k), k)).collect();
    for a in 0..count {
        for b in a + 1..count {
            if !edges.contains(&(a, b)) && random.chance(0.3) {
                edges.push((a, b));
            }
        }
    }
    (nodes, edges)
}

fn quality(random: &mut Random) -> (Quality, usize) {
    let rate = [9600.0, 16_000.0, 64_000.0, 256_000.0, 1e6][random.index(5)];
    let lossy = random.chance(0.6);
    let quality = Quality {
        rate,
        queue: rate / 8.0 * random.between(0.6, 4.0),
        delay_s: random.between(0.002, 0.4),
        jitter_s: if random.chance(0.4) { random.between(0.0, 0.5) } else { 0.0 },
        loss: if lossy { random.between(0.0, 0.3) } else { 0.0 },
        burst: if random.chance(0.5) { random.between(1.0, 6.0) } else { 1.0 },
        doubled: if random.chance(0.3) { 0.05 } else { 0.0 },
        damaged: if random.chance(0.3) { 0.03 } else { 0.0 },
        overhead: 41.0,
    };
    (quality, [250, 300, 600, 1400][random.index(4)])
}

fn plan(nodes: usize, edges: &[(usize, usize)], duration: f64, random: &mut Random) -> Plan {
    let mut faults = Vec::new();
    let mut at = random.exponential(5.0);
    while at < duration {
        let now = Span::from_secs_f64(at);
        let until = |random: &mut Random, mean| Span::from_secs_f64((at + random.exponential(mean)).min(duration));
        let node = random.index(nodes);
        let (a, b) = edges[random.index(edges.len())];
        match random.below(12) {
            0..=2 => faults.extend(cut(a, b, now, until(random, 30.0), random)),
            3 => {
                let (from, to) = if random.chance(0.5) { (a, b) } else { (b, a) };
                faults.push((now, Fault::Cut { from, to }));
                faults.push((until(random, 20.0), Fault::Heal { from, to }));
            }
            4 => {
                faults.push((now, Fault::Stop { node, keep_disk: random.chance(0.5) }));
                faults.push((until(random, 8.0), Fault::Start { node }));
            }
            5 => faults.extend(clock(node, now, random)),
            6..=8 => faults.push((now, Fault::Found { node, close: random.chance(0.3) })),
            9 | 10 => faults.push((now, Fault::End { node })),
            _ => faults.push((now, Fault::Relabel { node })),
        }
        at += random.exponential(4.0);
    }
    faults.sort_by_key(|(time, _)| *time);
    Plan { faults: faults.into() }
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
            faults.push((end + Span::from_secs_f64(random.between(0.0, 3.0)), Fault::Raise { node: from, to }));
        }
    }
    faults
}

/// A clock that is set forward goes on so; one that is set back ends the node, as it ends the daemon.
fn clock(node: usize, now: Span, random: &mut Random) -> Vec<(Span, Fault)> {
    let offset_s = random.between(-60.0, 60.0);
    let set = (now, Fault::Clock { node, offset_s });
    let again = now + Span::from_millis(1500);
    vec![(now, Fault::Stop { node, keep_disk: true }), set, (again, Fault::Start { node })]
}

/// Ends all faults: everything runs, every link carries, every clock is nearly right.
fn calm(world: &mut World) {
    for k in 0..world.nodes.len() {
        if world.nodes[k].clock_offset.abs() > Span::from_secs(3) {
            world.inflict(Fault::Stop { node: k, keep_disk: true });
            world.inflict(Fault::Clock { node: k, offset_s: 0.5 });
        }
        world.inflict(Fault::Start { node: k });
    }
    let channels: Vec<(usize, usize)> = world.channels.keys().copied().collect();
    for (from, to) in channels {
        world.inflict(Fault::Heal { from, to });
        world.inflict(Fault::Lower { node: from, to });
        world.inflict(Fault::Raise { node: from, to });
    }
    let settle = world.now + tracks::SCAN + tracks::SCAN + Span::from_millis(500);
    world.run_until(settle);
    world.publishing = false;
}

/// Runs until everybody holds the same; after how long.
fn come_to_rest(world: &mut World) -> Option<f64> {
    let from = world.now;
    while world.now - from < REST {
        world.run_until(world.now + Span::from_secs(5));
        let full = world.nodes.iter().any(|node| {
            node.replica.as_ref().is_some_and(|replica| replica.tally().rows_full > 0)
        });
        let alike = oracle::difference(world).is_none() && oracle::shown_difference(world).is_none();
        if full || alike && oracle::left_over(world).is_none() {
            return Some((world.now - from).as_secs_f64());
        }
    }
    None
}

fn judge(mut world: World, rest: Option<f64>) -> Outcome {
    oracle::look(&mut world);
    let mut found = core::mem::take(&mut world.found);
    if rest.is_none() {
        found.push("never came to rest".to_owned());
        found.extend([oracle::difference(&world), oracle::shown_difference(&world)].into_iter().flatten());
        found.extend(oracle::left_over(&world));
        found.extend(oracle::state(&world));
    }
    let mut digest = proto::codec::FNV_BASIS;
    for (_, stream) in world.nodes.iter().filter_map(|node| node.replica.as_ref()).flat_map(|r| r.table().streams()) {
        digest = proto::codec::fnv1a(digest, &stream.hash.to_le_bytes());
    }
    let channels = world.channels.values();
    Outcome {
        found,
        rest_s: rest.unwrap_or(f64::INFINITY),
        packets: channels.clone().map(|channel| channel.packets).sum(),
        octets: channels.map(|channel| channel.octets).sum(),
        digest,
    }
}
