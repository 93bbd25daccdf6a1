//! From what an instrument saw to the bytes on its wire. A further wire is one more file and one more arm here.

use core::fmt::Debug;

use fusion_core::identity::Serial;
use fusion_core::measurement::Coverage;
use fusion_core::time::Timestamp;

use super::camera::CameraLook;
use super::scenario::{
    AisEncoder, CameraEncoder, DirectionFinder, DroneCamera, DroneRadar, DroneRadarEncoder, FinderEncoder, Radar,
    RadarEncoder, RemoteIdEncoder,
};
use super::site::Site;
use super::truth::Live;
use crate::decoder::{Place, Point, Return};

mod cat015;
mod cat048;
mod cat205;
mod klv;
mod mavlink;
mod nmea;
mod plots;
mod remote_id;
mod sapient;

/// How sure a sensor says to be of a class, percent.
const CLASS_PERCENT: u8 = 90;

/// What was seen in one look.
#[derive(Debug)]
pub(super) struct Look {
    /// When, by the sensor's own clock.
    pub(super) time: Timestamp,
    /// Where it looked.
    pub(super) coverage: Coverage,
    /// In the order of time.
    pub(super) seen: Vec<Seen>,
}

/// One thing seen, with its errors.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// When, by the sensor's own clock.
    pub(super) time: Timestamp,
    /// Where, and who as far as it said.
    pub(super) what: Return,
    /// By which means.
    pub(super) means: Means,
}

/// How something was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Means {
    /// By its echo.
    Echo,
    /// It answered.
    Answer,
    /// Both.
    EchoAndAnswer,
    /// It emitted, at so many megahertz.
    Emission(f64),
}

/// The antenna of a rotating radar enters a sector.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crossing {
    /// When, by the sensor's own clock.
    pub(super) time: Timestamp,
    /// The sector, from 0; north is the beginning of the first.
    pub(super) sector: u8,
    /// Of so many.
    pub(super) sectors: u8,
}

/// The wire of what looks.
pub(super) trait LookEncoder: Debug + Send {
    /// Appends a look; nothing, if the form has nothing to say of it.
    fn look(&mut self, look: &Look, out: &mut Vec<u8>);

    /// Appends what a rotating radar says as it enters a sector, if the form has words for it.
    fn crossing(&mut self, _crossing: Crossing, _out: &mut Vec<u8>) {}
}

/// What a target told of itself, as it was heard.
#[derive(Debug)]
pub(super) struct Heard<'a> {
    /// When, by the receiver's own clock.
    pub(super) time: Timestamp,
    /// Where it says that it is, and how it moves.
    pub(super) point: Point,
    /// Who it is.
    pub(super) live: &'a Live<'a>,
    /// Whether it tells its particulars too.
    pub(super) particulars: bool,
}

/// The wire of what hears targets tell of themselves.
pub(super) trait ReportEncoder: Debug + Send {
    /// Appends one report.
    fn report(&mut self, heard: &Heard<'_>, out: &mut Vec<u8>);
}

/// The wire of a rotating radar.
pub(super) fn of_radar(spec: &Radar, site: &Site) -> Box<dyn LookEncoder> {
    match spec.encoder {
        RadarEncoder::AsterixCat048 => Box::new(cat048::Cat048::new(spec, site)),
        RadarEncoder::Plots => Box::new(plots::Plots),
    }
}

/// The wire of a drone radar.
pub(super) fn of_drone_radar(spec: &DroneRadar, site: &Site) -> Box<dyn LookEncoder> {
    match spec.encoder {
        DroneRadarEncoder::Plots => Box::new(plots::Plots),
        DroneRadarEncoder::AsterixCat015 => Box::new(cat015::Cat015::new(spec.sac, spec.sic)),
        DroneRadarEncoder::Sapient => Box::new(sapient::Sapient::radar(spec, site)),
    }
}

/// The wire of a direction finder.
pub(super) fn of_finder(spec: &DirectionFinder, site: &Site) -> Box<dyn LookEncoder> {
    match spec.encoder {
        FinderEncoder::Plots => Box::new(plots::Plots),
        FinderEncoder::AsterixCat205 => Box::new(cat205::Cat205::new(spec.sac, spec.sic)),
        FinderEncoder::Sapient => Box::new(sapient::Sapient::passive_radio(&spec.name, site)),
    }
}

/// The wire of a camera on a target.
pub(super) trait CameraWire: Debug + Send {
    /// Appends what is said of a frame, and of the carrier.
    fn frame(&mut self, look: &CameraLook, out: &mut Vec<u8>);
}

/// The wire of a camera; its clock was switched on at `boot`.
pub(super) fn of_camera(spec: &DroneCamera, boot: Timestamp) -> Box<dyn CameraWire> {
    match spec.encoder {
        CameraEncoder::Mavlink => Box::new(mavlink::Mavlink::new(spec, boot)),
        CameraEncoder::Klv => Box::new(klv::Klv::new(spec)),
    }
}

/// The wire of an AIS receiver.
pub(super) fn of_ais(encoder: AisEncoder) -> Box<dyn ReportEncoder> {
    match encoder {
        AisEncoder::Plots => Box::new(plots::Plots),
        AisEncoder::Nmea => Box::new(nmea::Nmea::default()),
    }
}

/// The wire of a Remote ID receiver.
pub(super) fn of_remote_id(encoder: RemoteIdEncoder) -> Box<dyn ReportEncoder> {
    match encoder {
        RemoteIdEncoder::Plots => Box::new(plots::Plots),
        RemoteIdEncoder::RemoteId => Box::new(remote_id::Lines),
        RemoteIdEncoder::Mavlink => Box::new(remote_id::OpenDroneId::default()),
    }
}

/// The serial number of an appearance: each has its own.
fn serial(written: &str, instance: u32) -> Option<Serial> {
    if instance == 0 {
        return Serial::new(written);
    }
    let number = instance.to_string();
    let kept: String = written.chars().take(20_usize.saturating_sub(number.len())).collect();
    Serial::new(&format!("{kept}{number}"))
}

/// A return at a place, of nobody known.
pub(super) const fn unknown(place: Place) -> Return {
    Return::unnamed(place, fusion_core::identity::Identity::UNKNOWN)
}
