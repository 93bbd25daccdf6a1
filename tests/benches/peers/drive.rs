//! A scenario in the plane, and our tracker driven over it.
//!
//! Scenarios have axes x and y of their own and bearings from x towards y. Azimuths are clockwise from north, so x is
//! our north and y our east; heights are zero.

use fusion_core::gaussian::{Covariance, GaussianState};
use fusion_core::identity::Identity;
use fusion_core::maths::hypot;
use fusion_core::measurement::{Measurement, Observation, Reading, SensorId};
use fusion_core::model::constant_velocity::NearlyConstantVelocity;
use fusion_core::model::motion::{Manner, Motion, MotionSet};
use fusion_core::nalgebra::Vector2;
use fusion_core::sensor::{FieldOfView, SensorModel};
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::Track;
use fusion_core::track::height::HeightPrior;
use fusion_core::tracker::{Tracker, TrackerConfig};

use crate::common::{Memory, ORIGIN, memory, scan};
use crate::measure::timed_cpu;
use crate::score::{Seen, Shown};

/// What a tracker may know of a scenario.
#[derive(Clone, Copy)]
pub struct Terms {
    pub detection: f64,
    /// False measurements per scan, even over the sensor's reach.
    pub clutter_per_scan: f64,
    pub range_min_m: f64,
    pub range_max_m: f64,
    /// Intensity of the acceleration noise of targets that fly alone, m²/s³.
    pub acceleration: f64,
    /// The same of targets that keep a formation or a straight course, where there are any.
    pub steady_acceleration: Option<f64>,
    /// Targets that appear in one scan.
    pub new_per_scan: f64,
    /// Mean time that a target stays, s.
    pub lifetime_s: f64,
    /// Standard deviation of either component of a new target's velocity, m/s.
    pub velocity_sigma_m_s: f64,
    /// Room for tracks.
    pub tracks: usize,
}

/// Scans, one a second, and the truth at each.
pub struct Scenario {
    pub terms: Terms,
    pub scans: Vec<Vec<Measurement>>,
    pub truth: Vec<Vec<Seen>>,
}

/// Targets that appear in one scan, where the scenario does not say.
pub const NEW_PER_SCAN: f64 = 0.2;
/// The same of how long one stays, s.
pub const LIFETIME_S: f64 = 400.0;
/// A confirmed track is shown while it exists at least this probably: through three misses of a sensor that sees nine
/// of ten. GOSPA alone would hide it after two, and break its segment where it was only missed.
const SHOWN: f64 = 0.25;

/// When scenarios begin. Any time will do.
pub const BEGIN: Timestamp = Timestamp::from_secs(1_700_000_000);

/// Measurements of one scan for which memory is lent.
const SCAN: usize = 4_096;

/// The one place where the tracker is set: everything but what a scenario's terms say is the same for all of them.
pub fn tracker_for(terms: &Terms) -> Tracker<Memory> {
    let mut config = TrackerConfig {
        velocity_sigma_horizontal_m_s: terms.velocity_sigma_m_s,
        height_prior: HeightPrior { height_m: 0.0, sigma_m: 100.0 },
        horizontal_sigma_limit_m: 500.0,
        silence_limit: Span::from_secs(8),
        motions: terms.steady_acceleration.map(|steady| motions(steady, terms.acceleration)),
        gate_probability: 0.999,
        new_per_scan: terms.new_per_scan,
        founding_mass: 0.02,
        prune_existence: 1e-4,
        confirm_existence: 0.6,
        lifetime: Span::from_secs_f64(terms.lifetime_s),
        ..TrackerConfig::default()
    };
    config.motion.horizontal = if config.motions.is_some() { UNSETTLED } else { terms.acceleration };
    let mut memory = memory(terms.tracks, SCAN);
    // Touched once, so that the first scan does not pay for the system's pages.
    memory.reals.fill(1.0);
    memory.words.fill(1);
    memory.probabilities.fill(1.0);
    Tracker::new(ORIGIN, config, memory)
}

/// Intensity of the acceleration noise of a track that is not confirmed yet, m²/s³, where confirmed ones have motions
/// of their own. Plots of neighbours in formation may be among its first: with no more noise than targets really have
/// it claims to know, for some ten seconds, a velocity that is wrong by the spacing per second. Chosen on seeds after
/// each scenario's own.
const UNSETTLED: f64 = 32.0;

/// A target keeps to one way of moving for its whole life, which lasts minutes.
fn motions(steady: f64, free: f64) -> MotionSet {
    let manner = |horizontal: f64| Manner {
        motion: Motion::ConstantVelocity(NearlyConstantVelocity { horizontal, vertical: 0.1 }),
        sojourn: Span::from_secs(300),
        share: 1.0,
    };
    MotionSet::new(&[manner(steady), manner(free)]).expect("sound motions")
}

/// The sensor as the tracker is told of it.
pub fn sensor_for(terms: &Terms) -> SensorModel {
    SensorModel {
        detection: terms.detection,
        clutter_per_scan: terms.clutter_per_scan,
        field_of_view: FieldOfView {
            range_min_m: terms.range_min_m,
            range_max_m: terms.range_max_m,
            ..FieldOfView::WIDE
        },
        ..SensorModel::PLAIN
    }
}

/// The confirmed tracks after each scan, and the milliseconds that each took.
pub fn play(scenario: &Scenario) -> (Vec<Vec<Shown>>, Vec<f64>) {
    let (mut tracker, sensor) = (tracker_for(&scenario.terms), sensor_for(&scenario.terms));
    let (mut shown, mut times_ms) = (Vec::new(), Vec::new());
    for (second, measurements) in (0..).zip(&scenario.scans) {
        let scan = scan(SensorId(0), BEGIN + Span::from_secs(second), measurements);
        let (outcome, seconds) = timed_cpu(|| tracker.handle_scan(&scan, &sensor));
        outcome.expect("scans come in order");
        times_ms.push(1e3 * seconds);
        shown.push(shown_at(&tracker, &sensor, scan.time));
    }
    (shown, times_ms)
}

/// What would be shown at some time: confirmed tracks that may well be there, where the sensor reaches.
pub fn shown_at(tracker: &Tracker<Memory>, sensor: &SensorModel, time: Timestamp) -> Vec<Shown> {
    let there = |track: &Track| track.is_confirmed() && track.existence.probability() >= SHOWN;
    let states = tracker.states_at(time).filter(|(track, _)| there(track));
    let all = states.map(|(track, state)| shown(track.id.number.0, &state));
    all.filter(|shown| is_reached(shown, sensor)).collect()
}

/// Whether a sensor reaches so far.
pub fn is_reached(shown: &Shown, sensor: &SensorModel) -> bool {
    let [x, y] = shown.seen.place;
    (sensor.field_of_view.range_min_m..=sensor.field_of_view.range_max_m).contains(&hypot(x, y))
}

/// x is north and y is east.
fn shown(id: u64, state: &GaussianState) -> Shown {
    let (mean, p) = (&state.mean, state.covariance.matrix());
    let axes = [1, 0, 4, 3];
    Shown {
        seen: Seen { id, place: [mean[1], mean[0]], velocity: [mean[4], mean[3]] },
        covariance: Some(axes.map(|row| axes.map(|column| p[(row, column)]))),
    }
}

/// A plot at a range (m) and a bearing from x towards y.
pub fn range_bearing(range_m: f64, bearing: f64, sigma_range_m: f64, sigma_bearing: f64) -> Measurement {
    let noise = Covariance::from_sigmas(&Vector2::new(sigma_range_m, sigma_bearing)).expect("positive");
    measurement(Observation::RangeBearing(Reading { z: Vector2::new(range_m, bearing), noise }))
}

/// A plot at a place.
pub fn position(x: f64, y: f64, sigma_m: f64) -> Measurement {
    let noise = Covariance::from_sigmas(&Vector2::repeat(sigma_m)).expect("positive");
    measurement(Observation::HorizontalPosition(Reading { z: Vector2::new(y, x), noise }))
}

const fn measurement(observation: Observation) -> Measurement {
    Measurement { observation, identity: Identity::UNKNOWN }
}
