//! The history on the disk: what former lives kept there, and what this one adds to it.
//!
//! The segments are the journal's (`journal/segment.rs`), in a folder of their own; each record holds a part of the
//! past. They are written by a thread that waits out a disk that refuses: whoever hands something over waits for
//! nothing, and what cannot be kept is counted.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use fusion_core::time::Timestamp;
use proto::codec;
use tracing::warn;

use crate::board::Mode;
use crate::clock::Clock;
use crate::config::Config;
use crate::history::{History, Limits, POINT_BYTES, Part};
use crate::journal::disk::Disk;
use crate::journal::keeper::Keeper;
use crate::journal::recovery::{Damage, load};
use crate::journal::ring::Ring;
use crate::journal::segment::{Kind, Name};
use crate::journal::{Settings, Storage, incarnation_after};

/// Parts of the past that wait for the disk at the most.
///
/// Counter: `Health::dropped`. A further one is lost; what comes next says that something is missing before it.
pub const PARTS_WAITING_MAX: usize = 64;

/// The folder in `node.state-directory`.
const FOLDER: &str = "history";

/// So many segments are on the disk; the oldest goes whole.
const SEGMENTS: u64 = 32;
/// Room for a record and the segment's header.
const SEGMENT_BYTES_MIN: u64 = 128 << 10;

/// In which folder the history is kept, and how much of the disk it takes; nothing if it is not: what was not of the
/// world is not, nor is anything where a node keeps no state.
#[must_use]
pub fn place(config: &Config, mode: Mode) -> Option<(PathBuf, Settings)> {
    let folder = config.node.state_directory.as_ref().filter(|_| mode == Mode::Live)?;
    config.history.disk_bytes().map(|bytes| (folder.join(FOLDER), settings(bytes)))
}

fn settings(bytes: u64) -> Settings {
    Settings { segment_bytes: (bytes / SEGMENTS).max(SEGMENT_BYTES_MIN), total_bytes: bytes }
}

/// What former lives left.
#[derive(Debug, Default)]
pub struct Found {
    /// What can be read, oldest first, as far as it fits.
    pub parts: Vec<Part>,
    /// What cannot.
    pub damage: Vec<Damage>,
    /// Records that are whole and written by another version of this program.
    pub foreign: u64,
    segments: Vec<Name>,
    incarnation: u32,
    next: u64,
}

/// Where this life keeps what is closed.
#[derive(Debug)]
pub struct HistoryDisk {
    keeper: Keeper,
    damaged: u64,
    refused: u64,
}

impl HistoryDisk {
    /// Opens the folder and begins a life in it; returns also what former ones left.
    ///
    /// # Errors
    /// What the system says, if the folder cannot be used. A full or read-only one can: it is tried again.
    pub fn open(folder: &Path, settings: Settings, limits: Limits, clock: Clock) -> io::Result<(Self, Vec<Part>)> {
        let mut disk = Disk::open(folder)?;
        let now = clock.now().validity;
        let found = find(&mut disk, limits, now)?;
        for damage in &found.damage {
            warn!("history: {damage}");
        }
        let incarnation = incarnation_after(found.incarnation, now);
        let ring = Ring::new(disk, settings, incarnation, found.segments, None);
        let keeper = Keeper::start("copmesh-history", ring, found.next, PARTS_WAITING_MAX, clock)?;
        let damaged = found.damage.len() as u64 + found.foreign;
        Ok((Self { keeper, damaged, refused: 0 }, found.parts))
    }

    /// Hands over what is closed.
    pub fn write(&mut self, history: &mut History) {
        if self.keeper.health().wants_all.swap(false, Ordering::Relaxed) {
            history.say_all_again();
        }
        while let Some(past) = history.poll_kept() {
            match codec::encode_past(&past) {
                Ok(octets) => self.keeper.keep_past(octets),
                Err(_) => self.refused += 1,
            }
        }
        self.keeper.tell_trouble("the history is not kept on the disk", "the history is kept on the disk again");
    }

    /// Makes durable what was handed over, and ends.
    pub fn finish(self) {
        self.keeper.finish();
    }

    /// Names every counter, in a fixed order.
    pub fn counters(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let health = self.keeper.health();
        each("history_disk_kept", health.kept.load(Ordering::Relaxed));
        each("history_disk_dropped", health.dropped.load(Ordering::Relaxed) + self.refused);
        each("history_disk_octets", health.octets.load(Ordering::Relaxed));
        each("history_disk_syncs", health.syncs.load(Ordering::Relaxed));
        each("history_disk_damaged", self.damaged);
    }
}

/// Reads segments from the newest back, until there is as much as fits in memory or all that is older is too old.
/// Those in which nothing was written are removed: many short lives would push out what was kept before.
///
/// # Errors
/// What the medium says when asked for its files. A segment that cannot be read is damage.
pub fn find(storage: &mut impl Storage, limits: Limits, now: Timestamp) -> io::Result<Found> {
    let mut names: Vec<Name> = storage.list()?.iter().filter_map(|name| Name::parse(name)).collect();
    names.sort_unstable();
    let incarnation = names.iter().map(|name| name.incarnation).max().unwrap_or(0);
    let mut found = Found { incarnation, ..Found::default() };
    let horizon_ms = (now - limits.age).as_millis();
    let (mut read, mut points, mut is_enough) = (VecDeque::new(), 0, false);
    found.next = names.last().map_or(0, |name| name.first);
    for name in names.into_iter().rev() {
        if is_enough {
            found.segments.push(name);
            continue;
        }
        let damage_before = found.damage.len();
        let records = load(storage, name, &mut found.damage);
        found.next = found.next.max(records.last().map_or(0, |last| last.number + 1));
        if records.is_empty() && found.damage.len() == damage_before {
            // One that cannot be removed is found again by the next life.
            let _ = storage.remove(&name.to_string());
            continue;
        }
        found.segments.push(name);
        let mut newest_ms = i64::MIN;
        for record in records.into_iter().rev().filter(|record| record.kind == Kind::Past) {
            let Ok(past) = codec::decode_past(&record.content) else {
                found.foreign += 1;
                continue;
            };
            newest_ms = newest_ms.max(past.until_ms);
            points += past.ways.iter().map(|way| way.points.len()).sum::<usize>();
            read.push_front((name.incarnation, record.number, past));
        }
        is_enough = points >= limits.bytes / POINT_BYTES || newest_ms < horizon_ms;
    }
    found.segments.reverse();
    found.parts = parts(read.into());
    Ok(found)
}

/// Parts of the past, and which of them follow one another without a gap.
fn parts(read: Vec<(u32, u64, codec::KeptPast)>) -> Vec<Part> {
    let mut before = None;
    let part = |(incarnation, number, past): (u32, u64, codec::KeptPast)| {
        let follows = before == Some((incarnation, number)) && !past.gap;
        before = Some((incarnation, number + 1));
        Part { follows, past }
    };
    read.into_iter().map(part).collect()
}

#[cfg(test)]
mod tests;
