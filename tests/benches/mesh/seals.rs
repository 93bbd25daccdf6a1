//! What signatures cost: octets on the wire with seals and without, and the time to sign and to verify.

#![allow(clippy::cast_precision_loss, reason = "counts of a simulation")]

use std::hint::black_box;

use fusion_core::label::Label;
use fusion_core::time::Span;
use fusion_core::track::{NodeId, Origin};
use proto::packet::item::StreamKey;
use proto::passport::SigningKey;
use proto::replica::proof::StreamProof;
use proto::replica::{Keys, ReplicaConfig, Signatures};
use proto::row::seal::{Covered, Seal};
use proto::row::{Body, Kind, Lifetime, Row, RowKey, Tick};
use rustix::time::{ClockId, clock_gettime};
use tests::world::World;
use tests::world::channel::Quality;
use tests::world::keys;
use tests::world::node::SimNode;
use tests::world::plan::Plan;
use tests::world::random::Random;

const SECONDS: i64 = 300;

/// Octets a second from a node with tracks that are updated once a second to one that has none, and rows written.
fn cost(tracks: usize, seal: Option<(i64, usize)>) -> (f64, f64) {
    let mut random = Random::new(42);
    let (seconds, packet) = seal.unwrap_or((1, 1200));
    let config = ReplicaConfig {
        signatures: if seal.is_some() { Signatures::Required } else { Signatures::Off },
        seal_interval: Span::from_secs(seconds),
        seal_packet: packet,
        ..ReplicaConfig::default()
    };
    let nodes = (0..2).map(|k| {
        let keys = if seal.is_some() { keys::of(SimNode::name(k)) } else { Keys::default() };
        let mut node = SimNode::with_keys(k, true, config, keys);
        (0..tracks * (1 - k)).for_each(|_| node.found(Span::ZERO, false, &mut random));
        node.site.layer = None;
        node
    });
    let mut pair = World::new(nodes.collect(), Plan::default(), Random::new(7), false);
    pair.link(0, 1, Quality { loss: 0.0, ..Quality::good(256_000.0, 64_000.0) }, packet.max(600));
    pair.run_until(Span::from_secs(SECONDS));
    let tally = *pair.nodes[0].replica.as_ref().expect("it runs").tally();
    let rows = tally.rows_written - tally.seals_written;
    (pair.channels[&(0, 1)].octets / SECONDS as f64, rows as f64 / SECONDS as f64)
}

/// The tables.
pub fn seals() {
    println!("octets per second on a link of 256 kbit/s, rows written per second, octets per row; by seals' interval");
    println!("  and by the smallest packet of the mesh, which they are to fit");
    println!("  tracks, 1 Hz  unsealed               packet   1 s                  2 s                  5 s");
    for tracks in [5, 20, 50, 200] {
        for packet in [300, 1200] {
            let tell = |(octets, rows): (f64, f64)| format!("{octets:6.0} {rows:5.1} {:6.1}", octets / rows);
            let sealed = [1, 2, 5].map(|seconds| tell(cost(tracks, Some((seconds, packet)))));
            println!("  {tracks:12}  {}  {packet:6}   {}", tell(cost(tracks, None)), sealed.join("  "));
        }
    }
    times();
}

fn times() {
    let (key, stream) = (SigningKey::from_bytes(&[3; 32]), Origin { node: NodeId(1), incarnation: 1 });
    let proof = StreamProof::of(StreamKey { origin: stream, number: 0 }, 0, &Label::STRICTEST);
    let row = |version: u32| {
        let key = RowKey { kind: Kind::Track, handle: 1 };
        Row { key, version, tick: Tick::new(version.into()), body: Body::Gone(Lifetime::Air) }
    };
    let mark = micros(|k| {
        black_box(proof.mark(&row(k)));
    });
    println!("  a row's mark {mark:.2} µs");
    for rows in [14, 95] {
        let covered = (1..=rows).map(|version| Covered { key: row(version).key, version, mark: version.into() });
        let mut seal = Seal {
            count: 1,
            oldest: 1,
            last: true,
            lifetime: Lifetime::Ground,
            covered: covered.collect(),
            signature: [0; 64],
        };
        let place = (RowKey { kind: Kind::Seal, handle: 1 }, rows + 1, Tick::new(9));
        seal.signature = proof.sign(&key, place, &seal);
        let sign = micros(|_| {
            black_box(proof.sign(&key, place, &seal));
        });
        let verifying = key.verifying_key();
        let verify = micros(|_| assert!(black_box(proof.is_signed(&verifying, place, &seal))));
        println!(
            "  a seal over {rows:2} rows: to sign {sign:5.1} µs, to verify {verify:5.1} µs; 16 nodes × 10 a second: \
             {:.2} % of a core",
            verify * 160.0 / 1e4
        );
    }
}

/// Mean time of a call, the best of some rounds.
fn micros(mut act: impl FnMut(u32)) -> f64 {
    let round = |act: &mut dyn FnMut(u32)| {
        let spent = || {
            let spent = clock_gettime(ClockId::ThreadCPUTime);
            spent.tv_sec as f64 * 1e6 + spent.tv_nsec as f64 / 1e3
        };
        let begin = spent();
        (0..200).for_each(&mut *act);
        (spent() - begin) / 200.0
    };
    (0..20).map(|_| round(&mut act)).fold(f64::INFINITY, f64::min)
}
