//! What a node looks at, and whether its silence says anything.
//!
//! A node tells its field of view with its status, as a cone about a direction: its extents are taken for the whole
//! width and height. A node that registered its mode as fixed stares at that cone: each of its looks holds all that it
//! detects there. Detections of one time are one look; nothing else says where a look ends, so that it is given out
//! with the next one, or when nothing more came for [`GATHERED`].
//!
//! Not every node that stares gives all of a look one time. So silence counts only while looks come in the rhythm that
//! the configuration tells: one that stamps each detection by itself comes faster, and nothing is made of what it left
//! out.

use core::f64::consts::{FRAC_PI_2, TAU};

use fusion_core::angle::Angle;
use fusion_core::geodesy::Geodetic;
use fusion_core::measurement::Cone;
use fusion_core::time::{Span, Timestamp};

use super::SapientConfig;
use super::message::Status;
use super::place::{angle_unit, length_unit, north};
use crate::decoder::OwnedScan;
use crate::protobuf::Parts;

/// Messages of one look follow each other closer than this.
pub(super) const GATHERED: Span = Span::from_millis(100);

/// `StatusReport.info`: what is not told is as it was.
const UNCHANGED: u32 = 2;

/// A cone seen from a node, as told: in the units that it names.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct ToldCone {
    pub elevation: Option<f64>,
    pub azimuth: Option<f64>,
    pub range: Option<f64>,
    pub wide: Option<f64>,
    pub high: Option<f64>,
    pub units: u32,
    pub datum: u32,
}

/// A region in either form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Region {
    Cone(ToldCone),
    /// Corners on the earth, which are not followed.
    Corners,
}

impl Region {
    /// A region that has been checked.
    pub(super) fn of(octets: &[u8]) -> Self {
        let cone = Parts::checked(octets).find(|part| part.number == 1).and_then(|part| part.value.octets());
        cone.map_or(Self::Corners, |cone| Self::Cone(ToldCone::of(cone)))
    }
}

impl ToldCone {
    fn of(octets: &[u8]) -> Self {
        let mut read = Self::default();
        for part in Parts::checked(octets) {
            let real = part.value.real();
            match part.number {
                1 => read.elevation = real,
                2 => read.azimuth = real,
                3 => read.range = real,
                4 => read.wide = real,
                5 => read.high = real,
                11 => read.units = part.value.word().unwrap_or_default(),
                12 => read.datum = part.value.word().unwrap_or_default(),
                _ => {}
            }
        }
        read
    }

    /// The same in true axes; `None` without a width, or if it is turned from a north that nobody knows.
    fn cone(&self, config: &SapientConfig, site: Option<Geodetic>) -> Option<Cone> {
        let angle = angle_unit(self.units);
        let width_rad = (self.wide? * angle).clamp(0.0, TAU);
        let all_around = width_rad >= TAU;
        let middle = if all_around { 0.0 } else { self.azimuth? * angle + north(self.datum, config, site)? };
        let range_max_m = self.range.map_or(config.range_max_m, |range| range * length_unit(self.units));
        let up = self.elevation.unwrap_or(0.0) * angle;
        let half = self.high.map(|high| 0.5 * high * angle);
        Some(Cone {
            from: Angle::from_radians(middle - 0.5 * width_rad),
            width_rad,
            range_max_m,
            elevation_min_rad: half.map_or(-FRAC_PI_2, |half| (up - half).max(-FRAC_PI_2)),
            elevation_max_rad: half.map_or(FRAC_PI_2, |half| (up + half).min(FRAC_PI_2)),
        })
    }
}

/// What is known of a node's looks.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    cone: Option<Cone>,
    /// When the last look was, and how many of the last followed each other in the rhythm that is configured.
    last: Option<Timestamp>,
    steady: u8,
    /// The look that is being gathered, and when something of it came last.
    pub open: Option<(OwnedScan, Timestamp)>,
}

impl View {
    /// Takes in what a status tells; whether it told a field of view that cannot be used. What is obscured is not
    /// followed: a node of which some is, is heard as if it had told nothing.
    pub(super) fn tell(&mut self, status: &Status<'_>, config: &SapientConfig, site: Option<Geodetic>) -> bool {
        let told = status.field_of_view.or(status.coverage);
        let cone = match told {
            Some(Region::Cone(cone)) if !status.obscured => cone.cone(config, site),
            Some(Region::Cone(_) | Region::Corners) => None,
            None if status.info == UNCHANGED => return false,
            None => None,
        };
        self.cone = cone;
        told.is_some() && cone.is_none()
    }

    /// What a look at this time covers, which a detection begins: nothing, unless it comes in the rhythm.
    pub(super) fn begin(&mut self, time: Timestamp, period: Span) -> Option<Cone> {
        let before = self.last.replace(time);
        if before == Some(time) {
            return None;
        }
        let apart = before.map(|before| time - before);
        let one_by_one = apart.is_some_and(|apart| apart.as_nanos() >= period.as_nanos() / 2);
        self.steady = if one_by_one { (self.steady + 1).min(STEADY) } else { 0 };
        self.cone.filter(|_| self.steady == STEADY)
    }

    /// Whether it told what it looks at, but does not look in the rhythm.
    pub(super) const fn is_unsteady(&self) -> bool {
        self.cone.is_some() && self.steady < STEADY
    }

    /// The look being gathered, if nothing more of it came for long enough.
    pub(super) fn close(&mut self, now: Timestamp) -> Option<OwnedScan> {
        self.open.take_if(|(_, heard)| now - *heard > GATHERED).map(|(scan, _)| scan)
    }
}

/// So many looks one after the other make a rhythm: a burst of two, once in each period, makes none.
const STEADY: u8 = 2;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const DEGREES: u32 = 1;
    const TRUE_NORTH: u32 = 1;

    fn told() -> ToldCone {
        ToldCone {
            elevation: Some(10.0),
            azimuth: Some(180.0),
            range: Some(9_000.0),
            wide: Some(200.0),
            high: Some(60.0),
            units: DEGREES,
            datum: TRUE_NORTH,
        }
    }

    #[test]
    fn extents_are_whole_and_lie_evenly_about_the_middle() {
        let cone = told().cone(&SapientConfig::default(), None).unwrap();
        assert!(
            (cone.from.compass_degrees() - 80.0).abs() < 1e-9 && (cone.width_rad.to_degrees() - 200.0).abs() < 1e-9
        );
        let elevations = [cone.elevation_min_rad, cone.elevation_max_rad].map(f64::to_degrees);
        assert!((elevations[0] + 20.0).abs() < 1e-9 && (elevations[1] - 40.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_not_told_does_not_bound_and_without_a_width_or_a_north_there_is_no_cone() {
        let config = SapientConfig { range_max_m: 15_000.0, ..SapientConfig::default() };
        let bare = ToldCone { elevation: None, high: None, range: None, ..told() };
        let cone = bare.cone(&config, None).unwrap();
        assert!((cone.range_max_m - 15_000.0).abs() < 1e-9 && (cone.elevation_max_rad - FRAC_PI_2).abs() < 1e-9);
        assert_eq!(ToldCone { wide: None, ..told() }.cone(&config, None), None);
        assert_eq!(ToldCone { datum: 2, ..told() }.cone(&config, None), None);
        let around = ToldCone { wide: Some(360.0), datum: 2, azimuth: None, ..told() };
        assert!(around.cone(&config, None).is_some(), "no north is needed all around");
    }

    #[test]
    fn only_what_comes_in_rhythm_covers_anything() {
        let period = Span::from_secs(1);
        let covered = |times_ms: &[i64]| {
            let mut view = View { cone: told().cone(&SapientConfig::default(), None), ..View::default() };
            let at = |ms: &i64| Timestamp::EPOCH + Span::from_millis(*ms);
            times_ms.iter().filter(|ms| view.begin(at(ms), period).is_some()).count()
        };
        assert_eq!(covered(&[0, 1_000, 2_000, 3_000, 5_000]), 3);
        assert_eq!(covered(&[0, 10, 1_000, 1_010, 2_000, 2_010, 3_000]), 0, "each detection has a time of its own");
        assert_eq!(covered(&[0, 1_000, 2_000, 2_000]), 1, "the rest of a look that was given out");
    }
}
