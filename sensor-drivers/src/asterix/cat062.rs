//! CAT062, system tracks, as far as they say where a thing is, how it moves, how well that is known and who it is;
//! editions 1.16 to 1.21, whose items differ only in bits that came to be used and in parts that were appended.
//!
//! Positions in the plane of the system (100) are not read: its reference point and projection are not in the stream.
//! Components x and y of a velocity are taken for east and north at the target, which in the middle of the system's
//! plane they are; whoever writes tracks says them so.
//!
//! One struct for both directions. An amount of uncertainty beyond what its octets hold is written as the largest that
//! they do.

use super::common::{AircraftAddress, AircraftIdentification, DataSource, FOOT_M, TimeOfDay};
use super::octets::{Composer, part, put_quantity, put_signed, quantity, signed, signed_quantity, subfields, unsigned};
use super::reception::source;
use super::record::{Record, Records};
use super::spec::{CAT062, Spec};
use super::wire::{TypedRecord, Unencodable, Wire, put};

/// One track at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SystemTrack {
    /// Who sends (010).
    pub source: Option<DataSource>,
    /// Which service sends (015).
    pub service: Option<u8>,
    /// When it holds, UTC (070).
    pub time_of_day: Option<TimeOfDay>,
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
    /// Identification as the target sends it (380) or as the system has it (245); written as the first.
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
    /// Only one sensor contributes (MON).
    pub monosensor: bool,
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
    /// Answered Mode 4 or Mode 5 as a friend (MD4, MD5). Not written: who says it must have asked.
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

impl TypedRecord for SystemTrack {
    const SPEC: &'static Spec = &CAT062;

    fn of(record: &Record<'_>) -> Option<Self> {
        (record.spec.category == CAT062.category).then(|| Self::read(record))
    }
}

impl Wire for SystemTrack {
    fn decode(octets: &mut &[u8]) -> Option<Self> {
        let record = Records::new(&CAT062, octets, 0).next()?.ok()?;
        *octets = octets.get(record.octets.len()..)?;
        Some(Self::read(&record))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Unencodable> {
        let mut record = Composer::default();
        record.item(1, "010", self.source, |source, out| source.encode(out))?;
        record.item(3, "015", self.service, |service, out| service.encode(out))?;
        record.item(4, "070", self.time_of_day, |time, out| time.encode(out))?;
        record.item(5, "105", self.position_deg, |both, out| put_pair::<4>(both, DEGREE_STEP, "position_deg", out))?;
        record.item(7, "185", self.velocity, |both, out| put_pair::<2>(both, VELOCITY_STEP, "velocity", out))?;
        record.item(9, "060", self.mode_3a, put_code)?;
        record.item(11, "380", self.told_by_the_target()?, whole)?;
        record.item(12, "040", self.number, |number, out| {
            put::<2>(u64::from(number), out);
            Ok(())
        })?;
        record.item(13, "080", Some(self.status), put_status)?;
        record
            .item(17, "136", self.flight_level_m, |m, out| put_signed::<2>(m, LEVEL_STEP_M, "flight_level_m", out))?;
        record.item(18, "130", self.geometric_height_m, |m, out| {
            put_signed::<2>(m, HEIGHT_STEP_M, "geometric_height_m", out)
        })?;
        record.item(19, "135", self.barometric_height_m, put_barometric)?;
        record.item(20, "220", self.climb_m_s, |climb, out| put_signed::<2>(climb, CLIMB_STEP, "climb_m_s", out))?;
        record.item(21, "390", self.of_the_plan()?, whole)?;
        record.item(23, "300", self.vehicle, |vehicle, out| vehicle.encode(out))?;
        record.item(27, "500", self.accuracy.composed()?, whole)?;
        record.finish(out);
        Ok(())
    }
}

impl SystemTrack {
    fn read(record: &Record<'_>) -> Self {
        let scaled = |frn: usize, step| record.item(frn).map(|octets| signed_quantity(octets, step));
        let track = Self {
            source: source(record),
            service: record.item(3).and_then(|octets| octets.first().copied()),
            time_of_day: record.item(4).map(|octets| TimeOfDay { ticks: unsigned(octets) }),
            number: record.item(12).and_then(|octets| u16::try_from(unsigned(octets)).ok()),
            position_deg: record.item(5).map(|octets| pair(octets, 4, DEGREE_STEP)),
            velocity: record.item(7).map(|octets| pair(octets, 2, VELOCITY_STEP)),
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
        track.with_identity(record)
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

    fn told_by_the_target(&self) -> Result<Option<Composer>, Unencodable> {
        let mut told = Composer::default();
        told.item(1, "380", self.address, |address, out| AircraftAddress { address }.encode(out))?;
        told.item(2, "380", self.identification, |identification, out| identification.encode(out))?;
        told.item(EMITTER_CATEGORY, "380", self.emitter, |emitter, out| emitter.encode(out))?;
        Ok(told.some())
    }

    fn of_the_plan(&self) -> Result<Option<Composer>, Unencodable> {
        let mut plan = Composer::default();
        plan.item(2, "390", self.callsign, |callsign, out| {
            out.extend_from_slice(&callsign);
            Ok(())
        })?;
        Ok(plan.some())
    }
}

impl Accuracy {
    fn composed(&self) -> Result<Option<Composer>, Unencodable> {
        const NAME: &str = "500";
        let mut told = Composer::default();
        told.item(1, NAME, self.position, |both, out| put_amounts::<2>(both, POSITION_STEP, "position", out))?;
        told.item(2, NAME, self.covariance_root, |root, out| {
            let root = root.clamp(-32_768.0 * POSITION_STEP, 32_767.0 * POSITION_STEP);
            put_signed::<2>(root, POSITION_STEP, "covariance_root", out)
        })?;
        told.item(3, NAME, self.position_deg, |both, out| put_amounts::<2>(both, DEGREE_STEP, "position_deg", out))?;
        told.item(4, NAME, self.geometric_height, |m, out| put_amount::<1>(m, HEIGHT_STEP_M, "geometric_height", out))?;
        told.item(5, NAME, self.barometric_height, |m, out| {
            put_amount::<1>(m, LEVEL_STEP_M, "barometric_height", out)
        })?;
        told.item(6, NAME, self.velocity, |both, out| put_amounts::<1>(both, VELOCITY_STEP, "velocity", out))?;
        told.item(8, NAME, self.climb, |climb, out| put_amount::<1>(climb, CLIMB_STEP, "climb", out))?;
        Ok(told.some())
    }
}

#[expect(clippy::unnecessary_wraps, reason = "as every writer of an item")]
fn whole(composed: Composer, out: &mut Vec<u8>) -> Result<(), Unencodable> {
    composed.finish(out);
    Ok(())
}

fn put_pair<const N: usize>(
    both: [f64; 2],
    step: f64,
    field: &'static str,
    out: &mut Vec<u8>,
) -> Result<(), Unencodable> {
    both.iter().try_for_each(|&value| put_signed::<N>(value, step, field, out))
}

/// Appends an amount of uncertainty, the largest that `N` octets hold where it is larger.
fn put_amount<const N: usize>(
    sigma: f64,
    step: f64,
    field: &'static str,
    out: &mut Vec<u8>,
) -> Result<(), Unencodable> {
    let most = [255.0, 65_535.0][N - 1];
    put_quantity::<N>(sigma.min(most * step), step, field, out)
}

fn put_amounts<const N: usize>(
    both: [f64; 2],
    step: f64,
    field: &'static str,
    out: &mut Vec<u8>,
) -> Result<(), Unencodable> {
    both.iter().try_for_each(|&sigma| put_amount::<N>(sigma, step, field, out))
}

fn put_code(code: u16, out: &mut Vec<u8>) -> Result<(), Unencodable> {
    if code > 0o7777 {
        return Err(Unencodable::field("mode_3a"));
    }
    put::<2>(u64::from(code), out);
    Ok(())
}

/// Without a correction for the pressure of the day.
fn put_barometric(metres: f64, out: &mut Vec<u8>) -> Result<(), Unencodable> {
    let from = out.len();
    put_signed::<2>(metres, LEVEL_STEP_M, "barometric_height_m", out)?;
    // Fifteen bits are the number: the sixteenth must be but its sign.
    let fits = out[from] >> 6 == 0 || out[from] >> 6 == 0b11;
    out[from] &= 0x7F;
    if fits { Ok(()) } else { Err(Unencodable::field("barometric_height_m")) }
}

/// As many parts as say something.
#[expect(clippy::unnecessary_wraps, reason = "as every writer of an item")]
fn put_status(status: Status, out: &mut Vec<u8>) -> Result<(), Unencodable> {
    let bit = |is_set: bool, bit: u8| if is_set { bit } else { 0 };
    let parts = [
        bit(status.monosensor, 0x80) | bit(status.geometric, 0x20) | bit(status.tentative, 0x02),
        bit(status.simulated, 0x80) | bit(status.last, 0x40) | bit(status.first, 0x20),
        0,
        bit(status.coasted, 0x80),
    ];
    let last = parts.iter().rposition(|&part| part != 0).unwrap_or(0);
    out.extend(parts[..=last].iter().enumerate().map(|(at, part)| part | bit(at < last, 0x01)));
    Ok(())
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
        monosensor: first & 0x80 != 0,
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
            1 => told.position = Some(unsigned_pair(octets, 2, POSITION_STEP)),
            2 => told.covariance_root = Some(signed_quantity(octets, POSITION_STEP)),
            3 => told.position_deg = Some(unsigned_pair(octets, 2, DEGREE_STEP)),
            4 => told.geometric_height = Some(quantity(octets, HEIGHT_STEP_M)),
            5 => told.barometric_height = Some(quantity(octets, LEVEL_STEP_M)),
            6 => told.velocity = Some(unsigned_pair(octets, 1, VELOCITY_STEP)),
            8 => told.climb = Some(quantity(octets, CLIMB_STEP)),
            _ => {}
        }
    }
    told
}

/// The most uncertain that a height can be told to be (500, AGA), metres.
pub const HEIGHT_SIGMA_MAX_M: f64 = 255.0 * HEIGHT_STEP_M;

/// The most uncertain that a rate of climb can be told to be (500, ARC), m/s.
pub const CLIMB_SIGMA_MAX_M_S: f64 = 255.0 * CLIMB_STEP;

const DEGREE_STEP: f64 = 180.0 / 33_554_432.0;
/// Of what is uncertain of a position, metres.
const POSITION_STEP: f64 = 0.5;
const VELOCITY_STEP: f64 = 0.25;
const HEIGHT_STEP_M: f64 = 6.25 * FOOT_M;
/// A quarter of a flight level.
const LEVEL_STEP_M: f64 = 25.0 * FOOT_M;
const CLIMB_STEP: f64 = 6.25 * FOOT_M / 60.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asterix::{CATALOGUE, compose_block, records, write_block};
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

    fn full() -> SystemTrack {
        SystemTrack {
            source: Some(DataSource { sac: 25, sic: 9 }),
            service: Some(1),
            time_of_day: Some(TimeOfDay { ticks: 4_000_000 }),
            number: Some(65_535),
            position_deg: Some([45.0, -90.0]),
            velocity: Some([-100.25, 40.0]),
            climb_m_s: Some(-CLIMB_STEP * 10.0),
            geometric_height_m: Some(HEIGHT_STEP_M * 100.0),
            barometric_height_m: Some(-LEVEL_STEP_M * 4.0),
            flight_level_m: Some(LEVEL_STEP_M * 1_400.0),
            status: Status { monosensor: true, geometric: true, last: true, coasted: true, ..Status::default() },
            accuracy: Accuracy {
                position: Some([10.5, 20.0]),
                covariance_root: Some(-5.0),
                position_deg: Some([DEGREE_STEP, DEGREE_STEP * 2.0]),
                geometric_height: Some(HEIGHT_STEP_M),
                barometric_height: Some(LEVEL_STEP_M),
                velocity: Some([1.0, 2.25]),
                climb: Some(CLIMB_STEP),
            },
            mode_3a: Some(0o7700),
            address: Some(0x4B_AA11),
            identification: AircraftIdentification::from_text("TARGET"),
            emitter: Some(13),
            callsign: Some(*b"ABCD   "),
            vehicle: Some(3),
        }
    }

    fn again(track: SystemTrack) -> SystemTrack {
        let mut block = Vec::new();
        write_block(&[track], &mut block).expect("fits");
        SystemTrack::of(&records(&block, CATALOGUE).next().expect("one").expect("sound")).expect("of this category")
    }

    #[test]
    fn what_is_written_reads_back() {
        assert_eq!(again(full()), full());
        assert_eq!(again(SystemTrack::default()), SystemTrack::default());
    }

    #[test]
    fn a_status_takes_no_more_parts_than_say_something() {
        let length = |status| {
            let mut out = Vec::new();
            put_status(status, &mut out).expect("always");
            out.len()
        };
        assert_eq!(length(Status::default()), 1);
        assert_eq!(length(Status { simulated: true, ..Status::default() }), 2);
        assert_eq!(length(Status { coasted: true, ..Status::default() }), 4);
    }

    #[test]
    fn what_is_too_uncertain_for_its_octets_is_as_uncertain_as_they_can_tell() {
        let accuracy = Accuracy {
            position: Some([1e9, 1.0]),
            covariance_root: Some(-1e9),
            velocity: Some([64.0, f64::INFINITY]),
            ..Accuracy::default()
        };
        let told = again(SystemTrack { accuracy, ..SystemTrack::default() }).accuracy;
        assert_eq!((told.position, told.covariance_root), (Some([32_767.5, 1.0]), Some(-16_384.0)));
        assert_eq!(told.velocity, Some([63.75, 63.75]));
    }

    #[test]
    fn what_no_octets_hold_is_refused_by_name() {
        let refusal = |track: SystemTrack| track.encode(&mut Vec::new()).expect_err("refused").to_string();
        let height = SystemTrack { geometric_height_m: Some(1e6), ..SystemTrack::default() };
        assert_eq!(refusal(height), "item 130: geometric_height_m exceeds what the item has room for");
        let level = SystemTrack { barometric_height_m: Some(LEVEL_STEP_M * 16_384.0), ..SystemTrack::default() };
        assert_eq!(refusal(level), "item 135: barometric_height_m exceeds what the item has room for");
        let code = SystemTrack { mode_3a: Some(0o10_000), ..SystemTrack::default() };
        assert_eq!(refusal(code), "item 060: mode_3a exceeds what the item has room for");
        let place = SystemTrack { position_deg: Some([f64::NAN, 0.0]), ..SystemTrack::default() };
        assert_eq!(refusal(place), "item 105: position_deg exceeds what the item has room for");
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
            ("015", 3),
        ] {
            assert_eq!(CAT062.by_name(name).map(|found| found.0), Some(frn), "{name}");
        }
    }
}
