//! CAT034 as structs: what a radar says of itself, edition 1.29.
//!
//! North markers and sector crossings carry the beat of the antenna, which is what tells a miss from a target that
//! nobody has looked for yet.

use std::f64::consts::TAU;

use super::common::{DataSource, Explicit, NAUTICAL_MILE_M, TimeOfDay};
use super::excerpt::excerpt;
use super::spec::{CAT034, Spec};
use super::wire::{TypedRecord, compound, packed};

compound! {
    /// One service message.
    ServiceMessage of 14 {
        /// Who sends.
        1 "010" source: DataSource,
        /// What it is about.
        2 "000" message_type: MessageType,
        /// When, UTC.
        3 "030" time_of_day: TimeOfDay,
        /// Where the antenna points.
        4 "020" sector: Sector,
        /// How fast it turns.
        5 "041" rotation: Rotation,
        /// Configuration and status.
        6 "050" configuration: Configuration,
        /// Processing mode.
        7 "060" processing: Processing,
        /// Counts of messages.
        8 "070" counts: Vec<MessageCount>,
        /// The window that a filter or a jamming strobe is about.
        9 "100" window: PolarWindow,
        /// The data filtered there.
        10 "110" filter: DataFilter,
        /// Where the radar stands.
        11 "120" position: SourcePosition,
        /// Errors between primary and secondary.
        12 "090" collimation: Collimation,
        /// Reserved expansion field.
        13 "RE" expansion: Explicit,
        /// Special purpose field.
        14 "SP" special: Explicit,
    }
}

impl TypedRecord for ServiceMessage {
    const SPEC: &'static Spec = &CAT034;
}

excerpt! {
    /// What a tracker wants of a service message.
    Service of CAT034 {
        /// Who sends.
        1 "010" source: DataSource,
        /// What it is about.
        2 "000" message_type: MessageType,
        /// When, UTC.
        3 "030" time_of_day: TimeOfDay,
        /// Where the antenna points.
        4 "020" sector: Sector,
        /// How fast it turns.
        5 "041" rotation: Rotation,
        /// Configuration and status.
        6 "050" configuration: Configuration,
        /// Where the radar stands.
        11 "120" position: SourcePosition,
    }
}

packed! {
    /// What the message is about (000).
    MessageType: 1 {
        /// Number; the constants of this type name them.
        typ: u8 = 8..1,
    }
}

impl MessageType {
    /// The antenna passes north.
    pub const NORTH_MARKER: Self = Self { typ: 1 };
    /// The antenna enters a sector.
    pub const SECTOR_CROSSING: Self = Self { typ: 2 };
    /// A geographical filter is on.
    pub const GEOGRAPHICAL_FILTER: Self = Self { typ: 3 };
    /// Jamming strobe of the primary radar.
    pub const JAMMING_STROBE: Self = Self { typ: 4 };
    /// Solar storm.
    pub const SOLAR_STORM: Self = Self { typ: 5 };
    /// Jamming strobe of the secondary radar.
    pub const SSR_JAMMING_STROBE: Self = Self { typ: 6 };
    /// Jamming strobe of the Mode S radar.
    pub const MODE_S_JAMMING_STROBE: Self = Self { typ: 7 };
}

packed! {
    /// Azimuth of the antenna (020).
    Sector: 1 {
        /// Azimuth in 1/256 turn.
        azimuth: u8 = 8..1,
    }
}

impl Sector {
    /// Azimuth clockwise from the radar's north, radians in [0, 2π).
    #[must_use]
    pub fn azimuth_rad(&self) -> f64 {
        f64::from(self.azimuth) * (TAU / 256.0)
    }
}

packed! {
    /// Antenna rotation (041).
    Rotation: 2 {
        /// Time of one turn in 1/128 s.
        period: u16 = 16..1,
    }
}

impl Rotation {
    /// Time of one turn in seconds.
    #[must_use]
    pub fn period_s(&self) -> f64 {
        f64::from(self.period) / 128.0
    }
}

compound! {
    /// Configuration and status (050).
    #[derive(Copy)]
    Configuration of 6 {
        /// Of the whole.
        1 "COM" common: CommonStatus,
        /// Of the primary radar.
        4 "PSR" primary: ChannelStatus,
        /// Of the secondary radar.
        5 "SSR" secondary: ChannelStatus,
        /// Of the Mode S radar.
        6 "MDS" mode_s: ModeSStatus,
    }
}

packed! {
    /// Status of the whole radar (COM in 050).
    CommonStatus: 1 {
        /// Not released: the data must be discarded.
        nogo: bool = 8..8,
        /// Radar data processor chain 2 instead of 1.
        rdpc: bool = 7..7,
        /// The processor was reset: track numbers start anew.
        rdpr: bool = 6..6,
        /// The processor is overloaded.
        ovlrdp: bool = 5..5,
        /// The transmission is overloaded.
        ovlxmt: bool = 4..4,
        /// The monitoring system is disconnected.
        msc: bool = 3..3,
        /// The time source is invalid.
        tsv: bool = 2..2,
    }
}

packed! {
    /// Status of the primary or the secondary radar (PSR and SSR in 050).
    ChannelStatus: 1 {
        /// Antenna 2 instead of 1.
        ant: bool = 8..8,
        /// Channels in use: 0 none, 1 A, 2 B, 3 both.
        chab: u8 = 7..6,
        /// Overloaded.
        ovl: bool = 5..5,
        /// The monitoring system is disconnected.
        msc: bool = 4..4,
    }
}

packed! {
    /// Status of the Mode S radar (MDS in 050).
    ModeSStatus: 2 {
        /// Antenna 2 instead of 1.
        ant: bool = 16..16,
        /// Channels in use: 0 none, 1 A, 2 B.
        chab: u8 = 15..14,
        /// Overloaded.
        ovlsur: bool = 13..13,
        /// The monitoring system is disconnected.
        msc: bool = 12..12,
        /// Surveillance co-ordination on channel B.
        scf: bool = 11..11,
        /// Data link on channel B.
        dlf: bool = 10..10,
        /// Surveillance co-ordination is overloaded.
        ovlscf: bool = 9..9,
        /// Data link is overloaded.
        ovldlf: bool = 8..8,
    }
}

compound! {
    /// Processing mode (060).
    Processing of 6 {
        /// Of the whole.
        1 "COM" common: CommonProcessing,
        /// Of the primary radar.
        4 "PSR" primary: PrimaryProcessing,
        /// Of the secondary radar.
        5 "SSR" secondary: SecondaryProcessing,
        /// Of the Mode S radar.
        6 "MDS" mode_s: ModeSProcessing,
    }
}

packed! {
    /// Reductions because of overload (COM in 060).
    CommonProcessing: 1 {
        /// Step of reduction in the processor, 0 none.
        redrdp: u8 = 7..5,
        /// Step of reduction in the transmission, 0 none.
        redxmt: u8 = 4..2,
    }
}

packed! {
    /// Processing of the primary radar (PSR in 060).
    PrimaryProcessing: 1 {
        /// Circular polarisation instead of linear.
        pol: bool = 8..8,
        /// Step of reduction, 0 none.
        redrad: u8 = 7..5,
        /// Sensitivity time control map, less one.
        stc: u8 = 4..3,
    }
}

packed! {
    /// Processing of the secondary radar (SSR in 060).
    SecondaryProcessing: 1 {
        /// Step of reduction, 0 none.
        redrad: u8 = 8..6,
    }
}

packed! {
    /// Processing of the Mode S radar (MDS in 060).
    ModeSProcessing: 1 {
        /// Step of reduction, 0 none.
        redrad: u8 = 8..6,
        /// Not autonomous: part of a cluster.
        clu: bool = 5..5,
    }
}

packed! {
    /// A count of messages (in 070).
    MessageCount: 2 {
        /// What is counted, see the standard.
        typ: u8 = 16..12,
        /// How many.
        count: u16 = 11..1,
    }
}

packed! {
    /// A part of the surroundings (100).
    PolarWindow: 8 {
        /// Range at which it starts, 1/256 NM.
        rhost: u16 = 64..49,
        /// Range at which it ends, 1/256 NM.
        rhoend: u16 = 48..33,
        /// Azimuth at which it starts, 1/65536 turn.
        thetast: u16 = 32..17,
        /// Azimuth at which it ends, 1/65536 turn.
        thetaend: u16 = 16..1,
    }
}

packed! {
    /// What a filter holds back (110).
    DataFilter: 1 {
        /// Number of the filter, see the standard.
        typ: u8 = 8..1,
    }
}

packed! {
    /// Where the radar stands, WGS-84 (120).
    SourcePosition: 8 {
        /// Height above mean sea level, m.
        hgt: i16 = 64..49,
        /// Latitude in 180°/2²³.
        lat: i32 = 48..25,
        /// Longitude in 180°/2²³.
        lon: i32 = 24..1,
    }
}

/// Step of LAT and LON in degrees.
const POSITION_STEP_DEG: f64 = 180.0 / 8_388_608.0;

impl SourcePosition {
    /// Latitude in degrees, north positive.
    #[must_use]
    pub fn latitude_deg(&self) -> f64 {
        f64::from(self.lat) * POSITION_STEP_DEG
    }

    /// Longitude in degrees, east positive.
    #[must_use]
    pub fn longitude_deg(&self) -> f64 {
        f64::from(self.lon) * POSITION_STEP_DEG
    }

    /// Height above mean sea level in metres.
    #[must_use]
    pub fn height_m(&self) -> f64 {
        f64::from(self.hgt)
    }
}

packed! {
    /// Errors between the primary and the secondary radar (090).
    Collimation: 2 {
        /// Range error in 1/128 NM.
        rng: i8 = 16..9,
        /// Azimuth error in 360°/2¹⁴.
        azm: i8 = 8..1,
    }
}

impl Collimation {
    /// Range error in metres.
    #[must_use]
    pub fn range_m(&self) -> f64 {
        f64::from(self.rng) * (NAUTICAL_MILE_M / 128.0)
    }

    /// Azimuth error in radians.
    #[must_use]
    pub fn azimuth_rad(&self) -> f64 {
        f64::from(self.azm) * (TAU / 16_384.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::DATAGRAM;
    use super::super::spec::Shape;
    use super::super::wire::layout::{Layout, check, check_slots};
    use super::super::{CATALOGUE, records};
    use super::*;

    fn shape(name: &str) -> Shape {
        CAT034.by_name(name).expect("in the table").1.shape
    }

    fn same<T: Layout>(shape: Shape) {
        let (Shape::Fixed(fixed) | Shape::Repeated(fixed)) = shape else { panic!("of fixed contents") };
        check::<T>(fixed.content, 0);
    }

    fn subfield<T: Layout>(name: &str, frn: usize) {
        let Shape::Compound(subfields) = shape(name) else { panic!("{name} is compound") };
        same::<T>(subfields[frn - 1].expect("in use").shape);
    }

    #[test]
    fn the_structs_say_the_same_as_the_table() {
        check_slots(ServiceMessage::SLOTS, CAT034.uap);
        Service::check(&CAT034);
        same::<DataSource>(shape("010"));
        same::<MessageType>(shape("000"));
        same::<TimeOfDay>(shape("030"));
        same::<Sector>(shape("020"));
        same::<Rotation>(shape("041"));
        same::<MessageCount>(shape("070"));
        same::<PolarWindow>(shape("100"));
        same::<DataFilter>(shape("110"));
        same::<SourcePosition>(shape("120"));
        same::<Collimation>(shape("090"));
    }

    #[test]
    fn the_subfields_say_the_same_as_the_table() {
        let Shape::Compound(configuration) = shape("050") else { panic!("compound") };
        check_slots(Configuration::SLOTS, configuration);
        subfield::<CommonStatus>("050", 1);
        subfield::<ChannelStatus>("050", 4);
        subfield::<ChannelStatus>("050", 5);
        subfield::<ModeSStatus>("050", 6);
        let Shape::Compound(processing) = shape("060") else { panic!("compound") };
        check_slots(Processing::SLOTS, processing);
        subfield::<CommonProcessing>("060", 1);
        subfield::<PrimaryProcessing>("060", 4);
        subfield::<SecondaryProcessing>("060", 5);
        subfield::<ModeSProcessing>("060", 6);
    }

    #[test]
    fn a_sector_crossing_reads_in_si_units() {
        let record = records(DATAGRAM, CATALOGUE).nth(1).expect("two").expect("sound");
        let message = ServiceMessage::of(&record).expect("of this category");
        assert_eq!(message.message_type, Some(MessageType::SECTOR_CROSSING));
        assert!((message.sector.expect("020").azimuth_rad().to_degrees() - 135.0).abs() < 1e-9);
        assert!((message.time_of_day.expect("030").seconds() - 27_356.125).abs() < 1e-9);
    }

    #[test]
    fn negative_positions_are_south_and_west() {
        let position = SourcePosition { hgt: -3, lat: -4_194_304, lon: -8_388_608 };
        assert!((position.latitude_deg() + 90.0).abs() < 1e-9 && (position.longitude_deg() + 180.0).abs() < 1e-9);
        assert!((position.height_m() + 3.0).abs() < 1e-9);
    }
}
