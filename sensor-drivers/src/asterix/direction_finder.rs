//! The driver of a direction finder, or of a system of them: CAT205 in, lines of bearing and points out.
//!
//! One transmission may be told three times: as each sensor heard it, as the system's line of bearing, and as the
//! position where the lines meet. Taking them all would count one measurement thrice, so only the rawest kind that has
//! been heard of late is taken, or the one that is configured. The standard tells no error of a bearing: it is
//! configured, and may grow as the signal's quality falls. The channel tells one emitter from another, up to how often
//! two emitters share one.

use fusion_core::angle::Angle;
use fusion_core::geodesy::Geodetic;
use fusion_core::identity::{Identity, ObjectClass};
use fusion_core::maths::sqrt;
use fusion_core::measurement::Coverage;
use fusion_core::time::{Span, Timestamp};

use super::cat205::{ANGLE_STEP_DEG, BearingReport, Channel, MessageType};
use super::local::sigma_or;
use super::look::{Gathering, Looks};
use super::reception::{Header, Listener, ReceptionConfig, Station, Timing, When};
use super::record::Record;
use super::spec::{CAT205, Catalogue};
use super::wire::TypedRecord;
use crate::decoder::{HorizontalError, Measured, OwnedScan, Place, Platform, Point, Polar, Report, Return};
use crate::emission;
use crate::outbox::Outbox;

/// The tables that it reads by.
const TABLES: Catalogue = &[&CAT205];

/// The driver of a direction finder.
pub type DirectionFinderDecoder = Station<DirectionFinder>;

/// Which of its reports are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Take {
    /// The rawest that have been heard of late.
    #[default]
    Rawest,
    /// Those of its sensors.
    SensorBearings,
    /// The lines of bearing of the system.
    SystemBearings,
    /// The positions.
    Positions,
}

/// Where a sensor of a system stands, by its number in I205/170.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Site {
    /// The number.
    pub sensor: u8,
    /// Where.
    pub position: Geodetic,
}

/// How a direction finder is set up.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectionFinderConfig {
    /// As every station.
    pub reception: ReceptionConfig,
    /// Which reports are taken.
    pub take: Take,
    /// One sigma of a bearing of the best quality, radians.
    pub bearing_sigma_rad: f64,
    /// One sigma of an elevation of the best quality, radians.
    pub elevation_sigma_rad: f64,
    /// The factor of both sigmas at the worst quality of the signal (I205/190); 1 where quality means nothing.
    pub worst_quality_factor: f64,
    /// How many sigma the radius of a position's uncertainty (I205/110) is.
    pub radius_sigmas: f64,
    /// One sigma of a position without such a radius, metres.
    pub position_sigma_m: f64,
    /// How probably two emitters share a channel.
    pub channel_confusion: f64,
    /// Height of the antennas above the ellipsoid where a report tells their place, metres.
    pub height_m: f64,
    /// Where its sensors stand.
    pub sites: Vec<Site>,
}

impl Default for DirectionFinderConfig {
    fn default() -> Self {
        Self {
            reception: ReceptionConfig::default(),
            take: Take::Rawest,
            bearing_sigma_rad: 2_f64.to_radians(),
            elevation_sigma_rad: 5_f64.to_radians(),
            worst_quality_factor: 1.0,
            radius_sigmas: 2.0,
            position_sigma_m: 1_000.0,
            channel_confusion: 0.2,
            height_m: 0.0,
            sites: Vec::new(),
        }
    }
}

/// What became of the records; each ends in exactly one counter of the first group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Became lines of bearing.
    pub bearings: u64,
    /// Became points.
    pub positions: u64,
    /// Told that a transmission has ended.
    pub detection_ends: u64,
    /// Of one of two transmitters that disturb each other.
    pub conflicting: u64,
    /// Made from other reports that are taken.
    pub derived: u64,
    /// Of a sensor of which nobody said where it stands.
    pub sensors_unknown: u64,
    /// Tell neither a bearing nor a position.
    pub incomplete: u64,

    /// Bearings told only in the plane of the system, whose north is not quite that of the sensor.
    pub bearings_in_the_plane: u64,
}

impl Tally {
    /// Records accounted for.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.bearings
            + self.positions
            + self.detection_ends
            + self.conflicting
            + self.derived
            + self.sensors_unknown
            + self.incomplete
    }
}

/// For so long after a rawer report one made from such reports is not taken.
const RAWER_FOR: Span = Span::from_secs(30);

/// What hears the records of a direction finder.
#[derive(Debug)]
pub struct DirectionFinder {
    config: DirectionFinderConfig,
    /// When a bearing of a sensor, and one of the system, came last.
    heard: [Option<Timestamp>; 2],
    looks: Looks,
    tally: Tally,
}

impl DirectionFinder {
    /// A driver that has heard nothing yet.
    #[must_use]
    pub fn decoder(config: DirectionFinderConfig) -> DirectionFinderDecoder {
        let looks = Looks::new(Gathering { coverage: Coverage::Reports, window: Span::from_millis(8) });
        let station = config.reception;
        Station::listening(station, Self { config, heard: [None; 2], looks, tally: Tally::default() })
    }

    /// What became of the records.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    fn handle_report(&mut self, report: &BearingReport, when: When, out: &mut Outbox) {
        match report.message_type {
            MessageType::DetectionEnd => self.tally.detection_ends += 1,
            MessageType::ConflictingPosition => self.tally.conflicting += 1,
            _ if report.conflict => self.tally.conflicting += 1,
            MessageType::Other(_) => self.tally.incomplete += 1,
            MessageType::SensorData => self.handle_bearing(report, 0, when, out),
            MessageType::SystemBearing => self.handle_bearing(report, 1, when, out),
            MessageType::SystemPosition => self.handle_position(report, when, out),
        }
    }

    /// A bearing of a sensor (rank 0) or of the system (rank 1).
    fn handle_bearing(&mut self, report: &BearingReport, rank: usize, when: When, out: &mut Outbox) {
        let Some(bearing) = report.local_bearing.or(report.system_bearing) else {
            self.tally.incomplete += 1;
            return;
        };
        let Ok(from) = self.from(report) else {
            self.tally.sensors_unknown += 1;
            return;
        };
        self.heard[rank] = Some(when.received);
        if !self.is_taken(rank, when.received) {
            self.tally.derived += 1;
            return;
        }
        self.tally.bearings += 1;
        self.tally.bearings_in_the_plane += u64::from(report.local_bearing.is_none());
        let widening = self.widening(report.signal_quality);
        let step = ANGLE_STEP_DEG.to_radians();
        let measured = |value, sigma: f64| Measured { value, sigma: sigma_or(None, sigma * widening, step) };
        let polar = Polar {
            azimuth: measured(Angle::from_radians(bearing).radians(), self.config.bearing_sigma_rad),
            range: None,
            elevation: report.elevation.map(|elevation| measured(elevation, self.config.elevation_sigma_rad)),
            height: None,
            range_rate: None,
        };
        self.take(Return::unnamed(Place::Polar(polar), self.identity(report)), when, from, out);
    }

    fn handle_position(&mut self, report: &BearingReport, when: When, out: &mut Outbox) {
        let place = report.position_deg.and_then(|[lat, lon]| Geodetic::from_degrees(lat, lon, 0.0));
        let Some(position) = place else {
            self.tally.incomplete += 1;
            return;
        };
        if !self.is_taken(2, when.received) {
            self.tally.derived += 1;
            return;
        }
        self.tally.positions += 1;
        let told = report.uncertainty_m.map(|radius| radius / self.config.radius_sigmas);
        let sigma_m = sigma_or(told, self.config.position_sigma_m, 100.0 / self.config.radius_sigmas);
        let horizontal = HorizontalError::round(sigma_m);
        let point = Point { position, horizontal, vertical_sigma_m: None, velocity: None };
        self.take(Return::unnamed(Place::Geodetic(point), self.identity(report)), when, None, out);
    }

    fn take(&mut self, seen: Return, when: When, from: Option<Platform>, out: &mut Outbox) {
        if let Some(look) = self.looks.take(seen, when, from) {
            out.push(Report::Scan(look));
        }
    }

    /// Whether a report is taken: 0 of a sensor, 1 a bearing of the system, 2 a position.
    fn is_taken(&self, rank: usize, now: Timestamp) -> bool {
        match self.config.take {
            Take::SensorBearings => rank == 0,
            Take::SystemBearings => rank == 1,
            Take::Positions => rank == 2,
            Take::Rawest => {
                let rawer = self.heard.iter().take(rank).flatten();
                rawer.into_iter().all(|heard| (now - *heard).abs() > RAWER_FOR)
            }
        }
    }

    /// Where a bearing begins: as the report tells, as is known of the sensor, or where the configuration has the
    /// direction finder (`None`).
    fn from(&self, report: &BearingReport) -> Result<Option<Platform>, UnknownSensor> {
        let told = report.position_deg.and_then(|[lat, lon]| Geodetic::from_degrees(lat, lon, self.config.height_m));
        let listed = || {
            let sensor = report.sensor.filter(|_| !self.config.sites.is_empty());
            sensor.map(|sensor| self.config.sites.iter().find(|site| site.sensor == sensor).ok_or(UnknownSensor))
        };
        let position = match told {
            Some(position) => Some(position),
            None => listed().transpose()?.map(|site| site.position),
        };
        let number = report.sensor.map_or(0, u16::from);
        let platform = |position| Platform {
            position,
            horizontal_sigma_m: 1.0,
            vertical_sigma_m: 1.0,
            heading_sigma: 0.0,
            tilt_sigma: 0.0,
            // Stations stand where they were surveyed.
            lasts: None,
            number,
        };
        Ok(position.map(platform))
    }

    /// The factor of the sigmas: variances grow evenly from the best quality to the worst.
    fn widening(&self, quality: Option<u8>) -> f64 {
        let worst = self.config.worst_quality_factor;
        let lack = quality.map_or(0.0, |quality| f64::from(255 - quality) / 255.0);
        sqrt(1.0 + lack * (worst * worst - 1.0))
    }

    fn identity(&self, report: &BearingReport) -> Identity {
        let channel = report.channel.as_ref().and_then(Channel::as_str);
        let fingerprint = channel.map(|name| emission::named(name, self.config.channel_confusion));
        Identity { class: ObjectClass::Emitter, fingerprint, ..Identity::UNKNOWN }
    }
}

/// A sensor of which nobody said where it stands.
struct UnknownSensor;

impl Listener for DirectionFinder {
    fn catalogue(&self) -> Catalogue {
        TABLES
    }

    fn header(&self, record: &Record<'_>) -> Header {
        Header::of(record, 4)
    }

    fn handle_record(&mut self, record: &Record<'_>, timing: Timing<'_>, out: &mut Outbox) {
        let when = timing.read(true);
        if let Some(report) = BearingReport::of(record) {
            self.handle_report(&report, when, out);
        }
    }

    fn handle_end_of_datagram(&mut self, out: &mut Outbox) {
        if let Some(look) = self.looks.handle_end_of_datagram() {
            out.push(Report::Scan(look));
        }
    }

    fn handle_timeout(&mut self, now: Timestamp, out: &mut Outbox) {
        if let Some(look) = self.looks.handle_timeout(now) {
            out.push(Report::Scan(look));
        }
    }

    fn recycle(&mut self, scan: OwnedScan, _out: &mut Outbox) {
        self.looks.recycle(scan);
    }

    fn records(&self) -> u64 {
        self.tally.records()
    }

    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let named = [
            ("bearings", self.tally.bearings),
            ("positions", self.tally.positions),
            ("detection_ends", self.tally.detection_ends),
            ("conflicting", self.tally.conflicting),
            ("derived", self.tally.derived),
            ("sensors_unknown", self.tally.sensors_unknown),
            ("incomplete", self.tally.incomplete),
            ("bearings_in_the_plane", self.tally.bearings_in_the_plane),
            ("looks_overflowed", self.looks.overflowed()),
        ];
        named.into_iter().for_each(|(name, value)| each(name, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asterix::common::{DataSource, TimeOfDay};
    use crate::asterix::write_block;
    use crate::decoder::Decoder;

    const NOON: Timestamp = Timestamp::from_secs(1_700_049_600);

    fn heard(message_type: MessageType, bearing_deg: f64) -> BearingReport {
        BearingReport {
            source: Some(DataSource { sac: 1, sic: 2 }),
            message_type,
            local_bearing: Some(bearing_deg.to_radians()),
            channel: Channel::of_hz(121_500_000),
            ..BearingReport::default()
        }
    }

    /// Hands in each report in a datagram of its own, a second apart.
    fn hear(config: DirectionFinderConfig, reports: &[BearingReport]) -> (DirectionFinderDecoder, Vec<OwnedScan>) {
        let mut decoder = DirectionFinder::decoder(config);
        let (mut scans, mut now) = (Vec::new(), NOON);
        for report in reports {
            let mut bytes = Vec::new();
            write_block(&[BearingReport { time_of_day: Some(TimeOfDay::at(now)), ..*report }], &mut bytes)
                .expect("fits");
            decoder.handle_bytes(&bytes, now + Span::from_millis(20));
            while let Some(report) = decoder.poll_report() {
                let Ok(Report::Scan(scan)) = report else { panic!("a scan") };
                scans.push(scan);
            }
            now = now + Span::from_secs(1);
        }
        assert_eq!(decoder.listener().tally().records(), reports.len() as u64);
        (decoder, scans)
    }

    fn azimuth(scan: &OwnedScan) -> Measured {
        match &scan.returns[0].place {
            Place::Polar(polar) => polar.azimuth,
            Place::Geodetic(_) => panic!("a bearing"),
        }
    }

    #[test]
    fn a_bearing_is_a_line_from_the_sensor_that_heard_it() {
        let told = BearingReport { position_deg: Some([52.0, 21.0]), ..heard(MessageType::SensorData, 270.0) };
        let (_, scans) = hear(DirectionFinderConfig { height_m: 120.0, ..Default::default() }, &[told]);
        let from = scans[0].from.expect("the report tells").position;
        assert!((from.latitude_deg() - 52.0).abs() < 1e-5 && (from.height_m - 120.0).abs() < 1e-9);
        assert!((azimuth(&scans[0]).value + 90_f64.to_radians()).abs() < 1e-9);
        assert_eq!((scans[0].coverage, scans[0].time), (Coverage::Reports, NOON));
        assert_eq!(scans[0].returns[0].identity.class, ObjectClass::Emitter);
    }

    #[test]
    fn a_sensor_is_looked_up_by_its_number_and_an_unknown_one_counted() {
        let position = Geodetic::from_degrees(52.1, 21.1, 90.0).expect("a place");
        let config = DirectionFinderConfig { sites: vec![Site { sensor: 4, position }], ..Default::default() };
        let of = |sensor| BearingReport { sensor: Some(sensor), ..heard(MessageType::SensorData, 10.0) };
        let (decoder, scans) = hear(config, &[of(4), of(5)]);
        assert_eq!(scans.iter().map(|scan| scan.from.map(|from| from.position)).collect::<Vec<_>>(), [Some(position)]);
        assert_eq!(decoder.listener().tally().sensors_unknown, 1);
    }

    #[test]
    fn one_transmission_told_three_ways_is_one_measurement() {
        let position = BearingReport { position_deg: Some([52.0, 21.0]), ..heard(MessageType::SystemPosition, 0.0) };
        let reports = [heard(MessageType::SensorData, 10.0), heard(MessageType::SystemBearing, 11.0), position];
        let (decoder, scans) = hear(DirectionFinderConfig::default(), &reports);
        assert_eq!((scans.len(), decoder.listener().tally().derived), (1, 2));
        let (_, alone) = hear(DirectionFinderConfig::default(), &[position]);
        assert!(matches!(alone[0].returns[0].place, Place::Geodetic(_)));
        let wanted = DirectionFinderConfig { take: Take::SystemBearings, ..Default::default() };
        assert!((azimuth(&hear(wanted, &reports).1[0]).value.to_degrees() - 11.0).abs() < 1e-9);
    }

    #[test]
    fn a_position_is_as_uncertain_as_its_radius_says() {
        let report = BearingReport {
            position_deg: Some([52.0, 21.0]),
            uncertainty_m: Some(800.0),
            ..heard(MessageType::SystemPosition, 0.0)
        };
        let Place::Geodetic(point) =
            hear(DirectionFinderConfig::default(), &[report]).1.remove(0).returns.remove(0).place
        else {
            panic!("a point")
        };
        assert!((point.horizontal.worst_sigma_m() - 400.0).abs() < 1.0);
        assert_eq!(point.vertical_sigma_m, None);
    }

    #[test]
    fn what_disturbs_what_ends_and_what_says_nothing_are_counted() {
        let nothing = BearingReport { local_bearing: None, ..heard(MessageType::SensorData, 0.0) };
        let kinds = [MessageType::ConflictingPosition, MessageType::DetectionEnd, MessageType::Other(9)];
        let reports: Vec<_> = kinds.map(|kind| heard(kind, 1.0)).into_iter().chain([nothing]).collect();
        let (decoder, scans) = hear(DirectionFinderConfig::default(), &reports);
        let tally = decoder.listener().tally();
        assert_eq!((tally.conflicting, tally.detection_ends, tally.incomplete, scans.len()), (1, 1, 2, 0));
    }

    #[test]
    fn a_poor_signal_widens_the_error_and_the_best_does_not() {
        let config = DirectionFinderConfig { worst_quality_factor: 3.0, ..Default::default() };
        let of = |quality| BearingReport { signal_quality: Some(quality), ..heard(MessageType::SensorData, 10.0) };
        let sigmas: Vec<_> =
            hear(config, &[of(255), of(0)]).1.iter().map(|scan| azimuth(scan).sigma.to_degrees()).collect();
        assert!((sigmas[0] - 2.0).abs() < 1e-4 && (sigmas[1] - 6.0).abs() < 1e-4, "{sigmas:?}");
    }

    #[test]
    fn two_channels_have_two_fingerprints_and_one_the_same() {
        let on = |hz| BearingReport { channel: Channel::of_hz(hz), ..heard(MessageType::SensorData, 10.0) };
        let (_, scans) = hear(DirectionFinderConfig::default(), &[on(121_500_000), on(433_920_000), on(121_500_000)]);
        let prints: Vec<_> =
            scans.iter().map(|scan| scan.returns[0].identity.fingerprint.expect("a channel")).collect();
        assert_eq!(prints[0], prints[2]);
        assert_ne!(prints[0].hash, prints[1].hash);
        assert_eq!(prints[1].hash, 34_714, "433.92 MHz in steps of 12.5 kHz");
    }
}
