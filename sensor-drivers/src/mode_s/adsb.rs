//! The messages of extended squitters: 56 bits, of which the first five, the type code, say what the others mean.
//!
//! Every message that a tracker can use is read into a struct of SI units and written back from it, so the simulator
//! speaks through the same code that the decoder listens with. What is reserved, or of no use to a tracker, is `None`
//! and counted by type code.
//! Source: ICAO Doc 9871 (2nd ed.), appendices A (version 0), B (1) and C (2); bits are numbered from 1 as there.

pub mod altitude;
mod identification;
mod position;
mod status;
mod velocity;

pub use identification::{CALLSIGN_BYTES_MAX, Category, Identification};
pub use position::{AirbornePosition, SurfacePosition};
pub use status::{Emergency, OperationalStatus, TargetState};
pub use velocity::{Airspeed, Velocity, VelocityOverWhat};

/// The 56 bits of a message, right-aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Me(pub u64);

/// A message, read.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// Type codes 1 to 4: callsign and emitter category.
    Identification(Identification),
    /// Type codes 5 to 8: where it is on the ground, and how it moves there.
    SurfacePosition(SurfacePosition),
    /// Type codes 9 to 18 (barometric altitude) and 20 to 22 (GNSS height): where it is in the air.
    AirbornePosition(AirbornePosition),
    /// Type code 19: how it moves in the air.
    Velocity(Velocity),
    /// Type code 28, subtype 1: Mode A code and emergency state.
    Emergency(Emergency),
    /// Type code 29: of the target state, the accuracy alone is kept.
    TargetState(TargetState),
    /// Type code 31: version and accuracy.
    OperationalStatus(OperationalStatus),
}

impl Message {
    /// Reads a message. `None` if its type code or subtype is reserved, or tells nothing of use here.
    #[must_use]
    pub fn decode(me: Me) -> Option<Self> {
        match me.type_code() {
            1..=4 => Some(Self::Identification(Identification::decode(me))),
            5..=8 => Some(Self::SurfacePosition(SurfacePosition::decode(me))),
            9..=18 | 20..=22 => Some(Self::AirbornePosition(AirbornePosition::decode(me))),
            19 => Velocity::decode(me).map(Self::Velocity),
            28 => Emergency::decode(me).map(Self::Emergency),
            29 => TargetState::decode(me).map(Self::TargetState),
            31 => OperationalStatus::decode(me).map(Self::OperationalStatus),
            _ => None,
        }
    }

    /// Writes a message, each value to the nearest that the message can hold.
    #[must_use]
    pub fn encode(&self) -> Me {
        match self {
            Self::Identification(message) => message.encode(),
            Self::SurfacePosition(message) => message.encode(),
            Self::AirbornePosition(message) => message.encode(),
            Self::Velocity(message) => message.encode(),
            Self::Emergency(message) => message.encode(),
            Self::TargetState(message) => message.encode(),
            Self::OperationalStatus(message) => message.encode(),
        }
    }
}

impl Me {
    /// A message of one type code, all else zero.
    const fn of_type(type_code: u8) -> Self {
        Self(0).with(1, 5, type_code as u32)
    }

    /// Bits `first` to `last`, numbered from 1, both included; at most 32 of them.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "masked to at most 32 bits")]
    pub const fn bits(self, first: u32, last: u32) -> u32 {
        debug_assert!(1 <= first && first <= last && last <= 56 && last - first < 32, "fields lie within the message");
        (self.0 >> (56 - last) & ((1 << (last - first + 1)) - 1)) as u32
    }

    /// One bit, numbered from 1.
    #[must_use]
    pub const fn bit(self, number: u32) -> bool {
        self.bits(number, number) == 1
    }

    /// At most eight bits.
    #[expect(clippy::cast_possible_truncation, reason = "at most eight bits")]
    const fn small(self, first: u32, last: u32) -> u8 {
        debug_assert!(last - first < 8, "at most eight bits");
        self.bits(first, last) as u8
    }

    /// The same message with bits `first` to `last`, so far zero, set to a value that fits them.
    const fn with(self, first: u32, last: u32, value: u32) -> Self {
        let mask = (1_u64 << (last - first + 1)) - 1;
        Self(self.0 | (value as u64 & mask) << (56 - last))
    }

    /// The first five bits: what the message is about.
    #[must_use]
    pub const fn type_code(self) -> u8 {
        self.small(1, 5)
    }

    /// IMF, in messages of ground stations: the address is not an ICAO address. Where it stands depends on the type.
    #[must_use]
    pub const fn is_non_icao(self) -> bool {
        match self.type_code() {
            5..=8 => self.bit(21),
            9..=18 | 20..=22 => self.bit(8),
            19 => self.bit(9),
            28 | 31 => self.bit(56),
            29 => self.bit(51),
            _ => false,
        }
    }
}

/// The nearest whole number, as far as `max`; zero for what is below it and for NaN.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to [0, max]; NaN casts to zero")]
fn nearest(value: f64, max: u32) -> u32 {
    (value + 0.5).floor().clamp(0.0, f64::from(max)) as u32
}

const KNOT_M_S: f64 = 1852.0 / 3600.0;
const FOOT_M: f64 = 0.3048;
const FOOT_PER_MINUTE_M_S: f64 = FOOT_M / 60.0;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reserved_types_are_not_read() {
        for type_code in [0, 23, 24, 25, 26, 27, 30] {
            assert_eq!(Message::decode(Me::of_type(type_code)), None, "type code {type_code}");
        }
    }

    proptest! {
        #[test]
        fn any_bits_are_read_without_panic_and_what_is_read_is_written_back_the_same(bits in 0..1u64 << 56) {
            if let Some(message) = Message::decode(Me(bits)) {
                let written = message.encode();
                prop_assert_eq!(written.type_code(), Me(bits).type_code());
                prop_assert_eq!(Message::decode(written), Some(message));
            }
        }
    }
}
