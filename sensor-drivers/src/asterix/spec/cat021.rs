//! CAT021, ADS-B target reports, edition 2.7 (2025-07-02). All editions from 2.1 on lie alike on the wire; those before
//! (`cat021_early`) do not.

use super::Field::{Bits, Group, Spare};
use super::Shape::{Compound, Explicit, Extended};
use super::{Content, Item, Shape, Spec, UNUSED, element, group, item, part, repeated};

/// What aircraft and vehicles say of themselves, as an ADS-B ground station heard it.
pub static CAT021: Spec = Spec::new(21, "ASTERIX CAT021", "2.7", UAP);

const UAP: &[Option<Item>] = &[
    item("010", group(&[Bits("SAC", 8), Bits("SIC", 8)])),
    item(
        "040",
        Extended(&[
            part(&[Bits("ATP", 3), Bits("ARC", 2), Bits("RC", 1), Bits("RAB", 1)]),
            part(&[Bits("DCR", 1), Bits("GBS", 1), Bits("SIM", 1), Bits("TST", 1), Bits("SAA", 1), Bits("CL", 2)]),
            part(&[
                Spare(1),
                Bits("LLC", 1),
                Bits("IPC", 1),
                Bits("NOGO", 1),
                Bits("CPR", 1),
                Bits("LDPJ", 1),
                Bits("RCF", 1),
            ]),
            part(&[Group("TBC", &[Bits("EP", 1), Bits("VAL", 6)])]),
            part(&[Group("MBC", &[Bits("EP", 1), Bits("VAL", 6)])]),
        ]),
    ),
    item("161", group(&[Spare(4), Bits("TRNUM", 12)])),
    item("015", element(8)),
    item("071", element(24)),
    item("130", group(&[Bits("LAT", 24), Bits("LON", 24)])),
    item("131", group(&[Bits("LAT", 32), Bits("LON", 32)])),
    item("072", element(24)),
    item("150", group(&[Bits("IM", 1), Bits("AS", 15)])),
    item("151", group(&[Bits("RE", 1), Bits("TAS", 15)])),
    item("080", element(24)),
    item("073", element(24)),
    item("074", group(&[Bits("FSI", 2), Bits("TOMRP", 30)])),
    item("075", element(24)),
    item("076", group(&[Bits("FSI", 2), Bits("TOMRP", 30)])),
    item("140", element(16)),
    item(
        "090",
        Extended(&[
            part(&[Bits("NUCRNACV", 3), Bits("NUCPNIC", 4)]),
            part(&[Bits("NICBARO", 1), Bits("SIL", 2), Bits("NACP", 4)]),
            part(&[Spare(2), Bits("SILS", 1), Bits("SDA", 2), Bits("GVA", 2)]),
            part(&[Bits("PIC", 4), Bits("SRC", 1), Spare(2)]),
            part(&[Spare(2), Group("VALSTATE", &[Bits("EP", 1), Bits("VAL", 2)]), Bits("VD", 1), Bits("VQ", 1)]),
            part(&[Bits("VALDISTP1", 7)]),
            part(&[Bits("VALDISTP2", 7)]),
            part(&[Bits("VALDISTQUALP1", 7)]),
            part(&[Bits("VALDISTQUALP2", 7)]),
        ]),
    ),
    item("210", group(&[Spare(1), Bits("VNS", 1), Bits("VN", 3), Bits("LTT", 3)])),
    item("070", group(&[Spare(4), Bits("MODE3A", 12)])),
    item("230", element(16)),
    item("145", element(16)),
    item("152", element(16)),
    item("200", group(&[Bits("ICF", 1), Bits("LNAV", 1), Bits("ME", 1), Bits("PS", 3), Bits("SS", 2)])),
    item("155", group(&[Bits("RE", 1), Bits("BVR", 15)])),
    item("157", group(&[Bits("RE", 1), Bits("GVR", 15)])),
    item("160", group(&[Bits("RE", 1), Bits("GS", 15), Bits("TA", 16)])),
    item("165", group(&[Spare(6), Bits("TAR", 10)])),
    item("077", element(24)),
    item("170", element(48)),
    item("020", element(8)),
    item("220", WEATHER),
    item("146", group(&[Bits("SAS", 1), Bits("S", 2), Bits("ALT", 13)])),
    item("148", group(&[Bits("MV", 1), Bits("AH", 1), Bits("AM", 1), Bits("ALT", 13)])),
    item("110", TRAJECTORY_INTENT),
    item("016", element(8)),
    item(
        "008",
        group(&[
            Bits("RA", 1),
            Bits("TC", 2),
            Bits("TS", 1),
            Bits("ARV", 1),
            Bits("CDTIA", 1),
            Bits("NOTTCAS", 1),
            Bits("SA", 1),
        ]),
    ),
    item(
        "271",
        Extended(&[
            part(&[Spare(2), Bits("POA", 1), Bits("CDTIS", 1), Bits("B2LOW", 1), Bits("RAS", 1), Bits("IDENT", 1)]),
            part(&[Bits("LW", 4), Spare(3)]),
        ]),
    ),
    item("132", element(8)),
    item("250", repeated(Content::Element(64))),
    item(
        "260",
        group(&[
            Bits("TYP", 5),
            Bits("STYP", 3),
            Bits("ARA", 14),
            Bits("RAC", 4),
            Bits("RAT", 1),
            Bits("MTE", 1),
            Bits("TTI", 2),
            Bits("TID", 26),
        ]),
    ),
    item("400", element(8)),
    item(
        "295",
        Compound(&[
            item("AOS", element(8)),
            item("TRD", element(8)),
            item("M3A", element(8)),
            item("QI", element(8)),
            item("TI1", element(8)),
            item("MAM", element(8)),
            item("GH", element(8)),
            item("FL", element(8)),
            item("SAL", element(8)),
            item("FSA", element(8)),
            item("AS", element(8)),
            item("TAS", element(8)),
            item("MH", element(8)),
            item("BVR", element(8)),
            item("GVR", element(8)),
            item("GV", element(8)),
            item("TAR", element(8)),
            item("TI2", element(8)),
            item("TS", element(8)),
            item("MET", element(8)),
            item("ROA", element(8)),
            item("ARA", element(8)),
            item("SCC", element(8)),
        ]),
    ),
    UNUSED,
    UNUSED,
    UNUSED,
    UNUSED,
    UNUSED,
    item("RE", Explicit),
    item("SP", Explicit),
];

/// Where the aircraft means to go (110).
pub(super) const TRAJECTORY_INTENT: Shape = Compound(&[
    item("TIS", Extended(&[part(&[Bits("NAV", 1), Bits("NVB", 1), Spare(5)])])),
    item(
        "TID",
        repeated(Content::Group(&[
            Bits("TCA", 1),
            Bits("NC", 1),
            Bits("TCPN", 6),
            Bits("ALT", 16),
            Bits("LAT", 24),
            Bits("LON", 24),
            Bits("PT", 4),
            Bits("TD", 2),
            Bits("TRA", 1),
            Bits("TOA", 1),
            Bits("TOV", 24),
            Bits("TTR", 16),
        ])),
    ),
]);

/// What the aircraft says of the weather (220).
pub(super) const WEATHER: Shape =
    Compound(&[item("WS", element(16)), item("WD", element(16)), item("TMP", element(16)), item("TRB", element(8))]);
