//! A drone with a gimbal whose camera follows a target: 4 positions, 10 attitudes and 10 boxes a second.

use sensor_drivers::mavlink::common::{
    ATTITUDE_DATA, CAMERA_FOV_STATUS_DATA, CAMERA_TRACKING_IMAGE_STATUS_DATA, CameraTrackingMode,
    CameraTrackingStatusFlags, GIMBAL_DEVICE_ATTITUDE_STATUS_DATA, GLOBAL_POSITION_INT_DATA, GimbalDeviceFlags,
};
use sensor_drivers::mavlink::encode::{self, Sender};
use sensor_drivers::mavlink::{MavlinkConfig, MavlinkDecoder};

use crate::load::{Load, Peer};

const PIECES: u32 = 2000;
const DRONE: Sender = Sender { system: 1, component: 1, sequence: 0 };

pub fn load() -> Load {
    let pieces: Vec<_> = (0..PIECES).map(piece).collect();
    Load {
        name: "MAVLink 2",
        messages: pieces.len() * 5,
        pieces,
        decoder: Box::new(MavlinkDecoder::new(MavlinkConfig::default())),
        peer: Some(Peer { name: "pymavlink 2.4.50", script: PEER }),
    }
}

/// What is said each millisecond of the bench: it is heard again and again, so the time since boot is not told.
fn piece(number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let lon = 210_000_000 + i32::try_from(number).expect("a few thousand");
    let position =
        GLOBAL_POSITION_INT_DATA { lat: 522_000_000, lon, alt: 250_000, ..GLOBAL_POSITION_INT_DATA::DEFAULT };
    encode::frame(DRONE, &position, &mut bytes);
    encode::frame(DRONE, &ATTITUDE_DATA { yaw: 1.0, ..ATTITUDE_DATA::DEFAULT }, &mut bytes);
    let flags = GimbalDeviceFlags::GIMBAL_DEVICE_FLAGS_YAW_IN_VEHICLE_FRAME;
    let q = [0.968_912_4, 0.0, -0.247_404, 0.0];
    let gimbal = GIMBAL_DEVICE_ATTITUDE_STATUS_DATA { q, flags, ..GIMBAL_DEVICE_ATTITUDE_STATUS_DATA::DEFAULT };
    encode::frame(DRONE, &gimbal, &mut bytes);
    let view = CAMERA_FOV_STATUS_DATA { hfov: 60.0, vfov: 40.0, ..CAMERA_FOV_STATUS_DATA::DEFAULT };
    encode::frame(DRONE, &view, &mut bytes);
    let target = CAMERA_TRACKING_IMAGE_STATUS_DATA {
        rec_top_x: 0.4,
        rec_top_y: 0.4,
        rec_bottom_x: 0.5,
        rec_bottom_y: 0.5,
        tracking_status: CameraTrackingStatusFlags::CAMERA_TRACKING_STATUS_FLAGS_ACTIVE,
        tracking_mode: CameraTrackingMode::CAMERA_TRACKING_MODE_RECTANGLE,
        ..CAMERA_TRACKING_IMAGE_STATUS_DATA::DEFAULT
    };
    encode::frame(DRONE, &target, &mut bytes);
    bytes
}

const PEER: &str = r"
import sys, time
from pymavlink.dialects.v20 import common
reader = common.MAVLink(None)
pieces = [bytes.fromhex(line) for line in sys.stdin]
begin, messages = time.perf_counter(), 0
for piece in pieces:
    messages += len(reader.parse_buffer(piece) or [])
print(messages, time.perf_counter() - begin)
";
