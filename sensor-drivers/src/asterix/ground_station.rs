//! What the records of a ground station mean that reports targets one by one. What a record of its kind says, a
//! [`Meaning`] tells: `surface` for CAT010, CAT019 and CAT020, `adsb` for CAT021.
//!
//! Every target report is a return at its own time, given out in the order in which it came: real stations send them up
//! to two seconds late and more than half of them out of order, and whoever takes the scans sorts them. Reports of one
//! datagram that tell the same time are one scan, so that no two of them are taken for one target.

mod tally;

use fusion_core::frame::{Ecef, Position};
use fusion_core::geodesy::Geodetic;
use fusion_core::measurement::Coverage;

use super::reception::{Header, Listener, ReceptionConfig, Station, Timing, When};
use super::record::Record;
use super::spec::Catalogue;
use crate::decoder::{OwnedScan, Place, Report, Return, SCAN_RETURNS_MAX, SensorStatus};
use crate::outbox::Outbox;

pub use tally::{Dismissal, Tally};

/// How a ground station is set up, whatever it reports.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroundStationConfig {
    /// As every station.
    pub reception: ReceptionConfig,
    /// Where it stands: from there its range is measured.
    pub position: Option<Geodetic>,
    /// How far away a target may be, metres; nothing is refused for its range where the position is not known.
    pub range_max_m: f64,
    /// Takes simulated targets for real.
    pub keep_simulated: bool,
    /// Takes test targets for real.
    pub keep_test_targets: bool,
    /// Takes fixed transponders for targets.
    pub keep_field_monitors: bool,
}

impl Default for GroundStationConfig {
    fn default() -> Self {
        Self {
            reception: ReceptionConfig::default(),
            position: None,
            range_max_m: 400e3,
            keep_simulated: false,
            keep_test_targets: false,
            keep_field_monitors: false,
        }
    }
}

impl GroundStationConfig {
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

/// What a record says.
#[expect(clippy::large_enum_variant, reason = "taken apart at once; a box would ask for memory for each target")]
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

/// What hears the records of a ground station.
#[derive(Debug)]
pub struct GroundStation<M> {
    meaning: M,
    config: GroundStationConfig,
    /// The station in the coordinates in which its range is measured.
    centre: Option<Position<Ecef>>,
    /// The station says that its source of time is invalid.
    time_invalid: bool,
    /// The scan to which the next report of the same time belongs.
    open: Option<OwnedScan>,
    /// What was told last.
    status: SensorStatus,
    tally: Tally,
}

impl<M: Meaning> GroundStation<M> {
    /// A driver that has heard nothing yet.
    #[must_use]
    pub(super) fn decoder(meaning: M, config: GroundStationConfig) -> Station<Self> {
        let listener = Self {
            meaning,
            config,
            centre: config.position.map(Geodetic::to_ecef),
            time_invalid: false,
            open: None,
            status: SensorStatus::default(),
            tally: Tally::default(),
        };
        Station::listening(config.reception, listener)
    }

    /// What became of the records.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    fn handle_seen(&mut self, seen: Return, when: When, out: &mut Outbox) {
        self.tally.targets += 1;
        let joins = |scan: &OwnedScan| {
            scan.time == when.time && scan.time_quality == when.quality && scan.returns.len() < SCAN_RETURNS_MAX
        };
        if !self.open.as_ref().is_some_and(joins) {
            self.close(out);
        }
        let scan = self.open.get_or_insert_with(|| OwnedScan {
            time: when.time,
            time_quality: when.quality,
            from: None,
            coverage: Coverage::Reports,
            returns: out.list(),
        });
        scan.returns.push(seen);
    }

    fn handle_own_state(&mut self, state: OwnState, timing: Timing<'_>, out: &mut Outbox) {
        self.tally.service_messages += 1;
        self.time_invalid = state.time_invalid.unwrap_or(self.time_invalid);
        let told = SensorStatus {
            time: timing.read(!self.time_invalid).time,
            position: state.position.or(self.status.position),
            out_of_use: state.out_of_use.unwrap_or(self.status.out_of_use),
            ..self.status
        };
        if (SensorStatus { time: self.status.time, ..told }) != self.status {
            self.status = told;
            self.close(out);
            out.push(Report::Status(told));
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
    fn close(&mut self, out: &mut Outbox) {
        if let Some(scan) = self.open.take() {
            out.push(Report::Scan(scan));
        }
    }
}

impl<M: Meaning> Listener for GroundStation<M> {
    fn catalogue(&self) -> Catalogue {
        self.meaning.catalogue()
    }

    fn header(&self, record: &Record<'_>) -> Header {
        self.meaning.header(record)
    }

    fn handle_record(&mut self, record: &Record<'_>, timing: Timing<'_>, out: &mut Outbox) {
        match self.meaning.read(record) {
            Said::Dismissed(dismissal) => self.tally.count_dismissed(dismissal),
            Said::Own(state) => self.handle_own_state(state, timing, out),
            Said::Seen(_) if self.status.out_of_use => self.tally.out_of_use += 1,
            Said::Seen(seen) if !self.is_within_reach(&seen) => self.tally.count_dismissed(Dismissal::BeyondRange),
            Said::Seen(seen) => self.handle_seen(seen, timing.read(!self.time_invalid), out),
        }
    }

    fn handle_end_of_datagram(&mut self, out: &mut Outbox) {
        self.close(out);
    }

    fn records(&self) -> u64 {
        self.tally.records()
    }

    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        self.tally.each(each);
    }
}

#[cfg(test)]
mod tests {
    use super::super::common::TimeOfDay;
    use super::super::reception::{Clock, Framing};
    use super::*;
    use crate::asterix::adsb::{AdsbConfig, AdsbDecoder, Edition};
    use crate::asterix::samples::{self, Dice};
    use crate::asterix::spec::{CAT010, CAT019, CAT020, CAT021, Spec};
    use crate::asterix::surface::{SurfaceConfig, SurfaceDecoder};
    use crate::asterix::{compose_block, compose_block_by};
    use crate::decoder::{Decoder, TimeQuality};
    use fusion_core::time::{Span, Timestamp};
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

    fn drain<M: Meaning>(decoder: &mut Station<GroundStation<M>>) -> Vec<OwnedScan> {
        let reports = std::iter::from_fn(|| decoder.poll_report());
        reports.map(|report| if let Ok(Report::Scan(scan)) = report { scan } else { panic!("{report:?}") }).collect()
    }

    fn received(reception: ReceptionConfig) -> GroundStationConfig {
        GroundStationConfig { reception, ..GroundStationConfig::default() }
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
        assert_eq!((both.tally().duplicates, both.listener().tally().targets), (50, 50));
    }

    #[test]
    fn a_clock_that_is_26_minutes_off_is_told_as_it_is_or_not_used_at_all() {
        let latency = Span::from_millis(250);
        for (clock, told) in [(Clock::Told, at(-1581.0)), (Clock::Receipt, at(0.0))] {
            let station = received(ReceptionConfig { clock, latency, ..ReceptionConfig::default() });
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
        assert_eq!((decoder.listener().tally().targets, decoder.tally().other_sources), (1, 1));
    }

    #[test]
    fn a_stream_cut_anywhere_gives_the_same_scans_as_datagrams() {
        let stream = received(ReceptionConfig { framing: Framing::Stream, ..ReceptionConfig::default() });
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

    fn is_sound<M: Meaning>(decoder: &mut Station<GroundStation<M>>) -> bool {
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
        decoder.balances()
    }

    proptest! {
        #[test]
        fn whatever_comes_is_counted_and_never_a_panic(
            pieces in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..80), any::<u64>(), -9_i64..9), 1..9),
            stream in any::<bool>(),
        ) {
            let framing = if stream { Framing::Stream } else { Framing::Datagrams };
            let position = Geodetic::from_degrees(41.0, 2.0, 9.0);
            let reception = ReceptionConfig { framing, ..ReceptionConfig::default() };
            let station = GroundStationConfig { position, ..received(reception) };
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
