//! Events as TAK protocol version 1: of the detail, each element that a message of the schema holds whole is told by
//! it, and all others stand as XML beside; readers take the XML where both tell a thing.

use fusion_core::time::Timestamp;
use prost::Message as _;
use proto::pb::tak::{Contact, CotEvent, Detail, Group, PrecisionLocation, Status, TakMessage, Takv, Track};

use super::event::{Element, Event, Marks, Point};
use super::xml;

/// First octet of a frame.
const MAGIC: u8 = 0xBF;

/// Writes an event as a datagram: `BF 01 BF` and the message.
#[must_use]
pub fn datagram(event: &Event) -> Vec<u8> {
    let mut out = vec![MAGIC, 1, MAGIC];
    message(event).encode(&mut out).expect("a vector takes any length");
    out
}

/// Writes an event into a stream: `BF`, the length as a varint, the message.
#[must_use]
pub fn framed(event: &Event) -> Vec<u8> {
    let mut out = vec![MAGIC];
    message(event).encode_length_delimited(&mut out).expect("a vector takes any length");
    out
}

/// Reads a message without its frame; `None` where it holds no event.
///
/// # Errors
/// What is wrong with it, in words.
pub fn read(bytes: &[u8]) -> Result<Option<Event>, String> {
    let message = TakMessage::decode(bytes).map_err(|e| e.to_string())?;
    message.cot_event.map(from_message).transpose()
}

fn message(event: &Event) -> TakMessage {
    let text = |mark: &Option<String>| mark.clone().unwrap_or_default();
    let cot_event = CotEvent {
        r#type: event.kind.clone(),
        access: text(&event.marks.access),
        qos: text(&event.marks.qos),
        opex: text(&event.marks.opex),
        uid: event.uid.clone(),
        send_time: millis(event.time),
        start_time: millis(event.start),
        stale_time: millis(event.stale),
        how: event.how.clone(),
        lat: event.point.latitude_deg,
        lon: event.point.longitude_deg,
        hae: event.point.height_m,
        ce: event.point.circular_error_m,
        le: event.point.linear_error_m,
        detail: Some(detail(&event.detail)),
        caveat: text(&event.marks.caveat),
        releaseable_to: text(&event.marks.releasable_to),
    };
    TakMessage { cot_event: Some(cot_event), ..TakMessage::default() }
}

fn millis(time: Timestamp) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(0)
}

fn from_millis(millis: u64) -> Result<Timestamp, String> {
    let nanos = i64::try_from(millis).ok().and_then(|millis| millis.checked_mul(1_000_000));
    nanos.map(Timestamp::from_nanos).ok_or_else(|| format!("{millis} ms is no time"))
}

fn detail(elements: &[Element]) -> Detail {
    let mut detail = Detail::default();
    let rest: Vec<&Element> = elements.iter().filter(|element| !take(&mut detail, element)).collect();
    detail.xml_detail = xml::write_elements(rest.into_iter());
    detail
}

/// Tells an element by its message, if that holds it whole and none of its kind was told yet.
fn take(detail: &mut Detail, element: &Element) -> bool {
    let text = |name: &str| element.attribute(name).unwrap_or_default().to_owned();
    let number = |name: &str| element.attribute(name).and_then(|value| value.parse::<f64>().ok());
    match element.name.as_str() {
        "contact" if detail.contact.is_none() && element.has_only(&["callsign", "endpoint"]) => {
            detail.contact = Some(Contact { endpoint: text("endpoint"), callsign: text("callsign") });
        }
        "__group" if detail.group.is_none() && element.has_only(&["name", "role"]) => {
            detail.group = Some(Group { name: text("name"), role: text("role") });
        }
        "precisionlocation" if detail.precision_location.is_none() && element.has_only(&["geopointsrc", "altsrc"]) => {
            let (geopointsrc, altsrc) = (text("geopointsrc"), text("altsrc"));
            detail.precision_location = Some(PrecisionLocation { geopointsrc, altsrc });
        }
        "status" if detail.status.is_none() && element.has_only(&["battery"]) => {
            let Some(battery) = element.attribute("battery").and_then(|text| text.parse().ok()) else { return false };
            detail.status = Some(Status { battery });
        }
        "takv" if detail.takv.is_none() && element.has_only(&["device", "platform", "os", "version"]) => {
            let [device, platform, os, version] = ["device", "platform", "os", "version"].map(text);
            detail.takv = Some(Takv { device, platform, os, version });
        }
        "track" if detail.track.is_none() && element.has_only(&["speed", "course"]) => {
            let (Some(speed), Some(course)) = (number("speed"), number("course")) else { return false };
            detail.track = Some(Track { speed, course });
        }
        _ => return false,
    }
    true
}

fn from_message(event: CotEvent) -> Result<Event, String> {
    let told = |text: String| (!text.is_empty()).then_some(text);
    let point = Point {
        latitude_deg: event.lat,
        longitude_deg: event.lon,
        height_m: event.hae,
        circular_error_m: event.ce,
        linear_error_m: event.le,
    };
    let numbers = [event.lat, event.lon, event.hae, event.ce, event.le];
    if !numbers.iter().all(|x| x.is_finite()) {
        return Err("a point that is no place".to_owned());
    }
    Ok(Event {
        uid: event.uid,
        kind: event.r#type,
        how: event.how,
        time: from_millis(event.send_time)?,
        start: from_millis(event.start_time)?,
        stale: from_millis(event.stale_time)?,
        point,
        marks: Marks {
            qos: told(event.qos),
            opex: told(event.opex),
            access: told(event.access),
            caveat: told(event.caveat),
            releasable_to: told(event.releaseable_to),
        },
        detail: event.detail.map_or_else(|| Ok(Vec::new()), elements)?,
    })
}

/// All elements: those of the XML, and of the messages those that the XML does not tell.
fn elements(detail: Detail) -> Result<Vec<Element>, String> {
    let mut all = xml::read_elements(&detail.xml_detail)?;
    let element = |name: &str, attributes: Vec<(&str, String)>| {
        let told = attributes.into_iter().filter(|(_, value)| !value.is_empty());
        told.fold(Element::new(name), |element, (name, value)| element.with(name, value))
    };
    let messages = [
        detail.contact.map(|c| element("contact", vec![("callsign", c.callsign), ("endpoint", c.endpoint)])),
        detail.group.map(|g| element("__group", vec![("name", g.name), ("role", g.role)])),
        detail
            .precision_location
            .map(|p| element("precisionlocation", vec![("geopointsrc", p.geopointsrc), ("altsrc", p.altsrc)])),
        detail.status.map(|s| element("status", vec![("battery", s.battery.to_string())])),
        detail.takv.map(|t| {
            let Takv { device, platform, os, version } = t;
            element("takv", vec![("device", device), ("platform", platform), ("os", os), ("version", version)])
        }),
        detail.track.map(|t| element("track", vec![("speed", t.speed.to_string()), ("course", t.course.to_string())])),
    ];
    for message in messages.into_iter().flatten() {
        if !all.iter().any(|element| element.name == message.name) {
            all.push(message);
        }
    }
    Ok(all)
}
