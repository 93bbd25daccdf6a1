//! The 25 octets of a Remote ID message, read and written (ASTM F3411-22a, clause 5.4; EN 4709-002 uses the same).
//!
//! Octet 0 holds the type in its upper half and the version of the protocol in its lower. Numbers are little-endian.
//! Values that the standard calls unknown are `None` here. A pack (type 15) is a header of three octets and up to nine
//! messages.

use fusion_core::maths::round;

use crate::error::Reason;

/// Octets of a message.
pub const MESSAGE_BYTES: usize = 25;

/// Messages in a pack.
///
/// No counter: the standard allows no more, and a pack that tells more is refused.
pub const PACK_MESSAGES_MAX: usize = 9;

/// The version that is written: F3411-22a. All are read alike; what they share has not changed.
const VERSION: u8 = 2;

/// The type of a pack.
const PACK: u8 = 0xF;

/// One message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Message {
    /// Who it is.
    BasicId(BasicId),
    /// Where it is.
    Location(Location),
    /// A page of a signature; kept as it is, never verified.
    Authentication([u8; 24]),
    /// What the operator says of the flight.
    SelfId([u8; 24]),
    /// Where the operator is.
    System(System),
    /// Who the operator is.
    OperatorId([u8; 24]),
}

/// Who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicId {
    /// What kind of number follows: 1 serial, 2 registration, 3 UUID of traffic management, 4 session.
    pub kind: u8,
    /// What kind of aircraft: 1 aeroplane, 2 helicopter or multirotor, ... 14 ground obstacle, 15 other.
    pub aircraft: u8,
    /// The number: text padded with zeros, or 16 or 20 octets of a session.
    pub id: [u8; 20],
}

/// Where it is and how it moves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Location {
    /// 0 not told, 1 on the ground, 2 airborne, 3 emergency, 4 its Remote ID fails.
    pub status: u8,
    /// Course over ground, whole degrees clockwise from true north.
    pub course_deg: Option<f64>,
    /// Speed over ground, m/s.
    pub speed_m_s: Option<f64>,
    /// Rate of climb, m/s.
    pub climb_m_s: Option<f64>,
    /// Latitude, 10⁻⁷ degrees. Both zero mean unknown.
    pub latitude_e7: i32,
    /// Longitude, 10⁻⁷ degrees.
    pub longitude_e7: i32,
    /// Height in the standard atmosphere, metres.
    pub pressure_altitude_m: Option<f64>,
    /// Height above the WGS-84 ellipsoid, metres.
    pub geodetic_altitude_m: Option<f64>,
    /// Height above where it took off or above ground, metres.
    pub height_m: Option<f64>,
    /// Whether that is above ground.
    pub above_ground: bool,
    /// Classes of accuracy, 0 unknown: see [`super::accuracy`].
    pub accuracy: Accuracy,
    /// Tenths of a second since the full hour, UTC.
    pub tenths: Option<u16>,
}

/// Classes of accuracy as they are told; 0 is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accuracy {
    /// Of the horizontal position.
    pub horizontal: u8,
    /// Of the geodetic altitude.
    pub vertical: u8,
    /// Of the pressure altitude.
    pub pressure: u8,
    /// Of the velocity.
    pub speed: u8,
    /// Of the time, in tenths of a second.
    pub time: u8,
}

/// Where the operator is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct System {
    /// 0 where it took off, 1 where the operator is now, 2 a fixed place.
    pub operator: u8,
    /// Latitude, 10⁻⁷ degrees. Both zero mean unknown.
    pub latitude_e7: i32,
    /// Longitude, 10⁻⁷ degrees.
    pub longitude_e7: i32,
    /// Height of the operator above the ellipsoid, metres.
    pub altitude_m: Option<f64>,
    /// Seconds since 2019-01-01T00:00:00Z.
    pub seconds: u32,
}

impl Message {
    /// The message that 25 octets are.
    ///
    /// # Errors
    /// Why they are none.
    pub fn read(octets: &[u8; MESSAGE_BYTES]) -> Result<Self, Reason> {
        let mut rest = [0; 24];
        rest.copy_from_slice(&octets[1..]);
        match octets[0] >> 4 {
            0 => Ok(Self::BasicId(BasicId::read(octets))),
            1 => Location::read(octets).map(Self::Location),
            2 => Ok(Self::Authentication(rest)),
            3 => Ok(Self::SelfId(rest)),
            4 => Ok(Self::System(System::read(octets))),
            5 => Ok(Self::OperatorId(rest)),
            kind => Err(Reason::Unsupported { kind: u32::from(kind) }),
        }
    }

    /// Its 25 octets.
    #[must_use]
    pub fn write(&self) -> [u8; MESSAGE_BYTES] {
        let mut octets = [0; MESSAGE_BYTES];
        let kind = match self {
            Self::BasicId(id) => {
                octets[1] = id.kind << 4 | id.aircraft & 0xF;
                octets[2..22].copy_from_slice(&id.id);
                0
            }
            Self::Location(location) => {
                location.write(&mut octets);
                1
            }
            Self::Authentication(rest) => filled(&mut octets, rest, 2),
            Self::SelfId(rest) => filled(&mut octets, rest, 3),
            Self::System(system) => {
                system.write(&mut octets);
                4
            }
            Self::OperatorId(rest) => filled(&mut octets, rest, 5),
        };
        octets[0] = kind << 4 | VERSION;
        octets
    }
}

fn filled(octets: &mut [u8; MESSAGE_BYTES], rest: &[u8; 24], kind: u8) -> u8 {
    octets[1..].copy_from_slice(rest);
    kind
}

/// The messages in what was sent: one, or a pack of several. Octets behind them are padding.
///
/// # Errors
/// What contradicts itself.
pub fn unpack(sent: &[u8]) -> Result<impl Iterator<Item = &[u8; MESSAGE_BYTES]>, Reason> {
    let first = *sent.first().ok_or(Reason::Truncated { missing: MESSAGE_BYTES })?;
    let (begin, count) = if first >> 4 == PACK {
        let [size, count] = *sent.get(1..3).and_then(|s| s.first_chunk()).ok_or(Reason::Truncated { missing: 2 })?;
        if usize::from(size) != MESSAGE_BYTES {
            return Err(Reason::BadLength { told: usize::from(size) });
        }
        if usize::from(count) > PACK_MESSAGES_MAX {
            return Err(Reason::TooLarge { bound: PACK_MESSAGES_MAX });
        }
        (3, usize::from(count))
    } else {
        (0, 1)
    };
    let end = begin + count * MESSAGE_BYTES;
    let messages = sent.get(begin..end).ok_or_else(|| Reason::Truncated { missing: end - sent.len() })?;
    Ok(messages.chunks_exact(MESSAGE_BYTES).filter_map(|chunk| chunk.first_chunk()))
}

/// Writes a pack of at most [`PACK_MESSAGES_MAX`] messages; what is beyond is left out.
pub fn pack(messages: &[Message], out: &mut Vec<u8>) {
    let messages = &messages[..messages.len().min(PACK_MESSAGES_MAX)];
    let count = u8::try_from(messages.len()).expect("at most nine");
    out.extend_from_slice(&[PACK << 4 | VERSION, 25, count]);
    messages.iter().for_each(|message| out.extend_from_slice(&message.write()));
}

impl BasicId {
    fn read(octets: &[u8; MESSAGE_BYTES]) -> Self {
        let mut id = [0; 20];
        id.copy_from_slice(&octets[2..22]);
        Self { kind: octets[1] >> 4, aircraft: octets[1] & 0xF, id }
    }
}

impl Location {
    fn read(octets: &[u8; MESSAGE_BYTES]) -> Result<Self, Reason> {
        let flags = octets[1];
        let course = f64::from(octets[2]) + if flags & EAST_WEST != 0 { 180.0 } else { 0.0 };
        let climb = f64::from(i8::from_le_bytes([octets[4]])) * 0.5;
        let tenths = u16_at(octets, 21);
        if tenths >= TENTHS_PER_HOUR && tenths != u16::MAX {
            return Err(Reason::OutOfRange);
        }
        Ok(Self {
            status: flags >> 4,
            course_deg: (course < 360.0).then_some(course),
            speed_m_s: speed(octets[3], flags & FAST != 0),
            climb_m_s: (climb.abs() < NO_CLIMB_M_S).then_some(climb),
            latitude_e7: i32_at(octets, 5),
            longitude_e7: i32_at(octets, 9),
            pressure_altitude_m: altitude(u16_at(octets, 13)),
            geodetic_altitude_m: altitude(u16_at(octets, 15)),
            height_m: altitude(u16_at(octets, 17)),
            above_ground: flags & ABOVE_GROUND != 0,
            accuracy: Accuracy {
                horizontal: octets[19] & 0xF,
                vertical: octets[19] >> 4,
                pressure: octets[20] >> 4,
                speed: octets[20] & 0xF,
                time: octets[23] & 0xF,
            },
            tenths: (tenths != u16::MAX).then_some(tenths),
        })
    }

    fn write(&self, octets: &mut [u8; MESSAGE_BYTES]) {
        let course = self.course_deg.map_or(361.0, round);
        let (speed, fast) = coded_speed(self.speed_m_s);
        let half = if course >= 180.0 { EAST_WEST } else { 0 };
        octets[1] = self.status << 4 | half | if fast { FAST } else { 0 };
        octets[1] |= if self.above_ground { ABOVE_GROUND } else { 0 };
        octets[2] = octet(if course >= 180.0 { course - 180.0 } else { course });
        octets[3] = speed;
        octets[4] = signed_octet(self.climb_m_s.unwrap_or(NO_CLIMB_M_S) * 2.0);
        octets[5..9].copy_from_slice(&self.latitude_e7.to_le_bytes());
        octets[9..13].copy_from_slice(&self.longitude_e7.to_le_bytes());
        octets[13..15].copy_from_slice(&coded_altitude(self.pressure_altitude_m));
        octets[15..17].copy_from_slice(&coded_altitude(self.geodetic_altitude_m));
        octets[17..19].copy_from_slice(&coded_altitude(self.height_m));
        octets[19] = self.accuracy.vertical << 4 | self.accuracy.horizontal & 0xF;
        octets[20] = self.accuracy.pressure << 4 | self.accuracy.speed & 0xF;
        octets[21..23].copy_from_slice(&self.tenths.unwrap_or(u16::MAX).to_le_bytes());
        octets[23] = self.accuracy.time & 0xF;
    }
}

impl System {
    fn read(octets: &[u8; MESSAGE_BYTES]) -> Self {
        Self {
            operator: octets[1] & 0b11,
            latitude_e7: i32_at(octets, 2),
            longitude_e7: i32_at(octets, 6),
            altitude_m: altitude(u16_at(octets, 18)),
            seconds: u32::from_le_bytes([octets[20], octets[21], octets[22], octets[23]]),
        }
    }

    fn write(&self, octets: &mut [u8; MESSAGE_BYTES]) {
        octets[1] = self.operator & 0b11;
        octets[2..6].copy_from_slice(&self.latitude_e7.to_le_bytes());
        octets[6..10].copy_from_slice(&self.longitude_e7.to_le_bytes());
        octets[18..20].copy_from_slice(&coded_altitude(self.altitude_m));
        octets[20..24].copy_from_slice(&self.seconds.to_le_bytes());
    }
}

/// In the flags of a location.
const FAST: u8 = 0b001;
const EAST_WEST: u8 = 0b010;
const ABOVE_GROUND: u8 = 0b100;

/// Tenths of a second in an hour; what is told lies below, but for the one that means unknown.
pub(super) const TENTHS_PER_HOUR: u16 = 36_001;
/// Beyond what can be told; means unknown.
const NO_CLIMB_M_S: f64 = 63.0;
const NO_SPEED_M_S: f64 = 255.0;
/// What a speed of 255 quarters of a metre is; above it, steps are three quarters.
const FAST_FROM_M_S: f64 = 63.75;

fn speed(octet: u8, fast: bool) -> Option<f64> {
    let speed = if fast { f64::from(octet) * 0.75 + FAST_FROM_M_S } else { f64::from(octet) * 0.25 };
    (speed < NO_SPEED_M_S).then_some(speed)
}

fn coded_speed(speed_m_s: Option<f64>) -> (u8, bool) {
    let speed = speed_m_s.unwrap_or(NO_SPEED_M_S);
    let fast = speed > FAST_FROM_M_S;
    (octet(if fast { (speed - FAST_FROM_M_S) / 0.75 } else { speed / 0.25 }), fast)
}

fn altitude(told: u16) -> Option<f64> {
    (told != 0).then(|| f64::from(told) * 0.5 - 1000.0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates, which is meant")]
fn coded_altitude(metres: Option<f64>) -> [u8; 2] {
    (metres.map_or(0.0, |m| round((m + 1000.0) * 2.0)) as u16).to_le_bytes()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates, which is meant")]
fn octet(value: f64) -> u8 {
    round(value) as u8
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, which is meant")]
fn signed_octet(value: f64) -> u8 {
    (round(value) as i8).to_le_bytes()[0]
}

fn u16_at(octets: &[u8; MESSAGE_BYTES], at: usize) -> u16 {
    u16::from_le_bytes([octets[at], octets[at + 1]])
}

fn i32_at(octets: &[u8; MESSAGE_BYTES], at: usize) -> i32 {
    i32::from_le_bytes([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]])
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// 52.2°, 21.0° at 120 m above the ellipsoid, 12.25 m/s towards 275°, climbing 1.5 m/s; by hand from the standard.
    const WORKED: [u8; MESSAGE_BYTES] = [
        0x12, 0x22, 95, 49, 3, 0x80, 0x1B, 0x1D, 0x1F, 0x80, 0x58, 0x84, 0x0C, 0x98, 0x08, 0xC0, 0x08, 0x34, 0x08,
        0x4A, 0x33, 0x10, 0x27, 0x05, 0,
    ];

    fn worked() -> Location {
        Location {
            status: 2,
            course_deg: Some(275.0),
            speed_m_s: Some(12.25),
            climb_m_s: Some(1.5),
            latitude_e7: 522_001_280,
            longitude_e7: 210_000_000,
            pressure_altitude_m: Some(100.0),
            geodetic_altitude_m: Some(120.0),
            height_m: Some(50.0),
            above_ground: false,
            accuracy: Accuracy { horizontal: 10, vertical: 4, pressure: 3, speed: 3, time: 5 },
            tenths: Some(10_000),
        }
    }

    #[test]
    fn a_location_worked_by_hand_is_read_and_written() {
        assert_eq!(Message::read(&WORKED), Ok(Message::Location(worked())));
        assert_eq!(Message::Location(worked()).write(), WORKED);
    }

    #[test]
    fn what_is_unknown_is_told_as_the_standard_wants_and_read_as_nothing() {
        let nothing = Location::default();
        let octets = Message::Location(nothing).write();
        assert_eq!(octets[1..5], [0b011, 181, 255, 126]);
        assert_eq!(octets[13..19], [0; 6]);
        assert_eq!(octets[21..23], [0xFF, 0xFF]);
        assert_eq!(Message::read(&octets), Ok(Message::Location(nothing)));
    }

    #[test]
    fn speeds_change_their_steps_at_the_last_quarter() {
        for (speed, octet, fast) in [(0.0, 0, false), (63.75, 255, false), (64.5, 1, true), (254.25, 254, true)] {
            assert_eq!(coded_speed(Some(speed)), (octet, fast), "{speed}");
            assert_eq!(super::speed(octet, fast), Some(speed));
        }
        assert_eq!(super::speed(255, true), None);
    }

    #[test]
    fn every_message_comes_back_from_a_pack() {
        let messages = [
            Message::BasicId(BasicId { kind: 1, aircraft: 2, id: *b"1581F5BKD239A00DK4RT" }),
            Message::Location(worked()),
            Message::Authentication([7; 24]),
            Message::SelfId([1; 24]),
            Message::System(System {
                operator: 1,
                latitude_e7: 522_000_000,
                longitude_e7: -210_000_000,
                altitude_m: Some(99.5),
                seconds: 200_000_000,
            }),
            Message::OperatorId([2; 24]),
        ];
        let mut sent = Vec::new();
        pack(&messages, &mut sent);
        assert_eq!(sent.len(), 3 + 6 * MESSAGE_BYTES);
        let read: Vec<_> = unpack(&sent).unwrap().map(|octets| Message::read(octets).unwrap()).collect();
        assert_eq!(read, messages);
    }

    #[test]
    fn packs_that_contradict_themselves_are_refused() {
        let refusal = |octets: &[u8]| unpack(octets).err();
        assert_eq!(refusal(&[]), Some(Reason::Truncated { missing: 25 }));
        assert_eq!(refusal(&[0xF2, 24, 1]), Some(Reason::BadLength { told: 24 }));
        assert_eq!(refusal(&[0xF2, 25, 10]), Some(Reason::TooLarge { bound: PACK_MESSAGES_MAX }));
        assert_eq!(refusal(&[0xF2, 25, 1, 0]), Some(Reason::Truncated { missing: 24 }));
        assert_eq!(Message::read(&[0x62; 25]), Err(Reason::Unsupported { kind: 6 }));
        let mut late = WORKED;
        late[21..23].copy_from_slice(&36_100_u16.to_le_bytes());
        assert_eq!(Message::read(&late), Err(Reason::OutOfRange));
    }
}
