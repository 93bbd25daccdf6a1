//! The clerk: writes what it is handed together, waits out a medium that refuses, and says how it goes.
//!
//! Fusion never waits for the clerk. What cannot be kept is lost and counted, and once the medium takes something again
//! all rows are asked for anew.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Storage;
use super::ring::Ring;
use super::segment::{CONTENT_BYTES_MAX, Kind};
use crate::pulse::Beat;

/// What waits longer is made durable.
pub const COMMIT_PERIOD: Duration = Duration::from_millis(500);

/// What is more is made durable at once, octets.
pub const COMMIT_BYTES: usize = 64 << 10;

/// After the medium has refused something, and at the most.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_LAST: Duration = Duration::from_secs(60);

/// To be kept, with its number: each is one more than the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Rows, as the replica framed them.
    Rows(u64, Vec<u8>),
    /// All rows that the node holds were handed over from this number on.
    Whole(u64, u64),
    /// Part of what the picture was.
    Past(u64, Vec<u8>),
}

impl Message {
    const fn number(&self) -> u64 {
        match self {
            Self::Rows(number, _) | Self::Whole(number, _) | Self::Past(number, _) => *number,
        }
    }
}

/// How the journal is doing: written by the clerk, read by anybody.
#[derive(Debug, Default)]
pub struct Health {
    /// Beats with each pass of the thread: one that stands still hangs.
    pub beat: Beat,
    /// Everything below this number is durable, but for what was lost.
    pub acknowledged: AtomicU64,
    /// Entries made durable.
    pub kept: AtomicU64,
    /// Entries lost: the queue was full, or the medium refused.
    pub dropped: AtomicU64,
    /// Octets written.
    pub octets: AtomicU64,
    /// How often the medium was asked to make something durable.
    pub syncs: AtomicU64,
    /// Whether all rows are to be handed over anew.
    pub wants_all: AtomicBool,
    trouble: Mutex<Option<String>>,
}

impl Health {
    /// Why nothing is being kept; `None` if it is.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counters by name.
    pub fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let all = [
            ("journal_kept", &self.kept),
            ("journal_dropped", &self.dropped),
            ("journal_octets", &self.octets),
            ("journal_syncs", &self.syncs),
        ];
        all.into_iter().for_each(|(name, count)| each(name, count.load(Ordering::Relaxed)));
    }

    fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

/// Keeps what it is handed.
#[derive(Debug)]
pub struct Clerk<S> {
    ring: Ring<S>,
    health: Arc<Health>,
    /// Entries that wait, and since when.
    waiting: u64,
    since: Option<Duration>,
    /// While the medium refuses: when it is tried again.
    retry_at: Option<Duration>,
    pause: Duration,
    /// The number after the last one handed over, and after the last one lost.
    next: u64,
    lost: u64,
}

impl<S: Storage> Clerk<S> {
    /// A clerk of a life that begins with this number. Where the medium refuses already, it is tried again later.
    pub fn begin(mut ring: Ring<S>, next: u64, health: Arc<Health>, now: Duration) -> Self {
        let outcome = ring.begin(next);
        let (waiting, since, retry_at, pause) = (0, None, None, PAUSE_FIRST);
        let mut clerk = Self { ring, health, waiting, since, retry_at, pause, next, lost: 0 };
        clerk.note(outcome, now);
        clerk
    }

    /// Takes something to be kept.
    pub fn handle(&mut self, message: &Message, now: Duration) {
        if message.number() != self.next {
            self.lost = message.number();
        }
        self.next = message.number() + 1;
        if self.retry_at.is_some() {
            self.lose(1);
            return;
        }
        match message {
            Message::Rows(_, content) | Message::Past(_, content) if content.len() > CONTENT_BYTES_MAX => {
                return self.lose(1);
            }
            Message::Rows(number, content) => self.ring.append(*number, Kind::Rows, content),
            Message::Past(number, content) => self.ring.append(*number, Kind::Past, content),
            Message::Whole(_, since) if *since < self.lost => {
                self.health.wants_all.store(true, Ordering::Relaxed);
                return;
            }
            Message::Whole(number, since) => self.ring.append_whole(*number, *since),
        }
        self.waiting += 1;
        self.since.get_or_insert(now);
        if self.ring.waiting() >= COMMIT_BYTES {
            self.commit(now);
        }
    }

    /// Lets time pass.
    pub fn tend(&mut self, now: Duration) {
        if self.retry_at.is_some_and(|at| now >= at) {
            let outcome = self.ring.begin(self.next);
            self.note(outcome, now);
        }
        if self.since.is_some_and(|since| now.saturating_sub(since) >= COMMIT_PERIOD) {
            self.commit(now);
        }
    }

    /// Makes durable what waits, and ends.
    pub fn finish(mut self, now: Duration) -> Ring<S> {
        self.commit(now);
        self.ring
    }

    /// How it is doing.
    #[must_use]
    pub fn health(&self) -> Arc<Health> {
        Arc::clone(&self.health)
    }

    /// The ring.
    pub const fn ring_mut(&mut self) -> &mut Ring<S> {
        &mut self.ring
    }

    fn commit(&mut self, now: Duration) {
        let waiting = core::mem::take(&mut self.waiting);
        self.since = None;
        match self.ring.commit() {
            Ok(None) => {}
            Ok(Some((last, begun))) => {
                self.health.kept.fetch_add(waiting, Ordering::Relaxed);
                self.health.acknowledged.store(last + 1, Ordering::Relaxed);
                self.health.wants_all.fetch_or(begun, Ordering::Relaxed);
            }
            Err(error) => {
                self.lose(waiting);
                self.note(Err(error), now);
            }
        }
        self.tell();
    }

    fn lose(&mut self, count: u64) {
        self.lost = self.next;
        self.health.dropped.fetch_add(count, Ordering::Relaxed);
    }

    /// A segment was begun, or the medium refused.
    fn note(&mut self, outcome: io::Result<()>, now: Duration) {
        match outcome {
            Ok(()) => {
                (self.retry_at, self.pause) = (None, PAUSE_FIRST);
                self.health.wants_all.store(true, Ordering::Relaxed);
                self.health.set_trouble(None);
            }
            Err(error) => {
                self.retry_at = Some(now + self.pause);
                self.pause = (2 * self.pause).min(PAUSE_LAST);
                self.health.set_trouble(Some(error.to_string()));
            }
        }
        self.tell();
    }

    fn tell(&self) {
        let tally = self.ring.tally();
        self.health.octets.store(tally.octets, Ordering::Relaxed);
        self.health.syncs.store(tally.syncs, Ordering::Relaxed);
    }
}
