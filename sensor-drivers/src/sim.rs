//! Synthetic sensors: a scenario and a seed in, real wire bytes out, for the real drivers to read.
//!
//! Nothing here knows what time it is: [`Simulation::next_emission`] tells what leaves which sensor next, and when. The
//! same scenario, seed and start give the same bytes on every machine; each sensor (by its
//! name) and each target has a chance of its own, so that a sensor more changes nothing for the others. Memory is
//! bounded by the scenario, not by its duration.
//!
//! Assumed: pressure altitude equals height above the ellipsoid; the air does not bend rays; nothing hides behind
//! anything but the horizon.
//!
//! ```
//! use fusion_core::time::Timestamp;
//! use sensor_drivers::sim::{Simulation, scenario};
//! let start = Timestamp::from_secs(1_717_236_000);
//! let mut simulation = Simulation::new(scenario::demo(), 1, start).expect("a sound scenario");
//! let first = simulation.next_emission().expect("sensors that speak");
//! assert!(!first.bytes.is_empty());
//! ```

mod adsb;
mod camera;
mod clutter;
mod cooperative;
mod direction_finder;
mod drone_radar;
mod encoder;
mod line;
mod paths;
mod radar;
mod random;
pub mod scenario;
mod site;
mod truth;
mod watch;

use core::fmt::Debug;

use fusion_core::time::{Span, Timestamp};

use adsb::Receiver;
use camera::Camera;
use cooperative::CooperativeReceiver;
use direction_finder::Finder;
use drone_radar::StaringRadar;
use line::Line;
use radar::RotatingRadar;
use scenario::{Scenario, ScenarioError, SensorSpec};
use truth::Truth;

pub use paths::{PATH_POINTS_MAX, PathFault, Waypoint};
pub use truth::{TruthId, TruthSample};

/// What leaves a sensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emission {
    /// When the bytes leave the sensor.
    pub time: Timestamp,
    /// Which sensor, by its place in [`Scenario::sensors`].
    pub sensor: usize,
    /// One datagram, or a piece of a stream.
    pub bytes: Vec<u8>,
}

/// A scenario in motion.
#[derive(Debug)]
pub struct Simulation {
    scenario: Scenario,
    start: Timestamp,
    end: Timestamp,
    truth: Truth,
    posts: Vec<Post>,
}

/// A sensor and the way from it to the node.
#[derive(Debug)]
struct Post {
    instrument: Box<dyn Instrument>,
    line: Line,
}

impl Post {
    /// When it acts, or something arrives from it.
    fn next_time(&self) -> Timestamp {
        let acts = self.instrument.next_time();
        self.line.next_time().map_or(acts, |arrives| arrives.min(acts))
    }

    /// What arrives, if the next thing is an arrival.
    fn arrival(&mut self) -> Option<Vec<u8>> {
        let arrives = self.line.next_time()?;
        if arrives < self.instrument.next_time() { self.line.arrive() } else { None }
    }

    fn act(&mut self, truth: &Truth) {
        let time = self.instrument.next_time();
        let mut bytes = Vec::new();
        self.instrument.step(truth, &mut bytes);
        self.line.send(time, bytes);
    }
}

/// A sensor at work.
trait Instrument: Debug + Send {
    /// When it acts next.
    fn next_time(&self) -> Timestamp;

    /// Acts, and appends what then leaves it: nothing, as the case may be. Its next time is later or the same.
    fn step(&mut self, truth: &Truth, out: &mut Vec<u8>);
}

impl Simulation {
    /// A simulation that begins at `start`.
    ///
    /// # Errors
    /// [`ScenarioError`] if the scenario cannot be.
    pub fn new(scenario: Scenario, seed: u64, start: Timestamp) -> Result<Self, ScenarioError> {
        scenario.check()?;
        let scenario = scenario.peopled(seed);
        let post =
            |spec| Post { instrument: instrument(spec, &scenario, seed, start), line: Line::new(spec, seed, start) };
        Ok(Self {
            start,
            end: start + Span::from_secs_f64(scenario.duration_s),
            truth: Truth::new(&scenario, start),
            posts: scenario.sensors.iter().map(post).collect(),
            scenario,
        })
    }

    /// What arrives from a sensor next, in the order of time; `None` at the end of the scenario.
    pub fn next_emission(&mut self) -> Option<Emission> {
        loop {
            let times = self.posts.iter().map(Post::next_time).zip(0..);
            let (time, sensor) = times.min()?;
            if time > self.end {
                return None;
            }
            if let Some(bytes) = self.posts[sensor].arrival() {
                return Some(Emission { time, sensor, bytes });
            }
            self.truth.advance(time);
            self.posts[sensor].act(&self.truth);
        }
    }

    /// Where every target that exists at a time truly is, in the order of the scenario. Quick for the last minute and
    /// the future; for what is long gone, each target is flown again from its appearance.
    #[must_use]
    pub fn truth(&self, time: Timestamp) -> Vec<TruthSample> {
        self.truth.live_at(time).map(|live| live.sample(time)).collect()
    }

    /// The truth from start to end at even steps, for scoring. A step below a millisecond is taken for one.
    pub fn truth_samples(&self, every: Span) -> impl Iterator<Item = TruthSample> + use<> {
        let step = Span::from_nanos(every.as_nanos().max(1_000_000));
        let (start, end) = (self.start, self.end);
        let times =
            core::iter::successors(Some(start), move |time| Some(*time + step)).take_while(move |time| *time <= end);
        let mut truth = Truth::new(&self.scenario, start);
        times.flat_map(move |time| {
            truth.advance(time);
            truth.live_at(time).map(|live| live.sample(time)).collect::<Vec<_>>()
        })
    }

    /// What is simulated: every target by itself, those of blocks of traffic too.
    #[must_use]
    pub const fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// When it begins.
    #[must_use]
    pub const fn start(&self) -> Timestamp {
        self.start
    }

    /// When it ends.
    #[must_use]
    pub const fn end(&self) -> Timestamp {
        self.end
    }
}

fn instrument(spec: &SensorSpec, scenario: &Scenario, seed: u64, start: Timestamp) -> Box<dyn Instrument> {
    match spec {
        SensorSpec::Radar(spec) => Box::new(RotatingRadar::new(spec, scenario, seed, start)),
        SensorSpec::AdsbReceiver(spec) => Box::new(Receiver::new(spec, scenario, seed, start)),
        SensorSpec::DroneRadar(spec) => Box::new(StaringRadar::new(spec, scenario, seed, start)),
        SensorSpec::DirectionFinder(spec) => Box::new(Finder::new(spec, scenario, seed, start)),
        SensorSpec::AisReceiver(spec) => Box::new(CooperativeReceiver::ais(spec, scenario, seed, start)),
        SensorSpec::DroneCamera(spec) => Box::new(Camera::new(spec, scenario, seed, start)),
        SensorSpec::RemoteIdReceiver(spec) => Box::new(CooperativeReceiver::remote_id(spec, scenario, seed, start)),
    }
}

fn span_of_millis(milliseconds: f64) -> Span {
    Span::from_secs_f64(milliseconds * 1e-3)
}
