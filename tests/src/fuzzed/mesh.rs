//! Packets between nodes, and what a node kept.
//!
//! The first octet chooses: raw packets; items behind a true header and checksum, which is where a fuzzer would else
//! not come; entries of a journal. Modes from 3 on are the same where signatures are required. Two octets before each
//! piece tell its length.

use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{NodeId, Origin};
use proto::codec::{Greeting, decode_greeting, encode_greeting};
use proto::packet::{self, Header};
use proto::replica::{Bearer, Keys, LinkEvent, LinkId, Now, Replica, ReplicaConfig, Signatures};

use crate::world::keys;
use crate::world::node::clearance;

/// Rows that a fuzzed replica may hold.
const ROWS: usize = 500;
/// Changes that one packet may bring.
const CHANGES: usize = 100_000;
/// The link to its neighbour.
pub const LINK: LinkId = LinkId(1);
/// The replica's tag in its first session of its third life.
pub const TAG: u8 = 112;
/// The neighbour's tag.
pub const NEIGHBOUR_TAG: u8 = 7;
const NEIGHBOUR: Origin = Origin { node: NodeId(2), incarnation: 5 };

/// The replica.
pub fn target(input: &[u8]) {
    let Some((&mode, mut rest)) = input.split_first() else { return };
    let (mut replica, mut now) = open_replica(config(mode / 3 % 2 == 1));
    let mut number = 0;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let piece = &after[..usize::from(u16::from_le_bytes(*length)).min(after.len())];
        rest = &after[piece.len()..];
        match mode % 3 {
            0 => {
                let _ = replica.handle_packet(LINK, piece, now);
            }
            1 => {
                number += 1;
                let header = Header { from: NEIGHBOUR_TAG, to: TAG, number: Some(number), acks: None };
                let _ = replica.handle_packet(LINK, &packet::data(&header, piece), now);
            }
            _ => {
                replica.restore(std::iter::once(piece));
                let _ = decode_greeting(piece);
            }
        }
        drain(&mut replica);
        now = later(now, Span::from_millis(400));
        replica.handle_timeout(now);
        drain(&mut replica);
    }
    assert!(replica.table().len() <= ROWS, "more rows than there is room for");
    assert!(replica.unsealed() <= 4096, "more rows wait than there is room for");
    replica.handle_timeout(later(now, Span::from_secs(90_000)));
    drain(&mut replica);
}

fn later(now: Now, span: Span) -> Now {
    Now { validity: now.validity + span, elapsed: now.elapsed + span }
}

/// What a fuzzed replica is set to.
fn config(signed: bool) -> ReplicaConfig {
    let signatures = if signed { Signatures::Required } else { Signatures::Off };
    ReplicaConfig { rows_max: ROWS, journal: true, signatures, ..ReplicaConfig::default() }
}

/// A replica in session with a neighbour.
#[must_use]
pub fn open_replica(config: ReplicaConfig) -> (Replica, Now) {
    let now = Now { validity: Timestamp::from_secs(1_750_000_000), elapsed: Span::ZERO };
    let signed = config.signatures == Signatures::Required;
    let keys = if signed { keys::of(NodeId(1)) } else { Keys::default() };
    let mut replica = Replica::new(Origin { node: NodeId(1), incarnation: 3 }, config, now).with_keys(&keys);
    meet(&mut replica, LINK, NEIGHBOUR, now);
    (replica, now)
}

/// Begins a session with a neighbour over a link.
///
/// # Panics
/// If a true greeting is refused.
pub fn meet(replica: &mut Replica, link: LinkId, neighbour: Origin, now: Now) {
    let bearer = Bearer { rate_hint: 1e5, mtu: 1400, overhead: 41, clearance: clearance(true), layer: 1 };
    replica.handle_link(link, LinkEvent::Up(bearer), now);
    let heard = greeting_of(replica, link).map(|greeting| greeting.session);
    let (node, incarnation) = (neighbour.node.0, neighbour.incarnation);
    let greeting = Greeting { node, incarnation, session: NEIGHBOUR_TAG.into(), heard, layer: 1, fingerprint: 0 };
    replica.handle_packet(link, &packet::hello(&encode_greeting(&greeting)), now).expect("a true greeting");
    while replica.poll_transmit(link).is_some() {}
}

fn greeting_of(replica: &mut Replica, link: LinkId) -> Option<Greeting> {
    let bytes = replica.poll_transmit(link)?;
    match packet::open(&bytes) {
        Ok(packet::Packet::Hello(payload)) => decode_greeting(payload).ok(),
        Ok(packet::Packet::Data(..)) | Err(_) => None,
    }
}

fn drain(replica: &mut Replica) {
    for _ in 0..CHANGES {
        if replica.poll_change().is_none() {
            break;
        }
    }
    assert!(replica.poll_change().is_none(), "changes without end");
    while let Some(bytes) = replica.poll_transmit(LINK) {
        assert!(bytes.len() <= 1400 && packet::open(&bytes).is_ok());
    }
    while replica.poll_journal().is_some() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The entry of the corpus that begins with what a sensor is off by, and goes on with the same cut and filled up.
    #[test]
    fn a_registration_of_the_corpus_is_taken_in() {
        let (mut replica, now) = open_replica(config(false));
        let mut rest = &include_bytes!("../../fuzz/corpus/mesh/items-08")[1..];
        for number in 1..=2 {
            let (length, after) = rest.split_first_chunk::<2>().expect("two pieces at the least");
            let (piece, others) = after.split_at(u16::from_le_bytes(*length).into());
            let header = Header { from: NEIGHBOUR_TAG, to: TAG, number: Some(number), acks: None };
            assert_eq!(replica.handle_packet(LINK, &packet::data(&header, piece), now), Ok(()));
            rest = others;
        }
        let held: Vec<String> = replica.registered().map(|held| held.sensor).collect();
        assert_eq!(held, ["radar north"]);
    }

    /// An entry of the corpus from signed nodes: passports, rows and their seals.
    #[test]
    fn signed_rows_of_the_corpus_are_verified_and_taken_in() {
        let (mut replica, now) = open_replica(config(true));
        let mut rest = &include_bytes!("../../fuzz/corpus/mesh/items-09")[1..];
        let mut number = 0;
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            let (piece, others) = after.split_at(u16::from_le_bytes(*length).into());
            number += 1;
            let header = Header { from: NEIGHBOUR_TAG, to: TAG, number: Some(number), acks: None };
            // Differences from what the neighbour had acknowledged are refused.
            let _ = replica.handle_packet(LINK, &packet::data(&header, piece), now);
            rest = others;
        }
        assert!(replica.table().len() > 4 && replica.tally().seals_verified > 0, "{:?}", replica.tally());
    }

    #[test]
    fn a_fuzzed_packet_reaches_the_items() {
        let (mut replica, now) = open_replica(config(false));
        let header = Header { from: NEIGHBOUR_TAG, to: TAG, number: Some(1), acks: None };
        let digest = [4, 1, 0, 1, 0];
        assert_eq!(replica.handle_packet(LINK, &packet::data(&header, &digest), now), Ok(()));
        assert!(replica.is_ready(LINK));
    }
}
