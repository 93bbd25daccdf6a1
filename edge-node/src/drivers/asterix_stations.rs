//! Drone radars, direction finders and systems that speak ASTERIX: from configuration to decoder.

use fusion_core::time::Span;
use sensor_drivers::asterix::direction_finder::{DirectionFinder, DirectionFinderConfig, DirectionFinderDecoder};
use sensor_drivers::asterix::drone_radar::{DroneRadar, DroneRadarConfig, DroneRadarDecoder};
use sensor_drivers::asterix::radar::Doppler;
use sensor_drivers::asterix::system_tracks::{SystemTracks, SystemTracksConfig, SystemTracksDecoder};

use super::reception;
use crate::config::SensorConfig;
use crate::config::sensors::{DopplerConfig, SigmaConfig};

/// The sigmas if somebody set one: their defaults are those of an air traffic radar, which no drone radar and no
/// direction finder is.
fn sigma(config: &SensorConfig) -> Option<SigmaConfig> {
    Some(config.sigma).filter(|sigma| *sigma != SigmaConfig::default())
}

/// The decoder of a drone radar.
pub(super) fn drone_radar(config: &SensorConfig) -> DroneRadarDecoder {
    let (section, plain) = (&config.drone_radar, DroneRadarConfig::default());
    let mut told = DroneRadarConfig {
        reception: reception(config),
        horizontal_sigma_m: section.horizontal_sigma_m,
        velocity_sigma_m_s: section.velocity_sigma_m_s,
        doppler: match config.asterix.doppler {
            DopplerConfig::Ignored => Doppler::Ignored,
            DopplerConfig::Opening => Doppler::Opening,
            DopplerConfig::Closing => Doppler::Closing,
        },
        coverage: section.coverage(),
        update_period: Span::from_secs_f64(config.scan_period_s),
        tracks: section.tracks(),
        classes: section.classes.meanings(),
        keep_simulated: config.asterix.keep_simulated,
        keep_test_targets: config.asterix.keep_test_targets,
        ..plain
    };
    if let Some(sigma) = sigma(config) {
        told.range_sigma_m = sigma.range_m;
        told.azimuth_sigma_rad = sigma.azimuth_deg.to_radians();
        told.elevation_sigma_rad = sigma.elevation_deg.to_radians();
        told.doppler_sigma_m_s = sigma.range_rate_m_s;
        told.height_sigma_m = sigma.height_m;
    }
    DroneRadar::decoder(told)
}

/// The decoder of a direction finder.
pub(super) fn direction_finder(config: &SensorConfig) -> DirectionFinderDecoder {
    let (section, plain) = (&config.direction_finder, DirectionFinderConfig::default());
    let sigma = sigma(config);
    DirectionFinder::decoder(DirectionFinderConfig {
        reception: reception(config),
        take: section.take(),
        bearing_sigma_rad: sigma.map_or(plain.bearing_sigma_rad, |sigma| sigma.azimuth_deg.to_radians()),
        elevation_sigma_rad: sigma.map_or(plain.elevation_sigma_rad, |sigma| sigma.elevation_deg.to_radians()),
        worst_quality_factor: section.worst_quality_factor,
        radius_sigmas: section.radius_sigmas,
        position_sigma_m: section.position_sigma_m,
        channel_confusion: section.channel_confusion,
        height_m: config.height_m,
        sites: section.sites(),
    })
}

/// The decoder of a system's tracks.
pub(super) fn system_tracks(config: &SensorConfig) -> SystemTracksDecoder {
    let section = &config.source_tracks;
    SystemTracks::decoder(SystemTracksConfig {
        reception: reception(config),
        horizontal_sigma_m: section.horizontal_sigma_m,
        height_sigma_m: config.sigma.height_m,
        velocity_sigma_m_s: section.velocity_sigma_m_s,
        keep_simulated: section.keep_simulated,
        ..SystemTracksConfig::default()
    })
}
