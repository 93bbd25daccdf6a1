//! SBS-1 ("BaseStation") lines, as ADS-B receivers serve them on TCP port 30003: positions that somebody else decoded.
//!
//! A line tells neither accuracy nor a usable time (its clock is local, without a zone): sigma is configured, and the
//! time is that of receipt less the latency. Velocity, callsign and squawk come in lines of their own and are
//! remembered by address. Where Beast is served beside it, prefer that: it carries what aircraft say of their own
//! accuracy.

use fusion_core::geodesy::Geodetic;
use fusion_core::identity::{Address, Identity, ObjectClass};
use fusion_core::maths::{cos, hypot, sin};
use fusion_core::measurement::Coverage;
use fusion_core::time::{Span, Timestamp};

use crate::ais::message::KNOT_M_S;
use crate::decoder::{Decoder, HorizontalError, OwnedScan, Place, Point, PointVelocity, Report, Return, TimeQuality};
use crate::error::{DecodeError, Reason};
use crate::heard::Heard;
use crate::lines::{Framed, LINE_BYTES_MAX, LineFramer};
use crate::outbox::Outbox;

/// Aircraft remembered at once.
///
/// Counter: `evicted`; the one silent longest is forgotten.
pub const SBS_AIRCRAFT_MAX: usize = 2048;

const FOOT_M: f64 = 0.3048;
/// One sigma of a pressure altitude taken for a height above the ellipsoid, metres.
const HEIGHT_SIGMA_M: f64 = 150.0;
/// One sigma of a velocity in whole knots and degrees, at most so old, metres per second.
const VELOCITY_SIGMA_M_S: f64 = 3.0;
const CLIMB_SIGMA_M_S: f64 = 2.0;
const VELOCITY_AGE_MAX: Span = Span::from_secs(5);
/// One sigma of when a position was true, seconds, and the speed of whoever does not tell it.
const TIME_SIGMA_S: f64 = 0.3;
const UNTOLD_SPEED_M_S: f64 = 200.0;

/// How to read SBS-1 lines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SbsConfig {
    /// One sigma of a position, metres along each axis.
    pub sigma_m: f64,
    /// From the antenna to us.
    pub latency: Span,
}

/// Counters of an SBS-1 driver. Each line ends in exactly one of the first set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lines taken in, blank ones aside.
    pub lines: u64,
    /// Positions reported.
    pub positions: u64,
    /// Lines that tell something else of an aircraft.
    pub remembered: u64,
    /// Lines that are not `MSG`, such as `SEL` and `STA`.
    pub other_lines: u64,
    /// Lines that are none of its.
    pub refused: u64,
    /// Lines longer than the bound.
    pub long_lines: u64,
}

/// What is known of an aircraft beside where it is.
#[derive(Clone, Debug)]
struct Known {
    identity: Identity,
    velocity: Option<(Timestamp, PointVelocity)>,
}

/// The driver. See [`crate::decoder::Decoder`].
#[derive(Debug)]
pub struct SbsDecoder {
    framer: LineFramer,
    listener: Listener,
}

#[derive(Debug)]
struct Listener {
    config: SbsConfig,
    aircraft: Heard<Address, Known>,
    outbox: Outbox,
    tally: Tally,
}

impl SbsDecoder {
    /// A driver that has heard nothing yet.
    #[must_use]
    pub fn new(config: SbsConfig) -> Self {
        let (aircraft, outbox) = (Heard::new(SBS_AIRCRAFT_MAX), Outbox::default());
        Self { framer: LineFramer::default(), listener: Listener { config, aircraft, outbox, tally: Tally::default() } }
    }

    /// What became of every line.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.listener.tally
    }
}

impl Decoder for SbsDecoder {
    fn handle_bytes(&mut self, bytes: &[u8], received: Timestamp) {
        let Self { framer, listener } = self;
        framer.split(bytes, |framed| listener.handle_line(framed, received));
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
        each("positions", tally.positions);
        each("remembered", tally.remembered);
        each("other_lines", tally.other_lines);
        each("refused", tally.refused);
        each("long_lines", tally.long_lines);
        each("aircraft", self.listener.aircraft.len() as u64);
        each("aircraft_evicted", self.listener.aircraft.evicted());
        self.listener.outbox.counters(each);
    }
}

/// A line, borrowed: its fields by their numbers.
struct Line<'a>([&'a str; 22]);

impl<'a> Line<'a> {
    fn read(text: &'a str) -> Self {
        let mut fields = [""; 22];
        for (slot, field) in fields.iter_mut().zip(text.split(',')) {
            *slot = field.trim();
        }
        Self(fields)
    }

    fn number(&self, at: usize) -> Option<f64> {
        self.0[at].parse().ok().filter(|value: &f64| value.is_finite())
    }

    /// An ICAO address; with a tilde, one that is none.
    fn address(&self) -> Option<Address> {
        let told = self.0[4];
        let (digits, icao) = told.strip_prefix('~').map_or((told, true), |rest| (rest, false));
        let number = u32::from_str_radix(digits, 16).ok().filter(|number| *number <= 0xFF_FFFF)?;
        Some(if icao { Address::Icao(number) } else { Address::NonIcao(number) })
    }

    fn velocity(&self) -> Option<PointVelocity> {
        let (speed, track) = (self.number(12)? * KNOT_M_S, self.number(13)?.to_radians());
        let climb = self.number(16).map(|feet_per_minute| feet_per_minute * FOOT_M / 60.0);
        Some(PointVelocity {
            east_north_up: [speed * sin(track), speed * cos(track), climb.unwrap_or(0.0)],
            horizontal_sigma: VELOCITY_SIGMA_M_S,
            vertical_sigma: if climb.is_some() { CLIMB_SIGMA_M_S } else { 10.0 },
        })
    }
}

impl Listener {
    fn handle_line(&mut self, framed: Framed<'_>, received: Timestamp) {
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
        if let Err((field, reason)) = self.read(line, received - self.config.latency) {
            self.tally.refused += 1;
            self.refuse(0, field, reason);
        }
    }

    fn read(&mut self, line: &[u8], time: Timestamp) -> Result<(), (&'static str, Reason)> {
        let text = core::str::from_utf8(line).map_err(|_| ("line", Reason::BadText))?;
        let line = Line::read(text);
        match line.0[0] {
            "MSG" => {}
            "SEL" | "ID" | "AIR" | "STA" | "CLK" => {
                self.tally.other_lines += 1;
                return Ok(());
            }
            _ => return Err(("message type", Reason::NotThisFormat)),
        }
        let address = line.address().ok_or(("hex ident", Reason::BadText))?;
        let known = self.aircraft.hear(address, time, || Known::new(address));
        known.learn(&line, time);
        if !matches!(line.0[1], "2" | "3") {
            self.tally.remembered += 1;
            return Ok(());
        }
        let (latitude, longitude) = line.number(14).zip(line.number(15)).ok_or(("latitude", Reason::Missing))?;
        let height = line.number(11).filter(|_| line.0[1] == "3").map(|feet| feet * FOOT_M);
        let position = Geodetic::from_degrees(latitude, longitude, height.unwrap_or(0.0))
            .filter(|_| latitude != 0.0 || longitude != 0.0)
            .ok_or(("latitude", Reason::OutOfRange))?;
        let (velocity, identity) = (known.velocity(time), known.identity.clone());
        let speed = velocity.map_or(UNTOLD_SPEED_M_S, |v| hypot(v.east_north_up[0], v.east_north_up[1]));
        let point = Point {
            position,
            horizontal: HorizontalError::round(hypot(self.config.sigma_m, speed * TIME_SIGMA_S)),
            vertical_sigma_m: height.map(|_| HEIGHT_SIGMA_M),
            velocity,
        };
        let mut returns = self.outbox.list();
        returns.push(Return::unnamed(Place::Geodetic(point), identity));
        self.tally.positions += 1;
        let (time_quality, coverage) = (TimeQuality::Received, Coverage::Reports);
        self.outbox.push(Report::Scan(OwnedScan { time, time_quality, from: None, coverage, returns }));
        Ok(())
    }

    fn refuse(&mut self, offset: usize, field: &'static str, reason: Reason) {
        self.outbox.refuse(DecodeError { format: "sbs", offset, field, reason });
    }
}

impl Known {
    fn new(address: Address) -> Self {
        let identity = Identity { address: Some(address), class: ObjectClass::Air, ..Identity::UNKNOWN };
        Self { identity, velocity: None }
    }

    fn learn(&mut self, line: &Line<'_>, time: Timestamp) {
        if let Some(name) = heapless::String::try_from(line.0[10]).ok().filter(|name| !name.is_empty()) {
            self.identity.name = Some(name);
        }
        if let Some(code) = u16::from_str_radix(line.0[17], 8).ok().filter(|code| *code <= 0o7777) {
            self.identity.mode_3a = Some(code);
        }
        if let Some(velocity) = line.velocity() {
            self.velocity = Some((time, velocity));
        }
    }

    fn velocity(&self, now: Timestamp) -> Option<PointVelocity> {
        self.velocity.and_then(|(time, velocity)| ((now - time).abs() <= VELOCITY_AGE_MAX).then_some(velocity))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
    const STAMP: &str = "2023/11/14,22:13:20.000,2023/11/14,22:13:20.000";

    fn fed(text: &str) -> (SbsDecoder, Vec<Result<Report, DecodeError>>) {
        let mut decoder = SbsDecoder::new(SbsConfig { sigma_m: 40.0, latency: Span::from_millis(100) });
        decoder.handle_bytes(text.as_bytes(), NOW);
        let reports = core::iter::from_fn(|| decoder.poll_report()).collect();
        (decoder, reports)
    }

    fn flight() -> String {
        [
            format!("MSG,1,1,1,4CA2D6,1,{STAMP},RYR52K  ,,,,,,,,,,,0\r\n"),
            format!("MSG,4,1,1,4CA2D6,1,{STAMP},,,400,90,,,-600,,,,,0\r\n"),
            format!("MSG,6,1,1,4CA2D6,1,{STAMP},,,,,,,,6421,0,0,0,0\r\n"),
            format!("MSG,3,1,1,4CA2D6,1,{STAMP},,35000,,,52.5,21.5,,,0,0,0,0\r\n"),
        ]
        .concat()
    }

    #[test]
    fn what_was_told_in_four_lines_comes_out_as_one_position() {
        let (decoder, reports) = fed(&flight());
        let [Ok(Report::Scan(scan))] = &reports[..] else { panic!("{reports:?}") };
        let [Return { place: Place::Geodetic(point), identity, .. }] = &scan.returns[..] else { panic!("{scan:?}") };
        assert_eq!((scan.time, identity.address), (NOW - Span::from_millis(100), Some(Address::Icao(0x4C_A2D6))));
        assert_eq!((identity.name.as_deref(), identity.mode_3a), (Some("RYR52K"), Some(0o6421)));
        assert!((point.position.height_m - 10_668.0).abs() < 1e-9);
        let [east, north, up] = point.velocity.unwrap().east_north_up;
        assert!((east - 205.8).abs() < 0.1 && north.abs() < 1e-9 && (up + 3.048).abs() < 1e-9);
        assert_eq!((decoder.tally().lines, decoder.tally().positions, decoder.tally().remembered), (4, 1, 3));
    }

    #[test]
    fn what_is_no_position_is_refused_by_its_field() {
        for (line, field) in [
            (format!("MSG,3,1,1,XYZ,1,{STAMP},,35000,,,52.5,21.5,,,0,0,0,0\n"), "hex ident"),
            (format!("MSG,3,1,1,4CA2D6,1,{STAMP},,35000,,,,,,,0,0,0,0\n"), "latitude"),
            (format!("MSG,3,1,1,4CA2D6,1,{STAMP},,35000,,,0,0,,,0,0,0,0\n"), "latitude"),
            ("HTTP/1.1 200 OK\n".to_owned(), "message type"),
        ] {
            let (decoder, reports) = fed(&line);
            let [Err(error)] = &reports[..] else { panic!("{line}: {reports:?}") };
            assert_eq!((error.field, decoder.tally().refused), (field, 1));
        }
        assert_eq!(fed("STA,,5,179,400AE7,10103,2008/11/28\n").0.tally().other_lines, 1);
    }

    #[test]
    fn an_old_velocity_is_not_told() {
        let mut decoder = SbsDecoder::new(SbsConfig { sigma_m: 40.0, latency: Span::ZERO });
        let text = flight();
        let (before, position) = text.split_at(text.find("MSG,3").unwrap());
        decoder.handle_bytes(before.as_bytes(), NOW);
        decoder.handle_bytes(position.as_bytes(), NOW + Span::from_secs(10));
        let Some(Ok(Report::Scan(scan))) = decoder.poll_report() else { panic!("a position") };
        let Place::Geodetic(point) = scan.returns[0].place else { panic!("a point") };
        assert_eq!(point.velocity, None);
    }
}
