//! ST 0601 packets of a drone whose video tracker follows four targets, two of them by pixel, one packet a datagram.

use fusion_core::time::{Span, Timestamp};
use sensor_drivers::klv::encode::{Frame, packet};
use sensor_drivers::klv::st0601::Uas;
use sensor_drivers::klv::st0903::{Location, Target};
use sensor_drivers::klv::{KlvConfig, KlvDecoder};

use crate::load::Load;

const PACKETS: u32 = 5_000;

pub fn load() -> Load {
    let pieces: Vec<_> = (0..PACKETS).map(datagram).collect();
    Load {
        name: "KLV",
        messages: pieces.len(),
        pieces,
        decoder: Box::new(KlvDecoder::new(KlvConfig::default())),
        peer: None,
    }
}

fn datagram(number: u32) -> Vec<u8> {
    let part = f64::from(number) / f64::from(PACKETS);
    let uas = Uas {
        time: Some(Timestamp::from_secs(1_717_236_000) + Span::from_millis(i64::from(number) * 100)),
        heading_deg: Some(360.0 * part),
        pitch_deg: Some(2.0),
        roll_deg: Some(-5.0),
        latitude_deg: Some(52.0 + part),
        longitude_deg: Some(21.0),
        height_m: Some(1_500.0),
        field_width_deg: Some(10.0),
        field_height_deg: Some(6.0),
        relative_azimuth_deg: Some(350.0),
        relative_elevation_deg: Some(-25.0),
        relative_roll_deg: Some(0.0),
        slant_range_m: Some(3_500.0),
        frame_centre_deg: [Some(52.01), Some(21.02)],
        ..Uas::default()
    };
    let targets = [0, 1, 2, 3].map(|k| target(k, part));
    let mut out = Vec::new();
    packet(&uas, Some(&Frame { size: Some((1920, 1080)), targets: &targets, classes: &["Truck", "Boat"] }), &mut out);
    out
}

fn target(number: u32, part: f64) -> Target {
    let location = Location {
        latitude_deg: 52.01 + part,
        longitude_deg: 21.0 + 1e-3 * f64::from(number),
        height_m: Some(110.0),
        sigma_m: Some([8.0, 6.0, 15.0]),
        correlation: 0.2,
    };
    Target {
        number,
        pixel: Some(500_000 + 50 * u64::from(number)),
        confidence: Some(80),
        location: (number < 2).then_some(location),
        track: Some([7; 16]),
        ..Target::default()
    }
}
