//! Who or what a thing is, as far as anybody said: address, name, class, affiliation; and what one such saying tells of
//! another.

pub mod address;
pub mod class;
pub mod evidence;

use heapless::String;

pub use address::{Address, Fingerprint, FingerprintKind, SERIAL_BYTES_MAX, Serial};
pub use class::{ClassBelief, ObjectClass};

/// The longest name that is kept; every name in the supported standards fits (AIS vessel names have 20).
///
/// No counter: a driver whose names could be longer would count them.
pub const NAME_BYTES_MAX: usize = 24;

/// Standard identity in the order of MIL-STD-2525 / STANAG 1241.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Affiliation {
    /// Not yet looked at.
    #[default]
    Pending,
    /// Looked at, not known.
    Unknown,
    /// Assumed friend.
    AssumedFriend,
    /// Friend.
    Friend,
    /// Neutral.
    Neutral,
    /// Suspect.
    Suspect,
    /// Hostile.
    Hostile,
}

impl Affiliation {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Pending, Self::Unknown, Self::AssumedFriend, Self::Friend, Self::Neutral, Self::Suspect, Self::Hostile];
}

/// Everything said about who a target is. Absent parts are absent, never guessed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The address its own equipment transmits.
    pub address: Option<Address>,
    /// Callsign or name.
    pub name: Option<String<NAME_BYTES_MAX>>,
    /// Mode 3/A code (squawk), four octal digits as a number 0..=0o7777.
    pub mode_3a: Option<u16>,
    /// How its emitter is told from others of the same type.
    pub fingerprint: Option<Fingerprint>,
    /// What it is, in one word.
    pub class: ObjectClass,
    /// How likely it is each class, where more is known than the word: of a track, what all its measurements said.
    pub belief: ClassBelief,
    /// Whose it is.
    pub affiliation: Affiliation,
}

impl Identity {
    /// An identity of which nothing is known.
    pub const UNKNOWN: Self = Self {
        address: None,
        name: None,
        mode_3a: None,
        fingerprint: None,
        class: ObjectClass::Unknown,
        belief: ClassBelief::UNKNOWN,
        affiliation: Affiliation::Pending,
    };

    /// Whether nothing is known, so that it is no evidence and adds nothing to what is.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        let unnamed = self.address.is_none() && self.name.is_none() && self.mode_3a.is_none();
        let of_no_kind = self.class == ObjectClass::Unknown && self.belief == ClassBelief::UNKNOWN;
        unnamed && self.fingerprint.is_none() && of_no_kind && self.affiliation == Affiliation::Pending
    }

    /// Whether the two could be the same target: two different addresses of one kind cannot.
    #[must_use]
    pub fn compatible_with(&self, other: &Self) -> bool {
        match (self.address, other.address) {
            (Some(a), Some(b)) => !a.contradicts(b),
            (None, _) | (_, None) => true,
        }
    }

    /// Whether both carry the same address, which settles that they are one target.
    #[must_use]
    pub fn same_address(&self, other: &Self) -> bool {
        self.address.is_some() && self.address == other.address
    }

    /// What is said about the class, be it a word or probabilities.
    #[must_use]
    pub fn class_belief(&self) -> ClassBelief {
        if self.belief == ClassBelief::UNKNOWN {
            ClassBelief::declared(self.class, class::CONFUSION)
        } else {
            self.belief
        }
    }

    /// Takes over what `newer` says and keeps the rest; of the class, both count (Bayes).
    pub fn absorb(&mut self, newer: &Self) {
        if newer.address.is_some() {
            self.address = newer.address;
        }
        if newer.name.is_some() {
            self.name.clone_from(&newer.name);
        }
        if newer.mode_3a.is_some() {
            self.mode_3a = newer.mode_3a;
        }
        if newer.fingerprint.is_some() {
            self.fingerprint = newer.fingerprint;
        }
        if newer.affiliation != Affiliation::Pending {
            self.affiliation = newer.affiliation;
        }
        self.absorb_class(newer);
    }

    fn absorb_class(&mut self, newer: &Self) {
        let said = newer.class_belief();
        if said == ClassBelief::UNKNOWN && newer.class == ObjectClass::Unknown {
            return;
        }
        self.belief = self.class_belief().combine(said);
        // That a thing transmits says less than any other class.
        let emits = self.class == ObjectClass::Emitter || newer.class == ObjectClass::Emitter;
        let word = self.belief.word();
        self.class = if word == ObjectClass::Unknown && emits { ObjectClass::Emitter } else { word };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(address: Address) -> Identity {
        Identity { address: Some(address), ..Identity::UNKNOWN }
    }

    fn class(class: ObjectClass) -> Identity {
        Identity { class, ..Identity::UNKNOWN }
    }

    #[test]
    fn two_addresses_of_one_kind_are_two_targets() {
        assert!(!with(Address::Icao(1)).compatible_with(&with(Address::Icao(2))));
        assert!(with(Address::Icao(1)).same_address(&with(Address::Icao(1))));
    }

    #[test]
    fn addresses_of_different_kinds_contradict_nothing() {
        assert!(with(Address::Icao(1)).compatible_with(&with(Address::Mmsi(2))));
        assert!(with(Address::Icao(1)).compatible_with(&Identity::UNKNOWN));
        assert!(!Identity::UNKNOWN.same_address(&Identity::UNKNOWN));
    }

    #[test]
    fn a_drone_that_is_heard_transmitting_stays_a_drone() {
        let mut heard = class(ObjectClass::Emitter);
        heard.absorb(&class(ObjectClass::Uav));
        heard.absorb(&class(ObjectClass::Emitter));
        assert_eq!(heard.class, ObjectClass::Uav);
    }

    #[test]
    fn what_is_only_heard_is_an_emitter() {
        let mut heard = Identity::UNKNOWN;
        heard.absorb(&class(ObjectClass::Emitter));
        heard.absorb(&Identity::UNKNOWN);
        assert_eq!((heard.class, heard.belief), (ObjectClass::Emitter, ClassBelief::UNKNOWN));
    }

    #[test]
    fn a_helicopter_that_a_radar_calls_an_aircraft_stays_a_helicopter() {
        let mut track = class(ObjectClass::Rotary);
        (0..1_000).for_each(|_| track.absorb(&class(ObjectClass::Air)));
        assert_eq!(track.class, ObjectClass::Rotary);
    }

    #[test]
    fn one_slip_changes_no_class_but_three_in_a_row_do() {
        let mut track = Identity::UNKNOWN;
        (0..1_000).for_each(|_| track.absorb(&class(ObjectClass::Surface)));
        track.absorb(&class(ObjectClass::Uav));
        assert_eq!(track.class, ObjectClass::Surface);
        (0..3).for_each(|_| track.absorb(&class(ObjectClass::Uav)));
        assert_eq!(track.class, ObjectClass::Uav);
    }

    #[test]
    fn sayings_that_contradict_each_other_leave_the_class_unknown() {
        let mut track = class(ObjectClass::Surface);
        track.absorb(&class(ObjectClass::Uav));
        assert_eq!(track.class, ObjectClass::Unknown);
    }

    #[test]
    fn what_is_not_said_does_not_erase_what_was() {
        let mut known = Identity { class: ObjectClass::Uav, ..with(Address::Icao(7)) };
        known.absorb(&Identity { mode_3a: Some(0o7700), ..Identity::UNKNOWN });
        assert_eq!(
            (known.class, known.address, known.mode_3a),
            (ObjectClass::Uav, Some(Address::Icao(7)), Some(0o7700))
        );
    }
}
