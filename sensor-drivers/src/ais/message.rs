//! The messages that say where somebody is or who (ITU-R M.1371-5 annex 8): types 1 to 5, 9, 11, 18, 19, 21, 24, 27.

use fusion_core::identity::NAME_BYTES_MAX;

use super::bits::Bits;

/// Knots in metres per second.
pub const KNOT_M_S: f64 = 1852.0 / 3600.0;

type Name = heapless::String<NAME_BYTES_MAX>;

/// One message, as far as it is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its type, 1 to 27.
    pub kind: u8,
    /// Who sends: an MMSI.
    pub mmsi: u32,
    /// What it says.
    pub content: Content,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Where a vessel or a search and rescue aircraft is (1, 2, 3, 9, 18, 19, 27).
    Position(PositionReport),
    /// Who it is (5, 24); type 19 says both.
    Static(StaticReport),
    /// A base station's place and time (4, 11).
    BaseStation,
    /// An aid to navigation (21).
    Aid(AidReport),
    /// Of no use here.
    Other,
}

/// Where somebody is.
#[derive(Clone, Debug, PartialEq)]
pub struct PositionReport {
    /// Degrees north and east; absent if the transponder has none.
    pub latitude_longitude_deg: Option<(f64, f64)>,
    /// Resolution of the position, minutes of arc.
    pub resolution_min: f64,
    /// Better than 10 m, says the transponder.
    pub accurate: bool,
    /// Speed over ground, metres per second.
    pub speed_m_s: Option<f64>,
    /// Course over ground, degrees.
    pub course_deg: Option<f64>,
    /// The second of the minute at which that was so.
    pub second: Option<u8>,
    /// Dead reckoning, or entered by hand: no fix.
    pub without_fix: bool,
    /// Altitude of an aircraft, metres.
    pub altitude_m: Option<f64>,
    /// Name, in type 19.
    pub name: Option<Name>,
    /// An aircraft.
    pub airborne: bool,
}

/// Who somebody is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StaticReport {
    /// Name.
    pub name: Option<Name>,
    /// Callsign.
    pub callsign: Option<Name>,
    /// Type of ship and cargo, 0 to 255; 0 is not told.
    pub ship_type: u8,
}

/// An aid to navigation.
#[derive(Clone, Debug, PartialEq)]
pub struct AidReport {
    /// Where.
    pub position: PositionReport,
    /// It exists on charts only.
    pub is_virtual: bool,
}

impl Message {
    /// Reads a message; `None` if it ends before what its type must have.
    #[must_use]
    pub fn read(bits: &Bits) -> Option<Self> {
        let kind = u8::try_from(bits.unsigned(0, 6)?).ok()?;
        let mmsi = bits.unsigned(8, 30)?;
        let content = match kind {
            1..=3 => Content::Position(class_a(bits)?),
            4 | 11 => bits.unsigned(134, 4).map(|_| Content::BaseStation)?,
            5 => Content::Static(StaticReport {
                callsign: bits.text(70, 7),
                name: bits.text(112, 20),
                ship_type: octet(bits, 232)?,
            }),
            9 => Content::Position(rescue_aircraft(bits)?),
            18 => Content::Position(class_b(bits)?),
            19 => Content::Position(PositionReport { name: bits.text(143, 20), ..class_b(bits)? }),
            21 => Content::Aid(aid(bits)?),
            24 => Content::Static(class_b_static(bits)?),
            27 => Content::Position(long_range(bits)?),
            _ => Content::Other,
        };
        Some(Self { kind, mmsi, content })
    }
}

fn class_a(bits: &Bits) -> Option<PositionReport> {
    let (second, without_fix) = second(bits.unsigned(137, 6)?);
    Some(PositionReport {
        latitude_longitude_deg: fine_place(bits, 61)?,
        resolution_min: 1e-4,
        accurate: bits.flag(60)?,
        speed_m_s: speed(bits.unsigned(50, 10)?),
        course_deg: course(bits.unsigned(116, 12)?),
        second,
        without_fix,
        altitude_m: None,
        name: None,
        airborne: false,
    })
}

fn class_b(bits: &Bits) -> Option<PositionReport> {
    let (second, without_fix) = second(bits.unsigned(133, 6)?);
    Some(PositionReport {
        latitude_longitude_deg: fine_place(bits, 57)?,
        resolution_min: 1e-4,
        accurate: bits.flag(56)?,
        speed_m_s: speed(bits.unsigned(46, 10)?),
        course_deg: course(bits.unsigned(112, 12)?),
        second,
        without_fix,
        altitude_m: None,
        name: None,
        airborne: false,
    })
}

fn rescue_aircraft(bits: &Bits) -> Option<PositionReport> {
    let (second, without_fix) = second(bits.unsigned(128, 6)?);
    let (altitude, knots) = (bits.unsigned(38, 12)?, bits.unsigned(50, 10)?);
    Some(PositionReport {
        latitude_longitude_deg: fine_place(bits, 61)?,
        resolution_min: 1e-4,
        accurate: bits.flag(60)?,
        speed_m_s: (knots < 1022).then(|| f64::from(knots) * KNOT_M_S),
        course_deg: course(bits.unsigned(116, 12)?),
        second,
        without_fix,
        altitude_m: (altitude < 4094).then(|| f64::from(altitude)),
        name: None,
        airborne: true,
    })
}

fn aid(bits: &Bits) -> Option<AidReport> {
    let (second, without_fix) = second(bits.unsigned(253, 6)?);
    let position = PositionReport {
        latitude_longitude_deg: fine_place(bits, 164)?,
        resolution_min: 1e-4,
        accurate: bits.flag(163)?,
        speed_m_s: None,
        course_deg: None,
        second,
        without_fix,
        altitude_m: None,
        name: bits.text(43, 20),
        airborne: false,
    };
    Some(AidReport { position, is_virtual: bits.flag(269).unwrap_or(false) })
}

fn class_b_static(bits: &Bits) -> Option<StaticReport> {
    match bits.unsigned(38, 2)? {
        0 => Some(StaticReport { name: bits.text(40, 20), ..StaticReport::default() }),
        1 => Some(StaticReport { callsign: bits.text(90, 7), ship_type: octet(bits, 40)?, name: None }),
        _ => Some(StaticReport::default()),
    }
}

/// Satellites hear it: a tenth of a minute, whole knots and degrees, no second.
fn long_range(bits: &Bits) -> Option<PositionReport> {
    let (longitude, latitude) = (bits.signed(44, 18)?, bits.signed(62, 17)?);
    let (knots, course) = (bits.unsigned(79, 6)?, bits.unsigned(85, 9)?);
    Some(PositionReport {
        latitude_longitude_deg: place(f64::from(latitude) / 600.0, f64::from(longitude) / 600.0),
        resolution_min: 0.1,
        accurate: bits.flag(38)?,
        speed_m_s: (knots < 63).then(|| f64::from(knots) * KNOT_M_S),
        course_deg: (course < 360).then(|| f64::from(course)),
        second: None,
        without_fix: false,
        altitude_m: None,
        name: None,
        airborne: false,
    })
}

/// Longitude and latitude in ten thousandths of a minute; the inner `None` if the transponder knows no place.
fn fine_place(bits: &Bits, from: usize) -> Option<Option<(f64, f64)>> {
    let (longitude, latitude) = (bits.signed(from, 28)?, bits.signed(from + 28, 27)?);
    Some(place(f64::from(latitude) / 600_000.0, f64::from(longitude) / 600_000.0))
}

/// 91° and 181° stand for unknown; what else lies beyond the earth is a fault of the transponder.
fn place(latitude_deg: f64, longitude_deg: f64) -> Option<(f64, f64)> {
    let on_earth = latitude_deg.abs() <= 90.0 && longitude_deg.abs() <= 180.0;
    on_earth.then_some((latitude_deg, longitude_deg))
}

/// Tenths of a knot; 1023 is unknown, 1022 is 102.2 and more.
fn speed(tenths: u32) -> Option<f64> {
    (tenths < 1022).then(|| f64::from(tenths) * 0.1 * KNOT_M_S)
}

/// Tenths of a degree; 3600 is unknown.
fn course(tenths: u32) -> Option<f64> {
    (tenths < 3600).then(|| f64::from(tenths) * 0.1)
}

/// The second of the minute; 60 is unknown, 61 entered by hand, 62 dead reckoning, 63 out of order.
fn second(told: u32) -> (Option<u8>, bool) {
    let second = u8::try_from(told).ok().filter(|second| *second < 60);
    (second, (61..=63).contains(&told))
}

fn octet(bits: &Bits, from: usize) -> Option<u8> {
    bits.unsigned(from, 8).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn message(payload: &str, fill: usize) -> Message {
        let mut bits = Bits::new();
        bits.extend(payload.as_bytes(), fill).unwrap();
        Message::read(&bits).unwrap()
    }

    /// Written out by hand, field by field.
    fn assembled(fields: &[(u32, usize)]) -> Bits {
        let mut bits = Bits::new();
        fields.iter().for_each(|&(value, width)| bits.push(value, width).unwrap());
        bits
    }

    #[test]
    fn a_published_position_report_is_read() {
        let report = message("15M67FC000G?ufbE`FepT@3n00Sa", 0);
        assert_eq!((report.kind, report.mmsi), (1, 366_053_209));
        let Content::Position(position) = report.content else { panic!("a position") };
        let (latitude, longitude) = position.latitude_longitude_deg.unwrap();
        assert!((latitude - 37.802_118).abs() < 1e-5 && (longitude + 122.341_618).abs() < 1e-5);
        assert_eq!(position.speed_m_s, Some(0.0));
    }

    #[test]
    fn unknown_place_speed_and_course_are_unknown() {
        let fields = [(1, 6), (0, 2), (211_000_000, 30), (15, 4), (128, 8), (1023, 10), (0, 1)];
        let rest = [(0x679_1AC0, 28), (0x341_2140, 27), (3600, 12), (511, 9), (60, 6), (0, 25)];
        let bits = assembled(&[&fields[..], &rest].concat());
        let Content::Position(position) = Message::read(&bits).unwrap().content else { panic!("a position") };
        assert_eq!(position.latitude_longitude_deg, None);
        assert_eq!((position.speed_m_s, position.course_deg, position.second), (None, None, None));
    }

    #[test]
    fn southern_and_western_places_keep_their_sign_in_coarse_reports() {
        let (latitude, longitude) = (-20_100_i32, -42_150_i32);
        let bits = assembled(&[
            (27, 6),
            (0, 2),
            (725_000_000, 30),
            (1, 1),
            (0, 1),
            (0, 4),
            (longitude.cast_unsigned(), 18),
            (latitude.cast_unsigned(), 17),
            (10, 6),
            (270, 9),
            (0, 2),
        ]);
        let Content::Position(position) = Message::read(&bits).unwrap().content else { panic!("a position") };
        assert_eq!(position.latitude_longitude_deg, Some((-33.5, -70.25)));
        assert!((position.speed_m_s.unwrap() - 10.0 * KNOT_M_S).abs() < 1e-12);
    }

    #[test]
    fn a_message_that_is_cut_is_none() {
        let bits = assembled(&[(1, 6), (0, 2), (211_000_000, 30), (0, 32), (0, 32), (0, 32)]);
        assert_eq!(Message::read(&bits), None);
        assert_eq!(Message::read(&Bits::new()), None);
    }
}
