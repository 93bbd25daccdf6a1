//! Sensors as an operator declares them: what they speak, where they are, how good they are, who may know.

use fusion_core::geodesy::Geodetic;
use fusion_core::sensor::{FieldOfView, SensorModel};
use fusion_core::time::Span;
use serde::{Deserialize, Serialize};

use super::Endpoint;
use super::ais::{AisConfig, SbsConfig};
use super::cot::CotConfig;
use super::intake::{ClockConfig, IntakeConfig, default_clock_error};
use super::klv::KlvConfig;
use super::kraken::KrakenConfig;
use super::label::LevelName;
use super::registration::RegistrationMode;
use super::sensors_asterix::{AdsbStationConfig, SurfaceConfig};
use super::sensors_direction_finder::DirectionFinderSection;
use super::sensors_drone_radar::DroneRadarSection;
use super::sensors_drones::{MavlinkConfig, RemoteIdConfig};
use super::sensors_sapient::SapientConfig;
use super::sensors_source_tracks::SourceTracksSection;
use super::sight::{BiasConfig, DetectionPointConfig, NoiseScaleConfig, ResolutionConfig, profile};
use super::{ConfigError, LabelConfig, is_name};

/// One sensor.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SensorConfig {
    /// Name, unique on this node: 1 to 32 of `a–z 0–9 -`.
    pub name: String,
    /// What it speaks.
    pub kind: SensorKind,
    /// Where its bytes come from; `none` for replay only.
    #[serde(default = "no_endpoint")]
    pub endpoint: String,
    /// The second network, where it sends the same datagrams over two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_b: Option<String>,
    /// Latitude, degrees. Needed by sensors that measure from where they stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latitude_deg: Option<f64>,
    /// Longitude, degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longitude_deg: Option<f64>,
    /// Height of the antenna above the WGS-84 ellipsoid, metres.
    #[serde(default)]
    pub height_m: f64,
    /// One sigma of that place along each axis, metres.
    #[serde(default)]
    pub position_sigma_m: f64,
    /// One sigma of its north, degrees: all its azimuths are off by as much.
    #[serde(default)]
    pub north_sigma_deg: f64,
    /// P_D in one look, 0 to 1 exclusive.
    #[serde(default = "default_detection")]
    pub detection_probability: f64,
    /// P_D over slant range, at most 8 points in any order; between them it goes straight. Without points
    /// `detection-probability` holds at every range.
    #[serde(default)]
    pub detection_by_range: Vec<DetectionPointConfig>,
    /// Expected false measurements in one look at the whole field of view.
    #[serde(default = "default_clutter")]
    pub clutter_per_scan: f64,
    /// Whether the density of false measurements is learnt by region, beginning with `clutter-per-scan`.
    #[serde(default = "default_learning")]
    pub learn_clutter: bool,
    /// Time between two looks at one target, seconds.
    #[serde(default = "default_period")]
    pub scan_period_s: f64,
    /// Smallest range, metres.
    #[serde(default)]
    pub range_min_m: f64,
    /// Largest range, metres.
    #[serde(default = "default_range")]
    pub range_max_m: f64,
    /// Lowest elevation that it sees, degrees above its own horizontal.
    #[serde(default = "default_elevation_min")]
    pub elevation_min_deg: f64,
    /// Highest elevation that it sees, degrees.
    #[serde(default = "default_elevation_max")]
    pub elevation_max_deg: f64,
    /// How near to each other two targets may be to be told apart; without it any two are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<ResolutionConfig>,
    /// How far the variances that it claims may be corrected when its innovations contradict them.
    #[serde(default)]
    pub noise_scale: NoiseScaleConfig,
    /// The least delay that it is known to have, seconds: subtracted from the time of receipt where that stands for its
    /// own time, and no error of its clock.
    #[serde(default)]
    pub latency_s: f64,
    /// One sigma of the position error that all its reports of a target share, metres: it does not average out. By
    /// default 10 m for `beast`, `avr` and `asterix-adsb` (satellite navigation errors last for minutes), 0 for the
    /// others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_error_m: Option<f64>,
    /// One sigma of the error of time that all its reports share, seconds; along the track it is an error of position.
    /// By default 0.2 s for `beast`, `avr` and `asterix-adsb`, 0 for the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_time_error_s: Option<f64>,
    /// Errors of a polar sensor that stay the same from look to look.
    #[serde(default)]
    pub bias: BiasConfig,
    /// Whether its errors of range, azimuth and time are estimated, and what is done with them.
    #[serde(default)]
    pub registration: RegistrationMode,
    /// What is done with the times that it tells.
    #[serde(default)]
    pub clock: ClockConfig,
    /// A delay beyond this is an error of its clock, seconds.
    #[serde(default = "default_clock_error")]
    pub clock_error_max_s: f64,
    /// How much of it is taken in, and how often it is asked.
    #[serde(default)]
    pub intake: IntakeConfig,
    /// Standard deviations of a polar sensor whose format carries none.
    #[serde(default)]
    pub sigma: SigmaConfig,
    /// What only an ASTERIX radar has.
    #[serde(default)]
    pub asterix: AsterixConfig,
    /// What only an AIS receiver has.
    #[serde(default)]
    pub ais: AisConfig,
    /// What only SBS-1 lines need.
    #[serde(default)]
    pub sbs: SbsConfig,
    /// What only a link to drones has.
    #[serde(default)]
    pub mavlink: MavlinkConfig,
    /// What only a receiver of Remote ID has.
    #[serde(default)]
    pub remote_id: RemoteIdConfig,
    /// What only a KrakenSDR has.
    #[serde(default)]
    pub kraken: KrakenConfig,
    /// What only a surface movement radar or a multilateration system has.
    #[serde(default)]
    pub surface: SurfaceConfig,
    /// What only an ADS-B ground station has.
    #[serde(default)]
    pub adsb_station: AdsbStationConfig,
    /// What only a SAPIENT connection has.
    #[serde(default)]
    pub sapient: SapientConfig,
    /// What only a drone radar with ASTERIX CAT015 has.
    #[serde(default)]
    pub drone_radar: DroneRadarSection,
    /// What only a direction finder with ASTERIX CAT205 has.
    #[serde(default)]
    pub direction_finder: DirectionFinderSection,
    /// How estimates made elsewhere are taken.
    #[serde(default)]
    pub source_tracks: SourceTracksSection,
    /// What only KLV of a drone's camera has.
    #[serde(default)]
    pub klv: KlvConfig,
    /// What only a feed of Cursor on Target has.
    #[serde(default)]
    pub cot: CotConfig,
    /// Who may receive what it says.
    pub label: LabelConfig,
}

/// What only an ASTERIX radar has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct AsterixConfig {
    /// System area code and system identification code; without them the first source heard is the radar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceConfig>,
    /// Whether simulated targets (SIM) are taken for real ones.
    pub keep_simulated: bool,
    /// Whether test targets (TST) are taken for real ones.
    pub keep_test_targets: bool,
    /// Whether fixed transponders (RAB) are taken for targets.
    pub keep_field_monitors: bool,
    /// What a positive Doppler speed means; the standard does not say.
    pub doppler: DopplerConfig,
}

/// Who a radar says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SourceConfig {
    /// System area code, 0 to 255.
    pub sac: u8,
    /// System identification code, 0 to 255.
    pub sic: u8,
}

/// What a positive Doppler speed means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DopplerConfig {
    /// Not known: Doppler is not used.
    #[default]
    Ignored,
    /// The target goes away.
    Opening,
    /// The target comes closer.
    Closing,
}

/// Standard deviations, for formats that carry none.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SigmaConfig {
    /// Of the slant range, metres. A plot by echo alone (no transponder) counts as 12/7 times coarser in range and
    /// azimuth.
    pub range_m: f64,
    /// Of the azimuth, degrees.
    pub azimuth_deg: f64,
    /// Of the elevation, degrees.
    pub elevation_deg: f64,
    /// Of the range rate, metres per second.
    pub range_rate_m_s: f64,
    /// Of a height told by the target (flight level taken as height above the ellipsoid), metres.
    pub height_m: f64,
}

impl Default for SigmaConfig {
    /// A secondary surveillance radar: 70 m and 0.08° (EUROCONTROL SUR.ET1.ST01), pressure altitude within 150 m.
    fn default() -> Self {
        Self { range_m: 70.0, azimuth_deg: 0.08, elevation_deg: 1.0, range_rate_m_s: 2.0, height_m: 150.0 }
    }
}

/// What a sensor speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SensorKind {
    /// ASTERIX CAT048 and CAT034 of one radar.
    Asterix,
    /// ASTERIX CAT010, or CAT020 and CAT019, of one surface movement radar or multilateration system.
    AsterixSurface,
    /// ASTERIX CAT021 of one ADS-B ground station.
    AsterixAdsb,
    /// Mode S / ADS-B in Beast form.
    Beast,
    /// Mode S / ADS-B as AVR lines.
    Avr,
    /// Generic plots as NDJSON (docs/FORMATS.md).
    Plots,
    /// AIS sentences, AIVDM and AIVDO.
    Ais,
    /// SBS-1 lines: positions that somebody else decoded.
    Sbs,
    /// KrakenSDR: lines of bearing.
    Kraken,
    /// MAVLink: drones, their cameras, and what they relay.
    Mavlink,
    /// Remote ID as a receiver delivers it.
    RemoteId,
    /// SAPIENT, BSI Flex 335 v2.0.
    Sapient,
    /// ASTERIX CAT015 of a drone radar.
    AsterixDroneRadar,
    /// ASTERIX CAT205 of a direction finder.
    AsterixDf,
    /// ASTERIX CAT062, CAT063 and CAT065 of a surveillance data processing system.
    AsterixTracks,
    /// MISB ST 0601 and ST 0903: the targets of a drone's video.
    Klv,
    /// Cursor on Target: own forces and others, as they tell themselves.
    Cot,
}

impl SensorKind {
    /// Whether it is ASTERIX of some categories: a file of blocks does not tell whose they are.
    #[must_use]
    pub const fn is_asterix(self) -> bool {
        matches!(
            self,
            Self::Asterix
                | Self::AsterixSurface
                | Self::AsterixAdsb
                | Self::AsterixDroneRadar
                | Self::AsterixDf
                | Self::AsterixTracks
        )
    }

    /// Whether the two are read by one decoder, in one form or another.
    #[must_use]
    pub const fn same_decoder(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Asterix, Self::Asterix)
                | (Self::AsterixSurface, Self::AsterixSurface)
                | (Self::AsterixAdsb, Self::AsterixAdsb)
                | (Self::Beast | Self::Avr, Self::Beast | Self::Avr)
                | (Self::Plots, Self::Plots)
                | (Self::Ais, Self::Ais)
                | (Self::Sbs, Self::Sbs)
                | (Self::Kraken, Self::Kraken)
                | (Self::Mavlink, Self::Mavlink)
                | (Self::RemoteId, Self::RemoteId)
                | (Self::Sapient, Self::Sapient)
                | (Self::AsterixDroneRadar, Self::AsterixDroneRadar)
                | (Self::AsterixDf, Self::AsterixDf)
                | (Self::AsterixTracks, Self::AsterixTracks)
                | (Self::Klv, Self::Klv)
                | (Self::Cot, Self::Cot)
        )
    }

    /// The word in the configuration and in recordings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asterix => "asterix",
            Self::AsterixSurface => "asterix-surface",
            Self::AsterixAdsb => "asterix-adsb",
            Self::Beast => "beast",
            Self::Avr => "avr",
            Self::Plots => "plots",
            Self::Ais => "ais",
            Self::Sbs => "sbs",
            Self::Kraken => "kraken",
            Self::Mavlink => "mavlink",
            Self::RemoteId => "remote-id",
            Self::Sapient => "sapient",
            Self::AsterixDroneRadar => "asterix-drone-radar",
            Self::AsterixDf => "asterix-df",
            Self::AsterixTracks => "asterix-tracks",
            Self::Klv => "klv",
            Self::Cot => "cot",
        }
    }
}

impl SensorConfig {
    /// A sensor of which no more is known than what it speaks. Its label says that nobody released it.
    #[must_use]
    pub fn imported(name: String, kind: SensorKind) -> Self {
        let label = LabelConfig {
            level: LevelName::Unclassified,
            releasable_to: vec![],
            caveats: vec![],
            originator: "IMPORT".into(),
        };
        Self {
            name,
            kind,
            endpoint: no_endpoint(),
            endpoint_b: None,
            latitude_deg: None,
            longitude_deg: None,
            height_m: 0.0,
            position_sigma_m: 0.0,
            north_sigma_deg: 0.0,
            detection_probability: default_detection(),
            detection_by_range: vec![],
            clutter_per_scan: default_clutter(),
            learn_clutter: default_learning(),
            scan_period_s: default_period(),
            range_min_m: 0.0,
            range_max_m: default_range(),
            elevation_min_deg: default_elevation_min(),
            elevation_max_deg: default_elevation_max(),
            resolution: None,
            noise_scale: NoiseScaleConfig::default(),
            latency_s: 0.0,
            shared_error_m: None,
            shared_time_error_s: None,
            bias: BiasConfig::default(),
            registration: RegistrationMode::default(),
            clock: ClockConfig::default(),
            clock_error_max_s: default_clock_error(),
            intake: IntakeConfig::default(),
            sigma: SigmaConfig::default(),
            asterix: AsterixConfig::default(),
            ais: AisConfig::default(),
            sbs: SbsConfig::default(),
            kraken: KrakenConfig::default(),
            mavlink: MavlinkConfig::default(),
            remote_id: RemoteIdConfig::default(),
            surface: SurfaceConfig::default(),
            adsb_station: AdsbStationConfig::default(),
            sapient: SapientConfig::default(),
            drone_radar: DroneRadarSection::default(),
            direction_finder: DirectionFinderSection::default(),
            source_tracks: SourceTracksSection::default(),
            klv: KlvConfig::default(),
            cot: CotConfig::default(),
            label,
        }
    }

    /// Where the sensor stands, if it was told.
    ///
    /// # Errors
    /// [`ConfigError`] if only one of latitude and longitude was told, or they are no place on earth.
    pub fn position(&self, key: &str) -> Result<Option<Geodetic>, ConfigError> {
        match (self.latitude_deg, self.longitude_deg) {
            (None, None) => Ok(None),
            (Some(lat), Some(lon)) => Geodetic::from_degrees(lat, lon, self.height_m).map(Some).ok_or_else(|| {
                let message = "latitude-deg, longitude-deg and height-m are no place on earth";
                ConfigError::at(format!("{key}.latitude-deg"), message)
            }),
            _ => Err(ConfigError::at(format!("{key}.latitude-deg"), "needs latitude-deg and longitude-deg together")),
        }
    }

    /// What its reports of a target share: one sigma of position in metres, and of time in seconds.
    #[must_use]
    pub fn shared_error(&self) -> (f64, f64) {
        let (place, time) = match self.kind {
            SensorKind::Beast | SensorKind::Avr | SensorKind::Sbs | SensorKind::AsterixAdsb => (10.0, 0.2),
            SensorKind::Ais => (5.0, 0.3),
            SensorKind::RemoteId => (5.0, 0.2),
            SensorKind::Asterix
            | SensorKind::AsterixSurface
            | SensorKind::AsterixDroneRadar
            | SensorKind::AsterixDf
            | SensorKind::AsterixTracks
            | SensorKind::Plots
            | SensorKind::Kraken
            | SensorKind::Mavlink
            | SensorKind::Sapient
            | SensorKind::Klv
            | SensorKind::Cot => (0.0, 0.0),
        };
        (self.shared_error_m.unwrap_or(place), self.shared_time_error_s.unwrap_or(time))
    }

    /// The endpoint.
    ///
    /// # Errors
    /// [`ConfigError`] if it is none.
    pub fn parsed_endpoint(&self, key: &str) -> Result<Endpoint, ConfigError> {
        self.endpoint.parse().map_err(|e: String| ConfigError::at(format!("{key}.endpoint"), e))
    }

    /// The sensor's model for the tracker.
    ///
    /// # Errors
    /// [`ConfigError`] for a label or a detection profile that is none.
    pub fn model(&self, key: &str) -> Result<SensorModel, ConfigError> {
        Ok(SensorModel {
            detection: self.detection_probability,
            detection_by_range: profile(&self.detection_by_range, key)?,
            clutter_per_scan: self.clutter_per_scan,
            learn_clutter: self.learn_clutter,
            field_of_view: FieldOfView {
                range_min_m: self.range_min_m,
                range_max_m: self.range_max_m,
                elevation_min_rad: self.elevation_min_deg.to_radians(),
                elevation_max_rad: self.elevation_max_deg.to_radians(),
                ..FieldOfView::WIDE
            },
            resolution: self.resolution.map(ResolutionConfig::resolution),
            noise_limits: self.noise_scale.limits(),
            bias: self.bias.bias(self.shared_error()),
            period: Span::from_secs_f64(self.scan_period_s),
            label: self.label.label(&format!("{key}.label"))?,
        })
    }

    /// Checks ranges and needed combinations.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn check(&self, key: &str) -> Result<(), ConfigError> {
        if !is_name(&self.name) {
            return Err(ConfigError::at(format!("{key}.name"), "must be 1 to 32 of a–z, 0–9 and '-'"));
        }
        self.parsed_endpoint(key)?;
        if self.position(key)?.is_none() && self.kind == SensorKind::Asterix {
            return Err(ConfigError::at(format!("{key}.latitude-deg"), "a radar needs latitude-deg and longitude-deg"));
        }
        if self.position(key)?.is_none() && self.kind == SensorKind::AsterixDroneRadar {
            return Err(ConfigError::at(format!("{key}.latitude-deg"), "a radar needs latitude-deg and longitude-deg"));
        }
        self.drone_radar.check(key)?;
        self.direction_finder.check(key)?;
        self.source_tracks.check(key)?;
        self.check_ranges(key)?;
        self.check_intake(key)?;
        self.sapient.check(key)?;
        self.check_sight(key)?;
        self.ais.check(key)?;
        self.sbs.check(key)?;
        self.kraken.check(key)?;
        self.klv.check(key)?;
        self.cot.check(key)?;
        self.mavlink.check(key)?;
        self.model(key).map(|_| ())
    }

    fn check_ranges(&self, key: &str) -> Result<(), ConfigError> {
        let ranges = [
            ("detection-probability", self.detection_probability, f64::MIN_POSITIVE, 0.999_999),
            ("clutter-per-scan", self.clutter_per_scan, 1e-9, 1e6),
            ("scan-period-s", self.scan_period_s, 0.01, 3600.0),
            ("range-max-m", self.range_max_m, 1.0, 1e7),
            ("range-min-m", self.range_min_m, 0.0, 1e7),
            ("elevation-min-deg", self.elevation_min_deg, -90.0, 90.0),
            ("elevation-max-deg", self.elevation_max_deg, -90.0, 90.0),
            ("latency-s", self.latency_s, 0.0, 600.0),
            ("position-sigma-m", self.position_sigma_m, 0.0, 1e5),
            ("north-sigma-deg", self.north_sigma_deg, 0.0, 90.0),
            ("bias.range-m", self.bias.range_m, 0.0, 1e5),
            ("bias.azimuth-deg", self.bias.azimuth_deg, 0.0, 90.0),
            ("bias.elevation-deg", self.bias.elevation_deg, 0.0, 90.0),
            ("shared-error-m", self.shared_error().0, 0.0, 1e5),
            ("shared-time-error-s", self.shared_error().1, 0.0, 600.0),
            ("sigma.range-m", self.sigma.range_m, 1e-3, 1e5),
            ("sigma.azimuth-deg", self.sigma.azimuth_deg, 1e-4, 90.0),
            ("sigma.elevation-deg", self.sigma.elevation_deg, 1e-4, 90.0),
            ("sigma.range-rate-m-s", self.sigma.range_rate_m_s, 1e-3, 1e3),
            ("sigma.height-m", self.sigma.height_m, 1e-1, 1e4),
            ("surface.echo-sigma-m", self.surface.echo_sigma_m, 1e-3, 1e5),
            ("surface.multilateration-sigma-m", self.surface.multilateration_sigma_m, 1e-3, 1e5),
            ("noise-scale.min", self.noise_scale.min, 0.01, 1.0),
            ("noise-scale.max", self.noise_scale.max, 1.0, 100.0),
        ];
        ranges.into_iter().try_for_each(|(name, value, low, high)| within(key, name, value, low, high))?;
        let mut told = self.sapient.ranges().into_iter();
        told.try_for_each(|(name, value, low, high)| value.map_or(Ok(()), |value| within(key, name, value, low, high)))
    }

    fn check_sight(&self, key: &str) -> Result<(), ConfigError> {
        for (number, point) in self.detection_by_range.iter().enumerate() {
            let key = format!("{key}.detection-by-range[{number}]");
            within(&key, "range-m", point.range_m, 0.0, 1e7)?;
            within(&key, "detection-probability", point.detection_probability, 0.0, 1.0)?;
        }
        if self.range_min_m >= self.range_max_m {
            return Err(ConfigError::at(format!("{key}.range-min-m"), "must be below range-max-m"));
        }
        if self.elevation_min_deg >= self.elevation_max_deg {
            return Err(ConfigError::at(format!("{key}.elevation-min-deg"), "must be below elevation-max-deg"));
        }
        let Some(resolution) = self.resolution else { return Ok(()) };
        within(key, "resolution.range-m", resolution.range_m, 0.1, 1e5)?;
        within(key, "resolution.azimuth-deg", resolution.azimuth_deg, 0.001, 90.0)
    }
}

/// Refuses a value outside its range, NaN too.
pub(super) fn within(key: &str, name: &str, value: f64, low: f64, high: f64) -> Result<(), ConfigError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(ConfigError::at(format!("{key}.{name}"), format!("{value} is not within {low} to {high}")))
}

fn no_endpoint() -> String {
    "none".into()
}

const fn default_detection() -> f64 {
    0.9
}

const fn default_clutter() -> f64 {
    0.1
}

const fn default_learning() -> bool {
    true
}

const fn default_elevation_min() -> f64 {
    -10.0
}

const fn default_elevation_max() -> f64 {
    90.0
}

const fn default_period() -> f64 {
    1.0
}

const fn default_range() -> f64 {
    400_000.0
}
