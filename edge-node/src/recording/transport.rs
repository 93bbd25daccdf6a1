//! Drone video as it is recorded (`.ts`): an MPEG transport stream (ISO/IEC 13818-1), of which the packets that carry
//! KLV and the tables that lead to it are kept, and pictures and sound are passed over.
//!
//! Packets have 188 octets; some recorders put a time of four octets before each (192), some leave 16 octets for
//! correction behind it (204). The size is told from the sync octets. A file holds no time of receipt: what belongs to
//! a packet of KLV counts as received at that packet's own precision time stamp, and never before what came before.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fusion_core::measurement::SensorId;
use fusion_core::time::Timestamp;
use sensor_drivers::klv::precision_time;
use sensor_drivers::klv::transport_stream::{Demux, PACKET_BYTES, SYNC};

use super::{Entry, RecordingError, Refused, Source};

/// Octets kept until a time is told, such as tables before the first metadata. The oldest packets go.
///
/// No counter: tables come again several times a second, so nothing is lost.
const UNTIMED_BYTES_MAX: usize = 1000 * PACKET_BYTES;

/// Octets from one sync octet to the next.
const SIZES: [usize; 3] = [PACKET_BYTES, 192, 204];
/// Sync octets in a row that tell a size, or that a lost stream is found again.
const AGREEING: usize = 4;
/// Octets read at once: enough to find a size in.
const PIECE_BYTES: usize = 1 << 14;

pub(super) struct Reader {
    path: PathBuf,
    source: Source,
    refused: Arc<Refused>,
    held: Vec<u8>,
    /// How much of what is held has been dealt with.
    at: usize,
    /// From sync to sync; none before the first.
    size: Option<usize>,
    /// Where in the file what is held begins.
    offset: u64,
    demux: Demux,
    /// Packets on their way into the next entry.
    kept: Vec<u8>,
    now: Option<Timestamp>,
    /// The file has been read.
    ended: bool,
    /// And how it ended has been told.
    told: bool,
}

/// What stands at a place of the stream.
enum Step {
    Entry(Entry),
    Passed,
    NeedsMore,
}

impl Reader {
    pub(super) fn new(path: &Path, source: Source, refused: Arc<Refused>) -> Self {
        Self {
            path: path.to_owned(),
            source,
            refused,
            held: Vec::new(),
            at: 0,
            size: None,
            offset: 0,
            demux: Demux::default(),
            kept: Vec::new(),
            now: None,
            ended: false,
            told: false,
        }
    }

    fn step(&mut self) -> Step {
        let Some(size) = self.size else { return self.find() };
        let rest = &self.held[self.at..];
        if rest.first().is_some_and(|octet| *octet != SYNC) {
            let at = self.offset + self.at as u64;
            self.refused.add(|| format!("byte {at}: no packet of a transport stream"));
            self.size = None;
            return Step::Passed;
        }
        // What stands behind the last packet of a file may be missing.
        match rest.first_chunk::<PACKET_BYTES>().copied() {
            Some(packet) if rest.len() >= size || self.ended => {
                self.at = self.held.len().min(self.at + size);
                self.take(&packet)
            }
            Some(_) | None => Step::NeedsMore,
        }
    }

    /// Looks for the next packet and for the size of all.
    fn find(&mut self) -> Step {
        let rest = &self.held[self.at..];
        let ahead = if self.ended { 0 } else { (AGREEING - 1) * SIZES[2] };
        let looked = rest.len().saturating_sub(ahead);
        let agrees = |at: &usize, size: usize| (0..AGREEING).all(|k| *rest.get(at + k * size).unwrap_or(&SYNC) == SYNC);
        for at in (0..looked).filter(|at| rest[*at] == SYNC) {
            if let Some(size) = SIZES.into_iter().find(|size| agrees(&at, *size)) {
                self.size = Some(size);
                self.at += at;
                return Step::Passed;
            }
        }
        self.at += looked;
        Step::NeedsMore
    }

    fn take(&mut self, packet: &[u8; PACKET_BYTES]) -> Step {
        let (other, mut told) = (self.demux.tally().other, None);
        let mut whole = false;
        self.demux.handle_packet(packet, |payload| {
            whole = true;
            told = precision_time(payload).max(told);
        });
        if self.demux.tally().other > other {
            return Step::Passed;
        }
        self.kept.extend_from_slice(packet);
        self.now = told.max(self.now);
        match self.now {
            Some(now) if whole => Step::Entry(Entry::of(now, SensorId(0), std::mem::take(&mut self.kept))),
            Some(_) | None => {
                let beyond = self.kept.len().saturating_sub(UNTIMED_BYTES_MAX);
                self.kept.drain(..beyond);
                Step::Passed
            }
        }
    }

    /// Reads more; false at the end.
    fn refill(&mut self) -> std::io::Result<bool> {
        self.held.drain(..self.at);
        self.offset += self.at as u64;
        self.at = 0;
        let before = self.held.len();
        self.held.resize(before + PIECE_BYTES, 0);
        let length = self.source.read(&mut self.held[before..]);
        self.held.truncate(before + length.as_ref().map_or(0, |length| *length));
        Ok(length? > 0)
    }

    /// What is to be told of the end, once.
    fn end(&self) -> Option<RecordingError> {
        let left = self.held.len() - self.at;
        if left > 0 {
            self.refused.add(|| format!("{left} octets at the end are no whole packet"));
        }
        let message = if self.demux.tally().packets == 0 {
            "is no MPEG transport stream: no packets of 188, 192 or 204 octets are in it"
        } else {
            "tells no time: there is no KLV with a precision time stamp in it"
        };
        self.now.is_none().then(|| RecordingError::new(&self.path, message))
    }
}

impl Iterator for Reader {
    type Item = Result<Entry, RecordingError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.told {
            match self.step() {
                Step::Entry(entry) => return Some(Ok(entry)),
                Step::Passed => continue,
                Step::NeedsMore => {}
            }
            if self.ended {
                self.told = true;
                return self.end().map(Err);
            }
            match self.refill() {
                Ok(more) => self.ended = !more,
                Err(e) => {
                    self.told = true;
                    return Some(Err(RecordingError::new(&self.path, e.to_string())));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_core::time::Span;
    use sensor_drivers::klv::encode::{Mux, packet};
    use sensor_drivers::klv::st0601::Uas;
    use std::io::Cursor;

    const BEGIN: Timestamp = Timestamp::from_secs(1_700_000_000);

    /// Packets of a flight of some seconds, with video of another identifier between them.
    fn packets(seconds: i64) -> Vec<[u8; PACKET_BYTES]> {
        let (mut mux, mut stream) = (Mux::new(false), Vec::new());
        for second in 0..seconds {
            let mut klv = Vec::new();
            let time = Some(BEGIN + Span::from_secs(second));
            packet(
                &Uas { time, latitude_deg: Some(52.0), longitude_deg: Some(21.0), ..Uas::default() },
                None,
                &mut klv,
            );
            mux.tables(&mut stream);
            let mut video = [0x5A; PACKET_BYTES];
            video[..4].copy_from_slice(&[SYNC, 0x02, 0x00, 0x10]);
            stream.extend(video);
            mux.packet(&klv, &mut stream);
        }
        stream.as_chunks::<PACKET_BYTES>().0.to_vec()
    }

    fn file(packets: &[[u8; PACKET_BYTES]], before: usize, behind: usize) -> Vec<u8> {
        packets.iter().flat_map(|packet| [&vec![0x11; before][..], packet, &vec![0x22; behind]].concat()).collect()
    }

    fn read(file: Vec<u8>) -> (Vec<Result<Entry, RecordingError>>, u64) {
        let refused = Arc::new(Refused::default());
        let reader = Reader::new(Path::new("x.ts"), Box::new(Cursor::new(file)), Arc::clone(&refused));
        (reader.collect(), refused.summary().0)
    }

    #[test]
    fn metadata_comes_out_at_its_own_time_without_the_video_whatever_surrounds_its_packets() {
        let packets = packets(400);
        for (before, behind) in [(0, 0), (4, 0), (0, 16)] {
            let (entries, refused) = read(file(&packets, before, behind));
            assert_eq!((entries.len(), refused), (400, 0), "{before} and {behind}");
            for (second, entry) in (0..).zip(entries) {
                let entry = entry.expect("whole");
                assert_eq!(entry.received, BEGIN + Span::from_secs(second));
                assert_eq!(entry.arrival.bytes().len(), 3 * PACKET_BYTES, "two tables and one packet of KLV");
            }
        }
    }

    #[test]
    fn what_the_reader_gives_its_driver_understands() {
        use sensor_drivers::decoder::Decoder as _;
        use sensor_drivers::klv::{KlvConfig, KlvDecoder};
        let config = KlvConfig { datagrams: false, report_platform: true, ..KlvConfig::default() };
        let mut decoder = KlvDecoder::new(config);
        for entry in read(file(&packets(5), 0, 0)).0 {
            let entry = entry.expect("whole");
            decoder.handle_bytes(entry.arrival.bytes(), entry.received);
        }
        assert_eq!(decoder.tally().packets, 5);
    }

    #[test]
    fn a_stream_that_is_lost_is_found_again_and_a_cut_anywhere_leaves_what_came_before() {
        let whole = file(&packets(20), 0, 0);
        let mut torn = whole.clone();
        torn.drain(1_000..1_100);
        let (entries, refused) = read(torn);
        assert!(entries.len() >= 17 && entries.iter().all(Result::is_ok) && refused >= 1, "{}", entries.len());
        for end in (0..whole.len()).step_by(97) {
            let entries = read(whole[..end].to_vec()).0;
            assert_eq!(entries.iter().filter(|entry| entry.is_ok()).count(), end / (4 * PACKET_BYTES), "cut at {end}");
        }
    }

    #[test]
    fn a_file_without_metadata_says_what_it_lacks() {
        let message = |file| read(file).0[0].as_ref().expect_err("no use").message.clone();
        assert!(message(vec![1, 2, 3]).contains("no MPEG transport stream"));
        let video = packets(9).into_iter().filter(|packet| packet[1] == 0x02).collect::<Vec<_>>();
        assert!(message(file(&video, 0, 0)).contains("tells no time"));
    }
}
