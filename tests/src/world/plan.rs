//! What befalls a world, from a seed: its nodes and links, and everything that goes wrong.

use fusion_core::time::Span;
use proto::replica::{Keys, ReplicaConfig, Signatures, Tally};

use super::channel::Quality;
pub use super::fault::{Fault, Plan};
use super::fault::{Moment, edges};
use super::forger::Forger;
use super::keys;
use super::node::SimNode;
use super::oracle;
use super::random::Random;
use super::realm::Log;
use super::seeds::Outcome;
use super::{World, tracks};

/// After the last fault everybody must hold the same within so long.
const REST: Span = Span::from_secs(400);

/// Runs the world of a seed to its rest and judges it.
#[must_use]
pub fn run(seed: u64, log: Option<Log>) -> Outcome {
    run_with(seed, Trust::Neighbours, log)
}

/// Whom nodes believe, and whether that is wise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Every neighbour; nobody has keys.
    Neighbours,
    /// What writers have signed.
    Signatures,
    /// The same, and one node was captured.
    SignaturesAmongForgers,
    /// Every neighbour, though one was captured.
    NeighboursAmongForgers,
}

impl Trust {
    const fn signatures(self) -> Signatures {
        match self {
            Self::Neighbours | Self::NeighboursAmongForgers => Signatures::Off,
            Self::Signatures | Self::SignaturesAmongForgers => Signatures::Required,
        }
    }

    const fn has_forger(self) -> bool {
        matches!(self, Self::SignaturesAmongForgers | Self::NeighboursAmongForgers)
    }
}

/// Runs the world of a seed, in which nodes believe whom they do, to its rest and judges it.
#[must_use]
pub fn run_with(seed: u64, trust: Trust, log: Option<Log>) -> Outcome {
    let mut random = Random::new(seed);
    let (nodes, edges) = shape(trust, &mut random);
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
    let rest = world.come_to_rest(Span::from_secs(5), REST, is_at_rest);
    judge(world, rest)
}

fn shape(trust: Trust, random: &mut Random) -> (Vec<SimNode>, Vec<(usize, usize)>) {
    let count = if trust.has_forger() { 4 + random.index(3) } else { 2 + random.index(5) };
    let nodes = (0..count).map(|k| {
        let config = ReplicaConfig {
            refine: random.chance(0.3),
            journal: random.chance(0.5),
            rows_max: if random.chance(0.05) { 40 } else { 65_536 },
            signatures: trust.signatures(),
            seal_packet: 250,
            ..ReplicaConfig::default()
        };
        let keys = if trust == Trust::Neighbours { Keys::default() } else { keys::of(SimNode::name(k)) };
        let mut node = SimNode::with_keys(k, random.chance(0.7), config, keys);
        node.site.clock_offset = Span::from_secs_f64(random.between(-2.0, 2.0));
        node.site.drift = random.between(-50e-6, 50e-6);
        node.site.layer = Some(u8::from(random.chance(0.5)));
        node.site.hint = if random.chance(0.7) { 1.0 } else { random.between(0.2, 4.0) };
        (0..random.index(12)).for_each(|_| node.found(Span::ZERO, random.chance(0.3), random));
        node
    });
    let mut nodes: Vec<SimNode> = nodes.collect();
    if trust.has_forger() {
        let captured = &mut nodes[random.index(count)];
        captured.forger = Some(Forger::new(Random::new(random.bits()), keys::signing_key(captured.id)));
    }
    let edges = edges(count, 0.3, random);
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
    let mut moment = Moment { at_s: random.exponential(5.0), end_s: duration };
    while moment.at_s < duration {
        let node = random.index(nodes);
        let (a, b) = edges[random.index(edges.len())];
        let now = moment.now();
        match random.below(12) {
            0..=2 => faults.extend(moment.cut(a, b, 30.0, random)),
            3 => faults.extend(moment.one_way(a, b, 20.0, random)),
            4 => faults.extend(moment.reboot(node, 8.0, random)),
            5 => faults.extend(moment.reset_clock(node, random.between(-60.0, 60.0))),
            6..=8 => faults.push((now, Fault::Found { node, close: random.chance(0.3) })),
            9 | 10 => faults.push((now, Fault::End { node })),
            _ => faults.push((now, Fault::Relabel { node })),
        }
        moment.at_s += random.exponential(4.0);
    }
    Plan::new(faults)
}

/// Ends all faults, lets nodes say what there is to say, and then nothing any more.
fn calm(world: &mut World) {
    world.end_faults(0.5);
    let settle = world.now + tracks::SCAN + tracks::SCAN + Span::from_millis(500);
    world.run_until(settle);
    world.stage.publishing = false;
}

/// Whether everybody holds and shows the same.
fn is_at_rest(world: &World) -> bool {
    let full =
        world.nodes.iter().any(|node| node.replica.as_ref().is_some_and(|replica| replica.tally().rows_full > 0));
    let alike = oracle::difference(world).is_none() && oracle::shown_difference(world).is_none();
    full || alike && oracle::left_over(world).is_none()
}

fn judge(mut world: World, rest: Option<f64>) -> Outcome {
    world.look();
    let mut found = core::mem::take(&mut world.found);
    if rest.is_none() {
        found.push("never came to rest".to_owned());
        found.extend([oracle::difference(&world), oracle::shown_difference(&world)].into_iter().flatten());
        found.extend(oracle::left_over(&world));
        found.extend(world.state());
    }
    let mut digest = proto::codec::FNV_BASIS;
    for (_, stream) in world.nodes.iter().filter_map(|node| node.replica.as_ref()).flat_map(|r| r.table().streams()) {
        digest = proto::codec::fnv1a(digest, &stream.hash.to_le_bytes());
    }
    let tallies: Vec<Tally> = world.nodes.iter().filter_map(|node| Some(*node.replica.as_ref()?.tally())).collect();
    let channels = world.channels.values();
    Outcome {
        found,
        rest_s: rest.unwrap_or(f64::INFINITY),
        packets: channels.clone().map(|channel| channel.packets).sum(),
        octets: channels.map(|channel| channel.octets).sum(),
        digest,
        forged: tallies.iter().map(|tally| tally.forged).sum(),
        unsealed: tallies.iter().map(|tally| tally.unsealed).sum(),
        lies: lies(&world),
    }
}

fn lies(world: &World) -> u64 {
    world.nodes.iter().filter_map(|node| node.forger.as_ref()).flat_map(|forger| forger.lies.values()).sum()
}
