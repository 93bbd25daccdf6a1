//! A camera on a gimbal of a target: it turns to the nearest that it may watch, and tells where in the frame each is.
//!
//! The carrier flies level, its nose along its course. What it says of itself is wrong as satellite receivers,
//! compasses and gyroscopes are: position, heading and tilt wander slowly (first-order Gauss-Markov), the gimbal's
//! angles are wrong anew in each frame. Where a target is in the frame is measured within a few pixels.

use fusion_core::angle::Angle;
use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::identity::ObjectClass;
use fusion_core::maths::{atan2, cos, exp, hypot, sin, sqrt, tan};
use fusion_core::time::{Span, Timestamp};

use super::encoder::{self, CameraWire};
use super::random::{Random, Stream};
use super::scenario::{DroneCamera, Scenario};
use super::truth::{Live, Truth, TruthId, along_the_ground};
use super::watch::Watch;
use super::{Instrument, span_of_millis};

/// What is told of one frame.
#[derive(Clone, Debug)]
pub(super) struct CameraLook {
    /// When, by the carrier's clock.
    pub(super) time: Timestamp,
    /// Where the carrier says that it is.
    pub(super) position: Geodetic,
    /// How it moves, east, north, up; metres per second.
    pub(super) velocity: [f64; 3],
    /// What it says of its own heading, pitch and roll; radians.
    pub(super) attitude: [f64; 3],
    /// Where the camera looks: azimuth from the nose, elevation from the carrier's plane; radians.
    pub(super) gimbal: [f64; 2],
    /// What is in the frame, the one that it follows first.
    pub(super) targets: Vec<InFrame>,
}

/// One target in the frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct InFrame {
    /// Which, as its tracker numbers them.
    pub(super) id: TruthId,
    /// What it is taken for.
    pub(super) class: ObjectClass,
    /// Where its middle is, from the left and from the top; 0 to 1.
    pub(super) at: [f64; 2],
    /// How large its box is, as a part of width and height.
    pub(super) size: [f64; 2],
}

/// The frame, pixels.
pub(super) const FRAME: [u16; 2] = [1920, 1080];
/// One sigma of a target's middle, pixels.
const PIXEL_SIGMA: f64 = 3.0;
/// How far from the middle the gimbal leaves what it follows, one sigma, as a part of the field of view.
const CENTRING: f64 = 0.08;
/// How large things are, metres.
const SIZE_M: f64 = 4.0;
/// How fast errors of satellite navigation and of a compass wander, and those of what keeps a platform level; seconds.
const NAVIGATION_WANDER_S: f64 = 300.0;
const TILT_WANDER_S: f64 = 15.0;
/// A height is so much less sure than a position along the ground.
pub(super) const HEIGHT_SIGMAS: f64 = 1.5;
/// Steeper, there is no azimuth to speak of: radians.
const STEEPEST: f64 = 1.2;

/// A camera at work.
#[derive(Debug)]
pub(super) struct Camera {
    spec: DroneCamera,
    carrier: u16,
    next_frame: Timestamp,
    watch: Watch,
    encoder: Box<dyn CameraWire>,
    /// East, north, up; metres.
    position_error: [Wandering; 3],
    /// Heading, pitch, roll; radians.
    attitude_error: [Wandering; 3],
    random: Random,
}

/// An error that wanders: its present value and one sigma.
#[derive(Clone, Copy, Debug)]
struct Wandering {
    value: f64,
    sigma: f64,
    wander_s: f64,
}

impl Wandering {
    fn new(sigma: f64, wander_s: f64, random: &mut Random) -> Self {
        Self { value: sigma * random.normal(), sigma, wander_s }
    }

    fn pass(&mut self, seconds: f64, random: &mut Random) {
        let kept = exp(-seconds / self.wander_s);
        self.value = kept * self.value + self.sigma * sqrt(1.0 - kept * kept) * random.normal();
    }
}

impl Camera {
    pub(super) fn new(spec: &DroneCamera, scenario: &Scenario, seed: u64, start: Timestamp) -> Self {
        let carrier = scenario.targets.iter().position(|target| target.name == spec.carrier);
        let mut random = Random::new(seed, Stream::sensor(&spec.name));
        let [heading, tilt] = [spec.heading_sigma_deg, spec.tilt_sigma_deg].map(f64::to_radians);
        let across = spec.position_sigma_m;
        let position = [across, across, across * HEIGHT_SIGMAS];
        let position_error = position.map(|sigma| Wandering::new(sigma, NAVIGATION_WANDER_S, &mut random));
        let attitude_error = [(heading, NAVIGATION_WANDER_S), (tilt, TILT_WANDER_S), (tilt, TILT_WANDER_S)]
            .map(|(sigma, wander_s)| Wandering::new(sigma, wander_s, &mut random));
        Self {
            spec: spec.clone(),
            carrier: carrier.and_then(|place| u16::try_from(place).ok()).expect("a checked scenario has the carrier"),
            next_frame: start,
            watch: Watch::new(&spec.faults, start),
            encoder: encoder::of_camera(spec, start),
            position_error,
            attitude_error,
            random,
        }
    }

    /// What it tells of a frame; nothing while nothing carries it.
    fn look(&mut self, truth: &Truth, time: Timestamp) -> Option<CameraLook> {
        let seconds = self.spec.period_s;
        let Self { position_error, attitude_error, random, .. } = self;
        position_error.iter_mut().chain(attitude_error).for_each(|error| error.pass(seconds, random));
        let carrier = truth.live_at(time).find(|live| live.id.target == self.carrier)?;
        let own = carrier.sample(time);
        let [east, north, _] = own.velocity_enu_m_s;
        let heading = if hypot(east, north) > 0.1 { atan2(east, north) } else { 0.0 };
        let ways = self.ways(truth, &carrier, time);
        let axis = self.point(ways.first());
        let targets = ways.iter().filter_map(|way| self.frame(way, axis)).collect();
        Some(CameraLook {
            time: self.watch.reads(time),
            position: self.own_position(own.position),
            velocity: own.velocity_enu_m_s,
            attitude: [
                heading + self.attitude_error[0].value,
                self.attitude_error[1].value,
                self.attitude_error[2].value,
            ],
            gimbal: self.gimbal(axis, heading),
            targets,
        })
    }

    /// What it may watch, the nearest first.
    fn ways(&self, truth: &Truth, carrier: &Live<'_>, time: Timestamp) -> Vec<Way> {
        let plane = TangentPlane::at(Geodetic::from_ecef(carrier.kinematics.position));
        let watched =
            truth.live_at(time).filter(|live| live.id != carrier.id && self.spec.watches.contains(&live.actor.class()));
        let mut ways: Vec<Way> = watched.map(|live| Way::to(&live, &plane)).collect();
        ways.retain(|way| way.range_m <= self.spec.range_max_m && way.elevation.abs() < STEEPEST);
        ways.sort_by(|a, b| a.range_m.total_cmp(&b.range_m));
        ways
    }

    /// Where it really looks: nearly at what it follows, or ahead and down.
    fn point(&mut self, followed: Option<&Way>) -> [f64; 2] {
        let [across, down] = self.spec.view_deg.map(|degrees| degrees.to_radians() * CENTRING);
        let off = [across * self.random.normal(), down * self.random.normal()];
        followed.map_or([0.0, -0.5], |way| [way.azimuth + off[0] / cos(way.elevation), way.elevation + off[1]])
    }

    /// Where in the frame a target is, if it is in it and detected.
    fn frame(&mut self, way: &Way, [azimuth, elevation]: [f64; 2]) -> Option<InFrame> {
        let turned = way.azimuth - azimuth;
        // North, east, down of the camera's heading; then the same about its axis, tilted by its elevation.
        let (level, right) = (cos(way.elevation) * cos(turned), cos(way.elevation) * sin(turned));
        let down = -sin(way.elevation);
        let ahead = level * cos(elevation) - down * sin(elevation);
        let below = level * sin(elevation) + down * cos(elevation);
        let half = self.spec.view_deg.map(|degrees| tan(degrees.to_radians() / 2.0));
        let frame = FRAME.map(f64::from);
        let exact = [0, 1].map(|axis| 0.5 + 0.5 * [right, below][axis] / ahead / half[axis]);
        let inside = ahead > 0.0 && exact.iter().all(|at| (0.0..=1.0).contains(at));
        if !inside || !self.random.happens(self.spec.detection_probability) {
            return None;
        }
        let at = [0, 1].map(|axis| exact[axis] + PIXEL_SIGMA / frame[axis] * self.random.normal());
        let size = half.map(|half| (SIZE_M / way.range_m / half / 2.0).clamp(0.01, 0.3));
        let whole = [0, 1].map(|axis| at[axis].clamp(0.001, 0.999));
        Some(InFrame { id: way.id, class: way.class, at: whole, size })
    }

    /// The gimbal's angles as it tells them.
    fn gimbal(&mut self, [azimuth, elevation]: [f64; 2], heading: f64) -> [f64; 2] {
        let sigma = self.spec.gimbal_sigma_deg.to_radians();
        let wrong = [sigma * self.random.normal() / cos(elevation), sigma * self.random.normal()];
        [Angle::from_radians(azimuth - heading + wrong[0]).radians(), elevation + wrong[1]]
    }

    fn own_position(&self, position: Geodetic) -> Geodetic {
        let [east, north, up] = self.position_error.map(|error| error.value);
        let ground = Geodetic { height_m: 0.0, ..position };
        let shifted = TangentPlane::at(ground).to_geodetic(along_the_ground(&ground, east, north));
        Geodetic { height_m: position.height_m + up, ..shifted }
    }
}

/// From the carrier to a target.
struct Way {
    id: TruthId,
    class: ObjectClass,
    range_m: f64,
    azimuth: f64,
    elevation: f64,
}

impl Way {
    fn to(live: &Live<'_>, plane: &TangentPlane) -> Self {
        let way = plane.to_enu(live.kinematics.position);
        let way = way.vector();
        Self {
            id: live.id,
            class: live.object_class(),
            range_m: way.norm(),
            azimuth: atan2(way.x, way.y),
            elevation: atan2(way.z, hypot(way.x, way.y)),
        }
    }
}

impl Instrument for Camera {
    fn next_time(&self) -> Timestamp {
        self.next_frame + span_of_millis(self.spec.latency_ms)
    }

    fn step(&mut self, truth: &Truth, out: &mut Vec<u8>) {
        let time = self.next_frame;
        self.next_frame = time + Span::from_secs_f64(self.spec.period_s);
        if let Some(look) = self.look(truth, time) {
            self.encoder.frame(&look, out);
        }
    }
}
