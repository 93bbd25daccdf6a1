//! `OPEN_DRONE_ID_*` as the messages of Remote ID that they stand for.

use ::mavlink::dialects::common::{
    OPEN_DRONE_ID_BASIC_ID_DATA, OPEN_DRONE_ID_LOCATION_DATA, OPEN_DRONE_ID_SYSTEM_DATA,
};
use fusion_core::maths::round;

use crate::remote_id::fleet::Transmitter;
use crate::remote_id::message::{Accuracy, BasicId, Location, Message, System};

/// Who is meant: the drone that a receiver heard, or, if that field is empty, the sender itself.
pub(super) fn transmitter(id_or_mac: [u8; 20], system: u32) -> Transmitter {
    if id_or_mac != [0; 20] {
        return Transmitter(id_or_mac);
    }
    let mut own = Transmitter(*b"mavlink system\0\0\0\0\0\0");
    own.0[16..].copy_from_slice(&system.to_be_bytes());
    own
}

pub(super) const fn basic_id(told: &OPEN_DRONE_ID_BASIC_ID_DATA) -> Message {
    Message::BasicId(BasicId { kind: told.id_type as u8, aircraft: told.ua_type as u8, id: told.uas_id })
}

pub(super) fn system(told: &OPEN_DRONE_ID_SYSTEM_DATA) -> Message {
    Message::System(System {
        operator: told.operator_location_type as u8,
        latitude_e7: told.operator_latitude,
        longitude_e7: told.operator_longitude,
        altitude_m: altitude(told.operator_altitude_geo),
        seconds: told.timestamp,
    })
}

pub(super) fn location(told: &OPEN_DRONE_ID_LOCATION_DATA) -> Message {
    Message::Location(Location {
        status: told.status as u8,
        course_deg: (told.direction < 36_000).then(|| f64::from(told.direction) * 0.01),
        speed_m_s: (told.speed_horizontal < 25_500).then(|| f64::from(told.speed_horizontal) * 0.01),
        climb_m_s: (told.speed_vertical.unsigned_abs() < 6_300).then(|| f64::from(told.speed_vertical) * 0.01),
        latitude_e7: told.latitude,
        longitude_e7: told.longitude,
        pressure_altitude_m: altitude(told.altitude_barometric),
        geodetic_altitude_m: altitude(told.altitude_geodetic),
        height_m: altitude(told.height),
        above_ground: told.height_reference as u8 == 1,
        accuracy: Accuracy {
            horizontal: told.horizontal_accuracy as u8,
            vertical: told.vertical_accuracy as u8,
            pressure: told.barometer_accuracy as u8,
            speed: told.speed_accuracy as u8,
            time: told.timestamp_accuracy as u8,
        },
        tenths: tenths(told.timestamp),
    })
}

/// −1000 m means unknown.
fn altitude(told: f32) -> Option<f64> {
    (told.is_finite() && told > -1000.0).then(|| f64::from(told))
}

/// Seconds since the hour; 0xFFFF means unknown.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 36,000 was checked")]
fn tenths(seconds: f32) -> Option<u16> {
    (0.0..=3_600.0).contains(&seconds).then(|| round(f64::from(seconds) * 10.0) as u16)
}
