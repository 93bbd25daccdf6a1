//! AIS as receivers send it on: NMEA 0183 `!AIVDM` sentences of messages 1 and 5 (class A), 18 and 24 (class B).
//!
//! Messages by ITU-R M.1371-5, annex 8; armouring and sentences by IEC 61162-1: six bits a character, two channels in
//! turn, at most 60 characters a sentence.

use core::fmt::Write;

use fusion_core::geodesy::course_and_speed;
use fusion_core::maths::{hypot, round};
use fusion_core::nalgebra::Vector3;

use super::{Heard, ReportEncoder};
use crate::sim::scenario::{AisOut, AisType};

/// Characters of payload in a sentence at the most.
///
/// No counter: longer messages are split.
const PAYLOAD_CHARACTERS_MAX: usize = 60;
const KNOT_M_S: f64 = 1852.0 / 3600.0;

/// AIVDM sentences of one receiver.
#[derive(Debug, Default)]
pub(super) struct Nmea {
    sent: u32,
    split: u32,
}

impl ReportEncoder for Nmea {
    fn report(&mut self, heard: &Heard<'_>, out: &mut Vec<u8>) {
        let Some(ais) = &heard.live.actor.ais else { return };
        let mmsi = ais.mmsi + heard.live.id.instance;
        self.send(&position(heard, ais, mmsi), out);
        if !heard.particulars {
            return;
        }
        if ais.class_b {
            self.send(&name_24a(ais, mmsi), out);
            self.send(&particulars_24b(ais, mmsi), out);
        } else {
            self.send(&particulars_5(ais, mmsi), out);
        }
    }
}

impl Nmea {
    fn send(&mut self, message: &Bits, out: &mut Vec<u8>) {
        let (payload, fill) = message.armoured();
        let parts: Vec<&[u8]> = payload.chunks(PAYLOAD_CHARACTERS_MAX).collect();
        let channel = if self.sent.is_multiple_of(2) { 'A' } else { 'B' };
        self.sent += 1;
        let sequence = if parts.len() > 1 {
            self.split += 1;
            (self.split % 10).to_string()
        } else {
            String::new()
        };
        for (number, part) in (1..).zip(&parts) {
            let fill = if number == parts.len() { fill } else { 0 };
            let part = core::str::from_utf8(part).expect("armour is ASCII");
            let body = format!("AIVDM,{},{number},{sequence},{channel},{part},{fill}", parts.len());
            let sum = body.bytes().fold(0, |sum, byte| sum ^ byte);
            let mut line = String::with_capacity(body.len() + 6);
            write!(line, "!{body}*{sum:02X}\r\n").expect("a string takes all text");
            out.extend_from_slice(line.as_bytes());
        }
    }
}

/// Message 1 or 18: where it is and how it moves.
fn position(heard: &Heard<'_>, ais: &AisOut, mmsi: u32) -> Bits {
    let [east, north, _] = heard.point.velocity.map_or([0.0; 3], |velocity| velocity.east_north_up);
    let (course, _) = course_and_speed(&Vector3::new(east, north, 0.0));
    let speed = scaled(hypot(east, north) / KNOT_M_S, 10.0).clamp(0, 1022);
    let longitude = scaled(heard.point.position.longitude_deg(), 600_000.0);
    let latitude = scaled(heard.point.position.latitude_deg(), 600_000.0);
    let course_tenths = scaled(course.compass_degrees(), 10.0).rem_euclid(3600);
    let heading = scaled(course.compass_degrees(), 1.0).rem_euclid(360);
    let second = heard.time.as_nanos().div_euclid(1_000_000_000).rem_euclid(60);
    let mut bits = Bits::default();
    if ais.class_b {
        // No regional data; then speed, accuracy, place, course; a class B "CS" unit that listens on all channels.
        bits.put(18, 6).put(0, 2).put(mmsi.into(), 30).put(0, 8).put(speed, 10).put(0, 1);
        bits.put(longitude, 28).put(latitude, 27).put(course_tenths, 12).put(heading, 9).put(second, 6);
        bits.put(0, 2).put(1, 1).put(0, 1).put(0, 1).put(1, 1).put(1, 1).put(0, 1).put(0, 1).put(0, 20);
    } else {
        // Under way using engine; rate of turn not available.
        bits.put(1, 6).put(0, 2).put(mmsi.into(), 30).put(0, 4).put(-128, 8).put(speed, 10).put(0, 1);
        bits.put(longitude, 28).put(latitude, 27).put(course_tenths, 12).put(heading, 9).put(second, 6);
        bits.put(0, 2).put(0, 3).put(0, 1).put(0, 19);
    }
    bits
}

/// Message 5: name, call sign, type, size. Its voyage is not known.
fn particulars_5(ais: &AisOut, mmsi: u32) -> Bits {
    let mut bits = Bits::default();
    bits.put(5, 6).put(0, 2).put(mmsi.into(), 30).put(0, 2).put(0, 30);
    bits.text(&ais.callsign, 7).text(&ais.name, 20).put(type_number(ais.ship_type), 8);
    bits.size(ais).put(1, 4);
    // No estimated time of arrival (month and day 0, hour 24, minute 60), no draught, no destination.
    bits.put(0, 4).put(0, 5).put(24, 5).put(60, 6).put(0, 8).text("", 20).put(0, 1).put(0, 1);
    bits
}

/// Message 24, part A: the name.
fn name_24a(ais: &AisOut, mmsi: u32) -> Bits {
    let mut bits = Bits::default();
    bits.put(24, 6).put(0, 2).put(mmsi.into(), 30).put(0, 2).text(&ais.name, 20).put(0, 8);
    bits
}

/// Message 24, part B: type, call sign, size.
fn particulars_24b(ais: &AisOut, mmsi: u32) -> Bits {
    let mut bits = Bits::default();
    bits.put(24, 6).put(0, 2).put(mmsi.into(), 30).put(1, 2).put(type_number(ais.ship_type), 8);
    bits.text("", 7).text(&ais.callsign, 7).size(ais).put(0, 6);
    bits
}

const fn type_number(ship_type: AisType) -> i64 {
    match ship_type {
        AisType::Unknown => 0,
        AisType::Fishing => 30,
        AisType::Pleasure => 37,
        AisType::Pilot => 50,
        AisType::Rescue => 51,
        AisType::Tug => 52,
        AisType::Passenger => 60,
        AisType::Cargo => 70,
        AisType::Tanker => 80,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "degrees and knots, scaled, are far within 64 bits")]
fn scaled(value: f64, scale: f64) -> i64 {
    round(value * scale) as i64
}

/// A message, a bit a byte.
#[derive(Debug, Default)]
struct Bits(Vec<u8>);

impl Bits {
    /// The lowest bits of a number, the highest of them first; negative numbers as two's complement.
    fn put(&mut self, value: i64, count: u32) -> &mut Self {
        self.0.extend((0..count).rev().map(|bit| u8::from(value >> bit & 1 == 1)));
        self
    }

    /// So many characters of six bits, filled up with `@`.
    fn text(&mut self, text: &str, characters: usize) -> &mut Self {
        let padded = text.bytes().chain(core::iter::repeat(b'@')).take(characters);
        for byte in padded {
            self.put(i64::from(byte & 0x3F), 6);
        }
        self
    }

    /// Length and beam, as distances from an antenna in the middle.
    fn size(&mut self, ais: &AisOut) -> &mut Self {
        let (length, beam) = (scaled(ais.length_m, 1.0), scaled(ais.beam_m, 1.0));
        let (fore, port) = (length / 2, beam / 2);
        self.put(fore, 9).put(length - fore, 9).put(port, 6).put(beam - port, 6)
    }

    /// Six bits a character; and how many bits of the last are padding.
    fn armoured(&self) -> (Vec<u8>, usize) {
        let character = |six: &[u8]| {
            let value = (0..6).fold(0, |value, bit| value << 1 | six.get(bit).copied().unwrap_or(0));
            if value < 40 { value + 48 } else { value + 56 }
        };
        let payload = self.0.chunks(6).map(character).collect();
        (payload, self.0.len().next_multiple_of(6) - self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vessel() -> AisOut {
        AisOut {
            mmsi: 261_000_001,
            name: "NORDVIND".into(),
            callsign: "SPAA1".into(),
            ship_type: AisType::Cargo,
            length_m: 120.0,
            beam_m: 20.0,
            class_b: false,
            silent: Vec::new(),
        }
    }

    #[test]
    fn messages_have_the_length_that_the_standard_gives_them() {
        let vessel = vessel();
        let lengths = [particulars_5, name_24a, particulars_24b].map(|message| message(&vessel, vessel.mmsi).0.len());
        assert_eq!(lengths, [424, 168, 168]);
    }

    #[test]
    fn numbers_and_letters_are_armoured_as_the_standard_says() {
        // 000001 is '1', 101000 (40) is '`', 111111 is 'w'; a blank is 32, '@' fills.
        let mut bits = Bits::default();
        bits.put(1, 6).put(40, 6).put(-1, 6).text("A Z", 4).put(1, 1);
        assert_eq!(bits.armoured(), (b"1`w1PJ0P".to_vec(), 5));
    }

    #[test]
    fn long_messages_are_split_and_every_sentence_has_its_sum() {
        let (mut nmea, mut out) = (Nmea::default(), Vec::new());
        nmea.send(&particulars_5(&vessel(), 261_000_001), &mut out);
        let text = String::from_utf8(out).expect("ASCII");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("!AIVDM,2,1,1,A,") && lines[1].starts_with("!AIVDM,2,2,1,A,"), "{text}");
        for line in lines {
            let (body, sum) = line[1..].split_once('*').expect("a sum");
            assert_eq!(format!("{:02X}", body.bytes().fold(0, |sum, byte| sum ^ byte)), sum);
            assert!(line.len() <= 80, "{line}");
        }
    }
}
