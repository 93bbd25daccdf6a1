//! How long a row may be held after the time that it tells, by what it is about.
//!
//! Counted from the row's own time, which its writer set: every node lets it go at the same moment of validity. What is
//! older is not accepted either, so nothing that went can come back.

use fusion_core::identity::ObjectClass;
use fusion_core::time::Span;

/// Told in every row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lifetime {
    /// Two minutes: lines of bearing.
    Brief,
    /// Ten minutes: what flies, or is not known.
    #[default]
    Air,
    /// Half an hour: what sails, drives or transmits; names of sensors, and what they are off by.
    Ground,
    /// A day: what people have said.
    Day,
}

impl Lifetime {
    /// All, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::Brief, Self::Air, Self::Ground, Self::Day];

    /// How long.
    #[must_use]
    pub const fn span(self) -> Span {
        Span::from_secs(match self {
            Self::Brief => 120,
            Self::Air => 600,
            Self::Ground => 1800,
            Self::Day => 86_400,
        })
    }

    /// How long a writer may wait before it tells again what has not changed: a third, so that two may be lost.
    #[must_use]
    pub const fn refresh(self) -> Span {
        Span::from_nanos(self.span().as_nanos() / 3)
    }

    /// That of a track of this class.
    #[must_use]
    pub const fn of(class: ObjectClass) -> Self {
        match class {
            ObjectClass::Surface | ObjectClass::Ground | ObjectClass::Emitter => Self::Ground,
            ObjectClass::Unknown | ObjectClass::Air | ObjectClass::Rotary | ObjectClass::Uav => Self::Air,
        }
    }

    /// Its code in rows, two bits.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The lifetime of a code; only the lowest two bits count.
    #[must_use]
    pub const fn of_code(code: u8) -> Self {
        Self::ALL[(code & 3) as usize]
    }
}
