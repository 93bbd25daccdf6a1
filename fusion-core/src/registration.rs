//! What a sensor is off by, learnt from objects whose place somebody else knows: the error of its range, of its north,
//! and of its clock.
//!
//! One estimator per sensor, fed with pairs: what the sensor said of an object, and where a reference (an aircraft that
//! tells its own place, another node's record) has it at about that time. With the biases b = (range m, azimuth rad,
//! time s, range per range), *measured less true*, the place p and velocity v of the reference at the time told,
//!
//! * z = h(p − v b₂) + (b₀ + r b₃, b₁) + noise, h being slant range r and azimuth in the sensor's own axes:
//! * a time told too late is seen as a place behind, so its column is −(∂h/∂p) v: nothing for what stands still. What
//!   is not observable keeps its prior sigma, and is not claimed.
//!
//! **References are wrong together.** All that one source says may be moved by the same way and late by the same time.
//! These errors (east, north, time; one set per source) are considered and not estimated (Schmidt 1966,
//! [`consider`](crate::filter::consider)): the gain leaves them alone, the covariance knows of them. So a bias is never
//! known better than its references, however many pairs there are; several independent sources get below. What another
//! sensor tells is off by that sensor's own errors of range and north, seen from its site ([`Shared::Seen`]).
//!
//! **Errors last.** A reference that is off now is off the next second too. What [`Pair::reference_lasts`] says of that
//! multiplies its covariance by 1 + 2 T / dt, which is what a first-order process is worth when sampled every dt.
//!
//! **Pairs are wrong.** A pair beyond the gate is refused, one near it counts less (Huber 1964). A sensor that was put
//! right, or that somebody ran against, is off otherwise from one pair to the next: when many pairs in a row, of
//! several objects, are refused, the estimate begins anew.
//!
//! **Biases drift**, as random walks; without pairs the estimate fades towards its prior sigma and not beyond.

mod correction;
mod observe;

use heapless::Vec;
use nalgebra::{SMatrix, SVector};

use crate::frame::{Enu, Position, Velocity};
use crate::gaussian::{Covariance, Factor};
use crate::maths::sqrt;
use crate::measurement::Pose;
use crate::time::{Span, Timestamp};

pub use correction::{Correction, CorrectionRules};

/// Biases of one sensor: of range, azimuth, time, and of range by range.
pub const BIASES: usize = 4;

/// Sources of references whose common errors are kept apart; a further one takes the place of the longest silent.
/// Counter: `RegistrationTally::sources_forgotten`.
pub const SOURCES_MAX: usize = 8;

/// Objects whose last pair is remembered; a further one takes the place of the longest unseen. Counter:
/// `RegistrationTally::targets_forgotten`.
pub const TARGETS_MAX: usize = 32;

/// Errors that all references of one source share: two of place, and time.
const SHARED: usize = 3;
const WHOLE: usize = BIASES + SHARED * SOURCES_MAX;

type Whole = SMatrix<f64, WHOLE, WHOLE>;

/// What a sensor said of an object: with nothing corrected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// The time that the sensor told.
    pub time: Timestamp,
    /// Where the sensor was, and how its axes lay.
    pub pose: Pose,
    /// Slant range and one sigma, metres; `None` of a direction finder.
    pub range: Option<(f64, f64)>,
    /// Azimuth in the sensor's axes and one sigma, radians.
    pub azimuth: (f64, f64),
}

/// Where somebody else has an object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reference {
    /// Who says so: errors in common are those of one source.
    pub source: u64,
    /// When it was there.
    pub time: Timestamp,
    /// Its place in the node's tangent plane.
    pub position: Position<Enu>,
    /// Its velocity there.
    pub velocity: Velocity<Enu>,
    /// Of the place, along the axes of the plane, m².
    pub covariance: Covariance<3>,
    /// Of the velocity, one sigma along each axis, metres per second.
    pub velocity_sigma_m_s: f64,
    /// What all places of the source are off by together.
    pub shared: Shared,
    /// One sigma of the error of time that they share, seconds.
    pub shared_time_s: f64,
}

/// What all places of one source are off by together, one sigma. A source is of one kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shared {
    /// All are moved by the same way.
    Moved {
        /// Of east and of north, metres.
        place_m: f64,
    },
    /// All are seen by a sensor that is off itself.
    Seen {
        /// Where it stands.
        site: Position<Enu>,
        /// Of its range, metres.
        range_m: f64,
        /// Of its north, radians.
        azimuth_rad: f64,
    },
}

impl Shared {
    /// One sigma of each of the two errors: of east and north, or of range and azimuth.
    const fn sigmas(&self) -> [f64; 2] {
        match *self {
            Self::Moved { place_m } => [place_m, place_m],
            Self::Seen { range_m, azimuth_rad, .. } => [range_m, azimuth_rad],
        }
    }
}

/// One object as a sensor and as a reference have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Which object: the same number for the same object.
    pub target: u64,
    /// What the sensor said.
    pub seen: Seen,
    /// What the reference says.
    pub reference: Reference,
    /// How long an error of the reference lasts, down to e⁻¹.
    pub reference_lasts: Span,
}

/// What is expected of a sensor before the first pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegistrationConfig {
    /// One sigma of each bias beforehand. A bias with none is not estimated.
    pub prior: [f64; BIASES],
    /// By how much each may wander in an hour, one sigma.
    pub drift_per_hour: [f64; BIASES],
    /// What an object's course may bend by, one sigma, m/s²: how far a reference is good before and after its time.
    pub acceleration_m_s2: f64,
    /// The longest time between what is seen and its reference.
    pub apart_max: Span,
    /// The shortest time between two pairs of one object.
    pub interval_min: Span,
}

impl RegistrationConfig {
    /// A radar whose north was set with a compass and whose clock was set by hand.
    pub const RADAR: Self = Self {
        prior: [300.0, 0.05, 1.0, 0.0],
        drift_per_hour: [5.0, 5e-4, 0.02, 0.0],
        acceleration_m_s2: 1.0,
        apart_max: Span::from_secs(6),
        interval_min: Span::from_secs(2),
    };

    /// Whether the numbers make sense.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        let sound = |x: &f64| (0.0..f64::INFINITY).contains(x);
        self.prior.iter().chain(&self.drift_per_hour).all(sound)
            && sound(&self.acceleration_m_s2)
            && self.apart_max >= Span::ZERO
            && self.interval_min > Span::ZERO
    }
}

/// What became of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It counted.
    Used,
    /// It counted less, being near the gate.
    Doubted,
    /// It was beyond the gate, and did not count.
    Refused,
    /// So many were that the estimate has begun anew.
    BegunAnew,
    /// The last pair of this object was just before it.
    TooSoon,
    /// The two are of different times.
    TooFarApart,
    /// It has no numbers to reckon with.
    Unusable,
}

/// What a sensor is off by: measured less true.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Biases {
    /// Range in metres, azimuth in radians, time in seconds, range per range.
    pub mean: [f64; BIASES],
    /// How well they are known. Of a bias that is not estimated all is zero.
    pub covariance: SMatrix<f64, BIASES, BIASES>,
    /// Pairs that counted since the estimate began.
    pub pairs: u32,
    /// Objects that they were of; no more than [`TARGETS_MAX`] are told apart.
    pub targets: u32,
}

impl Biases {
    /// One sigma of a bias.
    #[must_use]
    pub fn sigma(&self, bias: usize) -> f64 {
        sqrt(self.covariance[(bias, bias)])
    }
}

/// What was refused and forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegistrationTally {
    /// Pairs that counted.
    pub used: u64,
    /// Of those, pairs that counted less.
    pub doubted: u64,
    /// Pairs beyond the gate.
    pub refused: u64,
    /// Estimates begun anew.
    pub begun_anew: u64,
    /// Pairs too soon after the last of their object.
    pub too_soon: u64,
    /// Pairs of different times.
    pub too_far_apart: u64,
    /// Pairs without numbers to reckon with.
    pub unusable: u64,
    /// Sources beyond [`SOURCES_MAX`].
    pub sources_forgotten: u64,
    /// Objects beyond [`TARGETS_MAX`].
    pub targets_forgotten: u64,
}

/// Estimates the biases of one sensor.
#[derive(Clone, Debug)]
pub struct Registration {
    config: RegistrationConfig,
    mean: SVector<f64, BIASES>,
    /// Of the biases and, behind them, of what each source's references share.
    covariance: Whole,
    /// The time of the latest pair.
    time: Option<Timestamp>,
    sources: Vec<Source, SOURCES_MAX>,
    targets: Vec<Target, TARGETS_MAX>,
    pairs: u32,
    refused: Refused,
    tally: RegistrationTally,
}

#[derive(Clone, Copy, Debug)]
struct Source {
    number: u64,
    heard: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Target {
    number: u64,
    /// Of its latest pair.
    time: Timestamp,
    /// Whether any of its pairs has counted since the estimate began.
    counted: bool,
}

/// Pairs refused in a row.
#[derive(Clone, Copy, Debug, Default)]
struct Refused {
    pairs: u32,
    last: u64,
    /// How often the object changed from one to the next.
    changes: u32,
}

impl Registration {
    /// An estimator that knows nothing yet.
    #[must_use]
    pub fn new(config: RegistrationConfig) -> Self {
        let mut registration = Self {
            config,
            mean: SVector::zeros(),
            covariance: Whole::zeros(),
            time: None,
            sources: Vec::new(),
            targets: Vec::new(),
            pairs: 0,
            refused: Refused::default(),
            tally: RegistrationTally::default(),
        };
        registration.begin();
        registration
    }

    /// What is known of the biases.
    #[must_use]
    pub fn estimate(&self) -> Biases {
        let counted = self.targets.iter().filter(|target| target.counted).count();
        Biases {
            mean: self.mean.into(),
            covariance: self.covariance.fixed_view::<BIASES, BIASES>(0, 0).into_owned(),
            pairs: self.pairs,
            targets: u32::try_from(counted).expect("few targets"),
        }
    }

    /// What was refused and forgotten.
    #[must_use]
    pub const fn tally(&self) -> &RegistrationTally {
        &self.tally
    }

    /// Takes a pair in. Pairs come in the order of time, more or less.
    pub fn handle_pair(&mut self, pair: &Pair) -> Outcome {
        let outcome = self.outcome_of(pair);
        let counter = match outcome {
            Outcome::Used => &mut self.tally.used,
            Outcome::Doubted => {
                self.tally.used += 1;
                &mut self.tally.doubted
            }
            Outcome::Refused => &mut self.tally.refused,
            Outcome::BegunAnew => {
                self.tally.refused += 1;
                &mut self.tally.begun_anew
            }
            Outcome::TooSoon => &mut self.tally.too_soon,
            Outcome::TooFarApart => &mut self.tally.too_far_apart,
            Outcome::Unusable => &mut self.tally.unusable,
        };
        *counter += 1;
        outcome
    }

    fn outcome_of(&mut self, pair: &Pair) -> Outcome {
        let (seen, reference) = (&pair.seen, &pair.reference);
        if !self.config.is_usable() || !observe::is_sound(pair) {
            return Outcome::Unusable;
        }
        if (seen.time - reference.time).abs() > self.config.apart_max {
            return Outcome::TooFarApart;
        }
        let since = self.since_last(pair);
        if since.is_some_and(|since| since < self.config.interval_min) {
            return Outcome::TooSoon;
        }
        self.drift(seen.time);
        let source = self.source(reference, seen.time);
        let Some(observed) = observe::Observed::of(&self.config, pair, since, &self.mean, source) else {
            return Outcome::Unusable;
        };
        let outcome = self.update(&observed);
        self.note(pair, outcome)
    }

    /// Time since the last pair of the same object.
    fn since_last(&self, pair: &Pair) -> Option<Span> {
        let last = self.targets.iter().find(|target| target.number == pair.target)?;
        Some((pair.seen.time - last.time).abs())
    }

    /// Lets time pass: biases wander, no farther than the prior has them.
    fn drift(&mut self, now: Timestamp) {
        let last = *self.time.get_or_insert(now);
        let hours = (now - last).as_secs_f64().max(0.0) / 3600.0;
        self.time = Some(last.max(now));
        for (k, (drift, prior)) in self.config.drift_per_hour.into_iter().zip(self.config.prior).enumerate() {
            self.covariance[(k, k)] += drift * drift * hours;
            let variance = self.covariance[(k, k)];
            if variance > prior * prior {
                let shrink = prior / sqrt(variance);
                self.covariance.row_mut(k).scale_mut(shrink);
                self.covariance.column_mut(k).scale_mut(shrink);
            }
        }
    }

    /// Where the errors of a source stand in the covariance.
    fn source(&mut self, reference: &Reference, now: Timestamp) -> usize {
        let place = match self.sources.iter().position(|source| source.number == reference.source) {
            Some(place) => place,
            None => self.admit(Source { number: reference.source, heard: now }),
        };
        self.sources[place].heard = now;
        let first = BIASES + SHARED * place;
        let [first_sigma, second_sigma] = reference.shared.sigmas();
        let sigmas = [first_sigma, second_sigma, reference.shared_time_s];
        for (k, sigma) in (first..).zip(sigmas) {
            // What a source says of its own errors may change; they are the same errors.
            let before = self.covariance[(k, k)];
            let scale = if before > 0.0 { sigma / sqrt(before) } else { 0.0 };
            self.covariance.row_mut(k).scale_mut(scale);
            self.covariance.column_mut(k).scale_mut(scale);
            self.covariance[(k, k)] = sigma * sigma;
        }
        first
    }

    fn admit(&mut self, source: Source) -> usize {
        let Err(source) = self.sources.push(source) else { return self.sources.len() - 1 };
        self.tally.sources_forgotten += 1;
        let silent = self.sources.iter().enumerate().min_by_key(|(_, source)| (source.heard, source.number));
        let (place, _) = silent.expect("all places are taken");
        self.sources[place] = source;
        for k in BIASES + SHARED * place..BIASES + SHARED * (place + 1) {
            self.covariance.row_mut(k).fill(0.0);
            self.covariance.column_mut(k).fill(0.0);
        }
        place
    }

    /// The Schmidt–Kalman update, in Joseph's form.
    fn update(&mut self, observed: &observe::Observed<WHOLE>) -> Outcome {
        let h = &observed.slope;
        let across = self.covariance * h.transpose();
        let expected = h * across;
        let Ok(factor) = Factor::of(expected + observed.noise) else { return Outcome::Unusable };
        let distance = sqrt(factor.mahalanobis_squared(&observed.innovation));
        if distance * distance > GATE {
            return Outcome::Refused;
        }
        let doubt = (distance / HUBER).max(1.0);
        let noise = observed.noise * doubt + expected * (doubt - 1.0);
        let Ok(factor) = Factor::of(expected + noise) else { return Outcome::Unusable };
        let mut gain = factor.solve_rows(&across);
        gain.rows_mut(BIASES, WHOLE - BIASES).fill(0.0);
        self.mean += gain.fixed_rows::<BIASES>(0) * observed.innovation;
        let left = Whole::identity() - gain * h;
        let updated = left * self.covariance * left.transpose() + gain * noise * gain.transpose();
        self.covariance = (updated + updated.transpose()) * 0.5;
        if doubt > 1.0 { Outcome::Doubted } else { Outcome::Used }
    }

    /// Remembers the pair; begins anew when too many in a row are refused.
    fn note(&mut self, pair: &Pair, outcome: Outcome) -> Outcome {
        let counts = matches!(outcome, Outcome::Used | Outcome::Doubted);
        self.note_target(pair, counts);
        if counts {
            self.pairs = self.pairs.saturating_add(1);
            self.refused = Refused::default();
        }
        if outcome != Outcome::Refused {
            return outcome;
        }
        let Refused { pairs, last, changes } = self.refused;
        self.refused =
            Refused { pairs: pairs + 1, last: pair.target, changes: changes + u32::from(last != pair.target) };
        if self.refused.pairs < REFUSED_IN_A_ROW || self.refused.changes < REFUSED_CHANGES {
            return outcome;
        }
        self.begin();
        Outcome::BegunAnew
    }

    fn note_target(&mut self, pair: &Pair, counts: bool) {
        if let Some(target) = self.targets.iter_mut().find(|target| target.number == pair.target) {
            target.time = target.time.max(pair.seen.time);
            target.counted |= counts;
            return;
        }
        let target = Target { number: pair.target, time: pair.seen.time, counted: counts };
        if let Err(target) = self.targets.push(target) {
            self.tally.targets_forgotten += 1;
            let oldest = self.targets.iter_mut().min_by_key(|target| (target.time, target.number));
            *oldest.expect("all places are taken") = target;
        }
    }

    /// Nothing is known but the prior.
    fn begin(&mut self) {
        self.mean = SVector::zeros();
        self.covariance = Whole::zeros();
        for (k, sigma) in self.config.prior.into_iter().enumerate() {
            self.covariance[(k, k)] = sigma * sigma;
        }
        self.sources.clear();
        self.targets.iter_mut().for_each(|target| target.counted = false);
        self.pairs = 0;
        self.refused = Refused::default();
    }
}

/// χ² of two dimensions that is exceeded once in a thousand times.
const GATE: f64 = 13.8;
/// Distance in sigmas from which a pair counts less.
const HUBER: f64 = 2.0;
/// Pairs refused in a row after which the estimate is given up, and how often the object has to change between them.
const REFUSED_IN_A_ROW: u32 = 20;
const REFUSED_CHANGES: u32 = 3;
