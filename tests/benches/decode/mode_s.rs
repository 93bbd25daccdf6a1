//! Mode S frames in Beast form, from the simulated ADS-B receiver.

use fusion_core::time::Timestamp;
use sensor_drivers::mode_s::{Form, ModeSConfig, ModeSDecoder};
use sensor_drivers::sim::{Simulation, scenario};

use crate::load::{Load, Peer};

const PIECES: usize = 4000;
/// The ADS-B receiver's place in the scenario.
const RECEIVER: usize = 2;

pub fn load() -> Load {
    let mut simulation =
        Simulation::new(scenario::demo(), 1, Timestamp::from_secs(1_717_236_000)).expect("the demo is sound");
    let emissions = std::iter::from_fn(|| simulation.next_emission());
    let pieces: Vec<_> = emissions.filter(|e| e.sensor == RECEIVER).map(|e| e.bytes).take(PIECES).collect();
    let messages = pieces.iter().map(|piece| piece.windows(2).filter(|w| w == b"\x1a3").count()).sum();
    Load {
        name: "Mode S, Beast",
        messages,
        pieces,
        decoder: Box::new(ModeSDecoder::new(ModeSConfig { form: Form::Beast, ..ModeSConfig::default() })),
        peer: None::<Peer>,
    }
}
