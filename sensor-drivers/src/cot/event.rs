//! One event as it was told, whether in XML or in protobuf: its header, its point, and the few of its details that are
//! used. Texts stay where they were received.

use fusion_core::time::Timestamp;

use super::xml::{Attribute, Attributes, Fault, Scanner, Text, Token, utf8};
use crate::error::Reason;
use crate::plots::from_rfc3339;

/// A value, and where it stood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Told<T> {
    /// The value.
    pub value: T,
    /// Offset in what was read, in bytes.
    pub at: usize,
}

impl<T> Told<T> {
    pub(super) const fn new(value: T, at: usize) -> Self {
        Self { value, at }
    }

    /// That this value cannot be.
    pub(super) const fn out_of_range(&self, field: &'static str) -> Fault {
        Fault { at: self.at, field, reason: Reason::OutOfRange }
    }
}

/// What was told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Event<'a> {
    /// Who or what: unique in the world, the same from event to event.
    pub uid: Option<Told<Text<'a>>>,
    /// What kind of event, `a-f-G-U-C` and the like.
    pub kind: Option<&'a str>,
    /// How the point came about, `m-g` and the like.
    pub how: Option<&'a str>,
    /// Operation, exercise or simulation.
    pub opex: Option<&'a str>,
    /// When it was sent.
    pub time: Option<Told<Timestamp>>,
    /// From when it holds.
    pub start: Option<Told<Timestamp>>,
    /// Until when it holds.
    pub stale: Option<Told<Timestamp>>,
    /// Degrees.
    pub latitude: Option<Told<f64>>,
    /// Degrees.
    pub longitude: Option<Told<f64>>,
    /// Above the WGS-84 ellipsoid, metres.
    pub height: Option<Told<f64>>,
    /// One sigma of the horizontal position, metres.
    pub circular_error: Option<Told<f64>>,
    /// One sigma of the height, metres.
    pub linear_error: Option<Told<f64>>,
    /// The details.
    pub detail: Detail<'a>,
}

/// Of the details, what is used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Detail<'a> {
    /// The name that people see.
    pub callsign: Option<Text<'a>>,
    /// m/s.
    pub speed: Option<f64>,
    /// Degrees clockwise from true north.
    pub course: Option<f64>,
    /// The uid of another event: of one that is deleted, or of whoever sends this one.
    pub link: Option<Text<'a>>,
}

impl<'a> Event<'a> {
    /// The next event of a text; `None` at its end.
    pub(super) fn next(scanner: &mut Scanner<'a>) -> Result<Option<Self>, Fault> {
        let Some(root) = scanner.next()? else { return Ok(None) };
        let mut event = Self::default();
        match root {
            Token::Open(b"event", attributes) => event.take_header(attributes)?,
            Token::Open(..) | Token::Close => {
                return Err(Fault { at: 0, field: "event", reason: Reason::NotThisFormat });
            }
        }
        while let Some(token) = scanner.next()? {
            match token {
                Token::Open(b"point", attributes) if scanner.depth() == 2 => event.take_point(attributes)?,
                Token::Open(name, attributes) if scanner.depth() == 3 && scanner.parent() == b"detail" => {
                    event.detail.take(name, attributes)?;
                }
                Token::Open(..) => {}
                Token::Close if scanner.depth() == 0 => break,
                Token::Close => {}
            }
        }
        Ok(Some(event))
    }

    fn take_header(&mut self, attributes: Attributes<'a>) -> Result<(), Fault> {
        for attribute in attributes {
            match attribute.name {
                b"uid" => once(&mut self.uid, "uid", attribute, told_text)?,
                b"type" => once(&mut self.kind, "type", attribute, utf8)?,
                b"how" => once(&mut self.how, "how", attribute, utf8)?,
                b"opex" => once(&mut self.opex, "opex", attribute, utf8)?,
                b"time" => once(&mut self.time, "time", attribute, time)?,
                b"start" => once(&mut self.start, "start", attribute, time)?,
                b"stale" => once(&mut self.stale, "stale", attribute, time)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn take_point(&mut self, attributes: Attributes<'a>) -> Result<(), Fault> {
        for attribute in attributes {
            match attribute.name {
                b"lat" => once(&mut self.latitude, "lat", attribute, told_number)?,
                b"lon" => once(&mut self.longitude, "lon", attribute, told_number)?,
                b"hae" => once(&mut self.height, "hae", attribute, told_number)?,
                b"ce" => once(&mut self.circular_error, "ce", attribute, told_number)?,
                b"le" => once(&mut self.linear_error, "le", attribute, told_number)?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl<'a> Detail<'a> {
    /// The elements of `<detail>` without what stands around them.
    pub(super) fn read(text: &'a [u8]) -> Result<Self, Fault> {
        let (mut detail, mut scanner) = (Self::default(), Scanner::new(text));
        while let Some(token) = scanner.next()? {
            if let Token::Open(name, attributes) = token
                && scanner.depth() == 1
            {
                detail.take(name, attributes)?;
            }
        }
        Ok(detail)
    }

    /// Of elements that stand there several times, the first counts.
    fn take(&mut self, name: &[u8], attributes: Attributes<'a>) -> Result<(), Fault> {
        let mut element = Self::default();
        for attribute in attributes {
            match (name, attribute.name) {
                (b"contact", b"callsign") => once(&mut element.callsign, "callsign", attribute, Text::of)?,
                (b"track", b"speed") => once(&mut element.speed, "speed", attribute, number)?,
                (b"track", b"course") => once(&mut element.course, "course", attribute, number)?,
                (b"link", b"uid") => once(&mut element.link, "link", attribute, Text::of)?,
                _ => {}
            }
        }
        *self = self.or(element);
        Ok(())
    }

    /// What is told here, and where nothing is, what is told there.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            callsign: self.callsign.or(other.callsign),
            speed: self.speed.or(other.speed),
            course: self.course.or(other.course),
            link: self.link.or(other.link),
        }
    }
}

/// Reads an attribute that may stand there once.
fn once<'a, T>(
    slot: &mut Option<T>,
    field: &'static str,
    attribute: Attribute<'a>,
    read: impl FnOnce(Attribute<'a>, &'static str) -> Result<T, Fault>,
) -> Result<(), Fault> {
    match slot.replace(read(attribute, field)?) {
        None => Ok(()),
        Some(_) => Err(Fault { at: attribute.at, field, reason: Reason::Repeated }),
    }
}

fn told_text<'a>(attribute: Attribute<'a>, field: &'static str) -> Result<Told<Text<'a>>, Fault> {
    Text::of(attribute, field).map(|text| Told::new(text, attribute.at))
}

fn time(attribute: Attribute<'_>, field: &'static str) -> Result<Told<Timestamp>, Fault> {
    let read = from_rfc3339(utf8(attribute, field)?);
    let fault = Fault { at: attribute.at, field, reason: Reason::BadText };
    read.map(|time| Told::new(time, attribute.at)).ok_or(fault)
}

fn told_number(attribute: Attribute<'_>, field: &'static str) -> Result<Told<f64>, Fault> {
    number(attribute, field).map(|number| Told::new(number, attribute.at))
}

/// A number, be it infinite or none: that is for its user to judge.
fn number(attribute: Attribute<'_>, field: &'static str) -> Result<f64, Fault> {
    let read = utf8(attribute, field)?.trim().parse();
    read.map_err(|_| Fault { at: attribute.at, field, reason: Reason::BadText })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Event<'_>, Fault> {
        Event::next(&mut Scanner::new(text.as_bytes())).map(|event| event.expect("one"))
    }

    #[test]
    fn only_what_stands_in_its_place_counts() {
        let event = read(
            "<event version='2.0' uid='a&amp;b' type='a-f-G'><x><contact callsign='no'/></x><point lat='1' lon='2'/>\
             <detail><x><track speed='9'/></x><contact callsign='Kilo'/><track speed='3' course='90'/>\
             <contact callsign='later'/></detail></event>",
        );
        let event = event.expect("sound");
        assert_eq!(event.uid.map(|uid| uid.value.collect::<String>()).as_deref(), Some("a&b"));
        assert_eq!(event.detail.callsign.map(Iterator::collect::<String>).as_deref(), Some("Kilo"));
        assert_eq!((event.detail.speed, event.detail.course), (Some(3.0), Some(90.0)));
        assert_eq!(event.latitude.map(|told| told.value), Some(1.0));
    }

    #[test]
    fn what_readers_could_disagree_about_is_refused() {
        let fault = |text| read(text).map_err(|fault| (fault.field, fault.reason)).expect_err("refused");
        assert_eq!(fault("<event uid='a' uid='b'/>"), ("uid", Reason::Repeated));
        assert_eq!(fault("<event><point lat='1' lat='2'/></event>"), ("lat", Reason::Repeated));
        assert_eq!(fault("<event><point lat='1,5'/></event>"), ("lat", Reason::BadText));
        assert_eq!(fault("<event time='noon'/>"), ("time", Reason::BadText));
        assert_eq!(fault("<events/>"), ("event", Reason::NotThisFormat));
    }
}
