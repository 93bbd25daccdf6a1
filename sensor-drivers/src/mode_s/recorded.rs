//! Recorded Beast frames as text: `unix_time,hex`, one frame a line.
//!
//! The time is a decimal number of seconds and is read as exact nanoseconds, never through a float (which would lose a
//! fraction of a microsecond today). The recordings met so far hold the frame from its `0x1A` on *with escapes already
//! removed*, so a `0x1A` inside stands alone; a frame still escaped is longer than its type says, and is read as well.
//! The length decides, so there is no ambiguity.

use core::fmt;

use fusion_core::time::Timestamp;

use super::avr::hex_digit;
use super::beast::BeastFrame;

/// One line of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// When the frame was received.
    pub time: Timestamp,
    /// The frame; [`BeastFrame::encode_into`] gives back the bytes that the receiver sent.
    pub frame: BeastFrame,
}

/// Why a line is not read. The offset counts bytes from the beginning of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordedError {
    /// No comma: not a line of this form.
    NoComma,
    /// The time is not a decimal number of seconds between 1970 and 2262.
    Time {
        /// The first byte that does not fit.
        offset: usize,
    },
    /// The second field is not an even number of hexadecimal digits.
    Hex {
        /// The first byte that does not fit.
        offset: usize,
    },
    /// The bytes are not one Beast frame: no `1A`, an unknown type, or a length that is not that type's.
    Frame {
        /// Where the second field begins.
        offset: usize,
        /// How many bytes the field holds.
        bytes: usize,
    },
}

/// Reads one line; a line end is allowed.
///
/// # Errors
/// See [`RecordedError`].
pub fn parse_line(line: &[u8]) -> Result<Recorded, RecordedError> {
    let line = line.trim_ascii_end();
    let comma = line.iter().position(|&byte| byte == b',').ok_or(RecordedError::NoComma)?;
    let time = parse_seconds(&line[..comma]).map_err(|offset| RecordedError::Time { offset })?;
    let offset = comma + 1;
    let mut bytes = [0; FRAME_BYTES_MAX];
    let bytes = parse_hex(&line[offset..], &mut bytes).map_err(|error| {
        error.map_or(too_long(&line[offset..], offset), |at| RecordedError::Hex { offset: offset + at })
    })?;
    let frame = parse_frame(bytes).ok_or(RecordedError::Frame { offset, bytes: bytes.len() })?;
    Ok(Recorded { time, frame })
}

/// Decimal seconds to nanoseconds; digits beyond the ninth decimal are dropped. The error is the offset of the fault.
fn parse_seconds(text: &[u8]) -> Result<Timestamp, usize> {
    let point = text.iter().position(|&byte| byte == b'.').unwrap_or(text.len());
    let (whole, decimals) = (&text[..point], text.get(point + 1..).unwrap_or_default());
    if whole.is_empty() {
        return Err(0);
    }
    let mut nanos: i64 = 0;
    for (offset, &byte) in whole.iter().enumerate() {
        nanos = shift_in(nanos, byte).ok_or(offset)?;
    }
    for place in 0..9 {
        let digit = decimals.get(place).copied().unwrap_or(b'0');
        nanos = shift_in(nanos, digit).ok_or((point + 1 + place).min(text.len()))?;
    }
    match decimals.iter().skip(9).position(|byte| !byte.is_ascii_digit()) {
        Some(at) => Err(point + 10 + at),
        None => Ok(Timestamp::from_nanos(nanos)),
    }
}

/// Ten times the number plus the digit; `None` if it is no digit or too much.
fn shift_in(number: i64, byte: u8) -> Option<i64> {
    let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
    number.checked_mul(10)?.checked_add(digit)
}

/// The bytes of hexadecimal text. The error is the offset of the fault, or `None` when there are too many.
fn parse_hex<'a>(text: &[u8], out: &'a mut [u8; FRAME_BYTES_MAX]) -> Result<&'a [u8], Option<usize>> {
    for (index, pair) in text.chunks(2).enumerate() {
        let digit = |at: usize| pair.get(at).and_then(|&byte| hex_digit(byte)).ok_or(Some(2 * index + at));
        let byte = digit(0)? << 4 | digit(1)?;
        *out.get_mut(index).ok_or(None)? = byte;
    }
    Ok(&out[..text.len() / 2])
}

fn too_long(text: &[u8], offset: usize) -> RecordedError {
    RecordedError::Frame { offset, bytes: text.len() / 2 }
}

/// One frame from its `0x1A` on, escaped or not.
fn parse_frame(bytes: &[u8]) -> Option<BeastFrame> {
    let [0x1A, kind, body @ ..] = bytes else { return None };
    BeastFrame::from_unescaped(*kind, body).or_else(|| {
        let mut plain = [0; FRAME_BYTES_MAX];
        BeastFrame::from_unescaped(*kind, unescape(body, &mut plain)?)
    })
}

/// Halves doubled escapes; `None` at a single one.
fn unescape<'a>(body: &[u8], out: &'a mut [u8; FRAME_BYTES_MAX]) -> Option<&'a [u8]> {
    let (mut length, mut rest) = (0, body);
    while let [byte, tail @ ..] = rest {
        rest = match (*byte, tail) {
            (0x1A, [0x1A, tail @ ..]) => tail,
            (0x1A, _) => return None,
            _ => tail,
        };
        *out.get_mut(length)? = *byte;
        length += 1;
    }
    out.get(..length)
}

impl fmt::Display for RecordedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoComma => write!(f, "no comma in the line: expected `unix_time,hex`"),
            Self::Time { offset } => {
                write!(f, "byte {offset}, time: expected decimal seconds since 1970, as in 1698140962.119813")
            }
            Self::Hex { offset } => write!(f, "byte {offset}, frame: expected an even number of hexadecimal digits"),
            Self::Frame { offset, bytes } => write!(
                f,
                "byte {offset}, frame: {bytes} bytes are not one Beast frame (1A, type 31 to 34, 9, 14 or 21 bytes)"
            ),
        }
    }
}

impl core::error::Error for RecordedError {}

/// The longest frame with every byte of its body escaped.
///
/// No counter: a longer line is refused with its reason.
const FRAME_BYTES_MAX: usize = 2 + 2 * 21;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mode_s::beast::Payload;
    use proptest::prelude::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn a_line_with_a_bare_escape_inside_is_read_exactly() {
        let line = parse_line(b"1698140962.119813,1a32000023b1dda011210000bd6b441a\r\n").expect("a real line");
        assert_eq!(line.time, Timestamp::from_nanos(1_698_140_962_119_813_000));
        assert_eq!((line.frame.counter, line.frame.signal), (0x23B1_DDA0, 0x11));
        let Payload::ModeS(frame) = line.frame.payload else { panic!("a short frame") };
        assert_eq!(frame.bytes(), [0x21, 0, 0, 0xBD, 0x6B, 0x44, 0x1A]);
    }

    #[test]
    fn times_are_exact_however_many_decimals_they_have() {
        for (text, nanos) in [
            ("0", 0),
            ("1.", 1_000_000_000),
            ("1698140962.1", 1_698_140_962_100_000_000),
            ("1698140962.123456789", 1_698_140_962_123_456_789),
            ("1698140962.1234567899", 1_698_140_962_123_456_789),
        ] {
            assert_eq!(parse_seconds(text.as_bytes()), Ok(Timestamp::from_nanos(nanos)), "{text}");
        }
        for (text, offset) in [("", 0), ("-1", 0), ("1e9", 1), ("1.2.3", 3), ("1.0000000000x", 12), ("99999999999", 11)]
        {
            assert_eq!(parse_seconds(text.as_bytes()), Err(offset), "{text}");
        }
    }

    #[test]
    fn a_faulty_line_names_the_fault_and_its_place() {
        for (line, error) in [
            ("", RecordedError::NoComma),
            ("1.0", RecordedError::NoComma),
            ("x,1a32", RecordedError::Time { offset: 0 }),
            ("1,1a3", RecordedError::Hex { offset: 5 }),
            ("1,1g", RecordedError::Hex { offset: 3 }),
            ("1,1a32", RecordedError::Frame { offset: 2, bytes: 2 }),
            ("1,", RecordedError::Frame { offset: 2, bytes: 0 }),
        ] {
            assert_eq!(parse_line(line.as_bytes()), Err(error), "{line}");
        }
        let endless = format!("1,{}", "1a".repeat(1000));
        assert_eq!(parse_line(endless.as_bytes()), Err(RecordedError::Frame { offset: 2, bytes: 1000 }));
    }

    proptest! {
        #[test]
        fn escaped_and_unescaped_frames_are_both_read(
            body in proptest::collection::vec(prop_oneof![Just(0x1Au8), any::<u8>()], 14),
        ) {
            let frame = BeastFrame::from_unescaped(b'2', &body).expect("fourteen bytes");
            let mut escaped = Vec::new();
            frame.encode_into(&mut escaped);
            let bare = [&[0x1A, b'2'][..], &body].concat();
            for bytes in [escaped, bare] {
                let line = format!("12.5,{}", hex(&bytes));
                prop_assert_eq!(parse_line(line.as_bytes()).map(|recorded| recorded.frame), Ok(frame));
            }
        }

        #[test]
        fn any_line_is_read_or_refused_without_panic(line: Vec<u8>, text in "[0-9.,a-f]{0,80}") {
            let _ = parse_line(&line);
            let _ = parse_line(text.as_bytes());
        }
    }
}
