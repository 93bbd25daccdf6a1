//! From a sensor's configuration to its decoder.

use fusion_core::time::Span;
use sensor_drivers::ais::{AisConfig, AisDecoder};
use sensor_drivers::asterix::adsb::{AdsbConfig, AdsbDecoder, Edition};
use sensor_drivers::asterix::common::DataSource;
use sensor_drivers::asterix::ground_station::GroundStationConfig;
use sensor_drivers::asterix::radar::{Doppler, PolarSigmas, RadarConfig, RadarDecoder};
use sensor_drivers::asterix::reception::{Clock, Framing, ReceptionConfig};
use sensor_drivers::asterix::surface::{self, SurfaceDecoder};
use sensor_drivers::decoder::Decoder;
use sensor_drivers::fnv::fnv1a;
use sensor_drivers::geoid;
use sensor_drivers::klv::sight::SightSigmas;
use sensor_drivers::klv::{KlvConfig, KlvDecoder};
use sensor_drivers::kraken::{Heading, KrakenConfig, KrakenDecoder};
use sensor_drivers::mode_s::{Form, ModeSConfig, ModeSDecoder};
use sensor_drivers::plots::{PlotsConfig, PlotsDecoder};
use sensor_drivers::sapient::SapientDecoder;
use sensor_drivers::sbs::{SbsConfig, SbsDecoder};

use crate::config::intake::ClockConfig;
use crate::config::kraken::HeadingConfig;
use crate::config::sensors::DopplerConfig;
use crate::config::sensors_asterix::EditionConfig;
use crate::config::sensors_sapient::driver_config;
use crate::config::{Endpoint, SensorConfig, SensorKind};

mod asterix_stations;
mod cot;
mod drones;

/// The decoder of a sensor whose configuration has been checked.
#[must_use]
pub fn decoder(config: &SensorConfig) -> Box<dyn Decoder> {
    match config.kind {
        SensorKind::Asterix => Box::new(radar(config)),
        SensorKind::AsterixSurface => Box::new(surface(config)),
        SensorKind::AsterixAdsb => Box::new(adsb_station(config)),
        SensorKind::Beast => Box::new(mode_s(config, Form::Beast)),
        SensorKind::Avr => Box::new(mode_s(config, Form::Avr)),
        SensorKind::Plots => Box::new(plots(config)),
        SensorKind::Ais => Box::new(AisDecoder::new(ais(config))),
        SensorKind::Sbs => Box::new(SbsDecoder::new(sbs(config))),
        SensorKind::Kraken => Box::new(KrakenDecoder::new(kraken(config))),
        SensorKind::Sapient => Box::new(SapientDecoder::new(driver_config(config))),
        SensorKind::AsterixDroneRadar => Box::new(asterix_stations::drone_radar(config)),
        SensorKind::AsterixDf => Box::new(asterix_stations::direction_finder(config)),
        SensorKind::AsterixTracks => Box::new(asterix_stations::system_tracks(config)),
        SensorKind::Klv => Box::new(KlvDecoder::new(klv(config))),
        SensorKind::Mavlink => Box::new(drones::mavlink(config)),
        SensorKind::RemoteId => Box::new(drones::remote_id(config)),
        SensorKind::Cot => Box::new(cot::cot(config)),
    }
}

/// Echoes alone are coarser than replies by the ratio of the usual figures, 120 m to 70 m.
const PRIMARY_FACTOR: f64 = 12.0 / 7.0;

fn radar(config: &SensorConfig) -> RadarDecoder {
    let (sigma, asterix) = (config.sigma, config.asterix);
    let secondary = PolarSigmas { range_m: sigma.range_m, azimuth_rad: sigma.azimuth_deg.to_radians() };
    let primary = PolarSigmas {
        range_m: secondary.range_m * PRIMARY_FACTOR,
        azimuth_rad: secondary.azimuth_rad * PRIMARY_FACTOR,
    };
    RadarDecoder::new(RadarConfig {
        reception: reception(config),
        secondary,
        primary,
        flight_level_sigma_m: sigma.height_m,
        geoid_m: config.position("").ok().flatten().map_or(0.0, |place| geoid::undulation_m(&place)),
        doppler: match asterix.doppler {
            DopplerConfig::Ignored => Doppler::Ignored,
            DopplerConfig::Opening => Doppler::Opening,
            DopplerConfig::Closing => Doppler::Closing,
        },
        doppler_sigma_m_s: sigma.range_rate_m_s,
        keep_simulated: asterix.keep_simulated,
        keep_test_targets: asterix.keep_test_targets,
        keep_field_monitors: asterix.keep_field_monitors,
        ..RadarConfig::default()
    })
}

/// How an ASTERIX station is received. The node judges the clock, of this sensor as of all others.
fn reception(config: &SensorConfig) -> ReceptionConfig {
    let stream = config.endpoint.parse::<Endpoint>().is_ok_and(|endpoint| endpoint.is_stream());
    ReceptionConfig {
        framing: if stream { Framing::Stream } else { Framing::Datagrams },
        source: config.asterix.source.map(|s| DataSource { sac: s.sac, sic: s.sic }),
        clock: match config.clock {
            ClockConfig::ReceiveTime => Clock::Receipt,
            ClockConfig::Trust | ClockConfig::Correct => Clock::Told,
        },
        latency: Span::from_secs_f64(config.latency_s),
        ..ReceptionConfig::default()
    }
}

/// Whether what comes at once is whole.
fn is_whole(config: &SensorConfig) -> bool {
    config.endpoint.parse::<Endpoint>().is_ok_and(|endpoint| endpoint.is_whole())
}

/// What all ASTERIX stations have that report targets one by one.
fn ground_station(config: &SensorConfig) -> GroundStationConfig {
    GroundStationConfig {
        reception: reception(config),
        position: config.position("").ok().flatten(),
        range_max_m: config.range_max_m,
        keep_simulated: config.asterix.keep_simulated,
        keep_test_targets: config.asterix.keep_test_targets,
        keep_field_monitors: config.asterix.keep_field_monitors,
    }
}

fn surface(config: &SensorConfig) -> SurfaceDecoder {
    SurfaceDecoder::new(surface::SurfaceConfig {
        station: ground_station(config),
        echo_sigma_m: config.surface.echo_sigma_m,
        multilateration_sigma_m: config.surface.multilateration_sigma_m,
        flight_level_sigma_m: config.sigma.height_m,
        keep_self_reports: config.surface.keep_self_reports,
        ..surface::SurfaceConfig::default()
    })
}

fn adsb_station(config: &SensorConfig) -> AdsbDecoder {
    AdsbDecoder::new(AdsbConfig {
        station: ground_station(config),
        edition: match config.adsb_station.edition {
            EditionConfig::V0_23 => Edition::V0_23,
            EditionConfig::V0_26 => Edition::V0_26,
            EditionConfig::V2 => Edition::V2,
        },
        flight_level_sigma_m: config.sigma.height_m,
        ..AdsbConfig::default()
    })
}

fn mode_s(config: &SensorConfig, form: Form) -> ModeSDecoder {
    ModeSDecoder::new(ModeSConfig {
        form,
        receiver: config.position("").ok().flatten(),
        range_max_m: config.range_max_m,
        latency: Span::from_secs_f64(config.latency_s),
        ..ModeSConfig::default()
    })
}

/// The sigmas of the configuration stand in where a plot tells none.
fn plots(config: &SensorConfig) -> PlotsDecoder {
    let sigma = config.sigma;
    let config = PlotsConfig {
        range_sigma_m: Some(sigma.range_m),
        azimuth_sigma_deg: Some(sigma.azimuth_deg),
        elevation_sigma_deg: Some(sigma.elevation_deg),
        range_rate_sigma_m_s: Some(sigma.range_rate_m_s),
        horizontal_sigma_m: None,
        height_sigma_m: Some(sigma.height_m),
        velocity_sigma_m_s: None,
        datagrams: is_whole(config),
    };
    PlotsDecoder::new(config).expect("the configuration was checked: its sigmas are positive")
}

fn ais(config: &SensorConfig) -> AisConfig {
    AisConfig {
        sigma_m: config.ais.position_sigma_m,
        latency: Span::from_secs_f64(config.latency_s),
        keep_own: config.ais.keep_own,
        datagrams: is_whole(config),
    }
}

fn sbs(config: &SensorConfig) -> SbsConfig {
    SbsConfig { sigma_m: config.sbs.position_sigma_m, latency: Span::from_secs_f64(config.latency_s) }
}

fn kraken(config: &SensorConfig) -> KrakenConfig {
    let kraken = config.kraken;
    KrakenConfig {
        azimuth_sigma: config.sigma.azimuth_deg.to_radians(),
        heading: match kraken.heading_from {
            HeadingConfig::Fixed => Heading::Fixed(kraken.heading_deg),
            HeadingConfig::Gps => Heading::Gps,
            HeadingConfig::Compass => Heading::Compass(kraken.declination_deg),
        },
        confidence_min: kraken.confidence_min,
        mobile: kraken.mobile,
    }
}

fn klv(config: &SensorConfig) -> KlvConfig {
    let klv = config.klv;
    KlvConfig {
        sight: SightSigmas {
            heading: klv.heading_sigma_deg.to_radians(),
            tilt: klv.tilt_sigma_deg.to_radians(),
            pointing: klv.pointing_sigma_deg.to_radians(),
            pixels: klv.target_sigma_pixels,
        },
        point_sigma_m: klv.position_sigma_m,
        height_sigma_m: klv.height_sigma_m,
        platform_sigma_m: (klv.platform_sigma_m, 2.0 * klv.platform_sigma_m),
        geoid_m: klv.geoid_m,
        camera: fnv1a(config.name.as_bytes()),
        confidence_min: u64::from(klv.confidence_min),
        take_target_location: klv.take_target_location,
        take_frame_centre: klv.take_frame_centre,
        report_platform: klv.report_platform,
        latency: Span::from_secs_f64(config.latency_s),
        datagrams: is_whole(config),
    }
}
