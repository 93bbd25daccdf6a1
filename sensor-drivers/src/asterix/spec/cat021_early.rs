//! CAT021 before its second edition: 0.23 (2003-11-01), which many stations speak to this day, and 0.24 to 0.26.
//!
//! They share nothing with the editions from 2.1 on but the category number and some items; a receiver must know which
//! one it hears. Among themselves they differ in the width of the position, and in two items that were added.

use super::Field::{Bits, Spare};
use super::Shape::{Explicit, Extended};
use super::cat021::{TRAJECTORY_INTENT, WEATHER};
use super::{Item, Part, Spec, UNUSED, element, group, item, part};

/// ADS-B target reports with positions of 24 bits.
pub static CAT021_0_23: Spec = Spec::new(21, "ASTERIX CAT021", "0.23", UAP_0_23);

/// ADS-B target reports with positions of 32 bits, as in the editions 0.24, 0.25 and 0.26.
pub static CAT021_0_26: Spec = Spec::new(21, "ASTERIX CAT021", "0.26", UAP_0_26);

const UAP_0_23: &[Option<Item>] = &early(item("130", group(&[Bits("LAT", 24), Bits("LON", 24)])), UNUSED, UNUSED);

const UAP_0_26: &[Option<Item>] = &early(
    item("130", group(&[Bits("LAT", 32), Bits("LON", 32)])),
    item("070", group(&[Bits("V", 1), Bits("G", 1), Bits("L", 1), Spare(1), Bits("MODE3A", 12)])),
    item("131", element(8)),
);

/// The profile that these editions share, around what they do not.
const fn early(position: Option<Item>, code: Option<Item>, amplitude: Option<Item>) -> [Option<Item>; 35] {
    [
        item("010", group(&[Bits("SAC", 8), Bits("SIC", 8)])),
        item(
            "040",
            group(&[
                Bits("DCR", 1),
                Bits("GBS", 1),
                Bits("SIM", 1),
                Bits("TST", 1),
                Bits("RAB", 1),
                Bits("SAA", 1),
                Bits("SPI", 1),
                Spare(1),
                Bits("ATP", 3),
                Bits("ARC", 2),
                Spare(3),
            ]),
        ),
        item("030", element(24)),
        position,
        item("080", element(24)),
        item("140", element(16)),
        item("090", group(&[Bits("AC", 2), Bits("MN", 2), Bits("DC", 2), Spare(6), Bits("PA", 4)])),
        item("210", group(&[Spare(3), Bits("DTI", 1), Bits("MDS", 1), Bits("UAT", 1), Bits("VDL", 1), Bits("OTR", 1)])),
        item("230", element(16)),
        item("145", element(16)),
        item("150", group(&[Bits("IM", 1), Bits("AS", 15)])),
        item("151", element(16)),
        item("152", element(16)),
        item("155", element(16)),
        item("157", element(16)),
        item("160", group(&[Bits("GS", 16), Bits("TA", 16)])),
        item("165", Extended(RATE_OF_TURN)),
        item("170", element(48)),
        item("095", element(8)),
        item("032", element(8)),
        item("200", element(8)),
        item("020", element(8)),
        item("220", WEATHER),
        item("146", group(&[Bits("SAS", 1), Bits("SRC", 2), Bits("ALT", 13)])),
        item("148", group(&[Bits("MV", 1), Bits("AH", 1), Bits("AM", 1), Bits("ALT", 13)])),
        item("110", TRAJECTORY_INTENT),
        code,
        amplitude,
        UNUSED,
        UNUSED,
        UNUSED,
        UNUSED,
        UNUSED,
        item("RE", Explicit),
        item("SP", Explicit),
    ]
}

/// How the target turns (165).
const RATE_OF_TURN: &[Part] = &[part(&[Bits("TI", 2), Spare(5)]), part(&[Bits("ROT", 7)])];
