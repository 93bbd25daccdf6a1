//! SAPIENT detection reports of a drone radar: directions and points in turn, each with a class.

use fusion_core::geodesy::Geodetic;
use fusion_core::time::{Span, Timestamp};
use sensor_drivers::decoder::{HorizontalError, Measured, Place, Point, Polar};
use sensor_drivers::sapient::encode::{Sender, Sighting};
use sensor_drivers::sapient::{SapientConfig, SapientDecoder, Ulid, Uuid};

use crate::load::{Load, Peer};

const PIECES: u32 = 1000;
/// Detections that arrive together.
const TOGETHER: u32 = 4;

pub fn load() -> Load {
    let mut sender = Sender::new(Uuid::of_name("radar"), 1);
    let start = Timestamp::from_secs(1_717_236_000);
    let mut pieces = vec![];
    for piece in 0..PIECES {
        let time = start + Span::from_millis(i64::from(piece));
        let numbers = piece * TOGETHER..(piece + 1) * TOGETHER;
        pieces.push(numbers.flat_map(|number| detection(&mut sender, number, time)).collect());
    }
    Load {
        name: "SAPIENT detections",
        messages: (PIECES * TOGETHER) as usize,
        pieces,
        decoder: Box::new(SapientDecoder::new(SapientConfig::default())),
        peer: Some(Peer { name: "sapient-msg 0.2.1 (protobuf in C)", script: PEER }),
    }
}

fn detection(sender: &mut Sender, number: u32, time: Timestamp) -> Vec<u8> {
    let turn = f64::from(number) * 0.01;
    let place = if number.is_multiple_of(2) { seen(turn % 6.0) } else { at(52.0 + turn * 1e-3) };
    let object = Ulid(u128::from(number % 50));
    let sighting = Sighting { object, place: &place, class: Some(("UAV Rotary Wing", 0.8)), signal: None, name: None };
    sender.detection(&sighting, time)
}

fn seen(azimuth: f64) -> Place {
    let measured = |value, sigma| Measured { value, sigma };
    Place::Polar(Polar {
        azimuth: measured(azimuth, 0.01),
        range: Some(measured(1_500.0, 5.0)),
        elevation: Some(measured(0.1, 0.02)),
        height: None,
        range_rate: None,
    })
}

fn at(latitude_deg: f64) -> Place {
    Place::Geodetic(Point {
        position: Geodetic::from_degrees(latitude_deg, 5.0, 100.0).expect("a place"),
        horizontal: HorizontalError::round(4.0),
        vertical_sigma_m: Some(8.0),
        velocity: None,
    })
}

/// It reads the fields that a tracker needs, and checks no rule.
const PEER: &str = r"
import struct, sys, time
from sapient_msg.bsi_flex_335_v2_0.sapient_message_pb2 import SapientMessage
pieces = [bytes.fromhex(line) for line in sys.stdin]
begin, messages = time.perf_counter(), 0
for piece in pieces:
    at = 0
    while at < len(piece):
        length, = struct.unpack_from('<I', piece, at)
        message = SapientMessage()
        message.ParseFromString(piece[at + 4:at + 4 + length])
        at += 4 + length
        messages += 1
        if message.HasField('detection_report'):
            report = message.detection_report
            place = report.location if report.HasField('location') else report.range_bearing
            fields = (message.timestamp.seconds, message.node_id, report.object_id, place.datum)
print(messages, time.perf_counter() - begin)
";
