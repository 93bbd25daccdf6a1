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
use serde_json::{Value, json};

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

impl RegistrationReport {
    /// As JSON: each error with its sigma, and whether it is taken off.
    #[must_use]
    pub fn json(&self) -> Value {
        let of = |k: usize, unit: f64| {
            json!({ "bias": self.biases.mean[k] * unit, "sigma": self.biases.sigma(k) * unit,
                    "corrected": self.corrected[k].is_some() })
        };
        json!({ "pairs": self.biases.pairs, "targets": self.biases.targets, "range_m": of(0, 1.0),
                "azimuth_deg": of(1, 1_f64.to_degrees()), "time_s": of(2, 1.0) })
    }
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
            ..*polar
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

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_core::angle::Angle;
    use fusion_core::maths::{atan2, cos, sin};
    use fusion_core::measurement::Reading;
    use fusion_core::nalgebra::{Vector3, Vector6};

    const RADAR: SensorId = SensorId(0);
    const ADSB: SensorId = SensorId(1);
    const TURN_S: f64 = 4.0;
    /// What the radar is off by.
    const NORTH_RAD: f64 = 0.026;
    const RANGE_M: f64 = 120.0;
    const LATE_S: f64 = 0.4;

    fn registrar(mode: RegistrationMode) -> Registrar {
        Registrar::new([mode, RegistrationMode::Off].into_iter())
    }

    fn identity(aircraft: u32) -> Identity {
        Identity { address: Some(Address::Icao(aircraft)), ..Identity::UNKNOWN }
    }

    /// Six aircraft on straight courses around the radar, which stands at the origin.
    fn flight(aircraft: u32, t: f64) -> (Vector3<f64>, Vector3<f64>) {
        let course = f64::from(aircraft);
        let velocity = Vector3::new(sin(course), cos(course), 0.0) * 200.0;
        (Vector3::new(30_000.0 * cos(2.0 * course), 30_000.0 * sin(2.0 * course), 8_000.0) + velocity * t, velocity)
    }

    fn plot(aircraft: u32, t: f64) -> Return {
        let place = flight(aircraft, t).0;
        let polar = Polar {
            azimuth: Measured { value: atan2(place.x, place.y) + NORTH_RAD, sigma: 0.002 },
            range: Some(Measured { value: place.norm() + RANGE_M, sigma: 60.0 }),
            elevation: None,
            height: None,
            range_rate: None,
        };
        Return { place: Place::Polar(polar), identity: identity(aircraft) }
    }

    fn report(aircraft: u32, t: f64) -> Measurement {
        let (place, velocity) = flight(aircraft, t);
        let z = Vector6::new(place.x, place.y, place.z, velocity.x, velocity.y, velocity.z);
        let sigmas = Vector6::new(20.0, 20.0, 20.0, 1.0, 1.0, 1.0);
        let noise = Covariance::from_sigmas(&sigmas).expect("above zero");
        Measurement { observation: Observation::PositionVelocity(Reading { z, noise }), identity: identity(aircraft) }
    }

    fn time(t: f64) -> Timestamp {
        Timestamp::from_secs(1_800_000_000) + Span::from_secs_f64(t)
    }

    fn watch(registrar: &mut Registrar, turns: u32) {
        for turn in 0..turns {
            let t = f64::from(turn) * TURN_S;
            for aircraft in 1..=6 {
                registrar.handle_told(ADSB, time(t - 0.5), &SensorModel::PLAIN, &report(aircraft, t - 0.5));
                let plot = plot(aircraft, t);
                registrar.handle_return(RADAR, &Pose::AT_ORIGIN, time(t + LATE_S), &plot);
            }
        }
    }

    #[test]
    fn plots_of_aircraft_that_tell_their_place_tell_what_the_radar_is_off_by() {
        let mut registrar = registrar(RegistrationMode::Report);
        watch(&mut registrar, 50);
        let RegistrationReport { biases, corrected } = registrar.report(RADAR).expect("estimated");
        for (k, truth) in [RANGE_M, NORTH_RAD, LATE_S].into_iter().enumerate() {
            assert!(
                (biases.mean[k] - truth).abs() < 4.0 * biases.sigma(k),
                "{k}: {} ± {}",
                biases.mean[k],
                biases.sigma(k)
            );
        }
        assert_eq!(corrected, [None; 4]);
        assert_eq!(registrar.corrected(RADAR, &plot(1, 0.0)), None);
        assert_eq!(registrar.time(RADAR, time(0.0)), time(0.0));
    }

    #[test]
    fn a_correction_takes_off_what_is_known_and_leaves_its_sigma_to_consider() {
        let mut registrar = registrar(RegistrationMode::Correct);
        watch(&mut registrar, 50);
        let Some(Return { place: Place::Polar(polar), .. }) = registrar.corrected(RADAR, &plot(1, 0.0)) else {
            panic!("corrected");
        };
        let place = flight(1, 0.0).0;
        assert!((Angle::from_radians(polar.azimuth.value - atan2(place.x, place.y))).radians().abs() < 0.001);
        assert!((polar.range.expect("a range").value - place.norm()).abs() < 15.0);
        assert!((registrar.time(RADAR, time(LATE_S)) - time(0.0)).as_secs_f64().abs() < 0.1);
        let north = Pose {
            error: fusion_core::measurement::PoseError { azimuth_rad: 0.05, ..Pose::AT_ORIGIN.error },
            ..Pose::AT_ORIGIN
        };
        let (pose, model) = registrar.considered(RADAR, &north, &SensorModel::PLAIN);
        assert!(pose.error.azimuth_rad <= 0.0 && model.bias.azimuth_rad > 0.0 && model.bias.azimuth_rad < 0.001);
        assert_eq!(registrar.considered(ADSB, &north, &SensorModel::PLAIN), (north, SensorModel::PLAIN));
    }

    #[test]
    fn a_sensor_that_is_not_to_be_estimated_is_not() {
        let mut registrar = registrar(RegistrationMode::Off);
        watch(&mut registrar, 50);
        assert!(registrar.report(RADAR).is_none() && registrar.corrected(RADAR, &plot(1, 0.0)).is_none());
    }

    #[test]
    fn what_a_target_tells_of_itself_counts_before_what_others_say_of_it() {
        let mut registrar = registrar(RegistrationMode::Report);
        registrar.handle_told(ADSB, time(0.0), &SensorModel::PLAIN, &report(1, 0.0));
        let told = registrar.told[&Address::Icao(1)].reference;
        registrar.tell(Address::Icao(1), Reference { source: 9, time: time(1.0), ..told }, RECORD_ERRORS_LAST);
        assert_eq!(registrar.told[&Address::Icao(1)].reference.source, 1);
        registrar.tell(Address::Icao(1), Reference { source: 9, time: time(60.0), ..told }, RECORD_ERRORS_LAST);
        assert_eq!(registrar.told[&Address::Icao(1)].reference.source, 9);
    }

    #[test]
    fn a_sky_full_of_targets_pushes_the_oldest_out() {
        let mut registrar = registrar(RegistrationMode::Report);
        for aircraft in 0..1_030 {
            let t = f64::from(aircraft);
            registrar.handle_told(ADSB, time(t), &SensorModel::PLAIN, &report(aircraft, t));
        }
        assert_eq!((registrar.told.len(), registrar.displaced()), (TOLD_MAX, 6));
        assert!(!registrar.told.contains_key(&Address::Icao(0)));
    }
}
