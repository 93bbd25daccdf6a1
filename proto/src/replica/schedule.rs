//! What to tell a neighbour first, when not everything can be told at once.
//!
//! Each row that is due has a worth: how important its subject is, times how much wronger the neighbour's prediction
//! becomes for not having it, per bit. What ended, and what people have said, goes first. A tenth of what is sent goes
//! to what has waited longest, so that nothing waits for ever and floors advance.
//!
//! Some hundred rows are planned in one call. Of more, the best are planned, and what all are worth is looked at in
//! [slices](super::pass): within a second for fifty thousand.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Bound;

use fusion_core::identity::{Affiliation, ObjectClass};
use fusion_core::time::{Span, Timestamp};

use super::Now;
use super::outgoing::{Due, Outgoing};
use super::pass::{Pass, ROWS_AT_ONCE, SLICE_PAUSE};
use super::table::{Held, Stream, Table};
use crate::packet::item::StreamKey;
use crate::row::{Body, Kind, RowKey, Seal};

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

/// What may be sent, in order: everything, or of very much the best.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// The worthiest last.
    worthy: Vec<Candidate>,
    /// The longest waiting last.
    waiting: Vec<Candidate>,
    made: Option<Span>,
    /// Whether anything has changed since.
    pub stale: bool,
    /// Whether more is due than there was room for.
    more: bool,
    /// Over all that is due.
    pass: Pass<Place>,
    looked: Span,
    /// Bits owed to what has waited longest.
    owed: f64,
}

/// What is planned from: what is due, what it says, and when.
#[derive(Clone, Copy)]
pub(super) struct Outlook<'a> {
    pub streams: &'a BTreeMap<StreamKey, Outgoing>,
    pub table: &'a Table,
    pub now: Now,
}

type Place = (StreamKey, RowKey);

/// A plan is good for so long at the most.
const GOOD_FOR: Span = Span::from_millis(200);
/// So many rows are planned anew whenever anything has changed.
const FEW: usize = 400;
/// Rows that are planned, of either kind. No counter: the next pass comes to the rest, and begins when few are left.
const PLANNED_MAX: usize = 2 * ROWS_AT_ONCE;
/// The part of what is sent that goes to what has waited longest.
const RESERVED: f64 = 0.1;
/// Bits owed at which the longest waiting row has its turn.
const OWED_FOR_ONE: f64 = 150.0;
/// Worths of what goes before everything else.
const FIRST: f64 = 1e12;

impl Plan {
    /// Whether there is nothing to send, as far as is known.
    #[must_use]
    pub(super) const fn is_idle(&self) -> bool {
        self.worthy.is_empty() && !self.stale && !self.more && self.pass.is_over()
    }

    /// When a look at all that is due goes on.
    #[must_use]
    pub(super) fn next_slice(&self) -> Option<Span> {
        (!self.pass.is_over()).then(|| self.looked + SLICE_PAUSE)
    }

    /// Plans anew if need be. Returns how many rows it has looked at: what is more than a slice is looked at in the
    /// next calls, and until then goes by what it was worth when it was looked at last.
    pub(super) fn refresh(&mut self, outlook: Outlook<'_>) -> usize {
        let now = outlook.now.elapsed;
        if self.pass.is_over() {
            let old = self.made.is_none_or(|made| now - made >= GOOD_FOR);
            let few = self.worthy.len() <= FEW;
            let again = if self.stale || self.more { old || few } else { old && !self.worthy.is_empty() };
            if !again {
                return 0;
            }
            (self.made, self.stale, self.more, self.pass) = (Some(now), false, false, Pass::BEGUN);
        } else if self.next_slice().is_some_and(|next| now < next) && !self.worthy.is_empty() {
            return 0;
        }
        self.looked = now;
        self.look(outlook)
    }

    /// Goes on with a look at all that is due.
    pub(super) fn go_on(&mut self, outlook: Outlook<'_>) -> usize {
        let now = outlook.now.elapsed;
        if self.next_slice().is_none_or(|next| now < next) {
            return 0;
        }
        self.looked = now;
        self.look(outlook)
    }

    /// Looks at a slice of what is due, and plans it in the place of what was planned of it.
    fn look(&mut self, Outlook { streams, table, now }: Outlook<'_>) -> usize {
        let before = self.pass;
        let Pass::Behind(from) = before else { return 0 };
        let (mut found, mut left, mut last) = (Vec::new(), ROWS_AT_ONCE, from);
        let first = from.map_or(Bound::Unbounded, |(stream, _)| Bound::Included(stream));
        self.pass = Pass::Over;
        'all: for (key, outgoing) in streams.range((first, Bound::Unbounded)).filter(|(_, out)| !out.pruned) {
            let Some(stream) = table.stream(*key) else { continue };
            let behind = from.filter(|(of, _)| of == key).map(|(_, row)| row);
            for (row, due) in outgoing.due_after(behind) {
                if left == 0 {
                    self.pass = Pass::Behind(last);
                    break 'all;
                }
                (left, last) = (left - 1, Some((*key, row)));
                found.extend(candidate(stream, outgoing, (*key, row), due, now.validity));
            }
        }
        let after = self.pass;
        let looked_at = |planned: &Candidate| before.is_before(&planned.place()) && !after.is_before(&planned.place());
        let worthier = |a: &Candidate, b: &Candidate| a.worth.total_cmp(&b.worth).then(b.place().cmp(&a.place()));
        let longer = |a: &Candidate, b: &Candidate| b.since.cmp(&a.since).then(b.place().cmp(&a.place()));
        self.more |= replace(&mut self.worthy, looked_at, &found, worthier);
        replace(&mut self.waiting, looked_at, &found, longer);
        ROWS_AT_ONCE - left
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

/// Puts what was found in the place of what is out of date, and keeps the best in order, the best last. Returns
/// whether there was more.
fn replace(
    planned: &mut Vec<Candidate>,
    is_old: impl Fn(&Candidate) -> bool,
    found: &[Candidate],
    order: impl Fn(&Candidate, &Candidate) -> Ordering,
) -> bool {
    planned.retain(|candidate| !is_old(candidate));
    planned.extend(found);
    let over = planned.len().saturating_sub(PLANNED_MAX);
    if over > 0 {
        planned.select_nth_unstable_by(over, &order);
        planned.drain(..over);
    }
    planned.sort_by(&order);
    over > 0
}

impl Candidate {
    const fn place(&self) -> Place {
        (self.stream, self.key)
    }
}

fn candidate(stream: &Stream, outgoing: &Outgoing, place: Place, due: &Due, now: Timestamp) -> Option<Candidate> {
    let held = stream.row(place.1)?;
    let wanted = is_sendable(due, held) && held.version > outgoing.known(place.1);
    wanted.then(|| {
        let worth = worth(stream, outgoing, place.1, held, now);
        Candidate { stream: place.0, key: place.1, worth, since: due.since }
    })
}

fn worth(stream: &Stream, outgoing: &Outgoing, key: RowKey, held: &Held, now: Timestamp) -> f64 {
    let weight = weight(stream, key.handle);
    match &held.body {
        Body::Gone(_) | Body::Assertion(_) => FIRST + weight,
        Body::Track(_) => {
            let (growth, bits) = growth(stream, outgoing, key, now);
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
        Body::Seal(seal) => seal_worth(stream, outgoing, seal, now),
    }
}

/// A seal is worth what it covers and is alive: without it, that counts for nothing.
fn seal_worth(stream: &Stream, outgoing: &Outgoing, seal: &Seal, now: Timestamp) -> f64 {
    let (mut sum, mut bits) = (0.0, 600.0);
    for covered in &seal.covered {
        let key = covered.key;
        bits += 89.0;
        let Some(held) = stream.row(key).filter(|held| held.version == covered.version) else { continue };
        let weight = weight(stream, key.handle);
        sum += match held.body {
            Body::Gone(_) | Body::Assertion(_) => return FIRST + weight,
            Body::Track(_) => weight * growth(stream, outgoing, key, now).0,
            Body::Attributes(_) => weight * 60.0,
            Body::Refinement(_) | Body::Bearing(_) | Body::Sensor(_) | Body::Registration(_) | Body::Seal(_) => 10.0,
        };
    }
    sum / bits
}

/// The growth that stands for not being known at all.
const NEW: f64 = 400.0;

/// How much wronger the neighbour becomes: of what it holds, by what has changed since, and by the time that passed
/// (error of white-noise acceleration, τ³/3, against the spread); and the bits that it takes to tell.
fn growth(stream: &Stream, outgoing: &Outgoing, key: RowKey, now: Timestamp) -> (f64, f64) {
    let base = outgoing.acked(key).and_then(|version| stream.base(key.handle, version));
    let Some(base) = base else {
        return (if outgoing.acked(key).is_some() { NEW } else { 0.8 * NEW }, 184.0);
    };
    let seconds = (now - base.tick.time()).as_secs_f64().clamp(0.1, 1e4);
    let spread = base.kinematic.spread_m2().max(25.0);
    ((1.0 + seconds + seconds * seconds * seconds / spread).min(NEW), 100.0)
}

/// How important a track is: by whose it is and what.
#[must_use]
fn weight(stream: &Stream, handle: u16) -> f64 {
    let attributes = stream.row(RowKey { kind: Kind::Attributes, handle });
    let Some(Body::Attributes(attributes)) = attributes.map(|held| &held.body) else { return 2.0 };
    let identity = &attributes.identity;
    match identity.affiliation {
        Affiliation::Hostile | Affiliation::Suspect => 12.0,
        Affiliation::Friend | Affiliation::Neutral | Affiliation::AssumedFriend => 1.0,
        Affiliation::Pending | Affiliation::Unknown if identity.class == ObjectClass::Uav => 4.0,
        Affiliation::Pending | Affiliation::Unknown => 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Body, Lifetime, Row, Tick, text};
    use fusion_core::label::Label;
    use fusion_core::track::{NodeId, Origin};

    const NOW: Timestamp = Timestamp::from_secs(1_750_000_000);
    const ME: Origin = Origin { node: NodeId(1), incarnation: 1 };

    const fn stream(number: u8) -> StreamKey {
        StreamKey { origin: ME, number }
    }

    const END: RowKey = RowKey { kind: Kind::Track, handle: 7 };

    /// So many names of sensors in one stream, all due; in the stream behind it, if `urgent`, the end of a track.
    fn due(rows: u16, urgent: bool) -> (Table, BTreeMap<StreamKey, Outgoing>) {
        let (mut table, mut streams) = (Table::new(ME, 65_536, NOW), BTreeMap::new());
        let name = Body::Sensor(Box::new(text::cut("radar")));
        let names = (0..rows).map(|handle| (stream(0), RowKey { kind: Kind::Sensor, handle }, name.clone()));
        let end = urgent.then(|| (stream(1), END, Body::Gone(Lifetime::Air)));
        for ((of, key, body), version) in names.chain(end).zip(1..) {
            table.open(of, Label::STRICTEST, 0);
            table.accept(of, Row { key, version, tick: Tick::nearest(NOW), body }, NOW);
            let outgoing = streams.entry(of).or_insert_with(|| Outgoing::new(0));
            outgoing.handle_changed(key, version, version, Span::ZERO);
        }
        (table, streams)
    }

    const fn outlook<'a>(table: &'a Table, streams: &'a BTreeMap<StreamKey, Outgoing>, elapsed: Span) -> Outlook<'a> {
        Outlook { streams, table, now: Now { validity: NOW, elapsed } }
    }

    fn most() -> u16 {
        u16::try_from(ROWS_AT_ONCE).expect("some hundred")
    }

    #[test]
    fn what_fits_into_a_slice_is_planned_at_once_and_whenever_it_changes() {
        let (table, streams) = due(most() - 1, true);
        let mut plan = Plan { stale: true, ..Plan::default() };
        for turn in 0..3 {
            let now = Span::from_millis(250 * turn);
            assert_eq!(plan.refresh(outlook(&table, &streams, now)), ROWS_AT_ONCE);
            assert_eq!((plan.worthy.len(), plan.next_slice()), (ROWS_AT_ONCE, None));
            assert_eq!(plan.worthy.last().map(|first| first.key), Some(END));
        }
    }

    #[test]
    fn no_call_looks_at_more_than_a_slice_and_what_is_urgent_is_found_in_one_pass() {
        let (table, streams) = due(10 * most(), true);
        let (mut plan, mut now, mut slices) = (Plan { stale: true, ..Plan::default() }, Span::ZERO, 1);
        assert_eq!(plan.refresh(outlook(&table, &streams, now)), ROWS_AT_ONCE);
        assert_eq!(plan.pop().map(|(first, _)| first.key.kind), Some(Kind::Sensor), "nothing waits for the pass");
        while let Some(next) = plan.next_slice() {
            assert_eq!(plan.go_on(outlook(&table, &streams, now)), 0, "not before its time");
            now = next;
            assert!(plan.go_on(outlook(&table, &streams, now)) <= ROWS_AT_ONCE);
            slices += 1;
        }
        assert_eq!((slices, plan.pop().map(|(first, _)| first.key)), (11, Some(END)));
        assert!(plan.worthy.len() <= PLANNED_MAX && plan.waiting.len() <= PLANNED_MAX);
    }

    #[test]
    fn of_more_rows_than_are_planned_all_are_sent_once_in_the_end() {
        let (table, mut streams) = due(6 * most(), false);
        let (mut plan, mut now, mut sent) = (Plan { stale: true, ..Plan::default() }, Span::ZERO, 0);
        while !plan.is_idle() {
            plan.refresh(outlook(&table, &streams, now));
            while let Some((candidate, _)) = plan.pop() {
                let outgoing = streams.get_mut(&candidate.stream).expect("it is due");
                let version = u32::from(candidate.key.handle) + 1;
                sent += u16::from(outgoing.due_row(candidate.key).is_some());
                outgoing.handle_acked(candidate.key, version, Some(version));
            }
            now = now + SLICE_PAUSE;
        }
        assert_eq!((sent, streams[&stream(0)].waiting()), (6 * most(), 0));
    }
}
