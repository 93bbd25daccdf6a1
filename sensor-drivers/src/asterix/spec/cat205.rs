//! CAT205, reports of radio direction finders, edition 1.0 (2020-03-17).

use super::Field::Bits;
use super::Shape::Explicit;
use super::{Content, Item, Spec, element, group, item, repeated};

/// Bearings and positions of radio transmitters.
pub static CAT205: Spec = Spec::new(205, "ASTERIX CAT205", "1.0", UAP);

const UAP: &[Option<Item>] = &[
    item("010", group(&[Bits("SAC", 8), Bits("SIC", 8)])),
    item("015", element(8)),
    item("000", element(8)),
    item("030", element(24)),
    item("040", element(8)),
    item("090", element(56)),
    item("050", group(&[Bits("LAT", 32), Bits("LON", 32)])),
    item("060", group(&[Bits("X", 24), Bits("Y", 24)])),
    item("070", element(16)),
    item("080", element(16)),
    item("100", element(8)),
    item("110", element(8)),
    item("120", repeated(Content::Element(8))),
    item("130", group(&[Bits("LAT", 32), Bits("LON", 32)])),
    item("140", group(&[Bits("X", 24), Bits("Y", 24)])),
    item("150", element(8)),
    item("160", element(16)),
    item("170", element(8)),
    item("180", element(16)),
    item("190", element(8)),
    item("200", element(16)),
    item("SP", Explicit),
];
