//! A camera that a target carries: what it follows, and how well it knows where it looks.

use serde::Deserialize;

use super::{Faults, TargetClass};

/// What a camera speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CameraEncoder {
    /// MAVLink 2: its carrier's position, attitude and gimbal, and the box around the one target that it follows.
    #[default]
    Mavlink,
    /// MISB ST 0601 with ST 0903 in MPEG-TS: all targets of the frame by their pixels.
    Klv,
}

/// A camera on a gimbal of a target. It turns to the nearest that it may watch, and tells where in the frame that is.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DroneCamera {
    /// What people call it.
    pub name: String,
    /// The target that carries it, by its name.
    pub carrier: String,
    /// What it watches.
    #[serde(default = "usual_watch")]
    pub watches: Vec<TargetClass>,
    /// Time from frame to frame, seconds.
    #[serde(default = "usual_period_s")]
    pub period_s: f64,
    /// How far it sees, metres.
    #[serde(default = "usual_range_m")]
    pub range_max_m: f64,
    /// Width and height of its field of view, degrees.
    #[serde(default = "usual_view_deg")]
    pub view_deg: [f64; 2],
    /// P_D of a target in the frame.
    #[serde(default = "usual_detection")]
    pub detection_probability: f64,
    /// One sigma of its carrier's position along each axis, metres; of its height one and a half times as much.
    #[serde(default = "usual_position_sigma_m")]
    pub position_sigma_m: f64,
    /// One sigma of its carrier's heading, degrees. It wanders slowly.
    #[serde(default = "usual_heading_sigma_deg")]
    pub heading_sigma_deg: f64,
    /// One sigma of its carrier's pitch and roll, degrees. They wander slowly.
    #[serde(default = "usual_tilt_sigma_deg")]
    pub tilt_sigma_deg: f64,
    /// One sigma of the gimbal's angles, degrees.
    #[serde(default = "usual_gimbal_sigma_deg")]
    pub gimbal_sigma_deg: f64,
    /// Its number on the link, 1 to 255, where it speaks MAVLink.
    #[serde(default = "first_system")]
    pub system: u8,
    /// Time from a frame to what is said of it being sent, milliseconds.
    #[serde(default = "usual_latency_ms")]
    pub latency_ms: f64,
    /// What it speaks.
    #[serde(default)]
    pub encoder: CameraEncoder,
    /// Where its bytes go, where nobody says otherwise: `udp:`, `tcp:` or `tcp-listen://HOST:PORT`.
    pub endpoint: Option<String>,
    /// What goes wrong with it.
    #[serde(default)]
    pub faults: Faults,
}

fn usual_watch() -> Vec<TargetClass> {
    vec![TargetClass::GroundVehicle, TargetClass::Vessel]
}

const fn usual_period_s() -> f64 {
    0.5
}

const fn usual_range_m() -> f64 {
    2_000.0
}

const fn usual_view_deg() -> [f64; 2] {
    [16.0, 9.0]
}

const fn usual_detection() -> f64 {
    0.9
}

const fn usual_position_sigma_m() -> f64 {
    2.0
}

const fn usual_heading_sigma_deg() -> f64 {
    1.5
}

const fn usual_tilt_sigma_deg() -> f64 {
    0.4
}

const fn usual_gimbal_sigma_deg() -> f64 {
    0.2
}

const fn first_system() -> u8 {
    1
}

const fn usual_latency_ms() -> f64 {
    250.0
}
