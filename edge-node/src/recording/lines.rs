//! Recordings of one entry a line: Mode S `unix time,hex of a Beast frame`, and NDJSON plots.
//!
//! A line that cannot be used is counted with its number and reason, and the next one is read.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fusion_core::measurement::SensorId;
use fusion_core::time::Timestamp;
use sensor_drivers::decoder::{Decoder, Report};
use sensor_drivers::mode_s;
use sensor_drivers::plots::{PlotsConfig, PlotsDecoder};

use super::{Entry, RecordingError, Refused, Source};

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

type Item = Result<Entry, RecordingError>;
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
    fn a_damaged_line_costs_only_itself() {
        let good = b"1698140962.119813,1a32000023b1dda011210000bd6b441a\n";
        let (entries, refused) = lines(&[&good[..], b"rubbish\n", &[b'x'; LINE_BYTES_MAX + 10], b"\n", good].concat());
        assert_eq!((entries.len(), refused), (2, 2));
        assert_eq!(entries[0].received, Timestamp::from_nanos(1_698_140_962_119_813_000));
    }
}
