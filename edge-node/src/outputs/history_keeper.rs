//! Feeds the history from the board, beside the fusion thread and never on it, has what is closed kept on the disk, and
//! lends it to those who ask.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tracing::warn;

use super::history_disk::HistoryDisk;
use crate::board::{Board, Counts};
use crate::clock::Clock;
use crate::history::{History, Limits};
use crate::journal::Settings;

/// How often the board is looked at.
const PERIOD: Duration = Duration::from_secs(1);

/// After so many looks what is closed goes to the disk.
const LOOKS_A_WRITE: u32 = 10;

/// The history, and what it counts as of the last look at the board.
#[derive(Debug)]
pub struct Keeper {
    history: Mutex<History>,
    /// Where it is kept for the next life, if it is: until this one ends.
    disk: Mutex<Option<HistoryDisk>>,
    counters: Mutex<Vec<(&'static str, u64)>>,
}

impl Keeper {
    /// Nothing yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { history: Mutex::new(History::new(limits)), disk: Mutex::default(), counters: Mutex::default() }
    }

    /// What former lives kept in a folder; what is closed in this one is kept there too. Where the folder cannot be
    /// used the history is in memory alone, and the log says so.
    #[must_use]
    pub fn on_disk(limits: Limits, folder: &Path, settings: Settings, clock: Clock) -> Self {
        let mut history = History::new(limits);
        match HistoryDisk::open(folder, settings, limits, clock) {
            Ok((disk, parts)) => {
                history.restore(&parts);
                history.keep_closed();
                Self { history: Mutex::new(history), disk: Mutex::new(Some(disk)), counters: Mutex::default() }
            }
            Err(e) => {
                warn!("the history is not kept on the disk: {}: {e}", folder.display());
                Self::new(limits)
            }
        }
    }

    /// Takes in what the board shows, once a second, until the task is dropped.
    pub async fn keep(self: Arc<Self>, board: watch::Receiver<Arc<Board>>) {
        let mut tick = tokio::time::interval(PERIOD);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for look in 1_u32.. {
            tick.tick().await;
            let board = board.borrow().clone();
            // Before the first state there is nothing to keep.
            if board.sequence > 0 {
                self.look(&board);
            }
            if look % LOOKS_A_WRITE == 0 {
                self.write();
            }
        }
    }

    /// Has all of it written, what is not closed yet included. Nothing is written from then on.
    pub fn finish(&self) {
        self.read().hand_out_open();
        self.write();
        let disk = self.disk().take();
        if let Some(disk) = disk {
            disk.finish();
        }
    }

    fn write(&self) {
        if let Some(disk) = &mut *self.disk() {
            disk.write(&mut self.read());
        }
    }

    fn disk(&self) -> MutexGuard<'_, Option<HistoryDisk>> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, board: &Board) {
        let mut history = self.read();
        history.handle_picture(board.time, &board.tracks);
        let mut counters = Vec::new();
        history.counters(&mut |name, count| counters.push((name, count)));
        drop(history);
        if let Some(disk) = &*self.disk() {
            disk.counters(&mut |name, count| counters.push((name, count)));
        }
        *self.counters.lock().unwrap_or_else(PoisonError::into_inner) = counters;
    }

    /// The history, for as long as it is looked at.
    pub fn read(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts for Keeper {
    /// Waits for nobody who reads: the list is held only to be swapped.
    fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        counters.iter().for_each(|&(name, count)| each(name, count));
    }
}
