//! The one shape of every driver: bytes in, reports out, no socket and no clock.
//!
//! A decoder speaks in the sensor's own terms (its axes, or geodetic coordinates); the node, which knows where the
//! sensor stands and where its own tangent plane lies, turns that into measurements.

use fusion_core::geodesy::Geodetic;
use fusion_core::identity::Identity;
use fusion_core::maths::sqrt;
use fusion_core::measurement::Coverage;
use fusion_core::source_track::{SourceTrack, SourceTrackEnd};
use fusion_core::time::{Span, Timestamp};

use crate::error::DecodeError;
use crate::sapient::{Ulid, Uuid};

/// Returns in one scan at the most. What is beyond is counted and dropped: no look of a real sensor has as many, so it
/// is a fault or an attack.
///
/// Counter: `returns_beyond_bound`.
pub const SCAN_RETURNS_MAX: usize = 1024;

/// A driver: bytes in, reports out.
///
/// After each `handle_*`, call [`Decoder::poll_report`] and [`Decoder::poll_transmit`] until `None`.
pub trait Decoder: Send {
    /// Takes bytes as they came: a datagram whole, or any piece of a stream. `received` is when, by the node's clock.
    fn handle_bytes(&mut self, bytes: &[u8], received: Timestamp);

    /// Lets time pass, so that what waits for more (an open sector, a half frame) is given out or given up.
    fn handle_timeout(&mut self, now: Timestamp);

    /// What has been understood, or could not be.
    #[must_use]
    fn poll_report(&mut self) -> Option<Result<Report, DecodeError>>;

    /// Takes back a scan that has been worked off, so that its memory serves again.
    fn recycle(&mut self, scan: OwnedScan) {
        drop(scan);
    }

    /// The latest time that the sensor's clock told in what was handed in last, before anything is gathered into scans:
    /// by it the clock is judged. To be drained after [`Decoder::handle_bytes`]. Of a decoder that never tells one, the
    /// times of its scans are taken.
    #[must_use]
    fn poll_told_time(&mut self) -> Option<Timestamp> {
        None
    }

    /// What the sensor is to be told over the connection that it speaks on: one message whole, such as the answer to a
    /// registration. To be drained like the reports. It is given up where there is no connection to carry it.
    #[must_use]
    fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        None
    }

    /// What the system behind the sensor calls the object of a source track, by the track's number.
    #[must_use]
    fn object(&self, number: u32) -> Option<ObjectName> {
        let _ = number;
        None
    }

    /// The connection to the sensor opened, or closed: half a message of the old one will not be completed by the new.
    /// A transport without connections (datagrams, files) never says so.
    fn handle_connection(&mut self, open: bool) {
        let _ = open;
    }

    /// Counters by name, in a fixed order: what was decoded, ignored and refused, by cause.
    fn counters(&self, each: &mut dyn FnMut(&'static str, u64));
}

/// Empty lists of returns that a decoder keeps at most.
///
/// No counter: one too many is freed.
pub const SPARE_LISTS_MAX: usize = 64;

/// Lists of returns that have been worked off and serve again, so that decoding allocates nothing once it runs.
#[derive(Debug, Default)]
pub struct Spare {
    lists: Vec<Vec<Return>>,
}

impl Spare {
    /// An empty list, with whatever memory an earlier one left.
    #[must_use]
    pub fn take(&mut self) -> Vec<Return> {
        self.lists.pop().unwrap_or_default()
    }

    /// Keeps the memory of a scan.
    pub fn give(&mut self, scan: OwnedScan) {
        self.give_list(scan.returns);
    }

    /// Keeps the memory of a list.
    pub fn give_list(&mut self, mut list: Vec<Return>) {
        if self.lists.len() < SPARE_LISTS_MAX {
            list.clear();
            self.lists.push(list);
        }
    }
}

/// What a sensor said.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// Measurements of one look.
    Scan(OwnedScan),
    /// An estimate made elsewhere.
    SourceTrack(SourceTrack),
    /// No more estimates of that number will come.
    SourceTrackEnd(SourceTrackEnd),
    /// The sensor told something of itself.
    Status(SensorStatus),
}

/// All measurements of one look, in the sensor's own terms.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnedScan {
    /// When it was true.
    pub time: Timestamp,
    /// Where that time comes from.
    pub time_quality: TimeQuality,
    /// From where, if the sensor moves; else from where the configuration has it.
    pub from: Option<Platform>,
    /// What was looked at.
    pub coverage: Coverage,
    /// What was seen; at most [`SCAN_RETURNS_MAX`].
    pub returns: Vec<Return>,
}

/// What carries a moving sensor, at the time of a look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Platform {
    /// Where it was.
    pub position: Geodetic,
    /// One sigma of the horizontal position along each axis, metres.
    pub horizontal_sigma_m: f64,
    /// One sigma of the height, metres.
    pub vertical_sigma_m: f64,
    /// One sigma of its heading, radians, if azimuths seen from it hang on that: all of them are off by as much. It is
    /// no part of their own sigmas.
    pub heading_sigma: f64,
    /// How long what it is off by lasts, down to e⁻¹; for good (`None`) where it stands as it was set up.
    pub lasts: Option<Span>,
    /// One sigma of its pitch and roll, radians, if directions seen from it hang on them: what it is off by for some
    /// [`TILT_ERROR_LASTS`]. It is no part of the directions' own sigmas.
    pub tilt_sigma: f64,
    /// Which of the sensor's platforms it is: what one is off by says nothing of another.
    pub number: u16,
}

/// Errors of satellite navigation and of a compass change within minutes.
pub const NAVIGATION_ERROR_LASTS: Span = Span::from_secs(300);

/// Errors of what keeps a platform level change within quarters of a minute: with each manoeuvre.
pub const TILT_ERROR_LASTS: Span = Span::from_secs(15);

/// Where a time of validity comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeQuality {
    /// The sensor's own clock.
    Sensor,
    /// The sensor's clock, corrected by an estimated offset.
    Corrected,
    /// When the bytes came, less a configured latency.
    Received,
}

/// One thing seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Return {
    /// Where.
    pub place: Place,
    /// Who, as far as was said.
    pub identity: Identity,
    /// What the system behind the sensor calls it, if it has names for what it sees.
    pub object: Option<ObjectName>,
}

impl Return {
    /// One that nobody has a name for.
    #[must_use]
    pub const fn unnamed(place: Place, identity: Identity) -> Self {
        Self { place, identity, object: None }
    }
}

/// What a system of sensors calls an object: which of its nodes tells of it, and under which number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    /// The node.
    pub node: Uuid,
    /// Its number for the object.
    pub object: Ulid,
}

/// A value and its standard deviation, in the same unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// The value.
    pub value: f64,
    /// One sigma; above zero.
    pub sigma: f64,
}

/// Where a thing was seen, in the sensor's own terms.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// Seen from the sensor: angles in its own axes.
    Polar(Polar),
    /// A point on the earth.
    Geodetic(Point),
}

/// A return in the sensor's own axes; metres, radians, metres per second. Azimuth is clockwise from true north.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Polar {
    /// Azimuth.
    pub azimuth: Measured,
    /// Slant range. Without it, this is a line of bearing.
    pub range: Option<Measured>,
    /// Elevation above the horizontal at the sensor.
    pub elevation: Option<Measured>,
    /// Height above the WGS-84 ellipsoid, where the target tells it and the elevation is not measured.
    pub height: Option<Measured>,
    /// Rate of the slant range, positive when opening.
    pub range_rate: Option<Measured>,
}

/// A point on the earth with its errors in local east, north, up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Where; `height_m` means nothing if `vertical_sigma_m` is `None`.
    pub position: Geodetic,
    /// The error of where.
    pub horizontal: HorizontalError,
    /// One sigma of the height, metres; `None` if no height is known.
    pub vertical_sigma_m: Option<f64>,
    /// Velocity in local east, north, up, and its one sigma along each axis; metres per second.
    pub velocity: Option<PointVelocity>,
}

/// The error of a horizontal position in local east and north.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HorizontalError {
    /// One sigma along east, metres.
    pub east_sigma_m: f64,
    /// One sigma along north, metres.
    pub north_sigma_m: f64,
    /// Correlation of the two, above -1 and below 1.
    pub correlation: f64,
}

impl HorizontalError {
    /// The same in every direction: one sigma along each axis, metres.
    #[must_use]
    pub const fn round(sigma_m: f64) -> Self {
        Self { east_sigma_m: sigma_m, north_sigma_m: sigma_m, correlation: 0.0 }
    }

    /// Covariance of east and north, m²: (east, north, east with north).
    #[must_use]
    pub fn covariance(self) -> [f64; 3] {
        let (east, north) = (self.east_sigma_m, self.north_sigma_m);
        [east * east, north * north, self.correlation * east * north]
    }

    /// One sigma in the worst direction, metres.
    #[must_use]
    pub fn worst_sigma_m(self) -> f64 {
        if self == Self::round(self.east_sigma_m) {
            return self.east_sigma_m;
        }
        let [east, north, both] = self.covariance();
        sqrt((east + north) / 2.0 + sqrt((east - north) * (east - north) / 4.0 + both * both))
    }
}

/// A velocity in local east, north, up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PointVelocity {
    /// East, north, up; metres per second.
    pub east_north_up: [f64; 3],
    /// One sigma of east and north, metres per second.
    pub horizontal_sigma: f64,
    /// One sigma of up, metres per second.
    pub vertical_sigma: f64,
}

/// What a sensor says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SensorStatus {
    /// When.
    pub time: Timestamp,
    /// Where it says it is.
    pub position: Option<Geodetic>,
    /// How long one turn of its antenna takes, seconds.
    pub period_s: Option<f64>,
    /// Whether it says that it must not be used.
    pub out_of_use: bool,
}
