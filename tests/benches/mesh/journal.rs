//! What sixteen nodes with two hundred tracks each have one of them write to its medium, and how long its start takes
//! with a full journal. The volume is the same on every machine; the start is measured on this one.

#![allow(clippy::cast_precision_loss, reason = "counts of a simulation")]

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use edge_node::journal::Settings;
use edge_node::journal::clerk::{Clerk, Health, Message};
use edge_node::journal::recovery::recover;
use edge_node::journal::ring::Ring;
use fusion_core::time::Span;
use fusion_core::track::Origin;
use proto::replica::{Replica, ReplicaConfig};
use rustix::time::{ClockId, clock_gettime};
use tests::disk::FakeDisk;
use tests::world::World;
use tests::world::channel::Quality;
use tests::world::node::SimNode;
use tests::world::plan::Plan;
use tests::world::random::Random;

const NODES: usize = 16;
const TRACKS: usize = 200;
const SETTLE_S: u64 = 30;
const RUN_S: u64 = 120;
/// What a file system writes beside the data to make an append durable, and the piece that data is written in.
const SYNC_BYTES: f64 = 16_384.0;
const PAGE_BYTES: f64 = 4096.0;

/// A node among others, whose journal is written down.
struct Kept {
    world: World,
    clerk: Clerk<FakeDisk>,
    health: Arc<Health>,
    number: u64,
    second: u64,
}

impl Kept {
    fn new(keep_every: Span) -> Self {
        let mut random = Random::new(7);
        let make = |k| {
            let journal = ReplicaConfig { journal: k == 0, keep_every, ..ReplicaConfig::default() };
            let mut node = SimNode::new(k, true, journal);
            (0..TRACKS).for_each(|_| node.found(Span::ZERO, false, &mut random));
            node
        };
        let mut world = World::new((0..NODES).map(make).collect(), Plan::default(), Random::new(9), false);
        (1..NODES).for_each(|k| world.link(0, k, Quality::good(10e6, 1e6), 1400));
        let health = Arc::<Health>::default();
        let ring = Ring::new(FakeDisk::default(), Settings::default(), 1, Vec::new(), None);
        let clerk = Clerk::begin(ring, 0, Arc::clone(&health), Duration::ZERO);
        Self { world, clerk, health, number: 0, second: 0 }
    }

    /// One second; the entries that were kept in it.
    fn second(&mut self) -> Vec<Vec<u8>> {
        self.world.run_until(self.world.now + Span::from_secs(1));
        let entries = core::mem::take(&mut self.world.nodes[0].site.disk);
        entries.iter().for_each(|entry| self.keep(entry.clone()));
        self.second += 1;
        self.clerk.tend(Duration::from_secs(self.second));
        entries
    }

    fn keep(&mut self, entry: Vec<u8>) {
        self.clerk.handle(&Message::Rows(self.number, entry), Duration::from_secs(self.second));
        self.number += 1;
    }

    fn counts(&self) -> [f64; 3] {
        let of = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed) as f64;
        [of(&self.health.kept), of(&self.health.octets), of(&self.health.syncs)]
    }
}

/// The tables.
pub fn journal() {
    println!("{NODES} nodes of {TRACKS} tracks, one of which keeps all rows; per day from {RUN_S} s");
    println!("  kept every  entries/s     kB/s  syncs/h  GB/day  with the file system's own");
    for every in [15, 1, 30] {
        let mut kept = Kept::new(Span::from_secs(every));
        (0..SETTLE_S).for_each(|_| drop(kept.second()));
        let before = kept.counts();
        let entries: Vec<Vec<u8>> = (0..RUN_S).flat_map(|_| kept.second()).collect();
        let after = kept.counts();
        let [count, octets, syncs] = [0, 1, 2].map(|k| (after[k] - before[k]) / RUN_S as f64);
        let device = octets + syncs * (SYNC_BYTES + PAGE_BYTES);
        println!(
            "  {every:8} s {count:10.1} {:8.2} {:8.0} {:7.3} {:7.3}",
            octets / 1e3,
            3600.0 * syncs,
            octets * 86_400e-9,
            device * 86_400e-9
        );
        if every == 15 {
            start(&kept, &entries);
        }
    }
}

/// A start with a journal that is full: as it is, and with no place in it where all rows are there.
fn start(kept: &Kept, entries: &[Vec<u8>]) {
    let node = &kept.world.nodes[0];
    let me = Origin { incarnation: node.origin().incarnation + 1, ..node.origin() };
    for has_wholes in [true, false] {
        let mut disk = filled(entries, has_wholes);
        let began = spent_ms();
        let found = recover(&mut disk).expect("this disk reads");
        let read = spent_ms();
        let mut replica = Replica::new(me, ReplicaConfig::default(), node.now(kept.world.now));
        let rows = replica.restore_rows(found.entries.iter().map(|(_, entry)| entry.as_slice()));
        println!(
            "    a start: {} segments, {} read in {:.0} ms; {} entries, {rows} rows taken in, {} held, in {:.0} ms{}",
            found.segments.len(),
            found.read,
            read - began,
            found.entries.len(),
            replica.table().len(),
            spent_ms() - read,
            if has_wholes { " (≤ 1 s in all)" } else { ", no place having all rows" },
        );
    }
}

/// A full journal of these entries again and again.
fn filled(entries: &[Vec<u8>], has_wholes: bool) -> FakeDisk {
    let settings = Settings::default();
    let health = Arc::<Health>::default();
    let ring = Ring::new(FakeDisk::default(), settings, 1, Vec::new(), None);
    let mut clerk = Clerk::begin(ring, 0, Arc::clone(&health), Duration::ZERO);
    let mut numbers = 0..;
    let mut next = || numbers.next().unwrap_or(u64::MAX);
    for entry in entries.iter().cycle() {
        if has_wholes && health.wants_all.swap(false, Ordering::Relaxed) {
            let number = next();
            clerk.handle(&Message::Whole(number, number), Duration::ZERO);
        }
        clerk.handle(&Message::Rows(next(), entry.clone()), Duration::ZERO);
        if health.octets.load(Ordering::Relaxed) > settings.total_bytes - settings.segment_bytes / 4 {
            break;
        }
    }
    clerk.finish(Duration::ZERO).into_storage()
}

/// What this thread has computed so far, milliseconds.
fn spent_ms() -> f64 {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    spent.tv_sec as f64 * 1e3 + spent.tv_nsec as f64 * 1e-6
}
