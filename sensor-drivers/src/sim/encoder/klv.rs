//! MISB ST 0601 with ST 0903 in an MPEG transport stream: the carrier, its camera, and every target of the frame by its
//! pixel, with the class that the video tracker gives it.

use core::f64::consts::TAU;

use fusion_core::identity::ObjectClass;
use fusion_core::maths::round;

use super::{CLASS_PERCENT, CameraWire};
use crate::klv::encode::{Frame, Mux, packet};
use crate::klv::st0601::Uas;
use crate::klv::st0903::Target;
use crate::sim::camera::{CameraLook, FRAME, InFrame};
use crate::sim::scenario::DroneCamera;

/// One camera's stream.
#[derive(Debug)]
pub(super) struct Klv {
    mux: Mux,
    name: String,
    view_deg: [f64; 2],
}

impl Klv {
    pub(super) fn new(spec: &DroneCamera) -> Self {
        Self { mux: Mux::new(true), name: spec.carrier.clone(), view_deg: spec.view_deg }
    }

    fn uas(&self, look: &CameraLook) -> Uas<'_> {
        let [heading, pitch, roll] = look.attitude.map(f64::to_degrees);
        let [azimuth, elevation] = look.gimbal;
        Uas {
            time: Some(look.time),
            heading_deg: Some(heading.rem_euclid(360.0)),
            pitch_deg: Some(pitch),
            roll_deg: Some(roll),
            latitude_deg: Some(look.position.latitude_deg()),
            longitude_deg: Some(look.position.longitude_deg()),
            height_m: Some(look.position.height_m),
            field_width_deg: Some(self.view_deg[0]),
            field_height_deg: Some(self.view_deg[1]),
            relative_azimuth_deg: Some(azimuth.rem_euclid(TAU).to_degrees()),
            relative_elevation_deg: Some(elevation.to_degrees()),
            relative_roll_deg: Some(0.0),
            call_sign: Some(&self.name),
            ..Uas::default()
        }
    }
}

impl CameraWire for Klv {
    fn frame(&mut self, look: &CameraLook, out: &mut Vec<u8>) {
        let targets: Vec<Target> = look.targets.iter().map(target).collect();
        let classes: Vec<&str> = look.targets.iter().map(|seen| class_word(seen.class)).collect();
        let size = Some((FRAME[0].into(), FRAME[1].into()));
        let mut klv = Vec::new();
        packet(&self.uas(look), Some(&Frame { size, targets: &targets, classes: &classes }), &mut klv);
        self.mux.tables(out);
        self.mux.packet(&klv, out);
    }
}

fn target(seen: &InFrame) -> Target {
    let pixel = |axis: usize| Some(pixel_of(seen.at[axis], FRAME[axis]));
    let mut track = [0; 16];
    track[..2].copy_from_slice(&seen.id.target.to_be_bytes());
    track[2..6].copy_from_slice(&seen.id.instance.to_be_bytes());
    Target {
        number: u32::from(seen.id.target) + 1,
        row_column: [pixel(1), pixel(0)],
        confidence: Some(CLASS_PERCENT.into()),
        track: Some(track),
        ..Target::default()
    }
}

/// The pixel that a part of the frame lies in, counted from 1.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the frame")]
fn pixel_of(part: f64, size: u16) -> u64 {
    round((part * f64::from(size) + 0.5).clamp(1.0, f64::from(size))) as u64
}

const fn class_word(class: ObjectClass) -> &'static str {
    match class {
        ObjectClass::Unknown | ObjectClass::Emitter => "",
        ObjectClass::Air => "aircraft",
        ObjectClass::Rotary => "helicopter",
        ObjectClass::Uav => "drone",
        ObjectClass::Surface => "vessel",
        ObjectClass::Ground => "vehicle",
    }
}
