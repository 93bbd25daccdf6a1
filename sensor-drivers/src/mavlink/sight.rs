//! From a box in an image to a line of sight from the drone, with its errors.
//!
//! Axes: north, east, down on earth; forward, right, down of vehicle and camera. A quaternion (w, x, y, z) turns a
//! camera's axes into those of the earth. A point at (x, y) of an image, 0 to 1 from its left upper corner, lies in
//! the direction (1, (2x − 1) tan(h/2), (2y − 1) tan(v/2)) of the camera, h and v being the fields of view.
//!
//! Errors to first order: an error σₐ of the direction itself (gimbal, box, time), the same across in every direction,
//! so σ(elevation) = σₐ and σ(azimuth) = σₐ / cos ε, and the two are independent. What heading and tilt are off by all
//! directions of the platform share for a while: that is told with the platform.

use fusion_core::maths::{atan2, cos, hypot, sin, sqrt};

use crate::decoder::Measured;

/// Turns one set of axes into another: w, x, y, z.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quaternion([f64; 4]);

impl Quaternion {
    /// The turn that four numbers tell; `None` unless they are nearly of unit length.
    #[must_use]
    pub fn new(told: [f32; 4]) -> Option<Self> {
        let q = told.map(f64::from);
        let length = sqrt(q.iter().map(|v| v * v).sum());
        (0.9..1.1).contains(&length).then(|| Self(q.map(|v| v / length)))
    }

    /// The turn by yaw, then pitch, then roll, radians.
    #[must_use]
    pub fn of_angles(roll: f64, pitch: f64, yaw: f64) -> Self {
        let about = |angle: f64, axis: usize| {
            let mut q = [cos(angle / 2.0), 0.0, 0.0, 0.0];
            q[axis] = sin(angle / 2.0);
            Self(q)
        };
        about(yaw, 3).then(about(pitch, 2)).then(about(roll, 1))
    }

    /// This turn after the other, which is taken in its axes.
    #[must_use]
    pub fn then(self, inner: Self) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, inner.0);
        Self([
            a * e - b * f - c * g - d * h,
            a * f + b * e + c * h - d * g,
            a * g - b * h + c * e + d * f,
            a * h + b * g - c * f + d * e,
        ])
    }

    /// The heading of the forward axis, radians clockwise from north.
    #[must_use]
    pub fn heading(self) -> f64 {
        let [north, east, _] = self.turn([1.0, 0.0, 0.0]);
        atan2(east, north)
    }

    /// A direction in the outer axes.
    #[must_use]
    pub fn turn(self, [x, y, z]: [f64; 3]) -> [f64; 3] {
        let [w, i, j, k] = self.0;
        [
            x * (1.0 - 2.0 * (j * j + k * k)) + y * 2.0 * (i * j - w * k) + z * 2.0 * (i * k + w * j),
            x * 2.0 * (i * j + w * k) + y * (1.0 - 2.0 * (i * i + k * k)) + z * 2.0 * (j * k - w * i),
            x * 2.0 * (i * k - w * j) + y * 2.0 * (j * k + w * i) + z * (1.0 - 2.0 * (i * i + j * j)),
        ]
    }
}

/// A target in an image: its place and one sigma of it, 0 to 1 of width and height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InImage {
    /// From the left, and from the top.
    pub at: [f64; 2],
    /// One sigma across and down.
    pub sigma: [f64; 2],
}

impl InImage {
    /// The target of a box. A tracker's box is centred on its target within a part `box_sigma` of its size, and not
    /// better than `image_sigma` of the image. A box that the edge cuts says that the rest is outside, not how much:
    /// its sigma there is its whole size.
    #[must_use]
    pub fn of_box(top_left: [f32; 2], bottom_right: [f32; 2], box_sigma: f64, image_sigma: f64) -> Option<Self> {
        let mut target = Self { at: [0.0; 2], sigma: [0.0; 2] };
        for axis in 0..2 {
            let (low, high) = (f64::from(top_left[axis]), f64::from(bottom_right[axis]));
            if !(0.0..=1.0).contains(&low) || !(0.0..=1.0).contains(&high) || low > high {
                return None;
            }
            let cut = low < EDGE || high > 1.0 - EDGE;
            target.at[axis] = f64::midpoint(low, high);
            target.sigma[axis] = image_sigma.max((high - low) * if cut { 1.0 } else { box_sigma });
        }
        Some(target)
    }

    /// The target of a point, within a radius that may not be known.
    #[must_use]
    pub fn of_point(at: [f32; 2], radius: f32, box_sigma: f64, image_sigma: f64) -> Option<Self> {
        let at = at.map(f64::from);
        let size = if radius.is_finite() { 2.0 * f64::from(radius.max(0.0)) } else { 0.0 };
        let inside = at.iter().all(|v| (0.0..=1.0).contains(v));
        inside.then(|| Self { at, sigma: [image_sigma.max(size * box_sigma); 2] })
    }
}

/// Nearer to the edge than this part of the image, a box may be cut by it.
const EDGE: f64 = 0.005;

/// The field of view, radians.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldOfView {
    /// Across.
    pub horizontal: f64,
    /// Down.
    pub vertical: f64,
}

impl FieldOfView {
    /// From degrees; `None` unless both are above 0 and below 170.
    #[must_use]
    pub fn from_degrees(horizontal: f64, vertical: f64) -> Option<Self> {
        let possible = |degrees: &f64| *degrees > 0.01 && *degrees < 170.0;
        ([horizontal, vertical].iter().all(possible))
            .then(|| Self { horizontal: horizontal.to_radians(), vertical: vertical.to_radians() })
    }

    fn tangents(self) -> [f64; 2] {
        [self.horizontal, self.vertical].map(|angle| sin(angle / 2.0) / cos(angle / 2.0))
    }
}

/// Azimuth and elevation of a target; `None` where it is so near to straight above or below that its azimuth means
/// nothing. `across` is one sigma of the direction, but for the box, radians.
#[must_use]
pub fn line_of_sight(
    camera: Quaternion,
    view: FieldOfView,
    target: InImage,
    across: f64,
) -> Option<(Measured, Measured)> {
    let [wide, high] = view.tangents();
    let seen = [1.0, (2.0 * target.at[0] - 1.0) * wide, (2.0 * target.at[1] - 1.0) * high];
    let [north, east, down] = camera.turn(seen);
    let level = hypot(north, east);
    let (azimuth, elevation) = (atan2(east, north), atan2(-down, level));
    // Off the axis a step in the image is a smaller angle; the step at the axis bounds it.
    let in_image = (2.0 * wide * target.sigma[0]).max(2.0 * high * target.sigma[1]);
    let across = hypot(across, in_image);
    let azimuth_sigma = across / cos(elevation);
    (azimuth_sigma < AZIMUTH_SIGMA_MAX)
        .then_some((Measured { value: azimuth, sigma: azimuth_sigma }, Measured { value: elevation, sigma: across }))
}

/// Beyond half a radian an error of azimuth is no longer nearly normal.
const AZIMUTH_SIGMA_MAX: f64 = 0.5;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use fusion_core::maths::tan;

    const VIEW: FieldOfView = FieldOfView { horizontal: 1.0, vertical: 0.6 };
    const ACROSS: f64 = 0.005;

    fn at(x: f64, y: f64) -> InImage {
        InImage { at: [x, y], sigma: [0.001; 2] }
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn the_middle_of_the_image_is_where_the_camera_points() {
        for (pitch, yaw) in [(0.0, 0.0), (-0.5, 2.0), (0.3, -1.0)] {
            let camera = Quaternion::of_angles(0.7, pitch, yaw);
            let (azimuth, elevation) = line_of_sight(camera, VIEW, at(0.5, 0.5), ACROSS).unwrap();
            assert!(near(azimuth.value, yaw) && near(elevation.value, pitch));
            assert!(near(camera.heading(), yaw));
        }
    }

    #[test]
    fn the_edges_of_the_image_are_half_a_field_of_view_away() {
        let level = Quaternion::of_angles(0.0, 0.0, 0.25);
        let (right, _) = line_of_sight(level, VIEW, at(1.0, 0.5), ACROSS).unwrap();
        assert!(near(right.value, 0.75));
        let (_, top) = line_of_sight(level, VIEW, at(0.5, 0.0), ACROSS).unwrap();
        assert!(near(top.value, 0.3));
        let rolled = Quaternion::of_angles(core::f64::consts::FRAC_PI_2, 0.0, 0.25);
        let (_, down) = line_of_sight(rolled, VIEW, at(1.0, 0.5), ACROSS).unwrap();
        assert!(near(down.value, -0.5));
    }

    #[test]
    fn an_error_across_is_larger_in_azimuth_the_steeper_the_direction() {
        let camera = Quaternion::of_angles(0.0, -0.8, 1.2);
        let (azimuth, elevation) = line_of_sight(camera, VIEW, at(0.6, 0.4), ACROSS).unwrap();
        let across = hypot(ACROSS, 2.0 * tan(0.5) * 0.001);
        assert!(near(elevation.sigma, across) && near(azimuth.sigma, across / cos(elevation.value)));
    }

    #[test]
    fn straight_down_has_no_azimuth() {
        let down = Quaternion::of_angles(0.0, -core::f64::consts::FRAC_PI_2, 0.0);
        assert_eq!(line_of_sight(down, VIEW, at(0.5, 0.5), ACROSS), None);
    }

    #[test]
    fn a_box_at_the_image_edge_is_as_uncertain_as_it_is_large() {
        let inside = InImage::of_box([0.4, 0.4], [0.6, 0.5], 0.1, 0.005).unwrap();
        let told = [inside.at[0] - 0.5, inside.sigma[0] - 0.02, inside.sigma[1] - 0.01];
        assert!(told.iter().all(|error| error.abs() < 1e-7));
        let cut = InImage::of_box([0.9, 0.4], [1.0, 0.5], 0.1, 0.005).unwrap();
        assert!((cut.sigma[0] - 0.1).abs() < 1e-6 && (cut.sigma[1] - 0.01).abs() < 1e-6);
        for wrong in [[f32::NAN, 0.0], [-0.1, 0.0], [0.7, 0.0], [1.1, 0.0]] {
            assert_eq!(InImage::of_box(wrong, [0.6, 0.5], 0.1, 0.005), None);
        }
        assert_eq!(InImage::of_point([0.5, f32::NAN], 0.1, 0.1, 0.005), None);
        assert!(near(InImage::of_point([0.5, 0.5], f32::NAN, 0.1, 0.005).unwrap().sigma[0], 0.005));
    }

    #[test]
    fn a_quaternion_that_is_none_is_refused() {
        for wrong in [[0.0; 4], [f32::NAN, 0.0, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0]] {
            assert_eq!(Quaternion::new(wrong), None);
        }
    }
}
