//! What an imported file tells of where it was recorded: without a configuration, a node needs an origin, and a radar a
//! place. The first position that the file's own driver understands settles it.

use std::path::Path;

use fusion_core::geodesy::Geodetic;
use sensor_drivers::decoder::{Place, Report};

use super::{RecordingError, Request, open_as};
use crate::config::klv::KlvConfig;
use crate::config::{NodeConfig, SensorConfig, SensorKind};
use crate::drivers;

/// Entries looked at for a position.
///
/// No counter: a file without a position in so many is refused with the remedy.
pub const PROBED_ENTRIES_MAX: usize = 100_000;

/// A receiver may have been carried across a continent.
const IMPORT_RANGE_M: f64 = 3_000_000.0;

/// The node and the sensor that a file can be replayed with.
///
/// # Errors
/// [`RecordingError`] if no position was found, with what to do about it.
pub fn probe(
    path: &Path,
    sensor: &SensorConfig,
    request: Request<'_>,
) -> Result<(NodeConfig, SensorConfig), RecordingError> {
    let mut decoder = drivers::decoder(&talkative(sensor));
    for entry in open_as(path, request)?.entries.take(PROBED_ENTRIES_MAX) {
        let Ok(entry) = entry else { break };
        decoder.handle_bytes(entry.arrival.bytes(), entry.received);
        while let Some(report) = decoder.poll_report() {
            if let Some(position) = report.ok().as_ref().and_then(position_in) {
                return Ok(settle(position, sensor));
            }
        }
    }
    let remedy = "give a configuration with the sensor's position by --config";
    Err(RecordingError::new(path, format!("tells no position in its first {PROBED_ENTRIES_MAX} entries; {remedy}")))
}

/// The sensor, asked to tell every position: a drone that flies and sees nothing still says where it is.
fn talkative(sensor: &SensorConfig) -> SensorConfig {
    let klv = KlvConfig { report_platform: true, ..sensor.klv };
    SensorConfig { klv, ..sensor.clone() }
}

fn position_in(report: &Report) -> Option<Geodetic> {
    match report {
        Report::Status(status) => status.position,
        Report::SourceTrackEnd(_) => None,
        Report::SourceTrack(track) => Some(Geodetic::from_ecef(track.position)),
        Report::Scan(scan) => scan.returns.iter().find_map(|r| match &r.place {
            Place::Geodetic(point) => Some(point.position),
            Place::Polar(_) => None,
        }),
    }
}

fn settle(position: Geodetic, sensor: &SensorConfig) -> (NodeConfig, SensorConfig) {
    let node = NodeConfig {
        name: sensor.name.clone(),
        latitude_deg: position.latitude_deg(),
        longitude_deg: position.longitude_deg(),
        ..NodeConfig::default()
    };
    // A radar told its own place. A receiver did not: the first aircraft heard stands in for it, which is near enough
    // to tell where on the earth surface positions belong, and far too coarse to refuse anything for its range.
    let range_max_m = if sensor.kind == SensorKind::Asterix { sensor.range_max_m } else { IMPORT_RANGE_M };
    let sensor = SensorConfig {
        latitude_deg: Some(position.latitude_deg()),
        longitude_deg: Some(position.longitude_deg()),
        height_m: if sensor.kind == SensorKind::Asterix { position.height_m } else { 0.0 },
        range_max_m,
        ..sensor.clone()
    };
    (node, sensor)
}
