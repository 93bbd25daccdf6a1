//! Which errors the measurements of a scan have in common: the sensor's own bias, and where its platform may be
//! otherwise than it says.

use heapless::Vec;
use nalgebra::Vector3;

use crate::capacity::COMMON_ERRORS_MAX;
use crate::filter::consider::{Cause, CommonError, Consideration, Considered, Effect};
use crate::filter::linearise::Linearisation;
use crate::measurement::{Pose, Scan};
use crate::sensor::SensorModel;
use crate::time::{Span, Timestamp};

/// The common errors of a scan.
#[derive(Debug)]
pub(super) struct Common<'s> {
    pub(super) errors: Vec<CommonError, COMMON_ERRORS_MAX>,
    time: Timestamp,
    pose: &'s Pose,
    filter: Linearisation,
    /// Whether any scan had such errors so far. Until then nobody need look what tracks have of them.
    pub(super) is_on: bool,
}

impl<'s> Common<'s> {
    /// Those of a scan; `on` becomes true with the first that has any.
    pub(super) fn of(scan: &'s Scan<'_>, sensor: &SensorModel, filter: Linearisation, on: &mut bool) -> Self {
        let mut errors = Vec::new();
        let (bias, pose) = (&sensor.bias, &scan.pose.error);
        let [east, north] = [Vector3::x(), Vector3::y()].map(|axis| axis * bias.place_m);
        let standing = |k: usize| Effect::Standing(pose.place.column(k).into());
        // A tilt is alike about every horizontal direction, so it does not matter about which two it is taken.
        let turned = |k: usize| Effect::Turned {
            about: scan.pose.axes.column(k) * pose.tilt_rad,
            at: *scan.pose.origin.vector(),
        };
        let effects = [
            (Effect::Range(bias.range_m), None),
            (Effect::Azimuth(bias.azimuth_rad), None),
            (Effect::Elevation(bias.elevation_rad), None),
            (Effect::Place(east), None),
            (Effect::Place(north), None),
            (Effect::Time(bias.time_s), None),
            (standing(0), pose.lasts),
            (standing(1), pose.lasts),
            (standing(2), pose.lasts),
            (Effect::Azimuth(pose.azimuth_rad), pose.lasts),
            (turned(0), pose.tilt_lasts),
            (turned(1), pose.tilt_lasts),
        ];
        for (part, (effect, lasts)) in (0..).zip(effects).filter(|(_, (effect, _))| effect.is_any()) {
            let platform = if part >= FIRST_OF_POSE { pose.platform } else { 0 };
            let lasts = lasts.filter(|lasts| *lasts > Span::ZERO);
            let cause = Cause { sensor: scan.sensor, platform, part };
            errors.push(CommonError { cause, effect, lasts }).expect("there is room for all");
        }
        *on |= !errors.is_empty();
        Self { errors, time: scan.time, pose: &scan.pose, filter, is_on: *on }
    }

    /// What they are to a track that has so much of them, and whose R grows by so much.
    pub(super) fn to<'a>(&'a self, considered: &'a Considered, blur: [f64; 2]) -> Consideration<'a> {
        let Self { errors, time, pose, filter, .. } = self;
        Consideration { errors, considered, time: *time, blur, pose, filter: *filter }
    }
}

/// From this part on errors are those of the pose.
const FIRST_OF_POSE: u8 = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::Label;
    use crate::measurement::{Coverage, PoseError, SensorId};
    use crate::sensor::Bias;

    /// The common errors of a scan of such a sensor, and whether that turned considering on.
    fn errors(error: PoseError, bias: Bias) -> (Vec<CommonError, COMMON_ERRORS_MAX>, bool) {
        let scan = Scan {
            sensor: SensorId(3),
            pose: Pose { error, ..Pose::AT_ORIGIN },
            time: Timestamp::EPOCH,
            sequence: 0,
            label: Label::STRICTEST,
            coverage: Coverage::Full,
            measurements: &[],
        };
        let (mut on, sensor) = (false, SensorModel { bias, ..SensorModel::PLAIN });
        let common = Common::of(&scan, &sensor, Linearisation::Extended, &mut on);
        assert_eq!(common.is_on, !common.errors.is_empty());
        (common.errors, on)
    }

    #[test]
    fn a_sensor_without_bias_on_firm_ground_has_no_common_errors() {
        let (errors, on) = errors(PoseError::NONE, Bias::NONE);
        assert!(errors.is_empty() && !on);
    }

    #[test]
    fn all_errors_at_once_find_room_and_each_platform_has_its_own() {
        let all = Bias { range_m: 1.0, azimuth_rad: 1.0, elevation_rad: 1.0, place_m: 1.0, time_s: 1.0 };
        let place = nalgebra::Matrix3::identity();
        let lasts = Some(Span::from_secs(60));
        let pose = PoseError { place, azimuth_rad: 1.0, lasts, tilt_rad: 0.1, tilt_lasts: lasts, platform: 7 };
        let (errors, on) = errors(pose, all);
        assert!(on && errors.len() == COMMON_ERRORS_MAX);
        let of_pose = |error: &&CommonError| error.cause.platform == 7 && error.lasts == pose.lasts;
        assert_eq!(errors.iter().filter(of_pose).count(), 6);
    }
}
