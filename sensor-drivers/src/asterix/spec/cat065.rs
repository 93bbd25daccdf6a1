//! CAT065, the state of such a system itself, edition 1.6 (2023-03-21).

use super::Field::{Bits, Spare};
use super::Shape::Explicit;
use super::{Item, Spec, UNUSED, element, group, item};

/// State of a surveillance data processing system and its services.
pub static CAT065: Spec = Spec::new(65, "ASTERIX CAT065", "1.6", UAP);

const UAP: &[Option<Item>] = &[
    item("010", group(&[Bits("SAC", 8), Bits("SIC", 8)])),
    item("000", element(8)),
    item("015", element(8)),
    item("030", element(24)),
    item("020", element(8)),
    item("040", group(&[Bits("NOGO", 2), Bits("OVL", 1), Bits("TSV", 1), Bits("PSS", 2), Bits("STTN", 1), Spare(1)])),
    item("050", element(8)),
    UNUSED,
    UNUSED,
    UNUSED,
    UNUSED,
    UNUSED,
    item("RE", Explicit),
    item("SP", Explicit),
];
