//! AIS as receivers tell it: AIVDM and AIVDO sentences, with or without TAG blocks (ITU-R M.1371-5, IEC 61162-1).
//!
//! Vessels and search and rescue aircraft become positions with velocity, under their MMSI; names, callsigns and types
//! of ship are remembered and go with them. Base stations and aids to navigation are counted and ignored: they are no
//! targets. A position without a fix (dead reckoning, entered by hand) is refused.
//!
//! The transponder tells only the second of the minute at which its position held; the minute is that of the TAG block
//! or of the receipt, whichever of its neighbours is nearest.

mod assembly;
pub mod bits;
pub mod encode;
pub mod message;
pub mod sentence;
mod vessel;

use fusion_core::geodesy::Geodetic;
use fusion_core::identity::Identity;
use fusion_core::maths::{cos, sin, sqrt};
use fusion_core::measurement::Coverage;
use fusion_core::time::{Span, Timestamp};

use crate::decoder::{Decoder, HorizontalError, OwnedScan, Place, Point, PointVelocity, Report, Return, TimeQuality};
use crate::error::{DecodeError, Reason};
use crate::heard::Heard;
use crate::lines::{Framed, LINE_BYTES_MAX, LineFramer};
use crate::outbox::Outbox;
use assembly::{Assembled, Assembly};
use bits::{Bits, NotBits};
use message::{Content, Message, PositionReport};
use sentence::{Line, Sentence};
use vessel::Vessel;

/// Vessels remembered at once. A receiver on a mountain over a busy strait hears some 1,500.
///
/// Counter: `evicted`; the one silent longest is forgotten.
pub const VESSELS_MAX: usize = 4096;

/// Sigmas in a bound that holds for 95 % of positions (circular, χ² with two degrees of freedom).
const SIGMAS_IN_95: f64 = 2.448;
/// What a transponder calls accurate: better than this in 95 %, metres.
const ACCURATE_M: f64 = 10.0;
/// One sigma of a velocity made of steps of a tenth of a knot and of a degree, by satellite navigation, m/s.
const VELOCITY_SIGMA_M_S: f64 = 0.3;
/// Of long-range reports: whole knots and degrees.
const COARSE_VELOCITY_SIGMA_M_S: f64 = 0.6;
/// One sigma of the second that was cut off: 1 s / √12.
const SECOND_SIGMA_S: f64 = 0.289;
/// One sigma of when a report without a second was true: they are sent within some seconds of the fix.
const UNTOLD_SIGMA_S: f64 = 2.0;

/// How to read AIS.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AisConfig {
    /// One sigma of a position that is not called accurate, metres along each axis.
    pub sigma_m: f64,
    /// From transmission to receipt, where nothing else tells the time.
    pub latency: Span,
    /// Whether the own transponder's sentences (VDO) are taken in.
    pub keep_own: bool,
    /// Whether a datagram ends a line: UDP.
    pub datagrams: bool,
}

impl Default for AisConfig {
    fn default() -> Self {
        Self { sigma_m: 15.0, latency: Span::ZERO, keep_own: true, datagrams: false }
    }
}

/// Counters of an AIS driver, from the beginning on. Each line ends in exactly one of the first set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lines taken in, blank ones aside.
    pub lines: u64,
    /// Parts of messages that wait for others.
    pub parts: u64,
    /// Sentences that are not AIS.
    pub other_sentences: u64,
    /// Lines that are no sentence or whose checksum is wrong.
    pub refused_sentences: u64,
    /// Payloads that are no message.
    pub refused_payload: u64,
    /// Lines longer than the bound.
    pub long_lines: u64,
    /// Whole messages.
    pub messages: u64,
    /// Of the messages, by type; the first is never used.
    pub by_type: [u64; 28],
    /// The same message again within the window: two receivers, two LANs.
    pub duplicates: u64,
    /// Positions reported.
    pub positions: u64,
    /// Positions that the transponder does not know.
    pub positions_unknown: u64,
    /// Positions of dead reckoning or entered by hand.
    pub positions_without_fix: u64,
    /// Messages of the own transponder that were not wanted.
    pub own_ignored: u64,
    /// Base stations, aids to navigation and messages of no use.
    pub ignored: u64,
}

/// The driver. See [`crate::decoder::Decoder`].
#[derive(Debug)]
pub struct AisDecoder {
    config: AisConfig,
    framer: LineFramer,
    listener: Listener,
}

/// What happens to a line once it is whole.
#[derive(Debug)]
struct Listener {
    assembly: Assembly,
    vessels: Heard<u32, Vessel>,
    outbox: Outbox,
    tally: Tally,
}

impl AisDecoder {
    /// A driver that has heard nothing yet.
    #[must_use]
    pub fn new(config: AisConfig) -> Self {
        let listener = Listener {
            assembly: Assembly::default(),
            vessels: Heard::new(VESSELS_MAX),
            outbox: Outbox::default(),
            tally: Tally::default(),
        };
        Self { config, framer: LineFramer::default(), listener }
    }

    /// What became of every line.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.listener.tally
    }
}

impl Decoder for AisDecoder {
    fn handle_bytes(&mut self, bytes: &[u8], received: Timestamp) {
        let Self { config, framer, listener } = self;
        framer.split(bytes, |framed| listener.handle_line(framed, received, config));
        if config.datagrams {
            framer.finish(|framed| listener.handle_line(framed, received, config));
        }
    }

    fn handle_timeout(&mut self, _now: Timestamp) {}

    fn poll_report(&mut self) -> Option<Result<Report, DecodeError>> {
        self.listener.outbox.poll()
    }

    fn recycle(&mut self, scan: OwnedScan) {
        self.listener.outbox.recycle(scan);
    }

    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let tally = &self.listener.tally;
        each("lines", tally.lines);
        each("messages", tally.messages);
        each("parts", tally.parts);
        each("messages_incomplete", self.listener.assembly.lost());
        each("other_sentences", tally.other_sentences);
        each("refused_sentences", tally.refused_sentences);
        each("refused_payload", tally.refused_payload);
        each("long_lines", tally.long_lines);
        each("duplicates", tally.duplicates);
        each("positions", tally.positions);
        each("positions_unknown", tally.positions_unknown);
        each("positions_without_fix", tally.positions_without_fix);
        each("own_ignored", tally.own_ignored);
        each("ignored", tally.ignored);
        each("vessels", self.listener.vessels.len() as u64);
        each("vessels_evicted", self.listener.vessels.evicted());
        self.listener.outbox.counters(each);
    }
}

impl Listener {
    fn handle_line(&mut self, framed: Framed<'_>, received: Timestamp, config: &AisConfig) {
        let line = match framed {
            Framed::Line(line) if line.iter().all(u8::is_ascii_whitespace) => return,
            Framed::Line(line) => line,
            Framed::TooLong => {
                self.tally.lines += 1;
                self.tally.long_lines += 1;
                return self.refuse(LINE_BYTES_MAX, "line", Reason::TooLarge { bound: LINE_BYTES_MAX });
            }
        };
        self.tally.lines += 1;
        match sentence::read(line) {
            Ok(Line::Sentence(sentence)) => self.handle_sentence(&sentence, received, config),
            Ok(Line::Other) => self.tally.other_sentences += 1,
            Err((offset, field, reason)) => {
                self.tally.refused_sentences += 1;
                self.refuse(offset, field, reason);
            }
        }
    }

    fn handle_sentence(&mut self, sentence: &Sentence<'_>, received: Timestamp, config: &AisConfig) {
        match self.assembly.handle(sentence, received) {
            Ok(Assembled::Whole(bits, tagged)) => match Message::read(&bits) {
                Some(message) => {
                    let heard = tagged
                        .map_or((received - config.latency, TimeQuality::Received), |time| (time, TimeQuality::Sensor));
                    self.handle_message(&message, &bits, sentence.own, heard, config);
                }
                None => {
                    self.tally.refused_payload += 1;
                    self.refuse(0, "payload", Reason::BadLength { told: bits.len() });
                }
            },
            Ok(Assembled::Waiting) => self.tally.parts += 1,
            Err(not_bits) => {
                self.tally.refused_payload += 1;
                let (offset, reason) = match not_bits {
                    NotBits::Character(place) => (place, Reason::BadText),
                    NotBits::TooLong => (0, Reason::TooLarge { bound: bits::MESSAGE_BITS_MAX }),
                };
                self.refuse(offset, "payload", reason);
            }
        }
    }

    fn handle_message(
        &mut self,
        message: &Message,
        bits: &Bits,
        own: bool,
        heard: (Timestamp, TimeQuality),
        config: &AisConfig,
    ) {
        self.tally.messages += 1;
        self.tally.by_type[usize::from(message.kind).min(27)] += 1;
        if own && !config.keep_own {
            self.tally.own_ignored += 1;
            return;
        }
        let vessel = self.vessels.hear(message.mmsi, heard.0, || Vessel::new(message.mmsi));
        if vessel.is_repeat(bits, heard.0) {
            self.tally.duplicates += 1;
            return;
        }
        match &message.content {
            Content::Static(said) => vessel.learn(said),
            Content::Position(position) => {
                vessel.learn_position(position);
                let identity = vessel.identity(position.airborne);
                self.report(position, identity, heard, config);
            }
            Content::BaseStation | Content::Aid(_) | Content::Other => self.tally.ignored += 1,
        }
    }

    fn report(
        &mut self,
        position: &PositionReport,
        identity: Identity,
        heard: (Timestamp, TimeQuality),
        config: &AisConfig,
    ) {
        let Some(place) = place(position) else {
            self.tally.positions_unknown += 1;
            return;
        };
        if position.without_fix {
            self.tally.positions_without_fix += 1;
            return;
        }
        let time = position.second.map_or(heard.0, |second| nearest(heard.0, second));
        let mut returns = self.outbox.list();
        returns.push(Return::unnamed(Place::Geodetic(point(position, place, config)), identity));
        self.tally.positions += 1;
        let coverage = Coverage::Reports;
        self.outbox.push(Report::Scan(OwnedScan { time, time_quality: heard.1, from: None, coverage, returns }));
    }

    fn refuse(&mut self, offset: usize, field: &'static str, reason: Reason) {
        self.outbox.refuse(DecodeError { format: "ais", offset, field, reason });
    }
}

/// Null island is where transponders are that know no better.
fn place(position: &PositionReport) -> Option<Geodetic> {
    let (latitude, longitude) = position.latitude_longitude_deg?;
    if latitude == 0.0 && longitude == 0.0 {
        return None;
    }
    Geodetic::from_degrees(latitude, longitude, position.altitude_m.unwrap_or(0.0))
}

fn point(position: &PositionReport, place: Geodetic, config: &AisConfig) -> Point {
    let told = if position.accurate { ACCURATE_M / SIGMAS_IN_95 } else { config.sigma_m };
    let late_s = if position.second.is_some() { SECOND_SIGMA_S } else { UNTOLD_SIGMA_S };
    // A minute of arc is 1852 m; steps have a sigma of their size over √12.
    let step = position.resolution_min * 1852.0 * 0.289;
    let moved = position.speed_m_s.unwrap_or(0.0) * late_s;
    Point {
        position: place,
        horizontal: HorizontalError::round(sqrt(told * told + step * step + moved * moved)),
        vertical_sigma_m: position.airborne.then_some(position.altitude_m.map(|_| 30.0)).flatten(),
        velocity: velocity(position),
    }
}

/// What drifts at less than a knot has no course worth the name, but a speed of next to nothing in any direction.
fn velocity(position: &PositionReport) -> Option<PointVelocity> {
    let speed = position.speed_m_s?;
    let course = match position.course_deg {
        Some(course) => course.to_radians(),
        None if speed < message::KNOT_M_S => 0.0,
        None => return None,
    };
    let coarse = position.resolution_min > 1e-3;
    Some(PointVelocity {
        east_north_up: [speed * sin(course), speed * cos(course), 0.0],
        horizontal_sigma: if coarse { COARSE_VELOCITY_SIGMA_M_S } else { VELOCITY_SIGMA_M_S },
        vertical_sigma: if position.airborne { 5.0 } else { 0.1 },
    })
}

/// The time with this second of the minute that is nearest to when it was heard.
fn nearest(heard: Timestamp, second: u8) -> Timestamp {
    const MINUTE: i64 = 60_000_000_000;
    let nanos = heard.as_nanos();
    let told = nanos - nanos.rem_euclid(MINUTE) + i64::from(second) * 1_000_000_000;
    let before = told - nanos;
    let shift = if before > MINUTE / 2 {
        -MINUTE
    } else if before < -MINUTE / 2 {
        MINUTE
    } else {
        0
    };
    Timestamp::from_nanos(told.saturating_add(shift))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use encode::{Sentences, Transponder, VesselState};
    use fusion_core::identity::{Address, ObjectClass};

    const NOON: Timestamp = Timestamp::from_secs(1_700_006_400);

    fn fed(config: AisConfig, text: &[u8], received: Timestamp) -> (AisDecoder, Vec<Result<Report, DecodeError>>) {
        let mut decoder = AisDecoder::new(config);
        decoder.handle_bytes(text, received);
        let reports = core::iter::from_fn(|| decoder.poll_report()).collect();
        (decoder, reports)
    }

    fn seen(report: &Result<Report, DecodeError>) -> (Timestamp, Point, Identity) {
        let Ok(Report::Scan(scan)) = report else { panic!("{report:?}") };
        let [Return { place: Place::Geodetic(point), identity, .. }] = &scan.returns[..] else { panic!("{scan:?}") };
        (scan.time, *point, identity.clone())
    }

    fn ferry() -> Transponder<'static> {
        Transponder {
            mmsi: 261_000_123,
            name: "FERRY WANDA",
            callsign: "SPWA",
            ship_type: 60,
            length_beam_m: (60.0, 12.0),
            class_b: false,
        }
    }

    fn state(second: i64) -> VesselState {
        VesselState {
            time: NOON + Span::from_secs(second),
            latitude_deg: 54.5,
            longitude_deg: 18.6,
            speed_m_s: 8.0,
            course_deg: 135.0,
        }
    }

    fn sentences(each: &[(Transponder<'static>, i64)]) -> Vec<u8> {
        let mut out = Vec::new();
        for (vessel, second) in each {
            Sentences::default().send(&vessel.position(&state(*second)), &mut out);
        }
        out
    }

    #[test]
    fn a_vessel_comes_out_where_it_said_with_its_name() {
        let mut text = Vec::new();
        ferry().particulars(|message| Sentences::default().send(message, &mut text));
        Sentences::default().send(&ferry().position(&state(7)), &mut text);
        let (decoder, reports) = fed(AisConfig::default(), &text, NOON + Span::from_secs(9));
        let (time, point, identity) = seen(&reports[0]);
        assert_eq!(time, NOON + Span::from_secs(7), "the second that it told, not that of receipt");
        assert!((point.position.latitude_deg() - 54.5).abs() < 2e-6);
        assert!((point.position.longitude_deg() - 18.6).abs() < 2e-6);
        let [east, north, _] = point.velocity.unwrap().east_north_up;
        assert!((east - 5.657).abs() < 0.05 && (north + 5.657).abs() < 0.05);
        assert_eq!(identity.name.as_deref(), Some("FERRY WANDA"));
        assert_eq!((identity.address, identity.class), (Some(Address::Mmsi(261_000_123)), ObjectClass::Surface));
        assert_eq!((decoder.tally().lines, decoder.tally().messages, decoder.tally().parts), (3, 2, 1));
    }

    #[test]
    fn a_second_before_the_full_minute_belongs_to_the_minute_before() {
        let (_, reports) = fed(AisConfig::default(), &sentences(&[(ferry(), 58)]), NOON + Span::from_secs(61));
        assert_eq!(seen(&reports[0]).0, NOON + Span::from_secs(58));
        let midnight = Timestamp::from_secs(1_700_006_400).midnight();
        assert_eq!(nearest(midnight, 59), midnight - Span::from_secs(1));
        assert_eq!(nearest(midnight - Span::from_secs(1), 2), midnight + Span::from_secs(2));
    }

    #[test]
    fn the_same_message_by_two_receivers_counts_once() {
        let twice = [sentences(&[(ferry(), 7)]), sentences(&[(ferry(), 7)])].concat();
        let (decoder, reports) = fed(AisConfig::default(), &twice, NOON + Span::from_secs(8));
        assert_eq!((reports.len(), decoder.tally().duplicates), (1, 1));
    }

    #[test]
    fn null_island_and_dead_reckoning_are_no_positions() {
        let mut out = Vec::new();
        let nowhere = VesselState { latitude_deg: 0.0, longitude_deg: 0.0, ..state(1) };
        Sentences::default().send(&ferry().position(&nowhere), &mut out);
        let (decoder, reports) = fed(AisConfig::default(), &out, NOON);
        assert_eq!((reports.len(), decoder.tally().positions_unknown), (0, 1));
    }

    #[test]
    fn every_line_ends_in_one_counter() {
        let mut text = sentences(&[(ferry(), 1), (ferry(), 12)]);
        text.extend_from_slice(b"$GPRMC,whatever*00\r\nrubbish\n!AIVDM,1,1,,A,1,0*00\n\n");
        let lost = "AIVDM,2,2,4,A,1,0";
        text.extend_from_slice(format!("!{lost}*{:02X}\n", sentence::checksum(lost.as_bytes())).as_bytes());
        let (decoder, reports) = fed(AisConfig::default(), &text, NOON);
        let tally = decoder.tally();
        let sum = tally.parts
            + tally.other_sentences
            + tally.refused_sentences
            + tally.refused_payload
            + tally.long_lines
            + tally.messages;
        assert_eq!((tally.lines, sum), (6, 6), "{tally:?}");
        assert_eq!(reports.iter().filter(|report| report.is_err()).count(), 2);
    }

    #[test]
    fn the_own_transponder_may_be_left_out() {
        let own = String::from_utf8(sentences(&[(ferry(), 1)])).unwrap().replace("AIVDM", "AIVDO");
        let body = own.trim_start_matches('!').split('*').next().unwrap().to_owned();
        let line = format!("!{body}*{:02X}\n", sentence::checksum(body.as_bytes()));
        let config = AisConfig { keep_own: false, ..AisConfig::default() };
        let (decoder, reports) = fed(config, line.as_bytes(), NOON);
        assert_eq!((reports.len(), decoder.tally().own_ignored), (0, 1));
    }
}
