//! CAT019, status of a multilateration system, edition 1.3 (2010-12-01).

use super::Field::{Bits, Spare};
use super::Shape::{Explicit, Extended};
use super::{Content, Item, Spec, UNUSED, element, group, item, part, repeated};

/// What a multilateration system says of itself: whether it may be used, and where its reference point is.
pub static CAT019: Spec = Spec::new(19, "ASTERIX CAT019", "1.3", UAP);

const UAP: &[Option<Item>] = &[
    item("010", group(&[Bits("SAC", 8), Bits("SIC", 8)])),
    item("000", element(8)),
    item("140", element(24)),
    item("550", group(&[Bits("NOGO", 2), Bits("OVL", 1), Bits("TSV", 1), Bits("TTF", 1), Spare(3)])),
    item(
        "551",
        group(&[
            Bits("TP1A", 1),
            Bits("TP1B", 1),
            Bits("TP2A", 1),
            Bits("TP2B", 1),
            Bits("TP3A", 1),
            Bits("TP3B", 1),
            Bits("TP4A", 1),
            Bits("TP4B", 1),
        ]),
    ),
    item(
        "552",
        repeated(Content::Group(&[
            Bits("RSI", 8),
            Spare(1),
            Bits("RS1090", 1),
            Bits("TX1030", 1),
            Bits("TX1090", 1),
            Bits("RSS", 1),
            Bits("RSO", 1),
            Spare(2),
        ])),
    ),
    item(
        "553",
        Extended(&[
            part(&[Bits("REFTR1", 2), Spare(2), Bits("REFTR2", 2), Spare(1)]),
            part(&[Bits("REFTR3", 2), Spare(2), Bits("REFTR4", 2), Spare(1)]),
        ]),
    ),
    item("600", group(&[Bits("LAT", 32), Bits("LON", 32)])),
    item("610", element(16)),
    item("620", element(8)),
    UNUSED,
    UNUSED,
    item("RE", Explicit),
    item("SP", Explicit),
];
