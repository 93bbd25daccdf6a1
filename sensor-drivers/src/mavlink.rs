//! MAVLink 2 (mavlink.io, dialect `common`): drones that say where they are and what their cameras follow.
//!
//! From bytes to reports, one file a step: [`framer`] cuts the stream into frames, the crate `mavlink` reads their
//! messages, [`clock`] takes times since boot to UTC, `system` remembers what `vehicle` and `camera` learn of each,
//! [`sight`] turns a box in an image into a line of sight, `relay` passes on aircraft and vessels that a drone heard,
//! `odid` hands Remote ID to [`crate::remote_id::fleet`]. [`encode`] writes frames.
//!
//! Assumed: one camera on one gimbal a system; what is older than a second is not combined. Nothing is ever sent, and
//! signatures are not verified: who can write to the link can lie, so an own drone is an assumed friend.

use ::mavlink::MessageData;
use ::mavlink::dialects::common as dialect;
use fusion_core::measurement::Coverage;
use fusion_core::time::{Span, Timestamp};

use crate::decoder::{Decoder, OwnedScan, Platform, Report, Return, TimeQuality};
use crate::error::{DecodeError, Reason};
use crate::heard::Heard;
use crate::outbox::Outbox;
use crate::remote_id::RemoteIdConfig;
use crate::remote_id::fleet::{Fleet, Transmitter};
use crate::remote_id::message::{self, Message};
use clock::{Noted, Utc};
use framer::{Frame, Framer};
use relay::{Relayed, Seen};
use sight::FieldOfView;
use system::System;
use tally::Tally;

mod camera;
pub mod clock;
pub mod encode;
pub mod framer;
mod odid;
mod relay;
pub mod sight;
mod system;
pub mod tally;
mod vehicle;

pub use ::mavlink::dialects::common;
pub use system::{COMPONENTS_MAX, SYSTEMS_MAX};

/// What becomes of a drone's own position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OwnPosition {
    /// It only serves its camera.
    Ignored,
    /// A source track: an estimate made elsewhere.
    #[default]
    SourceTrack,
    /// A measurement of the drone, for the tracker.
    Measurement,
}

/// How a link is set up. Angles in radians.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MavlinkConfig {
    /// What becomes of a drone's own position.
    pub own_position: OwnPosition,
    /// How often it is reported at the most.
    pub own_period: Span,
    /// One sigma of roll and pitch.
    pub tilt_sigma: f64,
    /// One sigma of heading.
    pub heading_sigma: f64,
    /// One sigma of where a gimbal points, against what it says.
    pub gimbal_sigma: f64,
    /// One sigma of the time between an image and the attitude told beside it.
    pub time_sigma: Span,
    /// One sigma of a target within its box, as a part of the box.
    pub box_sigma: f64,
    /// The least sigma of a target, as a part of the image.
    pub image_sigma: f64,
    /// The field of view of cameras that do not tell theirs.
    pub view: Option<FieldOfView>,
    /// One sigma of a horizontal position of unknown accuracy, metres.
    pub position_sigma_m: f64,
    /// One sigma of a height of unknown accuracy, metres.
    pub height_sigma_m: f64,
    /// One sigma of a ground point of unknown accuracy, metres.
    pub ground_sigma_m: f64,
    /// Height of the geoid above the ellipsoid, metres; else what a drone's receiver says, else as modelled.
    pub undulation_m: Option<f64>,
    /// How far UTC that a drone tells may lie from the time of receipt.
    pub time_error_max: Span,
    /// From being true to being received, where UTC is not told.
    pub latency: Span,
    /// For drones that relay Remote ID.
    pub remote_id: RemoteIdConfig,
}

impl Default for MavlinkConfig {
    fn default() -> Self {
        Self {
            own_position: OwnPosition::SourceTrack,
            own_period: Span::from_secs(1),
            tilt_sigma: 0.5_f64.to_radians(),
            heading_sigma: 2.0_f64.to_radians(),
            gimbal_sigma: 0.3_f64.to_radians(),
            time_sigma: Span::from_millis(100),
            box_sigma: 0.1,
            image_sigma: 0.005,
            view: None,
            position_sigma_m: 3.0,
            height_sigma_m: 5.0,
            ground_sigma_m: 50.0,
            undulation_m: None,
            time_error_max: Span::from_secs(10),
            latency: Span::ZERO,
            remote_id: RemoteIdConfig::default(),
        }
    }
}

/// The driver of one link, on which any number of systems may speak.
///
/// An error's offset is that of the end of the refused frame in the bytes handed in; for garbage, of their beginning.
#[derive(Debug)]
pub struct MavlinkDecoder {
    framer: Framer,
    link: Link,
}

/// All that the messages of a link are taken into.
#[derive(Debug)]
struct Link {
    config: MavlinkConfig,
    systems: Heard<u32, System>,
    relayed: Relayed,
    fleet: Fleet,
    out: Outbox,
    tally: Tally,
}

impl MavlinkDecoder {
    /// A driver that has heard nothing yet.
    #[must_use]
    pub fn new(config: MavlinkConfig) -> Self {
        let link = Link {
            config,
            systems: Heard::new(SYSTEMS_MAX),
            relayed: Relayed::default(),
            fleet: Fleet::new(config.remote_id),
            out: Outbox::default(),
            tally: Tally::default(),
        };
        Self { framer: Framer::default(), link }
    }

    /// What became of every frame.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.link.tally
    }
}

impl Decoder for MavlinkDecoder {
    fn handle_bytes(&mut self, bytes: &[u8], received: Timestamp) {
        let garbage_before = self.framer.garbage();
        let mut rest = bytes;
        loop {
            let frame = self.framer.next(&mut rest);
            let Some(frame) = frame else { break };
            self.link.handle_frame(&frame, received, bytes.len() - rest.len());
        }
        if self.framer.garbage() > garbage_before {
            self.link.out.refuse(fault(0, "frame", Reason::NotThisFormat));
        }
    }

    /// Nothing here waits for time: what is half received is held until its other half or another beginning comes.
    fn handle_timeout(&mut self, _now: Timestamp) {}

    fn poll_report(&mut self) -> Option<Result<Report, DecodeError>> {
        self.link.out.poll()
    }

    fn recycle(&mut self, scan: OwnedScan) {
        self.link.out.recycle(scan);
    }

    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        self.framer.counters(each);
        self.link.tally.each(each);
        each("systems", self.link.systems.len() as u64);
        each("systems_evicted", self.link.systems.evicted());
        self.link.fleet.counters(each);
        self.link.out.counters(each);
    }
}

/// Where a message comes from, and when.
#[derive(Clone, Copy, Debug)]
struct From {
    system: u32,
    component: u8,
    received: Timestamp,
}

/// A time of validity and where it comes from.
type When = (Timestamp, TimeQuality);

/// Why a message gave no report.
type Refused = ::mavlink::error::ParserError;

impl Link {
    fn handle_frame(&mut self, frame: &Frame<'_>, received: Timestamp, end: usize) {
        self.tally.frames += 1;
        self.tally.frames_signed += u64::from(frame.signed);
        if !frame.known {
            self.tally.messages_of_other_dialects += 1;
            return;
        }
        let from = From { system: frame.system, component: frame.component, received };
        if self.handle_message(frame, from).is_err() {
            self.tally.messages_refused += 1;
            let kind = Reason::Unsupported { kind: frame.id };
            self.out.refuse(fault(end, "message", kind));
        }
    }

    fn handle_message(&mut self, frame: &Frame<'_>, from: From) -> Result<(), Refused> {
        use dialect::*;
        match frame.id {
            HEARTBEAT_DATA::ID => self.handle_heartbeat(&read(frame)?, from),
            SYSTEM_TIME_DATA::ID => self.handle_system_time(&read(frame)?, from),
            TIMESYNC_DATA::ID => self.handle_timesync(&read(frame)?, from),
            GPS_RAW_INT_DATA::ID => self.handle_gps(&read(frame)?, from),
            GLOBAL_POSITION_INT_DATA::ID => self.handle_position(&read(frame)?, from),
            ATTITUDE_DATA::ID => self.handle_attitude(&read(frame)?, from),
            ATTITUDE_QUATERNION_DATA::ID => self.handle_quaternion(&read(frame)?, from),
            GIMBAL_DEVICE_ATTITUDE_STATUS_DATA::ID => self.handle_gimbal(&read(frame)?, from),
            MOUNT_ORIENTATION => self.handle_mount(&read(frame)?, from),
            CAMERA_FOV_STATUS_DATA::ID => self.handle_view(&read(frame)?, from),
            CAMERA_TRACKING_IMAGE_STATUS_DATA::ID => self.handle_image(&read(frame)?, from),
            CAMERA_TRACKING_GEO_STATUS_DATA::ID => self.handle_ground(&read(frame)?, from),
            ADSB_VEHICLE_DATA::ID => {
                let seen = self.relayed.aircraft(&read(frame)?, &mut self.tally);
                self.relay(seen, from);
            }
            AIS_VESSEL_DATA::ID => {
                let seen = self.relayed.vessel(&read(frame)?, &mut self.tally);
                self.relay(seen, from);
            }
            OPEN_DRONE_ID_BASIC_ID_DATA::ID..=OPEN_DRONE_ID_MESSAGE_PACK_DATA::ID => self.handle_odid(frame, from)?,
            _ => self.tally.messages_unused += 1,
        }
        Ok(())
    }
}

fn read<D: MessageData>(frame: &Frame<'_>) -> Result<D, Refused> {
    D::deser(frame.version, frame.payload)
}

/// Times.
impl Link {
    fn system(&mut self, from: From) -> &mut System {
        self.systems.hear(from.system, from.received, || System::new(from.system))
    }

    /// When a boot time of a component was. Zero is no boot time; then, the newest counts.
    fn when(&mut self, boot_ms: u32, from: From) -> Option<When> {
        if boot_ms == 0 {
            return Some(self.now(from));
        }
        let boot = Span::from_millis(i64::from(boot_ms));
        self.note(boot, from).then(|| self.at(boot, from))
    }

    /// The newest time of a component, for messages that tell none; the time of receipt, if it never told any.
    fn now(&mut self, from: From) -> When {
        let clock = self
            .systems
            .hear(from.system, from.received, || System::new(from.system))
            .clock(from.component, &mut self.tally);
        match clock.and_then(|clock| clock.newest()) {
            Some(newest) => self.at(newest, from),
            None => (from.received - self.config.latency, TimeQuality::Received),
        }
    }

    fn at(&mut self, boot: Span, from: From) -> When {
        let latency = self.config.latency;
        let clock = self
            .systems
            .hear(from.system, from.received, || System::new(from.system))
            .clock(from.component, &mut self.tally);
        let told = clock.and_then(|clock| clock.time(boot, latency));
        told.unwrap_or((from.received - latency, TimeQuality::Received))
    }

    /// Takes in a boot time; tells whether it may be used.
    fn note(&mut self, boot: Span, from: From) -> bool {
        let system = self.systems.hear(from.system, from.received, || System::new(from.system));
        let Some(clock) = system.clock(from.component, &mut self.tally) else { return true };
        match clock.note(boot, from.received) {
            Noted::Steady => true,
            Noted::Refused => {
                self.tally.boot_times_refused += 1;
                false
            }
            Noted::Jumped => {
                self.tally.clock_jumps += 1;
                system.forget_times();
                true
            }
        }
    }

    fn handle_system_time(&mut self, told: &dialect::SYSTEM_TIME_DATA, from: From) {
        let boot = Span::from_millis(i64::from(told.time_boot_ms));
        if told.time_boot_ms == 0 || !self.note(boot, from) {
            return;
        }
        let error_max = self.config.time_error_max;
        let system = self.systems.hear(from.system, from.received, || System::new(from.system));
        let Some(clock) = system.clock(from.component, &mut self.tally) else { return };
        match clock.tell(boot, told.time_unix_usec, from.received, error_max) {
            Utc::Believed => {}
            Utc::Zero => self.tally.unix_times_zero += 1,
            Utc::Refused => self.tally.unix_times_refused += 1,
        }
    }

    /// A request carries its sender's clock in nanoseconds: since boot, unless it is larger than that can be.
    fn handle_timesync(&mut self, told: &dialect::TIMESYNC_DATA, from: From) {
        let boot = Span::from_nanos(told.ts1);
        if told.tc1 == 0 && boot > Span::ZERO && boot < BOOT_MAX {
            let _usable = self.note(boot, from);
        }
    }
}

/// What a drone passes on.
impl Link {
    fn relay(&mut self, seen: Option<Seen>, from: From) {
        let Some((seen, age)) = seen else { return };
        let (time, quality) = self.now(from);
        self.report((time - age, quality), None, seen);
    }

    fn handle_odid(&mut self, frame: &Frame<'_>, from: From) -> Result<(), Refused> {
        use dialect::*;
        let (who, message) = match frame.id {
            OPEN_DRONE_ID_BASIC_ID_DATA::ID => {
                let told: OPEN_DRONE_ID_BASIC_ID_DATA = read(frame)?;
                (told.id_or_mac, odid::basic_id(&told))
            }
            OPEN_DRONE_ID_LOCATION_DATA::ID => {
                let told: OPEN_DRONE_ID_LOCATION_DATA = read(frame)?;
                (told.id_or_mac, odid::location(&told))
            }
            OPEN_DRONE_ID_SYSTEM_DATA::ID => {
                let told: OPEN_DRONE_ID_SYSTEM_DATA = read(frame)?;
                (told.id_or_mac, odid::system(&told))
            }
            OPEN_DRONE_ID_MESSAGE_PACK_DATA::ID => {
                let told: OPEN_DRONE_ID_MESSAGE_PACK_DATA = read(frame)?;
                self.handle_pack(&told, from);
                return Ok(());
            }
            OPEN_DRONE_ID_AUTHENTICATION_DATA::ID => (odid_sender(frame), Message::Authentication([0; 24])),
            OPEN_DRONE_ID_SELF_ID_DATA::ID => (odid_sender(frame), Message::SelfId([0; 24])),
            OPEN_DRONE_ID_OPERATOR_ID_DATA::ID => (odid_sender(frame), Message::OperatorId([0; 24])),
            _ => {
                self.tally.messages_unused += 1;
                return Ok(());
            }
        };
        self.fleet.handle(odid::transmitter(who, from.system), &message, from.received, &mut self.out);
        Ok(())
    }

    fn handle_pack(&mut self, told: &dialect::OPEN_DRONE_ID_MESSAGE_PACK_DATA, from: From) {
        let who: Transmitter = odid::transmitter(told.id_or_mac, from.system);
        let count = usize::from(told.msg_pack_size).min(message::PACK_MESSAGES_MAX);
        if usize::from(told.single_message_size) != message::MESSAGE_BYTES {
            self.fleet.refuse();
            return;
        }
        for octets in told.messages.chunks_exact(message::MESSAGE_BYTES).take(count) {
            match octets.first_chunk().map(Message::read) {
                Some(Ok(message)) => self.fleet.handle(who, &message, from.received, &mut self.out),
                Some(Err(_)) | None => self.fleet.refuse(),
            }
        }
    }

    fn report(&mut self, (time, time_quality): When, platform: Option<Platform>, seen: Return) {
        let mut returns = self.out.list();
        returns.push(seen);
        let coverage = Coverage::Reports;
        self.out.push(Report::Scan(OwnedScan { time, time_quality, from: platform, coverage, returns }));
    }
}

/// The first field behind target system and component, of the messages of Remote ID that are only counted.
fn odid_sender(frame: &Frame<'_>) -> [u8; 20] {
    let mut who = [0; 20];
    let told = frame.payload.iter().skip(ODID_SENDER_AT);
    who.iter_mut().zip(told).for_each(|(octet, told)| *octet = *told);
    who
}

/// Number of the message, whose type is deprecated.
const MOUNT_ORIENTATION: u32 = 265;
/// Milliseconds since boot have 32 bits.
const BOOT_MAX: Span = Span::from_millis(u32::MAX as i64);
/// Octets before the transmitter in the messages of Remote ID that are only counted, unless numbers come first.
const ODID_SENDER_AT: usize = 2;

const fn fault(offset: usize, field: &'static str, reason: Reason) -> DecodeError {
    DecodeError { format: "mavlink", offset, field, reason }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
