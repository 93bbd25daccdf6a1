//! Where a target was seen and how its plot looked: I048/040, 110, 120, 130.

use super::{HEIGHT_STEP_M, HEIGHT_STEPS, THETA_STEP};
use crate::asterix::common::{NAUTICAL_MILE_M, steps_i32, steps_u16};
use crate::asterix::excerpt::Excerpt;
use crate::asterix::wire::{compound, packed};

packed! {
    /// Measured position (040): slant range and azimuth.
    PolarPosition: 4 {
        /// Slant range in 1/256 NM.
        rho: u16 = 32..17,
        /// Azimuth in 1/65536 turn.
        theta: u16 = 16..1,
    }
}

impl PolarPosition {
    /// Step of RHO in metres.
    pub const RANGE_STEP_M: f64 = NAUTICAL_MILE_M / 256.0;
    /// Step of THETA in radians.
    pub const AZIMUTH_STEP_RAD: f64 = THETA_STEP;

    /// The nearest position on the wire; `None` for a range of 256 NM or more, or below zero, or NaN.
    #[must_use]
    pub fn from_si(range_m: f64, azimuth_rad: f64) -> Option<Self> {
        // Just short of a full turn rounds up to 65,536 steps, which is north again.
        let steps = steps_i32(azimuth_rad, Self::AZIMUTH_STEP_RAD, i32::MAX)?.rem_euclid(1 << 16);
        Some(Self { rho: steps_u16(range_m, Self::RANGE_STEP_M)?, theta: u16::try_from(steps).ok()? })
    }

    /// Whether the target is farther than 256 NM, where the field ends: how far, only the expansion field (ERR) tells.
    #[must_use]
    pub const fn is_beyond_field(&self) -> bool {
        self.rho == u16::MAX
    }

    /// Slant range in metres.
    #[must_use]
    pub fn range_m(&self) -> f64 {
        f64::from(self.rho) * Self::RANGE_STEP_M
    }

    /// Azimuth clockwise from the radar's north, radians in [0, 2π).
    #[must_use]
    pub fn azimuth_rad(&self) -> f64 {
        f64::from(self.theta) * Self::AZIMUTH_STEP_RAD
    }
}

packed! {
    /// Height measured by a 3D radar (110), above mean sea level.
    Height3d: 2 {
        /// Height in 25 ft.
        height: i16 = 14..1,
    }
}

impl Height3d {
    /// The nearest height on the wire; `None` beyond ± 62 km.
    #[must_use]
    pub fn from_si(height_m: f64) -> Option<Self> {
        let height = i16::try_from(steps_i32(height_m, HEIGHT_STEP_M, HEIGHT_STEPS)?).ok()?;
        Some(Self { height })
    }

    /// Height above mean sea level in metres.
    #[must_use]
    pub fn height_m(&self) -> f64 {
        f64::from(self.height) * HEIGHT_STEP_M
    }
}

compound! {
    /// How the plot looked (130).
    PlotCharacteristics of 7 {
        /// Run length of the secondary plot, 360°/2¹³.
        1 "SRL" srl: u8,
        /// Number of secondary replies.
        2 "SRR" srr: u8,
        /// Amplitude of the secondary reply, dBm.
        3 "SAM" sam: i8,
        /// Run length of the primary plot, 360°/2¹³.
        4 "PRL" prl: u8,
        /// Amplitude of the primary plot, dBm.
        5 "PAM" pam: i8,
        /// Range of the primary less that of the secondary plot, 1/256 NM.
        6 "RPD" rpd: i8,
        /// Azimuth of the primary less that of the secondary plot, 360°/2¹⁴.
        7 "APD" apd: i8,
    }
}

compound! {
    /// Doppler speed (120).
    RadialDoppler of 2 {
        /// Computed by the radar from its ambiguous measurements.
        1 "CAL" cal: CalculatedDoppler,
        /// As measured.
        2 "RDS" rds: Vec<RawDoppler>,
    }
}

packed! {
    /// Computed Doppler speed (CAL in 120).
    CalculatedDoppler: 2 {
        /// Doubtful.
        d: bool = 16..16,
        /// Speed along the line of sight, m/s. Whether positive means away or closer is the radar's choice.
        cal: i16 = 10..1,
    }
}

impl CalculatedDoppler {
    /// Speed along the line of sight in m/s, with the sign that the radar gives it.
    #[must_use]
    pub fn speed_m_s(&self) -> f64 {
        f64::from(self.cal)
    }
}

/// The computed Doppler speed alone, without the list of measured ones (CAL in 120).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirstDoppler {
    /// Computed by the radar from its ambiguous measurements.
    pub cal: Option<CalculatedDoppler>,
}

impl Excerpt for FirstDoppler {
    fn of_item(octets: &[u8]) -> Option<Self> {
        const COMPUTED: u8 = 0x80;
        let (first, rest) = octets.split_first()?;
        let cal = if first & COMPUTED == 0 { None } else { Some(CalculatedDoppler::of_item(rest)?) };
        Some(Self { cal })
    }
}

packed! {
    /// One measured Doppler speed (RDS in 120).
    RawDoppler: 6 {
        /// Speed, m/s.
        dop: u16 = 48..33,
        /// Speeds that differ by this look alike, m/s.
        amb: u16 = 32..17,
        /// Transmitter frequency, MHz.
        frq: u16 = 16..1,
    }
}
