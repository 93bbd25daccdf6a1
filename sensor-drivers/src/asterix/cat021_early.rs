//! CAT021 before its second edition: what is wanted of the target reports of stations that speak 0.23 to 0.26.
//!
//! Here the target report descriptor, the position, the accuracy and the velocity have other forms than in
//! [`super::cat021`], and one time of day stands for all.

use std::f64::consts::TAU;

use super::cat020;
use super::cat021::{EmitterCategory, GeometricHeight, Level, Position};
use super::cat048::Mode3A;
use super::common::{AircraftAddress, AircraftIdentification, DataSource, FOOT_M, NAUTICAL_MILE_M, TimeOfDay};
use super::excerpt::{Excerpt, excerpt};
use super::spec::{CAT021_0_23, CAT021_0_26};
use super::wire::packed;

excerpt! {
    /// One target report.
    EarlyReport of CAT021_0_23 | CAT021_0_26 {
        /// Who sends.
        1 "010" source: DataSource,
        /// What kind of report it is.
        2 "040" descriptor: Descriptor,
        /// When it was true, UTC.
        3 "030" time_of_day: TimeOfDay,
        /// Where.
        4 "130" position: EarlyPosition,
        /// 24-bit address.
        5 "080" address: AircraftAddress,
        /// Height above the ellipsoid.
        6 "140" height: GeometricHeight,
        /// How good the position is.
        7 "090" merit: FigureOfMerit,
        /// Pressure altitude.
        10 "145" flight_level: Level,
        /// Rate of climb by pressure.
        14 "155" barometric_rate: VerticalRate,
        /// Rate of climb by satellite.
        15 "157" geometric_rate: VerticalRate,
        /// Velocity over ground.
        16 "160" ground_vector: GroundVector,
        /// Callsign or registration.
        18 "170" identification: AircraftIdentification,
        /// How good the velocity is.
        19 "095" velocity_accuracy: VelocityAccuracy,
        /// What the emitter is.
        22 "020" emitter: EmitterCategory,
        /// Mode 3/A code, since 0.26.
        27 "070" mode_3a: Mode3A,
    }
}

packed! {
    /// What kind of report it is (040).
    Descriptor: 2 {
        /// Differential correction.
        dcr: bool = 16..16,
        /// On the ground.
        gbs: bool = 15..15,
        /// Simulated.
        sim: bool = 14..14,
        /// Test target.
        tst: bool = 13..13,
        /// A fixed transponder that monitors the station.
        rab: bool = 12..12,
        /// Cannot tell its selected altitude.
        saa: bool = 11..11,
        /// Special position identification.
        spi: bool = 10..10,
        /// Address: 0 not unique, 1 ICAO, 2 surface vehicle, 3 anonymous.
        atp: u8 = 8..6,
        /// Steps of the altitude: 1 25 ft, 2 100 ft.
        arc: u8 = 5..4,
    }
}

/// WGS-84 position (130), whose width tells the edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarlyPosition {
    /// Of 0.23: steps of 180°/2²³.
    Coarse(Position),
    /// Since 0.24: steps of 180°/2²⁵, as in CAT020.
    Fine(cat020::Position),
}

impl EarlyPosition {
    /// Latitude and longitude in degrees, north and east positive.
    #[must_use]
    pub fn degrees(&self) -> [f64; 2] {
        match self {
            Self::Coarse(position) => position.degrees(),
            Self::Fine(position) => [position.latitude_deg(), position.longitude_deg()],
        }
    }

    /// Step of latitude and longitude in degrees.
    #[must_use]
    pub const fn step_deg(&self) -> f64 {
        match self {
            Self::Coarse(_) => Position::STEP_DEG,
            Self::Fine(_) => cat020::Position::STEP_DEG,
        }
    }
}

impl Excerpt for EarlyPosition {
    fn of_item(octets: &[u8]) -> Option<Self> {
        match octets.len() {
            6 => Position::of_item(octets).map(Self::Coarse),
            _ => cat020::Position::of_item(octets).map(Self::Fine),
        }
    }
}

packed! {
    /// Figure of merit (090).
    FigureOfMerit: 2 {
        /// Collision avoidance, see the standard.
        ac: u8 = 16..15,
        /// Several aids of navigation, see the standard.
        mn: u8 = 14..13,
        /// Differential correction, see the standard.
        dc: u8 = 12..11,
        /// NUCp: accuracy of the position, 0 unknown.
        pa: u8 = 4..1,
    }
}

packed! {
    /// Accuracy of the velocity (095).
    VelocityAccuracy: 1 {
        /// NUCr, 0 unknown.
        va: u8 = 8..1,
    }
}

packed! {
    /// Rate of climb (155, 157).
    VerticalRate: 2 {
        /// In 6.25 ft/min.
        rate: i16 = 16..1,
    }
}

impl VerticalRate {
    /// Metres per second, positive up.
    #[must_use]
    pub fn climb_m_s(&self) -> f64 {
        f64::from(self.rate) * (6.25 * FOOT_M / 60.0)
    }
}

packed! {
    /// Velocity over ground (160).
    GroundVector: 4 {
        /// Speed in 2⁻¹⁴ NM/s; never negative.
        gs: i16 = 32..17,
        /// Track angle in 1/65536 turn.
        ta: u16 = 16..1,
    }
}

impl GroundVector {
    /// Speed in m/s; `None` for what is no speed.
    #[must_use]
    pub fn speed_m_s(&self) -> Option<f64> {
        (self.gs >= 0).then(|| f64::from(self.gs) * (NAUTICAL_MILE_M / 16_384.0))
    }

    /// Track angle clockwise from true north, radians in [0, 2π).
    #[must_use]
    pub fn track_rad(&self) -> f64 {
        f64::from(self.ta) * (TAU / 65_536.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::spec::{Shape, Spec};
    use super::super::wire::layout::{Layout, check};
    use super::*;

    fn fixed<T: Layout>(spec: &'static Spec, name: &str) {
        let Shape::Fixed(fixed) = spec.by_name(name).expect("in the table").1.shape else { panic!("{name}") };
        check::<T>(fixed.content, 0);
    }

    #[test]
    fn the_structs_say_the_same_as_the_tables() {
        for spec in [&CAT021_0_23, &CAT021_0_26] {
            EarlyReport::check(spec);
            fixed::<DataSource>(spec, "010");
            fixed::<Descriptor>(spec, "040");
            fixed::<TimeOfDay>(spec, "030");
            fixed::<AircraftAddress>(spec, "080");
            fixed::<GeometricHeight>(spec, "140");
            fixed::<FigureOfMerit>(spec, "090");
            fixed::<Level>(spec, "145");
            fixed::<VerticalRate>(spec, "155");
            fixed::<VerticalRate>(spec, "157");
            fixed::<GroundVector>(spec, "160");
            fixed::<AircraftIdentification>(spec, "170");
            fixed::<VelocityAccuracy>(spec, "095");
            fixed::<EmitterCategory>(spec, "020");
        }
        fixed::<Position>(&CAT021_0_23, "130");
        fixed::<cat020::Position>(&CAT021_0_26, "130");
        fixed::<Mode3A>(&CAT021_0_26, "070");
    }

    #[test]
    fn the_width_of_a_position_tells_its_steps() {
        let coarse = EarlyPosition::of_item(&[0x20, 0, 0, 0xE0, 0, 0]).expect("six octets");
        let fine = EarlyPosition::of_item(&[0, 0x80, 0, 0, 0xFF, 0x80, 0, 0]).expect("eight octets");
        for position in [coarse, fine] {
            let [latitude, longitude] = position.degrees();
            assert!((latitude - 45.0).abs() < 1e-9 && (longitude + 45.0).abs() < 1e-9);
        }
        assert_eq!(EarlyPosition::of_item(&[0; 5]), None);
    }
}
