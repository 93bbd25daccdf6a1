//! What the local tracker of the radar made of its plots: I048/042, 161, 170, 200, 210.

use std::f64::consts::TAU;

use super::THETA_STEP;
use crate::asterix::common::NAUTICAL_MILE_M;
use crate::asterix::wire::{LaterParts, packed, part};

packed! {
    /// Position by the local tracker (042), in the plane of the radar.
    CartesianPosition: 4 {
        /// East in 1/128 NM.
        x: i16 = 32..17,
        /// North in 1/128 NM.
        y: i16 = 16..1,
    }
}

impl CartesianPosition {
    /// East of the radar, metres.
    #[must_use]
    pub fn east_m(&self) -> f64 {
        f64::from(self.x) * (NAUTICAL_MILE_M / 128.0)
    }

    /// North of the radar, metres.
    #[must_use]
    pub fn north_m(&self) -> f64 {
        f64::from(self.y) * (NAUTICAL_MILE_M / 128.0)
    }
}

packed! {
    /// Track number (161).
    TrackNumber: 2 {
        /// Number among the tracks of this radar, used again after a while.
        trn: u16 = 12..1,
    }
}

packed! {
    /// Velocity by the local tracker (200).
    TrackVelocity: 4 {
        /// Ground speed in 2⁻¹⁴ NM/s.
        gsp: u16 = 32..17,
        /// Heading in 1/65536 turn, clockwise from north.
        hdg: u16 = 16..1,
    }
}

/// Step of speeds, m/s.
const SPEED_STEP_M_S: f64 = NAUTICAL_MILE_M / 16_384.0;

impl TrackVelocity {
    /// Ground speed in m/s.
    #[must_use]
    pub fn speed_m_s(&self) -> f64 {
        f64::from(self.gsp) * SPEED_STEP_M_S
    }

    /// Heading over ground, radians in [0, 2π).
    #[must_use]
    pub fn heading_rad(&self) -> f64 {
        f64::from(self.hdg) * THETA_STEP
    }
}

part! {
    /// State of the local track (170).
    TrackStatus then TrackStatus2 {
        /// Tentative.
        cnf: bool = 8..8,
        /// Sensors that keep it up: 0 combined, 1 primary, 2 secondary or Mode S.
        rad: u8 = 7..6,
        /// Low confidence in the association of the plot.
        dou: bool = 5..5,
        /// Manoeuvres horizontally.
        mah: bool = 4..4,
        /// 0 level, 1 climbs, 2 descends, 3 unknown.
        cdm: u8 = 3..2,
    }
}

part! {
    /// Second part of 170.
    TrackStatus2 then LaterParts {
        /// Last report of this track.
        tre: bool = 8..8,
        /// Ghost.
        gho: bool = 7..7,
        /// Kept up with information from a neighbour.
        sup: bool = 6..6,
        /// Tracked in a projected plane rather than in slant range.
        tcc: bool = 5..5,
    }
}

packed! {
    /// Standard deviations of the local track (210).
    TrackQuality: 4 {
        /// Of x, in 1/128 NM.
        sigx: u8 = 32..25,
        /// Of y, in 1/128 NM.
        sigy: u8 = 24..17,
        /// Of the ground speed, in 2⁻¹⁴ NM/s.
        sigv: u8 = 16..9,
        /// Of the heading, in 360°/2¹².
        sigh: u8 = 8..1,
    }
}

impl TrackQuality {
    /// Standard deviations of east and north, metres.
    #[must_use]
    pub fn position_sigmas_m(&self) -> [f64; 2] {
        [self.sigx, self.sigy].map(|sigma| f64::from(sigma) * (NAUTICAL_MILE_M / 128.0))
    }

    /// Standard deviation of the ground speed, m/s.
    #[must_use]
    pub fn speed_sigma_m_s(&self) -> f64 {
        f64::from(self.sigv) * SPEED_STEP_M_S
    }

    /// Standard deviation of the heading, radians.
    #[must_use]
    pub fn heading_sigma_rad(&self) -> f64 {
        f64::from(self.sigh) * (TAU / 4096.0)
    }
}
