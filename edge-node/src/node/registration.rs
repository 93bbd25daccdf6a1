//! What this node's sensors are off by: plots against what is known of the same objects.
//!
//! A pair is a polar plot and where somebody else had the same object about then. Who that is: the object itself, over
//! a sensor of this node (ADS-B, AIS, Remote ID); another system; or a track of another node, whose sensors are
//! registered themselves ([`neighbours`]). A plot and a saying are of one object by the address that both have, or
//! because the plot is of an own track ([`whose()`]) that the picture takes for the same object.
//!
//! **No circles.** Truth is passed on, never back. What targets tell of themselves is of *grade* 0; a sensor is of one
//! above the highest that it has learnt from. While it is not settled its grade may rise, and nobody learns from it;
//! from then on it learns of lower grades than its own alone, until it begins anew. So however the nodes hear each
//! other, no sensor learns what came from itself; nor does one that shares its name with a sensor behind the reference.
//!
//! What is told must have a velocity, since a clock that is off shows in nothing that stands still. Estimates are made
//! of plots as they came, whether they are corrected or not, so a correction never feeds on itself. Sensors on moving
//! platforms are left out: their errors change before they are known.

mod exchange;
pub mod neighbours;
pub mod references;
pub mod whose;

use fusion_core::frame::{Position, Velocity};
use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::maths::{hypot, sqrt};
use fusion_core::measurement::{Measurement, Observation, Pose, SensorId};
use fusion_core::registration::{
    Biases, Correction, CorrectionRules, Outcome, Pair, Reference, Registration, RegistrationConfig, RegistrationTally,
    Seen, Shared,
};
use fusion_core::sensor::{Bias, SensorModel};
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{NodeId, Track, TrackId};
use proto::record::TrackRecord;
use proto::replica::Registered;
use proto::row;
use proto::row::registration::{BiasState, GRADE_MAX};
use sensor_drivers::decoder::{Measured, OwnedScan, Place, Polar, Return};
use serde_json::{Value, json};

use crate::config::registration::RegistrationMode;
pub use exchange::NEWS_PERIOD;
use neighbours::Neighbours;
use references::{Key, References, Told};
use whose::{Candidate, whose};

/// What is known of a sensor's errors, and what is taken off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegistrationReport {
    /// The estimate.
    pub biases: Biases,
    /// What is taken off: range, azimuth, time, range per range. Nothing unless the sensor is to be corrected.
    pub corrected: [Option<f64>; fusion_core::registration::BIASES],
    /// Which are known, and at rest.
    pub settled: [bool; fusion_core::registration::BIASES],
    /// How many times the truth was passed on before it came here; `None` before the first pair.
    pub grade: Option<u8>,
}

impl RegistrationReport {
    /// What has become of an error.
    #[must_use]
    pub const fn state(&self, bias: usize) -> BiasState {
        match (self.corrected[bias], self.settled[bias]) {
            (Some(_), _) => BiasState::Applied,
            (None, true) => BiasState::Settled,
            (None, false) => BiasState::Estimating,
        }
    }

    /// As JSON: each error with its sigma, and what becomes of it.
    #[must_use]
    pub fn json(&self) -> Value {
        let of = |k: usize, unit: f64| {
            json!({ "bias": self.biases.mean[k] * unit, "sigma": self.biases.sigma(k) * unit,
                    "state": self.state(k).as_str(), "corrected": self.corrected[k].is_some() })
        };
        json!({ "pairs": self.biases.pairs, "targets": self.biases.targets, "grade": self.grade,
                "range_m": of(0, 1.0), "azimuth_deg": of(1, 1_f64.to_degrees()), "time_s": of(2, 1.0) })
    }

    /// As a row, for a sensor that stands at a place; `None` before the first pair.
    fn row(&self, site: Geodetic) -> Option<row::Registration> {
        let bias = |k: usize| row::registration::Bias {
            value: self.biases.mean[k],
            sigma: self.biases.sigma(k),
            state: self.state(k),
        };
        let biases = core::array::from_fn(bias);
        Some(row::Registration::new(self.grade?, site, &biases, self.biases.pairs, self.biases.targets))
    }
}

/// The errors of all sensors of a node.
#[derive(Debug)]
pub struct Registrar {
    /// By sensor; `None` where nothing is estimated.
    sensors: Vec<Option<One>>,
    references: References,
    neighbours: Neighbours,
}

/// One sensor.
#[derive(Debug)]
struct One {
    name: String,
    registration: Box<Registration>,
    correction: Correction,
    corrects: bool,
    /// One above that of its references.
    grade: Option<u8>,
    /// Whether others may have learnt from it, so that its grade must not rise.
    settled: bool,
    /// If it passes on what targets tell of themselves: one sigma of place and time that all of it shares.
    tells: Option<(f64, f64)>,
}

impl One {
    fn new(name: &str, mode: RegistrationMode) -> Option<Self> {
        (mode != RegistrationMode::Off).then(|| Self {
            name: name.to_owned(),
            registration: Box::new(Registration::new(RegistrationConfig::RADAR)),
            correction: Correction::new(CorrectionRules::CAREFUL),
            corrects: mode == RegistrationMode::Correct,
            grade: None,
            settled: false,
            tells: None,
        })
    }

    fn report(&self) -> RegistrationReport {
        let corrected = if self.corrects { *self.correction.biases() } else { Default::default() };
        let (biases, settled) = (self.registration.estimate(), *self.correction.settled());
        RegistrationReport { biases, corrected, settled, grade: self.grade }
    }

    fn handle_pair(&mut self, told: &Told, seen: Seen) {
        let pair = Pair { target: told.target, seen, reference: told.reference, reference_lasts: told.lasts };
        match self.registration.handle_pair(&pair) {
            Outcome::Used | Outcome::Doubted => self.grade = self.grade.max(Some(told.grade + 1)),
            Outcome::BegunAnew => (self.grade, self.settled) = (None, false),
            Outcome::Refused | Outcome::TooSoon | Outcome::TooFarApart | Outcome::Unusable => {}
        }
        self.correction.handle_estimate(&self.registration.estimate());
        let report = self.report();
        self.settled |= (0..2).all(|bias| report.state(bias) != BiasState::Estimating);
    }

    /// It learns of lower grades alone.
    fn learns_below(&self) -> u8 {
        self.grade.filter(|_| self.settled).unwrap_or(GRADE_MAX)
    }
}

impl Registrar {
    /// Nothing is known yet of any sensor. Sensors by name, in the order of their numbers.
    pub fn new<'a>(sensors: impl Iterator<Item = (&'a str, RegistrationMode)>) -> Self {
        let sensors = sensors.map(|(name, mode)| One::new(name, mode)).collect();
        Self { sensors, references: References::default(), neighbours: Neighbours::default() }
    }

    /// What is known of a sensor; `None` if nothing is estimated.
    #[must_use]
    pub fn report(&self, sensor: SensorId) -> Option<RegistrationReport> {
        Some(self.one(sensor)?.report())
    }

    /// What others may know of a sensor that stands at a place; `None` while there is nothing to say.
    #[must_use]
    pub fn row(&self, sensor: SensorId, site: Geodetic) -> Option<row::Registration> {
        let one = self.one(sensor)?;
        let Some((place_m, time_s)) = one.tells else { return one.report().row(site) };
        let known = |sigma| row::registration::Bias { value: 0.0, sigma, state: BiasState::Settled };
        Some(row::Registration::new(0, site, &[known(place_m), known(0.0), known(time_s)], 0, 0))
    }

    /// What other nodes tell of their sensors.
    pub fn neighbours(&self) -> impl Iterator<Item = &Registered> {
        self.neighbours.iter()
    }

    fn one(&self, sensor: SensorId) -> Option<&One> {
        self.sensors.get(usize::from(sensor.0))?.as_ref()
    }

    /// Counters of a sensor, by name.
    pub fn counters(&self, sensor: SensorId, each: &mut dyn FnMut(&'static str, u64)) {
        let Some(one) = self.one(sensor) else { return };
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

    /// Counters of all, by name.
    pub fn each_counter(&self, each: &mut dyn FnMut(&'static str, u64)) {
        each("references_displaced", self.references.displaced());
        each("registrations_full", self.neighbours.full());
    }

    /// Takes in a scan of a sensor that stands still, as it came. `tracks` are this node's own, as they are before it.
    pub fn handle_scan<'a>(
        &mut self,
        sensor: SensorId,
        pose: &Pose,
        scan: &OwnedScan,
        tracks: impl Iterator<Item = &'a Track>,
    ) {
        if self.one(sensor).is_none() {
            return;
        }
        for seen in &scan.returns {
            if let Some(address) = seen.identity.address {
                self.handle_return(sensor, pose, scan.time, seen, Key::Address(address));
            }
        }
        if self.references.asks_for_tracks(scan.time) {
            self.handle_unnamed(sensor, pose, scan, tracks);
        }
    }

    /// Plots without an address: those of own tracks whose objects others know.
    fn handle_unnamed<'a>(
        &mut self,
        sensor: SensorId,
        pose: &Pose,
        scan: &OwnedScan,
        tracks: impl Iterator<Item = &'a Track>,
    ) {
        let as_tracked = |seen: &Return| match self.corrected(sensor, seen).as_ref().unwrap_or(seen).place {
            Place::Polar(polar) => Some(polar),
            Place::Geodetic(_) => None,
        };
        let unnamed = scan.returns.iter().filter(|seen| seen.identity.address.is_none());
        let (unnamed, plots): (Vec<&Return>, Vec<Polar>) =
            unnamed.filter_map(|seen| Some((seen, as_tracked(seen)?))).unzip();
        if plots.is_empty() {
            return;
        }
        let at = self.time(sensor, scan.time);
        let candidates: Vec<Candidate> = tracks.filter_map(|track| Candidate::of(track, sensor, pose, at)).collect();
        for (seen, id) in unnamed.into_iter().zip(whose(&plots, &candidates)) {
            if let Some(id) = id {
                self.handle_return(sensor, pose, scan.time, seen, Key::Own(id));
            }
        }
    }

    fn handle_return(&mut self, sensor: SensorId, pose: &Pose, time: Timestamp, seen: &Return, key: Key) {
        let (Place::Polar(polar), Some(told)) = (&seen.place, self.references.get(key)) else { return };
        let Some(one) = self.sensors.get_mut(usize::from(sensor.0)).and_then(Option::as_mut) else { return };
        if told.is_good_for(sensor, one.learns_below()) {
            let both = |measured: Measured| (measured.value, measured.sigma);
            let seen = Seen { time, pose: *pose, range: polar.range.map(both), azimuth: both(polar.azimuth) };
            one.handle_pair(told, seen);
        }
    }

    /// Takes in what a target told of itself over a sensor of this node.
    pub fn handle_told(&mut self, sensor: SensorId, time: Timestamp, model: &SensorModel, told: &Measurement) {
        let (Observation::PositionVelocity(reading), Some(address)) = (&told.observation, told.identity.address) else {
            return;
        };
        if let Some(Some(one)) = self.sensors.get_mut(usize::from(sensor.0)) {
            one.tells = Some((model.bias.place_m, model.bias.time_s));
        }
        let velocity = reading.noise.matrix().fixed_view::<3, 3>(3, 3).trace() / 3.0;
        let reference = Reference {
            source: u64::from(sensor.0),
            time,
            position: Position::from_vector(reading.z.fixed_rows::<3>(0).into()),
            velocity: Velocity::from_vector(reading.z.fixed_rows::<3>(3).into()),
            covariance: reading.noise.leading::<3>(),
            velocity_sigma_m_s: sqrt(velocity),
            shared: Shared::Moved { place_m: model.bias.place_m },
            shared_time_s: model.bias.time_s,
        };
        let told = Told { target: 0, reference, lasts: Span::ZERO, grade: 0, barred: 0 };
        self.references.tell(Key::Address(address), told);
    }

    /// Takes in all that is held of other nodes' sensors.
    pub fn handle_registered(&mut self, me: NodeId, held: impl Iterator<Item = Registered>) {
        self.neighbours.take(me, held);
    }

    /// Takes in what another node says of an object. `own`: the track that this node's own sensors have of it, if the
    /// picture takes the two for one.
    pub fn handle_record(&mut self, plane: &TangentPlane, record: &TrackRecord, own: Option<TrackId>) {
        let Some(told) = self.neighbours.reference(plane, record) else { return };
        let told = Told { barred: self.behind(record), ..told };
        let address = record.identity.address.map(Key::Address);
        address.into_iter().chain(own.map(Key::Own)).for_each(|key| self.references.tell(key, told));
    }

    /// Own sensors that a record of another node may come from: such as bear the name of one behind it.
    fn behind(&self, record: &TrackRecord) -> u64 {
        let own = (0_u32..64).zip(&self.sensors);
        let named = own.filter(|(_, one)| one.as_ref().is_some_and(|one| record.sensors.contains(&one.name)));
        named.fold(0, |bits, (k, _)| bits | 1 << k)
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
        Some(Return::unnamed(place, seen.identity.clone()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_core::angle::Angle;
    use fusion_core::gaussian::Covariance;
    use fusion_core::identity::{Address, Identity};
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
        Registrar::new([("radar", mode), ("adsb", RegistrationMode::Off)].into_iter())
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
        Return::unnamed(Place::Polar(polar), identity(aircraft))
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
                let key = Key::Address(Address::Icao(aircraft));
                registrar.handle_return(RADAR, &Pose::AT_ORIGIN, time(t + LATE_S), &plot(aircraft, t), key);
            }
        }
    }

    #[test]
    fn plots_of_aircraft_that_tell_their_place_tell_what_the_radar_is_off_by() {
        let mut registrar = registrar(RegistrationMode::Report);
        watch(&mut registrar, 50);
        let RegistrationReport { biases, corrected, .. } = registrar.report(RADAR).expect("estimated");
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
    fn a_sensor_that_others_may_have_learnt_from_learns_no_more_of_its_own_grade() {
        let mut registrar = registrar(RegistrationMode::Report);
        let learns = |registrar: &Registrar| registrar.one(RADAR).map(|one| (one.grade, one.learns_below()));
        assert_eq!(learns(&registrar), Some((None, GRADE_MAX)));
        watch(&mut registrar, 1);
        assert_eq!(learns(&registrar), Some((Some(1), GRADE_MAX)));
        watch(&mut registrar, 50);
        assert_eq!(learns(&registrar), Some((Some(1), 1)));
    }

    #[test]
    fn a_sensor_that_is_not_to_be_estimated_is_not() {
        let mut registrar = registrar(RegistrationMode::Off);
        watch(&mut registrar, 50);
        assert!(registrar.report(RADAR).is_none() && registrar.corrected(RADAR, &plot(1, 0.0)).is_none());
    }
}
