//! CAT019: what is wanted of the status of a multilateration system, edition 1.3. Decoded only.

use super::common::{DataSource, TimeOfDay};
use super::excerpt::excerpt;
use super::spec::CAT019;
use super::wire::packed;
use crate::geoid;
use fusion_core::geodesy::Geodetic;

excerpt! {
    /// One status message.
    SystemReport of CAT019 {
        /// Who sends.
        1 "010" source: DataSource,
        /// When, UTC.
        3 "140" time_of_day: TimeOfDay,
        /// State of the system.
        4 "550" status: SystemStatus,
        /// Where the origin of its Cartesian coordinates is.
        8 "600" reference: ReferencePoint,
        /// How high that is.
        9 "610" height: ReferenceHeight,
        /// How high the sea is there.
        10 "620" undulation: Undulation,
    }
}

packed! {
    /// State of the system (550).
    SystemStatus: 1 {
        /// 0 operational, 1 degraded, 2 must not be used.
        nogo: u8 = 8..7,
        /// Overloaded.
        ovl: bool = 6..6,
        /// The time source is invalid.
        tsv: bool = 5..5,
        /// The test target failed.
        ttf: bool = 4..4,
    }
}

packed! {
    /// Reference point, WGS-84 (600).
    ReferencePoint: 8 {
        /// Latitude in 180°/2³⁰.
        lat: i32 = 64..33,
        /// Longitude in 180°/2³⁰.
        lon: i32 = 32..1,
    }
}

impl ReferencePoint {
    /// Step of latitude and longitude in degrees.
    pub const STEP_DEG: f64 = 180.0 / 1_073_741_824.0;

    /// Latitude in degrees, north positive.
    #[must_use]
    pub fn latitude_deg(&self) -> f64 {
        f64::from(self.lat) * Self::STEP_DEG
    }

    /// Longitude in degrees, east positive.
    #[must_use]
    pub fn longitude_deg(&self) -> f64 {
        f64::from(self.lon) * Self::STEP_DEG
    }
}

packed! {
    /// Height of the reference point above mean sea level (610).
    ReferenceHeight: 2 {
        /// In 1/4 m.
        height: i16 = 16..1,
    }
}

impl ReferenceHeight {
    /// Metres.
    #[must_use]
    pub fn metres(&self) -> f64 {
        f64::from(self.height) / 4.0
    }
}

packed! {
    /// Mean sea level above the ellipsoid (620).
    Undulation: 1 {
        /// Metres.
        undulation: i8 = 8..1,
    }
}

impl SystemReport {
    /// The reference point. An untold height is taken for zero, which moves no position on the map; an untold
    /// undulation for what the model has.
    #[must_use]
    pub fn reference_point(&self) -> Option<Geodetic> {
        let point = self.reference?;
        let above_sea = self.height.map_or(0.0, |height| height.metres());
        let place = Geodetic::from_degrees(point.latitude_deg(), point.longitude_deg(), above_sea)?;
        Some(geoid::above_ellipsoid(place, self.undulation.map(|sea| f64::from(sea.undulation))).0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::spec::Shape;
    use super::super::wire::layout::{Layout, check};
    use super::*;

    fn fixed<T: Layout>(name: &str) {
        let Shape::Fixed(fixed) = CAT019.by_name(name).expect("in the table").1.shape else { panic!("{name}") };
        check::<T>(fixed.content, 0);
    }

    #[test]
    fn the_structs_say_the_same_as_the_table() {
        SystemReport::check(&CAT019);
        fixed::<DataSource>("010");
        fixed::<TimeOfDay>("140");
        fixed::<SystemStatus>("550");
        fixed::<ReferencePoint>("600");
        fixed::<ReferenceHeight>("610");
        fixed::<Undulation>("620");
    }

    #[test]
    fn the_height_of_the_reference_point_is_above_the_ellipsoid() {
        let told = SystemReport {
            reference: Some(ReferencePoint { lat: 1 << 28, lon: -(1 << 27) }),
            height: Some(ReferenceHeight { height: 40 }),
            undulation: Some(Undulation { undulation: 47 }),
            ..SystemReport::default()
        };
        let point = told.reference_point().expect("told");
        assert!((point.latitude_deg() - 45.0).abs() < 1e-9 && (point.longitude_deg() + 22.5).abs() < 1e-9);
        assert!((point.height_m - 57.0).abs() < 1e-12);
    }
}
