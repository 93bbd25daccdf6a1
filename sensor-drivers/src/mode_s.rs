//! Mode S and ADS-B: aircraft that say where they are, heard by a receiver that speaks Beast or AVR.
//!
//! From bytes to reports, one file a step: [`beast`] or [`avr`] cuts the stream into frames, [`frame`] checks the
//! parity, [`adsb`] reads the message, [`table`] finds the [`aircraft`], [`fix`] turns two or more encoded positions
//! ([`cpr`]) into a believable one, [`accuracy`] into a sigma. [`transponder`] goes the other way, for the simulator.
//!
//! Assumed: the time of a position is the time its bytes came, less a configured latency; the receiver's own counters
//! are not trusted. One position is one scan of one return. What is believed of an aircraft is only what it says
//! itself, so [`fix`] refuses what cannot be; deliberate falsehood within physics is for the tracker and its other
//! sensors.

use fusion_core::geodesy::Geodetic;
use fusion_core::time::{Span, Timestamp};

use crate::decoder::{Decoder, OwnedScan, Report};
use crate::error::{DecodeError, Reason};
use avr::AvrFramer;
use beast::{BeastFramer, Payload};
use listener::Listener;
use table::AircraftTable;
use tally::Tally;

pub mod accuracy;
pub mod adsb;
pub mod aircraft;
pub mod avr;
pub mod beast;
pub mod cpr;
pub mod fix;
pub mod frame;
mod listener;
pub mod recorded;
pub mod table;
pub mod tally;
pub mod transponder;

/// The form in which a receiver hands out frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Beast binary, usually TCP port 30005.
    #[default]
    Beast,
    /// AVR text, usually TCP port 30002.
    Avr,
}

/// How a receiver is set up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModeSConfig {
    /// What it speaks.
    pub form: Form,
    /// Where it stands. Without it, nothing is refused for its range, and aircraft first heard on the ground are not
    /// placed.
    pub receiver: Option<Geodetic>,
    /// How far it can hear, metres. 800 km is beyond the radio horizon of anything below 37 km.
    pub range_max_m: f64,
    /// Time from being at a position to its bytes being received.
    pub latency: Span,
    /// One sigma of that time: multiplied with the speed, a part of the sigma of every position.
    pub latency_sigma: Span,
    /// The same message of the same aircraft within this time is a second copy of one transmission (two feeds, a
    /// reflection). A transponder repeats a message, changed or not, no sooner than after 0.4 s.
    pub repeat_window: Span,
}

/// The driver of one receiver.
///
/// An error's offset is that of the end of the refused frame in the bytes handed in; for garbage, of their beginning.
#[derive(Debug)]
pub struct ModeSDecoder {
    framer: Framer,
    listener: Listener,
}

#[derive(Debug)]
enum Framer {
    Beast(BeastFramer),
    Avr(AvrFramer),
}

impl Default for ModeSConfig {
    fn default() -> Self {
        Self {
            form: Form::Beast,
            receiver: None,
            range_max_m: 800e3,
            latency: Span::ZERO,
            latency_sigma: Span::from_millis(100),
            repeat_window: Span::from_millis(300),
        }
    }
}

impl ModeSDecoder {
    /// A driver that has heard nothing yet.
    #[must_use]
    pub fn new(config: ModeSConfig) -> Self {
        let framer = match config.form {
            Form::Beast => Framer::Beast(BeastFramer::new()),
            Form::Avr => Framer::Avr(AvrFramer::new()),
        };
        Self { framer, listener: Listener::new(config) }
    }

    /// What became of every frame.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        self.listener.tally()
    }

    /// Everybody heard and not forgotten.
    #[must_use]
    pub const fn aircraft(&self) -> &AircraftTable {
        self.listener.aircraft()
    }
}

impl Decoder for ModeSDecoder {
    fn handle_bytes(&mut self, bytes: &[u8], received: Timestamp) {
        let garbage_before = self.framer.garbage_bytes();
        let mut rest = bytes;
        while let Some(payload) = self.framer.next_payload(&mut rest) {
            self.listener.handle_payload(&payload, received, bytes.len() - rest.len());
        }
        if self.framer.garbage_bytes() > garbage_before {
            self.listener.refuse(0, "frame", Reason::NotThisFormat);
        }
    }

    /// Nothing here waits for time: what is half received is held until its other half or another beginning comes.
    fn handle_timeout(&mut self, _now: Timestamp) {}

    fn poll_report(&mut self) -> Option<Result<Report, DecodeError>> {
        self.listener.poll()
    }

    fn recycle(&mut self, scan: OwnedScan) {
        self.listener.recycle(scan);
    }

    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        self.framer.counters(each);
        self.listener.tally().each(each);
        self.listener.queue_counters(each);
        each("aircraft", self.listener.aircraft().len() as u64);
        each("aircraft_evicted", self.listener.aircraft().evicted());
    }
}

impl Framer {
    fn next_payload(&mut self, rest: &mut &[u8]) -> Option<Payload> {
        match self {
            Self::Beast(framer) => framer.next_frame(rest).map(|frame| frame.payload),
            Self::Avr(framer) => framer.next_frame(rest).map(|frame| frame.payload),
        }
    }

    const fn garbage_bytes(&self) -> u64 {
        match self {
            Self::Beast(framer) => framer.tally().garbage_bytes,
            Self::Avr(framer) => framer.tally().garbage_bytes,
        }
    }

    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let (bytes, broken, unknown) = match self {
            Self::Beast(framer) => {
                let tally = framer.tally();
                (tally.bytes, tally.truncated, tally.unknown_types)
            }
            Self::Avr(framer) => (framer.tally().bytes, framer.tally().malformed, 0),
        };
        each("bytes", bytes);
        each("garbage_bytes", self.garbage_bytes());
        each("broken_frames", broken);
        each("unknown_frame_types", unknown);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoder::{Place, Point, Return};
    use crate::outbox::{ERRORS_MAX, REPORTS_MAX};
    use adsb::Category;
    use beast::BeastFrame;
    use frame::{ExtendedSquitter, ModeSFrame};
    use fusion_core::identity::{Address, Identity, ObjectClass};
    use heapless::String;
    use proptest::prelude::*;
    use transponder::{Motion, Transponder};

    /// A published pair (even, then odd), velocity and callsign, as AVR lines.
    const PUBLISHED: &str = "*8D40621D58C386435CC412692AD6;\n*8D40621D58C382D690C8AC2863A7;\n\
        *8D485020994409940838175B284F;\n*8D4840D6202CC371C32CE0576098;\n";

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000) + Span::from_millis(millis)
    }

    fn decoder(form: Form) -> ModeSDecoder {
        ModeSDecoder::new(ModeSConfig { form, ..ModeSConfig::default() })
    }

    fn polled(decoder: &mut ModeSDecoder) -> Vec<Result<Report, DecodeError>> {
        core::iter::from_fn(|| decoder.poll_report()).collect()
    }

    fn seen(report: &Result<Report, DecodeError>) -> (Timestamp, Point, Identity) {
        let Ok(Report::Scan(scan)) = report else { panic!("{report:?}") };
        let [Return { place: Place::Geodetic(point), identity, .. }] = &scan.returns[..] else { panic!("{scan:?}") };
        (scan.time, *point, identity.clone())
    }

    fn beast(frame: ModeSFrame) -> Vec<u8> {
        let mut out = Vec::new();
        BeastFrame { counter: 0x1A1A, signal: 0x1A, payload: Payload::ModeS(frame) }.encode_into(&mut out);
        out
    }

    fn drone() -> Transponder {
        Transponder::new(Address::NonIcao(0x1A_1A1A), String::try_from("DRONE 1").ok(), Category::UNMANNED)
    }

    /// North-east at 30 m/s, climbing, on a day when the pressure altitude reads 90 m too low.
    fn motion(millis: i32) -> Motion {
        let seconds = f64::from(millis) / 1000.0;
        Motion {
            position: Geodetic::from_degrees(52.0 + 2e-4 * seconds, 21.0 + 2e-4 * seconds, 500.0 + 2.0 * seconds)
                .expect("a place on earth"),
            baro_minus_gnss_m: -90.0,
            east_north_up: [13.74, 22.25, 2.0],
            on_ground: false,
        }
    }

    /// A minute of the drone, as it comes from a receiver.
    fn minute() -> Vec<(Timestamp, Vec<u8>)> {
        let mut drone = drone();
        (0..120)
            .map(|n| {
                (at(500 * i64::from(n)), drone.next_half_second(&motion(500 * n)).into_iter().flat_map(beast).collect())
            })
            .collect()
    }

    #[test]
    fn the_published_pair_is_reported_where_it_was() {
        let mut decoder = decoder(Form::Avr);
        decoder.handle_bytes(PUBLISHED.as_bytes(), at(0));
        let reports = polled(&mut decoder);
        let (time, point, identity) = seen(&reports[0]);
        assert_eq!((reports.len(), time, identity.address), (1, at(0), Some(Address::Icao(0x40_621D))));
        assert!((point.position.latitude_deg() - 52.257_202).abs() < 1e-5);
        assert!((point.position.longitude_deg() - 3.919_373).abs() < 1e-5);
        assert!((point.position.height_m - 38_000.0 * 0.3048).abs() < 1e-6);
        // Version 0, type code 11: NACp 8. At an untold speed, 0.1 s are 25 m.
        assert!((point.horizontal.east_sigma_m - fusion_core::maths::hypot(92.6 / 2.448, 25.0)).abs() < 1e-6);
        assert_eq!((point.vertical_sigma_m, point.velocity), (Some(150.0), None));
    }

    #[test]
    fn a_simulated_aircraft_comes_out_where_it_is() {
        let mut decoder = decoder(Form::Beast);
        for (n, (time, bytes)) in (0..).zip(minute()) {
            decoder.handle_bytes(&bytes, time);
            let reports = polled(&mut decoder);
            assert_eq!(reports.len(), usize::from(n > 0), "the first message awaits its pair");
            let Some(report) = reports.first() else { continue };
            let ((told, point, identity), truth) = (seen(report), motion(500 * n));
            assert_eq!(told, time);
            assert!((point.position.to_ecef() - truth.position.to_ecef()).length() < 9.0);
            assert!(point.vertical_sigma_m.is_some_and(|sigma| sigma < 30.0), "corrected by GNSS");
            let velocity = point.velocity.expect("told with every position");
            let off = velocity.east_north_up.iter().zip(truth.east_north_up).map(|(told, truth)| (told - truth).abs());
            assert!(off.fold(0.0, f64::max) < 0.3);
            assert_eq!(identity.name.as_deref(), Some("DRONE 1"));
            assert_eq!((identity.address, identity.class), (Some(Address::NonIcao(0x1A_1A1A)), ObjectClass::Uav));
        }
        assert_eq!((decoder.tally().positions_reported, decoder.tally().duplicates), (119, 0));
        assert!(decoder.tally().balances());
    }

    #[test]
    fn an_aircraft_on_the_ground_is_placed_by_the_receiver_and_tells_its_motion() {
        let receiver = Geodetic::from_degrees(52.1, 21.1, 80.0);
        let mut decoder = ModeSDecoder::new(ModeSConfig { receiver, ..ModeSConfig::default() });
        let truth = Motion { on_ground: true, east_north_up: [0.0, -8.0, 0.0], ..motion(0) };
        let mut vehicle = drone();
        for n in 0..2 {
            let frames = vehicle.next_half_second(&truth);
            decoder.handle_bytes(&frames.into_iter().flat_map(beast).collect::<Vec<u8>>(), at(500 * n));
        }
        let (_, point, _) = seen(&polled(&mut decoder)[0]);
        assert!(
            (point.position.latitude_deg() - 52.0).abs() < 1e-5 && (point.position.longitude_deg() - 21.0).abs() < 2e-5
        );
        let [east, north, _] = point.velocity.expect("told").east_north_up;
        assert!(east.abs() < 1e-9 && (north + 8.0).abs() < 0.3);
        assert_eq!(point.vertical_sigma_m, None);
    }

    #[test]
    fn the_second_copy_of_a_transmission_is_dropped_and_counted() {
        let mut decoder = decoder(Form::Beast);
        for (time, bytes) in minute() {
            decoder.handle_bytes(&bytes, time);
            decoder.handle_bytes(&bytes, time + Span::from_millis(40));
        }
        let tally = decoder.tally();
        assert_eq!((tally.duplicates, tally.positions_reported), (tally.frames / 2, 119));
        assert!(tally.balances());
    }

    #[test]
    fn the_time_of_a_report_is_the_time_of_receipt_less_the_latency() {
        let config = ModeSConfig { latency: Span::from_millis(150), form: Form::Avr, ..ModeSConfig::default() };
        let mut decoder = ModeSDecoder::new(config);
        decoder.handle_bytes(PUBLISHED.as_bytes(), at(1000));
        assert_eq!(seen(&polled(&mut decoder)[0]).0, at(850));
    }

    #[test]
    fn a_damaged_frame_is_refused_with_its_place_and_reason() {
        let mut decoder = decoder(Form::Avr);
        decoder.handle_bytes(b"*8D40621D58C386435CC412692AD7;", at(0));
        let error = DecodeError { format: "mode-s", offset: 30, field: "parity", reason: Reason::BadChecksum };
        assert_eq!(polled(&mut decoder), [Err(error)]);
        assert_eq!((decoder.tally().damaged_parity, decoder.tally().balances()), (1, true));
    }

    #[test]
    fn reports_nobody_polls_are_bounded_and_the_newest_are_kept() {
        let (mut decoder, minute) = (decoder(Form::Beast), minute());
        let rounds = i64::try_from(REPORTS_MAX / 120 + 3).expect("small");
        for round in 0..rounds {
            for (time, bytes) in &minute {
                decoder.handle_bytes(bytes, *time + Span::from_secs(60 * round));
            }
        }
        let tally = *decoder.tally();
        let reports = polled(&mut decoder);
        assert_eq!(reports.len(), REPORTS_MAX);
        assert!(tally.positions_reported > REPORTS_MAX as u64);
        assert_eq!(seen(&reports[REPORTS_MAX - 1]).0, at(60_000 * rounds - 500));
    }

    #[test]
    fn a_megabyte_of_noise_is_counted_and_leaves_a_few_errors() {
        for form in [Form::Beast, Form::Avr] {
            let mut decoder = decoder(form);
            let mut noise = 1_u32;
            let bytes: Vec<u8> = core::iter::repeat_with(|| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                noise.to_be_bytes()[0]
            })
            .take(1_000_000)
            .collect();
            decoder.handle_bytes(&bytes, at(0));
            assert!(polled(&mut decoder).len() <= ERRORS_MAX && decoder.tally().balances());
        }
    }

    #[test]
    fn every_truncation_of_a_stream_is_harmless() {
        let stream: Vec<u8> = minute().into_iter().take(4).flat_map(|(_, bytes)| bytes).collect();
        for length in 0..stream.len() {
            let mut decoder = decoder(Form::Beast);
            decoder.handle_bytes(&stream[..length], at(0));
            decoder.handle_bytes(&stream, at(100));
            assert!(decoder.tally().balances() && decoder.tally().positions_reported >= 1, "cut at {length}");
        }
    }

    proptest! {
        #[test]
        fn however_the_stream_is_split_the_reports_are_the_same(
            cuts in proptest::collection::vec(0..2000usize, 0..20),
        ) {
            let stream: Vec<u8> = minute().into_iter().take(20).flat_map(|(_, bytes)| bytes).collect();
            let mut whole = decoder(Form::Beast);
            whole.handle_bytes(&stream, at(0));
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let mut split = decoder(Form::Beast);
            cuts.windows(2).for_each(|ends| split.handle_bytes(&stream[ends[0]..ends[1]], at(0)));
            prop_assert_eq!(whole.tally(), split.tally());
            prop_assert_eq!(polled(&mut whole), polled(&mut split));
        }

        #[test]
        fn every_frame_ends_in_exactly_one_counter(
            frames in proptest::collection::vec((any::<[u8; 14]>(), 0..6u8, any::<bool>()), 0..200), step in 0..1000i64,
        ) {
            let mut decoder = decoder(Form::Beast);
            for (n, (mut bytes, kind, long)) in (0..).zip(frames) {
                // A third of any format; the others squitters with good parity from a few addresses.
                if kind >= 2 {
                    let me = adsb::Me(u64::from_be_bytes(bytes[..8].try_into().expect("eight")) >> 8);
                    let address = Address::Icao(u32::from(bytes[8] % 4));
                    let squitter = ExtendedSquitter { source: frame::Source::Adsb, address, me };
                    bytes = ModeSFrame::extended_squitter(&squitter).bytes().try_into().expect("fourteen");
                }
                let frame = if long || kind >= 2 { ModeSFrame::long(bytes) } else {
                    ModeSFrame::from_bytes(&bytes[..7]).expect("seven")
                };
                decoder.handle_bytes(&beast(frame), at(n * step));
                prop_assert!(decoder.tally().balances(), "{:?}", decoder.tally());
            }
        }

        #[test]
        fn any_bytes_are_harmless(bytes: Vec<u8>, avr: bool) {
            let mut decoder = decoder(if avr { Form::Avr } else { Form::Beast });
            decoder.handle_bytes(&bytes, at(0));
            decoder.handle_timeout(at(1));
            let _ = polled(&mut decoder);
            prop_assert!(decoder.tally().balances());
        }
    }
}
