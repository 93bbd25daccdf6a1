//! A moment's patience where sensors differ in how soon they tell: scans wait for those that were true before them.
//!
//! A radar tells a sector when the antenna has left it; a message of ADS-B is told at once. So every sector comes late,
//! and all messages since would be fused again behind it: with hundreds of messages a second that is most of a node's
//! work. What comes out is the same bits either way. So scans wait only while waiting saves more than it costs in
//! latency: judged by how many scans each late one would make the tracker take again, counted at arrival, whether or
//! not anything waits.
//!
//! What waits goes on, in the order of validity, once something came that was true later by the patience, or after
//! that time in silence.

use std::collections::VecDeque;

use fusion_core::measurement::SensorId;
use fusion_core::time::{Span, Timestamp};
use sensor_drivers::decoder::OwnedScan;

use super::Link;

/// Scans that wait at the most: more than the busiest node takes in the longest patience.
///
/// Counter: `Waiting::cut_short`; the first in time goes on.
const WAITING_SCANS_MAX: usize = 1024;

/// The longest patience. Whoever is later than that is put in its place by the tracker.
const PATIENCE_LONGEST: Span = Span::from_millis(500);

/// Times of scans that a late one is compared with.
const RECENT: usize = 512;
/// How long it is counted before it is judged.
const WINDOW: Span = Span::from_secs(5);
/// Patience is worth while when late scans would have so many taken again in a window: below that they cost little.
const WORTH: u64 = 2_500;

/// A scan that waits.
#[derive(Debug)]
pub(super) struct Held {
    /// Whose.
    pub(super) sensor: SensorId,
    /// Over which of its connections it came.
    pub(super) link: Link,
    /// Itself, with the time that is believed.
    pub(super) scan: OwnedScan,
    arrival: u64,
}

impl Held {
    const fn key(&self) -> (Timestamp, SensorId, u64) {
        (self.scan.time, self.sensor, self.arrival)
    }
}

/// Scans that wait for others.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// By time.
    held: VecDeque<Held>,
    arrivals: u64,
    /// What was true last of all that came.
    newest: Option<Timestamp>,
    patience: Span,
    lateness: Lateness,
    cut_short: u64,
}

impl Waiting {
    /// How long a scan waits now.
    #[must_use]
    pub(super) const fn patience(&self) -> Span {
        self.patience
    }

    /// Scans that did not wait long enough, for want of room.
    #[must_use]
    pub(super) const fn cut_short(&self) -> u64 {
        self.cut_short
    }

    /// Takes in what came.
    pub(super) fn push(&mut self, sensor: SensorId, link: Link, scan: OwnedScan) {
        self.lateness.arrived(scan.time);
        self.newest = self.newest.max(Some(scan.time));
        self.arrivals += 1;
        let held = Held { sensor, link, scan, arrival: self.arrivals };
        let place = self.held.partition_point(|other| other.key() < held.key());
        self.held.insert(place, held);
    }

    /// What has waited long enough, first in time.
    pub(super) fn poll(&mut self) -> Option<Held> {
        let ripe = |newest: Timestamp| newest - self.patience;
        let is_ripe = self.newest.map(ripe).is_some_and(|ripe| self.held.front().is_some_and(|h| h.scan.time <= ripe));
        let is_full = self.held.len() > WAITING_SCANS_MAX;
        self.cut_short += u64::from(is_full && !is_ripe);
        if is_ripe || is_full { self.held.pop_front() } else { None }
    }

    /// Lets time pass: who is silent is not waited for. Whether patience is worth while is judged anew now and then.
    pub(super) fn handle_timeout(&mut self, now: Timestamp) {
        self.newest = self.newest.map(|newest| newest.max(now));
        if let Some(patience) = self.lateness.judge(now) {
            self.patience = patience;
        }
    }

    /// No more will come.
    pub(super) fn handle_end(&mut self) {
        self.patience = Span::ZERO;
    }
}

/// How late scans come.
#[derive(Debug, Default)]
struct Lateness {
    /// When the last ones were true, in the order of their arrival.
    recent: VecDeque<Timestamp>,
    since: Option<Timestamp>,
    /// Scans that those which came late would have taken again.
    again: u64,
    /// The latest that patience could have waited for.
    latest: Span,
}

impl Lateness {
    fn arrived(&mut self, time: Timestamp) {
        let newest = self.recent.iter().max().copied().unwrap_or(time);
        let late = newest - time;
        if late > Span::ZERO && late <= PATIENCE_LONGEST {
            self.again += self.recent.iter().filter(|other| **other > time).count() as u64;
            self.latest = self.latest.max(late);
        }
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(time);
    }

    /// The patience that would have been right, once enough was counted.
    fn judge(&mut self, now: Timestamp) -> Option<Span> {
        let since = *self.since.get_or_insert(now);
        if now - since < WINDOW {
            return None;
        }
        let worth = self.again > WORTH;
        let patience = if worth { self.latest } else { Span::ZERO };
        (self.since, self.again, self.latest) = (Some(now), 0, Span::ZERO);
        Some(patience)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use fusion_core::measurement::Coverage;
    use sensor_drivers::decoder::TimeQuality;

    const START: Timestamp = Timestamp::from_secs(1_717_236_000);
    const RADAR: SensorId = SensorId(0);
    const ADSB: SensorId = SensorId(1);

    fn scan(time: Timestamp) -> OwnedScan {
        let (time_quality, coverage) = (TimeQuality::Sensor, Coverage::Reports);
        OwnedScan { time, time_quality, from: None, coverage, returns: Vec::new() }
    }

    fn at(millis: i64) -> Timestamp {
        START + Span::from_millis(millis)
    }

    /// A radar that tells a sector each 50 ms, 150 ms late, among `per_second` messages that are told at once.
    /// What comes out, in its order, and when it came.
    fn live(waiting: &mut Waiting, seconds: i64, per_second: i64) -> Vec<(Timestamp, SensorId)> {
        let mut out = Vec::new();
        for ms in 0..1000 * seconds {
            if ms % 500 == 0 {
                waiting.handle_timeout(at(ms));
            }
            if ms % (1000 / per_second) == 0 {
                waiting.push(ADSB, Link::default(), scan(at(ms)));
            }
            if ms % 50 == 0 {
                waiting.push(RADAR, Link::default(), scan(at(ms - 150)));
            }
            out.extend(core::iter::from_fn(|| waiting.poll()).map(|held| (held.scan.time, held.sensor)));
        }
        waiting.handle_timeout(at(1000 * seconds + 1000));
        out.extend(core::iter::from_fn(|| waiting.poll()).map(|held| (held.scan.time, held.sensor)));
        out
    }

    fn out_of_order(out: &[(Timestamp, SensorId)]) -> usize {
        out.windows(2).filter(|pair| pair[0] > pair[1]).count()
    }

    #[test]
    fn a_dense_stream_waits_for_slower_sensors_and_comes_out_in_order() {
        let mut waiting = Waiting::default();
        let out = live(&mut waiting, 20, 500);
        assert_eq!(waiting.patience(), Span::from_millis(150));
        assert_eq!(out.len(), 20 * (500 + 20), "nothing is lost");
        let settled = out.iter().position(|(time, _)| *time > at(6_000)).unwrap();
        assert!(out_of_order(&out[..settled]) > 20);
        assert_eq!(out_of_order(&out[settled..]), 0);
    }

    #[test]
    fn where_little_would_be_taken_again_nothing_waits() {
        let mut waiting = Waiting::default();
        let out = live(&mut waiting, 20, 10);
        assert_eq!((waiting.patience(), out.len()), (Span::ZERO, 20 * (10 + 20)));
        waiting.push(ADSB, Link::default(), scan(at(30_000)));
        assert_eq!(waiting.poll().unwrap().scan.time, at(30_000));
    }

    #[test]
    fn silence_is_not_waited_for() {
        let mut waiting = Waiting::default();
        live(&mut waiting, 20, 500);
        waiting.push(ADSB, Link::default(), scan(at(30_000)));
        assert!(waiting.poll().is_none());
        waiting.handle_timeout(at(30_000) + waiting.patience());
        assert_eq!(waiting.poll().unwrap().scan.time, at(30_000));
    }

    #[test]
    fn no_more_wait_than_there_is_room_for_and_it_is_counted() {
        let mut waiting = Waiting::default();
        live(&mut waiting, 20, 500);
        (0..2000).for_each(|_| waiting.push(ADSB, Link::default(), scan(at(30_000))));
        assert_eq!(core::iter::from_fn(|| waiting.poll()).count(), 2000 - WAITING_SCANS_MAX);
        assert_eq!(waiting.cut_short(), (2000 - WAITING_SCANS_MAX) as u64);
    }
}
