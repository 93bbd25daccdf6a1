//! One line of the page, or one JSON object of the push, as numbers.

use fusion_core::geodesy::Geodetic;
use fusion_core::time::{Span, Timestamp};
use serde::Deserialize;
use serde_json::error::Category;

use crate::error::Reason;

/// Fields of a whole line: 17, and 360 of the spectrum.
const FIELDS: usize = 377;

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Said {
    /// The end of the frame.
    pub(super) time: Timestamp,
    /// How long the frame is, seconds.
    pub(super) frame_s: f64,
    /// Clockwise from the array's forward direction, degrees.
    pub(super) bearing_deg: f64,
    /// 0 to 99.
    pub(super) confidence: f64,
    pub(super) frequency_hz: f64,
    pub(super) array: Array,
    pub(super) place: Option<Geodetic>,
    pub(super) gps_heading_deg: Option<f64>,
    pub(super) compass_heading_deg: Option<f64>,
}

/// How the antennas stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Array {
    /// In a line: front and back look alike.
    Linear,
    /// In a circle, or as somebody measured.
    Other,
}

/// Why a line says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It ends too early.
    Torn,
    /// A field is not what it should be.
    Field(usize, &'static str, Reason),
}

pub(super) fn read(line: &[u8]) -> Result<Said, Fault> {
    let text = core::str::from_utf8(line).map_err(|e| Fault::Field(e.valid_up_to(), "line", Reason::BadText))?;
    if text.starts_with('{') { push(text) } else { page(text) }
}

fn page(text: &str) -> Result<Said, Fault> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(Fault::Field(0, "epoch time", Reason::NotThisFormat));
    }
    if text.split(',').count() < FIELDS {
        return Err(Fault::Torn);
    }
    let mut fields = [""; 13];
    for (slot, field) in fields.iter_mut().zip(text.split(',')) {
        *slot = field.trim();
    }
    let number = |at: usize, name| number(fields[at]).ok_or_else(|| fault(text, fields[at], name));
    let told = |at: usize| self::number(fields[at]);
    Ok(Said {
        time: time(number(0, "epoch time")?).ok_or_else(|| fault(text, fields[0], "epoch time"))?,
        bearing_deg: number(1, "DOA")?,
        confidence: number(2, "confidence")?,
        frequency_hz: frequency(number(4, "frequency")?).ok_or_else(|| fault(text, fields[4], "frequency"))?,
        array: array(fields[5]),
        frame_s: frame(number(6, "latency")?),
        place: place(told(8), told(9)),
        gps_heading_deg: told(10),
        compass_heading_deg: told(11),
    })
}

/// The push: numbers come as numbers or as texts, by the version.
#[derive(Deserialize)]
struct Push<'a> {
    #[serde(rename = "tStamp")]
    time: f64,
    #[serde(rename = "radioBearing", borrow)]
    bearing: Number<'a>,
    #[serde(borrow)]
    conf: Number<'a>,
    #[serde(borrow)]
    freq: Number<'a>,
    #[serde(rename = "antType", default)]
    array: &'a str,
    #[serde(default, borrow)]
    latency: Option<Number<'a>>,
    #[serde(default, borrow)]
    latitude: Option<Number<'a>>,
    #[serde(default, borrow)]
    longitude: Option<Number<'a>>,
    #[serde(rename = "gpsBearing", default, borrow)]
    gps_heading: Option<Number<'a>>,
    #[serde(rename = "compassBearing", default, borrow)]
    compass_heading: Option<Number<'a>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Number<'a> {
    Number(f64),
    Text(&'a str),
}

impl Number<'_> {
    fn value(self) -> Option<f64> {
        match self {
            Self::Number(value) => Some(value),
            Self::Text(text) => number(text),
        }
    }
}

fn push(text: &str) -> Result<Said, Fault> {
    let said: Push<'_> = serde_json::from_str(text).map_err(|error| match error.classify() {
        Category::Eof => Fault::Torn,
        Category::Io | Category::Syntax | Category::Data => Fault::Field(error.column(), "push", Reason::BadText),
    })?;
    let needed = |number: Number<'_>, name| number.value().ok_or(Fault::Field(0, name, Reason::BadText));
    let told = |number: Option<Number<'_>>| number.and_then(Number::value);
    Ok(Said {
        time: time(said.time).ok_or(Fault::Field(0, "tStamp", Reason::OutOfRange))?,
        bearing_deg: needed(said.bearing, "radioBearing")?,
        confidence: needed(said.conf, "conf")?,
        frequency_hz: frequency(needed(said.freq, "freq")?).ok_or(Fault::Field(0, "freq", Reason::OutOfRange))?,
        array: array(said.array),
        frame_s: frame(told(said.latency).unwrap_or(0.0)),
        place: place(told(said.latitude), told(said.longitude)),
        gps_heading_deg: told(said.gps_heading),
        compass_heading_deg: told(said.compass_heading),
    })
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|value: &f64| value.is_finite())
}

/// Milliseconds since 1970, of this century and the next.
#[expect(clippy::cast_possible_truncation, reason = "a whole number below 2⁵³")]
fn time(millis: f64) -> Option<Timestamp> {
    (9e11..5e12).contains(&millis).then(|| Timestamp::EPOCH + Span::from_millis(millis as i64))
}

/// A frame is milliseconds to a second long; what is beyond is a fault of its clock.
fn frame(latency_ms: f64) -> f64 {
    (latency_ms * 1e-3).clamp(0.0, 10.0)
}

/// Hertz; older versions tell megahertz.
fn frequency(told: f64) -> Option<f64> {
    let hertz = if told < 1e5 { told * 1e6 } else { told };
    (1e6..1e11).contains(&hertz).then_some(hertz)
}

fn array(name: &str) -> Array {
    if name.eq_ignore_ascii_case("ULA") { Array::Linear } else { Array::Other }
}

/// 0° N 0° E stands for unknown.
fn place(latitude: Option<f64>, longitude: Option<f64>) -> Option<Geodetic> {
    let (latitude, longitude) = (latitude?, longitude?);
    if latitude == 0.0 && longitude == 0.0 {
        return None;
    }
    Geodetic::from_degrees(latitude, longitude, 0.0)
}

fn fault(text: &str, field: &str, name: &'static str) -> Fault {
    let offset = (field.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    Fault::Field(offset, name, Reason::BadText)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_no_number_is_named_with_its_place() {
        let rest = ",0".repeat(375);
        let error = read(format!("1700000000500, north{rest}").as_bytes());
        assert_eq!(error, Err(Fault::Field(15, "DOA", Reason::BadText)));
        assert_eq!(read(b"<html>"), Err(Fault::Field(0, "epoch time", Reason::NotThisFormat)));
        assert_eq!(read(b"1700000000500, 3"), Err(Fault::Torn));
        assert_eq!(read(b"{\"tStamp\":1700"), Err(Fault::Torn));
    }
}
