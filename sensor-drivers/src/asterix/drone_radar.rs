//! The driver of a sensor that needs nothing from its targets, above all of a drone radar: CAT015 in, scans out, and
//! source tracks where the sensor tracks by itself.
//!
//! Every error that a report tells is used, the configured one stands in for what it does not tell. Seen from the
//! sensor (range, azimuth, elevation, Doppler) goes before a position that the sensor computed from that. A range of a
//! sensor whose transmitter and receiver are apart is a detour, not a distance, and is not used.

use fusion_core::angle::Angle;
use fusion_core::geodesy::Geodetic;
use fusion_core::identity::{ClassBelief, Identity, ObjectClass};
use fusion_core::measurement::Coverage;
use fusion_core::source_track::SourceTrackEnd;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::TrackStatus;

use super::cat015::{AZIMUTH_STEP_DEG, Class, ELEVATION_STEP_DEG, MessageType, TargetReport, Told};
use super::local::{LocalEstimate, LocalVelocity, bound_of_correlations, horizontal, sigma_or};
use super::look::{Gathering, Looks};
use super::radar::Doppler;
use super::reception::{Header, Listener, ReceptionConfig, Station, Timing, When};
use super::record::Record;
use super::spec::{CAT015, Catalogue};
use super::wire::TypedRecord;
use crate::decoder::{HorizontalError, Measured, OwnedScan, Place, Point, PointVelocity, Polar, Report, Return};
use crate::outbox::Outbox;

/// The tables that it reads by.
const TABLES: Catalogue = &[&CAT015];

/// The driver of a drone radar.
pub type DroneRadarDecoder = Station<DroneRadar>;

/// What tracks of the sensor itself count as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tracks {
    /// As estimates made elsewhere: they become records of their own.
    #[default]
    SourceTracks,
    /// As measurements, for a sensor that sends nothing else and whose tracks hardly smooth.
    Measurements,
    /// As nothing, for a sensor that sends its plots as well.
    Ignored,
}

/// What a number of a class means: sensor and user have agreed on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassMeaning {
    /// The number.
    pub class: u16,
    /// What it means.
    pub meaning: ObjectClass,
}

/// How a drone radar is set up.
#[derive(Clone, Debug, PartialEq)]
pub struct DroneRadarConfig {
    /// As every station.
    pub reception: ReceptionConfig,
    /// One sigma of the range where none is told, metres.
    pub range_sigma_m: f64,
    /// One sigma of the azimuth where none is told, radians.
    pub azimuth_sigma_rad: f64,
    /// One sigma of the elevation where none is told, radians.
    pub elevation_sigma_rad: f64,
    /// One sigma of the Doppler velocity where none is told, m/s.
    pub doppler_sigma_m_s: f64,
    /// One sigma of a position along each axis where none is told, metres.
    pub horizontal_sigma_m: f64,
    /// One sigma of a height where none is told, metres.
    pub height_sigma_m: f64,
    /// One sigma of a track's velocity along each axis where none is told, m/s.
    pub velocity_sigma_m_s: f64,
    /// What a positive Doppler velocity means.
    pub doppler: Doppler,
    /// What a look covers: reports, or the sector at which the sensor stares.
    pub coverage: Coverage,
    /// Time between two looks.
    pub update_period: Span,
    /// What its tracks count as.
    pub tracks: Tracks,
    /// What its classes mean.
    pub classes: Vec<ClassMeaning>,
    /// Takes simulated and replayed targets for real.
    pub keep_simulated: bool,
    /// Takes reference and synthetic targets for real.
    pub keep_test_targets: bool,
}

impl Default for DroneRadarConfig {
    /// A small staring radar as its data sheets have them.
    fn default() -> Self {
        Self {
            reception: ReceptionConfig::default(),
            range_sigma_m: 3.0,
            azimuth_sigma_rad: 1_f64.to_radians(),
            elevation_sigma_rad: 1.5_f64.to_radians(),
            doppler_sigma_m_s: 0.5,
            horizontal_sigma_m: 20.0,
            height_sigma_m: 20.0,
            velocity_sigma_m_s: 3.0,
            doppler: Doppler::Ignored,
            coverage: Coverage::Reports,
            update_period: Span::from_secs(1),
            tracks: Tracks::default(),
            classes: Vec::new(),
            keep_simulated: false,
            keep_test_targets: false,
        }
    }
}

/// What became of the records; each ends in exactly one counter of the first group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Became returns.
    pub plots: u64,
    /// Became source tracks.
    pub source_tracks: u64,
    /// Told the end of a track.
    pub track_ends: u64,
    /// Tracks that the configuration does not want.
    pub tracks_ignored: u64,
    /// Tracks taken as measurements of which nothing was measured.
    pub extrapolated: u64,
    /// Simulated or replayed.
    pub simulated: u64,
    /// Reference and synthetic targets.
    pub test_targets: u64,
    /// Do not tell where, or which track.
    pub incomplete: u64,

    /// Ranges not used, because transmitter and receiver are apart.
    pub detours: u64,
    /// Classes of which nobody said what they mean.
    pub classes_unknown: u64,
}

impl Tally {
    /// Records accounted for.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.plots
            + self.source_tracks
            + self.track_ends
            + self.tracks_ignored
            + self.extrapolated
            + self.simulated
            + self.test_targets
            + self.incomplete
    }
}

/// What hears the records of a drone radar.
#[derive(Debug)]
pub struct DroneRadar {
    config: DroneRadarConfig,
    looks: Looks,
    tally: Tally,
}

impl DroneRadar {
    /// A driver that has heard nothing yet.
    #[must_use]
    pub fn decoder(config: DroneRadarConfig) -> DroneRadarDecoder {
        // Of a sensor that only reports, plots of one time are one look; a tick of its clock is 8 ms.
        let window = match config.coverage {
            Coverage::Reports => Span::from_millis(8),
            Coverage::Full | Coverage::Sector { .. } | Coverage::Cone(_) => {
                Span::from_nanos(config.update_period.as_nanos() / 2)
            }
        };
        let looks = Looks::new(Gathering { coverage: config.coverage, window });
        Station::listening(config.reception, Self { config, looks, tally: Tally::default() })
    }

    /// What became of the records.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    fn handle_report(&mut self, report: &TargetReport, when: When, out: &mut Outbox) {
        match (report.message_type, self.config.tracks) {
            _ if !self.is_wanted(report) => {}
            (MessageType::MeasurementPlot | MessageType::SensorPlot, _) => self.handle_plot(report, when, out),
            (MessageType::MeasurementTrack | MessageType::SensorTrack, Tracks::Measurements) => {
                if report.status.is_some_and(|status| status.cstp) {
                    self.tally.extrapolated += 1;
                } else {
                    self.handle_plot(report, when, out);
                }
            }
            (MessageType::MeasurementTrack | MessageType::SensorTrack, Tracks::SourceTracks) => {
                self.handle_track(report, when, out);
            }
            (MessageType::TrackEnd, Tracks::SourceTracks) if report.number.is_some() => {
                self.tally.track_ends += 1;
                let number = report.number.map_or(0, u32::from);
                out.push(Report::SourceTrackEnd(SourceTrackEnd { number, time: when.time }));
            }
            (MessageType::MeasurementTrack | MessageType::SensorTrack | MessageType::TrackEnd, _) => {
                self.tally.tracks_ignored += 1;
            }
            (MessageType::Other(_), _) => self.tally.incomplete += 1,
        }
    }

    fn is_wanted(&mut self, report: &TargetReport) -> bool {
        match report.descriptor.map_or(0, |descriptor| descriptor.ttax) {
            1 | 2 if !self.config.keep_test_targets => self.tally.test_targets += 1,
            3 if !self.config.keep_simulated => self.tally.simulated += 1,
            _ => return true,
        }
        false
    }

    fn handle_plot(&mut self, report: &TargetReport, when: When, out: &mut Outbox) {
        let Some(place) = self.place(report) else {
            self.tally.incomplete += 1;
            return;
        };
        self.tally.plots += 1;
        let seen = Return::unnamed(place, self.identity(report));
        if let Some(look) = self.looks.take(seen, when, None) {
            out.push(Report::Scan(look));
        }
    }

    fn handle_track(&mut self, report: &TargetReport, when: When, out: &mut Outbox) {
        let identity = self.identity(report);
        let track = report.number.zip(self.estimate(report)).and_then(|(number, estimate)| {
            estimate.source_track(number.into(), when.time, track_status(report), identity)
        });
        if let Some(track) = track {
            self.tally.source_tracks += 1;
            out.push(Report::SourceTrack(track));
        } else {
            self.tally.incomplete += 1;
        }
    }

    /// Where it was seen: from the sensor if that can be, else on the earth.
    fn place(&mut self, report: &TargetReport) -> Option<Place> {
        let detour = report.descriptor.is_some_and(|descriptor| descriptor.momu == APART);
        self.tally.detours += u64::from(detour && report.range.is_some());
        let range = report.range.filter(|range| !detour && range.value > 0.0);
        match (report.azimuth, range, report.position_deg) {
            (Some(azimuth), Some(range), _) => Some(Place::Polar(self.polar(report, azimuth, Some(range)))),
            (_, None, Some(_)) | (None, _, Some(_)) => self.point(report).map(Place::Geodetic),
            (Some(azimuth), None, None) => Some(Place::Polar(self.polar(report, azimuth, None))),
            (None, _, None) => None,
        }
    }

    fn polar(&self, report: &TargetReport, azimuth: Told, range: Option<Told>) -> Polar {
        let config = &self.config;
        let doppler = self.doppler(report).filter(|_| range.is_some());
        let shared = report.doppler_range_correlation.filter(|_| doppler.is_some()).unwrap_or_default();
        let bound = bound_of_correlations(&[shared]);
        let measured = |told: Told, configured, step| Measured {
            value: told.value,
            sigma: sigma_or(told.sigma, configured, step),
        };
        Polar {
            azimuth: measured(
                Told { value: Angle::from_radians(azimuth.value).radians(), ..azimuth },
                config.azimuth_sigma_rad,
                AZIMUTH_STEP_DEG.to_radians(),
            ),
            range: range.map(|range| widened(measured(range, config.range_sigma_m, 0.1), bound)),
            elevation: report
                .elevation
                .map(|told| measured(told, config.elevation_sigma_rad, ELEVATION_STEP_DEG.to_radians())),
            height: report.height.map(|told| measured(told, config.height_sigma_m, 0.01)),
            range_rate: doppler.map(|told| widened(measured(told, config.doppler_sigma_m_s, 0.01), bound)),
        }
    }

    fn doppler(&self, report: &TargetReport) -> Option<Told> {
        let told = report.doppler?;
        match self.config.doppler {
            Doppler::Ignored => None,
            Doppler::Opening => Some(told),
            Doppler::Closing => Some(Told { value: -told.value, ..told }),
        }
    }

    fn point(&self, report: &TargetReport) -> Option<Point> {
        let LocalEstimate { position, horizontal, vertical_sigma_m, .. } = self.estimate(report)?;
        Some(Point {
            position,
            horizontal,
            vertical_sigma_m: report.height.map(|_| vertical_sigma_m),
            velocity: measured_velocity(report),
        })
    }

    /// The position that the sensor computed, with all that it says of its errors.
    fn estimate(&self, report: &TargetReport) -> Option<LocalEstimate> {
        let [latitude, longitude] = report.position_deg?;
        let height = report.height.map_or(0.0, |height| height.value);
        let error = report.position_error.unwrap_or_default();
        let sigma = |told: f64| sigma_or(Some(told), self.config.horizontal_sigma_m, 0.25);
        let [by_x, by_y] = report.height_correlation.filter(|_| report.height.is_some()).unwrap_or_default();
        let (wider_x, wider_y) = (bound_of_correlations(&[by_x]), bound_of_correlations(&[by_y]));
        let told_height = report.height.and_then(|height| height.sigma);
        let configured = if report.height.is_some() { self.config.height_sigma_m } else { UNKNOWN_HEIGHT_SIGMA_M };
        Some(LocalEstimate {
            position: Geodetic::from_degrees(latitude, longitude, height)?,
            horizontal: horizontal(
                sigma(error.x) * wider_x,
                sigma(error.y) * wider_y,
                error.correlation / (wider_x * wider_y),
            ),
            vertical_sigma_m: sigma_or(told_height, configured, 0.01) * bound_of_correlations(&[by_x, by_y]),
            velocity: report.velocity.map(|velocity| self.velocity(report, velocity)),
        })
    }

    fn velocity(&self, report: &TargetReport, [east, north]: [f64; 2]) -> LocalVelocity {
        let error = report.velocity_error.unwrap_or_default();
        let sigma = |told: f64| sigma_or(Some(told), self.config.velocity_sigma_m_s, 0.01);
        let up = report.vertical_velocity;
        LocalVelocity {
            east_north_up: [east, north, up.map_or(0.0, |up| up.value)],
            horizontal: horizontal(sigma(error.x), sigma(error.y), error.correlation),
            vertical_sigma: sigma_or(
                up.and_then(|up| up.sigma),
                if up.is_some() { self.config.velocity_sigma_m_s } else { UNKNOWN_CLIMB_SIGMA_M_S },
                0.01,
            ),
        }
    }

    fn identity(&mut self, report: &TargetReport) -> Identity {
        let mut belief = ClassBelief::UNKNOWN;
        for &Class { class, percent } in &report.classes {
            match self.config.classes.iter().find(|known| known.class == class) {
                // What is less likely than not says nothing: the probabilities need not sum to one.
                Some(known) => {
                    let confusion = 1.0 - f64::from(percent.min(100)) / 100.0;
                    belief = belief.combine(ClassBelief::declared(known.meaning, confusion));
                }
                None => self.tally.classes_unknown += 1,
            }
        }
        Identity { class: belief.word(), belief, ..Identity::UNKNOWN }
    }
}

/// Transmitter and receiver in several places (MOMU in I015/020).
const APART: u8 = 1;

/// One sigma of the height of a track that tells none: it flies low, or it would be no drone.
const UNKNOWN_HEIGHT_SIGMA_M: f64 = 500.0;

/// One sigma of a rate of climb that is not told.
const UNKNOWN_CLIMB_SIGMA_M_S: f64 = 10.0;

fn widened(measured: Measured, factor: f64) -> Measured {
    Measured { sigma: measured.sigma * factor, ..measured }
}

/// The velocity of a plot, if its precision is told: else it may be no measurement but a difference of positions.
fn measured_velocity(report: &TargetReport) -> Option<PointVelocity> {
    let ([east, north], error) = (report.velocity?, report.velocity_error?);
    let both = HorizontalError { east_sigma_m: error.x, north_sigma_m: error.y, correlation: error.correlation };
    let horizontal_sigma = both.worst_sigma_m();
    let up = report.vertical_velocity;
    (horizontal_sigma > 0.0).then(|| PointVelocity {
        east_north_up: [east, north, up.map_or(0.0, |up| up.value)],
        horizontal_sigma,
        vertical_sigma: sigma_or(up.and_then(|up| up.sigma), UNKNOWN_CLIMB_SIGMA_M_S, 0.01),
    })
}

fn track_status(report: &TargetReport) -> TrackStatus {
    match report.status {
        Some(status) if status.cnf => TrackStatus::Tentative,
        Some(status) if status.cstp => TrackStatus::Coasted,
        Some(_) | None => TrackStatus::Confirmed,
    }
}

impl Listener for DroneRadar {
    fn catalogue(&self) -> Catalogue {
        TABLES
    }

    fn header(&self, record: &Record<'_>) -> Header {
        Header::of(record, 6)
    }

    fn handle_record(&mut self, record: &Record<'_>, timing: Timing<'_>, out: &mut Outbox) {
        let when = timing.read(true);
        if let Some(report) = TargetReport::of(record) {
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
            ("plots", self.tally.plots),
            ("source_tracks", self.tally.source_tracks),
            ("track_ends", self.tally.track_ends),
            ("tracks_ignored", self.tally.tracks_ignored),
            ("extrapolated", self.tally.extrapolated),
            ("simulated", self.tally.simulated),
            ("test_targets", self.tally.test_targets),
            ("incomplete", self.tally.incomplete),
            ("detours", self.tally.detours),
            ("classes_unknown", self.tally.classes_unknown),
            ("looks_overflowed", self.looks.overflowed()),
        ];
        named.into_iter().for_each(|(name, value)| each(name, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asterix::cat015::{Descriptor, PairError, Status};
    use crate::asterix::common::{DataSource, TimeOfDay};
    use crate::asterix::write_block;
    use crate::decoder::Decoder;

    const MIDNIGHT: Timestamp = Timestamp::from_secs(1_700_006_400);

    fn told(value: f64, sigma: f64) -> Option<Told> {
        Some(Told { value, sigma: Some(sigma) })
    }

    fn plot(range_m: f64) -> TargetReport {
        TargetReport {
            source: Some(DataSource { sac: 25, sic: 201 }),
            range: told(range_m, 2.0),
            azimuth: told(1.0, 0.01),
            elevation: told(0.1, 0.02),
            doppler: told(-12.0, 0.25),
            ..TargetReport::default()
        }
    }

    fn track(number: u16) -> TargetReport {
        TargetReport {
            source: Some(DataSource { sac: 25, sic: 201 }),
            message_type: MessageType::SensorTrack,
            number: Some(number),
            position_deg: Some([52.0, 21.0]),
            position_error: Some(PairError { x: 10.0, y: 20.0, correlation: 0.5 }),
            height: told(150.0, 8.0),
            velocity: Some([10.0, -5.0]),
            ..TargetReport::default()
        }
    }

    /// Hands in datagrams of reports at one time, in seconds from midnight.
    fn hear(config: DroneRadarConfig, datagrams: &[(f64, Vec<TargetReport>)]) -> (DroneRadarDecoder, Vec<Report>) {
        let mut decoder = DroneRadar::decoder(config);
        let mut reports = Vec::new();
        for (seconds, records) in datagrams {
            let time = MIDNIGHT + Span::from_secs_f64(*seconds);
            let timed =
                records.iter().map(|record| TargetReport { time_of_day: Some(TimeOfDay::at(time)), ..record.clone() });
            let mut bytes = Vec::new();
            write_block(&timed.collect::<Vec<_>>(), &mut bytes).expect("fits");
            decoder.handle_bytes(&bytes, time + Span::from_millis(30));
            reports.extend(std::iter::from_fn(|| decoder.poll_report()).map(|report| report.expect("sound")));
        }
        assert_eq!(decoder.listener().tally().records(), decoder.tally().records - decoder.tally().duplicates);
        (decoder, reports)
    }

    fn scans(reports: Vec<Report>) -> Vec<OwnedScan> {
        let scan = |report| if let Report::Scan(scan) = report { Some(scan) } else { None };
        reports.into_iter().filter_map(scan).collect()
    }

    fn polar(scan: &OwnedScan) -> Polar {
        match scan.returns[0].place {
            Place::Polar(polar) => polar,
            Place::Geodetic(_) => panic!("seen from the sensor"),
        }
    }

    #[test]
    fn a_plot_keeps_the_errors_that_it_tells_and_takes_the_configured_ones_for_the_rest() {
        let config = DroneRadarConfig { doppler: Doppler::Opening, ..DroneRadarConfig::default() };
        let bare = TargetReport { range: Some(Told { value: 900.0, sigma: None }), ..plot(0.0) };
        let all = scans(hear(config, &[(60.0, vec![plot(800.0)]), (61.0, vec![bare])]).1);
        let (rich, poor) = (polar(&all[0]), polar(&all[1]));
        assert!(
            (rich.range.expect("told").sigma - 2.0).abs() < 1e-3
                && (poor.range.expect("told").sigma - 3.0).abs() < 1e-3
        );
        assert!((rich.azimuth.sigma - 0.01).abs() < 1e-4 && (rich.elevation.expect("told").sigma - 0.02).abs() < 1e-4);
        let rate = rich.range_rate.expect("told");
        assert!((rate.value + 12.0).abs() < 1e-9 && (rate.sigma - 0.25).abs() < 1e-2);
    }

    #[test]
    fn plots_across_midnight_stay_in_order() {
        let all = scans(hear(DroneRadarConfig::default(), &[(-0.5, vec![plot(800.0)]), (0.5, vec![plot(801.0)])]).1);
        assert_eq!(
            all.iter().map(|scan| scan.time - MIDNIGHT).collect::<Vec<_>>(),
            [Span::from_millis(-500), Span::from_millis(500)]
        );
    }

    #[test]
    fn a_staring_radar_claims_its_sector_once_per_look() {
        let coverage = Coverage::Sector { from: Angle::ZERO, width_rad: 2.0 };
        let config = DroneRadarConfig { coverage, ..DroneRadarConfig::default() };
        let datagrams =
            [(60.0, vec![plot(800.0)]), (60.1, vec![plot(900.0)]), (61.0, vec![plot(802.0)]), (62.5, vec![])];
        let all = scans(hear(config, &datagrams).1);
        assert_eq!(all.iter().map(|scan| scan.returns.len()).collect::<Vec<_>>(), [2, 1]);
        assert!(all.iter().all(|scan| scan.coverage == coverage));
    }

    #[test]
    fn a_detour_is_no_distance() {
        let apart = Descriptor { momu: APART, ..Descriptor::default() };
        let report = TargetReport { descriptor: Some(apart), ..plot(800.0) };
        let (decoder, reports) = hear(DroneRadarConfig::default(), &[(60.0, vec![report])]);
        assert_eq!(decoder.listener().tally().detours, 1);
        assert_eq!(polar(&scans(reports)[0]).range, None);
    }

    #[test]
    fn correlations_without_a_place_widen_what_they_couple() {
        let config = DroneRadarConfig { doppler: Doppler::Closing, ..DroneRadarConfig::default() };
        let report = TargetReport { doppler_range_correlation: Some(-0.75), ..plot(800.0) };
        let coupled = polar(&scans(hear(config, &[(60.0, vec![report])]).1)[0]);
        let factor = 1.75_f64.sqrt();
        assert!((coupled.range.expect("told").sigma - 2.0 * factor).abs() < 1e-2);
        assert!((coupled.range_rate.expect("told").sigma - 0.25 * factor).abs() < 1e-2);
        let tilted =
            TargetReport { message_type: MessageType::SensorPlot, height_correlation: Some([0.5, 0.0]), ..track(1) };
        let all = scans(hear(DroneRadarConfig::default(), &[(60.0, vec![tilted])]).1);
        let Place::Geodetic(point) = &all[0].returns[0].place else { panic!("a point") };
        assert!((point.horizontal.east_sigma_m - 10.0 * 1.5_f64.sqrt()).abs() < 0.01);
        let [_, _, both] = point.horizontal.covariance();
        assert!((both - 100.0).abs() < 0.2, "the covariance of x and y is as told: {both}");
    }

    #[test]
    fn its_own_tracks_are_source_tracks_unless_configured_otherwise() {
        let end = TargetReport { message_type: MessageType::TrackEnd, position_deg: None, ..track(7) };
        let tentative = TargetReport { status: Some(Status { cnf: true, ..Status::default() }), ..track(8) };
        let datagrams = [(60.0, vec![track(7), tentative]), (61.0, vec![end])];
        let (_, reports) = hear(DroneRadarConfig::default(), &datagrams);
        let [Report::SourceTrack(first), Report::SourceTrack(second), Report::SourceTrackEnd(end)] = reports.as_slice()
        else {
            panic!("two tracks and an end: {reports:?}")
        };
        assert_eq!(
            (first.number, first.status, second.status, end.number),
            (7, TrackStatus::Confirmed, TrackStatus::Tentative, 7)
        );
        assert!((first.covariance.matrix()[(0, 1)] - 100.0).abs() < 0.2);
        assert!((first.velocity.expect("told").speed() - 125_f64.sqrt()).abs() < 1e-6);
        let ignoring = DroneRadarConfig { tracks: Tracks::Ignored, ..DroneRadarConfig::default() };
        assert_eq!(hear(ignoring, &datagrams).1, []);
        let coasted = TargetReport { status: Some(Status { cstp: true, ..Status::default() }), ..track(9) };
        let measuring = DroneRadarConfig { tracks: Tracks::Measurements, ..DroneRadarConfig::default() };
        let (decoder, reports) = hear(measuring, &[(60.0, vec![track(7), coasted])]);
        assert_eq!((scans(reports)[0].returns.len(), decoder.listener().tally().extrapolated), (1, 1));
    }

    #[test]
    fn what_is_no_actual_target_is_left_out_and_counted() {
        let kinds = [1, 2, 3].map(|ttax| TargetReport {
            descriptor: Some(Descriptor { ttax, ..Descriptor::default() }),
            ..plot(f64::from(ttax) * 100.0)
        });
        let (decoder, reports) = hear(DroneRadarConfig::default(), &[(60.0, kinds.to_vec())]);
        let tally = decoder.listener().tally();
        assert_eq!((reports.len(), tally.test_targets, tally.simulated), (0, 2, 1));
        let keeping = DroneRadarConfig { keep_simulated: true, keep_test_targets: true, ..DroneRadarConfig::default() };
        assert_eq!(scans(hear(keeping, &[(60.0, kinds.to_vec())]).1)[0].returns.len(), 3);
    }

    #[test]
    fn classes_count_as_they_are_agreed_and_as_they_are_probable() {
        let meaning = |class, meaning| ClassMeaning { class, meaning };
        let classes = vec![meaning(1, ObjectClass::Uav), meaning(2, ObjectClass::Rotary)];
        let config = DroneRadarConfig { classes, ..DroneRadarConfig::default() };
        let of = |list: &[(u16, u8)]| TargetReport {
            classes: list.iter().map(|&(class, percent)| Class { class, percent }).collect(),
            ..plot(800.0)
        };
        let classed = |list: &[(u16, u8)]| {
            let (decoder, reports) = hear(config.clone(), &[(60.0, vec![of(list)])]);
            (scans(reports)[0].returns[0].identity.class, decoder.listener().tally().classes_unknown)
        };
        assert_eq!(classed(&[(1, 90), (2, 10)]), (ObjectClass::Uav, 0));
        assert_eq!(classed(&[(2, 95)]), (ObjectClass::Rotary, 0));
        assert_eq!(classed(&[(1, 40), (9, 99)]), (ObjectClass::Unknown, 1));
    }

    #[test]
    fn two_networks_count_once() {
        let twice = [(60.0, vec![plot(800.0)]), (60.0, vec![plot(800.0)])];
        let (decoder, reports) = hear(DroneRadarConfig::default(), &twice);
        assert_eq!((scans(reports).len(), decoder.tally().duplicates), (1, 1));
    }
}
