//! CAT015 plots of a drone radar, CAT205 bearings and CAT062 system tracks, each with what such a source sends of all
//! that it could.

use fusion_core::time::{Span, Timestamp};
use sensor_drivers::asterix::cat015::{self, Descriptor, MessageType, PairError, Status, TargetReport};
use sensor_drivers::asterix::cat205::{self, BearingReport, Channel};
use sensor_drivers::asterix::common::{DataSource, TimeOfDay};
use sensor_drivers::asterix::direction_finder::{DirectionFinder, DirectionFinderConfig};
use sensor_drivers::asterix::drone_radar::{DroneRadar, DroneRadarConfig};
use sensor_drivers::asterix::system_tracks::{SystemTracks, SystemTracksConfig};
use sensor_drivers::asterix::{compose_block, write_block};
use serde_json::json;

use crate::load::{Load, Peer, Pieces};

const DATAGRAMS: i64 = 1_000;
const RECORDS: u16 = 10;
const SOURCE: DataSource = DataSource { sac: 25, sic: 201 };

fn at(datagram: i64) -> TimeOfDay {
    TimeOfDay::at(Timestamp::from_secs(1_717_236_000) + Span::from_millis(datagram))
}

fn plot(datagram: i64, number: u16) -> TargetReport {
    let told = |value, sigma| Some(cat015::Told { value, sigma: Some(sigma) });
    TargetReport {
        source: Some(SOURCE),
        message_type: MessageType::SensorPlot,
        descriptor: Some(Descriptor { scd: 3, ..Descriptor::default() }),
        time_of_day: Some(at(datagram)),
        number: Some(number),
        status: Some(Status::default()),
        update_period_s: Some(1.0),
        position_deg: Some([52.0, 21.0]),
        position_error: Some(PairError { x: 4.0, y: 8.0, correlation: 0.5 }),
        height: told(120.0, 6.0),
        range: told(1_000.0 + f64::from(number), 2.5),
        doppler: told(-12.0, 0.5),
        azimuth: told(f64::from(number) / 10.0, 0.01),
        elevation: told(0.1, 0.02),
        snr_db: Some(14),
        ..TargetReport::default()
    }
}

fn bearing(datagram: i64, number: u16) -> BearingReport {
    BearingReport {
        source: Some(SOURCE),
        message_type: cat205::MessageType::SensorData,
        time_of_day: Some(at(datagram)),
        channel: Channel::of_hz(118_000_000 + u64::from(number) * 25_000),
        local_bearing: Some(f64::from(number) / 10.0),
        signal_quality: Some(200),
        elevation: Some(0.05),
        ..BearingReport::default()
    }
}

fn track(datagram: i64, number: u16) -> serde_json::Value {
    json!({
        "010": { "SAC": 1, "SIC": 2 }, "015": 1, "070": at(datagram).ticks, "040": number,
        "105": { "LAT": 0x94_0000, "LON": 0x3C_0000 }, "100": { "X": 1000, "Y": 2000 },
        "185": { "VX": 400, "VY": 80 }, "060": { "V": 0, "G": 0, "CH": 0, "MODE3A": 0o1234 },
        "245": { "STI": 0, "CHR": 0x4C_74_F0_C3_28_20_u64 },
        "380": { "ADR": 0x4B_AA11, "MHG": 100, "EMC": 3 },
        "080": { "MON": 0, "SPI": 0, "MRH": 0, "SRC": 0, "CNF": 0 },
        "290": { "PSR": 4, "SSR": 4, "MDS": 4 }, "136": 1200, "130": 4800, "135": { "QNH": 0, "CTB": 1200 }, "220": 16,
        "500": { "APC": { "X": 60, "Y": 40 }, "COV": 5, "AGA": 8, "ATV": { "X": 4, "Y": 4 } },
    })
}

fn pieces<R>(record: impl Fn(i64, u16) -> R, block: impl Fn(Vec<R>) -> Vec<u8>) -> Pieces {
    (0..DATAGRAMS).map(|datagram| block((0..RECORDS).map(|number| record(datagram, number)).collect())).collect()
}

fn written<R: sensor_drivers::asterix::wire::TypedRecord>(records: &[R]) -> Vec<u8> {
    let mut out = Vec::new();
    write_block(records, &mut out).expect("fits");
    out
}

fn load(name: &'static str, pieces: Pieces, decoder: Box<dyn sensor_drivers::decoder::Decoder>) -> Load {
    let messages = pieces.len() * usize::from(RECORDS);
    Load { name, messages, pieces, decoder, peer: Some(Peer { name: "libasterix 0.36.3", script: PEER }) }
}

pub fn drone_radar() -> Load {
    let decoder = DroneRadar::decoder(DroneRadarConfig::default());
    load("ASTERIX CAT015", pieces(plot, |records| written(&records)), Box::new(decoder))
}

pub fn direction_finder() -> Load {
    let decoder = DirectionFinder::decoder(DirectionFinderConfig::default());
    load("ASTERIX CAT205", pieces(bearing, |records| written(&records)), Box::new(decoder))
}

pub fn system_tracks() -> Load {
    let block = |records: Vec<_>| compose_block(62, &records).expect("by the table");
    load("ASTERIX CAT062", pieces(track, block), Box::new(SystemTracks::decoder(SystemTracksConfig::default())))
}

const PEER: &str = r"
import sys, time
import asterix.base as base
import asterix.generated as generated
uaps = {15: generated.Cat_015_1_2, 205: generated.Cat_205_1_0, 62: generated.Cat_062_1_21}
pieces = [bytes.fromhex(line) for line in sys.stdin]
begin, messages = time.perf_counter(), 0
for piece in pieces:
    for raw in base.RawDatablock.parse(base.Bits.from_bytes(piece)):
        spec = uaps[raw.get_category()]
        records = spec.cv_uap.parse(raw.get_raw_records())
        messages += len(records)
print(messages, time.perf_counter() - begin)
";
