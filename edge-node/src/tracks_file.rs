//! `--tracks OUT.jsonl`: every update of the picture as one JSON object a line (docs/FORMATS.md). The same picture
//! gives the same bytes: fields have a fixed order, numbers their shortest exact form.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use fusion_core::geodesy::Geodetic;
use fusion_core::label::Codes;
use fusion_core::time::Timestamp;
use fusion_core::track::TrackId;
use proto::record::TrackRecord;
use serde::Serialize;

use crate::picture::{PictureChange, short_name, text_id};
use crate::words;

/// One line: an update.
#[derive(Serialize)]
struct Line<'a> {
    time_ns: i64,
    id: String,
    name: String,
    status: &'static str,
    lat_deg: f64,
    lon_deg: f64,
    height_m: f64,
    velocity_enu_m_s: [f64; 3],
    covariance_enu: Vec<f64>,
    sensors: &'a [String],
    updates: u32,
    identity: IdentityLine<'a>,
    label: LabelLine,
}

#[derive(Serialize)]
struct IdentityLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callsign: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode_3a: Option<String>,
    class: &'static str,
    affiliation: &'static str,
}

#[derive(Serialize)]
struct LabelLine {
    level: &'static str,
    releasable_to: Vec<String>,
    caveats: Vec<String>,
    originators: Vec<String>,
}

#[derive(Serialize)]
struct GoneLine {
    time_ns: i64,
    id: String,
    status: &'static str,
}

/// The open file, or whatever else takes the lines. The first error is kept and told at the end; nothing is written
/// after it.
pub struct TracksFile<W = BufWriter<File>> {
    to: W,
    failed: Option<std::io::Error>,
}

impl TracksFile {
    /// Begins a file, replacing one that is there.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn create(path: &Path) -> std::io::Result<Self> {
        Ok(Self::new(BufWriter::with_capacity(1 << 20, File::create(path)?)))
    }
}

impl<W: Write> TracksFile<W> {
    /// Writes the lines that the file would have to somewhere else.
    pub const fn new(to: W) -> Self {
        Self { to, failed: None }
    }

    /// Appends one update.
    pub fn write(&mut self, change: &PictureChange) {
        if self.failed.is_some() {
            return;
        }
        let written = match change {
            PictureChange::Updated(track) => self.line(&updated(&track.record)),
            PictureChange::Gone { id, time } => self.line(&gone(*id, *time)),
        };
        self.failed = written.err();
    }

    /// Completes the file.
    ///
    /// # Errors
    /// The first thing that went wrong.
    pub fn finish(mut self) -> std::io::Result<()> {
        match self.failed {
            Some(e) => Err(e),
            None => self.to.flush(),
        }
    }

    fn line(&mut self, line: &impl Serialize) -> std::io::Result<()> {
        serde_json::to_writer(&mut self.to, line)?;
        self.to.write_all(b"\n")
    }
}

fn updated(record: &TrackRecord) -> Line<'_> {
    let estimate = &record.estimate;
    let place = Geodetic::from_ecef(estimate.position);
    let p = estimate.covariance.matrix();
    Line {
        time_ns: estimate.time.as_nanos(),
        id: text_id(record.id),
        name: short_name(record.id),
        status: words::status(record.status),
        lat_deg: place.latitude_deg(),
        lon_deg: place.longitude_deg(),
        height_m: place.height_m,
        velocity_enu_m_s: (place.enu_axes() * estimate.velocity.vector()).into(),
        covariance_enu: (0..6).flat_map(|i| (i..6).map(move |j| p[(i, j)])).collect(),
        sensors: &record.sensors,
        updates: record.updates,
        identity: IdentityLine {
            address: record.identity.address.map(|a| a.to_string()),
            callsign: record.identity.name.as_deref(),
            mode_3a: record.identity.mode_3a.map(|code| format!("{code:04o}")),
            class: words::class(record.identity.class),
            affiliation: words::affiliation(record.identity.affiliation),
        },
        label: LabelLine {
            level: record.label.level.as_str(),
            releasable_to: codes(&record.label.releasable_to),
            caveats: codes(&record.label.caveats),
            originators: codes(&record.label.originators),
        },
    }
}

fn gone(id: TrackId, time: Timestamp) -> GoneLine {
    GoneLine { time_ns: time.as_nanos(), id: text_id(id), status: words::status(None) }
}

fn codes(codes: &Codes) -> Vec<String> {
    codes.as_slice().iter().map(|c| c.as_str().to_owned()).collect()
}
