//! What a node keeps of others' rows for its next life, so that it does not come back blind.
//!
//! Entries stand on their own: a stream, some of its rows as they are now, and up to where the stream was held. A floor
//! is kept only with an entry after which nothing of the stream waits to be kept, so that an end that is torn off
//! leaves what remains true. A node's own rows need no keeping: it begins a new life, whose versions count anew, and
//! finds what it said in the last among its neighbours' rows, or here.

use std::collections::BTreeSet;

use fusion_core::time::Timestamp;
use fusion_core::track::{NodeId, Origin};

use super::table::{Accepted, Table};
use super::tally::Tally;
use crate::codec::{self, KeptRows};
use crate::packet::item::{Declaration, Item, StreamKey};
use crate::packet::octets::{Octets, Reader};
use crate::row::wire::{self, Packed};
use crate::row::{RowKey, Tick};

/// Rows noted and not yet taken, at the most.
///
/// Counter: `Tally::journal_full`. Further ones are not kept.
const NOTED_MAX: usize = 65_536;

/// The version of an entry.
const ENTRY_VERSION: u16 = 2;
/// Rows in one entry.
const ROWS: usize = 64;

/// Rows that are to be kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    noted: BTreeSet<(StreamKey, RowKey)>,
    /// Whether rows were given up: from then on no floor is kept.
    holes: bool,
}

impl Journal {
    /// A row is different.
    pub(super) fn note(&mut self, stream: StreamKey, key: RowKey, tally: &mut Tally) {
        if self.noted.len() < NOTED_MAX {
            self.noted.insert((stream, key));
        } else {
            self.holes = true;
            tally.journal_full += 1;
        }
    }

    /// The next entry.
    pub(super) fn poll(&mut self, table: &Table, me: Origin) -> Option<Vec<u8>> {
        loop {
            let (stream, _) = *self.noted.first()?;
            let of_stream = self.noted.iter().take_while(|(key, _)| *key == stream).take(ROWS);
            let some: Vec<RowKey> = of_stream.map(|(_, key)| *key).collect();
            for row in &some {
                self.noted.remove(&(stream, *row));
            }
            let last = self.noted.first().is_none_or(|(key, _)| *key != stream);
            if let Some(bytes) = entry(table, stream, &some, last && stream.origin != me && !self.holes) {
                return Some(bytes);
            }
        }
    }
}

fn entry(table: &Table, key: StreamKey, rows: &[RowKey], whole: bool) -> Option<Vec<u8>> {
    let stream = table.stream(key)?;
    let held = rows.iter().filter_map(|row| stream.row(*row).map(|held| Packed::new(&held.row(*row), None)));
    let packed: Vec<Packed> = held.collect();
    let count = u8::try_from(packed.len()).ok()?;
    let (first, newest, bits) = wire::encode(packed);
    let mut out = Octets::default();
    let declaration = Declaration { index: 0, stream: key, layer: stream.layer, label: stream.label };
    crate::packet::item::put(&mut out, &Item::Stream(Box::new(declaration)));
    let kept = KeptRows {
        node: key.origin.node.0,
        incarnation: key.origin.incarnation,
        declaration: out.into_bytes(),
        floor: if whole { stream.floor } else { 0 },
        first,
        newest: newest.number(),
        count,
        bits,
    };
    codec::encode(ENTRY_VERSION, &kept).ok()
}

/// Takes an entry into a table; `None` if it is none, or is of this very life. Returns which rows are new.
pub(super) fn restore(entry: &[u8], me: Origin, table: &mut Table, now: Timestamp) -> Option<Vec<(StreamKey, RowKey)>> {
    let kept: KeptRows = codec::decode(ENTRY_VERSION, entry).ok()?;
    let mut reader = Reader::new(&kept.declaration);
    let Some(Item::Stream(declaration)) = crate::packet::item::get(&mut reader) else { return None };
    let origin = Origin { node: NodeId(kept.node), incarnation: kept.incarnation };
    let stream = declaration.stream;
    if stream.origin != origin || origin == me {
        return None;
    }
    table.open(stream, declaration.label, declaration.layer)?;
    let newest = Tick::new(kept.newest);
    let (rows, _) = wire::decode(&kept.bits, kept.count, kept.first, newest, &mut |_, _| None).ok()?;
    let mut new = Vec::new();
    for row in rows {
        let key = row.key;
        if matches!(table.accept(stream, row, now), Accepted::New { .. }) {
            new.push((stream, key));
        }
    }
    let open = table.stream_mut(stream)?;
    if !open.incomplete {
        open.floor = open.floor.max(kept.floor);
    }
    Some(new)
}
