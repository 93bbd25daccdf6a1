//! CAT021: what is wanted of the target reports of an ADS-B ground station, editions 2.1 to 2.7. Those before are in
//! [`super::cat021_early`].
//!
//! Everything but the times of reception is what the target says of itself. Decoded only; all other items are passed
//! over by the table.

use std::f64::consts::TAU;

use super::common::{AircraftAddress, AircraftIdentification, DataSource, FOOT_M, NAUTICAL_MILE_M, TimeOfDay};
use super::excerpt::{Excerpt, excerpt};
use super::spec::CAT021;
use super::wire::{LaterParts, packed, part};

excerpt! {
    /// One target report.
    AdsbReport of CAT021 {
        /// Who sends.
        1 "010" source: DataSource,
        /// What kind of report it is.
        2 "040" descriptor: Descriptor,
        /// Number of the station's own track.
        3 "161" track_number: TrackNumber,
        /// When the position was true.
        5 "071" position_time: TimeOfDay,
        /// Where.
        6 "130" position: Position,
        /// Where, in finer steps.
        7 "131" fine_position: FinePosition,
        /// 24-bit address.
        11 "080" address: AircraftAddress,
        /// When the position was received.
        12 "073" reception_time: TimeOfDay,
        /// Height above the ellipsoid.
        16 "140" height: GeometricHeight,
        /// How good it all is.
        17 "090" quality: Quality,
        /// Which version of the standard the target speaks.
        18 "210" version: Version,
        /// Mode 3/A code.
        19 "070" mode_3a: Mode3A,
        /// Pressure altitude.
        21 "145" flight_level: Level,
        /// Rate of climb by pressure.
        24 "155" barometric_rate: VerticalRate,
        /// Rate of climb by satellite.
        25 "157" geometric_rate: GeometricRate,
        /// Velocity over ground.
        26 "160" ground_vector: GroundVector,
        /// When the station sent the report.
        28 "077" transmission_time: TimeOfDay,
        /// Callsign or registration.
        29 "170" identification: AircraftIdentification,
        /// What the emitter is.
        30 "020" emitter: EmitterCategory,
        /// How old some of it is.
        42 "295" ages: DataAges,
    }
}

/// How old values are that the station joined to a newer position (295), in tenths of a second; zero if not told. The
/// greatest stands for itself and all above. Of the 23 ages in the item, those of what is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DataAges {
    /// Of the height above the ellipsoid (140).
    pub geometric_height: u8,
    /// Of the pressure altitude (145).
    pub flight_level: u8,
    /// Of the velocity over ground (160).
    pub ground_vector: u8,
}

impl Excerpt for DataAges {
    /// Seven flags an octet and whether another octet of flags follows; then an octet for each flag.
    fn of_item(octets: &[u8]) -> Option<Self> {
        let flagged = octets.iter().position(|octet| octet & 1 == 0)? + 1;
        let (flags, ages) = octets.split_at(flagged);
        let told = flags.iter().flat_map(|octet| (1..8).rev().map(move |bit| octet >> bit & 1 == 1));
        let mut ages = ages.iter();
        let mut all = Self::default();
        for (number, _) in (1..).zip(told).filter(|(_, told)| *told) {
            let age = *ages.next()?;
            match number {
                7 => all.geometric_height = age,
                8 => all.flight_level = age,
                16 => all.ground_vector = age,
                _ => {}
            }
        }
        Some(all)
    }
}

part! {
    /// What kind of report it is (040), first part.
    Descriptor then Descriptor2 {
        /// Address: 0 ICAO, 1 duplicate, 2 surface vehicle, 3 anonymous.
        atp: u8 = 8..6,
        /// Steps of the altitude: 0 25 ft, 1 100 ft.
        arc: u8 = 5..4,
        /// The range was checked, the position itself is still to be validated.
        rc: bool = 3..3,
        /// A fixed transponder that monitors the station.
        rab: bool = 2..2,
    }
}

part! {
    /// Second part of 040.
    Descriptor2 then Descriptor3 {
        /// Differential correction.
        dcr: bool = 8..8,
        /// On the ground.
        gbs: bool = 7..7,
        /// Simulated.
        sim: bool = 6..6,
        /// Test target.
        tst: bool = 5..5,
        /// Cannot tell its selected altitude.
        saa: bool = 4..4,
        /// Confidence: 0 valid, 1 suspect, 2 not known.
        cl: u8 = 3..2,
    }
}

part! {
    /// Third part of 040: what the station's checks found.
    Descriptor3 then LaterParts {
        /// The lookup in a list failed.
        llc: bool = 7..7,
        /// The independent check of the position failed.
        ipc: bool = 6..6,
        /// Must not be used.
        nogo: bool = 5..5,
        /// The position could not be validated.
        cpr: bool = 4..4,
        /// The position jumped.
        ldpj: bool = 3..3,
        /// The range check failed.
        rcf: bool = 2..2,
    }
}

impl Descriptor {
    /// Whether the station itself doubts the position.
    #[must_use]
    pub fn is_doubted(&self) -> bool {
        const SUSPECT: u8 = 1;
        let checks = self.more.and_then(|second| second.more);
        self.rc
            || self.more.is_some_and(|second| second.cl == SUSPECT)
            || checks.is_some_and(|found| found.ipc || found.nogo || found.cpr || found.ldpj || found.rcf)
    }
}

packed! {
    /// Number of the station's own track (161).
    TrackNumber: 2 {
        /// Number; used again after the track has ended.
        trnum: u16 = 12..1,
    }
}

packed! {
    /// WGS-84 position (130).
    Position: 6 {
        /// Latitude in 180°/2²³.
        lat: i32 = 48..25,
        /// Longitude in 180°/2²³.
        lon: i32 = 24..1,
    }
}

packed! {
    /// WGS-84 position in finer steps (131).
    FinePosition: 8 {
        /// Latitude in 180°/2³⁰.
        lat: i32 = 64..33,
        /// Longitude in 180°/2³⁰.
        lon: i32 = 32..1,
    }
}

impl Position {
    /// Step of latitude and longitude in degrees.
    pub const STEP_DEG: f64 = 180.0 / 8_388_608.0;

    /// Latitude and longitude in degrees, north and east positive.
    #[must_use]
    pub fn degrees(&self) -> [f64; 2] {
        [self.lat, self.lon].map(|steps| f64::from(steps) * Self::STEP_DEG)
    }
}

impl FinePosition {
    /// Step of latitude and longitude in degrees.
    pub const STEP_DEG: f64 = 180.0 / 1_073_741_824.0;

    /// Latitude and longitude in degrees, north and east positive.
    #[must_use]
    pub fn degrees(&self) -> [f64; 2] {
        [self.lat, self.lon].map(|steps| f64::from(steps) * Self::STEP_DEG)
    }
}

packed! {
    /// Height above the ellipsoid (140).
    GeometricHeight: 2 {
        /// In 6.25 ft; the largest number stands for more than can be told.
        height: i16 = 16..1,
    }
}

impl GeometricHeight {
    /// Metres; `None` for more than can be told.
    #[must_use]
    pub fn metres(&self) -> Option<f64> {
        (self.height != i16::MAX).then(|| f64::from(self.height) * (6.25 * FOOT_M))
    }
}

part! {
    /// How good the data are (090), first part: as version 0 of the standard tells it, or integrity since version 1.
    Quality then Quality2 {
        /// NUCr or NACv: accuracy of the velocity.
        nucrnacv: u8 = 8..6,
        /// NUCp or NIC: accuracy, or integrity, of the position.
        nucpnic: u8 = 5..2,
    }
}

part! {
    /// Second part of 090, since version 1.
    Quality2 then Quality3 {
        /// The pressure altitude was checked against another source.
        nicbaro: bool = 8..8,
        /// Integrity of the source.
        sil: u8 = 7..6,
        /// NACp: accuracy of the position.
        nacp: u8 = 5..2,
    }
}

part! {
    /// Third part of 090, of version 2.
    Quality3 then Quality4 {
        /// The integrity of the source is by sample, not by hour.
        sils: bool = 6..6,
        /// Assurance of the design.
        sda: u8 = 5..4,
        /// GVA: accuracy of the geometric height.
        gva: u8 = 3..2,
    }
}

part! {
    /// Fourth part of 090.
    Quality4 then Quality5 {
        /// PIC: integrity of the position with all supplements.
        pic: u8 = 8..5,
        /// Received as such, not derived.
        src: bool = 4..4,
    }
}

part! {
    /// Fifth part of 090, since edition 2.7: how the station's validation went.
    Quality5 then LaterParts {
        /// The next is meant.
        valstate_ep: bool = 6..6,
        /// 0 not validated, 1 neither, 2 passed, 3 failed.
        valstate_val: u8 = 5..4,
        /// A distance follows.
        vd: bool = 3..3,
        /// Its quality follows.
        vq: bool = 2..2,
    }
}

impl Quality {
    /// The fourth part.
    fn fourth(&self) -> Option<Quality4> {
        self.more?.more?.more
    }

    /// NACp, if told.
    #[must_use]
    pub fn nac_p(&self) -> Option<u8> {
        self.more.map(|second| second.nacp)
    }

    /// GVA, if told.
    #[must_use]
    pub fn gva(&self) -> Option<u8> {
        self.more?.more.map(|third| third.gva)
    }

    /// PIC, if told.
    #[must_use]
    pub fn pic(&self) -> Option<u8> {
        self.fourth().map(|fourth| fourth.pic)
    }

    /// Whether the station validated the position, and it failed.
    #[must_use]
    pub fn failed_validation(&self) -> bool {
        const FAILED: u8 = 3;
        let state = self.fourth().and_then(|fourth| fourth.more);
        state.is_some_and(|state| state.valstate_ep && state.valstate_val == FAILED)
    }
}

packed! {
    /// Which standard the target speaks (210).
    Version: 1 {
        /// The station does not support the version.
        vns: bool = 7..7,
        /// Version: 0 DO-260, 1 DO-260A, 2 DO-260B, 3 DO-260C.
        vn: u8 = 6..4,
        /// Link: 1 UAT, 2 1090 ES, 3 VDL 4.
        ltt: u8 = 3..1,
    }
}

packed! {
    /// Mode 3/A code (070).
    Mode3A: 2 {
        /// Four octal digits.
        mode3a: u16 = 12..1,
    }
}

packed! {
    /// Pressure altitude (145).
    Level: 2 {
        /// Quarters of a flight level, which is 100 ft.
        fl: i16 = 16..1,
    }
}

impl Level {
    /// Pressure altitude in metres.
    #[must_use]
    pub fn altitude_m(&self) -> f64 {
        f64::from(self.fl) * (25.0 * FOOT_M)
    }
}

/// Step of rates of climb, 6.25 ft/min, in m/s.
const RATE_STEP_M_S: f64 = 6.25 * FOOT_M / 60.0;

packed! {
    /// Rate of climb by pressure (155).
    VerticalRate: 2 {
        /// The true rate is beyond.
        re: bool = 16..16,
        /// In 6.25 ft/min.
        bvr: i16 = 15..1,
    }
}

packed! {
    /// Rate of climb by satellite (157).
    GeometricRate: 2 {
        /// The true rate is beyond.
        re: bool = 16..16,
        /// In 6.25 ft/min.
        gvr: i16 = 15..1,
    }
}

impl VerticalRate {
    /// Metres per second, positive up; `None` if beyond what can be told.
    #[must_use]
    pub fn climb_m_s(&self) -> Option<f64> {
        (!self.re).then(|| f64::from(self.bvr) * RATE_STEP_M_S)
    }
}

impl GeometricRate {
    /// Metres per second, positive up; `None` if beyond what can be told.
    #[must_use]
    pub fn climb_m_s(&self) -> Option<f64> {
        (!self.re).then(|| f64::from(self.gvr) * RATE_STEP_M_S)
    }
}

packed! {
    /// Velocity over ground (160).
    GroundVector: 4 {
        /// The true speed is beyond.
        re: bool = 32..32,
        /// Speed in 2⁻¹⁴ NM/s.
        gs: u16 = 31..17,
        /// Track angle in 1/65536 turn.
        ta: u16 = 16..1,
    }
}

impl GroundVector {
    /// Speed in m/s; `None` if beyond what can be told.
    #[must_use]
    pub fn speed_m_s(&self) -> Option<f64> {
        (!self.re).then(|| f64::from(self.gs) * (NAUTICAL_MILE_M / 16_384.0))
    }

    /// Track angle clockwise from true north, radians in [0, 2π).
    #[must_use]
    pub fn track_rad(&self) -> f64 {
        f64::from(self.ta) * (TAU / 65_536.0)
    }
}

packed! {
    /// What the emitter is (020).
    EmitterCategory: 1 {
        /// Number, see the standard; [`EmitterCategory::class`] sorts them.
        ecat: u8 = 8..1,
    }
}

impl EmitterCategory {
    /// What kind of thing it is.
    #[must_use]
    pub const fn class(self) -> fusion_core::identity::ObjectClass {
        use fusion_core::identity::ObjectClass;
        match self.ecat {
            1..=6 | 11 | 12 | 14..=16 => ObjectClass::Air,
            10 => ObjectClass::Rotary,
            13 => ObjectClass::Uav,
            20 | 21 => ObjectClass::Ground,
            _ => ObjectClass::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::spec::{Content, Shape};
    use super::super::wire::layout::{Layout, check};
    use super::*;

    fn fixed<T: Layout>(name: &str) {
        let Shape::Fixed(fixed) = CAT021.by_name(name).expect("in the table").1.shape else { panic!("{name}") };
        check::<T>(fixed.content, 0);
    }

    fn part_of(name: &str, index: usize) -> Content {
        let Shape::Extended(parts) = CAT021.by_name(name).expect("in the table").1.shape else { panic!("{name}") };
        parts[index].content
    }

    #[test]
    fn the_structs_say_the_same_as_the_table() {
        AdsbReport::check(&CAT021);
        fixed::<DataSource>("010");
        fixed::<TrackNumber>("161");
        fixed::<TimeOfDay>("071");
        fixed::<Position>("130");
        fixed::<FinePosition>("131");
        fixed::<AircraftAddress>("080");
        fixed::<TimeOfDay>("073");
        fixed::<GeometricHeight>("140");
        fixed::<Version>("210");
        fixed::<Mode3A>("070");
        fixed::<Level>("145");
        fixed::<VerticalRate>("155");
        fixed::<GeometricRate>("157");
        fixed::<GroundVector>("160");
        fixed::<TimeOfDay>("077");
        fixed::<AircraftIdentification>("170");
        fixed::<EmitterCategory>("020");
        check::<Descriptor>(part_of("040", 0), 1);
        check::<Descriptor2>(part_of("040", 1), 1);
        check::<Descriptor3>(part_of("040", 2), 1);
        check::<Quality>(part_of("090", 0), 1);
        check::<Quality2>(part_of("090", 1), 1);
        check::<Quality3>(part_of("090", 2), 1);
        check::<Quality4>(part_of("090", 3), 1);
        check::<Quality5>(part_of("090", 4), 1);
    }

    #[test]
    fn what_is_beyond_the_range_of_an_item_is_not_told() {
        assert_eq!(GeometricHeight { height: i16::MAX }.metres(), None);
        assert_eq!(GroundVector { re: true, gs: 1, ta: 0 }.speed_m_s(), None);
        assert_eq!(VerticalRate { re: true, bvr: 3 }.climb_m_s(), None);
        assert!((GeometricRate { re: false, gvr: -160 }.climb_m_s().expect("told") + 5.08).abs() < 1e-12);
    }

    #[test]
    fn any_check_that_failed_makes_a_position_doubted() {
        let checked = |third| Descriptor {
            more: Some(Descriptor2 { more: Some(third), ..Descriptor2::default() }),
            ..Descriptor::default()
        };
        assert!(!Descriptor::default().is_doubted());
        assert!(Descriptor { rc: true, ..Descriptor::default() }.is_doubted());
        assert!(checked(Descriptor3 { rcf: true, ..Descriptor3::default() }).is_doubted());
        assert!(!checked(Descriptor3 { llc: true, ..Descriptor3::default() }).is_doubted());
        let suspect = Descriptor2 { cl: 1, ..Descriptor2::default() };
        assert!(Descriptor { more: Some(suspect), ..Descriptor::default() }.is_doubted());
    }
}
