//! CAT015 in SI units, edition 1.2: plots and tracks of sensors that need nothing from their targets.
//!
//! One struct for both directions: [`TargetReport::of`] reads the items that tell where a thing is, how well that is
//! known and what it is; encoding writes the same ones. The items left out (resolutions, accelerations, extents,
//! contours, associations, further correlations) are skipped by their structure. Angles are radians, azimuth clockwise
//! from geographic north; x is east and y is north at the target.

use heapless::Vec as List;

use super::common::{DataSource, TimeOfDay};
use super::octets::{
    CORRELATION_STEP, Composer, part, put_correlation, put_quantity, put_signed, quantity, signed, signed_quantity,
    subfields, unsigned,
};
use super::reception::source;
use super::record::{Record, Records};
use super::spec::{CAT015, Spec};
use super::wire::{LaterParts, TypedRecord, Unencodable, Wire, part as item_part, put};

/// Classes that a report keeps. No counter: the first ones are the ones that a sensor is surest of, the rest are not
/// looked at.
pub const CLASSES_MAX: usize = 8;

/// What a record is about (000).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MessageType {
    /// A plot of one pair of transmitter and receiver.
    MeasurementPlot,
    /// A track of such plots.
    MeasurementTrack,
    /// A plot of the whole sensor.
    #[default]
    SensorPlot,
    /// A track of the whole sensor.
    SensorTrack,
    /// The end of a track.
    TrackEnd,
    /// A number that the edition does not know.
    Other(u8),
}

impl MessageType {
    const fn from_number(number: u8) -> Self {
        match number {
            1 => Self::MeasurementPlot,
            2 => Self::MeasurementTrack,
            3 => Self::SensorPlot,
            4 => Self::SensorTrack,
            5 => Self::TrackEnd,
            other => Self::Other(other),
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::MeasurementPlot => 1,
            Self::MeasurementTrack => 2,
            Self::SensorPlot => 3,
            Self::SensorTrack => 4,
            Self::TrackEnd => 5,
            Self::Other(other) => other,
        }
    }
}

item_part! {
    /// Target report descriptor (020).
    Descriptor then LaterParts {
        /// 0 transmitter and receiver in one place, 1 in several, 2 other, 3 unknown.
        momu: u8 = 8..7,
        /// 0 actual, 1 reference, 2 synthetic, 3 simulated or replayed.
        ttax: u8 = 6..5,
        /// Scanning direction: 0 unknown, 1 forward, 2 backward, 3 static.
        scd: u8 = 4..3,
    }
}

item_part! {
    /// Status of the plot or track (170).
    Status then LaterParts {
        /// In a blind zone.
        biz: bool = 8..8,
        /// In a blanked zone.
        baz: bool = 7..7,
        /// Ended by a user.
        tur: bool = 6..6,
        /// The position is extrapolated.
        cstp: bool = 4..4,
        /// The height is extrapolated.
        csth: bool = 3..3,
        /// The track is tentative.
        cnf: bool = 2..2,
    }
}

/// A class of target, by the number that sensor and user have agreed on (300).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Class {
    /// Number of the class, 0 to 511.
    pub class: u16,
    /// How probable, percent; 0 to 127 on the wire.
    pub percent: u8,
}

/// A value, and one sigma of its error if that is told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Told {
    /// The value.
    pub value: f64,
    /// One sigma, in the same unit.
    pub sigma: Option<f64>,
}

/// Errors of two components.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PairError {
    /// One sigma of x.
    pub x: f64,
    /// One sigma of y.
    pub y: f64,
    /// Their correlation.
    pub correlation: f64,
}

/// One plot, track or end of a track.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TargetReport {
    /// Who sends (010).
    pub source: Option<DataSource>,
    /// What it is (000).
    pub message_type: MessageType,
    /// Whether it was sent because of an event, not of a clock (000).
    pub event_driven: bool,
    /// Which service sends (015).
    pub service: Option<u8>,
    /// Kind of sensor and of target (020).
    pub descriptor: Option<Descriptor>,
    /// When it holds, UTC (145).
    pub time_of_day: Option<TimeOfDay>,
    /// Number of the track or plot (161).
    pub number: Option<u16>,
    /// Status of the track or plot (170).
    pub status: Option<Status>,
    /// Time until the next report of this target, seconds (050).
    pub update_period_s: Option<f64>,
    /// Length, width and height of the target, metres (270).
    pub size_m: [Option<f64>; 3],
    /// What it may be (300).
    pub classes: List<Class, CLASSES_MAX>,
    /// Latitude and longitude, degrees (600).
    pub position_deg: Option<[f64; 2]>,
    /// Errors of the position, metres (600).
    pub position_error: Option<PairError>,
    /// Height above the WGS-84 ellipsoid, metres (601).
    pub height: Option<Told>,
    /// Correlation of the errors of the height with those of x and y (601).
    pub height_correlation: Option<[f64; 2]>,
    /// Velocity over the ground, x and y, m/s (602).
    pub velocity: Option<[f64; 2]>,
    /// Errors of that velocity, m/s (602).
    pub velocity_error: Option<PairError>,
    /// Vertical velocity, m/s (604).
    pub vertical_velocity: Option<Told>,
    /// Range, metres (625): slant range, or the detour over the target if transmitter and receiver are apart.
    pub range: Option<Told>,
    /// Rate of the range as it follows from successive ranges, m/s (625).
    pub range_rate: Option<Told>,
    /// Radial velocity by Doppler shift, m/s (626). The standard does not say which sign is closing.
    pub doppler: Option<Told>,
    /// Correlation of the errors of Doppler velocity and range (626).
    pub doppler_range_correlation: Option<f64>,
    /// Azimuth (627).
    pub azimuth: Option<Told>,
    /// Elevation (628).
    pub elevation: Option<Told>,
    /// Signal to noise ratio of the echo, dB (630).
    pub snr_db: Option<i8>,
}

impl TypedRecord for TargetReport {
    const SPEC: &'static Spec = &CAT015;

    fn of(record: &Record<'_>) -> Option<Self> {
        (record.spec.category == CAT015.category).then(|| Self::read(record))
    }
}

impl Wire for TargetReport {
    fn decode(octets: &mut &[u8]) -> Option<Self> {
        let record = Records::new(&CAT015, octets, 0).next()?.ok()?;
        *octets = octets.get(record.octets.len()..)?;
        Some(Self::read(&record))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Unencodable> {
        let mut record = Composer::default();
        self.put_head(&mut record)?;
        self.put_target(&mut record)?;
        self.put_position(&mut record)?;
        self.put_motion(&mut record)?;
        self.put_seen_from_the_sensor(&mut record)?;
        record.finish(out);
        Ok(())
    }
}

impl TargetReport {
    /// The report in a record of this category.
    fn read(record: &Record<'_>) -> Self {
        let kind = record.item(2).map_or(0, unsigned);
        let mut report = Self {
            source: source(record),
            message_type: MessageType::from_number((kind >> 1).to_le_bytes()[0]),
            event_driven: kind & 1 == 1,
            service: record.item(3).and_then(|octets| octets.first().copied()),
            descriptor: record.item(4).and_then(|mut octets| Descriptor::decode(&mut octets)),
            time_of_day: record.item(6).map(|octets| TimeOfDay { ticks: unsigned(octets) }),
            number: record.item(7).and_then(|octets| u16::try_from(unsigned(octets)).ok()),
            status: record.item(8).and_then(|mut octets| Status::decode(&mut octets)),
            update_period_s: record.item(9).map(|octets| f64::from(unsigned(octets) & 0x3FFF) / 128.0),
            ..Self::default()
        };
        report.read_target(record);
        report.read_position(record);
        report.read_motion(record);
        report.read_seen_from_the_sensor(record);
        report
    }

    fn read_target(&mut self, record: &Record<'_>) {
        for (number, octets) in subfields(record, 10) {
            if let Some(size) = self.size_m.get_mut(number - 1) {
                *size = Some(quantity(octets, SIZE_STEP_M));
            }
        }
        let classes = record.item(11).and_then(|octets| octets.get(1..)).unwrap_or_default();
        self.classes = classes
            .as_chunks::<2>()
            .0
            .iter()
            .take(CLASSES_MAX)
            .map(|&[high, low]| Class { class: u16::from(high) << 1 | u16::from(low >> 7), percent: low & 0x7F })
            .collect();
    }

    fn read_position(&mut self, record: &Record<'_>) {
        for (number, octets) in subfields(record, 13) {
            match number {
                1 => self.position_deg = Some([0, 4].map(|at| signed_quantity(part(octets, at, 4), DEGREE_STEP))),
                3 => self.position_error = Some(pair(octets, POSITION_SIGMA_STEP_M)),
                _ => {}
            }
        }
        for (number, octets) in subfields(record, 14) {
            match number {
                1 => self.height = Some(told(signed_quantity(octets, CENTI))),
                3 => set_sigma(&mut self.height, quantity(octets, CENTI)),
                6 => self.height_correlation = Some([0, 1].map(|at| correlation(part(octets, at, 1)))),
                _ => {}
            }
        }
    }

    fn read_motion(&mut self, record: &Record<'_>) {
        for (number, octets) in subfields(record, 15) {
            match number {
                1 => self.velocity = Some(twenty_bits(octets)),
                3 => self.velocity_error = Some(pair(octets, CENTI)),
                _ => {}
            }
        }
        for (number, octets) in subfields(record, 17) {
            match number {
                1 => self.vertical_velocity = Some(told(signed_quantity(octets, CENTI))),
                3 => set_sigma(&mut self.vertical_velocity, quantity(part(octets, 0, 2), CENTI)),
                _ => {}
            }
        }
    }

    fn read_seen_from_the_sensor(&mut self, record: &Record<'_>) {
        for (number, octets) in subfields(record, 20) {
            match number {
                1 => self.range = Some(told(signed_quantity(octets, DECI))),
                3 => set_sigma(&mut self.range, quantity(octets, DECI)),
                4 => self.range_rate = Some(told(signed_quantity(octets, DECI))),
                6 => set_sigma(&mut self.range_rate, quantity(part(octets, 0, 3), DECI)),
                _ => {}
            }
        }
        for (number, octets) in subfields(record, 21) {
            match number {
                1 => self.doppler = Some(told(signed_quantity(octets, CENTI))),
                2 => set_sigma(&mut self.doppler, quantity(octets, DOPPLER_SIGMA_STEP)),
                5 => self.doppler_range_correlation = Some(correlation(octets)),
                _ => {}
            }
        }
        for (number, octets) in subfields(record, 22) {
            match number {
                1 => self.azimuth = Some(told(quantity(octets, AZIMUTH_STEP_DEG).to_radians())),
                3 => set_sigma(&mut self.azimuth, quantity(octets, ANGLE_SIGMA_STEP_DEG).to_radians()),
                _ => {}
            }
        }
        for (number, octets) in subfields(record, 23) {
            match number {
                1 => self.elevation = Some(told(signed_quantity(octets, ELEVATION_STEP_DEG).to_radians())),
                3 => set_sigma(&mut self.elevation, quantity(octets, ANGLE_SIGMA_STEP_DEG).to_radians()),
                _ => {}
            }
        }
        let snr = subfields(record, 24).find(|(number, _)| *number == 4);
        self.snr_db = snr.and_then(|(_, octets)| i8::try_from(signed(octets)).ok());
    }

    fn put_head(&self, record: &mut Composer) -> Result<(), Unencodable> {
        let kind = self.message_type.number();
        record.item(1, "010", self.source, |source, out| source.encode(out))?;
        record.item(2, "000", Some(kind), |kind, out| {
            if kind > 0x7F {
                return Err(Unencodable::field("message_type"));
            }
            out.push(kind << 1 | u8::from(self.event_driven));
            Ok(())
        })?;
        record.item(3, "015", self.service, |service, out| service.encode(out))?;
        record.item(4, "020", self.descriptor, |descriptor, out| descriptor.encode(out))?;
        record.item(6, "145", self.time_of_day, |time, out| time.encode(out))?;
        record.item(7, "161", self.number, |number, out| {
            put::<2>(u64::from(number), out);
            Ok(())
        })?;
        record.item(8, "170", self.status, |status, out| status.encode(out))?;
        record.item(9, "050", self.update_period_s, |period, out| {
            if period >= 128.0 {
                return Err(Unencodable::field("update_period_s"));
            }
            put_quantity::<2>(period, 1.0 / 128.0, "update_period_s", out)
        })
    }

    fn put_target(&self, record: &mut Composer) -> Result<(), Unencodable> {
        let mut size = Composer::default();
        for (number, length) in (1..).zip(self.size_m) {
            size.item(number, "270", length, |length, out| put_quantity::<2>(length, SIZE_STEP_M, "size_m", out))?;
        }
        put_compound(record, 10, size);
        let classes = Some(&self.classes).filter(|classes| !classes.is_empty());
        record.item(11, "300", classes, |classes, out| {
            out.push(u8::try_from(classes.len()).map_err(|_| Unencodable::field("classes"))?);
            for class in classes {
                if class.class > 511 || class.percent > 127 {
                    return Err(Unencodable::field("classes"));
                }
                put::<2>(u64::from(class.class) << 7 | u64::from(class.percent), out);
            }
            Ok(())
        })
    }

    fn put_position(&self, record: &mut Composer) -> Result<(), Unencodable> {
        let mut position = Composer::default();
        position.item(1, "600", self.position_deg, |degrees, out| {
            degrees.iter().try_for_each(|&value| put_signed::<4>(value, DEGREE_STEP, "position_deg", out))
        })?;
        position.item(3, "600", self.position_error, |error, out| {
            put_pair(error, POSITION_SIGMA_STEP_M, "position_error", out)
        })?;
        put_compound(record, 13, position);
        let mut height = Composer::default();
        height.item(1, "601", self.height, |height, out| put_signed::<3>(height.value, CENTI, "height", out))?;
        height.item(3, "601", sigma(self.height), |sigma, out| put_quantity::<3>(sigma, CENTI, "height.sigma", out))?;
        height.item(6, "601", self.height_correlation, |both, out| {
            both.iter().try_for_each(|&value| put_correlation(value, "height_correlation", out))
        })?;
        put_compound(record, 14, height);
        Ok(())
    }

    fn put_motion(&self, record: &mut Composer) -> Result<(), Unencodable> {
        let mut velocity = Composer::default();
        velocity.item(1, "602", self.velocity, put_twenty_bits)?;
        velocity.item(3, "602", self.velocity_error, |error, out| put_pair(error, CENTI, "velocity_error", out))?;
        put_compound(record, 15, velocity);
        let mut vertical = Composer::default();
        vertical.item(1, "604", self.vertical_velocity, |told, out| {
            put_signed::<3>(told.value, CENTI, "vertical_velocity", out)
        })?;
        vertical.item(3, "604", sigma(self.vertical_velocity), |sigma, out| {
            put_quantity::<2>(sigma, CENTI, "vertical_velocity.sigma", out)?;
            put_correlation(0.0, "vertical_velocity.sigma", out)
        })?;
        put_compound(record, 17, vertical);
        Ok(())
    }

    fn put_seen_from_the_sensor(&self, record: &mut Composer) -> Result<(), Unencodable> {
        let mut range = Composer::default();
        range.item(1, "625", self.range, |told, out| put_signed::<3>(told.value, DECI, "range", out))?;
        range.item(3, "625", sigma(self.range), |sigma, out| put_quantity::<3>(sigma, DECI, "range.sigma", out))?;
        range.item(4, "625", self.range_rate, |told, out| put_signed::<3>(told.value, DECI, "range_rate", out))?;
        range.item(6, "625", sigma(self.range_rate), |sigma, out| {
            put_quantity::<3>(sigma, DECI, "range_rate.sigma", out)?;
            put_correlation(0.0, "range_rate.sigma", out)
        })?;
        put_compound(record, 20, range);
        let mut doppler = Composer::default();
        doppler.item(1, "626", self.doppler, |told, out| put_signed::<3>(told.value, CENTI, "doppler", out))?;
        doppler.item(2, "626", sigma(self.doppler), |sigma, out| {
            put_quantity::<2>(sigma, DOPPLER_SIGMA_STEP, "doppler.sigma", out)
        })?;
        doppler.item(5, "626", self.doppler_range_correlation, |value, out| {
            put_correlation(value, "doppler_range_correlation", out)
        })?;
        put_compound(record, 21, doppler);
        let mut azimuth = Composer::default();
        azimuth.item(1, "627", self.azimuth, |told, out| put_azimuth(told.value, out))?;
        azimuth.item(3, "627", sigma(self.azimuth), |sigma, out| put_angle_sigma(sigma, "azimuth.sigma", out))?;
        put_compound(record, 22, azimuth);
        let mut elevation = Composer::default();
        elevation.item(1, "628", self.elevation, |told, out| {
            put_signed::<2>(told.value.to_degrees(), ELEVATION_STEP_DEG, "elevation", out)
        })?;
        elevation.item(3, "628", sigma(self.elevation), |sigma, out| put_angle_sigma(sigma, "elevation.sigma", out))?;
        put_compound(record, 23, elevation);
        let mut quality = Composer::default();
        quality.item(4, "630", self.snr_db, |snr, out| snr.encode(out))?;
        put_compound(record, 24, quality);
        Ok(())
    }
}

const fn told(value: f64) -> Told {
    Told { value, sigma: None }
}

/// A sigma without its value says nothing.
const fn set_sigma(told: &mut Option<Told>, sigma: f64) {
    if let Some(told) = told {
        told.sigma = Some(sigma);
    }
}

fn sigma(told: Option<Told>) -> Option<f64> {
    told.and_then(|told| told.sigma)
}

fn correlation(octets: &[u8]) -> f64 {
    signed_quantity(octets, CORRELATION_STEP)
}

fn pair(octets: &[u8], step: f64) -> PairError {
    PairError {
        x: quantity(part(octets, 0, 2), step),
        y: quantity(part(octets, 2, 2), step),
        correlation: correlation(part(octets, 4, 1)),
    }
}

fn put_pair(error: PairError, step: f64, field: &'static str, out: &mut Vec<u8>) -> Result<(), Unencodable> {
    put_quantity::<2>(error.x, step, field, out)?;
    put_quantity::<2>(error.y, step, field, out)?;
    put_correlation(error.correlation, field, out)
}

/// Two numbers of 20 bits.
fn twenty_bits(octets: &[u8]) -> [f64; 2] {
    let x = unsigned(part(octets, 0, 3)) >> 4;
    let y = unsigned(part(octets, 2, 3)) & 0xF_FFFF;
    [x, y].map(|word| f64::from((word << 12).cast_signed() >> 12) * CENTI)
}

fn put_twenty_bits(velocity: [f64; 2], out: &mut Vec<u8>) -> Result<(), Unencodable> {
    let mut words = Vec::with_capacity(6);
    for speed in velocity {
        if speed.abs() > 524_287.0 * CENTI {
            return Err(Unencodable::field("velocity"));
        }
        put_signed::<3>(speed, CENTI, "velocity", &mut words)?;
    }
    let (x, y) = (unsigned(part(&words, 0, 3)) & 0xF_FFFF, unsigned(part(&words, 3, 3)) & 0xF_FFFF);
    put::<5>(u64::from(x) << 20 | u64::from(y), out);
    Ok(())
}

fn put_azimuth(azimuth_rad: f64, out: &mut Vec<u8>) -> Result<(), Unencodable> {
    let turned = fusion_core::angle::Angle::from_radians(azimuth_rad).compass_degrees();
    let steps = fusion_core::maths::round(turned / AZIMUTH_STEP_DEG);
    put_quantity::<2>(if steps >= 65_536.0 { 0.0 } else { steps }, 1.0, "azimuth", out)
}

fn put_angle_sigma(sigma_rad: f64, field: &'static str, out: &mut Vec<u8>) -> Result<(), Unencodable> {
    put_quantity::<2>(sigma_rad.to_degrees(), ANGLE_SIGMA_STEP_DEG, field, out)
}

/// Adds a compound item if it has any subfield.
fn put_compound(record: &mut Composer, frn: usize, compound: Composer) {
    let written = record.item(frn, "", compound.some(), |compound, out| {
        compound.finish(out);
        Ok(())
    });
    debug_assert!(written.is_ok(), "its subfields were written already");
}

const SIZE_STEP_M: f64 = 0.01;
const DEGREE_STEP: f64 = 180.0 / 2_147_483_648.0;
const POSITION_SIGMA_STEP_M: f64 = 0.25;
const CENTI: f64 = 0.01;
const DECI: f64 = 0.1;
const DOPPLER_SIGMA_STEP: f64 = 1.0 / 64.0;
/// Of the azimuth, degrees.
pub(super) const AZIMUTH_STEP_DEG: f64 = 360.0 / 65_536.0;
/// Of the elevation, degrees.
pub(super) const ELEVATION_STEP_DEG: f64 = 180.0 / 65_536.0;
const ANGLE_SIGMA_STEP_DEG: f64 = 45.0 / 65_536.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asterix::spec::Shape;
    use crate::asterix::wire::layout;
    use crate::asterix::{CATALOGUE, describe, records, write_block};
    use proptest::prelude::*;

    fn part_of(name: &str) -> super::super::spec::Content {
        let Shape::Extended(parts) = CAT015.by_name(name).expect("an item").1.shape else {
            panic!("{name} is not extended")
        };
        parts[0].content
    }

    #[test]
    fn the_structs_say_the_same_as_the_table() {
        layout::check::<Descriptor>(part_of("020"), 1);
        layout::check::<Status>(part_of("170"), 1);
    }

    /// A report with everything in it, on the grid of the wire.
    pub(crate) fn full() -> TargetReport {
        let both = |value, sigma| Some(Told { value, sigma: Some(sigma) });
        TargetReport {
            source: Some(DataSource { sac: 25, sic: 201 }),
            message_type: MessageType::SensorPlot,
            event_driven: true,
            service: Some(3),
            descriptor: Some(Descriptor { momu: 0, ttax: 0, scd: 3, more: None }),
            time_of_day: Some(TimeOfDay { ticks: 5_000_000 }),
            number: Some(4711),
            status: Some(Status { cnf: true, ..Status::default() }),
            update_period_s: Some(0.5),
            size_m: [Some(0.5), None, Some(0.25)],
            classes: [Class { class: 300, percent: 90 }, Class { class: 2, percent: 10 }].into_iter().collect(),
            position_deg: Some([45.0, -22.5]),
            position_error: Some(PairError { x: 4.25, y: 8.5, correlation: -0.5 }),
            height: both(120.0, 6.0),
            height_correlation: Some([0.25, -0.125]),
            velocity: Some([-12.5, 7.25]),
            velocity_error: Some(PairError { x: 0.5, y: 0.75, correlation: 0.25 }),
            vertical_velocity: both(-3.0, 0.5),
            range: both(1234.5, 2.5),
            range_rate: both(-10.0, 1.0),
            doppler: both(-10.25, 0.5),
            doppler_range_correlation: Some(0.5),
            azimuth: both(90_f64.to_radians(), 0.703_125_f64.to_radians()),
            elevation: both(11.25_f64.to_radians(), 1.40625_f64.to_radians()),
            snr_db: Some(-7),
        }
    }

    fn again(report: &TargetReport) -> TargetReport {
        let mut block = Vec::new();
        write_block(std::slice::from_ref(report), &mut block).expect("fits");
        let record = records(&block, CATALOGUE).next().expect("one").expect("sound");
        TargetReport::of(&record).expect("of this category")
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn what_is_written_reads_back() {
        let (told, back) = (full(), again(&full()));
        for (a, b) in [
            (told.range, back.range),
            (told.range_rate, back.range_rate),
            (told.doppler, back.doppler),
            (told.azimuth, back.azimuth),
            (told.elevation, back.elevation),
            (told.height, back.height),
            (told.vertical_velocity, back.vertical_velocity),
        ] {
            let (a, b) = (a.expect("told"), b.expect("read"));
            assert!(close(a.value, b.value) && close(a.sigma.expect("told"), b.sigma.expect("read")), "{a:?} {b:?}");
        }
        assert_eq!(
            (&back.classes, back.position_error, back.velocity),
            (&told.classes, told.position_error, told.velocity)
        );
        assert_eq!((back.position_deg, back.height_correlation), (told.position_deg, told.height_correlation));
        assert_eq!((back.status, back.descriptor, back.snr_db), (told.status, told.descriptor, told.snr_db));
        assert_eq!(again(&back), back, "the grid is reached at once");
    }

    #[test]
    fn the_items_lie_where_the_standard_has_them() {
        let mut block = Vec::new();
        write_block(&[full()], &mut block).expect("fits");
        let shown = describe(&block).next().expect("one").expect("sound");
        let items = &shown["items"];
        assert_eq!(items["000"], serde_json::json!({ "MT": 3, "RG": 1 }));
        assert_eq!(items["300"][0], serde_json::json!({ "CLS": 300, "PRB": 90 }));
        assert_eq!(items["600"]["P84"]["LATITUDE"], 0x2000_0000);
        assert_eq!(items["602"]["HV"], serde_json::json!({ "X": 0xF_FFFF - 1249, "Y": 725 }));
        assert_eq!(items["625"]["SDR"], 25);
        assert_eq!(items["626"]["CODVR"], 64);
        assert_eq!(items["627"]["AZ"], 0x4000);
        assert_eq!(items["628"]["SDEL"], 2048);
        assert_eq!(items["630"]["RPS"], 0xF9);
    }

    #[test]
    fn what_the_wire_has_no_room_for_is_refused_by_item_and_field() {
        let far = TargetReport { range: Some(told(1e6)), ..TargetReport::default() };
        let error = far.encode(&mut Vec::new()).expect_err("too far");
        assert_eq!(error.to_string(), "item 625: range exceeds what the item has room for");
        let fast = TargetReport { velocity: Some([6000.0, 0.0]), ..TargetReport::default() };
        assert_eq!(fast.encode(&mut Vec::new()).expect_err("too fast").field, "velocity");
    }

    #[test]
    fn an_azimuth_just_short_of_north_is_north() {
        let report = TargetReport { azimuth: Some(told(-1e-9)), ..TargetReport::default() };
        assert_eq!(again(&report).azimuth, Some(told(0.0)));
    }

    proptest! {
        #[test]
        fn any_bearing_and_range_survive_within_half_a_step(
            range in 0.0..800_000.0, azimuth in -3.2..3.2, e in -1.5..1.5,
        ) {
            let report = TargetReport {
                range: Some(told(range)),
                azimuth: Some(told(azimuth)),
                elevation: Some(told(e)),
                ..TargetReport::default()
            };
            let back = again(&report);
            prop_assert!((back.range.expect("kept").value - range).abs() <= 0.0501);
            let turned = fusion_core::angle::wrap(back.azimuth.expect("kept").value - azimuth).abs();
            prop_assert!(turned <= AZIMUTH_STEP_DEG.to_radians() * 0.501);
            prop_assert!((back.elevation.expect("kept").value - e).abs() <= ELEVATION_STEP_DEG.to_radians() * 0.501);
        }
    }
}
