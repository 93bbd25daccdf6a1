//! CAT205 in SI units, edition 1.0: bearings and positions of radio transmitters.
//!
//! One struct for both directions. Left out are what is said of a second transmitter on the same channel (130 to 150,
//! only whether anything is) and which sensors contributed (120). The time is that of sending the report, not that of
//! the transmission: the standard has no other.

use std::f64::consts::FRAC_PI_2;

use super::common::{DataSource, TimeOfDay};
use super::octets::{Composer, part, put_quantity, put_signed, quantity, signed_quantity, unsigned};
use super::reception::source;
use super::record::{Record, Records};
use super::spec::{CAT205, Spec};
use super::wire::{TypedRecord, Unencodable, Wire, put};

/// Characters in a channel name. No counter: the format has room for no more.
pub const CHANNEL_BYTES_MAX: usize = 7;

/// What a report is about (000).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MessageType {
    /// Where a transmitter is, as the system computed it.
    SystemPosition,
    /// A line of bearing of the system.
    SystemBearing,
    /// Where one of two transmitters is that disturb each other.
    ConflictingPosition,
    /// A transmission has ended.
    DetectionEnd,
    /// A line of bearing of one sensor.
    #[default]
    SensorData,
    /// A number that the edition does not know.
    Other(u8),
}

impl MessageType {
    const fn from_number(number: u8) -> Self {
        match number {
            1 => Self::SystemPosition,
            2 => Self::SystemBearing,
            3 => Self::ConflictingPosition,
            4 => Self::DetectionEnd,
            5 => Self::SensorData,
            other => Self::Other(other),
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::SystemPosition => 1,
            Self::SystemBearing => 2,
            Self::ConflictingPosition => 3,
            Self::DetectionEnd => 4,
            Self::SensorData => 5,
            Self::Other(other) => other,
        }
    }
}

/// The channel of a transmission as its name: digits and a point, such as `121.500`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel(pub [u8; CHANNEL_BYTES_MAX]);

impl Channel {
    /// The name of a frequency in hertz: megahertz with three decimals, or as many as seven characters hold; `None` if
    /// they do not even hold one.
    #[must_use]
    pub fn of_hz(hz: u64) -> Option<Self> {
        [(3, 1_000), (2, 10_000), (1, 100_000)].into_iter().find_map(|(decimals, step_hz)| {
            let steps = hz.checked_add(step_hz / 2)? / step_hz;
            let a_megahertz = 1_000_000 / step_hz;
            let text = format!("{}.{:0decimals$}", steps / a_megahertz, steps % a_megahertz);
            let mut name = [b' '; CHANNEL_BYTES_MAX];
            name.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
            Some(Self(name))
        })
    }

    /// The name without what surrounds it; `None` if it is no text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        let text = std::str::from_utf8(&self.0).ok()?.trim_matches(['\0', ' ']);
        (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())).then_some(text)
    }
}

/// One report.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BearingReport {
    /// Who sends (010).
    pub source: Option<DataSource>,
    /// Which service sends (015).
    pub service: Option<u8>,
    /// What it is about (000).
    pub message_type: MessageType,
    /// When it was sent, UTC (030).
    pub time_of_day: Option<TimeOfDay>,
    /// Count of the detections, cyclic (040).
    pub number: Option<u8>,
    /// The channel (090).
    pub channel: Option<Channel>,
    /// Latitude and longitude, degrees, of the transmitter or, where there is a bearing, of its beginning (050).
    pub position_deg: Option<[f64; 2]>,
    /// The same from the reference point of the system, east and north in its plane, metres (060).
    pub position_m: Option<[f64; 2]>,
    /// Bearing at that position, radians clockwise from geographic north (070).
    pub local_bearing: Option<f64>,
    /// Bearing in the plane of the system, radians clockwise from its north (080).
    pub system_bearing: Option<f64>,
    /// Quality of the measurement; its meaning is the system's own (100).
    pub quality: Option<u8>,
    /// Within so many metres of its position the transmitter is expected (110).
    pub uncertainty_m: Option<f64>,
    /// Whether a second transmitter on the same channel is told of (130 to 150). Not written.
    pub conflict: bool,
    /// Number of the track at the position (160).
    pub track: Option<u16>,
    /// Which sensor heard it (170).
    pub sensor: Option<u8>,
    /// Level of the signal, dBµV (180).
    pub level_dbuv: Option<f64>,
    /// Quality of the signal, 255 at best (190).
    pub signal_quality: Option<u8>,
    /// Elevation of the signal, radians (200).
    pub elevation: Option<f64>,
}

impl TypedRecord for BearingReport {
    const SPEC: &'static Spec = &CAT205;

    fn of(record: &Record<'_>) -> Option<Self> {
        (record.spec.category == CAT205.category).then(|| Self::read(record))
    }
}

impl Wire for BearingReport {
    fn decode(octets: &mut &[u8]) -> Option<Self> {
        let record = Records::new(&CAT205, octets, 0).next()?.ok()?;
        *octets = octets.get(record.octets.len()..)?;
        Some(Self::read(&record))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Unencodable> {
        let mut record = Composer::default();
        record.item(1, "010", self.source, |source, out| source.encode(out))?;
        record.item(2, "015", self.service, |service, out| service.encode(out))?;
        record.item(3, "000", Some(self.message_type.number()), |kind, out| kind.encode(out))?;
        record.item(4, "030", self.time_of_day, |time, out| time.encode(out))?;
        record.item(5, "040", self.number, |number, out| number.encode(out))?;
        record.item(6, "090", self.channel, |channel, out| {
            out.extend_from_slice(&channel.0);
            Ok(())
        })?;
        self.put_place(&mut record)?;
        self.put_signal(&mut record)?;
        record.finish(out);
        Ok(())
    }
}

impl BearingReport {
    fn read(record: &Record<'_>) -> Self {
        let octet = |frn| record.item(frn).and_then(|octets| octets.first().copied());
        let angle = |frn: usize| record.item(frn).map(|octets| quantity(octets, ANGLE_STEP_DEG).to_radians());
        let pair = |frn: usize, width, step| {
            record.item(frn).map(|octets| [0, width].map(|at| signed_quantity(part(octets, at, width), step)))
        };
        Self {
            source: source(record),
            service: octet(2),
            message_type: MessageType::from_number(octet(3).unwrap_or_default()),
            time_of_day: record.item(4).map(|octets| TimeOfDay { ticks: unsigned(octets) }),
            number: octet(5),
            channel: record.item(6).and_then(|octets| octets.try_into().ok()).map(Channel),
            position_deg: pair(7, 4, DEGREE_STEP),
            position_m: pair(8, 3, METRE_STEP),
            local_bearing: angle(9),
            system_bearing: angle(10),
            quality: octet(11),
            uncertainty_m: record.item(12).map(|octets| quantity(octets, UNCERTAINTY_STEP_M)),
            conflict: (14..=16).any(|frn| record.item(frn).is_some()),
            track: record.item(17).and_then(|octets| u16::try_from(unsigned(octets)).ok()),
            sensor: octet(18),
            level_dbuv: record.item(19).map(|octets| signed_quantity(octets, LEVEL_STEP)),
            signal_quality: octet(20),
            elevation: record.item(21).map(|octets| signed_quantity(octets, ANGLE_STEP_DEG).to_radians()),
        }
    }

    fn put_place(&self, record: &mut Composer) -> Result<(), Unencodable> {
        record.item(7, "050", self.position_deg, |both, out| {
            both.iter().try_for_each(|&value| put_signed::<4>(value, DEGREE_STEP, "position_deg", out))
        })?;
        record.item(8, "060", self.position_m, |both, out| {
            both.iter().try_for_each(|&value| put_signed::<3>(value, METRE_STEP, "position_m", out))
        })?;
        record.item(9, "070", self.local_bearing, |angle, out| put_bearing(angle, "local_bearing", out))?;
        record.item(10, "080", self.system_bearing, |angle, out| put_bearing(angle, "system_bearing", out))?;
        record.item(11, "100", self.quality, |quality, out| quality.encode(out))?;
        record.item(12, "110", self.uncertainty_m, |radius, out| {
            put_quantity::<1>(radius, UNCERTAINTY_STEP_M, "uncertainty_m", out)
        })
    }

    fn put_signal(&self, record: &mut Composer) -> Result<(), Unencodable> {
        record.item(17, "160", self.track, |track, out| {
            put::<2>(u64::from(track), out);
            Ok(())
        })?;
        record.item(18, "170", self.sensor, |sensor, out| sensor.encode(out))?;
        record.item(19, "180", self.level_dbuv, |level, out| put_signed::<2>(level, LEVEL_STEP, "level_dbuv", out))?;
        record.item(20, "190", self.signal_quality, |quality, out| quality.encode(out))?;
        record.item(21, "200", self.elevation, |angle, out| {
            if angle.abs() > FRAC_PI_2 + 1e-9 {
                return Err(Unencodable::field("elevation"));
            }
            put_signed::<2>(angle.to_degrees(), ANGLE_STEP_DEG, "elevation", out)
        })
    }
}

fn put_bearing(angle: f64, field: &'static str, out: &mut Vec<u8>) -> Result<(), Unencodable> {
    let degrees = fusion_core::angle::Angle::from_radians(angle).compass_degrees();
    put_quantity::<2>(degrees, ANGLE_STEP_DEG, field, out)
}

const DEGREE_STEP: f64 = 180.0 / 33_554_432.0;
const METRE_STEP: f64 = 0.5;
/// Of bearings and elevations, degrees.
pub(super) const ANGLE_STEP_DEG: f64 = 0.01;
const UNCERTAINTY_STEP_M: f64 = 100.0;
const LEVEL_STEP: f64 = 0.01;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asterix::{CATALOGUE, describe, records, write_block};
    use proptest::prelude::*;

    fn full() -> BearingReport {
        BearingReport {
            source: Some(DataSource { sac: 25, sic: 9 }),
            service: Some(1),
            message_type: MessageType::SensorData,
            time_of_day: Some(TimeOfDay { ticks: 1_000 }),
            number: Some(255),
            channel: Channel::of_hz(121_500_000),
            position_deg: Some([45.0, -90.0]),
            position_m: Some([1_000.5, -20.0]),
            local_bearing: Some(123.45_f64.to_radians()),
            system_bearing: Some(0.5_f64.to_radians()),
            quality: Some(7),
            uncertainty_m: Some(700.0),
            conflict: false,
            track: Some(300),
            sensor: Some(4),
            level_dbuv: Some(-12.5),
            signal_quality: Some(200),
            elevation: Some(-1.5_f64.to_radians()),
        }
    }

    fn again(report: BearingReport) -> BearingReport {
        let mut block = Vec::new();
        write_block(&[report], &mut block).expect("fits");
        BearingReport::of(&records(&block, CATALOGUE).next().expect("one").expect("sound")).expect("of this category")
    }

    #[test]
    fn what_is_written_reads_back() {
        let back = again(full());
        assert_eq!(
            (back.channel, back.position_deg, back.position_m),
            (full().channel, full().position_deg, full().position_m)
        );
        assert_eq!((back.sensor, back.signal_quality, back.track), (Some(4), Some(200), Some(300)));
        assert!((back.local_bearing.expect("kept").to_degrees() - 123.45).abs() < 1e-9);
        assert!((back.elevation.expect("kept").to_degrees() + 1.5).abs() < 1e-9);
        assert_eq!(again(back), back, "the grid is reached at once");
    }

    #[test]
    fn the_items_lie_where_the_standard_has_them() {
        let mut block = Vec::new();
        write_block(&[full()], &mut block).expect("fits");
        let shown = describe(&block).next().expect("one").expect("sound");
        let items = &shown["items"];
        assert_eq!((&items["000"], &items["070"], &items["080"]), (&5.into(), &12_345.into(), &50.into()));
        assert_eq!(items["050"]["LAT"], 0x80_0000);
        assert_eq!(items["090"], 0x31_3231_2E35_3030_u64);
        assert_eq!(
            (&items["110"], &items["180"], &items["200"]),
            (&7.into(), &(65_536 - 1_250).into(), &(65_536 - 150).into())
        );
    }

    #[test]
    fn a_channel_has_the_name_of_its_frequency() {
        assert_eq!(Channel::of_hz(121_500_000).as_ref().and_then(Channel::as_str), Some("121.500"));
        assert_eq!(Channel::of_hz(8_390_400).as_ref().and_then(Channel::as_str), Some("8.390"));
        assert_eq!(Channel::of_hz(2_437_000_000).as_ref().and_then(Channel::as_str), Some("2437.00"));
        assert_eq!(Channel::of_hz(24_125_040_000).as_ref().and_then(Channel::as_str), Some("24125.0"));
        assert_eq!(Channel::of_hz(u64::MAX), None);
        assert_eq!(Channel([0xFF; 7]).as_str(), None);
        assert_eq!(Channel([0; 7]).as_str(), None);
    }

    #[test]
    fn an_elevation_beyond_the_zenith_is_refused() {
        let report = BearingReport { elevation: Some(1.6), ..BearingReport::default() };
        assert_eq!(
            report.encode(&mut Vec::new()).expect_err("beyond").to_string(),
            "item 200: elevation exceeds what the item has room for"
        );
    }

    proptest! {
        #[test]
        fn any_bearing_survives_within_half_a_step(bearing in -10.0..10.0) {
            let back = again(BearingReport { local_bearing: Some(bearing), ..BearingReport::default() });
            let off = fusion_core::angle::wrap(back.local_bearing.expect("kept") - bearing).abs();
            prop_assert!(off <= 0.005_01_f64.to_radians());
        }
    }
}
