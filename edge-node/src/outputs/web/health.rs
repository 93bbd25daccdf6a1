//! What is counted of those who look at the console.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

/// What is counted of those who look at the console.
#[derive(Debug, Default)]
pub struct ConsoleHealth {
    /// Sockets of pages that are open now.
    pub viewers: AtomicU64,
    /// Sockets refused because there were too many.
    pub viewers_full: AtomicU64,
    /// Viewers that read nothing for so long that they were given up.
    pub viewers_stuck: AtomicU64,
    /// Messages sent.
    pub frames: AtomicU64,
    /// Octets in them.
    pub octets: AtomicU64,
    /// Updates that a slow viewer was not sent one by one, but with the next.
    pub frames_conflated: AtomicU64,
    /// Connections refused because there were too many.
    pub connections_full: AtomicU64,
    /// Connections that took nothing of an answer for so long that they were closed.
    pub connections_stuck: AtomicU64,
    /// Connections that ended before TLS was agreed upon.
    pub handshakes_failed: AtomicU64,
    /// Requests without a token that is known.
    pub tokens_refused: AtomicU64,
    /// Requests that were not looked at, because too many with a wrong token came from the same address.
    pub tokens_unread: AtomicU64,
    /// Requests by a name that is not this machine's, or of another site's page.
    pub sites_refused: AtomicU64,
    /// What people said of tracks.
    pub sayings: AtomicU64,
    /// The same, refused.
    pub sayings_refused: AtomicU64,
    /// Tiles of maps that could not be read.
    pub tiles_failed: AtomicU64,
}

/// Counts one more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl ConsoleHealth {
    /// Everything counted, by name.
    #[must_use]
    pub fn counters(&self) -> [(&'static str, u64); 15] {
        [
            ("viewers", &self.viewers),
            ("viewers_full", &self.viewers_full),
            ("viewers_stuck", &self.viewers_stuck),
            ("frames", &self.frames),
            ("octets", &self.octets),
            ("frames_conflated", &self.frames_conflated),
            ("connections_full", &self.connections_full),
            ("connections_stuck", &self.connections_stuck),
            ("handshakes_failed", &self.handshakes_failed),
            ("tokens_refused", &self.tokens_refused),
            ("tokens_unread", &self.tokens_unread),
            ("sites_refused", &self.sites_refused),
            ("sayings", &self.sayings),
            ("sayings_refused", &self.sayings_refused),
            ("tiles_failed", &self.tiles_failed),
        ]
        .map(|(name, counter)| (name, counter.load(Ordering::Relaxed)))
    }

    /// The same as one object.
    #[must_use]
    pub fn json(&self) -> Value {
        self.counters().iter().map(|&(name, count)| (name.to_owned(), json!(count))).collect()
    }
}
