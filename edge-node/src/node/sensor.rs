//! A sensor as the node knows it: what decodes it, where it stands, how good it is, and what is counted of it.

use fusion_core::geodesy::TangentPlane;
use fusion_core::sensor::SensorModel;
use fusion_core::time::{Span, Timestamp};
use sensor_drivers::decoder::{Decoder, ObjectName, OwnedScan, Report, TimeQuality};
use sensor_drivers::error::DecodeError;

use super::convert::Site;
use super::duplicates::Duplicates;
use super::health::Pulse;
use super::sensor_clock::{ClockReport, ClockRules, Disbelieved, SensorClock};
use crate::config::{ConfigError, SensorConfig};
use crate::drivers;

/// Connections of one sensor at once at the most: each has a decoder of its own, which is kept for the next that comes
/// in its place.
///
/// Counter: `clients_refused`; the connection is closed at once. Bytes of one beyond it are a bug of the caller.
pub const LINKS_MAX: usize = 8;

/// One of the connections of a sensor, counted from 0. Datagrams, files and clients have no other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link(pub u8);

/// What came over a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Bytes: a datagram whole, or any piece of a stream.
    Bytes(Vec<u8>),
    /// A connection was opened.
    Opened,
    /// It was closed.
    Closed,
}

impl Arrival {
    /// The bytes; none of an event.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Opened | Self::Closed => &[],
        }
    }
}

/// A sensor as the node knows it.
pub(super) struct Sensor {
    config: SensorConfig,
    /// By link; the first is always there.
    lanes: Vec<Lane>,
    duplicates: Duplicates,
    pub(super) site: Site,
    pub(super) model: SensorModel,
    pub(super) sequence: u64,
    pub(super) pulse: Pulse,
    pub(super) tally: SensorTally,
}

/// What belongs to one link of a sensor.
struct Lane {
    decoder: Box<dyn Decoder>,
    clock: SensorClock,
    /// The decoder tells times as they come, before it gathers scans.
    tells_times: bool,
}

/// What the node itself counts of a sensor, beside what its decoder counts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SensorTally {
    pub(super) scans: u64,
    pub(super) measurements: u64,
    pub(super) returns_not_a_number: u64,
    pub(super) returns_without_site: u64,
    pub(super) scans_refused: u64,
    /// Of those, scans from before all that the tracker holds.
    pub(super) scans_too_late: u64,
    /// Of the disbelieved, scans told to be from the future.
    pub(super) scans_from_the_future: u64,
    /// Scans refused because their time could not be believed.
    pub(super) clock_refused: u64,
    /// Scans whose time was corrected for the error of the sensor's clock.
    pub(super) clock_corrected: u64,
    /// Scans that count as true when they were received.
    pub(super) clock_received: u64,
    /// Status reports that say the sensor must not be used.
    pub(super) out_of_use: u64,
    /// Status reports that place the sensor elsewhere than the configuration does.
    pub(super) told_elsewhere: u64,
    /// Source tracks refused because their time could not be believed.
    pub(super) source_tracks_refused: u64,
    pub(super) decode_errors: u64,
    pub(super) inbox_dropped: u64,
}

impl Sensor {
    pub(super) fn new(config: &SensorConfig, plane: &TangentPlane, key: &str) -> Result<Self, ConfigError> {
        let mut sensor = Self {
            config: config.clone(),
            lanes: Vec::with_capacity(1),
            duplicates: Duplicates::new(config.duplicate_window()),
            site: Site::new(plane, config.position(key)?)
                .surveyed(config.position_sigma_m, config.north_sigma_deg.to_radians()),
            model: config.model(key)?,
            sequence: 0,
            pulse: Pulse::default(),
            tally: SensorTally::default(),
        };
        let _ = sensor.lane(Link(0));
        Ok(sensor)
    }

    /// The lane of a link, made when it is needed first; `None` beyond the bound.
    fn lane(&mut self, link: Link) -> Option<&mut Lane> {
        let index = usize::from(link.0);
        if index >= LINKS_MAX {
            return None;
        }
        while self.lanes.len() <= index {
            let clock = SensorClock::new(self.config.clock_rules());
            self.lanes.push(Lane { decoder: drivers::decoder(&self.config), clock, tells_times: false });
        }
        self.lanes.get_mut(index)
    }

    pub(super) fn handle_bytes(&mut self, link: Link, bytes: &[u8], received: Timestamp) {
        if self.duplicates.is_second(bytes, received) {
            return;
        }
        let Some(lane) = self.lane(link) else { return };
        lane.decoder.handle_bytes(bytes, received);
        while let Some(told) = lane.decoder.poll_told_time() {
            lane.tells_times = true;
            lane.clock.note(told, received);
        }
    }

    pub(super) fn handle_connection(&mut self, link: Link, open: bool) {
        if let Some(lane) = self.lane(link) {
            lane.decoder.handle_connection(open);
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp) {
        self.lanes.iter_mut().for_each(|lane| lane.decoder.handle_timeout(now));
    }

    pub(super) fn poll_report(&mut self) -> Option<(Link, Result<Report, DecodeError>)> {
        let lanes = (0_u8..).map(Link).zip(&mut self.lanes);
        lanes.into_iter().find_map(|(link, lane)| lane.decoder.poll_report().map(|report| (link, report)))
    }

    pub(super) fn poll_transmit(&mut self) -> Option<(Link, Vec<u8>)> {
        let lanes = (0_u8..).map(Link).zip(&mut self.lanes);
        lanes.into_iter().find_map(|(link, lane)| lane.decoder.poll_transmit().map(|bytes| (link, bytes)))
    }

    /// The time that a scan counts as and where that comes from, by the rule for this sensor's clock; `None` if it
    /// must not be used. Counted.
    pub(super) fn time_of(&mut self, link: Link, scan: &OwnedScan, now: Timestamp) -> Option<(Timestamp, TimeQuality)> {
        self.judged(link, scan.time, scan.time_quality, now)
    }

    /// The same of an estimate made elsewhere, which is told with a time by the sensor's own clock.
    pub(super) fn time_of_source_track(&mut self, link: Link, told: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let judged = self.judged(link, told, TimeQuality::Sensor, now).map(|(time, _)| time);
        self.tally.source_tracks_refused += u64::from(judged.is_none());
        judged
    }

    fn judged(
        &mut self,
        link: Link,
        told: Timestamp,
        quality: TimeQuality,
        now: Timestamp,
    ) -> Option<(Timestamp, TimeQuality)> {
        let lane = self.lanes.get_mut(usize::from(link.0))?;
        if !lane.tells_times && quality == TimeQuality::Sensor {
            lane.clock.note(told, now);
        }
        match lane.clock.read(told, quality, now) {
            Ok((time, quality)) => {
                self.tally.clock_corrected += u64::from(quality == TimeQuality::Corrected);
                self.tally.clock_received += u64::from(quality == TimeQuality::Received);
                Some((time, quality))
            }
            Err(Disbelieved { future }) => {
                self.tally.clock_refused += 1;
                self.tally.scans_from_the_future += u64::from(future);
                None
            }
        }
    }

    /// What its own system calls the object of a source track.
    pub(super) fn object(&self, link: Link, number: u32) -> Option<ObjectName> {
        self.lanes.get(usize::from(link.0))?.decoder.object(number)
    }

    /// Gives a scan that was worked off back to whoever made it.
    pub(super) fn recycle(&mut self, link: Link, scan: OwnedScan) {
        if let Some(lane) = self.lanes.get_mut(usize::from(link.0)) {
            lane.decoder.recycle(scan);
        }
    }

    /// What is known of its clock; of several connections, that of the worst.
    pub(super) fn clock(&self, now: Timestamp) -> ClockReport {
        let reports = self.lanes.iter().map(|lane| lane.clock.report(now));
        reports.max_by_key(|report| report.state).unwrap_or_default()
    }

    /// Second copies of datagrams that were dropped.
    pub(super) const fn duplicates(&self) -> u64 {
        self.duplicates.seen
    }

    /// Counters of the decoders, summed over the connections, then the node's own.
    pub(super) fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let mut sums: Vec<(&'static str, u64)> = Vec::new();
        for lane in &self.lanes {
            let mut add = |name, count| match sums.iter_mut().find(|(known, _)| *known == name) {
                Some((_, sum)) => *sum += count,
                None => sums.push((name, count)),
            };
            lane.decoder.counters(&mut add);
        }
        sums.into_iter().chain(self.tally.named()).for_each(|(name, count)| each(name, count));
        each("datagrams_duplicate", self.duplicates.seen);
        each("duplicates_forgotten", self.duplicates.forgotten);
    }
}

impl SensorTally {
    fn named(self) -> [(&'static str, u64); 15] {
        [
            ("scans", self.scans),
            ("measurements", self.measurements),
            ("returns_not_a_number", self.returns_not_a_number),
            ("returns_without_site", self.returns_without_site),
            ("scans_refused", self.scans_refused),
            ("scans_too_late", self.scans_too_late),
            ("scans_from_the_future", self.scans_from_the_future),
            ("clock_refused", self.clock_refused),
            ("clock_corrected", self.clock_corrected),
            ("clock_received", self.clock_received),
            ("out_of_use", self.out_of_use),
            ("told_elsewhere", self.told_elsewhere),
            ("source_tracks_refused", self.source_tracks_refused),
            ("decode_errors", self.decode_errors),
            ("inbox_dropped", self.inbox_dropped),
        ]
    }
}

impl SensorConfig {
    /// How this sensor's clock is judged.
    #[must_use]
    pub fn clock_rules(&self) -> ClockRules {
        let span = Span::from_secs_f64;
        ClockRules { rule: self.clock.into(), error_max: span(self.clock_error_max_s), latency: span(self.latency_s) }
    }
}
