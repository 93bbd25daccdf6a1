//! Recordings of one entry a line: Mode S `unix time,hex of a Beast frame`, NDJSON plots, and AIS sentences.
//!
//! A line that cannot be used is counted with its number and reason, and the next one is read.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fusion_core::measurement::SensorId;
use fusion_core::time::{Span, Timestamp};
use sensor_drivers::ais::sentence::{self, Line};
use sensor_drivers::decoder::{Decoder, Report};
use sensor_drivers::mode_s;
use sensor_drivers::plots::{PlotsConfig, PlotsDecoder, from_rfc3339, from_unix_seconds};

use super::{Entry, Item, RecordingError, Refused, Source};

/// Longest line that is read, in bytes; no known form has longer ones.
///
/// Counter: `refused`; the line is skipped.
pub const LINE_BYTES_MAX: usize = 1 << 16;

/// Mode S frames: each line becomes the Beast bytes that the receiver sent.
pub(super) fn mode_s(path: &Path, source: Source, refused: Arc<Refused>) -> impl Iterator<Item = Item> + use<> {
    Lines::new(path, source, refused, |line, _| {
        let recorded = mode_s::recorded::parse_line(line).map_err(|e| e.to_string())?;
        let mut bytes = Vec::with_capacity(48);
        recorded.frame.encode_into(&mut bytes);
        Ok((recorded.time, bytes))
    })
}

/// Plots: each line is received at its own time, or with the line before if it tells none. Lines that the driver will
/// refuse are passed on all the same, so that it is the driver that counts them.
pub(super) fn plots(path: &Path, source: Source, refused: Arc<Refused>) -> impl Iterator<Item = Item> + use<> {
    let mut decoder = PlotsDecoder::new(EASY_SIGMAS).expect("the sigmas are positive");
    Lines::new(path, source, refused, move |line, before| {
        decoder.handle_bytes(line, before);
        let mut time = before;
        while let Some(report) = decoder.poll_report() {
            if let Ok(Report::Scan(scan)) = report {
                time = scan.time;
            }
        }
        if time == Timestamp::EPOCH {
            return Err("comes before the first line that tells a time".into());
        }
        Ok((time, [line, b"\n"].concat()))
    })
}

/// AIS sentences: each is received when its TAG block or its logger says, or with the line before if neither does.
/// Lines that the driver will refuse are passed on all the same, so that it is the driver that counts them.
pub(super) fn nmea(path: &Path, source: Source, refused: Arc<Refused>) -> impl Iterator<Item = Item> + use<> {
    Lines::new(path, source, refused, |line, before| {
        let tagged = match sentence::read(line) {
            Ok(Line::Sentence(sentence)) => sentence.tagged,
            Ok(Line::Other) | Err(_) => None,
        };
        let time = tagged.or_else(|| logged(line)).unwrap_or(before);
        if time == Timestamp::EPOCH {
            return Err("comes before the first line that tells a time, by TAG block (c:) or by its logger".into());
        }
        Ok((time, [line, b"\n"].concat()))
    })
}

/// The time that a logger wrote before the sentence, or behind its checksum: RFC 3339, or Unix seconds or milliseconds.
fn logged(line: &[u8]) -> Option<Timestamp> {
    let start = line.iter().position(|c| matches!(c, b'!' | b'$' | b'\\'))?;
    let end = line.iter().rposition(|&c| c == b'*').map_or(line.len(), |star| line.len().min(star + 3));
    let time = |text: &[u8]| {
        let text = str::from_utf8(text).ok()?.trim_matches([' ', '\t', ',', ';', '[', ']', '"', '(', ')']);
        let millis = |number: i64| Timestamp::EPOCH + Span::from_millis(number);
        let long = (12..=13).contains(&text.len()).then(|| text.parse().ok().map(millis)).flatten();
        from_rfc3339(text).or(long).or_else(|| from_unix_seconds(text).filter(|time| time.as_nanos() > 0))
    };
    time(&line[..start]).or_else(|| line.get(end..).and_then(time))
}

/// Only times are wanted, so no line shall fail for want of a sigma.
const EASY_SIGMAS: PlotsConfig = PlotsConfig {
    range_sigma_m: Some(1.0),
    azimuth_sigma_deg: Some(1.0),
    elevation_sigma_deg: Some(1.0),
    range_rate_sigma_m_s: Some(1.0),
    horizontal_sigma_m: Some(1.0),
    height_sigma_m: Some(1.0),
    velocity_sigma_m_s: Some(1.0),
    datagrams: true,
};

/// From a line, and the time of the line before, to what was received when.
type Parse = Box<dyn FnMut(&[u8], Timestamp) -> Result<(Timestamp, Vec<u8>), String> + Send>;

struct Lines {
    path: PathBuf,
    source: BufReader<Source>,
    refused: Arc<Refused>,
    parse: Parse,
    line: Vec<u8>,
    number: u64,
    before: Timestamp,
    failed: bool,
}

impl Lines {
    fn new(
        path: &Path,
        source: Source,
        refused: Arc<Refused>,
        parse: impl FnMut(&[u8], Timestamp) -> Result<(Timestamp, Vec<u8>), String> + Send + 'static,
    ) -> Self {
        let line = Vec::with_capacity(256);
        let (source, parse) = (BufReader::new(source), Box::new(parse) as Parse);
        Self { path: path.to_owned(), source, refused, parse, line, number: 0, before: Timestamp::EPOCH, failed: false }
    }

    /// The next line without its end, `None` at the end of the file.
    fn read(&mut self) -> std::io::Result<Option<()>> {
        self.line.clear();
        self.number += 1;
        let read = self.source.by_ref().take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut self.line)?;
        if read == 0 {
            return Ok(None);
        }
        if self.line.last() != Some(&b'\n') && read == LINE_BYTES_MAX {
            self.source.skip_until(b'\n')?;
        }
        self.line.truncate(self.line.trim_ascii_end().len());
        Ok(Some(()))
    }
}

impl Iterator for Lines {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        while !self.failed {
            match self.read() {
                Ok(None) => return None,
                Ok(Some(())) if self.line.is_empty() => {}
                Ok(Some(())) => match (self.parse)(&self.line, self.before) {
                    Ok((received, bytes)) => {
                        self.before = received;
                        return Some(Ok(Entry::of(received, SensorId(0), bytes)));
                    }
                    Err(e) => {
                        let number = self.number;
                        self.refused.add(|| format!("line {number}: {e}"));
                    }
                },
                Err(e) => {
                    self.failed = true;
                    let message = format!("line {}: {e}", self.number);
                    return Some(Err(RecordingError::new(&self.path, message)));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn lines(text: &[u8]) -> (Vec<Entry>, u64) {
        let refused = Arc::new(Refused::default());
        let source: Source = Box::new(Cursor::new(text.to_vec()));
        let entries = mode_s(Path::new("x.csv"), source, Arc::clone(&refused)).map(|e| e.expect("readable")).collect();
        (entries, refused.summary().0)
    }

    #[test]
    fn a_sentence_has_the_time_of_its_tag_block_or_of_its_logger_or_of_the_line_before() {
        let bare = "AIVDM,1,1,,A,13u?etPv2;0n:dDPwUM1U1Cb069D,0";
        let bare = format!("!{bare}*{:02X}", sentence::checksum(bare.as_bytes()));
        let tag = "c:1717236000";
        let tag = format!("\\{tag}*{:02X}\\", sentence::checksum(tag.as_bytes()));
        let text = format!(
            "{bare}\n{tag}{bare}\n{bare}\n2024-06-01T10:00:05.5Z {bare}\n1717236006.25,{bare}\n{bare},1717236007\n\
             1717236008000 {bare}\n"
        );
        let refused = Arc::new(Refused::default());
        let source: Source = Box::new(Cursor::new(text.into_bytes()));
        let entries = nmea(Path::new("x.nmea"), source, Arc::clone(&refused));
        let start = Timestamp::from_secs(1_717_236_000);
        let after: Vec<f64> = entries.map(|e| (e.expect("readable").received - start).as_secs_f64()).collect();
        assert_eq!(after, [0.0, 0.0, 5.5, 6.25, 7.0, 8.0]);
        assert_eq!(refused.summary().0, 1, "the first told no time");
    }

    #[test]
    fn a_damaged_line_costs_only_itself() {
        let good = b"1698140962.119813,1a32000023b1dda011210000bd6b441a\n";
        let (entries, refused) = lines(&[&good[..], b"rubbish\n", &[b'x'; LINE_BYTES_MAX + 10], b"\n", good].concat());
        assert_eq!((entries.len(), refused), (2, 2));
        assert_eq!(entries[0].received, Timestamp::from_nanos(1_698_140_962_119_813_000));
    }
}
