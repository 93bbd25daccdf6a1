//! Type codes 1 to 4: what the aircraft calls itself, and what kind it is.

use fusion_core::identity::ObjectClass;
use heapless::String;

use super::Me;

/// A callsign has eight characters.
///
/// No counter: the format has no room for more.
pub const CALLSIGN_BYTES_MAX: usize = 8;

/// Callsign and emitter category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identification {
    /// What kind of emitter it is.
    pub category: Category,
    /// Capital letters, digits and inner spaces, trailing ones removed; `None` if blank or if any character is none
    /// of these.
    pub callsign: Option<String<CALLSIGN_BYTES_MAX>>,
}

/// An emitter category: a set, which the type code tells, and a number in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Category {
    /// 4 for set A to 1 for set D: the type code.
    pub type_code: u8,
    /// 0 (not told) to 7.
    pub number: u8,
}

impl Category {
    /// Set A, number 3: 34 to 136 tonnes.
    pub const LARGE: Self = Self { type_code: 4, number: 3 };
    /// Set A, number 7.
    pub const ROTORCRAFT: Self = Self { type_code: 4, number: 7 };
    /// Set B, number 6.
    pub const UNMANNED: Self = Self { type_code: 3, number: 6 };
    /// Set C, number 2.
    pub const SERVICE_VEHICLE: Self = Self { type_code: 2, number: 2 };

    /// The same in the coarse words of consoles.
    #[must_use]
    pub const fn class(self) -> ObjectClass {
        match (self.type_code, self.number) {
            // Set A by weight; set B: gliders, airships, ultralights.
            (4, 1..=6) | (3, 1 | 2 | 4) => ObjectClass::Air,
            (4, 7) => ObjectClass::Rotary,
            (3, 6) => ObjectClass::Uav,
            // Set C: emergency and service vehicles.
            (2, 1 | 2) => ObjectClass::Ground,
            _ => ObjectClass::Unknown,
        }
    }
}

impl Identification {
    pub(super) fn decode(me: Me) -> Self {
        let category = Category { type_code: me.type_code(), number: me.small(6, 8) };
        let mut callsign = String::new();
        for index in 0..8 {
            let first = 9 + 6 * index;
            let Some(character) = character(me.small(first, first + 5)) else {
                return Self { category, callsign: None };
            };
            // Eight characters into room for eight.
            let _ = callsign.push(character);
        }
        callsign.truncate(callsign.trim_end().len());
        Self { category, callsign: (!callsign.is_empty()).then_some(callsign) }
    }

    /// What cannot be said in six bits is sent as a space.
    pub(super) fn encode(&self) -> Me {
        let head = Me::of_type(self.category.type_code).with(6, 8, u32::from(self.category.number));
        let text = self.callsign.as_deref().unwrap_or_default().bytes().chain(core::iter::repeat(b' '));
        (0..8).zip(text).fold(head, |me, (index, byte)| {
            let first = 9 + 6 * index;
            me.with(first, first + 5, u32::from(six_bits(byte)))
        })
    }
}

/// The six-bit alphabet of ICAO Annex 10 Vol. IV, table 3-9.
fn character(six_bits: u8) -> Option<char> {
    match six_bits {
        1..=26 => Some(char::from(b'A' + six_bits - 1)),
        32 | 48..=57 => Some(char::from(six_bits)),
        _ => None,
    }
}

const fn six_bits(byte: u8) -> u8 {
    match byte {
        b'A'..=b'Z' => byte - b'A' + 1,
        b'a'..=b'z' => byte - b'a' + 1,
        b'0'..=b'9' => byte,
        _ => b' ',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_callsigns_are_read() {
        for (me, name) in [(0x20_2CC3_71C3_2CE0, "KLM1023"), (0x20_15A6_78D4_D220, "EZY85MH")] {
            let message = Identification::decode(Me(me));
            assert_eq!(message.callsign.as_deref(), Some(name));
            assert_eq!(message.category, Category { type_code: 4, number: 0 });
            assert_eq!(message.encode(), Me(me));
        }
    }

    #[test]
    fn a_callsign_with_a_foreign_character_is_none_at_all() {
        assert_eq!(Identification::decode(Me(0x20_2CC3_71C3_2CFF)).callsign, None);
        assert_eq!(Identification { category: Category::LARGE, callsign: None }.encode().bits(51, 56), 32);
    }

    #[test]
    fn categories_become_the_words_of_consoles() {
        let classes = [Category::LARGE, Category::ROTORCRAFT, Category::UNMANNED, Category::SERVICE_VEHICLE];
        assert_eq!(
            classes.map(Category::class),
            [ObjectClass::Air, ObjectClass::Rotary, ObjectClass::Uav, ObjectClass::Ground]
        );
        assert_eq!(Category { type_code: 4, number: 0 }.class(), ObjectClass::Unknown);
    }
}
