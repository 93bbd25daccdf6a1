//! Where sensors' bytes and neighbours' packets wait for the fusion thread: one bounded queue for each sensor and each
//! link, so that none can starve another.
//!
//! A full queue drops its *oldest* entry and counts it: fresh beats complete. The fusion thread takes entries in the
//! order of their receipt over all queues. One mutex, held for a push or a pop.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use fusion_core::measurement::SensorId;
use proto::replica::{LINKS_MAX, LinkEvent, LinkId};

use crate::clock::Now;
use crate::node::sayings::Saying;
use crate::node::{Arrival, Link};

/// Entries waiting per sensor at the most.
///
/// Counter: `inbox_dropped`; the oldest entry of the same sensor is dropped.
pub const INBOX_ENTRIES_MAX: usize = 4096;

/// Bytes waiting per sensor at the most: some seconds of the fastest feed.
///
/// Counter: `inbox_dropped`; the oldest entries of the same sensor are dropped.
pub const INBOX_BYTES_MAX: usize = 8 << 20;

/// Packets and events waiting per link at the most: as much as a neighbour has under way at 10 Mbit/s.
///
/// Counter: `packets_dropped`; the oldest packet of the same link is dropped, and sent again by the neighbour.
pub const LINK_ENTRIES_MAX: usize = 256;

/// What people said of tracks, waiting at the most. Further ones are refused, and whoever said them is told.
///
/// Counter: `sayings_dropped`.
pub const SAYINGS_WAITING_MAX: usize = 64;

/// What came from a sensor, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Whose.
    pub sensor: SensorId,
    /// When.
    pub at: Now,
    /// Over which of its connections.
    pub link: Link,
    /// What.
    pub arrival: Arrival,
}

/// What came from the carrier, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// Over which link.
    pub link: LinkId,
    /// When.
    pub at: Now,
    /// What.
    pub what: FromLink,
}

/// What the carrier has to say of a link.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "events are rare and short-lived")]
pub enum FromLink {
    /// The neighbour sent this.
    Packet(Vec<u8>),
    /// The link came up or went down.
    Event(LinkEvent),
}

/// The queues.
#[derive(Debug)]
pub struct Inbox {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Debug)]
struct State {
    queues: Vec<Waiting>,
    links: BTreeMap<LinkId, VecDeque<Heard>>,
    sayings: VecDeque<Saying>,
    packets_dropped: u64,
    sayings_dropped: u64,
    closed: bool,
}

impl State {
    fn is_empty(&self) -> bool {
        let sensors_silent = self.queues.iter().all(|queue| queue.entries.is_empty());
        sensors_silent && self.sayings.is_empty() && self.links.values().all(VecDeque::is_empty)
    }

    /// What a person said, which is rare and awaited; else what came first over all queues.
    fn pop(&mut self) -> Option<Taken> {
        if let Some(saying) = self.sayings.pop_front() {
            return Some(Taken::Saying(saying));
        }
        let sensors = self.queues.iter().enumerate().filter_map(|(i, q)| Some((q.entries.front()?.at.monotonic, i)));
        let links = self.links.iter().filter_map(|(&id, queue)| Some((queue.front()?.at.monotonic, id)));
        match (sensors.min(), links.min()) {
            (Some((sensor_at, _)), Some((link_at, id))) if link_at < sensor_at => self.pop_link(id),
            (Some((_, i)), _) => self.queues[i].pop().map(Taken::Entry),
            (None, Some((_, id))) => self.pop_link(id),
            (None, None) => None,
        }
    }

    fn pop_link(&mut self, id: LinkId) -> Option<Taken> {
        self.links.get_mut(&id)?.pop_front().map(Taken::Heard)
    }

    /// A packet rather than the news that the link came up or went down.
    fn push_link(&mut self, heard: Heard) {
        if !self.links.contains_key(&heard.link) && self.links.len() >= LINKS_MAX {
            self.packets_dropped += 1;
            return;
        }
        let queue = self.links.entry(heard.link).or_default();
        queue.push_back(heard);
        if queue.len() > LINK_ENTRIES_MAX {
            let oldest = queue.iter().position(|heard| matches!(heard.what, FromLink::Packet(_))).unwrap_or(0);
            queue.remove(oldest);
            self.packets_dropped += 1;
        }
    }
}

/// What waits of one sensor.
#[derive(Debug, Default)]
struct Waiting {
    entries: VecDeque<Received>,
    bytes: usize,
    dropped: u64,
}

impl Waiting {
    fn push(&mut self, received: Received) {
        self.bytes += received.arrival.bytes().len();
        self.entries.push_back(received);
        while self.entries.len() > INBOX_ENTRIES_MAX || (self.bytes > INBOX_BYTES_MAX && self.entries.len() > 1) {
            self.drop_oldest();
        }
    }

    /// Bytes rather than the news that a connection opened or closed, by which decoders know where they are.
    fn drop_oldest(&mut self) {
        let oldest = self.entries.iter().position(|entry| matches!(entry.arrival, Arrival::Bytes(_))).unwrap_or(0);
        if let Some(dropped) = self.entries.remove(oldest) {
            self.bytes -= dropped.arrival.bytes().len();
            self.dropped += 1;
        }
    }

    fn pop(&mut self) -> Option<Received> {
        let oldest = self.entries.pop_front()?;
        self.bytes -= oldest.arrival.bytes().len();
        Some(oldest)
    }
}

/// What waiting at the inbox gave.
#[derive(Debug, PartialEq)]
pub enum Taken {
    /// A sensor's entry came first.
    Entry(Received),
    /// What came first is of a link.
    Heard(Heard),
    /// A person said something.
    Saying(Saying),
    /// Nothing came in time.
    TimedOut,
    /// Nothing will come any more.
    Closed,
}

impl Inbox {
    /// Queues for so many sensors.
    #[must_use]
    pub fn new(sensors: usize) -> Self {
        let queues = (0..sensors).map(|_| Waiting::default()).collect();
        let (links, sayings) = (BTreeMap::new(), VecDeque::new());
        let state = State { queues, links, sayings, packets_dropped: 0, sayings_dropped: 0, closed: false };
        Self { state: Mutex::new(state), arrived: Condvar::new() }
    }

    /// Leaves bytes for the fusion thread. Bytes of a sensor that does not exist are a bug of the caller and ignored.
    pub fn push(&self, received: Received) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // After closing nobody waits for more: what is there must come to an end.
        if state.closed {
            return;
        }
        let Some(queue) = state.queues.get_mut(usize::from(received.sensor.0)) else { return };
        queue.push(received);
        drop(state);
        self.arrived.notify_one();
    }

    /// Leaves a packet or an event of a link for the fusion thread.
    pub fn push_heard(&self, heard: Heard) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return;
        }
        state.push_link(heard);
        drop(state);
        self.arrived.notify_one();
    }

    /// Leaves what a person said for the fusion thread; false if too much waits already.
    #[must_use]
    pub fn push_saying(&self, saying: Saying) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.closed || state.sayings.len() >= SAYINGS_WAITING_MAX {
            state.sayings_dropped += 1;
            return false;
        }
        state.sayings.push_back(saying);
        drop(state);
        self.arrived.notify_one();
        true
    }

    /// How much of what people said was refused.
    #[must_use]
    pub fn sayings_dropped(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).sayings_dropped
    }

    /// No more will come: whoever waits gets the rest and then [`Taken::Closed`].
    pub fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.arrived.notify_all();
    }

    /// Takes what came first, waiting at most so long.
    #[must_use]
    pub fn take(&self, patience: Duration) -> Taken {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let empty = |state: &mut State| !state.closed && state.is_empty();
        let (mut state, _) =
            self.arrived.wait_timeout_while(state, patience, empty).unwrap_or_else(PoisonError::into_inner);
        state.pop().unwrap_or(if state.closed { Taken::Closed } else { Taken::TimedOut })
    }

    /// How many packets of links were dropped.
    #[must_use]
    pub fn packets_dropped(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).packets_dropped
    }

    /// How many entries of a sensor were dropped.
    #[must_use]
    pub fn dropped(&self, sensor: SensorId) -> u64 {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.queues.get(usize::from(sensor.0)).map_or(0, |queue| queue.dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Monotonic;
    use fusion_core::time::Timestamp;

    fn received(sensor: u16, nanos: u64) -> Received {
        let at = Now { validity: Timestamp::EPOCH, monotonic: Monotonic(nanos) };
        Received { sensor: SensorId(sensor), at, link: Link(0), arrival: Arrival::Bytes(vec![]) }
    }

    #[test]
    fn a_babbling_sensor_loses_its_own_oldest_and_nobody_elses() {
        let inbox = Inbox::new(2);
        inbox.push(received(1, 0));
        for t in 0..INBOX_ENTRIES_MAX as u64 + 10 {
            inbox.push(received(0, 100 + t));
        }
        assert_eq!((inbox.dropped(SensorId(0)), inbox.dropped(SensorId(1))), (10, 0));
        assert_eq!(inbox.take(Duration::ZERO), Taken::Entry(received(1, 0)));
        assert_eq!(inbox.take(Duration::ZERO), Taken::Entry(received(0, 110)));
    }

    #[test]
    fn what_came_before_closing_is_still_taken() {
        let inbox = Inbox::new(1);
        inbox.push(received(0, 1));
        inbox.close();
        assert_eq!(inbox.take(Duration::ZERO), Taken::Entry(received(0, 1)));
        inbox.push(received(0, 2));
        assert_eq!(inbox.take(Duration::ZERO), Taken::Closed, "what comes later does not keep it open");
    }

    #[test]
    fn bytes_are_bounded_as_well_as_entries() {
        let inbox = Inbox::new(1);
        for t in 0..20 {
            inbox.push(Received { arrival: Arrival::Bytes(vec![0; 1 << 20]), ..received(0, t) });
        }
        assert_eq!(inbox.dropped(SensorId(0)), 12);
    }

    #[test]
    fn that_a_connection_opened_is_not_dropped_for_bytes() {
        let inbox = Inbox::new(1);
        let opened = Received { arrival: Arrival::Opened, ..received(0, 1) };
        inbox.push(opened.clone());
        (0..=INBOX_ENTRIES_MAX as u64).for_each(|t| inbox.push(received(0, 2 + t)));
        assert_eq!(inbox.take(Duration::ZERO), Taken::Entry(opened));
        assert_eq!(inbox.dropped(SensorId(0)), 2);
    }

    fn packet(link: u16, nanos: u64) -> Heard {
        let at = Now { validity: Timestamp::EPOCH, monotonic: Monotonic(nanos) };
        Heard { link: LinkId(link), at, what: FromLink::Packet(vec![]) }
    }

    #[test]
    fn packets_and_sensors_are_taken_in_the_order_of_their_receipt() {
        let inbox = Inbox::new(1);
        (0..2).for_each(|k| inbox.push(received(0, 10 + 20 * k)));
        (0..2).for_each(|k| inbox.push_heard(packet(7, 20 + 20 * k)));
        for nanos in [10, 20, 30, 40] {
            let at = match inbox.take(Duration::ZERO) {
                Taken::Entry(received) => received.at,
                Taken::Heard(heard) => heard.at,
                none @ (Taken::Saying(_) | Taken::TimedOut | Taken::Closed) => panic!("{none:?}"),
            };
            assert_eq!(at.monotonic, Monotonic(nanos));
        }
    }

    #[test]
    fn a_babbling_neighbour_loses_its_own_packets_and_never_the_news_of_its_link() {
        let inbox = Inbox::new(1);
        let down = Heard { what: FromLink::Event(LinkEvent::Down), ..packet(0, 1) };
        inbox.push_heard(down.clone());
        inbox.push_heard(packet(1, 2));
        inbox.push(received(0, 3));
        (0..LINK_ENTRIES_MAX as u64 + 9).for_each(|k| inbox.push_heard(packet(0, 10 + k)));
        assert_eq!(inbox.packets_dropped(), 10);
        assert_eq!(inbox.take(Duration::ZERO), Taken::Heard(down));
        assert_eq!(inbox.take(Duration::ZERO), Taken::Heard(packet(1, 2)));
        assert_eq!(inbox.take(Duration::ZERO), Taken::Entry(received(0, 3)));
    }

    #[test]
    fn waiting_ends() {
        assert_eq!(Inbox::new(1).take(Duration::from_millis(1)), Taken::TimedOut);
    }
}
