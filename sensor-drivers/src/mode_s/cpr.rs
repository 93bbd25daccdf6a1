//! Compact position reporting: 17 bits each of latitude and longitude, and how to get the rest back.
//!
//! A transponder sends only where it is *inside a zone*. Zones come in two widths, "even" and "odd", so one message
//! of each fixes the zone (global decoding); afterwards any earlier position within half a zone does (local
//! decoding). Formulas and letters after ICAO Doc 9871 (2nd ed.), C.2.6: D is the zone width, YZ and XZ the
//! transmitted fractions, j and m the zone indices, i the parity, NL the number of longitude zones at a latitude.
//! Surface messages use zones of a quarter the width: four times the resolution, four possible quadrants of the
//! earth.

/// A horizontal position in degrees: latitude in [−90, 90], longitude in [−180, 180).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LatLon {
    /// Geodetic latitude (WGS-84), degrees, north positive.
    pub latitude_deg: f64,
    /// Longitude (WGS-84), degrees, east positive.
    pub longitude_deg: f64,
}

/// Which of the two zone widths a message was encoded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parity {
    /// 60 latitude zones per turn (the F bit is 0).
    Even,
    /// 59 latitude zones per turn (the F bit is 1).
    Odd,
}

/// Which family of messages, hence which span of the earth the zones divide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Zones divide 360°: 5 m resolution, 360 NM zones.
    Airborne,
    /// Zones divide 90°: 1.3 m resolution, 90 NM zones, position known up to a quadrant.
    Surface,
}

/// One encoded position, as it stands in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cpr {
    /// Airborne or surface zones.
    pub format: Format,
    /// Even or odd zones.
    pub parity: Parity,
    /// YZ · 2¹⁷: where in the latitude zone; 17 bits.
    pub latitude: u32,
    /// XZ · 2¹⁷: where in the longitude zone; 17 bits.
    pub longitude: u32,
}

/// Why two messages do not make a position. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CprError {
    /// The two are not one even and one odd message of the same format.
    NotAPair,
    /// The aircraft crossed into a latitude band with another number of longitude zones between the two messages; the
    /// next message completes a new pair.
    ZoneStraddled,
    /// The decoded latitude lies beyond a pole: the two are not from the same position.
    BeyondPole,
    /// A surface position is known up to a quadrant only, and no reference was given to choose.
    NoReference,
}

/// Encodes a position as a transponder would.
#[must_use]
pub fn encode(position: LatLon, format: Format, parity: Parity) -> Cpr {
    let d_lat = latitude_zone_deg(format, parity);
    let latitude = seventeen_bits(fraction(position.latitude_deg, d_lat));
    // The longitude zone follows from the latitude *as the receiver will see it*, hence the rounding first.
    let r_lat = d_lat * ((position.latitude_deg / d_lat).floor() + seen_fraction(position.latitude_deg, d_lat));
    let d_lon = longitude_zone_deg(format, parity, r_lat);
    let longitude = seventeen_bits(fraction(position.longitude_deg, d_lon));
    Cpr { format, parity, latitude, longitude }
}

/// Decodes one message near a reference: right if the truth is within half a zone of the reference (180 NM airborne,
/// 45 NM on the surface). `None` if the result lies beyond a pole.
#[must_use]
pub fn decode_local(cpr: Cpr, reference: LatLon) -> Option<LatLon> {
    let d_lat = latitude_zone_deg(cpr.format, cpr.parity);
    let latitude_deg = nearest_in_zones(reference.latitude_deg, d_lat, unit(cpr.latitude));
    if latitude_deg.abs() > 90.0 {
        return None;
    }
    let d_lon = longitude_zone_deg(cpr.format, cpr.parity, latitude_deg);
    let longitude_deg = wrap_deg(nearest_in_zones(reference.longitude_deg, d_lon, unit(cpr.longitude)));
    Some(LatLon { latitude_deg, longitude_deg })
}

/// Decodes an even and an odd message into the position of the newer one. The caller sees to it that the aircraft
/// cannot have moved half the difference of the zone widths (3 NM) between the two: 10 s in the air, 25 s on the
/// ground.
///
/// # Errors
/// See [`CprError`]. A surface pair needs `reference`, any point nearer to the truth than 45°.
pub fn decode_global(newer: Cpr, older: Cpr, reference: Option<LatLon>) -> Result<LatLon, CprError> {
    if newer.format != older.format || newer.parity == older.parity {
        return Err(CprError::NotAPair);
    }
    let (even, odd) = if newer.parity == Parity::Even { (newer, older) } else { (older, newer) };
    let (lat_even, lat_odd) = global_latitudes(even, odd, reference)?;
    let nl = longitude_zones(lat_even);
    if nl != longitude_zones(lat_odd) {
        return Err(CprError::ZoneStraddled);
    }
    let latitude_deg = if newer.parity == Parity::Even { lat_even } else { lat_odd };
    let longitude_deg = global_longitude(even, odd, newer, nl, reference)?;
    Ok(LatLon { latitude_deg, longitude_deg })
}

/// The latitudes of both messages of a pair, in the hemisphere that the format or the reference tells.
fn global_latitudes(even: Cpr, odd: Cpr, reference: Option<LatLon>) -> Result<(f64, f64), CprError> {
    let (yz_even, yz_odd) = (unit(even.latitude), unit(odd.latitude));
    let j = (59.0 * yz_even - 60.0 * yz_odd + 0.5).floor();
    let lat_even = latitude_zone_deg(even.format, Parity::Even) * (j.rem_euclid(60.0) + yz_even);
    let lat_odd = latitude_zone_deg(odd.format, Parity::Odd) * (j.rem_euclid(59.0) + yz_odd);
    let south = match even.format {
        // The southern hemisphere decodes into 270°…360°.
        Format::Airborne if lat_even >= 270.0 || lat_odd >= 270.0 => 360.0,
        Format::Airborne => 0.0,
        Format::Surface => {
            let nearer_from = reference.ok_or(CprError::NoReference)?.latitude_deg;
            if (lat_even - 90.0 - nearer_from).abs() < (lat_even - nearer_from).abs() { 90.0 } else { 0.0 }
        }
    };
    let (lat_even, lat_odd) = (lat_even - south, lat_odd - south);
    if lat_even.abs() > 90.0 || lat_odd.abs() > 90.0 {
        return Err(CprError::BeyondPole);
    }
    Ok((lat_even, lat_odd))
}

/// The longitude of the newer message of a pair, once both are known to lie in a band with `nl` zones.
fn global_longitude(even: Cpr, odd: Cpr, newer: Cpr, nl: u8, reference: Option<LatLon>) -> Result<f64, CprError> {
    let nl = f64::from(nl);
    let m = (unit(even.longitude) * (nl - 1.0) - unit(odd.longitude) * nl + 0.5).floor();
    let n = zones(nl, newer.parity);
    let lon = newer.format.span_deg() / n * (m.rem_euclid(n) + unit(newer.longitude));
    match newer.format {
        Format::Airborne => Ok(wrap_deg(lon)),
        Format::Surface => {
            let from = reference.ok_or(CprError::NoReference)?.longitude_deg;
            Ok(wrap_deg(lon + 90.0 * ((from - lon) / 90.0 + 0.5).floor()))
        }
    }
}

impl Format {
    /// What the zones of this format divide, in degrees.
    fn span_deg(self) -> f64 {
        match self {
            Self::Airborne => 360.0,
            Self::Surface => 90.0,
        }
    }
}

/// D_lat: the height of a latitude zone.
fn latitude_zone_deg(format: Format, parity: Parity) -> f64 {
    match parity {
        Parity::Even => format.span_deg() / 60.0,
        Parity::Odd => format.span_deg() / 59.0,
    }
}

/// D_lon: the width of a longitude zone at a latitude.
fn longitude_zone_deg(format: Format, parity: Parity, latitude_deg: f64) -> f64 {
    format.span_deg() / zones(f64::from(longitude_zones(latitude_deg)), parity)
}

/// max(NL − i, 1).
fn zones(nl: f64, parity: Parity) -> f64 {
    match parity {
        Parity::Even => nl,
        Parity::Odd => (nl - 1.0).max(1.0),
    }
}

/// NL: the number of even longitude zones at a latitude, 59 at the equator to 1 beyond 87°.
#[must_use]
pub fn longitude_zones(latitude_deg: f64) -> u8 {
    let passed = TRANSITIONS_DEG.partition_point(|&transition| transition < latitude_deg.abs());
    59u8.saturating_sub(u8::try_from(passed).unwrap_or(58))
}

/// The point with fraction `f` of its zone that is nearest to `reference`.
fn nearest_in_zones(reference: f64, zone: f64, f: f64) -> f64 {
    let index = (reference / zone).floor() + (0.5 + fraction(reference, zone) - f).floor();
    zone * (index + f)
}

/// How far into its zone a coordinate lies, in [0, 1).
fn fraction(coordinate: f64, zone: f64) -> f64 {
    coordinate / zone - (coordinate / zone).floor()
}

/// The same after rounding to 17 bits, in [0, 1]: one means the next zone's beginning.
fn seen_fraction(coordinate: f64, zone: f64) -> f64 {
    (fraction(coordinate, zone) * STEPS + 0.5).floor() / STEPS
}

/// A fraction in [0, 1] to the nearest of 2¹⁷ steps, where one wraps to zero.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value is in [0, 2¹⁷] by construction")]
fn seventeen_bits(f: f64) -> u32 {
    (f * STEPS + 0.5).floor() as u32 & 0x1_FFFF
}

/// Seventeen bits as a fraction.
fn unit(bits: u32) -> f64 {
    f64::from(bits & 0x1_FFFF) / STEPS
}

/// Brings a longitude into [−180, 180).
fn wrap_deg(longitude_deg: f64) -> f64 {
    longitude_deg - 360.0 * ((longitude_deg + 180.0) / 360.0).floor()
}

const STEPS: f64 = 131_072.0;

/// Latitudes at which NL falls by one, from 59 to 58 first:
/// φ(NL) = acos √( (1 − cos π/30) / (1 − cos 2π/NL) ) for NL = 59 … 3, and 87° for NL = 2.
/// A table rather than the formula, so that encoder, decoder and every machine agree to the last bit.
const TRANSITIONS_DEG: [f64; 58] = [
    10.470_471_299_969,
    14.828_174_368_688,
    18.186_263_570_714,
    21.029_394_926_029,
    23.545_044_865_571,
    25.829_247_070_589,
    27.938_987_101_219,
    29.911_356_857_318,
    31.772_097_076_811,
    33.539_934_362_985,
    35.228_995_977_964,
    36.850_251_075_935,
    38.412_418_924_123,
    39.922_566_843_339,
    41.386_518_322_603,
    42.809_140_122_436,
    44.194_549_514_193,
    45.546_267_226_603,
    46.867_332_524_988,
    48.160_391_280_967,
    49.427_764_392_557,
    50.671_501_655_538,
    51.893_424_691_688,
    53.095_161_527_960,
    54.278_174_722_729,
    55.443_784_444_951,
    56.593_187_562_059,
    57.727_473_538_661,
    58.847_637_761_485,
    59.954_592_766_940,
    61.049_177_742_464,
    62.132_166_592_103,
    63.204_274_793_819,
    64.266_165_225_675,
    65.318_453_096_821,
    66.361_710_083_826,
    67.396_467_740_847,
    68.423_220_220_833,
    69.442_426_311_440,
    70.454_510_749_876,
    71.459_864_730_290,
    72.458_845_447_290,
    73.451_774_416_679,
    74.438_934_157_251,
    75.420_562_566_534,
    76.396_843_907_945,
    77.367_894_613_282,
    78.333_740_829_228,
    79.294_282_254_569,
    80.249_232_132_805,
    81.198_013_492_720,
    82.139_569_805_106,
    83.071_994_447_198,
    83.991_735_629_806,
    84.891_661_907_021,
    85.755_416_209_444,
    86.535_369_975_121,
    87.0,
];

#[cfg(test)]
mod tests {
    use super::*;
    use core::f64::consts::PI;
    use fusion_core::maths::{acos, cos};
    use proptest::prelude::*;

    fn at(latitude_deg: f64, longitude_deg: f64) -> LatLon {
        LatLon { latitude_deg, longitude_deg }
    }

    fn airborne(parity: Parity, latitude: u32, longitude: u32) -> Cpr {
        Cpr { format: Format::Airborne, parity, latitude, longitude }
    }

    /// Degrees apart, the short way round in longitude and shrunk with the parallel.
    fn apart(a: LatLon, b: LatLon) -> f64 {
        let east = wrap_deg(a.longitude_deg - b.longitude_deg) * cos(a.latitude_deg.to_radians());
        (a.latitude_deg - b.latitude_deg).abs().max(east.abs())
    }

    #[test]
    fn the_transition_table_is_the_formula() {
        for (index, &transition) in TRANSITIONS_DEG.iter().take(57).enumerate() {
            let nl = 59.0 - f64::from(u8::try_from(index).expect("58 entries"));
            let phi = acos(((1.0 - cos(PI / 30.0)) / (1.0 - cos(2.0 * PI / nl))).sqrt()).to_degrees();
            assert!((phi - transition).abs() < 1e-10, "NL {nl}: {phi}");
        }
        assert_eq!([0.0, 10.4, 10.5, -52.0, 86.9, 87.1, 90.0].map(longitude_zones), [59, 59, 58, 36, 2, 1, 1]);
    }

    #[test]
    fn the_published_pair_decodes_to_the_published_position() {
        let even = airborne(Parity::Even, 93_000, 51_372);
        let odd = airborne(Parity::Odd, 74_158, 50_194);
        let position = decode_global(even, odd, None).expect("a consistent pair");
        assert!(apart(position, at(52.257_202, 3.919_373)) < 1e-6, "{position:?}");
        assert_eq!(decode_local(even, at(52.258, 3.918)), Some(position));
    }

    #[test]
    fn two_messages_of_the_same_parity_are_no_pair() {
        let even = airborne(Parity::Even, 1, 2);
        assert_eq!(decode_global(even, even, None), Err(CprError::NotAPair));
    }

    #[test]
    fn a_pair_across_a_zone_transition_is_refused_not_misplaced() {
        let even = encode(at(10.470, 20.0), Format::Airborne, Parity::Even);
        let odd = encode(at(10.471, 20.0), Format::Airborne, Parity::Odd);
        assert_eq!(decode_global(odd, even, None), Err(CprError::ZoneStraddled));
    }

    #[test]
    fn a_surface_pair_without_reference_is_refused() {
        let [even, odd] = [Parity::Even, Parity::Odd].map(|p| encode(at(1.36, 103.99), Format::Surface, p));
        assert_eq!(decode_global(even, odd, None), Err(CprError::NoReference));
        let position = decode_global(even, odd, Some(at(2.0, 103.0))).expect("a pair");
        assert!(apart(position, at(1.36, 103.99)) < 1e-5);
    }

    proptest! {
        #[test]
        fn an_airborne_pair_gives_the_position_back(lat in -89.9..89.9f64, lon in -180.0..180.0f64, odd_last: bool) {
            let truth = at(lat, lon);
            let [even, odd] = [Parity::Even, Parity::Odd].map(|p| encode(truth, Format::Airborne, p));
            let (newer, older) = if odd_last { (odd, even) } else { (even, odd) };
            match decode_global(newer, older, None) {
                // Half a step, which is a longitude of 360° / 2¹⁷ around the poles.
                Ok(position) => {
                    let half_step = if lat.abs() < 80.0 { 3e-5 } else { 8e-5 };
                    prop_assert!(apart(position, truth) < half_step, "{position:?}");
                }
                Err(error) => prop_assert_eq!(error, CprError::ZoneStraddled),
            }
        }

        #[test]
        fn a_surface_pair_gives_the_position_back(
            lat in -85.0..85.0f64, lon in -180.0..180.0f64, north in -30.0..30.0f64, east in -40.0..40.0f64,
        ) {
            let truth = at(lat, lon);
            let reference = at((lat + north).clamp(-90.0, 90.0), wrap_deg(lon + east));
            let [even, odd] = [Parity::Even, Parity::Odd].map(|p| encode(truth, Format::Surface, p));
            match decode_global(even, odd, Some(reference)) {
                Ok(position) => prop_assert!(apart(position, truth) < 1e-5, "{position:?}"),
                Err(error) => prop_assert_eq!(error, CprError::ZoneStraddled),
            }
        }

        #[test]
        fn one_message_near_a_reference_gives_the_position_back(
            lat in -84.0..84.0f64, lon in -180.0..180.0f64, north in -0.7..0.7f64, east in -0.7..0.7f64,
            surface: bool, odd: bool,
        ) {
            let truth = at(lat, lon);
            let format = if surface { Format::Surface } else { Format::Airborne };
            let parity = if odd { Parity::Odd } else { Parity::Even };
            let near = at(lat + north, wrap_deg(lon + east));
            let position = decode_local(encode(truth, format, parity), near).expect("within the poles");
            prop_assert!(apart(position, truth) < 4e-5, "{position:?}");
        }

        #[test]
        fn any_bits_decode_to_a_place_on_earth_or_to_an_error(
            yz in 0..1u32 << 17, xz in 0..1u32 << 17, yz2 in 0..1u32 << 17, xz2 in 0..1u32 << 17, surface: bool,
            lat in -90.0..=90.0f64, lon in -180.0..180.0f64,
        ) {
            let format = if surface { Format::Surface } else { Format::Airborne };
            let even = Cpr { format, parity: Parity::Even, latitude: yz, longitude: xz };
            let odd = Cpr { format, parity: Parity::Odd, latitude: yz2, longitude: xz2 };
            let global = decode_global(even, odd, Some(at(lat, lon))).ok();
            for position in [global, decode_local(even, at(lat, lon))].into_iter().flatten() {
                prop_assert!(position.latitude_deg.abs() <= 90.0);
                prop_assert!((-180.0..180.0).contains(&position.longitude_deg), "{position:?}");
            }
        }
    }
}
