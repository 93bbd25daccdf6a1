//! MAVLink as ground stations log it (`.tlog`): before each frame the time of its receipt, microseconds since the Unix
//! epoch, 8 bytes, big-endian. Frames are found by their own lengths; what is between them is counted and passed over.

use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use fusion_core::measurement::SensorId;
use fusion_core::time::Timestamp;

use super::final_frame::fill;
use super::{Entry, Item, Refused, Source, until_end};

const TIME_BYTES: usize = 8;
/// Time, and as much of a frame as tells its length.
const HEAD_BYTES: usize = TIME_BYTES + 3;
const V1: u8 = 0xFE;
const V2: u8 = 0xFD;
const SIGNED: u8 = 0x01;

/// The frames of a file, one after the other.
pub(super) fn frames(path: &Path, source: Source, refused: Arc<Refused>) -> impl Iterator<Item = Item> + use<> {
    let mut reader = Reader::new(source, refused);
    until_end(path, move || reader.frame())
}

struct Reader {
    source: BufReader<Source>,
    refused: Arc<Refused>,
    at: u64,
}

impl Reader {
    fn new(source: Source, refused: Arc<Refused>) -> Self {
        Self { source: BufReader::new(source), refused, at: 0 }
    }

    fn frame(&mut self) -> std::io::Result<Option<Entry>> {
        let mut head = [0; HEAD_BYTES];
        let held = fill(&mut self.source, &mut head)?;
        if held < HEAD_BYTES {
            return Ok(self.cut(held));
        }
        let mut lost = 0_u64;
        let (received, length) = loop {
            if let Some(found) = begun(head) {
                break found;
            }
            head.rotate_left(1);
            if self.source.read(&mut head[HEAD_BYTES - 1..])? == 0 {
                return Ok(self.cut(HEAD_BYTES - 1));
            }
            lost += 1;
        };
        if lost > 0 {
            self.refused.add(|| format!("byte {}: {lost} bytes are no time and frame", self.at));
        }
        let mut bytes = head[TIME_BYTES..].to_vec();
        bytes.resize(length, 0);
        let held = fill(&mut self.source, &mut bytes[HEAD_BYTES - TIME_BYTES..])?;
        if held < length - (HEAD_BYTES - TIME_BYTES) {
            return Ok(self.cut(HEAD_BYTES + held));
        }
        self.at += lost + (TIME_BYTES + length) as u64;
        Ok(Some(Entry::of(received, SensorId(0), bytes)))
    }

    fn cut(&self, held: usize) -> Option<Entry> {
        if held > 0 {
            self.refused.add(|| format!("byte {}: the file was cut within a frame", self.at));
        }
        None
    }
}

/// The time and the length of the frame that begin here.
fn begun(head: [u8; HEAD_BYTES]) -> Option<(Timestamp, usize)> {
    let mut time = [0; TIME_BYTES];
    time.copy_from_slice(&head[..TIME_BYTES]);
    let payload = usize::from(head[TIME_BYTES + 1]);
    let length = match head[TIME_BYTES] {
        V1 => payload + 8,
        V2 if head[TIME_BYTES + 2] & SIGNED != 0 => payload + 12 + 13,
        V2 => payload + 12,
        _ => return None,
    };
    let nanos = i64::try_from(u64::from_be_bytes(time)).ok()?.checked_mul(1000)?;
    Some((Timestamp::from_nanos(nanos), length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn logged(micros: u64, frame: &[u8]) -> Vec<u8> {
        [&micros.to_be_bytes()[..], frame].concat()
    }

    fn read(file: &[u8]) -> (Vec<Entry>, u64) {
        let refused = Arc::new(Refused::default());
        let reader = super::frames(Path::new("x.tlog"), Box::new(Cursor::new(file.to_vec())), Arc::clone(&refused));
        (reader.map(|e| e.expect("readable")).collect(), refused.summary().0)
    }

    fn frames() -> [Vec<u8>; 3] {
        let frame = |start: u8, flags: u8, length: usize| {
            let mut frame = vec![start, 3, flags];
            frame.resize(length, 7);
            frame
        };
        [frame(V1, 0, 11), frame(V2, 0, 15), frame(V2, SIGNED, 28)]
    }

    #[test]
    fn frames_of_both_versions_signed_or_not_come_out_whole_at_their_time() {
        let file = frames().map(|frame| logged(1_700_000_000_250_000, &frame)).concat();
        let (entries, refused) = read(&file);
        assert_eq!(refused, 0);
        assert_eq!(entries.iter().map(|e| e.arrival.bytes().to_vec()).collect::<Vec<_>>(), frames());
        assert_eq!(entries[0].received, Timestamp::from_nanos(1_700_000_000_250_000_000));
    }

    #[test]
    fn junk_is_counted_and_a_cut_anywhere_leaves_what_came_before() {
        let one = logged(1_700_000_000_000_000, &frames()[1]);
        let (entries, refused) = read(&[&[0; 5][..], &one].concat());
        assert_eq!((entries.len(), refused), (1, 1));
        for end in 0..one.len() {
            assert_eq!(read(&[&one[..], &one[..end]].concat()).0.len(), 1, "cut at {end}");
        }
    }
}
