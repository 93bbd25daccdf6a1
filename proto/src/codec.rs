//! The one file that names bincode: what a node keeps for itself (state, journal, history).
//!
//! bincode 2.0.1 is the last of its line (RUSTSEC-2025-0141: no longer maintained), so it stays behind these
//! functions, pinned, and never meets bytes from a peer without a limit: without one, a length prefix of nine bytes
//! aborts the process. What is kept is framed as magic, version, length, payload, checksum, so that a torn or foreign
//! file is refused instead of believed.

use bincode::config::{Configuration, Fixint, Limit, LittleEndian, Varint};
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

/// What the picture was, as a node keeps it for its next life: what was learnt since the last of these was written.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct KeptPast {
    /// Whether it is the first of a life.
    pub begins: bool,
    /// Whether something before it could not be kept.
    pub gap: bool,
    /// Since when the picture is known in this life: milliseconds since the Unix epoch, as all times here.
    pub begun_ms: i64,
    /// The picture time up to which this tells.
    pub until_ms: i64,
    /// Who tracks are.
    pub said: Vec<KeptSaid>,
    /// Where tracks were.
    pub ways: Vec<KeptWay>,
}

/// The number of a track: node, incarnation, number.
pub type KeptId = (u64, u32, u64);

/// Who a track is, from a time on.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct KeptSaid {
    /// Which track.
    pub track: KeptId,
    /// From when on.
    pub since_ms: i64,
    /// Who may know, as told between nodes.
    pub label: Vec<u8>,
    /// The address that it transmits: which kind, and the number or the text.
    pub address: Option<(u8, u32, String)>,
    /// Its name.
    pub name: Option<String>,
    /// Its code of Mode 3/A.
    pub mode_3a: Option<u16>,
    /// By what its emitter is known again: hash, and how often that errs.
    pub fingerprint: Option<(u64, f64)>,
    /// Its class, by number.
    pub class: u8,
    /// Whose it is, by number.
    pub affiliation: u8,
    /// Names of sensors.
    pub sensors: Vec<String>,
    /// Whether only estimates made elsewhere told of it.
    pub source_track: bool,
    /// Numbers under which some of it was shown before.
    pub formerly: Vec<KeptId>,
}

/// Points of a track, of which nothing else was said meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct KeptWay {
    /// Which track.
    pub track: KeptId,
    /// Since when that had been said of it which was: no point counts without it.
    pub said_ms: i64,
    /// Oldest first.
    pub points: Vec<KeptPoint>,
}

/// A point, and for how long its line held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Encode, Decode)]
pub struct KeptPoint {
    /// How long before the end of what is told it was shown first.
    pub ago_ms: u32,
    /// How far the estimate lay back then.
    pub lag_ms: i32,
    /// For how long after its time what was told agreed with it.
    pub held_ms: u32,
    /// ECEF, centimetres.
    pub position_cm: [i32; 3],
    /// Along the same axes.
    pub velocity_m_s: [f32; 3],
    /// East, east with north, north, up; velocity along each axis.
    pub variances: [f32; 5],
    /// Status by number, 0: it was gone; 128 more if nobody told of it any more.
    pub status: u8,
}

/// The version of [`KeptPast`], its first octet.
const PAST_VERSION: u8 = 1;

/// Part of the past in octets: its version, then its parts, numbers as short as they are.
///
/// # Errors
/// [`CodecError::TooLarge`] if it does not fit.
pub fn encode_past(past: &KeptPast) -> Result<Vec<u8>, CodecError> {
    let mut bytes = vec![PAST_VERSION];
    bytes.extend(bincode::encode_to_vec(past, varied()).map_err(|_| CodecError::TooLarge)?);
    Ok(bytes)
}

/// Reads part of the past. Its frame has the checksum.
///
/// # Errors
/// [`CodecError`] if it is of another version, or is none.
pub fn decode_past(bytes: &[u8]) -> Result<KeptPast, CodecError> {
    let (&version, rest) = bytes.split_first().ok_or(CodecError::NotOurs)?;
    if version != PAST_VERSION {
        return Err(CodecError::Version(version.into()));
    }
    let (past, used) = bincode::decode_from_slice(rest, varied()).map_err(|_| CodecError::Malformed)?;
    if used == rest.len() { Ok(past) } else { Err(CodecError::Malformed) }
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

fn varied() -> Configuration<LittleEndian, Varint, Limit<PAYLOAD_BYTES_MAX>> {
    bincode::config::standard().with_limit::<PAYLOAD_BYTES_MAX>()
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
    fn a_part_of_the_past_comes_back_and_no_cut_of_it_is_believed() {
        let point =
            KeptPoint { ago_ms: 9_000, lag_ms: -1, position_cm: [-5, 0, 5], status: 130, ..KeptPoint::default() };
        let way = KeptWay { track: (1, 2, 3), said_ms: 99, points: vec![point; 2] };
        let said = KeptSaid { track: (1, 2, 3), sensors: vec!["radar".into()], ..KeptSaid::default() };
        let past = KeptPast { until_ms: 1_000, said: vec![said], ways: vec![way], ..KeptPast::default() };
        let bytes = encode_past(&past).expect("small");
        assert_eq!(decode_past(&bytes), Ok(past));
        (0..bytes.len()).for_each(|end| assert!(decode_past(&bytes[..end]).is_err(), "cut at {end}"));
        assert_eq!(decode_past(&[9; 40]), Err(CodecError::Version(9)));
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
