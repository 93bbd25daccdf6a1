//! How a radar is set up.

use fusion_core::time::Span;

use crate::asterix::reception::ReceptionConfig;

/// What a positive Doppler speed (I048/120) means: the standard does not say, and a wrong sign is worse than none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Doppler {
    /// Not known: Doppler is not used.
    #[default]
    Ignored,
    /// The target goes away.
    Opening,
    /// The target comes closer.
    Closing,
}

/// One sigma of what a radar measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PolarSigmas {
    /// Of the slant range, metres.
    pub range_m: f64,
    /// Of the azimuth, radians.
    pub azimuth_rad: f64,
}

/// How a radar is set up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RadarConfig {
    /// As every station.
    pub reception: ReceptionConfig,
    /// Errors of plots with a transponder's reply. Default 70 m and 0.08° (EUROCONTROL SUR.ET1.ST01.1000-STD-01-01).
    pub secondary: PolarSigmas,
    /// Errors of plots by echo alone. Default 120 m and 0.15° (same).
    pub primary: PolarSigmas,
    /// One sigma of a flight level taken for a height, metres: the pressure of the day, 8 m per hPa, and the geoid.
    pub flight_level_sigma_m: f64,
    /// Mean sea level above the ellipsoid around the radar, metres: from there it tells the heights that it measures.
    pub geoid_m: f64,
    /// One sigma of the height that a 3D radar measures, metres.
    pub height_sigma_m: f64,
    /// Meaning of the Doppler speed.
    pub doppler: Doppler,
    /// One sigma of the Doppler speed, m/s.
    pub doppler_sigma_m_s: f64,
    /// Takes simulated targets for real.
    pub keep_simulated: bool,
    /// Takes test targets for real.
    pub keep_test_targets: bool,
    /// Takes fixed transponders for targets.
    pub keep_field_monitors: bool,
    /// Without a sector for this long, plots are scans by themselves.
    pub service_silence_max: Span,
}

impl Default for RadarConfig {
    fn default() -> Self {
        Self {
            reception: ReceptionConfig::default(),
            secondary: PolarSigmas { range_m: 70.0, azimuth_rad: 0.08_f64.to_radians() },
            primary: PolarSigmas { range_m: 120.0, azimuth_rad: 0.15_f64.to_radians() },
            flight_level_sigma_m: 150.0,
            geoid_m: 0.0,
            height_sigma_m: 300.0,
            doppler: Doppler::Ignored,
            doppler_sigma_m_s: 2.0,
            keep_simulated: false,
            keep_test_targets: false,
            keep_field_monitors: false,
            service_silence_max: Span::from_secs(5),
        }
    }
}
