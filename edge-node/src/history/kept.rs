//! What of the history is handed out to be kept for the next life, and how the next life takes it in.
//!
//! A point is handed out once it is closed: when the next of its track came, or its end. So the last point of each
//! track is not there after a power cut; a track of which no end is there ends where what was kept ends, and nothing is
//! drawn over the time when nobody looked.
//!
//! A point names since when that was said of its track which held for it. One of which that is not there is not taken
//! in: nobody would know who may see it.

use std::collections::BTreeMap;
use std::sync::Arc;

use fusion_core::identity::class::ClassBelief;
use fusion_core::identity::{Address, Affiliation, Fingerprint, Identity, Serial};
use fusion_core::track::{NodeId, Origin, TrackId, TrackNumber};
use proto::codec::{KeptId, KeptPast, KeptPoint, KeptSaid, KeptWay};
use proto::packet::label;
use proto::packet::octets::{Octets, Reader};
use proto::row::attributes::CLASSES;

use super::point::Point;
use super::{History, KEY_PERIOD, Said};

/// Points and changes of who a track is that wait to be asked for at the most.
///
/// Counter: `Tally::unkept`. A further one is not kept; what is kept next says that something is missing before it.
pub const WAITING_MAX: usize = 32_768;

/// Points in one part of the past at the most, and octets of what is said in one: so that each fits a record.
const POINTS_IN_PART: usize = 512;
const SAID_BYTES_IN_PART: usize = 32 << 10;

/// A part of the past of a former life.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Whether the one before it was written just before it.
    pub follows: bool,
    /// What it tells.
    pub past: KeptPast,
}

/// What waits to be kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Outbox {
    told_before: bool,
    gap: bool,
    said: Vec<(TrackId, i64, Arc<Said>)>,
    points: Vec<(TrackId, i64, Point)>,
}

impl Outbox {
    /// Of a time that goes on from another begin.
    pub(super) fn begun_anew(self) -> Self {
        Self { told_before: self.told_before, gap: true, ..Self::default() }
    }

    pub(super) fn say(&mut self, id: TrackId, since_ms: i64, said: &Arc<Said>, unkept: &mut u64) {
        if self.has_room(unkept) {
            self.said.push((id, since_ms, Arc::clone(said)));
        }
    }

    fn has_room(&mut self, unkept: &mut u64) -> bool {
        let has_room = self.said.len() + self.points.len() < WAITING_MAX;
        self.gap |= !has_room;
        *unkept += u64::from(!has_room);
        has_room
    }

    /// Takes as much of what was said as fits one part.
    fn some_said(&mut self) -> Vec<KeptSaid> {
        let mut octets = 0;
        let fits = |(_, _, said): &&(TrackId, i64, Arc<Said>)| {
            octets += said.bytes();
            octets <= SAID_BYTES_IN_PART
        };
        let count = self.said.iter().take_while(fits).count().max(1).min(self.said.len());
        self.said.drain(..count).map(|(id, since_ms, said)| kept_said(id, since_ms, &said)).collect()
    }

    /// The same of points, those of a track together.
    fn some_ways(&mut self, until_ms: i64) -> Vec<KeptWay> {
        let count = self.points.len().min(POINTS_IN_PART);
        let mut ways = BTreeMap::<(TrackId, i64), Vec<KeptPoint>>::new();
        for (id, said_ms, point) in self.points.drain(..count) {
            ways.entry((id, said_ms)).or_default().push(point.kept(until_ms));
        }
        let way = |((id, said_ms), points)| KeptWay { track: kept_id(id), said_ms, points };
        ways.into_iter().map(way).collect()
    }
}

/// Handing out.
impl History {
    /// From now on what is closed waits to be asked for.
    pub fn keep_closed(&mut self) {
        self.outbox.get_or_insert_default();
    }

    /// Part of what is to be kept, until there is nothing. What was said comes before points of which it was.
    pub fn poll_kept(&mut self) -> Option<KeptPast> {
        let (begun_ms, until_ms) = (self.first_ms, self.now_ms?);
        let outbox = self.outbox.as_mut()?;
        if outbox.said.is_empty() && outbox.points.is_empty() {
            return None;
        }
        let said = outbox.some_said();
        let ways = if outbox.said.is_empty() { outbox.some_ways(until_ms) } else { Vec::new() };
        let begins = !std::mem::replace(&mut outbox.told_before, true);
        let gap = std::mem::take(&mut outbox.gap);
        Some(KeptPast { begins, gap, begun_ms, until_ms, said, ways })
    }

    /// Hands out who each track is, whether it was before or not: what was kept before may go.
    pub fn say_all_again(&mut self) {
        let Some(outbox) = &mut self.outbox else { return };
        for (id, life) in self.lives.iter().filter(|(_, life)| !life.gone) {
            if let Some((since_ms, said)) = life.said.back() {
                outbox.say(*id, *since_ms, said, &mut self.tally.unkept);
            }
        }
    }

    /// Hands out the last point of each track that is still there: the life ends.
    pub fn hand_out_open(&mut self) {
        let open: Vec<TrackId> = self.lives.iter().filter(|(_, life)| !life.gone).map(|(id, _)| *id).collect();
        open.into_iter().for_each(|id| self.hand_out_newest(id));
    }

    /// Hands out the newest point of a track, unless it is its end, which was.
    pub(super) fn hand_out_newest(&mut self, id: TrackId) {
        let newest = self.lives.get(&id).and_then(|life| {
            let point = self.point(life.newest).filter(|point| point.track == life.number)?;
            point.status.map(|_| life.newest)
        });
        if let Some(newest) = newest {
            self.hand_out(id, newest);
        }
    }

    pub(super) fn hand_out(&mut self, id: TrackId, at: u64) {
        let Some(point) = self.point(at).copied() else { return };
        let (Some(outbox), Some(life)) = (&mut self.outbox, self.lives.get(&id)) else { return };
        if let Some((since_ms, _)) = life.saying_at(point.shown_ms)
            && outbox.has_room(&mut self.tally.unkept)
        {
            outbox.points.push((id, *since_ms, point));
        }
    }
}

/// Taking in.
impl History {
    /// Takes in what former lives kept, oldest first. It is said before the first picture of this life.
    pub fn restore(&mut self, parts: &[Part]) {
        let mut said = BTreeMap::new();
        for stretch in parts.chunk_by(|_, part| part.follows) {
            for kept in stretch.iter().flat_map(|part| &part.past.said) {
                if let Some((id, since_ms, who)) = restored_said(kept) {
                    said.insert((id, since_ms), who);
                }
            }
            self.restore_stretch(stretch, &said);
        }
    }

    /// Takes in what was written without a gap. What is not gone at its end is gone from then on.
    fn restore_stretch(&mut self, stretch: &[Part], said: &BTreeMap<(TrackId, i64), Said>) {
        let Some(until_ms) = stretch.iter().map(|part| part.past.until_ms).max() else { return };
        if self.now_ms.is_some_and(|before| until_ms < before) {
            self.begin(until_ms, true);
            self.now_ms = None;
        }
        let points = points_of(stretch, self.now_ms.unwrap_or(i64::MIN), until_ms);
        if self.now_ms.is_none() {
            let begin = stretch.first().filter(|part| part.past.begins).map(|part| part.past.begun_ms);
            let oldest = points.first().map_or(until_ms, |(.., point)| point.shown_ms);
            let whole = oldest.saturating_add(KEY_PERIOD.as_nanos() / 1_000_000);
            self.first_ms = begin.unwrap_or(whole).min(until_ms);
        }
        for (id, since_ms, point) in points {
            let known = said.get(&(id, since_ms)).filter(|_| since_ms <= point.shown_ms);
            if known.is_some_and(|known| self.restore_point(id, known, since_ms, point)) {
                self.tally.restored += 1;
            } else {
                self.tally.unknown += 1;
                self.end_at(id, point.shown_ms);
            }
        }
        let end_ms = until_ms.saturating_add(1);
        let open: Vec<TrackId> = self.lives.iter().filter(|(_, life)| !life.gone).map(|(id, _)| *id).collect();
        open.into_iter().for_each(|id| self.end_at(id, end_ms));
        self.now_ms = Some(end_ms);
        self.make_room(end_ms);
    }

    /// Whether there was room, and what was said of the track goes on from what was said before.
    fn restore_point(&mut self, id: TrackId, said: &Said, since_ms: i64, point: Point) -> bool {
        if !self.lives.contains_key(&id) && !self.admit(id) {
            return false;
        }
        let oldest_ms = self.points.front().map_or(point.shown_ms, |oldest| oldest.shown_ms);
        let life = self.lives.get_mut(&id).expect("there or admitted");
        let before = life.bytes;
        match life.said.back() {
            Some((last, _)) if *last == since_ms => {}
            Some((last, _)) if *last > since_ms => return false,
            _ => {
                life.say(said.clone(), since_ms, oldest_ms, &mut self.tally.said_dropped);
            }
        }
        self.life_bytes = self.life_bytes - before + life.bytes;
        self.ended -= usize::from(life.gone);
        life.gone = point.status.is_none();
        self.ended += usize::from(life.gone);
        self.push(id, point);
        true
    }

    /// Notes the end of a track that is there.
    fn end_at(&mut self, id: TrackId, at_ms: i64) {
        let last = self.lives.get(&id).filter(|life| !life.gone).and_then(|life| self.point(life.newest)).copied();
        match (last, self.lives.get_mut(&id)) {
            (Some(last), Some(life)) => {
                life.gone = true;
                self.ended += 1;
                self.push(id, last.end(at_ms));
            }
            (None, Some(life)) if !life.gone => self.forget(id),
            _ => {}
        }
    }
}

/// The points of a stretch in the order in which they were shown, none before the end of the stretch before.
fn points_of(stretch: &[Part], floor_ms: i64, until_ms: i64) -> Vec<(TrackId, i64, Point)> {
    let ways = stretch.iter().flat_map(|part| part.past.ways.iter().map(move |way| (part.past.until_ms, way)));
    let points = ways.flat_map(|(end_ms, way)| {
        let point = move |kept| Point::restored(kept, end_ms).map(|point| (restored_id(way.track), way.said_ms, point));
        way.points.iter().filter_map(point)
    });
    let within = |(id, said_ms, point): (TrackId, i64, Point)| {
        let shown_ms = point.shown_ms.max(floor_ms).min(until_ms);
        (id, said_ms, if shown_ms == point.shown_ms { point } else { point.again(shown_ms) })
    };
    let mut points: Vec<_> = points.map(within).collect();
    points.sort_by_key(|(.., point)| point.shown_ms);
    points
}

const fn kept_id(id: TrackId) -> KeptId {
    (id.origin.node.0, id.origin.incarnation, id.number.0)
}

const fn restored_id((node, incarnation, number): KeptId) -> TrackId {
    TrackId { origin: Origin { node: NodeId(node), incarnation }, number: TrackNumber(number) }
}

fn kept_said(id: TrackId, since_ms: i64, said: &Said) -> KeptSaid {
    let identity = &said.identity;
    let mut octets = Octets::default();
    label::put(&mut octets, &said.label);
    KeptSaid {
        track: kept_id(id),
        since_ms,
        label: octets.into_bytes(),
        address: identity.address.map(|address| match address {
            Address::Icao(number) => (0, number, String::new()),
            Address::NonIcao(number) => (1, number, String::new()),
            Address::Mmsi(number) => (2, number, String::new()),
            Address::RemoteId(serial) => (3, 0, serial.as_str().to_owned()),
        }),
        name: identity.name.as_ref().map(|name| name.as_str().to_owned()),
        mode_3a: identity.mode_3a,
        fingerprint: identity.fingerprint.map(|print| (print.hash, print.confusion())),
        class: number_of(&CLASSES, &identity.class),
        affiliation: number_of(&Affiliation::ALL, &identity.affiliation),
        sensors: said.sensors.clone(),
        source_track: said.source_track,
        formerly: said.formerly.iter().copied().map(kept_id).collect(),
    }
}

/// Who a track was; nothing if any of that cannot be.
fn restored_said(kept: &KeptSaid) -> Option<(TrackId, i64, Said)> {
    let address = |(kind, number, text): &(u8, u32, String)| match kind {
        0 => Some(Address::Icao(*number)),
        1 => Some(Address::NonIcao(*number)),
        2 => Some(Address::Mmsi(*number)),
        3 => Serial::new(text).map(Address::RemoteId),
        _ => None,
    };
    let identity = Identity {
        address: match &kept.address {
            Some(told) => Some(address(told)?),
            None => None,
        },
        name: match &kept.name {
            Some(name) => Some(name.parse().ok()?),
            None => None,
        },
        mode_3a: kept.mode_3a,
        fingerprint: kept.fingerprint.map(|(hash, confusion)| Fingerprint::new(hash, confusion)),
        class: *CLASSES.get(usize::from(kept.class))?,
        belief: ClassBelief::default(),
        affiliation: *Affiliation::ALL.get(usize::from(kept.affiliation))?,
    };
    let said = Said {
        identity,
        label: label::get(&mut Reader::new(&kept.label))?,
        sensors: kept.sensors.clone(),
        source_track: kept.source_track,
        formerly: kept.formerly.iter().copied().map(restored_id).collect(),
    };
    Some((restored_id(kept.track), kept.since_ms, said))
}

/// The number of a value among all.
fn number_of<T: PartialEq>(all: &[T], value: &T) -> u8 {
    let at = all.iter().position(|each| each == value).expect("all of them are there");
    u8::try_from(at).expect("few")
}
