//! CAT034, service messages of a radar, edition 1.29 (2021-03-15).

use super::Field::{Bits, Spare};
use super::Shape::{Compound, Explicit};
use super::{Content, Field, Item, Spec, UNUSED, element, group, item, repeated};

/// Service messages: north marker, sector crossings, configuration, filters, jamming strobes.
pub static CAT034: Spec = Spec::new(34, "ASTERIX CAT034", "1.29", UAP);

const UAP: &[Option<Item>] = &[
    item("010", group(&[Bits("SAC", 8), Bits("SIC", 8)])),
    item("000", element(8)),
    item("030", element(24)),
    item("020", element(8)),
    item("041", element(16)),
    item(
        "050",
        Compound(&[
            item(
                "COM",
                group(&[
                    Bits("NOGO", 1),
                    Bits("RDPC", 1),
                    Bits("RDPR", 1),
                    Bits("OVLRDP", 1),
                    Bits("OVLXMT", 1),
                    Bits("MSC", 1),
                    Bits("TSV", 1),
                    Spare(1),
                ]),
            ),
            UNUSED,
            UNUSED,
            item("PSR", group(CHANNEL_STATUS)),
            item("SSR", group(CHANNEL_STATUS)),
            item(
                "MDS",
                group(&[
                    Bits("ANT", 1),
                    Bits("CHAB", 2),
                    Bits("OVLSUR", 1),
                    Bits("MSC", 1),
                    Bits("SCF", 1),
                    Bits("DLF", 1),
                    Bits("OVLSCF", 1),
                    Bits("OVLDLF", 1),
                    Spare(7),
                ]),
            ),
        ]),
    ),
    item(
        "060",
        Compound(&[
            item("COM", group(&[Spare(1), Bits("REDRDP", 3), Bits("REDXMT", 3), Spare(1)])),
            UNUSED,
            UNUSED,
            item("PSR", group(&[Bits("POL", 1), Bits("REDRAD", 3), Bits("STC", 2), Spare(2)])),
            item("SSR", group(&[Bits("REDRAD", 3), Spare(5)])),
            item("MDS", group(&[Bits("REDRAD", 3), Bits("CLU", 1), Spare(4)])),
        ]),
    ),
    item("070", repeated(Content::Group(&[Bits("TYP", 5), Bits("COUNT", 11)]))),
    item("100", group(&[Bits("RHOST", 16), Bits("RHOEND", 16), Bits("THETAST", 16), Bits("THETAEND", 16)])),
    item("110", element(8)),
    item("120", group(&[Bits("HGT", 16), Bits("LAT", 24), Bits("LON", 24)])),
    item("090", group(&[Bits("RNG", 8), Bits("AZM", 8)])),
    item("RE", Explicit),
    item("SP", Explicit),
];

/// Antenna and channel of the primary or the secondary radar.
const CHANNEL_STATUS: &[Field] = &[Bits("ANT", 1), Bits("CHAB", 2), Bits("OVL", 1), Bits("MSC", 1), Spare(3)];
