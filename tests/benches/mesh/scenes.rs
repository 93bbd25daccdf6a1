//! The worlds of the tables.

#![allow(clippy::cast_precision_loss, reason = "counts of a simulation")]

use fusion_core::time::Span;
use proto::replica::ReplicaConfig;
use tests::world::World;
use tests::world::channel::Quality;
use tests::world::node::SimNode;
use tests::world::plan::{Fault, Plan};
use tests::world::random::Random;

use super::fifo::{self, Line, MESSAGES};
use super::lag::{Written, quantile};

/// Octets that zenoh, UDP and IP put around a packet.
const OVERHEAD: f64 = 41.0;

const fn link(rate: f64, loss: f64, round_s: f64) -> Quality {
    Quality {
        rate,
        queue: rate / 8.0 * 2.0,
        delay_s: round_s / 2.0,
        jitter_s: 0.0,
        loss,
        burst: 1.0,
        doubled: 0.0,
        damaged: 0.0,
        overhead: OVERHEAD,
    }
}

fn world(nodes: usize, tracks: usize, seed: u64) -> World {
    let mut random = Random::new(seed);
    let make = |k| {
        let mut node = SimNode::new(k, true, ReplicaConfig::default());
        (0..tracks).for_each(|_| node.found(Span::ZERO, false, &mut random));
        node
    };
    let nodes = (0..nodes).map(make).collect();
    World::new(nodes, Plan::default(), Random::new(seed ^ 0xABCD), false)
}

fn pair(tracks: usize, quality: Quality, mtu: usize) -> World {
    let mut pair = world(2, tracks, 42);
    // As in the profiles: thin links carry the lower layer alone, and rows at their own pace.
    pair.nodes.iter_mut().for_each(|node| node.site.layer = None);
    pair.link(0, 1, quality, mtu);
    pair
}

/// Runs second by second.
fn run(world: &mut World, seconds: i64, mut each: impl FnMut(&World)) {
    for _ in 0..seconds {
        world.run_until(world.now + Span::from_secs(1));
        each(world);
    }
}

/// Octets per update on the wire.
pub fn sizes() {
    println!("octets per update on the wire (200 tracks, 1 Hz, gate by load)          bar");
    for (name, rate, mtu) in [("9.6 kbit/s", 9600.0, 300), ("64 kbit/s", 64_000.0, 600), ("1 Mbit/s", 1e6, 1400)] {
        let mut pair = pair(200, link(rate, 0.05, 0.4), mtu);
        run(&mut pair, 300, |_| ());
        let tally = *pair.nodes[0].replica.as_ref().expect("it runs").tally();
        let mean = |bits: u64, rows: u64| bits as f64 / 8.0 / rows.max(1) as f64;
        let rows = tally.rows_sent_full + tally.rows_sent_delta;
        println!(
            "  {name:10}  full {:5.1} (≤ 24)  difference {:5.1} (≤ 13), {:3.0} % of updates; all sent / update {:5.1}",
            mean(tally.bits_sent_full, tally.rows_sent_full),
            mean(tally.bits_sent_delta, tally.rows_sent_delta),
            100.0 * tally.rows_sent_delta as f64 / rows.max(1) as f64,
            pair.channels[&(0, 1)].octets / rows.max(1) as f64,
        );
    }
}

/// Staleness at 9.6 kbit/s.
pub fn thin() {
    println!("9.6 kbit/s, 20 % loss, 400 ms round trip, 200 tracks each way; staleness in s       p50   p95   bar");
    let quality = link(9600.0, 0.2, 0.4);
    let mut pair = pair(200, quality, 300);
    let mut written = Written::default();
    let mut lags = [Vec::new(), Vec::new()];
    run(&mut pair, 600, |world| {
        written.note(world);
        if world.now > Span::from_secs(120) {
            for reader in 0..2 {
                let [high, normal] = written.lags(world, reader);
                lags[0].extend(high);
                lags[1].extend(normal);
            }
        }
    });
    for (name, lags, bar) in [("high priority", 0, 3.0), ("normal", 1, 5.0)].map(|(n, k, b)| (n, lags[k].clone(), b)) {
        let mut lags = lags;
        println!("  {name:60} {:18.1} {:5.1}  ≤ {bar}", quantile(&mut lags, 0.5), quantile(&mut lags, 0.95));
    }
    let rate = written.count() as f64 / 2.0 / 600.0;
    println!("  rows written per second and node: {rate:.1}");
    let line = Line { rate: 9600.0, loss: 0.2, overhead: OVERHEAD, cut: None };
    let updates = written.by_time(pair.nodes[0].id);
    for (name, octets) in MESSAGES {
        let p95 = fifo::p95(&updates, octets, line, Span::from_secs(120), Span::from_secs(600));
        println!("  first in, first out, {name}, {octets} octets {p95:>55.0}");
    }
}

/// Time and octets to heal after an hour.
pub fn heal() {
    println!("healing after a cut of 1 h, everything having changed                    s    octets     bar");
    for (tracks, rate, mtu, round_s, loss, bar) in [
        (50, 9600.0, 300, 0.4, 0.2, 15.0),
        (200, 9600.0, 300, 0.4, 0.2, 60.0),
        (50, 1e6, 1400, 0.1, 0.01, 2.0),
        (200, 1e6, 1400, 0.1, 0.01, 2.0),
    ] {
        let (seconds, octets, updates) = heal_of(tracks, link(rate, loss, round_s), mtu);
        let what = format!("{tracks}+{tracks} tracks, {rate:.0} bit/s, {loss:.2} lost");
        println!("  {what:64} {seconds:6.1} {octets:9.0}    ≤ {bar}");
        let cut = Some((Span::from_secs(120), Span::from_secs(3720)));
        let line = Line { rate, loss, overhead: OVERHEAD, cut };
        for (name, octets) in MESSAGES {
            println!("    first in, first out, {name:40} {:>20.0}", fifo::heal_s(&updates, octets, line));
        }
    }
}

type Updates = Vec<(Span, proto::row::RowKey)>;

fn heal_of(tracks: usize, quality: Quality, mtu: usize) -> (f64, f64, Updates) {
    let mut pair = pair(tracks, quality, mtu);
    let mut written = Written::default();
    run(&mut pair, 120, |world| written.note(world));
    for (from, to) in [(0, 1), (1, 0)] {
        pair.inflict(Fault::Cut { from, to });
        pair.inflict(Fault::Lower { node: from, to });
    }
    run(&mut pair, 3600, |world| written.note(world));
    let before: f64 = pair.channels.values().map(|channel| channel.octets).sum();
    let owed: Vec<_> = (0..2).map(|k| owed(&pair, k)).collect();
    for (from, to) in [(0, 1), (1, 0)] {
        pair.inflict(Fault::Heal { from, to });
        pair.inflict(Fault::Raise { node: from, to });
    }
    let from = pair.now;
    while (0..2).any(|k| !holds(&pair, 1 - k, &owed[k])) && pair.now - from < Span::from_secs(600) {
        pair.run_until(pair.now + Span::from_millis(100));
    }
    let octets = pair.channels.values().map(|channel| channel.octets).sum::<f64>() - before;
    ((pair.now - from).as_secs_f64(), octets, written.by_time(pair.nodes[0].id))
}

type Owed = Vec<(proto::packet::item::StreamKey, proto::row::RowKey, u32)>;

fn owed(world: &World, k: usize) -> Owed {
    let replica = world.nodes[k].replica.as_ref().expect("it runs");
    let own = replica.table().streams().filter(|(key, _)| key.origin == replica.me());
    own.flat_map(|(key, stream)| stream.rows().map(move |(row, held)| (key, row, held.version))).collect()
}

fn holds(world: &World, k: usize, owed: &Owed) -> bool {
    let table = world.nodes[k].replica.as_ref().expect("it runs").table();
    owed.iter().all(|(key, row, version)| table.row(*key, *row).is_some_and(|held| held.version >= *version))
}

/// Fifty nodes, each link down a third of the time.
pub fn fifty() {
    const NODES: usize = 50;
    println!("50 nodes of four neighbours, 4 tracks each, 64 kbit/s, 5 % loss, each link down 30 % of the time");
    let mut world = world(NODES, 4, 7);
    world.nodes.iter_mut().for_each(|node| node.site.layer = Some(0));
    let mut random = Random::new(9);
    let mut edges: Vec<(usize, usize)> = (0..NODES).map(|k| (k, (k + 1) % NODES)).collect();
    edges.extend((0..NODES).map(|_| (random.index(NODES), random.index(NODES))).filter(|(a, b)| a != b));
    for &(a, b) in &edges {
        world.link(a, b, link(64_000.0, 0.05, 0.1), 600);
    }
    let mut down = vec![false; edges.len()];
    let (mut written, mut lags) = (Written::default(), Vec::new());
    for second in 0..420 {
        for (k, &(a, b)) in edges.iter().enumerate() {
            // Down for 18 s and up for 42 s on average.
            if random.chance(if down[k] { 1.0 / 18.0 } else { 1.0 / 42.0 }) {
                down[k] = !down[k];
                switch(&mut world, a, b, down[k]);
            }
        }
        run(&mut world, 1, |world| written.note(world));
        if second >= 120 && second % 10 == 0 {
            for reader in 0..NODES {
                let [high, normal] = written.lags(&world, reader);
                lags.extend(high.into_iter().chain(normal));
            }
        }
    }
    let sum = |count: fn(&proto::replica::Tally) -> u64| -> f64 {
        world.nodes.iter().filter_map(|node| node.replica.as_ref()).map(|replica| count(replica.tally()) as f64).sum()
    };
    let taken = sum(|tally| tally.rows_taken);
    let more = sum(|tally| tally.rows_doubled + tally.rows_older);
    println!("  staleness p50 {:.1} s, p95 {:.1} s (≤ 10)", quantile(&mut lags, 0.5), quantile(&mut lags, 0.95));
    println!(
        "  redundancy {:.0} % (≤ 25): {taken:.0} rows taken in, {more:.0} came again",
        100.0 * more / (taken + more)
    );
    println!("  pruned {:.0}, grafted {:.0}", sum(|tally| tally.prunes), sum(|tally| tally.grafts));
    println!("  missing {} rows once all links are up for a minute (0)", missing(&mut world, &edges));
}

fn switch(world: &mut World, a: usize, b: usize, down: bool) {
    for (from, to) in [(a, b), (b, a)] {
        if down {
            world.inflict(Fault::Cut { from, to });
            world.inflict(Fault::Lower { node: from, to });
        } else {
            world.inflict(Fault::Heal { from, to });
            world.inflict(Fault::Raise { node: from, to });
        }
    }
}

fn missing(world: &mut World, edges: &[(usize, usize)]) -> usize {
    let owed: Vec<Owed> = (0..world.nodes.len()).map(|k| owed(world, k)).collect();
    edges.iter().for_each(|&(a, b)| {
        if !world.channels[&(a, b)].open {
            switch(world, a, b, false);
        }
    });
    run(world, 60, |_| ());
    let world = &*world;
    let lacks = |k: usize| owed.iter().flatten().filter(move |one| !holds(world, k, &vec![**one])).count();
    (0..world.nodes.len()).map(lacks).sum()
}
