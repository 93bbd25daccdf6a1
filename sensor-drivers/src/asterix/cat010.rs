//! CAT010: what is wanted of the target reports and status of a surface movement system, edition 1.1.
//!
//! Cartesian coordinates are in metres east and north of the system's reference point, polar ones from its antenna,
//! azimuths clockwise from north. Decoded only; all other items are passed over by the table.

use std::f64::consts::TAU;

use super::cat048::{FlightLevel, Mode3A};
use super::common::{AircraftAddress, DataSource, FOOT_M, NAUTICAL_MILE_M, TimeOfDay};
use super::excerpt::excerpt;
use super::spec::CAT010;
use super::target::{TargetIdentification, VehicleFleet, ellipse};
use super::wire::{LaterParts, packed, part};
use crate::decoder::HorizontalError;

excerpt! {
    /// One report, of a target or of the system itself.
    SurfaceReport of CAT010 {
        /// Who sends.
        1 "010" source: DataSource,
        /// What it is about.
        2 "000" message_type: MessageType,
        /// How the target was seen.
        3 "020" descriptor: Descriptor,
        /// When, UTC.
        4 "140" time_of_day: TimeOfDay,
        /// Where on the earth.
        5 "041" position: Position,
        /// Where from the antenna.
        6 "040" polar: PolarPosition,
        /// Where from the reference point.
        7 "042" cartesian: CartesianPosition,
        /// Velocity by the system's own tracker.
        8 "200" polar_velocity: PolarVelocity,
        /// The same by components.
        9 "202" velocity: CartesianVelocity,
        /// Number of the system's own track.
        10 "161" track_number: TrackNumber,
        /// State of that track.
        11 "170" track_status: TrackStatus,
        /// Mode 3/A code.
        12 "060" mode_3a: Mode3A,
        /// 24-bit address.
        13 "220" address: AircraftAddress,
        /// Callsign or registration.
        14 "245" identification: TargetIdentification,
        /// Fleet of a vehicle.
        16 "300" fleet: VehicleFleet,
        /// Pressure altitude.
        17 "090" flight_level: FlightLevel,
        /// Height above the plane of the reference point.
        18 "091" height: MeasuredHeight,
        /// State of the system.
        20 "550" status: SystemStatus,
        /// Standard deviations of the position.
        22 "500" deviation: Deviation,
    }
}

packed! {
    /// What a message is about (000).
    MessageType: 1 {
        /// Number; the constants of this type name them.
        typ: u8 = 8..1,
    }
}

impl MessageType {
    /// A target.
    pub const TARGET: Self = Self { typ: 1 };
}

part! {
    /// How a target was seen (020), first part.
    Descriptor then Descriptor2 {
        /// By what; [`Descriptor::method`] names it.
        typ: u8 = 8..6,
        /// Differential correction (of ADS-B).
        dcr: bool = 5..5,
        /// Chain 2 instead of 1.
        chn: bool = 4..4,
        /// The transponder says that it is on the ground.
        gbs: bool = 3..3,
        /// Corrupted replies in multilateration.
        crt: bool = 2..2,
    }
}

/// By what a target was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// By its echo, or by a loop in the ground.
    Echo,
    /// By the arrival of its signals at several places.
    Multilateration,
    /// By what it says of itself.
    SelfReport,
    /// In another way.
    Other,
}

impl Descriptor {
    /// By what the target was seen.
    #[must_use]
    pub const fn method(&self) -> Method {
        match self.typ {
            0 | 1 | 5 => Method::Multilateration,
            2 => Method::SelfReport,
            3 | 4 => Method::Echo,
            _ => Method::Other,
        }
    }
}

part! {
    /// Second part of 020.
    Descriptor2 then Descriptor3 {
        /// Simulated.
        sim: bool = 8..8,
        /// Test target.
        tst: bool = 7..7,
        /// A fixed transponder that monitors the system.
        rab: bool = 6..6,
        /// Loop: 1 start, 2 finish.
        lop: u8 = 5..4,
        /// 1 aircraft, 2 ground vehicle, 3 helicopter.
        tot: u8 = 3..2,
    }
}

part! {
    /// Third part of 020.
    Descriptor3 then LaterParts {
        /// Special position identification.
        spi: bool = 8..8,
    }
}

packed! {
    /// WGS-84 position (041).
    Position: 8 {
        /// Latitude in 180°/2³¹.
        lat: i32 = 64..33,
        /// Longitude in 180°/2³¹.
        lon: i32 = 32..1,
    }
}

impl Position {
    /// Step of latitude and longitude in degrees.
    pub const STEP_DEG: f64 = 180.0 / 2_147_483_648.0;

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
    /// Measured position in polar coordinates (040).
    PolarPosition: 4 {
        /// Range in metres.
        rho: u16 = 32..17,
        /// Azimuth in 1/65536 turn.
        th: u16 = 16..1,
    }
}

impl PolarPosition {
    /// Range in metres.
    #[must_use]
    pub fn range_m(&self) -> f64 {
        f64::from(self.rho)
    }

    /// Azimuth clockwise from north, radians in [0, 2π).
    #[must_use]
    pub fn azimuth_rad(&self) -> f64 {
        f64::from(self.th) * (TAU / 65_536.0)
    }
}

packed! {
    /// Position in Cartesian coordinates (042).
    CartesianPosition: 4 {
        /// East of the reference point, metres.
        x: i16 = 32..17,
        /// North of it, metres.
        y: i16 = 16..1,
    }
}

impl CartesianPosition {
    /// East and north of the reference point, metres.
    #[must_use]
    pub fn east_north_m(&self) -> [f64; 2] {
        [f64::from(self.x), f64::from(self.y)]
    }
}

packed! {
    /// Velocity of the system's own track (200).
    PolarVelocity: 4 {
        /// Speed over ground in 2⁻¹⁴ NM/s.
        gsp: u16 = 32..17,
        /// Track angle in 1/65536 turn.
        tra: u16 = 16..1,
    }
}

impl PolarVelocity {
    /// Speed over ground in m/s.
    #[must_use]
    pub fn speed_m_s(&self) -> f64 {
        f64::from(self.gsp) * (NAUTICAL_MILE_M / 16_384.0)
    }

    /// Track angle clockwise from north, radians in [0, 2π).
    #[must_use]
    pub fn track_rad(&self) -> f64 {
        f64::from(self.tra) * (TAU / 65_536.0)
    }
}

packed! {
    /// The same by components (202).
    CartesianVelocity: 4 {
        /// East in 1/16 m/s.
        vx: i16 = 32..17,
        /// North in 1/16 m/s.
        vy: i16 = 16..1,
    }
}

impl CartesianVelocity {
    /// East and north, m/s.
    #[must_use]
    pub fn east_north_m_s(&self) -> [f64; 2] {
        [f64::from(self.vx) / 16.0, f64::from(self.vy) / 16.0]
    }
}

packed! {
    /// Number of the system's own track (161).
    TrackNumber: 2 {
        /// Number; used again after the track has ended.
        trk: u16 = 12..1,
    }
}

part! {
    /// State of the system's own track (170), first part.
    TrackStatus then TrackStatus2 {
        /// Not confirmed yet.
        cnf: bool = 8..8,
        /// Last report of the track.
        tre: bool = 7..7,
        /// Why it was extrapolated; 0 if it was not.
        cst: u8 = 6..5,
        /// Horizontal manoeuvre.
        mah: bool = 4..4,
        /// Tracked in a plane that touches the earth, not in the sensor's own.
        tcc: bool = 3..3,
        /// The position is smoothed, not measured.
        sth: bool = 2..2,
    }
}

part! {
    /// Second part of 170.
    TrackStatus2 then TrackStatus3 {
        /// Movement: 1 taking off, 2 landing, 3 other.
        tom: u8 = 8..7,
        /// Doubt, see the standard.
        dou: u8 = 6..4,
        /// Merged or split, see the standard.
        mrs: u8 = 3..2,
    }
}

part! {
    /// Third part of 170.
    TrackStatus3 then LaterParts {
        /// Ghost track.
        gho: bool = 8..8,
    }
}

impl TrackStatus {
    /// Whether the system takes the track for a reflection.
    #[must_use]
    pub fn is_ghost(&self) -> bool {
        self.more.and_then(|second| second.more).is_some_and(|third| third.gho)
    }
}

packed! {
    /// Height above the plane of the reference point (091).
    MeasuredHeight: 2 {
        /// In 6.25 ft.
        height: i16 = 16..1,
    }
}

impl MeasuredHeight {
    /// Metres.
    #[must_use]
    pub fn metres(&self) -> f64 {
        f64::from(self.height) * (6.25 * FOOT_M)
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
        /// Diversity degraded.
        div: bool = 4..4,
        /// The test target failed.
        ttf: bool = 3..3,
    }
}

packed! {
    /// Standard deviations of the position (500).
    Deviation: 4 {
        /// East in 1/4 m.
        devx: u8 = 32..25,
        /// North in 1/4 m.
        devy: u8 = 24..17,
        /// Covariance as a length in 1/4 m: its root, with its sign.
        covxy: i16 = 16..1,
    }
}

impl Deviation {
    /// The error of the position, unless a deviation is zero, which stands for untold.
    ///
    /// The covariance is told in metres, so it is its root with its sign (as I062/500 spells out).
    #[must_use]
    pub fn horizontal_error(&self) -> Option<HorizontalError> {
        let root = f64::from(self.covxy) / 4.0;
        ellipse(f64::from(self.devx) / 4.0, f64::from(self.devy) / 4.0, root * root.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::super::spec::Shape;
    use super::super::wire::layout::{Layout, check};
    use super::*;

    fn fixed<T: Layout>(name: &str) {
        let Shape::Fixed(fixed) = CAT010.by_name(name).expect("in the table").1.shape else { panic!("{name}") };
        check::<T>(fixed.content, 0);
    }

    fn parts(name: &str) -> [super::super::spec::Content; 3] {
        let Shape::Extended(parts) = CAT010.by_name(name).expect("in the table").1.shape else { panic!("{name}") };
        [0, 1, 2].map(|index| parts[index].content)
    }

    #[test]
    fn the_structs_say_the_same_as_the_table() {
        SurfaceReport::check(&CAT010);
        fixed::<DataSource>("010");
        fixed::<MessageType>("000");
        fixed::<TimeOfDay>("140");
        fixed::<Position>("041");
        fixed::<PolarPosition>("040");
        fixed::<CartesianPosition>("042");
        fixed::<PolarVelocity>("200");
        fixed::<CartesianVelocity>("202");
        fixed::<TrackNumber>("161");
        fixed::<Mode3A>("060");
        fixed::<AircraftAddress>("220");
        fixed::<TargetIdentification>("245");
        fixed::<VehicleFleet>("300");
        fixed::<FlightLevel>("090");
        fixed::<MeasuredHeight>("091");
        fixed::<SystemStatus>("550");
        fixed::<Deviation>("500");
        let [a, b, c] = parts("020");
        check::<Descriptor>(a, 1);
        check::<Descriptor2>(b, 1);
        check::<Descriptor3>(c, 1);
        let [a, b, c] = parts("170");
        check::<TrackStatus>(a, 1);
        check::<TrackStatus2>(b, 1);
        check::<TrackStatus3>(c, 1);
    }

    #[test]
    fn a_covariance_is_told_by_its_root() {
        let told = Deviation { devx: 8, devy: 12, covxy: -6 }.horizontal_error().expect("told");
        assert!((told.east_sigma_m - 2.0).abs() < 1e-12 && (told.north_sigma_m - 3.0).abs() < 1e-12);
        assert!((told.covariance()[2] + 2.25).abs() < 1e-12);
        assert_eq!(Deviation { devx: 0, devy: 12, covxy: 0 }.horizontal_error(), None);
    }
}
