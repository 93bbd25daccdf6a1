//! How a neighbour is doing, as people and programs see it: on the console, in `copmesh status`, on zenoh.

use proto::pb;
use proto::replica::Replica;
use serde_json::{Value, json};

use crate::mesh::Reach;

/// One neighbour: what the carrier knows of the way to it, and the replica of what it is to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct NeighbourHealth {
    /// How it is reached.
    pub reach: Reach,
    /// Whether it can be exchanged with.
    pub state: NeighbourState,
    /// Rows that it is still to be told.
    pub waiting: usize,
    /// Rows that it may not have, because their label does not permit it; `None` while it is not there.
    pub withheld: Option<usize>,
    /// What the link is measured to carry, octets a second; `None` while it is down.
    pub rate_bytes_s: Option<f64>,
    /// The least that its clock was seen ahead of ours, with the delay, seconds; `None` before it told the time.
    pub clock_ahead_s: Option<f64>,
    /// How often it brought rows, seals or passports that were forged.
    pub forged: u64,
}

/// Whether a neighbour can be exchanged with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeighbourState {
    /// Both sides have told what they hold, and tell each other what is new.
    Ready,
    /// A bearer carries; the two are getting to know what the other holds.
    Greeting,
    /// No bearer carries.
    Down,
}

impl NeighbourState {
    /// The word in interfaces.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Greeting => "greeting",
            Self::Down => "down",
        }
    }
}

impl NeighbourHealth {
    /// What both know.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a difference of clocks, told to the millisecond")]
    pub fn of(reach: Reach, replica: Option<&Replica>) -> Self {
        let link = reach.link;
        let state = match (&reach.bearer, replica.is_some_and(|replica| replica.is_ready(link))) {
            (None, _) => NeighbourState::Down,
            (Some(_), true) => NeighbourState::Ready,
            (Some(_), false) => NeighbourState::Greeting,
        };
        Self {
            reach,
            state,
            waiting: replica.map_or(0, |replica| replica.waiting(link)),
            withheld: replica.and_then(|replica| replica.withheld(link)),
            rate_bytes_s: replica.and_then(|replica| replica.rate(link)),
            clock_ahead_s: replica.and_then(|replica| replica.clock_ahead_ms(link)).map(|ms| ms as f64 / 1000.0),
            forged: replica.map_or(0, |replica| replica.forged(link)),
        }
    }

    /// As JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let Reach { name, bearer, kept, age_s, bytes_in, bytes_out, trouble, .. } = &self.reach;
        json!({ "name": name, "state": self.state.as_str(), "bearer": bearer, "kept": kept, "age_s": age_s,
                "waiting": self.waiting, "withheld": self.withheld, "rate_bytes_s": self.rate_bytes_s,
                "clock_ahead_s": self.clock_ahead_s, "bytes_in": bytes_in, "bytes_out": bytes_out,
                "forged": self.forged, "trouble": trouble })
    }

    /// As protobuf.
    #[must_use]
    pub fn protobuf(&self) -> pb::NeighbourHealth {
        let Reach { name, bearer, kept, age_s, bytes_in, bytes_out, .. } = self.reach.clone();
        pb::NeighbourHealth {
            name,
            state: self.state.as_str().to_owned(),
            bearer,
            kept,
            age_s,
            waiting: self.waiting as u64,
            rate_bytes_s: self.rate_bytes_s,
            clock_ahead_s: self.clock_ahead_s,
            bytes_in,
            bytes_out,
            forged: self.forged,
            withheld: self.withheld.map(|rows| rows as u64),
        }
    }
}
