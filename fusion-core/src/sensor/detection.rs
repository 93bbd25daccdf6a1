//! P_D over range, as a sensor engineer reads it off an acceptance trial: a few points, straight lines between them.
//!
//! Before the first point and beyond the last the nearest point holds. Whoever has the radar equation instead of a
//! trial samples it.

/// Points of one profile. No counter: more are refused as [`ProfileFault::TooMany`].
pub const DETECTION_POINTS_MAX: usize = 8;

/// P_D is never taken for less, so that a plot where the sensor is nearly blind is unlikely but not impossible.
pub const DETECTION_FLOOR: f64 = 1e-3;

/// P_D is never taken for more, so that a miss is never impossible.
pub const DETECTION_CEILING: f64 = 0.999_999;

/// P_D at one range.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DetectionPoint {
    /// Slant range, metres.
    pub range_m: f64,
    /// P_D there, 0 to 1.
    pub detection: f64,
}

/// P_D over range.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DetectionProfile {
    points: [DetectionPoint; DETECTION_POINTS_MAX],
    length: usize,
}

/// Why points make no profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileFault {
    /// There are more than [`DETECTION_POINTS_MAX`].
    TooMany,
    /// A range is not finite, below zero, or not beyond the one before; counted from zero.
    Range(usize),
    /// A P_D is not within 0 to 1; counted from zero.
    Detection(usize),
}

impl core::fmt::Display for ProfileFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::TooMany => write!(f, "must have at most {DETECTION_POINTS_MAX} points"),
            Self::Range(point) => {
                write!(f, "range of point {point} must be above that of the point before, and finite")
            }
            Self::Detection(point) => write!(f, "probability of point {point} must be 0 to 1"),
        }
    }
}

impl core::error::Error for ProfileFault {}

impl DetectionProfile {
    /// Nothing is known over range.
    pub const NONE: Self =
        Self { points: [DetectionPoint { range_m: 0.0, detection: 0.0 }; DETECTION_POINTS_MAX], length: 0 };

    /// A profile through points in the order of their ranges; without any it is [`NONE`](Self::NONE).
    ///
    /// # Errors
    /// The first [`ProfileFault`].
    pub fn new(points: &[DetectionPoint]) -> Result<Self, ProfileFault> {
        if points.len() > DETECTION_POINTS_MAX {
            return Err(ProfileFault::TooMany);
        }
        let mut nearest = 0.0;
        for (number, point) in points.iter().enumerate() {
            let beyond = if number == 0 { point.range_m >= nearest } else { point.range_m > nearest };
            if !beyond || !point.range_m.is_finite() {
                return Err(ProfileFault::Range(number));
            }
            if !(0.0..=1.0).contains(&point.detection) {
                return Err(ProfileFault::Detection(number));
            }
            nearest = point.range_m;
        }
        let mut profile = Self { length: points.len(), ..Self::NONE };
        profile.points[..points.len()].copy_from_slice(points);
        Ok(profile)
    }

    /// The points.
    #[must_use]
    pub fn points(&self) -> &[DetectionPoint] {
        &self.points[..self.length]
    }

    /// P_D at a slant range, within [`DETECTION_FLOOR`] and [`DETECTION_CEILING`]; `None` if there are no points.
    #[must_use]
    pub fn at(&self, range_m: f64) -> Option<f64> {
        let points = self.points();
        let (first, last) = (points.first()?, points.last()?);
        // NaN becomes the first range.
        let range_m = range_m.max(first.range_m).min(last.range_m);
        let piece = points.windows(2).find(|piece| range_m <= piece[1].range_m);
        let detection = piece.map_or(first.detection, |piece| on_line(piece[0], piece[1], range_m));
        Some(detection.clamp(DETECTION_FLOOR, DETECTION_CEILING))
    }
}

fn on_line(near: DetectionPoint, far: DetectionPoint, range_m: f64) -> f64 {
    let share = (range_m - near.range_m) / (far.range_m - near.range_m);
    near.detection + share * (far.detection - near.detection)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(points: &[(f64, f64)]) -> Result<DetectionProfile, ProfileFault> {
        let mut given = [DetectionPoint::default(); DETECTION_POINTS_MAX + 1];
        for (point, &(range_m, detection)) in given.iter_mut().zip(points) {
            *point = DetectionPoint { range_m, detection };
        }
        DetectionProfile::new(&given[..points.len()])
    }

    #[test]
    fn between_points_it_goes_straight_and_beyond_them_it_holds() {
        let profile = profile(&[(1e3, 0.5), (10e3, 0.95), (30e3, 0.75)]).expect("in order");
        let expected = [
            (0.0, 0.5),
            (1e3, 0.5),
            (4e3, 0.65),
            (10e3, 0.95),
            (20e3, 0.85),
            (30e3, 0.75),
            (1e9, 0.75),
            (f64::INFINITY, 0.75),
            (f64::NAN, 0.5),
        ];
        for (range_m, detection) in expected {
            let at = profile.at(range_m).expect("there are points");
            assert!((at - detection).abs() < 1e-12, "{range_m} m: {at}");
        }
    }

    #[test]
    fn one_point_holds_everywhere_and_none_says_nothing() {
        assert_eq!(profile(&[(5e3, 0.5)]).expect("one").at(1.0), Some(0.5));
        assert_eq!(DetectionProfile::NONE.at(1.0), None);
        assert_eq!(profile(&[]), Ok(DetectionProfile::NONE));
    }

    #[test]
    fn neither_a_plot_nor_a_miss_is_ever_impossible() {
        let profile = profile(&[(0.0, 1.0), (1e3, 0.0)]).expect("in order");
        assert_eq!((profile.at(0.0), profile.at(1e3)), (Some(DETECTION_CEILING), Some(DETECTION_FLOOR)));
    }

    #[test]
    fn what_is_no_profile_is_refused_by_its_point() {
        assert_eq!(profile(&[(1e3, 0.5), (1e3, 0.4)]), Err(ProfileFault::Range(1)));
        assert_eq!(profile(&[(-1.0, 0.5)]), Err(ProfileFault::Range(0)));
        assert_eq!(profile(&[(0.0, 0.5), (f64::INFINITY, 0.4)]), Err(ProfileFault::Range(1)));
        assert_eq!(profile(&[(0.0, 0.5), (1e3, f64::NAN)]), Err(ProfileFault::Detection(1)));
        assert_eq!(profile(&[(1e3, 0.5); DETECTION_POINTS_MAX + 1]), Err(ProfileFault::TooMany));
    }
}
