//! Where targets were said to be last, by themselves or by others: one reference for each.

use std::collections::BTreeMap;

use fusion_core::identity::Address;
use fusion_core::measurement::SensorId;
use fusion_core::registration::{Reference, RegistrationConfig};
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::TrackId;

/// Targets whose last told place is kept; for a new one, the oldest goes. Counter: `References::displaced`.
pub const TOLD_MAX: usize = 2_048;

/// A target of which nothing was told for so long is forgotten: a table of all that a day brings would grow all day.
/// Longer than any error of a reference lasts, so that a target that is forgotten and comes back may count as another.
const FORGOTTEN_AFTER: Span = Span::from_secs(3_600);

/// What makes a plot and a saying one target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// It transmits this address.
    Address(Address),
    /// The plot belongs to this own track, and the picture says that the saying is of the same object.
    Own(TrackId),
}

/// What was told last of a target.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// Numbers it.
    pub target: u64,
    /// Where it was.
    pub reference: Reference,
    /// How long an error of that lasts.
    pub lasts: Span,
    /// How many times the truth was passed on: 0 by the target itself.
    pub grade: u8,
    /// Own sensors that must not learn from it, by bits: it may come from themselves.
    pub barred: u64,
}

impl Told {
    /// Whether a sensor may be registered against it, being of a grade itself.
    #[must_use]
    pub fn is_good_for(&self, sensor: SensorId, grade: u8) -> bool {
        self.grade < grade && self.barred.checked_shr(sensor.0.into()).unwrap_or(0) & 1 == 0
    }
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct References {
    told: BTreeMap<Key, Told>,
    /// Numbers the targets.
    targets: u64,
    /// When anything was told last of an own track.
    of_own_tracks: Option<Timestamp>,
    displaced: u64,
}

impl References {
    /// What was told last of a target.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&Told> {
        self.told.get(&key)
    }

    /// References that went for want of room.
    #[must_use]
    pub const fn displaced(&self) -> u64 {
        self.displaced
    }

    /// Whether it is of use at a time to know of which own track a plot is.
    #[must_use]
    pub fn asks_for_tracks(&self, at: Timestamp) -> bool {
        self.of_own_tracks.is_some_and(|time| (at - time).abs() <= RegistrationConfig::RADAR.apart_max)
    }

    /// Takes in where a target is said to be; the number of the target is given here.
    pub fn tell(&mut self, key: Key, told: Told) {
        if matches!(key, Key::Own(_)) {
            self.of_own_tracks = self.of_own_tracks.max(Some(told.reference.time));
        }
        if let Some(held) = self.told.get_mut(&key) {
            // What is nearer to the truth is not pushed out by what is farther from it, while it is fresh.
            let later = told.reference.time - held.reference.time;
            let worse = told.grade > held.grade && later < RegistrationConfig::RADAR.apart_max;
            if later > Span::ZERO && !worse {
                *held = Told { target: held.target, ..told };
            }
            return;
        }
        self.told.retain(|_, held| told.reference.time - held.reference.time <= FORGOTTEN_AFTER);
        if self.told.len() >= TOLD_MAX {
            let oldest = self.told.iter().min_by_key(|(_, told)| told.reference.time).map(|(key, _)| *key);
            oldest.and_then(|key| self.told.remove(&key));
            self.displaced += 1;
        }
        self.targets += 1;
        self.told.insert(key, Told { target: self.targets, ..told });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_core::frame::{Position, Velocity};
    use fusion_core::gaussian::Covariance;
    use fusion_core::nalgebra::Vector3;
    use fusion_core::registration::Shared;

    fn told(source: u64, second: i64, grade: u8) -> Told {
        let reference = Reference {
            source,
            time: Timestamp::from_secs(1_800_000_000 + second),
            position: Position::from_vector(Vector3::zeros()),
            velocity: Velocity::from_vector(Vector3::zeros()),
            covariance: Covariance::from_sigmas(&Vector3::repeat(20.0)).expect("above zero"),
            velocity_sigma_m_s: 1.0,
            shared: Shared::Moved { place_m: 0.0 },
            shared_time_s: 0.0,
        };
        Told { target: 0, reference, lasts: Span::ZERO, grade, barred: 0 }
    }

    #[test]
    fn what_a_target_tells_of_itself_counts_before_what_others_say_of_it() {
        let (key, mut references) = (Key::Address(Address::Icao(1)), References::default());
        let source = |references: &References| references.get(key).map(|told| told.reference.source);
        references.tell(key, told(1, 0, 0));
        references.tell(key, told(9, 1, 1));
        assert_eq!(source(&references), Some(1));
        references.tell(key, told(9, 60, 1));
        assert_eq!(source(&references), Some(9));
        references.tell(key, told(1, 61, 0));
        assert_eq!(source(&references), Some(1));
    }

    #[test]
    fn a_sky_full_of_targets_pushes_the_oldest_out() {
        let mut references = References::default();
        for aircraft in 0..2_054 {
            references.tell(Key::Address(Address::Icao(aircraft)), told(1, aircraft.into(), 0));
        }
        assert_eq!((references.told.len(), references.displaced()), (TOLD_MAX, 6));
        assert!(references.get(Key::Address(Address::Icao(0))).is_none());
    }

    #[test]
    fn targets_long_gone_are_forgotten_and_do_not_count_as_displaced() {
        let mut references = References::default();
        for (aircraft, second) in [(1, 0), (2, 3_600), (3, 3_601)] {
            references.tell(Key::Address(Address::Icao(aircraft)), told(1, second, 0));
        }
        let held = |aircraft| references.get(Key::Address(Address::Icao(aircraft))).is_some();
        assert_eq!([held(1), held(2), held(3)], [false, true, true]);
        assert_eq!(references.displaced(), 0);
    }

    #[test]
    fn a_sensor_learns_of_lower_grades_and_never_of_itself() {
        let of_itself = Told { barred: 1 << 3, ..told(1, 0, 1) };
        assert!(of_itself.is_good_for(SensorId(2), 2) && !of_itself.is_good_for(SensorId(3), 2));
        assert!(!of_itself.is_good_for(SensorId(2), 1) && of_itself.is_good_for(SensorId(200), 2));
    }
}
