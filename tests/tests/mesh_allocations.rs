//! Whatever one packet says, a replica does not panic and asks for no more than 64 KiB at once while it takes it in.
//!
//! A neighbour may be faulty, or captured: a few octets of its must not be worth a megabyte here. What is measured is
//! the largest single request from when a packet comes until all changes are told and all that is kept is written.

#[path = "../../fusion-core/tests/common/allocations.rs"]
mod allocations;

use std::collections::BTreeMap;
use std::path::Path;

use fusion_core::time::Span;
use fusion_core::track::{NodeId, Origin};
use proto::codec::{Greeting, encode_greeting};
use proto::packet::item::{self, CheckItem, Declaration, FloorItem, Piece, StreamKey};
use proto::packet::octets::Octets;
use proto::packet::{self, Acks, Header, Item, PACKET_BYTES_MAX, Packet};
use proto::replica::proof::StreamProof;
use proto::replica::{Bearer, Keys, LinkEvent, LinkId, Now, Refused, Replica, ReplicaConfig, Signatures};
use proto::row::seal::{Covered, Seal};
use proto::row::wire::{self, Packed};
use proto::row::{Body, Kind, Lifetime, Row, RowKey, Tick};
use tests::fuzzed::mesh::{self, LINK, NEIGHBOUR_TAG, TAG, meet, open_replica};
use tests::world::keys;
use tests::world::node::{BEGIN, SimNode, clearance};
use tests::world::random::Random;
use tests::world::realm::link_id;
use tests::world::tracks::open_label;

/// What one packet may ask for at once.
const OCTETS_MAX: usize = 64 << 10;

/// Turns of a tenth of a second that two replicas talk.
const TURNS: u64 = 400;
/// Damaged packets in the place of each true one.
const DAMAGED: u64 = 20;

/// A writer of whom neighbours tell.
const WRITER: StreamKey = StreamKey { origin: Origin { node: NodeId(9), incarnation: 1 }, number: 0 };

/// Who takes packets in, and the most that one of them asked for.
struct Victim {
    replica: Replica,
    now: Now,
    numbers: BTreeMap<LinkId, u16>,
    largest: usize,
    taken: u64,
    refused: u64,
}

impl Victim {
    fn new(replica: Replica, now: Now) -> Self {
        Self { replica, now, numbers: BTreeMap::new(), largest: 0, taken: 0, refused: 0 }
    }

    /// In session with a neighbour on the first link.
    fn open(config: ReplicaConfig) -> Self {
        let (replica, now) = open_replica(config);
        Self::new(replica, now)
    }

    /// A packet comes.
    fn take(&mut self, link: LinkId, bytes: &[u8]) -> Result<(), Refused> {
        let _ = allocations::take_largest();
        let done = self.replica.handle_packet(link, bytes, self.now);
        while self.replica.poll_change().is_some() {}
        while self.replica.poll_journal().is_some() {}
        let asked = allocations::take_largest();
        self.largest = self.largest.max(asked);
        (self.taken, self.refused) = (self.taken + u64::from(done.is_ok()), self.refused + u64::from(done.is_err()));
        assert!(asked <= OCTETS_MAX, "{asked} octets at once for {} octets, {done:?}", bytes.len());
        done
    }

    /// A packet of items comes, and is believed.
    fn tell(&mut self, link: LinkId, items: &[Item<'_>]) {
        let mut out = Octets::default();
        items.iter().for_each(|each| item::put(&mut out, each));
        let number = self.numbers.entry(link).or_default();
        *number += 1;
        let header = Header { from: NEIGHBOUR_TAG, to: TAG, number: Some(*number), acks: None };
        let bytes = packet::data(&header, out.as_slice());
        assert!(bytes.len() <= PACKET_BYTES_MAX, "{} octets", bytes.len());
        assert_eq!(self.take(link, &bytes), Ok(()));
        while self.replica.poll_transmit(link).is_some() {}
    }

    /// Rows come, of a stream that was declared.
    fn tell_rows(&mut self, link: LinkId, index: u16, rows: &[Row]) {
        let count = u8::try_from(rows.len()).expect("so many fit");
        let (first, newest, bits) = wire::encode(rows.iter().map(|row| Packed::new(row, None)).collect());
        self.tell(link, &[Item::Rows { index, count, first, newest, bits: &bits }]);
    }

    /// The writer's passport comes.
    fn tell_passport(&mut self, link: LinkId) {
        let key = keys::signing_key(WRITER.origin.node);
        let octets =
            keys::passport(&keys::authority(), WRITER.origin.node, &key, BEGIN + Span::from_secs(9000)).encode();
        let tag = u64::from_le_bytes(*octets.last_chunk().expect("a signature"));
        let parts = u8::try_from(octets.chunks(100).len()).expect("a few");
        for (part, octets) in (0..parts).zip(octets.chunks(100)) {
            self.tell(link, &[Item::Piece(Piece { kind: 0, tag, part, parts, octets: octets.to_vec() })]);
        }
    }
}

fn signed() -> ReplicaConfig {
    ReplicaConfig { signatures: Signatures::Required, ..ReplicaConfig::default() }
}

fn declared(index: u16, stream: StreamKey) -> Item<'static> {
    Item::Stream(Box::new(Declaration { index, stream, layer: 0, label: open_label() }))
}

/// The smallest row that there is: a track ends.
fn end(handle: u16, version: u32) -> Row {
    let key = RowKey { kind: Kind::Track, handle };
    Row { key, version, tick: Tick::nearest(BEGIN), body: Body::Gone(Lifetime::Ground) }
}

/// The writer's seal over rows, where it stands behind them.
fn seal(count: u32, version: u32, covered: Vec<Covered>, proof: &StreamProof) -> Row {
    let mut seal = Seal { count, oldest: 0, last: true, lifetime: Lifetime::Ground, covered, signature: [0; 64] };
    let key = RowKey { kind: Kind::Seal, handle: u16::try_from(count).expect("a few") };
    let tick = Tick::nearest(BEGIN);
    seal.signature = proof.sign(&keys::signing_key(WRITER.origin.node), (key, version, tick), &seal);
    Row { key, version, tick, body: Body::Seal(Box::new(seal)) }
}

#[test]
fn no_input_of_the_corpus_asks_for_more_than_a_packet_may() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/mesh");
    let (mut inputs, mut largest) = (0, 0);
    for file in std::fs::read_dir(folder).expect("a corpus") {
        let file = file.expect("readable").path();
        let bytes = std::fs::read(&file).expect("readable");
        let _ = allocations::take_largest();
        mesh::target(&bytes);
        let asked = allocations::take_largest();
        assert!(asked <= OCTETS_MAX, "{asked} octets at once for {}", file.display());
        (inputs, largest) = (inputs + 1, asked.max(largest));
    }
    println!("{inputs} inputs of the corpus: {largest} octets at once at the most");
    assert!(inputs >= 10 && largest > 0);
}

#[test]
fn no_damaged_packet_asks_for_more_than_a_packet_may() {
    for signatures in [Signatures::Off, Signatures::Required] {
        let mut random = Random::new(7);
        let mut pair = Pair::new(signatures, &mut random);
        let (mut packets, mut taken, mut refused, mut largest) = (Vec::<Vec<u8>>::new(), 0, 0, 0);
        for turn in 0..TURNS {
            for (to, bytes) in pair.talk(turn, &mut random) {
                let from = link_id(1 - to);
                let replica = pair.nodes[to].replica.clone().expect("it runs");
                let mut victim = Victim::new(replica, pair.now(to));
                for further in 1..=DAMAGED {
                    let _ = victim.take(from, &damaged(&bytes, &packets, further, &mut random));
                }
                (taken, refused) = (taken + victim.taken, refused + victim.refused);
                largest = largest.max(victim.largest);
                pair.deliver(to, &bytes);
                packets.push(bytes);
            }
        }
        println!(
            "{signatures:?}: {taken} damaged packets taken, {refused} refused: {largest} octets at once at the most"
        );
        // They reach what is behind the checksum, and what is behind the items.
        assert!(taken > 500 && taken + refused > 5000, "{taken} taken, {refused} refused");
    }
}

#[test]
fn no_packet_of_the_smallest_rows_asks_for_more_than_a_packet_may() {
    let mut victim = Victim::open(ReplicaConfig::default());
    victim.tell(LINK, &[declared(1, WRITER)]);
    victim.tell_rows(LINK, 1, &(1..=255).map(|k| end(k, k.into())).collect::<Vec<_>>());
    println!("255 rows: {} octets at once at the most", victim.largest);
    assert_eq!(victim.replica.table().len(), 255);
}

#[test]
fn no_packet_to_a_full_replica_asks_for_more_than_a_packet_may() {
    let mut victim = Victim::open(ReplicaConfig::default());
    for k in 0..1020_u16 {
        let stream = StreamKey { origin: Origin { node: NodeId(1000 + u64::from(k)), incarnation: 1 }, number: 0 };
        victim.tell(LINK, &[declared(k, stream)]);
        victim.tell_rows(LINK, k, &(1..=64).map(|row| end(row, row.into())).collect::<Vec<_>>());
    }
    assert_eq!(victim.replica.table().len(), 1020 * 64);
    let floor = |index| FloorItem { index, floor: 3, forget: true };
    let floors = || (0..200).map(floor).collect::<Vec<_>>();
    let checks = (0..140).map(|index| CheckItem { index, top: 64, hash: 5 }).collect::<Vec<_>>();
    let indexes = || (0..250).collect::<Vec<u16>>();
    for item in [
        Item::Digest(1, 0, 1, floors()),
        Item::Floors(1, floors()),
        Item::Know(floors()),
        Item::Check(checks.clone()),
        Item::Check(checks),
        Item::Prune(indexes()),
        Item::Graft(indexes()),
        Item::Again(2, indexes()),
    ] {
        victim.tell(LINK, &[item]);
    }
    // The neighbour lives anew: everything is told from the beginning.
    let greeting = Greeting { node: 2, incarnation: 6, session: 1, heard: Some(TAG.into()), layer: 1, fingerprint: 0 };
    assert_eq!(victim.take(LINK, &packet::hello(&encode_greeting(&greeting))), Ok(()));
    println!("{} rows held: {} octets at once at the most", victim.replica.table().len(), victim.largest);
}

#[test]
fn no_seal_asks_for_more_than_a_packet_may_whatever_else_was_promised() {
    let mut victim = Victim::open(signed());
    victim.tell(LINK, &[declared(1, WRITER)]);
    victim.tell_passport(LINK);
    let proof = StreamProof::of(WRITER, 0, &open_label());
    let mut version = 0;
    for count in 0..140 {
        let promise = |k: u32| Covered {
            key: RowKey { kind: Kind::Track, handle: u16::try_from(count * 120 + k).expect("fits") },
            version: version + k,
            mark: 7,
        };
        let covered = (1..=120).map(promise).collect();
        version += 121;
        victim.tell_rows(LINK, 1, &[seal(count + 1, version, covered, &proof)]);
    }
    println!("140 seals over 120 rows each: {} octets at once at the most", victim.largest);
    let tally = victim.replica.tally();
    assert!(tally.seals_verified == 140 && tally.promised_full > 0, "{tally:?}");
}

#[test]
fn no_seal_asks_for_more_than_a_packet_may_whatever_waits_for_it() {
    let mut victim = Victim::open(signed());
    let rows: Vec<Row> = (1..=120).map(|k| end(k, k.into())).collect();
    for k in 1..=20 {
        if k > 1 {
            meet(&mut victim.replica, LinkId(k), Origin { node: NodeId(k.into()), incarnation: 5 }, victim.now);
        }
        victim.tell(LinkId(k), &[declared(1, WRITER)]);
        victim.tell_rows(LinkId(k), 1, &rows);
    }
    assert_eq!(victim.replica.unsealed(), 20 * 120);
    victim.tell_passport(LINK);
    let proof = StreamProof::of(WRITER, 0, &open_label());
    let covered = rows.iter().map(|row| Covered { key: row.key, version: row.version, mark: proof.mark(row) });
    victim.tell_rows(LINK, 1, &[seal(1, 121, covered.collect(), &proof)]);
    println!("a seal over 120 rows of 20 links: {} octets at once at the most", victim.largest);
    assert_eq!((victim.replica.table().len(), victim.replica.unsealed()), (121, 0));
}

/// Seals are counted from one. That a writer's first was said to be none ended every node that it reached.
#[test]
fn a_seal_that_is_counted_as_none_is_no_panic() {
    let mut victim = Victim::open(signed());
    victim.tell(LINK, &[declared(1, WRITER)]);
    victim.tell_passport(LINK);
    let proof = StreamProof::of(WRITER, 0, &open_label());
    victim.tell_rows(LINK, 1, &[seal(0, 1, Vec::new(), &proof)]);
    assert_eq!(victim.replica.tally().seals_verified, 1);
}

#[test]
fn no_passport_asks_for_more_than_a_packet_may_however_many_seals_wait_for_it() {
    let mut victim = Victim::open(signed());
    victim.tell(LINK, &[declared(1, WRITER)]);
    let proof = StreamProof::of(WRITER, 0, &open_label());
    let one = seal(0, 1, Vec::new(), &proof);
    for packet in 0..410_u32 {
        let further = |k: u32| Row {
            key: RowKey { kind: Kind::Seal, handle: u16::try_from(packet * 10 + k).expect("fits") },
            version: packet * 10 + k,
            ..one.clone()
        };
        victim.tell_rows(LINK, 1, &(1..=10).map(further).collect::<Vec<_>>());
    }
    assert_eq!(victim.replica.unsealed(), 4096, "no room for more");
    victim.tell_passport(LINK);
    println!("a passport for which 4096 seals wait: {} octets at once at the most", victim.largest);
    let tally = victim.replica.tally();
    assert!(tally.seals_verified > 0 && tally.seals_put_off > 0 && tally.forged > 0, "{tally:?}");
}

/// Two replicas that talk.
struct Pair {
    nodes: [SimNode; 2],
    elapsed: Span,
}

impl Pair {
    fn new(signatures: Signatures, random: &mut Random) -> Self {
        let config = ReplicaConfig { refine: true, journal: true, signatures, ..ReplicaConfig::default() };
        let nodes = [0, 1].map(|k| {
            let keys = if signatures == Signatures::Off { Keys::default() } else { keys::of(SimNode::name(k)) };
            let mut node = SimNode::with_keys(k, true, config, keys);
            (0..20).for_each(|target| node.found(Span::ZERO, target % 4 == 0, random));
            node
        });
        let mut pair = Self { nodes, elapsed: Span::ZERO };
        for k in [0, 1] {
            let bearer = Bearer { rate_hint: 1e5, mtu: 1400, overhead: 41, clearance: clearance(true), layer: 1 };
            let now = pair.now(k);
            pair.nodes[k].replica.as_mut().expect("it runs").handle_link(link_id(1 - k), LinkEvent::Up(bearer), now);
        }
        pair
    }

    fn now(&self, k: usize) -> Now {
        self.nodes[k].now(self.elapsed)
    }

    /// A tenth of a second passes: the packets that come of it, and to whom.
    fn talk(&mut self, turn: u64, random: &mut Random) -> Vec<(usize, Vec<u8>)> {
        self.elapsed = self.elapsed + Span::from_millis(100);
        let mut sent = Vec::new();
        for k in [0, 1] {
            let (now, node) = (self.now(k), &mut self.nodes[k]);
            if turn.is_multiple_of(10) {
                if random.chance(0.3) {
                    node.end_one(random);
                    node.found(self.elapsed, random.chance(0.5), random);
                }
                let records = node.scan(self.elapsed, random);
                records.iter().for_each(|record| node.publish(record, now));
            }
            let replica = node.replica.as_mut().expect("it runs");
            replica.handle_timeout(now);
            sent.extend(std::iter::from_fn(|| replica.poll_transmit(link_id(1 - k))).map(|bytes| (1 - k, bytes)));
        }
        sent
    }

    fn deliver(&mut self, to: usize, bytes: &[u8]) {
        let now = self.now(to);
        let replica = self.nodes[to].replica.as_mut().expect("it runs");
        let _ = replica.handle_packet(link_id(1 - to), bytes, now);
        while replica.poll_change().is_some() {}
        while replica.poll_journal().is_some() {}
    }
}

/// A packet with something wrong in it: as it would come from a bad line, or with a good checksum and a new number, as
/// it would come from a bad neighbour.
fn damaged(bytes: &[u8], others: &[Vec<u8>], further: u64, random: &mut Random) -> Vec<u8> {
    if random.chance(0.1) {
        return spoilt(bytes, PACKET_BYTES_MAX, others, random);
    }
    match packet::open(bytes).expect("a true packet") {
        Packet::Hello(payload) => packet::hello(&spoilt(payload, PACKET_BYTES_MAX - 5, others, random)),
        Packet::Data(header, items) => {
            let number = header.number.unwrap_or_default().wrapping_add(u16::try_from(further).expect("a few"));
            let [newest, a, b, c, d, ..] = random.bits().to_le_bytes();
            let wrong = Acks { newest: newest.into(), mask: u32::from_le_bytes([a, b, c, d]) };
            let acks = if random.chance(0.1) { Some(wrong) } else { header.acks };
            let header = Header { number: Some(number), acks, ..header };
            packet::data(&header, &spoilt(items, PACKET_BYTES_MAX - packet::OVERHEAD_BYTES, others, random))
        }
    }
}

/// Octets of which some are turned, cut off, filled up, or followed by those of other packets.
fn spoilt(octets: &[u8], most: usize, others: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut spoilt = octets.to_vec();
    for _ in 0..=random.index(2) {
        let at = random.index(spoilt.len().max(1));
        match random.below(6) {
            0 | 1 => spoilt.iter_mut().skip(at).take(1).for_each(|octet| *octet ^= 1 << random.below(8)),
            2 => spoilt.iter_mut().skip(at).take(1).for_each(|octet| *octet = 0xFF),
            3 => spoilt.truncate(at),
            4 => spoilt.resize_with(most, || random.bits().to_le_bytes()[0]),
            _ => {
                for _ in 0..others.len().min(100) {
                    if let Ok(Packet::Data(_, items)) = packet::open(&others[random.index(others.len())]) {
                        spoilt.extend(items);
                    }
                }
                spoilt.truncate(most);
            }
        }
    }
    spoilt
}
