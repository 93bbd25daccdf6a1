//! A camera: where it looks and how wide, and what it follows.

use ::mavlink::dialects::common as dialect;
use fusion_core::identity::Identity;
use fusion_core::maths::hypot;
use fusion_core::time::{Span, Timestamp};

use super::sight::{self, FieldOfView, InImage, Quaternion};
use super::system::{self, At, Attitude, System};
use super::vehicle::rate;
use super::{From, Link, MavlinkConfig, When};
use crate::decoder::{HorizontalError, Measured, Place, Platform, Point, PointVelocity, Polar, Return};

/// Where a camera looks.
impl Link {
    /// Roll and pitch are against the horizon in every frame; only yaw is against north or against the vehicle.
    pub(super) fn handle_gimbal(&mut self, told: &dialect::GIMBAL_DEVICE_ATTITUDE_STATUS_DATA, from: From) {
        use dialect::GimbalDeviceFlags as Flags;
        let Some((time, _)) = self.when(told.time_boot_ms, from) else { return };
        let has = |flag| told.flags.contains(flag);
        let earth = has(Flags::GIMBAL_DEVICE_FLAGS_YAW_IN_EARTH_FRAME);
        let vehicle = has(Flags::GIMBAL_DEVICE_FLAGS_YAW_IN_VEHICLE_FRAME);
        // Those who set neither flag mean the frame of the lock.
        let from_north = if earth || vehicle { earth } else { has(Flags::GIMBAL_DEVICE_FLAGS_YAW_LOCK) };
        let heading = if from_north { Some(0.0) } else { self.heading(time, f64::from(told.delta_yaw), from) };
        let turn = Quaternion::new(told.q).zip(heading);
        let turn = turn.filter(|_| !(earth && vehicle)).map(|(q, heading)| yawed(heading).then(q));
        let rate = rate([told.angular_velocity_x, told.angular_velocity_y, told.angular_velocity_z]);
        self.point(time, turn, rate, from);
    }

    #[expect(deprecated, reason = "older gimbals send nothing else")]
    pub(super) fn handle_mount(&mut self, told: &dialect::MOUNT_ORIENTATION_DATA, from: From) {
        let Some((time, _)) = self.when(told.time_boot_ms, from) else { return };
        let [roll, pitch, yaw, absolute] =
            [told.roll, told.pitch, told.yaw, told.yaw_absolute].map(|degrees| f64::from(degrees).to_radians());
        // An old sender leaves the absolute yaw out, which then reads as zero.
        let relative = yaw.is_finite().then(|| self.heading(time, f64::NAN, from)).flatten().map(|h| h + yaw);
        let yaw = relative.or((absolute.is_finite() && absolute.abs() > 0.0).then_some(absolute));
        let level = [roll, pitch].map(|angle| if angle.is_finite() { angle } else { 0.0 });
        let turn = yaw.filter(|_| pitch.is_finite()).map(|yaw| Quaternion::of_angles(level[0], level[1], yaw));
        self.point(time, turn, 0.0, from);
    }

    pub(super) fn handle_view(&mut self, told: &dialect::CAMERA_FOV_STATUS_DATA, from: From) {
        let Some((time, _)) = self.when(told.time_boot_ms, from) else { return };
        let view = FieldOfView::from_degrees(f64::from(told.hfov), f64::from(told.vfov));
        self.system(from).view = view;
        if let Some(turn) = Quaternion::new(told.q) {
            self.point(time, Some(turn), 0.0, from);
        }
    }

    /// The vehicle's heading at a time: its own, or what a gimbal says lies between the two frames.
    fn heading(&mut self, time: Timestamp, between: f64, from: From) -> Option<f64> {
        let own = self.system(from).attitude.filter(|own| (time - own.time).abs() < AGE_MAX);
        let told = between.is_finite() && between.abs() > 0.0;
        own.map(|own| own.value.turn.heading()).or(told.then_some(between))
    }

    fn point(&mut self, time: Timestamp, turn: Option<Quaternion>, rate: f64, from: From) {
        match turn {
            Some(turn) => {
                self.tally.pointings += 1;
                self.system(from).pointing = Some(At { time, value: Attitude { turn, rate } });
            }
            None => self.tally.pointings_refused += 1,
        }
    }
}

/// What a camera sees.
impl Link {
    pub(super) fn handle_image(&mut self, told: &dialect::CAMERA_TRACKING_IMAGE_STATUS_DATA, from: From) {
        if !self.is_measured(told.tracking_status) {
            return;
        }
        let Some(target) = self.target(told) else {
            self.tally.sightings_without_target += 1;
            return;
        };
        let when = self.now(from);
        let config = self.config;
        let system = self.systems.hear(from.system, from.received, || System::new(from.system));
        let Some(view) = system.view.or(config.view) else {
            self.tally.sightings_without_view += 1;
            return;
        };
        let Some(pointing) = system.pointing.filter(|p| (when.0 - p.time).abs() < AGE_MAX) else {
            self.tally.sightings_without_pointing += 1;
            return;
        };
        let Some(platform) = system.platform(when.0, &config) else {
            self.tally.sightings_without_position += 1;
            return;
        };
        let body_rate = system.attitude.map_or(0.0, |attitude| attitude.value.rate);
        let across = across(&config, pointing, body_rate, when.0);
        match sight::line_of_sight(pointing.value.turn, view, target, across) {
            Some((azimuth, elevation)) => self.sight(when, platform, azimuth, elevation),
            None => self.tally.sightings_straight_down += 1,
        }
    }

    fn sight(&mut self, when: When, platform: Platform, azimuth: Measured, elevation: Measured) {
        self.tally.sightings += 1;
        let polar = Polar { azimuth, range: None, elevation: Some(elevation), height: None, range_rate: None };
        self.report(when, Some(platform), Return::unnamed(Place::Polar(polar), Identity::UNKNOWN));
    }

    /// Whether a camera measures its target: it may be idle, in error, or carry on a target that is hidden.
    fn is_measured(&mut self, status: dialect::CameraTrackingStatusFlags) -> bool {
        use dialect::CameraTrackingStatusFlags as Flags;
        let active = status.contains(Flags::CAMERA_TRACKING_STATUS_FLAGS_ACTIVE)
            && !status.contains(Flags::CAMERA_TRACKING_STATUS_FLAGS_ERROR);
        let predicted = status.contains(Flags::CAMERA_TRACKING_STATUS_FLAGS_COASTING);
        self.tally.sightings_idle += u64::from(!active);
        self.tally.sightings_predicted += u64::from(active && predicted);
        active && !predicted
    }

    fn target(&self, told: &dialect::CAMERA_TRACKING_IMAGE_STATUS_DATA) -> Option<InImage> {
        use dialect::CameraTrackingMode as Mode;
        let (part, least) = (self.config.box_sigma, self.config.image_sigma);
        match told.tracking_mode {
            Mode::CAMERA_TRACKING_MODE_NONE => None,
            Mode::CAMERA_TRACKING_MODE_POINT => {
                InImage::of_point([told.point_x, told.point_y], told.radius, part, least)
            }
            Mode::CAMERA_TRACKING_MODE_RECTANGLE => {
                let (top_left, bottom_right) =
                    ([told.rec_top_x, told.rec_top_y], [told.rec_bottom_x, told.rec_bottom_y]);
                InImage::of_box(top_left, bottom_right, part, least)
            }
        }
    }

    pub(super) fn handle_ground(&mut self, told: &dialect::CAMERA_TRACKING_GEO_STATUS_DATA, from: From) {
        if !self.is_measured(told.tracking_status) {
            return;
        }
        let Some(place) = system::place(told.lat, told.lon) else {
            self.tally.null_islands += 1;
            return;
        };
        let when = self.now(from);
        let config = self.config;
        let height = f64::from(told.alt);
        let (position, no_geoid_sigma_m) =
            self.system(from).above_ellipsoid(place, if height.is_finite() { height } else { 0.0 }, &config);
        let sigma = ground_sigma(told, &config);
        let vertical = positive(told.v_acc).unwrap_or(sigma) + no_geoid_sigma_m;
        let point = Point {
            position,
            horizontal: HorizontalError::round(sigma),
            vertical_sigma_m: height.is_finite().then_some(vertical),
            velocity: ground_velocity(told),
        };
        self.tally.ground_points += 1;
        self.report(when, None, Return::unnamed(Place::Geodetic(point), Identity::UNKNOWN));
    }
}

/// One sigma across a line of sight, but for tilt, box and what the platform tells of itself: the gimbal; how far body
/// and gimbal turn in the time that lies between attitude and image.
fn across(config: &MavlinkConfig, pointing: At<Attitude>, body_rate: f64, image: Timestamp) -> f64 {
    let skew = (image - pointing.time).abs().as_secs_f64() + config.time_sigma.as_secs_f64();
    let turned = skew * (pointing.value.rate + body_rate);
    hypot(config.gimbal_sigma, turned)
}

fn ground_sigma(told: &dialect::CAMERA_TRACKING_GEO_STATUS_DATA, config: &MavlinkConfig) -> f64 {
    let by_range = positive(told.dist).map(|dist| dist * config.heading_sigma + config.position_sigma_m);
    positive(told.h_acc).or(by_range).unwrap_or(config.ground_sigma_m)
}

fn ground_velocity(told: &dialect::CAMERA_TRACKING_GEO_STATUS_DATA) -> Option<PointVelocity> {
    let east_north_up = [told.vel_e, told.vel_n, -told.vel_d].map(f64::from);
    let sigma = positive(told.vel_acc)?;
    let known = east_north_up.iter().all(|v| v.abs() < SPEED_MAX_M_S);
    known.then_some(PointVelocity { east_north_up, horizontal_sigma: sigma, vertical_sigma: sigma })
}

/// A length that is known: above zero, and a number.
fn positive(told: f32) -> Option<f64> {
    (told > 0.0 && told < 1e6).then(|| f64::from(told))
}

fn yawed(heading: f64) -> Quaternion {
    Quaternion::of_angles(0.0, 0.0, heading)
}

/// Attitudes and directions that lie farther from an image are not combined with it.
const AGE_MAX: Span = Span::from_secs(1);
/// Faster, nothing moves: m/s.
const SPEED_MAX_M_S: f64 = 1_000.0;
