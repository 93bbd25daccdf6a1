//! `copmesh info`: what is in a recording, without replaying it.

use core::fmt;
use std::path::Path;

use fusion_core::time::Timestamp;
use sensor_drivers::plots::Rfc3339;
use serde::Serialize;

use super::{Failure, InfoArgs, say, say_json};
use crate::recording::{self, Entry, Form, Recording, Request};

/// Reads the files to their ends and prints what they hold.
///
/// # Errors
/// [`Failure`] if a file is none that can be read.
pub fn run(args: &InfoArgs) -> Result<(), Failure> {
    let request = Request { date: args.import.date, port: args.import.port, config: None };
    let known = args.files.iter().map(|path| Info::of(path, request)).collect::<Result<Vec<_>, _>>()?;
    if args.json {
        return say_json(&known);
    }
    for info in &known {
        say(info)?;
        if let Some(configuration) = info.configuration.as_ref().filter(|_| args.show_config) {
            say(format_args!("\n{configuration}"))?;
        }
    }
    Ok(())
}

/// What one file holds.
#[derive(Clone, Debug, Serialize)]
pub struct Info {
    /// Its path.
    pub file: String,
    /// Its form, as a word.
    pub form: &'static str,
    /// Its length on the disk.
    pub bytes: u64,
    /// Whether it could be read to its end.
    pub whole: bool,
    /// Where and why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<String>,
    /// Entries in all.
    pub entries: u64,
    /// The earliest and the latest receipt.
    #[serde(flatten)]
    pub span: Span,
    /// Lines or packets that are no entries, and why the first is none.
    pub refused: u64,
    /// Why the first of those was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused_first: Option<String>,
    /// Its sensors.
    pub sensors: Vec<Sensor>,
    /// The node that recorded it, if it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The configuration in it, TOML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<String>,
}

/// From when to when.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Span {
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Seconds between the two.
    pub duration_s: f64,
}

/// What one sensor said.
#[derive(Clone, Debug, Serialize)]
pub struct Sensor {
    /// Its name.
    pub name: String,
    /// What it speaks.
    pub kind: &'static str,
    /// Datagrams, or pieces of streams, and what became of its connections.
    pub entries: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Entries a second between its first and its last.
    pub rate_hz: f64,
    /// When it spoke.
    #[serde(flatten)]
    pub span: Span,
}

/// Counts as entries go by.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    entries: u64,
    bytes: u64,
    span: Option<(Timestamp, Timestamp)>,
}

impl Tally {
    fn add(&mut self, entry: &Entry) {
        let at = entry.received;
        self.entries += 1;
        self.bytes += entry.arrival.bytes().len() as u64;
        self.span = Some(self.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
    }

    fn span(&self) -> Span {
        self.span.map_or_else(Span::default, |(first, last)| Span {
            first: Some(Rfc3339(first).to_string()),
            last: Some(Rfc3339(last).to_string()),
            duration_s: (last - first).as_secs_f64(),
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 53 bits")]
    fn rate_hz(&self) -> f64 {
        let seconds = self.span().duration_s;
        if seconds > 0.0 { self.entries.saturating_sub(1) as f64 / seconds } else { 0.0 }
    }
}

impl Info {
    /// Reads a file to its end, as is requested.
    ///
    /// # Errors
    /// [`Failure`] if it is none that can be read.
    pub fn of(path: &Path, request: Request<'_>) -> Result<Self, Failure> {
        let Recording { config, sensors, entries, refused, progress, .. } =
            recording::open_as(path, request).map_err(Failure::refused)?;
        let mut all = Tally::default();
        let mut each = vec![Tally::default(); sensors.len()];
        let mut cut = None;
        for entry in entries {
            match entry {
                Ok(entry) => {
                    all.add(&entry);
                    each[usize::from(entry.sensor.0)].add(&entry);
                }
                Err(e) => cut = Some(e.message),
            }
        }
        let sensor = |(sensor, tally): (&crate::config::SensorConfig, &Tally)| Sensor {
            name: sensor.name.clone(),
            kind: sensor.kind.as_str(),
            entries: tally.entries,
            bytes: tally.bytes,
            rate_hz: tally.rate_hz(),
            span: tally.span(),
        };
        let (refused, refused_first) = refused.summary();
        Ok(Self {
            file: path.display().to_string(),
            form: Form::of(path).map_or("?", Form::as_str),
            bytes: progress.total,
            whole: cut.is_none(),
            cut,
            entries: all.entries,
            span: all.span(),
            refused,
            refused_first: refused_first.map(str::to_owned),
            sensors: sensors.iter().zip(&each).map(sensor).collect(),
            node: config.as_ref().map(|config| config.node.name.clone()),
            configuration: config.map(|config| config.to_toml()),
        })
    }
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.whole { "whole" } else { "not whole" };
        writeln!(f, "{}: {}, {} bytes, {state}", self.file, self.form, self.bytes)?;
        if let Some(cut) = &self.cut {
            writeln!(f, "  {cut}")?;
        }
        if let (Some(first), Some(last)) = (&self.span.first, &self.span.last) {
            writeln!(f, "  {first} to {last}, {:.1} s, {} entries", self.span.duration_s, self.entries)?;
        }
        if self.refused > 0 {
            let first = self.refused_first.as_deref().unwrap_or("?");
            writeln!(f, "  {} lines or packets could not be used; the first: {first}", self.refused)?;
        }
        match &self.node {
            Some(node) => writeln!(f, "  configuration of node \"{node}\"; --show-config prints it")?,
            None => writeln!(f, "  no configuration")?,
        }
        writeln!(f, "  {:<32} {:<8} {:>10} {:>14} {:>10}", "sensor", "kind", "entries", "bytes", "rate/s")?;
        for Sensor { name, kind, entries, bytes, rate_hz, .. } in &self.sensors {
            writeln!(f, "  {name:<32} {kind:<8} {entries:>10} {bytes:>14} {rate_hz:>10.1}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use etherparse::PacketBuilder;
    use fusion_core::measurement::SensorId;
    use sensor_drivers::asterix::cat034::{MessageType, ServiceMessage};
    use sensor_drivers::asterix::common::{DataSource, TimeOfDay};
    use sensor_drivers::asterix::write_block;

    use super::*;
    use crate::config::Config;
    use crate::recording::copier::Copier;

    const NOON: Timestamp = Timestamp::from_secs(1_462_881_600);

    fn block() -> Vec<u8> {
        let message = ServiceMessage {
            source: Some(DataSource { sac: 1, sic: 2 }),
            message_type: Some(MessageType::NORTH_MARKER),
            time_of_day: Some(TimeOfDay::at(NOON)),
            ..ServiceMessage::default()
        };
        let mut block = Vec::new();
        write_block(&[message], &mut block).expect("small");
        block
    }

    fn final_frame(block: &[u8]) -> Vec<u8> {
        let length = u16::try_from(block.len() + 12).expect("short").to_be_bytes();
        [&length[..], &[0, 0, 0], &4_320_000_u32.to_be_bytes()[1..], block, &[0xA5; 4]].concat()
    }

    fn pcap(block: &[u8]) -> Vec<u8> {
        let builder = PacketBuilder::ethernet2([1; 6], [2; 6]).ipv4([10, 0, 0, 1], [239, 1, 1, 1], 8).udp(4000, 8600);
        let mut frame = Vec::new();
        builder.write(&mut frame, block).expect("into memory");
        let length = u32::try_from(frame.len()).expect("short");
        let words = [0xA1B2_C3D4, 0x0004_0002, 0, 0, 65_535, 1, 1_462_881_600, 0, length, length];
        [words.iter().flat_map(|w| w.to_le_bytes()).collect(), frame].concat()
    }

    fn mcap(path: &Path) -> Vec<u8> {
        let text = "[node]\nname = \"alpha\"\nlatitude-deg = 52.0\nlongitude-deg = 21.0\n\
                    [[sensors]]\nname = \"adsb\"\nkind = \"beast\"\n\
                    label = { level = \"unclassified\", originator = \"TEST\" }\n";
        let mut copier = Copier::create(path, Config::parse(text).expect("valid")).expect("a new file");
        copier.write(&Entry::of(NOON, SensorId(0), vec![7; 16])).expect("written");
        copier.finish().expect("completed");
        std::fs::read(path).expect("written")
    }

    #[test]
    fn each_form_tells_its_sensor_its_span_and_whether_it_is_whole() {
        let folder = std::env::temp_dir().join(format!("copmesh-info-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        let recorded = mcap(&folder.join("made.mcap"));
        let plot: &[u8] = b"{\"time\":1462881600,\"azimuth_deg\":84.2,\"azimuth_sigma_deg\":3}\n";
        let forms: [(&str, &str, &str, Vec<u8>); 7] = [
            ("x.csv", "mode-s-csv", "beast", b"1462881600.0,1a32000023b1dda011210000bd6b441a\n".to_vec()),
            ("x.ndjson", "plots", "plots", plot.to_vec()),
            ("x.ast", "ast", "asterix", block()),
            ("x.ff", "final-frames", "asterix", final_frame(&block())),
            ("x.nmea", "nmea", "ais", b"2016-05-10T12:00:00Z !AIVDM,1,1,,A,,0*00\n".to_vec()),
            ("x.pcap", "capture", "asterix", pcap(&block())),
            ("x.mcap", "mcap", "beast", recorded.clone()),
        ];
        for (name, form, kind, bytes) in forms {
            let path = folder.join(name);
            std::fs::write(&path, bytes).expect("written");
            let info = Info::of(&path, Request { date: NOON, ..Request::default() }).expect("readable");
            assert_eq!((info.form, info.sensors[0].kind, info.sensors[0].entries), (form, kind, 1), "{name}");
            assert!(info.whole && info.cut.is_none() && info.refused == 0, "{name}: {info}");
            assert_eq!(info.span.first.as_deref(), Some("2016-05-10T12:00:00Z"), "{name}");
            assert_eq!(info.configuration.is_some(), form == "mcap", "{name}");
        }
        let path = folder.join("cut.mcap");
        std::fs::write(&path, &recorded[..recorded.len() - 1]).expect("written");
        let cut = Info::of(&path, Request { date: NOON, ..Request::default() }).expect("readable");
        assert!(!cut.whole && cut.to_string().contains("was cut at byte"), "{cut}");
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
