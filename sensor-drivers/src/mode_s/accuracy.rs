//! From what an aircraft says of its accuracy to one sigma.
//!
//! Since version 1 of the standard an aircraft tells NACp, whose EPU bounds the horizontal error with 95 %. The error
//! is taken as Gaussian and equal along both axes, so that EPU = √(−2 ln 0.05) σ = 2.448 σ. Version 0 tells one
//! number for accuracy and integrity together, in the type code; the standard's own table gives the NACp that it
//! stands for. Where an aircraft declares its accuracy unknown, the containment radius of its NIC stands in: it
//! bounds the error with far more than 95 %, so the sigma comes out too large, never too small.
//! Source: DO-260B tables 2-14 (NIC), 2-71 (NACp), 2-72 (GVA); ICAO Doc 9871 (2nd ed.), table C-43 (version 0).

/// What an aircraft said of its own accuracy, apart from the position messages themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quality {
    /// Version of the standard it speaks; 0 until it said otherwise, as the standard wants.
    pub version: u8,
    /// NACp, if it said so and may be believed (version 1 and later).
    pub nac_p: Option<u8>,
    /// NIC supplement A.
    pub nic_supplement_a: bool,
    /// NIC supplement C.
    pub nic_supplement_c: bool,
    /// GVA, 0 if unknown.
    pub gva: u8,
}

/// Where a height comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeightSource {
    /// GNSS, directly.
    Geometric,
    /// Pressure altitude, corrected by the aircraft's own difference to GNSS.
    BarometricCorrected,
    /// Pressure altitude in the standard atmosphere, whatever the weather.
    Barometric,
}

/// One sigma of the horizontal position along each axis, metres; `None` if nothing at all is known of it.
#[must_use]
pub fn horizontal_sigma_m(type_code: u8, nic_supplement_b: bool, quality: &Quality) -> Option<f64> {
    let bound_m = if quality.version == 0 {
        epu_m(nac_p_of_version_0(type_code))
    } else {
        quality.nac_p.and_then(epu_m).or_else(|| containment_m(type_code, nic_supplement_b, quality))
    };
    Some(bound_m? / SIGMAS_IN_EPU)
}

/// One sigma of the height, metres.
///
/// A corrected pressure altitude is as good as the GNSS height, plus the steps of 25 ft of its two parts. Versions 0
/// and 1 do not tell a vertical accuracy, nor always whether the difference refers to the ellipsoid or to the geoid.
#[must_use]
pub fn vertical_sigma_m(source: HeightSource, quality: &Quality) -> f64 {
    let geometric = match (quality.version, quality.gva) {
        (0 | 1, _) => VERTICAL_SIGMA_UNTOLD_M,
        (_, 2 | 3) => 45.0 / SIGMAS_IN_VEPU,
        _ => 150.0 / SIGMAS_IN_VEPU,
    };
    match source {
        HeightSource::Geometric | HeightSource::BarometricCorrected => geometric,
        HeightSource::Barometric => VERTICAL_SIGMA_BAROMETRIC_M,
    }
}

/// One sigma of the horizontal velocity along each axis, metres per second, from NACv.
#[must_use]
pub fn velocity_sigma_m_s(nac_v: u8) -> f64 {
    let bound = match nac_v {
        4 => 0.3,
        3 => 1.0,
        2 => 3.0,
        _ => 10.0,
    };
    // Steps of one knot are 0.15 m/s (1 σ) more, which matters for the best alone.
    bound / SIGMAS_IN_EPU + 0.15
}

/// EPU in metres: with 95 % the aircraft is within. `None` for 0 (unknown) and for reserved numbers.
#[must_use]
pub const fn epu_m(nac_p: u8) -> Option<f64> {
    Some(match nac_p {
        11 => 3.0,
        10 => 10.0,
        9 => 30.0,
        8 => 0.05 * NAUTICAL_MILE_M,
        7 => 0.1 * NAUTICAL_MILE_M,
        6 => 0.3 * NAUTICAL_MILE_M,
        5 => 0.5 * NAUTICAL_MILE_M,
        4 => NAUTICAL_MILE_M,
        3 => 2.0 * NAUTICAL_MILE_M,
        2 => 4.0 * NAUTICAL_MILE_M,
        1 => 10.0 * NAUTICAL_MILE_M,
        _ => return None,
    })
}

/// The NACp that a type code of version 0 stands for; 0 if none.
#[must_use]
pub const fn nac_p_of_version_0(type_code: u8) -> u8 {
    match type_code {
        5 | 9 | 20 => 11,
        6 | 10 | 21 => 10,
        7 | 11 => 8,
        12 => 7,
        13 => 6,
        14 => 5,
        15 => 4,
        16 | 17 => 1,
        _ => 0,
    }
}

/// The containment radius R_C of the NIC, metres; `None` if unknown. The true position is within but for one hour in
/// 10⁵ or better.
#[must_use]
pub const fn containment_m(type_code: u8, nic_supplement_b: bool, quality: &Quality) -> Option<f64> {
    let (a, b, c) = (quality.nic_supplement_a, nic_supplement_b && quality.version >= 2, quality.nic_supplement_c);
    Some(match type_code {
        // Version 3 gave the GNSS-height codes another meaning.
        20..=22 if quality.version >= 3 => return None,
        5 | 9 | 20 => 7.5,
        6 | 10 | 21 => 25.0,
        7 | 11 => {
            if a {
                75.0
            } else {
                0.1 * NAUTICAL_MILE_M
            }
        }
        8 => match (a, c) {
            (true, true) => 0.2 * NAUTICAL_MILE_M,
            (true, false) => 0.3 * NAUTICAL_MILE_M,
            (false, true) => 0.6 * NAUTICAL_MILE_M,
            (false, false) => return None,
        },
        12 => 0.2 * NAUTICAL_MILE_M,
        13 => match (a, b) {
            (false, true) => 0.3 * NAUTICAL_MILE_M,
            (false, false) => 0.5 * NAUTICAL_MILE_M,
            (true, _) => 0.6 * NAUTICAL_MILE_M,
        },
        14 => NAUTICAL_MILE_M,
        15 => 2.0 * NAUTICAL_MILE_M,
        16 => {
            if a {
                4.0 * NAUTICAL_MILE_M
            } else {
                8.0 * NAUTICAL_MILE_M
            }
        }
        17 => 20.0 * NAUTICAL_MILE_M,
        _ => return None,
    })
}

/// The type code that an aircraft of version 2 sends with a position of this accuracy, NIC supplements all zero: the
/// smallest radius of containment that is not below the EPU.
#[must_use]
pub fn type_code_of(nac_p: u8, on_ground: bool) -> u8 {
    let codes = if on_ground { 5..=8 } else { 9..=18 };
    let last = *codes.end();
    let Some(epu) = epu_m(nac_p) else { return last };
    let plain = Quality { version: 2, ..Quality::default() };
    codes
        .into_iter()
        .find(|&code| containment_m(code, false, &plain).is_some_and(|radius| radius >= epu))
        .unwrap_or(last)
}

const NAUTICAL_MILE_M: f64 = 1852.0;
/// √(−2 ln 0.05): 95 % of a circular Gaussian.
const SIGMAS_IN_EPU: f64 = 2.448;
/// 95 % of a Gaussian along a line.
const SIGMAS_IN_VEPU: f64 = 1.96;
const VERTICAL_SIGMA_UNTOLD_M: f64 = 50.0;
/// A low of 980 hPa moves the pressure altitude by 280 m, a cold winter day by as much at cruising level.
const VERTICAL_SIGMA_BAROMETRIC_M: f64 = 150.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn version_2(nac_p: u8) -> Quality {
        Quality { version: 2, nac_p: Some(nac_p), ..Quality::default() }
    }

    fn sigma(type_code: u8, quality: &Quality) -> f64 {
        horizontal_sigma_m(type_code, false, quality).expect("known")
    }

    #[test]
    fn nac_p_counts_before_the_type_code_since_version_1() {
        assert!((sigma(15, &version_2(10)) - 10.0 / 2.448).abs() < 1e-12);
        let version_0 = Quality { version: 0, ..version_2(10) };
        assert!((sigma(15, &version_0) - 1852.0 / 2.448).abs() < 1e-12);
    }

    #[test]
    fn an_unknown_accuracy_is_bounded_by_the_containment_radius() {
        assert!((sigma(11, &version_2(0)) - 185.2 / 2.448).abs() < 1e-9);
        assert_eq!(horizontal_sigma_m(18, false, &version_2(0)), None);
        assert_eq!(horizontal_sigma_m(18, false, &Quality::default()), None);
    }

    #[test]
    fn better_accuracy_is_never_a_larger_sigma() {
        for nac_p in 1..11 {
            assert!(epu_m(nac_p) > epu_m(nac_p + 1));
        }
        assert_eq!((epu_m(0), epu_m(12)), (None, None));
        for nac_v in 1..4 {
            assert!(velocity_sigma_m_s(nac_v) > velocity_sigma_m_s(nac_v + 1));
        }
    }

    #[test]
    fn a_corrected_height_is_better_than_an_uncorrected_one() {
        for quality in [Quality::default(), version_2(9), Quality { gva: 2, ..version_2(9) }] {
            let corrected = vertical_sigma_m(HeightSource::BarometricCorrected, &quality);
            assert!(corrected < vertical_sigma_m(HeightSource::Barometric, &quality));
        }
    }

    #[test]
    fn supplements_refine_the_containment_radius() {
        let with_a = Quality { nic_supplement_a: true, ..version_2(0) };
        assert!(containment_m(11, true, &with_a) < containment_m(11, false, &version_2(0)));
        assert!(containment_m(13, true, &version_2(0)) < containment_m(13, false, &version_2(0)));
        assert!(containment_m(13, true, &with_a) > containment_m(13, false, &version_2(0)));
        assert_eq!(containment_m(8, false, &version_2(0)), None);
    }

    #[test]
    fn the_type_code_sent_for_an_accuracy_contains_it() {
        assert_eq!([11, 10, 9, 8, 7, 4, 0].map(|nac_p| type_code_of(nac_p, false)), [9, 10, 11, 11, 11, 14, 18]);
        assert_eq!([11, 9, 5].map(|nac_p| type_code_of(nac_p, true)), [5, 7, 8]);
    }
}
