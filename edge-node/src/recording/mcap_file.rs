//! Our own recordings: MCAP without compression, so that neither a C library nor a power cut can spoil them.
//!
//! | channel | encoding | message |
//! |---|---|---|
//! | `/node/config` | `toml` | the configuration, once, first |
//! | `/raw/SENSOR` | the sensor's kind | exact bytes of one datagram or read; log time = receipt, UTC |
//! | `/link/SENSOR` | `text` | its connection `opened` or `closed` |
//!
//! A sensor that several clients speak for has `/raw/SENSOR/1` and `/link/SENSOR/1` for the second, and so on.
//!
//! Chunks are closed every second of recording and handed to the disk with a sync: a power cut loses no more than that.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use fusion_core::measurement::SensorId;
use fusion_core::time::Timestamp;
use mcap::records::MessageHeader;
use mcap::{McapError, McapResult, WriteOptions};

use super::{Entry, RecordingError, Source};
use crate::clock::Monotonic;
use crate::config::Config;
use crate::node::{Arrival, LINKS_MAX, Link};

/// Recordings of one name in a folder at the most.
///
/// No counter: beyond it recording is refused with the remedy.
pub const RECORDINGS_MAX: u32 = 10_000;

/// Largest record of a recording that is read, in bytes.
///
/// No counter: a file with a larger one is refused there with an error.
pub const RECORD_BYTES_MAX: usize = 16 << 20;

const CONFIG_TOPIC: &str = "/node/config";
const RAW_PREFIX: &str = "/raw/";
const LINK_PREFIX: &str = "/link/";
const OPENED: &[u8] = b"opened";
const CLOSED: &[u8] = b"closed";
const CHUNK_BYTES: u64 = 256 * 1024;
const FLUSH_PERIOD: Duration = Duration::from_secs(1);

/// Writes a recording.
pub struct Recorder {
    writer: mcap::Writer<BufWriter<File>>,
    /// Asks for what was flushed to be synced, by a thread of its own: a slow disk must not hold up the node.
    sync: SyncSender<()>,
    /// By sensor.
    names: Vec<Channels>,
    sequence: u32,
    flushed: Monotonic,
}

impl Recorder {
    /// Begins a file with the configuration. A recording that is there already is kept: the new one is called
    /// `x-2.mcap` and so on, so that a restart loses nothing.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn create(path: &Path, config: &Config, now: Timestamp) -> Result<Self, RecordingError> {
        let file = free_file(path).map_err(|e| RecordingError::new(path, e.to_string()))?;
        Self::begin(file, config, now).map_err(|e| RecordingError::new(path, e.to_string()))
    }

    fn begin(file: File, config: &Config, now: Timestamp) -> McapResult<Self> {
        let options = WriteOptions::new().compression(None).chunk_size(Some(CHUNK_BYTES)).library("copmesh");
        let sync = syncer(file.try_clone()?)?;
        let mut writer = options.create(BufWriter::new(file))?;
        let none = BTreeMap::new();
        let head = writer.add_channel(0, CONFIG_TOPIC, "toml", &none)?;
        let mut names = Vec::with_capacity(config.sensors.len());
        for sensor in &config.sensors {
            let mut channels = Channels::new(&sensor.name, sensor.kind.as_str());
            channels.of(&mut writer, Link::default(), true)?;
            names.push(channels);
        }
        writer.write_to_known_channel(&header(head, 0, now), config.to_toml().as_bytes())?;
        writer.flush()?;
        Ok(Self { writer, sync, names, sequence: 0, flushed: Monotonic::default() })
    }

    /// Appends what came in. Bytes of a sensor that is not in the configuration are a bug of the caller and ignored.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn write(&mut self, entry: &Entry, now: Monotonic) -> McapResult<()> {
        let Some(channels) = self.names.get_mut(usize::from(entry.sensor.0)) else { return Ok(()) };
        let (raw, message) = match &entry.arrival {
            Arrival::Bytes(bytes) => (true, bytes.as_slice()),
            Arrival::Opened => (false, OPENED),
            Arrival::Closed => (false, CLOSED),
        };
        let channel = channels.of(&mut self.writer, entry.link, raw)?;
        self.sequence = self.sequence.wrapping_add(1);
        self.writer.write_to_known_channel(&header(channel, self.sequence, entry.received), message)?;
        if now.since(self.flushed) >= FLUSH_PERIOD {
            self.writer.flush()?;
            // If one is still under way, the next one covers this second too.
            let _ = self.sync.try_send(());
            self.flushed = now;
        }
        Ok(())
    }

    /// Ends the file with its summary.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn finish(mut self) -> McapResult<()> {
        self.writer.finish().map(|_| ())
    }
}

/// The channels of one sensor, each made when something comes over it first.
struct Channels {
    name: String,
    kind: &'static str,
    raw: [Option<u16>; LINKS_MAX],
    link: [Option<u16>; LINKS_MAX],
}

impl Channels {
    fn new(name: &str, kind: &'static str) -> Self {
        Self { name: name.to_owned(), kind, raw: [None; LINKS_MAX], link: [None; LINKS_MAX] }
    }

    fn of(&mut self, writer: &mut mcap::Writer<BufWriter<File>>, link: Link, raw: bool) -> McapResult<u16> {
        let index = usize::from(link.0).min(LINKS_MAX - 1);
        let known = if raw { &mut self.raw[index] } else { &mut self.link[index] };
        if let Some(channel) = known {
            return Ok(*channel);
        }
        let (prefix, encoding) = if raw { (RAW_PREFIX, self.kind) } else { (LINK_PREFIX, "text") };
        let ending = if index == 0 { String::new() } else { format!("/{index}") };
        let topic = format!("{prefix}{}{ending}", self.name);
        let channel = writer.add_channel(0, &topic, encoding, &BTreeMap::new())?;
        *known = Some(channel);
        Ok(channel)
    }
}

fn syncer(disk: File) -> std::io::Result<SyncSender<()>> {
    let (sender, asked) = sync_channel(1);
    let work = move || {
        while asked.recv().is_ok() {
            if let Err(e) = disk.sync_data() {
                tracing::warn!("the recording may not survive a power cut: {e}");
            }
        }
    };
    std::thread::Builder::new().name("copmesh-sync".into()).spawn(work)?;
    Ok(sender)
}

fn free_file(path: &Path) -> std::io::Result<File> {
    let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or("recording");
    let numbered = (2..=RECORDINGS_MAX).map(|k| path.with_file_name(format!("{stem}-{k}.mcap")));
    for candidate in std::iter::once(path.to_owned()).chain(numbered) {
        match File::create_new(&candidate) {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            other => return other,
        }
    }
    Err(std::io::Error::new(std::io::ErrorKind::AlreadyExists, "too many recordings of this name; move some away"))
}

fn header(channel_id: u16, sequence: u32, at: Timestamp) -> MessageHeader {
    let nanos = u64::try_from(at.as_nanos()).unwrap_or(0);
    MessageHeader { channel_id, sequence, log_time: nanos, publish_time: nanos }
}

/// Reads a recording, up to where it was cut if it was.
pub(super) struct Reader {
    path: PathBuf,
    messages: mcap::io::MessageReader<Source>,
    config: Config,
    sensors: BTreeMap<String, SensorId>,
    read: u64,
}

impl Reader {
    pub(super) fn open(path: &Path, source: Source) -> Result<Self, RecordingError> {
        let refuse = |message: String| RecordingError::new(path, message);
        // A chunk is believed as a whole or not at all: its checksum is looked at before anything inside it.
        let options = mcap::sans_io::LinearReaderOptions::default()
            .with_record_length_limit(RECORD_BYTES_MAX)
            .with_prevalidate_chunk_crcs(true);
        let mut messages = mcap::io::MessageReader::new_with_options(source, options);
        let first = messages.next().ok_or_else(|| refuse("holds no message".into()))?;
        let first = first.map_err(|e| refuse(format!("not a readable MCAP file: {e}")))?;
        if first.channel.topic != CONFIG_TOPIC {
            return Err(refuse(format!("is no copmesh recording: its first message is not on {CONFIG_TOPIC}")));
        }
        let text =
            std::str::from_utf8(&first.data).map_err(|e| refuse(format!("its configuration is no text: {e}")))?;
        let config = Config::parse(text).map_err(|e| refuse(format!("its configuration is refused: {e}")))?;
        let ids = (0_u16..).map(SensorId);
        let sensors = config.sensors.iter().map(|s| s.name.clone()).zip(ids).collect();
        Ok(Self { path: path.to_owned(), messages, config, sensors, read: 0 })
    }

    pub(super) const fn config(&self) -> &Config {
        &self.config
    }

    /// Whether a topic holds bytes or events, of whom, and over which link; `None` for a topic of somebody else.
    fn origin(&self, topic: &str) -> Option<(bool, SensorId, Link)> {
        let raw = topic.strip_prefix(RAW_PREFIX).map(|rest| (true, rest));
        let (raw, rest) = raw.or_else(|| topic.strip_prefix(LINK_PREFIX).map(|rest| (false, rest)))?;
        let (name, link) = match rest.split_once('/') {
            None => (rest, 0),
            Some((name, number)) => (name, number.parse().ok().filter(|n| usize::from(*n) < LINKS_MAX)?),
        };
        self.sensors.get(name).map(|&sensor| (raw, sensor, Link(link)))
    }
}

impl Iterator for Reader {
    type Item = Result<Entry, RecordingError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let message = match self.messages.next()? {
                Ok(message) => message,
                Err(e) => {
                    let cut = matches!(e, McapError::UnexpectedEof | McapError::BadMagic);
                    let what = if cut { "cut short (power loss?)".to_owned() } else { e.to_string() };
                    let message = format!("{what} after entry {}; everything before was read", self.read);
                    return Some(Err(RecordingError::new(&self.path, message)));
                }
            };
            let Some((raw, sensor, link)) = self.origin(&message.channel.topic) else { continue };
            let arrival = match (raw, &*message.data) {
                (true, bytes) => Arrival::Bytes(bytes.to_vec()),
                (false, OPENED) => Arrival::Opened,
                (false, CLOSED) => Arrival::Closed,
                (false, _) => continue,
            };
            self.read += 1;
            let received = Timestamp::from_nanos(i64::try_from(message.log_time).unwrap_or(i64::MAX));
            return Some(Ok(Entry { received, sensor, link, arrival }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// The bytes of a small recording.
    fn recording(name: &str) -> Vec<u8> {
        let path = std::env::temp_dir().join(format!("copmesh-mcap-{name}-{}.mcap", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let text = "[node]\nname = \"alpha\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n\
                    [[sensors]]\nname = \"adsb\"\nkind = \"beast\"\n\
                    label = { level = \"unclassified\", originator = \"TEST\" }\n";
        let config = Config::parse(text).expect("valid");
        let mut recorder = Recorder::create(&path, &config, Timestamp::EPOCH).expect("a new file");
        for k in 0..4 {
            let entry = Entry::of(Timestamp::from_secs(k), SensorId(0), vec![7; 40]);
            recorder.write(&entry, Monotonic(u64::try_from(k).expect("small") * 2_000_000_000)).expect("written");
        }
        recorder.finish().expect("completed");
        let bytes = std::fs::read(&path).expect("written");
        std::fs::remove_file(&path).expect("removed");
        bytes
    }

    fn read(bytes: Vec<u8>) -> usize {
        Reader::open(Path::new("x.mcap"), Box::new(Cursor::new(bytes))).map_or(0, |r| r.filter(Result::is_ok).count())
    }

    #[test]
    fn what_was_recorded_is_read() {
        assert_eq!(read(recording("whole")), 4);
    }

    #[test]
    fn a_cut_anywhere_leaves_what_came_before_it() {
        let whole = recording("cut");
        let mut before = 0;
        for end in 0..whole.len() {
            let now = read(whole[..end].to_vec());
            assert!(now >= before, "cut at {end}");
            before = now;
        }
        assert_eq!(before, 4);
    }

    #[test]
    fn no_damaged_length_panics_or_fills_the_memory() {
        let whole = recording("damaged");
        for at in 0..whole.len().saturating_sub(8) {
            for length in [u64::MAX, 1 << 40, 1 << 20] {
                let mut damaged = whole.clone();
                damaged[at..at + 8].copy_from_slice(&length.to_le_bytes());
                assert!(read(damaged) <= 4, "damaged at {at}");
            }
        }
    }
}
