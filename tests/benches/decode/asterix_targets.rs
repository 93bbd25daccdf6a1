//! CAT020 of a multilateration system and CAT021 of an ADS-B station, as they send them: a dozen items a record, eight
//! records a datagram.

use fusion_core::time::Span;
use sensor_drivers::asterix::adsb::{AdsbConfig, AdsbDecoder};
use sensor_drivers::asterix::compose_block;
use sensor_drivers::asterix::ground_station::GroundStationConfig;
use sensor_drivers::asterix::reception::ReceptionConfig;
use sensor_drivers::asterix::surface::{SurfaceConfig, SurfaceDecoder};
use sensor_drivers::decoder::Decoder;
use serde_json::{Value, json};

use crate::load::{Load, Peer};

const PIECES: u32 = 1000;
const RECORDS_IN_PIECE: u32 = 8;

pub fn multilateration() -> Load {
    let config = SurfaceConfig { station: station(), ..SurfaceConfig::default() };
    load("ASTERIX CAT020", 20, mlat_record, Box::new(SurfaceDecoder::new(config)))
}

pub fn adsb() -> Load {
    let config = AdsbConfig { station: station(), ..AdsbConfig::default() };
    load("ASTERIX CAT021", 21, adsb_record, Box::new(AdsbDecoder::new(config)))
}

/// The same records come again within the second: for once, not as duplicates.
fn station() -> GroundStationConfig {
    let reception = ReceptionConfig { duplicate_window: Span::ZERO, ..ReceptionConfig::default() };
    GroundStationConfig { reception, ..GroundStationConfig::default() }
}

fn load(name: &'static str, category: u8, record: fn(u32) -> Value, decoder: Box<dyn Decoder>) -> Load {
    let piece = |n| (0..RECORDS_IN_PIECE).map(|k| record(RECORDS_IN_PIECE * n + k)).collect::<Vec<_>>();
    let pieces: Vec<_> = (0..PIECES).map(|n| compose_block(category, &piece(n)).expect("by the table")).collect();
    let messages = usize::try_from(PIECES * RECORDS_IN_PIECE).expect("small");
    Load { name, messages, pieces, decoder, peer: Some(Peer { name: "libasterix 0.36.3", script: PEER }) }
}

fn mlat_record(n: u32) -> Value {
    json!({
        "010": { "SAC": 0, "SIC": 7 }, "140": 4_000_000 + n, "220": 0x34_0000 + n % 50,
        "020": {
            "SSR": 1, "MS": 0, "HF": 1, "VDL4": 1, "UAT": 1, "DME": 1, "OT": 1,
            "RAB": 0, "SPI": 0, "CHN": 0, "GBS": 0, "CRT": 0, "SIM": 0, "TST": 0,
        },
        "041": { "LAT": 7_698_319 + n, "LON": 387_367 + n }, "042": { "X": n, "Y": n }, "161": { "TRN": n % 50 },
        "170": { "CNF": 0, "TRE": 0, "CST": 0, "CDM": 0, "MAH": 0, "STH": 0 },
        "070": { "V": 0, "G": 0, "L": 0, "MODE3A": 0o2301 }, "202": { "VX": 100, "VY": 100 },
        "090": { "V": 0, "G": 0, "FL": 200 }, "245": { "STI": 2, "CHR": 0x2CC3_71C3_2CE0_u64 },
        "500": { "SDP": { "X": 12, "Y": 16, "XY": 4 } },
    })
}

fn adsb_record(n: u32) -> Value {
    json!({
        "010": { "SAC": 20, "SIC": 219 }, "161": { "TRNUM": n % 50 }, "073": 4_000_000 + n, "080": 0x34_0000 + n % 50,
        "040": {
            "ATP": 0, "ARC": 0, "RC": 0, "RAB": 0,
            "DCR": 0, "GBS": 0, "SIM": 0, "TST": 0, "SAA": 0, "CL": 0,
        },
        "130": { "LAT": 1_924_595 + n, "LON": 96_841 + n }, "131": { "LAT": 246_348_200 + n, "LON": 12_395_663 + n },
        "140": 1600, "090": { "NUCRNACV": 2, "NUCPNIC": 8, "NICBARO": 1, "SIL": 3, "NACP": 9 },
        "210": { "VNS": 0, "VN": 2, "LTT": 2 }, "070": { "MODE3A": 0o2301 }, "145": 400,
        "157": { "RE": 0, "GVR": 160 }, "160": { "RE": 0, "GS": 1638, "TA": 16_384 },
        "170": 0x2CC3_71C3_2CE0_u64, "020": 5,
    })
}

const PEER: &str = r"
import sys, time
import asterix.base as base
import asterix.generated as generated
uaps = {20: generated.Cat_020_1_11, 21: generated.Cat_021_2_7}
pieces = [bytes.fromhex(line) for line in sys.stdin]
begin, messages = time.perf_counter(), 0
for piece in pieces:
    for raw in base.RawDatablock.parse(base.Bits.from_bytes(piece)):
        spec = uaps[raw.get_category()]
        records = spec.cv_uap.parse(raw.get_raw_records())
        messages += len(records)
print(messages, time.perf_counter() - begin)
";
