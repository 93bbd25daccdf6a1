//! What the transponder said: codes, flight level, capabilities, advisories (I048/050 to 100, 230, 260).

use std::fmt;

use super::{HEIGHT_STEP_M, HEIGHT_STEPS};
use crate::asterix::common::steps_i32;
use crate::asterix::wire::packed;

packed! {
    /// Mode 3/A code (070).
    Mode3A: 2 {
        /// Not validated.
        v: bool = 16..16,
        /// Garbled.
        g: bool = 15..15,
        /// Not extracted in the last scan: carried over.
        l: bool = 14..14,
        /// Four octal digits.
        mode3a: u16 = 12..1,
    }
}

impl fmt::Display for Mode3A {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.mode3a)
    }
}

packed! {
    /// Mode 2 code (050).
    Mode2: 2 {
        /// Not validated.
        v: bool = 16..16,
        /// Garbled.
        g: bool = 15..15,
        /// Smoothed by the local tracker.
        l: bool = 14..14,
        /// Four octal digits.
        mode2: u16 = 12..1,
    }
}

packed! {
    /// Mode 1 code (055).
    Mode1: 1 {
        /// Not validated.
        v: bool = 8..8,
        /// Garbled.
        g: bool = 7..7,
        /// Smoothed by the local tracker.
        l: bool = 6..6,
        /// Two digits: A4 A2 A1 B2 B1.
        mode1: u8 = 5..1,
    }
}

packed! {
    /// Low-quality pulses of a four-digit code (080, 060).
    CodeConfidence: 2 {
        /// A one for every pulse of low quality, in the order of the code: A4 A2 A1 B4 B2 B1 C4 C2 C1 D4 D2 D1.
        pulses: u16 = 12..1,
    }
}

packed! {
    /// Low-quality pulses of the Mode 1 code (065).
    Mode1Confidence: 1 {
        /// A one for every pulse of low quality: A4 A2 A1 B2 B1.
        pulses: u8 = 5..1,
    }
}

packed! {
    /// Mode C code and its confidence (100).
    ModeC: 4 {
        /// Not validated.
        v: bool = 32..32,
        /// Garbled.
        g: bool = 31..31,
        /// Reply in Gray notation: C1 A1 C2 A2 C4 A4 B1 D1 B2 D2 B4 D4.
        modec: u16 = 28..17,
        /// A one for every pulse of low quality, in the same order.
        pulses: u16 = 12..1,
    }
}

packed! {
    /// Flight level (090): pressure altitude above the standard atmosphere's 1013.25 hPa.
    FlightLevel: 2 {
        /// Not validated.
        v: bool = 16..16,
        /// Garbled.
        g: bool = 15..15,
        /// Quarters of a flight level, which is 100 ft.
        fl: i16 = 14..1,
    }
}

impl FlightLevel {
    /// The nearest flight level, validated; `None` beyond ± 62 km.
    #[must_use]
    pub fn from_si(altitude_m: f64) -> Option<Self> {
        let fl = i16::try_from(steps_i32(altitude_m, HEIGHT_STEP_M, HEIGHT_STEPS)?).ok()?;
        Some(Self { v: false, g: false, fl })
    }

    /// Pressure altitude in metres.
    #[must_use]
    pub fn altitude_m(&self) -> f64 {
        f64::from(self.fl) * HEIGHT_STEP_M
    }

    /// Whether the code was validated and not garbled.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        !self.v && !self.g
    }
}

packed! {
    /// Capabilities of the transponder, and flight status (230).
    Capability: 2 {
        /// Communications: 0 surveillance only, 1 Comm A and B, 2 and uplink ELM, 3 and downlink ELM, 4 level 5.
        com: u8 = 16..14,
        /// Alert, SPI and whether airborne, see the standard; 7 unknown.
        stat: u8 = 13..11,
        /// II code only.
        si: bool = 10..10,
        /// Mode S specific services.
        mssc: bool = 8..8,
        /// Altitude in steps of 25 ft rather than 100 ft.
        arc: bool = 7..7,
        /// Can tell its identification.
        aic: bool = 6..6,
        /// Bit 16 of BDS 1,0.
        b1a: bool = 5..5,
        /// Bits 37 to 40 of BDS 1,0.
        b1b: u8 = 4..1,
    }
}

impl Capability {
    /// Whether the aircraft is in the air, where the status tells.
    #[must_use]
    pub const fn airborne(&self) -> Option<bool> {
        match self.stat {
            0 | 2 => Some(true),
            1 | 3 => Some(false),
            _ => None,
        }
    }
}

packed! {
    /// ACAS resolution advisory (260): contents of BDS 3,0.
    ResolutionAdvisory: 7 {
        /// The 56 bits of the message.
        mbdata: u64 = 56..1,
    }
}
