//! The whole node without a single system call: bytes and time in, records and changes of the picture out.
//!
//! A sensor's bytes go to its decoder; each report becomes a scan in the node's tangent plane; the tracker takes it;
//! each confirmed track that changed becomes a record; the picture is composed from records. After every `handle_*`,
//! call [`Node::poll`] until `None`: it works off one report at a time, so nothing piles up inside.

use std::collections::{BTreeMap, VecDeque};

use fusion_core::angle::Angle;
use fusion_core::geodesy::TangentPlane;
use fusion_core::label::Label;
use fusion_core::measurement::{Measurement, Observation, Scan, SensorId};
use fusion_core::sensor::SensorModel;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{NodeId, Origin, TrackId};
use fusion_core::trail::TrailView;
use proto::record::TrackRecord;
use sensor_drivers::decoder::{Decoder, OwnedScan, Report};
use sensor_drivers::error::DecodeError;

use crate::config::{Config, ConfigError, SensorConfig};
use crate::drivers;
use crate::picture::{Picture, PictureChange};
use convert::{HeightPrior, Site, Unusable};

pub mod convert;
pub mod feed;
pub mod health;
pub mod memory;
pub mod publish;
pub mod trails;

use health::Pulse;
use memory::NodeSequencer;
use publish::{Published, Source};
use trails::{TrailPoints, Trails};

/// How often time has to pass even if nothing comes in: sectors close, tracks coast, within this.
pub const TIMEOUT_PERIOD: Span = Span::from_millis(250);

/// How far a sensor's clock may run ahead of ours before its times are not believed.
const AHEAD_MAX: Span = Span::from_secs(1);

/// What comes out of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// One of this node's own tracks changed.
    Record(Box<TrackRecord>),
    /// The picture changed.
    Picture(PictureChange),
    /// A line of bearing was heard. It founds no track; consoles show it.
    Bearing(Box<Bearing>),
    /// Input was not understood. Counted already.
    Refused {
        /// Whose input.
        sensor: SensorId,
        /// What was wrong with it.
        error: DecodeError,
    },
}

/// A line of bearing, as consoles show it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bearing {
    /// Who heard it.
    pub sensor: SensorId,
    /// When.
    pub time: Timestamp,
    /// Clockwise from true north at the sensor.
    pub azimuth: Angle,
    /// One sigma of it, radians.
    pub sigma_rad: f64,
    /// Who may know.
    pub label: Label,
}

/// A sensor as the node knows it.
struct Sensor {
    decoder: Box<dyn Decoder>,
    site: Site,
    model: SensorModel,
    sequence: u64,
    pulse: Pulse,
    tally: SensorTally,
}

/// What the node itself counts of a sensor, beside what its decoder counts.
#[derive(Clone, Copy, Debug, Default)]
struct SensorTally {
    scans: u64,
    measurements: u64,
    returns_not_a_number: u64,
    returns_without_site: u64,
    scans_refused: u64,
    scans_from_the_future: u64,
    /// Status reports that say the sensor must not be used.
    out_of_use: u64,
    /// Status reports that place the sensor elsewhere than the configuration does.
    told_elsewhere: u64,
    source_tracks_unused: u64,
    decode_errors: u64,
    inbox_dropped: u64,
}

/// The whole node without a single system call.
pub struct Node {
    plane: TangentPlane,
    sources: Vec<Source>,
    sensors: Vec<Sensor>,
    sequencer: NodeSequencer,
    height_prior: HeightPrior,
    published: Published,
    /// If anybody wants them.
    trails: Option<Trails>,
    picture: Picture,
    outputs: VecDeque<Output>,
    measurements: Vec<Measurement>,
    now: Timestamp,
    due: Option<Timestamp>,
}

impl Node {
    /// A node that has heard nothing yet.
    ///
    /// # Errors
    /// [`ConfigError`] for what [`Config::check`] would refuse.
    pub fn new(config: &Config, origin: Origin) -> Result<Self, ConfigError> {
        Self::listening(config, origin, 0)
    }

    /// The same, remembering why: the tracker's latest decisions, so many.
    ///
    /// # Errors
    /// [`ConfigError`] for what [`Config::check`] would refuse.
    pub fn listening(config: &Config, origin: Origin, decisions: usize) -> Result<Self, ConfigError> {
        config.check()?;
        let plane = TangentPlane::at(config.node.origin()?);
        let mut sensors = Vec::with_capacity(config.sensors.len());
        for (i, sensor) in config.sensors.iter().enumerate() {
            let key = format!("sensors[{i}]");
            sensors.push(Sensor {
                decoder: drivers::decoder(sensor),
                site: Site::new(&plane, sensor.position(&key)?),
                model: sensor.model(&key)?,
                sequence: 0,
                pulse: Pulse::default(),
                tally: SensorTally::default(),
            });
        }
        let tracker = &config.tracker;
        Ok(Self {
            plane,
            sources: config.sensors.iter().map(source).collect(),
            sensors,
            sequencer: memory::sequencer(origin, tracker, config.node.height_m, decisions),
            height_prior: HeightPrior { mean_m: tracker.height_m, sigma_m: tracker.height_sigma_m },
            published: Published::default(),
            trails: tracker.smoothed_trails.then(|| Trails::new(tracker.core().motion)),
            picture: Picture::default(),
            outputs: VecDeque::new(),
            measurements: Vec::new(),
            now: Timestamp::EPOCH,
            due: None,
        })
    }

    /// Takes in bytes of a sensor. Bytes of a sensor that does not exist are a bug of the caller and ignored.
    pub fn handle_bytes(&mut self, sensor: SensorId, bytes: &[u8], received: Timestamp) {
        self.now = self.now.max(received);
        if let Some(sensor) = self.sensors.get_mut(usize::from(sensor.0)) {
            sensor.decoder.handle_bytes(bytes, received);
        }
    }

    /// Lets time pass: sectors close, silent tracks coast and go.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        self.due = Some(self.now + TIMEOUT_PERIOD);
        for sensor in &mut self.sensors {
            sensor.decoder.handle_timeout(now);
        }
        self.sequencer.handle_timeout(now);
        self.publish();
    }

    /// When time has to pass next; `None` before the first time it did.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Timestamp> {
        self.due
    }

    /// What has come out. Works off waiting reports one by one.
    #[must_use]
    pub fn poll(&mut self) -> Option<Output> {
        loop {
            if let Some(output) = self.outputs.pop_front() {
                return Some(output);
            }
            let (id, report) = self.next_report()?;
            self.handle_report(id, report);
        }
    }

    fn next_report(&mut self) -> Option<(SensorId, Result<Report, DecodeError>)> {
        (0_u16..).zip(&mut self.sensors).find_map(|(i, s)| s.decoder.poll_report().map(|r| (SensorId(i), r)))
    }

    fn handle_report(&mut self, id: SensorId, report: Result<Report, DecodeError>) {
        let sensor = &mut self.sensors[usize::from(id.0)];
        match report {
            Ok(Report::Scan(scan)) => {
                sensor.pulse.beat(self.now);
                self.handle_scan(id, &scan);
                self.sensors[usize::from(id.0)].decoder.recycle(scan);
            }
            Ok(Report::Status(status)) => {
                sensor.pulse.beat(self.now);
                sensor.tally.out_of_use += u64::from(status.out_of_use);
                sensor.tally.told_elsewhere += u64::from(sensor.site.is_contradicted_by(&status));
            }
            Ok(Report::SourceTrack(_)) => sensor.tally.source_tracks_unused += 1,
            Err(error) => {
                sensor.tally.decode_errors += 1;
                self.outputs.push_back(Output::Refused { sensor: id, error });
            }
        }
    }

    fn handle_scan(&mut self, id: SensorId, scan: &OwnedScan) {
        let sensor = &mut self.sensors[usize::from(id.0)];
        // A clock that runs ahead would make everybody else's scans look late: such a scan counts as true when it came.
        let ahead = scan.time > self.now + AHEAD_MAX;
        sensor.tally.scans_from_the_future += u64::from(ahead);
        let time = if ahead { self.now } else { scan.time };
        self.measurements.clear();
        let site = scan.from.map_or(sensor.site, |platform| Site::new(&self.plane, Some(platform.position)));
        for seen in &scan.returns {
            match site.measurement(&self.plane, seen, self.height_prior) {
                Ok(measurement) => {
                    let line = bearing(&measurement.observation);
                    let label = sensor.model.label;
                    self.outputs.extend(line.map(|(azimuth, sigma_rad)| {
                        Output::Bearing(Box::new(Bearing { sensor: id, time, azimuth, sigma_rad, label }))
                    }));
                    self.measurements.push(measurement);
                }
                Err(Unusable::NotANumber) => sensor.tally.returns_not_a_number += 1,
                Err(Unusable::NoSite) => sensor.tally.returns_without_site += 1,
            }
        }
        sensor.sequence += 1;
        sensor.tally.scans += 1;
        sensor.tally.measurements += self.measurements.len() as u64;
        let scan = Scan {
            sensor: id,
            pose: site.pose,
            time,
            sequence: sensor.sequence,
            label: sensor.model.label,
            coverage: scan.coverage,
            measurements: &self.measurements,
        };
        if self.sequencer.handle_scan(&scan, &sensor.model).is_err() {
            sensor.tally.scans_refused += 1;
        }
        self.publish();
    }

    /// Turns what changed in the table into records, and records into changes of the picture.
    fn publish(&mut self) {
        let (picture, outputs) = (&mut self.picture, &mut self.outputs);
        self.published.compare(self.sequencer.tracks(), &self.plane, &self.sources, self.now, |record| {
            let change = picture.handle_record(&record);
            outputs.push_back(Output::Record(Box::new(record)));
            outputs.extend(change.map(Output::Picture));
        });
        if let Some(trails) = &mut self.trails {
            let confirmed = self.sequencer.tracks().filter(|track| track.is_confirmed());
            trails.follow(confirmed.map(|track| (track.id, track.state)));
        }
    }
}

/// Reading what a node holds.
impl Node {
    /// The picture, by id.
    pub fn picture(&self) -> impl Iterator<Item = &TrackRecord> {
        self.picture.entries()
    }

    /// The smoothed trails of this node's own tracks, by id; none unless the configuration asks for them.
    pub fn trails(&mut self) -> BTreeMap<TrackId, TrailPoints> {
        self.trails.as_mut().map(|trails| trails.smoothed(&self.plane)).unwrap_or_default()
    }

    /// Why: the tracker's latest decisions; none unless the node was made to remember them.
    #[must_use]
    pub fn decisions(&self) -> TrailView<'_> {
        self.sequencer.tracker().trail()
    }

    /// How many sensors there are.
    #[must_use]
    pub const fn sensors(&self) -> usize {
        self.sensors.len()
    }

    /// The name of a sensor; empty if there is none.
    #[must_use]
    pub fn sensor_name(&self, id: SensorId) -> &str {
        self.sources.get(usize::from(id.0)).map_or("", |source| source.name.as_str())
    }

    /// Time since a sensor's last report, reports per second, input not understood, the period it should keep.
    #[must_use]
    pub fn pulse(&self, id: SensorId) -> Option<(&Pulse, u64, Span)> {
        let sensor = self.sensors.get(usize::from(id.0))?;
        Some((&sensor.pulse, sensor.tally.decode_errors, sensor.model.period))
    }

    /// Notes how many of a sensor's inputs were dropped before the node saw them.
    pub fn set_dropped(&mut self, id: SensorId, dropped: u64) {
        if let Some(sensor) = self.sensors.get_mut(usize::from(id.0)) {
            sensor.tally.inbox_dropped = dropped;
        }
    }

    /// How many tracks were ever published.
    #[must_use]
    pub const fn tracks_ever(&self) -> u64 {
        self.published.ever()
    }

    /// Counters of one sensor: its decoder's, then the node's, by name.
    pub fn sensor_counters(&self, id: SensorId, each: &mut dyn FnMut(&'static str, u64)) {
        let Some(sensor) = self.sensors.get(usize::from(id.0)) else { return };
        sensor.decoder.counters(each);
        let t = sensor.tally;
        let own = [
            ("scans", t.scans),
            ("measurements", t.measurements),
            ("returns_not_a_number", t.returns_not_a_number),
            ("returns_without_site", t.returns_without_site),
            ("scans_refused", t.scans_refused),
            ("scans_from_the_future", t.scans_from_the_future),
            ("out_of_use", t.out_of_use),
            ("told_elsewhere", t.told_elsewhere),
            ("source_tracks_unused", t.source_tracks_unused),
            ("decode_errors", t.decode_errors),
            ("inbox_dropped", t.inbox_dropped),
        ];
        own.into_iter().for_each(|(name, count)| each(name, count));
    }

    /// Counters of the tracker and the picture, by name.
    pub fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        self.sequencer.tracker_tally().each(each);
        self.sequencer.tally().each(each);
        each("picture_tracks", self.picture.len() as u64);
        each("picture_full", self.picture.full());
    }
}

fn source(sensor: &SensorConfig) -> Source {
    let (shared_error_m, shared_time_error_s) = sensor.shared_error();
    Source { name: sensor.name.clone(), shared_error_m, shared_time_error_s }
}

/// Azimuth and its sigma, of what is a line of bearing and no more.
fn bearing(observation: &Observation) -> Option<(Angle, f64)> {
    match observation {
        Observation::Bearing(r) => Some((Angle::from_radians(r.z[0]), r.noise.sigma(0))),
        Observation::BearingElevation(r) => Some((Angle::from_radians(r.z[0]), r.noise.sigma(0))),
        Observation::Position(_)
        | Observation::HorizontalPosition(_)
        | Observation::PositionVelocity(_)
        | Observation::RangeBearing(_)
        | Observation::RangeBearingRate(_)
        | Observation::RangeBearingElevation(_)
        | Observation::RangeBearingElevationRate(_) => None,
    }
}

/// The id of a node: its name, hashed (FNV-1a, 64 bits). Names are unique in a mesh.
#[must_use]
pub fn node_id(name: &str) -> NodeId {
    NodeId(proto::codec::fnv1a(proto::codec::FNV_BASIS, name.as_bytes()))
}
