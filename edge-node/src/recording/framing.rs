//! Where an MCAP file ends: its top-level records followed as their bytes go by, so that a file that was cut can say
//! where, and what stood there. Lengths are from the MCAP specification: 8 bytes of magic, then records of one byte of
//! kind, eight of length (little-endian) and their content; a footer and the magic again end the file.

use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use super::Source;

const MAGIC_BYTES: u64 = 8;
const HEAD_BYTES: usize = 9;
const FOOTER: u8 = 0x02;
const CHUNK: u8 = 0x06;

/// Follows the records of one file.
#[derive(Clone, Debug)]
pub(super) struct Framing {
    /// Bytes that went by.
    position: u64,
    /// Where the last whole record ended.
    whole: u64,
    /// Bytes of the present part that are still to come.
    left: u64,
    head: [u8; HEAD_BYTES],
    held: usize,
    part: Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Magic,
    Head,
    Body,
    LastMagic,
    Ended,
}

/// How a file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With its footer.
    Whole,
    /// Within a record, or between two.
    Cut {
        /// Where the last whole record ends.
        at: u64,
        /// Bytes after it.
        lost: u64,
        /// Whether those can hold messages.
        messages: bool,
    },
}

impl Default for Framing {
    fn default() -> Self {
        Self { position: 0, whole: 0, left: MAGIC_BYTES, head: [0; HEAD_BYTES], held: 0, part: Part::Magic }
    }
}

impl Framing {
    /// Takes the next bytes of the file.
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.part != Part::Ended {
            let taken = if self.part == Part::Head { self.take_head(bytes) } else { self.pass(bytes) };
            bytes = &bytes[taken..];
        }
        self.position += bytes.len() as u64;
    }

    /// How the file ends, if it ends here.
    pub(super) fn end(&self) -> End {
        if self.part == Part::Ended {
            return End::Whole;
        }
        let kind = if self.held > 0 { self.head[0] } else { 0 };
        let lost = self.position - self.whole;
        End::Cut { at: self.whole, lost, messages: lost > 0 && (kind == CHUNK || self.part == Part::Magic) }
    }

    fn take_head(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(HEAD_BYTES - self.held);
        self.head[self.held..self.held + taken].copy_from_slice(&bytes[..taken]);
        self.held += taken;
        self.position += taken as u64;
        if self.held == HEAD_BYTES {
            let mut length = [0; 8];
            length.copy_from_slice(&self.head[1..]);
            self.left = u64::from_le_bytes(length);
            self.part = Part::Body;
            self.end_of_part();
        }
        taken
    }

    fn pass(&mut self, bytes: &[u8]) -> usize {
        let taken = usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
        self.left -= taken as u64;
        self.position += taken as u64;
        self.end_of_part();
        taken
    }

    fn end_of_part(&mut self) {
        if self.left > 0 {
            return;
        }
        self.part = match self.part {
            Part::Body if self.head[0] == FOOTER => Part::LastMagic,
            Part::LastMagic | Part::Ended => Part::Ended,
            Part::Magic | Part::Body | Part::Head => Part::Head,
        };
        if self.part == Part::LastMagic {
            self.left = MAGIC_BYTES;
        }
        self.whole = self.position;
        self.held = 0;
    }
}

impl End {
    /// What to tell of a cut file, after how much of it was read.
    pub(super) fn told(self, read: &str) -> String {
        match self {
            Self::Whole => format!("is damaged: {read}"),
            Self::Cut { at, lost: 0, .. } => format!(
                "was cut at byte {at} (power loss?): {read}; nothing that had reached the disk is lost, \
                 only what came within the last second before"
            ),
            Self::Cut { at, lost, messages: true } => {
                format!(
                    "was cut at byte {at} (power loss?): {read}; the {lost} bytes after it are part of a chunk, lost"
                )
            }
            Self::Cut { at, lost, messages: false } => {
                format!("was cut at byte {at} (power loss?): {read}; the {lost} bytes after it held no messages")
            }
        }
    }
}

/// A source whose framing somebody else can look at.
pub(super) struct Followed {
    source: Source,
    framing: Arc<Mutex<Framing>>,
}

impl Followed {
    pub(super) fn new(source: Source) -> (Self, Arc<Mutex<Framing>>) {
        let framing = Arc::new(Mutex::new(Framing::default()));
        (Self { source, framing: Arc::clone(&framing) }, framing)
    }
}

impl Read for Followed {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.source.read(buffer)?;
        self.framing.lock().unwrap_or_else(PoisonError::into_inner).push(&buffer[..length]);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE_INDEX: u8 = 0x07;

    fn record(kind: u8, length: usize) -> Vec<u8> {
        let mut record = vec![kind];
        record.extend_from_slice(&(length as u64).to_le_bytes());
        record.resize(HEAD_BYTES + length, 0xAA);
        record
    }

    fn file() -> Vec<u8> {
        [vec![0; 8], record(CHUNK, 20), record(MESSAGE_INDEX, 5), record(FOOTER, 20), vec![0; 8]].concat()
    }

    fn end_of(bytes: &[u8], step: usize) -> End {
        let mut framing = Framing::default();
        bytes.chunks(step).for_each(|piece| framing.push(piece));
        framing.end()
    }

    #[test]
    fn a_file_is_whole_only_with_its_last_byte_however_it_is_read() {
        let file = file();
        for step in [1, 7, file.len()] {
            assert_eq!(end_of(&file, step), End::Whole);
            for end in 0..file.len() {
                assert_ne!(end_of(&file[..end], step), End::Whole, "cut at {end}");
            }
        }
    }

    #[test]
    fn a_cut_tells_where_the_last_whole_record_ends_and_whether_messages_went_with_the_rest() {
        let file = file();
        assert_eq!(end_of(&file[..8 + 28], 5), End::Cut { at: 8, lost: 28, messages: true });
        assert_eq!(end_of(&file[..8 + 29], 5), End::Cut { at: 37, lost: 0, messages: false });
        assert_eq!(end_of(&file[..8 + 32], 5), End::Cut { at: 37, lost: 3, messages: false });
    }
}
