//! The driver of a surveillance data processing system: CAT062 tracks in, source tracks out; CAT063 and CAT065 tell the
//! state of its sensors and of itself.
//!
//! A system track is an estimate that somebody else filtered: its errors hang together from one report to the next, so
//! it never enters our tracker. Its covariance is what I062/500 says, or what is configured.

use std::collections::BTreeMap;

use fusion_core::geodesy::{Geodetic, SEMI_MAJOR_AXIS_M};
use fusion_core::identity::{Address, Affiliation, Identity, NAME_BYTES_MAX, ObjectClass};
use fusion_core::maths::{cos, sqrt};
use fusion_core::source_track::SourceTrackEnd;
use fusion_core::track::TrackStatus;

use super::cat062::{Accuracy, SystemTrack};
use super::cat063::{SensorReport, SensorState};
use super::cat065::ServiceReport;
use super::local::{LocalEstimate, LocalVelocity, horizontal, sigma_or};
use super::reception::{Header, Listener, ReceptionConfig, Station, Timing, When};
use super::record::Record;
use super::spec::{CAT062, CAT063, CAT065, Catalogue};
use super::wire::TypedRecord;
use crate::decoder::{HorizontalError, Report, SensorStatus};
use crate::outbox::Outbox;

/// The tables that it reads by.
const TABLES: Catalogue = &[&CAT062, &CAT063, &CAT065];

/// The driver of a surveillance data processing system.
pub type SystemTracksDecoder = Station<SystemTracks>;

/// Sensors of a system whose state is kept. Beyond, a new one is not. Counter: `sensors_beyond_bound`.
pub const SENSORS_MAX: usize = 64;

/// How such a system is set up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SystemTracksConfig {
    /// As every station.
    pub reception: ReceptionConfig,
    /// One sigma of a position along each axis where none is told, metres.
    pub horizontal_sigma_m: f64,
    /// One sigma of a height where none is told, metres; of one told as a pressure, always: the pressure of the day.
    pub height_sigma_m: f64,
    /// One sigma of a velocity along each axis where none is told, m/s.
    pub velocity_sigma_m_s: f64,
    /// Height above the ellipsoid of tracks that tell none, metres.
    pub unknown_height_m: f64,
    /// One sigma of that, metres.
    pub unknown_height_sigma_m: f64,
    /// Takes simulated tracks for real.
    pub keep_simulated: bool,
}

impl Default for SystemTracksConfig {
    fn default() -> Self {
        Self {
            reception: ReceptionConfig::default(),
            horizontal_sigma_m: 150.0,
            height_sigma_m: 150.0,
            velocity_sigma_m_s: 5.0,
            unknown_height_m: 5_000.0,
            unknown_height_sigma_m: 5_000.0,
            keep_simulated: false,
        }
    }
}

/// What became of the records; each ends in exactly one counter of the first group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Became source tracks.
    pub source_tracks: u64,
    /// Told the end of a track.
    pub track_ends: u64,
    /// Simulated.
    pub simulated: u64,
    /// Tell no number, or no place on the earth.
    pub incomplete: u64,
    /// Told the state of a sensor.
    pub sensor_reports: u64,
    /// Told the state of the system or of a service.
    pub service_reports: u64,

    /// Numbers that began anew.
    pub numbers_begun: u64,
    /// Times that the system numbered all its tracks anew.
    pub renumbered: u64,
    /// Reports of an overload or of an invalid source of time.
    pub service_warnings: u64,
    /// Times that a service was interrupted, or the main radar failed (I065/050).
    pub service_interruptions: u64,
    /// Sensors whose state was not kept.
    pub sensors_beyond_bound: u64,
}

impl Tally {
    /// Records accounted for.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.source_tracks
            + self.track_ends
            + self.simulated
            + self.incomplete
            + self.sensor_reports
            + self.service_reports
    }
}

/// What hears the records of a surveillance data processing system.
#[derive(Debug)]
pub struct SystemTracks {
    config: SystemTracksConfig,
    /// The state of each sensor, by its SAC and SIC.
    sensors: BTreeMap<(u8, u8), SensorState>,
    status: SensorStatus,
    /// Counts how often all tracks were numbered anew; in the upper half of each number.
    numbering: u16,
    numbering_flag: Option<bool>,
    tally: Tally,
}

impl SystemTracks {
    /// A driver that has heard nothing yet.
    #[must_use]
    pub fn decoder(config: SystemTracksConfig) -> SystemTracksDecoder {
        let listener = Self {
            config,
            sensors: BTreeMap::new(),
            status: SensorStatus::default(),
            numbering: 0,
            numbering_flag: None,
            tally: Tally::default(),
        };
        Station::listening(config.reception, listener)
    }

    /// What became of the records.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    fn handle_track(&mut self, track: &SystemTrack, when: When, out: &mut Outbox) {
        if track.status.simulated && !self.config.keep_simulated {
            self.tally.simulated += 1;
            return;
        }
        let Some(number) = track.number.map(|number| u32::from(self.numbering) << 16 | u32::from(number)) else {
            self.tally.incomplete += 1;
            return;
        };
        let end = Report::SourceTrackEnd(SourceTrackEnd { number, time: when.time });
        if track.status.last {
            self.tally.track_ends += 1;
            out.push(end);
            return;
        }
        let estimate = self.estimate(track);
        let status = track_status(track);
        let Some(estimate) = estimate.and_then(|e| e.source_track(number, when.time, status, identity(track))) else {
            self.tally.incomplete += 1;
            return;
        };
        if track.status.first {
            self.tally.numbers_begun += 1;
            out.push(end);
        }
        self.tally.source_tracks += 1;
        out.push(Report::SourceTrack(estimate));
    }

    fn estimate(&self, track: &SystemTrack) -> Option<LocalEstimate> {
        let [latitude, longitude] = track.position_deg?;
        let (height, vertical_sigma_m) = self.height(track);
        let position = Geodetic::from_degrees(latitude, longitude, height)?;
        Some(LocalEstimate {
            position,
            horizontal: self.horizontal(&track.accuracy, position),
            vertical_sigma_m,
            velocity: track.velocity.map(|velocity| self.velocity(track, velocity)),
        })
    }

    /// Height above the ellipsoid and its sigma: geometric if the system trusts that more, or has nothing else.
    fn height(&self, track: &SystemTrack) -> (f64, f64) {
        let config = &self.config;
        let barometric = track.barometric_height_m.or(track.flight_level_m);
        let geometric = track.geometric_height_m.filter(|_| track.status.geometric || barometric.is_none());
        if let Some(height) = geometric {
            return (height, sigma_or(track.accuracy.geometric_height, config.height_sigma_m, 0.0));
        }
        let Some(height) = barometric else { return (config.unknown_height_m, config.unknown_height_sigma_m) };
        let own = track.accuracy.barometric_height.unwrap_or_default();
        (height, sqrt(config.height_sigma_m * config.height_sigma_m + own * own))
    }

    fn horizontal(&self, told: &Accuracy, position: Geodetic) -> HorizontalError {
        let configured = self.config.horizontal_sigma_m;
        let sigma = |sigma: f64| sigma_or(Some(sigma), configured, 0.5);
        if let Some([x, y]) = told.position {
            let (x, y) = (sigma(x), sigma(y));
            let root = told.covariance_root.unwrap_or_default();
            return horizontal(x, y, root * root.abs() / (x * y));
        }
        if let Some([latitude, longitude]) = told.position_deg {
            let metres = |degrees: f64| degrees.to_radians() * SEMI_MAJOR_AXIS_M;
            return horizontal(sigma(metres(longitude) * cos(position.latitude)), sigma(metres(latitude)), 0.0);
        }
        HorizontalError::round(configured)
    }

    fn velocity(&self, track: &SystemTrack, [east, north]: [f64; 2]) -> LocalVelocity {
        let configured = self.config.velocity_sigma_m_s;
        let [x, y] = track.accuracy.velocity.unwrap_or_default();
        let climb_sigma = if track.climb_m_s.is_some() { configured } else { UNKNOWN_CLIMB_SIGMA_M_S };
        LocalVelocity {
            east_north_up: [east, north, track.climb_m_s.unwrap_or_default()],
            horizontal: horizontal(sigma_or(Some(x), configured, 0.25), sigma_or(Some(y), configured, 0.25), 0.0),
            vertical_sigma: sigma_or(track.accuracy.climb, climb_sigma, 0.0),
        }
    }

    fn handle_sensor(&mut self, report: SensorReport) {
        self.tally.sensor_reports += 1;
        let (Some(sensor), Some(state)) = (report.sensor, report.state) else { return };
        let key = (sensor.sac, sensor.sic);
        if self.sensors.len() >= SENSORS_MAX && !self.sensors.contains_key(&key) {
            self.tally.sensors_beyond_bound += 1;
        } else {
            self.sensors.insert(key, state);
        }
    }

    fn handle_service(&mut self, report: ServiceReport, when: When, out: &mut Outbox) {
        self.tally.service_reports += 1;
        self.tally.service_interruptions += u64::from(report.event.is_some_and(is_interruption));
        let Some(status) = report.status else { return };
        self.tally.service_warnings += u64::from(status.overloaded || status.time_invalid);
        if self.numbering_flag.replace(status.numbering).is_some_and(|before| before != status.numbering) {
            self.numbering = self.numbering.wrapping_add(1);
            self.tally.renumbered += 1;
        }
        let out_of_use = status.nogo == NOT_CONNECTED;
        if self.status == SensorStatus::default() || out_of_use != self.status.out_of_use {
            self.status = SensorStatus { time: when.time, out_of_use, ..SensorStatus::default() };
            out.push(Report::Status(self.status));
        }
    }

    fn sensors_in(&self, state: SensorState) -> u64 {
        self.sensors.values().filter(|held| **held == state).count() as u64
    }
}

/// The system is not connected (NOGO in I065/040).
const NOT_CONNECTED: u8 = 2;

/// One sigma of a rate of climb that is not told.
const UNKNOWN_CLIMB_SIGMA_M_S: f64 = 15.0;

/// Events of I065/050 after which something is missing.
const fn is_interruption(event: u8) -> bool {
    matches!(event, 1 | 3 | 4 | 5 | 7 | 8 | 12 | 16)
}

const fn track_status(track: &SystemTrack) -> TrackStatus {
    if track.status.tentative {
        TrackStatus::Tentative
    } else if track.status.coasted {
        TrackStatus::Coasted
    } else {
        TrackStatus::Confirmed
    }
}

fn identity(track: &SystemTrack) -> Identity {
    let said = track.identification.map(|characters| characters.ascii());
    let name = said.as_ref().and_then(|ascii| text(ascii)).or(track.callsign.as_ref().and_then(|ascii| text(ascii)));
    Identity {
        // All zeros and all ones are no addresses.
        address: track.address.filter(|address| !matches!(address, 0 | 0xFF_FFFF)).map(Address::Icao),
        name,
        mode_3a: track.mode_3a,
        class: class(track),
        affiliation: if track.status.friendly { Affiliation::Friend } else { Affiliation::Pending },
        ..Identity::UNKNOWN
    }
}

fn text(ascii: &[u8]) -> Option<heapless::String<NAME_BYTES_MAX>> {
    let text = std::str::from_utf8(ascii).ok()?.trim_matches(['\0', ' ']);
    (!text.is_empty() && !text.contains('?')).then(|| heapless::String::try_from(text).ok())?
}

/// By the emitter category that the target sends (I062/380); a vehicle of a fleet is on the ground.
const fn class(track: &SystemTrack) -> ObjectClass {
    match (track.emitter, track.vehicle) {
        (Some(1..=6 | 11 | 12 | 14..=16), _) => ObjectClass::Air,
        (Some(10), _) => ObjectClass::Rotary,
        (Some(13), _) => ObjectClass::Uav,
        (Some(20..=22), _) | (None, Some(1..)) => ObjectClass::Ground,
        _ => ObjectClass::Unknown,
    }
}

impl Listener for SystemTracks {
    fn catalogue(&self) -> Catalogue {
        TABLES
    }

    fn header(&self, record: &Record<'_>) -> Header {
        Header::of(record, if record.spec.category == CAT063.category { 3 } else { 4 })
    }

    fn handle_record(&mut self, record: &Record<'_>, timing: Timing<'_>, out: &mut Outbox) {
        let when = timing.read(true);
        if let Some(track) = SystemTrack::of(record) {
            self.handle_track(&track, when, out);
        } else if let Some(report) = SensorReport::of(record) {
            self.handle_sensor(report);
        } else if let Some(report) = ServiceReport::of(record) {
            self.handle_service(report, when, out);
        }
    }

    fn handle_end_of_datagram(&mut self, _: &mut Outbox) {}

    fn records(&self) -> u64 {
        self.tally.records()
    }

    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let named = [
            ("source_tracks", self.tally.source_tracks),
            ("track_ends", self.tally.track_ends),
            ("simulated", self.tally.simulated),
            ("incomplete", self.tally.incomplete),
            ("sensor_reports", self.tally.sensor_reports),
            ("service_reports", self.tally.service_reports),
            ("numbers_begun", self.tally.numbers_begun),
            ("renumbered", self.tally.renumbered),
            ("service_warnings", self.tally.service_warnings),
            ("service_interruptions", self.tally.service_interruptions),
            ("sensors_beyond_bound", self.tally.sensors_beyond_bound),
            ("sensors_operational", self.sensors_in(SensorState::Operational)),
            ("sensors_degraded", self.sensors_in(SensorState::Degraded)),
            ("sensors_initialising", self.sensors_in(SensorState::Initialising)),
            ("sensors_disconnected", self.sensors_in(SensorState::Disconnected)),
        ];
        named.into_iter().for_each(|(name, value)| each(name, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asterix::common::TimeOfDay;
    use crate::asterix::compose_block;
    use crate::decoder::Decoder;
    use fusion_core::time::Span;
    use fusion_core::time::Timestamp;
    use serde_json::{Value, json};

    const MIDNIGHT: Timestamp = Timestamp::from_secs(1_700_006_400);

    /// Hands in each record in a datagram of its own, a second apart, the first two seconds before midnight.
    fn hear(records: &[(u8, Value)]) -> (SystemTracksDecoder, Vec<Report>) {
        let mut decoder = SystemTracks::decoder(SystemTracksConfig::default());
        let (mut reports, mut now) = (Vec::new(), MIDNIGHT - Span::from_secs(2));
        for (category, items) in records {
            let mut items = items.clone();
            items["010"] = json!({ "SAC": 1, "SIC": 2 });
            items[if *category == 62 { "070" } else { "030" }] = TimeOfDay::at(now).ticks.into();
            let bytes = compose_block(*category, &[items]).expect("by the table");
            decoder.handle_bytes(&bytes, now + Span::from_millis(100));
            reports.extend(std::iter::from_fn(|| decoder.poll_report()).map(|report| report.expect("sound")));
            now = now + Span::from_secs(1);
        }
        assert_eq!(decoder.listener().tally().records(), records.len() as u64);
        (decoder, reports)
    }

    fn track(number: u16) -> Value {
        json!({
            "040": number, "105": { "LAT": 0x80_0000, "LON": 0x40_0000 },
            "185": { "VX": 800, "VY": 0 }, "136": 1440,
            "500": { "APC": { "X": 200, "Y": 100 }, "COV": 100, "ATV": { "X": 8, "Y": 4 } },
        })
    }

    fn with_status(mut track: Value, second: &str) -> Value {
        let mut status = json!({ "MON": 0, "SPI": 0, "MRH": 0, "SRC": 0, "CNF": 0,
            "SIM": 0, "TSE": 0, "TSB": 0, "FPC": 0, "AFF": 0, "STP": 0, "KOS": 0 });
        status[second] = 1.into();
        track["080"] = status;
        track
    }

    #[test]
    fn a_system_track_is_an_estimate_with_the_errors_that_its_system_tells() {
        let (_, reports) = hear(&[(62, track(7)), (62, track(7)), (62, track(7)), (62, track(7))]);
        let tracks: Vec<_> = reports
            .iter()
            .map(|report| if let Report::SourceTrack(track) = report { track } else { panic!("a source track") })
            .collect();
        assert!(tracks.is_sorted_by_key(|track| track.time) && tracks[0].time < MIDNIGHT && tracks[3].time > MIDNIGHT);
        let p = tracks[0].covariance.matrix();
        assert!(
            (p[(0, 0)] - 10_000.0).abs() < 1.0
                && (p[(1, 1)] - 2_500.0).abs() < 1.0
                && (p[(0, 1)] - 2_500.0).abs() < 1.0
        );
        let v = tracks[0].velocity_covariance.expect("told").matrix()[(0, 0)];
        assert!((v - 4.0).abs() < 0.01);
        assert!((tracks[0].velocity.expect("told").speed() - 200.0).abs() < 1e-9);
        assert!((Geodetic::from_ecef(tracks[0].position).height_m - 36_000.0 * 0.3048).abs() < 1e-3);
    }

    #[test]
    fn a_number_that_ends_or_begins_anew_ends_what_had_it() {
        let records = [
            (62, track(7)),
            (62, with_status(track(7), "TSE")),
            (62, with_status(track(7), "TSB")),
            (62, with_status(track(8), "SIM")),
        ];
        let (decoder, reports) = hear(&records);
        let kinds: Vec<_> = reports.iter().map(|report| matches!(report, Report::SourceTrackEnd(_))).collect();
        assert_eq!(kinds, [false, true, true, false]);
        let tally = decoder.listener().tally();
        assert_eq!((tally.track_ends, tally.numbers_begun, tally.simulated), (1, 1, 1));
    }

    #[test]
    fn when_all_are_numbered_anew_no_number_continues() {
        let service =
            |numbering: u8| json!({ "000": 1, "040": { "NOGO": 0, "OVL": 0, "TSV": 0, "PSS": 0, "STTN": numbering } });
        let records = [(65, service(0)), (62, track(7)), (65, service(1)), (62, track(7))];
        let (decoder, reports) = hear(&records);
        let number = |report: &Report| if let Report::SourceTrack(track) = report { Some(track.number) } else { None };
        assert_eq!(reports.iter().filter_map(number).collect::<Vec<_>>(), [7, 1 << 16 | 7]);
        assert_eq!(decoder.listener().tally().renumbered, 1);
    }

    #[test]
    fn a_system_that_is_not_connected_says_so_once() {
        let service =
            |nogo: u8| json!({ "000": 1, "050": 4, "040": { "NOGO": nogo, "OVL": 1, "TSV": 0, "PSS": 0, "STTN": 0 } });
        let (decoder, reports) = hear(&[(65, service(0)), (65, service(2)), (65, service(2))]);
        let out_of_use =
            |report: &Report| if let Report::Status(status) = report { Some(status.out_of_use) } else { None };
        assert_eq!(reports.iter().filter_map(out_of_use).collect::<Vec<_>>(), [false, true]);
        assert_eq!(decoder.listener().tally().service_warnings, 3);
        assert_eq!(decoder.listener().tally().service_interruptions, 3);
    }

    #[test]
    fn the_sensors_of_a_system_are_counted_by_state_and_bounded() {
        let sensor = |sic: usize, con: u8| {
            let status = json!({ "CON": con, "PSR": 0, "SSR": 0, "MDS": 0, "ADS": 0, "MLT": 0 });
            (63, json!({ "050": { "SAC": 9, "SIC": sic }, "060": status }))
        };
        let mut records: Vec<_> = (0..=SENSORS_MAX).map(|sic| sensor(sic, 0)).collect();
        records.push(sensor(3, 3));
        let (decoder, _) = hear(&records);
        let mut counted = BTreeMap::new();
        decoder.counters(&mut |name, count| {
            counted.insert(name, count);
        });
        let of = |name| counted.get(name).copied();
        assert_eq!((of("sensors_operational"), of("sensors_disconnected")), (Some(SENSORS_MAX as u64 - 1), Some(1)));
        assert_eq!(of("sensors_beyond_bound"), Some(1));
    }

    #[test]
    fn a_track_without_a_place_on_the_earth_is_counted() {
        let (decoder, reports) = hear(&[(62, json!({ "040": 7, "100": { "X": 5, "Y": 5 } }))]);
        assert_eq!((reports.len(), decoder.listener().tally().incomplete), (0, 1));
    }

    #[test]
    fn who_a_track_is_follows_from_what_the_target_sends() {
        let mut drone = track(7);
        drone["380"] = json!({ "ADR": 0xFF_FFFF, "EMC": 13 });
        drone["390"] = json!({ "CS": 0x0041_4243_2020_2020_u64 });
        let (_, reports) = hear(&[(62, drone)]);
        let [Report::SourceTrack(track)] = reports.as_slice() else { panic!("a source track") };
        assert_eq!((track.identity.address, track.identity.class), (None, ObjectClass::Uav));
        assert_eq!(track.identity.name.as_ref().map(heapless::String::as_str), Some("ABC"));
    }
}
