//! What to tell a neighbour first, when not everything can be told at once.
//!
//! Each row that is due has a worth: how important its subject is, times how much wronger the neighbour's prediction
//! becomes for not having it, per bit. What ended, and what people have said, goes first. A tenth of what is sent goes
//! to what has waited longest, so that nothing waits for ever and floors advance.

use fusion_core::identity::{Affiliation, ObjectClass};
use fusion_core::time::{Span, Timestamp};

use super::outgoing::{Due, Outgoing};
use super::table::{Held, Table};
use crate::packet::item::StreamKey;
use crate::row::{Body, Kind, RowKey};

/// A row that may be sent next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    /// Of which stream.
    pub stream: StreamKey,
    /// Which row.
    pub key: RowKey,
    worth: f64,
    since: Span,
}

/// What may be sent, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// The worthiest last.
    worthy: Vec<Candidate>,
    /// The longest waiting last.
    waiting: Vec<Candidate>,
    made: Option<Span>,
    /// Whether anything has changed since.
    pub stale: bool,
    /// Bits owed to what has waited longest.
    owed: f64,
}

/// A plan is good for so long at the most.
const GOOD_FOR: Span = Span::from_millis(200);
/// So many rows are planned anew whenever anything has changed.
const FEW: usize = 400;
/// The part of what is sent that goes to what has waited longest.
const RESERVED: f64 = 0.1;
/// Bits owed at which the longest waiting row has its turn.
const OWED_FOR_ONE: f64 = 150.0;
/// Worths of what goes before everything else.
const FIRST: f64 = 1e12;

impl Plan {
    /// Whether there is nothing to send, as far as is known.
    #[must_use]
    pub(super) fn is_idle(&self) -> bool {
        self.worthy.is_empty() && !self.stale
    }

    /// Plans anew if need be.
    pub(super) fn refresh<'a>(
        &mut self,
        streams: impl Iterator<Item = (StreamKey, &'a Outgoing)>,
        table: &Table,
        now: Span,
        validity: Timestamp,
    ) {
        let old = self.made.is_none_or(|made| now - made >= GOOD_FOR);
        let few = self.worthy.len() <= FEW;
        let again = if self.stale { old || few } else { old && !self.worthy.is_empty() };
        if !again {
            return;
        }
        self.worthy.clear();
        for (stream, outgoing) in streams.filter(|(_, outgoing)| !outgoing.pruned) {
            for (key, due) in outgoing.due() {
                self.worthy.extend(candidate(table, stream, outgoing, key, due, validity));
            }
        }
        self.waiting.clone_from(&self.worthy);
        self.worthy.sort_by(|a, b| a.worth.total_cmp(&b.worth).then((b.stream, b.key).cmp(&(a.stream, a.key))));
        self.waiting.sort_by(|a, b| b.since.cmp(&a.since).then((b.stream, b.key).cmp(&(a.stream, a.key))));
        (self.made, self.stale) = (Some(now), false);
    }

    /// The next row to send, and whether it is because it has waited longest.
    pub(super) fn pop(&mut self) -> Option<(Candidate, bool)> {
        let urgent = self.worthy.last().is_some_and(|first| first.worth >= FIRST);
        let oldest = if self.owed >= OWED_FOR_ONE && !urgent { self.waiting.pop() } else { None };
        let oldest = oldest.map(|candidate| (candidate, true));
        oldest.or_else(|| self.worthy.pop().map(|candidate| (candidate, false)))
    }

    /// A row was sent.
    #[expect(clippy::cast_precision_loss, reason = "bits of a row")]
    pub(super) fn handle_sent(&mut self, bits: usize, oldest: bool) {
        let paid = if oldest { bits as f64 } else { 0.0 };
        self.owed = (self.owed + RESERVED * bits as f64 - paid).min(4.0 * OWED_FOR_ONE);
    }

    /// A row did not fit into this packet: it is the first for the next.
    pub(super) fn push_back(&mut self, candidate: Candidate) {
        self.worthy.push(candidate);
    }
}

/// Whether a row that is due may be sent now: unless this very version is under way.
#[must_use]
pub(super) fn is_sendable(due: &Due, held: &Held) -> bool {
    due.under_way.is_none_or(|version| version < held.version)
}

fn candidate(
    table: &Table,
    stream: StreamKey,
    outgoing: &Outgoing,
    key: RowKey,
    due: &Due,
    now: Timestamp,
) -> Option<Candidate> {
    let held = table.row(stream, key)?;
    is_sendable(due, held).then(|| {
        let worth = worth(table, stream, outgoing, key, held, now);
        Candidate { stream, key, worth, since: due.since }
    })
}

fn worth(table: &Table, stream: StreamKey, outgoing: &Outgoing, key: RowKey, held: &Held, now: Timestamp) -> f64 {
    let weight = weight(table, stream, key.handle);
    match &held.body {
        Body::Gone(_) | Body::Assertion(_) => FIRST + weight,
        Body::Track(_) => {
            let (growth, bits) = growth(table, stream, outgoing, key, now);
            weight * growth / bits
        }
        // A track's attributes go with its first motion: worth as much, and a little more to be there first.
        Body::Attributes(_) if outgoing.acked(key).is_none() => 1.1 * weight * NEW / 184.0,
        // They change seldom, and then it matters.
        Body::Attributes(_) => weight * 60.0 / 240.0,
        Body::Refinement(_) => 0.3 * weight * 10.0 / 170.0,
        Body::Bearing(_) => 2.0 * 20.0 / 128.0,
        Body::Sensor(_) => 10.0 / 120.0,
        // It changes seldom, and nobody waits for it.
        Body::Registration(_) => 1.0 / 140.0,
    }
}

/// The growth that stands for not being known at all.
const NEW: f64 = 400.0;

/// How much wronger the neighbour becomes: of what it holds, by what has changed since, and by the time that passed
/// (error of white-noise acceleration, τ³/3, against the spread); and the bits that it takes to tell.
fn growth(table: &Table, stream: StreamKey, outgoing: &Outgoing, key: RowKey, now: Timestamp) -> (f64, f64) {
    let base = outgoing.acked(key).and_then(|version| table.base(stream, key.handle, version));
    let Some(base) = base else {
        return (if outgoing.acked(key).is_some() { NEW } else { 0.8 * NEW }, 184.0);
    };
    let seconds = (now - base.tick.time()).as_secs_f64().clamp(0.1, 1e4);
    let spread = base.kinematic.spread_m2().max(25.0);
    ((1.0 + seconds + seconds * seconds * seconds / spread).min(NEW), 100.0)
}

/// How important a track is: by whose it is and what.
#[must_use]
pub(super) fn weight(table: &Table, stream: StreamKey, handle: u16) -> f64 {
    let attributes = table.row(stream, RowKey { kind: Kind::Attributes, handle });
    let Some(Body::Attributes(attributes)) = attributes.map(|held| &held.body) else { return 2.0 };
    let identity = &attributes.identity;
    match identity.affiliation {
        Affiliation::Hostile | Affiliation::Suspect => 12.0,
        Affiliation::Friend | Affiliation::Neutral | Affiliation::AssumedFriend => 1.0,
        Affiliation::Pending | Affiliation::Unknown if identity.class == ObjectClass::Uav => 4.0,
        Affiliation::Pending | Affiliation::Unknown => 2.0,
    }
}
