//! Where the sea would be: the height of the geoid (mean sea level) above the WGS-84 ellipsoid.
//!
//! Formats that tell heights above mean sea level need it: MAVLink, ST 0601, SAPIENT's `WGS84_G`, AIS by its nature.
//! The model is EGM2008 in steps of three degrees (the crate `egm2008`), interpolated: 30 kB, sums and products only,
//! so the same bits everywhere. What that costs beside the full model is in `docs/decisions/0018-heights.md`. Where a
//! metre counts, the operator tells the height of the geoid.

use fusion_core::geodesy::Geodetic;

/// One sigma of [`undulation_m`], metres: 1.5 m of interpolation over the whole earth, more in high mountains and over
/// trenches (p99 6.4 m, worst 21 m), and what mean sea level itself differs from the model.
pub const SIGMA_M: f64 = 3.0;

/// Height of the geoid above the ellipsoid, metres.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "a part in ten millions of a degree moves nothing")]
pub fn undulation_m(place: &Geodetic) -> f64 {
    let latitude = place.latitude_deg().clamp(-90.0, 90.0) as f32;
    let longitude = place.longitude_deg().clamp(-180.0, 180.0) as f32;
    egm2008::geoid_height(latitude, longitude).map_or(0.0, f64::from)
}

/// A place whose height was told above mean sea level, with its height above the ellipsoid, and one sigma of what the
/// geoid adds to the error of that. What the operator told (`told_m`) counts for exact.
#[must_use]
pub fn above_ellipsoid(place: Geodetic, told_m: Option<f64>) -> (Geodetic, f64) {
    let (geoid_m, sigma_m) = told_m.map_or_else(|| (undulation_m(&place), SIGMA_M), |told| (told, 0.0));
    (Geodetic { height_m: place.height_m + geoid_m, ..place }, sigma_m)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(latitude: f64, longitude: f64) -> Geodetic {
        Geodetic::from_degrees(latitude, longitude, 100.0).expect("a place")
    }

    /// Heights of EGM96 at cities as they are commonly published, rounded to a metre.
    #[test]
    fn the_geoid_lies_where_it_is_known_to_lie() {
        for (name, latitude, longitude, published) in [
            ("Houston", 29.76, -95.37, -28.0),
            ("San Diego", 32.72, -117.16, -35.0),
            ("Warsaw", 52.23, 21.01, 31.0),
            ("Munich", 48.14, 11.58, 45.5),
            ("south of India", 4.7, 78.8, -106.0),
        ] {
            let ours = undulation_m(&place(latitude, longitude));
            assert!((ours - published).abs() < 2.0 * SIGMA_M, "{name}: {ours}");
        }
    }

    #[test]
    fn every_place_has_a_geoid_and_none_beyond_its_greatest_heights() {
        for latitude in -90..=90 {
            for longitude in -180..=180 {
                let height = undulation_m(&place(f64::from(latitude), f64::from(longitude)));
                assert!((-107.0..=86.0).contains(&height), "{latitude} {longitude}: {height}");
            }
        }
    }

    #[test]
    fn what_the_operator_tells_counts_instead_of_the_model() {
        let here = place(52.0, 21.0);
        let (told, sigma) = above_ellipsoid(here, Some(40.0));
        assert!((told.height_m - 140.0).abs() < 1e-9 && sigma.abs() < 1e-12);
        let (modelled, sigma) = above_ellipsoid(here, None);
        assert!((modelled.height_m - 132.0).abs() < 3.0 && (sigma - SIGMA_M).abs() < 1e-12);
    }
}
