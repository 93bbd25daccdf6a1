//! From classes of accuracy to sigmas.
//!
//! A class bounds the error in 95 % of cases: in the plane that is a circle of 2.448 σ, along one axis 1.96 σ. The
//! classes are those of ADS-B (NACp, NACv) with finer ones for heights (ASTM F3411-22a, tables 7 to 9).

/// 95 % of a circular normal error, in sigmas.
const CIRCLE: f64 = 2.447_746_830_680_816;
/// 95 % of a normal error, in sigmas.
const LINE: f64 = 1.959_963_984_540_054;

/// One sigma along each axis of a horizontal position, metres.
#[must_use]
pub fn horizontal_sigma_m(class: u8) -> Option<f64> {
    bound(class, &[18_520.0, 7_408.0, 3_704.0, 1_852.0, 926.0, 555.6, 185.2, 92.6, 30.0, 10.0, 3.0, 1.0])
        .map(|b| b / CIRCLE)
}

/// One sigma of a height, metres.
#[must_use]
pub fn vertical_sigma_m(class: u8) -> Option<f64> {
    bound(class, &[150.0, 45.0, 25.0, 10.0, 3.0, 1.0]).map(|b| b / LINE)
}

/// One sigma of a component of a velocity, m/s. Taken along one axis: the standard does not say whether the bound is a
/// circle's, and this is the larger of the two.
#[must_use]
pub fn speed_sigma_m_s(class: u8) -> Option<f64> {
    bound(class, &[10.0, 3.0, 1.0, 0.3]).map(|b| b / LINE)
}

/// One sigma of the time of a location, seconds: the bound itself is told, in tenths.
#[must_use]
pub fn time_sigma_s(class: u8) -> Option<f64> {
    (class > 0).then(|| f64::from(class) * 0.1 / LINE)
}

/// The bound of a class; class 0 and those beyond the table are unknown.
fn bound(class: u8, bounds: &[f64]) -> Option<f64> {
    usize::from(class).checked_sub(1).and_then(|index| bounds.get(index)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn better_classes_have_smaller_sigmas_and_unknown_ones_none() {
        for (sigma, best) in [(horizontal_sigma_m as fn(u8) -> Option<f64>, 12), (vertical_sigma_m, 6)] {
            let sigmas: Vec<_> = (1..=best).filter_map(sigma).collect();
            assert!(sigmas.len() == usize::from(best) && sigmas.is_sorted_by(|a, b| a > b));
            assert_eq!((sigma(0), sigma(best + 1)), (None, None));
        }
        assert!(horizontal_sigma_m(10).is_some_and(|s| (s - 4.085).abs() < 1e-3));
        assert!(speed_sigma_m_s(4).is_some_and(|s| (s - 0.153).abs() < 1e-3));
        assert!(time_sigma_s(5).is_some_and(|s| (s - 0.255).abs() < 1e-3));
    }
}
