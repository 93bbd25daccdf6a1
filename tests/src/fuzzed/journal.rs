//! What a node finds in its folder when it starts: two segments, of which the first two octets tell where the second
//! begins.

use edge_node::journal::recovery::recover;
use edge_node::journal::segment::{self, Name, Piece};

use crate::disk::FakeDisk;

/// The segments' names.
pub const NAMES: [Name; 2] = [Name { first: 0, incarnation: 1 }, Name { first: 12, incarnation: 2 }];

/// The reader of segments, and what a restart makes of them.
///
/// # Panics
/// If pieces overlap, go back, or lie beyond the segment, or if more is believed than there is.
pub fn target(input: &[u8]) {
    let Some((length, rest)) = input.split_first_chunk::<2>() else { return };
    let (first, second) = rest.split_at(usize::from(u16::from_le_bytes(*length)).min(rest.len()));
    let mut disk = FakeDisk::default();
    for (name, octets) in NAMES.into_iter().zip([first, second]) {
        read(name, octets);
        disk.lay(&name.to_string(), octets);
    }
    let found = recover(&mut disk).expect("this disk reads");
    assert!(found.believed <= found.entries.len() && found.incarnation == 2);
    assert!(found.entries.iter().all(|(number, _)| *number < found.next));
}

fn read(name: Name, octets: &[u8]) {
    let (mut at, mut number) = (0, name.first);
    for piece in segment::read(name, octets) {
        match piece {
            Piece::Record(record) => {
                assert!(record.offset >= at && record.number >= number, "records go forwards");
                (at, number) = (record.offset + record.content.len(), record.number + 1);
                assert!(at <= octets.len(), "a record lies within its segment");
            }
            Piece::Damage { offset, octets: damaged } => {
                assert!(offset >= at && damaged > 0, "damage goes forwards");
                at = offset + damaged;
            }
            Piece::Foreign(_) => at = octets.len(),
        }
    }
}
