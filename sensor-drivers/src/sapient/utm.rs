//! Universal Transverse Mercator on WGS-84: from easting and northing to latitude and longitude, and back.
//!
//! Krüger's series in the third flattening n to its fourth power, good to less than a millimetre in any zone and far
//! beyond it (C. F. F. Karney, "Transverse Mercator with an accuracy of a few nanometers", J. Geodesy 85, 2011,
//! eqs. 7–36).

use core::f64::consts::PI;

use fusion_core::geodesy::{FLATTENING, Geodetic, SEMI_MAJOR_AXIS_M};
use fusion_core::maths::{asin, atan, atan2, cos, exp, ln, sin, sqrt, tan};

/// A zone of six degrees, and on which side of the equator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    /// 1 to 60, from 180° west on.
    pub number: u8,
    /// What its letter says.
    pub side: Side,
}

/// Which side of the equator a zone's letter means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Northings count from the equator.
    North,
    /// Northings count from 10,000 km south of it.
    South,
    /// The letter S: the latitude band from 32° to 40° north, or "south". Only a place nearby can tell.
    BandSOrSouth,
}

const SCALE: f64 = 0.9996;
const FALSE_EASTING_M: f64 = 500_000.0;
const FALSE_NORTHING_M: f64 = 10_000_000.0;
/// Third flattening.
const N: f64 = FLATTENING / (2.0 - FLATTENING);
/// Radius of the circle that is as long as a meridian.
const RECTIFYING_M: f64 = SEMI_MAJOR_AXIS_M / (1.0 + N) * (1.0 + N * N / 4.0 + N * N * N * N / 64.0);

/// Karney's α: from the conformal sphere to the plane.
const ALPHA: [f64; 4] = [
    N * (0.5 + N * (-2.0 / 3.0 + N * (5.0 / 16.0 + N * 41.0 / 180.0))),
    N * N * (13.0 / 48.0 + N * (-3.0 / 5.0 + N * 557.0 / 1440.0)),
    N * N * N * (61.0 / 240.0 - N * 103.0 / 140.0),
    N * N * N * N * 49_561.0 / 161_280.0,
];
/// Karney's β: back.
const BETA: [f64; 4] = [
    N * (0.5 + N * (-2.0 / 3.0 + N * (37.0 / 96.0 - N / 360.0))),
    N * N * (1.0 / 48.0 + N * (1.0 / 15.0 - N * 437.0 / 1440.0)),
    N * N * N * (17.0 / 480.0 - N * 37.0 / 840.0),
    N * N * N * N * 4_397.0 / 161_280.0,
];
/// From conformal to geodetic latitude.
const DELTA: [f64; 4] = [
    N * (2.0 + N * (-2.0 / 3.0 + N * (-2.0 + N * 116.0 / 45.0))),
    N * N * (7.0 / 3.0 + N * (-8.0 / 5.0 - N * 227.0 / 45.0)),
    N * N * N * (56.0 / 15.0 - N * 136.0 / 35.0),
    N * N * N * N * 4_279.0 / 630.0,
];

impl Zone {
    /// The zone that a text names, such as `30U`, `30 N` or `30`: a number and the letter of a latitude band. Without a
    /// letter it is north.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let number = text[..digits].parse().ok().filter(|number| (1..=60).contains(number))?;
        let mut letters = text[digits..].trim().bytes().map(|letter| letter.to_ascii_uppercase());
        let side = match (letters.next(), letters.next()) {
            (None, _) => Side::North,
            (Some(b'S'), None) => Side::BandSOrSouth,
            (Some(b'C'..=b'H' | b'J'..=b'M'), None) => Side::South,
            (Some(b'N' | b'P'..=b'X'), None) => Side::North,
            _ => return None,
        };
        Some(Self { number, side })
    }

    /// The zone of a place, without the exceptions of Norway and Svalbard.
    #[must_use]
    pub fn of(place: &Geodetic) -> Self {
        let sixths = fusion_core::maths::floor((place.longitude_deg() + 180.0) / 6.0).clamp(0.0, 59.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 59")]
        let number = sixths as u8 + 1;
        Self { number, side: if place.latitude < 0.0 { Side::South } else { Side::North } }
    }

    /// Longitude of its middle, radians.
    fn meridian(self) -> f64 {
        (f64::from(self.number) * 6.0 - 183.0).to_radians()
    }

    /// Easting and northing of a place, metres.
    #[must_use]
    pub fn project(self, place: &Geodetic) -> [f64; 2] {
        let lambda = place.longitude - self.meridian();
        let e = 2.0 * sqrt(N) / (1.0 + N);
        let s = sin(place.latitude);
        let t = sinh(atanh(s) - e * atanh(e * s));
        let (xi, eta) = (atan2(t, cos(lambda)), atanh(sin(lambda) / sqrt(1.0 + t * t)));
        let [north, east] = series(xi, eta, &ALPHA, 1.0);
        let south = if matches!(self.side, Side::South) { FALSE_NORTHING_M } else { 0.0 };
        [FALSE_EASTING_M + SCALE * RECTIFYING_M * east, south + SCALE * RECTIFYING_M * north]
    }

    /// The place of an easting and a northing in metres, at a height; `None` if they are no place in or near the zone.
    #[must_use]
    pub fn place(self, easting_m: f64, northing_m: f64, height_m: f64) -> Option<Geodetic> {
        let sensible =
            (-500_000.0..=1_500_000.0).contains(&easting_m) && (0.0..=FALSE_NORTHING_M).contains(&northing_m);
        if !sensible {
            return None;
        }
        let south = if matches!(self.side, Side::South) { FALSE_NORTHING_M } else { 0.0 };
        let unit = SCALE * RECTIFYING_M;
        let [xi, eta] = series((northing_m - south) / unit, (easting_m - FALSE_EASTING_M) / unit, &BETA, -1.0);
        let chi = asin(sin(xi) / cosh(eta));
        let latitude = (1..).zip(DELTA).fold(chi, |sum, (j, delta)| sum + delta * sin(2.0 * f64::from(j) * chi));
        let longitude = self.meridian() + atan2(sinh(eta), cos(xi));
        Geodetic::from_degrees(latitude.to_degrees(), longitude.to_degrees(), height_m)
    }

    /// From true north clockwise to the grid's north at a place, radians. Spherical: good to some seconds of arc.
    #[must_use]
    pub fn convergence(self, place: &Geodetic) -> f64 {
        atan(tan(place.longitude - self.meridian()) * sin(place.latitude))
    }
}

impl Side {
    /// The sides that a letter may mean.
    #[must_use]
    pub const fn candidates(self) -> [Self; 2] {
        match self {
            Self::North => [Self::North, Self::North],
            Self::South => [Self::South, Self::South],
            Self::BandSOrSouth => [Self::North, Self::South],
        }
    }
}

/// ξ + s Σ cⱼ sin 2jξ cosh 2jη and η + s Σ cⱼ cos 2jξ sinh 2jη (Karney eqs. 11, 15).
fn series(xi: f64, eta: f64, c: &[f64; 4], s: f64) -> [f64; 2] {
    (1..).zip(c).fold([xi, eta], |[north, east], (j, c)| {
        let (u, v) = (2.0 * f64::from(j) * xi, 2.0 * f64::from(j) * eta);
        [north + s * c * sin(u) * cosh(v), east + s * c * cos(u) * sinh(v)]
    })
}

fn sinh(x: f64) -> f64 {
    (exp(x) - exp(-x)) / 2.0
}

fn cosh(x: f64) -> f64 {
    f64::midpoint(exp(x), exp(-x))
}

fn atanh(x: f64) -> f64 {
    ln((1.0 + x) / (1.0 - x)) / 2.0
}

/// The zone that holds a place nearest, among those that a letter may mean.
pub(super) fn nearest(zone: Zone, x: f64, y: f64, height_m: f64, near: Option<Geodetic>) -> Option<Geodetic> {
    let mut places = zone.side.candidates().into_iter().filter_map(|side| Zone { side, ..zone }.place(x, y, height_m));
    let first = places.next()?;
    let Some(near) = near else { return Some(first) };
    let off = |place: &Geodetic| (place.latitude - near.latitude).abs() / PI;
    Some(places.fold(first, |best, place| if off(&place) < off(&best) { place } else { best }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(latitude_deg: f64, longitude_deg: f64) -> Geodetic {
        Geodetic::from_degrees(latitude_deg, longitude_deg, 0.0).expect("a place")
    }

    #[test]
    fn known_points_of_the_grid_are_met_to_the_millimetre() {
        let zone = Zone::parse("31N").expect("a zone");
        let [east, north] = zone.project(&at(0.0, 0.0));
        assert!((east - 166_021.443).abs() < 1e-3 && north.abs() < 1e-6, "{east} {north}");
        let [east, north] = zone.project(&at(45.0, 3.0));
        assert!((east - 500_000.0).abs() < 1e-6 && (north - 4_982_950.400).abs() < 1e-3, "{east} {north}");
    }

    #[test]
    fn what_is_projected_comes_back() {
        for (latitude, longitude) in
            [(51.178_844, -1.826_189), (-33.9, 18.4), (0.01, 5.999), (-0.01, -179.99), (83.9, 2.0)]
        {
            let place = at(latitude, longitude);
            let zone = Zone::of(&place);
            let [east, north] = zone.project(&place);
            let back = zone.place(east, north, 0.0).expect("a place");
            assert!((back.latitude - place.latitude).abs() < 1e-10, "{latitude} {longitude}: {back:?}");
            assert!((back.longitude - place.longitude).abs() < 1e-10, "{latitude} {longitude}: {back:?}");
        }
    }

    #[test]
    fn the_letter_s_is_a_band_or_the_south_by_what_is_near() {
        let zone = Zone::parse("34S").expect("a zone");
        let cape = at(-33.9, 18.4);
        let [x, y] = Zone { side: Side::South, ..zone }.project(&cape);
        let told = |near| nearest(zone, x, y, 0.0, near).expect("a place").latitude_deg();
        assert!((told(Some(at(-34.0, 18.0))) + 33.9).abs() < 1e-6);
        assert!(told(None) > 0.0, "a band, if nothing is known");
    }

    #[test]
    fn degrees_are_no_metres_and_junk_is_no_zone() {
        assert_eq!(Zone::parse("30U").expect("a zone").place(51.17, -1.82, 0.0), None);
        for text in ["", "U", "61U", "0N", "30UU", "30I", "30O", "é"] {
            assert_eq!(Zone::parse(text), None, "{text}");
        }
    }

    #[test]
    fn east_of_the_middle_the_grids_north_lies_east_of_true_north() {
        let zone = Zone::parse("31U").expect("a zone");
        let gamma = zone.convergence(&at(52.0, 5.0)).to_degrees();
        assert!((gamma - 1.5763).abs() < 1e-3, "{gamma}");
        // By the grid itself: a step north along the meridian, seen in it.
        let [[e0, n0], [e1, n1]] = [52.0, 52.001].map(|latitude| zone.project(&at(latitude, 5.0)));
        assert!((atan2(e1 - e0, n1 - n0).to_degrees() + gamma).abs() < 1e-3);
    }
}
