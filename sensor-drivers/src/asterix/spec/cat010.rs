//! CAT010, monosensor surface movement data, edition 1.1 (2007-03-01).

use super::Field::{Bits, Spare};
use super::Shape::{Explicit, Extended};
use super::{Content, Item, Spec, UNUSED, element, group, item, part, repeated};

/// Target reports and status of one surface movement radar, or of one multilateration system of an aerodrome.
pub static CAT010: Spec = Spec::new(10, "ASTERIX CAT010", "1.1", UAP);

const UAP: &[Option<Item>] = &[
    item("010", group(&[Bits("SAC", 8), Bits("SIC", 8)])),
    item("000", element(8)),
    item(
        "020",
        Extended(&[
            part(&[Bits("TYP", 3), Bits("DCR", 1), Bits("CHN", 1), Bits("GBS", 1), Bits("CRT", 1)]),
            part(&[Bits("SIM", 1), Bits("TST", 1), Bits("RAB", 1), Bits("LOP", 2), Bits("TOT", 2)]),
            part(&[Bits("SPI", 1), Spare(6)]),
        ]),
    ),
    item("140", element(24)),
    item("041", group(&[Bits("LAT", 32), Bits("LON", 32)])),
    item("040", group(&[Bits("RHO", 16), Bits("TH", 16)])),
    item("042", group(&[Bits("X", 16), Bits("Y", 16)])),
    item("200", group(&[Bits("GSP", 16), Bits("TRA", 16)])),
    item("202", group(&[Bits("VX", 16), Bits("VY", 16)])),
    item("161", group(&[Spare(4), Bits("TRK", 12)])),
    item(
        "170",
        Extended(&[
            part(&[Bits("CNF", 1), Bits("TRE", 1), Bits("CST", 2), Bits("MAH", 1), Bits("TCC", 1), Bits("STH", 1)]),
            part(&[Bits("TOM", 2), Bits("DOU", 3), Bits("MRS", 2)]),
            part(&[Bits("GHO", 1), Spare(6)]),
        ]),
    ),
    item("060", group(&[Bits("V", 1), Bits("G", 1), Bits("L", 1), Spare(1), Bits("MODE3A", 12)])),
    item("220", element(24)),
    item("245", group(&[Bits("STI", 2), Spare(6), Bits("CHR", 48)])),
    item("250", repeated(Content::Group(&[Bits("MBDATA", 56), Bits("BDS1", 4), Bits("BDS2", 4)]))),
    item("300", element(8)),
    item("090", group(&[Bits("V", 1), Bits("G", 1), Bits("FL", 14)])),
    item("091", element(16)),
    item("270", Extended(&[part(&[Bits("LENGTH", 7)]), part(&[Bits("ORIENTATION", 7)]), part(&[Bits("WIDTH", 7)])])),
    item("550", group(&[Bits("NOGO", 2), Bits("OVL", 1), Bits("TSV", 1), Bits("DIV", 1), Bits("TTF", 1), Spare(2)])),
    item("310", group(&[Bits("TRB", 1), Bits("MSG", 7)])),
    item("500", group(&[Bits("DEVX", 8), Bits("DEVY", 8), Bits("COVXY", 16)])),
    item("280", repeated(Content::Group(&[Bits("DRHO", 8), Bits("DTHETA", 8)]))),
    item("131", element(8)),
    item("210", group(&[Bits("AX", 8), Bits("AY", 8)])),
    UNUSED,
    item("SP", Explicit),
    item("RE", Explicit),
];
