//! CAT015, targets of surveillance that needs no cooperation, edition 1.2 (2024-05-01).

use super::Field::{Bits, Spare};
use super::Shape::{Compound, Explicit, Extended};
use super::{Content, Item, Spec, chained, element, group, item, part, repeated};

/// Plots and tracks of sensors that need nothing from their targets: drone radars, passive radars. They tell the errors
/// of what they measure.
pub static CAT015: Spec = Spec::new(15, "ASTERIX CAT015", "1.2", UAP);

const UAP: &[Option<Item>] = &[
    item("010", group(&[Bits("SAC", 8), Bits("SIC", 8)])),
    item("000", group(&[Bits("MT", 7), Bits("RG", 1)])),
    item("015", element(8)),
    item("020", Extended(&[part(&[Bits("MOMU", 2), Bits("TTAX", 2), Bits("SCD", 2), Spare(1)])])),
    item("030", chained(Content::Element(7))),
    item("145", element(24)),
    item("161", element(16)),
    item(
        "170",
        Extended(&[part(&[
            Bits("BIZ", 1),
            Bits("BAZ", 1),
            Bits("TUR", 1),
            Spare(1),
            Bits("CSTP", 1),
            Bits("CSTH", 1),
            Bits("CNF", 1),
        ])]),
    ),
    item("050", group(&[Spare(2), Bits("UPD", 14)])),
    item(
        "270",
        Compound(&[
            item("LEN", element(16)),
            item("WDT", element(16)),
            item("HGT", element(16)),
            item("ORT", element(16)),
        ]),
    ),
    item("300", repeated(Content::Group(&[Bits("CLS", 9), Bits("PRB", 7)]))),
    item("400", group(&[Bits("PID", 16), Bits("ON", 24)])),
    item(
        "600",
        Compound(&[
            item("P84", group(&[Bits("LATITUDE", 32), Bits("LONGITUDE", 32)])),
            item("HPR", group(&[Bits("RSHPX", 16), Bits("RSHPY", 16), Bits("CORSHPXY", 8)])),
            item("HPP", group(&[Bits("SDHPX", 16), Bits("SDHPY", 16), Bits("COSDHPXY", 8)])),
        ]),
    ),
    item(
        "601",
        Compound(&[
            item("GH", element(24)),
            item("RSGH", element(24)),
            item("SDGH", element(24)),
            item("CI6", group(&[Bits("UCI6", 12), Bits("LCI6", 12)])),
            item("CI9", group(&[Bits("UCI9", 12), Bits("LCI9", 12)])),
            item("COGHHP", group(&[Bits("X", 8), Bits("Y", 8)])),
            item("COGHHV", group(&[Bits("X", 8), Bits("Y", 8)])),
            item("COGHHA", group(&[Bits("X", 8), Bits("Y", 8)])),
        ]),
    ),
    item(
        "602",
        Compound(&[
            item("HV", group(&[Bits("X", 20), Bits("Y", 20)])),
            item("RSHV", group(&[Bits("X", 16), Bits("Y", 16), Bits("CORSHVXY", 8)])),
            item("SDHV", group(&[Bits("X", 16), Bits("Y", 16), Bits("COHVXY", 8)])),
            item(
                "COHVHP",
                group(&[Bits("COHVXHPX", 8), Bits("COHVXHPY", 8), Bits("COHVYHPX", 8), Bits("COHVYHPY", 8)]),
            ),
        ]),
    ),
    item(
        "603",
        Compound(&[
            item("HA", group(&[Bits("X", 12), Bits("Y", 12)])),
            item("SDHA", group(&[Bits("X", 12), Bits("Y", 12), Bits("COHAXY", 8)])),
            item("COHAHP", group(&[Bits("COHAXHPX", 8), Bits("COHAXHPY", 8), Bits("COHAYHPX", 8), Bits("COAYHPY", 8)])),
            item(
                "COHAHV",
                group(&[Bits("COHAXHVX", 8), Bits("COHAXHVY", 8), Bits("COHAYHVX", 8), Bits("COHAYHVY", 8)]),
            ),
        ]),
    ),
    item(
        "604",
        Compound(&[
            item("VV", element(24)),
            item("RSVV", element(16)),
            item("SDVV", group(&[Bits("SDVV", 16), Bits("COVVGH", 8)])),
            item("COVVHP", group(&[Bits("X", 8), Bits("Y", 8)])),
            item("COVVHV", group(&[Bits("X", 8), Bits("Y", 8)])),
            item("COVVHA", group(&[Bits("X", 8), Bits("Y", 8)])),
        ]),
    ),
    item(
        "605",
        Compound(&[
            item("VA", element(16)),
            item("RSVA", group(&[Bits("SDVA", 16), Bits("COVAGH", 8), Bits("COVAVV", 8)])),
            item("COVAHP", group(&[Bits("X", 8), Bits("Y", 8)])),
            item("COVAHV", group(&[Bits("X", 8), Bits("Y", 8)])),
            item("COVAHA", group(&[Bits("X", 8), Bits("Y", 8)])),
        ]),
    ),
    item("480", repeated(Content::Element(40))),
    item(
        "625",
        Compound(&[
            item("R", element(24)),
            item("RSR", element(24)),
            item("SDR", element(24)),
            item("RR", element(24)),
            item("RSRR", element(24)),
            item("SDRR", group(&[Bits("SDRR", 24), Bits("CORRR", 8)])),
            item("RA", element(16)),
            item("SDRA", group(&[Bits("SDRA", 16), Bits("CORAR", 8), Bits("CORARR", 8)])),
        ]),
    ),
    item(
        "626",
        Compound(&[
            item("DV", element(24)),
            item("SDDV", element(16)),
            item("DA", element(16)),
            item("SDDA", group(&[Bits("SDDA", 16), Bits("CODADV", 8)])),
            item("CODVR", element(8)),
            item("CODVRR", element(8)),
            item("CODVRA", element(8)),
            item("CODAR", element(8)),
            item("CODARR", element(8)),
            item("CODARA", element(8)),
        ]),
    ),
    item(
        "627",
        Compound(&[
            item("AZ", element(16)),
            item("RSAZ", element(16)),
            item("SDASZ", element(16)),
            item("AZR", element(16)),
            item("SDAZR", group(&[Bits("SDAZR", 16), Bits("COAZRAZ", 8)])),
            item("AZEX", group(&[Bits("S", 16), Bits("E", 16)])),
        ]),
    ),
    item(
        "628",
        Compound(&[
            item("EL", element(16)),
            item("RSEL", element(16)),
            item("SDEL", element(16)),
            item("ER", element(16)),
            item("SDER", group(&[Bits("SDELR", 16), Bits("COELREL", 8)])),
            item("ELEX", group(&[Bits("S", 16), Bits("E", 16)])),
        ]),
    ),
    item(
        "630",
        Compound(&[
            item("DPP", element(8)),
            item("DPS", element(8)),
            item("RPP", group(&[Spare(7), Bits("RPP", 9)])),
            item("RPS", element(8)),
        ]),
    ),
    item(
        "631",
        repeated(Content::Group(&[
            Bits("AZCON", 16),
            Bits("ELCON", 16),
            Bits("RGCONSTOP", 16),
            Bits("RGCONSTART", 16),
        ])),
    ),
    item("SP", Explicit),
];
