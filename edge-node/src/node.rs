//! The whole node without a single system call: bytes and time in, records and changes of the picture out.
//!
//! A sensor's bytes go to its decoder; each report becomes a scan in the node's tangent plane; the tracker takes it;
//! each confirmed track that changed becomes a record; the picture is composed from records. After every `handle_*`,
//! call [`Node::poll`] until `None`: it works off one report at a time, so nothing piles up inside.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use fusion_core::angle::Angle;
use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::label::Label;
use fusion_core::maths::hypot;
use fusion_core::measurement::{Measurement, Observation, Scan, SensorId};
use fusion_core::source_track::SourceTrack;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{NodeId, Origin, TrackId};
use fusion_core::tracker::ScanError;
use fusion_core::trail::TrailView;
use proto::record::TrackRecord;
use proto::replica::LinkId;
use sensor_drivers::decoder::{ObjectName, OwnedScan, Report};
use sensor_drivers::error::DecodeError;

use crate::config::{Config, ConfigError, SensorConfig, SensorKind};
use crate::picture::{Picture, PictureChange, SystemTrack};
use convert::{HeightPrior, Unusable};

pub mod convert;
pub mod duplicates;
pub mod feed;
pub mod health;
pub mod memory;
pub mod mesh;
pub mod parents;
pub mod publish;
pub mod registration;
pub mod sayings;
mod sensor;
pub mod sensor_clock;
pub mod source_tracks;
pub mod trails;
mod waiting;

use health::Health;
use memory::NodeSequencer;
use mesh::{Heard, Mesh};
use parents::{NamedScan, PARENT_TRAIL_ENTRIES, Parent, Parents};
use publish::Published;
use registration::Registrar;
use sensor::Sensor;
use source_tracks::{Reporter, SourceTracks};
use trails::{TrailPoints, Trails};
use waiting::{Held, Waiting};

pub use sensor::{Arrival, LINKS_MAX, Link};

/// How often time has to pass even if nothing comes in: sectors close, tracks coast, within this.
pub const TIMEOUT_PERIOD: Span = Span::from_millis(250);

/// What comes out of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// One of this node's own tracks changed.
    Record(Box<TrackRecord>),
    /// The picture changed.
    Picture(PictureChange),
    /// A line of bearing was heard. It founds no track; consoles show it.
    Bearing(Box<Bearing>),
    /// To be sent to a sensor, over the connection that it speaks on.
    Transmit {
        /// To whom.
        sensor: SensorId,
        /// Over which of its connections.
        link: Link,
        /// One message whole.
        bytes: Vec<u8>,
    },
    /// Input was not understood. Counted already.
    Refused {
        /// Whose input.
        sensor: SensorId,
        /// What was wrong with it.
        error: DecodeError,
    },
    /// A line of bearing that another node heard.
    Heard(Box<Heard>),
    /// To be sent to a neighbour, at once or never.
    Packet {
        /// Over which link.
        link: LinkId,
        /// One packet.
        bytes: Vec<u8>,
    },
    /// To be kept for the node's next life, after all before: see [`Node::restore`].
    Journal(Vec<u8>),
}

/// A line of bearing, as consoles show it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bearing {
    /// Who heard it.
    pub sensor: SensorId,
    /// When.
    pub time: Timestamp,
    /// From where, if the report told; else from where the configuration has the sensor.
    pub from: Option<Geodetic>,
    /// Clockwise from true north at the sensor.
    pub azimuth: Angle,
    /// One sigma of it, radians.
    pub sigma_rad: f64,
    /// Who may know.
    pub label: Label,
}

/// The whole node without a single system call.
pub struct Node {
    origin: Origin,
    name: String,
    plane: TangentPlane,
    names: Vec<String>,
    sensors: Vec<Sensor>,
    /// Boxed: it is hundreds of kilobytes, which a node that is handed on must not copy through every frame of a stack.
    sequencer: Box<NodeSequencer>,
    waiting: Waiting,
    height_prior: HeightPrior,
    published: Published,
    reporters: Vec<Reporter>,
    source_tracks: SourceTracks,
    registrar: Registrar,
    /// If anybody is told them.
    parents: Option<Parents>,
    /// If anybody wants them.
    trails: Option<Trails>,
    picture: Picture,
    /// If there are neighbours to be.
    mesh: Option<Box<Mesh>>,
    outputs: VecDeque<Output>,
    measurements: Vec<Measurement>,
    /// What systems behind sensors call what was measured.
    objects: Vec<Option<ObjectName>>,
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
            sensors.push(Sensor::new(sensor, &plane, &format!("sensors[{i}]"))?);
        }
        let reporters = config.sensors.iter().zip(&sensors).map(|(c, s)| reporter(c, s.model.label)).collect();
        let tracker = &config.tracker;
        let tells_parents = tells_parents(config);
        let decisions = if tells_parents { decisions.max(PARENT_TRAIL_ENTRIES) } else { decisions };
        Ok(Self {
            origin,
            name: config.node.name.clone(),
            plane,
            names: config.sensors.iter().map(|sensor| sensor.name.clone()).collect(),
            sensors,
            sequencer: Box::new(memory::sequencer(origin, tracker, config.node.height_m, decisions)),
            waiting: Waiting::default(),
            height_prior: HeightPrior { mean_m: tracker.height_m, sigma_m: tracker.height_sigma_m },
            published: Published::default(),
            reporters,
            source_tracks: SourceTracks::new(origin),
            registrar: Registrar::new(config.sensors.iter().map(|sensor| (sensor.name.as_str(), sensor.registration))),
            parents: tells_parents.then(Parents::default),
            trails: tracker.smoothed_trails.then(|| Trails::new(tracker.core().motion)),
            picture: Picture::default(),
            mesh: None,
            outputs: VecDeque::new(),
            measurements: Vec::new(),
            objects: Vec::new(),
            now: Timestamp::EPOCH,
            due: None,
        })
    }

    /// Takes in bytes of a sensor that has one connection, or none. Bytes of a sensor that does not exist are a bug of
    /// the caller and ignored.
    pub fn handle_bytes(&mut self, sensor: SensorId, bytes: &[u8], received: Timestamp) {
        self.handle_bytes_on(sensor, Link::default(), bytes, received);
    }

    /// Takes in what came over one of a sensor's connections.
    pub fn handle_arrival(&mut self, sensor: SensorId, link: Link, arrival: &Arrival, received: Timestamp) {
        match arrival {
            Arrival::Bytes(bytes) => self.handle_bytes_on(sensor, link, bytes, received),
            Arrival::Opened => self.handle_connection(sensor, link, true, received),
            Arrival::Closed => self.handle_connection(sensor, link, false, received),
        }
    }

    fn handle_bytes_on(&mut self, sensor: SensorId, link: Link, bytes: &[u8], received: Timestamp) {
        self.now = self.now.max(received);
        if let Some(sensor) = self.sensors.get_mut(usize::from(sensor.0)) {
            sensor.handle_bytes(link, bytes, received);
        }
    }

    fn handle_connection(&mut self, sensor: SensorId, link: Link, open: bool, received: Timestamp) {
        self.now = self.now.max(received);
        if let Some(sensor) = self.sensors.get_mut(usize::from(sensor.0)) {
            sensor.handle_connection(link, open);
        }
    }

    /// Lets time pass: sectors close, silent tracks coast and go.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        self.due = Some(self.now + TIMEOUT_PERIOD);
        for sensor in &mut self.sensors {
            sensor.handle_timeout(now);
        }
        self.waiting.handle_timeout(self.now);
        self.handle_waiting();
        // Of what may still wait nothing is known yet.
        self.sequencer.handle_timeout(now - self.waiting.patience());
        self.publish();
        self.age_source_tracks();
        if let Some(parents) = &mut self.parents {
            parents.handle_timeout(self.now);
        }
        if self.mesh.is_none() {
            self.picture.handle_timeout(self.now);
            self.take_picture();
        }
    }

    /// No more will come: what waits goes on.
    pub fn handle_end(&mut self) {
        self.waiting.handle_end();
        self.handle_waiting();
    }

    /// How long scans wait for those of slower sensors at present: what is to be added to the latency of the picture.
    #[must_use]
    pub const fn patience(&self) -> Span {
        self.waiting.patience()
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
            let Some((id, link, report)) = self.next_report() else {
                return self.next_transmit().or_else(|| self.poll_mesh());
            };
            self.handle_report(id, link, report);
        }
    }

    fn next_report(&mut self) -> Option<(SensorId, Link, Result<Report, DecodeError>)> {
        let sensors = (0_u16..).map(SensorId).zip(&mut self.sensors);
        sensors.into_iter().find_map(|(id, s)| s.poll_report().map(|(link, report)| (id, link, report)))
    }

    fn next_transmit(&mut self) -> Option<Output> {
        let sensors = (0_u16..).map(SensorId).zip(&mut self.sensors);
        let next = sensors.into_iter().find_map(|(id, s)| s.poll_transmit().map(|(link, bytes)| (id, link, bytes)));
        next.map(|(sensor, link, bytes)| Output::Transmit { sensor, link, bytes })
    }

    fn handle_report(&mut self, id: SensorId, link: Link, report: Result<Report, DecodeError>) {
        let sensor = &mut self.sensors[usize::from(id.0)];
        match report {
            Ok(Report::Scan(mut scan)) => {
                sensor.pulse.beat(self.now);
                if let Some((time, quality)) = sensor.time_of(link, &scan, self.now) {
                    (scan.time, scan.time_quality) = (time, quality);
                    self.waiting.push(id, link, scan);
                    self.handle_waiting();
                } else {
                    sensor.recycle(link, scan);
                }
            }
            Ok(Report::Status(status)) => {
                sensor.pulse.beat(self.now);
                sensor.tally.out_of_use += u64::from(status.out_of_use);
                sensor.tally.told_elsewhere += u64::from(sensor.site.is_contradicted_by(&status));
            }
            Ok(Report::SourceTrack(track)) => {
                sensor.pulse.beat(self.now);
                self.handle_source_track(id, link, track);
            }
            Ok(Report::SourceTrackEnd(end)) => {
                let (published, mut records) = (&mut self.published, Vec::new());
                let mut version = || published.next_version();
                self.source_tracks.handle_end(id, end, &mut version, &mut |record| records.push(record));
                self.show(records);
            }
            Err(error) => {
                sensor.tally.decode_errors += 1;
                self.outputs.push_back(Output::Refused { sensor: id, error });
            }
        }
    }

    /// Takes in the scans that have waited long enough.
    fn handle_waiting(&mut self) {
        while let Some(Held { sensor, link, scan, .. }) = self.waiting.poll() {
            self.handle_scan(sensor, &scan);
            self.sensors[usize::from(sensor.0)].recycle(link, scan);
        }
    }

    fn handle_scan(&mut self, id: SensorId, scan: &OwnedScan) {
        let sensor = &mut self.sensors[usize::from(id.0)];
        let (told, time) = (scan.time, self.registrar.time(id, scan.time));
        self.measurements.clear();
        self.objects.clear();
        let from = scan.from.map(|platform| platform.position);
        let site = scan.from.map_or(sensor.site, |platform| sensor.site.on(&self.plane, &platform));
        let (pose, model) = self.registrar.considered(id, &site.pose, &sensor.model);
        let turn = hypot(pose.error.azimuth_rad, model.bias.azimuth_rad);
        let mut unnamed = 0;
        for seen in &scan.returns {
            let corrected = self.registrar.corrected(id, seen);
            match site.measurement(&self.plane, corrected.as_ref().unwrap_or(seen), self.height_prior) {
                Ok(measurement) => {
                    self.registrar.handle_told(id, told, &sensor.model, &measurement);
                    if let Some((azimuth, sigma)) = bearing(&measurement.observation) {
                        let (label, sigma_rad) = (sensor.model.label, hypot(sigma, turn));
                        let bearing = Bearing { sensor: id, time, from, azimuth, sigma_rad, label };
                        if let (Some(mesh), Some(place)) = (&mut self.mesh, site.geodetic) {
                            let emitter = mesh.emitter(&measurement.identity, &mut unnamed);
                            mesh.handle_bearing(&bearing, place, emitter, self.now);
                        }
                        self.outputs.push_back(Output::Bearing(Box::new(bearing)));
                    }
                    self.measurements.push(measurement);
                    self.objects.push(seen.object);
                }
                Err(Unusable::NotANumber) => sensor.tally.returns_not_a_number += 1,
                Err(Unusable::NoSite) => sensor.tally.returns_without_site += 1,
            }
        }
        if scan.from.is_none() {
            self.registrar.handle_scan(id, &site.pose, scan, self.sequencer.tracks());
        }
        sensor.sequence += 1;
        sensor.tally.scans += 1;
        sensor.tally.measurements += self.measurements.len() as u64;
        let scan = Scan {
            sensor: id,
            pose,
            time,
            sequence: sensor.sequence,
            label: sensor.model.label,
            coverage: scan.coverage,
            measurements: &self.measurements,
        };
        if let Err(error) = self.sequencer.handle_scan(&scan, &model) {
            sensor.tally.scans_refused += 1;
            sensor.tally.scans_too_late += u64::from(matches!(error, ScanError::TooLate { .. }));
        }
        if let Some(parents) = &mut self.parents {
            let named = NamedScan { sensor: id, sequence: scan.sequence, time, names: &self.objects };
            parents.handle_scan(&named, self.sequencer.tracker().trail(), self.origin, self.now);
        }
        self.publish();
    }

    /// An estimate made elsewhere goes past the tracker, into a record of its own.
    fn handle_source_track(&mut self, id: SensorId, link: Link, mut track: SourceTrack) {
        let sensor = &mut self.sensors[usize::from(id.0)];
        let Some(time) = sensor.time_of_source_track(link, track.time, self.now) else { return };
        track.time = time;
        let (published, mut records) = (&mut self.published, Vec::new());
        let mut version = || published.next_version();
        let (reporter, now) = (&self.reporters[usize::from(id.0)], self.now);
        let mut each = |record| records.push(record);
        self.source_tracks.handle_track(id, reporter, &track, now, &mut version, &mut each);
        if let (Some(parents), Some(record)) = (&mut self.parents, records.last())
            && let Some(name) = self.sensors[usize::from(id.0)].object(link, track.number)
        {
            parents.note(name, record.id, time, now);
        }
        self.show(records);
    }

    fn age_source_tracks(&mut self) {
        let (published, reporters, mut records) = (&mut self.published, &self.reporters, Vec::new());
        let mut version = || published.next_version();
        self.source_tracks.handle_timeout(reporters, self.now, &mut version, &mut |record| records.push(record));
        self.show(records);
    }

    /// Puts records into the picture and before the neighbours, and out.
    fn show(&mut self, records: Vec<TrackRecord>) {
        for record in records {
            self.picture.handle_own(&record);
            if let Some(mesh) = &mut self.mesh {
                let may_bear = |number| self.picture.is_number_for(&record.label, number);
                mesh.handle_own(&record, self.now, may_bear);
            }
            self.outputs.push_back(Output::Record(Box::new(record)));
            self.take_picture();
        }
    }

    /// What has changed in the picture goes out; what it takes own tracks for is noted.
    fn take_picture(&mut self) {
        while let Some(change) = self.picture.poll_change() {
            self.outputs.push_back(Output::Picture(change));
        }
        while let Some((own, system)) = self.picture.poll_claim() {
            if let Some(mesh) = &mut self.mesh {
                mesh.handle_claim(own, system);
            }
        }
    }

    /// Turns what changed in the table into records.
    fn publish(&mut self) {
        let mut records = Vec::new();
        let tracks = self.sequencer.tracks();
        self.published.compare(tracks, &self.plane, &self.names, self.now, |record| records.push(record));
        self.show(records);
        if let Some(trails) = &mut self.trails {
            let confirmed = self.sequencer.tracks().filter(|track| track.is_confirmed());
            trails.follow(confirmed.map(|track| (track.id, track.state)));
        }
    }
}

/// Reading what a node holds.
impl Node {
    /// The picture, by id.
    pub fn picture(&self) -> impl Iterator<Item = &SystemTrack> {
        self.picture.entries()
    }

    /// The same, to keep.
    pub fn picture_to_keep(&self) -> impl Iterator<Item = &Arc<SystemTrack>> {
        self.picture.to_keep()
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

    /// Which objects of other systems this node's tracks were made from; none unless somebody is told.
    #[must_use]
    pub fn parents(&self) -> BTreeMap<TrackId, Vec<Parent>> {
        self.parents.as_ref().map(Parents::by_track).unwrap_or_default()
    }

    /// When anybody told last of an entry of the picture.
    #[must_use]
    pub fn told(&self, track: &SystemTrack) -> Option<Timestamp> {
        self.picture.told(track)
    }

    /// The node's own name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many sensors there are.
    #[must_use]
    pub const fn sensors(&self) -> usize {
        self.sensors.len()
    }

    /// The name of a sensor; empty if there is none.
    #[must_use]
    pub fn sensor_name(&self, id: SensorId) -> &str {
        self.names.get(usize::from(id.0)).map_or("", String::as_str)
    }

    /// How a sensor is doing.
    #[must_use]
    pub fn health(&self, id: SensorId, now: Timestamp) -> Option<Health> {
        let sensor = self.sensors.get(usize::from(id.0))?;
        Some(Health {
            age: sensor.pulse.age(now),
            rate_hz: sensor.pulse.rate_hz(now),
            period: sensor.model.period,
            errors: sensor.tally.decode_errors,
            duplicates: sensor.duplicates(),
            late: sensor.tally.scans_too_late,
            clock_refused: sensor.tally.clock_refused,
            clock: sensor.clock(now),
            registration: self.registrar.report(id),
        })
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
        if let Some(sensor) = self.sensors.get(usize::from(id.0)) {
            sensor.counters(each);
        }
        self.registrar.counters(id, each);
    }

    /// Counters of the tracker and the picture, by name.
    pub fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        self.sequencer.tracker_tally().each(each);
        self.sequencer.tally().each(each);
        self.source_tracks.tally().each(each);
        each("waiting_cut_short", self.waiting.cut_short());
        each("waiting_ms", u64::try_from(self.waiting.patience().as_nanos() / 1_000_000).unwrap_or(0));
        each("source_tracks", self.source_tracks.len() as u64);
        self.registrar.each_counter(each);
        self.picture.each_counter(each);
        if let Some(parents) = &self.parents {
            parents.each_counter(each);
        }
        if let Some(mesh) = &self.mesh {
            mesh.counters(each);
        }
    }
}

fn reporter(sensor: &SensorConfig, label: Label) -> Reporter {
    let section = &sensor.source_tracks;
    Reporter {
        name: sensor.name.clone(),
        label,
        coast_after: section.coast_after(),
        lifetime: section.lifetime(),
        acceleration: section.acceleration_m2_s3,
    }
}

/// Whether somebody is told the picture who knows what this node's sensors tell of by name.
fn tells_parents(config: &Config) -> bool {
    !config.sapient_out.is_empty() && config.sensors.iter().any(|sensor| sensor.kind == SensorKind::Sapient)
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
