//! What all measurements of one sensor have in common: errors that no averaging takes away.
//!
//! Nobody has estimated them; how large they may be is known. The tracker considers them: no track that rests on one
//! such sensor claims to be more certain than they allow ([`consider`](crate::filter::consider)).

/// One sigma of each error that stays the same from look to look. Zero where there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bias {
    /// Of the slant range, metres.
    pub range_m: f64,
    /// Of the azimuth, radians.
    pub azimuth_rad: f64,
    /// Of the elevation, radians.
    pub elevation_rad: f64,
    /// Of east and of north of a reported place, metres: what the target's own navigation is off by.
    pub place_m: f64,
    /// Of the time, seconds: along the track it is an error of place.
    pub time_s: f64,
}

impl Bias {
    /// Errors are independent from measurement to measurement.
    pub const NONE: Self = Self { range_m: 0.0, azimuth_rad: 0.0, elevation_rad: 0.0, place_m: 0.0, time_s: 0.0 };

    /// Whether the numbers make sense.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        let sigmas = [self.range_m, self.azimuth_rad, self.elevation_rad, self.place_m, self.time_s];
        sigmas.iter().all(|sigma| (0.0..f64::INFINITY).contains(sigma))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bias_is_not_negative_and_finite() {
        let bad = [-1.0, f64::NAN, f64::INFINITY].map(|range_m| Bias { range_m, ..Bias::NONE });
        assert!(Bias::NONE.is_usable() && bad.iter().all(|bias| !bias.is_usable()));
    }
}
