//! What target reports of several categories have in common: names, kinds, and errors of rounding.

use fusion_core::identity::{NAME_BYTES_MAX, ObjectClass};
use fusion_core::maths;
use heapless::String;

use super::common::AircraftIdentification;
use super::wire::packed;
use crate::decoder::HorizontalError;

impl AircraftIdentification {
    /// The callsign or registration, unless it is blank or has a code without a character.
    #[must_use]
    pub fn name(self) -> Option<String<NAME_BYTES_MAX>> {
        let ascii = self.ascii();
        let text = std::str::from_utf8(&ascii).ok()?.trim();
        (!text.is_empty() && !text.contains('?')).then(|| String::try_from(text).ok())?
    }
}

packed! {
    /// Target identification with where it comes from (245).
    TargetIdentification: 7 {
        /// Whether the target itself said it; the numbers differ between the categories.
        sti: u8 = 56..55,
        /// The characters, first one highest.
        chr: u64 = 48..1,
    }
}

impl TargetIdentification {
    /// The callsign or registration, unless it is blank or has a code without a character.
    #[must_use]
    pub fn name(self) -> Option<String<NAME_BYTES_MAX>> {
        AircraftIdentification { characters: self.chr }.name()
    }
}

packed! {
    /// To which fleet a vehicle belongs (300).
    VehicleFleet: 1 {
        /// Number, see the standard; 0 unknown.
        fleet: u8 = 8..1,
    }
}

impl VehicleFleet {
    /// Whoever belongs to a fleet of the aerodrome is a vehicle.
    #[must_use]
    pub const fn class(self) -> ObjectClass {
        if self.fleet == 0 { ObjectClass::Unknown } else { ObjectClass::Ground }
    }
}

/// The error of a value that was rounded to a multiple of `step`: its own and that of the rounding, step²/12.
pub(super) fn with_rounding(sigma: f64, step: f64) -> f64 {
    maths::sqrt(sigma * sigma + step * step / 12.0)
}

/// The error that a system tells as two standard deviations and what joins them, as an ellipse that exists: a
/// correlation of one or more cannot be, and comes of rounding.
pub(super) fn ellipse(east_sigma_m: f64, north_sigma_m: f64, covariance_m2: f64) -> Option<HorizontalError> {
    let product = east_sigma_m * north_sigma_m;
    let correlation = (covariance_m2 / product).clamp(-CORRELATION_MAX, CORRELATION_MAX);
    (product > 0.0).then_some(HorizontalError { east_sigma_m, north_sigma_m, correlation })
}

/// Beyond this an ellipse is a line within the rounding of its axes.
const CORRELATION_MAX: f64 = 0.95;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ellipse_has_two_axes() {
        assert_eq!(ellipse(0.0, 3.0, 0.0), None);
        let told = ellipse(2.0, 3.0, -3.0).expect("an ellipse");
        assert!((told.correlation + 0.5).abs() < 1e-12);
        assert!((ellipse(2.0, 3.0, 9.0).expect("an ellipse").correlation - CORRELATION_MAX).abs() < 1e-12);
    }

    #[test]
    fn a_blank_or_garbled_callsign_is_no_name() {
        let name = |text| AircraftIdentification::from_text(text).and_then(AircraftIdentification::name);
        assert_eq!(name("DRONE 1").as_deref(), Some("DRONE 1"));
        assert_eq!(name(""), None);
        assert_eq!(TargetIdentification { sti: 0, chr: 0 }.name(), None);
    }
}
