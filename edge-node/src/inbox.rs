//! Where sensors' bytes wait for the fusion thread: one bounded queue per sensor, so that none can starve another.
//!
//! A full queue drops its *oldest* entry and counts it: fresh beats complete. The fusion thread takes entries in the
//! order of their receipt over all sensors. One mutex, held for a push or a pop.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use fusion_core::measurement::SensorId;

use crate::clock::Now;
use crate::node::{Arrival, Link};

/// Entries waiting per sensor at the most.
///
/// Counter: `inbox_dropped`; the oldest entry of the same sensor is dropped.
pub const INBOX_ENTRIES_MAX: usize = 4096;

/// Bytes waiting per sensor at the most: some seconds of the fastest feed.
///
/// Counter: `inbox_dropped`; the oldest entries of the same sensor are dropped.
pub const INBOX_BYTES_MAX: usize = 8 << 20;

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

/// The queues.
#[derive(Debug)]
pub struct Inbox {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Debug)]
struct State {
    queues: Vec<Waiting>,
    closed: bool,
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
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// The entry that came first.
    Entry(Received),
    /// Nothing came in time.
    TimedOut,
    /// Nothing will come any more.
    Closed,
}

impl Inbox {
    /// Queues for so many sensors.
    #[must_use]
    pub fn new(sensors: usize) -> Self {
        let state = State { queues: (0..sensors).map(|_| Waiting::default()).collect(), closed: false };
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

    /// No more will come: whoever waits gets the rest and then [`Taken::Closed`].
    pub fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.arrived.notify_all();
    }

    /// Takes what came first, waiting at most so long.
    #[must_use]
    pub fn take(&self, patience: Duration) -> Taken {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let empty = |state: &mut State| !state.closed && state.queues.iter().all(|queue| queue.entries.is_empty());
        let (mut state, _) =
            self.arrived.wait_timeout_while(state, patience, empty).unwrap_or_else(PoisonError::into_inner);
        let first = (0..state.queues.len())
            .filter_map(|i| state.queues[i].entries.front().map(|r| (r.at.monotonic, i)))
            .min()
            .and_then(|(_, i)| state.queues[i].pop());
        match first {
            Some(entry) => Taken::Entry(entry),
            None if state.closed => Taken::Closed,
            None => Taken::TimedOut,
        }
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

    #[test]
    fn waiting_ends() {
        assert_eq!(Inbox::new(1).take(Duration::from_millis(1)), Taken::TimedOut);
    }
}
