//! One vessel, by its MMSI: who it is, as far as it said, and what it said last.

use fusion_core::identity::{Address, Identity, ObjectClass};
use fusion_core::time::{Span, Timestamp};

use super::bits::Bits;
use super::message::{PositionReport, StaticReport};

/// Within this, the same bits again are the same transmission heard twice; a vessel never repeats itself so soon.
const REPEAT_WINDOW: Span = Span::from_millis(1_500);

/// What is known of a vessel.
#[derive(Clone, Debug)]
pub(super) struct Vessel {
    identity: Identity,
    named: bool,
    last: Option<(Timestamp, u64)>,
}

impl Vessel {
    pub(super) fn new(mmsi: u32) -> Self {
        let identity =
            Identity { address: Some(Address::Mmsi(mmsi)), class: ObjectClass::Surface, ..Identity::UNKNOWN };
        Self { identity, named: false, last: None }
    }

    /// Whether the message is the last one, heard again.
    pub(super) fn is_repeat(&mut self, bits: &Bits, now: Timestamp) -> bool {
        let digest = digest(bits);
        let repeat = self.last.is_some_and(|(time, last)| last == digest && (now - time).abs() <= REPEAT_WINDOW);
        self.last = Some((now, digest));
        repeat
    }

    /// The name is told if there is one; until then the callsign stands in.
    pub(super) fn learn(&mut self, said: &StaticReport) {
        if said.name.is_some() {
            self.identity.name.clone_from(&said.name);
            self.named = true;
        } else if said.callsign.is_some() && !self.named {
            self.identity.name.clone_from(&said.callsign);
        }
    }

    pub(super) fn learn_position(&mut self, said: &PositionReport) {
        if said.name.is_some() {
            self.identity.name.clone_from(&said.name);
            self.named = true;
        }
    }

    pub(super) fn identity(&self, airborne: bool) -> Identity {
        let class = if airborne { ObjectClass::Air } else { ObjectClass::Surface };
        Identity { class, ..self.identity.clone() }
    }
}

/// FNV-1a of the bits: enough to tell whether two messages of one vessel within a second are the same.
fn digest(bits: &Bits) -> u64 {
    (0..bits.len()).step_by(32).fold(0xcbf2_9ce4_8422_2325, |hash, from| {
        let word = bits.unsigned(from, (bits.len() - from).min(32)).unwrap_or(0);
        (hash ^ u64::from(word)).wrapping_mul(0x0100_0000_01b3)
    })
}
