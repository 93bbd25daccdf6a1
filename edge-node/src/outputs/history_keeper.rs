//! Feeds the history from the board, beside the fusion thread and never on it, and lends it to those who ask.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::board::{Board, Counts};
use crate::history::{History, Limits};

/// How often the board is looked at.
const PERIOD: Duration = Duration::from_secs(1);

/// The history, and what it counts as of the last look at the board.
#[derive(Debug)]
pub struct Keeper {
    history: Mutex<History>,
    counters: Mutex<Vec<(&'static str, u64)>>,
}

impl Keeper {
    /// Nothing yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { history: Mutex::new(History::new(limits)), counters: Mutex::default() }
    }

    /// Takes in what the board shows, once a second, until the task is dropped.
    pub async fn keep(self: Arc<Self>, board: watch::Receiver<Arc<Board>>) {
        let mut tick = tokio::time::interval(PERIOD);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let board = board.borrow().clone();
            // Before the first state there is nothing to keep.
            if board.sequence > 0 {
                self.look(&board);
            }
        }
    }

    fn look(&self, board: &Board) {
        let mut history = self.read();
        history.handle_picture(board.time, &board.tracks);
        let mut counters = Vec::new();
        history.counters(&mut |name, count| counters.push((name, count)));
        drop(history);
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
