//! The vehicle itself: what it is, where it is, how it lies; and the report of its own position.

use ::mavlink::dialects::common as dialect;
use fusion_core::gaussian::Covariance;
use fusion_core::geodesy::Geodetic;
use fusion_core::identity::{Affiliation, Identity, NAME_BYTES_MAX, ObjectClass};
use fusion_core::nalgebra::{SVector, Vector3};
use fusion_core::source_track::SourceTrack;
use fusion_core::track::TrackStatus;

use super::sight::Quaternion;
use super::system::{At, Attitude, Fix, System};
use super::{From, Link, OwnPosition};
use crate::decoder::{HorizontalError, Place, Point, PointVelocity, Report, Return, TimeQuality};

/// Where a system is and how it lies.
impl Link {
    pub(super) fn handle_heartbeat(&mut self, told: &dialect::HEARTBEAT_DATA, from: From) {
        // Gimbals and cameras beat too: only the autopilot says what the system is.
        if from.component == AUTOPILOT {
            self.system(from).class = class(told.mavtype);
        }
    }

    pub(super) fn handle_gps(&mut self, told: &dialect::GPS_RAW_INT_DATA, from: From) {
        // Its time is since boot or UTC, and nobody can tell which.
        let (time, _) = self.now(from);
        let nowhere = self.system(from).handle_gps(told, time);
        self.tally.null_islands += u64::from(nowhere);
    }

    pub(super) fn handle_position(&mut self, told: &dialect::GLOBAL_POSITION_INT_DATA, from: From) {
        let Some((time, quality)) = self.when(told.time_boot_ms, from) else { return };
        let config = self.config;
        match self.system(from).handle_position(told, time, &config) {
            Some(fix) => {
                self.tally.positions += 1;
                self.report_own(fix, quality, from);
            }
            None => self.tally.null_islands += 1,
        }
    }

    fn report_own(&mut self, fix: At<Fix>, time_quality: TimeQuality, from: From) {
        let (own, period) = (self.config.own_position, self.config.own_period);
        let system = self.system(from);
        let due = system.reported.is_none_or(|last| (fix.time - last).abs() >= period);
        if own == OwnPosition::Ignored || !due {
            return;
        }
        system.reported = Some(fix.time);
        let identity = own_identity(system);
        match own {
            OwnPosition::Ignored => {}
            OwnPosition::SourceTrack => self.out.push(Report::SourceTrack(own_track(fix, from.system, identity))),
            OwnPosition::Measurement => {
                let place = Place::Geodetic(own_point(&fix.value));
                self.report((fix.time, time_quality), None, Return::unnamed(place, identity));
            }
        }
    }

    pub(super) fn handle_attitude(&mut self, told: &dialect::ATTITUDE_DATA, from: From) {
        let Some((time, _)) = self.when(told.time_boot_ms, from) else { return };
        let angles = [told.roll, told.pitch, told.yaw].map(f64::from);
        let rate = rate([told.rollspeed, told.pitchspeed, told.yawspeed]);
        if angles.iter().all(|angle| angle.abs() < ANGLE_MAX) {
            let turn = Quaternion::of_angles(angles[0], angles[1], angles[2]);
            self.tally.attitudes += 1;
            self.system(from).attitude = Some(At { time, value: Attitude { turn, rate } });
        }
    }

    pub(super) fn handle_quaternion(&mut self, told: &dialect::ATTITUDE_QUATERNION_DATA, from: From) {
        let Some((time, _)) = self.when(told.time_boot_ms, from) else { return };
        let rate = rate([told.rollspeed, told.pitchspeed, told.yawspeed]);
        if let Some(turn) = Quaternion::new([told.q1, told.q2, told.q3, told.q4]) {
            self.tally.attitudes += 1;
            self.system(from).attitude = Some(At { time, value: Attitude { turn, rate } });
        }
    }
}

/// Length of an angular velocity; zero if it is not known.
pub(super) fn rate(told: [f32; 3]) -> f64 {
    let length = Vector3::from(told.map(f64::from)).norm();
    if length < RATE_MAX { length } else { 0.0 }
}

fn own_identity(system: &System) -> Identity {
    let mut name = heapless::String::<NAME_BYTES_MAX>::new();
    core::fmt::write(&mut name, format_args!("mavlink {}", system.number)).expect("eight and ten characters");
    Identity { name: Some(name), class: system.class, affiliation: Affiliation::AssumedFriend, ..Identity::UNKNOWN }
}

fn own_point(fix: &Fix) -> Point {
    let [north, east, down] = fix.velocity;
    Point {
        position: fix.position,
        horizontal: HorizontalError::round(fix.horizontal_sigma_m),
        vertical_sigma_m: Some(fix.vertical_sigma_m),
        velocity: Some(PointVelocity {
            east_north_up: [east, north, -down],
            horizontal_sigma: OWN_SPEED_SIGMA_M_S,
            vertical_sigma: OWN_SPEED_SIGMA_M_S,
        }),
    }
}

fn own_track(fix: At<Fix>, number: u32, identity: Identity) -> SourceTrack {
    let place: Geodetic = fix.value.position;
    let [north, east, down] = fix.value.velocity;
    let velocity = place.enu_axes().transpose() * Vector3::new(east, north, -down);
    let sigmas = [fix.value.horizontal_sigma_m, fix.value.horizontal_sigma_m, fix.value.vertical_sigma_m];
    SourceTrack {
        number,
        time: fix.time,
        position: place.to_ecef(),
        velocity: Some(fusion_core::frame::Velocity::from_vector(velocity)),
        covariance: Covariance::from_sigmas(&SVector::from(sigmas)).expect("millimetres told are above zero"),
        velocity_covariance: Covariance::from_sigmas(&SVector::from([OWN_SPEED_SIGMA_M_S; 3])).ok(),
        status: TrackStatus::Confirmed,
        identity,
    }
}

/// What a type of vehicle is in our words; whatever flies and is none of these is unmanned.
const fn class(told: dialect::MavType) -> ObjectClass {
    match told as u32 {
        10 | 46 => ObjectClass::Ground,
        11 | 12 => ObjectClass::Surface,
        5 | 6 | 18 => ObjectClass::Unknown,
        _ => ObjectClass::Uav,
    }
}

/// The component that is the autopilot.
const AUTOPILOT: u8 = 1;
/// No angle that is told is larger: it would be no angle.
const ANGLE_MAX: f64 = 100.0;
/// Faster, nothing turns: rad/s.
const RATE_MAX: f64 = 100.0;
/// Of the velocity that an autopilot estimates.
const OWN_SPEED_SIGMA_M_S: f64 = 0.5;
