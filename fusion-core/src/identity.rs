//! Who or what a thing is, as far as anybody said: address, name, class, affiliation.

use heapless::String;

/// The longest name that is kept; every name in the supported standards fits (AIS vessel names have 20).
///
/// No counter: a driver whose names could be longer would count them.
pub const NAME_BYTES_MAX: usize = 24;

/// An address that a target's own equipment transmits, unique within its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// 24-bit ICAO aircraft address (Mode S, ADS-B).
    Icao(u32),
    /// An address that is unique where it was heard but is no ICAO address (TIS-B track file, anonymous).
    NonIcao(u32),
    /// Maritime Mobile Service Identity (AIS).
    Mmsi(u32),
}

impl core::fmt::Display for Address {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Icao(a) => write!(f, "icao:{a:06X}"),
            Self::NonIcao(a) => write!(f, "non-icao:{a:06X}"),
            Self::Mmsi(a) => write!(f, "mmsi:{a:09}"),
        }
    }
}

/// What kind of thing it is. The words of consoles, coarse on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectClass {
    /// Nobody said.
    #[default]
    Unknown,
    /// An aircraft with people aboard, fixed wing or not told.
    Air,
    /// A helicopter.
    Rotary,
    /// An unmanned aircraft.
    Uav,
    /// A vessel.
    Surface,
    /// A ground vehicle or person.
    Ground,
    /// A radio emitter of which no more is known.
    Emitter,
}

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

/// Everything said about who a target is. Absent parts are absent, never guessed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The address its own equipment transmits.
    pub address: Option<Address>,
    /// Callsign or name.
    pub name: Option<String<NAME_BYTES_MAX>>,
    /// Mode 3/A code (squawk), four octal digits as a number 0..=0o7777.
    pub mode_3a: Option<u16>,
    /// What it is.
    pub class: ObjectClass,
    /// Whose it is.
    pub affiliation: Affiliation,
}

impl Identity {
    /// An identity of which nothing is known.
    pub const UNKNOWN: Self = Self {
        address: None,
        name: None,
        mode_3a: None,
        class: ObjectClass::Unknown,
        affiliation: Affiliation::Pending,
    };

    /// Whether the two could be the same target: two different addresses of one kind cannot.
    #[must_use]
    pub fn compatible_with(&self, other: &Self) -> bool {
        match (self.address, other.address) {
            (Some(Address::Icao(a)), Some(Address::Icao(b)))
            | (Some(Address::NonIcao(a)), Some(Address::NonIcao(b)))
            | (Some(Address::Mmsi(a)), Some(Address::Mmsi(b))) => a == b,
            _ => true,
        }
    }

    /// Whether both carry the same address, which settles that they are one target.
    #[must_use]
    pub fn same_address(&self, other: &Self) -> bool {
        self.address.is_some() && self.address == other.address
    }

    /// Takes over what `newer` says and keeps the rest.
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
        // That a thing transmits says less than any other class.
        let vague = matches!(newer.class, ObjectClass::Unknown | ObjectClass::Emitter);
        if !vague || self.class == ObjectClass::Unknown {
            self.class = newer.class;
        }
        if newer.affiliation != Affiliation::Pending {
            self.affiliation = newer.affiliation;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(address: Address) -> Identity {
        Identity { address: Some(address), ..Identity::UNKNOWN }
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
        let class = |class| Identity { class, ..Identity::UNKNOWN };
        let mut heard = class(ObjectClass::Emitter);
        heard.absorb(&class(ObjectClass::Uav));
        heard.absorb(&class(ObjectClass::Emitter));
        assert_eq!(heard.class, ObjectClass::Uav);
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
