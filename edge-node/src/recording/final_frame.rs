//! ASTERIX in FINAL frames (`.ff`), as recorders of surveillance lines write them: 8 bytes of head (length of the frame
//! with head and tail, big-endian; board; line; day; time of day in hundredths of a second, three bytes), ASTERIX data
//! blocks, four bytes `A5`. The date has to be told; board, line and day are mostly zero and not used.

use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use fusion_core::measurement::SensorId;
use fusion_core::time::{DAY, Span, Timestamp};

use super::{Entry, Item, Refused, Source, until_end};

const HEAD_BYTES: usize = 8;
const TAIL: [u8; 4] = [0xA5; 4];

/// The frames of a file, one after the other.
pub(super) fn frames(
    path: &Path,
    source: Source,
    date: Timestamp,
    refused: Arc<Refused>,
) -> impl Iterator<Item = Item> + use<> {
    let mut reader = Reader::new(source, date, refused);
    until_end(path, move || reader.frame())
}

struct Reader {
    source: BufReader<Source>,
    refused: Arc<Refused>,
    midnight: Timestamp,
    before: Option<Span>,
    frames: u64,
}

impl Reader {
    fn new(source: Source, date: Timestamp, refused: Arc<Refused>) -> Self {
        let (source, midnight) = (BufReader::new(source), date.midnight());
        Self { source, refused, midnight, before: None, frames: 0 }
    }

    /// The next frame, `None` at the end of the file.
    fn frame(&mut self) -> std::io::Result<Option<Entry>> {
        loop {
            let mut head = [0; HEAD_BYTES];
            let held = fill(&mut self.source, &mut head)?;
            if held == 0 {
                return Ok(None);
            }
            let length = usize::from(u16::from_be_bytes([head[0], head[1]]));
            let Some(content) = length.checked_sub(HEAD_BYTES).filter(|rest| held == HEAD_BYTES && *rest >= TAIL.len())
            else {
                self.refuse("its head tells no length");
                self.skip_to_tail()?;
                continue;
            };
            let mut bytes = vec![0; content];
            let held = fill(&mut self.source, &mut bytes)?;
            if held < content {
                self.refuse("the file was cut within it");
                return Ok(None);
            }
            if !bytes.ends_with(&TAIL) {
                self.refuse("it does not end with A5 A5 A5 A5");
                self.skip_to_tail()?;
                continue;
            }
            bytes.truncate(content - TAIL.len());
            self.frames += 1;
            let received = self.received([head[5], head[6], head[7]]);
            return Ok(Some(Entry::of(received, SensorId(0), bytes)));
        }
    }

    /// Time of day goes on across midnight; a step back of less than half a day is one of the lines being late.
    fn received(&mut self, hundredths: [u8; 3]) -> Timestamp {
        let [high, mid, low] = hundredths.map(i64::from);
        let of_day = Span::from_millis(((high << 16) | (mid << 8) | low) * 10);
        let half = Span::from_nanos(DAY.as_nanos() / 2);
        if self.before.is_some_and(|before| before - of_day > half) {
            self.midnight = self.midnight + DAY;
        }
        self.before = Some(of_day);
        self.midnight + of_day
    }

    fn refuse(&self, why: &str) {
        self.refused.add(|| format!("frame {}: {why}", self.frames + 1));
    }

    fn skip_to_tail(&mut self) -> std::io::Result<()> {
        let mut last = [0; 4];
        let mut byte = [0];
        while last != TAIL && self.source.read(&mut byte)? == 1 {
            last.rotate_left(1);
            last[3] = byte[0];
        }
        Ok(())
    }
}

/// Reads until the buffer is full or the file ends; how much there was.
pub(super) fn fill(source: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut held = 0;
    while held < buffer.len() {
        match source.read(&mut buffer[held..]) {
            Ok(0) => break,
            Ok(length) => held += length,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn frame(hundredths: u32, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(HEAD_BYTES + content.len() + TAIL.len()).expect("short");
        let time = hundredths.to_be_bytes();
        [&length.to_be_bytes()[..], &[0, 0, 0], &time[1..], content, &TAIL].concat()
    }

    fn read(file: &[u8]) -> (Vec<Entry>, u64) {
        let refused = Arc::new(Refused::default());
        let source = Box::new(Cursor::new(file.to_vec()));
        let reader = frames(Path::new("x.ff"), source, Timestamp::from_secs(86_400), Arc::clone(&refused));
        (reader.map(|e| e.expect("readable")).collect(), refused.summary().0)
    }

    #[test]
    fn a_frame_gives_its_blocks_at_its_time_across_midnight() {
        let (entries, refused) = read(&[frame(8_639_950, b"\x30\0\x03"), frame(50, b"\x22\0\x03")].concat());
        assert_eq!((entries.len(), refused), (2, 0));
        assert_eq!(entries[0].received, Timestamp::from_nanos(172_799_500_000_000));
        assert_eq!(entries[1].received - entries[0].received, Span::from_secs(1));
        assert_eq!(entries[1].arrival.bytes(), b"\x22\0\x03");
    }

    #[test]
    fn a_damaged_frame_costs_itself_and_a_cut_what_follows() {
        let (good, mut bad) = (frame(100, b"\x30\0\x03"), frame(100, b"\x30\0\x03"));
        bad[0] = 0;
        bad[1] = 3;
        let (entries, refused) = read(&[&good[..], &bad, &good].concat());
        assert_eq!((entries.len(), refused), (2, 1));
        for end in 0..good.len() {
            let (entries, refused) = read(&[&good[..], &good[..end]].concat());
            assert_eq!((entries.len(), refused), (1, u64::from(end > 0)), "cut at {end}");
        }
    }
}
