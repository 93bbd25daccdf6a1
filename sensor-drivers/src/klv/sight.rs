//! Where a pixel looks: from the attitude of the platform, the turning of the sensor on it, and the field of view.
//!
//! Axes are those of ST 0601: north, east, down; the platform's nose, right wing and belly; the sensor's axis, right
//! and down. Each is turned into the next by yaw about the third, then pitch about the second, then roll about the
//! first axis. A pixel is seen through a pinhole without distortion.
//!
//! The errors of pointing and pixel are taken as independent: what of them lies along azimuth and elevation is summed
//! by squares. What heading, pitch and roll are off by all targets of a frame share, and those of the next frames for a
//! while: that is told with the platform.

use fusion_core::maths::{atan2, cos, hypot, sin, sqrt, tan};

use super::st0601::Uas;
use super::st0903::{Target, Vmti};
use crate::decoder::{Measured, Polar};

type Vector = [f64; 3];

/// One sigma of what turns a line of sight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SightSigmas {
    /// Of the platform's heading, radians: told with the platform, as all lines of sight share it.
    pub heading: f64,
    /// Of the platform's pitch and roll, radians: told with the platform likewise.
    pub tilt: f64,
    /// Of the sensor's angles on the platform, radians, about each axis.
    pub pointing: f64,
    /// Of the middle of a target in the frame, pixels, along rows and columns.
    pub pixels: f64,
}

/// Why a pixel is no line of sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsighted {
    /// The platform's attitude, the sensor's angles, the field of view or the size of the frame were not told.
    Untold,
    /// The pixel lies outside the frame.
    OutsideFrame,
    /// So near to straight up or down that there is no azimuth.
    Overhead,
}

/// An azimuth whose one sigma is larger is none, radians.
const AZIMUTH_SIGMA_LARGEST: f64 = 0.35;

/// A frame's sensor in space: its axes, and the size of a pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    /// The sensor's axis, right and down.
    axes: [Vector; 3],
    /// Size of the frame, pixels.
    frame: (f64, f64),
    /// Size of a pixel at unit distance along the axis.
    pixel: (f64, f64),
}

impl Camera {
    /// The camera that made this frame, if all is told that is needed.
    #[must_use]
    pub fn new(uas: &Uas<'_>, vmti: &Vmti<'_>) -> Option<Self> {
        let body = turned(LEVEL, [uas.heading_deg?, uas.pitch_deg?, uas.roll_deg?]);
        let roll_deg = uas.relative_roll_deg.unwrap_or(0.0);
        let axes = turned(body, [uas.relative_azimuth_deg?, uas.relative_elevation_deg?, roll_deg]);
        let frame = (pixels(vmti.frame_width?)?, pixels(vmti.frame_height?)?);
        let width = size(vmti.field_width_deg.or(uas.field_width_deg)?, frame.0)?;
        let height = match vmti.field_height_deg.or(uas.field_height_deg) {
            Some(told) => size(told, frame.1)?,
            None => width,
        };
        Some(Self { axes, frame, pixel: (width, height) })
    }

    /// The line of sight through the middle of a target.
    ///
    /// # Errors
    /// [`Unsighted`].
    pub fn sight(&self, target: &Target, frame_width: u64, sigmas: &SightSigmas) -> Result<Polar, Unsighted> {
        let (row, column) = target.row_and_column(frame_width).ok_or(Unsighted::Untold)?;
        let (row, column) = pixels(row).zip(pixels(column)).ok_or(Unsighted::OutsideFrame)?;
        if row > self.frame.1 || column > self.frame.0 {
            return Err(Unsighted::OutsideFrame);
        }
        let right = (column - 0.5 - self.frame.0 / 2.0) * self.pixel.0;
        let down = (row - 0.5 - self.frame.1 / 2.0) * self.pixel.1;
        let distance = sqrt(1.0 + right * right + down * down);
        let sight = combine(self.axes, [1.0 / distance, right / distance, down / distance]);
        self.polar(sight, distance, sigmas).ok_or(Unsighted::Overhead)
    }

    fn polar(&self, sight: Vector, distance: f64, sigmas: &SightSigmas) -> Option<Polar> {
        let level = hypot(sight[0], sight[1]);
        if level < 1e-6 {
            return None;
        }
        let (north, east) = (sight[0] / level, sight[1] / level);
        let along_azimuth = [-east, north, 0.0];
        let along_elevation = [sight[2] * north, sight[2] * east, -level];
        let azimuth = self.sigma(along_azimuth, distance, sigmas) / level;
        let elevation = self.sigma(along_elevation, distance, sigmas);
        (azimuth <= AZIMUTH_SIGMA_LARGEST).then_some(Polar {
            azimuth: Measured { value: atan2(sight[1], sight[0]), sigma: azimuth },
            range: None,
            elevation: Some(Measured { value: atan2(-sight[2], level), sigma: elevation }),
            height: None,
            range_rate: None,
        })
    }

    /// One sigma of the line of sight along a unit vector at right angles to it, radians.
    fn sigma(&self, along: Vector, distance: f64, sigmas: &SightSigmas) -> f64 {
        let [_, right, down] = self.axes;
        let by_pixels = [
            sigmas.pixels * self.pixel.0 / distance * dot(right, along),
            sigmas.pixels * self.pixel.1 / distance * dot(down, along),
        ];
        sqrt(by_pixels.into_iter().fold(sigmas.pointing * sigmas.pointing, |sum, part| sum + part * part))
    }
}

/// North, east, down.
const LEVEL: [Vector; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// The axes turned by yaw, pitch and roll in degrees, each about the axes as turned so far.
fn turned([x, y, z]: [Vector; 3], [yaw, pitch, roll]: [f64; 3]) -> [Vector; 3] {
    let (x, y) = spun(x, y, yaw);
    let (z, x) = spun(z, x, pitch);
    let (y, z) = spun(y, z, roll);
    [x, y, z]
}

/// Two axes turned about the third, the first towards the second.
fn spun(a: Vector, b: Vector, degrees: f64) -> (Vector, Vector) {
    let (s, c) = (sin(degrees.to_radians()), cos(degrees.to_radians()));
    let mix = |p: f64, q: f64| core::array::from_fn(|k| p * a[k] + q * b[k]);
    (mix(c, s), mix(-s, c))
}

fn combine([x, y, z]: [Vector; 3], [a, b, c]: Vector) -> Vector {
    core::array::from_fn(|k| a * x[k] + b * y[k] + c * z[k])
}

fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// A number of pixels from one to what no sensor has.
fn pixels(number: u64) -> Option<f64> {
    u32::try_from(number).ok().filter(|&number| number > 0).map(f64::from)
}

/// The size of a pixel at unit distance; a pinhole sees less than 180°.
fn size(field_deg: f64, frame: f64) -> Option<f64> {
    (field_deg > 0.0 && field_deg < 170.0).then(|| 2.0 * tan(field_deg.to_radians() / 2.0) / frame)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const SIGMAS: SightSigmas = SightSigmas { heading: 0.02, tilt: 0.005, pointing: 0.001, pixels: 2.0 };

    fn uas() -> Uas<'static> {
        Uas {
            heading_deg: Some(90.0),
            pitch_deg: Some(0.0),
            roll_deg: Some(0.0),
            relative_azimuth_deg: Some(30.0),
            relative_elevation_deg: Some(-20.0),
            relative_roll_deg: Some(0.0),
            field_width_deg: Some(10.0),
            ..Uas::default()
        }
    }

    fn vmti() -> Vmti<'static> {
        let mut vmti = Vmti::default();
        (vmti.frame_width, vmti.frame_height) = (Some(1001), Some(501));
        vmti
    }

    fn seen(uas: &Uas<'_>, row: u64, column: u64) -> Result<Polar, Unsighted> {
        let target = Target { row_column: [Some(row), Some(column)], ..Target::default() };
        Camera::new(uas, &vmti()).unwrap().sight(&target, 1001, &SIGMAS)
    }

    fn angles_deg(polar: &Polar) -> (f64, f64) {
        (polar.azimuth.value.to_degrees(), polar.elevation.unwrap().value.to_degrees())
    }

    #[test]
    fn the_middle_of_the_frame_lies_along_the_axis_of_the_sensor() {
        let (azimuth, elevation) = angles_deg(&seen(&uas(), 251, 501).unwrap());
        assert!((azimuth - 120.0).abs() < 1e-9 && (elevation + 20.0).abs() < 1e-9);
    }

    #[test]
    fn right_in_the_frame_is_clockwise_and_down_is_lower() {
        let level = Uas { relative_elevation_deg: Some(0.0), ..uas() };
        let (azimuth, elevation) = angles_deg(&seen(&level, 251, 1001).unwrap());
        assert!((azimuth - 124.995).abs() < 1e-3 && elevation.abs() < 1e-9, "{azimuth} {elevation}");
        let (azimuth, elevation) = angles_deg(&seen(&level, 501, 501).unwrap());
        assert!((azimuth - 120.0).abs() < 1e-9 && (elevation + 2.501).abs() < 0.01, "{azimuth} {elevation}");
    }

    #[test]
    fn a_bank_to_the_right_lowers_what_is_seen_to_the_right() {
        let right =
            Uas { roll_deg: Some(30.0), relative_azimuth_deg: Some(90.0), relative_elevation_deg: Some(0.0), ..uas() };
        let (azimuth, elevation) = angles_deg(&seen(&right, 251, 501).unwrap());
        assert!((azimuth.abs() - 180.0).abs() < 1e-9 && (elevation + 30.0).abs() < 1e-9);
    }

    #[test]
    fn pointing_and_pixels_turn_the_line_of_sight_the_more_in_azimuth_the_steeper_it_is() {
        let polar = seen(&uas(), 251, 501).unwrap();
        let pixel = SIGMAS.pixels * 2.0 * tan(5_f64.to_radians()) / 1001.0;
        let across = hypot(SIGMAS.pointing, pixel);
        assert!((polar.elevation.unwrap().sigma / across - 1.0).abs() < 1e-9);
        assert!((polar.azimuth.sigma * cos(20_f64.to_radians()) / across - 1.0).abs() < 1e-9);
    }

    #[test]
    fn straight_down_there_is_no_azimuth_and_outside_the_frame_no_pixel() {
        let down = Uas { relative_elevation_deg: Some(-89.9), ..uas() };
        assert_eq!(seen(&down, 251, 501), Err(Unsighted::Overhead));
        assert_eq!(seen(&uas(), 251, 1002), Err(Unsighted::OutsideFrame));
        assert!(Camera::new(&Uas { heading_deg: None, ..uas() }, &vmti()).is_none());
    }
}
