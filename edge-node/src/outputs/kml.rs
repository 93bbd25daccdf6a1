//! The picture as KML 2.2 (OGC 07-147r2), for Google Earth and others: a document, and a link that fetches it again and
//! again.

use std::io;

use fusion_core::geodesy::Geodetic;
use fusion_core::identity::Affiliation;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use sensor_drivers::plots::Rfc3339;

use super::console_json::{self, Hello};
use super::release::Released;
use super::shapes::area;
use crate::picture::{SystemTrack, short_name, text_id};
use crate::words;

/// The media type.
pub const MEDIA_TYPE: &str = "application/vnd.google-earth.kml+xml";

/// How often a link fetches the picture, seconds.
const REFRESH_S: u32 = 2;

/// Styles by affiliation: aabbggrr, as KML has colours, in the hues of MIL-STD-2525.
const STYLES: [(Affiliation, &str); 7] = [
    (Affiliation::Pending, "ff80ffff"),
    (Affiliation::Unknown, "ff80ffff"),
    (Affiliation::AssumedFriend, "ffffe080"),
    (Affiliation::Friend, "ffffe080"),
    (Affiliation::Neutral, "ffaaffaa"),
    (Affiliation::Suspect, "ff8080ff"),
    (Affiliation::Hostile, "ff8080ff"),
];

type Xml = Writer<Vec<u8>>;

/// All tracks, with the areas where they are with 95 % in a folder of their own.
#[must_use]
pub fn document(hello: &Hello, board: &Released) -> Vec<u8> {
    written(|xml| {
        let name = format!("{} {} {}", hello.config.node.name, hello.mode.as_str(), console_json::banner(board));
        text(xml, "name", &name)?;
        STYLES.iter().try_for_each(|(affiliation, colour)| style(xml, *affiliation, colour))?;
        board.tracks.values().try_for_each(|each| track(xml, each))?;
        let folder = xml.create_element("Folder");
        folder.write_inner_content(|xml| {
            text(xml, "name", "95 %")?;
            text(xml, "visibility", "0")?;
            board.tracks.values().try_for_each(|each| outline(xml, each))
        })?;
        Ok(())
    })
}

/// A link to the document at this address.
#[must_use]
pub fn link(hello: &Hello, address: &str) -> Vec<u8> {
    written(|xml| {
        text(xml, "name", &hello.config.node.name)?;
        xml.create_element("NetworkLink").write_inner_content(|xml| {
            text(xml, "name", &format!("copmesh {}", hello.config.node.name))?;
            xml.create_element("Link").write_inner_content(|xml| {
                text(xml, "href", address)?;
                text(xml, "refreshMode", "onInterval")?;
                text(xml, "refreshInterval", &REFRESH_S.to_string())
            })?;
            Ok(())
        })?;
        Ok(())
    })
}

fn written(content: impl FnOnce(&mut Xml) -> io::Result<()>) -> Vec<u8> {
    let mut xml = Writer::new(Vec::new());
    let write = || {
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let root = xml.create_element("kml").with_attribute(("xmlns", "http://www.opengis.net/kml/2.2"));
        root.write_inner_content(|xml| {
            xml.create_element("Document").write_inner_content(content)?;
            Ok(())
        })?;
        io::Result::Ok(())
    };
    write().expect("memory takes what is written");
    xml.into_inner()
}

fn text(xml: &mut Xml, name: &str, value: &str) -> io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(&printable(value)))?;
    Ok(())
}

/// What XML cannot hold at all is left out.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{FFFE}' | '\u{FFFF}')).collect()
}

fn style(xml: &mut Xml, affiliation: Affiliation, colour: &str) -> io::Result<()> {
    let element = xml.create_element("Style").with_attribute(("id", words::affiliation(affiliation)));
    element.write_inner_content(|xml| {
        for name in ["IconStyle", "LineStyle"] {
            xml.create_element(name).write_inner_content(|xml| text(xml, "color", colour))?;
        }
        let area = xml.create_element("PolyStyle");
        area.write_inner_content(|xml| text(xml, "fill", "0"))?;
        Ok(())
    })?;
    Ok(())
}

fn track(xml: &mut Xml, track: &SystemTrack) -> io::Result<()> {
    let record = &track.record;
    let identity = &record.identity;
    let place = Geodetic::from_ecef(record.estimate.position);
    let called = identity.name.as_deref().map_or_else(String::new, |name| format!(" {}", name.trim()));
    let mut words = vec![words::class(identity.class).to_owned(), words::affiliation(identity.affiliation).to_owned()];
    words.push(words::status(record.status).to_owned());
    words.extend(identity.address.map(|address| address.to_string()));
    words.extend(track.stale.then(|| "nobody tells of it any more".to_owned()));
    words.push(record.sensors.join(", "));
    words.push(record.label.to_string());
    let element = xml.create_element("Placemark").with_attribute(("id", text_id(record.id).as_str()));
    element.write_inner_content(|xml| {
        text(xml, "name", &format!("{}{called}", short_name(record.id)))?;
        text(xml, "description", &words.join("; "))?;
        time(xml, track)?;
        text(xml, "styleUrl", &format!("#{}", words::affiliation(identity.affiliation)))?;
        xml.create_element("Point").write_inner_content(|xml| text(xml, "coordinates", &coordinates(&place)))?;
        Ok(())
    })?;
    Ok(())
}

fn outline(xml: &mut Xml, track: &SystemTrack) -> io::Result<()> {
    let affiliation = words::affiliation(track.record.identity.affiliation);
    let corners: Vec<String> = area(&track.record.estimate).map(|corner| coordinates(&corner)).collect();
    xml.create_element("Placemark").write_inner_content(|xml| {
        text(xml, "name", &format!("{} 95 %", short_name(track.id())))?;
        time(xml, track)?;
        text(xml, "styleUrl", &format!("#{affiliation}"))?;
        xml.create_element("Polygon").write_inner_content(|xml| {
            xml.create_element("outerBoundaryIs").write_inner_content(|xml| {
                let ring = xml.create_element("LinearRing");
                ring.write_inner_content(|xml| text(xml, "coordinates", &corners.join(" ")))?;
                Ok(())
            })?;
            Ok(())
        })?;
        Ok(())
    })?;
    Ok(())
}

fn time(xml: &mut Xml, track: &SystemTrack) -> io::Result<()> {
    let when = Rfc3339(track.record.estimate.time).to_string();
    xml.create_element("TimeStamp").write_inner_content(|xml| text(xml, "when", &when))?;
    Ok(())
}

/// On the ground, wherever that is: heights above the ellipsoid are not those that globes are drawn by.
fn coordinates(place: &Geodetic) -> String {
    format!("{:.7},{:.7}", place.longitude_deg(), place.latitude_deg())
}

#[cfg(test)]
mod tests {
    use fusion_core::label::Level;
    use roxmltree::Document;

    use super::*;
    use crate::board::Mode;
    use crate::outputs::samples::{board, hello, name, track, whole};

    fn texts<'a>(document: &'a Document<'_>, element: &str) -> Vec<&'a str> {
        document
            .descendants()
            .filter(|node| node.has_tag_name(("http://www.opengis.net/kml/2.2", element)))
            .filter_map(|node| node.text())
            .collect()
    }

    #[test]
    fn a_track_has_a_name_a_time_a_place_and_an_area() {
        let octets = document(&hello(Mode::Replay), &whole(board([track(1, Level::Restricted)])));
        let text = String::from_utf8(octets).expect("text");
        let document = Document::parse(&text).expect("sound");
        assert!(texts(&document, "name")[0].starts_with("alpha REPLAY RESTRICTED"), "{text}");
        let coordinates = texts(&document, "coordinates");
        assert_eq!((coordinates[0], coordinates[1].split(' ').count()), ("20.9000000,52.1000000", 25));
        assert_eq!(texts(&document, "when"), ["2023-11-14T22:13:18Z"; 2]);
        assert_eq!(texts(&document, "styleUrl"), ["#pending"; 2]);
        let styles = document.descendants().filter(|node| node.tag_name().name() == "Style");
        assert!(styles.filter_map(|node| node.attribute("id")).any(|id| id == "pending"), "it is there");
    }

    #[test]
    fn whatever_a_target_calls_itself_is_text() {
        let mut hostile = track(1, Level::Restricted);
        hostile.record.identity.name = name("</name><a>&\u{1}\"");
        let text = String::from_utf8(document(&hello(Mode::Live), &whole(board([hostile])))).expect("text");
        let document = Document::parse(&text).expect("sound");
        assert!(texts(&document, "name").iter().any(|name| name.ends_with("</name><a>&\"")), "{text}");
    }

    #[test]
    fn a_link_fetches_the_picture_again_and_again() {
        let text = String::from_utf8(link(&hello(Mode::Live), "http://127.0.0.1:8477/picture.kml")).expect("text");
        let document = Document::parse(&text).expect("sound");
        assert_eq!(texts(&document, "href"), ["http://127.0.0.1:8477/picture.kml"]);
        assert_eq!(
            (texts(&document, "refreshMode"), texts(&document, "refreshInterval")),
            (vec!["onInterval"], vec!["2"])
        );
    }
}
