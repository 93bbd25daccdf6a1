//! The driver of a surface movement radar or a multilateration system: CAT010, or CAT020 with CAT019.
//!
//! Such a system sends the tracks of its own tracker, yet most of its positions are measured: where it says that a
//! position was extrapolated there is no measurement; where it says that it was smoothed, the errors of successive
//! positions hang together, so that each counts for no more than a measurement of the configured sigma would. Its
//! velocities are its tracker's and are not used. What a target says of itself (ADS-B through CAT010) is no measurement
//! of the system.

mod target;

use fusion_core::geodesy::{Geodetic, TangentPlane};

use super::cat010::{self, SurfaceReport};
use super::cat019::SystemReport;
use super::cat020::MlatReport;
use super::common::{DataSource, TimeOfDay};
use super::record::Record;
use super::spec::{CAT010, CAT019, CAT020, Catalogue};
use super::station::{Header, Meaning, OwnState, Said, Station, StationConfig};
use target::Target;

/// How such a system is set up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurfaceConfig {
    /// What every station has; its position is the reference point of Cartesian and polar coordinates. Without one, the
    /// point that CAT019 tells stands in.
    pub station: StationConfig,
    /// One sigma of a position by echo along each axis, metres. The default was measured at an airport, against
    /// multilateration: 8.4 m and 7.9 m.
    pub echo_sigma_m: f64,
    /// One sigma of a position by multilateration along each axis, metres, and of the ranges that a told dilution of
    /// precision multiplies. The default was measured at an airport, against ADS-B: 4.5 m together.
    pub multilateration_sigma_m: f64,
    /// One sigma of a flight level taken for a height, metres.
    pub flight_level_sigma_m: f64,
    /// One sigma of a height that the system measures, metres.
    pub height_sigma_m: f64,
    /// Takes what targets say of themselves for measurements of the system.
    pub keep_self_reports: bool,
}

impl Default for SurfaceConfig {
    fn default() -> Self {
        Self {
            station: StationConfig::default(),
            echo_sigma_m: 8.5,
            multilateration_sigma_m: 4.0,
            flight_level_sigma_m: 150.0,
            height_sigma_m: 30.0,
            keep_self_reports: false,
        }
    }
}

/// What the records of such a system mean.
#[derive(Debug)]
pub struct Surface {
    config: SurfaceConfig,
    reference: Option<Reference>,
}

/// The point to which positions are relative.
#[derive(Clone, Debug)]
struct Reference {
    point: Geodetic,
    plane: TangentPlane,
}

impl Reference {
    fn at(point: Geodetic) -> Self {
        Self { point, plane: TangentPlane::at(point) }
    }
}

/// The driver of one system.
pub type SurfaceDecoder = Station<Surface>;

impl SurfaceDecoder {
    /// A driver that has heard nothing yet.
    #[must_use]
    pub fn new(config: SurfaceConfig) -> Self {
        let reference = config.station.position.map(Reference::at);
        Self::of(Surface { config, reference }, config.station)
    }
}

impl Surface {
    /// Takes a reference point that the system tells, where none was configured.
    fn learn(&mut self, told: Option<Geodetic>) {
        let known = self.reference.as_ref().map(|reference| reference.point);
        if let Some(point) = told.filter(|_| self.config.station.position.is_none())
            && known != told
        {
            self.reference = Some(Reference::at(point));
        }
    }

    fn say(&self, target: Target) -> Said {
        target.measured(&self.config, self.reference.as_ref()).map_or_else(Said::Dismissed, Said::Seen)
    }
}

/// The tables that it reads by.
const TABLES: Catalogue = &[&CAT010, &CAT019, &CAT020];

/// The number by which a system says that it must not be used.
const NO_GO: u8 = 2;

impl Meaning for Surface {
    fn catalogue(&self) -> Catalogue {
        TABLES
    }

    fn header(&self, record: &Record<'_>) -> Header {
        // CAT010 has its time in the fourth place, the others in the third.
        let time = if record.spec.category == CAT010.category { 4 } else { 3 };
        Header { source: record.typed::<DataSource>(1), time_of_day: record.typed::<TimeOfDay>(time) }
    }

    fn read(&mut self, record: &Record<'_>) -> Said {
        if let Some(report) = MlatReport::of(record) {
            self.say(Target::from(&report))
        } else if let Some(report) = SurfaceReport::of(record) {
            match report.message_type {
                Some(cat010::MessageType::TARGET) | None => self.say(Target::from(&report)),
                Some(_) => Said::Own(own_state(report.status)),
            }
        } else {
            let report = SystemReport::of(record).unwrap_or_default();
            let position = report.reference_point();
            self.learn(position);
            let out_of_use = report.status.map(|status| status.nogo == NO_GO);
            Said::Own(OwnState { out_of_use, time_invalid: report.status.map(|status| status.tsv), position })
        }
    }
}

fn own_state(status: Option<cat010::SystemStatus>) -> OwnState {
    OwnState {
        out_of_use: status.map(|status| status.nogo == NO_GO),
        time_invalid: status.map(|status| status.tsv),
        position: None,
    }
}
