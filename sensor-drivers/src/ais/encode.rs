//! AIS as receivers send it on: `!AIVDM` sentences of messages 1 and 5 (class A), 18 and 24 (class B), for the
//! simulator.
//!
//! Messages by ITU-R M.1371-5, annex 8; armouring and sentences by IEC 61162-1: six bits a character, two channels in
//! turn, at most 60 characters a sentence.

use core::fmt::Write;

use fusion_core::maths::round;
use fusion_core::time::Timestamp;

use super::bits::{Bits, six_bits};
use super::message::KNOT_M_S;
use super::sentence::checksum;

/// Characters of payload in a sentence at the most.
///
/// No counter: longer messages are split.
const PAYLOAD_CHARACTERS_MAX: usize = 60;

/// A vessel's transponder, as it was set up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transponder<'a> {
    /// Its MMSI.
    pub mmsi: u32,
    /// The vessel's name, at most 20 characters.
    pub name: &'a str,
    /// Its callsign, at most 7 characters.
    pub callsign: &'a str,
    /// Type of ship and cargo.
    pub ship_type: u8,
    /// Length and beam, metres.
    pub length_beam_m: (f64, f64),
    /// A small one, which sends 18 and 24 instead of 1 and 5.
    pub class_b: bool,
}

/// Where a vessel is and how it moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VesselState {
    /// When.
    pub time: Timestamp,
    /// Degrees north.
    pub latitude_deg: f64,
    /// Degrees east.
    pub longitude_deg: f64,
    /// Speed over ground.
    pub speed_m_s: f64,
    /// Course over ground, degrees.
    pub course_deg: f64,
}

impl Transponder<'_> {
    /// Message 1 or 18: where it is and how it moves.
    #[must_use]
    pub fn position(&self, state: &VesselState) -> Bits {
        let speed = scaled(state.speed_m_s / KNOT_M_S, 10.0).clamp(0, 1022);
        let (longitude, latitude) = (scaled(state.longitude_deg, 600_000.0), scaled(state.latitude_deg, 600_000.0));
        let tenths = scaled(state.course_deg, 10.0).rem_euclid(3600);
        let heading = scaled(state.course_deg, 1.0).rem_euclid(360);
        let second = state.time.as_nanos().div_euclid(1_000_000_000).rem_euclid(60);
        let motion = [(longitude, 28), (latitude, 27), (tenths, 12), (heading, 9), (second, 6)];
        let mut bits = self.begun(if self.class_b { 18 } else { 1 });
        if self.class_b {
            // No regional data; then speed, accuracy, place, course; a class B "CS" unit that listens on all channels.
            write(&mut bits, &[(0, 8), (speed, 10), (0, 1)]);
            write(&mut bits, &motion);
            write(&mut bits, &[(0, 2), (1, 1), (0, 1), (0, 1), (1, 1), (1, 1), (0, 1), (0, 1), (0, 20)]);
        } else {
            // Under way using engine; rate of turn not available.
            write(&mut bits, &[(0, 4), (-128, 8), (speed, 10), (0, 1)]);
            write(&mut bits, &motion);
            write(&mut bits, &[(0, 2), (0, 3), (0, 1), (0, 19)]);
        }
        bits
    }

    /// Who it is: message 5, or both parts of 24.
    pub fn particulars(&self, mut each: impl FnMut(&Bits)) {
        if self.class_b {
            each(&self.name_24a());
            each(&self.particulars_24b());
        } else {
            each(&self.particulars_5());
        }
    }

    /// Its voyage is not known: no time of arrival (month and day 0, hour 24, minute 60), no draught, no destination.
    fn particulars_5(&self) -> Bits {
        let mut bits = self.begun(5);
        write(&mut bits, &[(0, 2), (0, 30)]);
        text(&mut bits, self.callsign, 7);
        text(&mut bits, self.name, 20);
        write(&mut bits, &[(i64::from(self.ship_type), 8)]);
        self.size(&mut bits);
        write(&mut bits, &[(1, 4), (0, 4), (0, 5), (24, 5), (60, 6), (0, 8)]);
        text(&mut bits, "", 20);
        write(&mut bits, &[(0, 1), (0, 1)]);
        bits
    }

    fn name_24a(&self) -> Bits {
        let mut bits = self.begun(24);
        write(&mut bits, &[(0, 2)]);
        text(&mut bits, self.name, 20);
        write(&mut bits, &[(0, 8)]);
        bits
    }

    fn particulars_24b(&self) -> Bits {
        let mut bits = self.begun(24);
        write(&mut bits, &[(1, 2), (i64::from(self.ship_type), 8)]);
        text(&mut bits, "", 7);
        text(&mut bits, self.callsign, 7);
        self.size(&mut bits);
        write(&mut bits, &[(0, 6)]);
        bits
    }

    /// The type, no repeat, the MMSI.
    fn begun(&self, kind: i64) -> Bits {
        let mut bits = Bits::new();
        write(&mut bits, &[(kind, 6), (0, 2), (self.mmsi.into(), 30)]);
        bits
    }

    /// Length and beam, as distances from an antenna in the middle.
    fn size(&self, bits: &mut Bits) {
        let (length, beam) = (scaled(self.length_beam_m.0, 1.0), scaled(self.length_beam_m.1, 1.0));
        let (fore, port) = (length / 2, beam / 2);
        write(bits, &[(fore, 9), (length - fore, 9), (port, 6), (beam - port, 6)]);
    }
}

/// Sentences of one receiver: channels in turn, messages of several sentences numbered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sentences {
    sent: u32,
    split: u32,
}

impl Sentences {
    /// Appends a message as one line or more.
    pub fn send(&mut self, message: &Bits, out: &mut Vec<u8>) {
        let (payload, fill) = message.armoured();
        let payload: Vec<u8> = payload.collect();
        let total = payload.len().div_ceil(PAYLOAD_CHARACTERS_MAX);
        let channel = if self.sent.is_multiple_of(2) { 'A' } else { 'B' };
        self.sent += 1;
        let mut id = String::new();
        if total > 1 {
            self.split += 1;
            id = (self.split % 10).to_string();
        }
        for (number, part) in (1..).zip(payload.chunks(PAYLOAD_CHARACTERS_MAX)) {
            let fill = if number == total { fill } else { 0 };
            let part = core::str::from_utf8(part).expect("armour is ASCII");
            let body = format!("AIVDM,{total},{number},{id},{channel},{part},{fill}");
            let mut line = String::with_capacity(body.len() + 6);
            write!(line, "!{body}*{:02X}\r\n", checksum(body.as_bytes())).expect("a string takes all text");
            out.extend_from_slice(line.as_bytes());
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "degrees and knots, scaled, are far within 64 bits")]
fn scaled(value: f64, scale: f64) -> i64 {
    round(value * scale) as i64
}

/// The lowest bits of numbers; negative ones in two's complement.
fn write(bits: &mut Bits, fields: &[(i64, usize)]) {
    for &(value, width) in fields {
        let low = u32::try_from(value.cast_unsigned() & 0xFFFF_FFFF).expect("32 bits");
        bits.push(low, width).expect("these messages fit");
    }
}

/// So many characters of six bits, filled up with `@`.
fn text(bits: &mut Bits, text: &str, characters: usize) {
    for character in text.chars().chain(core::iter::repeat('@')).take(characters) {
        write(bits, &[(six_bits(character).into(), 6)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vessel(class_b: bool) -> Transponder<'static> {
        Transponder {
            mmsi: 261_000_001,
            name: "NORDVIND",
            callsign: "SPAA1",
            ship_type: 70,
            length_beam_m: (120.0, 20.0),
            class_b,
        }
    }

    fn particulars(class_b: bool) -> Vec<Bits> {
        let mut messages = Vec::new();
        vessel(class_b).particulars(|bits| messages.push(bits.clone()));
        messages
    }

    #[test]
    fn messages_have_the_length_that_the_standard_gives_them() {
        let state = VesselState {
            time: Timestamp::EPOCH,
            latitude_deg: 1.0,
            longitude_deg: 2.0,
            speed_m_s: 3.0,
            course_deg: 4.0,
        };
        assert_eq!([true, false].map(|class_b| vessel(class_b).position(&state).len()), [168, 168]);
        let lengths = |class_b| particulars(class_b).iter().map(Bits::len).collect::<Vec<_>>();
        assert_eq!((lengths(false), lengths(true)), (vec![424], vec![168, 168]));
    }

    #[test]
    fn numbers_and_letters_are_armoured_as_the_standard_says() {
        // 000001 is '1', 101000 (40) is '`', 111111 is 'w'; a blank is 32, '@' fills.
        let mut bits = Bits::new();
        write(&mut bits, &[(1, 6), (40, 6), (-1, 6)]);
        text(&mut bits, "A Z", 4);
        write(&mut bits, &[(1, 1)]);
        let (symbols, fill) = bits.armoured();
        assert_eq!((symbols.collect::<Vec<u8>>(), fill), (b"1`w1PJ0P".to_vec(), 5));
    }

    #[test]
    fn long_messages_are_split_and_every_sentence_has_its_sum() {
        let mut out = Vec::new();
        Sentences::default().send(&particulars(false)[0], &mut out);
        let text = String::from_utf8(out).expect("ASCII");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("!AIVDM,2,1,1,A,") && lines[1].starts_with("!AIVDM,2,2,1,A,"), "{text}");
        for line in lines {
            let (body, sum) = line[1..].split_once('*').expect("a sum");
            assert_eq!(format!("{:02X}", checksum(body.as_bytes())), sum);
            assert!(line.len() <= 80, "{line}");
        }
    }
}
