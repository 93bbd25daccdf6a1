//! Recordings: the exact bytes that came in, with the time of receipt, in one order over all sensors.
//!
//! Our own are MCAP files; recorded forms of others are imported as if they had been received. What is read is bytes
//! before any decoder, so a replay exercises the same drivers as the field did.

pub mod ast;
pub mod capture;
pub mod copier;
mod final_frame;
mod framing;
pub mod lines;
pub mod mcap_file;
pub mod probe;
pub mod recorder;
pub mod series;
mod tlog;
mod transport;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;
use fusion_core::measurement::SensorId;
use fusion_core::time::Timestamp;

use crate::config::{Config, SensorConfig, SensorKind};
use crate::node::{Arrival, Link};

/// What came in, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub received: Timestamp,
    /// Whose: the place in [`Recording::sensors`].
    pub sensor: SensorId,
    /// Over which of its connections.
    pub link: Link,
    /// What.
    pub arrival: Arrival,
}

impl Entry {
    /// Bytes of a sensor that has one connection, or none.
    #[must_use]
    pub fn of(received: Timestamp, sensor: SensorId, bytes: Vec<u8>) -> Self {
        Self { received, sensor, link: Link::default(), arrival: Arrival::Bytes(bytes) }
    }
}

/// Why a recording cannot be read, or not further.
#[derive(Debug)]
pub struct RecordingError {
    /// Which file.
    pub path: PathBuf,
    /// What is wrong, where, and what helps.
    pub message: String,
}

impl core::fmt::Display for RecordingError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.message)
    }
}

impl core::error::Error for RecordingError {}

impl RecordingError {
    fn new(path: &Path, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), message: message.into() }
    }
}

/// Entries in the order of their receipt.
pub type Entries = Box<dyn Iterator<Item = Item> + Send>;

/// The next entry, or why there are no more.
pub type Item = Result<Entry, RecordingError>;

/// An opened recording.
pub struct Recording {
    /// Which file.
    pub path: PathBuf,
    /// The configuration kept in it, if it is one of ours.
    pub config: Option<Config>,
    /// The sensors in it, by [`Entry::sensor`]. For an imported file, what can be told from the file alone.
    pub sensors: Vec<SensorConfig>,
    /// Whether those are the sensors of the requested configuration.
    pub routed: bool,
    /// What is in it.
    pub entries: Entries,
    /// How much of it has been read.
    pub progress: Progress,
    /// Lines or packets that were refused so far, with the first reason.
    pub refused: Arc<Refused>,
}

/// How much of a file has been read, in bytes on disk.
#[derive(Clone, Debug)]
pub struct Progress {
    read: Arc<AtomicU64>,
    /// Size of the file.
    pub total: u64,
}

impl Progress {
    /// Bytes read so far.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

/// What an import could not use.
#[derive(Debug, Default)]
pub struct Refused {
    count: AtomicU64,
    first: std::sync::OnceLock<String>,
}

impl Refused {
    /// Counts one, and keeps the first reason.
    pub fn add(&self, reason: impl FnOnce() -> String) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.first.get_or_init(reason);
    }

    /// How many, and why the first.
    #[must_use]
    pub fn summary(&self) -> (u64, Option<&str>) {
        (self.count.load(Ordering::Relaxed), self.first.get().map(String::as_str))
    }
}

/// Forms that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Our own.
    Mcap,
    /// Lines `unix time,hex of a Beast frame`.
    ModeSCsv,
    /// Generic plots.
    Plots,
    /// ASTERIX data blocks, one after the other.
    Ast,
    /// ASTERIX in FINAL frames.
    FinalFrames,
    /// MAVLink frames, each with its time.
    Tlog,
    /// AIS sentences, with the times of their TAG blocks or of a logger.
    Nmea,
    /// Captured datagrams, pcap or pcapng.
    Capture,
    /// Video in an MPEG transport stream, of which the metadata is read.
    TransportStream,
}

impl Form {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mcap => "mcap",
            Self::ModeSCsv => "mode-s-csv",
            Self::Plots => "plots",
            Self::Ast => "ast",
            Self::FinalFrames => "final-frames",
            Self::Tlog => "tlog",
            Self::Nmea => "nmea",
            Self::Capture => "capture",
            Self::TransportStream => "transport-stream",
        }
    }

    /// The form that a file name tells, `.gz` aside.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match name.rsplit_once('.')?.1 {
            "mcap" => Some(Self::Mcap),
            "csv" => Some(Self::ModeSCsv),
            "ndjson" | "jsonl" => Some(Self::Plots),
            "ast" => Some(Self::Ast),
            "ff" => Some(Self::FinalFrames),
            "tlog" => Some(Self::Tlog),
            "nmea" | "ais" | "log" => Some(Self::Nmea),
            "pcap" | "pcapng" | "cap" => Some(Self::Capture),
            "ts" | "m2ts" | "mts" => Some(Self::TransportStream),
            _ => None,
        }
    }
}

/// How a recording is to be read, as far as it does not tell itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// The day of forms that only hold times of day.
    pub date: Timestamp,
    /// Of a capture, only the datagrams to this port.
    pub port: Option<u16>,
    /// Of a capture, each datagram for the sensor of this configuration that listens there.
    pub config: Option<&'a Config>,
}

/// Opens a recording by the form that its name tells.
///
/// # Errors
/// [`RecordingError`] if the name tells no form, the file cannot be read, or its beginning is not of that form.
pub fn open(path: &Path, date: Timestamp) -> Result<Recording, RecordingError> {
    open_as(path, Request { date, ..Request::default() })
}

/// Opens a recording by the form that its name tells, and reads it as requested.
///
/// # Errors
/// [`RecordingError`] if the name tells no form, the file cannot be read, or its beginning is not of that form.
pub fn open_as(path: &Path, request: Request<'_>) -> Result<Recording, RecordingError> {
    let form = Form::of(path).ok_or_else(|| {
        let known = "known endings: .mcap .csv .ndjson .jsonl .ast .ff .tlog .nmea .ais .log .pcap .pcapng .cap .ts \
                     .m2ts .mts, each also with .gz";
        RecordingError::new(path, format!("the name does not tell the form ({known})"))
    })?;
    let (source, progress) = source(path)?;
    let refused = Arc::new(Refused::default());
    let mut routed = false;
    let sensor = |kind| vec![imported_sensor(path, kind)];
    let (config, sensors, entries): (_, _, Entries) = match form {
        Form::Mcap => {
            let opened = mcap_file::Reader::open(path, source)?;
            (Some(opened.config().clone()), opened.config().sensors.clone(), Box::new(opened))
        }
        Form::ModeSCsv => {
            (None, sensor(SensorKind::Beast), Box::new(lines::mode_s(path, source, Arc::clone(&refused))))
        }
        Form::Plots => (None, sensor(SensorKind::Plots), Box::new(lines::plots(path, source, Arc::clone(&refused)))),
        Form::Nmea => (None, sensor(SensorKind::Ais), Box::new(lines::nmea(path, source, Arc::clone(&refused)))),
        Form::Ast => {
            let opened = ast::Reader::new(path, source, request.date, Arc::clone(&refused));
            (None, sensor(SensorKind::Asterix), Box::new(opened))
        }
        Form::FinalFrames => {
            let opened = final_frame::frames(path, source, request.date, Arc::clone(&refused));
            (None, sensor(SensorKind::Asterix), Box::new(opened))
        }
        Form::Tlog => (None, sensor(SensorKind::Mavlink), Box::new(tlog::frames(path, source, Arc::clone(&refused)))),
        Form::TransportStream => {
            (None, sensor(SensorKind::Klv), Box::new(transport::Reader::new(path, source, Arc::clone(&refused))))
        }
        Form::Capture => {
            let routes = capture::routes(path, request)?;
            let mut sensors = sensor(SensorKind::Asterix);
            if let (Some(config), capture::Routes::Configured(_)) = (request.config, &routes) {
                routed = true;
                sensors.clone_from(&config.sensors);
            }
            (None, sensors, Box::new(capture::Reader::open(path, source, routes, Arc::clone(&refused))?))
        }
    };
    Ok(Recording { path: path.to_owned(), config, sensors, routed, entries, progress, refused })
}

/// Plain bytes of a file, unpacked if its name ends in `.gz`.
type Source = Box<dyn Read + Send>;

/// What a reader gives, until it comes to the end of its file or can read no further.
fn until_end<F>(path: &Path, mut next: F) -> impl Iterator<Item = Item> + use<F>
where
    F: FnMut() -> std::io::Result<Option<Entry>>,
{
    let (path, mut ended) = (path.to_owned(), false);
    std::iter::from_fn(move || {
        let entry = if ended { Ok(None) } else { next() };
        ended = !matches!(entry, Ok(Some(_)));
        entry.map_err(|e| RecordingError::new(&path, e.to_string())).transpose()
    })
}

fn source(path: &Path) -> Result<(Source, Progress), RecordingError> {
    let io = |e: std::io::Error| RecordingError::new(path, e.to_string());
    let file = File::open(path).map_err(io)?;
    let total = file.metadata().map_err(io)?.len();
    let read = Arc::new(AtomicU64::new(0));
    let counted = BufReader::with_capacity(1 << 16, Counted { file, read: Arc::clone(&read) });
    let packed = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"));
    let source: Source =
        if packed { Box::new(BufReader::new(MultiGzDecoder::new(counted))) } else { Box::new(counted) };
    Ok((source, Progress { read, total }))
}

struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.read.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

/// A sensor of which nothing is known but the file it comes from.
fn imported_sensor(path: &Path, kind: SensorKind) -> SensorConfig {
    let stem = path.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_ascii_lowercase();
    let stem = stem.split('.').next().unwrap_or_default();
    let plain = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
    let name: String = stem.chars().map(plain).take(32).collect();
    SensorConfig::imported(if name.is_empty() { "import".to_owned() } else { name }, kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_its_form_packed_or_not() {
        let form = |name: &str| Form::of(Path::new(name));
        assert_eq!(form("a/long_flight.csv"), Some(Form::ModeSCsv));
        assert_eq!(form("x.CSV.GZ"), Some(Form::ModeSCsv));
        assert_eq!(form("x.pcapng"), Some(Form::Capture));
        assert_eq!(
            (form("x.ff"), form("x.tlog"), form("x.AIS")),
            (Some(Form::FinalFrames), Some(Form::Tlog), Some(Form::Nmea))
        );
        assert_eq!((form("x.ts"), form("x.M2TS.gz")), (Some(Form::TransportStream), Some(Form::TransportStream)));
        assert_eq!(form("x"), None);
        assert_eq!(form("x.gz"), None);
    }

    #[test]
    fn the_name_of_an_imported_sensor_is_a_name() {
        let sensor = imported_sensor(Path::new("d/Cat_034 048.pcap.gz"), SensorKind::Asterix);
        assert_eq!(sensor.name, "cat-034-048");
    }
}
