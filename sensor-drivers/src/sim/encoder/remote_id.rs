//! Remote ID as a receiver passes it on: packs of ASTM F3411 in lines of JSON, or MAVLink's `OPEN_DRONE_ID_*`.
//!
//! The standard tells accuracies by classes; the tightest that holds the true error is told. Times are tenths of a
//! second since the hour, courses whole degrees, speeds quarters of a metre per second.

use core::fmt::Write;

use ::mavlink::MessageData;
use ::mavlink::dialects::common::{
    MavOdidHorAcc, MavOdidIdType, MavOdidSpeedAcc, MavOdidStatus, MavOdidTimeAcc, MavOdidUaType, MavOdidVerAcc,
    OPEN_DRONE_ID_BASIC_ID_DATA, OPEN_DRONE_ID_LOCATION_DATA,
};
use fusion_core::geodesy::course_and_speed;
use fusion_core::maths::round;
use fusion_core::nalgebra::Vector3;

use super::{Heard, ReportEncoder, serial};
use crate::mavlink::encode::{self, Sender};
use crate::remote_id::accuracy;
use crate::remote_id::message::{Accuracy, BasicId, Location, Message, pack};

/// `{"mac":…,"data":…}` a pack.
#[derive(Debug)]
pub(super) struct Lines;

impl ReportEncoder for Lines {
    fn report(&mut self, heard: &Heard<'_>, out: &mut Vec<u8>) {
        let Some(id) = basic_id(heard) else { return };
        let mut packed = Vec::new();
        pack(&[Message::BasicId(id), Message::Location(location(heard))], &mut packed);
        let mut line = String::from("{\"mac\":\"");
        line.push_str(&mac(heard).map(|octet| format!("{octet:02X}")).join(":"));
        line.push_str("\",\"data\":\"");
        packed.iter().for_each(|octet| write!(line, "{octet:02X}").expect("a string takes all text"));
        line.push_str("\"}\n");
        out.extend_from_slice(line.as_bytes());
    }
}

/// A receiver with a MAVLink port.
#[derive(Debug, Default)]
pub(super) struct OpenDroneId {
    sequence: u8,
}

/// The numbers of a receiver that is no part of a drone: any system, the component for Remote ID.
const RECEIVER: (u8, u8) = (245, 236);

impl ReportEncoder for OpenDroneId {
    fn report(&mut self, heard: &Heard<'_>, out: &mut Vec<u8>) {
        let Some(id) = basic_id(heard) else { return };
        let mut id_or_mac = [0; 20];
        id_or_mac[..6].copy_from_slice(&mac(heard));
        let who = OPEN_DRONE_ID_BASIC_ID_DATA {
            id_or_mac,
            id_type: MavOdidIdType::MAV_ODID_ID_TYPE_SERIAL_NUMBER,
            ua_type: MavOdidUaType::MAV_ODID_UA_TYPE_HELICOPTER_OR_MULTIROTOR,
            uas_id: id.id,
            ..OPEN_DRONE_ID_BASIC_ID_DATA::DEFAULT
        };
        self.send(&who, out);
        self.send(&open_location(&location(heard), id_or_mac), out);
    }
}

impl OpenDroneId {
    fn send<D: MessageData>(&mut self, message: &D, out: &mut Vec<u8>) {
        let (system, component) = RECEIVER;
        encode::frame(Sender { system, component, sequence: self.sequence }, message, out);
        self.sequence = self.sequence.wrapping_add(1);
    }
}

/// Serial number and kind of the drone; `None` if it tells none.
fn basic_id(heard: &Heard<'_>) -> Option<BasicId> {
    let remote_id = heard.live.actor.remote_id.as_ref()?;
    let serial = serial(&remote_id.serial, heard.live.id.instance)?;
    let mut id = [0; 20];
    id.iter_mut().zip(serial.as_str().bytes()).for_each(|(octet, letter)| *octet = letter);
    Some(BasicId { kind: SERIAL, aircraft: MULTIROTOR, id })
}

/// Kinds of a number and of an aircraft, as the standard counts them.
const SERIAL: u8 = 1;
const MULTIROTOR: u8 = 2;
const AIRBORNE: u8 = 2;

/// An address that the drone made up itself (the second bit of the first octet says so), another for each appearance.
fn mac(heard: &Heard<'_>) -> [u8; 6] {
    let [high, low] = heard.live.id.target.to_be_bytes();
    let [_, a, b, c] = heard.live.id.instance.to_be_bytes();
    [0x62 | (a & 0xFC), high, low, b, c, 0x1D]
}

fn location(heard: &Heard<'_>) -> Location {
    let point = &heard.point;
    let velocity = point.velocity;
    let [east, north, up] = velocity.map_or([0.0; 3], |velocity| velocity.east_north_up);
    let (course, speed_m_s) = course_and_speed(&Vector3::new(east, north, 0.0));
    let speed_sigma = velocity.map_or(f64::INFINITY, |velocity| velocity.horizontal_sigma);
    let vertical_sigma = point.vertical_sigma_m.unwrap_or(f64::INFINITY);
    Location {
        status: AIRBORNE,
        course_deg: Some(round(course.compass_degrees()) % 360.0),
        speed_m_s: velocity.map(|_| speed_m_s),
        climb_m_s: velocity.map(|_| up),
        latitude_e7: e7(point.position.latitude_deg()),
        longitude_e7: e7(point.position.longitude_deg()),
        geodetic_altitude_m: point.vertical_sigma_m.map(|_| point.position.height_m),
        accuracy: Accuracy {
            horizontal: tightest(12, accuracy::horizontal_sigma_m, point.horizontal.worst_sigma_m()),
            vertical: tightest(6, accuracy::vertical_sigma_m, vertical_sigma),
            pressure: 0,
            speed: tightest(4, accuracy::speed_sigma_m_s, speed_sigma),
            time: A_TENTH,
        },
        tenths: Some(tenths_of_the_hour(heard)),
        ..Location::default()
    }
}

/// Accuracy of a time that is told in tenths of a second.
const A_TENTH: u8 = 1;

/// The tightest class that holds a sigma; 0, unknown, if none does.
fn tightest(best: u8, sigma_of: fn(u8) -> Option<f64>, sigma: f64) -> u8 {
    (1..=best).rev().find(|&class| sigma_of(class).is_some_and(|held| held >= sigma)).unwrap_or(0)
}

#[expect(clippy::cast_possible_truncation, reason = "at most 1.8 × 10⁹")]
fn e7(degrees: f64) -> i32 {
    round(degrees * 1e7) as i32
}

fn tenths_of_the_hour(heard: &Heard<'_>) -> u16 {
    const TENTH_NS: i64 = 100_000_000;
    let tenths = (heard.time.time_of_day().as_nanos() + TENTH_NS / 2) / TENTH_NS;
    u16::try_from(tenths % 36_000).expect("an hour has so many tenths")
}

/// The same in the words of MAVLink: hundredths of degrees and of metres per second.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within what the standard can tell")]
fn open_location(told: &Location, id_or_mac: [u8; 20]) -> OPEN_DRONE_ID_LOCATION_DATA {
    const UNKNOWN_M: f32 = -1000.0;
    let altitude = told.geodetic_altitude_m.map_or(UNKNOWN_M, |metres| metres as f32);
    let accuracy = told.accuracy;
    OPEN_DRONE_ID_LOCATION_DATA {
        latitude: told.latitude_e7,
        longitude: told.longitude_e7,
        altitude_barometric: UNKNOWN_M,
        altitude_geodetic: altitude,
        height: UNKNOWN_M,
        timestamp: f32::from(told.tenths.unwrap_or(u16::MAX)) * 0.1,
        direction: told.course_deg.map_or(36_100, |degrees| round(degrees * 100.0) as u16),
        speed_horizontal: told.speed_m_s.map_or(25_500, |speed| round(speed * 100.0) as u16),
        speed_vertical: told.climb_m_s.map_or(6_300, |climb| round(climb * 100.0) as i16),
        id_or_mac,
        status: MavOdidStatus::MAV_ODID_STATUS_AIRBORNE,
        horizontal_accuracy: HORIZONTAL[usize::from(accuracy.horizontal)],
        vertical_accuracy: VERTICAL[usize::from(accuracy.vertical)],
        speed_accuracy: SPEED[usize::from(accuracy.speed)],
        timestamp_accuracy: MavOdidTimeAcc::MAV_ODID_TIME_ACC_0_1_SECOND,
        ..OPEN_DRONE_ID_LOCATION_DATA::DEFAULT
    }
}

/// MAVLink's words for the classes of accuracy, by their numbers.
const HORIZONTAL: [MavOdidHorAcc; 13] = [
    MavOdidHorAcc::MAV_ODID_HOR_ACC_UNKNOWN,
    MavOdidHorAcc::MAV_ODID_HOR_ACC_10NM,
    MavOdidHorAcc::MAV_ODID_HOR_ACC_4NM,
    MavOdidHorAcc::MAV_ODID_HOR_ACC_2NM,
    MavOdidHorAcc::MAV_ODID_HOR_ACC_1NM,
    MavOdidHorAcc::MAV_ODID_HOR_ACC_0_5NM,
    MavOdidHorAcc::MAV_ODID_HOR_ACC_0_3NM,
    MavOdidHorAcc::MAV_ODID_HOR_ACC_0_1NM,
    MavOdidHorAcc::MAV_ODID_HOR_ACC_0_05NM,
    MavOdidHorAcc::MAV_ODID_HOR_ACC_30_METER,
    MavOdidHorAcc::MAV_ODID_HOR_ACC_10_METER,
    MavOdidHorAcc::MAV_ODID_HOR_ACC_3_METER,
    MavOdidHorAcc::MAV_ODID_HOR_ACC_1_METER,
];
const VERTICAL: [MavOdidVerAcc; 7] = [
    MavOdidVerAcc::MAV_ODID_VER_ACC_UNKNOWN,
    MavOdidVerAcc::MAV_ODID_VER_ACC_150_METER,
    MavOdidVerAcc::MAV_ODID_VER_ACC_45_METER,
    MavOdidVerAcc::MAV_ODID_VER_ACC_25_METER,
    MavOdidVerAcc::MAV_ODID_VER_ACC_10_METER,
    MavOdidVerAcc::MAV_ODID_VER_ACC_3_METER,
    MavOdidVerAcc::MAV_ODID_VER_ACC_1_METER,
];
const SPEED: [MavOdidSpeedAcc; 5] = [
    MavOdidSpeedAcc::MAV_ODID_SPEED_ACC_UNKNOWN,
    MavOdidSpeedAcc::MAV_ODID_SPEED_ACC_10_METERS_PER_SECOND,
    MavOdidSpeedAcc::MAV_ODID_SPEED_ACC_3_METERS_PER_SECOND,
    MavOdidSpeedAcc::MAV_ODID_SPEED_ACC_1_METERS_PER_SECOND,
    MavOdidSpeedAcc::MAV_ODID_SPEED_ACC_0_3_METERS_PER_SECOND,
];
