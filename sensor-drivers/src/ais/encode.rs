//! Sentences as a receiver would give them: position reports (type 1) and who it is (type 5), for the simulator.

use fusion_core::maths::{floor, round};
use fusion_core::time::Timestamp;

use super::bits::{Bits, six_bits};
use super::message::KNOT_M_S;
use super::sentence::checksum;

/// Characters of payload in one sentence: a sentence has at most 82 octets.
const PAYLOAD_CHARACTERS: usize = 60;

/// A class A transponder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transponder<'a> {
    /// Its MMSI.
    pub mmsi: u32,
    /// The vessel's name, at most 20 characters.
    pub name: &'a str,
    /// Its callsign, at most 7 characters.
    pub callsign: &'a str,
    /// Type of ship and cargo.
    pub ship_type: u8,
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
    /// Appends a position report, type 1, as one line.
    pub fn position(&self, state: &VesselState, out: &mut Vec<u8>) {
        let second = floor(state.time.time_of_day().as_secs_f64()) % 60.0;
        let knots = (state.speed_m_s / KNOT_M_S * 10.0).clamp(0.0, 1022.0);
        let course = state.course_deg.rem_euclid(360.0);
        let mut bits = Bits::new();
        write(&mut bits, &[(1, 6), (0, 2), (self.mmsi, 30), (0, 4), (128, 8), (whole(knots), 10), (1, 1)]);
        write(&mut bits, &[(whole(state.longitude_deg * 600_000.0), 28), (whole(state.latitude_deg * 600_000.0), 27)]);
        write(&mut bits, &[(whole(course * 10.0) % 3600, 12), (whole(course) % 360, 9), (whole(second), 6)]);
        write(&mut bits, &[(0, 2), (0, 3), (0, 1), (0, 19)]);
        sentences(&bits, out);
    }

    /// Appends who it is, type 5, as two lines.
    pub fn identification(&self, out: &mut Vec<u8>) {
        let mut bits = Bits::new();
        write(&mut bits, &[(5, 6), (0, 2), (self.mmsi, 30), (0, 2), (0, 30)]);
        text(&mut bits, self.callsign, 7);
        text(&mut bits, self.name, 20);
        write(&mut bits, &[(u32::from(self.ship_type), 8), (0, 30), (1, 4), (0, 20), (0, 8)]);
        text(&mut bits, "", 20);
        write(&mut bits, &[(0, 1), (0, 1)]);
        sentences(&bits, out);
    }
}

/// The number nearest to a value, in two's complement.
#[expect(clippy::cast_possible_truncation, reason = "degrees in ten thousandths of minutes fit 28 bits")]
fn whole(value: f64) -> u32 {
    (round(value) as i32).cast_unsigned()
}

fn write(bits: &mut Bits, fields: &[(u32, usize)]) {
    for &(value, width) in fields {
        bits.push(value, width).expect("these messages fit");
    }
}

/// A text, filled with `@`.
fn text(bits: &mut Bits, text: &str, characters: usize) {
    for character in text.chars().chain(core::iter::repeat('@')).take(characters) {
        write(bits, &[(six_bits(character), 6)]);
    }
}

/// The message as one line or more.
fn sentences(bits: &Bits, out: &mut Vec<u8>) {
    let (symbols, fill) = bits.armoured();
    let symbols: Vec<u8> = symbols.collect();
    let total = symbols.len().div_ceil(PAYLOAD_CHARACTERS);
    for (number, payload) in symbols.chunks(PAYLOAD_CHARACTERS).enumerate() {
        let fill = if number + 1 == total { fill } else { 0 };
        let id = if total > 1 { "1" } else { "" };
        let payload = core::str::from_utf8(payload).expect("ASCII");
        let body = format!("AIVDM,{total},{},{id},A,{payload},{fill}", number + 1);
        out.extend_from_slice(format!("!{body}*{:02X}\r\n", checksum(body.as_bytes())).as_bytes());
    }
}
