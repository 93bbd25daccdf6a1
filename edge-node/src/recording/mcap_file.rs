//! Our own recordings: MCAP without compression, so that neither a C library nor a power cut can spoil them.
//!
//! A file of a recorder begins with a metadata record that names its series ([`super::series`]).
//!
//! | channel | encoding | message |
//! |---|---|---|
//! | `/node/config` | `toml` | the configuration, once, first |
//! | `/raw/SENSOR` | the sensor's kind | exact bytes of one datagram or read; log time = receipt, UTC |
//! | `/link/SENSOR` | `text` | its connection `opened` or `closed` |
//!
//! A sensor that several clients speak for has `/raw/SENSOR/1` and `/link/SENSOR/1` for the second, and so on.
//!
//! Chunks are closed every second of recording and handed to the disk with a sync: a power cut loses no more than that,
//! and what was cut says so.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use fusion_core::measurement::SensorId;
use fusion_core::time::Timestamp;
use mcap::records::{MessageHeader, Metadata};
use mcap::{McapError, McapResult, WriteOptions};
use sensor_drivers::plots::Rfc3339;

use super::framing::{Followed, Framing};
use super::{Entry, RecordingError, Source};
use crate::config::Config;
use crate::node::{Arrival, LINKS_MAX, Link};

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
/// What a message weighs beside its own bytes.
const MESSAGE_BYTES: u64 = 31;

/// Writes one file.
pub(super) struct FileWriter {
    writer: mcap::Writer<BufWriter<File>>,
    /// By sensor.
    names: Vec<Channels>,
    bytes: u64,
    flushes: u64,
    pending: bool,
}

impl FileWriter {
    /// Begins a file with what it says of its series, if it is of any, and the configuration.
    pub(super) fn begin(file: File, mark: Option<&Metadata>, config: &Config, now: Timestamp) -> McapResult<Self> {
        let options = WriteOptions::new().compression(None).chunk_size(Some(CHUNK_BYTES)).library("copmesh");
        let mut writer = options.create(BufWriter::new(file))?;
        mark.map_or(Ok(()), |mark| writer.write_metadata(mark))?;
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
        Ok(Self { writer, names, bytes: 0, flushes: 1, pending: false })
    }

    /// Appends an entry.
    pub(super) fn write(&mut self, entry: &Entry, sequence: u32) -> McapResult<()> {
        let Some(channels) = self.names.get_mut(usize::from(entry.sensor.0)) else { return Ok(()) };
        let (raw, message) = match &entry.arrival {
            Arrival::Bytes(bytes) => (true, bytes.as_slice()),
            Arrival::Opened => (false, OPENED),
            Arrival::Closed => (false, CLOSED),
        };
        let channel = channels.of(&mut self.writer, entry.link, raw)?;
        self.writer.write_to_known_channel(&header(channel, sequence, entry.received), message)?;
        self.bytes += MESSAGE_BYTES + message.len() as u64;
        self.pending = true;
        Ok(())
    }

    /// Closes the chunk and hands it to the system, if there is anything in it.
    pub(super) fn flush(&mut self) -> McapResult<()> {
        if core::mem::take(&mut self.pending) {
            self.flushes += 1;
            self.writer.flush()?;
        }
        Ok(())
    }

    /// Bytes of the messages so far.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// No fewer than the chunks so far.
    pub(super) const fn chunks(&self) -> u64 {
        self.flushes + self.bytes / CHUNK_BYTES
    }

    /// Ends the file with its summary.
    pub(super) fn finish(mut self) -> McapResult<()> {
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

fn header(channel_id: u16, sequence: u32, at: Timestamp) -> MessageHeader {
    let nanos = u64::try_from(at.as_nanos()).unwrap_or(0);
    MessageHeader { channel_id, sequence, log_time: nanos, publish_time: nanos }
}

/// Reads a recording, up to where it was cut if it was.
pub(super) struct Reader {
    path: PathBuf,
    messages: mcap::io::MessageReader<Followed>,
    framing: Arc<Mutex<Framing>>,
    config: Config,
    sensors: BTreeMap<String, SensorId>,
    read: u64,
    newest: Timestamp,
}

impl Reader {
    pub(super) fn open(path: &Path, source: Source) -> Result<Self, RecordingError> {
        let refuse = |message: String| RecordingError::new(path, message);
        // A chunk is believed as a whole or not at all: its checksum is looked at before anything inside it.
        let options = mcap::sans_io::LinearReaderOptions::default()
            .with_record_length_limit(RECORD_BYTES_MAX)
            .with_prevalidate_chunk_crcs(true);
        let (source, framing) = Followed::new(source);
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
        let newest = Timestamp::EPOCH;
        Ok(Self { path: path.to_owned(), messages, framing, config, sensors, read: 0, newest })
    }

    pub(super) const fn config(&self) -> &Config {
        &self.config
    }

    /// Where and why the reading ended, and what was lost.
    fn ended(&self, cause: &McapError) -> String {
        let read = match self.read {
            0 => "no entry was read".to_owned(),
            entries => format!("{entries} entries up to {} were read", Rfc3339(self.newest)),
        };
        if matches!(cause, McapError::UnexpectedEof | McapError::BadMagic) {
            return self.framing.lock().unwrap_or_else(PoisonError::into_inner).end().told(&read);
        }
        format!("is damaged: {cause}; {read}")
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
                    return Some(Err(RecordingError::new(&self.path, self.ended(&e))));
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
            self.newest = self.newest.max(received);
            return Some(Ok(Entry { received, sensor, link, arrival }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::recorder::Recorder;
    use super::*;
    use crate::clock::Monotonic;
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
    fn a_file_cut_at_every_length_of_its_last_chunk_says_where_and_what_was_lost() {
        let whole = recording("told");
        let told = |end: usize| {
            let source = Box::new(Cursor::new(whole[..end].to_vec()));
            let reader = Reader::open(Path::new("x.mcap"), source).expect("the configuration is whole");
            let entries: Vec<_> = reader.collect();
            let error = entries.last().and_then(|e| e.as_ref().err()).map(ToString::to_string);
            (entries.iter().filter(|e| e.is_ok()).count(), error)
        };
        let summary = (0..whole.len()).find(|&end| read(whole[..end].to_vec()) == 4).expect("all four");
        let last_chunk = (0..whole.len()).find(|&end| read(whole[..end].to_vec()) == 3).expect("three");
        for end in last_chunk..whole.len() {
            let (entries, error) = told(end);
            let error = error.unwrap_or_else(|| panic!("cut at {end} in silence"));
            assert!(error.contains("was cut at byte") && error.contains("(power loss?)"), "{error}");
            assert_eq!(entries, if end < summary { 3 } else { 4 }, "cut at {end}");
            if end < summary && error.contains("part of a chunk") {
                assert!(error.contains("3 entries up to 1970-01-01T00:00:02Z were read"), "{error}");
            }
            assert!(end < summary || !error.contains("part of a chunk"), "{error}");
        }
        assert_eq!(told(whole.len()), (4, None));
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
