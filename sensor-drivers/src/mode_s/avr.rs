//! AVR lines: a Mode S or Mode A/C frame in hexadecimal between a sign and a semicolon.
//!
//! ```text
//! *8D4840D6202CC371C32CE0576098;                frame alone
//! @016CE3671C748D4840D6202CC371C32CE0576098;    a 48-bit counter before it
//! <016CE3671C74508D4840D6202CC371C32CE0576098;  counter and signal level before it
//! ```
//! `:` is read as `*` and `%` as `@`. What kind of frame it is follows from the number of digits alone. Between lines,
//! white space is expected and anything else is garbage. The framer keeps one line in the making, bounded by the
//! longest frame; a stream may be cut anywhere.

use super::beast::Payload;
use super::frame::ModeSFrame;

/// One line, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvrFrame {
    /// The receiver's 48-bit counter at reception, where the line has one. Not trusted for time.
    pub counter: Option<u64>,
    /// Signal level, 255 at full scale, where the line has one.
    pub signal: Option<u8>,
    /// What was received; never [`Payload::Status`].
    pub payload: Payload,
}

/// What a framer has seen. `bytes == frame_bytes + space_bytes + garbage_bytes +` [`AvrFramer::pending_bytes`],
/// always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AvrTally {
    /// Bytes taken in.
    pub bytes: u64,
    /// Bytes of complete lines, from the sign to the semicolon.
    pub frame_bytes: u64,
    /// White space between lines.
    pub space_bytes: u64,
    /// Bytes that belonged to no complete line.
    pub garbage_bytes: u64,
    /// Complete lines.
    pub frames: u64,
    /// Lines given up: a character that is no digit, too many digits, or a number of digits that is no frame.
    pub malformed: u64,
}

/// Cuts a stream of AVR lines into frames, wherever the stream is split.
#[derive(Clone, Debug, Default)]
pub struct AvrFramer {
    /// The sign that began the line in the making.
    sign: Option<Sign>,
    digits: u8,
    body: [u8; BODY_BYTES_MAX],
    tally: AvrTally,
}

/// How many bytes come before the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Plain,
    Counter,
    CounterAndSignal,
}

impl AvrFramer {
    /// A framer at the beginning of a stream, or anywhere in one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes off the front of `input` until one line is complete; `None` once the input is used up. Call until
    /// `None`, then again with the next bytes of the stream.
    pub fn next_frame(&mut self, input: &mut &[u8]) -> Option<AvrFrame> {
        while let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            self.tally.bytes += 1;
            if let Some(frame) = self.handle_byte(byte) {
                return Some(frame);
            }
        }
        None
    }

    /// Forgets the line in the making (after a reconnect) and counts its bytes as garbage.
    pub fn reset(&mut self) {
        if self.sign.is_some() {
            self.give_up();
        }
    }

    /// Bytes held of a line that is not complete yet.
    #[must_use]
    pub fn pending_bytes(&self) -> u8 {
        if self.sign.is_some() { 1 + self.digits } else { 0 }
    }

    /// What has been seen so far.
    #[must_use]
    pub const fn tally(&self) -> &AvrTally {
        &self.tally
    }

    fn handle_byte(&mut self, byte: u8) -> Option<AvrFrame> {
        if let Some(sign) = Sign::of(byte) {
            self.reset();
            (self.sign, self.digits) = (Some(sign), 0);
            return None;
        }
        let Some(sign) = self.sign else {
            self.count_between_lines(byte);
            return None;
        };
        match hex_digit(byte) {
            Some(digit) if usize::from(self.digits) < 2 * BODY_BYTES_MAX => self.push(digit),
            None if byte == b';' => return self.finish(sign),
            _ => {
                self.give_up();
                self.count_between_lines(byte);
            }
        }
        None
    }

    fn count_between_lines(&mut self, byte: u8) {
        if byte.is_ascii_whitespace() {
            self.tally.space_bytes += 1;
        } else {
            self.tally.garbage_bytes += 1;
        }
    }

    fn push(&mut self, digit: u8) {
        let slot = &mut self.body[usize::from(self.digits / 2)];
        *slot = *slot << 4 | digit;
        self.digits += 1;
    }

    fn finish(&mut self, sign: Sign) -> Option<AvrFrame> {
        let body = &self.body[..usize::from(self.digits / 2)];
        let frame = if self.digits.is_multiple_of(2) { sign.read(body) } else { None };
        if frame.is_some() {
            self.tally.frames += 1;
            self.tally.frame_bytes += u64::from(self.digits) + 2;
            self.sign = None;
        } else {
            self.give_up();
            self.tally.garbage_bytes += 1;
        }
        frame
    }

    fn give_up(&mut self) {
        self.tally.malformed += 1;
        self.tally.garbage_bytes += u64::from(self.pending_bytes());
        self.sign = None;
    }
}

impl AvrFrame {
    /// Appends the frame as one line, with the line feed. A signal level without a counter is not told, since no form
    /// of the line has it.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        let (sign, signal) = match (self.counter, self.signal) {
            (None, _) => (b'*', None),
            (Some(_), None) => (b'@', None),
            (Some(_), signal) => (b'<', signal),
        };
        out.push(sign);
        if let Some(counter) = self.counter {
            push_hex(&counter.to_be_bytes()[2..], out);
        }
        push_hex(signal.as_slice(), out);
        match &self.payload {
            Payload::ModeAc(bytes) => push_hex(bytes, out),
            Payload::ModeS(frame) => push_hex(frame.bytes(), out),
            Payload::Status(bytes) => push_hex(bytes, out),
        }
        out.extend_from_slice(b";\n");
    }
}

impl Sign {
    const fn of(byte: u8) -> Option<Self> {
        match byte {
            b'*' | b':' => Some(Self::Plain),
            b'@' | b'%' => Some(Self::Counter),
            b'<' => Some(Self::CounterAndSignal),
            _ => None,
        }
    }

    /// `None` unless the length is that of a frame.
    fn read(self, body: &[u8]) -> Option<AvrFrame> {
        let (counter, body) = match self {
            Self::Plain => (None, body),
            Self::Counter | Self::CounterAndSignal => {
                let (counter, rest) = body.split_at_checked(6)?;
                (Some(counter.iter().fold(0, |all, &byte| all << 8 | u64::from(byte))), rest)
            }
        };
        let (signal, body) = match (self, body) {
            (Self::CounterAndSignal, [signal, rest @ ..]) => (Some(*signal), rest),
            _ => (None, body),
        };
        let payload = match body {
            [a, b] => Payload::ModeAc([*a, *b]),
            _ => Payload::ModeS(ModeSFrame::from_bytes(body)?),
        };
        Some(AvrFrame { counter, signal, payload })
    }
}

/// The value of a hexadecimal digit of either case.
#[expect(clippy::cast_possible_truncation, reason = "a hexadecimal digit is below 16")]
pub(super) fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

fn push_hex(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        out.extend([byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]));
    }
}

const DIGITS: [u8; 16] = *b"0123456789ABCDEF";
/// Counter, signal level and the longest frame.
///
/// No counter: a longer line is counted as garbage.
const BODY_BYTES_MAX: usize = 21;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(framer: &mut AvrFramer, mut bytes: &[u8]) -> Vec<AvrFrame> {
        core::iter::from_fn(|| framer.next_frame(&mut bytes)).collect()
    }

    fn balances(framer: &AvrFramer) -> bool {
        let tally = framer.tally();
        let told = tally.frame_bytes + tally.space_bytes + tally.garbage_bytes + u64::from(framer.pending_bytes());
        tally.bytes == told
    }

    fn any_frame() -> impl Strategy<Value = AvrFrame> {
        let payload = prop_oneof![
            any::<[u8; 2]>().prop_map(Payload::ModeAc),
            any::<[u8; 7]>().prop_map(|bytes| Payload::ModeS(ModeSFrame::short(bytes))),
            any::<[u8; 14]>().prop_map(|bytes| Payload::ModeS(ModeSFrame::long(bytes))),
        ];
        (proptest::option::of((0..1u64 << 48, proptest::option::of(any::<u8>()))), payload).prop_map(
            |(before, payload)| AvrFrame {
                counter: before.map(|(counter, _)| counter),
                signal: before.and_then(|(_, signal)| signal),
                payload,
            },
        )
    }

    #[test]
    fn every_form_of_line_is_read() {
        let mut framer = AvrFramer::new();
        let text = b"*7700;\r\n@016CE3671C7423FFE7AB7BFCAB;\n<016CE3671C7450\
            8d4840d6202cc371c32ce0576098;\n:02E99619FACDAE;";
        let frames = all(&mut framer, text);
        assert_eq!(frames.len(), 4);
        assert_eq!(frames[0].payload, Payload::ModeAc([0x77, 0]));
        assert_eq!((frames[1].counter, frames[1].signal), (Some(0x016C_E367_1C74), None));
        assert_eq!((frames[2].counter, frames[2].signal), (Some(0x016C_E367_1C74), Some(0x50)));
        assert_eq!((framer.tally().garbage_bytes, framer.tally().space_bytes), (0, 4));
    }

    #[test]
    fn broken_lines_are_counted_and_the_next_is_read() {
        for broken in ["*7700", "*770;", "*77zz;", "*8D4840D6202CC371C32CE05760;", "@0;", "<;", "*;", "noise"] {
            let mut framer = AvrFramer::new();
            let frames = all(&mut framer, format!("{broken}\n*7700;").as_bytes());
            assert_eq!(frames.len(), 1, "{broken}");
            assert!(framer.tally().garbage_bytes >= 2 && balances(&framer), "{broken}");
        }
    }

    #[test]
    fn an_endless_line_takes_no_memory() {
        let mut framer = AvrFramer::new();
        assert!(all(&mut framer, format!("*{};", "A".repeat(10_000)).as_bytes()).is_empty());
        assert_eq!(framer.tally().malformed, 1);
        assert!(balances(&framer));
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_the_same_frames(frames in proptest::collection::vec(any_frame(), 0..20)) {
            let (mut framer, mut text) = (AvrFramer::new(), Vec::new());
            frames.iter().for_each(|frame| frame.encode_into(&mut text));
            prop_assert_eq!(all(&mut framer, &text), frames);
            prop_assert!(balances(&framer));
        }

        #[test]
        fn a_stream_may_be_split_anywhere(text in "[*@<:%;0-9A-Fa-f \n]{0,120}") {
            let (mut whole, mut single) = (AvrFramer::new(), AvrFramer::new());
            let expected = all(&mut whole, text.as_bytes());
            let seen: Vec<_> = text.bytes().flat_map(|byte| all(&mut single, &[byte])).collect();
            prop_assert_eq!(seen, expected);
            prop_assert_eq!(whole.tally(), single.tally());
            prop_assert!(balances(&whole));
        }
    }
}
