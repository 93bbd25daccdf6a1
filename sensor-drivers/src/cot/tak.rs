//! Events as protobuf: TAK protocol, version 1 (`proto/schema/tak.proto`), read where it lies.

use fusion_core::time::Timestamp;

use super::event::{Detail, Event, Told};
use super::xml::{Fault, Text};
use crate::error::Reason;
use crate::protobuf::{Part, Parts};

/// The event of a `TakMessage`; `None` if it only tells versions. `message` begins at `base` in what was received.
pub(super) fn read(message: &[u8], base: usize) -> Result<Option<Event<'_>>, Fault> {
    let mut event = None;
    for (at, part) in parts(message, base) {
        let part = part?;
        if part.number == 2 {
            event = Some(event_of(octets(part, at, "cot_event")?, at)?);
        }
    }
    Ok(event)
}

fn event_of(message: &[u8], base: usize) -> Result<Event<'_>, Fault> {
    // What is not told is zero: that is the rule of the format.
    let mut event =
        Event { latitude: Some(Told::new(0.0, base)), longitude: Some(Told::new(0.0, base)), ..Event::default() };
    for (at, part) in parts(message, base) {
        let part = part?;
        match part.number {
            1 => event.kind = text(part, at, "type")?,
            4 => event.opex = text(part, at, "opex")?,
            5 => event.uid = text(part, at, "uid")?.map(|uid| Told::new(Text::plain(uid), at)),
            6 => event.time = time(part, at, "send_time")?,
            7 => event.start = time(part, at, "start_time")?,
            8 => event.stale = time(part, at, "stale_time")?,
            9 => event.how = text(part, at, "how")?,
            10 => event.latitude = Some(number(part, at, "lat")?),
            11 => event.longitude = Some(number(part, at, "lon")?),
            12 => event.height = Some(number(part, at, "hae")?),
            13 => event.circular_error = Some(number(part, at, "ce")?),
            14 => event.linear_error = Some(number(part, at, "le")?),
            15 => event.detail = detail(octets(part, at, "detail")?, at)?,
            _ => {}
        }
    }
    Ok(event)
}

/// What XML tells wins over what a message tells: that is the rule of the protocol.
fn detail(message: &[u8], base: usize) -> Result<Detail<'_>, Fault> {
    let (mut xml, mut typed) = (Detail::default(), Detail::default());
    for (at, part) in parts(message, base) {
        let part = part?;
        match part.number {
            1 => {
                let read = Detail::read(octets(part, at, "xml_detail")?);
                xml = read.map_err(|fault| Fault { at: at + fault.at, ..fault })?;
            }
            2 => typed.callsign = contact(octets(part, at, "contact")?, at)?,
            7 => (typed.speed, typed.course) = track(octets(part, at, "track")?, at)?,
            _ => {}
        }
    }
    Ok(xml.or(typed))
}

fn contact(message: &[u8], base: usize) -> Result<Option<Text<'_>>, Fault> {
    let mut callsign = None;
    for (at, part) in parts(message, base) {
        let part = part?;
        if part.number == 2 {
            callsign = text(part, at, "callsign")?.map(Text::plain);
        }
    }
    Ok(callsign)
}

/// Speed and course. Both are there where a track is: what is not told is zero.
fn track(message: &[u8], base: usize) -> Result<(Option<f64>, Option<f64>), Fault> {
    let (mut speed, mut course) = (0.0, 0.0);
    for (at, part) in parts(message, base) {
        let part = part?;
        match part.number {
            1 => speed = number(part, at, "speed")?.value,
            2 => course = number(part, at, "course")?.value,
            _ => {}
        }
    }
    Ok((Some(speed), Some(course)))
}

/// The parts of a message, with their offsets in what was received.
fn parts(message: &[u8], base: usize) -> impl Iterator<Item = (usize, Result<Part<'_>, Fault>)> {
    Parts::of(message).map(move |part| match part {
        Ok(part) => (base + part.at, Ok(part)),
        Err((at, reason)) => (base + at, Err(Fault { at: base + at, field: "TakMessage", reason })),
    })
}

const fn of_another_type(at: usize, field: &'static str) -> Fault {
    Fault { at, field, reason: Reason::NotThisFormat }
}

fn octets<'a>(part: Part<'a>, at: usize, field: &'static str) -> Result<&'a [u8], Fault> {
    part.value.octets().ok_or(of_another_type(at, field))
}

/// A text; none if it is empty.
fn text<'a>(part: Part<'a>, at: usize, field: &'static str) -> Result<Option<&'a str>, Fault> {
    octets(part, at, field)?;
    let text = part.value.text().ok_or(Fault { at, field, reason: Reason::BadText })?;
    Ok((!text.is_empty()).then_some(text))
}

fn number(part: Part<'_>, at: usize, field: &'static str) -> Result<Told<f64>, Fault> {
    part.value.real().map(|value| Told::new(value, at)).ok_or(of_another_type(at, field))
}

/// Milliseconds since the Unix epoch; none if zero.
fn time(part: Part<'_>, at: usize, field: &'static str) -> Result<Option<Told<Timestamp>>, Fault> {
    let millis = part.value.integer().ok_or(of_another_type(at, field))?;
    let nanos = millis.checked_mul(1_000_000).ok_or(Fault { at, field, reason: Reason::OutOfRange })?;
    Ok((millis != 0).then(|| Told::new(Timestamp::from_nanos(nanos), at)))
}
