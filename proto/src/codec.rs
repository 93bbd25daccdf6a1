//! The one file that names bincode: what a node keeps for itself (state, journal).
//!
//! bincode 2.0.1 is the last of its line (RUSTSEC-2025-0141: no longer maintained), so it stays behind these two
//! functions, pinned, and never meets bytes from a peer without a limit: without one, a length prefix of nine bytes
//! aborts the process. What is kept is framed as magic, version, length, payload, checksum, so that a torn or foreign
//! file is refused instead of believed.

use bincode::config::{Configuration, Fixint, Limit, LittleEndian};
use bincode::{Decode, Encode};

/// Largest payload that is written or believed, in bytes.
///
/// No counter: a larger one is refused with [`CodecError::TooLarge`].
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;

const MAGIC: [u8; 4] = *b"CPMS";
const HEADER_BYTES: usize = 12;
const CHECKSUM_BYTES: usize = 8;

/// What a node remembers across restarts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct NodeState {
    /// Count of this node's lives: part of every track id, so that no reboot reuses a number.
    pub incarnation: u32,
    /// The last record version that may have been published.
    pub version: u64,
}

/// What a node says when a link comes up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Greeting {
    /// Who.
    pub node: u64,
    /// In which life.
    pub incarnation: u32,
    /// Counts its sessions on this link; the lowest octet is the tag in its packets.
    pub session: u32,
    /// The session of the other side that it knows of.
    pub heard: Option<u32>,
    /// The highest layer of streams that it wants.
    pub layer: u8,
    /// A hash of what must be alike for two nodes to compose one picture.
    pub fingerprint: u64,
}

/// Rows of one stream as a node keeps them for its next life.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct KeptRows {
    /// Their writer.
    pub node: u64,
    /// In which life it wrote them.
    pub incarnation: u32,
    /// Which of its streams, as told between nodes: number, layer, label.
    pub declaration: Vec<u8>,
    /// Up to where the stream was held.
    pub floor: u32,
    /// Version of the first row.
    pub first: u32,
    /// Time of the newest row.
    pub newest: u64,
    /// How many.
    pub count: u8,
    /// The rows, as told between nodes.
    pub bits: Vec<u8>,
}

/// A passport or a deny-list as a node keeps it for its next life.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct KeptPaper {
    /// Which of the two, as in a piece between nodes.
    pub kind: u8,
    /// All of it.
    pub octets: Vec<u8>,
}

/// Largest greeting that is read, in bytes. No counter: a larger one is refused.
const GREETING_BYTES_MAX: usize = 64;

/// The version of [`Greeting`], its first octet.
const GREETING_VERSION: u8 = 1;

/// A greeting in bytes: its version, then its parts.
#[must_use]
pub fn encode_greeting(greeting: &Greeting) -> Vec<u8> {
    let mut bytes = vec![GREETING_VERSION];
    bytes.extend(bincode::encode_to_vec(greeting, small()).expect("numbers alone, less than the limit"));
    bytes
}

/// Reads a greeting. What a later version appends is not looked at.
///
/// # Errors
/// [`CodecError`] if it is of another version or is none.
pub fn decode_greeting(bytes: &[u8]) -> Result<Greeting, CodecError> {
    let (&version, rest) = bytes.split_first().ok_or(CodecError::NotOurs)?;
    if version != GREETING_VERSION {
        return Err(CodecError::Version(version.into()));
    }
    let decoded = bincode::decode_from_slice(rest, small());
    decoded.map(|(greeting, _)| greeting).map_err(|_| CodecError::Malformed)
}

/// Why kept bytes are not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodecError {
    /// They do not begin as ours do, or end too early.
    NotOurs,
    /// They were written by another version of the format.
    Version(u16),
    /// The checksum does not match: torn write or damaged medium.
    Damaged,
    /// The payload is larger than [`PAYLOAD_BYTES_MAX`].
    TooLarge,
    /// The payload is whole but does not decode.
    Malformed,
}

impl core::fmt::Display for CodecError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NotOurs => f.write_str("not a copmesh state file, or cut short"),
            Self::Version(v) => write!(f, "state format version {v} is not known to this program"),
            Self::Damaged => f.write_str("the checksum does not match: a torn write or a damaged medium"),
            Self::TooLarge => write!(f, "larger than {PAYLOAD_BYTES_MAX} bytes"),
            Self::Malformed => f.write_str("the content does not decode"),
        }
    }
}

impl core::error::Error for CodecError {}

/// Frames a value for keeping.
///
/// # Errors
/// [`CodecError::TooLarge`] if it does not fit.
pub fn encode<T: Encode>(version: u16, value: &T) -> Result<Vec<u8>, CodecError> {
    let payload = bincode::encode_to_vec(value, config()).map_err(|_| CodecError::TooLarge)?;
    let length = u32::try_from(payload.len()).map_err(|_| CodecError::TooLarge)?;
    let mut bytes = Vec::with_capacity(HEADER_BYTES + payload.len() + CHECKSUM_BYTES);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.extend_from_slice(&[0, 0]);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&payload);
    let sum = checksum(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    Ok(bytes)
}

/// Reads back what [`encode`] framed.
///
/// # Errors
/// Any [`CodecError`]; nothing is believed in part.
pub fn decode<T: Decode<()>>(version: u16, bytes: &[u8]) -> Result<T, CodecError> {
    let (framed, sum) = bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or(CodecError::NotOurs)?;
    let (header, payload) = framed.split_first_chunk::<HEADER_BYTES>().ok_or(CodecError::NotOurs)?;
    let [m0, m1, m2, m3, v0, v1, _, _, l0, l1, l2, l3] = *header;
    if [m0, m1, m2, m3] != MAGIC {
        return Err(CodecError::NotOurs);
    }
    if checksum(framed) != u64::from_le_bytes(*sum) {
        return Err(CodecError::Damaged);
    }
    let told = u16::from_le_bytes([v0, v1]);
    if told != version {
        return Err(CodecError::Version(told));
    }
    if usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])) != Ok(payload.len()) {
        return Err(CodecError::NotOurs);
    }
    let (value, used) = bincode::decode_from_slice(payload, config()).map_err(|_| CodecError::Malformed)?;
    if used == payload.len() { Ok(value) } else { Err(CodecError::Malformed) }
}

fn config() -> Configuration<LittleEndian, Fixint, Limit<PAYLOAD_BYTES_MAX>> {
    bincode::config::standard().with_fixed_int_encoding().with_limit::<PAYLOAD_BYTES_MAX>()
}

fn small() -> Configuration<LittleEndian, Fixint, Limit<GREETING_BYTES_MAX>> {
    bincode::config::standard().with_fixed_int_encoding().with_limit::<GREETING_BYTES_MAX>()
}

fn checksum(bytes: &[u8]) -> u64 {
    fnv1a(FNV_BASIS, bytes)
}

/// The hash of no bytes at all.
pub const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a, 64 bits, continued from `hash`: against torn writes and bit rot, not against an adversary.
#[must_use]
pub fn fnv1a(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: NodeState = NodeState { incarnation: 7, version: 1_000_000 };

    #[test]
    fn what_was_kept_comes_back() {
        let bytes = encode(1, &STATE).expect("small");
        assert_eq!(decode::<NodeState>(1, &bytes), Ok(STATE));
    }

    #[test]
    fn no_truncation_and_no_flipped_bit_is_believed() {
        let bytes = encode(1, &STATE).expect("small");
        for end in 0..bytes.len() {
            assert!(decode::<NodeState>(1, &bytes[..end]).is_err(), "cut at {end}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(decode::<NodeState>(1, &bad).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_greeting_comes_back_in_the_octets_of_the_document() {
        let greeting =
            Greeting { node: 0x0102, incarnation: 3, session: 4, heard: Some(5), layer: 1, fingerprint: 0xAB };
        let bytes = encode_greeting(&greeting);
        assert_eq!(decode_greeting(&bytes), Ok(greeting));
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "0102010000000000000300000004000000010500000001ab00000000000000");
        assert_eq!(decode_greeting(&[9; 40]), Err(CodecError::Version(9)));
        (0..bytes.len()).for_each(|end| assert!(decode_greeting(&bytes[..end]).is_err(), "cut at {end}"));
    }

    #[test]
    fn another_version_is_named() {
        let bytes = encode(2, &STATE).expect("small");
        assert_eq!(decode::<NodeState>(1, &bytes), Err(CodecError::Version(2)));
    }

    #[test]
    fn a_length_prefix_cannot_make_us_allocate() {
        let mut payload = Vec::new();
        payload.extend_from_slice(&u64::MAX.to_le_bytes());
        assert!(bincode::decode_from_slice::<Vec<u64>, _>(&payload, config()).is_err());
    }
}
