//! Motion along recorded points: through each of them at its time, smoothly in between.
//!
//! Latitude, longitude and height are cubic Hermite curves over time whose slope at each point is that of the parabola
//! through it and its two neighbours (Catmull and Rom 1974, for uneven steps). Velocity is the derivative of that, by
//! the radii of curvature of the ellipsoid, so the two never disagree. Longitudes are taken the short way round.

use core::f64::consts::{PI, TAU};

use fusion_core::geodesy::Geodetic;
use fusion_core::maths::{cos, floor};

use super::super::paths::Waypoint;
use super::course::{Kinematics, radii};

/// A recorded path, ready to be flown.
#[derive(Clone, Debug)]
pub(super) struct Recorded {
    knots: Vec<Knot>,
}

/// A recorded point: latitude, longitude (continuous past 180°) and height, and how fast each changes.
#[derive(Clone, Copy, Debug)]
struct Knot {
    seconds: f64,
    place: [f64; 3],
    slope: [f64; 3],
}

impl Recorded {
    /// A path of at least two points of rising time.
    pub(super) fn new(waypoints: &[Waypoint]) -> Self {
        let mut knots: Vec<Knot> = Vec::with_capacity(waypoints.len());
        for point in waypoints {
            let Geodetic { latitude, longitude, height_m } = point.position;
            let before = knots.last().map_or(longitude, |knot| knot.place[1]);
            let turns = floor((before - longitude + PI) / TAU);
            let place = [latitude, longitude + turns * TAU, height_m];
            knots.push(Knot { seconds: point.seconds, place, slope: [0.0; 3] });
        }
        for k in 0..knots.len() {
            knots[k].slope = slope(&knots, k);
        }
        Self { knots }
    }

    /// When it ends, seconds.
    pub(super) fn lasts_s(&self) -> f64 {
        self.knots.last().map_or(0.0, |knot| knot.seconds)
    }

    /// Where it leads at a time; before its beginning its beginning, after its end its end.
    pub(super) fn at(&self, seconds: f64) -> Kinematics {
        let seconds = seconds.clamp(0.0, self.lasts_s());
        let after = self.knots.partition_point(|knot| knot.seconds <= seconds).clamp(1, self.knots.len() - 1);
        let (place, rate) = between(&self.knots[after - 1], &self.knots[after], seconds);
        let point = Geodetic { latitude: place[0], longitude: fusion_core::angle::wrap(place[1]), height_m: place[2] };
        let (m, n) = radii(point.latitude);
        let east = (n + point.height_m) * cos(point.latitude) * rate[1];
        let north = (m + point.height_m) * rate[0];
        let plane = fusion_core::geodesy::TangentPlane::at(point);
        Kinematics {
            position: point.to_ecef(),
            velocity: plane.velocity_to_ecef(fusion_core::frame::Velocity::new(east, north, rate[2])),
        }
    }
}

/// Of the parabola through a knot and its neighbours; at an end, of the line to the only neighbour.
fn slope(knots: &[Knot], k: usize) -> [f64; 3] {
    let secant = |a: usize, b: usize| {
        let step = knots[b].seconds - knots[a].seconds;
        core::array::from_fn::<f64, 3, _>(|axis| (knots[b].place[axis] - knots[a].place[axis]) / step)
    };
    if k == 0 {
        return secant(0, 1);
    }
    if k + 1 == knots.len() {
        return secant(k - 1, k);
    }
    let (before, after) = (secant(k - 1, k), secant(k, k + 1));
    let (h0, h1) = (knots[k].seconds - knots[k - 1].seconds, knots[k + 1].seconds - knots[k].seconds);
    core::array::from_fn(|axis| (before[axis] * h1 + after[axis] * h0) / (h0 + h1))
}

/// Value and derivative of the cubic between two knots.
fn between(a: &Knot, b: &Knot, seconds: f64) -> ([f64; 3], [f64; 3]) {
    let step = b.seconds - a.seconds;
    let t = (seconds - a.seconds) / step;
    let (t2, t3) = (t * t, t * t * t);
    let value = |k: usize| {
        (2.0 * t3 - 3.0 * t2 + 1.0) * a.place[k]
            + (t3 - 2.0 * t2 + t) * step * a.slope[k]
            + (3.0 * t2 - 2.0 * t3) * b.place[k]
            + (t3 - t2) * step * b.slope[k]
    };
    let rate = |k: usize| {
        6.0 * (t2 - t) / step * (a.place[k] - b.place[k])
            + (3.0 * t2 - 4.0 * t + 1.0) * a.slope[k]
            + (3.0 * t2 - 2.0 * t) * b.slope[k]
    };
    (core::array::from_fn(value), core::array::from_fn(rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(longitudes: [f64; 4]) -> Vec<Waypoint> {
        let place = |latitude, longitude, height| Geodetic::from_degrees(latitude, longitude, height).expect("a place");
        [
            Waypoint { seconds: 0.0, position: place(52.0, longitudes[0], 300.0) },
            Waypoint { seconds: 10.0, position: place(52.001, longitudes[1], 310.0) },
            Waypoint { seconds: 25.5, position: place(52.002, longitudes[2], 320.0) },
            Waypoint { seconds: 31.0, position: place(52.0015, longitudes[3], 305.0) },
        ]
        .into()
    }

    #[test]
    fn a_recorded_path_is_flown_as_recorded_across_the_date_line_too() {
        for longitudes in [[21.0, 21.002, 21.001, 20.999], [179.999, -179.999, -179.998, 179.9995]] {
            let points = path(longitudes);
            let flown = Recorded::new(&points);
            for point in &points {
                let error = (flown.at(point.seconds).position - point.position.to_ecef()).length();
                assert!(error < 1e-6, "{error} m at {} s", point.seconds);
            }
            let span = (flown.at(5.0).position - points[0].position.to_ecef()).length();
            assert!(span < 300.0, "between two points it is near them: {span}");
        }
    }

    #[test]
    fn velocity_is_the_derivative_of_position() {
        let flown = Recorded::new(&path([21.0, 21.002, 21.001, 20.999]));
        for k in 1..300 {
            let t = f64::from(k) * 0.1;
            let mean = (flown.at(t + 1e-3).position - flown.at(t - 1e-3).position).vector() / 2e-3;
            let error = (mean - flown.at(t).velocity.vector()).norm();
            assert!(error < 0.05, "{t}: {error}");
        }
    }
}
