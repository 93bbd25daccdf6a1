//! CAT020: what is wanted of the target reports of a multilateration system, editions 1.9 to 1.11.
//!
//! Cartesian coordinates are in metres east and north of the system's reference point. Decoded only; all other items
//! are passed over by the table.

use super::cat048::{Capability, FlightLevel, Mode3A};
use super::common::{AircraftAddress, DataSource, FOOT_M, TimeOfDay};
use super::excerpt::excerpt;
use super::spec::CAT020;
use super::target::{TargetIdentification, VehicleFleet, ellipse};
use super::wire::{LaterParts, compound, packed, part};
use crate::decoder::HorizontalError;

excerpt! {
    /// One target report.
    MlatReport of CAT020 {
        /// Who sends.
        1 "010" source: DataSource,
        /// How the target was seen.
        2 "020" descriptor: Descriptor,
        /// When, UTC.
        3 "140" time_of_day: TimeOfDay,
        /// Where on the earth.
        4 "041" position: Position,
        /// Where from the reference point.
        5 "042" cartesian: CartesianPosition,
        /// Number of the system's own track.
        6 "161" track_number: TrackNumber,
        /// State of that track.
        7 "170" track_status: TrackStatus,
        /// Mode 3/A code.
        8 "070" mode_3a: Mode3A,
        /// Velocity by the system's own tracker.
        9 "202" velocity: CartesianVelocity,
        /// Pressure altitude.
        10 "090" flight_level: FlightLevel,
        /// 24-bit address.
        12 "220" address: AircraftAddress,
        /// Callsign or registration.
        13 "245" identification: TargetIdentification,
        /// Height above the plane of the reference point.
        14 "110" local_height: Height,
        /// Height above the ellipsoid.
        15 "105" geometric_height: Height,
        /// Fleet of a vehicle.
        17 "300" fleet: VehicleFleet,
        /// Errors of the position.
        19 "500" accuracy: Accuracy,
        /// Capabilities of the transponder and flight status.
        22 "230" capability: Capability,
    }
}

part! {
    /// How a target was seen (020), first part: which signals were *not* used.
    Descriptor then Descriptor2 {
        /// No replies of Modes A and C.
        ssr: bool = 8..8,
        /// No Mode S.
        ms: bool = 7..7,
        /// No HF.
        hf: bool = 6..6,
        /// No VDL Mode 4.
        vdl4: bool = 5..5,
        /// No UAT.
        uat: bool = 4..4,
        /// No DME or TACAN.
        dme: bool = 3..3,
        /// Nothing else.
        ot: bool = 2..2,
    }
}

part! {
    /// Second part of 020.
    Descriptor2 then Descriptor3 {
        /// A fixed transponder that monitors the system.
        rab: bool = 8..8,
        /// Special position identification.
        spi: bool = 7..7,
        /// Chain 2 instead of 1.
        chn: bool = 6..6,
        /// The transponder says that it is on the ground.
        gbs: bool = 5..5,
        /// Corrupted replies.
        crt: bool = 4..4,
        /// Simulated.
        sim: bool = 3..3,
        /// Test target.
        tst: bool = 2..2,
    }
}

part! {
    /// Third part of 020, since edition 1.11.
    Descriptor3 then LaterParts {
        /// The address: 0 ICAO, 1 not ICAO, 2 no ADS-B message, 3 not known.
        cf: u8 = 8..7,
    }
}

packed! {
    /// WGS-84 position (041).
    Position: 8 {
        /// Latitude in 180°/2²⁵.
        lat: i32 = 64..33,
        /// Longitude in 180°/2²⁵.
        lon: i32 = 32..1,
    }
}

impl Position {
    /// Step of latitude and longitude in degrees.
    pub const STEP_DEG: f64 = 180.0 / 33_554_432.0;

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
    /// Position in Cartesian coordinates (042).
    CartesianPosition: 6 {
        /// East of the reference point in 1/2 m.
        x: i32 = 48..25,
        /// North of it in 1/2 m.
        y: i32 = 24..1,
    }
}

impl CartesianPosition {
    /// East and north of the reference point, metres.
    #[must_use]
    pub fn east_north_m(&self) -> [f64; 2] {
        [f64::from(self.x) / 2.0, f64::from(self.y) / 2.0]
    }
}

packed! {
    /// Velocity of the system's own track (202).
    CartesianVelocity: 4 {
        /// East in 1/4 m/s.
        vx: i16 = 32..17,
        /// North in 1/4 m/s.
        vy: i16 = 16..1,
    }
}

impl CartesianVelocity {
    /// East and north, m/s.
    #[must_use]
    pub fn east_north_m_s(&self) -> [f64; 2] {
        [f64::from(self.vx) / 4.0, f64::from(self.vy) / 4.0]
    }
}

packed! {
    /// Number of the system's own track (161).
    TrackNumber: 2 {
        /// Number; used again after the track has ended.
        trn: u16 = 12..1,
    }
}

part! {
    /// State of the system's own track (170), first part.
    TrackStatus then TrackStatus2 {
        /// Not confirmed yet.
        cnf: bool = 8..8,
        /// Last report of the track.
        tre: bool = 7..7,
        /// Extrapolated.
        cst: bool = 6..6,
        /// Climbing, descending, see the standard.
        cdm: u8 = 5..4,
        /// Horizontal manoeuvre.
        mah: bool = 3..3,
        /// The position is smoothed, not measured.
        sth: bool = 2..2,
    }
}

part! {
    /// Second part of 170.
    TrackStatus2 then LaterParts {
        /// Ghost track.
        gho: bool = 8..8,
    }
}

impl TrackStatus {
    /// Whether the system takes the track for a reflection.
    #[must_use]
    pub fn is_ghost(&self) -> bool {
        self.more.is_some_and(|second| second.gho)
    }
}

packed! {
    /// A height (105, 110).
    Height: 2 {
        /// In 6.25 ft.
        height: i16 = 16..1,
    }
}

impl Height {
    /// Metres.
    #[must_use]
    pub fn metres(&self) -> f64 {
        f64::from(self.height) * (6.25 * FOOT_M)
    }
}

compound! {
    /// Errors of the position (500).
    #[derive(Copy)]
    Accuracy of 3 {
        /// By how much the geometry multiplies errors of range.
        1 "DOP" dilution: Dilution,
        /// Standard deviations.
        2 "SDP" deviation: Deviation,
        /// Standard deviation of the height above the ellipsoid.
        3 "SDH" height: HeightDeviation,
    }
}

packed! {
    /// Dilution of precision (DOP in 500).
    Dilution: 6 {
        /// East in 1/4.
        x: u16 = 48..33,
        /// North in 1/4.
        y: u16 = 32..17,
        /// What joins them, in 1/4.
        xy: i16 = 16..1,
    }
}

impl Dilution {
    /// The error of a position whose ranges have this one sigma, unless a dilution is zero, which stands for untold.
    #[must_use]
    pub fn horizontal_error(&self, range_sigma_m: f64) -> Option<HorizontalError> {
        let along = |dilution| f64::from(dilution) / 4.0 * range_sigma_m;
        ellipse(along(self.x), along(self.y), 0.0)
    }
}

packed! {
    /// Standard deviations of the position (SDP in 500).
    Deviation: 6 {
        /// East in 1/4 m.
        x: u16 = 48..33,
        /// North in 1/4 m.
        y: u16 = 32..17,
        /// What joins them, in 1/4.
        xy: i16 = 16..1,
    }
}

impl Deviation {
    /// The error of the position, unless a deviation is zero, which stands for untold.
    ///
    /// The standard calls the third number a correlation and gives it quarters, of which few would be any; read as the
    /// root of the covariance in quarters of a metre, as I010/500 has it, it is right where systems mean that, and next
    /// to nothing where they mean a correlation. The other way round it could make a line of an ellipse.
    #[must_use]
    pub fn horizontal_error(&self) -> Option<HorizontalError> {
        let root = f64::from(self.xy) / 4.0;
        ellipse(f64::from(self.x) / 4.0, f64::from(self.y) / 4.0, root * root.abs())
    }
}

packed! {
    /// Standard deviation of the height (SDH in 500).
    HeightDeviation: 2 {
        /// In 1/2 m.
        sigma: u16 = 16..1,
    }
}

impl HeightDeviation {
    /// Metres.
    #[must_use]
    pub fn metres(&self) -> f64 {
        f64::from(self.sigma) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::spec::{Content, Shape};
    use super::super::wire::layout::{Layout, check, check_slots};
    use super::*;

    fn shape(name: &str) -> Shape {
        CAT020.by_name(name).expect("in the table").1.shape
    }

    fn fixed<T: Layout>(name: &str) {
        let Shape::Fixed(fixed) = shape(name) else { panic!("{name} is fixed") };
        check::<T>(fixed.content, 0);
    }

    fn part_of(name: &str, index: usize) -> Content {
        let Shape::Extended(parts) = shape(name) else { panic!("{name} is extended") };
        parts[index].content
    }

    #[test]
    fn the_structs_say_the_same_as_the_table() {
        MlatReport::check(&CAT020);
        fixed::<DataSource>("010");
        fixed::<TimeOfDay>("140");
        fixed::<Position>("041");
        fixed::<CartesianPosition>("042");
        fixed::<TrackNumber>("161");
        fixed::<Mode3A>("070");
        fixed::<CartesianVelocity>("202");
        fixed::<FlightLevel>("090");
        fixed::<AircraftAddress>("220");
        fixed::<TargetIdentification>("245");
        fixed::<Height>("110");
        fixed::<Height>("105");
        fixed::<VehicleFleet>("300");
        check::<Descriptor>(part_of("020", 0), 1);
        check::<Descriptor2>(part_of("020", 1), 1);
        check::<Descriptor3>(part_of("020", 2), 1);
        check::<TrackStatus>(part_of("170", 0), 1);
        check::<TrackStatus2>(part_of("170", 1), 1);
        let Shape::Compound(accuracy) = shape("500") else { panic!("compound") };
        check_slots(Accuracy::SLOTS, accuracy);
    }

    #[test]
    fn what_joins_the_deviations_never_makes_a_line_of_the_ellipse() {
        let error = |xy| Deviation { x: 8, y: 12, xy }.horizontal_error().expect("told");
        assert!((error(6).covariance()[2] - 2.25).abs() < 1e-12);
        assert!(error(-3).correlation.abs() < 0.1 && error(i16::MIN).correlation > -1.0);
        assert_eq!(Deviation { x: 8, y: 0, xy: 0 }.horizontal_error(), None);
    }

    #[test]
    fn a_dilution_multiplies_the_error_of_a_range() {
        let error = Dilution { x: 6, y: 10, xy: 0 }.horizontal_error(4.0).expect("told");
        assert!((error.east_sigma_m - 6.0).abs() < 1e-12 && (error.north_sigma_m - 10.0).abs() < 1e-12);
    }
}
