//! Events as XML: one line each, and nothing behind `</event>` (some servers stumble over a newline there).

use core::fmt::Write as _;

use fusion_core::time::Timestamp;
use roxmltree::{Document, Node, ParsingOptions};
use sensor_drivers::plots::{Rfc3339, from_rfc3339};

use super::event::{Element, Event, Marks, Point};

/// Elements within elements at the most, in what others send.
///
/// No counter: an event that goes deeper is refused, which is counted.
const DEPTH_MAX: usize = 16;

/// Nodes of a document at the most, in what others send.
///
/// No counter: an event with more is refused, which is counted.
const NODES_MAX: u32 = 4_096;

/// Attributes of a document at the most, in what others send, reckoned by their signs of equality: the parser compares
/// each of an element with each.
///
/// No counter: an event with more is refused, which is counted.
const ATTRIBUTES_MAX: usize = 2_048;

/// What stands before an event that is the first or the only one.
pub const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

/// Writes an event.
#[must_use]
pub fn write(event: &Event) -> String {
    let mut out = String::with_capacity(512);
    out.push_str("<event version=\"2.0\"");
    attribute(&mut out, "uid", &event.uid);
    attribute(&mut out, "type", &event.kind);
    for (name, time) in [("time", event.time), ("start", event.start), ("stale", event.stale)] {
        attribute(&mut out, name, &utc(time));
    }
    attribute(&mut out, "how", &event.how);
    let Marks { qos, opex, access, caveat, releasable_to } = &event.marks;
    let marks = [("qos", qos), ("opex", opex), ("access", access), ("caveat", caveat), ("releasableTo", releasable_to)];
    for (name, value) in marks.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
        attribute(&mut out, name, value);
    }
    let p = &event.point;
    let (lat, lon, hae) = (p.latitude_deg, p.longitude_deg, p.height_m);
    write_to(&mut out, format_args!("><point lat=\"{lat:.7}\" lon=\"{lon:.7}\" hae=\"{hae:.1}\""));
    let (ce, le) = (p.circular_error_m, p.linear_error_m);
    write_to(&mut out, format_args!(" ce=\"{ce:.1}\" le=\"{le:.1}\"/><detail>"));
    event.detail.iter().for_each(|each| element(&mut out, each));
    out.push_str("</detail></event>");
    out
}

/// Writes the elements of a detail without what stands around them.
pub(super) fn write_elements<'a>(elements: impl Iterator<Item = &'a Element>) -> String {
    let mut out = String::new();
    elements.for_each(|each| element(&mut out, each));
    out
}

/// A time with three decimals, always: some clients read no other form.
pub(super) fn utc(time: Timestamp) -> String {
    let millis = time.as_millis();
    let second = Rfc3339(Timestamp::from_secs(millis.div_euclid(1_000))).to_string();
    format!("{}.{:03}Z", second.trim_end_matches('Z'), millis.rem_euclid(1_000))
}

fn write_to(out: &mut String, text: core::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a string takes any text");
}

fn element(out: &mut String, element: &Element) {
    write_to(out, format_args!("<{}", element.name));
    element.attributes.iter().for_each(|(name, value)| attribute(out, name, value));
    if element.children.is_empty() && element.text.is_empty() {
        out.push_str("/>");
        return;
    }
    out.push('>');
    escape(out, &element.text);
    element.children.iter().for_each(|child| self::element(out, child));
    write_to(out, format_args!("</{}>", element.name));
}

fn attribute(out: &mut String, name: &str, value: &str) {
    write_to(out, format_args!(" {name}=\""));
    escape(out, value);
    out.push('"');
}

/// What XML would take for its own is escaped; what it cannot hold at all is left out.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' | '\r' => write_to(out, format_args!("&#{};", u32::from(c))),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => {}
            c => out.push(c),
        }
    }
}

/// Reads an event.
///
/// # Errors
/// What is wrong with it, in words.
pub fn read(text: &str) -> Result<Event, String> {
    let document = parse(text)?;
    let root = document.root_element();
    if root.tag_name().name() != "event" {
        return Err(format!("<{}> is no <event>", root.tag_name().name()));
    }
    let need = |name| root.attribute(name).ok_or_else(|| format!("<event> without {name}"));
    let time = |name| from_rfc3339(need(name)?).ok_or_else(|| format!("{name} is no time"));
    let mark = |name| root.attribute(name).map(str::to_owned);
    let child = |name| root.children().find(|child| child.has_tag_name(name));
    let detail = child("detail").map_or_else(|| Ok(Vec::new()), |detail| elements(&detail, 0))?;
    Ok(Event {
        uid: need("uid")?.to_owned(),
        kind: need("type")?.to_owned(),
        how: root.attribute("how").unwrap_or_default().to_owned(),
        time: time("time")?,
        start: time("start")?,
        stale: time("stale")?,
        point: point(&child("point").ok_or("<event> without <point>")?)?,
        marks: Marks {
            qos: mark("qos"),
            opex: mark("opex"),
            access: mark("access"),
            caveat: mark("caveat"),
            releasable_to: mark("releasableTo"),
        },
        detail,
    })
}

/// Reads the elements of a detail without what stands around them.
pub(super) fn read_elements(text: &str) -> Result<Vec<Element>, String> {
    let framed = format!("<detail>{text}</detail>");
    let document = parse(&framed)?;
    elements(&document.root_element(), 0)
}

fn parse(text: &str) -> Result<Document<'_>, String> {
    if text.bytes().filter(|&octet| octet == b'=').nth(ATTRIBUTES_MAX).is_some() {
        return Err(format!("more than {ATTRIBUTES_MAX} attributes"));
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|e| e.to_string())
}

fn point(node: &Node<'_, '_>) -> Result<Point, String> {
    let number = |name: &str| {
        let text = node.attribute(name).ok_or_else(|| format!("<point> without {name}"))?;
        text.trim().parse().ok().filter(|x: &f64| x.is_finite()).ok_or_else(|| format!("{name} is no number: {text}"))
    };
    Ok(Point {
        latitude_deg: number("lat")?,
        longitude_deg: number("lon")?,
        height_m: number("hae")?,
        circular_error_m: number("ce")?,
        linear_error_m: number("le")?,
    })
}

/// The text right in an element, without the blanks around.
fn words(node: &Node<'_, '_>) -> String {
    let texts = node.children().filter(Node::is_text).filter_map(|child| child.text());
    texts.collect::<String>().trim().to_owned()
}

fn elements(parent: &Node<'_, '_>, depth: usize) -> Result<Vec<Element>, String> {
    if depth == DEPTH_MAX {
        return Err(format!("elements go deeper than {DEPTH_MAX}"));
    }
    let each = |node: Node<'_, '_>| -> Result<Element, String> {
        Ok(Element {
            name: node.tag_name().name().to_owned(),
            attributes: node.attributes().map(|a| (a.name().to_owned(), a.value().to_owned())).collect(),
            text: words(&node),
            children: elements(&node, depth + 1)?,
        })
    };
    parent.children().filter(Node::is_element).map(each).collect()
}
