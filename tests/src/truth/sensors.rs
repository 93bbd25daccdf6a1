//! Simulated sensors that look at paths: a radar in three dimensions, a direction finder.
//!
//! All that a look finds is true of its one instant. Errors are normal and independent, clutter is Poisson and even
//! over the field of view in the sensor's own coordinates: just what the tracker assumes, so that whatever it gets
//! wrong is due to how things move.

use core::f64::consts::PI;

use fusion_core::gaussian::Covariance;
use fusion_core::identity::Identity;
use fusion_core::label::Label;
use fusion_core::maths::{atan2, hypot};
use fusion_core::measurement::{Coverage, Measurement, Observation, Pose, Reading, Scan, SensorId};
use fusion_core::nalgebra::{SVector, Vector3};
use fusion_core::sensor::{FieldOfView, SensorModel};
use fusion_core::time::{Span, Timestamp};

use super::Path;
use super::chance::Chance;

/// A sensor of a scenario.
#[derive(Clone, Copy, Debug)]
pub struct Sensor {
    /// Its place in the scenario.
    pub id: SensorId,
    /// Where it stands.
    pub pose: Pose,
    /// Seconds from one look to the next.
    pub period_s: i64,
    /// What it measures, and how well.
    pub errors: Errors,
    /// P_D.
    pub detection: f64,
    /// False measurements per look.
    pub clutter: f64,
    /// The ground ranges within which it sees, m.
    pub range_m: [f64; 2],
}

/// The standard deviations of what a sensor measures.
#[derive(Clone, Copy, Debug)]
pub enum Errors {
    /// Range, azimuth and elevation.
    Radar {
        /// Of the slant range, m.
        range_m: f64,
        /// Of the azimuth, degrees.
        azimuth_deg: f64,
        /// Of the elevation, degrees.
        elevation_deg: f64,
    },
    /// Azimuth alone.
    DirectionFinder {
        /// Of the azimuth, degrees.
        azimuth_deg: f64,
    },
}

/// One look, as it is handed to every tracker alike.
#[derive(Clone, Debug)]
pub struct Look {
    /// Who looked.
    pub sensor: Sensor,
    /// The second at which it did.
    pub second: i64,
    /// What it found.
    pub measurements: Vec<Measurement>,
}

/// Elevations that a radar measures, from its horizon up, radians.
const ELEVATION_SPAN_RAD: f64 = 0.8;

impl Sensor {
    /// What the tracker is told of the sensor: the truth.
    #[must_use]
    pub fn model(&self) -> SensorModel {
        SensorModel {
            detection: self.detection,
            clutter_per_scan: self.clutter,
            field_of_view: FieldOfView {
                range_max_m: self.range_m[1],
                height_span_m: 15_000.0,
                elevation_min_rad: 0.0,
                elevation_max_rad: ELEVATION_SPAN_RAD,
                speed_span_m_s: 600.0,
                ..FieldOfView::WIDE
            },
            period: Span::from_secs(self.period_s),
            ..SensorModel::PLAIN
        }
    }

    /// Whether it looks at this second.
    #[must_use]
    pub fn looks_at(&self, second: i64) -> bool {
        second.rem_euclid(self.period_s) == 0
    }

    /// Whether a thing there is within its ranges.
    #[must_use]
    pub fn covers(&self, position: &Vector3<f64>) -> bool {
        let d = position - self.pose.origin.vector();
        (self.range_m[0]..self.range_m[1]).contains(&hypot(d.x, d.y))
    }

    /// One look at all that is there.
    #[must_use]
    pub fn look(&self, paths: &[Path], second: i64, chance: &mut Chance) -> Look {
        let mut measurements = Vec::new();
        for moment in paths.iter().filter_map(|path| path.at(second)) {
            if self.covers(&moment.position) && chance.unit() < self.detection {
                measurements.push(self.detect(&moment.position, chance));
            }
        }
        for _ in 0..chance.poisson(self.clutter) {
            measurements.push(self.false_alarm(chance));
        }
        Look { sensor: *self, second, measurements }
    }

    fn detect(&self, position: &Vector3<f64>, chance: &mut Chance) -> Measurement {
        let d = self.pose.axes.tr_mul(&(position - self.pose.origin.vector()));
        let azimuth = atan2(d.x, d.y);
        match self.errors {
            Errors::Radar { .. } => {
                let elevation = atan2(d.z, hypot(d.x, d.y));
                self.plot([d.norm(), azimuth, elevation], Some(chance))
            }
            Errors::DirectionFinder { .. } => self.bearing(azimuth, Some(chance)),
        }
    }

    fn false_alarm(&self, chance: &mut Chance) -> Measurement {
        let azimuth = chance.between(-PI, PI);
        match self.errors {
            Errors::Radar { .. } => {
                let range = chance.between(1.0, self.range_m[1]);
                self.plot([range, azimuth, chance.between(0.0, ELEVATION_SPAN_RAD)], None)
            }
            Errors::DirectionFinder { .. } => self.bearing(azimuth, None),
        }
    }

    fn plot(&self, place: [f64; 3], chance: Option<&mut Chance>) -> Measurement {
        let reading = blurred(place.into(), self.sigmas().into(), chance);
        Measurement { observation: Observation::RangeBearingElevation(reading), identity: Identity::UNKNOWN }
    }

    fn bearing(&self, azimuth: f64, chance: Option<&mut Chance>) -> Measurement {
        let reading = blurred([azimuth].into(), [self.sigmas()[1]].into(), chance);
        Measurement { observation: Observation::Bearing(reading), identity: Identity::UNKNOWN }
    }

    /// Range in metres, azimuth and elevation in radians; 1 for what is not measured.
    fn sigmas(&self) -> [f64; 3] {
        match self.errors {
            Errors::Radar { range_m, azimuth_deg, elevation_deg } => {
                [range_m, azimuth_deg.to_radians(), elevation_deg.to_radians()]
            }
            Errors::DirectionFinder { azimuth_deg } => [1.0, azimuth_deg.to_radians(), 1.0],
        }
    }
}

/// A reading with these standard deviations: of a thing by chance, of clutter as it is.
fn blurred<const M: usize>(place: SVector<f64, M>, sigmas: SVector<f64, M>, chance: Option<&mut Chance>) -> Reading<M> {
    let noise = Covariance::from_sigmas(&sigmas).expect("a scenario's errors are above zero");
    let z = match chance {
        Some(chance) => place + sigmas.map(|sigma| sigma * chance.normal()),
        None => place,
    };
    Reading { z, noise }
}

impl Look {
    /// The look as the tracker takes it.
    #[must_use]
    pub fn scan(&self) -> Scan<'_> {
        Scan {
            sensor: self.sensor.id,
            pose: self.sensor.pose,
            time: time(self.second),
            sequence: u64::try_from(self.second).unwrap_or(0),
            label: Label::STRICTEST,
            coverage: Coverage::Full,
            measurements: &self.measurements,
        }
    }
}

/// The time at which a scenario has come to a second.
#[must_use]
pub fn time(second: i64) -> Timestamp {
    Timestamp::from_secs(1_700_000_000 + second)
}

/// Looks of all sensors over some seconds, in order; each sensor has chance of its own.
#[must_use]
pub fn looks(sensors: &[Sensor], paths: &[Path], seconds: core::ops::Range<i64>, seed: u64) -> Vec<Look> {
    let mut chances: Vec<Chance> = sensors.iter().map(|sensor| Chance::new(seed, sensor.id.0.into())).collect();
    let mut looks = Vec::new();
    for second in seconds {
        for (sensor, chance) in sensors.iter().zip(&mut chances) {
            if sensor.looks_at(second) {
                looks.push(sensor.look(paths, second, chance));
            }
        }
    }
    looks
}

#[cfg(test)]
mod tests {
    use super::super::Moment;
    use super::*;
    use fusion_core::frame::Position;

    fn sensor(errors: Errors) -> Sensor {
        let pose = Pose { origin: Position::new(0.0, -3_000.0, 0.0), ..Pose::AT_ORIGIN };
        Sensor { id: SensorId(0), pose, period_s: 4, errors, detection: 0.9, clutter: 5.0, range_m: [100.0, 10_000.0] }
    }

    fn standing(position: Vector3<f64>) -> Vec<Path> {
        let moment = Moment { position, velocity: Vector3::zeros(), acceleration: Vector3::zeros() };
        vec![Path { id: "s".to_owned(), from: 0, moments: vec![moment; 4_000] }]
    }

    #[test]
    fn a_radar_errs_as_much_as_it_says() {
        let radar =
            Sensor { clutter: 1e-9, ..sensor(Errors::Radar { range_m: 20.0, azimuth_deg: 0.5, elevation_deg: 1.0 }) };
        let seen = looks(&[radar], &standing(Vector3::new(4_000.0, 0.0, 500.0)), 0..4_000, 1);
        assert_eq!(seen.len(), 1_000);
        let expected = [sqrt_of(4_000.0 * 4_000.0 + 3_000.0 * 3_000.0 + 250_000.0), atan2(4.0, 3.0), atan2(0.5, 5.0)];
        let (mut squares, mut count) = (0.0, 0_u32);
        for measurement in seen.iter().flat_map(|look| &look.measurements) {
            let Observation::RangeBearingElevation(reading) = &measurement.observation else { panic!("a plot") };
            squares += reading.noise.factor().mahalanobis_squared(&(reading.z - SVector::from(expected)));
            count += 1;
        }
        assert!((860..940).contains(&count), "{count} of 1,000 with P_D 0.9");
        assert!((squares / f64::from(3 * count) - 1.0).abs() < 0.1, "{}", squares / f64::from(3 * count));
    }

    fn sqrt_of(x: f64) -> f64 {
        x.sqrt()
    }

    #[test]
    fn clutter_is_within_the_field_of_view_and_as_frequent_as_said() {
        let seen = looks(&[sensor(Errors::DirectionFinder { azimuth_deg: 1.0 })], &[], 0..4_000, 2);
        let count: usize = seen.iter().map(|look| look.measurements.len()).sum();
        assert!((4_750..5_250).contains(&count), "{count} in 1,000 looks");
        assert!(seen.iter().flat_map(|look| &look.measurements).all(|measurement| {
            matches!(&measurement.observation, Observation::Bearing(bearing) if bearing.z[0].abs() <= PI)
        }));
    }

    #[test]
    fn what_is_out_of_range_is_not_seen() {
        let radar = Sensor { clutter: 1e-9, ..sensor(Errors::DirectionFinder { azimuth_deg: 1.0 }) };
        for far in [Vector3::new(0.0, 20_000.0, 0.0), Vector3::new(0.0, -3_050.0, 900.0)] {
            assert!(looks(&[radar], &standing(far), 0..400, 3).iter().all(|look| look.measurements.is_empty()));
        }
    }
}
