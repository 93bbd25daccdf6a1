//! Several recordings as one: entries merged by time of receipt, sensors renumbered into one configuration.

use std::iter::Peekable;
use std::path::{Path, PathBuf};

use fusion_core::time::Timestamp;

use crate::cli::Failure;
use crate::config::{Config, SensorConfig, SensorKind};
use crate::engine::sensor_id;
use crate::recording::{self, Entries, Entry, Progress, Recording, RecordingError, Refused, Request, probe};
use std::sync::Arc;

/// What is replayed: one configuration, one stream of entries.
pub struct Merged {
    /// The node that the recordings are replayed into.
    pub config: Config,
    /// How far the files have been read.
    pub progress: Vec<Progress>,
    /// What imports could not use.
    pub refused: Vec<Arc<Refused>>,
    sources: Vec<Source>,
}

struct Source {
    entries: Peekable<Entries>,
    /// By the source's own sensor number: the place in the merged configuration.
    sensors: Vec<usize>,
}

impl Merged {
    /// Opens all files of a replay. A configuration that is given stands for the recorded ones; `date` is the day of
    /// recordings that only hold times of day; of captures, only the datagrams to `port` are taken, if one is told.
    ///
    /// # Errors
    /// [`Failure`] that names the file and what helps.
    pub fn open(files: &[PathBuf], config: Option<&Path>, date: Timestamp, port: Option<u16>) -> Result<Self, Failure> {
        let given = match config {
            Some(path) => Some(crate::cli::check::read(path)?),
            None => None,
        };
        let mut config = given.clone();
        let mut merged = Self { config: Config::default(), progress: vec![], refused: vec![], sources: vec![] };
        for path in files {
            let request = Request { date, port, config: given.as_ref() };
            let recording = recording::open_as(path, request).map_err(Failure::refused)?;
            merged.add(recording, &mut config, given.as_ref(), Request { config: None, ..request })?;
        }
        merged.config = config.ok_or_else(|| Failure::refused("nothing to replay"))?;
        Ok(merged)
    }

    fn add(
        &mut self,
        recording: Recording,
        config: &mut Option<Config>,
        given: Option<&Config>,
        request: Request<'_>,
    ) -> Result<(), Failure> {
        let Recording { path, config: own, sensors, routed, entries, progress, refused } = recording;
        let sensors = match (own, given) {
            (Some(_), Some(given)) => sensors.iter().map(|s| named(given, s, &path)).collect::<Result<_, _>>()?,
            (Some(own), None) => {
                config.get_or_insert_with(|| Config { sensors: vec![], ..own });
                sensors
            }
            (None, Some(_)) if routed => sensors,
            (None, Some(given)) => vec![declared(given, &sensors[0], &path)?],
            (None, None) => {
                let (node, sensor) = probe::probe(&path, &sensors[0], request).map_err(Failure::refused)?;
                config.get_or_insert_with(|| Config { node, ..Config::default() });
                vec![sensor]
            }
        };
        let target = config.as_mut().ok_or_else(|| Failure::refused("no configuration"))?;
        let sensors = sensors.into_iter().map(|s| place(target, s)).collect::<Result<_, _>>()?;
        self.sources.push(Source { entries: entries.peekable(), sensors });
        self.progress.push(progress);
        self.refused.push(refused);
        Ok(())
    }

    /// How much has been read of all files, 0 to 1,000.
    #[must_use]
    pub fn permille(&self) -> u64 {
        let read: u64 = self.progress.iter().map(Progress::read).sum();
        let total: u64 = self.progress.iter().map(|p| p.total).sum();
        read.saturating_mul(1000).checked_div(total).map_or(1000, |permille| permille.min(1000))
    }
}

/// The sensor of the given configuration that a recorded one is replaced by: the one of its name. What the recording
/// holds stays in the form it was recorded in.
fn named(given: &Config, recorded: &SensorConfig, path: &Path) -> Result<SensorConfig, Failure> {
    let same = |s: &&SensorConfig| s.name == recorded.name && s.kind.same_decoder(recorded.kind);
    let found = given.sensors.iter().find(same).cloned();
    let as_recorded = |s| SensorConfig { kind: recorded.kind, endpoint: recorded.endpoint.clone(), ..s };
    found.map(as_recorded).ok_or_else(|| {
        let (name, kind) = (&recorded.name, recorded.kind.as_str());
        Failure::refused(format!("{}: the configuration has no sensor \"{name}\" of kind \"{kind}\"", path.display()))
    })
}

/// The sensor of the given configuration that an imported file is taken for: the first that speaks its kind; of
/// ASTERIX, the first that speaks any of it.
fn declared(given: &Config, imported: &SensorConfig, path: &Path) -> Result<SensorConfig, Failure> {
    let speaks = |s: &&SensorConfig| s.kind.same_decoder(imported.kind);
    let asterix = |s: &&SensorConfig| imported.kind.is_asterix() && s.kind.is_asterix();
    let found = given.sensors.iter().find(speaks).or_else(|| given.sensors.iter().find(asterix)).cloned();
    // A file of Beast frames stays one, whatever form the live feed of that receiver has.
    let kind = |of: SensorKind| if of.is_asterix() { of } else { imported.kind };
    found.map(|sensor| SensorConfig { kind: kind(sensor.kind), ..sensor }).ok_or_else(|| {
        let kind = imported.kind.as_str();
        Failure::refused(format!("{}: the configuration has no sensor of kind \"{kind}\"", path.display()))
    })
}

fn differs_in_form_only(a: &SensorConfig, b: &SensorConfig) -> bool {
    SensorConfig { kind: b.kind, endpoint: b.endpoint.clone(), ..a.clone() } == *b
}

/// The place of a sensor in the merged configuration: the same sensor in two files is one sensor.
fn place(config: &mut Config, sensor: SensorConfig) -> Result<usize, Failure> {
    match config.sensors.iter().position(|s| s.name == sensor.name) {
        Some(place) if differs_in_form_only(&config.sensors[place], &sensor) => {
            config.sensors[place] = sensor;
            Ok(place)
        }
        Some(_) => Err(Failure::refused(format!(
            "two recordings declare sensor \"{}\" differently; give one --config that tells how it is",
            sensor.name
        ))),
        None => {
            config.sensors.push(sensor);
            Ok(config.sensors.len() - 1)
        }
    }
}

impl Iterator for Merged {
    type Item = Result<Entry, RecordingError>;

    fn next(&mut self) -> Option<Self::Item> {
        // An error sorts first, so that it is told where it happens. Equal times keep the order of the files.
        let time = |source: &mut Source| {
            source.entries.peek().map(|e| e.as_ref().map_or(Timestamp::from_nanos(i64::MIN), |e| e.received))
        };
        let times = self.sources.iter_mut().enumerate().filter_map(|(i, s)| time(s).map(|t| (t, i)));
        let (_, first) = times.min()?;
        let source = &mut self.sources[first];
        let entry = source.entries.next()?;
        Some(entry.map(|e| Entry { sensor: sensor_id(source.sensors[usize::from(e.sensor.0)]), ..e }))
    }
}
