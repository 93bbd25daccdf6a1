//! What this node's sensors are off by: plots against targets that tell their own place.
//!
//! A pair is a polar plot with an address (Mode S) and what was told last of the same address: by the target itself
//! (ADS-B, AIS, Remote ID) over a sensor of this node, by another system, or by a record of another node. What is told
//! must have a velocity, since a clock that is off shows in nothing that stands still. Estimates are made of plots as
//! they came, whether they are corrected or not, so a correction never feeds on itself. Sensors on moving platforms are
//! left out: their errors change before they are known.

use std::collections::BTreeMap;

use fusion_core::frame::{Position, Velocity};
use fusion_core::gaussian::Covariance;
use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::identity::{Address, Identity};
use fusion_core::maths::{hypot, sqrt};
use fusion_core::measurement::{Measurement, Observation, Pose, SensorId};
use fusion_core::nalgebra::Matrix3;
use fusion_core::registration::{
    Biases, Correction, CorrectionRules, Pair, Reference, Registration, RegistrationConfig, RegistrationTally, Seen,
};
use fusion_core::sensor::{Bias, SensorModel};
use fusion_core::time::{Span, Timestamp};
use proto::record::TrackRecord;
use sensor_drivers::decoder::{Measured, Place, Polar, Return};

use crate::config::registration::RegistrationMode;

/// Targets whose last told place is kept; for a new one, the oldest goes. Counter: `Registrar::displaced`.
pub const TOLD_MAX: usize = 1_024;

/// How long an error of a record lasts: a filter forgets in some scans.
const RECORD_ERRORS_LAST: Span = Span::from_secs(30);

/// What is known of a sensor's errors, and what is taken off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegistrationReport {
    /// The estimate.
    pub biases: Biases,
    /// What is taken off: range, azimuth, time, range per range. Nothing unless the sensor is to be corrected.
    pub corrected: [Option<f64>; fusion_core::registration::BIASES],
}

/// The errors of all sensors of a node.
#[derive(Debug)]
pub struct Registrar {
    /// By sensor; `None` where nothing is estimated.
    sensors: Vec<Option<One>>,
    told: BTreeMap<Address, Told>,
    /// Numbers the targets.
    targets: u64,
    displaced: u64,
}

/// One sensor.
#[derive(Debug)]
struct One {
    registration: Box<Registration>,
    correction: Correction,
    corrects: bool,
}

/// What was told last of a target.
#[derive(Clone, Copy, Debug)]
struct Told {
    target: u64,
    reference: Reference,
    lasts: Span,
}

impl Registrar {
    /// Nothing is known yet of any sensor.
    #[must_use]
    pub fn new(modes: impl Iterator<Item = RegistrationMode>) -> Self {
        let one = |mode| {
            (mode != RegistrationMode::Off).then(|| One {
                registration: Box::new(Registration::new(RegistrationConfig::RADAR)),
                correction: Correction::new(CorrectionRules::CAREFUL),
                corrects: mode == RegistrationMode::Correct,
            })
        };
        Self { sensors: modes.map(one).collect(), told: BTreeMap::new(), targets: 0, displaced: 0 }
    }

    /// What is known of a sensor; `None` if nothing is estimated.
    #[must_use]
    pub fn report(&self, sensor: SensorId) -> Option<RegistrationReport> {
        let one = self.sensors.get(usize::from(sensor.0))?.as_ref()?;
        let corrected = if one.corrects { *one.correction.biases() } else { Default::default() };
        Some(RegistrationReport { biases: one.registration.estimate(), corrected })
    }

    /// Counters, by name.
    pub fn counters(&self, sensor: SensorId, each: &mut dyn FnMut(&'static str, u64)) {
        let Some(one) = self.sensors.get(usize::from(sensor.0)).and_then(Option::as_ref) else { return };
        let RegistrationTally { used, doubted, refused, begun_anew, too_soon, too_far_apart, unusable, .. } =
            *one.registration.tally();
        each("registration_used", used);
        each("registration_doubted", doubted);
        each("registration_refused", refused);
        each("registration_begun_anew", begun_anew);
        each("registration_too_soon", too_soon);
        each("registration_too_far_apart", too_far_apart);
        each("registration_unusable", unusable);
    }

    /// References that went for want of room.
    #[must_use]
    pub const fn displaced(&self) -> u64 {
        self.displaced
    }

    /// Takes in a plot as it came.
    pub fn handle_return(&mut self, sensor: SensorId, pose: &Pose, time: Timestamp, seen: &Return) {
        let (Place::Polar(polar), Some(address)) = (&seen.place, seen.identity.address) else { return };
        let Some(told) = self.told.get(&address) else { return };
        let Some(one) = self.sensors.get_mut(usize::from(sensor.0)).and_then(Option::as_mut) else { return };
        let both = |measured: Measured| (measured.value, measured.sigma);
        let seen = Seen { time, pose: *pose, range: polar.range.map(both), azimuth: both(polar.azimuth) };
        let (target, reference) = (told.target, told.reference);
        one.registration.handle_pair(&Pair { target, seen, reference, reference_lasts: told.lasts });
        one.correction.handle_estimate(&one.registration.estimate());
    }

    /// Takes in what a target told of itself over a sensor of this node.
    pub fn handle_told(&mut self, sensor: SensorId, time: Timestamp, model: &SensorModel, told: &Measurement) {
        let (Observation::PositionVelocity(reading), Some(address)) = (&told.observation, told.identity.address) else {
            return;
        };
        let velocity = reading.noise.matrix().fixed_view::<3, 3>(3, 3).trace() / 3.0;
        let reference = Reference {
            source: u64::from(sensor.0),
            time,
            position: Position::from_vector(reading.z.fixed_rows::<3>(0).into()),
            velocity: Velocity::from_vector(reading.z.fixed_rows::<3>(3).into()),
            covariance: reading.noise.leading::<3>(),
            velocity_sigma_m_s: sqrt(velocity),
            shared_place_m: model.bias.place_m,
            shared_time_s: model.bias.time_s,
        };
        self.tell(address, reference, Span::ZERO);
    }

    /// Takes in what another node says of a target that has an address. Nobody knows how much of its error all its
    /// records share, so all of it is taken to be.
    pub fn handle_record(&mut self, plane: &TangentPlane, record: &TrackRecord) {
        let Identity { address: Some(address), .. } = record.identity else { return };
        let (Some(_), estimate) = (record.status, &record.estimate) else { return };
        let axes = plane.local_axes_at(Geodetic::from_ecef(estimate.position)).transpose();
        let spread: Matrix3<f64> = estimate.covariance.leading::<3>().matrix().into_owned();
        let Ok(covariance) = Covariance::new(axes * spread * axes.transpose()) else { return };
        let fast = estimate.covariance.matrix().fixed_view::<3, 3>(3, 3).trace() / 3.0;
        let reference = Reference {
            source: RECORDS | record.id.origin.node.0,
            time: estimate.time,
            position: plane.to_enu(estimate.position),
            velocity: plane.velocity_to_enu(estimate.velocity),
            covariance,
            velocity_sigma_m_s: sqrt(fast),
            shared_place_m: sqrt(0.5 * (spread[(0, 0)] + spread[(1, 1)])),
            shared_time_s: RECORD_TIME_SIGMA_S,
        };
        self.tell(address, reference, RECORD_ERRORS_LAST);
    }

    fn tell(&mut self, address: Address, reference: Reference, lasts: Span) {
        if let Some(told) = self.told.get_mut(&address) {
            // What a target tells of itself is not pushed out by what others say of it, while it speaks.
            let fresher = reference.time > told.reference.time;
            let worse =
                lasts > told.lasts && reference.time - told.reference.time < RegistrationConfig::RADAR.apart_max;
            if fresher && !worse {
                (told.reference, told.lasts) = (reference, lasts);
            }
            return;
        }
        if self.told.len() >= TOLD_MAX {
            let oldest = self.told.iter().min_by_key(|(_, told)| told.reference.time).map(|(address, _)| *address);
            oldest.and_then(|address| self.told.remove(&address));
            self.displaced += 1;
        }
        self.targets += 1;
        self.told.insert(address, Told { target: self.targets, reference, lasts });
    }

    fn taken_off(&self, sensor: SensorId) -> Option<([Option<f64>; 4], Biases)> {
        let one = self.sensors.get(usize::from(sensor.0))?.as_ref().filter(|one| one.corrects)?;
        let biases = one.correction.biases();
        biases.iter().any(Option::is_some).then(|| (*biases, one.registration.estimate()))
    }

    /// The time of a scan, without what the sensor's clock is known to be off by.
    #[must_use]
    pub fn time(&self, sensor: SensorId, told: Timestamp) -> Timestamp {
        let off = self.taken_off(sensor).and_then(|(biases, _)| biases[2]);
        off.map_or(told, |seconds| told + Span::from_secs_f64(-seconds))
    }

    /// A plot without what the sensor's range and azimuth are known to be off by; `None` if that is nothing.
    #[must_use]
    pub fn corrected(&self, sensor: SensorId, seen: &Return) -> Option<Return> {
        let (biases, _) = self.taken_off(sensor)?;
        let Place::Polar(polar) = &seen.place else { return None };
        let less = |measured: Measured, bias: f64| Measured { value: measured.value - bias, ..measured };
        let place = Place::Polar(Polar {
            azimuth: less(polar.azimuth, biases[1].unwrap_or(0.0)),
            range: polar.range.map(|range| less(range, biases[0].unwrap_or(0.0))),
            ..polar.clone()
        });
        Some(Return { place, identity: seen.identity.clone() })
    }

    /// What is left to consider of a sensor's common errors: where one is corrected, what the estimate of it may be off
    /// by, in place of what the configuration has of it and of the sensor's north.
    #[must_use]
    pub fn considered(&self, sensor: SensorId, pose: &Pose, model: &SensorModel) -> (Pose, SensorModel) {
        let (mut pose, mut model) = (*pose, *model);
        if let Some((corrected, biases)) = self.taken_off(sensor) {
            let left = |k: usize, before: f64| if corrected[k].is_some() { biases.sigma(k) } else { before };
            let turn = hypot(pose.error.azimuth_rad, model.bias.azimuth_rad);
            let azimuth_rad = left(1, turn);
            pose.error.azimuth_rad = 0.0;
            let (range_m, time_s) = (left(0, model.bias.range_m), left(2, model.bias.time_s));
            model.bias = Bias { range_m, azimuth_rad, time_s, ..model.bias };
        }
        (pose, model)
    }
}

/// Sources of records are told from sensors by this bit.
const RECORDS: u64 = 1 << 63;

/// One sigma of how late a node's records may all be, seconds.
const RECORD_TIME_SIGMA_S: f64 = 0.2;
