//! The driver of one radar: CAT048 plots and CAT034 service messages in, scans by sector and status out.
//!
//! `clock` puts times of day on the right day, `duplicates` drops what came over a second network, `plot` turns a
//! target report into a return with sigmas, `sweep` gathers returns into scans. Slant range and azimuth stay as
//! measured; with a height told by the target, the node finds the elevation.
//!
//! Assumed: one radar per driver, named by SAC and SIC or else the first that is heard; an antenna that turns
//! clockwise; datagrams with whole blocks, or one byte stream.

mod config;
mod peak;
mod plot;
mod sweep;
mod tally;

use fusion_core::angle::Angle;
use fusion_core::geodesy::Geodetic;
use fusion_core::time::Timestamp;

use super::cat034::{MessageType, Service, SourcePosition};
use super::cat048;
use super::reception::{Header, Listener, Station, Timing, When};
use super::record::Record;
use super::spec::{CAT034, CAT048, Catalogue};
use crate::decoder::{OwnedScan, Place, Report, Return, SensorStatus};
use crate::geoid;
use crate::outbox::Outbox;
use plot::measured;
use sweep::{Assembler, Crossing, Plot};

pub use config::{Doppler, PolarSigmas, RadarConfig};
pub use tally::Tally;

/// The tables that this driver reads by.
const TABLES: Catalogue = &[&CAT034, &CAT048];

/// The driver of one radar.
pub type RadarDecoder = Station<Radar>;

/// What hears the records of a radar.
#[derive(Debug)]
pub struct Radar {
    config: RadarConfig,
    assembler: Assembler,
    /// What was told last.
    status: SensorStatus,
    tally: Tally,
}

impl RadarDecoder {
    /// A driver that has heard nothing yet.
    #[must_use]
    pub fn new(config: RadarConfig) -> Self {
        let radar = Radar {
            config,
            assembler: Assembler::new(config.service_silence_max),
            status: SensorStatus::default(),
            tally: Tally::default(),
        };
        Self::listening(config.reception, radar)
    }
}

impl Listener for Radar {
    fn catalogue(&self) -> Catalogue {
        TABLES
    }

    fn header(&self, record: &Record<'_>) -> Header {
        // CAT034 has its time in the third place, CAT048 in the second.
        let time = if record.spec.category == CAT034.category { 3 } else { 2 };
        Header::of(record, time)
    }

    fn handle_record(&mut self, record: &Record<'_>, timing: Timing<'_>, out: &mut Outbox) {
        if let Some(report) = cat048::Plot::of(record) {
            self.handle_target_report(&report, timing);
        } else if let Some(message) = Service::of(record) {
            self.handle_service_message(&message, timing, out);
        }
        self.collect_scans(out);
    }

    fn handle_end_of_datagram(&mut self, out: &mut Outbox) {
        self.assembler.handle_end_of_datagram();
        self.collect_scans(out);
    }

    fn handle_timeout(&mut self, now: Timestamp, out: &mut Outbox) {
        self.assembler.handle_timeout(now);
        self.collect_scans(out);
    }

    fn recycle(&mut self, scan: OwnedScan, _out: &mut Outbox) {
        self.assembler.recycle(scan);
    }

    fn records(&self) -> u64 {
        self.tally.records()
    }

    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        self.tally.each(each);
        let sweeps = self.assembler.tally();
        each("scans_swept", sweeps.swept);
        each("scans_unswept", sweeps.unswept);
        each("plots_late", sweeps.late);
        each("plots_overflowed", sweeps.overflowed);
        each("sweeps_broken", sweeps.broken);
        each("sweeps_closed_early", sweeps.closed_early);
    }
}

impl Radar {
    /// What became of the records.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    fn handle_target_report(&mut self, report: &cat048::Plot, timing: Timing<'_>) {
        match measured(report, &self.config) {
            Err(dismissal) => self.tally.count_dismissed(dismissal),
            Ok(_) if self.status.out_of_use => self.tally.out_of_use += 1,
            Ok(seen) => {
                self.tally.plots += 1;
                let When { time, quality, received } = timing.read(true);
                self.assembler.handle_plot(Plot { time, quality, azimuth: azimuth(&seen), seen }, received);
            }
        }
    }

    fn handle_service_message(&mut self, message: &Service, timing: Timing<'_>, out: &mut Outbox) {
        self.tally.service_messages += 1;
        let When { time, quality, received } = timing.read(true);
        if let Some(azimuth) = crossed_azimuth(message) {
            self.assembler.handle_crossing(Crossing { azimuth, time, quality, received });
        }
        let told = told_status(message, time, self.status);
        let news = SensorStatus { time: self.status.time, ..told } != self.status;
        if news || message.message_type == Some(MessageType::NORTH_MARKER) {
            self.status = told;
            out.push(Report::Status(told));
        }
    }

    fn collect_scans(&mut self, out: &mut Outbox) {
        while let Some(scan) = self.assembler.poll_scan() {
            out.push(Report::Scan(scan));
        }
    }
}

fn azimuth(seen: &Return) -> Angle {
    match &seen.place {
        Place::Polar(polar) => Angle::from_radians(polar.azimuth.value),
        Place::Geodetic(_) => Angle::ZERO,
    }
}

/// The azimuth that the antenna passes, if that is what the message tells. A north marker does too, but real radars
/// send it at once and the sector messages with the plots, half a second later: it would tear open sweeps apart.
fn crossed_azimuth(message: &Service) -> Option<Angle> {
    let crossing = message.message_type == Some(MessageType::SECTOR_CROSSING);
    let sector = message.sector.filter(|_| crossing)?;
    Some(Angle::from_radians(sector.azimuth_rad()))
}

/// What is known of the radar after this message: what it does not tell stays as it was.
fn told_status(message: &Service, time: Timestamp, before: SensorStatus) -> SensorStatus {
    let common = message.configuration.and_then(|configuration| configuration.common);
    SensorStatus {
        time,
        position: message.position.and_then(place).or(before.position),
        period_s: message.rotation.map(|rotation| rotation.period_s()).or(before.period_s),
        out_of_use: common.map_or(before.out_of_use, |common| common.nogo),
    }
}

fn place(position: SourcePosition) -> Option<Geodetic> {
    let place = Geodetic::from_degrees(position.latitude_deg(), position.longitude_deg(), position.height_m())?;
    Some(geoid::above_ellipsoid(place, None).0)
}

#[cfg(test)]
mod tests {
    use super::super::common::{DataSource, TimeOfDay};
    use super::super::reception::{Framing, ReceptionConfig};
    use super::*;
    use crate::asterix::cat034::{CommonStatus, Configuration, Rotation, Sector, ServiceMessage};
    use crate::asterix::cat048::{Descriptor, PolarPosition, TargetReport};
    use crate::asterix::wire::TypedRecord;
    use crate::asterix::{samples, write_block};
    use crate::decoder::Decoder;
    use crate::error::DecodeError;
    use crate::outbox::{ERRORS_MAX, REPORTS_MAX};
    use fusion_core::measurement::Coverage;
    use fusion_core::time::Span;
    use proptest::prelude::*;
    use std::f64::consts::TAU;

    const OURS: DataSource = DataSource { sac: 25, sic: 13 };
    const MIDNIGHT: Timestamp = Timestamp::from_secs(1_700_006_400);

    fn received(reception: ReceptionConfig) -> RadarConfig {
        RadarConfig { reception, ..RadarConfig::default() }
    }

    fn framed(framing: Framing) -> RadarConfig {
        received(ReceptionConfig { framing, ..ReceptionConfig::default() })
    }

    fn at(seconds: f64) -> Timestamp {
        MIDNIGHT + Span::from_secs_f64(seconds)
    }

    fn report(time: Timestamp, azimuth_rad: f64) -> TargetReport {
        TargetReport {
            source: Some(OURS),
            time_of_day: Some(TimeOfDay::at(time)),
            descriptor: Some(Descriptor { typ: 5, ..Descriptor::default() }),
            position: PolarPosition::from_si(30_000.0, azimuth_rad),
            ..TargetReport::default()
        }
    }

    fn service(time: Timestamp, message_type: MessageType) -> ServiceMessage {
        ServiceMessage {
            source: Some(OURS),
            message_type: Some(message_type),
            time_of_day: Some(TimeOfDay::at(time)),
            ..ServiceMessage::default()
        }
    }

    fn block<R: TypedRecord>(records: &[R]) -> Vec<u8> {
        let mut out = Vec::new();
        write_block(records, &mut out).expect("fits");
        out
    }

    /// Datagrams of a radar that turns in 4 s around midnight: two targets, a message per sector of 1/32 turn.
    fn turns(count: i32) -> Vec<(Timestamp, Vec<u8>)> {
        let mut datagrams = Vec::new();
        for step in 0..count * 32 {
            let (begin, end) = (at(f64::from(step) / 8.0 - 10.0), at(f64::from(step + 1) / 8.0 - 10.0));
            let mut bytes = Vec::new();
            if step % 32 == 5 || step % 32 == 20 {
                let azimuth = f64::from(step % 32) * TAU / 32.0 + 0.1;
                bytes.extend(block(&[report(begin + Span::from_millis(62), azimuth)]));
            }
            let sector = u8::try_from((step + 1) % 32 * 8).expect("256 parts");
            let crossing = service(end, MessageType::SECTOR_CROSSING);
            bytes.extend(block(&[ServiceMessage { sector: Some(Sector { azimuth: sector }), ..crossing }]));
            datagrams.push((end + Span::from_millis(20), bytes));
        }
        datagrams
    }

    fn drain(decoder: &mut RadarDecoder) -> Vec<Result<Report, DecodeError>> {
        std::iter::from_fn(|| decoder.poll_report()).collect()
    }

    fn hear(config: RadarConfig, datagrams: &[(Timestamp, Vec<u8>)]) -> (RadarDecoder, Vec<OwnedScan>) {
        let mut decoder = RadarDecoder::new(config);
        let mut scans = Vec::new();
        for (received, bytes) in datagrams {
            decoder.handle_bytes(bytes, *received);
            for report in drain(&mut decoder) {
                if let Report::Scan(scan) = report.expect("sound") {
                    scans.push(scan);
                }
            }
        }
        (decoder, scans)
    }

    #[test]
    fn a_radar_across_midnight_gives_scans_by_sector_in_order() {
        let (decoder, scans) = hear(RadarConfig::default(), &turns(5));
        assert!(decoder.balances());
        assert_eq!((decoder.listener().tally().plots, decoder.listener().tally().service_messages), (10, 160));
        assert!(scans.is_sorted_by_key(|scan| scan.time), "midnight is no step");
        let swept: Vec<_> = scans.iter().filter(|scan| matches!(scan.coverage, Coverage::Sector { .. })).collect();
        assert!(swept.len() > 110, "{}", swept.len());
        assert!(swept.iter().any(|scan| scan.time < MIDNIGHT) && swept.iter().any(|scan| scan.time > MIDNIGHT));
        for scan in swept {
            assert!(scan.returns.len() <= 1);
            assert!(scan.returns.iter().all(|seen| scan.coverage.includes(azimuth(seen))));
        }
    }

    #[test]
    fn two_networks_give_the_same_scans_as_one() {
        let once = turns(4);
        let twice: Vec<_> = once.iter().flat_map(|datagram| [datagram.clone(), datagram.clone()]).collect();
        let (one, both) = (hear(RadarConfig::default(), &once), hear(RadarConfig::default(), &twice));
        assert_eq!(one.1, both.1);
        assert_eq!(both.0.tally().duplicates, one.0.tally().records);
        assert!(both.0.balances());
    }

    #[test]
    fn a_stream_cut_anywhere_gives_the_same_scans_as_datagrams() {
        let datagrams = turns(3);
        let bytewise: Vec<_> =
            datagrams.iter().flat_map(|(time, bytes)| bytes.iter().map(|&byte| (*time, vec![byte]))).collect();
        let stream = framed(Framing::Stream);
        assert_eq!(hear(stream, &bytewise).1, hear(RadarConfig::default(), &datagrams).1);
    }

    #[test]
    fn without_service_messages_each_datagram_is_a_scan() {
        let datagrams: Vec<_> = (0..4).map(|n| at(f64::from(n))).map(|t| (t, block(&[report(t, 1.0)]))).collect();
        let (_, scans) = hear(RadarConfig::default(), &datagrams);
        assert_eq!(scans.len(), 4);
        assert!(scans.iter().all(|scan| scan.coverage == Coverage::Reports && scan.returns.len() == 1));
    }

    #[test]
    fn the_first_radar_heard_is_the_one() {
        let other = DataSource { sac: 25, sic: 14 };
        let stranger = TargetReport { source: Some(other), ..report(at(0.0), 1.0) };
        let bytes = block(&[report(at(0.0), 1.0), stranger]);
        let (decoder, _) = hear(RadarConfig::default(), &[(at(0.1), bytes.clone())]);
        assert_eq!((decoder.listener().tally().plots, decoder.tally().other_sources), (1, 1));
        let config = received(ReceptionConfig { source: Some(other), ..ReceptionConfig::default() });
        let (decoder, scans) = hear(config, &[(at(0.1), bytes)]);
        assert_eq!((decoder.tally().other_sources, scans.len()), (1, 1));
    }

    #[test]
    fn a_radar_that_must_not_be_used_is_not() {
        let common = Some(CommonStatus { nogo: true, ..CommonStatus::default() });
        let configuration = Some(Configuration { common, ..Configuration::default() });
        let rotation = Some(Rotation { period: 512 });
        let marker = ServiceMessage { configuration, rotation, ..service(at(0.0), MessageType::NORTH_MARKER) };
        let mut decoder = RadarDecoder::new(RadarConfig::default());
        decoder.handle_bytes(&[block(&[marker]), block(&[report(at(0.0), 1.0)])].concat(), at(0.1));
        let reports = drain(&mut decoder);
        let [Ok(Report::Status(status))] = reports.as_slice() else { panic!("one status: {reports:?}") };
        assert_eq!((status.out_of_use, status.period_s, status.time), (true, Some(4.0), at(0.0)));
        assert_eq!((decoder.listener().tally().out_of_use, decoder.listener().tally().plots), (1, 0));
    }

    #[test]
    fn a_fault_names_its_place_and_the_records_before_it_count() {
        let good = block(&[report(at(0.0), 1.0)]);
        let mut decoder = RadarDecoder::new(RadarConfig::default());
        decoder.handle_bytes(&[good.as_slice(), &[48, 0, 5, 0x01, 0x80], &[62, 0, 3], &[7]].concat(), at(0.1));
        let reports = drain(&mut decoder);
        assert!(matches!(reports[0], Ok(Report::Scan(_))));
        let [Err(first), Err(second)] = reports[1..] else { panic!("two faults: {reports:?}") };
        assert_eq!((first.offset, first.format), (good.len() + 5, "ASTERIX CAT048"));
        assert_eq!((second.offset, second.field), (good.len() + 8, "block length"));
        assert_eq!((decoder.tally().faults, decoder.tally().other_categories), (2, 1));
    }

    #[test]
    fn a_datagram_cut_anywhere_is_a_fault_or_a_whole_block() {
        for end in 0..samples::DATAGRAM.len() {
            let mut decoder = RadarDecoder::new(RadarConfig::default());
            decoder.handle_bytes(&samples::DATAGRAM[..end], at(0.0));
            let faults = drain(&mut decoder).iter().filter(|report| report.is_err()).count();
            assert_eq!(faults, usize::from(![0, 56].contains(&end)), "cut at {end}");
            assert_eq!(decoder.tally().records, u64::from(end >= 56));
        }
    }

    #[test]
    fn a_megabyte_of_anything_leaves_queues_bounded() {
        let reports: Vec<_> = (0..20_000).map(|n| report(at(f64::from(n) / 10.0), f64::from(n))).collect();
        let plots: Vec<u8> = reports.chunks(100).flat_map(block).collect();
        for bytes in [plots, vec![48; 1 << 20], [62, 0, 3].repeat(1 << 18), samples::DATAGRAM.repeat(1 << 14)] {
            for framing in [Framing::Datagrams, Framing::Stream] {
                let mut decoder = RadarDecoder::new(framed(framing));
                decoder.handle_bytes(&bytes, at(0.0));
                assert!(drain(&mut decoder).len() <= REPORTS_MAX + ERRORS_MAX);
                assert!(decoder.balances());
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_counted_and_never_a_panic(
            pieces in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..80), any::<u64>(), -9_i64..9), 1..9),
            stream in any::<bool>(),
        ) {
            let framing = if stream { Framing::Stream } else { Framing::Datagrams };
            let mut decoder = RadarDecoder::new(framed(framing));
            for (noise, seed, seconds) in pieces {
                let mut dice = samples::Dice(seed);
                for spec in TABLES {
                    let items = [samples::record(spec, &mut dice), samples::record(spec, &mut dice)];
                    let block = crate::asterix::compose_block(spec.category, &items).expect("by the table");
                    decoder.handle_bytes(&block, MIDNIGHT + Span::from_secs(seconds));
                }
                decoder.handle_bytes(&noise, MIDNIGHT + Span::from_secs(seconds));
                decoder.handle_timeout(MIDNIGHT + Span::from_secs(seconds));
                drain(&mut decoder);
            }
            prop_assert!(decoder.balances());
        }
    }
}
