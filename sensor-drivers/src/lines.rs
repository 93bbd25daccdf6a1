//! Cuts a stream of bytes into lines, wherever the stream is split, in bounded memory.

/// The longest line that is read. A longer one is counted, and skipped to the next newline.
///
/// Counter: `long_lines`.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// What was found at a newline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framed<'a> {
    /// A line without its newline (and without a carriage return before it).
    Line(&'a [u8]),
    /// The line so far has more than [`LINE_BYTES_MAX`] bytes; its rest is skipped. Told once per line.
    TooLong,
}

/// Holds the beginning of the line whose end has not come yet.
#[derive(Debug, Default)]
pub(crate) struct LineFramer {
    held: Vec<u8>,
    skipping: bool,
    skipped: u64,
}

impl LineFramer {
    /// Takes bytes and hands every complete line to `each`.
    pub(crate) fn split(&mut self, bytes: &[u8], mut each: impl FnMut(Framed<'_>)) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(end) => self.complete(end, &mut each),
                None => self.hold(piece, &mut each),
            }
        }
    }

    /// The stream pauses or ends here: what is held is a line.
    pub(crate) fn finish(&mut self, mut each: impl FnMut(Framed<'_>)) {
        if !self.held.is_empty() || self.skipping {
            self.complete(&[], &mut each);
        }
    }

    /// Whether part of a line is held.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.held.is_empty() || self.skipping
    }

    /// Bytes of lines that were too long.
    pub(crate) const fn skipped(&self) -> u64 {
        self.skipped
    }

    fn complete(&mut self, end: &[u8], each: &mut impl FnMut(Framed<'_>)) {
        if self.held.is_empty() && !self.skipping && end.len() <= LINE_BYTES_MAX {
            return each(Framed::Line(trimmed(end)));
        }
        self.hold(end, each);
        if !self.skipping {
            each(Framed::Line(trimmed(&self.held)));
        }
        self.held.clear();
        self.skipping = false;
    }

    fn hold(&mut self, piece: &[u8], each: &mut impl FnMut(Framed<'_>)) {
        if !self.skipping && self.held.len() + piece.len() > LINE_BYTES_MAX {
            self.skipping = true;
            self.skipped += self.held.len() as u64;
            self.held.clear();
            each(Framed::TooLong);
        }
        if self.skipping {
            self.skipped += piece.len() as u64;
        } else {
            self.held.extend_from_slice(piece);
        }
    }
}

fn trimmed(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Lines, a `None` for each that was too long, and the bytes skipped.
    fn lines(pieces: &[&[u8]]) -> (Vec<Option<Vec<u8>>>, u64) {
        let mut framer = LineFramer::default();
        let mut out = Vec::new();
        let mut each = |framed: Framed<'_>| {
            out.push(match framed {
                Framed::Line(line) => Some(line.to_vec()),
                Framed::TooLong => None,
            });
        };
        for piece in pieces {
            framer.split(piece, &mut each);
            assert!(framer.held.len() <= LINE_BYTES_MAX);
        }
        framer.finish(&mut each);
        assert!(!framer.is_waiting());
        (out, framer.skipped())
    }

    #[test]
    fn a_line_at_the_bound_is_read_and_one_beyond_is_skipped_to_its_newline() {
        let fits = [&vec![b'a'; LINE_BYTES_MAX][..], b"\n"].concat();
        let exceeds = [&vec![b'a'; LINE_BYTES_MAX + 1][..], b"\nnext\n"].concat();
        assert_eq!(lines(&[&fits]), (vec![Some(fits[..LINE_BYTES_MAX].to_vec())], 0));
        let skipped = LINE_BYTES_MAX as u64 + 1;
        assert_eq!(lines(&[&exceeds]), (vec![None, Some(b"next".to_vec())], skipped));
        let singly: Vec<&[u8]> = exceeds.chunks(1).collect();
        assert_eq!(lines(&singly), (vec![None, Some(b"next".to_vec())], skipped));
    }

    #[test]
    fn the_last_line_needs_no_newline() {
        assert_eq!(lines(&[b"a\r\nb"]).0, [Some(b"a".to_vec()), Some(b"b".to_vec())]);
    }

    proptest! {
        #[test]
        fn a_stream_may_be_split_anywhere(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..80), step in 1..20_usize,
        ) {
            let pieces: Vec<&[u8]> = bytes.chunks(step).collect();
            prop_assert_eq!(lines(&pieces), lines(&[&bytes]));
        }
    }
}
