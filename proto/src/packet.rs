//! Packets between neighbours: a greeting, or a numbered packet of items with acknowledgements, and a checksum.
//!
//! Packets may be lost, doubled, reordered, cut or damaged; nothing of a packet is believed before its checksum is. The
//! octets stand in `docs/WIRE.md`. Nothing here allocates more than a small multiple of what came in.

pub mod checksum;
pub mod item;
pub mod label;
pub mod octets;

use checksum::crc32c;
use octets::{Octets, Reader};

pub use item::Item;

/// The largest packet that is read or written.
///
/// No counter: a larger one is refused as [`PacketError::Size`].
pub const PACKET_BYTES_MAX: usize = 1500;

/// The version of the protocol, in the upper half of the first octet.
pub const VERSION: u8 = 3;

const HELLO: u8 = 0;
const DATA: u8 = 1;
const DATA_WITH_ACKS: u8 = 2;
const ACKS: u8 = 3;
const CHECKSUM_BYTES: usize = 4;

/// Octets of a packet with acknowledgements beside its items.
pub const OVERHEAD_BYTES: usize = 15;

/// Why octets are no packet. Nothing of it was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketError {
    /// Longer than a packet may be, or too short to be one.
    Size,
    /// The checksum does not match.
    Damaged,
    /// Another version of the protocol.
    Version(u8),
    /// The checksum matches, yet at this octet it says what cannot be.
    Malformed(usize),
}

impl core::fmt::Display for PacketError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Size => {
                write!(f, "no packet: shorter than {CHECKSUM_BYTES} octets or longer than {PACKET_BYTES_MAX}")
            }
            Self::Damaged => f.write_str("the checksum does not match: damaged on the way, it will be sent again"),
            Self::Version(v) => write!(f, "protocol version {v}, this program speaks {VERSION}: update the older node"),
            Self::Malformed(at) => write!(f, "octet {at} says what cannot be: the sender is faulty or not one of ours"),
        }
    }
}

impl core::error::Error for PacketError {}

/// Which packets of the other side have come: the newest, and a bit for each of the 32 before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acks {
    /// Number of the newest.
    pub newest: u16,
    /// Bit k: number `newest − 1 − k`.
    pub mask: u32,
}

/// What a numbered packet opens with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The sender's tag of this session.
    pub from: u8,
    /// The receiver's tag, as the sender knows it.
    pub to: u8,
    /// Number of this packet; `None` if it only acknowledges.
    pub number: Option<u16>,
    /// What has come.
    pub acks: Option<Acks>,
}

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// A greeting, in the form of [`codec`](crate::codec).
    Hello(&'a [u8]),
    /// A numbered packet, or acknowledgements alone; items follow.
    Data(Header, &'a [u8]),
}

/// A greeting as a packet.
#[must_use]
pub fn hello(payload: &[u8]) -> Vec<u8> {
    let mut out = Octets::default();
    out.u8(VERSION << 4 | HELLO);
    out.bytes(payload);
    sealed(out)
}

/// A numbered packet of items, or acknowledgements alone.
#[must_use]
pub fn data(header: &Header, items: &[u8]) -> Vec<u8> {
    let mut out = Octets::default();
    let kind = match (header.number, header.acks) {
        (Some(_), Some(_)) => DATA_WITH_ACKS,
        (Some(_), None) => DATA,
        (None, _) => ACKS,
    };
    out.u8(VERSION << 4 | kind);
    out.u8(header.from);
    out.u8(header.to);
    if let Some(number) = header.number {
        out.u16(number);
    }
    if let Some(acks) = header.acks {
        out.u16(acks.newest);
        out.u32(acks.mask);
    }
    out.bytes(items);
    sealed(out)
}

fn sealed(mut out: Octets) -> Vec<u8> {
    let sum = crc32c(out.as_slice());
    out.u32(sum);
    out.into_bytes()
}

/// Opens a packet.
///
/// # Errors
/// [`PacketError`]; then nothing of it is to be believed.
pub fn open(bytes: &[u8]) -> Result<Packet<'_>, PacketError> {
    if bytes.len() > PACKET_BYTES_MAX {
        return Err(PacketError::Size);
    }
    let (body, sum) = bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or(PacketError::Size)?;
    if crc32c(body) != u32::from_le_bytes(*sum) {
        return Err(PacketError::Damaged);
    }
    let (&first, rest) = body.split_first().ok_or(PacketError::Size)?;
    if first >> 4 != VERSION {
        return Err(PacketError::Version(first >> 4));
    }
    if first & 0xF == HELLO {
        return Ok(Packet::Hello(rest));
    }
    let mut reader = Reader::new(rest);
    let header = header(&mut reader, first & 0xF).ok_or(PacketError::Malformed(reader.at()))?;
    Ok(Packet::Data(header, reader.rest()))
}

fn header(r: &mut Reader<'_>, kind: u8) -> Option<Header> {
    let (from, to) = (r.u8()?, r.u8()?);
    let number = if kind == ACKS { None } else { Some(r.u16()?) };
    let acks = match kind {
        DATA => None,
        // Nothing has come yet: it says only that the session is known.
        ACKS if r.rest().is_empty() => None,
        DATA_WITH_ACKS | ACKS => Some(Acks { newest: r.u16()?, mask: r.u32()? }),
        _ => return None,
    };
    Some(Header { from, to, number, acks })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_open_as_they_were_sealed() {
        let acks = Some(Acks { newest: 7, mask: 5 });
        for (number, acks) in [(Some(9), None), (Some(9), acks), (None, acks), (None, None)] {
            let header = Header { from: 1, to: 2, number, acks };
            let items: &[u8] = if number.is_some() { &[1, 2, 3] } else { &[] };
            assert_eq!(open(&data(&header, items)), Ok(Packet::Data(header, items)));
        }
        assert_eq!(open(&hello(&[5, 6])), Ok(Packet::Hello(&[5, 6])));
    }

    #[test]
    fn the_octets_are_those_of_the_document() {
        let header = Header { from: 0xA1, to: 0xB2, number: Some(0x0102), acks: Some(Acks { newest: 3, mask: 0xF0 }) };
        let bytes = data(&header, &[0x08]);
        let expected = [0x32, 0xA1, 0xB2, 0x02, 0x01, 0x03, 0x00, 0xF0, 0, 0, 0, 0x08];
        assert_eq!(bytes[..12], expected);
        assert_eq!(bytes.len(), OVERHEAD_BYTES + 1);
    }

    #[test]
    fn no_flipped_bit_and_no_cut_is_believed() {
        let header = Header { from: 1, to: 2, number: Some(3), acks: None };
        let bytes = data(&header, &[9; 40]);
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&bad), Err(PacketError::Damaged), "bit {bit}");
        }
        for end in 0..bytes.len() {
            assert!(open(&bytes[..end]).is_err(), "cut at {end}");
        }
        assert_eq!(open(&[0; PACKET_BYTES_MAX + 1]), Err(PacketError::Size));
    }

    #[test]
    fn a_strange_version_is_named() {
        let mut out = Octets::default();
        out.u8(0x12);
        assert_eq!(open(&sealed(out)), Err(PacketError::Version(1)));
    }
}
