//! CAT020, multilateration target reports, edition 1.11 (2025-07-02). Editions 1.9 and 1.10 lie alike on the wire.

use super::Field::{Bits, Spare};
use super::Shape::{Compound, Explicit, Extended};
use super::{Content, Item, Spec, chained, element, group, item, part, repeated};

/// Target reports of a multilateration system, of an aerodrome or of a wide area.
pub static CAT020: Spec = Spec::new(20, "ASTERIX CAT020", "1.11", UAP);

const UAP: &[Option<Item>] = &[
    item("010", group(&[Bits("SAC", 8), Bits("SIC", 8)])),
    item(
        "020",
        Extended(&[
            part(&[
                Bits("SSR", 1),
                Bits("MS", 1),
                Bits("HF", 1),
                Bits("VDL4", 1),
                Bits("UAT", 1),
                Bits("DME", 1),
                Bits("OT", 1),
            ]),
            part(&[
                Bits("RAB", 1),
                Bits("SPI", 1),
                Bits("CHN", 1),
                Bits("GBS", 1),
                Bits("CRT", 1),
                Bits("SIM", 1),
                Bits("TST", 1),
            ]),
            part(&[Bits("CF", 2), Spare(5)]),
        ]),
    ),
    item("140", element(24)),
    item("041", group(&[Bits("LAT", 32), Bits("LON", 32)])),
    item("042", group(&[Bits("X", 24), Bits("Y", 24)])),
    item("161", group(&[Spare(4), Bits("TRN", 12)])),
    item(
        "170",
        Extended(&[
            part(&[Bits("CNF", 1), Bits("TRE", 1), Bits("CST", 1), Bits("CDM", 2), Bits("MAH", 1), Bits("STH", 1)]),
            part(&[Bits("GHO", 1), Spare(6)]),
        ]),
    ),
    item("070", group(&[Bits("V", 1), Bits("G", 1), Bits("L", 1), Spare(1), Bits("MODE3A", 12)])),
    item("202", group(&[Bits("VX", 16), Bits("VY", 16)])),
    item("090", group(&[Bits("V", 1), Bits("G", 1), Bits("FL", 14)])),
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
    item("220", element(24)),
    item("245", group(&[Bits("STI", 2), Spare(6), Bits("CHR", 48)])),
    item("110", element(16)),
    item("105", element(16)),
    item("210", group(&[Bits("AX", 8), Bits("AY", 8)])),
    item("300", element(8)),
    item("310", group(&[Bits("TRB", 1), Bits("MSG", 7)])),
    item(
        "500",
        Compound(&[
            item("DOP", group(&[Bits("X", 16), Bits("Y", 16), Bits("XY", 16)])),
            item("SDP", group(&[Bits("X", 16), Bits("Y", 16), Bits("XY", 16)])),
            item("SDH", element(16)),
        ]),
    ),
    item(
        "400",
        repeated(Content::Group(&[
            Bits("BIT1", 1),
            Bits("BIT2", 1),
            Bits("BIT3", 1),
            Bits("BIT4", 1),
            Bits("BIT5", 1),
            Bits("BIT6", 1),
            Bits("BIT7", 1),
            Bits("BIT8", 1),
        ])),
    ),
    item("250", repeated(Content::Group(&[Bits("BDSDATA", 56), Bits("BDS1", 4), Bits("BDS2", 4)]))),
    item(
        "230",
        group(&[
            Bits("COM", 3),
            Bits("STAT", 3),
            Bits("CASEVN", 2),
            Bits("MSSC", 1),
            Bits("ARC", 1),
            Bits("AIC", 1),
            Bits("B1A", 1),
            Bits("B1B", 4),
        ]),
    ),
    item("260", element(56)),
    item("030", chained(Content::Element(7))),
    item("055", group(&[Bits("V", 1), Bits("G", 1), Bits("L", 1), Bits("MODE1", 5)])),
    item("050", group(&[Bits("V", 1), Bits("G", 1), Bits("L", 1), Spare(1), Bits("MODE2", 12)])),
    item("RE", Explicit),
    item("SP", Explicit),
];
