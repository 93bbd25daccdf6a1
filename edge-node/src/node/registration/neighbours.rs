//! What other nodes' sensors are off by, as they tell, and what their tracks are good for as references because of it.
//!
//! A track is a reference if all sensors that made it are known: such as only pass on what targets tell of themselves,
//! and such as are registered themselves, and at rest. What is left of their errors is considered as an error that all
//! references of the source share. Of several sensors the one that may displace the track the farthest stands for all.

use std::collections::BTreeMap;

use fusion_core::frame::{Enu, Position};
use fusion_core::gaussian::Covariance;
use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::maths::{hypot, sqrt};
use fusion_core::nalgebra::Matrix3;
use fusion_core::registration::{Reference, Shared};
use fusion_core::time::Span;
use fusion_core::track::NodeId;
use proto::codec::fnv1a;
use proto::record::TrackRecord;
use proto::replica::Registered;
use proto::row::registration::GRADE_MAX;

use super::references::Told;

/// Sensors of other nodes that are known at the most.
///
/// Counter: `Neighbours::full`; tracks of a further one are no references.
pub const SENSORS_MAX: usize = 1_024;

/// How long an error of a record lasts: a filter forgets in some scans.
const RECORD_ERRORS_LAST: Span = Span::from_secs(30);

/// How long it lasts where nobody measured the height: as long as the track, and it moves the place over the ground.
const HEIGHTS_LAST: Span = Span::from_secs(1_200);

/// A height less sure than this was assumed, one sigma in metres.
const HEIGHT_SIGMA_M: f64 = 150.0;

/// One sigma by which two nodes' clocks may differ, seconds.
const CLOCKS_SIGMA_S: f64 = 0.2;

/// Sources of records are told from own sensors by this bit.
const RECORDS: u64 = 1 << 63;

/// All sensors of other nodes.
#[derive(Clone, Debug, Default)]
pub struct Neighbours {
    sensors: BTreeMap<(NodeId, String), Registered>,
    full: u64,
}

impl Neighbours {
    /// Takes in all that is held, in the place of what was; of several sayings of one sensor the last counts.
    pub fn take(&mut self, me: NodeId, held: impl Iterator<Item = Registered>) {
        self.sensors.clear();
        for told in held.filter(|told| told.origin.node != me) {
            let key = (told.origin.node, told.sensor.clone());
            let known = self.sensors.get(&key).map(|known| (known.origin.incarnation, known.time));
            if known.is_none() && self.sensors.len() >= SENSORS_MAX {
                self.full += 1;
            } else if known < Some((told.origin.incarnation, told.time)) {
                self.sensors.insert(key, told);
            }
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Registered> {
        self.sensors.values()
    }

    /// Sensors that there was no room for, counted whenever they were met.
    #[must_use]
    pub const fn full(&self) -> u64 {
        self.full
    }

    /// A record of another node as a reference in this node's plane, `None` if nothing is to be learnt from it: from
    /// one that ended or was made elsewhere, of a sensor that nobody registers, or too far from the truth.
    #[must_use]
    pub fn reference(&self, plane: &TangentPlane, record: &TrackRecord) -> Option<Told> {
        if record.status.is_none() || record.source_track || record.sensors.is_empty() {
            return None;
        }
        let (estimate, position) = (&record.estimate, plane.to_enu(record.estimate.position));
        let behind = self.behind(plane, record, position)?;
        let axes = plane.local_axes_at(Geodetic::from_ecef(estimate.position)).transpose();
        let spread: Matrix3<f64> = estimate.covariance.leading::<3>().matrix().into_owned();
        let fast = estimate.covariance.matrix().fixed_view::<3, 3>(3, 3).trace() / 3.0;
        let reference = Reference {
            source: behind.source,
            time: estimate.time,
            position,
            velocity: plane.velocity_to_enu(estimate.velocity),
            covariance: Covariance::new(axes * spread * axes.transpose()).ok()?,
            velocity_sigma_m_s: sqrt(fast),
            shared: behind.shared,
            shared_time_s: hypot(behind.time_s, CLOCKS_SIGMA_S),
        };
        let assumed = spread[(2, 2)] > HEIGHT_SIGMA_M * HEIGHT_SIGMA_M;
        let lasts = if assumed { HEIGHTS_LAST } else { RECORD_ERRORS_LAST };
        Some(Told { target: 0, reference, lasts, grade: behind.grade, barred: 0 })
    }

    /// What stands behind a record at a place; `None` if any of its sensors is not known well enough.
    fn behind(&self, plane: &TangentPlane, record: &TrackRecord, place: Position<Enu>) -> Option<Behind> {
        let mut whole: Option<Behind> = None;
        for sensor in &record.sensors {
            let told = self.sensors.get(&(record.id.origin.node, sensor.clone()))?;
            let usable = told.registration.is_settled() && told.registration.grade() < GRADE_MAX;
            if told.origin != record.id.origin || !usable {
                return None;
            }
            let one = Behind::of(plane, told, place);
            whole = Some(whole.map_or(one, |whole| whole.with(one)));
        }
        whole
    }
}

/// What a record's sensors may be off by together.
#[derive(Clone, Copy, Debug)]
struct Behind {
    source: u64,
    grade: u8,
    shared: Shared,
    time_s: f64,
    /// How far that may displace the track, metres.
    displaces_m: f64,
}

impl Behind {
    fn of(plane: &TangentPlane, told: &Registered, place: Position<Enu>) -> Self {
        let [range, azimuth, time] = told.registration.biases().map(|bias| bias.left());
        let site = plane.to_enu(told.registration.site().to_ecef());
        let grade = told.registration.grade();
        let (shared, displaces_m) = if grade == 0 {
            (Shared::Moved { place_m: range }, range)
        } else {
            let arm = place.vector() - site.vector();
            (Shared::Seen { site, range_m: range, azimuth_rad: azimuth }, hypot(range, azimuth * arm.norm()))
        };
        let node = fnv1a(proto::codec::FNV_BASIS, &told.origin.node.0.to_le_bytes());
        Self { source: RECORDS | fnv1a(node, told.sensor.as_bytes()), grade, shared, time_s: time, displaces_m }
    }

    fn with(self, other: Self) -> Self {
        let farther = if other.displaces_m > self.displaces_m { other } else { self };
        Self { grade: self.grade.max(other.grade), time_s: self.time_s.max(other.time_s), ..farther }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_core::identity::Identity;
    use fusion_core::label::Label;
    use fusion_core::nalgebra::Vector6;
    use fusion_core::time::Timestamp;
    use fusion_core::track::{Origin, TrackId, TrackNumber, TrackStatus};
    use proto::record::{Estimate, InCommon, Seq};
    use proto::row::Registration;
    use proto::row::registration::{Bias, BiasState};

    const ME: NodeId = NodeId(1);
    const OTHER: Origin = Origin { node: NodeId(2), incarnation: 7 };

    fn here() -> Geodetic {
        Geodetic::from_degrees(52.0, 20.0, 0.0).expect("plausible")
    }

    fn told(sensor: &str, grade: u8, azimuth_rad: f64, state: BiasState) -> Registered {
        let bias = |value| Bias { value, sigma: 0.01 * value, state };
        let registration = Registration::new(grade, here(), &[bias(50.0), bias(azimuth_rad), bias(0.1)], 100, 8);
        let time = Timestamp::from_secs(1_800_000_000);
        Registered { origin: OTHER, sensor: sensor.into(), registration, time, label: Label::STRICTEST }
    }

    fn record(sensors: &[&str]) -> TrackRecord {
        let position = Geodetic::from_degrees(52.0, 20.4, 3000.0).expect("plausible").to_ecef();
        let sigmas = Vector6::new(50.0, 50.0, 90.0, 4.0, 4.0, 4.0);
        TrackRecord {
            id: TrackId { origin: OTHER, number: TrackNumber(1) },
            version: Seq(1),
            status: Some(TrackStatus::Confirmed),
            estimate: Estimate {
                time: Timestamp::from_secs(1_800_000_000),
                position,
                velocity: fusion_core::frame::Velocity::new(100.0, 0.0, 0.0),
                covariance: Covariance::from_sigmas(&sigmas).expect("above zero"),
            },
            identity: Identity::UNKNOWN,
            label: Label::STRICTEST,
            sensors: sensors.iter().map(|&sensor| sensor.to_owned()).collect(),
            updates: 9,
            source_track: false,
            in_common: InCommon::UNKNOWN,
        }
    }

    fn reference(held: &[Registered], record: &TrackRecord) -> Option<Told> {
        let mut neighbours = Neighbours::default();
        neighbours.take(ME, held.iter().cloned());
        neighbours.reference(&TangentPlane::at(here()), record)
    }

    #[test]
    fn a_track_is_a_reference_when_all_its_sensors_are_known_and_at_rest() {
        let radar = told("radar", 1, 0.01, BiasState::Applied);
        let adsb = told("adsb", 0, 0.0, BiasState::Settled);
        let both = record(&["radar", "adsb"]);
        let found = reference(&[radar.clone(), adsb.clone()], &both).expect("known");
        assert_eq!(found.grade, 1);
        assert!(matches!(found.reference.shared, Shared::Moved { .. }), "50 m of either displace it farther");
        assert!(reference(core::slice::from_ref(&adsb), &both).is_none(), "a sensor that nobody knows");
        assert!(reference(&[adsb.clone(), told("radar", 1, 0.01, BiasState::Estimating)], &both).is_none());
        assert!(reference(&[adsb.clone(), told("radar", 3, 0.01, BiasState::Settled)], &both).is_none(), "too far");
        assert!(reference(&[adsb, radar], &TrackRecord { source_track: true, ..both }).is_none());
    }

    #[test]
    fn what_is_left_of_a_sensors_errors_is_shared_by_all_that_it_sees() {
        for (state, expected) in [(BiasState::Applied, 0.000_1), (BiasState::Settled, 0.01)] {
            let found = reference(&[told("radar", 1, 0.01, state)], &record(&["radar"])).expect("known");
            let Shared::Seen { azimuth_rad, .. } = found.reference.shared else { panic!("seen from its site") };
            assert!((azimuth_rad / expected - 1.0).abs() < 0.3, "{azimuth_rad}");
        }
    }

    #[test]
    fn a_height_that_nobody_measured_is_wrong_for_as_long_as_the_track_lives() {
        let radar = [told("radar", 1, 0.01, BiasState::Applied)];
        let measured = record(&["radar"]);
        let mut assumed = measured.clone();
        let sigmas = Vector6::new(50.0, 50.0, 900.0, 4.0, 4.0, 4.0);
        assumed.estimate.covariance = Covariance::from_sigmas(&sigmas).expect("above zero");
        let lasts = |record| reference(&radar, record).map(|told| told.lasts);
        assert_eq!(lasts(&measured), Some(RECORD_ERRORS_LAST));
        assert_eq!(lasts(&assumed), Some(HEIGHTS_LAST));
    }

    #[test]
    fn what_a_former_life_knew_says_nothing_of_this_lifes_tracks() {
        let former =
            Registered { origin: Origin { incarnation: 6, ..OTHER }, ..told("radar", 1, 0.01, BiasState::Applied) };
        assert!(reference(core::slice::from_ref(&former), &record(&["radar"])).is_none());
        let both = [former, told("radar", 1, 0.01, BiasState::Applied)];
        assert!(reference(&both, &record(&["radar"])).is_some());
    }
}
