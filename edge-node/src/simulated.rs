//! From a scenario to the configuration of the node that listens to its simulated sensors, and what they could see.

use fusion_core::angle::Angle;
use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::maths::{atan2, hypot};
use sensor_drivers::sim::TruthSample;
use sensor_drivers::sim::scenario::{
    AisEncoder, CameraEncoder, DroneCamera, DroneRadar, DroneRadarEncoder, FinderEncoder, Radar, RadarEncoder,
    RemoteIdEncoder, Scenario, SensorSpec, Target,
};

use crate::config::klv::KlvConfig;
use crate::config::label::LevelName;
use crate::config::sensors::{AsterixConfig, DopplerConfig, SigmaConfig, SourceConfig};
use crate::config::sensors_drone_radar::{ClassesConfig, CoverageConfig, DroneRadarSection};
use crate::config::sensors_drones::MavlinkConfig;
use crate::config::{Config, ConfigError, LabelConfig, NodeConfig, SensorConfig, SensorKind, TrackerSettings};

pub mod frames;

/// The configuration of one node that listens to every sensor of a scenario. Endpoints are `none`.
///
/// # Errors
/// [`ConfigError`] if a sensor speaks what no driver of this program reads, or stands nowhere.
pub fn config(scenario: &Scenario) -> Result<Config, ConfigError> {
    let sensors = scenario.sensors.iter().map(|spec| sensor(scenario, spec)).collect::<Result<_, _>>()?;
    let origin = &scenario.origin;
    let node = NodeConfig {
        name: scenario.name.clone(),
        latitude_deg: origin.latitude_deg,
        longitude_deg: origin.longitude_deg,
        height_m: origin.height_m,
        ..NodeConfig::default()
    };
    let config = Config { node, sensors, tracker: tracker(scenario), ..Config::default() };
    config.check().map(|()| config)
}

/// Room for all targets, twice; heights as the scenario has them.
fn tracker(scenario: &Scenario) -> TrackerSettings {
    let usual = TrackerSettings::default();
    let drawn: usize = scenario.traffic.iter().map(|traffic| usize::from(traffic.count)).sum();
    TrackerSettings {
        height_m: scenario.usual_height_m.unwrap_or(usual.height_m),
        height_sigma_m: scenario.usual_height_sigma_m.unwrap_or(usual.height_sigma_m),
        tracks_max: usual.tracks_max.max(2 * (scenario.targets.len() + drawn)),
        ..usual
    }
}

fn sensor(scenario: &Scenario, spec: &SensorSpec) -> Result<SensorConfig, ConfigError> {
    let key = || format!("sensor ({})", spec.name());
    let placed = spec.position().map(|position| {
        let place = scenario.locate(position);
        place.ok_or_else(|| ConfigError::at(format!("{}.position", key()), "is no place on earth"))
    });
    let place = placed.transpose()?;
    let kind = kind(spec).map_err(|refusal| ConfigError::at(format!("{}.encoder", key()), refusal))?;
    let label = LabelConfig {
        level: LevelName::Unclassified,
        releasable_to: vec!["NATO".into()],
        caveats: vec![],
        originator: "SIM".into(),
    };
    let placed = SensorConfig {
        latitude_deg: place.map(|place| place.latitude_deg()),
        longitude_deg: place.map(|place| place.longitude_deg()),
        height_m: place.map_or(0.0, |place| place.height_m),
        range_max_m: spec.range_max_m(),
        label,
        ..SensorConfig::imported(spec.name().to_owned(), kind)
    };
    Ok(with_figures(placed, spec))
}

/// What each sensor speaks, as the drivers call it. A wire without a driver is refused here.
const fn kind(spec: &SensorSpec) -> Result<SensorKind, &'static str> {
    match spec {
        SensorSpec::Radar(Radar { encoder: RadarEncoder::AsterixCat048, .. }) => Ok(SensorKind::Asterix),
        SensorSpec::AdsbReceiver(_) => Ok(SensorKind::Beast),
        SensorSpec::Radar(Radar { encoder: RadarEncoder::Plots, .. }) => Ok(SensorKind::Plots),
        SensorSpec::DroneRadar(radar) => match radar.encoder {
            DroneRadarEncoder::Plots => Ok(SensorKind::Plots),
            DroneRadarEncoder::AsterixCat015 => Ok(SensorKind::AsterixDroneRadar),
            DroneRadarEncoder::Sapient => Ok(SensorKind::Sapient),
        },
        SensorSpec::DirectionFinder(finder) => match finder.encoder {
            FinderEncoder::Plots => Ok(SensorKind::Plots),
            FinderEncoder::AsterixCat205 => Ok(SensorKind::AsterixDf),
            FinderEncoder::Sapient => Ok(SensorKind::Sapient),
        },
        SensorSpec::DroneCamera(camera) => match camera.encoder {
            CameraEncoder::Mavlink => Ok(SensorKind::Mavlink),
            CameraEncoder::Klv => Ok(SensorKind::Klv),
        },
        SensorSpec::AisReceiver(receiver) => match receiver.encoder {
            AisEncoder::Plots => Ok(SensorKind::Plots),
            AisEncoder::Nmea => Ok(SensorKind::Ais),
        },
        SensorSpec::RemoteIdReceiver(receiver) => match receiver.encoder {
            RemoteIdEncoder::Plots => Ok(SensorKind::Plots),
            RemoteIdEncoder::RemoteId => Ok(SensorKind::RemoteId),
            RemoteIdEncoder::Mavlink => Ok(SensorKind::Mavlink),
        },
    }
}

fn with_figures(placed: SensorConfig, spec: &SensorSpec) -> SensorConfig {
    match spec {
        SensorSpec::Radar(radar) => SensorConfig {
            detection_probability: probability(radar.detection_probability),
            clutter_per_scan: radar.clutter_per_scan.max(0.01),
            scan_period_s: radar.period_s,
            elevation_min_deg: radar.elevation_min_deg.min(placed.elevation_min_deg),
            sigma: SigmaConfig {
                range_m: radar.range_sigma_m,
                azimuth_deg: radar.azimuth_sigma_deg,
                ..SigmaConfig::default()
            },
            asterix: AsterixConfig { source: source(radar), ..AsterixConfig::default() },
            ..placed
        },
        SensorSpec::AdsbReceiver(receiver) => reporting(placed, receiver.message_loss),
        SensorSpec::AisReceiver(receiver) => {
            SensorConfig { scan_period_s: 10.0, ..reporting(placed, receiver.message_loss) }
        }
        SensorSpec::RemoteIdReceiver(receiver) => reporting(placed, receiver.message_loss),
        SensorSpec::DroneRadar(radar) => drone_radar(placed, radar),
        SensorSpec::DirectionFinder(finder) => SensorConfig {
            detection_probability: probability(finder.detection_probability),
            clutter_per_scan: finder.outlier_share.clamp(0.01, 0.99),
            scan_period_s: finder.period_s,
            // Where the report tells no error: CAT205.
            sigma: SigmaConfig { azimuth_deg: finder.azimuth_sigma_deg, ..SigmaConfig::default() },
            ..placed
        },
        SensorSpec::DroneCamera(camera) => drone_camera(placed, camera),
    }
}

fn drone_radar(placed: SensorConfig, radar: &DroneRadar) -> SensorConfig {
    let staring = DroneRadarSection {
        coverage: CoverageConfig::Sector,
        sector_from_deg: radar.field_of_view.map_or(0.0, |sector| sector.from_deg.rem_euclid(360.0)),
        sector_width_deg: radar.field_of_view.map_or(360.0, |sector| sector.width_deg.max(1.0)),
        classes: ClassesConfig { air: vec![1], rotary: vec![2], uav: vec![3], surface: vec![4], ground: vec![5] },
        ..DroneRadarSection::default()
    };
    SensorConfig {
        detection_probability: probability(radar.detection_probability),
        clutter_per_scan: radar.clutter_per_scan.max(0.01),
        scan_period_s: radar.period_s,
        elevation_min_deg: radar.elevation_min_deg.min(placed.elevation_min_deg),
        asterix: AsterixConfig { doppler: DopplerConfig::Opening, ..AsterixConfig::default() },
        drone_radar: staring,
        ..placed
    }
}

fn drone_camera(placed: SensorConfig, camera: &DroneCamera) -> SensorConfig {
    SensorConfig {
        detection_probability: probability(camera.detection_probability),
        clutter_per_scan: 0.01,
        scan_period_s: camera.period_s,
        // It looks down.
        elevation_min_deg: -90.0,
        mavlink: MavlinkConfig {
            heading_sigma_deg: camera.heading_sigma_deg,
            tilt_sigma_deg: camera.tilt_sigma_deg,
            gimbal_sigma_deg: camera.gimbal_sigma_deg,
            ..MavlinkConfig::default()
        },
        klv: KlvConfig {
            heading_sigma_deg: camera.heading_sigma_deg,
            tilt_sigma_deg: camera.tilt_sigma_deg,
            pointing_sigma_deg: camera.gimbal_sigma_deg,
            platform_sigma_m: camera.position_sigma_m,
            ..KlvConfig::default()
        },
        ..placed
    }
}

/// Only a radar that speaks ASTERIX tells who it is.
fn source(radar: &Radar) -> Option<SourceConfig> {
    (radar.encoder == RadarEncoder::AsterixCat048).then_some(SourceConfig { sac: radar.sac, sic: radar.sic })
}

fn reporting(placed: SensorConfig, message_loss: f64) -> SensorConfig {
    SensorConfig { detection_probability: 1.0 - message_loss.clamp(0.01, 0.99), clutter_per_scan: 1e-3, ..placed }
}

/// Within what a tracker takes for one.
const fn probability(written: f64) -> f64 {
    written.clamp(0.01, 0.999)
}

/// What the sensors of a scenario together could see: only that can be missed.
#[derive(Clone, Debug)]
pub struct Coverage {
    sites: Vec<(TangentPlane, SensorSpec)>,
    targets: Vec<Target>,
}

impl Coverage {
    /// Of a scenario whose targets have all been drawn, as [`sensor_drivers::sim::Simulation::scenario`] gives it.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Self {
        // A camera goes where its carrier goes: what it alone sees is not asked for.
        let sites = scenario.sensors.iter().filter_map(|spec| {
            let place = scenario.locate(spec.position()?)?;
            Some((TangentPlane::at(place), spec.clone()))
        });
        Self { sites: sites.collect(), targets: scenario.targets.clone() }
    }

    /// Whether a target is within reach of a sensor that can see or hear such a one. One direction finder alone tells
    /// no place: it takes two.
    #[must_use]
    pub fn includes(&self, sample: &TruthSample) -> bool {
        let Some(target) = self.targets.get(usize::from(sample.id.target)) else { return false };
        let mut bearings = 0;
        for (plane, spec) in &self.sites {
            if !in_reach(plane, spec, sample.position) || !can_see(spec, target) {
                continue;
            }
            if !matches!(spec, SensorSpec::DirectionFinder(_)) {
                return true;
            }
            bearings += 1;
        }
        bearings >= 2
    }
}

/// Within its range, and not below where it looks.
fn in_reach(plane: &TangentPlane, spec: &SensorSpec, position: Geodetic) -> bool {
    let way = plane.geodetic_to_enu(position);
    let way = way.vector();
    let elevation = atan2(way.z, hypot(way.x, way.y)).to_degrees();
    let azimuth = Angle::from_radians(atan2(way.x, way.y));
    let (low, high, sector) = match spec {
        SensorSpec::Radar(radar) => (radar.elevation_min_deg, radar.elevation_max_deg, radar.field_of_view),
        SensorSpec::DroneRadar(radar) => (radar.elevation_min_deg, radar.elevation_max_deg, radar.field_of_view),
        SensorSpec::DirectionFinder(finder) => (-3.0, 90.0, finder.field_of_view),
        SensorSpec::AdsbReceiver(_) => (0.0, 90.0, None),
        SensorSpec::AisReceiver(_) | SensorSpec::RemoteIdReceiver(_) | SensorSpec::DroneCamera(_) => {
            (-90.0, 90.0, None)
        }
    };
    let looked_at = (low..=high).contains(&elevation) && sector.is_none_or(|sector| sector.holds(azimuth));
    looked_at && way.norm() <= spec.range_max_m()
}

fn can_see(spec: &SensorSpec, target: &Target) -> bool {
    match spec {
        SensorSpec::Radar(radar) => radar.sees.contains(&target.class),
        SensorSpec::DroneRadar(radar) => radar.sees.contains(&target.class),
        SensorSpec::AdsbReceiver(_) => target.adsb.is_some(),
        SensorSpec::AisReceiver(_) => target.ais.is_some(),
        SensorSpec::RemoteIdReceiver(_) => target.remote_id.is_some(),
        SensorSpec::DroneCamera(camera) => camera.watches.contains(&target.class),
        SensorSpec::DirectionFinder(finder) => target.emitter.is_some_and(|emitter| {
            finder.band_mhz.is_none_or(|[low, high]| (low..=high).contains(&emitter.frequency_mhz))
        }),
    }
}
