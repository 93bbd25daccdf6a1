//! CAT063, the state of the sensors of such a system, edition 1.7 (2025-06-05).

use super::Field::{Bits, Group, Spare};
use super::Shape::{Explicit, Extended};
use super::{Item, Spec, UNUSED, element, group, item, part};

/// State of each sensor that a surveillance data processing system uses.
pub static CAT063: Spec = Spec::new(63, "ASTERIX CAT063", "1.7", UAP);

const UAP: &[Option<Item>] = &[
    item("010", group(&[Bits("SAC", 8), Bits("SIC", 8)])),
    item("015", element(8)),
    item("030", element(24)),
    item("050", group(&[Bits("SAC", 8), Bits("SIC", 8)])),
    item(
        "060",
        Extended(&[
            part(&[Bits("CON", 2), Bits("PSR", 1), Bits("SSR", 1), Bits("MDS", 1), Bits("ADS", 1), Bits("MLT", 1)]),
            part(&[
                Bits("OPS", 1),
                Bits("ODP", 1),
                Bits("OXT", 1),
                Bits("MSC", 1),
                Bits("TSV", 1),
                Bits("NPW", 1),
                Spare(1),
            ]),
            part(&[
                Group("TTF", &[Bits("EP", 1), Bits("VAL", 1)]),
                Group("SPO", &[Bits("EP", 1), Bits("VAL", 1)]),
                Spare(3),
            ]),
        ]),
    ),
    item("070", element(16)),
    item("080", group(&[Bits("SRG", 16), Bits("SRB", 16)])),
    item("081", element(16)),
    item("090", group(&[Bits("PRG", 16), Bits("PRB", 16)])),
    item("091", element(16)),
    item("092", element(16)),
    UNUSED,
    item("RE", Explicit),
    item("SP", Explicit),
];
