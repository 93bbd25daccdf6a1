//! MAVLink 2 of a drone with a camera: once a second who it is, what time it is and how well its satellite receiver
//! knows where; with each frame position, attitude, gimbal, and the box around what it follows.
//!
//! The geoid is taken to lie 35 m above the ellipsoid; the receiver tells both heights, so nobody needs to know.

use ::mavlink::MessageData;
use ::mavlink::dialects::common::{
    ATTITUDE_DATA, CAMERA_FOV_STATUS_DATA, CAMERA_TRACKING_IMAGE_STATUS_DATA, CameraTrackingMode,
    CameraTrackingStatusFlags, CameraTrackingTargetData, GIMBAL_DEVICE_ATTITUDE_STATUS_DATA, GLOBAL_POSITION_INT_DATA,
    GPS_RAW_INT_DATA, GimbalDeviceFlags, GpsFixType, HEARTBEAT_DATA, MavType, SYSTEM_TIME_DATA,
};
use fusion_core::maths::{cos, round, sin};
use fusion_core::time::{Span, Timestamp};

use super::CameraWire;
use crate::mavlink::encode::{self, Sender};
use crate::sim::camera::{CameraLook, HEIGHT_SIGMAS, InFrame};
use crate::sim::scenario::DroneCamera;

/// The drone is switched on so long before the scenario begins.
const ON_BEFORE: Span = Span::from_secs(100);
const ABOUT_ITSELF_EVERY: Span = Span::from_secs(1);
const GEOID_M: f64 = 35.0;
/// Its parts: what they do, by the numbers that the protocol gives them.
const AUTOPILOT: u8 = 1;
const CAMERA: u8 = 100;
const GIMBAL: u8 = 154;

/// One drone.
#[derive(Debug)]
pub(super) struct Mavlink {
    system: u8,
    sequence: u8,
    boot: Timestamp,
    about_itself_due: Timestamp,
    position_sigma_m: f64,
    view_deg: [f64; 2],
}

impl Mavlink {
    pub(super) fn new(spec: &DroneCamera, start: Timestamp) -> Self {
        Self {
            system: spec.system,
            sequence: 0,
            boot: start - ON_BEFORE,
            about_itself_due: Timestamp::EPOCH,
            position_sigma_m: spec.position_sigma_m,
            view_deg: spec.view_deg,
        }
    }

    fn say<D: MessageData>(&mut self, component: u8, message: &D, out: &mut Vec<u8>) {
        encode::frame(Sender { system: self.system, component, sequence: self.sequence }, message, out);
        self.sequence = self.sequence.wrapping_add(1);
    }

    fn boot_ms(&self, time: Timestamp) -> u32 {
        u32::try_from((time - self.boot).as_nanos() / 1_000_000).unwrap_or(0)
    }

    fn about_itself(&mut self, look: &CameraLook, out: &mut Vec<u8>) {
        let heartbeat = HEARTBEAT_DATA { mavtype: MavType::MAV_TYPE_QUADROTOR, ..HEARTBEAT_DATA::DEFAULT };
        let [latitude, longitude] = e7(look);
        let fix = GPS_RAW_INT_DATA {
            lat: latitude,
            lon: longitude,
            alt: millimetres(look.position.height_m - GEOID_M),
            alt_ellipsoid: millimetres(look.position.height_m),
            h_acc: millimetres(self.position_sigma_m).unsigned_abs(),
            v_acc: millimetres(self.position_sigma_m * HEIGHT_SIGMAS).unsigned_abs(),
            fix_type: GpsFixType::GPS_FIX_TYPE_3D_FIX,
            satellites_visible: 14,
            ..GPS_RAW_INT_DATA::DEFAULT
        };
        self.say(AUTOPILOT, &heartbeat, out);
        for component in [AUTOPILOT, CAMERA, GIMBAL] {
            let micros = u64::try_from(look.time.as_nanos() / 1000).unwrap_or(0);
            let clock = SYSTEM_TIME_DATA { time_unix_usec: micros, time_boot_ms: self.boot_ms(look.time) };
            self.say(component, &clock, out);
        }
        self.say(AUTOPILOT, &fix, out);
    }

    fn own_motion(&mut self, look: &CameraLook, out: &mut Vec<u8>) {
        let time_boot_ms = self.boot_ms(look.time);
        let [latitude, longitude] = e7(look);
        let [east, north, up] = look.velocity;
        let position = GLOBAL_POSITION_INT_DATA {
            time_boot_ms,
            lat: latitude,
            lon: longitude,
            alt: millimetres(look.position.height_m - GEOID_M),
            vx: centimetres(north),
            vy: centimetres(east),
            vz: centimetres(-up),
            ..GLOBAL_POSITION_INT_DATA::DEFAULT
        };
        let [yaw, pitch, roll] = look.attitude.map(single);
        let attitude = ATTITUDE_DATA { time_boot_ms, roll, pitch, yaw, ..ATTITUDE_DATA::DEFAULT };
        self.say(AUTOPILOT, &position, out);
        self.say(AUTOPILOT, &attitude, out);
    }

    /// Where the camera looks, level about its axis, from true north; and how wide.
    fn camera(&mut self, look: &CameraLook, out: &mut Vec<u8>) {
        let time_boot_ms = self.boot_ms(look.time);
        let [heading, tilt, _] = look.attitude;
        let [azimuth, elevation] = look.gimbal;
        let (yaw, pitch) = ((heading + azimuth) / 2.0, (elevation + tilt) / 2.0);
        let q = [cos(pitch) * cos(yaw), -sin(pitch) * sin(yaw), sin(pitch) * cos(yaw), cos(pitch) * sin(yaw)];
        let gimbal = GIMBAL_DEVICE_ATTITUDE_STATUS_DATA {
            time_boot_ms,
            q: q.map(single),
            flags: GimbalDeviceFlags::GIMBAL_DEVICE_FLAGS_YAW_IN_EARTH_FRAME,
            ..GIMBAL_DEVICE_ATTITUDE_STATUS_DATA::DEFAULT
        };
        let [hfov, vfov] = self.view_deg.map(single);
        let view = CAMERA_FOV_STATUS_DATA { time_boot_ms, hfov, vfov, ..CAMERA_FOV_STATUS_DATA::DEFAULT };
        self.say(GIMBAL, &gimbal, out);
        self.say(CAMERA, &view, out);
    }

    fn followed(&mut self, target: &InFrame, out: &mut Vec<u8>) {
        let edge = |axis: usize, side: f64| single((target.at[axis] + side * target.size[axis] / 2.0).clamp(0.0, 1.0));
        let boxed = CAMERA_TRACKING_IMAGE_STATUS_DATA {
            rec_top_x: edge(0, -1.0),
            rec_top_y: edge(1, -1.0),
            rec_bottom_x: edge(0, 1.0),
            rec_bottom_y: edge(1, 1.0),
            tracking_status: CameraTrackingStatusFlags::CAMERA_TRACKING_STATUS_FLAGS_ACTIVE,
            tracking_mode: CameraTrackingMode::CAMERA_TRACKING_MODE_RECTANGLE,
            target_data: CameraTrackingTargetData::CAMERA_TRACKING_TARGET_DATA_IN_STATUS,
            ..CAMERA_TRACKING_IMAGE_STATUS_DATA::DEFAULT
        };
        self.say(CAMERA, &boxed, out);
    }
}

impl CameraWire for Mavlink {
    fn frame(&mut self, look: &CameraLook, out: &mut Vec<u8>) {
        if look.time >= self.about_itself_due {
            self.about_itself_due = look.time + ABOUT_ITSELF_EVERY;
            self.about_itself(look, out);
        }
        self.own_motion(look, out);
        self.camera(look, out);
        if let Some(target) = look.targets.first() {
            self.followed(target, out);
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "at most 1.8 × 10⁹")]
fn e7(look: &CameraLook) -> [i32; 2] {
    [look.position.latitude_deg(), look.position.longitude_deg()].map(|degrees| round(degrees * 1e7) as i32)
}

#[expect(clippy::cast_possible_truncation, reason = "heights of scenarios are below 30 km")]
fn millimetres(metres: f64) -> i32 {
    round(metres * 1e3) as i32
}

#[expect(clippy::cast_possible_truncation, reason = "what carries a camera is slower than 300 m/s")]
fn centimetres(metres: f64) -> i16 {
    round(metres * 1e2) as i16
}

#[expect(clippy::cast_possible_truncation, reason = "the messages have 32 bits")]
const fn single(value: f64) -> f32 {
    value as f32
}
