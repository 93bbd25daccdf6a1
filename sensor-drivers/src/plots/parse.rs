//! One line of text to one scan.

use core::mem;

use fusion_core::angle::Angle;
use fusion_core::geodesy::Geodetic;
use fusion_core::identity::Identity;
use fusion_core::measurement::Coverage;
use fusion_core::time::Timestamp;

use super::identity::read_identity;
use super::json::{Key, Next, Reader};
use super::number::{Kind, Known, Number, Numbers};
use super::time::{from_rfc3339, from_unix_seconds};
use super::{PlotsConfig, fault, unknown_key};
use crate::decoder::{
    HorizontalError, Measured, OwnedScan, Place, Point, PointVelocity, Polar, Return, SCAN_RETURNS_MAX, TimeQuality,
};
use crate::emission::{CHANNEL_CONFUSION, fingerprint};
use crate::error::{DecodeError, Reason};

/// Sigma of the climb of a target of which only the horizontal velocity is told, metres per second: whatever flies
/// climbs slower than three of these.
const CLIMB_UNKNOWN_SIGMA_M_S: f64 = 30.0;

/// Reads a line: its scan, and how many returns were beyond [`SCAN_RETURNS_MAX`] and left out. The scan takes the list,
/// which is empty before; a line that is refused leaves it.
pub(super) fn read_line(
    line: &[u8],
    config: &PlotsConfig,
    list: &mut Vec<Return>,
) -> Result<(OwnedScan, u64), DecodeError> {
    let text = str::from_utf8(line).map_err(|error| fault(error.valid_up_to(), "text", Reason::BadText))?;
    let mut reader = Reader::new(text);
    let offset = reader.offset();
    let mut parts = Parts::default();
    reader.object("plot", |reader, key| parts.read(reader, key, config, list))?;
    reader.end()?;
    parts.assemble(offset, config, list)
}

/// What a line had, in whatever order.
#[derive(Default)]
struct Parts {
    time: Option<Timestamp>,
    scan: Option<Head>,
    returns: Option<Returns>,
    target: Target,
}

/// What `scan` says.
#[derive(Clone, Copy)]
struct Head {
    offset: usize,
    time: Timestamp,
    coverage: Coverage,
}

/// That there is `returns`, whose content is in the list.
struct Returns {
    offset: usize,
    beyond: u64,
}

/// One thing seen, as it was written.
#[derive(Default)]
struct Target {
    numbers: Numbers,
    identity: Option<(Identity, usize)>,
}

impl Parts {
    fn read(
        &mut self,
        reader: &mut Reader<'_>,
        key: Key<'_>,
        config: &PlotsConfig,
        list: &mut Vec<Return>,
    ) -> Result<(), DecodeError> {
        match key.name {
            "time" => once(&mut self.time, "time", key, read_time(reader)?),
            "scan" => once(&mut self.scan, "scan", key, read_head(reader)?),
            "returns" => once(&mut self.returns, "returns", key, read_returns(reader, config, list)?),
            _ => match self.target.read(reader, key)? {
                Known::Yes => Ok(()),
                Known::No => Err(unknown_in_plot(key, &["time", "scan", "returns", "identity"])),
            },
        }
    }

    /// A scan with its returns, or a plot that is a scan by itself; never a mixture.
    fn assemble(
        self,
        offset: usize,
        config: &PlotsConfig,
        list: &mut Vec<Return>,
    ) -> Result<(OwnedScan, u64), DecodeError> {
        let Some(head) = self.scan else {
            if let Some(returns) = self.returns {
                return Err(fault(returns.offset, "scan", Reason::Missing));
            }
            let time = self.time.ok_or_else(|| fault(offset, "time", Reason::Missing))?;
            list.push(self.target.into_return(offset, config)?);
            return Ok((owned(time, Coverage::Reports, mem::take(list)), 0));
        };
        if self.time.is_some() {
            return Err(fault(head.offset, "scan", Reason::Contradicts { other: "time" }));
        }
        if let Some((other, at)) = self.target.first() {
            return Err(fault(at, other, Reason::Contradicts { other: "scan" }));
        }
        let returns = self.returns.ok_or_else(|| fault(offset, "returns", Reason::Missing))?;
        Ok((owned(head.time, head.coverage, mem::take(list)), returns.beyond))
    }
}

impl Target {
    fn read(&mut self, reader: &mut Reader<'_>, key: Key<'_>) -> Result<Known, DecodeError> {
        if key.name != "identity" {
            return self.numbers.read(reader, key);
        }
        let identity = (read_identity(reader)?, key.offset);
        once(&mut self.identity, "identity", key, identity).map(|()| Known::Yes)
    }

    /// Anything that it has, and where.
    fn first(&self) -> Option<(&'static str, usize)> {
        let number = self.numbers.first(|_| true).map(|(number, offset)| (number.key(), offset));
        number.or_else(|| self.identity.as_ref().map(|(_, offset)| ("identity", *offset)))
    }

    fn into_return(self, offset: usize, config: &PlotsConfig) -> Result<Return, DecodeError> {
        let place = match self.numbers.kind(offset)? {
            Kind::Polar => Place::Polar(polar(&self.numbers, offset, config)?),
            Kind::Position => Place::Geodetic(point(&self.numbers, offset, config)?),
        };
        let mut identity = self.identity.map_or(Identity::UNKNOWN, |(identity, _)| identity);
        let heard_at = self.numbers.value(Number::Frequency).map(|mhz| mhz * 1e6);
        // Who tells an emitter by more than its frequency has said so.
        identity.fingerprint =
            identity.fingerprint.or_else(|| heard_at.and_then(|hz| fingerprint(hz, CHANNEL_CONFUSION)));
        Ok(Return::unnamed(place, identity))
    }
}

fn owned(time: Timestamp, coverage: Coverage, returns: Vec<Return>) -> OwnedScan {
    OwnedScan { time, time_quality: TimeQuality::Sensor, from: None, coverage, returns }
}

fn once<T>(slot: &mut Option<T>, field: &'static str, key: Key<'_>, value: T) -> Result<(), DecodeError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(fault(key.offset, field, Reason::Repeated)),
    }
}

/// Refuses a key of a plot, which has numbers and `others`.
fn unknown_in_plot(key: Key<'_>, others: &[&'static str]) -> DecodeError {
    unknown_key(key, Number::ALL.iter().map(|number| number.key()).chain(others.iter().copied()))
}

fn read_time(reader: &mut Reader<'_>) -> Result<Timestamp, DecodeError> {
    let offset = reader.offset();
    let time = if reader.next() == Next::String {
        from_rfc3339(&reader.string("time")?).ok_or(Reason::BadText)
    } else {
        from_unix_seconds(reader.numeral("time")?.text).ok_or(Reason::OutOfRange)
    };
    time.map_err(|reason| fault(offset, "time", reason))
}

fn read_head(reader: &mut Reader<'_>) -> Result<Head, DecodeError> {
    let offset = reader.offset();
    let (mut time, mut coverage) = (None, None);
    reader.object("scan", |reader, key| match key.name {
        "time" => once(&mut time, "time", key, read_time(reader)?),
        "coverage" => once(&mut coverage, "coverage", key, read_coverage(reader)?),
        _ => Err(unknown_key(key, ["time", "coverage"].into_iter())),
    })?;
    let missing = |field| fault(offset, field, Reason::Missing);
    Ok(Head { offset, time: time.ok_or(missing("time"))?, coverage: coverage.ok_or(missing("coverage"))? })
}

fn read_coverage(reader: &mut Reader<'_>) -> Result<Coverage, DecodeError> {
    if reader.next() == Next::Object {
        return read_sector(reader);
    }
    let offset = reader.offset();
    match &*reader.string("coverage")? {
        "full" => Ok(Coverage::Full),
        "reports" => Ok(Coverage::Reports),
        _ => Err(fault(offset, "coverage", Reason::BadText)),
    }
}

fn read_sector(reader: &mut Reader<'_>) -> Result<Coverage, DecodeError> {
    let offset = reader.offset();
    let (mut from, mut width) = (None, None);
    reader.object("coverage", |reader, key| match key.name {
        "from_deg" => once(&mut from, "from_deg", key, read_within(reader, "from_deg", -180.0, 360.0)?),
        "width_deg" => once(&mut width, "width_deg", key, read_within(reader, "width_deg", 0.0, 360.0)?),
        _ => Err(unknown_key(key, ["from_deg", "width_deg"].into_iter())),
    })?;
    let missing = |field| fault(offset, field, Reason::Missing);
    let from = Angle::from_degrees(from.ok_or(missing("from_deg"))?);
    Ok(Coverage::Sector { from, width_rad: width.ok_or(missing("width_deg"))?.to_radians() })
}

fn read_within(reader: &mut Reader<'_>, field: &'static str, least: f64, most: f64) -> Result<f64, DecodeError> {
    let numeral = reader.numeral(field)?;
    let value = numeral.text.parse().unwrap_or(f64::NAN);
    if (least..=most).contains(&value) { Ok(value) } else { Err(fault(numeral.offset, field, Reason::OutOfRange)) }
}

fn read_returns(reader: &mut Reader<'_>, config: &PlotsConfig, list: &mut Vec<Return>) -> Result<Returns, DecodeError> {
    let mut returns = Returns { offset: reader.offset(), beyond: 0 };
    reader.array("returns", |reader| {
        let one = read_return(reader, config)?;
        if list.len() < SCAN_RETURNS_MAX {
            list.push(one);
        } else {
            returns.beyond += 1;
        }
        Ok(())
    })?;
    Ok(returns)
}

fn read_return(reader: &mut Reader<'_>, config: &PlotsConfig) -> Result<Return, DecodeError> {
    let offset = reader.offset();
    let mut target = Target::default();
    reader.object("return", |reader, key| match target.read(reader, key)? {
        Known::Yes => Ok(()),
        Known::No if key.name == "time" => Err(fault(key.offset, "time", Reason::Contradicts { other: "scan" })),
        Known::No => Err(unknown_in_plot(key, &["identity"])),
    })?;
    target.into_return(offset, config)
}

/// What was seen from the sensor, by a plot that starts at `offset`.
fn polar(numbers: &Numbers, offset: usize, config: &PlotsConfig) -> Result<Polar, DecodeError> {
    let with = |value, sigma, default| measured(numbers, value, sigma, default, offset);
    let azimuth_deg = with(Number::Azimuth, Number::AzimuthSigma, config.azimuth_sigma_deg)?;
    let range = with(Number::Range, Number::RangeSigma, config.range_sigma_m)?;
    let height = with(Number::Height, Number::HeightSigma, config.height_sigma_m)?;
    if height.is_some() && range.is_none() {
        return Err(fault(offset, Number::Range.key(), Reason::Missing));
    }
    Ok(Polar {
        azimuth: radians(
            azimuth_deg.ok_or_else(|| fault(offset, Number::Azimuth.key(), Reason::Missing))?,
            Angle::turn,
        ),
        range,
        elevation: with(Number::Elevation, Number::ElevationSigma, config.elevation_sigma_deg)?
            .map(|degrees| radians(degrees, Angle::radians)),
        height,
        range_rate: with(Number::RangeRate, Number::RangeRateSigma, config.range_rate_sigma_m_s)?,
    })
}

/// A point on the earth, by a plot that starts at `offset`.
fn point(numbers: &Numbers, offset: usize, config: &PlotsConfig) -> Result<Point, DecodeError> {
    let latitude = numbers.required(Number::Latitude, offset)?;
    let longitude = numbers.required(Number::Longitude, offset)?;
    let height = measured(numbers, Number::Height, Number::HeightSigma, config.height_sigma_m, offset)?;
    let position = Geodetic::from_degrees(latitude, longitude, height.map_or(0.0, |height| height.value))
        .ok_or_else(|| fault(offset, Number::Latitude.key(), Reason::OutOfRange))?;
    let sigma = numbers.value(Number::HorizontalSigma).or(config.horizontal_sigma_m);
    Ok(Point {
        position,
        horizontal: sigma
            .map(HorizontalError::round)
            .ok_or_else(|| fault(offset, Number::HorizontalSigma.key(), Reason::Missing))?,
        vertical_sigma_m: height.map(|height| height.sigma),
        velocity: velocity(numbers, offset, config)?,
    })
}

fn velocity(numbers: &Numbers, offset: usize, config: &PlotsConfig) -> Result<Option<PointVelocity>, DecodeError> {
    let Some(east) = measured(numbers, Number::VelocityEast, Number::VelocitySigma, config.velocity_sigma_m_s, offset)?
    else {
        return Ok(None);
    };
    let north = numbers.required(Number::VelocityNorth, offset)?;
    let up = numbers.value(Number::VelocityUp);
    let said = numbers.value(Number::VelocityUpSigma).unwrap_or(east.sigma);
    Ok(Some(PointVelocity {
        east_north_up: [east.value, north, up.unwrap_or(0.0)],
        horizontal_sigma: east.sigma,
        vertical_sigma: if up.is_some() { said } else { CLIMB_UNKNOWN_SIGMA_M_S },
    }))
}

/// A value with its sigma, from the plot or else from the configuration; `None` if there is no value.
fn measured(
    numbers: &Numbers,
    value: Number,
    sigma: Number,
    default: Option<f64>,
    offset: usize,
) -> Result<Option<Measured>, DecodeError> {
    let Some(value) = numbers.value(value) else { return Ok(None) };
    let given = numbers.value(sigma).or(default);
    Ok(Some(Measured { value, sigma: given.ok_or_else(|| fault(offset, sigma.key(), Reason::Missing))? }))
}

fn radians(degrees: Measured, wrapped: impl Fn(Angle) -> f64) -> Measured {
    Measured { value: wrapped(Angle::from_degrees(degrees.value)), sigma: degrees.sigma.to_radians() }
}
