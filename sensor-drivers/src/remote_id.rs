//! Remote ID (ASTM F3411-22a, EN 4709-002): unmanned aircraft that say who and where they are, heard by a receiver.
//!
//! From bytes to reports, one file a step: this file takes what a receiver delivers (lines of JSON or datagrams),
//! [`carrier`] removes Bluetooth or Wi-Fi around it, [`message`] reads and writes the 25 octets, [`fleet`] puts
//! together what one transmitter said and reports each new location, [`accuracy`] and [`clock`] give sigmas and times.
//! MAVLink's `OPEN_DRONE_ID_*` messages go to the same [`fleet`].
//!
//! Assumed: nothing is signed, so what is told is a claim; the tracker weighs it against other sensors. The place of
//! the operator is no part of an aircraft's track.

use fusion_core::time::{Span, Timestamp};
use serde::Deserialize;

use crate::decoder::{Decoder, OwnedScan, Report};
use crate::error::{DecodeError, Reason};
use crate::lines::{Framed, LINE_BYTES_MAX, LineFramer};
use crate::outbox::Outbox;
use fleet::{Fleet, Transmitter};
use message::{MESSAGE_BYTES, Message, PACK_MESSAGES_MAX};

pub mod accuracy;
pub mod carrier;
pub mod clock;
pub mod fleet;
pub mod message;

/// How a receiver delivers what it heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Lines of JSON: `{"mac": "60:60:1F:00:00:01", "data": "F219..."}`.
    #[default]
    Lines,
    /// One datagram for each: six octets of the transmitter's MAC address, then what was heard.
    Datagrams,
}

/// How a receiver is set up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RemoteIdConfig {
    /// How it delivers.
    pub form: Form,
    /// Whether lines come in datagrams, whose end ends a line.
    pub datagrams: bool,
    /// Whether operators become source tracks.
    pub show_operators: bool,
    /// One sigma of a horizontal position of unknown accuracy, metres.
    pub horizontal_sigma_m: f64,
    /// One sigma of a geodetic altitude of unknown accuracy, metres.
    pub vertical_sigma_m: f64,
    /// One sigma of a velocity of unknown accuracy, m/s.
    pub velocity_sigma_m_s: f64,
    /// One sigma of a time of unknown accuracy, seconds.
    pub time_sigma_s: f64,
    /// How far a told time may lie from that of receipt; beyond, the latter is taken.
    pub time_error_max: Span,
    /// From being there to being received, where no time is told.
    pub latency: Span,
}

impl Default for RemoteIdConfig {
    fn default() -> Self {
        Self {
            form: Form::Lines,
            datagrams: false,
            show_operators: false,
            horizontal_sigma_m: 30.0,
            vertical_sigma_m: 50.0,
            velocity_sigma_m_s: 3.0,
            time_sigma_s: 0.5,
            time_error_max: Span::from_secs(10),
            latency: Span::ZERO,
        }
    }
}

/// The driver of one receiver.
#[derive(Debug)]
pub struct RemoteIdDecoder {
    config: RemoteIdConfig,
    framer: LineFramer,
    last_received: Timestamp,
    ear: Ear,
}

/// What takes in what was heard, whatever form it came in.
#[derive(Debug)]
struct Ear {
    fleet: Fleet,
    out: Outbox,
    heard: u64,
    heard_refused: u64,
    long_lines: u64,
}

/// How long the beginning of a line waits for the rest before it is taken for a whole line.
const LINE_WAIT: Span = Span::from_secs(1);

/// Octets of a MAC address.
const MAC_BYTES: usize = 6;

/// Octets of what was heard at the most: a full pack and the longest carrier around it, with room for padding.
///
/// Counter: `heard_refused`.
pub const HEARD_BYTES_MAX: usize = 3 + PACK_MESSAGES_MAX * MESSAGE_BYTES + 32;

impl RemoteIdDecoder {
    /// A driver that has heard nothing yet.
    ///
    /// # Errors
    /// [`Reason::OutOfRange`] for a sigma that is not above zero.
    pub fn new(config: RemoteIdConfig) -> Result<Self, Reason> {
        fleet::check(&config)?;
        let ear = Ear { fleet: Fleet::new(config), out: Outbox::default(), heard: 0, heard_refused: 0, long_lines: 0 };
        Ok(Self { config, framer: LineFramer::default(), last_received: Timestamp::EPOCH, ear })
    }
}

impl Decoder for RemoteIdDecoder {
    fn handle_bytes(&mut self, bytes: &[u8], received: Timestamp) {
        let Self { config, framer, ear, .. } = self;
        match config.form {
            Form::Datagrams => ear.handle_datagram(bytes, received),
            Form::Lines => {
                framer.split(bytes, |framed| ear.handle_line(framed, received));
                if config.datagrams {
                    framer.finish(|framed| ear.handle_line(framed, received));
                }
            }
        }
        self.last_received = received;
    }

    fn handle_timeout(&mut self, now: Timestamp) {
        let Self { framer, ear, last_received, .. } = self;
        if framer.is_waiting() && now - *last_received >= LINE_WAIT {
            framer.finish(|framed| ear.handle_line(framed, *last_received));
        }
    }

    fn poll_report(&mut self) -> Option<Result<Report, DecodeError>> {
        self.ear.out.poll()
    }

    fn recycle(&mut self, scan: OwnedScan) {
        self.ear.out.recycle(scan);
    }

    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        each("heard", self.ear.heard);
        each("heard_refused", self.ear.heard_refused);
        each("long_lines", self.ear.long_lines);
        self.ear.fleet.counters(each);
        self.ear.out.counters(each);
    }
}

/// A line, as receivers write it. Whatever else it says is ignored.
#[derive(Deserialize)]
struct Line<'a> {
    data: &'a str,
    #[serde(default)]
    mac: Option<&'a str>,
}

impl Ear {
    fn handle_line(&mut self, framed: Framed<'_>, received: Timestamp) {
        match framed {
            Framed::Line(line) if line.iter().all(u8::is_ascii_whitespace) => {}
            Framed::Line(line) => match read_line(line) {
                Ok((from, octets, length)) => self.handle_heard(from, &octets[..length], received),
                Err(error) => self.refuse(error),
            },
            Framed::TooLong => {
                self.long_lines += 1;
                self.refuse(fault(LINE_BYTES_MAX, "line", Reason::TooLarge { bound: LINE_BYTES_MAX }));
            }
        }
    }

    fn handle_datagram(&mut self, bytes: &[u8], received: Timestamp) {
        match bytes.split_first_chunk::<MAC_BYTES>() {
            Some((mac, heard)) => {
                let mut from = Transmitter::default();
                from.0[..MAC_BYTES].copy_from_slice(mac);
                self.handle_heard(from, heard, received);
            }
            None => self.refuse(fault(0, "mac", Reason::Truncated { missing: MAC_BYTES - bytes.len() })),
        }
    }

    fn handle_heard(&mut self, from: Transmitter, heard: &[u8], received: Timestamp) {
        let sent = carrier::opened(heard).map_err(|reason| fault(0, "carrier", reason));
        match sent.and_then(|sent| message::unpack(sent).map_err(|reason| fault(0, "pack", reason))) {
            Ok(messages) => {
                self.heard += 1;
                for (index, octets) in messages.enumerate() {
                    self.handle_message(from, index, octets, received);
                }
            }
            Err(error) => self.refuse(error),
        }
    }

    fn handle_message(&mut self, from: Transmitter, index: usize, octets: &[u8; MESSAGE_BYTES], received: Timestamp) {
        match Message::read(octets) {
            Ok(message) => self.fleet.handle(from, &message, received, &mut self.out),
            Err(reason) => {
                self.fleet.refuse();
                self.out.refuse(fault(index * MESSAGE_BYTES, "message", reason));
            }
        }
    }

    fn refuse(&mut self, error: DecodeError) {
        self.heard_refused += 1;
        self.out.refuse(error);
    }
}

/// Who was heard, and what: octets and how many.
type Said = (Transmitter, [u8; HEARD_BYTES_MAX], usize);

fn read_line(line: &[u8]) -> Result<Said, DecodeError> {
    let said: Line<'_> = serde_json::from_slice(line)
        .map_err(|error| fault(error.column().saturating_sub(1), "line", Reason::BadText))?;
    let mut from = Transmitter::default();
    unhex(said.mac.unwrap_or(""), &mut from.0).map_err(|reason| fault(0, "mac", reason))?;
    let mut octets = [0; HEARD_BYTES_MAX];
    let length = unhex(said.data, &mut octets).map_err(|reason| fault(0, "data", reason))?;
    Ok((from, octets, length))
}

/// Octets from hexadecimal digits, in which `:`, `-` and spaces may stand.
fn unhex(text: &str, octets: &mut [u8]) -> Result<usize, Reason> {
    let mut digits = 0;
    for character in text.bytes().filter(|byte| !matches!(byte, b':' | b'-' | b' ')) {
        let digit = char::from(character).to_digit(16).and_then(|d| u8::try_from(d).ok()).ok_or(Reason::BadText)?;
        let bound = octets.len();
        let octet = octets.get_mut(digits / 2).ok_or(Reason::TooLarge { bound })?;
        *octet = *octet << 4 | digit;
        digits += 1;
    }
    if digits % 2 == 0 { Ok(digits / 2) } else { Err(Reason::BadText) }
}

const fn fault(offset: usize, field: &'static str, reason: Reason) -> DecodeError {
    DecodeError { format: "remote-id", offset, field, reason }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::decoder::{Place, Point, Return, TimeQuality};
    use fusion_core::identity::{Address, ObjectClass};
    use message::{Accuracy, BasicId, Location, System};

    /// 2023-11-15T00:00:00Z.
    const HOUR: Timestamp = Timestamp::from_secs(1_700_006_400);

    fn serial(id: [u8; 20]) -> Message {
        Message::BasicId(BasicId { kind: 1, aircraft: 2, id })
    }

    fn location(tenths: u16) -> Location {
        Location {
            status: 2,
            course_deg: Some(90.0),
            speed_m_s: Some(10.0),
            climb_m_s: Some(-1.0),
            latitude_e7: 522_000_000,
            longitude_e7: 210_000_000,
            geodetic_altitude_m: Some(150.0),
            accuracy: Accuracy { horizontal: 10, vertical: 4, pressure: 0, speed: 3, time: 2 },
            tenths: Some(tenths),
            ..Location::default()
        }
    }

    fn decoder(form: Form) -> RemoteIdDecoder {
        RemoteIdDecoder::new(RemoteIdConfig { form, ..RemoteIdConfig::default() }).unwrap()
    }

    /// One datagram of one transmitter.
    fn datagram(mac: u8, messages: &[Message]) -> Vec<u8> {
        let mut bytes = vec![0x60, 0x60, 0x1F, 0, 0, mac, 0xFA, 0x0B, 0xBC, 0x0D, 9];
        message::pack(messages, &mut bytes);
        bytes
    }

    fn heard(decoder: &mut RemoteIdDecoder, bytes: &[u8], received: Timestamp) -> Vec<Report> {
        decoder.handle_bytes(bytes, received);
        core::iter::from_fn(|| decoder.poll_report()).map(|report| report.unwrap()).collect()
    }

    fn scan(reports: &[Report]) -> (&OwnedScan, &Point, &Return) {
        let [Report::Scan(scan)] = reports else { panic!("one scan, not {reports:?}") };
        let [seen] = &scan.returns[..] else { panic!("one return") };
        let Place::Geodetic(point) = &seen.place else { panic!("a point") };
        (scan, point, seen)
    }

    fn count(decoder: &RemoteIdDecoder, wanted: &str) -> u64 {
        let mut found = None;
        decoder.counters(&mut |name, count| {
            if name == wanted {
                found = Some(count);
            }
        });
        found.unwrap()
    }

    #[test]
    fn a_pack_gives_one_point_with_velocity_sigmas_and_serial_number() {
        let mut decoder = decoder(Form::Datagrams);
        let pack = datagram(1, &[serial(*b"1581F5BKD239A00DK4RT"), Message::Location(location(5))]);
        let reports = heard(&mut decoder, &pack, HOUR + Span::from_millis(700));
        let (scan, point, seen) = scan(&reports);
        assert_eq!((scan.time, scan.time_quality), (HOUR + Span::from_millis(500), TimeQuality::Sensor));
        assert_eq!(seen.identity.address.unwrap().to_string(), "remote-id:1581F5BKD239A00DK4RT");
        assert_eq!(seen.identity.class, ObjectClass::Uav);
        assert!((point.position.latitude_deg() - 52.2).abs() < 1e-9 && (point.position.height_m - 150.0).abs() < 1e-9);
        // 10 m in 95 % of cases, and 0.1 s of a speed of 10 m/s.
        let expected = fusion_core::maths::hypot(10.0 / 2.447_746_8, 10.0 * 0.2 / 1.959_964);
        assert!((point.horizontal.east_sigma_m - expected).abs() < 1e-6);
        let velocity = point.velocity.unwrap();
        assert!((velocity.east_north_up[0] - 10.0).abs() < 1e-9 && velocity.east_north_up[1].abs() < 1e-9);
    }

    #[test]
    fn messages_that_come_apart_are_put_together_by_their_transmitter() {
        let mut decoder = decoder(Form::Datagrams);
        assert!(
            heard(&mut decoder, &datagram(1, &[serial(*b"AAAA\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")]), HOUR).is_empty()
        );
        assert!(
            heard(&mut decoder, &datagram(2, &[serial(*b"BBBB\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")]), HOUR).is_empty()
        );
        let reports = heard(&mut decoder, &datagram(1, &[Message::Location(location(0))]), HOUR);
        assert_eq!(scan(&reports).2.identity.address.unwrap().to_string(), "remote-id:AAAA");
    }

    #[test]
    fn a_location_heard_again_is_a_copy_on_any_band() {
        let mut decoder = decoder(Form::Datagrams);
        let messages = [serial(*b"1581F5BKD239A00DK4RT"), Message::Location(location(5))];
        assert_eq!(heard(&mut decoder, &datagram(1, &messages), HOUR).len(), 1);
        assert_eq!(heard(&mut decoder, &datagram(1, &messages), HOUR).len(), 0);
        assert_eq!(heard(&mut decoder, &datagram(2, &messages), HOUR).len(), 0);
        assert_eq!(count(&decoder, "remote_id_locations_repeated"), 2);
    }

    #[test]
    fn hour_rollover_takes_the_nearest_hour_and_a_wrong_clock_the_time_of_receipt() {
        let mut decoder = decoder(Form::Datagrams);
        let just_after = HOUR + Span::from_millis(200);
        let reports = heard(&mut decoder, &datagram(1, &[Message::Location(location(35_999))]), just_after);
        assert_eq!(scan(&reports).0.time, HOUR - Span::from_millis(100));
        let reports = heard(&mut decoder, &datagram(1, &[Message::Location(location(9_000))]), just_after);
        assert_eq!((scan(&reports).0.time, scan(&reports).0.time_quality), (just_after, TimeQuality::Received));
        assert_eq!(count(&decoder, "remote_id_times_refused"), 1);
    }

    #[test]
    fn null_island_is_no_location() {
        let mut decoder = decoder(Form::Datagrams);
        let nowhere = Location { latitude_e7: 0, longitude_e7: 0, ..location(5) };
        assert!(heard(&mut decoder, &datagram(1, &[Message::Location(nowhere)]), HOUR).is_empty());
        assert_eq!(count(&decoder, "remote_id_locations_unknown"), 1);
    }

    #[test]
    fn an_operator_is_shown_only_if_wanted_and_never_as_the_aircraft() {
        let system = Message::System(System {
            operator: 1,
            latitude_e7: 522_000_000,
            longitude_e7: 210_000_000,
            altitude_m: None,
            seconds: 0,
        });
        let mut quiet = decoder(Form::Datagrams);
        assert!(heard(&mut quiet, &datagram(1, &[system]), HOUR).is_empty());
        assert_eq!(count(&quiet, "remote_id_operators"), 1);
        let config = RemoteIdConfig { form: Form::Datagrams, show_operators: true, ..RemoteIdConfig::default() };
        let mut showing = RemoteIdDecoder::new(config).unwrap();
        let reports = heard(&mut showing, &datagram(1, &[system]), HOUR);
        let [Report::SourceTrack(track)] = &reports[..] else { panic!("a source track") };
        assert_eq!((track.identity.class, track.identity.name.as_deref()), (ObjectClass::Ground, Some("operator")));
    }

    #[test]
    fn a_session_is_an_address_though_it_is_no_text() {
        let mut decoder = decoder(Form::Datagrams);
        let id = |kind, id| Message::BasicId(BasicId { kind, aircraft: 2, id });
        let address = |decoder: &mut RemoteIdDecoder, mac, kind| {
            let pack = datagram(mac, &[id(kind, [200; 20]), Message::Location(location(u16::from(mac)))]);
            scan(&heard(decoder, &pack, HOUR)).2.identity.address
        };
        let (utm, session) = (address(&mut decoder, 1, 3).unwrap(), address(&mut decoder, 2, 4).unwrap());
        assert!(utm.to_string().starts_with("remote-id:utm-") && utm.contradicts(session));
        assert_eq!(address(&mut decoder, 3, 1), None::<Address>);
        assert_eq!(count(&decoder, "remote_id_ids_refused"), 1);
    }

    #[test]
    fn lines_and_datagrams_say_the_same_wherever_a_stream_is_cut() {
        let bytes = datagram(1, &[serial(*b"1581F5BKD239A00DK4RT"), Message::Location(location(5))]);
        let hex = |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02X}")).collect::<String>();
        let line = format!("{{\"rssi\":-60,\"mac\":\"60:60:1F:00:00:01\",\"data\":\"{}\"}}\n", hex(&bytes[6..]));
        let expected = heard(&mut decoder(Form::Datagrams), &bytes, HOUR);
        for cut in [1, 7, line.len()] {
            let mut decoder = decoder(Form::Lines);
            let pieces = line.as_bytes().chunks(cut);
            let reports: Vec<_> = pieces.flat_map(|piece| heard(&mut decoder, piece, HOUR)).collect();
            assert_eq!(reports, expected, "cut at {cut}");
        }
    }

    #[test]
    fn what_is_no_remote_id_is_refused_with_its_reason() {
        let refusal = |form, bytes: &[u8]| {
            let mut decoder = decoder(form);
            decoder.handle_bytes(bytes, HOUR);
            decoder.poll_report().unwrap().unwrap_err().to_string()
        };
        let cases = [
            (Form::Lines, &b"{\"mac\":\"00\"}\n"[..], "remote-id: line at byte 11: the text is malformed"),
            (Form::Lines, b"{\"data\":\"0\"}\n", "remote-id: data at byte 0: the text is malformed"),
            (Form::Lines, b"{\"data\":\"80\"}\n", "remote-id: carrier at byte 0: this is not the expected format"),
            (Form::Lines, b"{\"data\":\"12\"}\n", "remote-id: pack at byte 0: ends 24 byte(s) too early"),
            (Form::Datagrams, b"123", "remote-id: mac at byte 0: ends 3 byte(s) too early"),
        ];
        for (form, bytes, expected) in cases {
            assert_eq!(refusal(form, bytes), expected);
        }
    }

    #[test]
    fn the_table_of_transmitters_is_bounded() {
        let mut decoder = decoder(Form::Datagrams);
        for number in 0..fleet::TRANSMITTERS_MAX + 5 {
            let mut bytes = datagram(1, &[Message::SelfId([0; 24])]);
            bytes[..2].copy_from_slice(&u16::try_from(number).unwrap().to_be_bytes());
            decoder.handle_bytes(&bytes, HOUR);
        }
        assert_eq!((count(&decoder, "transmitters"), count(&decoder, "transmitters_evicted")), (512, 5));
    }
}
