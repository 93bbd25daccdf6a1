//! From the quality indicators of CAT021 to one sigma, by the rules of `mode_s::accuracy`.
//!
//! Version 0 tells NUCp, which the type code of its position messages stands for; since version 1 NACp bounds the
//! error with 95 %, and where it is unknown the radius of containment (PIC, or NIC without its supplements) stands in,
//! with the larger of the radii that a number may mean.
//! Source: CAT021 edition 2.7, I021/090 with its table of PIC; DO-260B table 2-14.

use crate::asterix::cat021::Quality;
use crate::mode_s::accuracy;

/// √(−2 ln 0.05): 95 % of a circular Gaussian.
const SIGMAS_IN_EPU: f64 = 2.448;
const NAUTICAL_MILE_M: f64 = 1852.0;

/// One sigma of the horizontal position along each axis, metres; `None` if nothing at all is known of it.
pub(super) fn horizontal_sigma_m(quality: &Quality, version: Option<u8>) -> Option<f64> {
    // A target that tells NACp speaks version 1 or later, whatever else it left untold.
    if version.map_or(quality.nac_p().is_none(), |version| version == 0) {
        return sigma_of_version_0_m(quality.nucpnic);
    }
    let told = quality.nac_p().and_then(accuracy::epu_m);
    let contained = || quality.pic().and_then(containment_of_pic_m).or_else(|| containment_of_nic_m(quality.nucpnic));
    Some(told.or_else(contained)? / SIGMAS_IN_EPU)
}

/// The same from NUCp: the type codes of airborne positions run against it, from 18 for NUCp 0 down to 9 for NUCp 9.
pub(super) fn sigma_of_version_0_m(nuc_p: u8) -> Option<f64> {
    let type_code = 18_u8.checked_sub(nuc_p).filter(|_| nuc_p <= 9)?;
    accuracy::horizontal_sigma_m(type_code, false, &accuracy::Quality::default())
}

/// Accuracy of the geometric height as the standard tells it: GVA since version 2.
pub(super) fn height_quality(quality: Option<&Quality>, version: Option<u8>) -> accuracy::Quality {
    let gva = quality.and_then(Quality::gva).unwrap_or_default();
    accuracy::Quality { version: version.unwrap_or_default(), gva, ..accuracy::Quality::default() }
}

/// Radius within which the position is but for one hour in 10⁵ or better, by NIC alone.
const fn containment_of_nic_m(nic: u8) -> Option<f64> {
    Some(match nic {
        11 => 7.5,
        10 => 25.0,
        9 => 75.0,
        8 => 0.1 * NAUTICAL_MILE_M,
        7 => 0.2 * NAUTICAL_MILE_M,
        6 => 0.6 * NAUTICAL_MILE_M,
        5 => NAUTICAL_MILE_M,
        4 => 2.0 * NAUTICAL_MILE_M,
        3 => 4.0 * NAUTICAL_MILE_M,
        2 => 8.0 * NAUTICAL_MILE_M,
        1 => 20.0 * NAUTICAL_MILE_M,
        _ => return None,
    })
}

/// The same by PIC, which tells the supplements too.
const fn containment_of_pic_m(pic: u8) -> Option<f64> {
    Some(match pic {
        14 => 7.5,
        13 => 25.0,
        12 => 75.0,
        11 => 0.1 * NAUTICAL_MILE_M,
        10 => 0.2 * NAUTICAL_MILE_M,
        9 => 0.3 * NAUTICAL_MILE_M,
        8 => 0.5 * NAUTICAL_MILE_M,
        7 => 0.6 * NAUTICAL_MILE_M,
        6 => NAUTICAL_MILE_M,
        5 => 2.0 * NAUTICAL_MILE_M,
        4 => 4.0 * NAUTICAL_MILE_M,
        3 => 8.0 * NAUTICAL_MILE_M,
        2 => 10.0 * NAUTICAL_MILE_M,
        1 => 20.0 * NAUTICAL_MILE_M,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asterix::cat021::{Quality2, Quality3, Quality4};

    fn told(nucpnic: u8, nacp: Option<u8>, pic: Option<u8>) -> Quality {
        let fourth = pic.map(|pic| Quality4 { pic, ..Quality4::default() });
        let third = fourth.map(|fourth| Quality3 { more: Some(fourth), ..Quality3::default() });
        let second = nacp.map(|nacp| Quality2 { nacp, more: third, ..Quality2::default() });
        Quality { nucpnic, more: second, ..Quality::default() }
    }

    fn is_near(sigma: Option<f64>, bound_m: f64) -> bool {
        sigma.is_some_and(|sigma| (sigma - bound_m / 2.448).abs() < 1e-9)
    }

    #[test]
    fn version_0_is_judged_by_its_one_number() {
        assert!(is_near(horizontal_sigma_m(&told(7, Some(10), None), Some(0)), 92.6));
        assert!(is_near(horizontal_sigma_m(&told(9, None, None), None), 3.0));
        assert_eq!(horizontal_sigma_m(&told(0, None, None), None), None);
        assert_eq!((sigma_of_version_0_m(10), sigma_of_version_0_m(15)), (None, None));
    }

    #[test]
    fn later_versions_are_judged_by_their_accuracy_else_by_their_integrity() {
        assert!(is_near(horizontal_sigma_m(&told(8, Some(10), None), Some(2)), 10.0));
        assert!(is_near(horizontal_sigma_m(&told(8, Some(10), None), None), 10.0));
        assert!(is_near(horizontal_sigma_m(&told(6, Some(0), None), Some(2)), 0.6 * 1852.0));
        assert!(is_near(horizontal_sigma_m(&told(6, Some(0), Some(9)), Some(2)), 0.3 * 1852.0));
        assert_eq!(horizontal_sigma_m(&told(0, Some(0), Some(0)), Some(2)), None);
    }

    #[test]
    fn better_numbers_are_never_larger_sigmas() {
        for nic in 1..11 {
            assert!(containment_of_nic_m(nic) > containment_of_nic_m(nic + 1));
        }
        for pic in 1..14 {
            assert!(containment_of_pic_m(pic) > containment_of_pic_m(pic + 1));
        }
        for nuc in 2..9 {
            assert!(sigma_of_version_0_m(nuc) >= sigma_of_version_0_m(nuc + 1));
        }
    }
}
