//! CAT062, system tracks, as far as they say where a thing is, how it moves, how well that is known and who it is;
//! editions 1.16 to 1.21, whose items differ only in bits that came to be used and in parts that were appended.
//!
//! Positions in the plane of the system (100) are not read: its reference point and projection are not in the stream.
//! Components x and y of a velocity are taken for east and north at the target, which in the middle of the system's
//! plane they are.

use super::common::{AircraftIdentification, DataSource, FOOT_M};
use super::octets::{part, quantity, signed, signed_quantity, subfields, unsigned};
use super::reception::source;
use super::record::Record;
use super::spec::CAT062;

/// One track at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SystemTrack {
    /// Who sends (010).
    pub source: Option<DataSource>,
    /// Its number (040).
    pub number: Option<u16>,
    /// Latitude and longitude, degrees (105).
    pub position_deg: Option<[f64; 2]>,
    /// Velocity over the ground, x and y, m/s (185).
    pub velocity: Option<[f64; 2]>,
    /// Rate of climb, m/s (220).
    pub climb_m_s: Option<f64>,
    /// Height above the WGS-84 ellipsoid, metres (130).
    pub geometric_height_m: Option<f64>,
    /// Barometric altitude of the track, metres (135).
    pub barometric_height_m: Option<f64>,
    /// Flight level as measured, metres (136).
    pub flight_level_m: Option<f64>,
    /// Status (080).
    pub status: Status,
    /// How well it is known (500).
    pub accuracy: Accuracy,
    /// Mode 3/A code, if it was validated (060).
    pub mode_3a: Option<u16>,
    /// Target address (380).
    pub address: Option<u32>,
    /// Identification as the target sends it (380) or as the system has it (245).
    pub identification: Option<AircraftIdentification>,
    /// Emitter category as the target sends it (380).
    pub emitter: Option<u8>,
    /// Callsign of the flight plan (390).
    pub callsign: Option<[u8; 7]>,
    /// A vehicle of a fleet on an airfield (300).
    pub vehicle: Option<u8>,
}

/// What the system says of a track (080).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The geometric height is more reliable than the barometric one (MRH).
    pub geometric: bool,
    /// Tentative (CNF).
    pub tentative: bool,
    /// Simulated (SIM).
    pub simulated: bool,
    /// The last message of the track (TSE).
    pub last: bool,
    /// The first message of the track (TSB).
    pub first: bool,
    /// Answered Mode 4 or Mode 5 as a friend (MD4, MD5).
    pub friendly: bool,
    /// Coasted (CST).
    pub coasted: bool,
}

/// One sigma of what a track tells (500); metres and m/s.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Accuracy {
    /// Position along x and y (APC).
    pub position: Option<[f64; 2]>,
    /// Covariance of x and y with its sign, as the root of its amount (COV).
    pub covariance_root: Option<f64>,
    /// Latitude and longitude, degrees (APW).
    pub position_deg: Option<[f64; 2]>,
    /// Geometric height (AGA).
    pub geometric_height: Option<f64>,
    /// Barometric height (ABA).
    pub barometric_height: Option<f64>,
    /// Velocity along x and y (ATV).
    pub velocity: Option<[f64; 2]>,
    /// Rate of climb (ARC).
    pub climb: Option<f64>,
}

impl SystemTrack {
    /// The track in a record; `None` if it is of another category.
    #[must_use]
    pub fn of(record: &Record<'_>) -> Option<Self> {
        if record.spec.category != CAT062.category {
            return None;
        }
        let scaled = |frn: usize, step| record.item(frn).map(|octets| signed_quantity(octets, step));
        let track = Self {
            source: source(record),
            number: record.item(12).and_then(|octets| u16::try_from(unsigned(octets)).ok()),
            position_deg: record.item(5).map(|octets| pair(octets, 4, DEGREE_STEP)),
            velocity: record.item(7).map(|octets| pair(octets, 2, 0.25)),
            climb_m_s: scaled(20, CLIMB_STEP),
            geometric_height_m: scaled(18, HEIGHT_STEP_M),
            // Its top bit tells whether the pressure of the day is in it.
            barometric_height_m: record.item(19).map(|octets| f64::from(signed(octets) << 17 >> 17) * LEVEL_STEP_M),
            flight_level_m: scaled(17, LEVEL_STEP_M),
            status: record.item(13).map_or(Status::default(), status),
            accuracy: accuracy(record),
            mode_3a: record.item(9).and_then(mode_3a),
            vehicle: record.item(23).and_then(|octets| octets.first().copied()),
            ..Self::default()
        };
        Some(track.with_identity(record))
    }

    fn with_identity(mut self, record: &Record<'_>) -> Self {
        let told = record.item(10).map(|octets| characters(part(octets, 1, 6)));
        for (number, octets) in subfields(record, 11).take_while(|(number, _)| *number <= EMITTER_CATEGORY) {
            match number {
                1 => self.address = Some(unsigned(octets)),
                2 => self.identification = Some(characters(octets)),
                EMITTER_CATEGORY => self.emitter = octets.first().copied(),
                _ => {}
            }
        }
        self.identification = self.identification.or(told);
        let callsign = subfields(record, 21).take(2).find(|(number, _)| *number == 2);
        self.callsign = callsign.and_then(|(_, octets)| octets.try_into().ok());
        self
    }
}

const EMITTER_CATEGORY: usize = 21;

fn pair(octets: &[u8], width: usize, step: f64) -> [f64; 2] {
    [0, width].map(|at| signed_quantity(part(octets, at, width), step))
}

fn unsigned_pair(octets: &[u8], width: usize, step: f64) -> [f64; 2] {
    [0, width].map(|at| quantity(part(octets, at, width), step))
}

fn characters(octets: &[u8]) -> AircraftIdentification {
    let characters = octets.iter().take(6).fold(0, |word, &octet| word << 8 | u64::from(octet));
    AircraftIdentification { characters }
}

fn mode_3a(octets: &[u8]) -> Option<u16> {
    const NOT_VALIDATED_OR_GARBLED: u32 = 0b11 << 14;
    let word = unsigned(octets);
    (word & NOT_VALIDATED_OR_GARBLED == 0).then(|| u16::try_from(word & 0xFFF).ok())?
}

/// Parts of one octet each, the lowest bit of each saying whether another follows.
fn status(octets: &[u8]) -> Status {
    let part = |index: usize| octets.get(index).copied().unwrap_or_default();
    let (first, second, third, fourth) = (part(0), part(1), part(2), part(3));
    let friend = |two_bits: u8| two_bits & 0b11 == 1;
    Status {
        geometric: first & 0x20 != 0,
        tentative: first & 0x02 != 0,
        simulated: second & 0x80 != 0,
        last: second & 0x40 != 0,
        first: second & 0x20 != 0,
        friendly: friend(third >> 5) || friend(third >> 1),
        coasted: fourth & 0x80 != 0,
    }
}

fn accuracy(record: &Record<'_>) -> Accuracy {
    let mut told = Accuracy::default();
    for (number, octets) in subfields(record, 27) {
        match number {
            1 => told.position = Some(unsigned_pair(octets, 2, 0.5)),
            2 => told.covariance_root = Some(signed_quantity(octets, 0.5)),
            3 => told.position_deg = Some(unsigned_pair(octets, 2, DEGREE_STEP)),
            4 => told.geometric_height = Some(quantity(octets, HEIGHT_STEP_M)),
            5 => told.barometric_height = Some(quantity(octets, LEVEL_STEP_M)),
            6 => told.velocity = Some(unsigned_pair(octets, 1, 0.25)),
            8 => told.climb = Some(quantity(octets, CLIMB_STEP)),
            _ => {}
        }
    }
    told
}

const DEGREE_STEP: f64 = 180.0 / 33_554_432.0;
const HEIGHT_STEP_M: f64 = 6.25 * FOOT_M;
/// A quarter of a flight level.
const LEVEL_STEP_M: f64 = 25.0 * FOOT_M;
const CLIMB_STEP: f64 = 6.25 * FOOT_M / 60.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asterix::{CATALOGUE, compose_block, records};
    use serde_json::{Value, json};

    fn track(items: Value) -> SystemTrack {
        let block = compose_block(62, &[items]).expect("by the table");
        SystemTrack::of(&records(&block, CATALOGUE).next().expect("one").expect("sound")).expect("of this category")
    }

    #[test]
    fn a_track_is_read_in_si_units() {
        let read = track(json!({
            "010": { "SAC": 1, "SIC": 2 }, "040": 4711,
            "105": { "LAT": 0x80_0000, "LON": 0xFF80_0000_u32 }, "185": { "VX": 400, "VY": 65_536 - 40 },
            "130": 160, "135": { "QNH": 1, "CTB": 32_768 - 4 }, "136": 40, "220": 96,
            "300": 3,
        }));
        assert_eq!((read.source, read.number), (Some(DataSource { sac: 1, sic: 2 }), Some(4711)));
        assert_eq!((read.position_deg, read.velocity), (Some([45.0, -45.0]), Some([100.0, -10.0])));
        let metres = |value: Option<f64>, wanted: f64| (value.expect("told") - wanted).abs() < 1e-9;
        assert!(metres(read.geometric_height_m, 304.8) && metres(read.flight_level_m, 304.8));
        assert!(metres(read.barometric_height_m, -30.48) && metres(read.climb_m_s, 3.048));
        assert_eq!(read.vehicle, Some(3));
    }

    #[test]
    fn a_status_is_read_part_by_part() {
        let first = json!({ "MON": 0, "SPI": 0, "MRH": 1, "SRC": 0, "CNF": 1 });
        assert_eq!(
            track(json!({ "080": first })).status,
            Status { geometric: true, tentative: true, ..Status::default() }
        );
        let all = json!({
            "MON": 0, "SPI": 0, "MRH": 0, "SRC": 7, "CNF": 0,
            "SIM": 1, "TSE": 1, "TSB": 0, "FPC": 0, "AFF": 0, "STP": 0, "KOS": 0,
            "AMA": 0, "MD4": 0, "ME": 0, "MI": 0, "MD5": 1,
            "CST": 1, "PSR": 0, "SSR": 0, "MDS": 0, "ADS": 0, "SUC": 0, "AAC": 0,
        });
        let wanted = Status { simulated: true, last: true, friendly: true, coasted: true, ..Status::default() };
        assert_eq!(track(json!({ "080": all })).status, wanted);
    }

    #[test]
    fn accuracies_are_read_by_their_subfields() {
        let accuracy = track(json!({ "500": {
            "APC": { "X": 20, "Y": 40 }, "COV": 65_536 - 10, "AGA": 10, "ABA": 2, "ATV": { "X": 4, "Y": 8 }, "ARC": 96,
        } }))
        .accuracy;
        assert_eq!((accuracy.position, accuracy.covariance_root), (Some([10.0, 20.0]), Some(-5.0)));
        assert_eq!((accuracy.velocity, accuracy.position_deg), (Some([1.0, 2.0]), None));
        assert!((accuracy.climb.expect("told") - 3.048).abs() < 1e-9);
    }

    #[test]
    fn who_it_is_comes_from_the_target_before_the_system() {
        let name = |text| AircraftIdentification::from_text(text).expect("eight characters");
        let both = track(json!({
            "245": { "STI": 0, "CHR": name("SYSTEM").characters },
            "380": { "ADR": 0x4B_AA11, "ID": name("TARGET").characters, "EMC": 13 },
            "390": { "CS": 0x0041_4243_4420_2020_u64 },
            "060": { "V": 0, "G": 0, "CH": 0, "MODE3A": 0o7700 },
        }));
        assert_eq!(
            (both.identification, both.address, both.emitter),
            (Some(name("TARGET")), Some(0x4B_AA11), Some(13))
        );
        assert_eq!((both.callsign, both.mode_3a), (Some(*b"ABCD   "), Some(0o7700)));
        let system = track(json!({ "245": { "STI": 0, "CHR": name("SYSTEM").characters } }));
        assert_eq!(system.identification, Some(name("SYSTEM")));
        let garbled = track(json!({ "060": { "V": 0, "G": 1, "CH": 0, "MODE3A": 1 } }));
        assert_eq!(garbled.mode_3a, None);
    }

    #[test]
    fn the_numbers_of_the_items_are_those_of_the_table() {
        for (name, frn) in [
            ("040", 12),
            ("105", 5),
            ("185", 7),
            ("220", 20),
            ("130", 18),
            ("135", 19),
            ("136", 17),
            ("080", 13),
            ("060", 9),
            ("300", 23),
            ("245", 10),
            ("380", 11),
            ("390", 21),
            ("500", 27),
            ("070", 4),
        ] {
            assert_eq!(CAT062.by_name(name).map(|found| found.0), Some(frn), "{name}");
        }
    }
}
