//! Tracks against the addresses that the targets themselves transmit: with addresses hidden from association
//! (`--blind`) they are a truth that the tracker never saw.
//!
//! Every update of a track carries the address of the measurement that made it. A perfect picture has one track per
//! address and one address per track.

use std::collections::BTreeMap;

use fusion_core::identity::Address;
use fusion_core::track::{TrackId, TrackStatus};
use serde::Serialize;

use crate::picture::PictureChange;

/// Addresses that are compared at the most.
///
/// Counter: `beyond_bound`; updates of further addresses are only counted.
pub const ADDRESSES_MAX: usize = 4096;

/// The comparison as it grows.
#[derive(Debug, Default)]
pub struct Addresses {
    by_address: BTreeMap<Address, Heard>,
    by_track: BTreeMap<TrackId, BTreeMap<Address, u64>>,
    beyond_bound: u64,
}

#[derive(Debug, Default)]
struct Heard {
    updates: BTreeMap<TrackId, u64>,
    last: Option<TrackId>,
    switches: u64,
}

/// One address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AddressLine {
    /// The address.
    pub address: String,
    /// Updates with it.
    pub updates: u64,
    /// Tracks that had them.
    pub tracks: usize,
    /// Updates that went to another track than the one before.
    pub switches: u64,
}

/// The whole comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AddressSummary {
    /// One line an address.
    pub lines: Vec<AddressLine>,
    /// Tracks that ever had an update with an address.
    pub tracks: usize,
    /// Tracks with updates of more than one address.
    pub mixed_tracks: usize,
    /// Updates that a track had from another address than its most frequent one.
    pub mixed_updates: u64,
    /// Updates of addresses beyond the bound.
    pub beyond_bound: u64,
}

impl Addresses {
    /// Takes a change of the picture in.
    pub fn handle(&mut self, change: &PictureChange) {
        let PictureChange::Updated(track) = change else { return };
        let record = &track.record;
        // Only a measurement brings an address; that a track begins to coast says nothing new of it.
        if record.status != Some(TrackStatus::Confirmed) {
            return;
        }
        let Some(address) = record.identity.address else { return };
        if self.by_address.len() >= ADDRESSES_MAX && !self.by_address.contains_key(&address) {
            self.beyond_bound += 1;
            return;
        }
        let heard = self.by_address.entry(address).or_default();
        *heard.updates.entry(record.id).or_default() += 1;
        heard.switches += u64::from(heard.last.is_some_and(|last| last != record.id));
        heard.last = Some(record.id);
        *self.by_track.entry(record.id).or_default().entry(address).or_default() += 1;
    }

    /// The comparison so far.
    #[must_use]
    pub fn summary(&self) -> AddressSummary {
        let line = |(address, heard): (&Address, &Heard)| AddressLine {
            address: address.to_string(),
            updates: heard.updates.values().sum(),
            tracks: heard.updates.len(),
            switches: heard.switches,
        };
        let mixed = |t: &BTreeMap<Address, u64>| t.values().sum::<u64>() - t.values().max().copied().unwrap_or(0);
        AddressSummary {
            lines: self.by_address.iter().map(line).collect(),
            tracks: self.by_track.len(),
            mixed_tracks: self.by_track.values().filter(|t| t.len() > 1).count(),
            mixed_updates: self.by_track.values().map(mixed).sum(),
            beyond_bound: self.beyond_bound,
        }
    }
}

impl core::fmt::Display for AddressSummary {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        writeln!(f, "{:<14} {:>8} {:>7} {:>9}", "address", "updates", "tracks", "switches")?;
        for l in &self.lines {
            writeln!(f, "{:<14} {:>8} {:>7} {:>9}", l.address, l.updates, l.tracks, l.switches)?;
        }
        let whole = self.lines.iter().filter(|l| l.tracks == 1).count();
        writeln!(
            f,
            "{} of {} addresses have one track; {} tracks in all, {} of them with updates of several addresses ({})",
            whole,
            self.lines.len(),
            self.tracks,
            self.mixed_tracks,
            self.mixed_updates
        )
    }
}
