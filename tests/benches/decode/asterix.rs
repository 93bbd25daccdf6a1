//! CAT048 and CAT034 records of the simulated airfield radar.

use fusion_core::time::{Span, Timestamp};
use sensor_drivers::asterix::radar::{RadarConfig, RadarDecoder};
use sensor_drivers::asterix::reception::ReceptionConfig;
use sensor_drivers::asterix::{CATALOGUE, records};
use sensor_drivers::sim::{Simulation, scenario};

use crate::load::{Load, Peer};

const PIECES: usize = 2000;
/// The radar's place in the scenario.
const RADAR: usize = 0;

pub fn load() -> Load {
    let mut simulation =
        Simulation::new(scenario::demo(), 1, Timestamp::from_secs(1_717_236_000)).expect("the demo is sound");
    let emissions = std::iter::from_fn(|| simulation.next_emission());
    let pieces: Vec<_> = emissions.filter(|e| e.sensor == RADAR).map(|e| e.bytes).take(PIECES).collect();
    // The same records come again within seconds: for once, not as duplicates.
    let reception = ReceptionConfig { duplicate_window: Span::ZERO, ..ReceptionConfig::default() };
    Load {
        name: "ASTERIX CAT048",
        messages: pieces.iter().map(|piece| records(piece, CATALOGUE).flatten().count()).sum(),
        pieces,
        decoder: Box::new(RadarDecoder::new(RadarConfig { reception, ..RadarConfig::default() })),
        peer: Some(Peer { name: "libasterix 0.36.3", script: PEER }),
    }
}

const PEER: &str = r"
import sys, time
import asterix.base as base
import asterix.generated as generated
uaps = {48: generated.Cat_048_1_32, 34: generated.Cat_034_1_29}
pieces = [bytes.fromhex(line) for line in sys.stdin]
begin, messages = time.perf_counter(), 0
for piece in pieces:
    for raw in base.RawDatablock.parse(base.Bits.from_bytes(piece)):
        spec = uaps[raw.get_category()]
        records = spec.cv_uap.parse(raw.get_raw_records())
        messages += len(records)
print(messages, time.perf_counter() - begin)
";
