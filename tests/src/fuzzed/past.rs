//! What a node finds of its history when it starts: parts of the past, each behind two octets that tell how long it is
//! and whether it follows on the one before.

use std::collections::BTreeMap;

use edge_node::history::{History, Limits, Part};
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{NodeId, Origin, TrackId, TrackNumber};
use proto::codec::{decode_past, encode_past};

/// Memory for it, octets.
const BYTES: usize = 1 << 18;

/// The reader of parts, and what a restart makes of them.
///
/// # Panics
/// If what was read is written differently, or more memory is taken than was given.
pub fn target(input: &[u8]) {
    let (mut parts, mut rest) = (Vec::new(), input);
    while let Some((head, behind)) = rest.split_first_chunk::<2>() {
        let head = u16::from_le_bytes(*head);
        let (part, after) = behind.split_at(usize::from(head & 0x7FFF).min(behind.len()));
        rest = after;
        if let Ok(past) = decode_past(part) {
            let again = encode_past(&past).expect("it was read within the bound");
            assert_eq!(decode_past(&again).map(|past| encode_past(&past)), Ok(Ok(again)));
            parts.push(Part { follows: head & 0x8000 != 0, past });
        }
    }
    let mut history = History::new(Limits { bytes: BYTES, age: Span::from_secs(14_400) });
    history.restore(&parts);
    assert!(history.bytes() <= BYTES, "{} octets", history.bytes());
    let Some((from, to)) = history.span() else { return };
    assert!(from <= to);
    for at in [from, to, Timestamp::from_secs(0)] {
        let _ = history.picture(at, |_| true);
    }
    for (node, incarnation, number) in parts.iter().flat_map(|part| part.past.ways.iter().map(|way| way.track)) {
        let id = TrackId { origin: Origin { node: NodeId(node), incarnation }, number: TrackNumber(number) };
        if let Some(way) = history.way(id, (from, to), 10, |_| true) {
            assert!(way.points.len() <= 10);
        }
    }
    history.handle_picture(to + Span::from_secs(1), &BTreeMap::<_, edge_node::picture::SystemTrack>::new());
    assert!(history.bytes() <= BYTES);
}
