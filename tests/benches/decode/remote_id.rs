//! Remote ID: packs of a serial number and a location, as datagrams of a receiver.

use sensor_drivers::remote_id::message::{Accuracy, BasicId, Location, Message, pack};
use sensor_drivers::remote_id::{Form, RemoteIdConfig, RemoteIdDecoder};

use crate::load::{Load, Peer};

const PIECES: i32 = 2000;

pub fn load() -> Load {
    let pieces: Vec<_> = (0..PIECES).map(piece).collect();
    let config = RemoteIdConfig { form: Form::Datagrams, ..RemoteIdConfig::default() };
    Load {
        name: "Remote ID",
        messages: pieces.len() * 2,
        pieces,
        decoder: Box::new(RemoteIdDecoder::new(config).expect("the default is sound")),
        peer: None::<Peer>,
    }
}

fn piece(number: i32) -> Vec<u8> {
    let drone = u8::try_from(number % 50).expect("below fifty");
    let mut id = *b"1581F5BKD239A00DK400";
    (id[18], id[19]) = (b'0' + drone / 10, b'0' + drone % 10);
    let location = Location {
        status: 2,
        course_deg: Some(90.0),
        speed_m_s: Some(10.0),
        latitude_e7: 522_000_000 + number,
        longitude_e7: 210_000_000,
        accuracy: Accuracy { horizontal: 10, vertical: 4, pressure: 3, speed: 3, time: 2 },
        ..Location::default()
    };
    let mut bytes = vec![0x60, 0x60, 0x1F, 0, 0, drone, 0xFA, 0xFF, 0x0D, 0];
    pack(&[Message::BasicId(BasicId { kind: 1, aircraft: 2, id }), Message::Location(location)], &mut bytes);
    bytes
}
