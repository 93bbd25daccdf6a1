//! Outlines on the earth: where a track is with 95 %, where a line of bearing leads.

use core::f64::consts::TAU;

use fusion_core::angle::Angle;
use fusion_core::frame::{Enu, Position};
use fusion_core::gaussian::ellipse;
use fusion_core::geodesy::{Geodetic, TangentPlane};
use fusion_core::maths::{cos, sin};
use fusion_core::nalgebra::Vector3;
use proto::record::Estimate;

/// Corners of an ellipse.
const CORNERS: u8 = 24;

/// An ellipse of so many sigmas holds the target 95 times in a hundred: √χ²₂(0.95).
pub const SIGMAS_95: f64 = 2.447_746_830_680_816;

/// The corners of the ellipse that holds a target with 95 %, against the clock, the first one also at the end.
pub fn area(estimate: &Estimate) -> impl Iterator<Item = Geodetic> {
    let plane = TangentPlane::at(Geodetic::from_ecef(estimate.position));
    let p = estimate.covariance.matrix();
    let (major, minor, azimuth) = ellipse(p[(0, 0)], p[(0, 1)], p[(1, 1)]);
    let (along, across) = (direction(azimuth), direction(azimuth - TAU / 4.0));
    (0..=CORNERS).map(move |k| {
        let turn = f64::from(k % CORNERS) * TAU / f64::from(CORNERS);
        let corner = SIGMAS_95 * (major * cos(turn) * along + minor * sin(turn) * across);
        plane.to_geodetic(Position::<Enu>::from_vector(corner))
    })
}

/// Where one comes to from a place, so many metres in a direction.
#[must_use]
pub fn reached(from: &Geodetic, azimuth: Angle, range_m: f64) -> Geodetic {
    let end = range_m * direction(azimuth.radians());
    TangentPlane::at(*from).to_geodetic(Position::<Enu>::from_vector(end))
}

fn direction(azimuth_rad: f64) -> Vector3<f64> {
    Vector3::new(sin(azimuth_rad), cos(azimuth_rad), 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_core::frame::Velocity;
    use fusion_core::gaussian::Covariance;
    use fusion_core::nalgebra::Vector6;
    use fusion_core::time::Timestamp;

    fn place() -> Geodetic {
        Geodetic::from_degrees(52.0, 21.0, 0.0).expect("a place")
    }

    fn estimate() -> Estimate {
        let sigmas = Vector6::new(100.0, 10.0, 1.0, 1.0, 1.0, 1.0);
        Estimate {
            time: Timestamp::from_secs(0),
            position: place().to_ecef(),
            velocity: Velocity::from_vector(Vector3::zeros()),
            covariance: Covariance::from_sigmas(&sigmas).expect("positive"),
        }
    }

    #[test]
    fn an_area_is_closed_goes_against_the_clock_and_reaches_as_far_as_its_sigmas() {
        let plane = TangentPlane::at(place());
        let corners: Vec<_> = area(&estimate()).map(|corner| *plane.geodetic_to_enu(corner).vector()).collect();
        assert!((corners[0] - corners[corners.len() - 1]).norm() < 1e-6);
        let twice_the_area: f64 = corners.windows(2).map(|pair| pair[0].x * pair[1].y - pair[1].x * pair[0].y).sum();
        assert!(twice_the_area > 0.0, "against the clock, as RFC 7946 has it");
        let reach = |axis: usize| corners.iter().map(|corner| corner[axis]).fold(0.0, f64::max);
        assert!((reach(0) - SIGMAS_95 * 100.0).abs() < 0.1 && (reach(1) - SIGMAS_95 * 10.0).abs() < 0.1);
    }

    #[test]
    fn a_line_leads_from_true_north_to_the_right() {
        let end = reached(&place(), Angle::from_radians(TAU / 4.0), 1_000.0);
        assert!(end.longitude_deg() > 21.01 && (end.latitude_deg() - 52.0).abs() < 1e-4);
    }
}
