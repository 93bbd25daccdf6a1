//! Tracks, lines of bearing and this node as events.

use core::fmt::Write as _;

use fusion_core::angle::Angle;
use fusion_core::gaussian::ellipse;
use fusion_core::geodesy::{Geodetic, course_and_speed};
use fusion_core::identity::Identity;
use fusion_core::label::{Codes, Label};
use fusion_core::maths::sqrt;
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{TrackId, TrackStatus};
use sensor_drivers::cot::OWN_UID_PREFIX;

use super::event::{Element, Event, Marks, Point, UNKNOWN_FROM_M, UNKNOWN_M};
use super::{symbols, xml};
use crate::board::{Mode, Remark};
use crate::config::tak::Dimension;
use crate::outputs::moment::Moment;
use crate::outputs::shapes::{self, SIGMAS_95, reached};
use crate::picture::{SystemTrack, short_name, text_id};
use crate::words;

/// Remarks are cut at this length, octets: an event stays below what a datagram carries whole.
///
/// No counter: what is cut is also told by `contact`, `type` and the errors.
const REMARKS_MAX: usize = 256;

/// A line of bearing is of interest for so long.
pub const LINE_LIFE: Span = Span::from_secs(15);

/// This node is there, until it is silent for so long.
pub const OWN_LIFE: Span = Span::from_secs(90);

/// Priority 1, what is newer replaces what waits, delivery is not confirmed: a track that will be told again.
const QOS_TRACK: &str = "1-r-c";

/// Says what events say of this node's picture.
#[derive(Clone, Debug)]
pub struct Describer {
    /// The node's name.
    pub node: String,
    /// Where it is.
    pub place: Geodetic,
    /// Whether the world is real. Whoever shows a replay must not take it for the present.
    pub mode: Mode,
    /// Where things are that nobody said a kind of.
    pub unknown: Dimension,
}

/// A line of bearing, of this node or of another.
#[derive(Clone, Debug)]
pub struct Line {
    /// Whose it is, unique in the mesh: node and sensor.
    pub source: String,
    /// Which of the lines of this source that are shown at once.
    pub slot: usize,
    /// What people call the sensor.
    pub name: String,
    /// Where the sensor was.
    pub from: Geodetic,
    /// Clockwise from true north there.
    pub azimuth: Angle,
    /// One sigma of it, radians.
    pub sigma_rad: f64,
    /// How long the line is drawn, metres.
    pub range_m: f64,
    /// When.
    pub time: Timestamp,
    /// Who may know.
    pub label: Label,
}

impl Describer {
    /// The uid of this node.
    #[must_use]
    pub fn own_uid(&self) -> String {
        format!("{OWN_UID_PREFIX}{}", self.node)
    }

    /// This node itself.
    #[must_use]
    pub fn own(&self, moment: Moment) -> Event {
        let now = moment.now;
        let point = Point { linear_error_m: 10.0, circular_error_m: 10.0, ..at(&self.place) };
        let mut event = self.event(self.own_uid(), "a-f-G-U-C", now, OWN_LIFE, point);
        if self.mode == Mode::Live {
            "m-g".clone_into(&mut event.how);
        }
        let takv = Element::new("takv")
            .with("device", "edge node")
            .with("platform", "copmesh")
            .with("os", std::env::consts::OS)
            .with("version", env!("CARGO_PKG_VERSION"));
        event.detail = vec![
            Element::new("contact").with("callsign", &self.node),
            Element::new("__group").with("name", "Cyan").with("role", "HQ"),
            takv,
            self.flow(now),
        ];
        event
    }

    /// A track of the picture of which nobody remarked anything.
    #[must_use]
    pub fn track(&self, track: &SystemTrack, life: Span, moment: Moment) -> Event {
        self.track_with(track, None, life, moment)
    }

    /// A track of the picture, which is worth showing until `life` after its time, and what was remarked on it.
    #[must_use]
    pub fn track_with(&self, track: &SystemTrack, remark: Option<&Remark>, life: Span, moment: Moment) -> Event {
        let now = moment.now;
        let record = &track.record;
        let estimate = &record.estimate;
        let place = Geodetic::from_ecef(estimate.position);
        let velocity = place.enu_axes() * estimate.velocity.vector();
        let (course, _) = course_and_speed(&velocity);
        let p = estimate.covariance.matrix();
        let (major, _, _) = ellipse(p[(0, 0)], p[(0, 1)], p[(1, 1)]);
        let point = Point { circular_error_m: told(major), linear_error_m: told(sqrt(p[(2, 2)])), ..at(&place) };
        let kind = symbols::kind(&record.identity, self.unknown);
        let mut event = self.event(uid(record.id), &kind, now, life, point);
        event.start = moment.shown(estimate.time);
        event.stale = event.start + life;
        if self.mode == Mode::Live && record.status == Some(TrackStatus::Coasted) {
            "m-p".clone_into(&mut event.how);
        }
        event.marks = Marks { qos: Some(QOS_TRACK.to_owned()), ..self.marks(&record.label) };
        let speed = velocity.norm();
        event.detail = vec![
            Element::new("contact").with("callsign", callsign(record.id, &record.identity)),
            Element::new("track")
                .with("speed", format_args!("{speed:.2}"))
                .with("course", format_args!("{:.1}", below_360(course.compass_degrees()))),
            Element::new("precisionlocation").with("geopointsrc", "CALC").with("altsrc", "CALC"),
            self.parent(),
            Element::new("remarks").saying(remarks(track, remark)),
            self.flow(now),
        ];
        event
    }

    /// Where a track is with 95 %, as a polygon: the one drawing of an ellipse that all clients understand alike.
    #[must_use]
    pub fn area(&self, track: &SystemTrack, life: Span, moment: Moment) -> Event {
        let now = moment.now;
        let record = &track.record;
        let place = Geodetic::from_ecef(record.estimate.position);
        let p = record.estimate.covariance.matrix();
        let (major, _, _) = ellipse(p[(0, 0)], p[(0, 1)], p[(1, 1)]);
        let point = Point { circular_error_m: told(SIGMAS_95 * major), ..at(&place) };
        let mut event = self.event(area_uid(record.id), "u-d-f", now, life, point);
        event.start = moment.shown(record.estimate.time);
        event.stale = event.start + life;
        event.marks = self.marks(&record.label);
        let name = format!("{} 95 %", short_name(record.id));
        event.detail = self.drawing(shapes::area(&record.estimate), &name, now);
        event
    }

    /// A line of bearing from a place to a range, and the wedge of one sigma to each side.
    #[must_use]
    pub fn line(&self, line: &Line, moment: Moment) -> [Event; 2] {
        let Line { source, slot, name, from, azimuth, sigma_rad, range_m, .. } = line;
        let uid = format!("{OWN_UID_PREFIX}{source}.{slot}");
        let event = |uid, kind| {
            let start = moment.shown(line.time);
            let event = self.event(uid, kind, moment.now, LINE_LIFE, at(from));
            Event { start, stale: start + LINE_LIFE, marks: self.marks(&line.label), ..event }
        };
        let value = |name: &str, value: &str| Element::new(name).with("value", value);
        let ray = vec![
            Element::new("contact").with("callsign", name),
            value("range", &format!("{range_m:.0}")),
            value("bearing", &format!("{:.2}", below_360(azimuth.compass_degrees()))),
            value("inclination", "0"),
            value("rangeUnits", "1"),
            value("bearingUnits", "0"),
            value("northRef", "0"),
            value("strokeColor", STROKE),
            value("strokeWeight", "3.0"),
            self.flow(moment.now),
        ];
        let edge = |by: f64| reached(from, Angle::from_radians(azimuth.radians() + by), *range_m);
        let corners = [*from, edge(-sigma_rad), edge(*sigma_rad), *from];
        let spread_deg = sigma_rad.to_degrees();
        let wedge = self.drawing(corners.into_iter(), &format!("{name} ±{spread_deg:.1}°"), moment.now);
        [
            Event { detail: ray, ..event(uid.clone(), "u-rb-a") },
            Event { detail: wedge, ..event(format!("{uid}.w"), "u-d-f") },
        ]
    }

    /// That an event is no more.
    #[must_use]
    pub fn gone(&self, uid: &str, now: Timestamp) -> Event {
        let mut event = self.event(format!("{uid}.gone"), "t-x-d-d", now, Span::from_secs(60), Point::NOWHERE);
        event.detail = vec![
            Element::new("link").with("uid", uid).with("relation", "none").with("type", "none"),
            Element::new("__forcedelete"),
            self.flow(now),
        ];
        event
    }

    fn event(&self, uid: String, kind: &str, now: Timestamp, life: Span, point: Point) -> Event {
        Event {
            uid,
            kind: kind.to_owned(),
            how: if self.mode == Mode::Live { "m-f" } else { "m-s" }.to_owned(),
            time: now,
            start: now,
            stale: now + life,
            point,
            marks: Marks { opex: self.opex(), ..Marks::default() },
            detail: Vec::new(),
        }
    }

    /// What is no operation says so, in every event.
    fn opex(&self) -> Option<String> {
        match self.mode {
            Mode::Live => None,
            Mode::Replay => Some(format!("s-replay-{}", self.node)),
            Mode::Sim => Some(format!("s-{}", self.node)),
        }
    }

    fn marks(&self, label: &Label) -> Marks {
        let list = |codes: &Codes| {
            let texts: Vec<&str> = codes.as_slice().iter().map(fusion_core::label::Code::as_str).collect();
            (!texts.is_empty()).then(|| texts.join(","))
        };
        Marks {
            qos: None,
            opex: self.opex(),
            access: Some(label.level.as_str().to_owned()),
            caveat: list(&label.caveats),
            releasable_to: list(&label.releasable_to),
        }
    }

    /// Which node an event comes from, for clients that show who made it.
    fn parent(&self) -> Element {
        Element::new("link").with("uid", self.own_uid()).with("type", "a-f-G-U-C").with("relation", "p-p")
    }

    /// By this, gateways tell what they themselves sent out.
    fn flow(&self, now: Timestamp) -> Element {
        Element::new("_flow-tags_").with(&self.own_uid(), xml::utc(now))
    }

    fn drawing(&self, corners: impl Iterator<Item = Geodetic>, name: &str, now: Timestamp) -> Vec<Element> {
        let link = |corner: Geodetic| {
            let (lat, lon) = (corner.latitude_deg(), corner.longitude_deg());
            Element::new("link").with("point", format_args!("{lat:.5},{lon:.5}"))
        };
        let mut detail = vec![Element::new("contact").with("callsign", name)];
        detail.extend(corners.map(link));
        detail.push(Element::new("strokeColor").with("value", STROKE));
        detail.push(Element::new("fillColor").with("value", FILL));
        detail.push(Element::new("labels_on").with("value", "false"));
        detail.push(self.flow(now));
        detail
    }
}

/// Yellow, as signed ARGB.
const STROKE: &str = "-256";
/// The same, hardly covering what lies below.
const FILL: &str = "553647872";

/// The uid of a track, the same as long as there is an object of this number.
#[must_use]
pub fn uid(id: TrackId) -> String {
    format!("{OWN_UID_PREFIX}{}", text_id(id))
}

/// The uid of the drawing around a track.
#[must_use]
pub fn area_uid(id: TrackId) -> String {
    format!("{}.ell", uid(id))
}

fn at(place: &Geodetic) -> Point {
    Point {
        latitude_deg: place.latitude_deg(),
        longitude_deg: place.longitude_deg(),
        height_m: place.height_m,
        circular_error_m: UNKNOWN_M,
        linear_error_m: UNKNOWN_M,
    }
}

/// An error as it is told: too large is unknown.
fn told(sigma_m: f64) -> f64 {
    if sigma_m < UNKNOWN_FROM_M { sigma_m } else { UNKNOWN_M }
}

/// What would be written as 360.0 is north.
fn below_360(degrees: f64) -> f64 {
    if degrees < 359.95 { degrees } else { 0.0 }
}

/// What people call it: its short number, and its name where it has one.
fn callsign(id: TrackId, identity: &Identity) -> String {
    match &identity.name {
        Some(name) => format!("{} {}", short_name(id), name.trim()),
        None => short_name(id),
    }
}

/// What fits no other field, in words.
fn remarks(track: &SystemTrack, remark: Option<&Remark>) -> String {
    let record = &track.record;
    let identity = &record.identity;
    let mut text = words::class(identity.class).to_owned();
    let mut say = |more: core::fmt::Arguments<'_>| text.write_fmt(more).expect("a string takes any text");
    if let Some(remark) = remark {
        say(format_args!("; {}: {}", remark.who.as_ref().unwrap_or(&remark.by), remark.text));
    }
    if let Some(address) = identity.address {
        say(format_args!("; {address}"));
    }
    if let Some(code) = identity.mode_3a {
        say(format_args!("; squawk {code:04o}"));
    }
    if track.stale {
        say(format_args!("; nobody tells of it any more"));
    }
    if !record.sensors.is_empty() {
        say(format_args!("; seen by {}", record.sensors.join(", ")));
    }
    cut(text, REMARKS_MAX)
}

fn cut(mut text: String, octets: usize) -> String {
    if text.len() > octets {
        let at = (0..=octets).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(at);
    }
    text
}
