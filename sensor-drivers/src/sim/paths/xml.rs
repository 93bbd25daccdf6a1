//! A path as KML 2.2 (OGC 07-147r2, with `gx:Track`) or GPX 1.1: the first track, or else the first line, of the file.
//!
//! Names are compared without their namespaces, since both forms are written with and without them.

use roxmltree::{Document, Node, ParsingOptions};

use super::{PATH_POINTS_MAX, PathFault, RawPoint, rfc3339_seconds};

/// Nodes of a document at the most: some ten for each point.
///
/// No counter: a larger document is refused.
const NODES_MAX: u32 = 2_000_000;

/// All track points of all segments of the first track; without a track, the points of the first route.
pub(super) fn gpx(text: &str) -> Result<Vec<RawPoint>, PathFault> {
    let document = parse(text)?;
    let whole = Some(document.root_element()).filter(|root| is(root, "gpx"));
    let whole = whole.ok_or_else(|| PathFault::at(1, "is no GPX: its first element is not <gpx>"))?;
    let track = first(whole, "trk").or_else(|| first(whole, "rte"));
    let track = track.ok_or_else(|| PathFault::at(0, "holds neither <trk> nor <rte>"))?;
    track.descendants().filter(|node| is(node, "trkpt") || is(node, "rtept")).map(|node| gpx_point(&node)).collect()
}

fn gpx_point(node: &Node<'_, '_>) -> Result<RawPoint, PathFault> {
    let line = line_of(node);
    let attribute = |name: &str| {
        let value = node.attribute(name).and_then(number);
        value.ok_or_else(|| PathFault::at(line, format!("this point has no {name}=\"DEGREES\"")))
    };
    Ok(RawPoint {
        line,
        time: child(node, "time").map(|node| time(&node)).transpose()?,
        latitude_deg: attribute("lat")?,
        longitude_deg: attribute("lon")?,
        height_m: child(node, "ele").and_then(|node| node.text()).and_then(number),
    })
}

/// The first `gx:Track`, with its times, or the first `LineString`, without.
pub(super) fn kml(text: &str) -> Result<Vec<RawPoint>, PathFault> {
    let document = parse(text)?;
    let whole = document.root_element();
    if let Some(track) = first(whole, "Track") {
        return kml_track(&track);
    }
    let line = first(whole, "LineString").and_then(|node| child(&node, "coordinates"));
    let line = line.ok_or_else(|| PathFault::at(0, "holds neither <gx:Track> nor <LineString>"))?;
    let tuples = line.text().unwrap_or_default().split_whitespace().take(PATH_POINTS_MAX + 1);
    tuples.map(|tuple| coordinates(&line, tuple, tuple.split(','), None)).collect()
}

fn kml_track(track: &Node<'_, '_>) -> Result<Vec<RawPoint>, PathFault> {
    let of = |name: &'static str| track.children().filter(move |node| is(node, name));
    if of("when").count() != of("coord").count() {
        return Err(PathFault::at(line_of(track), "a track wants as many <when> as <gx:coord>"));
    }
    let pairs = of("when").zip(of("coord"));
    let point = |(when, coord): (Node<'_, '_>, Node<'_, '_>)| {
        let text = coord.text().unwrap_or_default();
        coordinates(&coord, text, text.split_whitespace(), Some(time(&when)?))
    };
    pairs.map(point).collect()
}

/// Longitude first, then latitude, then height if it is told.
fn coordinates<'a>(
    node: &Node<'_, '_>,
    tuple: &str,
    parts: impl Iterator<Item = &'a str>,
    time: Option<f64>,
) -> Result<RawPoint, PathFault> {
    let numbers: Option<Vec<f64>> = parts.map(number).collect();
    let (longitude_deg, latitude_deg, height_m) = match numbers.as_deref() {
        Some([longitude, latitude]) => (*longitude, *latitude, None),
        Some([longitude, latitude, height]) => (*longitude, *latitude, Some(*height)),
        _ => return Err(PathFault::at(line_of(node), format!("\"{tuple}\" is no longitude,latitude,height"))),
    };
    Ok(RawPoint { line: line_of(node), time, latitude_deg, longitude_deg, height_m })
}

fn parse(text: &str) -> Result<Document<'_>, PathFault> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let refused = |error: roxmltree::Error| {
        let line = usize::try_from(error.pos().row).unwrap_or(0);
        PathFault::at(line, format!("is no XML: {error}"))
    };
    Document::parse_with_options(text, options).map_err(refused)
}

fn is(node: &Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}

fn first<'a, 'input>(whole: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    whole.descendants().find(|node| is(node, name))
}

fn child<'a, 'input>(node: &Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|node| is(node, name))
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|value| value.is_finite())
}

fn time(node: &Node<'_, '_>) -> Result<f64, PathFault> {
    let text = node.text().unwrap_or_default().trim();
    rfc3339_seconds(text).ok_or_else(|| PathFault::at(line_of(node), format!("\"{text}\" is no time of RFC 3339")))
}

/// The line of an element, from 1.
fn line_of(node: &Node<'_, '_>) -> usize {
    usize::try_from(node.document().text_pos_at(node.range().start).row).unwrap_or(0)
}
