//! From the units and datums that a message names to what the node understands: metres, radians, true north, WGS-84.

use core::f64::consts::{FRAC_PI_2, TAU};

use fusion_core::geodesy::{Geodetic, SEMI_MAJOR_AXIS_M};
use fusion_core::maths::{abs, cos, sqrt};

use super::SapientConfig;
use super::message::{Location, RangeBearing, Velocity};
use super::utm::{Zone, nearest};
use crate::decoder::{HorizontalError, Measured, Point, PointVelocity, Polar};
use crate::error::Reason;
use crate::geoid;

/// What of a message cannot be used, and why.
pub(super) type Unusable = (&'static str, Reason);

/// The datum whose heights count from the geoid.
const ABOVE_GEOID: u32 = 2;
/// The smallest sigmas believed: metres, radians, metres per second.
const SIGMA_MIN: f64 = 1e-3;
const ANGLE_SIGMA_MIN: f64 = 1e-5;
/// An error beyond this is no position: probably metres where degrees were said.
const ERROR_MAX_M: f64 = 100_000.0;
/// Heights from the deepest valley to beyond the air.
const HEIGHTS_M: core::ops::RangeInclusive<f64> = -12_000.0..=1e8;
const KPH: f64 = 1.0 / 3.6;

/// What is seen from the node, in true axes. `site` is where it stands, if that is known.
pub(super) fn polar(seen: &RangeBearing, config: &SapientConfig, site: Option<Geodetic>) -> Result<Polar, Unusable> {
    let (angle, metre) = (angle_unit(seen.units), length_unit(seen.units));
    let azimuth = seen.azimuth.ok_or(("RangeBearing.azimuth", Reason::Missing))? * angle;
    if abs(azimuth) > 2.0 * TAU {
        return Err(("RangeBearing.azimuth", Reason::OutOfRange));
    }
    let elevation = seen.elevation.map(|elevation| elevation * angle);
    if elevation.is_some_and(|elevation| abs(elevation) > FRAC_PI_2 + 1e-9) {
        return Err(("RangeBearing.elevation", Reason::OutOfRange));
    }
    let range = seen.range.map(|range| range * metre);
    if range.is_some_and(|range| range <= 0.0 || range > config.range_max_m) {
        return Err(("RangeBearing.range", Reason::OutOfRange));
    }
    let north = north(seen.datum, config, site).ok_or(("RangeBearing.datum", UNTOLD))?;
    let sigmas = &config.sigmas;
    let measured =
        |value, error: Option<f64>, unit, usual, least| Measured { value, sigma: sigma(error, unit, usual, least) };
    Ok(Polar {
        azimuth: measured(wrapped(azimuth + north), seen.azimuth_error, angle, sigmas.azimuth_rad, ANGLE_SIGMA_MIN),
        range: range.map(|range| measured(range, seen.range_error, metre, sigmas.range_m, SIGMA_MIN)),
        elevation: elevation
            .map(|value| measured(value, seen.elevation_error, angle, sigmas.elevation_rad, ANGLE_SIGMA_MIN)),
        height: None,
        range_rate: None,
    })
}

/// Radians of one unit of the angles of a `RangeBearingCoordinateSystem`.
pub(super) const fn angle_unit(units: u32) -> f64 {
    if matches!(units, 1 | 3) { 1.0_f64.to_radians() } else { 1.0 }
}

/// Metres of one unit of its ranges.
pub(super) const fn length_unit(units: u32) -> f64 {
    if matches!(units, 3 | 4) { 1_000.0 } else { 1.0 }
}

/// What only the operator can tell was not told.
const UNTOLD: Reason = Reason::Contradicts { other: "the configuration, which does not say where that north is" };

/// From true north clockwise to the azimuth's zero, radians.
pub(super) fn north(datum: u32, config: &SapientConfig, site: Option<Geodetic>) -> Option<f64> {
    match datum {
        1 => Some(0.0),
        2 => config.declination_rad,
        3 => site.map(|site| Zone::of(&site).convergence(&site)),
        4 => config.heading_rad,
        _ => None,
    }
}

/// A point on the earth. `near` is where it may be expected: what is farther than the sensor sees is refused.
pub(super) fn point(told: &Location<'_>, config: &SapientConfig, near: Option<Geodetic>) -> Result<Point, Unusable> {
    let (x, y) = if config.swap_xy { (told.y, told.x) } else { (told.x, told.y) };
    let (x_error, y_error) = if config.swap_xy { (told.y_error, told.x_error) } else { (told.x_error, told.y_error) };
    let z = told.z.filter(|z| HEIGHTS_M.contains(z));
    if z.is_none() && told.z.is_some() {
        return Err(("Location.z", Reason::OutOfRange));
    }
    let position = place(told, x, y, z.unwrap_or(0.0), near)?;
    let (position, geoid_sigma) = above_ellipsoid(position, told.datum, config);
    if near.is_some_and(|near| !within(&near, &position, config.range_max_m)) {
        return Err(("Location.x", Reason::Contradicts { other: "StatusReport.node_location" }));
    }
    let (east, north) = metres(told.system, config, &position);
    let usual = config.sigmas.horizontal_m;
    let horizontal = HorizontalError {
        east_sigma_m: sigma(x_error, east, usual, SIGMA_MIN),
        north_sigma_m: sigma(y_error, north, usual, SIGMA_MIN),
        correlation: 0.0,
    };
    if horizontal.worst_sigma_m() > ERROR_MAX_M {
        return Err(("Location.x_error", Reason::OutOfRange));
    }
    let own = sigma(told.z_error, 1.0, config.sigmas.height_m, SIGMA_MIN);
    let vertical_sigma_m = z.map(|_| sqrt(own * own + geoid_sigma * geoid_sigma));
    Ok(Point { position, horizontal, vertical_sigma_m, velocity: None })
}

fn place(told: &Location<'_>, x: f64, y: f64, height_m: f64, near: Option<Geodetic>) -> Result<Geodetic, Unusable> {
    let position = match told.system {
        1 => Geodetic::from_degrees(y, x, height_m),
        2 => Geodetic::from_degrees(y.to_degrees(), x.to_degrees(), height_m),
        5 => {
            let zone = told.zone.map(|zone| Zone::parse(zone).ok_or(("Location.utm_zone", Reason::BadText)));
            let zone = zone.transpose()?.or(near.map(|near| Zone::of(&near)));
            nearest(zone.ok_or(("Location.utm_zone", Reason::Missing))?, x, y, height_m, near)
        }
        kind => return Err(("Location.coordinate_system", Reason::Unsupported { kind })),
    };
    // Exactly nowhere is what a receiver without a fix tells.
    let nowhere = told.system != 5 && x.abs() < f64::MIN_POSITIVE && y.abs() < f64::MIN_POSITIVE;
    position.filter(|_| !nowhere).ok_or(("Location.x", Reason::OutOfRange))
}

/// A place with its height above the ellipsoid, and what the geoid adds to the error of that.
fn above_ellipsoid(place: Geodetic, datum: u32, config: &SapientConfig) -> (Geodetic, f64) {
    if datum == ABOVE_GEOID { geoid::above_ellipsoid(place, config.geoid_m) } else { (place, 0.0) }
}

/// Metres of one unit of x and of y in the errors of a coordinate system.
fn metres(system: u32, config: &SapientConfig, position: &Geodetic) -> (f64, f64) {
    let radian = if config.errors_in_metres { return (1.0, 1.0) } else { SEMI_MAJOR_AXIS_M };
    match system {
        1 => (radian.to_radians() * cos(position.latitude), radian.to_radians()),
        2 => (radian * cos(position.latitude), radian),
        _ => (1.0, 1.0),
    }
}

fn within(near: &Geodetic, position: &Geodetic, range_max_m: f64) -> bool {
    let apart = position.to_ecef().vector() - near.to_ecef().vector();
    sqrt(apart.dot(&apart)) <= range_max_m
}

/// A velocity in metres per second; `units` is what one unit of the horizontal and of the vertical rates is in them.
pub(super) fn velocity(told: &Velocity, units: [f64; 2], config: &SapientConfig) -> Option<PointVelocity> {
    let [east, north, up] = told.rates;
    let usual = config.sigmas.velocity_m_s;
    let of = |error, unit| sigma(error, unit, usual, SIGMA_MIN);
    let horizontal_sigma = of(told.errors[0], units[0]).max(of(told.errors[1], units[0]));
    // A climb that was not told is probably small, and nobody knows how small.
    let vertical_sigma = if up.is_some() { of(told.errors[2], units[1]) } else { usual.max(CLIMB_SIGMA_M_S) };
    let east_north_up = [east? * units[0], north? * units[0], up.unwrap_or(0.0) * units[1]];
    Some(PointVelocity { east_north_up, horizontal_sigma, vertical_sigma })
}

/// One sigma of a climb that was not told.
const CLIMB_SIGMA_M_S: f64 = 10.0;

/// Metres per second of one of the `SpeedUnits`.
pub(super) const fn speed_unit(number: u32) -> f64 {
    if number == 2 { KPH } else { 1.0 }
}

/// One sigma by an error that was told, else the usual one.
fn sigma(told: Option<f64>, unit: f64, usual: f64, least: f64) -> f64 {
    told.filter(|error| *error > 0.0).map_or(usual, |error| error * unit).max(least)
}

/// Into 0 to 2π.
fn wrapped(angle: f64) -> f64 {
    angle.rem_euclid(TAU)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: (f64, f64) = (52.0, 5.0);

    fn site() -> Option<Geodetic> {
        Geodetic::from_degrees(SITE.0, SITE.1, 10.0)
    }

    fn seen(units: u32, datum: u32) -> RangeBearing {
        RangeBearing {
            azimuth: Some(1.0),
            range: Some(2.0),
            elevation: Some(0.1),
            units,
            datum,
            ..RangeBearing::default()
        }
    }

    fn location(x: f64, y: f64) -> Location<'static> {
        Location { x, y, z: Some(100.0), system: 1, datum: 1, ..Location::default() }
    }

    fn config() -> SapientConfig {
        SapientConfig { range_max_m: 20_000.0, ..SapientConfig::default() }
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * b.abs().max(1.0)
    }

    #[test]
    fn degrees_and_radians_metres_and_kilometres_mean_what_they_say() {
        let degree = 1.0_f64.to_radians();
        for (units, azimuth, range) in [(1, degree, 2.0), (2, 1.0, 2.0), (3, degree, 2_000.0), (4, 1.0, 2_000.0)] {
            let polar = polar(&seen(units, 1), &config(), site()).expect("it can be used");
            assert!(close(polar.azimuth.value, azimuth), "{units}");
            assert!(close(polar.range.expect("told").value, range), "{units}");
            assert!(close(polar.elevation.expect("told").value, 0.1 * azimuth), "{units}");
        }
    }

    #[test]
    fn each_north_is_turned_to_true_north_or_refused_by_name() {
        let turned = |datum, config: &SapientConfig| {
            polar(&seen(2, datum), config, site()).map(|polar| polar.azimuth.value - 1.0).map_err(|(field, _)| field)
        };
        let told = SapientConfig { declination_rad: Some(0.05), heading_rad: Some(1.5), ..config() };
        assert!(turned(2, &told).is_ok_and(|by| close(by, 0.05)));
        assert!(turned(4, &told).is_ok_and(|by| close(by, 1.5)));
        assert!(turned(3, &told).is_ok_and(|by| (by.to_degrees() - 1.576).abs() < 0.01));
        assert_eq!(turned(2, &config()), Err("RangeBearing.datum"));
        assert_eq!(turned(4, &config()), Err("RangeBearing.datum"));
    }

    #[test]
    fn without_a_range_it_is_a_line_of_bearing() {
        let line = RangeBearing { range: None, elevation: None, ..seen(1, 1) };
        let polar = polar(&line, &config(), None).expect("it can be used");
        assert_eq!((polar.range, polar.elevation), (None, None));
    }

    #[test]
    fn errors_become_sigmas_in_the_units_of_what_they_belong_to() {
        let told = RangeBearing { azimuth_error: Some(2.0), range_error: Some(0.01), ..seen(3, 1) };
        let polar = polar(&told, &config(), site()).expect("it can be used");
        assert!(close(polar.azimuth.sigma, 2.0_f64.to_radians()));
        assert!(close(polar.range.expect("told").sigma, 10.0));
        assert!(close(polar.elevation.expect("told").sigma, config().sigmas.elevation_rad), "not told");
        let told = Location { x_error: Some(1e-4), y_error: Some(1e-4), z_error: Some(3.0), ..location(5.01, 52.01) };
        let point = point(&told, &config(), site()).expect("it can be used");
        let h = point.horizontal;
        assert!((h.north_sigma_m - 11.13).abs() < 0.01 && (h.east_sigma_m - 6.85).abs() < 0.01, "{h:?}");
        assert_eq!(point.vertical_sigma_m, Some(3.0));
    }

    #[test]
    fn latitude_where_longitude_should_be_is_refused_until_swapped() {
        let told = location(52.01, 5.01);
        let (field, reason) = point(&told, &config(), site()).expect_err("that is in Somalia");
        assert_eq!((field, reason), ("Location.x", Reason::Contradicts { other: "StatusReport.node_location" }));
        let swapped = SapientConfig { swap_xy: true, ..config() };
        let point = point(&told, &swapped, site()).expect("it can be used");
        assert!(close(point.position.latitude_deg(), 52.01));
    }

    #[test]
    fn degrees_that_are_called_utm_are_refused_as_the_field_has_them() {
        let told = Location { system: 5, zone: Some("30U"), ..location(51.17, -1.82) };
        assert_eq!(point(&told, &config(), None).expect_err("no northing").0, "Location.x");
        let told = Location { system: 5, zone: None, ..location(500_000.0, 5_000_000.0) };
        assert_eq!(point(&told, &config(), None).expect_err("no zone"), ("Location.utm_zone", Reason::Missing));
    }

    #[test]
    fn utm_and_degrees_tell_one_place() {
        let place = Geodetic::from_degrees(52.01, 5.01, 100.0).expect("a place");
        let [x, y] = Zone::of(&place).project(&place);
        let told = Location { system: 5, zone: Some("31U"), ..location(x, y) };
        let point = point(&told, &config(), site()).expect("it can be used");
        assert!(
            (point.position.latitude_deg() - 52.01).abs() < 1e-9
                && (point.position.longitude_deg() - 5.01).abs() < 1e-9
        );
    }

    #[test]
    fn a_height_above_the_geoid_is_corrected_by_the_model_or_as_told() {
        let told = Location { datum: 2, z_error: Some(1.0), ..location(5.01, 52.01) };
        let unknown = point(&told, &config(), site()).expect("it can be used");
        assert!(close(unknown.position.height_m, 100.0 + geoid::undulation_m(&unknown.position)));
        assert!(unknown.vertical_sigma_m.expect("told") > geoid::SIGMA_M);
        let known = SapientConfig { geoid_m: Some(43.0), ..config() };
        let known = point(&told, &known, site()).expect("it can be used");
        assert!(close(known.position.height_m, 143.0) && known.vertical_sigma_m.expect("told") < 1.5);
    }

    #[test]
    fn an_error_in_metres_that_claims_to_be_degrees_is_refused_by_its_name() {
        let told = Location { x_error: Some(5.0), y_error: Some(5.0), ..location(5.01, 52.01) };
        assert_eq!(point(&told, &config(), site()).expect_err("555 km").0, "Location.x_error");
        let metres = SapientConfig { errors_in_metres: true, ..config() };
        let point = point(&told, &metres, site()).expect("it can be used");
        assert!(close(point.horizontal.east_sigma_m, 5.0));
    }

    #[test]
    fn kilometres_per_hour_are_turned_and_what_is_absent_is_uncertain() {
        let told = Velocity { rates: [Some(36.0), Some(0.0), None], errors: [Some(3.6), None, None] };
        let read = velocity(&told, [speed_unit(2), 1.0], &config()).expect("told");
        assert!(close(read.east_north_up[0], 10.0));
        assert!(read.vertical_sigma >= CLIMB_SIGMA_M_S);
        assert_eq!(velocity(&Velocity::default(), [1.0; 2], &config()), None);
    }
}
