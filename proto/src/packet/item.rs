//! What stands in a packet after its header: items, each an octet for its kind and what belongs to it.
//!
//! Streams are named by an index that the sender gives them on this link and declares before it uses it. Where an item
//! speaks of the *receiver's* streams (prune, graft, again), the index is that of the receiver.

use fusion_core::label::Label;
use fusion_core::track::{NodeId, Origin};

use super::label;
use super::octets::{Octets, Reader};
use crate::row::Tick;

/// A writer's rows of one label and one layer, versions counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamKey {
    /// Who writes.
    pub origin: Origin,
    /// Which of its streams.
    pub number: u8,
}

/// Everything that a receiver must know of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// The sender's index for it on this link.
    pub index: u16,
    /// Which stream.
    pub stream: StreamKey,
    /// Zero for what everybody gets, one for what only fast links carry.
    pub layer: u8,
    /// Who may have it.
    pub label: Label,
}

/// A floor of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FloorItem {
    /// Which stream.
    pub index: u16,
    /// Up to which version.
    pub floor: u32,
    /// Of a digest: whether what was acknowledged before is to be forgotten.
    pub forget: bool,
}

/// What a stream looks like to its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckItem {
    /// Which stream.
    pub index: u16,
    /// The newest version held.
    pub top: u32,
    /// Hash over keys and versions of all rows held.
    pub hash: u32,
}

/// A piece of a passport or of a deny-list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it is a piece of: 0 a passport, 1 a deny-list.
    pub kind: u8,
    /// Which: its last eight octets, which are a signature's.
    pub tag: u64,
    /// Which piece …
    pub part: u8,
    /// … of so many.
    pub parts: u8,
    /// The piece.
    pub octets: Vec<u8>,
}

/// One item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A stream and its index.
    Stream(Box<Declaration>),
    /// Rows of a stream: how many, the first version, the newest time. The bits follow; whoever reads them tells how
    /// many octets they took.
    Rows {
        /// Which stream.
        index: u16,
        /// How many rows.
        count: u8,
        /// Version of the first.
        first: u32,
        /// Time of the newest.
        newest: Tick,
        /// From the first bit on, to the end of the packet.
        bits: &'a [u8],
    },
    /// The receiver holds every row up to here: valid as long as its digest of this era is its last.
    Floors(u8, Vec<FloorItem>),
    /// The sender holds every row up to here: part `.1` of `.2`, of era `.0`.
    Digest(u8, u8, u8, Vec<FloorItem>),
    /// The sender holds every row up to here, and does not send these streams unasked.
    Know(Vec<FloorItem>),
    /// Do not send these streams unasked: they come another way.
    Prune(Vec<u16>),
    /// Send these streams again.
    Graft(Vec<u16>),
    /// What these streams look like.
    Check(Vec<CheckItem>),
    /// Of these streams the sender holds less than it should: take nothing for granted. Begins an era, as a digest
    /// does.
    Again(u8, Vec<u16>),
    /// The sender's clock: milliseconds since the Unix epoch.
    Clock(i64),
    /// A piece of a passport or of a deny-list.
    Piece(Piece),
}

const STREAM: u8 = 1;
const ROWS: u8 = 2;
const FLOORS: u8 = 3;
const DIGEST: u8 = 4;
const KNOW: u8 = 5;
const PRUNE: u8 = 6;
const GRAFT: u8 = 7;
const CHECK: u8 = 8;
const AGAIN: u8 = 9;
const CLOCK: u8 = 10;
const PIECE: u8 = 11;

/// Entries in one item at the most.
///
/// No counter: the count has one octet; more go into another item.
pub const ENTRIES_MAX: usize = 255;

const FORGET: u8 = 1;

/// Writes an item; of lists, the first [`ENTRIES_MAX`].
pub fn put(out: &mut Octets, item: &Item<'_>) {
    match item {
        Item::Stream(declaration) => put_declaration(out, declaration),
        Item::Rows { index, count, first, newest, bits } => {
            out.u8(ROWS);
            out.index(*index);
            out.u8(*count);
            out.u32(*first);
            out.u40(newest.number());
            out.bytes(bits);
        }
        Item::Floors(era, floors) => {
            out.bytes(&[FLOORS, *era]);
            put_floors(out, floors, false);
        }
        Item::Digest(era, part, parts, floors) => {
            out.bytes(&[DIGEST, *era, *part, *parts]);
            put_floors(out, floors, true);
        }
        Item::Know(floors) => {
            out.u8(KNOW);
            put_floors(out, floors, false);
        }
        Item::Prune(streams) => put_streams(out, PRUNE, streams),
        Item::Graft(streams) => put_streams(out, GRAFT, streams),
        Item::Again(era, streams) => {
            out.bytes(&[AGAIN, *era]);
            put_list(out, streams, |out, index| out.index(*index));
        }
        Item::Check(checks) => {
            out.u8(CHECK);
            put_list(out, checks, |out, check| {
                out.index(check.index);
                out.u32(check.top);
                out.u32(check.hash);
            });
        }
        Item::Clock(millis) => {
            out.u8(CLOCK);
            out.u64(millis.cast_unsigned());
        }
        Item::Piece(piece) => {
            out.bytes(&[PIECE, piece.kind]);
            out.u64(piece.tag);
            out.bytes(&[piece.part, piece.parts]);
            put_list(out, &piece.octets, |out, octet| out.u8(*octet));
        }
    }
}

/// Reads the next item; `None` if there is none that makes sense. After [`Item::Rows`] the reader stands at the first
/// bit.
pub fn get<'a>(r: &mut Reader<'a>) -> Option<Item<'a>> {
    Some(match r.u8()? {
        STREAM => Item::Stream(Box::new(get_declaration(r)?)),
        ROWS => {
            let (index, count, first) = (r.index()?, r.u8()?, r.u32()?);
            Item::Rows { index, count, first, newest: Tick::new(r.u40()?), bits: r.rest() }
        }
        FLOORS => Item::Floors(r.u8()?, get_floors(r, false)?),
        DIGEST => Item::Digest(r.u8()?, r.u8()?, r.u8()?, get_floors(r, true)?),
        KNOW => Item::Know(get_floors(r, false)?),
        PRUNE => Item::Prune(get_list(r, Reader::index)?),
        GRAFT => Item::Graft(get_list(r, Reader::index)?),
        AGAIN => Item::Again(r.u8()?, get_list(r, Reader::index)?),
        CHECK => Item::Check(get_list(r, |r| Some(CheckItem { index: r.index()?, top: r.u32()?, hash: r.u32()? }))?),
        CLOCK => Item::Clock(r.u64()?.cast_signed()),
        PIECE => {
            let (kind, tag, part, parts) = (r.u8()?, r.u64()?, r.u8()?, r.u8()?);
            Item::Piece(Piece { kind, tag, part, parts, octets: get_list(r, Reader::u8)? })
        }
        _ => return None,
    })
}

fn put_declaration(out: &mut Octets, declaration: &Declaration) {
    out.u8(STREAM);
    out.index(declaration.index);
    out.u64(declaration.stream.origin.node.0);
    out.u32(declaration.stream.origin.incarnation);
    out.bytes(&[declaration.stream.number, declaration.layer]);
    label::put(out, &declaration.label);
}

fn get_declaration(r: &mut Reader<'_>) -> Option<Declaration> {
    let index = r.index()?;
    let origin = Origin { node: NodeId(r.u64()?), incarnation: r.u32()? };
    let stream = StreamKey { origin, number: r.u8()? };
    Some(Declaration { index, stream, layer: r.u8()?, label: label::get(r)? })
}

fn put_list<T>(out: &mut Octets, list: &[T], mut put: impl FnMut(&mut Octets, &T)) {
    let told = &list[..list.len().min(ENTRIES_MAX)];
    out.u8(u8::try_from(told.len()).unwrap_or(u8::MAX));
    told.iter().for_each(|each| put(out, each));
}

fn get_list<'a, T>(r: &mut Reader<'a>, mut get: impl FnMut(&mut Reader<'a>) -> Option<T>) -> Option<Vec<T>> {
    let count = r.u8()?;
    // Collected one by one: memory follows what is there, not what is announced.
    let mut list = Vec::new();
    for _ in 0..count {
        list.push(get(r)?);
    }
    Some(list)
}

fn put_floors(out: &mut Octets, floors: &[FloorItem], with_flags: bool) {
    put_list(out, floors, |out, floor| {
        out.index(floor.index);
        if with_flags {
            out.u8(u8::from(floor.forget) * FORGET);
        }
        out.u32(floor.floor);
    });
}

fn get_floors(r: &mut Reader<'_>, with_flags: bool) -> Option<Vec<FloorItem>> {
    get_list(r, |r| {
        let index = r.index()?;
        let forget = with_flags && r.u8()? & FORGET != 0;
        Some(FloorItem { index, floor: r.u32()?, forget })
    })
}

fn put_streams(out: &mut Octets, kind: u8, streams: &[u16]) {
    out.u8(kind);
    put_list(out, streams, |out, index| out.index(*index));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all() -> Vec<Item<'static>> {
        let origin = Origin { node: NodeId(0x0102_0304_0506_0708), incarnation: 9 };
        let stream = StreamKey { origin, number: 1 };
        let floor = |index, floor| FloorItem { index, floor, forget: false };
        vec![
            Item::Stream(Box::new(Declaration { index: 3, stream, layer: 0, label: Label::STRICTEST })),
            Item::Floors(2, vec![floor(3, 1000)]),
            Item::Digest(2, 0, 1, vec![FloorItem { forget: true, ..floor(300, 7) }]),
            Item::Know(vec![floor(3, 9)]),
            Item::Prune(vec![3]),
            Item::Graft(vec![3, 4]),
            Item::Check(vec![CheckItem { index: 3, top: 5, hash: 0xAABB_CCDD }]),
            Item::Again(4, vec![3]),
            Item::Clock(-2),
            Item::Piece(Piece { kind: 1, tag: 0x0102_0304_0506_0708, part: 0, parts: 2, octets: vec![0xAB, 0xCD] }),
            Item::Rows { index: 3, count: 2, first: 7, newest: Tick::new(8), bits: &[0xAB] },
        ]
    }

    #[test]
    fn every_item_comes_back() {
        let mut out = Octets::default();
        all().iter().for_each(|item| put(&mut out, item));
        let mut reader = Reader::new(out.as_slice());
        for item in all() {
            assert_eq!(get(&mut reader), Some(item));
        }
    }

    /// Octets, as `docs/WIRE.md` shows them.
    #[test]
    fn the_octets_are_those_of_the_document() {
        let hex: Vec<String> = all()
            .iter()
            .map(|item| {
                let mut out = Octets::default();
                put(&mut out, item);
                out.as_slice().iter().map(|byte| format!("{byte:02x}")).collect()
            })
            .collect();
        let expected = [
            "0103080706050403020109000000010004000000",
            "03020103e8030000",
            "0402000101ac020107000000",
            "05010309000000",
            "060103",
            "07020304",
            "08010305000000ddccbbaa",
            "09040103",
            "0afeffffffffffffff",
            "0b010807060504030201000202abcd",
            "020302070000000800000000ab",
        ];
        assert_eq!(hex[1..], expected[1..]);
        assert_eq!(hex[0], "01030807060504030201090000000100".to_owned() + "04000000");
    }

    proptest! {
        #[test]
        fn any_octets_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut reader = Reader::new(&bytes);
            while let Some(item) = get(&mut reader) {
                if matches!(item, Item::Rows { .. }) {
                    break;
                }
            }
        }
    }
}
