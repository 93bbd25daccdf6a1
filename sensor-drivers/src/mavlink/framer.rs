//! Cuts a stream into MAVLink frames, version 1 and 2, wherever the stream is split (mavlink.io, "Serialization").
//!
//! A frame is believed if its checksum is right. Frames of messages that are not in the dialect have a checksum that
//! cannot be verified: they are skipped as a whole only where one has to begin, right after another frame or eight
//! octets later (the time that a `.tlog` puts before each). Signatures are skipped, not verified.

use ::mavlink::dialects::common::MavMessage;
use ::mavlink::{MavlinkVersion, Message, calculate_crc};

/// Octets of a frame: the long header, payload, checksum, signature.
///
/// No counter: the length is one octet, no frame can be longer.
pub const FRAME_BYTES_MAX: usize = 13 + 255 + 2 + 13;

/// A frame whose checksum was right, or could not be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Version of the protocol.
    pub version: MavlinkVersion,
    /// Who sent it.
    pub system: u32,
    /// Which part of it.
    pub component: u8,
    /// Counts the frames of a component.
    pub sequence: u8,
    /// Which message.
    pub id: u32,
    /// Its octets; trailing zeros are left out in version 2.
    pub payload: &'a [u8],
    /// Whether a signature followed.
    pub signed: bool,
    /// Whether the message is in the dialect, so that the checksum was verified.
    pub known: bool,
}

/// Holds the beginning of a frame whose end has not come yet.
#[derive(Debug)]
pub struct Framer {
    held: [u8; FRAME_BYTES_MAX],
    length: usize,
    /// Of what is held, the frame that was given out last.
    given: usize,
    /// Octets of no frame since the last one.
    astray: u64,
    garbage: u64,
    bad_checksums: u64,
}

impl Frame<'_> {
    /// Its message, whichever of the dialect it is.
    #[must_use]
    pub fn message(&self) -> Option<MavMessage> {
        MavMessage::parse(self.version, self.id, self.payload).ok()
    }
}

impl Default for Framer {
    fn default() -> Self {
        Self { held: [0; FRAME_BYTES_MAX], length: 0, given: 0, astray: 0, garbage: 0, bad_checksums: 0 }
    }
}

/// What the octets from a start mark on may be.
enum Judgement {
    /// No frame begins here.
    No,
    /// So many octets will tell.
    Needs(usize),
    /// A frame of so many octets.
    Frame(usize),
}

impl Framer {
    /// The next frame; what was looked at is taken off `rest`.
    pub fn next<'a, 'b: 'a>(&'a mut self, rest: &mut &'b [u8]) -> Option<Frame<'a>> {
        self.held.copy_within(self.given..self.length, 0);
        self.length -= self.given;
        self.given = 0;
        loop {
            if self.length == 0 {
                let bytes = *rest;
                match self.judge(bytes) {
                    Judgement::Frame(length) => {
                        *rest = &bytes[length..];
                        self.astray = 0;
                        return Some(frame(&bytes[..length]));
                    }
                    Judgement::No => *rest = self.skip(bytes),
                    Judgement::Needs(_) => {
                        self.held[..bytes.len()].copy_from_slice(bytes);
                        (self.length, *rest) = (bytes.len(), &[]);
                        return None;
                    }
                }
                if rest.is_empty() {
                    return None;
                }
            } else {
                match self.judge(&self.held[..self.length]) {
                    Judgement::Frame(length) => {
                        (self.given, self.astray) = (length, 0);
                        return Some(frame(&self.held[..length]));
                    }
                    Judgement::No => self.shift(),
                    Judgement::Needs(total) => {
                        if !self.fill(total, rest) {
                            return None;
                        }
                    }
                }
            }
        }
    }

    /// Octets that belong to no frame.
    #[must_use]
    pub const fn garbage(&self) -> u64 {
        self.garbage
    }

    /// Counters by name.
    pub fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        each("garbage_bytes", self.garbage);
        each("bad_checksums", self.bad_checksums);
    }

    fn judge(&self, bytes: &[u8]) -> Judgement {
        judge(bytes, matches!(self.astray, 0 | TLOG_TIME_BYTES))
    }

    /// What follows the octet that begins no frame, from the next start mark on.
    fn skip<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        self.bad_checksums += u64::from(is_start(bytes[0]));
        let next = 1 + bytes[1..].iter().position(|&octet| is_start(octet)).unwrap_or(bytes.len() - 1);
        self.astray += next as u64;
        self.garbage += next as u64;
        &bytes[next..]
    }

    /// The same within what is held.
    fn shift(&mut self) {
        let held = self.held;
        let left = self.skip(&held[..self.length]);
        self.held[..left.len()].copy_from_slice(left);
        self.length = left.len();
    }

    /// Takes what is needed to hold so many octets; tells whether there was enough.
    fn fill(&mut self, total: usize, rest: &mut &[u8]) -> bool {
        let (taken, left) = rest.split_at(rest.len().min(total - self.length));
        self.held[self.length..self.length + taken.len()].copy_from_slice(taken);
        self.length += taken.len();
        *rest = left;
        self.length == total
    }
}

const START_V1: u8 = 0xFE;
const START_V2: u8 = 0xFD;
const HEADER_V1: usize = 6;
const HEADER_V2: usize = 10;
/// With a system of 32 bits.
const HEADER_LONG: usize = 13;
const CHECKSUM: usize = 2;
const SIGNATURE: usize = 13;
const TLOG_TIME_BYTES: u64 = 8;
const FLAG_SIGNED: u8 = 0x01;
const FLAG_LONG_SYSTEM: u8 = 0x02;

const fn is_start(octet: u8) -> bool {
    matches!(octet, START_V1 | START_V2)
}

/// Octets of the header, and behind payload and checksum; `None` for flags that nobody knows.
fn layout(bytes: &[u8]) -> Option<(usize, usize)> {
    if bytes[0] == START_V1 {
        return Some((HEADER_V1, 0));
    }
    let flags = bytes[2];
    if flags & !(FLAG_SIGNED | FLAG_LONG_SYSTEM) != 0 {
        return None;
    }
    let header = if flags & FLAG_LONG_SYSTEM != 0 { HEADER_LONG } else { HEADER_V2 };
    Some((header, if flags & FLAG_SIGNED != 0 { SIGNATURE } else { 0 }))
}

fn judge(bytes: &[u8], in_step: bool) -> Judgement {
    match bytes.first() {
        None => return Judgement::Needs(1),
        Some(&first) if !is_start(first) => return Judgement::No,
        Some(_) if bytes.len() < HEADER_V1 => return Judgement::Needs(HEADER_V1),
        Some(_) => {}
    }
    let Some((header, behind)) = layout(bytes) else { return Judgement::No };
    let summed = header + usize::from(bytes[1]);
    let total = summed + CHECKSUM + behind;
    if bytes.len() < total {
        return Judgement::Needs(total);
    }
    let extra = MavMessage::extra_crc(message_id(bytes, header));
    let right = calculate_crc(&bytes[1..summed], extra).to_le_bytes() == bytes[summed..summed + CHECKSUM];
    if right || extra == 0 && in_step && is_plain_v2(bytes) { Judgement::Frame(total) } else { Judgement::No }
}

/// Whether it is of version 2 without flags of compatibility: rarely so by chance.
const fn is_plain_v2(bytes: &[u8]) -> bool {
    bytes[0] == START_V2 && bytes[3] == 0
}

fn message_id(bytes: &[u8], header: usize) -> u32 {
    match bytes[..header] {
        [.., a, b, c] if bytes[0] == START_V2 => u32::from_le_bytes([a, b, c, 0]),
        [.., id] => u32::from(id),
        [] => 0,
    }
}

fn frame(bytes: &[u8]) -> Frame<'_> {
    let (header, behind) = layout(bytes).expect("it was judged to be a frame");
    let id = message_id(bytes, header);
    let (version, sequence, system, component) = match header {
        HEADER_V1 => (MavlinkVersion::V1, bytes[2], u32::from(bytes[3]), bytes[4]),
        HEADER_V2 => (MavlinkVersion::V2, bytes[4], u32::from(bytes[5]), bytes[6]),
        _ => (MavlinkVersion::V2, bytes[4], u32::from_le_bytes([bytes[5], bytes[6], bytes[7], bytes[8]]), bytes[9]),
    };
    let payload = &bytes[header..header + usize::from(bytes[1])];
    let known = MavMessage::extra_crc(id) != 0;
    Frame { version, system, component, sequence, id, payload, signed: behind > 0, known }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::mavlink::encode;
    use ::mavlink::dialects::common::{ATTITUDE_DATA, SYSTEM_TIME_DATA};

    fn stream() -> Vec<u8> {
        let mut bytes = Vec::new();
        for sequence in 0..6 {
            let system = encode::Sender { system: 1, component: 1, sequence };
            encode::frame(system, &ATTITUDE_DATA { time_boot_ms: 0xFD_FE_FD, ..ATTITUDE_DATA::DEFAULT }, &mut bytes);
            bytes.extend_from_slice(&[0xFE, 3, 0xFD][..usize::from(sequence % 4)]);
            encode::frame(system, &SYSTEM_TIME_DATA { time_unix_usec: 1, time_boot_ms: 2 }, &mut bytes);
        }
        bytes
    }

    fn ids(bytes: &[u8], cut: usize) -> Vec<(u32, u8)> {
        let mut framer = Framer::default();
        let mut ids = Vec::new();
        // What looks like the beginning of a frame is held until as much has come as it says.
        let padded = [bytes, &[0; FRAME_BYTES_MAX]].concat();
        for piece in padded.chunks(cut) {
            let mut rest = piece;
            while let Some(frame) = framer.next(&mut rest) {
                ids.push((frame.id, frame.sequence));
            }
        }
        ids
    }

    #[test]
    fn a_stream_gives_the_same_frames_wherever_it_is_cut_and_whatever_lies_between() {
        let bytes = stream();
        let whole = ids(&bytes, bytes.len());
        assert_eq!(whole.len(), 12);
        assert!((1..40).all(|cut| ids(&bytes, cut) == whole));
    }

    #[test]
    fn a_frame_with_one_wrong_bit_is_no_frame_and_the_next_is_found() {
        let bytes = stream();
        let whole = ids(&bytes, bytes.len()).len();
        for at in 0..30 {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x10;
            let found = ids(&bytes, bytes.len()).iter().filter(|(id, _)| [2, 30].contains(id)).count();
            assert!(found + 2 >= whole && found < whole, "{at}: {found} of {whole}");
        }
    }

    #[test]
    fn signed_frames_and_those_of_other_dialects_are_skipped_as_a_whole() {
        let mut bytes = vec![START_V2, 2, FLAG_SIGNED, 0, 9, 1, 1, 0xFF, 0xFF, 0x7F, 1, 2, 0, 0];
        bytes.extend_from_slice(&[START_V2; SIGNATURE]);
        bytes.extend_from_slice(&stream());
        assert_eq!(ids(&bytes, bytes.len())[..2], [(0x7F_FFFF, 9), (30, 0)]);
        // Astray, the same octets are not believed.
        bytes.insert(0, 0);
        assert_eq!(ids(&bytes, bytes.len())[0], (30, 0));
    }
}
