//! The journal of a running node: what a restart brings back, and a thread that keeps what the node hands over.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use fusion_core::time::Timestamp;
use tracing::{info, warn};

use super::clerk::{Clerk, Health, Message};
use super::disk::Disk;
use super::recovery::{Recovered, recover};
use super::ring::Ring;
use super::{Settings, incarnation_after};
use crate::clock::Clock;
use crate::node::Node;

/// Entries that wait for the thread at the most.
///
/// Counter: `Health::dropped`. A further one is lost; all rows are handed over anew.
pub const WAITING_MAX: usize = 4096;

/// The thread looks around at least as often.
const PASS_PERIOD: Duration = Duration::from_millis(250);

/// Why a journal cannot be used.
#[derive(Debug)]
pub struct JournalError {
    path: PathBuf,
    cause: io::Error,
}

impl core::fmt::Display for JournalError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}; see node.state-directory", self.path.display(), self.cause)
    }
}

impl core::error::Error for JournalError {}

/// What a node hands over to be kept.
#[derive(Debug)]
pub struct Keeper {
    sender: SyncSender<Message>,
    thread: JoinHandle<()>,
    health: Arc<Health>,
    next: u64,
    /// All rows are being handed over, from this number on.
    sweep: Option<u64>,
    was_in_trouble: bool,
}

impl Keeper {
    /// Opens the journal in a folder and begins a new life in it: returns also its incarnation, which is durable, and
    /// what former lives left.
    ///
    /// # Errors
    /// [`JournalError`] if the folder cannot be used. A full or read-only one can: then the incarnation is only as
    /// unique as the clock is right, and [`Health::trouble`] tells.
    pub fn open(
        folder: &Path,
        settings: Settings,
        now: Timestamp,
        clock: Clock,
    ) -> Result<(Self, u32, Recovered), JournalError> {
        let refused = |cause| JournalError { path: folder.to_owned(), cause };
        let mut disk = Disk::open(folder).map_err(refused)?;
        let recovered = recover(&mut disk).map_err(refused)?;
        let incarnation = incarnation_after(recovered.incarnation, now);
        let ring = Ring::new(disk, settings, incarnation, recovered.segments.clone(), recovered.since);
        let keeper = Self::start("copmesh-journal", ring, recovered.next, WAITING_MAX, clock).map_err(refused)?;
        tell(&recovered);
        Ok((keeper, incarnation, recovered))
    }

    /// Begins a life whose first entry has this number, with a thread of that name for which so much waits at the most.
    ///
    /// # Errors
    /// If there can be no thread.
    pub fn start(name: &str, ring: Ring<Disk>, next: u64, waiting_max: usize, clock: Clock) -> io::Result<Self> {
        let health = Arc::<Health>::default();
        let clerk = Clerk::begin(ring, next, Arc::clone(&health), elapsed(&clock));
        let (sender, receiver) = sync_channel(waiting_max);
        let builder = std::thread::Builder::new().name(name.into());
        let thread = builder.spawn(move || run(clerk, &receiver, &clock))?;
        Ok(Self { sender, thread, health, next, sweep: None, was_in_trouble: false })
    }

    /// How it is doing.
    #[must_use]
    pub const fn health(&self) -> &Arc<Health> {
        &self.health
    }

    /// Hands an entry over. It is never waited for.
    pub fn keep(&mut self, entry: Vec<u8>) {
        let message = Message::Rows(self.next, entry);
        self.send(message);
    }

    /// Hands over part of what the picture was, likewise.
    pub fn keep_past(&mut self, entry: Vec<u8>) {
        let message = Message::Past(self.next, entry);
        self.send(message);
    }

    /// Has the node hand all its rows over when the journal wants them, and says when it has done so.
    pub fn tend(&mut self, node: &mut Node) {
        if self.health.wants_all.swap(false, Ordering::Relaxed) {
            node.keep_all();
            self.sweep = Some(self.next);
        }
        if let Some(since) = self.sweep.filter(|_| !node.is_keeping_all()) {
            self.sweep = None;
            let message = Message::Whole(self.next, since);
            self.send(message);
        }
        self.tell_trouble("nothing is kept for the next start", "what the node knows is kept again");
    }

    /// Makes durable what was handed over, and ends.
    pub fn finish(self) {
        drop(self.sender);
        if self.thread.join().is_err() {
            warn!("the journal's thread died");
        }
    }

    fn send(&mut self, message: Message) {
        self.next += 1;
        if self.sender.try_send(message).is_err() {
            self.health.dropped.fetch_add(1, Ordering::Relaxed);
            self.health.wants_all.store(true, Ordering::Relaxed);
        }
    }

    /// Says in the log that nothing is being kept, and why, or that it is again; each once.
    pub fn tell_trouble(&mut self, stopped: &str, goes_on: &str) {
        let trouble = self.health.trouble();
        if trouble.is_some() != self.was_in_trouble {
            self.was_in_trouble = trouble.is_some();
            match trouble {
                Some(why) => warn!("{stopped}: {why}"),
                None => info!("{goes_on}"),
            }
        }
    }
}

fn tell(recovered: &Recovered) {
    for damage in &recovered.damage {
        warn!("journal: {damage}");
    }
    if !recovered.segments.is_empty() && recovered.believed < recovered.entries.len() {
        warn!("journal: something is missing; neighbours tell what they have again");
    }
}

fn elapsed(clock: &Clock) -> Duration {
    Duration::from_nanos(clock.now().monotonic.0)
}

fn run(mut clerk: Clerk<Disk>, receiver: &Receiver<Message>, clock: &Clock) {
    let health = clerk.health();
    loop {
        match receiver.recv_timeout(PASS_PERIOD) {
            Ok(message) => clerk.handle(&message, elapsed(clock)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        clerk.tend(elapsed(clock));
        health.beat.beat();
    }
    clerk.finish(elapsed(clock));
}
