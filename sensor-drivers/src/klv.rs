//! Drones and aircraft with a camera: MISB ST 0601 (UAS datalink) with ST 0903 (VMTI), as bare KLV or in an MPEG
//! transport stream (STANAG 4609), in datagrams or as a stream of octets.
//!
//! A target of the video tracker becomes a point where its place was told, with the errors told; else a line of sight
//! from the platform through its pixel. What the operator points at, the middle of the frame and the platform itself
//! are taken only if configured. A packet whose checksum is wrong or missing is refused.
//!
//! Times are taken for UTC, as small drones tell them. MISP time runs ahead of it by the leap seconds since 1970: an
//! error of the sensor's clock, which the node estimates and corrects.

pub mod ber;
pub mod encode;
mod framing;
pub mod sight;
pub mod st0601;
pub mod st0903;
pub mod transport_stream;

use fusion_core::geodesy::Geodetic;
use fusion_core::identity::{Fingerprint, FingerprintKind, Identity, ObjectClass};
use fusion_core::maths::hypot;
use fusion_core::measurement::Coverage;
use fusion_core::time::{Span, Timestamp};

use crate::decoder::{
    Decoder, HorizontalError, NAVIGATION_ERROR_LASTS, OwnedScan, Place, Platform, Point, PointVelocity, Report, Return,
    SCAN_RETURNS_MAX, SensorStatus, TimeQuality,
};
use crate::error::{DecodeError, Reason};
use crate::fnv::{fnv1a, fnv1a_after};
use crate::geoid;
use crate::outbox::Outbox;
use framing::{Framed, Framer};
use sight::{Camera, SightSigmas, Unsighted};
use st0601::Uas;
use st0903::{Location, Target, Vmti};

/// Octets of one KLV packet. A longer one is skipped.
///
/// Counter: `oversized`.
pub const PACKET_BYTES_MAX: usize = transport_stream::UNIT_BYTES_MAX;

/// Sigmas in a circle that holds 90 %: √(-2 ln 0.1).
const SIGMAS_IN_CE90: f64 = 2.145_966;
/// Sigmas either side that hold 90 %.
const SIGMAS_IN_LE90: f64 = 1.644_854;
/// Places are told in steps, and nobody is surer than that: the smallest sigma, metres.
const SIGMA_LEAST_M: f64 = 0.1;
/// How often a video tracker's track jumps to another target, and how often its number does.
const TRACK_CONFUSION: f64 = 0.1;
const NUMBER_CONFUSION: f64 = 0.25;

/// How to read KLV.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KlvConfig {
    /// One sigma of what turns a line of sight.
    pub sight: SightSigmas,
    /// One sigma of a point that tells none, metres along each axis.
    pub point_sigma_m: f64,
    /// One sigma of a height that tells none, metres.
    pub height_sigma_m: f64,
    /// One sigma of the platform's position, horizontal and vertical, metres.
    pub platform_sigma_m: (f64, f64),
    /// Height of the geoid above the ellipsoid where it flies, metres; without it as modelled.
    pub geoid_m: Option<f64>,
    /// Which camera it is, hashed: what keeps its targets' numbers apart from another's.
    pub camera: u64,
    /// Targets of which the tracker is less sure are not taken, percent.
    pub confidence_min: u64,
    /// Whether what the operator points at (tags 40 to 42) is a point.
    pub take_target_location: bool,
    /// Whether the middle of the frame is a point.
    pub take_frame_centre: bool,
    /// Whether the platform itself is a point.
    pub report_platform: bool,
    /// From the frame to receipt, where no time is told.
    pub latency: Span,
    /// Whether a packet ends with its datagram.
    pub datagrams: bool,
}

impl Default for KlvConfig {
    fn default() -> Self {
        Self {
            sight: SightSigmas { heading: 0.035, tilt: 0.009, pointing: 0.005, pixels: 3.0 },
            point_sigma_m: 30.0,
            height_sigma_m: 30.0,
            platform_sigma_m: (5.0, 10.0),
            geoid_m: None,
            camera: 0,
            confidence_min: 0,
            take_target_location: false,
            take_frame_centre: false,
            report_platform: false,
            latency: Span::ZERO,
            datagrams: true,
        }
    }
}

/// When a payload of KLV says that it was true: the precision time stamp of its first packet that tells one and whose
/// checksum is right.
#[must_use]
pub fn precision_time(payload: &[u8]) -> Option<Timestamp> {
    let mut time = None;
    framing::packets(payload, &mut |framed| {
        if let Framed::Packet(packet) = framed {
            time = time.or_else(|| time_of(packet));
        }
    });
    time
}

fn time_of(packet: &[u8]) -> Option<Timestamp> {
    let (key, rest) = packet.split_first_chunk::<16>()?;
    st0601::verify(packet).ok()?;
    let set = rest.get(ber::length(rest).ok()?.1..)?;
    match *key {
        st0601::KEY => Uas::read(set).time,
        st0903::KEY => Vmti::read(set).ok()?.time,
        _ => None,
    }
}

/// Counters of a KLV driver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// KLV packets taken in.
    pub packets: u64,
    /// Packets that are neither ST 0601 nor ST 0903.
    pub other_sets: u64,
    /// Packets whose checksum is wrong or missing.
    pub refused: u64,
    /// Packets with a security set: it is not read.
    pub security: u64,
    /// Packets without a time.
    pub without_time: u64,
    /// Items that are not read.
    pub unknown_items: u64,
    /// Items that cannot be read.
    pub bad_items: u64,
    /// Values that say that they are out of range.
    pub out_of_range: u64,
    /// VMTI sets and targets that cannot be read.
    pub bad_targets: u64,
    /// Targets as points.
    pub points: u64,
    /// Targets as lines of sight.
    pub sights: u64,
    /// Targets of which the tracker was not sure enough.
    pub uncertain: u64,
    /// Targets of which neither place nor pixel can be used.
    pub unplaced: u64,
    /// Targets so near to straight below that they have no azimuth.
    pub overhead: u64,
    /// Targets beyond the bound of a scan.
    pub returns_beyond_bound: u64,
    /// Classes of an ontology beyond the bound of a frame.
    pub classes_beyond_bound: u64,
}

/// The driver. See [`crate::decoder::Decoder`].
#[derive(Debug)]
pub struct KlvDecoder {
    framer: Framer,
    listener: Listener,
}

#[derive(Debug)]
struct Listener {
    config: KlvConfig,
    outbox: Outbox,
    tally: Tally,
}

impl KlvDecoder {
    /// A driver that has heard nothing yet.
    #[must_use]
    pub fn new(config: KlvConfig) -> Self {
        let listener = Listener { config, outbox: Outbox::default(), tally: Tally::default() };
        Self { framer: Framer::new(config.datagrams), listener }
    }

    /// What became of every packet.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.listener.tally
    }
}

impl Decoder for KlvDecoder {
    fn handle_bytes(&mut self, bytes: &[u8], received: Timestamp) {
        let Self { framer, listener } = self;
        framer.handle_bytes(bytes, |framed| match framed {
            Framed::Packet(packet) => listener.handle_packet(packet, received),
            Framed::Fault(offset, reason) => listener.refuse(offset, "KLV packet", reason),
        });
    }

    fn handle_timeout(&mut self, _now: Timestamp) {}

    fn handle_connection(&mut self, _open: bool) {
        self.framer.forget();
    }

    fn poll_report(&mut self) -> Option<Result<Report, DecodeError>> {
        self.listener.outbox.poll()
    }

    fn recycle(&mut self, scan: OwnedScan) {
        self.listener.outbox.recycle(scan);
    }

    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let tally = &self.listener.tally;
        each("packets", tally.packets);
        each("other_sets", tally.other_sets);
        each("refused", tally.refused);
        each("security", tally.security);
        each("without_time", tally.without_time);
        each("unknown_items", tally.unknown_items);
        each("bad_items", tally.bad_items);
        each("out_of_range", tally.out_of_range);
        each("bad_targets", tally.bad_targets);
        each("points", tally.points);
        each("sights", tally.sights);
        each("uncertain", tally.uncertain);
        each("unplaced", tally.unplaced);
        each("overhead", tally.overhead);
        each("returns_beyond_bound", tally.returns_beyond_bound);
        each("classes_beyond_bound", tally.classes_beyond_bound);
        self.framer.counters(each);
        self.listener.outbox.counters(each);
    }
}

impl Listener {
    /// One packet: key, length, value.
    fn handle_packet(&mut self, packet: &[u8], received: Timestamp) {
        self.tally.packets += 1;
        let Some((key, rest)) = packet.split_first_chunk::<16>() else { return };
        if ![st0601::KEY, st0903::KEY].contains(key) {
            self.tally.other_sets += 1;
            return;
        }
        let begin = packet.len() - rest.len() + ber::length(rest).map_or(0, |(_, octets)| octets);
        if let Err(reason) = st0601::verify(packet) {
            self.tally.refused += 1;
            return self.refuse(packet.len().saturating_sub(4), "checksum", reason);
        }
        let set = &packet[begin..];
        let uas = if *key == st0601::KEY { Uas::read(set) } else { Uas { vmti: Some((0, set)), ..Uas::default() } };
        self.note(&uas, begin);
        self.report(&uas, begin, received);
    }

    /// Counts what is told about the packet itself.
    fn note(&mut self, uas: &Uas<'_>, begin: usize) {
        let tally = &mut self.tally;
        tally.security += u64::from(uas.security);
        tally.unknown_items += uas.unknown;
        tally.bad_items += uas.faults;
        tally.out_of_range += uas.out_of_range;
        if let Some((offset, field, reason)) = uas.fault {
            self.refuse(begin + offset, field, reason);
        }
    }

    fn report(&mut self, uas: &Uas<'_>, begin: usize, received: Timestamp) {
        let vmti = self.vmti(uas, begin);
        let told = vmti.as_ref().and_then(|vmti| vmti.time).or(uas.time);
        self.tally.without_time += u64::from(told.is_none());
        let when = told.map_or((received - self.config.latency, TimeQuality::Received), |at| (at, TimeQuality::Sensor));
        let platform = self.platform(uas);
        let mut returns = self.outbox.list();
        if let Some(vmti) = vmti {
            let offset = begin + uas.vmti.map_or(0, |(offset, _)| offset);
            self.take_targets(uas, &vmti, offset, platform.is_some(), &mut returns);
        }
        let seen = !returns.is_empty();
        self.push(when, platform, returns);
        let alone = [self.target_location(uas), self.frame_centre(uas), self.own(uas, platform)];
        for single in alone.iter().flatten() {
            let mut returns = self.outbox.list();
            returns.push(single.clone());
            self.push(when, None, returns);
        }
        if !seen && alone.iter().all(Option::is_none) {
            self.outbox.push(Report::Status(SensorStatus { time: when.0, ..SensorStatus::default() }));
        }
    }

    /// Leaves a scan, if there is anything in it.
    fn push(&mut self, (time, time_quality): (Timestamp, TimeQuality), from: Option<Platform>, returns: Vec<Return>) {
        let scan = OwnedScan { time, time_quality, from, coverage: Coverage::Reports, returns };
        if scan.returns.is_empty() {
            self.outbox.recycle(scan);
        } else {
            self.outbox.push(Report::Scan(scan));
        }
    }

    /// The set of targets, of an edition that is known.
    fn vmti<'a>(&mut self, uas: &Uas<'a>, begin: usize) -> Option<Vmti<'a>> {
        let (offset, set) = uas.vmti?;
        let read = Vmti::read(set).and_then(|vmti| match vmti.version {
            Some(edition @ 0..=3) => Err((0, Reason::Unsupported { kind: u32::from(ber::low(edition)) })),
            _ => Ok(vmti),
        });
        match read {
            Ok(vmti) => {
                self.tally.classes_beyond_bound += vmti.classes_beyond_bound;
                Some(vmti)
            }
            Err((at, reason)) => {
                self.tally.bad_targets += 1;
                self.refuse(begin + offset + at, "ST 0903 set", reason);
                None
            }
        }
    }

    fn take_targets(&mut self, uas: &Uas<'_>, vmti: &Vmti<'_>, begin: usize, placed: bool, returns: &mut Vec<Return>) {
        let camera = if placed { Camera::new(uas, vmti) } else { None };
        for target in vmti.targets() {
            if returns.len() >= SCAN_RETURNS_MAX {
                self.tally.returns_beyond_bound += 1;
                continue;
            }
            match target {
                Ok(target) => returns.extend(self.take_target(&target, uas, vmti, camera.as_ref())),
                Err((at, reason)) => {
                    self.tally.bad_targets += 1;
                    self.refuse(begin + at, "VTarget", reason);
                }
            }
        }
    }

    fn take_target(
        &mut self,
        target: &Target,
        uas: &Uas<'_>,
        vmti: &Vmti<'_>,
        camera: Option<&Camera>,
    ) -> Option<Return> {
        if target.confidence.is_some_and(|told| told < self.config.confidence_min) {
            self.tally.uncertain += 1;
            return None;
        }
        let identity = identity(target, self.config.camera);
        if let Some(point) = self.located(target, uas) {
            self.tally.points += 1;
            return Some(Return::unnamed(Place::Geodetic(point), identity));
        }
        let sight = camera
            .ok_or(Unsighted::Untold)
            .and_then(|camera| camera.sight(target, vmti.frame_width.unwrap_or(0), &self.config.sight));
        match sight {
            Ok(polar) => {
                self.tally.sights += 1;
                Some(Return::unnamed(Place::Polar(polar), identity))
            }
            Err(Unsighted::Overhead) => {
                self.tally.overhead += 1;
                None
            }
            Err(Unsighted::Untold | Unsighted::OutsideFrame) => {
                self.tally.unplaced += 1;
                None
            }
        }
    }

    /// Where a target is by its own telling, or by its offset from the middle of the frame.
    fn located(&self, target: &Target, uas: &Uas<'_>) -> Option<Point> {
        let velocity = target.velocity.and_then(|(velocity, sigmas)| velocity_of(velocity, sigmas?));
        if let Some(location) = &target.location {
            return self.location(location, velocity);
        }
        let ([latitude, longitude], [north, east]) = (uas.frame_centre_deg, target.offset_deg);
        let height = target.height_m.map(|height| (height, self.config.height_sigma_m));
        let height = height.or_else(|| self.frame_centre_height(uas));
        let round = HorizontalError::round(self.config.point_sigma_m);
        let point = point(latitude? + north?, longitude? + east?, height, round)?;
        Some(Point { velocity, ..point })
    }

    fn location(&self, location: &Location, velocity: Option<PointVelocity>) -> Option<Point> {
        let (error, vertical) = match location.sigma_m {
            Some([east, north, up]) => {
                let error = HorizontalError {
                    east_sigma_m: east.max(SIGMA_LEAST_M),
                    north_sigma_m: north.max(SIGMA_LEAST_M),
                    correlation: location.correlation.clamp(-0.99, 0.99),
                };
                (error, up.max(SIGMA_LEAST_M))
            }
            None => (HorizontalError::round(self.config.point_sigma_m), self.config.height_sigma_m),
        };
        let height = location.height_m.map(|height| (height, vertical));
        let point = point(location.latitude_deg, location.longitude_deg, height, error)?;
        Some(Point { velocity, ..point })
    }

    fn platform(&self, uas: &Uas<'_>) -> Option<Platform> {
        let (horizontal_sigma_m, vertical) = self.config.platform_sigma_m;
        let at = [uas.latitude_deg, uas.longitude_deg];
        let above_ellipsoid = uas.height_m.map(|height| (height, vertical));
        let (height, vertical_sigma_m) = above_ellipsoid.or_else(|| self.above_sea(at, uas.altitude_m, vertical))?;
        let position = Geodetic::from_degrees(at[0]?, at[1]?, height)?;
        let (heading_sigma, tilt_sigma) = (self.config.sight.heading, self.config.sight.tilt);
        let lasts = Some(NAVIGATION_ERROR_LASTS);
        Some(Platform { position, horizontal_sigma_m, vertical_sigma_m, heading_sigma, lasts, tilt_sigma, number: 0 })
    }

    /// A height above mean sea level at a latitude and longitude as one above the ellipsoid, and its sigma.
    fn above_sea(&self, at: [Option<f64>; 2], altitude_m: Option<f64>, sigma_m: f64) -> Option<(f64, f64)> {
        let above_sea = Geodetic::from_degrees(at[0]?, at[1]?, altitude_m?)?;
        let (place, geoid_sigma_m) = geoid::above_ellipsoid(above_sea, self.config.geoid_m);
        Some((place.height_m, hypot(sigma_m, geoid_sigma_m)))
    }

    fn frame_centre_height(&self, uas: &Uas<'_>) -> Option<(f64, f64)> {
        let sigma = self.config.height_sigma_m;
        let told = uas.frame_centre_height_m.map(|height| (height, sigma));
        told.or_else(|| self.above_sea(uas.frame_centre_deg, uas.frame_centre_altitude_m, sigma))
    }

    fn frame_centre(&self, uas: &Uas<'_>) -> Option<Return> {
        let [latitude, longitude] = uas.frame_centre_deg.map(|told| told.filter(|_| self.config.take_frame_centre));
        let error = HorizontalError::round(self.config.point_sigma_m);
        let point = point(latitude?, longitude?, self.frame_centre_height(uas), error)?;
        Some(Return::unnamed(Place::Geodetic(point), Identity::UNKNOWN))
    }

    fn target_location(&self, uas: &Uas<'_>) -> Option<Return> {
        let [latitude, longitude] = uas.target_deg.map(|told| told.filter(|_| self.config.take_target_location));
        let horizontal = uas.target_ce90_m.map_or(self.config.point_sigma_m, |ce90| ce90 / SIGMAS_IN_CE90);
        let vertical = uas.target_le90_m.map_or(self.config.height_sigma_m, |le90| le90 / SIGMAS_IN_LE90);
        let height = self.above_sea(uas.target_deg, uas.target_altitude_m, vertical.max(SIGMA_LEAST_M));
        let error = HorizontalError::round(horizontal.max(SIGMA_LEAST_M));
        let point = point(latitude?, longitude?, height, error)?;
        Some(Return::unnamed(Place::Geodetic(point), Identity::UNKNOWN))
    }

    /// The platform as a target of its own.
    fn own(&self, uas: &Uas<'_>, platform: Option<Platform>) -> Option<Return> {
        let platform = platform.filter(|_| self.config.report_platform)?;
        let point = Point {
            position: platform.position,
            horizontal: HorizontalError::round(platform.horizontal_sigma_m),
            vertical_sigma_m: Some(platform.vertical_sigma_m),
            velocity: None,
        };
        let name = uas.call_sign.and_then(|name| name.trim().parse().ok());
        let identity = Identity { name, class: ObjectClass::Uav, ..Identity::UNKNOWN };
        Some(Return::unnamed(Place::Geodetic(point), identity))
    }

    fn refuse(&mut self, offset: usize, field: &'static str, reason: Reason) {
        self.outbox.refuse(DecodeError { format: "klv", offset, field, reason });
    }
}

fn point(latitude: f64, longitude: f64, height: Option<(f64, f64)>, horizontal: HorizontalError) -> Option<Point> {
    let position = Geodetic::from_degrees(latitude, longitude, height.map_or(0.0, |(height, _)| height))?;
    Some(Point { position, horizontal, vertical_sigma_m: height.map(|(_, sigma)| sigma), velocity: None })
}

fn velocity_of(east_north_up: [f64; 3], [east, north, up]: [f64; 3]) -> Option<PointVelocity> {
    let horizontal_sigma = east.max(north);
    (horizontal_sigma > 0.0 && up > 0.0).then_some(PointVelocity {
        east_north_up,
        horizontal_sigma,
        vertical_sigma: up,
    })
}

/// What a target is, and which track of the video tracker it belongs to: a UUID is the same for everybody, a number
/// means something to one camera only.
fn identity(target: &Target, camera: u64) -> Identity {
    let (hash, confusion) = match target.track {
        Some(track) => (fnv1a(&track), TRACK_CONFUSION),
        None => (fnv1a_after(camera, &target.number.to_be_bytes()), NUMBER_CONFUSION),
    };
    let fingerprint = Some(Fingerprint::of(FingerprintKind::VideoTrack, hash, confusion));
    let mut identity = Identity { fingerprint, ..Identity::UNKNOWN };
    target.classify(&mut identity);
    identity
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
