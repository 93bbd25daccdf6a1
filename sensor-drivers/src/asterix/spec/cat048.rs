//! CAT048, monoradar target reports, edition 1.32 (2024-07-01).

use super::Field::{Bits, Group, Spare};
use super::Shape::{Compound, Explicit, Extended};
use super::{Content, Field, Item, Spec, chained, element, group, item, part, repeated};

/// Target reports of one radar: plots, and the tracks of its local tracker.
pub static CAT048: Spec = Spec::new(48, "ASTERIX CAT048", "1.32", UAP);

const UAP: &[Option<Item>] = &[
    item("010", group(&[Bits("SAC", 8), Bits("SIC", 8)])),
    item("140", element(24)),
    item(
        "020",
        Extended(&[
            part(&[Bits("TYP", 3), Bits("SIM", 1), Bits("RDP", 1), Bits("SPI", 1), Bits("RAB", 1)]),
            part(&[Bits("TST", 1), Bits("ERR", 1), Bits("XPP", 1), Bits("ME", 1), Bits("MI", 1), Bits("FOEFRI", 2)]),
            part(&[Group("ADSB", POPULATED), Group("SCN", POPULATED), Group("PAI", POPULATED), Spare(1)]),
            part(&[Group("ACASXV", &[Bits("EP", 1), Bits("VAL", 4)]), Group("POXPR", POPULATED)]),
            part(&[Group("POACT", POPULATED), Group("DTFXPR", POPULATED), Group("DTFACT", POPULATED), Spare(1)]),
            part(&[Group("IRMXPR", POPULATED), Group("IRMACT", POPULATED), Spare(3)]),
        ]),
    ),
    item("040", group(&[Bits("RHO", 16), Bits("THETA", 16)])),
    item("070", group(&[Bits("V", 1), Bits("G", 1), Bits("L", 1), Spare(1), Bits("MODE3A", 12)])),
    item("090", group(&[Bits("V", 1), Bits("G", 1), Bits("FL", 14)])),
    item(
        "130",
        Compound(&[
            item("SRL", element(8)),
            item("SRR", element(8)),
            item("SAM", element(8)),
            item("PRL", element(8)),
            item("PAM", element(8)),
            item("RPD", element(8)),
            item("APD", element(8)),
        ]),
    ),
    item("220", element(24)),
    item("240", element(48)),
    item("250", repeated(Content::Group(&[Bits("MBDATA", 56), Bits("BDS1", 4), Bits("BDS2", 4)]))),
    item("161", group(&[Spare(4), Bits("TRN", 12)])),
    item("042", group(&[Bits("X", 16), Bits("Y", 16)])),
    item("200", group(&[Bits("GSP", 16), Bits("HDG", 16)])),
    item(
        "170",
        Extended(&[
            part(&[Bits("CNF", 1), Bits("RAD", 2), Bits("DOU", 1), Bits("MAH", 1), Bits("CDM", 2)]),
            part(&[Bits("TRE", 1), Bits("GHO", 1), Bits("SUP", 1), Bits("TCC", 1), Spare(3)]),
        ]),
    ),
    item("210", group(&[Bits("SIGX", 8), Bits("SIGY", 8), Bits("SIGV", 8), Bits("SIGH", 8)])),
    item("030", chained(Content::Element(7))),
    item("080", group(CODE_CONFIDENCE)),
    item(
        "100",
        group(&[
            Bits("V", 1),
            Bits("G", 1),
            Spare(2),
            Bits("MODEC", 12),
            Spare(4),
            Bits("QC1", 1),
            Bits("QA1", 1),
            Bits("QC2", 1),
            Bits("QA2", 1),
            Bits("QC4", 1),
            Bits("QA4", 1),
            Bits("QB1", 1),
            Bits("QD1", 1),
            Bits("QB2", 1),
            Bits("QD2", 1),
            Bits("QB4", 1),
            Bits("QD4", 1),
        ]),
    ),
    item("110", group(&[Spare(2), Bits("3DH", 14)])),
    item(
        "120",
        Compound(&[
            item("CAL", group(&[Bits("D", 1), Spare(5), Bits("CAL", 10)])),
            item("RDS", repeated(Content::Group(&[Bits("DOP", 16), Bits("AMB", 16), Bits("FRQ", 16)]))),
        ]),
    ),
    item(
        "230",
        group(&[
            Bits("COM", 3),
            Bits("STAT", 3),
            Bits("SI", 1),
            Spare(1),
            Bits("MSSC", 1),
            Bits("ARC", 1),
            Bits("AIC", 1),
            Bits("B1A", 1),
            Bits("B1B", 4),
        ]),
    ),
    item("260", element(56)),
    item("055", group(&[Bits("V", 1), Bits("G", 1), Bits("L", 1), Bits("MODE1", 5)])),
    item("050", group(&[Bits("V", 1), Bits("G", 1), Bits("L", 1), Spare(1), Bits("MODE2", 12)])),
    item("065", group(&[Spare(3), Bits("QA4", 1), Bits("QA2", 1), Bits("QA1", 1), Bits("QB2", 1), Bits("QB1", 1)])),
    item("060", group(CODE_CONFIDENCE)),
    item("SP", Explicit),
    item("RE", Explicit),
];

/// A flag with a bit that says whether it is meant.
const POPULATED: &[Field] = &[Bits("EP", 1), Bits("VAL", 1)];

/// One bit per pulse of a four-digit code: set when the pulse is of low quality.
const CODE_CONFIDENCE: &[Field] = &[
    Spare(4),
    Bits("QA4", 1),
    Bits("QA2", 1),
    Bits("QA1", 1),
    Bits("QB4", 1),
    Bits("QB2", 1),
    Bits("QB1", 1),
    Bits("QC4", 1),
    Bits("QC2", 1),
    Bits("QC1", 1),
    Bits("QD4", 1),
    Bits("QD2", 1),
    Bits("QD1", 1),
];
