//! The driver of a ground station that reports targets one by one: framing, source, duplicates, clock, queues. What its
//! records mean, a [`Meaning`] tells: `surface` for CAT010, CAT019 and CAT020, `adsb` for CAT021.
//!
//! Every target report is a return at its own time, given out in the order in which it came: real stations send them up
//! to two seconds late and more than half of them out of order, and whoever takes the scans sorts them. Reports of one
//! datagram that tell the same time are one scan, so that no two of them are taken for one target.
//!
//! Assumed: one station per driver, named by SAC and SIC or else the first that is heard; datagrams with whole blocks,
//! or one byte stream.

mod tally;

use std::collections::VecDeque;

use fusion_core::frame::{Ecef, Position};
use fusion_core::geodesy::Geodetic;
use fusion_core::measurement::Coverage;
use fusion_core::time::{Span, Timestamp};

use super::common::{DataSource, TimeOfDay};
use super::fault::{Fault, Reason};
use super::framer::Framer;
use super::radar::clock::RadarClock;
use super::radar::duplicates::Duplicates;
use super::record::{Record, records};
use super::spec::Catalogue;
use crate::decoder::{Decoder, OwnedScan, Place, Report, Return, SCAN_RETURNS_MAX, SensorStatus, Spare, TimeQuality};
use crate::error::DecodeError;

pub use super::radar::{Clock, Framing};
pub use tally::{Dismissal, Tally};

/// Reports that wait to be polled. More than any datagram yields; beyond, the oldest is dropped. Counter:
/// `reports_dropped`.
pub const REPORTS_MAX: usize = 4096;

/// Errors that wait to be polled. Beyond, the newest is dropped. Counter: `errors_dropped`.
pub const ERRORS_MAX: usize = 16;

/// How a station is set up, whatever it reports.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StationConfig {
    /// How its bytes come.
    pub framing: Framing,
    /// Who it is. Without it, the first source heard is the one, and all others are counted and dropped.
    pub source: Option<DataSource>,
    /// Where it stands: from there its range is measured.
    pub position: Option<Geodetic>,
    /// How far away a target may be, metres; nothing is refused for its range where the position is not known.
    pub range_max_m: f64,
    /// Taken off the time of receipt of reports that tell no time.
    pub latency: Span,
    /// What its clock is worth.
    pub clock: Clock,
    /// The same record within this time is a second copy.
    pub duplicate_window: Span,
    /// Takes simulated targets for real.
    pub keep_simulated: bool,
    /// Takes test targets for real.
    pub keep_test_targets: bool,
    /// Takes fixed transponders for targets.
    pub keep_field_monitors: bool,
}

impl Default for StationConfig {
    fn default() -> Self {
        Self {
            framing: Framing::Datagrams,
            source: None,
            position: None,
            range_max_m: 400e3,
            latency: Span::ZERO,
            clock: Clock::Told,
            duplicate_window: Span::from_secs(5),
            keep_simulated: false,
            keep_test_targets: false,
            keep_field_monitors: false,
        }
    }
}

impl StationConfig {
    /// Why a report of such a target is not wanted, if it is not.
    pub(super) const fn unwanted(&self, simulated: bool, test: bool, field_monitor: bool) -> Option<Dismissal> {
        if simulated && !self.keep_simulated {
            Some(Dismissal::Simulated)
        } else if test && !self.keep_test_targets {
            Some(Dismissal::Test)
        } else if field_monitor && !self.keep_field_monitors {
            Some(Dismissal::FieldMonitor)
        } else {
            None
        }
    }
}

/// What the records of a kind of station mean.
pub trait Meaning: std::fmt::Debug + Send {
    /// The tables that it reads by.
    fn catalogue(&self) -> Catalogue;

    /// Who sent a record, and the time of day that it tells.
    fn header(&self, record: &Record<'_>) -> Header;

    /// What it says.
    fn read(&mut self, record: &Record<'_>) -> Said;
}

/// Who sent a record, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Who.
    pub source: Option<DataSource>,
    /// When it was true.
    pub time_of_day: Option<TimeOfDay>,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// Where a target is.
    Seen(Return),
    /// Of a target, but nothing to be used.
    Dismissed(Dismissal),
    /// Of the station itself.
    Own(OwnState),
}

/// What a station says of itself; what it does not say stays as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OwnState {
    /// Whether it must not be used.
    pub out_of_use: Option<bool>,
    /// Whether its source of time is invalid.
    pub time_invalid: Option<bool>,
    /// Where its reference point is.
    pub position: Option<Geodetic>,
}

/// The driver of one station.
///
/// An error's offset counts from the start of the datagram; in a stream, from the start of the block.
#[derive(Debug)]
pub struct Station<M> {
    framer: Option<Framer>,
    listener: Listener<M>,
}

/// All but the framing.
#[derive(Debug)]
struct Listener<M> {
    meaning: M,
    config: StationConfig,
    /// The station in the coordinates in which its range is measured.
    centre: Option<Position<Ecef>>,
    source: Option<DataSource>,
    clock: RadarClock,
    /// The station says that its source of time is invalid.
    time_invalid: bool,
    duplicates: Duplicates,
    /// The scan to which the next report of the same time belongs.
    open: Option<OwnedScan>,
    spare: Spare,
    /// What was told last.
    status: SensorStatus,
    tally: Tally,
    reports: VecDeque<Report>,
    errors: VecDeque<DecodeError>,
}

impl<M: Meaning> Station<M> {
    /// A driver that has heard nothing yet.
    #[must_use]
    pub(super) fn of(meaning: M, config: StationConfig) -> Self {
        let framer = match config.framing {
            Framing::Datagrams => None,
            Framing::Stream => Some(Framer::new(meaning.catalogue())),
        };
        Self { framer, listener: Listener::new(meaning, config) }
    }

    /// What became of every record.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.listener.tally
    }
}

impl<M: Meaning> Decoder for Station<M> {
    fn handle_bytes(&mut self, bytes: &[u8], received: Timestamp) {
        self.listener.tally.datagrams += 1;
        match &mut self.framer {
            None => self.listener.handle_datagram(bytes, received),
            Some(framer) => {
                framer.push(bytes);
                while let Some(block) = framer.next_block() {
                    self.listener.handle_datagram(block, received);
                }
                self.listener.tally.stray_octets = framer.dropped();
                if let Some(fault) = framer.take_fault() {
                    self.listener.refuse(fault);
                }
            }
        }
    }

    /// Nothing here waits for time.
    fn handle_timeout(&mut self, _now: Timestamp) {}

    fn poll_report(&mut self) -> Option<Result<Report, DecodeError>> {
        let report = self.listener.reports.pop_front().map(Ok);
        report.or_else(|| self.listener.errors.pop_front().map(Err))
    }

    fn poll_told_time(&mut self) -> Option<Timestamp> {
        self.listener.clock.take_told()
    }

    fn recycle(&mut self, scan: OwnedScan) {
        self.listener.spare.give(scan);
    }

    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        self.listener.tally.each(each);
        each("duplicates_forgotten_early", self.listener.duplicates.forgotten_early());
    }
}

impl<M: Meaning> Listener<M> {
    fn new(meaning: M, config: StationConfig) -> Self {
        Self {
            meaning,
            config,
            centre: config.position.map(Geodetic::to_ecef),
            source: config.source,
            clock: RadarClock::new(config.clock),
            time_invalid: false,
            duplicates: Duplicates::new(config.duplicate_window),
            open: None,
            spare: Spare::default(),
            status: SensorStatus::default(),
            tally: Tally::default(),
            reports: VecDeque::new(),
            errors: VecDeque::new(),
        }
    }

    fn handle_datagram(&mut self, bytes: &[u8], received: Timestamp) {
        for record in records(bytes, self.meaning.catalogue()) {
            match record {
                Ok(record) => self.handle_record(&record, received),
                Err(Fault { reason: Reason::UnknownCategory, .. }) => self.tally.other_categories += 1,
                Err(fault) => self.refuse(fault),
            }
        }
        self.close();
    }

    fn handle_record(&mut self, record: &Record<'_>, received: Timestamp) {
        self.tally.records += 1;
        let header = self.meaning.header(record);
        if !self.is_ours(header.source) {
            self.tally.other_sources += 1;
        } else if header.time_of_day.is_some() && self.duplicates.seen(record.octets, received) {
            // One without a time cannot be told from its repetition.
            self.tally.duplicates += 1;
        } else {
            match self.meaning.read(record) {
                Said::Dismissed(dismissal) => self.tally.count_dismissed(dismissal),
                Said::Own(state) => self.handle_own_state(state, header.time_of_day, received),
                Said::Seen(_) if self.status.out_of_use => self.tally.out_of_use += 1,
                Said::Seen(seen) if !self.is_within_reach(&seen) => self.tally.count_dismissed(Dismissal::BeyondRange),
                Said::Seen(seen) => self.handle_seen(seen, header.time_of_day, received),
            }
        }
    }

    fn handle_seen(&mut self, seen: Return, time_of_day: Option<TimeOfDay>, received: Timestamp) {
        let (time, time_quality) = self.time(time_of_day, received);
        self.tally.targets += 1;
        let joins = |scan: &OwnedScan| {
            scan.time == time && scan.time_quality == time_quality && scan.returns.len() < SCAN_RETURNS_MAX
        };
        if !self.open.as_ref().is_some_and(joins) {
            self.close();
        }
        let spare = &mut self.spare;
        let scan = self.open.get_or_insert_with(|| OwnedScan {
            time,
            time_quality,
            from: None,
            coverage: Coverage::Reports,
            returns: spare.take(),
        });
        scan.returns.push(seen);
    }

    fn handle_own_state(&mut self, state: OwnState, time_of_day: Option<TimeOfDay>, received: Timestamp) {
        self.tally.service_messages += 1;
        self.time_invalid = state.time_invalid.unwrap_or(self.time_invalid);
        let (time, _) = self.time(time_of_day, received);
        let told = SensorStatus {
            time,
            position: state.position.or(self.status.position),
            out_of_use: state.out_of_use.unwrap_or(self.status.out_of_use),
            ..self.status
        };
        if (SensorStatus { time: self.status.time, ..told }) != self.status {
            self.status = told;
            self.close();
            self.push(Report::Status(told));
        }
    }

    /// The time meant by a time of day, and where it comes from.
    fn time(&mut self, time_of_day: Option<TimeOfDay>, received: Timestamp) -> (Timestamp, TimeQuality) {
        let told = time_of_day.filter(|_| !self.time_invalid);
        let (time, quality) = self.clock.read(told, received);
        if quality != TimeQuality::Received {
            return (time, quality);
        }
        self.tally.untimed += 1;
        match self.config.clock {
            Clock::Told => (time - self.config.latency, quality),
            // The latency is off already.
            Clock::Receipt { .. } => (time, quality),
        }
    }

    /// Whether a record is of this driver's station; the first that is heard is, if none was configured.
    fn is_ours(&mut self, source: Option<DataSource>) -> bool {
        match (source, self.source) {
            (Some(source), None) => {
                self.source = Some(source);
                true
            }
            (source, ours) => source.is_none() || source == ours,
        }
    }

    fn is_within_reach(&self, seen: &Return) -> bool {
        match (&seen.place, self.centre) {
            (Place::Geodetic(point), Some(centre)) => {
                (point.position.to_ecef() - centre).length() <= self.config.range_max_m
            }
            (Place::Geodetic(_), None) | (Place::Polar(_), _) => true,
        }
    }

    /// Gives out the open scan.
    fn close(&mut self) {
        if let Some(scan) = self.open.take() {
            self.push(Report::Scan(scan));
        }
    }

    fn push(&mut self, report: Report) {
        if self.reports.len() >= REPORTS_MAX {
            if let Some(Report::Scan(scan)) = self.reports.pop_front() {
                self.spare.give(scan);
            }
            self.tally.reports_dropped += 1;
        }
        self.reports.push_back(report);
    }

    fn refuse(&mut self, fault: Fault) {
        self.tally.faults += 1;
        if self.errors.len() >= ERRORS_MAX {
            self.tally.errors_dropped += 1;
        } else {
            self.errors.push_back(fault.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asterix::adsb::{AdsbConfig, AdsbDecoder, Edition};
    use crate::asterix::samples::{self, Dice};
    use crate::asterix::spec::{CAT010, CAT019, CAT020, CAT021, Spec};
    use crate::asterix::surface::{SurfaceConfig, SurfaceDecoder};
    use crate::asterix::{compose_block, compose_block_by};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const MIDNIGHT: Timestamp = Timestamp::from_secs(1_700_006_400);

    fn at(seconds: f64) -> Timestamp {
        MIDNIGHT + Span::from_secs_f64(seconds)
    }

    /// A plot at this time, of a target that this number tells apart.
    fn plot(time: Timestamp, target: u32) -> Value {
        json!({
            "010": { "SAC": 0, "SIC": 7 }, "140": TimeOfDay::at(time).ticks, "220": target,
            "020": { "SSR": 1, "MS": 0, "HF": 1, "VDL4": 1, "UAT": 1, "DME": 1, "OT": 1 },
            "041": { "LAT": 7_698_319 + target, "LON": 387_367 },
        })
    }

    fn block(records: &[Value]) -> Vec<u8> {
        compose_block(20, records).expect("by the table")
    }

    fn drain<M: Meaning>(decoder: &mut Station<M>) -> Vec<OwnedScan> {
        let reports = std::iter::from_fn(|| decoder.poll_report());
        reports.map(|report| if let Ok(Report::Scan(scan)) = report { scan } else { panic!("{report:?}") }).collect()
    }

    fn station() -> SurfaceDecoder {
        SurfaceDecoder::new(SurfaceConfig::default())
    }

    #[test]
    fn late_records_out_of_order_keep_their_own_times_across_midnight() {
        let mut decoder = station();
        let told = [-1.0, 0.5, -0.25, -1.98, 0.75, 0.0];
        for (target, seconds) in (0..).zip(told) {
            decoder.handle_bytes(&block(&[plot(at(seconds), target)]), at(1.0));
        }
        let scans = drain(&mut decoder);
        let tick = Span::from_millis(4);
        assert_eq!(scans.len(), told.len());
        assert!(scans.iter().zip(told).all(|(scan, seconds)| (scan.time - at(seconds)).abs() <= tick));
        assert!(scans.iter().all(|scan| scan.time_quality == TimeQuality::Sensor));
    }

    #[test]
    fn reports_of_one_datagram_and_one_time_are_one_scan() {
        let mut decoder = station();
        let together = [plot(at(0.0), 1), plot(at(0.0), 2), plot(at(0.5), 3)];
        decoder.handle_bytes(&block(&together), at(1.0));
        decoder.handle_bytes(&block(&[plot(at(0.5), 4)]), at(1.0));
        let scans = drain(&mut decoder);
        assert_eq!(scans.iter().map(|scan| scan.returns.len()).collect::<Vec<_>>(), [2, 1, 1]);
        assert!(scans.iter().all(|scan| scan.coverage == Coverage::Reports));
    }

    #[test]
    fn two_networks_give_the_same_scans_as_one() {
        let (mut one, mut both) = (station(), station());
        for n in 0..50_u32 {
            let bytes = block(&[plot(at(f64::from(n) / 10.0), n)]);
            one.handle_bytes(&bytes, at(f64::from(n) / 10.0));
            both.handle_bytes(&bytes, at(f64::from(n) / 10.0));
            both.handle_bytes(&bytes, at(f64::from(n) / 10.0 + 0.05));
        }
        assert_eq!(drain(&mut one), drain(&mut both));
        assert_eq!((both.tally().duplicates, both.tally().targets), (50, 50));
    }

    #[test]
    fn a_clock_that_is_26_minutes_off_is_told_as_it_is_or_not_used_at_all() {
        let latency = Span::from_millis(250);
        for (clock, told) in [(Clock::Told, at(-1581.0)), (Clock::Receipt { latency }, at(0.0))] {
            let station = StationConfig { clock, ..StationConfig::default() };
            let mut decoder = SurfaceDecoder::new(SurfaceConfig { station, ..SurfaceConfig::default() });
            decoder.handle_bytes(&block(&[plot(at(-1581.0), 1)]), at(0.25));
            assert_eq!(decoder.poll_told_time(), Some(at(-1581.0)), "for whoever judges it");
            assert_eq!(drain(&mut decoder)[0].time, told);
        }
    }

    #[test]
    fn the_first_station_heard_is_the_one() {
        let mut decoder = station();
        let stranger = json!({ "010": { "SAC": 0, "SIC": 8 }, "140": 1 });
        decoder.handle_bytes(&block(&[plot(at(0.0), 1), stranger]), at(1.0));
        assert_eq!((decoder.tally().targets, decoder.tally().other_sources), (1, 1));
    }

    #[test]
    fn a_stream_cut_anywhere_gives_the_same_scans_as_datagrams() {
        let stream = StationConfig { framing: Framing::Stream, ..StationConfig::default() };
        let mut whole = station();
        let mut cut = SurfaceDecoder::new(SurfaceConfig { station: stream, ..SurfaceConfig::default() });
        for n in 0..20_u32 {
            let bytes = block(&[plot(at(f64::from(n)), n)]);
            whole.handle_bytes(&bytes, at(f64::from(n)));
            bytes.chunks(7).for_each(|piece| cut.handle_bytes(piece, at(f64::from(n))));
        }
        assert_eq!(drain(&mut whole), drain(&mut cut));
    }

    #[test]
    fn reports_nobody_polls_are_bounded_and_the_newest_are_kept() {
        let mut decoder = station();
        for n in 0..REPORTS_MAX + 100 {
            let time = MIDNIGHT + Span::from_millis(62 * i64::try_from(n).expect("small"));
            decoder.handle_bytes(&block(&[plot(time, 1)]), time);
        }
        assert_eq!((drain(&mut decoder).len(), decoder.tally().reports_dropped), (REPORTS_MAX, 100));
    }

    #[test]
    fn a_fault_names_its_place_and_the_records_before_it_count() {
        let mut decoder = station();
        let good = block(&[plot(at(0.0), 1)]);
        decoder.handle_bytes(&[good.as_slice(), &[20, 0, 5, 0x01, 0x80], &[62, 0, 3]].concat(), at(0.5));
        assert!(matches!(decoder.poll_report(), Some(Ok(Report::Scan(_)))));
        let Some(Err(error)) = decoder.poll_report() else { panic!("a fault") };
        assert_eq!((error.offset, error.format), (good.len() + 5, "ASTERIX CAT020"));
        assert_eq!((decoder.tally().faults, decoder.tally().other_categories), (1, 1));
    }

    fn blocks_of(spec: &'static Spec, dice: &mut Dice) -> Vec<u8> {
        let items = [samples::record(spec, dice), samples::record(spec, dice)];
        compose_block_by(spec, &items).expect("by the table")
    }

    fn is_sound<M: Meaning>(decoder: &mut Station<M>) -> bool {
        while let Some(report) = decoder.poll_report() {
            if let Ok(Report::Scan(scan)) = report {
                for seen in &scan.returns {
                    let Place::Geodetic(point) = &seen.place else { return false };
                    let error = point.horizontal;
                    let sigmas = [error.east_sigma_m, error.north_sigma_m, point.vertical_sigma_m.unwrap_or(1.0)];
                    let sound = sigmas.iter().all(|sigma| sigma.is_finite() && *sigma > 0.0);
                    if !sound || error.correlation.abs() >= 1.0 {
                        return false;
                    }
                }
                decoder.recycle(scan);
            }
        }
        decoder.tally().balances()
    }

    proptest! {
        #[test]
        fn whatever_comes_is_counted_and_never_a_panic(
            pieces in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..80), any::<u64>(), -9_i64..9), 1..9),
            stream in any::<bool>(),
        ) {
            let framing = if stream { Framing::Stream } else { Framing::Datagrams };
            let position = Geodetic::from_degrees(41.0, 2.0, 9.0);
            let station = StationConfig { framing, position, ..StationConfig::default() };
            let mut surface = SurfaceDecoder::new(SurfaceConfig { station, ..SurfaceConfig::default() });
            let editions = [Edition::V0_23, Edition::V0_26, Edition::V2];
            let config = |edition| AdsbConfig { station, edition, ..AdsbConfig::default() };
            let mut adsb = editions.map(|edition| AdsbDecoder::new(config(edition)));
            for (noise, seed, seconds) in pieces {
                let mut dice = Dice(seed);
                let now = MIDNIGHT + Span::from_secs(seconds);
                for spec in [&CAT010, &CAT019, &CAT020, &CAT021] {
                    surface.handle_bytes(&blocks_of(spec, &mut dice), now);
                    surface.handle_bytes(&noise, now);
                    prop_assert!(is_sound(&mut surface));
                }
                for (edition, decoder) in editions.into_iter().zip(&mut adsb) {
                    decoder.handle_bytes(&blocks_of(edition.catalogue()[0], &mut dice), now);
                    decoder.handle_bytes(&noise, now);
                    prop_assert!(is_sound(decoder));
                }
            }
        }
    }
}
