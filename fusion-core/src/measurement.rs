//! What sensors say, in the form that the tracker takes: measurements z with noise R, gathered into scans.
//!
//! One scan may mix kinds: a radar gives an elevation only for those plots that carry a height. So each measurement
//! knows its own kind, and one joint association covers the whole look.

use nalgebra::{Matrix3, SVector};

use crate::angle::Angle;
use crate::frame::{Enu, Position};
use crate::gaussian::Covariance;
use crate::identity::Identity;
use crate::label::Label;
use crate::time::{Span, Timestamp};

/// A sensor, by its place in this node's configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SensorId(pub u16);

/// z and R of an M-dimensional measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading<const M: usize> {
    /// z.
    pub z: SVector<f64, M>,
    /// R.
    pub noise: Covariance<M>,
}

/// What was observed. Ranges in metres, angles in radians, rates in metres per second.
///
/// Angles are those of the sensor's own axes ([`Pose`]): azimuth clockwise from its north, elevation up from its
/// horizontal. Range is the slant range, range rate is positive when opening.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Observation {
    /// (east, north, up) in the node's tangent plane.
    Position(Reading<3>),
    /// (east, north) in the node's tangent plane; nothing is said of the height.
    HorizontalPosition(Reading<2>),
    /// (east, north, up and their rates) in the node's tangent plane.
    PositionVelocity(Reading<6>),
    /// (range, azimuth).
    RangeBearing(Reading<2>),
    /// (range, azimuth, range rate).
    RangeBearingRate(Reading<3>),
    /// (range, azimuth, elevation).
    RangeBearingElevation(Reading<3>),
    /// (range, azimuth, elevation, range rate).
    RangeBearingElevationRate(Reading<4>),
    /// (azimuth).
    Bearing(Reading<1>),
    /// (azimuth, elevation).
    BearingElevation(Reading<2>),
}

/// One thing a sensor said, with what it said about who it was.
///
/// In memory it lies in this order: observations of few dimensions, which are most, then have the identity at hand.
#[derive(Clone, Debug, PartialEq)]
#[repr(C)]
pub struct Measurement {
    /// Evidence of identity that came with it.
    pub identity: Identity,
    /// z, R and their kind.
    pub observation: Observation,
}

/// Where a sensor is and how its own axes lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// Its place in the node's tangent plane.
    pub origin: Position<Enu>,
    /// Columns are the sensor's own east, north and up, in the axes of the node's tangent plane. The two differ by the
    /// curvature of the earth: a degree at a hundred kilometres.
    pub axes: Matrix3<f64>,
    /// How far both may be off.
    pub error: PoseError,
}

/// How far a pose may be off: an error that all measurements of a scan share, and those of the next scans too for a
/// while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoseError {
    /// Columns are independent errors of the place, one sigma each, metres in the node's tangent plane: the covariance
    /// is this times its transpose.
    pub place: Matrix3<f64>,
    /// One sigma of the axes' turn about their own vertical, radians: of north, or of a heading.
    pub azimuth_rad: f64,
    /// The time in which such an error is forgotten down to e⁻¹, as a moving platform's is; `None` if it stays.
    pub lasts: Option<Span>,
    /// One sigma of the axes' turn about each horizontal direction, radians: of pitch and roll.
    pub tilt_rad: f64,
    /// The same time of that turn, which what keeps a platform level forgets sooner.
    pub tilt_lasts: Option<Span>,
    /// Which of the sensor's platforms it is: each has errors of its own.
    pub platform: u16,
}

impl PoseError {
    /// The pose is exact.
    pub const NONE: Self = Self {
        place: Matrix3::new(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        azimuth_rad: 0.0,
        lasts: None,
        tilt_rad: 0.0,
        tilt_lasts: None,
        platform: 0,
    };
}

impl Pose {
    /// A sensor at the node's origin, its axes those of the plane.
    pub const AT_ORIGIN: Self = Self {
        origin: Position::ZERO,
        axes: Matrix3::new(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
        error: PoseError::NONE,
    };
}

/// Which part of its surroundings a look covered: only there does silence say anything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Coverage {
    /// Everything in the sensor's field of view was looked at.
    Full,
    /// The azimuths clockwise from `from` by `width_rad` were swept.
    Sector {
        /// Where the sweep began.
        from: Angle,
        /// How far it went, in radians, 0 to 2π.
        width_rad: f64,
    },
    /// The same within a range and between two elevations.
    Cone(Cone),
    /// Somebody reported: nothing is said of those who did not.
    Reports,
}

/// What a sensor that stares sees of its surroundings, where that is less than its model says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cone {
    /// Where it begins; from there clockwise.
    pub from: Angle,
    /// How far it goes, in radians, 0 to 2π.
    pub width_rad: f64,
    /// Slant range to which it sees, metres.
    pub range_max_m: f64,
    /// Its lowest elevation, radians.
    pub elevation_min_rad: f64,
    /// Its highest elevation, radians.
    pub elevation_max_rad: f64,
}

impl Coverage {
    /// Whether a target at this azimuth was looked at.
    #[must_use]
    pub fn includes(&self, azimuth: Angle) -> bool {
        match self.sector() {
            Some((from, width_rad)) => (azimuth - from).turn() < width_rad,
            None => *self == Self::Full,
        }
    }

    /// Where its azimuths begin and how far they go, if it is not all or nothing.
    #[must_use]
    pub const fn sector(&self) -> Option<(Angle, f64)> {
        match *self {
            Self::Sector { from, width_rad } | Self::Cone(Cone { from, width_rad, .. }) => Some((from, width_rad)),
            Self::Full | Self::Reports => None,
        }
    }
}

/// One look: one sensor, one time.
#[derive(Clone, Debug)]
pub struct Scan<'a> {
    /// Who looked.
    pub sensor: SensorId,
    /// From where.
    pub pose: Pose,
    /// When.
    pub time: Timestamp,
    /// Count of this sensor's scans, so that equal times have an order.
    pub sequence: u64,
    /// Who may know.
    pub label: Label,
    /// What was covered.
    pub coverage: Coverage,
    /// What was seen.
    pub measurements: &'a [Measurement],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sector_across_north_includes_north() {
        let sector = Coverage::Sector { from: Angle::from_degrees(350.0), width_rad: 20_f64.to_radians() };
        assert!(sector.includes(Angle::ZERO) && sector.includes(Angle::from_degrees(350.0)));
        assert!(!sector.includes(Angle::from_degrees(10.001)) && !sector.includes(Angle::from_degrees(180.0)));
    }
}
