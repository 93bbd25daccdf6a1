//! AIS sentences of simulated vessels, beside pyais.

use fusion_core::time::{Span, Timestamp};
use sensor_drivers::ais::encode::{Sentences, Transponder, VesselState};
use sensor_drivers::ais::{AisConfig, AisDecoder};

use crate::load::{Load, Peer};

const VESSELS: u32 = 200;
const ROUNDS: i64 = 50;

pub fn load() -> Load {
    let (mut pieces, mut sentences) = (Vec::new(), Sentences::default());
    for round in 0..ROUNDS {
        for vessel in 0..VESSELS {
            let transponder = Transponder {
                mmsi: 261_000_000 + vessel,
                name: "BENCH VESSEL",
                callsign: "SPXX",
                ship_type: 70,
                length_beam_m: (90.0, 15.0),
                class_b: vessel % 4 == 0,
            };
            let state = VesselState {
                time: Timestamp::from_secs(1_717_236_000) + Span::from_secs(round * 10),
                latitude_deg: 54.0 + f64::from(vessel) * 1e-3,
                longitude_deg: 18.0 + 1e-5 * f64::from(i32::try_from(round).expect("few")),
                speed_m_s: 7.0,
                course_deg: 90.0,
            };
            let mut line = Vec::new();
            sentences.send(&transponder.position(&state), &mut line);
            if round % 12 == 0 {
                transponder.particulars(|message| sentences.send(message, &mut line));
            }
            pieces.push(line);
        }
    }
    Load {
        name: "AIS",
        messages: pieces.iter().flatten().filter(|&&octet| octet == b'\n').count(),
        pieces,
        decoder: Box::new(AisDecoder::new(AisConfig::default())),
        peer: Some(Peer { name: "pyais 3.3.1", script: PEER }),
    }
}

/// Lines, as ours are counted.
const PEER: &str = r"
import sys, time
from pyais.stream import IterMessages
lines = [line for piece in sys.stdin for line in bytes.fromhex(piece).splitlines()]
begin = time.perf_counter()
for message in IterMessages(lines):
    message.decode()
print(len(lines), time.perf_counter() - begin)
";
