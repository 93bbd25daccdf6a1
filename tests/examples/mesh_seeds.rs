//! Writes seeds for the fuzz target `mesh` from a simulated pair: `cargo run -p tests --example mesh_seeds`.

use std::path::Path;

use fusion_core::time::Span;
use proto::packet::{self, Packet};
use proto::replica::{Bearer, Keys, LinkEvent, LinkId, ReplicaConfig, Signatures};
use tests::world::keys;
use tests::world::node::{SimNode, clearance};
use tests::world::random::Random;

const LINK: LinkId = LinkId(1);

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/mesh");
    std::fs::create_dir_all(&folder).expect("the tree can be written");
    let write = |name: String, mode: u8, pieces: &[Vec<u8>]| {
        let mut input = vec![mode];
        for piece in pieces {
            input.extend_from_slice(&u16::try_from(piece.len()).expect("small").to_le_bytes());
            input.extend_from_slice(piece);
        }
        std::fs::write(folder.join(name), input).expect("as above");
    };
    for seed in 0..12 {
        // The last four are signed; item 8 was made by hand.
        let signed = seed >= 8;
        let mode = if signed { 3 } else { 0 };
        let (packets, journal) = talk(seed, signed);
        let seed = if signed { seed + 1 } else { seed };
        let items: Vec<Vec<u8>> = packets.iter().filter_map(|bytes| items(bytes)).collect();
        write(format!("raw-{seed:02}"), mode, &packets[..packets.len().min(6)]);
        write(format!("items-{seed:02}"), mode + 1, &items[..items.len().min(12)]);
        write(format!("journal-{seed:02}"), mode + 2, &journal[..journal.len().min(4)]);
    }
}

fn items(bytes: &[u8]) -> Option<Vec<u8>> {
    match packet::open(bytes) {
        Ok(Packet::Data(_, items)) if !items.is_empty() => Some(items.to_vec()),
        Ok(_) | Err(_) => None,
    }
}

/// What one node says to another, and what that one keeps.
fn talk(seed: u64, signed: bool) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let signatures = if signed { Signatures::Required } else { Signatures::Off };
    let config =
        ReplicaConfig { refine: seed.is_multiple_of(2), journal: true, signatures, ..ReplicaConfig::default() };
    let mut nodes = [1, 2].map(|k| {
        let keys = if signed { keys::of(SimNode::name(k)) } else { Keys::default() };
        SimNode::with_keys(k, true, config, keys)
    });
    let (mut random, mut said, mut kept) = (Random::new(seed), Vec::new(), Vec::new());
    (0..4).for_each(|_| nodes[0].found(Span::ZERO, seed.is_multiple_of(3), &mut random));
    let bearer = Bearer { rate_hint: 1e5, mtu: 600, overhead: 41, clearance: clearance(true), layer: 1 };
    for step in 0..400_i64 {
        let global = Span::from_millis(step * 50);
        if step % 20 == 0 {
            let (now, records) = (nodes[0].now(global), nodes[0].scan(global, &mut random));
            let replica = nodes[0].replica.as_mut().expect("it runs");
            records.iter().for_each(|record| replica.handle_publish(record, None, now));
        }
        for k in 0..2 {
            let now = nodes[k].now(global);
            let replica = nodes[k].replica.as_mut().expect("it runs");
            if step == 0 {
                replica.handle_link(LINK, LinkEvent::Up(bearer), now);
            }
            replica.handle_timeout(now);
            while let Some(bytes) = nodes[k].replica.as_mut().and_then(|replica| replica.poll_transmit(LINK)) {
                let (now, other) = (nodes[1 - k].now(global), nodes[1 - k].replica.as_mut().expect("it runs"));
                let _ = other.handle_packet(LINK, &bytes, now);
                while other.poll_change().is_some() {}
                kept.extend(std::iter::from_fn(|| other.poll_journal()));
                if k == 0 {
                    said.push(bytes);
                }
            }
        }
    }
    (said, kept)
}
