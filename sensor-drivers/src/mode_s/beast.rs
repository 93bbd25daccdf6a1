//! The Beast binary stream: `0x1A`, a type byte, a 48-bit counter, a signal level, the frame; every `0x1A` inside
//! doubled.
//!
//! ```text
//! 1A '1' cc cc cc cc cc cc ss  2 bytes   Mode A/C reply
//! 1A '2' cc cc cc cc cc cc ss  7 bytes   Mode S short frame
//! 1A '3' cc cc cc cc cc cc ss 14 bytes   Mode S long frame
//! 1A '4' cc cc cc cc cc cc ss 14 bytes   status of the receiver (Radarcape)
//! ```
//! c is a 12 MHz counter (or GPS nanoseconds of day, where the receiver is so set), big-endian; s the signal level,
//! 255 at full scale. The framer needs no input buffer: it keeps the one frame in the making, so its memory is
//! bounded by the longest frame and a stream may be cut anywhere.
//! Source: the output format pages of the Mode-S Beast's maker.

use super::frame::ModeSFrame;

/// One message of the stream, its escapes removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeastFrame {
    /// The receiver's 48-bit counter at reception. Not trusted for time: receivers disagree on what it counts.
    pub counter: u64,
    /// Signal level, 255 at full scale; zero where the receiver does not tell.
    pub signal: u8,
    /// What was received.
    pub payload: Payload,
}

/// What a Beast message carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A Mode A/C reply: no address in it.
    ModeAc([u8; 2]),
    /// A Mode S frame of 56 or 112 bits, not yet checked.
    ModeS(ModeSFrame),
    /// The receiver's own status.
    Status([u8; 14]),
}

/// What a framer has seen. `bytes == frame_bytes + garbage_bytes +` [`BeastFramer::pending_bytes`], always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BeastTally {
    /// Bytes taken in.
    pub bytes: u64,
    /// Bytes that belonged to complete frames, escapes included.
    pub frame_bytes: u64,
    /// Bytes that belonged to no complete frame.
    pub garbage_bytes: u64,
    /// Complete frames of types '1' to '4'.
    pub frames: [u64; 4],
    /// Frames cut short by the beginning of another or by a broken escape; their bytes are garbage.
    pub truncated: u64,
    /// Beginnings with a type byte that is none of '1' to '4'; skipped to the next beginning.
    pub unknown_types: u64,
}

/// Cuts a Beast stream into frames, wherever the stream is split.
///
/// ```
/// use sensor_drivers::mode_s::beast::{self, BeastFramer, Payload};
/// let mut framer = BeastFramer::new();
/// let mut stream: &[u8] = &[0xFF, 0x1A, b'1', 0, 0, 0, 0, 0, 0x1A, 0x1A, 80, 0x12, 0x34];
/// let frame = framer.next_frame(&mut stream).expect("one whole frame after one byte of garbage");
/// assert_eq!((frame.counter, frame.signal, frame.payload), (0x1A, 80, Payload::ModeAc([0x12, 0x34])));
/// assert_eq!(framer.tally().garbage_bytes, 1);
/// ```
#[derive(Clone, Debug)]
pub struct BeastFramer {
    state: State,
    body: [u8; BODY_BYTES_MAX],
    /// Bytes since the `0x1A` that began the frame in the making, escapes included.
    raw: u8,
    tally: BeastTally,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Looking for `0x1A`.
    Hunting,
    /// `0x1A` seen: the next byte is the type.
    Begun,
    /// Collecting `wanted` bytes of body.
    Body { kind: Kind, filled: u8, wanted: u8 },
    /// As `Body`, with a `0x1A` seen whose meaning the next byte decides.
    Escaped { kind: Kind, filled: u8, wanted: u8 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    ModeAc,
    Short,
    Long,
    Status,
}

impl BeastFramer {
    /// A framer at the beginning of a stream, or anywhere in one.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::Hunting, body: [0; BODY_BYTES_MAX], raw: 0, tally: BeastTally::NONE }
    }

    /// Takes bytes off the front of `input` until one frame is complete; `None` once the input is used up. Call until
    /// `None`, then again with the next bytes of the stream.
    pub fn next_frame(&mut self, input: &mut &[u8]) -> Option<BeastFrame> {
        while let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            self.tally.bytes += 1;
            if let Some(frame) = self.handle_byte(byte) {
                return Some(frame);
            }
        }
        None
    }

    /// Forgets the frame in the making (after a reconnect) and counts its bytes as garbage.
    pub fn reset(&mut self) {
        self.tally.truncated += u64::from(self.raw > 0);
        self.discard();
    }

    /// Bytes held of a frame that is not complete yet; never more than twice the longest body plus two.
    #[must_use]
    pub const fn pending_bytes(&self) -> u8 {
        self.raw
    }

    /// What has been seen so far.
    #[must_use]
    pub const fn tally(&self) -> &BeastTally {
        &self.tally
    }

    fn handle_byte(&mut self, byte: u8) -> Option<BeastFrame> {
        match self.state {
            State::Hunting => self.hunt(byte),
            State::Begun => self.begin(byte),
            State::Body { kind, filled, wanted } if byte == ESCAPE => {
                self.raw += 1;
                self.state = State::Escaped { kind, filled, wanted };
            }
            State::Body { kind, filled, wanted } => return self.fill(byte, kind, filled, wanted),
            State::Escaped { kind, filled, wanted } if byte == ESCAPE => return self.fill(byte, kind, filled, wanted),
            State::Escaped { .. } => self.interrupt(byte),
        }
        None
    }

    fn hunt(&mut self, byte: u8) {
        if byte == ESCAPE {
            self.raw = 1;
            self.state = State::Begun;
        } else {
            self.tally.garbage_bytes += 1;
        }
    }

    /// The byte after a lone `0x1A`. A doubled one is data of a frame whose beginning was missed.
    fn begin(&mut self, byte: u8) {
        self.raw += 1;
        if let Some(kind) = Kind::of(byte) {
            self.state = State::Body { kind, filled: 0, wanted: kind.body_bytes() };
        } else {
            self.tally.unknown_types += u64::from(byte != ESCAPE);
            self.discard();
        }
    }

    fn fill(&mut self, byte: u8, kind: Kind, filled: u8, wanted: u8) -> Option<BeastFrame> {
        self.raw += 1;
        self.body[usize::from(filled)] = byte;
        let filled = filled + 1;
        if filled < wanted {
            self.state = State::Body { kind, filled, wanted };
            return None;
        }
        self.tally.frame_bytes += u64::from(self.raw);
        self.tally.frames[kind as usize] += 1;
        self.raw = 0;
        self.state = State::Hunting;
        Some(kind.frame(&self.body))
    }

    /// A lone `0x1A` inside a body: the frame was cut and, unless the type is no type, another begins here.
    fn interrupt(&mut self, byte: u8) {
        self.tally.truncated += 1;
        self.raw -= 1;
        self.discard();
        self.hunt(ESCAPE);
        self.begin(byte);
    }

    fn discard(&mut self) {
        self.tally.garbage_bytes += u64::from(self.raw);
        self.raw = 0;
        self.state = State::Hunting;
    }
}

impl Default for BeastFramer {
    fn default() -> Self {
        Self::new()
    }
}

impl BeastFrame {
    /// Appends the frame to `out` as it travels: escapes doubled.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[ESCAPE, self.payload.kind().byte()]);
        let counter = self.counter.to_be_bytes();
        let head = counter[2..].iter().chain(core::iter::once(&self.signal));
        for &byte in head.chain(self.payload.bytes()) {
            out.push(byte);
            if byte == ESCAPE {
                out.push(ESCAPE);
            }
        }
    }

    /// Reads the body of a frame (all after the type byte) whose escapes have been removed. `None` if `kind` is no
    /// frame type or the length is not that type's.
    #[must_use]
    pub fn from_unescaped(kind: u8, body: &[u8]) -> Option<Self> {
        let kind = Kind::of(kind)?;
        let mut whole = [0; BODY_BYTES_MAX];
        whole.get_mut(..body.len())?.copy_from_slice(body);
        (body.len() == usize::from(kind.body_bytes())).then(|| kind.frame(&whole))
    }
}

impl Payload {
    fn kind(&self) -> Kind {
        match self {
            Self::ModeAc(_) => Kind::ModeAc,
            Self::ModeS(frame) if frame.is_long() => Kind::Long,
            Self::ModeS(_) => Kind::Short,
            Self::Status(_) => Kind::Status,
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::ModeAc(bytes) => bytes,
            Self::ModeS(frame) => frame.bytes(),
            Self::Status(bytes) => bytes,
        }
    }
}

impl Kind {
    const fn of(byte: u8) -> Option<Self> {
        Some(match byte {
            b'1' => Self::ModeAc,
            b'2' => Self::Short,
            b'3' => Self::Long,
            b'4' => Self::Status,
            _ => return None,
        })
    }

    const fn byte(self) -> u8 {
        b'1' + self as u8
    }

    /// Counter, signal level and payload.
    const fn body_bytes(self) -> u8 {
        HEAD_BYTES
            + match self {
                Self::ModeAc => 2,
                Self::Short => 7,
                Self::Long | Self::Status => 14,
            }
    }

    fn frame(self, body: &[u8; BODY_BYTES_MAX]) -> BeastFrame {
        let [c0, c1, c2, c3, c4, c5, signal, payload @ ..] = *body;
        let payload = match self {
            Self::ModeAc => Payload::ModeAc([payload[0], payload[1]]),
            Self::Short => {
                let [p0, p1, p2, p3, p4, p5, p6, ..] = payload;
                Payload::ModeS(ModeSFrame::short([p0, p1, p2, p3, p4, p5, p6]))
            }
            Self::Long => Payload::ModeS(ModeSFrame::long(payload)),
            Self::Status => Payload::Status(payload),
        };
        BeastFrame { counter: u64::from_be_bytes([0, 0, c0, c1, c2, c3, c4, c5]), signal, payload }
    }
}

impl BeastTally {
    const NONE: Self =
        Self { bytes: 0, frame_bytes: 0, garbage_bytes: 0, frames: [0; 4], truncated: 0, unknown_types: 0 };

    /// Complete frames of every type.
    #[must_use]
    pub fn frames_total(&self) -> u64 {
        self.frames.iter().sum()
    }
}

/// Begins a frame; doubled, it is a byte of data.
const ESCAPE: u8 = 0x1A;
const HEAD_BYTES: u8 = 7;
/// No counter: every type of frame has a fixed length.
const BODY_BYTES_MAX: usize = 21;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(framer: &mut BeastFramer, mut bytes: &[u8]) -> Vec<BeastFrame> {
        core::iter::from_fn(|| framer.next_frame(&mut bytes)).collect()
    }

    fn balances(framer: &BeastFramer) -> bool {
        let tally = framer.tally();
        tally.bytes == tally.frame_bytes + tally.garbage_bytes + u64::from(framer.pending_bytes())
    }

    fn encoded(frames: &[BeastFrame]) -> Vec<u8> {
        let mut out = Vec::new();
        frames.iter().for_each(|frame| frame.encode_into(&mut out));
        out
    }

    fn any_frame() -> impl Strategy<Value = BeastFrame> {
        // Many 0x1A, so that escapes are the rule.
        let byte = prop_oneof![Just(0x1A), any::<u8>(), b'1'..=b'4'];
        let body = proptest::collection::vec(byte, 21);
        (b'1'..=b'4', body).prop_map(|(kind, body)| {
            let length = usize::from(Kind::of(kind).expect("a type").body_bytes());
            BeastFrame::from_unescaped(kind, &body[..length]).expect("the right length")
        })
    }

    #[test]
    fn the_next_frame_after_a_cut_one_is_not_lost() {
        let frame = BeastFrame { counter: 7, signal: 9, payload: Payload::ModeAc([0x1A, 0x33]) };
        let whole = encoded(&[frame]);
        // Cut between the two halves of an escape, the first half joins the next beginning into data, by the rules of
        // the stream; such a cut costs one frame more.
        for cut in (1..whole.len()).filter(|&cut| !whole[..cut].ends_with(&[0x1A]) || cut == 1) {
            let mut framer = BeastFramer::new();
            let stream = [&whole[..cut], &whole[..]].concat();
            assert_eq!(all(&mut framer, &stream), if cut == 1 { vec![] } else { vec![frame] }, "cut at {cut}");
            assert!(balances(&framer));
        }
    }

    #[test]
    fn an_unknown_type_is_counted_and_skipped() {
        let frame = BeastFrame { counter: 1, signal: 2, payload: Payload::Status([5; 14]) };
        let mut framer = BeastFramer::new();
        let stream = [&[0x1A, 0xE3, 1, 2, 3][..], &encoded(&[frame])].concat();
        assert_eq!(all(&mut framer, &stream), [frame]);
        assert_eq!((framer.tally().unknown_types, framer.tally().garbage_bytes), (1, 5));
    }

    #[test]
    fn a_reset_turns_the_half_frame_into_garbage() {
        let mut framer = BeastFramer::new();
        assert!(all(&mut framer, &[0x1A, b'3', 1, 2]).is_empty());
        framer.reset();
        assert_eq!((framer.tally().truncated, framer.tally().garbage_bytes, framer.pending_bytes()), (1, 4, 0));
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_the_same_frames(frames in proptest::collection::vec(any_frame(), 0..20)) {
            let mut framer = BeastFramer::new();
            prop_assert_eq!(all(&mut framer, &encoded(&frames)), frames);
            prop_assert_eq!(framer.tally().garbage_bytes, 0);
        }

        #[test]
        fn a_stream_may_be_split_anywhere(
            frames in proptest::collection::vec(any_frame(), 0..6),
            noise in proptest::collection::vec(any::<u8>(), 0..40),
            at in 0..200usize,
        ) {
            let mut stream = encoded(&frames);
            let at = at.min(stream.len());
            stream.splice(at..at, noise);
            let (mut whole, mut single) = (BeastFramer::new(), BeastFramer::new());
            let expected = all(&mut whole, &stream);
            let seen: Vec<_> = stream.iter().flat_map(|&byte| all(&mut single, &[byte])).collect();
            prop_assert_eq!(seen, expected);
            prop_assert_eq!(whole.tally(), single.tally());
            prop_assert!(balances(&whole));
        }
    }
}
