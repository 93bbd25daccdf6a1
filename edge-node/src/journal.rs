//! The journal: what a node keeps for its next life, so that it does not come back blind and never reuses a number.
//!
//! Rows as the replica hands them out ([`proto::replica::Replica::poll_journal`]) are appended to *segments*, files of
//! fixed size, and made durable together. Every life begins with a segment of its own, whose name holds the life's
//! incarnation: it is durable before the first track number of the life exists. Now and then the node keeps all its
//! rows anew; once that is durable, what was kept before is needed no longer, and the oldest segments go.
//!
//! Nothing that the medium gives back is believed unless its checksum holds, and how far a neighbour's stream was held
//! is believed only where no entry is missing: each entry has a number, whether it reached the medium or was lost.
//!
//! All of it works on a [`Storage`], which may be files or a disk that fails on purpose; only the thread
//! ([`keeper`]) reads a clock.

pub mod clerk;
#[cfg(feature = "shell")]
pub mod disk;
#[cfg(feature = "shell")]
pub mod keeper;
pub mod recovery;
pub mod ring;
pub mod segment;

use std::io;

use fusion_core::time::Timestamp;

/// Where segments are: a folder, or something that behaves like one.
pub trait Storage {
    /// The names of all files.
    ///
    /// # Errors
    /// What the medium says.
    fn list(&mut self) -> io::Result<Vec<String>>;

    /// A file whole.
    ///
    /// # Errors
    /// What the medium says.
    fn read(&mut self, name: &str) -> io::Result<Vec<u8>>;

    /// Makes an empty file that has so many octets of room, all zero; one of that name is emptied.
    ///
    /// # Errors
    /// What the medium says.
    fn create(&mut self, name: &str, octets: u64) -> io::Result<()>;

    /// Writes into a file that was created. Durable only after [`Storage::sync`].
    ///
    /// # Errors
    /// What the medium says.
    fn write(&mut self, name: &str, offset: u64, octets: &[u8]) -> io::Result<()>;

    /// Makes durable what was written into a file.
    ///
    /// # Errors
    /// What the medium says. What was written before may be lost then, in part or all of it.
    fn sync(&mut self, name: &str) -> io::Result<()>;

    /// Makes durable which files there are.
    ///
    /// # Errors
    /// What the medium says.
    fn sync_folder(&mut self) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// What the medium says.
    fn remove(&mut self, name: &str) -> io::Result<()>;
}

/// How large a journal may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// A segment, octets.
    pub segment_bytes: u64,
    /// All segments together, octets.
    pub total_bytes: u64,
}

impl Settings {
    /// How many segments there may be.
    #[must_use]
    pub fn segments(&self) -> usize {
        usize::try_from(self.total_bytes / self.segment_bytes.max(1)).unwrap_or(usize::MAX).max(2)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self { segment_bytes: 4 << 20, total_bytes: 64 << 20 }
    }
}

/// The incarnation of a life that begins after another at a time: never below the Unix time in seconds, so that a lost
/// journal cannot bring an old one back.
#[must_use]
pub fn incarnation_after(last: u32, now: Timestamp) -> u32 {
    let by_clock = u32::try_from(now.as_nanos() / 1_000_000_000).unwrap_or(0).max(1);
    last.saturating_add(1).max(by_clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_life_has_a_larger_number_even_if_the_clock_steps_back() {
        let (later, earlier) = (Timestamp::from_secs(2_000_000_000), Timestamp::from_secs(1_000_000_000));
        assert_eq!(incarnation_after(0, later), 2_000_000_000);
        assert_eq!(incarnation_after(2_000_000_000, earlier), 2_000_000_001);
        assert_eq!(incarnation_after(0, Timestamp::EPOCH), 1);
    }
}
