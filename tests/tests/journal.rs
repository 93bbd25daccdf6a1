//! What was told to be durable is there after any power cut and any error, nothing else is taken for it, and no life
//! has the number of an earlier one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use edge_node::journal::clerk::{Clerk, Health, Message};
use edge_node::journal::recovery::{Recovered, recover};
use edge_node::journal::ring::Ring;
use edge_node::journal::{Settings, Storage as _, incarnation_after};
use fusion_core::time::Timestamp;
use tests::disk::FakeDisk;
use tests::world::random::Random;

/// Journals, each of which is cut several times.
const SEEDS: u64 = 150;
const LIVES: u64 = 10;

const SMALL: Settings = Settings { segment_bytes: 8 << 10, total_bytes: 512 << 10 };

/// A journal, whoever writes it, and what became durable of what was handed over.
struct Bench {
    disk: Option<FakeDisk>,
    random: Random,
    settings: Settings,
    handed: BTreeMap<u64, Vec<u8>>,
    durable: BTreeSet<u64>,
    wholes: BTreeSet<u64>,
    incarnations: BTreeSet<u32>,
}

/// A life of the node.
struct Life {
    clerk: Clerk<FakeDisk>,
    health: Arc<Health>,
    now: Duration,
    next: u64,
    /// Handed over, and neither durable nor lost.
    pending: Vec<u64>,
    counts: (u64, u64),
}

impl Bench {
    fn new(seed: u64) -> Self {
        Self {
            disk: Some(FakeDisk::default()),
            random: Random::new(seed),
            settings: SMALL,
            handed: BTreeMap::new(),
            durable: BTreeSet::new(),
            wholes: BTreeSet::new(),
            incarnations: BTreeSet::new(),
        }
    }

    fn disk(&mut self) -> &mut FakeDisk {
        self.disk.as_mut().expect("nobody writes")
    }

    /// Begins a life; what is wrong with what it finds.
    fn begin(&mut self) -> Result<Life, String> {
        let found = recover(self.disk()).map_err(|error| error.to_string())?;
        self.judge(&found)?;
        let incarnation = incarnation_after(found.incarnation, Timestamp::EPOCH);
        let disk = self.disk.take().expect("nobody writes");
        let ring = Ring::new(disk, self.settings, incarnation, found.segments.clone(), found.since);
        let health = Arc::<Health>::default();
        let clerk = Clerk::begin(ring, found.next, Arc::clone(&health), Duration::ZERO);
        if health.trouble().is_none() && !self.incarnations.insert(incarnation) {
            return Err(format!("incarnation {incarnation} again"));
        }
        Ok(Life { clerk, health, now: Duration::ZERO, next: found.next, pending: vec![], counts: (0, 0) })
    }

    /// Compares what is found with what was told to be durable.
    fn judge(&mut self, found: &Recovered) -> Result<(), String> {
        let since = found.since.unwrap_or(0);
        if found.since.is_some_and(|since| !self.wholes.contains(&since)) {
            return Err(format!("not all rows were handed over from {since} on"));
        }
        let entries: BTreeMap<u64, &Vec<u8>> = found.entries.iter().map(|(number, entry)| (*number, entry)).collect();
        if let Some((number, _)) = entries.iter().find(|(number, entry)| self.handed.get(number) != Some(entry)) {
            return Err(format!("{number} is not what was handed over"));
        }
        if let Some(number) = self.durable.range(since..).find(|number| !entries.contains_key(number)) {
            return Err(format!("{number} was durable and is gone; all rows since {since}"));
        }
        let believed: Vec<u64> = found.entries[..found.believed].iter().map(|(number, _)| *number).collect();
        if let (Some(first), Some(last)) = (believed.first(), believed.last()) {
            let between = self.handed.range(first..=last).count();
            if between != believed.len() {
                return Err(format!("{between} entries from {first} to {last}, {} believed", believed.len()));
            }
        }
        // The next life counts on from here; what it does not know of is over.
        let (durable, next) = (&mut self.durable, found.next);
        durable.extend(entries.keys());
        self.handed.retain(|number, _| *number < next);
        Ok(())
    }

    /// One message and some time.
    fn step(&mut self, life: &mut Life) {
        if life.health.wants_all.swap(false, Ordering::Relaxed) {
            let since = life.next;
            (0..3).for_each(|_| self.hand_over(life));
            self.wholes.insert(since);
            life.clerk.handle(&Message::Whole(life.next, since), life.now);
            life.next += 1;
            self.count(life);
        } else {
            self.hand_over(life);
        }
        life.now += Duration::from_millis(self.random.below(300));
        life.clerk.tend(life.now);
        self.count(life);
    }

    fn hand_over(&mut self, life: &mut Life) {
        let length = self.random.index(400);
        let entry: Vec<u8> = (0..length).map(|_| self.random.bits().to_le_bytes()[0]).collect();
        self.handed.insert(life.next, entry.clone());
        life.pending.push(life.next);
        life.clerk.handle(&Message::Rows(life.next, entry), life.now);
        life.next += 1;
        self.count(life);
    }

    /// What has become durable, or was lost.
    fn count(&mut self, life: &mut Life) {
        let counts = (life.health.kept.load(Ordering::Relaxed), life.health.dropped.load(Ordering::Relaxed));
        if counts.1 > life.counts.1 {
            life.pending.clear();
        } else if counts.0 > life.counts.0 {
            self.durable.extend(life.pending.drain(..));
        }
        life.counts = counts;
    }

    /// The life ends with a power cut.
    fn cut(&mut self, mut life: Life) {
        let mut disk = core::mem::take(life.clerk.ring_mut().storage_mut());
        disk.cut(&mut self.random);
        self.disk = Some(disk);
    }

    fn live(&mut self, steps: u64) -> Result<(), String> {
        let mut life = self.begin()?;
        (0..steps).for_each(|_| self.step(&mut life));
        self.cut(life);
        Ok(())
    }
}

/// Many lives, each ended by a power cut; how many cuts there were, or what was wrong.
fn lives(seed: u64, lies: bool) -> Result<u64, String> {
    let mut bench = Bench::new(seed);
    bench.disk().lies = lies;
    for _ in 0..LIVES {
        let steps = bench.random.below(120);
        bench.live(steps)?;
    }
    let found = recover(bench.disk()).map_err(|error| error.to_string())?;
    bench.judge(&found).map(|()| LIVES)
}

#[test]
fn whatever_was_durable_is_there_after_fifteen_hundred_power_cuts() {
    let all: Vec<_> = (0..SEEDS).map(|seed| lives(seed, false).map_err(|e| format!("seed {seed}: {e}"))).collect();
    let bad: Vec<&String> = all.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert!(bad.is_empty(), "{bad:?}");
    let cuts: u64 = all.iter().flatten().sum();
    println!("{cuts} power cuts");
    assert!(cuts >= 1000);
}

/// The negative control: told to be durable before it is.
#[test]
fn a_disk_that_lies_is_found_out() {
    let bad = (0..20).filter(|seed| lives(*seed, true).is_err()).count();
    assert!(bad >= 15, "{bad} of 20");
}

#[test]
fn an_error_at_any_call_costs_only_what_was_told_to_be_lost() {
    let (mut k, mut calls) = (0, u64::MAX);
    while k < calls {
        k += 1;
        let mut bench = Bench::new(7);
        bench.live(60).expect("a life without faults");
        bench.disk().calls = 0;
        recover(bench.disk()).expect("no faults yet");
        let reading = bench.disk().calls;
        (bench.disk().calls, bench.disk().fails_at) = (0, Some(reading + k));
        let mut life = bench.begin().expect("reading goes well");
        (0..150).for_each(|_| bench.step(&mut life));
        // The medium is well again: so is the journal.
        let disk = life.clerk.ring_mut().storage_mut();
        (calls, disk.fails_at) = (disk.calls - reading, None);
        life.now += Duration::from_secs(60);
        life.clerk.tend(life.now);
        (0..10).for_each(|_| bench.step(&mut life));
        assert_eq!(life.health.trouble(), None, "call {k}");
        bench.cut(life);
        let found = recover(bench.disk()).expect("readable");
        assert_eq!(bench.judge(&found), Ok(()), "call {k}");
    }
    println!("{k} calls, each of which failed once");
    assert!(k > 50);
}

/// Makes a disk refuse, or no longer.
type Refuse<'a> = &'a dyn Fn(&mut FakeDisk, bool);

#[test]
fn a_full_or_read_only_disk_is_told_and_waited_out() {
    let full = |disk: &mut FakeDisk, is: bool| disk.room = is.then_some(4 << 10);
    let read_only = |disk: &mut FakeDisk, is: bool| disk.read_only = is;
    let ways: [(Refuse<'_>, &str); 2] = [(&full, "no storage space"), (&read_only, "read-only")];
    for (set, word) in ways {
        let mut bench = Bench::new(3);
        bench.live(20).expect("all is well");
        let mut life = bench.begin().expect("all is well");
        set(life.clerk.ring_mut().storage_mut(), true);
        (0..200).for_each(|_| bench.step(&mut life));
        let trouble = life.health.trouble().expect("nothing is kept");
        assert!(trouble.contains(word), "{trouble}");
        assert!(life.health.dropped.load(Ordering::Relaxed) > 50);
        set(life.clerk.ring_mut().storage_mut(), false);
        life.now += Duration::from_secs(60);
        (0..40).for_each(|_| bench.step(&mut life));
        assert_eq!(life.health.trouble(), None);
        bench.cut(life);
        let found = recover(bench.disk()).expect("readable");
        assert_eq!(bench.judge(&found), Ok(()));
        assert!(found.since.is_some() && found.believed > 0, "all rows were handed over anew");
    }
}

#[test]
fn what_is_needed_no_longer_makes_room_on_a_full_disk() {
    let mut bench = Bench::new(5);
    bench.disk().room = Some(48 << 10);
    let mut life = bench.begin().expect("all is well");
    (0..2000).for_each(|_| bench.step(&mut life));
    assert_eq!((life.health.trouble(), life.health.dropped.load(Ordering::Relaxed)), (None, 0));
    bench.cut(life);
    let found = recover(bench.disk()).expect("readable");
    assert_eq!(bench.judge(&found), Ok(()));
}

#[test]
fn a_flipped_bit_in_any_octet_is_told_and_nothing_false_comes_of_it() {
    let mut bench = Bench::new(11);
    bench.live(80).expect("all is well");
    let (mut disk, names) = (bench.disk().clone(), bench.disk().list().expect("readable"));
    let mut flipped = 0;
    for name in names {
        let length = disk.octets_mut(&name).expect("there").len();
        for at in 0..length {
            let bit = 1 << (at % 8);
            disk.octets_mut(&name).expect("there")[at] ^= bit;
            let found = recover(&mut disk).expect("readable");
            assert!(!found.damage.is_empty() || found.since.is_some(), "{name} octet {at}");
            let is_read = found.segments.iter().rev().take(found.read).any(|read| read.to_string() == name);
            assert!(!is_read || !found.damage.is_empty(), "{name} octet {at}");
            let is_true = |(number, entry): &(u64, Vec<u8>)| bench.handed.get(number) == Some(entry);
            assert!(found.entries.iter().all(is_true), "{name} octet {at}");
            disk.octets_mut(&name).expect("there")[at] ^= bit;
            flipped += 1;
        }
    }
    println!("{flipped} octets");
    assert!(flipped > 8000);
}

#[test]
fn however_long_a_life_is_the_journal_keeps_within_its_bounds() {
    let mut bench = Bench::new(2);
    bench.settings = Settings { total_bytes: 64 << 10, ..SMALL };
    let mut life = bench.begin().expect("all is well");
    for _ in 0..3000 {
        bench.step(&mut life);
        let disk = life.clerk.ring_mut().storage_mut();
        assert!(disk.list().expect("readable").len() <= 8);
    }
    bench.cut(life);
    let found = recover(bench.disk()).expect("readable");
    assert_eq!(bench.judge(&found), Ok(()));
    assert!(found.read <= 3, "{} segments were read", found.read);
}
